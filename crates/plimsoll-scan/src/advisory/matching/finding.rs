//! From what advisories say of a package to findings: what to call a flaw, how bad it is, what
//! mends it, and where it came from.

use std::collections::HashMap;

use plimsoll_model::{
    FixState, Inventory, LayerOrigin, Origin, Package, PackageKind, PaidFix, Platform,
    Vulnerability,
};

use super::super::severity::{Opinion, is_erratum, is_malicious, label, rate, weight};
use super::super::{Details, GoImport, Index, IndexError, Record, RecordId, Severity, Specifics};
use super::answer::Answer;
use super::flaw::{Flaw, Told, cve, flaws};
use super::judge::Hit;
use super::reach::Questions;
use super::threat::Threats;
use super::way_out::way_out;
use super::work::Work;
use super::{MOST_FINDING_BYTES, MOST_FINDINGS};
use crate::catalogue::npm::may_be_own;

/// Addresses that are kept of a finding.
const MAX_REFERENCES: usize = 16;
/// Functions that are kept of a finding.
const MAX_SYMBOLS: usize = 100;

/// What each advisory on a package costs to go through, as [`Work`] counts it.
const WORD: usize = 64;

/// All that an advisory says.
#[derive(Debug)]
pub(super) struct Advisory<'i> {
    record: Record<'i>,
    details: Details,
    size: usize,
}

impl<'i> Advisory<'i> {
    /// Reads it.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn read(index: &'i Index, record: RecordId) -> Result<Self, IndexError> {
        let (details, size) = index.sized_details(record)?;
        let record = index.record(record)?;
        let names = record.aliases.iter().chain(&record.upstream);
        let names: usize = names.map(|name| size_of_val(name) + name.len()).sum();
        let severities = record.severities.len() * size_of::<Severity<'_>>();
        Ok(Self {
            size: size + size_of::<Self>() + record.id.len() + names + severities,
            record,
            details,
        })
    }

    /// Bytes that it takes, roughly.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The flaws it mends a package of. AlmaLinux and Rocky Linux name them among what has to do
    /// with it.
    fn upstream(&self) -> Vec<String> {
        match self.record.upstream.as_slice() {
            [] if is_erratum(&self.record.id) => self
                .details
                .related
                .iter()
                .filter(|name| cve(name).is_some())
                .cloned()
                .collect(),
            upstream => upstream.to_vec(),
        }
    }
}

/// Collects findings.
pub(super) struct Findings<'a, 'i> {
    inventory: &'a Inventory,
    platform: Option<&'a Platform>,
    advisories: &'a HashMap<RecordId, Advisory<'i>>,
    threats: &'a Threats<'i>,
    found: Vec<Vulnerability>,
    /// Bytes that these take, roughly.
    bytes: usize,
    questions: Questions<'a>,
    work: Work,
    /// Whether there is more to go through than is.
    is_done: bool,
}

/// A hit with its advisory.
#[derive(Clone, Copy)]
struct Word<'a, 'i> {
    hit: &'a Hit<'i>,
    advisory: &'a Advisory<'i>,
}

impl<'a> Word<'a, '_> {
    /// What the advisory says of this package alone.
    fn specifics(&self) -> Option<&'a Specifics> {
        self.advisory
            .details
            .specifics
            .get(self.hit.affected.specifics()?)
    }
}

impl<'a, 'i> Findings<'a, 'i> {
    pub(super) fn new(
        inventory: &'a Inventory,
        platform: Option<&'a Platform>,
        advisories: &'a HashMap<RecordId, Advisory<'i>>,
        threats: &'a Threats<'i>,
        work: Work,
    ) -> Self {
        Self {
            inventory,
            platform,
            advisories,
            threats,
            found: Vec::new(),
            bytes: 0,
            questions: Questions::default(),
            work,
            is_done: false,
        }
    }

