//! Packages of images: against the truth, and against what other tools list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::bail;

use super::inspect::{self, Key, Package, Request, short_name};
use super::peers;
use super::truth::{self, Fact, Standing, Truth};
use super::verdicts::{Side, Verdicts};
use crate::disagreements::Right;

/// Kinds that no tool of their own lists: programs that are known by what they say of themselves.
const WITHOUT_TRUTH: [&str; 1] = ["generic"];

/// Lines shown of one sort of difference without `-v`.
const SHOWN: usize = 12;

/// Measures every image.
pub(super) fn run(request: &Request) -> anyhow::Result<()> {
    let verdicts = if request.list {
        Verdicts::read()?
    } else {
        Verdicts::default()
    };
    let mut open = 0;
    let mut asked = BTreeSet::from(["truth"]);
    for image in &request.paths {
        open += one(request, image, &verdicts, &mut asked)?;
    }
    let images: Vec<String> = request.paths.iter().map(|path| short_name(path)).collect();
    let asked: Vec<&str> = asked.into_iter().collect();
    for entry in verdicts.unused_packages(&asked, &images) {
        println!("verdict that nothing needs: {entry}");
    }
    if open > 0 {
        bail!("{open} packages differ without a verdict");
    }
    Ok(())
}

fn one(
    request: &Request,
    image: &Path,
    verdicts: &Verdicts,
    asked: &mut BTreeSet<&'static str>,
) -> anyhow::Result<usize> {
    let name = short_name(image);
    println!("== {name} ({})", image.display());
    let mut ours = inspect::packages(&inspect::inspect(request, image)?)?;
    let (told, known): (Vec<Package>, Vec<Package>) = ours
        .drain(..)
        .partition(|package| WITHOUT_TRUTH.contains(&package.kind.as_str()));
    ours = known;
    let truth = truth::of(request, image)?;
    let mut report = Report {
        image: &name,
        verdicts,
        verbose: request.verbose,
        open: 0,
    };
    report.against_truth(&ours, &truth);
    if !told.is_empty() {
        let free = told.iter().filter(|package| package.owned_by.is_none());
        println!(
            "  {} programs by what they say of themselves (no truth is kept), of no package: {}",
            told.len(),
            free.map(|package| format!("{} ({})", package.key(), package.path))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    for tool in peers::TOOLS {
        match peers::listed(request, tool, image) {
            Ok(Some(theirs)) => {
                asked.insert(tool);
                report.against_peer(tool, &ours, &theirs, &truth);
            }
            Ok(None) => {}
            Err(error) => println!("  {tool}: {error:#}"),
        }
    }
    Ok(report.open)
}

struct Report<'a> {
    image: &'a str,
    verdicts: &'a Verdicts,
    verbose: bool,
    /// Differences without a verdict.
    open: usize,
}

/// Paths by package.
type Listing = BTreeMap<Key, Vec<String>>;

fn listing<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Listing {
    let mut listing = Listing::new();
    for package in packages {
        listing
            .entry(package.key())
            .or_default()
            .push(package.path.clone());
    }
    listing
}

/// What one listing has more than the other, package by package and as often.
fn beyond(one: &Listing, other: &Listing) -> Vec<(Key, String)> {
    let mut beyond = Vec::new();
    for (key, paths) in one {
        let empty = Vec::new();
        let others = other.get(key).unwrap_or(&empty);
        let more = paths.len().saturating_sub(others.len());
        let unlike = paths.iter().filter(|path| !others.contains(path));
        beyond.extend(unlike.take(more).map(|path| (key.clone(), path.clone())));
    }
    beyond
}

fn of_kind(listing: &Listing, kind: &str) -> usize {
    let of_kind = listing.iter().filter(|(key, _)| key.kind == kind);
    of_kind.map(|(_, paths)| paths.len()).sum()
}

impl Report<'_> {
    fn against_truth(&mut self, ours: &[Package], truth: &Truth) {
        let facts = settle_loose(&truth.facts, ours);
        let having = |standing| facts.iter().filter(move |fact| fact.standing == standing);
        let installed = listing(having(Standing::Installed).map(|fact| &fact.package));
        let owned = listing(having(Standing::Owned).map(|fact| &fact.package));
        let tolerated = listing(
            having(Standing::Vendored)
                .chain(having(Standing::Project))
                .map(|fact| &fact.package),
        );
        let our_own = listing(ours.iter().filter(|package| package.owned_by.is_none()));
        let our_owned = listing(ours.iter().filter(|package| package.owned_by.is_some()));

        let missing = beyond(&installed, &our_own);
        let missing_owned = beyond(&owned, &our_owned);
        let (mut extra, mut unowned, mut allowed) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (key, path) in beyond(&our_own, &installed) {
            if tolerated.contains_key(&key) {
                *allowed.entry(key.kind).or_insert(0) += 1;
            } else if owned.contains_key(&key) && !installed.contains_key(&key) {
                unowned.push((key, path));
            } else {
                extra.push((key, path));
            }
        }
        // An owner that the distribution's own lists do not know.
        let misowned: Vec<(Key, String)> = ours
            .iter()
            .filter(|package| {
                let outer = package.path.split(['!', ':']).next().unwrap_or_default();
                match (&package.owned_by, truth.owners.get(outer)) {
                    (Some(ours), Some(theirs)) => {
                        let bare = ours.split([':', ' ', '@', '=']).next().unwrap_or(ours);
                        bare != theirs && ours != theirs
                    }
                    (Some(_), None) => true,
                    (None, _) => false,
                }
            })
            .map(|package| (package.key(), package.path.clone()))
            .collect();

        let kinds: BTreeSet<&str> = installed
            .keys()
            .chain(owned.keys())
            .chain(our_own.keys())
            .chain(our_owned.keys())
            .map(|key| key.kind.as_str())
            .collect();
        println!(
            "  {:10} {:>6} {:>6} {:>8} {:>6} {:>7} {:>6} {:>11}",
            "kind", "truth", "ours", "recall", "extra", "allowed", "owned", "owned found"
        );
        for kind in kinds {
            let known = of_kind(&installed, kind);
            let lost = missing.iter().filter(|(key, _)| key.kind == kind).count();
            let known_owned = of_kind(&owned, kind);
            let lost_owned = missing_owned.iter().filter(|(key, _)| key.kind == kind);
            println!(
                "  {kind:10} {known:>6} {:>6} {:>7.2}% {:>6} {:>7} {known_owned:>6} {:>11}",
                of_kind(&our_own, kind),
                super::cases::percent(known - lost, known),
                extra.iter().filter(|(key, _)| key.kind == kind).count(),
                allowed.get(kind).copied().unwrap_or(0),
                known_owned - lost_owned.count(),
            );
        }
        self.tell("truth", Side::Theirs, "not found by us", &missing);
        self.tell("truth", Side::Ours, "of ours, not in the truth", &extra);
        self.tell(
            "truth",
            Side::Ours,
            "owned by the distribution, listed as if not",
            &unowned,
        );
        self.tell(
            "truth",
            Side::Ours,
            "with an owner that its lists do not know",
            &misowned,
        );
        self.tell(
            "truth",
            Side::Theirs,
            "owned, not listed at all",
            &missing_owned,
        );
    }

    /// Prints differences that no verdict takes off, and counts them.
    fn tell(&mut self, with: &str, lists: Side, what: &str, differences: &[(Key, String)]) {
        let mut left = Vec::new();
        let mut judged = 0;
        for (key, path) in differences {
            match self.verdicts.find(with, self.image, lists, key, path) {
                Some(_) => judged += 1,
                None => left.push((key, path)),
            }
        }
        self.open += left.len();
        if left.is_empty() && judged == 0 {
            return;
        }
        println!("  {}: {} ({judged} more have a verdict)", what, left.len());
        let shown = if self.verbose { usize::MAX } else { SHOWN };
        for (key, path) in left.iter().take(shown) {
            println!("    {} {key}  {path}", key.kind);
        }
        if left.len() > shown {
            println!("    … {} more (-v)", left.len() - shown);
        }
    }

    /// Against another tool: packages by kind, name and version, each once.
    fn against_peer(&mut self, tool: &str, ours: &[Package], theirs: &[Package], truth: &Truth) {
        let facts = settle_loose(&truth.facts, ours);
        // Trivy leaves out what the distribution owns; syft lists all.
        let visible = |package: &&Package| tool != "trivy" || package.owned_by.is_none();
        let mine = listing(ours.iter().filter(visible));
        let all = listing(ours);
        let their = listing(theirs);
        let kinds: BTreeSet<&str> = mine
            .keys()
            .chain(their.keys())
            .map(|key| key.kind.as_str())
            .collect();
        println!(
            "  {tool:10} {:>6} {:>6} {:>6} {:>11} {:>9}   (each package once)",
            "theirs", "ours", "both", "theirs only", "ours only"
        );
        let mut sorts: BTreeMap<(&str, String), Vec<(Key, String)>> = BTreeMap::new();
        for kind in kinds {
            let count = |listing: &Listing| listing.keys().filter(|key| key.kind == kind).count();
            let both = mine
                .keys()
                .filter(|key| key.kind == kind && their.contains_key(key))
                .count();
            println!(
                "  {kind:10} {:>6} {:>6} {both:>6} {:>11} {:>9}",
                count(&their),
                count(&mine),
                count(&their) - both,
                count(&mine) - both,
            );
        }
        for (side, ones, others) in [("theirs only", &their, &mine), ("ours only", &mine, &their)] {
            let lists = if side == "ours only" {
                Side::Ours
            } else {
                Side::Theirs
            };
            for (key, paths) in ones.iter().filter(|(key, _)| !others.contains_key(key)) {
                let path = paths.first().cloned().unwrap_or_default();
                let word = match self.verdicts.find(tool, self.image, lists, key, &path) {
                    Some(entry) => format!("{}: {}", right(entry.right), entry.why),
                    None => match judge(&facts, lists, key, all.contains_key(key)) {
                        Ok(word) => word,
                        Err(word) => {
                            self.open += 1;
                            format!("OPEN: {word}")
                        }
                    },
                };
                sorts
                    .entry((side, word))
                    .or_default()
                    .push((key.clone(), path));
            }
        }
        for ((side, word), packages) in sorts {
            println!("  {side}, {}: {word}", packages.len());
            let shown = match (self.verbose, word.starts_with("OPEN")) {
                (true, _) => usize::MAX,
                (false, true) => SHOWN,
                (false, false) => 3,
            };
            for (key, path) in packages.iter().take(shown) {
                println!("    {} {key}  {path}", key.kind);
            }
            if packages.len() > shown {
                println!("    … {} more (-v)", packages.len() - shown);
            }
        }
    }
}

