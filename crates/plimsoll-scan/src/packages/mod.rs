//! Which packages are installed, which layer brought each, and who owns what.

mod coverage;
mod language;
mod ownership;
mod removed;
mod system;
mod unread;

pub(crate) use coverage::{gaps, named_files};
pub(crate) use ownership::{Ownership, Published};
pub(crate) use unread::unread_stores;

use packageurl::PackageUrl;
use plimsoll_model::{Distribution, Evidence, Package, PackageKind, Skipped, Topic};

use crate::catalogue::Document;
use crate::hidden::Hidden;
use crate::license;
use crate::record::LayerRecord;
use crate::secret;
use crate::tree::{Node, Tree};

/// Packages, each list sorted by kind, name, version, path; and who owns what.
pub(crate) struct Packages<'l> {
    pub(crate) installed: Vec<Package>,
    pub(crate) removed: Vec<Package>,
    /// Whether any database of the distribution's packages was read.
    pub(crate) has_database: bool,
    pub(crate) ownership: Ownership<'l>,
}

/// Every package of an image.
pub(crate) fn packages<'l>(
    layers: &'l [LayerRecord],
    tree: &Tree<'l>,
    distribution: Option<&Distribution>,
    gaps: &mut Vec<Skipped>,
) -> Packages<'l> {
    let hidden = Hidden::new(layers);
    let system::System {
        mut installed,
        mut removed,
        has_database,
    } = system::system(layers, tree, distribution, &hidden, gaps);
    if distribution.is_none() && !installed.is_empty() {
        gaps.push(Skipped::new(
            Topic::Advisories,
            "etc/os-release",
            "nothing tells which distribution this is: what is known of its packages cannot be \
             told from what is known of those of others",
        ));
    }
    let mut ownership = Ownership::new(layers, tree, &installed);
    gaps.extend(without_lists(&installed, &ownership));
    ownership.leave_overwritten(tree);
    ownership.measure(tree, &mut installed);
    installed.extend(
        language::installed(layers, tree, &ownership, gaps)
            .into_iter()
            .map(|mut package| {
                package.owned_by = ownership
                    .owner(outer_path(&package.path))
                    .and_then(|owner| owner.of_distribution().map(str::to_owned));
                package
            })
            .filter(|package| !is_guess_of_owned(package)),
    );
    let mut gone = removed::removed(layers, tree, &hidden, &installed);
    installed.extend(language::stripped(layers, tree, &mut gone));
    removed.extend(gone);
    gaps.extend(language::nameless(
        layers,
        tree,
        installed.iter().chain(&removed),
    ));
    for list in [&mut installed, &mut removed] {
        list.iter_mut().for_each(withhold);
        license::fill(list);
        list.sort_by(|a, b| {
            (a.kind, &a.name, &a.version, &a.path, &a.purl)
                .cmp(&(b.kind, &b.name, &b.version, &b.path, &b.purl))
        });
    }
    Packages {
        installed,
        removed,
        has_database,
        ownership,
    }
}

/// Says that the lists are gone which tell what files Debian's packages have: that of a few there are none
/// may be how they were made.
fn without_lists(installed: &[Package], ownership: &Ownership<'_>) -> Option<Skipped> {
    const FEW: usize = 5;
    let packages = installed.iter();
    let number = packages.filter(|one| one.kind == PackageKind::Deb).count();
    (number >= FEW && !ownership.has_any()).then(|| {
        Skipped::new(
            Topic::Packages,
            "files of the distribution",
            format!(
                "the package database has {number} packages and no list of their files (dpkg's info/*.list): \
                 what belongs to them is told as nobody's, and judged by itself; leave the lists in the image"
            ),
        )
    })
}

/// Takes credentials out of what a package says of itself: what is written there is shown everywhere.
fn withhold(package: &mut Package) {
    let detector = secret::Detector::shared();
    let conceal = |text: &mut String| {
        let shown = secret::redacted_text(text, detector);
        shown.map(|shown| *text = shown).is_some()
    };
    if let Some(license) = &mut package.license {
        conceal(license);
    }
    // They are written in it in another form.
    if let Some((name, version)) = &mut package.source
        && conceal(name) | conceal(version)
    {
        let end = package.purl.find('?').unwrap_or(package.purl.len());
        package.purl.truncate(end);
    }
    if conceal(&mut package.version) {
        let end = package.purl.find(['@', '?']).unwrap_or(package.purl.len());
        package.purl.truncate(end);
    }
    if conceal(&mut package.name) {
        package.purl.clear();
    }
}

