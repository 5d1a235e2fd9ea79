//! The refresh lock of one exchange.

use super::Session;
use crate::platform::Platform;
use crate::task::Place;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;

/// A lock that may be taken away: a page that may sleep stands in nobody's way.
pub(super) struct Lock<P: Platform> {
    operation: Place<P::Operation>,
    is_held: Cell<bool>,
    /// The session went on in other tabs when the next one began here: the exchange is for them from then on.
    is_theirs: Cell<bool>,
}

impl<P: Platform> Lock<P> {
    pub(super) const fn new() -> Self {
        Self {
            operation: Place::new(None),
            is_held: Cell::new(false),
            is_theirs: Cell::new(false),
        }
    }

    pub(super) fn is_theirs(&self) -> bool {
        self.is_theirs.get()
    }

    pub(super) fn leave_to_others(&self) {
        self.is_theirs.set(true);
    }

    pub(super) fn is_held(&self) -> bool {
        self.is_held.get()
    }

    /// Lets go, or withdraws what was asked for.
    pub(super) fn free(&self) {
        self.is_held.set(false);
        self.operation.set(None);
    }

    /// Waits until it is held.
    pub(super) async fn hold(&self, session: &Session<P>, record: &P::Kept) {
        while !self.is_held() {
            session.until(|session| !session.is_hidden.get()).await;
            self.operation.set(Some(session.platform.lock(record)));
            let granted = poll_fn(|context| {
                let Some(mut operation) =
                    self.operation.take().filter(|_| !session.is_hidden.get())
                else {
                    // It was taken away.
                    return Poll::Ready(false);
                };
                let polled = Pin::new(&mut operation).poll(context);
                self.operation.set(Some(operation));
                polled.map(|_| true)
            });
            let is_granted = granted.await;
            self.is_held.set(is_granted);
        }
    }

    /// Lets go when the page may sleep, and takes it up again after that; not for a session that is over.
    pub(super) async fn keep(&self, session: &Session<P>, record: &P::Kept) {
        let epoch = session.epoch();
        loop {
            session
                .until(|session| session.is_hidden.get() || !self.is_held())
                .await;
            self.free();
            session
                .until(|session| session.epoch() == epoch || self.is_theirs())
                .await;
            self.hold(session, record).await;
        }
    }
}
