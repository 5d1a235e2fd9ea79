//! What anybody may send. Each target takes a text, gives it to the product, and panics where that believes what it must not.

use crate::kept::Object;
use crate::outside::{Browser, Tab, config, family, id_token, keys, response, signed_in};
use crate::support::object;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rekindle::client::Verb;
use rekindle::platform::{Kept, Slot};
use rekindle::protocol::discovery::{self, Endpoint};
use rekindle::protocol::text::is_secure;
use rekindle::protocol::{self, jwks};
use rekindle::words::Word;
use serde_json::{Value as Json, json};

pub type Target = fn(&str);

/// Each with the name of its folder in `corpus`.
pub const ALL: [(&str, Target); 6] = [
    ("callback_url", callback_url),
    ("channel_message", channel_message),
    ("compact_jwt", compact_jwt),
    ("discovery_document", discovery_document),
    ("jwk_set", jwk_set),
    ("stored_record", stored_record),
];

const ALGORITHMS: [(&str, &str, Option<&str>); 8] = [
    ("RS256", "RSA", None),
    ("RS384", "RSA", None),
    ("RS512", "RSA", None),
    ("PS256", "RSA", None),
    ("ES256", "EC", Some("P-256")),
    ("ES384", "EC", Some("P-384")),
    ("EdDSA", "OKP", Some("Ed25519")),
    ("Ed25519", "OKP", Some("Ed25519")),
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
        // A server need not rotate: a later generation may have the same refresh token.
        let is_later = record.number(Word::Generation) > 1.0;
        let is_same = tab.refresh_token() == "rt-1"
            && record.member("access_token").to_text().to_string() == "at-1";
        assert!(is_later || is_same, "tokens of no later generation");
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

/// The ID token of an answer: a compact JWT or, where the text has lines, one of this header, these claims and this signature.
pub fn compact_jwt(text: &str) {
    let token = match text.splitn(3, '\n').collect::<Vec<_>>()[..] {
        [header, claims, signature] => [header, claims, signature]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join("."),
        _ => text.to_owned(),
    };
    let part = |at| {
        let part = token.split('.').nth(at).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<Json>(&bytes).unwrap_or_default()
    };
    let (header, claims) = (part(0), part(1));
    let settings = object(json!({ "issuer": "https://as.example", "client_id": "app" }));
    let sign_in = object(json!({ "nonce": "n-1", "max_age": 60 }));
    let answer = object(json!({ "id_token": token }));
    if protocol::id_token::check_sign_in(&answer, &settings, &sign_in, 300.0).is_ok() {
        let is_listed = ALGORITHMS.iter().any(|(alg, ..)| header["alg"] == *alg);
        assert!(is_listed && header.get("crit").is_none());
        let issuer = claims["iss"].as_str().expect("it has an issuer");
        assert_eq!(issuer.trim_end_matches('/'), "https://as.example");
        let audience = &claims["aud"];
        let is_ours = |item: &Json| item == "app";
        assert!(
            is_ours(audience)
                || audience
                    .as_array()
                    .is_some_and(|list| list.iter().any(is_ours))
        );
        assert!(claims.get("azp").is_none_or(is_ours));
        assert_eq!(claims["nonce"], "n-1");
        let time = |name: &str| claims[name].as_f64().expect("it has a time");
        assert!(time("exp") > time("iat") && time("auth_time") >= time("iat") - 360.0);
    }
    if token.is_empty() {
        return;
    }
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    let is_taken = refresh(&browser, &tab, &token, keys("k1"));
    let signature = token.rsplit('.').next().unwrap_or_default();
    let is_signed = header["alg"] == "ES256" && signature == URL_SAFE_NO_PAD.encode("ES256 k1");
    assert!(!is_taken || is_signed, "nobody signed it");
}

/// An issuer's keys.
pub fn jwk_set(text: &str) {
    let Ok(document) = serde_json::from_str::<Json>(text) else {
        return;
    };
    let Some(set) = Object::parse(text) else {
        return;
    };
    for (alg, kty, crv) in ALGORITHMS {
        for header in [json!({ "alg": alg }), json!({ "alg": alg, "kid": "k1" })] {
            let Some(key) = jwks::pick(&set, &object(header.clone())) else {
                continue;
            };
            let key = serde_json::from_str::<Json>(&key.stringify()).expect("it is JSON");
            assert!(header.get("kid").is_none_or(|kid| key["kid"] == *kid));
            assert!(key["kty"] == kty && crv.is_none_or(|crv| key["crv"] == crv));
            assert!(key.get("use").is_none_or(|purpose| purpose == "sig"));
            let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap_or_default());
            if let (None, Ok(bytes)) = (crv, modulus) {
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                let first = bytes
                    .get(zeros)
                    .map_or(8, |byte| byte.leading_zeros() as usize);
                assert!(8 * (bytes.len() - zeros) - first >= 2048, "it is too short");
            }
        }
    }
    let browser = Browser::new();
    let tab = signed_in(&browser, json!({}));
    if refresh(&browser, &tab, &id_token(json!({})), document.clone()) && is_verified(&tab) {
        let keys = document["keys"].as_array().expect("it has keys");
        assert!(
            keys.iter()
                .any(|key| key["x"] == "k1" && key["crv"] == "P-256")
        );
    }
}

/// Whether a refresh whose answer has this ID token brings its access token. Its refresh token is kept in any case.
fn refresh(browser: &Browser, tab: &Tab, id_token: &str, keys: Json) -> bool {
    let call = tab.refresh();
    let mut answer = response(2);
    answer["id_token"] = json!(id_token);
    browser.request().answer(200, answer);
    for request in browser.open_requests() {
        request.answer(200, keys.clone());
    }
    browser.advance(10_000.0);
    assert_eq!(tab.refresh_token(), "rt-2", "the new refresh token is lost");
    let is_taken = call.ended().expect("it ends").is_ok();
    let held = tab.get_access_token().token();
    assert_eq!(held, if is_taken { "at-2" } else { "at-1" });
    is_taken
}

fn is_verified(tab: &Tab) -> bool {
    let warnings = tab.diagnostics()["warnings"].to_string();
    !warnings.contains("was not verified")
}

/// An issuer's metadata.
pub fn discovery_document(text: &str) {
    let Some(document) = Object::parse(text) else {
        return;
    };
    let settings = object(json!({ "issuer": "https://as.example" }));
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
        Slot::Keys,
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
        // Which looks for the key of its ID token.
        let mut answer = response(1);
        answer["id_token"] = json!(id_token(json!({})));
        tab.call(Verb::SetTokens, json!({ "response": answer }));
        browser.advance(1_000.0);
        tab.diagnostics();
    }
}
