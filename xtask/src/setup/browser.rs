//! Chromium and its WebDriver server, for the browser tests.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Progress;
use super::apt::AptGet;
use crate::repository::Repository;
use crate::run;

pub struct Browser {
    pub chrome: PathBuf,
    pub chromedriver: PathBuf,
}

impl Browser {
    pub fn find() -> Result<Self> {
        let chrome = find(
            "CHROME",
            &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
        )?;
        let chromedriver = find("CHROMEDRIVER", &["chromedriver"])?;
        let (browser, driver) = (major_version(&chrome)?, major_version(&chromedriver)?);
        if browser != driver {
            bail!(
                "{} is version {browser} and {} version {driver}: they must be of one major version",
                chrome.display(),
                chromedriver.display()
            );
        }
        Ok(Self {
            chrome,
            chromedriver,
        })
    }
}

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    let Err(missing) = Browser::find() else {
        return Ok(());
    };
    let chosen = ["CHROME", "CHROMEDRIVER"]
        .iter()
        .any(|variable| env::var_os(variable).is_some());
    let Some(apt_get) = AptGet::find(repository).filter(|_| !chosen) else {
        return Err(missing.context(INSTALL));
    };
    apt_get
        .install(
            progress,
            "Chromium and chromedriver",
            &["chromium", "chromium-driver"],
        )
        .and_then(|()| Browser::find().map(drop))
        .context(INSTALL)
}

const INSTALL: &str = "the browser tests need Chromium or Chrome and the chromedriver of the same version: \
    install them (on Debian: apt-get install chromium chromium-driver), or set CHROME and CHROMEDRIVER to their paths";

/// The program that `variable` names, or else the first of `names` on the PATH.
fn find(variable: &str, names: &[&str]) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os(variable) {
        let chosen = PathBuf::from(chosen);
        if !chosen.is_file() {
            bail!("{variable} is {}, which is no file", chosen.display());
        }
        return Ok(chosen);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .with_context(|| format!("{} is not on the PATH", names[0]))
}

fn major_version(program: &Path) -> Result<String> {
    let said = run::output(Command::new(program).arg("--version"))?;
    major(&said).with_context(|| format!("{} --version says {said:?}", program.display()))
}

/// The first number of the first word that begins with one, as in `ChromeDriver 142.0.7444.59 (…)`.
fn major(said: &str) -> Option<String> {
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    version.split('.').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_spelling() {
        assert_eq!(
            major("Chromium 142.0.7444.59 built on Debian GNU/Linux 13"),
            Some("142".into())
        );
        assert_eq!(major("Google Chrome 99.1"), Some("99".into()));
        assert_eq!(major("no version"), None);
    }
}
