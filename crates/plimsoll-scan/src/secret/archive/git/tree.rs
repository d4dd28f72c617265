//! What files were called when they were committed: the trees of a pack, each a folder.

use std::collections::HashMap;

/// The SHA-1 of an object.
pub(super) type Id = [u8; 20];

/// Names that are kept of one pack; files above it have none.
const MAX_NAMES: usize = 100_000;

/// The longest name that Linux takes, in bytes.
const MAX_NAME: usize = 255;

/// Folders in folders of which a path is made.
const MAX_DEPTH: usize = 64;

/// The folder that an object lay in first, and what it was called there.
#[derive(Default)]
pub(super) struct Names {
    of: HashMap<Id, (Id, Box<str>)>,
}

impl Names {
    /// Takes the names in a tree (gitformat-pack(5) leaves its form to `git mktree`: a mode, a name,
    /// a zero, an id). What cannot be read is left.
    pub(super) fn take(&mut self, folder: Id, mut tree: &[u8]) {
        while let Some((child, name, rest)) = entry(tree) {
            tree = rest;
            if self.of.len() >= MAX_NAMES {
                return;
            }
            if !name.is_empty() && name.len() <= MAX_NAME && !name.contains('/') {
                let place = || (folder, name.into());
                self.of.entry(child).or_insert_with(place);
            }
        }
    }

    /// The path of an object, from the top of what was committed as far as that is known.
    pub(super) fn path(&self, id: &Id) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = id;
        while let Some((folder, name)) = self.of.get(at).filter(|_| parts.len() < MAX_DEPTH) {
            parts.push(&**name);
            at = folder;
        }
        parts.reverse();
        (!parts.is_empty()).then(|| parts.join("/"))
    }
}

/// The first entry of a tree, and the others.
fn entry(tree: &[u8]) -> Option<(Id, String, &[u8])> {
    let zero = memchr::memchr(0, tree)?;
    let (head, rest) = (&tree[..zero], &tree[zero + 1..]);
    let space = memchr::memchr(b' ', head)?;
    let (id, rest) = rest.split_first_chunk()?;
    let name = String::from_utf8_lossy(&head[space + 1..]).into_owned();
    Some((*id, name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, Id)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, id) in entries {
            bytes.extend(format!("100644 {name}\0").bytes());
            bytes.extend(id);
        }
        bytes
    }

    #[test]
    fn paths_from_the_top() {
        let mut names = Names::default();
        names.take([1; 20], &tree(&[("src", [2; 20]), ("README", [3; 20])]));
        names.take([2; 20], &tree(&[("a.rs", [4; 20]), ("a/b", [5; 20])]));
        names.take([9; 20], &tree(&[("copy.rs", [4; 20])]));
        assert_eq!(names.path(&[4; 20]).unwrap(), "src/a.rs");
        assert_eq!(names.path(&[3; 20]).unwrap(), "README");
        assert_eq!(names.path(&[5; 20]), None);
        assert_eq!(names.path(&[1; 20]), None);
    }

    #[test]
    fn circles_end() {
        let mut names = Names::default();
        names.take([1; 20], &tree(&[("a", [2; 20])]));
        names.take([2; 20], &tree(&[("b", [1; 20])]));
        assert!(names.path(&[1; 20]).unwrap().len() < 200);
        names.take([3; 20], b"100644 cut off\0abc");
        names.take([3; 20], b"no name");
    }
}
