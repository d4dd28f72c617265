//! What holds a ship back: findings, known vulnerabilities, waste, growth, and what of that is accepted.

pub(crate) mod bounds;
pub(crate) mod exceptions;
pub(crate) mod vulnerabilities;
pub(crate) mod waste;

use std::cmp::Reverse;

use plimsoll_model::{
    AdvisoryCoverage, Distribution, Finding, Report, Severity, Skipped, Suppressed, SuppressedBy,
};
use plimsoll_report::Verdict;
use plimsoll_rules::CheckOptions;

use self::exceptions::{fault, place};
use self::vulnerabilities::{Baseline, wildcard};
use crate::bill;
use crate::config::{Config, Waiver};

/// What is said of a report whose waived findings are set aside: findings of the `least` severity and
/// worse ones hold it back, and what `else_broken` tells.
pub(crate) fn judge(
    report: &Report,
    least: Option<Severity>,
    else_broken: impl IntoIterator<Item = String>,
) -> Verdict {
    let mut reasons = least.map_or_else(Vec::new, |least| reasons(report, least));
    reasons.extend(else_broken);
    Verdict::new(reasons, unseen(&report.skipped))
}

/// What a judgement needs and nobody looked at, a line each.
pub(crate) fn unseen<'s>(skipped: impl IntoIterator<Item = &'s Skipped>) -> Vec<String> {
    let blocking = skipped.into_iter().filter(|gap| gap.blocking);
    blocking.map(Skipped::to_string).collect()
}

/// Sets waived findings aside, and takes what is accepted of what was not looked at. Waivers that are
/// past their day become findings themselves, and those that cover nothing where the `whole` project
/// was looked at.
pub(crate) fn waive(
    report: &mut Report,
    config: &Config,
    options: &CheckOptions,
    whole: bool,
    today: jiff::civil::Date,
) {
    let mut faults = Vec::new();
    for spanned in &config.policy.waiver {
        let waiver = spanned.as_ref();
        if waiver.is_for_vulnerabilities() {
            continue;
        }
        let place = place(config, spanned);
        let subject = waiver.subject();
        if waiver.until < today {
            accept(waiver, &mut report.skipped, today);
            faults.extend(fault(
                options,
                "expired-suppression",
                format!("The waiver for {subject} ended on {}.", waiver.until),
                "Mend what it accepted, or give it a new end date that its owner answers for.",
                place.as_ref(),
            ));
            continue;
        }
        let (waived, kept) = std::mem::take(&mut report.findings)
            .into_iter()
            .partition::<Vec<_>, _>(|finding| covers(waiver, finding));
        report.findings = kept;
        let is_used = !waived.is_empty() || accept(waiver, &mut report.skipped, today);
        if !is_used && whole {
            let what = match waiver.gap {
                Some(_) => "gap",
                None => "finding",
            };
            faults.extend(fault(
                options,
                "unused-suppression",
                format!("The waiver for {subject} covers no {what}."),
                "Remove it, so that it does not hide the next one.",
                place.as_ref(),
            ));
        }
        let reason = format!(
            "waived until {} by {}: {}",
            waiver.until, waiver.owner, waiver.reason
        );
        report
            .suppressed
            .extend(waived.into_iter().map(|finding| Suppressed {
                finding,
                reason: reason.clone(),
                by: SuppressedBy::Configuration,
            }));
    }
    report.findings.extend(faults);
    report
        .findings
        .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
}

/// Takes what is accepted of what was not looked at: it is told, and fails no gate.
pub(crate) fn accept_gaps(skipped: &mut [Skipped], config: &Config, today: jiff::civil::Date) {
    for waiver in &config.policy.waiver {
        accept(waiver.as_ref(), skipped, today);
    }
}

