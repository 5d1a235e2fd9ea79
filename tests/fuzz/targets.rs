//! What anybody may send. Each target takes a text, gives it to the product, and panics where that believes what it must not.

use crate::kept::{Object, Value};
use crate::outside::{Browser, Tab, config, family, signed_in};
use rekindle::client::Verb;
use rekindle::platform::{Kept, Slot};
use rekindle::protocol::discovery::{self, Endpoint};
use rekindle::protocol::text::is_secure;
use rekindle::words::Word;
use serde_json::{Value as Json, json};

pub type Target = fn(&str);

/// Each with the name of its folder in `corpus`.
pub const ALL: [(&str, Target); 4] = [
    ("callback_url", callback_url),
    ("channel_message", channel_message),
    ("discovery_document", discovery_document),
    ("stored_record", stored_record),
];

/// A URL that the page is opened with while a sign-in is under way.
pub fn callback_url(text: &str) {
    let browser = Browser::new();
    let tab = Tab::open(&browser);
    tab.create(config(json!({}))).expect("the config is right");
    tab.call(Verb::SignIn, json!({}));
    let state = tab.stored(Slot::SignIns)["sign_ins"][0]["state"].clone();
    tab.call(Verb::HandleRedirect, json!({ "url": text }));
    let asked = browser.sent();
    assert!(asked <= 1, "a code is sent once");
    if asked == 1 {
        let page = url::Url::parse("https://app.example/page?q=1").expect("it is a URL");
        let callback = page.join(text).expect("a callback is a URL");
        let given = callback.query_pairs().filter(|(name, _)| name == "state");
        assert_eq!(
            given.last().expect("it has a state").1,
            state.as_str().expect("it is a text")
        );
    }
}

/// What a script of the same origin posts to the tabs of a session.
pub fn channel_message(text: &str) {
    let Ok(message @ Json::Object(_)) = serde_json::from_str::<Json>(text) else {
        return;
    };
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "shareSession": true }));
    let own = family(&tab);
    tab.receives(&message);
    browser.advance(1_000.0);
    if let Some(record) = tab.client().record() {
        assert_eq!(record.member("family").to_text().to_string(), own);
        let is_later = record.number(Word::Generation) > 1.0;
        assert_eq!(
            is_later,
            tab.refresh_token() != "rt-1",
            "tokens of no later generation"
        );
        assert!(!is_later || message["what"] == "tokens");
    } else {
        let what = message["what"].as_str();
        assert!(
            matches!(what, Some("signed-out" | "lost")),
            "{what:?} ended the session"
        );
        assert_eq!(message["family"], own);
    }
    assert_eq!(browser.sent(), 0, "a message made the tab ask the server");
}

/// An issuer's metadata.
pub fn discovery_document(text: &str) {
    let Some(document) = Object::parse(text) else {
        return;
    };
    let settings = Object::of([("issuer".to_owned(), Value::from("https://as.example"))]);
    let metadata = Object::object();
    if discovery::take(&document, &settings, &metadata).is_ok() {
        let issuer = document.member("issuer").to_text().to_string();
        assert_eq!(issuer.trim_end_matches('/'), "https://as.example");
        for endpoint in Endpoint::ALL {
            let name = endpoint.names().metadata;
            let is_safe = metadata.url(name).is_some_and(|url| is_secure(&url));
            assert!(is_safe || metadata.kind(name) == rekindle::platform::Kind::Absent);
        }
    }
}

/// What is found in storage when a page is loaded.
pub fn stored_record(text: &str) {
    let Ok(stored) = serde_json::from_str::<Json>(text) else {
        return;
    };
    for slot in [
        Slot::Record,
        Slot::SignIns,
        Slot::Metadata,
        Slot::Tombstones,
    ] {
        let browser = Browser::new();
        let tab = Tab::open(&browser);
        tab.store(slot, &stored);
        tab.create(config(json!({ "autoRenew": true })))
            .expect("no stored value is an error");
        if tab.status() != "signed-out" {
            assert_eq!(slot, Slot::Record);
            assert_eq!(stored["issuer"], "https://as.example");
            assert_eq!(stored["client_id"], "app");
        }
        let expires_at = tab.client().snapshot().get(Word::Tokens);
        assert!(expires_at.is_none_or(|tokens| tokens.number(Word::OutExpiresAt).is_finite()));
        tab.get_access_token();
        tab.call(
            Verb::HandleRedirect,
            json!({ "url": "https://app.example/callback?code=c&state=s" }),
        );
        browser.advance(1_000.0);
        tab.diagnostics();
    }
}
