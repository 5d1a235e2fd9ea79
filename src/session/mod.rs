//! The life of a set of tokens, over [`Platform`]: what is held, what is stored, what is told.

mod attempt;
pub mod diagnostics;
pub mod endpoints;
pub mod exchange;
pub mod flight;
pub mod introspect;
pub mod keys;
mod lock;
pub mod page;
pub mod popup;
pub mod record;
pub mod renewal;
pub mod retry;
pub mod siblings;
pub mod sign_in;
pub mod sign_ins;
pub mod sign_out;
pub mod snapshot;
mod store;
pub mod tombstones;
pub mod user_info;

use crate::config::Config;
use crate::error::Error;
use crate::platform::{Event, Kept, Mono, Platform, Slot, StorageFailed};
use crate::task::{Place, Shared};
use crate::words::{Code, Word};
use alloc::rc::Rc;
use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;
use lock::Lock;
use renewal::Moment;

/// What a call ends with, where it ends with an object.
pub type Outcome<K> = Result<K, Error<K>>;

/// One client's session. Nothing is borrowed across an await or a call to the platform.
pub struct Session<P: Platform> {
    /// The outside.
    pub platform: P,
    /// The app's config, checked.
    pub config: Config<P::Kept>,
    /// Whether there is a page: without one nothing is listened to, shown or renewed.
    page: bool,

    record: Place<P::Kept>,
    /// When the record was taken up, by both clocks; and when its tokens came from the server, in this tab or another.
    held_at: Cell<Moment>,
    news_at: Cell<Mono>,
    snapshot: Place<snapshot::Built<P::Kept>>,
    failure: Place<Error<P::Kept>>,
    is_stored: Cell<bool>,
    is_readable: Cell<bool>,
    epoch: Cell<u32>,
    /// Counts the sign-outs of this client: what was asked for before one is not sent after it.
    sign_outs: Cell<u32>,
    /// A sign-out came last: what is discovered for it is not stored.
    is_signed_out: Cell<bool>,
    /// Counts everything that may change when the next renewal is.
    changes: Cell<u32>,

    flight: Place<flight::Flight<P::Kept>>,
    /// How many exchanges are under way: one that the next session does not wait for is no flight any more.
    exchanges: Cell<u32>,
    /// The refresh lock of the exchange that began last.
    lock: Place<Rc<Lock<P>>>,
    /// Somebody may have cleared the storage of all tabs.
    is_in_doubt: Cell<bool>,
    /// The session that another tab ended last, and when: a storage that all tabs share may show it for a while yet.
    over: Place<P::Kept>,
    /// The shared lock that shows the generation held.
    presence: Place<P::Operation>,
    shown: Place<P::Kept>,
    /// The generation held will be followed by another within the same exchange.
    is_verifying: Cell<bool>,

    /// A random part of the time of the next renewal.
    jitter: Cell<f64>,
    /// When a refresh token was last sent from here.
    sent_at: Cell<Mono>,
    /// No background request before this: a failure, and what the server wants.
    backoff_until: Cell<Mono>,
    wait_until: Cell<Mono>,
    /// Until when background requests are paid off, by a clock that nobody sets.
    debt: Cell<Mono>,
    /// An attempt was noted that nobody will finish: it is to be repeated while that is forgiven.
    resume: Cell<bool>,
    /// Counts what siblings tell of their attempts.
    attempts: Cell<u32>,
    /// A sibling has sent the refresh token that is held, and not told how that ended.
    busy_until: Cell<Mono>,
    /// Its page sleeps, with the request open.
    is_sibling_asleep: Cell<bool>,
    /// A request with the refresh token is open, and whether the others were told that this page sleeps with it.
    is_sending: Cell<bool>,
    said_asleep: Cell<bool>,
    /// Failures in a row that say nothing.
    unreadable: Cell<u32>,
    is_expiry_told: Cell<bool>,
    active_at: Cell<Moment>,

    is_hidden: Cell<bool>,
    /// It is hidden in a way that siblings are not heard: a frozen page hears them when it goes on.
    is_cached: Cell<bool>,
    is_closed: Cell<bool>,
    is_taking_over: Cell<bool>,
    offers: Cell<f64>,
    offered: Place<P::Kept>,
    live_tabs: Cell<f64>,
    offset_ms: Cell<f64>,

