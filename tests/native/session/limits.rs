//! What is true up to a moment, or for one of two: the last token, the later generation, the longer debt.

use crate::outside::{
    Browser, Tab, config, family, id_token, keys, later, message, response, signed_in, time, twins,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const HOUR: f64 = 3_600_000.0;
const COST: f64 = 300_000.0;

fn lasting(number: u32, seconds: u32, id_token: Option<String>) -> serde_json::Value {
    let mut answer = response(number);
    answer["expires_in"] = json!(seconds);
    answer["id_token"] = json!(id_token);
    answer
}

#[test]
fn c01_c02_a_token_may_be_given_again_for_as_long_as_both_clocks_say() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let margin = 30_000.0;
    assert_eq!(tab.client().fresh_ms(), HOUR - margin);
    browser.advance(1_000.0);
    assert_eq!(tab.client().fresh_ms(), HOUR - margin - 1_000.0);
    browser.sleep(2_000.0);
    assert_eq!(tab.client().fresh_ms(), HOUR - margin - 3_000.0);
    browser.advance(HOUR);
    assert!(tab.client().fresh_ms() <= 0.0);
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(tab.client().fresh_ms(), 0.0);
}

/// A caller of `getAccessToken` wants a token to use, one of `refresh` an answer; neither wants one that is over.
#[test]
fn c03_v08_what_ran_out_while_the_device_slept_is_no_answer() {
    for (seconds, is_asked, slept, is_late) in [
        (3_600, true, 60_000.0, false),
        (3, true, 5_000.0, false),
        (3, true, 5_001.0, true),
        (10, true, 60_000.0, true),
        (10, false, 60_000.0, false),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "autoRenew": true }));
        let good = id_token(json!({}));
        let call = if is_asked {
            Some(tab.refresh())
        } else {
            browser.advance(HOUR - 30_000.0);
            None
        };
        browser
            .request()
            .answer(200, lasting(2, seconds, Some(good)));
        browser.sleep(slept);
        browser.answer_keys(keys("k1"));
        let events = tab.events();
        match call {
            Some(call) if is_late => assert_eq!(call.code(), "timeout"),
            Some(call) => assert_eq!(call.token(), "at-2"),
            None => assert!(!events.iter().any(|event| event.starts_with("RenewFailed"))),
        }
        assert_eq!(tab.refresh_token(), "rt-2");
    }
}

/// The access token beside it may change meanwhile, by a server that rotates now and then.
#[test]
fn r01_t02_an_answer_counts_as_long_as_what_was_sent_is_held() {
    for (held, answered, expected) in [
        ("rt-1", json!("rt-3"), "rt-3"),
        ("rt-2", json!("rt-3"), "rt-2"),
        ("rt-1", json!("rt-1"), "rt-1"),
        ("rt-1", json!(null), "rt-1"),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let call = tab.refresh();
        let request = browser.request();
        let mut next = later(&tab, 2);
        next["refresh_token"] = json!(held);
        tab.receives(&message(
            &tab,
            "tokens",
            json!({ "generation": 2, "record": next, "ms": 0 }),
        ));
        let mut answer = response(3);
        answer["refresh_token"] = answered.clone();
        request.answer(200, answer);
        assert!(!call.is_open());
        assert_eq!(tab.refresh_token(), expected, "{held} {answered}");
        let is_current = expected == "rt-3";
        let token = if is_current { "at-3" } else { "at-2" };
        assert_eq!(tab.get_access_token().token(), token, "{held} {answered}");
    }
}

#[test]
fn n06_c06_what_a_sibling_owes_holds_back_this_tab_too_and_once() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    browser.advance(HOUR - 30_001.0);
    let next = |tab: &Tab| tab.diagnostics()["nextRenewalAt"].clone();
    let owes = |requests: f64| {
        let debt = json!({ "debt": time(browser.wall() + requests * COST), "open": false });
        message(&tab, "notes", debt)
    };
    let three = owes(3.0);
    tab.receives(&three);
    let due = browser.wall() + 120_000.0;
    assert_eq!(next(&tab), time(due));
    // Said again, or less than is known already, it is no news.
    browser.advance(1_000.0);
    tab.receives(&three);
    tab.receives(&owes(1.0));
    assert_eq!(next(&tab), time(due));
}

