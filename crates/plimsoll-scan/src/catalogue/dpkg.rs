//! Debian's package database (deb822, dpkg's `status` file, and distroless's `status.d`).

use std::collections::BTreeSet;

use plimsoll_model::{PackageKind, is_foreign_deb};

use super::system::{Database, Record};
use super::{Candidate, Document, MAX_WORD, base_name};
use crate::license::{MAX_NAMES, recognised};

/// The database of a full Debian.
pub(crate) const STATUS: &str = "var/lib/dpkg/status";
/// The folder of one file a package that distroless images have instead.
const STATUS_FOLDER: &str = "var/lib/dpkg/status.d/";
const INFO_FOLDER: &str = "var/lib/dpkg/info/";
/// Databases of opkg, which has the same form, and the folders of its lists.
const OPKG: [&str; 2] = ["usr/lib/opkg/status", "var/lib/opkg/status"];
const OPKG_INFO: [&str; 2] = ["usr/lib/opkg/info/", "var/lib/opkg/info/"];
/// What apt knows about why packages are there.
pub(crate) const EXTENDED_STATES: &str = "var/lib/apt/extended_states";

pub(super) fn claims_database(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path == STATUS
        || path
            .strip_prefix(STATUS_FOLDER)
            .is_some_and(|name| !name.ends_with(".md5sums"))
        || OPKG.contains(&path)
}

pub(super) fn read_database(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut database = Database::new(PackageKind::Deb);
    let with_status = !path.starts_with(STATUS_FOLDER);
    let mut stanza = Stanza::default();
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            database.take(std::mem::take(&mut stanza).finish(with_status));
            continue;
        }
        stanza.line(line);
    }
    database.or_damage().map(Document::System)
}

pub(super) fn claims_extended_states(candidate: &Candidate<'_>) -> bool {
    candidate.path == EXTENDED_STATES
}

/// Reads which packages apt installed because others need them.
pub(super) fn read_extended_states(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut automatic = Vec::new();
    let mut stanza = Stanza::default();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            stanza.line(line);
            continue;
        }
        let stanza = std::mem::take(&mut stanza);
        if stanza.automatic == Some(true)
            && let Some(name) = stanza.name
        {
            let architecture = stanza.architecture.unwrap_or_default();
            automatic.push((name.to_owned(), architecture.to_owned()));
        }
    }
    automatic.sort();
    Ok(Document::AptAutomatic(automatic))
}

/// The fields of one package, as they come.
#[derive(Default)]
struct Stanza<'a> {
    any: bool,
    name: Option<&'a str>,
    version: Option<&'a str>,
    architecture: Option<&'a str>,
    source: Option<&'a str>,
    status: Option<&'a str>,
    license: Option<&'a str>,
    maintainer: Option<&'a str>,
    vendor: Option<&'a str>,
    automatic: Option<bool>,
    size: Option<u64>,
}

impl<'a> Stanza<'a> {
    fn line(&mut self, line: &'a str) {
        self.any = true;
        // A line that begins with a blank continues a field that is of no interest here.
        if line.starts_with([' ', '\t']) {
            return;
        }
        let Some((field, value)) = line.split_once(':') else {
            return;
        };
        let value = value.trim();
        match field.to_ascii_lowercase().as_str() {
            "package" => self.name = Some(value),
            "version" => self.version = Some(value),
            "architecture" => self.architecture = Some(value),
            "source" => self.source = Some(value),
            "status" => self.status = Some(value),
            "license" => self.license = Some(value),
            "maintainer" => self.maintainer = Some(value),
            "vendor" => self.vendor = Some(value),
            "auto-installed" => self.automatic = Some(matches!(value, "1" | "yes")),
            "installed-size" => self.size = value.parse().ok(),
            _ => {}
        }
    }

