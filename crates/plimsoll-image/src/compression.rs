//! How bytes are compressed, told by their beginning: media types and file names are often wrong.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ImageError, LayerLimits};

/// A zstd window is memory that the file chooses; 128 MiB is what `zstd -d` allows.
pub(crate) const ZSTD_WINDOW_LOG: u32 = 27;

/// What a stream is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Nothing that is known here.
    None,
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878, one frame or several, skippable ones among them (as zstd:chunked and pzstd write).
    Zstd,
}

impl Compression {
    /// Judges by the first four bytes; fewer are no compressed stream.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The program for which this is a beginning that we cannot read.
    pub(crate) fn unreadable(start: &[u8]) -> Option<&'static str> {
        match start {
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("bzip2"),
            [b'P', b'K', 3, 4, ..] => Some("zip"),
            _ => None,
        }
    }
}

/// Reads `source` decompressed.
pub(crate) fn decompressed<'a>(
    source: impl BufRead + 'a,
    compression: Compression,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(crate::GzipReader::new(source)),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// Below this much nothing is called a bomb.
const HARMLESS: u64 = 64 << 20;

/// Reads `source`, compressed or not, unpacked: no more than `most` bytes, and no bomb. `place` names
/// it.
///
/// # Errors
/// It cannot be read. Where it is too much, that is what the reader says in the end.
pub(crate) fn unpacked<'a>(
    source: impl Read + 'a,
    place: &'a str,
    most: u64,
) -> Result<impl Read + 'a, ImageError> {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: source,
        count: Arc::clone(&read),
    };
    let mut source = BufReader::with_capacity(128 << 10, counted);
    let failed = |error| ImageError::from_read(place, error);
    let compression = Compression::of(source.fill_buf().map_err(failed)?);
    Ok(Bounded {
        inner: decompressed(source, compression).map_err(failed)?,
        place,
        unpacked: 0,
        most,
        read,
    })
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Ends what unpacks to far more than it is.
struct Bounded<'a, R> {
    inner: R,
    place: &'a str,
    unpacked: u64,
    most: u64,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let compressed = self.read.load(Ordering::Relaxed).max(1);
        let is_bomb =
            self.unpacked > HARMLESS && self.unpacked / compressed > LayerLimits::default().ratio;
        if is_bomb || self.unpacked > self.most {
            let problem = match is_bomb {
                true => format!(
                    "is a bomb: {compressed} bytes have unpacked to {}",
                    self.unpacked
                ),
                false => format!("unpacks to more than {} bytes", self.most),
            };
            return Err(ImageError::invalid(self.place, problem).into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        decompressed(bytes, Compression::of(bytes))
            .and_then(|mut reader| reader.read_to_end(&mut out))
            .unwrap();
        out
    }

    #[test]
    fn frames_and_members_follow_one_another_and_some_are_skipped() {
        let frame = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let skippable = |kind: u8| [&[kind, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let chunked = [frame(b"one "), frame(b"two"), skippable(0x50)].concat();
        assert_eq!(read(&chunked), b"one two");
        let pzstd = [
            skippable(0x50),
            frame(b"one "),
            skippable(0x5f),
            frame(b"two"),
        ]
        .concat();
        assert_eq!(read(&pzstd), b"one two");
        let member = crate::seed::gzip(b"one");
        assert_eq!(read(&[member.clone(), member].concat()), b"oneone");
        assert_eq!(read(b""), b"");
    }

    #[test]
    fn other_packers_are_known_by_name() {
        assert_eq!(Compression::unreadable(b"\xfd7zXZ\0\0"), Some("xz"));
        assert_eq!(Compression::unreadable(b"BZh9"), Some("bzip2"));
        assert_eq!(Compression::unreadable(b"etc/passwd"), None);
    }
}
