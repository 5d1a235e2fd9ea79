//! Renewal by itself.

use crate::kept::Value;
use crate::outside::{Browser, Tab, response, signed_in, time};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;

/// A tab that renews by itself, with a token of an hour.
fn renewing(browser: &Browser, more: serde_json::Value) -> Tab {
    let mut config = json!({ "autoRenew": true });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    let tab = signed_in(browser, config);
    // Nothing begins before `createClient` has resolved.
    browser.advance(0.0);
    tab
}

/// An answer whose token lasts so many seconds.
fn lasting(number: u32, seconds: u32) -> serde_json::Value {
    let mut answer = response(number);
    answer["expires_in"] = json!(seconds);
    answer
}

/// Adopts tokens that last so long.
fn adopt(tab: &Tab, seconds: u32) {
    tab.call(Verb::SetTokens, json!({ "response": lasting(1, seconds) }));
    tab.events();
}

#[test]
fn c06_c07_it_renews_between_one_and_one_and_a_half_margins_before_expiry() {
    for (chance, ahead) in [(0.0, 30_000.0), (0.5, 37_500.0), (1.0, 45_000.0)] {
        let browser = Browser::new();
        let tab = renewing(&browser, json!({}));
        tab.page().chance.set(chance);
        adopt(&tab, 3600);
        let due = HOUR - ahead;
        assert_eq!(
            tab.diagnostics()["nextRenewalAt"],
            time(browser.wall() + due)
        );
        browser.advance(due - 1.0);
        assert_eq!(browser.sent(), 0, "{chance}");
        browser.advance(1.0);
        assert_eq!(browser.sent(), 1, "{chance}");
        // One that is due is not due once more.
        assert_eq!(tab.diagnostics()["nextRenewalAt"], json!(null));
        browser.advance(1_000.0);
        browser.request().answer(200, response(2));
        assert_eq!(tab.events(), ["Renewed: signed-in"]);
        assert_eq!(tab.diagnostics()["exchanges"][0]["why"], "renewal");
        // From the time of sending.
        browser.advance(due - 1_001.0);
        assert_eq!(browser.sent(), 1, "{chance}");
        browser.advance(1.0);
        assert_eq!(browser.sent(), 2, "{chance}");
    }
}

#[test]
fn c06_without_a_refresh_token_without_autorenew_and_when_closed_it_does_not() {
    let browser = Browser::new();
    signed_in(&browser, json!({}));
    let tab = renewing(&browser, json!({}));
    tab.call(
        Verb::SetTokens,
        json!({ "response": { "access_token": "at-1", "expires_in": 60 } }),
    );
    let closed = renewing(&browser, json!({}));
    closed.client().close();
    browser.settle();
    browser.advance(2.0 * HOUR);
    assert_eq!(browser.sent(), 0);
}

#[test]
fn c06_a_lifetime_of_months_is_waited_for_a_day_at_a_time() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    adopt(&tab, 2_592_000);
    assert!(browser.next_timer(&tab) <= 24.0 * HOUR);
    browser.advance(30.0 * 24.0 * HOUR - 30_001.0);
    assert_eq!(browser.sent(), 0);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn c06_a_server_whose_tokens_last_a_second_is_asked_every_five() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    adopt(&tab, 1);
    for number in 2..40 {
        browser.advance(4_999.0);
        assert!(browser.open_requests().is_empty());
        browser.advance(1.0);
        browser.request().answer(200, lasting(number, 1));
    }
    assert_eq!(browser.sent(), 38);
    assert!(tab.events().contains(&"Expired: expired".to_owned()));
}

#[test]
fn c03_after_sleep_there_is_one_request_whatever_the_page_hears() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.sleep(8.0 * HOUR);
    // No timer has come yet: the page hears of it first.
    for event in ["wake", "online", "wake", "active", "stored", "wake"] {
        tab.hears(event);
    }
    assert_eq!(browser.sent(), 1);
    browser.advance(10_000.0);
    browser.request().answer(200, response(2));
    browser.advance(10_000.0);
    tab.hears("wake");
    assert_eq!(browser.sent(), 1);
}

#[test]
fn c04_a_timer_that_comes_late_renews_at_once_and_a_call_does_not_wait_for_it() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.sleep(2.0 * HOUR);
    let call = tab.get_access_token();
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(tab.status(), "signed-in");
}

