//! Writes a layer tar from the upper folder of an overlay: the entries Docker's own overlay driver
//! writes, in a fixed order and with fixed times, so that equal trees give equal bytes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read as _, Write};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

use super::paths::{names, through_proc};
use super::unpack::keeps;

/// Marks a folder of the upper tree that hides everything below it.
const OPAQUE: &str = "user.overlay.opaque";
/// Folders inside folders before a tree counts as hostile (each level holds a descriptor).
const MAX_DEPTH: usize = 2_000;
/// Bytes of one extended attribute; the kernel's own bound.
const MAX_ATTRIBUTE: usize = 64 << 10;

/// Writes the layer of `upper` to `out`; gives the number of entries. Times above `clamp` become
/// `clamp`.
pub(crate) fn write_layer(
    upper: OwnedFd,
    clamp: Option<i64>,
    out: &mut impl Write,
) -> io::Result<u64> {
    let mut writer = TarWriter {
        out,
        clamp,
        entries: 0,
    };
    // First path of every file with more than one name, by device and inode.
    let mut linked: HashMap<(u64, u64), Vec<u8>> = HashMap::new();
    let mut stack = vec![Level::open(upper, Vec::new())?];
    while let Some(level) = stack.last_mut() {
        let Some(name) = level.pending.pop() else {
            stack.pop();
            continue;
        };
        let mut path = level.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_bytes());
        let parent = level.fd.as_fd();
        let stat = rustix::fs::statat(parent, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::CharacterDevice if stat.st_rdev == 0 => {
                writer.whiteout(&level.path, name.as_bytes())?;
            }
            FileType::Directory => {
                let attributes = attributes(parent, &name)?;
                writer.entry(&path, b'5', &stat, b"", &attributes)?;
                let next = rustix::fs::openat(
                    parent,
                    &name,
                    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                let marked = through_proc(parent, &name);
                if read_attribute(&marked, OPAQUE.as_bytes())?.is_some_and(|value| value == b"y") {
                    writer.whiteout(&path, b".wh..opq")?;
                }
                if stack.len() >= MAX_DEPTH {
                    return Err(io::Error::other(format!(
                        "the step made folders more than {MAX_DEPTH} deep"
                    )));
                }
                stack.push(Level::open(next, path)?);
            }
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(parent, &name, Vec::new())?;
                let attributes = attributes(parent, &name)?;
                writer.entry(&path, b'2', &stat, target.as_bytes(), &attributes)?;
            }
            FileType::RegularFile => {
                if stat.st_nlink > 1 {
                    if let Some(first) = linked.get(&(stat.st_dev, stat.st_ino)) {
                        writer.entry(&path, b'1', &stat, first, &[])?;
                        continue;
                    }
                    linked.insert((stat.st_dev, stat.st_ino), path.clone());
                }
                let attributes = attributes(parent, &name)?;
                let file = rustix::fs::openat(
                    parent,
                    &name,
                    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                writer.entry(&path, b'0', &stat, b"", &attributes)?;
                writer.content(std::fs::File::from(file), size(&stat), &path)?;
            }
            FileType::Fifo => writer.entry(&path, b'6', &stat, b"", &[])?,
            FileType::CharacterDevice => writer.entry(&path, b'3', &stat, b"", &[])?,
            FileType::BlockDevice => writer.entry(&path, b'4', &stat, b"", &[])?,
            // Sockets have no place in a tar.
            _ => {}
        }
    }
    writer.out.write_all(&[0; 1024])?;
    writer.out.flush()?;
    Ok(writer.entries)
}

/// One folder on the way down.
struct Level {
    fd: OwnedFd,
    path: Vec<u8>,
    /// Names still to do, the next one last.
    pending: Vec<OsString>,
}

