//! How much the background may ask for, as it is written down.

use crate::outside::{
    Browser, Tab, config, duplicate, family, later, message, response, signed_in, time, twins,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const HOUR: f64 = 3_600_000.0;
const COST: f64 = 300_000.0;

fn debt(tab: &Tab) -> serde_json::Value {
    tab.stored(Slot::Record)["debt"].clone()
}

/// A tab that renews by itself, a moment before its first renewal.
fn due(browser: &Browser, more: serde_json::Value) -> Tab {
    let mut config = json!({ "autoRenew": true });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    let tab = signed_in(browser, config);
    browser.advance(HOUR - 30_001.0);
    assert_eq!(browser.sent(), 0);
    tab
}

#[test]
fn n06_the_metadata_too_may_be_asked_for_only_when_the_server_says_so() {
    for status in [429, 503] {
        let browser = Browser::new();
        let tab = due(&browser, json!({ "endpoints": null }));
        let twin = duplicate(&tab, json!({}));
        browser.advance(1.0);
        let request = browser.request();
        assert!(request.url.ends_with("/openid-configuration"));
        request.answer_with(status, json!(null), &[("retryAfter", "1800".into())]);
        let until = browser.wall() + 1_800_000.0;
        for tab in [&tab, &twin] {
            assert_eq!(tab.stored(Slot::Record)["wait_until"], time(until));
        }
        browser.advance(1_799_999.0);
        assert_eq!(browser.sent(), 1);
        browser.advance(1.0);
        assert_eq!(browser.sent(), 2);
    }
}

/// Symptom: a background request long before `Retry-After` was over (seed 192119). Cause: what came in answer to a request that another
/// tab's had overtaken was of no interest.
#[test]
fn n06_a_request_that_was_overtaken_may_have_been_told_to_wait_too() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let call = one.refresh();
    let slow = browser.request();
    one.hears("leave");
    other.refresh();
    browser.advance(200.0);
    let quick = browser.open_requests().pop().expect("the other one sends");
    quick.answer(200, response(2));
    one.hears("show");
    slow.answer_with(429, json!({}), &[("retryAfter", "600".into())]);
    assert_eq!(call.token(), "at-2");
    let until = browser.wall() + 600_000.0;
    for tab in [&one, &other] {
        assert_eq!(tab.stored(Slot::Record)["wait_until"], time(until));
    }
}

/// Symptom: a tab asked before `Retry-After` was over, of which another had told it. Cause: the metadata's own, which was shorter, took its place.
#[test]
fn n06_a_shorter_pause_of_the_metadata_ends_no_longer_one() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "endpoints": null, "autoRenew": true }));
    tab.refresh();
    let told = json!({ "wait_until": 1_800_000_120_000_u64, "open": false });
    tab.receives(&message(&tab, "notes", told));
    let retry_after = [("retryAfter", "7".into())];
    browser
        .request()
        .answer_with(429, json!(null), &retry_after);
    let stored = tab.stored(Slot::Record);
    assert_eq!(stored["wait_until"], 1_800_000_120_000_u64);
}

#[test]
fn c06_each_request_is_owed_for_until_it_turns_out_well() {
    let browser = Browser::new();
    let tab = due(&browser, json!({}));
    browser.advance(1.0);
    assert_eq!(debt(&tab), time(browser.wall() + COST));
    browser.advance(1_000.0);
    browser.request().answer(503, json!(null));
    let first = browser.wall() - 1_000.0;
    assert_eq!(debt(&tab), time(first + COST));
    browser.advance(30_000.0);
    assert_eq!(browser.sent(), 2);
    assert_eq!(debt(&tab), time(first + 2.0 * COST));
    // What turned out well costs nothing; the failure before it is still owed for.
    browser.request().answer(200, response(2));
    assert_eq!(debt(&tab), time(first + COST));
    // A caller's request changes nothing of it.
    browser.advance(10_000.0);
    tab.refresh();
    assert_eq!(debt(&tab), time(first + COST));
    browser.request().answer(200, response(3));
    assert_eq!(debt(&tab), time(first + COST));
    browser.advance(COST);
    tab.refresh();
    browser.request().answer(200, response(4));
    assert_eq!(debt(&tab), json!(null));
}