fn right(right: Right) -> &'static str {
    match right {
        Right::Ours => "ours is right",
        Right::Theirs => "theirs is right",
        Right::BothWrong => "both are wrong",
    }
}

/// What the truth says of a package that one side lists: a verdict, or that there is none.
fn judge(facts: &[Fact], lists: Side, key: &Key, ours_has: bool) -> Result<String, String> {
    let standing = facts
        .iter()
        .filter(|fact| fact.package.key() == *key)
        .map(|fact| fact.standing)
        .next();
    match (lists, standing) {
        (Side::Ours, Some(standing)) => Ok(format!(
            "ours is right, the truth has it: {}",
            standing.as_str()
        )),
        (Side::Ours, None) => Err("not in the truth".to_owned()),
        (Side::Theirs, Some(Standing::Owned)) if ours_has => {
            Ok("ours is right: it is the distribution's, and listed as such".to_owned())
        }
        (Side::Theirs, Some(Standing::Vendored | Standing::Project)) => {
            Ok("either: vendored, the project's own, or a trace".to_owned())
        }
        (Side::Theirs, Some(standing)) => Err(format!("the truth has it: {}", standing.as_str())),
        (Side::Theirs, None) => {
            // The same package in another version is a question of reading, not of finding.
            let other = facts
                .iter()
                .find(|fact| fact.package.kind == key.kind && fact.package.key().name == key.name);
            match other {
                Some(fact) => Ok(format!(
                    "ours is right: the truth has this name in other versions ({})",
                    fact.standing.as_str()
                )),
                None if facts.iter().any(|fact| fact.package.kind == key.kind) => {
                    Ok("ours is right: no such package is installed".to_owned())
                }
                None => Err("of a kind of which no truth is kept".to_owned()),
            }
        }
    }
}