    /// The package, where it is installed. `with_status` tells whether the file keeps states.
    fn finish(self, with_status: bool) -> Result<Option<Record>, String> {
        if !self.any {
            return Ok(None);
        }
        let name = super::word("Package field", self.name)?;
        if with_status {
            let state = self
                .status
                .and_then(|status| status.split_whitespace().nth(2))
                .ok_or_else(|| format!("package {} has no state", name.escape_debug()))?;
            if matches!(state, "not-installed" | "config-files" | "half-installed") {
                return Ok(None);
            }
        }
        let version = super::word("version", self.version)
            .map_err(|why| format!("package {}: {why}", name.escape_debug()))?;
        // `Source: name` or `Source: name (version)`; without the field both are the package's own.
        let source = self.source.and_then(|source| {
            let mut words = source.split_whitespace();
            let name = words.next()?;
            let version = words
                .next()
                .and_then(|word| word.strip_prefix('(')?.strip_suffix(')'));
            Some((name, version))
        });
        let (source, upstream) = match source {
            Some((source, own)) => (
                (source.to_owned(), own.unwrap_or(&version).to_owned()),
                Some(match own {
                    Some(own) => format!("{source}@{own}"),
                    None => source.to_owned(),
                }),
            ),
            None => ((name.clone(), version.clone()), None),
        };
        Ok(Some(Record {
            architecture: self.architecture.unwrap_or_default().to_owned(),
            source: Some(source),
            license: self.license.map(str::to_owned),
            size: self.size.and_then(|kib| kib.checked_mul(1024)),
            // Only opkg keeps it here.
            direct: self.automatic.map(|automatic| !automatic),
            qualifiers: upstream
                .into_iter()
                .map(|upstream| ("upstream".to_owned(), upstream))
                .collect(),
            is_foreign: is_foreign_deb(self.maintainer, self.vendor, &version),
            name,
            version,
            ..Record::default()
        }))
    }
}

pub(super) fn claims_list(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path.ends_with(".list")
        && [INFO_FOLDER, OPKG_INFO[0], OPKG_INFO[1]]
            .iter()
            .filter_map(|folder| path.strip_prefix(folder))
            .any(|name| !name.contains('/'))
}

pub(super) fn read_list(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    Ok(Document::DpkgList(String::from_utf8_lossy(bytes).into()))
}

pub(super) fn claims_sums(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path.ends_with(".md5sums") && (path.starts_with(INFO_FOLDER) || path.starts_with(STATUS_FOLDER))
}

pub(super) fn read_sums(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    Ok(Document::DpkgSums(String::from_utf8_lossy(bytes).into()))
}

/// The package that a file of dpkg's info folder speaks of, and its architecture where the name of
/// the file tells it (`libc6:amd64.list`).
pub(crate) fn info_package(path: &str) -> (&str, Option<&str>) {
    let name = base_name(path);
    let name = name
        .strip_suffix(".list")
        .or_else(|| name.strip_suffix(".md5sums"))
        .unwrap_or(name);
    match name.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (name, None),
    }
}

/// The paths of an ownership list, without a leading slash.
pub(crate) fn listed_paths(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        // Behind a tab opkg keeps permissions.
        .map(|line| line.split_once('\t').map_or(line, |(path, _)| path))
        .map(|line| line.trim_start_matches('/'))
        .filter(|path| !path.is_empty() && *path != ".")
}

/// The sums of an md5sums file: hexadecimal sum and path without a leading slash.
pub(crate) fn listed_sums(sums: &str) -> impl Iterator<Item = (&str, &str)> {
    sums.lines().filter_map(|line| {
        let (sum, path) = line.split_once(' ')?;
        let path = path.trim_start_matches([' ', '*']).trim_start_matches('/');
        Some((sum, path.strip_prefix("./").unwrap_or(path)))
    })
}

pub(super) fn claims_copyright(candidate: &Candidate<'_>) -> bool {
    let path = candidate.path;
    path.strip_prefix("usr/share/doc/")
        .and_then(|rest| rest.strip_suffix("/copyright"))
        .is_some_and(|package| !package.contains('/'))
}

