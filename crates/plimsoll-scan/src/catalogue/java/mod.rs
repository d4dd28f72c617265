//! Java archives: what Maven left in them, else what the manifest says, else the file's name; and
//! the same of every archive in them.

mod group;
mod identity;
mod license;
mod manifest;
mod pom;

use std::collections::BTreeMap;

use plimsoll_model::{Evidence, PackageKind};
use serde::{Deserialize, Serialize};

use super::{Candidate, Document, Proven, base_name};
use crate::archive::zip::{Allowance, Member, Zip};
use identity::Name;
use manifest::Manifest;
use pom::Coordinates;

/// The longest archive that is read. It lies in memory while it is.
pub(super) const LIMIT: u64 = 128 << 20;

/// How deep archives in archives are followed.
const MAX_DEPTH: usize = 5;
/// The longest of them, unpacked.
const MAX_NESTED: usize = 64 << 20;
/// Bytes that one file may make us read of its members.
const MAX_READ: u64 = 512 << 20;
/// Archives in one file, at any depth, and folders of artifacts in each.
const MAX_ARCHIVES: usize = 20_000;
/// The longest place of an archive in others that is told.
const MAX_PLACE: usize = 2_000;
/// The longest manifest or pom.
const MAX_TEXT: usize = 1 << 20;
/// Packages that are listed of one file.
const MAX_PACKAGES: usize = 20_000;
/// Members that are told as unread of one file.
const MAX_UNREAD: usize = 100;

/// What a Java archive proves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Archive {
    pub(crate) packages: Vec<Proven>,
    /// Archives in it that could not be read, and why.
    pub(crate) unread: Vec<(String, String)>,
    /// How many archives, itself among them, nothing identifies.
    pub(crate) unknown: usize,
}

/// Whether a file of this name is a Java archive.
fn is_archive(name: &str) -> bool {
    let Some((_, end)) = name.rsplit_once('.') else {
        return false;
    };
    [
        "jar", "war", "ear", "par", "sar", "nar", "kar", "lpkg", "hpi", "jpi",
    ]
    .iter()
    .any(|known| end.eq_ignore_ascii_case(known))
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    (is_archive(candidate.name) || begins_so(candidate.head))
        && !super::cached::in_cache(candidate.path)
}

/// What stands in the script that Spring Boot puts in front of a "fully executable" archive.
const LAUNCHER: &[u8] = b"#\n#    .   ____ ";

/// Whether a file begins as Java archives do, whatever it is called: with the folder of the manifest,
/// or with a script in front of that.
fn begins_so(head: &[u8]) -> bool {
    let has_manifest = |archive: &[u8]| {
        let length = archive.get(26..28).map(|length| [length[0], length[1]]);
        let length = length.map_or(0, |length| usize::from(u16::from_le_bytes(length)));
        let name = archive.get(30..30 + length);
        name.is_some_and(|name| matches!(name, b"META-INF/" | b"META-INF/MANIFEST.MF"))
    };
    if head.starts_with(MEMBER) {
        return has_manifest(head);
    }
    head.starts_with(b"#!")
        && (memchr::memmem::find(head.get(..80).unwrap_or(head), LAUNCHER).is_some()
            || memchr::memmem::find(head, MEMBER)
                .and_then(|at| head.get(at..))
                .is_some_and(has_manifest))
}

/// How a member of an archive begins.
const MEMBER: &[u8] = b"PK\x03\x04";

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let zip = Zip::open(bytes)?;
    let mut reader = Reader {
        found: Archive::default(),
        allowance: Allowance::new(bytes.len(), MAX_READ),
        archives: 0,
    };
    reader.archive(zip, base_name(path), None, 1);
    let key = |own: &Proven| {
        (
            own.inner.clone(),
            own.namespace.clone(),
            own.name.clone(),
            own.version.clone(),
        )
    };
    reader.found.packages.sort_by_cached_key(key);
    reader.found.packages.dedup();
    Ok(Document::Java(reader.found))
}

/// Reads one file and the archives in it.
struct Reader {
    found: Archive,
    allowance: Allowance,
    /// Archives seen in it so far.
    archives: usize,
}

