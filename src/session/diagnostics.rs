//! How a client is doing, without a secret: to be pasted into a ticket.

use super::Session;
use super::renewal::Moment;
use crate::error::Error;
use crate::platform::{Coordination, Kept, Platform};
use crate::words::Word;

/// How many exchanges and warnings are remembered.
const MOST: u32 = 50;
/// The longest that a token lives, and then some: 60 days.
const LONGEST_MS: f64 = 60.0 * 86_400_000.0;

impl<P: Platform> Session<P> {
    /// All that `diagnostics()` shows of the core.
    pub fn diagnostics(&self) -> P::Kept {
        let shown = P::Kept::object();
        let settings = &self.config.settings;
        settings.copy(Word::Issuer, &shown, Word::Issuer);
        settings.copy(Word::ClientId, &shown, Word::ConfigClientId);
        let snapshot = self.snapshot();
        snapshot.copy(Word::Status, &shown, Word::Status);
        snapshot.copy(Word::Persisted, &shown, Word::Persisted);
        let coordination = if self.page {
            self.platform.coordination()
        } else {
            Coordination::None
        };
        shown.put(
            Word::Coordination,
            match coordination {
                Coordination::Locks => Word::Locks,
                Coordination::Channel => Word::Channel,
                Coordination::None => Word::NoCoordination,
            },
        );
        let number_or_null = |key, number: f64| {
            if number.is_finite() {
                // Whole milliseconds: a fraction of one tells nobody anything.
                shown.set(key, number as i64 as f64);
            } else {
                shown.put_null(key);
            }
        };
        number_or_null(Word::LiveTabs, self.live_tabs.get());
        number_or_null(Word::ClockOffsetMs, self.offset_ms.get());
        // A pause without an end is none.
        let next = self
            .next_renewal()
            .filter(|&ms| self.page && ms < LONGEST_MS);
        let next = next.map_or(f64::NAN, |ms| self.platform.now().0 + ms);
        number_or_null(Word::NextRenewalAt, next);
        let log = self.platform.log();
        log.copy(Word::Exchanges, &shown, Word::Exchanges);
        log.copy(Word::Warnings, &shown, Word::Warnings);
        shown
    }

    /// Writes down a request and what came of it.
    pub(super) fn log_exchange(
        &self,
        what: Word,
        why: Word,
        sent: Moment,
        error: Option<&Error<P::Kept>>,
    ) {
        let entry = P::Kept::object();
        entry.set(Word::At, sent.wall.0);
        entry.set(Word::Ms, sent.until(self.moment()));
        entry.put(Word::What, what);
        entry.put(Word::Why, why);
        entry.put(Word::Outcome, Word::Ok);
        if let Some(error) = error {
            error.about.copy(Word::Code, &entry, Word::Outcome);
            error.about.copy(Word::Status, &entry, Word::Status);
        }
        self.write_down(Word::Exchanges, &entry);
    }

    /// Writes down something that a developer should know, and that no caller is told of.
    pub(super) fn warn(&self, what: Word) {
        let entry = P::Kept::object();
        entry.set(Word::At, self.platform.now().0);
        entry.put(Word::What, what);
        self.write_down(Word::Warnings, &entry);
    }

    fn write_down(&self, list: Word, entry: &P::Kept) {
        if let Some(list) = self.platform.log().get(list) {
            list.push(entry);
            if list.at(MOST).is_some() {
                list.shift();
            }
        }
    }

    /// How far the server's clock is ahead of this device's, as its ID token says, to the second.
    pub(super) fn estimate_offset(&self, answer: &P::Kept, sent: Moment) {
        let claims = answer.claims(Word::IdToken);
        let issued = claims.map_or(f64::NAN, |claims| claims.number(Word::Iat));
        if issued.is_finite() {
            self.offset_ms.set(issued * 1000.0 - sent.wall.0);
        }
    }
}
