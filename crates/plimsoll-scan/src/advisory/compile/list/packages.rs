//! An archive's index of binary packages: deb822, `Packages`
//! (<https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices>).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::BufRead;
use std::path::Path;

use super::super::super::index::format::MAX_BLOCK;
pub(crate) use super::super::super::index::pocket::MAX_PACKAGES;
use super::super::super::pocket::PocketName;
use super::super::super::version::Order;
use super::NoList;
use super::pocket::{self, Found};

/// Longest line of which more than its beginning is read, in bytes.
const MAX_LINE: usize = 4096;

/// Most bytes of names and versions of one pocket: more would not go into an index either.
pub(crate) const MAX_BYTES: usize = MAX_BLOCK;

/// Name and architecture of a binary package.
type Key = (String, String);

/// A version of a binary package, and what it is built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) version: String,
    pub(crate) source: String,
    pub(crate) source_version: String,
}

/// What a security pocket holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PocketList {
    pub(crate) name: PocketName,
    /// Without `all`, sorted.
    pub(crate) architectures: Vec<String>,
    /// When each component and architecture was published, in seconds since 1970 (UTC), where it
    /// tells: of several days the newest.
    dates: BTreeMap<Key, Option<i64>>,
    /// The newest version by name and architecture.
    pub(crate) packages: BTreeMap<Key, Version>,
    /// Bytes of all their names and versions.
    pub(crate) bytes: usize,
}

impl PocketList {
    /// Puts together what two indexes say of one pocket: its components and architectures, or an
    /// earlier day. Whichever is first, the newer version counts.
    ///
    /// # Errors
    /// Together they are more than a pocket can be.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), String> {
        for (part, date) in other.dates {
            let known = self.dates.entry(part).or_insert(date);
            *known = date.max(*known);
        }
        self.architectures.extend(other.architectures);
        self.architectures.sort_unstable();
        self.architectures.dedup();
        for (key, version) in other.packages {
            self.put(key, version)?;
        }
        Ok(())
    }

    /// How old it is: as old as the part that is oldest. None where one does not tell.
    pub(crate) fn date(&self) -> Option<i64> {
        self.dates.values().min().copied().flatten()
    }

    /// Keeps the newer version. Versions were seen to be ones.
    fn put(&mut self, key: Key, version: Version) -> Result<(), String> {
        put(&mut self.packages, &mut self.bytes, key, version);
        match self.packages.len() > MAX_PACKAGES || self.bytes > MAX_BYTES {
            true => Err(format!(
                "{} has more packages than any security pocket",
                self.name.suite
            )),
            false => Ok(()),
        }
    }
}

fn put(packages: &mut BTreeMap<Key, Version>, bytes: &mut usize, key: Key, version: Version) {
    let length = |version: &Version| {
        version.version.len() + version.source.len() + version.source_version.len()
    };
    let new = length(&version);
    match packages.entry(key) {
        Entry::Vacant(entry) => {
            *bytes += entry.key().0.len() + entry.key().1.len() + new;
            entry.insert(version);
        }
        Entry::Occupied(mut entry) => {
            let known = entry.get();
            let order = Order::Dpkg.compare(&version.version, &known.version);
            let order = order.unwrap_or(std::cmp::Ordering::Equal);
            // Of two that are written otherwise and are one, the same, whichever is first.
            if order.then_with(|| version.cmp(known)).is_gt() {
                *bytes = *bytes + new - length(known);
                entry.insert(version);
            }
        }
    }
}

/// Whether a text begins as such an index does.
pub(super) fn is_one(text: &[u8]) -> bool {
    let start = text.trim_ascii_start();
    start
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"Package:"))
}