#[test]
fn t01_of_several_generations_of_a_shared_session_the_latest_is_taken() {
    for (first, second) in [(2, 3), (3, 2)] {
        let browser = Browser::new();
        let share = || json!({ "shareSession": true });
        let tab = signed_in(&browser, share());
        tab.page().attends.set(0);
        let offer = |number| {
            let record = later(&tab, number);
            message(
                &tab,
                "tokens",
                json!({ "generation": number, "record": record, "ms": 0 }),
            )
        };
        let new = Tab::open(&browser);
        new.create(config(share())).expect("the config is right");
        browser.show_silent(&family(&tab), 1.0);
        new.call(Verb::TakeOver, json!({}));
        new.receives(&offer(first));
        new.receives(&offer(second));
        browser.advance(1_000.0);
        assert_eq!(new.refresh_token(), "rt-3", "{first} {second}");
        assert_eq!(new.stored(Slot::Record)["generation"], 3);
    }
}

/// Signed in at one time, the first that is offered is as good as any.
#[test]
fn t01_another_session_of_the_same_moment_takes_nobody_s_place() {
    let browser = Browser::new();
    let share = || json!({ "shareSession": true });
    let tab = signed_in(&browser, share());
    tab.page().attends.set(0);
    let offer = |name: &str, number| {
        let mut record = later(&tab, number);
        record["family"] = json!(name);
        json!({ "what": "tokens", "family": name, "generation": number, "record": record, "ms": 0 })
    };
    let new = Tab::open(&browser);
    new.create(config(share())).expect("the config is right");
    browser.show_silent(&family(&tab), 1.0);
    new.call(Verb::TakeOver, json!({}));
    new.receives(&offer("one", 2));
    new.receives(&offer("other", 3));
    browser.advance(1_000.0);
    assert_eq!(family(&new), "one");
}

/// Who asks for a refresh is answered with what a sibling brought a moment ago, though it lasted no longer than that.
#[test]
fn t04_tokens_of_a_moment_ago_are_an_answer() {
    for (elapsed, is_answered) in [(4_999.0, true), (5_000.0, false)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        browser.advance(10_000.0);
        let call = tab.refresh();
        let mut record = later(&tab, 2);
        record["received_at"] = time(browser.wall());
        record["expires_at"] = time(browser.wall() + 3_000.0);
        let news = json!({ "generation": 2, "record": record, "ms": 0 });
        tab.receives(&message(&tab, "tokens", news));
        browser.advance(elapsed);
        browser.request().fail();
        if is_answered {
            assert_eq!(call.token(), "at-2");
        } else {
            assert_eq!(call.code(), "timeout");
        }
    }
}

#[test]
fn t08_a_sign_out_takes_back_the_offer_of_its_own_session_alone() {
    for (ended, is_taken) in [(true, false), (false, true)] {
        let browser = Browser::new();
        let share = || json!({ "shareSession": true });
        let tab = signed_in(&browser, share());
        tab.page().attends.set(0);
        let offer = json!({ "record": tab.stored(Slot::Record), "ms": 0 });
        let new = Tab::open(&browser);
        new.create(config(share())).expect("the config is right");
        // Two live tabs, of which one says nothing, so that the other's word is waited for.
        browser.show_silent(&family(&tab), 1.0);
        browser.show_silent("another", 1.0);
        new.call(Verb::TakeOver, json!({}));
        new.receives(&message(&tab, "tokens", offer));
        let over = if ended {
            family(&tab)
        } else {
            "another".to_owned()
        };
        new.receives(&json!({ "what": "signed-out", "family": over, "generation": 1 }));
        browser.advance(1_000.0);
        let status = if is_taken { "signed-in" } else { "signed-out" };
        assert_eq!(new.status(), status);
    }
}

