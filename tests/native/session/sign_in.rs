//! Leaving for the server's page, and coming back.

use crate::outside::{Browser, Tab, config, response, signed_in};
use rekindle::client::Verb;
use rekindle::platform::{Slot, StorageFailed};
use serde_json::json;

const HOUR: f64 = 3_600_000.0;

pub(super) fn signed_out(browser: &Browser, more: serde_json::Value) -> Tab {
    let tab = Tab::open(browser);
    tab.create(config(more)).expect("the config is right");
    tab
}

/// Begins a sign-in and gives its `state`.
pub(super) fn begin(tab: &Tab, options: serde_json::Value) -> String {
    let call = tab.call(Verb::SignIn, options);
    assert!(call.is_open(), "{:?}", call.ended());
    let url = tab
        .page()
        .left_for
        .borrow()
        .last()
        .cloned()
        .expect("the page is left");
    let (_, state) = url.split_once("&state=").expect("it has a state");
    state.split('&').next().unwrap_or_default().to_owned()
}

/// The page that the server sends the browser back to.
pub(super) fn come_back(tab: &Tab, query: &str) {
    *tab.page().address.borrow_mut() = Some(format!("https://app.example/callback?{query}"));
}

pub(super) fn handle(tab: &Tab) -> crate::outside::Call {
    tab.call(Verb::HandleRedirect, json!({}))
}

pub(super) fn pending(tab: &Tab) -> Vec<serde_json::Value> {
    let stored = tab.stored(Slot::SignIns);
    stored["sign_ins"]
        .as_array()
        .or(stored["sign_ins"].as_array())
        .cloned()
        .unwrap_or_default()
}

#[test]
fn k01_k03_k04_a_sign_in_begins_with_secrets_of_its_own() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "scope": "openid" }));
    let call = tab.call(
        Verb::SignIn,
        json!({ "returnTo": "/then?a=b#c", "state": { "a": 1 }, "scope": ["openid", "email"] }),
    );
    let url = tab.page().left_for.borrow()[0].clone();
    assert!(url.starts_with("https://as.example/authorize?client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&scope=openid+email&state=random-0-"), "{url}");
    assert!(url.contains("&nonce=random-0-") && url.contains("&code_challenge_method=S256"));
    let sign_in = &pending(&tab)[0];
    assert!(!url.contains(sign_in["code_verifier"].as_str().expect("it is there")));
    assert_eq!(sign_in["created_at"], 1_800_000_000_000_u64);
    assert_eq!(
        (&sign_in["issuer"], &sign_in["scope"]),
        (&json!("https://as.example"), &json!("openid email"))
    );
    let distinct: std::collections::BTreeSet<_> = ["state", "nonce", "code_verifier"]
        .map(|name| sign_in[name].to_string())
        .into();
    assert_eq!(distinct.len(), 3);
    // It never settles by itself; who gives up is told.
    browser.advance(HOUR);
    assert!(call.is_open());
    call.abort();
    assert_eq!(call.code(), "aborted");
    assert_eq!(browser.sent(), 0);
}

#[test]
fn k11_the_way_back_is_a_path_of_the_same_origin() {
    for (given, kept) in [
        ("/then?a=b#c", Some("/then?a=b#c")),
        ("then", Some("/then")),
        ("https://app.example/x", Some("/x")),
        ("", None),
        ("//evil.example/x", None),
        ("/\\evil.example", None),
        ("https://evil.example/", None),
        ("javascript:alert(1)", None),
        ("https://app.example//evil.example", None),
    ] {
        let browser = Browser::new();
        let tab = signed_out(&browser, json!({}));
        let call = tab.call(Verb::SignIn, json!({ "returnTo": given }));
        match kept {
            Some(kept) => assert_eq!(pending(&tab)[0]["return_to"], kept, "{given}"),
            None => {
                assert_eq!(call.code(), "invalid_config", "{given}");
                assert!(tab.page().left_for.borrow().is_empty());
            }
        }
    }
}

