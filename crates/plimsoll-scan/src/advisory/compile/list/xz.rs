//! Reads what is packed with xz (<https://tukaani.org/xz/xz-file-format.txt>), with as many streams
//! as there are.

use std::io::{self, Read};

use xz4rust::{XzDecoder, XzError};

/// How far back a stream may reach, in bytes: what `xz -9` asks for.
const MAX_DICTIONARY: usize = 64 << 20;

/// Streams that are read: each begins with tables that are made anew.
const MAX_STREAMS: usize = 1000;

/// Packed bytes that are read at once.
const PIECE: usize = 16 << 10;

/// Most packed bytes that are held because the decoder wants more before it goes on.
const MAX_HELD: usize = 16 * PIECE;

/// Unpacks as it is read.
pub(super) struct XzReader<R> {
    from: R,
    decoder: Box<XzDecoder<'static>>,
    held: Vec<u8>,
    at: usize,
    streams: usize,
    is_within: bool,
}

impl<R: Read> XzReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            decoder: XzDecoder::in_heap_with_alloc_dict_size(0, MAX_DICTIONARY),
            held: Vec::new(),
            at: 0,
            streams: 0,
            is_within: false,
        }
    }

    /// Reads more of what is packed; false at its end.
    fn fill(&mut self) -> io::Result<bool> {
        self.held.drain(..self.at);
        self.at = 0;
        if self.held.len() > MAX_HELD {
            return Err(damaged());
        }
        let mut piece = self.from.by_ref().take(PIECE as u64);
        Ok(piece.read_to_end(&mut self.held)? > 0)
    }

    /// Passes over the padding between streams; false where there is none more.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.held.get(self.at..).unwrap_or_default();
            self.at += rest.iter().take_while(|byte| **byte == 0).count();
            if self.at < self.held.len() {
                break;
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
        if self.streams == MAX_STREAMS {
            return Err(damaged());
        }
        if self.streams > 0 {
            self.decoder.reset();
        }
        self.is_within = true;
        Ok(true)
    }
}

impl<R: Read> Read for XzReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_within && !self.begin()? {
                return match self.streams {
                    0 => Err(cut_short()),
                    _ => Ok(0),
                };
            }
            let packed = self.held.get(self.at..).unwrap_or_default();
            let wants_more = match self.decoder.decode(packed, out) {
                Ok(result) => {
                    self.at += result.input_consumed();
                    if result.is_end_of_stream() {
                        self.is_within = false;
                        self.streams += 1;
                    }
                    if result.output_produced() > 0 {
                        return Ok(result.output_produced());
                    }
                    self.is_within && !result.made_progress()
                }
                Err(XzError::NeedsLargerInputBuffer) => true,
                Err(XzError::UnsupportedCheckType(_) | XzError::Sha256NotSupported) => {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        "its xz data has a kind of checksum that is not read; pack it anew with \
                         `xz --check=crc64`, or give it unpacked",
                    ));
                }
                Err(_) => return Err(damaged()),
            };
            if wants_more && !self.fill()? {
                return Err(cut_short());
            }
        }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its xz data is damaged")
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "its xz data is cut short")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `xz --check=crc64` of `Package: a` and a line end.
    const PACKED: [u8; 68] = [
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
        0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x0a, 0x50, 0x61, 0x63,
        0x6b, 0x61, 0x67, 0x65, 0x3a, 0x20, 0x61, 0x0a, 0x00, 0x00, 0x7d, 0xbb, 0x61, 0xe2, 0x0e,
        0xb0, 0xce, 0xee, 0x00, 0x01, 0x23, 0x0b, 0xc2, 0x1b, 0xfd, 0x09, 0x1f, 0xb6, 0xf3, 0x7d,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
    ];

    /// `xz --check=sha256` of the same.
    const SHA256: [u8; 92] = [
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x0a, 0xe1, 0xfb, 0x0c, 0xa1, 0x02, 0x00, 0x21,
        0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x0a, 0x50, 0x61, 0x63,
        0x6b, 0x61, 0x67, 0x65, 0x3a, 0x20, 0x61, 0x0a, 0x00, 0x00, 0xfa, 0x07, 0xdb, 0x62, 0xb4,
        0x8a, 0x0f, 0x98, 0x48, 0x53, 0x8c, 0x43, 0x7c, 0xfa, 0x8a, 0xef, 0x50, 0x0b, 0xd6, 0x57,
        0x08, 0x30, 0xa5, 0xc5, 0x08, 0xd8, 0x7e, 0xeb, 0x99, 0xd1, 0xa5, 0x0d, 0x00, 0x01, 0x3b,
        0x0b, 0x9b, 0x83, 0xe6, 0x8b, 0x18, 0x9b, 0x4b, 0x9a, 0x01, 0x00, 0x00, 0x00, 0x00, 0x0a,
        0x59, 0x5a,
    ];

    fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        XzReader::new(bytes).take(1 << 20).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn streams_and_padding_are_read_to_their_end() {
        assert_eq!(unpack(&PACKED).unwrap(), b"Package: a\n");
        let twice = [&PACKED[..], &[0; 4], &PACKED].concat();
        assert_eq!(unpack(&twice).unwrap(), b"Package: a\nPackage: a\n");
        for length in 0..PACKED.len() {
            assert!(unpack(&PACKED[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_checksum_that_is_not_read_is_no_damage() {
        let error = unpack(&SHA256).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, at in 0..PACKED.len()) {
            let _ = unpack(&bytes);
            let _ = unpack(&[&PACKED[..at], &bytes[..]].concat());
        }
    }
}