impl Reader {
    fn archive(&mut self, zip: Zip<'_>, name: &str, inner: Option<&str>, depth: usize) {
        let mut manifest = None;
        let mut poms: BTreeMap<String, Pom<'_>> = BTreeMap::new();
        let mut nested: Vec<(String, Member<'_>)> = Vec::new();
        for member in zip.members() {
            let member = match member {
                Ok(member) => member,
                Err(why) => {
                    self.unread(inner, why);
                    break;
                }
            };
            match told_by(member.name) {
                Some(Told::Manifest) => manifest = Some(member),
                Some(Told::Pom(folder, kind)) => {
                    if poms.len() >= MAX_ARCHIVES {
                        self.unread(inner, "it has more artifacts than are read of one archive");
                        break;
                    }
                    let pom = poms.entry(folder).or_default();
                    match kind {
                        PomKind::Properties => pom.properties = Some(member),
                        PomKind::Xml => pom.xml = Some(member),
                    }
                }
                Some(Told::Archive(name)) => {
                    if self.archives >= MAX_ARCHIVES {
                        self.unread(inner, "its file has more archives than are read of one");
                        break;
                    }
                    self.archives += 1;
                    nested.push((name, member));
                }
                None => {}
            }
        }
        let manifest = manifest
            .and_then(|member| self.text(zip, &member, inner))
            .map(|text| Manifest::read(&text))
            .unwrap_or_default();
        let (by_maven, licenses): (Vec<Coordinates>, Vec<Option<String>>) = poms
            .iter()
            .filter_map(|(folder, pom)| self.by_maven(zip, folder, pom, inner))
            .unzip();
        let own = identity::of(&manifest, &Name::of(name), &by_maven);
        if by_maven.is_empty() && own.is_none() {
            self.found.unknown += 1;
        }
        let (alone, is_shared) = (by_maven.len() == 1, !by_maven.is_empty());
        for (one, license) in by_maven.into_iter().zip(licenses) {
            let license = license.or_else(|| manifest.license().filter(|_| alone));
            self.add(one, Evidence::Metadata, license, inner);
        }
        if let Some((one, evidence)) = own {
            // A manifest that does not tell what the archive is may be that of another in it.
            let is_own = !(is_shared && evidence == Evidence::FileName);
            let license = manifest.license().filter(|_| is_own);
            self.add(one, evidence, license, inner);
        }
        for (path, member) in nested {
            let place = match inner {
                Some(outer) => format!("{outer}!{path}"),
                None => path,
            };
            self.nested(zip, &member, &place, depth + 1);
        }
    }

    /// Reads an archive in an archive.
    fn nested(&mut self, zip: Zip<'_>, member: &Member<'_>, place: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return self.unread(Some(place), "it lies too deep in other archives");
        }
        if place.len() > MAX_PLACE {
            let end = place.floor_char_boundary(MAX_PLACE);
            return self.unread(place.get(..end), "its name is too long");
        }
        let bytes = match self.allowance.read(zip, member, MAX_NESTED) {
            Ok(bytes) => bytes,
            Err(why) => return self.unread(Some(place), why),
        };
        match Zip::open(&bytes) {
            Ok(zip) => self.archive(zip, base_name(place), Some(place), depth),
            Err(why) => self.unread(Some(place), why),
        }
    }

    /// The text of a member, if it can be read.
    fn text(&mut self, zip: Zip<'_>, member: &Member<'_>, inner: Option<&str>) -> Option<String> {
        match self.allowance.read(zip, member, MAX_TEXT) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(why) => {
                if why == Allowance::SPENT {
                    self.unread(inner, why);
                }
                None
            }
        }
    }

    /// What Maven left of an artifact: what it is, and its licence.
    fn by_maven(
        &mut self,
        zip: Zip<'_>,
        folder: &str,
        pom: &Pom<'_>,
        inner: Option<&str>,
    ) -> Option<(Coordinates, Option<String>)> {
        let properties = pom
            .properties
            .and_then(|member| self.text(zip, &member, inner))
            .and_then(|text| pom::of_properties(&text));
        let xml = pom.xml.and_then(|member| self.text(zip, &member, inner));
        let own = properties.or_else(|| pom::of_xml(xml.as_deref()?, folder))?;
        Some((own, xml.as_deref().and_then(pom::licenses)))
    }

    fn add(
        &mut self,
        own: Coordinates,
        evidence: Evidence,
        license: Option<String>,
        inner: Option<&str>,
    ) {
        if self.found.packages.len() >= MAX_PACKAGES {
            return;
        }
        self.found.packages.push(Proven {
            kind: PackageKind::Maven,
            namespace: own.group,
            name: own.artifact,
            version: own.version,
            qualifiers: Vec::new(),
            license,
            evidence,
            direct: None,
            requires: Vec::new(),
            inner: inner.map(str::to_owned),
        });
    }

    fn unread(&mut self, inner: Option<&str>, why: &str) {
        if self.found.unread.len() < MAX_UNREAD {
            let place = inner.unwrap_or_default().to_owned();
            self.found.unread.push((place, why.to_owned()));
        }
    }
}

/// What Maven left of one artifact.
#[derive(Default)]
struct Pom<'a> {
    properties: Option<Member<'a>>,
    xml: Option<Member<'a>>,
}

enum PomKind {
    Properties,
    Xml,
}

/// What a member is, as far as it is read.
enum Told {
    Manifest,
    /// A file of the folder of an artifact: `META-INF/maven/GROUP/ARTIFACT/`.
    Pom(String, PomKind),
    Archive(String),
}

fn told_by(name: &[u8]) -> Option<Told> {
    // Most members are classes.
    if name.ends_with(b".class") {
        return None;
    }
    if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
        return Some(Told::Manifest);
    }
    const MAVEN: &[u8] = b"META-INF/maven/";
    if let Some(at) = memchr::memmem::find(name, MAVEN) {
        let rest = String::from_utf8_lossy(name.get(at + MAVEN.len()..)?);
        let (folder, file) = rest.rsplit_once('/')?;
        let kind = match file {
            "pom.properties" => PomKind::Properties,
            "pom.xml" => PomKind::Xml,
            _ => return None,
        };
        return Some(Told::Pom(folder.to_owned(), kind));
    }
    let end = name.get(name.len().saturating_sub(5)..)?;
    if !end.contains(&b'.') {
        return None;
    }
    let name = String::from_utf8_lossy(name);
    is_archive(base_name(&name)).then(|| Told::Archive(name.into_owned()))
}

#[cfg(test)]
mod tests;
