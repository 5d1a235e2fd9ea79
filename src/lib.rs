//! Keeps people signed in: OAuth 2.0 and OpenID Connect sessions for browser apps, as a public client (RFC 6749 §2.1).
//!
//! The npm package `rekindle` is this crate with the feature `npm`, compiled to WebAssembly, and a hand-written shell around it.
//!
//! - [`protocol`]: requests and answers as values, one file per RFC's message. Pure.
//! - [`session`]: the life of a set of tokens, as `async` Rust over one trait, [`platform::Platform`].
//! - [`platform`]: everything that the outside gives. Tokens and records stay there; the core holds handles.
//! - [`client`]: one method per public verb.
//! - `browser`, `js`: the platform in a page, and the exports (wasm32 only).
//! - `app`: the API for Rust apps, whose names are also those of the crate (wasm32 and the feature `app`).

#![no_std]

extern crate alloc;
#[cfg(all(feature = "app", target_arch = "wasm32"))]
extern crate std;

#[cfg(all(feature = "app", target_arch = "wasm32"))]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod client;
pub mod config;
pub mod error;
// A Rust app would export it to its own page.
#[cfg(all(target_arch = "wasm32", not(feature = "app")))]
pub mod js;
pub mod platform;
pub mod protocol;
pub mod session;
pub mod task;
pub mod words;

#[cfg(all(feature = "app", target_arch = "wasm32"))]
pub use app::*;

#[cfg(feature = "npm")]
mod npm {
    //! What a build without std needs: an allocator, and a panic that carries nothing and becomes a trap.

    use lol_alloc::{FreeListAllocator, LockedAllocator};

    #[global_allocator]
    static ALLOCATOR: LockedAllocator<FreeListAllocator> =
        LockedAllocator::new(FreeListAllocator::new());

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        core::arch::wasm32::unreachable()
    }
}
