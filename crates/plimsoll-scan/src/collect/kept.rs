//! How much an image may make us keep: one bound for all its layers, of which there may be many.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::record::{EntryFact, LayerRecord};

/// Entries that the layers of one image may make us keep together: several times what the largest
/// images have.
const MAX_ENTRIES: usize = 3_000_000;

/// Bytes of paths and link targets that they may make us keep together.
const MAX_PATH_BYTES: usize = 256 << 20;

/// Bytes of what files say that they may make us keep together: many times what the largest images
/// have.
pub(super) const MAX_WEIGHT: usize = 256 << 20;

/// What all layers of an image made us keep so far: layers may be many.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    entries: AtomicUsize,
    path_bytes: AtomicUsize,
    weight: AtomicUsize,
}

impl Kept {
    /// Takes an entry in, with this many bytes of path and target; says what there is too much of.
    pub(super) fn take(&self, path_bytes: usize) -> Result<(), String> {
        if self.entries.fetch_add(1, Ordering::Relaxed) >= MAX_ENTRIES {
            return Err(format!(
                "it and the other layers hold more than {MAX_ENTRIES} entries together"
            ));
        }
        let before = self.path_bytes.fetch_add(path_bytes, Ordering::Relaxed);
        if before.saturating_add(path_bytes) > MAX_PATH_BYTES {
            return Err(format!(
                "its paths and those of the other layers alone are longer than {MAX_PATH_BYTES} bytes"
            ));
        }
        Ok(())
    }

    /// Takes in what files say, of this many bytes; says that it is too much.
    pub(super) fn take_weight(&self, weight: usize) -> Result<(), String> {
        let before = self.weight.fetch_add(weight, Ordering::Relaxed);
        if before.saturating_add(weight) > MAX_WEIGHT {
            self.weight.fetch_sub(weight, Ordering::Relaxed);
            return Err(format!(
                "its package metadata and that of the other layers take more than {MAX_WEIGHT} \
                 bytes of memory"
            ));
        }
        Ok(())
    }
}

impl Kept {
    /// Takes in what was read of a layer before, if there is room for it.
    pub(crate) fn take_record(&self, record: &LayerRecord) -> bool {
        let entries = record.entries.len();
        let before = self.entries.load(Ordering::Relaxed);
        let path_bytes = record.entries.iter().map(EntryFact::path_bytes).sum();
        let bytes_before = self.path_bytes.load(Ordering::Relaxed);
        let fits = before.saturating_add(entries) <= MAX_ENTRIES
            && bytes_before.saturating_add(path_bytes) <= MAX_PATH_BYTES
            && self.take_weight(record.weight()).is_ok();
        if fits {
            self.entries.fetch_add(entries, Ordering::Relaxed);
            self.path_bytes.fetch_add(path_bytes, Ordering::Relaxed);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_one_bound_together() {
        let kept = Kept::default();
        kept.entries.store(MAX_ENTRIES - 1, Ordering::Relaxed);
        assert_eq!(kept.take(10), Ok(()));
        assert!(kept.take(10).unwrap_err().contains("entries"));
        let kept = Kept::default();
        assert_eq!(kept.take(MAX_PATH_BYTES), Ok(()));
        assert!(kept.take_record(&LayerRecord::default()));
        assert!(kept.take(1).unwrap_err().contains("bytes"));
        assert!(!kept.take_record(&LayerRecord::default()));
    }
}
