//! Walks a folder by handles: no link is followed, no other device entered, and what cannot be read
//! is told.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex};

use plimsoll_model::{Skipped, Topic};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use sha2::{Digest as _, Sha256};

use crate::ImageError;

/// Folders open at once; each costs a file handle.
const DEPTH: usize = 200;
/// Entries told one by one; of more only the number is.
const TOLD: usize = 200;
/// Larger files are passed over where most of them is a hole: a log of last logins has gigabytes of
/// nothing.
const SPARSE: u64 = 1 << 30;

/// How much of a folder is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Default for Limits {
    /// A little below what a layer may hold: reaching these is told, and the rest looked at.
    fn default() -> Self {
        let layer = crate::LayerLimits::default();
        Self {
            entries: layer.entries / 10 * 9,
            bytes: layer.bytes / 10 * 9,
        }
    }
}

/// What was not looked at, and why.
#[derive(Clone, Default)]
pub(super) struct Missed(Arc<Mutex<(Vec<Skipped>, u64)>>);

impl Missed {
    pub(super) fn add(&self, path: &[u8], why: &str, blocking: bool) {
        let Ok(mut missed) = self.0.lock() else {
            return;
        };
        if missed.0.len() >= TOLD {
            missed.1 += 1;
            return;
        }
        missed.0.push(Skipped {
            blocking,
            ..Skipped::new(
                Topic::Files,
                format!("/{}", String::from_utf8_lossy(path)),
                why,
            )
        });
    }

    pub(super) fn list(&self) -> Vec<Skipped> {
        let Ok(missed) = self.0.lock() else {
            return Vec::new();
        };
        let mut list = missed.0.clone();
        if missed.1 > 0 {
            list.push(Skipped::blocking(
                Topic::Files,
                format!("{} further files and folders", missed.1),
                "could not be read either",
            ));
        }
        list
    }
}

/// What a node is.
pub(super) enum Kind {
    File,
    Directory,
    Symlink(Vec<u8>),
    Special(FileType),
}

/// One file or folder, by its path below the root.
pub(super) struct Node {
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) stat: Stat,
}

impl Node {
    pub(super) fn size(&self) -> u64 {
        match self.kind {
            Kind::File => u64::try_from(self.stat.st_size).unwrap_or_default(),
            _ => 0,
        }
    }

    /// Adds all that tells this state of the node from another without reading it.
    pub(super) fn identify(&self, hasher: &mut Sha256) {
        let link: &[u8] = match &self.kind {
            Kind::Symlink(target) => target,
            _ => b"",
        };
        for text in [&self.path[..], link] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        let stat = &self.stat;
        for number in [
            u64::from(stat.st_mode),
            u64::from(stat.st_uid),
            u64::from(stat.st_gid),
            self.size(),
            stat.st_mtime.cast_unsigned(),
            stat.st_mtime_nsec,
        ] {
            hasher.update(number.to_le_bytes());
        }
    }
}

/// A folder that is being walked.
struct Level {
    handle: OwnedFd,
    path: Vec<u8>,
    names: std::vec::IntoIter<CString>,
}

/// The walk: parents before children, names in order of their bytes.
pub(super) struct Tree {
    levels: Vec<Level>,
    device: u64,
    limits: Limits,
    entries: u64,
    bytes: u64,
    /// Names that were read and not yet walked; a folder may hold any number.
    waiting: u64,
    pub(super) missed: Missed,
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

impl Tree {
    pub(super) fn open(root: &Path, limits: Limits, missed: &Missed) -> Result<Self, ImageError> {
        let fail = |error: rustix::io::Errno| ImageError::io(root, error.into());
        // The root itself may be named by a link: that is the person's own wish.
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        let handle = rustix::fs::open(root, flags, Mode::empty()).map_err(fail)?;
        let stat = fstat(&handle).map_err(fail)?;
        let mut tree = Self {
            levels: Vec::new(),
            device: stat.st_dev,
            limits,
            entries: 0,
            bytes: 0,
            waiting: 0,
            missed: missed.clone(),
        };
        let names = tree.names(&handle).map_err(fail)?;
        tree.levels.push(Level {
            handle,
            path: Vec::new(),
            names: names.into_iter(),
        });
        Ok(tree)
    }

    /// The next node; a folder's own nodes follow it.
    pub(super) fn next_node(&mut self) -> Option<Node> {
        loop {
            let level = self.levels.last_mut()?;
            let Some(name) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            self.waiting = self.waiting.saturating_sub(1);
            let mut path = level.path.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend(name.to_bytes());
            if self.entries == self.limits.entries || self.bytes > self.limits.bytes {
                let why = format!(
                    "it and whatever comes behind it: more than {} entries or {} bytes are not read",
                    self.limits.entries, self.limits.bytes
                );
                self.missed.add(&path, &why, true);
                self.levels.clear();
                return None;
            }
            self.entries += 1;
            if let Some(node) = self.node(&name, path) {
                self.bytes = self.bytes.saturating_add(node.size());
                return Some(node);
            }
        }
    }

