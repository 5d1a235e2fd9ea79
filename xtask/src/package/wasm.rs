//! From Rust to the module that the package carries.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::boundary::Names;
use crate::repository::Repository;
use crate::run;
use crate::setup::WasmBindgen;

/// Rust gives a module 1 MB of stack, which the page pays for in memory; ours needs little, and one that is used up
/// traps, since the stack lies below everything else.
const STACK_BYTES: usize = 32 * 1024;

/// What every browser that we support has. They are named one by one, since `--all-features` lets wasm-opt emit what
/// browsers refuse.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Control flow built anew, then for size, twice: 1 % less than once for size alone, brotli.
const PASSES: [&str; 5] = [
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--reorder-functions",
];

pub struct Module {
    pub file: PathBuf,
    /// What became of the names of its imports and exports.
    pub names: Names,
    /// The module before wasm-opt, which still has the names of its functions.
    unoptimised: PathBuf,
}

/// `target_folder` is cargo's; the rest is made in `work`.
pub fn build(repository: &Repository, target_folder: &Path, work: &Path) -> Result<Module> {
    let unoptimised = bind(repository, &compile(repository, target_folder)?, work)?;
    let file = work.join("rekindle.wasm");
    let names = ["--strip-debug", "--minify-imports-and-exports-and-modules"];
    let names = optimise(repository, &unoptimised, &file, &names)?;
    Ok(Module {
        file,
        names: Names::read(&names)?,
        unoptimised,
    })
}

impl Module {
    /// The same code, with the names of its functions.
    pub fn with_names(&self, repository: &Repository) -> Result<Vec<u8>> {
        let named = self.unoptimised.with_file_name("rekindle-named.wasm");
        optimise(repository, &self.unoptimised, &named, &["--debuginfo"])?;
        fs::read(&named).with_context(|| format!("reading {}", named.display()))
    }
}

fn compile(repository: &Repository, target_folder: &Path) -> Result<PathBuf> {
    let sysroot = run::output(repository.command("rustc").args(["--print", "sysroot"]))?;
    let folders = [
        (Some(PathBuf::from(sysroot.trim_end())), "rust"),
        (repository.cargo_home(), "cargo"),
        (Some(repository.root.clone()), "rekindle"),
    ];
    let mut flags = vec![
        format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
        // Copies of small functions cost more bytes than calls of them: 3 % of the module, brotli.
        "-Cllvm-args=-inline-threshold=25".to_owned(),
    ];
    // The bytes of the package do not depend on where it was built.
    for (folder, name) in folders {
        if let Some(folder) = folder {
            flags.push(format!("--remap-path-prefix={}=/{name}", folder.display()));
        }
    }
    let mut build = repository.cargo();
    build
        .args(
            "rustc --release --package rekindle --lib --crate-type cdylib --features npm"
                .split(' '),
        )
        .args("--target wasm32-unknown-unknown --target-dir".split(' '))
        .arg(target_folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    run::visible(&mut build)?;
    Ok(target_folder.join("wasm32-unknown-unknown/release/rekindle.wasm"))
}

/// Only wasm-bindgen's module is used: numbers alone cross the boundary, so its JavaScript has nothing to do.
fn bind(repository: &Repository, wasm: &Path, work: &Path) -> Result<PathBuf> {
    let bound = work.join("wasm-bindgen");
    let mut bind = repository.command(WasmBindgen::find(repository)?.bindgen);
    bind.args("--target bundler --no-typescript --no-demangle --out-dir".split(' '))
        .arg(&bound)
        .arg(wasm);
    run::visible(&mut bind)?;
    Ok(bound.join("rekindle_bg.wasm"))
}

/// The module that a file of WebAssembly's text format describes.
pub fn assemble(repository: &Repository, from: &Path, work: &Path) -> Result<Vec<u8>> {
    let to = work.join("assembled.wasm");
    let mut assemble = repository.npm_program("wasm-opt");
    run::output(assemble.arg("-Oz").arg(from).arg("-o").arg(&to))?;
    fs::read(&to).with_context(|| format!("reading {}", to.display()))
}

/// What wasm-opt says while it writes `to`.
fn optimise(repository: &Repository, from: &Path, to: &Path, names: &[&str]) -> Result<String> {
    let mut optimise = repository.npm_program("wasm-opt");
    optimise
        // wasm-bindgen's own exports are for its own JavaScript.
        .arg("--remove-exports=__*")
        .args(PASSES)
        .args(["--strip-producers", "--strip-target-features"])
        .args(FEATURES)
        .args(names)
        .arg(from)
        .arg("-o")
        .arg(to);
    run::output(&mut optimise)
}
