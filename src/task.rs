//! Running a client's tasks, without wakers: a handful of futures, polled until none has news.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The tasks of one client.
#[derive(Default)]
pub struct Tasks {
    tasks: Cell<Vec<Task>>,
    running: Cell<bool>,
    news: Cell<bool>,
}

impl Tasks {
    /// Adds a task; the next [`run`](Self::run) begins it.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.take();
        tasks.push(Box::pin(task));
        self.tasks.set(tasks);
        self.news.set(true);
    }

    /// Says that something changed that a task may wait for. Forgotten news would leave a caller hanging.
    pub fn tell(&self) {
        self.news.set(true);
    }

    /// Polls every task until a whole pass brings no news.
    pub fn run(&self) {
        if self.running.replace(true) {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        let mut live = Vec::new();
        while self.news.replace(false) {
            live.append(&mut self.tasks.take());
            live.retain_mut(|task: &mut Task| {
                let pending = task.as_mut().poll(&mut context).is_pending();
                if !pending {
                    self.tell();
                }
                pending
            });
        }
        self.tasks.set(live);
        self.running.set(false);
    }
}

/// A place for a value. No borrow of it outlives a call, so nothing that is called in between can find it borrowed.
pub(crate) struct Place<T>(Cell<Option<T>>);

impl<T> Place<T> {
    pub(crate) const fn new(value: Option<T>) -> Self {
        Self(Cell::new(value))
    }

    pub(crate) fn set(&self, value: Option<T>) {
        self.0.set(value);
    }
}

impl<T: Clone> Place<T> {
    pub(crate) fn get(&self) -> Option<T> {
        let value = self.0.take();
        let copy = value.clone();
        self.0.set(value);
        copy
    }
}

/// A value that one task brings and any number of others wait for.
pub(crate) struct Shared<T>(Rc<Place<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Shared<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(Place::new(None)))
    }

    /// The first value counts.
    pub(crate) fn bring(&self, value: T) {
        if self.0.get().is_none() {
            self.0.set(Some(value));
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) async fn wait(&self) -> T {
        poll_fn(|_| self.0.get().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// `work`'s outcome, or `None` where `end` came first. An answer in the same tick wins.
pub(crate) async fn unless<T>(work: impl Future<Output = T>, end: impl Future) -> Option<T> {
    let mut work = pin!(work);
    let mut end = pin!(end);
    poll_fn(move |context| {
        if let Poll::Ready(value) = work.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        end.as_mut().poll(context).map(|_| None)
    })
    .await
}
