//! The platform of the image that a bill of materials is about: flaws of other systems are none of it.

use plimsoll_model::{Inventory, PackageKind, Platform};

/// The platform, where packages of a distribution tell of one: those are Linux. Its architecture is
/// empty where they are of several, or say nothing.
pub(super) fn of(inventory: &Inventory) -> Option<Platform> {
    let mut system = inventory
        .packages
        .iter()
        .filter(|package| package.kind.is_system())
        .peekable();
    system.peek()?;
    let mut architectures = system.filter_map(|package| {
        let word = package.architecture.as_deref()?;
        architecture(package.kind, word)
    });
    let first = architectures.next();
    let architecture = first.filter(|first| architectures.all(|other| other == *first));
    Some(Platform {
        os: "linux".to_owned(),
        architecture: architecture.unwrap_or_default().to_owned(),
        variant: None,
    })
}

/// Go's word, which images have, for that of a package manager; nothing for packages of any.
fn architecture(kind: PackageKind, word: &str) -> Option<&'static str> {
    Some(match word {
        "amd64" | "x86_64" => "amd64",
        "arm64" | "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" | "x86" => "386",
        "armhf" | "armel" | "armv6l" | "armv7" | "armv7l" | "armv7hl" => "arm",
        "ppc64le" | "ppc64el" => "ppc64le",
        "s390x" => "s390x",
        "riscv64" => "riscv64",
        "loongarch64" | "loong64" => "loong64",
        "mips64el" => "mips64le",
        "all" | "noarch" | "any" | "source" | "src" | "" => return None,
        _ if kind == PackageKind::Apk && word.starts_with("arm") => "arm",
        _ => "",
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Evidence, Package};

    use super::*;

    fn told(packages: &[(PackageKind, &str)]) -> Option<String> {
        let package = |(kind, architecture): &(PackageKind, &str)| {
            let purl = String::new();
            let mut package = Package::new(*kind, "a", "1", purl, "", Evidence::Database, 0);
            package.architecture = Some((*architecture).to_owned());
            package
        };
        let inventory = Inventory {
            packages: packages.iter().map(package).collect(),
            ..Inventory::default()
        };
        of(&inventory).map(|platform| format!("{}/{}", platform.os, platform.architecture))
    }

    #[test]
    fn packages_of_a_distribution_tell() {
        use PackageKind::{Apk, Deb, Npm, Rpm};
        for (packages, expected) in [
            (
                &[(Deb, "all"), (Deb, "amd64"), (Npm, "x")][..],
                "linux/amd64",
            ),
            (&[(Rpm, "noarch"), (Rpm, "aarch64")], "linux/arm64"),
            (&[(Apk, "armv7")], "linux/arm"),
            (&[(Apk, "armhf")], "linux/arm"),
            (&[(Deb, "all")], "linux/"),
            (&[(Deb, "amd64"), (Deb, "i386")], "linux/"),
            (&[(Deb, "m68k")], "linux/"),
        ] {
            assert_eq!(told(packages).as_deref(), Some(expected));
        }
        assert_eq!(told(&[(Npm, "amd64")]), None);
        assert_eq!(told(&[]), None);
    }
}
