//! Layers as they ship, and the store's blobs of base images.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_image::{
    BlobContent, BlobSource, Descriptor, Image, ImageError, LayerLimits, media_type,
};
use plimsoll_model::Digest;

use super::build::{BaseImage, Build, Key, Layer, Source};
use super::layer::seal;
use super::store::{Record, StoredLayer};
use super::wire::Failure;

/// A blob ready to ship.
pub(crate) struct Shipped {
    pub(crate) media_type: &'static str,
    pub(crate) digest: Digest,
    pub(crate) diff_id: Digest,
    pub(crate) file: PathBuf,
}

impl Build<'_> {
    /// The image with its blobs out of our store, where they are kept once they were fetched.
    pub(super) fn stored_image(&self, base: &BaseImage, index: usize) -> Result<Image, Failure> {
        let Some(descriptor) = base.image.manifest.layers.get(index) else {
            return Err(Failure::hostile(format!(
                "{}: has fewer layers than its configuration says",
                base.reference
            )));
        };
        if !self.store.has_blob(&descriptor.digest, descriptor.size) {
            let failed = |e: io::Error| {
                Failure::environment(ImageError::from_read(base.image.name.clone(), e).to_string())
            };
            let mut content = base
                .image
                .blobs
                .blob(descriptor)
                .map_err(|e| Failure::environment(e.to_string()))?;
            let mut file = tempfile::Builder::new()
                .prefix(".base")
                .tempfile_in(self.store.blobs())
                .map_err(|e| Failure::system("storing a base layer", e))?;
            io::copy(&mut content, &mut file).map_err(failed)?;
            file.persist(self.store.blob(&descriptor.digest))
                .map_err(|e| Failure::system("storing a base layer", e.error))?;
        }
        let mut image = base.image.clone();
        image.blobs = Arc::new(StoredBlobs {
            folder: self.store.blobs(),
        });
        Ok(image)
    }

    /// The layer as it ships; a base's tar without compression is compressed.
    pub(crate) fn ship(&self, layer: &Layer) -> Result<Shipped, Failure> {
        let tampered = || Failure::environment("a record of the build state is damaged: delete it");
        match &layer.from {
            Source::Step { stored, .. } => {
                let digest = stored.digest().ok_or_else(tampered)?;
                Ok(Shipped {
                    media_type: media_type::OCI_LAYER_GZIP,
                    file: self.store.blob(&digest),
                    diff_id: stored.diff_id().ok_or_else(tampered)?,
                    digest,
                })
            }
            Source::Base { image, index } => {
                let descriptor = image
                    .image
                    .manifest
                    .layers
                    .get(*index)
                    .ok_or_else(tampered)?;
                let diff_id = image.image.diff_ids.get(*index).ok_or_else(tampered)?;
                let (media_type, digest) = if descriptor.media_type.ends_with("gzip") {
                    self.stored_image(image, *index)?;
                    (media_type::OCI_LAYER_GZIP, descriptor.digest.clone())
                } else if descriptor.media_type.ends_with("zstd") {
                    self.stored_image(image, *index)?;
                    (media_type::OCI_LAYER_ZSTD, descriptor.digest.clone())
                } else {
                    (media_type::OCI_LAYER_GZIP, self.compressed(image, *index)?)
                };
                Ok(Shipped {
                    media_type,
                    file: self.store.blob(&digest),
                    diff_id: diff_id.clone(),
                    digest,
                })
            }
        }
    }

    fn compressed(&self, base: &BaseImage, index: usize) -> Result<Digest, Failure> {
        let diff_id = base.image.diff_ids.get(index).map_or("", Digest::as_str);
        let mut key = Key::new("compress");
        key.add(diff_id);
        let key = key.finish();
        let _lock = self.store.lock(&key)?;
        let known = self.store.record(&key).and_then(|record| {
            let stored = record.layers.get("any")?.clone();
            let digest = stored.digest()?;
            self.store.has_blob(&digest, stored.size).then_some(digest)
        });
        if let Some(digest) = known {
            return Ok(digest);
        }
        let content = base
            .image
            .layer(index, LayerLimits::default())
            .map_err(|e| Failure::environment(e.to_string()))?;
        let sealed = seal(content, &self.store)?;
        let mut record = Record::default();
        record.layers.insert(
            "any".to_owned(),
            StoredLayer::new(&sealed.diff_id, &sealed.digest, sealed.size, String::new()),
        );
        self.store.remember(&key, &record)?;
        Ok(sealed.digest)
    }
}

/// Blobs of the store as a source of an image.
struct StoredBlobs {
    folder: PathBuf,
}

impl BlobSource for StoredBlobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let path = self.folder.join(descriptor.digest.hex());
        match File::open(&path) {
            Ok(file) => Ok(BlobContent::verified(file, descriptor, &self.describe())),
            Err(source) => Err(ImageError::Io {
                path: path.display().to_string(),
                source,
            }),
        }
    }

    fn describe(&self) -> String {
        "the build state".to_owned()
    }
}
