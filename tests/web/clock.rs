//! The time of day, and timers.

use core::cell::Cell;
use core::future::{pending, poll_fn};
use core::task::Poll;
use std::rc::Rc;

use rekindle::platform::Platform;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Page, assert_same, call, get, goes_on, js, json, replaced, until};

fn monotonic() -> f64 {
    js("performance.now()").as_f64().unwrap()
}

#[wasm_bindgen_test]
fn the_time_of_day_is_the_device_s() {
    let page = Page::open("clock-now", "");
    let before = js_sys::Date::now();
    let now = page.browser.now().0;
    assert!((before..=js_sys::Date::now()).contains(&now));
}

#[wasm_bindgen_test]
fn the_page_s_own_clock_is_not_the_time_of_day() {
    let page = Page::open("clock-elapsed", "");
    let _replaced = replaced("Date", "now", "{ value: () => 0 }");
    let before = monotonic();
    let elapsed = page.browser.elapsed().0;
    assert!((before..=monotonic()).contains(&elapsed));
    assert_eq!(page.browser.now().0, 0.0);
}

#[wasm_bindgen_test]
async fn a_sleep_ends_when_its_time_is_over_and_not_before() {
    let page = Page::open("clock-sleep", "");
    let began = monotonic();
    let mut long = page.browser.sleep(60.0);
    let short = page.browser.sleep(1.0);
    let brought = page.run("the short sleep", short).await;
    assert!(matches!(brought, Ok(None)));
    if monotonic() - began < 50.0 {
        assert!(goes_on(&mut long));
    }
    assert!(matches!(page.run("the long sleep", long).await, Ok(None)));
    // A browser may round the two clocks that are compared here.
    assert!(monotonic() - began >= 59.0);
    assert_eq!(page.context.operations(), 0.0);
}

#[wasm_bindgen_test]
async fn a_dropped_sleep_stops_its_timer() {
    let page = Page::open("clock-cancel", "");
    let timers = js("{
        began: [],
        stopped: [],
        setTimeout: globalThis.setTimeout,
        clearTimeout: globalThis.clearTimeout,
        watch() {
            globalThis.setTimeout = (...all) => { const id = this.setTimeout.call(globalThis, ...all); this.began.push(id); return id; };
            globalThis.clearTimeout = (id) => { this.stopped.push(id); this.clearTimeout.call(globalThis, id); };
        },
        leave() { Object.assign(globalThis, { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout }); },
    }");
    call(&timers, "watch");
    let dropped = page.browser.sleep(1.0);
    drop(dropped);
    call(&timers, "leave");
    assert_eq!(get(&timers, "began.length"), 1);
    assert_same(&get(&timers, "stopped"), &json(&get(&timers, "began")));
    assert_eq!(page.context.operations(), 0.0);

    let later = page.browser.sleep(20.0);
    page.run("the next sleep", later).await.ok();
    assert_eq!(page.context.resumed(), 1);
}

#[wasm_bindgen_test]
async fn what_an_operation_brings_is_seen_by_every_task() {
    let page = Page::open("clock-news", "");
    let news = Rc::new(Cell::new(false));
    let seen = Rc::new(Cell::new(false));
    // The task that waits is polled before the one that has the news, and that one does not end with it.
    page.browser.spawn({
        let (news, seen) = (news.clone(), seen.clone());
        async move {
            poll_fn(|_| {
                if news.get() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            seen.set(true);
        }
    });
    page.browser.spawn({
        let first = page.browser.sleep(1.0);
        async move {
            first.await.ok();
            news.set(true);
            pending::<()>().await;
        }
    });
    page.browser.run();
    until("the sleep", || page.context.resumed() == 1).await;
    assert!(seen.get());
}
