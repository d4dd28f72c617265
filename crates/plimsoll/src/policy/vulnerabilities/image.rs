//! What an image goes by, for statements on it.

use std::collections::HashMap;

use plimsoll_model::{BillSummary, Digest, ImageName, ImageSummary};

use super::purl::Purl;

/// An image as others name it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageIdentity {
    /// As it was asked for.
    asked_for: String,
    name: Option<ImageName>,
    digest: String,
    /// Digests of indexes that it is part of.
    also: Vec<String>,
    architecture: Option<String>,
    /// What bills of materials of it call its packages.
    bills: Vec<BillReferences>,
}

impl ImageIdentity {
    /// One that nobody knows anything of.
    pub(crate) const UNKNOWN: Self = Self {
        asked_for: String::new(),
        name: None,
        digest: String::new(),
        also: Vec::new(),
        architecture: None,
        bills: Vec::new(),
    };
}

/// What a bill of materials calls packages: the other half of BOM-Links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BillReferences {
    serial: String,
    positions: HashMap<String, usize>,
}

impl BillReferences {
    /// Of the bill with a serial number, a UUID: its references, and the positions of their packages in
    /// the inventory.
    pub(crate) fn new(serial: &str, references: impl IntoIterator<Item = (String, usize)>) -> Self {
        let mut positions = HashMap::new();
        for (reference, position) in references {
            positions.entry(reference).or_insert(position);
        }
        Self {
            serial: serial.to_ascii_lowercase(),
            positions,
        }
    }
}

impl ImageIdentity {
    /// The image of a report.
    pub(crate) fn of(image: &ImageSummary) -> Self {
        let name = image.called.names.first();
        Self {
            name: name.filter(|_| !image.called.is_made_up).cloned(),
            asked_for: image.name.clone(),
            digest: image.digest.to_string(),
            also: Vec::new(),
            bills: Vec::new(),
            architecture: image
                .config
                .platform
                .as_ref()
                .map(|platform| platform.architecture.clone()),
        }
    }

    /// The image that a bill of materials is of, where it is of one. What may be something else, such
    /// as a file, goes by its digest alone: it may be called as an image is.
    pub(crate) fn of_bill(bill: &BillSummary) -> Self {
        let digest = bill.digest.as_ref();
        let digest = digest.map_or_else(String::new, ToString::to_string);
        if !bill.is_image {
            return Self {
                digest,
                ..Self::default()
            };
        }
        Self {
            name: name_of(&bill.subject),
            asked_for: bill.subject.clone(),
            digest,
            also: Vec::new(),
            bills: Vec::new(),
            architecture: bill.architecture.clone(),
        }
    }

    /// The same, also by the digests of indexes that it was chosen from.
    pub(crate) fn known_as(mut self, digests: &[Digest]) -> Self {
        self.also = digests.iter().map(ToString::to_string).collect();
        self
    }

    /// The same, also told of by bills of materials.
    pub(crate) fn told_by(mut self, bills: Vec<BillReferences>) -> Self {
        self.bills = bills;
        self
    }

    /// Whether a bill of materials of this serial number tells of it.
    pub(super) fn is_told_by(&self, serial: &str) -> bool {
        self.bills.iter().any(|bill| bill.serial == serial)
    }

    /// The position of the package that a bill of materials calls so.
    pub(super) fn position_of(&self, serial: &str, reference: &str) -> Option<usize> {
        let mut bills = self.bills.iter().filter(|bill| bill.serial == serial);
        bills.find_map(|bill| bill.positions.get(reference).copied())
    }

    fn is_digest(&self, text: &str) -> bool {
        !text.is_empty() && (text == self.digest || self.also.iter().any(|also| also == text))
    }

    /// Whether another name than a package URL means it.
    pub(super) fn goes_by(&self, name: &str) -> bool {
        if self.is_digest(name) || (!name.is_empty() && name == self.asked_for) {
            return true;
        }
        let (Some(own), Some(other)) = (&self.name, ImageName::parse(name).ok()) else {
            return false;
        };
        own.registry == other.registry
            && own.repository == other.repository
            && match (&other.digest, &other.tag) {
                (Some(digest), _) => self.is_digest(digest.as_str()),
                (None, Some(tag)) => own.tag.as_ref() == Some(tag),
                (None, None) => true,
            }
    }

