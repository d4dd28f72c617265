//! Any bytes as an index: what lies behind checksums must hold, too.

use super::format::{HEADER, Header, Place, Section, sum, u32_in};
use super::{Index, IndexError, Packages, Unpacker, between};
use crate::advisory::Ecosystem;

/// Reads bytes as an index whose checksums fit, and asks it for all it has.
pub(in crate::advisory) fn fuzz(bytes: &[u8]) {
    if let Ok(index) = Index::from_bytes("fuzz", resealed(bytes.to_vec())) {
        let _ = ask_all(&index);
    }
}

fn ask_all(index: &Index) -> Result<(), IndexError> {
    index.snapshot()?;
    for pocket in index.pockets()? {
        index.each_package(&pocket, &mut |_| {})?;
    }
    if let Some(scores) = index.scores()? {
        let _ = (scores.of(0), scores.of(u64::MAX));
    }
    index.exploited()?;
    let ratings = index.ratings()?;
    for cve in [0, u64::MAX] {
        index.rating(&ratings, cve)?;
    }
    let (tables, packages) = (index.tables()?, index.packages()?);
    let mut unpacker = Unpacker::default();
    for number in 0..tables.ecosystems.len() as u32 {
        let ecosystem = tables
            .ecosystems
            .get(number as usize)
            .and_then(Ecosystem::parse);
        let (Some(ecosystem), Some(keys)) = (ecosystem, tables.keys(number)) else {
            continue;
        };
        for key in keys {
            let name = between(packages.name_ends, key as usize, packages.names);
            let Some(name) = name.and_then(|name| std::str::from_utf8(name).ok()) else {
                break;
            };
            for affected in index.affected(&ecosystem, name)? {
                let affected = affected?;
                let events: usize = affected.ranges().map(|range| range.events().count()).sum();
                let _ = (
                    events,
                    affected.versions().count(),
                    affected.severities().count(),
                );
                index.record(affected.record)?;
                index.sized_details(affected.record, &mut unpacker)?;
            }
        }
    }
    Ok(())
}

/// Makes every checksum of an index fit again, so that what lies behind them is tried.
pub(in crate::advisory) fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut header) = Header::read(bytes.get(..HEADER).unwrap_or(&bytes)) else {
        return bytes;
    };
    // What stands where a header ends is a section in the first form.
    if header
        .sections
        .iter()
        .any(|place| place.length > 0 && place.offset < HEADER as u64)
    {
        return bytes;
    }
    header.length = bytes.len() as u64;
    let sections = header.sections;
    let reseal = |bytes: &mut [u8]| {
        if let Some((stated, rest)) = bytes.split_at_mut_checked(4) {
            stated.copy_from_slice(&sum(rest).to_le_bytes());
        }
    };
    let place = |section: Section| {
        let Place { offset, length, .. } = sections[section as usize];
        offset as usize..(offset + length) as usize
    };
    // Pieces with a checksum each, by the ends that the file itself tells.
    let packages = bytes.get(place(Section::Packages)).unwrap_or_default();
    let body_ends = Packages::read(packages).map_or(Vec::new(), |found| found.body_ends.to_vec());
    let record_index = bytes.get(place(Section::RecordIndex)).unwrap_or_default();
    let group_ends = record_index.get(4..).unwrap_or_default().to_vec();
    for (section, ends) in [(Section::Bodies, body_ends), (Section::Records, group_ends)] {
        let pieces = bytes.get_mut(place(section)).unwrap_or_default();
        let mut start = 0;
        for number in 0..ends.len() / 4 {
            let end = u32_in(&ends, number).unwrap_or_default() as usize;
            if let Some(piece) = pieces.get_mut(start..end) {
                reseal(piece);
            }
            start = end;
        }
    }
    for section in Section::ALL {
        let range = place(section);
        header.sections[section as usize].sum = sum(bytes.get(range).unwrap_or_default());
    }
    if let Some(start) = bytes.get_mut(..HEADER) {
        start.copy_from_slice(&header.write());
    }
    bytes
}

/// An index whose checksums and whose name fit, as somebody makes it who means harm.
#[cfg(test)]
pub(in crate::advisory) fn signed(bytes: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};

    let mut bytes = resealed(bytes);
    let Ok(mut header) = Header::read(bytes.get(..HEADER).unwrap_or(&bytes)) else {
        return bytes;
    };
    let mut hasher = Sha256::new();
    for section in Section::ALL {
        let Place { offset, length, .. } = header.sections[section as usize];
        let range = offset as usize..(offset + length) as usize;
        hasher.update(bytes.get(range).unwrap_or_default());
    }
    header.snapshot = hasher.finalize().into();
    bytes[..HEADER].copy_from_slice(&header.write());
    bytes
}

/// An index whose header tells another date.
#[cfg(test)]
pub(in crate::advisory) fn redated(bytes: &[u8], date: Option<i64>) -> Vec<u8> {
    let mut header = Header::read(bytes).unwrap();
    header.date = date;
    let mut redated = header.write().to_vec();
    redated.extend(&bytes[HEADER..]);
    redated
}

/// An index without what the form lacks, as an earlier form of the file has it.
#[cfg(test)]
pub(in crate::advisory) fn in_earlier_form(bytes: &[u8], form: u32) -> Vec<u8> {
    let header = Header::read(bytes).unwrap();
    let mut earlier = header.write_earlier(form);
    earlier.extend(&bytes[HEADER..]);
    earlier
}
