//! Components of Bitnami's images: the SPDX documents beside what each unpacks,
//! `opt/bitnami/NAME/.spdx-NAME.spdx`.

use plimsoll_model::{Evidence, PackageKind};
use serde::Deserialize;

use super::json::List;
use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.starts_with(".spdx-")
        && candidate.name.ends_with(".spdx")
        && candidate.path.starts_with("opt/bitnami/")
}

#[derive(Deserialize)]
struct Spdx {
    #[serde(default)]
    packages: List<SpdxPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    version_info: Option<String>,
    license_declared: Option<String>,
    license_concluded: Option<String>,
    #[serde(default)]
    external_refs: List<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let spdx: Spdx = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no SPDX document: {error}"))?;
    let mut packages = Vec::new();
    for own in spdx.packages.0 {
        // What else it holds is seen by itself, where it is really there.
        let Some(purl) = own.external_refs.0.iter().find_map(|reference| {
            (reference.reference_type == "purl")
                .then(|| reference.reference_locator.strip_prefix("pkg:bitnami/"))?
        }) else {
            continue;
        };
        let (path, query) = purl.split_once('?').unwrap_or((purl, ""));
        let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
        let version = own.version_info.as_deref().unwrap_or(version);
        let mut package = Proven::new(
            PackageKind::Bitnami,
            Some(name),
            Some(version),
            Evidence::Metadata,
        )?;
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if matches!(key, "arch" | "distro") {
                package
                    .qualifiers
                    .push((key.to_owned(), super::word(key, Some(value))?));
            }
        }
        package.license = [own.license_declared, own.license_concluded]
            .into_iter()
            .flatten()
            .find(|license| !matches!(license.as_str(), "" | "NOASSERTION" | "NONE"));
        packages.push(package);
    }
    Ok(Document::Packages(packages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_packages() {
        let path = "opt/bitnami/redis/.spdx-redis.spdx";
        assert!(claims(&Candidate::named(path)));
        let text = br#"{"packages":[{"name":"redis","versionInfo":"7.2.4-0","licenseDeclared":"BSD-3-Clause",
            "externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12"}]},
            {"name":"x","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/x@1"}]},{"name":"y"}]}"#;
        let Ok(Document::Packages(packages)) = read(path, text) else {
            panic!("no packages")
        };
        assert_eq!(packages.len(), 1);
        assert_eq!(
            (packages[0].name.as_str(), packages[0].version.as_str()),
            ("redis", "7.2.4-0")
        );
        assert_eq!(packages[0].qualifiers.len(), 2);
        assert!(read(path, b"{").is_err());
        let many = format!(r#"{{"packages":[{}{{}}]}}"#, "{},".repeat(2_000_000));
        let why = read(path, many.as_bytes()).unwrap_err();
        assert!(why.contains("more than 50000"), "{why}");
    }
}
