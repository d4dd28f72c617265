//! Decompression in memory, with a bound on what comes out.

use flate2::{Decompress, FlushDecompress, Status};

/// What is grown at a time; what a size field claims is never allocated at its word.
const STEP: usize = 64 << 10;

/// Decompresses a deflate stream (RFC 1951), with a zlib header around it (RFC 1950) if `zlib`.
///
/// # Errors
/// The stream is damaged, ends early, or gives more than `limit` bytes.
pub(crate) fn deflated(bytes: &[u8], zlib: bool, limit: usize) -> Result<Vec<u8>, &'static str> {
    let mut decoder = Decompress::new(zlib);
    let mut out: Vec<u8> = Vec::new();
    let mut at = 0;
    loop {
        if out.len() == out.capacity() {
            if out.len() > limit {
                return Err("it unpacks to more than is read of such a file");
            }
            // Twice as much each time, so that a large one is not copied often.
            // One byte beyond the limit tells an end from a stream that goes on.
            let more = out
                .len()
                .max(STEP)
                .min((limit - out.len()).saturating_add(1));
            out.reserve_exact(more);
        }
        let (taken, given) = (decoder.total_in(), decoder.total_out());
        let rest = bytes.get(at..).unwrap_or_default();
        let status = decoder
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| "its compressed data is damaged")?;
        at += usize::try_from(decoder.total_in() - taken).unwrap_or(usize::MAX);
        match status {
            Status::StreamEnd if out.len() <= limit => return Ok(out),
            Status::StreamEnd => return Err("it unpacks to more than is read of such a file"),
            Status::Ok | Status::BufError => {
                let stuck = decoder.total_in() == taken && decoder.total_out() == given;
                if stuck && out.len() < out.capacity() {
                    return Err("its compressed data ends early");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_comes_out_is_bounded() {
        let zeros = vec![0_u8; 300_000];
        let packed = zlib(&zeros);
        assert_eq!(deflated(&packed, true, 300_000).unwrap(), zeros);
        assert!(deflated(&packed, true, 299_999).is_err());
        assert!(deflated(&packed[..packed.len() / 2], true, 1 << 20).is_err());
        assert!(deflated(b"\xff\xff\xff", true, 1 << 20).is_err());
        assert!(deflated(b"", false, 1 << 20).is_err());
        assert_eq!(deflated(&zlib(b""), true, 0).unwrap(), b"");
    }
}
