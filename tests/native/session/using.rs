//! What else the tokens are good for: asking about the user, and giving a token up.

use crate::outside::{Browser, config, duplicate, id_token, response, signed_in, twins};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

#[test]
fn j08_user_info_is_about_the_user_of_the_id_token() {
    for (given, answer, is_taken) in [
        (
            Some(id_token(json!({}))),
            json!({ "sub": "1", "name": "A" }),
            true,
        ),
        (Some(id_token(json!({}))), json!({ "sub": "2" }), false),
        (Some(id_token(json!({}))), json!({ "name": "A" }), false),
        (None, json!({ "sub": "2" }), true),
        (None, json!({}), false),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let mut tokens = response(2);
        tokens["id_token"] = json!(given);
        tab.call(Verb::SetTokens, json!({ "response": tokens }));
        let call = tab.call(Verb::UserInfo, json!({}));
        let request = browser.request();
        assert_eq!(request.url, "https://as.example/userinfo");
        assert_eq!(request.form, json!({ "bearer": "at-2" }));
        request.answer(200, answer.clone());
        if is_taken {
            assert_eq!(call.brought().stringify(), answer.to_string());
        } else {
            assert_eq!(call.code(), "invalid_response", "{answer}");
        }
        assert_eq!(tab.refresh_token(), "rt-2");
    }
}

#[test]
fn user_info_is_asked_for_with_a_fresh_token() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(3_590_000.0);
    let call = tab.call(Verb::UserInfo, json!({}));
    assert_eq!(browser.request().url, "https://as.example/token");
    browser.request().answer(200, response(2));
    assert_eq!(browser.request().form, json!({ "bearer": "at-2" }));
    let quoting = json!({ "error": "invalid_token", "error_description": "at-2 is bad" });
    browser.request().answer(401, quoting);
    assert_eq!(call.code(), "oauth");
    assert!(!call.error().stringify().contains("at-2"));
    assert_eq!(
        tab.events().last().map(String::as_str),
        Some("Renewed: signed-in")
    );
}

#[test]
fn user_info_with_a_token_that_is_valid_still_needs_no_renewal() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    browser.advance(3_590_000.0);
    let call = tab.call(Verb::UserInfo, json!({}));
    browser.request().answer(503, json!(null));
    assert_eq!(browser.request().form, json!({ "bearer": "at-1" }));
    browser.request().answer(200, json!({ "sub": "1" }));
    assert_eq!(call.brought().stringify(), r#"{"sub":"1"}"#);
    // Nobody asks without a session, or where the server has no such endpoint.
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(tab.call(Verb::UserInfo, json!({})).code(), "no_session");
    let token = json!({ "token": "https://as.example/token" });
    let okta = json!({ "issuer": "https://dev-1.okta.com", "endpoints": token });
    assert_eq!(config(okta)["endpoints"]["userinfo"], json!(null));
}

#[test]
fn a_refresh_token_that_is_revoked_leaves_the_record_in_every_tab() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    let call = tab.call(Verb::Revoke, json!({}));
    let request = browser.request();
    assert_eq!(request.url, "https://as.example/revoke");
    assert_eq!(
        request.form,
        json!({ "token": "rt-1", "token_type_hint": "refresh_token", "client_id": "app" })
    );
    assert_eq!(tab.refresh_token(), "rt-1");
    request.answer(200, json!(null));
    assert!(!call.is_open());
    for tab in [tab, twin] {
        assert_eq!(tab.refresh_token(), "undefined");
        assert!(!tab.stored(Slot::Record).to_string().contains("rt-1"));
        assert_eq!(tab.get_access_token().token(), "at-1");
        assert_eq!(tab.refresh().code(), "no_refresh_token");
        assert_eq!(tab.call(Verb::Revoke, json!({})).code(), "no_session");
    }
}

#[test]
fn an_access_token_that_is_revoked_is_given_to_nobody() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    let call = tab.call(Verb::Revoke, json!({ "tokenTypeHint": "access_token" }));
    assert_eq!(browser.request().form["token"], "at-1");
    browser.request().answer(200, json!({}));
    assert!(!call.is_open());
    for tab in [&tab, &twin] {
        assert!(!tab.stored(Slot::Record).to_string().contains("at-1"));
        assert_eq!(tab.status(), "expired");
        assert!(!tab.events().contains(&"Renewed: expired".to_owned()));
    }
    assert_eq!(tab.client().snapshot().stringify_member("tokens"), "null");
    for verb in [Verb::Introspect, Verb::Revoke] {
        let again = tab.call(verb, json!({ "tokenTypeHint": "access_token" }));
        assert_eq!(again.code(), "no_session");
    }
    let next = tab.get_access_token();
    browser.request().answer(200, response(2));
    assert_eq!(next.token(), "at-2");
}

