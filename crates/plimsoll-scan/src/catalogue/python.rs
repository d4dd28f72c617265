//! Installed Python distributions: `*.dist-info` (PyPA, "Recording installed projects"), the older
//! `*.egg-info`, and `EGG-INFO` in an egg.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use plimsoll_model::{Evidence, PackageKind};

use super::json::Map;
use super::npm::FIXTURES;
use super::{Candidate, Document, Proven, base_name, folder};
use crate::archive::zip::{Allowance, Zip};
use crate::license;

/// What a distribution says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    /// As its author writes it.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
}

/// The `RECORD` of a distribution, as far as it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Bytes of all files it lists.
    pub(crate) size: u64,
    /// How many it lists.
    pub(crate) files: u32,
    /// SHA-256 (base64url without padding) of listed files that could be key files, by path
    /// relative to the folder of the distribution.
    pub(crate) sums: BTreeMap<String, String>,
    /// The same of all others, which are most of it, in short.
    pub(crate) code: Vec<ShortSum>,
}

/// Beginnings of the sums of a path and of what lies there: enough to tell one file from another, in
/// a tenth of what both take in full.
pub(crate) type ShortSum = ([u8; 6], [u8; 10]);

/// The short sum of a file by its path, relative to the folder of the distribution, and its sum.
pub(crate) fn short_sum(path: &str, sum: &str) -> Option<ShortSum> {
    let of_bytes = URL_SAFE_NO_PAD.decode(sum).ok()?;
    Some((short_path(path)?, *of_bytes.first_chunk()?))
}

/// The beginning of the sum of a path, relative to the folder of the distribution.
pub(crate) fn short_path(path: &str) -> Option<[u8; 6]> {
    Sha256::digest(path).first_chunk().copied()
}

/// Whether the file `name` lies in the metadata folder of a distribution. One in a cache is read
/// as well: an installer may have linked it to where it installed it.
fn is_in(candidate: &Candidate<'_>, name: &str, end: &str) -> bool {
    candidate.name == name && folder(candidate.path).ends_with(end)
}

/// Whether metadata lies among what a package is tried with: `pkg_resources/tests/data/…`. Where
/// nothing says what folder packages are imported from, it takes both of these to tell, the one in the
/// other: single folders of such names are where people install.
fn is_fixture(path: &str) -> bool {
    let imported = ["site-packages/", "dist-packages/"];
    let below = imported
        .iter()
        .filter_map(|place| path.rfind(place).map(|at| at + place.len()))
        .max();
    let mut parts = path
        .get(below.unwrap_or(0)..)
        .unwrap_or_default()
        .split('/');
    match below {
        Some(_) => parts.any(|part| FIXTURES.contains(&part) || part == "data"),
        None => {
            let mut before = "";
            parts.any(|part| {
                let outer = std::mem::replace(&mut before, part);
                matches!(outer, "test" | "tests") && part == "data"
            })
        }
    }
}

pub(super) fn claims_metadata(candidate: &Candidate<'_>) -> bool {
    let is_metadata = match candidate.name {
        "METADATA" => is_in(candidate, "METADATA", ".dist-info"),
        "PKG-INFO" => {
            is_in(candidate, "PKG-INFO", ".egg-info")
                || is_in(candidate, "PKG-INFO", ".egg/EGG-INFO")
        }
        name => name.ends_with(".egg-info") && candidate.path.contains('/'),
    };
    is_metadata && !is_fixture(candidate.path)
}

pub(super) fn claims_record(candidate: &Candidate<'_>) -> bool {
    is_in(candidate, "RECORD", ".dist-info")
}

pub(super) fn claims_installer(candidate: &Candidate<'_>) -> bool {
    is_in(candidate, "INSTALLER", ".dist-info")
}

pub(super) fn claims_origin(candidate: &Candidate<'_>) -> bool {
    is_in(candidate, "direct_url.json", ".dist-info")
}

/// Archives that interpreters import from as they are: eggs, and programs as zip files (PEP 441).
pub(super) fn claims_archive(candidate: &Candidate<'_>) -> bool {
    let ends = [".egg", ".pyz", ".pex"];
    let is_packed_in =
        || candidate.name.ends_with(".whl") && base_name(folder(candidate.path)) == ".deps";
    (ends.iter().any(|end| candidate.name.ends_with(end)) || is_packed_in())
        && (candidate.head.starts_with(b"PK") || candidate.head.starts_with(b"#!"))
        && !is_fixture(candidate.path)
        || is_program(candidate.head)
}

