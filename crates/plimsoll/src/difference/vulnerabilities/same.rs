//! Which vulnerabilities of two images are the same.

use std::borrow::Cow;
use std::collections::HashMap;

use plimsoll_model::{PackageKind, Report, Vulnerability};

use crate::policy::vulnerabilities::python_name;

/// What a package is called, whatever its version and place.
pub(super) type Family<'a> = (PackageKind, Cow<'a, str>);

/// One of the two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

impl Number {
    /// Whether the other image than this shows a flaw by it.
    fn is_of_other(&self, side: Side) -> bool {
        self.shown_by & !side.bit() != 0
    }
}

impl Side {
    fn bit(self) -> u8 {
        match self {
            Self::Old => 1,
            Self::New => 2,
        }
    }
}

/// A number of a package.
#[derive(Clone, Copy, Debug)]
struct Number {
    /// Its place in what is joined.
    at: usize,
    /// The images that show a flaw by it.
    shown_by: u8,
    /// Whether it was joined with what it tells of in the other image.
    is_joined: bool,
}

/// Which numbers are one flaw of one package, by all that two reports tell.
#[derive(Default)]
pub(super) struct Flaws {
    /// The numbers of each package.
    numbers: HashMap<(PackageKind, String), HashMap<String, Number>>,
    /// What each is the same as; itself where nothing older is.
    joined: Vec<usize>,
}

impl Flaws {
    /// All that an old and a new report tell, each with what of it is asked for.
    pub(super) fn of_both<'r, O, N>(old: (&'r Report, O), new: (&'r Report, N)) -> Self
    where
        O: Iterator<Item = &'r Vulnerability> + Clone,
        N: Iterator<Item = &'r Vulnerability> + Clone,
    {
        let mut flaws = Self::default();
        for one in old.1.clone() {
            flaws.learn(&family_of(old.0, one), one, Side::Old);
        }
        for one in new.1.clone() {
            flaws.learn(&family_of(new.0, one), one, Side::New);
        }
        for one in old.1 {
            flaws.join_told(&family_of(old.0, one), one, Side::Old);
        }
        for one in new.1 {
            flaws.join_told(&family_of(new.0, one), one, Side::New);
        }
        flaws.settle();
        flaws
    }

    /// Learns what one is called.
    fn learn(&mut self, (kind, name): &Family<'_>, one: &Vulnerability, side: Side) {
        let package = (*kind, name.clone().into_owned());
        let known = self.numbers.entry(package).or_default();
        let mut first: Option<usize> = None;
        for (place, number) in one.names().enumerate() {
            let next = self.joined.len();
            let number = known
                .entry(number.to_ascii_uppercase())
                .or_insert_with(|| Number {
                    at: next,
                    shown_by: 0,
                    is_joined: false,
                });
            // The first is what it is shown by.
            if place == 0 {
                number.shown_by |= side.bit();
            }
            if number.at == next {
                self.joined.push(next);
            }
            let root = root(&mut self.joined, number.at);
            match first {
                None => first = Some(root),
                Some(other) => {
                    let (low, high) = (other.min(root), other.max(root));
                    self.joined[high] = low;
                    first = Some(low);
                }
            }
        }
    }

    /// Joins one with what the other image shows by the id of an advisory that tells of it, once all names
    /// are learned. An advisory without a number may tell of several flaws: then its id names none of them,
    /// and the first is what it is the same as.
    fn join_told(&mut self, (kind, name): &Family<'_>, one: &Vulnerability, side: Side) {
        let Some(known) = self.numbers.get_mut(&(*kind, name.clone().into_owned())) else {
            return;
        };
        let Some(own) = known.get(&one.id.to_ascii_uppercase()).map(|one| one.at) else {
            return;
        };
        let mut names = one.names().map(str::to_ascii_uppercase);
        let is_there = |name: String| known.get(&name).is_some_and(|one| one.is_of_other(side));
        if names.any(is_there) {
            return;
        }
        // The same flaw of the package in another place.
        let (own_root, joined) = (root(&mut self.joined, own), &mut self.joined);
        let is_done = |id: &String| {
            let told = known.get(&id.to_ascii_uppercase());
            told.is_some_and(|told| told.is_joined && root(joined, told.at) == own_root)
        };
        if one.advisories.iter().any(is_done) {
            return;
        }
        for id in &one.advisories {
            let Some(number) = known.get_mut(&id.to_ascii_uppercase()) else {
                continue;
            };
            let is_only_there = number.is_of_other(side) && number.shown_by & side.bit() == 0;
            if is_only_there && !std::mem::replace(&mut number.is_joined, true) {
                let (one, other) = (
                    root(&mut self.joined, own),
                    root(&mut self.joined, number.at),
                );
                self.joined[one.max(other)] = one.min(other);
                // Another that it tells of there may be what another of its flaws is the same as.
                break;
            }
        }
    }

    /// Puts what each number is the same as in its place, once all is learned.
    fn settle(&mut self) {
        // What something is the same as is older, and settled before it.
        for at in 0..self.joined.len() {
            self.joined[at] = self.joined[self.joined[at]];
        }
    }

    pub(super) fn find(&self, (kind, name): &Family<'_>, one: &Vulnerability) -> Option<usize> {
        let known = self.numbers.get(&(*kind, name.clone().into_owned()))?;
        let number = known.get(&one.id.to_ascii_uppercase())?;
        self.joined.get(number.at).copied()
    }

    /// The flaw of each vulnerability of a report; none of what does not run.
    pub(super) fn of(&self, report: &Report) -> Vec<Option<usize>> {
        let found = report.vulnerabilities.iter();
        found
            .map(|one| match one.removed_in {
                Some(_) => None,
                None => self.find(&family_of(report, one), one),
            })
            .collect()
    }
}

/// What a number is the same as. The way there is halved for whoever goes it next: databases may
/// chain thousands of names.
fn root(joined: &mut [usize], mut at: usize) -> usize {
    while joined[at] != at {
        joined[at] = joined[joined[at]];
        at = joined[at];
    }
    at
}

pub(super) fn family_of<'a>(report: &'a Report, one: &'a Vulnerability) -> Family<'a> {
    let packages = match one.removed_in {
        Some(_) => &report.inventory.removed_packages,
        None => &report.inventory.packages,
    };
    match packages.get(one.package) {
        Some(package) => family(package.kind, &package.name),
        None => (PackageKind::Generic, Cow::Borrowed(&one.name)),
    }
}

pub(super) fn family(kind: PackageKind, name: &str) -> Family<'_> {
    match kind {
        PackageKind::Python => (kind, python_name(name).into()),
        _ => (kind, Cow::Borrowed(name)),
    }
}
