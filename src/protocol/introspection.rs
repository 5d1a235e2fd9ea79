//! RFC 7662, as a public client asks: `client_id` in the form, no `Authorization`.

use crate::error::Error;
use crate::platform::{Kept, Kind};
use crate::words::{Code, Problem, Word};

/// The form, in the order of Okta's guide: `token` as it stands in `from`, the hint (a text in `hint`) where there is one.
pub fn request<K: Kept>(settings: &K, from: &K, token: Word, hint: &K) -> K {
    let form = K::object();
    from.copy(token, &form, Word::Token);
    settings.copy(Word::ClientId, &form, Word::ClientId);
    hint.copy(Word::TokenTypeHint, &form, Word::TokenTypeHint);
    form
}

/// Only a boolean `active` counts (§2.2); every other member is the server's own and handed over as it came.
pub fn check<K: Kept>(answer: K) -> Result<K, Error<K>> {
    match answer.kind(Word::Active) {
        Kind::True | Kind::False => Ok(answer),
        Kind::Absent
        | Kind::Null
        | Kind::Text
        | Kind::EmptyText
        | Kind::Number
        | Kind::TextList
        | Kind::EmptyList
        | Kind::List
        | Kind::Function
        | Kind::Object => {
            Err(Error::new(Code::InvalidResponse).naming(Word::Active, Problem::NotUsable))
        }
    }
}
