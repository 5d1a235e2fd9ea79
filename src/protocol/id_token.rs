//! ID tokens: OpenID Connect Core §3.1.3.7 (at sign-in) and §12.2 (at a refresh), RFC 7519 §4 and §7, RFC 8725. What is wrong is told by
//! the name of the check that failed.

use super::discovery::is_issuer;
use super::jwks;
use super::text::has_item;
use crate::platform::{Kept, Kind};
use crate::words::Word;

/// The claims of an answer's ID token, which is for this client, of its issuer, and signed by an algorithm of the list. (By whom it was
/// signed is `session/keys.rs`'s.)
pub fn check<K: Kept>(answer: &K, settings: &K) -> Result<K, Word> {
    let token = answer
        .claims(Word::IdToken)
        .zip(answer.header(Word::IdToken));
    let (claims, header) = token.ok_or(Word::Format)?;
    // RFC 7515 §4.1.11: no extension is understood here.
    if !header.kind(Word::Crit).is_absent() {
        return Err(Word::Format);
    }
    if jwks::algorithm(&header).is_none() {
        return Err(Word::Alg);
    }
    if !is_issuer(&claims, Word::Iss, settings) {
        return Err(Word::Iss);
    }
    let is_audience = matches!(claims.kind(Word::Aud), Kind::Text | Kind::TextList);
    if !is_audience || !has_item(&claims, Word::Aud, settings, Word::ClientId) {
        return Err(Word::Aud);
    }
    let is_ours = claims.same(Word::Azp, settings, Word::ClientId);
    let may_lack = claims.kind(Word::Azp).is_absent()
        && !claims.copy_item(Word::Aud, 1, &K::object(), Word::Aud);
    if !is_ours && !may_lack {
        return Err(Word::Azp);
    }
    if !claims.kind(Word::Sub).is_text() {
        return Err(Word::Sub);
    }
    Ok(claims)
}

/// The answer's ID token is the one that this sign-in asked for.
///
/// The device's clock may be wrong by days, and only this token says by how much: it is taken to have been issued just now. So its times
/// are compared with one another.
pub fn check_sign_in<K: Kept>(
    answer: &K,
    settings: &K,
    sign_in: &K,
    tolerance_s: f64,
) -> Result<(), Word> {
    let claims = check(answer, settings)?;
    if !claims.same(Word::Nonce, sign_in, Word::Nonce) {
        return Err(Word::Nonce);
    }
    // Comparisons with what is no number are false.
    let issued = claims.number(Word::Iat);
    let is_whole = claims.number(Word::Exp) > issued;
    let has_begun =
        claims.kind(Word::Nbf).is_absent() || claims.number(Word::Nbf) <= issued + tolerance_s;
    let max_age = sign_in.number(Word::MaxAge);
    let is_recent =
        max_age.is_nan() || claims.number(Word::AuthTime) >= issued - max_age - tolerance_s;
    if is_whole && has_begun && is_recent {
        Ok(())
    } else {
        Err(Word::Time)
    }
}

/// The answer to a refresh brings no ID token, or one about the same sign-in as the one before: its `iss`, `sub` and `aud`, and `nonce`
/// where it has one; `auth_time` does not go back. Its other times decide nothing.
pub fn check_refreshed<K: Kept>(answer: &K, before: &K, settings: &K) -> Result<(), Word> {
    if !answer.kind(Word::IdToken).is_text() {
        return Ok(());
    }
    let new = answer.claims(Word::IdToken).ok_or(Word::Format)?;
    if let Some(old) = before.claims(Word::IdToken) {
        for &claim in &[Word::Iss, Word::Sub] {
            if !new.same(claim, &old, claim) {
                return Err(claim);
            }
        }
        if !has_audiences(&new, &old) || !has_audiences(&old, &new) {
            return Err(Word::Aud);
        }
        if new.kind(Word::Nonce).is_text() && !new.same(Word::Nonce, &old, Word::Nonce) {
            return Err(Word::Nonce);
        }
        // Some servers say when the user last signed in anywhere, which moves on: never back, and not past the token itself.
        let (now, before) = (new.number(Word::AuthTime), old.number(Word::AuthTime));
        if now < before || (now > before && now > new.number(Word::Iat)) {
            return Err(Word::Time);
        }
    }
    check(answer, settings).map(|_| ())
}

/// Whether every audience of one is an audience of the other.
fn has_audiences<K: Kept>(one: &K, other: &K) -> bool {
    let item = K::object();
    (0..)
        .take_while(|&at| one.copy_item(Word::Aud, at, &item, Word::Aud))
        .all(|_| has_item(other, Word::Aud, &item, Word::Aud))
}

/// Whether both ID tokens are about the same user; unknown where one of them says nothing.
pub fn is_same_user<K: Kept>(one: &K, other: &K) -> Option<bool> {
    let (one, other) = one.claims(Word::IdToken).zip(other.claims(Word::IdToken))?;
    let is_said = one.kind(Word::Sub).is_text() && other.kind(Word::Sub).is_text();
    is_said.then(|| one.same(Word::Sub, &other, Word::Sub))
}
