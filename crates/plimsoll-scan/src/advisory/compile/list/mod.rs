//! Lists that lie beside records: the package index of a distribution's security pocket, EPSS
//! scores, catalogues of flaws that are known to be exploited. Told apart by what they hold.

mod csv;
mod exploited;
mod packages;
mod pocket;
mod scores;
mod xz;

use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

pub(crate) use self::exploited::ExploitedList;
pub(crate) use self::packages::{MAX_BYTES, MAX_PACKAGES, PocketList};
pub(crate) use self::pocket::{check_release, release_date};
pub(crate) use self::scores::ScoreList;
use self::xz::XzReader;
use super::super::pocket::PocketName;

/// Largest list that is read, unpacked, in bytes. Those of the largest pockets have some sixty
/// million.
const MAX_LIST: u64 = 256 << 20;

/// Why a list without an entry is not used: it would satisfy a gate that needs one.
const EMPTY: &str = "it lists nothing";

/// Bytes that tell what a list is.
const HEAD: usize = 1024;

/// A list.
#[derive(Debug)]
pub(crate) enum List {
    /// What a security pocket holds.
    Pocket(PocketList),
    /// How likely flaws are to be exploited.
    Scores(ScoreList),
    /// Flaws that are known to be exploited.
    Exploited(ExploitedList),
}

/// Why a file gave no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoList {
    /// It is something else.
    Foreign,
    /// It is one, and is not used.
    Unused(String),
}

impl NoList {
    fn new(why: impl ToString) -> Self {
        Self::Unused(why.to_string())
    }
}

/// Whether a file of this name, found in a folder or archive, may be a list.
pub(crate) fn is_list_name(name: &[u8]) -> bool {
    let bare = [&b".gz"[..], b".xz", b".lz4", b".bz2", b".zst", b".lzma"]
        .iter()
        .find_map(|ending| name.strip_suffix(*ending))
        .unwrap_or(name);
    let last = bare.rsplit(|byte| matches!(byte, b'/' | b'_')).next();
    last == Some(b"Packages") || bare.ends_with(b".csv")
}

/// Whether a file of this name is meant to be a list, and nothing else.
pub(crate) fn is_meant(name: &str) -> bool {
    let last = name.rsplit(['/', ' ']).next().unwrap_or_default();
    let bare = last.split('.').next().unwrap_or_default();
    let words = ["epss_scores", "known_exploited_vulnerabilities"];
    bare.rsplit('_').next() == Some("Packages") || words.iter().any(|word| bare.starts_with(word))
}

/// Reads a list. `path` is where it lies, in a folder or in an archive: a package index may tell by
/// it of which release it is, unless `named` does.
pub(crate) fn read(
    from: impl Read,
    path: &Path,
    named: Option<&PocketName>,
) -> Result<List, NoList> {
    let (head, from) = peek(from)?;
    let (packed_with, way) = match &head[..] {
        [0x1f, 0x8b, ..] => return content(MultiGzDecoder::new(from), path, named),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            return content(XzReader::new(from), path, named);
        }
        // So apt keeps its lists in images.
        [0x04, 0x22, 0x4d, 0x18, ..] => ("lz4", " (`/usr/lib/apt/apt-helper cat-file FILE`)"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", ""),
        [b'B', b'Z', b'h', ..] => ("bzip2", ""),
        [0x5d, 0, 0, ..] => ("lzma", ""),
        _ => return content(from, path, named),
    };
    Err(NoList::Unused(format!(
        "it is packed with {packed_with}, which is not read; give it unpacked{way}, or as .gz or .xz"
    )))
}

/// Reads a list that is not packed, or not any more.
fn content(from: impl Read, path: &Path, named: Option<&PocketName>) -> Result<List, NoList> {
    let (head, from) = peek(Limited {
        from,
        left: MAX_LIST,
    })?;
    let from = BufReader::with_capacity(1 << 16, from);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if scores::is_one(text) {
        scores::read(from).map(List::Scores)
    } else if exploited::is_csv(text) {
        exploited::read_csv(from).map(List::Exploited)
    } else if text.trim_ascii_start().starts_with(b"{") {
        exploited::read_json(from).map(List::Exploited)
    } else if packages::is_one(text) || named.is_some() && text.trim_ascii().is_empty() {
        packages::read(from, path, named).map(List::Pocket)
    } else {
        Err(NoList::Foreign)
    }
}

