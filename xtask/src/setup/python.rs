//! Python, and the packages of the authorization server that the tests start with it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::Progress;
use super::apt::AptGet;
use crate::repository::Repository;
use crate::run;

/// What django-oauth-toolkit asks for.
const OLDEST: (u32, u32) = (3, 10);

const REQUIREMENTS: &str = "tests/servers/django_oauth_toolkit/requirements.txt";

const INSTALL: &str = "the end-to-end tests need Python 3.10 or newer with its modules venv and ensurepip for one of \
    their authorization servers: install them (on Debian: apt-get install python3-venv), or set PYTHON to another python3";

/// The python of an environment that has what [`REQUIREMENTS`] lists, and nothing else.
pub fn python(repository: &Repository) -> PathBuf {
    repository.path("target/python/bin/python")
}

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    let wanted = fs::read_to_string(repository.path(REQUIREMENTS))
        .with_context(|| format!("reading {REQUIREMENTS}"))?;
    // Written when everything is there, so that an interrupted installation is begun again.
    let installed = repository.path("target/python/requirements.txt");
    let current = fs::read_to_string(&installed).is_ok_and(|found| found == wanted);
    // The system's Python may have been replaced since.
    if current && run::succeeds(repository.command(python(repository)).arg("--version")) {
        return Ok(());
    }
    if let Err(missing) = create(repository) {
        let chosen = env::var_os("PYTHON").is_some();
        let Some(apt_get) = AptGet::find(repository).filter(|_| !chosen) else {
            return Err(missing.context(INSTALL));
        };
        apt_get
            .install(progress, "Python", &["python3", "python3-venv"])
            .and_then(|()| create(repository))
            .context(INSTALL)?;
    }
    let mut install = repository.command(python(repository));
    install
        .args(["-m", "pip", "--disable-pip-version-check", "--no-input"])
        .args(["install", "--require-hashes", "--requirement", REQUIREMENTS]);
    progress.run("Python packages: installing", &mut install)?;
    fs::write(installed, wanted)?;
    Ok(())
}

/// An empty environment in the place of what may be there.
fn create(repository: &Repository) -> Result<()> {
    let system = env::var_os("PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let version = run::output(repository.command(&system).arg("--version"))?;
    if parse(&version).is_none_or(|found| found < OLDEST) {
        bail!("{} is too old", version.trim());
    }
    // Without ensurepip, venv leaves half an environment behind, and the next run would find it.
    run::output(repository.command(&system).args(["-c", "import ensurepip"]))?;
    run::output(
        repository
            .command(&system)
            .args(["-m", "venv", "--clear", "target/python"]),
    )
    .map(drop)
}

/// Major and minor of `Python 3.11.2`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .trim()
        .strip_prefix("Python ")?
        .split('.')
        .map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("Python 3.9.18\n").unwrap() < OLDEST);
        assert!(parse("Python 3.10.0").unwrap() >= OLDEST);
        assert!(parse("Python 3.14.0rc1").unwrap() >= OLDEST);
        assert_eq!(parse("python3: not found"), None);
    }
}
