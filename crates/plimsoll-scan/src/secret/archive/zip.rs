//! Zip by its local headers, as they come: no seeking to the directory at the end is needed.
//!
//! Other readers go by the directory that the last end record names. So what stands between entries
//! ends nothing here, whatever it looks like, and each directory that comes by is held against the
//! entries that were read: one that names others is said not to have been searched whole.

use flate2::{Decompress, FlushDecompress, Status};

use super::Sink;

pub(in crate::secret) const LOCAL: [u8; 4] = *b"PK\x03\x04";
const FIXED: usize = 30;

/// What stands between and behind entries, and how long the fixed part of it is (APPNOTE 4.3).
const CENTRAL: (&[u8], usize) = (b"PK\x01\x02", 46);
pub(in crate::secret) const END: (&[u8], usize) = (b"PK\x05\x06", 22);
const LONG_END: (&[u8], usize) = (b"PK\x06\x06", 56);
const LOCATOR: (&[u8], usize) = (b"PK\x06\x07", 20);
const SIGNATURE: (&[u8], usize) = (b"PK\x05\x05", 6);

/// Bytes that are inflated in one go.
const OUT: usize = 32 << 10;

/// How far behind an entry of unknown length the next one begins at most.
const DESCRIPTOR: u64 = 32;

/// Entries that a directory is held against: more are not unpacked.
const MAX_ENTRIES: usize = 1 << 16;

/// Reads a zip as it comes.
#[derive(Default)]
pub(super) struct Reader {
    /// What is gathered of a header, or of what stands between entries.
    gathered: Vec<u8>,
    step: Step,
    /// Bytes that came so far, the gathered ones included.
    at: u64,
    /// Bytes between entries that are explained by what stands before them.
    room: u64,
    out: Vec<u8>,
    /// What was read, in the order in which it lies there.
    entries: Vec<Entry>,
    /// Where the archive begins that is being read: several may stand in a row.
    base: u64,
    /// Whether an end record came behind the last entry.
    ended: bool,
}

/// An entry as its local header has it.
struct Entry {
    offset: u64,
    method: u16,
    data_at: u64,
    packed: u64,
}

#[derive(Default)]
enum Step {
    /// Between entries.
    #[default]
    Header,
    /// Bytes as they are.
    Stored {
        left: u64,
    },
    /// Deflated; how many bytes are left, where the header says so.
    Deflated {
        inflater: Box<Decompress>,
        left: Option<u64>,
    },
    /// Bytes of no interest.
    Skipped {
        left: u64,
    },
    Broken,
}

impl Reader {
    /// A reader of what stands behind so many bytes: offsets may count them or not.
    pub(super) fn behind(before: u64) -> Self {
        Self {
            at: before,
            base: before,
            ..Self::default()
        }
    }

    /// Whether all entries came by.
    pub(super) fn is_over(&self) -> bool {
        self.ended && matches!(self.step, Step::Header) && !self.gathered.starts_with(b"PK")
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !sink.full() {
            let used = match &mut self.step {
                Step::Broken => return,
                Step::Header => self.header(bytes, sink),
                Step::Stored { left } => {
                    let now =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    sink.data(&bytes[..now]);
                    *left -= now as u64;
                    if *left == 0 {
                        sink.end();
                        self.between(now);
                    }
                    now
                }
                Step::Skipped { left } => {
                    let now =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    *left -= now as u64;
                    if *left == 0 {
                        self.between(now);
                    }
                    now
                }
                Step::Deflated { inflater, left } => {
                    let now = left
                        .and_then(|left| usize::try_from(left).ok())
                        .map_or(bytes.len(), |left| left.min(bytes.len()));
                    self.out.resize(OUT, 0);
                    let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
                    let result =
                        inflater.decompress(&bytes[..now], &mut self.out, FlushDecompress::None);
                    let used = (inflater.total_in() - before_in) as usize;
                    let made = (inflater.total_out() - before_out) as usize;
                    if let Some(left) = left {
                        *left -= used as u64;
                    }
                    let rest = *left;
                    sink.inflated(&self.out[..made]);
                    match result {
                        Ok(Status::StreamEnd) => {
                            sink.end();
                            match rest {
                                Some(left) if left > 0 => self.step = Step::Skipped { left },
                                _ => self.between(used),
                            }
                        }
                        Ok(_) if rest == Some(0) && made < OUT => {
                            // Shorter than its own bytes say.
                            sink.left_out();
                            sink.end();
                            self.between(used);
                        }
                        Ok(_) if used > 0 || made > 0 => {}
                        Ok(_) | Err(_) => self.give_up(sink),
                    }
                    used
                }
            };
            let used = used.min(bytes.len());
            self.at += used as u64;
            bytes = &bytes[used..];
        }
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        sink.left_out();
        sink.end();
        self.step = Step::Broken;
    }

    /// The entry is over, with the next `used` bytes.
    fn between(&mut self, used: usize) {
        self.step = Step::Header;
        self.room = DESCRIPTOR;
        if let Some(entry) = self.entries.last_mut() {
            entry.packed = (self.at + used as u64).saturating_sub(entry.data_at);
        }
    }

