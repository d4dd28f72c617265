//! What an earlier report knew: only what is new counts.

use std::collections::HashMap;

use plimsoll_model::{Skipped, Topic, Vulnerability};
use plimsoll_scan::advisory::Judged;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::decision::Case;
use super::purl::Purl;
use crate::failure::Failure;

/// The vulnerabilities of an earlier report or image. One is the same where a number of it is, in a package
/// of the same name: neither its version nor its place has to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Baseline {
    /// By package and number; whether the package was in use, not removed by a later layer.
    known: HashMap<(String, String), bool>,
    /// The same by the advisories that tell of them.
    told_by: HashMap<(String, String), bool>,
    /// The name of the report or the image.
    pub(crate) written_in: String,
    /// What was not looked at there: what it holds counts as new.
    pub(crate) gaps: Vec<Skipped>,
}

/// What bills of materials and their envelopes begin with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Foreign {
    bom_format: Option<IgnoredAny>,
    spdx_version: Option<IgnoredAny>,
    #[serde(rename = "@context")]
    context: Option<IgnoredAny>,
    predicate_type: Option<IgnoredAny>,
    payload: Option<IgnoredAny>,
}

impl Foreign {
    fn is_none(&self) -> bool {
        let fields = [
            &self.bom_format,
            &self.spdx_version,
            &self.context,
            &self.predicate_type,
            &self.payload,
        ];
        fields.into_iter().all(Option::is_none)
    }
}

/// The part of our own JSON report that is read (docs/json.md).
#[derive(Deserialize)]
struct Report {
    vulnerabilities: Option<Vec<Known>>,
    /// How many it was asked to leave out.
    #[serde(default)]
    unlisted_vulnerabilities: usize,
    #[serde(default)]
    suppressed_vulnerabilities: Vec<Known>,
    /// What could not be decided was not known to be absent either.
    #[serde(default)]
    undecided_vulnerabilities: Vec<Known>,
    /// Absent or null where nothing was held against advisories.
    advisories: Option<Coverage>,
}

#[derive(Deserialize)]
struct Coverage {
    #[serde(default)]
    missing: Vec<Missing>,
}

/// An ecosystem without advisories.
#[derive(Deserialize)]
struct Missing {
    ecosystem: String,
    packages: usize,
    #[serde(default)]
    published: bool,
}

/// What tells reports of other programs from ours.
#[derive(Deserialize)]
struct Head {
    version: Option<serde_json::Value>,
    #[serde(rename = "SchemaVersion")]
    of_trivy: Option<IgnoredAny>,
    #[serde(rename = "matches")]
    of_grype: Option<IgnoredAny>,
    #[serde(rename = "results")]
    of_osv_scanner: Option<IgnoredAny>,
    /// SARIF.
    runs: Option<IgnoredAny>,
    /// GitLab's reports.
    scan: Option<IgnoredAny>,
}

impl Head {
    /// Whose report it is, where it is not ours.
    fn program(&self) -> Option<&'static str> {
        if self.of_trivy.is_some() {
            Some("a report of Trivy")
        } else if self.of_grype.is_some() {
            Some("a report of Grype")
        } else if self.of_osv_scanner.is_some() {
            Some("a report of OSV-Scanner")
        } else if self.runs.is_some() {
            Some("SARIF")
        } else if self.scan.is_some() {
            Some("a report in GitLab's form")
        } else if !self.version.as_ref().is_some_and(serde_json::Value::is_u64) {
            Some("no report of Plimsoll")
        } else {
            None
        }
    }
}

#[derive(Deserialize)]
struct Known {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    advisories: Vec<String>,
    package: String,
    /// The layer that removed the package again, where one did.
    removed_in: Option<u64>,
    /// As what it was set aside, where it was.
    status: Option<String>,
}

impl Baseline {
    /// How what was not looked at there ends.
    pub(crate) const MARK: &str = ", the baseline";

    /// Whether a JSON document is meant to be one of our reports: a bill of materials has fields that
    /// no report has.
    pub(crate) fn is_report(bytes: &[u8]) -> bool {
        serde_json::from_slice::<Foreign>(bytes).is_ok_and(|document| document.is_none())
    }