/// Reads an index; `path` is where it lies, `named` the pocket that it was said to be of.
pub(super) fn read(
    mut from: impl BufRead,
    path: &Path,
    named: Option<&PocketName>,
) -> Result<PocketList, NoList> {
    let Found {
        name,
        date,
        component,
        architecture,
    } = pocket::of(path, named)?;
    let mut found = PocketList {
        name,
        architectures: Vec::new(),
        dates: BTreeMap::new(),
        packages: BTreeMap::new(),
        bytes: 0,
    };
    let mut stanza = Stanza::default();
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        number += 1;
        let at = |why: String| NoList::Unused(format!("line {number}: {why}"));
        let more = read_line(&mut from, &mut line).map_err(|error| at(error.to_string()))?;
        let text = line.trim_ascii_end();
        if more && !text.is_empty() {
            stanza.line(text);
            continue;
        }
        if let Some((key, version)) = std::mem::take(&mut stanza).finish().map_err(at)? {
            found.put(key, version).map_err(at)?;
        }
        if !more {
            break;
        }
    }
    let mut architectures: Vec<String> = found
        .packages
        .keys()
        .map(|(_, architecture)| architecture)
        .chain(&architecture)
        .filter(|architecture| *architecture != "all")
        .cloned()
        .collect();
    architectures.sort_unstable();
    architectures.dedup();
    let part = architecture.unwrap_or_else(|| architectures.join(" "));
    found
        .dates
        .insert((component.unwrap_or_default(), part), date);
    found.architectures = architectures;
    Ok(found)
}

