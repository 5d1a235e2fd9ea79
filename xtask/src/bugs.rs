//! `cargo xtask bugs`: wrong versions of the session's code, each of which the simulator has to find.
//!
//! A bug is a patch in `tests/simulation/bugs`. It is applied to a copy of the repository below `target`, and the simulator of that copy
//! runs until a seed fails that is fine in the right version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;
use crate::run;

const PATCHES: &str = "tests/simulation/bugs";
/// What the simulator is built from.
const SOURCES: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "xtask",
    "tests/simulation",
    "tests/native/kept",
];
/// After so many seeds the simulator has not found it.
const MOST_SEEDS: &str = "20000";

pub fn find_all(repository: &Repository) -> Result<()> {
    let mut patches: Vec<PathBuf> = fs::read_dir(repository.path(PATCHES))
        .context("reading the patches")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    patches.sort();
    let copy = Copy {
        repository,
        root: repository.path("target/bugs/copy"),
        build: repository.path("target/bugs/build"),
    };
    copy.make()?;
    copy.build()?;
    let right = repository.path("target/bugs/right");
    fs::copy(copy.program(), &right).context("keeping the right version")?;
    let mut missed = Vec::new();
    for patch in &patches {
        let name = patch
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .replace('-', " ");
        match copy.find(patch, &right) {
            Ok(found) => println!("{name:<60} {found}"),
            Err(error) => {
                println!("{name:<60} NOT FOUND: {error:#}");
                missed.push(name);
            }
        }
    }
    if missed.is_empty() {
        println!("{} bugs, each of them found", patches.len());
        return Ok(());
    }
    bail!("{} of {} bugs were not found", missed.len(), patches.len())
}

struct Copy<'a> {
    repository: &'a Repository,
    root: PathBuf,
    build: PathBuf,
}

impl Copy<'_> {
    fn make(&self) -> Result<()> {
        if self.root.exists() {
            fs::remove_dir_all(&self.root).context("removing the last copy")?;
        }
        SOURCES
            .iter()
            .try_for_each(|source| copy(&self.repository.path(source), &self.root.join(source)))
    }

    fn program(&self) -> PathBuf {
        self.build.join("debug/simulation")
    }

    fn build(&self) -> Result<()> {
        let mut command = self.repository.cargo();
        command
            .args(["build", "--quiet", "--package", "simulation"])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.build);
        run::output(&mut command).map(drop)
    }

    /// Plants a bug; the words of the simulator when it has found it.
    fn find(&self, patch: &Path, right: &Path) -> Result<String> {
        self.make()?;
        self.apply(patch)?;
        self.build().context("the wrong version does not compile")?;
        if let Some(failure) =
            failure_of(Command::new(self.program()).args(["--seeds", MOST_SEEDS, "--first"]))?
        {
            // Found for its own sake: without the bug the seed is fine.
            let seed = failure
                .rsplit("seed ")
                .next()
                .unwrap_or_default()
                .to_owned();
            let is_seed = seed.parse::<u64>().is_ok();
            if is_seed && failure_of(Command::new(right).args(["--seed", &seed]))?.is_some() {
                bail!("seed {seed} fails without it too");
            }
            return Ok(failure);
        }
        let kills = failure_of(Command::new(self.program()).args(["--kills", "1", "--first"]))?;
        kills.context("every seed and every kill passes")
    }

    fn apply(&self, patch: &Path) -> Result<()> {
        let mut command = Command::new("git");
        command
            .arg("apply")
            .arg(patch)
            .current_dir(&self.root)
            // The copy lies in a repository that it is no part of.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.root.parent().unwrap_or(&self.root),
            );
        run::output(&mut command)
            .map(drop)
            .context("the patch does not apply")
    }
}

/// The last line of a run that failed; none where it went well.
fn failure_of(command: &mut Command) -> Result<Option<String>> {
    let output = command.output().context("starting the simulator")?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8(output.stdout).context("reading what the simulator says")?;
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Ok(Some(
        last.context("the simulator said nothing")?
            .trim()
            .to_owned(),
    ))
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
        return Ok(());
    }
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
