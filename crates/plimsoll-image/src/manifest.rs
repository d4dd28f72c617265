//! Manifests and indexes, JSON to value and back (OCI image-spec, manifest.md, image-index.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::{Digest, Platform};
use serde::{Deserialize, Serialize};

use crate::blob::sha256;
use crate::media_type;
use crate::{Descriptor, ImageError};

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

/// What a manifest's bytes turned out to be.
pub(crate) enum Document {
    Manifest(Manifest),
    Index(Vec<Descriptor>),
}

/// Reads a manifest or an index.
///
/// What it is is told by its fields; a document that could be read as both is refused, since two
/// readers might then disagree on what the digest means.
pub(crate) fn parse_document(
    raw: Arc<[u8]>,
    media_type: &str,
    place: &str,
) -> Result<Document, ImageError> {
    let invalid = |problem: String| ImageError::invalid(place, problem);
    let wire: WireDocument = serde_json::from_slice(&raw)
        .map_err(|error| invalid(format!("broken manifest: {error}")))?;
    if wire.schema_version == Some(1) || wire.fs_layers.is_some() {
        let problem = "is a Docker schema 1 manifest, which no longer says what it holds: push it again with a current tool";
        return Err(invalid(problem.to_owned()));
    }
    let said = wire.media_type.as_deref().unwrap_or(media_type);
    match (wire.manifests, wire.config, wire.layers) {
        (Some(manifests), None, None) => {
            if media_type::is_manifest(said) {
                return Err(invalid(format!("is an index but calls itself {said}")));
            }
            let entries = manifests
                .into_iter()
                .map(Descriptor::try_from)
                .collect::<Result<_, _>>()
                .map_err(|problem| invalid(format!("broken index: {problem}")))?;
            Ok(Document::Index(entries))
        }
        (None, Some(config), layers) => {
            if media_type::is_index(said) {
                return Err(invalid(format!(
                    "is an image manifest but calls itself {said}"
                )));
            }
            let broken = |problem| invalid(format!("broken manifest: {problem}"));
            let descriptor = Descriptor {
                artifact_type: wire.artifact_type.filter(|kind| !kind.is_empty()),
                ..Descriptor::new(
                    if media_type::is_manifest(said) {
                        said
                    } else {
                        media_type::OCI_MANIFEST
                    },
                    sha256(&raw),
                    raw.len() as u64,
                )
            };
            Ok(Document::Manifest(Manifest {
                descriptor,
                config: config.try_into().map_err(broken)?,
                layers: layers
                    .unwrap_or_default()
                    .into_iter()
                    .map(Descriptor::try_from)
                    .collect::<Result<_, _>>()
                    .map_err(broken)?,
                subject: wire
                    .subject
                    .map(Descriptor::try_from)
                    .transpose()
                    .map_err(broken)?,
                annotations: wire.annotations.unwrap_or_default().into_iter().collect(),
                raw,
            }))
        }
        (Some(_), _, _) => Err(invalid(
            "is at once an index and an image manifest: refused".to_owned(),
        )),
        (None, None, _) => Err(invalid(format!(
            "is neither an image manifest nor an index (media type {})",
            said.escape_debug()
        ))),
    }
}

/// Writes an OCI image manifest. Equal input gives equal bytes.
pub fn manifest_json(
    config: &Descriptor,
    layers: &[Descriptor],
    subject: Option<&Descriptor>,
    artifact_type: Option<&str>,
    annotations: &[(String, String)],
) -> Vec<u8> {
    let wire = WireDocument {
        schema_version: Some(2),
        media_type: Some(media_type::OCI_MANIFEST.to_owned()),
        artifact_type: artifact_type.map(str::to_owned),
        config: Some(config.into()),
        layers: Some(layers.iter().map(WireDescriptor::from).collect()),
        subject: subject.map(WireDescriptor::from),
        annotations: sorted(annotations),
        ..WireDocument::default()
    };
    to_json(&wire)
}

/// Writes an OCI image index.
pub fn index_json(manifests: &[Descriptor]) -> Vec<u8> {
    to_json(&WireDocument {
        schema_version: Some(2),
        media_type: Some(media_type::OCI_INDEX.to_owned()),
        manifests: Some(manifests.iter().map(WireDescriptor::from).collect()),
        ..WireDocument::default()
    })
}

