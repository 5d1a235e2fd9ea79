//! What crosses the boundary between the module and its JavaScript, without the names that only people need.
//!
//! wasm-bindgen names each import by a path and a function. In the package they are single letters: a generated
//! module, `wasm-imports`, gives the functions to the letters, and esbuild gives the letters to the exports that the
//! shell calls. An import that no JavaScript file has is an error of the bundler, and a function that the
//! module does not import is left out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use wasmparser::{Parser, Payload};

use crate::repository::Repository;
use crate::run;

/// How the exports begin that the shell calls: the methods of the one struct that is exported. Whatever else
/// wasm-bindgen exports, its own JavaScript would need.
pub const EXPORTS: &str = "instance_";

/// Takes what the shell cannot reach out of the module in `wasm`.
pub fn remove_unreachable(
    repository: &Repository,
    wasm: &Path,
    work: &Path,
    features: &[&str],
) -> Result<PathBuf> {
    let exports = exports(&fs::read(wasm)?)?;
    let nodes = exports
        .iter()
        .map(|export| json!({ "name": export, "export": export }));
    let root = json!({ "name": "shell", "root": true, "reaches": exports });
    let graph = work.join("reachable.json");
    fs::write(&graph, Value::from_iter(nodes.chain([root])).to_string())?;

    let reachable = work.join("reachable.wasm");
    run::output(
        repository
            .npm_program("wasm-metadce")
            .args(features)
            .arg("--debuginfo")
            .arg(wasm)
            .arg(format!("--graph-file={}", graph.display()))
            .arg("-o")
            .arg(&reachable),
    )?;
    Ok(reachable)
}

fn exports(wasm: &[u8]) -> Result<Vec<String>> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let name = export?.name;
                if name.starts_with(EXPORTS) || name == "memory" {
                    exports.push(name.to_owned());
                }
            }
        }
    }
    Ok(exports)
}

/// The names that wasm-opt gave: `{ "imports": [[module, name, short]], "exports": [[name, short]] }`.
pub struct Names(Value);

impl Names {
    pub fn read(said: &str) -> Result<Self> {
        serde_json::from_str(said)
            .map(Self)
            .context("reading the names that wasm-opt gave")
    }

    /// The module `wasm-imports`: `imports`, ready for `WebAssembly.Instance`.
    pub fn imports(&self, repository: &Repository) -> Result<String> {
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut members = String::new();
        for import in list(&self.0["imports"]) {
            let [from, name, short] = import.as_slice() else {
                continue;
            };
            // `./snippets/rekindle-0123456789abcdef/src/browser/clock.js`
            if let Some((_, path)) = from
                .strip_prefix("./snippets/")
                .and_then(|from| from.split_once('/'))
            {
                let local = format!(
                    "{}_{name}",
                    path.replace(|character: char| !character.is_alphanumeric(), "_")
                );
                write!(
                    files.entry(repository.path(path)).or_default(),
                    "{name} as {local}, "
                )?;
                writeln!(members, "  {short}: {local},")?;
            } else {
                // wasm-bindgen's own, which converts texts and objects: numbers never call it.
                writeln!(members, "  {short}: () => {{}},")?;
            }
        }
        let mut module = String::new();
        for (file, names) in files {
            writeln!(module, "import {{ {names}}} from {};", json!(file))?;
        }
        // wasm-opt puts all imports into one module of this name.
        write!(module, "export const imports = {{ a: {{\n{members}}} }};\n")?;
        Ok(module)
    }

    /// The short names of the exports that the shell calls, as esbuild's `--mangle-cache` reads them.
    pub fn exports(&self) -> Value {
        let exports = list(&self.0["exports"])
            .into_iter()
            .filter_map(|export| <[String; 2]>::try_from(export).ok());
        let called = exports.filter(|[name, _]| name.starts_with(EXPORTS));
        called
            .map(|[name, short]| (name, Value::String(short)))
            .collect::<Map<_, _>>()
            .into()
    }
}

fn list(value: &Value) -> Vec<Vec<String>> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::read(
            r#"{ "imports": [["./snippets/rekindle-0123/src/browser/clock.js", "now", "a"],
                             ["./snippets/rekindle-0123/src/browser/page.js", "now", "b"],
                             ["./rekindle_bg.js", "__wbindgen_throw", "c"]],
                 "exports": [["memory", "d"], ["instance_call", "e"]] }"#,
        )
        .unwrap()
    }

    #[test]
    fn each_import_is_given_the_function_of_its_file() {
        let repository = Repository { root: "/r".into() };
        let module = names().imports(&repository).unwrap();
        assert_eq!(
            module,
            "import { now as src_browser_clock_js_now, } from \"/r/src/browser/clock.js\";\n\
             import { now as src_browser_page_js_now, } from \"/r/src/browser/page.js\";\n\
             export const imports = { a: {\n  a: src_browser_clock_js_now,\n  b: src_browser_page_js_now,\n  c: () => {},\n} };\n"
        );
    }

    #[test]
    fn only_what_the_shell_calls_is_renamed_in_it() {
        assert_eq!(names().exports(), json!({ "instance_call": "e" }));
    }
}
