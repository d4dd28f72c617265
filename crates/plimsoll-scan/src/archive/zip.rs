//! Zip files in memory, by their central directory (PKWARE, APPNOTE 6.3.10). What lies before the
//! archive, as in one that runs by itself, is passed over.

use std::borrow::Cow;

use super::inflate::deflated;

const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

const END_LENGTH: usize = 22;
const CENTRAL_LENGTH: usize = 46;
const LOCAL_LENGTH: usize = 30;

/// How far from the end of the file the end record may begin: it is followed by a comment.
const END_REACH: usize = END_LENGTH + 0xffff;

/// A zip file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zip<'a> {
    bytes: &'a [u8],
    directory: &'a [u8],
    /// Bytes before the archive, which its offsets do not count.
    before: u64,
}

/// One member of a zip file, as the central directory lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// Its name, as it is written: any bytes.
    pub(crate) name: &'a [u8],
    /// Bytes of it in the archive.
    pub(crate) packed: u64,
    /// Bytes it says to unpack to.
    pub(crate) size: u64,
    /// CRC-32 of what it unpacks to.
    pub(crate) sum: u32,
    /// How it is packed: 0 not at all, 8 deflated.
    pub(crate) method: u16,
    /// Whether a password is needed.
    pub(crate) encrypted: bool,
    /// Where its local header lies, without what is before the archive.
    pub(crate) offset: u64,
}

impl<'a> Zip<'a> {
    /// Finds the central directory.
    ///
    /// # Errors
    /// There is none, or it does not lie in the file.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let found = Directory::locate(bytes, 0)?;
        let directory =
            range(bytes, found.start, found.length).ok_or("its central directory is damaged")?;
        Ok(Self {
            bytes,
            directory,
            before: found.before,
        })
    }

    /// Its members, in the order of the directory; ends where that is damaged, with an error.
    pub(crate) fn members(
        &self,
    ) -> impl Iterator<Item = Result<Member<'a>, &'static str>> + use<'a> {
        members(self.directory)
    }

    /// The content of a member. Its checksum is not verified: what is read here proves nothing by
    /// being unchanged.
    ///
    /// # Errors
    /// It does not lie in the file, is encrypted or packed in a way that is not read, is damaged,
    /// or unpacks to more than `limit` bytes or than its archive says.
    fn read(&self, member: &Member<'_>, limit: usize) -> Result<Cow<'a, [u8]>, &'static str> {
        let packed = self.packed(member)?;
        match member.method {
            0 if packed.len() > limit => Err("it is longer than what is read of such a file"),
            0 => Ok(Cow::Borrowed(packed)),
            8 if member.size > limit as u64 => Err("it is longer than what is read of such a file"),
            // At most `limit`, as was seen.
            8 => {
                let size = usize::try_from(member.size).unwrap_or(limit);
                Ok(Cow::Owned(deflated(packed, false, size)?))
            }
            _ => Err("it is packed in a way that is not read"),
        }
    }

    /// The bytes of a member as they lie in the file.
    fn packed(&self, member: &Member<'_>) -> Result<&'a [u8], &'static str> {
        if member.encrypted {
            return Err("it is encrypted");
        }
        let outside = "it does not lie in its archive";
        let start = self.before.checked_add(member.offset).ok_or(outside)?;
        let header = range(self.bytes, start, LOCAL_LENGTH as u64).ok_or(outside)?;
        if !header.starts_with(&LOCAL) {
            return Err(outside);
        }
        let names = u64::from(u16_at(header, 26).ok_or(outside)?)
            + u64::from(u16_at(header, 28).ok_or(outside)?);
        range(
            self.bytes,
            start
                .checked_add(LOCAL_LENGTH as u64 + names)
                .ok_or(outside)?,
            member.packed,
        )
        .ok_or(outside)
    }
}

/// Bytes that one archive may make us read of its members, packed and unpacked, those of archives in
/// it among them. A directory may list the same bytes any number of times, and few bytes may unpack
/// to many: what an archive can cost follows from how long it is.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u64,
}

