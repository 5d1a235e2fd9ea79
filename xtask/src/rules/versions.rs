//! The crate and the npm package are one release.

use serde_json::Value;

use super::{File, assert_none, files};

fn differing_versions(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    };
    let cargo = text("Cargo.toml").and_then(crate_version);
    let npm = text("pkg-template/package.json").and_then(npm_version);
    if cargo.is_some() && cargo == npm {
        return Vec::new();
    }
    vec![format!(
        "Cargo.toml has version {cargo:?}, pkg-template/package.json {npm:?}"
    )]
}

fn crate_version(manifest: &str) -> Option<String> {
    let package = manifest
        .split("\n[")
        .find(|table| table.trim_start_matches('[').starts_with("package]"))?;
    let version = package
        .lines()
        .find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').to_owned())
}

fn npm_version(manifest: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(manifest).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

#[test]
fn the_crate_and_the_npm_package_have_one_version() {
    assert_none(differing_versions(&files()));
    let cargo = || {
        File::new(
            "Cargo.toml",
            "[workspace.package]\n[package]\nname = \"a\"\nversion = \"0.1.0\"\n",
        )
    };
    let npm = |version| {
        File::new(
            "pkg-template/package.json",
            format!("{{\"version\": \"{version}\"}}"),
        )
    };
    assert_none(differing_versions(&[cargo(), npm("0.1.0")]));
    assert_eq!(differing_versions(&[cargo(), npm("0.1.1")]).len(), 1);
    assert_eq!(differing_versions(&[cargo()]).len(), 1);
    assert_eq!(differing_versions(&[]).len(), 1);
}