#[test]
fn c06_one_that_turns_out_well_at_once_leaves_no_debt() {
    let browser = Browser::new();
    let tab = due(&browser, json!({}));
    browser.advance(1.0);
    browser.request().answer(200, response(2));
    assert_eq!(debt(&tab), json!(null));
}

/// What is written down is worth nothing then; what is counted by the page's own clock is.
#[test]
fn c02_c06_a_clock_that_jumps_buys_no_requests() {
    for jump in [HOUR, 24.0 * HOUR, -24.0 * HOUR] {
        let browser = Browser::new();
        let tab = due(&browser, json!({}));
        let mut times = Vec::new();
        let end = browser.mono() + 3.0 * HOUR;
        while browser.mono() < end {
            browser.advance(browser.next_timer(&tab).min(60_000.0));
            for request in browser.open_requests() {
                times.push(browser.mono());
                request.answer(503, json!(null));
                browser.set_clock(jump);
            }
        }
        assert!(times.len() > 20, "{jump}: it goes on, {}", times.len());
        for &first in &times {
            let within = times
                .iter()
                .filter(|&&time| (first..first + HOUR).contains(&time));
            assert!(within.count() <= 20, "{jump}");
        }
    }
}

#[test]
fn c06_an_attempt_is_repeated_by_itself_only_where_it_is_paid_for() {
    for is_background in [true, false] {
        let browser = Browser::new();
        let tab = due(&browser, json!({ "rotationGraceSeconds": 30 }));
        // Seven are owed for when the time has come; a caller does not mind even eight.
        let owed = if is_background { 7.0 } else { 8.0 };
        let mut stored = tab.stored(Slot::Record);
        stored["debt"] = time(browser.wall() + 1.0 + owed * COST);
        tab.store(Slot::Record, &stored);
        tab.client().look_again();
        if !is_background {
            tab.refresh();
        }
        browser.advance(1.0);
        assert_eq!(browser.sent(), 1);
        browser.request().answer(503, json!(null));
        browser.advance(1_000.0);
        assert_eq!(browser.sent(), if is_background { 1 } else { 2 });
    }
}

#[test]
fn c06_an_endpoint_that_is_not_found_is_owed_for_too() {
    let browser = Browser::new();
    let tab = due(&browser, json!({ "endpoints": null }));
    let call = tab.refresh();
    browser.request().answer(503, json!(null));
    assert_eq!((call.code().as_str(), debt(&tab)), ("server", json!(null)));
    browser.advance(1.0);
    browser.request().answer(503, json!(null));
    assert_eq!(debt(&tab), time(browser.wall() + COST));
    assert_eq!(tab.events(), ["RenewFailed: signed-in, server"]);
    browser.advance(29_999.0);
    assert_eq!(browser.sent(), 2);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 3);
}

#[test]
fn n06_a_sibling_that_waits_for_its_turn_heeds_what_the_first_one_met() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "autoRenew": true }));
    let family = one.stored(Slot::Record)["family"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    browser.lock_silent(&family);
    browser.advance(HOUR - 30_000.0);
    browser.free_silent();
    assert_eq!((browser.sent(), browser.locked()), (1, vec![0, 1]));
    browser
        .request()
        .answer_with(429, json!({}), &[("retryAfter", "600".into())]);
    assert_eq!(one.events(), ["RenewFailed: signed-in, rate_limited"]);
    browser.advance(10_000.0);
    assert_eq!(browser.sent(), 1);
    assert!(other.events().is_empty(), "nothing of its own failed");
}

