//! Any bytes: no panic, places inside the file, the same answer twice, fixes that hold.

use plimsoll_model::{Finding, SourceFile, Span};
use plimsoll_rules::fix::{Unfit, Withheld};
use plimsoll_rules::{CheckOptions, Project, SharedContext, check_project, fix, wanted};
use plimsoll_syntax::context::{Context, ContextEntry, EntryKind};
use proptest::prelude::*;

fn options() -> CheckOptions {
    CheckOptions {
        select: vec!["ALL".to_owned()],
        today: Some((2026, 6, 1)),
        ..CheckOptions::default()
    }
}

fn context(files: &[(String, Vec<u8>)]) -> Context {
    let mut entries: Vec<ContextEntry> = files
        .iter()
        .map(|(path, bytes)| ContextEntry {
            path: path.clone(),
            kind: EntryKind::File,
            size: bytes.len() as u64,
        })
        .collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
    let read = |path: &String, bytes: &Vec<u8>| SourceFile::new(path.clone(), bytes.clone());
    Context {
        entries,
        ignore_file: files
            .iter()
            .find(|(path, _)| path == ".dockerignore")
            .map(|(path, bytes)| read(path, bytes)),
        contents: files
            .iter()
            .filter(|(path, _)| wanted(path).is_some())
            .map(|(path, bytes)| (path.clone(), read(path, bytes)))
            .collect(),
        gaps: Vec::new(),
    }
}

fn holds(project: &Project) {
    let options = options();
    let outcome = check_project(project, &options);
    let length = project.file.bytes().len();
    let inside = |span: Span| span.start <= span.end && span.end <= length;
    let all = outcome
        .findings
        .iter()
        .chain(outcome.suppressed.iter().map(|one| &one.finding));
    for finding in all {
        let places = finding
            .related
            .iter()
            .map(|related| &related.origin)
            .chain([&finding.origin]);
        for place in places.filter_map(|origin| origin.source.as_ref()) {
            assert!(inside(place.span), "{finding:?}");
            assert!(place.start <= place.end, "{finding:?}");
        }
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(inside(edit.span), "{finding:?}");
        }
    }
    let sorted = outcome
        .findings
        .is_sorted_by(|a, b| a.sort_key() <= b.sort_key());
    assert!(sorted, "{:?}", outcome.findings);
    assert_eq!(outcome, check_project(project, &options));

    let mut check = |project: &Project| check_project(project, &options).findings;
    let fixed = fix::apply(project, &outcome.findings, true, &mut check);
    let again = Project {
        file: SourceFile::new(project.file.path(), fixed.bytes.clone()),
        context: project.context.clone(),
    };
    assert_eq!(fixed.left, check(&again));
    for withheld in &fixed.withheld {
        interacts(&again, &fixed.left, withheld, &mut check);
    }
    let twice = fix::apply(&again, &fixed.left, true, &mut check);
    assert_eq!(fixed.bytes, twice.bytes, "a fix goes on and on");
    assert_eq!(fixed.withheld, twice.withheld);
}

/// A fix is left out only where it mends its own finding and brings one of another rule.
fn interacts(
    project: &Project,
    findings: &[Finding],
    withheld: &Withheld,
    check: &mut dyn FnMut(&Project) -> Vec<Finding>,
) {
    let Unfit::Brings(brings) = withheld.because else {
        panic!("a fix that does not hold: {withheld:#?}");
    };
    let mut bytes = project.file.bytes().to_vec();
    let fix = withheld.finding.fix.as_ref().expect("it was tried");
    for edit in fix.edits.iter().rev() {
        bytes.splice(edit.span.start..edit.span.end, edit.text.bytes());
    }
    let after = check(&Project {
        file: SourceFile::new(project.file.path(), bytes),
        context: project.context.clone(),
    });
    let count =
        |findings: &[Finding], rule: &str| findings.iter().filter(|one| one.rule == rule).count();
    let own = withheld.finding.rule;
    assert!(count(&after, own) < count(findings, own), "{withheld:#?}");
    assert!(
        count(&after, brings) > count(findings, brings),
        "{withheld:#?}"
    );
}

/// Lines that rules look at, and lines that break them.
fn line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "FROM debian",
        "FROM debian:12 AS a",
        "FROM a AS b",
        "FROM ${X}",
        "FROM scratch",
        "ARG TOKEN",
        "ENV PASSWORD=abc KEY=",
        "USER root",
        "USER 1",
        "COPY . .",
        "COPY --from=a /x /y",
        "ADD x /",
        "add \"a b\" \\\n # c\n /",
        "RUN npm ci",
        "RUN apt-get update",
        "RUN apt-get update && \\\n  apt-get install -y gcc curl",
        "RUN apt-get update && rm -rf /var/lib/apt/lists/*",
        "RUN <<EOF\napt-get update\nEOF",
        "RUN --mount=type=cache,target=/var/lib/apt apt-get update",
        "RUN pip install -r requirements.txt",
        "CMD node app.js",
        "CMD [\"x\"",
        "ENTRYPOINT exec a",
        "HEALTHCHECK CMD curl -f x",
        "EXPOSE 80",
        "ONBUILD ADD x /",
        "# plimsoll: allow(root-user) why",
        "# plimsoll: allow(DL3020, x) until 2020-01-01",
        "# hadolint ignore=DL3020",
        "# check=skip=all",
        "SHELL [\"bash\", \"-c\"]",
        "",
        "\u{feff}",
        "EOF",
    ])
    .prop_map(str::to_owned);
    prop_oneof![8 => known, 1 => "\\PC{0,40}"]
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        holds(&Project { file: SourceFile::new("Dockerfile", bytes), context: None });
    }

    #[test]
    fn any_lines(lines in prop::collection::vec(line(), 0..14), end in prop::sample::select(vec!["\n", "\r\n"])) {
        holds(&Project { file: SourceFile::new("Dockerfile", lines.join(end).into_bytes()), context: None });
    }

    #[test]
    fn any_context(
        lines in prop::collection::vec(line(), 0..8),
        files in prop::collection::vec((
            prop::sample::select(vec![".env", "k/id_rsa", "requirements.txt", "package.json", ".npmrc", ".dockerignore", "a/b.key", "x.env"]).prop_map(str::to_owned),
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                "(PASSWORD=[a-z]{0,4}|-----BEGIN PRIVATE KEY-----|!?[a-z*./]{0,6}|\\PC{0,20})".prop_map(String::into_bytes),
            ],
        ), 1..5),
    ) {
        holds(&Project { file: SourceFile::new("Dockerfile", lines.join("\n")), context: Some(SharedContext::new(context(&files)).into()) });
    }
}
