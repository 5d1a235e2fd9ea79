//! Tabs that hold one session.

use crate::outside::{
    Browser, Call, Tab, config, family, given_of_user, later, message, response, signed_in, twins,
};
use rekindle::client::Verb;
use rekindle::platform::{Coordination, Slot};
use serde_json::json;

const HOUR: f64 = 3_600_000.0;

#[test]
fn t01_siblings_that_refresh_at_once_are_one_request() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let calls: Vec<Call> = [&one, &other, &other]
        .map(Tab::refresh)
        .into_iter()
        .collect();
    assert_eq!(browser.locked(), [0, 1]);
    browser.advance(1_000.0);
    browser.request().answer(200, response(2));
    assert!(calls.iter().all(|call| call.token() == "at-2"));
    assert_eq!(
        (one.refresh_token(), other.refresh_token()),
        ("rt-2".to_owned(), "rt-2".to_owned())
    );
    assert_eq!(browser.sent(), 1);
    assert!(browser.locked().is_empty());
    let mut shown = browser.shown();
    shown.sort_by(f64_pairs);
    assert_eq!(shown, [(0, 2.0), (1, 2.0)]);
}

fn f64_pairs(one: &(usize, f64), other: &(usize, f64)) -> std::cmp::Ordering {
    one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
}

#[test]
fn t02_what_one_tab_gets_its_duplicate_has() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    one.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(
        (other.refresh_token().as_str(), other.generation()),
        ("rt-2", 2.0)
    );
    assert_eq!(other.stored(Slot::Record)["refresh_token"], "rt-2");
    assert_eq!(other.events(), ["Renewed: signed-in"]);
    assert_eq!(other.get_access_token().token(), "at-2");
}

/// A copy that was asleep, or still loading, when the news came.
#[test]
fn t02_a_copy_that_missed_the_news_asks_before_it_sends() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    other.page().attends.set(0);
    one.refresh();
    browser.request().answer(200, response(2));
    other.page().attends.set(3);
    assert_eq!(other.generation(), 1.0);
    let call = other.refresh();
    assert_eq!(call.token(), "at-2");
    assert_eq!(browser.sent(), 1);
    // At the start it asks too.
    let stored = one.stored(Slot::Record);
    one.refresh();
    browser.request().answer(200, response(3));
    let late = Tab::open(&browser);
    late.store(Slot::Record, &stored);
    late.create(config(json!({}))).expect("the config is right");
    assert_eq!((late.refresh_token().as_str(), browser.sent()), ("rt-3", 2));
}

#[test]
fn t05_behind_somebody_who_does_not_answer_a_tab_waits_and_never_sends() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "rotationGraceSeconds": 30 }));
    browser.show_silent(&family(&tab), 2.0);
    browser.posted();
    let call = tab.refresh();
    assert_eq!(browser.said(), ["ask"]);
    for _ in 0..19 {
        browser.advance(499.0);
        assert!(browser.said().is_empty());
        browser.advance(1.0);
        assert_eq!(browser.said(), ["ask"]);
    }
    browser.advance(500.0);
    assert_eq!(call.code(), "timeout");
    assert_eq!(browser.sent(), 0);
    assert!(browser.locked().is_empty());
    let stored = tab.stored(Slot::Record);
    assert_eq!(stored["seen"], 2);
    // It is gone: inside the grace of what it must have sent, the refresh token is worth a try.
    browser.hide_silent();
    let call = tab.refresh();
    assert_eq!(browser.request().form["refresh_token"], "rt-1");
    browser.refuse();
    assert_eq!(call.error().stringify_member("reason"), r#""lost_answer""#);
}

#[test]
fn t05_a_refresh_token_that_is_spent_for_certain_is_sent_near_expiry_only() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.show_silent(&family(&tab), 2.0);
    let call = tab.refresh();
    browser.advance(10_000.0);
    assert_eq!(call.code(), "timeout");
    browser.hide_silent();
    assert_eq!(tab.refresh().code(), "timeout");
    assert_eq!(tab.get_access_token().token(), "at-1");
    assert_eq!(browser.sent(), 0);
    browser.advance(HOUR - 10_000.0 - 45_001.0);
    assert_eq!(tab.refresh().code(), "timeout");
    browser.advance(1.0);
    tab.refresh();
    assert_eq!(browser.sent(), 1);
}

