//! What may be sent again, and when: pure.

use crate::error::Error;
use crate::platform::Kept;
use crate::words::{Code, Word};

/// How long a request waits for an answer that its callers may long have given up: what it brings is kept all the same.
pub const LONGEST_MS: f64 = 60_000.0;
/// The time that is left for a second attempt where the first one had no answer.
const LAST_CHANCE_MS: f64 = 5_000.0;

/// What a background request costs of the time to come, and how many may be owed. So at most 8 + 12 are sent in any hour.
const COST_MS: f64 = 300_000.0;
const MOST_OWED: f64 = 8.0;
const LEAST_BACKOFF_MS: f64 = 30_000.0;

/// How long before the attempt with this number (0 is the first retry): none after the second.
pub fn delay_ms(retry: u32, chance: f64) -> Option<f64> {
    match retry {
        0 => Some(300.0 + 700.0 * chance),
        1 => Some(1_000.0 + 2_000.0 * chance),
        _ => None,
    }
}

/// How long an attempt may stay open that is sent so long after the first one with its refresh token.
pub fn patience_ms(grace_ms: f64, elapsed_ms: f64) -> f64 {
    let left = grace_ms - LAST_CHANCE_MS - elapsed_ms;
    if left > 0.0 && left < LONGEST_MS {
        left
    } else {
        LONGEST_MS
    }
}

/// Whether the server still forgives a second use of a refresh token that was first used so long ago. A clock that went
/// back does not tell.
pub fn is_forgiven(grace_ms: f64, elapsed_ms: f64) -> bool {
    (0.0..grace_ms).contains(&elapsed_ms)
}

/// Whether the request may have reached the server and no definite answer came.
pub fn is_ambiguous<K: Kept>(error: &Error<K>) -> bool {
    [
        Code::Network,
        Code::Timeout,
        Code::Server,
        Code::InvalidResponse,
    ]
    .iter()
    .any(|&code| error.is(code))
}

/// Whether it may be sent again at once: not where someone answered for the server that it is the request's fault.
pub fn may_repeat<K: Kept>(error: &Error<K>) -> bool {
    let status = error.about.number(Word::Status);
    is_ambiguous(error) && !error.is(Code::InvalidResponse) && !(400.0..500.0).contains(&status)
}

/// The longest that a server is heeded, a day; what reaches further was written down before the clock was set back.
const LONGEST_WAIT_MS: f64 = 86_400_000.0;

/// How long to wait, where a note says until when; negative infinity where none does.
pub fn believable_wait_ms(ahead_ms: f64) -> f64 {
    if (0.0..=LONGEST_WAIT_MS).contains(&ahead_ms) {
        ahead_ms
    } else {
        f64::NEG_INFINITY
    }
}

/// How many background requests are owed, from how far the debt reaches into the future. One that reaches further than any does was
/// written down before the clock was set back: nobody knows what is left of it.
fn owed(ahead_ms: f64) -> f64 {
    // A record has no debt at first: NaN.
    if ahead_ms > 0.0 && ahead_ms <= (MOST_OWED + 1.0) * COST_MS {
        (ahead_ms / COST_MS).min(MOST_OWED)
    } else {
        0.0
    }
}

/// How far the debt reaches after one more request.
pub fn spend(ahead_ms: f64) -> f64 {
    (owed(ahead_ms) + 1.0) * COST_MS
}

/// How far it reaches when a request turned out well.
pub fn refund(ahead_ms: f64) -> f64 {
    owed(ahead_ms) * COST_MS - COST_MS
}

/// How long until the debt allows another request.
pub fn wait_ms(ahead_ms: f64) -> f64 {
    ((owed(ahead_ms) + 1.0 - MOST_OWED) * COST_MS).max(0.0)
}

/// How long to wait after a failure: 30 s, doubled with each that is owed, up to 5 minutes, and up to half as much again.
pub fn backoff_ms(ahead_ms: f64, chance: f64) -> f64 {
    let mut ms = LEAST_BACKOFF_MS;
    let mut left = owed(ahead_ms) - 1.0;
    while left > 0.0 && ms < COST_MS {
        ms *= 2.0;
        left -= 1.0;
    }
    ms.min(COST_MS) * (1.0 + 0.5 * chance)
}
