//! The manifest of chisel, which cuts images out of Ubuntu's packages and leaves dpkg's database
//! behind: lines of JSON, packed with Zstandard (canonical/chisel, `public/manifest`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;

use plimsoll_model::PackageKind;
use serde::Deserialize;

use super::system::{Database, FileListWriter, Record};
use super::{Candidate, Document};

/// Where the manifest lies.
pub(crate) const MANIFEST: &str = "var/lib/chisel/manifest.wall";

/// What it may be long, unpacked: many times what all packages of a release would take.
const MAX_UNPACKED: u64 = 64 << 20;

/// How far back it may reach, as a power of two.
const WINDOW_LOG: u32 = 25;

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.path == MANIFEST
}

/// One line, of whatever kind.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arch: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    /// `PACKAGE_SLICE` each.
    #[serde(borrow, default)]
    slices: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    sha256: Option<Cow<'a, str>>,
    /// Of a file that was changed when the image was cut.
    #[serde(borrow)]
    final_sha256: Option<Cow<'a, str>>,
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut text = Vec::new();
    let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(|error| error.to_string())?;
    decoder
        .window_log_max(WINDOW_LOG)
        .and_then(|()| decoder.take(MAX_UNPACKED + 1).read_to_end(&mut text))
        .map_err(|error| format!("it cannot be unpacked: {error}"))?;
    if text.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes"));
    }
    let mut database = Database::new(PackageKind::Deb);
    let mut files: BTreeMap<String, FileListWriter> = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line<'_>>(line) {
            Ok(line) if line.kind == "package" => database.take(package(&line).map(Some)),
            Ok(line) if line.kind == "path" => own(&line, text.len(), &mut files),
            Ok(_) => {}
            Err(error) => database.take(Err(format!("a line of it is no JSON: {error}"))),
        }
    }
    for record in &mut database.records {
        if let Some(list) = files.remove(&record.name) {
            record.files = list.finish();
        }
    }
    database.or_damage().map(Document::System)
}

/// The package of a line. Its source, by which advisories know it, no line tells.
fn package(line: &Line<'_>) -> Result<Record, String> {
    Ok(Record {
        name: super::word("name", line.name.as_deref())?,
        version: super::word("version", line.version.as_deref())?,
        architecture: line.arch.as_deref().unwrap_or_default().to_owned(),
        ..Record::default()
    })
}

/// Takes a path for the package of its first slice; a folder is nobody's.
fn own(line: &Line<'_>, limit: usize, files: &mut BTreeMap<String, FileListWriter>) {
    let (Some(path), Some(slice)) = (&line.path, line.slices.first()) else {
        return;
    };
    // No package has this sign in its name.
    let Some((package, _)) = slice.split_once('_') else {
        return;
    };
    if path.ends_with('/') {
        return;
    }
    let sum = line.final_sha256.as_deref().or(line.sha256.as_deref());
    let sum = sum.filter(|sum| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()));
    files
        .entry(package.to_owned())
        .or_insert_with(|| FileListWriter::new(limit))
        .push(sum, "", path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Database, String> {
        match read(MANIFEST, &zstd::encode_all(text.as_bytes(), 1).unwrap())? {
            Document::System(database) => Ok(database),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn packages_and_their_files() {
        let sum = "0a".repeat(32);
        let text = format!(
            r#"{{"jsonwall":"1.0","schema":"1.0","count":5}}
{{"kind":"content","slice":"libc6_libs","path":"/usr/lib/libc.so.6"}}
{{"kind":"package","name":"libc6","version":"2.39-0ubuntu8","sha256":"aa","arch":"amd64"}}
{{"kind":"path","path":"/usr/lib/","mode":"0755","slices":["libc6_libs"]}}
{{"kind":"path","path":"/usr/lib/libc.so.6","mode":"0644","slices":["libc6_libs","x_y"],"sha256":"{sum}","size":1}}
{{"kind":"path","path":"/usr/lib/l\u00e9","slices":["libc6_libs"],"link":"x"}}
{{"kind":"slice","name":"libc6_libs"}}
"#
        );
        let database = read_text(&text).unwrap();
        assert_eq!((database.kind, &database.damage), (PackageKind::Deb, &None));
        let [libc] = database.records.as_slice() else {
            panic!("{database:?}");
        };
        assert_eq!(libc.identity(), ("libc6", "2.39-0ubuntu8", "amd64"));
        assert_eq!(libc.source, None);
        assert_eq!(
            libc.files.iter().collect::<Vec<_>>(),
            [
                (sum.as_str(), "usr/lib/libc.so.6"),
                ("-", "usr/lib/l\u{e9}")
            ]
        );
    }

    #[test]
    fn what_is_broken_is_told() {
        assert!(read(MANIFEST, b"{}").is_err());
        assert!(read_text(r#"{"kind":"package","name":"a"}"#).is_err());
        let damaged = "{\"kind\":\"package\",\"name\":\"a\",\"version\":\"1\"}\n[";
        let database = read_text(damaged).unwrap();
        assert!(database.damage.is_some() && database.records.len() == 1);
        let bomb = zstd::encode_all(std::io::repeat(b' ').take(MAX_UNPACKED + 9), 1).unwrap();
        assert!(
            read(MANIFEST, &bomb)
                .unwrap_err()
                .contains("unpacks to more")
        );
    }
}
