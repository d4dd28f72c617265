//! Pacman's package database (`alpm-db-desc(5)`, `alpm-db-files(5)`): a folder a package, with a
//! file of sections each.

use plimsoll_model::PackageKind;

use super::system::{Database, FileListWriter, Record};
use super::{Candidate, Document, word};

const FOLDER: &str = "var/lib/pacman/local/";

fn claims_file(candidate: &Candidate<'_>, wanted: &str) -> bool {
    candidate.name == wanted
        && candidate
            .path
            .strip_prefix(FOLDER)
            .is_some_and(|rest| rest.bytes().filter(|byte| *byte == b'/').count() == 1)
}

pub(super) fn claims_description(candidate: &Candidate<'_>) -> bool {
    claims_file(candidate, "desc")
}

pub(super) fn claims_files(candidate: &Candidate<'_>) -> bool {
    claims_file(candidate, "files")
}

/// Section and line of each value.
fn values(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    text.lines().filter_map(move |line| {
        let line = line.trim_end_matches('\r');
        if let Some(name) = line
            .strip_prefix('%')
            .and_then(|line| line.strip_suffix('%'))
        {
            section = name;
            return None;
        }
        (!line.is_empty()).then_some((section, line))
    })
}

pub(super) fn read_description(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let (mut name, mut version, mut base) = (None, None, None);
    let mut licenses = Vec::new();
    let mut record = Record {
        // Where no reason is told, somebody asked for it.
        direct: Some(true),
        ..Record::default()
    };
    for (section, value) in values(&text) {
        match section {
            "NAME" => name = Some(value),
            "VERSION" => version = Some(value),
            "BASE" => base = Some(value),
            "ARCH" => value.clone_into(&mut record.architecture),
            "LICENSE" => licenses.push(value),
            "SIZE" => record.size = value.parse().ok(),
            "REASON" => record.direct = Some(value != "1"),
            _ => {}
        }
    }
    record.name = word("%NAME%", name)?;
    record.version = word("%VERSION%", version)?;
    let base = base.unwrap_or(&record.name).to_owned();
    if base != record.name {
        record.qualifiers = vec![("upstream".to_owned(), base.clone())];
    }
    record.source = Some((base, record.version.clone()));
    record.license = (!licenses.is_empty()).then(|| licenses.join(", "));
    let mut database = Database::new(PackageKind::Alpm);
    database.records.push(record);
    Ok(Document::System(database))
}

pub(super) fn read_files(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut files = FileListWriter::new(4 * bytes.len() + 64);
    for (section, value) in values(&text) {
        if section == "FILES" && !value.ends_with('/') {
            files.push(None, "", value);
        }
    }
    Ok(Document::AlpmFiles(files.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_a_package() {
        let text = "%NAME%\nopenssl\n\n%VERSION%\n1:3.0-1\n\n%BASE%\nssl\n\n%ARCH%\nx86_64\n\n\
                    %LICENSE%\nApache-2.0\nMIT\n\n%SIZE%\n77\n\n%REASON%\n1\n";
        let Ok(Document::System(database)) = read_description("", text.as_bytes()) else {
            panic!("no package")
        };
        let record = &database.records[0];
        assert_eq!(record.identity(), ("openssl", "1:3.0-1", "x86_64"));
        assert_eq!(record.license.as_deref(), Some("Apache-2.0, MIT"));
        assert_eq!((record.size, record.direct), (Some(77), Some(false)));
        assert_eq!(record.source.as_ref().unwrap().0, "ssl");
        assert!(read_description("", b"%NAME%\nx\n").is_err());
    }

    #[test]
    fn files_without_folders() {
        let Ok(Document::AlpmFiles(files)) =
            read_files("", b"%FILES%\nusr/\nusr/bin/x\n\n%BACKUP%\netc/x\tsum\n")
        else {
            panic!("no files")
        };
        assert_eq!(files.iter().collect::<Vec<_>>(), [("-", "usr/bin/x")]);
        for (path, yes) in [
            ("var/lib/pacman/local/bash-5-1/desc", true),
            ("var/lib/pacman/local/desc", false),
            ("var/lib/pacman/local/a/b/desc", false),
        ] {
            assert_eq!(claims_description(&Candidate::named(path)), yes, "{path}");
        }
    }
}
