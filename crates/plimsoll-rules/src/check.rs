//! Runs rules over a project or an image.

use plimsoll_model::{Finding, Remark, Severity, Skipped, Suppressed, SuppressedBy, Topic};
use plimsoll_syntax::dockerfile::{self, Dockerfile, Item, ResolveInput};

use crate::options::{CheckOptions, Selected};
use crate::project::{Project, ProjectFile};
use crate::registry;
use crate::rule::{Depth, ImageFacts, Rule, Sink};
use crate::suppression::Suppressions;

/// What a check has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOutcome {
    /// What did not hold, in report order.
    pub findings: Vec<Finding>,
    /// Findings that a comment set aside.
    pub suppressed: Vec<Suppressed>,
    /// What was not looked at.
    pub skipped: Vec<Skipped>,
    /// Where rules stayed silent rather than guess, and what they took for granted.
    pub notes: Vec<Remark>,
}

/// Checks one Dockerfile and what is known around it.
///
/// A finding of low confidence is kept only where its rule was selected by name: the default set
/// speaks when it is sure.
pub fn check_project(project: &Project, options: &CheckOptions) -> CheckOutcome {
    let (tree, errors) = dockerfile::parse(project.file.clone());
    let mut run = Run::default();
    let mut input = ResolveInput {
        build_args: options.build_args.clone(),
        target_platform: options.platform.clone(),
        target: options.target.clone(),
        base_config: options.base_config.as_deref().map(|lookup| lookup as _),
        build_contexts: options.build_contexts.clone(),
    };
    let mut resolution = dockerfile::resolve(&tree, &input);
    // Without a stage that ships most rules have nothing to judge, which must not read as clean.
    if resolution.target.is_none()
        && !resolution.stages.is_empty()
        && let Some(missing) = input.target.take()
    {
        let errors = resolution.errors;
        resolution = dockerfile::resolve(&tree, &input);
        resolution.errors = errors;
        run.skipped.push(Skipped::blocking(
            Topic::Rules,
            format!(
                "{}: stage `{}`",
                project.file.path(),
                missing.escape_debug()
            ),
            "there is no such stage: the last one was judged",
        ));
    }
    let mut file = ProjectFile::new(
        &tree,
        &errors,
        &resolution,
        project.context.as_deref(),
        &options.settings,
    );
    file.base_config = options.base_config.as_ref();
    file.credentials = options.credentials;
    file.platform = options.platform.as_ref();
    file.today = options.today;
    let suppressions = if options.ignore_comments {
        Suppressions::default()
    } else {
        Suppressions::read(
            &tree,
            options
                .build_args
                .get("BUILDKIT_DOCKERFILE_CHECK")
                .map(String::as_str),
        )
    };

    for rule in registry::all() {
        let meta = rule.meta();
        let mut selected = options.selects(meta);
        if selected == Selected::No
            && options.select.is_empty()
            && !options.ignores(meta)
            && suppressions.ask_for(meta)
        {
            selected = Selected::ByDefault;
        }
        // A rule that a comment names runs even where it was not asked for: whether the comment is
        // still needed must not depend on what was asked for.
        if meta.depth == Depth::Image || (selected == Selected::No && !suppressions.name_rule(meta))
        {
            continue;
        }
        if meta.depth == Depth::Context && file.context.is_none() {
            if selected != Selected::No {
                run.skipped.push(Skipped::new(
                    Topic::Rules,
                    format!("{}: {}", project.file.path(), meta.name),
                    "no build context is known; name the folder to check it",
                ));
            }
            continue;
        }
        run.judge(*rule, selected, |rule, sink| rule.check_file(&file, sink));
    }
    for (finding, _) in &mut run.findings {
        if suppressions.make_error(finding) {
            finding.severity = finding.severity.max(Severity::High);
        }
    }
    run.finish(&suppressions, options, Some(&tree))
}

/// Judges a built image.
pub fn check_image(image: &ImageFacts<'_>, options: &CheckOptions) -> CheckOutcome {
    let tree = image
        .dockerfile
        .map(|file| dockerfile::parse(file.clone()).0);
    let suppressions = tree
        .as_ref()
        .map(|tree| Suppressions::read(tree, None))
        .unwrap_or_default();
    let mut run = Run::default();
    for rule in registry::all() {
        let meta = rule.meta();
        let selected = options.selects(meta);
        if meta.depth == Depth::Image && selected != Selected::No {
            run.judge(*rule, selected, |rule, sink| rule.check_image(image, sink));
        }
    }
    run.finish(&suppressions, options, None)
}

#[derive(Default)]
struct Run {
    findings: Vec<(Finding, Selected)>,
    skipped: Vec<Skipped>,
    notes: Vec<Remark>,
    /// Names of the rules that looked.
    judged: Vec<&'static str>,
}

