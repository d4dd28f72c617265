//! Tar: ustar, GNU's long names, pax paths and sizes.

use super::Sink;

const BLOCK: usize = 512;

/// The longest name or pax header that is kept.
const MAX_NAME: u64 = 64 << 10;

/// Reads a tar as it comes.
#[derive(Default)]
pub(super) struct Reader {
    header: Vec<u8>,
    /// Bytes of the entry that have not come yet.
    data: u64,
    /// Bytes of padding behind it.
    padding: u64,
    what: What,
    /// What is gathered of a name or a pax header.
    gathered: Vec<u8>,
    next_name: Option<Vec<u8>>,
    next_size: Option<u64>,
    broken: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum What {
    #[default]
    Nothing,
    File,
    LongName,
    Pax,
}

/// Whether bytes begin with the header of an entry.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    bytes.first_chunk::<BLOCK>().is_some_and(|header| {
        let sum: u64 = header
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
        header[0] != 0 && number(&header[148..156]) == Some(sum)
    })
}

impl Reader {
    /// Whether the archive may end here.
    pub(super) fn is_over(&self) -> bool {
        !self.broken && self.data == 0 && self.header.is_empty()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !self.broken && !sink.full() {
            if self.data > 0 {
                let now =
                    usize::try_from(self.data).map_or(bytes.len(), |data| data.min(bytes.len()));
                let (data, rest) = bytes.split_at(now);
                bytes = rest;
                self.data -= now as u64;
                match self.what {
                    What::File => sink.data(data),
                    What::LongName | What::Pax => self.gathered.extend_from_slice(data),
                    What::Nothing => {}
                }
                if self.data == 0 {
                    self.entry_over(sink);
                }
            } else if self.padding > 0 {
                let now = (self.padding as usize).min(bytes.len());
                bytes = &bytes[now..];
                self.padding -= now as u64;
            } else {
                let now = (BLOCK - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..now]);
                bytes = &bytes[now..];
                if self.header.len() == BLOCK {
                    let header = std::mem::take(&mut self.header);
                    self.begin(&header, sink);
                    self.header = header;
                    self.header.clear();
                }
            }
        }
    }

    fn begin(&mut self, header: &[u8], sink: &mut impl Sink) {
        if header.iter().all(|byte| *byte == 0) {
            return;
        }
        let size = number(&header[124..136]);
        let (true, Some(size)) = (is_header(header), size) else {
            self.broken = true;
            sink.left_out();
            return;
        };
        let kind = header[156];
        let size = match kind {
            b'L' | b'K' | b'x' | b'g' => size,
            _ => self.next_size.take().unwrap_or(size),
        };
        self.what = match kind {
            b'0' | 0 | b'7' => What::File,
            b'L' if size <= MAX_NAME => What::LongName,
            b'x' if size <= MAX_NAME => What::Pax,
            _ => What::Nothing,
        };
        self.gathered.clear();
        let long = self
            .next_name
            .take_if(|_| !matches!(kind, b'L' | b'K' | b'x' | b'g'));
        if self.what == What::File {
            let name = long.unwrap_or_else(|| {
                let name = until_zero(&header[..100]);
                let prefix = until_zero(&header[345..500]);
                if prefix.is_empty() || &header[257..262] != b"ustar" {
                    name.to_vec()
                } else {
                    [prefix, b"/", name].concat()
                }
            });
            sink.begin(&name, Some(size));
        }
        // Links and folders have no bytes, whatever their size says.
        self.data = if matches!(kind, b'1'..=b'6') { 0 } else { size };
        self.padding = self.data.wrapping_neg() % BLOCK as u64;
        if self.data == 0 {
            self.entry_over(sink);
        }
    }

    fn entry_over(&mut self, sink: &mut impl Sink) {
        match self.what {
            What::File => sink.end(),
            What::LongName => self.next_name = Some(until_zero(&self.gathered).to_vec()),
            What::Pax => {
                for (key, value) in records(&self.gathered) {
                    match key {
                        b"path" => self.next_name = Some(value.to_vec()),
                        b"size" => {
                            self.next_size = std::str::from_utf8(value)
                                .ok()
                                .and_then(|size| size.parse().ok());
                        }
                        _ => {}
                    }
                }
            }
            What::Nothing => {}
        }
        self.what = What::Nothing;
    }
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// A number of a header: octal, or base 256 where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let (high, low) = field.split_at(field.len().checked_sub(8)?);
        let zero = high
            .iter()
            .enumerate()
            .all(|(at, byte)| *byte == if at == 0 { 0x80 } else { 0 });
        return zero.then(|| low.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(['\0', ' ']);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

/// The records of a pax header: `LENGTH KEY=VALUE\n`.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let blank = memchr::memchr(b' ', bytes)?;
        let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
        let record = bytes.get(blank + 1..length)?.strip_suffix(b"\n")?;
        bytes = &bytes[length..];
        let equals = memchr::memchr(b'=', record)?;
        Some((&record[..equals], &record[equals + 1..]))
    })
}
