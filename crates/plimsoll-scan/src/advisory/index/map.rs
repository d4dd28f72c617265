//! The bytes of an index: mapped, or read.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Deref;

use memmap2::Mmap;

/// A file shorter than this is read at once: mapping costs more.
const SMALL: u64 = 256 << 10;

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Bytes {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

/// The bytes of `file`, which is `metadata.len()` long. A file that others may write is read rather
/// than mapped: what is mapped changes under its reader when the file does, and cutting it short
/// kills the reader.
pub(super) fn load(file: &mut File, metadata: &std::fs::Metadata) -> io::Result<Bytes> {
    let length = metadata.len();
    if length >= SMALL && is_ours(metadata) {
        // SAFETY: the file must not change while it is mapped. It is a regular file that only its
        // owner, who is this user or root, may write, and Plimsoll never writes into an index: a
        // new one is written beside and renamed into place, which leaves a mapped one as it is.
        // Every number in it is checked all the same, each time it is read.
        #[expect(
            unsafe_code,
            reason = "opening must not cost what reading the file costs"
        )]
        let map = unsafe { Mmap::map(&*file) }?;
        return Ok(Bytes::Mapped(map));
    }
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(Bytes::Read(bytes))
}

fn is_ours(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let owner = metadata.uid();
    let ours = owner == 0 || owner == rustix::process::geteuid().as_raw();
    ours && metadata.mode() & 0o022 == 0
}
