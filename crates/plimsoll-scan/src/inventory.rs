//! Puts the facts of all layers together.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_image::Image;
use plimsoll_model::{
    Distribution, ImageConfig, Inventory, LayerFacts, LinkedFunctions, SecretSighting, Severity,
    Skipped, StartupProblem, filled_steps,
};

use crate::base;
use crate::catalogue::{Candidate, Document, distribution, is_essential, system_databases, unread};
use crate::gaps::Gaps;
use crate::hidden::Hidden;
use crate::notable::{notable, programs};
use crate::packages::{Ownership, Published, gaps, named_files, packages, unread_stores};
use crate::record::{FactKind, LayerRecord};
use crate::savings::{Context, savings};
use crate::secret::{self, Detector, FileSighting, Fingerprint, Redacted};
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
    skipped: Vec<Skipped>,
) -> Outcome {
    let detector = Detector::shared();
    let duplicates = waste::duplicates(tree);
    let (mut waste, layer_bytes) = waste::measure(records, tree, &duplicates);
    // What was not read may hold what would otherwise be missed.
    let complete = skipped.is_empty();
    let mut told = Gaps {
        skipped,
        ..Gaps::default()
    };
    let distribution = find_distribution(records, tree);
    let packages = packages(records, tree, distribution.as_ref(), &mut told);
    let config = &image.config;
    let path = config
        .env
        .iter()
        .rev()
        .find_map(|variable| variable.strip_prefix("PATH="))
        .unwrap_or(DEFAULT_PATH);
    let shown = secret::redacted_with(config, detector);
    let layers = layer_facts(image, records, &layer_bytes, &shown.config);
    told.skipped.extend(joined_layers(image));
    let mut base = base::find(image, records);
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
    waste.savings = savings(
        tree,
        &duplicates,
        &packages.ownership,
        &Context {
            instructions: &instructions,
            base: base.as_ref().map_or(0, |base| base.layers),
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
    let (secrets, partly) = secrets(records, tree, config, &shown, detector);
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
    told.skipped.append(&mut startup.unclear);
    unread_stores(tree, &packages.ownership, &mut told);
    gaps(records, tree, &packages, &mut told);
    unread_files(records, tree, &packages.ownership, &mut told);
    partly_searched(records, &partly, &mut told);
    without_database(distribution.as_ref(), packages.has_database, &mut told);
    told.sort();
    if let Some(files) = files {
        files.set_owners(|path| packages.ownership.owner(path).map(|owner| owner.name));
    }
    let inventory = Inventory {
        uncovered: told.files,
        startup: startup.files,
        without_certificates: if complete {
            needs::without_certificates(tree, config)
        } else {
            Vec::new()
        },
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
        removed_packages: packages.removed,
        linked: linked(records, tree),
        layers,
        base,
        waste,
        notable: notable(tree, &secrets),
        secrets,
        programs: programs(tree, path),
        distribution,
    };
    Outcome {
        inventory,
        config: shown.config,
        skipped: told.skipped,
    }
}

/// Says that a distribution is known and none of its packages are, unless the reason was said.
fn without_database(distribution: Option<&Distribution>, has_database: bool, gaps: &mut Gaps) {
    if let Some(distribution) = distribution
        && !has_database
        && !gaps.skipped.iter().any(tells_of_databases)
    {
        gaps.skipped.push(Skipped {
            what: Distribution::PACKAGES.to_owned(),
            why: format!(
                "it is {}, and no package database that is read is there: they are missing from \
                 the inventory; copy the database with the files, or, where it holds none of \
                 them, a `[[policy.waiver]]` with `gap = \"{}\"` in plimsoll.toml takes that",
                [&*distribution.id, &*distribution.version]
                    .join(" ")
                    .trim_end(),
                Distribution::PACKAGES,
            ),
            blocking: true,
        });
    }
}

/// Whether it is why packages of the distribution may be missing: of a database, of one that is not
/// read, or of a layer that may have held one.
fn tells_of_databases(gap: &Skipped) -> bool {
    let is_layer = gap.what.strip_prefix("layer ").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let first = gap.what.split(" and ").next().unwrap_or_default();
    let is_store = || unread::STORES.iter().any(|store| (store.claims)(first));
    let is_database = || {
        is_essential(&Candidate::new(&gap.what, 0, 0, b""))
            && !distribution::PATHS.contains(&gap.what.as_str())
    };
    // A layer deletes one.
    let is_deleted = gap.what == Distribution::PACKAGES;
    gap.blocking && (is_layer || is_deleted || is_store() || is_database())
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
    Some(Skipped {
        what: format!("layer {first}{more}"),
        why: "several instructions were built into one layer: which of them brought a file is not known"
            .to_owned(),
        blocking: false,
    })
}

/// The credentials of files and of the configuration, and what of the latter was searched in part.
fn secrets(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    config: &ImageConfig,
    shown: &Redacted,
    detector: &Detector,
) -> (Vec<SecretSighting>, Vec<String>) {
    let secret::InConfig {
        mut sightings,
        partly,
    } = secret::in_config(config, shown, detector);
    let paths: Vec<&str> = records
        .iter()
        .flat_map(|record| &record.secrets)
        .map(|sighting| sighting.path.as_str())
        .collect();
    let published = Published::new(records, tree, &paths);
    let told: HashSet<(usize, &str, Fingerprint)> = records
        .iter()
        .enumerate()
        .flat_map(|(layer, record)| {
            record
                .secrets
                .iter()
                .map(move |other| (layer, other.path.as_str(), other.fingerprint))
        })
        .collect();
    let hidden = Hidden::new(records);
    // The first layer above that deletes the file or writes it without the value; its own where an
    // entry of that hides it.
    let gone_in = |layer: usize, path: &str, fingerprint: Fingerprint| {
        let mut below = layer;
        loop {
            match hidden.hidden_in(path, below) {
                above if above == below => return layer,
                above if told.contains(&(above, path, fingerprint)) => below = above,
                above => return above,
            }
        }
    };
    let mut seen = HashSet::new();
    for (layer, record) in records.iter().enumerate() {
        for sighting in &record.secrets {
            let FileSighting {
                kind,
                severity,
                path,
                line,
                fingerprint,
                sums,
                ..
            } = sighting;
            // A later layer that rewrites the file with the same secret tells nothing new.
            if !seen.insert((path.as_str(), *fingerprint, kind)) {
                continue;
            }
            // Whether the value is still to be seen: in the topmost version of the file.
            let visible = tree
                .get(path)
                .is_some_and(|node| told.contains(&(node.layer, path.as_str(), *fingerprint)));
            // Keys that try or explain a package open nothing.
            let is_key = matches!(
                &**kind,
                "private-key" | "encrypted-private-key" | "key-store"
            );
            if is_key && is_test_material(path) {
                continue;
            }
            let is_published = sums
                .as_ref()
                .is_some_and(|sums| published.holds(path, sums));
            sightings.push(SecretSighting {
                kind: kind.clone(),
                severity: if is_published {
                    Severity::Info
                } else if is_test_material(path) || path.starts_with(DOCUMENTATION) {
                    (*severity).min(Severity::Low)
                } else {
                    *severity
                },
                place: sighting.place(),
                layer: Some(layer),
                line: *line,
                fingerprint: fingerprint.to_string(),
                deleted_in: (!visible).then(|| gone_in(layer, path, *fingerprint)),
                also_at: Vec::new(),
                source: None,
            });
        }
    }
    sightings.sort_by(|a, b| {
        (&a.place, a.layer, a.line, &a.kind, &a.fingerprint).cmp(&(
            &b.place,
            b.layer,
            b.line,
            &b.kind,
            &b.fingerprint,
        ))
    });
    (each_once(sightings), partly)
}

/// What a tool draws in each build and writes to several files, which are told as places of one.
const DRAWN_BY_BUILDS: &[&str] = &["nextjs-preview-key"];

fn each_once(sightings: Vec<SecretSighting>) -> Vec<SecretSighting> {
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut told: Vec<SecretSighting> = Vec::with_capacity(sightings.len());
    for sighting in sightings {
        if DRAWN_BY_BUILDS.contains(&&*sighting.kind) {
            let known = first.get(&sighting.fingerprint);
            if let Some(known) = known.and_then(|known| told.get_mut(*known))
                && (known.layer, known.deleted_in) == (sighting.layer, sighting.deleted_in)
            {
                known.also_at.push(sighting.place);
                continue;
            }
            first.insert(sighting.fingerprint.clone(), told.len());
        }
        told.push(sighting);
    }
    told
}

/// Where packages of others lie, whoever installed them.
const THIRD_PARTY: &[&str] = &[
    "node_modules/",
    "site-packages/",
    "dist-packages/",
    "gems/",
    "pkg/mod/",
    "usr/local/go/",
    "usr/lib/go",
    "usr/share/go",
    "usr/share/doc/",
    "share/perl",
    "lib/perl5/",
    // Python's own library.
    "lib/python3.",
    "lib/python2.",
    // In whatever folder cargo has its home.
    "cargo/registry/",
    "cargo/git/checkouts/",
];

/// Keys that packages ship for their servers to be tried with, by the end of their paths.
const SHIPPED_KEYS: &[&str] = &["/Mojo/IOLoop/resources/server.key"];

/// Where what explains lies: whatever looks like a credential there is most often made up.
const DOCUMENTATION: &str = "usr/share/doc/";

/// Whether a path lies among the tests or examples of a third-party package.
fn is_test_material(path: &str) -> bool {
    SHIPPED_KEYS.iter().any(|key| path.ends_with(key))
        || THIRD_PARTY.iter().any(|place| {
            path.find(place).is_some_and(|at| {
                let inside = &path[at + place.len()..];
                is_test_file(inside)
                    || inside.split('/').any(|part| {
                        matches!(
                            part,
                            "test"
                                | "tests"
                                | "__tests__"
                                | "testing"
                                | "testdata"
                                | "fixtures"
                                | "spec"
                                | "example"
                                | "examples"
                                | "sample-keys"
                        )
                    })
            })
        })
}

/// Whether the name of a file in a package says that it tries the package or explains it.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    stem.starts_with("test_")
        || ["_test", ".test", "_spec", ".spec"]
            .iter()
            .any(|end| stem.ends_with(end))
        || matches!(ending, "md" | "rst" | "markdown")
}

/// Files that were wanted and could not be read, as far as they are still seen.
///
/// What holds packages back is told file by file, the rest in a line a reason. A file that a package
/// of the distribution owns is known by that package.
fn unread_files(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    ownership: &Ownership<'_>,
    gaps: &mut Gaps,
) {
    let mut by_reason: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for (layer, record) in records.iter().enumerate() {
        for unread in &record.unread {
            let Some(node) = tree.get(&unread.path).filter(|node| node.layer == layer) else {
                continue;
            };
            if unread.blocking {
                gaps.skipped.push(Skipped {
                    what: unread.path.clone(),
                    why: unread.why.clone(),
                    blocking: true,
                });
            } else if ownership.owner(&unread.path).is_none() {
                let files = by_reason.entry(&unread.why).or_default();
                files.push((&unread.path, node.fact.size));
            }
        }
    }
    for (why, mut files) in by_reason {
        files.sort_unstable();
        files.dedup();
        let line = Skipped {
            what: match files.as_slice() {
                [(path, _)] => (*path).to_owned(),
                files => named_files(files),
            },
            why: why.to_owned(),
            blocking: false,
        };
        gaps.add(line, files.iter().map(|(path, _)| *path));
    }
    // Where a database should lie and no file does, nothing was read either.
    for (path, node) in tree.iter() {
        if is_essential(&Candidate::new(path, 0, node.fact.mode, b""))
            && let Some(why) = is_no_file(records, tree, path, &node.fact.kind)
        {
            gaps.skipped.push(Skipped {
                what: path.to_owned(),
                why,
                blocking: true,
            });
        }
    }
    behind_linked_folders(records, tree, gaps);
}

/// Databases of packages that a link of one of their folders leads to: they came by under another
/// path, where nobody looks for one.
fn behind_linked_folders(records: &[LayerRecord], tree: &Tree<'_>, gaps: &mut Gaps) {
    for path in system_databases() {
        if tree.get(&path).is_some() {
            continue;
        }
        let Some((real, node)) = tree.follow(&path) else {
            continue;
        };
        let is_read = || records[node.layer].documents.contains_key(&real);
        if matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) && !is_read() {
            gaps.skipped.push(Skipped {
                why: format!(
                    "a folder above it is a link, by which it is {}, where nothing is read; put \
                     the folder here",
                    real.escape_debug()
                ),
                what: path,
                blocking: true,
            });
        }
    }
}

