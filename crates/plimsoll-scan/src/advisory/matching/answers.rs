//! What is asked of packages, and what the index answers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use plimsoll_model::{Package, PackageKind};

use super::super::{Index, IndexError};
use super::answer::{Answer, answer};
use super::cores::on_all_cores;
use super::distribution::Release;
use super::question::{Known, names};
use super::work::Work;

/// Packages that share what they are asked for under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Realm {
    pub(super) kind: PackageKind,
    /// Number of the release.
    pub(super) release: usize,
    pub(super) is_paid_for: bool,
}

/// A package, and what it is asked for under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'p> {
    /// Its place in the inventory.
    pub(super) at: usize,
    pub(super) package: &'p Package,
    pub(super) realm: Realm,
}

/// What the index says of a package.
#[derive(Clone, Debug)]
pub(super) enum Told<'i> {
    /// No advisory names it.
    Nothing,
    /// There is more than is looked at, or kept.
    TooMuch,
    Answer(Arc<Answer<'i>>),
}

/// Packages that one core asks for, one behind the other.
const PIECE: usize = 32;

/// What the index says of each of some packages, as far as `work` goes.
///
/// # Errors
/// The index is damaged.
pub(super) fn ask<'i>(
    index: &'i Index,
    releases: &[(PackageKind, Release)],
    asked: &[Asked<'_>],
    work: Work,
) -> Result<Vec<Told<'i>>, IndexError> {
    // Packages of one sort lie side by side, and some have much more said of them than others: neighbours
    // go to different cores.
    let mut pieces: Vec<(usize, &[Asked<'_>])> = asked.chunks(PIECE).enumerate().collect();
    pieces.sort_by_key(|(at, _)| at.reverse_bits());
    let parts = on_all_cores(
        &pieces,
        |(_, piece)| piece.len(),
        |range, parts| {
            let packages = range.iter().map(|(_, piece)| piece.len()).sum();
            let mut answers = Answers::new(index, packages, work.share(parts));
            let told = range.iter().map(|(at, piece)| {
                let told = piece.iter().map(|asked| {
                    let told = answers.of(releases, asked.package, asked.realm).ok()?;
                    (!matches!(told, Told::TooMuch)).then_some(told)
                });
                Some((*at, told.collect::<Option<Vec<_>>>()?))
            });
            told.collect::<Option<Vec<_>>>()
        },
    );
    if let Some(parts) = parts {
        let mut told: Vec<_> = parts.into_iter().flatten().collect();
        told.sort_by_key(|(at, _)| *at);
        return Ok(told.into_iter().flat_map(|(_, told)| told).collect());
    }
    let mut answers = Answers::new(index, asked.len(), work);
    let told = asked
        .iter()
        .map(|asked| answers.of(releases, asked.package, asked.realm));
    told.collect()
}

/// Answers, each asked for once: binary packages of one source, and packages installed many times,
/// share theirs.
#[derive(Debug)]
struct Answers<'i, 'p> {
    index: &'i Index,
    /// None where no advisory names the package.
    known: HashMap<(Realm, Known<'p>), Option<Arc<Answer<'i>>>>,
    work: Work,
}

impl<'i, 'p> Answers<'i, 'p> {
    fn new(index: &'i Index, packages: usize, work: Work) -> Self {
        Self {
            index,
            known: HashMap::with_capacity(packages),
            work,
        }
    }

    /// What is said of a package by the first of its names that any advisory knows.
    fn of(
        &mut self,
        releases: &[(PackageKind, Release)],
        package: &'p Package,
        realm: Realm,
    ) -> Result<Told<'i>, IndexError> {
        let Some((_, release)) = releases.get(realm.release) else {
            return Ok(Told::Nothing);
        };
        for name in names(package) {
            let answer = match self.known.entry((realm, name.clone())) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(entry) => {
                    let paid_for = realm.is_paid_for;
                    let found = answer(self.index, release, paid_for, &name, &mut self.work)?;
                    entry.insert(found.map(Arc::new))
                }
            };
            let Some(answer) = answer else {
                continue;
            };
            // What could not be judged is told for each package.
            let is_too_much = answer.is_too_much || !self.work.keep(answer.unjudged.len());
            return Ok(match is_too_much {
                true => Told::TooMuch,
                false => Told::Answer(Arc::clone(answer)),
            });
        }
        Ok(Told::Nothing)
    }
}