#[test]
fn c02_a_clock_that_is_set_back_lengthens_no_lifetime() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.advance(HOUR / 2.0);
    browser.set_clock(-10.0 * HOUR);
    browser.advance(HOUR / 2.0 - 30_000.0);
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    assert_eq!(tab.get_access_token().token(), "at-2");
    // Set forward it has run out, but nobody is asked within five seconds of the last time.
    browser.set_clock(20.0 * HOUR);
    tab.hears("wake");
    assert_eq!(browser.sent(), 1);
    browser.advance(5_000.0);
    tab.hears("wake");
    assert_eq!(browser.sent(), 2);
}

/// A page load finds a record from a time that has not come yet: how old its token is cannot be told.
#[test]
fn c02_a_stored_token_from_the_future_is_renewed() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    let stored = tab.stored(Slot::Record);
    browser.kill(&tab);
    tab.client().close();
    browser.set_clock(-HOUR);
    let next = Tab::open(&browser);
    next.store(Slot::Record, &stored);
    next.create(crate::outside::config(json!({ "autoRenew": true })))
        .expect("the config is right");
    browser.advance(0.0);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn n05_after_a_failure_it_waits_longer_each_time_and_tells_of_each() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.advance(HOUR - 30_000.0);
    for wait in [
        30_000.0, 60_000.0, 120_000.0, 240_000.0, 240_000.0, 240_000.0,
    ] {
        browser.request().answer(503, json!(null));
        let events = tab.events();
        assert!(
            events
                .iter()
                .any(|event| event.starts_with("RenewFailed") && event.ends_with("server")),
            "{events:?}"
        );
        browser.advance(wait - 1.0);
        assert!(browser.open_requests().is_empty(), "{wait}");
        browser.advance(1.0);
        assert_eq!(browser.open_requests().len(), 1, "{wait}");
    }
    browser.request().answer(200, response(2));
    assert_eq!(tab.events(), ["Renewed: signed-in"]);
    // All is as at first: what turned out well is not owed for, and the rest is paid off.
    browser.advance(HOUR - 30_000.0);
    browser.request().answer(503, json!(null));
    browser.advance(30_000.0);
    assert_eq!(browser.open_requests().len(), 1);
}

#[test]
fn c06_no_failure_makes_it_send_more_than_twenty_requests_an_hour() {
    for (status, header) in [(503, None), (429, Some("0")), (200, None), (503, Some("0"))] {
        let browser = Browser::new();
        let tab = renewing(&browser, json!({ "rotationGraceSeconds": 30 }));
        adopt(&tab, 30);
        let mut times = Vec::new();
        while browser.mono() < 3.0 * HOUR {
            browser.advance(browser.next_timer(&tab).min(MINUTE));
            for request in browser.open_requests() {
                times.push(browser.mono());
                let header: Vec<_> = header
                    .map(|text| ("retryAfter", Value::from(text)))
                    .into_iter()
                    .collect();
                request.answer_with(status, json!(null), &header);
            }
        }
        assert!(times.len() > 20, "{status}: it goes on");
        for &first in &times {
            let within = times
                .iter()
                .filter(|&&time| (first..first + HOUR).contains(&time));
            assert!(within.count() <= 20, "{status} from {first}");
        }
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}

#[test]
fn n06_it_waits_as_long_as_the_server_says() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.advance(HOUR - 30_000.0);
    browser
        .request()
        .answer_with(429, json!({}), &[("retryAfter", "600".into())]);
    browser.advance(600_000.0 - 1.0);
    assert_eq!(browser.sent(), 1);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 2);
    assert_eq!(
        tab.events(),
        ["RenewFailed: signed-in, rate_limited", "Expired: expired"]
    );
    // It is over when either clock says so, and after a failure there is a pause in any case.
    for (by, wait) in [(10.0 * HOUR, 30_000.0), (-10.0 * HOUR, 600_000.0)] {
        browser
            .request()
            .answer_with(429, json!({}), &[("retryAfter", "600".into())]);
        browser.set_clock(by);
        tab.hears("wake");
        browser.advance(wait - 1.0);
        assert!(browser.open_requests().is_empty(), "{by}");
        browser.advance(1.0);
        assert_eq!(browser.open_requests().len(), 1, "{by}");
    }
}

