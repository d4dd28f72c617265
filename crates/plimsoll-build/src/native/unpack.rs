//! Applies a layer tar to a tree (OCI image-spec, layer.md), inside the user namespace.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use plimsoll_image::tar::{Header, Kind, TarReader};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use super::paths::{Root, clean, names, own, remove_tree, through_proc};
use super::wire::Failure;

/// Entries of one tar before we call it hostile.
const MAX_ENTRIES: u64 = 10_000_000;
/// Bytes of content before we call it hostile.
const MAX_BYTES: u64 = 256 << 30;

/// How a tar is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// `.wh.` names delete what lies below.
    pub(crate) whiteouts: bool,
    /// Owner of everything, in place of what the tar says.
    pub(crate) owner: Option<(u32, u32)>,
    /// Folder inside the root that everything goes to is not the root itself, so that a mode and
    /// owner of `./` must not be taken.
    pub(crate) keep_top: bool,
}

/// What could not be made and was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Entries seen.
    pub(crate) entries: u64,
    /// Devices: a user namespace may not make them.
    pub(crate) devices: u64,
}

/// Applies the tar `content` below `top` of `root`.
pub(crate) fn apply(
    root: &Root,
    top: &Path,
    content: impl BufRead,
    manner: Manner,
) -> Result<Applied, Failure> {
    let mut archive = TarReader::new(content);
    let mut applied = Applied::default();
    let mut bytes = 0_u64;
    let mut written: HashSet<PathBuf> = HashSet::new();
    // Times of folders are set last: every entry made in them changes them.
    let mut folders: Vec<(PathBuf, Timespec)> = Vec::new();
    loop {
        let header = match archive.next_entry() {
            Ok(Some(header)) => header,
            Ok(None) => break,
            Err(error) => return Err(Failure::hostile(format!("the tar is damaged: {error}"))),
        };
        applied.entries += 1;
        bytes = bytes.saturating_add(header.size);
        if applied.entries > MAX_ENTRIES || bytes > MAX_BYTES {
            return Err(Failure::hostile(format!(
                "the tar holds more than {MAX_ENTRIES} entries or {MAX_BYTES} bytes"
            )));
        }
        let shown = String::from_utf8_lossy(&header.path).into_owned();
        let relative = entry_path(&header.path).map_err(|problem| {
            Failure::hostile(format!("entry `{}`: {problem}", shown.escape_debug()))
        })?;
        let place = |error: io::Error| explain(&shown, &error);
        let path = clean(&top.join(relative.strip_prefix("/").unwrap_or(&relative)));
        let is_top = clean(&relative) == Path::new("/");
        if manner.whiteouts
            && let Some(name) = path.file_name().map(OsStr::as_bytes)
            && let Some(hidden) = name.strip_prefix(b".wh.")
        {
            let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
            if hidden == b".wh..opq" {
                hide_below(root, &folder, &written).map_err(place)?;
            } else if hidden.is_empty() || hidden == b"." || hidden == b".." {
                return Err(Failure::hostile(format!(
                    "entry `{}` hides nothing",
                    shown.escape_debug()
                )));
            } else if !hidden.starts_with(b".wh.") {
                let target = folder.join(OsStr::from_bytes(hidden));
                if !written.contains(&target) {
                    match root.parent(&target) {
                        Ok((parent, name)) => remove_tree(&parent, &name).map_err(place)?,
                        Err(error) if super::paths::absent(&error) => {}
                        Err(error) => return Err(place(error)),
                    }
                }
            }
            continue;
        }
        if manner.whiteouts {
            let mut above = path.as_path();
            while let Some(parent) = above.parent() {
                if !written.insert(above.to_owned()) {
                    break;
                }
                above = parent;
            }
        }
        let kind = header.kind;
        let mode = header.mode & 0o7777;
        let (uid, gid) = match manner.owner {
            Some(owner) => owner,
            None => (
                id(header.uid, "owner", &shown)?,
                id(header.gid, "group", &shown)?,
            ),
        };
        let mtime = Timespec {
            tv_sec: header.mtime,
            tv_nsec: i64::from(header.mtime_nanos),
        };
        if is_top {
            if kind == Kind::Directory && !manner.keep_top {
                let fd = root
                    .open_at(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
                    .map_err(place)?;
                rustix::fs::fchown(
                    &fd,
                    Some(rustix::fs::Uid::from_raw(uid)),
                    Some(rustix::fs::Gid::from_raw(gid)),
                )
                .map_err(|error| place(error.into()))?;
                rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode))
                    .map_err(|error| place(error.into()))?;
            }
            continue;
        }
        let (parent, name) = open_parent(root, &path).map_err(place)?;
        clear_way(&parent, &name, kind == Kind::Directory).map_err(place)?;
        let made = match kind {
            Kind::Directory => make_folder(&parent, &name),
            Kind::Symlink => {
                let target = link_name(&header, &shown)?;
                rustix::fs::symlinkat(target, &parent, &name).map_err(Into::into)
            }
            Kind::Hardlink => {
                let target = link_name(&header, &shown)?;
                let target = entry_path(target.as_bytes()).map_err(|problem| {
                    Failure::hostile(format!(
                        "entry `{}` links to a place that {problem}",
                        shown.escape_debug()
                    ))
                })?;
                let target = top.join(target.strip_prefix("/").unwrap_or(&target));
                hard_link(root, &target, &parent, &name).map_err(|error| {
                    if super::paths::absent(&error) {
                        Failure::hostile(format!(
                            "entry `{}` is a hard link to `{}`, which is not there",
                            shown.escape_debug(),
                            target.display()
                        ))
                    } else {
                        explain(&shown, &error)
                    }
                })?;
                // Owner, mode and time are the target's.
                continue;
            }
            Kind::Fifo => rustix::fs::mknodat(
                &parent,
                &name,
                FileType::Fifo,
                Mode::from_raw_mode(0o600),
                0,
            )
            .map_err(Into::into),
            Kind::CharDevice | Kind::BlockDevice => {
                let (major, minor) = header.device;
                let file_type = if kind == Kind::CharDevice {
                    FileType::CharacterDevice
                } else {
                    FileType::BlockDevice
                };
                // Device 0:0 is how an overlay says "deleted"; as content it would be a trap.
                let refused = (major, minor) == (0, 0)
                    || rustix::fs::mknodat(
                        &parent,
                        &name,
                        file_type,
                        Mode::from_raw_mode(0o600),
                        rustix::fs::makedev(major, minor),
                    )
                    .is_err();
                if refused {
                    applied.devices += 1;
                    continue;
                }
                Ok(())
            }
            Kind::File => make_file(&parent, &name, &mut archive),
        };
        made.map_err(place)?;
        finish(&parent, &name, &header, mode, (uid, gid)).map_err(place)?;
        if kind == Kind::Directory {
            folders.push((path, mtime));
        } else {
            set_time(&parent, &name, mtime).map_err(place)?;
        }
    }
    for (path, mtime) in folders.iter().rev() {
        // A later entry may have put something else there.
        if let Ok((parent, name)) = root.parent(path) {
            let _ = set_time(&parent, &name, *mtime);
        }
    }
    Ok(applied)
}

