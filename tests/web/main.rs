//! `browser/` and `js/` in a real browser: the JavaScript beside the Rust, and the Rust that calls it.
//!
//! Each test opens contexts of its own, under a client id that no other test has.
//!
//! `webdriver.json` has what each engine is started with. It holds Chromium to two connections: the test runner's server may forget one
//! of more than four that come at once, and the page then waits for ever. It also has the runner not wait for the page, so that the
//! tests' own time limit is the only one.

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

#[macro_use]
#[path = "../support/kept_cases/mod.rs"]
mod kept_cases;
mod channel;
mod clock;
mod digest;
mod events;
mod fetch;
mod instance;
mod kept;
mod locks;
mod page;
mod shell;
mod storage;
mod support;
mod tabs;
mod vectors;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
