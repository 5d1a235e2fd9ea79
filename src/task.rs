//! Running a client's tasks, without wakers: a handful of futures, polled until none has news.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A list of tasks: a few at most, taken from anywhere. (A `Vec` would bring 600 bytes for growing.)
type Link = Option<Box<Node>>;

struct Node {
    task: Task,
    next: Link,
}

/// The tasks of one client.
#[derive(Default)]
pub struct Tasks {
    spawned: Cell<Link>,
    live: Cell<Link>,
    running: Cell<bool>,
    news: Cell<bool>,
}

impl Tasks {
    /// Adds a task; the next [`run`](Self::run) begins it.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let task = Box::pin(task);
        let mut spawned = self.spawned.take();
        *end(&mut spawned) = Some(Box::new(Node { task, next: None }));
        self.spawned.set(spawned);
        self.tell();
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
        let mut live = self.live.take();
        while self.news.replace(false) {
            *end(&mut live) = self.spawned.take();
            live = self.pass(live);
        }
        self.live.set(live);
        self.running.set(false);
    }

    /// Polls each task once, in order, and keeps those that are not done.
    fn pass(&self, mut tasks: Link) -> Link {
        let mut context = Context::from_waker(Waker::noop());
        let mut live = None;
        let mut last = &mut live;
        while let Some(mut node) = tasks {
            tasks = node.next.take();
            if node.task.as_mut().poll(&mut context).is_ready() {
                self.tell();
            } else {
                last = &mut last.insert(node).next;
            }
        }
        live
    }
}

/// The empty link at the end of a list.
fn end(mut link: &mut Link) -> &mut Link {
    while let Some(node) = link {
        link = &mut node.next;
    }
    link
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

    pub(crate) fn take(&self) -> Option<T> {
        self.0.take()
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