/// News from before a call began are what it goes on from; what came after it is its answer.
#[test]
fn t05_behind_somebody_who_answers_late_a_tab_takes_what_it_says() {
    for (age, is_answer) in [
        (0.0, true),
        (3_210.0, true),
        (3_211.0, false),
        (HOUR, false),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        browser.show_silent(&family(&tab), 2.0);
        let (call, access) = (tab.refresh(), tab.get_access_token());
        browser.advance(3_210.0);
        let news = json!({ "generation": 2, "record": later(&tab, 2), "ms": age });
        tab.receives(&message(&tab, "tokens", news));
        assert_eq!(access.token(), "at-1");
        if !is_answer {
            assert_eq!(browser.request().form["refresh_token"], "rt-2");
            browser.request().answer(200, response(3));
        }
        let (token, sent) = if is_answer { ("at-2", 0) } else { ("at-3", 1) };
        assert_eq!(
            (call.token().as_str(), browser.sent()),
            (token, sent),
            "{age}"
        );
        assert!(browser.locked().is_empty());
    }
}

#[test]
fn t05_while_another_tab_has_the_lock_calls_end_in_time_and_send_nothing() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let first = one.call(Verb::Refresh, json!({ "timeoutMs": 60_000 }));
    let second = other.refresh();
    browser.advance(9_999.0);
    assert!(second.is_open());
    browser.advance(1.0);
    assert_eq!(second.code(), "timeout");
    assert_eq!(other.get_access_token().token(), "at-1");
    browser.request().answer(200, response(2));
    assert_eq!(
        (first.token().as_str(), other.refresh_token().as_str()),
        ("at-2", "rt-2")
    );
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t05_a_lock_that_becomes_free_without_news_is_the_next_one_s() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "rotationGraceSeconds": 30 }));
    one.refresh();
    let call = other.refresh();
    assert_eq!(browser.sent(), 1);
    browser.kill(&one);
    // Inside the grace, and on a caller's word; it counts as an attempt of its own.
    assert_eq!(browser.sent(), 2);
    browser.refuse();
    assert_eq!(call.error().stringify_member("reason"), r#""lost_answer""#);
}

#[test]
fn r13_what_a_sibling_began_and_did_not_finish_is_repeated_inside_the_grace() {
    for (grace, is_repeated) in [(30, true), (0, false)] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({ "rotationGraceSeconds": grace }));
        one.refresh();
        assert_eq!(
            other.stored(Slot::Record)["sent_at"],
            one.stored(Slot::Record)["sent_at"]
        );
        browser.advance(2_000.0);
        browser.kill(&one);
        browser.advance(200.0);
        assert_eq!(browser.sent(), 1 + usize::from(is_repeated));
        if is_repeated {
            browser.request().answer(200, response(2));
            assert_eq!(other.events(), ["Renewed: signed-in"]);
        }
        assert_eq!(
            other.get_access_token().token(),
            if is_repeated { "at-2" } else { "at-1" }
        );
    }
}

#[test]
fn r13_what_a_sibling_finished_is_not() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "rotationGraceSeconds": 30 }));
    let call = one.refresh();
    browser.request().answer(429, json!({}));
    assert_eq!(call.code(), "rate_limited");
    assert_eq!(other.stored(Slot::Record)["sent_at"], json!(null));
    assert_eq!(
        other.stored(Slot::Record)["wait_until"],
        one.stored(Slot::Record)["wait_until"]
    );
    browser.kill(&one);
    browser.advance(20_000.0);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t04_without_locks_the_others_are_asked_first() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    for tab in [&one, &other] {
        tab.page().coordination.set(Coordination::Channel);
    }
    one.page().chance.set(0.5);
    let call = one.refresh();
    assert_eq!(browser.said(), ["ask"]);
    browser.advance(299.0);
    assert_eq!(browser.sent(), 0);
    browser.advance(1.0);
    assert_eq!(browser.sent(), 1);
    assert_eq!(browser.said(), ["notes"]);
    // The other one has heard of it, and waits.
    let waiting = other.refresh();
    browser.advance(5_000.0);
    assert_eq!(browser.sent(), 1);
    browser.request().answer(200, response(2));
    assert_eq!(
        (call.token().as_str(), waiting.token().as_str()),
        ("at-2", "at-2")
    );
    assert_eq!(other.diagnostics()["coordination"], "channel");
}

