//! Bills of materials in place of images: what others wrote down of an image can be held against
//! advisories without the image.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;

use plimsoll_attest::read::{self, BillOfMaterials};
use plimsoll_model::{BillSummary, Report, Skipped, Topic};

use crate::failure::Failure;

/// The largest document that is read, in bytes.
const LARGEST: u64 = 512 << 20;
/// How much of a file tells whether it is one.
const HEAD: u64 = 4096;
/// What a bill of materials is not: named so where a gate asks for what only an image shows.
pub(crate) const NO_IMAGE: &str = "image";
/// Components told by name that nothing identifies.
const TOLD: usize = 5;

/// The bill of materials that `name` is the file of: with `sbom:` in front it must be one, and `-` is
/// standard input then; otherwise there is none where the file looks like something else.
///
/// # Errors
/// The file cannot be read, or is no bill of materials.
pub(crate) fn find(name: &str) -> Result<Option<BillOfMaterials>, Failure> {
    let (path, is_meant) = match name.strip_prefix("sbom:") {
        Some(path) => (Path::new(path), true),
        None => (Path::new(name), false),
    };
    // An image comes on standard input, too, whatever lies in the folder.
    if !is_meant && (name == "-" || !path.is_file()) {
        return Ok(None);
    }
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let mut file = match path.to_str() {
        Some("-") => standard_input()?,
        _ => File::open(path).map_err(failed)?,
    };
    let mut bytes = Vec::new();
    file.by_ref()
        .take(HEAD)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if let Some(why) = unreadable(path, is_meant, &bytes) {
        return Err(Failure::usage(format!("{}: {why}", path.display())));
    }
    if !is_meant && !read::looks_like_one(&bytes) {
        return Ok(None);
    }
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    bytes.reserve(usize::try_from(length.min(LARGEST)).unwrap_or_default());
    let mut rest = file.take(LARGEST);
    rest.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 >= LARGEST {
        return Err(Failure::usage(format!(
            "{}: is larger than the {} MB that are read of a bill of materials",
            path.display(),
            LARGEST >> 20
        )));
    }
    match read::read(&bytes) {
        Ok(bill) => Ok(Some(bill)),
        Err(error) => Err(Failure::usage(format!("{}: {error}", path.display()))),
    }
}

/// Standard input, unless a person sits there.
fn standard_input() -> Result<File, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::usage(
            "sbom:-: standard input is a terminal: a bill of materials is read from there, as in \
             `syft IMAGE -o cyclonedx-json | plimsoll inspect sbom:-`"
                .to_owned(),
        ));
    }
    let file = input.as_fd().try_clone_to_owned();
    file.map(File::from)
        .map_err(|error| Failure::file(Path::new("-"), &error))
}

/// Why a file that may be a bill of materials, or `is_meant` as one, is not read, by how it begins: it is
/// compressed, or in another encoding, as PowerShell's `>` writes.
fn unreadable(path: &Path, is_meant: bool, head: &[u8]) -> Option<&'static str> {
    const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    const BILLS: [&str; 3] = ["json", "spdx", "cdx"];
    let stem = Path::new(path.file_stem()?);
    let mut ends = [path, stem].into_iter().filter_map(Path::extension);
    let is_bill =
        is_meant || ends.any(|end| BILLS.iter().any(|bill| end.eq_ignore_ascii_case(bill)));
    if is_bill && COMPRESSED.iter().any(|magic| head.starts_with(magic)) {
        return Some("is compressed: unpack it, a bill of materials is read as it is");
    }
    let units = match head {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes as fn([u8; 2]) -> u16),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => return None,
    };
    let mut units = units.0.as_chunks().0.iter().map(|unit| units.1(*unit));
    let first = units.find(|unit| !matches!(unit, 0x09 | 0x0a | 0x0d | 0x20));
    (first == Some(u16::from(b'{'))).then_some("is in UTF-16: JSON is read in UTF-8")
}

/// What it tells, as a report. `needs_rules` says whether a gate asks for what only an image shows.
pub(crate) fn report(name: &str, bill: BillOfMaterials, needs_rules: bool) -> Report {
    let mut skipped = vec![Skipped {
        blocking: needs_rules,
        ..Skipped::new(
            Topic::Files,
            NO_IMAGE,
            "a bill of materials tells of packages only: files, secrets, configuration and waste \
              were not looked at",
        )
    }];
    if let Some(said) = &bill.incomplete {
        skipped.push(Skipped::new(
            Topic::Packages,
            "bill of materials",
            format!("it says of itself that it does not have all packages: {said}"),
        ));
    }
    if !bill.unidentified.is_empty() {
        let names: Vec<&str> = bill
            .unidentified
            .iter()
            .take(TOLD)
            .map(String::as_str)
            .collect();
        let more = if bill.unidentified.len() > TOLD {
            ", …"
        } else {
            ""
        };
        skipped.push(Skipped::new(
            Topic::Packages,
            format!("{} components", bill.unidentified.len()),
            format!(
                "no package URL of a known type says what they are: {}{more}",
                names.join(", ")
            ),
        ));
    }
    Report {
        bill: Some(summary(name, &bill)),
        inventory: bill.inventory,
        skipped,
        ..Report::default()
    }
}

/// What it is, and what it is about.
pub(crate) fn summary(name: &str, bill: &BillOfMaterials) -> BillSummary {
    BillSummary {
        name: name.to_owned(),
        format: bill.format.clone(),
        subject: bill.subject.clone(),
        digest: bill.digest.clone(),
        is_image: bill.is_image,
        architecture: bill.architecture.clone().or_else(|| {
            let platform = bill.platform.as_ref();
            let word = platform.map(|platform| &platform.architecture);
            word.filter(|word| !word.is_empty()).cloned()
        }),
        unidentified: bill.unidentified.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_a_bill_only_where_that_is_said() {
        assert!(find("-").unwrap().is_none());
        assert!(find("no/such/file").unwrap().is_none());
    }

    #[test]
    fn what_must_be_unpacked_or_written_anew_is_told() {
        let why = |path: &str, head: &[u8]| unreadable(Path::new(path), false, head);
        let zipped = b"\x1f\x8b\x08\0";
        assert!(
            why("a/sbom.json.gz", zipped)
                .unwrap()
                .contains("compressed")
        );
        for path in ["a/sbom.json", "sb.spdx.gz", "sb.CDX.zst", "sb.spdx.json.xz"] {
            assert!(why(path, zipped).unwrap().contains("compressed"), "{path}");
        }
        let meant = unreadable(Path::new("b.gz"), true, zipped);
        assert!(meant.unwrap().contains("compressed"));
        // It may be an image.
        assert_eq!(why("a/image.gz", zipped), None);
        assert_eq!(why("a/image.tar.gz", zipped), None);
        assert_eq!(why("a/sbom.json", b"{}"), None);
        assert!(
            why("sbom.json", b"\xff\xfe\n\0{\0")
                .unwrap()
                .contains("UTF-16")
        );
        assert!(why("sbom.json", b"\xfe\xff\0{").unwrap().contains("UTF-16"));
        assert_eq!(why("sbom.json", b"\xff\xfe\0{"), None);
        assert_eq!(why("sbom.json", b"\xff\xfe{"), None);
    }
}
