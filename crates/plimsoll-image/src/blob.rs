//! Bytes under a digest: hashing on the way in, verifying on the way out.

use std::io::{self, Read, Write};
use std::sync::Arc;

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::{BlobSource, Descriptor, ImageError};

/// The digest of bytes at hand.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}

/// Passes bytes on and remembers their digest and number.
#[derive(Debug)]
pub(crate) struct Hashing<W> {
    pub(crate) inner: W,
    hasher: Sha256,
    length: u64,
}

impl<W> Hashing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            length: 0,
        }
    }

    pub(crate) fn finish(self) -> (W, Digest, u64) {
        let digest = Digest::from_sha256(self.hasher.finalize().into());
        (self.inner, digest, self.length)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.length += read as u64;
        Ok(read)
    }
}

/// A blob's reader that fails at the end when length or digest are not the descriptor's, and never
/// yields more than the descriptor says.
pub(crate) struct Verified<R> {
    inner: R,
    hasher: Option<Sha256>,
    left: u64,
    digest: Digest,
    size: u64,
    place: String,
}

impl<R: Read> Verified<R> {
    /// `place` names the source and is what an error begins with.
    pub(crate) fn new(inner: R, descriptor: &Descriptor, place: &str) -> Self {
        Self {
            inner,
            hasher: Some(Sha256::new()),
            left: descriptor.size,
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            place: format!("{place}: blob {}", descriptor.digest),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let mut probe = [0];
        if self.inner.read(&mut probe)? != 0 {
            let problem = format!("is longer than the {} bytes its descriptor says", self.size);
            return Err(ImageError::invalid(&self.place, problem).into());
        }
        let found = Digest::from_sha256(hasher.finalize().into());
        if found != self.digest {
            let problem = format!("holds other bytes, their digest is {found}");
            return Err(ImageError::invalid(&self.place, problem).into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.end()?;
            return Ok(0);
        }
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            let problem = format!(
                "ends after {} of {} bytes",
                self.size - self.left,
                self.size
            );
            return Err(ImageError::invalid(&self.place, problem).into());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        self.left -= read as u64;
        if self.left == 0 {
            self.end()?;
        }
        Ok(read)
    }
}

/// Reads a small blob whole.
pub(crate) fn read_blob(
    source: &dyn BlobSource,
    descriptor: &Descriptor,
    limit: u64,
) -> Result<Arc<[u8]>, ImageError> {
    let place = || format!("{}: blob {}", source.describe(), descriptor.digest);
    if descriptor.size > limit {
        let problem = format!(
            "{} bytes are too many for a {}",
            descriptor.size, descriptor.media_type
        );
        return Err(ImageError::invalid(place(), problem));
    }
    let mut bytes = Vec::new();
    source
        .blob(descriptor)?
        .read_to_end(&mut bytes)
        .map_err(|error| ImageError::from_read(place(), error))?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(bytes: &[u8]) -> Descriptor {
        Descriptor::new("t", sha256(bytes), bytes.len() as u64)
    }

    fn read(inner: &[u8], descriptor: &Descriptor) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        Verified::new(inner, descriptor, "x")
            .read_to_end(&mut bytes)
            .map(|_| bytes)
            .map_err(|error| ImageError::from_read("x", error).to_string())
    }

    #[test]
    fn only_the_described_bytes_pass() {
        let good = descriptor(b"hello");
        assert_eq!(read(b"hello", &good).unwrap(), b"hello");
        assert!(
            read(b"hell", &good)
                .unwrap_err()
                .contains("ends after 4 of 5 bytes")
        );
        assert!(
            read(b"hello!", &good)
                .unwrap_err()
                .contains("longer than the 5 bytes")
        );
        assert!(
            read(b"hellO", &good)
                .unwrap_err()
                .contains("holds other bytes")
        );
        assert_eq!(read(b"", &descriptor(b"")).unwrap(), b"");
        assert!(read(b"x", &descriptor(b"")).unwrap_err().contains("longer"));
    }

    #[test]
    fn a_lie_fails_a_reader_that_stops_at_the_size() {
        let mut buffer = [0; 5];
        let good = descriptor(b"hello");
        assert!(
            Verified::new(&b"hellO"[..], &good, "x")
                .read_exact(&mut buffer)
                .is_err()
        );
    }
}
