//! Zip by its local headers, as they come: no seeking to the directory at the end is needed.

use flate2::{Decompress, FlushDecompress, Status};

use super::Sink;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const FIXED: usize = 30;

/// Bytes that are inflated in one go.
const OUT: usize = 32 << 10;

/// How far behind an entry of unknown length the next one begins at most.
const DESCRIPTOR: usize = 32;

/// Reads a zip as it comes.
#[derive(Default)]
pub(super) struct Reader {
    /// What is gathered of a header, or of what stands between entries.
    gathered: Vec<u8>,
    step: Step,
    /// Bytes passed over between entries.
    between: usize,
    out: Vec<u8>,
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
    /// Behind the entries.
    Over,
    Broken,
}

impl Reader {
    /// Whether all entries came by.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !sink.full() {
            let used = match &mut self.step {
                Step::Over | Step::Broken => return,
                Step::Header => self.header(bytes, sink),
                Step::Stored { left } => {
                    let now =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    sink.data(&bytes[..now]);
                    *left -= now as u64;
                    if *left == 0 {
                        sink.end();
                        self.step = Step::Header;
                    }
                    now
                }
                Step::Skipped { left } => {
                    let now =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    *left -= now as u64;
                    if *left == 0 {
                        self.step = Step::Header;
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
                            self.step = match rest {
                                Some(left) if left > 0 => Step::Skipped { left },
                                _ => Step::Header,
                            };
                        }
                        Ok(_) if rest == Some(0) && made < OUT => {
                            // Shorter than its own bytes say.
                            sink.left_out();
                            sink.end();
                            self.step = Step::Header;
                        }
                        Ok(_) if used > 0 || made > 0 => {}
                        Ok(_) | Err(_) => self.give_up(sink),
                    }
                    used
                }
            };
            bytes = &bytes[used.min(bytes.len())..];
        }
    }

    fn give_up(&mut self, sink: &mut impl Sink) {
        sink.left_out();
        sink.end();
        self.step = Step::Broken;
    }

    /// Gathers a header; gives how many bytes of `bytes` it took.
    fn header(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let wanted = self.wanted();
        let now = (wanted - self.gathered.len()).min(bytes.len());
        self.gathered.extend_from_slice(&bytes[..now]);
        if self.gathered.len() < wanted {
            return now;
        }
        if !self.gathered.starts_with(&LOCAL) {
            // A descriptor of what came before, or what comes behind the entries.
            if self.gathered.starts_with(b"PK\x01\x02") || self.gathered.starts_with(b"PK\x05\x06")
            {
                self.step = Step::Over;
                return now;
            }
            let next = self.gathered[1..].windows(2).position(|pair| pair == b"PK");
            let drop = next.map_or(self.gathered.len() - 1, |at| at + 1);
            self.passed(drop, sink);
            return now;
        }
        if wanted == self.wanted() {
            let header = std::mem::take(&mut self.gathered);
            self.begin(&header, sink);
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
            return header.len();
        }
        if header.len() < FIXED {
            return FIXED;
        }
        FIXED + usize::from(short(header, 26)) + usize::from(short(header, 28))
    }

    fn passed(&mut self, bytes: usize, sink: &mut impl Sink) {
        self.gathered.drain(..bytes.min(self.gathered.len()));
        self.between += bytes;
        if self.between > DESCRIPTOR {
            self.give_up(sink);
        }
    }

    fn begin(&mut self, header: &[u8], sink: &mut impl Sink) {
        self.between = 0;
        let flags = short(header, 6);
        let method = short(header, 8);
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
