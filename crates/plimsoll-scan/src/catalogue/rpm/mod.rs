//! RPM's database in each of its three forms, and the list that distroless images of Azure Linux
//! have instead.

mod berkeley;
mod header;
mod ndb;

use plimsoll_model::PackageKind;

use super::system::{Database, Record};
use super::{Candidate, Document, base_name, word};
use crate::sqlite;

/// Folders rpm keeps its database in; the second is that of newer systems, the third ostree's.
const FOLDERS: [&str; 3] = ["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];

/// What the database is called in each of its forms.
const NAMES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];

/// The list of an image without a database (CBL-Mariner, "Distroless container images").
const MANIFEST: &str = "var/lib/rpmmanifest/container-manifest-2";

/// Bytes of the largest database that is read.
pub(super) const LIMIT: u64 = 256 << 20;

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    is_database(candidate.path)
}

/// What SQLite has not yet written into the database lies beside it.
const LOG: &str = "rpmdb.sqlite-wal";

pub(super) fn claims_log(candidate: &Candidate<'_>) -> bool {
    candidate.name == LOG
        && candidate.size > 0
        && FOLDERS.contains(&candidate.path.trim_end_matches(LOG))
}

/// Such a log is there only where a program that changed the database was killed.
pub(super) fn read_log(_path: &str, _bytes: &[u8]) -> Result<Document, String> {
    Err("the last changes to the RPM database lie here, not in the database, and are not read; run `rpm -q rpm` in the build to have them written".to_owned())
}

/// Whether the path is that of a database.
pub(crate) fn is_database(path: &str) -> bool {
    FOLDERS
        .iter()
        .filter_map(|folder| path.strip_prefix(folder))
        .any(|name| NAMES.contains(&name))
        || path == MANIFEST
}

/// Where databases lie.
pub(super) fn databases() -> impl Iterator<Item = String> {
    let of = |folder: &'static str| NAMES.iter().map(move |name| format!("{folder}{name}"));
    FOLDERS.into_iter().flat_map(of)
}

/// Reads a database, told by its content.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut database = Database::new(PackageKind::Rpm);
    if base_name(path) == base_name(MANIFEST) {
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            database.take(manifest_line(line).map(Some));
        }
        return database.or_damage().map(Document::System);
    }
    let outcome = if bytes.starts_with(sqlite::MAGIC) {
        of_sqlite(bytes, &mut |blob| database.take(header::read(blob)))
    } else if bytes.starts_with(ndb::MAGIC) {
        ndb::packages(bytes, &mut |blob| database.take(header::read(blob)))
    } else if berkeley::is_database(bytes) {
        berkeley::packages(bytes, &mut |blob| database.take(header::read(blob)))
    } else {
        Err("it has none of the forms of an RPM database".to_owned())
    };
    if let Err(why) = outcome {
        database.damage.get_or_insert(why);
    }
    database.or_damage().map(Document::System)
}

/// Calls `header` with the blob of each row of `Packages` (`hnum INTEGER PRIMARY KEY, blob BLOB NOT
/// NULL`).
fn of_sqlite(bytes: &[u8], header: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let is_there = sqlite::table::rows(bytes, "Packages", &mut |row| {
        match row.columns().as_deref() {
            Some([_, (kind, blob), ..]) if *kind >= 12 && kind % 2 == 0 => header(blob),
            _ => return Err(format!("row {} holds no header", row.id)),
        }
        Ok(())
    })?;
    is_there
        .then_some(())
        .ok_or_else(|| "it has no table of packages".to_owned())
}

/// `[epoch:]version-release`; an epoch of 0 is as good as none.
fn full_version(epoch: Option<u64>, version: &str, release: &str) -> String {
    match epoch.unwrap_or(0) {
        0 => format!("{version}-{release}"),
        epoch => format!("{epoch}:{version}-{release}"),
    }
}

/// Name and version of the source package, from the name of its file
/// (`openssl-3.0.7-24.el9.src.rpm`), without its epoch: nothing tells that. The package's may be
/// another one: `perl-Errno` has none, its source `perl` has 4.
fn source_package(file: &str) -> Option<(String, String)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty()).then(|| (name.to_owned(), format!("{version}-{release}")))
}