impl Allowance {
    /// What every archive may make us read, in bytes.
    const BASE: u64 = 64 << 10;
    /// What each byte of it may add. Archives in archives and the metadata of packages come to a
    /// few times the length of the file, however well they are packed.
    const RATIO: u64 = 16;
    /// What it takes to read a member at all.
    const MEMBER: u64 = 256;

    /// What is said of a member that is more than is left.
    pub(crate) const SPENT: &str =
        "its archive has more to be unpacked than is read of one of its size";

    /// That of an archive of `length` bytes, where no archive has more than `most`.
    pub(crate) fn new(length: usize, most: u64) -> Self {
        let earned = Self::RATIO.saturating_mul(length as u64);
        Self {
            left: Self::BASE.saturating_add(earned).min(most),
        }
    }

    /// The content of a member, as [`Zip::read`] gives it. What could not be read counts too.
    ///
    /// # Errors
    /// It is more than is left, or cannot be read.
    pub(crate) fn read<'a>(
        &mut self,
        zip: Zip<'a>,
        member: &Member<'_>,
        limit: usize,
    ) -> Result<Cow<'a, [u8]>, &'static str> {
        let unpacked = if member.method == 0 { 0 } else { member.size };
        let cost = Self::MEMBER
            .saturating_add(member.packed)
            .saturating_add(unpacked);
        self.left = self.left.checked_sub(cost).ok_or(Self::SPENT)?;
        zip.read(member, limit)
    }
}

/// Where the central directory of a zip file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    /// Where it begins in the file.
    pub(crate) start: u64,
    /// How long it is.
    pub(crate) length: u64,
    /// Bytes before the archive, which its offsets do not count.
    pub(crate) before: u64,
}

impl Directory {
    /// How much of the end of a file is enough to find its directory.
    pub(crate) const TAIL: usize = END_REACH + 76;

    /// Finds the directory from the end of a file, which lies at `base` in it.
    ///
    /// # Errors
    /// There is none, or what tells where it lies is damaged.
    pub(crate) fn locate(tail: &[u8], base: u64) -> Result<Self, &'static str> {
        let reach = tail.len().saturating_sub(END_REACH);
        let end = memchr::memmem::rfind_iter(tail.get(reach..).unwrap_or_default(), &END)
            .map(|at| reach + at)
            // A comment may hold the same four bytes: the record whose comment fits is the one.
            .find(|at| {
                u16_at(tail, at + 20)
                    .is_some_and(|comment| at + END_LENGTH + usize::from(comment) <= tail.len())
            })
            .ok_or("it is no zip file: it has no central directory")?;
        let broken = "its central directory does not lie in it";
        let (length, offset, end) = match directory_64(tail, base, end) {
            Some(found) => found,
            None => (
                u64::from(u32_at(tail, end + 12).ok_or(broken)?),
                u64::from(u32_at(tail, end + 16).ok_or(broken)?),
                base + end as u64,
            ),
        };
        let start = end.checked_sub(length).ok_or(broken)?;
        let before = start.checked_sub(offset).ok_or(broken)?;
        Ok(Self {
            start,
            length,
            before,
        })
    }
}

/// The members that a central directory lists; ends where it is damaged, with an error.
pub(crate) fn members(directory: &[u8]) -> impl Iterator<Item = Result<Member<'_>, &'static str>> {
    let mut rest = directory;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match member(rest) {
            Some((member, later)) => {
                rest = later;
                Some(Ok(member))
            }
            None => {
                rest = &[];
                Some(Err("its central directory is damaged"))
            }
        }
    })
}

