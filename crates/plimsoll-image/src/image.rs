//! The parsed image with its raw bytes.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use plimsoll_model::{Called, Digest, ImageConfig, Platform};

use crate::blob::read_blob;
use crate::config::parse_config;
use crate::manifest::{Document, Manifest, parse_document};
use crate::platform::{choose, images_of, images_told, serves};
use crate::{BlobSource, Descriptor, ImageError, media_type};

/// One image for one platform, opened: manifest and configuration are read and verified, layers
/// are read on demand.
#[derive(Clone)]
pub struct Image {
    /// The name it was opened by, for people.
    pub name: String,
    /// What it is called; [`find`](crate::find) says so, who opens a place knows no more than that.
    pub called: Called,
    /// Manifest.
    pub manifest: Manifest,
    /// Configuration blob as read.
    pub config_raw: Arc<[u8]>,
    /// Its parsed form.
    pub config: ImageConfig,
    /// Digests of the uncompressed layers, one a layer.
    pub diff_ids: Vec<Digest>,
    /// What it was chosen from, where that was an index or several entries of a layout: all images
    /// there, itself among them.
    pub chosen_from: Vec<Descriptor>,
    /// Digests of the indexes on the way to it, the outermost first.
    pub indexes: Vec<Digest>,
    /// Where blobs come from.
    pub blobs: Arc<dyn BlobSource>,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("name", &self.name)
            .field("digest", self.digest())
            .field("layers", &self.manifest.layers.len())
            .finish_non_exhaustive()
    }
}

impl Image {
    /// The digest that names this image: its manifest's.
    pub fn digest(&self) -> &Digest {
        &self.manifest.descriptor.digest
    }

    /// The digests that it goes by where it lies: its own, and those of the indexes on the way to it.
    pub fn known_digests(&self) -> Vec<Digest> {
        let mut known = vec![self.digest().clone()];
        for index in &self.indexes {
            if !known.contains(index) {
                known.push(index.clone());
            }
        }
        known
    }

    /// The images that it was chosen from, for people: the platform of each, or its digest where none
    /// is stated. What may be an image or something about one is looked at.
    ///
    /// # Errors
    /// Whatever the blobs give.
    pub fn told_chosen_from(&self) -> Result<Vec<String>, ImageError> {
        images_told(&self.name, &self.chosen_from, &*self.blobs)
    }

    /// The same, chosen from `entries` before: one of them led to it.
    pub(crate) fn chosen_among(mut self, entries: &[Descriptor], chosen: &Digest) -> Self {
        let below = std::mem::take(&mut self.chosen_from);
        self.chosen_from = chosen_one_step(images_of(entries), chosen, below);
        self
    }

    /// Holds what layer `index` unpacked to against what the configuration says.
    pub(crate) fn verify_layer(
        &self,
        index: usize,
        found: &Digest,
        place: &str,
    ) -> Result<(), ImageError> {
        if self.blobs.is_made_up() {
            return Ok(());
        }
        match self.diff_ids.get(index) {
            Some(expected) if expected == found => Ok(()),
            Some(expected) => Err(ImageError::invalid(
                place,
                format!("unpacks to {found}, the configuration says {expected}"),
            )),
            None => Err(ImageError::invalid(
                place,
                "the configuration does not list it",
            )),
        }
    }

    /// Whether it is an image for `platform`, for sources that hold no index to choose from. A part
    /// that the configuration leaves open fits.
    ///
    /// # Errors
    /// It is for another; the message says for which.
    pub fn require_platform(&self, platform: &Platform) -> Result<(), ImageError> {
        let Some(found) = self.config.platform.as_ref() else {
            return Ok(());
        };
        if serves(found, platform) {
            return Ok(());
        }
        Err(ImageError::NotFound(format!(
            "{}: holds no image for {platform}; it has {}",
            self.name,
            found.to_string().escape_debug()
        )))
    }

    /// Opens what `root` points to: an image manifest, or an index out of which the entry for
    /// `platform` (the host's where `None`) is taken.
    ///
    /// # Errors
    /// A broken or foreign document, no such platform, or whatever `blobs` gives.
    pub fn from_descriptor(
        name: &str,
        root: &Descriptor,
        platform: Option<&Platform>,
        blobs: Arc<dyn BlobSource>,
    ) -> Result<Self, ImageError> {
        let mut wanted = root.clone();
        let mut chosen_from: Vec<Descriptor> = Vec::new();
        let mut indexes = Vec::new();
        // An index may point to an index; more than one step down is nobody's image.
        for _ in 0..3 {
            let raw = read_blob(&*blobs, &wanted, media_type::MANIFEST_LIMIT)?;
            match parse_document(raw, &wanted.media_type, name)? {
                Document::Manifest(manifest) => {
                    let image = Self::from_manifest(name, manifest, blobs)?;
                    return Ok(Self {
                        chosen_from,
                        indexes,
                        ..image
                    });
                }
                Document::Index(entries) => {
                    let below = images_of(&entries);
                    chosen_from = chosen_one_step(chosen_from, &wanted.digest, below);
                    indexes.push(wanted.digest.clone());
                    wanted = choose(name, &entries, platform, &*blobs)?;
                }
            }
        }
        Err(ImageError::invalid(name, "its indexes are nested too deep"))
    }

    /// Reads the configuration that `manifest` points to.
    pub(crate) fn from_manifest(
        name: &str,
        manifest: Manifest,
        blobs: Arc<dyn BlobSource>,
    ) -> Result<Self, ImageError> {
        if !media_type::is_config(&manifest.config.media_type) {
            let kind = manifest
                .descriptor
                .artifact_type
                .as_ref()
                .unwrap_or(&manifest.config.media_type);
            return Err(ImageError::Usage(format!(
                "{name}: is not an image but an artifact of type {}",
                kind.escape_debug()
            )));
        }
        let config_raw = read_blob(&*blobs, &manifest.config, media_type::CONFIG_LIMIT)?;
        let (config, diff_ids) = parse_config(&config_raw, name)?;
        if diff_ids.len() != manifest.layers.len() {
            let problem = format!(
                "the manifest lists {} layers, the configuration {}",
                manifest.layers.len(),
                diff_ids.len()
            );
            return Err(ImageError::invalid(name, problem));
        }
        Ok(Self {
            name: name.to_owned(),
            called: Called::default(),
            manifest,
            config_raw,
            config,
            diff_ids,
            chosen_from: Vec::new(),
            indexes: Vec::new(),
            blobs,
        })
    }
}

/// What there was to choose from, once of `all` the `chosen` one turned out to stand for those `below`
/// it.
fn chosen_one_step(
    mut all: Vec<Descriptor>,
    chosen: &Digest,
    below: Vec<Descriptor>,
) -> Vec<Descriptor> {
    if below.is_empty() {
        return all;
    }
    all.retain(|one| one.digest != *chosen);
    all.extend(below);
    let mut seen = HashSet::new();
    all.retain(|one| seen.insert(one.digest.clone()));
    all
}
