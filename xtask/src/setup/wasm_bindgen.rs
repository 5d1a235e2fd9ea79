//! wasm-bindgen's command line and its test runner, which must be of exactly the version of the crate.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Progress;
use crate::repository::Repository;
use crate::run;

pub struct WasmBindgen {
    pub bindgen: PathBuf,
    pub test_runner: PathBuf,
}

impl WasmBindgen {
    pub fn find(repository: &Repository) -> Result<Self> {
        let version = repository.locked_version("wasm-bindgen")?;
        Self::of_version(repository, &version)
            .with_context(|| format!("wasm-bindgen-cli {version} is not installed"))
    }

    fn of_version(repository: &Repository, version: &str) -> Option<Self> {
        let own = repository.tools().join("bin");
        let installed = repository.cargo_home().map(|home| home.join("bin"));
        // The empty folder leaves the search to the PATH.
        [Some(own), Some(PathBuf::new()), installed]
            .into_iter()
            .flatten()
            .find_map(|folder| {
                let tools = Self {
                    bindgen: folder.join("wasm-bindgen"),
                    test_runner: folder.join("wasm-bindgen-test-runner"),
                };
                let both = [&tools.bindgen, &tools.test_runner]
                    .into_iter()
                    .all(|program| is(repository, program, version));
                both.then_some(tools)
            })
    }
}

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    let version = repository.locked_version("wasm-bindgen")?;
    if WasmBindgen::of_version(repository, &version).is_some() {
        return Ok(());
    }
    let mut install = repository.cargo();
    install
        .args([
            "install",
            "wasm-bindgen-cli",
            "--version",
            &version,
            "--force",
            "--root",
        ])
        .arg(repository.tools())
        .arg("--target-dir")
        .arg(repository.tools().join("build"))
        // Unoptimised, without debug information and without TLS, it is there in a third of the time; our
        // module is small, and the test runner speaks to this machine only.
        .args([
            "--debug",
            "--no-default-features",
            "--bin",
            "wasm-bindgen",
            "--bin",
            "wasm-bindgen-test-runner",
        ])
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    progress.run(
        &format!("wasm-bindgen-cli {version}: compiling, one to two minutes the first time"),
        &mut install,
    )?;
    WasmBindgen::find(repository).map(drop)
}

fn is(repository: &Repository, program: &Path, version: &str) -> bool {
    let said = run::output(repository.command(program).arg("--version")).unwrap_or_default();
    said.split_whitespace().nth(1) == Some(version)
}
