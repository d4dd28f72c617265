//! How much one run looks at and keeps. A small bill of materials can name one package in thousands
//! of versions, and an index can say of a package whatever somebody wrote: both would cost time and
//! memory without end. What is not looked at any more is counted and told.

/// What may be looked at, in bytes of what an index says of packages, each time it is held against
/// something: some two seconds. Images and bills of materials of thousands of packages take a hundredth.
const MOST_LOOKED_AT: u64 = 128 << 20;

/// What may be kept of what advisories say, in parts: some hundred bytes each. The largest images
/// have a tenth.
const MOST_KEPT: usize = 400_000;

/// What is left to look at and to keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    look: u64,
    keep: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self::of(MOST_LOOKED_AT, MOST_KEPT)
    }
}

impl Work {
    /// So many bytes to look at, and so many parts to keep.
    pub(super) fn of(look: u64, keep: usize) -> Self {
        Self { look, keep }
    }

    /// Whether there is room to look at so many bytes more, which are taken from it then.
    pub(super) fn look(&mut self, bytes: usize) -> bool {
        let left = self.look.checked_sub(bytes as u64);
        self.look = left.unwrap_or(self.look);
        left.is_some()
    }

    /// Whether there is room to keep so many parts more, which are taken from it then.
    pub(super) fn keep(&mut self, parts: usize) -> bool {
        let left = self.keep.checked_sub(parts);
        self.keep = left.unwrap_or(self.keep);
        left.is_some()
    }

    /// One of so many shares.
    pub(super) fn share(self, parts: usize) -> Self {
        Self::of(self.look / parts as u64, self.keep / parts)
    }

    /// Whether so many parts would be too many.
    pub(super) fn is_too_much(&self, parts: usize) -> bool {
        parts > self.keep
    }

    /// Bytes that may still be looked at.
    #[cfg(test)]
    pub(super) fn left(&self) -> u64 {
        self.look
    }
}
