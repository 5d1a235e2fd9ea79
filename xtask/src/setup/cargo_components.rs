//! rustfmt and clippy, which a minimal toolchain lacks.

use anyhow::{Result, bail};

use super::Progress;
use crate::repository::Repository;
use crate::run;

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let present = || run::succeeds(repository.cargo().args([subcommand, "--version"]));
        if present() {
            continue;
        }
        if !progress.rustup(repository, &["component", "add", component]) || !present() {
            bail!(
                "`cargo {subcommand}` is missing: run `rustup component add {component}`, \
                 or install the package of that kind of your distribution (on Debian rustfmt and rust-clippy)"
            );
        }
    }
    Ok(())
}