    /// Whether this is the SHA-256 of its manifest.
    pub(super) fn has_digest(&self, hexadecimal: &str) -> bool {
        self.is_digest(&format!("sha256:{}", hexadecimal.to_ascii_lowercase()))
    }

    /// Whether a statement that is about what has this SHA-256 is about it: its manifest, or an index that
    /// it was chosen from.
    pub(super) fn is_subject(&self, hexadecimal: &str) -> bool {
        let asked_for = self.name.as_ref().and_then(|name| name.digest.as_ref());
        let asked_for = asked_for.and_then(|digest| digest.as_str().strip_prefix("sha256:"));
        self.has_digest(hexadecimal)
            || asked_for.is_some_and(|asked_for| asked_for.eq_ignore_ascii_case(hexadecimal))
    }

    /// Whether a package URL of the types `oci` or `docker` means it. A digest says exactly which;
    /// without one the name must be the same, and all else that is given.
    pub(super) fn is_asked_for_by(&self, purl: &Purl) -> bool {
        let docker = purl.kind() == "docker";
        if !docker && purl.kind() != "oci" {
            return false;
        }
        let wanted = purl.qualifier("arch");
        let own = self.architecture.as_deref();
        if let Some(version) = purl.version().filter(|version| version.contains(':')) {
            // A bill of materials need not tell it.
            let is_other = own.is_some() && wanted.is_some() && own != wanted;
            return !is_other && self.is_digest(version);
        }
        let architecture = wanted.is_none() || own == wanted;
        let Some(own) = &self.name else {
            return false;
        };
        let (namespace, last) = match own.repository.rsplit_once('/') {
            Some((namespace, last)) => (Some(namespace), last),
            None => (None, own.repository.as_str()),
        };
        // Only the older type has a namespace, and a tag for a version.
        let (_, wanted, _) = purl.family();
        let named = last == purl.name()
            && (!docker || wanted.is_none_or(|wanted| Some(wanted) == namespace));
        let tag = purl.qualifier("tag").or(purl.version());
        let repository = format!("{}/{}", own.registry, own.repository);
        let place = purl.qualifier("repository_url").is_none_or(|url| {
            let url = url.trim_start_matches("https://").trim_end_matches('/');
            let url = url.replacen("index.docker.io", "docker.io", 1);
            url == repository
                || repository
                    .strip_prefix(&url)
                    .is_some_and(|rest| rest.strip_prefix('/') == Some(last))
        });
        named && architecture && place && tag.is_none_or(|tag| own.tag.as_deref() == Some(tag))
    }
}

