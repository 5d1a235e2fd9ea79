//! A Yew app that keeps its user signed in.

use rekindle::gloo_net::http::Request;
use rekindle::{
    Call, Client, ClientConfig, FetchError, RefreshOptions, SignInOptions, SignOutOptions, Tokens,
};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[wasm_bindgen(start)]
pub fn start() {
    yew::Renderer::<App>::new().render();
}

/// What the page says in a `<meta>`.
fn setting(name: &str) -> Option<String> {
    let document = web_sys::window()?.document()?;
    let meta = document.query_selector(&format!("meta[name={name}]"));
    meta.ok()??.get_attribute("content")
}

fn config() -> ClientConfig {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    ClientConfig {
        issuer: setting("issuer").unwrap_or_default(),
        client_id: setting("client-id").unwrap_or_default(),
        redirect_uri: origin.map(|origin| origin + "/"),
        ..ClientConfig::default()
    }
}

#[component]
fn App() -> Html {
    let client = use_memo((), |()| Client::new(&config()));
    match &*client {
        Ok(client) => html! { <Session client={client.clone()} /> },
        Err(error) => html! { <p id="error">{error.to_string()}</p> },
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

#[derive(Properties, PartialEq)]
struct SessionProps {
    client: Client,
}

#[component]
fn Session(SessionProps { client }: &SessionProps) -> Html {
    let snapshot = use_state(|| client.get_snapshot());
    let error = use_state(String::new);
    let answer = use_state(String::new);
    {
        let (snapshot, error) = (snapshot.setter(), error.setter());
        use_effect_with(client.clone(), move |client| {
            let subscription = client.subscribe(move |event| snapshot.set(event.snapshot.clone()));
            // On every page load: on all but the one that comes back from the server it does nothing.
            attempt(client.handle_redirect(None), error);
            move || drop(subscription)
        });
    }

    let sign_in = {
        let (client, error) = (client.clone(), error.setter());
        move |_| attempt(client.sign_in(&SignInOptions::default()), error.clone())
    };
    let refresh = {
        let (client, error) = (client.clone(), error.setter());
        move |_| attempt(client.refresh(&RefreshOptions::default()), error.clone())
    };
    let sign_out = {
        let (client, error) = (client.clone(), error.setter());
        move |_| attempt(client.sign_out(&SignOutOptions::default()), error.clone())
    };
    let ask = {
        let (client, error, answer) = (client.clone(), error.setter(), answer.setter());
        move |_| {
            let (client, error, answer) = (client.clone(), error.clone(), answer.clone());
            spawn_local(async move {
                match greeting(&client).await {
                    Ok(greeting) => answer.set(greeting),
                    Err(failure) => error.set(failure.to_string()),
                }
            });
        }
    };

    html! {
        <>
            if let Some(tokens) = &snapshot.tokens {
                <p id="name">{name_of(tokens)}</p>
                <p id="expires-at">{tokens.expires_at}</p>
                <button id="refresh" onclick={refresh}>{"Refresh"}</button>
                <button id="ask" onclick={ask}>{"Ask the API"}</button>
                <button id="sign-out" onclick={sign_out}>{"Sign out"}</button>
            } else {
                <button id="sign-in" onclick={sign_in}>{"Sign in"}</button>
            }
            <p id="answer">{&*answer}</p>
            <p id="error">{&*error}</p>
        </>
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
fn attempt<T: 'static>(call: Call<T>, failed: UseStateSetter<String>) {
    spawn_local(async move {
        if let Err(error) = call.await {
            failed.set(error.to_string());
        }
    });
}
