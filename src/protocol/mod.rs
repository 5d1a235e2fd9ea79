//! Pure: a request is a value, an answer is a value; no clock, no I/O. One file per message or document, named as its RFC
//! names it.

pub mod authorization;
pub mod digest;
pub mod discovery;
pub mod end_session;
pub mod id_token;
pub mod introspection;
pub mod jwks;
pub mod oauth_error;
pub mod pkce;
pub mod pushed_authorization;
pub mod revocation;
pub mod text;
pub mod token;
pub mod user_info;
