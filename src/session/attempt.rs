//! One attempt with a refresh token: whether it may be made, what is written down before it, and what its failure means.

use super::exchange::Exchange;
use super::flight::Why;
use super::renewal::Moment;
use super::siblings::Attempt;
use super::{Session, retry};
use crate::error::Error;
use crate::platform::{Event, Kept, Mono, Platform};
use crate::words::{Code, Word};
use alloc::rc::Rc;

/// From so many failures in a row on that say nothing they are looked into.
const MANY: u32 = 3;

/// How long ago the record's refresh token was first sent, in ms, by this exchange or by an earlier one. A clock that went back does not
/// tell: too long.
pub(super) fn since<K: Kept>(record: &K, first: Moment, now: Moment) -> f64 {
    let wall = now.wall.0 - record.number(Word::SentAt);
    if wall < 0.0 {
        f64::INFINITY
    } else {
        wall.max(first.until(now))
    }
}

/// Whether the refresh token may be sent on this word. One that the server may have spent is tried again only while that is forgiven,
/// or where the access token is worth nothing any more, or on the word of someone who asks for a refresh.
pub(super) fn may_send<P: Platform>(
    session: &Session<P>,
    record: &P::Kept,
    why: Why,
    attempt: u32,
) -> bool {
    let is_last_chance = session.is_forgiven(record) || session.is_near_expiry(record);
    if record.number(Word::Seen) > record.number(Word::Generation) {
        // It is spent for certain, and whoever spent it may only be asleep.
        return is_last_chance;
    }
    let may_begin = match why {
        Why::Refresh => true,
        Why::AccessToken => is_last_chance || record.number(Word::SentAt).is_nan(),
        // What a sibling met with while this one waited for its turn counts for both.
        Why::Renewal => is_last_chance && session.waits(record) <= 0.0,
    };
    may_begin || attempt > 0
}

/// Writes down, and tells the siblings, that the refresh token is about to be sent.
pub(super) fn note_attempt<P: Platform>(
    session: &Session<P>,
    record: &P::Kept,
    why: Why,
) -> Moment {
    let now = session.moment();
    session.sent_at.set(now.mono);
    session.note(record, |notes| {
        if notes.number(Word::SentAt).is_nan() {
            notes.set(Word::SentAt, now.wall.0);
        }
        if why == Why::Renewal {
            owe(session, notes);
        } else {
            notes.remove(Word::Paused);
        }
    });
    session.tell_notes(Attempt::Open);
    now
}

/// Writes down that a background request is owed for.
pub(super) fn owe<P: Platform>(session: &Session<P>, notes: &P::Kept) {
    let now = session.moment();
    let ahead = retry::spend(notes.number(Word::Debt) - now.wall.0);
    notes.set(Word::Debt, now.wall.0 + ahead);
    let ahead = retry::spend(session.debt.get().0 - now.mono.0);
    session.debt.set(Mono(now.mono.0 + ahead));
    session.back_off(ahead);
}

/// What is owed after a request that turned out well, from now on.
pub(super) fn settle_debt<P: Platform>(session: &Session<P>, record: &P::Kept, why: Why) -> f64 {
    let now = session.moment();
    let ahead = record.number(Word::Debt) - now.wall.0;
    if why > Why::Renewal {
        return ahead;
    }
    let own = retry::refund(session.debt.get().0 - now.mono.0);
    session.debt.set(Mono(now.mono.0 + own));
    retry::refund(ahead)
}

/// Until when the server wants no request, where it said so; NaN where it did not.
fn told_until<P: Platform>(session: &Session<P>, error: &Error<P::Kept>) -> f64 {
    session.platform.now().0 + error.about.number(Word::RetryAfterMs)
}

/// The server refused the refresh token, and no sibling has a later one: the session is over, in every tab.
pub(super) fn lost<P: Platform>(
    session: &Session<P>,
    record: &P::Kept,
    error: Error<P::Kept>,
    is_doubtful: bool,
) -> Error<P::Kept> {
    let error = if is_doubtful {
        error.because(Word::LostAnswer)
    } else {
        error
    };
    session.tell_lost(record, &error);
    // The lock is kept until they have heard of it.
    let lock = session.lock.take();
    session.end(Event::SessionLost, Some(&error));
    session.lock.set(lock);
    error
}

impl<P: Platform> Session<P> {
    /// Some servers answer errors without CORS headers, so that a dead refresh token looks like a dead network. If the access token
    /// is over and the server's metadata can be read, the app hears that nothing may be left; nothing is removed.
    pub(super) async fn look_into(self: &Rc<Self>, record: &P::Kept, error: &Error<P::Kept>) {
        if !error.is(Code::Network) || self.is_valid(record) {
            self.unreadable.set(0);
            return;
        }
        self.unreadable.set(self.unreadable.get() + 1);
        if self.unreadable.get() >= MANY && self.can_reach_issuer().await {
            error.about.flag(Word::SessionLost, true);
            error.about.put(Word::Reason, Word::Unreadable);
        }
    }
}

impl<P: Platform> Exchange<P> {
    /// Writes down, and tells the siblings, how long the server wants to be left alone, where it said so of something else than the refresh
    /// token that is held: of that it may have said something longer.
    pub(super) fn heed_wait(&self, error: &Error<P::Kept>) {
        let session = &self.session;
        let until = told_until(session, error);
        let Some(held) = session.record().filter(|_| until.is_finite()) else {
            return;
        };
        session.note(&held, |notes| {
            notes.set(Word::WaitUntil, until.max(notes.number(Word::WaitUntil)));
        });
        session.tell_notes(Attempt::Unknown);
    }

    /// Writes down, and tells the siblings, what a failure means for the next attempt. Nothing of the tokens is touched.
    pub(super) fn failed(&self, record: &P::Kept, error: &Error<P::Kept>, is_doubtful: bool) {
        let session = &self.session;
        let now = session.moment();
        let ahead = record.number(Word::Debt) - now.wall.0;
        let is_definite = !retry::is_ambiguous(error);
        // What is wrong with a request of somebody's own is wrong with no other.
        let is_everybody_s = self.narrower.is_none() && !error.is(Code::IdTokenInvalid);
        session.note(record, |notes| {
            // The server looked at the request and did not use the refresh token; that says nothing of an earlier one.
            if is_definite && !is_doubtful {
                notes.remove(Word::SentAt);
            }
            let told = told_until(session, error);
            if told.is_finite() {
                notes.set(Word::WaitUntil, told);
            } else if error.is(Code::RateLimited) {
                let wait = retry::backoff_ms(ahead, session.platform.chance());
                let until = notes.number(Word::WaitUntil).max(now.wall.0 + wait);
                notes.set(Word::WaitUntil, until);
            } else if is_definite && is_everybody_s {
                notes.set(Word::Paused, 1.0);
            }
        });
        // A page that was put to sleep has lost its lock, and tries again when it is back.
        session.resume.set(!self.lock.is_held());
        session.back_off(ahead);
        session.tell_notes(Attempt::Over);
        let is_client_error = (400.0..500.0).contains(&error.about.number(Word::Status));
        let is_unreadable =
            error.is(Code::Server) && !error.about.kind(Word::OutOauthError).is_text();
        if is_unreadable && is_client_error && !session.is_valid(record) {
            // Some servers say with an empty 400 that the refresh token is dead. It is kept, since a gateway may have said it.
            error.about.flag(Word::SessionLost, true);
        }
    }
}
