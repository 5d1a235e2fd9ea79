//! What a sign-out asks of the server.

use crate::support::{assert_members, object, settings};
use rekindle::protocol::{end_session, revocation};
use rekindle::words::Word;
use serde_json::json;

fn held() -> crate::kept::Object {
    object(json!({ "refresh_token": "rt-1", "access_token": "at-1", "id_token": "id-1" }))
}

#[test]
fn q14_a_revocation_names_the_refresh_token_and_the_client() {
    assert_members(
        &revocation::request(&settings(), &held(), Word::RefreshToken),
        &json!({ "token": "rt-1", "token_type_hint": "refresh_token", "client_id": "0oa1example" }),
    );
}

#[test]
fn the_end_session_request_has_the_id_token_and_what_the_app_says() {
    let options = object(json!({
        "postLogoutRedirectUri": "https://app.example/bye",
        "state": "st-1",
        "revoke": true,
        "local": false,
    }));
    assert_members(
        &end_session::request(&settings(), &held(), &options),
        &json!({
            "id_token_hint": "id-1",
            "client_id": "0oa1example",
            "post_logout_redirect_uri": "https://app.example/bye",
            "state": "st-1",
        }),
    );
}

#[test]
fn the_end_session_request_leaves_out_what_is_not_known() {
    let none = object(json!({}));
    assert_members(
        &end_session::request(&settings(), &none, &none),
        &json!({ "client_id": "0oa1example" }),
    );
}