#[test]
fn c03_nobody_is_renewed_for_who_does_nothing() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({ "idleTimeoutSeconds": 600 }));
    assert_eq!(tab.page().attends.get(), 7);
    browser.advance(HOUR);
    assert_eq!((browser.sent(), tab.status().as_str()), (0, "expired"));
    assert_eq!(tab.diagnostics()["nextRenewalAt"], json!(null));
    tab.hears("wake");
    assert_eq!(browser.sent(), 0);
    tab.hears("active");
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    browser.advance(HOUR - 30_000.0 - 600_000.0);
    tab.hears("active");
    browser.advance(599_999.0);
    assert_eq!(browser.sent(), 1);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 1, "idle for ten minutes at the very moment");
    // A call is never refused.
    tab.refresh();
    assert_eq!(browser.sent(), 2);
}

#[test]
fn n01_offline_it_waits_while_the_token_serves_and_then_asks_now_and_then() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    tab.page().is_online.set(false);
    browser.advance(HOUR - 1.0);
    assert_eq!(browser.sent(), 0);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 1);
    browser.request().answer(503, json!(null));
    browser.advance(300_000.0 - 1.0);
    assert_eq!(browser.sent(), 1);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 2);
    browser.request().answer(503, json!(null));
    // Back online: at a moment within five seconds.
    tab.page().is_online.set(true);
    tab.page().chance.set(0.5);
    browser.advance(10_000.0);
    tab.hears("online");
    browser.advance(2_499.0);
    assert_eq!(browser.sent(), 2);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 3);
    // And not within five seconds of the last request.
    tab.page().chance.set(0.0);
    browser.advance(1_000.0);
    browser.request().answer(503, json!(null));
    tab.hears("online");
    browser.advance(3_999.0);
    assert_eq!(browser.sent(), 3);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 4);
}

#[test]
fn g_an_access_token_that_ran_out_is_told_of_once() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(HOUR - 1.0);
    assert!(tab.events().is_empty());
    browser.advance(1.0);
    assert_eq!(tab.events(), ["Expired: expired"]);
    browser.advance(HOUR);
    tab.hears("wake");
    assert!(tab.events().is_empty());
    let call = tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    tab.events();
    browser.advance(HOUR);
    assert_eq!(tab.events(), ["Expired: expired"]);
    // One that ran out while nobody looked is no news.
    let next = Tab::open(&browser);
    next.store(Slot::Record, &tab.stored(Slot::Record));
    next.create(crate::outside::config(json!({})))
        .expect("the config is right");
    browser.advance(10.0);
    assert!(next.events().is_empty());
    assert_eq!(next.status(), "expired");
}

#[test]
fn g_a_renewal_under_way_may_prevent_it_for_as_long_as_a_call_may_take() {
    for (answered_after, events) in [
        (9_000.0, vec!["Renewed: signed-in"]),
        (11_000.0, vec!["Expired: expired", "Renewed: signed-in"]),
    ] {
        let browser = Browser::new();
        let tab = renewing(&browser, json!({}));
        browser.advance(HOUR - 30_000.0);
        assert_eq!(browser.sent(), 1);
        browser.advance(30_000.0 + answered_after);
        browser.request().answer(200, response(2));
        assert_eq!(tab.events(), events);
    }
}

#[test]
fn c04_without_a_refresh_token_the_session_ends_with_its_access_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(
        Verb::SetTokens,
        json!({ "response": { "access_token": "at-1", "expires_in": 60 } }),
    );
    tab.events();
    browser.advance(60_000.0);
    assert_eq!(tab.events(), ["Expired: signed-out"]);
    assert_eq!(tab.status(), "signed-out");
}

#[test]
fn v05_a_token_without_a_lifetime_is_good_for_five_seconds() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    tab.call(Verb::SetTokens, json!({ "response": lasting(1, 0) }));
    assert_eq!(tab.events(), ["Expired: expired"]);
    assert_eq!(tab.get_access_token().token(), "at-1");
    browser.advance(4_999.0);
    assert_eq!(tab.get_access_token().token(), "at-1");
    assert_eq!(browser.sent(), 0);
    browser.advance(HOUR);
    assert_eq!(browser.sent(), 0, "nobody asked for one");
    assert!(tab.events().is_empty());
    tab.get_access_token();
    assert_eq!(browser.sent(), 1);
}

/// The tokens are somebody else's by then: what held the last ones back says nothing of them.
#[test]
fn n06_a_new_session_does_not_wait_for_what_the_last_one_met() {
    let browser = Browser::new();
    let tab = renewing(&browser, json!({}));
    browser.advance(HOUR - 30_000.0);
    browser
        .request()
        .answer_with(429, json!({}), &[("retryAfter", "86400".into())]);
    adopt(&tab, 3600);
    browser.advance(HOUR - 30_000.0);
    assert_eq!(browser.sent(), 2);
}
