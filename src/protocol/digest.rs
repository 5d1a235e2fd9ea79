//! SHA-256 of a text, in base64url: for PKCE's challenge (RFC 7636 §4.2), and for names that all tabs make of the same token.

use super::text::units;
use crate::platform::Kept;
use crate::words::Word;
use sha2::{Digest, Sha256};

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes `BASE64URL(SHA256(ASCII(text)))`, 43 characters, in the place of what the member was.
pub fn digest<K: Kept>(from: &K, key: Word, to: &K, to_key: Word) {
    let mut hash = Sha256::new();
    for unit in units(from, key) {
        // Verifiers and tokens are ASCII (RFC 7636 §4.1, RFC 6749 appendix A).
        hash.update([unit as u8]);
    }
    let bytes = hash.finalize_reset();
    // The hasher's block, which held the text's end, is overwritten: no token stays in linear memory.
    hash.update([0; 63]);
    core::hint::black_box(&hash);
    to.put(to_key, Word::Empty);
    for three in bytes.chunks(3) {
        let mut bits = 0;
        for at in 0..3 {
            bits = bits << 8 | three.get(at).map_or(0, |&byte| u32::from(byte));
        }
        for at in 0..=three.len() {
            let six = (bits >> (18 - 6 * at) & 63) as usize;
            if let Some(&letter) = BASE64URL.get(six) {
                to.append_unit(to_key, u16::from(letter));
            }
        }
    }
}
