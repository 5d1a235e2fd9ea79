//! Packages of Debian and its relatives, where we may install them.

use std::process::Command;

use anyhow::Result;

use super::Progress;
use crate::repository::Repository;
use crate::run;

/// apt-get, where it exists and may install without asking anybody.
pub struct AptGet {
    sudo: bool,
}

impl AptGet {
    pub fn find(repository: &Repository) -> Option<Self> {
        if !run::succeeds(repository.command("apt-get").arg("--version")) {
            return None;
        }
        let root = run::output(repository.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        let may = root || run::succeeds(repository.command("sudo").args(["-n", "true"]));
        may.then_some(Self { sudo: !root })
    }

    /// `what` is the line of progress.
    pub fn install(&self, progress: &Progress, what: &str, packages: &[&str]) -> Result<()> {
        let mut update = self.command();
        update.arg("update");
        progress.run(&format!("{what}: updating the package lists"), &mut update)?;
        let mut install = self.command();
        install
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages);
        progress.run(&format!("{what}: installing with apt-get"), &mut install)
    }

    fn command(&self) -> Command {
        let mut command = if self.sudo {
            Command::new("sudo")
        } else {
            Command::new("env")
        };
        if self.sudo {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
        command
    }
}
