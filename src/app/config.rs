//! What a client is made from, and under which names the core reads it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

/// What a client is made from. `issuer` and `client_id` are all that it needs; the rest has its default from
/// `..ClientConfig::default()`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientConfig {
    /// The authorization server's identifier, as it stands in its metadata: https, or http on a loopback host. (RFC 8414 §2)
    pub issuer: String,
    /// The public client's id. (RFC 6749 §2.2)
    pub client_id: String,
    /// Where the server sends the user back to, exactly as registered there; sent with a refresh too, as Okta's guide has it. `sign_in`
    /// needs it. (RFC 6749 §3.1.2)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// What sign-in asks for, with spaces between. Default: `openid profile offline_access`. (RFC 6749 §3.3)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The APIs that the access token is for: absolute URIs. (RFC 8707)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// Where the endpoints are. Default: Okta's layout on Okta's hosts, elsewhere discovered from the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
    /// Whether authorization requests are pushed also where the server does not require it. (RFC 9126)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_requests: Option<bool>,
    /// Keeps two clients with the same issuer and client id on one origin apart. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the session is kept.
    pub storage: Storage,
    /// Whether the tokens are renewed in the background. Default: `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_renew: Option<bool>,
    /// No renewal in the background after so many seconds without the user's input in any tab. Default: never idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_seconds: Option<f64>,
    /// Whether a new tab takes the session over from a live one that has this set too: see `Client::ready`. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_session: Option<bool>,
    /// How long before its expiry an access token counts as stale, in seconds: 30, and a tenth of its lifetime at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_before_seconds: Option<f64>,
    /// How long the server forgives the reuse of a rotated refresh token, in seconds. Default: 30 on Okta's hosts, else 0.
    /// (RFC 9700 §4.14.2)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_grace_seconds: Option<f64>,
    /// Bounds each call as a whole, in milliseconds. Default: 10000. An answer that comes later is still kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<f64>,
    /// How far apart the time claims of an ID token may be at sign-in, in seconds. Default: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_tolerance_seconds: Option<f64>,
    /// The origins that `fetch` sends the access token to. Default: the page's own, which is in no list unless it is named.
    /// (RFC 6750 §5.3)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
}

/// Where a session is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// `sessionStorage`: this tab, through reloads, until it is closed.
    #[default]
    Session,
    /// `localStorage`: all tabs of the origin, until sign-out.
    Local,
    /// This page load only.
    Memory,
}

/// Where the endpoints are.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Endpoints {
    /// As a kind of server has them.
    Layout(Layout),
    /// These addresses, one by one, win over discovery and layout.
    Urls(EndpointUrls),
}

/// Where a kind of server has its endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Okta's: `{issuer}/v1/token` and so on, with no discovery.
    Okta,
}

/// Addresses of the authorization server's endpoints: absolute, https (http on a loopback host).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointUrls {
    /// RFC 6749 §3.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// RFC 6749 §3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// RFC 7662 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection: Option<String>,
    /// RFC 7009 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// OpenID Connect Core §5.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<String>,
    /// OpenID Connect RP-Initiated Logout §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session: Option<String>,
    /// RFC 7517 §5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// RFC 9126 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request: Option<String>,
}
