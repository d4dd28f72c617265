//! Which known vulnerabilities hold an image back. A pure function: what there is, what the policy
//! says, and what day it is.

use std::collections::HashMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use plimsoll_model::{
    Inventory, Likelihood, Package, PackageKind, Skipped, Topic, Vulnerability,
    VulnerabilitySeverity, VulnerabilityStatus,
};

use super::accepted::Accepted;
use super::age;
use super::baseline::Baseline;
use super::image::ImageIdentity;
use super::purl::{Identity, Purl};
use super::vex::{Coverage, Statement, Validity};
use super::waiver::AcceptedRisk;
use super::work::Effort;
use crate::config::{FailOn, Presence, ThresholdConfig, VulnerabilityConfig};

/// What it takes to hold an image back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threshold {
    /// Least severity; none where nothing does.
    pub(crate) least: Option<VulnerabilitySeverity>,
    /// Whether only what has a fix does.
    pub(crate) only_fixed: bool,
    /// Whether only what is not known to be left out of the program does.
    pub(crate) only_reachable: bool,
    /// Days after its publication before one does.
    pub(crate) grace: u32,
}

/// The thresholds for each origin; where it is not known whose a layer is, both count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// For the layers of the base image.
    pub(crate) base: Threshold,
    /// For the layers above.
    pub(crate) yours: Threshold,
}

impl Thresholds {
    /// Those of a configuration; `least` where it names no severity.
    pub(crate) fn of(config: &VulnerabilityConfig, least: FailOn<VulnerabilitySeverity>) -> Self {
        let all = Threshold {
            least: config.fail_on.unwrap_or(least).least(),
            only_fixed: config.only_fixed.unwrap_or(false),
            only_reachable: config.only_reachable.unwrap_or(false),
            grace: config.grace.unwrap_or(0),
        };
        let of = |own: &ThresholdConfig| Threshold {
            least: own.fail_on.map_or(all.least, FailOn::least),
            only_fixed: own.only_fixed.unwrap_or(all.only_fixed),
            only_reachable: own.only_reachable.unwrap_or(all.only_reachable),
            grace: own.grace.unwrap_or(all.grace),
        };
        Self {
            base: of(&config.base),
            yours: of(&config.yours),
        }
    }

    /// Those that hold back whatever has a severity, as it is shown.
    pub(crate) const ANY: Self = {
        let any = Threshold {
            least: Some(VulnerabilitySeverity::Unknown),
            only_fixed: false,
            only_reachable: false,
            grace: 0,
        };
        Self {
            base: any,
            yours: any,
        }
    };

    /// The same with one severity for every origin, as it was typed.
    pub(crate) fn typed(config: &VulnerabilityConfig, least: VulnerabilitySeverity) -> Self {
        let with = |threshold: Threshold| Threshold {
            least: Some(least),
            ..threshold
        };
        let own = Self::of(config, FailOn::Never);
        Self {
            base: with(own.base),
            yours: with(own.yours),
        }
    }

    /// What a vulnerability is let go for. Where it is not known whose its layer is, both thresholds
    /// must let it go.
    fn tolerance(&self, vulnerability: &Vulnerability, today: Date) -> Option<Tolerance> {
        let by = |threshold| tolerance(vulnerability, threshold, today);
        match vulnerability.in_base {
            Some(true) => by(&self.base),
            Some(false) => by(&self.yours),
            None => match (by(&self.base)?, by(&self.yours)?) {
                (Tolerance::Grace(one), Tolerance::Grace(other)) => {
                    Some(Tolerance::Grace(one.min(other)))
                }
                (grace @ Tolerance::Grace(_), _) | (_, grace) => Some(grace),
            },
        }
    }
}

/// What holds an image back for what others do with a flaw, whatever its severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Threats {
    /// Whether what is known to be exploited does.
    pub(crate) known_exploited: bool,
    /// The likelihood of being exploited above which one does, in billionths.
    pub(crate) epss_above: Option<u32>,
}

