//! What crosses the boundary between the module and its JavaScript, without the names that only people need.
//!
//! wasm-bindgen names each import by a path and a function. In the package they are single letters: a generated
//! module, `wasm-imports`, gives the functions to the letters, and esbuild gives the letters to the exports that the
//! shell calls. An import that no JavaScript file has is an error of the bundler, and a function that the
//! module does not import is left out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::repository::Repository;

/// How the exports begin that the shell calls: they are the methods of the one struct that is exported.
pub const EXPORTS: &str = "instance_";

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
            } else if from == "./rekindle_bg.js" {
                // wasm-bindgen's own, which converts texts and objects: numbers never call it.
                writeln!(members, "  {short}: () => {{}},")?;
            } else {
                bail!("the module imports {name} from {from}, which is no file of the repository");
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
    fn an_import_from_elsewhere_is_refused() {
        let names = Names::read(r#"{ "imports": [["env", "now", "a"]] }"#).unwrap();
        let error = names
            .imports(&Repository { root: "/r".into() })
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the module imports now from env, which is no file of the repository"
        );
    }

    #[test]
    fn only_what_the_shell_calls_is_renamed_in_it() {
        assert_eq!(names().exports(), json!({ "instance_call": "e" }));
    }
}
