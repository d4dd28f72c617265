//! The few headers of an ELF file that say what a program needs (System V ABI, "Object Files" and
//! "Dynamic Linking"; the constants are those of its `elf.h`).

use plimsoll_model::hex;
use serde::{Deserialize, Serialize};

use super::view::View;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const PF_EXECUTE: u32 = 1;
const PF_WRITE: u32 = 2;

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_BIND_NOW: u64 = 24;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS: u64 = 30;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_BIND_NOW: u64 = 8;
const DF_1_NOW: u64 = 1;
const DF_1_PIE: u64 = 0x0800_0000;

const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;

const SHT_NOBITS: u32 = 8;
const SHF_COMPRESSED: u64 = 0x800;

/// Program headers and sections that are looked at; linkers write a few dozen.
const MAX_HEADERS: u64 = 4_096;
/// Entries of the dynamic section that are looked at.
const MAX_DYNAMIC: u64 = 16_384;
/// Libraries a file may need.
const MAX_NEEDED: usize = 1_000;
/// The longest name of a library or path.
const MAX_NAME: u64 = 4_096;
/// The longest string table searched for the name of a function.
const MAX_SEARCHED: u64 = 1 << 20;

/// How much of the file's data is protected once it is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Relro {
    #[default]
    None,
    /// All but the table of imported functions.
    Partial,
    Full,
}

/// What an ELF file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Something that can be run: it has an interpreter, is statically linked, or says so.
    Program,
    Library,
    /// Object files, kernel modules, core dumps.
    Other,
}

/// What the headers of an ELF file say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Elf {
    pub(crate) kind: Kind,
    /// 64 rather than 32 bits.
    pub(crate) wide: bool,
    pub(crate) big_endian: bool,
    /// `e_machine`: 3 is x86, 40 Arm, 62 x86-64, 183 AArch64, 243 RISC-V.
    pub(crate) machine: u16,
    /// The loader it asks for (`PT_INTERP`).
    pub(crate) interpreter: Option<String>,
    /// The name others need it by (`DT_SONAME`).
    pub(crate) soname: Option<String>,
    /// The libraries it needs (`DT_NEEDED`), in order.
    pub(crate) needed: Vec<String>,
    /// Where it looks for them before anything else (`DT_RPATH`).
    pub(crate) rpath: Option<String>,
    /// Where it looks for them (`DT_RUNPATH`).
    pub(crate) runpath: Option<String>,
    /// Whether it is linked dynamically.
    pub(crate) dynamic: bool,
    /// Whether all names of `DT_NEEDED` and the like could be read. Of a very large file only
    /// parts are at hand.
    pub(crate) names_known: bool,
    /// Whether the symbol table was stripped; unknown where the section headers are not at hand.
    pub(crate) stripped: Option<bool>,
    /// The build id, hexadecimal.
    pub(crate) build_id: Option<String>,
    pub(crate) relro: Relro,
    /// Whether its stack cannot be run (`PT_GNU_STACK`).
    pub(crate) guarded_stack: bool,
    /// Whether it is loaded at any address.
    pub(crate) position_independent: bool,
    /// Whether it imports the check of stack canaries; unknown where that is not cheap to tell.
    pub(crate) canary: Option<bool>,
}

/// A segment, as far as it is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    kind: u32,
    flags: u32,
    pub(crate) offset: u64,
    pub(crate) address: u64,
    /// Bytes of it in the file.
    pub(crate) size: u64,
}

impl Segment {
    /// Whether it is loaded and holds data rather than code.
    pub(crate) fn is_data(&self) -> bool {
        self.kind == PT_LOAD && self.flags & PF_EXECUTE == 0
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.kind == PT_LOAD
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.flags & PF_WRITE != 0
    }

    /// Whether it is small and says something of the file.
    pub(crate) fn is_told_by(&self) -> bool {
        matches!(self.kind, PT_DYNAMIC | PT_INTERP | PT_NOTE)
    }
}

/// A section with a name, where its bytes lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// The layout of an ELF file.
#[derive(Clone, Debug)]
pub(crate) struct Layout<'a> {
    view: View<'a>,
    pub(crate) wide: bool,
    pub(crate) big_endian: bool,
    machine: u16,
    kind: u16,
    pub(crate) segments: Vec<Segment>,
    /// Offset and length of the section headers.
    pub(crate) section_headers: (u64, u64),
    section_header_size: u64,
    section_names: u64,
}

