//! Where things are, and which versions they have.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run;

pub struct Repository {
    pub root: PathBuf,
}

impl Repository {
    pub fn open() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask is a folder of the repository")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Tools that are compiled for this repository alone.
    pub fn tools(&self) -> PathBuf {
        self.path("target/tools")
    }

    /// A program of an npm package in the root package-lock.json.
    pub fn npm_program(&self, name: &str) -> Command {
        self.command(self.path("node_modules/.bin").join(name))
    }

    /// The same cargo that runs xtask, so the toolchain that set-up completes is the one that builds.
    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or("cargo".into()))
    }

    /// Where cargo keeps what it downloads and installs.
    pub fn cargo_home(&self) -> Option<PathBuf> {
        let chosen = env::var_os("CARGO_HOME").map(PathBuf::from);
        chosen.or_else(|| Some(env::home_dir()?.join(".cargo")))
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    pub fn rekindle_version(&self) -> Result<String> {
        self.locked_version("rekindle")
    }

    /// The version of `package` that Cargo.lock has.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let metadata =
            run::output(
                self.cargo()
                    .args(["metadata", "--format-version=1", "--quiet"]),
            )?;
        let metadata: Value =
            serde_json::from_str(&metadata).context("reading what `cargo metadata` says")?;
        metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|found| found["name"] == package)
            .and_then(|found| found["version"].as_str())
            .map(str::to_owned)
            .with_context(|| format!("Cargo.lock has no package {package}"))
    }
}
