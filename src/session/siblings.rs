//! The other tabs of this session: who has later tokens, handing them over, and ending together.
//!
//! `sessionStorage` is copied when a tab is duplicated, so several tabs may hold one refresh token, and the browser tells none of
//! the other. Each tab shows its generation as a shared lock, which the lock manager lists without delay; the tokens go over a channel.

use super::exchange::Exchange;
use super::retry::LONGEST_MS;
use super::{Outcome, Session, record};
use crate::error::Error;
use crate::platform::{Coordination, Event, Kept, Kind, Mono, Platform, Slot};
use crate::task::unless;
use crate::words::{Code, Word};
use alloc::rc::Rc;

/// How long a sibling is given to answer where nobody is known to have anything to say.
pub(super) const ASK_MS: f64 = 200.0;
/// How long before it is asked again where somebody does.
const ASK_AGAIN_MS: f64 = 500.0;
/// How long a new tab waits for another's session.
const TAKE_OVER_MS: f64 = 250.0;
/// A text that is longer is no token.
const LONGEST_TEXT: u32 = 1 << 20;

const LOST: [Word; 4] = [
    Word::Status,
    Word::OutOauthError,
    Word::OutOauthErrorDescription,
    Word::ErrorId,
];

/// An exchange's next step, or what it ends with at once: an error, or the tokens that somebody else has brought.
pub type Step<T, K> = Result<T, Outcome<K>>;

/// What a tab tells of its attempt with the refresh token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Nothing: this is about something else.
    Unknown,
    /// The request is open.
    Open,
    /// It is open, and the page may sleep until long after its answer.
    Asleep,
    /// It has ended.
    Over,
}

impl<P: Platform> Session<P> {
    /// Shows the others which generation is held here, as long as the client is open. The earlier one is let go of only when the next is
    /// taken.
    pub(super) async fn show_generation(self: Rc<Self>) {
        while !self.is_closed.get() {
            if let Some(held) = self.shown_wish() {
                let mut presence = self.platform.presence(&held);
                let over = self.until(|session| !session.is_awake() || !session.holds(&held));
                if unless(&mut presence, over).await.is_some() {
                    self.presence.set(Some(presence));
                    self.shown.set(Some(held));
                }
            } else {
                self.hide_generation();
            }
            self.until(|session| session.is_closed.get() || !session.is_shown())
                .await;
        }
    }

    pub(super) fn hide_generation(&self) {
        self.presence.set(None);
        self.shown.set(None);
    }

    fn shown_wish(&self) -> Option<P::Kept> {
        self.record().filter(|_| self.page && self.is_awake())
    }

    /// Whether the others see what is held here. What is being verified need not be shown: nobody can send before its exchange has ended,
    /// or its page sleeps, which hands it over first.
    pub(super) fn is_shown(&self) -> bool {
        match (self.shown_wish(), self.shown.get()) {
            (Some(held), Some(shown)) => {
                self.is_verifying.get() || record::is_same_generation(&held, &shown)
            }
            (held, shown) => held.is_none() && shown.is_none(),
        }
    }

    /// Asks the other tabs whether somebody has more.
    pub(super) fn ask_siblings(&self) {
        if let Some(record) = self.record() {
            self.post(Word::Ask, &record, |message| {
                record::copy_notes(&record, message);
            });
        }
    }

    /// Hands tokens over to the others, which came from the server so long ago.
    pub(super) fn hand_over(&self, record: &P::Kept, age_ms: f64) {
        self.post(Word::Tokens, record, |message| {
            message.attach(Word::Record, record);
            message.set(Word::Ms, age_ms);
        });
    }

    /// Tells the others what is known of the refresh token held, and of an attempt with it.
    pub(super) fn tell_notes(&self, attempt: Attempt) {
        if let Some(record) = self.record() {
            self.post(Word::Notes, &record, |message| {
                record::copy_notes(&record, message);
                if attempt != Attempt::Unknown {
                    message.flag(Word::Open, attempt != Attempt::Over);
                    message.flag(Word::Asleep, attempt == Attempt::Asleep);
                }
            });
        }
    }

    /// Tells the others that the server refused this refresh token: none of them is to try it again.
    pub(super) fn tell_lost(&self, record: &P::Kept, error: &Error<P::Kept>) {
        self.post(Word::Lost, record, |message| {
            for &key in &LOST {
                error.about.copy(key, message, key);
            }
        });
    }

