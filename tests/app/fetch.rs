//! The app's own requests.

use js_sys::{Function, Reflect};
use rekindle::gloo_net::http::{Request, Response};
use rekindle::{Client, ErrorCode, FetchError, SetTokensOptions};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Server, config, js, response, turn};

async fn signed_in(server: &Server, client_id: &str) -> Client {
    let client = server.client(rekindle::ClientConfig {
        allowed_origins: Some(vec!["https://api.example".into()]),
        ..config(client_id)
    });
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    client
}

async fn ask(client: &Client, url: &str) -> Result<Response, FetchError> {
    client.fetch(Request::get(url).build().unwrap()).await
}

fn code(outcome: Result<Response, FetchError>) -> ErrorCode {
    match outcome {
        Err(FetchError::Session(error)) => error.code(),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::new(
        "(path, earlier) => path === '/token'
            ? [200, { access_token: 'a2', refresh_token: 'r2', token_type: 'Bearer', expires_in: 60 }]
            : [earlier ? 200 : 401, { ok: true }]",
    );
    let client = signed_in(&server, "renewed").await;
    let answer = ask(&client, "https://api.example/thing").await.unwrap();
    assert_eq!(answer.status(), 200);
    let sent = server.sent();
    assert_eq!(
        (&*sent[0], &*sent[2]),
        ("/thing Bearer a1", "/thing Bearer a2")
    );
    assert_eq!(sent.len(), 3);
}

#[wasm_bindgen_test]
async fn a_request_has_begun_when_fetch_returns_and_goes_on_where_nobody_waits() {
    let server = Server::new("() => new Promise(() => {})");
    let client = signed_in(&server, "begun").await;
    drop(client.fetch(Request::get("https://api.example/thing").build().unwrap()));
    assert_eq!(server.sent(), ["/thing Bearer a1"]);
    assert_eq!(server.given_up(), [false]);
}

#[wasm_bindgen_test]
async fn the_401_is_given_where_the_renewal_fails_and_the_session_goes_on() {
    let server = Server::new("(path) => [path === '/token' ? 503 : 401, {}]");
    let client = signed_in(&server, "given").await;
    let answer = ask(&client, "https://api.example/thing").await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[wasm_bindgen_test]
async fn the_signal_of_a_request_ends_the_wait_for_a_token() {
    // What the token endpoint is asked for never comes, before a request or after its 401.
    for (client_id, received_at) in [("signal", Some(0.0)), ("signal-401", None)] {
        let server = Server::new("(path) => path === '/token' ? new Promise(() => {}) : [401, {}]");
        let client = server.client(rekindle::ClientConfig {
            allowed_origins: Some(vec!["https://api.example".into()]),
            ..config(client_id)
        });
        let options = SetTokensOptions { received_at };
        let adopted = client.set_tokens(&response("a1", "r1"), &options);
        adopted.await.unwrap();
        let own = js("(() => {
            const controller = new AbortController();
            const { signal } = controller;
            return { signal, abort: () => controller.abort(new Error('enough')) };
        })()");
        let member = |name: &str| Reflect::get(&own, &name.into()).unwrap();
        let request = Request::get("https://api.example/thing")
            .abort_signal(Some(member("signal").unchecked_ref()))
            .build()
            .unwrap();
        let call = client.fetch(request);
        let asked = |line: &String| line.starts_with("/token");
        while !server.sent().iter().any(asked) {
            turn().await;
        }
        let abort: Function = member("abort").unchecked_into();
        abort.call0(&JsValue::UNDEFINED).unwrap();
        let begun = js_sys::Date::now();
        match call.await {
            Err(FetchError::Request(error)) => assert!(error.to_string().contains("enough")),
            other => panic!("{other:?}"),
        }
        assert!(js_sys::Date::now() - begun < 2_000.0);
    }
}

#[wasm_bindgen_test]
async fn a_request_that_was_given_up_beforehand_asks_for_nothing() {
    let server = Server::new("() => [200, {}]");
    let client = server.client(rekindle::ClientConfig {
        allowed_origins: Some(vec!["https://api.example".into()]),
        ..config("beforehand")
    });
    let stale = SetTokensOptions {
        received_at: Some(0.0),
    };
    let adopted = client.set_tokens(&response("a1", "r1"), &stale);
    adopted.await.unwrap();
    let request = Request::get("https://api.example/thing")
        .abort_signal(Some(js("AbortSignal.abort()").unchecked_ref()))
        .build()
        .unwrap();
    assert!(matches!(
        client.fetch(request).await,
        Err(FetchError::Request(_))
    ));
    turn().await;
    assert!(server.sent().is_empty());
}

#[wasm_bindgen_test]
async fn another_origin_is_given_no_token() {
    let server = Server::new("() => [200, {}]");
    let client = signed_in(&server, "origin").await;
    let outcome = ask(&client, "https://elsewhere.example/").await;
    assert_eq!(code(outcome), ErrorCode::OriginNotAllowed);
    assert!(server.sent().is_empty());
}

#[wasm_bindgen_test]
async fn a_failure_of_the_request_is_passed_on() {
    let server = Server::new("() => { throw new TypeError('nobody answers'); }");
    let client = signed_in(&server, "failure").await;
    match ask(&client, "https://api.example/thing").await {
        Err(FetchError::Request(error)) => assert!(error.to_string().contains("nobody answers")),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn another_sign_in_is_asked_for_by_the_api() {
    let server = Server::new(
        "() => [401, {}, { 'WWW-Authenticate': 'Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\"' }]",
    );
    let client = signed_in(&server, "step-up").await;
    match ask(&client, "https://api.example/thing").await {
        Err(FetchError::Session(error)) => {
            assert_eq!(error.code(), ErrorCode::LoginRequired);
            assert_eq!(
                (error.reason(), error.acr_values()),
                (Some("step_up"), Some("mfa"))
            );
        }
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn without_a_session_nothing_is_sent_and_close_ends_what_is_under_way() {
    let server = Server::new("() => new Promise(() => {})");
    let client = server.client(rekindle::ClientConfig {
        allowed_origins: Some(vec!["https://api.example".into()]),
        ..config("nobody")
    });
    assert_eq!(
        code(ask(&client, "https://api.example/").await),
        ErrorCode::NoSession
    );
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    let under_way = client.fetch(Request::get("https://api.example/").build().unwrap());
    client.close();
    assert_eq!(server.sent(), ["/ Bearer a1"]);
    assert_eq!(code(under_way.await), ErrorCode::Closed);
    assert_eq!(
        code(ask(&client, "https://api.example/").await),
        ErrorCode::Closed
    );
}
