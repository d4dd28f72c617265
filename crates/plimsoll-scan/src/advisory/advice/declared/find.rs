//! Which line of the project asks for a version of a package that is installed.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use plimsoll_model::{PackageKind, SourceOrigin};

use super::{DeclaredPackage, Reach, Standing, normal};

impl DeclaredPackage {
    /// Whether the line takes a version; nothing where that cannot be told.
    pub(super) fn takes(&self, version: &str) -> Option<bool> {
        if let Some(pin) = &self.pin {
            return Some(pin.admits(self.kind, version));
        }
        let range = self.range.as_ref();
        range.map(|range| range.admits(self.kind, version))
    }

    /// Whether the line is why a package is there; nothing where that cannot be told. What counts in
    /// place of other lines does so whatever it says, and for what other packages bring, too.
    fn asks(&self, asked: &Asked<'_>) -> Option<bool> {
        let takes = self.takes(asked.installed);
        match asked.lying {
            _ if self.reach.overrules() => Some(takes.unwrap_or(true)),
            Lying::As(folder) if self.called() != folder => Some(false),
            Lying::Within if !self.is_lock => Some(false),
            _ => takes,
        }
    }

    /// What the project calls the package.
    fn called(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// Which of two lines that take the version a person would edit: that of the instruction on `line`,
    /// of what any instruction installs, of what is copied, of what is not for tests; of those one that
    /// counts in place of the others, then the one that takes least.
    fn compare(&self, other: &Self, line: Option<usize>) -> Ordering {
        let rank = |one: &Self| match (one.standing, one.is_aside) {
            (Standing::Installed(at), _) if Some(at) == line => (0, one.is_aside),
            (Standing::Installed(_), is_aside) => (1, is_aside),
            (Standing::Copied, false) => (2, false),
            (Standing::Elsewhere, false) => (3, false),
            (_, true) => (4, one.standing == Standing::Elsewhere),
        };
        rank(self)
            .cmp(&rank(other))
            .then(other.reach.overrules().cmp(&self.reach.overrules()))
            .then_with(|| match (&self.range, &other.range) {
                (Some(own), Some(others)) => own.compare_width(others),
                _ => Ordering::Equal,
            })
    }
}

/// Where a package lies, as far as that tells who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Lying<'p> {
    /// Nothing is told by it.
    Anywhere,
    /// In a folder that has the name which the project calls it by.
    As(&'p str),
    /// Within another package, which brought it.
    Within,
}

/// What is asked of the project: a package in a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked<'a> {
    kind: PackageKind,
    name: &'a str,
    installed: &'a str,
    lying: Lying<'a>,
    line: Option<usize>,
}

/// Declared packages by name.
pub(in super::super) struct Declarations<'a> {
    declared: &'a [DeclaredPackage],
    by_name: HashMap<(PackageKind, String), Vec<usize>>,
    /// The first package on each line.
    first: HashMap<(&'a str, usize), usize>,
    /// Lines of instructions that install something.
    installers: HashSet<usize>,
    /// Kinds of packages that a file is installed from.
    installed: HashSet<PackageKind>,
    /// What was asked before: a package may have thousands of vulnerabilities.
    claims: RefCell<HashMap<Asked<'a>, Claim>>,
}

impl<'a> Declarations<'a> {
    pub(in super::super) fn new(declared: &'a [DeclaredPackage]) -> Self {
        let mut by_name: HashMap<(PackageKind, String), Vec<usize>> = HashMap::new();
        let mut first = HashMap::new();
        let (mut installers, mut installed) = (HashSet::new(), HashSet::new());
        for (at, one) in declared.iter().enumerate() {
            let key = (one.kind, normal(one.kind, &one.name));
            by_name.entry(key).or_default().push(at);
            let line = (one.place.file.as_str(), one.place.start.line);
            first.entry(line).or_insert(at);
            if let Standing::Installed(line) = one.standing {
                installers.insert(line);
                if one.word.is_none() {
                    installed.insert(one.kind);
                }
            }
        }
        Self {
            declared,
            by_name,
            first,
            installers,
            installed,
            claims: RefCell::default(),
        }
    }

    /// What the project has to do with a version of a package that came by the instruction on `line`,
    /// where that is known. A line that people write counts before one that tools write.
    pub(in super::super) fn find(
        &self,
        kind: PackageKind,
        name: &'a str,
        installed: &'a str,
        lying: Lying<'a>,
        line: Option<usize>,
    ) -> Claim {
        let asked = Asked {
            kind,
            name,
            installed,
            lying,
            line: line.filter(|line| self.installers.contains(line)),
        };
        if let Some(known) = self.claims.borrow().get(&asked) {
            return *known;
        }
        let claim = self.search(&asked);
        self.claims.borrow_mut().insert(asked, claim);
        claim
    }

    /// The first package on the line of another one: they are edited together.
    pub(in super::super) fn first_on_line(&self, at: usize) -> usize {
        let line = self.declared.get(at).map(|one| &one.place);
        line.and_then(|place| self.first.get(&(place.file.as_str(), place.start.line)))
            .copied()
            .unwrap_or(at)
    }