    /// Tells the others that the session was ended.
    pub(super) fn tell_signed_out(&self, record: &P::Kept) {
        self.post(Word::SignedOut, record, |_| {});
    }

    fn post(&self, what: Word, record: &P::Kept, complete: impl FnOnce(&P::Kept)) {
        // A closed client hands over what its last exchange brings; a page that may sleep says nothing more: it has let go of the channel, or
        // only hears.
        if !self.page || self.is_hidden.get() {
            return;
        }
        let message = P::Kept::object();
        message.put(Word::What, what);
        // A frozen page hears it when it goes on.
        message.set(Word::At, self.platform.now().0);
        for &key in &[Word::Family, Word::Generation] {
            record.copy(key, &message, key);
        }
        complete(&message);
        self.platform.post(&message);
    }

    /// What a sibling says. It is input like any other: it can bring a later generation of the family held, or end it; nothing else.
    pub(super) fn heard(self: &Rc<Self>, message: &P::Kept) {
        self.look_around();
        let Some(held) = self.record() else {
            if message.is(Word::What, Word::Tokens) {
                self.consider(message);
            } else if message.is(Word::What, Word::SignedOut) {
                let other = |offer: &P::Kept| !record::is_same_family(offer, message);
                self.offered.set(self.offered.take().filter(other));
            }
            return;
        };
        let generation = message.number(Word::Generation);
        let own = held.number(Word::Generation);
        if !message.same(Word::Family, &held, Word::Family) {
            if message.is(Word::What, Word::Ask)
                && message.kind(Word::Family).is_absent()
                && self.config.share_session
            {
                self.answer(&held);
            }
        } else if message.is(Word::What, Word::Ask) {
            if own > generation {
                self.answer(&held);
            } else if own == generation {
                self.tell_more(&held, message);
            }
        } else if message.is(Word::What, Word::Tokens) {
            if let Some(newer) = self.brought(message)
                && record::is_same_family(&newer, &held)
                && newer.number(Word::Generation) > own
            {
                let age = message.number(Word::Ms) + self.since_posted(message);
                self.adopt(newer, age);
            }
        } else if message.is(Word::What, Word::SignedOut) {
            self.end_too(Event::SignedOut, None);
        } else if message.is(Word::What, Word::Lost) && generation >= own {
            let error = Error::new(Code::InvalidGrant);
            for &key in &LOST {
                message.copy(key, &error.about, key);
            }
            self.end_too(Event::SessionLost, Some(&error));
        } else if message.is(Word::What, Word::Notes) && generation == own {
            self.heed(&held, message);
        }
    }

    fn answer(&self, held: &P::Kept) {
        let age = self.platform.elapsed().0 - self.news_at.get().0;
        self.hand_over(held, age);
    }

    /// Who asks has the same tokens: it may have missed what came of them.
    fn tell_more(&self, held: &P::Kept, asked: &P::Kept) {
        // What is open may be of the session before this one.
        if self.is_sending.get() && held.number(Word::SentAt).is_finite() {
            // Who may have taken the lock while this page slept still waits.
            let is_locked = self.lock.get().is_some_and(|lock| lock.is_held());
            self.tell_notes(if is_locked {
                Attempt::Open
            } else {
                Attempt::Asleep
            });
        } else if !record::has_same_notes(held, asked) {
            self.tell_notes(Attempt::Unknown);
        }
    }

    /// The record of a message, where it is whole and of this client.
    fn brought(&self, message: &P::Kept) -> Option<P::Kept> {
        let record = message.get(Word::Record)?;
        let is_ours = record::is_ours(&record, &self.config.settings)
            && record::TEXTS
                .iter()
                .all(|&key| record.unit(key, LONGEST_TEXT).is_none());
        is_ours.then(|| record::noted(&self.config.settings, &record))
    }

    /// Takes over what a sibling handed on, and got from the server so long ago.
    fn adopt(&self, newer: P::Kept, age_ms: f64) {
        let had = self.record();
        self.store_from(newer, true);
        self.news_at.set(Mono(self.platform.elapsed().0 - age_ms));
        self.tell_of(had.as_ref(), Event::Renewed);
    }

