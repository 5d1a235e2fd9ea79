//! When an access token is to be renewed: pure.

use crate::platform::{Kept, Wall};
use crate::words::Word;

/// How long a token counts as just fetched whose lifetime is 0, so that a server that says so is not asked at every call.
const LEAST_USE_MS: f64 = 5_000.0;

/// Whether a resource server would still take the access token.
pub fn is_valid<K: Kept>(record: &K, now: Wall) -> bool {
    record.number(Word::ExpiresAt) > now.0
}

/// Whether the access token may be handed out without asking for another: more is left of it than the caller needs
/// and than the margin, which is `renew_before_ms` but at most a tenth of the lifetime.
pub fn is_fresh<K: Kept>(record: &K, now: Wall, renew_before_ms: f64, needed_ms: f64) -> bool {
    let received = record.number(Word::ReceivedAt);
    let lifetime = record.number(Word::ExpiresAt) - received;
    let age = now.0 - received;
    if lifetime <= 0.0 {
        return (0.0..LEAST_USE_MS).contains(&age);
    }
    let left = lifetime - age;
    left > needed_ms && (left > renew_before_ms || left > lifetime / 10.0)
}
