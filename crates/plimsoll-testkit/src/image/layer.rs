//! Layers as tar archives, entry by entry, every header byte under control.

use std::io::{self, Read, Write};

use crate::random::Random;

const BLOCK: usize = 512;

/// One entry of a layer: a header, perhaps with PAX records before it, and its content.
#[derive(Clone, Debug)]
pub struct Entry {
    path: Vec<u8>,
    link: Vec<u8>,
    kind: u8,
    mode: u32,
    owner: (u64, u64),
    mtime: u64,
    device: (u32, u32),
    records: Vec<(String, Vec<u8>)>,
    content: Vec<u8>,
    /// The size field, where it is not the content's.
    claimed_size: Option<u64>,
}

impl Entry {
    /// An entry of any type flag (`0` file, `1` hard link, `2` symbolic link, `3` character
    /// device, `4` block device, `5` directory, `6` FIFO, `S` GNU sparse, …). The path is
    /// written as it is.
    pub fn new(kind: u8, path: impl AsRef<[u8]>) -> Self {
        Self {
            path: path.as_ref().to_vec(),
            link: Vec::new(),
            kind,
            mode: 0o644,
            owner: (0, 0),
            mtime: 0,
            device: (0, 0),
            records: Vec::new(),
            content: Vec::new(),
            claimed_size: None,
        }
    }

    /// A file, mode 0644.
    pub fn file(path: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            content: content.into(),
            ..Self::new(b'0', path)
        }
    }

    /// A directory, mode 0755; the slash at the end is added.
    pub fn dir(path: impl AsRef<[u8]>) -> Self {
        let mut path = path.as_ref().to_vec();
        if !path.ends_with(b"/") {
            path.push(b'/');
        }
        Self::new(b'5', path).mode(0o755)
    }

    /// A symbolic link, mode 0777.
    pub fn symlink(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self {
            link: target.as_ref().to_vec(),
            ..Self::new(b'2', path).mode(0o777)
        }
    }

    /// A hard link to the path of another entry.
    pub fn hardlink(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self {
            link: target.as_ref().to_vec(),
            ..Self::new(b'1', path)
        }
    }

    /// The mode bits, those above 0777 included.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// User and group by number.
    #[must_use]
    pub fn owner(mut self, user: u64, group: u64) -> Self {
        self.owner = (user, group);
        self
    }

    /// Modification time in seconds since 1970.
    #[must_use]
    pub fn mtime(mut self, seconds: u64) -> Self {
        self.mtime = seconds;
        self
    }

    /// Major and minor number of a device.
    #[must_use]
    pub fn device(mut self, major: u32, minor: u32) -> Self {
        self.device = (major, minor);
        self
    }

    /// An extended attribute, as the PAX record `SCHILY.xattr.NAME`.
    #[must_use]
    pub fn xattr(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.record(&format!("SCHILY.xattr.{name}"), value)
    }

    /// Any PAX record (POSIX.1-2001 pax, "Extended Header").
    #[must_use]
    pub fn record(mut self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        self.records.push((key.to_owned(), value.into()));
        self
    }

    /// Content for an entry made by [`Entry::new`].
    #[must_use]
    pub fn content(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.content = content.into();
        self
    }

    /// A size field that need not be true.
    #[must_use]
    pub fn claimed_size(mut self, size: u64) -> Self {
        self.claimed_size = Some(size);
        self
    }

    fn write(&self, tar: &mut Vec<u8>) {
        let mut records = self.records.clone();
        if self.path.len() > 100 {
            records.push(("path".to_owned(), self.path.clone()));
        }
        if self.link.len() > 100 {
            records.push(("linkpath".to_owned(), self.link.clone()));
        }
        if !records.is_empty() {
            let mut body = Vec::new();
            for (key, value) in &records {
                body.extend(pax_record(key, value));
            }
            Self::new(b'x', "PaxHeaders/entry")
                .content(body)
                .write_block(tar);
        }
        self.write_block(tar);
    }

    fn write_block(&self, tar: &mut Vec<u8>) {
        let size = self.claimed_size.unwrap_or(self.content.len() as u64);
        tar.extend(self.header(size));
        tar.extend(&self.content);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }

    /// The ustar header (POSIX.1-1988).
    pub(super) fn header(&self, size: u64) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut put = |at: usize, width: usize, bytes: &[u8]| {
            let length = bytes.len().min(width);
            block[at..at + length].copy_from_slice(&bytes[..length]);
        };
        put(0, 100, &self.path);
        put(100, 8, &number(u64::from(self.mode), 8));
        put(108, 8, &number(self.owner.0, 8));
        put(116, 8, &number(self.owner.1, 8));
        put(124, 12, &number(size, 12));
        put(136, 12, &number(self.mtime, 12));
        put(148, 8, b"        ");
        put(156, 1, &[self.kind]);
        put(157, 100, &self.link);
        put(257, 8, b"ustar\x0000");
        put(329, 8, &number(u64::from(self.device.0), 8));
        put(337, 8, &number(u64::from(self.device.1), 8));
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }
}

