//! The table of functions that the Go linker puts into every program, stripped or not
//! (`runtime.pcHeader` in Go's `runtime/symtab.go`, written by `cmd/link/internal/ld/pcln.go`).
//!
//! Of it the names are read: they are those of the functions the linker found a way to, and of
//! those that were inlined into one of them.

use super::elf::{Layout, Section};
use super::view::View;
use crate::linked::{MAX_NAMES, Names};

/// The longest header: eight bytes and eight words.
pub(super) const HEADER: usize = 72;
/// The longest table of names; that of the largest programs is a tenth of it.
const MAX_TABLE: u64 = 256 << 20;
/// Headers that are looked for: one of the program, those of others that it holds.
pub(super) const MAX_TABLES: usize = 4;
/// Segments that are searched; linkers write a handful.
const MAX_SEGMENTS: usize = 24;
/// The longest name: those of instances of generic functions hold the names of types.
const MAX_NAME: usize = 64 << 10;

/// Where the names lie, counted from the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// There: offset and length.
    Names(u64, u64),
    /// Between other things: Go before 1.16.
    Mixed,
}

/// Reads a header.
pub(super) fn header(bytes: &[u8]) -> Option<Table> {
    let magic: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let version = |number: u32| match number {
        0xffff_fffb => Some(12),
        0xffff_fffa => Some(116),
        0xffff_fff0 | 0xffff_fff1 => Some(118),
        _ => None,
    };
    let (version, big_endian) = match version(u32::from_le_bytes(magic)) {
        Some(version) => (version, false),
        None => (version(u32::from_be_bytes(magic))?, true),
    };
    let [0, 0, 1 | 2 | 4, word @ (4 | 8)] = *bytes.get(4..8)? else {
        return None;
    };
    let word = usize::from(word);
    let number = |index: usize| {
        let found = bytes.get(8 + index * word..)?.get(..word)?;
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(match big_endian {
            true => found.iter().fold(0, join),
            false => found.iter().rev().fold(0, join),
        })
    };
    // The number of functions.
    if !(1..1 << 28).contains(&number(0)?) {
        return None;
    }
    // Behind it the number of files, since Go 1.18 a word about where code begins, then five
    // offsets in ascending order.
    let first = match version {
        12 => return Some(Table::Mixed),
        116 => 2,
        _ => 3,
    };
    let [names, units, files, values, functions] = [
        number(first)?,
        number(first + 1)?,
        number(first + 2)?,
        number(first + 3)?,
        number(first + 4)?,
    ];
    let length = units.checked_sub(names)?;
    let is_whole = names >= 8 + (first as u64 + 5) * word as u64
        && (1..=MAX_TABLE).contains(&length)
        && units <= files
        && files <= values
        && values <= functions;
    is_whole.then_some(Table::Names(names, length))
}

/// The headers among bytes, and their offsets there: a program may hold another one.
pub(super) fn search(bytes: &[u8], big_endian: bool) -> Vec<(usize, Table)> {
    let mut found = Vec::new();
    let mut add = |start: usize| {
        let table = bytes.get(start..).and_then(header);
        found.extend(table.map(|table| (start, table)));
        found.len() < MAX_TABLES
    };
    if big_endian {
        for last in [b"\xfb", b"\xfa", b"\xf0", b"\xf1"] {
            let magic = [&b"\xff\xff\xff"[..], last, b"\0\0"].concat();
            let _ = memchr::memmem::find_iter(bytes, &magic).all(&mut add);
        }
    } else {
        let _ = memchr::memmem::find_iter(bytes, b"\xff\xff\xff\0\0")
            .filter_map(|end| end.checked_sub(1))
            .all(&mut add);
    }
    found
}

/// The names of a program's functions, as they come by.
#[derive(Debug, Default)]
pub(super) struct Functions {
    names: Names,
    /// The beginning of a name whose end is still to come.
    begun: Vec<u8>,
    /// A name that is written in another way.
    whole: Vec<u8>,
    is_too_long: bool,
    has_runtime: bool,
    has_main: bool,
}

impl Functions {
    /// Takes the next bytes of the table. Where pieces are parted changes nothing.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(0, bytes) {
            let (name, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.begun.is_empty() {
                self.name(name);
            } else {
                let mut whole = std::mem::take(&mut self.begun);
                whole.extend_from_slice(name);
                self.name(&whole);
                whole.clear();
                self.begun = whole;
            }
        }
        // One byte more than a name may have is enough to see that it is too long.
        let room = (MAX_NAME + 1).saturating_sub(self.begun.len());
        self.begun
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn name(&mut self, name: &[u8]) {
        if name.len() > MAX_NAME {
            self.is_too_long = true;
            return;
        }
        match name {
            b"runtime.main" => self.has_runtime = true,
            b"main.main" => self.has_main = true,
            _ => {}
        }
        if let Some((package, symbol)) = parts(name) {
            let path = unescaped(package);
            if path.is_none() && is_plain(symbol) {
                self.names.push(package, name);
            } else {
                let package = path.as_deref().unwrap_or(package);
                self.whole.clear();
                self.whole.extend_from_slice(package);
                self.whole.push(b'.');
                plain(symbol, &mut self.whole);
                self.names.push(package, &self.whole);
            }
        }
    }

