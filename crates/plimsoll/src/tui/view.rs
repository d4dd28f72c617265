//! What of an image's files is to be seen: which paths, how large, how changed, in which order.
//!
//! Sums and marks of all paths are computed when the layer, the scope or a filter changes, in one
//! pass from the leaves up; only what is unfolded is put into rows.

use plimsoll_scan::{Change, FileEntry, FileKind, ImageFiles, NodeId};
use regex::{Regex, RegexBuilder};

/// Compiled size of an expression a person types.
const MAX_REGEX: usize = 1 << 20;

/// Which layers the tree tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What the chosen layer changes.
    Layer,
    /// What all layers above the lowest, or above the base, change, up to the chosen one.
    UpTo,
}

/// Which paths are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) added: bool,
    pub(crate) removed: bool,
    pub(crate) modified: bool,
    pub(crate) unchanged: bool,
    /// Only what wastes something.
    pub(crate) wasted_only: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            added: true,
            removed: true,
            modified: true,
            unchanged: true,
            wasted_only: false,
        }
    }
}

impl Shown {
    fn has(self, change: Change) -> bool {
        match change {
            Change::Unchanged => self.unchanged,
            Change::Added => self.added,
            Change::Modified | Change::Rewritten => self.modified,
            Change::Removed => self.removed,
        }
    }
}

/// How what lies in a folder is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Largest first.
    Size,
    /// By name.
    Name,
}

/// Which names are looked for: a regular expression where it is one, plain text otherwise. Capitals
/// matter where there are any.
#[derive(Debug)]
pub(crate) enum Pattern {
    Regex(Regex),
    Text(String, bool),
}

impl Pattern {
    /// `None` for nothing at all.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let folds = !text.chars().any(char::is_uppercase);
        let built = RegexBuilder::new(text)
            .case_insensitive(folds)
            .size_limit(MAX_REGEX)
            .build();
        Some(match built {
            Ok(regex) => Self::Regex(regex),
            Err(_) => Self::Text(text.to_owned(), folds),
        })
    }

    /// Whether a path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(path),
            Self::Text(text, true) => path.to_lowercase().contains(text),
            Self::Text(text, false) => path.contains(text),
        }
    }

    /// Whether it is text because it is no expression.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text(..))
    }
}

/// What is known of a path in this view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Bytes of all files shown here and below.
    pub(crate) size: u64,
    /// Part of the bytes of the layers in view that is wasted, or wasted by them.
    pub(crate) wasted: u64,
    /// `None` where it is nowhere in view.
    pub(crate) change: Option<Change>,
    pub(crate) shown: bool,
    pub(crate) is_folder: bool,
}

/// One line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) node: NodeId,
    pub(crate) depth: usize,
}

/// What the tree is asked for.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    /// Layers below those in view.
    pub(crate) before: usize,
    /// Layers up to the highest in view.
    pub(crate) after: usize,
    pub(crate) shown: Shown,
    pub(crate) pattern: Option<&'q Pattern>,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct View {
    cells: Vec<Cell>,
    before: usize,
    after: usize,
}

/// What folders gather from below.
#[derive(Clone, Copy, Default)]
struct Below {
    present: u64,
    removed: u64,
    wasted: u64,
    was_there: bool,
    is_there: bool,
    changed: bool,
    shown: bool,
}

