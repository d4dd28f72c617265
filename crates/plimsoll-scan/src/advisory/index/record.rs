//! Records as the file holds them: in short, in RECORDS, and the rest, in DETAILS.

use super::body::{MAX_SEVERITIES, Shared};
use super::format::{GROUP, Reader, Writer, sum};
use super::identifier;
use super::types::{Binary, Details, GoImport, Record, Reference, ReferenceKind, Specifics};

/// A record in short, on its way into the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) id: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) upstream: Vec<String>,
    pub(crate) published: Option<i64>,
    pub(crate) modified: Option<i64>,
    /// Numbers of shared strings.
    pub(crate) severities: Vec<u32>,
    pub(crate) label: Option<u32>,
}

/// Appends a record to a group.
pub(crate) fn write(record: &Short, group: &mut Vec<u8>) {
    let mut out = Vec::new();
    identifier::write(&record.id, &mut out);
    identifier::write_all(&record.aliases, &mut out);
    identifier::write_all(&record.upstream, &mut out);
    for date in [record.published, record.modified] {
        match date {
            Some(date) => {
                out.push(1);
                out.signed(date);
            }
            None => out.push(0),
        }
    }
    out.varint(record.severities.len() as u64);
    for severity in &record.severities {
        out.varint(u64::from(*severity));
    }
    out.varint(record.label.map_or(0, |label| u64::from(label) + 1));
    group.varint(out.len() as u64);
    group.extend(out);
}

/// A group as it lies in the file.
pub(crate) fn close_group(records: &[u8]) -> Vec<u8> {
    let mut out = sum(records).to_le_bytes().to_vec();
    out.extend(records);
    out
}

/// Reads the record of a number from its group; nothing where the group is damaged.
pub(crate) fn read<'i>(group: &'i [u8], number: u32, shared: &Shared<'i>) -> Option<Record<'i>> {
    let mut from = Reader::new(group);
    if from.u32()? != sum(from.rest()) {
        return None;
    }
    let mut from = Reader::new(nth(from.rest(), number % GROUP)?);
    let id = identifier::read(&mut from)?;
    let aliases = identifier::read_all(&mut from)?;
    let upstream = identifier::read_all(&mut from)?;
    let mut date = || match from.u8()? {
        0 => Some(None),
        _ => Some(Some(from.signed()?)),
    };
    let (published, modified) = (date()?, date()?);
    let count = from.count().filter(|count| *count <= MAX_SEVERITIES)?;
    let mut severities = Vec::with_capacity(count.min(8));
    for _ in 0..count {
        severities.push(shared.severity(from.varint()?)?);
    }
    let label = match from.varint()? {
        0 => None,
        label => Some(shared.label(label - 1)?),
    };
    Some(Record {
        id,
        aliases,
        upstream,
        published,
        modified,
        severities,
        label,
    })
}

/// What the record of a number calls itself and its flaws: its id, then its other names. `is_checked` tells
/// whether its group was found to be whole.
pub(crate) fn read_names(group: &[u8], number: u32, is_checked: bool) -> Option<Vec<String>> {
    let mut from = Reader::new(group);
    let expected = from.u32()?;
    if !is_checked && expected != sum(from.rest()) {
        return None;
    }
    let mut from = Reader::new(nth(from.rest(), number % GROUP)?);
    let mut names = vec![identifier::read(&mut from)?];
    names.extend(identifier::read_all(&mut from)?);
    names.extend(identifier::read_all(&mut from)?);
    Some(names)
}

/// The piece of a number, of pieces that each begin with their length.
pub(crate) fn nth(pieces: &[u8], number: u32) -> Option<&[u8]> {
    let mut from = Reader::new(pieces);
    for _ in 0..number {
        let length = from.count()?;
        from.bytes(length)?;
    }
    let length = from.count()?;
    from.bytes(length)
}

/// Packs what else a record says.
pub(crate) fn write_details(details: &Details) -> Vec<u8> {
    let mut out = Vec::new();
    out.text(details.summary.as_deref().unwrap_or_default());
    identifier::write_all(&details.related, &mut out);
    out.texts(&details.weaknesses);
    out.varint(details.references.len() as u64);
    for reference in &details.references {
        out.push(reference_number(reference.kind));
        out.text(&reference.url);
    }
    out.varint(details.specifics.len() as u64);
    for specifics in &details.specifics {
        write_specifics(specifics, &mut out);
    }
    out
}

fn write_specifics(specifics: &Specifics, out: &mut Vec<u8>) {
    out.varint(specifics.imports.len() as u64);
    for import in &specifics.imports {
        out.text(&import.path);
        out.texts(&import.symbols);
        out.texts(&import.goos);
        out.texts(&import.goarch);
    }
    out.varint(specifics.binaries.len() as u64);
    for binary in &specifics.binaries {
        out.text(&binary.name);
        out.text(binary.version.as_deref().unwrap_or_default());
    }
    out.text(specifics.module.as_deref().unwrap_or_default());
    out.texts(&specifics.architectures);
    out.texts(&specifics.systems);
    out.texts(&specifics.functions);
}

/// Most bytes that the details of one record take in memory: a record is at most half as long before
/// it is packed.
const MAX_DETAILS: usize = 32 << 20;

/// Longest text of details that is read, in bytes: none is written that is nearly as long.
pub(crate) const MAX_TEXT: usize = 64 << 10;

/// Reads details as far as there is room for them in memory: each of their parts takes many times the
/// bytes that it has in the file.
struct Room<'i> {
    from: Reader<'i>,
    /// Bytes that were taken.
    size: usize,
}

