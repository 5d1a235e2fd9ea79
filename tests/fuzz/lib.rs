//! The targets, and what they stand on: the same modules as the native tests'.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the native tests need more of it"
)]

#[path = "../native/kept/mod.rs"]
pub mod kept;
#[macro_use]
#[path = "../support/kept_cases/mod.rs"]
mod kept_cases;
#[path = "../native/outside/mod.rs"]
mod outside;
#[path = "../native/support.rs"]
mod support;
pub mod targets;
