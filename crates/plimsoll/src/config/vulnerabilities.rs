//! `[policy.vulnerabilities]`: which known vulnerabilities hold a ship back.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use plimsoll_model::VulnerabilitySeverity;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::config::FailOn;
use crate::failure::Failure;

/// Which known vulnerabilities hold a ship back. Paths are below the folder of this file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct VulnerabilityConfig {
    /// Least severity that holds back, or `never` (default: the policy's `fail-on`).
    pub(crate) fail_on: Option<FailOn<VulnerabilitySeverity>>,
    /// Whether only those with a fix do.
    pub(crate) only_fixed: Option<bool>,
    /// Whether only those do whose code is in the program, as far as that is known: of a Go program
    /// whose advisories name the functions.
    pub(crate) only_reachable: Option<bool>,
    /// How long after its publication one holds nothing back yet, such as `14 days`.
    #[serde(deserialize_with = "grace")]
    #[schemars(with = "Option<String>")]
    pub(crate) grace: Option<u32>,
    /// Other thresholds for what the base image brought, and for what nobody knows who brought.
    pub(crate) base: ThresholdConfig,
    /// Other thresholds for what the layers above the base brought, and for what nobody knows who
    /// brought.
    pub(crate) yours: ThresholdConfig,
    /// How old the advisories may be, such as `7 days`: where they are older, the gate fails. Of every
    /// ecosystem that judges the image the newest advisory counts, and with
    /// `pending-security-updates` every security pocket.
    #[serde(deserialize_with = "max_age")]
    #[schemars(with = "Option<String>")]
    pub(crate) max_age: Option<u32>,
    /// Whether packages that no advisories can judge fail the gate. By default those of the
    /// distribution do, where nobody publishes advisories on it or nobody knows which it is; `report`
    /// lets them pass, too. `fail` takes none: not those of other kinds, not those whose versions
    /// nobody can order, not components of a bill of materials that nothing identifies. Where no
    /// package at all could be judged, the gate always fails.
    pub(crate) unjudged: Option<Unjudged>,
    /// Whether what is known to be exploited holds back, whatever its severity, its age and its fix:
    /// `report` (the default) or `error`. The index must have the catalogue.
    pub(crate) known_exploited: Option<Presence>,
    /// How likely to be exploited, by EPSS, one must be to hold back whatever its severity: a
    /// share of one, such as `0.5`. The index must have the scores.
    pub(crate) epss_above: Option<f64>,
    /// Whether packages of Debian and Ubuntu that a security update waits for hold back: `report`
    /// (the default) or `error`. The index must have the release's security pocket.
    pub(crate) pending_security_updates: Option<Presence>,
    /// VEX documents that count: OpenVEX or CycloneDX; `oci` for those attached to the image, whose
    /// signatures are not verified.
    #[schemars(with = "Vec<String>")]
    pub(crate) vex: Vec<VexSource>,
    /// Lists of other tools that count: in the form of `.trivyignore`, `.trivyignore.yaml` or
    /// `.grype.yaml`, told by their names.
    pub(crate) ignore_files: Vec<PathBuf>,
    /// An earlier report in Plimsoll's JSON, or an earlier image or bill of materials: only what is
    /// not in it holds back.
    pub(crate) baseline: Option<PathBuf>,
}

/// Thresholds for one origin; what is not given here is as it is for all. Where it is not known
/// whose a layer is, both hold, so that the stricter counts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ThresholdConfig {
    /// Least severity that holds back, or `never`.
    pub(crate) fail_on: Option<FailOn<VulnerabilitySeverity>>,
    /// Whether only those with a fix do.
    pub(crate) only_fixed: Option<bool>,
    /// Whether only those do whose code is in the program, as far as that is known: of a Go program
    /// whose advisories name the functions.
    pub(crate) only_reachable: Option<bool>,
    /// How long after its publication one holds nothing back yet.
    #[serde(deserialize_with = "grace")]
    #[schemars(with = "Option<String>")]
    pub(crate) grace: Option<u32>,
}

/// Where statements about vulnerabilities are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub(crate) enum VexSource {
    /// Attached to the image. A file of the name that asks for it, `oci`, is `./oci`.
    Attached,
    /// In this file.
    File(PathBuf),
}

impl From<PathBuf> for VexSource {
    fn from(path: PathBuf) -> Self {
        match path.as_os_str() == "oci" {
            true => Self::Attached,
            false => Self::File(path),
        }
    }
}

impl From<OsString> for VexSource {
    fn from(typed: OsString) -> Self {
        PathBuf::from(typed).into()
    }
}

impl VexSource {
    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Attached => None,
            Self::File(path) => Some(path),
        }
    }
}

/// What becomes of packages that no advisories can judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unjudged {
    /// The report lists them, those of the distribution, too.
    Report,
    /// They fail the gate: exit code 3.
    Fail,
}

/// What becomes of an image where there is such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Presence {
    /// The report says so.
    Report,
    /// It is held back.
    Error,
}

impl VulnerabilityConfig {
    /// Refuses what is no share.
    pub(super) fn validate(&self, place: &str) -> Result<(), Failure> {
        if let Some(share) = self.epss_above
            && !(0.0..=1.0).contains(&share)
        {
            return Err(Failure::usage(format!(
                "{place}: policy.vulnerabilities: epss-above = {share} is not a share of one, such \
                 as 0.5"
            )));
        }
        Ok(())
    }
}

fn grace<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u32>, D::Error> {
    days("grace", source)
}

fn max_age<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u32>, D::Error> {
    days("max-age", source)
}

/// The number of days that the value of `key` is.
fn days<'de, D: Deserializer<'de>>(key: &str, source: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(source)?;
    parse_days(&text).map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "{key} = \"{}\" is not a time such as 14 days or 2 weeks",
            text.escape_debug()
        ))
    })
}

/// Reads a number of days: `14 days`, `1 day`, `2 weeks`, `14d`, `2w`.
fn parse_days(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u32 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "d" | "day" | "days" => 1,
        "w" | "week" | "weeks" => 7,
        _ => return None,
    };
    // Longer than anything on record: a slip of the finger.
    number.checked_mul(unit).filter(|days| *days <= 36_500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_days() {
        for (text, days) in [
            ("14 days", Some(14)),
            ("1 day", Some(1)),
            ("2weeks", Some(14)),
            (" 7d ", Some(7)),
            ("0 days", Some(0)),
            ("14", None),
            ("-1 days", None),
            ("1.5 days", None),
            ("a fortnight", None),
            ("99999999999 days", None),
            ("4000000000 weeks", None),
            ("", None),
            ("7 däys", None),
        ] {
            assert_eq!(parse_days(text), days, "{text}");
        }
    }
}
