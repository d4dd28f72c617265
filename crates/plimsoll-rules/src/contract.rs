//! What every rule promises, held over the whole registry at once.

use std::collections::BTreeSet;

use plimsoll_model::{Applicability, Confidence, Finding};

use crate::check::check_project;
use crate::fix;
use crate::project::Project;
use crate::registry;
use crate::rule::{Depth, Meta};
use crate::testing::{ImageExample, options, sized_project};

const HEADINGS: [&str; 6] = [
    "What it does",
    "Why it hurts in production",
    "Example",
    "Use instead",
    "Fix",
    "References",
];

/// Words that would make a name read wrongly behind "allow".
const BANNED: [&str; 7] = ["no", "use", "avoid", "prefer", "require", "dont", "should"];

/// The text under each heading.
fn sections(meta: &Meta) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    let mut fenced = false;
    for line in meta.docs.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        fenced ^= line.starts_with("```");
        match line.strip_prefix("## ") {
            Some(heading) if !fenced => sections.push((heading.to_owned(), String::new())),
            _ => {
                if let Some((_, text)) = sections.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    sections
}

fn section(meta: &Meta, heading: &str) -> String {
    sections(meta)
        .into_iter()
        .find(|(name, _)| name == heading)
        .unwrap_or_else(|| panic!("{}: the docs have no `## {heading}`", meta.name))
        .1
}

/// The fenced blocks of a section: `(language, file name, text)`. ```` ```text:requirements.txt ````
/// is a file of the build context.
fn fences(meta: &Meta, heading: &str) -> Vec<(String, String, String)> {
    let mut fences: Vec<(String, String, String)> = Vec::new();
    let mut open = false;
    for line in section(meta, heading).lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                let (language, file) = info.split_once(':').unwrap_or((info, ""));
                fences.push((language.to_owned(), file.to_owned(), String::new()));
                open = true;
            }
            None if open => {
                let text = &mut fences.last_mut().unwrap().2;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    assert!(
        !open,
        "{}: a fence under `{heading}` is not closed",
        meta.name
    );
    assert!(
        !fences.is_empty(),
        "{}: no example under `{heading}`",
        meta.name
    );
    fences
}

struct Example {
    dockerfile: String,
    files: Vec<(String, String)>,
    /// Files that are too large to write out: a ```` ```bytes:NAME ```` block holds their size.
    sizes: Vec<(String, u64)>,
}

impl Example {
    fn read(meta: &Meta, heading: &str) -> Self {
        let mut dockerfile = None;
        let mut files = Vec::new();
        let mut sizes = Vec::new();
        for (language, file, text) in fences(meta, heading) {
            if language == "dockerfile" {
                dockerfile = Some(text);
            } else {
                assert!(
                    !file.is_empty(),
                    "{}: give the block a file name: ```{language}:NAME",
                    meta.name
                );
                match language.as_str() {
                    "bytes" => sizes.push((file, text.trim().parse().unwrap())),
                    "crlf" => files.push((file, text.replace('\n', "\r\n"))),
                    _ => files.push((file, text)),
                }
            }
        }
        Self {
            dockerfile: dockerfile
                .unwrap_or_else(|| panic!("{}: no ```dockerfile under `{heading}`", meta.name)),
            files,
            sizes,
        }
    }

    fn project(&self) -> Project {
        let files: Vec<(&str, &str)> = self
            .files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let sizes: Vec<(&str, u64)> = self
            .sizes
            .iter()
            .map(|(path, size)| (path.as_str(), *size))
            .collect();
        sized_project(&self.dockerfile, &files, &sizes)
    }

    fn findings(&self, rule: &str) -> Vec<Finding> {
        check_project(&self.project(), &options(rule)).findings
    }
}

fn image_example(meta: &Meta, heading: &str) -> Vec<Finding> {
    let (language, _, text) = fences(meta, heading).remove(0);
    assert_eq!(
        language, "image",
        "{}: the block under `{heading}`",
        meta.name
    );
    ImageExample::parse(&text).check(meta.name).findings
}

fn every_rule(check: impl Fn(&'static Meta)) {
    assert!(!registry::all().is_empty());
    for rule in registry::all() {
        check(rule.meta());
    }
}

#[test]
fn names_are_unique_kebab_and_read_well_behind_allow() {
    let mut seen = BTreeSet::new();
    every_rule(|meta| {
        let name = meta.name;
        let kebab = !name.is_empty()
            && name.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        assert!(kebab, "`{name}` is not kebab-case");
        let first = name.split('-').next().unwrap_or_default();
        assert!(
            !BANNED.contains(&first),
            "`{name}`: name the bad pattern, not the repair"
        );
    });
    for rule in registry::all() {
        assert!(
            seen.insert(rule.meta().name),
            "`{}` is there twice",
            rule.meta().name
        );
    }
    for rule in registry::all() {
        for alias in rule.meta().aliases {
            assert!(!seen.contains(alias), "`{alias}` is a name and an alias");
        }
    }
}

#[test]
fn docs_have_the_fixed_headings_and_say_something_under_each() {
    every_rule(|meta| {
        let sections = sections(meta);
        let headings: Vec<&str> = sections.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(headings, HEADINGS, "{}", meta.name);
        for (heading, text) in &sections {
            assert!(
                !text.trim().is_empty(),
                "{}: nothing under `{heading}`",
                meta.name
            );
            assert!(
                !text.contains("WRITE:"),
                "{}: `{heading}` is still to be written",
                meta.name
            );
        }
        assert!(
            !meta.summary.is_empty()
                && !meta.summary.contains("WRITE:")
                && !meta.summary.ends_with('.')
                && meta.summary.len() <= 90,
            "{}: the summary is one line without a full stop",
            meta.name
        );
    });
}

#[test]
fn examples_fire_and_their_repair_is_silent() {
    every_rule(|meta| {
        let (bad, good) = if meta.depth == Depth::Image {
            (
                image_example(meta, "Example"),
                image_example(meta, "Use instead"),
            )
        } else {
            (
                Example::read(meta, "Example").findings(meta.name),
                Example::read(meta, "Use instead").findings(meta.name),
            )
        };
        let sure = bad
            .iter()
            .any(|finding| finding.rule == meta.name && finding.confidence > Confidence::Low);
        assert!(sure, "{}: its example does not fire: {bad:#?}", meta.name);
        let others: Vec<_> = bad
            .iter()
            .filter(|finding| finding.rule != meta.name)
            .collect();
        assert!(
            others.is_empty(),
            "{}: its example fires others: {others:#?}",
            meta.name
        );
        assert!(
            good.is_empty(),
            "{}: what to use instead fires: {good:#?}",
            meta.name
        );
    });
}

#[test]
fn findings_say_what_and_what_to_do() {
    every_rule(|meta| {
        let found = if meta.depth == Depth::Image {
            image_example(meta, "Example")
        } else {
            Example::read(meta, "Example").findings(meta.name)
        };
        for finding in found {
            let message = &finding.message;
            assert!(
                message.ends_with(['.', '?']) && !message.contains('\n'),
                "{}: {message}",
                meta.name
            );
            let helps = finding
                .help
                .as_ref()
                .is_some_and(|help| help.ends_with(['.', '?', '"', '`']));
            assert!(
                helps || meta.name == "syntax-error",
                "{}: no help: {finding:#?}",
                meta.name
            );
        }
    });
}

#[test]
fn fixes_mend_their_example_once_and_for_all() {
    every_rule(|meta| {
        if meta.depth == Depth::Image {
            return;
        }
        let example = Example::read(meta, "Example");
        let project = example.project();
        let options = options(meta.name);
        let findings = check_project(&project, &options).findings;
        let promised = section(meta, "Fix");
        let offers = findings.iter().find_map(|finding| finding.fix.as_ref());
        let word = match offers.map(|fix| fix.applicability) {
            None => "None",
            Some(Applicability::Safe) => "Safe",
            Some(Applicability::Unsafe) => "Unsafe",
            Some(Applicability::DisplayOnly) => "Shown only",
        };
        assert!(
            promised.trim_start().starts_with(word),
            "{}: `Fix` must start with `{word}`",
            meta.name
        );
        let mut check = |project: &Project| check_project(project, &options).findings;
        let once = fix::apply(&project, &findings, true, &mut check);
        assert_eq!(once.withheld, [], "{}", meta.name);
        if offers.is_some_and(|fix| fix.applicability > Applicability::DisplayOnly) {
            assert!(!once.applied.is_empty(), "{}", meta.name);
            assert_eq!(once.left, [], "{}: left behind its fix", meta.name);
        }
        let mut again = example;
        again.dockerfile = String::from_utf8(once.bytes.clone()).unwrap();
        let twice = fix::apply(&again.project(), &once.left, true, &mut check);
        assert_eq!(
            once.bytes, twice.bytes,
            "{}: its fix is not idempotent",
            meta.name
        );
    });
}

#[test]
fn no_rule_quotes_what_an_image_must_not_show() {
    let base = "hidden: Xk9vQ2mZ\nlayer: a\nvolume: /proc/Xk9vQ2mZ\nport: 80/Xk9vQ2mZ\n";
    for (more, rules) in [
        (
            "accounts: complete\nuser: Xk9vQ2mZ:Xk9vQ2mZ\n",
            &[
                "image-without-healthcheck",
                "privileged-port-without-root",
                "system-volume-in-image",
                "user-missing-in-image",
            ][..],
        ),
        // What is hidden reaches over the colon.
        (
            "hidden: Xk9v:Q2mZ\naccounts: complete\nuser: Xk9v:Q2mZ\n",
            &["user-missing-in-image"],
        ),
        (
            "account: Xk9vQ2mZ 0 0\nuser: Xk9vQ2mZ\n",
            &["image-runs-as-root"],
        ),
    ] {
        let image = ImageExample::parse(&format!("{base}{more}"));
        for rule in rules {
            let found = image.check(rule).findings;
            assert!(!found.is_empty(), "{rule}: {more}");
            for finding in found {
                let told = format!("{finding:?}");
                assert!(told.contains("[hidden]"), "{told}");
                assert!(!told.contains("Q2mZ"), "{told}");
            }
        }
    }
}
