//! What advisories say of one package: the part of the file that every look-up touches.
//!
//! ```text
//! body      checksum u32 · dictionary · count varint · entry…
//! dictionary  count varint · [width u8 · end of each text, `width` bytes · texts]
//! entry     record varint, less the one before · flags u8 · parts that the flags name
//! ranges    [count varint, unless it is one] · range…
//! range     (events << 2 | starts at zero << 1 | kind) varint · event…
//! event     (slot << 2 | kind) varint
//! versions  runs varint · (slots left out varint · length less one varint)…
//! ```
//!
//! Slot 0 is the text `0`; the others are the dictionary, in an order that makes versions that
//! belong together neighbours, so that enumerated versions are few runs.

mod write;

pub(crate) use self::write::{Entry, severity_text, write};
use super::format::{Reader, Strings, sum};
use super::types::{
    Event, EventKind, Labels, RangeKind, RecordId, Severity, SeverityKind, Version,
};
use super::{Index, IndexError};

const ONE_RANGE: u8 = 1;
const MANY_RANGES: u8 = 2;
const VERSIONS: u8 = 4;
const SEVERITIES: u8 = 8;
const LABELS: u8 = 16;
const SPECIFICS: u8 = 32;

/// Most severities of one entry, many times what is ever written.
pub(crate) const MAX_SEVERITIES: usize = 256;

/// How many sorts of labels there are.
pub(crate) const LABEL_SORTS: usize = 3;

/// What every version range of "before everything" begins with.
pub(crate) const ZERO: &str = "0";

/// The texts of a body's slots.
#[derive(Clone, Copy, Debug, Default)]
struct Dictionary<'i> {
    count: u32,
    width: usize,
    ends: &'i [u8],
    text: &'i [u8],
}

impl<'i> Dictionary<'i> {
    fn read(from: &mut Reader<'i>) -> Option<Self> {
        let count = u32::try_from(from.count()?).ok()?;
        if count == 0 {
            return Some(Self::default());
        }
        let width = usize::from(from.u8()?);
        if !matches!(width, 1 | 2 | 4) {
            return None;
        }
        let ends = from.bytes(usize::try_from(count).ok()?.checked_mul(width)?)?;
        let mut found = Self {
            count,
            width,
            ends,
            text: &[],
        };
        found.text = from.bytes(found.end(count)?)?;
        Some(found)
    }

    /// Where the text of a slot ends.
    fn end(&self, slot: u32) -> Option<usize> {
        let at = usize::try_from(slot.checked_sub(1)?).ok()? * self.width;
        match *self.ends.get(at..at + self.width)? {
            [end] => Some(usize::from(end)),
            [low, high] => Some(usize::from(u16::from_le_bytes([low, high]))),
            [a, b, c, d] => usize::try_from(u32::from_le_bytes([a, b, c, d])).ok(),
            _ => None,
        }
    }

    fn bytes(&self, slot: u32) -> Option<&'i [u8]> {
        if slot == 0 {
            return Some(ZERO.as_bytes());
        }
        let start = if slot == 1 { 0 } else { self.end(slot - 1)? };
        self.text.get(start..self.end(slot)?)
    }

    fn get(&self, slot: u32) -> Option<Version<'i>> {
        let text = std::str::from_utf8(self.bytes(slot)?).ok()?;
        Some(Version { slot, text })
    }
}

/// Strings that many bodies and records share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared<'i> {
    pub(crate) labels: Strings<'i>,
    pub(crate) severities: Strings<'i>,
}

impl<'i> Shared<'i> {
    pub(crate) fn label(&self, number: u64) -> Option<&'i str> {
        self.labels.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn severity(&self, number: u64) -> Option<Severity<'i>> {
        let text = self.severities.get(usize::try_from(number).ok()?)?;
        let (kind, score) = text.split_at_checked(1)?;
        let kind = match kind {
            "4" => SeverityKind::CvssV4,
            "3" => SeverityKind::CvssV3,
            "2" => SeverityKind::CvssV2,
            "u" => SeverityKind::Ubuntu,
            _ => return None,
        };
        Some(Severity {
            kind,
            score: score.into(),
        })
    }
}

/// What advisories say of one package, in the order of their records.
#[derive(Clone, Debug)]
pub struct AffectedBy<'i> {
    dictionary: Dictionary<'i>,
    from: Reader<'i>,
    left: usize,
    record: u32,
    of: Option<(&'i Index, Shared<'i>)>,
}

