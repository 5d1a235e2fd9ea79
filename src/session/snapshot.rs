//! What the app sees of the session at a glance.

use super::{Outcome, Session, record};
use crate::error::Error;
use crate::platform::{Kept, Platform};
use crate::words::{Code, Word};

/// A snapshot with the status that it was built for, which time alone may change.
#[derive(Clone)]
pub struct Built<K> {
    status: Word,
    snapshot: K,
    tokens: Option<K>,
}

impl<P: Platform> Session<P> {
    /// `signed-in`, `expired` (a refresh may bring the session back) or `signed-out`.
    fn status(&self) -> Word {
        match self.record() {
            Some(record) if self.is_valid(&record) => Word::SignedIn,
            Some(record) if record.kind(Word::RefreshToken).is_text() => Word::Expired,
            Some(_) | None => Word::SignedOut,
        }
    }

    /// The same object until something changes.
    pub fn snapshot(&self) -> P::Kept {
        self.built().snapshot
    }

    /// The app's tokens: the snapshot's own object, or, where they are too short-lived for it to have any, their own.
    pub fn given_tokens(&self) -> Outcome<P::Kept> {
        self.built()
            .tokens
            .or_else(|| self.told_record().map(|record| record::tokens(&record)))
            .ok_or_else(|| Error::new(Code::SignedOut))
    }

    /// The same for those who waited for tokens of the session before: not where these have run out.
    pub(super) fn valid_tokens(&self) -> Outcome<P::Kept> {
        if self.record().is_some_and(|record| self.is_valid(&record)) {
            self.given_tokens()
        } else {
            Err(Error::new(Code::SignedOut))
        }
    }

    /// The record held, where it has an access token to tell of.
    fn told_record(&self) -> Option<P::Kept> {
        self.record()
            .filter(|record| record::has(record, Word::AccessToken))
    }

    fn built(&self) -> Built<P::Kept> {
        let status = self.status();
        let last = self.snapshot.get();
        if let Some(last) = last.filter(|last| last.status == status) {
            return last;
        }
        let snapshot = P::Kept::object();
        snapshot.put(Word::Status, status);
        let is_out = status == Word::SignedOut;
        let tokens = self
            .told_record()
            .filter(|_| !is_out)
            .map(|record| record::tokens(&record));
        match &tokens {
            Some(tokens) => snapshot.attach(Word::Tokens, tokens),
            None => snapshot.put_null(Word::Tokens),
        }
        snapshot.flag(Word::Persisted, self.is_persisted());
        match self.failure.get() {
            Some(failure) => {
                snapshot.attach_error(Word::Error, &failure.about);
            }
            None => snapshot.put_null(Word::Error),
        }
        snapshot.freeze();
        let built = Built {
            status,
            snapshot,
            tokens,
        };
        self.snapshot.set(Some(built.clone()));
        built
    }
}
