//! Makes images in memory: plain tars for layers, so that a test says just what lies in which.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use plimsoll_image::{BlobContent, BlobSource, Descriptor, Image, ImageError, Manifest};
use plimsoll_model::{Called, Digest, HistoryEntry, ImageConfig};
use plimsoll_scan::{Outcome, ScanOptions, inspect};
use sha2::{Digest as _, Sha256};

pub(crate) struct Layer {
    tar: tar::Builder<Vec<u8>>,
}

impl Layer {
    pub(crate) fn new() -> Self {
        Self {
            tar: tar::Builder::new(Vec::new()),
        }
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.mode(path, content, 0o644)
    }

    pub(crate) fn mode(mut self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Self {
        let content = content.as_ref();
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        self.tar.append_data(&mut header, path, content).unwrap();
        self
    }

    pub(crate) fn folder(mut self, path: &str, mode: u32) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(mode);
        self.tar
            .append_data(&mut header, path, std::io::empty())
            .unwrap();
        self
    }

    pub(crate) fn link(mut self, kind: tar::EntryType, path: &str, target: &str) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o777);
        self.tar.append_link(&mut header, path, target).unwrap();
        self
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.link(tar::EntryType::Symlink, path, target)
    }
}

struct Blobs(BTreeMap<Digest, Vec<u8>>);

impl BlobSource for Blobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        match self.0.get(&descriptor.digest) {
            Some(bytes) => {
                let bytes = Cursor::new(bytes.clone());
                Ok(BlobContent::verified(bytes, descriptor, "memory"))
            }
            None => Err(ImageError::NotFound(descriptor.digest.to_string())),
        }
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest: digest(bytes),
        size: bytes.len() as u64,
        platform: None,
        artifact_type: None,
        annotations: Vec::new(),
        urls: Vec::new(),
    }
}

/// An image of these layers; one step of history each unless `config` has its own.
pub(crate) fn image(layers: Vec<Layer>, mut config: ImageConfig) -> Image {
    let tars: Vec<Vec<u8>> = layers
        .into_iter()
        .map(|layer| layer.tar.into_inner().unwrap())
        .collect();
    if config.history.is_empty() {
        config.history = (0..tars.len())
            .map(|index| HistoryEntry {
                created_by: Some(format!("STEP {index}")),
                ..HistoryEntry::default()
            })
            .collect();
    }
    let descriptors: Vec<Descriptor> = tars
        .iter()
        .map(|tar| descriptor("application/vnd.oci.image.layer.v1.tar", tar))
        .collect();
    let diff_ids = descriptors
        .iter()
        .map(|layer| layer.digest.clone())
        .collect();
    let blobs = descriptors
        .iter()
        .map(|layer| layer.digest.clone())
        .zip(tars)
        .collect();
    let raw: Arc<[u8]> = Arc::from(&b"{}"[..]);
    Image {
        name: "test".to_owned(),
        called: Called::default(),
        manifest: Manifest {
            descriptor: descriptor("application/vnd.oci.image.manifest.v1+json", &raw),
            raw: raw.clone(),
            config: descriptor("application/vnd.oci.image.config.v1+json", &raw),
            layers: descriptors,
            subject: None,
            annotations: Vec::new(),
        },
        config_raw: raw,
        config,
        chosen_from: Vec::new(),
        indexes: Vec::new(),
        diff_ids,
        blobs: Arc::new(Blobs(blobs)),
    }
}

pub(crate) fn look(layers: Vec<Layer>) -> Outcome {
    look_with(layers, ImageConfig::default())
}

pub(crate) fn look_with(layers: Vec<Layer>, config: ImageConfig) -> Outcome {
    inspect(&image(layers, config), &ScanOptions::default(), None).unwrap()
}