#[test]
fn t05_behind_somebody_who_does_not_answer_the_background_asks_for_a_while_and_then_rests() {
    let browser = Browser::new();
    let tab = due(&browser, json!({}));
    let family = tab.stored(Slot::Record)["family"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    browser.show_silent(&family, 2.0);
    browser.posted();
    browser.advance(10_001.0);
    assert!(browser.said().len() >= 20);
    assert_eq!(tab.events(), ["RenewFailed: signed-in, timeout"]);
    browser.advance(19_999.0);
    tab.events();
    browser.advance(10_000.0);
    assert!(browser.said().is_empty());
    browser.advance(1.0);
    assert!(!browser.said().is_empty());
    assert_eq!(browser.sent(), 0);
}

#[test]
fn t05_one_that_is_known_to_be_behind_does_not_send_while_its_token_is_young() {
    for (set_back, is_sent) in [(0.0, false), (5_000.0, false), (5_001.0, true)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let mut stored = tab.stored(Slot::Record);
        stored["seen"] = json!(2);
        let next = Tab::open(&browser);
        next.store(Slot::Record, &stored);
        tab.client().close();
        browser.set_clock(-set_back);
        next.create(config(json!({}))).expect("the config is right");
        let call = next.refresh();
        assert_eq!(browser.sent(), usize::from(is_sent), "{set_back}");
        if !is_sent {
            assert_eq!(call.code(), "timeout");
        }
    }
}

#[test]
fn t05_what_comes_while_the_lock_is_another_s_is_taken_at_once() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let family = tab.stored(Slot::Record)["family"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    browser.lock_silent(&family);
    let call = tab.refresh();
    browser.advance(500.0);
    let news = json!({ "generation": 2, "record": later(&tab, 2), "ms": 0 });
    tab.receives(&message(&tab, "tokens", news));
    assert_eq!((call.token().as_str(), browser.sent()), ("at-2", 0));
    assert_eq!(browser.locked(), [usize::MAX]);
}

/// A sibling's narrower token is its own: what it handed over is the refresh token alone.
#[test]
fn r11_t02_a_refresh_token_that_comes_alone_is_no_answer() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let narrow = one.call(Verb::Refresh, json!({ "scope": "openid" }));
    let call = other.refresh();
    let body = json!({ "access_token": "narrow", "expires_in": 60, "refresh_token": "rt-2" });
    browser.request().answer(200, body);
    assert_eq!(
        (narrow.token().as_str(), other.refresh_token().as_str()),
        ("narrow", "rt-2")
    );
    assert!(call.is_open() && other.events().is_empty());
    assert_eq!(browser.request().form["refresh_token"], "rt-2");
    browser.request().answer(200, response(3));
    assert_eq!(call.token(), "at-3");
}

#[test]
fn t02_older_news_will_do_for_who_wants_an_access_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let mut record = later(&tab, 2);
    record["expires_at"] = time(browser.wall() + 2.0 * HOUR);
    browser.advance(HOUR);
    let call = tab.get_access_token();
    let request = browser.request();
    request.fail();
    assert_eq!(call.code(), "network");
    browser.lock_silent(record["family"].as_str().unwrap_or_default());
    let call = tab.get_access_token();
    let news = json!({ "generation": 2, "record": record, "ms": HOUR });
    tab.receives(&message(&tab, "tokens", news));
    assert_eq!((call.token().as_str(), browser.sent()), ("at-2", 1));
}

/// Without a grace the request of a tab that died may still be answered by somebody; nobody else sends it meanwhile.
#[test]
fn r13_r10_what_a_sibling_sent_is_left_alone_for_as_long_as_it_may_be_answered() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "autoRenew": true }));
    browser.advance(HOUR - 40_000.0);
    one.refresh();
    browser.kill(&one);
    browser.advance(59_999.0);
    assert_eq!(browser.sent(), 1);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 2);
    assert_eq!(browser.request().form["refresh_token"], "rt-1");
    browser.request().answer(200, response(2));
    assert_eq!(other.get_access_token().token(), "at-2");
}

/// Symptom: after a sleep `getAccessToken` gave a token that had run out. Cause: it counted as new when it came, and it had been on its way
/// for as long as the device slept.
#[test]
fn c03_t02_tokens_that_ran_out_on_their_way_are_no_answer() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(HOUR);
    let mut record = later(&tab, 2);
    browser.lock_silent(record["family"].as_str().unwrap_or_default());
    let call = tab.get_access_token();
    record["expires_at"] = time(browser.wall() - 6_000.0);
    let news = json!({ "generation": 2, "record": record, "ms": 0 });
    tab.receives(&message(&tab, "tokens", news));
    assert!(call.is_open());
}

