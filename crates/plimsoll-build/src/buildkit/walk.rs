//! The walk over a context folder that DiffCopy sends (tonistiigi/fsutil, `Walk`): names sorted in
//! each folder, folders before what they hold, filtered by the patterns the engine asked for.

use std::collections::{BTreeSet, HashMap};
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::fsutil::types::Stat;

use super::mode;
use super::patterns::Patterns;

/// What the engine wants of a folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The ignore file's patterns, as the frontend read them.
    pub(crate) exclude: Vec<String>,
    /// Only these and what is below them; all where empty.
    pub(crate) include: Vec<String>,
    /// Like `include`, with symbolic links followed; `None` asks for everything.
    pub(crate) follow: Option<Vec<String>>,
}

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum WalkError {
    /// A file could not be looked at.
    Disk(PathBuf, io::Error),
    /// A name that the protocol cannot carry.
    Name(PathBuf),
    /// The receiver went away.
    Stopped,
}

impl std::fmt::Display for WalkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disk(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Name(path) => write!(
                f,
                "{}: the name is not UTF-8; list it in .dockerignore or rename it",
                path.display()
            ),
            Self::Stopped => f.write_str("the engine stopped asking"),
        }
    }
}

/// One file on its way: where it lies and how the protocol describes it.
pub(crate) struct Found {
    pub(crate) full: PathBuf,
    pub(crate) stat: Stat,
    /// Permission bits as Unix has them.
    pub(crate) mode: u32,
    /// Device and inode, to see that what is opened later is what was walked.
    pub(crate) identity: (u64, u64),
}

/// Walks `root`, handing every wanted entry to `take` in the protocol's order.
pub(crate) fn walk(
    root: &Path,
    wanted: &Wanted,
    take: &mut dyn FnMut(Found) -> Result<(), WalkError>,
) -> Result<(), WalkError> {
    let exclude = Patterns::new(&wanted.exclude);
    let include = Patterns::new(&includes(root, wanted));
    let prefixes_only = include
        .texts()
        .all(|pattern| !pattern.contains(['*', '?', '[', ']', '^', '\\']));
    let mut walker = Walker {
        exclude,
        include,
        prefixes_only,
        links: HashMap::new(),
        take,
    };
    walker.folder(root, "", &mut Vec::new())
}

struct Walker<'a> {
    exclude: Patterns,
    include: Patterns,
    /// Whether folders that no include pattern starts with may be left out unread.
    prefixes_only: bool,
    /// First path sent of every inode with several names.
    links: HashMap<(u64, u64), String>,
    take: &'a mut dyn FnMut(Found) -> Result<(), WalkError>,
}

