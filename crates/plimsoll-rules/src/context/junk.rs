//! Files and folders that come with working on a project, not with running it.

use plimsoll_model::Severity;
use plimsoll_syntax::context::{ContextEntry, EntryKind};

/// A kind of junk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// What it is, for a sentence.
    pub(crate) what: &'static str,
    /// How much it hurts in an image.
    pub(crate) severity: Severity,
}

/// Junk that a context holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Junk {
    /// Path below the context.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// How many files of it enter a build, and their bytes.
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

const fn low(what: &'static str) -> Option<Kind> {
    Some(Kind {
        what,
        severity: Severity::Low,
    })
}

/// What a folder of this name is. `beside` asks for a file next to it, `inside` for one in it.
fn folder(
    name: &str,
    beside: impl Fn(&str) -> bool,
    inside: impl Fn(&str) -> bool,
) -> Option<Kind> {
    match name {
        ".git" | ".svn" | ".hg" => Some(Kind {
            what: "the history of the repository, with everything that was ever deleted from it",
            severity: Severity::Medium,
        }),
        "node_modules" => low("packages that were installed on another machine"),
        "__pycache__" | ".pytest_cache" | ".mypy_cache" | ".ruff_cache" | ".tox" | ".nox"
        | ".ipynb_checkpoints" | ".gradle" | ".parcel-cache" | ".turbo" | ".sass-cache" => {
            low("a tool's cache")
        }
        ".nyc_output" | "htmlcov" => low("a coverage report"),
        ".idea" | ".vscode" | ".vs" => low("an editor's settings"),
        ".terraform" => low("downloaded Terraform providers"),
        ".vagrant" => low("a virtual machine's state"),
        ".venv" | "venv" | "env" | "virtualenv" if inside("pyvenv.cfg") => {
            low("a virtual environment of another machine")
        }
        "target" if beside("Cargo.toml") || beside("pom.xml") => low("build output"),
        "bin" | "obj" if beside("project.assets.json") => low("build output"),
        _ => None,
    }
}

fn file(name: &str) -> Option<Kind> {
    match name {
        ".DS_Store" | "Thumbs.db" | "desktop.ini" => low("a file manager's note"),
        "npm-debug.log" | "yarn-error.log" | "yarn-debug.log" | ".pnpm-debug.log" => {
            low("a log of a failed install")
        }
        ".coverage" => low("a coverage report"),
        ".bash_history" | ".zsh_history" | ".python_history" | ".psql_history" => Some(Kind {
            what: "a history of typed commands",
            severity: Severity::Medium,
        }),
        _ if name.ends_with(".swp") || name.ends_with(".swo") => low("an editor's swap file"),
        _ => None,
    }
}

/// The junk among entries that enter a build, sorted by path: the outermost where one lies in
/// another. `exists` tells whether the context holds a path.
pub(crate) fn among<'a>(
    entries: impl Iterator<Item = &'a ContextEntry>,
    exists: impl Fn(&str) -> bool,
) -> Vec<Junk> {
    let mut found: Vec<Junk> = Vec::new();
    for entry in entries {
        // Sorted by path is not parents first in one piece (`a-b` stands between `a` and `a/b`), so
        // all that was found is asked; there is little of it.
        let above = found.iter_mut().find(|junk| {
            entry
                .path
                .strip_prefix(junk.path.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        });
        if let Some(junk) = above {
            if entry.kind == EntryKind::File {
                junk.files += 1;
                junk.bytes += entry.size;
            }
            continue;
        }
        if found.len() >= MAX {
            continue;
        }
        let (parent, name) = match entry.path.rsplit_once('/') {
            Some((parent, name)) => (format!("{parent}/"), name),
            None => (String::new(), entry.path.as_str()),
        };
        let kind = match entry.kind {
            EntryKind::Directory => folder(
                name,
                |sibling| exists(&format!("{parent}{sibling}")),
                |child| exists(&format!("{}/{child}", entry.path)),
            ),
            EntryKind::File => file(name),
            _ => None,
        };
        if let Some(kind) = kind {
            let is_file = entry.kind == EntryKind::File;
            found.push(Junk {
                path: entry.path.clone(),
                kind,
                files: usize::from(is_file),
                bytes: if is_file { entry.size } else { 0 },
            });
        }
    }
    // A folder whose content the ignore file keeps out brings nothing.
    found.retain(|junk| junk.files > 0);
    found
}

/// A context with more pieces of junk is told as it is with these.
const MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_counts_with_all_that_is_in_it() {
        let entry = |path: &str, kind, size| ContextEntry {
            path: path.to_owned(),
            kind,
            size,
        };
        use EntryKind::{Directory, File};
        let entries = [
            entry(".git", Directory, 0),
            entry(".git/HEAD", File, 10),
            entry("a.swp", File, 1),
            entry("env", Directory, 0),
            entry("env/prod", File, 9),
            entry("node_modules", Directory, 0),
            entry("node_modules-x", File, 7),
            entry("node_modules/a", Directory, 0),
            entry("node_modules/a/node_modules", Directory, 0),
            entry("node_modules/a/node_modules/b.js", File, 5),
            entry("target", Directory, 0),
            entry("target/x", File, 3),
            entry("venv", Directory, 0),
        ];
        let found = among(entries.iter(), |path| path == "Cargo.toml");
        let told: Vec<_> = found
            .iter()
            .map(|junk| (junk.path.as_str(), junk.files, junk.bytes))
            .collect();
        assert_eq!(
            told,
            [
                (".git", 1, 10),
                ("a.swp", 1, 1),
                ("node_modules", 1, 5),
                ("target", 1, 3)
            ]
        );
    }
}