/// Takes what one waiver accepts, and tells whether there was anything. One that is past its day takes
/// nothing, and where it would have that is said.
fn accept(waiver: &Waiver, skipped: &mut [Skipped], today: jiff::civil::Date) -> bool {
    let mut is_used = false;
    let Some(pattern) = waiver.gap.as_deref().map(str::trim) else {
        return is_used;
    };
    // Who takes it of the image takes it of what that is compared with.
    let of_baseline = format!("{pattern} of *{}", Baseline::MARK);
    for gap in skipped.iter_mut().filter(|gap| gap.blocking) {
        // Nobody looked at all.
        if gap.what == bill::NO_IMAGE {
            continue;
        }
        // Packages that nobody knows cannot be judged either. What else was not held against
        // advisories the policy for vulnerabilities decides on.
        let what = match gap.what.strip_prefix(AdvisoryCoverage::SUBJECT) {
            None => gap.what.as_str(),
            Some(of) if of.strip_prefix(" of ") == Some(Distribution::PACKAGES) => {
                Distribution::PACKAGES
            }
            Some(_) => continue,
        };
        let fits = |pattern: &str| wildcard(pattern.as_bytes(), what.as_bytes());
        if !fits(pattern) && !fits(&of_baseline) {
            continue;
        }
        if waiver.until < today {
            let told = format!("the waiver for it ended on {}", waiver.until);
            gap.waiver.get_or_insert(told);
        } else {
            gap.blocking = false;
            gap.waiver = Some(format!(
                "accepted until {} by {}: {}",
                waiver.until, waiver.owner, waiver.reason
            ));
            is_used = true;
        }
    }
    is_used
}

/// What findings of a severity, and worse ones, hold back for: a sentence each, the gravest first.
fn reasons(report: &Report, fail_on: Severity) -> Vec<String> {
    let findings = report.findings.iter();
    let mut findings: Vec<&Finding> = findings
        .filter(|finding| finding.severity >= fail_on)
        .collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings.into_iter().map(reason).collect()
}

