//! Where the server's endpoints are: OpenID Connect Discovery 1.0 §4, RFC 8414, or Okta's fixed layout.

use super::text::is_secure;
use crate::error::Error;
use crate::platform::Kept;
use crate::words::{Code, Word};

/// One of the server's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// RFC 6749 §3.1.
    Authorization,
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7662 §2.
    Introspection,
    /// RFC 7009 §2.
    Revocation,
    /// OpenID Connect Core §5.3.
    Userinfo,
    /// OpenID Connect RP-Initiated Logout §2.
    EndSession,
    /// RFC 7517 §5.
    Jwks,
    /// RFC 9126 §2.
    PushedAuthorizationRequest,
}

/// An endpoint's names: in metadata, in the config, and its path in Okta's layout.
pub struct Names {
    /// RFC 8414 §2.
    pub metadata: Word,
    /// A member of the config's `endpoints`.
    pub config: Word,
    /// Below the base of Okta's layout.
    pub okta: Word,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Authorization,
        Self::Token,
        Self::Introspection,
        Self::Revocation,
        Self::Userinfo,
        Self::EndSession,
        Self::Jwks,
        Self::PushedAuthorizationRequest,
    ];

    /// What it is called.
    pub fn names(self) -> Names {
        let (metadata, config, okta) = match self {
            Self::Authorization => (
                Word::AuthorizationEndpoint,
                Word::Authorization,
                Word::PathAuthorize,
            ),
            Self::Token => (Word::TokenEndpoint, Word::Token, Word::PathToken),
            Self::Introspection => (
                Word::IntrospectionEndpoint,
                Word::Introspection,
                Word::PathIntrospect,
            ),
            Self::Revocation => (Word::RevocationEndpoint, Word::Revocation, Word::PathRevoke),
            Self::Userinfo => (Word::UserinfoEndpoint, Word::Userinfo, Word::PathUserinfo),
            Self::EndSession => (Word::EndSessionEndpoint, Word::EndSession, Word::PathLogout),
            Self::Jwks => (Word::JwksUri, Word::Jwks, Word::PathKeys),
            Self::PushedAuthorizationRequest => (
                Word::PushedAuthorizationRequestEndpoint,
                Word::PushedAuthorizationRequest,
                Word::PathPar,
            ),
        };
        Names {
            metadata,
            config,
            okta,
        }
    }
}

/// The metadata that Okta's layout amounts to. `issuer` is a parsed URL.
pub fn okta_layout<K: Kept>(settings: &K, issuer: &K) -> K {
    let metadata = K::object();
    let has_server =
        issuer.is(Word::Pathname, Word::Oauth2) || issuer.starts(Word::Pathname, Word::Oauth2Slash);
    for &endpoint in &Endpoint::ALL {
        let names = endpoint.names();
        settings.copy(Word::Issuer, &metadata, names.metadata);
        if !has_server {
            metadata.append(names.metadata, Word::Oauth2);
        }
        metadata.append(names.metadata, names.okta);
    }
    metadata
}

/// Whether a host is one of Okta's, which all have the same layout.
pub fn is_okta<K: Kept>(issuer: &K) -> bool {
    [
        Word::OktaCom,
        Word::OktaPreviewCom,
        Word::OktaEmeaCom,
        Word::OktaGovCom,
        Word::OktaMil,
    ]
    .iter()
    .any(|&host| issuer.ends(Word::Hostname, host))
}

/// Whether a host is an Okta admin console, which is no issuer.
pub fn is_okta_admin<K: Kept>(issuer: &K) -> bool {
    [
        Word::AdminOktaCom,
        Word::AdminOktaPreviewCom,
        Word::AdminOktaEmeaCom,
        Word::AdminOktaGovCom,
        Word::AdminOktaMil,
    ]
    .iter()
    .any(|&host| issuer.ends(Word::Hostname, host))
}

/// Where the metadata are, in order: what the first lacks is looked for in the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
    OpenidConfiguration,
    /// `{origin}/.well-known/oauth-authorization-server{path}` (RFC 8414 §3).
    OauthAuthorizationServer,
}

/// An object whose `url` is the document's address. `issuer` is a parsed URL without a slash at its path's end.
pub fn address<K: Kept>(document: Document, settings: &K, issuer: &K) -> K {
    let address = K::object();
    match document {
        Document::OpenidConfiguration => {
            settings.copy(Word::Issuer, &address, Word::Url);
            address.append(Word::Url, Word::OpenidConfiguration);
        }
        Document::OauthAuthorizationServer => {
            issuer.copy(Word::Origin, &address, Word::Url);
            address.append(Word::Url, Word::OauthAuthorizationServer);
            address.append_member(Word::Url, issuer, Word::Pathname);
            address.trim_slash(Word::Url);
        }
    }
    address
}

/// Whether the issuer named is this one: compared as texts, but for one slash at the end.
pub fn is_issuer<K: Kept>(from: &K, key: Word, settings: &K) -> bool {
    let named = K::object();
    from.copy(key, &named, Word::Issuer);
    named.trim_slash(Word::Issuer);
    named.same(Word::Issuer, settings, Word::Issuer)
}

/// Takes from a document what `metadata` lacks, after checking that it speaks for our issuer (RFC 8414 §3.3, but for one slash
/// at the end) and that each endpoint is safe to send something to.
pub fn take<K: Kept>(document: &K, settings: &K, metadata: &K) -> Result<(), Error<K>> {
    if !is_issuer(document, Word::Issuer, settings) {
        return Err(Error::new(Code::InsecureIssuer).because(Word::Issuer));
    }
    for &endpoint in &Endpoint::ALL {
        let name = endpoint.names().metadata;
        if !document.kind(name).is_text() || metadata.kind(name).is_text() {
            continue;
        }
        if !document.url(name).is_some_and(|url| is_secure(&url)) {
            return Err(Error::new(Code::InsecureIssuer).because(name));
        }
        document.copy(name, metadata, name);
    }
    for &flag in &[
        Word::RequirePushedAuthorizationRequests,
        Word::IssParameterSupported,
    ] {
        if metadata.kind(flag).is_absent() {
            document.copy(flag, metadata, flag);
        }
    }
    Ok(())
}
