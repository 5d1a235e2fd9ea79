//! Leaving for the server's page in other ways, and what a sign-in has to bring.

use super::sign_in::{begin, come_back, handle, pending, signed_out};
use crate::outside::{Browser, duplicate, id_token, keys, response, signed_in};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::json;

#[test]
fn k13_a_pushed_request_leaves_with_a_reference_alone() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "pushedAuthorizationRequests": true }));
    let call = tab.call(Verb::SignIn, json!({ "extraParams": { "a": "b" } }));
    assert!(tab.page().left_for.borrow().is_empty() && pending(&tab).is_empty());
    let request = browser.request();
    assert_eq!(request.url, "https://as.example/par");
    let form = &request.form;
    assert_eq!(
        (&form["a"], &form["response_type"], &form["client_id"]),
        (&json!("b"), &json!("code"), &json!("app"))
    );
    let state = form["state"].clone();
    request.answer(201, json!({ "request_uri": "urn:ref:1", "expires_in": 60 }));
    assert_eq!(
        *tab.page().left_for.borrow(),
        ["https://as.example/authorize?client_id=app&request_uri=urn%3Aref%3A1"]
    );
    assert_eq!(pending(&tab)[0]["state"], state);
    assert!(call.is_open());
}

#[test]
fn l10_a_pushed_request_that_is_refused_is_not_sent_in_another_way() {
    for (status, body, code) in [
        (400, json!({ "error": "invalid_request" }), "oauth"),
        (201, json!({ "expires_in": 60 }), "invalid_response"),
        (503, json!(null), "server"),
    ] {
        let browser = Browser::new();
        let discovered = json!({ "endpoints": null });
        let tab = signed_out(&browser, discovered);
        let call = tab.call(Verb::SignIn, json!({}));
        browser.request().answer(
            200,
            json!({
                "issuer": "https://as.example",
                "authorization_endpoint": "https://as.example/authorize",
                "token_endpoint": "https://as.example/token",
                "pushed_authorization_request_endpoint": "https://as.example/par",
                "require_pushed_authorization_requests": true,
            }),
        );
        let request = browser.request();
        assert_eq!(request.url, "https://as.example/par");
        let mut body = body;
        if status == 400 {
            body["error_description"] = json!(format!("bad {}", request.form["state"]));
            body["error_description"] = json!(format!(
                "bad {}",
                request.form["state"].as_str().expect("it is a text")
            ));
        }
        request.answer(status, body);
        assert_eq!(call.code(), code);
        assert!(
            !call.error().stringify().contains("random-0-"),
            "{:?}",
            call.error()
        );
        assert!(tab.page().left_for.borrow().is_empty() && pending(&tab).is_empty());
    }
}

#[test]
fn l13_the_fourth_sign_in_within_a_minute_needs_a_click() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    for _ in 0..3 {
        assert!(tab.call(Verb::SignIn, json!({})).is_open());
        browser.advance(19_000.0);
    }
    let fourth = tab.call(Verb::SignIn, json!({}));
    assert_eq!(fourth.code(), "login_loop");
    tab.page().is_activated.set(true);
    assert!(tab.call(Verb::SignIn, json!({})).is_open());
    tab.page().is_activated.set(false);
    browser.advance(60_000.0);
    assert!(tab.call(Verb::SignIn, json!({})).is_open());
}

#[test]
fn l13_sign_ins_that_came_back_count_too() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    for number in 1..=3 {
        let state = begin(&tab, json!({}));
        come_back(&tab, &format!("code=c&state={state}"));
        let call = handle(&tab);
        browser.request().answer(200, response(number));
        assert!(call.brought().stringify().contains("tokens"));
    }
    assert_eq!(tab.call(Verb::SignIn, json!({})).code(), "login_loop");
}

#[test]
fn l12_back_from_the_server_s_page_ends_the_call() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let call = tab.call(Verb::SignIn, json!({}));
    tab.hears("hide");
    assert!(call.is_open());
    tab.hears("show");
    assert_eq!(call.code(), "aborted");
    // The sign-in may still be finished: the user may go forward again.
    assert_eq!(pending(&tab).len(), 1);
}