#[test]
fn l02_a_code_is_exchanged_once_and_its_callback_answers_again() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "scope": "api a" }));
    let state = begin(&tab, json!({ "returnTo": "/then", "state": { "a": 1 } }));
    let verifier = pending(&tab)[0]["code_verifier"].clone();
    come_back(&tab, &format!("code=c-1&state={state}"));
    let call = handle(&tab);
    assert!(tab.page().was_cleaned.get());
    let request = browser.request();
    assert_eq!(
        request.form,
        json!({ "grant_type": "authorization_code", "redirect_uri": "https://app.example/callback", "code": "c-1", "code_verifier": verifier, "client_id": "app" })
    );
    // Before the answer comes the verifier is gone from storage.
    let used = &pending(&tab)[0];
    assert_eq!(
        (
            &used["used"],
            &used["family"],
            &used["code_verifier"],
            &used["nonce"]
        ),
        (&json!(true), &json!(null), &json!(null), &json!(null))
    );
    browser.advance(700.0);
    let mut answer = response(1);
    answer["scope"] = json!(null);
    request.answer(200, answer);
    let expected = r#""returnTo":"/then","state":{"a":1}}"#;
    assert!(
        call.brought().stringify().ends_with(expected),
        "{:?}",
        call.brought()
    );
    assert_eq!(tab.events(), ["SignedIn: signed-in"]);
    let record = tab.stored(Slot::Record);
    assert_eq!(
        (&record["scope"], &record["generation"]),
        (&json!("api a"), &json!(1))
    );
    assert_eq!(record["received_at"], 1_800_000_000_000_u64);
    assert!(
        record["family"]
            .as_str()
            .is_some_and(|family| family.starts_with("random-0-"))
    );
    assert_eq!(pending(&tab)[0]["family"], record["family"]);
    // Seen again it is the same; without the session, or with another's, it is nothing.
    assert!(handle(&tab).brought().stringify().ends_with(expected));
    assert_eq!(browser.sent(), 1);
    tab.call(Verb::SetTokens, json!({ "response": response(7) }));
    let error = handle(&tab).error();
    assert_eq!(error.stringify_member("reason"), r#""no_transaction""#);
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    let error = handle(&tab).error();
    assert_eq!(error.stringify_member("reason"), r#""no_transaction""#);
}

#[test]
fn l01_l09_a_callback_that_nobody_waits_for_is_refused() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    come_back(&tab, "code=c-1&state=foreign");
    let reason = |tab: &Tab| {
        let error = handle(tab).error();
        assert_eq!(error.stringify_member("code"), r#""state_mismatch""#);
        error.stringify_member("reason")
    };
    assert_eq!(reason(&tab), r#""no_transaction""#);
    *tab.page().address.borrow_mut() = Some("https://app.example/page".to_owned());
    let state = begin(&tab, json!({}));
    come_back(&tab, "code=c-1&state=foreign");
    assert_eq!(reason(&tab), r#""state""#);
    assert_eq!(browser.sent(), 0);
    // The one under way stays usable.
    come_back(&tab, &format!("code=c-1&state={state}"));
    handle(&tab);
    assert_eq!(browser.sent(), 1);
}

#[test]
fn a_page_that_is_no_callback_is_none() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    assert!(matches!(handle(&tab).ended(), Some(Ok(None))));
    assert!(!tab.page().was_cleaned.get());
    let state = begin(&tab, json!({}));
    // By address: relative to the page, and the page's own stays as it is.
    let call = tab.call(
        Verb::HandleRedirect,
        json!({ "url": format!("/callback?code=c&state={state}") }),
    );
    assert!(call.is_open() && !tab.page().was_cleaned.get());
    assert_eq!(browser.sent(), 1);
    let without = signed_out(&browser, json!({ "redirectUri": null }));
    come_back(&without, "code=c&state=s");
    assert!(matches!(handle(&without).ended(), Some(Ok(None))));
    assert_eq!(
        without.call(Verb::SignIn, json!({})).code(),
        "invalid_config"
    );
    let nowhere = Tab::open(&browser);
    *nowhere.page().address.borrow_mut() = None;
    nowhere
        .create(config(json!({})))
        .expect("the config is right");
    assert!(matches!(handle(&nowhere).ended(), Some(Ok(None))));
    assert_eq!(nowhere.call(Verb::SignIn, json!({})).code(), "unsupported");
}

#[test]
fn l03_l04_what_the_server_refuses_ends_the_sign_in() {
    for (query, code) in [
        ("error=access_denied", "oauth"),
        ("error=login_required", "login_required"),
        ("code=c&iss=https%3A%2F%2Fevil.example", "state_mismatch"),
    ] {
        let browser = Browser::new();
        let tab = signed_out(&browser, json!({}));
        let state = begin(&tab, json!({}));
        come_back(&tab, &format!("{query}&state={state}"));
        assert_eq!(handle(&tab).code(), code);
        assert_eq!(handle(&tab).code(), "state_mismatch");
        assert_eq!(browser.sent(), 0);
    }
}

#[test]
fn l05_a_code_that_may_have_been_used_is_not_sent_again() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    browser.request().fail();
    assert_eq!(call.code(), "network");
    assert_eq!(call.error().stringify_member("sessionLost"), "true");
    let again = handle(&tab);
    assert_eq!(
        again.error().stringify_member("reason"),
        r#""no_transaction""#
    );
    assert_eq!(browser.sent(), 1);
    // Answers that are of no use store nothing.
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    browser
        .request()
        .answer(200, json!({ "refresh_token": "rt" }));
    assert_eq!(call.code(), "invalid_response");
    assert_eq!(tab.stored(Slot::Record), json!(null));
}

#[test]
fn x05_a_sign_out_meanwhile_wins() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    tab.call(Verb::SignOut, json!({ "local": true }));
    browser.open_requests()[0].answer(200, response(1));
    assert_eq!(call.code(), "signed_out");
    assert_eq!(
        (tab.stored(Slot::Record), tab.stored(Slot::SignIns)),
        (json!(null), json!(null))
    );
    // By somebody else, who took the pending sign-ins away.
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("code=c&state={state}"));
    let call = handle(&tab);
    tab.page()
        .stored
        .borrow_mut()
        .remove(&(Slot::SignIns as usize));
    let open = browser.open_requests();
    open.iter()
        .find(|request| request.form["code"] == "c")
        .expect("it was sent")
        .answer(200, response(1));
    assert_eq!(call.code(), "signed_out");
}