impl Threats {
    /// Those of a configuration.
    pub(crate) fn of(config: &VulnerabilityConfig) -> Self {
        let billionths = |share: f64| (share * f64::from(Likelihood::ONE)).round() as u32;
        Self {
            known_exploited: config.known_exploited == Some(Presence::Error),
            epss_above: config.epss_above.map(billionths),
        }
    }

    fn hold(&self, vulnerability: &Vulnerability) -> bool {
        let is_likely = self.epss_above.is_some_and(|above| {
            let epss = vulnerability.epss.as_ref();
            epss.is_some_and(|epss| epss.probability > above)
        });
        is_likely || self.known_exploited && vulnerability.known_exploited.is_some()
    }
}

/// All that is decided by.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// What it takes.
    pub(crate) thresholds: Thresholds,
    /// What holds back whatever the thresholds are.
    pub(crate) threats: Threats,
    /// Accepted risks: where several cover one, the first is named.
    pub(crate) waivers: Vec<AcceptedRisk>,
    /// What others say.
    pub(crate) statements: Vec<Statement>,
    /// What was known before.
    pub(crate) baseline: Option<Baseline>,
}

impl Policy {
    /// What a vulnerability is let go for that nobody set aside.
    pub(super) fn tolerance(
        &self,
        vulnerability: &Vulnerability,
        today: Date,
    ) -> Option<Tolerance> {
        if vulnerability.removed_in.is_none() && self.threats.hold(vulnerability) {
            return None;
        }
        self.thresholds.tolerance(vulnerability, today)
    }
}

/// A vulnerability with all that can be asked of it.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// The vulnerability.
    pub(crate) vulnerability: &'a Vulnerability,
    /// The package it lies in.
    pub(crate) package: Option<&'a Package>,
    /// What that goes by.
    pub(crate) identity: Identity<'a>,
    /// Other packages that were built into the same file: what they say of their parts counts.
    pub(crate) in_same_file: &'a [Identity<'a>],
}

/// How one vulnerability stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It holds the image back.
    HoldsBack,
    /// It does not, by the thresholds.
    Tolerated(Tolerance),
    /// It is set aside.
    SetAside {
        /// As what.
        status: VulnerabilityStatus,
        /// Why, in one line.
        reason: String,
        /// VEX's label for why.
        justification: Option<String>,
        /// Where that is written.
        written_in: String,
    },
}

impl Judgement {
    /// Whether somebody accepts it, or says that it does no harm. What is known from before is not
    /// accepted by that.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self, Self::SetAside { status, .. } if *status != VulnerabilityStatus::KnownBefore)
    }
}

/// Why a vulnerability that stands does not hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// A later layer removed the package.
    Removed,
    /// It is too mild.
    Mild,
    /// Nobody says how bad it is, and only what is bad enough counts.
    Unrated,
    /// There is no fix.
    NotFixed,
    /// Its code is not in the program.
    Unreachable,
    /// It is too new; from this day on it holds back.
    Grace(Date),
}

/// What was decided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// For each vulnerability how it stands.
    pub(crate) standings: Vec<Judgement>,
    /// For each waiver whether it covers anything that is there.
    pub(crate) used: Vec<bool>,
    /// What was not held against all vulnerabilities, since there is too much of it. Those stand.
    pub(crate) gaps: Vec<Skipped>,
    /// For each statement of others what became of it.
    pub(crate) heard: Vec<Heard>,
}

impl Decision {
    /// The same, where `other` was decided by the same policy on others.
    pub(crate) fn beside(mut self, other: Self) -> Self {
        for (used, other) in self.used.iter_mut().zip(other.used) {
            *used |= other;
        }
        for (heard, other) in self.heard.iter_mut().zip(other.heard) {
            if other == Heard::Speaks {
                *heard = other;
            }
        }
        self
    }
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It speaks of a known vulnerability of the image.
    Speaks,
    /// It speaks of none.
    Silent,
    /// It names components of bills of materials that are of something else.
    OfOtherBills,
    /// It is attested of something else.
    OfAnotherImage,
    /// A newer version of its document takes its place.
    Replaced,
}

