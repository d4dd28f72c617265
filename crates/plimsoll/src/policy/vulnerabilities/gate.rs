//! The gate: gathers what is decided by, and applies what was decided to a report.

mod gaps;
mod waivers;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use plimsoll_attest::read::BillOfMaterials;
use plimsoll_image::Image;
use plimsoll_model::{
    Digest, Report, Skipped, SuppressedVulnerability, Topic, Vulnerability, VulnerabilitySeverity,
};
use plimsoll_rules::CheckOptions;

use self::waivers::{fault_of, own_waivers};
use super::baseline::Baseline;
use super::decision::{Decision, Heard, Judgement, Policy, Threats, Thresholds, Tolerance, decide};
use super::image::{BillReferences, ImageIdentity};
use super::outlook::Outlook;
use super::pending;
use super::vex::{self, Attached};
use super::waiver::AcceptedRisk;
use crate::advisories::Demand;
use crate::args::VexArgs;
use crate::config::{Config, FailOn, Presence, Unjudged, VexSource};
use crate::failure::Failure;
use crate::foreign::Lists;
use crate::output;

/// Vulnerabilities that are named where an image is held back; the report has all of them.
const MOST_NAMED: usize = 20;

/// What known vulnerabilities of an image are judged by.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    policy: Policy,
    max_age: Option<u32>,
    /// What becomes of packages that nobody can judge, where that was said.
    unjudged: Option<Unjudged>,
    /// Whether a security update that waits holds back.
    fails_pending: bool,
    /// Whether somebody asked for a judgement: without advisories there is none.
    asked_for: bool,
    /// What of the lists and documents cannot be used.
    dropped: Vec<Skipped>,
    /// Whether documents count that are attached to the image.
    hears_attached: bool,
    /// What the image goes by.
    subjects: Vec<Digest>,
    /// Whether the image has a manifest that others may know.
    has_manifest: bool,
    /// What bills of materials call the packages.
    bills: Vec<BillReferences>,
}

/// The least severity that holds back, where it does not stand in `plimsoll.toml`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Least {
    /// It was typed, and wins over `plimsoll.toml`, whatever the origin.
    Typed(VulnerabilitySeverity),
    /// Everything that is shown, whatever `plimsoll.toml` tolerates.
    Any,
    /// This one, unless `plimsoll.toml` names another.
    Unless(FailOn<VulnerabilitySeverity>),
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// Why the image is held back, the worst first.
    pub(crate) reasons: Vec<String>,
    /// The vulnerabilities that do, as indexes into the report's.
    pub(crate) held_back_by: Vec<usize>,
    /// The security updates that do, likewise.
    pub(crate) updates_held_back_by: Vec<usize>,
    /// What a person should know besides.
    pub(crate) notes: Vec<String>,
}

impl Gate {
    /// Reads all that counts for an image of the project in `folder`.
    pub(crate) fn load(
        config: &Config,
        folder: &Path,
        said: &VexArgs,
        least: Least,
    ) -> Result<Self, Failure> {
        let own = &config.policy.vulnerabilities;
        let below = |path: &PathBuf| config.below(path);
        let mut waivers = own_waivers(config);
        let mut dropped = Vec::new();
        let lists = match &config.path {
            Some(path) => {
                let named: Vec<PathBuf> = own.ignore_files.iter().map(below).collect();
                dropped.extend(Lists::overruled(folder, path, &named));
                Lists::read(&named)?
            }
            None => Lists::nearest(folder)?,
        };
        waivers.extend(lists.waivers);
        dropped.extend(lists.dropped);
        let mut statements = Vec::new();
        let hears_attached =
            (own.vex.iter().chain(&said.vex)).any(|one| *one == VexSource::Attached);
        let named = own.vex.iter().filter_map(VexSource::file);
        let named = named.map(|path| config.below(path));
        let typed = said.vex.iter().filter_map(VexSource::file);
        let typed = typed.map(Path::to_path_buf);
        for path in named.chain(typed) {
            let vex = vex::read(&path)?;
            statements.extend(vex.statements);
            dropped.extend(vex.dropped);
        }
        let asked_for = matches!(least, Least::Typed(_) | Least::Any)
            || [&own.fail_on, &own.base.fail_on, &own.yours.fail_on]
                .into_iter()
                .flatten()
                .any(|fail_on| fail_on.least().is_some())
            || own.max_age.is_some()
            || own.unjudged == Some(Unjudged::Fail)
            || own.known_exploited == Some(Presence::Error)
            || own.epss_above.is_some();
        Ok(Self {
            policy: Policy {
                thresholds: match least {
                    Least::Typed(severity) => Thresholds::typed(own, severity),
                    Least::Any => Thresholds::ANY,
                    Least::Unless(least) => Thresholds::of(own, least),
                },
                threats: Threats::of(own),
                waivers,
                statements,
                baseline: None,
            },
            max_age: own.max_age,
            unjudged: own.unjudged,
            fails_pending: own.pending_security_updates == Some(Presence::Error),
            asked_for,
            dropped,
            hears_attached,
            subjects: Vec::new(),
            has_manifest: true,
            bills: Vec::new(),
        })
    }

