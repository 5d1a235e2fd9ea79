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
    pub fn needs(self, part: Part) -> bool {
        match part {
            Part::Browser(_) => self.has_browsers(),
            tool => self.tools().contains(&tool),
        }
    }

    /// Whether it runs in each engine.
    fn has_browsers(self) -> bool {
        matches!(
            self,
            Step::Web | Step::EndToEnd | Step::Packaging | Step::RustApps
        )
    }

    fn tools(self) -> Vec<Part> {
        let and = |more: Part| [setup::FOR_BUILD, &[more]].concat();
        match self {
            Step::Format => vec![Part::CargoComponents],
            Step::Lint => vec![Part::CargoComponents, Part::WasmTarget],
            Step::Native | Step::Simulation => vec![],
            Step::Docs => vec![Part::WasmTarget],
            Step::Web => vec![Part::WasmTarget, Part::WasmBindgen],
            Step::Build | Step::Types => setup::FOR_BUILD.to_vec(),
            Step::EndToEnd => and(Part::Python),
            Step::Packaging => and(Part::AppPackages),
            Step::RustApps => and(Part::CargoComponents),
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

    pub fn engines(self) -> &'static [Engine] {
        if self.has_browsers() {
            Engine::value_variants()
        } else {
            &[]
        }
    }

    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
