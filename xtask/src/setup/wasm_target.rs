//! The standard library for wasm32-unknown-unknown.
//!
//! rustup has it compiled. Where rustup is absent or does not reach its servers, the same files are compiled here
//! from the sources of exactly the installed version ([`rust_source`]), once, in about a minute, and put where
//! rustc looks for them. From then on plain `cargo build --target wasm32-unknown-unknown` works.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::toolchain::Toolchain;
use super::{Progress, rust_source};
use crate::repository::Repository;

const TARGET: &str = "wasm32-unknown-unknown";

pub fn ensure(repository: &Repository, progress: &Progress) -> Result<()> {
    let toolchain = Toolchain::installed(repository)?;
    if toolchain.has_target(TARGET)? {
        return Ok(());
    }
    if progress.rustup(repository, &["target", "add", TARGET]) && toolchain.has_target(TARGET)? {
        return Ok(());
    }
    if !toolchain.is_writable() {
        bail!(
            "Rust {} lacks {TARGET}, and its folder {} may not be written to: ask whoever installed it to add the \
             standard library for {TARGET} (on Debian the package libstd-rust-dev-wasm32), or use a toolchain of \
             your own from rustup",
            toolchain.version,
            toolchain.sysroot.display()
        );
    }
    let temporary = repository.path("target/std-for-wasm");
    recreate(&temporary)?;
    let ready = rust_source::ensure(repository, &toolchain, &temporary, progress)
        .and_then(|()| build_std(repository, &toolchain, &temporary, progress))
        .with_context(|| {
            let version = &toolchain.version;
            format!(
                "Rust {version} has no standard library for {TARGET}, and it could not be made here: where the Rust \
                 servers can be reached, run `rustup target add {TARGET}`; with a distribution's Rust, install its \
                 package of that library (on Debian libstd-rust-dev-wasm32)"
            )
        });
    fs::remove_dir_all(&temporary)?;
    ready
}

fn build_std(
    repository: &Repository,
    toolchain: &Toolchain,
    temporary: &Path,
    progress: &Progress,
) -> Result<()> {
    let package = temporary.join("package");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"std-for-wasm\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
    )?;
    let flags = [
        // A program that is built with `lto = true` cannot be linked without it.
        "-Cembed-bitcode=yes".to_owned(),
        // As in the compiled library of rustup.
        format!(
            "--remap-path-prefix={}=/rustc/{}",
            toolchain.source().display(),
            toolchain.commit
        ),
    ];
    let mut build = repository.cargo();
    build
        .current_dir(&package)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "-Zbuild-std=std,panic_abort,test",
        ])
        .env("CARGO_TARGET_DIR", temporary.join("target"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        // The unstable option builds the library of the very same compiler, which is what rustup would have delivered.
        .env("RUSTC_BOOTSTRAP", "1");
    progress.run(
        &format!("{TARGET}: compiling the standard library, about a minute"),
        &mut build,
    )?;

    let libraries = toolchain.libraries(TARGET);
    // Renamed when whole, so that an interrupted copy is never taken for the library.
    let partial = libraries.with_extension("partial");
    recreate(&partial)?;
    for file in fs::read_dir(temporary.join("target").join(TARGET).join("release/deps"))? {
        let file = file?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "rlib")
        {
            let name = file.file_name().context("a file has a name")?;
            fs::copy(&file, partial.join(name))?;
        }
    }
    if libraries.exists() {
        fs::remove_dir_all(&libraries)?;
    }
    fs::rename(&partial, &libraries)?;
    if !toolchain.has_target(TARGET)? {
        bail!(
            "the standard library was compiled, yet {} lacks it",
            libraries.display()
        );
    }
    Ok(())
}

fn recreate(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}
