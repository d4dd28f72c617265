//! Files and folders a rule may speak of: caches, compilers, package managers, shells,
//! downloaders, set-id files, version control.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{NotableFile, NotableKind, SecretSighting, Severity};

use crate::catalogue::{base_name, folder};
use crate::package_cache::PackageCaches;
use crate::record::FactKind;
use crate::startup::MAX_SEARCH_PATH;
use crate::tree::Tree;

const COMPILERS: &[&str] = &[
    "gcc", "g++", "clang", "clang++", "cc1", "cc1plus", "collect2", "ld", "ld.bfd", "ld.gold",
    "ld.lld", "lld", "as", "gfortran", "tcc", "go", "rustc", "make", "cmake", "ninja", "javac",
    "ghc", "swiftc",
];
const PACKAGE_MANAGERS: &[&str] = &[
    "apt", "apt-get", "dpkg", "apk", "yum", "dnf", "microdnf", "rpm", "zypper", "pacman", "pip",
    "pip3", "pipx", "uv", "poetry", "npm", "yarn", "pnpm", "conda", "mamba", "gem", "bundle",
    "composer", "cargo",
];
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox",
];
const DOWNLOADERS: &[&str] = &["curl", "wget", "aria2c", "axel", "lynx", "ftp", "tftp"];
const VERSION_CONTROL: &[(&str, &str)] =
    &[(".git", "HEAD"), (".hg", "requires"), (".svn", "wc.db")];

/// Everything of note in the final tree, sorted by path.
pub(crate) fn notable(
    tree: &Tree<'_>,
    secrets: &[SecretSighting],
    downloads: &PackageCaches,
) -> Vec<NotableFile> {
    let mut files = Vec::new();
    let mut caches: BTreeMap<(&str, usize), u64> = BTreeMap::new();
    let mut programs: BTreeSet<(NotableKind, String)> = BTreeSet::new();
    let mut checkouts: BTreeSet<&str> = BTreeSet::new();
    for (path, node) in tree.iter() {
        let cache = downloads.of(path);
        if let Some(cache) = cache
            && !downloads.is_shared(node.fact)
        {
            *caches.entry((cache.folder, node.layer)).or_default() += node.fact.size;
        }
        if node.fact.kind == FactKind::File
            && node.fact.mode & 0o6000 != 0
            && node.fact.mode & 0o111 != 0
        {
            files.push(NotableFile {
                kind: NotableKind::SetId,
                path: path.to_owned(),
                size: node.fact.size,
                layer: node.layer,
            });
        }
        if is_open(node.fact.mode, &node.fact.kind)
            && !is_meant_open(path)
            && !is_in_open(tree, path)
        {
            files.push(NotableFile {
                kind: NotableKind::WorldWritable,
                path: path.to_owned(),
                size: node.fact.size,
                layer: node.layer,
            });
        }
        if let Some(kind) = login_kind(path, &node.fact.kind, node.fact.mode) {
            files.push(NotableFile {
                kind,
                path: path.to_owned(),
                size: node.fact.size,
                layer: node.layer,
            });
        }
        // What else is downloaded goes with the cache that it lies in.
        if cache.is_some() {
            continue;
        }
        if let Some(checkout) = checkout(path)
            && checkouts.insert(checkout)
        {
            files.push(NotableFile {
                kind: NotableKind::VersionControl,
                path: checkout.to_owned(),
                size: tree.below(checkout).map(|(_, node)| node.fact.size).sum(),
                layer: node.layer,
            });
        }
        let Some(kind) = program_kind(path) else {
            continue;
        };
        // Links to one program are one program, named by the first of them.
        if let Some((real, target)) = tree.follow(path)
            && is_program(&target.fact.kind, target.fact.mode)
            && programs.insert((kind, real))
        {
            files.push(NotableFile {
                kind,
                path: path.to_owned(),
                size: target.fact.size,
                layer: node.layer,
            });
        }
    }
    files.extend(
        caches
            .into_iter()
            .filter(|(_, size)| *size > 0)
            .map(|((path, layer), size)| NotableFile {
                kind: NotableKind::PackageCache,
                path: path.to_owned(),
                size,
                layer,
            }),
    );
    files.extend(readable_keys(tree, secrets));
    files.sort_by(|a, b| (&a.path, a.kind, a.layer).cmp(&(&b.path, b.kind, b.layer)));
    files
}

/// Whether everybody may write to it, and to a folder also take away what others put there.
fn is_open(mode: u32, kind: &FactKind) -> bool {
    match kind {
        FactKind::File | FactKind::Hardlink(_) => mode & 0o002 != 0,
        FactKind::Directory => mode & 0o1002 == 0o002,
        _ => false,
    }
}