impl<'i> AffectedBy<'i> {
    /// Nothing is known of the package.
    pub(crate) fn none() -> Self {
        Self {
            dictionary: Dictionary::default(),
            from: Reader::new(&[]),
            left: 0,
            record: 0,
            of: None,
        }
    }

    /// Reads the beginning of a body; nothing where it is damaged.
    pub(crate) fn read(index: &'i Index, body: &'i [u8], shared: Shared<'i>) -> Option<Self> {
        let mut from = Reader::new(body);
        if from.u32()? != sum(from.rest()) {
            return None;
        }
        let dictionary = Dictionary::read(&mut from)?;
        let left = from.count()?;
        Some(Self {
            dictionary,
            from,
            left,
            record: 0,
            of: Some((index, shared)),
        })
    }

    /// How many slots there are: one more than the largest [`Version::slot`].
    pub fn slots(&self) -> u32 {
        self.dictionary.count + 1
    }

    /// Every version that advisories name, in the order of their slots.
    pub(crate) fn named(&self) -> impl Iterator<Item = Version<'i>> + use<'i> {
        let dictionary = self.dictionary;
        (0..self.slots()).filter_map(move |slot| dictionary.get(slot))
    }

    /// The slot of a version that is written exactly so, where an advisory names it.
    pub fn slot(&self, version: &str) -> Option<u32> {
        (0..self.slots()).find(|slot| self.dictionary.bytes(*slot) == Some(version.as_bytes()))
    }

    /// What the next advisory says; nothing where it is damaged.
    fn entry(&mut self, shared: &Shared<'i>) -> Option<Affected<'i>> {
        let from = &mut self.from;
        let before = from.rest();
        let record = self.record.checked_add(from.varint32()?)?;
        let flags = from.u8()?;
        let mut found = Affected {
            record: RecordId(record),
            labels: Labels::default(),
            dictionary: self.dictionary,
            range_count: 0,
            ranges: Reader::new(&[]),
            run_count: 0,
            runs: Reader::new(&[]),
            severity_count: 0,
            severities: Reader::new(&[]),
            shared: *shared,
            specifics: None,
            place: before.as_ptr().addr(),
            size: 0,
        };
        if flags & (ONE_RANGE | MANY_RANGES) != 0 {
            found.range_count = match flags & MANY_RANGES {
                0 => 1,
                _ => from.count()?,
            };
            found.ranges = *from;
            for _ in 0..found.range_count {
                let mut range = Range::read(from, self.dictionary)?;
                while range.left > 0 || range.zero {
                    range.event()?;
                }
                *from = range.from;
            }
        }
        if flags & VERSIONS != 0 {
            found.run_count = from.count()?;
            found.runs = *from;
            let mut next = 0_u32;
            for _ in 0..found.run_count {
                let (_, after) = run(from, next)?;
                next = after;
            }
            // Slots beyond the last do not exist.
            if next > self.dictionary.count + 1 {
                return None;
            }
        }
        if flags & SEVERITIES != 0 {
            found.severity_count = from.count()?;
            if found.severity_count > MAX_SEVERITIES {
                return None;
            }
            found.severities = *from;
            for _ in 0..found.severity_count {
                shared.severity(from.varint()?)?;
            }
        }
        if flags & LABELS != 0 {
            let mut label = || match from.varint()? {
                0 => Some(None),
                number => Some(Some(shared.label(number - 1)?)),
            };
            found.labels = Labels {
                severity: label()?,
                status: label()?,
                informational: label()?,
            };
        }
        if flags & SPECIFICS != 0 {
            found.specifics = Some(from.varint32()?);
        }
        self.record = record;
        found.size = before.len() - from.rest().len();
        Some(found)
    }
}

impl<'i> Iterator for AffectedBy<'i> {
    type Item = Result<Affected<'i>, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (index, shared) = self.of?;
        let left = self.left.checked_sub(1)?;
        let entry = self.entry(&shared);
        // Behind damage nothing can be told apart.
        self.left = if entry.is_some() { left } else { 0 };
        Some(entry.ok_or_else(|| index.damaged("what it says of a package")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

/// A run of slots that begins at or behind `next`: its first, and the one behind its last.
fn run(from: &mut Reader<'_>, next: u32) -> Option<(u32, u32)> {
    let first = next.checked_add(from.varint32()?)?;
    let after = first.checked_add(from.varint32()?)?.checked_add(1)?;
    Some((first, after))
}

/// What one record says of one package.
#[derive(Clone, Debug)]
pub struct Affected<'i> {
    /// The record.
    pub record: RecordId,
    /// Words of the database about this package.
    pub labels: Labels<'i>,
    dictionary: Dictionary<'i>,
    range_count: usize,
    ranges: Reader<'i>,
    run_count: usize,
    runs: Reader<'i>,
    severity_count: usize,
    severities: Reader<'i>,
    shared: Shared<'i>,
    specifics: Option<u32>,
    place: usize,
    size: usize,
}

impl<'i> Affected<'i> {
    /// Where it stands: what is said in one place is the same.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// Bytes of what is said: what going through it costs.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Its ranges, in the order of the record. Ranges of commits are left out.
    pub fn ranges(&self) -> impl Iterator<Item = Range<'i>> + use<'i> {
        let (mut left, mut from, dictionary) = (self.range_count, self.ranges, self.dictionary);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let range = Range::read(&mut from, dictionary)?;
            for _ in 0..range.left {
                from.varint()?;
            }
            Some(range)
        })
    }