/// Reads the licence names of a machine-readable copyright file (DEP 5), and those prose refers to
/// or holds the text of.
pub(super) fn read_copyright(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let machine_readable = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(field, _)| {
            field.eq_ignore_ascii_case("format")
                || field.eq_ignore_ascii_case("format-specification")
        });
    let mut names: BTreeSet<&str> = BTreeSet::new();
    if machine_readable {
        for line in text.lines() {
            let Some((field, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if field.eq_ignore_ascii_case("license") && (1..=MAX_WORD).contains(&value.len()) {
                names.insert(value);
            }
            if names.len() >= MAX_NAMES {
                break;
            }
        }
    }
    Ok(Document::DpkgCopyright(if names.is_empty() {
        recognised(&text)
    } else {
        names.into_iter().map(str::to_owned).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(path: &str, text: &str) -> Vec<Record> {
        match read_database(path, text.as_bytes()) {
            Ok(Document::System(database)) => {
                assert_eq!(database.damage, None);
                database.records
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn states_sources_and_sizes() {
        let records = database(
            STATUS,
            "Package: login\nStatus: install ok installed\nInstalled-Size: 2\nArchitecture: amd64\n\
             Source: shadow (1:4.13)\nVersion: 1:4.13+b1\nDescription: x\n Version: no\n\n\
             Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\n\
             Package: zlib1g\nStatus: install ok unpacked\nVersion: 2\nArchitecture: amd64\nSource: zlib",
        );
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].version, "1:4.13+b1");
        assert_eq!(
            records[0].source,
            Some(("shadow".to_owned(), "1:4.13".to_owned()))
        );
        assert_eq!(records[0].size, Some(2048));
        assert_eq!(
            records[0].qualifiers,
            [("upstream".to_owned(), "shadow@1:4.13".to_owned())]
        );
        assert_eq!(records[1].source, Some(("zlib".to_owned(), "2".to_owned())));
        assert_eq!(records[1].qualifiers[0].1, "zlib");
    }

    #[test]
    fn one_broken_entry_hides_no_other() {
        let text = b"Package: x\nVersion: 1\n\nPackage: y\nStatus: a b installed\nVersion: 2\n";
        let Ok(Document::System(database)) = read_database(STATUS, text) else {
            panic!("no database")
        };
        assert_eq!(database.records[0].name, "y");
        assert_eq!(database.damage.as_deref(), Some("package x has no state"));
    }

    #[test]
    fn what_apt_installed_by_itself() {
        let text = b"Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\n\
                     Package: b\nArchitecture: amd64\nAuto-Installed: 0\n";
        assert_eq!(
            read_extended_states("", text),
            Ok(Document::AptAutomatic(vec![("a".into(), "amd64".into())]))
        );
        let records = database(
            OPKG[0],
            "Package: x\nVersion: 1\nStatus: install user installed\nAuto-Installed: yes\n",
        );
        assert_eq!(records[0].direct, Some(false));
    }

    #[test]
    fn distroless_files_have_no_state() {
        let records = database(
            "var/lib/dpkg/status.d/base",
            "Package: base-files\nVersion: 12\nArchitecture: amd64\n",
        );
        assert_eq!(records[0].name, "base-files");
        assert!(read_database(STATUS, b"Package: x\nVersion: 1\n").is_err());
        assert!(read_database(STATUS, b"\xff\xfe\n").is_err());
        assert!(claims_database(&Candidate::named(
            "var/lib/dpkg/status.d/base"
        )));
        assert!(!claims_database(&Candidate::named(
            "var/lib/dpkg/status.d/base.md5sums"
        )));
        assert!(claims_sums(&Candidate::named(
            "var/lib/dpkg/status.d/base.md5sums"
        )));
    }

    #[test]
    fn copyright_names_licences_only_where_machine_readable() {
        let names = |text: &str| match read_copyright("", text.as_bytes()) {
            Ok(Document::DpkgCopyright(names)) => names,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            names(
                "Format: x\n\nFiles: *\nLicense: GPL-2+\n text\n\nLicense: Expat\n\nLicense: GPL-2+\n"
            ),
            ["Expat", "GPL-2+"]
        );
        assert!(names("This package was debianized by\nLicense: GPL\n").is_empty());
        let many: String = (0..300_000)
            .map(|name| format!("License: {name}\n"))
            .collect();
        assert_eq!(names(&format!("Format: x\n{many}")).len(), MAX_NAMES);
    }
}
