//! The API for Rust apps (Yew, Leptos, Dioxus), which run in the page: wasm32 and the feature `app`.
//!
//! ```no_run
//! use rekindle::{Client, ClientConfig, Error, SignInOptions};
//!
//! async fn start() -> Result<(), Error> {
//!     let auth = Client::new(&ClientConfig {
//!         issuer: "https://example.okta.com/oauth2/default".into(),
//!         client_id: "0oa1example".into(),
//!         redirect_uri: Some("https://app.example/callback".into()),
//!         ..ClientConfig::default()
//!     })?;
//!     if let Some(result) = auth.handle_redirect(None).await? {
//!         // Back from the server: go on where the user was.
//!         let _ = result.return_to;
//!     }
//!     if auth.get_snapshot().tokens.is_none() {
//!         auth.sign_in(&SignInOptions::default()).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The verbs are those of the npm package, in snake_case, and do the same. What differs is what Rust has its own way for:
//!
//! - A call begins when its method is called, and is given up when the [`Call`] is dropped, in the place of a `signal`.
//! - The client is closed with its last clone, and a subscription ends with its [`Subscription`].
//! - Results and errors are plain data, the access token as a `String` in the app's memory; claims are read into the app's own types
//!   ([`Json::read`]).
//! - The WebAssembly instance is the app's own: one that trapped (a panic, of the app's code too) is not replaced, as the npm package
//!   does it. What is stored is safe, and the next page load goes on from there.
//!
//! A client is of one thread, like everything of a page. Where a framework asks for `Send` (Leptos' contexts), put it into what that
//! framework has for such values (`StoredValue::new_local`).

mod call;
mod client;
mod config;
mod engine;
mod error;
mod fetch;
mod json;
mod options;
mod outside;
mod results;

/// The version that `Client::fetch` speaks.
pub use gloo_net;

pub use call::Call;
pub use client::Client;
pub use config::{ClientConfig, EndpointUrls, Endpoints, Layout, Storage};
pub use engine::Subscription;
pub use error::{Error, ErrorCode, FetchError};
pub use json::Json;
pub use options::{
    AccessTokenOptions, CallOptions, IntrospectOptions, PopupOptions, RefreshOptions,
    RevokeOptions, SetTokensOptions, SignInOptions, SignOutOptions, TokenKind, TokenResponse,
};
pub use results::{
    Coordination, Diagnostics, EventKind, Exchange, Introspection, SessionEvent, SignInResult,
    Snapshot, Status, Tokens, Warning,
};
