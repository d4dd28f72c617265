//! Records, packages and waivers whose every text wants to be more than text.

use plimsoll_model::{PackageKind, Report, StepTarget};
use plimsoll_report::{container_scanning, human, junit, markdown};
use proptest::prelude::*;

use crate::synthetic::vulnerable;
use crate::vulnerable::assert_valid;

/// Makes every text that came from a file or a database say `text`.
fn poison(report: &mut Report, text: &str) {
    for found in &mut report.vulnerabilities {
        for field in [
            &mut found.id,
            &mut found.name,
            &mut found.purl,
            &mut found.installed,
        ] {
            *field = text.to_owned();
        }
        found.aliases = vec![text.to_owned()];
        found.title = Some(text.to_owned());
        found.references = [text.to_owned(), format!("https://{text}")].into();
        found.fixed = found.fixed.as_ref().map(|_| text.to_owned());
        found.severity_source = Some(text.to_owned());
        if let Some(cvss) = &mut found.cvss {
            cvss.vector = Some(text.to_owned());
            cvss.source = text.to_owned();
        }
        found.origin.path = Some(text.to_owned());
        if let Some(source) = &mut found.origin.source {
            source.file = text.to_owned();
        }
    }
    for one in &mut report.suppressed_vulnerabilities {
        one.reason = text.to_owned();
        one.vulnerability.id = text.to_owned();
        one.vulnerability.name = text.to_owned();
        one.vulnerability.installed = text.to_owned();
    }
    for edit in &mut report.advice.edits {
        edit.lock = Some(text.to_owned());
        edit.program = edit.program.as_ref().map(|_| text.to_owned());
        if let Some(place) = &mut edit.place {
            place.file = text.to_owned();
        }
        for step in &mut edit.steps {
            for field in [&mut step.name, &mut step.purl, &mut step.installed] {
                *field = text.to_owned();
            }
            step.to = match step.kind {
                PackageKind::Deb => StepTarget::After(text.to_owned()),
                _ => StepTarget::At(text.to_owned()),
            };
        }
    }
    if let Some(coverage) = &mut report.advisories {
        coverage.snapshot = text.to_owned();
        coverage.date = Some(text.to_owned());
        coverage.missing[0].ecosystem = text.to_owned();
        coverage.unjudged[0].purl = text.to_owned();
        coverage.unjudged[0].why = text.to_owned();
    }
    if let Some(image) = &mut report.image {
        image.name = text.to_owned();
    }
    if let Some(distribution) = &mut report.inventory.distribution {
        distribution.id = text.to_owned();
        distribution.version = text.to_owned();
    }
}

/// Holds `text` to what XML 1.0 asks of a document, as far as escaping can break it: characters,
/// tags that close in turn, quoted values, references.
fn assert_well_formed(text: &str) {
    let is_character = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_character), "{text:?}");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.split_once("?>").unwrap().1;
    while let Some(at) = rest.find('<') {
        let (between, tag) = rest.split_at(at);
        assert!(!between.contains("]]>"), "{between:?}");
        assert_references(between);
        let (tag, behind) = tag[1..].split_once('>').unwrap();
        assert!(!tag.contains('<'), "{tag:?}");
        assert_references(tag);
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag:?}");
        match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name), "{tag:?}"),
            (None, Some(_)) => {}
            (None, None) => open.push(tag.split(' ').next().unwrap()),
        }
        rest = behind;
    }
    assert!(
        open.is_empty() && rest.trim().is_empty(),
        "{open:?} {rest:?}"
    );
}

fn assert_references(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split_once(';').unwrap().0;
        assert!(
            ["amp", "lt", "gt", "quot", "apos"].contains(&name),
            "&{name};"
        );
    }
}

#[test]
fn hostile_names_stay_names() {
    for evil in [
        "]]>",
        "</testsuite><x a=\"",
        "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{fffe}\u{ffff}",
        "\u{1b}]0;owned\u{7}\u{202e}",
        "| <script>alert(1)</script> [x](http://evil) `a` @everyone #1 <!--\r\n# x",
        "'\"&amp;&#0;",
        "",
    ] {
        let mut case = vulnerable();
        poison(&mut case.report, evil);
        let input = case.input();
        assert_well_formed(&junit::render(&input));
        assert_valid(&container_scanning::render(&input));
        let screen = human::render(&input);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!screen.contains(acts), "{screen:?}");
        let page = markdown::render(&input);
        for bad in [
            "<script",
            "](http:",
            "@everyone",
            "\u{1b}",
            "\u{202e}",
            "\n# x",
        ] {
            assert!(!page.contains(bad), "{bad:?} in {page}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_format(text in prop_oneof![
        any::<String>(),
        "[\\]>&<\"'\\x00-\\x1f|`\\[(@#\u{fffe}\u{ffff}\u{2028}]{0,40}",
    ]) {
        let mut case = vulnerable();
        poison(&mut case.report, &text);
        let input = case.input();
        assert_well_formed(&junit::render(&input));
        assert_valid(&container_scanning::render(&input));
        let page = markdown::render(&input);
        prop_assert!(!page.contains("<script"));
        let rows = page.lines().filter(|line| line.starts_with("| ")).count();
        prop_assert_eq!(rows, markdown::render(&vulnerable().input()).lines().filter(|line| line.starts_with("| ")).count());
    }
}