/// Reads a line, of a long one its beginning; false at the end.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = match from.fill_buf() {
            Ok([]) => return Ok(any),
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or(buffer);
        let room = MAX_LINE.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(part.get(..room).unwrap_or_default());
        let used = end.map_or(buffer.len(), |end| end + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The fields of one package, as they come.
#[derive(Default)]
struct Stanza {
    any: bool,
    name: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    source: Option<String>,
}

impl Stanza {
    fn line(&mut self, line: &[u8]) {
        self.any = true;
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (field, value) = line.split_at(colon);
        let place = match field.to_ascii_lowercase().as_slice() {
            b"package" => &mut self.name,
            b"version" => &mut self.version,
            b"architecture" => &mut self.architecture,
            b"source" => &mut self.source,
            _ => return,
        };
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        *place = Some(String::from_utf8_lossy(value).into_owned());
    }

    fn finish(self) -> Result<Option<(Key, Version)>, String> {
        if !self.any {
            return Ok(None);
        }
        let name = word("Package", self.name)?;
        let of = |why: String| format!("package {}: {why}", name.escape_debug());
        let version = word("Version", self.version).map_err(of)?;
        Order::Dpkg
            .compare(&version, "0")
            .map_err(|bad| of(bad.to_string()))?;
        let architecture = word("Architecture", self.architecture).map_err(of)?;
        // `Source: name`, or `Source: name (version)`; without it both are the package's own.
        let source = self.source.unwrap_or_default();
        let mut words = source.split_ascii_whitespace();
        let source = match words.next() {
            Some(source) => word("Source", Some(source.to_owned())).map_err(of)?,
            None => name.clone(),
        };
        let source_version = words
            .next()
            .and_then(|word| word.strip_prefix('(')?.strip_suffix(')'))
            .filter(|version| Order::Dpkg.compare(version, "0").is_ok())
            .unwrap_or(&version)
            .to_owned();
        let version = Version {
            version,
            source,
            source_version,
        };
        Ok(Some(((name, architecture), version)))
    }
}

/// A value that is one printable word.
fn word(field: &str, value: Option<String>) -> Result<String, String> {
    const LONGEST: usize = 256;
    let value = value.ok_or_else(|| format!("it has no {field} field"))?;
    let is_word = !value.is_empty()
        && value.len() <= LONGEST
        && value.bytes().all(|byte| byte.is_ascii_graphic());
    match is_word {
        true => Ok(value),
        false => Err(format!("its {field} field is none")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INDEX: &str = "Package: openssl\nVersion: 3.0.17-1~deb12u2\nArchitecture: amd64\n\
        Description: tool\n Package: none\n\nPackage: libssl3\nSource: openssl (3.0.17-1)\n\
        Version: 3.0.17-1+b1\nArchitecture: amd64\n\n\n\nPackage: openssl\n\
        Version: 3.0.9-1\nArchitecture: amd64\n\nPackage: tzdata\nVersion: 2025b-0+deb12u1\n\
        Architecture: all\nSource: tzdata\n";

    fn list(text: &[u8]) -> Result<PocketList, NoList> {
        read(
            text,
            Path::new("dists/bookworm-security/main/binary-amd64/Packages"),
            None,
        )
    }

    #[test]
    fn the_newest_version_of_each_package_counts() {
        let found = list(INDEX.as_bytes()).unwrap();
        assert_eq!(found.name.release, "Debian:12");
        assert_eq!(found.architectures, ["amd64"]);
        let of = |name: &str, architecture: &str| {
            &found.packages[&(name.to_owned(), architecture.to_owned())]
        };
        assert_eq!(found.packages.len(), 3);
        assert_eq!(of("openssl", "amd64").version, "3.0.17-1~deb12u2");
        let library = of("libssl3", "amd64");
        assert_eq!(
            (library.source.as_str(), library.source_version.as_str()),
            ("openssl", "3.0.17-1")
        );
        assert_eq!(of("tzdata", "all").source, "tzdata");
    }

    #[test]
    fn what_two_indexes_say_does_not_depend_on_their_order() {
        let (old, new) = INDEX.split_once("\n\n\n\n").unwrap();
        let (old, new) = (list(old.as_bytes()).unwrap(), list(new.as_bytes()).unwrap());
        let (mut one, mut other) = (old.clone(), new.clone());
        one.merge(new).unwrap();
        other.merge(old).unwrap();
        assert_eq!(one, other);
        assert_eq!(one, list(INDEX.as_bytes()).unwrap());
    }

    #[test]
    fn a_pocket_is_as_old_as_its_oldest_part() {
        let part = |component: &str, architecture: &str, date| {
            let path = format!("bookworm-security/{component}/binary-{architecture}/Packages");
            let mut list = read(INDEX.as_bytes(), Path::new(&path), None).unwrap();
            list.dates.values_mut().for_each(|known| *known = date);
            list
        };
        for (parts, expected) in [
            (
                vec![("main", "amd64", Some(2)), ("main", "amd64", Some(3))],
                Some(3),
            ),
            (
                vec![("main", "amd64", Some(2)), ("main", "arm64", Some(3))],
                Some(2),
            ),
            (
                vec![("main", "amd64", Some(9)), ("contrib", "amd64", Some(1))],
                Some(1),
            ),
            (
                vec![("main", "amd64", Some(9)), ("main", "arm64", None)],
                None,
            ),
        ] {
            for order in [parts.clone(), parts.into_iter().rev().collect()] {
                let mut lists = order.iter().map(|(a, b, date)| part(a, b, *date));
                let mut all = lists.next().unwrap();
                lists.for_each(|list| all.merge(list).unwrap());
                assert_eq!(all.date(), expected, "{order:?}");
            }
        }
    }

    #[test]
    fn several_indexes_together_are_no_more_than_a_pocket() {
        let many = |prefix: &str| {
            let stanzas = (0..150_000).map(|number| {
                format!("Package: {prefix}{number}\nVersion: 1\nArchitecture: all\n\n")
            });
            list(stanzas.collect::<String>().as_bytes()).unwrap()
        };
        let mut one = many("a");
        let bytes = one.bytes;
        one.merge(many("a")).unwrap();
        assert_eq!((one.packages.len(), one.bytes), (150_000, bytes));
        assert!(
            one.merge(many("b"))
                .unwrap_err()
                .contains("bookworm-security")
        );
        assert!(one.packages.len() <= MAX_PACKAGES + 1);
    }

    #[test]
    fn a_package_that_is_none_is_told_with_its_line() {
        for (text, expected) in [
            (
                "Package: a\nVersion: 1\n\n",
                "line 3: package a: it has no Architecture",
            ),
            ("Package: a\nArchitecture: all\n", "no Version"),
            (
                "Package: a\nVersion: 1 2\nArchitecture: all\n",
                "Version field is none",
            ),
            ("Package: a\nVersion: x:1\nArchitecture: all\n", "x:1"),
            ("Package: a\n\nVersion: 1\n", "no Version"),
        ] {
            let Err(NoList::Unused(why)) = list(text.as_bytes()) else {
                panic!("{text}")
            };
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn long_lines_are_passed_over() {
        let long = "x".repeat(100_000);
        let text = format!("Package: a\nDepends: {long}\nVersion: 1\nArchitecture: all\n");
        assert_eq!(list(text.as_bytes()).unwrap().packages.len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = list(&bytes);
            let _ = list(&[b"Package: a\nVersion: 1\n", &bytes[..]].concat());
        }
    }
}
