//! Carets under the right characters, nothing said that must not be said, a screen that fits.

use plimsoll_model::{Finding, Origin, Report, Severity, SourceFile, Span};
use plimsoll_report::{RenderInput, human, sarif};

use crate::synthetic::{at, checked, finding, inspected, layer, place};

fn framed(bytes: &[u8], text: &[u8]) -> String {
    let file = SourceFile::new("Dockerfile", bytes);
    let start = bytes
        .windows(text.len())
        .position(|window| window == text)
        .unwrap();
    let origin = place(&file, Span::new(start, start + text.len()));
    let report = Report {
        findings: vec![finding("some-rule", Severity::High, origin)],
        ..Report::default()
    };
    let sources = [file];
    human::render(&RenderInput {
        sources: &sources,
        ..RenderInput::new(&report, "0.1.0")
    })
}

#[test]
fn carets_count_characters() {
    insta::assert_snapshot!(framed("RUN echo ä漢 boom\n".as_bytes(), b"boom"), @r"
    high[some-rule]: Something is wrong.
     --> Dockerfile:1:13
      |
    1 | RUN echo ä漢 boom
      |              ^^^^

    1 finding (1 high).
    ");
}

#[test]
fn marks_and_line_ends_are_no_columns() {
    insta::assert_snapshot!(framed(b"\xef\xbb\xbfFROM a\r\nRUN b\r\n", b"FROM a"), @r"
    high[some-rule]: Something is wrong.
     --> Dockerfile:1:1
      |
    1 | FROM a
      | ^^^^^^

    1 finding (1 high).
    ");
}

#[test]
fn bytes_that_are_no_text_are_one_column_each() {
    insta::assert_snapshot!(framed(b"RUN \xff\xfe\x1b[31m boom\n", b"boom"), @r"
    high[some-rule]: Something is wrong.
     --> Dockerfile:1:13
      |
    1 | RUN ��␛[31m boom
      |             ^^^^

    1 finding (1 high).
    ");
}

#[test]
fn of_many_lines_only_the_first_is_underlined() {
    let text = "FROM a\nRUN x \\\n 1 \\\n 2 \\\n 3 \\\n 4 \\\n 5 \\\n 6\nUSER 1\n";
    insta::assert_snapshot!(framed(text.as_bytes(), &text.as_bytes()[7..text.len() - 8]), @r"
    high[some-rule]: Something is wrong.
     --> Dockerfile:2:1
      |
    2 | RUN x \
      | ^^^^^^^

    1 finding (1 high).
    ");
}

#[test]
fn credentials_are_masked_in_every_frame_that_shows_their_line() {
    let mut case = checked();
    let file = case.sources[0].clone();
    case.report.findings.push(finding(
        "legacy-syntax",
        Severity::Low,
        at(&file, "ENV API_TOKEN=t0ps3cret"),
    ));
    let text = human::render(&case.input());
    assert!(!text.contains("t0ps3cret"), "{text}");
    assert_eq!(text.matches("ENV API_TOKEN=*********").count(), 2, "{text}");
}

#[test]
fn the_screen_fits_24_rows_of_80() {
    let mut case = inspected();
    case.report.inventory.layers = (0..120)
        .map(|index| layer(index, u64::from(index) << 20, Some(&"x".repeat(300)), None))
        .collect();
    case.verdict.reasons = vec!["y".repeat(200); 40];
    let input = RenderInput {
        details: false,
        wraps: true,
        ..case.input()
    };
    let text = human::render(&input);
    let screen: Vec<&str> = text.lines().collect();
    assert!(screen.len() <= 22, "{text}");
    let widest = screen.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{text}");
    assert!(text.contains("smaller layers"), "{text}");
    // A pipe is no screen: nothing is cut there.
    let piped = human::render(&RenderInput {
        wraps: false,
        ..input
    });
    assert!(!piped.contains('…'), "{piped}");
    assert!(piped.contains(&"y".repeat(200)), "{piped}");
    // Who asks for details is told every reason.
    let details = human::render(&case.input());
    assert_eq!(details.matches(&"y".repeat(200)).count(), 40);
}

/// A screen with few lines gives up layers first, one with many has room for more of both.
#[test]
fn the_gravest_findings_stay_on_the_screen() {
    let mut case = inspected();
    case.report.inventory.layers = (0..40)
        .map(|index| layer(index, u64::from(index) << 20, Some("RUN make"), None))
        .collect();
    let grave = case.report.findings[0].clone();
    case.report.findings = ["one", "two", "three", "four", "five", "six"]
        .map(|name| Finding {
            severity: if name == "six" {
                Severity::Critical
            } else {
                Severity::High
            },
            message: format!("number {name}"),
            ..grave.clone()
        })
        .to_vec();
    let screen = |rows| {
        human::render(&RenderInput {
            details: false,
            wraps: true,
            rows,
            ..case.input()
        })
    };
    for rows in [1, 10, 16, 22] {
        let text = screen(rows);
        assert!(text.contains("number six"), "{rows}: {text}");
        let layers = text.matches("RUN make").count();
        assert_eq!(
            text.contains("smaller layers"),
            layers > 0,
            "{rows}: {text}"
        );
    }
    assert!(!screen(1).contains("RUN make"));
    let tall = screen(60);
    assert!(tall.lines().count() <= 60, "{tall}");
    for name in ["one", "two", "three", "four", "five", "six"] {
        assert!(tall.contains(&format!("number {name}")), "{tall}");
    }
    assert!(tall.matches("RUN make").count() > 10, "{tall}");
}

#[test]
fn fingerprints_outlive_moved_lines() {
    let prints = |prefix: &str, again: &str| -> Vec<String> {
        let file = SourceFile::new("Dockerfile", format!("{prefix}RUN  boom{again}\n"));
        let text = str::from_utf8(file.bytes()).unwrap();
        let findings = text
            .match_indices("RUN")
            .map(|(start, _)| {
                let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
                finding(
                    "some-rule",
                    Severity::High,
                    place(&file, Span::new(start, end)),
                )
            })
            .collect();
        let report = Report {
            findings,
            ..Report::default()
        };
        let sources = [file];
        let log = sarif::render(&RenderInput {
            sources: &sources,
            ..RenderInput::new(&report, "0.1.0")
        });
        let log: serde_json::Value = serde_json::from_str(&log).unwrap();
        log["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| {
                result["partialFingerprints"]["plimsoll/v1"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let first = prints("", "");
    assert_eq!(first, prints("FROM a\n\n\n   ", "   "));
    assert_ne!(first, prints("", "!"));
    let twice = prints("", "\nRUN boom");
    assert_eq!(twice[0], first[0]);
    assert_ne!(twice[0], twice[1]);
}

/// Of an image the findings stand rule by rule, the gravest first, and what is said of a rule once.
#[test]
fn findings_of_an_image_stand_together_and_are_helped_once() {
    let mut case = inspected();
    let of = |rule: &'static str, severity, message: &str, help: &str| Finding {
        message: message.to_owned(),
        help: Some(help.to_owned()),
        ..finding(rule, severity, Origin::default())
    };
    case.report.findings = vec![
        of("b", Severity::Low, "B one.", "Mend b."),
        of("a", Severity::Medium, "A one.", "Mend a."),
        of("b", Severity::Critical, "B two.", "Mend b."),
        of("a", Severity::Medium, "A two.", "Mend a otherwise."),
        of("b", Severity::High, "B three.", "Mend b."),
    ];
    let text = human::render(&case.input());
    let told = text.split("note: ").next().unwrap();
    assert_eq!(
        told,
        "critical[b]: B two.\n = help: Mend b.\n\nhigh[b]: B three.\n\nlow[b]: B one.\n\n\
         medium[a]: A one.\n = help: Mend a.\n\nmedium[a]: A two.\n = help: Mend a otherwise.\n\n"
    );
}
