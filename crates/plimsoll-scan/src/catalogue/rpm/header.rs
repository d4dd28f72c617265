//! The header of an RPM package as databases keep it: an index of tags over a store of values
//! (rpm, `docs/manual/format_header.md` and `include/rpm/rpmtag.h`). Numbers are big endian.

use plimsoll_model::is_foreign_rpm;

use crate::catalogue::system::{FileListWriter, Record};
use crate::catalogue::word;

/// Index entries of one header; rpm itself takes no more.
const MAX_ENTRIES: usize = 0xffff;
/// Bytes of the values of one header; rpm itself takes no more.
const MAX_STORE: usize = 256 << 20;

/// Bytes of an index entry: tag, type, offset, count.
const ENTRY: usize = 16;

mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const SIZE: u32 = 1009;
    pub(super) const VENDOR: u32 = 1011;
    pub(super) const LICENSE: u32 = 1014;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const OLD_FILE_NAMES: u32 = 1027;
    pub(super) const FILE_DIGESTS: u32 = 1035;
    pub(super) const SOURCE_RPM: u32 = 1044;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const LONG_SIZE: u32 = 5009;
    pub(super) const MODULARITY_LABEL: u32 = 5096;
}

const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// A header, its index checked to lie within it.
struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    fn new(blob: &'a [u8]) -> Result<Self, String> {
        let short = || "a header ends early".to_owned();
        let entries = word_at(blob, 0).ok_or_else(short)? as usize;
        let store = word_at(blob, 4).ok_or_else(short)? as usize;
        if entries > MAX_ENTRIES || store > MAX_STORE {
            return Err(format!(
                "a header claims {entries} entries and {store} bytes of values"
            ));
        }
        let (index, rest) = blob
            .get(8..)
            .and_then(|rest| rest.split_at_checked(entries * ENTRY))
            .ok_or_else(short)?;
        Ok(Self {
            index,
            store: rest.get(..store).ok_or_else(short)?,
        })
    }

    /// Type, values and their count.
    fn find(&self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let entry = self
            .index
            .chunks_exact(ENTRY)
            .find(|entry| word_at(entry, 0) == Some(tag))?;
        let values = self.store.get(word_at(entry, 8)? as usize..)?;
        Some((word_at(entry, 4)?, values, word_at(entry, 12)? as usize))
    }

    fn text(&self, tag: u32) -> Option<String> {
        let (kind, values, _) = self.find(tag)?;
        matches!(kind, STRING | STRING_ARRAY | I18N_STRING)
            .then(|| String::from_utf8_lossy(until_nul(values)).into_owned())
    }

    fn number(&self, tag: u32) -> Option<u64> {
        let (kind, values, _) = self.find(tag)?;
        match kind {
            INT32 => word_at(values, 0).map(u64::from),
            INT64 => Some(u64::from_be_bytes(*values.first_chunk()?)),
            _ => None,
        }
    }

    fn texts(&self, tag: u32) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let (kind, mut values, count) = self.find(tag)?;
        (kind == STRING_ARRAY).then(|| {
            // Each takes at least its NUL, so the store bounds the count.
            (0..count).map_while(move |_| {
                let end = memchr::memchr(0, values)?;
                let text = &values[..end];
                values = &values[end + 1..];
                Some(text)
            })
        })
    }

    fn numbers(&self, tag: u32) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let (kind, values, count) = self.find(tag)?;
        (kind == INT32).then(|| {
            values
                .chunks_exact(4)
                .take(count)
                .filter_map(|bytes| word_at(bytes, 0))
        })
    }
}

fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    memchr::memchr(0, bytes).map_or(bytes, |end| &bytes[..end])
}

/// Whether some bytes of a database can be a header at all.
pub(super) fn is_header(blob: &[u8]) -> bool {
    Header::new(blob).is_ok_and(|header| !header.index.is_empty())
}

/// Reads one header. Keys of signers are kept like packages and are none.
pub(super) fn read(blob: &[u8]) -> Result<Option<Record>, String> {
    let header = Header::new(blob)?;
    let name = word("name", header.text(tag::NAME).as_deref())?;
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let of = |why: String| format!("package {}: {why}", name.escape_debug());
    let version = word("version", header.text(tag::VERSION).as_deref()).map_err(of)?;
    let release = word("release", header.text(tag::RELEASE).as_deref()).map_err(of)?;
    let epoch = header.number(tag::EPOCH);
    let source = header.text(tag::SOURCE_RPM).unwrap_or_default();
    let filled = |tag| {
        header
            .text(tag)
            .filter(|text| text != "(none)" && !text.is_empty())
    };
    let mut record = Record {
        version: super::full_version(epoch, &version, &release),
        architecture: filled(tag::ARCH).unwrap_or_default(),
        source: super::source_package(&source),
        license: filled(tag::LICENSE),
        size: header
            .number(tag::LONG_SIZE)
            .or_else(|| header.number(tag::SIZE)),
        qualifiers: super::qualifiers(epoch, &source, filled(tag::MODULARITY_LABEL).as_deref()),
        is_foreign: is_foreign_rpm(filled(tag::VENDOR).as_deref(), &release),
        name,
        ..Record::default()
    };
    let mut files = FileListWriter::new(2 * blob.len() + (64 << 10));
    if !list_files(&header, &mut files) {
        return Err(format!(
            "package {}: the paths of its files are out of all proportion",
            record.name.escape_debug()
        ));
    }
    record.files = files.finish();
    Ok(Some(record))
}

