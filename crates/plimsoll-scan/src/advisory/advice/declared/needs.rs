//! Which installed packages refuse a version of another one that they need: to raise that one alone
//! changes nothing, or leaves them a copy of their own.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Inventory, Package, PackageKind, Requirement};

use super::normal;
use super::range::Range;

/// Packages that need one, which are held against a version of it.
const MOST: usize = 1000;

/// Where Node finds packages.
const MODULES: &str = "node_modules/";

/// Folders of modules in one another that are looked for a nearer copy in.
const DEEPEST: usize = 8;

/// What installed packages need.
pub(in super::super) struct Needs<'a> {
    by_name: HashMap<(PackageKind, String), Vec<(&'a Package, Range)>>,
    /// Where packages of those names lie.
    copies: HashSet<&'a str>,
    /// How many versions of a gem lie side by side.
    gems: HashMap<Gem<'a>, usize>,
}

/// The folder that a gem is found in, and its name.
type Gem<'a> = (&'a str, &'a str);

impl<'a> Needs<'a> {
    /// What the packages of an inventory need of those with some names.
    pub(in super::super) fn new<'n>(
        inventory: &'a Inventory,
        names: impl Iterator<Item = (PackageKind, &'n str)>,
    ) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = names
            .map(|(kind, name)| ((kind, normal(kind, name)), Vec::new()))
            .collect();
        let mut copies = HashSet::new();
        let mut gems = HashMap::new();
        for package in &inventory.packages {
            if let Some(gem) = gem(package) {
                *gems.entry(gem).or_default() += 1;
            }
            if by_name.contains_key(&(package.kind, normal(package.kind, &package.name))) {
                copies.insert(package.path.as_str());
            }
            for one in &package.requires {
                let key = (package.kind, normal(package.kind, &one.name));
                if let Some(known) = by_name.get_mut(&key)
                    && known.len() < MOST
                    && is_met(one, package)
                {
                    let range = Range::of_manifest(package.kind, &one.versions);
                    known.extend(range.map(|range| (package, range)));
                }
            }
        }
        Self {
            by_name,
            copies,
            gems,
        }
    }

    /// The packages that need one as it is installed, and refuse it in the version `to`.
    pub(in super::super) fn refusing(&self, package: &Package, to: &str) -> Vec<&'a Package> {
        let kind = package.kind;
        let known = self.by_name.get(&(kind, normal(kind, &package.name)));
        let refusing = known.into_iter().flatten().filter(|(other, range)| {
            self.finds(other, package)
                && range.admits(kind, &package.version)
                && !range.admits(kind, to)
        });
        let mut refusing: Vec<&Package> = refusing.map(|(other, _)| *other).collect();
        // Of gems that lie side by side, one that takes it is enough.
        let mut gems: HashMap<Gem<'_>, usize> = HashMap::new();
        for gem in refusing.iter().filter_map(|other| gem(other)) {
            *gems.entry(gem).or_default() += 1;
        }
        refusing.retain(|other| gem(other).is_none_or(|gem| gems.get(&gem) == self.gems.get(&gem)));
        refusing
    }

    /// Whether a package is the one that another one of its kind finds by its name.
    fn finds(&self, other: &Package, package: &Package) -> bool {
        match package.kind {
            PackageKind::Python => {
                let site = site(&package.path);
                site.is_some() && site == self::site(&other.path)
            }
            PackageKind::Npm => {
                // Stores link what each package needs into a folder of its own.
                let is_stored = |path: &str| path.contains("node_modules/.");
                match is_stored(&package.path) || is_stored(&other.path) {
                    true => package
                        .path
                        .split_once(MODULES)
                        .zip(other.path.split_once(MODULES))
                        .is_some_and(|((own, _), (others, _))| own == others),
                    false => self.resolves(other, &package.path).unwrap_or(false),
                }
            }
            // Composer has one copy of each, and tells of all of them in one file. A program has its crates.
            PackageKind::Composer | PackageKind::Cargo => package.path == other.path,
            PackageKind::Gem => {
                let home = specifications(&package.path);
                home.is_some() && home == specifications(&other.path)
            }
            _ => false,
        }
    }

    /// Whether Node comes to the copy at `path` from another package first: it looks into the folder of
    /// modules of that package, then into each that it lies in.
    fn resolves(&self, other: &Package, path: &str) -> Option<bool> {
        let (above, inside) = path.split_at(path.rfind(MODULES)? + MODULES.len());
        let from = other.path.strip_suffix("package.json")?;
        let project = above.strip_suffix(MODULES)?;
        if !from.starts_with(project) {
            return None;
        }
        let own = format!("{from}{MODULES}");
        let modules = from.rmatch_indices(MODULES).take(DEEPEST);
        let folders = modules.map(|(at, _)| &from[..at + MODULES.len()]);
        let nearest = std::iter::once(own.as_str()).chain(folders).find(|folder| {
            *folder == above || self.copies.contains(format!("{folder}{inside}").as_str())
        });
        nearest.map(|folder| folder == above)
    }
}

