//! What the calls take. All of it may be left out: `..Default::default()`.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::{self, Debug};

use serde::{Deserialize, Serialize};

use super::json::{Json, as_it_is};

/// What every call that may use the network takes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallOptions {
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// Options of `refresh`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshOptions {
    /// Asks for a narrower scope, in a request of its own: the stored, wider access token stays. (RFC 6749 §6)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// Options of `get_access_token`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessTokenOptions {
    /// The token is to be good for this many seconds more; where it is not, it is refreshed first. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_validity_seconds: Option<f64>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// The kinds of token that a server may be asked about. (RFC 7009 §2.1)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The access token.
    AccessToken,
    /// The refresh token.
    RefreshToken,
    /// The ID token, which `revoke` does not take.
    IdToken,
}

/// Options of `introspect`.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntrospectOptions {
    /// The token to ask about. Default: the held token of the kind `token_type_hint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The kind of token. Default: the access token, for a held one; not sent with a token given without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<TokenKind>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

impl Debug for IntrospectOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IntrospectOptions")
            .field("token", &self.token.as_ref().map(|_| "[redacted]"))
            .field("token_type_hint", &self.token_type_hint)
            .field("timeout_ms", &self.timeout_ms)
            .finish()
    }
}

/// Options of `revoke`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokeOptions {
    /// The kind of token. Default: the refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<TokenKind>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// Options of `set_tokens`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetTokensOptions {
    /// When the response was received, in milliseconds since the epoch: `expires_in` counts from there. Default: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<f64>,
}

/// Options of `sign_in`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInOptions {
    /// Where to go on: a URL of this origin, which may be relative. It stays in this tab, out of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// Anything that JSON can hold, for after the sign-in. It stays in this tab and is not OAuth's `state`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_it_is")]
    pub state: Option<Json>,
    /// Takes the place of the client's `scope`, for this sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `login_hint`: who is probably signing in. (OpenID Connect Core §3.1.2.1, as the next three)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// `prompt`: `none`, `login`, `consent`, `select_account`, or what else the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `acr_values`: the authentication contexts asked for, best first, with spaces between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// `max_age`: how long ago the user may have authenticated, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<f64>,
    /// `idp`: the id of the identity provider to sign in with, at Okta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    /// Further parameters for the authorization endpoint. Those of the protocol may not be named here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra_params: BTreeMap<String, String>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// Options of `sign_in_with_popup`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PopupOptions {
    /// Takes the place of the client's `scope`, for this sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `login_hint`: who is probably signing in. (OpenID Connect Core §3.1.2.1, as the next three)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// `prompt`: `none`, `login`, `consent`, `select_account`, or what else the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `acr_values`: the authentication contexts asked for, best first, with spaces between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// `max_age`: how long ago the user may have authenticated, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<f64>,
    /// `idp`: the id of the identity provider to sign in with, at Okta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    /// Further parameters for the authorization endpoint. Those of the protocol may not be named here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra_params: BTreeMap<String, String>,
    /// Bounds this call, in milliseconds. Default: an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// Options of `sign_out`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignOutOptions {
    /// Stays on the page: the server's own session goes on. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<bool>,
    /// Whether the refresh token is revoked. Default: `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke: Option<bool>,
    /// `post_logout_redirect_uri`: where the server sends the user back to, exactly as registered there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<String>,
    /// `state`: comes back with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Bounds this call, in milliseconds. Default: the client's `timeout_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
}

/// A token endpoint's answer, as it came. (RFC 6749 §5.1)
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Without regard to case. Where it is missing, `Bearer`; an unknown one is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// The lifetime in seconds. Where it is missing, 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<f64>,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The ID token. (OpenID Connect Core §3.1.3.3)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// Without the tokens.
impl Debug for TokenResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenResponse")
            .field("scope", &self.scope)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
