//! Proof Key for Code Exchange, RFC 7636. `S256` only: there is no switch to `plain`.

use super::text::units;
use crate::platform::Kept;
use crate::words::Word;
use sha2::{Digest, Sha256};

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes the code challenge of the verifier: `BASE64URL(SHA256(ASCII(code_verifier)))`, §4.2.
pub fn challenge<K: Kept>(verifier: &K, key: Word, to: &K, to_key: Word) {
    let mut hash = Sha256::new();
    for unit in units(verifier, key) {
        // A verifier is ASCII (§4.1): ours is base64url.
        hash.update([unit as u8]);
    }
    write_base64url(&hash.finalize(), to, to_key);
}

fn write_base64url<K: Kept>(bytes: &[u8], to: &K, key: Word) {
    for three in bytes.chunks(3) {
        let mut bits = 0;
        for at in 0..3 {
            bits = bits << 8 | three.get(at).map_or(0, |&byte| u32::from(byte));
        }
        for at in 0..=three.len() {
            let six = (bits >> (18 - 6 * at) & 63) as usize;
            if let Some(&letter) = BASE64URL.get(six) {
                to.append_unit(key, u16::from(letter));
            }
        }
    }
}
