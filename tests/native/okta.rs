//! Okta's layout, and the hosts that have it.

use crate::kept::{Object, word_text};
use crate::support::{assert_members, object, url};
use rekindle::config::Config;
use rekindle::protocol::discovery::{Endpoint, is_okta, is_okta_admin};
use serde_json::json;

const DOMAINS: [&str; 5] = [
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
];

fn check(config: serde_json::Value) -> Config<Object> {
    Config::check(&object(config))
        .ok()
        .expect("the config is right")
}

fn layout(base: &str) -> serde_json::Value {
    json!({
        "authorization_endpoint": format!("{base}/v1/authorize"),
        "token_endpoint": format!("{base}/v1/token"),
        "introspection_endpoint": format!("{base}/v1/introspect"),
        "revocation_endpoint": format!("{base}/v1/revoke"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "end_session_endpoint": format!("{base}/v1/logout"),
        "jwks_uri": format!("{base}/v1/keys"),
        "pushed_authorization_request_endpoint": format!("{base}/v1/par"),
    })
}

#[test]
fn each_okta_host_has_the_layout_without_discovery() {
    for domain in DOMAINS {
        for host in [
            format!("dev-1.{domain}"),
            format!("id.acme.{domain}"),
            format!("ACME.{domain}"),
        ] {
            for (path, below) in [
                ("", "/oauth2"),
                ("/", "/oauth2"),
                ("/oauth2", "/oauth2"),
                ("/oauth2/default", "/oauth2/default"),
                ("/oauth2/default/", "/oauth2/default"),
                ("/oauth2/aus1", "/oauth2/aus1"),
            ] {
                let config =
                    check(json!({ "issuer": format!("https://{host}{path}"), "clientId": "a" }));
                assert_members(&config.metadata, &layout(&format!("https://{host}{below}")));
                assert!(!config.discover, "{host}{path}");
            }
        }
    }
}

#[test]
fn the_layout_can_be_asked_for_on_any_host() {
    for (issuer, base) in [
        (
            "https://login.acme.example",
            "https://login.acme.example/oauth2",
        ),
        (
            "https://login.acme.example/oauth2/aus1",
            "https://login.acme.example/oauth2/aus1",
        ),
        (
            "http://localhost:3000/oauth2/default",
            "http://localhost:3000/oauth2/default",
        ),
        // Only a whole segment is Okta's.
        (
            "https://login.acme.example/oauth2x",
            "https://login.acme.example/oauth2x/oauth2",
        ),
        (
            "https://login.acme.example/a/oauth2",
            "https://login.acme.example/a/oauth2/oauth2",
        ),
    ] {
        let config = check(json!({ "issuer": issuer, "clientId": "a", "endpoints": "okta" }));
        assert_members(&config.metadata, &layout(base));
        assert!(!config.discover, "{issuer}");
    }
}

#[test]
fn m03_configured_endpoints_win_over_the_layout() {
    let config = check(json!({
        "issuer": "https://acme.okta.com",
        "clientId": "a",
        "endpoints": { "introspection": "https://own.example/introspect" },
    }));
    let mut expected = layout("https://acme.okta.com/oauth2");
    expected["introspection_endpoint"] = json!("https://own.example/introspect");
    assert_members(&config.metadata, &expected);
    assert!(!config.discover);
}

#[test]
fn any_other_host_is_discovered() {
    for host in [
        "okta.com",
        "okta.mil",
        "acme.okta.com.evil.example",
        "acme-okta.com",
        "acmeokta.com",
        "acme.okta.co",
        "acme.okta.org",
        "acme.okta-emea.org",
        "acme.example",
        "okta.com.example",
    ] {
        let config = check(json!({ "issuer": format!("https://{host}"), "clientId": "a" }));
        assert_members(&config.metadata, &json!({}));
        assert!(config.discover, "{host}");
        assert!(!is_okta(&url(&format!("https://{host}"))), "{host}");
    }
    assert!(!is_okta(&url("https://evil.example/.okta.com")));
    assert!(!is_okta(&url("https://evil.example/?.okta.com")));
}

#[test]
fn an_admin_console_is_known_by_its_host() {
    for domain in DOMAINS {
        assert!(is_okta_admin(&url(&format!(
            "https://acme-admin.{domain}/oauth2/default"
        ))));
        assert!(
            !is_okta_admin(&url(&format!("https://admin.{domain}"))),
            "{domain}"
        );
        assert!(
            !is_okta_admin(&url(&format!("https://acme.{domain}/-admin.{domain}"))),
            "{domain}"
        );
    }
    assert!(!is_okta_admin(&url("https://acme-admin.example")));
}

#[test]
fn no_two_endpoints_share_a_name() {
    let names = Endpoint::ALL.map(Endpoint::names);
    for key in [
        names.each_ref().map(|names| names.metadata),
        names.each_ref().map(|names| names.config),
        names.each_ref().map(|names| names.okta),
    ] {
        let mut texts = key.map(word_text);
        texts.sort_unstable();
        assert!(texts.windows(2).all(|pair| pair[0] != pair[1]), "{texts:?}");
    }
}
