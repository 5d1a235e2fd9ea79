//! Everything that is done with this repository: `cargo xtask demo | test | build | size | bench | faults | simulate | bugs`.
//!
//! Each command first sees to the tools that it needs ([`setup`]), so a fresh clone needs nothing but
//! Rust, Node.js and a shell.

mod bench;
mod budget;
mod bugs;
mod checks;
mod contributors;
mod demo;
mod display;
mod engine_table;
mod faults;
mod package;
mod repository;
#[cfg(test)]
mod rules;
mod run;
mod rust_apps;
mod setup;
mod simulate;
mod size_table;
mod step;
mod wasm_text;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::repository::Repository;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, tests and demonstrates rekindle"
)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start the demo page, with an authorization server of its own or against yours
    Demo(demo::Options),
    /// Run every check: format, lints, native tests, browser tests, types, end-to-end and packaging tests
    Test {
        /// Run this step alone, with what it depends on
        #[arg(long, value_name = "STEP")]
        only: Option<step::Step>,
        /// This browser engine alone; another one than Chromium runs only the steps that are for it
        #[arg(long, value_name = "ENGINE")]
        engine: Option<setup::Engine>,
    },
    /// Build the npm package into target/npm and print its sizes
    Build,
    /// Build, and list what the bytes are spent on
    Size,
    /// Compare the package with a bare fetch and with other packages, and write docs/benchmark.md
    Bench(bench::Options),
    /// List what may go wrong, with the tests of each fault
    Faults,
    /// Run the session's code in a simulated browser, with faults that a seed decides
    Simulate(simulate::Options),
    /// Plant bugs in a copy of the session's code, and see the simulator find each of them
    Bugs(bugs::Options),
}

fn main() -> ExitCode {
    let Err(error) = carry_out(Arguments::parse().command) else {
        return ExitCode::SUCCESS;
    };
    // Not by returning it: with RUST_BACKTRACE set, a backtrace would bury what the user has to do.
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  {}", cause.to_string().replace('\n', "\n  "));
    }
    ExitCode::FAILURE
}

fn carry_out(task: Task) -> Result<()> {
    let repository = Repository::open()?;
    match task {
        Task::Demo(options) => demo::start(&repository, &options),
        Task::Test { only, engine } => checks::run(&repository, only, engine),
        Task::Build => {
            setup::ensure(&repository, setup::FOR_BUILD)?;
            let package = package::build(&repository)?;
            size_table::print(&package)?;
            budget::check(&repository, &package)
        }
        Task::Size => {
            setup::ensure(&repository, setup::FOR_BUILD)?;
            let package = package::build(&repository)?;
            contributors::print(&repository, &package)?;
            size_table::print(&package)?;
            budget::check(&repository, &package)
        }
        Task::Bench(options) => bench::start(&repository, &options),
        Task::Faults => faults::print(&repository),
        Task::Simulate(options) => simulate::start(&repository, &options),
        Task::Bugs(options) => bugs::find_all(&repository, &options),
    }
}