    /// Reads a report; `name` is that of its file.
    pub(crate) fn parse(bytes: &[u8], name: &str) -> Result<Self, Failure> {
        if let Ok(head) = serde_json::from_slice::<Head>(bytes)
            && let Some(program) = head.program()
        {
            return Err(Failure::usage(format!(
                "{name}: that is {program}, and what was known before is told by a report of ours"
            ))
            .hint(
                "plimsoll inspect IMAGE --format json writes one; a bill of materials, or the earlier \
                 image itself, will do, too",
            ));
        }
        let report: Report = serde_json::from_slice(bytes).map_err(|error| {
            Failure::usage(format!("{name}:{}: {error}", error.line()))
                .hint("the earlier report is one that --format json wrote")
        })?;
        let (Some(vulnerabilities), Some(coverage)) = (report.vulnerabilities, report.advisories)
        else {
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
        let mut baseline = Self {
            written_in: name.to_owned(),
            ..Self::default()
        };
        let open = report.undecided_vulnerabilities;
        for one in vulnerabilities.into_iter().chain(earlier).chain(open) {
            let aliases = one.aliases.iter().map(String::as_str);
            let ids = std::iter::once(one.id.as_str()).chain(aliases);
            baseline.add(&one.package, ids, &one.advisories, one.removed_in.is_none());
        }
        match report.unlisted_vulnerabilities {
            0 => {}
            unlisted => baseline.gaps.push(Skipped::new(
                Topic::Advisories,
                format!("vulnerabilities of {name}, the baseline"),
                format!(
                    "it was made with `--severity`, `--ignore-unfixed` or `--pkg-types`: what they \
                     left out ({unlisted}) counts as new; make it anew without"
                ),
            )),
        }
        let missing = coverage.missing.iter().filter(|one| one.published);
        for one in missing {
            let why = format!("it was made without advisories on {}", one.ecosystem);
            baseline.add_gap(&why, one.packages);
        }
        Ok(baseline)
    }

    /// What an image is known to have, whatever is accepted of it.
    pub(crate) fn of_image(judged: Judged, name: &str) -> Self {
        let mut baseline = Self {
            written_in: name.to_owned(),
            ..Self::default()
        };
        for one in judged.vulnerabilities.iter().chain(&judged.undecided) {
            let in_use = one.removed_in.is_none();
            baseline.add(&one.purl, one.names(), &one.advisories, in_use);
        }
        let coverage = judged.coverage;
        for missing in coverage.missing.iter().filter(|one| one.published) {
            let why = format!("the index has no advisories on {}", missing.ecosystem);
            baseline.add_gap(&why, missing.packages);
        }
        baseline
    }

    /// Notes that of some packages nothing was known.
    fn add_gap(&mut self, why: &str, packages: usize) {
        let packages = match packages {
            1 => "1 package".to_owned(),
            packages => format!("{packages} packages"),
        };
        self.gaps.push(Skipped::new(
            Topic::Advisories,
            format!("vulnerabilities of {}, the baseline", self.written_in),
            format!("{why}: what is there of its {packages} counts as new"),
        ));
    }

    fn add<'i>(
        &mut self,
        purl: &str,
        ids: impl Iterator<Item = &'i str>,
        advisories: &[String],
        in_use: bool,
    ) {
        let family = family(purl);
        let key = |id: &str| (family.clone(), id.to_ascii_uppercase());
        for id in ids {
            *self.known.entry(key(id)).or_default() |= in_use;
        }
        for id in advisories {
            *self.told_by.entry(key(id)).or_default() |= in_use;
        }
    }

    /// Whether it knew of a vulnerability: of one in a package that is in use, only where that was
    /// in use before.
    pub(crate) fn knew(&self, subject: &Case<'_>) -> bool {
        let one: &Vulnerability = subject.vulnerability;
        let family = family(&one.purl);
        let key = |id: &str| (family.clone(), id.to_ascii_uppercase());
        let knew =
            |known: Option<&bool>| known.is_some_and(|in_use| *in_use || one.removed_in.is_some());
        // An advisory without a number may have told of several flaws, and what is known by its id now was
        // among them.
        one.names().any(|id| knew(self.known.get(&key(id))))
            || knew(self.told_by.get(&key(&one.id)))
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
    use crate::policy::vulnerabilities::decision::tests::{subject, vulnerability};

    #[test]
    fn only_the_version_may_differ() {
        let text = br#"{"version":1,"advisories":{"snapshot":"x"},
            "vulnerabilities":[{"id":"CVE-2026-1","aliases":["GHSA-x"],
                "package":"pkg:npm/a@1.0.0?x=y","installed":"1.0.0"}],
            "suppressed_vulnerabilities":[
                {"id":"CVE-2026-2","package":"pkg:npm/a@1","status":"known-before"},
                {"id":"CVE-2026-3","package":"pkg:npm/a@1","status":"waived"},
                {"id":"CVE-2026-6","advisories":["GHSA-CVE-2026-7"],"package":"pkg:npm/a@1",
                    "status":"known-before"},
                {"id":"CVE-2026-5","package":"pkg:npm/a@1","status":"known-before","removed_in":3}]}"#;
        let baseline = Baseline::parse(text, "old.json").unwrap();
        for (id, purl, knew) in [
            ("CVE-2026-1", "pkg:npm/a@2.0.0", true),
            ("ghsa-X", "pkg:npm/a@2.0.0", true),
            ("CVE-2026-1", "pkg:npm/b@2.0.0", false),
            ("CVE-2026-1", "pkg:npm/@s/a@2.0.0", false),
            ("CVE-2026-2", "pkg:npm/a@1", true),
            ("CVE-2026-3", "pkg:npm/a@1", false),
            ("CVE-2026-4", "pkg:npm/a@1", false),
            // An erratum that tells of several makes none of them known.
            ("CVE-2026-6", "pkg:npm/a@1", true),
            ("CVE-2026-7", "pkg:npm/a@1", false),
            // What goes by the id of an advisory alone was told of with it.
            ("GHSA-CVE-2026-7", "pkg:npm/a@1", true),
            ("GHSA-CVE-2026-7", "pkg:npm/b@1", false),
            // What was removed by a later layer is new where it is in use.
            ("CVE-2026-5", "pkg:npm/a@1", false),
        ] {
            let mut one = vulnerability(id, "a");
            one.purl = purl.to_owned();
            assert_eq!(baseline.knew(&subject(&one)), knew, "{id} {purl}");
        }
    }

