//! One refresh, and what may come of it.

use crate::outside::{
    Browser, Tab, config, id_token, keys, later, message, response, signed_in, time,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

const GRACE: fn() -> serde_json::Value = || json!({ "rotationGraceSeconds": 30 });

/// A record's notes: `sent_at` and `wait_until` as they stand.
fn note(tab: &Tab, name: &str) -> serde_json::Value {
    tab.stored(Slot::Record)[name].clone()
}

#[test]
fn r01_a_new_refresh_token_takes_the_place_of_the_old_one() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "resource": "https://api.example" }));
    browser.posted();
    let call = tab.refresh();
    let request = browser.request();
    assert_eq!(request.url, "https://as.example/token");
    assert_eq!(
        request.form.to_string(),
        r#"{"grant_type":"refresh_token","redirect_uri":"https://app.example/callback","scope":"openid offline_access","refresh_token":"rt-1","client_id":"app","resource":"https://api.example"}"#
    );
    assert!(!request.is_last);
    assert_eq!(note(&tab, "sent_at"), time(browser.wall()));
    assert_eq!(browser.said(), ["notes"]);
    assert_eq!(browser.locked(), [0]);

    browser.advance(500.0);
    request.answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(
        (tab.refresh_token().as_str(), tab.generation()),
        ("rt-2", 2.0)
    );
    assert_eq!(tab.events(), ["Renewed: signed-in"]);
    let stored = tab.stored(Slot::Record);
    assert_eq!(stored["refresh_token"], "rt-2");
    assert_eq!(stored["sent_at"], json!(null));
    assert_eq!(
        stored["expires_at"],
        time(browser.wall() - 500.0 + 3_600_000.0)
    );
    assert_eq!(browser.said(), ["tokens"]);
    assert_eq!(browser.shown(), [(0, 2.0)]);
    assert!(browser.locked().is_empty());
    assert_eq!(browser.sent(), 1);
}

#[test]
fn r02_v06_what_an_answer_does_not_bring_stays() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for (body, generation) in [
        (json!({ "access_token": "at-2", "expires_in": 60 }), 2.0),
        (
            json!({ "access_token": "at-3", "expires_in": 60, "refresh_token": "" }),
            3.0,
        ),
    ] {
        let call = tab.refresh();
        browser.request().answer(200, body.clone());
        assert_eq!(json!(call.token()), body["access_token"]);
        assert_eq!(
            (tab.refresh_token().as_str(), tab.generation()),
            ("rt-1", generation)
        );
        assert_eq!(tab.stored(Slot::Record)["scope"], "openid offline_access");
    }
}

#[test]
fn r09_callers_at_once_share_one_request_and_later_ones_do_not() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let calls: Vec<_> = (0..5).map(|_| tab.refresh()).collect();
    browser.request().answer(200, response(2));
    assert!(calls.iter().all(|call| call.token() == "at-2"));
    let later = tab.refresh();
    assert!(later.is_open());
    browser.request().answer(200, response(3));
    assert_eq!(later.token(), "at-3");
    assert_eq!(browser.sent(), 2);
}

#[test]
fn r12_without_a_refresh_token_nothing_is_sent() {
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.create(config(json!({}))).expect("the config is right");
    assert_eq!(tab.refresh().code(), "no_session");
    assert_eq!(tab.get_access_token().code(), "no_session");
    let response = json!({ "response": { "access_token": "at-1", "expires_in": 60 } });
    tab.call(Verb::SetTokens, response);
    assert_eq!(tab.refresh().code(), "no_refresh_token");
    assert_eq!(
        tab.refresh().error().stringify_member("sessionLost"),
        "false"
    );
    browser.advance(60_000.0);
    let call = tab.refresh();
    assert_eq!(call.code(), "no_session");
    let error = call.error();
    assert_eq!(error.stringify_member("sessionLost"), "true");
    assert_eq!(tab.get_access_token().code(), "no_session");
    assert_eq!(browser.sent(), 0);
}

#[test]
fn n03_a_late_answer_is_kept_and_a_call_meanwhile_waits_for_it() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let first = tab.refresh();
    browser.advance(9_999.0);
    assert!(first.is_open());
    browser.advance(1.0);
    assert_eq!(first.code(), "timeout");
    let second = tab.call(Verb::Refresh, json!({ "timeoutMs": 60_000 }));
    browser.advance(20_000.0);
    assert!(second.is_open());
    browser.request().answer(200, response(2));
    assert_eq!(second.token(), "at-2");
    assert_eq!(tab.events(), ["Renewed: signed-in"]);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn n03_a_request_is_given_up_after_a_minute() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.call(Verb::Refresh, json!({ "timeoutMs": 300_000 }));
    let request = browser.request();
    browser.advance(59_999.0);
    assert!(!request.is_aborted.get() && call.is_open());
    browser.advance(1.0);
    assert!(request.is_aborted.get());
    assert_eq!(call.code(), "network");
    assert!(browser.locked().is_empty());
    assert_eq!(tab.refresh_token(), "rt-1");
}