/// What an entry is that is no file, and leads to none that was read.
fn is_no_file(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    path: &str,
    kind: &FactKind,
) -> Option<String> {
    match kind {
        FactKind::Special => Some("it is a device or a pipe, not a file".to_owned()),
        // A folder of packages may have folders in it.
        FactKind::Directory if !path.contains("/status.d/") => {
            Some("it is a folder, not a file".to_owned())
        }
        FactKind::Symlink(target) => {
            let read = tree.follow(path).is_some_and(|(real, node)| {
                records
                    .get(node.layer)
                    .is_some_and(|record| record.documents.contains_key(&real))
            });
            let target: String = target.chars().take(SHOWN_TARGET).collect();
            (!read).then(|| {
                format!(
                    "it is a symbolic link to {}, where nothing is read; put the file here",
                    target.escape_debug()
                )
            })
        }
        _ => None,
    }
}

/// Characters of a link's target that are shown.
const SHOWN_TARGET: usize = 200;

/// What was searched only in part: files, and what of the configuration is beside them.
fn partly_searched(records: &[LayerRecord], beside: &[String], gaps: &mut Gaps) {
    let mut paths: Vec<&str> = records
        .iter()
        .flat_map(|record| &record.partly_searched)
        .chain(beside)
        .map(String::as_str)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let Some(first) = paths.first() else {
        return;
    };
    let line = Skipped {
        what: match paths.len() {
            1 => (*first).to_owned(),
            more => format!("{first} and {} more", more - 1),
        },
        why: "searched for secrets only in part: too long, too deep in archives, packed in a way that is not read, cut off, or too full of what looks like credentials".to_owned(),
        blocking: false,
    };
    gaps.add(line, paths);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_draws_is_told_once_a_value() {
        let sighting = |kind: &'static str, place: &str, value: &str| SecretSighting {
            kind: kind.into(),
            severity: Severity::Low,
            place: place.to_owned(),
            layer: Some(0),
            line: None,
            fingerprint: value.to_owned(),
            deleted_in: None,
            also_at: Vec::new(),
            source: None,
        };
        let key = "nextjs-preview-key";
        let told = each_once(vec![
            sighting(key, "m.js", "1"),
            sighting(key, "m.js", "2"),
            sighting(key, "m.json", "1"),
            sighting("jwt", "a", "3"),
            sighting("jwt", "b", "3"),
        ]);
        let places: Vec<&str> = told.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(places, ["m.js", "m.js", "a", "b"]);
        assert_eq!(told[0].also_at, ["m.json"]);
    }

    #[test]
    fn tests_of_others() {
        for path in [
            "root/.pyenv/versions/3.11.7/lib/python3.11/test/certdata/keycert.pem",
            "usr/local/lib/python3.12/test/keycert.pem",
            "usr/local/cargo/registry/src/index.crates.io-6f17/rustls-0.21.0/tests/certs/key.pem",
            "root/.cargo/registry/src/x/rustls-0.21.0/examples/key.pem",
            "usr/local/share/perl/5.36.0/Mojo/IOLoop/resources/server.key",
            "srv/node_modules/a/test/key.pem",
            "usr/lib/python3/site-packages/ecdsa/test_keys.py",
            "srv/node_modules/selfsigned/README.md",
            "srv/node_modules/a/lib/b.test.js",
        ] {
            assert!(is_test_material(path), "{path}");
        }
        for path in [
            "srv/test/key.pem",
            "usr/local/lib/python3.12/ssl/key.pem",
            "usr/local/cargo/registry/src/x/a-1.0.0/src/key.pem",
            "etc/app/resources/server.key",
            "root/.cargo/credentials.toml",
        ] {
            assert!(!is_test_material(path), "{path}");
        }
    }
}
