//! The config, field by field and kind by kind: what is accepted, and what is refused under the field's own name.

use crate::kept::{Object, Value};
use crate::strategies::any_object;
use crate::support::{assert_members, object, with};
use proptest::prelude::*;
use rekindle::config::Config;
use rekindle::platform::Kept;
use rekindle::words::{Code, Word};
use serde_json::json;

/// A config with no more than it needs.
pub fn least() -> Object {
    object(json!({ "issuer": "https://as.example", "clientId": "0oa1example" }))
}

/// The error of a refused config: its code, field and problem.
#[track_caller]
pub fn refused(config: &Object) -> [String; 3] {
    let Err(error) = Config::check(config) else {
        panic!("{config:?} was accepted");
    };
    ["code", "field", "problem"].map(|name| error.about.member(name).to_text().to_string())
}

#[track_caller]
pub fn assert_refused(field: &str, value: Value, problem: &str) {
    let shown = format!("{field}: {value:?}");
    let config = with(least(), field, value);
    assert_eq!(
        refused(&config),
        ["invalid_config", field, problem],
        "{shown}"
    );
}

#[track_caller]
pub fn assert_accepted(field: &str, value: Value) -> Config<Object> {
    let config = with(least(), field, value);
    match Config::check(&config) {
        Ok(checked) => checked,
        Err(error) => panic!("{config:?}: {:?}", error.about),
    }
}