    /// The packed names, and why a function that is not among them may be there all the same.
    pub(super) fn finish(self, is_whole: bool) -> (Vec<u8>, Option<String>) {
        let gap = if !is_whole || !self.begun.is_empty() {
            Some("the program's table of functions is cut off".to_owned())
        } else if self.is_too_long {
            Some("some names of the program's functions are too long to be read".to_owned())
        } else if !self.has_main || !self.has_runtime {
            Some("the program's functions do not have the names of their source".to_owned())
        } else {
            None
        };
        match self.names.pack() {
            Some(names) => (names, gap),
            None => (
                Vec::new(),
                Some(format!(
                    "the program has more than {MAX_NAMES} functions, which are not kept"
                )),
            ),
        }
    }
}

/// A table of a program that is read from its beginning to its end, and not kept.
#[derive(Debug)]
pub(super) struct Passing {
    /// Offset of its header in the file.
    pub(super) start: u64,
    table: Table,
    /// Where the names stand that are still to come.
    next: u64,
    end: u64,
    functions: Functions,
}

impl Passing {
    pub(super) fn new(start: u64, table: Table) -> Self {
        let (offset, length) = match table {
            Table::Names(offset, length) => (offset, length),
            Table::Mixed => (0, 0),
        };
        let next = start.saturating_add(offset);
        Self {
            start,
            table,
            next,
            end: next.saturating_add(length),
            functions: Functions::default(),
        }
    }

    /// Takes the names that are next from bytes of the file at `at`.
    pub(super) fn keep(&mut self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len() as u64).min(self.end);
        let (Some(from), Some(to)) = (self.next.checked_sub(at), end.checked_sub(at)) else {
            return;
        };
        let range = usize::try_from(from).unwrap_or(usize::MAX)..usize::try_from(to).unwrap_or(0);
        if let Some(names) = bytes.get(range) {
            self.next += names.len() as u64;
            self.functions.feed(names);
        }
    }
}