impl Level {
    fn open(fd: OwnedFd, path: Vec<u8>) -> io::Result<Self> {
        let mut pending = names(&fd)?;
        pending.reverse();
        Ok(Self { fd, path, pending })
    }
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// The extended attributes that belong to a layer, sorted.
pub(crate) fn attributes(
    parent: BorrowedFd<'_>,
    name: &std::ffi::OsStr,
) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let path = through_proc(parent, name);
    let mut list = vec![0_u8; 4096];
    let length = loop {
        match rustix::fs::llistxattr(&path, &mut list[..]) {
            Ok(length) => break length,
            Err(rustix::io::Errno::RANGE) if list.len() < MAX_ATTRIBUTE => {
                list.resize(list.len() * 2, 0);
            }
            Err(rustix::io::Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    };
    let mut found = Vec::new();
    for key in list[..length].split(|byte| *byte == 0) {
        if keeps(key)
            && let Some(value) = read_attribute(&path, key)?
        {
            found.push((key.to_vec(), value));
        }
    }
    found.sort();
    Ok(found)
}

fn read_attribute(path: &std::path::Path, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut value = vec![0_u8; 256];
    loop {
        match rustix::fs::lgetxattr(path, key, &mut value[..]) {
            Ok(length) => {
                value.truncate(length);
                return Ok(Some(value));
            }
            Err(rustix::io::Errno::RANGE) if value.len() < MAX_ATTRIBUTE => {
                value.resize(MAX_ATTRIBUTE, 0);
            }
            Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes POSIX ustar headers, with PAX records where a value does not fit.
struct TarWriter<'a, W: Write> {
    out: &'a mut W,
    clamp: Option<i64>,
    entries: u64,
}

impl<W: Write> TarWriter<'_, W> {
    fn entry(
        &mut self,
        path: &[u8],
        kind: u8,
        stat: &Stat,
        link: &[u8],
        attributes: &[(Vec<u8>, Vec<u8>)],
    ) -> io::Result<()> {
        let mut path = path.to_vec();
        if kind == b'5' {
            path.push(b'/');
        }
        #[allow(clippy::useless_conversion)] // The width of these fields differs between targets.
        let mtime = i64::from(stat.st_mtime);
        let mtime = self.clamp.map_or(mtime, |clamp| mtime.min(clamp));
        let device = matches!(kind, b'3' | b'4').then(|| {
            (
                rustix::fs::major(stat.st_rdev),
                rustix::fs::minor(stat.st_rdev),
            )
        });
        self.header(&Header {
            path: &path,
            kind,
            mode: stat.st_mode & 0o7777,
            owner: (stat.st_uid, stat.st_gid),
            size: if kind == b'0' { size(stat) } else { 0 },
            mtime,
            link,
            device,
            attributes,
        })
    }

    /// `folder/.wh.name`, with nothing of the host in it.
    fn whiteout(&mut self, folder: &[u8], name: &[u8]) -> io::Result<()> {
        let mut path = folder.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(b".wh.");
        path.extend_from_slice(name);
        self.header(&Header {
            path: &path,
            kind: b'0',
            mode: 0,
            owner: (0, 0),
            size: 0,
            mtime: 0,
            link: b"",
            device: None,
            attributes: &[],
        })
    }

    fn header(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.entries += 1;
        let records = header.records();
        if !records.is_empty() {
            let mut name = b"PaxHeaders.0/".to_vec();
            let base = header.path.strip_suffix(b"/").unwrap_or(header.path);
            let base = base.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            name.extend(base.iter().filter(|byte| byte.is_ascii_graphic()).take(80));
            let mut block = [0_u8; 512];
            field(&mut block[0..100], &name);
            octal(&mut block[100..108], 0o644);
            octal(&mut block[108..116], 0);
            octal(&mut block[116..124], 0);
            octal(&mut block[124..136], records.len() as u64);
            octal(&mut block[136..148], 0);
            block[156] = b'x';
            self.block(block)?;
            self.out.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        let mut block = [0_u8; 512];
        field(&mut block[0..100], header.path);
        octal(&mut block[100..108], u64::from(header.mode));
        octal(&mut block[108..116], u64::from(header.owner.0));
        octal(&mut block[116..124], u64::from(header.owner.1));
        octal(&mut block[124..136], header.size);
        octal(
            &mut block[136..148],
            u64::try_from(header.mtime).unwrap_or(0),
        );
        block[156] = header.kind;
        field(&mut block[157..257], header.link);
        let (major, minor) = header.device.unwrap_or_default();
        octal(&mut block[329..337], u64::from(major));
        octal(&mut block[337..345], u64::from(minor));
        self.block(block)
    }

    fn block(&mut self, mut block: [u8; 512]) -> io::Result<()> {
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        octal(&mut block[148..155], sum);
        self.out.write_all(&block)
    }

    fn content(&mut self, file: std::fs::File, size: u64, path: &[u8]) -> io::Result<()> {
        let copied = io::copy(&mut file.take(size), self.out)?;
        if copied != size {
            return Err(io::Error::other(format!(
                "`{}` became shorter while it was read",
                String::from_utf8_lossy(path).escape_debug()
            )));
        }
        self.pad(size)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let rest = (512 - size % 512) % 512;
        io::copy(&mut io::repeat(0).take(rest), self.out)?;
        Ok(())
    }
}

struct Header<'a> {
    path: &'a [u8],
    kind: u8,
    mode: u32,
    owner: (u32, u32),
    size: u64,
    mtime: i64,
    link: &'a [u8],
    device: Option<(u32, u32)>,
    attributes: &'a [(Vec<u8>, Vec<u8>)],
}

impl Header<'_> {
    /// PAX records for what a ustar header cannot hold (POSIX.1-2001, pax Interchange Format).
    fn records(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let plain = |text: &[u8]| {
            text.len() <= 100 && (text.is_ascii() || std::str::from_utf8(text).is_err())
        };
        if !plain(self.path) {
            record(&mut out, b"path", self.path);
        }
        if !plain(self.link) {
            record(&mut out, b"linkpath", self.link);
        }
        if self.size > 0o77_777_777_777 {
            record(&mut out, b"size", self.size.to_string().as_bytes());
        }
        for (key, id) in [(b"uid", self.owner.0), (b"gid", self.owner.1)] {
            if id > 0o7_777_777 {
                record(&mut out, key, id.to_string().as_bytes());
            }
        }
        if !(0..=0o77_777_777_777).contains(&self.mtime) {
            record(&mut out, b"mtime", self.mtime.to_string().as_bytes());
        }
        for (name, value) in self.attributes {
            let key = [b"SCHILY.xattr.".as_slice(), name].concat();
            record(&mut out, &key, value);
        }
        out
    }
}

/// `LENGTH KEY=VALUE\n`, the length counting itself.
fn record(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3;
    let mut length = body + 1;
    while length != body + length.to_string().len() {
        length = body + length.to_string().len();
    }
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// As much of `text` as fits.
fn field(block: &mut [u8], text: &[u8]) {
    let length = text.len().min(block.len());
    block[..length].copy_from_slice(&text[..length]);
}

/// Octal digits and a zero byte; 0 where the number does not fit (a PAX record holds it then).
fn octal(block: &mut [u8], number: u64) {
    let width = block.len() - 1;
    let digits = format!("{number:0width$o}");
    let digits = if digits.len() > width {
        "0".repeat(width)
    } else {
        digits
    };
    block[..width].copy_from_slice(digits.as_bytes());
    block[width] = 0;
}

#[cfg(test)]
mod tests;
