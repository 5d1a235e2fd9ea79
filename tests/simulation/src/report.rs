//! Many seeds on all cores, and what they add up to.

use crate::action::Action;
use crate::coverage::Stage;
use crate::exhaustive::{self, Case};
use crate::network::Fault;
use crate::run::{self, Report};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An exchange's first request, and those that are sent again.
const TRIES: usize = 2;

/// How many seeds are run before their sum is looked at, and how many requests after an outage say something.
const PORTION: usize = 1_000;
const ENOUGH: usize = 40;

/// What a range of seeds came to.
#[derive(Default)]
pub struct Totals {
    pub seeds: u64,
    pub took: Duration,
    pub actions: BTreeMap<(Action, Stage), u64>,
    pub faults: BTreeMap<(Fault, usize), u64>,
    steps: Vec<usize>,
    tabs: Vec<usize>,
    pub after_outage: Vec<u64>,
    /// Seeds by what was wrong, numbers aside.
    pub failures: BTreeMap<String, Vec<u64>>,
}

impl Totals {
    fn add(&mut self, report: Report) {
        self.seeds += 1;
        for (key, count) in report.coverage.actions {
            *self.actions.entry(key).or_default() += count;
        }
        for (key, count) in report.coverage.faults {
            *self.faults.entry(key).or_default() += count;
        }
        self.steps.push(report.coverage.steps);
        self.tabs.push(report.coverage.tabs);
        self.after_outage.extend(report.coverage.after_outage);
        if let Some(failure) = report.failure {
            let kind = failure
                .chars()
                .filter(|letter| !letter.is_ascii_digit())
                .collect();
            self.failures.entry(kind).or_default().push(report.seed);
        }
    }

    pub fn median_steps(&mut self) -> usize {
        median(&mut self.steps)
    }

    pub fn median_tabs(&mut self) -> usize {
        median(&mut self.tabs)
    }

    /// Promise 7: after an outage pages renew with jitter, not in a stampede. No single seed can show that.
    fn judge_spread(&mut self) {
        let spread = self.spread();
        let asked: usize = spread.iter().sum();
        if asked >= ENOUGH && spread.iter().any(|&count| count * 2 > asked) {
            let failure = format!("after an outage pages ask at once: {spread:?} by second");
            self.failures.entry(failure).or_default();
        }
    }

    /// How the requests after an outage are spread over the first five seconds, by seconds.
    pub fn spread(&self) -> [usize; 6] {
        let mut spread = [0; 6];
        for &ms in &self.after_outage {
            let second = usize::try_from(ms / 1000).unwrap_or(5).min(5);
            if let Some(count) = spread.get_mut(second) {
                *count += 1;
            }
        }
        spread
    }

    /// The cells of both tables that were met less often than this.
    #[cfg(test)]
    pub fn thin(&self, least: u64) -> Vec<String> {
        let mut thin = Vec::new();
        for &action in Action::ALL {
            for &stage in Stage::ALL {
                let count = self.actions.get(&(action, stage)).copied().unwrap_or(0);
                if count < least {
                    thin.push(format!("{action:?} while {stage:?}: {count}"));
                }
            }
        }
        for &fault in Fault::ALL {
            for attempt in 1..=TRIES {
                let count = self.faults.get(&(fault, attempt)).copied().unwrap_or(0);
                if count < least {
                    thin.push(format!("{fault:?} in a request of kind {attempt}: {count}"));
                }
            }
        }
        thin
    }

    pub fn text(&mut self) -> String {
        let mut text = String::new();
        let _ = write!(text, "{:18}", "");
        for stage in Stage::ALL {
            let _ = write!(text, "{:>12}", format!("{stage:?}"));
        }
        for &action in Action::ALL {
            let _ = write!(text, "\n{:18}", format!("{action:?}"));
            for &stage in Stage::ALL {
                let count = self.actions.get(&(action, stage)).copied().unwrap_or(0);
                let _ = write!(text, "{count:>12}");
            }
        }
        let _ = write!(text, "\n\n{:18}", "");
        for attempt in 1..=TRIES {
            let _ = write!(text, "{:>12}", if attempt == 1 { "first" } else { "again" });
        }
        for &fault in Fault::ALL {
            let _ = write!(text, "\n{:18}", format!("{fault:?}"));
            for attempt in 1..=TRIES {
                let count = self.faults.get(&(fault, attempt)).copied().unwrap_or(0);
                let _ = write!(text, "{count:>12}");
            }
        }
        let (steps, tabs) = (self.median_steps(), self.median_tabs());
        let _ = write!(
            text,
            "\n\nin the median: {steps} actions and faults, {tabs} tabs"
        );
        let _ = write!(
            text,
            "\nfirst requests after an outage, by second: {:?}",
            self.spread()
        );
        let seconds = self.took.as_secs_f64();
        let _ = write!(
            text,
            "\n{} seeds in {seconds:.1} s, {:.0} a second",
            self.seeds,
            self.seeds as f64 / seconds
        );
        for (kind, failed) in &self.failures {
            let _ = write!(
                text,
                "\nfound {} times in {} seeds: {kind}",
                failed.len().max(1),
                self.seeds
            );
            if let Some(seed) = failed.iter().min() {
                let _ = write!(text, ", first in seed {seed}");
            }
        }
        text
    }
}

fn median(numbers: &mut [usize]) -> usize {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

/// Runs the seeds; where it stops at the first failure, in portions.
pub fn seeds(seeds: Range<u64>, stops_at_failure: bool) -> Totals {
    let started = Instant::now();
    let totals = Mutex::new(Totals::default());
    let all: Vec<u64> = seeds.collect();
    for portion in all.chunks(if stops_at_failure {
        PORTION
    } else {
        all.len().max(1)
    }) {
        on_all_cores(portion.len(), |index| {
            let report = run::seed(portion[index], false);
            let failed = report.failure.is_some();
            totals.lock().expect("no thread has panicked").add(report);
            !(failed && stops_at_failure)
        });
        let mut totals = totals.lock().expect("no thread has panicked");
        totals.judge_spread();
        if stops_at_failure && !totals.failures.is_empty() {
            break;
        }
    }
    let mut totals = totals.into_inner().expect("no thread has panicked");
    totals.took = started.elapsed();
    totals
}

/// What the exhaustive run came to: how many runs, and each failure with a case and a step that shows it.
pub fn kills(schedules: u64, stops_at_failure: bool) -> (u64, BTreeMap<String, (Case, u32)>) {
    let cases = exhaustive::cases(schedules);
    let found = Mutex::new((0, BTreeMap::new()));
    on_all_cores(cases.len(), |index| {
        let case = cases[index];
        let (runs, failure) = exhaustive::every_step(case);
        let failed = failure.is_some();
        let mut found = found.lock().expect("no thread has panicked");
        found.0 += u64::from(runs);
        if let Some((step, failure)) = failure {
            found.1.entry(failure).or_insert((case, step));
        }
        !(failed && stops_at_failure)
    });
    found.into_inner().expect("no thread has panicked")
}

/// Does it for each number below `count`, until one says that it is enough.
fn on_all_cores(count: usize, work: impl Fn(usize) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    if !work(index) {
                        next.store(count, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}
