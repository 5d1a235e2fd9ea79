//! One exchange of a refresh token, from top to bottom.

use super::flight::Why;
use super::keys::invalid;
use super::lock::Lock;
use super::renewal::LEAST_USE_MS;
use super::siblings::Step;
use super::{Outcome, Session, record, retry};
use crate::error::Error;
use crate::platform::{Event, Kept, Mono, Platform};
use crate::protocol::discovery::Endpoint;
use crate::protocol::{id_token, token};
use crate::session::renewal::Moment;
use crate::task::{Place, unless};
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;
use core::cell::Cell;

/// From so many failures in a row on that say nothing they are looked into.
const MANY: u32 = 3;

pub(super) fn refresh_token_of<P: Platform>(session: &Session<P>) -> Outcome<P::Kept> {
    let record = session
        .record()
        .ok_or_else(|| Error::new(Code::NoSession))?;
    if record.kind(Word::RefreshToken).is_text() {
        Ok(record)
    } else {
        Err(Error::new(Code::NoRefreshToken))
    }
}

/// One exchange: what it is for, and what it goes on from.
pub(super) struct Exchange<P: Platform> {
    pub(super) session: Rc<Session<P>>,
    narrower: Option<P::Kept>,
    why: Rc<Cell<Why>>,
    lock: Rc<Lock<P>>,
    epoch: u32,
    /// The record that it refreshes.
    base: Place<P::Kept>,
    began: Mono,
    /// When the last answer came.
    answered: Cell<Moment>,
}

/// A refresh token that was sent without success, when that was first done, and how often since.
struct Tried<K> {
    record: K,
    first: Moment,
    attempt: u32,
    error: Error<K>,
}

impl<P: Platform> Exchange<P> {
    pub(super) fn new(
        session: &Rc<Session<P>>,
        narrower: Option<P::Kept>,
        why: Rc<Cell<Why>>,
    ) -> Self {
        let lock = Rc::new(Lock::new());
        session.lock.set(Some(lock.clone()));
        Self {
            session: session.clone(),
            narrower,
            why,
            lock,
            epoch: session.epoch(),
            base: Place::new(session.record()),
            began: session.platform.elapsed(),
            answered: Cell::new(session.moment()),
        }
    }

    /// The refresh lock is free for the next.
    pub(super) fn let_go(&self) {
        self.lock.free();
    }

    pub(super) async fn run(&self) -> Step<P::Kept, P::Kept> {
        let session = &self.session;
        let endpoint = match session.endpoint(Endpoint::Token).await {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let record = self.still()?;
                if self.why.get() == Why::Renewal {
                    session.sent_at.set(session.platform.elapsed());
                    session.note(&record, |notes| owe(session, notes));
                }
                return Err(Err(error));
            }
        };
        let mut tried: Option<Tried<P::Kept>> = None;
        loop {
            let record = self.wait_turn().await?;
            let now = session.moment();
            let (first, attempt) = match tried {
                // Somebody brought another refresh token in between: it begins anew with that one.
                Some(last) if record::is_same_generation(&last.record, &record) => {
                    // A timer may come late, and a laptop sleep: what was forgiven when the pause began may not be when it ends.
                    let elapsed = since(&record, last.first, now);
                    if !retry::is_forgiven(session.config.grace_ms, elapsed) {
                        failed(session, &record, &last.error, true, true);
                        return Err(Err(last.error));
                    }
                    (last.first, last.attempt + 1)
                }
                Some(_) | None => (now, 0),
            };
            if !may_send(session, &record, self.why.get(), attempt) {
                let is_asked = self.why.get() > Why::Renewal;
                let code = if is_asked {
                    Code::Timeout
                } else {
                    Code::Aborted
                };
                return Err(Err(Error::new(code)));
            }
            let is_doubtful = attempt > 0 || record.number(Word::SentAt).is_finite();
            let error = match self.send(&endpoint, &record, first).await? {
                Ok(_) if self.is_late() => return Err(Err(Error::new(Code::Timeout))),
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            if error.is(Code::InvalidGrant) {
                let held = self.catch_up(true).await?;
                if record::is_same_generation(&held, &record) {
                    return Err(Err(lost(session, &held, error, is_doubtful)));
                }
            } else {
                let record = self.still()?;
                let Some(delay) = self.delay(attempt, &record, first, &error) else {
                    let has_lock = self.lock.is_held();
                    failed(session, &record, &error, is_doubtful, has_lock);
                    session.look_into(&record, &error).await;
                    return Err(Err(error));
                };
                let newer = session.until(|session| !session.holds(&record));
                unless(newer, session.platform.sleep(delay)).await;
            }
            tried = Some(Tried {
                record,
                first,
                attempt,
                error,
            });
        }
    }

