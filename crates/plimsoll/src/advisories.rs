//! Known vulnerabilities: which index of advisories is asked, and which of its answers are shown
//! and count.

mod gaps;

use std::path::{Path, PathBuf};

use plimsoll_model::{
    AdvisoryCoverage, Inventory, Package, PackageKind, Platform, Report, Skipped, Topic, Unlisted,
    Vulnerability,
};
use plimsoll_scan::advisory::{
    Index, Judged, NamedFlaw, RangeEnd, judge_inventory, name_flaws, range_ends,
};

pub(crate) use self::gaps::Demand;
use crate::args::{AdvisoryArgs, IndexChoice, PackageType, ThresholdArgs};
use crate::config::FailOn;
use crate::failure::Failure;
use crate::policy::vulnerabilities::Least;
use crate::storage;

/// The index of advisories that a run asks. It is opened once, and stays what it was while another
/// run replaces it: the image, its baseline and the advice are judged by the same.
pub(crate) struct Advisories<'a> {
    arguments: &'a AdvisoryArgs,
    /// The index, or why there is none to ask.
    index: Result<Index, String>,
    /// Where it lies.
    path: Option<PathBuf>,
}

impl<'a> Advisories<'a> {
    /// Opens the index that was typed, or the one that is kept.
    ///
    /// # Errors
    /// It is there and cannot be read, or what was typed is not there.
    pub(crate) fn open(arguments: &'a AdvisoryArgs) -> Result<Self, Failure> {
        let mut place = None;
        let index = match &arguments.index.db {
            Some(IndexChoice::None) => Err("not looked for, as `--db none` asks".to_owned()),
            Some(IndexChoice::File(path)) => {
                place = Some(path.clone());
                Ok(Index::open(path)?)
            }
            None => match storage::advisory_index() {
                Ok(path) => match Index::open(place.insert(path.clone())) {
                    Ok(index) => Ok(index),
                    Err(error) if error.is_missing() => Err(format!(
                        "there is no index of advisories at {}: `plimsoll db update` fetches one, \
                         `--db` names another",
                        path.display()
                    )),
                    Err(error) => return Err(error.into()),
                },
                Err(error) => Err(format!("{error}; `--db` names an index")),
            },
        };
        Ok(Self {
            arguments,
            index,
            path: place,
        })
    }

    /// Where the index lies, or would.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether there is an index to ask.
    pub(crate) fn are_there(&self) -> bool {
        self.index.is_ok()
    }

    /// Looks for known vulnerabilities among what `report` says the image holds, and adds them to
    /// it, with what they rest on. Without an index the report says that nobody looked; where a
    /// judgement is demanded, that fails the gate, and so does what `gaps` tells.
    pub(crate) fn judge(
        &self,
        report: &mut Report,
        platform: Option<&Platform>,
        demand: Demand,
    ) -> Result<(), Failure> {
        let arguments = self.arguments;
        match self.known(&report.inventory, platform)? {
            Err(why) => report.skipped.push(Skipped {
                blocking: demand != Demand::Nothing,
                ..Skipped::new(Topic::Advisories, AdvisoryCoverage::SUBJECT, why.to_owned())
            }),
            Ok(judged) => {
                let unidentified = report.bill.as_ref().map_or(0, |bill| bill.unidentified);
                let gaps = gaps::gaps(
                    &judged.coverage,
                    unidentified,
                    !judged.vulnerabilities.is_empty(),
                    report.inventory.distribution.as_ref(),
                    demand,
                    arguments,
                );
                report.skipped.extend(gaps);
                report.skipped.extend(gaps::empty_bill(report, demand));
                report.skipped.extend(gaps::unjudged(&judged.coverage));
                if judged.coverage.left_out > 0 {
                    let why = format!(
                        "there are too many to look for and to list: those of {} packages were left out",
                        judged.coverage.left_out
                    );
                    report.skipped.push(Skipped {
                        blocking: demand != Demand::Nothing,
                        ..Skipped::new(Topic::Advisories, AdvisoryCoverage::SUBJECT, why)
                    });
                }
                report.vulnerabilities = judged.vulnerabilities;
                let all = report.vulnerabilities.len();
                report.vulnerabilities.retain(|one| arguments.shows(one));
                report.unlisted = Unlisted {
                    vulnerabilities: all - report.vulnerabilities.len(),
                    system: !arguments.takes(true),
                    libraries: !arguments.takes(false),
                };
                report.undecided_vulnerabilities = judged.undecided;
                report
                    .undecided_vulnerabilities
                    .retain(|one| arguments.shows(one));
                if arguments.takes(true) {
                    report.pending_updates = judged.pending_updates;
                } else if !judged.pending_updates.is_empty() {
                    report
                        .skipped
                        .push(gaps::unlisted_updates(judged.pending_updates.len()));
                }
                report.advisories = Some(judged.coverage);
            }
        }
        report.skipped.sort();
        Ok(())
    }