#[test]
fn t01_who_has_a_session_asks_nobody_for_another() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "shareSession": true }));
    browser.show_silent("another", 1.0);
    browser.said();
    let call = tab.call(Verb::TakeOver, json!({}));
    assert!(!call.is_open());
    assert_eq!(browser.said(), Vec::<String>::new());
    assert_eq!(tab.refresh_token(), "rt-1");
}

/// Else a copy that heard of the attempt would go on waiting for the lock, and send what has had its answer.
#[test]
fn r13_an_attempt_whose_end_a_sibling_told_is_nobody_else_s_to_repeat() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "rotationGraceSeconds": 30 }));
    let call = one.refresh();
    browser.request().answer(200, json!({}));
    assert_eq!(call.code(), "invalid_response");
    // The refresh token may be spent, as both of them know.
    assert!(other.stored(Slot::Record)["sent_at"].is_number());
    browser.advance(20_000.0);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn t06_r13_a_page_that_may_sleep_waits_for_no_sibling_s_lock() {
    let browser = Browser::new();
    let (one, other) = twins(&browser, json!({ "rotationGraceSeconds": 30 }));
    one.refresh();
    assert_eq!(browser.locked(), [0, 1]);
    other.hears("hide");
    assert_eq!(browser.locked(), [0]);
}

/// What a sibling tells in between is about its own attempt, not about the one that this tab repeats.
#[test]
fn r04_a_repeated_attempt_stays_doubtful_whatever_a_sibling_says() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "rotationGraceSeconds": 30 }));
    let call = tab.refresh();
    browser.request().fail();
    tab.receives(&message(&tab, "notes", json!({ "open": false })));
    assert_eq!(tab.stored(Slot::Record)["sent_at"], json!(null));
    browser.advance(5_000.0);
    browser.refuse();
    assert_eq!(call.error().stringify_member("reason"), r#""lost_answer""#);
}

#[test]
fn t02_a_generation_that_was_never_shown_is_no_hindrance_to_the_next() {
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.page().is_shown_late.set(true);
    tab.create(config(json!({}))).expect("the config is right");
    tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert!(browser.shown().is_empty());
    let call = tab.refresh();
    tab.page().is_shown_late.set(false);
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(browser.shown(), [(0, 2.0)]);
    assert!(browser.locked().is_empty());
}

#[test]
fn s02_t02_who_hands_over_what_storage_lost_ends_the_doubt() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "storage": "local" }));
    let newer = later(&tab, 2);
    let news = message(
        &tab,
        "tokens",
        json!({ "generation": 2, "record": newer, "ms": 0 }),
    );
    let call = tab.refresh();
    tab.remove(Slot::Record);
    tab.hears("stored");
    tab.receives(&news);
    browser.request().fail();
    assert_eq!(call.token(), "at-2");
    assert_eq!(tab.stored(Slot::Record)["refresh_token"], "rt-2");
}

/// The same user has signed in once more: what comes after that is for the new session, and is handed over once.
#[test]
fn t02_l11_tokens_of_a_session_that_followed_another_are_handed_over_once() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for number in [5, 7] {
        let adopted = lasting(number, 3_600, Some(id_token(json!({}))));
        tab.call(Verb::SetTokens, json!({ "response": adopted }));
    }
    let call = tab.refresh();
    browser.answer_keys(keys("k1"));
    browser.said();
    browser
        .request()
        .answer(200, lasting(8, 3_600, Some(id_token(json!({})))));
    assert_eq!(call.token(), "at-8");
    assert_eq!(browser.said(), ["tokens"]);
}

#[test]
fn s03_a_pause_of_nothing_is_none() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let mut stored = tab.stored(Slot::Record);
    stored["paused"] = json!(0);
    let next = Tab::open(&browser);
    next.store(Slot::Record, &stored);
    next.create(config(json!({ "autoRenew": true })))
        .expect("the config is right");
    browser.advance(HOUR - 30_000.0);
    assert_eq!(browser.sent(), 1);
}
