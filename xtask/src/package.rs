//! Makes the npm package: `target/npm/package/` and, packed, `target/npm/rekindle-<version>.tgz`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::repository::Repository;
use crate::setup::WasmBindgen;
use crate::size_table::Size;
use crate::{run, wasm_text};

/// What an app may cost its users is promised in the README: index.js stays below it, compressed with brotli.
pub const BUDGET: usize = 20 * 1024;

/// Half of what Rust gives a module by default would do many times over; what is left of a 64 KB page goes to the heap.
const STACK_BYTES: usize = 32 * 1024;

/// Every engine that has them has had them for years. They are named one by one, since `--all-features` lets
/// wasm-opt emit what browsers refuse.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Beside what the build makes; the first path is the file in the repository, the second its name in the package.
const CARRIED_ALONG: [(&str, &str); 6] = [
    ("pkg-template/package.json", "package.json"),
    ("pkg-template/index.d.ts", "index.d.ts"),
    ("pkg-template/README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
];

pub struct Package {
    pub tarball: PathBuf,
    /// The module as it is in the package.
    pub wasm: Vec<u8>,
    /// The module before wasm-opt, which still has the names of its functions.
    unoptimised: PathBuf,
    /// index.js but for the text of the module.
    pub javascript: Vec<u8>,
    pub index_js: Vec<u8>,
    /// What esbuild says about `index_js`.
    pub metafile: Value,
}

pub fn build(repository: &Repository) -> Result<Package> {
    let work = repository.path("target/npm");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let folder = work.join("package");
    fs::create_dir_all(&folder)?;

    let unoptimised = bind(repository, &compile(repository)?, &work)?;
    let wasm = optimise(
        repository,
        &unoptimised,
        &work.join("rekindle.wasm"),
        "--strip-debug",
    )?;

    let text = work.join("wasm-text.js");
    let index = folder.join("index.js");
    let no_text = work.join("no-wasm-text.js");
    fs::write(&no_text, "export default \"\";\n")?;
    let javascript = bundle(repository, &no_text, &work.join("index-without-wasm.js"))?.0;
    fs::write(
        &text,
        format!("export default \"{}\";\n", wasm_text::encode(&wasm)),
    )?;
    let (index_js, metafile) = bundle(repository, &text, &index)?;

    for (from, to) in CARRIED_ALONG {
        fs::copy(repository.path(from), folder.join(to))
            .with_context(|| format!("copying {from}"))?;
    }
    let tarball = pack(repository, &folder, &work)?;
    check_budget(&index_js)?;
    Ok(Package {
        tarball,
        wasm,
        unoptimised,
        javascript,
        index_js,
        metafile,
    })
}

impl Package {
    /// The code of the package's module, with the names of its functions.
    pub fn named_wasm(&self, repository: &Repository) -> Result<Vec<u8>> {
        let named = repository.path("target/npm/rekindle-named.wasm");
        optimise(repository, &self.unoptimised, &named, "--debuginfo")
    }
}

fn compile(repository: &Repository) -> Result<PathBuf> {
    let sysroot = run::output(repository.command("rustc").args(["--print", "sysroot"]))?;
    let cargo_home = std::env::var("CARGO_HOME").ok().map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut flags = vec![
        format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
        // Copies of small functions cost more bytes than calls of them: 3 % of the module, brotli.
        "-Cllvm-args=-inline-threshold=25".to_owned(),
    ];
    // The bytes of the package do not depend on where it was built.
    for (path, name) in [
        (Some(sysroot.trim_end().into()), "rust"),
        (cargo_home, "cargo"),
        (Some(repository.root.clone()), "rekindle"),
    ] {
        if let Some(path) = path {
            flags.push(format!("--remap-path-prefix={}=/{name}", path.display()));
        }
    }
    let target_folder = repository.path("target");
    run::visible(
        repository
            .cargo()
            .args([
                "rustc",
                "--quiet",
                "--release",
                "--package",
                "rekindle",
                "--lib",
                "--crate-type",
                "cdylib",
            ])
            .args([
                "--features",
                "npm",
                "--target",
                "wasm32-unknown-unknown",
                "--target-dir",
            ])
            .arg(&target_folder)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")),
    )?;
    Ok(target_folder.join("wasm32-unknown-unknown/release/rekindle.wasm"))
}

/// Only wasm-bindgen's module is used: numbers alone cross the boundary, so its JavaScript has nothing to do.
fn bind(repository: &Repository, wasm: &Path, work: &Path) -> Result<PathBuf> {
    let bound = work.join("wasm-bindgen");
    run::visible(
        repository
            .command(WasmBindgen::find(repository)?.bindgen)
            .args([
                "--target",
                "bundler",
                "--no-typescript",
                "--no-demangle",
                "--out-dir",
            ])
            .arg(&bound)
            .arg(wasm),
    )?;
    Ok(bound.join("rekindle_bg.wasm"))
}

fn optimise(repository: &Repository, from: &Path, to: &Path, names: &str) -> Result<Vec<u8>> {
    run::visible(
        repository
            .npm_program("wasm-opt")
            // wasm-bindgen's own exports are for its own JavaScript.
            .arg("--remove-exports=__*")
            .args(["-Oz", "--strip-producers", "--strip-target-features"])
            .args(WASM_FEATURES)
            .arg(names)
            .arg(from)
            .arg("-o")
            .arg(to),
    )?;
    fs::read(to).with_context(|| format!("reading {}", to.display()))
}

/// index.js with the module in `text`, and esbuild's account of it.
fn bundle(repository: &Repository, text: &Path, to: &Path) -> Result<(Vec<u8>, Value)> {
    let metafile = repository.path("target/npm/metafile.json");
    run::visible(
        repository
            .npm_program("esbuild")
            .arg("pkg-template/index.js")
            .args([
                "--bundle",
                "--minify",
                "--format=esm",
                "--target=es2022",
                "--charset=ascii",
            ])
            .args(["--legal-comments=none", "--log-level=warning"])
            .arg(format!("--alias:wasm-text={}", text.display()))
            .arg(format!("--metafile={}", metafile.display()))
            .arg(format!("--outfile={}", to.display())),
    )?;
    let metafile =
        serde_json::from_slice(&fs::read(&metafile)?).context("reading esbuild's metafile")?;
    Ok((fs::read(to)?, metafile))
}

fn pack(repository: &Repository, folder: &Path, work: &Path) -> Result<PathBuf> {
    run::output(
        repository
            .command("npm")
            .args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
            .arg(work)
            .arg(folder),
    )?;
    let tarball = work.join(format!("rekindle-{}.tgz", repository.rekindle_version()?));
    if !tarball.is_file() {
        bail!(
            "npm made no {}: the versions in Cargo.toml and pkg-template/package.json differ",
            tarball.display()
        );
    }
    Ok(tarball)
}

fn check_budget(index_js: &[u8]) -> Result<()> {
    let size = Size::of(index_js);
    if size.brotli > BUDGET {
        bail!(
            "index.js takes {} bytes with brotli, more than the {BUDGET} it may",
            size.brotli
        );
    }
    Ok(())
}
