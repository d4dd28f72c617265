//! Any bytes are inflated as zlib does, or refused where it refuses, however they are cut up.
#![no_main]

use std::io::{BufRead, Read, Result};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use libfuzzer_sys::fuzz_target;
use plimsoll_image::GzipReader;

/// More than this is not unpacked: nothing new is in a longer run.
const ENOUGH: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((first, deflated)) = data.split_first() else {
        return;
    };
    let size = usize::from(first % 64) + 1;
    // Headers with fields and all.
    let _ = read(deflated, size);

    let mut zlib = Decompress::new(false);
    let mut expected = Vec::with_capacity(ENOUGH);
    let status = zlib.decompress_vec(deflated, &mut expected, FlushDecompress::Finish);
    if expected.len() == ENOUGH {
        return;
    }
    let used = match status {
        Ok(Status::StreamEnd) => usize::try_from(zlib.total_in()).ok(),
        _ => None,
    };
    let mut sum = Crc::new();
    sum.update(&expected);
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    member.extend_from_slice(&deflated[..used.unwrap_or(deflated.len())]);
    if used.is_some() {
        member.extend_from_slice(&sum.sum().to_le_bytes());
        member.extend_from_slice(&sum.amount().to_le_bytes());
    }
    match read(&member, size) {
        Ok(found) => assert!(used.is_some() && found == expected),
        Err(error) => assert!(used.is_none(), "{error}"),
    }
});

fn read(bytes: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let enough = 2 * ENOUGH as u64;
    GzipReader::new(Cut { bytes, size })
        .take(enough)
        .read_to_end(&mut out)?;
    Ok(out)
}

/// Gives so many bytes at once.
struct Cut<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl Read for Cut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Cut<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        Ok(&self.bytes[..self.size.min(self.bytes.len())])
    }

    fn consume(&mut self, count: usize) {
        self.bytes = &self.bytes[count..];
    }
}