/// One value of each kind. None of them fits where more than its kind is asked for.
fn one_of_each_kind() -> [(&'static str, Value); 11] {
    [
        ("null", Value::Null),
        ("text", "some text".into()),
        ("empty text", "".into()),
        ("number", Value::Number(5.0)),
        ("true", Value::Boolean(true)),
        ("false", Value::Boolean(false)),
        ("texts", json!(["some text"]).into()),
        ("empty list", json!([]).into()),
        ("list", json!(["some text", 5]).into()),
        ("function", Value::Function),
        ("object", json!({}).into()),
    ]
}

const TEXT: &str = "must be a non-empty string";
const TEXTS: &str = "must be a non-empty string or a list of them";
const STRING: &str = "must be a string";
const BOOLEAN: &str = "must be true or false";
const SECONDS: &str = "must be a finite number of seconds, 0 or more";
const MILLISECONDS: &str = "must be a number of milliseconds above 0";
const URL: &str = "must be an absolute URL without a fragment, user name or password";
const URIS: &str = "must be absolute URIs without a fragment";
const ENDPOINTS: &str = "must be \"okta\" or an object of URLs";
const STORAGE: &str =
    "must be \"session\", \"local\", \"memory\" or an object with getItem, setItem and removeItem";
const FUNCTION: &str = "must be a function";
const ORIGINS: &str = "must be a list of origins";
const NOT_YET: &str = "is not supported by this version; leave it out or set it to false";

/// Of the kinds above, which each field takes, and what is said of the others.
const FIELDS: [(&str, &[&str], &str); 19] = [
    ("issuer", &[], URL),
    ("clientId", &["text"], TEXT),
    ("redirectUri", &[], URL),
    ("scope", &["text", "texts"], TEXTS),
    ("resource", &[], TEXTS),
    ("endpoints", &["object"], ENDPOINTS),
    ("name", &["text", "empty text"], STRING),
    ("storage", &[], STORAGE),
    ("renewBeforeSeconds", &["number"], SECONDS),
    ("timeoutMs", &["number"], MILLISECONDS),
    ("fetch", &["function"], FUNCTION),
    ("autoRenew", &["true", "false"], BOOLEAN),
    ("shareSession", &["true", "false"], BOOLEAN),
    ("idleTimeoutSeconds", &["number"], SECONDS),
    ("rotationGraceSeconds", &["number"], SECONDS),
    ("clockToleranceSeconds", &["number"], SECONDS),
    ("allowedOrigins", &["empty list"], ORIGINS),
    ("pushedAuthorizationRequests", &["true", "false"], BOOLEAN),
    ("dpop", &["false"], NOT_YET),
];

#[test]
fn each_field_takes_its_kinds_and_refuses_every_other_under_its_name() {
    for (field, kinds, problem) in FIELDS {
        for (kind, value) in one_of_each_kind() {
            if kinds.contains(&kind) {
                assert_accepted(field, value);
            } else if field == "resource" && ["text", "texts"].contains(&kind) {
                assert_refused(field, value, URIS);
            } else {
                assert_refused(field, value, problem);
            }
        }
    }
}

#[test]
fn undefined_is_as_good_as_nothing() {
    for (field, _, _) in FIELDS {
        let config = with(least(), field, Value::Undefined);
        if ["issuer", "clientId"].contains(&field) {
            assert_eq!(refused(&config), ["invalid_config", field, "is required"]);
        } else {
            assert!(Config::check(&config).is_ok(), "{field}");
        }
    }
}

#[test]
fn the_two_required_fields_are_asked_for() {
    let nothing = Object::object();
    assert_eq!(
        refused(&nothing),
        ["invalid_config", "issuer", "is required"]
    );
    let issuer = object(json!({ "issuer": "https://as.example" }));
    assert_eq!(
        refused(&issuer),
        ["invalid_config", "clientId", "is required"]
    );
}

#[test]
fn every_number_is_finite_and_not_negative() {
    for (field, kinds, problem) in FIELDS {
        if !kinds.contains(&"number") {
            continue;
        }
        for number in [-1.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_refused(field, Value::Number(number), problem);
        }
        for number in [0.5, 1e300] {
            assert_accepted(field, Value::Number(number));
        }
        if field == "timeoutMs" {
            assert_refused(field, Value::Number(0.0), problem);
            assert_refused(field, Value::Number(-0.0), problem);
        } else {
            assert_accepted(field, Value::Number(0.0));
        }
    }
}

#[test]
fn q01_unknown_fields_are_refused_by_name() {
    for field in [
        "clientSecret",
        "client_secret",
        "client_id",
        "ClientId",
        "issuer ",
        "url",
        "",
        "toString",
        "__proto__",
        "0",
    ] {
        let problem = "is not known here; remove it or check its spelling";
        for value in [
            Value::Null,
            "a".into(),
            Value::Boolean(false),
            Value::Function,
        ] {
            assert_refused(field, value, problem);
        }
        assert_accepted(field, Value::Undefined);
    }
}

#[test]
fn an_invalid_config_is_not_worth_another_try() {
    let error = Config::check(&Object::object())
        .err()
        .expect("it is refused");
    assert_members(
        &error.about,
        &json!({ "code": "invalid_config", "retryable": false, "sessionLost": false, "field": "issuer", "problem": "is required" }),
    );
}

#[test]
fn what_a_config_leaves_out_has_its_default() {
    let config = Config::check(&least()).ok().expect("it is right");
    assert_members(
        &config.settings,
        &json!({
            "issuer": "https://as.example",
            "client_id": "0oa1example",
            "scope": "openid profile offline_access",
        }),
    );
    assert_eq!(config.renew_before_ms, 30_000.0);
    assert_eq!(config.timeout_ms, 10_000.0);
    assert!(config.redirect_uri.is_none());
    assert!(config.discover);
    assert_members(&config.metadata, &json!({}));
}

#[test]
fn what_a_config_says_is_taken() {
    let given = object(json!({
        "issuer": "https://as.example/a/",
        "clientId": "0oa1example",
        "redirectUri": "https://app.example/callback?own=1",
        "scope": ["openid", "email"],
        "resource": ["https://api.example/", "urn:api"],
        "endpoints": { "token": "https://as.example/t", "jwks": "http://localhost:3000/k" },
        "name": "second",
        "storage": "local",
        "renewBeforeSeconds": 90,
        "timeoutMs": 2500.5,
        "autoRenew": false,
        "idleTimeoutSeconds": 900,
        "rotationGraceSeconds": 0,
        "clockToleranceSeconds": 60,
        "allowedOrigins": ["https://api.example", "http://localhost:3000"],
        "pushedAuthorizationRequests": false,
        "shareSession": false,
        "dpop": false,
    }));
    let config = Config::check(&given).ok().expect("it is right");
    assert_members(
        &config.settings,
        &json!({
            "issuer": "https://as.example/a",
            "client_id": "0oa1example",
            "redirect_uri": "https://app.example/callback?own=1",
            "scope": "openid email",
            "resource": ["https://api.example/", "urn:api"],
        }),
    );
    assert_members(
        &config.metadata,
        &json!({ "token_endpoint": "https://as.example/t", "jwks_uri": "http://localhost:3000/k" }),
    );
    assert_eq!(config.issuer.stringify_member("pathname"), r#""/a""#);
    let redirect_uri = config.redirect_uri.expect("there is one");
    assert_eq!(redirect_uri.stringify_member("search"), r#""?own=1""#);
    assert_eq!(
        (config.renew_before_ms, config.timeout_ms),
        (90_000.0, 2500.5)
    );
    assert!(config.discover);
}

/// The fields of a config.
const CONFIG: &[Word] = &[
    Word::Issuer,
    Word::ConfigClientId,
    Word::ConfigRedirectUri,
    Word::Scope,
    Word::Resource,
    Word::Endpoints,
    Word::Name,
    Word::Storage,
    Word::RenewBeforeSeconds,
    Word::TimeoutMs,
    Word::Fetch,
    Word::AutoRenew,
    Word::AllowedOrigins,
    Word::Dpop,
];

proptest! {
    #[test]
    fn any_config_is_accepted_or_refused_by_the_name_of_a_field(given in any_object(CONFIG), is_near: bool) {
        if is_near {
            given.write("issuer", "https://as.example".into());
            given.write("clientId", "a".into());
        }
        match Config::check(&given) {
            Ok(config) => {
                prop_assert!(config.timeout_ms > 0.0 && config.timeout_ms.is_finite());
                prop_assert!(config.renew_before_ms >= 0.0);
            }
            Err(error) => {
                prop_assert!(error.is(Code::InvalidConfig) || error.is(Code::InsecureIssuer));
                prop_assert!(matches!(error.about.member("field"), Value::Text(_)));
                prop_assert!(matches!(error.about.member("problem"), Value::Text(_)));
            }
        }
    }
}
