//! ID tokens and keys, and what stands in for WebCrypto. (Real signatures are `tests/web`'s.)

use crate::kept::{Object, word_text};
use crate::support::object;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rekindle::words::Word;
use serde_json::json;
use sha2::{Digest, Sha256};

/// An ID token of the key `k1`: `more` replaces its claims, `null` removes them.
pub fn id_token(more: serde_json::Value) -> String {
    let mut claims = json!({
        "iss": "https://as.example",
        "sub": "1",
        "aud": "app",
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        let members = claims.as_object_mut().expect("it is an object");
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    signed(&json!({ "alg": "ES256", "kid": "k1" }), &claims, "k1")
}

/// A compact JWT that the key of this `x` has signed, as [`verdict`] sees it.
pub fn signed(header: &serde_json::Value, claims: &serde_json::Value, x: &str) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let alg = header["alg"].as_str().unwrap_or_default();
    let signature = URL_SAFE_NO_PAD.encode(format!("{alg} {x}"));
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// A JWK Set of one key, whose `x` is its `kid`.
pub fn keys(kid: &str) -> serde_json::Value {
    json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": kid, "x": kid, "y": "y" }] })
}

/// What stands in for WebCrypto here: a signature is the algorithm and the key's `x` in plain words.
pub fn verdict(answer: &Object, key: &Object, alg: Word) -> Object {
    let text = |object: &Object, name| object.member(name).to_text().to_string();
    let token = text(answer, "id_token");
    let (_, signature) = token.rsplit_once('.').unwrap_or_default();
    let expected = format!("{} {}", word_text(alg), text(key, "x"));
    object(json!({
        "signature": signature == URL_SAFE_NO_PAD.encode(expected),
        "at_hash": at_hash(&text(answer, "access_token")),
    }))
}

/// What an ID token says of an access token: the left half of its SHA-256 (OpenID Connect Core §3.1.3.6).
pub fn at_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16])
}
