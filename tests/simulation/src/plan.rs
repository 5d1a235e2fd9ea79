//! What one seed decides once: the browser's features, the server, the config, and how hard the world is.

use crate::action::Action;
use crate::kept::{Object, Value};
use crate::network::Fault;
use crate::server::{Errors, Rotation};
use crate::world::Ms;
use fastrand::Rng;

pub const ISSUER: &str = "https://id.example";
pub const CLIENT_ID: &str = "app";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Storage {
    Session,
    Local,
    Memory,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub rotation: Rotation,
    pub errors: Errors,
    pub lifetime_s: f64,
    pub id_tokens: bool,
    /// A server that takes its time.
    pub slowness: Ms,
    /// Answers 429 from so many requests a minute on.
    pub rate_limit: Option<usize>,

    pub has_locks: bool,
    pub has_channel: bool,
    /// How many messages of a hundred get lost.
    pub loss: u32,
    /// Whether the page's clock stands still while the device sleeps.
    pub mono_stops: bool,

    pub storage: Storage,
    /// Cookies are blocked, and storage with them.
    pub is_storage_blocked: bool,
    pub discovers: bool,
    pub auto_renew: bool,
    pub idle_timeout_s: Option<f64>,
    pub share_session: bool,
    pub renew_before_s: f64,
    pub timeout_ms: f64,
    pub grace_s: f64,

    /// How many actions there are.
    pub actions: usize,
    /// The kinds of action that this world has, of all: a world with few goes deeper into them.
    pub kinds: Vec<Action>,
    /// How many requests of a hundred meet a fault, and which.
    pub fault_rate: u32,
    pub faults: Vec<Fault>,
}

impl Plan {
    pub fn draw(rng: &mut Rng) -> Self {
        let grace = pick(rng, &[5_000, 30_000, 30_000, 60_000]);
        let rotation = match rng.u32(0..100) {
            0..40 => Rotation::Strict,
            40..65 => Rotation::SameAgain(grace),
            65..85 => Rotation::FurtherNew(grace),
            85..96 => Rotation::Never,
            _ => Rotation::NoRefreshToken,
        };
        let knows_grace = rng.u32(0..100) < 85;
        let (has_locks, has_channel) = match rng.u32(0..100) {
            0..84 => (true, true),
            84..90 => (true, false),
            90..96 => (false, true),
            _ => (false, false),
        };
        let storage = match rng.u32(0..100) {
            0..88 => Storage::Session,
            88..94 => Storage::Local,
            _ => Storage::Memory,
        };
        Self {
            rotation,
            errors: pick(
                rng,
                &[
                    Errors::Described,
                    Errors::Described,
                    Errors::Bare,
                    Errors::Bare,
                    Errors::Bare,
                    Errors::Empty,
                ],
            ),
            lifetime_s: pick(
                rng,
                &[
                    2.0,
                    20.0,
                    60.0,
                    300.0,
                    300.0,
                    900.0,
                    3_600.0,
                    3_600.0,
                    86_400.0,
                    40.0 * 86_400.0,
                ],
            ),
            id_tokens: rng.bool(),
            slowness: pick(rng, &[20, 20, 100, 100, 400, 3_000, 9_000]),
            rate_limit: (rng.u32(0..100) < 10).then(|| rng.usize(1..4)),
            has_locks,
            has_channel,
            loss: if rng.u32(0..100) < 10 {
                rng.u32(1..40)
            } else {
                0
            },
            mono_stops: rng.bool(),
            storage,
            is_storage_blocked: rng.u32(0..100) < 3,
            discovers: rng.u32(0..100) < 15,
            auto_renew: rng.u32(0..100) < 85,
            idle_timeout_s: (rng.u32(0..100) < 15).then(|| pick(rng, &[60.0, 600.0, 3_600.0])),
            share_session: rng.u32(0..100) < 20,
            renew_before_s: pick(rng, &[30.0, 30.0, 30.0, 0.0, 5.0, 300.0]),
            timeout_ms: pick(
                rng,
                &[10_000.0, 10_000.0, 10_000.0, 500.0, 2_000.0, 60_000.0],
            ),
            // One who knows less of it than there is may not use it; more is a mistake of the app's.
            grace_s: if knows_grace {
                rotation.grace() as f64 / 1000.0
            } else {
                0.0
            },
            actions: rng.usize(25..60),
            kinds: some_of(rng, Action::ALL),
            fault_rate: pick(rng, &[0, 10, 30, 60]),
            faults: some_of(rng, Fault::ALL),
        }
    }

    /// A world where nothing happens by itself.
    pub fn plain(rotation: Rotation) -> Self {
        Self {
            rotation,
            errors: Errors::Described,
            lifetime_s: 900.0,
            id_tokens: false,
            slowness: 50,
            rate_limit: None,
            has_locks: true,
            has_channel: true,
            loss: 0,
            mono_stops: false,
            storage: Storage::Session,
            is_storage_blocked: false,
            discovers: false,
            auto_renew: true,
            idle_timeout_s: None,
            share_session: false,
            renew_before_s: 30.0,
            timeout_ms: 10_000.0,
            grace_s: rotation.grace() as f64 / 1000.0,
            actions: 0,
            kinds: Vec::new(),
            fault_rate: 0,
            faults: Vec::new(),
        }
    }

    /// The app's config.
    pub fn config(&self) -> Object {
        let config = Object::of([
            ("issuer".to_owned(), ISSUER.into()),
            ("clientId".to_owned(), CLIENT_ID.into()),
            (
                "redirectUri".to_owned(),
                "https://app.example/callback".into(),
            ),
            ("timeoutMs".to_owned(), Value::Number(self.timeout_ms)),
            ("autoRenew".to_owned(), Value::Boolean(self.auto_renew)),
            (
                "renewBeforeSeconds".to_owned(),
                Value::Number(self.renew_before_s),
            ),
            (
                "rotationGraceSeconds".to_owned(),
                Value::Number(self.grace_s),
            ),
        ]);
        if self.share_session {
            config.write("shareSession", Value::Boolean(true));
        }
        if let Some(seconds) = self.idle_timeout_s {
            config.write("idleTimeoutSeconds", Value::Number(seconds));
        }
        let storage = match self.storage {
            Storage::Session => "session",
            Storage::Local => "local",
            Storage::Memory => "memory",
        };
        config.write("storage", storage.into());
        if !self.discovers {
            let endpoints = ["token", "introspection", "revocation", "jwks"].map(|name| {
                let path = if name == "jwks" { "keys" } else { name };
                (name.to_owned(), format!("{ISSUER}/{path}").as_str().into())
            });
            config.write("endpoints", Value::Object(Object::of(endpoints)));
        }
        config
    }

    /// Whether tabs can see and hear each other at all times.
    pub fn is_coordinated(&self) -> bool {
        self.has_locks && self.has_channel && self.loss == 0
    }

    pub fn lifetime_ms(&self) -> f64 {
        // The longest that a client believes.
        (self.lifetime_s * 1000.0).min(30.0 * 86_400_000.0)
    }
}

pub fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}

/// Each with a chance that is itself by chance, so that some worlds have nearly all and some nearly none.
fn some_of<T: Copy>(rng: &mut Rng, all: &[T]) -> Vec<T> {
    let chance = pick(rng, &[20, 50, 90]);
    all.iter()
        .copied()
        .filter(|_| rng.u32(0..100) < chance)
        .collect()
}
