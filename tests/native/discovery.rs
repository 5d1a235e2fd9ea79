//! Metadata: where the documents are, and what is taken from them.

use crate::kept::{Object, Value, word_text};
use crate::strategies::any_object;
use crate::support::{assert_members, object, with};
use proptest::prelude::*;
use rekindle::config::Config;
use rekindle::platform::{Kept, Kind};
use rekindle::protocol::discovery::{Document, Endpoint, address, take};
use rekindle::protocol::text::is_secure;
use rekindle::words::{Code, Word};
use serde_json::json;

fn config(issuer: &str) -> Config<Object> {
    let given = object(json!({ "issuer": issuer, "clientId": "0oa1example" }));
    Config::check(&given).ok().expect("the config is right")
}

fn address_of(document: Document, issuer: &str) -> String {
    let config = config(issuer);
    let address = address(document, &config.settings, &config.issuer);
    address.member("url").to_text().to_string()
}

#[test]
fn v13_the_first_document_is_below_the_issuer() {
    for (issuer, expected) in [
        (
            "https://as.example",
            "https://as.example/.well-known/openid-configuration",
        ),
        (
            "https://as.example/",
            "https://as.example/.well-known/openid-configuration",
        ),
        (
            "https://as.example:8443/a/b",
            "https://as.example:8443/a/b/.well-known/openid-configuration",
        ),
        (
            "https://as.example/a/",
            "https://as.example/a/.well-known/openid-configuration",
        ),
        (
            "http://127.0.0.1:3000/a",
            "http://127.0.0.1:3000/a/.well-known/openid-configuration",
        ),
    ] {
        assert_eq!(
            address_of(Document::OpenidConfiguration, issuer),
            expected,
            "{issuer}"
        );
    }
}

#[test]
fn v13_the_second_document_has_the_issuer_s_path_behind_it() {
    for (issuer, expected) in [
        (
            "https://as.example",
            "https://as.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://as.example/",
            "https://as.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://as.example:8443/a/b",
            "https://as.example:8443/.well-known/oauth-authorization-server/a/b",
        ),
        (
            "https://as.example/a/",
            "https://as.example/.well-known/oauth-authorization-server/a",
        ),
        (
            "http://127.0.0.1:3000",
            "http://127.0.0.1:3000/.well-known/oauth-authorization-server",
        ),
    ] {
        assert_eq!(
            address_of(Document::OauthAuthorizationServer, issuer),
            expected,
            "{issuer}"
        );
    }
}