    /// What is known of the packages of an inventory, all of it, or why there is no index to ask.
    pub(crate) fn known(
        &self,
        inventory: &Inventory,
        platform: Option<&Platform>,
    ) -> Result<Result<Judged, &str>, Failure> {
        Ok(match &self.index {
            Err(why) => Err(why),
            Ok(index) => Ok(judge_inventory(index, inventory, platform)?),
        })
    }

    /// Where the flaws of packages end by the same advisories; nothing where that cannot be told.
    pub(crate) fn ends(&self, packages: &[&Package]) -> Vec<Vec<RangeEnd>> {
        let index = self.index.as_ref().ok();
        let ends = index.and_then(|index| range_ends(index, packages).ok());
        ends.unwrap_or_default()
    }

    /// The same with all that they tell; `None` likewise.
    pub(crate) fn again_in_full(
        &self,
        inventory: &Inventory,
        platform: Option<&Platform>,
    ) -> Option<Vec<Vulnerability>> {
        let judged = self.known(inventory, platform).ok()?.ok()?;
        let is_whole = judged.coverage.left_out == 0;
        let mut found = judged.vulnerabilities;
        found.retain(|one| self.arguments.shows(one));
        is_whole.then_some(found)
    }

    /// What the same advisories say of other packages; `None` where that cannot be told in full.
    pub(crate) fn again(
        &self,
        inventory: &Inventory,
        platform: Option<&Platform>,
    ) -> Option<Vec<NamedFlaw>> {
        let index = self.index.as_ref().ok()?;
        name_flaws(index, inventory, platform).ok()?
    }
}

impl ThresholdArgs {
    /// What holds an image back: what was typed wins.
    pub(crate) fn least(&self) -> Least {
        match (self.exit_code, self.fail_on_vulnerability) {
            (Some(1..), _) => Least::Any,
            (_, Some(severity)) => Least::Typed(severity),
            (_, None) => Least::Unless(FailOn::Never),
        }
    }
}

impl AdvisoryArgs {
    /// Whether all that is found is shown.
    pub(crate) fn show_all(&self) -> bool {
        self.severity.is_empty() && !self.ignore_unfixed && self.pkg_types.is_empty()
    }

    fn shows(&self, vulnerability: &Vulnerability) -> bool {
        let has_severity =
            self.severity.is_empty() || self.severity.contains(&vulnerability.severity);
        has_severity
            && (!self.ignore_unfixed || vulnerability.is_fixable())
            && self.takes(vulnerability.kind().is_some_and(PackageKind::is_system))
    }

    /// Whether packages of the distribution, or the others, are shown.
    fn takes(&self, system: bool) -> bool {
        let of = match system {
            true => PackageType::Os,
            false => PackageType::Library,
        };
        self.pkg_types.is_empty() || self.pkg_types.contains(&of)
    }
}
