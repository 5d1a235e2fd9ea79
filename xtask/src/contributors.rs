//! What the bytes are spent on: the largest functions of the module and the largest JavaScript files.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use anyhow::Result;
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::package::Package;
use crate::repository::Repository;
use crate::size_table::{grouped, print_table};

const SHOWN: usize = 10;

struct Contributor {
    origin: String,
    name: String,
    bytes: usize,
}

pub fn print(repository: &Repository, package: &Package) -> Result<()> {
    println!(
        "\nThe largest parts of the wasm ({} bytes):",
        grouped(package.wasm.len())
    );
    print_largest(
        "crate",
        "function",
        parts_of_module(&package.named_wasm(repository)?)?,
        package.wasm.len(),
    );
    println!(
        "\nThe largest parts of the JavaScript without the wasm ({} bytes):",
        grouped(package.javascript.len())
    );
    print_largest(
        "",
        "file",
        parts_of_javascript(package),
        package.javascript.len(),
    );
    Ok(())
}

fn print_largest(origin: &str, name: &str, mut parts: Vec<Contributor>, total: usize) {
    parts.sort_by_key(|part| Reverse(part.bytes));
    let mut rows = vec![[name, origin, "bytes", "share"].map(str::to_owned).to_vec()];
    for part in parts.iter().take(SHOWN) {
        let share = format!("{:.1} %", 100.0 * part.bytes as f64 / total as f64);
        rows.push(vec![
            shortened(&part.name),
            part.origin.clone(),
            grouped(part.bytes),
            share,
        ]);
    }
    print_table(&rows);
}

/// The functions, and what is no code as one part a section.
fn parts_of_module(named_wasm: &[u8]) -> Result<Vec<Contributor>> {
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
        Contributor {
            origin: crate_of(&name).to_owned(),
            name,
            bytes,
        }
    });
    let data = Contributor {
        origin: String::new(),
        name: "(data)".to_owned(),
        bytes: data,
    };
    Ok(functions.chain([data]).collect())
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

/// The crate that a demangled name begins with, also in `<a::B as c::D>::e`.
fn crate_of(name: &str) -> &str {
    let start = name
        .trim_start_matches(['<', '&', '(', '[', '*'])
        .trim_start_matches("dyn ")
        .trim_start_matches("mut ");
    match start.split_once("::") {
        Some((first, _))
            if first
                .chars()
                .all(|character| character.is_alphanumeric() || character == '_') =>
        {
            first
        }
        _ => "",
    }
}

fn parts_of_javascript(package: &Package) -> Vec<Contributor> {
    let outputs = package.metafile["outputs"]
        .as_object()
        .into_iter()
        .flatten();
    let inputs = outputs
        .filter_map(|(_, output)| output["inputs"].as_object())
        .flatten();
    inputs
        .filter(|(file, _)| !file.ends_with("wasm-text.js"))
        .map(|(file, input)| {
            let bytes = input["bytesInOutput"]
                .as_u64()
                .and_then(|bytes| usize::try_from(bytes).ok());
            Contributor {
                origin: String::new(),
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
        assert_eq!(crate_of("memcpy"), "");
        assert_eq!(crate_of("<T as core::any::Any>::type_id"), "");
    }
}
