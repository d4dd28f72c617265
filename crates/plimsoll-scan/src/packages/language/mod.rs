//! Packages of programming languages.

mod locks;
mod npm;
mod python;

pub(super) use python::{nameless, stripped};

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Evidence, Package, PackageKind, Skipped};

use super::{Ownership, brought_by, purl};
use crate::catalogue::cached::{in_cache, is_downloaded};
use crate::catalogue::npm::{Manifest, is_installed_at};
use crate::catalogue::python::{is_list_of_carried, normalise};
use crate::catalogue::{Document, Proven, base_name, binary};
use crate::record::LayerRecord;
use crate::tree::{Node, Tree};

/// What metadata and programs prove.
pub(super) fn installed(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    ownership: &Ownership<'_>,
    gaps: &mut Vec<Skipped>,
) -> Vec<Package> {
    let mut packages = Vec::new();
    let names = names(layers, tree, ownership);
    for (path, node, document) in tree.documents(layers) {
        if let Some(content) = shared(node, document)
            && names.get(&content).is_some_and(|name| *name != path)
        {
            continue;
        }
        // A link shares what another name says; whether it says it of this place is another matter.
        let is_here = match document {
            Document::Npm(_) => is_installed_at(path),
            Document::Python(_) => !in_cache(path),
            Document::Packages(_) => !(is_list_of_carried(path) && in_cache(path)),
            // Programs are run from many a cache; what lies beside metadata in one is not.
            Document::Binary(_) => !is_downloaded(path),
            _ => true,
        };
        if !is_here {
            continue;
        }
        for (index, mut package) in described(path, document).into_iter().enumerate() {
            package.layer = brought_by(layers, node, path, |other| proves(document, index, other));
            packages.push(package);
        }
    }
    python::complete(layers, tree, &mut packages, gaps);
    npm::complete(layers, tree, &mut packages);
    locks::unproven(tree, &packages, gaps);
    packages
}

/// The content of a program or archive, which is the same one under all its names.
fn shared(node: &Node<'_>, document: &Document) -> Option<usize> {
    match document {
        Document::Binary(_) | Document::Java(_) => node.content,
        _ => None,
    }
}

/// The name that counts of each program and archive: busybox has hundreds of hard links, and is one.
/// That is one that a package of the distribution owns, one that is in no cache, the one it is called by
/// itself, or else the first.
fn names<'l>(
    layers: &'l [LayerRecord],
    tree: &Tree<'l>,
    ownership: &Ownership<'_>,
) -> HashMap<usize, &'l str> {
    let mut names: HashMap<usize, &str> = HashMap::new();
    // What the packages are called in what has several names: there may be many of both.
    let mut called: HashMap<usize, HashSet<&str>> = HashMap::new();
    for (path, node, document) in tree.documents(layers) {
        let Some(content) = shared(node, document) else {
            continue;
        };
        let known = names.entry(content).or_insert(path);
        if *known == path {
            continue;
        }
        let called = called.entry(content).or_insert_with(|| {
            let packages = listed(document).iter();
            packages.map(|own| own.name.as_str()).collect()
        });
        let rank = |path: &str| {
            let is_own = called.contains(base_name(path));
            (ownership.owner(path).is_some(), !in_cache(path), is_own)
        };
        if rank(path) > rank(known) {
            *known = path;
        }
    }
    names
}

/// The packages that a file proves by itself, each of layer 0.
pub(super) fn described(path: &str, document: &Document) -> Vec<Package> {
    match document {
        Document::Python(own) => {
            let mut package = Package::new(
                PackageKind::Python,
                &own.name,
                &own.version,
                python::purl(own, &[]),
                path,
                Evidence::Metadata,
                0,
            );
            package.license.clone_from(&own.license);
            package.requires.clone_from(&own.requires);
            vec![package]
        }
        Document::Npm(own) => vec![of_manifest(own, path)],
        _ => listed(document)
            .iter()
            .map(|own| of_proven(own, path))
            .collect(),
    }
}

/// The packages of a file that lists any number of them.
fn listed(document: &Document) -> &[Proven] {
    match document {
        Document::Packages(packages) => packages,
        Document::DotNet(brought) => &brought.packages,
        Document::Binary(binary) => &binary.packages,
        Document::Java(archive) => &archive.packages,
        _ => &[],
    }
}

/// Lists longer than this are compared place by place only.
const LONG_LIST: usize = 2_000;

/// Whether another version of a file proves the package that is number `index` of `document`.
fn proves(document: &Document, index: usize, other: &Document) -> bool {
    match (document, other) {
        (Document::Python(own), Document::Python(other)) => {
            own.name == other.name && own.version == other.version
        }
        (Document::Npm(own), Document::Npm(other)) => {
            own.name == other.name && own.version == other.version
        }
        _ => listed(document).get(index).is_some_and(|own| {
            // Files that list many packages grow; those that are rewritten keep their place.
            let same = |other: &Proven| {
                (&own.namespace, &own.name, &own.version, &own.inner)
                    == (&other.namespace, &other.name, &other.version, &other.inner)
            };
            let others = listed(other);
            others.get(index).is_some_and(same)
                || (others.len() <= LONG_LIST && others.iter().any(same))
        }),
    }
}

fn of_manifest(own: &Manifest, path: &str) -> Package {
    let (scope, name) = match own.name.split_once('/') {
        Some((scope, name)) => (Some(scope), name),
        None => (None, own.name.as_str()),
    };
    let mut package = Package::new(
        PackageKind::Npm,
        &own.name,
        &own.version,
        purl("npm", scope, name, &own.version, &[]),
        path,
        Evidence::Metadata,
        0,
    );
    package.license.clone_from(&own.license);
    package.requires.clone_from(&own.requires);
    package
}

fn of_proven(own: &Proven, path: &str) -> Package {
    let kind = own.kind;
    let name = match (&own.namespace, kind) {
        (None, _) | (_, PackageKind::Cpan | PackageKind::Pear) => own.name.clone(),
        (Some(namespace), PackageKind::Maven) => format!("{namespace}:{}", own.name),
        (Some(namespace), _) => format!("{namespace}/{}", own.name),
    };
    Package {
        license: own.license.clone(),
        direct: own.direct,
        requires: own.requires.clone(),
        ..Package::new(
            kind,
            name,
            &own.version,
            purl(
                kind.as_str(),
                own.namespace.as_deref(),
                &match kind {
                    PackageKind::Python => normalise(&own.name).into_owned(),
                    _ => own.name.clone(),
                },
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
            0,
        )
    }
}
