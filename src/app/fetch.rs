//! The app's own API calls, with the access token in the header.

use alloc::rc::Rc;
use alloc::string::String;
use core::future::Future;

use gloo_net::http::{Request, Response};
use js_sys::{Array, Object, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

use super::call::Answer;
use super::client::{Client, set};
use super::engine::{Engine, text};
use super::error::{Error, FetchError, closed};
use super::json::read;
use super::outside::authorized_fetch;
use super::results::{Snapshot, Tokens};
use crate::client::Verb;

impl Client {
    /// Sends the request with a fresh access token in its header `Authorization`, in the place of the request's own. The token goes to
    /// `allowed_origins` alone. On a 401 it is renewed, once for all calls that meet with one, and the request is sent once more.
    /// Where the renewal fails and the session goes on, the 401 is given. (RFC 6750 §2.1)
    ///
    /// The request has begun when this returns: it has left where the held token is fresh. It goes on where the future is dropped; the
    /// signal of a request ends it.
    ///
    /// Errors: `origin_not_allowed`; `no_session`, and as [`get_access_token`](Self::get_access_token); `login_required` with the `reason`
    /// `step_up`, where the API asks for another sign-in (RFC 9470 §3); or what the request itself meets with.
    pub fn fetch(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, FetchError>> + use<> {
        let answer = Answer::new(None);
        if self.engine().is_closed() {
            answer.bring(Err(closed()));
        } else {
            let engine = self.engine().clone();
            engine.keep(&answer);
            let sent = send(&engine, self.origins(), request);
            let brought = answer.clone();
            spawn_local(async move {
                brought.bring(sent.await);
                engine.forget(&brought);
            });
        }
        let client = self.clone();
        async move {
            // It is open as long as somebody waits.
            let _client = client;
            let response = answer.wait().await.map_err(FetchError::of)?;
            Ok(response.unchecked_into::<web_sys::Response>().into())
        }
    }
}

/// Sends it, at once where there is a fresh token, and gives what comes of it.
fn send(
    engine: &Rc<Engine>,
    origins: &[String],
    request: Request,
) -> impl Future<Output = Result<JsValue, JsValue>> + use<> {
    let begin = {
        let engine = engine.clone();
        Closure::<dyn Fn() -> JsValue>::new(move || begin(&engine))
    };
    let renew = {
        let engine = engine.clone();
        Closure::<dyn Fn(JsValue) -> JsValue>::new(move |sent| {
            let engine = engine.clone();
            future_to_promise(async move { renew(&engine, &sent).await }).into()
        })
    };
    let origins: Array = origins.iter().map(JsValue::from).collect();
    let fetch = authorized_fetch(&engine.context().fetch(), &origins, &begin, &renew);
    let promise = fetch.call1(&JsValue::UNDEFINED, &web_sys::Request::from(request));
    async move {
        let _called_until_then = (begin, renew);
        JsFuture::from(promise?.unchecked_into::<Promise>()).await
    }
}

/// A call for the tokens, which are its `value` where they are there already.
fn begin(engine: &Rc<Engine>) -> JsValue {
    let (answer, _) = engine.begin(Verb::GetAccessToken, &Object::new());
    let call = Object::new();
    match answer.value() {
        Some(Ok(tokens)) => set(&call, "value", &tokens),
        _ => {
            let promise = future_to_promise(async move { answer.wait().await });
            set(&call, "promise", &promise);
        }
    }
    call.into()
}

/// What an API may be sent in the place of tokens that it refused, or nothing.
async fn renew(engine: &Rc<Engine>, sent: &JsValue) -> Result<JsValue, JsValue> {
    let sent = read::<Tokens>(sent).ok();
    let held = read::<Snapshot>(&engine.held().snapshot)
        .unwrap_or_default()
        .tokens;
    let mut verb = Verb::Refresh;
    if let (Some(sent), Some(held)) = (sent, held) {
        // Another user's by now, who did not ask for this.
        if subject(&held) != subject(&sent) {
            return Ok(JsValue::UNDEFINED);
        }
        if held.access_token != sent.access_token {
            verb = Verb::GetAccessToken;
        }
    }
    let (answer, _) = engine.begin(verb, &Object::new());
    match answer.wait().await {
        Err(error) if !Error::of(&error).is_session_lost() => Ok(JsValue::UNDEFINED),
        outcome => outcome,
    }
}

fn subject(tokens: &Tokens) -> Option<String> {
    text(&tokens.claims.as_ref()?.value(), "sub")
}
