//! What to do about known vulnerabilities.

use std::collections::BTreeMap;

use plimsoll_model::{Advice, AdvisedEdit, Report, StepTarget, VersionStep, Vulnerability};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct WireAdvice<'a> {
    edits: Vec<WireEdit<'a>>,
    plan: &'a [usize],
    remaining: &'a [usize],
}

#[derive(Serialize)]
struct WireEdit<'a> {
    action: &'static str,
    file: Option<&'a str>,
    line: Option<usize>,
    also: Vec<WireLine<'a>>,
    lock: Option<&'a str>,
    layer: Option<usize>,
    program: Option<&'a str>,
    steps: Vec<WireStep<'a>>,
    removes: &'a [usize],
    severities: BTreeMap<&'static str, usize>,
    stays: &'a [usize],
    updates: &'a [usize],
}

#[derive(Serialize)]
struct WireLine<'a> {
    file: &'a str,
    line: usize,
}

#[derive(Serialize)]
struct WireStep<'a> {
    package: &'a str,
    name: &'a str,
    installed: &'a str,
    to: Option<&'a str>,
    after: Option<&'a str>,
    removes: usize,
    brings: Vec<WireBrought<'a>>,
    brought: bool,
    held_by: Vec<WireHolder<'a>>,
}

#[derive(Serialize)]
struct WireHolder<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct WireBrought<'a> {
    id: &'a str,
    severity: &'static str,
}

impl<'a> WireAdvice<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let Advice {
            edits,
            plan,
            remaining,
            untried: _,
        } = &report.advice;
        Self {
            edits: edits
                .iter()
                .map(|edit| WireEdit::new(edit, &report.vulnerabilities))
                .collect(),
            plan,
            remaining,
        }
    }
}

impl<'a> WireEdit<'a> {
    fn new(edit: &'a AdvisedEdit, found: &[Vulnerability]) -> Self {
        let mut severities: BTreeMap<&'static str, usize> = BTreeMap::new();
        for one in edit.removes.iter().filter_map(|at| found.get(*at)) {
            *severities.entry(one.severity.as_str()).or_default() += 1;
        }
        Self {
            action: edit.action.as_str(),
            file: edit.place.as_ref().map(|place| place.file.as_str()),
            line: edit.place.as_ref().map(|place| place.start.line),
            also: edit
                .also
                .iter()
                .map(|place| WireLine {
                    file: &place.file,
                    line: place.start.line,
                })
                .collect(),
            lock: edit.lock.as_deref(),
            layer: edit.layer,
            program: edit.program.as_deref(),
            steps: edit.steps.iter().map(WireStep::new).collect(),
            removes: &edit.removes,
            severities,
            stays: &edit.stays,
            updates: &edit.updates,
        }
    }
}

impl<'a> WireStep<'a> {
    fn new(step: &'a VersionStep) -> Self {
        Self {
            package: &step.purl,
            name: &step.name,
            installed: &step.installed,
            to: match &step.to {
                StepTarget::At(version) => Some(version),
                StepTarget::After(_) | StepTarget::Gone => None,
            },
            after: match &step.to {
                StepTarget::After(version) => Some(version),
                StepTarget::At(_) | StepTarget::Gone => None,
            },
            removes: step.removes,
            brings: step
                .brings
                .iter()
                .map(|flaw| WireBrought {
                    id: &flaw.id,
                    severity: flaw.severity.as_str(),
                })
                .collect(),
            brought: step.is_brought,
            held_by: step
                .held_by
                .iter()
                .map(|(name, version)| WireHolder { name, version })
                .collect(),
        }
    }
}