/// A complete document.
fn document() -> Object {
    object(json!({
        "issuer": "https://as.example/a",
        "authorization_endpoint": "https://as.example/a/authorize",
        "token_endpoint": "https://as.example/a/token",
        "introspection_endpoint": "https://as.example/a/introspect",
        "revocation_endpoint": "https://as.example/a/revoke",
        "userinfo_endpoint": "https://as.example/a/userinfo",
        "end_session_endpoint": "https://as.example/a/logout",
        "jwks_uri": "https://as.example/a/keys",
        "pushed_authorization_request_endpoint": "https://as.example/a/par",
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
}

const ISSUER: &str = "https://as.example/a";

/// What is known after a document, or why it was refused.
fn taken(document: &Object, metadata: Object) -> Result<Object, Object> {
    match take(document, &config(ISSUER).settings, &metadata) {
        Ok(()) => Ok(metadata),
        Err(error) => Err(error.about),
    }
}

#[track_caller]
fn assert_refused(document: &Object, reason: &str) {
    let about = taken(document, Object::object()).expect_err("it is refused");
    assert_members(
        &about,
        &json!({ "code": "insecure_issuer", "retryable": false, "sessionLost": false, "reason": reason }),
    );
}

#[test]
fn v13_each_endpoint_is_taken_and_nothing_that_is_not_used() {
    let metadata = taken(&document(), Object::object()).expect("it is taken");
    let mut expected = document().entries();
    expected.retain(|(name, _)| {
        name != "issuer" && !name.ends_with("_supported")
            || name.starts_with("authorization_response")
    });
    assert_eq!(metadata.stringify(), Object::of(expected).stringify());
}

#[test]
fn m02_v12_metadata_speak_for_the_configured_issuer() {
    for issuer in [
        "https://as.example/a".into(),
        // One slash more is forgiven.
        "https://as.example/a/".into(),
    ] {
        let document = with(document(), "issuer", Value::clone(&issuer));
        assert!(taken(&document, Object::object()).is_ok(), "{issuer:?}");
    }
    for issuer in [
        Value::Undefined,
        Value::Null,
        "".into(),
        "https://as.example".into(),
        "https://as.example/a//".into(),
        "https://as.example/A".into(),
        "https://AS.example/a".into(),
        "https://as.example:443/a".into(),
        "https://as.example/%61".into(),
        "https://as.example/a?".into(),
        "https://as.example/a#".into(),
        "http://as.example/a".into(),
        " https://as.example/a".into(),
        "https://evil.example/a".into(),
        Value::Number(1.0),
        json!(["https://as.example/a"]).into(),
        json!({}).into(),
    ] {
        assert_refused(&with(document(), "issuer", issuer), "issuer");
    }
}

#[test]
fn m02_a_slash_in_the_config_is_forgiven_too() {
    let config = config("https://as.example/a/");
    for issuer in ["https://as.example/a", "https://as.example/a/"] {
        let document = with(document(), "issuer", issuer);
        assert!(
            take(&document, &config.settings, &Object::object()).is_ok(),
            "{issuer}"
        );
    }
}

#[test]
fn m03_v12_an_endpoint_that_is_not_safe_to_send_to_spoils_the_document() {
    for endpoint in Endpoint::ALL {
        let name = word_text(endpoint.names().metadata);
        for address in [
            "http://as.example/a",
            "http://localhost.evil.example/",
            "javascript:alert(1)",
            "data:application/json,{}",
            "blob:https://as.example/1",
            "file:///a",
            "ftp://as.example/a",
            "wss://as.example/a",
            "/a/token",
            "token",
            "?token",
            "//as.example/a",
            "https://",
            "https:// as.example",
            "https://user@as.example/a",
            "https://user:password@as.example/a",
            "https://:password@as.example/a",
            "https://as.example/a#",
            "https://as.example/a#b",
            "https://as.example:99999/a",
            " ",
        ] {
            assert_refused(&with(document(), name, address), name);
        }
    }
}

#[test]
fn m03_an_endpoint_may_be_anywhere_safe() {
    for address in [
        "https://elsewhere.example/token",
        "https://as.example:8443/token?tenant=a",
        "http://127.0.0.1:3000/token",
        "http://localhost/token",
    ] {
        let document = with(document(), "token_endpoint", address);
        let metadata = taken(&document, Object::object()).expect("it is taken");
        assert_eq!(
            metadata.member("token_endpoint").to_text().to_string(),
            address
        );
    }
}

#[test]
fn v13_an_endpoint_that_is_no_text_is_not_there() {
    for value in [
        Value::Undefined,
        Value::Null,
        "".into(),
        Value::Number(5.0),
        Value::Boolean(true),
        json!(["https://as.example/a"]).into(),
        json!({}).into(),
    ] {
        let document = with(document(), "token_endpoint", value.clone());
        let metadata = taken(&document, Object::object()).expect("it is taken");
        assert_eq!(
            metadata.kind(Word::TokenEndpoint),
            Kind::Absent,
            "{value:?}"
        );
        assert_eq!(metadata.kind(Word::JwksUri), Kind::Text, "{value:?}");
    }
}

#[test]
fn m03_configured_endpoints_win_and_are_not_held_against_the_document() {
    for address in ["https://evil.example/token", "javascript:alert(1)"] {
        let configured = object(json!({ "token_endpoint": "https://own.example/token" }));
        let document = with(document(), "token_endpoint", address);
        let metadata = taken(&document, configured).expect("it is taken");
        assert!(metadata.same(
            Word::TokenEndpoint,
            &object(json!({ "url": "https://own.example/token" })),
            Word::Url
        ));
        assert_eq!(metadata.kind(Word::JwksUri), Kind::Text);
    }
}

#[test]
fn v13_the_second_document_only_adds_endpoints() {
    let first = object(json!({ "issuer": ISSUER, "token_endpoint": "https://as.example/1" }));
    let second = object(json!({
        "issuer": ISSUER,
        "token_endpoint": "https://as.example/2",
        "introspection_endpoint": "https://as.example/2",
    }));
    let metadata = taken(&first, Object::object()).expect("it is taken");
    let metadata = taken(&second, metadata).expect("it is taken");
    assert_members(
        &metadata,
        &json!({ "token_endpoint": "https://as.example/1", "introspection_endpoint": "https://as.example/2" }),
    );
}

#[test]
fn l04_the_second_document_does_not_take_back_what_the_first_announced() {
    for flag in [
        "authorization_response_iss_parameter_supported",
        "require_pushed_authorization_requests",
    ] {
        let first = with(object(json!({ "issuer": ISSUER })), flag, json!(true));
        let second = with(object(json!({ "issuer": ISSUER })), flag, json!(false));
        let metadata = taken(&first, Object::object()).expect("it is taken");
        let metadata = taken(&second, metadata).expect("it is taken");
        assert_eq!(metadata.stringify_member(flag), "true");
    }
}

/// The members that anything is taken from.
const METADATA: &[Word] = &[
    Word::TokenEndpoint,
    Word::AuthorizationEndpoint,
    Word::IntrospectionEndpoint,
    Word::JwksUri,
    Word::RequirePushedAuthorizationRequests,
    Word::IssParameterSupported,
    Word::Issuer,
];

proptest! {
    #[test]
    fn v12_nothing_is_taken_that_is_not_safe(document in any_object(METADATA), names_us: bool) {
        if names_us {
            document.write("issuer", ISSUER.into());
        }
        let speaks_for_us = matches!(
            document.member("issuer").to_text().to_string().as_str(),
            "https://as.example/a" | "https://as.example/a/"
        );
        match taken(&document, Object::object()) {
            Ok(metadata) => {
                prop_assert!(speaks_for_us);
                for endpoint in Endpoint::ALL {
                    let name = endpoint.names().metadata;
                    prop_assert!(
                        metadata.kind(name) == Kind::Absent
                            || metadata.url(name).is_some_and(|url| is_secure(&url))
                    );
                }
            }
            Err(about) => prop_assert!(about.is_code(Word::Code, Code::InsecureIssuer)),
        }
    }

    #[test]
    fn v12_no_address_without_https_is_taken(address in "(http|ftp|ws|javascript|data|file|[a-z]{1,8}):(//)?[a-z0-9.:@/-]{1,20}") {
        let document = with(document(), "token_endpoint", &*address);
        let is_this_device = address.starts_with("http:") && address.contains("localhost") || address.contains("127");
        prop_assume!(!address.starts_with("https:") && !is_this_device);
        prop_assert!(taken(&document, Object::object()).is_err());
    }
}
