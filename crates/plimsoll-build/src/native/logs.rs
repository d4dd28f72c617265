//! What a step writes: passed on as it comes, with secrets taken out.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::sync::Mutex;

use crate::{Event, EventSink, LogStream};

/// Lines kept for the error message.
const TAIL_LINES: usize = 30;
/// Bytes of one kept line.
const TAIL_LINE: usize = 2_000;
/// A secret this short would turn ordinary output into stars.
const SHORTEST: usize = 4;

/// Takes secrets out of a stream of bytes, across the edges of its pieces.
pub(crate) struct Scrubber {
    /// Longest first, so that a secret inside another does not tear it apart.
    secrets: Vec<Vec<u8>>,
    held: Vec<u8>,
}

impl Scrubber {
    pub(crate) fn new(values: &[Vec<u8>]) -> Self {
        let mut secrets: Vec<Vec<u8>> = Vec::new();
        for value in values {
            let trimmed = value.trim_ascii();
            secrets.push(value.clone());
            secrets.push(trimmed.to_vec());
            // Programs print files line by line.
            secrets.extend(
                trimmed
                    .split(|byte| *byte == b'\n')
                    .map(|line| line.trim_ascii().to_vec())
                    .filter(|line| line.len() >= 8),
            );
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self {
            secrets,
            held: Vec::new(),
        }
    }

    /// Takes a piece, gives what may be shown of it and of what was held back.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut shown = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            if let Some(secret) = self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                shown.extend_from_slice(b"***");
                at += secret.len();
            } else if self
                .secrets
                .iter()
                .any(|secret| secret.len() > rest.len() && secret.starts_with(rest))
            {
                break;
            } else {
                shown.push(rest[0]);
                at += 1;
            }
        }
        self.held.drain(..at);
        shown
    }

    /// What was held back at the end.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

/// The last lines a step wrote.
#[derive(Default)]
pub(crate) struct Tail {
    lines: Mutex<VecDeque<String>>,
}

impl Tail {
    fn push(&self, partial: &mut Vec<u8>, piece: &[u8]) {
        for byte in piece {
            if *byte == b'\n' {
                self.line(partial);
                partial.clear();
            } else if partial.len() < TAIL_LINE {
                partial.push(*byte);
            }
        }
    }

    fn line(&self, line: &[u8]) {
        if let Ok(mut lines) = self.lines.lock() {
            if lines.len() == TAIL_LINES {
                lines.pop_front();
            }
            lines.push_back(String::from_utf8_lossy(line).trim_end().to_owned());
        }
    }

    /// The lines, oldest first.
    pub(crate) fn lines(self) -> Vec<String> {
        self.lines.into_inner().map(Vec::from).unwrap_or_default()
    }
}

/// Passes a pipe on to its end.
pub(crate) fn forward(
    mut pipe: File,
    vertex: &str,
    stream: LogStream,
    secrets: &[Vec<u8>],
    tail: &Tail,
    events: &dyn EventSink,
) {
    let mut scrubber = Scrubber::new(secrets);
    let mut partial = Vec::new();
    let mut buffer = vec![0; 32 << 10];
    let mut emit = |data: Vec<u8>| {
        if !data.is_empty() {
            tail.push(&mut partial, &data);
            events.event(Event::Log {
                vertex: vertex.to_owned(),
                stream,
                data,
            });
        }
    };
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => emit(scrubber.push(&buffer[..read])),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    emit(scrubber.finish());
    if !partial.is_empty() {
        tail.line(&partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_wherever_pieces_end() {
        let text = b"user hunter2secret and hunter2secre then line-two-of-it!";
        for cut in 0..text.len() {
            let mut scrubber = Scrubber::new(&[b"hunter2secret\nline-two-of-it\n".to_vec()]);
            let mut shown = scrubber.push(&text[..cut]);
            shown.extend(scrubber.push(&text[cut..]));
            shown.extend(scrubber.finish());
            assert_eq!(
                String::from_utf8(shown).unwrap(),
                "user *** and hunter2secre then ***!"
            );
        }
    }
}
