//! The files of a project that ask for packages.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use plimsoll_model::SourceFile;
use plimsoll_rules::Recipe;
use plimsoll_scan::advisory::{
    DeclaredPackage, Standing, declarations, includes, is_aside, is_manifest, may_be_requirements,
};
use plimsoll_syntax::glob;

use super::workspaces::Workspaces;
use crate::project;

/// How deep below the project's folder files are looked for that ask for packages.
const DEPTH: usize = 4;
/// Entries of folders that are looked at.
const ENTRIES: usize = 50_000;
/// Bytes of one such file, and of all of them.
const LARGEST: u64 = 16 << 20;
const ALL: usize = 64 << 20;
/// Files that one of requirements takes in.
const TAKEN_IN: usize = 1000;
/// How often a folder is held against a pattern of workspaces.
const TRIES: usize = 500_000;

/// What the files below a folder ask for, in the order of their paths, those of higher folders
/// first, and what the Dockerfile has to do with each. A file that cannot be read asks for nothing: the
/// advice names the Dockerfile's line then.
pub(super) fn declared(folder: &Path, recipe: &Recipe) -> Vec<DeclaredPackage> {
    // The folder of a path without one is this one.
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let (manifests, others) = listed(folder);
    let mut project = Project {
        folder,
        files: Vec::new(),
        read: 0,
    };
    for path in manifests {
        if !project.take(&path) {
            break;
        }
    }
    let named = project.take_named(&others, recipe);
    let installed = installed(&project.files, recipe);
    let mut all = Vec::new();
    for (below, file) in &project.files {
        let standing = match installed.get(below.as_str()) {
            Some(line) => Standing::Installed(*line),
            None if recipe.copies(below) => Standing::Copied,
            None => Standing::Elsewhere,
        };
        let mut declared = declarations(file, named.contains(below));
        for one in &mut declared {
            (one.standing, one.is_aside) = (standing, is_aside(below));
        }
        all.extend(declared);
    }
    all
}

/// The files below a folder that ask for packages, in order, and those that do if they are named, by their
/// paths below it.
fn listed(folder: &Path) -> (Vec<PathBuf>, HashMap<String, PathBuf>) {
    let mut manifests: Vec<(usize, PathBuf)> = Vec::new();
    let mut others = HashMap::new();
    let mut folders = vec![(0, folder.to_path_buf())];
    let mut seen = 0;
    while let Some((depth, inner)) = folders.pop() {
        for entry in std::fs::read_dir(&inner).into_iter().flatten().flatten() {
            seen += 1;
            if seen > ENTRIES {
                break;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            if kind.is_dir() {
                if depth < DEPTH && !is_passed_over(&name) {
                    folders.push((depth + 1, path));
                }
            } else if kind.is_file() {
                let below = below(folder, &path);
                match is_manifest(&below) {
                    true => manifests.push((depth, path)),
                    false => _ = others.insert(below, path),
                }
            }
        }
    }
    manifests.sort();
    let manifests = manifests.into_iter().map(|(_, path)| path);
    (manifests.collect(), others)
}

/// What was read of a project.
struct Project<'a> {
    folder: &'a Path,
    /// By their paths below the folder.
    files: Vec<(String, SourceFile)>,
    /// Bytes that were read.
    read: usize,
}