/// Reads bytes that are no record as a catalogue, where they may be one.
pub(crate) fn of_json(bytes: &[u8]) -> Option<Result<List, NoList>> {
    exploited::may_be(bytes).then(|| exploited::read_json(bytes).map(List::Exploited))
}

/// The first bytes, and all.
fn peek<R: Read>(mut from: R) -> Result<(Vec<u8>, impl Read + use<R>), NoList> {
    let mut head = Vec::with_capacity(HEAD);
    let read = (&mut from).take(HEAD as u64).read_to_end(&mut head);
    read.map_err(NoList::new)?;
    Ok((head.clone(), Cursor::new(head).chain(from)))
}

/// Gives so many bytes, and an error where there are more.
struct Limited<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "it is longer than the {} MiB that are read of one list",
                    MAX_LIST >> 20
                ),
            )
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    const PACKAGES: &[u8] = b"Package: a\nVersion: 1.2-3\nArchitecture: amd64\n";

    fn told(bytes: &[u8]) -> Result<&'static str, NoList> {
        read(bytes, Path::new("bookworm-security/Packages"), None).map(|list| match list {
            List::Pocket(_) => "pocket",
            List::Scores(_) => "scores",
            List::Exploited(_) => "exploited",
        })
    }

    #[test]
    fn lists_are_told_by_what_they_hold() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(PACKAGES).unwrap();
        let gzip = gzip.finish().unwrap();
        let scores = b"#model_version:v1,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n\
            CVE-2024-1,0.5,0.5\n";
        for (bytes, expected) in [
            (PACKAGES, "pocket"),
            (&gzip, "pocket"),
            (scores, "scores"),
            (b"cveID,dateAdded\nCVE-2024-1,2024-01-01\n", "exploited"),
            (
                b"{\"vulnerabilities\":[{\"cveID\":\"CVE-2024-1\"}]}",
                "exploited",
            ),
        ] {
            assert_eq!(told(bytes), Ok(expected));
        }
        for foreign in [&b"hello"[..], b"", b"id,modified\n", b"Archive: x\n"] {
            assert_eq!(told(foreign), Err(NoList::Foreign));
        }
        let Err(NoList::Unused(why)) = told(b"\x04\x22\x4d\x18...") else {
            panic!("lz4 is not read")
        };
        assert!(why.contains("lz4"), "{why}");
        assert!(matches!(
            told(&gzip[..gzip.len() - 9]),
            Err(NoList::Unused(_))
        ));
    }

    #[test]
    fn names_say_what_may_be_one() {
        for name in [
            "Packages",
            "x/Packages.xz",
            "host_debian_dists_bookworm-security_main_binary-amd64_Packages.lz4",
            "epss_scores-2026-01-01.csv.gz",
            "known_exploited_vulnerabilities.csv",
        ] {
            assert!(is_list_name(name.as_bytes()), "{name}");
        }
        for name in ["Packages.html", "MyPackages", "a.gz", "csv", "a.json"] {
            assert!(!is_list_name(name.as_bytes()), "{name}");
        }
        for name in [
            "x/Packages.xz",
            "a.zip: host_dists_x_main_binary-amd64_Packages",
            "epss_scores-2026-01-01.csv.gz",
            "known_exploited_vulnerabilities.csv",
        ] {
            assert!(is_meant(name), "{name}");
        }
        assert!(!is_meant("x/modified_id.csv") && !is_meant("Packages/a.csv"));
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let endless = Cursor::new(PACKAGES).chain(io::repeat(b'x'));
        let Err(NoList::Unused(why)) = read(endless, Path::new("bookworm-security"), None) else {
            panic!("it never ends")
        };
        assert!(why.contains("longer than"), "{why}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, kind in 0..5_usize) {
            let start: [&[u8]; 5] = [b"", b"Package: ", b"cve,epss", b"cveID,", b"\xfd7zXZ\0"];
            let _ = told(&[start[kind], &bytes].concat());
        }
    }
}
