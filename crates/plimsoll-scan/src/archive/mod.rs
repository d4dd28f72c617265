//! Archives that lie in files of an image: read in memory, nothing unpacked, every size bounded.

pub(crate) mod inflate;
pub(crate) mod zip;
