//! The files of a project that ask for packages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use plimsoll_model::SourceFile;
use plimsoll_rules::Recipe;
use plimsoll_scan::advisory::{
    DeclaredPackage, Standing, declarations, includes, is_aside, is_manifest,
};
use plimsoll_syntax::glob;

use crate::project;

/// How deep below the project's folder files are looked for that ask for packages.
const DEPTH: usize = 4;
/// Entries of folders that are looked at.
const ENTRIES: usize = 50_000;
/// Bytes of one such file, and of all of them.
const LARGEST: u64 = 16 << 20;
const ALL: usize = 64 << 20;

/// What the files below a folder ask for, in the order of their paths, those of higher folders
/// first, and what the Dockerfile has to do with each. A file that cannot be read asks for nothing: the
/// advice names the Dockerfile's line then.
pub(super) fn declared(folder: &Path, recipe: &Recipe) -> Vec<DeclaredPackage> {
    let mut files: Vec<(usize, PathBuf)> = Vec::new();
    // The folder of a path without one is this one.
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let mut folders = vec![(0, folder.to_path_buf())];
    let mut seen = 0;
    while let Some((depth, folder)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > ENTRIES {
                break;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                if depth < DEPTH && !project::is_passed_over(&name) {
                    folders.push((depth + 1, entry.path()));
                }
            } else if kind.is_file() && is_manifest(&name) {
                files.push((depth, entry.path()));
            }
        }
    }
    files.sort();
    let mut read = 0;
    let mut known: Vec<(String, SourceFile)> = Vec::new();
    for (_, path) in files {
        let Ok(bytes) = project::read_bounded(&path, LARGEST) else {
            continue;
        };
        read += bytes.len();
        if read > ALL {
            break;
        }
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let below = below.to_string_lossy().replace('\\', "/");
        known.push((below, SourceFile::new(project::shown(&path), bytes)));
    }
    let installed = installed(&known, recipe);
    let mut all = Vec::new();
    for (below, file) in &known {
        let standing = match installed.get(below.as_str()) {
            Some(line) => Standing::Installed(*line),
            None if recipe.copies(below) => Standing::Copied,
            None => Standing::Elsewhere,
        };
        let mut declared = declarations(file);
        for one in &mut declared {
            (one.standing, one.is_aside) = (standing, is_aside(below));
        }
        all.extend(declared);
    }
    all
}

/// The files that instructions of the Dockerfile install from, with the line of the instruction: those
/// that it finds, and what these take in.
fn installed<'f>(files: &'f [(String, SourceFile)], recipe: &Recipe) -> HashMap<&'f str, usize> {
    let by_path: HashMap<&str, &SourceFile> = files
        .iter()
        .map(|(path, file)| (path.as_str(), file))
        .collect();
    let known = |path: &str| by_path.get_key_value(path).map(|(path, _)| *path);
    let mut lines = HashMap::new();
    let mut next: Vec<(&'f str, usize)> = Vec::new();
    for install in &recipe.installs {
        let found = install.files.iter().filter_map(|path| known(path));
        next.extend(found.map(|path| (path, install.place.start.line)));
    }
    // The first instruction counts.
    next.reverse();
    while let Some((path, line)) = next.pop() {
        if lines.contains_key(path) {
            continue;
        }
        lines.insert(path, line);
        let text = by_path.get(path).map(|file| file.bytes());
        let text = text.and_then(|bytes| str::from_utf8(bytes).ok());
        if !path.ends_with(".txt") && !path.ends_with(".in") {
            continue;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in includes(text.unwrap_or_default()) {
            let beside = glob::clean(&format!("/{folder}/{name}"));
            next.extend(known(beside.trim_start_matches('/')).map(|path| (path, line)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_project_are_found_where_people_write_them() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("requirements.txt", "pandas==1.5\n"),
            (
                "web/package.json",
                "{\n\"dependencies\": {\n\"a\": \"1.0.0\"\n}\n}\n",
            ),
            (
                "web/node_modules/b/package.json",
                "{\n\"dependencies\": {\n\"c\": \"1\"\n}\n}\n",
            ),
            ("a/b/c/d/e/go.mod", "require x v1\n"),
            ("notes.txt", "pandas\n"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let names: Vec<String> = declared(folder.path(), &Recipe::default())
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["pandas", "a"]);
    }

    #[test]
    fn what_an_instruction_installs_from_takes_in_other_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("api/requirements.txt", "flask==1\n"),
            (
                "worker/requirements.txt",
                "-r common/constraints.txt\nflask==1\n",
            ),
            ("worker/common/constraints.txt", "a==1\n"),
            ("worker/requirements-dev.txt", "flask==1\n"),
            ("docs/requirements.txt", "flask==1\n"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let told = |text: &str| -> Vec<(String, Standing, bool)> {
            let file = SourceFile::new("Dockerfile", text.to_owned());
            let all = declared(folder.path(), &Recipe::of(&file, None));
            let told = all.into_iter().map(|one| {
                let mut parts = one.place.file.rsplit('/');
                let (_, folder) = (parts.next(), parts.next());
                (
                    folder.unwrap_or_default().to_owned(),
                    one.standing,
                    one.is_aside,
                )
            });
            told.collect()
        };
        let of = |folder: &str, standing, is_aside| (folder.to_owned(), standing, is_aside);
        assert_eq!(
            told("FROM x\nCOPY worker /app\nRUN pip install -r /app/requirements.txt\n"),
            [
                of("api", Standing::Elsewhere, false),
                of("docs", Standing::Elsewhere, true),
                of("worker", Standing::Copied, true),
                of("worker", Standing::Installed(3), false),
                of("common", Standing::Installed(3), false),
            ]
        );
    }
}
