//! Finds the Dockerfiles of a project by their usual names. Folders of version control, of what others
//! wrote and of what programs keep there are passed over, and told.

mod ignored;
mod name;

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerignore::IgnoreFile;

use self::ignored::Ignored;
pub(crate) use self::ignored::PassedOver;
pub(crate) use self::name::{is_dockerfile_name, is_loose_name};
use crate::failure::Failure;
use crate::project::{read_bounded, shown};

/// Entries of folders that a pattern is held against before the search ends.
const MOST: usize = 200_000;

/// Version control, and what is ours: nobody misses these.
const UNTOLD: [&str; 8] = [
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    ".jj",
    "CVS",
    "_darcs",
    ".plimsoll",
];
/// What package managers and tools fill.
const OF_OTHERS: [&str; 22] = [
    ".bundle",
    ".cache",
    ".cargo",
    ".direnv",
    ".eggs",
    ".gradle",
    ".ivy2",
    ".local",
    ".m2",
    ".next",
    ".nox",
    ".npm",
    ".nuxt",
    ".pnpm-store",
    ".rustup",
    ".terraform",
    ".tox",
    ".venv",
    ".yarn",
    "__pycache__",
    "node_modules",
    "venv",
];
/// Hidden folders that are a project's own: git need not be asked.
const OWN: [&str; 11] = [
    ".ci",
    ".circleci",
    ".config",
    ".devcontainer",
    ".docker",
    ".github",
    ".gitlab",
    ".husky",
    ".idea",
    ".storybook",
    ".vscode",
];

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The files, sorted.
    pub(crate) found: Vec<PathBuf>,
    /// What could not be looked into.
    pub(crate) unreadable: Vec<Failure>,
    /// Folders that were passed over, sorted.
    pub(crate) passed_over: PassedOver,
}

/// Finds the Dockerfiles below a folder.
pub(crate) fn find(folder: &Path) -> Search {
    let mut found = Vec::new();
    let mut search = walk(folder, &[], |_, name, entry| {
        // Also what is no file: a Dockerfile that cannot be read is told, not passed over.
        if is_dockerfile_name(name) && !entry.path().is_dir() {
            found.push(entry.path());
        }
        true
    });
    found.sort();
    search.found = found;
    search
}

/// The files that a pattern names. `*` stops at `/`, `**` does not; a folder that it names stands for the
/// Dockerfiles below it.
pub(crate) fn expand(pattern: &str) -> Result<Search, Failure> {
    // The walk starts where the pattern's plain folders end.
    let plain: Vec<&str> = pattern
        .split('/')
        .take_while(|part| !plimsoll_syntax::glob::has_wildcards(part))
        .collect();
    let base = if plain.is_empty() {
        PathBuf::from(".")
    } else {
        PathBuf::from(plain.join("/") + "/")
    };
    let parts: Vec<&str> = pattern.split('/').skip(plain.len()).collect();
    let rest = SourceFile::new("pattern", parts.join("/"));
    let (rest, errors) = IgnoreFile::parse(&rest);
    if let Some(error) = errors.first() {
        return Err(Failure::usage(format!("{pattern}: {}", error.message)));
    }
    let mut found = Vec::new();
    let mut seen = 0;
    let mut search = walk(&base, &parts, |prefix, name, entry| {
        seen += 1;
        let path = format!("{prefix}{name}");
        let matched = rest.matches(&path);
        // A pattern matches what is below a folder it names, too: there only Dockerfiles are meant.
        let itself = matched && (prefix.is_empty() || !rest.matches(prefix.trim_end_matches('/')));
        if itself || (matched && is_dockerfile_name(name)) {
            found.push(entry.path());
        }
        seen <= MOST
    });
    if seen > MOST {
        return Err(Failure::usage(format!(
            "{pattern}: too many files to look through"
        )));
    }
    found.sort();
    search.found = found;
    Ok(search)
}

/// A folder that is still to be looked into.
struct Folder {
    path: PathBuf,
    /// The same below where the walk began: empty, or with `/` at its end.
    below: String,
    /// The nearest root of a repository at or above it.
    repository: Option<Rc<Path>>,
    /// Whether it was named, itself or by a pattern.
    is_named: bool,
}

impl Folder {
    /// Whether its name is one that build tools and package managers use.
    fn is_built_or_vendored(&self) -> bool {
        let name = self.path.file_name().unwrap_or_default();
        name == "target" || name == "vendor"
    }
}

