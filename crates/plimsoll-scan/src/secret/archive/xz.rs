//! Xz, with as many streams as there are (<https://tukaani.org/xz/xz-file-format.txt>).

use xz4rust::{XzDecoder, XzError};

use super::Sink;

/// Bytes that are unpacked in one go.
const OUT: usize = 32 << 10;

/// Bytes that are handed over at once. The decoder does not tell what it made before it failed: so
/// that a broken file gives the same however it comes, the pieces are always these.
const PIECE: usize = 4 << 10;

/// How far back a stream may reach: what `xz -9` asks for. Memory is used as far as it does.
const MAX_DICTIONARY: usize = 64 << 20;

/// The same of a stream within another archive: what `xz` asks for unless it is told otherwise.
const MAX_INNER_DICTIONARY: usize = 8 << 20;

/// Streams that are read: each begins with tables that are made anew.
const MAX_STREAMS: usize = 10_000;

/// Unpacks an xz file as it comes.
pub(super) struct Reader {
    dictionary: usize,
    decoder: Option<Box<XzDecoder<'static>>>,
    gathered: Vec<u8>,
    out: Vec<u8>,
    streams: usize,
    is_within: bool,
    is_broken: bool,
}

impl Reader {
    /// For a file in so many other archives.
    pub(super) fn new(wrappings: u8) -> Self {
        Self {
            dictionary: match wrappings {
                0 => MAX_DICTIONARY,
                _ => MAX_INNER_DICTIONARY,
            },
            decoder: None,
            gathered: Vec::new(),
            out: Vec::new(),
            streams: 0,
            is_within: false,
            is_broken: false,
        }
    }

    /// Whether the file may end here.
    pub(super) fn is_over(&self) -> bool {
        self.streams > 0 && !self.is_within && !self.is_broken && self.gathered.is_empty()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() && !self.is_broken && !sink.full() {
            let now = (PIECE - self.gathered.len()).min(bytes.len());
            self.gathered.extend_from_slice(&bytes[..now]);
            bytes = &bytes[now..];
            if self.gathered.len() == PIECE {
                self.unpack(sink);
            }
        }
    }

    /// Unpacks what is left at the end of the file.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) {
        if !self.is_broken && !sink.full() {
            self.unpack(sink);
        }
    }

    fn unpack(&mut self, sink: &mut impl Sink) {
        let gathered = std::mem::take(&mut self.gathered);
        match self.run(&gathered, sink) {
            // What the decoder wants more of waits for the next piece.
            Some(used) if used > 0 || gathered.len() < PIECE => {
                self.gathered
                    .extend_from_slice(gathered.get(used..).unwrap_or_default());
            }
            _ => {
                sink.left_out();
                self.is_broken = true;
            }
        }
    }

    /// How many bytes were used; none where the file is broken.
    fn run(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Option<usize> {
        self.out.resize(OUT, 0);
        let mut at = 0;
        loop {
            if !self.is_within {
                // Behind a stream there may be padding.
                let rest = bytes.get(at..)?;
                at += rest.iter().take_while(|byte| **byte == 0).count();
                if at == bytes.len() {
                    return Some(at);
                }
                if self.streams >= MAX_STREAMS {
                    return None;
                }
                self.is_within = true;
                if let Some(decoder) = &mut self.decoder {
                    decoder.reset();
                }
            }
            let most = self.dictionary;
            let decoder = self
                .decoder
                .get_or_insert_with(|| XzDecoder::in_heap_with_alloc_dict_size(0, most));
            let result = match decoder.decode(bytes.get(at..)?, &mut self.out) {
                Ok(result) => result,
                Err(XzError::NeedsLargerInputBuffer) => return Some(at),
                Err(_) => return None,
            };
            at += result.input_consumed();
            sink.inflated(self.out.get(..result.output_produced())?);
            if sink.full() {
                return Some(bytes.len());
            }
            if result.is_end_of_stream() {
                self.is_within = false;
                self.streams += 1;
            } else if at == bytes.len() && result.output_produced() < OUT {
                return Some(at);
            } else if !result.made_progress() {
                return None;
            }
        }
    }
}
