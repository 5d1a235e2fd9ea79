//! How long things live: calls, subscriptions, clients, and several clients of one session.

use core::cell::RefCell;
use std::rc::Rc;

use rekindle::gloo_net::http::Request;
use rekindle::{
    ErrorCode, EventKind, IntrospectOptions, RefreshOptions, SetTokensOptions, SignOutOptions,
    Status,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Heard, Server, config, js, response};

// The very module that the crate imports.
#[wasm_bindgen(module = "/src/browser/objects.js")]
extern "C" {
    fn kept(id: i32) -> JsValue;
}

/// How many objects the core holds.
fn handles() -> usize {
    (1..5_000).filter(|&id| !kept(id).is_undefined()).count()
}

const TOKENS: &str = "() => [200, { access_token: 'a2', refresh_token: 'r2', token_type: 'Bearer', expires_in: 60 }]";

#[wasm_bindgen_test]
async fn a_call_that_is_dropped_is_given_up_and_what_it_shares_goes_on() {
    let server = Server::new(TOKENS);
    let client = server.client(config("dropped"));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    drop(client.refresh(&RefreshOptions::default()));
    let tokens = client.refresh(&RefreshOptions::default()).await.unwrap();
    assert_eq!(tokens.access_token, "a2");
    assert_eq!(server.sent().len(), 1, "both are one exchange");
}

#[wasm_bindgen_test]
fn a_request_of_a_call_that_is_dropped_is_given_up() {
    let server = Server::new("() => new Promise(() => {})");
    let client = server.client(config("given-up"));
    let options = IntrospectOptions {
        token: Some("t1".into()),
        ..Default::default()
    };
    let call = client.introspect(&options);
    assert_eq!(server.given_up(), [false], "it has begun");
    drop(call);
    assert_eq!(server.given_up(), [true]);
}

#[wasm_bindgen_test]
async fn a_client_that_shares_is_ready_where_nobody_is_there() {
    let client = Server::new(TOKENS).client(rekindle::ClientConfig {
        share_session: Some(true),
        ..config("shares")
    });
    client.ready().await;
    assert_eq!(client.get_snapshot().status, Status::SignedOut);
}

#[wasm_bindgen_test]
async fn a_subscription_ends_when_it_is_dropped() {
    let client = Server::new(TOKENS).client(config("unsubscribed"));
    let (one, other) = (Heard::of(&client), Heard::of(&client));
    let events = one.events.clone();
    drop(one);
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    assert!(events.borrow().is_empty());
    assert_eq!(other.events(), [EventKind::SignedIn]);
}

#[wasm_bindgen_test]
async fn a_listener_that_is_ended_by_one_before_it_hears_nothing() {
    let client = Server::new(TOKENS).client(config("ended"));
    let other = Rc::new(RefCell::new(None));
    let own = other.clone();
    let _first = client.subscribe(move |_| drop(own.take()));
    let heard = Heard::of(&client);
    let events = heard.events.clone();
    other.replace(Some(heard));
    let closing = client.clone();
    let _third = client.subscribe(move |_| closing.close());
    let last = Heard::of(&client);
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    assert!(events.borrow().is_empty(), "its subscription was dropped");
    assert!(last.events().is_empty(), "its client was closed");
    adopted.await.unwrap();
}

#[wasm_bindgen_test]
async fn a_subscription_that_a_listener_owns_ends_with_it() {
    let client = Server::new(TOKENS).client(config("owned"));
    let heard = Heard::of(&client);
    let events = heard.events.clone();
    drop(client.subscribe(move |_| {
        let _ = &heard;
    }));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    assert!(events.borrow().is_empty());
}

#[wasm_bindgen_test]
async fn a_listener_may_call_any_method() {
    let client = Server::new(TOKENS).client(config("listener"));
    let own = client.clone();
    let seen = std::rc::Rc::new(core::cell::Cell::new(None));
    let told = seen.clone();
    let _subscription = client.subscribe(move |event| {
        if event.kind == EventKind::SignedIn {
            told.set(Some(own.get_snapshot() == event.snapshot));
            drop(own.sign_out(&SignOutOptions {
                local: Some(true),
                revoke: Some(false),
                ..Default::default()
            }));
        }
    });
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    assert_eq!(seen.get(), Some(true));
    assert_eq!(client.get_snapshot().status, Status::SignedOut);
    client.close();
}

