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
    pub module: Module,
    /// index.js but for the text of the module.
    pub javascript: PathBuf,
    pub index_js: PathBuf,
    /// What esbuild says about `javascript`.
    pub metafile: Value,
}

pub fn build(repository: &Repository) -> Result<Package> {
    let work = repository.path("target/npm");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let folder = work.join("package");
    fs::create_dir_all(&folder)?;

    let module = wasm::build(repository, &work)?;
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
    let metafile = bundle(repository, "", &work, &javascript)?;
    bundle(
        repository,
        &wasm_text::encode(&fs::read(&module.file)?),
        &work,
        &index_js,
    )?;

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
        metafile,
    })
}

/// index.js with the module as `text`; the answer is esbuild's account of it.
fn bundle(repository: &Repository, text: &str, work: &Path, to: &Path) -> Result<Value> {
    let [wasm_text, imports, exports, metafile] = [
        "wasm-text.js",
        "wasm-imports.js",
        "wasm-exports.json",
        "metafile.json",
    ]
    .map(|name| work.join(name));
    fs::write(&wasm_text, format!("export default \"{text}\";\n"))?;
    let mut bundle = repository.npm_program("esbuild");
    bundle
        .arg("pkg-template/index.js")
        .args("--bundle --minify --format=esm --target=es2022 --charset=ascii".split(' '))
        .args(["--legal-comments=none", "--log-level=warning"])
        .arg(format!("--alias:wasm-text={}", wasm_text.display()))
        .arg(format!("--alias:wasm-imports={}", imports.display()))
        .arg(format!("--mangle-props=^{EXPORTS}"))
        .arg(format!("--mangle-cache={}", exports.display()))
        .arg(format!("--metafile={}", metafile.display()))
        .arg(format!("--outfile={}", to.display()));
    run::visible(&mut bundle)?;
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
