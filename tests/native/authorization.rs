//! The authorization request, and its answer.

use crate::kept::{Object, Value};
use crate::strategies::any_object;
use crate::support::{assert_members, object, settings, url, with};
use proptest::prelude::*;
use rekindle::platform::{Kept, Kind};
use rekindle::protocol::authorization::{OF_THE_PROTOCOL, callback, check, request};
use rekindle::words::{Code, Word};
use serde_json::json;

/// A sign-in under way, with the verifier of RFC 7636 appendix B.
fn sign_in() -> Object {
    object(json!({
        "state": "st-1",
        "nonce": "n-1",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "created_at": 1,
        "issuer": "https://as.example/a",
        "redirect_uri": "https://app.example/callback",
        "scope": "openid email",
    }))
}

/// Where the browser is sent to.
fn address(settings: &Object, options: serde_json::Value) -> String {
    let address = object(json!({ "url": "https://as.example/a/authorize?tenant=1" }));
    address.add_query(Word::Url, &request(settings, &sign_in(), &object(options)));
    address.member("url").to_text().to_string()
}

#[test]
fn k01_k03_k04_k05_a_request_has_pkce_state_and_nonce_and_asks_for_a_code() {
    assert_eq!(
        address(&settings(), json!({})),
        "https://as.example/a/authorize?tenant=1\
         &client_id=0oa1example\
         &response_type=code\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback\
         &scope=openid+email\
         &state=st-1\
         &nonce=n-1\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
         &code_challenge_method=S256"
    );
}

#[test]
fn options_are_sent_under_the_names_of_openid_connect() {
    let settings = with(settings(), "resource", json!(["https://a", "https://b"]));
    let options = json!({
        "returnTo": "/then",
        "state": { "own": 1 },
        "scope": "openid email",
        "loginHint": "a@b.example",
        "prompt": "login consent",
        "acrValues": ["urn:a", "urn:b"],
        "maxAge": 0,
        "idp": "0oa2",
        "timeoutMs": 1000,
    });
    let address = address(&settings, options);
    let (_, rest) = address
        .split_once("&code_challenge_method=S256")
        .expect("it has PKCE");
    assert_eq!(
        rest,
        "&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb\
         &prompt=login+consent\
         &login_hint=a%40b.example\
         &acr_values=urn%3Aa+urn%3Ab\
         &max_age=0\
         &idp=0oa2"
    );
}

#[test]
fn the_verifier_and_the_app_s_own_state_are_not_sent() {
    let address = address(
        &settings(),
        json!({ "state": "own-state", "returnTo": "/then" }),
    );
    for secret in ["dBjftJeZ4CVP", "own-state", "then", "created_at"] {
        assert!(!address.contains(secret), "{secret} in {address}");
    }
}

#[test]
fn extra_params_come_along_and_replace_none_of_the_protocol_s() {
    let mut extra = json!({ "ui_locales": "de", "idp_hint": "a" });
    for name in [
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ] {
        extra[name] = json!("evil");
    }
    let address = address(&settings(), json!({ "extraParams": extra }));
    assert!(!address.contains("evil"), "{address}");
    assert!(address.contains("&ui_locales=de&idp_hint=a&"), "{address}");
}

#[test]
fn every_parameter_that_a_request_sets_is_one_of_the_protocol_s() {
    let settings = with(settings(), "resource", "https://a");
    let options = object(json!({ "prompt": "a", "loginHint": "a", "acrValues": "a", "maxAge": 1 }));
    for (name, _) in request(&settings, &sign_in(), &options).entries() {
        let is_ours = OF_THE_PROTOCOL
            .iter()
            .any(|&word| crate::kept::word_text(word) == name);
        assert!(is_ours, "{name} could be set by extraParams");
    }
}

fn recognised(address: &str) -> Option<Object> {
    callback(&url(address), &url("https://app.example/callback?own=1"))
}