/// Hands every file below a folder to `file`, by the folder that it is in and its name, until that says
/// that it has enough. Folders of one of these `names` were typed, and are never passed over.
fn walk(
    start: &Path,
    names: &[&str],
    mut file: impl FnMut(&str, &str, &DirEntry) -> bool,
) -> Search {
    let mut search = Search::default();
    let mut asked = Vec::new();
    let mut ignored = Ignored::default();
    let mut folders = vec![Folder {
        path: start.to_owned(),
        below: String::new(),
        repository: (start.canonicalize().ok())
            .is_some_and(|start| start.ancestors().any(|folder| folder.join(".git").exists()))
            .then(|| Rc::from(start)),
        is_named: true,
    }];
    'walk: loop {
        let Some(mut folder) = folders.pop() else {
            if asked.is_empty() {
                break;
            }
            // All at once: to ask git is to start a program.
            folders = ignored.without(std::mem::take(&mut asked), &mut search.passed_over);
            continue;
        };
        let entries =
            std::fs::read_dir(&folder.path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries: Vec<DirEntry> = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let path = shown(&folder.path);
                search
                    .unreadable
                    .push(Failure::file(Path::new(&path), &error));
                continue;
            }
        };
        let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
        // Go's copies of others' modules are committed.
        let is_of_others = has("pyvenv.cfg")
            || has("modules.txt") && folder.path.file_name().is_some_and(|name| name == "vendor")
            || has("CACHEDIR.TAG") && is_cache(&folder.path);
        if is_of_others && !folder.is_named {
            search.passed_over.folders.push(folder.path);
            continue;
        }
        if has(".git") {
            folder.repository = Some(Rc::from(folder.path.as_path()));
        }
        for entry in &entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_folder = match entry.file_type() {
                Ok(kind) => kind.is_dir(),
                Err(error) => {
                    let path = shown(&entry.path());
                    search
                        .unreadable
                        .push(Failure::file(Path::new(&path), &error));
                    continue;
                }
            };
            if !is_folder {
                if !file(&folder.below, &name, entry) {
                    break 'walk;
                }
                continue;
            }
            let next = Folder {
                path: entry.path(),
                below: format!("{}{name}/", folder.below),
                repository: folder.repository.clone(),
                is_named: names.contains(&&*name),
            };
            let name: &str = &name;
            if next.is_named || OWN.contains(&name) {
                folders.push(next);
            } else if UNTOLD.contains(&name) {
            } else if OF_OTHERS.contains(&name) {
                search.passed_over.folders.push(next.path);
            } else if name.starts_with('.') || next.is_built_or_vendored() {
                asked.push(next);
            } else {
                folders.push(next);
            }
        }
    }
    search.passed_over.folders.sort();
    search.unreadable.sort_by(|a, b| a.message.cmp(&b.message));
    search
}

