//! Which package of the distribution owns a file.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_model::Package;

use crate::catalogue::{Document, dpkg, folder};
use crate::record::LayerRecord;

/// For each of `packages` that a Debian package owns, which.
pub(super) fn owners<'l>(
    layers: &'l [LayerRecord],
    packages: &[Package],
) -> HashMap<String, &'l str> {
    let wanted: HashMap<&str, &str> = packages
        .iter()
        .flat_map(|package| {
            let path = package.path.as_str();
            let path = path.split_once('!').map_or(path, |(outer, _)| outer);
            // An egg-info folder's or dist-info folder's files are listed one by one.
            [(dpkg::without_usr(path), path)]
        })
        .collect();
    let mut owners = HashMap::new();
    for (info, paths) in lists(layers) {
        let owner = dpkg::info_package(info);
        for path in paths {
            if let Some(path) = wanted.get(dpkg::without_usr(path)) {
                owners.insert((*path).to_owned(), owner);
            }
        }
    }
    owners
}

/// Every ownership list in its newest version, whether or not a later layer deleted it: deleting
/// dpkg's notes changes nothing about who installed a file.
pub(super) fn lists(layers: &[LayerRecord]) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut newest: BTreeMap<&str, &Document> = BTreeMap::new();
    for layer in layers {
        for (path, document) in &layer.documents {
            if matches!(document, Document::DpkgList(_) | Document::DpkgSums(_)) {
                newest.insert(path, document);
            }
        }
    }
    newest.into_iter().map(|(path, document)| {
        let paths = match document {
            Document::DpkgList(list) => dpkg::listed_paths(list).collect(),
            Document::DpkgSums(sums) => dpkg::listed_sums(sums).map(|(_, path)| path).collect(),
            _ => Vec::new(),
        };
        (path, paths)
    })
}

/// The files dpkg's own sums prove to be as their package brought them, or nothing is known of.
pub(crate) struct Published<'l> {
    sums: HashMap<&'l str, &'l str>,
    python: BTreeMap<String, &'l str>,
}

impl<'l> Published<'l> {
    /// Gathers the sums of `paths` that packages tell.
    pub(crate) fn new(layers: &'l [LayerRecord], paths: &[&str]) -> Self {
        let wanted: HashSet<&str> = paths.iter().map(|path| dpkg::without_usr(path)).collect();
        let mut published = Self {
            sums: HashMap::new(),
            python: BTreeMap::new(),
        };
        for layer in layers {
            for (info, document) in &layer.documents {
                match document {
                    Document::DpkgSums(sums) => {
                        for (sum, path) in dpkg::listed_sums(sums) {
                            let path = dpkg::without_usr(path);
                            if wanted.contains(path) {
                                published.sums.insert(path, sum);
                            }
                        }
                    }
                    Document::PythonRecord(record) => {
                        let site = folder(folder(info));
                        for (path, sum) in &record.sums {
                            let path = if site.is_empty() {
                                path.clone()
                            } else {
                                format!("{site}/{path}")
                            };
                            if wanted.contains(dpkg::without_usr(&path)) {
                                published.python.insert(path, sum);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        published
    }

    /// Whether a file with these sums is byte for byte what a package brought.
    pub(crate) fn holds(&self, path: &str, sums: &crate::secret::FileSums) -> bool {
        self.sums
            .get(dpkg::without_usr(path))
            .is_some_and(|sum| *sum == sums.md5)
            || self.python.get(path).is_some_and(|sum| *sum == sums.sha256)
    }
}