#[test]
fn l01_a_callback_has_the_redirect_uri_s_place_and_state_and_code_or_error() {
    for query in [
        "code=c&state=s",
        "state=s&code=c&iss=https%3A%2F%2Fas.example",
        "error=access_denied&state=s",
        "error=e&code=c&state=s",
        "own=1&code=c&state=s&other=2",
    ] {
        let params = recognised(&format!("https://app.example/callback?{query}#fragment"));
        let params = params.expect(query);
        assert_eq!(params.stringify_member("state"), r#""s""#, "{query}");
    }
    for address in [
        "https://app.example/callback",
        "https://app.example/callback?code=c",
        "https://app.example/callback?state=s",
        "https://app.example/callback?error=e",
        "https://app.example/callback?code=&state=s",
        "https://app.example/callback?error=&state=s",
        "https://app.example/callback?code=c&state=",
        "https://app.example/callback?Code=c&State=s",
        "https://app.example/callback/?code=c&state=s",
        "https://app.example/Callback?code=c&state=s",
        "https://app.example/?code=c&state=s",
        "https://app.example:8443/callback?code=c&state=s",
        "http://app.example/callback?code=c&state=s",
        "https://app.example.evil.example/callback?code=c&state=s",
        "https://sub.app.example/callback?code=c&state=s",
    ] {
        assert!(recognised(address).is_none(), "{address}");
    }
}

#[test]
fn k05_what_is_in_the_fragment_is_no_callback() {
    for address in [
        "https://app.example/callback#code=c&state=s",
        "https://app.example/callback#access_token=at&state=s",
        "https://app.example/callback?state=s#code=c",
    ] {
        assert!(recognised(address).is_none(), "{address}");
    }
}

#[test]
fn l01_parameters_are_decoded_and_of_a_repeated_one_the_last_counts() {
    let params =
        recognised("https://app.example/callback?state=1&code=a%2Bb+c&state=2").expect("it is one");
    assert_members(&params, &json!({ "state": "2", "code": "a+b c" }));
}

/// The error's code, and what else it says.
#[track_caller]
fn refused(callback: serde_json::Value, sign_in: &Object) -> Object {
    check(&object(callback), sign_in)
        .expect_err("it is refused")
        .about
}

fn announced(value: impl Into<Value>) -> Object {
    with(
        sign_in(),
        "authorization_response_iss_parameter_supported",
        value,
    )
}

#[test]
fn k06_l04_the_issuer_of_the_sign_in_may_be_named() {
    for sign_in in [
        sign_in(),
        announced(Value::Boolean(true)),
        announced(Value::Boolean(false)),
    ] {
        for iss in ["https://as.example/a", "https://as.example/a/"] {
            let callback = object(json!({ "code": "c", "state": "st-1", "iss": iss }));
            assert!(check(&callback, &sign_in).is_ok(), "{iss}");
        }
    }
}

#[test]
fn k06_l04_another_issuer_is_refused_whether_announced_or_not() {
    for sign_in in [
        sign_in(),
        announced(Value::Boolean(true)),
        announced(Value::Boolean(false)),
    ] {
        for iss in [
            "https://evil.example",
            "https://as.example",
            "https://as.example/a//",
            "https://as.example/A",
            "https://AS.example/a",
            "https://as.example:443/a",
            "http://as.example/a",
            "",
            "/",
        ] {
            for callback in [
                json!({ "code": "c", "state": "st-1", "iss": iss }),
                json!({ "error": "access_denied", "state": "st-1", "iss": iss }),
            ] {
                assert_members(
                    &refused(callback, &sign_in),
                    &json!({ "code": "state_mismatch", "retryable": false, "reason": "iss" }),
                );
            }
        }
    }
}

#[test]
fn k06_l04_no_issuer_is_refused_where_the_server_announced_one() {
    let without = json!({ "code": "c", "state": "st-1" });
    let about = refused(without.clone(), &announced(Value::Boolean(true)));
    assert!(about.is(Word::Reason, Word::Iss), "{about:?}");
    for sign_in in [
        sign_in(),
        announced(Value::Boolean(false)),
        announced(Value::Null),
    ] {
        assert!(check(&object(without.clone()), &sign_in).is_ok());
    }
}

#[test]
fn l03_an_error_in_the_callback_has_its_code() {
    for (error, code, is_retryable) in [
        ("access_denied", "oauth", false),
        ("invalid_request", "oauth", false),
        ("server_error", "server", true),
        ("temporarily_unavailable", "server", true),
        ("login_required", "login_required", false),
        ("interaction_required", "login_required", false),
        ("consent_required", "login_required", false),
        ("account_selection_required", "login_required", false),
    ] {
        let callback = json!({ "error": error, "error_description": "Why.", "error_uri": "https://evil.example", "state": "st-1", "code": "c" });
        assert_members(
            &refused(callback, &sign_in()),
            &json!({ "code": code, "retryable": is_retryable, "oauthError": error, "oauthErrorDescription": "Why." }),
        );
    }
}

proptest! {
    #[test]
    fn k05_whatever_an_app_adds_a_code_is_asked_for_with_s256(
        options in any_object(&[Word::Prompt, Word::OptionLoginHint, Word::OptionAcrValues, Word::OptionMaxAge, Word::Idp, Word::Scope]),
        extra in any_object(&[Word::ResponseType, Word::CodeChallengeMethod, Word::CodeChallenge, Word::Resource]),
    ) {
        options.write("extraParams", Value::Object(extra));
        let params = request(&settings(), &sign_in(), &options);
        prop_assert!(params.is(Word::ResponseType, Word::Code));
        prop_assert!(params.is(Word::CodeChallengeMethod, Word::S256));
        prop_assert!(params.unit(Word::CodeChallenge, 42).is_some());
        prop_assert!(params.unit(Word::CodeChallenge, 43).is_none());
    }

    #[test]
    fn l01_any_callback_is_refused_or_is_this_issuer_s_and_no_error(
        params in any_object(&[Word::Code, Word::Error, Word::ErrorDescription, Word::State, Word::Iss]),
        is_announced: bool,
    ) {
        match check(&params, &announced(Value::Boolean(is_announced))) {
            Ok(()) => {
                prop_assert!(params.kind(Word::Error) != Kind::Text);
                prop_assert!(!is_announced || params.kind(Word::Iss) == Kind::Text);
            }
            Err(error) => prop_assert!(
                error.is(Code::StateMismatch) || params.kind(Word::Error) == Kind::Text
            ),
        }
    }
}
