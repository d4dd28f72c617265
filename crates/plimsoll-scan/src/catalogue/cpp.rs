//! C and C++ libraries of vcpkg (`vcpkg/status` below `installed` or `vcpkg_installed`) and of
//! Conan 1 (the place of `conaninfo.txt` in its store).

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims_vcpkg(candidate: &Candidate<'_>) -> bool {
    candidate.name == "status" && {
        let place = folder(candidate.path);
        base_name(place) == "vcpkg"
            && matches!(base_name(folder(place)), "installed" | "vcpkg_installed")
    }
}

/// Stanzas as dpkg has them; those of a feature repeat its package.
pub(super) fn read_vcpkg(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let mut packages: Vec<Proven> = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |wanted: &str| {
            stanza.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                (name == wanted).then(|| value.trim())
            })
        };
        if field("Package").is_none() || field("Feature").is_some() {
            continue;
        }
        if field("Status") != Some("install ok installed") {
            continue;
        }
        let version = field("Version").map(|version| match field("Port-Version") {
            None | Some("" | "0") => version.to_owned(),
            Some(port) => format!("{version}#{port}"),
        });
        let mut package = Proven::new(
            PackageKind::Vcpkg,
            field("Package"),
            version.as_deref(),
            Evidence::Database,
        )?;
        if let Some(triplet) = field("Architecture") {
            let triplet = super::word("triplet", Some(triplet))?;
            package.qualifiers.push(("triplet".to_owned(), triplet));
        }
        packages.push(package);
    }
    Ok(Document::Packages(packages))
}

pub(super) fn claims_conan(candidate: &Candidate<'_>) -> bool {
    candidate.name == "conaninfo.txt" && conan(candidate.path).is_some()
}

/// Name, version, user and channel of `.conan/data/NAME/VERSION/USER/CHANNEL/package/ID/…`.
fn conan(path: &str) -> Option<[&str; 4]> {
    let (_, rest) = path.split_once(".conan/data/")?;
    let mut parts = rest.split('/');
    let own = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (parts.next()? == "package" && parts.count() == 2).then_some(own)
}

pub(super) fn read_conan(path: &str, _bytes: &[u8]) -> Result<Document, String> {
    let Some([name, version, user, channel]) = conan(path) else {
        return Ok(Document::Packages(Vec::new()));
    };
    let mut package = Proven::new(
        PackageKind::Conan,
        Some(name),
        Some(version),
        Evidence::Metadata,
    )?;
    if user != "_" {
        for (key, value) in [("user", user), ("channel", channel)] {
            package
                .qualifiers
                .push((key.to_owned(), super::word(key, Some(value))?));
        }
    }
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(document: Result<Document, String>) -> Vec<String> {
        match document {
            Ok(Document::Packages(packages)) => packages
                .into_iter()
                .map(|own| format!("{}@{}", own.name, own.version))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn vcpkg_and_conan() {
        assert!(claims_vcpkg(&Candidate::named(
            "opt/vcpkg/installed/vcpkg/status"
        )));
        let status = b"Package: zlib\nVersion: 1.3\nPort-Version: 1\nArchitecture: x64-linux\nStatus: install ok installed\n\nPackage: zlib\nFeature: x\nStatus: install ok installed\n\nPackage: gone\nVersion: 1\nStatus: purge ok not-installed\n";
        assert_eq!(names(read_vcpkg("", status)), ["zlib@1.3#1"]);
        let path = "root/.conan/data/fmt/10.1.1/_/_/package/abc/conaninfo.txt";
        assert!(claims_conan(&Candidate::named(path)));
        assert_eq!(names(read_conan(path, b"")), ["fmt@10.1.1"]);
    }
}
