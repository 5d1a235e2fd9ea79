//! Judging an answer: did the server do what it was asked, and if not, what does its error mean?
//! RFC 6749 §5.2 and §4.1.2.1, OpenID Connect Core §3.1.2.6, and the errors of Okta's gateway.

use super::text::digits;
use crate::error::Error;
use crate::platform::{Kept, Kind, Wall};
use crate::words::{Code, Word};

/// The longest time to wait that is believed: a day.
pub const LONGEST_WAIT_MS: f64 = 86_400_000.0;

/// The body of an answer (or none came: a failure's object) that did what was asked, or the error it stands for.
///
/// The status decides first (429 and 5xx mean what they mean whatever the body says), then the body's `error`, below 500
/// under any status. A description is for people and decides nothing.
pub fn judge<K: Kept>(answer: Result<K, K>, now: Wall) -> Result<K, Error<K>> {
    let answer = answer.map_err(|failure| Error::with(Code::Network, failure))?;
    let status = answer.number(Word::Status);
    let code = |code| {
        let error: Error<K> = Error::new(code);
        error.about.set(Word::Status, status);
        error
    };
    if status == 429.0 || status >= 500.0 {
        let error = code(if status == 429.0 {
            Code::RateLimited
        } else {
            Code::Server
        });
        if let Some(ms) = retry_after_ms(&answer, now) {
            error.about.set(Word::RetryAfterMs, ms);
        }
        describe(answer.get(Word::Body), &error);
        return Err(error);
    }
    if answer.kind(Word::TooLarge) == Kind::True {
        return Err(code(Code::InvalidResponse));
    }
    let Some(body) = answer.get(Word::Body) else {
        return Err(code(Code::Server));
    };
    // What the server says of a token may have members of any name (RFC 7662 §2.2).
    let is_introspection = matches!(body.kind(Word::Active), Kind::True | Kind::False);
    let is_error = body.kind(Word::Error).is_text() && !is_introspection;
    if (200.0..300.0).contains(&status) && !is_error {
        return Ok(body);
    }
    let error = code(code_of(&body, Word::Error));
    describe(Some(body), &error);
    Err(error)
}

/// What an `error` member, of an answer or of a callback, means.
pub fn code_of<K: Kept>(body: &K, key: Word) -> Code {
    let is = |word| body.is(key, word);
    if is(Word::InvalidGrant) {
        Code::InvalidGrant
    } else if is(Word::ServerError) || is(Word::TemporarilyUnavailable) {
        Code::Server
    } else if is(Word::LoginRequired)
        || is(Word::InteractionRequired)
        || is(Word::ConsentRequired)
        || is(Word::AccountSelectionRequired)
    {
        Code::LoginRequired
    } else {
        Code::Oauth
    }
}

/// Copies what the server says of its error, in OAuth's members or in Okta's.
pub fn describe<K: Kept>(body: Option<K>, error: &Error<K>) {
    let Some(body) = body else { return };
    for &(from, to) in &[
        (Word::OktaErrorCode, Word::OutOauthError),
        (Word::OktaErrorSummary, Word::OutOauthErrorDescription),
        (Word::ErrorId, Word::ErrorId),
        (Word::Error, Word::OutOauthError),
        (Word::ErrorDescription, Word::OutOauthErrorDescription),
    ] {
        if body.kind(from).is_text() {
            body.copy(from, &error.about, to);
        }
    }
}

/// How long the server wants us to wait: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), else Okta's
/// `X-Rate-Limit-Reset` in epoch seconds. From 0 to a day; `None` where neither can be read.
fn retry_after_ms<K: Kept>(answer: &K, now: Wall) -> Option<f64> {
    let wait = if let Some(seconds) = digits(answer, Word::RetryAfter) {
        seconds * 1000.0
    } else if let Some(date) = retry_after_date(answer) {
        date - now.0
    } else {
        digits(answer, Word::RateLimitReset)? * 1000.0 - now.0
    };
    Some(wait.clamp(0.0, LONGEST_WAIT_MS))
}

/// A date begins with the day's name. (A page's `Date.parse` also makes dates of texts like `1.5` and `-5`.)
fn retry_after_date<K: Kept>(answer: &K) -> Option<f64> {
    let first = u8::try_from(answer.unit(Word::RetryAfter, 0)?).ok()?;
    let date = answer.number(Word::RetryAfterDate);
    (first.is_ascii_alphabetic() && !date.is_nan()).then_some(date)
}