/// Java archives that do not say what they are: where ours names one of the names and versions that
/// are as right as any, that is what the truth says.
fn settle_loose(facts: &[Fact], ours: &[Package]) -> Vec<Fact> {
    let mut facts = facts.to_vec();
    for fact in facts.iter_mut().filter(|fact| fact.loose) {
        let file = |path: &str| {
            let parts = path.rsplit(['/', '!', ':']);
            parts.into_iter().next().unwrap_or_default().to_owned()
        };
        let stated = file(&fact.package.path);
        let same = ours.iter().find(|package| {
            let name = package.key().name;
            let version_fits =
                package.version == fact.package.version || fact.versions.contains(&package.version);
            let name_fits = name == fact.package.key().name
                || fact.names.iter().any(|other| {
                    let other = other.to_lowercase();
                    other == name || other.ends_with(&format!(".{name}"))
                });
            package.kind == fact.package.kind
                && file(&package.path) == stated
                && (version_fits || name_fits)
        });
        if let Some(package) = same {
            fact.package.name.clone_from(&package.name);
            fact.package.version.clone_from(&package.version);
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, path: &str) -> Package {
        Package {
            kind: "npm".to_owned(),
            name: name.to_owned(),
            version: "1".to_owned(),
            path: path.to_owned(),
            owned_by: None,
        }
    }

    #[test]
    fn two_copies_count_twice() {
        let two = [package("a", "x"), package("a", "y"), package("b", "z")];
        let one = [package("a", "y")];
        let missing = beyond(&listing(&two), &listing(&one));
        let paths: Vec<&str> = missing.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, ["x", "z"]);
        assert!(beyond(&listing(&one), &listing(&two)).is_empty());
    }

    #[test]
    fn a_loose_fact_takes_the_name_that_is_as_right() {
        let mut ours = package("org.x:core", "app.jar!lib/core-3.x.jar");
        ours.kind = "maven".to_owned();
        ours.version = "3.1".to_owned();
        let mut fact = Fact {
            package: ours.clone(),
            standing: Standing::Installed,
            loose: true,
            names: vec!["org.x.core".to_owned()],
            versions: vec!["3.1".to_owned()],
        };
        fact.package.name = "core".to_owned();
        fact.package.version = "3.x".to_owned();
        let settled = settle_loose(&[fact], &[ours]);
        assert_eq!(settled[0].package.key().to_string(), "core@3.1");
    }
}
