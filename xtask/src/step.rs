//! The steps of `cargo xtask test`: what each needs, where its tests are and in which engines it runs.

use clap::ValueEnum;

use crate::setup::{self, Engine, Part};

/// In the order in which they run.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Step {
    /// rustfmt finds nothing to change
    Format,
    /// clippy without a warning, natively and for wasm
    Lint,
    /// Native tests of the workspace but the simulator's, the rules of the repository among them
    Native,
    /// 60,000 seeds of the simulator, and a kill at every step of an exchange
    Simulation,
    /// rustdoc without a warning
    Docs,
    /// wasm-bindgen tests in each browser engine
    Web,
    /// The npm package, within its budget of bytes, and built again with the same bytes
    Build,
    /// The types of the npm package, and what the documents say about them
    Types,
    /// The npm package against real authorization servers, in each browser engine
    EndToEnd,
    /// The npm package in bundlers and without one, in each browser engine
    Packaging,
    /// The crate as cargo packs it, in a Leptos and a Yew app, in each browser engine
    RustApps,
}

impl Step {
    pub fn needs(self) -> &'static [Part] {
        match self {
            Step::Format => &[Part::CargoComponents],
            Step::Lint => &[Part::CargoComponents, Part::WasmTarget],
            Step::Native | Step::Simulation => &[],
            Step::Docs => &[Part::WasmTarget],
            Step::Web => &[
                Part::WasmTarget,
                Part::Browser(Engine::Chromium),
                Part::Browser(Engine::Firefox),
                Part::Browser(Engine::Webkit),
                Part::WasmBindgen,
            ],
            Step::Build | Step::Types => setup::FOR_BUILD,
            Step::EndToEnd => &[
                Part::Node,
                Part::NpmPackages,
                Part::WasmTarget,
                Part::Browser(Engine::Chromium),
                Part::Browser(Engine::Firefox),
                Part::Browser(Engine::Webkit),
                Part::WasmBindgen,
                Part::Python,
            ],
            Step::Packaging => &[
                Part::Node,
                Part::NpmPackages,
                Part::AppPackages,
                Part::WasmTarget,
                Part::Browser(Engine::Chromium),
                Part::Browser(Engine::Firefox),
                Part::Browser(Engine::Webkit),
                Part::WasmBindgen,
            ],
            Step::RustApps => &[
                Part::CargoComponents,
                Part::Node,
                Part::NpmPackages,
                Part::WasmTarget,
                Part::Browser(Engine::Chromium),
                Part::Browser(Engine::Firefox),
                Part::Browser(Engine::Webkit),
                Part::WasmBindgen,
            ],
        }
    }

    /// Where the step's `*.test.mjs` are.
    pub fn test_folders(self) -> &'static [&'static str] {
        match self {
            Step::Types => &["tests/types"],
            Step::EndToEnd => &["tests/servers", "tests/e2e"],
            Step::Packaging => &["tests/packaging", "bench"],
            Step::RustApps => &["tests/rust_apps"],
            Step::Format
            | Step::Lint
            | Step::Native
            | Step::Simulation
            | Step::Docs
            | Step::Web
            | Step::Build => &[],
        }
    }

    pub fn engines(self) -> Vec<Engine> {
        let needed = |engine: &Engine| self.needs().contains(&Part::Browser(*engine));
        let mut engines = Engine::value_variants().to_vec();
        engines.retain(needed);
        engines
    }

    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
