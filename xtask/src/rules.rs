//! The rules of this repository that no other tool knows. Each rule is a function from files to complaints, so
//! each is tried on a bad example too.

mod code;
mod documents;
mod tests_that_run;
mod versions;

use std::fs;
use std::path::Path;

use crate::repository::Repository;

/// A text file of the repository.
struct File {
    /// From the root, with slashes.
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    fn has_extension(&self, extensions: &[&str]) -> bool {
        extensions.iter().any(|extension| {
            self.path
                .rsplit_once('.')
                .is_some_and(|(_, end)| end == *extension)
        })
    }
}

/// Every file that a person wrote.
fn files() -> Vec<File> {
    const EXTENSIONS: [&str; 11] = [
        "rs", "js", "mjs", "cjs", "ts", "css", "html", "json", "toml", "md", "sh",
    ];
    let repository = Repository::open().expect("the repository is there");
    let mut files = Vec::new();
    collect(&repository.root, "", &mut files);
    files.retain(|file| {
        file.has_extension(&EXTENSIONS) && !file.path.ends_with("package-lock.json")
    });
    // Without this a wrong root would make every rule pass.
    assert!(
        files.iter().any(|file| file.path == "xtask/src/rules.rs"),
        "the files were not found"
    );
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("an entry can be read");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            let generated = ["target", "node_modules", "dist"].contains(&name.as_str())
                || name.starts_with('.');
            if !generated {
                collect(&entry.path(), &format!("{path}/"), files);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