    /// The same, where only what is new since `baseline` counts.
    pub(crate) fn since(mut self, baseline: Option<Baseline>) -> Self {
        self.policy.baseline = baseline;
        self
    }

    /// The same, and what is attached to the image counts, too, where that is asked for.
    pub(crate) fn hearing(mut self, attached: impl FnOnce() -> Attached) -> Self {
        if self.hears_attached {
            let attached = attached();
            self.policy.statements.extend(attached.statements);
            self.dropped.extend(attached.dropped);
        }
        self
    }

    /// The same of this image, which may go by the digests of indexes, too.
    pub(crate) fn known_as(mut self, image: &Image) -> Self {
        self.has_manifest = image.blobs.has_manifest();
        self.subjects = image.known_digests();
        self
    }

    /// The same of what a bill of materials tells: others may name its packages by what it calls them.
    pub(crate) fn told_by(mut self, bill: &BillOfMaterials) -> Self {
        let is_needed = self.names_bills();
        if let Some(serial) = bill.serial.as_deref().filter(|_| is_needed) {
            let references = bill.references.iter().cloned();
            self.bills.push(BillReferences::new(serial, references));
        }
        self
    }

    /// Whether a statement names components of bills of materials.
    fn names_bills(&self) -> bool {
        // Statements may share what they are about.
        let mut seen = HashSet::new();
        let statements = self.policy.statements.iter();
        statements
            .filter(|statement| seen.insert(statement.products.as_ptr()))
            .flat_map(|statement| statement.products.iter())
            .any(|product| {
                let mut components = product.parts.iter().chain([&product.itself]);
                components.any(|component| component.link.is_some())
            })
    }

    /// What bills of materials call the packages of a report: those it was read from, or the one that
    /// is written of it.
    fn bills(&self, report: &Report) -> Vec<BillReferences> {
        let mut bills = self.bills.clone();
        if self.names_bills()
            && let Some((serial, references)) = output::bill_references(report)
        {
            let positions = references.into_iter().enumerate();
            let references = positions.map(|(at, reference)| (reference, at));
            bills.push(BillReferences::new(&serial, references));
        }
        bills
    }

