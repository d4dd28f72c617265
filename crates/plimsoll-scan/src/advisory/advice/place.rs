//! Where an edit is made.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{
    AdvisedAction, Evidence, Inventory, Package, PackageKind, PendingUpdate, SourceOrigin,
    Vulnerability,
};

use super::declared::{Declarations, Lying};
use super::{AdviceInput, Step};

/// Where an edit is to be made; what shares one is one edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place<'a> {
    Base,
    /// Packages of the distribution in a layer.
    System(Option<usize>),
    /// Packages of the distribution whose version the instruction names: position among the declared.
    Pinned(usize),
    /// A package that a file of the project asks for: position among the declared.
    Declared(usize),
    /// Packages of a language that an instruction installed.
    Language(Option<usize>, PackageKind),
    /// The image that programs were built in: the first byte of the line that names it.
    BuiltIn(usize),
    /// A program with what is linked into it.
    Program(Option<usize>, &'a str),
}

/// Where a package is edited, and what is known of how it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) place: Place<'a>,
    /// Whether another package brings it, wherever it lies.
    pub(super) is_brought: bool,
    /// Whether it is there to do harm.
    pub(super) is_malicious: bool,
    /// The line that asks for it, and that of a tool's file that holds it fast: positions among the
    /// declared.
    pub(super) declared: Option<usize>,
    lock: Option<usize>,
}

impl<'a> Placed<'a> {
    fn at(place: Place<'a>) -> Self {
        Self {
            place,
            is_brought: false,
            is_malicious: false,
            declared: None,
            lock: None,
        }
    }
}

/// Tells where packages are edited.
pub(super) struct Places<'i, 'a> {
    input: &'i AdviceInput<'a>,
    declarations: Declarations<'a>,
    /// Packages that are malicious: whether a later layer removed it, and its position.
    malicious: HashSet<(bool, usize)>,
    /// The words that name the version of a package with flaws to mend, by the line of their instruction and
    /// what the package was built from.
    pinned_sources: HashMap<(usize, Source<'a>), usize>,
}

/// What a package of the distribution was built from, and in which version.
type Source<'a> = (PackageKind, &'a str, &'a str);

impl<'i, 'a> Places<'i, 'a> {
    pub(super) fn new(input: &'i AdviceInput<'a>) -> Self {
        let found = input.vulnerabilities.iter();
        let mut places = Self {
            input,
            declarations: Declarations::new(input.declared),
            malicious: found
                .clone()
                .filter(|found| found.is_malicious())
                .map(|found| (found.removed_in.is_some(), found.package))
                .collect(),
            pinned_sources: HashMap::new(),
        };
        for found in found.filter(|found| found.is_fixable() && found.in_base != Some(true)) {
            let layer = found.origin.layer.as_ref().map(|layer| layer.index);
            let package = package(input.inventory, found);
            if let Some(package) = package.filter(|package| package.kind.is_system())
                && let Some(line) = places.line(layer)
                && let Some(at) =
                    places
                        .declarations
                        .pin(package.kind, &found.name, &found.installed, Some(line))
            {
                let key = (line, source(package));
                places.pinned_sources.entry(key).or_insert(at);
            }
        }
        places
    }

