//! Which layer hid what a lower one brought.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::catalogue::folders_above;
use crate::record::{FactKind, LayerRecord};

/// What the layers hide of those below them.
pub(crate) struct Hidden<'l> {
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
    pub(crate) fn new(layers: &'l [LayerRecord]) -> Self {
        Self {
            layers,
            marks: layers.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The first layer above `layer` that hides what that brought at `path`; `layer` itself where
    /// none does.
    pub(crate) fn hidden_in(&self, path: &str, layer: usize) -> usize {
        (layer + 1..self.layers.len())
            .find(|above| self.hides(*above, path))
            .unwrap_or(layer)
    }

    /// Whether a layer hides what a lower one brought at `path`.
    pub(crate) fn hides(&self, layer: usize, path: &str) -> bool {
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
        folders_above(path).any(|at| marks.replaced.contains(at) || marks.emptied.contains(at))
    }
}
