//! Text that wants to be more than text.

mod vulnerable;

use plimsoll_model::{Related, Report, Severity, SourceFile, Span};
use plimsoll_report::{
    Hidden, RenderInput, checkstyle, codeclimate, github, human, json, junit, markdown, plain,
    rdjson, sarif, sonarqube,
};
use proptest::prelude::*;

use crate::synthetic::{finding, inspected, place};

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n| <script>alert(1)</script> [x](http://evil) \
    `a` ```\u{202e}gnp.exe @everyone #1 <!-- \u{2066}";

/// A report in which every text is hostile.
fn evil() -> crate::synthetic::Case {
    let mut case = inspected();
    let evil = || EVIL.to_owned();
    let file = SourceFile::new(EVIL, EVIL);
    let report = &mut case.report;
    for finding in &mut report.findings {
        finding.message = evil();
        finding.help = Some(evil());
        finding.origin.path = Some(evil());
        finding.origin.package = Some(evil());
        if finding.origin.source.is_some() {
            finding.origin.source = place(&file, Span::new(2, 9)).source;
        }
        if let Some(layer) = &mut finding.origin.layer {
            layer.instruction = Some(evil());
        }
        finding.related.push(Related {
            origin: place(&file, Span::new(3, 5)),
            message: evil(),
        });
        if let Some(fix) = &mut finding.fix {
            fix.title = evil();
        }
    }
    report.suppressed[0].reason = evil();
    report.remarks[0].text = evil();
    report.skipped[0].what = evil();
    report.skipped[0].why = evil();
    report.checked = vec![evil()];
    if let Some(image) = &mut report.image {
        image.name = evil();
        image.config.user = evil();
        if let Some(platform) = &mut image.config.platform {
            platform.os = evil();
        }
    }
    for layer in &mut report.inventory.layers {
        layer.instruction = Some(evil());
    }
    if let Some(distribution) = &mut report.inventory.distribution {
        distribution.name = evil();
    }
    report.inventory.secrets[0].place = evil();
    for one in &mut report.vulnerabilities {
        one.id = evil();
        one.name = evil();
        one.purl = evil();
        one.installed = evil();
        one.fixed = one.fixed.as_ref().map(|_| evil());
        one.title = Some(evil());
        one.references = [evil()].into();
        one.aliases = vec![evil()];
        one.origin.path = Some(evil());
    }
    if let Some(coverage) = &mut report.advisories {
        coverage.missing[0].ecosystem = evil();
        coverage.unjudged[0].purl = evil();
        coverage.unjudged[0].why = evil();
    }
    case.verdict.reasons = vec![evil()];
    case.verdict.next = Some(evil());
    case.sources = vec![file];
    case
}

#[test]
fn documents_hold_no_markup_of_others() {
    let case = evil();
    let input = case.input();
    for text in [checkstyle::render(&input), junit::render(&input)] {
        assert_eq!(active(&text), [], "{text}");
        assert!(
            !text.contains("<script") && !text.contains("<!--"),
            "{text}"
        );
    }
    for text in [
        codeclimate::render(&input),
        codeclimate::render_gitlab(&input),
        rdjson::render(&input),
        sonarqube::render(&input),
    ] {
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}

#[test]
fn a_workflow_sees_one_command_a_finding() {
    let case = evil();
    let text = github::render(&case.input());
    assert_eq!(active(&text), [], "{text}");
    let report = &case.report;
    let expected = report.findings.len() + report.vulnerabilities.len() + report.skipped.len();
    assert_eq!(text.lines().count(), expected, "{text}");
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
}

fn active(text: &str) -> Vec<char> {
    text.chars()
        .filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{2066}'))
        .collect()
}

#[test]
fn terminals_see_no_control_characters() {
    let case = evil();
    let input = case.input();
    assert_eq!(active(&human::render(&input)), []);
    assert_eq!(active(&plain::render(&input)), []);
    // One line a finding, a skipped thing and a remark, whatever they say.
    let report = &case.report;
    let found = report.findings.len() + report.vulnerabilities.len();
    let lines = found + report.skipped.len() + report.remarks.len();
    assert_eq!(plain::render(&input).lines().count(), lines);
}

#[test]
fn markdown_is_only_what_we_wrote() {
    let page = markdown::render(&evil().input());
    assert_eq!(active(&page), []);
    for markup in ["<script", "[x](", "<!-- &", "@everyone", "```", "http://"] {
        assert!(!page.contains(markup), "{markup} in {page}");
    }
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert!([3, 5, 6, 7, 9].contains(&bars), "{row}");
    }
}

#[test]
fn machines_read_it_back() {
    let case = evil();
    let value: serde_json::Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    assert_eq!(value["findings"][0]["message"], EVIL);
    serde_json::from_str::<serde_json::Value>(&sarif::render(&case.input())).unwrap();
}

proptest! {
    #[test]
    fn no_bytes_and_no_place_make_a_format_fail(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'='), Just(b' '), Just(b'\t'), any::<u8>()],
            0..200,
        ),
        spans in proptest::collection::vec((0_usize..240, 0_usize..240), 1..6),
        secret in any::<bool>(),
        width in 0_usize..200,
    ) {
        let file = SourceFile::new("Dockerfile", bytes);
        let mut findings: Vec<_> = spans
            .iter()
            .map(|(a, b)| finding("some-rule", Severity::Medium, place(&file, Span::new(*a.min(b), *a.max(b)))))
            .collect();
        let related = findings
            .iter()
            .map(|finding| Related { origin: finding.origin.clone(), message: "x".to_owned() })
            .collect();
        findings[0].related = related;
        let report = Report { findings, ..Report::default() };
        let sources = [file];
        let hidden = [Hidden {
            file: "Dockerfile".to_owned(),
            spans: spans.iter().map(|(a, b)| Span::new(*a.min(b), *a.max(b))).collect(),
        }];
        let hidden = if secret { &hidden[..] } else { &[] };
        let input = RenderInput { sources: &sources, hidden, width, ..RenderInput::new(&report, "0.1.0") };
        prop_assert_eq!(active(&human::render(&input)), vec![]);
        plain::render(&input);
        json::render(&input);
        sarif::render(&input);
        markdown::render(&input);
    }
}