/// Decides. `today` is the day that grace and waivers are reckoned by.
pub(crate) fn decide(
    vulnerabilities: &[Vulnerability],
    inventory: &Inventory,
    image: &ImageIdentity,
    policy: &Policy,
    today: Date,
) -> Decision {
    decide_within(
        vulnerabilities,
        inventory,
        image,
        policy,
        today,
        Effort::default(),
    )
}

/// The same with so much to be compared.
fn decide_within(
    vulnerabilities: &[Vulnerability],
    inventory: &Inventory,
    image: &ImageIdentity,
    policy: &Policy,
    today: Date,
    effort: Effort,
) -> Decision {
    let files = match policy.statements.is_empty() {
        true => HashMap::new(),
        false => by_file(inventory),
    };
    let mut accepted = Accepted::new(&policy.waivers, effort.waivers);
    let mut coverage = Coverage::new(&policy.statements, image, effort.statements);
    let mut used = vec![false; policy.waivers.len()];
    // Of how many vulnerabilities it could not be told.
    let (mut unwaived, mut unheard) = (0_usize, 0_usize);
    let mut all_held = true;
    let mut heard = vec![Heard::Silent; policy.statements.len()];
    let mut listening = Some(effort.heard);
    // Else nobody asks what the packages go by.
    let is_named =
        !policy.waivers.is_empty() || !policy.statements.is_empty() || policy.baseline.is_some();
    let standings = vulnerabilities
        .iter()
        .map(|vulnerability| {
            let subject = Case::new(vulnerability, inventory, &files, is_named);
            let mut waiver = None;
            let told = accepted.each(&subject, &mut |at| {
                used[at] = true;
                let one = &policy.waivers[at];
                if !one.is_expired(today) {
                    waiver.get_or_insert(one);
                }
            });
            all_held &= told.is_ok();
            unwaived += usize::from(told.is_err() && waiver.is_none());
            let said = coverage.said(&subject);
            unheard += usize::from(said.is_err());
            if let Some(work) = &mut listening {
                let told = coverage.each(&subject, work, &mut |at| heard[at] = Heard::Speaks);
                if told.is_err() {
                    listening = None;
                }
            }
            stand(&subject, said.ok().flatten(), waiver, policy, today)
        })
        .collect();
    if !all_held {
        // Nobody knows what else they cover.
        used.fill(true);
    }
    match listening {
        // Nobody knows which of them speak of what.
        None => heard.fill(Heard::Speaks),
        Some(_) => {
            for (at, heard) in heard.iter_mut().enumerate() {
                match coverage.validity(at) {
                    Validity::OfAnotherImage => *heard = Heard::OfAnotherImage,
                    Validity::Replaced => *heard = Heard::Replaced,
                    Validity::Valid => {
                        if *heard == Heard::Silent && coverage.is_of_other_bills(at) {
                            *heard = Heard::OfOtherBills;
                        }
                    }
                }
            }
        }
    }
    let gap = |what: &str, number: usize| {
        Skipped::new(
            Topic::Advisories,
            what,
            format!(
                "too much to compare: {number} known vulnerabilit{} not held against all of them, and \
             stand{}",
                if number == 1 { "y was" } else { "ies were" },
                if number == 1 { "s" } else { "" },
            ),
        )
    };
    let gaps = [("waivers", unwaived), ("VEX statements", unheard)];
    Decision {
        standings,
        used,
        gaps: gaps
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .map(|(what, number)| gap(what, number))
            .collect(),
        heard,
    }
}

