//! Which bundles of JavaScript are parts of packages that are listed, and not of an application that
//! was built here: nobody who ships the image has the lock file that they are made from.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Package, PackageKind};

use super::Gap;
use crate::catalogue::python::short_path;
use crate::catalogue::{Document, base_name, folder};
use crate::record::LayerRecord;
use crate::tree::Tree;

/// Bundles times folders of Python packages that are compared; past it bundles are told.
const MAX_COMPARED: usize = 100_000;

/// Takes out of `found` the bundles that are a listed package's: below the folder of a release of npm
/// that was unpacked, or named by what a wheel brought.
pub(super) fn drop_listed(
    found: &mut Vec<(Gap, &str, u64)>,
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    installed: &[Package],
) {
    let is_bundle = |(gap, _, _): &&(Gap, &str, u64)| *gap == Gap::Bundles;
    let bundles: Vec<&str> = found
        .iter()
        .filter(is_bundle)
        .map(|(_, path, _)| *path)
        .collect();
    if bundles.is_empty() {
        return;
    }
    let releases: HashSet<&str> = installed.iter().filter_map(release).collect();
    let by_wheels = of_wheels(&bundles, layers, tree);
    found.retain(|(gap, path, _)| {
        let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
        *gap != Gap::Bundles
            || !by_wheels.contains(path) && !above.any(|folder| releases.contains(folder))
    });
}

/// The folder of a package that was unpacked as it was published, by its name: `yarn-v1.22.22`. Those
/// of applications are called `shop-1.2.3` at most.
fn release(package: &Package) -> Option<&str> {
    if package.kind != PackageKind::Npm {
        return None;
    }
    let own = folder(&package.path);
    let name = package.name.rsplit('/').next()?;
    let version = base_name(own).strip_prefix(name)?.strip_prefix("-v")?;
    (version == package.version).then_some(own)
}

/// The bundles that the `RECORD` of an installed wheel names.
fn of_wheels<'b>(bundles: &[&'b str], layers: &[LayerRecord], tree: &Tree<'_>) -> HashSet<&'b str> {
    let records = tree.documents(layers);
    let records = records.filter_map(|(path, _, document)| match document {
        Document::PythonRecord(record) => Some((folder(folder(path)), record)),
        _ => None,
    });
    let mut named = HashSet::new();
    let mut compared = 0;
    let mut by_site: HashMap<&str, HashMap<[u8; 6], &'b str>> = HashMap::new();
    for (site, record) in records {
        if !by_site.contains_key(site) {
            compared += bundles.len();
            if compared > MAX_COMPARED {
                break;
            }
        }
        let wanted = by_site.entry(site).or_insert_with(|| {
            let short = bundles.iter().filter_map(|bundle| {
                let path = short_path(&from_site(site, bundle))?;
                Some((path, *bundle))
            });
            short.collect()
        });
        let listed = record.code.iter().map(|(path, _)| path);
        named.extend(listed.filter_map(|path| wanted.get(path)));
    }
    named
}

/// A path as a `RECORD` in the folder `site` has it: `../../../share/jupyter/…`.
fn from_site(site: &str, path: &str) -> String {
    let mut site = site.split('/').filter(|part| !part.is_empty()).peekable();
    let mut path = path.split('/').peekable();
    while let (Some(above), Some(part)) = (site.peek(), path.peek())
        && above == part
    {
        site.next();
        path.next();
    }
    let words: Vec<&str> = site.map(|_| "..").chain(path).collect();
    words.join("/")
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    #[test]
    fn paths_are_those_of_a_record() {
        for (site, path, expected) in [
            ("lib/p/site", "share/a.js", "../../../share/a.js"),
            ("usr/lib/p/site", "usr/share/a.js", "../../../share/a.js"),
            ("usr/lib/site", "usr/lib/site/a/b.js", "a/b.js"),
            ("", "a/b.js", "a/b.js"),
        ] {
            assert_eq!(from_site(site, path), expected, "{site}");
        }
    }

    #[test]
    fn releases_are_told_by_their_folder() {
        for (name, version, path, expected) in [
            ("yarn", "1.22.22", "opt/yarn-v1.22.22", true),
            ("@a/b", "1.0.0", "opt/b-v1.0.0", true),
            ("shop", "1.0.0", "srv/shop-1.0.0", false),
            ("shop", "1.0.0", "srv/shop", false),
            ("shop", "1.0.0", "srv/1.0.0", false),
            ("shop", "1.0.0", "srv/shop-v2.0.0", false),
        ] {
            let path = format!("{path}/package.json");
            let purl = String::new();
            let evidence = Evidence::Metadata;
            let kind = PackageKind::Npm;
            let package = Package::new(kind, name, version, purl, path, evidence, 0);
            assert_eq!(release(&package).is_some(), expected, "{package:?}");
        }
    }
}
