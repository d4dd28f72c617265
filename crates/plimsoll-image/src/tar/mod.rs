//! Reads tar as Go's `archive/tar` does, since that is what every engine unpacks layers with: two
//! readers that disagree on where an entry begins would let a layer hide files from one of them.
//! Memory is bounded whatever the headers say.
//!
//! POSIX.1-2001 pax, ustar, GNU long names, GNU sparse files (old form, pax 0.0, 0.1 and 1.0), V7.

mod number;
mod pax;
mod sparse;

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use self::number::{numeric, text};
use self::pax::Records;
use self::sparse::Map;

const BLOCK: usize = 512;
/// Of a pax header or a long name; the bound of Go's reader.
const SPECIAL_LIMIT: u64 = 1 << 20;

/// What a hole of a sparse file reads as.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Regular file; also whatever type flag nobody knows, as POSIX asks.
    File,
    /// Folder.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Another name of an earlier entry.
    Hardlink,
    /// Character device.
    CharDevice,
    /// Block device.
    BlockDevice,
    /// Named pipe.
    Fifo,
}

/// One entry's header, all extensions applied. Paths are bytes as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name.
    pub path: Vec<u8>,
    /// Target of a link.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content, holes of sparse files counted.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Nanoseconds on top.
    pub mtime_nanos: u32,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes, in order of their names.
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// Reads entries one after the other; reading from it gives the content of the entry that
/// [`TarReader::next_entry`] gave last.
pub struct TarReader<R> {
    source: R,
    /// Bytes of the current entry that are still in `source`.
    physical: u64,
    /// Zeros behind them, up to the next block.
    padding: u64,
    /// Bytes of content not yet given out; differs from `physical` in sparse files.
    logical: u64,
    sparse: Option<Map>,
    position: u64,
    done: bool,
}

fn broken(problem: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.into())
}