/// How the script goes on that looks for an interpreter, in front of what PEX makes.
const PEX_SCRIPT: &[u8] = b"# N.B.: This script should stick to syntax";

/// Whether an archive begins right behind the line that names an interpreter of Python, or behind
/// a script that looks for one.
fn is_program(head: &[u8]) -> bool {
    head.starts_with(b"#!")
        && memchr::memchr(b'\n', head).is_some_and(|end| {
            let (line, rest) = (&head[..end], &head[end + 1..]);
            memchr::memmem::find(line, b"python").is_some() && rest.starts_with(b"PK\x03\x04")
                || line.ends_with(b"sh") && rest.starts_with(PEX_SCRIPT)
        })
}

/// What pip, and other tools that carry their dependencies with them, write of what they carry:
/// lines of `NAME==VERSION`, as `pip debug` tells them.
pub(super) fn claims_vendored(candidate: &Candidate<'_>) -> bool {
    candidate.name == "vendor.txt"
        && matches!(
            base_name(folder(candidate.path)),
            "_vendor" | "vendor" | "vendored"
        )
        && (candidate.path.contains("site-packages/") || candidate.path.contains("dist-packages/"))
}

pub(super) fn read_vendored(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut packages = Vec::new();
    for line in text.lines() {
        let Some((name, version)) = line.split_once("==") else {
            continue;
        };
        // Extras in brackets; a condition or a remark behind the version.
        let name = name.split('[').next().unwrap_or_default().trim();
        let version = version.trim_start();
        let version = version
            .split(|c: char| c.is_whitespace() || matches!(c, ';' | '#' | ','))
            .next()
            .unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(is_name) || version.is_empty() {
            continue;
        }
        if packages.len() >= MAX_INSIDE {
            return Err(format!("it names more than {MAX_INSIDE} distributions"));
        }
        packages.push(Proven {
            direct: Some(false),
            ..Proven::new(
                PackageKind::Python,
                Some(name),
                Some(version),
                Evidence::Metadata,
            )?
        });
    }
    Ok(Document::Packages(packages))
}

/// Distributions listed of one archive.
const MAX_INSIDE: usize = 5_000;

/// Bytes that are read of the metadata in one archive, packed and unpacked.
const MAX_READ: u64 = 64 << 20;
/// Bytes of the metadata of one distribution in an archive.
const MAX_METADATA: usize = 1 << 20;

/// Reads the metadata of every distribution in an archive.
pub(super) fn read_archive(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let zip = Zip::open(bytes)?;
    let mut packages = Vec::new();
    let mut allowance = Allowance::new(bytes.len(), MAX_READ);
    for member in zip.members() {
        let member = member?;
        let Ok(name) = std::str::from_utf8(member.name) else {
            continue;
        };
        let info = folder(name);
        let is_metadata = match base_name(name) {
            "METADATA" => info.ends_with(".dist-info"),
            "PKG-INFO" => info == "EGG-INFO" || info.ends_with(".egg/EGG-INFO"),
            _ => false,
        };
        if !is_metadata {
            continue;
        }
        let content = allowance.read(zip, &member, MAX_METADATA)?;
        if packages.len() >= MAX_INSIDE {
            return Err(format!("it holds more than {MAX_INSIDE} distributions"));
        }
        if let Document::Python(own) = read_metadata(name, &content)? {
            packages.push(Proven {
                license: own.license,
                inner: Some(super::word("path", Some(name))?),
                ..Proven::new(
                    PackageKind::Python,
                    Some(&own.name),
                    Some(&own.version),
                    Evidence::Metadata,
                )?
            });
        }
    }
    Ok(Document::Packages(packages))
}

/// A name as indexes compare it (PEP 503).
pub(crate) fn normalise(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(c.to_lowercase());
        }
    }
    normal
}

