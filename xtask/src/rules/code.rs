//! Rules about code.

use super::{File, assert_none, files};

const MOST_LINES: usize = 500;

/// A file that is longer holds more than one thing.
fn long_files(files: &[File]) -> Vec<String> {
    let ours = files
        .iter()
        .filter(|file| {
            file.is_in(&[
                "src/",
                "xtask/",
                "pkg-template/",
                "tests/",
                "www/",
                "bench/",
            ])
        })
        // One page of reference, which an editor shows piece by piece.
        .filter(|file| !file.path.ends_with(".d.ts"));
    ours.filter(|file| file.text.lines().count() > MOST_LINES)
        .map(|file| {
            format!(
                "{} has {} lines; {MOST_LINES} are the most",
                file.path,
                file.text.lines().count()
            )
        })
        .collect()
}

/// What is not done yet is not in the repository.
fn reminders(files: &[File]) -> Vec<String> {
    // Put together here, or this file would break its own rule.
    let macros = [concat!("to", "do!"), concat!("unimpl", "emented!")];
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    complaints(files, |line| {
        let marked = words(line).find(|word| marks.contains(word));
        marked.or_else(|| macros.into_iter().find(|name| line.contains(name)))
    })
}

/// The protocol and the session's life run without a browser, in tests and in the simulator.
fn browser_in_the_core(files: &[File]) -> Vec<String> {
    let core = files
        .iter()
        .filter(|file| file.is_in(&["src/protocol", "src/session"]) && file.has_extension(&["rs"]));
    complaints(core, |line| {
        words(code(line)).find(|word| {
            ["web_sys", "js_sys", "wasm_bindgen", "gloo_net", "browser"].contains(word)
        })
    })
}

fn unsafe_code(files: &[File]) -> Vec<String> {
    let source = files
        .iter()
        .filter(|file| file.is_in(&["src/"]) && file.has_extension(&["rs"]));
    complaints(source, |line| {
        words(code(line)).find(|word| *word == "unsafe")
    })
}

/// One complaint for each line in which `find` finds something.
fn complaints<'a>(
    files: impl IntoIterator<Item = &'a File>,
    find: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(found) = find(line) {
                complaints.push(format!("{}:{}: {found}", file.path, index + 1));
            }
        }
    }
    complaints
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[test]
fn files_are_short() {
    assert_none(long_files(&files()));
    let long = File::new("src/long.rs", "\n".repeat(MOST_LINES + 1));
    let longest = File::new("src/longest.rs", "\n".repeat(MOST_LINES));
    assert_eq!(
        long_files(&[long, longest]),
        ["src/long.rs has 501 lines; 500 are the most"]
    );
}

#[test]
fn nothing_is_left_to_do() {
    assert_none(reminders(&files()));
    let bad = concat!(
        "fine\n// FIX",
        "ME: later\nto",
        "do!()\nXX",
        "XX is no mark\n"
    );
    assert_eq!(
        reminders(&[File::new("www/page.js", bad)]),
        [
            concat!("www/page.js:2: FIX", "ME"),
            concat!("www/page.js:3: to", "do!")
        ]
    );
}

#[test]
fn the_core_does_not_know_the_browser() {
    assert_none(browser_in_the_core(&files()));
    let bad = "// the browser does it\nuse crate::browser::Page;\nuse crate::{browser, error};\nweb_sys::window();\n";
    let found = browser_in_the_core(&[
        File::new("src/session/exchange.rs", bad),
        File::new("src/protocol.rs", "use js_sys::Date;"),
        File::new("src/browser/fetch.rs", bad),
    ]);
    assert_eq!(
        found,
        [
            "src/session/exchange.rs:2: browser",
            "src/session/exchange.rs:3: browser",
            "src/session/exchange.rs:4: web_sys",
            "src/protocol.rs:1: js_sys",
        ]
    );
}

#[test]
fn the_crate_has_no_unsafe_code() {
    assert_none(unsafe_code(&files()));
    let bad = "#![forbid(unsafe_code)]\nlet x = unsafe { *p }; // unsafe\n";
    assert_eq!(
        unsafe_code(&[File::new("src/lib.rs", bad)]),
        ["src/lib.rs:2: unsafe"]
    );
}
