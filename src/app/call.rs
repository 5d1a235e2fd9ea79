use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use wasm_bindgen::JsValue;

use super::client::Client;
use super::error::Error;
use crate::task::Place;

/// What a call comes to. It is asked for by any number of futures, which the app's executor polls.
pub(super) struct Answer {
    value: Place<Result<JsValue, JsValue>>,
    wakers: Place<Vec<Waker>>,
    is_aborted: Cell<bool>,
}

impl Answer {
    pub fn new(value: Option<Result<JsValue, JsValue>>) -> Rc<Self> {
        Rc::new(Self {
            value: Place::new(value),
            wakers: Place::new(None),
            is_aborted: Cell::new(false),
        })
    }

    /// The first value counts.
    pub fn bring(&self, value: Result<JsValue, JsValue>) {
        if self.value().is_none() {
            self.value.set(Some(value));
        }
        for waker in self.wakers.take().unwrap_or_default() {
            waker.wake();
        }
    }

    pub fn value(&self) -> Option<Result<JsValue, JsValue>> {
        self.value.get()
    }

    pub fn abort(&self) {
        self.is_aborted.set(true);
    }

    /// Ends when nobody wants it any more; polled by who runs the client's tasks.
    pub async fn aborted(&self) {
        poll_fn(|_| match self.is_aborted.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    pub fn poll(&self, context: &Context<'_>) -> Poll<Result<JsValue, JsValue>> {
        if let Some(value) = self.value() {
            return Poll::Ready(value);
        }
        let mut wakers = self.wakers.take().unwrap_or_default();
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        self.wakers.set(Some(wakers));
        Poll::Pending
    }

    pub async fn wait(&self) -> Result<JsValue, JsValue> {
        poll_fn(|context| self.poll(context)).await
    }
}

/// A call that has begun. It is given up when this is dropped; what it shares with other calls goes on, and so do `sign_out` and
/// `handle_redirect`, which belong to nobody.
#[must_use = "a call is given up when this is dropped"]
pub struct Call<T> {
    pub(super) client: Client,
    pub(super) answer: Rc<Answer>,
    pub(super) read: fn(&JsValue) -> Result<T, Error>,
    pub(super) is_given_up: bool,
}

impl<T> Future for Call<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.poll(context).map(|outcome| match outcome {
            Ok(value) => (self.read)(&value),
            Err(error) => Err(Error::of(&error)),
        })
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if self.is_given_up && self.answer.value().is_none() {
            self.answer.abort();
            self.client.engine().run();
        }
    }
}