#[test]
fn a_sign_in_of_another_kind_than_was_asked_for_is_not_taken() {
    for (acr, is_taken) in [
        (json!("b"), true),
        (json!("c"), false),
        (json!(null), false),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let state = begin(&tab, json!({ "acrValues": ["a", "b"], "maxAge": 60 }));
        let nonce = pending(&tab)[0]["nonce"].clone();
        come_back(&tab, &format!("code=c&state={state}"));
        let call = handle(&tab);
        let mut answer = response(2);
        answer["id_token"] = json!(id_token(
            json!({ "nonce": nonce, "acr": acr, "auth_time": 1_800_000_000 })
        ));
        browser.request().answer(200, answer);
        browser.answer_keys(keys("k1"));
        if is_taken {
            assert_eq!(tab.refresh_token(), "rt-2");
            continue;
        }
        let error = call.error();
        assert_eq!(error.stringify_member("code"), r#""login_required""#);
        assert_eq!(error.stringify_member("reason"), r#""step_up""#);
        assert_eq!(error.stringify_member("acrValues"), r#""a b""#);
        assert_eq!(error.stringify_member("maxAge"), "60");
        // What came is given back, and what was there stays.
        assert_eq!(browser.request().form["token"], "rt-2");
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}

#[test]
fn l13_a_sign_in_of_a_minute_ago_is_no_part_of_a_loop() {
    for (elapsed, is_loop) in [(59_999.0, true), (60_000.0, false)] {
        let browser = Browser::new();
        let tab = signed_out(&browser, json!({}));
        for _ in 0..3 {
            assert!(tab.call(Verb::SignIn, json!({})).is_open());
        }
        browser.advance(elapsed);
        let fourth = tab.call(Verb::SignIn, json!({}));
        assert_eq!(fourth.is_open(), !is_loop, "{elapsed}");
    }
}

/// Only the API can tell then: the access token is its own.
#[test]
fn a_sign_in_of_a_kind_that_no_id_token_tells_of_is_taken() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "scope": "api" }));
    let state = begin(&tab, json!({ "acrValues": "b" }));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    browser.request().answer(200, response(2));
    assert!(call.brought().stringify().contains("at-2"));
}

/// An authorization endpoint of the config's is not discovered; what the server says of it counts all the same, once it is known.
#[test]
fn k13_l04_what_the_metadata_require_counts_for_an_endpoint_of_the_config_s() {
    let browser = Browser::new();
    let endpoint = json!({ "authorization": "https://as.example/authorize?p=x" });
    let tab = signed_out(&browser, json!({ "endpoints": endpoint }));
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    browser.request().answer(
        200,
        json!({
            "issuer": "https://as.example",
            "token_endpoint": "https://as.example/token",
            "pushed_authorization_request_endpoint": "https://as.example/par",
            "require_pushed_authorization_requests": true,
            "authorization_response_iss_parameter_supported": true,
        }),
    );
    assert_eq!(call.error().stringify_member("reason"), r#""iss""#);
    assert!(browser.open_requests().is_empty(), "no code was sent");
    tab.call(Verb::SignIn, json!({}));
    assert_eq!(browser.request().url, "https://as.example/par");
}

#[test]
fn a_callback_is_the_page_s_whatever_fragment_it_has() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let state = begin(&tab, json!({}));
    let query = format!("code=c&state={state}");
    come_back(&tab, &format!("{query}#_=_"));
    let given = json!({ "url": format!("/callback?{query}") });
    assert!(tab.call(Verb::HandleRedirect, given).is_open());
    assert!(tab.page().was_cleaned.get());
}

#[test]
fn k15_what_is_too_old_to_be_finished_is_not_kept() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    begin(&tab, json!({}));
    browser.advance(1_800_000.0);
    begin(&tab, json!({}));
    for (elapsed, left) in [(1_799_999.0, 2), (1.0, 1), (1_800_000.0, 0)] {
        browser.advance(elapsed);
        let next = duplicate(&tab, json!({}));
        assert_eq!(pending(&next).len(), left);
        assert_eq!(next.stored(Slot::SignIns).is_null(), left == 0);
    }
}

/// The same of a config that names all that a sign-in needs.
#[test]
fn l04_an_iss_that_is_announced_counts_for_endpoints_of_the_config_s() {
    let browser = Browser::new();
    let endpoints = json!({ "authorization": "https://as.example/authorize", "token": "https://as.example/token" });
    let tab = signed_out(&browser, json!({ "endpoints": endpoints }));
    tab.call(Verb::Introspect, json!({ "token": "of-another" }));
    let announced = json!({
        "issuer": "https://as.example",
        "introspection_endpoint": "https://as.example/introspect",
        "authorization_response_iss_parameter_supported": true,
    });
    browser.request().answer(200, announced);
    browser.request().answer(200, json!({ "active": true }));
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    assert_eq!(call.error().stringify_member("reason"), r#""iss""#);
    assert!(browser.open_requests().is_empty(), "no code was sent");
}
