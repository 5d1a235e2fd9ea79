//! A test that no step runs checks nothing.

use clap::ValueEnum;

use super::{File, assert_none, files};
use crate::step::Step;

fn forgotten_tests(files: &[File]) -> Vec<String> {
    let folders: Vec<&str> = Step::value_variants()
        .iter()
        .flat_map(|step| step.test_folders())
        .copied()
        .collect();
    let tests = files.iter().filter(|file| file.path.contains(".test."));
    let run = |path: &str| {
        path.rsplit_once('/')
            .is_some_and(|(folder, _)| folders.contains(&folder))
    };
    tests
        .filter(|file| !run(&file.path) || !file.path.ends_with(".test.mjs"))
        .map(|file| format!("no step of `cargo xtask test` runs {}", file.path))
        .collect()
}

#[test]
fn every_test_is_run() {
    assert_none(forgotten_tests(&files()));
    let test = |path| File::new(path, "");
    let found = forgotten_tests(&[
        test("tests/e2e/sign_in.test.mjs"),
        test("tests/e2e/support/browser.mjs"),
        test("tests/e2e/support/browser.test.mjs"),
        test("tests/e2e/sign_in.test.js"),
        test("www/page.test.mjs"),
    ]);
    assert_eq!(
        found,
        [
            "tests/e2e/support/browser.test.mjs",
            "tests/e2e/sign_in.test.js",
            "www/page.test.mjs"
        ]
        .map(|path| format!("no step of `cargo xtask test` runs {path}"))
    );
}