#[test]
fn n04_a_caller_who_gives_up_is_rejected_alone() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let (one, other) = (tab.refresh(), tab.refresh());
    one.abort();
    assert_eq!(one.code(), "aborted");
    assert!(other.is_open());
    browser.request().answer(200, response(2));
    assert_eq!(other.token(), "at-2");
}

#[test]
fn v03_an_answer_without_a_usable_access_token_leaves_its_refresh_token() {
    for (body, old_notes) in [
        (json!({ "refresh_token": "rt-2" }), 2.0),
        (json!({ "refresh_token": "rt-2", "access_token": 5 }), 2.0),
        (
            json!({ "refresh_token": "rt-2", "access_token": "a", "token_type": "mac" }),
            2.0,
        ),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, GRACE());
        let call = tab.refresh();
        browser.request().answer(200, body);
        assert_eq!(call.code(), "invalid_response");
        assert_eq!(call.error().stringify_member("sessionLost"), "false");
        assert_eq!(
            (tab.refresh_token().as_str(), tab.generation()),
            ("rt-2", old_notes)
        );
        assert_eq!(tab.get_access_token().token(), "at-1");
        assert_eq!((browser.sent(), tab.events().len()), (1, 0));
    }
    // Nothing new at all: the old one may be spent.
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let sent_at = browser.wall();
    let call = tab.refresh();
    browser.request().answer(200, json!({}));
    assert_eq!(call.code(), "invalid_response");
    assert_eq!(
        (tab.generation(), note(&tab, "sent_at")),
        (1.0, time(sent_at))
    );
}

#[test]
fn v07_of_an_answer_about_somebody_else_the_refresh_token_alone_is_kept() {
    let (own, other) = (id_token(json!({})), id_token(json!({ "sub": "2" })));
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.create(config(GRACE())).expect("the config is right");
    let mut first = response(1);
    first["id_token"] = json!(own);
    tab.call(Verb::SetTokens, json!({ "response": first }));
    let call = tab.refresh();
    let mut second = response(2);
    second["id_token"] = json!(other);
    browser.answer_keys(json!({ "keys": [] }));
    browser.request().answer(200, second);
    assert_eq!(call.code(), "id_token_invalid");
    assert_eq!(call.error().stringify_member("reason"), r#""sub""#);
    let stored = tab.stored(Slot::Record);
    assert_eq!(
        (
            &stored["refresh_token"],
            &stored["access_token"],
            &stored["id_token"]
        ),
        (&json!("rt-2"), &json!("at-1"), &json!(own))
    );
    assert_eq!(tab.get_access_token().token(), "at-1");
    assert_eq!(stored["wait_until"], json!(null));
}

#[test]
fn c05_a_clock_that_differs_from_the_server_s_is_estimated_and_ends_nothing() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    assert_eq!(tab.diagnostics()["clockOffsetMs"], json!(0));
    let call = tab.refresh();
    // An hour ahead.
    let mut body = response(2);
    body["id_token"] = json!(id_token(json!({ "iat": 1_800_003_600 })));
    browser.advance(2_000.0);
    browser.request().answer(200, body);
    browser.answer_keys(keys("k1"));
    assert_eq!(call.token(), "at-2");
    assert_eq!(tab.diagnostics()["clockOffsetMs"], json!(3_600_000));
}

#[test]
fn r11_a_narrower_scope_has_a_request_of_its_own_and_leaves_the_wider_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let narrow = tab.call(Verb::Refresh, json!({ "scope": ["openid", "a"] }));
    let wide = tab.refresh();
    assert_eq!(browser.request().form["scope"], "openid a");
    browser.request().answer(
        200,
        json!({ "access_token": "narrow", "expires_in": 60, "refresh_token": "rt-2" }),
    );
    assert_eq!(narrow.token(), "narrow");
    assert_eq!(narrow.brought().stringify_member("scope"), r#""openid a""#);
    assert_eq!(
        (tab.refresh_token().as_str(), tab.generation()),
        ("rt-2", 2.0)
    );
    assert_eq!(tab.get_access_token().token(), "at-1");
    assert!(tab.events().is_empty());

    assert!(wide.is_open());
    assert_eq!(browser.request().form["scope"], "openid offline_access");
    let narrow = tab.call(Verb::Refresh, json!({ "scope": "openid" }));
    assert_eq!(browser.open_requests().len(), 1);
    browser.request().answer(200, response(3));
    assert_eq!(
        (wide.token().as_str(), tab.refresh_token().as_str()),
        ("at-3", "rt-3")
    );
    // Nothing comes that is to be kept: the generation stays, and so does the refresh token.
    assert_eq!(browser.request().form["scope"], "openid");
    browser
        .request()
        .answer(200, json!({ "access_token": "narrower", "expires_in": 60 }));
    assert_eq!(narrow.token(), "narrower");
    assert_eq!(
        (tab.generation(), note(&tab, "sent_at")),
        (3.0, json!(null))
    );
    assert_eq!(browser.sent(), 3);
}

