//! The life of a set of tokens, over [`Platform`]: what is held, what is stored, what is told.

pub mod endpoints;
pub mod exchange;
pub mod introspect;
pub mod record;
pub mod renewal;
pub mod sign_in;
pub mod sign_out;
pub mod snapshot;

use crate::config::Config;
use crate::error::Error;
use crate::platform::{Event, Kept, Platform, Slot, StorageFailed};
use crate::task::{Place, Shared};
use crate::words::{Code, Word};
use alloc::rc::Rc;
use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;

/// What a call ends with, where it ends with an object.
pub type Outcome<K> = Result<K, Error<K>>;

/// One client's session. Nothing is borrowed across an await or a call to the platform.
pub struct Session<P: Platform> {
    /// The outside.
    pub platform: P,
    /// The app's config, checked.
    pub config: Config<P::Kept>,
    record: Place<P::Kept>,
    snapshot: Place<snapshot::Built<P::Kept>>,
    failure: Place<Error<P::Kept>>,
    is_stored: Cell<bool>,
    is_readable: Cell<bool>,
    epoch: Cell<u32>,
    flight: Place<exchange::Flight<P::Kept>>,
    metadata: Place<P::Kept>,
    discovery: Place<Shared<Outcome<P::Kept>>>,
}

impl<P: Platform> Session<P> {
    /// Takes up what is stored. Neither unavailable storage nor any stored value is an error.
    pub fn open(platform: P, config: Config<P::Kept>) -> Rc<Self> {
        let stored = platform.load(Slot::Record);
        let failure = stored.as_ref().err().map(|&failed| storage_error(failed));
        let record = stored.ok().flatten();
        let record = record.filter(|record| record::is_ours(record, &config.settings));
        Rc::new(Self {
            is_stored: Cell::new(failure.is_none()),
            is_readable: Cell::new(failure.is_none()),
            record: Place::new(record),
            snapshot: Place::new(None),
            failure: Place::new(failure),
            epoch: Cell::new(0),
            flight: Place::new(None),
            metadata: Place::new(None),
            discovery: Place::new(None),
            platform,
            config,
        })
    }

    /// The record held.
    pub fn record(&self) -> Option<P::Kept> {
        self.record.get()
    }

    /// The record held, where there is still something to work with: a valid access token or a refresh token.
    pub fn live_record(&self) -> Outcome<P::Kept> {
        self.record()
            .filter(|record| {
                renewal::is_valid(record, self.platform.now())
                    || record.kind(Word::RefreshToken).is_text()
            })
            .ok_or_else(|| Error::new(Code::NoSession))
    }

    /// Looks at storage again: another client object of this page may have written there, or someone has cleared it.
    pub fn look_again(&self) {
        if !self.is_stored.get() {
            return;
        }
        match (self.record(), self.platform.load(Slot::Record)) {
            (held, Ok(Some(stored))) => {
                let is_news = held.as_ref().is_none_or(|held| {
                    [Word::RefreshToken, Word::AccessToken]
                        .iter()
                        .any(|&key| !stored.same(key, held, key))
                });
                if is_news && record::is_ours(&stored, &self.config.settings) {
                    self.hold(Some(stored));
                    let is_first = held.is_none();
                    let event = if is_first {
                        Event::SignedIn
                    } else {
                        Event::Renewed
                    };
                    self.emit(event, None);
                }
            }
            (Some(_), Ok(None)) => self.end(Event::SignedOut, None),
            (None, Ok(None)) | (_, Err(_)) => {}
        }
    }

    /// Stores a record in one write, and holds it. Where storage refuses, the session goes on in memory, and the old record,
    /// whose refresh token may be spent, is not what a reload finds.
    pub fn store(&self, record: P::Kept) {
        let saved = self.platform.save(Slot::Record, &record);
        self.is_stored.set(saved.is_ok());
        if saved.is_err() {
            self.platform.remove(Slot::Record);
            // What is full may have room for less; what is blocked is kept by the platform as long as the page lives.
            let smaller = record::without_id_token(&self.config.settings, &record);
            let saved = self.platform.save(Slot::Record, &smaller);
            self.is_stored.set(saved.is_ok());
        }
        let failed = saved.err().or_else(|| self.unreadable());
        self.failure.set(failed.map(storage_error));
        self.hold(Some(record));
    }

    /// Ends the session: nothing is held or stored any more, and no late answer brings it back.
    pub fn end(&self, event: Event, error: Option<&Error<P::Kept>>) {
        self.begin_epoch();
        self.platform.remove(Slot::Record);
        self.hold(None);
        if event == Event::SignedOut {
            self.land(None, Err(Error::new(Code::SignedOut)));
        }
        if let Some(error) = error {
            self.conclude(error);
        }
        self.emit(event, error);
    }

    /// From here on an answer to an earlier request is not stored.
    pub fn begin_epoch(&self) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
    }

    /// Ends when this session does.
    pub async fn end_of(&self, epoch: u32) {
        poll_fn(|_| {
            if self.epoch.get() == epoch {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Counts the sessions of this client: an exchange that began in another one is too late.
    pub fn epoch(&self) -> u32 {
        self.epoch.get()
    }

    /// Whether a reload would find the session.
    pub fn is_persisted(&self) -> bool {
        self.is_stored.get() && self.is_readable.get() && self.platform.is_lasting()
    }

    /// Tells the listeners.
    pub fn emit(&self, event: Event, error: Option<&Error<P::Kept>>) {
        let about = error.map(|error| &error.about);
        self.platform.emit(event, &self.snapshot(), about);
    }

    /// Adds to an error whether anything usable is left.
    pub fn conclude(&self, error: &Error<P::Kept>) {
        let is_said = !error.about.kind(Word::SessionLost).is_absent();
        if !is_said {
            let is_lost = self.live_record().is_err();
            error.about.flag(Word::SessionLost, is_lost);
        }
    }

    fn unreadable(&self) -> Option<StorageFailed> {
        (!self.is_readable.get()).then_some(StorageFailed::Unavailable)
    }

    fn hold(&self, record: Option<P::Kept>) {
        self.record.set(record);
        self.snapshot.set(None);
    }
}

fn storage_error<K: Kept>(failed: StorageFailed) -> Error<K> {
    Error::new(match failed {
        StorageFailed::Full => Code::StorageFull,
        StorageFailed::Unavailable | StorageFailed::NotJson => Code::StorageUnavailable,
    })
}
