//! Sees to it that the tools are there: silent where they are, one line of progress where they are fetched,
//! and a message that says what to install where that may not or cannot be done from here.

mod apt;
mod browser;
mod cargo_components;
mod geckodriver;
mod node;
mod python;
mod rust_source;
mod toolchain;
mod wasm_bindgen;
mod wasm_target;

use std::process::Command;

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::run;

pub use browser::{Browser, Engine};
pub use python::python;
pub use wasm_bindgen::WasmBindgen;

#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    CargoComponents,
    Node,
    NpmPackages,
    AppPackages,
    BenchPackages,
    WasmTarget,
    WasmBindgen,
    Browser(Engine),
    Python,
}

pub const FOR_BUILD: &[Part] = &[
    Part::Node,
    Part::NpmPackages,
    Part::WasmTarget,
    Part::WasmBindgen,
];

pub const FOR_EVERYTHING: &[Part] = &[
    Part::CargoComponents,
    Part::Node,
    Part::NpmPackages,
    Part::AppPackages,
    Part::WasmTarget,
    Part::Browser(Engine::Chromium),
    Part::Browser(Engine::Firefox),
    Part::Browser(Engine::Webkit),
    Part::WasmBindgen,
    Part::Python,
];

pub fn ensure(repository: &Repository, parts: &[Part]) -> Result<()> {
    for (index, part) in parts.iter().enumerate() {
        let progress = Progress {
            place: format!("[{}/{}]", index + 1, parts.len()),
        };
        match part {
            Part::CargoComponents => cargo_components::ensure(repository, &progress),
            Part::Node => node::ensure(repository),
            Part::NpmPackages => node::ensure_packages(repository, &progress),
            Part::AppPackages => node::ensure_app_packages(repository, &progress),
            Part::BenchPackages => node::ensure_bench_packages(repository, &progress),
            Part::WasmTarget => wasm_target::ensure(repository, &progress),
            Part::WasmBindgen => wasm_bindgen::ensure(repository, &progress),
            Part::Browser(engine) => browser::ensure(repository, *engine, &progress),
            Part::Python => python::ensure(repository, &progress),
        }
        .context("set-up is not complete")?;
    }
    Ok(())
}

/// Where in the set-up we are.
struct Progress {
    place: String,
}

impl Progress {
    fn run(&self, what: &str, command: &mut Command) -> Result<()> {
        run::with_progress(&format!("{} {what}", self.place), command)
    }

    /// Whether rustup is there and does this.
    fn rustup(&self, repository: &Repository, arguments: &[&str]) -> bool {
        if !run::succeeds(repository.command("rustup").arg("--version")) {
            return false;
        }
        let what = format!("rustup {}", arguments.join(" "));
        let done = self
            .run(&what, repository.command("rustup").args(arguments))
            .is_ok();
        if !done {
            eprintln!("{} {what}: not from here; trying another way", self.place);
        }
        done
    }
}
