//! The bytes that each entry of the package may take. xtask/sizes.json has them, with those that it took when they were last written
//! down; `UPDATE=1 cargo xtask build` does that.

use std::{env, fs};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::package::Package;
use crate::repository::Repository;
use crate::run;
use crate::size_table::{self, grouped};

const FILE: &str = "xtask/sizes.json";

/// Something that an app imports. With brotli, for that is how it travels.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Entry {
    /// What a page loads for it, in the package.
    files: Vec<String>,
    bytes: usize,
    /// Little is the reason to choose this package, and a dependency that brings text formatting or its like into the wasm costs
    /// more than is left.
    budget: usize,
}

/// Prints what each entry takes; it is an error if one takes more than its budget.
pub fn check(repository: &Repository, package: &Package) -> Result<()> {
    let path = repository.path(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {FILE}"))?;
    let committed = committed(repository).unwrap_or_else(|| text.clone());
    let committed: Map<String, Value> = serde_json::from_str(&committed).context(FILE)?;
    let folder = package
        .index_js
        .parent()
        .context("the package has a folder")?;
    let mut entries = Vec::new();
    for (name, entry) in serde_json::from_str::<Map<String, Value>>(&text).context(FILE)? {
        let mut before: Entry = serde_json::from_value(entry).context(FILE)?;
        if let Some(bytes) = committed
            .get(&name)
            .and_then(|entry| entry["bytes"].as_u64())
        {
            before.bytes = usize::try_from(bytes)?;
        }
        let files: Vec<_> = before.files.iter().map(|file| folder.join(file)).collect();
        let bytes = size_table::sizes(&files)?
            .iter()
            .map(|[.., brotli]| brotli)
            .sum();
        entries.push((name, before, bytes));
    }
    size_table::print_table(&table(&entries));
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, written(&entries)?)?;
    }
    match complaints(&entries) {
        none if none.is_empty() => Ok(()),
        complaints => bail!("{}", complaints.join("\n")),
    }
}

/// As the last commit has it; nothing where there is no git.
fn committed(repository: &Repository) -> Option<String> {
    let show = format!("HEAD:{FILE}");
    run::output(repository.command("git").args(["show", &show])).ok()
}

fn table(entries: &[(String, Entry, usize)]) -> Vec<Vec<String>> {
    let heads = [
        "with brotli",
        "bytes",
        "last commit",
        "difference",
        "budget",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for (name, before, bytes) in entries {
        rows.push(vec![
            name.clone(),
            grouped(*bytes),
            grouped(before.bytes),
            difference(before.bytes, *bytes),
            grouped(before.budget),
        ]);
    }
    rows
}

fn difference(before: usize, now: usize) -> String {
    let sign = match now.cmp(&before) {
        std::cmp::Ordering::Less => "-",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}", grouped(now.abs_diff(before)))
}

fn complaints(entries: &[(String, Entry, usize)]) -> Vec<String> {
    let over = entries
        .iter()
        .filter(|(_, before, bytes)| *bytes > before.budget);
    over.map(|(name, before, bytes)| {
        format!(
            "{name} takes {} bytes with brotli, {} since the last commit, and {} are the most it may",
            grouped(*bytes),
            difference(before.bytes, *bytes),
            grouped(before.budget)
        )
    })
    .collect()
}

/// sizes.json with the bytes of now.
fn written(entries: &[(String, Entry, usize)]) -> Result<String> {
    let mut all = Map::new();
    for (name, before, bytes) in entries {
        let now = Entry {
            bytes: *bytes,
            ..before.clone()
        };
        all.insert(name.clone(), serde_json::to_value(now)?);
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&all)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(bytes: usize) -> Vec<(String, Entry, usize)> {
        let before = Entry {
            files: vec!["index.js".into()],
            bytes: 9_500,
            budget: 10_000,
        };
        vec![("rekindle".into(), before, bytes)]
    }

    #[test]
    fn the_difference_is_in_the_table() {
        let row = |bytes| table(&entries(bytes))[1].join(" ");
        assert_eq!(row(9_500), "rekindle 9,500 9,500 0 10,000");
        assert_eq!(row(10_524), "rekindle 10,524 9,500 +1,024 10,000");
        assert_eq!(row(8_000), "rekindle 8,000 9,500 -1,500 10,000");
    }

    #[test]
    fn an_entry_over_its_budget_is_complained_of() {
        assert!(complaints(&entries(10_000)).is_empty());
        assert_eq!(
            complaints(&entries(10_524)),
            [
                "rekindle takes 10,524 bytes with brotli, +1,024 since the last commit, and 10,000 are the most it may"
            ]
        );
    }

    #[test]
    fn what_is_written_down_is_read_again() {
        let text = written(&entries(9_876)).unwrap();
        let all: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let entry: Entry = serde_json::from_value(all["rekindle"].clone()).unwrap();
        assert_eq!(
            entry,
            Entry {
                bytes: 9_876,
                ..entries(0)[0].1.clone()
            }
        );
    }
}