/// Reads core metadata: header fields up to the first empty line.
pub(super) fn read_metadata(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut name = None;
    let mut version = None;
    let mut expression = None;
    let mut license = None;
    let mut classifiers = Vec::new();
    // Text a field goes on with on the next lines makes it a licence's text, not its name.
    let mut last_was_license = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if last_was_license {
                license = None;
            }
            continue;
        }
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        let field = field.to_ascii_lowercase();
        last_was_license = field == "license";
        let filled = (!value.is_empty() && value != "UNKNOWN").then(|| value.to_owned());
        match field.as_str() {
            "name" => name = name.or(filled),
            "version" => version = version.or(filled),
            "license-expression" => expression = expression.or(filled),
            "license" => license = license.or(filled),
            "classifier" => {
                if let Some(last) = value
                    .strip_prefix("License ::")
                    .and_then(|rest| rest.rsplit("::").next())
                {
                    classifiers.push(last.trim().to_owned());
                }
            }
            _ => {}
        }
    }
    classifiers.retain(|name| name != "OSI Approved");
    let classified = (!classifiers.is_empty()).then(|| classifiers.join(", "));
    // A vague word hides no precise one.
    let is_precise = |name: &str| license::expression(PackageKind::Python, name).is_some();
    let license = expression.or(match (license, classified) {
        (Some(stated), Some(classified))
            if !is_precise(&stated) && classifiers.iter().any(|name| is_precise(name)) =>
        {
            Some(classified)
        }
        (stated, classified) => stated.or(classified),
    });
    Ok(Document::Python(Distribution {
        name: super::word("Name field", name.as_deref())?,
        version: super::word("Version field", version.as_deref())?,
        license,
    }))
}

/// Reads lines of `path,sha256=sum,size`.
pub(super) fn read_record(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut record = Record::default();
    for line in text.lines() {
        let mut fields = line.rsplitn(3, ',');
        let size = fields
            .next()
            .and_then(|size| size.trim().parse::<u64>().ok());
        let sum = fields.next().and_then(|sum| sum.strip_prefix("sha256="));
        let path = fields.next().map(|path| path.trim_matches('"'));
        if path.is_none_or(str::is_empty) {
            continue;
        }
        record.size = record.size.saturating_add(size.unwrap_or(0));
        record.files = record.files.saturating_add(1);
        let (Some(path), Some(sum)) = (path, sum) else {
            continue;
        };
        if may_hold_key(path) {
            record.sums.insert(path.to_owned(), sum.to_owned());
        } else {
            record.code.extend(short_sum(path, sum));
        }
    }
    Ok(Document::PythonRecord(record))
}

/// Reads the one word of an `INSTALLER`.
pub(super) fn read_installer(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let name = text.split_whitespace().next();
    Ok(Document::PythonInstaller(
        super::word("name", name)?.into_boxed_str(),
    ))
}

/// `direct_url.json` (PyPA, "Recording the Direct URL Origin of installed distributions").
#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    vcs_info: Option<VcsInfo>,
    archive_info: Option<ArchiveInfo>,
}

#[derive(Deserialize)]
struct VcsInfo {
    vcs: String,
    commit_id: String,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    hash: Option<String>,
    #[serde(default)]
    hashes: Map<String>,
}

/// Reads where a distribution came from. A folder of the machine that built the image says nothing
/// to anybody else; an address with a password in it is kept to itself.
pub(super) fn read_origin(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let origin: DirectUrl = serde_json::from_slice(bytes)
        .map_err(|error| format!("it does not say where a distribution came from: {error}"))?;
    let mut qualifiers = Vec::new();
    let url = super::word("address", Some(&origin.url))?;
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return Ok(Document::PythonOrigin(qualifiers));
    }
    if let Some(VcsInfo { vcs, commit_id }) = origin.vcs_info {
        let url = super::word("origin", Some(&format!("{vcs}+{url}@{commit_id}")))?;
        qualifiers.push(("vcs_url".to_owned(), url));
    } else if let Some(archive) = origin.archive_info {
        let sum = archive
            .hashes
            .0
            .get("sha256")
            .cloned()
            .or_else(|| Some(archive.hash?.strip_prefix("sha256=")?.to_owned()))
            .filter(|sum| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()));
        qualifiers.extend(sum.map(|sum| ("checksum".to_owned(), format!("sha256:{sum}"))));
        qualifiers.push(("download_url".to_owned(), url));
    }
    Ok(Document::PythonOrigin(qualifiers))
}

