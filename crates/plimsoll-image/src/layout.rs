//! OCI image layout on disk (OCI image-spec, image-layout.md): source and sink.

use std::io::Read;
use std::path::Path;

use plimsoll_model::Digest;

use crate::{Descriptor, ImageError};

/// An OCI layout folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: std::path::PathBuf,
}

/// Adds to a layout. Blobs are written to a temporary name, synced and renamed; an image is
/// visible only once `commit` has replaced `index.json` by rename. Dropped without commit, the
/// layout's index is as before.
#[derive(Debug)]
pub struct LayoutWriter {
    layout: Layout,
}

impl Layout {
    /// Opens an existing layout folder.
    ///
    /// # Errors
    /// No `oci-layout` file or a broken index.
    pub fn open(root: &Path) -> Result<Self, ImageError> {
        let _ = root;
        todo!("owner: image")
    }

    /// Opens or creates a layout for writing.
    ///
    /// # Errors
    /// The folder holds something else, or cannot be written.
    pub fn writer(root: &Path) -> Result<LayoutWriter, ImageError> {
        let _ = root;
        todo!("owner: image")
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Entries of `index.json` in order.
    ///
    /// # Errors
    /// A broken index.
    pub fn entries(&self) -> Result<Vec<Descriptor>, ImageError> {
        todo!("owner: image")
    }
}

impl LayoutWriter {
    /// Stores a blob read from `content`; one that is there already is not written again.
    ///
    /// # Errors
    /// The disk.
    pub fn blob(&mut self, media_type: &str, content: &mut dyn Read) -> Result<Descriptor, ImageError> {
        let _ = (media_type, content);
        todo!("owner: image")
    }

    /// Whether the layout holds the blob.
    pub fn has(&self, digest: &Digest) -> bool {
        let _ = digest;
        todo!("owner: image")
    }

    /// Makes `manifest` (stored as a blob before) visible, under `name`
    /// (`org.opencontainers.image.ref.name`) where given, replacing an older one of that name.
    ///
    /// # Errors
    /// The disk.
    pub fn commit(self, manifests: Vec<(Descriptor, Option<String>)>) -> Result<Layout, ImageError> {
        let _ = (manifests, &self.layout);
        todo!("owner: image")
    }
}