impl<'i> Room<'i> {
    /// Takes room; nothing where there is none left.
    fn take(&mut self, bytes: usize) -> Option<()> {
        self.size = self.size.checked_add(bytes)?;
        (self.size <= MAX_DETAILS).then_some(())
    }

    /// How many parts of a sort follow, each of which takes so much beside its texts.
    fn count<T>(&mut self) -> Option<usize> {
        let count = self.from.count()?;
        self.take(count.checked_mul(size_of::<T>())?)?;
        Some(count)
    }

    fn text(&mut self) -> Option<&'i str> {
        let text = self.from.text().filter(|text| text.len() <= MAX_TEXT)?;
        self.take(text.len())?;
        Some(text)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.count::<String>()?;
        let mut texts = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            texts.push(self.text()?.to_owned());
        }
        Some(texts)
    }
}

/// Reads what [`write_details`] packed, and tells how many bytes it takes in memory, roughly; nothing
/// where it is damaged.
pub(crate) fn read_details(bytes: &[u8]) -> Option<(Details, usize)> {
    let mut from = Room {
        from: Reader::new(bytes),
        size: size_of::<Details>(),
    };
    let summary = optional(from.text()?);
    let related = identifier::read_all(&mut from.from)?;
    from.take(
        related
            .iter()
            .map(|name| size_of_val(name) + name.len())
            .sum(),
    )?;
    let weaknesses = from.texts()?;
    let count = from.count::<Reference>()?;
    let mut references = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        references.push(Reference {
            kind: reference_kind(from.from.u8()?),
            url: from.text()?.to_owned(),
        });
    }
    let count = from.count::<Specifics>()?;
    let mut specifics = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        specifics.push(read_specifics(&mut from)?);
    }
    let details = Details {
        summary,
        related,
        weaknesses,
        references,
        specifics,
    };
    Some((details, from.size))
}

fn read_specifics(from: &mut Room<'_>) -> Option<Specifics> {
    let mut specifics = Specifics::default();
    for _ in 0..from.count::<GoImport>()? {
        specifics.imports.push(GoImport {
            path: from.text()?.to_owned(),
            symbols: from.texts()?,
            goos: from.texts()?,
            goarch: from.texts()?,
        });
    }
    for _ in 0..from.count::<Binary>()? {
        specifics.binaries.push(Binary {
            name: from.text()?.to_owned(),
            version: optional(from.text()?),
        });
    }
    specifics.module = optional(from.text()?);
    specifics.architectures = from.texts()?;
    specifics.systems = from.texts()?;
    specifics.functions = from.texts()?;
    Some(specifics)
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

const REFERENCES: [ReferenceKind; 11] = [
    ReferenceKind::Advisory,
    ReferenceKind::Fix,
    ReferenceKind::Report,
    ReferenceKind::Evidence,
    ReferenceKind::Article,
    ReferenceKind::Package,
    ReferenceKind::Discussion,
    ReferenceKind::Introduced,
    ReferenceKind::Detection,
    ReferenceKind::Git,
    ReferenceKind::Web,
];

fn reference_number(kind: ReferenceKind) -> u8 {
    REFERENCES
        .iter()
        .position(|known| *known == kind)
        .map_or(u8::MAX, |at| at as u8)
}

fn reference_kind(number: u8) -> ReferenceKind {
    REFERENCES
        .get(usize::from(number))
        .copied()
        .unwrap_or(ReferenceKind::Web)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn details_come_back() {
        let details = Details {
            summary: Some("a flaw".to_owned()),
            related: vec!["CVE-2024-0001".to_owned(), "x".to_owned()],
            weaknesses: vec!["CWE-79".to_owned()],
            references: REFERENCES
                .iter()
                .map(|kind| Reference {
                    kind: *kind,
                    url: format!("https://example.test/{kind:?}"),
                })
                .collect(),
            specifics: vec![
                Specifics::default(),
                Specifics {
                    imports: vec![GoImport {
                        path: "net/http".to_owned(),
                        symbols: vec!["Serve".to_owned()],
                        goos: vec!["linux".to_owned()],
                        goarch: Vec::new(),
                    }],
                    binaries: vec![Binary {
                        name: "libssl3".to_owned(),
                        version: Some("3.0.2-0ubuntu1.2".to_owned()),
                    }],
                    module: Some("nodejs:18".to_owned()),
                    architectures: vec!["x86_64".to_owned()],
                    systems: vec!["linux".to_owned()],
                    functions: vec!["a::b".to_owned()],
                },
            ],
        };
        let read = |details: &Details| Some(read_details(&write_details(details))?.0);
        assert_eq!(read(&details), Some(details));
        let none = Details::default();
        assert_eq!(read(&none), Some(none));
    }

    /// A part of a few bytes takes some hundred in memory, and a block unpacks to anything.
    #[test]
    fn details_that_take_too_much_memory_are_damage() {
        let of = |specifics: usize| {
            let mut bytes = vec![0, 0, 0, 0];
            bytes.varint(specifics as u64);
            bytes.resize(bytes.len() + specifics * 6, 0);
            bytes
        };
        let (details, size) = read_details(&of(1000)).unwrap();
        assert_eq!(details.specifics.len(), 1000);
        assert!(size >= 1000 * size_of::<Specifics>());
        assert_eq!(read_details(&of(300_000)), None);
        let long = |length: usize| {
            let summary = Some("a".repeat(length));
            write_details(&Details {
                summary,
                ..Details::default()
            })
        };
        assert!(read_details(&long(MAX_TEXT)).is_some());
        assert_eq!(read_details(&long(MAX_TEXT + 1)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, number in 0..20_u32) {
            let _ = read_details(&bytes);
            let _ = nth(&bytes, number);
        }
    }
}
