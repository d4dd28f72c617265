//! Images as an engine packs them.
//!
//! Packing takes the engine seconds, and it gives an image's manifest and configuration in no other
//! way. So these are kept ([`DocumentStore`]) under the image's id, which is the digest of one of
//! them; the next time the engine packs only where a layer is to be read.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::StatusCode;
use serde::Deserialize;

use super::{ANSWER_PATIENCE, Daemon, Dialect, path_of};
use crate::archive::{TarIndex, open_index};
use crate::{Access, BlobContent, BlobSource, Descriptor, Documents, Image, ImageError, sha256};

/// What an engine says of an image without packing it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "RootFS")]
    root: Layers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Layers {
    #[serde(default)]
    layers: Option<Vec<String>>,
}

impl Told {
    fn is_of(&self, image: &Image) -> bool {
        let layers = self.root.layers.as_deref().unwrap_or_default();
        let found = image.diff_ids.iter().map(|diff_id| diff_id.as_str());
        found.eq(layers.iter().map(String::as_str))
    }
}

impl Daemon {
    /// Opens the image of that name. The engine packs it as a docker archive: at once where its
    /// documents are not known, else when a layer is read.
    pub(crate) fn open(&self, name: &str, access: &Access) -> Result<Image, ImageError> {
        let place = match &self.dialect {
            Dialect::Docker => format!("docker:{name}"),
            Dialect::Podman(_) => format!("podman:{name}"),
        };
        let told = self.told(name, &place)?;
        // A tag may move while the image is packed, an id does not.
        let packed = Packed {
            daemon: self.clone(),
            what: told.id.clone().unwrap_or_else(|| name.to_owned()),
            place,
            access: access.clone(),
            known: Vec::new(),
            blobs: Arc::default(),
        };
        let (Some(store), Some(id)) = (&access.documents, &told.id) else {
            return packed.pack();
        };
        let platform = access.platform.as_ref();
        let key = platform.map_or_else(|| id.clone(), |platform| format!("{id} {platform}"));
        if let Some(documents) = store.documents(&key)
            && let Ok(image) = packed.clone().known(documents)
            && told.is_of(&image)
        {
            return Ok(image);
        }
        let image = packed.pack()?;
        if told.is_of(&image) {
            let documents = Documents {
                media_type: image.manifest.descriptor.media_type.clone(),
                manifest: image.manifest.raw.to_vec(),
                config: image.config_raw.to_vec(),
            };
            store.keep_documents(&key, &documents);
        }
        Ok(image)
    }

    fn told(&self, name: &str, place: &str) -> Result<Told, ImageError> {
        let path = path_of(name)?;
        let path = match &self.dialect {
            Dialect::Docker => format!("/images/{path}/json"),
            Dialect::Podman(version) => format!("/v{version}/libpod/images/{path}/json"),
        };
        match self.ask(&path, ANSWER_PATIENCE) {
            Err(ImageError::NotFound(_)) => Err(ImageError::NotFound(format!(
                "{place}: {} has no such image",
                self.describe()
            ))),
            // What it cannot say, the archive will.
            Err(ImageError::Invalid { .. }) => Ok(Told::default()),
            told => told,
        }
    }
}

/// An image that the engine packs when the first of its layers is read.
#[derive(Clone)]
struct Packed {
    daemon: Daemon,
    /// Id or name.
    what: String,
    place: String,
    access: Access,
    known: Vec<(Descriptor, Arc<[u8]>)>,
    blobs: Arc<Mutex<Option<Arc<dyn BlobSource>>>>,
}

impl Packed {
    /// Has the engine pack the image.
    fn pack(&self) -> Result<Image, ImageError> {
        let path = path_of(&self.what)?;
        let path = match &self.daemon.dialect {
            Dialect::Docker => format!("/images/{path}/get"),
            Dialect::Podman(version) => {
                format!("/v{version}/libpod/images/{path}/get?format=docker-archive")
            }
        };
        let response = self.daemon.get(&path)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(ImageError::NotFound(format!(
                    "{}: {} no longer has it",
                    self.place,
                    self.daemon.describe()
                )));
            }
            _ => return Err(self.daemon.refused(response, &self.place)),
        }
        let tar = TarIndex::of_stream(response, &self.place, &self.access)?;
        open_index(&self.place, tar, None, self.access.platform.as_ref())
    }

    /// The image that these are the documents of.
    fn known(mut self, documents: Documents) -> Result<Image, ImageError> {
        let name = self.place.clone();
        let mut keep = |media_type: &str, bytes: Vec<u8>| {
            let descriptor = Descriptor::new(media_type, sha256(&bytes), bytes.len() as u64);
            self.known.push((descriptor.clone(), bytes.into()));
            descriptor
        };
        keep("", documents.config);
        let root = keep(&documents.media_type, documents.manifest);
        Image::from_descriptor(&name, &root, None, Arc::new(self))
    }
}

impl BlobSource for Packed {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let known = self
            .known
            .iter()
            .find(|(known, _)| known.digest == descriptor.digest);
        if let Some((_, bytes)) = known {
            let bytes = std::io::Cursor::new(Arc::clone(bytes));
            return Ok(BlobContent::verified(bytes, descriptor, &self.place));
        }
        // Whoever comes second waits for the first.
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let source = match &*blobs {
            Some(source) => Arc::clone(source),
            None => {
                let source = self.pack()?.blobs;
                *blobs = Some(Arc::clone(&source));
                source
            }
        };
        drop(blobs);
        source.blob(descriptor)
    }

    fn describe(&self) -> String {
        self.place.clone()
    }

    fn has_manifest(&self) -> bool {
        // An engine that keeps none calls an image by the digest of its configuration.
        let config = self.known.first();
        config.is_none_or(|(config, _)| !self.what.ends_with(config.digest.hex()))
    }
}