    metadata: Place<P::Kept>,
    discovery: Place<Shared<Outcome<P::Kept>>>,
    keys: Place<P::Kept>,
    key_fetch: Place<keys::Fetch<P::Kept>>,
}

impl<P: Platform> Session<P> {
    /// Takes up what is stored. Neither unavailable storage nor any stored value is an error.
    pub fn open(platform: P, config: Config<P::Kept>) -> Rc<Self> {
        let stored = platform.load(Slot::Record);
        let failure = stored.as_ref().err().map(|&failed| storage_error(failed));
        let record = stored.ok().flatten();
        let record = record.and_then(|record| record::read(&record, &config.settings));
        let now = Moment {
            wall: platform.now(),
            mono: platform.elapsed(),
        };
        let never = Mono(f64::NEG_INFINITY);
        let session = Rc::new(Self {
            page: platform.address().is_some(),
            record: Place::new(None),
            held_at: Cell::new(now),
            news_at: Cell::new(never),
            snapshot: Place::new(None),
            is_stored: Cell::new(failure.is_none()),
            is_readable: Cell::new(failure.is_none()),
            failure: Place::new(failure),
            epoch: Cell::new(0),
            sign_outs: Cell::new(0),
            is_signed_out: Cell::new(false),
            changes: Cell::new(0),
            flight: Place::new(None),
            exchanges: Cell::new(0),
            lock: Place::new(None),
            is_in_doubt: Cell::new(false),
            over: Place::new(None),
            presence: Place::new(None),
            shown: Place::new(None),
            is_verifying: Cell::new(false),
            jitter: Cell::new(0.0),
            sent_at: Cell::new(never),
            backoff_until: Cell::new(never),
            wait_until: Cell::new(never),
            debt: Cell::new(never),
            resume: Cell::new(false),
            attempts: Cell::new(0),
            busy_until: Cell::new(never),
            is_sibling_asleep: Cell::new(false),
            is_sending: Cell::new(false),
            said_asleep: Cell::new(false),
            unreadable: Cell::new(0),
            is_expiry_told: Cell::new(false),
            active_at: Cell::new(now),
            is_hidden: Cell::new(false),
            is_cached: Cell::new(false),
            is_closed: Cell::new(false),
            is_taking_over: Cell::new(false),
            offers: Cell::new(0.0),
            offered: Place::new(None),
            live_tabs: Cell::new(f64::NAN),
            offset_ms: Cell::new(0.0),
            metadata: Place::new(None),
            discovery: Place::new(None),
            keys: Place::new(None),
            key_fetch: Place::new(None),
            platform,
            config,
        });
        if let Some(record) = record {
            session.hold(Some(record.clone()));
            // A token that ran out while nobody looked is no news.
            session.is_expiry_told.set(!session.is_valid(&record));
            session.resume_attempt();
        }
        session
    }

    /// Begins what goes on by itself: listening, and keeping the tokens fresh.
    pub fn start(self: &Rc<Self>) {
        if self.page {
            self.heed_tombstones();
            self.forget_sign_ins();
            self.attend();
            self.ask_siblings();
            self.platform.spawn(self.clone().listen());
            self.platform.spawn(self.clone().show_generation());
            // A popup has a copy of its opener's tokens, and is about to close.
            if !self.is_popup() {
                self.platform.spawn(self.clone().keep_fresh());
            }
            if self.config.is_local {
                self.platform.spawn(self.clone().doubt());
            }
        }
    }

    /// The record held.
    pub fn record(&self) -> Option<P::Kept> {
        self.record.get()
    }

    /// The record held, where there is still something to work with: a valid access token or a refresh token.
    pub fn live_record(&self) -> Outcome<P::Kept> {
        self.record()
            .filter(|record| self.is_valid(record) || record.kind(Word::RefreshToken).is_text())
            .ok_or_else(|| Error::new(Code::NoSession))
    }