impl<R: BufRead> TarReader<R> {
    /// Reads a tar from `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            physical: 0,
            padding: 0,
            logical: 0,
            sparse: None,
            position: 0,
            done: false,
        }
    }

    /// What is being read.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// The next entry; what was not read of the last one is passed over. `None` at the end.
    ///
    /// # Errors
    /// Whatever `source` gives; `InvalidData` and `UnexpectedEof` for a tar that breaks its rules.
    pub fn next_entry(&mut self) -> io::Result<Option<Header>> {
        let mut records = Records::default();
        let mut long_path = None;
        let mut long_link = None;
        loop {
            self.skip_rest()?;
            let Some(block) = self.header_block()? else {
                return Ok(None);
            };
            let raw = RawHeader::parse(&block)?;
            self.padding = raw.size.wrapping_neg() % BLOCK as u64;
            match raw.flag {
                b'x' => {
                    let body = self.special(raw.size, "a pax header")?;
                    records = Records::parse(&body)?;
                }
                // Docker passes global headers over, and so does whoever unpacks with it.
                b'g' => {
                    let body = self.special(raw.size, "a global pax header")?;
                    Records::parse(&body)?;
                    (records, long_path, long_link) = (Records::default(), None, None);
                }
                b'L' => {
                    let body = self.special(raw.size, "a long name")?;
                    long_path = Some(text(&body).to_vec());
                }
                b'K' => {
                    let body = self.special(raw.size, "a long link name")?;
                    long_link = Some(text(&body).to_vec());
                }
                _ => {
                    return self
                        .entry(&block, raw, records, long_path, long_link)
                        .map(Some);
                }
            }
        }
    }

    fn entry(
        &mut self,
        block: &[u8; BLOCK],
        mut raw: RawHeader,
        mut records: Records,
        long_path: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> io::Result<Header> {
        records.apply(&mut raw)?;
        if let Some(path) = long_path {
            raw.path = path;
        }
        if let Some(link) = long_link {
            raw.link = link;
        }
        let (kind, header_only) = match raw.flag {
            b'1' => (Kind::Hardlink, true),
            b'2' => (Kind::Symlink, true),
            b'3' => (Kind::CharDevice, true),
            b'4' => (Kind::BlockDevice, true),
            b'5' => (Kind::Directory, true),
            b'6' => (Kind::Fifo, true),
            // Of old archives only: engines make a file of what is marked as one (Go's archive/tar).
            b'\0' if raw.path.ends_with(b"/") => (Kind::Directory, false),
            _ => (Kind::File, false),
        };
        // Such entries have no content, whatever size they claim.
        self.physical = if header_only { 0 } else { raw.size };
        self.padding = self.physical.wrapping_neg() % BLOCK as u64;
        self.logical = if kind == Kind::File { raw.size } else { 0 };
        self.sparse = None;
        let map = if raw.flag == b'S' {
            Some(self.old_gnu_map(block)?)
        } else if let Some(layout) = records.sparse()? {
            if let Some(name) = &layout.name {
                raw.path.clone_from(name);
            }
            let pieces = match &layout.pieces {
                Some(pieces) => pieces.clone(),
                None => self.leading_map()?,
            };
            Some((pieces, layout.size.unwrap_or(raw.size)))
        } else {
            None
        };
        if let Some((pieces, size)) = map {
            if kind != Kind::File {
                return Err(broken("a sparse entry that is no file"));
            }
            self.sparse = Some(Map::new(pieces, size, self.physical)?);
            self.logical = size;
        }
        Ok(Header {
            path: raw.path,
            link: raw.link,
            kind,
            size: self.logical,
            mode: raw.mode,
            uid: raw.uid,
            gid: raw.gid,
            mtime: raw.mtime,
            mtime_nanos: raw.mtime_nanos,
            device: raw.device,
            xattrs: std::mem::take(&mut records.xattrs).into_iter().collect(),
        })
    }

    /// Reads a header block; `None` at the end mark or the end of the stream.
    fn header_block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        if self.done {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        for zeros in 0..2 {
            if self.source.fill_buf()?.is_empty() {
                self.done = true;
                return Ok(None);
            }
            self.exact(&mut block)?;
            if block.iter().any(|byte| *byte != 0) {
                if zeros == 1 {
                    return Err(broken("a block of zeros between entries"));
                }
                return Ok(Some(block));
            }
        }
        self.done = true;
        Ok(None)
    }

    fn special(&mut self, size: u64, what: &str) -> io::Result<Vec<u8>> {
        if size > SPECIAL_LIMIT {
            return Err(broken(format!("{what} of {size} bytes")));
        }
        let mut body = Vec::new();
        self.source.by_ref().take(size).read_to_end(&mut body)?;
        self.position += body.len() as u64;
        if (body.len() as u64) < size {
            return Err(truncated());
        }
        Ok(body)
    }

    fn exact(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.source.read_exact(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                truncated()
            } else {
                error
            }
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        self.sparse = None;
        let physical = std::mem::take(&mut self.physical);
        self.skip(physical)?;
        // The padding of the last entry may be missing where the writer did not end the archive.
        let mut padding = std::mem::take(&mut self.padding);
        while padding > 0 {
            let there = self.source.fill_buf()?.len();
            if there == 0 {
                self.done = true;
                break;
            }
            let step = there.min(usize::try_from(padding).unwrap_or(there));
            self.source.consume(step);
            padding -= step as u64;
            self.position += step as u64;
        }
        self.logical = 0;
        Ok(())
    }

    fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let there = self.source.fill_buf()?.len();
            if there == 0 {
                return Err(truncated());
            }
            let step = there.min(usize::try_from(count).unwrap_or(there));
            self.source.consume(step);
            count -= step as u64;
            self.position += step as u64;
        }
        Ok(())
    }

    fn read_physical(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.physical).unwrap_or(usize::MAX));
        let read = self.source.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(truncated());
        }
        self.physical -= read as u64;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R: BufRead + Seek> TarReader<R> {
    /// Where the current entry's content lies, and jumps behind it; `None` for a sparse file.
    pub(crate) fn locate(&mut self) -> io::Result<Option<(u64, u64)>> {
        if self.sparse.is_some() {
            return Ok(None);
        }
        let range = (self.position, self.physical);
        self.position = self
            .position
            .checked_add(self.physical)
            .ok_or_else(|| broken("sizes that overflow"))?;
        self.physical = 0;
        self.logical = 0;
        self.source.seek(SeekFrom::Start(self.position))?;
        Ok(Some(range))
    }
}

impl<R: BufRead> Read for TarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.logical).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let read = match &mut self.sparse {
            None => self.read_physical(&mut buffer[..most])?,
            Some(map) => match map.next(most) {
                sparse::Step::Hole(count) => {
                    buffer[..count].fill(0);
                    map.took(count);
                    count
                }
                sparse::Step::Data(count) => {
                    let read = self.read_physical(&mut buffer[..count])?;
                    if let Some(map) = &mut self.sparse {
                        map.took(read);
                    }
                    read
                }
            },
        };
        self.logical -= read as u64;
        Ok(read)
    }
}

