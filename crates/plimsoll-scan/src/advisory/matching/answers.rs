//! What is asked of packages, and what the index answers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use plimsoll_model::{Package, PackageKind};

use super::super::{Index, IndexError};
use super::answer::{Answer, answer};
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

/// Answers, each asked for once: binary packages of one source, and packages installed many times,
/// share theirs.
#[derive(Debug)]
pub(super) struct Answers<'i, 'p> {
    index: &'i Index,
    /// None where no advisory names the package.
    known: HashMap<(Realm, Known<'p>), Option<Arc<Answer<'i>>>>,
    pub(super) work: Work,
}

impl<'i, 'p> Answers<'i, 'p> {
    pub(super) fn new(index: &'i Index, packages: usize, work: Work) -> Self {
        Self {
            index,
            known: HashMap::with_capacity(packages),
            work,
        }
    }

    /// What is said of a package by the first of its names that any advisory knows.
    pub(super) fn of(
        &mut self,
        releases: &[(PackageKind, Release)],
        package: &'p Package,
        realm: Realm,
    ) -> Result<Option<Arc<Answer<'i>>>, IndexError> {
        let Some((_, release)) = releases.get(realm.release) else {
            return Ok(None);
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
            if answer.is_some() {
                return Ok(answer.clone());
            }
        }
        Ok(None)
    }
}