impl View {
    pub(crate) fn new(files: &ImageFiles, question: &Question<'_>) -> Self {
        let Question {
            before,
            after,
            shown,
            pattern,
        } = *question;
        let mut below = vec![Below::default(); files.len()];
        let mut cells = vec![
            Cell {
                size: 0,
                wasted: 0,
                change: None,
                shown: false,
                is_folder: false,
            };
            files.len()
        ];
        // A folder's number is lower than those of what is in it.
        for node in files.nodes().rev() {
            let own = files.change(node, before, after);
            let entry = files.seen(node, after).or_else(|| files.seen(node, before));
            let inside = below[node.index()];
            let wasted = wasted(files, node, before, after);
            let is_folder = entry.map_or(!files.children(node).is_empty(), |entry| {
                entry.kind == FileKind::Directory
            });
            let change = match own {
                Some(Change::Unchanged) | None if inside.was_there && inside.is_there => {
                    Some(if inside.changed {
                        Change::Modified
                    } else {
                        Change::Unchanged
                    })
                }
                Some(Change::Unchanged) if inside.changed => Some(Change::Modified),
                None if inside.is_there => Some(Change::Added),
                None if inside.was_there => Some(Change::Removed),
                own => own,
            };
            let visible = change.is_some_and(|change| {
                inside.shown
                    || (shown.has(own.unwrap_or(change))
                        && (!is_folder || own.is_some())
                        && (!shown.wasted_only || wasted > 0)
                        && pattern.is_none_or(|pattern| pattern.matches(&files.path(node))))
            });
            let size = entry.map_or(0, |entry| entry.size);
            let removed = change == Some(Change::Removed);
            let total = if removed {
                inside.removed.saturating_add(size)
            } else {
                inside.present.saturating_add(size)
            };
            cells[node.index()] = Cell {
                size: total,
                wasted: inside.wasted.saturating_add(wasted),
                change,
                shown: visible,
                is_folder,
            };
            if node == NodeId::ROOT {
                continue;
            }
            let folder = &mut below[files.parent(node).index()];
            folder.was_there |= inside.was_there || files.seen(node, before).is_some();
            folder.is_there |= inside.is_there || files.seen(node, after).is_some();
            folder.changed |= inside.changed || own.is_some_and(|own| own != Change::Unchanged);
            if visible {
                folder.shown = true;
                folder.wasted = folder
                    .wasted
                    .saturating_add(inside.wasted)
                    .saturating_add(wasted);
                if removed {
                    folder.removed = folder.removed.saturating_add(total);
                } else {
                    folder.present = folder.present.saturating_add(total);
                    folder.removed = folder.removed.saturating_add(inside.removed);
                }
            }
        }
        Self {
            cells,
            before,
            after,
        }
    }

    pub(crate) fn cell(&self, node: NodeId) -> Cell {
        self.cells[node.index()]
    }

    /// What is to be seen at a path, or what was there before it was removed.
    pub(crate) fn entry<'f>(&self, files: &'f ImageFiles, node: NodeId) -> Option<FileEntry<'f>> {
        files
            .seen(node, self.after)
            .or_else(|| files.seen(node, self.before))
    }

    /// Lines of the tree: what lies in the root, and in whatever `is_open`.
    pub(crate) fn rows(
        &self,
        files: &ImageFiles,
        order: Order,
        is_open: impl Fn(NodeId) -> bool,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut pending: Vec<Row> = Vec::new();
        let mut siblings: Vec<NodeId> = Vec::new();
        let mut next = Some(Row {
            node: NodeId::ROOT,
            depth: 0,
        });
        while let Some(row) = next {
            let is_root = row.node == NodeId::ROOT;
            if !is_root {
                rows.push(row);
            }
            if is_root || is_open(row.node) {
                siblings.clear();
                siblings.extend(
                    files
                        .children(row.node)
                        .iter()
                        .filter(|child| self.cell(**child).shown),
                );
                if order == Order::Size {
                    // Stable: equal sizes stay by name.
                    siblings.sort_by_key(|child| std::cmp::Reverse(self.cell(*child).size));
                }
                let depth = if is_root { 0 } else { row.depth + 1 };
                pending.extend(siblings.iter().rev().map(|node| Row { node: *node, depth }));
            }
            next = pending.pop();
        }
        rows
    }
}

/// Bytes of a path that lie in the layers in view or go by them, and that nobody sees at the end.
fn wasted(files: &ImageFiles, node: NodeId, before: usize, after: usize) -> u64 {
    let in_view = |layer: usize| (before..after).contains(&layer);
    files
        .history(node)
        .filter_map(|(_, entry)| entry)
        .filter(|entry| {
            entry
                .hidden_by
                .is_some_and(|by| in_view(by) || in_view(entry.layer))
        })
        .fold(0, |sum, entry| sum.saturating_add(entry.size))
}
