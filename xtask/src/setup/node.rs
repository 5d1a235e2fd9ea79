//! Node.js, which the user brings, and the npm packages of package-lock.json.

use std::fs;
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

pub fn ensure_packages(repository: &Repository, progress: &Progress) -> Result<()> {
    let lock = modified(repository, "package-lock.json").context("package-lock.json is missing")?;
    // npm writes this file at the end of an installation.
    if modified(repository, "node_modules/.package-lock.json")
        .is_some_and(|installed| installed >= lock)
    {
        return Ok(());
    }
    let mut install = repository.command("npm");
    install.args(["ci", "--no-audit", "--no-fund"]);
    progress.run("npm packages: installing", &mut install)
}

fn modified(repository: &Repository, path: &str) -> Option<SystemTime> {
    fs::metadata(repository.path(path)).ok()?.modified().ok()
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
