//! What packages of the system were built from, and whether a bill of materials tells it.
//!
//! Advisories of most distributions are on source packages: `glibc`, not `libc6`. Tools leave the source
//! out where it has the package's name, so that a package without one says nothing yet. A bill that
//! tells no source at all was written by a tool that tells none, or lost them on its way.

use std::collections::{BTreeMap, BTreeSet};

use packageurl::PackageUrl;
use plimsoll_model::{Package, PackageKind};

/// From so many packages on that nothing tells the source of, sources are not told at all. The smallest
/// images have a few packages, each of which is called as its source is.
const FEW: usize = 5;

/// The source package that a package URL tells: in `upstream` as syft and others write it, or in the
/// qualifiers of scalibr.
pub(super) fn of_purl(
    purl: &PackageUrl<'_>,
    kind: PackageKind,
    version: &str,
) -> Option<(String, String)> {
    let qualifier = |name: &str| purl.qualifiers().get(name).map(AsRef::as_ref);
    if let Some(upstream) = qualifier("upstream") {
        return of_text(upstream, kind, version);
    }
    match kind {
        PackageKind::Deb => {
            let name = qualifier("source").filter(|name| !name.is_empty())?;
            let own = qualifier("sourceversion").unwrap_or(version);
            Some((name.to_owned(), own.to_owned()))
        }
        PackageKind::Apk => of_text(qualifier("origin")?, kind, version),
        PackageKind::Rpm => of_text(qualifier("sourcerpm")?, kind, version),
        _ => None,
    }
}

/// A source package: `name`, `name@version`, or for RPM the source package's file name.
fn of_text(text: &str, kind: PackageKind, version: &str) -> Option<(String, String)> {
    if kind == PackageKind::Rpm {
        return of_rpm(text);
    }
    let (name, own) = match text.split_once('@') {
        Some((name, own)) => (name, own),
        None => (text, version),
    };
    (!name.is_empty()).then(|| (name.to_owned(), own.to_owned()))
}

/// `name-version-release.src.rpm`; its epoch is not told.
fn of_rpm(file: &str) -> Option<(String, String)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, own) = rest.rsplit_once('-')?;
    (!name.is_empty()).then(|| (name.to_owned(), format!("{own}-{release}")))
}

/// Whether a package was written down by who names packages of the system as their sources are: Docker
/// Scout, by its own qualifiers.
pub(super) fn is_called_by_source(package: &Package) -> bool {
    package.purl.contains("os_name=")
}

/// The kinds of packages of whose sources nothing is told, not of one. `tellers` are those of which the
/// tool that wrote some would have told where one differs from its package.
pub(super) fn untold(packages: &[Package], tellers: &BTreeSet<PackageKind>) -> Vec<PackageKind> {
    let mut without: BTreeMap<PackageKind, usize> = BTreeMap::new();
    let mut told = tellers.clone();
    let system = packages.iter().filter(|package| package.kind.is_system());
    for package in system {
        if package.source.is_some() {
            told.insert(package.kind);
        } else if !package.is_foreign {
            *without.entry(package.kind).or_default() += 1;
        }
    }
    without.retain(|kind, packages| *packages >= FEW && !told.contains(kind));
    without.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{BillOfMaterials, read};
    use super::*;

    const NAMES: [&str; 5] = ["adduser", "libc6", "libssl3", "netbase", "perl-base"];

    fn cyclonedx(component: impl Fn(&str) -> Value) -> BillOfMaterials {
        let components: Vec<Value> = NAMES.into_iter().map(component).collect();
        let bill = json!({"bomFormat": "CycloneDX", "components": components});
        read(bill.to_string().as_bytes()).unwrap()
    }

    fn spdx(words: &str) -> BillOfMaterials {
        let packages = NAMES.map(|name| {
            let purl = format!("pkg:deb/debian/{name}@1-1?distro=debian-12");
            json!({"SPDXID": name, "name": name, "sourceInfo": words, "externalRefs": [
                {"referenceType": "purl", "referenceLocator": purl},
            ]})
        });
        let bill = json!({"spdxVersion": "SPDX-2.3", "packages": packages});
        read(bill.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_bill_that_tells_no_source_at_all_is_told_from_one_that_needs_none() {
        let plain = |name: &str| {
            let purl = format!("pkg:deb/debian/{name}@1-1?distro=debian-12");
            json!({"type": "library", "name": name, "purl": purl})
        };
        let untold = |bill: &BillOfMaterials| bill.inventory.sourceless.clone();
        assert_eq!(untold(&cyclonedx(plain)), [PackageKind::Deb]);
        // One is enough to show that it tells them.
        let told = |name: &str| match name {
            "libssl3" => json!({"type": "library", "name": name,
                "purl": "pkg:deb/debian/libssl3@1-1?upstream=openssl"}),
            name => plain(name),
        };
        assert_eq!(untold(&cyclonedx(told)), []);
        // The smallest images have nothing to tell; that of another kind tells nothing of these.
        let few = |name: &str| match name {
            "libssl3" => json!({"type": "library", "name": name,
                "purl": "pkg:apk/alpine/libssl3@1-r1?upstream=openssl"}),
            name => plain(name),
        };
        assert_eq!(untold(&cyclonedx(few)), []);
        // Tools that tell them where they differ leave a mark.
        for (property, is_mark) in [
            ("syft:package:foundBy", true),
            ("plimsoll:path", true),
            // As it marks what it converts, too.
            ("syft:package:type", false),
        ] {
            let marked = |name: &str| {
                let mut component = plain(name);
                component["properties"] = json!([{"name": property, "value": "x"}]);
                component
            };
            let untold = untold(&cyclonedx(marked));
            assert_eq!(untold.is_empty(), is_mark, "{property}");
        }
        let scout = |name: &str| {
            let purl = format!("pkg:deb/debian/{name}@1-1?os_name=debian&os_version=12");
            json!({"type": "library", "name": name, "purl": purl})
        };
        assert_eq!(untold(&cyclonedx(scout)), []);
        assert_eq!(untold(&spdx("")), [PackageKind::Deb]);
        let syft = "acquired package info from DPKG DB: /var/lib/dpkg/status";
        assert_eq!(untold(&spdx(syft)), []);
        // What others published is not asked for by it, and languages have no sources.
        let foreign = |name: &str| {
            let mut component = plain(name);
            component["publisher"] = json!("Docker <support@docker.com>");
            component
        };
        assert_eq!(untold(&cyclonedx(foreign)), []);
        let npm = |name: &str| json!({"type": "library", "purl": format!("pkg:npm/{name}@1")});
        assert_eq!(untold(&cyclonedx(npm)), []);
    }

    #[test]
    fn sources_are_read_in_each_tools_words() {
        let source = |purl: &str| super::super::package::of_purl(purl)?.source;
        for (purl, wanted) in [
            (
                "pkg:deb/debian/libssl3@3-1?upstream=openssl%402",
                "openssl 2",
            ),
            ("pkg:deb/debian/libssl3@3-1?source=openssl", "openssl 3-1"),
            (
                "pkg:deb/debian/libssl3@3-1?source=openssl&sourceversion=3-0",
                "openssl 3-0",
            ),
            ("pkg:apk/alpine/libssl3@3-r1?origin=openssl", "openssl 3-r1"),
            (
                "pkg:rpm/rocky/openssl-libs@3-1?sourcerpm=openssl-3-1.src.rpm",
                "openssl 3-1",
            ),
        ] {
            let (name, version) = source(purl).unwrap();
            assert_eq!(format!("{name} {version}"), wanted);
        }
        assert_eq!(source("pkg:npm/a@1?source=b"), None);
    }
}
