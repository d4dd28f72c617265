//! Advisories as the schema has them (<https://ossf.github.io/osv-schema/>), read without any of
//! the code that is to be judged.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use flate2::read::DeflateDecoder;
use serde::Deserialize;

/// One record, as far as matching goes.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) withdrawn: Option<String>,
    #[serde(default)]
    affected: Option<Vec<Affected>>,
    /// All of it.
    #[serde(skip)]
    pub(super) text: String,
}

/// What it says of one package.
#[derive(Debug, Deserialize)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    ecosystem_specific: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Each has one key, the kind of the event, with a version.
    pub(super) events: Vec<BTreeMap<String, String>>,
}

impl Record {
    pub(super) fn affected(&self) -> &[Affected] {
        self.affected.as_deref().unwrap_or_default()
    }
}

impl Affected {
    /// The ranges that a version lies in or not: those of commits are none.
    pub(super) fn ranges(&self) -> impl Iterator<Item = &Range> {
        let ranges = self.ranges.as_deref().unwrap_or_default().iter();
        ranges.filter(|range| matches!(range.kind.as_str(), "ECOSYSTEM" | "SEMVER"))
    }

    /// The versions that its ranges name.
    pub(super) fn events(&self) -> impl Iterator<Item = &String> {
        let events = self.ranges().flat_map(|range| &range.events);
        events.flat_map(BTreeMap::values)
    }

    /// Whether two events of a range stand at one version.
    pub(super) fn has_events_at_one_version(&self) -> bool {
        self.ranges().any(|range| {
            let mut named: Vec<&String> = range.events.iter().flat_map(BTreeMap::values).collect();
            let all = named.len();
            named.sort_unstable();
            named.dedup();
            named.len() < all
        })
    }

    /// Whether it calls the package just so.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let package = self.package.as_ref();
        package.is_some_and(|package| package.name == name)
    }

    /// Whether a program for this system may have the flaw: Go's records name the systems of each
    /// package, where it is not all.
    pub(super) fn is_about(&self, os: &str, architecture: &str) -> bool {
        let imports = self.ecosystem_specific["imports"].as_array();
        let Some(imports) = imports.filter(|imports| !imports.is_empty()) else {
            return true;
        };
        let has = |names: &serde_json::Value, wanted: &str| {
            let names = names.as_array().filter(|names| !names.is_empty());
            names.is_none_or(|names| names.iter().any(|name| name == wanted))
        };
        let is_about =
            |one: &serde_json::Value| has(&one["goos"], os) && has(&one["goarch"], architecture);
        imports.iter().any(is_about)
    }

    /// Whether the first of its ranges is one of commits.
    pub(super) fn begins_with_commits(&self) -> bool {
        let first = self.ranges.as_deref().and_then(<[Range]>::first);
        first.is_some_and(|range| range.kind == "GIT")
    }

    pub(super) fn versions(&self) -> &[String] {
        self.versions.as_deref().unwrap_or_default()
    }
}

/// A package's name as its ecosystem compares it.
pub(super) fn normal(ecosystem: &str, name: &str) -> String {
    if ecosystem != "PyPI" {
        return name.to_owned();
    }
    // PEP 503
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// All records, and which of them speak of a package.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) all: Vec<Record>,
    /// Positions of record and entry, by ecosystem with release and by name.
    by_package: BTreeMap<(String, String), Vec<(usize, usize)>>,
}

