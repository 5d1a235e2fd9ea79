//! Running tasks without wakers.

// What the session uses of it is the crate's own: taken in again here, to be tried alone.
#[path = "../../src/task.rs"]
mod source;

use self::source::{Place, Shared, Tasks, unless};
use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;

type Log = Rc<RefCell<Vec<String>>>;

fn note(log: &Log, line: &str) {
    log.borrow_mut().push(line.to_owned());
}

/// Waits until the cell is set.
async fn until(cell: Rc<Cell<bool>>) {
    poll_fn(|_| {
        if cell.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Runs one task and gives what it brings.
fn outcome_of<T: 'static>(task: impl Future<Output = T> + 'static) -> Option<T> {
    let (tasks, outcome) = (Tasks::default(), Rc::new(Cell::new(None)));
    let place = outcome.clone();
    tasks.spawn(async move { place.set(Some(task.await)) });
    tasks.run();
    outcome.take()
}

#[test]
fn of_work_and_end_in_one_tick_the_work_wins() {
    assert_eq!(outcome_of(unless(ready(1), ready(()))), Some(Some(1)));
    assert_eq!(outcome_of(unless(pending::<u8>(), ready(()))), Some(None));
    assert_eq!(outcome_of(unless(ready(1), pending::<()>())), Some(Some(1)));
    assert_eq!(outcome_of(unless(pending::<u8>(), pending::<()>())), None);
}

#[test]
fn work_that_is_done_later_wins_over_an_end_in_the_same_tick() {
    let tasks = Tasks::default();
    let (is_done, outcome) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(None)));
    let (work, end, place) = (is_done.clone(), is_done.clone(), outcome.clone());
    tasks.spawn(async move { place.set(Some(unless(until(work), until(end)).await)) });
    tasks.run();
    assert_eq!(outcome.get(), None);
    is_done.set(true);
    tasks.tell();
    tasks.run();
    assert_eq!(outcome.get(), Some(Some(())));
}

#[test]
fn an_end_drops_the_work() {
    struct Guard(Rc<Cell<bool>>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let is_dropped = Rc::new(Cell::new(false));
    let guard = Guard(is_dropped.clone());
    let work = async move {
        let _held = guard;
        pending::<u8>().await
    };
    assert_eq!(outcome_of(unless(work, ready(()))), Some(None));
    assert!(is_dropped.get());
}

#[test]
fn tasks_are_polled_in_the_order_in_which_they_came() {
    let (tasks, log) = (Tasks::default(), Log::default());
    for name in ["first", "second", "third"] {
        let log = log.clone();
        tasks.spawn(async move { note(&log, name) });
    }
    assert!(log.borrow().is_empty(), "nothing runs before `run`");
    tasks.run();
    assert_eq!(*log.borrow(), ["first", "second", "third"]);
    tasks.tell();
    tasks.run();
    assert_eq!(
        log.borrow().len(),
        3,
        "a task that is done is polled no more"
    );
}

#[test]
fn a_task_that_a_task_adds_is_run() {
    let (tasks, log) = (Rc::new(Tasks::default()), Log::default());
    let (inner, told) = (tasks.clone(), log.clone());
    tasks.spawn(async move {
        let (innermost, last) = (inner.clone(), told.clone());
        inner.spawn(async move {
            note(&told, "second");
            innermost.spawn(async move { note(&last, "third") });
            pending::<()>().await;
        });
        pending::<()>().await;
    });
    tasks.run();
    assert_eq!(*log.borrow(), ["second", "third"]);
}

#[test]
fn news_that_a_later_task_brings_reach_an_earlier_one() {
    let (tasks, log) = (Tasks::default(), Log::default());
    let steps: Vec<_> = (0..4).map(|_| Rc::new(Cell::new(false))).collect();
    // Each waits for the one behind it: without another pass only the last would end.
    for (at, pair) in steps.windows(2).enumerate() {
        let (own, next, log) = (pair[0].clone(), pair[1].clone(), log.clone());
        tasks.spawn(async move {
            until(next).await;
            note(&log, &at.to_string());
            own.set(true);
        });
    }
    let last = steps[3].clone();
    tasks.spawn(async move { last.set(true) });
    tasks.run();
    assert_eq!(*log.borrow(), ["2", "1", "0"]);
}

#[test]
fn news_that_a_task_tells_of_without_ending_bring_another_pass() {
    let tasks = Rc::new(Tasks::default());
    let (is_there, is_seen) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let (waited_for, seen) = (is_there.clone(), is_seen.clone());
    tasks.spawn(async move {
        until(waited_for).await;
        seen.set(true);
    });
    let told = tasks.clone();
    tasks.spawn(async move {
        is_there.set(true);
        told.tell();
        pending::<()>().await;
    });
    tasks.run();
    assert!(is_seen.get());
}

#[test]
fn without_news_nothing_is_polled_and_nothing_is_lost() {
    let tasks = Tasks::default();
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    tasks.spawn(poll_fn(move |_| {
        count.set(count.get() + 1);
        Poll::Pending
    }));
    tasks.run();
    tasks.run();
    assert_eq!(polls.get(), 1);
    tasks.tell();
    tasks.run();
    assert_eq!(polls.get(), 2);
}

#[test]
fn a_run_inside_a_run_leaves_the_work_to_the_outer_one() {
    let (tasks, log) = (Rc::new(Tasks::default()), Log::default());
    let (inner, told) = (tasks.clone(), log.clone());
    tasks.spawn(async move {
        let own = told.clone();
        inner.spawn(async move { note(&own, "added") });
        inner.run();
        note(&told, "first goes on");
    });
    tasks.run();
    assert_eq!(*log.borrow(), ["first goes on", "added"]);
}

#[test]
fn a_shared_value_reaches_all_who_wait_and_who_come_later() {
    let tasks = Tasks::default();
    let (shared, sum) = (Shared::new(), Rc::new(Cell::new(0)));
    let waiters = 50;
    for _ in 0..waiters {
        let (shared, sum) = (shared.clone(), sum.clone());
        tasks.spawn(async move {
            let value = shared.wait().await;
            sum.set(sum.get() + value);
        });
    }
    tasks.run();
    assert_eq!(sum.get(), 0);
    let bring = shared.clone();
    tasks.spawn(async move { bring.bring(1) });
    tasks.run();
    assert_eq!(sum.get(), waiters);
    assert_eq!(outcome_of(async move { shared.wait().await }), Some(1));
}

#[test]
fn of_two_shared_values_the_first_counts() {
    let shared = Shared::new();
    shared.bring("first");
    shared.bring("second");
    assert_eq!(
        outcome_of(async move { shared.wait().await }),
        Some("first")
    );
}

#[test]
fn a_shared_value_is_the_same_as_its_clones() {
    let (one, other) = (Shared::<u8>::new(), Shared::new());
    assert!(one.is_same(&one.clone()));
    assert!(!one.is_same(&other));
}

#[test]
fn a_place_keeps_its_value_when_it_is_asked() {
    let place = Place::new(Some("a"));
    assert_eq!((place.get(), place.get()), (Some("a"), Some("a")));
    place.set(None);
    assert_eq!(place.get(), None);
}

#[test]
fn what_is_taken_out_of_a_place_is_no_longer_there() {
    let place = Place::new(Some("a"));
    assert_eq!(place.get(), Some("a"));
    assert_eq!(place.take(), Some("a"));
    assert!(place.take().is_none());
}
