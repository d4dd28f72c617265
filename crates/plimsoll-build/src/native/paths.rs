//! Paths inside a root that somebody else filled: every look-up is bounded by
//! `openat2(RESOLVE_IN_ROOT)`, so a link can point where it likes and still ends up inside.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// Links followed before a path counts as a loop, as in the kernel.
const MAX_LINKS: usize = 40;

/// A folder that stands for `/`.
#[derive(Debug)]
pub(crate) struct Root {
    fd: OwnedFd,
}

impl Root {
    /// Opens `path` as a root; `path` itself is trusted.
    pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let fd = rustix::fs::openat(
            CWD,
            path.as_ref(),
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        Ok(Self { fd })
    }

    /// Opens `path` inside the root; every link on the way is followed inside.
    pub(crate) fn open_at(
        &self,
        path: impl AsRef<Path>,
        flags: OFlags,
        mode: Mode,
    ) -> io::Result<OwnedFd> {
        open_in_root(self.fd.as_fd(), path.as_ref(), flags, mode)
    }

    /// Opens the folder that holds `path`, and gives the name in it. The name is not followed.
    pub(crate) fn parent(&self, path: &Path) -> io::Result<(OwnedFd, OsString)> {
        let clean = clean(path);
        let name = clean
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
            .to_owned();
        let parent = clean.parent().unwrap_or(Path::new("/"));
        Ok((self.open_dir(parent)?, name))
    }

    /// Opens a folder for look-ups.
    pub(crate) fn open_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        self.open_at(path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
    }

    /// Metadata of what `path` names, the last link not followed.
    pub(crate) fn lstat(&self, path: &Path) -> io::Result<Stat> {
        let clean = clean(path);
        if clean == Path::new("/") {
            return Ok(rustix::fs::statat(&self.fd, "", AtFlags::EMPTY_PATH)?);
        }
        let (parent, name) = self.parent(&clean)?;
        Ok(rustix::fs::statat(
            &parent,
            &name,
            AtFlags::SYMLINK_NOFOLLOW,
        )?)
    }

    /// Metadata of what `path` names in the end; `None` where there is nothing.
    pub(crate) fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        match self.open_at(path, OFlags::PATH, Mode::empty()) {
            Ok(fd) => Ok(Some(rustix::fs::fstat(&fd)?)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Follows every link in `path`, the last one too, inside the root. Names that do not exist
    /// stay as they are, so the result can be created; it is absolute and holds no link.
    pub(crate) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let mut pending: Vec<OsString> = components(path).rev().collect();
        let mut done = PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == ".." {
                done.pop();
                continue;
            }
            let next = done.join(&name);
            let target = match self.lstat(&next) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                    let (parent, name) = self.parent(&next)?;
                    read_link(&parent, &name)?
                }
                Ok(_) => {
                    done = next;
                    continue;
                }
                Err(error) if absent(&error) => {
                    done = next;
                    continue;
                }
                Err(error) => return Err(error),
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP.into());
            }
            if target.is_absolute() {
                done = PathBuf::from("/");
            }
            pending.extend(components(&target).rev());
        }
        Ok(done)
    }

    /// Makes the folder `path` and those above it where they are missing; `made` is told of each
    /// new one. Links are followed inside the root.
    pub(crate) fn make_dirs(
        &self,
        path: &Path,
        mode: u32,
        owner: Option<(u32, u32)>,
        mut made: impl FnMut(&Path),
    ) -> io::Result<()> {
        let path = self.resolve(path)?;
        let mut have = PathBuf::from("/");
        let mut at = self.open_dir(&have)?;
        for name in components(&path) {
            have.push(&name);
            let next = match open_in_root(
                at.as_fd(),
                Path::new(&name),
                OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW,
                Mode::empty(),
            ) {
                Ok(next) => next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    rustix::fs::mkdirat(&at, &name, Mode::from_raw_mode(mode))?;
                    // The process's umask must not decide what lies in a layer.
                    rustix::fs::chmodat(&at, &name, Mode::from_raw_mode(mode), AtFlags::empty())?;
                    if let Some((uid, gid)) = owner {
                        own(&at, &name, uid, gid)?;
                    }
                    made(&have);
                    open_in_root(
                        at.as_fd(),
                        Path::new(&name),
                        OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW,
                        Mode::empty(),
                    )?
                }
                Err(error) => return Err(error),
            };
            at = next;
        }
        Ok(())
    }

    /// Reads a small file, following links inside the root; `None` where there is none.
    pub(crate) fn read_small(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        use std::io::Read as _;
        // A pipe in the way must not hang us.
        let fd = match self.open_at(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()) {
            Ok(fd) => fd,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        std::fs::File::from(fd)
            .take(limit + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("larger than {limit} bytes")));
        }
        Ok(Some(bytes))
    }
}

