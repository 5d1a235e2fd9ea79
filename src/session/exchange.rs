//! One refresh, from top to bottom.

use super::{Outcome, Session, record, renewal};
use crate::error::Error;
use crate::platform::{Event, Kept, Platform, Wall};
use crate::protocol::discovery::Endpoint;
use crate::protocol::token;
use crate::task::{Shared, unless};
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;

/// An exchange under way, and those who wait for it.
pub struct Flight<K> {
    outcome: Shared<Outcome<K>>,
    is_narrower: bool,
}

impl<K> Clone for Flight<K> {
    fn clone(&self) -> Self {
        Self {
            outcome: self.outcome.clone(),
            is_narrower: self.is_narrower,
        }
    }
}

/// New tokens. A call shares the exchange that is under way, unless one of them asks for a scope of its own: `narrower`, an object
/// with `scope`.
pub async fn refresh<P: Platform>(
    session: Rc<Session<P>>,
    narrower: Option<P::Kept>,
) -> Outcome<P::Kept> {
    session.look_again();
    let flight = loop {
        match session.flight() {
            Some(open) if narrower.is_none() && !open.is_narrower => break open,
            Some(open) => drop(open.outcome.wait().await),
            None => {
                refresh_token_of(&session)?;
                break session.take_off(narrower);
            }
        }
    };
    flight.outcome.wait().await
}

impl<P: Platform> Session<P> {
    fn flight(&self) -> Option<Flight<P::Kept>> {
        self.flight.get()
    }

    /// Begins an exchange that goes on whoever waits for it.
    fn take_off(self: &Rc<Self>, narrower: Option<P::Kept>) -> Flight<P::Kept> {
        let flight = Flight {
            outcome: Shared::new(),
            is_narrower: narrower.is_some(),
        };
        self.flight.set(Some(flight.clone()));
        let (session, own) = (self.clone(), flight.clone());
        self.platform.spawn(async move {
            let outcome = exchange(&session, narrower).await;
            session.land(Some(&own), outcome);
        });
        flight
    }

    /// Gives the callers their answer: those of this flight, or of whichever is open. Nobody joins it any more.
    pub(super) fn land(&self, own: Option<&Flight<P::Kept>>, outcome: Outcome<P::Kept>) {
        let open = self.flight();
        let is_open = |own: &Flight<P::Kept>| {
            open.as_ref()
                .is_some_and(|open| open.outcome.is_same(&own.outcome))
        };
        if own.is_none_or(is_open) {
            self.flight.set(None);
        }
        if let Some(flight) = own.cloned().or(open) {
            flight.outcome.bring(outcome);
        }
    }
}

fn refresh_token_of<P: Platform>(session: &Session<P>) -> Outcome<P::Kept> {
    let record = session
        .record()
        .ok_or_else(|| Error::new(Code::NoSession))?;
    if record.kind(Word::RefreshToken).is_text() {
        Ok(record)
    } else {
        Err(Error::new(Code::NoRefreshToken))
    }
}

async fn exchange<P: Platform>(
    session: &Rc<Session<P>>,
    narrower: Option<P::Kept>,
) -> Outcome<P::Kept> {
    let began = refresh_token_of(session)?;
    let epoch = session.epoch();
    let endpoint = session.endpoint(Endpoint::Token).await?;
    // Held until this exchange ends.
    let mut lock = session.platform.lock(&began);
    let _ = (&mut lock).await;
    let record = match still(session, epoch)? {
        // Another client of this page was quicker: its answer was stored after this call began.
        newer
            if narrower.is_none() && !newer.same(Word::AccessToken, &began, Word::AccessToken) =>
        {
            return session.given_tokens();
        }
        record => record,
    };

    let form = token::refresh_request(&session.config.settings, &record, narrower.as_ref());
    let sent = session.platform.now();
    // A request of a session that is over is given up, with its lock: the next session does not wait for it.
    let answer = unless(session.ask(endpoint, &form), session.end_of(epoch)).await;
    let asked_with = record;
    let record = still(session, epoch)?;
    let Some(answer) = answer else {
        return Err(Error::new(Code::SignedOut));
    };
    if !record.same(Word::RefreshToken, &asked_with, Word::RefreshToken) {
        // Another client of this page began another session: the answer is not for it, good or bad.
        return session.given_tokens();
    }
    let outcome = match answer {
        Ok(answer) => {
            let next = record::again(&session.config.settings, &record);
            match narrower {
                None => keep(session, &answer, sent, next),
                Some(asked) => keep_narrower(session, &answer, sent, next, &asked),
            }
        }
        Err(error) => Err(refused(session, &record, error)),
    };
    drop(lock);
    outcome
}

/// The record now held, unless the session is another one than when the exchange began.
fn still<P: Platform>(session: &Session<P>, epoch: u32) -> Outcome<P::Kept> {
    session.look_again();
    if session.epoch() == epoch {
        refresh_token_of(session)
    } else {
        Err(Error::new(Code::SignedOut))
    }
}

/// Stores what came, the new refresh token with it, in one write and before anything else looks at it.
fn keep<P: Platform>(
    session: &Session<P>,
    answer: &P::Kept,
    sent: Wall,
    next: P::Kept,
) -> Outcome<P::Kept> {
    let taken = token::take(answer, sent, &next);
    session.store(next);
    match taken {
        Ok(()) => {
            session.emit(Event::Renewed, None);
            session.given_tokens()
        }
        Err(flaw) => Err(not_usable(flaw)),
    }
}

/// The answer to a request for a narrower scope: the stored access token stays, the refresh token is the new one.
fn keep_narrower<P: Platform>(
    session: &Session<P>,
    answer: &P::Kept,
    sent: Wall,
    next: P::Kept,
    asked: &P::Kept,
) -> Outcome<P::Kept> {
    let granted = record::again(&session.config.settings, &next);
    asked.copy(Word::Scope, &granted, Word::Scope);
    let taken = token::take(answer, sent, &granted);
    granted.copy(Word::RefreshToken, &next, Word::RefreshToken);
    session.store(next);
    taken.map_err(not_usable)?;
    let tokens = record::tokens(&granted);
    tokens.freeze();
    Ok(tokens)
}

fn refused<P: Platform>(
    session: &Session<P>,
    record: &P::Kept,
    error: Error<P::Kept>,
) -> Error<P::Kept> {
    let is_valid = renewal::is_valid(record, session.platform.now());
    let is_client_error = (400.0..500.0).contains(&error.about.number(Word::Status));
    if error.is(Code::InvalidGrant) {
        session.end(Event::SessionLost, Some(&error));
    } else if error.is(Code::Server) && is_client_error && !is_valid {
        // Some servers say with an empty 400 that the refresh token is dead. It is kept, since a gateway may have said it.
        error.about.flag(Word::SessionLost, true);
    }
    error
}

pub(super) fn not_usable<K: Kept>(flaw: token::NotUsable) -> Error<K> {
    Error::new(Code::InvalidResponse).naming(flaw.0, Problem::NotUsable)
}
