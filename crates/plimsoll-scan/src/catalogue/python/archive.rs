//! Distributions inside of one file: eggs, and programs that are zip archives.

use plimsoll_model::{Evidence, PackageKind};

use super::{MAX_INSIDE, is_fixture, read_metadata};
use crate::archive::zip::{Allowance, Zip};
use crate::catalogue::{Candidate, Document, Proven, base_name, folder, word};

/// Archives that interpreters import from as they are: eggs, and programs as zip files (PEP 441).
pub(in crate::catalogue) fn claims_archive(candidate: &Candidate<'_>) -> bool {
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

/// Bytes that are read of the metadata in one archive, packed and unpacked.
const MAX_READ: u64 = 64 << 20;

/// Bytes of the metadata of one distribution in an archive.
const MAX_METADATA: usize = 1 << 20;

/// Reads the metadata of every distribution in an archive.
pub(in crate::catalogue) fn read_archive(_path: &str, bytes: &[u8]) -> Result<Document, String> {
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
                inner: Some(word("path", Some(name))?),
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