/// Lists the files; gives whether all had room.
fn list_files(header: &Header<'_>, files: &mut FileListWriter) -> bool {
    let mut sums = header.texts(tag::FILE_DIGESTS);
    let mut next_sum = || {
        let sum = sums.as_mut()?.next()?;
        std::str::from_utf8(sum).ok().filter(|sum| {
            matches!(sum.len(), 32 | 40 | 64) && sum.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    if let (Some(names), Some(indexes), Some(folders)) = (
        header.texts(tag::BASE_NAMES),
        header.numbers(tag::DIR_INDEXES),
        header.texts(tag::DIR_NAMES),
    ) {
        let folders: Vec<_> = folders.map(String::from_utf8_lossy).collect();
        return names.zip(indexes).all(|(name, index)| {
            let sum = next_sum();
            folders
                .get(index as usize)
                .is_none_or(|folder| files.push(sum, folder, &String::from_utf8_lossy(name)))
        });
    }
    // Packages made by rpm 3.
    header
        .texts(tag::OLD_FILE_NAMES)
        .into_iter()
        .flatten()
        .all(|path| files.push(next_sum(), "", &String::from_utf8_lossy(path)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Puts a header together: tag, type, count, values.
    pub(in crate::catalogue::rpm) fn header(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut index = Vec::new();
        let mut store: Vec<u8> = Vec::new();
        for (tag, kind, count, value) in tags {
            let align = match *kind {
                INT32 => 4,
                INT64 => 8,
                _ => 1,
            };
            store.resize(store.len().next_multiple_of(align), 0);
            for number in [*tag, *kind, u32::try_from(store.len()).unwrap(), *count] {
                index.extend(number.to_be_bytes());
            }
            store.extend(*value);
        }
        let mut blob = Vec::new();
        blob.extend(u32::try_from(tags.len()).unwrap().to_be_bytes());
        blob.extend(u32::try_from(store.len()).unwrap().to_be_bytes());
        blob.extend(index);
        blob.extend(store);
        blob
    }

    /// A package with little more than a name.
    pub(in crate::catalogue::rpm) fn package(name: &str, padding: usize) -> Vec<u8> {
        let name = format!("{name}\0");
        let mut summary = vec![b'x'; padding];
        summary.push(0);
        header(&[
            (tag::NAME, STRING, 1, name.as_bytes()),
            (tag::VERSION, STRING, 1, b"1.0\0"),
            (tag::RELEASE, STRING, 1, b"2.el9\0"),
            (1004, I18N_STRING, 1, &summary),
            (tag::ARCH, STRING, 1, b"x86_64\0"),
        ])
    }

    #[test]
    fn tags_become_a_package() {
        let sum = "a".repeat(64);
        let blob = header(&[
            (tag::NAME, STRING, 1, b"openssl-libs\0"),
            (tag::VERSION, STRING, 1, b"3.0.7\0"),
            (tag::RELEASE, STRING, 1, b"24.el9\0"),
            (tag::EPOCH, INT32, 1, &1_u32.to_be_bytes()),
            (tag::SIZE, INT32, 1, &77_u32.to_be_bytes()),
            (tag::LICENSE, STRING, 1, b"ASL 2.0\0"),
            (tag::ARCH, STRING, 1, b"x86_64\0"),
            (
                tag::SOURCE_RPM,
                STRING,
                1,
                b"openssl-3.0.7-24.el9.src.rpm\0",
            ),
            (tag::MODULARITY_LABEL, STRING, 1, b"(none)\0"),
            (
                tag::FILE_DIGESTS,
                STRING_ARRAY,
                3,
                format!("{sum}\0\0x\0").as_bytes(),
            ),
            (
                tag::DIR_INDEXES,
                INT32,
                3,
                &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9],
            ),
            (
                tag::BASE_NAMES,
                STRING_ARRAY,
                3,
                b"libssl.so.3\0ssl\0lost\0",
            ),
            (tag::DIR_NAMES, STRING_ARRAY, 2, b"/etc/\0/usr/lib64/\0"),
        ]);
        let record = read(&blob).unwrap().unwrap();
        assert_eq!(record.version, "1:3.0.7-24.el9");
        assert_eq!(
            record.source,
            Some(("openssl".to_owned(), "3.0.7-24.el9".to_owned()))
        );
        assert_eq!(record.size, Some(77));
        assert_eq!(
            record.files.iter().collect::<Vec<_>>(),
            [(sum.as_str(), "usr/lib64/libssl.so.3"), ("-", "etc/ssl")]
        );
        let qualifiers: Vec<_> = record
            .qualifiers
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            qualifiers,
            ["epoch=1", "upstream=openssl-3.0.7-24.el9.src.rpm"]
        );
    }

    #[test]
    fn keys_are_no_packages_and_nonsense_is_said() {
        let blob = header(&[(tag::NAME, STRING, 1, b"gpg-pubkey\0")]);
        assert_eq!(read(&blob), Ok(None));
        assert!(read(&blob[..20]).is_err());
        assert!(read(&[0xff; 64]).is_err());
        let blob = header(&[
            (tag::NAME, STRING, 1, b"x\0"),
            (tag::VERSION, INT32, 1, b"0000"),
        ]);
        assert_eq!(read(&blob), Err("package x: it has no version".to_owned()));
    }

    #[test]
    fn paths_do_not_grow_out_of_proportion() {
        let folder = format!("/{}/\0", "d".repeat(3_000));
        let names = b"a\0".repeat(2_000);
        let indexes = vec![0; 8_000];
        let blob = header(&[
            (tag::NAME, STRING, 1, b"x\0"),
            (tag::VERSION, STRING, 1, b"1\0"),
            (tag::RELEASE, STRING, 1, b"1\0"),
            (tag::DIR_INDEXES, INT32, 2_000, &indexes),
            (tag::BASE_NAMES, STRING_ARRAY, 2_000, &names),
            (tag::DIR_NAMES, STRING_ARRAY, 1, folder.as_bytes()),
        ]);
        assert!(read(&blob).is_err());
    }
}
