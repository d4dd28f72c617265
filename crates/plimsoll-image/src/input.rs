//! Files and standard input as strangers hand them over.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::ImageError;

/// Standard input.
pub(crate) struct Stdin {
    pub(crate) file: File,
    /// Whether it is a file that can be read in any order, and nothing of it was read yet.
    pub(crate) is_whole: bool,
}

impl Stdin {
    /// # Errors
    /// A person sits there.
    pub(crate) fn take() -> Result<Self, ImageError> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(ImageError::Usage(
                "-: standard input is a terminal: an archive is read from there, as in `docker \
                 save IMAGE | plimsoll inspect -`"
                    .to_owned(),
            ));
        }
        let failed = |error: io::Error| ImageError::from_read("-", error);
        let file = File::from(stdin.as_fd().try_clone_to_owned().map_err(failed)?);
        let is_whole = file.metadata().is_ok_and(|metadata| metadata.is_file())
            && rustix::fs::tell(&file).is_ok_and(|position| position == 0);
        Ok(Self { file, is_whole })
    }
}

/// Opens a file of a layout or an archive. Those come from strangers: a pipe in place of a file
/// would keep its reader waiting for ever.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a regular file",
        ))
    }
}