/// Whether a folder bears the tag of one that can be made anew at any time (bford.info/cachedir).
fn is_cache(folder: &Path) -> bool {
    let tag = read_bounded(&folder.join("CACHEDIR.TAG"), 4 << 10);
    tag.is_ok_and(|tag| tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_looked_through_and_what_others_filled_is_not() {
        let root = tempfile::tempdir().unwrap();
        let own = [
            ".ci/Dockerfile",
            ".devcontainer/Dockerfile",
            ".github/actions/x/Dockerfile",
            "src/.images/Dockerfile",
            "target/Dockerfile",
            "vendor/Dockerfile",
        ];
        let others = [
            ".hg/Dockerfile",
            ".venv/Dockerfile",
            "a/node_modules/b/Dockerfile",
            "env/Dockerfile",
        ];
        for path in own.iter().chain(&others) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "FROM scratch\n").unwrap();
        }
        std::fs::write(root.path().join("env/pyvenv.cfg"), "").unwrap();
        let below = |paths: &[PathBuf]| -> Vec<String> {
            let below = paths
                .iter()
                .map(|path| path.strip_prefix(root.path()).unwrap());
            below.map(|path| path.display().to_string()).collect()
        };
        let search = find(root.path());
        assert_eq!(below(&search.found), own);
        assert_eq!(
            below(&search.passed_over.folders),
            [".venv", "a/node_modules", "env"]
        );
        let told = search.passed_over.skipped().unwrap();
        assert_eq!(told.what, "3 folders");
        assert!(told.why.contains("a/node_modules"), "{}", told.why);
        // What is typed is looked into.
        assert_eq!(find(&root.path().join(".venv")).found.len(), 1);
        let pattern = |rest: &str| {
            let search = expand(&format!("{}/{rest}", root.path().display())).unwrap();
            below(&search.found)
        };
        assert_eq!(pattern("**/Dockerfile"), own);
        assert_eq!(
            pattern("*/node_modules/*/Dockerfile"),
            ["a/node_modules/b/Dockerfile"]
        );
        assert_eq!(pattern(".venv/*"), [".venv/Dockerfile"]);
    }

    #[test]
    fn what_is_built_is_passed_over_where_git_ignores_it() {
        let root = tempfile::tempdir().unwrap();
        let is_there = crate::git::ask(root.path(), &["init", "-q"]).is_some();
        if !is_there {
            eprintln!("there is no git: what it ignores is not tried");
            return;
        }
        for path in [
            ".cache-x",
            ".deploy",
            "target",
            "vendor",
            "sub/target",
            "sub/vendor",
        ] {
            std::fs::create_dir_all(root.path().join(path)).unwrap();
            std::fs::write(root.path().join(path).join("Dockerfile"), "FROM scratch\n").unwrap();
        }
        std::fs::write(
            root.path().join(".gitignore"),
            "target/\n/vendor\n.cache-x\n",
        )
        .unwrap();
        let search = find(root.path());
        let shown = |paths: &[PathBuf]| -> Vec<String> {
            let below = paths
                .iter()
                .map(|path| path.strip_prefix(root.path()).unwrap());
            below.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            shown(&search.found),
            [".deploy/Dockerfile", "sub/vendor/Dockerfile"]
        );
        assert_eq!(
            shown(&search.passed_over.folders),
            [".cache-x", "sub/target", "target", "vendor"]
        );
        // By a link, too: git knows the folder by one name only.
        let link = root.path().join("sub-link");
        std::os::unix::fs::symlink("sub", &link).unwrap();
        let search = find(&link);
        assert_eq!(shown(&search.found), ["sub-link/vendor/Dockerfile"]);
        assert_eq!(shown(&search.passed_over.folders), ["sub-link/target"]);
    }

    #[test]
    fn where_git_cannot_be_asked_what_is_built_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        // No repository, whatever git there is.
        std::fs::write(root.path().join(".git"), "gitdir: nowhere\n").unwrap();
        for path in [".deploy", "target", "vendor", "a"] {
            std::fs::create_dir_all(root.path().join(path)).unwrap();
            std::fs::write(root.path().join(path).join("Dockerfile"), "FROM scratch\n").unwrap();
        }
        let search = find(root.path());
        let found: Vec<PathBuf> = [".deploy/Dockerfile", "a/Dockerfile"]
            .map(|path| root.path().join(path))
            .into();
        assert_eq!(search.found, found);
        assert_eq!(search.passed_over.folders.len(), 2);
        let told = search.passed_over.skipped().unwrap();
        assert!(told.why.contains("could not be asked"), "{}", told.why);
    }

    #[test]
    fn modules_that_go_copied_are_others() {
        let root = tempfile::tempdir().unwrap();
        for path in ["vendor/x", "php/vendor"] {
            std::fs::create_dir_all(root.path().join(path)).unwrap();
            std::fs::write(root.path().join(path).join("Dockerfile"), "FROM scratch\n").unwrap();
        }
        std::fs::write(root.path().join("vendor/modules.txt"), "").unwrap();
        let search = find(root.path());
        assert_eq!(search.found, [root.path().join("php/vendor/Dockerfile")]);
        assert_eq!(search.passed_over.folders, [root.path().join("vendor")]);
        // What is typed is looked into.
        assert_eq!(find(&root.path().join("vendor")).found.len(), 1);
        let pattern = format!("{}/*/x/Dockerfile", root.path().display());
        assert_eq!(expand(&pattern).unwrap().found.len(), 0);
        let pattern = format!("{}/vendor/*/Dockerfile", root.path().display());
        assert_eq!(expand(&pattern).unwrap().found.len(), 1);
    }

    #[test]
    fn git_is_asked_within_bounds() {
        let root = tempfile::tempdir().unwrap();
        if crate::git::ask(root.path(), &["init", "-q"]).is_none() {
            eprintln!("there is no git: how often it is asked is not tried");
            return;
        }
        let deep = root.path().join(".a/".repeat(300));
        let target = deep.join("target");
        std::fs::create_dir_all(&target).unwrap();
        for folder in [&deep, &target] {
            std::fs::write(folder.join("Dockerfile"), "FROM scratch\n").unwrap();
        }
        let search = find(root.path());
        assert_eq!(search.found, [deep.join("Dockerfile")]);
        assert_eq!(search.passed_over.folders, [target]);
        assert!(search.passed_over.is_unasked);
    }
}
