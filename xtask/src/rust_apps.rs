//! The crate as cargo packs it, and the apps in `examples/` made of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::run;
use crate::setup::WasmBindgen;

const APPS: [&str; 2] = ["leptos", "yew"];
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds all of it, and gives the folder that has one for each app, with `app.js` and its page.
pub fn build(repository: &Repository) -> Result<PathBuf> {
    let sources = pack(repository)?.join("examples");
    // Beside the packed crate they are what they are beside its sources.
    copy(&repository.path("examples"), &sources)?;

    let work = repository.path("target/rust_apps");
    let mut build = repository.cargo();
    build
        .args(["build", "--locked", "--target", TARGET, "--manifest-path"])
        .arg(sources.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&work)
        .env("RUSTFLAGS", "--deny warnings");
    run::visible(&mut build)?;

    for app in APPS {
        let folder = work.join(app);
        // What the build before it left behind would still be found.
        let _ = fs::remove_dir_all(&folder);
        let module = format!("{TARGET}/debug/{app}_app.wasm");
        let mut bind = repository.command(WasmBindgen::find(repository)?.bindgen);
        bind.args("--target web --no-typescript --out-name app --out-dir".split(' '))
            .arg(&folder)
            .arg(work.join(module));
        run::visible(&mut bind)?;
        fs::copy(sources.join("index.html"), folder.join("index.html"))?;
    }
    Ok(work)
}

/// The folder of the packed crate. cargo has compiled it by then, as an app would that is rendered on a server.
fn pack(repository: &Repository) -> Result<PathBuf> {
    let packed = format!("target/package/rekindle-{}", repository.rekindle_version()?);
    let packed = repository.path(&packed);
    // cargo leaves a folder as it is that it did not make.
    let _ = fs::remove_dir_all(&packed);
    let mut pack = repository.cargo();
    pack.args("package --package rekindle --features app --allow-dirty --quiet".split(' '));
    run::visible(&mut pack)?;
    Ok(packed)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
