//! What the explorer knows and what keys do to it. Draws nothing and reads nothing.

use std::cell::Cell as Slot;

use plimsoll_scan::{FileKind, NodeId};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Explored;
use super::scroll::scrolled;
use super::view::{Order, Pattern, Question, Row, Scope, Shown, View};

/// The part of the screen that keys go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Layers,
    Tree,
    Details,
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typing {
    /// A filter: the tree follows every key.
    Filter,
    /// A search; the row it began on.
    Search(usize),
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Quit,
}

/// The explorer's state.
#[derive(Debug)]
pub(crate) struct App<'a> {
    pub(crate) data: &'a Explored,
    pub(crate) pane: Pane,
    pub(crate) layer: usize,
    pub(crate) scope: Scope,
    pub(crate) shown: Shown,
    pub(crate) order: Order,
    /// Whether mode and owner stand before the names; else they do where there is room for both.
    pub(crate) attributes: Option<bool>,
    /// Whether they do on the screen, told by the drawing.
    pub(crate) has_attributes: Slot<bool>,
    pub(crate) filter: String,
    pub(crate) search: String,
    pub(crate) typing: Option<Typing>,
    pub(crate) help: bool,
    pub(crate) message: Option<String>,
    pub(crate) view: View,
    pub(crate) rows: Vec<Row>,
    pub(crate) row: usize,
    pub(crate) details_top: usize,
    /// Lines that panes have on the screen, told by the drawing.
    pub(crate) tree_height: Slot<usize>,
    pub(crate) details_height: Slot<usize>,
    pub(crate) details_length: Slot<usize>,
    pub(crate) help_top: usize,
    pub(crate) help_height: Slot<usize>,
    pub(crate) help_length: Slot<usize>,
    open: Vec<bool>,
    pattern: Option<Pattern>,
    sought: Option<Pattern>,
}

impl<'a> App<'a> {
    pub(crate) fn new(data: &'a Explored) -> Self {
        let question = Question {
            before: 0,
            after: 0,
            shown: Shown::default(),
            pattern: None,
        };
        let mut app = Self {
            data,
            pane: Pane::Layers,
            layer: 0,
            scope: Scope::Layer,
            shown: Shown::default(),
            order: Order::Size,
            attributes: None,
            has_attributes: Slot::new(true),
            filter: String::new(),
            search: String::new(),
            typing: None,
            help: false,
            message: None,
            view: View::new(&data.files, &question),
            rows: Vec::new(),
            row: 0,
            details_top: 0,
            tree_height: Slot::new(1),
            details_height: Slot::new(1),
            details_length: Slot::new(0),
            help_top: 0,
            help_height: Slot::new(1),
            help_length: Slot::new(0),
            open: vec![false; data.files.len()],
            pattern: None,
            sought: None,
        };
        app.look();
        app
    }

    /// The path the tree's cursor is on.
    pub(crate) fn selected(&self) -> Option<NodeId> {
        self.rows.get(self.row).map(|row| row.node)
    }

    pub(crate) fn is_open(&self, node: NodeId) -> bool {
        // A filter unfolds whatever it finds.
        self.pattern.is_some() || self.open[node.index()]
    }

    /// Layers below those in view, and layers up to the highest in view.
    pub(crate) fn range(&self) -> (usize, usize) {
        let base = self
            .data
            .seen
            .inventory
            .base
            .as_ref()
            .map_or(1, |base| base.layers.max(1));
        match self.scope {
            Scope::Layer => (self.layer, self.layer + 1),
            Scope::UpTo => (base.min(self.layer), self.layer + 1),
        }
    }

    /// Whether the filter is no expression and taken for text.
    pub(crate) fn filter_is_text(&self) -> bool {
        self.pattern.as_ref().is_some_and(Pattern::is_text)
    }

    /// Computes what is in view anew; the cursor stays on its path, or on the nearest folder above
    /// it that is still shown.
    fn look(&mut self) {
        let selected = self.selected();
        let (before, after) = self.range();
        let question = Question {
            before,
            after,
            shown: self.shown,
            pattern: self.pattern.as_ref(),
        };
        self.view = View::new(&self.data.files, &question);
        self.fold(selected);
    }

