//! Java archives: what Maven left in them, else what the manifest says, else the file's name; and
//! the same of every archive in them.

mod group;
mod identity;
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
    is_archive(candidate.name) && !super::cached::in_cache(candidate.path)
}

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
        let by_maven: Vec<Coordinates> = poms
            .iter()
            .filter_map(|(folder, pom)| self.coordinates(zip, folder, pom, inner))
            .collect();
        let own = identity::of(&manifest, &Name::of(name), &by_maven);
        if by_maven.is_empty() && own.is_none() {
            self.found.unknown += 1;
        }
        let alone = by_maven.len() == 1;
        for one in by_maven {
            let license = if alone { manifest.license() } else { None };
            self.add(one, Evidence::Metadata, license, inner);
        }
        if let Some((one, evidence)) = own {
            self.add(one, evidence, manifest.license(), inner);
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

    fn coordinates(
        &mut self,
        zip: Zip<'_>,
        folder: &str,
        pom: &Pom<'_>,
        inner: Option<&str>,
    ) -> Option<Coordinates> {
        pom.properties
            .and_then(|member| self.text(zip, &member, inner))
            .and_then(|text| pom::of_properties(&text))
            .or_else(|| {
                let text = self.text(zip, &pom.xml?, inner)?;
                pom::of_xml(&text, folder)
            })
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::zip::tests::zip;

    fn listed(path: &str, bytes: &[u8]) -> Vec<String> {
        match read(path, bytes) {
            Ok(Document::Java(archive)) => archive
                .packages
                .iter()
                .map(|own| {
                    format!(
                        "{}:{}@{} {}{}",
                        own.namespace.as_deref().unwrap_or("?"),
                        own.name,
                        own.version,
                        own.evidence.as_str(),
                        own.inner
                            .as_deref()
                            .map(|at| format!(" in {at}"))
                            .unwrap_or_default(),
                    )
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    fn jar(manifest: &str) -> Vec<u8> {
        zip(&[("META-INF/MANIFEST.MF", manifest.as_bytes())], true)
    }

    #[test]
    fn an_application_with_its_libraries() {
        let log4j = jar(
            "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.log4j\r\nBundle-Version: 1.2.17\r\n",
        );
        let collections = jar(
            "Extension-Name: commons-collections\nSpecification-Version: 3.2.2\nImplementation-Version: 3.2.2\n",
        );
        let spring =
            jar("Implementation-Title: spring-core\nImplementation-Version: 4.3.30.RELEASE\n");
        let unnamed = zip(&[("a/B.class", b"x")], false);
        let app = zip(
            &[
                (
                    "META-INF/MANIFEST.MF",
                    b"Implementation-Title: shop\nImplementation-Version: 1.2.3\n",
                ),
                (
                    "META-INF/maven/com.example/shop/pom.properties",
                    b"#x\ngroupId=com.example\nartifactId=shop\nversion=1.2.3\n",
                ),
                ("BOOT-INF/lib/log4j-1.2.jar", &log4j),
                ("BOOT-INF/lib/commons-collections3.jar", &collections),
                ("BOOT-INF/lib/spring3-core-3.x.jar", &spring),
                ("BOOT-INF/lib/jackson-databind-2.15.2.jar", &unnamed),
            ],
            false,
        );
        assert_eq!(
            listed("opt/app/app.jar", &app),
            [
                "com.example:shop@1.2.3 metadata",
                "commons-collections:commons-collections@3.2.2 metadata in BOOT-INF/lib/commons-collections3.jar",
                "com.fasterxml.jackson.core:jackson-databind@2.15.2 file-name in BOOT-INF/lib/jackson-databind-2.15.2.jar",
                "log4j:log4j@1.2.17 metadata in BOOT-INF/lib/log4j-1.2.jar",
                "org.springframework:spring-core@4.3.30.RELEASE metadata in BOOT-INF/lib/spring3-core-3.x.jar",
            ]
        );
    }

    #[test]
    fn archives_in_archives_end_somewhere() {
        let mut bytes = zip(
            &[(
                "META-INF/maven/g/a/pom.xml",
                b"<project><parent><groupId>g</groupId><version>1.0</version></parent><artifactId>a</artifactId></project>",
            )],
            true,
        );
        assert_eq!(listed("x.jar", &bytes), ["g:a@1.0 metadata"]);
        for _ in 0..8 {
            bytes = zip(&[("lib/x.jar", &bytes)], true);
        }
        let Ok(Document::Java(archive)) = read("x.ear", &bytes) else {
            panic!("it is read");
        };
        assert!(archive.packages.is_empty());
        assert_eq!(archive.unread.len(), 1);
        let inner = zip(&[("lib/x.jar", b"no zip")], true);
        let Ok(Document::Java(archive)) = read("x.ear", &inner) else {
            panic!("it is read");
        };
        assert_eq!(archive.unread.len(), 1);
        assert!(read("x.jar", b"version https://git-lfs").is_err());
    }

    /// An archive whose directory lists one member, which is not packed, any number of times.
    fn repeated(name: &str, content: &[u8], times: u16) -> Vec<u8> {
        let once = zip(&[(name, content)], false);
        let end = once.len() - 22;
        let start = 30 + name.len() + content.len();
        let mut bytes = once[..start].to_vec();
        for _ in 0..times {
            bytes.extend(&once[start..end]);
        }
        let length = (bytes.len() - start) as u32;
        bytes.extend(&once[end..end + 8]);
        bytes.extend(times.to_le_bytes());
        bytes.extend(times.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend((start as u32).to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    /// One whose work grows with the power of its depth, if each name counts as an archive of its
    /// own: hundreds of millions of archives in some ten thousand bytes.
    #[test]
    fn archives_that_are_listed_many_times_end() {
        let mut bytes = zip(&[("META-INF/MANIFEST.MF", b"x")], false);
        for _ in 0..4 {
            bytes = repeated("a.jar", &bytes, 300);
        }
        let Ok(Document::Java(archive)) = read("x.jar", &bytes) else {
            panic!("it is read");
        };
        assert!(archive.unread.len() > 10, "{:?}", archive.unread);
        let many = repeated("a.jar", b"", u16::MAX);
        let Ok(Document::Java(archive)) = read("x.jar", &many) else {
            panic!("it is read");
        };
        let told = |part: &str| archive.unread.iter().any(|(_, why)| why.contains(part));
        assert!(told("more archives"), "{:?}", archive.unread);
    }

    /// Few bytes that unpack to many: what an archive may cost follows from its length.
    #[test]
    fn bombs_are_told_as_unread() {
        let zeros = vec![0; 8 << 20];
        let bomb = zip(
            &[
                ("META-INF/MANIFEST.MF", &zeros[..MAX_TEXT]),
                ("a.jar", &zeros),
            ],
            true,
        );
        let Ok(Document::Java(archive)) = read("x.jar", &bomb) else {
            panic!("it is read");
        };
        assert_eq!(
            archive.unread,
            [
                (String::new(), Allowance::SPENT.to_owned()),
                ("a.jar".to_owned(), Allowance::SPENT.to_owned()),
            ]
        );
    }

    #[test]
    fn places_have_a_length() {
        let mut bytes = zip(&[("META-INF/maven/g/a/pom.properties", b"x")], false);
        let name = format!("{}\u{e4}.jar", "x".repeat(MAX_PLACE - 1));
        bytes = zip(&[(&name, &bytes)], false);
        let Ok(Document::Java(archive)) = read("x.jar", &bytes) else {
            panic!("it is read");
        };
        assert_eq!(archive.unread[0].0.len(), MAX_PLACE - 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            manifest in "([A-Za-z-]{1,12}: [ -~\u{e4}]{0,20}\r?\n|Bundle-Version: |Implementation-Title: |\n ){0,8}",
            pom in "(<(/?(project|parent|groupId|artifactId|version))>|<!--|-->|\\$\\{[a-z.]{0,9}\\}|[a-z0-9.]{0,5}){0,20}",
            name in "[a-z0-9._-]{0,20}\\.jar",
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let inner = zip(&[("META-INF/MANIFEST.MF", manifest.as_bytes())], true);
            let mut bytes = zip(
                &[
                    ("META-INF/MANIFEST.MF", manifest.as_bytes()),
                    ("META-INF/maven/g/a/pom.xml", pom.as_bytes()),
                    ("META-INF/maven/g/b/pom.properties", manifest.as_bytes()),
                    (&name, &inner),
                ],
                false,
            );
            let _ = read(&name, &bytes);
            for (index, value) in changes {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
            let _ = read(&name, &bytes);
        }
    }
}