#[wasm_bindgen_test]
async fn close_ends_calls_and_an_exchange_under_way_stores_its_answer() {
    let server = Server::new(TOKENS);
    let client = server.client(config("closed"));
    let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    // It asks the lock manager first, and has sent nothing yet.
    let call = client.refresh(&RefreshOptions::default());
    client.close();
    assert_eq!(call.await.unwrap_err().code(), ErrorCode::Closed);
    let late = client.refresh(&RefreshOptions::default());
    assert_eq!(late.await.unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(client.get_snapshot().status, Status::SignedIn);

    let next = server.client(config("closed"));
    let tokens = next.refresh(&RefreshOptions::default()).await.unwrap();
    assert_eq!(tokens.access_token, "a2");
    assert_eq!(next.get_refresh_token().as_deref(), Some("r2"));
}

#[wasm_bindgen_test]
async fn the_last_clone_gives_everything_back() {
    let server = Server::new(TOKENS);
    let life = async || {
        let client = server.client(config("given-back"));
        let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
        adopted.await.unwrap();
        let _listening = Heard::of(&client);
        drop(client.clone());
        assert_eq!(client.get_snapshot().status, Status::SignedIn);
    };
    life().await;
    let before = handles();
    for _ in 0..20 {
        life().await;
    }
    assert_eq!(handles(), before);
}

#[wasm_bindgen_test]
async fn a_request_of_the_apps_own_that_nobody_waits_for_keeps_no_client_open() {
    let server = Server::new("() => new Promise(() => {})");
    let life = async || {
        let client = server.client(rekindle::ClientConfig {
            allowed_origins: Some(vec!["https://api.example".into()]),
            ..config("nobody-waits")
        });
        let adopted = client.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
        adopted.await.unwrap();
        let request = Request::get("https://api.example/thing").build().unwrap();
        drop(client.fetch(request));
    };
    life().await;
    let before = handles();
    for _ in 0..20 {
        life().await;
    }
    assert!(handles() <= before);
}

#[wasm_bindgen_test]
async fn two_clients_of_one_session_hear_of_each_other() {
    let server = Server::new(TOKENS);
    let [one, other] = [(); 2].map(|()| server.client(config("both")));
    let heard = Heard::of(&other);
    let adopted = one.set_tokens(&response("a1", "r1"), &SetTokensOptions::default());
    adopted.await.unwrap();
    assert_eq!(heard.events(), [EventKind::SignedIn]);
    assert_eq!(other.get_snapshot().tokens.unwrap().access_token, "a1");
    let local = SignOutOptions {
        local: Some(true),
        ..Default::default()
    };
    // Before anything is awaited.
    let call = one.sign_out(&local);
    assert_eq!(other.get_snapshot().status, Status::SignedOut);
    call.await.unwrap();
    assert_eq!(heard.events(), [EventKind::SignedIn, EventKind::SignedOut]);
}

#[wasm_bindgen_test]
async fn a_callback_is_handled_once_for_all_clients_of_a_session() {
    let redirected = || rekindle::ClientConfig {
        redirect_uri: Some("https://app.example/callback".into()),
        ..config("callback")
    };
    let server = Server::new(TOKENS);
    let [one, other] = [(); 2].map(|()| server.client(redirected()));
    assert_eq!(one.handle_redirect(None).await, Ok(None));
    let url = "https://app.example/callback?code=c&state=s";
    let error = one.handle_redirect(Some(url)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StateMismatch);
    assert_eq!(error.reason(), Some("no_transaction"));
    assert_eq!(
        other.handle_redirect(None).await,
        Err(error),
        "it belongs to the page load"
    );
    assert_eq!(server.sent().len(), 0);
}

#[wasm_bindgen_test]
async fn a_callback_that_is_a_success_takes_the_place_of_an_earlier_one() {
    let server = Server::new(TOKENS);
    let client = server.client(rekindle::ClientConfig {
        redirect_uri: Some("https://app.example/callback".into()),
        ..config("callbacks")
    });
    let failed = client.handle_redirect(Some("https://app.example/callback?code=c&state=s1"));
    let error = failed.await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StateMismatch);
    assert_eq!(client.handle_redirect(None).await, Err(error));
    // A sign-in that this tab has begun.
    js("sessionStorage.setItem('rekindle:sign-ins:https://id.example|callbacks|', JSON.stringify({ version: 1, sign_ins: [{
        state: 's2', nonce: 'n', code_verifier: 'v', created_at: Date.now(), issuer: 'https://id.example',
        redirect_uri: 'https://app.example/callback', scope: 'api' }] }))");
    let url = "https://app.example/callback?code=c&state=s2";
    let signed_in = client.handle_redirect(Some(url)).await.unwrap();
    assert!(signed_in.is_some());
    assert_eq!(client.handle_redirect(None).await, Ok(signed_in.clone()));

    let later = client.handle_redirect(Some("https://app.example/callback?code=c&state=s3"));
    later.await.unwrap_err();
    assert_eq!(client.handle_redirect(None).await, Ok(signed_in));
    assert_eq!(server.sent().len(), 1);
}
