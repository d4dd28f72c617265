//! What advisories say of a package, and which of it is about this build of it.

use plimsoll_model::{Package, PackageKind, Platform};

use super::super::severity::is_malicious;
use super::super::{GoImport, Specifics};
use super::advisory::{Advisories, Advisory};
use super::answer::Answer;
use super::flaw::{Flaw, Told, flaws};
use super::judge::{Hit, means_all};
use super::work::Work;
use crate::catalogue::npm::{is_carried, may_be_own};

/// What each advisory on a package costs to go through, as [`Work`] counts it.
pub(super) const WORD: usize = 64;

/// A hit with its advisory.
#[derive(Clone, Copy)]
pub(super) struct Word<'a, 'i> {
    pub(super) hit: &'a Hit<'i>,
    pub(super) advisory: &'a Advisory<'i>,
}

impl<'a> Word<'a, '_> {
    /// What the advisory says of this package alone.
    pub(super) fn specifics(&self) -> Option<&'a Specifics> {
        let specifics = &self.advisory.details.specifics;
        specifics.get(self.hit.affected.specifics()?)
    }
}

/// Finds the words on packages of a platform.
#[derive(Clone, Copy)]
pub(super) struct Words<'a, 'i> {
    pub(super) platform: Option<&'a Platform>,
    pub(super) advisories: &'a Advisories<'i>,
    /// Whether only what may be of somebody's own packages is asked for: else that is left out.
    pub(super) of_own: bool,
}

impl<'a, 'i> Words<'a, 'i> {
    /// The flaws that a package has, told by their names alone; nothing where they could not be told
    /// in full.
    pub(super) fn flaws(
        &self,
        package: &Package,
        answer: &'a Answer<'i>,
        work: &mut Work,
    ) -> Option<Vec<Flaw>> {
        let words = self.of(package, answer)?;
        if !work.look(answer.hits.len().saturating_mul(WORD)) {
            return None;
        }
        let records = by_record(&words);
        let mut all = flaws(&told_by(&records));
        if !(answer.settled.is_empty() && answer.overruled.is_empty()) {
            all.retain(|flaw| !is_settled(flaw, &of_flaw(flaw, &records), answer));
        }
        Some(all)
    }

    /// What hits a package, those that count more first; nothing where of some there was no room to read
    /// what their advisories say.
    pub(super) fn of(
        &self,
        package: &Package,
        answer: &'a Answer<'i>,
    ) -> Option<Vec<Word<'a, 'i>>> {
        let all = answer.hits.iter().map(|hit| {
            let advisory = self.advisories.get(hit.affected.record)?;
            Some(Word { hit, advisory })
        });
        let mut words = all.collect::<Option<Vec<Word<'a, 'i>>>>()?;
        words.retain(|word| self.is_about(package, word));
        words.sort_by(|a, b| {
            let key = |word: &Word<'a, 'i>| (word.advisory.weight, &word.advisory.record.id);
            key(a).cmp(&key(b))
        });
        Some(words)
    }

    /// Whether a Go package is part of programs for this system.
    pub(super) fn is_built_here(&self, import: &GoImport) -> bool {
        self.platform.is_none_or(|platform| {
            is_among(&import.goos, &platform.os)
                && (platform.architecture.is_empty()
                    || is_among(&import.goarch, &platform.architecture))
        })
    }

    /// Whether a hit is about this build of the package, on this system.
    fn is_about(&self, package: &Package, word: &Word<'_, '_>) -> bool {
        let specifics = word.specifics();
        match own(package, word) {
            Own::No if self.of_own => return false,
            Own::MayBe if !self.of_own => return false,
            Own::Is => return false,
            _ => {}
        }
        if package.kind == PackageKind::Rpm && !is_of_module(package, word, specifics) {
            return false;
        }
        let (Some(platform), Some(specifics)) = (self.platform, specifics) else {
            return true;
        };
        let machine = machine(&platform.architecture);
        is_among(&specifics.systems, &platform.os)
            && (machine.is_empty() || is_among(&specifics.architectures, machine))
            && (specifics.imports.is_empty()
                || specifics
                    .imports
                    .iter()
                    .any(|import| self.is_built_here(import)))
    }
}

/// Whether a package is somebody's own, and so not what an advisory is about.
enum Own {
    No,
    MayBe,
    Is,
}

/// What somebody wrote is not what another published by that name to do harm. The name of an application
/// is anybody's: where all by that name is malicious, nothing of theirs is meant. Where some versions are,
/// the name is known for what it is otherwise, and a copy in just that version may be of it; and so may be
/// what lies in an installed package.
fn own(package: &Package, word: &Word<'_, '_>) -> Own {
    let is_own = package.kind == PackageKind::Npm
        && is_malicious(&word.advisory.record.id)
        && may_be_own(&package.path, &package.name, &package.version);
    match is_own {
        false => Own::No,
        true if is_carried(&package.path) || !means_all(&word.hit.affected) => Own::MayBe,
        true => Own::Is,
    }
}

