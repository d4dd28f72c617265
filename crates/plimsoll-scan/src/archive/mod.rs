//! Archives that lie in files of an image: read in memory, nothing unpacked, every size bounded.

#![allow(dead_code, reason = "landing in parts")]

pub(crate) mod inflate;
pub(crate) mod zip;
