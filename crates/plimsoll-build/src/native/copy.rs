//! COPY and ADD inside the user namespace, with BuildKit's rules for what goes where
//! (tonistiigi/fsutil `copy`).

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use plimsoll_syntax::glob::{self, BadPattern, Pattern};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use sha2::{Digest as _, Sha256};

use super::differ::attributes;
use super::mode::ModeChange;
use super::paths::{Root, absent, clean, names, own, read_link, remove_tree};
use super::unpack::{Manner, apply, set_attribute};
use super::wire::Failure;

/// Folders inside folders before a tree counts as hostile.
const MAX_DEPTH: usize = 1_000;

/// What a copy changes on the way.
pub(crate) struct Changes {
    pub(crate) owner: Option<(u32, u32)>,
    pub(crate) mode: Option<ModeChange>,
}

/// A part of `path` as a pattern. BuildKit fails the step, too, where one is ill-formed, with Go's
/// `syntax error in pattern`.
pub(crate) fn pattern(path: &str, part: &str) -> Result<Pattern, Failure> {
    Pattern::new(part).map_err(|BadPattern| {
        Failure::input(format!(
            "`{path}` is an ill-formed pattern; write `[[]` for a bracket in a name"
        ))
    })
}

/// Paths inside `source` that `path` selects, in BuildKit's order.
pub(crate) fn select(source: &Root, path: &str, wildcard: bool) -> Result<Vec<PathBuf>, Failure> {
    if !wildcard || !glob::has_wildcards(path) {
        return Ok(vec![Path::new("/").join(path.trim_start_matches('/'))]);
    }
    let mut found = vec![PathBuf::from("/")];
    for component in path.split('/').filter(|c| !c.is_empty() && *c != ".") {
        let pattern = match glob::has_wildcards(component) {
            true => Some(pattern(path, component)?),
            false => None,
        };
        let mut next = Vec::new();
        for folder in found {
            let Some(pattern) = &pattern else {
                next.push(folder.join(component));
                continue;
            };
            let listed =
                match source.open_at(&folder, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
                    Ok(listed) => listed,
                    Err(error) if absent(&error) => continue,
                    Err(error) => return Err(Failure::system(folder.display(), error)),
                };
            let listed = names(&listed).map_err(|e| Failure::system(folder.display(), e))?;
            for name in listed {
                if pattern.matches(name.as_bytes()) {
                    next.push(folder.join(name));
                }
            }
        }
        found = next;
    }
    // Behind a wildcard only what exists is meant.
    found.retain(|path| source.lstat(path).is_ok());
    Ok(found)
}