    /// Looks at storage again: another client object of this page may have written there, or someone has cleared it.
    pub fn look_again(&self) {
        match (self.record(), self.platform.load(Slot::Record)) {
            (Some(held), Ok(Some(stored))) if record::is_same(&held, &stored) => {}
            (held, Ok(Some(stored))) => {
                if let Some(stored) = record::read(&stored, &self.config.settings)
                    && !self.is_over(&stored)
                {
                    self.compare(held, stored);
                }
            }
            // Where all tabs share the storage, the others are asked first.
            (Some(_), Ok(None)) if self.config.is_local && self.page => {
                self.is_in_doubt.set(true);
            }
            // Its duplicates have storages of their own, and go on.
            (Some(held), Ok(None)) => {
                let is_cleared = !self.is_ended(&held);
                if is_cleared {
                    self.land(None, Err(Error::new(Code::NoSession)));
                }
                self.drop_session(Event::SignedOut, None, is_cleared);
            }
            (None, Ok(None)) | (_, Err(_)) => {}
        }
    }

    /// Takes over what is stored where it is news. Another process may show an old state of `localStorage` for a while. What storage
    /// refused is stored all the same, as far as this page can see.
    fn compare(&self, held: Option<P::Kept>, stored: P::Kept) {
        let Some(held) = held else {
            self.take_up(stored, Event::SignedIn);
            return;
        };
        let is_same = |key| stored.same(key, &held, key);
        if record::is_same_family(&stored, &held) && stored.kind(Word::IdToken).is_absent() {
            // What had room for all but the ID token.
            held.copy(Word::IdToken, &stored, Word::IdToken);
        }
        let later = stored.number(Word::Generation) - held.number(Word::Generation);
        if !record::is_same_family(&stored, &held) {
            // Who puts another session in the place of this one buries it, unless others go on with it; who found no room for it here has put
            // nothing in its place.
            self.begin_epoch(!self.is_ended(&held));
            self.take_up(stored, Event::SignedIn);
            self.land(None, self.valid_tokens());
        } else if later > 0.0
            || (later == 0.0 && (!is_same(Word::RefreshToken) || !is_same(Word::AccessToken)))
        {
            self.take_up(stored, Event::Renewed);
        } else if later == 0.0 && (self.is_stored.get() || !self.config.is_local) {
            // What this page could not store where all tabs read it lacks what the others have said since; and who was told to
            // wait may have found no room to store that.
            if held.number(Word::WaitUntil) > stored.number(Word::WaitUntil).max(0.0) {
                held.copy(Word::WaitUntil, &stored, Word::WaitUntil);
            }
            if !record::has_same_notes(&held, &stored) {
                self.hold_notes(stored);
            }
        }
    }

    /// Another client object of this page has just stored it.
    fn take_up(&self, stored: P::Kept, event: Event) {
        self.is_stored.set(true);
        self.failure.set(None);
        let had = self.record();
        self.hold(Some(stored.clone()));
        // What had run out by then is no news to anybody who waits.
        if self.is_valid(&stored) {
            self.news_at.set(self.platform.elapsed());
        }
        self.tell_of(had.as_ref(), event);
    }

    /// Tells the listeners of tokens that somebody brought. A refresh token alone is no news to them, nor is a token that has run out.
    pub(super) fn tell_of(&self, had: Option<&P::Kept>, event: Event) {
        let held = self.record();
        let is_other = |had: &P::Kept| {
            held.as_ref()
                .is_none_or(|held| !held.same(Word::AccessToken, had, Word::AccessToken))
        };
        let is_good =
            event != Event::Renewed || held.as_ref().is_some_and(|held| self.is_valid(held));
        if is_good && had.is_none_or(is_other) {
            self.emit(event, None);
        }
    }

    /// Looks at everything that another tab may have changed.
    pub(super) fn look_around(&self) {
        // What is stored first: the session that is over may have been followed by another.
        self.look_again();
        self.heed_tombstones();
    }

    /// Ends the session as another tab did. A storage that all tabs share was cleared there, and may hold the next session by now.
    pub(super) fn end_too(&self, event: Event, error: Option<&Error<P::Kept>>) {
        if self.config.is_local {
            self.platform.forget(Slot::Record);
            if let Some(held) = self.record() {
                let over = P::Kept::object();
                held.copy(Word::Family, &over, Word::Family);
                over.set(Word::At, self.platform.now().0);
                self.over.set(Some(over));
            }
        } else {
            self.platform.remove(Slot::Record);
        }
        if event == Event::SignedOut {
            // As in the tab that signed out, nothing of the server's stays.
            for &slot in &[Slot::Metadata, Slot::Keys] {
                self.platform.remove(slot);
            }
        }
        self.drop_session(event, error, false);
    }

