//! What layers write through links of their own. A tar need not name the folders that its files lie
//! in, and where it says that `bin` is a link to `usr/bin`, the engines that unpack its `bin/app` put it
//! into `usr/bin`. Links of other layers they do not see: each layer is unpacked into a folder of its own.

use std::borrow::Borrow;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Bound;

use plimsoll_model::{Skipped, Topic};

use super::{MAX_LINKS, MAX_PARTS, parts_reversed, prefix};
use crate::catalogue::{Candidate, is_essential};
use crate::record::{EntryFact, FactKind, LayerRecord, Unread};
use crate::secret::{Detector, concealed_path};

/// The longest path that Linux takes (`PATH_MAX`).
const MAX_PATH: usize = 4_096;

/// Bytes of paths that come to lie elsewhere than they are written, in all layers together: what is
/// behind a link may be much longer than its name.
const MAX_MOVED: usize = 64 << 20;

/// Bytes of links' words that are gone through on the way, in all layers together: forty links of 4 kB
/// may stand before each of ten million files.
const MAX_WALKED: usize = 1 << 30;

/// Databases of one layer that are told not to have been read: each alone blocks.
const MAX_MISSED: usize = 100;

/// Tells which folders above a path may be links, in one pass over it: a path may have thousands.
#[derive(Debug)]
pub(super) struct Links {
    /// Nobody can make paths that are taken for links.
    seed: u64,
    states: HashSet<u64>,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            seed: RandomState::new().hash_one(0),
            states: HashSet::new(),
        }
    }
}

impl Links {
    pub(super) fn insert(&mut self, path: &str) {
        self.states.insert(fed(self.seed, path));
    }

    /// The folders above a path that may be links, the topmost first.
    pub(super) fn above<'p>(&self, path: &'p str) -> impl Iterator<Item = &'p str> {
        let mut state = self.seed;
        let bytes = path.bytes().enumerate();
        bytes.filter_map(move |(at, byte)| {
            let may_be = byte == b'/' && self.states.contains(&state);
            state = fed_byte(state, byte);
            may_be.then(|| path.get(..at))?
        })
    }
}

