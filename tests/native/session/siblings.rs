//! Tabs that hold one session.

use crate::outside::{Browser, Call, Tab, config, duplicate, response, signed_in};
use rekindle::client::Verb;
use rekindle::platform::{Coordination, Slot};
use serde_json::json;

const HOUR: f64 = 3_600_000.0;

fn family(tab: &Tab) -> String {
    let stored = tab.stored(Slot::Record);
    stored["family"]
        .as_str()
        .expect("there is a record")
        .to_owned()
}

/// Two tabs with the same first tokens.
fn twins(browser: &Browser, more: serde_json::Value) -> (Tab, Tab) {
    let one = signed_in(browser, more.clone());
    let other = duplicate(&one, more);
    browser.advance(0.0);
    browser.posted();
    (one, other)
}

/// A message about the tokens that a tab holds.
fn message(tab: &Tab, what: &str, more: serde_json::Value) -> serde_json::Value {
    let stored = tab.stored(Slot::Record);
    let mut message =
        json!({ "what": what, "family": stored["family"], "generation": stored["generation"] });
    for (name, value) in more.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    message
}

/// The record of a later generation.
fn later(tab: &Tab, number: u32) -> serde_json::Value {
    let mut record = tab.stored(Slot::Record);
    record["access_token"] = json!(format!("at-{number}"));
    record["refresh_token"] = json!(format!("rt-{number}"));
    record["generation"] = json!(number);
    record
}

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
    browser
        .request()
        .answer(400, json!({ "error": "invalid_grant" }));
    browser.advance(200.0);
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

#[test]
fn t05_behind_somebody_who_answers_late_a_tab_takes_what_it_says() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.show_silent(&family(&tab), 2.0);
    let call = tab.refresh();
    browser.advance(3_210.0);
    let record = later(&tab, 2);
    tab.receives(&message(
        &tab,
        "tokens",
        json!({ "generation": 2, "record": record }),
    ));
    assert_eq!((call.token().as_str(), browser.sent()), ("at-2", 0));
    assert!(browser.locked().is_empty());
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
    // Inside the grace; it counts as an attempt of its own.
    assert_eq!(browser.sent(), 2);
    browser
        .request()
        .answer(400, json!({ "error": "invalid_grant" }));
    browser.advance(200.0);
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
        browser.advance(100.0);
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

#[test]
fn t08_a_sign_out_reaches_every_tab_of_the_session_and_no_other() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    let stranger = Tab::open(&browser);
    stranger
        .create(config(json!({})))
        .expect("the config is right");
    stranger.call(Verb::SetTokens, json!({ "response": response(9) }));
    stranger.events();
    let pending = other.refresh();
    one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(pending.code(), "signed_out");
    assert_eq!(
        (other.events(), other.status().as_str()),
        (vec!["SignedOut: signed-out".to_owned()], "signed-out")
    );
    assert_eq!(other.stored(Slot::Record), json!(null));
    assert_eq!(
        (stranger.status().as_str(), stranger.events().len()),
        ("signed-in", 0)
    );
}

#[test]
fn t08_a_tab_that_slept_finds_the_sign_out_when_it_is_back() {
    for way in ["show", "stored", "load", "refresh", "answer"] {
        let browser = Browser::new();
        let (one, other) = twins(&browser, json!({}));
        let stored = other.stored(Slot::Record);
        let open = (way == "answer").then(|| other.refresh());
        other.page().attends.set(0);
        one.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        assert_eq!(other.status(), "signed-in");
        let mut tab = other.clone();
        match way {
            "load" => {
                tab = Tab::open(&browser);
                tab.store(Slot::Record, &stored);
                tab.create(config(json!({}))).expect("the config is right");
            }
            "refresh" => assert_eq!(other.refresh().code(), "signed_out"),
            "answer" => {
                browser.request().answer(200, response(2));
                assert_eq!(open.expect("it was called").code(), "signed_out");
            }
            event => other.hears(event),
        }
        assert_eq!(tab.status(), "signed-out", "{way}");
        assert_eq!(tab.stored(Slot::Record), json!(null), "{way}");
    }
}

#[test]
fn t08_tombstones_name_nobody_are_few_and_do_not_last() {
    let browser = Browser::new();
    for number in 1..=25 {
        let tab = Tab::open(&browser);
        tab.create(config(json!({}))).expect("the config is right");
        tab.call(Verb::SetTokens, json!({ "response": response(number) }));
        tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
        browser.advance(1.0);
    }
    let tab = Tab::open(&browser);
    let stones = tab.stored(Slot::Tombstones);
    let text = stones.to_string();
    assert!(!text.contains("rt-") && !text.contains("at-"), "{text}");
    assert_eq!(stones["version"], 1);
    let stones = stones["tombstones"]
        .as_array()
        .expect("it is a list")
        .clone();
    assert_eq!(stones.len(), 20);
    assert_eq!(stones[19]["at"], json!(1_800_000_000_024_u64));
    // The same tokens given again begin a session again.
    tab.create(config(json!({}))).expect("the config is right");
    tab.call(Verb::SetTokens, json!({ "response": response(25) }));
    assert_eq!(tab.status(), "signed-in");
    let left = tab.stored(Slot::Tombstones);
    assert_eq!(left["tombstones"].as_array().map(Vec::len), Some(19));
    // After 30 days they say nothing.
    let record = tab.stored(Slot::Record);
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    for (wait, status) in [(30.0 * 24.0 * HOUR - 1.0, "signed-out"), (1.0, "expired")] {
        browser.advance(wait);
        let next = Tab::open(&browser);
        next.store(Slot::Record, &record);
        next.create(config(json!({}))).expect("the config is right");
        assert_eq!(next.status(), status, "{wait}");
    }
}