    /// Ends the session: nothing is held or stored any more, and no late answer brings it back.
    pub fn end(&self, event: Event, error: Option<&Error<P::Kept>>) {
        self.platform.forget(Slot::Record);
        let next = self.platform.load(Slot::Record).ok().flatten();
        let is_other = |next: &P::Kept| {
            self.record()
                .is_some_and(|held| !record::is_same_family(&held, next))
        };
        // What could not be stored here hid the session that another tab has begun in a storage of all.
        if !next.is_some_and(|next| is_other(&next)) {
            self.platform.remove(Slot::Record);
        }
        self.drop_session(event, error, false);
    }

    fn drop_session(&self, event: Event, error: Option<&Error<P::Kept>>, goes_on: bool) {
        self.begin_epoch(goes_on);
        self.hold(None);
        self.hide_generation();
        if let Some(error) = error {
            self.conclude(error);
        }
        let why = error
            .cloned()
            .unwrap_or_else(|| Error::new(Code::SignedOut));
        self.land(None, Err(why));
        self.emit(event, error);
    }

    /// From here on an answer to an earlier request is not stored, and the next session does not wait for it.
    ///
    /// `goes_on`: other tabs keep the earlier session, so that an exchange under way keeps its lock, and hands its answer to them.
    pub fn begin_epoch(&self, goes_on: bool) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        // One that was left to others is not affected by what becomes of the sessions since.
        let Some(lock) = self.lock.get().filter(|lock| !lock.is_theirs()) else {
            return;
        };
        if goes_on {
            lock.leave_to_others();
        } else {
            self.lock.set(None);
            lock.free();
        }
    }

    /// Counts the sessions of this client: an exchange that began in another one is too late.
    pub fn epoch(&self) -> u32 {
        self.epoch.get()
    }

    /// Whether a reload would find the session.
    pub fn is_persisted(&self) -> bool {
        self.is_stored.get() && self.is_readable.get() && self.platform.is_lasting()
    }

    /// Tells the listeners. A session that begins with an access token that has run out has expired.
    pub fn emit(&self, event: Event, error: Option<&Error<P::Kept>>) {
        let is_over = |record: P::Kept| !self.is_valid(&record);
        let event = if event == Event::SignedIn && self.record().is_some_and(is_over) {
            self.is_expiry_told.set(true);
            Event::Expired
        } else {
            event
        };
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

    /// Ends when `condition` holds.
    pub(super) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        poll_fn(|_| {
            if condition(self) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Something changed that the time of the next renewal may depend on.
    pub(super) fn change(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }

    fn fail(&self, error: Error<P::Kept>) {
        self.failure.set(Some(error));
        self.snapshot.set(None);
    }

    fn unreadable_storage(&self) -> Option<StorageFailed> {
        (!self.is_readable.get()).then_some(StorageFailed::Unavailable)
    }

    fn hold(&self, record: Option<P::Kept>) {
        let both = self.record().zip(record.as_ref());
        // The age of the same access token goes on.
        if !both.is_some_and(|(held, next)| record::has_same_access(&held, next)) {
            self.held_at.set(self.moment());
        }
        self.jitter.set(self.platform.chance());
        self.is_expiry_told.set(false);
        self.resume.set(false);
        self.snapshot.set(None);
        let never = Mono(f64::NEG_INFINITY);
        self.busy_until.set(never);
        self.backoff_until.set(never);
        self.wait_until.set(never);
        match record {
            Some(record) => {
                self.is_signed_out.set(false);
                self.hold_notes(record);
            }
            None => self.record.set(None),
        }
        self.change();
    }

    /// Holds a record with the same tokens and other notes.
    fn hold_notes(&self, record: P::Kept) {
        let wait =
            retry::believable_wait_ms(record.number(Word::WaitUntil) - self.platform.now().0);
        let until = self.platform.elapsed().0 + wait;
        self.wait_until.set(Mono(until));
        self.record.set(Some(record));
        self.change();
    }
}

fn storage_error<K: Kept>(failed: StorageFailed) -> Error<K> {
    Error::new(match failed {
        StorageFailed::Full => Code::StorageFull,
        StorageFailed::Unavailable | StorageFailed::NotJson => Code::StorageUnavailable,
    })
}