/// A numeric field: octal where it fits, else base 256 as GNU tar writes it.
fn number(value: u64, width: usize) -> Vec<u8> {
    let octal = format!("{value:0digits$o}\0", digits = width - 1);
    if octal.len() == width {
        return octal.into_bytes();
    }
    let mut bytes = vec![0; width.saturating_sub(8)];
    bytes.extend(&value.to_be_bytes()[8_usize.saturating_sub(width)..]);
    bytes[0] |= 0x80;
    bytes
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
pub(super) fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length += 1;
    }
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend(value);
    record.push(b'\n');
    record
}

/// A layer in the making: entries in order.
///
/// Parents are not made up: a layer holds exactly the entries it was given.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    tar: Vec<u8>,
    zeros: Option<u64>,
    many: Option<Many>,
    unfinished: bool,
}

/// Entries that are made while they are written.
#[derive(Clone, Copy, Debug)]
struct Many {
    count: u64,
    entry: fn(u64) -> Entry,
}

impl Many {
    fn write_to(self, writer: &mut dyn Write) -> io::Result<()> {
        let mut tar = Vec::new();
        for index in 0..self.count {
            (self.entry)(index).write(&mut tar);
            if tar.len() >= 64 << 10 {
                writer.write_all(&tar)?;
                tar.clear();
            }
        }
        writer.write_all(&tar)
    }

