//! Who signed the ID token: the issuer's keys, and what happens where they say no or cannot be had.

use super::sign_in::{begin, come_back, handle, pending, signed_out};
use crate::outside::{
    Browser, Call, Tab, config, duplicate, id_token, keys, response, signed, signed_in, twins,
};
use rekindle::client::Verb;
use rekindle::platform::Slot;
use serde_json::{Value as Json, json};

const KEYS: &str = "https://as.example/keys";
const MINUTE: f64 = 60_000.0;

/// An answer with this ID token.
fn answer(number: u32, id_token: &str) -> Json {
    let mut answer = response(number);
    answer["id_token"] = json!(id_token);
    answer
}

fn good() -> String {
    id_token(json!({}))
}

/// Of a key that the issuer has not.
fn forged() -> String {
    let (start, _) = good()
        .rsplit_once('.')
        .map(|(start, end)| (start.to_owned(), end.to_owned()))
        .expect("it has parts");
    format!("{start}.Zm9yZ2Vk")
}

/// A tab that holds an ID token.
fn with_id_token(browser: &Browser) -> Tab {
    let tab = signed_in(browser, json!({}));
    tab.call(Verb::SetTokens, json!({ "response": answer(5, &good()) }));
    tab.events();
    tab
}

/// The same after a refresh that fetched the issuer's keys.
fn with_keys(browser: &Browser) -> Tab {
    let tab = with_id_token(browser);
    let call = refresh(browser, &tab, answer(6, &good()));
    browser.answer_keys(keys("k1"));
    assert_eq!(call.token(), "at-6");
    tab
}

fn urls(browser: &Browser) -> Vec<String> {
    let open = browser.open_requests();
    open.iter().map(|request| request.url.clone()).collect()
}

/// Begins a refresh, and gives the answer to it.
fn refresh(browser: &Browser, tab: &Tab, body: Json) -> Call {
    let call = tab.refresh();
    let open = browser.open_requests();
    let token = open.iter().find(|request| request.url.ends_with("/token"));
    token.expect("a refresh is sent").answer(200, body);
    call
}

fn warnings(tab: &Tab) -> usize {
    let told = tab.diagnostics()["warnings"].to_string();
    told.matches("was not verified").count()
}

#[test]
fn v08_keys_are_fetched_beside_the_first_refresh_and_kept() {
    let browser = Browser::new();
    let tab = with_id_token(&browser);
    let call = tab.refresh();
    assert_eq!(urls(&browser), ["https://as.example/token", KEYS]);
    browser.answer_keys(keys("k1"));
    browser.request().answer(200, answer(6, &good()));
    assert_eq!(call.token(), "at-6");
    assert_eq!(tab.stored(Slot::Keys)["keys"], keys("k1")["keys"]);
    // In this page, in a duplicate, and after a reload nobody asks again.
    for tab in [tab.clone(), duplicate(&tab, json!({}))] {
        let call = tab.refresh();
        assert_eq!(urls(&browser), ["https://as.example/token"]);
        browser.request().answer(200, answer(7, &good()));
        assert_eq!(call.token(), "at-7");
        browser.advance(10_000.0);
    }
    assert_eq!(warnings(&tab), 0);
    // A day later they may be others.
    browser.advance(86_400_000.0);
    tab.refresh();
    assert_eq!(urls(&browser), ["https://as.example/token", KEYS]);
}

#[test]
fn v08_the_new_refresh_token_is_stored_while_the_keys_are_fetched() {
    let browser = Browser::new();
    let tab = with_id_token(&browser);
    let call = refresh(&browser, &tab, answer(6, &good()));
    assert!(call.is_open());
    let stored = tab.stored(Slot::Record);
    assert_eq!(
        (&stored["refresh_token"], &stored["access_token"]),
        (&json!("rt-6"), &json!("at-5"))
    );
    assert!(tab.events().is_empty());
    browser.answer_keys(keys("k1"));
    assert_eq!(call.token(), "at-6");
    assert_eq!(tab.events(), ["Renewed: signed-in"]);
    assert_eq!(
        (tab.generation(), tab.refresh_token()),
        (3.0, "rt-6".to_owned())
    );
}

#[test]
fn v08_keys_that_cannot_be_had_cost_nothing_and_are_asked_for_again() {
    for status in [500, 404, 200] {
        let browser = Browser::new();
        let tab = with_id_token(&browser);
        let call = refresh(&browser, &tab, answer(6, &forged()));
        browser.request().answer(status, json!({ "nothing": true }));
        assert_eq!(call.token(), "at-6", "{status}");
        assert_eq!(warnings(&tab), 1);
        // Not within a minute.
        assert_eq!(refresh(&browser, &tab, answer(7, &good())).token(), "at-7");
        assert_eq!(warnings(&tab), 2);
        browser.advance(MINUTE);
        let call = refresh(&browser, &tab, answer(8, &forged()));
        browser.answer_keys(keys("k1"));
        assert_eq!(call.code(), "id_token_invalid");
        assert_eq!(tab.refresh_token(), "rt-8");
    }
}

