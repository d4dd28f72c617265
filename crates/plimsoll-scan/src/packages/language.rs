//! Packages of programming languages.

use std::collections::HashMap;

use plimsoll_model::{Evidence, Package, PackageKind};

use super::{brought_by, purl, seen};
use crate::catalogue::{Document, Proven, binary, folder, npm, python};
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What metadata and programs prove.
pub(super) fn installed(layers: &[LayerRecord], tree: &Tree<'_>) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut npm_folders = Vec::new();
    for (path, node) in tree.iter() {
        let Some(document) = layers[node.layer].documents.get(path) else {
            continue;
        };
        match document {
            Document::Python(own) => {
                let size = match seen(layers, tree, &python::record_path(path)) {
                    Some((Document::PythonRecord(record), _)) => Some(record.size),
                    _ => None,
                };
                let layer = brought_by(layers, node, path, |other| {
                    matches!(other, Document::Python(other)
                        if other.name == own.name && other.version == own.version)
                });
                packages.push(Package {
                    license: own.license.clone(),
                    size,
                    ..Package::new(
                        PackageKind::Python,
                        &own.name,
                        &own.version,
                        purl(
                            "pypi",
                            None,
                            &python::normalise(&own.name),
                            &own.version,
                            &[],
                        ),
                        path,
                        Evidence::Metadata,
                        layer,
                    )
                });
            }
            Document::Npm(own) => {
                let (scope, name) = match own.name.split_once('/') {
                    Some((scope, name)) => (Some(scope), name),
                    None => (None, own.name.as_str()),
                };
                npm_folders.push((folder(path).to_owned(), packages.len()));
                let layer = brought_by(layers, node, path, |other| {
                    matches!(other, Document::Npm(other)
                        if other.name == own.name && other.version == own.version)
                });
                packages.push(Package {
                    license: own.license.clone(),
                    size: Some(0),
                    ..Package::new(
                        PackageKind::Npm,
                        &own.name,
                        &own.version,
                        purl("npm", scope, name, &own.version, &[]),
                        path,
                        Evidence::Metadata,
                        layer,
                    )
                });
            }
            Document::Packages(proven) => {
                let layer = brought_by(layers, node, path, |other| other == document);
                packages.extend(proven.iter().map(|own| of_proven(own, path, layer)));
            }
            Document::Binary(binary) if !binary.packages.is_empty() => {
                let layer = brought_by(
                    layers,
                    node,
                    path,
                    |other| matches!(other, Document::Binary(other) if other.packages == binary.packages),
                );
                packages.extend(
                    binary
                        .packages
                        .iter()
                        .map(|own| of_proven(own, path, layer)),
                );
            }
            _ => {}
        }
    }
    let npm: HashMap<String, usize> = npm_folders.into_iter().collect();
    if !npm.is_empty() {
        for (path, node) in tree.iter().filter(|(_, node)| node.fact.size > 0) {
            // A file counts for the innermost package it lies in.
            if let Some(index) = innermost(path, &npm)
                && let Some(size) = &mut packages[index].size
            {
                *size += node.fact.size;
            }
        }
    }
    packages
}

fn innermost(path: &str, folders: &HashMap<String, usize>) -> Option<usize> {
    if !path.contains("node_modules/") {
        return None;
    }
    if let Some(index) = npm::package_folder(path).and_then(|own| folders.get(own)) {
        return Some(*index);
    }
    let mut at = folder(path);
    while !at.is_empty() {
        if let Some(index) = folders.get(at) {
            return Some(*index);
        }
        at = folder(at);
    }
    None
}

fn of_proven(own: &Proven, path: &str, layer: usize) -> Package {
    let kind = own.kind;
    let name = match (&own.namespace, kind) {
        (None, _) => own.name.clone(),
        (Some(namespace), PackageKind::Maven) => format!("{namespace}:{}", own.name),
        (Some(namespace), _) => format!("{namespace}/{}", own.name),
    };
    Package {
        license: own.license.clone(),
        direct: own.direct,
        ..Package::new(
            kind,
            name,
            &own.version,
            purl(
                kind.as_str(),
                own.namespace.as_deref(),
                &own.name,
                if own.version == binary::DEVEL {
                    ""
                } else {
                    &own.version
                },
                &own.qualifiers,
            ),
            match &own.inner {
                Some(inner) => format!("{path}!{inner}"),
                None => path.to_owned(),
            },
            own.evidence,
            layer,
        )
    }
}
