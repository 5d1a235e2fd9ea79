//! How many tests passed in each browser engine, and what was skipped for want of what.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum as _;

use crate::run;
use crate::setup::Engine;

/// The tests that are of the engine's own WebCrypto: all others than Chromium leave them out.
pub const VECTORS: &str = "vectors::";

/// Of the tests of one step in one engine, or in several at once.
pub struct Counts {
    step: String,
    engines: String,
    time: Duration,
    passed: usize,
    failed: usize,
    /// By the word that docs/browsers.md has for what is lacking.
    skipped: BTreeMap<String, usize>,
}

impl Counts {
    /// From what Node's TAP reporter wrote.
    pub fn read(step: String, engines: String, time: Duration, tap: &str) -> Self {
        let total = |name: &str| {
            let start = format!("# {name} ");
            tap.lines()
                .filter_map(|line| line.strip_prefix(&start)?.parse::<usize>().ok())
                .sum::<usize>()
        };
        let mut skipped = BTreeMap::new();
        for line in tap.lines() {
            if let Some((_, reason)) = line.split_once(" # SKIP") {
                *skipped.entry(word(reason.trim())).or_default() += 1;
            }
        }
        Self {
            step,
            engines,
            time,
            passed: total("pass"),
            failed: total("fail") + total("cancelled"),
            skipped,
        }
    }

    /// From the lines that wasm-bindgen's test runner wrote: only [`VECTORS`] are left out.
    pub fn of_wasm_bindgen(
        step: String,
        engines: String,
        time: Duration,
        lines: &[String],
    ) -> Self {
        let total = |what: &str| -> usize {
            lines
                .iter()
                .filter(|line| line.starts_with("test result: "))
                .flat_map(|line| line.split("; "))
                .filter_map(|part| {
                    part.strip_suffix(what)?
                        .split(' ')
                        .next_back()?
                        .parse::<usize>()
                        .ok()
                })
                .sum::<usize>()
        };
        let left_out = total(" filtered out");
        let word = VECTORS.trim_end_matches(':').to_owned();
        Self {
            step,
            engines,
            time,
            passed: total(" passed"),
            failed: total(" failed"),
            skipped: BTreeMap::from_iter((left_out > 0).then_some((word, left_out))),
        }
    }

    fn line(&self) -> String {
        let skipped: Vec<_> = self
            .skipped
            .iter()
            .map(|(word, times)| format!("{word} {times}"))
            .collect();
        format!(
            "{:>6}  {:<11} {:<23} {:>4} passed {:>3} failed {:>3} skipped  {}",
            run::minutes(self.time),
            self.step,
            self.engines,
            self.passed,
            self.failed,
            self.skipped.values().sum::<usize>(),
            skipped.join(", ")
        )
        .trim_end()
        .to_owned()
    }
}

pub fn print(counts: &[Counts]) {
    if counts.is_empty() {
        return;
    }
    println!("\n=== tests in each engine; what was skipped: docs/browsers.md ===");
    for count in counts {
        println!("{}", count.line());
    }
}

/// `devtools`, of `firefox: devtools: nothing looks at …`; any other reason stays as it is, to be seen.
fn word(reason: &str) -> String {
    let is_engine = |name: &str| {
        Engine::value_variants()
            .iter()
            .any(|engine| engine.name() == name)
    };
    match reason.splitn(3, ": ").collect::<Vec<_>>()[..] {
        [engine, word, _] if is_engine(engine) => word.to_owned(),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_runner_of_wasm_bindgen_counts_in_one_line() {
        let lines = [
            "running 3 tests",
            "test result: ok. 2 passed; 1 failed; 0 ignored; 12 filtered out; finished in 0.1s",
            "test result: ok. 30 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.1s",
        ]
        .map(str::to_owned);
        let counts = Counts::of_wasm_bindgen(
            "web".into(),
            "webkit".into(),
            Duration::from_secs(5),
            &lines,
        );
        assert_eq!(
            counts.line(),
            "  0:05  web         webkit                    32 passed   1 failed  12 skipped  vectors 12"
        );
    }

    #[test]
    fn tests_are_counted_by_the_word_for_which_they_were_skipped() {
        let tap = "TAP version 13
# Subtest: t01 a group
    ok 1 - passes
    ok 2 - one # SKIP firefox: freeze: nothing freezes a page
    ok 3 - other # SKIP firefox: freeze: nothing freezes a page
ok 4 - last # SKIP not today
# tests 5
# pass 1
# fail 1
# cancelled 1
# skipped 3
";
        let counts = Counts::read(
            "end-to-end".into(),
            "firefox".into(),
            Duration::from_secs(65),
            tap,
        );
        assert_eq!(
            counts.line(),
            "  1:05  end-to-end  firefox                    1 passed   2 failed   3 skipped  freeze 2, not today 1"
        );
    }
}
