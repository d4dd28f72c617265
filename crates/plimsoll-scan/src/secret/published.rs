//! What in an archive is byte for byte what a package of Python published, by the list that the package has
//! of its files: wheels, applications in one file, functions of clouds.

use std::collections::{HashMap, HashSet};

use plimsoll_model::Severity;

use super::{FileSighting, Fingerprint};
use crate::catalogue::python::{Listed, listed_in};

/// Bytes of all lists in one archive, and of where they lie, that are kept. What no list proves is told.
const MAX_LISTS: usize = 4 << 20;

/// The longest name of a folder in an archive that a list is believed in, in bytes.
const LONGEST_SITE: usize = 1024;

/// What is told by what stands around it, as examples in documents and tests have it. Whoever packs a wheel
/// has a list of his own files in it: of what is a key or a token by its form a list proves nothing.
const BY_CONTEXT: &[&str] = &[
    "url-password",
    "secret-value",
    "basic-authorization",
    "authorization-token",
    "bearer-token",
    "connection-string-password",
    "command-password",
    "password-hash",
];

/// The module of Python that a compiled one was made from: `a/__pycache__/b.cpython-313.pyc` of `a/b.py`
/// (PEP 3147), `a/b.pyc` beside it.
pub(crate) fn source_of(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".pyc")?;
    let above = match folder {
        "__pycache__" => Some(""),
        folder => folder.strip_suffix("/__pycache__"),
    };
    let (folder, module) = match above {
        Some(above) => (above, stem.split('.').next().unwrap_or_default()),
        None => (folder, stem),
    };
    Some(match folder {
        "" => format!("{module}.py"),
        folder => format!("{folder}/{module}.py"),
    })
}

/// The lists of an archive, as they come by.
#[derive(Default)]
pub(super) struct Lists {
    /// The folder that paths in a list begin in, with its slash, and the list.
    lists: Vec<(String, Vec<u8>)>,
    /// Whether the entry that is coming by is the last of them.
    open: bool,
    size: usize,
}

impl Lists {
    /// An entry of this name begins.
    pub(super) fn begin(&mut self, name: &str) {
        let folder = name.strip_suffix(".dist-info/RECORD");
        self.open = folder.is_some();
        if let Some(folder) = folder {
            let site = folder.rfind('/').map_or("", |slash| &folder[..=slash]);
            self.size = self.size.saturating_add(1 + site.len());
            self.open = site.len() <= LONGEST_SITE && self.size <= MAX_LISTS;
            if self.open {
                self.lists.push((site.to_owned(), Vec::new()));
            }
        }
    }

    /// Bytes of the entry.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        if !self.open {
            return;
        }
        self.size = self.size.saturating_add(bytes.len());
        match self.lists.last_mut() {
            Some((_, list)) if self.size <= MAX_LISTS => list.extend_from_slice(bytes),
            _ => self.open = false,
        }
    }

    /// Lowers what the lists prove to be published, and with it what was compiled from that. Paths in the
    /// archive begin at `from` of where a sighting is. Nothing else is proven by its sums.
    pub(super) fn judge(self, sightings: &mut [FileSighting], from: usize) {
        let proven = self.proven(sightings, from);
        for sighting in sightings {
            sighting.sums = None;
            let path = entry_of(sighting, from);
            let source = source_of(path);
            let paths = [Some(path), source.as_deref()];
            let value = sighting.fingerprint;
            let is_proven = |path: &&str| proven.contains(&((*path).to_owned(), value));
            let kind = sighting.kind.as_ref();
            if BY_CONTEXT.contains(&kind) && paths.iter().flatten().any(is_proven) {
                sighting.severity = Severity::Info;
            }
        }
    }

    /// What was seen in files that are as a list has them.
    fn proven(&self, sightings: &[FileSighting], from: usize) -> HashSet<(String, Fingerprint)> {
        let mut seen: HashMap<&str, Vec<(&str, Fingerprint)>> = HashMap::new();
        for sighting in sightings.iter().filter(|_| !self.lists.is_empty()) {
            if let Some(sums) = &sighting.sums {
                let values = seen.entry(entry_of(sighting, from)).or_default();
                values.push((&sums.sha256, sighting.fingerprint));
            }
        }
        let mut proven = HashSet::new();
        if seen.is_empty() {
            return proven;
        }
        for (site, list) in &self.lists {
            for Listed { path, sum, .. } in listed_in(&String::from_utf8_lossy(list)) {
                let path = format!("{site}{path}");
                for (seen, fingerprint) in seen.get(path.as_str()).into_iter().flatten() {
                    if sum == Some(seen) {
                        proven.insert((path.clone(), *fingerprint));
                    }
                }
            }
        }
        proven
    }
}

/// The entry of an archive that something was seen in, which may be an archive itself.
fn entry_of(sighting: &FileSighting, from: usize) -> &str {
    let path = sighting.inside.get(from..).unwrap_or_default();
    path.split('!').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_compiled_modules() {
        for (path, source) in [
            ("a/__pycache__/b.cpython-313.pyc", Some("a/b.py")),
            ("__pycache__/b.cpython-313.opt-1.pyc", Some("b.py")),
            ("a/b.pyc", Some("a/b.py")),
            ("b.pyc", Some("b.py")),
            ("a/my__pycache__/b.pyc", Some("a/my__pycache__/b.py")),
            ("a/b.py", None),
        ] {
            assert_eq!(source_of(path).as_deref(), source);
        }
    }
}
