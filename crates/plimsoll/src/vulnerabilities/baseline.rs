//! What an earlier report knew: only what is new counts.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use super::decision::Subject;
use super::purl::Purl;
use super::waiver::numbers;
use crate::args::GateArgs;
use crate::config::Config;
use crate::failure::Failure;
use crate::project::{read_bounded, shown};

/// A report longer than this is none.
const LIMIT: u64 = 256 << 20;

/// The vulnerabilities of an earlier report. One is the same where a number of it is, in a package
/// of the same name: neither its version nor its place has to be.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    known: HashSet<(String, String)>,
    /// The report's name.
    pub(crate) written_in: String,
}

/// The part of our own JSON report that is read (docs/json.md).
#[derive(Deserialize)]
struct Report {
    vulnerabilities: Option<Vec<Known>>,
    #[serde(default)]
    suppressed_vulnerabilities: Vec<Known>,
    /// Absent or null where nothing was held against advisories.
    advisories: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Known {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    advisories: Vec<String>,
    package: String,
    /// As what it was set aside, where it was.
    status: Option<String>,
}

impl Baseline {
    /// The one that is asked for, by what was typed or by `plimsoll.toml`.
    pub(crate) fn find(config: &Config, arguments: &GateArgs) -> Result<Option<Self>, Failure> {
        let own = config.policy.vulnerabilities.baseline.as_ref();
        let named = arguments.baseline.clone();
        named
            .or_else(|| own.map(|path| config.below(path)))
            .map(|path| Self::read(&path))
            .transpose()
    }

    /// Reads a report.
    fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&read_bounded(path, LIMIT)?, &shown(path))
    }

    fn parse(bytes: &[u8], name: &str) -> Result<Self, Failure> {
        let report: Report = serde_json::from_slice(bytes).map_err(|error| {
            Failure::usage(format!("{name}:{}: {error}", error.line()))
                .hint("the earlier report is one that --format json wrote")
        })?;
        let (Some(vulnerabilities), Some(_)) = (report.vulnerabilities, report.advisories) else {
            return Err(Failure::usage(format!(
                "{name}: that report was made without advisories, so it cannot tell what is new"
            ))
            .hint("make it anew with --db"));
        };
        // What was set aside by a waiver or a VEX document counts anew where that no longer holds.
        let earlier = report
            .suppressed_vulnerabilities
            .into_iter()
            .filter(|one| one.status.as_deref() == Some("known-before"));
        let known = vulnerabilities
            .into_iter()
            .chain(earlier)
            .flat_map(|one| {
                let family = family(&one.package);
                let ids = std::iter::once(one.id)
                    .chain(one.aliases)
                    .chain(one.advisories);
                ids.map(move |id| (family.clone(), id.to_ascii_uppercase()))
            })
            .collect();
        Ok(Self {
            known,
            written_in: name.to_owned(),
        })
    }

    /// Whether it knew of a vulnerability.
    pub(crate) fn knew(&self, subject: &Subject<'_>) -> bool {
        let family = family(&subject.vulnerability.purl);
        numbers(subject.vulnerability).any(|id| {
            self.known
                .contains(&(family.clone(), id.to_ascii_uppercase()))
        })
    }
}

/// A package without its version.
fn family(purl: &str) -> String {
    match Purl::parse(purl) {
        Some(purl) => {
            let (kind, namespace, name) = purl.family();
            format!("{kind}/{}/{name}", namespace.unwrap_or_default())
        }
        None => purl.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vulnerabilities::decision::tests::{subject, vulnerability};

    #[test]
    fn only_the_version_may_differ() {
        let text = br#"{"version":1,"advisories":{"snapshot":"x"},
            "vulnerabilities":[{"id":"CVE-2026-1","aliases":["GHSA-x"],
                "package":"pkg:npm/a@1.0.0?x=y","installed":"1.0.0"}],
            "suppressed_vulnerabilities":[
                {"id":"CVE-2026-2","package":"pkg:npm/a@1","status":"known-before"},
                {"id":"CVE-2026-3","package":"pkg:npm/a@1","status":"waived"}]}"#;
        let baseline = Baseline::parse(text, "old.json").unwrap();
        for (id, purl, knew) in [
            ("CVE-2026-1", "pkg:npm/a@2.0.0", true),
            ("ghsa-X", "pkg:npm/a@2.0.0", true),
            ("CVE-2026-1", "pkg:npm/b@2.0.0", false),
            ("CVE-2026-1", "pkg:npm/@s/a@2.0.0", false),
            ("CVE-2026-2", "pkg:npm/a@1", true),
            ("CVE-2026-3", "pkg:npm/a@1", false),
            ("CVE-2026-4", "pkg:npm/a@1", false),
        ] {
            let mut one = vulnerability(id, "a");
            one.purl = purl.to_owned();
            assert_eq!(baseline.knew(&subject(&one)), knew, "{id} {purl}");
        }
    }

    #[test]
    fn what_is_no_report_is_told() {
        for (text, said) in [
            ("{", "old.json:1: EOF"),
            ("[]", "old.json:1: "),
            ("{}", "old.json: that report was made without advisories"),
            (
                "{\"vulnerabilities\":[],\"advisories\":null}",
                "old.json: that report was made without advisories",
            ),
        ] {
            let failure = Baseline::parse(text.as_bytes(), "old.json").unwrap_err();
            assert!(failure.to_string().starts_with(said), "{failure}");
        }
    }
}
