//! What to do about known vulnerabilities: adds to a report the edits that remove them, each at the
//! line a person would change.

use std::path::{Path, PathBuf};

use plimsoll_model::{Inventory, Package, Report, Skipped, SourceFile, Vulnerability};
use plimsoll_scan::advisory::{
    AdviceInput, DeclaredPackage, advise, declarations, distinct, is_manifest,
};

use crate::project;
use crate::vulnerabilities::Judged;

/// How deep below the project's folder files are looked for that ask for packages.
const DEPTH: usize = 4;
/// Entries of folders that are looked at.
const ENTRIES: usize = 50_000;
/// Bytes of one such file, and of all of them.
const LARGEST: u64 = 16 << 20;
const ALL: usize = 64 << 20;

/// What is known of the project an image was built from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origins<'a> {
    /// Its Dockerfile.
    pub(crate) dockerfile: Option<&'a SourceFile>,
    /// The stage that was built, where it is not the last.
    pub(crate) target: Option<&'a str>,
    /// The folder with what it was built from.
    pub(crate) folder: Option<&'a Path>,
}

/// Adds the advice on what the report says; what holds the image back, as `judged`, counts. `again` tells
/// what the advisories know of other packages.
pub(crate) fn add(
    report: &mut Report,
    origins: Origins<'_>,
    judged: &Judged,
    again: &dyn Fn(&Inventory) -> Option<Vec<Vulnerability>>,
) {
    if report.vulnerabilities.is_empty() && report.pending_updates.is_empty() {
        return;
    }
    let base = origins
        .dockerfile
        .and_then(|file| plimsoll_build::base_source(file, origins.target));
    // What came with the base, no file of the project asks for.
    let is_asked_for = report
        .vulnerabilities
        .iter()
        .any(|found| found.in_base != Some(true) && found.is_fixable());
    let declared = match origins.folder {
        Some(folder) if is_asked_for => declared(folder),
        _ => Vec::new(),
    };
    let (declared, left_out) = distinct(declared);
    if left_out > 0 {
        report.skipped.push(Skipped {
            what: "files of the project".to_owned(),
            why: format!(
                "{left_out} more lines ask for yet other versions of a package: the advice names \
                 none of them"
            ),
            blocking: false,
        });
        report.skipped.sort();
    }
    let judge = |packages: Vec<Package>| {
        again(&Inventory {
            packages,
            distribution: report.inventory.distribution.clone(),
            ..Inventory::default()
        })
    };
    report.advice = advise(&AdviceInput {
        inventory: &report.inventory,
        vulnerabilities: &report.vulnerabilities,
        updates: &report.pending_updates,
        base: base.as_ref(),
        declared: &declared,
        counts: &|at| judged.held_back_by.binary_search(&at).is_ok(),
        update_counts: &|at| judged.updates_held_back_by.binary_search(&at).is_ok(),
        judge: Some(&judge),
    });
}

/// What the files below a folder ask for, in the order of their paths, those of higher folders
/// first. A file that cannot be read asks for nothing: the advice names the Dockerfile's line then.
fn declared(folder: &Path) -> Vec<DeclaredPackage> {
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
    let mut declared = Vec::new();
    for (_, path) in files {
        let Ok(bytes) = project::read_bounded(&path, LARGEST) else {
            continue;
        };
        read += bytes.len();
        if read > ALL {
            break;
        }
        declared.extend(declarations(&SourceFile::new(project::shown(&path), bytes)));
    }
    declared
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
        let names: Vec<String> = declared(folder.path())
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["pandas", "a"]);
    }
}