    pub(super) fn node(&mut self, name: &CStr, path: Vec<u8>) -> Option<Node> {
        let level = self.levels.last()?;
        let handle = level.handle.as_fd();
        let stat = match statat(handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Gone since its folder was read: a file system that lives.
            Err(rustix::io::Errno::NOENT) => return None,
            Err(error) => {
                self.missed.add(&path, &unreadable(error), true);
                return None;
            }
        };
        let whiteout = name.to_bytes().starts_with(b".wh.");
        if whiteout {
            let why = "its name is what a layer says deleted files with";
            self.missed.add(&path, why, true);
            return None;
        }
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => return self.enter(name, path),
            FileType::Symlink => match readlinkat(handle, name, Vec::new()) {
                Ok(target) => Kind::Symlink(target.into_bytes()),
                Err(error) => {
                    self.missed.add(&path, &unreadable(error), true);
                    return None;
                }
            },
            // A socket lives with its program only; no image holds one.
            FileType::Socket | FileType::Unknown => return None,
            special => Kind::Special(special),
        };
        Some(Node { path, kind, stat })
    }

    fn enter(&mut self, name: &CStr, path: Vec<u8>) -> Option<Node> {
        let handle = self.levels.last()?.handle.as_fd();
        if self.levels.len() == DEPTH {
            self.missed
                .add(&path, "the folder is nested too deep", true);
            return None;
        }
        let opened = openat(handle, name, FOLDER, Mode::empty())
            .and_then(|handle| fstat(&handle).map(|stat| (handle, stat)));
        let (handle, stat) = match opened {
            Ok(opened) => opened,
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return None,
            Err(error) => {
                self.missed.add(&path, &unreadable(error), true);
                return None;
            }
        };
        if stat.st_dev != self.device {
            let real = !is_virtual(&handle);
            let why = "another file system is mounted there";
            self.missed.add(&path, why, real);
            return None;
        }
        let names = match self.names(&handle) {
            Ok(names) => names,
            Err(error) => {
                self.missed.add(&path, &unreadable(error), true);
                Vec::new()
            }
        };
        self.levels.push(Level {
            handle,
            path: path.clone(),
            names: names.into_iter(),
        });
        Some(Node {
            path,
            kind: Kind::Directory,
            stat,
        })
    }

    /// The names in a folder, sorted; no more than may still be walked, and one to tell of.
    fn names(&mut self, folder: &OwnedFd) -> rustix::io::Result<Vec<CString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if !matches!(name.to_bytes(), b"." | b"..") {
                names.push(name.to_owned());
                self.waiting += 1;
            }
            if self.entries.saturating_add(self.waiting) > self.limits.entries.saturating_add(1) {
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Opens the file that [`Tree::next_node`] gave last. `None` where it cannot be, which is told.
    pub(super) fn file(&self, node: &Node) -> Option<File> {
        let level = self.levels.last()?;
        let name = node.path.rsplit(|byte| *byte == b'/').next()?;
        let opened = openat(&level.handle, name, FILE, Mode::empty());
        let handle = match opened {
            Ok(handle) => handle,
            Err(error) => {
                self.missed.add(&node.path, &unreadable(error), true);
                return None;
            }
        };
        let same = fstat(&handle).is_ok_and(|stat| {
            (stat.st_dev, stat.st_ino) == (node.stat.st_dev, node.stat.st_ino)
                && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        });
        if !same {
            self.missed
                .add(&node.path, "became another while it was looked at", true);
            return None;
        }
        let on_disk = u64::try_from(node.stat.st_blocks)
            .unwrap_or_default()
            .saturating_mul(512);
        if node.size() > SPARSE && on_disk < node.size() / 4 {
            let why = format!(
                "of its {} bytes only {on_disk} are on the disk, the others are a hole",
                node.size()
            );
            self.missed.add(&node.path, &why, true);
            return None;
        }
        Some(File::from(handle))
    }
}

fn unreadable(error: rustix::io::Errno) -> String {
    format!("cannot be read: {}", std::io::Error::from(error))
}

/// File systems that hold no files of anybody: the kernel makes them up, or they are gone with it.
fn is_virtual(folder: &OwnedFd) -> bool {
    #[cfg(target_os = "linux")]
    {
        // linux/magic.h: proc, sysfs, tmpfs and devtmpfs, devpts, cgroup, cgroup2, mqueue, debugfs,
        // tracefs, securityfs, bpf, hugetlbfs, pstore, configfs, fusectl, binfmt_misc, nsfs.
        const VIRTUAL: [u64; 17] = [
            0x9fa0,
            0x6265_6572,
            0x0102_1994,
            0x1cd1,
            0x0027_e0eb,
            0x6367_7270,
            0x1980_0202,
            0x6462_6720,
            0x7472_6163,
            0x7363_6673,
            0xcafe_4a11,
            0x9584_58f6,
            0x6165_676c,
            0x6265_6570,
            0x6573_5543,
            0x4249_4e4d,
            0x6e73_6673,
        ];
        rustix::fs::fstatfs(folder)
            .is_ok_and(|space| VIRTUAL.contains(&(space.f_type as u64 & 0xffff_ffff)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}