/// FNV-1a, whose state after each byte is the hash of what came so far.
fn fed_byte(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn fed(state: u64, text: &str) -> u64 {
    text.bytes().fold(state, fed_byte)
}

/// Puts what layers write through links of their own where it comes to lie, in everything that is known
/// of it: each layer as it is unpacked, entry by entry. What leads in circles stays as it is written. Says
/// where there is more of it than is followed.
pub(crate) fn settle(layers: &mut [LayerRecord]) -> Vec<Skipped> {
    settle_within(MAX_WALKED, layers)
}

fn settle_within(mut walk: usize, layers: &mut [LayerRecord]) -> Vec<Skipped> {
    let mut room = MAX_MOVED;
    let mut skipped = Vec::new();
    for (layer, record) in layers.iter_mut().enumerate() {
        let mut there = There::default();
        let mut moved: Vec<(Box<str>, usize)> = Vec::new();
        let mut is_full = false;
        for (at, fact) in record.entries.iter_mut().enumerate() {
            let mut place = |path: &mut Box<str>, is_folder| {
                let real = there.real(path, is_folder, &mut walk);
                if walk == 0 || real.as_ref().is_some_and(|real| real.len() > room) {
                    is_full = true;
                    return None;
                }
                let real = real?;
                room -= real.len();
                Some(std::mem::replace(path, real.into()))
            };
            if let Some(old) = place(&mut fact.path, fact.kind == FactKind::Opaque) {
                moved.push((old, at));
            }
            if let FactKind::Hardlink(target) = &mut fact.kind {
                place(target, false);
            }
            there.take(fact);
        }
        if is_full {
            skipped.push(Skipped::blocking(
                Topic::Files,
                format!("layer {layer}"),
                "it writes more through links than is followed",
            ));
        }
        if !moved.is_empty() {
            rename(record, &moved);
        }
    }
    skipped
}

/// The links that are there when an entry is unpacked.
#[derive(Default)]
struct There {
    links: Links,
    /// Where each leads.
    targets: BTreeMap<Box<str>, Box<str>>,
}

impl There {
    /// Takes in what an entry does to links.
    fn take(&mut self, fact: &EntryFact) {
        let path = &fact.path;
        match &fact.kind {
            // These speak of lower layers only.
            FactKind::Whiteout | FactKind::Opaque => {}
            FactKind::Directory => {
                self.targets.remove(path);
            }
            kind => {
                self.targets.remove(path);
                self.remove_below(path);
                if let FactKind::Symlink(target) = kind {
                    self.links.insert(path);
                    self.targets.insert(path.clone(), target.clone());
                }
            }
        }
    }

    fn remove_below(&mut self, path: &str) {
        let prefix = prefix(path);
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let below = self.targets.range::<str, _>(from);
        let gone = below.take_while(|(path, _)| path.starts_with(&prefix));
        let gone: Vec<Box<str>> = gone.map(|(path, _)| path.clone()).collect();
        for path in gone {
            self.targets.remove(&path);
        }
    }

    /// Where a path leads, the links among its folders followed; `None` where there are none, or they
    /// lead nowhere, or there is no more to `walk`. Of a folder itself, too, if `is_folder`.
    fn real(&self, path: &str, is_folder: bool, walk: &mut usize) -> Option<String> {
        let mut above = self.links.above(path);
        let is_behind = above.any(|folder| self.targets.contains_key(folder))
            || is_folder && self.targets.contains_key(path);
        if !is_behind {
            return None;
        }
        let (folder, name) = match path.rsplit_once('/').filter(|_| !is_folder) {
            Some((folder, name)) => (folder, Some(name)),
            None => (path, None),
        };
        let mut pending: Vec<&str> = parts_reversed(folder).collect();
        let mut real = String::new();
        // How long the path was before each part, and its state then.
        let mut before: Vec<(usize, u64)> = Vec::new();
        let mut state = self.links.seed;
        let (mut links, mut parts) = (0, 0);
        while let Some(part) = pending.pop() {
            parts += 1;
            if parts > MAX_PARTS || real.len() > MAX_PATH {
                return None;
            }
            if part == ".." {
                let (length, above) = before.pop().unwrap_or((0, self.links.seed));
                real.truncate(length);
                state = above;
                continue;
            }
            before.push((real.len(), state));
            if !real.is_empty() {
                real.push('/');
                state = fed_byte(state, b'/');
            }
            real.push_str(part);
            state = fed(state, part);
            if !self.links.states.contains(&state) {
                continue;
            }
            if let Some(target) = self.targets.get(real.as_str()) {
                links += 1;
                *walk = walk.saturating_sub(target.len());
                if links > MAX_LINKS || *walk == 0 {
                    return None;
                }
                let (length, above) = before.pop().unwrap_or((0, self.links.seed));
                real.truncate(length);
                state = above;
                if target.starts_with('/') {
                    real.clear();
                    before.clear();
                    state = self.links.seed;
                }
                pending.extend(parts_reversed(target));
            }
        }
        if let Some(name) = name {
            if !real.is_empty() {
                real.push('/');
            }
            real.push_str(name);
        }
        if real.len() > MAX_PATH {
            return None;
        }
        // Links may put a credential together.
        let shown = concealed_path(&real, Detector::shared());
        Some(shown.map_or(real, |named_by| named_by.shown))
    }
}

/// Gives everything that is known of the entries that were `moved` its new place: how they were
/// written, and which they are.
fn rename(record: &mut LayerRecord, moved: &[(Box<str>, usize)]) {
    let entries = &record.entries;
    let mut last: HashMap<&str, Option<usize>> = HashMap::new();
    last.extend(moved.iter().map(|(_, at)| (&*entries[*at].path, None)));
    // The last of a tar under one path is the one that is there; deletions are of lower layers.
    for (at, fact) in entries.iter().enumerate() {
        if !matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque)
            && let Some(last) = last.get_mut(&*fact.path)
        {
            *last = Some(at);
        }
    }
    let places: Vec<Place<'_>> = moved
        .iter()
        .map(|(old, at)| Place {
            old,
            new: &entries[*at].path,
            is_last: last.get(&*entries[*at].path) == Some(&Some(*at)),
        })
        .collect();
    move_keys(&mut record.documents, &places);
    move_keys(&mut record.shebangs, &places);
    move_keys(&mut record.scripts, &places);
    let unread = std::mem::take(&mut record.unread_scripts).into_iter();
    let mut unread: BTreeMap<Box<str>, ()> = unread.map(|path| (path, ())).collect();
    move_keys(&mut unread, &places);
    record.unread_scripts = unread.into_keys().collect();
    let new_of: HashMap<&str, &str> = places.iter().map(|one| (one.old, one.new)).collect();
    let secrets = record.secrets.iter_mut().map(|one| &mut one.path);
    let unread = record.unread.iter_mut().map(|one| &mut one.path);
    let partly = record.partly_searched.iter_mut();
    let partly = partly.chain(&mut record.partly_unless_owned);
    let others = secrets.chain(unread).chain(partly);
    for path in others {
        if let Some(new) = new_of.get(path.as_str()) {
            *path = (*new).to_owned();
        }
    }
    let is_database = |path: &str| is_essential(&Candidate::new(path, 0, 0, b""));
    let missed: Vec<Unread> = moved
        .iter()
        .filter(|(_, at)| matches!(entries[*at].kind, FactKind::File | FactKind::Hardlink(_)))
        .map(|(old, at)| (old, &entries[*at].path))
        .filter(|(old, new)| is_database(new) && !is_database(old))
        .filter(|(_, new)| !record.documents.contains_key(&***new))
        .take(MAX_MISSED)
        .map(|(old, new)| Unread {
            path: new.to_string(),
            why: format!(
                "its layer writes it through a link, as {}, and by that name it was not read",
                old.escape_debug()
            ),
            blocking: true,
        })
        .collect();
    record.unread.extend(missed);
}

/// An entry that comes to lie elsewhere than it is written.
struct Place<'a> {
    old: &'a str,
    new: &'a str,
    /// Whether no later entry of its layer takes its place.
    is_last: bool,
}

/// Moves what is known of entries. Where the last of a path is one that was moved, nothing stays that was
/// known of what lay there before: that is gone, whether or not the one in its place was read.
fn move_keys<K, V>(map: &mut BTreeMap<K, V>, places: &[Place<'_>])
where
    K: Ord + Borrow<str> + for<'x> From<&'x str>,
{
    // Of several that were written under one name, what is known is of the last.
    let values = places.iter().rev().map(|place| map.remove(place.old));
    let values: Vec<Option<V>> = values.collect();
    for (place, value) in places.iter().rev().zip(values) {
        match value {
            _ if !place.is_last => {}
            Some(value) => {
                map.insert(place.new.into(), value);
            }
            None => {
                map.remove(place.new);
            }
        }
    }
}

#[cfg(test)]
mod tests;
