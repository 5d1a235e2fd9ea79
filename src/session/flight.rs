//! Who waits for an exchange: one at a time in a client, shared by all its callers, and nobody's own.

use super::exchange::{Exchange, refresh_token_of};
use super::siblings::ASK_MS;
use super::{Outcome, Session};
use crate::platform::{Event, Platform};
use crate::task::{Shared, unless};
use crate::words::{Code, Word};
use alloc::rc::Rc;
use core::cell::Cell;

/// An exchange under way, and those who wait for it.
pub struct Flight<K> {
    outcome: Shared<Outcome<K>>,
    is_narrower: bool,
    why: Rc<Cell<Why>>,
}

impl<K> Clone for Flight<K> {
    fn clone(&self) -> Self {
        Self {
            outcome: self.outcome.clone(),
            is_narrower: self.is_narrower,
            why: self.why.clone(),
        }
    }
}

/// On whose word a refresh token is sent. A later one outranks an earlier one that it joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Why {
    /// Nobody's: the background's.
    Renewal,
    /// A caller's who wants an access token.
    AccessToken,
    /// A caller's who wants a refresh.
    Refresh,
}

impl Why {
    pub(super) fn word(self) -> Word {
        match self {
            Self::Renewal => Word::Renewal,
            Self::AccessToken => Word::AccessToken,
            Self::Refresh => Word::Call,
        }
    }
}

/// New tokens. A call shares the exchange that is under way, unless one of them asks for a scope of its own: `narrower`, an object
/// with `scope`.
pub async fn refresh<P: Platform>(
    session: Rc<Session<P>>,
    narrower: Option<P::Kept>,
    why: Why,
) -> Outcome<P::Kept> {
    session.look_again();
    let flight = loop {
        match session.flight.get() {
            Some(open) if narrower.is_none() && !open.is_narrower => break open,
            // What ends the session ends this call too.
            Some(open) => match open.outcome.wait().await {
                Err(error)
                    if [Code::SignedOut, Code::NoSession, Code::InvalidGrant]
                        .iter()
                        .any(|&code| error.is(code)) =>
                {
                    return Err(error);
                }
                Ok(_) | Err(_) => {}
            },
            None => {
                refresh_token_of(&session)?;
                break take_off(&session, narrower, why);
            }
        }
    };
    if flight.why.get() < why {
        flight.why.set(why);
    }
    flight.outcome.wait().await
}

/// The same for nobody in particular.
pub fn renew<P: Platform>(session: &Rc<Session<P>>) {
    session.look_again();
    if !session.has_flight() && refresh_token_of(session).is_ok() {
        take_off(session, None, Why::Renewal);
    }
}

/// Begins an exchange that goes on whoever waits for it.
fn take_off<P: Platform>(
    session: &Rc<Session<P>>,
    narrower: Option<P::Kept>,
    why: Why,
) -> Flight<P::Kept> {
    let flight = Flight {
        outcome: Shared::new(),
        is_narrower: narrower.is_some(),
        why: Rc::new(Cell::new(why)),
    };
    session.flight.set(Some(flight.clone()));
    session.exchanges.set(session.exchanges.get() + 1);
    let exchange = Exchange::new(session, narrower, flight.why.clone());
    let (session, own) = (session.clone(), flight.clone());
    session.platform.clone().spawn(async move {
        let (Ok(outcome) | Err(outcome)) = exchange.run().await.map(Ok);
        let is_lost = matches!(&outcome, Err(error) if error.is(Code::InvalidGrant));
        session.report(own.why.get(), &outcome);
        session.land(Some(&own), outcome);
        // A task of its own, so that the end of this one is news to the callers, who may have looked before.
        session.platform.clone().spawn(async move {
            // Who comes next sees the new generation before the lock is free.
            session
                .until(|session| session.is_closed.get() || session.is_shown())
                .await;
            if is_lost || exchange.is_unseen() {
                // Nor does anybody whose turn it is send what was refused just now, or what nobody shows to be spent: it has heard of that by then.
                let hidden = session.until(|session| session.is_hidden.get());
                unless(session.platform.sleep(ASK_MS), hidden).await;
            }
            exchange.let_go();
            session.exchanges.set(session.exchanges.get() - 1);
            session.rest();
        });
    });
    flight
}

impl<P: Platform> Session<P> {
    /// Whether an exchange is under way.
    pub(super) fn has_flight(&self) -> bool {
        self.flight.get().is_some()
    }

    /// Gives the callers their answer: those of this flight, or of whichever is open. Nobody joins it any more.
    pub(super) fn land(&self, own: Option<&Flight<P::Kept>>, outcome: Outcome<P::Kept>) {
        let open = self.flight.get();
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
        self.change();
    }

    /// Tells of a failure that no caller of `refresh` hears of.
    fn report(&self, why: Why, outcome: &Outcome<P::Kept>) {
        let Err(error) = outcome else { return };
        let is_quiet = [
            Code::Aborted,
            Code::SignedOut,
            Code::InvalidGrant,
            Code::NoSession,
            Code::NoRefreshToken,
        ]
        .iter()
        .any(|&code| error.is(code));
        if why == Why::Renewal && self.backoff_until.get() < self.platform.elapsed() {
            self.back_off(0.0);
        }
        if why < Why::Refresh && !is_quiet {
            self.conclude(error);
            self.fail(error.clone());
            self.emit(Event::RenewFailed, Some(error));
        }
    }
}
