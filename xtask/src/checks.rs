//! `cargo xtask test`: every check, the quick ones first, until one fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::display::Display;
use crate::engine_table::{self, Counts};
use crate::package::{self, Package};
use crate::repository::Repository;
use crate::setup::{self, Browser, Engine, Part, WasmBindgen};
use crate::step::Step;
use crate::{budget, run, rust_apps, size_table};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// A test that hangs ends the run, rather than the patience of whoever waits for it.
const NODE_TEST_TIMEOUT: Duration = Duration::from_mins(20);
const WEB_TEST_TIMEOUT: Duration = Duration::from_mins(3);

/// Without an `engine`, in every one.
pub fn run(repository: &Repository, only: Option<Step>, engine: Option<Engine>) -> Result<()> {
    let chosen = |of: &Engine| engine.is_none_or(|engine| engine == *of);
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| match only {
            Some(only) => *step == only,
            // What needs no browser is run with Chromium.
            None => chosen(&Engine::Chromium) || step.engines().iter().any(chosen),
        })
        .collect();
    // In the order of the whole, whatever is left out.
    let parts: Vec<Part> = setup::FOR_EVERYTHING
        .iter()
        .copied()
        .filter(|part| steps.iter().any(|step| step.needs(*part)))
        .filter(|part| match part {
            Part::Browser(of) => chosen(of),
            _ => true,
        })
        .collect();
    setup::ensure(repository, &parts)?;
    let mut checks = Checks {
        repository,
        engine,
        package: None,
        counts: Vec::new(),
    };
    let mut report = Vec::new();
    for step in &steps {
        println!("\n=== {} ===", step.name());
        let started = Instant::now();
        let result = checks.run(*step);
        report.push((step.name(), started.elapsed()));
        if let Err(error) = result {
            engine_table::print(&checks.counts);
            summarise(&report, steps.len(), true);
            return Err(error.context(format!("the step `{}` failed", step.name())));
        }
    }
    engine_table::print(&checks.counts);
    summarise(&report, steps.len(), false);
    Ok(())
}

struct Checks<'a> {
    repository: &'a Repository,
    engine: Option<Engine>,
    package: Option<Package>,
    counts: Vec<Counts>,
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

    /// In which a step runs now.
    fn engines(&self, step: Step) -> Vec<Engine> {
        let mut engines = step.engines().to_vec();
        engines.retain(|of| self.engine.is_none_or(|engine| engine == *of));
        engines
    }

    fn web(&mut self) -> Result<()> {
        for engine in self.engines(Step::Web) {
            println!("--- {} ---", engine.name());
            let started = Instant::now();
            let mut said = Vec::new();
            let result = [
                &["--test", "web"][..],
                &["--test", "app", "--features", "app"],
            ]
            .iter()
            .try_for_each(|tests| self.web_tests(tests, engine, &mut said));
            let name = engine.name().to_owned();
            self.counts.push(Counts::of_wasm_bindgen(
                Step::Web.name(),
                name,
                started.elapsed(),
                &said,
            ));
            result?;
        }
        Ok(())
    }

    fn web_tests(&self, tests: &[&str], engine: Engine, said: &mut Vec<String>) -> Result<()> {
        let browser = Browser::find(self.repository, engine)?;
        let test_runner = WasmBindgen::find(self.repository)?.test_runner;
        let mut command = self.repository.cargo();
        command
            .args(["test", "--package", "rekindle"])
            .args(tests)
            .args(WASM)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", test_runner)
            .env(
                "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
                self.capabilities(&browser)?,
            )
            // A busy machine takes longer than the five seconds that are its default.
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
            .env(
                "WASM_BINDGEN_TEST_TIMEOUT",
                WEB_TEST_TIMEOUT.as_secs().to_string(),
            );
        // The test runner takes the first of these that is there.
        for variable in ["GECKODRIVER", "SAFARIDRIVER", "CHROMEDRIVER"] {
            command.env_remove(variable);
        }
        // It knows no WebKitWebDriver, which speaks as geckodriver does: WebDriver, and capabilities to which it gives no meaning are ignored.
        let variable = match engine {
            Engine::Chromium => "CHROMEDRIVER",
            Engine::Firefox | Engine::Webkit => "GECKODRIVER",
        };
        command.env(variable, &browser.driver);
        if engine != Engine::Chromium {
            // They judge the engine's own WebCrypto: docs/browsers.md.
            command.args(["--", "--skip", engine_table::VECTORS]);
        }
        let display = Display::of(&[engine])?;
        if let Some(display) = &display {
            command.env("DISPLAY", &display.name);
        }
        println!("> {}", run::words(&command));
        run::overheard(&mut command, |line| said.push(line.to_owned()))
    }

    /// webdriver.json of the repository, with the browser that was found or chosen.
    fn capabilities(&self, browser: &Browser) -> Result<PathBuf> {
        let text = fs::read_to_string(self.repository.path("webdriver.json"))
            .context("reading webdriver.json")?;
        let all: Value = serde_json::from_str(&text).context("reading webdriver.json")?;
        let mut capabilities = all[browser.engine.name()].clone();
        let options = match browser.engine {
            Engine::Chromium => "goog:chromeOptions",
            Engine::Firefox => "moz:firefoxOptions",
            Engine::Webkit => "webkitgtk:browserOptions",
        };
        capabilities[options]["binary"] = json!(browser.program);
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

    /// `tested` is where the tests find what they are about.
    fn node_tests(&mut self, step: Step, tested: (&str, &Path)) -> Result<()> {
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
        let engines = self.engines(step);
        if engines.is_empty() {
            return self.node(step, &tests, tested, &[]);
        }
        if step == Step::Packaging {
            // An app is built once, and opened in each.
            return self.node(step, &tests, tested, &engines);
        }
        for engine in engines {
            println!("--- {} ---", engine.name());
            self.node(step, &tests, tested, &[engine])?;
            // Of a server alone: no browser has a part in them.
            tests.retain(|test| !test.starts_with("tests/servers/"));
        }
        Ok(())
    }

    /// One file after another: each has browsers and servers of its own, and some measure time.
    fn node(
        &mut self,
        step: Step,
        tests: &[String],
        tested: (&str, &Path),
        engines: &[Engine],
    ) -> Result<()> {
        // For the table at the end; a run that does not come to write it counts nothing, rather than what the last one did.
        let results = self.repository.path("target/node-tests.tap");
        fs::write(&results, "").context("making room for the results")?;
        let mut command = self.repository.command("node");
        command
            .args(["--test", "--test-concurrency=1"])
            .args([
                "--test-reporter=spec",
                "--test-reporter-destination=stdout",
                "--test-reporter=tap",
            ])
            .arg(format!("--test-reporter-destination={}", results.display()))
            .arg(format!("--test-timeout={}", NODE_TEST_TIMEOUT.as_millis()))
            .args(tests)
            .env(tested.0, tested.1);
        if step.needs(Part::Python) {
            command.env("REKINDLE_PYTHON", setup::python(self.repository));
        }
        if engines.is_empty() {
            return shown(&mut command);
        }
        for engine in engines {
            Browser::find(self.repository, *engine)?.name_in(&mut command);
        }
        let names: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
        let names = names.join(" ");
        command.env("REKINDLE_ENGINE", &names);
        let display = Display::of(engines)?;
        if let Some(display) = &display {
            command.env("DISPLAY", &display.name);
        }
        let started = Instant::now();
        let result = shown(&mut command);
        let said = fs::read_to_string(&results).unwrap_or_default();
        self.counts
            .push(Counts::read(step.name(), names, started.elapsed(), &said));
        result
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
