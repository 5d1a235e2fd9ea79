use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use super::call::{Answer, Call};
use super::config::ClientConfig;
use super::engine::{Engine, Subscription, text};
use super::error::{self, Error};
#[cfg(doc)]
use super::json::Json;
use super::json::{object_of, read};
use super::options::{
    AccessTokenOptions, CallOptions, IntrospectOptions, PopupOptions, RefreshOptions,
    RevokeOptions, SetTokensOptions, SignInOptions, SignOutOptions,
};
use super::outside::parts;
use super::results::{
    Diagnostics, Introspected, Introspection, SessionEvent, SignInResult, Snapshot, Tokens,
};
use crate::client::Verb;
use crate::task::Place;
use crate::words::Word;

/// One session at one authorization server. Clones are the same client, which is closed with the last of them.
///
/// A call that uses the network may fail with the codes of a request, besides those that it names: `network`, `timeout`, `server`,
/// `rate_limited`, `oauth`, `invalid_response`; `unsupported` where an endpoint is missing; `insecure_issuer` where the metadata are
/// not the issuer's. A wrong option is `invalid_config`, a closed client `closed`.
#[derive(Clone)]
pub struct Client(Rc<Handle>);

struct Handle {
    engine: Rc<Engine>,
    /// Where `fetch` may send the access token.
    origins: Vec<String>,
    /// The taking over of another tab's session.
    ready: Option<Rc<Answer>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.engine.close();
    }
}

/// Whether both are the same client.
impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A callback of this page load: an app that is mounted twice handles it once.
#[derive(Clone)]
struct Callback {
    identity: String,
    href: Option<String>,
    answer: Rc<Answer>,
}

std::thread_local! {
    static CALLBACKS: Place<Vec<Callback>> = const { Place::new(None) };
}

impl Callback {
    /// What a page load answers with: its first callback, until a later one is a success.
    fn of(identity: &str) -> Option<Self> {
        let all = CALLBACKS.with(Place::get).unwrap_or_default();
        let mut own = all.into_iter().filter(|known| known.identity == identity);
        let first = own.next()?;
        let is_success = |known: &Self| matches!(known.answer.value(), Some(Ok(_)));
        Some(own.filter(is_success).last().unwrap_or(first))
    }

    fn remember(self) {
        let known = Self::of(&self.identity);
        let is_known = |other: &Self| {
            let known = known.as_ref();
            known.is_some_and(|known| Rc::ptr_eq(&known.answer, &other.answer))
        };
        let mut all = CALLBACKS.with(Place::take).unwrap_or_default();
        // Nobody is given a later one that failed, or one from before a success.
        all.retain(|other| {
            other.identity != self.identity || is_known(other) || other.answer.value().is_none()
        });
        all.push(self);
        CALLBACKS.with(|place| place.set(Some(all)));
    }
}

impl Client {
    /// Makes a client for one issuer and one client id. Touches no network. A session that this tab stored earlier is there at once.
    ///
    /// Errors: `invalid_config` (the message names the field), `insecure_issuer`, `crypto_unavailable`. Unavailable storage and broken
    /// records are none.
    pub fn new(config: &ClientConfig) -> Result<Self, Error> {
        let object = object_of(config, Word::Options)?;
        let engine = Engine::open(&object)?;
        let shares = config.share_session == Some(true);
        let ready = shares.then(|| engine.begin(Verb::TakeOver, &Object::new()).0);
        let own = || text(&js_sys::global(), "origin").into_iter().collect();
        let origins = config.allowed_origins.clone().unwrap_or_else(own);
        Ok(Self(Rc::new(Handle {
            engine,
            origins,
            ready,
        })))
    }

    /// Waits until it is known whether another tab hands its session over (`share_session`): 250 ms at most, and not at all where no
    /// tab is live.
    pub async fn ready(&self) {
        if let Some(answer) = &self.0.ready {
            // Where nobody has a session to share there is none: that is no failure.
            let _ = answer.wait().await;
        }
    }

    /// Asks the token endpoint for new tokens, whether or not the held ones are still good. Calls made while one is under way, in any
    /// tab of this session, share its answer. (RFC 6749 §6)
    ///
    /// Errors: `no_session`, `no_refresh_token`, `invalid_grant`, `id_token_invalid`, `signed_out`.
    pub fn refresh(&self, options: &RefreshOptions) -> Call<Tokens> {
        self.call(Verb::Refresh, options, read)
    }

