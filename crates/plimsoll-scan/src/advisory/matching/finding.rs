//! From what advisories say of a package to findings: what to call a flaw, how bad it is, what
//! mends it, and where it came from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use plimsoll_model::{
    FixState, Inventory, LayerOrigin, Origin, Package, PackageKind, PaidFix, Vulnerability,
};

use super::super::severity::Rating;
use super::super::version::Order;
use super::super::{IndexError, cve};
use super::answer::Answer;
use super::cores::on_all_cores;
use super::flaw::{Flaw, flaws};
use super::judge::Hit;
use super::reach::Questions;
use super::telling::Tellings;
use super::threat::Threats;
use super::way_out::way_out;
use super::words::{WORD, Word, Words, by_record, is_settled, of_flaw, told_by};
use super::work::Work;
use super::{Hit as PackageHit, MOST_FINDING_BYTES, MOST_FINDINGS};

/// Collects findings.
pub(super) struct Findings<'a, 'i> {
    inventory: &'a Inventory,
    words: Words<'a, 'i>,
    threats: &'a Threats<'i>,
    found: Vec<Vulnerability>,
    tellings: Tellings,
    /// What others say of flaws, as far as it was read.
    rated: HashMap<u64, Rating>,
    /// Bytes that what was found takes, roughly.
    bytes: usize,
    most: usize,
    most_bytes: usize,
    questions: Questions<'a>,
    work: Work,
    /// Whether there is more to go through than is.
    is_done: bool,
}

