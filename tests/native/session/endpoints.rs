//! Finding an endpoint.

use crate::outside::{Browser, Tab, config, duplicate, later, message, response, signed_in, time};
use rekindle::client::Verb;
use rekindle::platform::{Slot, StorageFailed};
use serde_json::json;

const FIRST: &str = "https://as.example/.well-known/openid-configuration";
const SECOND: &str = "https://as.example/.well-known/oauth-authorization-server";
const HOUR: f64 = 3_600_000.0;

/// A tab with a session whose endpoints are not configured.
fn discovering(browser: &Browser) -> Tab {
    signed_in(browser, json!({ "endpoints": null }))
}

fn document() -> serde_json::Value {
    json!({ "issuer": "https://as.example", "token_endpoint": "https://as.example/t" })
}

#[test]
fn v13_metadata_are_fetched_once_and_kept_for_an_hour() {
    let browser = Browser::new();
    let tab = discovering(&browser);
    let calls = [tab.refresh(), tab.call(Verb::Introspect, json!({}))];
    let request = browser.request();
    assert_eq!(
        (request.url.as_str(), request.form.is_null()),
        (FIRST, true)
    );
    let mut answer = document();
    answer["introspection_endpoint"] = json!("https://as.example/i");
    request.answer(200, answer);
    let stored = tab.stored(Slot::Metadata);
    assert_eq!(
        stored,
        json!({
            "token_endpoint": "https://as.example/t",
            "introspection_endpoint": "https://as.example/i",
            "issuer": "https://as.example",
            "version": 2,
            "fetched_at": time(browser.wall()),
        })
    );
    for request in browser.open_requests() {
        let is_token = request.url.ends_with("/t");
        request.answer(
            200,
            if is_token {
                response(2)
            } else {
                json!({ "active": true })
            },
        );
    }
    assert_eq!(calls[0].token(), "at-2");
    assert_eq!(calls[1].brought().stringify(), r#"{"active":true}"#);
    assert_eq!(browser.sent(), 3);

    // Another page load finds them in storage.
    browser.advance(HOUR - 1.0);
    for (wait, is_known) in [(0.0, true), (1.0, false)] {
        browser.advance(wait);
        let next = Tab::open(&browser);
        *next.page().stored.borrow_mut() = tab.page().stored.borrow().clone();
        next.create(config(json!({ "endpoints": null })))
            .expect("the config is right");
        let before = browser.sent();
        next.call(Verb::Introspect, json!({ "token": "a" }));
        let urls: Vec<_> = browser
            .open_requests()
            .iter()
            .map(|request| request.url.clone())
            .collect();
        let expected = if is_known {
            "https://as.example/i"
        } else {
            FIRST
        };
        assert_eq!(
            (browser.sent() - before, urls.last().map(String::as_str)),
            (1, Some(expected))
        );
        for request in browser.open_requests() {
            request.fail();
        }
        // Its second document fails too.
        for request in browser.open_requests() {
            request.fail();
        }
    }
}

#[test]
fn v13_the_same_client_uses_what_it_has_without_storage() {
    let browser = Browser::new();
    let tab = discovering(&browser);
    tab.page().refuses.set(Some(StorageFailed::Full));
    tab.refresh();
    browser.request().answer(200, document());
    browser.request().answer(200, response(2));
    tab.refresh();
    assert_eq!(browser.request().url, "https://as.example/t");
}

#[test]
fn v13_what_the_first_document_lacks_is_looked_for_in_the_second_once() {
    let browser = Browser::new();
    let tab = discovering(&browser);
    let call = tab.call(Verb::Introspect, json!({}));
    browser.request().answer(200, document());
    let request = browser.request();
    assert_eq!(
        (request.url.as_str(), request.form.is_null()),
        (SECOND, true)
    );
    request.answer(200, json!({ "issuer": "https://as.example" }));
    assert_eq!(call.code(), "unsupported");
    assert_eq!(
        call.error().stringify_member("endpoint"),
        r#""introspection_endpoint""#
    );
    assert_eq!(tab.stored(Slot::Metadata)["complete"], true);
    // Nothing more is to be found.
    assert_eq!(tab.call(Verb::Introspect, json!({})).code(), "unsupported");
    assert_eq!(browser.sent(), 2);
    let call = tab.refresh();
    browser.request().answer(200, response(2));
    assert_eq!(call.token(), "at-2");
}

#[test]
fn v11_v13_a_second_document_that_is_not_there_is_remembered_and_one_that_cannot_be_read_is_not() {
    for (status, code, is_remembered) in [
        (Some(404), "unsupported", true),
        (Some(400), "unsupported", true),
        (None, "unsupported", false),
        (Some(500), "server", false),
        (Some(503), "server", false),
        (Some(429), "rate_limited", false),
    ] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let call = tab.call(Verb::Introspect, json!({}));
        browser.request().answer(200, document());
        match status {
            Some(status) => browser.request().answer(status, json!(null)),
            None => browser.request().fail(),
        }
        assert_eq!(call.code(), code, "{status:?}");
        let again = tab.call(Verb::Introspect, json!({}));
        assert_eq!(again.ended().is_some(), is_remembered, "{status:?}");
        assert_eq!(
            browser.open_requests().is_empty(),
            is_remembered,
            "{status:?}"
        );
    }
}