    /// How long ago it was posted; 0 where it does not say, or a clock was set back.
    fn since_posted(&self, message: &P::Kept) -> f64 {
        (self.platform.now().0 - message.number(Word::At)).max(0.0)
    }

    /// What a sibling knows of the refresh token that both hold.
    fn heed(self: &Rc<Self>, held: &P::Kept, message: &P::Kept) {
        let had = held.number(Word::Debt);
        let is_about_attempt = !message.kind(Word::Open).is_absent();
        let heeded = |notes: &P::Kept| {
            let first = notes.number(Word::SentAt).min(message.number(Word::SentAt));
            if is_about_attempt {
                notes.remove(Word::SentAt);
                notes.remove(Word::Paused);
            }
            if message.number(Word::SentAt).is_finite() {
                notes.set(Word::SentAt, first);
            }
            for &key in &[Word::Seen, Word::WaitUntil, Word::Paused, Word::Debt] {
                if message.number(key) > notes.number(key).max(0.0) {
                    message.copy(key, notes, key);
                }
            }
        };
        // A storage that all tabs share has it from the sibling, and perhaps something later by now.
        if self.config.is_local {
            self.hold_note(held, heeded);
        } else {
            self.note(held, heeded);
        }
        let debt = message.number(Word::Debt);
        if debt > 0.0 && had.max(0.0) < debt {
            self.back_off(debt - self.platform.now().0);
        }
        if !is_about_attempt {
            return;
        }
        self.resume.set(false);
        self.attempts.set(self.attempts.get().wrapping_add(1));
        let is_open = message.kind(Word::Open) == Kind::True;
        let now = self.platform.elapsed().0;
        let busy = if is_open {
            LONGEST_MS - self.since_posted(message)
        } else {
            0.0
        };
        self.busy_until.set(Mono(now + busy));
        let is_asleep = message.kind(Word::Asleep) == Kind::True;
        self.is_sibling_asleep.set(is_asleep);
        if is_open && self.config.grace_ms > 0.0 {
            self.platform.spawn(self.clone().stand_by(held.clone()));
        }
    }

    /// A sibling has sent the refresh token that is held here too. Should it die before it tells how that ended, its lock is free and
    /// the attempt is this tab's to repeat, while the server forgives it.
    async fn stand_by(self: Rc<Self>, held: P::Kept) {
        if self.platform.coordination() != Coordination::Locks {
            return;
        }
        let attempt = self.attempts.get();
        let lock = self.platform.lock(&held);
        let over = self.until(|session| {
            session.attempts.get() != attempt || !session.is_awake() || !session.holds(&held)
        });
        let free = async {
            let mut lock = lock;
            let _ = (&mut lock).await;
            // What it may have told before it let go is still on its way; others wait for the lock meanwhile.
            drop(lock);
            let _ = self.platform.sleep(ASK_MS).await;
        };
        if unless(free, over).await.is_some() && self.holds(&held) {
            self.resume.set(true);
            self.change();
        }
    }

    /// Where all tabs share a storage that is empty, either somebody cleared it, or a tab found it too full for what it has: that one
    /// hands it over.
    pub(super) async fn doubt(self: Rc<Self>) {
        loop {
            self.until(|session| {
                session.is_done() || (session.is_in_doubt.get() && !session.is_hidden.get())
            })
            .await;
            if self.is_done() {
                return;
            }
            let held = self.record();
            self.ask_siblings();
            let over = self.until(|session| {
                session.is_hidden.get() || held.as_ref().is_none_or(|held| !session.holds(held))
            });
            let is_over = unless(over, self.platform.sleep(ASK_MS)).await.is_some();
            if self.is_hidden.get() {
                // Nobody can answer now: they are asked again when the page is back.
                continue;
            }
            self.is_in_doubt.set(false);
            if !is_over && matches!(self.platform.load(Slot::Record), Ok(None)) {
                self.land(None, Err(Error::new(Code::NoSession)));
                self.end_too(Event::SignedOut, None);
            }
        }
    }

    /// Whether a sibling has sent the refresh token that is held, and may still get an answer.
    pub(super) fn is_sibling_busy(&self) -> bool {
        self.busy_until.get() > self.platform.elapsed()
    }

    /// Whether this is the generation now held.
    pub(super) fn holds(&self, record: &P::Kept) -> bool {
        self.record()
            .is_some_and(|held| record::is_same_generation(&held, record))
    }

