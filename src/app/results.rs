//! What the calls bring: plain data.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::json::{Json, lenient};

/// The tokens of a session. The refresh token is not among them: see `get_refresh_token`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tokens {
    /// Opaque to this crate: it is never parsed. (RFC 6749 §1.4)
    pub access_token: String,
    /// `Bearer` in this case, whatever the server's.
    pub token_type: String,
    /// Milliseconds since the epoch, by this machine's clock: when the request was sent + `expires_in`.
    pub expires_at: f64,
    /// What was granted; where the server does not say, what was asked for; empty where neither is known.
    pub scope: String,
    /// As it came, or the one held before where a refresh brought none.
    pub id_token: Option<String>,
    /// The ID token's claims, verified as the npm package documents it; `None` too where they are nested too deep to be written as JSON.
    /// (OpenID Connect Core §3.1.3.7)
    #[serde(default, deserialize_with = "lenient")]
    pub claims: Option<Json>,
}

/// Without the tokens, and what is in them.
impl Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("token_type", &self.token_type)
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Whether there is a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// There is none.
    #[default]
    SignedOut,
    /// The access token is valid.
    SignedIn,
    /// The access token has expired, and a refresh may still bring the session back.
    Expired,
}

/// What a client holds at one moment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether there is a session.
    pub status: Status,
    /// Never with the refresh token.
    pub tokens: Option<Tokens>,
    /// Whether a reload finds the session again.
    pub persisted: bool,
    /// What went wrong in the background last, until something succeeds again.
    pub error: Option<Error>,
}

/// What a subscriber is told, also of what happens in the background and in other tabs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionEvent {
    /// What happened.
    pub kind: EventKind,
    /// What is held after the change.
    pub snapshot: Snapshot,
    /// Why, where a failure caused the event.
    pub error: Option<Error>,
}

/// What may happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It began: by a sign-in, `set_tokens`, or taken over from another tab.
    SignedIn,
    /// New tokens, by a refresh here or in another tab.
    Renewed,
    /// A refresh failed that no caller of `refresh` hears of. What is held is as before.
    RenewFailed,
    /// The access token ran out and was not renewed, or had run out when it was given.
    Expired,
    /// By `sign_out` here or in another tab, or the storage was cleared.
    SignedOut,
    /// The server refused the refresh token, and no other tab has a newer one.
    SessionLost,
}

impl EventKind {
    /// In the order of `Event` in platform.rs.
    pub(super) const ALL: [Self; 6] = [
        Self::SignedIn,
        Self::Renewed,
        Self::RenewFailed,
        Self::Expired,
        Self::SignedOut,
        Self::SessionLost,
    ];
}

/// The introspection endpoint's answer. Times in seconds. (RFC 7662 §2.2)
///
/// A member of another type than the RFC's is `None` here, and in `all` as it came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Introspection {
    /// The one member that is always there.
    pub active: bool,
    /// What the token is good for.
    pub scope: Option<String>,
    /// The user, for people.
    pub username: Option<String>,
    /// Whom it was issued to.
    pub client_id: Option<String>,
    /// `Bearer`, say.
    pub token_type: Option<String>,
    /// When it expires.
    pub exp: Option<f64>,
    /// When it was issued.
    pub iat: Option<f64>,
    /// When it begins to be valid.
    pub nbf: Option<f64>,
    /// The user.
    pub sub: Option<String>,
    /// Whom it is for.
    pub aud: Vec<String>,
    /// Who issued it.
    pub iss: Option<String>,
    /// Its own id.
    pub jti: Option<String>,
    /// The user's id, at Okta.
    pub uid: Option<String>,
    /// The whole answer, unknown members included.
    pub all: Json,
}

#[derive(Deserialize)]
pub(super) struct Introspected {
    active: bool,
    #[serde(default, deserialize_with = "lenient")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    exp: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    aud: Option<OneOrMore>,
    #[serde(default, deserialize_with = "lenient")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    jti: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    uid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Introspected {
    pub fn with(self, all: Json) -> Introspection {
        Introspection {
            active: self.active,
            scope: self.scope,
            username: self.username,
            client_id: self.client_id,
            token_type: self.token_type,
            exp: self.exp,
            iat: self.iat,
            nbf: self.nbf,
            sub: self.sub,
            aud: match self.aud {
                Some(OneOrMore::One(one)) => Vec::from([one]),
                Some(OneOrMore::More(more)) => more,
                None => Vec::new(),
            },
            iss: self.iss,
            jti: self.jti,
            uid: self.uid,
            all,
        }
    }
}

/// A sign-in that `handle_redirect` finished.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignInResult {
    /// What is held now.
    pub tokens: Tokens,
    /// Path, query and fragment of what `sign_in` was given.
    pub return_to: Option<String>,
    /// What `sign_in` was given.
    pub state: Option<Json>,
}

/// How a client is doing, to paste into a ticket: no token, code or verifier is in it. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Diagnostics {
    /// This crate's.
    #[serde(default)]
    pub version: String,
    /// The config's.
    pub issuer: String,
    /// The config's.
    pub client_id: String,
    /// As in the snapshot.
    pub status: Status,
    /// As in the snapshot.
    pub persisted: bool,
    /// How tabs keep out of each other's way.
    pub coordination: Coordination,
    /// How many tabs had this session at the last refresh, where anyone can tell.
    pub live_tabs: Option<f64>,
    /// How far the server's clock is ahead of this device's: a guess.
    pub clock_offset_ms: f64,
    /// When the background asks for new tokens, at the earliest.
    pub next_renewal_at: Option<f64>,
    /// The last 50 requests, newest last.
    pub exchanges: Vec<Exchange>,
    /// The last 50 things that a developer should know and that no caller is told of, newest last.
    pub warnings: Vec<Warning>,
}

/// How tabs keep out of each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coordination {
    /// By Web Locks and a BroadcastChannel.
    Locks,
    /// By the channel alone: plain http, old browsers.
    Channel,
    /// Not at all.
    None,
}

/// A request, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exchange {
    /// When it was sent.
    pub at: f64,
    /// How long it took.
    pub ms: f64,
    /// The endpoint under its name in the metadata.
    pub what: String,
    /// What it was for.
    pub why: String,
    /// `ok`, or the error's code.
    pub outcome: String,
    /// The HTTP status of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Something that a developer should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// When it was seen.
    pub at: f64,
    /// What it is.
    pub what: String,
}
