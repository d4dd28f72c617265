//! Keeps a stream so that it can be read in any order.
//!
//! An archive's table of contents may stand at its end, and a pipe cannot be read twice. What comes
//! through one is kept in memory as long as it is small, else in a file without a name below the
//! cache folder ([`Access::scratch_folder`]), which is gone with the process however that ends.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::{Access, ImageError};

/// Bytes kept in memory.
const IN_MEMORY: u64 = 32 << 20;
/// What an archive may unpack to.
const LIMIT: u64 = 256 << 30;
const CHUNK: usize = 128 << 10;

/// Reads all of `source`; `place` names it in messages.
pub(crate) fn collect(
    source: &mut dyn Read,
    place: &str,
    access: &Access,
) -> Result<File, ImageError> {
    collect_within(source, place, &folder(access), IN_MEMORY, LIMIT)
}

/// A file without a name, for what is to be read again.
pub(crate) fn nameless(access: &Access) -> Result<File, ImageError> {
    let folder = folder(access);
    make(&folder).map_err(|error| ImageError::io(&folder, error))
}

fn folder(access: &Access) -> PathBuf {
    (access.scratch_folder.clone()).unwrap_or_else(std::env::temp_dir)
}

fn make(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder).or_else(|error| match error.kind() {
        // Nothing was ever cached.
        io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder)?;
            tempfile::tempfile_in(folder)
        }
        _ => Err(error),
    })
}

fn collect_within(
    source: &mut dyn Read,
    place: &str,
    folder: &Path,
    in_memory: u64,
    most: u64,
) -> Result<File, ImageError> {
    let disk = |error| ImageError::io(folder, error);
    let mut limit = most;
    let mut file = None;
    if in_memory > 0 {
        file = memory();
    }
    let mut on_disk = file.is_none();
    let mut file = match file {
        Some(file) => file,
        None => on(folder, &mut limit)?,
    };
    let mut chunk = vec![0; CHUNK];
    let mut length = 0;
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(place, error)),
        };
        length += read as u64;
        if !on_disk && length > in_memory {
            let mut larger = on(folder, &mut limit)?;
            file.rewind().map_err(disk)?;
            io::copy(&mut file, &mut larger).map_err(disk)?;
            file = larger;
            on_disk = true;
        }
        if length > limit {
            return Err(ImageError::Unavailable(format!(
                "{place}: unpacks to more than {:.1} GB, and no more may go into {} (nine tenths \
                 of what is free there, at most {} GiB): unpack it first, or let PLIMSOLL_CACHE \
                 name a folder on a larger disk",
                limit as f64 / 1e9,
                folder.display(),
                LIMIT >> 30
            )));
        }
        file.write_all(&chunk[..read]).map_err(disk)?;
    }
    Ok(file)
}

/// Tells of a stream that broke: a decoder's complaint is the stream's fault.
fn broken(place: &str, error: io::Error) -> ImageError {
    if error
        .get_ref()
        .is_some_and(|inner| inner.is::<ImageError>())
    {
        return ImageError::from_read(place, error);
    }
    match error.kind() {
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::Other => {
            ImageError::invalid(place, format!("cannot be read to its end: {error}"))
        }
        _ => ImageError::from_read(place, error),
    }
}

fn on(folder: &Path, limit: &mut u64) -> Result<File, ImageError> {
    let disk = |error| ImageError::io(folder, error);
    let file = make(folder).map_err(disk)?;
    let space = rustix::fs::fstatvfs(&file).map_err(|error| disk(error.into()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    *limit = (*limit).min(free / 10 * 9);
    Ok(file)
}

/// A file in memory, where the system has such.
fn memory() -> Option<File> {
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        rustix::fs::memfd_create("plimsoll", flags)
            .ok()
            .map(File::from)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(length: u64, in_memory: u64, most: u64) -> Result<Vec<u8>, ImageError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut source = io::repeat(7).take(length);
        let mut file = collect_within(&mut source, "x.tar", &path, in_memory, most)?;
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0, "nameless");
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        Ok(bytes)
    }

    #[test]
    fn a_stream_is_kept_wherever_it_fits() {
        for (length, in_memory) in [(0, 10), (10, 10), (300_000, 200_000), (300_000, 0)] {
            let bytes = kept(length, in_memory, 1 << 30).unwrap();
            assert_eq!(bytes.len() as u64, length);
            assert!(bytes.iter().all(|byte| *byte == 7));
        }
        let error = kept(1_500_000, 0, 1_000_000).unwrap_err().to_string();
        for words in ["x.tar", "0.0 GB", "PLIMSOLL_CACHE"] {
            assert!(error.contains(words), "{error}");
        }
    }
}
