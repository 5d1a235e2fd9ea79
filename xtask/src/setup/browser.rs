//! The browsers and their WebDriver servers, for the browser tests: one for each engine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::apt::AptGet;
use super::{Progress, geckodriver};
use crate::repository::Repository;
use crate::run;

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum)]
pub enum Engine {
    /// Chromium or Chrome
    Chromium,
    /// Firefox
    Firefox,
    /// WebKitGTK's MiniBrowser, whose engine is Safari's
    Webkit,
}

pub struct Browser {
    pub engine: Engine,
    pub program: PathBuf,
    pub driver: PathBuf,
}

impl Engine {
    /// As `--engine` has it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Chromium => "chromium",
            Engine::Firefox => "firefox",
            Engine::Webkit => "webkit",
        }
    }

    /// The variables that choose another browser, and another driver.
    fn variables(self) -> [&'static str; 2] {
        match self {
            Engine::Chromium => ["CHROME", "CHROMEDRIVER"],
            Engine::Firefox => ["FIREFOX", "GECKODRIVER"],
            Engine::Webkit => ["MINIBROWSER", "WEBKITWEBDRIVER"],
        }
    }

    /// What to install on Debian.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Engine::Chromium => &["chromium", "chromium-driver"],
            // geckodriver is compiled: Debian has no package of it.
            Engine::Firefox => &["firefox-esr"],
            Engine::Webkit => &["webkit2gtk-driver", "xvfb"],
        }
    }

    fn needed(self) -> &'static str {
        match self {
            Engine::Chromium => "Chromium or Chrome and the chromedriver of the same version",
            Engine::Firefox => "Firefox and geckodriver",
            Engine::Webkit => "WebKitGTK's MiniBrowser, its WebKitWebDriver and Xvfb",
        }
    }
}

impl Browser {
    pub fn find(repository: &Repository, engine: Engine) -> Result<Self> {
        let browser = Self::installed(engine)?;
        if engine != Engine::Firefox {
            return Ok(browser);
        }
        let driver = match chosen("GECKODRIVER")? {
            Some(driver) => driver,
            None => geckodriver::find(repository).context("geckodriver is not installed")?,
        };
        Ok(Self { driver, ..browser })
    }

    /// Tells tests that Node runs where this browser is.
    pub fn name_in(&self, command: &mut Command) {
        let [browser, driver] = self.engine.variables();
        command
            .env(browser, &self.program)
            .env(driver, &self.driver);
    }

    /// All but geckodriver, which no package brings.
    fn installed(engine: Engine) -> Result<Self> {
        let [browser, driver] = engine.variables();
        let found = match engine {
            Engine::Chromium => Self {
                engine,
                program: find(
                    browser,
                    &[
                        "chromium",
                        "chromium-browser",
                        "google-chrome",
                        "google-chrome-stable",
                    ],
                )?,
                driver: find(driver, &["chromedriver"])?,
            },
            Engine::Firefox => Self {
                engine,
                program: find(browser, &["firefox-esr", "firefox"])?,
                driver: PathBuf::new(),
            },
            Engine::Webkit => {
                on_path("Xvfb").context("Xvfb is not on the PATH")?;
                Self {
                    engine,
                    program: match chosen(browser)? {
                        Some(program) => program,
                        None => mini_browser().context("there is no MiniBrowser of WebKitGTK")?,
                    },
                    driver: find(driver, &["WebKitWebDriver"])?,
                }
            }
        };
        if engine == Engine::Chromium {
            assert_same_version(&found)?;
        }
        Ok(found)
    }
}

pub fn ensure(repository: &Repository, engine: Engine, progress: &Progress) -> Result<()> {
    if let Err(missing) = Browser::installed(engine) {
        install(repository, engine, progress, missing)?;
    }
    if engine == Engine::Firefox && chosen("GECKODRIVER")?.is_none() {
        geckodriver::ensure(repository, progress)?;
    }
    Browser::find(repository, engine).map(drop)
}

fn install(
    repository: &Repository,
    engine: Engine,
    progress: &Progress,
    missing: anyhow::Error,
) -> Result<()> {
    let packages = engine.packages();
    let variables = engine.variables();
    let what_to_do = format!(
        "the browser tests need {}: install them (on Debian: apt-get install {}), or set {} to their paths",
        engine.needed(),
        packages.join(" "),
        variables.join(" and ")
    );
    let is_chosen = variables
        .iter()
        .any(|variable| env::var_os(variable).is_some());
    let Some(apt_get) = AptGet::find(repository).filter(|_| !is_chosen) else {
        return Err(missing.context(what_to_do));
    };
    apt_get
        .install(progress, engine.needed(), packages)
        .and_then(|()| Browser::installed(engine).map(drop))
        .context(what_to_do)
}

/// The program that `variable` names, or else the first of `names` on the PATH.
fn find(variable: &str, names: &[&str]) -> Result<PathBuf> {
    if let Some(chosen) = chosen(variable)? {
        return Ok(chosen);
    }
    names
        .iter()
        .find_map(|name| on_path(name))
        .with_context(|| format!("{} is not on the PATH", names[0]))
}

fn chosen(variable: &str) -> Result<Option<PathBuf>> {
    let Some(chosen) = env::var_os(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    if !chosen.is_file() {
        bail!("{variable} is {}, which is no file", chosen.display());
    }
    Ok(Some(chosen))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// It is no program for users, so it is on no PATH: it lies with WebKitGTK's own processes, below a folder that is named after the
/// interface's version and, on Debian, after the machine's kind.
fn mini_browser() -> Option<PathBuf> {
    let within = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let mut folders = vec![PathBuf::from("/usr/libexec")];
    folders.extend(within(Path::new("/usr/lib")));
    folders
        .iter()
        .flat_map(|folder| within(folder))
        .filter(|folder| folder.to_string_lossy().contains("/webkit"))
        .map(|folder| folder.join("MiniBrowser"))
        .rfind(|program| program.is_file())
}

fn assert_same_version(
    Browser {
        program, driver, ..
    }: &Browser,
) -> Result<()> {
    let (browser, its_driver) = (major_version(program)?, major_version(driver)?);
    if browser != its_driver {
        bail!(
            "{} is version {browser} and {} version {its_driver}: they must be of one major version",
            program.display(),
            driver.display()
        );
    }
    Ok(())
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
