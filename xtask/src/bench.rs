//! The benchmark: the package against a bare fetch and other packages, in Chromium. It measures and judges nothing.

use anyhow::Result;
use clap::Args;

use crate::repository::Repository;
use crate::setup::{self, Browser, Engine, Part};
use crate::{package, run};

const NEEDS: &[Part] = &[
    Part::Node,
    Part::NpmPackages,
    Part::BenchPackages,
    Part::WasmTarget,
    Part::Browser(Engine::Chromium),
    Part::WasmBindgen,
];

#[derive(Args)]
pub struct Options {
    /// How often everyone takes their turn
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The folder for benchmark.md and benchmark.svg
    #[arg(long, default_value = "docs")]
    into: String,
}

pub fn start(repository: &Repository, options: &Options) -> Result<()> {
    setup::ensure(repository, NEEDS)?;
    let package = package::build(repository)?;
    let browser = Browser::find(repository, Engine::Chromium)?;
    let mut bench = repository.command("node");
    bench
        .args(["bench/run.mjs", "--rounds", &options.rounds.to_string()])
        .args(["--into", &options.into])
        .env("REKINDLE_TARBALL", package.tarball);
    browser.name_in(&mut bench);
    run::visible(&mut bench)
}
