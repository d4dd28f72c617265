//! The digest of a context: what entered a build from a folder, in a form both engines share.

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

/// One file of a context that a build could see. Folders are not listed: their files are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedFile {
    /// Path below the context, `/`-separated.
    pub(crate) path: Vec<u8>,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Digest of the content; of the target for a symbolic link.
    pub(crate) content: [u8; 32],
    /// Whether it is a symbolic link.
    pub(crate) is_link: bool,
}

/// The digest of a listing, whatever order it is given in.
pub(crate) fn listing_digest(mut files: Vec<ListedFile>) -> Digest {
    files.sort();
    let mut hash = Sha256::new();
    hash.update(b"plimsoll context 1\0");
    for file in &files {
        // Permission bits of a link say nothing, and differ between systems.
        let (kind, mode) = if file.is_link {
            (b"link", 0)
        } else {
            (b"file", file.mode & 0o7777)
        };
        hash.update((file.path.len() as u64).to_be_bytes());
        hash.update(&file.path);
        hash.update(kind);
        hash.update(mode.to_be_bytes());
        hash.update(file.content);
    }
    Digest::from_sha256(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_told_apart_by_each_of_its_parts() {
        let file = |path: &str, mode, content: u8, is_link| ListedFile {
            path: path.as_bytes().to_vec(),
            mode,
            content: [content; 32],
            is_link,
        };
        let digest = |files: &[ListedFile]| listing_digest(files.to_vec());
        let (a, b) = (file("a", 0o644, 1, false), file("b", 0o644, 2, false));
        let both = digest(&[a.clone(), b.clone()]);
        assert_eq!(digest(&[b.clone(), a.clone()]), both);
        for other in [
            file("a", 0o755, 1, false),
            file("a", 0o644, 3, false),
            file("c", 0o644, 1, false),
            file("a", 0o644, 1, true),
        ] {
            assert_ne!(digest(&[other, b.clone()]), both);
        }
        assert_eq!(
            digest(&[file("l", 0o777, 1, true)]),
            digest(&[file("l", 0o700, 1, true)])
        );
    }
}
