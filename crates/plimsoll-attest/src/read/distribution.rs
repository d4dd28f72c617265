//! Which distribution each package of a bill of materials is of.
//!
//! A bill may hold packages of several: it was merged, or the image was put together from several.
//! What a package says of itself counts for it; what the bill says of a system counts for those that
//! say nothing, where that can only be the one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use packageurl::PackageUrl;
use plimsoll_model::{Distribution, Inventory};

/// The distribution that a package URL names: its release by the qualifier `distro`, which people
/// write as `debian-12`, `bookworm`, `3.19.1` or `opensuse-tumbleweed`, or by those that Docker Scout
/// has in its place, `os_name`, `os_version` and `os_distro`; without them only whose it is.
pub(super) fn of_purl(purl: &PackageUrl<'_>) -> Option<Distribution> {
    let namespace = purl.namespace().map(str::to_ascii_lowercase);
    let namespace = namespace.as_deref().map(identifier).unwrap_or_default();
    let qualifier = |key: &str| {
        let value = purl.qualifiers().get(key).map(AsRef::as_ref);
        value.unwrap_or_default().trim().to_ascii_lowercase()
    };
    let word = qualifier("distro");
    if !word.is_empty() {
        return by_word(namespace, &word);
    }
    let (os, version, codename) = (
        qualifier("os_name"),
        qualifier("os_version"),
        qualifier("os_distro"),
    );
    let id = match os.as_str() {
        "" => namespace,
        os => identifier(os),
    };
    (!id.is_empty()).then(|| release(id, &version, &codename))
}

/// The distribution that the qualifier `distro` of a package URL names; `namespace` is that of the URL.
pub fn named(namespace: &str, word: &str) -> Option<Distribution> {
    let namespace = namespace.to_ascii_lowercase();
    by_word(identifier(&namespace), &word.trim().to_ascii_lowercase())
}

fn release(id: &str, version: &str, codename: &str) -> Distribution {
    Distribution {
        id: id.to_owned(),
        version: version.to_owned(),
        codename: Some(codename.to_owned()).filter(|name| !name.is_empty()),
        ..Distribution::default()
    }
}

fn by_word(namespace: &str, word: &str) -> Option<Distribution> {
    if let Some(number) = number(word) {
        return (!namespace.is_empty()).then(|| release(namespace, number, ""));
    }
    let mut cuts = word.match_indices(['-', ':', '@']);
    let numbered = cuts.find_map(|(at, _)| Some((&word[..at], number(&word[at + 1..])?)));
    if let Some((id, number)) = numbered {
        return Some(release(identifier(id), number, ""));
    }
    if identifier(word) == namespace {
        return Some(release(namespace, "", ""));
    }
    Some(match word.rsplit_once('-') {
        Some((id, name)) if !id.is_empty() => release(identifier(id), "", name),
        _ => release(namespace, "", word),
    })
}

/// A release by its number, which some write with a `v`.
fn number(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('v').unwrap_or(text);
    digits
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(digits)
}

/// The identifier of os-release where a tool writes another: Trivy and OSV have names of their own.
pub fn identifier(word: &str) -> &str {
    match word {
        "rocky-linux" | "rockylinux" => "rocky",
        "azure-linux" => "azurelinux",
        "centos-stream" => "centos",
        "redhat" => "rhel",
        "alma" => "almalinux",
        "amazon" => "amzn",
        "oracle" => "ol",
        "suse linux enterprise server" | "suse" => "sles",
        "opensuse.leap" => "opensuse-leap",
        "opensuse.tumbleweed" => "opensuse-tumbleweed",
        "cbl-mariner" => "mariner",
        _ => word,
    }
}

/// How a format names the system that it describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// By its identifier.
    Identifier,
    /// As people call it, or by its identifier: where package URLs name another, they are right.
    Words,
}

/// Gives the inventory its distribution, and each of its packages another where it is of another.
/// `described` are the systems that the bill lists; packages come with what they say themselves.
pub(super) fn settle(inventory: &mut Inventory, mut described: Vec<Distribution>, naming: Naming) {
    let own = || {
        let packages = inventory.packages.iter();
        packages.filter_map(|package| package.distribution.as_deref())
    };
    let first = own().find(|one| has_release(one)).cloned();
    let stated = Known::of(own().filter(|one| has_release(one)));
    if naming == Naming::Words && first.is_some() {
        described.retain(|one| stated.by_id.contains_key(&id_of(one)));
    }
    let main = match naming {
        Naming::Identifier => described.first().cloned().or(first),
        Naming::Words => first.or_else(|| described.first().cloned()),
    };
    let described = Known::of(described.iter());
    let mut of_vendor: HashMap<Distribution, Option<Distribution>> = HashMap::new();
    for package in &mut inventory.packages {
        if !package.kind.is_system() {
            package.distribution = None;
            continue;
        }
        let own = package.distribution.take().map(|own| *own);
        let settled = match own {
            Some(own) if has_release(&own) => Some(own),
            own => {
                let vendor = own.unwrap_or_default();
                let found = of_vendor.entry(vendor).or_insert_with_key(|vendor| {
                    let by_bill = described.only_one(&vendor.id);
                    match by_bill {
                        Found::None => match stated.only_one(&vendor.id) {
                            Found::One(one) => Some(one.clone()),
                            Found::None if main.is_none() && vendor.id.is_empty() => None,
                            Found::None | Found::Many => Some(vendor.clone()),
                        },
                        Found::One(one) => Some(one.clone()),
                        Found::Many => Some(vendor.clone()),
                    }
                });
                found.clone()
            }
        };
        let is_main = |one: &Distribution| main.as_ref().is_some_and(|main| is_same(one, main));
        package.distribution = settled.filter(|one| !is_main(one)).map(Box::new);
    }
    inventory.distribution = main;
}

