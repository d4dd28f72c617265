//! What to ask of a package: under which ecosystem, by which name, with which version.

use std::borrow::Cow;

use plimsoll_model::{Package, PackageKind};

use super::super::version::Order;
use super::super::{Ecosystem, EcosystemName};

/// A name that advisories may know a package by, and the version it has under that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known<'p> {
    pub(super) name: &'p str,
    pub(super) version: &'p str,
    /// Whether the version has an epoch that nobody knows: versions are compared without.
    pub(super) is_without_epoch: bool,
}

/// The ecosystems of a kind of package that has no distribution; none where OSV has none.
pub(super) fn of_language(kind: PackageKind) -> &'static [EcosystemName] {
    use EcosystemName::{
        Bioconductor, Bitnami, ConanCenter, Cran, CratesIo, Go, Hackage, Hex, Julia, Maven, Npm,
        NuGet, Opam, Packagist, Pub, PyPi, RubyGems, SwiftUrl,
    };
    match kind {
        PackageKind::Python => &[PyPi],
        PackageKind::Npm => &[Npm],
        PackageKind::Gem => &[RubyGems],
        PackageKind::Composer => &[Packagist],
        PackageKind::NuGet => &[NuGet],
        PackageKind::Go => &[Go],
        PackageKind::Cargo => &[CratesIo],
        PackageKind::Maven => &[Maven],
        PackageKind::Hex => &[Hex],
        PackageKind::Pub => &[Pub],
        PackageKind::Swift => &[SwiftUrl],
        PackageKind::Cran => &[Cran, Bioconductor],
        PackageKind::Hackage => &[Hackage],
        PackageKind::Opam => &[Opam],
        PackageKind::Julia => &[Julia],
        PackageKind::Conan => &[ConanCenter],
        PackageKind::Bitnami => &[Bitnami],
        PackageKind::Deb
        | PackageKind::Apk
        | PackageKind::Rpm
        | PackageKind::Alpm
        | PackageKind::Conda
        | PackageKind::LuaRocks
        | PackageKind::Cpan
        | PackageKind::Otp
        | PackageKind::Pear
        | PackageKind::WordPress
        | PackageKind::Vcpkg
        | PackageKind::Generic => &[],
    }
}

/// The order of the versions of a kind of package; nothing where it has none that is known.
pub(in crate::advisory) fn version_order(kind: PackageKind) -> Option<Order> {
    match kind {
        PackageKind::Deb => Some(Order::Dpkg),
        PackageKind::Apk => Some(Order::Apk),
        PackageKind::Rpm => Some(Order::Rpm),
        kind => ecosystem_of(kind)?.order(),
    }
}

/// The ecosystem that knows packages of a language by their names.
pub(in crate::advisory) fn ecosystem_of(kind: PackageKind) -> Option<Ecosystem> {
    of_language(kind).first().copied().map(Ecosystem::new)
}

/// A package's name in the form that all names have which its ecosystem takes for one and the same.
pub fn normal_name(kind: PackageKind, name: &str) -> Cow<'_, str> {
    match kind {
        // crates.io has no two crates whose names differ in case, hyphens and underscores alone.
        // RustSec writes the one that there is.
        PackageKind::Cargo if name.contains(|c: char| c == '_' || c.is_uppercase()) => {
            Cow::Owned(name.to_lowercase().replace('_', "-"))
        }
        kind => match ecosystem_of(kind) {
            Some(ecosystem) => ecosystem.normalize(name),
            None => Cow::Borrowed(name),
        },
    }
}

/// The names of a package, the one that counts first. A later one is asked for only where no
/// advisory knows the one before.
///
/// Debian, Ubuntu and Alpine know source packages. Of the RPM distributions some know binary
/// packages (AlmaLinux, Red Hat) and some source packages (SUSE, openEuler, Mageia), whatever OSV's
/// schema says of them.
pub(super) fn names(package: &Package) -> impl Iterator<Item = Known<'_>> {
    let own = Known {
        name: &package.name,
        version: match package.kind {
            // OSV writes the versions of modules without it.
            PackageKind::Go => package
                .version
                .strip_prefix('v')
                .unwrap_or(&package.version),
            _ => &package.version,
        },
        is_without_epoch: false,
    };
    let source = package.source.as_ref().map(|(name, version)| Known {
        name,
        version: match version.as_str() {
            "" => &package.version,
            version => version,
        },
        // A package of RPM names the file of its source, which does not tell. Who writes one all the
        // same, as Trivy does, took the package's.
        is_without_epoch: package.kind == PackageKind::Rpm,
    });
    let (first, second) = match package.kind {
        PackageKind::Deb => (source.unwrap_or(own), None),
        PackageKind::Rpm => (own, source),
        PackageKind::Apk => (source.unwrap_or(own), source.is_some().then_some(own)),
        _ => (own, None),
    };
    std::iter::once(first).chain(second.filter(|second| second.name != first.name))
}

/// Whether Canonical's paying customers got this package: there are fixes for them that others do
/// not get.
pub(super) fn is_paid_for(package: &Package) -> bool {
    package.kind == PackageKind::Deb && is_version_paid_for(&package.version)
}

/// Whether only Canonical's paying customers get this version (Expanded Security Maintenance).
pub(super) fn is_version_paid_for(version: &str) -> bool {
    version.contains("esm")
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    fn asked(kind: PackageKind, version: &str, source: Option<(&str, &str)>) -> Vec<String> {
        let mut package = Package::new(
            kind,
            "libssl3",
            version,
            String::new(),
            "",
            Evidence::Database,
            0,
        );
        package.source = source.map(|(name, version)| (name.to_owned(), version.to_owned()));
        names(&package)
            .map(|known| {
                let epoch = if known.is_without_epoch { "?:" } else { "" };
                format!("{} {epoch}{}", known.name, known.version)
            })
            .collect()
    }

    #[test]
    fn distributions_know_their_packages_by_different_names() {
        use PackageKind::{Apk, Deb, Go, Rpm};
        let source = Some(("openssl", "3.0.11-1"));
        assert_eq!(asked(Deb, "3.0.11-1+b1", source), ["openssl 3.0.11-1"]);
        assert_eq!(asked(Deb, "3.0.11-1", None), ["libssl3 3.0.11-1"]);
        assert_eq!(
            asked(Rpm, "1:3.0.7-1", source),
            ["libssl3 1:3.0.7-1", "openssl ?:3.0.11-1"]
        );
        assert_eq!(
            asked(Apk, "3.1.4-r5", Some(("openssl", ""))),
            ["openssl 3.1.4-r5", "libssl3 3.1.4-r5"]
        );
        assert_eq!(asked(Go, "v1.2.3", None), ["libssl3 1.2.3"]);
    }
}
