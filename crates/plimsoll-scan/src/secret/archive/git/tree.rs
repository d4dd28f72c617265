//! What files were called when they were committed: the trees of a pack, each a folder.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::secret::place::is_own_inside;

/// The SHA-1 of an object.
pub(super) type Id = [u8; 20];

/// Names that are kept of one pack; files above it have none.
const MAX_NAMES: usize = 100_000;

/// The longest name that Linux takes, in bytes.
const MAX_NAME: usize = 255;

/// Folders in folders of which a path is made.
const MAX_DEPTH: usize = 64;

/// Where objects lay and what they were called there.
#[derive(Default)]
pub(super) struct Names {
    of: HashMap<Id, Place>,
}

struct Place {
    folder: Id,
    name: Box<str>,
    /// Whether all of its path, as far as that was known, is people's own: of what was moved there or
    /// from there this is the place where most is looked for.
    is_own: bool,
}

impl Names {
    /// Takes the names in a tree (gitformat-pack(5) leaves its form to `git mktree`: a mode, a name,
    /// a zero, an id). What cannot be read is left.
    pub(super) fn take(&mut self, folder: Id, mut tree: &[u8]) {
        let is_folder_own = self.of.get(&folder).is_none_or(|place| place.is_own);
        while let Some((child, name, rest)) = entry(tree) {
            tree = rest;
            if name.is_empty() || name.len() > MAX_NAME || name.contains('/') {
                continue;
            }
            // A folder is judged by what lies in it.
            let is_own = || {
                let below = || is_own_inside(&format!("{name}/x.json"));
                is_folder_own && is_own_inside(&name) && below()
            };
            let is_full = self.of.len() >= MAX_NAMES;
            match self.of.entry(child) {
                Entry::Occupied(mut known) if !known.get().is_own && is_own() => {
                    let name = name.into();
                    known.insert(Place {
                        folder,
                        name,
                        is_own: true,
                    });
                }
                Entry::Vacant(free) if !is_full => {
                    let is_own = is_own();
                    let name = name.into();
                    free.insert(Place {
                        folder,
                        name,
                        is_own,
                    });
                }
                _ => {}
            }
        }
    }

    /// The path of an object, from the top of what was committed as far as that is known.
    pub(super) fn path(&self, id: &Id) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = id;
        while let Some(place) = self.of.get(at).filter(|_| parts.len() < MAX_DEPTH) {
            parts.push(&*place.name);
            at = &place.folder;
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

    /// Git writes the newest trees first.
    #[test]
    fn of_what_was_moved_the_place_counts_where_most_is_looked_for() {
        let [file, folder, other] = [[4; 20], [5; 20], [6; 20]];
        for moved_to in ["tests", "i18n", "node_modules"] {
            let mut names = Names::default();
            names.take([1; 20], &tree(&[(moved_to, [2; 20])]));
            names.take([2; 20], &tree(&[("db.yml", file), ("config", folder)]));
            names.take(folder, &tree(&[("a.yml", other)]));
            assert_eq!(names.path(&file).unwrap(), format!("{moved_to}/db.yml"));
            names.take([3; 20], &tree(&[("settings", [7; 20]), ("config", folder)]));
            names.take([7; 20], &tree(&[("db.yml", file)]));
            assert_eq!(names.path(&file).unwrap(), "settings/db.yml");
            assert_eq!(names.path(&other).unwrap(), "config/a.yml");
        }
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
