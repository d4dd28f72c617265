//! What the registry holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::Digest;
use serde_json::{Value, json};

use super::RecordedRequest;
use super::auth::{Access, Tokens};
use super::faults::Fault;

/// A manifest or an index as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// The digest it is stored under.
    pub digest: Digest,
    /// The media type it was sent with.
    pub media_type: String,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
}

impl StoredManifest {
    /// The manifest as JSON, `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) blobs: BTreeMap<Digest, Arc<[u8]>>,
    pub(super) manifests: BTreeMap<Digest, StoredManifest>,
    pub(super) tags: BTreeMap<String, Digest>,
}

/// An upload that was begun and not finished.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) repository: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) repositories: BTreeMap<String, Repository>,
    pub(super) uploads: BTreeMap<u64, Upload>,
    pub(super) next_upload: u64,
    pub(super) access: Access,
    pub(super) tokens: Tokens,
    pub(super) faults: Vec<Fault>,
    pub(super) requests: Vec<RecordedRequest>,
    /// How many requests came before the first of `requests`.
    pub(super) forgotten_requests: usize,
    pub(super) without_referrers: bool,
    pub(super) without_mount: bool,
    pub(super) absolute_locations: bool,
}

impl Repository {
    /// The manifest that a tag or a digest names.
    pub(super) fn manifest(&self, reference: &str) -> Option<&StoredManifest> {
        let digest = match Digest::parse(reference) {
            Ok(digest) => digest,
            Err(_) => self.tags.get(reference)?.clone(),
        };
        self.manifests.get(&digest)
    }

    pub(super) fn store_manifest(&mut self, tag: Option<&str>, manifest: StoredManifest) {
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), manifest.digest.clone());
        }
        self.manifests.insert(manifest.digest.clone(), manifest);
    }

    /// What a manifest names and this repository does not hold.
    pub(super) fn missing(&self, manifest: &Value) -> Option<String> {
        let digest = |descriptor: &Value| Some(descriptor.get("digest")?.as_str()?.to_owned());
        let list = |name: &str| manifest.get(name).and_then(Value::as_array);
        let blobs = manifest
            .get("config")
            .into_iter()
            // A layer with `urls` may live elsewhere.
            .chain(
                list("layers")
                    .into_iter()
                    .flatten()
                    .filter(|layer| layer.get("urls").is_none()),
            )
            .filter_map(digest)
            .find(|digest| {
                Digest::parse(digest).map_or(true, |digest| !self.blobs.contains_key(&digest))
            });
        let manifests = list("manifests")
            .into_iter()
            .flatten()
            .filter_map(digest)
            .find(|digest| self.manifest(digest).is_none());
        blobs.or(manifests)
    }

    /// The index of what points at this digest (distribution specification, "Listing Referrers").
    pub(super) fn referrers(&self, subject: &str, artifact_type: Option<&str>) -> Value {
        let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let mut descriptors = Vec::new();
        for manifest in self.manifests.values() {
            let object = manifest.json();
            let points_at = object.get("subject").and_then(|to| text(to, "digest"));
            if points_at.as_deref() != Some(subject) {
                continue;
            }
            let kind = text(&object, "artifactType")
                .or_else(|| text(object.get("config")?, "mediaType"))
                .unwrap_or_default();
            if artifact_type.is_some_and(|wanted| wanted != kind) {
                continue;
            }
            let mut descriptor = json!({
                "mediaType": manifest.media_type,
                "digest": manifest.digest.as_str(),
                "size": manifest.bytes.len(),
                "artifactType": kind,
            });
            if let Some(annotations) = object.get("annotations") {
                descriptor["annotations"] = annotations.clone();
            }
            descriptors.push(descriptor);
        }
        json!({
            "schemaVersion": 2,
            "mediaType": super::INDEX,
            "manifests": descriptors,
        })
    }
}