/// The path of an entry, or why it is not one.
fn entry_path(raw: &[u8]) -> Result<PathBuf, &'static str> {
    if raw.contains(&0) {
        return Err("holds a zero byte");
    }
    if raw.split(|byte| *byte == b'/').any(|name| name == b"..") {
        return Err("leads out of the image with `..`");
    }
    Ok(PathBuf::from(OsString::from_vec(raw.to_vec())))
}

fn explain(entry: &str, error: &io::Error) -> Failure {
    let hint = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::INVAL) => {
            "; its owner may lie outside the ids this user may use (see /etc/subuid)"
        }
        Some(Errno::NOSPC) => "; the disk that holds the build state is full",
        _ => "",
    };
    Failure::environment(format!("entry `{}`: {error}{hint}", entry.escape_debug()))
}

fn id(value: u64, what: &str, entry: &str) -> Result<u32, Failure> {
    u32::try_from(value).map_err(|_| {
        Failure::hostile(format!(
            "entry `{}` has no usable {what}",
            entry.escape_debug()
        ))
    })
}

fn link_name(header: &Header, shown: &str) -> Result<OsString, Failure> {
    if header.link.is_empty() || header.link.contains(&0) {
        return Err(Failure::hostile(format!(
            "entry `{}` is a link to nowhere",
            shown.escape_debug()
        )));
    }
    Ok(OsString::from_vec(header.link.clone()))
}

