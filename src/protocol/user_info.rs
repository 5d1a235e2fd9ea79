//! The userinfo endpoint, OpenID Connect Core §5.3.

use crate::error::Error;
use crate::platform::Kept;
use crate::words::{Code, Problem, Word};

/// The answer is about the user of the ID token, where there is one (§5.3.2).
pub fn check<K: Kept>(answer: K, record: &K) -> Result<K, Error<K>> {
    let is_other = record
        .claims(Word::IdToken)
        .is_some_and(|claims| !claims.same(Word::Sub, &answer, Word::Sub));
    if is_other || !answer.kind(Word::Sub).is_text() {
        let flaw = Error::new(Code::InvalidResponse);
        return Err(flaw.naming(Word::Sub, Problem::NotUsable));
    }
    Ok(answer)
}
