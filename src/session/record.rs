//! What is stored: one JSON object, written whole, with one version.
//!
//! | member | |
//! |---|---|
//! | `version` | 1 |
//! | `issuer`, `client_id` | whose it is; another's is left alone |
//! | `access_token`, `token_type`, `received_at`, `expires_at` | ms since the epoch, by the device's clock; `received_at` is when the request was sent |
//! | `scope` | as granted; absent where it is not known |
//! | `refresh_token`, `id_token` | where there is one |

use crate::platform::{Kept, Kind};
use crate::words::Word;

/// The version written. A record of any other is left where it is until the next sign-in, and read as nothing.
const VERSION: f64 = 1.0;

const TEXTS: [Word; 5] = [
    Word::AccessToken,
    Word::TokenType,
    Word::Scope,
    Word::RefreshToken,
    Word::IdToken,
];
const TIMES: [Word; 2] = [Word::ReceivedAt, Word::ExpiresAt];

/// A record without tokens.
pub fn empty<K: Kept>(settings: &K) -> K {
    let record = K::object();
    record.set(Word::Version, VERSION);
    settings.copy(Word::Issuer, &record, Word::Issuer);
    settings.copy(Word::ClientId, &record, Word::ClientId);
    record
}

/// A copy with the same tokens.
pub fn again<K: Kept>(settings: &K, old: &K) -> K {
    let record = empty(settings);
    for key in TEXTS.iter().chain(&TIMES) {
        old.copy(*key, &record, *key);
    }
    record
}

/// What is stored where storage is too full for the record: enough to refresh.
pub fn without_id_token<K: Kept>(settings: &K, old: &K) -> K {
    let record = again(settings, old);
    record.remove(Word::IdToken);
    record
}

/// Whether it is a record of this version and this client, whole enough to work with.
pub fn is_ours<K: Kept>(record: &K, settings: &K) -> bool {
    let texts = TEXTS
        .iter()
        .all(|&key| matches!(record.kind(key), Kind::Absent | Kind::Text));
    let times = TIMES.iter().all(|&key| record.number(key).is_finite());
    record.number(Word::Version) == VERSION
        && record.same(Word::Issuer, settings, Word::Issuer)
        && record.same(Word::ClientId, settings, Word::ClientId)
        && record.is(Word::TokenType, Word::Bearer)
        && texts
        && times
        && record.kind(Word::AccessToken).is_text()
}

/// The app's `Tokens`: never with the refresh token.
pub fn tokens<K: Kept>(record: &K) -> K {
    let tokens = K::object();
    record.copy(Word::AccessToken, &tokens, Word::OutAccessToken);
    record.copy(Word::TokenType, &tokens, Word::OutTokenType);
    record.copy(Word::ExpiresAt, &tokens, Word::OutExpiresAt);
    tokens.put(Word::Scope, Word::Empty);
    record.copy(Word::Scope, &tokens, Word::Scope);
    record.copy(Word::IdToken, &tokens, Word::OutIdToken);
    if let Some(claims) = record.claims(Word::IdToken) {
        tokens.attach(Word::Claims, &claims);
    }
    tokens
}