#[test]
fn g_a_failure_that_no_caller_of_refresh_hears_of_is_an_event() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(3_599_000.0);
    let call = tab.get_access_token();
    browser.request().fail();
    assert_eq!(call.token(), "at-1");
    assert_eq!(tab.events(), ["RenewFailed: signed-in, network"]);
    let error = tab.client().snapshot().stringify_member("error");
    assert!(error.contains(r#""code":"network""#), "{error}");
    // Both ask at once: the one who asked for a refresh hears of it.
    let (quiet, loud) = (tab.get_access_token(), tab.refresh());
    browser.request().fail();
    assert_eq!(
        (quiet.token().as_str(), loud.code().as_str()),
        ("at-1", "network")
    );
    assert!(tab.events().is_empty());
    browser.advance(1_000.0);
    tab.events();
    let call = tab.get_access_token();
    browser.request().fail();
    assert_eq!(call.code(), "network");
    assert_eq!(tab.events(), ["RenewFailed: expired, network"]);
    let call = tab.get_access_token();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(tab.client().snapshot().stringify_member("error"), "null");
}

#[test]
fn x01_a_sign_out_during_a_refresh_rejects_it_and_revokes_what_comes_late() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.refresh();
    let request = browser.request();
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(call.code(), "signed_out");
    assert_eq!(tab.events(), ["SignedOut: signed-out"]);
    request.answer(200, response(2));
    assert_eq!(tab.stored(Slot::Record), json!(null));
    assert_eq!(tab.status(), "signed-out");
    let revocation = browser.request();
    assert_eq!(
        (revocation.url.as_str(), &revocation.form["token"]),
        ("https://as.example/revoke", &json!("rt-2"))
    );
    assert!(revocation.is_last);
}

#[test]
fn t07_an_attempt_that_was_noted_is_begun_again_where_the_session_is_taken_up() {
    for (elapsed, is_resumed) in [(0.0, true), (29_999.0, true), (30_000.0, false)] {
        let browser = Browser::new();
        let tab = signed_in(&browser, GRACE());
        tab.refresh();
        browser.kill(&tab);
        let next = Tab::open(&browser);
        *next.page().stored.borrow_mut() = tab.page().stored.borrow().clone();
        browser.advance(elapsed);
        next.create(config(GRACE())).expect("the config is right");
        assert_eq!(
            browser.sent(),
            1,
            "nothing is sent before createClient resolves"
        );
        browser.advance(0.0);
        assert_eq!(browser.sent(), 1 + usize::from(is_resumed), "{elapsed}");
        assert_eq!(next.get_access_token().token(), "at-1");
        let Some(request) = browser.open_requests().pop() else {
            continue;
        };
        assert_eq!(request.form["refresh_token"], "rt-1");
        request.answer(200, response(2));
        assert_eq!(next.refresh_token(), "rt-2");
        assert_eq!(next.events(), ["Renewed: signed-in"]);
    }
}

/// What the app stored may be of another kind than it was: a member `sent_at` that is a text is no note.
#[test]
fn s03_notes_that_are_no_numbers_say_nothing() {
    let browser = Browser::new();
    let tab = signed_in(&browser, GRACE());
    let mut stored = tab.stored(Slot::Record);
    stored["sent_at"] = json!("soon");
    stored["wait_until"] = json!(null);
    let next = Tab::open(&browser);
    next.store(Slot::Record, &stored);
    next.create(config(GRACE())).expect("the config is right");
    browser.advance(0.0);
    assert_eq!(browser.sent(), 0);
    let call = next.refresh();
    assert_eq!(note(&next, "sent_at"), time(browser.wall()));
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
}

/// Symptom: `getAccessToken` gave a token that had run out. Cause: a request that had been overtaken ended with what was held, whatever had
/// become of that since.
#[test]
fn n03_t04_tokens_that_ran_out_while_a_request_was_open_are_no_answer() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(3_600_000.0);
    let call = tab.call(Verb::GetAccessToken, json!({ "timeoutMs": 60_000 }));
    let mut record = later(&tab, 2);
    record["expires_at"] = time(browser.wall() + 10_000.0);
    let news = json!({ "generation": 2, "record": record, "ms": 0 });
    tab.receives(&message(&tab, "tokens", news));
    browser.advance(20_000.0);
    browser.request().fail();
    assert_eq!(call.code(), "timeout");
}
