//! What a policy asks of the advisories and they have not, and what it asks that is past its day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use plimsoll_model::{AdvisoryCoverage, EcosystemPackages, Report, Skipped, Topic, Vulnerability};
use plimsoll_report::count;

use super::super::decision::{Decision, Judgement, decide};
use super::super::waiver::AcceptedRisk;
use super::super::{age, pending};
use super::{Gate, MOST_NAMED};
use crate::config::Unjudged;

impl Gate {
    /// What the policy asks of the advisories and they have not.
    pub(super) fn gaps(&self, report: &Report, today: Date) -> Vec<Skipped> {
        let mut gaps = Vec::new();
        let mut gap = |why: String, blocking: bool| {
            gaps.push(Skipped {
                blocking,
                ..Skipped::new(Topic::Advisories, AdvisoryCoverage::SUBJECT, why)
            });
        };
        let Some(advisories) = &report.advisories else {
            return gaps;
        };
        for why in self.too_old(advisories, today) {
            gap(why, true);
        }
        let threats = &self.policy.threats;
        for (is_wanted, list, what) in [
            (
                threats.known_exploited,
                advisories.known_exploited.as_ref(),
                "catalogue of exploited flaws",
            ),
            (
                threats.epss_above.is_some(),
                advisories.epss.as_ref(),
                "EPSS scores",
            ),
        ] {
            if !is_wanted {
                continue;
            }
            match (list, self.max_age) {
                (None, _) => gap(
                    format!(
                        "the index has no {what}, and the policy wants to know: give them to \
                         `plimsoll db build`"
                    ),
                    true,
                ),
                (Some(list), Some(most)) => {
                    let why = match age::in_days(list.date.as_deref(), today) {
                        Some(age) if age <= i64::from(most) => continue,
                        Some(age) => format!(
                            "the {what} of the index: {age} days old, the policy takes at most \
                             {most}: get new ones with `plimsoll db update`"
                        ),
                        None => format!(
                            "the {what} of the index: nothing says how old, or a day to come, and \
                             the policy wants to know"
                        ),
                    };
                    gap(why, true);
                }
                (Some(_), None) => {}
            }
        }
        if self.fails_pending {
            for why in pending::gaps(advisories, self.max_age, today) {
                gap(why, true);
            }
        }
        if self.unjudged == Some(Unjudged::Fail) {
            // Of what an index could have, and of the distribution, whoever asked it has told.
            let told = |one: &&EcosystemPackages| !one.published && !one.kind.is_system();
            for missing in advisories.missing.iter().filter(told) {
                gap(
                    format!(
                        "nobody publishes advisories for {}: {} could not be judged",
                        missing.ecosystem,
                        count(missing.packages, "package"),
                    ),
                    true,
                );
            }
            let unidentified = report.bill.as_ref().map_or(0, |bill| bill.unidentified);
            if unidentified > 0 {
                gap(
                    format!(
                        "{} of the bill could not be judged: no package URL of a known type says \
                         what they are",
                        count(unidentified, "component"),
                    ),
                    true,
                );
            }
            // One may have several reasons; those of one are told together.
            let unjudged = advisories
                .unjudged
                .chunk_by(|one, next| (&one.purl, &one.version) == (&next.purl, &next.version));
            let unjudged = unjudged.count();
            if let Some(first) = advisories.unjudged.first() {
                gap(
                    format!(
                        "{} could not be judged: {}: {}",
                        count(unjudged, "package"),
                        first.purl,
                        first.why
                    ),
                    true,
                );
            }
        }
        gaps
    }

    /// Decides on what may be there as if it were: what would hold back makes gaps that fail the gate,
    /// unless nobody asked for a judgement or the policy takes what nobody can judge. What is accepted
    /// leaves the report.
    pub(super) fn undecided(&self, report: &mut Report, today: Date) -> Decision {
        let (decision, holding) = self.set_aside_open(report, today);
        if self.asked_for {
            let holding = holding.into_iter();
            let holding = holding.filter_map(|at| report.undecided_vulnerabilities.get(at));
            let gaps = self.open(holding, report);
            report.skipped.extend(gaps);
        }
        decision
    }