    /// The record now held: unless the session is over, or somebody has brought newer tokens since this began. Older news, from a
    /// sibling that was ahead all the time, are what it goes on from.
    pub(super) fn still(&self) -> Step<P::Kept, P::Kept> {
        let session = &self.session;
        session.look_around();
        let record = self.ours()?;
        let is_news = self
            .base
            .get()
            .is_none_or(|base| !record.same(Word::AccessToken, &base, Word::AccessToken));
        if is_news && self.narrower.is_none() {
            let will_do = self.why.get() < Why::Refresh && session.is_fresh(&record, 0.0);
            if session.news_at.get() >= self.began || will_do {
                return Err(session.given_tokens());
            }
        }
        self.base.set(Some(record.clone()));
        Ok(record)
    }

    /// Waits until the refresh lock is held and nobody is ahead. A page that slept in between begins again.
    async fn wait_turn(&self) -> Step<P::Kept, P::Kept> {
        let session = &self.session;
        loop {
            let held = self.still()?;
            let epoch = self.epoch;
            let over = session.until(|session| session.epoch() != epoch || !session.holds(&held));
            unless(self.lock.hold(session, &held), over).await;
            if self.lock.is_held() {
                let record = self.catch_up(false).await?;
                if self.lock.is_held() {
                    return Ok(record);
                }
            }
        }
    }

