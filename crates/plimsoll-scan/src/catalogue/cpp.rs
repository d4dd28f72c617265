//! C and C++ libraries of vcpkg (`vcpkg/status` below `installed` or `vcpkg_installed`) and of Conan:
//! the place of `conaninfo.txt` in the store of Conan 1 and where Conan 2 deploys, and the database of
//! the cache of Conan 2.

use std::collections::BTreeSet;

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};
use crate::sqlite;

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

/// Name and version, and user and channel where it has them, of
/// `.conan/data/NAME/VERSION/USER/CHANNEL/package/ID/…` and of
/// `full_deploy/CONTEXT/NAME/VERSION/[BUILD TYPE/][ARCHITECTURE/]…`.
fn conan(path: &str) -> Option<Reference<'_>> {
    if let Some((_, rest)) = path.split_once(".conan/data/") {
        let mut parts = rest.split('/');
        let (name, version) = (parts.next()?, parts.next()?);
        let owner = (parts.next()?, parts.next()?);
        let is_package = parts.next()? == "package" && parts.count() == 2;
        return is_package.then_some(Reference {
            name,
            version,
            owner: Some(owner).filter(|(user, _)| *user != "_"),
        });
    }
    let (_, rest) = path.split_once("full_deploy/")?;
    let mut parts = rest.split('/');
    let is_known = matches!(parts.next()?, "host" | "build");
    let (name, version) = (parts.next()?, parts.next()?);
    (is_known && matches!(parts.count(), 1..=3)).then_some(Reference {
        name,
        version,
        owner: None,
    })
}

/// What Conan calls a package: `NAME/VERSION[@USER/CHANNEL]`.
#[derive(Clone, Copy)]
struct Reference<'a> {
    name: &'a str,
    version: &'a str,
    /// User and channel.
    owner: Option<(&'a str, &'a str)>,
}

impl<'a> Reference<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (own, owner) = match text.split_once('@') {
            Some((own, owner)) => (own, owner.split_once('/')),
            None => (text, None),
        };
        let (name, version) = own.split_once('/')?;
        Some(Self {
            name,
            version,
            owner,
        })
    }

    fn proven(self, evidence: Evidence) -> Result<Proven, String> {
        let mut package = Proven::new(
            PackageKind::Conan,
            Some(self.name),
            Some(self.version),
            evidence,
        )?;
        if let Some((user, channel)) = self.owner {
            for (key, value) in [("user", user), ("channel", channel)] {
                let value = super::word(key, Some(value))?;
                package.qualifiers.push((key.to_owned(), value));
            }
        }
        Ok(package)
    }
}

pub(super) fn read_conan(path: &str, _bytes: &[u8]) -> Result<Document, String> {
    let package = conan(path).map(|reference| reference.proven(Evidence::Metadata));
    Ok(Document::Packages(
        package.transpose()?.into_iter().collect(),
    ))
}

/// The database of a cache lies in the folder `p` of Conan's home, wherever that is.
pub(super) fn claims_conan_cache(candidate: &Candidate<'_>) -> bool {
    candidate.name == "cache.sqlite3"
        && base_name(folder(candidate.path)) == "p"
        && candidate.head.starts_with(sqlite::MAGIC)
}

/// Reads the references of packages; a recipe alone brings nothing. A package is listed once for each
/// configuration that it was built in.
pub(super) fn read_conan_cache(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut references: BTreeSet<String> = BTreeSet::new();
    // Another's file of that name has no such table.
    sqlite::table::rows(bytes, "packages", &mut |row| {
        let columns = row.columns();
        let reference = columns.as_ref().and_then(|columns| columns.first());
        let reference = reference.and_then(|(_, text)| std::str::from_utf8(text).ok());
        let reference = reference.ok_or_else(|| format!("row {} names no package", row.id))?;
        references.insert(reference.to_owned());
        Ok(())
    })?;
    let references = references.iter();
    let references = references.filter_map(|text| Reference::read(text));
    let packages = references.map(|reference| reference.proven(Evidence::Database));
    packages.collect::<Result<_, _>>().map(Document::Packages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::table::tests::{Value, database};

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

    #[test]
    fn conan_2() {
        for (path, expected) in [
            (
                "opt/full_deploy/host/zlib/1.3.1/Release/x86_64/conaninfo.txt",
                Some("zlib@1.3.1"),
            ),
            (
                "full_deploy/build/cmake/3.30/conaninfo.txt",
                Some("cmake@3.30"),
            ),
            ("opt/full_deploy/host/zlib/conaninfo.txt", None),
            ("opt/full_deploy/zlib/1/x/y/conaninfo.txt", None),
        ] {
            assert_eq!(
                claims_conan(&Candidate::named(path)),
                expected.is_some(),
                "{path}"
            );
            assert_eq!(
                names(read_conan(path, b"")).first().map(String::as_str),
                expected
            );
        }
        let row = |text| vec![Value::Text(text), Value::Text("revision")];
        let rows = [
            row("acme/1.2.3@me/stable"),
            row("zlib/1.3.1"),
            row("zlib/1.3.1"),
        ];
        let path = "home/app/.conan2/p/cache.sqlite3";
        let cache = database("packages", &rows);
        assert!(claims_conan_cache(&Candidate::new(path, 9, 0o644, &cache)));
        assert!(!claims_conan_cache(&Candidate::named(path)));
        let Ok(Document::Packages(packages)) = read_conan_cache(path, &cache) else {
            panic!("no packages");
        };
        let [acme, zlib] = packages.as_slice() else {
            panic!("{packages:?}");
        };
        assert_eq!(
            (&*acme.name, &*acme.version, acme.qualifiers.len()),
            ("acme", "1.2.3", 2)
        );
        assert_eq!(
            (&*zlib.name, &*zlib.version, zlib.qualifiers.len()),
            ("zlib", "1.3.1", 0)
        );
        let other = database("recipes", &rows);
        assert_eq!(names(read_conan_cache(path, &other)), [""; 0]);
        assert!(read_conan_cache(path, &cache[..700]).is_err());
    }
}
