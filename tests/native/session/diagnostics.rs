//! How a client is doing, and what the server says of a token.

use crate::outside::{Browser, config, response, signed_in, time};
use rekindle::client::Verb;
use serde_json::json;

#[test]
fn a_client_shows_how_it_is_doing() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    browser.advance(0.0);
    let other = crate::outside::duplicate(&tab, json!({}));
    let call = other.refresh();
    browser.advance(250.0);
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert_eq!(
        other.diagnostics(),
        json!({
            "issuer": "https://as.example",
            "clientId": "app",
            "status": "signed-in",
            "persisted": true,
            "coordination": "locks",
            "liveTabs": 2,
            "clockOffsetMs": 0,
            "nextRenewalAt": null,
            "exchanges": [{ "at": time(browser.wall() - 250.0), "ms": 250, "what": "token_endpoint", "why": "call", "outcome": "ok" }],
            "warnings": [],
        })
    );
    assert_eq!(
        tab.diagnostics()["nextRenewalAt"],
        time(browser.wall() - 250.0 + 3_570_000.0)
    );
}

#[test]
fn c06_a_renewal_in_weeks_is_shown_and_a_pause_without_an_end_is_none() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "autoRenew": true }));
    let mut answer = response(1);
    answer["expires_in"] = json!(2_592_000);
    tab.call(Verb::SetTokens, json!({ "response": answer }));
    let due = browser.wall() + 2_592_000_000.0 - 30_000.0;
    assert_eq!(tab.diagnostics()["nextRenewalAt"], time(due));
    tab.refresh();
    browser
        .request()
        .answer(401, json!({ "error": "invalid_client" }));
    assert_eq!(tab.diagnostics()["nextRenewalAt"], json!(null));
}

#[test]
fn p07_the_last_fifty_exchanges_are_shown_and_no_secret() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for number in 0..53 {
        tab.refresh();
        browser.advance(1_000.0);
        browser
            .request()
            .answer(503, json!({ "error": format!("rt-1 {number}") }));
    }
    let shown = tab.diagnostics();
    let list = shown["exchanges"].as_array().expect("it is a list").clone();
    assert_eq!(list.len(), 50);
    assert_eq!(list[0]["at"], 1_800_000_003_000_u64);
    assert_eq!(
        (&list[49]["outcome"], &list[49]["status"]),
        (&json!("server"), &json!(503))
    );
    let text = shown.to_string();
    assert!(!text.contains("rt-1") && !text.contains("at-1"), "{text}");
}

#[test]
fn n01_why_something_was_sent_is_written_down() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(3_600_000.0);
    tab.get_access_token();
    browser
        .request()
        .answer(200, json!({ "access_token": "at-2" }));
    tab.call(Verb::Introspect, json!({}));
    browser.request().answer(200, json!({ "active": true }));
    let shown = tab.diagnostics();
    let why: Vec<_> = shown["exchanges"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| format!("{}: {}", entry["what"], entry["why"]))
        .collect();
    assert_eq!(
        why,
        [
            r#""token_endpoint": "access_token""#,
            r#""introspection_endpoint": "call""#
        ]
    );
    assert_eq!(
        shown["warnings"][0]["what"],
        "token_type is missing in the answer"
    );
}

#[test]
fn q02_introspection_asks_about_the_token_that_is_meant() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for (options, form) in [
        (
            json!({}),
            json!({ "token": "at-1", "client_id": "app", "token_type_hint": "access_token" }),
        ),
        (
            json!({ "tokenTypeHint": "refresh_token" }),
            json!({ "token": "rt-1", "client_id": "app", "token_type_hint": "refresh_token" }),
        ),
        (
            json!({ "token": "t" }),
            json!({ "token": "t", "client_id": "app" }),
        ),
        (
            json!({ "token": "t", "tokenTypeHint": "id_token" }),
            json!({ "token": "t", "client_id": "app", "token_type_hint": "id_token" }),
        ),
    ] {
        let call = tab.call(Verb::Introspect, options);
        assert_eq!(browser.request().form, form);
        browser
            .request()
            .answer(200, json!({ "active": false, "x": 1 }));
        assert_eq!(call.brought().stringify(), r#"{"active":false,"x":1}"#);
    }
    assert_eq!(
        tab.call(Verb::Introspect, json!({ "tokenTypeHint": "id_token" }))
            .code(),
        "no_session"
    );
    for wrong in [
        json!({ "tokenTypeHint": "token" }),
        json!({ "token": "" }),
        json!({ "token": 5 }),
        json!({ "hint": "a" }),
    ] {
        assert_eq!(tab.call(Verb::Introspect, wrong).code(), "invalid_config");
    }
    tab.call(
        Verb::SetTokens,
        json!({ "response": { "access_token": "a" } }),
    );
    assert_eq!(
        tab.call(
            Verb::Introspect,
            json!({ "tokenTypeHint": "refresh_token" })
        )
        .code(),
        "no_refresh_token"
    );
    let empty = crate::outside::Tab::open(&browser);
    empty
        .create(config(json!({})))
        .expect("the config is right");
    assert_eq!(empty.call(Verb::Introspect, json!({})).code(), "no_session");
    // A token of one's own needs no session.
    let call = empty.call(Verb::Introspect, json!({ "token": "t" }));
    browser.request().answer(200, json!({ "active": "yes" }));
    assert_eq!(call.code(), "invalid_response");
}

#[test]
fn a_snapshot_is_the_same_object_until_something_changes() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let client = tab.client();
    let first = client.snapshot();
    assert!(first.is_frozen() && first.is_same(&client.snapshot()));
    let tokens = first.member("tokens");
    assert!(!tokens.to_text().to_string().contains("rt-1") && !first.stringify().contains("rt-1"));
    assert_eq!(first.stringify_member("status"), r#""signed-in""#);
    let call = tab.refresh();
    assert!(first.is_same(&client.snapshot()));
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
    assert!(!first.is_same(&client.snapshot()));
    // Time alone may change it.
    let second = client.snapshot();
    browser.advance(3_600_000.0);
    assert!(!second.is_same(&client.snapshot()));
    assert_eq!(client.snapshot().stringify_member("status"), r#""expired""#);
    assert!(
        client
            .snapshot()
            .stringify_member("tokens")
            .contains("at-2")
    );
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(
        client.snapshot().stringify(),
        r#"{"status":"signed-out","tokens":null,"persisted":true,"error":null}"#
    );
}
