//! Zstandard, with as many frames as there are (RFC 8878).

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use super::Sink;

/// Bytes that are unpacked in one go: the largest block.
const OUT: usize = 128 << 10;

/// How far back a frame may reach, as a power of two: 32 MiB, which is memory.
const WINDOW_LOG: u32 = 25;

/// What the beginning of a frame takes at least, which is what is asked for first.
const FIRST: usize = 5;

/// Unpacks a Zstandard file as it comes.
///
/// The library is handed just the bytes that it asks for, so that a broken file gives the same
/// however it comes.
#[derive(Default)]
pub(super) struct Reader {
    decoder: Option<Decoder<'static>>,
    gathered: Vec<u8>,
    /// Bytes that the library wants next; 0 between frames.
    wanted: usize,
    out: Vec<u8>,
    begun: bool,
    broken: bool,
}

impl Reader {
    /// Whether the file may end here.
    pub(super) fn is_over(&self) -> bool {
        self.begun && !self.broken && self.wanted == 0 && self.gathered.is_empty()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !self.broken && !sink.full() {
            let wanted = match self.wanted {
                0 => FIRST,
                wanted => wanted,
            };
            let now = wanted.saturating_sub(self.gathered.len()).min(bytes.len());
            self.gathered.extend_from_slice(&bytes[..now]);
            bytes = &bytes[now..];
            if self.gathered.len() >= wanted {
                self.unpack(sink);
            }
        }
    }

    /// Hands over what was gathered.
    fn unpack(&mut self, sink: &mut impl Sink) {
        let gathered = std::mem::take(&mut self.gathered);
        let result = self.run(&gathered, sink);
        self.begun = true;
        match result {
            Some(wanted) => self.wanted = wanted,
            None => {
                sink.left_out();
                self.broken = true;
            }
        }
        self.gathered = gathered;
        self.gathered.clear();
    }

    /// How many bytes are wanted next; none where the file is broken.
    fn run(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Option<usize> {
        if self.decoder.is_none() {
            let mut decoder = Decoder::new().ok()?;
            decoder
                .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
                .ok()?;
            self.decoder = Some(decoder);
            self.out.resize(OUT, 0);
        }
        let decoder = self.decoder.as_mut()?;
        let mut input = InBuffer::around(bytes);
        loop {
            let mut output = OutBuffer::around(self.out.as_mut_slice());
            let wanted = decoder.run(&mut input, &mut output).ok()?;
            let made = output.pos();
            sink.inflated(self.out.get(..made)?);
            if sink.full() || (input.pos() == bytes.len() && made < OUT) {
                return Some(wanted);
            }
        }
    }
}
