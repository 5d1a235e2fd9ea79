//! What the package weighs: as it is, and as servers compress it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::package::Package;
use crate::run;

/// Node.js has the compressors that servers have; the Rust ones differ by half a percent.
const COMPRESS: &str = "
    const { readFileSync } = require('node:fs');
    const { brotliCompressSync, constants, gzipSync } = require('node:zlib');
    const sizes = process.argv.slice(1).map((file) => {
        const bytes = readFileSync(file);
        const best = {
            [constants.BROTLI_PARAM_QUALITY]: 11,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        const brotli = brotliCompressSync(bytes, { params: best });
        return [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli.length];
    });
    console.log(JSON.stringify(sizes));
";

/// As a page names it that wants these bytes and no others (Subresource Integrity).
const HASH: &str = "
    const { createHash } = require('node:crypto');
    const { readFileSync } = require('node:fs');
    console.log('sha384-' + createHash('sha384').update(readFileSync(process.argv[1])).digest('base64'));
";

pub fn print(package: &Package) -> Result<()> {
    let names = [
        "rekindle.wasm",
        "JavaScript without the wasm",
        "index.js: both, the wasm as text",
        "streaming.js, beside the wasm",
    ];
    let files = [
        &package.module.file,
        &package.javascript,
        &package.index_js,
        &package.streaming_js,
    ];
    let mut rows = vec![
        ["", "raw", "gzip -9", "brotli 11"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (name, sizes) in names.into_iter().zip(sizes(&files)?) {
        rows.push([vec![name.to_owned()], sizes.map(grouped).to_vec()].concat());
    }
    print_table(&rows);
    let tarball = usize::try_from(fs::metadata(&package.tarball)?.len())?;
    println!("\nrekindle.wasm: {}", integrity(&package.module.file)?);
    println!("{}: {} bytes", package.tarball.display(), grouped(tarball));
    Ok(())
}

fn integrity(file: &Path) -> Result<String> {
    let hash = run::output(Command::new("node").args(["-e", HASH]).arg(file))?;
    Ok(hash.trim_end().to_owned())
}

/// Of each file: raw, with gzip, with brotli.
pub fn sizes(files: &[impl AsRef<OsStr>]) -> Result<Vec<[usize; 3]>> {
    let sizes = run::output(Command::new("node").args(["-e", COMPRESS]).args(files))?;
    serde_json::from_str(&sizes).context("reading the sizes")
}

/// A Markdown table; numbers, that is all columns but the first, are to the right.
pub fn print_table(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &[String]| {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| {
                if column == 0 {
                    format!("{cell:width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
        println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    println!();
    for (index, row) in rows.iter().enumerate() {
        line(row);
        if index == 0 {
            let rules = widths.iter().enumerate().map(|(column, &width)| {
                let rule = "-".repeat(width + 1);
                if column == 0 {
                    format!("-{rule}")
                } else {
                    format!("{rule}:")
                }
            });
            println!("|{}|", rules.collect::<Vec<_>>().join("|"));
        }
    }
}

/// `12,345`
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1000, 20480, 1_234_567].map(grouped),
            ["0", "999", "1,000", "20,480", "1,234,567"]
        );
    }
}