impl<'a, 'i> Findings<'a, 'i> {
    /// All findings, in no order, and how many packages had to be left out.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn of_all(
        inventory: &'a Inventory,
        words: Words<'a, 'i>,
        threats: &'a Threats<'i>,
        hit: &'a [PackageHit<'a, 'i>],
    ) -> Result<(Vec<Vulnerability>, usize), IndexError> {
        let likely = |hit: &[PackageHit<'a, 'i>]| hit.iter().map(|hit| hit.2.hits.len()).sum();
        let parts = on_all_cores(
            hit,
            |(_, _, answer)| answer.hits.len(),
            |range, parts| {
                let mut part = Self::new(inventory, words, threats, likely(range), parts);
                for (at, package, answer) in range {
                    part.add(*at, package, answer).ok()?.then_some(())?;
                }
                (!part.is_full()).then_some(part)
            },
        );
        if let Some(first) = parts.and_then(|parts| parts.into_iter().reduce(Self::with)) {
            return Ok((first.done(), 0));
        }
        let mut all = Self::new(inventory, words, threats, likely(hit), 1);
        // Where there are too many to list, a package that is there many times is told of once at least.
        let mut seen = HashSet::new();
        let (first, again): (Vec<_>, Vec<_>) = hit
            .iter()
            .partition(|(_, _, answer)| seen.insert(Arc::as_ptr(answer)));
        let mut left_out = 0;
        for (at, package, answer) in first.into_iter().chain(again) {
            if !all.add(*at, package, answer)? {
                left_out += 1;
            }
        }
        Ok((all.done(), left_out))
    }

    /// `likely` is about how many there will be. There is room for one of so many shares of what may be
    /// found.
    pub(super) fn new(
        inventory: &'a Inventory,
        words: Words<'a, 'i>,
        threats: &'a Threats<'i>,
        likely: usize,
        shares: usize,
    ) -> Self {
        Self {
            inventory,
            words,
            threats,
            // They are large: to move them each time that there is no more room takes long.
            found: Vec::with_capacity(likely.min(MOST_FINDINGS / shares)),
            tellings: Tellings::default(),
            rated: HashMap::new(),
            bytes: 0,
            most: MOST_FINDINGS / shares,
            most_bytes: MOST_FINDING_BYTES / shares,
            questions: Questions::default(),
            work: Work::default().share(shares),
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
        if self.is_done || self.is_full() {
            return Ok(false);
        }
        let Some(words) = self.words.of(package, answer) else {
            return Ok(false);
        };
        let added = self.add_words(at, package, answer, &words)?;
        if !added {
            self.questions.forget_from(before.0);
            self.found.truncate(before.0);
            self.bytes = before.1;
        }
        Ok(added)
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.most || self.bytes >= self.most_bytes
    }

    /// These and more of them.
    fn with(mut self, more: Self) -> Self {
        self.questions.append(more.questions, self.found.len());
        self.found.reserve_exact(more.found.len());
        self.found.extend(more.found);
        self
    }

    fn add_words(
        &mut self,
        at: usize,
        package: &'a Package,
        answer: &'a Answer<'i>,
        words: &[Word<'a, 'i>],
    ) -> Result<bool, IndexError> {
        if !self.is_within(answer.hits.len().saturating_mul(WORD)) {
            return Ok(false);
        }
        let records = by_record(words);
        for flaw in flaws(&told_by(&records)) {
            let words = of_flaw(&flaw, &records);
            if is_settled(&flaw, &words, answer) {
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
                    .filter(|import| self.words.is_built_here(import))
                    .collect();
                self.questions.ask(&package.path, self.found.len(), imports);
            }
            let Some(finding) = self.finding(at, package, answer, flaw, &words)? else {
                self.is_done = true;
                return Ok(false);
            };
            self.bytes = self.bytes.saturating_add(size(&finding));
            self.found.push(finding);
            if self.bytes > self.most_bytes {
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

    /// One finding; nothing where its way out is more than is looked for.
    fn finding(
        &mut self,
        at: usize,
        package: &Package,
        answer: &Answer<'i>,
        flaw: Flaw,
        words: &[Word<'_, 'i>],
    ) -> Result<Option<Vulnerability>, IndexError> {
        let told = self.tellings.of(words);
        let aliases = flaw.aliases.iter().map(String::as_str);
        let names = aliases.chain([flaw.id.as_str()]);
        let numbers: Vec<u64> = names.filter_map(cve::of_name).collect();
        let rating = match told.rating.basis {
            Some(_) => told.rating.clone(),
            None => self.threats.rating(&numbers, &mut self.rated)?,
        };
        let (paid, free): (Vec<&Hit<'i>>, Vec<&Hit<'i>>) = words
            .iter()
            .map(|word| word.hit)
            .partition(|hit| hit.is_paid);
        let work = &mut self.work;
        let Some(mut for_all) = way_out(answer.order, &free, &answer.said, work) else {
            return Ok(None);
        };
        if let Some(exact) = exact(answer.order, words) {
            let Some(exact) = way_out(answer.order, &exact, &answer.said, work) else {
                return Ok(None);
            };
            for_all.smallest = exact.smallest.or(for_all.smallest);
        }
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
        Ok(Some(Vulnerability {
            epss: self.threats.likelihood(&numbers),
            known_exploited: self.threats.exploitation(&numbers),
            id: flaw.id,
            aliases: flaw.aliases,
            advisories: told.advisories.clone(),
            package: at,
            name: package.name.clone(),
            purl: package.purl.clone(),
            installed: package.version.clone(),
            fix_state: match fixed {
                Some(_) => FixState::Fixed,
                None if paid_fix.is_some() => FixState::WillNotFix,
                None => told.unfixed,
            },
            paid_fix,
            free_of_all: for_all.smallest.and(answer.free_of_all).map(str::to_owned),
            fixed: fixed.map(str::to_owned),
            fixed_versions: for_all.all.into_iter().map(str::to_owned).collect(),
            severity: rating.severity,
            severity_source: rating.source,
            severity_basis: rating.basis,
            cvss: rating.cvss,
            title: told.title.clone(),
            published: told.published.clone(),
            modified: told.modified.clone(),
            references: told.references.clone(),
            symbols: told.symbols.clone(),
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

/// The hits that tell exactly what mends a flaw, where others do not: in a distribution its record of the
/// flaw knows of a fix for all, while an advisory on several names the version that mends the last of them.
fn exact<'a, 'i>(order: Order, words: &[Word<'a, 'i>]) -> Option<Vec<&'a Hit<'i>>> {
    let is_exact = |word: &Word<'_, '_>| {
        !word.hit.is_paid && !word.hit.fixes.is_empty() && word.advisory.is_of_flaw()
    };
    if order != Order::Dpkg || words.len() < 2 || !words.iter().any(is_exact) {
        return None;
    }
    let exact = words
        .iter()
        .filter(|word| !word.hit.is_paid && !word.advisory.is_on_several());
    Some(exact.map(|word| word.hit).collect())
}

/// Bytes that a finding takes, roughly.
fn size(finding: &Vulnerability) -> usize {
    let lists: [&[String]; 5] = [
        &finding.aliases,
        &finding.advisories,
        &finding.fixed_versions,
        // As if nothing shared them: what writes them does not.
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