#[test]
fn t04_with_neither_each_tab_is_alone() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    for tab in [&one, &other] {
        tab.page().coordination.set(Coordination::None);
    }
    let call = one.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(
        (
            other.refresh_token().as_str(),
            other.diagnostics()["coordination"].as_str()
        ),
        ("rt-1", Some("none"))
    );
    assert_eq!(one.diagnostics()["liveTabs"], json!(null));
}

#[test]
fn t06_a_page_that_may_sleep_lets_go_of_everything_and_asks_when_it_is_back() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "autoRenew": true }));
    other.hears("hide");
    assert_eq!(other.page().attends.get(), 1);
    assert_eq!(browser.shown(), [(0, 1.0)]);
    assert!(browser.next_timer(&other).is_infinite());
    one.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(other.generation(), 1.0);
    browser.posted();
    other.hears("show");
    assert_eq!(browser.said(), ["ask", "tokens"]);
    assert_eq!(other.page().attends.get(), 3);
    assert_eq!(other.refresh_token(), "rt-2");
    let mut shown = browser.shown();
    shown.sort_by(f64_pairs);
    assert_eq!(shown, [(0, 2.0), (1, 2.0)]);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t06_an_exchange_under_way_lets_go_of_its_lock_while_the_page_sleeps() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let call = one.refresh();
    one.hears("hide");
    assert!(browser.locked().is_empty());
    assert_eq!(
        other.stored(Slot::Record)["sent_at"],
        one.stored(Slot::Record)["sent_at"]
    );
    one.hears("show");
    browser.request().answer(200, response(2));
    assert_eq!(
        (call.token().as_str(), other.refresh_token().as_str()),
        ("at-2", "rt-2")
    );
    assert!(browser.locked().is_empty());
}

/// Symptom: a page slept with the refresh lock held. Cause: the same user signed in again while it was looked into why the server cannot be
/// read; from then on nobody knew that the exchange before had the lock still.
#[test]
fn t06_a_lock_is_let_go_of_whatever_its_exchange_does() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(Verb::SetTokens, given_of_user(5));
    browser.advance(3_700_000.0);
    for _ in 0..3 {
        let call = tab.refresh();
        for request in browser.open_requests() {
            request.fail();
        }
        drop(call);
    }
    // It is looked into.
    assert!(browser.request().url.contains("openid-configuration"));
    tab.call(Verb::SetTokens, given_of_user(7));
    assert_eq!(tab.refresh_token(), "rt-7");
    tab.hears("hide");
    assert!(browser.locked().is_empty());
}

#[test]
fn r03_a_refused_refresh_token_ends_the_session_in_every_tab_without_another_request() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let call = one.refresh();
    browser.request().answer(
        400,
        json!({ "error": "invalid_grant", "error_description": "gone" }),
    );
    browser.advance(200.0);
    assert_eq!(call.code(), "invalid_grant");
    assert_eq!(other.events(), ["SessionLost: signed-out, invalid_grant"]);
    assert_eq!(other.stored(Slot::Record), json!(null));
    assert_eq!(browser.sent(), 1);
}

#[test]
fn r03_a_successor_that_a_sibling_has_is_taken() {
    for (age, is_answer) in [(150.0, true), (HOUR, false)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let call = tab.refresh();
        browser
            .request()
            .answer(400, json!({ "error": "invalid_grant" }));
        browser.advance(150.0);
        assert!(call.is_open());
        let news = json!({ "generation": 2, "record": later(&tab, 2), "ms": age });
        tab.receives(&message(&tab, "tokens", news));
        if !is_answer {
            // The refresh token that was refused is not the one that is held now.
            assert_eq!(browser.request().form["refresh_token"], "rt-2");
            browser.request().answer(200, response(3));
        }
        assert_eq!(call.token(), if is_answer { "at-2" } else { "at-3" });
        assert_eq!(tab.status(), "signed-in");
        assert!(
            tab.events()
                .iter()
                .all(|event| event == "Renewed: signed-in")
        );
    }
}

