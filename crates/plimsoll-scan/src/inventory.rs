//! Puts the facts of all layers together.

mod secrets;
mod unreadable;

use std::collections::BTreeMap;

use plimsoll_image::Image;
use plimsoll_model::{
    Distribution, ImageConfig, Inventory, LayerFacts, LinkedFunctions, Skipped, StartupProblem,
    Topic, filled_steps,
};

use self::secrets::partly_searched;
use self::unreadable::unread_files;
use crate::base;
use crate::catalogue::{Candidate, Document, distribution, is_essential, unread};
use crate::notable::{notable, programs};
use crate::package_cache::PackageCaches;
use crate::packages::{gaps, packages, unread_stores};
use crate::record::{FactKind, LayerRecord};
use crate::savings::{Context, savings};
use crate::secret::{self, Detector, KnownValues};
use crate::startup::{Facts, Startup, accounts, needs};
use crate::tree::Tree;
use crate::waste::{self, LayerBytes};
use crate::{ImageFiles, Outcome};

/// The search path of an image that sets none, as container runtimes fill it in.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(crate) fn assemble(
    image: &Image,
    records: &[LayerRecord],
    tree: &Tree<'_>,
    files: Option<&mut ImageFiles>,
    mut skipped: Vec<Skipped>,
) -> Outcome {
    let detector = Detector::shared();
    let duplicates = waste::duplicates(tree);
    let (mut waste, layer_bytes) = waste::measure(records, tree, &duplicates);
    // What was not read may hold what would otherwise be missed.
    let complete = skipped.is_empty();
    let distribution = find_distribution(records, tree);
    let packages = packages(records, tree, distribution.as_ref(), &mut skipped);
    let config = &image.config;
    let path = config
        .env
        .iter()
        .rev()
        .find_map(|variable| variable.strip_prefix("PATH="))
        .unwrap_or(DEFAULT_PATH);
    let mut base = base::find(image, records);
    let above = base.as_ref().map_or(0, |base| base.layers);
    let in_files = secrets::in_files(records, tree, above);
    let fingerprints = in_files.0.iter().map(|one| one.fingerprint.as_str());
    let known = KnownValues::of_shown(fingerprints);
    let shown = secret::redacted_beside(config, &known, detector);
    let layers = layer_facts(image, records, &layer_bytes, &shown.config);
    skipped.extend(joined_layers(image));
    skipped.extend(covered_links(tree));
    if let Some(name) = base.as_mut().and_then(|base| base.name.as_mut()) {
        *name = shown.name(name, detector);
        if let Some(shown) = secret::redacted_image_name(name, detector) {
            *name = shown;
        }
    }
    let instructions: Vec<Option<&str>> = layers
        .iter()
        .map(|layer| layer.instruction.as_deref())
        .collect();
    let caches = PackageCaches::new(tree, &packages.installed);
    waste.savings = savings(
        tree,
        &duplicates,
        &packages.ownership,
        &Context {
            instructions: &instructions,
            base: above,
            caches: &caches,
        },
    );
    let accounts = accounts::find(records, tree, complete);
    let image_facts = Facts {
        config,
        records,
        tree,
        accounts: &accounts,
        search_path: path,
    };
    let (secrets, partly) = secrets::secrets(in_files, config, &shown, detector);
    let mut startup = if complete {
        image_facts.startup()
    } else {
        Startup::default()
    };
    let conceal = |text: &mut String| *text = shown.name(text, detector);
    for file in &mut startup.files {
        conceal(&mut file.word);
        file.given_to.iter_mut().for_each(conceal);
        for problem in &mut file.problems {
            match problem {
                StartupProblem::Denied { user, .. } => conceal(user),
                StartupProblem::UnknownAccount { name, .. } => conceal(name),
                StartupProblem::MissingInterpreter { interpreter, .. } => conceal(interpreter),
                StartupProblem::MissingLibraries { libraries, .. } => {
                    libraries.iter_mut().for_each(conceal);
                }
                _ => {}
            }
        }
    }
    for unclear in &mut startup.unclear {
        conceal(&mut unclear.what);
    }
    skipped.append(&mut startup.unclear);
    unread_stores(tree, &packages.ownership, &mut skipped);
    gaps(records, tree, &packages, &mut skipped);
    unread_files(records, tree, &packages.ownership, &mut skipped);
    partly_searched(records, &partly, &mut skipped);
    without_database(distribution.as_ref(), packages.has_database, &mut skipped);
    skipped.sort();
    skipped.dedup();
    if let Some(files) = files {
        files.set_owners(|path| packages.ownership.owner(path).map(|owner| owner.name));
    }
    let inventory = Inventory {
        startup: startup.files,
        without_certificates: if complete {
            needs::without_certificates(tree, config)
        } else {
            Vec::new()
        },
        workdir_blockage: image_facts.workdir_blockage().filter(|_| complete),
        missing_time_zone: needs::missing_time_zone(tree, config)
            .filter(|_| complete)
            .map(|zone| shown.name(&zone, detector)),
        users: accounts
            .users
            .iter()
            .map(|user| (user.name.clone(), user.uid))
            .collect(),
        accounts,
        packages: packages.installed,
        sourceless: Vec::new(),
        removed_packages: packages.removed,
        linked: linked(records, tree),
        layers,
        base,
        waste,
        notable: notable(tree, &secrets, &caches),
        secrets,
        programs: programs(tree, path),
        distribution,
    };
    Outcome {
        inventory,
        config: shown.config,
        skipped,
    }
}