    fn length(self) -> u64 {
        struct Count(u64);
        impl Write for Count {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += bytes.len() as u64;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut count = Count(0);
        self.write_to(&mut count).expect("counting cannot fail");
        count.0
    }
}

impl Layer {
    /// A layer without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Any bytes in place of a tar archive.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            tar: bytes.into(),
            unfinished: true,
            ..Self::default()
        }
    }

    /// One file of this many zeros, never held in memory: some 1 GiB becomes 1 MiB of gzip.
    pub fn zeros(path: &str, length: u64) -> Self {
        Self {
            tar: Entry::file(path, "").header(length).to_vec(),
            zeros: Some(length),
            ..Self::default()
        }
    }

    /// Files in directories, all of it decided by the seed: names, depth, sizes (up to 4 KiB),
    /// modes, content.
    pub fn seeded(seed: u64, files: usize) -> Self {
        let mut random = Random::new(seed);
        let mut layer = Self::new();
        let mut dirs = vec![String::new()];
        for index in 0..files {
            if random.below(4) == 0 {
                let parent = &dirs[random.below(dirs.len() as u64) as usize];
                let dir = format!("{parent}d{index}/");
                layer = layer.dir(&dir);
                dirs.push(dir);
            }
            let dir = &dirs[random.below(dirs.len() as u64) as usize];
            let size = random.below(4096) as usize;
            let mode = [0o644, 0o755, 0o600][random.below(3) as usize];
            let file = Entry::file(format!("{dir}f{index}"), random.bytes(size));
            layer = layer.entry(file.mode(mode));
        }
        layer
    }

    /// Adds an entry.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        entry.write(&mut self.tar);
        self
    }

    /// Ends with this many entries, each made from its number when it is written: never held
    /// together in memory. Of two calls the last one counts.
    #[must_use]
    pub fn many(mut self, count: u64, entry: fn(u64) -> Entry) -> Self {
        self.many = Some(Many { count, entry });
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(self, path: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) -> Self {
        self.entry(Entry::file(path, content))
    }

    /// Adds a file that may be run.
    #[must_use]
    pub fn program(self, path: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) -> Self {
        self.entry(Entry::file(path, content).mode(0o755))
    }

    /// Adds a directory.
    #[must_use]
    pub fn dir(self, path: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::dir(path))
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::symlink(path, target))
    }

    /// Adds a hard link.
    #[must_use]
    pub fn hardlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::hardlink(path, target))
    }

    /// Adds a global PAX header of one record, which speaks of all entries behind it (POSIX.1-2001
    /// pax, "pax Interchange Format").
    #[must_use]
    pub fn global_header(self, key: &str, value: &str) -> Self {
        let record = pax_record(key, value.as_bytes());
        self.entry(Entry::new(b'g', "GlobalHead").content(record))
    }

    /// Removes a path of the layers below (OCI image-spec, layer.md, "Whiteouts").
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let (dir, name) = path
            .rsplit_once('/')
            .map_or(("", path), |(dir, name)| (dir, name));
        let slash = if dir.is_empty() { "" } else { "/" };
        self.file(format!("{dir}{slash}.wh.{name}"), "")
    }

    /// Hides what the layers below have in this directory (layer.md, "Opaque Whiteout").
    #[must_use]
    pub fn opaque(self, dir: &str) -> Self {
        let dir = dir.trim_end_matches('/');
        self.file(format!("{dir}/.wh..wh..opq"), "")
    }

    /// Ends here: without the two blocks of zeros, and without the last `bytes` bytes.
    #[must_use]
    pub fn truncated(mut self, bytes: usize) -> Self {
        self.tar.truncate(self.tar.len().saturating_sub(bytes));
        self.unfinished = true;
        self
    }

    /// The length of the archive.
    pub fn length(&self) -> u64 {
        let end = if self.unfinished { 0 } else { 2 * BLOCK as u64 };
        let zeros = self.zeros.unwrap_or(0).next_multiple_of(BLOCK as u64);
        let many = self.many.map_or(0, Many::length);
        self.tar.len() as u64 + many + zeros + end
    }

    /// Writes the archive without what marks its end.
    pub(super) fn write_entries(&self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&self.tar)?;
        self.many.map_or(Ok(()), |many| many.write_to(writer))
    }

    /// Writes the archive.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        self.write_entries(writer)?;
        let end = if self.unfinished { 0 } else { 2 * BLOCK as u64 };
        let zeros = self.zeros.unwrap_or(0).next_multiple_of(BLOCK as u64);
        io::copy(&mut io::repeat(0).take(zeros + end), writer)?;
        Ok(())
    }

    /// The archive in memory.
    pub fn tar(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes)
            .expect("writing to a Vec cannot fail");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(layer: &Layer) -> Vec<String> {
        let bytes = layer.tar();
        assert_eq!(bytes.len() as u64, layer.length());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let header = entry.header();
            format!(
                "{:?} {} {:o} {}:{} {}",
                header.entry_type(),
                String::from_utf8_lossy(&entry.path_bytes()),
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                content.len(),
            )
        });
        entries.collect()
    }

    #[test]
    fn honest_layers_are_read_back() {
        let long = "d/".repeat(80) + "file";
        let layer = Layer::new()
            .dir("etc")
            .file("etc/passwd", "root")
            .program("bin/run", "#!/bin/sh\n")
            .symlink("sh", "bin/run")
            .hardlink("run", "bin/run")
            .whiteout("var/cache")
            .whiteout("gone")
            .opaque("srv/")
            .entry(Entry::new(b'3', "dev/null").mode(0o666).device(1, 3))
            .entry(
                Entry::file("big-id", "")
                    .owner(3_000_000_000, 7)
                    .mode(0o4755),
            )
            .file(&long, "x");
        assert_eq!(
            list(&layer),
            [
                "Directory etc/ 755 0:0 0",
                "Regular etc/passwd 644 0:0 4",
                "Regular bin/run 755 0:0 10",
                "Symlink sh 777 0:0 0",
                "Link run 644 0:0 0",
                "Regular var/.wh.cache 644 0:0 0",
                "Regular .wh.gone 644 0:0 0",
                "Regular srv/.wh..wh..opq 644 0:0 0",
                "Char dev/null 666 0:0 0",
                "Regular big-id 4755 3000000000:7 0",
                &format!("Regular {long} 644 0:0 1"),
            ]
        );
    }

    #[test]
    fn extended_attributes_are_pax_records() {
        let layer = Layer::new().entry(Entry::file("a", "").xattr("user.b", [0, 1, 255]));
        let bytes = layer.tar();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        let record = entry
            .pax_extensions()
            .unwrap()
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(record.key().unwrap(), "SCHILY.xattr.user.b");
        assert_eq!(record.value_bytes(), [0, 1, 255]);
    }

    #[test]
    fn a_pax_record_counts_its_own_length() {
        for length in [0, 1, 90, 91, 92, 93, 988, 989, 990] {
            let record = pax_record("key", &vec![b'x'; length]);
            let text = String::from_utf8(record.clone()).unwrap();
            let (counted, _) = text.split_once(' ').unwrap();
            assert_eq!(counted.parse::<usize>().unwrap(), record.len());
        }
    }

    #[test]
    fn a_seed_decides_everything() {
        let tar = Layer::seeded(7, 20).tar();
        assert_eq!(tar, Layer::seeded(7, 20).tar());
        assert_ne!(tar, Layer::seeded(8, 20).tar());
        let files = list(&Layer::seeded(7, 20));
        assert_eq!(
            files
                .iter()
                .filter(|line| line.starts_with("Regular"))
                .count(),
            20
        );
    }

    #[test]
    fn entries_are_made_as_they_are_written() {
        let layer = Layer::new()
            .file("a", "x")
            .many(2, |index| Entry::hardlink(format!("b{index}"), "a"));
        assert_eq!(
            list(&layer),
            [
                "Regular a 644 0:0 1",
                "Link b0 644 0:0 0",
                "Link b1 644 0:0 0"
            ]
        );
    }

    #[test]
    fn zeros_are_a_true_file() {
        assert_eq!(
            list(&Layer::zeros("big", 1000)),
            ["Regular big 644 0:0 1000"]
        );
    }
}
