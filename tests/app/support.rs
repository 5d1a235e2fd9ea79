//! A client, and the server that it speaks to: a function in the place of `fetch`.

use core::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use rekindle::{Client, ClientConfig, EventKind, Storage, Subscription, TokenResponse};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The value of a JavaScript expression.
pub fn js(expression: &str) -> JsValue {
    js_sys::eval(&format!("({expression})"))
        .unwrap_or_else(|error| panic!("{expression}: {error:?}"))
}

/// Waits until what can happen has happened.
pub async fn turn() {
    let promise = js("new Promise((done) => setTimeout(done, 10))");
    JsFuture::from(promise.unchecked_into::<Promise>())
        .await
        .unwrap();
}

/// What was sent: addresses with their bodies, or with the token that they had.
pub struct Server(JsValue);

impl Server {
    /// `answer` is called with the path, and how many requests went to it before; it gives `[status, body, headers]`, or throws.
    pub fn new(answer: &str) -> Self {
        Self(js(&format!(
            "(() => {{
                const sent = [];
                const signals = [];
                const answer = {answer};
                const own = async (input, init) => {{
                    signals.push(input.signal ?? init?.signal);
                    const {{ pathname }} = new URL(input.url ?? input);
                    const earlier = sent.filter((line) => line.split(' ')[0] === pathname).length;
                    const token = input.headers?.get('Authorization') ?? init?.headers?.Authorization;
                    sent.push([pathname, init?.body ?? token].filter(Boolean).join(' '));
                    const [status, body, headers] = await answer(pathname, earlier);
                    return new Response(body && JSON.stringify(body), {{ status, headers }});
                }};
                return {{ sent, signals, fetch: own }};
            }})()"
        )))
    }

    /// Where each request went, and with what.
    pub fn sent(&self) -> Vec<String> {
        let sent = Reflect::get(&self.0, &"sent".into()).unwrap();
        js_sys::Array::from(&sent)
            .iter()
            .filter_map(|line| line.as_string())
            .collect()
    }

    /// Which of the requests were given up.
    pub fn given_up(&self) -> Vec<bool> {
        let signals = Reflect::get(&self.0, &"signals".into()).unwrap();
        js_sys::Array::from(&signals)
            .iter()
            .map(|signal| Reflect::get(&signal, &"aborted".into()).unwrap() == JsValue::TRUE)
            .collect()
    }

    /// A client that takes this server for its own, signed out and without a timer.
    pub fn client(&self, config: ClientConfig) -> Client {
        let before = js("globalThis.fetch");
        let global = js_sys::global();
        let own = Reflect::get(&self.0, &"fetch".into()).unwrap();
        Reflect::set(&global, &"fetch".into(), own.unchecked_ref::<Function>()).unwrap();
        let client = Client::new(&config);
        Reflect::set(&global, &"fetch".into(), &before).unwrap();
        client.unwrap()
    }
}

pub fn config(client_id: &str) -> ClientConfig {
    let url = |path: &str| Some(format!("https://id.example{path}"));
    ClientConfig {
        issuer: "https://id.example".into(),
        client_id: client_id.into(),
        endpoints: Some(rekindle::Endpoints::Urls(rekindle::EndpointUrls {
            token: url("/token"),
            introspection: url("/introspect"),
            revocation: url("/revoke"),
            userinfo: url("/me"),
            ..Default::default()
        })),
        auto_renew: Some(false),
        storage: Storage::Session,
        ..Default::default()
    }
}

pub fn response(access_token: &str, refresh_token: &str) -> TokenResponse {
    TokenResponse {
        access_token: access_token.into(),
        refresh_token: Some(refresh_token.into()),
        expires_in: Some(3600.0),
        scope: Some("openid".into()),
        ..Default::default()
    }
}

/// What a client's listener hears.
pub struct Heard {
    pub events: Rc<RefCell<Vec<EventKind>>>,
    _subscription: Subscription,
}

impl Heard {
    pub fn of(client: &Client) -> Self {
        let events = Rc::new(RefCell::new(Vec::new()));
        let own = events.clone();
        Self {
            _subscription: client.subscribe(move |event| own.borrow_mut().push(event.kind)),
            events,
        }
    }

    pub fn events(&self) -> Vec<EventKind> {
        self.events.borrow().clone()
    }
}