#[test]
fn k15_pending_sign_ins_are_five_at_most_and_last_an_hour() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    let mut states = Vec::new();
    tab.page().is_activated.set(true);
    for _ in 0..7 {
        states.push(begin(&tab, json!({})));
    }
    let kept: Vec<_> = pending(&tab)
        .iter()
        .map(|sign_in| sign_in["state"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(kept, states[2..]);
    browser.advance(HOUR - 1.0);
    come_back(&tab, &format!("error=access_denied&state={}", states[5]));
    assert_eq!(handle(&tab).code(), "oauth");
    browser.advance(1.0);
    come_back(&tab, &format!("error=access_denied&state={}", states[6]));
    assert_eq!(handle(&tab).code(), "state_mismatch");
    // One from tomorrow, and what is no list. A clock that was set back by less is none of the user's troubles.
    browser.set_clock(-25.0 * HOUR - 1.0);
    assert_eq!(handle(&tab).code(), "state_mismatch");
    browser.set_clock(1.0);
    assert_eq!(handle(&tab).code(), "oauth");
    for rubbish in [
        json!({}),
        json!({ "version": 2, "sign_ins": [{ "state": states[6] }] }),
        json!({ "version": 1, "sign_ins": "a" }),
    ] {
        tab.store(Slot::SignIns, &rubbish);
        assert_eq!(
            handle(&tab).error().stringify_member("reason"),
            r#""no_transaction""#
        );
    }
}

#[test]
fn s01_a_sign_in_that_could_not_survive_is_refused() {
    for (failed, code) in [
        (StorageFailed::Full, "storage_unavailable"),
        (StorageFailed::Unavailable, "storage_unavailable"),
        (StorageFailed::NotJson, "invalid_config"),
    ] {
        let browser = Browser::new();
        let tab = signed_out(&browser, json!({}));
        tab.page().refuses.set(Some(failed));
        let call = tab.call(Verb::SignIn, json!({ "state": "a" }));
        assert_eq!(call.code(), code);
        assert!(tab.page().left_for.borrow().is_empty());
    }
}

#[test]
fn s07_without_a_source_of_randomness_there_is_no_client() {
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.page().has_random.set(false);
    let about = tab.create(config(json!({}))).expect_err("it is refused");
    assert_eq!(about.stringify_member("code"), r#""crypto_unavailable""#);
}

#[test]
fn l10_a_server_that_requires_pushed_requests_and_names_no_place_for_them() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "endpoints": null }));
    let call = tab.call(Verb::SignIn, json!({}));
    browser.request().answer(
        200,
        json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/authorize",
            "require_pushed_authorization_requests": true,
        }),
    );
    browser.request().answer(404, json!(null));
    assert_eq!(call.code(), "unsupported");
    assert!(pending(&tab).is_empty());
}

#[test]
fn k06_l04_an_announced_issuer_that_is_missing_is_refused() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "endpoints": null }));
    tab.call(Verb::SignIn, json!({}));
    browser.request().answer(
        200,
        json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "authorization_response_iss_parameter_supported": true,
        }),
    );
    let state = pending(&tab)[0]["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    come_back(&tab, &format!("code=c&state={state}"));
    let error = handle(&tab).error();
    assert_eq!(error.stringify_member("reason"), r#""iss""#);
}

#[test]
fn k05_extra_params_are_texts_and_none_of_the_protocol_s() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({}));
    for (extra, field) in [
        (json!({ "a": 1 }), "extraParams"),
        (json!({ "client_id": "x" }), "client_id"),
        (json!({ "request": "x" }), "request"),
    ] {
        let call = tab.call(Verb::SignIn, json!({ "extraParams": extra }));
        assert_eq!(
            call.error().stringify_member("field"),
            format!("\"{field}\"")
        );
    }
    begin(&tab, json!({ "extraParams": { "ui_locales": "de" } }));
    assert!(tab.page().left_for.borrow()[0].contains("ui_locales=de"));
}

#[test]
fn l02_a_callback_that_came_to_nothing_answers_nothing_though_there_is_a_session() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let state = begin(&tab, json!({}));
    come_back(&tab, &format!("error=access_denied&state={state}"));
    assert_eq!(handle(&tab).code(), "oauth");
    let error = handle(&tab).error();
    assert_eq!(error.stringify_member("reason"), r#""no_transaction""#);
    assert_eq!(tab.status(), "signed-in");
}
