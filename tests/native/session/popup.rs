//! Signing in in a window of its own, and that window's page.

use super::sign_in::{come_back, handle, pending, signed_out};
use crate::outside::{Browser, Call, Tab, config, response, signed_in};
use rekindle::client::Verb;
use rekindle::platform::{Slot, StorageFailed};
use serde_json::json;

fn begin(tab: &Tab) -> Call {
    let call = tab.call(Verb::SignInWithPopup, json!({}));
    assert!(call.is_open(), "{:?}", call.ended());
    call
}

fn state(tab: &Tab) -> String {
    let pending = pending(tab);
    let newest = pending.last().expect("a sign-in is under way");
    newest["state"].as_str().expect("it has a state").to_owned()
}

fn callback(query: &str) -> serde_json::Value {
    json!(format!("https://app.example/callback?{query}"))
}

#[test]
fn l07_k12_a_callback_that_the_popup_hands_over_is_exchanged_here() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let call = begin(&tab);
    let state = state(&tab);
    assert_eq!(state, format!("random-0-{:035}.popup", 1));
    let led = tab.popups()[0].clone().expect("it is led to the server");
    assert!(led.starts_with("https://as.example/authorize?client_id=app&"));
    assert!(tab.page().left_for.borrow().is_empty());
    // However long the user takes over it, up to an hour.
    browser.advance(3_599_000.0);
    tab.hears_from_popup(&callback(&format!("code=c-1&state={state}")));
    assert!(
        tab.popups().is_empty(),
        "the window is closed before the code is sent"
    );
    let request = browser.request();
    assert_eq!(request.form["code"], "c-1");
    request.answer(200, response(1));
    assert_eq!(call.token(), "at-1");
    assert_eq!(tab.events(), ["SignedIn: signed-in"]);
    assert!(
        !tab.page().was_cleaned.get(),
        "it is not this page's address"
    );
    // Used up, like any other.
    let again = json!({ "url": callback(&format!("code=c-1&state={state}")) });
    let again = tab.call(Verb::HandleRedirect, again).brought();
    assert!(again.stringify().contains(r#""accessToken":"at-1""#));
    assert_eq!(browser.sent(), 1);
}

#[test]
fn k12_what_is_said_on_the_channel_is_input() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let call = begin(&tab);
    let state = state(&tab);
    for said in [
        callback(&format!("code=c&state={}x", &state[1..])),
        callback(&format!("state={state}")),
        callback("code=c"),
        json!(format!(
            "https://evil.example/callback?code=c&state={state}"
        )),
        json!(format!("https://app.example/other?code=c&state={state}")),
        json!("http://["),
        json!(""),
        json!(null),
        json!(7),
        json!({ "href": "https://app.example/callback" }),
    ] {
        tab.hears_from_popup(&said);
        assert!(call.is_open(), "{said}");
    }
    assert_eq!((browser.sent(), tab.popups().len()), (0, 1));
    tab.hears_from_popup(&callback(&format!("error=access_denied&state={state}")));
    assert_eq!(call.code(), "oauth");
    assert!(tab.popups().is_empty());
}

#[test]
fn l07_a_popup_that_is_blocked_begins_nothing() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    tab.page().blocks_popups.set(true);
    let call = tab.call(Verb::SignInWithPopup, json!({}));
    assert_eq!(call.code(), "popup_blocked");
    let error = call.error();
    assert_eq!(error.stringify_member("retryable"), "true");
    assert_eq!(error.stringify_member("sessionLost"), "false");
    assert!(pending(&tab).is_empty());
}

#[test]
fn l07_what_comes_after_the_popup_seemed_closed_is_kept() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let call = begin(&tab);
    tab.close_popup();
    assert_eq!(call.code(), "popup_closed");
    tab.hears_from_popup(&callback(&format!("code=c&state={}", state(&tab))));
    browser.request().answer(200, response(1));
    assert_eq!(tab.events(), ["SignedIn: signed-in"]);
    assert!(tab.popups().is_empty());
    // But not after a sign-out, and not by a client that is closed.
    for end in [
        (|tab| drop(tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }))))
            as fn(&Tab),
        |tab| {
            tab.client().close();
            tab.page().browser.settle();
        },
    ] {
        begin(&tab);
        tab.close_popup();
        assert_eq!(tab.popups().len(), 1);
        end(&tab);
        assert!(tab.popups().is_empty());
    }
}

#[test]
fn l07_a_popup_that_is_closed_before_it_is_led_anywhere() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "pushedAuthorizationRequests": true }));
    let call = begin(&tab);
    assert_eq!(tab.popups(), [None]);
    tab.close_popup();
    browser
        .request()
        .answer(201, json!({ "request_uri": "urn:a" }));
    assert_eq!(call.code(), "popup_closed");
}