    /// The lines that have to change, so that a package that the line at a position asks for is in another
    /// version than it is, none where that is to be gone: this line, unless it takes the version
    /// already, and what stands beside it and takes the one and not the other. What is `apart` asks for a
    /// package that lies elsewhere.
    pub(in super::super) fn holding(
        &self,
        at: usize,
        installed: &str,
        to: Option<&str>,
        apart: &HashSet<usize>,
    ) -> Vec<&'a SourceOrigin> {
        let Some(asking) = self.declared.get(at) else {
            return Vec::new();
        };
        let key = (asking.kind, normal(asking.kind, &asking.name));
        let beside = self.by_name.get(&key).map_or(&[][..], Vec::as_slice);
        let beside = beside
            .iter()
            .filter(|other| **other != at && !apart.contains(other))
            .filter_map(|other| self.declared.get(*other))
            .filter(|other| {
                let is_same = other.called() == asking.called();
                (is_same || asking.reach.overrules() || other.reach.overrules())
                    && other.is_lock == asking.is_lock
                    && asking.stands_beside(other)
                    && other.takes(installed) == Some(true)
                    && to.is_none_or(|to| other.takes(to) == Some(false))
            });
        let is_left = to.is_some_and(|to| asking.resolves_to(to));
        let asking = Some(asking).filter(|_| !is_left);
        asking
            .into_iter()
            .chain(beside)
            .flat_map(|one| std::iter::once(&one.place).chain(&one.also))
            .collect()
    }

    /// Whether the instruction on a line asks for that very version of a distribution's package.
    pub(in super::super) fn pin(
        &self,
        kind: PackageKind,
        name: &str,
        installed: &str,
        line: Option<usize>,
    ) -> Option<usize> {
        let line = line.filter(|line| self.installers.contains(line))?;
        let candidates = self.by_name.get(&(kind, normal(kind, name)))?;
        candidates.iter().copied().find(|at| {
            self.declared.get(*at).is_some_and(|one| {
                one.standing == Standing::Installed(line) && one.takes(installed) == Some(true)
            })
        })
    }

    /// How many different things were asked.
    #[cfg(test)]
    pub(super) fn asked(&self) -> usize {
        self.claims.borrow().len()
    }

    fn search(&self, asked: &Asked<'_>) -> Claim {
        let is_nested = asked.lying == Lying::Within;
        let Some(candidates) = self
            .by_name
            .get(&(asked.kind, normal(asked.kind, asked.name)))
        else {
            return Claim {
                is_brought: is_nested,
                ..Claim::default()
            };
        };
        let of = |is_lock: bool| {
            candidates
                .iter()
                .filter_map(|at| Some((*at, self.declared.get(*at)?)))
                .filter(move |(_, one)| one.is_lock == is_lock)
                .filter(|(_, one)| self.may_bring(one, asked.line))
        };
        let better = |left: &(usize, &DeclaredPackage), right: &(usize, &DeclaredPackage)| {
            left.1
                .compare(right.1, asked.line)
                .then(left.0.cmp(&right.0))
        };
        let takes = |one: &DeclaredPackage| one.asks(asked);
        let lock = of(true)
            .filter(|(_, one)| takes(one) == Some(true))
            .min_by(better)
            .map(|(at, _)| at);
        // What holds the copy of one other package holds that of all, too, where nothing else asks for it.
        let is_last = |one: &DeclaredPackage| {
            one.reach == Reach::OneOther && matches!(asked.lying, Lying::As(_))
        };
        let asking = || of(false).filter(|(_, one)| takes(one) == Some(true));
        let first = asking().filter(|(_, one)| !is_last(one)).min_by(better);
        if let Some((at, _)) = first.or_else(|| asking().min_by(better)) {
            return Claim {
                at: Some(at),
                lock,
                is_brought: false,
            };
        }
        let mut is_refused = is_nested;
        let mut is_unread = false;
        for (_, one) in of(false) {
            match takes(one) {
                Some(_) => is_refused = true,
                None => is_unread = true,
            }
        }
        Claim {
            at: lock,
            lock: None,
            is_brought: is_refused && !is_unread,
        }
    }

    /// Whether a line may have brought what the instruction on `line` left: not a word of another
    /// instruction that installs, and not a file for tests that no instruction installs where others are.
    fn may_bring(&self, one: &DeclaredPackage, line: Option<usize>) -> bool {
        let Standing::Installed(at) = one.standing else {
            return !one.is_aside || !self.installed.contains(&one.kind);
        };
        one.word.is_none() || line.is_none_or(|line| line == at)
    }
}

/// What a project has to do with a version of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Claim {
    /// The line that asks for it: a position among the declared.
    pub(in super::super) at: Option<usize>,
    /// The line of a tool's file that holds it fast, where another line asks for it; likewise.
    pub(in super::super) lock: Option<usize>,
    /// Whether another package brought it: the project asks for other versions, or it lies within one.
    pub(in super::super) is_brought: bool,
}
