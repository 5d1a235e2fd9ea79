//! The config's fields that ask for more than a kind.

use crate::config::{assert_accepted, assert_refused, least, refused};
use crate::kept::{Object, Value};
use crate::support::{assert_members, object, with};
use proptest::prelude::*;
use rekindle::config::Config;
use rekindle::protocol::text::is_secure;
use serde_json::json;

const URL: &str = "must be an absolute URL without a fragment, user name or password";
const HTTPS: &str = "must be an https URL (http is for loopback hosts only)";
const URIS: &str = "must be absolute URIs without a fragment";
const STORAGE: &str =
    "must be \"session\", \"local\", \"memory\" or an object with getItem, setItem and removeItem";

#[test]
fn m01_the_issuer_is_https_or_on_this_device() {
    for (issuer, settled) in [
        ("https://as.example", "https://as.example"),
        ("https://as.example/", "https://as.example"),
        ("https://as.example/a/b/", "https://as.example/a/b"),
        ("https://as.example:8443/a", "https://as.example:8443/a"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000/a/", "http://127.0.0.1:3000/a"),
        ("http://[::1]/", "http://[::1]"),
    ] {
        let config = assert_accepted("issuer", issuer.into());
        let issuer = config.settings.member("issuer").to_text().to_string();
        assert_eq!(issuer, settled);
    }
}

#[test]
fn m01_an_issuer_on_plain_http_is_insecure() {
    for issuer in [
        "http://as.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.nip.example",
        "http://user@as.example",
        "http://as.example/#a",
    ] {
        let error = Config::check(&with(least(), "issuer", issuer)).err();
        assert_members(
            &error.expect("it is refused").about,
            &json!({ "code": "insecure_issuer", "retryable": false, "sessionLost": false, "field": "issuer", "problem": HTTPS }),
        );
    }
}

#[test]
fn an_issuer_that_is_no_address_of_a_server_is_refused() {
    for issuer in [
        "as.example",
        "//as.example",
        "/a",
        "https://",
        "https:///",
        "https://as.example:99999",
        "https://user@as.example",
        "https://user:password@as.example",
        "https://as.example#",
        "https://as.example/#a",
        " https://as.example",
        "https://as.example ",
        "https://as.ex\tample",
        "https://as.example/\n",
        "https:\\\\as.example",
        "https://as.example\\a",
    ] {
        assert_refused("issuer", issuer.into(), URL);
    }
    for issuer in [
        "ftp://as.example",
        "wss://as.example",
        "javascript:alert(1)",
        "data:a",
        "app://localhost",
    ] {
        assert_refused("issuer", issuer.into(), HTTPS);
    }
    for issuer in [
        "https://as.example?a=b",
        "https://as.example/a?b",
        "https://as.example?",
        "https://as.example/a/?",
        "https://acme.okta.com?",
    ] {
        assert_refused("issuer", issuer.into(), "must have no query");
    }
}

#[test]
fn an_okta_admin_console_is_refused_with_its_host() {
    for domain in [
        "okta.com",
        "oktapreview.com",
        "okta-emea.com",
        "okta-gov.com",
        "okta.mil",
    ] {
        for path in ["", "/", "/oauth2/default"] {
            let issuer = format!("https://Acme-admin.{domain}{path}");
            let error = Config::check(&with(least(), "issuer", &*issuer)).err();
            assert_members(
                &error.expect("it is refused").about,
                &json!({
                    "code": "invalid_config",
                    "retryable": false,
                    "sessionLost": false,
                    "field": "issuer",
                    "problem": "is the address of Okta's admin console; use the host without \"-admin\"",
                    "url": format!("https://acme-admin.{domain}{}", if path.is_empty() { "/" } else { path }),
                }),
            );
        }
    }
}

#[test]
fn the_redirect_uri_is_a_place_without_a_fragment() {
    for uri in [
        "https://app.example/callback",
        "https://app.example",
        "https://app.example/callback?own=1",
        "http://localhost:5173/callback",
        "com.example.app://callback",
    ] {
        assert_accepted("redirectUri", uri.into());
    }
    for uri in [
        "/callback",
        "//app.example/callback",
        "callback",
        "https://",
        "https://user@app.example/callback",
        "https://:password@app.example/callback",
        "https://app.example/callback#",
        "https://app.example/callback#a",
        "javascript:alert(1)",
        "data:text/html,a",
        "about:blank",
        "com.example.app:/callback",
    ] {
        assert_refused("redirectUri", uri.into(), URL);
    }
}

#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for resource in [
        json!("https://api.example"),
        json!("urn:example:api"),
        json!(["https://a.example/?b", "urn:c"]),
    ] {
        let config = assert_accepted("resource", resource.clone().into());
        assert_eq!(
            config.settings.stringify_member("resource"),
            resource.to_string()
        );
    }
    for resource in [
        json!("api"),
        json!("/api"),
        json!("https://api.example#"),
        json!("https://api.example/#a"),
        json!(["https://api.example", "api"]),
        json!(["https://api.example#a", "https://api.example"]),
    ] {
        assert_refused("resource", resource.into(), URIS);
    }
}

#[test]
fn scopes_are_joined_by_spaces() {
    for (scope, joined) in [
        (json!("openid"), "openid"),
        (json!("openid email"), "openid email"),
        (json!(["openid"]), "openid"),
        (
            json!(["openid", "email", "offline_access"]),
            "openid email offline_access",
        ),
    ] {
        let config = assert_accepted("scope", scope.into());
        assert_eq!(
            config.settings.stringify_member("scope"),
            json!(joined).to_string()
        );
    }
}

