//! Every test file is run: a file under `tests/it` that no `mod` line names is silently no test.

use std::path::{Path, PathBuf};

#[test]
fn no_test_file_is_forgotten() {
    let mut forgotten = Vec::new();
    for package in packages() {
        let tests = package.join("tests");
        let main = tests.join("it/main.rs");
        if !tests.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&tests).unwrap() {
            let path = entry.unwrap().path();
            // One binary a crate: linking is what makes tests slow.
            if path.extension().is_some_and(|extension| extension == "rs") {
                forgotten.push(format!("{}: belongs into tests/it", path.display()));
            }
        }
        if main.is_file() {
            unnamed(&main, &tests.join("it"), &mut forgotten);
        }
    }
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

fn packages() -> Vec<PathBuf> {
    let root = crate::root();
    let mut packages: Vec<PathBuf> = std::fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    packages.push(root.join("xtask"));
    packages.sort();
    packages
}

/// Adds the files and folders of modules in `folder` that `parent` does not name.
fn unnamed(parent: &Path, folder: &Path, forgotten: &mut Vec<String>) {
    let text = std::fs::read_to_string(parent).unwrap();
    let named = |module: &str| {
        text.lines().any(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
            line == format!("mod {module};")
        })
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() {
            let inner = path.join("mod.rs");
            let beside = path.with_extension("rs");
            if inner.is_file() || beside.is_file() {
                let parent_of_inner = if inner.is_file() { inner } else { beside };
                if !named(&stem) {
                    forgotten.push(format!("{}: no `mod {stem};`", path.display()));
                }
                unnamed(&parent_of_inner, &path, forgotten);
            }
        } else if is_source && path != parent && stem != "main" && stem != "mod" && !named(&stem) {
            forgotten.push(format!("{}: no `mod {stem};`", path.display()));
        }
    }
}
