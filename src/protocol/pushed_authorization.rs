//! Pushed authorization requests, RFC 9126: the parameters go to the server by POST, and the browser leaves with a reference to them.

use crate::error::Error;
use crate::platform::Kept;
use crate::words::{Code, Problem, Word};

/// The parameters with which the browser leaves, once the server has answered (§2.2, §4).
pub fn reference<K: Kept>(settings: &K, answer: &K) -> Result<K, Error<K>> {
    if !answer.kind(Word::RequestUri).is_text() {
        let flaw = Error::new(Code::InvalidResponse);
        return Err(flaw.naming(Word::RequestUri, Problem::NotUsable));
    }
    let params = K::object();
    settings.copy(Word::ClientId, &params, Word::ClientId);
    answer.copy(Word::RequestUri, &params, Word::RequestUri);
    Ok(params)
}
