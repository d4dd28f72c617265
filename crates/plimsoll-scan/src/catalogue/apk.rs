//! Alpine's package database (apk-tools, `apk-v2(5)`, "installed database"): a letter and a value
//! a line, an empty line behind each package. Version 3 of apk-tools kept the form.

use base64::Engine as _;
use plimsoll_model::PackageKind;

use super::system::{Database, FileListWriter, Record};
use super::{Candidate, Document, word};

/// Where the database lies; the second since systems merge `/lib` into `/usr`.
pub(super) const DATABASES: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// The packages somebody asked for.
pub(crate) const WORLD: &str = "etc/apk/world";

/// How a file of version 3's binary form begins.
const BINARY: &[u8] = b"ADB";

pub(super) fn claims_database(candidate: &Candidate<'_>) -> bool {
    DATABASES.contains(&candidate.path)
}

pub(super) fn read_database(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    if bytes.starts_with(BINARY) {
        return Err("it has the binary form of apk-tools 3, which is not read".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let mut database = Database::new(PackageKind::Apk);
    // What the paths of all packages together may become long: each folder is written once a file.
    let mut room = 4 * bytes.len();
    let mut stanza = Stanza::new(room);
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            room = room.saturating_sub(stanza.files.length());
            database.take(std::mem::replace(&mut stanza, Stanza::new(room)).finish());
        } else {
            stanza.line(line);
        }
    }
    database.or_damage().map(Document::System)
}

/// The fields of one package, as they come.
struct Stanza<'a> {
    any: bool,
    name: Option<&'a str>,
    version: Option<&'a str>,
    architecture: Option<&'a str>,
    origin: Option<&'a str>,
    license: Option<&'a str>,
    size: Option<u64>,
    folder: &'a str,
    /// The file whose sum may still come.
    file: Option<&'a str>,
    files: FileListWriter,
    complete: bool,
}

impl<'a> Stanza<'a> {
    fn new(room: usize) -> Self {
        Self {
            any: false,
            name: None,
            version: None,
            architecture: None,
            origin: None,
            license: None,
            size: None,
            folder: "",
            file: None,
            files: FileListWriter::new(room),
            complete: true,
        }
    }

    fn line(&mut self, line: &'a str) {
        self.any = true;
        let Some((field, value)) = line.split_once(':') else {
            return;
        };
        match field {
            "P" => self.name = Some(value),
            "V" => self.version = Some(value),
            "A" => self.architecture = Some(value),
            "o" => self.origin = Some(value),
            "L" => self.license = Some(value),
            "I" => self.size = value.trim().parse().ok(),
            "F" => {
                self.push_file(None);
                self.folder = value;
            }
            "R" => {
                self.push_file(None);
                self.file = Some(value);
            }
            "Z" => self.push_file(sum(value).as_deref()),
            _ => {}
        }
    }

    fn push_file(&mut self, sum: Option<&str>) {
        if let Some(file) = self.file.take() {
            self.complete &= self.files.push(sum, self.folder, file);
        }
    }

    fn finish(mut self) -> Result<Option<Record>, String> {
        if !self.any {
            return Ok(None);
        }
        self.push_file(None);
        let name = word("name (P)", self.name)?;
        let version = word("version (V)", self.version)
            .map_err(|why| format!("package {}: {why}", name.escape_debug()))?;
        if !self.complete {
            return Err(format!(
                "package {}: the paths of its files are out of all proportion",
                name.escape_debug()
            ));
        }
        let filled = |text: Option<&str>| {
            let text = text.unwrap_or_default().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let origin = filled(self.origin);
        let qualifiers = origin
            .iter()
            .filter(|origin| **origin != name)
            .map(|origin| ("upstream".to_owned(), origin.clone()))
            .collect();
        Ok(Some(Record {
            // All packages of one origin have its version.
            source: Some((origin.unwrap_or_else(|| name.clone()), version.clone())),
            architecture: filled(self.architecture).unwrap_or_default(),
            license: filled(self.license),
            size: self.size,
            qualifiers,
            files: self.files.finish(),
            name,
            version,
            ..Record::default()
        }))
    }
}

/// The SHA-1 of a file, in hexadecimal (`Q1` and base64).
fn sum(value: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value.trim().strip_prefix("Q1")?)
        .ok()?;
    (bytes.len() == 20).then(|| plimsoll_model::hex(&bytes))
}

pub(super) fn claims_world(candidate: &Candidate<'_>) -> bool {
    candidate.path == WORLD
}

/// Reads names, each with a version or a repository it is held to: `a>1`, `b=2`, `c@edge`.
pub(super) fn read_world(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    Ok(Document::Requested(
        text.split_whitespace()
            .filter(|word| !word.starts_with('!'))
            .filter_map(|word| word.split(['<', '>', '=', '~', '@']).next())
            .map(str::to_owned)
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_files_and_sums() {
        let text = "C:Q1AAAA\nP:libssl3\nV:3.1.4-r0\nA:x86_64\nS:1\nI:4096\nL:Apache-2.0\no:openssl\n\
                    F:lib\nR:libssl.so.3\na:0:0:755\nZ:Q1qvTGHdzF6KLavt4PO0gs2a6pQ00=\n\
                    F:usr\nF:usr/lib\nR:link\n\nP:broken\n\nP:.build-deps\nV:20240101.1\n";
        let Ok(Document::System(database)) = read_database("", text.as_bytes()) else {
            panic!("no database")
        };
        assert_eq!(
            database.damage.as_deref(),
            Some("package broken: it has no version (V)")
        );
        let [ssl, virtual_one] = database.records.as_slice() else {
            panic!("{:?}", database.records)
        };
        assert_eq!(ssl.identity(), ("libssl3", "3.1.4-r0", "x86_64"));
        assert_eq!(ssl.source, Some(("openssl".into(), "3.1.4-r0".into())));
        assert_eq!(ssl.qualifiers, [("upstream".into(), "openssl".into())]);
        assert_eq!(ssl.size, Some(4096));
        assert_eq!(
            ssl.files.iter().collect::<Vec<_>>(),
            [
                (
                    "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
                    "lib/libssl.so.3"
                ),
                ("-", "usr/lib/link")
            ]
        );
        assert_eq!(virtual_one.name, ".build-deps");
        assert!(read_database("", b"ADB.x").is_err());
    }

    #[test]
    fn the_world_holds_names() {
        let Ok(Document::Requested(names)) =
            read_world("", b"alpine-base\ncurl>8\nnginx@edge !ssh\npython3~3.11\n")
        else {
            panic!("no names")
        };
        assert_eq!(names, ["alpine-base", "curl", "nginx", "python3"]);
    }
}
