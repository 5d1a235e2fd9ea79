//! A Leptos app that keeps its user signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use rekindle::gloo_net::http::Request;
use rekindle::{
    Call, Client, ClientConfig, FetchError, RefreshOptions, SignInOptions, SignOutOptions, Tokens,
};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(start)]
pub fn start() {
    mount_to_body(App);
}

/// What the page says in a `<meta>`.
fn setting(name: &str) -> Option<String> {
    let meta = document().query_selector(&format!("meta[name={name}]"));
    meta.ok()??.get_attribute("content")
}

fn config() -> ClientConfig {
    ClientConfig {
        issuer: setting("issuer").unwrap_or_default(),
        client_id: setting("client-id").unwrap_or_default(),
        redirect_uri: window().location().origin().ok().map(|origin| origin + "/"),
        ..ClientConfig::default()
    }
}

#[component]
fn App() -> impl IntoView {
    match Client::new(&config()) {
        Ok(client) => view! { <Session client /> }.into_any(),
        Err(error) => view! { <p id="error">{error.to_string()}</p> }.into_any(),
    }
}

/// What the app wants of the ID token.
#[derive(Deserialize)]
struct Claims {
    name: String,
}

fn name_of(tokens: &Tokens) -> Option<String> {
    Some(tokens.claims.as_ref()?.read::<Claims>().ok()?.name)
}

#[component]
fn Session(client: Client) -> impl IntoView {
    let (snapshot, set_snapshot) = signal(client.get_snapshot());
    let (error, set_error) = signal(String::new());
    let (answer, set_answer) = signal(String::new());
    // Both live as long as the component.
    let subscription = client.subscribe(move |event| set_snapshot.set(event.snapshot.clone()));
    StoredValue::new_local(subscription);
    let client = StoredValue::new_local(client);

    // On every page load: on all but the one that comes back from the server it does nothing.
    attempt(
        client.with_value(|client| client.handle_redirect(None)),
        set_error,
    );

    let sign_in = move |_| {
        let leaving = client.with_value(|client| client.sign_in(&SignInOptions::default()));
        attempt(leaving, set_error);
    };
    let refresh = move |_| {
        let refreshed = client.with_value(|client| client.refresh(&RefreshOptions::default()));
        attempt(refreshed, set_error);
    };
    let sign_out = move |_| {
        let signed_out = client.with_value(|client| client.sign_out(&SignOutOptions::default()));
        attempt(signed_out, set_error);
    };
    let ask = move |_| {
        spawn_local(async move {
            match greeting(&client.get_value()).await {
                Ok(greeting) => set_answer.set(greeting),
                Err(failure) => set_error.set(failure.to_string()),
            }
        });
    };

    let session = move || match snapshot.get().tokens {
        Some(tokens) => view! {
            <p id="name">{name_of(&tokens)}</p>
            <p id="expires-at">{tokens.expires_at}</p>
            <button id="refresh" on:click=refresh>"Refresh"</button>
            <button id="ask" on:click=ask>"Ask the API"</button>
            <button id="sign-out" on:click=sign_out>"Sign out"</button>
        }
        .into_any(),
        None => view! { <button id="sign-in" on:click=sign_in>"Sign in"</button> }.into_any(),
    };
    view! {
        {session}
        <p id="answer">{answer}</p>
        <p id="error">{error}</p>
    }
}

/// The app's own API, which wants an access token.
async fn greeting(client: &Client) -> Result<String, FetchError> {
    let request = Request::get("/api/greeting")
        .build()
        .map_err(FetchError::Request)?;
    let response = client.fetch(request).await?;
    response.text().await.map_err(FetchError::Request)
}

/// Carries a call out, and shows how it failed, if it did. What it brings is in the snapshot.
fn attempt<T: 'static>(call: Call<T>, failed: WriteSignal<String>) {
    spawn_local(async move {
        if let Err(error) = call.await {
            failed.set(error.to_string());
        }
    });
}
