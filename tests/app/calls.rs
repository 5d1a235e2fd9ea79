//! What the verbs take, and what they bring.

use core::cell::RefCell;
use std::rc::Rc;

use rekindle::{
    AccessTokenOptions, CallOptions, Client, ClientConfig, ErrorCode, EventKind, IntrospectOptions,
    Json, RefreshOptions, SetTokensOptions, SignInOptions, Status, TokenResponse,
};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Heard, Server, config, js, response};

const TOKENS: &str = "(path, earlier) => [200, {
    access_token: `a${earlier + 2}`, refresh_token: `r${earlier + 2}`, token_type: 'bearer', expires_in: 60 }]";

#[wasm_bindgen_test]
fn a_wrong_config_names_its_field() {
    let error = Client::new(&ClientConfig::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfig);
    assert!(error.message().starts_with("issuer "), "{error}");
    assert!(!error.is_retryable() && !error.is_session_lost());

    let insecure = ClientConfig {
        issuer: "http://id.example".into(),
        ..config("insecure")
    };
    let error = Client::new(&insecure).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InsecureIssuer);
}

#[wasm_bindgen_test]
async fn tokens_are_adopted_and_refreshed_and_the_listener_hears_of_it_first() {
    let server = Server::new(TOKENS);
    let client = server.client(config("main-job"));
    assert_eq!(client.get_snapshot().status, Status::SignedOut);
    let heard = Heard::of(&client);

    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    assert_eq!(adopted.await.unwrap().access_token, "a1");
    assert_eq!(heard.events(), [EventKind::SignedIn]);

    let tokens = client.refresh(&RefreshOptions::default()).await.unwrap();
    assert_eq!(heard.events(), [EventKind::SignedIn, EventKind::Renewed]);
    assert_eq!(
        (
            &*tokens.access_token,
            &*tokens.token_type,
            &*tokens.scope,
            &tokens.claims
        ),
        ("a2", "Bearer", "openid", &None)
    );
    assert!(tokens.expires_at > js_sys::Date::now());
    assert_eq!(client.get_snapshot().tokens, Some(tokens));
    assert_eq!(client.get_refresh_token().as_deref(), Some("r2"));
    assert_eq!(
        client.get_access_token(&Default::default()).await,
        Ok("a2".into())
    );
    assert_eq!(server.sent().len(), 1);
    assert_eq!(client.diagnostics().unwrap().exchanges[0].outcome, "ok");
}

#[wasm_bindgen_test]
async fn an_error_has_what_the_server_said() {
    let server = Server::new("() => [400, { error: 'invalid_grant', error_description: 'spent' }]");
    let client = server.client(config("refused"));
    let none = client
        .refresh(&RefreshOptions::default())
        .await
        .unwrap_err();
    assert_eq!(none.code(), ErrorCode::NoSession);
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();

    let error = client
        .refresh(&RefreshOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidGrant);
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.oauth_error(), Some("invalid_grant"));
    assert_eq!(error.oauth_error_description(), Some("spent"));
    assert!(error.is_session_lost());
}

#[wasm_bindgen_test]
async fn the_error_of_a_snapshot_is_that_of_its_event() {
    let server = Server::new("() => { throw new TypeError('nobody answers'); }");
    let client = server.client(config("background"));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    let told = Rc::new(RefCell::new(None));
    let own = told.clone();
    let _subscription = client.subscribe(move |event| {
        own.replace(event.error.clone());
    });
    let longer = AccessTokenOptions {
        min_validity_seconds: Some(5000.0),
        ..Default::default()
    };
    assert_eq!(client.get_access_token(&longer).await, Ok("a1".into()));
    let error = told.take().unwrap();
    assert_eq!(error.cause(), Some("TypeError: nobody answers"));
    assert_eq!(client.get_snapshot().error, Some(error));
}

#[wasm_bindgen_test]
async fn claims_that_cannot_be_written_as_json_hide_no_session() {
    let client = Server::new(TOKENS).client(config("deep"));
    let id_token = js("(() => {
        const encoded = (text) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: 'https://id.example', sub: 'u1', aud: 'deep', iat: now, exp: now + 3600, deep: 0 };
        const text = JSON.stringify(claims).replace(/0}$/, '['.repeat(15000) + ']'.repeat(15000) + '}');
        return [JSON.stringify({ alg: 'RS256' }), text, 'sig'].map(encoded).join('.');
    })()");
    let given = TokenResponse {
        id_token: id_token.as_string(),
        ..response("a1", "r1")
    };
    let adopted = client.set_tokens(&given, &SetTokensOptions::default());
    let tokens = adopted.await.unwrap();
    assert_eq!(tokens.id_token, given.id_token);
    let snapshot = client.get_snapshot();
    assert_eq!(snapshot.status, Status::SignedIn);
    assert_eq!(snapshot.tokens, Some(tokens));
}