/// Copies `path` of `source` to `destination` (a trailing slash means a folder).
pub(crate) fn copy(
    source: &Root,
    path: &Path,
    target: &Root,
    destination: &str,
    changes: &Changes,
) -> Result<(), Failure> {
    let fail = |error: io::Error| {
        Failure::environment(format!(
            "copying `{}` to `{destination}`: {error}",
            path.display()
        ))
    };
    let (followed, stat) = existing(source, path)?;
    let is_folder = kind(&stat) == FileType::Directory;
    let make = |path: &Path| target.make_dirs(path, 0o755, changes.owner, |_| {});
    let wanted = Path::new(destination);
    let above = if destination.ends_with('/') {
        wanted
    } else {
        wanted.parent().unwrap_or(Path::new("/"))
    };
    make(above).map_err(|error| not_a_folder(error, above, destination))?;
    let mut at = target.resolve(wanted).map_err(fail)?;
    let there = target.stat(&at).map_err(fail)?;
    let there_is_folder = there.as_ref().map(|stat| kind(stat) == FileType::Directory);
    if !is_folder && there_is_folder == Some(true) {
        let name = clean(path)
            .file_name()
            .map(OsStr::to_owned)
            .ok_or_else(|| fail(io::ErrorKind::InvalidInput.into()))?;
        at.push(name);
    }
    let folder = if is_folder && there.is_none() {
        at.clone()
    } else {
        at.parent().unwrap_or(Path::new("/")).to_owned()
    };
    make(&folder).map_err(|error| not_a_folder(error, &folder, destination))?;
    let mut copier = Copier {
        changes,
        links: HashMap::new(),
        target,
    };
    if is_folder {
        if there_is_folder == Some(false) {
            return Err(Failure::input(format!(
                "`{}` is a folder and cannot replace the file `{destination}`",
                path.display()
            )));
        }
        let from = source
            .open_at(&followed, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .map_err(fail)?;
        let to = target.open_dir(&at).map_err(fail)?;
        copier.contents(from, to, &at, 0)
    } else {
        let (from, from_name) = source.parent(&followed).map_err(fail)?;
        let (to, to_name) = target.parent(&at).map_err(fail)?;
        copier.entry(from.as_fd(), &from_name, &to, &to_name, &at, 0)
    }
}

fn not_a_folder(error: io::Error, path: &Path, destination: &str) -> Failure {
    if error.kind() == io::ErrorKind::NotADirectory {
        Failure::input(format!(
            "`{}` in the destination `{destination}` is a file, not a folder",
            path.display()
        ))
    } else {
        Failure::system(path.display(), error)
    }
}

/// The path with its links followed, and what it is.
fn existing(source: &Root, path: &Path) -> Result<(PathBuf, Stat), Failure> {
    let missing = || {
        Failure::input(format!(
            "`{}` does not exist where it is copied from",
            path.display()
        ))
    };
    let followed = source
        .resolve(path)
        .map_err(|e| Failure::system(path.display(), e))?;
    match source.lstat(&followed) {
        Ok(stat) => Ok((followed, stat)),
        Err(error) if absent(&error) => Err(missing()),
        Err(error) => Err(Failure::system(path.display(), error)),
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

struct Copier<'a> {
    changes: &'a Changes,
    /// First copy of every file with more than one name.
    links: HashMap<(u64, u64), PathBuf>,
    target: &'a Root,
}

impl Copier<'_> {
    /// Copies what lies in `from` into `to`, which exists.
    fn contents(
        &mut self,
        from: OwnedFd,
        to: OwnedFd,
        path: &Path,
        depth: usize,
    ) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            return Err(Failure::input(format!(
                "folders more than {MAX_DEPTH} deep below `{}`",
                path.display()
            )));
        }
        let listed = names(&from).map_err(|e| Failure::system(path.display(), e))?;
        for name in listed {
            self.entry(from.as_fd(), &name, &to, &name, &path.join(&name), depth)?;
        }
        Ok(())
    }

    /// Copies one name, owner, mode, times and attributes included.
    fn entry(
        &mut self,
        from: BorrowedFd<'_>,
        name: &OsStr,
        to: &OwnedFd,
        to_name: &OsStr,
        path: &Path,
        depth: usize,
    ) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::system(path.display(), error);
        let sys = |error: rustix::io::Errno| Failure::system(path.display(), error);
        let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(sys)?;
        let there = match rustix::fs::statat(to, to_name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => Some(kind(&there)),
            Err(rustix::io::Errno::NOENT) => None,
            Err(error) => return Err(sys(error)),
        };
        let kind = kind(&stat);
        if kind == FileType::Directory {
            match there {
                None => rustix::fs::mkdirat(to, to_name, Mode::RWXU).map_err(sys)?,
                Some(FileType::Directory) => {}
                Some(_) => {
                    return Err(Failure::input(format!(
                        "`{}` is a file in the image and a folder in the source",
                        path.display()
                    )));
                }
            }
            let open = |at: BorrowedFd<'_>, name: &OsStr| {
                rustix::fs::openat(
                    at,
                    name,
                    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )
            };
            let inner_from = open(from, name).map_err(sys)?;
            let inner_to = open(to.as_fd(), to_name).map_err(sys)?;
            self.contents(inner_from, inner_to, path, depth + 1)?;
        } else {
            match there {
                Some(FileType::Directory) => {
                    return Err(Failure::input(format!(
                        "`{}` is a folder in the image and a file in the source",
                        path.display()
                    )));
                }
                Some(_) => remove_tree(to, to_name).map_err(fail)?,
                None => {}
            }
            match kind {
                FileType::RegularFile => {
                    if stat.st_nlink > 1 {
                        let key = (stat.st_dev, stat.st_ino);
                        if let Some(first) = self.links.get(&key) {
                            let (parent, first_name) = self.target.parent(first).map_err(fail)?;
                            rustix::fs::linkat(&parent, &first_name, to, to_name, AtFlags::empty())
                                .map_err(sys)?;
                            return Ok(());
                        }
                        self.links.insert(key, path.to_owned());
                    }
                    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    let source =
                        rustix::fs::openat(from, name, OFlags::RDONLY | flags, Mode::empty())
                            .map_err(sys)?;
                    let target = rustix::fs::openat(
                        to,
                        to_name,
                        OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | flags,
                        Mode::from_raw_mode(0o600),
                    )
                    .map_err(sys)?;
                    io::copy(
                        &mut std::fs::File::from(source),
                        &mut std::fs::File::from(target),
                    )
                    .map_err(fail)?;
                }
                FileType::Symlink => {
                    let link = read_link(from, name).map_err(fail)?;
                    rustix::fs::symlinkat(&link, to, to_name).map_err(sys)?;
                }
                FileType::Fifo | FileType::CharacterDevice | FileType::BlockDevice
                    if kind == FileType::Fifo || stat.st_rdev != 0 =>
                {
                    rustix::fs::mknodat(
                        to,
                        to_name,
                        kind,
                        Mode::from_raw_mode(0o600),
                        stat.st_rdev,
                    )
                    .map_err(sys)?;
                }
                _ => return Ok(()),
            }
        }
        self.finish(from, name, &stat, to, to_name).map_err(fail)
    }

    fn finish(
        &self,
        from: BorrowedFd<'_>,
        name: &OsStr,
        stat: &Stat,
        to: &OwnedFd,
        to_name: &OsStr,
    ) -> io::Result<()> {
        let (uid, gid) = self.changes.owner.unwrap_or((stat.st_uid, stat.st_gid));
        own(to, to_name, uid, gid)?;
        if kind(stat) != FileType::Symlink {
            let mode = stat.st_mode & 0o7777;
            let mode = self.changes.mode.as_ref().map_or(mode, |change| {
                change.apply(mode, kind(stat) == FileType::Directory)
            });
            rustix::fs::chmodat(to, to_name, Mode::from_raw_mode(mode), AtFlags::empty())?;
        }
        for (key, value) in attributes(from, name)? {
            set_attribute(to, to_name, OsStr::from_bytes(&key), &value)?;
        }
        let time = Timespec {
            tv_sec: stat.st_mtime,
            tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        };
        rustix::fs::utimensat(
            to,
            to_name,
            &Timestamps {
                last_access: time,
                last_modification: time,
            },
            AtFlags::SYMLINK_NOFOLLOW,
        )?;
        Ok(())
    }
}