    /// Puts what is unfolded into rows.
    fn fold(&mut self, selected: Option<NodeId>) {
        self.rows = self
            .view
            .rows(&self.data.files, self.order, |node| self.is_open(node));
        self.row = selected.and_then(|node| self.row_of(node)).unwrap_or(0);
    }

    /// The row of a path, or of the nearest folder above it that has one.
    fn row_of(&self, node: NodeId) -> Option<usize> {
        let mut at = node;
        while at != NodeId::ROOT {
            if let Some(row) = self.rows.iter().position(|row| row.node == at) {
                return Some(row);
            }
            at = self.data.files.parent(at);
        }
        None
    }

    pub(crate) fn on_key(&mut self, key: KeyEvent) -> Flow {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return Flow::Quit;
        }
        // What a search says outlives the key that ends it.
        if self.typing.is_none() {
            self.message = None;
        }
        if self.help {
            self.help_key(key.code, control);
            return Flow::Continue;
        }
        if let Some(typing) = self.typing.clone() {
            self.type_key(key, control, typing);
            return Flow::Continue;
        }
        match (key.code, control) {
            (KeyCode::Char('q'), false) => return Flow::Quit,
            (KeyCode::Char('?'), _) | (KeyCode::F(1), _) => {
                self.help = true;
                self.help_top = 0;
            }
            (KeyCode::Tab, _) => self.turn(1),
            (KeyCode::BackTab, _) => self.turn(2),
            (KeyCode::Char('f'), true) => {
                self.pane = Pane::Tree;
                self.typing = Some(Typing::Filter);
            }
            (KeyCode::Char('/'), _) => {
                self.pane = Pane::Tree;
                self.search.clear();
                self.typing = Some(Typing::Search(self.row));
            }
            (KeyCode::Char('n'), false) => self.find_next(true),
            (KeyCode::Char('N'), false) => self.find_next(false),
            (KeyCode::Char('w'), false) => self.next_wasted(true),
            (KeyCode::Char('W'), false) => self.next_wasted(false),
            (KeyCode::Char('l'), true) => self.set_scope(Scope::Layer),
            (KeyCode::Char('s'), false) | (KeyCode::Char('o'), true) => {
                self.order = match self.order {
                    Order::Size => Order::Name,
                    Order::Name => Order::Size,
                };
                self.fold(self.selected());
            }
            (KeyCode::Char('b'), true) => self.attributes = Some(!self.has_attributes.get()),
            (KeyCode::Char('['), _) => self.choose_layer(self.layer.saturating_sub(1)),
            (KeyCode::Char(']'), _) => self.choose_layer(self.layer + 1),
            (KeyCode::Esc, _) if !self.filter.is_empty() => {
                self.filter.clear();
                self.refilter();
            }
            _ => match self.pane {
                Pane::Layers => self.layers_key(key.code, control),
                Pane::Tree => self.tree_key(key.code, control),
                Pane::Details => self.details_key(key.code, control),
            },
        }
        Flow::Continue
    }

    fn turn(&mut self, steps: usize) {
        const PANES: [Pane; 3] = [Pane::Layers, Pane::Tree, Pane::Details];
        let at = PANES.iter().position(|pane| *pane == self.pane);
        self.pane = PANES[(at.unwrap_or(0) + steps) % PANES.len()];
    }

    fn layers_key(&mut self, code: KeyCode, control: bool) {
        let last = self.data.seen.inventory.layers.len().saturating_sub(1);
        match (code, control) {
            (KeyCode::Up, _) | (KeyCode::Char('k'), false) => {
                self.choose_layer(self.layer.saturating_sub(1));
            }
            (KeyCode::Down, _) | (KeyCode::Char('j'), false) => self.choose_layer(self.layer + 1),
            (KeyCode::PageUp, _) => self.choose_layer(self.layer.saturating_sub(10)),
            (KeyCode::PageDown, _) => self.choose_layer((self.layer + 10).min(last)),
            (KeyCode::Home, _) | (KeyCode::Char('g'), false) => self.choose_layer(0),
            (KeyCode::End, _) | (KeyCode::Char('G'), false) => self.choose_layer(last),
            (KeyCode::Char('a'), _) => self.set_scope(Scope::UpTo),
            (KeyCode::Enter, _) | (KeyCode::Right, _) => self.pane = Pane::Tree,
            _ => {}
        }
    }

    fn details_key(&mut self, code: KeyCode, control: bool) {
        let page = self.details_height.get().max(1);
        let last = self.details_length.get().saturating_sub(page);
        if let Some(top) = scrolled(code, control, self.details_top, page, last) {
            self.details_top = top;
        }
    }

    /// What moves, moves; whatever else is pressed leaves.
    fn help_key(&mut self, code: KeyCode, control: bool) {
        let page = self.help_height.get().max(1);
        let last = self.help_length.get().saturating_sub(page);
        match scrolled(code, control, self.help_top, page, last) {
            Some(top) => self.help_top = top,
            None => self.help = false,
        }
    }

    fn tree_key(&mut self, code: KeyCode, control: bool) {
        let page = self.tree_height.get().max(1);
        let last = self.rows.len().saturating_sub(1);
        match (code, control) {
            (KeyCode::Up, _) | (KeyCode::Char('k'), false) => self.go(self.row.saturating_sub(1)),
            (KeyCode::Down, _) | (KeyCode::Char('j'), false) => self.go(self.row + 1),
            (KeyCode::PageUp, _) => self.go(self.row.saturating_sub(page)),
            (KeyCode::PageDown, _) => self.go(self.row + page),
            (KeyCode::Home, _) | (KeyCode::Char('g'), false) => self.go(0),
            (KeyCode::End, _) | (KeyCode::Char('G'), false) => self.go(last),
            (KeyCode::Char(' '), true) | (KeyCode::Char('e'), false) => self.fold_all(),
            (KeyCode::Char(' ') | KeyCode::Enter, _) => self.toggle(),
            (KeyCode::Right, _) => self.into(),
            (KeyCode::Left, _) => self.out(),
            (KeyCode::Char('a'), _) => {
                self.set_shown(|shown| shown.added = !shown.added);
            }
            (KeyCode::Char('r'), _) => {
                self.set_shown(|shown| shown.removed = !shown.removed);
            }
            (KeyCode::Char('m'), _) => {
                self.set_shown(|shown| shown.modified = !shown.modified);
            }
            (KeyCode::Char('u'), _) => {
                self.set_shown(|shown| shown.unchanged = !shown.unchanged);
            }
            (KeyCode::Char('x'), _) => {
                self.set_shown(|shown| shown.wasted_only = !shown.wasted_only);
            }
            _ => {}
        }
    }

    fn go(&mut self, row: usize) {
        self.row = row.min(self.rows.len().saturating_sub(1));
        self.details_top = 0;
    }

    fn choose_layer(&mut self, layer: usize) {
        let last = self.data.seen.inventory.layers.len().saturating_sub(1);
        let layer = layer.min(last);
        if layer != self.layer {
            self.layer = layer;
            self.details_top = 0;
            self.look();
        }
    }

    fn set_scope(&mut self, scope: Scope) {
        if scope != self.scope {
            self.scope = scope;
            self.look();
        }
    }

    fn set_shown(&mut self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown);
        self.look();
    }

    fn toggle(&mut self) {
        let Some(node) = self.selected() else {
            return;
        };
        if self.view.cell(node).is_folder && self.pattern.is_none() {
            let open = &mut self.open[node.index()];
            *open = !*open;
            self.fold(Some(node));
        }
    }

    /// Folds everything, or unfolds it where all is folded.
    fn fold_all(&mut self) {
        let any = self
            .rows
            .iter()
            .any(|row| self.open[row.node.index()] && self.view.cell(row.node).is_folder);
        self.open.fill(!any);
        self.fold(self.selected());
    }

    fn into(&mut self) {
        let Some(node) = self.selected() else {
            return;
        };
        if !self.view.cell(node).is_folder {
            return;
        }
        if self.is_open(node) {
            let depth = self.rows[self.row].depth;
            if self
                .rows
                .get(self.row + 1)
                .is_some_and(|row| row.depth > depth)
            {
                self.go(self.row + 1);
            }
        } else {
            self.toggle();
        }
    }

    fn out(&mut self) {
        let Some(node) = self.selected() else {
            return;
        };
        if self.pattern.is_none() && self.open[node.index()] && self.view.cell(node).is_folder {
            self.toggle();
        } else if let Some(row) = self.row_of(self.data.files.parent(node)) {
            self.go(row);
        } else {
            self.pane = Pane::Layers;
        }
    }

    fn type_key(&mut self, key: KeyEvent, control: bool, typing: Typing) {
        let text = match typing {
            Typing::Filter => &mut self.filter,
            Typing::Search(_) => &mut self.search,
        };
        match (key.code, control) {
            (KeyCode::Enter, _) | (KeyCode::Down, _) => {
                self.typing = None;
                return;
            }
            (KeyCode::Esc, _) => {
                text.clear();
                self.typing = None;
            }
            (KeyCode::Backspace, _) => {
                text.pop();
            }
            (KeyCode::Char('u'), true) => text.clear(),
            (KeyCode::Char(c), false) => text.push(c),
            _ => return,
        }
        match typing {
            Typing::Filter => self.refilter(),
            Typing::Search(from) => {
                self.sought = Pattern::new(&self.search);
                self.go(from);
                self.message = None;
                if self.sought.is_some() && !self.selected_is_sought() {
                    self.find_next(true);
                }
            }
        }
    }

    fn refilter(&mut self) {
        self.pattern = Pattern::new(&self.filter);
        self.look();
    }

    fn selected_is_sought(&self) -> bool {
        self.sought.as_ref().is_some_and(|pattern| {
            self.selected()
                .is_some_and(|node| pattern.matches(self.data.files.name(node)))
        })
    }

    fn find_next(&mut self, forwards: bool) {
        let Some(pattern) = self.sought.take() else {
            return;
        };
        let files = &self.data.files;
        let found = self.next_where(forwards, |node| pattern.matches(files.name(node)));
        self.sought = Some(pattern);
        if !found {
            self.message = Some(format!("nothing is called `{}` here", self.search));
        }
    }

    fn next_wasted(&mut self, forwards: bool) {
        self.pane = Pane::Tree;
        let (files, view) = (&self.data.files, &self.view);
        let wastes = |node: NodeId| {
            view.cell(node).wasted > 0
                && view
                    .entry(files, node)
                    .is_some_and(|entry| entry.kind != FileKind::Directory)
        };
        // Asked before, because the answer moves the cursor.
        let any = files
            .nodes()
            .any(|node| view.cell(node).shown && wastes(node));
        let wasted: Vec<bool> = if any {
            files.nodes().map(wastes).collect()
        } else {
            Vec::new()
        };
        if !any || !self.next_where(forwards, |node| wasted[node.index()]) {
            self.message = Some("no file wastes anything here".to_owned());
        }
    }

    /// Goes to the next path that satisfies `wanted`, whether or not it is folded away; round the
    /// end to the beginning.
    fn next_where(&mut self, forwards: bool, wanted: impl Fn(NodeId) -> bool) -> bool {
        let all = self.view.rows(&self.data.files, self.order, |_| true);
        let here = self
            .selected()
            .and_then(|node| all.iter().position(|row| row.node == node))
            .unwrap_or(0);
        let count = all.len();
        let found = (1..=count).map(|step| {
            if forwards {
                (here + step) % count
            } else {
                (here + count - step) % count
            }
        });
        let Some(at) = found.into_iter().find(|at| wanted(all[*at].node)) else {
            return false;
        };
        let node = all[at].node;
        let mut folder = self.data.files.parent(node);
        while folder != NodeId::ROOT {
            self.open[folder.index()] = true;
            folder = self.data.files.parent(folder);
        }
        self.fold(Some(node));
        self.details_top = 0;
        true
    }
}