#[wasm_bindgen_test]
async fn an_introspection_has_the_members_of_the_rfc_and_all_others() {
    let server = Server::new(
        "() => [200, { active: true, scope: 'openid', aud: 'api', exp: '17', uid: 'u1', tier: { gold: true } }]",
    );
    let client = server.client(config("introspect"));
    let options = IntrospectOptions {
        token: Some("t1".into()),
        ..Default::default()
    };
    let answer = client.introspect(&options).await.unwrap();
    assert!(answer.active);
    assert_eq!(answer.scope.as_deref(), Some("openid"));
    assert_eq!(answer.aud, ["api"]);
    assert_eq!(answer.exp, None, "a text is no time");
    assert_eq!(answer.uid.as_deref(), Some("u1"));

    #[derive(Deserialize)]
    struct Tier {
        gold: bool,
    }
    #[derive(Deserialize)]
    struct Own {
        exp: String,
        tier: Tier,
    }
    let own: Own = answer.all.read().unwrap();
    assert_eq!((&*own.exp, own.tier.gold), ("17", true));
    assert_eq!(server.sent(), ["/introspect token=t1&client_id=introspect"]);
}

#[wasm_bindgen_test]
async fn user_info_that_does_not_fit_the_apps_type_is_an_invalid_response() {
    #[derive(Debug, Deserialize)]
    struct User {
        sub: String,
        name: String,
    }
    let server = Server::new(
        "(path, earlier) => [200, earlier ? { sub: 'u1' } : { sub: 'u1', name: 'Alice' }]",
    );
    let client = server.client(config("user-info"));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    let user: User = client.user_info(&CallOptions::default()).await.unwrap();
    assert_eq!((&*user.sub, &*user.name), ("u1", "Alice"));
    let call = client.user_info::<User>(&CallOptions::default());
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidResponse);
    assert!(error.cause().unwrap().contains("name"), "{error:?}");
}

#[wasm_bindgen_test]
fn what_an_app_hands_on_through_a_sign_in_is_any_json() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Cart {
        items: Vec<u32>,
        note: Option<String>,
    }
    let cart = Cart {
        items: vec![1, 2],
        note: None,
    };
    let state = Json::of(&cart).unwrap();
    assert_eq!(state.read::<Cart>().unwrap(), cart);
    assert_eq!(
        state.read::<u32>().unwrap_err().code(),
        ErrorCode::InvalidResponse
    );
}

#[wasm_bindgen_test]
async fn json_is_what_it_says_to_any_serializer() {
    let server = Server::new(
        "() => [200, { sub: 'u1', list: [1, -2.5, 1e300, true, null, []], more: { none: null, 'a b': 'c' } }]",
    );
    let client = server.client(config("any-serializer"));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    let user: Json = client.user_info(&CallOptions::default()).await.unwrap();
    let written = serde_json::to_value(&user).unwrap();
    let read: serde_json::Value = serde_json::from_str(user.as_str()).unwrap();
    assert_eq!(written, read);
    // As a member of what the app hands on.
    assert_eq!(
        Json::of(&[&user]).unwrap().as_str(),
        format!("[{}]", user.as_str())
    );
}

#[wasm_bindgen_test]
async fn a_wrong_option_is_refused() {
    let client = Server::new("() => [500]").client(config("options"));
    let options = SignInOptions {
        return_to: Some("https://elsewhere.example/".into()),
        ..Default::default()
    };
    let error = client.sign_in(&options).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfig);
}

#[wasm_bindgen_test]
async fn nothing_that_is_printed_has_a_token() {
    let client = Server::new(TOKENS).client(config("printed"));
    let given = response("secret-a", "secret-r");
    let adopted = client.set_tokens(&given, &SetTokensOptions::default());
    let tokens = adopted.await.unwrap();
    let options = IntrospectOptions {
        token: Some("secret-t".into()),
        ..Default::default()
    };
    let printed = format!(
        "{given:?} {tokens:?} {:?} {client:?} {:?} {options:?}",
        client.get_snapshot(),
        client.diagnostics(),
    );
    assert!(
        printed.contains("SignedIn") && !printed.contains("secret"),
        "{printed}"
    );
}
