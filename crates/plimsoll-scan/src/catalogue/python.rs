//! Installed Python distributions: `*.dist-info` (PyPA, "Recording installed projects"), the older
//! `*.egg-info`, and `EGG-INFO` in an egg.

mod archive;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use plimsoll_model::{Evidence, PackageKind, Requirement};

pub(super) use self::archive::{claims_archive, read_archive};
use super::json::Map;
use super::npm::FIXTURES;
use super::{Candidate, Document, Proven, base_name, folder};
use crate::license;

/// What a distribution says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    /// As its author writes it.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// What it needs, with whatever extras.
    pub(crate) requires: Vec<Requirement>,
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
    /// How many of those [`is_module`] means.
    pub(crate) modules: usize,
}

/// Whether interpreters import a file by itself, or the folder it lies in.
pub(crate) fn is_module(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "py" | "so" | "pyd")))
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

/// Distributions listed of one archive.
const MAX_INSIDE: usize = 5_000;

/// What pip, and other tools that carry their dependencies with them, write of what they carry:
/// lines of `NAME==VERSION`, as `pip debug` tells them.
pub(super) fn claims_vendored(candidate: &Candidate<'_>) -> bool {
    is_list_of_carried(candidate.path)
        && (candidate.path.contains("site-packages/") || candidate.path.contains("dist-packages/"))
}

/// Whether a file is such a list, by its name and folder.
pub(crate) fn is_list_of_carried(path: &str) -> bool {
    base_name(path) == "vendor.txt"
        && matches!(base_name(folder(path)), "_vendor" | "vendor" | "vendored")
}

/// What a distribution's modules may be called: its own name, else that without what says "for
/// Python", or a well-known other one.
pub(crate) fn modules(name: &str) -> Vec<String> {
    let plain = normalise(name).replace('-', "_");
    let mut modules = vec![name.to_owned()];
    for affix in ["python_", "py"] {
        modules.extend(plain.strip_prefix(affix).map(str::to_owned));
    }
    modules.extend(plain.strip_suffix("_python").map(str::to_owned));
    // `ruamel.yaml` is a module in a package.
    modules.extend(name.contains('.').then(|| name.replace('.', "/")));
    let other = match plain.as_str() {
        "attrs" => Some("attr"),
        "beautifulsoup4" => Some("bs4"),
        "backports_functools_lru_cache" => Some("backports"),
        "pillow" => Some("PIL"),
        "protobuf" => Some("google/protobuf"),
        _ => None,
    };
    modules.extend(other.map(str::to_owned));
    modules.push(plain);
    modules
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

/// A name as indexes compare it: case does not count, and `-`, `_` and `.`, however many, are one `-`
/// (PEP 503, "Normalized Names").
pub(crate) fn normalise(name: &str) -> Cow<'_, str> {
    let is_normal = name.bytes().enumerate().all(|(at, byte)| match byte {
        b'-' => name.as_bytes().get(at + 1) != Some(&b'-'),
        b'_' | b'.' => false,
        byte => byte.is_ascii() && !byte.is_ascii_uppercase(),
    });
    if is_normal {
        return Cow::Borrowed(name);
    }
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            normal.extend(c.to_lowercase());
        } else if !normal.ends_with('-') {
            normal.push('-');
        }
    }
    Cow::Owned(normal)
}

/// Reads core metadata: header fields up to the first empty line.
pub(super) fn read_metadata(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut name = None;
    let mut version = None;
    let mut expression = None;
    let mut license = None;
    let mut classifiers = Vec::new();
    let mut requires = Vec::new();
    // Text a field goes on with on the next lines makes it a licence's text, not its name.
    let mut last_was_license = false;
    for line in text.lines() {
        // A line of blanks belongs to the text that goes on there.
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            // The first line of a text is mostly its name.
            if last_was_license {
                license = license.filter(|name: &String| {
                    license::expression(PackageKind::Python, name).is_some()
                });
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
            "requires-dist" => requires.extend(requirement(value)),
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
        requires: super::requirements(requires.into_iter()),
    }))
}

/// `urllib3[socks] (>=1.20,<1.26) ; python_version > "3"`; nothing where an extra is what needs it.
fn requirement(text: &str) -> Option<Requirement> {
    let (package, condition) = text
        .split_once(';')
        .map_or((text, None), |(package, rest)| {
            (package, Some(rest.trim().to_owned()))
        });
    let is_extra = condition
        .as_ref()
        .is_some_and(|text| text.contains("extra"));
    let end = package
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(package.len());
    let (name, rest) = package.split_at(end);
    let rest = rest.trim_start();
    let versions = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    (!is_extra).then(|| Requirement {
        name: name.to_owned(),
        versions: versions.trim().to_owned(),
        condition,
    })
}

/// A file that a `RECORD` lists.
pub(crate) struct Listed<'t> {
    pub(crate) path: &'t str,
    /// Its SHA-256, in base64url without padding.
    pub(crate) sum: Option<&'t str>,
    size: Option<u64>,
}

/// Reads lines of `path,sha256=sum,size`.
pub(crate) fn listed_in(text: &str) -> impl Iterator<Item = Listed<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.rsplitn(3, ',');
        let size = fields.next()?.trim().parse().ok();
        let sum = fields.next().and_then(|sum| sum.strip_prefix("sha256="));
        let path = fields.next()?.trim_matches('"');
        (!path.is_empty()).then_some(Listed { path, sum, size })
    })
}

/// Reads what an installed distribution lists of its files.
pub(super) fn read_record(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut record = Record::default();
    for Listed { path, sum, size } in listed_in(&text) {
        record.size = record.size.saturating_add(size.unwrap_or(0));
        record.files = record.files.saturating_add(1);
        let Some(sum) = sum else {
            continue;
        };
        if may_hold_key(path) {
            record.sums.insert(path.to_owned(), sum.to_owned());
        } else {
            let code = short_sum(path, sum);
            record.modules += usize::from(code.is_some() && is_module(path));
            record.code.extend(code);
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
mod tests;
