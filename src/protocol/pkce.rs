//! Proof Key for Code Exchange, RFC 7636. `S256` only: there is no switch to `plain`.

use super::digest::digest;
use crate::platform::Kept;
use crate::words::Word;

/// Sets the code challenge of the verifier: `BASE64URL(SHA256(ASCII(code_verifier)))`, §4.2.
pub fn challenge<K: Kept>(verifier: &K, key: Word, to: &K, to_key: Word) {
    digest(verifier, key, to, to_key);
}