    /// Takes what is accepted out of what may be there. Also tells which of the rest would hold back.
    pub(super) fn set_aside_open(
        &self,
        report: &mut Report,
        today: Date,
    ) -> (Decision, Vec<usize>) {
        let all = std::mem::take(&mut report.undecided_vulnerabilities);
        let image = self.identity(report);
        let decision = decide(&all, &report.inventory, &image, &self.policy, today);
        let mut holding = Vec::new();
        for (one, standing) in all.into_iter().zip(&decision.standings) {
            if standing.is_accepted() {
                continue;
            }
            if *standing == Judgement::HoldsBack && !is_own_by_its_place(&one, report) {
                holding.push(report.undecided_vulnerabilities.len());
            }
            report.undecided_vulnerabilities.push(one);
        }
        (decision, holding)
    }

    /// That these may be in the image, and would hold it back; nothing where the policy takes what
    /// nobody can judge.
    pub(crate) fn open<'v>(
        &self,
        mut holding: impl Iterator<Item = &'v Vulnerability>,
        report: &Report,
    ) -> Vec<Skipped> {
        if self.unjudged == Some(Unjudged::Report) {
            return Vec::new();
        }
        let named = holding.by_ref().take(MOST_NAMED);
        let mut gaps: Vec<Skipped> = named.map(|one| undecided(one, report)).collect();
        let more = holding.count();
        if more > 0 {
            gaps.push(Skipped::blocking(
                Topic::Advisories,
                AdvisoryCoverage::SUBJECT,
                format!("{more} more may be there that would hold the image back"),
            ));
        }
        gaps
    }

    /// The lists of other tools that have entries for nothing that is here: an entry may be meant for what
    /// is, and name it otherwise. A line a list; they are often shared by many images.
    pub(super) fn unused(&self, used: &[bool], today: Date) -> Vec<Skipped> {
        let mut lists: BTreeMap<&str, (usize, usize, &AcceptedRisk)> = BTreeMap::new();
        for (waiver, used) in self.policy.waivers.iter().zip(used) {
            // Trivy's names of secrets stand in the same list: every number of a vulnerability has digits.
            let is_number = |id: &String| id.bytes().any(|byte| byte.is_ascii_digit());
            let is_of_others = waiver.id.as_ref().is_some_and(|id| !is_number(id));
            if waiver.place.is_some() || is_of_others || waiver.is_expired(today) {
                continue;
            }
            let known = lists.entry(list_of(waiver)).or_insert((0, 0, waiver));
            known.0 += 1;
            if !used {
                if known.1 == 0 {
                    known.2 = waiver;
                }
                known.1 += 1;
            }
        }
        lists
            .into_iter()
            .filter(|(_, (_, unused, _))| *unused > 0)
            .map(|(list, (all, unused, first))| {
                let why = format!(
                    "{unused} of {all} entr{} no known vulnerability of this image{} for {} ({})",
                    match (all, unused) {
                        (1, _) => "y covers",
                        (_, 1) => "ies covers",
                        _ => "ies cover",
                    },
                    if unused == 1 {
                        ": that"
                    } else {
                        ": the first is that"
                    },
                    first.subject,
                    first.written_in,
                );
                Skipped::new(Topic::Policy, list, why)
            })
            .collect()
    }

    /// The lists that have entries past their day for what is here, of those that are `wanted`: nobody
    /// sees otherwise why it counts again. A line a list.
    pub(super) fn expired(
        &self,
        used: &[bool],
        wanted: impl Fn(&AcceptedRisk) -> bool,
        today: Date,
    ) -> Vec<Skipped> {
        let mut lists: BTreeMap<&str, (usize, &AcceptedRisk, Date)> = BTreeMap::new();
        for (waiver, used) in self.policy.waivers.iter().zip(used) {
            let Some(until) = waiver.until.filter(|_| waiver.is_expired(today)) else {
                continue;
            };
            if *used && wanted(waiver) {
                let known = lists.entry(list_of(waiver)).or_insert((0, waiver, until));
                known.0 += 1;
            }
        }
        lists
            .into_iter()
            .map(|(list, (number, first, until))| {
                Skipped::new(
                    Topic::Policy,
                    list.to_owned(),
                    match number {
                        1 => format!(
                            "its entry for {} ended on {until}, and covers nothing any more",
                            first.subject
                        ),
                        more => format!(
                            "{more} of its entries are past their day, and cover nothing any more: \
                         the first, for {}, ended on {until}",
                            first.subject
                        ),
                    },
                )
            })
            .collect()
    }

    /// What is too old, or does not say how old it is. Of every ecosystem that judged the image the
    /// newest advisory counts: one that is fresh says nothing of the others. Where nothing happens for
    /// weeks, an update has asked: that counts as far as all that came from the same mirror is fresh,
    /// since a mirror that is dead has nothing newer either. Indexes of earlier forms know of no mirrors:
    /// there that of the index as a whole counts.
    fn too_old(&self, advisories: &AdvisoryCoverage, today: Date) -> Vec<String> {
        let Some(most) = self.max_age else {
            return Vec::new();
        };
        let mut dates: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
        for one in &advisories.covered {
            dates.insert(
                &one.ecosystem,
                (one.date.as_deref(), one.checked.as_deref()),
            );
        }
        let knows_mirrors = dates.values().any(|(_, checked)| checked.is_some());
        if dates.is_empty() {
            dates.insert("", (advisories.date.as_deref(), None));
        }
        let checked = age::in_days(advisories.checked.as_deref(), today);
        let whole = age::in_days(advisories.date.as_deref(), today);
        let asked = checked
            .zip(whole)
            .map(|(checked, whole)| checked.max(whole));
        let mut gaps = Vec::new();
        for (ecosystem, (date, checked)) in dates {
            let asked = match knows_mirrors {
                true => age::in_days(checked, today),
                false => asked,
            };
            let of = match ecosystem {
                "" => "the advisories".to_owned(),
                name => format!("the advisories on {name}"),
            };
            let age = age::in_days(date, today);
            match age.map(|age| asked.map_or(age, |asked| age.min(asked))) {
                Some(age) if age > i64::from(most) => gaps.push(format!(
                    "{of} are {age} days old, the policy takes at most {most}: build the index anew"
                )),
                Some(_) => {}
                None => gaps.push(format!(
                    "{of} do not say how old they are, or say that they are of days to come, and \
                     the policy wants to know"
                )),
            }
        }
        gaps
    }
}

