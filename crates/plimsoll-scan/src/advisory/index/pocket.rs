//! What security pockets of distributions hold: the newest version of each package, by its binary
//! name and architecture.
//!
//! ```text
//! POCKET_INDEX  count varint · pocket…
//! pocket        release · suite · architectures · date signed (0: not told) · packages varint ·
//!               end of its block u32 · unpacked length u32 · checksum u32
//! block         architectures · sources · packages, packed with zstd
//! sources       count varint · (name · version)…
//! packages      count varint · (name · architecture varint · source varint · version, empty where
//!               it is the source's)…
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::super::pocket::PocketName;
use super::format::{MAX_BLOCK, Reader, Section, Writer, sum};
use super::{Index, IndexError};

/// Most packages of one pocket, each architecture on its own. All of Debian has some sixty thousand for
/// an architecture.
pub(crate) const MAX_PACKAGES: usize = 1 << 18;

/// A security pocket of a distribution's release, as an index holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pocket {
    /// Whose it is, and what its archive calls it.
    pub name: PocketName,
    /// Architectures that its packages were taken for, in the distribution's words, sorted; `all` is
    /// none of them.
    pub architectures: Vec<String>,
    /// When the archive published it, in seconds since 1970 (UTC), where its `Release` was there.
    pub date: Option<i64>,
    /// How many packages it has, each architecture on its own.
    pub packages: u64,
    start: u32,
    end: u32,
    length: u32,
    sum: u32,
}

/// The newest version of a package in a pocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PocketPackage<'i> {
    /// Name of the binary package.
    pub name: &'i str,
    /// Its architecture, or `all`.
    pub architecture: &'i str,
    /// Its version.
    pub version: &'i str,
    /// The source package that it is built from.
    pub source: &'i str,
    /// The version of that.
    pub source_version: &'i str,
}

/// The block of a pocket, not packed yet. `packages` are sorted.
pub(crate) fn write_block(packages: &[PocketPackage<'_>]) -> Vec<u8> {
    let mut architectures: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sources: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for package in packages {
        architectures.insert(package.architecture, 0);
        sources.insert((package.source, package.source_version), 0);
    }
    let mut out = Vec::new();
    out.varint(architectures.len() as u64);
    for (number, (architecture, place)) in (0..).zip(&mut architectures) {
        *place = number;
        out.text(architecture);
    }
    out.varint(sources.len() as u64);
    for (number, ((name, version), place)) in (0..).zip(&mut sources) {
        *place = number;
        out.text(name);
        out.text(version);
    }
    out.varint(packages.len() as u64);
    for package in packages {
        let source = (package.source, package.source_version);
        out.text(package.name);
        // Each is there: it was put in above.
        out.varint(
            architectures
                .get(package.architecture)
                .copied()
                .unwrap_or(0),
        );
        out.varint(sources.get(&source).copied().unwrap_or(0));
        out.text(match package.version {
            same if same == package.source_version => "",
            own => own,
        });
    }
    out
}

/// A pocket whose block was written: `end` is where, `length` its bytes before it was packed.
#[derive(Clone, Debug)]
pub(crate) struct Written<'a> {
    pub(crate) name: &'a PocketName,
    pub(crate) architectures: &'a [String],
    pub(crate) date: Option<i64>,
    pub(crate) packages: u64,
    pub(crate) end: u32,
    pub(crate) length: u32,
    pub(crate) sum: u32,
}

/// POCKET_INDEX.
pub(crate) fn write_index(pockets: &[Written<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    if pockets.is_empty() {
        return out;
    }
    out.varint(pockets.len() as u64);
    for pocket in pockets {
        out.text(&pocket.name.release);
        out.text(&pocket.name.suite);
        out.texts(pocket.architectures);
        out.signed(pocket.date.unwrap_or(0));
        out.varint(pocket.packages);
        for number in [pocket.end, pocket.length, pocket.sum] {
            out.extend(number.to_le_bytes());
        }
    }
    out
}

/// Most bytes of all blocks before they were packed.
const MAX_UNPACKED: u64 = 8 * MAX_BLOCK as u64;

fn read_index(bytes: &[u8]) -> Option<Vec<Pocket>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut from = Reader::new(bytes);
    let mut pockets = Vec::new();
    let mut start = 0;
    let mut names = BTreeSet::new();
    let mut unpacked = 0_u64;
    for _ in 0..from.count()? {
        let pocket = Pocket {
            name: PocketName {
                release: from.text()?.to_owned(),
                suite: from.text()?.to_owned(),
            },
            architectures: from.texts()?,
            date: Some(from.signed()?).filter(|date| *date != 0),
            packages: from.varint()?,
            start,
            end: from.u32()?,
            length: from.u32()?,
            sum: from.u32()?,
        };
        start = pocket.end;
        unpacked += u64::from(pocket.length);
        // Each is there once. A block that is named again and again would cost as often.
        if !names.insert(pocket.name.clone()) || unpacked > MAX_UNPACKED {
            return None;
        }
        pockets.push(pocket);
    }
    Some(pockets)
}

