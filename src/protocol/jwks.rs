//! The issuer's keys: RFC 7517, and which of them fits a token's header (RFC 7515 §4.1, RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864).

use super::digest::BASE64URL;
use super::text::{has_item, units};
use crate::platform::Kept;
use crate::words::Word;

/// How an ID token may be signed: the algorithm, its type of key and, but for RSA, the key's curve. None that is symmetric, and no `none`
/// (RFC 8725 §3.1).
const ALGORITHMS: [(Word, Word, Word); 8] = [
    (Word::Rs256, Word::Rsa, Word::Empty),
    (Word::Rs384, Word::Rsa, Word::Empty),
    (Word::Rs512, Word::Rsa, Word::Empty),
    (Word::Ps256, Word::Rsa, Word::Empty),
    (Word::Es256, Word::Ec, Word::P256),
    (Word::Es384, Word::Ec, Word::P384),
    (Word::EdDsa, Word::Okp, Word::Ed25519),
    (Word::Ed25519, Word::Okp, Word::Ed25519),
];

/// RFC 7518 §3.3.
const LEAST_BITS: u32 = 2048;

/// The algorithm that a header names, where it is one of the list.
pub fn algorithm<K: Kept>(header: &K) -> Option<Word> {
    let (alg, ..) = row(header)?;
    Some(alg)
}

fn row<K: Kept>(header: &K) -> Option<(Word, Word, Word)> {
    ALGORITHMS
        .into_iter()
        .find(|&(alg, ..)| header.is(Word::Alg, alg))
}

/// The key of a JWK Set that a token with this header was signed with, if any was: the first that fits of those with the header's `kid`,
/// or, where it names none, the only one that fits. Nothing else in the header says where a key is.
pub fn pick<K: Kept>(set: &K, header: &K) -> Option<K> {
    let keys = set.get(Word::Keys)?;
    let mut fitting = (0..)
        .map_while(|at| keys.at(at))
        .filter(|key| fits(key, header));
    let first = fitting.next()?;
    (!header.kind(Word::Kid).is_absent() || fitting.next().is_none()).then_some(first)
}

fn fits<K: Kept>(key: &K, header: &K) -> bool {
    let Some((_, kty, crv)) = row(header) else {
        return false;
    };
    let is_curve = crv != Word::Empty;
    let may_be = |member, word| key.kind(member).is_absent() || key.is(member, word);
    let verb = K::object();
    verb.put(Word::Verify, Word::Verify);
    (header.kind(Word::Kid).is_absent() || key.same(Word::Kid, header, Word::Kid))
        && key.is(Word::Kty, kty)
        && (!is_curve || key.is(Word::Crv, crv))
        && may_be(Word::Use, Word::Sig)
        && (key.kind(Word::KeyOps).is_absent()
            || has_item(key, Word::KeyOps, &verb, Word::Verify))
        // The two names of Ed25519 mean the same there.
        && (key.kind(Word::Alg).is_absent()
            || key.same(Word::Alg, header, Word::Alg)
            || row(key).is_some_and(|(_, _, other)| is_curve && crv == other))
        && (is_curve || is_long(key))
}

/// Whether an RSA key has bits enough. Its letters are not counted, only looked for where the last one is at least.
fn is_long<K: Kept>(key: &K) -> bool {
    let mut zeros = 0;
    for unit in units(key, Word::Modulus) {
        let six = BASE64URL
            .iter()
            .position(|&letter| u16::from(letter) == unit)
            .map_or(0, |six| six as u32);
        if six > 0 {
            zeros += six.leading_zeros() - (u32::BITS - 6);
            break;
        }
        zeros += 6;
    }
    // The last letter may have more bits than the last byte.
    let bytes = (LEAST_BITS + zeros).div_ceil(8);
    let letters = (bytes * 8).div_ceil(6);
    key.unit(Word::Modulus, letters - 1).is_some()
}
