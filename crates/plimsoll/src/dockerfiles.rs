//! Finds the Dockerfiles of a project by their usual names. Folders of version control, of what others
//! wrote and of what programs keep there are passed over, and told.

use std::collections::HashSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plimsoll_model::{Skipped, SourceFile};
use plimsoll_syntax::dockerignore::IgnoreFile;

use crate::failure::Failure;
use crate::project::{read_bounded, shown};

/// Entries of folders that a pattern is held against before the search ends.
const MOST: usize = 200_000;
/// Folders that are named of those passed over.
const NAMED: usize = 5;

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
    pub(crate) passed_over: Vec<PathBuf>,
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
    let mut folders = vec![Folder {
        path: start.to_owned(),
        below: String::new(),
        repository: (start.canonicalize().ok())
            .is_some_and(|start| start.ancestors().any(|folder| folder.join(".git").exists()))
            .then(|| Rc::from(start)),
    }];
    'walk: loop {
        let Some(mut folder) = folders.pop() else {
            if asked.is_empty() {
                break;
            }
            // All at once: to ask git is to start a program.
            folders = not_ignored(std::mem::take(&mut asked), &mut search.passed_over);
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
        if !folder.below.is_empty()
            && (has("pyvenv.cfg") || has("CACHEDIR.TAG") && is_cache(&folder.path))
        {
            search.passed_over.push(folder.path);
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
            };
            let name: &str = &name;
            if names.contains(&name) || OWN.contains(&name) {
                folders.push(next);
            } else if UNTOLD.contains(&name) {
            } else if OF_OTHERS.contains(&name) {
                search.passed_over.push(next.path);
            } else if name.starts_with('.') || matches!(name, "target" | "vendor") {
                asked.push(next);
            } else {
                folders.push(next);
            }
        }
    }
    search.passed_over.sort();
    search.unreadable.sort_by(|a, b| a.message.cmp(&b.message));
    search
}

/// Whether a folder bears the tag of one that can be made anew at any time (bford.info/cachedir).
fn is_cache(folder: &Path) -> bool {
    let tag = read_bounded(&folder.join("CACHEDIR.TAG"), 4 << 10);
    tag.is_ok_and(|tag| tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"))
}

/// Those that git does not ignore; the others are passed over. What git cannot be asked of is a
/// project's own.
fn not_ignored(folders: Vec<Folder>, passed_over: &mut Vec<PathBuf>) -> Vec<Folder> {
    let mut repositories: Vec<Rc<Path>> = folders
        .iter()
        .filter_map(|folder| folder.repository.clone())
        .collect();
    repositories.sort();
    repositories.dedup();
    let mut ignored = HashSet::new();
    for repository in repositories {
        let of_it = folders
            .iter()
            .filter(|one| one.repository.as_ref() == Some(&repository));
        let paths: Vec<&Path> = of_it.map(|folder| folder.path.as_path()).collect();
        ignored.extend(crate::git::ignored(&repository, &paths));
    }
    let (out, kept): (Vec<Folder>, Vec<Folder>) = folders
        .into_iter()
        .partition(|folder| ignored.contains(&folder.path));
    passed_over.extend(out.into_iter().map(|folder| folder.path));
    kept
}

/// What a report says of folders that were passed over.
pub(crate) fn skipped(mut passed_over: Vec<PathBuf>) -> Option<Skipped> {
    passed_over.sort();
    passed_over.dedup();
    let count = passed_over.len();
    let mut named: Vec<String> = passed_over
        .iter()
        .take(NAMED)
        .map(|path| shown(path))
        .collect();
    match count {
        0 => return None,
        _ if count > NAMED => named.push(format!("and {} more", count - NAMED)),
        _ => {}
    }
    Some(Skipped {
        what: match count {
            1 => "1 folder".to_owned(),
            _ => format!("{count} folders"),
        },
        why: format!(
            "dependencies, caches and what git ignores are passed over: {}; name one to look into it",
            named.join(", ")
        ),
        blocking: false,
    })
}

/// Whether a Dockerfile goes by such a name.
pub(crate) fn is_dockerfile_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".dockerignore")
        || lower.ends_with(".containerignore")
        || lower.ends_with('~')
    {
        return false;
    }
    // `dockerfile-notes` is a text or a program; `Dockerfile-dev` is what people call a variant.
    let has_variant = ["Dockerfile", "Containerfile"].iter().any(|word| {
        let variant = name.strip_prefix(word);
        let variant = variant.and_then(|rest| rest.strip_prefix(['-', '_']));
        variant.is_some_and(|variant| {
            let ending = variant.rsplit_once('.').map(|(_, ending)| ending);
            !variant.is_empty() && !ending.is_some_and(|ending| is_other_file("dockerfile", ending))
        })
    });
    has_variant
        || ["dockerfile", "containerfile"].iter().any(|word| {
            lower == *word
                || lower
                    .strip_prefix(word)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .is_some_and(|variant| !is_other_file(name, variant))
                || lower
                    .strip_suffix(word)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
}

/// Whether the ending tells of a file about Dockerfiles rather than a variant of one. A program's
/// ending does so only behind a small letter: `Dockerfile.go` builds it, `dockerfile.go` is it.
fn is_other_file(name: &str, ending: &str) -> bool {
    const TEXTS: [&str; 12] = [
        "html", "j2", "json", "lock", "md", "orig", "rej", "template", "tmpl", "toml", "yaml",
        "yml",
    ];
    const PROGRAMS: [&str; 10] = ["c", "cpp", "go", "h", "java", "js", "py", "rb", "rs", "ts"];
    TEXTS.contains(&ending) || (name.starts_with(char::is_lowercase) && PROGRAMS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_known_by_their_names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "Dockerfile.go",
            "Dockerfile-prod",
            "Dockerfile_x",
            "Containerfile-a.b",
            "api.Dockerfile",
            "Containerfile",
            "x.dockerfile",
        ] {
            assert!(is_dockerfile_name(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfiles",
            "MyDockerfile",
            "Dockerfile~",
            "Dockerfile-",
            "Dockerfile-notes.md",
            "Dockerfile_test.go",
            "dockerfile-notes.md",
            "dockerfile-lint",
            "dockerfile.rs",
            "Dockerfile.md",
        ] {
            assert!(!is_dockerfile_name(name), "{name}");
        }
    }

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
            ".git/Dockerfile",
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
            below(&search.passed_over),
            [".venv", "a/node_modules", "env"]
        );
        let told = skipped(search.passed_over).unwrap();
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
            shown(&search.passed_over),
            [".cache-x", "sub/target", "target", "vendor"]
        );
    }
}
