//! Package URLs of images (purl-spec, type `oci`).

use packageurl::PackageUrl;
use plimsoll_model::{Digest, ImageName};

/// The package URL of the image called `name`, without the place it lies in, with this manifest.
pub(crate) fn oci_purl(name: &str, digest: &Digest, architecture: Option<&str>) -> String {
    let parsed = ImageName::parse(name).ok();
    let repository = parsed.as_ref().map(|parsed| {
        let mut plain = parsed.clone();
        plain.tag = None;
        plain.digest = None;
        plain.to_string()
    });
    let last = last_part(repository.as_deref().unwrap_or(name));
    let Ok(mut purl) = PackageUrl::new("oci", last) else {
        return format!("pkg:oci/image@{digest}");
    };
    let _ = purl.with_version(digest.as_str().to_owned());
    if let Some(architecture) = architecture {
        let _ = purl.add_qualifier("arch", architecture.to_owned());
    }
    // A bare name says nothing of where it lies; the default registry would be a guess.
    if let Some(repository) = repository.filter(|_| names_registry(name)) {
        let _ = purl.add_qualifier("repository_url", repository);
    }
    if let Some(tag) = parsed.and_then(|parsed| parsed.tag) {
        let _ = purl.add_qualifier("tag", tag);
    }
    purl.to_string()
}

fn names_registry(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost")
}

/// The last part of a path, as far as a package's name can hold it.
fn last_part(path: &str) -> String {
    let last = path
        .rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .unwrap_or("image");
    let name: String = last
        .split(['@', ':'])
        .next()
        .unwrap_or(last)
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                c
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "image".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_by_any_name() {
        let digest = Digest::from_sha256([7; 32]);
        let tail = &digest.to_string();
        for (name, before, after) in [
            ("ghcr.io/Acme/x", "pkg:oci/x@", ""),
            (
                "ghcr.io/acme/app:1.2",
                "pkg:oci/app@",
                "?repository_url=ghcr.io%2Facme%2Fapp&tag=1.2",
            ),
            ("demo:dev", "pkg:oci/demo@", "?tag=dev"),
            ("My Dir:latest", "pkg:oci/my-dir@", ""),
            ("", "pkg:oci/image@", ""),
        ] {
            assert_eq!(
                oci_purl(name, &digest, None),
                format!("{before}{tail}{after}")
            );
        }
    }
}