#[test]
fn a_session_whose_last_token_is_revoked_is_over() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    for (hint, code) in [
        ("refresh_token", "signed-in"),
        ("access_token", "signed-out"),
    ] {
        tab.call(Verb::Revoke, json!({ "tokenTypeHint": hint }));
        browser.request().answer(200, json!(null));
        assert_eq!(tab.status(), code);
    }
    for tab in [tab, twin] {
        assert_eq!(tab.stored(Slot::Record), json!(null));
        assert_eq!(
            tab.events().last().map(String::as_str),
            Some("SignedOut: signed-out")
        );
    }
}

#[test]
fn a_revocation_that_fails_changes_nothing() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let call = tab.call(Verb::Revoke, json!({}));
    browser.request().answer(503, json!(null));
    assert_eq!(call.code(), "server");
    let call = tab.call(Verb::Revoke, json!({}));
    let quoting = json!({ "error": "unsupported_token_type", "error_description": "rt-1?" });
    browser.request().answer(400, quoting);
    assert_eq!(
        call.error()
            .member("oauthErrorDescription")
            .to_text()
            .to_string(),
        "[redacted]?"
    );
    assert_eq!(tab.refresh_token(), "rt-1");
    for wrong in [json!({ "tokenTypeHint": "id_token" }), json!({ "x": 1 })] {
        assert_eq!(tab.call(Verb::Revoke, wrong).code(), "invalid_config");
    }
}

#[test]
fn a_revocation_waits_for_the_exchange_under_way() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let refresh = tab.refresh();
    let exchange = browser.request();
    let call = tab.call(Verb::Revoke, json!({}));
    exchange.answer(200, response(2));
    assert_eq!(refresh.token(), "at-2");
    assert_eq!(browser.request().form["token"], "rt-2");
    browser.request().answer(200, json!(null));
    assert!(!call.is_open());
    assert_eq!(tab.refresh_token(), "undefined");
}

#[test]
fn l11_the_refresh_token_of_another_user_is_revoked() {
    for (next, revoked) in [
        (Some(id_token(json!({ "sub": "2" }))), 1),
        (Some(id_token(json!({}))), 0),
        // Where it may be the same grant, its tokens would go too.
        (None, 0),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let mut own = response(2);
        own["id_token"] = json!(id_token(json!({})));
        tab.call(Verb::SetTokens, json!({ "response": own }));
        let twin = duplicate(&tab, json!({}));
        let mut other = response(3);
        other["id_token"] = json!(next);
        tab.call(Verb::SetTokens, json!({ "response": other }));
        let revocations = browser.open_requests();
        assert_eq!(revocations.len(), revoked, "{next:?}");
        if let Some(revocation) = revocations.first() {
            assert_eq!(revocation.form["token"], "rt-2");
            assert_eq!(twin.status(), "signed-out");
        }
    }
}

/// What the app adopts at each start is known again only as long as there is an access token that has come of it.
#[test]
fn an_access_token_that_is_revoked_may_be_adopted_again() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    tab.call(Verb::Revoke, json!({ "tokenTypeHint": "access_token" }));
    browser.request().answer(200, json!({}));
    let again = tab.call(Verb::SetTokens, json!({ "response": response(1) }));
    assert_eq!(again.token(), "at-1");
    assert_eq!(tab.status(), "signed-in");
}

/// Nothing of what the app has is replaced by what is wrong in one member.
#[test]
fn v02_tokens_that_are_given_are_right_in_every_member() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for (name, value, is_taken) in [
        ("refresh_token", json!(5), false),
        ("refresh_token", json!({}), false),
        ("id_token", json!(5), false),
        ("scope", json!(["a"]), false),
        ("scope", json!(""), true),
        ("refresh_token", json!(null), true),
    ] {
        let mut given = response(2);
        given[name] = value;
        let call = tab.call(Verb::SetTokens, json!({ "response": given }));
        if is_taken {
            assert_eq!(call.token(), "at-2");
            continue;
        }
        assert_eq!(call.code(), "invalid_response");
        assert_eq!(
            call.error().stringify_member("field"),
            format!("\"{name}\"")
        );
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}
