//! The ID token of a refresh is about the same sign-in as the one before: OpenID Connect Core §12.2.

use crate::platform::Kept;
use crate::words::Word;

/// Whether `answer` brings no ID token, or one with the `iss`, `sub` and `aud` of the one before, and its `nonce` where there is
/// one. Else which claim differs.
pub fn check_continuity<K: Kept>(answer: &K, before: &K) -> Result<(), Word> {
    if !answer.kind(Word::IdToken).is_text() {
        return Ok(());
    }
    let Some(old) = before.claims(Word::IdToken) else {
        return Ok(());
    };
    let new = answer.claims(Word::IdToken).ok_or(Word::Format)?;
    for &claim in &[Word::Iss, Word::Sub] {
        if !new.same(claim, &old, claim) {
            return Err(claim);
        }
    }
    if !is_same_list(&new, &old) {
        return Err(Word::Aud);
    }
    if new.kind(Word::Nonce).is_text() && !new.same(Word::Nonce, &old, Word::Nonce) {
        return Err(Word::Nonce);
    }
    Ok(())
}

fn is_same_list<K: Kept>(new: &K, old: &K) -> bool {
    let (one, other) = (K::object(), K::object());
    for at in 0.. {
        let has_one = new.copy_item(Word::Aud, at, &one, Word::Aud);
        let has_other = old.copy_item(Word::Aud, at, &other, Word::Aud);
        if !has_one || !has_other {
            return has_one == has_other;
        }
        if !one.same(Word::Aud, &other, Word::Aud) {
            return false;
        }
    }
    true
}

/// Whether both ID tokens are about the same user; unknown where one of them says nothing.
pub fn is_same_user<K: Kept>(one: &K, other: &K) -> Option<bool> {
    let (one, other) = one.claims(Word::IdToken).zip(other.claims(Word::IdToken))?;
    let is_said = one.kind(Word::Sub).is_text() && other.kind(Word::Sub).is_text();
    is_said.then(|| one.same(Word::Sub, &other, Word::Sub))
}
