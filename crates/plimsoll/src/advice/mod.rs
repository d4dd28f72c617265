//! What to do about known vulnerabilities: adds to a report the edits that remove them, each at the
//! line a person would change.

mod files;
mod workspaces;

use std::cell::{LazyCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::civil::Date;
use plimsoll_model::{
    Inventory, Package, PackageKind, Platform, Report, Skipped, SourceFile, SourceOrigin, Topic,
};
use plimsoll_report::count;
use plimsoll_rules::Recipe;
use plimsoll_scan::advisory::{AdviceInput, BuiltIn, DeclaredPackage, advise, distinct};

use self::files::declared;
use crate::advisories::Advisories;
use crate::policy::vulnerabilities::{Gate, Ruling};

/// What is known of the project an image was built from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origins<'a> {
    /// Its Dockerfile.
    pub(crate) dockerfile: Option<&'a SourceFile>,
    /// The stage that was built, where it is not the last.
    pub(crate) target: Option<&'a str>,
    /// The folder with what it was built from.
    pub(crate) folder: Option<&'a Path>,
}

/// Adds the advice on what the report says; what holds the image back, as `judged`, counts, and so does
/// what another version has where the `gate` would not let that pass. The same advisories tell what they
/// know of other versions.
pub(crate) fn add(
    report: &mut Report,
    origins: Origins<'_>,
    judged: &Ruling,
    gate: &Gate,
    today: Date,
    advisories: &Advisories<'_>,
    platform: Option<&Platform>,
) {
    if report.vulnerabilities.is_empty() && report.pending_updates.is_empty() {
        return;
    }
    let base = origins
        .dockerfile
        .and_then(|file| plimsoll_build::base_source(file, origins.target));
    let mut found = report.vulnerabilities.iter();
    // What came with the base, no file of the project asks for.
    let is_asked_for = found.any(|found| found.in_base != Some(true))
        || report
            .pending_updates
            .iter()
            .any(|update| update.in_base != Some(true));
    let recipe = match origins.dockerfile {
        Some(file) if is_asked_for => Recipe::of(file, origins.target),
        _ => Recipe::default(),
    };
    let mut all = named(&recipe, &report.inventory);
    if let Some(folder) = origins.folder.filter(|_| is_asked_for) {
        all.extend(declared(folder, &recipe));
    }
    // What is installed for certain is kept where there is too much.
    all.sort_by_key(|one| (one.standing, one.is_aside));
    let (declared, left_out) = distinct(all);
    let built_in = built_in(&recipe, &report.inventory);
    if left_out > 0 {
        report.skipped.push(Skipped::new(Topic::Advice, "files of the project", format!(
                "{left_out} more lines ask for packages that hundreds of lines ask for: the advice names \
                 none of them"
            )));
        report.skipped.sort();
    }
    let holding = |packages: Vec<Package>| Inventory {
        packages,
        distribution: report.inventory.distribution.clone(),
        ..Inventory::default()
    };
    let identity = gate.identity(report);
    let outlook = RefCell::new(gate.outlook(report, &identity, today));
    let judge = |packages: Vec<Package>| advisories.again(&holding(packages), platform);
    let weigh = |packages: Vec<Package>| advisories.again_in_full(&holding(packages), platform);
    let advice = advise(&AdviceInput {
        inventory: &report.inventory,
        vulnerabilities: &report.vulnerabilities,
        updates: &report.pending_updates,
        base: base.as_ref(),
        declared: &declared,
        built_in: &built_in,
        counts: &|at| judged.held_back_by.binary_search(&at).is_ok(),
        update_counts: &|at| judged.updates_held_back_by.binary_search(&at).is_ok(),
        judge: Some(&judge),
        weigh: Some(&weigh),
        would_count: &|one| outlook.borrow_mut().holds_back(one),
        accepted: &report.suppressed_vulnerabilities,
        would_count_again: &|one| outlook.borrow_mut().holds_back_again(one),
        ends: Some(&|packages| advisories.ends(packages)),
    });
    if advice.untried > 0 {
        report.skipped.push(Skipped::new(
            Topic::Advice,
            "advice",
            format!(
                "of {} it was not looked at what other known vulnerabilities the version that is named \
                 has, or whether another one has fewer",
                count(advice.untried, "more package"),
            ),
        ));
        report.skipped.sort();
    }
    report.advice = advice;
}

