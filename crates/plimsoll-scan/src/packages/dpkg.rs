//! Debian packages.

use std::collections::HashSet;

use plimsoll_model::{Distribution, Evidence, Package, PackageKind, Skipped};

use super::{purl, seen};
use crate::catalogue::{Document, dpkg};
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What the databases that are seen list.
pub(super) fn installed(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    distribution: Option<&Distribution>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut databases: Vec<&str> = layers
        .iter()
        .flat_map(|layer| &layer.documents)
        .filter(|(_, document)| matches!(document, Document::DpkgDatabase(_)))
        .map(|(path, _)| path.as_str())
        .collect();
    databases.sort_unstable();
    databases.dedup();
    for path in databases {
        let Some((Document::DpkgDatabase(records), node)) = seen(layers, tree, path) else {
            if path == dpkg::STATUS && tree.get(path).is_none() {
                skipped.push(Skipped {
                    what: path.to_owned(),
                    why: "a layer deletes the package database: the Debian packages of the layers below are there, but cannot be told; leave the database in the image".to_owned(),
                    blocking: true,
                });
            }
            continue;
        };
        // Which layers know a package, gathered once a database rather than once a package.
        let versions: Vec<(usize, HashSet<Identity<'_>>)> = (node.since..node.layer)
            .rev()
            .filter_map(|layer| match layers[layer].documents.get(path) {
                Some(Document::DpkgDatabase(records)) => {
                    Some((layer, records.iter().map(identity).collect()))
                }
                _ => None,
            })
            .collect();
        for record in records {
            let layer = versions
                .iter()
                .take_while(|(_, known)| known.contains(&identity(record)))
                .last()
                .map_or(node.layer, |(layer, _)| *layer);
            packages.push(Package {
                architecture: Some(record.architecture.clone()).filter(|text| !text.is_empty()),
                source: Some(record.source.clone()),
                license: copyright(layers, tree, &record.name),
                size: record.size,
                ..Package::new(
                    PackageKind::Deb,
                    &record.name,
                    &record.version,
                    debian_purl(record, distribution),
                    path,
                    Evidence::Database,
                    layer,
                )
            });
        }
    }
    packages
}

/// Name, version and architecture.
type Identity<'l> = (&'l str, &'l str, &'l str);

fn identity(record: &dpkg::Record) -> Identity<'_> {
    (&record.name, &record.version, &record.architecture)
}

fn copyright(layers: &[LayerRecord], tree: &Tree<'_>, package: &str) -> Option<String> {
    let (real, _) = tree.follow(&format!("usr/share/doc/{package}/copyright"))?;
    match seen(layers, tree, &real)?.0 {
        Document::DpkgCopyright(names) if !names.is_empty() => Some(names.join(", ")),
        _ => None,
    }
}

fn debian_purl(record: &dpkg::Record, distribution: Option<&Distribution>) -> String {
    let mut qualifiers = Vec::new();
    if !record.architecture.is_empty() {
        qualifiers.push(("arch".to_owned(), record.architecture.clone()));
    }
    if let Some(distribution) = distribution {
        qualifiers.push((
            "distro".to_owned(),
            match distribution.version.as_str() {
                "" => distribution.id.clone(),
                version => format!("{}-{version}", distribution.id),
            },
        ));
    }
    let namespace = distribution.map_or("debian", |distribution| distribution.id.as_str());
    purl(
        "deb",
        Some(namespace),
        &record.name,
        &record.version,
        &qualifiers,
    )
}