fn reason(finding: &Finding) -> String {
    format!(
        "{}{} [{}, {}]",
        finding.origin.nearest().lead(),
        finding.message,
        finding.rule,
        finding.severity.as_str()
    )
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let Some(rule) = waiver.rule.as_deref() else {
        return false;
    };
    let names = plimsoll_rules::find(rule);
    let rule = names.iter().any(|rule| rule.meta().name == finding.rule);
    let path = waiver.path.as_deref().is_none_or(|pattern| {
        let source = finding
            .origin
            .source
            .as_ref()
            .map(|source| source.file.as_str());
        [source, finding.origin.path.as_deref()]
            .into_iter()
            .flatten()
            .any(|path| wildcard(pattern.as_bytes(), path.as_bytes()))
    });
    rule && path
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::{Confidence, Origin};

    fn report() -> Report {
        let finding = Finding {
            rule: "root-user",
            aliases: &["DL3002"],
            severity: Severity::High,
            confidence: Confidence::High,
            message: "runs as root".to_owned(),
            help: None,
            origin: Origin {
                path: Some("usr/bin/x".to_owned()),
                ..Origin::default()
            },
            related: Vec::new(),
            fix: None,
            subjects: Vec::new(),
        };
        Report {
            findings: vec![finding],
            ..Report::default()
        }
    }

    fn config(rule: &str, path: Option<&str>, until: &str) -> Config {
        let path = path.map_or(String::new(), |path| format!("path = \"{path}\"\n"));
        let text = format!(
            "[[policy.waiver]]\nrule = \"{rule}\"\n{path}reason = \"known\"\nowner = \"ops\"\n\
             until = \"{until}\"\n"
        );
        Config::read(&text, std::path::Path::new("plimsoll.toml")).unwrap()
    }

    #[test]
    fn gaps_are_accepted_by_name_and_never_advisories() {
        let gap = |what: &str| {
            Skipped::blocking(
                plimsoll_model::Topic::Packages,
                what.to_owned(),
                "it is debian 12",
            )
        };
        let all = [
            "packages of the distribution",
            "var/db/pkg/dev-libs/a/CONTENTS",
            "vulnerabilities",
            "vulnerabilities of Debian:12",
            "vulnerabilities of packages of the distribution",
            "image",
            "packages of the distribution of oci:old, the baseline",
        ];
        let today = jiff::civil::date(2026, 11, 21);
        for (pattern, until, accepted) in [
            ("packages of the distribution", "2026-11-21", &[0, 4, 6][..]),
            ("var/db/pkg/*", "2027-01-01", &[1]),
            ("*", "2027-01-01", &[0, 1, 4, 6]),
            ("image", "2027-01-01", &[]),
            ("vulnerabilities*", "2027-01-01", &[]),
            ("packages of the distribution", "2026-11-20", &[]),
        ] {
            let text = format!(
                "[[policy.waiver]]\ngap = \"{pattern}\"\nreason = \"no packages\"\n\
                 owner = \"ops\"\nuntil = \"{until}\"\n"
            );
            let config = Config::read(&text, std::path::Path::new("plimsoll.toml")).unwrap();
            let mut report = Report {
                skipped: all.iter().copied().map(gap).collect(),
                ..Report::default()
            };
            let mut alone = report.skipped.clone();
            waive(&mut report, &config, &CheckOptions::default(), true, today);
            accept_gaps(&mut alone, &config, today);
            assert_eq!(alone, report.skipped);
            for (at, gap) in report.skipped.iter().enumerate() {
                assert_eq!(gap.blocking, !accepted.contains(&at), "{pattern}: {gap:?}");
                assert_eq!(gap.why, "it is debian 12");
                let is_past = until == "2026-11-20" && [0, 4, 6].contains(&at);
                let told = match (gap.blocking, is_past) {
                    (false, _) => Some(format!("accepted until {until} by ops: no packages")),
                    (true, true) => Some(format!("the waiver for it ended on {until}")),
                    (true, false) => None,
                };
                assert_eq!(gap.waiver, told, "{gap:?}");
            }
            let faults: Vec<&str> = report.findings.iter().map(|one| one.rule).collect();
            let expected: &[&str] = match (accepted, until) {
                (_, "2026-11-20") => &["expired-suppression"],
                ([], _) => &["unused-suppression"],
                _ => &[],
            };
            assert_eq!(faults, expected, "{pattern}");
        }
    }

    #[test]
    fn the_gravest_reason_comes_first() {
        let mut report = report();
        let of = |severity, message: &str| Finding {
            severity,
            message: message.to_owned(),
            ..report.findings[0].clone()
        };
        report.findings = vec![
            of(Severity::High, "a"),
            of(Severity::Critical, "b"),
            of(Severity::Medium, "c"),
            of(Severity::High, "d"),
            of(Severity::Critical, "e"),
        ];
        let reasons = reasons(&report, Severity::High);
        let told: Vec<&str> = reasons
            .iter()
            .filter_map(|reason| reason.split([' ', '[']).nth(1))
            .collect();
        assert_eq!(told, ["b", "e", "a", "d"]);
    }

    #[test]
    fn thresholds_and_waivers() {
        let today = jiff::civil::date(2026, 11, 21);
        let judged = |config: &Config, fail_on| {
            let mut report = report();
            waive(&mut report, config, &CheckOptions::default(), true, today);
            let holds = judge(&report, Some(fail_on), None).holds();
            let faults = report.findings.iter().map(|finding| finding.rule);
            let faults: Vec<_> = faults.filter(|rule| *rule != "root-user").collect();
            (holds, faults.join(" "), report.suppressed.len())
        };
        for (config, fail_on, expected) in [
            (Config::default(), Severity::High, (false, "", 0)),
            (Config::default(), Severity::Critical, (true, "", 0)),
            (
                config("DL3002", None, "2026-11-21"),
                Severity::High,
                (true, "", 1),
            ),
            (
                config("root-user", Some("usr/*/x"), "2027-01-01"),
                Severity::High,
                (true, "", 1),
            ),
            (
                config("root-user", Some("etc/*"), "2027-01-01"),
                Severity::High,
                (false, "unused-suppression", 0),
            ),
            (
                config("root-user", None, "2026-11-20"),
                Severity::High,
                (false, "expired-suppression", 0),
            ),
        ] {
            let (holds, faults, aside) = expected;
            assert_eq!(judged(&config, fail_on), (holds, faults.to_owned(), aside));
        }
        let known = ["a 1 has CVE-2026-1".to_owned()];
        let verdict = judge(&report(), Some(Severity::Critical), known.clone());
        assert_eq!(verdict, Verdict::new(known.to_vec(), Vec::new()));
        assert!(judge(&report(), None, None).holds());
    }
}
