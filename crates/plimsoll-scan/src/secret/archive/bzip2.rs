//! Bzip2, with as many streams as there are (the format of `bzip2(1)`; there is no other document).

use bzip2::{Decompress, Status};

use super::Sink;

/// Bytes that are unpacked in one go.
const OUT: usize = 32 << 10;

/// Streams that are read: each begins with memory for a block.
const MAX_STREAMS: usize = 10_000;

/// Unpacks a bzip2 file as it comes.
#[derive(Default)]
pub(super) struct Reader {
    decoder: Option<Decompress>,
    out: Vec<u8>,
    streams: usize,
    step: Step,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Between,
    Within,
    /// Behind the last stream there may be padding.
    Over,
    Broken,
}

impl Reader {
    /// Whether the file may end here.
    pub(super) fn is_over(&self) -> bool {
        self.step == Step::Over || (self.step == Step::Between && self.streams > 0)
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !sink.full() {
            match self.step {
                Step::Over | Step::Broken => return,
                Step::Between if self.streams > 0 && bytes[0] == 0 => self.step = Step::Over,
                Step::Between if self.streams >= MAX_STREAMS => {
                    sink.left_out();
                    self.step = Step::Broken;
                }
                Step::Between => {
                    self.decoder = Some(Decompress::new(false));
                    self.step = Step::Within;
                }
                Step::Within => {
                    let used = self.unpack(bytes, sink);
                    bytes = &bytes[used..];
                }
            }
        }
    }

    /// Unpacks until the decoder has nothing more to give or the stream is over; gives how many
    /// bytes it took.
    fn unpack(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let Some(decoder) = &mut self.decoder else {
            self.step = Step::Broken;
            return bytes.len();
        };
        self.out.resize(OUT, 0);
        let mut at = 0;
        loop {
            let before = (decoder.total_in(), decoder.total_out());
            let result = decoder.decompress(&bytes[at..], &mut self.out);
            let used = (decoder.total_in() - before.0) as usize;
            let made = (decoder.total_out() - before.1) as usize;
            at = (at + used).min(bytes.len());
            sink.inflated(&self.out[..made.min(OUT)]);
            match result {
                Ok(Status::StreamEnd) => {
                    self.decoder = None;
                    self.streams += 1;
                    self.step = Step::Between;
                    return at;
                }
                Ok(Status::MemNeeded) | Err(_) => break,
                Ok(_) if sink.full() || (made < OUT && at == bytes.len()) => return at,
                Ok(_) if used == 0 && made == 0 => break,
                Ok(_) => {}
            }
        }
        sink.left_out();
        self.decoder = None;
        self.step = Step::Broken;
        at
    }
}
