//! One exchange of a refresh token, from top to bottom.

use super::attempt::{lost, may_send, note_attempt, owe, settle_debt, since};
use super::flight::Why;
use super::keys::invalid;
use super::lock::Lock;
use super::renewal::{self, LEAST_USE_MS, Moment};
use super::siblings::{Attempt, Step};
use super::{Outcome, Session, record, retry};
use crate::error::Error;
use crate::platform::{Event, Kept, Mono, Platform};
use crate::protocol::discovery::Endpoint;
use crate::protocol::{id_token, token};
use crate::task::{Place, unless};
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;
use core::cell::Cell;

pub(super) fn refresh_token_of<P: Platform>(session: &Session<P>) -> Outcome<P::Kept> {
    let record = session.live_record()?;
    if record.kind(Word::RefreshToken).is_text() {
        Ok(record)
    } else {
        Err(Error::new(Code::NoRefreshToken))
    }
}

/// One exchange: what it is for, and what it goes on from.
pub(super) struct Exchange<P: Platform> {
    pub(super) session: Rc<Session<P>>,
    pub(super) narrower: Option<P::Kept>,
    why: Rc<Cell<Why>>,
    pub(super) lock: Rc<Lock<P>>,
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

    /// Whether the generation that it brought is shown by nobody here: the client is closed, or has another session.
    pub(super) fn is_unseen(&self) -> bool {
        self.session.is_closed.get() || self.lock.is_theirs()
    }