/// Length and offset of the directory, and where it ends, from the records of a large archive
/// (APPNOTE 4.3.14, 4.3.15), where it has them.
fn directory_64(tail: &[u8], base: u64, end: usize) -> Option<(u64, u64, u64)> {
    let locator = end.checked_sub(20)?;
    if !tail.get(locator..)?.starts_with(&LOCATOR_64) {
        return None;
    }
    // The record lies right before the locator, unless it was extended; its own offset does not
    // count what lies before the archive.
    let usual = locator.checked_sub(56);
    let stated = u64_at(tail, locator + 8)?
        .checked_sub(base)
        .and_then(|at| usize::try_from(at).ok());
    let at = [usual, stated].into_iter().flatten().find(|at| {
        tail.get(*at..)
            .is_some_and(|record| record.starts_with(&END_64))
    })?;
    Some((
        u64_at(tail, at.checked_add(40)?)?,
        u64_at(tail, at.checked_add(48)?)?,
        base + at as u64,
    ))
}

/// The first record of a central directory, and what follows it.
pub(crate) fn member(directory: &[u8]) -> Option<(Member<'_>, &[u8])> {
    let (header, rest) = directory.split_at_checked(CENTRAL_LENGTH)?;
    if !header.starts_with(&CENTRAL) {
        return None;
    }
    let (name, rest) = rest.split_at_checked(u16_at(header, 28)?.into())?;
    let (extra, rest) = rest.split_at_checked(u16_at(header, 30)?.into())?;
    let (_, rest) = rest.split_at_checked(u16_at(header, 32)?.into())?;
    let mut large = large_sizes(extra);
    // A field that is full says that its value stands in the extra field (APPNOTE 4.5.3).
    let mut wide = |at: usize| match u32_at(header, at)? {
        u32::MAX => Some(large.next().unwrap_or(u64::from(u32::MAX))),
        value => Some(u64::from(value)),
    };
    let size = wide(24)?;
    let packed = wide(20)?;
    let offset = wide(42)?;
    let member = Member {
        name,
        packed,
        size,
        sum: u32_at(header, 16)?,
        method: u16_at(header, 10)?,
        encrypted: u16_at(header, 8)? & 1 != 0,
        offset,
    };
    Some((member, rest))
}

/// The values of the zip64 extra field.
fn large_sizes(extra: &[u8]) -> impl Iterator<Item = u64> + use<'_> {
    let mut rest = extra;
    let mut found: &[u8] = &[];
    while let (Some(id), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let Some(data) = rest.get(4..4 + usize::from(length)) else {
            break;
        };
        if id == 1 {
            found = data;
            break;
        }
        rest = rest.get(4 + usize::from(length)..).unwrap_or_default();
    }
    found.chunks_exact(8).filter_map(|chunk| u64_at(chunk, 0))
}