impl Records {
    /// Reads every record of a folder: in zip files, or on its own.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut records = Self::default();
        for path in files_of(folder)? {
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let members = match bytes.starts_with(b"PK") {
                true => members(&bytes).with_context(|| path.display().to_string())?,
                false => vec![bytes],
            };
            for member in members {
                let text = String::from_utf8(member)?;
                let mut record: Record = serde_json::from_str(&text)
                    .with_context(|| format!("a record of {}", path.display()))?;
                record.text = text;
                records.all.push(record);
            }
        }
        for (at, record) in records.all.iter().enumerate() {
            if record.withdrawn.is_some() {
                continue;
            }
            for (entry, affected) in record.affected().iter().enumerate() {
                let Some(package) = &affected.package else {
                    continue;
                };
                let name = normal(&package.ecosystem, &package.name);
                let key = (package.ecosystem.clone(), name);
                let known = records.by_package.entry(key).or_default();
                known.push((at, entry));
            }
        }
        Ok(records)
    }

    /// Every package that a record speaks of: ecosystem with release, and name.
    pub(super) fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        let keys = self.by_package.keys();
        keys.map(|(ecosystem, name)| (ecosystem.as_str(), name.as_str()))
    }

    /// What is said of a package.
    pub(super) fn of(
        &self,
        ecosystem: &str,
        name: &str,
    ) -> impl Iterator<Item = (&Record, &Affected)> {
        let key = (ecosystem.to_owned(), normal(ecosystem, name));
        let found = self.by_package.get(&key).map(Vec::as_slice);
        let found = found.unwrap_or_default().iter();
        found.filter_map(|(record, entry)| {
            let record = self.all.get(*record)?;
            Some((record, record.affected().get(*entry)?))
        })
    }
}

/// Files of records, sorted: all zip files and all JSON files below a folder.
fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let ending = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if ending == "zip" || ending == "json" {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The JSON files of a zip file (APPNOTE.TXT 4.3.12 and 4.3.16). OSV's archives of one ecosystem
/// are small enough for the plain format.
fn members(bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let number = |at: usize, length: usize| -> anyhow::Result<usize> {
        let bytes = bytes.get(at..at + length).context("cut short")?;
        let digits = bytes.iter().rev();
        Ok(digits.fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let end = bytes
        .windows(4)
        .rposition(|four| four == b"PK\x05\x06")
        .context("no end of a zip file")?;
    let count = number(end + 10, 2)?;
    ensure!(count < 0xffff, "a zip file of the 64 bit format");
    let mut at = number(end + 16, 4)?;
    let mut found = Vec::with_capacity(count);
    for _ in 0..count {
        let (method, packed) = (number(at + 10, 2)?, number(at + 20, 4)?);
        let lengths = [
            number(at + 28, 2)?,
            number(at + 30, 2)?,
            number(at + 32, 2)?,
        ];
        let local = number(at + 42, 4)?;
        let name = bytes
            .get(at + 46..at + 46 + lengths[0])
            .context("no name")?;
        at += 46 + lengths.iter().sum::<usize>();
        if !name.ends_with(b".json") {
            continue;
        }
        let begins = local + 30 + number(local + 26, 2)? + number(local + 28, 2)?;
        let content = bytes.get(begins..begins + packed).context("cut short")?;
        let mut unpacked = Vec::new();
        match method {
            0 => unpacked.extend(content),
            _ => drop(DeflateDecoder::new(content).read_to_end(&mut unpacked)?),
        }
        found.push(unpacked);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::image::hostile::archive::zip;

    use super::*;

    #[test]
    fn records_are_read_and_found_by_package() {
        let record = r#"{"id": "A-1", "affected": [
            {"package": {"ecosystem": "PyPI", "name": "Zope.X"}, "versions": null, "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]},
            {"ranges": []}]}"#;
        let withdrawn = record
            .replace("A-1", "A-2")
            .replace("\"affected\"", "\"withdrawn\": \"2026\", \"affected\"");
        let folder = tempfile::tempdir().unwrap();
        let archive = zip(&[("A-1.json", record.as_bytes()), ("x.txt", b"")]);
        fs::write(folder.path().join("all.zip"), archive).unwrap();
        fs::write(folder.path().join("A-2.json"), withdrawn).unwrap();
        let records = Records::read(folder.path()).unwrap();
        assert_eq!(records.all.len(), 2);
        assert_eq!(records.packages().collect::<Vec<_>>(), [("PyPI", "zope-x")]);
        let found: Vec<_> = records.of("PyPI", "zope_x").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.ranges().count(), 1);
        assert_eq!(found[0].1.versions().len(), 0);
    }
}