    /// Whether somebody asked for a judgement.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.asked_for || self.fails_pending
    }

    /// What the judgement must have looked at: nothing where nobody asked for one.
    pub(crate) fn demand(&self) -> Demand {
        match (self.asked_for, self.fails_pending) {
            (true, _) => self.demand_where_asked(),
            (false, true) => Demand::Updates {
                of_any: self.unjudged != Some(Unjudged::Report),
            },
            (false, false) => Demand::Nothing,
        }
    }

    /// The same where somebody asked for one in another place.
    pub(crate) fn demand_where_asked(&self) -> Demand {
        match self.unjudged {
            Some(Unjudged::Report) => Demand::Published,
            Some(Unjudged::Fail) | None => Demand::Distribution,
        }
    }

    /// Judges the vulnerabilities of a report: what is set aside is moved, waivers that are past
    /// their day or cover nothing become findings, and what a judgement would need and is not
    /// there becomes a gap that fails the gate. `whole` tells whether the report has all that was
    /// found: otherwise nobody knows what covers nothing.
    pub(crate) fn judge(
        &self,
        report: &mut Report,
        options: &CheckOptions,
        whole: bool,
        today: Date,
    ) -> Ruling {
        let gaps = self.gaps(report, today);
        report.skipped.extend(gaps);
        report.skipped.sort();
        report.skipped.dedup();
        let mut judged = Ruling::default();
        let mut used = vec![true; self.policy.waivers.len()];
        if report.advisories.is_some() {
            let open = self.undecided(report, today);
            let decision = self.apply(report, &mut judged, today).beside(open);
            used = decision.used;
            if whole {
                report.skipped.extend(self.unheard(&decision.heard));
                report.skipped.extend(self.unused(&used, today));
            }
            // Our own are findings.
            let is_foreign = |waiver: &AcceptedRisk| waiver.place.is_none();
            report
                .skipped
                .extend(self.expired(&used, is_foreign, today));
            report.skipped.extend(self.dropped.iter().cloned());
            let earlier = self.policy.baseline.iter();
            report
                .skipped
                .extend(earlier.flat_map(|baseline| baseline.gaps.clone()));
            report.skipped.sort();
            report.skipped.dedup();
        }
        for (waiver, used) in self.policy.waivers.iter().zip(used) {
            report
                .findings
                .extend(fault_of(waiver, used || !whole, options, today));
        }
        report
            .findings
            .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        judged
    }

    /// What the policy says of other versions of what is in an image that was judged; `identity` is that
    /// of the image.
    pub(crate) fn outlook<'a>(
        &'a self,
        report: &'a Report,
        identity: &'a ImageIdentity,
        today: Date,
    ) -> Outlook<'a> {
        Outlook::new(&self.policy, report, identity, today)
    }

    /// Sets aside in a report what is accepted or said to do no harm, and holds nothing back.
    /// `is_needed` tells whether advisories must be there, and be as young as the policy wants.
    pub(crate) fn set_aside(&self, report: &mut Report, is_needed: bool, today: Date) {
        if is_needed {
            let gaps = self.gaps(report, today);
            report.skipped.extend(gaps);
        }
        if report.advisories.is_some() {
            let (open, _) = self.set_aside_open(report, today);
            let decision = self.apply(report, &mut Ruling::default(), today);
            let used = decision.beside(open).used;
            report.skipped.extend(self.expired(&used, |_| true, today));
            report.skipped.extend(self.dropped.iter().cloned());
        }
        report.skipped.sort();
        report.skipped.dedup();
    }

    /// The documents that say something of other things: as with waivers, somebody meant something by
    /// it. A line a document.
    fn unheard(&self, heard: &[Heard]) -> Vec<Skipped> {
        let mut documents: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
        for (statement, heard) in self.policy.statements.iter().zip(heard) {
            let document = documents.entry(&statement.document).or_default();
            let [all, silent, others, images, replaced] = document;
            *all += 1;
            *silent += usize::from(!matches!(heard, Heard::Speaks | Heard::Replaced));
            *others += usize::from(*heard == Heard::OfOtherBills);
            *images += usize::from(*heard == Heard::OfAnotherImage);
            *replaced += usize::from(*heard == Heard::Replaced);
        }
        documents
            .into_iter()
            .filter(|(_, [_, silent, .., replaced])| silent + replaced > 0)
            .map(|(document, [all, silent, others, images, replaced])| {
                let statements = if all == 1 { "statement" } else { "statements" };
                let are = |number: usize| if number == 1 { "is" } else { "are" };
                let images = match images {
                    0 => String::new(),
                    number => format!(
                        "; {number} {} attested of {}",
                        are(number),
                        match self.has_manifest {
                            true => "something else: no digest is that of this image",
                            false =>
                                "what has another digest: nobody knows the one that this image \
                                      has in a registry, where it lies here it has no manifest",
                        }
                    ),
                };
                let others = match others {
                    0 => String::new(),
                    number => format!(
                        "; {number} name{} components of a bill of materials that is not of this \
                         image",
                        if number == 1 { "s" } else { "" }
                    ),
                };
                let silent = (silent > 0).then(|| {
                    format!(
                        "{silent} of {all} {statements} {} about no known vulnerability of this \
                         image{others}{images}",
                        are(silent)
                    )
                });
                let replaced = (replaced > 0).then(|| {
                    format!(
                        "{replaced} of {all} {statements} {} not used: a newer version of the \
                         document is given",
                        are(replaced)
                    )
                });
                let whys: Vec<String> = silent.into_iter().chain(replaced).collect();
                Skipped::new(Topic::Policy, document, whys.join("; "))
            })
            .collect()
    }

    /// What a report is about.
    pub(crate) fn identity(&self, report: &Report) -> ImageIdentity {
        let image = match (&report.image, &report.bill) {
            (Some(image), _) => ImageIdentity::of(image),
            (None, Some(bill)) => ImageIdentity::of_bill(bill),
            (None, None) => ImageIdentity::default(),
        };
        image.known_as(&self.subjects).told_by(self.bills(report))
    }

    fn apply(&self, report: &mut Report, judged: &mut Ruling, today: Date) -> Decision {
        let image = self.identity(report);
        let mut decision = decide(
            &report.vulnerabilities,
            &report.inventory,
            &image,
            &self.policy,
            today,
        );
        report.skipped.extend(std::mem::take(&mut decision.gaps));
        let mut in_grace: Option<(usize, Date)> = None;
        let mut unrated = 0;
        let mut standings = std::mem::take(&mut decision.standings).into_iter();
        let mut stays = 0;
        let mut why_aside = Vec::new();
        // In most images all stay, and there can be very many: they stay where they lie.
        let aside = report.vulnerabilities.extract_if(.., |vulnerability| {
            match standings.next() {
                Some(standing @ Judgement::SetAside { .. }) => {
                    why_aside.push(standing);
                    return true;
                }
                Some(Judgement::HoldsBack) => {
                    judged.held_back_by.push(stays);
                    if judged.reasons.len() < MOST_NAMED {
                        judged.reasons.push(sentence(vulnerability));
                    }
                }
                Some(Judgement::Tolerated(Tolerance::Grace(until))) => {
                    let (number, first) = in_grace.unwrap_or((0, until));
                    in_grace = Some((number + 1, first.min(until)));
                }
                Some(Judgement::Tolerated(Tolerance::Unrated)) => unrated += 1,
                Some(Judgement::Tolerated(_)) | None => {}
            }
            stays += 1;
            false
        });
        let aside: Vec<Vulnerability> = aside.collect();
        for (vulnerability, why) in aside.into_iter().zip(why_aside) {
            if let Judgement::SetAside {
                status,
                reason,
                justification,
                written_in,
            } = why
            {
                let suppressed = &mut report.suppressed_vulnerabilities;
                suppressed.push(SuppressedVulnerability {
                    vulnerability,
                    status,
                    reason,
                    justification,
                    written_in,
                });
            }
        }
        let more = judged.held_back_by.len() - judged.reasons.len();
        if more > 0 {
            judged.reasons.push(match more {
                1 => "1 more known vulnerability".to_owned(),
                more => format!("{more} more known vulnerabilities"),
            });
        }
        if self.fails_pending {
            judged.updates_held_back_by = pending::holding_back(report, &judged.held_back_by);
            let updates = judged.updates_held_back_by.iter();
            let mut sentences = updates
                .filter_map(|at| report.pending_updates.get(*at))
                .map(pending::sentence);
            judged.reasons.extend(sentences.by_ref().take(MOST_NAMED));
            match sentences.count() {
                0 => {}
                1 => judged
                    .reasons
                    .push("1 more security update waiting".to_owned()),
                more => judged
                    .reasons
                    .push(format!("{more} more security updates waiting")),
            }
        }
        if unrated > 0 {
            judged.notes.push(format!(
                "{unrated} known vulnerabilit{} not count: nobody has rated the severity; `unknown` \
                 as the least one makes such count",
                if unrated == 1 { "y does" } else { "ies do" },
            ));
        }
        if let Some((number, first)) = in_grace {
            judged.notes.push(format!(
                "{number} known vulnerabilit{} in days of grace; the first holds back from \
                 {first} on",
                if number == 1 { "y is" } else { "ies are" },
            ));
        }
        decision
    }
}

/// One vulnerability in a line, and where to begin.
fn sentence(vulnerability: &Vulnerability) -> String {
    let place = vulnerability
        .origin
        .brought_by(vulnerability.in_base)
        .lead();
    let fix = match &vulnerability.fixed {
        Some(version) => format!("fixed in {version}"),
        None if vulnerability.paid_fix.is_some() => {
            format!("fixed in {}", vulnerability.without_fix())
        }
        None => match vulnerability.fix_state {
            plimsoll_model::FixState::WillNotFix => "will not be fixed".to_owned(),
            plimsoll_model::FixState::EndOfLife => "the release is at its end".to_owned(),
            _ => "no fix is known".to_owned(),
        },
    };
    format!(
        "{place}{} {} has {}, {fix} [{}]",
        vulnerability.name,
        vulnerability.installed,
        vulnerability.id,
        vulnerability.severity.as_str()
    )
}

#[cfg(test)]
mod tests;