/// `openat2` with `root` as `/`.
fn open_in_root(
    root: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    mode: Mode,
) -> io::Result<OwnedFd> {
    loop {
        match rustix::fs::openat2(
            root,
            path,
            flags | OFlags::CLOEXEC,
            mode,
            ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
        ) {
            // The kernel could not rule out a race with a rename elsewhere.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(fd) => return Ok(fd),
        }
    }
}

/// Whether the error means that nothing is there.
pub(crate) fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The path made absolute, without `.`, empty parts and `..`.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::from("/");
    for name in components(path) {
        if name == ".." {
            out.pop();
        } else {
            out.push(name);
        }
    }
    out
}

/// The names of a path; `..` is kept.
fn components(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.as_os_str()
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(|name| OsString::from_vec(name.to_vec()))
}

/// The target of a link as written.
pub(crate) fn read_link(parent: impl AsFd, name: &OsStr) -> io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(parent, name, Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
}

/// Changes the owner of a name without following it.
pub(crate) fn own(parent: impl AsFd, name: &OsStr, uid: u32, gid: u32) -> io::Result<()> {
    rustix::fs::chownat(
        parent,
        name,
        Some(rustix::fs::Uid::from_raw(uid)),
        Some(rustix::fs::Gid::from_raw(gid)),
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    Ok(())
}

/// The name's path through `/proc`, for calls that have no `at` form. Not followed by those that
/// begin with `l`.
pub(crate) fn through_proc(parent: impl AsFd, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::from(format!("/proc/self/fd/{}", parent.as_fd().as_raw_fd()));
    path.push(name);
    path
}

/// Deletes a name and everything below it, without following links. What is not there is deleted.
pub(crate) fn remove_tree(parent: impl AsFd, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    // Depth is kept on the heap: a hostile tree may be deeper than our stack.
    let mut open = vec![(open_listed(parent.as_fd(), name)?, name.to_owned())];
    while let Some((folder, _)) = open.last() {
        let mut deeper = None;
        for child in names(folder)? {
            match rustix::fs::unlinkat(folder, &child, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR | Errno::PERM) => {
                    match rustix::fs::unlinkat(folder, &child, AtFlags::REMOVEDIR) {
                        Ok(()) | Err(Errno::NOENT) => {}
                        Err(Errno::NOTEMPTY | Errno::EXIST) => {
                            deeper = Some(child);
                            break;
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(child) = deeper {
            let next = open_listed(folder.as_fd(), &child)?;
            open.push((next, child));
            continue;
        }
        if let Some((_, done)) = open.pop() {
            let above = open.last().map_or(parent.as_fd(), |(fd, _)| fd.as_fd());
            match rustix::fs::unlinkat(above, &done, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Opens a folder for listing, not following a link; a folder nobody may read is opened up first.
fn open_listed(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
            Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
        }
        other => Ok(other?),
    }
}

/// Names in a folder, sorted by their bytes, without `.` and `..`.
pub(crate) fn names(folder: impl AsFd) -> io::Result<Vec<OsString>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            found.push(OsString::from_vec(name.to_vec()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_never_leave_the_root() {
        let temp = tempfile::tempdir().unwrap();
        let inside = temp.path().join("root");
        std::fs::create_dir_all(inside.join("etc")).unwrap();
        std::fs::write(temp.path().join("secret"), "outside").unwrap();
        std::fs::write(inside.join("etc/real"), "inside").unwrap();
        symlink("/etc/real", inside.join("etc/passwd")).unwrap();
        symlink("../../secret", inside.join("up")).unwrap();
        symlink(temp.path().join("secret"), inside.join("absolute")).unwrap();
        symlink("b", inside.join("a")).unwrap();
        symlink("a", inside.join("b")).unwrap();
        let root = Root::open(&inside).unwrap();
        let read = |path: &str| root.read_small(Path::new(path), 100);
        assert_eq!(read("/etc/passwd").unwrap().unwrap(), b"inside");
        assert_eq!(read("up").unwrap(), None);
        assert_eq!(read("absolute").unwrap(), None);
        assert!(read("a").is_err());
        assert!(root.resolve(Path::new("a/x")).is_err());
        assert_eq!(root.resolve(Path::new("up")).unwrap(), Path::new("/secret"));
        assert_eq!(
            root.resolve(Path::new("etc/../../new/./x/..")).unwrap(),
            Path::new("/new")
        );
    }

    #[test]
    fn deep_trees_are_made_and_removed() {
        let temp = tempfile::tempdir().unwrap();
        let root = Root::open(temp.path()).unwrap();
        let mut made = 0;
        let deep = "d/".repeat(120);
        root.make_dirs(Path::new(&deep), 0o755, None, |_| made += 1)
            .unwrap();
        assert_eq!(made, 120);
        std::fs::write(temp.path().join("d/f"), "x").unwrap();
        remove_tree(&root.fd, OsStr::new("d")).unwrap();
        assert!(!temp.path().join("d").exists());
        remove_tree(&root.fd, OsStr::new("d")).unwrap();
    }
}