    /// A session that another tab shares, while this one has none and asked for one.
    fn consider(&self, message: &P::Kept) {
        if self.is_taking_over.get()
            && let Some(record) = self.brought(message)
            && !self.is_before_sign_out(&record)
        {
            self.offers.set(self.offers.get() + 1.0);
            let began = |record: &P::Kept| record.number(Word::SignedInAt);
            let best = self.offered.get();
            if best.is_none_or(|best| {
                began(&record) > began(&best)
                    || (record::is_same_family(&record, &best)
                        && record.number(Word::Generation) > best.number(Word::Generation))
            }) {
                self.offered.set(Some(record));
            }
        }
    }

    /// A new tab takes the session over from a live one, with no request: the one that was signed in last.
    pub async fn take_over(self: Rc<Self>) {
        if !self.page || self.record().is_some() {
            return;
        }
        self.is_taking_over.set(true);
        unless(self.hear_offers(), self.platform.sleep(TAKE_OVER_MS)).await;
        self.is_taking_over.set(false);
        let offered = self.offered.take();
        // Its tab may have signed out since it answered.
        let offered = offered.filter(|record| !self.is_before_sign_out(record));
        if let Some(record) = offered.filter(|_| self.record().is_none()) {
            self.store_from(record, true);
            self.emit(Event::SignedIn, None);
        }
    }

    /// Ends when every live tab has answered: at once where there is none.
    async fn hear_offers(&self) {
        let who = self.platform.who(None).await.ok().flatten();
        let tabs = who.map_or(f64::INFINITY, |who| who.number(Word::Tabs));
        if tabs > 0.0 {
            self.post(Word::Ask, &P::Kept::object(), |_| {});
            self.until(|session| session.offers.get() >= tabs || session.record().is_some())
                .await;
        }
    }
}

impl<P: Platform> Exchange<P> {
    /// Waits until nobody is ahead. Where somebody is, this tab never sends: it asks, waits and looks again.
    ///
    /// `is_doubtful`: the server has just refused the refresh token, so that the others are asked even if none seems to be ahead.
    pub(super) async fn catch_up(&self, is_doubtful: bool) -> Step<P::Kept, P::Kept> {
        let session = &self.session;
        let began = session.moment();
        let has_locks = session.platform.coordination() == Coordination::Locks;
        // What a sibling told when it let go of the lock may still be on its way.
        let mut must_ask = is_doubtful
            || session.platform.coordination() == Coordination::Channel
            || (session.is_sibling_busy() && session.config.grace_ms <= 0.0);
        loop {
            let record = self.still()?;
            let who = session.platform.who(Some(&record)).await.ok().flatten();
            let record = self.still()?;
            let ahead = who
                .as_ref()
                .map_or(f64::NAN, |who| who.number(Word::Generation));
            if let Some(who) = &who {
                session.live_tabs.set(who.number(Word::Tabs));
            }
            let is_behind = ahead > record.number(Word::Generation);
            if is_behind {
                session.note(&record, |notes| {
                    notes.set(Word::Seen, ahead);
                    // Whoever is ahead has used this refresh token, now or earlier.
                    if notes.number(Word::SentAt).is_nan() {
                        notes.set(Word::SentAt, began.wall.0);
                    }
                });
            }
            let is_late = began.until(session.moment()) >= session.config.timeout_ms;
            // Without locks a sibling's word has to do: it has sent the refresh token and not told how that ended. And so it does where the
            // sibling sleeps, without its lock: its request is open as long as it may be answered.
            let is_asleep = session.is_sibling_asleep.get()
                && session.is_sibling_busy()
                && !session.is_forgiven(&record);
            let is_busy = is_asleep || (!has_locks && session.is_sibling_busy() && !is_late);
            if (is_behind || is_asleep) && is_late {
                return Err(Err(Error::new(Code::Timeout)));
            }
            if !is_behind && !is_busy && !must_ask {
                return Ok(record);
            }
            must_ask = false;
            session.ask_siblings();
            let jitter = if has_locks {
                1.0
            } else {
                1.0 + session.platform.chance()
            };
            let wait = if is_behind || is_asleep {
                ASK_AGAIN_MS
            } else {
                ASK_MS * jitter
            };
            let newer = session.until(|session| !session.holds(&record));
            unless(newer, session.platform.sleep(wait)).await;
        }
    }
}
