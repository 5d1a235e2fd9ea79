//! The sources of the standard library of exactly the installed Rust version: the toolchain's own, or rustup's
//! component, or Debian's package, whose signature apt checks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Progress;
use super::toolchain::Toolchain;
use crate::repository::Repository;
use crate::run;

const DEBIAN_KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The release of Debian that carries current Rust versions.
const DEBIAN_RELEASE: &str = "trixie-backports";

pub fn ensure(
    repository: &Repository,
    toolchain: &Toolchain,
    temporary: &Path,
    progress: &Progress,
) -> Result<()> {
    let present = || toolchain.source().join("library/std/Cargo.toml").is_file();
    if present() {
        return Ok(());
    }
    if progress.rustup(repository, &["component", "add", "rust-src"]) && present() {
        return Ok(());
    }
    from_debian(toolchain, temporary, progress)?;
    if !present() {
        bail!(
            "Debian's rust-src was unpacked, yet {} lacks it",
            toolchain.source().display()
        );
    }
    Ok(())
}

fn from_debian(toolchain: &Toolchain, temporary: &Path, progress: &Progress) -> Result<()> {
    let version = &toolchain.version;
    if !Path::new(DEBIAN_KEYS).is_file() || !run::succeeds(Command::new("apt-get").arg("--version"))
    {
        bail!(
            "the sources of Rust {version} (rust-src) are not installed, and this is no Debian to get them from"
        );
    }
    let sources = temporary.join("debian.list");
    fs::write(
        &sources,
        format!(
            "deb [signed-by={DEBIAN_KEYS}] {} {DEBIAN_RELEASE} main\n",
            debian_site()?
        ),
    )?;
    fs::create_dir_all(temporary.join("lists/partial"))?;
    fs::create_dir_all(temporary.join("cache/archives/partial"))?;
    // Lists and cache of our own: the machine's stay as they are, and no rights are needed.
    let apt_get = || {
        let mut command = Command::new("apt-get");
        command.current_dir(temporary).arg("-q");
        for (option, value) in [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("/dev/null")),
            ("Dir::State::lists", &temporary.join("lists")),
            ("Dir::Cache", &temporary.join("cache")),
        ] {
            command
                .arg("-o")
                .arg(format!("{option}={}", value.display()));
        }
        command
    };
    progress.run(
        &format!("rust-src {version}: reading Debian's package lists"),
        apt_get().arg("update"),
    )?;
    progress.run(
        &format!("rust-src {version}: downloading Debian's package"),
        apt_get()
            .arg("download")
            .arg(format!("rust-src={version}*")),
    )?;
    let package = fs::read_dir(temporary)?
        .filter_map(|file| Some(file.ok()?.path()))
        .find(|file| file.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get downloaded no package")?;
    let unpacked = temporary.join("debian");
    run::output(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    // Renamed when whole, so that an interrupted copy is never taken for the sources.
    let partial = toolchain.source().join("library.partial");
    fs::create_dir_all(&partial)?;
    let library = unpacked.join(format!("usr/src/rustc-{version}/library/."));
    run::output(Command::new("cp").arg("-r").arg(library).arg(&partial))?;
    fs::rename(&partial, toolchain.source().join("library"))?;
    Ok(())
}

/// The site that this machine gets Debian from; only its apt knows.
fn debian_site() -> Result<String> {
    let sites =
        run::output(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]))?;
    sites
        .lines()
        .find(|site| site.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("apt has no site of Debian")
}
