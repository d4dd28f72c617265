//! How one image differs from another: what a scan and the rules saw of both, laid side by side.

mod config;
mod files;
mod findings;
mod vulnerabilities;

pub(crate) use self::vulnerabilities::undecided;

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use plimsoll_model::{
    ComparedImage, ComparedSubject, ConfigChange, Difference, FileChanges, FileTally, Finding,
    GainsAndLosses, LayerChange, LayerFacts, Package, PackageChange, Pair, Report, SecretSighting,
};
use plimsoll_report::instruction::short_instruction;
use plimsoll_scan::ImageFiles;
use plimsoll_scan::advisory::normal_name;

/// One of two images that are compared.
#[derive(Debug)]
pub(crate) struct Side {
    /// The image, or what tells of it.
    pub(crate) subject: ComparedSubject,
    /// What it holds and what is wrong with it.
    pub(crate) report: Report,
    /// Its files, where they were looked at.
    pub(crate) files: Option<ImageFiles>,
}

/// Lays `old` and `new` side by side.
pub(crate) fn between(mut old: Side, mut new: Side) -> Difference {
    let known = vulnerabilities::compare(&mut old.report, &mut new.report);
    let undecided_before = known.as_ref().map_or(0, |known| known.undecided_before);
    let packages = packages(
        &old.report.inventory.packages,
        &new.report.inventory.packages,
    );
    // Of a bill of materials nothing but its packages is known, so that there is nothing to compare.
    let whole = match (&old.subject, &new.subject, &old.files, &new.files) {
        (
            ComparedSubject::Image(old_image),
            ComparedSubject::Image(new_image),
            Some(old_files),
            Some(new_files),
        ) => {
            let (tallies, files) = files::compare(old_files, new_files);
            Whole {
                tallies,
                files,
                config: config::compare(&old_image.config, &new_image.config),
                ..Whole::of(&old.report, &new.report)
            }
        }
        _ => Whole::default(),
    };
    let compared = |side: Side, files| ComparedImage {
        subject: side.subject,
        inventory: side.report.inventory,
        skipped: side.report.skipped,
        files,
        vulnerabilities: side.report.vulnerabilities,
        unlisted_vulnerabilities: side.report.unlisted.vulnerabilities,
        suppressed_vulnerabilities: side.report.suppressed_vulnerabilities,
        advisories: side.report.advisories,
    };
    Difference {
        images: Pair {
            old: compared(old, whole.tallies.old),
            new: compared(new, whole.tallies.new),
        },
        layers: whole.layers,
        packages,
        files: whole.files,
        config: whole.config,
        secrets: whole.secrets,
        findings: whole.findings,
        vulnerabilities: known.map(|known| known.changes),
        undecided_before,
    }
}

/// What differs besides packages and what is known of them.
#[derive(Default)]
struct Whole {
    layers: Vec<LayerChange>,
    tallies: Pair<FileTally>,
    files: FileChanges,
    config: Vec<ConfigChange>,
    secrets: GainsAndLosses<SecretSighting>,
    findings: GainsAndLosses<Finding>,
}

impl Whole {
    /// What two reports tell: no files and no configuration.
    fn of(old: &Report, new: &Report) -> Self {
        Self {
            layers: layers(&old.inventory.layers, &new.inventory.layers),
            secrets: gains(&old.inventory.secrets, &new.inventory.secrets, |secret| {
                (&secret.kind, &secret.fingerprint)
            }),
            findings: findings::compare(&old.findings, &new.findings),
            ..Self::default()
        }
    }
}

/// Takes from both what `key` calls the same, one for one.
fn pair_off<'a, T, K: Hash + Eq>(
    old: &mut Vec<&'a T>,
    new: &mut Vec<&'a T>,
    key: impl Fn(&'a T) -> K,
) -> Vec<(&'a T, &'a T)> {
    let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (at, one) in old.iter().enumerate() {
        waiting.entry(key(one)).or_default().push_back(at);
    }
    let mut taken = vec![false; old.len()];
    let mut pairs = Vec::new();
    new.retain(|one| {
        let Some(at) = waiting.get_mut(&key(one)).and_then(VecDeque::pop_front) else {
            return true;
        };
        taken[at] = true;
        pairs.push((old[at], *one));
        false
    });
    let mut at = 0;
    old.retain(|_| {
        at += 1;
        !taken[at - 1]
    });
    pairs
}

/// What only one side has: what the other has nothing of that `key` calls the same.
fn gains<'a, T: Clone, K: Hash + Eq>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> GainsAndLosses<T> {
    let mut lost: Vec<&T> = old.iter().collect();
    let mut gained: Vec<&T> = new.iter().collect();
    let kept = pair_off(&mut lost, &mut gained, key).len();
    GainsAndLosses {
        gained: gained.into_iter().cloned().collect(),
        lost: lost.into_iter().cloned().collect(),
        kept,
    }
}