impl Walker<'_> {
    /// Walks one folder. `pending` are folders around it that are only sent when something in them
    /// is.
    fn folder(
        &mut self,
        folder: &Path,
        below: &str,
        pending: &mut Vec<Found>,
    ) -> Result<(), WalkError> {
        let disk = |error| WalkError::Disk(folder.to_owned(), error);
        let mut names = std::fs::read_dir(folder)
            .map_err(disk)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(disk)?;
        names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        for name in names {
            let full = folder.join(&name);
            let Some(name) = name.to_str() else {
                // A pattern may still match it; what is left out need not be named.
                let lossy = join(below, &name.to_string_lossy());
                if self.wants(&lossy) {
                    return Err(WalkError::Name(full));
                }
                continue;
            };
            let path = join(below, name);
            let kept = self.wants(&path);
            let metadata = match std::fs::symlink_metadata(&full) {
                Ok(metadata) => metadata,
                // Deleted since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(WalkError::Disk(full, error)),
            };
            if metadata.file_type().is_socket() {
                continue;
            }
            let is_folder = metadata.is_dir();
            if !kept && (!is_folder || self.hopeless(&path)) {
                continue;
            }
            let depth = pending.len();
            if kept {
                for parent in pending.drain(..) {
                    (self.take)(parent)?;
                }
                let found = self.describe(full.clone(), &path, &metadata)?;
                (self.take)(found)?;
                if is_folder {
                    self.folder(&full, &path, pending)?;
                }
            } else {
                pending.push(self.describe(full.clone(), &path, &metadata)?);
                self.folder(&full, &path, pending)?;
                // Still there where nothing below was sent.
                if pending.len() > depth {
                    pending.truncate(depth);
                }
            }
        }
        Ok(())
    }

    fn wants(&self, path: &str) -> bool {
        (self.include.is_empty() || self.include.matches(path)) && !self.exclude.matches(path)
    }

    /// Whether nothing below this unwanted folder can be wanted.
    fn hopeless(&self, path: &str) -> bool {
        if self.exclude.matches(path) && !self.exclude.excepts_below(path) {
            return true;
        }
        let inside = format!("{path}/");
        !self.include.is_empty()
            && self.prefixes_only
            && !self.include.matches(path)
            && !self
                .include
                .texts()
                .any(|pattern| pattern.starts_with(&inside))
    }

    fn describe(
        &mut self,
        full: PathBuf,
        path: &str,
        metadata: &Metadata,
    ) -> Result<Found, WalkError> {
        let identity = (metadata.dev(), metadata.ino());
        let mut stat = Stat {
            path: path.to_owned(),
            mode: mode::to_go(metadata.mode()),
            // The context's owner is the user who happens to build: COPY gives files to root.
            uid: 0,
            gid: 0,
            mod_time: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
            xattrs: attributes(&full),
            ..Stat::default()
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let target =
                std::fs::read_link(&full).map_err(|error| WalkError::Disk(full.clone(), error))?;
            let Some(target) = target.to_str() else {
                return Err(WalkError::Name(full));
            };
            stat.size = i64::try_from(target.len()).unwrap_or(i64::MAX);
            stat.linkname = target.to_owned();
        } else if !kind.is_dir() {
            stat.size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
            if kind.is_block_device() || kind.is_char_device() {
                let device = metadata.rdev();
                stat.devmajor = i64::from(rustix::fs::major(device));
                stat.devminor = i64::from(rustix::fs::minor(device));
            }
            if metadata.nlink() > 1 {
                match self.links.get(&identity) {
                    Some(first) => {
                        stat.linkname.clone_from(first);
                        stat.size = 0;
                    }
                    None => {
                        self.links.insert(identity, path.to_owned());
                    }
                }
            }
        }
        Ok(Found {
            full,
            stat,
            mode: metadata.mode() & 0o7777,
            identity,
        })
    }
}

/// Extended attributes, as far as they can be read. A file system without them has none.
fn attributes(path: &Path) -> HashMap<String, Vec<u8>> {
    let mut names = vec![0_u8; 64 << 10];
    let Ok(length) = rustix::fs::llistxattr(path, &mut names) else {
        return HashMap::new();
    };
    names.truncate(length);
    let mut found = HashMap::new();
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = vec![0_u8; 64 << 10];
        if let (Ok(text), Ok(length)) = (
            std::str::from_utf8(name),
            rustix::fs::lgetxattr(path, name, &mut value),
        ) {
            value.truncate(length);
            found.insert(text.to_owned(), value);
        }
    }
    found
}

fn join(below: &str, name: &str) -> String {
    if below.is_empty() {
        name.to_owned()
    } else {
        format!("{below}/{name}")
    }
}

/// Include patterns with the followed paths in them (fsutil, `FollowLinks`). Empty means all.
fn includes(root: &Path, wanted: &Wanted) -> Vec<String> {
    let mut patterns: BTreeSet<String> = wanted.include.iter().cloned().collect();
    if let Some(follow) = &wanted.follow {
        let mut resolved = BTreeSet::new();
        for path in follow {
            follow_links(root, path, &mut resolved);
        }
        if resolved.is_empty() || resolved.contains(".") {
            return wanted.include.clone();
        }
        patterns.extend(resolved);
    }
    // What lies below another of them adds nothing.
    let mut kept: Vec<String> = Vec::new();
    for pattern in patterns {
        if pattern == "." {
            return Vec::new();
        }
        let covered = kept
            .last()
            .is_some_and(|last| pattern.starts_with(&format!("{last}/")));
        if !covered {
            kept.push(pattern);
        }
    }
    kept
}

/// Adds `path` and every link on the way to it. Links never lead out of the root: their targets
/// are read as if it were `/`.
fn follow_links(root: &Path, path: &str, resolved: &mut BTreeSet<String>) {
    let mut waiting = vec![clean(path)];
    while let Some(path) = waiting.pop() {
        if path.is_empty() {
            resolved.insert(".".to_owned());
            continue;
        }
        let mut current = String::new();
        let mut rest = path.as_str();
        loop {
            let (part, tail) = rest.split_once('/').unwrap_or((rest, ""));
            let parent = current.clone();
            current = join(&current, part);
            let targets = link_targets(root, &parent, part);
            if targets.is_empty() && !tail.is_empty() {
                rest = tail;
                continue;
            }
            if resolved.insert(current) {
                waiting.extend(
                    targets
                        .iter()
                        .map(|target| clean(&format!("{target}/{tail}"))),
                );
            }
            break;
        }
    }
}

