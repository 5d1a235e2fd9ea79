//! Makes the npm package: `target/npm/package/` and, packed, `target/npm/rekindle-<version>.tgz`.

mod boundary;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::boundary::EXPORTS;
pub use self::wasm::Module;
use crate::repository::Repository;
use crate::{run, wasm_text};

/// Beside what the build makes: the file in the repository, and its name in the package.
const CARRIED_ALONG: [(&str, &str); 10] = [
    ("pkg-template/package.json", "package.json"),
    ("pkg-template/index.d.ts", "index.d.ts"),
    // TypeScript takes the kind of a module from the name of its types.
    ("pkg-template/index.d.ts", "index.d.cts"),
    ("pkg-template/streaming.d.ts", "streaming.d.ts"),
    ("pkg-template/streaming.d.cts", "streaming.d.cts"),
    ("pkg-template/README.md", "README.md"),
    ("pkg-template/GUIDE.md", "GUIDE.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
];

pub struct Package {
    pub tarball: PathBuf,
    pub module: Module,
    /// index.js but for the text of the module.
    pub javascript: PathBuf,
    pub index_js: PathBuf,
    /// The module has to be fetched beside it.
    pub streaming_js: PathBuf,
    /// What esbuild says about `javascript`.
    pub metafile: Value,
}

/// Where a bundle has its module: a file of pkg-template.
const TEXT: &str = "wasm_text.js";
const FILE: &str = "wasm_file.js";

pub fn build(repository: &Repository) -> Result<Package> {
    let work = repository.path("target/npm");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let folder = work.join("package");
    fs::create_dir_all(&folder)?;

    let module = wasm::build(repository, &repository.path("target"), &work)?;
    fs::copy(&module.file, folder.join("rekindle.wasm"))?;
    fs::write(
        work.join("wasm-imports.js"),
        module.names.imports(repository)?,
    )?;
    fs::write(
        work.join("wasm-exports.json"),
        module.names.exports().to_string(),
    )?;

    let javascript = work.join("index-without-wasm.js");
    let index_js = folder.join("index.js");
    let streaming_js = folder.join("streaming.js");
    let decoder = wasm::assemble(
        repository,
        &repository.path("pkg-template/wasm_text.wat"),
        &work,
    )?;
    write_text(&work, &decoder, &wasm_text::encode(&[]))?;
    let metafile = bundle(repository, TEXT, "esm", &javascript)?;
    write_text(
        &work,
        &decoder,
        &wasm_text::encode(&fs::read(&module.file)?),
    )?;
    bundle(repository, TEXT, "esm", &index_js)?;
    bundle(repository, TEXT, "cjs", &folder.join("index.cjs"))?;
    bundle(repository, FILE, "esm", &streaming_js)?;

    for (from, to) in CARRIED_ALONG {
        fs::copy(repository.path(from), folder.join(to))
            .with_context(|| format!("copying {from}"))?;
    }
    let tarball = pack(repository, &folder, &work)?;
    Ok(Package {
        tarball,
        module,
        javascript,
        index_js,
        streaming_js,
        metafile,
    })
}

/// Builds the module from nothing, elsewhere: whoever has the source can tell that a published module was made of it.
pub fn assert_reproducible(repository: &Repository, module: &Module) -> Result<()> {
    let elsewhere = repository.path("target/again");
    if elsewhere.exists() {
        fs::remove_dir_all(&elsewhere)?;
    }
    let again = wasm::build(repository, &elsewhere, &elsewhere.join("npm"))?;
    if fs::read(&again.file)? != fs::read(&module.file)? {
        bail!(
            "{} and {} differ: two builds of one source",
            module.file.display(),
            again.file.display()
        );
    }
    Ok(())
}

fn write_text(work: &Path, decoder: &[u8], encoded: &wasm_text::Encoded) -> Result<()> {
    let wasm_text::Encoded { common, texts } = encoded;
    let module = format!(
        "export const decoder = {decoder:?};\nexport const common = {common:?};\nexport const texts = () => {texts:?};\n"
    );
    fs::write(work.join("wasm-text.js"), module).context("writing the module as text")
}

/// The shell in one file, with the module where `source` has it; the answer is esbuild's account of it.
fn bundle(repository: &Repository, source: &str, format: &str, to: &Path) -> Result<Value> {
    let work = repository.path("target/npm");
    let source = repository.path("pkg-template").join(source);
    let metafile = work.join("metafile.json");
    let alias = |name: &str, file: &Path| format!("--alias:{name}={}", file.display());
    let mut bundle = repository.npm_program("esbuild");
    bundle
        .arg("pkg-template/index.js")
        .args("--bundle --minify --target=es2022 --charset=ascii".split(' '))
        .args(["--legal-comments=none", "--log-level=warning"])
        .arg(format!("--format={format}"))
        .arg(alias("wasm-source", &source))
        .arg(alias("wasm-text", &work.join("wasm-text.js")))
        .arg(alias("wasm-imports", &work.join("wasm-imports.js")))
        .arg(format!("--mangle-props=^{EXPORTS}"))
        .arg(format!(
            "--mangle-cache={}",
            work.join("wasm-exports.json").display()
        ))
        .arg(format!("--metafile={}", metafile.display()))
        .arg(format!("--outfile={}", to.display()));
    run::visible(&mut bundle)?;
    let mut eager = repository.command("node");
    run::visible(eager.arg("xtask/src/package/eager.mjs").arg(to))?;
    serde_json::from_slice(&fs::read(&metafile)?).context("reading esbuild's metafile")
}

fn pack(repository: &Repository, folder: &Path, work: &Path) -> Result<PathBuf> {
    let mut pack = repository.command("npm");
    pack.args("pack --silent --ignore-scripts --pack-destination".split(' '))
        .arg(work)
        .arg(folder);
    run::output(&mut pack)?;
    let tarball = work.join(format!("rekindle-{}.tgz", repository.rekindle_version()?));
    if !tarball.is_file() {
        bail!(
            "npm made no {}: Cargo.toml and pkg-template/package.json have different versions",
            tarball.display()
        );
    }
    Ok(tarball)
}