    /// Adds what hits a package; `at` is its place in the inventory. All of it, or nothing where it
    /// is too much: then it says no.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn add(
        &mut self,
        at: usize,
        package: &'a Package,
        answer: &'a Answer<'i>,
    ) -> Result<bool, IndexError> {
        let before = (self.found.len(), self.bytes);
        if self.is_done || before.0 >= MOST_FINDINGS || before.1 >= MOST_FINDING_BYTES {
            return Ok(false);
        }
        let all = answer.hits.iter().map(|hit| {
            let advisory = self.advisories.get(&hit.affected.record)?;
            Some(Word { hit, advisory })
        });
        // Of some there was no room to read what their advisories say.
        let Some(mut words) = all.collect::<Option<Vec<Word<'a, 'i>>>>() else {
            return Ok(false);
        };
        words.retain(|word| self.is_about(package, word));
        let added = self.add_words(at, package, answer, words)?;
        if !added {
            self.questions.forget_from(before.0);
            self.found.truncate(before.0);
            self.bytes = before.1;
        }
        Ok(added)
    }

    fn add_words(
        &mut self,
        at: usize,
        package: &'a Package,
        answer: &'a Answer<'i>,
        mut words: Vec<Word<'a, 'i>>,
    ) -> Result<bool, IndexError> {
        if !self.is_within(answer.hits.len().saturating_mul(WORD)) {
            return Ok(false);
        }
        words.sort_by(|a, b| {
            let key = |word: &Word<'a, 'i>| weight(&word.advisory.record.id);
            (key(a), &a.advisory.record.id).cmp(&(key(b), &b.advisory.record.id))
        });
        // One advisory may say many things of a package; its names it has once.
        let records: Vec<&[Word<'a, 'i>]> = words
            .chunk_by(|a, b| a.hit.affected.record == b.hit.affected.record)
            .collect();
        let advisories = || {
            records
                .iter()
                .filter_map(|words| Some(words.first()?.advisory))
        };
        let upstream: Vec<Vec<String>> = advisories().map(Advisory::upstream).collect();
        let told: Vec<Told<'_>> = advisories()
            .zip(&upstream)
            .map(|(advisory, upstream)| Told {
                id: &advisory.record.id,
                aliases: &advisory.record.aliases,
                upstream,
            })
            .collect();
        for flaw in flaws(&told) {
            let records = flaw.advisories.iter().filter_map(|at| records.get(*at));
            let words: Vec<Word<'a, 'i>> = records.copied().flatten().copied().collect();
            let is_settled = |name: &String| answer.settled.binary_search(name).is_ok();
            if words.iter().all(|word| word.hit.is_second)
                && flaw.aliases.iter().chain([&flaw.id]).any(is_settled)
            {
                continue;
            }
            if !self.is_within(words.len().saturating_mul(WORD)) {
                return Ok(false);
            }
            // What is gone runs no more.
            if package.kind == PackageKind::Go && package.removed_in.is_none() {
                let imports = words
                    .iter()
                    .filter_map(|word| word.specifics())
                    .flat_map(|specifics| &specifics.imports)
                    .filter(|import| self.is_built_here(import))
                    .collect();
                self.questions.ask(&package.path, self.found.len(), imports);
            }
            let Some(finding) = self.finding(at, package, answer, flaw, &words)? else {
                self.is_done = true;
                return Ok(false);
            };
            self.bytes = self.bytes.saturating_add(size(&finding));
            self.found.push(finding);
            if self.bytes > MOST_FINDING_BYTES {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether there is room to go through so much more; from then on nothing is where there is not.
    fn is_within(&mut self, bytes: usize) -> bool {
        self.is_done = self.is_done || !self.work.look(bytes);
        !self.is_done
    }

    /// All findings, in the order they came in.
    pub(super) fn done(mut self) -> Vec<Vulnerability> {
        self.questions.answer(self.inventory, &mut self.found);
        self.found
    }

    /// Whether a Go package is part of programs for this system.
    fn is_built_here(&self, import: &GoImport) -> bool {
        self.platform.is_none_or(|platform| {
            is_among(&import.goos, &platform.os)
                && (platform.architecture.is_empty()
                    || is_among(&import.goarch, &platform.architecture))
        })
    }

    /// Whether a hit is about this build of the package, on this system.
    fn is_about(&self, package: &Package, word: &Word<'_, '_>) -> bool {
        let specifics = word.specifics();
        // What somebody wrote is not what another published by that name to do harm.
        if package.kind == PackageKind::Npm
            && is_malicious(&word.advisory.record.id)
            && may_be_own(&package.path, &package.version)
        {
            return false;
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

    /// One finding; nothing where its way out is more than is looked for.
    fn finding(
        &mut self,
        at: usize,
        package: &Package,
        answer: &Answer<'i>,
        flaw: Flaw,
        words: &[Word<'_, 'i>],
    ) -> Result<Option<Vulnerability>, IndexError> {
        let severities: Vec<Vec<Severity<'i>>> = words
            .iter()
            .map(|word| {
                let general = word.advisory.record.severities.iter().cloned();
                word.hit.affected.severities().chain(general).collect()
            })
            .collect();
        let opinions: Vec<Opinion<'_>> = words
            .iter()
            .zip(&severities)
            .map(|(word, severities)| {
                let labels = &word.hit.affected.labels;
                let remark = labels.informational.filter(|_| severities.is_empty());
                Opinion {
                    id: &word.advisory.record.id,
                    // Words such as `not yet assigned` say nothing.
                    label: [labels.severity, word.advisory.record.label, remark]
                        .into_iter()
                        .flatten()
                        .find(|word| label(word).is_some()),
                    summary: word.advisory.details.summary.as_deref(),
                    severities,
                }
            })
            .collect();
        let names = || {
            let aliases = flaw.aliases.iter().map(String::as_str);
            aliases.chain([flaw.id.as_str()])
        };
        let mut rating = rate(&opinions);
        if rating.basis.is_none() {
            rating = self.threats.rating(names())?;
        }
        let (paid, free): (Vec<&Hit<'i>>, Vec<&Hit<'i>>) = words
            .iter()
            .map(|word| word.hit)
            .partition(|hit| hit.is_paid);
        let work = &mut self.work;
        let Some(for_all) = way_out(answer.order, &free, &answer.said, work) else {
            return Ok(None);
        };
        let Some(paid) = way_out(answer.order, &paid, &answer.paid_said, work) else {
            return Ok(None);
        };
        let paid_fix = match for_all.smallest {
            Some(_) => None,
            None => paid.smallest.map(|version| PaidFix {
                version: version.to_owned(),
                offer: answer.offer,
            }),
        };
        let no_version = match &paid_fix {
            Some(_) => None,
            None => words.iter().find_map(|word| word.hit.no_version),
        };
        let fixed = for_all.smallest.or(no_version);
        let mut advisories: Vec<String> = words
            .iter()
            .map(|word| word.advisory.record.id.clone())
            .collect();
        advisories.sort_unstable();
        advisories.dedup();
        let dates = |of: fn(&Record<'_>) -> Option<i64>| {
            words
                .iter()
                .filter_map(move |word| of(&word.advisory.record))
        };
        Ok(Some(Vulnerability {
            epss: self.threats.likelihood(names()),
            known_exploited: self.threats.exploitation(names()),
            id: flaw.id,
            aliases: flaw.aliases,
            advisories,
            package: at,
            name: package.name.clone(),
            purl: package.purl.clone(),
            installed: package.version.clone(),
            fix_state: match fixed {
                Some(_) => FixState::Fixed,
                None if paid_fix.is_some() => FixState::WillNotFix,
                None => unfixed(words),
            },
            paid_fix,
            free_of_all: for_all.smallest.and(answer.free_of_all).map(str::to_owned),
            fixed: fixed.map(str::to_owned),
            fixed_versions: for_all.all.into_iter().map(str::to_owned).collect(),
            severity: rating.severity,
            severity_source: rating.source,
            severity_basis: rating.basis,
            cvss: rating.cvss,
            title: words
                .iter()
                .find_map(|word| word.advisory.details.summary.clone()),
            // Databases that do not know the day say 1970.
            published: dates(|record| record.published.filter(|at| *at > 0))
                .min()
                .and_then(moment),
            modified: dates(|record| record.modified.filter(|at| *at > 0))
                .max()
                .and_then(moment),
            references: references(words),
            symbols: symbols(words),
            reachable: None,
            origin: origin(self.inventory, package),
            in_base: self
                .inventory
                .base
                .as_ref()
                .map(|base| package.layer < base.layers),
            removed_in: package.removed_in,
        }))
    }
}

/// Bytes that a finding takes, roughly.
fn size(finding: &Vulnerability) -> usize {
    let lists = [
        &finding.aliases,
        &finding.advisories,
        &finding.fixed_versions,
        &finding.references,
        &finding.symbols,
    ];
    let lists = lists.into_iter().flatten();
    let lists: usize = lists.map(|text| size_of_val(text) + text.len()).sum();
    let texts = [
        &finding.id,
        &finding.name,
        // Here, and where it came from.
        &finding.purl,
        &finding.purl,
        &finding.installed,
    ];
    let texts: usize = texts.into_iter().map(String::len).sum();
    let origin = &finding.origin;
    let paid = finding.paid_fix.as_ref();
    let paid = paid.map_or(0, |paid| paid.version.len());
    let maybe = [&finding.title, &finding.fixed, &origin.path];
    let maybe: usize = maybe.into_iter().flatten().map(String::len).sum();
    let instruction = origin
        .layer
        .as_ref()
        .and_then(|layer| layer.instruction.as_ref());
    size_of_val(finding) + lists + texts + maybe + paid + instruction.map_or(0, String::len)
}

/// Where a package came from.
pub(super) fn origin(inventory: &Inventory, package: &Package) -> Origin {
    let layer = inventory.layers.get(package.layer);
    let source = layer.and_then(|layer| layer.source.clone());
    Origin {
        instruction_line: source.as_ref().map(|source| source.start.line),
        source,
        layer: layer.map(|layer| LayerOrigin {
            index: package.layer,
            diff_id: layer.diff_id.clone(),
            instruction: layer.instruction.clone(),
        }),
        package: Some(package.purl.clone()),
        // Bills of materials need not tell where their packages lie.
        path: Some(package.path.clone()).filter(|path| !path.is_empty()),
    }
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

/// Why there is no way out.
fn unfixed(words: &[Word<'_, '_>]) -> FixState {
    let said = words.iter().flat_map(|word| {
        let labels = &word.hit.affected.labels;
        [labels.status, labels.severity].into_iter().flatten()
    });
    for word in said {
        let word = word.to_ascii_lowercase().replace(['_', ' '], "-");
        match word.as_str() {
            "fix-not-planned" | "will-not-fix" | "wontfix" | "wont-fix" | "ignored" => {
                return FixState::WillNotFix;
            }
            "end-of-life" | "eol" => return FixState::EndOfLife,
            _ => {}
        }
    }
    FixState::NotFixed
}

fn references(words: &[Word<'_, '_>]) -> Vec<String> {
    let mut all: Vec<(super::super::ReferenceKind, &str)> = words
        .iter()
        .flat_map(|word| &word.advisory.details.references)
        .map(|reference| (reference.kind, reference.url.as_str()))
        .collect();
    all.sort_by_key(|(kind, _)| *kind);
    let mut kept: Vec<String> = Vec::new();
    for (_, url) in all {
        if kept.len() < MAX_REFERENCES && !kept.iter().any(|known| known == url) {
            kept.push(url.to_owned());
        }
    }
    kept
}

fn symbols(words: &[Word<'_, '_>]) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for specifics in words.iter().filter_map(Word::specifics) {
        for import in &specifics.imports {
            let path = &import.path;
            symbols.extend(
                import
                    .symbols
                    .iter()
                    .map(|symbol| format!("{path}.{symbol}")),
            );
        }
        symbols.extend(specifics.functions.iter().cloned());
    }
    symbols.sort_unstable();
    symbols.dedup();
    symbols.truncate(MAX_SYMBOLS);
    symbols
}

/// A moment as RFC 3339 writes it.
pub(super) fn moment(seconds: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_second(seconds).ok()?;
    Some(moment.to_string())
}
