//! The image that a document is about: every tool writes its digest to another place.

use plimsoll_model::Digest;

use super::{BillOfMaterials, package};

/// What a document says of its subject.
pub(super) struct Subject<'t> {
    /// Whether it calls it a container.
    pub(super) is_container: bool,
    /// Its version: syft writes the digest there.
    pub(super) version: &'t str,
    /// Its package URLs: that of an image has the digest for a version.
    pub(super) purls: Vec<&'t str>,
    /// `registry/name@digest`, by which Trivy knows it.
    pub(super) in_registries: Vec<&'t str>,
}

impl Subject<'_> {
    /// Tells a bill which image it is about, as far as the subject is one.
    pub(super) fn tell(&self, bill: &mut BillOfMaterials) {
        let purls: Vec<(Option<Digest>, Option<String>)> =
            self.purls.iter().filter_map(|purl| image(purl)).collect();
        let version = Digest::parse(self.version).ok();
        let is_image = self.is_container || !purls.is_empty();
        let by_purl = || purls.iter().find_map(|(digest, _)| digest.clone());
        let in_registry = || {
            let names = self.in_registries.iter();
            let mut digests = names.filter_map(|name| name.rsplit_once('@'));
            digests.find_map(|(_, digest)| Digest::parse(digest).ok())
        };
        bill.digest = match is_image {
            true => version.or_else(by_purl).or_else(in_registry),
            false => version,
        };
        bill.is_image = is_image;
        bill.architecture = purls.into_iter().find_map(|(_, architecture)| architecture);
    }
}

/// Whether a name is the package URL of an image, as BuildKit's statements name theirs.
pub(super) fn is_image(name: &str) -> bool {
    image(name).is_some()
}

/// Digest and processor as the package URL of an image tells them.
fn image(purl: &str) -> Option<(Option<Digest>, Option<String>)> {
    let purl = package::parsed(package::within_reason(purl))?;
    let is_image = matches!(purl.ty(), "oci" | "docker");
    is_image.then(|| {
        let version = purl.version().unwrap_or_default();
        let architecture = purl.qualifiers().get("arch").map(ToString::to_string);
        (
            Digest::parse(version).ok(),
            architecture.filter(|word| !word.is_empty()),
        )
    })
}
