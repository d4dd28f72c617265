//! What holds a ship back: thresholds and waivers.

use plimsoll_model::{Finding, Report, Severity, Suppressed, SuppressedBy};
use plimsoll_report::Verdict;

use crate::config::{Config, Waiver};
use crate::failure::Outcome;

/// What the policy says of a report.
pub(crate) struct Judgement {
    /// Whether it holds, and what holds it back.
    pub(crate) verdict: Verdict,
    /// The same as an exit code.
    pub(crate) outcome: Outcome,
    /// Waivers that expired or matched nothing, one sentence each.
    pub(crate) notes: Vec<String>,
}

/// Sets waived findings aside, then judges the rest.
pub(crate) fn judge(
    report: &mut Report,
    config: &Config,
    fail_on: Severity,
    today: jiff::civil::Date,
) -> Judgement {
    let mut notes = Vec::new();
    for waiver in &config.policy.waiver {
        let until: jiff::civil::Date = match waiver.until.parse() {
            Ok(until) => until,
            // Refused when the file was read.
            Err(_) => continue,
        };
        let matched = report
            .findings
            .iter()
            .any(|finding| covers(waiver, finding));
        if !matched {
            notes.push(format!(
                "the waiver for `{}` matches no finding: remove it",
                waiver.rule
            ));
        } else if until < today {
            notes.push(format!(
                "the waiver for `{}` ended on {}: mend the finding, or give {} a new date to answer for",
                waiver.rule, waiver.until, waiver.owner
            ));
        } else {
            let reason = format!(
                "waived until {} by {}: {}",
                waiver.until, waiver.owner, waiver.reason
            );
            let (waived, kept) = std::mem::take(&mut report.findings)
                .into_iter()
                .partition::<Vec<_>, _>(|finding| covers(waiver, finding));
            report.findings = kept;
            report
                .suppressed
                .extend(waived.into_iter().map(|finding| Suppressed {
                    finding,
                    reason: reason.clone(),
                    by: SuppressedBy::Configuration,
                }));
        }
    }
    let mut reasons: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.severity >= fail_on)
        .map(reason)
        .collect();
    reasons.extend(config.policy.thresholds().broken_by(&report.inventory));
    let held_back = !reasons.is_empty();
    reasons.extend(
        report
            .skipped
            .iter()
            .filter(|skipped| skipped.blocking)
            .map(|skipped| format!("not looked at: {}: {}", skipped.what, skipped.why)),
    );
    Judgement {
        outcome: Outcome::of(held_back, &report.skipped),
        verdict: Verdict {
            holds: reasons.is_empty(),
            reasons,
            next: None,
        },
        notes,
    }
}

fn reason(finding: &Finding) -> String {
    let origin = &finding.origin;
    let place = match (&origin.source, &origin.layer, &origin.path) {
        (Some(source), ..) => format!("{}:{}: ", source.file, source.start.line),
        (None, Some(layer), _) => format!("layer {}: ", layer.index),
        (None, None, Some(path)) => format!("/{path}: "),
        (None, None, None) => String::new(),
    };
    format!(
        "{place}{} [{}, {}]",
        finding.message,
        finding.rule,
        finding.severity.as_str()
    )
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let names = plimsoll_rules::find(&waiver.rule);
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

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters. Linear in
/// memory, at worst the product of both lengths in time.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            p = star;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
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
        };
        Report {
            findings: vec![finding],
            ..Report::default()
        }
    }

    fn config(rule: &str, path: Option<&str>, until: &str) -> Config {
        let mut config = Config::default();
        config.policy.waiver.push(Waiver {
            rule: rule.to_owned(),
            path: path.map(str::to_owned),
            reason: "known".to_owned(),
            owner: "ops".to_owned(),
            until: until.to_owned(),
        });
        config
    }

    #[test]
    fn thresholds_and_waivers() {
        let today = jiff::civil::date(2026, 11, 21);
        let judged = |config: &Config, fail_on| {
            let mut report = report();
            let judgement = judge(&mut report, config, fail_on, today);
            assert_eq!(judgement.verdict.holds, judgement.outcome == Outcome::Holds);
            let notes = judgement.notes.len();
            (judgement.verdict.holds, notes, report.suppressed.len())
        };
        assert_eq!(judged(&Config::default(), Severity::High), (false, 0, 0));
        assert_eq!(judged(&Config::default(), Severity::Critical), (true, 0, 0));
        assert_eq!(
            judged(&config("DL3002", None, "2026-11-21"), Severity::High),
            (true, 0, 1)
        );
        assert_eq!(
            judged(
                &config("root-user", Some("usr/*/x"), "2027-01-01"),
                Severity::High
            ),
            (true, 0, 1)
        );
        assert_eq!(
            judged(
                &config("root-user", Some("etc/*"), "2027-01-01"),
                Severity::High
            ),
            (false, 1, 0)
        );
        assert_eq!(
            judged(&config("root-user", None, "2026-11-20"), Severity::High),
            (false, 1, 0)
        );
        let mut wasteful = Config::default();
        wasteful.policy.lowest_efficiency = Some(0.9);
        assert_eq!(judged(&wasteful, Severity::Critical), (false, 0, 0));
    }
}