/// A request that turns out well pays for itself and for none before it, also where the time of day is worth nothing.
#[test]
fn c02_c06_what_turns_out_well_pays_for_no_failure() {
    let browser = Browser::new();
    let tab = due(&browser, json!({}));
    let (mut failures, mut number) = (Vec::new(), 1);
    let end = browser.mono() + 3.0 * HOUR;
    while browser.mono() < end {
        browser.advance(browser.next_timer(&tab).min(60_000.0));
        for request in browser.open_requests() {
            number += 1;
            if number % 2 == 0 {
                failures.push(browser.mono());
                request.answer(503, json!(null));
            } else {
                let mut short = response(number);
                short["expires_in"] = json!(10);
                request.answer(200, short);
            }
            browser.set_clock(HOUR);
        }
    }
    for &first in &failures {
        let within = failures
            .iter()
            .filter(|&&time| (first..first + HOUR).contains(&time));
        assert!(within.count() <= 20);
    }
    assert!(failures.len() > 20, "it goes on: {}", failures.len());
}

/// Symptom: a fourth attempt with one refresh token. Cause: another tab told of its discovery, and that an attempt was open, which was this
/// tab's own: it stood by to finish it.
#[test]
fn n02_n06_a_sender_does_not_stand_by_for_its_own_attempt() {
    let browser = Browser::new();
    let settings = json!({ "endpoints": null, "rotationGraceSeconds": 30, "autoRenew": true });
    let tab = signed_in(&browser, settings.clone());
    tab.refresh();
    let document =
        json!({ "issuer": "https://as.example", "token_endpoint": "https://as.example/token" });
    browser.request().answer(200, document);
    browser.request().answer(200, response(2));
    let twin = duplicate(&tab, settings);
    twin.remove(Slot::Metadata);
    browser.advance(1_000.0);
    let call = tab.refresh();
    twin.refresh();
    let open = browser.open_requests();
    open[1].answer_with(429, json!(null), &[("retryAfter", "1".into())]);
    open[0].fail();
    for _ in 0..2 {
        browser.advance(3_000.0);
        browser.request().fail();
    }
    assert_eq!(call.code(), "network");
    let sent = browser.sent();
    browser.advance(20_000.0);
    assert_eq!(browser.sent(), sent);
}

/// A tab that is told to wait by the server's metadata may not have heard yet of the attempt that this one has open.
#[test]
fn n06_a_sibling_s_wait_is_not_about_the_attempt_that_is_open() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.refresh();
    let sent_at = tab.stored(Slot::Record)["sent_at"].clone();
    assert!(sent_at.is_number());
    let until = browser.wall() + 60_000.0;
    tab.receives(&message(&tab, "notes", json!({ "wait_until": until })));
    let stored = tab.stored(Slot::Record);
    assert_eq!(
        (&stored["sent_at"], &stored["wait_until"]),
        (&sent_at, &time(until))
    );
}

/// Nor is a token that an app adopts, and has had for a while, the answer to a refresh that waits in another tab.
#[test]
fn t02_what_is_adopted_is_as_old_as_it_is() {
    for (age, is_answer) in [(0.0, true), (600_000.0, false)] {
        let browser = Browser::new();
        let (tab, twin) = twins(&browser, json!({}));
        browser.lock_silent(&family(&tab));
        let call = twin.refresh();
        browser.advance(1.0);
        let mut given = response(1);
        given["access_token"] = json!("at-9");
        let received_at = browser.wall() - age;
        tab.call(
            Verb::SetTokens,
            json!({ "response": given, "options": { "receivedAt": received_at } }),
        );
        assert_eq!(twin.get_access_token().token(), "at-9");
        assert_eq!(call.is_open(), !is_answer, "{age}");
    }
}