#[test]
fn t08_where_no_tombstone_can_be_written_diagnostics_say_so() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.page()
        .refuses
        .set(Some(rekindle::platform::StorageFailed::Full));
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    let warnings = tab.diagnostics()["warnings"].to_string();
    assert!(warnings.contains("sign-out"), "{warnings}");
    assert_eq!(tab.status(), "signed-out");
}

#[test]
fn t09_tabs_that_are_given_the_same_tokens_are_siblings() {
    let browser = Browser::new();
    let one = signed_in(&browser, json!({}));
    let other = signed_in(&browser, json!({}));
    assert_eq!(family(&one), family(&other));
    let calls = [one.refresh(), other.refresh()];
    browser.request().answer(200, response(2));
    assert!(calls.iter().all(|call| call.token() == "at-2"));
    assert_eq!(browser.sent(), 1);
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
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    // It does not show what it has, and did not hear of the other's.
    other.page().attends.set(0);
    let stored = other.stored(Slot::Record);
    let call = one.refresh();
    browser
        .request()
        .answer(400, json!({ "error": "invalid_grant" }));
    browser.advance(150.0);
    assert!(call.is_open());
    other.store(Slot::Record, &stored);
    let record = later(&one, 2);
    one.receives(&message(
        &one,
        "tokens",
        json!({ "generation": 2, "record": record }),
    ));
    assert_eq!(
        (call.token().as_str(), one.refresh_token().as_str()),
        ("at-2", "rt-2")
    );
    assert_eq!(one.events(), ["Renewed: signed-in"]);
    assert_eq!(browser.sent(), 1);
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

#[test]
fn t01_a_new_tab_takes_a_shared_session_over() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "shareSession": true }));
    let sharing = || config(json!({ "shareSession": true }));
    let next = Tab::open(&browser);
    next.create(sharing()).expect("the config is right");
    let call = next.call(Verb::TakeOver, json!({}));
    assert!(matches!(call.ended(), Some(Ok(None))));
    assert_eq!(
        (next.refresh_token().as_str(), next.events()),
        ("rt-1", vec!["SignedIn: signed-in".to_owned()])
    );
    assert_eq!(
        next.stored(Slot::Record)["family"],
        tab.stored(Slot::Record)["family"]
    );
    assert_eq!(browser.shown().len(), 2);
    // They are siblings.
    tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(next.refresh_token(), "rt-2");
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t01_a_session_is_waited_for_where_somebody_is_live_and_not_for_long() {
    let browser = Browser::new();
    let alone = Tab::open(&browser);
    alone
        .create(config(json!({ "shareSession": true })))
        .expect("the config is right");
    assert!(alone.call(Verb::TakeOver, json!({})).ended().is_some());
    assert!(browser.said().is_empty());
    // It does not share: nothing comes.
    signed_in(&browser, json!({}));
    let call = alone.call(Verb::TakeOver, json!({}));
    browser.advance(249.0);
    assert!(call.is_open());
    browser.advance(1.0);
    assert!(matches!(call.ended(), Some(Ok(None))));
    assert_eq!(alone.status(), "signed-out");
    // What comes now was not asked for.
    let other = signed_in(&browser, json!({}));
    alone.receives(&message(
        &other,
        "tokens",
        json!({ "record": other.stored(Slot::Record) }),
    ));
    assert_eq!(alone.status(), "signed-out");
}

#[test]
fn t01_of_several_sessions_the_newest_is_taken() {
    let browser = Browser::new();
    let share = || json!({ "shareSession": true });
    let old = signed_in(&browser, share());
    browser.advance(1_000.0);
    let new = Tab::open(&browser);
    new.create(config(share())).expect("the config is right");
    new.call(Verb::SetTokens, json!({ "response": response(7) }));
    let taken = Tab::open(&browser);
    taken.create(config(share())).expect("the config is right");
    taken.call(Verb::TakeOver, json!({}));
    assert_eq!(taken.refresh_token(), "rt-7");
    assert_eq!(family(&taken), family(&new));
    assert_ne!(family(&taken), family(&old));
}

#[test]
fn t08_a_session_from_before_a_sign_out_is_not_taken_over() {
    let browser = Browser::new();
    let share = || json!({ "shareSession": true });
    let one = signed_in(&browser, share());
    one.page().attends.set(0);
    let other = Tab::open(&browser);
    other.create(config(share())).expect("the config is right");
    other.call(Verb::SetTokens, json!({ "response": response(7) }));
    other.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    one.page().attends.set(3);
    let next = Tab::open(&browser);
    next.create(config(share())).expect("the config is right");
    let call = next.call(Verb::TakeOver, json!({}));
    browser.advance(250.0);
    assert!(call.ended().is_some());
    assert_eq!(next.status(), "signed-out");
}

#[test]
fn t10_a_closed_client_shows_nothing_and_still_hands_over_what_comes() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({}));
    one.refresh();
    one.client().close();
    browser.settle();
    assert_eq!(browser.shown(), [(1, 1.0)]);
    browser.request().answer(200, response(2));
    assert_eq!(one.stored(Slot::Record)["refresh_token"], "rt-2");
    assert_eq!(other.refresh_token(), "rt-2");
    assert_eq!(one.page().attends.get(), 0);
    assert!(browser.locked().is_empty());
    assert!(browser.next_timer(&one).is_infinite());
}
