//! The authorization request and its answer: RFC 6749 §4.1.1 and §4.1.2, OpenID Connect Core §3.1.2, RFC 7636 §4.3, RFC 9207.

use super::discovery::is_issuer;
use super::{oauth_error, pkce};
use crate::error::Error;
use crate::platform::{Kept, Kind};
use crate::words::{Code, Word};

/// Parameters that an app may not set by `extraParams`.
pub const OF_THE_PROTOCOL: [Word; 20] = [
    Word::ClientId,
    Word::ResponseType,
    Word::ResponseMode,
    Word::RedirectUri,
    Word::Scope,
    Word::State,
    Word::Nonce,
    Word::CodeChallenge,
    Word::CodeChallengeMethod,
    Word::Resource,
    Word::Prompt,
    Word::LoginHint,
    Word::AcrValues,
    Word::MaxAge,
    Word::Request,
    Word::RequestUri,
    // Of the token request, and secret.
    Word::GrantType,
    Word::Code,
    Word::CodeVerifier,
    Word::ClientSecret,
];

/// The request's parameters. `sign_in` has `redirect_uri`, `scope`, `state`, `nonce` and `code_verifier`.
pub fn request<K: Kept>(settings: &K, sign_in: &K, options: &K) -> K {
    let params = K::object();
    if let Some(extra) = options.get(Word::ExtraParams) {
        let _ = extra.copy_all(&params);
    }
    settings.copy(Word::ClientId, &params, Word::ClientId);
    params.put(Word::ResponseType, Word::Code);
    for &key in &[Word::RedirectUri, Word::Scope, Word::State, Word::Nonce] {
        sign_in.copy(key, &params, key);
    }
    pkce::challenge(sign_in, Word::CodeVerifier, &params, Word::CodeChallenge);
    params.put(Word::CodeChallengeMethod, Word::S256);
    settings.copy(Word::Resource, &params, Word::Resource);
    options.copy(Word::Prompt, &params, Word::Prompt);
    options.copy(Word::OptionLoginHint, &params, Word::LoginHint);
    options.copy_joined(Word::OptionAcrValues, &params, Word::AcrValues);
    options.copy(Word::OptionMaxAge, &params, Word::MaxAge);
    options.copy(Word::Idp, &params, Word::Idp);
    params
}

/// The parameters of a callback: a URL with the redirect URI's origin and path whose query has `state` and one of `code` and
/// `error`. Anything else is none of ours.
pub fn callback<K: Kept>(url: &K, redirect_uri: &K) -> Option<K> {
    let is_ours = [Word::Protocol, Word::Host, Word::Pathname]
        .iter()
        .all(|&part| url.same(part, redirect_uri, part));
    let params = url.get(Word::Params)?;
    (is_ours
        && params.kind(Word::State).is_text()
        && (params.kind(Word::Code).is_text() || params.kind(Word::Error).is_text()))
    .then_some(params)
}

/// The code may be exchanged: the answer names the issuer that the sign-in began with, and is no error.
pub fn check<K: Kept>(callback: &K, sign_in: &K) -> Result<(), Error<K>> {
    // RFC 9207 §2.4: absent only where the server never announced it.
    let refused = if callback.kind(Word::Iss).is_absent() {
        sign_in.kind(Word::IssParameterSupported) == Kind::True
    } else {
        !is_issuer(callback, Word::Iss, sign_in)
    };
    if refused {
        return Err(Error::new(Code::StateMismatch).because(Word::Iss));
    }
    if callback.kind(Word::Error).is_text() {
        let error = Error::new(oauth_error::code_of(callback, Word::Error));
        oauth_error::describe(Some(callback.clone()), &error);
        return Err(error);
    }
    Ok(())
}
