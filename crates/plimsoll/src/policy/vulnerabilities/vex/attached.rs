//! OpenVEX documents that are attached to an image where it lies: in a registry or an OCI layout, by
//! themselves, as in-toto statements, in signed envelopes (cosign's `attest`) or bundles of Sigstore.
//!
//! Whoever may write to the repository may attach one. Their signatures are not verified here, which
//! stands wherever one of them sets something aside, and they are taken only where that is asked for.

use plimsoll_image::{Descriptor, Image};
use plimsoll_model::{Skipped, Topic};

use super::{Statement, Vex, parse_attached};

/// Parts of the types of what may hold one.
const TYPES: [&str; 5] = ["vex", "in-toto", "dsse", "sigstore.bundle", "json"];
/// Annotations by which tools say what a statement is.
const PREDICATES: [&str; 3] = [
    "predicateType",
    "in-toto.io/predicate-type",
    "dev.sigstore.bundle.predicateType",
];

/// What is attached to one image.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// What the documents say.
    pub(crate) statements: Vec<Statement>,
    /// What cannot be used.
    pub(crate) dropped: Vec<Skipped>,
}

impl Attached {
    /// Reads what is attached to `image`. What cannot be had sets nothing aside, and is told.
    pub(crate) fn to(image: &Image) -> Self {
        let found = match plimsoll_image::attached(image, &is_wanted) {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Self::without("the image lies in no registry and no OCI layout");
            }
            Err(error) => return Self::without(&error.to_string()),
        };
        let mut attached = Self {
            dropped: found.skipped,
            ..Self::default()
        };
        for document in found.documents {
            let digest = document.digest.as_str().get(..19).unwrap_or_default();
            let name = format!("{digest}, attached, signature not verified");
            match parse_attached(&document.bytes, &name) {
                Ok(Some(Vex {
                    statements,
                    dropped,
                })) => {
                    attached.statements.extend(statements);
                    attached.dropped.extend(dropped);
                }
                // Other papers are attached in the same way.
                Ok(None) => {}
                Err(failure) => attached.dropped.push(Skipped::new(
                    Topic::Policy,
                    format!("VEX document {}", document.digest),
                    failure.to_string(),
                )),
            }
        }
        attached
    }

    /// Of an image that nothing can be attached to.
    pub(crate) fn without(why: &str) -> Self {
        Self {
            dropped: vec![Skipped::new(Topic::Policy, "attached VEX documents", why)],
            ..Self::default()
        }
    }
}

/// Whether it may be or hold such a document, by what is said of it.
fn is_wanted(descriptor: &Descriptor) -> bool {
    let said = PREDICATES.iter().find_map(|key| descriptor.annotation(key));
    if let Some(predicate) = said {
        return predicate.starts_with(super::OPENVEX);
    }
    // A manifest that says no more is looked into.
    let kind = match &descriptor.artifact_type {
        Some(kind) => kind,
        None if descriptor.media_type.contains("manifest") => return true,
        None => &descriptor.media_type,
    };
    TYPES.iter().any(|part| kind.contains(part))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Digest;

    use super::*;

    #[test]
    fn what_may_hold_one_is_told_by_its_type() {
        let digest = Digest::from_sha256([1; 32]);
        let of = |media_type: &str, artifact: Option<&str>, predicate: Option<&str>| {
            let annotations = predicate.map(|one| ("predicateType".to_owned(), one.to_owned()));
            is_wanted(&Descriptor {
                artifact_type: artifact.map(str::to_owned),
                annotations: annotations.into_iter().collect(),
                ..Descriptor::new(media_type, digest.clone(), 1)
            })
        };
        let manifest = plimsoll_image::media_type::OCI_MANIFEST;
        let envelope = "application/vnd.dsse.envelope.v1+json";
        for (wanted, is) in [
            (of(manifest, None, None), true),
            (of(manifest, Some("application/vnd.openvex"), None), true),
            (
                of(manifest, Some("application/vnd.in-toto+json"), None),
                true,
            ),
            (
                of(
                    manifest,
                    Some("application/vnd.in-toto+json"),
                    Some("https://slsa.dev/x"),
                ),
                false,
            ),
            (of(manifest, Some("application/x-helm"), None), false),
            (of(envelope, None, None), true),
            (of(envelope, None, Some("https://openvex.dev/ns")), true),
            (of(envelope, None, Some("https://cyclonedx.org/bom")), false),
            (
                of("application/vnd.oci.image.layer.v1.tar", None, None),
                false,
            ),
        ] {
            assert_eq!(wanted, is);
        }
    }
}