/// Whether a file begins as an ELF file does.
pub(crate) fn is_elf(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
}

impl<'a> Layout<'a> {
    /// Reads the file header and the program headers.
    ///
    /// # Errors
    /// They are not those of an ELF file, or do not lie in it.
    pub(crate) fn read(view: View<'a>) -> Result<Self, &'static str> {
        let broken = "it begins as an ELF file and has no whole header";
        let identity = view.get(0, 16).ok_or(broken)?;
        let wide = match identity.get(4) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(broken),
        };
        let big_endian = match identity.get(5) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(broken),
        };
        let header = view.get(0, if wide { 64 } else { 52 }).ok_or(broken)?;
        let at = |offset: usize, length: usize| number(header, offset, length, big_endian);
        let (programs, sections, tail) = if wide {
            (at(32, 8), at(40, 8), 52)
        } else {
            (at(28, 4), at(32, 4), 40)
        };
        let half = |index: usize| at(tail + 2 * index, 2).ok_or(broken);
        let (program_size, program_count) = (half(1)?, half(2)?);
        let (section_size, mut section_count, mut section_names) = (half(3)?, half(4)?, half(5)?);
        let section_start = sections.unwrap_or(0);
        let narrowest = if wide { 64 } else { 40 };
        if section_start != 0 && section_size >= narrowest {
            // Where there are too many for the header, the first section has the numbers.
            let first = view.get(section_start, narrowest).unwrap_or_default();
            if section_count == 0 {
                let place = if wide { (32, 8) } else { (20, 4) };
                section_count = number(first, place.0, place.1, big_endian).unwrap_or(0);
            }
            if section_names == 0xffff {
                let place = if wide { 40 } else { 24 };
                section_names = number(first, place, 4, big_endian).unwrap_or(0);
            }
        } else {
            section_count = 0;
        }
        let mut layout = Self {
            view,
            wide,
            big_endian,
            kind: at(16, 2).ok_or(broken)? as u16,
            machine: at(18, 2).ok_or(broken)? as u16,
            segments: Vec::new(),
            section_headers: (
                section_start,
                section_size.saturating_mul(section_count.min(MAX_HEADERS)),
            ),
            section_header_size: section_size,
            section_names,
        };
        let start = programs.unwrap_or(0);
        let narrowest = if wide { 56 } else { 32 };
        if start != 0 && program_size >= narrowest {
            for index in 0..program_count.min(MAX_HEADERS) {
                let segment = program_size
                    .checked_mul(index)
                    .and_then(|skip| start.checked_add(skip))
                    .and_then(|at| view.get(at, narrowest))
                    .and_then(|bytes| layout.segment(bytes))
                    .ok_or("its program headers do not lie in it")?;
                layout.segments.push(segment);
            }
        }
        Ok(layout)
    }

    fn segment(&self, bytes: &[u8]) -> Option<Segment> {
        let at = |offset: usize, length: usize| number(bytes, offset, length, self.big_endian);
        Some(if self.wide {
            Segment {
                kind: at(0, 4)? as u32,
                flags: at(4, 4)? as u32,
                offset: at(8, 8)?,
                address: at(16, 8)?,
                size: at(32, 8)?,
            }
        } else {
            Segment {
                kind: at(0, 4)? as u32,
                flags: at(24, 4)? as u32,
                offset: at(4, 4)?,
                address: at(8, 4)?,
                size: at(16, 4)?,
            }
        })
    }

    /// The sections whose headers and names are at hand.
    pub(crate) fn sections(&self) -> Vec<Section<'a>> {
        let (start, length) = self.section_headers;
        let Some(headers) = self
            .view
            .get(start, length)
            .filter(|headers| !headers.is_empty())
        else {
            return Vec::new();
        };
        let Ok(size) = usize::try_from(self.section_header_size) else {
            return Vec::new();
        };
        let rows: Vec<Row> = headers
            .chunks_exact(size.max(1))
            .filter_map(|bytes| self.row(bytes))
            .collect();
        let names = usize::try_from(self.section_names)
            .ok()
            .and_then(|index| rows.get(index))
            .and_then(|row| self.view.get(row.offset, row.size))
            .unwrap_or_default();
        rows.iter()
            .filter(|row| row.kind != SHT_NOBITS && row.flags & SHF_COMPRESSED == 0)
            .filter_map(|row| {
                let name = names.get(usize::try_from(row.name).ok()?..)?;
                let end = memchr::memchr(0, name)?;
                Some(Section {
                    name: name.get(..end)?,
                    offset: row.offset,
                    size: row.size,
                })
            })
            .collect()
    }

    fn row(&self, bytes: &[u8]) -> Option<Row> {
        let at = |offset: usize, length: usize| number(bytes, offset, length, self.big_endian);
        Some(if self.wide {
            Row {
                name: at(0, 4)?,
                kind: at(4, 4)? as u32,
                flags: at(8, 8)?,
                offset: at(24, 8)?,
                size: at(32, 8)?,
            }
        } else {
            Row {
                name: at(0, 4)?,
                kind: at(4, 4)? as u32,
                flags: at(8, 4)?,
                offset: at(16, 4)?,
                size: at(20, 4)?,
            }
        })
    }

    /// `length` bytes at an address of the loaded program.
    pub(crate) fn loaded(&self, address: u64, length: u64) -> Option<&'a [u8]> {
        self.view.get(self.offset_of(address)?, length)
    }

    fn offset_of(&self, address: u64) -> Option<u64> {
        self.segments
            .iter()
            .filter(|segment| segment.kind == PT_LOAD)
            .find_map(|segment| {
                let inside = address.checked_sub(segment.address)?;
                (inside < segment.size).then(|| segment.offset.checked_add(inside))?
            })
    }

    /// A number of the file's byte order.
    pub(crate) fn number(&self, bytes: &[u8], at: usize, length: usize) -> Option<u64> {
        number(bytes, at, length, self.big_endian)
    }

    /// The notes of a name, such as `GNU` or `Go`: type and description of each.
    fn notes(&self, name: &[u8]) -> Vec<(u64, &'a [u8])> {
        let mut found = Vec::new();
        for segment in self.segments.iter().filter(|one| one.kind == PT_NOTE) {
            let mut rest = self
                .view
                .get(segment.offset, segment.size.min(MAX_SEARCHED))
                .unwrap_or_default();
            while let (Some(name_length), Some(length), Some(kind)) = (
                self.number(rest, 0, 4),
                self.number(rest, 4, 4),
                self.number(rest, 8, 4),
            ) {
                let padded = |length: u64| usize::try_from(length.next_multiple_of(4)).ok();
                let Some((own, rest_of)) =
                    padded(name_length).and_then(|end| rest.get(12..)?.split_at_checked(end))
                else {
                    break;
                };
                let Some(description) = usize::try_from(length)
                    .ok()
                    .and_then(|length| rest_of.get(..length))
                else {
                    break;
                };
                if own
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.first() == Some(&0))
                {
                    found.push((kind, description));
                }
                let Some(later) = padded(length).and_then(|skip| rest_of.get(skip..)) else {
                    break;
                };
                rest = later;
            }
        }
        found
    }

    /// Whether a note of the Go linker is there.
    pub(crate) fn has_go_note(&self) -> bool {
        !self.notes(b"Go").is_empty()
    }

    /// What the headers say of the file.
    pub(crate) fn facts(&self, sections: &[Section<'_>]) -> Elf {
        let dynamic = self.dynamic();
        let interpreter = self
            .segments
            .iter()
            .find(|segment| segment.kind == PT_INTERP)
            .and_then(|segment| self.view.get(segment.offset, segment.size.min(MAX_NAME)))
            .map(text)
            .filter(|path| !path.is_empty());
        let linked = self.segments.iter().any(|one| one.kind == PT_DYNAMIC);
        let pie = dynamic.flags_1 & DF_1_PIE != 0;
        let kind = match self.kind {
            ET_EXEC => Kind::Program,
            ET_DYN if interpreter.is_some() && dynamic.soname.is_none() || pie => Kind::Program,
            ET_DYN => Kind::Library,
            _ => Kind::Other,
        };
        let relro = match (
            self.segments.iter().any(|one| one.kind == PT_GNU_RELRO),
            dynamic.now,
        ) {
            (false, _) => Relro::None,
            (true, false) => Relro::Partial,
            (true, true) => Relro::Full,
        };
        Elf {
            kind,
            wide: self.wide,
            big_endian: self.big_endian,
            machine: self.machine,
            interpreter,
            soname: dynamic.soname,
            needed: dynamic.needed,
            rpath: dynamic.rpath,
            runpath: dynamic.runpath,
            dynamic: linked,
            names_known: !linked || dynamic.names_known,
            stripped: (!sections.is_empty())
                .then(|| !sections.iter().any(|section| section.name == b".symtab")),
            build_id: self
                .notes(b"GNU")
                .into_iter()
                .find(|(kind, description)| *kind == 3 && (4..=64).contains(&description.len()))
                .map(|(_, id)| hex(id)),
            relro,
            guarded_stack: self
                .segments
                .iter()
                .any(|one| one.kind == PT_GNU_STACK && one.flags & PF_EXECUTE == 0),
            position_independent: self.kind == ET_DYN,
            canary: dynamic.canary,
        }
    }

    fn dynamic(&self) -> Dynamic {
        let mut found = Dynamic::default();
        let Some(segment) = self.segments.iter().find(|one| one.kind == PT_DYNAMIC) else {
            return found;
        };
        let word = if self.wide { 8 } else { 4 };
        let size = segment.size.min(MAX_DYNAMIC * 2 * word as u64);
        let Some(entries) = self.view.get(segment.offset, size) else {
            return found;
        };
        let mut table = (None, None);
        let mut names: Vec<(u64, u64)> = Vec::new();
        for entry in entries.chunks_exact(2 * word) {
            let (Some(tag), Some(value)) =
                (self.number(entry, 0, word), self.number(entry, word, word))
            else {
                break;
            };
            match tag {
                0 => break,
                DT_STRTAB => table.0 = Some(value),
                DT_STRSZ => table.1 = Some(value),
                DT_BIND_NOW => found.now = true,
                DT_FLAGS => found.now |= value & DF_BIND_NOW != 0,
                DT_FLAGS_1 => {
                    found.flags_1 = value;
                    found.now |= value & DF_1_NOW != 0;
                }
                DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH if names.len() < MAX_NEEDED => {
                    names.push((tag, value));
                }
                _ => {}
            }
        }
        let (Some(start), Some(length)) = table else {
            found.names_known = names.is_empty();
            return found;
        };
        // Some tools write an offset where the address belongs; the loader would add it up.
        let start = self.offset_of(start);
        found.names_known = true;
        for (tag, at) in names {
            let name = start
                .and_then(|start| start.checked_add(at))
                .filter(|_| at < length)
                .map(|at| self.view.up_to(at, MAX_NAME.min(length)))
                .and_then(|bytes| Some(text(bytes.get(..memchr::memchr(0, bytes)?)?)));
            let Some(name) = name else {
                found.names_known = false;
                continue;
            };
            match tag {
                DT_NEEDED => found.needed.push(name),
                DT_SONAME => found.soname = Some(name),
                DT_RPATH => found.rpath = Some(name),
                _ => found.runpath = Some(name),
            }
        }
        if length <= MAX_SEARCHED {
            found.canary = start
                .and_then(|start| self.view.get(start, length))
                .map(|names| memchr::memmem::find(names, b"\0__stack_chk_fail\0").is_some());
        }
        found
    }
}

/// A section header, as far as it is used.
struct Row {
    name: u64,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
}

/// What the dynamic section says.
#[derive(Debug, Default)]
struct Dynamic {
    needed: Vec<String>,
    soname: Option<String>,
    rpath: Option<String>,
    runpath: Option<String>,
    names_known: bool,
    now: bool,
    flags_1: u64,
    canary: Option<bool>,
}

fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// An unsigned number of up to eight bytes.
fn number(bytes: &[u8], at: usize, length: usize, big_endian: bool) -> Option<u64> {
    let found = bytes.get(at..at.checked_add(length)?)?;
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Some(if big_endian {
        found.iter().fold(0, join)
    } else {
        found.iter().rev().fold(0, join)
    })
}