    /// Where an edit removes a vulnerability.
    pub(super) fn of(&self, found: &'a Vulnerability) -> Placed<'a> {
        let key = (found.removed_in.is_some(), found.package);
        Placed {
            is_malicious: self.malicious.contains(&key),
            ..self.found(found)
        }
    }

    fn found(&self, found: &'a Vulnerability) -> Placed<'a> {
        let inventory = self.input.inventory;
        let kind = kind(inventory, found);
        let layer = found.origin.layer.as_ref().map(|layer| layer.index);
        let line = self.line(layer);
        if kind.is_system() {
            return match of_system(found.in_base, layer) {
                place @ Place::System(_) => {
                    let package = package(inventory, found);
                    self.pinned((kind, &found.name, &found.installed), package, line, place)
                }
                place => Placed::at(place),
            };
        }
        if found.in_base == Some(true) {
            return Placed::at(Place::Base);
        }
        if (kind, found.name.as_str()) == (PackageKind::Go, "stdlib")
            && let Some(start) = self.toolchain(layer, &found.installed)
        {
            return Placed::at(Place::BuiltIn(start));
        }
        let path = found.origin.path.as_deref().unwrap_or_default();
        let claims = &self.declarations;
        let lying = lying(kind, path);
        let claim = claims.find(kind, &found.name, &found.installed, lying, line);
        let package = package(inventory, found);
        let asking = claim.at.and_then(|at| self.input.declared.get(at));
        // Its package manager tells why it is there, unless a person's line does.
        let is_brought = claim.is_brought
            || asking.is_none_or(|asking| asking.is_lock)
                && package.is_some_and(|package| package.direct == Some(false));
        if let Some(at) = claim.at {
            return Placed {
                is_brought,
                declared: Some(at),
                lock: claim.lock,
                ..Placed::at(Place::Declared(claims.first_on_line(at)))
            };
        }
        let file = path.split_once('!').map_or(path, |(file, _)| file);
        let is_linked = package.is_some_and(|package| {
            matches!(
                package.evidence,
                Evidence::BuildInfo | Evidence::VersionString
            ) || package.path.contains('!')
        });
        match is_linked {
            true => Placed::at(Place::Program(layer, file)),
            false => Placed {
                is_brought,
                ..Placed::at(Place::Language(layer, kind))
            },
        }
    }

    /// The lines that people wrote which ask for some packages.
    pub(super) fn asking_for(&self, packages: &[&'a Package]) -> Vec<Holding> {
        let lines = packages.iter().filter_map(|package| {
            let line = self.line(Some(package.layer));
            let lying = lying(package.kind, &package.path);
            let (name, version) = (&package.name, &package.version);
            let claim = self
                .declarations
                .find(package.kind, name, version, lying, line);
            let at = claim.at.filter(|at| !self.input.declared[*at].is_lock)?;
            let later = later(version);
            let takes_later =
                later.is_some_and(|later| self.input.declared[at].resolves_to(&later));
            Some(Holding { at, takes_later })
        });
        lines.collect()
    }

    /// The line that a step is edited on of those that ask for what refuses it, unless a person's line asks
    /// for its own package: what a tool writes anew nobody edits, and an instruction that reads a
    /// file installs what that says.
    pub(super) fn held_at(&self, step: &Step<'a>) -> Option<Place<'a>> {
        let own = step.placed.declared.map(|at| &self.input.declared[at]);
        let first = step.holding.iter().min_by_key(|one| one.takes_later)?;
        own.is_none_or(|own| own.is_lock)
            .then(|| Place::Declared(self.declarations.first_on_line(first.at)))
    }

    /// The lines of the project that have to change for a step: those that ask for the package, unless they
    /// ask for what other edits are about, and those that ask for what refuses it.
    pub(super) fn lines(
        &self,
        step: &Step<'a>,
        to: Option<&str>,
        asked: &HashSet<usize>,
    ) -> Vec<&'a SourceOrigin> {
        let place = |at: usize| &self.input.declared[at].place;
        let own = step.placed.declared;
        let mut lines = match own {
            Some(at) if self.held_at(step).is_none() => {
                let claims = &self.declarations;
                claims.holding(at, step.installed, to, asked)
            }
            _ => Vec::new(),
        };
        let holding = step.holding.iter().filter(|one| !one.takes_later);
        lines.extend(holding.map(|one| place(one.at)));
        if lines.is_empty() && !step.held_by.is_empty() && step.holding.is_empty() {
            lines.extend(own.map(place));
        }
        lines
    }

    /// Where an edit brings a security update.
    pub(super) fn of_update(&self, update: &PendingUpdate) -> Place<'a> {
        let layer = update.origin.layer.as_ref().map(|layer| layer.index);
        match of_system(update.in_base, layer) {
            place @ Place::System(_) => {
                let package = self.input.inventory.packages.get(update.package);
                let named = (
                    PackageKind::Deb,
                    update.name.as_str(),
                    update.installed.as_str(),
                );
                self.pinned(named, package, self.line(layer), place).place
            }
            place => place,
        }
    }

    /// The word that names the version of a package of the distribution, or of one that was built with it
    /// and is to be raised: the instruction then brings both anew, and without that it may not. Else where it
    /// was.
    fn pinned(
        &self,
        (kind, name, installed): (PackageKind, &str, &str),
        package: Option<&'a Package>,
        line: Option<usize>,
        place: Place<'a>,
    ) -> Placed<'a> {
        let own = self.declarations.pin(kind, name, installed, line);
        let others = || {
            let key = (line?, source(package?));
            self.pinned_sources.get(&key).copied()
        };
        match own.or_else(others) {
            Some(at) => Placed {
                declared: Some(at),
                is_brought: own.is_none(),
                ..Placed::at(Place::Pinned(self.declarations.first_on_line(at)))
            },
            None => Placed::at(place),
        }
    }

    /// The line of the instruction that made a layer.
    fn line(&self, layer: Option<usize>) -> Option<usize> {
        let facts = self.input.inventory.layers.get(layer?)?;
        facts.source.as_ref().map(|source| source.start.line)
    }

    /// The line that names the image with the toolchain that a program in a layer was built with.
    fn toolchain(&self, layer: Option<usize>, installed: &str) -> Option<usize> {
        let mut known = self.input.built_in.iter();
        let built_in = known.find(|known| Some(known.layer) == layer)?;
        let mut bases = built_in.bases.iter();
        let (place, _) = bases.find(|(_, image)| has_go(image, installed))?;
        Some(place.span.start)
    }
}

/// The next version after one, as most count: the last number before what is added to it is one more.
fn later(version: &str) -> Option<String> {
    let end = version.find(['-', '+']).unwrap_or(version.len());
    let (release, added) = version.split_at(end);
    let start = release
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let (before, last) = release.split_at(start);
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    // What is added may say that it comes before the release.
    let is_before = added.starts_with('-');
    Some(match is_before {
        true => release.to_owned(),
        false => format!("{before}{next}"),
    })
}

/// A line that a person wrote, which asks for a package that refuses what another is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    /// Its position among the declared.
    pub(super) at: usize,
    /// Whether it takes later versions of that package as it is: to ask the package manager anew may do.
    pub(super) takes_later: bool,
}

/// Whether an image has a version of Go, by its name: `golang:1.23`, `example.com/builder:1.23.4`.
fn has_go(image: &str, installed: &str) -> bool {
    let installed = installed.trim_start_matches(['v', 'g', 'o']);
    let image = image.split('@').next().unwrap_or(image);
    let (folders, last) = image.rsplit_once('/').unwrap_or(("", image));
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let version = tag.split(['-', '_']).next().unwrap_or_default();
    let is_go = name == "golang" || folders.rsplit('/').next() == Some("golang");
    let has_number = version.starts_with(|c: char| c.is_ascii_digit());
    let rest = installed.strip_prefix(version);
    match (is_go, has_number) {
        (true, false) => true,
        (true, true) => {
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', 'r', 'b']))
        }
        (false, _) => version == installed && version.contains('.'),
    }
}

/// What an edit does, and where.
pub(super) struct Spot {
    pub(super) action: AdvisedAction,
    pub(super) source: Option<SourceOrigin>,
    pub(super) also: Vec<SourceOrigin>,
    pub(super) lock: Option<String>,
    pub(super) layer: Option<usize>,
    pub(super) program: Option<String>,
}

/// What is done at a place, for the packages of some steps.
pub(super) fn spot(input: &AdviceInput<'_>, place: Place<'_>, steps: &[&Step<'_>]) -> Spot {
    let layer_source = |layer: Option<usize>| {
        let facts = input.inventory.layers.get(layer?)?;
        facts.source.clone()
    };
    let of = |action, source| Spot {
        action,
        source,
        also: Vec::new(),
        lock: None,
        layer: None,
        program: None,
    };
    match place {
        Place::Base => of(AdvisedAction::RenewBase, input.base.cloned()),
        Place::System(layer) => Spot {
            layer,
            ..of(AdvisedAction::RenewPackages, layer_source(layer))
        },
        Place::Pinned(at) | Place::Declared(at) => {
            let declared = |at: Option<usize>| input.declared.get(at?);
            let line = declared(Some(at));
            let mut known = HashSet::new();
            let mut lines: Vec<SourceOrigin> = steps
                .iter()
                .flat_map(|step| &step.lines)
                .filter(|line| known.insert((line.file.as_str(), line.start.line)))
                .map(|line| (*line).clone())
                .collect();
            if steps.is_empty() || !lines.is_empty() {
                let also = lines.split_off(1.min(lines.len()));
                let first = lines.pop().or_else(|| Some(line?.place.clone()));
                return Spot {
                    also,
                    ..of(AdvisedAction::RaiseVersions, first)
                };
            }
            let mut locks = steps.iter().filter_map(|step| declared(step.placed.lock));
            let lock = locks.next().map(|lock| lock.place.file.clone());
            let source = line.map(|line| line.place.clone());
            match line.and_then(|line| line.word.clone()) {
                Some(word) => of(AdvisedAction::RenewPackages, Some(word)),
                None => Spot {
                    lock,
                    ..of(AdvisedAction::RenewLock, source)
                },
            }
        }
        Place::Language(layer, _) => Spot {
            layer,
            ..of(AdvisedAction::RaiseVersions, layer_source(layer))
        },
        Place::BuiltIn(start) => {
            let bases = input.built_in.iter().flat_map(|one| &one.bases);
            let mut places = bases.map(|(place, _)| place);
            let place = places.find(|place| place.span.start == start);
            of(AdvisedAction::RebuildProgram, place.cloned())
        }
        Place::Program(layer, path) => Spot {
            layer,
            program: Some(path.to_owned()),
            ..of(AdvisedAction::RebuildProgram, layer_source(layer))
        },
    }
}

/// The package that a vulnerability is of.
pub(super) fn package<'a>(inventory: &'a Inventory, found: &Vulnerability) -> Option<&'a Package> {
    match found.removed_in {
        None => inventory.packages.get(found.package),
        Some(_) => inventory.removed_packages.get(found.package),
    }
}

