//! What the package weighs: as it is, and as servers compress it.

use std::fs;
use std::io::Write;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::package::Package;

/// The most that index.js may take with brotli: that little is the reason to choose this package, and a
/// dependency that brings text formatting or its like into the wasm costs more than that alone.
const BUDGET: usize = 20 * 1024;

pub struct Size {
    pub raw: usize,
    pub gzip: usize,
    pub brotli: usize,
}

impl Size {
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            raw: bytes.len(),
            gzip: gzip(bytes),
            brotli: brotli(bytes),
        }
    }
}

/// Prints the sizes; it is an error if index.js takes more than its budget.
pub fn print(package: &Package) -> Result<()> {
    let header = ["", "raw", "gzip -9", "brotli 11"]
        .map(str::to_owned)
        .to_vec();
    let rows = [
        ("wasm, as a file of its own", &package.wasm),
        ("JavaScript without the wasm", &package.javascript),
        ("index.js: both, the wasm as text", &package.index_js),
    ];
    let rows = rows.map(|(name, bytes)| {
        let Size { raw, gzip, brotli } = Size::of(bytes);
        vec![
            name.to_owned(),
            grouped(raw),
            grouped(gzip),
            grouped(brotli),
        ]
    });
    print_table(&[vec![header], rows.to_vec()].concat());
    let tarball = usize::try_from(fs::metadata(&package.tarball)?.len())?;
    println!(
        "\n{}: {} bytes",
        package.tarball.display(),
        grouped(tarball)
    );
    let brotli = brotli(&package.index_js);
    if brotli > BUDGET {
        bail!(
            "index.js takes {} bytes with brotli, and {} are the most it may",
            grouped(brotli),
            grouped(BUDGET)
        );
    }
    Ok(())
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

fn gzip(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
        .len()
}

fn brotli(bytes: &[u8]) -> usize {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)
        .expect("writing to memory does not fail");
    compressed.len()
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

    #[test]
    fn what_is_compressed_can_be_read_again_and_is_smaller() {
        let text = "the same words again and again ".repeat(100);
        let size = Size::of(text.as_bytes());
        assert_eq!(size.raw, text.len());
        assert!(size.brotli < size.gzip && size.gzip < 100);
    }
}