#[test]
fn v13_a_first_document_that_is_not_there_is_looked_for_elsewhere() {
    for (status, has_second) in [
        (Some(404), true),
        (Some(499), true),
        (None, true),
        (Some(500), false),
        (Some(429), false),
    ] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let call = tab.refresh();
        match status {
            Some(status) => browser.request().answer(status, json!(null)),
            None => browser.request().fail(),
        }
        if !has_second {
            assert!(["server", "rate_limited"].contains(&&*call.code()));
            assert!(browser.open_requests().is_empty());
            continue;
        }
        assert_eq!(browser.request().url, SECOND);
        browser.request().answer(200, document());
        assert_eq!(browser.request().url, "https://as.example/t");
        browser.request().answer(200, response(2));
        assert_eq!(call.token(), "at-2");
        // One that could not be read may be there all the same.
        let is_complete = status.is_some();
        assert_eq!(tab.stored(Slot::Metadata)["complete"], is_complete);
        let call = tab.call(Verb::Introspect, json!({}));
        if is_complete {
            assert_eq!(call.code(), "unsupported");
            continue;
        }
        assert_eq!(browser.request().url, FIRST);
        browser.request().fail();
        assert_eq!(call.code(), "unsupported");
        let call = tab.call(Verb::Introspect, json!({}));
        let mut whole = document();
        whole["introspection_endpoint"] = json!("https://as.example/i");
        browser.request().answer(200, whole);
        browser.request().answer(200, json!({ "active": true }));
        assert_eq!(call.brought().stringify(), r#"{"active":true}"#);
        assert_eq!(tab.stored(Slot::Metadata)["complete"], true);
    }
}

#[test]
fn v13_what_the_config_names_is_not_what_was_found() {
    let browser = Browser::new();
    let old = json!({ "endpoints": { "token": "https://old.example/t" } });
    let tab = signed_in(&browser, old);
    tab.call(Verb::Introspect, json!({}));
    let mut whole = document();
    whole["introspection_endpoint"] = json!("https://as.example/i");
    browser.request().answer(200, whole);
    browser.request().answer(200, json!({ "active": true }));
    tab.refresh();
    assert_eq!(browser.request().url, "https://old.example/t");
    browser.request().answer(200, response(2));
    let next = duplicate(&tab, json!({ "endpoints": null }));
    next.refresh();
    assert_eq!(browser.request().url, "https://as.example/t");
}

#[test]
fn v13_where_neither_is_there_the_first_is_the_one_that_is_told_of() {
    for (first, second, code, status) in [
        (Some(404), None, "server", "404"),
        (None, Some(404), "network", ""),
        (Some(404), Some(503), "server", "503"),
        (None, Some(500), "server", "500"),
    ] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let call = tab.refresh();
        for answer in [first, second] {
            match answer {
                Some(status) => browser.request().answer(status, json!(null)),
                None => browser.request().fail(),
            }
        }
        assert_eq!(call.code(), code);
        assert_eq!(call.error().stringify_member("status"), status);
        assert_eq!(call.error().stringify_member("endpoint"), r#""issuer""#);
        assert_eq!(tab.stored(Slot::Metadata), json!(null));
        // A failure is not kept.
        let again = tab.refresh();
        assert_eq!(browser.request().url, FIRST);
        browser.request().answer(200, document());
        browser.request().answer(200, response(2));
        assert_eq!(again.token(), "at-2");
    }
}

#[test]
fn v12_a_document_of_another_issuer_is_refused_and_not_kept() {
    for answer in [
        json!({ "issuer": "https://evil.example", "token_endpoint": "https://evil.example/t" }),
        json!({ "issuer": "https://as.example", "token_endpoint": "http://as.example/t" }),
    ] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let call = tab.refresh();
        browser.request().answer(200, answer);
        assert_eq!(call.code(), "insecure_issuer");
        assert_eq!(
            (browser.sent(), tab.stored(Slot::Metadata)),
            (1, json!(null))
        );
        tab.refresh();
        assert_eq!(browser.request().url, FIRST);
    }
}

#[test]
fn v12_what_is_stored_is_looked_at_again() {
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("token_endpoint", json!("http://evil.example/t")),
        ("version", json!(1)),
        ("fetched_at", json!(1_800_000_000_001_u64)),
        ("fetched_at", json!("now")),
        ("fetched_at", json!(null)),
    ] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let mut stored = json!({
            "issuer": "https://as.example",
            "token_endpoint": "https://as.example/t",
            "version": 2,
            "fetched_at": 1_800_000_000_000_u64,
        });
        tab.store(Slot::Metadata, &stored);
        tab.refresh();
        assert_eq!(browser.request().url, "https://as.example/t");
        stored[name] = value;
        let other = signed_in(&browser, json!({ "endpoints": null, "clientId": "other" }));
        other.store(Slot::Metadata, &stored);
        other.refresh();
        assert!(
            browser
                .open_requests()
                .iter()
                .any(|request| request.url == FIRST),
            "{name}"
        );
    }
}