/// Whether an extended attribute belongs to a layer. The overlay's own would let a layer steer the
/// mount it lies under.
pub(crate) fn keeps(name: &[u8]) -> bool {
    name == b"security.capability"
        || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
}

/// Opens the parent folder of `path`, making what is missing as Docker does.
fn open_parent(root: &Root, path: &Path) -> io::Result<(OwnedFd, OsString)> {
    match root.parent(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            root.make_dirs(path.parent().unwrap_or(Path::new("/")), 0o755, None, |_| {})?;
            root.parent(path)
        }
        other => other,
    }
}

/// Removes what lies where an entry goes, unless both are folders.
fn clear_way(parent: &OwnedFd, name: &OsStr, folder: bool) -> io::Result<()> {
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(stat) if folder && FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
            Ok(())
        }
        Ok(_) => remove_tree(parent, name),
    }
}

fn make_folder(parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn make_file(parent: &OwnedFd, name: &OsStr, content: &mut impl Read) -> io::Result<()> {
    let fd = rustix::fs::openat(
        parent,
        name,
        OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::from_raw_mode(0o600),
    )?;
    io::copy(content, &mut std::fs::File::from(fd))?;
    Ok(())
}

fn hard_link(root: &Root, target: &Path, parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let (from, from_name) = root.parent(target)?;
    rustix::fs::linkat(&from, &from_name, parent, name, AtFlags::empty())?;
    Ok(())
}

/// Owner first (it clears set-id bits and capabilities), then mode, then attributes.
fn finish(
    parent: &OwnedFd,
    name: &OsStr,
    header: &Header,
    mode: u32,
    (uid, gid): (u32, u32),
) -> io::Result<()> {
    own(parent, name, uid, gid)?;
    if header.kind != Kind::Symlink {
        rustix::fs::chmodat(parent, name, Mode::from_raw_mode(mode), AtFlags::empty())?;
    }
    for (attribute, value) in &header.xattrs {
        if keeps(attribute.as_bytes()) {
            set_attribute(parent, name, OsStr::new(attribute), value)?;
        }
    }
    Ok(())
}

/// Sets an extended attribute; one that the file system does not know is left out, as Docker does.
pub(crate) fn set_attribute(
    parent: &OwnedFd,
    name: &OsStr,
    attribute: &OsStr,
    value: &[u8],
) -> io::Result<()> {
    match rustix::fs::lsetxattr(
        through_proc(parent, name),
        attribute,
        value,
        XattrFlags::empty(),
    ) {
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
        // `user.*` exists on files and folders only.
        Err(Errno::PERM) if attribute.as_bytes().starts_with(b"user.") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn set_time(parent: &OwnedFd, name: &OsStr, time: Timespec) -> io::Result<()> {
    rustix::fs::utimensat(
        parent.as_fd(),
        name,
        &Timestamps {
            last_access: time,
            last_modification: time,
        },
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    Ok(())
}

/// `.wh..wh..opq`: whatever this layer did not bring itself is gone.
fn hide_below(root: &Root, folder: &Path, written: &HashSet<PathBuf>) -> io::Result<()> {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let listed = match root.open_at(&folder, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
        {
            Ok(listed) => listed,
            Err(error) if super::paths::absent(&error) => continue,
            Err(error) => return Err(error),
        };
        for name in names(&listed)? {
            let path = folder.join(&name);
            if written.contains(&path) {
                pending.push(path);
            } else {
                remove_tree(&listed, &name)?;
            }
        }
    }
    Ok(())
}