/// What a package was built from: without a word on that, it is its own source.
fn source(package: &Package) -> Source<'_> {
    let source = package.source.as_ref();
    let (name, version) = source.map_or((&package.name, &package.version), |(name, version)| {
        let is_told = !version.is_empty();
        (name, if is_told { version } else { &package.version })
    });
    (package.kind, name, version)
}

/// The ecosystem of the package; its package URL tells where the inventory does not.
pub(super) fn kind(inventory: &Inventory, found: &Vulnerability) -> PackageKind {
    if let Some(package) = package(inventory, found) {
        return package.kind;
    }
    found.kind().unwrap_or(PackageKind::Generic)
}

/// What the place of a package tells of who asked for it.
fn lying(kind: PackageKind, path: &str) -> Lying<'_> {
    match kind {
        PackageKind::Npm => among_modules(path),
        _ => Lying::Anywhere,
    }
}

/// Where a package of npm lies: in a folder that is called what the project calls it, or among those of
/// another package, `node_modules/a/node_modules/b`. Stores of package managers, as pnpm's `.pnpm`,
/// hold those that the project asks for, too, under names of their own.
fn among_modules(path: &str) -> Lying<'_> {
    const FOLDER: &str = "node_modules/";
    let Some((before, inner)) = path.rsplit_once(FOLDER) else {
        return Lying::Anywhere;
    };
    match before.rsplit_once(FOLDER) {
        Some((_, holder)) if holder.starts_with('.') => Lying::Anywhere,
        Some((_, holder)) if !holder.is_empty() => Lying::Within,
        _ => inner
            .strip_suffix("/package.json")
            .map_or(Lying::Anywhere, Lying::As),
    }
}