/// Lends what is there of the current entry's content without copying it.
impl<R: BufRead> BufRead for TarReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let most = usize::try_from(self.logical).unwrap_or(usize::MAX);
        if most == 0 {
            return Ok(&[]);
        }
        let most = match &mut self.sparse {
            None => most,
            Some(map) => match map.next(most) {
                sparse::Step::Hole(count) => return Ok(&ZEROS[..count.min(ZEROS.len())]),
                sparse::Step::Data(count) => count,
            },
        };
        let most = most.min(usize::try_from(self.physical).unwrap_or(usize::MAX));
        let there = self.source.fill_buf()?;
        if there.is_empty() && most > 0 {
            return Err(truncated());
        }
        Ok(&there[..there.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let hole = match &mut self.sparse {
            None => false,
            Some(map) => {
                let hole = matches!(map.next(count), sparse::Step::Hole(_));
                map.took(count);
                hole
            }
        };
        if !hole {
            self.source.consume(count);
            self.physical = self.physical.saturating_sub(count as u64);
            self.position += count as u64;
        }
        self.logical = self.logical.saturating_sub(count as u64);
    }
}

fn truncated() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the tar ends in the middle of an entry",
    )
}

/// A header block's fields.
struct RawHeader {
    path: Vec<u8>,
    link: Vec<u8>,
    flag: u8,
    size: u64,
    mode: u32,
    uid: u64,
    gid: u64,
    mtime: i64,
    mtime_nanos: u32,
    device: (u32, u32),
}

impl RawHeader {
    fn parse(block: &[u8; BLOCK]) -> io::Result<Self> {
        check_sum(block)?;
        let unsigned = |range: std::ops::Range<usize>, what: &str| {
            numeric(&block[range])
                .and_then(|value| u64::try_from(value).ok())
                .ok_or_else(|| broken(format!("a header whose {what} is no number")))
        };
        let small = |range: std::ops::Range<usize>| {
            numeric(&block[range]).and_then(|value| u32::try_from(value).ok())
        };
        let mut path = text(&block[..100]).to_vec();
        let mut device = (0, 0);
        let ustar = &block[257..263] == b"ustar\0" && &block[263..265] == b"00";
        let gnu = &block[257..265] == b"ustar  \0";
        if ustar || gnu {
            device = (
                small(329..337).unwrap_or_default(),
                small(337..345).unwrap_or_default(),
            );
        }
        let prefix = if ustar && &block[508..512] == b"tar\0" {
            text(&block[345..476])
        } else if ustar {
            text(&block[345..500])
        } else if gnu
            && block[345] != 0
            && (numeric(&block[345..357]).is_none() || numeric(&block[357..369]).is_none())
        {
            // Old Go writers put a prefix into GNU headers, and Go's reader still takes it.
            let prefix = text(&block[345..500]);
            if prefix.is_ascii() { prefix } else { b"" }
        } else {
            b""
        };
        if !prefix.is_empty() {
            path = [prefix, b"/", &path].concat();
        }
        Ok(Self {
            path,
            link: text(&block[157..257]).to_vec(),
            flag: block[156],
            size: unsigned(124..136, "size")?,
            // Only the permission bits count, the file type is in the flag.
            mode: u32::try_from(unsigned(100..108, "mode")? & 0o7777).unwrap_or_default(),
            uid: unsigned(108..116, "owner")?,
            gid: unsigned(116..124, "group")?,
            mtime: numeric(&block[136..148])
                .ok_or_else(|| broken("a header whose time is no number"))?,
            mtime_nanos: 0,
            device,
        })
    }
}

fn check_sum(block: &[u8; BLOCK]) -> io::Result<()> {
    let field = &block[148..156];
    let stored = numeric(field);
    // The field itself counts as blanks.
    let blanks = field.len() as i64 * i64::from(b' ');
    let sum = |bytes: &[u8]| i64::from(bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>());
    if stored == Some(sum(block) - sum(field) + blanks) {
        return Ok(());
    }
    // Some old writers added signed bytes.
    let signed = |bytes: &[u8]| -> i64 {
        let bytes = bytes.iter().map(|byte| i64::from(byte.cast_signed()));
        bytes.sum()
    };
    if stored == Some(signed(block) - signed(field) + blanks) {
        return Ok(());
    }
    Err(broken("a header whose checksum is wrong"))
}

#[cfg(test)]
mod tests;
