//! Packages of Debian: an archive of ar(1) with two tars, of what describes the package and of its files
//! (deb(5)).

use super::Sink;

const MARK: &[u8] = b"!<arch>\n";

/// How long the header of an entry is.
const HEADER: usize = 60;

/// Reads a package as it comes.
#[derive(Default)]
pub(super) struct Reader {
    /// Of the mark in front, or of a header, what came.
    header: Vec<u8>,
    /// Whether the mark has come.
    begun: bool,
    /// Bytes of the entry that have not come yet.
    data: u64,
    /// Whether a byte stands behind them, for entries begin at even places.
    padded: bool,
    broken: bool,
}

/// Whether bytes begin with a package: libraries of objects are such archives, too.
pub(super) fn is_package(bytes: &[u8]) -> bool {
    let first = bytes.strip_prefix(MARK);
    first.is_some_and(|first| first.starts_with(b"debian-binary"))
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
                sink.data(data);
                if self.data == 0 {
                    sink.end();
                }
            } else if self.padded {
                self.padded = false;
                bytes = &bytes[1..];
            } else {
                let length = if self.begun { HEADER } else { MARK.len() };
                let now = (length - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..now]);
                bytes = &bytes[now..];
                if self.header.len() == length {
                    let header = std::mem::take(&mut self.header);
                    self.begin(&header, sink);
                }
            }
        }
    }

    fn begin(&mut self, header: &[u8], sink: &mut impl Sink) {
        if !self.begun {
            self.begun = true;
            return;
        }
        let size = std::str::from_utf8(&header[48..58]).ok();
        let size = size.and_then(|size| size.trim_ascii_end().parse().ok());
        let (true, Some(size)) = (header.ends_with(b"`\n"), size) else {
            self.broken = true;
            sink.left_out();
            return;
        };
        let name = header[..16].trim_ascii_end();
        sink.begin(name.strip_suffix(b"/").unwrap_or(name), Some(size));
        self.data = size;
        self.padded = size % 2 == 1;
        if size == 0 {
            sink.end();
        }
    }
}
