//! Bytes under a digest: hashing on the way in, verifying on the way out.

use std::io::{self, Read, Write};
use std::sync::Arc;

use plimsoll_model::{Digest, ImageName, Skipped};
use sha2::{Digest as _, Sha256};

use crate::{Descriptor, ImageError};

/// Something that hands out blobs.
pub trait BlobSource: Send + Sync {
    /// Opens a blob, to be verified while it is read.
    ///
    /// # Errors
    /// The blob is not there or cannot be had.
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError>;

    /// A name for people.
    fn describe(&self) -> String;

    /// The registry name the blobs come from, where it is one: a push to another repository of
    /// that registry need not send them.
    fn origin(&self) -> Option<&ImageName> {
        None
    }

    /// Whether a layer's bytes are made while it is read, so that its digest could not be known
    /// before. It is then a name for the state of what is read, and nothing is verified against it.
    fn is_made_up(&self) -> bool {
        false
    }

    /// Whether blobs are files of this machine: whoever reads one waits for nobody.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// Whether somebody wrote a configuration for the image. A root file system has none.
    fn has_configuration(&self) -> bool {
        true
    }

    /// Whether somebody wrote a manifest for the image, by whose digest others know it. Docker's own
    /// archives and root file systems have none: theirs is made here.
    fn has_manifest(&self) -> bool {
        true
    }

    /// Manifests that are attached to `subject`, as far as they are listed; `None` where the place
    /// has no list of them. Nothing says who attached them.
    ///
    /// # Errors
    /// The list cannot be had, or is none.
    fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let _ = subject;
        Ok(None)
    }

    /// What was passed over while blobs were read, sorted: files that could not be read, other file
    /// systems.
    fn passed_over(&self) -> Vec<Skipped> {
        Vec::new()
    }
}

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

/// A blob's bytes. Reading fails at the end when length or digest are not the descriptor's, and
/// never yields more than the descriptor says.
pub struct BlobContent {
    inner: Box<dyn Read + Send>,
    /// None where the bytes are made while they are read.
    rest: Option<Rest>,
}

/// What is still to come of a blob and to be verified.
struct Rest {
    /// None once the digest was verified, or where somebody else hashes.
    hasher: Option<Sha256>,
    bytes: u64,
    size: u64,
    is_over: bool,
    promise: Promise,
}

/// The digest that a blob's bytes must have.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    digest: Digest,
    place: String,
}

impl Promise {
    /// Holds the digest that the bytes turned out to have against it.
    pub(crate) fn verify(&self, found: &Digest) -> Result<(), ImageError> {
        if *found == self.digest {
            return Ok(());
        }
        let problem = format!("holds other bytes, their digest is {found}");
        Err(ImageError::invalid(&self.place, problem))
    }
}

impl BlobContent {
    /// What `inner` gives, held against `descriptor`. `place` names the source and is what an error
    /// begins with.
    pub fn verified(
        inner: impl Read + Send + 'static,
        descriptor: &Descriptor,
        place: &str,
    ) -> Self {
        Self {
            inner: Box::new(inner),
            rest: Some(Rest {
                hasher: Some(Sha256::new()),
                bytes: descriptor.size,
                size: descriptor.size,
                is_over: false,
                promise: Promise {
                    digest: descriptor.digest.clone(),
                    place: format!("{place}: blob {}", descriptor.digest),
                },
            }),
        }
    }

    /// What `inner` gives, whatever it is: its digest could not be known before.
    pub fn made_up(inner: impl Read + Send + 'static) -> Self {
        Self {
            inner: Box::new(inner),
            rest: None,
        }
    }

    /// Leaves hashing to who reads: only the length is verified from here on. Nothing may have been
    /// read. None where there is nothing to verify.
    pub(crate) fn unhashed(&mut self) -> Option<Promise> {
        let rest = self.rest.as_mut()?;
        rest.hasher = None;
        Some(rest.promise.clone())
    }
}

impl Rest {
    fn end(&mut self, inner: &mut dyn Read) -> io::Result<()> {
        if std::mem::replace(&mut self.is_over, true) {
            return Ok(());
        }
        let mut probe = [0];
        if inner.read(&mut probe)? != 0 {
            let problem = format!("is longer than the {} bytes its descriptor says", self.size);
            return Err(ImageError::invalid(&self.promise.place, problem).into());
        }
        if let Some(hasher) = self.hasher.take() {
            let found = Digest::from_sha256(hasher.finalize().into());
            self.promise.verify(&found)?;
        }
        Ok(())
    }
}

impl Read for BlobContent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(rest) = &mut self.rest else {
            return self.inner.read(buffer);
        };
        if buffer.is_empty() {
            return Ok(0);
        }
        if rest.bytes == 0 {
            rest.end(&mut self.inner)?;
            return Ok(0);
        }
        let most = buffer
            .len()
            .min(usize::try_from(rest.bytes).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            let problem = format!(
                "ends after {} of {} bytes",
                rest.size - rest.bytes,
                rest.size
            );
            return Err(ImageError::invalid(&rest.promise.place, problem).into());
        }
        if let Some(hasher) = &mut rest.hasher {
            hasher.update(&buffer[..read]);
        }
        rest.bytes -= read as u64;
        if rest.bytes == 0 {
            rest.end(&mut self.inner)?;
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
        BlobContent::verified(io::Cursor::new(inner.to_vec()), descriptor, "x")
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
            BlobContent::verified(&b"hellO"[..], &good, "x")
                .read_exact(&mut buffer)
                .is_err()
        );
    }
}