/// Unpacks `path` if it is an archive (ADD of a local file); `false` where it is not.
pub(crate) fn unpack(
    source: &Root,
    path: &Path,
    target: &Root,
    destination: &str,
    changes: &Changes,
) -> Result<bool, Failure> {
    let (followed, stat) = existing(source, path)?;
    if kind(&stat) != FileType::RegularFile {
        return Ok(false);
    }
    let fail = |error: io::Error| Failure::system(path.display(), error);
    let open = || -> io::Result<std::fs::File> {
        Ok(std::fs::File::from(source.open_at(
            &followed,
            OFlags::RDONLY,
            Mode::empty(),
        )?))
    };
    let Some(mut content) = decompressed(open().map_err(fail)?, path)? else {
        return Ok(false);
    };
    let mut head = [0_u8; 512];
    if content.read_exact(&mut head).is_err() || !is_tar_header(&head) {
        return Ok(false);
    }
    target
        .make_dirs(Path::new(destination), 0o755, changes.owner, |_| {})
        .map_err(fail)?;
    let top = target.resolve(Path::new(destination)).map_err(fail)?;
    let content = io::BufReader::with_capacity(128 << 10, io::Cursor::new(head).chain(content));
    apply(
        target,
        &top,
        content,
        Manner {
            whiteouts: false,
            owner: changes.owner,
            keep_top: true,
        },
    )
    .map_err(|failure| Failure {
        message: format!("unpacking `{}`: {}", path.display(), failure.message),
        ..failure
    })?;
    Ok(true)
}