    /// The held access token while it is fresh, with no request; otherwise refreshes first. A token that has not expired is given out
    /// even where its renewal failed.
    ///
    /// Errors: `no_session`, and as [`refresh`](Self::refresh).
    pub fn get_access_token(&self, options: &AccessTokenOptions) -> Call<String> {
        let token = |tokens: &JsValue| read::<Tokens>(tokens).map(|tokens| tokens.access_token);
        self.call(Verb::GetAccessToken, options, token)
    }

    /// Asks the introspection endpoint about the held access token, or the token or kind of token that the options name. Never refreshes
    /// first and changes nothing. (RFC 7662 §2)
    ///
    /// Errors: `no_session`, `no_refresh_token`.
    pub fn introspect(&self, options: &IntrospectOptions) -> Call<Introspection> {
        self.call(Verb::Introspect, options, |answer| {
            Ok(read::<Introspected>(answer)?.with(read(answer)?))
        })
    }

    /// Adopts a token response that something else obtained: a [`TokenResponse`](super::TokenResponse), or a type of the app's with
    /// the same members. It replaces the session that is held. (RFC 6749 §5.1)
    ///
    /// Errors: `invalid_response`, `id_token_invalid`.
    pub fn set_tokens(
        &self,
        response: &impl Serialize,
        options: &SetTokensOptions,
    ) -> Call<Tokens> {
        #[derive(Serialize)]
        struct Given<'a, R> {
            response: &'a R,
            options: &'a SetTokensOptions,
        }
        self.call(Verb::SetTokens, &Given { response, options }, read)
    }

    /// What is held now.
    pub fn get_snapshot(&self) -> Snapshot {
        read(&self.engine().held().snapshot).unwrap_or_default()
    }

    /// The held refresh token. It is in no snapshot, event or error.
    pub fn get_refresh_token(&self) -> Option<String> {
        text(&self.engine().held().record, "refresh_token")
    }

    /// Calls `listener` after each change, before the call that caused it is answered, until the subscription is dropped. It may call
    /// any method. One that owns a clone of the client keeps it open.
    pub fn subscribe(&self, listener: impl Fn(&SessionEvent) + 'static) -> Subscription {
        self.engine().subscribe(Rc::new(listener))
    }

    /// Leaves the page for the server's sign-in: authorization code with PKCE (S256), a one-use `state` and a `nonce`. It is never
    /// answered but by a failure. The page at `redirect_uri` then calls [`handle_redirect`](Self::handle_redirect).
    /// (RFC 6749 §4.1, RFC 7636)
    ///
    /// Errors: `invalid_config`, `unsupported`, `storage_unavailable`, `login_loop`, `aborted` (the user came back to this page).
    pub fn sign_in(&self, options: &SignInOptions) -> Call<Infallible> {
        self.call(Verb::SignIn, options, |_| Err(Error::of(&error::closed())))
    }

    /// The same in a window of its own, while the page stays. Call it in a click's handler, before anything is awaited, or the browser
    /// blocks the window.
    ///
    /// Errors: `popup_blocked`, `popup_closed`, `signed_out`, and as [`handle_redirect`](Self::handle_redirect).
    pub fn sign_in_with_popup(&self, options: &PopupOptions) -> Call<Tokens> {
        self.call(Verb::SignInWithPopup, options, read)
    }

    /// Finishes a redirect: of this URL, or of the page's own. A callback has the origin and path of `redirect_uri`, and in its query
    /// `state` and one of `code` and `error`; for anything else the answer is `None`, so call it on every page load. What belongs to
    /// the protocol leaves the address bar at once. (RFC 6749 §4.1.2, RFC 9207)
    ///
    /// A callback's answer belongs to the page load: every further call without a URL gets it too, from whatever client of this
    /// session. In a popup it stays pending, and the window closes.
    ///
    /// Errors: `state_mismatch`, `login_required`, `oauth`, `invalid_grant`, `id_token_invalid`.
    pub fn handle_redirect(&self, url: Option<&str>) -> Call<Option<SignInResult>> {
        let engine = self.engine();
        let page = page_address().unwrap_or_default();
        let href = text(&parts(url.unwrap_or(&page), &page), "href");
        let known = Callback::of(&engine.identity);
        let same = known.filter(|known| url.is_none() || known.href == href);
        let answer = match same {
            Some(known) if !engine.is_closed() => known.answer,
            _ => {
                let options = Object::new();
                if let Some(url) = url {
                    set(&options, "url", &url.into());
                }
                let (answer, is_callback) = engine.begin(Verb::HandleRedirect, &options);
                if is_callback {
                    let callback = Callback {
                        identity: engine.identity.clone(),
                        href,
                        answer: answer.clone(),
                    };
                    callback.remember();
                }
                answer
            }
        };
        Call {
            client: self.clone(),
            answer,
            read: |result| match result.is_object() {
                true => read(result).map(Some),
                false => Ok(None),
            },
            is_given_up: false,
        }
    }

    /// What the server says of the user, asked with a fresh access token, in a type of the app's or as [`Json`].
    /// (OpenID Connect Core §5.3)
    ///
    /// Errors: `no_session`, `unsupported`, `invalid_response` (it is about another user than the ID token, or does not fit the type).
    pub fn user_info<T: DeserializeOwned>(&self, options: &CallOptions) -> Call<T> {
        self.call(Verb::UserInfo, options, read)
    }

    /// Revokes the refresh token, which then leaves the session in every tab, or the access token. (RFC 7009 §2)
    ///
    /// Errors: `no_session`, `unsupported`.
    pub fn revoke(&self, options: &RevokeOptions) -> Call<()> {
        self.call(Verb::Revoke, options, |_| Ok(()))
    }

    /// Ends the session: memory and storage are cleared in every tab, before this returns. Then the refresh token is revoked as well as
    /// can be, and the page leaves for the end-session endpoint. (RFC 7009, OpenID Connect RP-Initiated Logout §2)
    ///
    /// Errors, when all is cleared: `unsupported` where the server's sign-out was asked for and there is no such endpoint.
    pub fn sign_out(&self, options: &SignOutOptions) -> Call<()> {
        let mut call = self.call(Verb::SignOut, options, |_| Ok(()));
        call.is_given_up = false;
        if !self.engine().is_closed() {
            let here = SignOutOptions {
                local: Some(true),
                revoke: Some(false),
                ..SignOutOptions::default()
            };
            // After this one, which has what is to be revoked. They may have no session yet, and one in the making.
            for other in self.engine().others() {
                other.begin(
                    Verb::SignOut,
                    &object_of(&here, Word::Options).unwrap_or_default(),
                );
            }
        }
        call
    }

    /// How this client is doing; `None` where it was closed too early to say.
    pub fn diagnostics(&self) -> Option<Diagnostics> {
        let diagnostics = read::<Diagnostics>(&self.engine().held().diagnostics).ok()?;
        Some(Diagnostics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..diagnostics
        })
    }

    /// Ends this client, for all clones of it, not the session: no timer, listener, lock or channel is left, tokens stay stored, pending
    /// and later calls fail with `closed`, and an exchange under way still stores its answer.
    pub fn close(&self) {
        self.engine().close();
    }

    pub(super) fn engine(&self) -> &Rc<Engine> {
        &self.0.engine
    }

    pub(super) fn origins(&self) -> &[String] {
        &self.0.origins
    }

    fn call<T>(
        &self,
        verb: Verb,
        options: &impl Serialize,
        read: fn(&JsValue) -> Result<T, Error>,
    ) -> Call<T> {
        // What no object can be made of is refused as one that is none, by the core.
        let options = object_of(options, Word::Options).unwrap_or(JsValue::UNDEFINED);
        let (answer, _) = self.engine().begin(verb, &options);
        Call {
            client: self.clone(),
            answer,
            read,
            is_given_up: true,
        }
    }
}

fn page_address() -> Option<String> {
    let location = Reflect::get(&js_sys::global(), &"location".into()).ok()?;
    location.is_object().then(|| text(&location, "href"))?
}

pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    // A new object takes a member.
    let _ = Reflect::set(object, &name.into(), value);
}

impl core::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_tuple("Client")
            .field(&self.engine().identity)
            .finish()
    }
}
