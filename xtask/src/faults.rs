//! `cargo xtask faults`: what may go wrong (tests/faults.md), and the tests that are named after it.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::repository::Repository;

const LIST: &str = "tests/faults.md";

/// Where a test may be, in the order in which they are shown.
const COLUMNS: [(&str, &[&str]); 3] = [
    ("browser", &["tests/e2e", "tests/packaging", "tests/web"]),
    ("simulator", &["tests/simulation"]),
    ("native", &["tests/native"]),
];

/// A row of the list.
struct Fault {
    /// `N03`
    id: String,
    title: String,
    /// No version does it yet.
    is_later: bool,
    /// The tests' names, by column.
    tests: [Vec<String>; COLUMNS.len()],
}

pub fn print(repository: &Repository) -> Result<()> {
    let (faults, complaints) = survey(repository)?;
    for fault in &faults {
        println!("{fault}");
    }
    let covered = |column: usize| {
        let rows = faults
            .iter()
            .filter(|fault| !fault.tests[column].is_empty());
        format!("{} in the {}", rows.count(), COLUMNS[column].0)
    };
    let columns: Vec<String> = (0..COLUMNS.len()).map(covered).collect();
    println!("{} rows: {}", faults.len(), columns.join(", "));
    if !complaints.is_empty() {
        bail!("not every fault has a test\n{}", complaints.join("\n"));
    }
    Ok(())
}

/// The list with its tests, and what is wrong with it.
fn survey(repository: &Repository) -> Result<(Vec<Fault>, Vec<String>)> {
    let list =
        fs::read_to_string(repository.path(LIST)).with_context(|| format!("reading {LIST}"))?;
    let mut faults = read_list(&list)?;
    let mut complaints = Vec::new();
    for (column, (_, folders)) in COLUMNS.iter().enumerate() {
        for folder in *folders {
            let mut names = Vec::new();
            collect(&repository.path(folder), &mut names)?;
            complaints.extend(sort_in(&mut faults, column, names));
        }
    }
    let untested = faults
        .iter()
        .filter(|fault| fault.is_empty() && !fault.is_later);
    complaints.extend(untested.map(|fault| format!("{} has no test: {}", fault.id, fault.title)));
    Ok((faults, complaints))
}

/// The rows: `- **N01** What happens`, or `- V08 *Later:* what will`.
fn read_list(list: &str) -> Result<Vec<Fault>> {
    let rows = list.lines().filter_map(|line| line.strip_prefix("- "));
    let faults = rows.map(|row| {
        let (id, title) = row.split_once(' ').unwrap_or_default();
        let id = id.trim_matches('*');
        let (is_later, title) = match title.strip_prefix("*Later:* ") {
            Some(title) => (true, title),
            None => (false, title),
        };
        if !is_id(&id.to_lowercase()) || title.is_empty() {
            bail!("{LIST}: `{row}` is no row");
        }
        Ok(Fault {
            id: id.to_owned(),
            title: title.to_owned(),
            is_later,
            tests: Default::default(),
        })
    });
    faults.collect()
}

/// Gives each fault the tests that are named after it; the names that are of no fault, though of a listed group.
fn sort_in(faults: &mut [Fault], column: usize, names: Vec<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in names {
        for id in ids(&name) {
            let id = id.to_uppercase();
            if let Some(fault) = faults.iter_mut().find(|fault| fault.id == id) {
                fault.tests[column].push(name.clone());
            } else if faults.iter().any(|fault| fault.id[..1] == id[..1]) {
                complaints.push(format!(
                    "`{name}` is named after {id}, which is not in {LIST}"
                ));
            }
        }
    }
    complaints
}

/// The names of all tests below a folder that begin with an id.
fn collect(folder: &Path, names: &mut Vec<String>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, names)?;
            continue;
        }
        let text =
            || fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => names.extend(in_rust(&text()?)),
            Some("mjs") => names.extend(in_javascript(&text()?)),
            _ => {}
        }
    }
    Ok(())
}

/// Functions that run as tests, and the names in tables of scenarios.
fn in_rust(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut attributes = String::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            attributes.push_str(line);
            continue;
        }
        let function = line.strip_prefix("pub ").unwrap_or(line);
        let function = function.strip_prefix("async ").unwrap_or(function);
        if let Some(function) = function.strip_prefix("fn ") {
            let name = function.split(['(', '<']).next().unwrap_or_default();
            if attributes.contains("test]") && !attributes.contains("#[ignore") {
                names.push(name.to_owned());
            }
        } else if !line.starts_with("//") {
            names.extend(literals(line));
        }
        attributes.clear();
    }
    names.retain(|name| !ids(name).is_empty());
    names
}

