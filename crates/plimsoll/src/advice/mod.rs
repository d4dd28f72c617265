//! What to do about known vulnerabilities: adds to a report the edits that remove them, each at the
//! line a person would change.

mod files;
mod workspaces;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;
use plimsoll_model::{Inventory, Package, Platform, Report, Skipped, SourceFile, Topic};
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
    let mut all = named(&recipe);
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
fn named(recipe: &Recipe) -> Vec<DeclaredPackage> {
    let installs = recipe.installs.iter();
    installs
        .flat_map(|install| {
            let line = install.place.start.line;
            install.words.iter().flat_map(move |word| {
                let version = word.version.as_ref();
                DeclaredPackage::named(word.kind, &word.text, &word.place, version, line)
            })
        })
        .collect()
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