/// Where the links named `part` (which may hold wildcards) in folder `parent` lead to.
fn link_targets(root: &Path, parent: &str, part: &str) -> Vec<String> {
    let folder = root.join(parent);
    let read = |name: &str| -> Option<String> {
        let target = std::fs::read_link(folder.join(name)).ok()?;
        let target = target.to_str()?;
        Some(if target.starts_with('/') {
            clean(target)
        } else {
            clean(&format!("{parent}/{target}"))
        })
    };
    if !part.contains(['*', '?', '[']) {
        return read(part).into_iter().collect();
    }
    let pattern = Patterns::new(&[part.to_owned()]);
    let Ok(entries) = std::fs::read_dir(folder.as_path()) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| pattern.matches(name))
        .filter_map(|name| read(&name))
        .collect()
}

/// Normalises a path as if it stood in `/`; the result has no leading slash.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let full = root.path().join(path.trim_end_matches('/'));
            if path.ends_with('/') {
                std::fs::create_dir_all(full).unwrap();
            } else {
                std::fs::create_dir_all(full.parent().unwrap()).unwrap();
                std::fs::write(full, path).unwrap();
            }
        }
        root
    }

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn sent(root: &Path, wanted: &Wanted) -> Vec<String> {
        let mut paths = Vec::new();
        walk(root, wanted, &mut |found| {
            paths.push(found.stat.path);
            Ok(())
        })
        .unwrap();
        paths
    }

    #[test]
    fn order_is_by_name_within_each_folder() {
        let root = tree(&["a/z", "a-b", "a.b", "B", "b/", "a/b/c"]);
        assert_eq!(
            sent(root.path(), &Wanted::default()),
            ["B", "a", "a/b", "a/b/c", "a/z", "a-b", "a.b", "b"]
        );
    }

    #[test]
    fn excluded_folders_are_sent_only_around_an_exception() {
        let root = tree(&["d/keep/x", "d/other", "e/x", "f"]);
        let wanted = Wanted {
            exclude: strings(&["d", "e", "!d/keep"]),
            ..Wanted::default()
        };
        assert_eq!(sent(root.path(), &wanted), ["d", "d/keep", "d/keep/x", "f"]);
    }

    #[test]
    fn followed_paths_bring_the_links_targets_along() {
        let root = tree(&["real/deep/file", "real/deep/other", "loose", "a1/x", "a2/x"]);
        symlink("real/deep", root.path().join("link")).unwrap();
        symlink("/../loose", root.path().join("up")).unwrap();
        symlink("loop", root.path().join("loop")).unwrap();
        let follow = |paths: &[&str]| {
            let wanted = Wanted {
                follow: Some(strings(paths)),
                ..Wanted::default()
            };
            sent(root.path(), &wanted)
        };
        assert_eq!(
            follow(&["link/file"]),
            ["link", "real", "real/deep", "real/deep/file"]
        );
        assert_eq!(follow(&["up"]), ["loose", "up"]);
        assert_eq!(follow(&["loop/x"]), ["loop"]);
        assert_eq!(follow(&["a*"]), ["a1", "a1/x", "a2", "a2/x"]);
        assert_eq!(follow(&["/a1/"]), ["a1", "a1/x"]);
        assert_eq!(follow(&["nothing"]), [""; 0]);
        assert_eq!(
            follow(&["."]).len(),
            sent(root.path(), &Wanted::default()).len()
        );
    }

    #[test]
    fn files_are_described_as_the_protocol_wants_them() {
        let root = tree(&["file"]);
        let file = root.path().join("file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4750)).unwrap();
        std::fs::hard_link(&file, root.path().join("twin")).unwrap();
        symlink("../out", root.path().join("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        let mut found = Vec::new();
        walk(root.path(), &Wanted::default(), &mut |entry| {
            found.push(entry);
            Ok(())
        })
        .unwrap();
        let [file, link, twin] = &found[..] else {
            panic!("{} entries", found.len());
        };
        assert_eq!((file.mode, file.stat.mode), (0o4750, 0x0080_01e8));
        assert_eq!((file.stat.size, file.stat.uid, file.stat.gid), (4, 0, 0));
        assert!(file.stat.mod_time > 1_000_000_000_000_000_000);
        assert_eq!(link.stat.linkname, "../out");
        assert_eq!((twin.stat.linkname.as_str(), twin.stat.size), ("file", 0));
    }
}
