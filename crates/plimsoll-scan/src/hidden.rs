//! Which layer hid what a lower one brought.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use crate::catalogue::{folder, folders_above};
use crate::record::{FactKind, LayerRecord};

/// What the layers hide of those below them.
pub(crate) struct Hidden<'l> {
    layers: &'l [LayerRecord],
    /// Worked out when it is first asked for: most images hide little.
    marks: OnceCell<Marks<'l>>,
    /// What was asked for last: what is asked for next mostly lies beside it.
    last: RefCell<Last>,
}

/// What every layer replaces and empties, by its path.
#[derive(Default)]
struct Marks<'l> {
    /// The topmost mark of each path.
    top: HashMap<&'l str, u32>,
    marks: Vec<Mark>,
}

struct Mark {
    layer: usize,
    kind: MarkKind,
    /// The next one below of the same path.
    below: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    /// The path is deleted, or is something else than a folder now.
    Replaced,
    /// The folder was emptied.
    Emptied,
}

/// Layers are in ascending order.
#[derive(Default)]
struct Last {
    folder: Option<String>,
    /// Layers that hide all of the folder.
    of_folder: Vec<usize>,
    path: Option<String>,
    /// Layers that hide the path.
    of_path: Vec<usize>,
}

impl<'l> Hidden<'l> {
    pub(crate) fn new(layers: &'l [LayerRecord]) -> Self {
        Self {
            layers,
            marks: OnceCell::new(),
            last: RefCell::default(),
        }
    }

    /// The first layer above `layer` that hides what that brought at `path`; `layer` itself where
    /// none does.
    pub(crate) fn hidden_in(&self, path: &str, layer: usize) -> usize {
        let mut last = self.last.borrow_mut();
        if last.path.as_deref() != Some(path) {
            let marks = self.marks.get_or_init(|| Marks::of(self.layers));
            last.look_at(path, marks);
        }
        let above = last.of_path.partition_point(|above| *above <= layer);
        last.of_path.get(above).copied().unwrap_or(layer)
    }
}

impl<'l> Marks<'l> {
    fn of(layers: &'l [LayerRecord]) -> Self {
        let mut all = Self::default();
        // Nothing is below the first.
        for (layer, record) in layers.iter().enumerate().skip(1) {
            for entry in &record.entries {
                let kind = match entry.kind {
                    FactKind::Directory => continue,
                    FactKind::Opaque => MarkKind::Emptied,
                    _ => MarkKind::Replaced,
                };
                // More than are counted are no image's.
                let Ok(at) = u32::try_from(all.marks.len()) else {
                    return all;
                };
                let below = all.top.insert(&entry.path, at);
                all.marks.push(Mark { layer, kind, below });
            }
        }
        all
    }

    /// The marks of a path, the topmost first.
    fn at(&self, path: &str) -> impl Iterator<Item = &Mark> {
        let mark = |at: u32| self.marks.get(usize::try_from(at).ok()?);
        let top = self.top.get(path).copied().and_then(mark);
        std::iter::successors(top, move |above| above.below.and_then(mark))
    }
}

impl Last {
    fn look_at(&mut self, path: &str, marks: &Marks<'_>) {
        let folder = folder(path);
        if self.folder.as_deref() != Some(folder) {
            let root = marks.at("").filter(|mark| mark.kind == MarkKind::Emptied);
            let above = folders_above(path).flat_map(|folder| marks.at(folder));
            self.of_folder = in_order(root.chain(above).map(|mark| mark.layer).collect());
            self.folder = Some(folder.to_owned());
        }
        let own = marks
            .at(path)
            .filter(|mark| mark.kind == MarkKind::Replaced);
        let own = own.map(|mark| mark.layer);
        self.of_path = in_order(self.of_folder.iter().copied().chain(own).collect());
        self.path = Some(path.to_owned());
    }
}

fn in_order(mut layers: Vec<usize>) -> Vec<usize> {
    layers.sort_unstable();
    layers.dedup();
    layers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::EntryFact;

    /// The same, layer by layer.
    fn plainly(layers: &[LayerRecord], path: &str, layer: usize) -> usize {
        let hides = |above: &usize| {
            layers[*above].entries.iter().any(|entry| {
                let own = *entry.path == *path;
                let around = folders_above(path).any(|folder| folder == &*entry.path);
                match entry.kind {
                    FactKind::Directory => false,
                    FactKind::Opaque => around || entry.path.is_empty(),
                    _ => own || around,
                }
            })
        };
        (layer + 1..layers.len()).find(hides).unwrap_or(layer)
    }

    fn layers() -> impl Strategy<Value = Vec<LayerRecord>> {
        let kind = prop_oneof![
            Just(FactKind::Directory),
            Just(FactKind::Opaque),
            Just(FactKind::Special),
            Just(FactKind::Whiteout),
        ];
        let entry = ("([ab](/[ab]){0,3})?", kind);
        let entries = proptest::collection::vec(entry, 0..5);
        proptest::collection::vec(entries, 0..6).prop_map(|layers| {
            let record = |entries: Vec<(String, FactKind)>| LayerRecord {
                entries: entries
                    .into_iter()
                    .map(|(path, kind)| EntryFact::stub(&path, kind))
                    .collect(),
                ..LayerRecord::default()
            };
            layers.into_iter().map(record).collect()
        })
    }

    proptest! {
        #[test]
        fn it_is_the_first_above_that_hides(
            layers in layers(),
            asked in proptest::collection::vec("[ab](/[ab]){0,4}", 1..8),
        ) {
            let hidden = Hidden::new(&layers);
            for path in &asked {
                for layer in 0..layers.len() {
                    prop_assert_eq!(
                        hidden.hidden_in(path, layer),
                        plainly(&layers, path, layer),
                        "{} in {}", path, layer
                    );
                }
            }
        }
    }

    /// Work does not grow with what is asked times the layers times the folders.
    #[test]
    fn many_deep_files_in_many_layers() {
        let folder = "a/".repeat(1_000);
        let paths: Vec<String> = (0..1_000).map(|at| format!("{folder}{at}")).collect();
        let record = |_| LayerRecord {
            entries: vec![EntryFact::stub("other", FactKind::Whiteout)],
            ..LayerRecord::default()
        };
        let layers: Vec<LayerRecord> = (0..1_000).map(record).collect();
        let hidden = Hidden::new(&layers);
        for layer in 0..1_000 {
            assert_eq!(hidden.hidden_in(&paths[0], layer), layer);
        }
        for path in &paths {
            assert_eq!(hidden.hidden_in(path, 0), 0);
        }
    }
}