impl Project<'_> {
    /// Reads a file; says no where there is too much.
    fn take(&mut self, path: &Path) -> bool {
        let Ok(bytes) = project::read_bounded(path, LARGEST) else {
            return true;
        };
        self.read += bytes.len();
        let is_within = self.read <= ALL;
        if is_within {
            let file = SourceFile::new(project::shown(path), in_utf8(bytes));
            self.files.push((below(self.folder, path), file));
        }
        is_within
    }

    /// Reads those of some files that an instruction installs from, or that a file of requirements takes
    /// in, and what lies deeper than the others; gives their paths.
    fn take_named(
        &mut self,
        others: &HashMap<String, PathBuf>,
        recipe: &Recipe,
    ) -> HashSet<String> {
        let folder = self.folder;
        let mut named = HashSet::new();
        let mut find = |path: String| {
            let known = others.get(&path).cloned();
            let place = known.or_else(|| deeper(folder, &path))?;
            named.insert(path.clone()).then_some((path, place))
        };
        let files = recipe.installs.iter().flat_map(|install| &install.files);
        let mut next: Vec<(String, PathBuf)> = files.cloned().filter_map(&mut find).collect();
        for (path, file) in &self.files {
            next.extend(included(path, file).into_iter().filter_map(&mut find));
        }
        while let Some((path, place)) = next.pop() {
            if !self.take(&place) {
                break;
            }
            let taken = self.files.last().filter(|(last, _)| *last == path);
            let taken = taken.map_or(Vec::new(), |(path, file)| included(path, file));
            next.extend(taken.into_iter().filter_map(&mut find));
        }
        named
    }
}

/// A file that lies deeper than what is looked for without being named.
fn deeper(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut parts = Path::new(path).components();
    let is_deeper = parts.clone().count() > DEPTH + 1;
    let is_below = is_deeper && parts.all(|part| matches!(part, Component::Normal(_)));
    let place = folder.join(path);
    // A link may lead out of the folder.
    let is_no_link = || Some(place.canonicalize().ok()? == folder.canonicalize().ok()?.join(path));
    (is_below && place.is_file() && is_no_link() == Some(true)).then_some(place)
}

/// A text in UTF-8 without a mark in front. PowerShell writes `pip freeze > requirements.txt` in UTF-16, and
/// pip reads that.
fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let of_pairs = |pairs: &[u8], order: fn([u8; 2]) -> u16| {
        let (pairs, _) = pairs.as_chunks::<2>();
        let units = pairs.iter().map(|pair| order(*pair));
        let text: String = char::decode_utf16(units)
            .map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        text.into_bytes()
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, pairs @ ..] => of_pairs(pairs, u16::from_le_bytes),
        [0xFE, 0xFF, pairs @ ..] => of_pairs(pairs, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, text @ ..] => text.to_vec(),
        _ => bytes,
    }
}

/// A path below the project's folder.
fn below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.to_string_lossy().replace('\\', "/")
}

/// The paths of the files that one of requirements takes in.
fn included(path: &str, file: &SourceFile) -> Vec<String> {
    let text = str::from_utf8(file.bytes()).unwrap_or_default();
    if !may_be_requirements(path) {
        return Vec::new();
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    includes(text)
        .take(TAKEN_IN)
        .map(|name| {
            let beside = glob::clean(&format!("/{folder}/{name}"));
            beside.trim_start_matches('/').to_owned()
        })
        .collect()
}

/// The files that instructions of the Dockerfile install from, with the line of the instruction: those
/// that it finds, what these take in, and the packages that are installed together with one of them.
fn installed<'f>(files: &'f [(String, SourceFile)], recipe: &Recipe) -> HashMap<&'f str, usize> {
    let by_path: HashMap<&str, &SourceFile> = files
        .iter()
        .map(|(path, file)| (path.as_str(), file))
        .collect();
    let known = |path: &str| by_path.get_key_value(path).map(|(path, _)| *path);
    let packages = LazyCell::new(|| packages(files, recipe));
    let mut tries = TRIES;
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
        let Some(file) = by_path.get(path) else {
            continue;
        };
        let taken_in = included(path, file);
        next.extend(
            taken_in
                .iter()
                .filter_map(|path| Some((known(path)?, line))),
        );
        if let Some(workspaces) = Workspaces::of(path, file)
            && let Some(left) = tries.checked_sub(workspaces.len() * packages.len())
        {
            tries = left;
            let members = packages.iter().filter(|one| workspaces.has(one.folder));
            next.extend(members.map(|one| (one.path, line)));
        }
    }
    lines
}

