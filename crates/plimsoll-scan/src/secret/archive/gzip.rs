//! Gzip, with as many members as there are (RFC 1952).

use flate2::{Decompress, FlushDecompress, Status};

use super::Sink;

const FIXED: usize = 10;
const TRAILER: usize = 8;

/// Bytes that are inflated in one go.
const OUT: usize = 32 << 10;

/// The longest header that is read: a name and a comment.
const MAX_HEADER: usize = 512;

/// Members that are read: a header is gathered byte by byte.
const MAX_MEMBERS: usize = 10_000;

/// Inflates a gzip file as it comes.
#[derive(Default)]
pub(super) struct Reader {
    step: Step,
    /// What is gathered of a header.
    header: Vec<u8>,
    inflater: Option<Box<Decompress>>,
    out: Vec<u8>,
    members: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Header,
    Body,
    Trailer {
        left: usize,
    },
    Over,
    Broken,
}

impl Reader {
    /// Whether the file may end here.
    pub(super) fn is_over(&self) -> bool {
        match self.step {
            Step::Header => self.members > 0 && self.header.is_empty(),
            Step::Over => true,
            _ => false,
        }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !sink.full() {
            match self.step {
                Step::Over | Step::Broken => return,
                Step::Header => {
                    self.header.push(bytes[0]);
                    bytes = &bytes[1..];
                    self.judge_header(sink);
                }
                Step::Body => {
                    let used = self.inflate(bytes, sink);
                    bytes = &bytes[used..];
                }
                Step::Trailer { left } => {
                    let now = left.min(bytes.len());
                    bytes = &bytes[now..];
                    self.step = match left - now {
                        0 => Step::Header,
                        left => Step::Trailer { left },
                    };
                }
            }
        }
    }

    fn judge_header(&mut self, sink: &mut impl Sink) {
        let header = &self.header;
        let begins = [0x1f, 0x8b, 8];
        if !header
            .iter()
            .zip(begins)
            .all(|(byte, wanted)| *byte == wanted)
        {
            // Behind the last member there may be padding.
            self.step = if self.members > 0 && header[0] == 0 {
                Step::Over
            } else {
                sink.left_out();
                Step::Broken
            };
        } else if header.len() > MAX_HEADER || self.members >= MAX_MEMBERS {
            sink.left_out();
            self.step = Step::Broken;
        } else if is_whole(header) {
            self.header.clear();
            self.inflater = Some(Box::new(Decompress::new(false)));
            self.step = Step::Body;
        }
    }

    fn inflate(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let Some(inflater) = &mut self.inflater else {
            self.step = Step::Broken;
            return bytes.len();
        };
        self.out.resize(OUT, 0);
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let result = inflater.decompress(bytes, &mut self.out, FlushDecompress::None);
        let used = (inflater.total_in() - before_in) as usize;
        let made = (inflater.total_out() - before_out) as usize;
        sink.inflated(&self.out[..made]);
        match result {
            Ok(Status::StreamEnd) => {
                self.members += 1;
                self.step = Step::Trailer { left: TRAILER };
            }
            Ok(_) if used > 0 || made > 0 => {}
            Ok(_) | Err(_) => {
                sink.left_out();
                self.step = Step::Broken;
            }
        }
        used.min(bytes.len())
    }
}

/// Whether a header is there with all that its flags announce. Asked byte by byte, so that no byte
/// of what follows is taken.
fn is_whole(header: &[u8]) -> bool {
    let Some(flags) = header.get(3).filter(|_| header.len() >= FIXED) else {
        return false;
    };
    let mut rest = &header[FIXED..];
    if flags & 4 != 0 {
        let Some(length) = rest.first_chunk().map(|length| u16::from_le_bytes(*length)) else {
            return false;
        };
        let Some(more) = rest.get(2 + usize::from(length)..) else {
            return false;
        };
        rest = more;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(end) = memchr::memchr(0, rest) else {
                return false;
            };
            rest = &rest[end + 1..];
        }
    }
    flags & 2 == 0 || rest.len() >= 2
}
