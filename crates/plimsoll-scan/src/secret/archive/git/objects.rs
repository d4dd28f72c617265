//! The objects of a pack that others may be told by, until they are searched.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::Kind;
use super::tree::Id;

/// Bytes of objects that are kept of one pack: the newest, as git writes what belongs together
/// side by side.
const MAX_BYTES: usize = 32 << 20;

/// What keeping one takes beside its content.
const EACH: usize = 200;

/// An object with its content.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) bytes: Rc<[u8]>,
}

/// The newest objects, by where they begin in the pack and by their ids.
#[derive(Default)]
pub(super) struct Objects {
    by_offset: HashMap<u64, Object>,
    by_id: HashMap<Id, u64>,
    order: VecDeque<(u64, Id)>,
    bytes: usize,
}

impl Objects {
    /// Keeps one.
    pub(super) fn keep(&mut self, offset: u64, id: Id, object: Object) {
        self.bytes += object.bytes.len() + EACH;
        self.by_id.insert(id, offset);
        self.by_offset.insert(offset, object);
        self.order.push_back((offset, id));
    }

    /// Takes out the oldest that there is no room for.
    pub(super) fn surplus(&mut self) -> Option<(Id, Object)> {
        match self.bytes > MAX_BYTES {
            true => self.oldest(),
            false => None,
        }
    }

    /// Takes out the oldest.
    pub(super) fn oldest(&mut self) -> Option<(Id, Object)> {
        let (offset, id) = self.order.pop_front()?;
        let object = self.by_offset.remove(&offset)?;
        self.bytes -= object.bytes.len() + EACH;
        if self.by_id.get(&id) == Some(&offset) {
            self.by_id.remove(&id);
        }
        Some((id, object))
    }

    pub(super) fn at(&self, offset: u64) -> Option<Object> {
        self.by_offset.get(&offset).cloned()
    }

    pub(super) fn called(&self, id: &Id) -> Option<Object> {
        self.at(*self.by_id.get(id)?)
    }
}