/// Where packages of the distribution are renewed.
fn of_system<'a>(in_base: Option<bool>, layer: Option<usize>) -> Place<'a> {
    // Nothing installs packages where there is nothing below: a file system came as a whole.
    let is_lowest = layer == Some(0) && in_base.is_none();
    match in_base == Some(true) || is_lowest {
        true => Place::Base,
        false => Place::System(layer),
    }
}

/// The name and version that advisories know the package by: Debian, Ubuntu and Alpine speak of
/// source packages, whose versions need not be those of what is built from them. Where a line names the
/// version of a package, it is that package.
pub(super) fn known_as<'a>(
    inventory: &'a Inventory,
    found: &'a Vulnerability,
    is_pinned: bool,
) -> (&'a str, &'a str) {
    let source = package(inventory, found)
        .filter(|package| matches!(package.kind, PackageKind::Deb | PackageKind::Apk))
        .and_then(|package| package.source.as_ref());
    match source {
        Some(_) if is_pinned => (&found.name, &found.installed),
        Some((name, version)) if version.is_empty() => (name, &found.installed),
        Some((name, version)) => (name, version),
        None => (&found.name, &found.installed),
    }
}

/// Whether the versions of a package are not those of its source, so that nobody knows which of its own
/// has what mended the source. One that was built again has them (`1.2-3+b1` of `1.2-3`).
pub(super) fn has_other_versions(package: &Package) -> bool {
    let source = package.source.as_ref();
    let source = source.filter(|_| matches!(package.kind, PackageKind::Deb | PackageKind::Apk));
    source.is_some_and(|(_, version)| {
        let is_built_again = |rest: &str| {
            let number = rest.strip_prefix("+b");
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let rest = package.version.strip_prefix(version.as_str());
        !version.is_empty() && !rest.is_some_and(|rest| rest.is_empty() || is_built_again(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_has_go_says_which() {
        for (image, is) in [
            ("golang:1.23.4", true),
            ("docker.io/library/golang:1.23-alpine", true),
            ("golang", true),
            ("golang:bookworm@sha256:aa", true),
            ("golang:1.22", false),
            ("golang:1.2", false),
            ("example.com/builder:1.23.4-x", true),
            ("example.com/builder:1", false),
            ("debian:12", false),
            ("circleci/golang:1.23", true),
        ] {
            assert_eq!(has_go(image, "1.23.4"), is, "{image}");
        }
    }

    #[test]
    fn a_package_may_have_other_versions_than_its_source() {
        for (version, source, is_other) in [
            ("3.0.9-1", "3.0.9-1", false),
            ("3.0.9-1+b2", "3.0.9-1", false),
            ("3.0.9-1+deb12u1", "3.0.9-1", true),
            ("2:1.02.185-2", "2.03.16-2", true),
            ("1.0-1", "", false),
        ] {
            let mut package = Package::new(
                PackageKind::Deb,
                "libdevmapper1.02.1",
                version,
                String::new(),
                "",
                Evidence::Database,
                0,
            );
            package.source = Some(("lvm2".to_owned(), source.to_owned()));
            assert_eq!(has_other_versions(&package), is_other, "{version} {source}");
        }
    }
}