/// The names of tests, of groups of them, and in tables that tests are made from: each is a text that begins with an id.
fn in_javascript(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.starts_with("//") && !line.contains(".skip("));
    let mut names: Vec<String> = code.flat_map(literals).collect();
    names.retain(|name| !ids(name).is_empty());
    names
}

/// What stands behind each quotation mark of a line, up to the next one of its kind.
fn literals(line: &str) -> Vec<String> {
    let quotes = line.match_indices(['"', '\'', '`']);
    let texts = quotes.map(|(at, quote)| line[at + 1..].split(quote).next().unwrap_or_default());
    texts.map(str::to_owned).collect()
}

/// The ids with which a name begins: of `n08_v01_no_json`, `n08` and `v01`. An id alone is no name.
fn ids(name: &str) -> Vec<&str> {
    let words: Vec<&str> = name.split(['_', ' ']).collect();
    let ids = words.iter().take_while(|word| is_id(word)).count();
    if ids == words.len() {
        return Vec::new();
    }
    words[..ids].to_vec()
}

fn is_id(word: &str) -> bool {
    matches!(word.as_bytes(), [b'a'..=b'z', b'0'..=b'9', b'0'..=b'9'])
}

impl Fault {
    fn is_empty(&self) -> bool {
        self.tests.iter().all(Vec::is_empty)
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let later = if self.is_later { "Later: " } else { "" };
        writeln!(formatter, "{}  {later}{}", self.id, self.title)?;
        for ((column, _), tests) in COLUMNS.iter().zip(&self.tests) {
            let mut label = *column;
            for test in tests {
                writeln!(formatter, "     {label:<9}  {test}")?;
                label = "";
            }
            if tests.is_empty() {
                writeln!(formatter, "     {label:<9}  -")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_test() {
        let repository = Repository::open().expect("the repository is there");
        let (faults, complaints) = survey(&repository).expect("the list can be read");
        // Without this an empty list would have no complaint.
        assert!(faults.len() > 60 && faults.iter().any(|fault| fault.id == "N01"));
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }

    #[test]
    fn a_row_is_an_id_and_a_title() {
        let faults = read_list("# N\n- **N01** It breaks\n- V08 *Later:* not yet\nprose\n");
        let rows: Vec<_> = faults
            .unwrap()
            .into_iter()
            .map(|fault| (fault.id, fault.title, fault.is_later))
            .collect();
        assert_eq!(
            rows,
            [
                ("N01".to_owned(), "It breaks".to_owned(), false),
                ("V08".to_owned(), "not yet".to_owned(), true)
            ]
        );
        for wrong in ["- **N1** a", "- N01", "- N01 *Later:* ", "- It breaks"] {
            assert!(read_list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_begins_with_one_id_or_more() {
        assert_eq!(ids("n08_v01_no_json"), ["n08", "v01"]);
        assert_eq!(ids("s03 x04 a record"), ["s03", "x04"]);
        for no_name in [
            "n08",
            "a_n08_is_no_start",
            "n8_no_id",
            "n088_no_id",
            "N08_no_id",
            "",
            "n08no",
        ] {
            assert!(ids(no_name).is_empty(), "{no_name}");
        }
    }

    #[test]
    fn only_what_runs_is_a_test() {
        let rust = "#[test]\nfn n01_a() {}\n#[wasm_bindgen_test]\nasync fn n02_b() {\nfn n03_no_test() {}\n\
            #[test]\n#[ignore]\nfn n04_ignored() {}\n// \"n05 a comment\"\n    (\"n06 a scenario\", n07_helper),\n";
        assert_eq!(in_rust(rust), ["n01_a", "n02_b", "n06 a scenario"]);
        let javascript = "test(\"n01 it's\", () => {});\n  // test('n02 a comment')\ntest.skip('n03 not run')\n\
            describe(`n04 ${name}`, f);\n  [\"n05_a_row\", 'n06']\n";
        assert_eq!(
            in_javascript(javascript),
            ["n01 it's", "n04 ${name}", "n05_a_row"]
        );
    }

    #[test]
    fn a_name_belongs_to_each_of_its_rows() {
        let mut faults = read_list("- N01 one\n- V01 another\n").unwrap();
        let names = ["n01_v01_a", "k01_of_no_group", "n02_gone"].map(str::to_owned);
        let strays = sort_in(&mut faults, 2, names.to_vec());
        assert!(faults.iter().all(|fault| fault.tests[2] == ["n01_v01_a"]));
        assert_eq!(
            strays,
            ["`n02_gone` is named after N02, which is not in tests/faults.md"]
        );
    }
}
