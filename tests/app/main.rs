//! The API for Rust apps, in a real browser: what its Rust does in the place of the npm package's shell.
//!
//! Each test has clients of its own, under a client id that no other test has.

#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it does not expect has failed"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "wasm-bindgen-test brings std along"
)]

mod calls;
mod fetch;
mod lives;
mod support;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