/// Says that a distribution is known and none of its packages are, unless the reason was said.
fn without_database(
    distribution: Option<&Distribution>,
    has_database: bool,
    gaps: &mut Vec<Skipped>,
) {
    if let Some(distribution) = distribution
        && !has_database
        && !gaps.iter().any(tells_of_databases)
    {
        gaps.push(Skipped::blocking(
            Topic::Packages,
            Distribution::PACKAGES,
            format!(
                "it is {}, and no package database that is read is there: they are missing from \
                 the inventory; copy the database with the files, or, where it holds none of \
                 them, a `[[policy.waiver]]` with `gap = \"{}\"` in plimsoll.toml takes that",
                [&*distribution.id, &*distribution.version]
                    .join(" ")
                    .trim_end(),
                Distribution::PACKAGES,
            ),
        ));
    }
}

/// Whether it is why packages of the distribution may be missing: of a database, of one that is not
/// read, or of a layer that may have held one.
fn tells_of_databases(gap: &Skipped) -> bool {
    let first = gap.what.split(" and ").next().unwrap_or_default();
    let is_store = || unread::STORES.iter().any(|store| (store.claims)(first));
    let is_database = || {
        is_essential(&Candidate::new(&gap.what, 0, 0, b""))
            && !distribution::PATHS.contains(&gap.what.as_str())
    };
    // A layer deletes one.
    let is_deleted = || gap.what == Distribution::PACKAGES;
    gap.blocking
        && match gap.about {
            Topic::Files => true,
            Topic::Packages => is_deleted() || is_store() || is_database(),
            _ => false,
        }
}

/// What was linked into the Go programs that are there.
fn linked(records: &[LayerRecord], tree: &Tree<'_>) -> BTreeMap<String, LinkedFunctions> {
    let mut linked = BTreeMap::new();
    for (path, _, document) in tree.documents(records) {
        if let Document::Binary(binary) = document
            && let Some(functions) = &binary.linked
        {
            linked.insert(path.to_owned(), functions.clone());
        }
    }
    linked
}

fn find_distribution(records: &[LayerRecord], tree: &Tree<'_>) -> Option<Distribution> {
    distribution::PATHS.iter().find_map(|path| {
        let (real, node) = tree.follow(path)?;
        match records.get(node.layer)?.documents.get(&real)? {
            Document::OsRelease(distribution) => Some(distribution.clone()),
            _ => None,
        }
    })
}

/// Measures of each layer. History names the instruction of each where it has as many steps that
/// made a layer as there are layers; otherwise it is not to be trusted for any. A layer that holds what
/// several wrote is none of one's.
fn layer_facts(
    image: &Image,
    records: &[LayerRecord],
    layer_bytes: &[LayerBytes],
    config: &ImageConfig,
) -> Vec<LayerFacts> {
    let steps = filled_steps(&config.history);
    let known = steps.len() == image.manifest.layers.len();
    image
        .manifest
        .layers
        .iter()
        .zip(&image.diff_ids)
        .enumerate()
        .map(|(index, (descriptor, diff_id))| LayerFacts {
            digest: descriptor.digest.clone(),
            diff_id: diff_id.clone(),
            compressed_size: descriptor.size,
            size: records.get(index).map_or(0, |record| record.stats.bytes),
            entries: records.get(index).map_or(0, |record| record.stats.entries),
            instruction: steps
                .get(index)
                .filter(|(_, is_alone)| known && *is_alone)
                .and_then(|(at, _)| config.history.get(*at)?.created_by.clone())
                .filter(|text| !text.trim().is_empty()),
            source: None,
            file_bytes: layer_bytes.get(index).map_or(0, |bytes| bytes.files),
            wasted: layer_bytes.get(index).map_or(0, |bytes| bytes.wastes),
            hidden: layer_bytes.get(index).map_or(0, |bytes| bytes.hidden),
        })
        .collect()
}

/// Links that layers put folders in the place of without naming these. Few who make such layers know it:
/// what lay behind the link is found by that name no more.
fn covered_links(tree: &Tree<'_>) -> Vec<Skipped> {
    let links = tree.covered().iter();
    let links: Vec<_> = links
        .filter(|(_, fact)| matches!(fact.kind, FactKind::Symlink(_)))
        .collect();
    let layers = links.chunk_by(|a, b| a.0 == b.0);
    let lines = layers.filter_map(|covered| {
        let ((layer, link), others) = covered.split_first()?;
        let more = match others.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(Skipped::new(Topic::Configuration, format!("layer {layer}"), format!(
                "it writes below /{}{more}, a link of a lower layer, and not where that leads: it was \
                 judged as overlay file systems show it, with a folder in the link's place and nothing \
                 else in it; engines without them follow the link",
                link.path.escape_debug()
            )))
    });
    lines.collect()
}

/// That layers hold what several instructions wrote, where the history tells so.
fn joined_layers(image: &Image) -> Option<Skipped> {
    let steps = filled_steps(&image.config.history);
    if steps.len() != image.manifest.layers.len() {
        return None;
    }
    let mut joined = steps.iter().enumerate().filter(|(_, (_, alone))| !alone);
    let (first, _) = joined.next()?;
    let more = match joined.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Skipped::new(
        Topic::Configuration,
        format!("layer {first}{more}"),
        "several instructions were built into one layer: which of them brought a file is not known",
    ))
}
