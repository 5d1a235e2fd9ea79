//! Running a client's tasks, without wakers: a handful of futures, polled until none has news.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The tasks of one client.
#[derive(Default)]
pub struct Tasks {
    tasks: RefCell<Vec<Task>>,
    running: Cell<bool>,
    news: Cell<bool>,
}

impl Tasks {
    /// Adds a task; the next [`run`](Self::run) begins it.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.tasks.borrow_mut().push(Box::pin(task));
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
            live.append(&mut self.tasks.borrow_mut());
            live.retain_mut(|task: &mut Task| {
                let pending = task.as_mut().poll(&mut context).is_pending();
                if !pending {
                    self.tell();
                }
                pending
            });
        }
        self.tasks.borrow_mut().append(&mut live);
        self.running.set(false);
    }
}

/// A value that one task brings and any number of others wait for.
pub(crate) struct Shared<T>(Rc<RefCell<Option<T>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Shared<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(None)))
    }

    /// The first value counts.
    pub(crate) fn bring(&self, value: T) {
        self.0.borrow_mut().get_or_insert(value);
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) async fn wait(&self) -> T {
        poll_fn(|_| match &*self.0.borrow() {
            Some(value) => Poll::Ready(value.clone()),
            None => Poll::Pending,
        })
        .await
    }
}

/// `work`'s outcome, or `None` where `end` came first. An answer in the same tick wins.
pub(crate) async fn unless<T>(
    work: impl Future<Output = T>,
    end: impl Future<Output = ()>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut end = pin!(end);
    poll_fn(move |context| {
        if let Poll::Ready(value) = work.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        end.as_mut().poll(context).map(|()| None)
    })
    .await
}
