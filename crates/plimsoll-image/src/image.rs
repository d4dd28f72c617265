//! The parsed image with its raw bytes.

use std::fmt;
use std::sync::Arc;

use plimsoll_model::{Digest, ImageConfig, Platform};

use crate::blob::read_blob;
use crate::config::parse_config;
use crate::manifest::{Document, parse_document};
use crate::{BlobSource, ImageError, media_type};

/// A pointer to content (OCI image-spec, descriptor.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type, OCI's or Docker's.
    pub media_type: String,
    /// Digest of the content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Platform, in an index.
    pub platform: Option<Platform>,
    /// Type of an artifact's content.
    pub artifact_type: Option<String>,
    /// Annotations, in order of their keys.
    pub annotations: Vec<(String, String)>,
    /// Where else the content is said to lie. Nothing is ever fetched from there.
    pub urls: Vec<String>,
}

impl Descriptor {
    /// A pointer that says no more than what it must.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            platform: None,
            artifact_type: None,
            annotations: Vec::new(),
            urls: Vec::new(),
        }
    }

    /// Whether it is an attestation that BuildKit put beside an image: such entries are for the
    /// platform `unknown/unknown`.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotation("vnd.docker.reference.type").is_some()
            || self.platform.as_ref().is_some_and(|platform| {
                platform.os == "unknown" && platform.architecture == "unknown"
            })
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// An image manifest, OCI's or Docker's (OCI image-spec, manifest.md).
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its own descriptor.
    pub descriptor: Descriptor,
    /// Its bytes as they were read: the digest is theirs.
    pub raw: Arc<[u8]>,
    /// The configuration blob.
    pub config: Descriptor,
    /// Layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What this manifest is attached to, for a referrer.
    pub subject: Option<Descriptor>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
}

/// One image for one platform, opened: manifest and configuration are read and verified, layers
/// are read on demand.
#[derive(Clone)]
pub struct Image {
    /// The name it was opened by, for people.
    pub name: String,
    /// Manifest.
    pub manifest: Manifest,
    /// Configuration blob as read.
    pub config_raw: Arc<[u8]>,
    /// Its parsed form.
    pub config: ImageConfig,
    /// Digests of the uncompressed layers, one a layer.
    pub diff_ids: Vec<Digest>,
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
        let same = |found: &str, wanted: &str| found.is_empty() || found == wanted;
        let variant = |platform: &Platform| match platform.variant.as_deref() {
            // arm64 means v8: nobody else makes the difference.
            Some("v8") if platform.architecture == "arm64" => None,
            variant => variant.map(str::to_owned),
        };
        let variants = match (variant(found), variant(platform)) {
            (Some(found), Some(wanted)) => found == wanted,
            _ => true,
        };
        if same(&found.os, &platform.os)
            && same(&found.architecture, &platform.architecture)
            && variants
        {
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
        // An index may point to an index; more than one step down is nobody's image.
        for _ in 0..3 {
            let raw = read_blob(&*blobs, &wanted, media_type::MANIFEST_LIMIT)?;
            match parse_document(raw, &wanted.media_type, name)? {
                Document::Manifest(manifest) => return Self::from_manifest(name, manifest, blobs),
                Document::Index(entries) => wanted = choose_platform(name, &entries, platform)?,
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
            manifest,
            config_raw,
            config,
            diff_ids,
            blobs,
        })
    }
}

/// The entry of an index that fits. Attestations that BuildKit puts beside images are passed over.
pub(crate) fn choose_platform(
    name: &str,
    entries: &[Descriptor],
    platform: Option<&Platform>,
) -> Result<Descriptor, ImageError> {
    let images: Vec<&Descriptor> = entries
        .iter()
        .filter(|entry| {
            !entry.is_attestation()
                && (entry.media_type.is_empty()
                    || media_type::is_manifest(&entry.media_type)
                    || media_type::is_index(&entry.media_type))
        })
        .collect();
    let host = Platform::host();
    let wanted = platform.unwrap_or(&host);
    let fits = |entry: &Descriptor, variant: Option<&str>| {
        entry.platform.as_ref().is_some_and(|found| {
            found.os == wanted.os
                && found.architecture == wanted.architecture
                && found.variant.as_deref() == variant
        })
    };
    let exact = wanted.variant.as_deref();
    // arm64 means v8 and the other way round: nobody else makes the difference.
    let implied = match (wanted.architecture.as_str(), exact) {
        ("arm64", None) => Some("v8"),
        ("arm64", Some("v8")) => None,
        _ => exact,
    };
    let found = images
        .iter()
        .find(|entry| fits(entry, exact))
        .or_else(|| images.iter().find(|entry| fits(entry, implied)))
        .or_else(|| {
            // Without a variant asked for, any of the architecture will do.
            images.iter().find(|entry| {
                exact.is_none()
                    && entry.platform.as_ref().is_some_and(|found| {
                        found.os == wanted.os && found.architecture == wanted.architecture
                    })
            })
        })
        .or_else(|| match images.as_slice() {
            [only] if only.platform.is_none() => Some(only),
            _ => None,
        });
    match found {
        Some(entry) => Ok((*entry).clone()),
        None => {
            let there: Vec<String> = images
                .iter()
                .map(|entry| {
                    entry
                        .platform
                        .as_ref()
                        .map_or("unknown".to_owned(), |found| {
                            found.to_string().escape_debug().to_string()
                        })
                })
                .collect();
            Err(ImageError::NotFound(format!(
                "{name}: holds no image for {wanted}; it has {}: choose one of them with `--platform`",
                if there.is_empty() {
                    "none".to_owned()
                } else {
                    there.join(", ")
                }
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(platform: &str, byte: u8) -> Descriptor {
        Descriptor {
            platform: Platform::parse(platform),
            ..Descriptor::new(media_type::OCI_MANIFEST, Digest::from_sha256([byte; 32]), 1)
        }
    }

    #[test]
    fn platforms_are_chosen_as_people_mean_them() {
        let entries = [
            entry("linux/amd64", 1),
            entry("linux/arm/v6", 2),
            entry("linux/arm/v7", 3),
            entry("linux/arm64/v8", 4),
            entry("unknown/unknown", 5),
        ];
        for (wanted, byte) in [
            ("linux/amd64", 1),
            ("linux/arm/v7", 3),
            ("linux/arm", 2),
            ("linux/arm64", 4),
            ("linux/arm64/v8", 4),
        ] {
            let found = choose_platform("x", &entries, Platform::parse(wanted).as_ref()).unwrap();
            assert_eq!(found.digest, Digest::from_sha256([byte; 32]), "{wanted}");
        }
        let error = choose_platform("x", &entries, Platform::parse("linux/s390x").as_ref());
        assert!(error.unwrap_err().to_string().contains("linux/arm/v6"));
    }
}
