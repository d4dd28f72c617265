//! Which layer hid what a lower one brought.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::catalogue::folder;
use crate::record::{FactKind, LayerRecord};

/// What the layers hide of those below them.
pub(super) struct Hidden<'l> {
    layers: &'l [LayerRecord],
    /// Worked out when it is first asked for: most images hide little.
    marks: Vec<OnceCell<Marks<'l>>>,
}

#[derive(Default)]
struct Marks<'l> {
    /// Paths that are deleted, or are something else than a folder now.
    replaced: HashSet<&'l str>,
    /// Folders that were emptied.
    emptied: HashSet<&'l str>,
}

impl<'l> Hidden<'l> {
    pub(super) fn new(layers: &'l [LayerRecord]) -> Self {
        Self {
            layers,
            marks: layers.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The first layer above `layer` that hides what that brought at `path`; `layer` itself where
    /// none does.
    pub(super) fn hidden_in(&self, path: &str, layer: usize) -> usize {
        (layer + 1..self.layers.len())
            .find(|above| self.hides(*above, path))
            .unwrap_or(layer)
    }

    fn hides(&self, layer: usize, path: &str) -> bool {
        let marks = self.marks[layer].get_or_init(|| {
            let mut marks = Marks::default();
            for entry in &self.layers[layer].entries {
                match entry.kind {
                    FactKind::Directory => {}
                    FactKind::Opaque => {
                        marks.emptied.insert(&entry.path);
                    }
                    _ => {
                        marks.replaced.insert(&entry.path);
                    }
                }
            }
            marks
        });
        if marks.replaced.contains(path) || marks.emptied.contains("") {
            return true;
        }
        let mut at = folder(path);
        while !at.is_empty() {
            if marks.replaced.contains(at) || marks.emptied.contains(at) {
                return true;
            }
            at = folder(at);
        }
        false
    }
}