/// The folder that Python finds an installed package in by its metadata.
fn site(path: &str) -> Option<&str> {
    let at = ["site-packages/", "dist-packages/"]
        .iter()
        .filter_map(|folder| Some(path.rfind(folder)? + folder.len()))
        .max()?;
    let (site, rest) = path.split_at_checked(at)?;
    let info = rest.split('/').next()?;
    (info.ends_with(".dist-info") || info.ends_with(".egg-info")).then_some(site)
}

/// The folder of the specifications of gems that are found together.
fn specifications(path: &str) -> Option<&str> {
    const FOLDER: &str = "/specifications/";
    path.get(..path.rfind(FOLDER)?)
}

/// What a package is among the gems.
fn gem(package: &Package) -> Option<Gem<'_>> {
    let home = specifications(&package.path).filter(|_| package.kind == PackageKind::Gem)?;
    Some((home, &package.name))
}

/// Whether something is needed under its condition, as far as that can be told: by the version of Python
/// whose folder the package lies in.
fn is_met(one: &Requirement, package: &Package) -> bool {
    let Some(condition) = &one.condition else {
        return true;
    };
    let mut folders = package.path.split('/');
    let version = folders.find_map(|part| {
        let version = part.strip_prefix("python")?;
        version.contains('.').then_some(version)
    });
    let words = condition.strip_prefix("python_version");
    let words = words.map(|words| words.replace(['"', '\''], ""));
    let range = words.and_then(|words| Range::of_manifest(package.kind, &words));
    range
        .zip(version)
        .is_some_and(|(range, version)| range.admits(package.kind, version))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    fn package(kind: PackageKind, name: &str, version: &str, path: &str) -> Package {
        let purl = String::new();
        Package::new(kind, name, version, purl, path, Evidence::Metadata, 0)
    }

    fn needing(package: Package, name: &str, versions: &str, condition: Option<&str>) -> Package {
        let one = Requirement {
            name: name.to_owned(),
            versions: versions.to_owned(),
            condition: condition.map(str::to_owned),
        };
        Package {
            requires: vec![one],
            ..package
        }
    }

    fn refusing(package: &Package, to: &str, others: Vec<Package>) -> Vec<String> {
        let inventory = Inventory {
            packages: others,
            ..Inventory::default()
        };
        let names = std::iter::once((package.kind, package.name.as_str()));
        let needs = Needs::new(&inventory, names);
        let refusing = needs.refusing(package, to);
        refusing.iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn what_python_packages_refuse() {
        let at = |folder: &str, name: &str, version: &str| {
            let path =
                format!("usr/lib/{folder}/site-packages/{name}-{version}.dist-info/METADATA");
            package(PackageKind::Python, name, version, &path)
        };
        let own = at("python3.11", "urllib3", "1.25.11");
        let others = || {
            let of = |folder, name, versions, condition| {
                needing(at(folder, name, "1.0"), "Urllib3", versions, condition)
            };
            vec![
                of("python3.11", "botocore", "(<1.26,>=1.20)", None),
                of(
                    "python3.11",
                    "later",
                    "<1.26",
                    Some("python_version >= \"3.4\""),
                ),
                of(
                    "python3.11",
                    "old",
                    "<1.26",
                    Some("python_version == '2.7'"),
                ),
                of(
                    "python3.11",
                    "windows",
                    "<1.26",
                    Some("sys_platform == 'win32'"),
                ),
                of("python3.11", "open", ">=1.20", None),
                // What is installed is not what it needs.
                of("python3.11", "broken", "<1.24", None),
                of("python3.12", "elsewhere", "<1.26", None),
            ]
        };
        assert_eq!(refusing(&own, "1.26.18", others()), ["botocore", "later"]);
        assert!(refusing(&own, "1.25.12", others()).is_empty());
        // What pip carries with itself is nobody else's.
        let carried = Package {
            path: "usr/lib/python3.11/site-packages/pip/_vendor/vendor.txt".to_owned(),
            ..own
        };
        assert!(refusing(&carried, "1.26.18", others()).is_empty());
    }

    #[test]
    fn what_gems_and_packages_of_composer_refuse() {
        let at = |home: &str, name: &str, version: &str| {
            let path = format!("{home}/specifications/{name}-{version}.gemspec");
            package(PackageKind::Gem, name, version, &path)
        };
        let others = || {
            let of =
                |home, name, versions| needing(at(home, name, "7.0.4"), "rack", versions, None);
            vec![
                of("usr/bundle", "actionpack", "~> 2.0, >= 2.2.0"),
                of("usr/bundle", "open", ">= 2.2"),
                of("opt/other", "elsewhere", "~> 2.0"),
                // Another version of it takes what this one refuses, or does without.
                of("usr/bundle", "twice", "~> 2.0"),
                of("usr/bundle", "twice", ">= 2.2"),
                of("usr/bundle", "grown", "~> 2.0"),
                at("usr/bundle", "grown", "8.0.0"),
            ]
        };
        let rack = at("usr/bundle", "rack", "2.2.4");
        assert_eq!(refusing(&rack, "3.0.1", others()), ["actionpack"]);
        assert!(refusing(&rack, "2.2.9", others()).is_empty());
        let at = |folder: &str, name: &str, version: &str| {
            let path = format!("{folder}/vendor/composer/installed.json");
            package(PackageKind::Composer, name, version, &path)
        };
        let others = || {
            let of = |folder, name, versions| {
                needing(at(folder, name, "v6.0.0"), "psr/log", versions, None)
            };
            vec![
                of("app", "symfony/a", "^1.1 || ^2.0"),
                of("app", "symfony/open", ">=1"),
                of("tool", "symfony/elsewhere", "^1"),
            ]
        };
        let log = at("app", "psr/log", "1.1.4");
        assert_eq!(refusing(&log, "3.0.0", others()), ["symfony/a"]);
        assert!(refusing(&log, "2.0.0", others()).is_empty());
    }

    #[test]
    fn what_crates_refuse() {
        let at = |program: &str, name: &str, version: &str| {
            package(PackageKind::Cargo, name, version, program)
        };
        let others = || {
            let of = |program, name, versions| {
                needing(at(program, name, "0.4.19"), "time", versions, None)
            };
            vec![
                of("app", "chrono", "^0.1.44"),
                of("app", "later", "^0.3.1"),
                of("tool", "elsewhere", "^0.1.44"),
            ]
        };
        let time = at("app", "time", "0.1.44");
        assert_eq!(refusing(&time, "0.2.23", others()), ["chrono"]);
        assert!(refusing(&time, "0.1.45", others()).is_empty());
    }

    #[test]
    fn what_packages_of_npm_refuse() {
        let at = |path: &str, name: &str| {
            let path = format!("{path}{name}/package.json");
            package(PackageKind::Npm, name, "4.17.23", &path)
        };
        let others = || {
            let of = |path, name, versions| needing(at(path, name), "lodash", versions, None);
            vec![
                of("app/node_modules/", "grunt", "~4.17.20"),
                of("app/node_modules/a/node_modules/", "deep", "^4.17.20 <4.18"),
                of("app/node_modules/", "open", "^4.0.0"),
                of("app/node_modules/", "a", "4.17.23"),
                of("other/node_modules/", "elsewhere", "~4.17.20"),
                // It has a copy of its own.
                of("app/node_modules/", "bundling", "~4.17.20"),
                at("app/node_modules/bundling/node_modules/", "lodash"),
            ]
        };
        let own = at("app/node_modules/", "lodash");
        assert_eq!(refusing(&own, "4.18.0", others()), ["grunt", "deep", "a"]);
        let nested = at("app/node_modules/a/node_modules/", "lodash");
        assert_eq!(refusing(&nested, "4.18.0", others()), ["deep", "a"]);
        let stored = at(
            "app/node_modules/.pnpm/lodash@4.17.23/node_modules/",
            "lodash",
        );
        assert_eq!(
            refusing(&stored, "4.18.0", others()),
            ["grunt", "deep", "a", "bundling"]
        );
    }
}