/// Whether it is a crate that messages of a program name which the distribution brought: its package
/// answers for it, and the messages name a part of the crates only.
fn is_guess_of_owned(package: &Package) -> bool {
    package.kind == PackageKind::Cargo
        && package.evidence == Evidence::VersionString
        && package.owned_by.is_some()
}

/// The file a package was found in, or in an archive in which it was found.
fn outer_path(path: &str) -> &str {
    path.split_once('!').map_or(path, |(outer, _)| outer)
}

/// The document that is seen at `path`, and where it lies.
fn seen<'l, 't>(
    layers: &'l [LayerRecord],
    tree: &'t Tree<'l>,
    path: &str,
) -> Option<(&'l Document, &'t Node<'l>)> {
    let node = tree.get(path)?;
    let document = layers.get(node.layer)?.documents.get(path)?;
    Some((document, node))
}

/// The lowest layer from which on every version of the file at `path`, up to the one that is seen,
/// satisfies `same`: the layer that brought what the file tells. Later rewrites (a database that
/// grows, a `chmod -R`) change nothing about who brought it.
fn brought_by(
    layers: &[LayerRecord],
    node: &Node<'_>,
    path: &str,
    same: impl Fn(&Document) -> bool,
) -> usize {
    let mut lowest = node.layer;
    for layer in (node.since..node.layer).rev() {
        match layers[layer].documents.get(path) {
            None => {}
            Some(document) if same(document) => lowest = layer,
            Some(_) => break,
        }
    }
    lowest
}

/// A package URL; parts the format cannot hold are left out rather than written wrong.
fn purl(
    kind: &'static str,
    namespace: Option<&str>,
    name: &str,
    version: &str,
    qualifiers: &[(String, String)],
) -> String {
    let Ok(mut purl) = PackageUrl::new(kind, name.to_owned()) else {
        return String::new();
    };
    if let Some(namespace) = namespace {
        let _ = purl.with_namespace(namespace.to_owned());
    }
    if !version.is_empty() {
        let _ = purl.with_version(version.to_owned());
    }
    for (key, value) in qualifiers {
        let _ = purl.add_qualifier(key.clone(), value.clone());
    }
    // The crate leaves it as it is, though only letters, digits and `.-_~:` stay (purl-spec, "A purl must
    // be percent-encoded"): `1!2.0` of Python has an epoch.
    purl.to_string().replace('!', "%21")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_every_word() {
        let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let of = |name: &str, version: &str, source: Option<(&str, &str)>| {
            let pairs = source.map(|(name, version)| ("upstream", format!("{name}@{version}")));
            let pairs: Vec<(String, String)> = pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect();
            let purl = purl("deb", Some("debian"), name, version, &pairs);
            let kind = PackageKind::Deb;
            let mut package = Package::new(kind, name, version, purl, "a", Evidence::Database, 0);
            package.source = source.map(|(name, version)| (name.to_owned(), version.to_owned()));
            withhold(&mut package);
            assert!(
                !format!("{package:?}").contains("16C7e42F292c"),
                "{package:?}"
            );
            package
        };
        assert_eq!(of("a", "1", Some(("b", token))).purl, "pkg:deb/debian/a@1");
        assert_eq!(of("a", "1", Some((token, "2"))).purl, "pkg:deb/debian/a@1");
        assert_eq!(of("a", token, None).purl, "pkg:deb/debian/a");
        assert_eq!(of(token, "1", None).purl, "");
        let kept = of("a", "1", Some(("b", "2")));
        assert_eq!(kept.purl, "pkg:deb/debian/a@1?upstream=b%402");
    }

    #[test]
    fn an_epoch_of_python_is_encoded() {
        let purl = purl("pypi", None, "a", "1!2.0", &[]);
        assert_eq!(purl, "pkg:pypi/a@1%212.0");
    }

    #[test]
    fn a_guess_counts_where_nobody_answers_for_the_program() {
        for (kind, evidence, owner, expected) in [
            (
                PackageKind::Cargo,
                Evidence::VersionString,
                Some("ripgrep"),
                true,
            ),
            (PackageKind::Cargo, Evidence::VersionString, None, false),
            (
                PackageKind::Cargo,
                Evidence::Database,
                Some("ripgrep"),
                false,
            ),
            (
                PackageKind::Python,
                Evidence::VersionString,
                Some("six"),
                false,
            ),
        ] {
            let mut package = Package::new(kind, "a", "1", String::new(), "usr/bin/a", evidence, 0);
            package.owned_by = owner.map(str::to_owned);
            assert_eq!(is_guess_of_owned(&package), expected, "{package:?}");
        }
    }
}
