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
        let mut add = repository.command("rustup");
        add.args(["component", "add", component]);
        if progress
            .run(&format!("{component}: asking rustup"), &mut add)
            .is_err()
            || !present()
        {
            bail!(
                "`cargo {subcommand}` is missing: run `rustup component add {component}`, \
                 or install the package of that kind of your distribution (on Debian rustfmt and rust-clippy)"
            );
        }
    }
    Ok(())
}
