//! Firefox's WebDriver server, which Debian does not package.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Progress;
use crate::repository::Repository;
use crate::run;

const VERSION: &str = "0.37.1";

/// Ours, or else one that is installed: any version does that speaks WebDriver.
pub fn find(repository: &Repository) -> Option<PathBuf> {
    let own = repository.tools().join("bin");
    let installed = repository.cargo_home().map(|home| home.join("bin"));
    // The empty folder leaves the search to the PATH.
    [Some(own), Some(PathBuf::new()), installed]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("geckodriver"))
        .find(|program| run::succeeds(repository.command(program).arg("--version")))
}

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    if find(repository).is_some() {
        return Ok(());
    }
    let mut install = repository.cargo();
    install
        .args(["install", "geckodriver", "--version", VERSION, "--locked"])
        // Unoptimised and without debug information: it waits for Firefox most of the time.
        .args(["--debug", "--root"])
        .arg(repository.tools())
        .arg("--target-dir")
        .arg(repository.tools().join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    progress.run(
        &format!("geckodriver {VERSION}: compiling, two to four minutes the first time"),
        &mut install,
    )?;
    find(repository)
        .context("geckodriver was compiled, and is not there")
        .map(drop)
}
