//! Node.js, which the user brings, and the npm packages of the lock files.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::Progress;
use crate::repository::Repository;
use crate::run;

/// What Vite, the strictest of the npm packages, asks for.
const OLDEST: (u32, u32) = (20, 19);

pub fn ensure(repository: &Repository) -> Result<()> {
    let (major, minor) = OLDEST;
    let Ok(version) = run::output(repository.command("node").arg("--version")) else {
        bail!(
            "Node.js is missing: install version {major}.{minor} or newer, with npm, and see that `node` is on the PATH"
        );
    };
    let version = version.trim();
    if parse(version).is_none_or(|found| found < OLDEST) {
        bail!("Node.js {version} is too old: install version {major}.{minor} or newer");
    }
    if !run::succeeds(repository.command("npm").arg("--version")) {
        bail!(
            "npm is missing: it comes with Node.js; some distributions have it as a package of its own, `npm`"
        );
    }
    Ok(())
}

/// Those of the repository itself.
pub fn ensure_packages(repository: &Repository, progress: &Progress) -> Result<()> {
    ensure_installed(repository, progress, "npm packages", "", "")
}

/// What the apps of the packaging tests need: bundlers and test runners, which nothing else does.
pub fn ensure_app_packages(repository: &Repository, progress: &Progress) -> Result<()> {
    let (listed, place) = ("tests/packaging/apps", "target/packaging");
    ensure_installed(repository, progress, "apps' npm packages", listed, place)
}

/// What the benchmark compares the package with, and draws its plot with.
pub fn ensure_bench_packages(repository: &Repository, progress: &Progress) -> Result<()> {
    let (listed, place) = ("bench", "bench");
    ensure_installed(
        repository,
        progress,
        "benchmark's npm packages",
        listed,
        place,
    )
}

/// Installs in the folder `place` what the lock file in the folder `listed` says.
fn ensure_installed(
    repository: &Repository,
    progress: &Progress,
    what: &str,
    listed: &str,
    place: &str,
) -> Result<()> {
    let listed = repository.path(listed);
    let place = repository.path(place);
    let lock =
        modified(&listed.join("package-lock.json")).context("package-lock.json is missing")?;
    // npm writes this file at the end of an installation.
    if modified(&place.join("node_modules/.package-lock.json"))
        .is_some_and(|installed| installed >= lock)
    {
        return Ok(());
    }
    if place != listed {
        fs::create_dir_all(&place)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(listed.join(name), place.join(name))?;
        }
    }
    let mut install = repository.command("npm");
    install
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&place);
    progress.run(&format!("{what}: installing"), &mut install)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Major and minor of `v20.19.1`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .strip_prefix('v')?
        .split('.')
        .map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("v20.9.0").unwrap() < OLDEST);
        assert!(parse("v20.20.2").unwrap() >= OLDEST);
        assert!(parse("v100.0.0").unwrap() >= OLDEST);
        assert_eq!(parse("nightly"), None);
    }
}
