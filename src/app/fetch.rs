//! The app's own API calls, with the access token in the header.

use alloc::rc::Rc;
use alloc::string::String;
use core::future::Future;

use gloo_net::http::{Request, Response};
use js_sys::{Array, Object, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::AbortSignal;

use super::call::Answer;
use super::client::{Client, set};
use super::engine::{Engine, text};
use super::error::{Error, FetchError, aborted, closed};
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
        Closure::<dyn Fn(JsValue) -> JsValue>::new(move |signal| begin(&engine, &signal))
    };
    let renew = {
        let engine = engine.clone();
        Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(move |sent, signal| {
            let engine = engine.clone();
            future_to_promise(async move { renew(&engine, &sent, &signal).await }).into()
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
fn begin(engine: &Rc<Engine>, signal: &JsValue) -> JsValue {
    let answer = ask(engine, Verb::GetAccessToken, signal);
    let call = Object::new();
    match answer.value() {
        Some(Ok(tokens)) => set(&call, "value", &tokens),
        _ => set(&call, "promise", &future_to_promise(answer.wait())),
    }
    call.into()
}

/// A call that the signal of the app's request may end.
fn ask(engine: &Rc<Engine>, verb: Verb, signal: &JsValue) -> Asked {
    let signal = signal.dyn_ref::<AbortSignal>();
    if signal.is_some_and(AbortSignal::aborted) {
        let answer = Answer::new(Some(Err(aborted())));
        return Asked { answer, ends: None };
    }
    let (answer, _) = engine.begin(verb, &Object::new());
    let ends = signal.map(|signal| {
        let (engine, answer) = (engine.clone(), answer.clone());
        let end = Closure::new(move || {
            answer.bring(Err(aborted()));
            answer.abort();
            engine.run();
        });
        // Of a function, this does not fail.
        let _ = signal.add_event_listener_with_callback("abort", end.as_ref().unchecked_ref());
        (signal.clone(), end)
    });
    Asked { answer, ends }
}

/// A call, and what listens to the signal that may end it.
struct Asked {
    answer: Rc<Answer>,
    ends: Option<(AbortSignal, Closure<dyn Fn()>)>,
}

impl Asked {
    fn value(&self) -> Option<Result<JsValue, JsValue>> {
        self.answer.value()
    }

    async fn wait(self) -> Result<JsValue, JsValue> {
        self.answer.wait().await
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some((signal, end)) = &self.ends {
            // What is there can be taken away.
            let _ =
                signal.remove_event_listener_with_callback("abort", end.as_ref().unchecked_ref());
        }
    }
}

/// What an API may be sent in the place of tokens that it refused, or nothing.
async fn renew(engine: &Rc<Engine>, sent: &JsValue, signal: &JsValue) -> Result<JsValue, JsValue> {
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
    let outcome = ask(engine, verb, signal).wait().await;
    let is_aborted = || {
        let signal = signal.dyn_ref::<AbortSignal>();
        signal.is_some_and(AbortSignal::aborted)
    };
    match outcome {
        Err(error) if !Error::of(&error).is_session_lost() && !is_aborted() => {
            Ok(JsValue::UNDEFINED)
        }
        outcome => outcome,
    }
}

fn subject(tokens: &Tokens) -> Option<String> {
    text(&tokens.claims.as_ref()?.value(), "sub")
}
