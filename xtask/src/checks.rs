//! `cargo xtask test`: every check, the quick ones first, until one fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::package::{self, Package};
use crate::repository::Repository;
use crate::setup::{self, Browser, Part, WasmBindgen};
use crate::{budget, run, rust_apps, size_table};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// A test that hangs ends the run, rather than the patience of whoever waits for it.
const NODE_TEST_TIMEOUT: Duration = Duration::from_mins(20);
const WEB_TEST_TIMEOUT: Duration = Duration::from_mins(3);

/// In the order in which they run.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Step {
    /// rustfmt finds nothing to change
    Format,
    /// clippy without a warning, natively and for wasm
    Lint,
    /// Native tests of the workspace but the simulator's, the rules of the repository among them
    Native,
    /// 60,000 seeds of the simulator, and a kill at every step of an exchange
    Simulation,
    /// rustdoc without a warning
    Docs,
    /// wasm-bindgen tests in Chromium
    Web,
    /// The npm package, within its budget of bytes, and built again with the same bytes
    Build,
    /// The types of the npm package, and what the documents say about them
    Types,
    /// The npm package in Chromium against a real authorization server
    EndToEnd,
    /// The npm package in bundlers and without one
    Packaging,
    /// The crate as cargo packs it, in a Leptos and a Yew app in Chromium
    RustApps,
}

impl Step {
    fn needs(self) -> &'static [Part] {
        match self {
            Step::Format => &[Part::CargoComponents],
            Step::Lint => &[Part::CargoComponents, Part::WasmTarget],
            Step::Native | Step::Simulation => &[],
            Step::Docs => &[Part::WasmTarget],
            Step::Web => &[Part::WasmTarget, Part::Browser, Part::WasmBindgen],
            Step::Build | Step::Types => setup::FOR_BUILD,
            Step::EndToEnd => &[
                Part::Node,
                Part::NpmPackages,
                Part::WasmTarget,
                Part::Browser,
                Part::WasmBindgen,
                Part::Python,
            ],
            Step::Packaging => &[
                Part::Node,
                Part::NpmPackages,
                Part::AppPackages,
                Part::WasmTarget,
                Part::Browser,
                Part::WasmBindgen,
            ],
            Step::RustApps => &[
                Part::CargoComponents,
                Part::Node,
                Part::NpmPackages,
                Part::WasmTarget,
                Part::Browser,
                Part::WasmBindgen,
            ],
        }
    }

    /// Where the step's `*.test.mjs` are.
    pub fn test_folders(self) -> &'static [&'static str] {
        match self {
            Step::Types => &["tests/types"],
            Step::EndToEnd => &["tests/servers", "tests/e2e"],
            Step::Packaging => &["tests/packaging", "bench"],
            Step::RustApps => &["tests/rust_apps"],
            Step::Format
            | Step::Lint
            | Step::Native
            | Step::Simulation
            | Step::Docs
            | Step::Web
            | Step::Build => &[],
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

pub fn run(repository: &Repository, only: Option<Step>) -> Result<()> {
    match only {
        Some(step) => setup::ensure(repository, step.needs())?,
        None => setup::ensure(repository, setup::FOR_EVERYTHING)?,
    }
    let mut checks = Checks {
        repository,
        package: None,
    };
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| only.is_none_or(|only| *step == only))
        .collect();
    let mut report = Vec::new();
    for step in &steps {
        println!("\n=== {} ===", step.name());
        let started = Instant::now();
        let result = checks.run(*step);
        report.push((step.name(), started.elapsed()));
        if let Err(error) = result {
            summarise(&report, steps.len(), true);
            return Err(error.context(format!("the step `{}` failed", step.name())));
        }
    }
    summarise(&report, steps.len(), false);
    Ok(())
}

struct Checks<'a> {
    repository: &'a Repository,
    package: Option<Package>,
}