    /// Sends the refresh token once, and stores what comes of it: the tokens, or why there are none.
    async fn send(
        &self,
        endpoint: &(P::Kept, Word),
        record: &P::Kept,
        first: Moment,
    ) -> Step<Outcome<P::Kept>, P::Kept> {
        let session = &self.session;
        let why = self.why.get();
        let sent = note_attempt(session, record, why);
        let settings = &session.config.settings;
        let form = token::refresh_request(settings, record, self.narrower.as_ref());
        let patience = retry::patience_ms(session.config.grace_ms, since(record, first, sent));
        let answer = session.ask_for(endpoint, &form, why.word(), patience);
        if record.kind(Word::IdToken).is_text() {
            // The answer will bring another, as it seems.
            session.prepare_keys();
        }
        // Where the page sleeps meanwhile, the lock is taken up again after it.
        let locked = self.lock.keep(session, record);
        let Some(answer) = unless(answer, locked).await else {
            return Err(Err(Error::new(Code::Timeout)));
        };
        session.look_around();
        // Should somebody have cleared the storage of all tabs, nothing is written back.
        session.until(|session| !session.is_in_doubt.get()).await;
        if session.epoch() != self.epoch {
            match answer {
                Ok(answer) if session.is_replaced.get() => self.pass_on(&answer, sent, record),
                Ok(answer) => drop(session.revoke(&answer)),
                Err(_) => {}
            }
            return Err(Err(Error::new(Code::SignedOut)));
        }
        let held = self.ours()?;
        if !record::is_same_generation(&held, record) {
            return Err(self.overtaken());
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        match self.keep(&answer, sent, &held).await? {
            Ok(tokens) => Ok(Ok(tokens)),
            Err(error) => {
                if let Some(held) = session.record() {
                    failed(session, &held, &error, true, true);
                }
                Err(Err(error))
            }
        }
    }

    /// Hands an answer to the tabs that still have this session. This one has begun another meanwhile.
    fn pass_on(&self, answer: &P::Kept, sent: Moment, old: &P::Kept) {
        let next = record::again(&self.session.config.settings, old);
        // Nobody waits here to see whose signature it has.
        let is_whole = self.narrower.is_none() && !answer.kind(Word::IdToken).is_text();
        if is_whole {
            // An access token that cannot be used leaves the old one in place, as in `keep`.
            let _ = token::take(answer, sent.wall, &next);
        } else {
            token::take_refresh_token(answer, &next);
        }
        if !next.same(Word::RefreshToken, old, Word::RefreshToken) {
            next.set(Word::Generation, old.number(Word::Generation) + 1.0);
            self.session.hand_over(&next, 0.0);
        }
    }

    /// How long to wait before the refresh token is sent again, where it may be.
    fn delay(
        &self,
        attempt: u32,
        record: &P::Kept,
        first: Moment,
        error: &Error<P::Kept>,
    ) -> Option<f64> {
        let session = &self.session;
        let ms = retry::delay_ms(attempt, session.platform.chance())?;
        let ms = ms.max(error.about.number(Word::RetryAfterMs));
        let elapsed = since(record, first, session.moment());
        let is_paid = self.why.get() > Why::Renewal || session.debt_wait(record) <= 0.0;
        let may = retry::may_repeat(error)
            && is_paid
            && self.lock.is_held()
            && retry::is_forgiven(session.config.grace_ms, elapsed + ms);
        may.then_some(ms)
    }

    /// Stores what came, the new refresh token first, in one write and before anything else looks at it; then hands it over.
    async fn keep(
        &self,
        answer: &P::Kept,
        sent: Moment,
        old: &P::Kept,
    ) -> Step<Outcome<P::Kept>, P::Kept> {
        let session = &self.session;
        let settings = &session.config.settings;
        self.answered.set(session.moment());
        let granted = record::again(settings, old);
        if let Some(asked) = &self.narrower {
            asked.copy(Word::Scope, &granted, Word::Scope);
        }
        let mut verdict = match id_token::check_refreshed(answer, old, settings) {
            Ok(()) => token::take(answer, sent.wall, &granted).map_err(not_usable),
            Err(reason) => {
                token::take_refresh_token(answer, &granted);
                Err(invalid(reason))
            }
        };
        let rotated = record::again(settings, old);
        granted.copy(Word::RefreshToken, &rotated, Word::RefreshToken);
        let mut generation = old.number(Word::Generation) + 1.0;
        rotated.set(Word::Generation, generation);
        if verdict.is_ok() && answer.kind(Word::IdToken).is_text() {
            // It takes a moment to see who signed it, and more where the keys have to come first.
            let is_rotated = !rotated.same(Word::RefreshToken, old, Word::RefreshToken);
            if is_rotated {
                old.copy(Word::Debt, &rotated, Word::Debt);
                session.store(rotated.clone());
            }
            let own = if is_rotated { &rotated } else { old };
            let over = session.until(|session| session.epoch() != self.epoch);
            let verified = unless(session.verify_refreshed(answer), over).await;
            if verified.is_none() && session.is_replaced.get() {
                session.hand_over(own, 0.0);
            }
            let held = self.ours()?;
            verdict = verified.unwrap_or(Ok(()));
            if !record::is_same_generation(&held, own) {
                return Err(self.overtaken());
            }
            generation = own.number(Word::Generation) + 1.0;
        }
        let next = record::again(settings, &rotated);
        next.set(Word::Generation, generation);
        if self.narrower.is_none() && verdict.is_ok() {
            token::copy_access(&granted, &next);
        }
        let is_news = [Word::RefreshToken, Word::AccessToken, Word::ReceivedAt]
            .iter()
            .any(|&key| !next.same(key, old, key));
        if is_news {
            let why = if verdict.is_ok() {
                self.why.get()
            } else {
                Why::Refresh
            };
            let debt = settle_debt(session, old, why);
            if debt > 0.0 {
                next.set(Word::Debt, session.platform.now().0 + debt);
            }
            session.store(next.clone());
            session.news_at.set(session.platform.elapsed());
            session.hand_over(&next, 0.0);
        } else if verdict.is_ok() {
            session.note(old, |notes| notes.remove(Word::SentAt));
            session.tell_notes(false);
        }
        session.unreadable.set(0);
        if let Err(error) = verdict {
            return Ok(Err(error));
        }
        token::warn(answer, old, |what| session.warn(what));
        session.estimate_offset(answer, sent);
        if self.narrower.is_none() {
            session.emit(Event::Renewed, None);
            return Ok(session.given_tokens());
        }
        let tokens = record::tokens(&granted);
        tokens.freeze();
        Ok(Ok(tokens))
    }

    /// Whether the page slept, or waited for the keys, until the access token that had come was over.
    fn is_late(&self) -> bool {
        let session = &self.session;
        let record = session.record();
        self.why.get() > Why::Renewal
            && self.answered.get().until(session.moment()) > LEAST_USE_MS
            && record.is_some_and(|record| !session.is_valid(&record))
    }

    /// The record held, of the session that this exchange is for.
    fn ours(&self) -> Step<P::Kept, P::Kept> {
        if self.session.epoch() != self.epoch {
            return Err(Err(Error::new(Code::SignedOut)));
        }
        refresh_token_of(&self.session).map_err(Err)
    }

    /// What it ends with where somebody else was quicker: the answer is not for what is held now, good or bad.
    fn overtaken(&self) -> Outcome<P::Kept> {
        match self.narrower {
            None => self.session.given_tokens(),
            Some(_) => Err(Error::new(Code::Timeout)),
        }
    }
}

/// How long ago the record's refresh token was first sent, in ms, by this exchange or by an earlier one. A clock that went back does not
/// tell: too long.
fn since<K: Kept>(record: &K, first: Moment, now: Moment) -> f64 {
    let wall = now.wall.0 - record.number(Word::SentAt);
    if wall < 0.0 {
        f64::INFINITY
    } else {
        wall.max(first.until(now))
    }
}

/// Whether the refresh token may be sent on this word. One that the server may have spent is tried again only while that is forgiven,
/// or where the access token is worth nothing any more, or on the word of someone who asks for it.
fn may_send<P: Platform>(session: &Session<P>, record: &P::Kept, why: Why, attempt: u32) -> bool {
    let is_last_chance = session.is_forgiven(record) || session.is_near_expiry(record);
    if record.number(Word::Seen) > record.number(Word::Generation) {
        // It is spent for certain, and whoever spent it may only be asleep.
        return is_last_chance;
    }
    // What a sibling met with while this one waited for its turn counts for both.
    why > Why::Renewal || attempt > 0 || (is_last_chance && session.waits(record) <= 0.0)
}

/// Writes down, and tells the siblings, that the refresh token is about to be sent.
fn note_attempt<P: Platform>(session: &Session<P>, record: &P::Kept, why: Why) -> Moment {
    let now = session.moment();
    session.sent_at.set(now.mono);
    session.note(record, |notes| {
        if notes.number(Word::SentAt).is_nan() {
            notes.set(Word::SentAt, now.wall.0);
        }
        if why == Why::Renewal {
            owe(session, notes);
        } else if notes.number(Word::WaitUntil) == retry::NEVER {
            notes.remove(Word::WaitUntil);
        }
    });
    session.tell_notes(true);
    now
}

/// Writes down that a background request is owed for.
fn owe<P: Platform>(session: &Session<P>, notes: &P::Kept) {
    let now = session.moment();
    let ahead = retry::spend(notes.number(Word::Debt) - now.wall.0);
    notes.set(Word::Debt, now.wall.0 + ahead);
    let ahead = retry::spend(session.debt.get().0 - now.mono.0);
    session.debt.set(Mono(now.mono.0 + ahead));
    session.back_off(ahead);
}

/// What is owed after a request that turned out well, from now on.
fn settle_debt<P: Platform>(session: &Session<P>, record: &P::Kept, why: Why) -> f64 {
    let now = session.moment();
    let ahead = record.number(Word::Debt) - now.wall.0;
    if why > Why::Renewal {
        return ahead;
    }
    let own = retry::refund(session.debt.get().0 - now.mono.0);
    session.debt.set(Mono(now.mono.0 + own));
    retry::refund(ahead)
}

/// Writes down, and tells the siblings, what a failure means for the next attempt. Nothing of the tokens is touched.
fn failed<P: Platform>(
    session: &Session<P>,
    record: &P::Kept,
    error: &Error<P::Kept>,
    is_doubtful: bool,
    has_lock: bool,
) {
    let now = session.moment();
    let ahead = record.number(Word::Debt) - now.wall.0;
    let is_definite = !retry::is_ambiguous(error);
    session.note(record, |notes| {
        // The server looked at the request and did not use the refresh token; that says nothing of an earlier one.
        if is_definite && !is_doubtful {
            notes.remove(Word::SentAt);
        }
        let told = error.about.number(Word::RetryAfterMs);
        if told.is_finite() {
            notes.set(Word::WaitUntil, now.wall.0 + told);
        } else if error.is(Code::RateLimited) {
            let wait = retry::backoff_ms(ahead, session.platform.chance());
            let until = notes.number(Word::WaitUntil).max(now.wall.0 + wait);
            notes.set(Word::WaitUntil, until);
        } else if is_definite && !error.is(Code::IdTokenInvalid) {
            notes.set(Word::WaitUntil, retry::NEVER);
        }
    });
    // A page that was put to sleep has lost its lock, and tries again when it is back.
    session.resume.set(!has_lock);
    session.back_off(ahead);
    session.tell_notes(false);
    let is_client_error = (400.0..500.0).contains(&error.about.number(Word::Status));
    if error.is(Code::Server) && is_client_error && !session.is_valid(record) {
        // Some servers say with an empty 400 that the refresh token is dead. It is kept, since a gateway may have said it.
        error.about.flag(Word::SessionLost, true);
    }
}

/// The server refused the refresh token, and no sibling has a later one: the session is over, in every tab.
fn lost<P: Platform>(
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
    session.end(Event::SessionLost, Some(&error));
    error
}

impl<P: Platform> Session<P> {
    /// Some servers answer errors without CORS headers, so that a dead refresh token looks like a dead network. If the access token
    /// is over and the server's metadata can be read, the app hears that nothing may be left; nothing is removed.
    async fn look_into(self: &Rc<Self>, record: &P::Kept, error: &Error<P::Kept>) {
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

pub(super) fn not_usable<K: Kept>(flaw: token::NotUsable) -> Error<K> {
    Error::new(Code::InvalidResponse).naming(flaw.0, Problem::NotUsable)
}
