//! A simulated browser, network and server around the product's own session code. One seed decides everything.

mod action;
mod app;
mod browser;
mod calm;
mod coverage;
mod exhaustive;
mod fate;
mod judge;
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the native tests, which need more of it"
)]
#[path = "../../native/kept/mod.rs"]
mod kept;
mod locks;
mod network;
mod page;
mod plan;
mod report;
mod run;
mod server;
mod shelf;
mod sim;
mod story;
mod wire;
mod world;

use clap::Parser;
use std::process::ExitCode;

/// Runs seeds of the simulator
#[derive(Parser)]
struct Arguments {
    /// Run this seed alone, and tell its story
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Kill a tab at every step of an exchange, in so many schedules of each case, in place of seeds
    #[arg(long)]
    kills: Option<u64>,
    /// End with the first failure
    #[arg(long)]
    first: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let first = arguments.first;
    let is_well = match (arguments.seed, arguments.kills) {
        (Some(seed), _) => tell(run::seed(seed, true)),
        (None, Some(schedules)) => kill(schedules, first),
        (None, None) => {
            let end = arguments.from.saturating_add(arguments.seeds);
            let mut totals = report::seeds(arguments.from..end, first);
            println!("{}", totals.text());
            totals.failures.is_empty()
        }
    };
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tell(report: run::Report) -> bool {
    println!("{}", report.story);
    if let Some(failure) = &report.failure {
        println!("FAILED {failure}");
    }
    report.failure.is_none()
}

fn kill(schedules: u64, stops_at_failure: bool) -> bool {
    let (runs, failures) = report::kills(schedules, stops_at_failure);
    println!("{runs} runs with a kill at each step");
    for &(case, step) in failures.values().take(3) {
        tell(exhaustive::run(case, step, true).0);
    }
    if let Some(failure) = failures.keys().next() {
        println!("found after {runs} kills: {failure}");
    }
    failures.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds that failed once, one a line.
    const FOUND: &str = include_str!("../found-seeds.txt");

    /// How many seeds a full run has, and how often each fault then has to have met each stage of an exchange.
    const SEEDS: u64 = 60_000;
    const LEAST: u64 = 100;

    #[test]
    fn found_seeds_hold() {
        for seed in FOUND.lines().map(|line| line.parse().expect("a seed")) {
            let report = run::seed(seed, false);
            assert_eq!(report.failure, None, "seed {seed}");
        }
    }

    #[test]
    fn a_tab_killed_at_any_step_leaves_a_usable_session() {
        let (runs, failures) = report::kills(1, false);
        assert!(failures.is_empty(), "{failures:?}");
        assert!(runs > 5_000, "only {runs} runs");
    }

    #[test]
    fn the_invariants_hold_in_every_world() {
        let mut totals = report::seeds(0..SEEDS, false);
        println!("{}", totals.text());
        assert!(totals.failures.is_empty(), "{:?}", totals.failures);
        assert!(totals.median_steps() >= 30 && totals.median_tabs() >= 2);
        assert_eq!(totals.thin(LEAST), Vec::<String>::new());
    }

    #[test]
    fn a_seed_tells_the_same_story_twice() {
        for seed in 0..20 {
            assert_eq!(run::seed(seed, true).story, run::seed(seed, true).story);
        }
    }
}