/// The file's content without its compression, or `None` where it is one we cannot take off.
fn decompressed(mut file: std::fs::File, path: &Path) -> Result<Option<Box<dyn Read>>, Failure> {
    let mut magic = [0_u8; 6];
    let mut have = 0;
    while have < magic.len() {
        match file.read(&mut magic[have..]) {
            Ok(0) => break,
            Ok(more) => have += more,
            Err(error) => return Err(Failure::system(path.display(), error)),
        }
    }
    file.rewind()
        .map_err(|e| Failure::system(path.display(), e))?;
    let file = io::BufReader::with_capacity(128 << 10, file);
    match magic[..have] {
        [0x1f, 0x8b, 8, ..] => Ok(Some(Box::new(flate2::bufread::MultiGzDecoder::new(file)))),
        [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', b'X', b'Z', 0] => Err(Failure {
            kind: super::wire::FailureKind::Unsupported,
            message: format!("ADD of a bzip2 or xz archive (`{}`)", path.display()),
        }),
        _ => Ok(Some(Box::new(file))),
    }
}

/// Whether a block is a tar header: its checksum is right, and it has a name.
fn is_tar_header(block: &[u8; 512]) -> bool {
    let stored = std::str::from_utf8(&block[148..156])
        .ok()
        .map(|text| text.trim_matches(['\0', ' ']))
        .and_then(|text| u64::from_str_radix(text, 8).ok());
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            u64::from(if (148..156).contains(&at) {
                b' '
            } else {
                *byte
            })
        })
        .sum();
    // The extended header before an entry need not have a name.
    stored == Some(sum)
}

/// Feeds everything a copy of `path` would take over into `hasher`, times left out.
pub(crate) fn digest(source: &Root, path: &Path, hasher: &mut Sha256) -> Result<(), Failure> {
    let (followed, stat) = existing(source, path)?;
    let fail = |error: io::Error| Failure::system(path.display(), error);
    // The name decides where a file lands; a folder's own name does not.
    if kind(&stat) == FileType::Directory {
        hasher.update(b"contents\0");
        let from = source
            .open_at(&followed, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .map_err(fail)?;
        digest_contents(&from, Path::new(""), hasher, 0)
    } else {
        let name = clean(path).file_name().map(OsStr::to_owned);
        let (from, from_name) = source.parent(&followed).map_err(fail)?;
        let shown = name.unwrap_or_else(|| from_name.clone());
        digest_entry(from.as_fd(), &from_name, Path::new(&shown), hasher, 0)
    }
}

fn digest_contents(
    from: &OwnedFd,
    path: &Path,
    hasher: &mut Sha256,
    depth: usize,
) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err(Failure::input(format!(
            "folders more than {MAX_DEPTH} deep below `{}`",
            path.display()
        )));
    }
    for name in names(from).map_err(|e| Failure::system(path.display(), e))? {
        digest_entry(from.as_fd(), &name, &path.join(&name), hasher, depth)?;
    }
    Ok(())
}

fn digest_entry(
    from: BorrowedFd<'_>,
    name: &OsString,
    path: &Path,
    hasher: &mut Sha256,
    depth: usize,
) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::system(path.display(), error);
    let sys = |error: rustix::io::Errno| Failure::system(path.display(), error);
    let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(sys)?;
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(path.as_os_str().as_bytes());
    part(&stat.st_mode.to_le_bytes());
    part(&stat.st_uid.to_le_bytes());
    part(&stat.st_gid.to_le_bytes());
    for (key, value) in attributes(from, name).map_err(fail)? {
        part(&key);
        part(&value);
    }
    match kind(&stat) {
        FileType::RegularFile => {
            part(&stat.st_size.to_le_bytes());
            let file = rustix::fs::openat(
                from,
                name,
                OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .map_err(sys)?;
            let mut file = std::fs::File::from(file);
            let mut buffer = vec![0; 128 << 10];
            loop {
                let read = file.read(&mut buffer).map_err(fail)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
            }
        }
        FileType::Symlink => {
            let link = read_link(from, name).map_err(fail)?;
            part(link.as_os_str().as_bytes());
        }
        FileType::Directory => {
            let inner = rustix::fs::openat(
                from,
                name,
                OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .map_err(sys)?;
            digest_contents(&inner, path, hasher, depth + 1)?;
        }
        _ => part(&stat.st_rdev.to_le_bytes()),
    }
    Ok(())
}
