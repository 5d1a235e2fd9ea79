//! The options of `signIn` and `introspect`, whose checks need no session.

use crate::kept::{Object, Value, word_text};
use crate::support::{object, with};
use rekindle::error::Error;
use rekindle::platform::Kept;
use rekindle::protocol::authorization::OF_THE_PROTOCOL;
use rekindle::session::{introspect, sign_in};
use serde_json::json;

/// The error's code, field and problem.
#[track_caller]
fn refused(checked: Result<(), Error<Object>>) -> [String; 3] {
    let error = checked.expect_err("it is refused");
    ["code", "field", "problem"].map(|name| error.about.member(name).to_text().to_string())
}

#[test]
fn every_option_of_a_sign_in_is_accepted() {
    let options = object(json!({
        "returnTo": "/then?a#b",
        "state": { "own": [1, null] },
        "scope": ["openid", "email"],
        "loginHint": "a@b.example",
        "prompt": "none",
        "acrValues": "urn:a",
        "maxAge": 0,
        "idp": "0oa2",
        "extraParams": { "ui_locales": "de", "display": "" },
        "timeoutMs": 1000,
    }));
    options.write("signal", json!({}).into());
    assert!(sign_in::check(&options, false).is_ok());
    assert!(sign_in::check(&Object::object(), false).is_ok());
}

#[test]
fn an_option_of_the_wrong_kind_is_refused_by_name() {
    for (option, value) in [
        ("returnTo", json!("")),
        ("returnTo", json!(5)),
        ("scope", json!([])),
        ("scope", json!([""])),
        ("scope", json!(null)),
        ("loginHint", json!(["a"])),
        ("prompt", json!(true)),
        ("acrValues", json!({})),
        ("maxAge", json!(-1)),
        ("maxAge", json!("60")),
        ("idp", json!(1)),
        ("extraParams", json!("a=b")),
        ("extraParams", json!(["a"])),
        ("extraParams", json!({ "a": 1 })),
        ("extraParams", json!({ "a": ["b"] })),
        ("extraParams", json!({ "a": null })),
        ("signal", json!("a")),
        ("timeoutMs", json!("1000")),
        ("login_hint", json!("a")),
        ("nonce", json!("a")),
        ("redirectUri", json!("https://evil.example")),
    ] {
        let options = with(Object::object(), option, value.clone());
        let [code, field, _] = refused(sign_in::check(&options, false));
        assert_eq!([&*code, &*field], ["invalid_config", option], "{value}");
    }
}

#[test]
fn k05_extra_params_may_not_name_a_parameter_of_the_protocol() {
    let problem = "is a parameter of the protocol; set it through its own option";
    let names = OF_THE_PROTOCOL.map(word_text);
    for name in [
        "client_id",
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "request",
        "request_uri",
        "grant_type",
        "code",
        "code_verifier",
        "client_secret",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    for name in names {
        for value in ["a", ""] {
            let extra = with(object(json!({ "ui_locales": "de" })), name, value);
            let options = with(Object::object(), "extraParams", Value::Object(extra));
            assert_eq!(
                refused(sign_in::check(&options, false)),
                ["invalid_config", name, problem]
            );
        }
    }
}

#[test]
fn a_hint_is_one_of_three_kinds_of_token() {
    for hint in ["access_token", "refresh_token", "id_token"] {
        let options = object(json!({ "tokenTypeHint": hint, "token": "a" }));
        assert!(introspect::check(&options).is_ok(), "{hint}");
    }
    assert!(introspect::check(&Object::object()).is_ok());
    let problem = "must be \"access_token\", \"refresh_token\" or \"id_token\"";
    for hint in [
        json!("Access_Token"),
        json!("accessToken"),
        json!(""),
        json!(null),
        json!(["id_token"]),
    ] {
        let options = with(Object::object(), "tokenTypeHint", hint);
        assert_eq!(
            refused(introspect::check(&options)),
            ["invalid_config", "tokenTypeHint", problem]
        );
    }
    for token in [json!(""), json!(5), json!(null)] {
        let options = with(Object::object(), "token", token);
        assert_eq!(
            refused(introspect::check(&options)),
            ["invalid_config", "token", "must be a non-empty string"]
        );
    }
}
