//! Native tests of the pure parts of the crate: `protocol`, `config`, a record's format, renewal, `words` and `task`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says so by a panic"
)]

extern crate alloc;

mod authorization;
mod config;
mod config_values;
mod discovery;
mod kept;
#[macro_use]
#[path = "../support/kept_cases/mod.rs"]
mod kept_cases;
mod fuzz;
mod id_token;
mod introspection;
mod jwks;
mod oauth_error;
mod okta;
mod options;
mod outside;
mod pkce;
mod record;
mod renewal;
mod retry;
mod session;
mod sign_out;
mod strategies;
mod support;
mod task;
mod text;
mod token;
mod token_requests;
mod words;

use kept::Object;

kept_cases!(#[test] for Object);
