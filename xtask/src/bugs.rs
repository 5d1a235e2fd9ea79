//! `cargo xtask bugs`: wrong versions of the session's code, each of which the simulator has to find.
//!
//! A bug is a patch in `tests/simulation/bugs`. It is applied to a copy of the sources below `target`, and the simulator of that copy runs
//! until a seed fails that passes without the patch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::repository::Repository;
use crate::run;

const PATCHES: &str = "tests/simulation/bugs";
/// What the simulator is built from.
const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "xtask",
    "tests/simulation",
    "tests/vectors",
    "tests/native/kept",
];
/// Up to which seed each portion goes: most bugs show in the first. The last is as long as the test run.
const PORTIONS: [u64; 7] = [100, 500, 2_000, 5_000, 10_000, 20_000, 60_000];
/// After this one comes the kill run, which is as long.
const BEFORE_KILLS: u64 = 2_000;

#[derive(Args)]
pub struct Options {
    /// Try this bug alone: the number that its patch begins with
    #[arg(long, value_name = "NN")]
    only: Option<String>,
}

/// What gave a bug away.
struct Found {
    invariant: String,
    /// How much had to be run.
    took: String,
}

pub fn find_all(repository: &Repository, options: &Options) -> Result<()> {
    let patches = patches(repository, options.only.as_deref())?;
    let bench = Bench::set_up(repository)?;
    println!("| bug | found by | seeds it took |\n|---|---|---|");
    let mut missed = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.replace('-', " ");
        let row = match bench.try_bug(patch) {
            Ok(Some(found)) => format!("{} | {}", found.invariant.replace('|', "\\|"), found.took),
            Ok(None) => {
                missed.push(name.clone());
                format!("**nothing** | {} and the kill run", most_seeds())
            }
            Err(error) => {
                eprintln!("{name}: {error:#}");
                missed.push(name.clone());
                "**not tried** | -".to_owned()
            }
        };
        println!("| {name} | {row} |");
    }
    if missed.is_empty() {
        return Ok(());
    }
    bail!(
        "{} of {} bugs were not found: {}",
        missed.len(),
        patches.len(),
        missed.join(", ")
    )
}

fn patches(repository: &Repository, only: Option<&str>) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(repository.path(PATCHES)).context("reading the patches")?;
    let mut patches = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_wanted = only.is_none_or(|only| name.starts_with(&format!("{only}-")));
        if is_wanted && name.ends_with(".patch") {
            patches.push(entry.path());
        }
    }
    patches.sort();
    if patches.is_empty() {
        bail!("there is no such patch in {PATCHES}");
    }
    Ok(patches)
}

fn most_seeds() -> u64 {
    PORTIONS.last().copied().unwrap_or_default()
}

/// The simulator as it is, and a copy of its sources to spoil.
struct Bench<'a> {
    repository: &'a Repository,
    right: PathBuf,
    copy: PathBuf,
    /// Where the copy is built: one folder for all bugs, so that only what a patch touches is compiled again.
    build: PathBuf,
}

impl<'a> Bench<'a> {
    fn set_up(repository: &'a Repository) -> Result<Self> {
        let bench = Self {
            repository,
            right: repository.path("target/bugs/right"),
            copy: repository.path("target/bugs/copy"),
            build: repository.path("target/bugs/build"),
        };
        for source in SOURCES {
            copy(&repository.path(source), &bench.copy.join(source))?;
        }
        // Both are built the same way and by the same name, and this one is put aside.
        bench.compile()?;
        fs::copy(bench.program(), &bench.right).context("keeping the right version")?;
        Ok(bench)
    }

    fn program(&self) -> PathBuf {
        self.build.join("debug/simulation")
    }