/// Packages that are not the same: first the same version at the same place is taken from both,
/// then the same version anywhere; what is left of a name changed its version. A name is one however
/// it is spelled where its ecosystem takes it for the same.
fn packages(old: &[Package], new: &[Package]) -> Vec<PackageChange> {
    let mut removed: Vec<&Package> = old.iter().collect();
    let mut added: Vec<&Package> = new.iter().collect();
    let name = |package: &Package| normal_name(package.kind, &package.name).into_owned();
    pair_off(&mut removed, &mut added, |package| {
        (
            package.kind,
            name(package),
            &package.version,
            &package.architecture,
            &package.path,
        )
    });
    pair_off(&mut removed, &mut added, |package| {
        (package.kind, name(package), &package.version)
    });
    let mut changed = pair_off(&mut removed, &mut added, |package| {
        (
            package.kind,
            name(package),
            &package.architecture,
            &package.path,
        )
    });
    changed.extend(pair_off(&mut removed, &mut added, |package| {
        (package.kind, name(package))
    }));
    let change = |old: Option<&Package>, new: Option<&Package>| PackageChange {
        package: Pair {
            old: old.cloned(),
            new: new.cloned(),
        },
    };
    let mut changes: Vec<PackageChange> = changed
        .into_iter()
        .map(|(old, new)| change(Some(old), Some(new)))
        .chain(removed.into_iter().map(|old| change(Some(old), None)))
        .chain(added.into_iter().map(|new| change(None, Some(new))))
        .collect();
    changes.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    changes
}

fn sort_key(change: &PackageChange) -> impl Ord + '_ {
    change.any().map(|package| {
        (
            package.kind,
            package.name.as_str(),
            package.version.as_str(),
            package.path.as_str(),
        )
    })
}

/// Pairs of layers beyond which instructions are not compared: no image that a person wrote comes
/// near.
const MAX_LAYER_PAIRS: usize = 1 << 20;

/// Lays layers side by side: the same bytes from the bottom up, then by what made them.
fn layers(old: &[LayerFacts], new: &[LayerFacts]) -> Vec<LayerChange> {
    let mut changes = Vec::new();
    let mut push = |before: Option<usize>, after: Option<usize>| {
        let same = before
            .zip(after)
            .is_some_and(|(before, after)| old[before].diff_id == new[after].diff_id);
        changes.push(LayerChange {
            layers: Pair {
                old: before,
                new: after,
            },
            same,
        });
    };
    let shared = old
        .iter()
        .zip(new)
        .take_while(|(before, after)| before.diff_id == after.diff_id)
        .count();
    for layer in 0..shared {
        push(Some(layer), Some(layer));
    }
    let (before, after) = (&old[shared..], &new[shared..]);
    if before.len().saturating_mul(after.len()) > MAX_LAYER_PAIRS {
        (shared..old.len()).for_each(|layer| push(Some(layer), None));
        (shared..new.len()).for_each(|layer| push(None, Some(layer)));
        return changes;
    }
    // The same bytes first: builders that write one instruction for all layers tell no more.
    let digests = |layers: &[LayerFacts]| -> Vec<String> {
        let digests = layers.iter().map(|layer| layer.diff_id.as_str().to_owned());
        digests.collect()
    };
    let keys = |layers: &[LayerFacts]| layers.iter().map(layer_key).collect::<Vec<String>>();
    let mut pairs = Vec::new();
    let mut gap = (0, 0);
    let mut pair_gap = |pairs: &mut Vec<_>, (old_end, new_end): (usize, usize)| {
        let (own, other) = (&before[gap.0..old_end], &after[gap.1..new_end]);
        let inner = paired(&keys(own), &keys(other)).into_iter();
        pairs.extend(inner.map(|(a, b)| (a.map(|at| gap.0 + at), b.map(|at| gap.1 + at))));
        gap = (old_end + 1, new_end + 1);
    };
    for pair in paired(&digests(before), &digests(after)) {
        if let (Some(own), Some(other)) = pair {
            pair_gap(&mut pairs, (own, other));
            pairs.push(pair);
        }
    }
    pair_gap(&mut pairs, (before.len(), after.len()));
    for (own, other) in pairs {
        push(own.map(|at| shared + at), other.map(|at| shared + at));
    }
    changes
}

/// What of two lists is the same, and what is in one of them alone, in their order.
fn paired(old: &[String], new: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut pairs = Vec::new();
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, old, new) {
        let (old_range, new_range) = (operation.old_range(), operation.new_range());
        if operation.tag() == similar::DiffTag::Equal {
            pairs.extend(old_range.zip(new_range).map(|(a, b)| (Some(a), Some(b))));
        } else {
            pairs.extend(old_range.map(|layer| (Some(layer), None)));
            pairs.extend(new_range.map(|layer| (None, Some(layer))));
        }
    }
    pairs
}

/// What made a layer, without the digests that older builders write for what they copy.
fn layer_key(layer: &LayerFacts) -> String {
    let Some(instruction) = &layer.instruction else {
        return layer.diff_id.as_str().to_owned();
    };
    let words = short_instruction(instruction)
        .split_whitespace()
        .map(|word| {
            let kind = ["file:", "dir:", "multi:"]
                .into_iter()
                .find(|kind| word.starts_with(kind));
            kind.unwrap_or(word).to_owned()
        })
        .collect::<Vec<_>>();
    words.join(" ")
}

#[cfg(test)]
mod tests;