/// What the package URL tells besides (purl specification, type `rpm`; `upstream` and `rpmmod` as
/// other tools write them).
fn qualifiers(epoch: Option<u64>, source: &str, module: Option<&str>) -> Vec<(String, String)> {
    let epoch = epoch
        .filter(|epoch| *epoch != 0)
        .map(|epoch| epoch.to_string());
    let source = source.ends_with(".rpm").then(|| source.to_owned());
    [
        ("epoch", epoch),
        ("upstream", source),
        ("rpmmod", module.map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

/// A line of name, version and release, time of installation and of build, vendor, epoch, size,
/// architecture, epoch as a number, source package; parted by tabs.
fn manifest_line(line: &str) -> Result<Record, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let field = |index: usize| fields.get(index).copied().filter(|text| *text != "(none)");
    let name = word("name", field(0))?;
    let (version, release) = field(1)
        .and_then(|version| version.rsplit_once('-'))
        .ok_or_else(|| format!("package {} has no version", name.escape_debug()))?;
    let epoch = field(9).and(field(8)).and_then(|epoch| epoch.parse().ok());
    let source = field(9).unwrap_or_default();
    Ok(Record {
        version: word("version", Some(&full_version(epoch, version, release)))?,
        architecture: field(7).unwrap_or_default().to_owned(),
        source: source_package(source),
        size: field(6).and_then(|size| size.parse().ok()),
        qualifiers: qualifiers(epoch, source, None),
        name,
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::table::tests::Value;
    use proptest::prelude::*;

    fn names(path: &str, bytes: &[u8]) -> Vec<String> {
        match read(path, bytes) {
            Ok(Document::System(database)) => {
                assert_eq!(database.damage, None);
                database
                    .records
                    .into_iter()
                    .map(|record| format!("{}@{}", record.name, record.version))
                    .collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn databases() -> Vec<Vec<u8>> {
        let blobs = [
            header::tests::package("bash", 10),
            header::tests::package("glibc", 3_000),
            header::tests::package("zlib", 300),
        ];
        let rows = blobs.iter();
        let rows = rows.map(|blob| vec![Value::Null, Value::Blob(blob)]);
        vec![
            sqlite::table::tests::database("Packages", &rows.collect::<Vec<_>>()),
            ndb::tests::database(&blobs),
            berkeley::tests::database(&blobs, false),
            berkeley::tests::database(&blobs, true),
        ]
    }

    #[test]
    fn every_form_tells_the_same() {
        for bytes in databases() {
            assert_eq!(
                names("var/lib/rpm/x", &bytes),
                ["bash@1.0-2.el9", "glibc@1.0-2.el9", "zlib@1.0-2.el9"]
            );
        }
        assert!(read("var/lib/rpm/Packages", b"").is_err());
    }

    #[test]
    fn manifests_of_distroless_images() {
        let text = "openssl-libs\t1.1.1k-15.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t(none)\t4365048\tx86_64\t0\topenssl-1.1.1k-15.cm2.src.rpm\n\
                    bind\t9-1.cm2\t1\t1\tM\t32\t1\tx86_64\t32\tbind-9-1.cm2.src.rpm\n";
        assert_eq!(
            names(MANIFEST, text.as_bytes()),
            ["openssl-libs@1.1.1k-15.cm2", "bind@32:9-1.cm2"]
        );
    }

    #[test]
    fn places() {
        for yes in [
            "var/lib/rpm/Packages",
            "usr/lib/sysimage/rpm/Packages.db",
            "usr/share/rpm/rpmdb.sqlite",
            MANIFEST,
        ] {
            assert!(is_database(yes), "{yes}");
        }
        let log = |size| {
            claims_log(&Candidate::new(
                "var/lib/rpm/rpmdb.sqlite-wal",
                size,
                0o644,
                b"",
            ))
        };
        assert!(log(32) && !log(0));
        for no in ["var/lib/rpm/Name", "rpmdb.sqlite", "var/lib/rpm/x/Packages"] {
            assert!(!is_database(no), "{no}");
        }
    }

    proptest! {
        /// A database with any bytes changed gives packages or a reason, and ends.
        #[test]
        fn damage_is_said(
            which in 0_usize..4,
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..40),
            cut in any::<proptest::sample::Index>(),
            do_cut in any::<bool>(),
        ) {
            let mut bytes = databases().swap_remove(which);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if do_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = read("var/lib/rpm/Packages", &bytes);
        }
    }
}
