//! The token endpoint: RFC 6749 §4.1.3 (code), §6 (refresh), §5.1 (answer), RFC 7636 §4.5 (verifier), RFC 8707 §2.2 (resource).

use super::text::{digits, has_word, is_ignoring_case, units};
use crate::platform::{Kept, Kind, Wall};
use crate::words::Word;

/// The lifetime of an access token whose answer does not say, in seconds.
pub const DEFAULT_LIFETIME: f64 = 300.0;
/// The longest lifetime that is believed, in seconds: 30 days.
pub const LONGEST_LIFETIME: f64 = 30.0 * 86_400.0;
/// A list of scopes that is longer is not compared with another.
const LONGEST_SCOPE: u32 = 1_024;
/// What stands between two scopes.
const SPACE: u16 = 0x20;

/// The form of a refresh, in the order of Okta's guide "Refresh the access and ID tokens". `scope` is the narrower one asked
/// for, or the granted one, and left out where neither is known: never more than was granted (RFC 6749 §6).
pub fn refresh_request<K: Kept>(settings: &K, record: &K, narrower: Option<&K>) -> K {
    let form = K::object();
    form.put(Word::GrantType, Word::RefreshToken);
    settings.copy(Word::RedirectUri, &form, Word::RedirectUri);
    let scope = narrower.unwrap_or(record);
    if scope.kind(Word::Scope).is_text() {
        scope.copy(Word::Scope, &form, Word::Scope);
    }
    record.copy(Word::RefreshToken, &form, Word::RefreshToken);
    settings.copy(Word::ClientId, &form, Word::ClientId);
    settings.copy(Word::Resource, &form, Word::Resource);
    form
}

/// The form that exchanges a code, for the sign-in that it answers.
pub fn code_request<K: Kept>(settings: &K, callback: &K, sign_in: &K) -> K {
    let form = K::object();
    form.put(Word::GrantType, Word::AuthorizationCode);
    sign_in.copy(Word::RedirectUri, &form, Word::RedirectUri);
    callback.copy(Word::Code, &form, Word::Code);
    sign_in.copy(Word::CodeVerifier, &form, Word::CodeVerifier);
    settings.copy(Word::ClientId, &form, Word::ClientId);
    settings.copy(Word::Resource, &form, Word::Resource);
    form
}

/// Why an answer's access token is not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUsable(
    /// The member at fault.
    pub Word,
);

/// Writes into `next`, which holds what was there before (an earlier record's tokens, or nothing but the scope asked for),
/// what a token answer brings.
///
/// The refresh token is taken in any case, since with rotation the old one is spent; without one the old one stays valid.
/// An access token that is missing, or of a type that we cannot use (RFC 6749 §7.1), leaves the old one in place.
pub fn take<K: Kept>(answer: &K, sent: Wall, next: &K) -> Result<(), NotUsable> {
    take_refresh_token(answer, next);
    if !answer.kind(Word::AccessToken).is_text() {
        return Err(NotUsable(Word::AccessToken));
    }
    let token_type = answer.kind(Word::TokenType);
    if !matches!(token_type, Kind::Absent | Kind::Null)
        && !is_ignoring_case(answer, Word::TokenType, b"bearer")
    {
        return Err(NotUsable(Word::TokenType));
    }
    answer.copy(Word::AccessToken, next, Word::AccessToken);
    next.put(Word::TokenType, Word::Bearer);
    next.set(Word::ReceivedAt, sent.0);
    next.set(Word::ExpiresAt, sent.0 + lifetime(answer) * 1000.0);
    for &key in &[Word::Scope, Word::IdToken] {
        if answer.kind(key).is_text() {
            answer.copy(key, next, key);
        }
    }
    Ok(())
}

/// Takes the refresh token alone.
pub fn take_refresh_token<K: Kept>(answer: &K, next: &K) {
    if answer.kind(Word::RefreshToken).is_text() {
        answer.copy(Word::RefreshToken, next, Word::RefreshToken);
    }
}

/// Copies what goes with an access token.
pub fn copy_access<K: Kept>(from: &K, to: &K) {
    for &key in &[
        Word::AccessToken,
        Word::TokenType,
        Word::ReceivedAt,
        Word::ExpiresAt,
        Word::Scope,
        Word::IdToken,
    ] {
        from.copy(key, to, key);
    }
}

/// What of an answer that is used all the same a developer should know.
pub fn warn<K: Kept>(answer: &K, before: &K, mut warn: impl FnMut(Word)) {
    if answer.kind(Word::TokenType).is_absent() {
        warn(Word::NoTokenType);
    }
    if answer.kind(Word::Scope).is_text() && is_wider(answer, before) {
        warn(Word::WiderScope);
    }
}

/// Whether the answer's scope has a word that the one before has not, which has all that may be granted (RFC 6749 §6).
fn is_wider<K: Kept>(answer: &K, before: &K) -> bool {
    // So long a list is none that anybody reads, and the time that this takes is the product of both.
    let is_long = |kept: &K| kept.unit(Word::Scope, LONGEST_SCOPE).is_some();
    if answer.same(Word::Scope, before, Word::Scope) || is_long(answer) || is_long(before) {
        return false;
    }
    let mut word = K::object();
    let mut is_wider = false;
    for unit in units(answer, Word::Scope).chain([SPACE]) {
        if unit == SPACE {
            is_wider |= word.kind(Word::Scope).is_text()
                && !has_word(before, Word::Scope, &word, Word::Scope);
            word = K::object();
        } else {
            word.append_unit(Word::Scope, unit);
        }
    }
    before.kind(Word::Scope).is_text() && is_wider
}

/// The access token's lifetime in seconds: `expires_in`, also as digits in a string; always finite, never negative.
pub fn lifetime<K: Kept>(answer: &K) -> f64 {
    let number = answer.number(Word::ExpiresIn);
    let seconds = if number.is_nan() {
        digits(answer, Word::ExpiresIn).unwrap_or(DEFAULT_LIFETIME)
    } else {
        number
    };
    if seconds < 0.0 {
        0.0
    } else if seconds < LONGEST_LIFETIME {
        seconds
    } else {
        LONGEST_LIFETIME
    }
}