    /// Gathers a header; gives how many bytes of `bytes` it took.
    fn header(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        if self.gathered.is_empty() {
            let before = memchr::memchr(b'P', bytes).unwrap_or(bytes.len());
            if before > 0 {
                self.passed(&bytes[..before], sink);
                return before;
            }
        }
        let wanted = self.wanted();
        let now = (wanted - self.gathered.len()).min(bytes.len());
        self.gathered.extend_from_slice(&bytes[..now]);
        if self.gathered.len() < wanted || wanted < self.wanted() {
            return now;
        }
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.starts_with(&LOCAL) {
            self.begin(&gathered, now, sink);
        } else if gathered.len() > 4 {
            self.explained(&gathered, now, sink);
        } else {
            // A descriptor of what came before, or whatever it is.
            let next = (1..4).find(|at| b"PK".starts_with(&gathered[*at..4.min(at + 2)]));
            let (before, rest) = gathered.split_at(next.unwrap_or(4));
            self.passed(before, sink);
            self.gathered = rest.to_vec();
        }
        now
    }

    /// How long what is gathered must be before anything can be said.
    fn wanted(&self) -> usize {
        let header = &self.gathered;
        if header.len() < 4 {
            return 4;
        }
        if !header.starts_with(&LOCAL) {
            let known = [CENTRAL, END, LONG_END, LOCATOR, SIGNATURE];
            let known = known.iter().find(|(mark, _)| header.starts_with(mark));
            return known.map_or(4, |(_, length)| *length);
        }
        if header.len() < FIXED {
            return FIXED;
        }
        FIXED + usize::from(short(header, 26)) + usize::from(short(header, 28))
    }

    /// Takes a part of the directory, which ends with the next `now` bytes.
    ///
    /// What is as long as its fields say may hold the beginning of an entry all the same: it is
    /// looked through, not passed over.
    fn explained(&mut self, part: &[u8], now: usize, sink: &mut impl Sink) {
        let long_at = |at| u64::from(short(part, at));
        self.room = if part.starts_with(CENTRAL.0) {
            if !self.was_read(part) {
                sink.left_out();
            }
            long_at(28) + long_at(30) + long_at(32)
        } else if part.starts_with(END.0) {
            self.ended = true;
            self.base = self.at + now as u64 + long_at(20);
            long_at(20)
        } else if part.starts_with(LONG_END.0) {
            u64::from(long(part, 4)).saturating_sub(44)
        } else if part.starts_with(SIGNATURE.0) {
            long_at(4)
        } else {
            0
        };
    }

    /// Whether the entry that a directory names is one that was read, and as the directory has it.
    fn was_read(&self, central: &[u8]) -> bool {
        let (method, packed) = (short(central, 10), long(central, 20));
        let offset = u64::from(long(central, 42));
        [offset, self.base + offset].iter().any(|offset| {
            let place = self
                .entries
                .binary_search_by_key(offset, |entry| entry.offset);
            place.is_ok_and(|place| {
                let entry = &self.entries[place];
                let as_long = packed == u32::MAX || u64::from(packed) == entry.packed;
                entry.method == method && as_long
            })
        })
    }

    /// Passes over what is no part of a zip. Behind the end zeros may fill a file up.
    fn passed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        let counted = bytes.len() - if self.ended { zeros } else { 0 };
        if counted as u64 > self.room {
            sink.left_out();
        }
        self.room = self.room.saturating_sub(bytes.len() as u64);
    }

    /// Begins with the entry of a header that ends with the next `now` bytes.
    fn begin(&mut self, header: &[u8], now: usize, sink: &mut impl Sink) {
        self.room = DESCRIPTOR;
        self.ended = false;
        let flags = short(header, 6);
        let method = short(header, 8);
        let data_at = self.at + now as u64;
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push(Entry {
                offset: data_at.saturating_sub(header.len() as u64),
                method,
                data_at,
                packed: 0,
            });
        }
        let name_end = FIXED + usize::from(short(header, 26));
        let name = &header[FIXED..name_end];
        let mut packed = u64::from(long(header, 18));
        let streamed = flags & 8 != 0;
        if packed == u64::from(u32::MAX)
            && let Some(long_packed) = zip64(&header[name_end..])
        {
            packed = long_packed;
        }
        let encrypted = flags & 1 != 0;
        let unknown = streamed && packed == 0;
        self.step = match method {
            // What is stored is as long as it is; what its header says of that is not asked.
            0 if !encrypted && !unknown => {
                sink.begin(name, Some(packed));
                if packed == 0 {
                    sink.end();
                    Step::Header
                } else {
                    Step::Stored { left: packed }
                }
            }
            8 if !encrypted => {
                // How long it becomes is only known once it is inflated: a header may lie.
                sink.begin(name, None);
                Step::Deflated {
                    inflater: Box::new(Decompress::new(false)),
                    left: (!unknown).then_some(packed),
                }
            }
            // A folder that was written without knowing its size.
            0 if name.ends_with(b"/") => Step::Header,
            _ if unknown => {
                sink.left_out();
                Step::Broken
            }
            _ => {
                sink.left_out();
                match packed {
                    0 => Step::Header,
                    left => Step::Skipped { left },
                }
            }
        };
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |field| u16::from_le_bytes(*field))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |field| u32::from_le_bytes(*field))
}

/// The packed size in the zip64 extra field.
fn zip64(mut extra: &[u8]) -> Option<u64> {
    while extra.len() >= 4 {
        let length = usize::from(short(extra, 2));
        let field = extra.get(4..4 + length)?;
        if short(extra, 0) == 1 {
            let packed = field.get(8..).and_then(|rest| rest.first_chunk::<8>())?;
            return Some(u64::from_le_bytes(*packed));
        }
        extra = &extra[4 + length..];
    }
    None
}
