//! Lock files beside which nothing is installed: what they name may be bundled into other files,
//! where nobody can see it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Package, PackageKind, Skipped, Topic};

use crate::catalogue::{base_name, folder};
use crate::record::FactKind;
use crate::tree::Tree;

fn kind(name: &str) -> Option<PackageKind> {
    Some(match name {
        "package-lock.json"
        | "npm-shrinkwrap.json"
        | "yarn.lock"
        | "pnpm-lock.yaml"
        | "bun.lock"
        | "bun.lockb"
        | "deno.lock" => PackageKind::Npm,
        "poetry.lock" | "Pipfile.lock" | "pdm.lock" | "uv.lock" => PackageKind::Python,
        "Gemfile.lock" => PackageKind::Gem,
        "composer.lock" => PackageKind::Composer,
        "packages.lock.json" => PackageKind::NuGet,
        "Cargo.lock" => PackageKind::Cargo,
        "mix.lock" | "rebar.lock" => PackageKind::Hex,
        "pubspec.lock" => PackageKind::Pub,
        "Package.resolved" | ".package.resolved" => PackageKind::Swift,
        "renv.lock" => PackageKind::Cran,
        "stack.yaml.lock" | "cabal.project.freeze" => PackageKind::Hackage,
        "conan.lock" => PackageKind::Conan,
        _ => return None,
    })
}

/// Folders of other people's packages: a lock file in them is for those who work on the package.
const FOREIGN: [&str; 7] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    "vendor",
    "gems",
    ".cache",
    ".cargo",
];

/// Says of each lock file that proves nothing, that it does not. Node's installers put packages
/// below the folder of the lock file, others anywhere.
pub(super) fn unproven(tree: &Tree<'_>, packages: &[Package], gaps: &mut Vec<Skipped>) {
    let mut found: BTreeMap<PackageKind, Vec<&str>> = BTreeMap::new();
    for (path, node) in tree.iter() {
        if let Some(kind) = kind(base_name(path))
            && matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_))
            && !path.starts_with("usr/share/")
            && !path.split('/').any(|part| FOREIGN.contains(&part))
        {
            found.entry(kind).or_default().push(path);
        }
    }
    for (kind, mut paths) in found {
        let installed: BTreeSet<&str> = packages
            .iter()
            .filter(|package| package.kind == kind)
            .map(|package| package.path.as_str())
            .collect();
        if kind == PackageKind::Npm {
            paths.retain(|path| {
                let place = folder(path);
                place.is_empty() && installed.is_empty()
                    || !place.is_empty()
                        && !installed
                            .range(place..)
                            .take_while(|proof| proof.starts_with(place))
                            // The project itself is no package of the lock file.
                            .any(|proof| folder(proof) != place && is_below(proof, place))
            });
        } else if !installed.is_empty() {
            continue;
        }
        let Some(first) = paths.first() else {
            continue;
        };
        let line = Skipped::new(
            Topic::Packages,
            match paths.len() {
                1 => (*first).to_owned(),
                more => format!("{first} and {} more", more - 1),
            },
            format!(
                "a lock file proves no installation, and no {} package is found beside it: what was bundled or compiled from it cannot be seen",
                kind.as_str()
            ),
        );
        gaps.push(line.of_files(paths));
    }
}

fn is_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| rest.starts_with('/'))
}
