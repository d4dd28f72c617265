//! What a path leads to that somebody named for something to be written.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Where a file is written.
#[derive(Debug)]
pub enum Target {
    /// A file that appears whole, or one that is replaced whole; what links to it still does.
    File(PathBuf),
    /// A device, a pipe, `/dev/stdout`: bytes go there as they come, and it stays what it is.
    Stream(File),
}

impl Target {
    /// Looks where `path` leads.
    ///
    /// # Errors
    /// It is a folder, or a device that cannot be opened.
    pub fn of(path: &Path) -> io::Result<Self> {
        if Self::is_stream(path)? {
            return File::options().append(true).open(path).map(Self::Stream);
        }
        Ok(Self::File(match std::fs::canonicalize(path) {
            Ok(resolved) => resolved,
            Err(_) => path.to_owned(),
        }))
    }

    /// Whether bytes go to `path` as they come. Nothing is opened: to open a pipe is to wait for whoever
    /// reads it, and to close it again is the end of all that he reads.
    ///
    /// # Errors
    /// It is a folder, or cannot be looked at.
    pub fn is_stream(path: &Path) -> io::Result<bool> {
        let is_file = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) => metadata.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        // What a descriptor is open on must go on being that, even where it is a file.
        let is_descriptor = ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"];
        Ok(!is_file || is_descriptor.iter().any(|known| path.starts_with(known)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_replaced_and_all_else_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        symlink("file", at("link")).unwrap();
        let file = |path: &Path| match Target::of(path).unwrap() {
            Target::File(path) => path,
            Target::Stream(_) => panic!("{} is a file", path.display()),
        };
        let real = std::fs::canonicalize(folder.path()).unwrap();
        assert_eq!(file(&at("link")), real.join("file"));
        assert_eq!(file(&at("new")), at("new"));
        for stream in ["/dev/null", "/dev/full", "/dev/stdout", "/proc/self/fd/2"] {
            // Where a test runs without them, there is nothing to be written to.
            match Target::of(Path::new(stream)) {
                Ok(target) => assert!(matches!(target, Target::Stream(_)), "{stream}"),
                Err(error) => assert_ne!(error.kind(), io::ErrorKind::IsADirectory, "{stream}"),
            }
        }
        assert!(Target::of(folder.path()).is_err());
    }
}
