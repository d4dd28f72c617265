//! A manifest and its blobs as plain files, each named by its digest: what `skopeo copy IMAGE
//! dir:DIR` writes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blob::{BlobContent, sha256};
use crate::input::open_file;
use crate::layout::{missing_blob, read_small};
use crate::{Access, BlobSource, Descriptor, Image, ImageError, media_type};

/// What the file `version` begins with.
const MARKER: &str = "Directory Transport Version:";

/// Whether a folder holds an image in this form.
pub(crate) fn is_one(root: &Path) -> bool {
    let version = root.join("version");
    open_file(&version)
        .ok()
        .and_then(|file| read_small(file, &version).ok())
        .is_some_and(|text| text.starts_with(MARKER.as_bytes()))
}

/// Opens the image of such a folder.
pub(crate) fn open(root: &Path, access: &Access) -> Result<Image, ImageError> {
    let path = root.join("manifest.json");
    let raw = match open_file(&path) {
        Ok(file) => read_small(file, &path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ImageError::NotFound(format!(
                "dir:{}: holds no `manifest.json`",
                root.display()
            )));
        }
        Err(error) => return Err(ImageError::io(&path, error)),
    };
    // Whether it is an index or a manifest is told by its fields.
    let manifest = Descriptor::new("", sha256(&raw), raw.len() as u64);
    let blobs = Folder {
        root: root.to_owned(),
        place: format!("dir:{}", root.display()),
        manifest: (manifest.clone(), raw.into()),
    };
    let place = blobs.place.clone();
    Image::from_descriptor(&place, &manifest, access.platform.as_ref(), Arc::new(blobs))
}

struct Folder {
    root: PathBuf,
    place: String,
    manifest: (Descriptor, Arc<[u8]>),
}

impl BlobSource for Folder {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        if descriptor.digest == self.manifest.0.digest {
            let bytes = io::Cursor::new(Arc::clone(&self.manifest.1));
            return Ok(BlobContent::verified(bytes, descriptor, &self.place));
        }
        let hex = descriptor.digest.hex();
        let mut name = hex.to_owned();
        if media_type::is_manifest(&descriptor.media_type)
            || media_type::is_index(&descriptor.media_type)
        {
            name.push_str(".manifest.json");
        }
        let path = self.root.join(name);
        match open_file(&path) {
            Ok(file) => Ok(BlobContent::verified(file, descriptor, &self.place)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(missing_blob(&self.place, descriptor))
            }
            Err(error) => Err(ImageError::io(&path, error)),
        }
    }

    fn describe(&self) -> String {
        self.place.clone()
    }
}