    #[test]
    fn what_was_not_decided_before_is_not_new() {
        let text = br#"{"version":1,"vulnerabilities":[],"undecided_vulnerabilities":[
                {"id":"RETIRE-1","package":"pkg:npm/a@1"}],"advisories":{"missing":[
                {"ecosystem":"PyPI","packages":2,"published":true},
                {"ecosystem":"conda","packages":1,"published":false}]}}"#;
        let baseline = Baseline::parse(text, "old.json").unwrap();
        assert!(baseline.knew(&subject(&vulnerability("RETIRE-1", "a"))));
        assert!(!baseline.knew(&subject(&vulnerability("RETIRE-2", "a"))));
        let [gap] = baseline.gaps.as_slice() else {
            panic!("{:?}", baseline.gaps)
        };
        assert_eq!(gap.what, "vulnerabilities of old.json, the baseline");
        assert_eq!(
            gap.why,
            "it was made without advisories on PyPI: what is there of its 2 packages counts as new"
        );
    }

    #[test]
    fn what_a_report_was_asked_to_leave_out_is_told() {
        let text =
            br#"{"version":1,"vulnerabilities":[],"unlisted_vulnerabilities":3,"advisories":{}}"#;
        let baseline = Baseline::parse(text, "old.json").unwrap();
        let [gap] = baseline.gaps.as_slice() else {
            panic!("{:?}", baseline.gaps)
        };
        assert!(
            gap.why.contains("left out (3) counts as new"),
            "{}",
            gap.why
        );
    }

    #[test]
    fn reports_are_told_from_bills_of_materials() {
        for (text, is) in [
            ("{}", true),
            ("{\"version\":1,\"vulnerabilities\":[]}", true),
            (
                "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[]}",
                false,
            ),
            ("{\"spdxVersion\":\"SPDX-2.3\"}", false),
            ("{\"@context\":\"x\",\"@graph\":[]}", false),
            ("{\"payload\":\"\"}", false),
            ("{\"predicateType\":\"x\"}", false),
        ] {
            assert_eq!(Baseline::is_report(text.as_bytes()), is, "{text}");
        }
    }

    #[test]
    fn what_is_no_report_is_told() {
        for (text, said) in [
            ("{", "old.json:1: EOF"),
            ("[]", "old.json:1: "),
            ("{}", "old.json: that is no report of Plimsoll"),
            (
                "{\"SchemaVersion\":2,\"ArtifactName\":\"x\",\"Results\":[]}",
                "old.json: that is a report of Trivy",
            ),
            (
                "{\"matches\":[],\"source\":{},\"descriptor\":{\"name\":\"grype\"}}",
                "old.json: that is a report of Grype",
            ),
            (
                "{\"results\":[]}",
                "old.json: that is a report of OSV-Scanner",
            ),
            (
                "{\"version\":\"2.1.0\",\"runs\":[]}",
                "old.json: that is SARIF",
            ),
            (
                "{\"version\":\"15.0.4\",\"vulnerabilities\":[],\"scan\":{}}",
                "old.json: that is a report in GitLab's form",
            ),
            (
                "{\"vulnerabilities\":[]}",
                "old.json: that is no report of Plimsoll",
            ),
            (
                "{\"version\":1}",
                "old.json: that report was made without advisories",
            ),
            (
                "{\"version\":1,\"vulnerabilities\":[],\"advisories\":null}",
                "old.json: that report was made without advisories",
            ),
        ] {
            let failure = Baseline::parse(text.as_bytes(), "old.json").unwrap_err();
            assert!(failure.to_string().starts_with(said), "{failure}");
        }
    }
}