/// How one stands, by what is said of it and the waiver that covers it.
pub(super) fn stand(
    subject: &Case<'_>,
    said: Option<&Statement>,
    waiver: Option<&AcceptedRisk>,
    policy: &Policy,
    today: Date,
) -> Judgement {
    if let Some(statement) = said
        && let Some(status) = statement.status.sets_aside()
    {
        return Judgement::SetAside {
            status,
            reason: statement.explanation(),
            justification: statement.justification.clone(),
            written_in: statement.written_in.clone(),
        };
    }
    if let Some(waiver) = waiver {
        return Judgement::SetAside {
            status: match waiver.justification {
                Some(_) => VulnerabilityStatus::NotAffected,
                None => VulnerabilityStatus::Waived,
            },
            reason: waiver.explanation(),
            justification: waiver.justification.map(str::to_owned),
            written_in: waiver.written_in.clone(),
        };
    }
    if let Some(baseline) = &policy.baseline
        && baseline.knew(subject)
    {
        return Judgement::SetAside {
            status: VulnerabilityStatus::KnownBefore,
            reason: "known before".to_owned(),
            justification: None,
            written_in: baseline.written_in.clone(),
        };
    }
    match policy.tolerance(subject.vulnerability, today) {
        Some(tolerance) => Judgement::Tolerated(tolerance),
        None => Judgement::HoldsBack,
    }
}

fn tolerance(
    vulnerability: &Vulnerability,
    threshold: &Threshold,
    today: Date,
) -> Option<Tolerance> {
    if vulnerability.removed_in.is_some() {
        return Some(Tolerance::Removed);
    }
    if threshold
        .least
        .is_none_or(|least| vulnerability.severity < least)
    {
        let counts_any = threshold.least.is_some();
        return Some(match vulnerability.severity {
            VulnerabilitySeverity::Unknown if counts_any => Tolerance::Unrated,
            _ => Tolerance::Mild,
        });
    }
    if threshold.only_fixed && !vulnerability.is_fixable() {
        return Some(Tolerance::NotFixed);
    }
    if threshold.only_reachable && vulnerability.is_unreachable() {
        return Some(Tolerance::Unreachable);
    }
    // What does not say when it was published, or a day to come, has no grace.
    if threshold.grace == 0 {
        return None;
    }
    age::in_days(vulnerability.published.as_deref(), today)?;
    let published = vulnerability.published.as_deref().and_then(day)?;
    let ends = published
        .checked_add(i64::from(threshold.grace).days())
        .ok()?;
    (today < ends).then_some(Tolerance::Grace(ends))
}

/// The day of a time as RFC 3339 has it.
pub(crate) fn day(time: &str) -> Option<Date> {
    time.get(..10)?.parse().ok()
}

impl<'a> Case<'a> {
    /// One of an image, with all that lies in each of its `files`.
    pub(super) fn new(
        vulnerability: &'a Vulnerability,
        inventory: &'a Inventory,
        files: &'a HashMap<&str, Vec<Identity<'a>>>,
        is_named: bool,
    ) -> Self {
        let packages = match vulnerability.removed_in {
            Some(_) => &inventory.removed_packages,
            None => &inventory.packages,
        };
        let package = packages.get(vulnerability.package);
        let in_same_file = package
            .filter(|package| shares_its_file(package.kind))
            .and_then(|package| files.get(package.path.as_str()))
            .map_or(&[][..], Vec::as_slice);
        Self {
            vulnerability,
            package,
            identity: match is_named {
                true => Identity::of(vulnerability, package),
                false => Identity::unnamed(vulnerability),
            },
            in_same_file,
        }
    }
}

/// Kinds that are linked or packed into one file together.
fn shares_its_file(kind: PackageKind) -> bool {
    matches!(
        kind,
        PackageKind::Go | PackageKind::Cargo | PackageKind::Maven
    )
}

pub(super) fn by_file(inventory: &Inventory) -> HashMap<&str, Vec<Identity<'_>>> {
    let mut files: HashMap<&str, Vec<Identity<'_>>> = HashMap::new();
    for package in &inventory.packages {
        if shares_its_file(package.kind) {
            files.entry(&package.path).or_default().push(Identity {
                name: &package.name,
                purl: Purl::parse(&package.purl),
                version: Some(&package.version),
                source: package.source.as_ref(),
            });
        }
    }
    files
}

#[cfg(test)]
pub(crate) mod tests;