fn has_release(one: &Distribution) -> bool {
    !one.version.is_empty() || one.codename.is_some()
}

fn id_of(one: &Distribution) -> String {
    identifier(&one.id.to_ascii_lowercase()).to_owned()
}

/// Whether two name one release of one distribution, one perhaps more exactly than the other:
/// `9` and `9.4`.
fn is_same(a: &Distribution, b: &Distribution) -> bool {
    if id_of(a) != id_of(b) {
        return false;
    }
    if a.version.is_empty() || b.version.is_empty() {
        return a.codename == b.codename && (a.codename.is_some() || a.version == b.version);
    }
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    begins(&a.version, &b.version) || begins(&b.version, &a.version)
}

/// Distributions that are named somewhere, by identifier; nothing in the place of one with several
/// releases.
#[derive(Default)]
struct Known {
    by_id: BTreeMap<String, Option<Distribution>>,
}

enum Found<'d> {
    None,
    One(&'d Distribution),
    Many,
}

impl Known {
    fn of<'d>(all: impl Iterator<Item = &'d Distribution>) -> Self {
        let mut known = Self::default();
        for one in all {
            match known.by_id.entry(id_of(one)) {
                Entry::Vacant(place) => {
                    place.insert(Some(one.clone()));
                }
                Entry::Occupied(mut place) => {
                    let before = place.get().as_ref();
                    if before.is_some_and(|before| !is_same(before, one)) {
                        place.insert(None);
                    }
                }
            }
        }
        known
    }

    /// The only one that a package of `vendor` can be of: `opensuse` makes `opensuse-leap`. Without
    /// a vendor it is the only one there is.
    fn only_one(&self, vendor: &str) -> Found<'_> {
        let vendor = identifier(vendor);
        let made = format!("{vendor}-");
        let is_of = |id: &str| vendor.is_empty() || id == vendor || id.starts_with(&made);
        let mut found = self
            .by_id
            .range(vendor.to_owned()..)
            // What another vendor begins the same way comes in between.
            .take_while(|(id, _)| id.starts_with(vendor))
            .filter(|(id, _)| is_of(id))
            .map(|(_, one)| one.as_ref());
        match (found.next(), found.next()) {
            (None, _) => Found::None,
            (Some(Some(one)), None) => Found::One(one),
            _ => Found::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use plimsoll_model::{Evidence, Package, PackageKind};

    use super::*;

    fn told(one: Option<&Distribution>) -> String {
        match one {
            None => "-".to_owned(),
            Some(one) => {
                let codename = one.codename.as_deref().unwrap_or_default();
                format!("{} {} {codename}", one.id, one.version)
                    .trim()
                    .to_owned()
            }
        }
    }

    #[test]
    fn a_release_is_written_in_many_ways() {
        for (purl, expected) in [
            ("pkg:deb/debian/a@1?distro=debian-12", "debian 12"),
            ("pkg:deb/debian/a@1?distro=debian-12.5", "debian 12.5"),
            ("pkg:deb/debian/a@1?distro=bookworm", "debian  bookworm"),
            ("pkg:deb/debian/a@1?distro=Debian-Sid", "debian  sid"),
            ("pkg:deb/a@1?distro=jammy", "jammy"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", "ubuntu 22.04"),
            ("pkg:deb/ubuntu/a@1", "ubuntu"),
            ("pkg:deb/a@1", "-"),
            ("pkg:apk/alpine/a@1?distro=3.19.1", "alpine 3.19.1"),
            ("pkg:apk/alpine/a@1?distro=alpine-edge", "alpine  edge"),
            ("pkg:apk/alpine/a@1?distro=alpine-v3.19", "alpine 3.19"),
            ("pkg:apk/wolfi/a@1?distro=wolfi", "wolfi"),
            ("pkg:apk/wolfi/a@1?distro=20230201", "wolfi 20230201"),
            ("pkg:apk/wolfi/a@1", "wolfi"),
            ("pkg:deb/debian/a@1?distro=12", "debian 12"),
            (
                "pkg:deb/debian/a@1?distro=debian-bookworm",
                "debian  bookworm",
            ),
            ("pkg:deb/debian/a@1?distro=debian", "debian"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu:22.04", "ubuntu 22.04"),
            ("pkg:deb/a@1?distro=12", "-"),
            ("pkg:rpm/rocky-linux/a@1?distro=9", "rocky 9"),
            (
                "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed",
                "opensuse  tumbleweed",
            ),
            (
                "pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.5",
                "opensuse-leap 15.5",
            ),
            ("pkg:rpm/redhat/a@1?distro=redhat-9.4", "rhel 9.4"),
            ("pkg:rpm/rocky/a@1?distro=rockylinux-9", "rocky 9"),
            (
                "pkg:rpm/openeuler/a@1?distro=openEuler-24.03-LTS",
                "openeuler 24.03-lts",
            ),
            (
                "pkg:deb/debian/a@1?os_distro=bookworm&os_name=debian&os_version=12",
                "debian 12 bookworm",
            ),
            ("pkg:apk/a@1?os_name=alpine&os_version=3.19", "alpine 3.19"),
            ("pkg:rpm/fedora/a@1?distro=fedora-25", "fedora 25"),
        ] {
            let purl = PackageUrl::from_str(purl).unwrap();
            assert_eq!(told(of_purl(&purl).as_ref()), expected, "{purl}");
        }
    }

    fn distribution(text: &str) -> Distribution {
        let (id, version) = text.split_once(' ').unwrap_or((text, ""));
        Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            ..Distribution::default()
        }
    }

    /// The inventory's distribution, and those of its packages.
    fn settled(purls: &[&str], described: &[&str], naming: Naming) -> Vec<String> {
        let of = |text: &&str| {
            let purl = PackageUrl::from_str(text).unwrap();
            let mut package = Package::new(
                PackageKind::from_purl_type(purl.ty()).unwrap(),
                purl.name(),
                "1",
                (*text).to_owned(),
                "",
                Evidence::Database,
                0,
            );
            package.distribution = of_purl(&purl).map(Box::new);
            package
        };
        let mut inventory = Inventory {
            packages: purls.iter().map(of).collect(),
            ..Inventory::default()
        };
        let described = described.iter().map(|text| distribution(text)).collect();
        settle(&mut inventory, described, naming);
        let packages = inventory.packages.iter();
        std::iter::once(told(inventory.distribution.as_ref()))
            .chain(packages.map(|package| told(package.distribution.as_deref())))
            .collect()
    }

    #[test]
    fn a_package_is_of_the_distribution_that_it_names() {
        use Naming::{Identifier, Words};
        let debian = "pkg:deb/debian/a@1?distro=debian-13";
        for (purls, described, naming, expected) in [
            // The first says something else than the next, and the third does not say which.
            (
                &[
                    debian,
                    "pkg:deb/debian/b@1?distro=debian-12",
                    "pkg:deb/debian/c@1",
                ][..],
                &[][..],
                Identifier,
                &["debian 13", "-", "debian 12", "debian"][..],
            ),
            (
                &[
                    debian,
                    "pkg:deb/debian/c@1",
                    "pkg:deb/d@1",
                    "pkg:apk/alpine/e@1",
                ],
                &[],
                Identifier,
                &["debian 13", "-", "-", "-", "alpine"],
            ),
            (
                &[
                    debian,
                    "pkg:deb/ubuntu/b@1?distro=ubuntu-22.04",
                    "pkg:deb/ubuntu/c@1",
                ],
                &["debian 13"],
                Identifier,
                &["debian 13", "-", "ubuntu 22.04", "ubuntu 22.04"],
            ),
            // The bill says more, or less, of the same release.
            (
                &["pkg:rpm/redhat/a@1?distro=rhel-9.4", "pkg:rpm/redhat/b@1"],
                &["redhat 9"],
                Identifier,
                &["redhat 9", "-", "-"],
            ),
            (
                &["pkg:rpm/opensuse/a@1", "pkg:npm/b@1?distro=debian-1"],
                &["opensuse-leap 15.5"],
                Identifier,
                &["opensuse-leap 15.5", "-", "-"],
            ),
            // Two systems: whose is a package that says nothing?
            (
                &["pkg:deb/debian/a@1", "pkg:deb/b@1", "pkg:apk/alpine/c@1"],
                &["debian 12", "alpine 3.19"],
                Identifier,
                &["debian 12", "-", "", "alpine 3.19"],
            ),
            (
                &[debian, "pkg:deb/debian/b@1"],
                &["Debian-GNU/Linux 12"],
                Words,
                &["debian 13", "-", "-"],
            ),
            (&["pkg:deb/b@1"], &["debian 12"], Words, &["debian 12", "-"]),
            (&["pkg:deb/b@1"], &[], Identifier, &["-", "-"]),
        ] {
            assert_eq!(settled(purls, described, naming), expected, "{purls:?}");
        }
    }
}
