//! The Rust that is installed: its version, its folders and what is in them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::run;

/// The Rust toolchain that cargo uses.
pub struct Toolchain {
    pub version: String,
    pub commit: String,
    pub sysroot: PathBuf,
}

impl Toolchain {
    pub fn installed(repository: &Repository) -> Result<Self> {
        let about = run::output(repository.command("rustc").arg("-vV"))?;
        let line = |label: &str| {
            about
                .lines()
                .find_map(|line| line.strip_prefix(label))
                .map(str::to_owned)
        };
        let sysroot = run::output(repository.command("rustc").args(["--print", "sysroot"]))?;
        Ok(Self {
            version: line("release: ").context("`rustc -vV` has no release")?,
            commit: line("commit-hash: ").context("`rustc -vV` has no commit hash")?,
            sysroot: sysroot.trim_end().into(),
        })
    }

    /// Where rust-src has its place.
    pub fn source(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust")
    }

    /// Where rustc looks for the libraries of a target.
    pub fn libraries(&self, target: &str) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(target).join("lib")
    }

    /// Whether the standard library for a target is in its place.
    pub fn has_target(&self, target: &str) -> Result<bool> {
        let Ok(files) = fs::read_dir(self.libraries(target)) else {
            return Ok(false);
        };
        let files: Vec<_> = files
            .map(|file| Ok(file?.file_name().into_string().unwrap_or_default()))
            .collect::<Result<_>>()?;
        Ok(["libstd-", "libtest-"].iter().all(|library| {
            files
                .iter()
                .any(|file| file.starts_with(library) && file.ends_with(".rlib"))
        }))
    }

    /// Whether something may be added to it.
    pub fn is_writable(&self) -> bool {
        let probe = self.sysroot.join("lib/rustlib/.rekindle-setup");
        fs::write(&probe, "").is_ok() && fs::remove_file(&probe).is_ok()
    }
}