#[test]
fn v08_keys_that_are_slow_keep_a_refresh_waiting_for_five_seconds() {
    let browser = Browser::new();
    let tab = with_id_token(&browser);
    let call = refresh(&browser, &tab, answer(6, &good()));
    browser.advance(4_999.0);
    assert!(call.is_open());
    browser.advance(1.0);
    assert_eq!(call.token(), "at-6");
    assert_eq!(warnings(&tab), 1);
}

#[test]
fn v08_m05_an_unknown_key_is_looked_for_once_a_minute() {
    let browser = Browser::new();
    let tab = with_keys(&browser);
    let rotated = |x: &str| {
        let header = json!({ "alg": "ES256", "kid": x });
        let claims =
            json!({ "iss": "https://as.example", "sub": "1", "aud": "app", "iat": 1, "exp": 2 });
        signed(&header, &claims, x)
    };
    // The issuer has new keys, a moment after the first were fetched.
    let call = refresh(&browser, &tab, answer(7, &rotated("k2")));
    browser.answer_keys(keys("k2"));
    assert_eq!(call.token(), "at-7");
    // And again: but that was asked a moment ago.
    let call = refresh(&browser, &tab, answer(8, &rotated("k3")));
    assert_eq!(call.code(), "id_token_invalid");
    assert_eq!(call.error().stringify_member("reason"), r#""signature""#);
    browser.advance(MINUTE);
    let sent = browser.sent();
    for number in 9..109 {
        let call = refresh(&browser, &tab, answer(number, &rotated("k3")));
        for request in browser.open_requests() {
            request.answer(200, keys("k2"));
        }
        assert_eq!(call.code(), "id_token_invalid");
    }
    assert_eq!(
        browser.sent(),
        sent + 101,
        "a hundred refreshes, one request for keys"
    );
}

#[test]
fn v07_j07_of_a_forged_id_token_s_answer_the_refresh_token_alone_is_kept() {
    let browser = Browser::new();
    let (tab, twin) = twins(&browser, json!({}));
    let call = refresh(&browser, &tab, answer(2, &forged()));
    browser.answer_keys(keys("k1"));
    assert_eq!(call.code(), "id_token_invalid");
    assert_eq!(call.error().stringify_member("reason"), r#""signature""#);
    for tab in [&tab, &twin] {
        let stored = tab.stored(Slot::Record);
        assert_eq!(
            (
                &stored["refresh_token"],
                &stored["access_token"],
                &stored["id_token"]
            ),
            (&json!("rt-2"), &json!("at-1"), &json!(null))
        );
        assert_eq!(tab.get_access_token().token(), "at-1");
    }
}

/// Symptom: a lost answer ended the session at django-oauth-toolkit, which repeats the tokens and sends an ID token of others with them.
/// Without the fix the second attempt is `id_token_invalid`.
#[test]
fn j05_n02_the_answer_to_a_second_attempt_may_have_another_access_token_s_hash() {
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({ "rotationGraceSeconds": 30 }));
    tab.call(Verb::SetTokens, json!({ "response": answer(5, &good()) }));
    let call = tab.refresh();
    browser.answer_keys(keys("k1"));
    browser.request().fail();
    browser.advance(1_000.0);
    let other = id_token(json!({ "at_hash": "x" }));
    browser.request().answer(200, answer(6, &other));
    assert_eq!(call.token(), "at-6");
    assert_eq!(tab.stored(Slot::Record)["id_token"], json!(good()));
    assert_eq!(tab.stored(Slot::Record)["refresh_token"], json!("rt-6"));
    let told = tab.diagnostics()["warnings"].to_string();
    assert!(told.contains("another access token"), "{told}");
}

#[test]
fn j05_the_access_token_s_hash_where_there_is_one() {
    // SHA-256 of "at-2", its left half.
    let hash = crate::outside::at_hash("at-2");
    for (at_hash, is_good) in [
        (json!(hash), true),
        (json!("x"), false),
        (json!(1), false),
        (json!(null), true),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let token = id_token(json!({ "at_hash": at_hash }));
        let call = refresh(&browser, &tab, answer(2, &token));
        browser.answer_keys(keys("k1"));
        if is_good {
            assert_eq!(call.token(), "at-2", "{at_hash}");
        } else {
            assert_eq!(call.error().stringify_member("reason"), r#""at_hash""#);
            assert_eq!(tab.get_access_token().token(), "at-1");
        }
    }
}

#[test]
fn x01_a_sign_out_while_the_keys_are_fetched() {
    let browser = Browser::new();
    let tab = with_id_token(&browser);
    let call = refresh(&browser, &tab, answer(6, &good()));
    tab.call(Verb::SignOut, json!({ "local": true, "revoke": false }));
    assert_eq!(call.code(), "signed_out");
    browser.answer_keys(keys("k1"));
    assert_eq!(tab.stored(Slot::Record), json!(null));
    assert_eq!(tab.stored(Slot::Keys), json!(null));
    assert_eq!(tab.status(), "signed-out");
    assert!(browser.locked().is_empty());
}

/// A sign-in up to its code: the call, and the nonce.
fn called_back(tab: &Tab) -> (Call, Json) {
    let state = begin(tab, json!({}));
    let nonce = pending(tab)[0]["nonce"].clone();
    come_back(tab, &format!("code=c&state={state}"));
    (handle(tab), nonce)
}

#[test]
fn l06_a_sign_in_is_over_where_its_id_token_fails_a_check() {
    type Token = fn(Json) -> Option<String>;
    let changes: [(&str, Token); 6] = [
        ("format", |_| None),
        ("nonce", |_| Some(id_token(json!({ "nonce": "other" })))),
        ("aud", |nonce| {
            Some(id_token(json!({ "nonce": nonce, "aud": "other" })))
        }),
        ("time", |nonce| {
            Some(id_token(json!({ "nonce": nonce, "exp": 1 })))
        }),
        ("at_hash", |nonce| {
            Some(id_token(json!({ "nonce": nonce, "at_hash": "x" })))
        }),
        ("signature", |nonce| {
            Some(id_token(json!({ "nonce": nonce })).replace(".RVMyNTYgazE", ".Zm9yZ2Vk"))
        }),
    ];
    for (reason, token) in changes {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({ "scope": "openid" }));
        let (call, nonce) = called_back(&tab);
        assert_eq!(urls(&browser), ["https://as.example/token", KEYS]);
        browser.answer_keys(keys("k1"));
        let mut body = response(2);
        body["id_token"] = json!(token(nonce));
        browser.request().answer(200, body);
        if reason == "signature" {
            // Nobody else's key made it: the issuer might have another one by now.
            browser.answer_keys(keys("k1"));
        }
        assert_eq!(call.code(), "id_token_invalid", "{reason}");
        assert_eq!(
            call.error().stringify_member("reason"),
            format!("\"{reason}\"")
        );
        // What came is given back, and what was there stays.
        assert_eq!(browser.request().form["token"], "rt-2");
        assert_eq!(tab.stored(Slot::Record)["refresh_token"], "rt-1");
        assert!(tab.events().is_empty());
    }
}

#[test]
fn v08_a_sign_in_needs_the_keys() {
    for body in [json!(null), json!({ "keys": [] })] {
        let browser = Browser::new();
        let tab = signed_out(&browser, json!({ "scope": "openid" }));
        let (call, nonce) = called_back(&tab);
        let open = browser.open_requests();
        open[0].answer(200, answer(2, &id_token(json!({ "nonce": nonce }))));
        open[1].answer(if body.is_null() { 503 } else { 200 }, body);
        assert_eq!(call.code(), "id_token_invalid");
        assert_eq!(call.error().stringify_member("reason"), r#""signature""#);
        assert_eq!(tab.status(), "signed-out");
        assert_eq!(tab.stored(Slot::Record), json!(null));
    }
}

#[test]
fn a_sign_in_discovers_where_the_keys_are() {
    let browser = Browser::new();
    let tab = signed_out(&browser, json!({ "scope": "openid", "endpoints": null }));
    tab.call(Verb::SignIn, json!({}));
    let metadata = json!({
        "issuer": "https://as.example",
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "jwks_uri": "https://as.example/keys",
    });
    browser.request().answer(200, metadata);
    let (state, nonce) = (
        pending(&tab)[0]["state"].clone(),
        pending(&tab)[0]["nonce"].clone(),
    );
    come_back(
        &tab,
        &format!("code=c&state={}", state.as_str().expect("it is a text")),
    );
    let call = handle(&tab);
    browser.answer_keys(keys("k1"));
    browser
        .request()
        .answer(200, answer(2, &id_token(json!({ "nonce": nonce }))));
    assert!(call.brought().stringify().contains("at-2"));
    assert_eq!(tab.diagnostics()["clockOffsetMs"], json!(0));
}

#[test]
fn j02_adopted_tokens_are_this_client_s() {
    for (change, reason) in [
        (json!({ "aud": "other" }), "aud"),
        (json!({ "iss": "https://other.example" }), "iss"),
        (json!({ "azp": "other" }), "azp"),
    ] {
        let browser = Browser::new();
        let tab = signed_in(&browser, json!({}));
        let call = tab.call(
            Verb::SetTokens,
            json!({ "response": answer(2, &id_token(change)) }),
        );
        assert_eq!(call.code(), "id_token_invalid");
        assert_eq!(
            call.error().stringify_member("reason"),
            format!("\"{reason}\"")
        );
        assert_eq!((tab.refresh_token().as_str(), browser.sent()), ("rt-1", 0));
    }
}

#[test]
fn adopted_tokens_are_verified_with_the_keys_at_hand() {
    let browser = Browser::new();
    let tab = with_id_token(&browser);
    assert_eq!(browser.sent(), 0);
    let call = refresh(&browser, &tab, answer(6, &good()));
    browser.answer_keys(keys("k1"));
    assert_eq!(call.token(), "at-6");
    let adopted = tab.call(Verb::SetTokens, json!({ "response": answer(7, &good()) }));
    assert_eq!((adopted.token().as_str(), browser.sent()), ("at-7", 2));
    let refused = tab.call(Verb::SetTokens, json!({ "response": answer(8, &forged()) }));
    assert_eq!(browser.sent(), 3, "for the newest keys");
    browser.answer_keys(keys("k1"));
    assert_eq!(refused.code(), "id_token_invalid");
    assert_eq!((tab.refresh_token().as_str(), browser.sent()), ("rt-7", 3));
    assert_eq!(config(json!({}))["endpoints"]["jwks"], KEYS);
}

/// An issuer may give a new key the name of the old one; nobody else's signature is worth another request.
#[test]
fn v08_a_signature_that_no_key_at_hand_made_is_worth_a_look_at_the_newest_keys() {
    for (token, is_worth_it) in [
        (
            signed(&json!({ "alg": "ES256", "kid": "k1" }), &claims(), "k2"),
            true,
        ),
        (id_token(json!({ "at_hash": "x" })), false),
    ] {
        let browser = Browser::new();
        let tab = with_keys(&browser);
        browser.advance(MINUTE);
        let call = refresh(&browser, &tab, answer(7, &token));
        if is_worth_it {
            assert_eq!(urls(&browser), [KEYS]);
            let mut renamed = keys("k2");
            renamed["keys"][0]["kid"] = json!("k1");
            browser.answer_keys(renamed);
            assert_eq!(call.token(), "at-7");
        } else {
            assert_eq!(call.code(), "id_token_invalid");
            assert!(browser.open_requests().is_empty());
        }
    }
}

/// The claims of [`good`].
fn claims() -> Json {
    json!({ "iss": "https://as.example", "sub": "1", "aud": "app", "iat": 1_800_000_000, "exp": 1_800_003_600 })
}

#[test]
fn v08_a_signature_that_the_key_at_hand_refused_is_wrong_where_no_newer_keys_can_be_had() {
    let browser = Browser::new();
    let tab = with_keys(&browser);
    browser.advance(MINUTE);
    let call = refresh(&browser, &tab, answer(7, &forged()));
    browser.request().fail();
    assert_eq!(call.code(), "id_token_invalid");
    assert_eq!(call.error().stringify_member("reason"), r#""signature""#);
}

/// Nobody waits at a refresh for metadata that nothing else needs.
#[test]
fn v08_a_refresh_does_not_discover_where_the_keys_are() {
    let browser = Browser::new();
    let only = json!({ "endpoints": { "token": "https://as.example/token" } });
    let tab = signed_in(&browser, only);
    let call = refresh(&browser, &tab, answer(2, &good()));
    assert_eq!(call.token(), "at-2");
    assert_eq!((browser.sent(), warnings(&tab)), (1, 1));
}

#[test]
fn v08_a_sign_in_discovers_the_keys_though_the_other_endpoints_are_configured() {
    let browser = Browser::new();
    let (token, authorization) = ("https://as.example/token", "https://as.example/authorize");
    let only = json!({ "scope": "openid", "endpoints": { "token": token, "authorization": authorization } });
    let tab = signed_out(&browser, only);
    let (call, nonce) = called_back(&tab);
    let body = answer(2, &id_token(json!({ "nonce": nonce })));
    browser.request().answer(200, body);
    let metadata = json!({
        "issuer": "https://as.example",
        "authorization_endpoint": authorization,
        "token_endpoint": token,
        "jwks_uri": KEYS,
    });
    browser.request().answer(200, metadata);
    browser.answer_keys(keys("k1"));
    assert!(call.brought().stringify().contains("at-2"));
}