#[test]
fn t02_what_a_sibling_says_is_input_like_any_other() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let record = tab.stored(Slot::Record);
    let newer = later(&tab, 2);
    let with = |name: &str, value: serde_json::Value| {
        let mut record = newer.clone();
        record[name] = value;
        record
    };
    let tokens = |record: serde_json::Value| {
        message(&tab, "tokens", json!({ "generation": 2, "record": record }))
    };
    for said in [
        json!({}),
        json!({ "what": "tokens" }),
        json!({ "what": "rubbish", "family": record["family"], "generation": 9 }),
        tokens(json!(null)),
        tokens(json!("record")),
        tokens(json!({})),
        tokens(with("family", json!("another"))),
        tokens(with("client_id", json!("another"))),
        tokens(with("issuer", json!("https://evil.example"))),
        tokens(with("generation", json!(1))),
        tokens(with("generation", json!(0))),
        tokens(with("generation", json!("2"))),
        tokens(with("access_token", json!(5))),
        tokens(with("version", json!(1))),
        tokens(with("refresh_token", json!("r".repeat((1 << 20) + 1)))),
        message(
            &tab,
            "tokens",
            json!({ "family": "another", "record": newer }),
        ),
        message(&tab, "signed-out", json!({ "family": "another" })),
        message(&tab, "signed-out", json!({ "family": null })),
        message(&tab, "lost", json!({ "family": "another" })),
        message(&tab, "lost", json!({ "generation": 0 })),
        message(&tab, "lost", json!({ "generation": null })),
        message(&tab, "notes", json!({ "generation": 2, "sent_at": 1 })),
        message(&tab, "notes", json!({ "debt": 0, "seen": 0, "paused": 0 })),
        message(&tab, "notes", json!({ "family": "another", "sent_at": 1 })),
        message(
            &tab,
            "notes",
            json!({ "sent_at": "1", "wait_until": null, "debt": {} }),
        ),
    ] {
        let shown = said.to_string();
        tab.receives(&said);
        assert_eq!(tab.stored(Slot::Record), record, "{:.200}", shown);
        assert_eq!(tab.status(), "signed-in");
        assert!(tab.events().is_empty(), "{:.200}", shown);
    }
    tab.receives(&tokens(newer));
    assert_eq!(tab.refresh_token(), "rt-2");
}

#[test]
fn t02_who_asks_is_answered_by_who_has_more() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.refresh();
    browser.request().answer(200, response(2));
    browser.posted();
    for (generation, is_answered) in [
        (json!(1), true),
        (json!(2), false),
        (json!(3), false),
        (json!(null), false),
    ] {
        tab.receives(&message(&tab, "ask", json!({ "generation": generation })));
        assert_eq!(
            browser.said().len(),
            usize::from(is_answered),
            "{generation}"
        );
    }
    tab.receives(&message(
        &tab,
        "ask",
        json!({ "family": "another", "generation": 1 }),
    ));
    // Without a family anything is asked for, and nothing is shared here.
    tab.receives(&json!({ "what": "ask" }));
    assert!(browser.said().is_empty());
}

#[test]
fn n06_what_one_tab_met_holds_for_all() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "autoRenew": true }));
    one.page().chance.set(1.0);
    browser.advance(HOUR - 60_000.0);
    one.refresh();
    browser
        .request()
        .answer_with(429, json!({}), &[("retryAfter", "600".into())]);
    browser.advance(600_000.0 - 1.0);
    assert_eq!(browser.sent(), 1);
    browser.advance(1.0);
    // One of the two, when the time has come.
    assert_eq!(browser.sent(), 2);
    assert_eq!(
        other.stored(Slot::Record)["wait_until"],
        one.stored(Slot::Record)["wait_until"]
    );
}
