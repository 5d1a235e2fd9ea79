//! Storing the record: tokens in one write, and what is noted about them.

use super::{Session, record, storage_error};
use crate::platform::{Kept, Platform, Slot, StorageFailed};
use crate::words::Word;

impl<P: Platform> Session<P> {
    /// Stores a record in one write, and holds it. Where storage refuses, the session goes on in memory, and the old record,
    /// whose refresh token may be spent, is not what a reload finds.
    pub fn store(&self, record: P::Kept) {
        self.store_from(record, false);
    }

    /// The same for what a sibling may have handed over: it has stored it in a storage of all, or cleared that, and nobody has to do it again.
    pub(super) fn store_from(&self, record: P::Kept, is_handed_over: bool) {
        let saved = self.platform.save(Slot::Record, &record);
        self.is_stored.set(saved.is_ok());
        if saved.is_err() {
            let is_others = self.config.is_local && (is_handed_over || self.is_strange(&record));
            if !is_others {
                self.platform.remove(Slot::Record);
            }
            // There may be room now that the old one is gone.
            let _ = self.save(&record);
        }
        let failed = saved.err().or_else(|| self.unreadable_storage());
        self.failure.set(failed.map(storage_error));
        self.hold(Some(record));
    }

    /// Whether storage has another session than the one held and this one: what could not be stored here has hidden it.
    fn is_strange(&self, next: &P::Kept) -> bool {
        self.platform.forget(Slot::Record);
        let stored = self.platform.load(Slot::Record).ok().flatten();
        let stored = stored.and_then(|stored| record::read(&stored, &self.config.settings));
        let is_own = |stored: &P::Kept| {
            record::is_same_family(stored, next)
                || self
                    .record()
                    .is_some_and(|held| record::is_same_family(stored, &held))
        };
        stored.is_some_and(|stored| !is_own(&stored))
    }

    /// What is full may have room for less; else the platform keeps the whole as long as the page lives.
    fn save(&self, record: &P::Kept) -> Result<(), StorageFailed> {
        let mut saved = self.platform.save(Slot::Record, record);
        if saved == Err(StorageFailed::Full) {
            let smaller = record::without_id_token(&self.config.settings, record);
            saved = self.platform.save(Slot::Record, &smaller);
            if saved.is_err() {
                let _ = self.platform.save(Slot::Record, record);
            }
        }
        self.is_stored.set(saved.is_ok());
        saved
    }

    /// Changes the notes of the record held, which is `held`: nothing that the app sees.
    pub(super) fn note(&self, held: &P::Kept, change: impl FnOnce(&P::Kept)) {
        if let Some(noted) = self.hold_note(held, change) {
            // Where it cannot be stored it is known to this page load. What somebody cleared is not written back, and where all tabs have
            // one storage, nothing over what a tab that is ahead has there.
            let is_behind = noted.number(Word::Seen) > noted.number(Word::Generation);
            if !(self.is_in_doubt.get() || is_behind && self.config.is_local) {
                let _ = self.save(&noted);
            }
        }
    }

    /// The same without storing it. What is held then, where that is something else.
    pub(super) fn hold_note(
        &self,
        held: &P::Kept,
        change: impl FnOnce(&P::Kept),
    ) -> Option<P::Kept> {
        let noted = record::noted(&self.config.settings, held);
        change(&noted);
        let is_news = !record::has_same_notes(held, &noted);
        is_news.then(|| {
            self.hold_notes(noted.clone());
            noted
        })
    }
}