/// What such an answer says is not about the refresh token.
#[test]
fn v13_a_document_s_oauth_error_is_no_refusal() {
    for error in ["invalid_grant", "invalid_client", "login_required"] {
        let browser = Browser::new();
        let tab = discovering(&browser);
        let call = tab.refresh();
        for _ in 0..2 {
            browser.request().answer(400, json!({ "error": error }));
        }
        assert_eq!(call.code(), "server", "{error}");
        assert_eq!(tab.refresh_token(), "rt-1");
        // The document may also come with that status, and says who speaks.
    }
}

#[test]
fn x01_p02_a_sign_out_while_metadata_are_fetched_leaves_nothing() {
    let browser = Browser::new();
    let tab = discovering(&browser);
    let calls = [tab.refresh(), tab.call(Verb::Introspect, json!({}))];
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    browser.request().answer(200, document());
    assert_eq!(calls[0].code(), "signed_out");
    for request in browser.open_requests() {
        assert_eq!(request.url, SECOND);
        request.fail();
    }
    assert_eq!(calls[1].code(), "signed_out");
    assert_eq!(tab.stored(Slot::Metadata), json!(null));
    assert!(browser.open_requests().is_empty());
}

#[test]
fn m03_configured_endpoints_need_no_discovery_and_win() {
    let browser = Browser::new();
    let tab = signed_in(
        &browser,
        json!({ "endpoints": { "token": "https://own.example/t" } }),
    );
    tab.refresh();
    assert_eq!(browser.request().url, "https://own.example/t");
    let call = tab.call(Verb::Introspect, json!({}));
    let mut answer = document();
    answer["introspection_endpoint"] = json!("https://as.example/i");
    let open = browser.open_requests();
    assert_eq!(open[1].url, FIRST);
    open[1].answer(200, answer);
    assert_eq!(browser.open_requests()[1].url, "https://as.example/i");
    open[0].answer(200, response(2));
    browser.request().answer(200, json!({ "active": false }));
    assert_eq!(call.brought().stringify(), r#"{"active":false}"#);
    tab.refresh();
    assert_eq!(browser.request().url, "https://own.example/t");
}

#[test]
fn k14_p07_an_error_does_not_quote_what_was_sent() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for member in ["error", "error_description"] {
        let call = tab.refresh();
        let mut body = json!({ "error": "invalid_request" });
        body[member] = json!("no rt-1!");
        browser.request().answer(400, body);
        let about = call.error().stringify();
        assert!(
            about.contains("no [redacted]!") && !about.contains("rt-1"),
            "{about}"
        );
    }
    let call = tab.call(Verb::Introspect, json!({ "token": "s3cret" }));
    browser.request().answer(
        403,
        json!({ "errorCode": "s3cret", "errorSummary": "s3cret", "errorId": "s3cret" }),
    );
    let about = call.error().stringify();
    assert!(
        !about.contains("s3cret") && about.contains(r#""endpoint":"introspection_endpoint""#),
        "{about}"
    );
}

/// Symptom: `getAccessToken` gave a token that had run out. Cause: what a sibling brought was an answer to all that had begun before it,
/// however long they had waited for something else since.
#[test]
fn v13_t02_news_that_ran_out_while_metadata_were_awaited_are_no_answer() {
    let browser = Browser::new();
    let tab = discovering(&browser);
    browser.advance(HOUR);
    let call = tab.call(Verb::GetAccessToken, json!({ "timeoutMs": 60_000 }));
    let mut record = later(&tab, 2);
    record["expires_at"] = time(browser.wall() + 10_000.0);
    let news = json!({ "generation": 2, "record": record, "ms": 0 });
    tab.receives(&message(&tab, "tokens", news));
    browser.advance(20_000.0);
    browser.request().answer(200, document());
    assert_eq!(browser.request().form["refresh_token"], "rt-2");
    browser.request().answer(200, response(3));
    assert_eq!(call.token(), "at-3");
}

/// A server without metadata has what the config names.
#[test]
fn v13_what_neither_the_config_names_nor_the_server_is_unsupported() {
    let browser = Browser::new();
    let endpoints = json!({ "token": "https://as.example/t" });
    let tab = signed_in(&browser, json!({ "endpoints": endpoints }));
    let call = tab.call(Verb::Introspect, json!({}));
    for _ in 0..2 {
        browser.request().answer(404, json!(null));
    }
    assert_eq!(call.code(), "unsupported");
    let call = tab.call(Verb::Introspect, json!({}));
    browser.request().answer(503, json!(null));
    assert_eq!(call.code(), "server");
}

/// What an `invalid_grant` of another endpoint is about is neither the code nor the refresh token that is held.
#[test]
fn r05_only_the_token_endpoint_refuses_a_grant() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    for verb in [Verb::Introspect, Verb::Revoke] {
        let call = tab.call(verb, json!({}));
        let refusal = json!({ "error": "invalid_grant" });
        browser.request().answer(400, refusal);
        assert_eq!(call.code(), "oauth");
        assert_eq!(tab.refresh_token(), "rt-1");
    }
}