/// What the program's own table told: names, and why some may be missing.
pub(super) fn told(
    mut passed: Vec<Passing>,
    sections: &[Section<'_>],
) -> (Vec<u8>, Option<String>) {
    let section = sections.iter().find(|section| is_table(section));
    let own = match (section, passed.len()) {
        (Some(section), _) => passed.iter().position(|one| one.start == section.offset),
        (None, count) => count.checked_sub(1),
    };
    let why = match own.map(|at| passed.swap_remove(at)) {
        Some(_) if section.is_none() && !passed.is_empty() => {
            "the program holds more than one table of functions"
        }
        Some(Passing {
            table: Table::Mixed,
            ..
        }) => "it was linked by Go before 1.16, whose table of functions is not read",
        Some(own) => return own.functions.finish(own.next == own.end),
        None => "the program has no table of functions that can be read",
    };
    (Vec::new(), Some(why.to_owned()))
}

fn is_table(section: &Section<'_>) -> bool {
    section.name.ends_with(b"gopclntab")
}

/// The same of a program that is at hand as a whole.
pub(super) fn read<'a>(
    view: View<'a>,
    layout: &Layout<'a>,
    sections: &[Section<'a>],
) -> (Vec<u8>, Option<String>) {
    let mut passing: Vec<Passing> = sections
        .iter()
        .filter(|section| is_table(section))
        .take(1)
        .filter_map(|section| {
            let table = header(view.up_to(section.offset, HEADER as u64))?;
            Some(Passing::new(section.offset, table))
        })
        .collect();
    if passing.is_empty() {
        let data = layout.segments.iter().filter(|segment| segment.is_data());
        for segment in data.take(MAX_SEGMENTS) {
            let there = view.up_to(segment.offset, segment.size);
            for (at, table) in search(there, layout.big_endian) {
                if passing.len() < MAX_TABLES {
                    let start = segment.offset.saturating_add(at as u64);
                    passing.push(Passing::new(start, table));
                }
            }
        }
    }
    for one in &mut passing {
        let there = view.up_to(one.next, one.end - one.next);
        one.keep(one.next, there);
    }
    told(passing, sections)
}

/// Reads every table among bytes in pieces of `piece` bytes: for fuzz targets, which see only what is
/// public.
///
/// # Panics
/// It matters where pieces are parted.
#[doc(hidden)]
pub fn fuzz(bytes: &[u8], piece: usize) {
    for big_endian in [false, true] {
        for (start, table) in search(bytes, big_endian) {
            let read = |piece: usize| {
                let mut passing = Passing::new(start as u64, table);
                let mut at = 0;
                for bytes in bytes.chunks(piece) {
                    passing.keep(at, bytes);
                    at += bytes.len() as u64;
                }
                told(vec![passing], &[])
            };
            let (whole, parted) = (read(bytes.len().max(1)), read(piece.max(1)));
            assert_eq!(whole, parted, "parted every {piece} bytes");
            crate::linked::KnownNames::unpack(&whole.0);
        }
    }
}

/// Package and symbol of a function's name: `net/http` and `(*Client).Do`. Nothing of what the
/// compiler makes by itself, and of functions inside of others: where one of those is, the other
/// is, too.
fn parts(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.starts_with(b"type:") || name.starts_with(b"go:") || name.starts_with(b"type..") {
        return None;
    }
    let plain = match memchr::memchr3(b'[', b'{', b' ', name) {
        None => name,
        // What instances are made for stands in brackets, and may hold any name.
        Some(end) if name[end] == b'[' => &name[..end],
        Some(_) => return None,
    };
    let folder = memchr::memrchr(b'/', plain).map_or(0, |at| at + 1);
    let dot = folder + memchr::memchr(b'.', plain.get(folder..)?)?;
    let (package, symbol) = (name.get(..dot)?, name.get(dot + 1..)?);
    let is_inner = symbol.ends_with(b"-fm")
        || memchr::memchr_iter(b'.', symbol)
            .filter_map(|at| symbol.get(at + 1..))
            .any(is_made);
    (!package.is_empty() && !symbol.is_empty() && !is_inner).then_some((package, symbol))
}

/// Whether a name begins as those that the compiler gives to functions without one.
fn is_made(symbol: &[u8]) -> bool {
    [&b"func"[..], b"gowrap", b"deferwrap"].iter().any(|word| {
        symbol
            .strip_prefix(*word)
            .and_then(<[u8]>::first)
            .is_some_and(u8::is_ascii_digit)
    })
}

/// A path as its source writes it: linkers write `%2e` for a dot in its last part (`PathToPrefix`
/// in Go's `cmd/internal/objabi`). Nothing where it is as it was.
fn unescaped(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'%', path)?;
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let escaped = (*byte == b'%')
            .then(|| std::str::from_utf8(behind.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(escaped) => {
                plain.push(escaped);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => plain.push(*byte),
        }
    }
    Some(plain)
}

/// Whether a symbol is as advisories write it.
fn is_plain(symbol: &[u8]) -> bool {
    !symbol.starts_with(b"(*") && memchr::memchr(b'[', symbol).is_none()
}

/// Adds a symbol as advisories write it: `T.M` for `(*T[...]).M`.
fn plain(symbol: &[u8], plain: &mut Vec<u8>) {
    if memchr::memchr(b'[', symbol).is_none() {
        let pointed = symbol.strip_prefix(b"(*").unwrap_or(symbol);
        let (receiver, rest) = match memchr::memchr(b')', pointed) {
            Some(end) => (&pointed[..end], &pointed[end + 1..]),
            None => (pointed, &[][..]),
        };
        plain.extend_from_slice(receiver);
        plain.extend_from_slice(rest);
        return;
    }
    let mut depth = 0_usize;
    for byte in symbol.strip_prefix(b"(*").unwrap_or(symbol) {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b')' if depth == 0 => {}
            _ if depth == 0 => plain.push(*byte),
            _ => {}
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::linked::KnownNames;

    /// A table of these names behind a header.
    pub(in crate::catalogue::binary) fn table(
        magic: u32,
        word: u8,
        big_endian: bool,
        names: &[u8],
    ) -> Vec<u8> {
        let first = if magic == 0xffff_fffa { 2 } else { 3 };
        let start = 8 + (first + 5) * usize::from(word);
        let end = start + names.len();
        let mut words = vec![2_u64; first];
        words.extend([start, end, end, end, end].map(|at| at as u64));
        let mut bytes = Vec::new();
        let mut put = |value: u64, length: usize| match big_endian {
            true => bytes.extend(&value.to_be_bytes()[8 - length..]),
            false => bytes.extend(&value.to_le_bytes()[..length]),
        };
        put(u64::from(magic), 4);
        for byte in [0, 0, 1, word] {
            put(u64::from(byte), 1);
        }
        for value in words {
            put(value, usize::from(word));
        }
        bytes.extend(names);
        bytes
    }

    #[test]
    fn headers_of_every_version() {
        for (magic, word, big_endian, offset) in [
            (0xffff_fffa, 8, false, 64),
            (0xffff_fff0, 8, false, 72),
            (0xffff_fff1, 8, false, 72),
            (0xffff_fff1, 4, false, 40),
            (0xffff_fff1, 8, true, 72),
            (0xffff_fffa, 4, true, 36),
        ] {
            let bytes = table(magic, word, big_endian, b"a.b\0");
            assert_eq!(header(&bytes), Some(Table::Names(offset, 4)));
            let mut among = b"\xff\xff\xff\0\0\xff\xff\xff\xff\0\0".to_vec();
            among.extend(&bytes);
            assert_eq!(search(&among, big_endian), [(11, Table::Names(offset, 4))]);
            assert_eq!(header(&bytes[..30]), None);
        }
        let old = table(0xffff_fffb, 8, false, b"");
        assert_eq!(header(&old), Some(Table::Mixed));
        assert_eq!(header(b"\xfb\xff\xff\xff\0\0\x03\x08"), None);
    }

    #[test]
    fn names_as_advisories_write_them() {
        for (name, package, symbol) in [
            ("net/http.(*Client).Do", "net/http", "Client.Do"),
            ("net/http.Get", "net/http", "Get"),
            ("main.main", "main", "main"),
            (
                "gopkg.in/yaml%2ev3.Unmarshal",
                "gopkg.in/yaml.v3",
                "Unmarshal",
            ),
            ("go.uber.org/zap.New", "go.uber.org/zap", "New"),
            (
                "slices.Sort[go.shape.[]a.b/c.T,go.shape.int]",
                "slices",
                "Sort",
            ),
            ("a.b/c.(*T[go.shape.[]int]).M", "a.b/c", "T.M"),
            ("a.b/c.T[...].M", "a.b/c", "T.M"),
            ("a.b/c.init.0", "a.b/c", "init.0"),
        ] {
            let (found, of) = parts(name.as_bytes()).unwrap();
            let found = unescaped(found).unwrap_or(found.to_vec());
            let symbol_of = of;
            let mut of = Vec::new();
            plain(symbol_of, &mut of);
            assert_eq!(is_plain(symbol_of), of == symbol_of, "{name}");
            assert_eq!(
                (found.as_slice(), of.as_slice()),
                (package.as_bytes(), symbol.as_bytes()),
                "{name}"
            );
        }
        for name in [
            "type:.eq.net/http.Header",
            "type..hash.a.b/c.T",
            "go:buildid",
            "net/http.(*Client).Do.func1",
            "net/http.glob..func12",
            "net/http.Serve.gowrap2",
            "a.T.M-fm",
            "runtime",
            "",
            "a/b.(*struct { a/c.T }).M",
        ] {
            assert_eq!(parts(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn a_name_may_come_in_pieces() {
        let names = b"runtime.main\0main.main\0net/http.(*Client).Do\0";
        for piece in 1..names.len() {
            let mut functions = Functions::default();
            for piece in names.chunks(piece) {
                functions.feed(piece);
            }
            let (packed, gap) = functions.finish(true);
            assert_eq!(gap, None);
            let known = KnownNames::unpack(&packed);
            assert!(known.has_function("net/http", "Client.Do"));
            assert!(known.has_package("net/http"));
            assert!(!known.has_package("net"));
        }
    }

    #[test]
    fn what_may_be_missing_is_told() {
        let gap = |names: &[u8], whole: bool| {
            let mut functions = Functions::default();
            functions.feed(names);
            functions.finish(whole).1.unwrap_or_default()
        };
        assert_eq!(gap(b"runtime.main\0main.main\0", true), "");
        assert!(gap(b"runtime.main\0main.main\0", false).contains("cut off"));
        assert!(gap(b"runtime.main\0main.ma", true).contains("cut off"));
        assert!(gap(b"runtime.main\0a1b2.c3\0", true).contains("names of their source"));
        let mut long = b"runtime.main\0main.main\0a.".to_vec();
        long.resize(100_000, b'x');
        long.push(0);
        assert!(gap(&long, true).contains("too long"));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[a-z.()*\\[\\]/%0-9\\x00]{0,80}") {
            fuzz(&bytes, 7);
            for (magic, word, big_endian) in [(0xffff_fff1, 8, false), (0xffff_fffa, 4, true)] {
                let mut own = table(magic, word, big_endian, text.as_bytes());
                own.extend(&bytes);
                fuzz(&own, 7);
            }
            let mut functions = Functions::default();
            for piece in text.as_bytes().chunks(7) {
                functions.feed(piece);
            }
            functions.feed(&bytes);
            let _ = functions.finish(true);
        }
    }
}