    pub(super) async fn run(&self) -> Step<P::Kept, P::Kept> {
        let session = &self.session;
        let endpoint = match session.endpoint(Endpoint::Token).await {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let record = self.still()?;
                let is_renewal = self.why.get() == Why::Renewal;
                if is_renewal {
                    session.sent_at.set(session.platform.elapsed());
                }
                session.note(&record, |notes| {
                    if is_renewal {
                        owe(session, notes);
                    } else {
                        notes.remove(Word::Paused);
                    }
                });
                self.heed_wait(&error);
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
                        self.failed(&record, &last.error, true);
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
            let error = match self.send(&endpoint, &record, first, is_doubtful).await? {
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
                    self.failed(&record, &error, is_doubtful);
                    // Nobody need wait while it is looked into, nor the page sleep with the lock.
                    self.let_go();
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
            if will_do || (session.news_at.get() >= self.began && self.is_of_use(&record)) {
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
            // Should somebody have cleared the storage of all tabs, nothing is sent.
            session.until(|session| !session.is_in_doubt.get()).await;
            let epoch = self.epoch;
            let over = session.until(|session| session.epoch() != epoch || !session.holds(&held));
            unless(self.lock.hold(session, &held), over).await;
            if self.lock.is_held() {
                let record = self.catch_up(false).await?;
                if self.lock.is_held() && !session.is_in_doubt.get() {
                    return Ok(record);
                }
            }
        }
    }

    /// Looks at what others did meanwhile. Should somebody have cleared the storage of all tabs, nothing is written back.
    async fn look_around(&self) {
        self.session.look_around();
        let session = &self.session;
        session.until(|session| !session.is_in_doubt.get()).await;
    }

    /// Sends the refresh token once, and stores what comes of it: the tokens, or why there are none.
    async fn send(
        &self,
        endpoint: &(P::Kept, Word),
        record: &P::Kept,
        first: Moment,
        is_doubtful: bool,
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
        session.is_sending.set(true);
        let answer = unless(answer, locked).await;
        session.is_sending.set(false);
        if !session.is_hidden.get() {
            // Whoever waits for it hears what came of it.
            session.said_asleep.set(false);
        }
        let Some(answer) = answer else {
            return Err(Err(Error::new(Code::Timeout)));
        };
        self.look_around().await;
        if session.epoch() != self.epoch {
            match answer {
                Ok(answer) if self.lock.is_theirs() && !session.is_ended(record) => {
                    self.pass_on(&answer, sent, record)
                }
                // Where it may be the grant of what is held now, that would go too.
                Ok(answer) if session.is_of_nobody(record) => drop(session.revoke(&answer)),
                Ok(_) | Err(_) => {}
            }
            return Err(Err(Error::new(Code::SignedOut)));
        }
        let held = self.ours().inspect_err(|_| {
            // The refresh token was revoked meanwhile: so is what came in its place.
            if let Ok(answer) = &answer {
                drop(session.revoke(answer));
            }
        })?;
        let is_current = record::is_same_generation(&held, record)
            || answer
                .as_ref()
                .is_ok_and(|answer| follows(answer, &held, record));
        if !is_current {
            if let Err(error) = &answer {
                self.heed_wait(error);
            }
            return Err(self.overtaken(&held));
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        match self.keep(&answer, sent, &held, is_doubtful).await? {
            Ok(tokens) => Ok(Ok(tokens)),
            Err(error) => {
                if let Some(held) = session.record() {
                    self.failed(&held, &error, true);
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
        is_doubtful: bool,
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
        let mut next = record::again(settings, old);
        granted.copy(Word::RefreshToken, &next, Word::RefreshToken);
        if verdict.is_ok() && answer.kind(Word::IdToken).is_text() {
            // It takes a moment to see who signed it, and more where the keys have to come first.
            let is_rotated = !next.same(Word::RefreshToken, old, Word::RefreshToken);
            session.is_verifying.set(true);
            if is_rotated {
                next.set(Word::Generation, old.number(Word::Generation) + 1.0);
                old.copy(Word::Debt, &next, Word::Debt);
                session.store(next.clone());
            }
            let own = if is_rotated { next } else { old.clone() };
            let over = session.until(|session| session.epoch() != self.epoch);
            let verified = unless(session.verify_refreshed(answer), over).await;
            session.is_verifying.set(false);
            let mut ahead = None;
            if session.epoch() == self.epoch && !self.lock.is_held() {
                // The page slept meanwhile, and others may have gone on from what it has. A storage of all may show it late.
                ahead = self.catch_up(session.config.is_local).await.err();
            }
            self.look_around().await;
            if self.lock.is_theirs() {
                session.hand_over(&own, 0.0);
            }
            let held = self.ours().inspect_err(|_| {
                if !self.lock.is_theirs() && session.is_of_nobody(old) {
                    drop(session.revoke(answer));
                }
            })?;
            if let Some(outcome) = ahead {
                return Err(outcome);
            }
            verdict = verified.unwrap_or(Ok(()));
            if let Err(error) = &verdict
                && is_doubtful
                && error.about.is(Word::Reason, Word::AtHash)
            {
                // A server that repeats the tokens of a lost answer may send the ID token of others with them, as django-oauth-toolkit does.
                session.warn(Word::OfAnother);
                granted.remove(Word::IdToken);
                old.copy(Word::IdToken, &granted, Word::IdToken);
                verdict = Ok(());
            }
            if !record::is_same_generation(&held, &own) {
                return Err(self.overtaken(&held));
            }
            // Another client of the page may have sent the new refresh token by now.
            next = if is_rotated {
                record::noted(settings, &held)
            } else {
                record::again(settings, &held)
            };
        }
        next.set(Word::Generation, next.number(Word::Generation) + 1.0);
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
            session.tell_notes(Attempt::Over);
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

    /// Whether what somebody brought is an answer here: not what ran out before it came, or while this waited for something else.
    fn is_of_use(&self, record: &P::Kept) -> bool {
        let session = &self.session;
        let is_new = session.platform.elapsed().0 - session.news_at.get().0 < LEAST_USE_MS;
        let forgiven = if is_new { LEAST_USE_MS } else { 0.0 };
        renewal::is_valid(record, session.age_of(record) - forgiven)
    }

    /// What it ends with where somebody else was quicker: the answer is not for what is held now, good or bad.
    fn overtaken(&self, held: &P::Kept) -> Outcome<P::Kept> {
        if self.narrower.is_none() && self.is_of_use(held) {
            self.session.given_tokens()
        } else {
            Err(Error::new(Code::Timeout))
        }
    }
}

/// Whether the answer brings what follows the refresh token that was sent, which is still held though the access token beside it changed.
fn follows<K: Kept>(answer: &K, held: &K, sent: &K) -> bool {
    let is_held = record::is_same_family(held, sent)
        && held.same(Word::RefreshToken, sent, Word::RefreshToken);
    is_held
        && answer.kind(Word::RefreshToken).is_text()
        && !answer.same(Word::RefreshToken, sent, Word::RefreshToken)
}

pub(super) fn not_usable<K: Kept>(flaw: token::NotUsable) -> Error<K> {
    Error::new(Code::InvalidResponse).naming(flaw.0, Problem::NotUsable)
}
