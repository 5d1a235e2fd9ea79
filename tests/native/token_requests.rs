//! The forms that go to the token endpoint, as they are on the wire.

use crate::kept::{Object, Value, form_of};
use crate::support::{object, settings, with};
use proptest::prelude::*;
use rekindle::protocol::token::{code_request, refresh_request};
use serde_json::json;

fn record() -> Object {
    object(json!({
        "version": 1,
        "issuer": "https://example.okta.com/oauth2/default",
        "client_id": "another",
        "access_token": "at-1",
        "scope": "openid offline_access",
        "refresh_token": "rt 1+/=",
        "id_token": "id-1",
    }))
}

#[test]
fn q02_a_refresh_has_the_fields_of_the_guide_in_its_order() {
    assert_eq!(
        form_of(&refresh_request(&settings(), &record(), None)),
        "grant_type=refresh_token\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback\
         &scope=openid+offline_access\
         &refresh_token=rt+1%2B%2F%3D\
         &client_id=0oa1example"
    );
}

#[test]
fn q02_a_refresh_without_a_redirect_uri_has_none() {
    let settings = with(settings(), "redirect_uri", Value::Undefined);
    let form = form_of(&refresh_request(&settings, &record(), None));
    assert!(
        form.starts_with("grant_type=refresh_token&scope="),
        "{form}"
    );
}

#[test]
fn q07_a_refresh_asks_for_what_was_granted_whatever_the_config_asks_for() {
    let settings = with(settings(), "scope", "openid profile offline_access admin");
    let form = refresh_request(&settings, &record(), None);
    assert_eq!(form.stringify_member("scope"), r#""openid offline_access""#);
}

#[test]
fn q07_a_refresh_names_no_scope_where_none_is_known() {
    for scope in [
        Value::Undefined,
        Value::Null,
        "".into(),
        Value::Number(5.0),
        json!(["a"]).into(),
    ] {
        let record = with(record(), "scope", scope.clone());
        let form = form_of(&refresh_request(&settings(), &record, None));
        assert!(!form.contains("scope"), "{scope:?}: {form}");
    }
}

#[test]
fn q07_a_refresh_may_ask_for_less() {
    let narrower = object(json!({ "scope": "openid" }));
    let form = refresh_request(&settings(), &record(), Some(&narrower));
    assert_eq!(form.stringify_member("scope"), r#""openid""#);
}

#[test]
fn q02_each_resource_is_a_field_of_its_own_at_the_end() {
    let resources = json!(["https://a.example", "https://b.example"]);
    let settings = with(settings(), "resource", resources);
    let refresh = form_of(&refresh_request(&settings, &record(), None));
    let code = form_of(&code_request(&settings, &callback(), &sign_in()));
    for form in [refresh, code] {
        assert!(
            form.ends_with(
                "&client_id=0oa1example&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example"
            ),
            "{form}"
        );
    }
}

fn sign_in() -> Object {
    object(json!({
        "state": "st-1",
        "nonce": "n-1",
        "code_verifier": "v-1",
        "created_at": 1,
        "issuer": "https://example.okta.com/oauth2/default",
        "redirect_uri": "https://app.example/then",
        "scope": "openid",
    }))
}

fn callback() -> Object {
    object(
        json!({ "code": "c-1", "state": "st-1", "client_id": "evil", "redirect_uri": "https://evil.example" }),
    )
}

#[test]
fn k09_a_code_is_exchanged_with_the_redirect_uri_of_its_own_sign_in() {
    assert_eq!(
        form_of(&code_request(&settings(), &callback(), &sign_in())),
        "grant_type=authorization_code\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fthen\
         &code=c-1\
         &code_verifier=v-1\
         &client_id=0oa1example"
    );
}

proptest! {
    #[test]
    fn q02_every_text_arrives_as_it_was(refresh_token in ".{1,40}", scope in ".{1,40}") {
        let record = with(with(record(), "refresh_token", &*refresh_token), "scope", &*scope);
        let form = form_of(&refresh_request(&settings(), &record, None));
        let fields: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(names, ["grant_type", "redirect_uri", "scope", "refresh_token", "client_id"]);
        prop_assert_eq!(&fields[2].1, &scope);
        prop_assert_eq!(&fields[3].1, &refresh_token);
    }
}
