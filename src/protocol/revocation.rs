//! Token revocation, RFC 7009 §2.1.

use crate::platform::Kept;
use crate::words::Word;

/// The form that revokes the refresh token of this record or answer.
pub fn request<K: Kept>(settings: &K, held: &K) -> K {
    let form = K::object();
    held.copy(Word::RefreshToken, &form, Word::Token);
    form.put(Word::TokenTypeHint, Word::RefreshToken);
    settings.copy(Word::ClientId, &form, Word::ClientId);
    form
}
