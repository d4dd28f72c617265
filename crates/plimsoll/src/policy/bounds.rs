//! How far an image may go from the one before it, before a pipeline stops it.

use plimsoll_model::{Difference, LayerFacts, Severity, VulnerabilitySeverity, human_size};
use plimsoll_report::count;
use plimsoll_report::share;

use crate::policy::waste::parse_bytes;

/// Vulnerabilities named in a reason; the report has all of them.
const NAMED: usize = 5;

/// What a pipeline does not let pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// A credential that the old image does not have.
    NewSecrets,
    /// A finding of this severity or worse that the old image does not have.
    NewFindings(Severity),
    /// A known vulnerability of this severity or worse that the old image does not have.
    NewVulnerabilities(VulnerabilitySeverity),
    /// More bytes than the old image and so many, unpacked.
    LargerByBytes(u64),
    /// More bytes than the old image and such a share of it, unpacked.
    LargerByShare(f64),
}

/// `20%`, and `150%`: more than double is growth, too.
fn parse_growth(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').unwrap_or_default();
    let growth = percent.trim().parse::<f64>().ok();
    growth
        .filter(|percent| percent.is_finite() && *percent >= 0.0)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "expected a size such as 20MB, or a share such as 10%".to_owned())
}

impl Bound {
    /// Reads what the command line has.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "new-secrets" => Ok(Self::NewSecrets),
            None if text == "new-findings" => Ok(Self::NewFindings(Severity::Info)),
            Some(("new-findings", severity)) => Severity::parse(severity)
                .map(Self::NewFindings)
                .ok_or_else(|| "expected info, low, medium, high or critical".to_owned()),
            None if text == "new-vulnerabilities" => {
                Ok(Self::NewVulnerabilities(VulnerabilitySeverity::Unknown))
            }
            Some(("new-vulnerabilities", severity)) => VulnerabilitySeverity::parse(severity)
                .map(Self::NewVulnerabilities)
                .ok_or_else(|| {
                    "expected unknown, negligible, low, medium, high or critical".to_owned()
                }),
            Some(("larger-by", size)) if size.ends_with('%') => {
                parse_growth(size).map(Self::LargerByShare)
            }
            Some(("larger-by", size)) => parse_bytes(size).map(Self::LargerByBytes),
            _ => Err(
                "expected new-secrets, new-findings, new-findings=SEVERITY, new-vulnerabilities, \
                 new-vulnerabilities=SEVERITY or larger-by=SIZE"
                    .to_owned(),
            ),
        }
    }

    /// Whether a bill of materials tells enough to keep to it.
    pub(crate) fn is_of_packages(self) -> bool {
        matches!(self, Self::NewVulnerabilities(_))
    }

    /// One sentence where the difference goes beyond it.
    fn broken_by(self, difference: &Difference) -> Option<String> {
        match self {
            Self::NewSecrets => {
                let gained = difference.secrets.gained.len();
                (gained > 0).then(|| match gained {
                    1 => "it gains a secret".to_owned(),
                    _ => format!("it gains {gained} secrets"),
                })
            }
            Self::NewFindings(least) => {
                let gained = difference.findings.gained.iter();
                let gained = gained.filter(|finding| finding.severity >= least).count();
                (gained > 0).then(|| {
                    let findings = count(gained, "finding");
                    match least {
                        Severity::Info => format!("it gains {findings}"),
                        least => {
                            let least = least.as_str();
                            format!("it gains {findings} of severity {least} or worse")
                        }
                    }
                })
            }
            Self::NewVulnerabilities(least) => new_vulnerabilities(difference, least),
            Self::LargerByBytes(most) => larger_by(difference, most, &human_size(most)),
            Self::LargerByShare(most) => {
                let old = unpacked(&difference.images.old.inventory.layers);
                larger_by(
                    difference,
                    (old as f64 * most) as u64,
                    &format!("{:.1} %", most * 100.0),
                )
            }
        }
    }
}

/// The least severity of a new known vulnerability that a bound does not let pass.
pub(crate) fn least_vulnerability(bounds: &[Bound]) -> Option<VulnerabilitySeverity> {
    let severities = bounds.iter().filter_map(|bound| match bound {
        Bound::NewVulnerabilities(least) => Some(*least),
        _ => None,
    });
    severities.min()
}

fn new_vulnerabilities(difference: &Difference, least: VulnerabilitySeverity) -> Option<String> {
    let gained = &difference.vulnerabilities.as_ref()?.gained;
    let mut ids: Vec<&str> = gained
        .iter()
        .map(|change| &change.vulnerability)
        .filter(|one| one.severity >= least)
        .map(|one| one.id.as_str())
        .collect();
    let number = ids.len();
    let known = match number {
        0 => return None,
        1 => "it gains 1 known vulnerability".to_owned(),
        _ => format!("it gains {number} known vulnerabilities"),
    };
    let severity = match least {
        VulnerabilitySeverity::Unknown => String::new(),
        least => format!(" of severity {} or worse", least.as_str()),
    };
    ids.dedup();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    ids.truncate(NAMED);
    Some(format!("{known}{severity}: {}{more}", ids.join(", ")))
}

fn larger_by(difference: &Difference, most: u64, written: &str) -> Option<String> {
    let old = unpacked(&difference.images.old.inventory.layers);
    let new = unpacked(&difference.images.new.inventory.layers);
    let growth = new.saturating_sub(old);
    (growth > most).then(|| {
        format!(
            "it grows by {} ({}) unpacked, at most {written} is allowed",
            human_size(growth),
            share(growth, old)
        )
    })
}

fn unpacked(layers: &[LayerFacts]) -> u64 {
    layers
        .iter()
        .fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// Why the difference is held back, a sentence for each bound that it does not keep to.
pub(crate) fn broken(bounds: &[Bound], difference: &Difference) -> Vec<String> {
    bounds
        .iter()
        .filter_map(|bound| bound.broken_by(difference))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_written() {
        for (text, bound) in [
            ("new-secrets", Some(Bound::NewSecrets)),
            ("new-findings", Some(Bound::NewFindings(Severity::Info))),
            (
                "new-findings=high",
                Some(Bound::NewFindings(Severity::High)),
            ),
            (
                "new-vulnerabilities",
                Some(Bound::NewVulnerabilities(VulnerabilitySeverity::Unknown)),
            ),
            (
                "new-vulnerabilities=critical",
                Some(Bound::NewVulnerabilities(VulnerabilitySeverity::Critical)),
            ),
            ("new-vulnerabilities=important", None),
            ("larger-by=20MB", Some(Bound::LargerByBytes(20_000_000))),
            ("larger-by=5%", Some(Bound::LargerByShare(0.05))),
            ("new-findings=bad", None),
            ("larger-by=", None),
            ("larger-by=150%", Some(Bound::LargerByShare(1.5))),
            ("larger-by=-5%", None),
            ("larger-by=NaN%", None),
            ("larger", None),
            ("", None),
        ] {
            assert_eq!(Bound::parse(text).ok(), bound, "{text}");
        }
    }
}
