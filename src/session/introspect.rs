//! Asking the server about a token. Never refreshes first, changes nothing.

use super::{Outcome, Session, record};
use crate::config::{self, MAY_BE_ABSENT, Rule, SIGNAL, TEXT, TIMEOUT};
use crate::error::Error;
use crate::platform::{Kept, Platform};
use crate::protocol::{discovery::Endpoint, introspection};
use crate::words::{Code, Problem, Word};
use alloc::rc::Rc;

const HINTS: [Word; 3] = [Word::AccessToken, Word::RefreshToken, Word::IdToken];

const RULES: [Rule; 4] = [
    (Word::Token, MAY_BE_ABSENT | TEXT, Problem::NotText),
    (
        Word::OptionTokenTypeHint,
        MAY_BE_ABSENT | TEXT,
        Problem::NotKind,
    ),
    SIGNAL,
    TIMEOUT,
];

/// The answer about the token given, or the held one of the kind hinted at, which is the access token by default.
pub async fn introspect<P: Platform>(
    session: Rc<Session<P>>,
    options: P::Kept,
) -> Outcome<P::Kept> {
    let hint = P::Kept::object();
    let settings = &session.config.settings;
    let hinted = HINTS
        .into_iter()
        .find(|&kind| options.is(Word::OptionTokenTypeHint, kind));
    if let Some(kind) = hinted {
        hint.put(Word::TokenTypeHint, kind);
    }
    let form = if options.kind(Word::Token).is_text() {
        introspection::request(settings, &options, Word::Token, &hint)
    } else {
        let kind = hinted.unwrap_or(Word::AccessToken);
        hint.put(Word::TokenTypeHint, kind);
        let record = session.live_record()?;
        if !record::has(&record, kind) {
            return Err(Error::new(match kind {
                Word::RefreshToken => Code::NoRefreshToken,
                _ => Code::NoSession,
            }));
        }
        introspection::request(settings, &record, kind, &hint)
    };
    let endpoint = session.endpoint(Endpoint::Introspection).await?;
    introspection::check(session.ask(endpoint, &form).await?)
}

/// Checks the call's options.
pub fn check<K: Kept>(options: &K) -> Result<(), Error<K>> {
    config::check(options, &RULES)?;
    let is_known = HINTS
        .iter()
        .any(|&kind| options.is(Word::OptionTokenTypeHint, kind));
    if is_known || options.kind(Word::OptionTokenTypeHint).is_absent() {
        Ok(())
    } else {
        Err(Error::field(Word::OptionTokenTypeHint, Problem::NotKind))
    }
}