    /// The versions it enumerates.
    pub fn versions(&self) -> impl Iterator<Item = Version<'i>> + use<'i> {
        let dictionary = self.dictionary;
        self.version_runs()
            .flat_map(move |(first, after)| (first..after).filter_map(move |s| dictionary.get(s)))
    }

    /// Whether it enumerates the version of a slot.
    pub fn lists(&self, slot: u32) -> bool {
        self.version_runs()
            .any(|(first, after)| (first..after).contains(&slot))
    }

    /// Whether it enumerates any version at all.
    pub(crate) fn lists_any(&self) -> bool {
        self.run_count > 0
    }

    /// Whether it enumerates one of some slots, which are sorted.
    pub(crate) fn lists_one_of(&self, slots: &[u32]) -> bool {
        !slots.is_empty()
            && self.version_runs().any(|(first, after)| {
                let at = slots.partition_point(|slot| *slot < first);
                slots.get(at).is_some_and(|slot| *slot < after)
            })
    }

    /// Whether it enumerates a version, spelled just so; that of another package, too.
    pub(crate) fn enumerates(&self, version: Version<'_>) -> bool {
        match self.dictionary.get(version.slot) {
            // Of one package's versions each has one slot.
            Some(own) if own.text == version.text => self.lists(version.slot),
            _ => self.versions().any(|listed| listed.text == version.text),
        }
    }

    fn version_runs(&self) -> impl Iterator<Item = (u32, u32)> + use<'i> {
        let (mut left, mut from, mut next) = (self.run_count, self.runs, 0);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let found = run(&mut from, next)?;
            next = found.1;
            Some(found)
        })
    }

    /// Severities for this package alone, where the record has them.
    pub fn severities(&self) -> impl Iterator<Item = Severity<'i>> + use<'i> {
        let (mut left, mut from, shared) = (self.severity_count, self.severities, self.shared);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            shared.severity(from.varint()?)
        })
    }

    /// Where in [`Details::specifics`](super::Details::specifics) of its record stands what else
    /// it says of this package: symbols, binary packages, module. Nothing where it says no more.
    pub fn specifics(&self) -> Option<usize> {
        usize::try_from(self.specifics?).ok()
    }
}

/// A range of versions.
#[derive(Clone, Copy, Debug)]
pub struct Range<'i> {
    /// Which order it follows.
    pub kind: RangeKind,
    zero: bool,
    left: usize,
    from: Reader<'i>,
    dictionary: Dictionary<'i>,
}

impl<'i> Range<'i> {
    fn read(from: &mut Reader<'i>, dictionary: Dictionary<'i>) -> Option<Self> {
        let head = from.varint()?;
        Some(Self {
            kind: match head & 1 {
                0 => RangeKind::Semver,
                _ => RangeKind::Ecosystem,
            },
            zero: head & 2 != 0,
            left: usize::try_from(head >> 2).ok()?,
            from: *from,
            dictionary,
        })
    }

    /// Its events, in the order of the record, which need not be that of versions.
    pub fn events(&self) -> impl Iterator<Item = Event<'i>> + use<'i> {
        let mut range = *self;
        std::iter::from_fn(move || range.event())
    }

    fn event(&mut self) -> Option<Event<'i>> {
        if self.zero {
            self.zero = false;
            return Some(Event {
                kind: EventKind::Introduced,
                version: self.dictionary.get(0)?,
            });
        }
        self.left = self.left.checked_sub(1)?;
        let event = self.from.varint()?;
        let kind = match event & 3 {
            0 => EventKind::Introduced,
            1 => EventKind::Fixed,
            2 => EventKind::LastAffected,
            _ => EventKind::Limit,
        };
        Some(Event {
            kind,
            version: self.dictionary.get(u32::try_from(event >> 2).ok()?)?,
        })
    }
}