#[test]
fn l07_x05_a_popup_that_nobody_waits_for_any_more_is_closed() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let call = begin(&tab);
    call.abort();
    assert_eq!((call.code(), tab.popups().len()), ("aborted".to_owned(), 0));
    let call = tab.call(Verb::SignInWithPopup, json!({ "timeoutMs": 60_000 }));
    browser.advance(60_000.0);
    assert_eq!((call.code(), tab.popups().len()), ("timeout".to_owned(), 0));
    // The next one takes its place.
    let first = begin(&tab);
    let second = begin(&tab);
    assert_eq!(
        (first.code(), tab.popups().len()),
        ("popup_closed".to_owned(), 1)
    );
    tab.call(Verb::SignOut, json!({ "local": true }));
    assert_eq!(
        (second.code(), tab.popups().len()),
        ("signed_out".to_owned(), 0)
    );
    // While its request is pushed: nothing is left in storage.
    let tab = signed_out(&browser, json!({ "pushedAuthorizationRequests": true }));
    let call = begin(&tab);
    tab.call(Verb::SignOut, json!({ "local": true }));
    assert!(tab.popups().is_empty());
    browser
        .request()
        .answer(201, json!({ "request_uri": "urn:a" }));
    assert_eq!(call.code(), "signed_out");
    assert!(tab.stored(Slot::SignIns).is_null());
    // A request that fails.
    let tab = signed_out(&browser, json!({ "pushedAuthorizationRequests": true }));
    let call = begin(&tab);
    browser.request().fail();
    assert_eq!((call.code(), tab.popups().len()), ("network".to_owned(), 0));
}

#[test]
fn l07_options_that_are_wrong_open_no_window() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    for (options, field) in [
        (json!({ "returnTo": "/" }), "returnTo"),
        (json!({ "state": 1 }), "state"),
        (json!({ "maxAge": "1" }), "maxAge"),
        (json!({ "timeoutMs": 0 }), "timeoutMs"),
    ] {
        let call = tab.call(Verb::SignInWithPopup, options);
        assert_eq!(
            call.error().stringify_member("field"),
            format!("\"{field}\"")
        );
        assert!(tab.popups().is_empty());
    }
    let tab = signed_out(&browser, json!({ "redirectUri": null }));
    let call = tab.call(Verb::SignInWithPopup, json!({}));
    assert_eq!(
        (call.code(), tab.popups().len()),
        ("invalid_config".to_owned(), 0)
    );
}

#[test]
fn s01_l13_a_popup_needs_no_storage_and_is_no_loop() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    for _ in 0..5 {
        begin(&tab);
    }
    // Nor does it make a redirect one.
    assert!(tab.call(Verb::SignIn, json!({})).is_open());
    let tab = signed_out(&browser, json!({}));
    tab.page().refuses.set(Some(StorageFailed::Unavailable));
    let call = begin(&tab);
    let led = tab.popups()[0].clone().expect("it is led to the server");
    let (_, state) = led.split_once("&state=").expect("it has a state");
    let state = state.split('&').next().unwrap_or_default();
    tab.hears_from_popup(&callback(&format!("code=c&state={state}")));
    browser.request().answer(200, response(1));
    assert_eq!(call.token(), "at-1");
}

/// The page of a popup that came back, with a copy of its opener's session, whose tokens are due.
fn popup_page(browser: &Browser, state: &str) -> Tab {
    let opener = signed_in(browser, json!({}));
    let popup = Tab::open(browser);
    *popup.page().stored.borrow_mut() = opener.page().stored.borrow().clone();
    browser.kill(&opener);
    browser.advance(3_590_000.0);
    come_back(&popup, &format!("code=c&state={state}"));
    popup
        .create(config(json!({ "autoRenew": true })))
        .expect("the config is right");
    browser.advance(1_000.0);
    popup
}

#[test]
fn l07_a_popup_s_page_hands_its_address_over_and_renews_nothing() {
    let browser = Browser::new();
    let popup = popup_page(&browser, "s.popup");
    let call = handle(&popup);
    assert!(popup.page().was_cleaned.get());
    assert_eq!(
        popup.handed(),
        ["https://app.example/callback?code=c&state=s.popup"]
    );
    browser.advance(3_600_000.0);
    assert!(call.is_open());
    assert_eq!(browser.sent(), 0);
}

#[test]
fn l07_l01_a_popup_s_callback_that_nobody_takes_is_one_like_any_other() {
    let browser = Browser::new();
    let popup = popup_page(&browser, "s.popup");
    let call = handle(&popup);
    popup.take_no_handed();
    assert_eq!(call.code(), "state_mismatch");
    assert!(popup.handed().is_empty());
    // And its page is one like any other: the tokens are renewed.
    browser.advance(1_000.0);
    assert_eq!(browser.request().form["grant_type"], "refresh_token");
    // What only looks like it is not handed over.
    for query in [
        "code=c&state=s.popup.",
        "code=c&state=spopup",
        "state=s.popup",
    ] {
        let tab = signed_out(&browser, json!({}));
        come_back(&tab, query);
        handle(&tab);
        assert!(tab.handed().is_empty(), "{query}");
    }
    let tab = signed_out(&browser, json!({}));
    let url = json!({ "url": "/callback?code=c&state=s.popup" });
    assert_eq!(tab.call(Verb::HandleRedirect, url).code(), "state_mismatch");
    assert!(tab.stored(Slot::Record).is_null());
}