fn read_block(block: &[u8], each: &mut dyn FnMut(PocketPackage<'_>)) -> Option<()> {
    let mut from = Reader::new(block);
    // No more are written, and each takes many times the bytes in memory that it has here.
    let count = |from: &mut Reader<'_>| from.count().filter(|count| *count <= MAX_PACKAGES);
    let mut architectures = Vec::new();
    for _ in 0..count(&mut from)? {
        architectures.push(from.text()?);
    }
    let mut sources = Vec::new();
    for _ in 0..count(&mut from)? {
        sources.push((from.text()?, from.text()?));
    }
    for _ in 0..count(&mut from)? {
        let name = from.text()?;
        let architecture = architectures.get(usize::try_from(from.varint()?).ok()?)?;
        let (source, source_version) = sources.get(usize::try_from(from.varint()?).ok()?)?;
        let version = match from.text()? {
            "" => source_version,
            own => own,
        };
        each(PocketPackage {
            name,
            architecture,
            version,
            source,
            source_version,
        });
    }
    Some(())
}

impl Index {
    /// The security pockets that it holds, sorted by release and suite.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn pockets(&self) -> Result<Vec<Pocket>, IndexError> {
        read_index(self.section(Section::PocketIndex)?)
            .ok_or_else(|| self.damaged("its list of security pockets"))
    }

    /// Gives every package of a pocket to `each`, sorted by name and architecture.
    ///
    /// # Errors
    /// The index is damaged. Some packages were given then, perhaps.
    pub fn each_package(
        &self,
        pocket: &Pocket,
        each: &mut dyn FnMut(PocketPackage<'_>),
    ) -> Result<(), IndexError> {
        (|| {
            let (start, end) = (pocket.start as usize, pocket.end as usize);
            let packed = self.place(Section::Pockets).get(start..end)?;
            let length = pocket.length as usize;
            if sum(packed) != pocket.sum || length > MAX_BLOCK {
                return None;
            }
            let block = zstd::bulk::decompress(packed, length).ok()?;
            read_block(&block, each)
        })()
        .ok_or_else(|| self.damaged("what a security pocket holds"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pocket_that_is_there_twice_or_too_large_is_damage() {
        let written = |name, length| Written {
            name,
            architectures: &[],
            date: None,
            packages: 1,
            end: 9,
            length,
            sum: 0,
        };
        let [one, other] =
            ["debian:12", "debian:13"].map(|name| PocketName::of_release(name).unwrap());
        let read = |pockets: &[Written<'_>]| read_index(&write_index(pockets));
        assert_eq!(
            read(&[written(&one, 1), written(&other, 1)]).unwrap().len(),
            2
        );
        assert_eq!(read(&[written(&one, 1), written(&one, 1)]), None);
        assert_eq!(read(&[written(&one, 1 << 29), written(&other, 1)]), None);
    }

    #[test]
    fn a_block_of_more_parts_than_a_pocket_has_is_damage() {
        let of = |sources: usize| {
            let mut block = vec![0];
            block.varint(sources as u64);
            block.resize(block.len() + 2 * sources + 1, 0);
            block
        };
        let read = |block: &[u8]| read_block(block, &mut |_| {});
        assert_eq!(read(&of(MAX_PACKAGES)), Some(()));
        assert_eq!(read(&of(MAX_PACKAGES + 1)), None);
    }

    proptest! {
        #[test]
        fn packages_come_back(
            names in proptest::collection::btree_set("[a-c]{1,3}", 0..20),
            version in "[0-9]{1,2}", own in "[0-9]{0,2}",
        ) {
            let packages: Vec<PocketPackage<'_>> = names
                .iter()
                .flat_map(|name| ["all", "amd64"].map(|architecture| PocketPackage {
                    name,
                    architecture,
                    version: if own.is_empty() { &version } else { &own },
                    source: &name[..1],
                    source_version: &version,
                }))
                .collect();
            let mut found = Vec::new();
            let block = write_block(&packages);
            let read = read_block(&block, &mut |package| {
                found.push((package.name.to_owned(), package.architecture.to_owned(),
                    package.version.to_owned(), package.source_version.to_owned()));
            });
            prop_assert_eq!(read, Some(()));
            let expected: Vec<_> = packages
                .iter()
                .map(|package| (package.name.to_owned(), package.architecture.to_owned(),
                    package.version.to_owned(), package.source_version.to_owned()))
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read_index(&bytes);
            let _ = read_block(&bytes, &mut |_| {});
        }
    }
}
