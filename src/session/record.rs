//! What is stored: one JSON object, written whole, with one version.
//!
//! | member | |
//! |---|---|
//! | `version` | 2 |
//! | `issuer`, `client_id` | whose it is; another's is left alone |
//! | `family` | a name for all tokens that descend from one sign-in; tabs that hold the same one are siblings |
//! | `generation` | 1 at sign-in, one more each time that tokens of an answer are stored |
//! | `signed_in_at` | ms since the epoch |
//! | `adopted` | of tokens that were adopted: a digest of the first access token |
//! | `access_token`, `token_type`, `received_at`, `expires_at` | ms since the epoch, by the device's clock; `received_at` is when the request was sent |
//! | `scope` | as granted; absent where it is not known |
//! | `refresh_token`, `id_token` | where there is one |
//!
//! and notes about this generation's refresh token:
//!
//! | member | |
//! |---|---|
//! | `sent_at` | when it was first sent, in ms since the epoch, where no definite answer came: the server may have spent it |
//! | `seen` | the highest generation that was seen in another tab |
//! | `wait_until` | no request in the background before this time, in ms since the epoch |
//! | `paused` | 1: none until somebody asks for one, since the server said that the request is wrong |
//! | `debt` | until when background requests are paid off, in ms since the epoch: see `retry` |

use crate::platform::{Kept, Kind};
use crate::protocol::digest::digest;
use crate::words::Word;

/// The version written. A record of an unknown one is left where it is until the next sign-in, and read as nothing.
const VERSION: f64 = 2.0;
/// One more than this is another number still: 2^53.
const LAST_GENERATION: f64 = 9_007_199_254_740_992.0;
/// Without a family, a generation and notes.
const FIRST_VERSION: f64 = 1.0;

pub(super) const TEXTS: [Word; 5] = [
    Word::AccessToken,
    Word::TokenType,
    Word::Scope,
    Word::RefreshToken,
    Word::IdToken,
];
const TIMES: [Word; 2] = [Word::ReceivedAt, Word::ExpiresAt];
const ORIGIN: [Word; 4] = [
    Word::Family,
    Word::Adopted,
    Word::Generation,
    Word::SignedInAt,
];
const NOTES: [Word; 5] = [
    Word::SentAt,
    Word::Seen,
    Word::WaitUntil,
    Word::Paused,
    Word::Debt,
];

/// A record without tokens.
pub fn empty<K: Kept>(settings: &K) -> K {
    let record = K::object();
    record.set(Word::Version, VERSION);
    settings.copy(Word::Issuer, &record, Word::Issuer);
    settings.copy(Word::ClientId, &record, Word::ClientId);
    record
}

/// Begins a family with the tokens of this record, under the name that the record has already, or under one that every tab makes of
/// the same tokens.
pub fn begin_family<K: Kept>(record: &K) {
    if record.kind(Word::Family).is_absent() {
        let key = if record.kind(Word::RefreshToken).is_text() {
            Word::RefreshToken
        } else {
            Word::AccessToken
        };
        digest(record, key, record, Word::Family);
        digest(record, Word::AccessToken, record, Word::Adopted);
    }
    record.set(Word::Generation, 1.0);
    record.copy(Word::ReceivedAt, record, Word::SignedInAt);
}

/// Whether it has a token of this kind. A record is never without an access token: one that was revoked left `Word::Revoke` in its place.
pub fn has<K: Kept>(record: &K, kind: Word) -> bool {
    record.kind(kind).is_text() && !record.is(kind, Word::Revoke)
}

/// A copy with the same tokens, and without the notes.
pub fn again<K: Kept>(settings: &K, old: &K) -> K {
    let record = empty(settings);
    for key in ORIGIN.iter().chain(&TEXTS).chain(&TIMES) {
        old.copy(*key, &record, *key);
    }
    record
}

/// A copy with the notes.
pub fn noted<K: Kept>(settings: &K, old: &K) -> K {
    let record = again(settings, old);
    copy_notes(old, &record);
    record
}

/// Copies the notes that are numbers.
pub fn copy_notes<K: Kept>(from: &K, to: &K) {
    for &key in &NOTES {
        if from.number(key).is_finite() {
            from.copy(key, to, key);
        }
    }
}

/// Whether both have the same notes.
pub fn has_same_notes<K: Kept>(one: &K, other: &K) -> bool {
    NOTES.iter().all(|&key| one.same(key, other, key))
}

/// Whether both say the same: what is stored is no news then.
pub fn is_same<K: Kept>(one: &K, other: &K) -> bool {
    [Word::Version, Word::RefreshToken, Word::AccessToken]
        .iter()
        .all(|&key| one.same(key, other, key))
        && is_same_generation(one, other)
        && has_same_notes(one, other)
}

/// Whether both have the same access token.
pub fn has_same_access<K: Kept>(one: &K, other: &K) -> bool {
    [Word::AccessToken, Word::ReceivedAt]
        .iter()
        .all(|&key| one.same(key, other, key))
}

/// Whether both are of one family.
pub fn is_same_family<K: Kept>(one: &K, other: &K) -> bool {
    one.same(Word::Family, other, Word::Family)
}

/// Whether both are of one generation of one family.
pub fn is_same_generation<K: Kept>(one: &K, other: &K) -> bool {
    is_same_family(one, other) && one.same(Word::Generation, other, Word::Generation)
}

/// What is stored where storage is too full for the record: enough to refresh.
pub fn without_id_token<K: Kept>(settings: &K, old: &K) -> K {
    let record = noted(settings, old);
    record.remove(Word::IdToken);
    record
}

/// What is stored, as a record of this version; `None` where it is not this client's, or not whole.
pub fn read<K: Kept>(stored: &K, settings: &K) -> Option<K> {
    if is_ours(stored, settings) {
        return Some(noted(settings, stored));
    }
    let is_first = stored.number(Word::Version) == FIRST_VERSION;
    let record = noted(settings, stored);
    record.remove(Word::Family);
    begin_family(&record);
    let is_theirs = is_first
        && stored.same(Word::Issuer, settings, Word::Issuer)
        && stored.same(Word::ClientId, settings, Word::ClientId);
    (is_theirs && is_ours(&record, settings)).then_some(record)
}

/// Whether it is a record of this version and this client, whole enough to work with.
pub fn is_ours<K: Kept>(record: &K, settings: &K) -> bool {
    let texts = TEXTS
        .iter()
        .all(|&key| matches!(record.kind(key), Kind::Absent | Kind::Text));
    let times = TIMES.iter().chain(&[Word::Generation, Word::SignedInAt]);
    record.number(Word::Version) == VERSION
        && record.same(Word::Issuer, settings, Word::Issuer)
        && record.same(Word::ClientId, settings, Word::ClientId)
        && record.kind(Word::Family).is_text()
        && (1.0..LAST_GENERATION).contains(&record.number(Word::Generation))
        && record.is(Word::TokenType, Word::Bearer)
        && texts
        && times.into_iter().all(|&key| record.number(key).is_finite())
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