impl Run {
    fn judge(
        &mut self,
        rule: &'static dyn Rule,
        selected: Selected,
        check: impl FnOnce(&dyn Rule, &mut Sink<'_>),
    ) {
        let meta = rule.meta();
        let mut found = Vec::new();
        let mut skipped = Vec::new();
        let mut notes = Vec::new();
        check(
            rule,
            &mut Sink {
                meta,
                findings: &mut found,
                skipped: &mut skipped,
                notes: &mut notes,
            },
        );
        self.judged.push(meta.name);
        self.findings
            .extend(found.into_iter().map(|finding| (finding, selected)));
        if selected != Selected::No {
            self.skipped.append(&mut skipped);
            self.notes.append(&mut notes);
        }
    }

    /// Sets aside what comments allow, adds what the comments themselves are guilty of, sorts.
    fn finish(
        self,
        suppressions: &Suppressions,
        options: &CheckOptions,
        dockerfile: Option<&Dockerfile>,
    ) -> CheckOutcome {
        let mut outcome = CheckOutcome {
            skipped: self.skipped,
            notes: self.notes,
            ..CheckOutcome::default()
        };
        let mut used = suppressions.usage();
        for (finding, selected) in self.findings {
            let reason = suppressions.judge(&finding, options.today, &mut used);
            match reason {
                _ if !options.wants(&finding, selected) => {}
                None => outcome.findings.push(finding),
                Some(reason) => outcome.suppressed.push(Suppressed {
                    finding,
                    reason,
                    by: SuppressedBy::Comment,
                }),
            }
        }
        if let Some(dockerfile) = dockerfile {
            let guilty =
                suppressions.faults(options.today, &used, &self.judged, options.require_reason);
            outcome.findings.extend(
                guilty
                    .into_iter()
                    .filter(|finding| options.runs(finding.rule)),
            );
            let suppressed = outcome.suppressed.iter_mut().map(|one| &mut one.finding);
            for finding in outcome.findings.iter_mut().chain(suppressed) {
                place_instruction(finding, dockerfile);
            }
        }
        let suppressed = outcome.suppressed.iter_mut().map(|one| &mut one.finding);
        for finding in outcome.findings.iter_mut().chain(suppressed) {
            if let Some(severity) = options.severity_of(finding) {
                finding.severity = severity;
            }
        }
        outcome
            .findings
            .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        // An ONBUILD line is seen where it stands and where it runs.
        outcome
            .findings
            .dedup_by(|a, b| a.sort_key() == b.sort_key());
        outcome
            .suppressed
            .sort_by(|a, b| a.finding.sort_key().cmp(&b.finding.sort_key()));
        outcome.notes.sort_by(|a, b| {
            (&a.place.file, a.place.start.line, a.rule).cmp(&(
                &b.place.file,
                b.place.start.line,
                b.rule,
            ))
        });
        outcome.notes.dedup();
        outcome.skipped.sort();
        outcome.skipped.dedup();
        outcome
    }
}

/// Tells a finding the first line of the instruction it is in: all that some other tools know.
fn place_instruction(finding: &mut Finding, dockerfile: &Dockerfile) {
    let Some(place) = &finding.origin.source else {
        return;
    };
    if place.file != dockerfile.source.path() {
        return;
    }
    let behind = dockerfile
        .items
        .partition_point(|item| item.span().start <= place.span.start);
    let item = behind.checked_sub(1).map(|at| &dockerfile.items[at]);
    if let Some(Item::Instruction(instruction)) = item {
        let line = dockerfile.source.lines().line(instruction.span.start);
        finding.origin.instruction_line = Some(line);
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourceFile;

    use super::*;

    #[test]
    fn a_stage_that_is_not_there_blinds_no_rule() {
        let text = "FROM debian:12 AS build\nFROM debian:12\nUSER root\n";
        let project = Project {
            file: SourceFile::new("Dockerfile", text),
            context: None,
        };
        let check = |target: &str| {
            let options = CheckOptions {
                target: Some(target.to_owned()),
                ..CheckOptions::default()
            };
            check_project(&project, &options)
        };
        let found = |outcome: &CheckOutcome, rule: &str| {
            outcome.findings.iter().any(|finding| finding.rule == rule)
        };
        let outcome = check("runtime");
        assert!(found(&outcome, "root-user") && found(&outcome, "syntax-error"));
        let gap = outcome.skipped.iter().find(|gap| gap.blocking).unwrap();
        assert_eq!(gap.what, "Dockerfile: stage `runtime`");
        for target in ["BUILD", "1"] {
            let outcome = check(target);
            assert!(!found(&outcome, "syntax-error"), "{target}");
            assert!(!outcome.skipped.iter().any(|gap| gap.blocking), "{target}");
        }
    }
}
