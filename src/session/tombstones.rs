//! Sessions that were ended in this browser, so that tabs asleep learn of it when they wake. No secret is in the list.

use super::{Session, record};
use crate::platform::{Event, Kept, Platform, Slot};
use crate::words::Word;

const VERSION: f64 = 1.0;
const MOST: u32 = 20;
const LONGEST_MS: f64 = 30.0 * 86_400_000.0;

impl<P: Platform> Session<P> {
    /// Writes down that this record's session is over; or, where it begins again, that it is not.
    pub(super) fn bury(&self, held: &P::Kept, is_over: bool) {
        if !self.page {
            return;
        }
        let kept = P::Kept::list();
        let mut had = false;
        for tombstone in self.tombstones() {
            if record::is_same_family(&tombstone, held) {
                had = true;
            } else {
                kept.push(&tombstone);
            }
        }
        if !is_over && !had {
            return;
        }
        if is_over {
            let tombstone = P::Kept::object();
            held.copy(Word::Family, &tombstone, Word::Family);
            tombstone.set(Word::At, self.platform.now().0);
            kept.push(&tombstone);
        }
        while kept.at(MOST).is_some() {
            kept.shift();
        }
        let stored = P::Kept::object();
        stored.set(Word::Version, VERSION);
        stored.attach(Word::Tombstones, &kept);
        if self.platform.save(Slot::Tombstones, &stored).is_err() {
            self.warn(Word::NoTombstone);
        }
    }

    /// Whether the record's session was ended, by this tab or another.
    pub(super) fn is_ended(&self, held: &P::Kept) -> bool {
        self.tombstones()
            .any(|tombstone| record::is_same_family(&tombstone, held))
    }

    /// Whether the record is of a session that is over, and did not begin again since.
    pub(super) fn is_over(&self, stored: &P::Kept) -> bool {
        self.is_ended(stored)
            || self.over.get().is_some_and(|over| {
                record::is_same_family(&over, stored)
                    && over.number(Word::At) > stored.number(Word::SignedInAt)
            })
    }

    /// Whether somebody signed out since this session began: a new tab does not take up what was there before.
    pub(super) fn is_before_sign_out(&self, held: &P::Kept) -> bool {
        self.tombstones()
            .any(|tombstone| tombstone.number(Word::At) > held.number(Word::SignedInAt))
    }

    /// Ends the session held if it was ended while this tab could not hear of it.
    pub(super) fn heed_tombstones(&self) {
        if self.record().is_some_and(|held| self.is_ended(&held)) {
            self.end_too(Event::SignedOut, None);
        }
    }

    fn tombstones(&self) -> impl Iterator<Item = P::Kept> {
        let stored = self.page.then(|| self.platform.load(Slot::Tombstones).ok());
        let stored = stored.flatten().flatten();
        let list = stored
            .filter(|stored| stored.number(Word::Version) == VERSION)
            .and_then(|stored| stored.get(Word::Tombstones));
        let now = self.platform.now().0;
        (0..)
            .map_while(move |at| list.as_ref().and_then(|list| list.at(at)))
            .filter(move |tombstone| now - tombstone.number(Word::At) < LONGEST_MS)
    }
}