fn range(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let end = usize::try_from(start.checked_add(length)?).ok()?;
    bytes.get(usize::try_from(start).ok()?..end)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(found.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(found.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let found = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(found.try_into().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// A zip of these members, deflated where that is wanted.
    pub(crate) fn zip(members: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        for (name, content) in members {
            let packed = if deflate {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            } else {
                content.to_vec()
            };
            let offset = out.len() as u32;
            let method = if deflate { 8_u16 } else { 0 };
            let mut common = Vec::new();
            common.extend(20_u16.to_le_bytes());
            common.extend(0_u16.to_le_bytes());
            common.extend(method.to_le_bytes());
            common.extend([0; 4]);
            let mut sum = flate2::Crc::new();
            sum.update(content);
            common.extend(sum.sum().to_le_bytes());
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((content.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend(0_u16.to_le_bytes());
            out.extend(LOCAL);
            out.extend(&common);
            out.extend(name.as_bytes());
            out.extend(packed);
            directory.extend(CENTRAL);
            directory.extend(20_u16.to_le_bytes());
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend(0_u32.to_le_bytes());
            directory.truncate(directory.len() - 4);
            directory.extend(offset.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let start = out.len() as u32;
        out.extend(&directory);
        out.extend(END);
        out.extend([0; 4]);
        out.extend((members.len() as u16).to_le_bytes());
        out.extend((members.len() as u16).to_le_bytes());
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out
    }

    fn contents(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let zip = Zip::open(bytes).unwrap();
        zip.members()
            .map(|member| {
                let member = member.unwrap();
                let content = zip.read(&member, 1 << 20).unwrap();
                assert_eq!(content.len() as u64, member.size);
                (
                    String::from_utf8_lossy(member.name).into_owned(),
                    content.into_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn members_are_read_wherever_the_archive_begins() {
        let members: &[(&str, &[u8])] = &[("a/b", b"hello"), ("empty", b""), ("c", &[7; 70_000])];
        let expected: Vec<(String, Vec<u8>)> = members
            .iter()
            .map(|(name, content)| ((*name).to_owned(), content.to_vec()))
            .collect();
        for deflate in [false, true] {
            let plain = zip(members, deflate);
            assert_eq!(contents(&plain), expected);
            let mut runs = b"#!/bin/sh\nexec java -jar \"$0\"\n".to_vec();
            runs.extend(&plain);
            assert_eq!(contents(&runs), expected);
        }
    }

    #[test]
    fn what_is_no_archive_says_so() {
        assert!(Zip::open(b"").is_err());
        assert!(Zip::open(b"version https://git-lfs.github.com/spec/v1").is_err());
        let mut cut = zip(&[("a", b"x")], false);
        let end = cut.len() - 6;
        cut[end..end + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Zip::open(&cut).is_err());
        let bomb = zip(&[("a", &[0; 1 << 20])], true);
        let opened = Zip::open(&bomb).unwrap();
        let member = opened.members().next().unwrap().unwrap();
        assert!(opened.read(&member, 1 << 10).is_err());
    }

    /// One member, of which the directory says that it unpacks to `size` bytes.
    fn saying(size: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = zip(&[("a", content)], true);
        let at = memchr::memmem::find(&bytes, &CENTRAL).unwrap() + 24;
        bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    #[test]
    fn no_member_unpacks_to_more_than_its_archive_says() {
        for (said, is_read) in [(300_000, true), (299_999, false), (0, false)] {
            let bytes = saying(said, &[7; 300_000]);
            let opened = Zip::open(&bytes).unwrap();
            let member = opened.members().next().unwrap().unwrap();
            assert_eq!(opened.read(&member, 1 << 20).is_ok(), is_read, "{said}");
        }
    }

    #[test]
    fn an_allowance_ends_however_members_are_packed() {
        for deflate in [false, true] {
            let bytes = zip(&[("a", b"once"), ("b", &[b'x'; 3_000])], deflate);
            let opened = Zip::open(&bytes).unwrap();
            let mut allowance = Allowance::new(bytes.len(), u64::MAX);
            let members: Vec<_> = opened.members().map(Result::unwrap).collect();
            let read = (0..10_000)
                .flat_map(|_| &members)
                .take_while(|member| allowance.read(opened, member, 1 << 20).is_ok())
                .count();
            assert!((20..1_000).contains(&read), "{read}");
        }
        // One that is no longer than its own few bytes explain.
        let bomb = zip(&[("a", &[0; 4 << 20])], true);
        let opened = Zip::open(&bomb).unwrap();
        let member = opened.members().next().unwrap().unwrap();
        let mut allowance = Allowance::new(bomb.len(), u64::MAX);
        assert!(allowance.read(opened, &member, 64 << 20).is_err());
        assert!(allowance.read(opened, &member, 64 << 20).is_err());
        // Nobody has more than there is for all.
        assert_eq!(Allowance::new(usize::MAX, 100).left, 100);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            deflate: bool,
        ) {
            let mut made = zip(&[("META-INF/MANIFEST.MF", &bytes), ("b", b"2")], deflate);
            for (index, value) in changes {
                let at = index.index(made.len());
                made[at] = value;
            }
            bytes.extend(made);
            if let Ok(zip) = Zip::open(&bytes) {
                for member in zip.members().flatten() {
                    let _ = zip.read(&member, 1 << 16);
                }
            }
        }
    }
}
