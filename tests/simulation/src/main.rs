//! A simulated browser, network and server around the product's own session code. One seed decides everything.

mod action;
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
mod run;
mod server;
mod shelf;
mod sim;
mod story;
mod wire;
mod world;

use clap::Parser;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

#[derive(Parser)]
struct Arguments {
    /// Run this seed alone, and tell its story
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Kill a tab at every step of an exchange, in so many schedules of each case
    #[arg(long)]
    kills: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        let report = run::seed(seed, true);
        println!("{}", report.story);
        return match report.failure {
            Some(failure) => {
                println!("seed {seed}: {failure}");
                ExitCode::FAILURE
            }
            None => ExitCode::SUCCESS,
        };
    }
    if let Some(schedules) = arguments.kills {
        let mut runs = 0;
        let mut found = std::collections::BTreeMap::<String, (u32, String)>::new();
        for case in exhaustive::cases(schedules) {
            let (count, failure) = exhaustive::every_step(case);
            runs += count;
            if let Some((step, failure)) = failure {
                let entry = found.entry(failure).or_insert((
                    0,
                    format!(
                        "{case:?} step {step}\n{}",
                        exhaustive::run(case, step, true).0.story
                    ),
                ));
                entry.0 += 1;
            }
        }
        for (failure, (count, story)) in found {
            println!("{count} × {failure}\n{story}\n");
        }
        println!("{runs} runs");
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from + arguments.seeds;
    let failed = AtomicBool::new(false);
    let found = Mutex::new(std::collections::BTreeMap::<String, Vec<u64>>::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let report = run::seed(seed, false);
                    if let Some(failure) = report.failure {
                        failed.store(true, Ordering::Relaxed);
                        let kind: String =
                            failure.chars().filter(|c| !c.is_ascii_digit()).collect();
                        found.lock().unwrap().entry(kind).or_default().push(seed);
                    }
                }
            });
        }
    });
    for (kind, seeds) in found.lock().unwrap().iter() {
        println!(
            "{:>6} × {kind}  (seed {})",
            seeds.len(),
            seeds.iter().min().unwrap()
        );
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} seeds in {seconds:.1} s, {:.0} a second",
        arguments.seeds,
        arguments.seeds as f64 / seconds
    );
    if failed.load(Ordering::Relaxed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