/// One descriptor as a JSON value, for an index whose other entries are kept as they are.
pub(crate) fn descriptor_value(descriptor: &Descriptor) -> serde_json::Value {
    serde_json::to_value(WireDescriptor::from(descriptor)).unwrap_or_default()
}

fn to_json(wire: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(wire).expect("strings, numbers and lists always serialise")
}

fn sorted(annotations: &[(String, String)]) -> Option<BTreeMap<String, String>> {
    (!annotations.is_empty()).then(|| annotations.iter().cloned().collect())
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<WireDescriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<WireDescriptor>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifests: Option<Vec<WireDescriptor>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<WireDescriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<WirePlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
struct WirePlatform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
}

impl TryFrom<WireDescriptor> for Descriptor {
    type Error = String;

    fn try_from(wire: WireDescriptor) -> Result<Self, String> {
        Ok(Self {
            digest: Digest::parse(&wire.digest).map_err(|error| error.to_string())?,
            media_type: wire.media_type,
            size: wire.size,
            platform: wire.platform.map(|platform| Platform {
                os: platform.os,
                architecture: platform.architecture,
                variant: platform.variant.filter(|variant| !variant.is_empty()),
            }),
            artifact_type: wire.artifact_type.filter(|kind| !kind.is_empty()),
            annotations: wire.annotations.unwrap_or_default().into_iter().collect(),
            urls: wire.urls.unwrap_or_default(),
        })
    }
}

impl From<&Descriptor> for WireDescriptor {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            media_type: descriptor.media_type.clone(),
            digest: descriptor.digest.to_string(),
            size: descriptor.size,
            annotations: sorted(&descriptor.annotations),
            platform: descriptor.platform.as_ref().map(|platform| WirePlatform {
                architecture: platform.architecture.clone(),
                os: platform.os.clone(),
                variant: platform.variant.clone(),
            }),
            artifact_type: descriptor.artifact_type.clone(),
            urls: (!descriptor.urls.is_empty()).then(|| descriptor.urls.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn descriptor(media_type: &str) -> Descriptor {
        Descriptor::new(media_type, sha256(b"x"), 1)
    }

    fn parse(raw: &[u8]) -> Result<Document, ImageError> {
        parse_document(raw.into(), media_type::OCI_MANIFEST, "x")
    }

    #[test]
    fn a_manifest_is_read_back() {
        let subject = descriptor(media_type::OCI_MANIFEST);
        let raw = manifest_json(
            &descriptor(media_type::OCI_CONFIG),
            &[descriptor(media_type::OCI_LAYER_GZIP)],
            Some(&subject),
            Some("application/x"),
            &[
                ("b".to_owned(), "2".to_owned()),
                ("a".to_owned(), "1".to_owned()),
            ],
        );
        let Document::Manifest(manifest) = parse(&raw).unwrap() else {
            panic!("a manifest")
        };
        assert_eq!(manifest.descriptor.digest, sha256(&raw));
        assert_eq!(
            manifest.descriptor.artifact_type.as_deref(),
            Some("application/x")
        );
        assert_eq!(manifest.subject, Some(subject));
        assert_eq!(manifest.annotations[0].0, "a");
    }

    #[test]
    fn a_document_that_is_two_things_is_refused() {
        for (raw, word) in [
            (r#"{"manifests":[],"layers":[]}"#, "at once"),
            (
                r#"{"manifests":[],"config":{"digest":"x","size":1}}"#,
                "at once",
            ),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, "schema 1"),
            (
                r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
                "calls itself",
            ),
            ("{}", "neither"),
            ("null", "broken"),
            (
                r#"{"config":{"digest":"sha256:../../etc","size":1}}"#,
                "not a digest",
            ),
            (r#"{"config":{"digest":"sha256:","size":-1}}"#, "broken"),
            (r#"{"config":null,"layers":[],"layers":[]}"#, "duplicate"),
        ] {
            let Err(error) = parse(raw.as_bytes()) else {
                panic!("{raw}")
            };
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&raw);
        }
    }
}
