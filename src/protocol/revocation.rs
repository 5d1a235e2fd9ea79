//! Token revocation, RFC 7009 §2.1.

use crate::platform::Kept;
use crate::words::Word;

/// The form that revokes the token of this kind that a record or an answer has.
pub fn request<K: Kept>(settings: &K, held: &K, kind: Word) -> K {
    let form = K::object();
    held.copy(kind, &form, Word::Token);
    form.put(Word::TokenTypeHint, kind);
    settings.copy(Word::ClientId, &form, Word::ClientId);
    form
}