/// The name of the image that a bill of materials says it is of: one in a registry or an engine; files
/// have none.
fn name_of(text: &str) -> Option<ImageName> {
    const FILES: [&str; 8] = [
        "oci:",
        "oci-archive:",
        "oci-dir:",
        "oci-layout:",
        "docker-archive:",
        "rootfs:",
        "dir:",
        "containers-storage:",
    ];
    if FILES.iter().any(|prefix| text.starts_with(prefix)) {
        return None;
    }
    let engines = ["docker:", "podman:"];
    let name = plimsoll_image::behind_registry_prefix(text)
        .or_else(|| engines.iter().find_map(|prefix| text.strip_prefix(prefix)))
        .unwrap_or(text);
    ImageName::parse(name).ok()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Digest, Platform};

    use super::*;
    use crate::policy::vulnerabilities::testing;

    #[test]
    fn a_bill_of_an_image_goes_by_that_image() {
        let mut bill = BillSummary {
            name: "app.cdx.json".to_owned(),
            format: "CycloneDX 1.6".to_owned(),
            subject: "ghcr.io/acme/app:1.2".to_owned(),
            digest: Some(Digest::from_sha256([7; 32])),
            is_image: true,
            architecture: Some("amd64".to_owned()),
            unidentified: 0,
        };
        let by_name = Purl::parse("pkg:oci/app?repository_url=ghcr.io/acme/app").unwrap();
        let exact = format!("pkg:oci/x@{}", Digest::from_sha256([7; 32]));
        let exact = Purl::parse(&exact).unwrap();
        let image = ImageIdentity::of_bill(&bill);
        assert!(image.is_asked_for_by(&by_name) && image.is_asked_for_by(&exact));
        let of = |architecture: &str| {
            let digest = Digest::from_sha256([7; 32]);
            Purl::parse(&format!("pkg:oci/x@{digest}?arch={architecture}")).unwrap()
        };
        assert!(image.is_asked_for_by(&of("amd64")) && !image.is_asked_for_by(&of("arm64")));
        // A digest says exactly which, whether the bill tells for which processor or not.
        bill.architecture = None;
        let image = ImageIdentity::of_bill(&bill);
        assert!(image.is_asked_for_by(&of("arm64")));
        // Without one an image goes by its name.
        bill.digest = None;
        let image = ImageIdentity::of_bill(&bill);
        assert!(image.is_asked_for_by(&by_name) && !image.is_asked_for_by(&exact));
        assert!(image.goes_by("ghcr.io/acme/app:1.2") && !image.goes_by(""));
        // What may be of anything is of no image.
        bill.is_image = false;
        let image = ImageIdentity::of_bill(&bill);
        assert!(!image.is_asked_for_by(&by_name) && !image.is_asked_for_by(&exact));
        assert!(!image.goes_by(""));
        // It has no name, and its digest is its digest.
        bill.digest = Some(Digest::from_sha256([7; 32]));
        let file = ImageIdentity::of_bill(&bill);
        assert!(!file.is_asked_for_by(&by_name) && file.is_asked_for_by(&exact));
        assert!(!file.goes_by("ghcr.io/acme/app:1.2"));
    }

    #[test]
    fn images_by_what_others_call_them() {
        let digest = Digest::from_sha256([7; 32]);
        let image = |name: &str| {
            let mut summary = testing::image(name, digest.clone());
            summary.config.platform = Platform::parse("linux/amd64");
            ImageIdentity::of(&summary)
        };
        let app = image("ghcr.io/acme/app:1.2");
        let exact = format!("pkg:oci/anything@{digest}");
        for (purl, means) in [
            (exact.as_str(), true),
            ("pkg:oci/app", true),
            ("pkg:oci/app?tag=1.2&arch=amd64", true),
            ("pkg:oci/app?repository_url=ghcr.io%2Facme%2Fapp", true),
            ("pkg:oci/app?repository_url=ghcr.io/acme", true),
            ("pkg:docker/acme/app@1.2", true),
            ("pkg:oci/app?tag=1.3", false),
            ("pkg:oci/app?arch=arm64", false),
            ("pkg:oci/app?repository_url=ghcr.io/other/app", false),
            ("pkg:docker/other/app", false),
            ("pkg:oci/ap", false),
            (
                "pkg:oci/app@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                false,
            ),
            ("pkg:deb/debian/app", false),
        ] {
            let purl = Purl::parse(purl).expect(purl);
            assert_eq!(app.is_asked_for_by(&purl), means, "{purl:?}");
        }
        for (name, means) in [
            ("ghcr.io/acme/app:1.2", true),
            ("ghcr.io/acme/app", true),
            ("ghcr.io/acme/app:1.3", false),
            ("app", false),
            (digest.as_str(), true),
        ] {
            assert_eq!(app.goes_by(name), means, "{name}");
        }
        let hub = image("debian:12");
        let takes = |purl: &str| Purl::parse(purl).is_some_and(|one| hub.is_asked_for_by(&one));
        assert!(takes(
            "pkg:oci/debian?repository_url=index.docker.io/library/debian"
        ));
        assert!(takes("pkg:docker/library/debian@12"));
        assert!(takes("pkg:docker/debian@12"));
        let mut file = testing::image("debian", digest.clone());
        file.called.names.clear();
        // An archive that is called `debian.tar` is not Docker Hub's image.
        let mut shipped = testing::image("debian:12", digest.clone());
        shipped.called.is_made_up = true;
        for one in [file, shipped] {
            let one = ImageIdentity::of(&one);
            for name in ["pkg:oci/debian", "pkg:docker/library/debian@12"] {
                assert!(!one.is_asked_for_by(&Purl::parse(name).unwrap()), "{name}");
            }
            assert!(one.is_asked_for_by(&Purl::parse(&exact).unwrap()));
        }
    }
}