/// Places that everybody writes to on any system.
fn is_meant_open(path: &str) -> bool {
    [
        "tmp", "var/tmp", "run", "var/run", "var/lock", "dev", "proc", "sys",
    ]
    .iter()
    .any(|place| path == *place || is_below(path, place))
}

/// Whether the folder above is open itself: what is in it need not be told one by one.
fn is_in_open(tree: &Tree<'_>, path: &str) -> bool {
    tree.get(folder(path))
        .is_some_and(|node| is_open(node.fact.mode, &node.fact.kind))
}

/// Servers that let people log in, and the keys that prove them to be themselves.
fn login_kind(path: &str, kind: &FactKind, mode: u32) -> Option<NotableKind> {
    if matches!(path, "usr/sbin/sshd" | "usr/sbin/dropbear") && is_program(kind, mode) {
        return Some(NotableKind::LoginServer);
    }
    let is_key = path
        .strip_prefix("etc/ssh/ssh_host_")
        .is_some_and(|name| name.ends_with("_key"))
        || path.starts_with("etc/dropbear/dropbear_") && path.ends_with("_host_key");
    (is_key && *kind == FactKind::File).then_some(NotableKind::HostKey)
}

/// Files with a private key in them that everybody may read. What is published with a package, or
/// lies among tests, is no secret.
fn readable_keys(tree: &Tree<'_>, secrets: &[SecretSighting]) -> Vec<NotableFile> {
    let mut paths: Vec<&str> = secrets
        .iter()
        .filter(|secret| {
            secret.kind.contains("private-key")
                && secret.severity >= Severity::High
                && secret.deleted_in.is_none()
        })
        .map(|secret| secret.place.as_str())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| {
            let node = tree.get(path)?;
            (node.fact.kind == FactKind::File && node.fact.mode & 0o004 != 0).then(|| NotableFile {
                kind: NotableKind::ReadableKey,
                path: path.to_owned(),
                size: node.fact.size,
                layer: node.layer,
            })
        })
        .collect()
}

/// Whether an entry can be run.
pub(crate) fn is_program(kind: &FactKind, mode: u32) -> bool {
    matches!(kind, FactKind::File | FactKind::Hardlink(_)) && mode & 0o111 != 0
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The version control folder whose mark `path` is; of those in one another the outermost.
fn checkout(path: &str) -> Option<&str> {
    let parent = folder(path);
    VERSION_CONTROL
        .iter()
        .any(|(name, mark)| base_name(path) == *mark && base_name(parent) == *name)
        .then(|| outermost(parent))
}

/// The outermost version control folder around `checkout`, or itself.
fn outermost(checkout: &str) -> &str {
    let parts = checkout.match_indices('/').map(|(at, _)| at);
    let mut ends = parts.chain([checkout.len()]);
    let is_checkout = |end: &usize| {
        let name = base_name(&checkout[..*end]);
        VERSION_CONTROL.iter().any(|(folder, _)| name == *folder)
    };
    ends.find(is_checkout)
        .map_or(checkout, |end| &checkout[..end])
}

fn program_kind(path: &str) -> Option<NotableKind> {
    let parent = folder(path);
    let name = base_name(path);
    let compiler_proper = matches!(name, "cc1" | "cc1plus" | "collect2");
    // A package's own `bin` folder is where its links on the search path lead to.
    let on_the_way = path.starts_with("usr/share/") || path.contains("node_modules/");
    let is_bin = matches!(base_name(parent), "bin" | "sbin") && !on_the_way;
    if !is_bin && !compiler_proper {
        return None;
    }
    if is_compiler(name) {
        Some(NotableKind::Compiler)
    } else if PACKAGE_MANAGERS.contains(&name) {
        Some(NotableKind::PackageManager)
    } else if SHELLS.contains(&name) {
        Some(NotableKind::Shell)
    } else if DOWNLOADERS.contains(&name) {
        Some(NotableKind::Downloader)
    } else {
        None
    }
}

/// `gcc`, `gcc-12`, `x86_64-linux-gnu-gcc-12`.
fn is_compiler(name: &str) -> bool {
    let stem = match name.rsplit_once('-') {
        Some((stem, version))
            if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            stem
        }
        _ => name,
    };
    let bare = match stem.find("-linux-") {
        // The rest of a triple is one word: `gnu`, `musl`, `gnueabihf`.
        Some(at) => stem[at + "-linux-".len()..]
            .split_once('-')
            .map_or(stem, |(_, tool)| tool),
        None => stem,
    };
    COMPILERS.contains(&bare)
}

