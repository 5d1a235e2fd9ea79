//! Rules about the documents.

use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag};

use super::{File, assert_none, files};
use crate::repository::Repository;

/// Relative links that lead nowhere.
fn dead_links(files: &[File], exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.has_extension(&["md"])) {
        for event in Parser::new(&file.text) {
            let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event
            else {
                continue;
            };
            let target = dest_url.split(['#', '?']).next().unwrap_or_default();
            // `https:`, `mailto:` and the like, or a place in the same document.
            if target.is_empty()
                || target
                    .split('/')
                    .next()
                    .is_some_and(|start| start.contains(':'))
            {
                continue;
            }
            let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
            if !exists(&normal(&folder.join(target))) {
                complaints.push(format!("{}: {dest_url}", file.path));
            }
        }
    }
    complaints
}

/// `docs/../README.md` as `README.md`; a path that leaves the repository keeps its `..`, and does not exist.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir && normal.file_name().is_some() {
            normal.pop();
        } else if part != Component::CurDir {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn links_lead_somewhere() {
    let root = Repository::open().expect("the repository is there").root;
    let inside = |path: &Path| !path.starts_with("..") && root.join(path).exists();
    assert_none(dead_links(&files(), inside));

    let text = "[a](../README.md) [b](gone.md#part) ![c](gone.png) [d](https://example.com/) [e](#here) [f][f]\n\n\
        ```ts\nlist[0](call)\n```\n\n[f]: ../../outside.md\n";
    let found = dead_links(&[File::new("docs/guide.md", text)], |path| {
        path == Path::new("README.md")
    });
    assert_eq!(
        found,
        [
            "docs/guide.md: gone.md#part",
            "docs/guide.md: gone.png",
            "docs/guide.md: ../../outside.md"
        ]
    );
}