    fn compile(&self) -> Result<()> {
        let mut command = self.repository.cargo();
        command
            .args(["build", "--quiet", "--package", "simulation"])
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.build)
            // Nobody debugs it.
            .env("CARGO_PROFILE_DEV_DEBUG", "false");
        run::output(&mut command).map(drop)
    }

    /// Plants a bug, looks for it and takes it out again.
    fn try_bug(&self, patch: &Path) -> Result<Option<Found>> {
        self.apply(patch, &[]).context("the patch does not apply")?;
        let found = self
            .compile()
            .context("the wrong version does not compile")
            .and_then(|()| self.look());
        self.apply(patch, &["--reverse"])?;
        found
    }

    fn apply(&self, patch: &Path, how: &[&str]) -> Result<()> {
        let mut command = Command::new("git");
        command
            .arg("apply")
            .args(how)
            .arg(patch)
            .current_dir(&self.copy)
            // The copy lies in a repository that it is no part of.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.copy.parent().unwrap_or(&self.copy),
            );
        run::output(&mut command).map(drop)
    }

    fn look(&self) -> Result<Option<Found>> {
        let mut first = 1;
        for last in PORTIONS {
            if let Some(found) = self.look_in_seeds(first, last)? {
                return Ok(Some(found));
            }
            if last == BEFORE_KILLS
                && let Some(found) = self.look_in_kills()?
            {
                return Ok(Some(found));
            }
            first = last + 1;
        }
        Ok(None)
    }

    fn look_in_seeds(&self, first: u64, last: u64) -> Result<Option<Found>> {
        let range = [
            "--from",
            &first.to_string(),
            "--seeds",
            &(last + 1 - first).to_string(),
        ];
        let Some(said) = failure(&self.program(), &range)? else {
            return Ok(None);
        };
        let mut seeds: Vec<u64> = said.lines().filter_map(first_seed).collect();
        seeds.sort_unstable();
        for seed in seeds {
            let one = ["--seed", &seed.to_string()];
            // One that fails in any case proves nothing.
            if failure(&self.right, &one)?.is_some() {
                continue;
            }
            let story = failure(&self.program(), &one)?.context("a seed fails only at times")?;
            let invariant = last_line(&story).trim_start_matches("FAILED ").to_owned();
            let took = seed.to_string();
            return Ok(Some(Found { invariant, took }));
        }
        // Some invariants are about many seeds together.
        let Some(invariant) = said.lines().find_map(about_all) else {
            return Ok(None);
        };
        let right = failure(&self.right, &range)?.unwrap_or_default();
        let is_found = !right.lines().any(|line| about_all(line).is_some());
        Ok(is_found.then(|| Found {
            invariant: invariant.to_owned(),
            took: last.to_string(),
        }))
    }

    fn look_in_kills(&self) -> Result<Option<Found>> {
        let kills = ["--kills", "1", "--first"];
        let Some(said) = failure(&self.program(), &kills)? else {
            return Ok(None);
        };
        if failure(&self.right, &kills)?.is_some() {
            return Ok(None);
        }
        let line = last_line(&said).trim_start_matches("found after ");
        let (count, invariant) = line
            .split_once(": ")
            .context("the kill run does not say what it found")?;
        Ok(Some(Found {
            invariant: invariant.to_owned(),
            took: format!("{BEFORE_KILLS} and {count}"),
        }))
    }
}

/// What the simulator says where it fails.
fn failure(program: &Path, arguments: &[&str]) -> Result<Option<String>> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .context("starting the simulator")?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.trim().is_empty() {
        bail!(
            "the simulator broke: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(Some(said))
}

fn last_line(said: &str) -> &str {
    said.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
}

/// `found 3 times in 100 seeds: what was wrong, first in seed 7`
fn first_seed(line: &str) -> Option<u64> {
    let (_, seed) = line.strip_prefix("found ")?.rsplit_once("first in seed ")?;
    seed.parse().ok()
}

/// The same without a seed.
fn about_all(line: &str) -> Option<&str> {
    let (_, invariant) = line.strip_prefix("found ")?.split_once(": ")?;
    first_seed(line).is_none().then_some(invariant)
}

/// Copies a file, or a folder with all that is in it. What is the same already is left alone, so that it is not compiled again.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let text = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, text).with_context(|| format!("writing {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_has_a_seed_or_is_about_all() {
        let one = "found 3 times in 100 seeds: A: sent twice: once more, first in seed 7";
        assert_eq!((first_seed(one), about_all(one)), (Some(7), None));
        let all = "found 1 times in 100 seeds: pages ask at once: [9, 0] by second";
        let invariant = Some("pages ask at once: [9, 0] by second");
        assert_eq!((first_seed(all), about_all(all)), (None, invariant));
        let other = "100 seeds in 3.0 s, 33 a second";
        assert_eq!((first_seed(other), about_all(other)), (None, None));
    }

    #[test]
    fn each_bug_can_be_planted() {
        let repository = Repository::open().expect("the repository is there");
        for patch in patches(&repository, None).expect("the patches can be read") {
            let mut check = Command::new("git");
            check
                .args(["apply", "--check"])
                .arg(&patch)
                .current_dir(repository.path("."));
            run::output(&mut check).expect("the patch applies to the code as it is");
        }
    }

    #[test]
    fn each_bug_has_a_number_of_its_own() {
        let repository = Repository::open().expect("the repository is there");
        let names: Vec<String> = patches(&repository, None)
            .expect("the patches can be read")
            .iter()
            .map(|patch| {
                let name = patch.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            })
            .collect();
        assert_eq!(names.len(), 16);
        for (number, name) in (1..).zip(&names) {
            assert!(name.starts_with(&format!("{number:02}-")), "{name}");
        }
    }
}