/// Whether a file is of the kind that distributions ship test keys in; of code, which is most of every
/// `RECORD`, less is kept.
fn may_hold_key(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| {
        matches!(
            end,
            "pem" | "key" | "crt" | "cert" | "p8" | "pk8" | "asc" | "txt" | "json"
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata(text: &str) -> Distribution {
        match read_metadata("", text.as_bytes()) {
            Ok(Document::Python(distribution)) => distribution,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fixtures_are_no_packages() {
        let claimed = |path: &str| claims_metadata(&Candidate::named(path));
        for path in [
            "usr/lib/python3/dist-packages/pkg_resources/tests/data/a/b.egg-info/PKG-INFO",
            "opt/deps/pkg_resources/tests/data/a/b.egg-info/PKG-INFO",
        ] {
            assert!(!claimed(path), "{path}");
        }
        for path in [
            "srv/tests/venv/lib/python3.12/site-packages/a-1.dist-info/METADATA",
            "data/deps/a-1.dist-info/METADATA",
            "srv/demo/a-1.dist-info/METADATA",
            "data/examples/a-1.dist-info/METADATA",
            "data/demo/a-1.dist-info/METADATA",
            "srv/demo/tests/deps/a-1.dist-info/METADATA",
            "srv/tests/app/data/a-1.dist-info/METADATA",
        ] {
            assert!(claimed(path), "{path}");
        }
    }

    #[test]
    fn names_normalise_as_indexes_do() {
        for (written, normal) in [
            ("SQLAlchemy", "sqlalchemy"),
            ("pydantic_core", "pydantic-core"),
            ("zope.interface", "zope-interface"),
            ("a-_.b", "a-b"),
        ] {
            assert_eq!(normalise(written), normal);
        }
    }

    #[test]
    fn licences_come_from_the_best_field() {
        let base = "Metadata-Version: 2.1\nName: x\nVersion: 1\n";
        let of = |more: &str| metadata(&format!("{base}{more}\n\nName: body\n")).license;
        assert_eq!(
            of("License: MIT\nLicense-Expression: Apache-2.0"),
            Some("Apache-2.0".into())
        );
        assert_eq!(of("License: BSD"), Some("BSD".into()));
        assert_eq!(
            of(
                "License: Copyright\n  all of the text\nClassifier: License :: OSI Approved :: MIT License"
            ),
            Some("MIT License".into())
        );
        // A vague word, and what is precise beside it.
        let lesser =
            "Classifier: License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)";
        assert_eq!(
            of(&format!("License: LGPL\n{lesser}")),
            Some("GNU Lesser General Public License v3 (LGPLv3)".into())
        );
        assert_eq!(
            of(&format!("License: LGPL-3.0-or-later\n{lesser}")),
            Some("LGPL-3.0-or-later".into())
        );
        assert_eq!(of("License: UNKNOWN"), None);
        assert!(read_metadata("", b"Name: x\n").is_err());
    }

    #[test]
    fn records_add_up() {
        let Ok(Document::PythonRecord(record)) = read_record(
            "",
            b"a.py,sha256=abc,10\n\"t,x/server.pem\",sha256=def,20\nx-1.dist-info/RECORD,,\n",
        ) else {
            panic!("no record")
        };
        assert_eq!((record.size, record.files), (30, 3));
        assert_eq!(
            record.sums.get("t,x/server.pem").map(String::as_str),
            Some("def")
        );
        assert_eq!(record.sums.len(), 1);
        let sum = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        let line = format!("d/a.py,sha256={sum},3\nd/b.py,sha256=ab,3\n");
        let Ok(Document::PythonRecord(record)) = read_record("", line.as_bytes()) else {
            panic!("no record")
        };
        assert_eq!(record.code, [short_sum("d/a.py", sum).unwrap()]);
        assert_ne!(short_sum("d/b.py", sum), short_sum("d/a.py", sum));
    }

    #[test]
    fn only_installed_metadata_is_claimed() {
        for yes in [
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
            "usr/lib/python3/dist-packages/old-1.egg-info",
            "venv/lib/python3.11/site-packages/x-1.dist-info/METADATA",
            "venv/lib/python3.11/site-packages/Old-1-py3.11.egg/EGG-INFO/PKG-INFO",
        ] {
            assert!(claims_metadata(&Candidate::named(yes)), "{yes}");
        }
        for no in ["src/PKG-INFO", "METADATA"] {
            assert!(!claims_metadata(&Candidate::named(no)), "{no}");
        }
    }

    #[test]
    fn origins_that_others_can_use() {
        let of = |text: &str| match read_origin("", text.as_bytes()) {
            Ok(Document::PythonOrigin(qualifiers)) => qualifiers
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(" "),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of(r#"{"url":"https://git.example/x.git","vcs_info":{"vcs":"git","commit_id":"abc"}}"#),
            "vcs_url=git+https://git.example/x.git@abc"
        );
        let sum = "0".repeat(64);
        assert_eq!(
            of(&format!(
                r#"{{"url":"https://files.example/x.whl","archive_info":{{"hash":"sha256={sum}"}}}}"#
            )),
            format!("checksum=sha256:{sum} download_url=https://files.example/x.whl")
        );
        for silent in [
            r#"{"url":"file:///src","dir_info":{"editable":true}}"#,
            r#"{"url":"https://me:pw@git.example/x","vcs_info":{"vcs":"git","commit_id":"a"}}"#,
        ] {
            assert_eq!(of(silent), "");
        }
        assert!(read_origin("", b"{}").is_err());
    }

    #[test]
    fn what_tools_carry_with_them() {
        let site = "venv/lib/python3.13/site-packages";
        for yes in ["pip/_vendor", "wheel/vendored", "pipenv/vendor"] {
            let path = format!("{site}/{yes}/vendor.txt");
            assert!(claims_vendored(&Candidate::named(&path)), "{yes}");
        }
        assert!(!claims_vendored(&Candidate::named("src/vendor/vendor.txt")));
        assert!(!claims_vendored(&Candidate::named(&format!(
            "{site}/pip/vendor.txt"
        ))));
        let Ok(Document::Packages(packages)) = read_vendored(
            "",
            b"# carried\nCacheControl==0.14.2\nrequests[socks]==2.32.3  # pinned\n    urllib3==1.26.20; x\n./local\na b==1\nx==\n",
        ) else {
            panic!("no packages")
        };
        let told: Vec<String> = packages
            .iter()
            .map(|own| format!("{} {} {:?}", own.name, own.version, own.direct))
            .collect();
        assert_eq!(
            told,
            [
                "CacheControl 0.14.2 Some(false)",
                "requests 2.32.3 Some(false)",
                "urllib3 1.26.20 Some(false)"
            ]
        );
    }

    #[test]
    fn programs_that_are_archives() {
        let claims = |name: &str, head: &[u8]| {
            claims_archive(&Candidate::new(name, head.len() as u64, 0o755, head))
        };
        assert!(claims("bin/tool", b"#!/usr/bin/env python3\nPK\x03\x04"));
        assert!(!claims("bin/tool", b"#!/usr/bin/env python3\nimport x"));
        assert!(!claims("bin/tool", b"#!/bin/sh\nPK\x03\x04"));
        let script = b"#!/bin/sh\n# N.B.: This script should stick to syntax defined for POSIX";
        assert!(claims("bin/tool", script));
        // What is a program is told by its head, wherever it lies.
        let program = b"#!/usr/bin/env python3\nPK\x03\x04";
        assert!(claims("srv/tests/data/tool", program));
        assert!(claims("data/test/app.pex", program));
        assert!(!claims("srv/tests/data/a.egg", b"PK\x03\x04"));
        assert!(claims("app/.deps/idna-3.3-py3-none-any.whl", b"PK\x03\x04"));
        assert!(!claims("root/idna-3.3-py3-none-any.whl", b"PK\x03\x04"));
        assert!(!claims("bin/tool", b"#!/usr/bin/python3"));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in "((Name|Version|License|RECORD|a,sha256=b|a==1)[:,]? ?[a-z0-9\"\u{1b},]{0,9}\n| .{0,9}\n|.{0,20}){0,9}") {
            let bytes = bytes.as_bytes();
            if let Ok(Document::Python(own)) = read_metadata("", bytes) {
                prop_assert!(!own.name.contains(char::is_control) && !own.version.is_empty());
            }
            let _ = read_record("", bytes);
            let _ = read_installer("", bytes);
            let _ = read_origin("", bytes);
            if let Ok(Document::Packages(own)) = read_vendored("", bytes) {
                prop_assert!(own.iter().all(|own| !own.version.is_empty()));
            }
        }
    }

    #[test]
    fn distributions_in_archives() {
        let egg = crate::archive::zip::tests::zip(
            &[
                ("EGG-INFO/PKG-INFO", b"Name: Old.Egg\nVersion: 1.5\n"),
                (
                    ".deps/x.whl/x-1.dist-info/METADATA",
                    b"Name: x\nVersion: 1\n",
                ),
                ("own.py", b""),
            ],
            true,
        );
        let Ok(Document::Packages(packages)) = read_archive("a.egg", &egg) else {
            panic!("no packages")
        };
        let inner: Vec<Option<&str>> = packages.iter().map(|own| own.inner.as_deref()).collect();
        assert_eq!(
            inner,
            [
                Some("EGG-INFO/PKG-INFO"),
                Some(".deps/x.whl/x-1.dist-info/METADATA")
            ]
        );
        assert!(claims_archive(&Candidate::new(
            "a/b.egg",
            9,
            0o644,
            b"PK\x03\x04"
        )));
        assert!(read_archive("", b"PK").is_err());
    }
}
