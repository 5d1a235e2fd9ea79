//! What the bytes are spent on: the largest functions of the module and the largest JavaScript files.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::package::Package;
use crate::repository::Repository;
use crate::size_table::{grouped, print_table};

const SHOWN: usize = 10;

struct Part {
    name: String,
    bytes: usize,
}

pub fn print(repository: &Repository, package: &Package) -> Result<()> {
    let functions = parts_of_module(&package.module.with_names(repository)?)?;
    let total = length_of(&package.module.file)?;
    println!(
        "\nThe wasm, {} bytes, by crate (a function that was inlined counts where it went):",
        grouped(total)
    );
    print_largest("crate", by_crate(&functions), total);
    println!("\nIts largest functions:");
    print_largest("function", functions, total);

    let total = length_of(&package.javascript)?;
    println!(
        "\nThe JavaScript without the wasm, {} bytes, by file:",
        grouped(total)
    );
    print_largest("file", parts_of_javascript(package), total);
    Ok(())
}

fn length_of(file: &Path) -> Result<usize> {
    Ok(usize::try_from(fs::metadata(file)?.len())?)
}

fn print_largest(kind: &str, mut parts: Vec<Part>, total: usize) {
    parts.sort_by_key(|part| Reverse(part.bytes));
    let mut rows = vec![[kind, "bytes", "share"].map(str::to_owned).to_vec()];
    for part in parts.iter().take(SHOWN) {
        let share = format!("{:.1} %", 100.0 * part.bytes as f64 / total as f64);
        rows.push(vec![shortened(&part.name), grouped(part.bytes), share]);
    }
    print_table(&rows);
}

fn by_crate(functions: &[Part]) -> Vec<Part> {
    let mut crates = BTreeMap::new();
    for function in functions {
        *crates.entry(crate_of(&function.name)).or_default() += function.bytes;
    }
    crates
        .into_iter()
        .map(|(name, bytes)| Part {
            name: name.to_owned(),
            bytes,
        })
        .collect()
}

/// The functions, and the data.
fn parts_of_module(named_wasm: &[u8]) -> Result<Vec<Part>> {
    let mut imported = 0;
    let mut sizes = Vec::new();
    let mut names = HashMap::new();
    let mut data = 0;
    for payload in Parser::new(0).parse_all(named_wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => sizes.push(length(&body.range())?),
            Payload::DataSection(section) => data = length(&section.range())?,
            Payload::CustomSection(section) => {
                let KnownCustom::Name(subsections) = section.as_known() else {
                    continue;
                };
                for subsection in subsections {
                    let Name::Function(functions) = subsection? else {
                        continue;
                    };
                    for function in functions {
                        let function = function?;
                        names.insert(function.index, function.name);
                    }
                }
            }
            _ => {}
        }
    }
    let functions = (imported..).zip(sizes).map(|(index, bytes)| {
        let name = names.get(&index).map_or_else(
            || format!("function {index}"),
            |name| format!("{:#}", demangle(name)),
        );
        Part { name, bytes }
    });
    Ok(functions
        .chain([Part {
            name: "(data)".to_owned(),
            bytes: data,
        }])
        .collect())
}

fn length(range: &Range<u64>) -> Result<usize> {
    Ok(usize::try_from(range.end - range.start)?)
}

/// Names of generic functions can fill several lines; their ends tell them apart.
fn shortened(name: &str) -> String {
    const WIDTH: usize = 80;
    let length = name.chars().count();
    if length <= WIDTH {
        return name.to_owned();
    }
    let start: String = name.chars().take(WIDTH / 2).collect();
    let end: String = name.chars().skip(length - WIDTH / 2).collect();
    format!("{start}…{end}")
}

/// The crate that a demangled name begins with, also in `<a::B as c::D>::e`; exports and the like have none.
fn crate_of(name: &str) -> &str {
    let path = name.trim_start_matches(['<', '&', '(', '[', '*']);
    let path = path.trim_start_matches("dyn ").trim_start_matches("mut ");
    match path.split_once("::") {
        Some((first, _))
            if first
                .chars()
                .all(|character| character.is_alphanumeric() || character == '_') =>
        {
            first
        }
        _ => "(none)",
    }
}

fn parts_of_javascript(package: &Package) -> Vec<Part> {
    let outputs = package.metafile["outputs"]
        .as_object()
        .into_iter()
        .flatten();
    let inputs = outputs
        .filter_map(|(_, output)| output["inputs"].as_object())
        .flatten();
    inputs
        .map(|(file, input)| {
            let bytes = input["bytesInOutput"]
                .as_u64()
                .and_then(|bytes| usize::try_from(bytes).ok());
            Part {
                name: file.clone(),
                bytes: bytes.unwrap_or(0),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_the_first_word_of_a_path() {
        assert_eq!(crate_of("rekindle::session::exchange::run"), "rekindle");
        assert_eq!(
            crate_of("<alloc::vec::Vec<T> as core::ops::Drop>::drop"),
            "alloc"
        );
        assert_eq!(crate_of("<&mut core::fmt::Formatter as X>::y"), "core");
        assert_eq!(crate_of("memcpy"), "(none)");
        assert_eq!(crate_of("<T as core::any::Any>::type_id"), "(none)");
    }
}