/// A package that may be installed together with another one.
struct Member<'f> {
    folder: &'f str,
    path: &'f str,
}

/// The packages that an instruction copies.
fn packages<'f>(files: &'f [(String, SourceFile)], recipe: &Recipe) -> Vec<Member<'f>> {
    let packages = files.iter().filter_map(|(path, _)| {
        let folder = path.strip_suffix("/package.json")?;
        recipe.brings(path).then_some(Member { folder, path })
    });
    packages.collect()
}

/// Version control, dependency and build folders: no file in them is one to mend.
fn is_passed_over(name: &str) -> bool {
    name.starts_with('.')
        || matches!(
            name,
            "node_modules" | "target" | "vendor" | "__pycache__" | "venv"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with some files.
    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn files_of_the_project_are_found_where_people_write_them() {
        let folder = project(&[
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
        ]);
        let names: Vec<String> = declared(folder.path(), &Recipe::default())
            .into_iter()
            .map(|one| one.name)
            .collect();
        assert_eq!(names, ["pandas", "a"]);
    }

    #[test]
    fn what_an_instruction_installs_from_takes_in_other_files() {
        let folder = project(&[
            ("api/requirements.txt", "flask==1\n"),
            (
                "worker/requirements.txt",
                "-r common/constraints.txt\nflask==1\n",
            ),
            ("worker/common/constraints.txt", "a==1\n"),
            ("worker/requirements-dev.txt", "flask==1\n"),
            ("docs/requirements.txt", "flask==1\n"),
        ]);
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

    #[test]
    fn a_file_of_requirements_may_have_any_name() {
        let folder = project(&[
            ("requirements/base.txt", "flask==1\n"),
            ("requirements.prod.txt", "gunicorn==1\n"),
            ("deps.txt", "-r more/list.in\ndjango==1\n"),
            ("more/list.in", "pandas==1\n"),
            ("words.txt", "apple\n"),
            (
                "Pipfile.lock",
                "{\n \"_meta\": {\n },\n \"default\": {\n  \"numpy\": {\n   \"hashes\": [\n    \"x\"\n   ],\n   \
                 \"version\": \"==1.0\"\n  }\n }\n}\n",
            ),
        ]);
        let told = |text: &str| -> Vec<String> {
            let file = SourceFile::new("Dockerfile", text.to_owned());
            let all = declared(folder.path(), &Recipe::of(&file, None));
            let mut told: Vec<String> = all
                .into_iter()
                .map(|one| match one.standing {
                    Standing::Installed(line) => format!("{} {line}", one.name),
                    _ => one.name,
                })
                .collect();
            told.sort();
            told
        };
        assert_eq!(told("FROM x\n"), ["flask", "gunicorn", "numpy"]);
        assert_eq!(
            told("FROM x\nCOPY . /app\nRUN pip install -r /app/deps.txt\n"),
            ["django 3", "flask", "gunicorn", "numpy", "pandas 3"]
        );
        assert_eq!(
            told("FROM x\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements/base.txt\n"),
            ["flask 4", "gunicorn", "numpy"]
        );
    }

    #[test]
    fn a_file_that_is_named_is_read_however_deep_it_lies() {
        let folder = project(&[
            ("a/b/c/d/e/f/deps.txt", "-r ../list.txt\nflask==1\n"),
            ("a/b/c/d/e/list.txt", "click==7\n-r f/deps.txt\n"),
            ("a/b/c/d/e/requirements.txt", "pandas==1\n"),
        ]);
        let text = "FROM x\nCOPY a/b/c/d/e/f/deps.txt /r.txt\nRUN pip install -r /r.txt\n";
        let file = SourceFile::new("Dockerfile", text);
        let all = declared(folder.path(), &Recipe::of(&file, None));
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.standing))
            .collect();
        let installed = Standing::Installed(3);
        assert_eq!(told, [("flask", installed), ("click", installed)]);
    }

    #[test]
    fn what_a_file_to_compile_takes_in_is_one_of_requirements() {
        let folder = project(&[
            ("requirements.in", "-r more.in\n-r none.in\nflask\n"),
            ("more.in", "-c requirements.in\n-c deep/limits.in\na==1\n"),
            ("deep/limits.in", "b<2\n"),
            ("words.in", "apple\n"),
            ("notes.txt", "-r words.in\n"),
        ]);
        let all = declared(folder.path(), &Recipe::default());
        let mut names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "flask"]);
        assert!(all.iter().all(|one| one.standing == Standing::Elsewhere));
    }

    #[test]
    fn what_an_instruction_installs_from_comes_before_what_it_never_touches() {
        let folder = project(&[
            ("deploy/docker.requirements", "-r more\nflask==1\n"),
            ("deploy/more", "click==1\n"),
            ("requirements.txt", "flask==1\n"),
        ]);
        let text = "FROM x\nCOPY deploy/docker.requirements /tmp/requirements.txt\n\
                    RUN pip install -r /tmp/requirements.txt\n";
        let file = SourceFile::new("Dockerfile", text);
        let all = declared(folder.path(), &Recipe::of(&file, None));
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.standing))
            .collect();
        assert_eq!(
            told,
            [
                ("flask", Standing::Elsewhere),
                ("flask", Standing::Installed(3)),
                ("click", Standing::Installed(3)),
            ]
        );
    }

    #[test]
    fn packages_of_one_project_are_installed_together() {
        let pin = "{\n\"dependencies\": {\n\"lodash\": \"4.17.15\"\n}\n}\n";
        let root = "{\"workspaces\": [\"packages/*\"]}\n";
        let folder = project(&[
            ("package.json", root),
            ("packages/a/package.json", pin),
            ("packages/b/package.json", pin),
            ("packages/c/package.json", pin),
            ("other/package.json", pin),
        ]);
        let text = "FROM x\nCOPY package.json .\nCOPY packages/[ab] packages/\nRUN npm ci\n";
        let file = SourceFile::new("Dockerfile", text);
        let all = declared(folder.path(), &Recipe::of(&file, None));
        let told: Vec<_> = all.iter().map(|one| one.standing).collect();
        let together = Standing::Installed(4);
        let apart = Standing::Elsewhere;
        assert_eq!(told, [apart, together, together, apart]);
    }

    #[test]
    fn packages_that_all_name_one_another_are_soon_told() {
        let names: Vec<String> = (0..2000).map(|at| format!("p/{at}/package.json")).collect();
        let text = format!(
            "{{\"workspaces\": [{}\"../*\"]}}",
            "\"../*a*b\",".repeat(99)
        );
        let files: Vec<(String, SourceFile)> = names
            .iter()
            .map(|path| (path.clone(), SourceFile::new(path.as_str(), text.as_str())))
            .collect();
        let text = "FROM x\nCOPY . .\nRUN cd p/0 && npm ci\n";
        let recipe = Recipe::of(&SourceFile::new("Dockerfile", text), None);
        let installed = installed(&files, &recipe);
        assert_eq!(installed.len(), files.len());
    }

    #[test]
    fn texts_of_windows_are_read() {
        let text = "flask==1.0\r\nclick==7\r\n";
        let of_pairs = |order: fn(u16) -> [u8; 2]| {
            let marked = format!("\u{feff}{text}");
            marked.encode_utf16().flat_map(order).collect::<Vec<u8>>()
        };
        for bytes in [
            format!("\u{feff}{text}").into_bytes(),
            of_pairs(u16::to_le_bytes),
            of_pairs(u16::to_be_bytes),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("requirements.txt"), bytes).expect("a file");
            let all = declared(folder.path(), &Recipe::default());
            let told: Vec<_> = all
                .iter()
                .map(|one| (one.name.as_str(), one.place.start.line))
                .collect();
            assert_eq!(told, [("flask", 1), ("click", 2)]);
        }
    }
}