#[test]
fn allowed_origins_are_origins_as_a_browser_writes_them() {
    for origins in [
        json!(["https://api.example"]),
        json!([
            "https://api.example:8443",
            "http://localhost:3000",
            "http://10.0.0.1"
        ]),
    ] {
        assert_accepted("allowedOrigins", origins.into());
    }
    for origin in [
        "https://api.example/",
        "https://api.example/a",
        "https://api.example?",
        "https://api.example#",
        "https://user@api.example",
        "https://API.example",
        "https://api.example:443",
        "*",
        "https://*",
        "https://*.example",
        "null",
        "api.example",
        "javascript:alert(1)",
        "data:a",
    ] {
        let problem = "must be a list of origins";
        assert_refused("allowedOrigins", json!([origin]).into(), problem);
        assert_refused(
            "allowedOrigins",
            json!(["https://api.example", origin]).into(),
            problem,
        );
    }
}

#[test]
fn a_storage_is_one_of_three_or_has_three_functions() {
    for storage in ["session", "local", "memory"] {
        assert_accepted("storage", storage.into());
    }
    for storage in ["Session", "sessionStorage", "local ", "cookie", "indexedDB"] {
        assert_refused("storage", storage.into(), STORAGE);
    }
    let functions = ["getItem", "setItem", "removeItem"];
    let complete = || Object::of(functions.map(|name| (name.to_owned(), Value::Function)));
    assert_accepted(
        "storage",
        Value::Object(with(complete(), "length", Value::Number(0.0))),
    );
    for name in functions {
        for value in [Value::Undefined, Value::Null, "a".into(), json!({}).into()] {
            let storage = with(complete(), name, value);
            assert_refused("storage", Value::Object(storage), STORAGE);
        }
    }
}

#[test]
fn m03_endpoints_are_safe_addresses() {
    for (member, name) in [
        ("authorization", "authorization_endpoint"),
        ("token", "token_endpoint"),
        ("introspection", "introspection_endpoint"),
        ("revocation", "revocation_endpoint"),
        ("userinfo", "userinfo_endpoint"),
        ("endSession", "end_session_endpoint"),
        ("jwks", "jwks_uri"),
        (
            "pushedAuthorizationRequest",
            "pushed_authorization_request_endpoint",
        ),
    ] {
        for address in ["https://as.example/a?b=c", "http://127.0.0.1:3000/a"] {
            let mut endpoints = json!({});
            endpoints[member] = json!(address);
            let config = assert_accepted("endpoints", endpoints.into());
            let mut metadata = json!({});
            metadata[name] = json!(address);
            assert_members(&config.metadata, &metadata);
            assert!(config.discover);
        }
        for (address, problem) in [
            ("/token", URL),
            ("//as.example/token", URL),
            ("https://user@as.example/token", URL),
            ("https://as.example/token#", URL),
            ("http://as.example/token", HTTPS),
            ("javascript:alert(1)", HTTPS),
            ("data:application/json,{}", HTTPS),
            ("ftp://as.example/token", HTTPS),
        ] {
            let mut endpoints = json!({});
            endpoints[member] = json!(address);
            let config = with(least(), "endpoints", endpoints);
            let field = format!("endpoints.{member}");
            assert_eq!(
                refused(&config),
                ["invalid_config", &field, problem],
                "{address}"
            );
        }
    }
}

#[test]
fn endpoints_of_the_wrong_kind_or_name_are_refused() {
    for endpoints in [
        json!({ "token": 5 }),
        json!({ "token": "" }),
        json!({ "token": null }),
    ] {
        let [code, field, problem] = refused(&with(least(), "endpoints", endpoints));
        assert_eq!(
            [&*code, &*field, &*problem],
            ["invalid_config", "endpoints.token", URL]
        );
    }
    for name in ["token_endpoint", "Token", "introspect", "issuer"] {
        let endpoints = object(json!({}));
        endpoints.write(name, "https://as.example/a".into());
        let [code, field, problem] = refused(&with(least(), "endpoints", Value::Object(endpoints)));
        assert_eq!(
            [&*code, &*field],
            ["invalid_config", &*format!("endpoints.{name}")]
        );
        assert_eq!(
            problem,
            "is not known here; remove it or check its spelling"
        );
    }
    assert_accepted(
        "endpoints",
        json!({ "token": "https://as.example/a" }).into(),
    );
    assert_accepted("endpoints", "okta".into());
    for text in ["Okta", "auth0", "https://as.example"] {
        assert_refused(
            "endpoints",
            text.into(),
            "must be \"okta\" or an object of URLs",
        );
    }
}

proptest! {
    #[test]
    fn m01_an_accepted_issuer_is_safe_and_as_it_was_given(issuer in "(https?|ftp|[a-z]{1,5}):(//)?[a-z0-9.:@/?#%\\\\ -]{0,20}") {
        if let Ok(config) = Config::check(&with(least(), "issuer", &*issuer)) {
            prop_assert!(is_secure(&config.issuer), "{issuer}");
            let settled = config.settings.member("issuer").to_text().to_string();
            prop_assert_eq!(issuer.strip_suffix('/').unwrap_or(&issuer), settled);
        }
    }
}