impl Checks<'_> {
    fn run(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Format => self.cargo(&["fmt", "--all", "--check"]),
            Step::Lint => self.lint(),
            Step::Native => self.cargo(&["test", "--workspace", "--exclude", "simulation"]),
            // In view, for its tables.
            Step::Simulation => {
                self.cargo(&["test", "--package", "simulation", "--", "--nocapture"])
            }
            Step::Docs => self.docs(),
            Step::Web => self.web(),
            Step::Build => {
                let repository = self.repository;
                package::assert_reproducible(repository, &self.package()?.module)
            }
            Step::Types | Step::EndToEnd | Step::Packaging => {
                let tarball = self.package()?.tarball.clone();
                self.node_tests(step, ("REKINDLE_TARBALL", &tarball))
            }
            Step::RustApps => {
                self.cargo(&[
                    "fmt",
                    "--manifest-path",
                    "examples/Cargo.toml",
                    "--all",
                    "--check",
                ])?;
                let apps = rust_apps::build(self.repository)?;
                self.node_tests(step, ("REKINDLE_RUST_APPS", &apps))
            }
        }
    }

    fn lint(&self) -> Result<()> {
        for what in [
            &["--workspace", "--all-targets"][..],
            &[
                &WASM[..],
                &["--package", "rekindle", "--lib", "--test", "web"],
            ]
            .concat(),
            &[
                &WASM[..],
                &["--package", "rekindle", "--lib", "--features", "npm"],
            ]
            .concat(),
            &[
                &WASM[..],
                &["--package", "rekindle", "--lib", "--test", "app"],
                &["--features", "app"],
            ]
            .concat(),
        ] {
            self.cargo(&[&["clippy"], what, &["--", "--deny", "warnings"]].concat())?;
        }
        Ok(())
    }

    fn docs(&self) -> Result<()> {
        for what in [
            &["--workspace"][..],
            &[&WASM[..], &["--package", "rekindle"]].concat(),
            &[&WASM[..], &["--package", "rekindle", "--features", "app"]].concat(),
        ] {
            let mut command = self.repository.cargo();
            shown(
                command
                    .args(["doc", "--no-deps"])
                    .args(what)
                    .env("RUSTDOCFLAGS", "--deny warnings"),
            )?;
        }
        Ok(())
    }

    fn web(&self) -> Result<()> {
        let browser = Browser::find()?;
        let test_runner = WasmBindgen::find(self.repository)?.test_runner;
        for tests in [
            &["--test", "web"][..],
            &["--test", "app", "--features", "app"],
        ] {
            self.web_tests(tests, &browser, &test_runner)?;
        }
        Ok(())
    }

    fn web_tests(&self, tests: &[&str], browser: &Browser, test_runner: &Path) -> Result<()> {
        let mut command = self.repository.cargo();
        shown(
            command
                .args(["test", "--package", "rekindle"])
                .args(tests)
                .args(WASM)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", test_runner)
                .env("CHROMEDRIVER", &browser.chromedriver)
                .env(
                    "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
                    self.capabilities(browser)?,
                )
                // A busy machine takes longer than the five seconds that are its default.
                .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
                .env(
                    "WASM_BINDGEN_TEST_TIMEOUT",
                    WEB_TEST_TIMEOUT.as_secs().to_string(),
                ),
        )
    }

    /// webdriver.json of the repository, with the Chromium that was found or chosen.
    fn capabilities(&self, browser: &Browser) -> Result<PathBuf> {
        let text = fs::read_to_string(self.repository.path("webdriver.json"))
            .context("reading webdriver.json")?;
        let mut capabilities: Value =
            serde_json::from_str(&text).context("reading webdriver.json")?;
        capabilities["goog:chromeOptions"]["binary"] = json!(browser.chrome);
        let path = self.repository.path("target/webdriver.json");
        fs::write(&path, capabilities.to_string())?;
        Ok(path)
    }

    /// Built once, for all steps that need it.
    fn package(&mut self) -> Result<&Package> {
        let package = match self.package.take() {
            Some(package) => package,
            None => {
                let package = package::build(self.repository)?;
                size_table::print(&package)?;
                budget::check(self.repository, &package)?;
                package
            }
        };
        Ok(self.package.insert(package))
    }

    /// One file after another: each has browsers and servers of its own, and some measure time. `tested` is where the tests find what
    /// they are about.
    fn node_tests(&self, step: Step, tested: (&str, &Path)) -> Result<()> {
        let mut tests = Vec::new();
        for folder in step.test_folders() {
            let files = fs::read_dir(self.repository.path(folder))
                .with_context(|| format!("reading {folder}"))?;
            for file in files {
                let name = file?.file_name().into_string().unwrap_or_default();
                if name.ends_with(".test.mjs") {
                    tests.push(format!("{folder}/{name}"));
                }
            }
        }
        tests.sort();
        if tests.is_empty() {
            bail!(
                "there is no *.test.mjs in {}",
                step.test_folders().join(" or ")
            );
        }
        let mut command = self.repository.command("node");
        command
            .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
            .arg(format!("--test-timeout={}", NODE_TEST_TIMEOUT.as_millis()))
            .args(tests)
            .env(tested.0, tested.1);
        if step.needs().contains(&Part::Browser) {
            let browser = Browser::find()?;
            command
                .env("CHROME", browser.chrome)
                .env("CHROMEDRIVER", browser.chromedriver);
        }
        if step.needs().contains(&Part::Python) {
            command.env("REKINDLE_PYTHON", setup::python(self.repository));
        }
        shown(&mut command)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<()> {
        shown(self.repository.cargo().args(arguments))
    }
}

/// Runs `command` in view, under a line that says what it is.
fn shown(command: &mut Command) -> Result<()> {
    println!("> {}", run::words(command));
    run::visible(command)
}

fn summarise(report: &[(String, Duration)], planned: usize, failed: bool) {
    println!("\n=== times ===");
    for (name, time) in report {
        println!("{:>6}  {name}", run::minutes(*time));
    }
    let failures = usize::from(failed);
    let not_run = planned - report.len();
    let rest = if not_run > 0 {
        format!(", {not_run} not run")
    } else {
        String::new()
    };
    println!(
        "{} passed, {failures} failed{rest}",
        report.len() - failures
    );
}