/// The list that an entry stands in.
fn list_of(waiver: &AcceptedRisk) -> &str {
    let list = waiver.written_in.rsplit_once(':');
    list.map_or(&*waiver.written_in, |(list, _)| list)
}

/// Whether what may be malicious lies where nobody installs packages: most often it is one's own
/// application, whose name somebody else took. It is told, and holds nothing back.
fn is_own_by_its_place(one: &Vulnerability, report: &Report) -> bool {
    let packages = match one.removed_in {
        Some(_) => &report.inventory.removed_packages,
        None => &report.inventory.packages,
    };
    let package = packages.get(one.package);
    one.is_malicious() && package.is_some_and(|package| !package.path.contains("node_modules/"))
}

/// What is said of a flaw that may be there, and would hold the image back.
fn undecided(one: &Vulnerability, report: &Report) -> Skipped {
    let all = report
        .advisories
        .iter()
        .flat_map(|coverage| &coverage.unjudged);
    let why = all
        .filter(|unjudged| unjudged.purl == one.purl)
        .find(|unjudged| {
            let mut advisories = one.advisories.iter();
            advisories.any(|id| {
                let rest = unjudged.why.strip_prefix(id.as_str());
                rest.is_some_and(|rest| rest.starts_with(':'))
            })
        });
    Skipped::blocking(
        Topic::Advisories,
        format!("{} of {}", AdvisoryCoverage::SUBJECT, one.purl),
        format!(
            "{} may be in it [{}], and would hold the image back: {}; a waiver for it, or `unjudged = \
             \"report\"` in plimsoll.toml, takes that",
            one.id,
            one.severity.as_str(),
            match why {
                Some(unjudged) => unjudged.why.as_str(),
                None if one.is_malicious() =>
                    "it has the name of what was published to do harm, and nothing tells that it is that",
                None => "its version could not be judged",
            },
        ),
    )
}