/// Names of programs in the folders of `path` (the variable), sorted.
pub(crate) fn programs(tree: &Tree<'_>, path: &str) -> Vec<String> {
    let folders: BTreeSet<String> = path
        .split(':')
        .take(MAX_SEARCH_PATH)
        .filter(|folder| folder.starts_with('/'))
        .filter_map(|folder| tree.resolve(folder))
        .collect();
    let mut names = BTreeSet::new();
    for top in &folders {
        // What is below another is met there: nothing is looked at twice.
        if above(top).any(|folder| folders.contains(folder)) {
            continue;
        }
        for (path, node) in tree.below(top) {
            if !folders.contains(folder(path)) {
                continue;
            }
            let runs = match &node.fact.kind {
                FactKind::Symlink(_) => tree
                    .follow(path)
                    .is_some_and(|(_, target)| is_program(&target.fact.kind, target.fact.mode)),
                kind => is_program(kind, node.fact.mode),
            };
            if runs {
                names.insert(base_name(path).to_owned());
            }
        }
    }
    names.into_iter().collect()
}

/// The folders above a path, the nearest first, the root at last.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let start = (!path.is_empty()).then(|| folder(path));
    std::iter::successors(start, |path| (!path.is_empty()).then(|| folder(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EntryFact, LayerRecord};

    #[test]
    fn compilers_by_any_name() {
        for yes in [
            "gcc",
            "gcc-12",
            "x86_64-linux-gnu-gcc-12",
            "clang-14",
            "ld.bfd",
            "x86_64-linux-gnu-ld",
        ] {
            assert!(is_compiler(yes), "{yes}");
        }
        for no in [
            "gcc-ar-12",
            "basename",
            "ldd",
            "python3.11",
            "x86_64-linux-gnu-objdump",
        ] {
            assert!(!is_compiler(no), "{no}");
        }
    }

    /// Any folder may be called so.
    #[test]
    fn what_everybody_may_run_as_root_or_write_is_told_in_caches_too() {
        let entry = |path: &str, mode| EntryFact {
            size: 1,
            mode,
            ..EntryFact::stub(path, FactKind::File)
        };
        let layers = [LayerRecord {
            entries: vec![
                entry("opt/.cache/pip/su", 0o4755),
                entry("opt/.cache/pip/gcc", 0o755),
                entry("srv/.m2/repository/open", 0o777),
            ],
            ..LayerRecord::default()
        }];
        let told = notable(&Tree::build(&layers), &[], &PackageCaches::default());
        let told: Vec<(&str, NotableKind)> = told
            .iter()
            .map(|one| (one.path.as_str(), one.kind))
            .collect();
        assert_eq!(
            told,
            [
                ("opt/.cache/pip", NotableKind::PackageCache),
                ("opt/.cache/pip/su", NotableKind::SetId),
                ("srv/.m2/repository", NotableKind::PackageCache),
                ("srv/.m2/repository/open", NotableKind::WorldWritable),
            ]
        );
    }

    #[test]
    fn checkouts_in_one_another_are_one() {
        for (path, of) in [
            ("srv/app/.git/HEAD", Some("srv/app/.git")),
            (".hg/requires", Some(".hg")),
            (".hg/.hg/.hg/requires", Some(".hg")),
            ("a/.git/b/.svn/wc.db", Some("a/.git")),
            ("a/.github/HEAD", None),
            ("a/.git/config", None),
        ] {
            assert_eq!(checkout(path), of, "{path}");
        }
    }

    #[test]
    fn programs_of_a_search_path() {
        let entry = |path: String, kind| EntryFact {
            path: path.into(),
            kind,
            size: 1,
            mode: 0o755,
            uid: 0,
            gid: 0,
            content: 0,
            start: crate::startup::format::Start::Unknown,
        };
        let deep = "d/".repeat(1_500);
        let paths = ["top", "usr/bin/a", "usr/bin/sub/b", "usr/bin-x/c"];
        let mut layer = LayerRecord {
            entries: paths
                .iter()
                .map(|path| entry((*path).to_owned(), FactKind::File))
                .collect(),
            ..LayerRecord::default()
        };
        let link = FactKind::Symlink("usr/bin".into());
        layer.entries.push(entry("bin".to_owned(), link));
        let files = (0..5_000).map(|file| entry(format!("{deep}{file}"), FactKind::File));
        layer.entries.extend(files);
        let layers = [layer];
        let tree = Tree::build(&layers);
        let of = |path: &str| programs(&tree, path);
        assert_eq!(of("/usr/bin:bin:/bin:/none"), ["a"]);
        assert_eq!(of("/usr/bin/sub:/usr/bin/:/usr/bin-x"), ["a", "b", "c"]);
        assert_eq!(of("/:/usr/bin"), ["a", "top"]);
        assert_eq!(of(&"/usr/bin:".repeat(100_000)), ["a"]);
        // Many folders with the same files far below each.
        let nested = (1..=900).map(|depth| format!("/{}", "d/".repeat(depth)));
        assert!(of(&nested.collect::<Vec<_>>().join(":")).is_empty());
    }
}
