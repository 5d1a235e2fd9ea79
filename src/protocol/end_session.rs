//! OpenID Connect RP-Initiated Logout 1.0 §2.

use crate::platform::Kept;
use crate::words::Word;

/// The parameters with which the browser leaves for the end-session endpoint. `id_token_hint` is the one token that is ever in a URL.
pub fn request<K: Kept>(settings: &K, held: &K, options: &K) -> K {
    let params = K::object();
    held.copy(Word::IdToken, &params, Word::IdTokenHint);
    settings.copy(Word::ClientId, &params, Word::ClientId);
    let redirect = Word::PostLogoutRedirectUri;
    options.copy(redirect, &params, Word::WirePostLogoutRedirectUri);
    options.copy(Word::State, &params, Word::State);
    params
}
