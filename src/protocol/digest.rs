//! SHA-256 in base64url: what names a text without telling it.

use crate::platform::Kept;
use crate::words::Word;
use core::hint::black_box;
use sha2::digest::Output;
use sha2::{Digest, Sha256};

pub(super) const BASE64URL: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many bytes the hasher holds back.
const BLOCK: u32 = 64;

/// Sets `BASE64URL(SHA256(UTF8(text)))`, 43 characters, of a member that is a text.
pub fn digest<K: Kept>(from: &K, key: Word, to: &K, to_key: Word) {
    let mut hash = Sha256::new();
    let bytes = sum(&mut hash, &|at| from.unit(key, at));
    // The text may be a token: what its hashing left in memory is overwritten, by the same work on nothing.
    black_box(sum(&mut hash, &|at| (at < BLOCK).then_some(0)));
    to.put(to_key, Word::Empty);
    write_base64url(&bytes, to, to_key);
}

/// The hash of the units' text; the hasher is as new then.
#[inline(never)]
fn sum(hash: &mut Sha256, unit: &dyn Fn(u32) -> Option<u16>) -> Output<Sha256> {
    for character in char::decode_utf16((0..).map_while(unit)) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        hash.update(character.encode_utf8(&mut [0; 4]));
    }
    hash.finalize_reset()
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
