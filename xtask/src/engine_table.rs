//! How many tests passed in each browser engine, and what was skipped for want of what.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum as _;

use crate::run;
use crate::setup::Engine;

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