/// Whether there may be something to say of packages of somebody's own.
pub(super) fn asks_for_own(package: &Package) -> bool {
    package.kind == PackageKind::Npm && may_be_own(&package.path, &package.name, &package.version)
}

/// Words by their records. One advisory may say many things of a package; its names it has once.
pub(super) fn by_record<'w, 'a, 'i>(words: &'w [Word<'a, 'i>]) -> Vec<&'w [Word<'a, 'i>]> {
    words
        .chunk_by(|a, b| a.hit.affected.record == b.hit.affected.record)
        .collect()
}

/// What the advisories say of the flaws they are about.
pub(super) fn told_by<'a>(records: &[&[Word<'a, '_>]]) -> Vec<Told<'a>> {
    let advisories = records
        .iter()
        .filter_map(|words| Some(words.first()?.advisory));
    advisories
        .map(|advisory| Told {
            id: &advisory.record.id,
            aliases: &advisory.record.aliases,
            upstream: advisory.upstream(),
        })
        .collect()
}

/// The words on one flaw.
pub(super) fn of_flaw<'a, 'i>(flaw: &Flaw, records: &[&[Word<'a, 'i>]]) -> Vec<Word<'a, 'i>> {
    let records = flaw.advisories.iter().filter_map(|at| records.get(*at));
    records.copied().flatten().copied().collect()
}

/// Whether those who know better say that the package does not have the flaw.
pub(super) fn is_settled(flaw: &Flaw, words: &[Word<'_, '_>], answer: &Answer<'_>) -> bool {
    let is_among = |numbers: &[String]| {
        let mut names = flaw.aliases.iter().chain([&flaw.id]);
        names.any(|name| numbers.binary_search(name).is_ok())
    };
    let is_settled = is_among(&answer.settled);
    let is_overruled = is_among(&answer.overruled);
    (is_settled || is_overruled)
        && words.iter().all(|word| {
            is_settled && word.hit.is_second || is_overruled && word.advisory.is_on_several()
        })
}

/// Whether a list that means all where it is empty has this.
fn is_among(list: &[String], one: &str) -> bool {
    list.is_empty() || list.iter().any(|listed| listed == one)
}

/// Whether an advisory is about the module stream that an RPM package is of, as its package URL says in
/// the specification's words (`rpmmod`) or Trivy's (`modularitylabel`). Streams of one module
/// have versions of their own, and a package outside of modules is another one.
fn is_of_module(package: &Package, word: &Word<'_, '_>, specifics: Option<&Specifics>) -> bool {
    let stream = ["rpmmod=", "modularitylabel="]
        .into_iter()
        .find_map(|qualifier| package.purl.split_once(qualifier))
        .and_then(|(_, rest)| rest.split(['&', '#']).next())
        .map(|module| module.replace("%3A", ":").replace("%3a", ":"));
    let is_modular = stream.is_some() || package.version.contains(".module");
    let told = specifics.and_then(|specifics| specifics.module.clone());
    let fixes = &word.hit.fixes;
    if told.is_none() && fixes.is_empty() {
        return true;
    }
    let told_modular = told.is_some() || fixes.iter().any(|fix| fix.text.contains(".module"));
    if is_modular != told_modular {
        return false;
    }
    let Some(stream) = stream.as_deref().and_then(name_and_stream) else {
        return true;
    };
    match told.as_deref().and_then(name_and_stream) {
        Some(told) => told == stream,
        // `Moderate: nodejs:18 security update` names it.
        None => {
            let summary = word.advisory.details.summary.as_deref().unwrap_or_default();
            let mut named = summary.split_whitespace().filter_map(name_and_stream);
            let mut any = false;
            named.any(|told| {
                any = true;
                told == stream
            }) || !any
        }
    }
}

/// `nodejs:18` of `nodejs:18:8090020240101:rhel8`.
fn name_and_stream(module: &str) -> Option<(&str, &str)> {
    let mut parts = module.split(':');
    let both = (parts.next()?, parts.next()?);
    (!both.0.is_empty() && !both.1.is_empty()).then_some(both)
}

/// Rust's name of a processor, by that of Go and of images.
fn machine(architecture: &str) -> &str {
    match architecture {
        "amd64" => "x86_64",
        "386" => "x86",
        "arm64" => "aarch64",
        "ppc64le" => "powerpc64",
        other => other,
    }
}
