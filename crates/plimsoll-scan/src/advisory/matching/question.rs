//! What to ask of a package: under which ecosystem, by which name, with which version.

use std::borrow::Cow;

use plimsoll_model::{Package, PackageKind};

use super::super::version::Order;
use super::super::{Ecosystem, EcosystemName};

/// A name that advisories may know a package by, and the version it has under that name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known<'p> {
    pub(super) name: &'p str,
    pub(super) version: Cow<'p, str>,
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
        version: Cow::Borrowed(match package.kind {
            PackageKind::Go => go_version(package),
            _ => &package.version,
        }),
        is_without_epoch: false,
    };
    let source = package.source.as_ref().map(|(name, version)| Known {
        name,
        version: Cow::Borrowed(match version.as_str() {
            "" => &package.version,
            version => version,
        }),
        // A package of RPM names the file of its source, which does not tell. Who writes one all the
        // same, as Trivy does, took the package's.
        is_without_epoch: package.kind == PackageKind::Rpm,
    });
    let (first, second) = match package.kind {
        PackageKind::Deb => match signed(package) {
            Some(signed) => (signed, Some(source.unwrap_or(own))),
            None => (source.unwrap_or(own), None),
        },
        PackageKind::Rpm => (own, source),
        PackageKind::Apk => match source {
            Some(source) => (source, Some(own)),
            None => (own, None),
        },
        _ => (own, None),
    };
    let second = second.filter(|second| second.name != first.name);
    std::iter::once(first).chain(second)
}

/// OSV writes the versions of modules without the `v`. A toolchain tells behind its own what it was made
/// with: `go1.21.0 X:boringcrypto`, `go1.20.12 (Red Hat 1.20.12-2.el9_3)`, `1.21.0-X:boringcrypto`.
fn go_version(package: &Package) -> &str {
    let version = package.version.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    if package.name != "stdlib" {
        return version;
    }
    let (version, _) = version
        .split_once(char::is_whitespace)
        .unwrap_or((version, ""));
    version
        .split_once("-X:")
        .map_or(version, |(version, _)| version)
}

/// What Debian and Ubuntu sign for Secure Boot has a source of its own that holds signatures alone.
/// Advisories are on the source of what was signed, which has another form of the version:
///
/// | source | version | signed |
/// |---|---|---|
/// | `linux-signed-amd64` | `6.1.170-3`, of the source `6.1.170+3` | `linux` `6.1.170-3` |
/// | `grub-efi-amd64-signed` | `1+2.06+13+deb12u2` | `grub2` `2.06-13+deb12u2` |
/// | `shim-signed` | `1.51+16.1-2`, of the source `1.51` | `shim` `16.1-2` |
fn signed(package: &Package) -> Option<Known<'_>> {
    const PROCESSORS: [&str; 4] = ["amd64", "arm64", "i386", "ia32"];
    let (source, source_version) = match &package.source {
        Some((source, version)) => (source.as_str(), version.as_str()),
        None => (package.name.as_str(), ""),
    };
    let version = package.version.as_str();
    let known = |name, version| {
        Some(Known {
            name,
            version,
            is_without_epoch: false,
        })
    };
    if source == "shim-signed" {
        let version = version.strip_prefix(source_version)?.strip_prefix('+')?;
        return known("shim", Cow::Borrowed(version));
    }
    if let Some(processor) = source.strip_prefix("linux-signed-")
        && PROCESSORS.contains(&processor)
    {
        return known("linux", Cow::Borrowed(version));
    }
    let (what, processor) = source.strip_suffix("-signed")?.rsplit_once('-')?;
    let name = match what {
        "grub-efi" => "grub2",
        "shim-helpers" => "shim",
        _ => return None,
    };
    if !PROCESSORS.contains(&processor) {
        return None;
    }
    // A `+` stands for the hyphen before the revision, which begins with a number.
    let (_, version) = version.split_once('+')?;
    let mut signs = version.match_indices('+').map(|(at, _)| at);
    let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let at = signs.find(|at| is_number(&version[at + 1..]))?;
    let version = format!("{}-{}", &version[..at], &version[at + 1..]);
    known(name, Cow::Owned(version))
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

    #[test]
    fn what_a_toolchain_of_go_was_made_with_is_no_version() {
        let mut package = Package::new(
            PackageKind::Go,
            "stdlib",
            "",
            String::new(),
            "",
            Evidence::Database,
            0,
        );
        for (version, known) in [
            ("go1.21.0 X:boringcrypto", "go1.21.0"),
            ("1.21.0-X:boringcrypto", "1.21.0"),
            ("go1.20.12 (Red Hat 1.20.12-2.el9_3)", "go1.20.12"),
            ("v1.22.0-rc.1", "1.22.0-rc.1"),
        ] {
            version.clone_into(&mut package.version);
            assert_eq!(names(&package).next().unwrap().version, known);
        }
    }

    #[test]
    fn what_is_signed_is_known_by_what_was_signed() {
        use PackageKind::Deb;
        for (version, source, known) in [
            (
                "6.1.170-3",
                ("linux-signed-amd64", "6.1.170+3"),
                "linux 6.1.170-3",
            ),
            (
                "1+2.06+13+deb12u2",
                ("grub-efi-amd64-signed", "1+2.06+13+deb12u2"),
                "grub2 2.06-13+deb12u2",
            ),
            (
                "1+2.02+dfsg1+20+deb10u4",
                ("grub-efi-arm64-signed", ""),
                "grub2 2.02+dfsg1-20+deb10u4",
            ),
            (
                "1+16.1+2~deb12u1",
                ("shim-helpers-amd64-signed", ""),
                "shim 16.1-2~deb12u1",
            ),
            (
                "1.51~1+deb12u1+16.1-2~deb12u1",
                ("shim-signed", "1.51~1+deb12u1"),
                "shim 16.1-2~deb12u1",
            ),
        ] {
            let names = asked(Deb, version, Some(source));
            assert_eq!((names[0].as_str(), names.len()), (known, 2));
            assert!(names[1].starts_with(source.0));
        }
        for source in [
            "python-signedjson",
            "grub-efi-mips-signed",
            "x-amd64-signed",
        ] {
            assert_eq!(asked(Deb, "1+2+3", Some((source, ""))).len(), 1, "{source}");
        }
    }
}
