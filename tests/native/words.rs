//! The names that Rust and JavaScript share, and the codes that the documents list.

use rekindle::words::{Code, Problem, Word};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Said by the shell of the npm package, when there is no instance left to ask.
const SHELL: [&str; 4] = [
    "closed",
    "crashed",
    "origin_not_allowed",
    "wasm_unavailable",
];
/// Of features still to come: in the types already, and documented as such.
const LATER: [&str; 0] = [];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn texts<T>(names: &[(T, &'static str)]) -> Vec<&'static str> {
    names.iter().map(|(_, text)| *text).collect()
}

fn words_js() -> String {
    let list = |name: &str, texts: Vec<&str>| {
        let lines = texts.iter().map(|text| {
            let quoted = serde_json::Value::from(*text);
            format!("  {quoted},\n")
        });
        format!("export const {name} = [\n{}];\n", lines.collect::<String>())
    };
    [
        "// The names of words.rs, by number. Written from there: `UPDATE=1 cargo test words` writes this file again.\n".to_owned(),
        list("WORDS", texts(Word::ALL)),
        list("CODES", texts(Code::ALL)),
        list("PROBLEMS", texts(Problem::ALL)),
    ]
    .concat()
}

#[test]
fn words_are_the_same_in_javascript() {
    const FILE: &str = "src/browser/words.js";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(FILE), words_js()).expect("the file can be written");
    }
    assert!(
        read(FILE) == words_js(),
        "{FILE} is not what src/words.rs says: `UPDATE=1 cargo test words` writes it again"
    );
}

#[test]
fn words_have_the_number_of_their_place() {
    let is_in_place = |(at, number): (usize, u16)| at == usize::from(number);
    assert!(
        Word::ALL
            .iter()
            .map(|&(word, _)| word as u16)
            .enumerate()
            .all(is_in_place)
    );
    assert!(
        Code::ALL
            .iter()
            .map(|&(code, _)| code as u16)
            .enumerate()
            .all(is_in_place)
    );
    assert!(
        Problem::ALL
            .iter()
            .map(|&(problem, _)| problem as u16)
            .enumerate()
            .all(is_in_place)
    );
}

#[test]
fn words_are_there_once() {
    for list in [texts(Word::ALL), texts(Code::ALL), texts(Problem::ALL)] {
        let unique: BTreeSet<_> = list.iter().collect();
        let twice: Vec<_> = list
            .iter()
            .filter(|text| list.iter().filter(|other| other == text).count() > 1)
            .collect();
        assert_eq!(unique.len(), list.len(), "{twice:?}");
    }
}

fn set<'a>(codes: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    codes.into_iter().map(str::to_owned).collect()
}

/// The codes that this version has.
fn at_work() -> BTreeSet<String> {
    set(texts(Code::ALL).into_iter().chain(SHELL))
}

/// The members of the union `RekindleErrorCode`, each with its comment.
fn declared() -> Vec<(String, String)> {
    let types = read("pkg-template/index.d.ts");
    let (_, union) = types
        .split_once("export type RekindleErrorCode =\n")
        .expect("the type is declared");
    let members = union
        .lines()
        .map_while(|line| line.trim().strip_prefix("| \""));
    members
        .map(|member| {
            let (code, comment) = member.split_once('"').expect("a member ends");
            (code.to_owned(), comment.to_owned())
        })
        .collect()
}

#[test]
fn codes_are_declared_in_the_types() {
    let (later, now): (Vec<_>, Vec<_>) = declared()
        .into_iter()
        .partition(|(_, comment)| comment.contains("Not in this version"));
    let codes = |members: Vec<(String, String)>| -> BTreeSet<String> {
        members.into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes(now), at_work());
    assert_eq!(codes(later), set(LATER));
}

/// The codes in the first column of a page's tables: those at work, and those that never come.
fn described(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = read(page);
    let (_, text) = text
        .split_once("| code |")
        .expect("there is a table of codes");
    let text = text.split("\n## Configuration").next().unwrap_or_default();
    let (mut now, mut later) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let (first, rest) = line[1..].split_once('|').expect("a row has columns");
        let codes = first.split('`').skip(1).step_by(2).map(str::to_owned);
        if rest.contains("Never in this version") {
            later.extend(codes);
        } else {
            now.extend(codes);
        }
    }
    (now, later)
}

#[test]
fn codes_are_described_in_the_documents() {
    for page in ["pkg-template/README.md", "docs/errors.md"] {
        let (now, later) = described(page);
        assert_eq!(now, at_work(), "{page}");
        assert_eq!(later, set(LATER), "{page}");
    }
}

#[test]
fn codes_have_a_sentence_each() {
    let errors = read("src/browser/errors.js");
    let (_, messages) = errors
        .split_once("const MESSAGES = {\n")
        .expect("there are messages");
    let (messages, _) = messages.split_once("\n};").expect("the messages end");
    let codes = messages.lines().filter_map(|line| {
        let (code, rest) = line.strip_prefix("  ")?.split_once(':')?;
        let is_code = code
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_');
        (is_code && rest.contains("=>")).then(|| code.to_owned())
    });
    assert_eq!(codes.collect::<BTreeSet<_>>(), at_work());
}
