//! Archives behind what a file begins with: programs that unpack themselves, Java's archives and Python's
//! applications that a shell runs. Readers find a zip by its end, which comes last.

use memchr::memmem;

use super::super::archive::{Budget, Unpacker, ZIP_END, ZIP_ENTRY};
use super::Search;

/// What is known of an archive behind the beginning of a file.
#[derive(Default)]
pub(super) enum Attached {
    /// None is looked for.
    #[default]
    None,
    /// The file begins as a script, in which the mark of an entry is none.
    BehindScript {
        /// The end of what came, where a mark may begin.
        held: Vec<u8>,
        /// Bytes that came before that.
        at: u64,
        /// Whether it is no text.
        packed: bool,
    },
    /// It begins in another way, and came so far with these bytes at its end.
    BehindOther { end: Vec<u8> },
}

impl Attached {
    /// What may stand behind this beginning.
    pub(super) fn behind(head: &[u8]) -> Self {
        match head.starts_with(b"#!") {
            true => Self::BehindScript {
                held: Vec::new(),
                at: 0,
                packed: false,
            },
            false => Self::BehindOther { end: Vec::new() },
        }
    }

    /// Whether something was there that was not opened.
    fn is_left(&self) -> bool {
        match self {
            Self::None => false,
            Self::BehindScript { packed, .. } => *packed,
            Self::BehindOther { end } => end.starts_with(ZIP_END.0) && end.len() == ZIP_END.1,
        }
    }
}

impl Search<'_> {
    /// Takes the next bytes of a file that begins with no archive.
    pub(super) fn feed_attached(&mut self, bytes: &[u8], budget: &mut Budget) {
        match &mut self.attached {
            Attached::None => {}
            Attached::BehindOther { end } => {
                let last = &bytes[bytes.len().saturating_sub(ZIP_END.1)..];
                let over = (end.len() + last.len()).saturating_sub(ZIP_END.1);
                end.drain(..over);
                end.extend_from_slice(last);
            }
            Attached::BehindScript { held, at, packed } => {
                let joined = (!held.is_empty()).then(|| [held, bytes].concat());
                let bytes = joined.as_deref().unwrap_or(bytes);
                if let Some(mark) = memmem::find(bytes, &ZIP_ENTRY) {
                    let before = *at + mark as u64;
                    self.attached = Attached::None;
                    self.feed_content(&bytes[..mark]);
                    self.end_content();
                    let unpacker = Unpacker::behind(self.parent.clone(), before);
                    self.archive = Some(Box::new(unpacker));
                    self.feed(&bytes[mark..], budget);
                    return;
                }
                let longest = ZIP_ENTRY.len() - 1;
                let open = (1..=longest)
                    .rev()
                    .find(|length| bytes.ends_with(&ZIP_ENTRY[..*length]));
                let (now, rest) = bytes.split_at(bytes.len() - open.unwrap_or(0));
                *held = rest.to_vec();
                *at += now.len() as u64;
                *packed |= memchr::memchr(0, now).is_some();
                self.feed_content(now);
                return;
            }
        }
        self.feed_content(bytes);
    }

    /// Takes what was held back of a file that is over.
    pub(super) fn end_attached(&mut self) {
        let attached = std::mem::take(&mut self.attached);
        if attached.is_left() {
            self.partly |= !self.unless_owned;
            self.partly_unless_owned |= self.unless_owned;
        }
        if let Attached::BehindScript { held, .. } = attached
            && !held.is_empty()
        {
            self.feed_content(&held);
        }
    }
}