/// The packages that the Dockerfile's own command lines name.
fn named(recipe: &Recipe, inventory: &Inventory) -> Vec<DeclaredPackage> {
    let of_one_source = of_one_source(recipe, inventory);
    let installs = recipe.installs.iter();
    installs
        .flat_map(|install| {
            let line = install.place.start.line;
            let of_one_source = &of_one_source;
            install.words.iter().flat_map(move |word| {
                let is_one = |variable: &&SourceOrigin| {
                    !word.is_shared || of_one_source.contains(&variable.span.start)
                };
                let version = word.version.as_ref().filter(is_one);
                DeclaredPackage::named(word.kind, &word.text, &word.place, version, line)
            })
        })
        .collect()
}

/// Where the variables stand that several packages of the distribution take their version from, all built
/// from one source: they go to one version together. Of others each wants a version of its own.
fn of_one_source(recipe: &Recipe, inventory: &Inventory) -> HashSet<usize> {
    let words = recipe.installs.iter().flat_map(|install| &install.words);
    let shared = words.filter(|word| word.is_shared);
    let mut sources: HashMap<usize, HashSet<Option<(&str, &str)>>> = HashMap::new();
    let packages = LazyCell::new(|| {
        let mut by_name: HashMap<(PackageKind, &str), Vec<&Package>> = HashMap::new();
        for package in &inventory.packages {
            let key = (package.kind, package.name.as_str());
            by_name.entry(key).or_default().push(package);
        }
        by_name
    });
    for (word, variable) in shared.filter_map(|word| Some((word, word.version.as_ref()?))) {
        let known = sources.entry(variable.span.start).or_default();
        let named = DeclaredPackage::named(word.kind, &word.text, &word.place, None, 0);
        let found: Vec<&Package> = named
            .iter()
            .filter(|one| one.kind.is_system())
            .filter_map(|one| packages.get(&(one.kind, one.name.as_str())))
            .flatten()
            .copied()
            .collect();
        known.extend(found.iter().map(|package| Some(built_from(package))));
        if found.is_empty() {
            known.insert(None);
        }
    }
    let is_one = |known: &HashSet<Option<_>>| known.len() == 1 && !known.contains(&None);
    let of_one = sources.into_iter().filter(|(_, known)| is_one(known));
    of_one.map(|(start, _)| start).collect()
}

/// The source package that a package was built from: without a word on that, it is its own.
fn built_from(package: &Package) -> (&str, &str) {
    let (name, version) = (package.name.as_str(), package.version.as_str());
    match &package.source {
        Some((source, told)) if !told.is_empty() => (source, told),
        Some((source, _)) => (source, version),
        None => (name, version),
    }
}

/// The images that what the layers hold was built in.
fn built_in(recipe: &Recipe, inventory: &Inventory) -> Vec<BuiltIn> {
    let makers = recipe.makers.iter();
    let makers: HashMap<usize, _> = makers.map(|maker| (maker.start, &maker.bases)).collect();
    let layers = inventory.layers.iter().enumerate();
    layers
        .filter_map(|(layer, facts)| {
            let start = facts.source.as_ref()?.span.start;
            let bases = (*makers.get(&start)?).clone();
            Some(BuiltIn { layer, bases })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    #[test]
    fn what_is_built_from_one_source_shares_the_variable_of_its_version() {
        let package = |name: &str, source: Option<&str>| {
            let (kind, path) = (PackageKind::Deb, "var/lib/dpkg/status");
            let purl = String::new();
            Package {
                source: source.map(|source| (source.to_owned(), String::new())),
                ..Package::new(kind, name, "3-1", purl, path, Evidence::Database, 1)
            }
        };
        let inventory = Inventory {
            packages: vec![
                package("openssl", None),
                package("libssl3", Some("openssl")),
                package("curl", None),
            ],
            ..Inventory::default()
        };
        let lines = |command: &str| -> Vec<usize> {
            let text = format!("FROM x\nARG V=3-1\nRUN {command}\n");
            let recipe = Recipe::of(&SourceFile::new("Dockerfile", text), None);
            let named = named(&recipe, &inventory).into_iter();
            named.map(|one| one.place.start.line).collect()
        };
        for (command, told) in [
            ("apt-get install openssl=$V libssl3:amd64=${V}", [2, 2]),
            ("apt-get install openssl=$V curl=$V", [3, 3]),
            ("apt-get install openssl=$V gone=$V", [3, 3]),
            ("pip install openssl==$V libssl3==$V", [3, 3]),
            ("apt-get install openssl=$V libssl3=3-1", [2, 3]),
        ] {
            assert_eq!(lines(command), told, "{command}");
        }
    }
}
