//! What Plimsoll says of a file in the words of another tool.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_model::{ImageConfig, SourceFile};
use plimsoll_rules::{CheckOptions, Project};
use plimsoll_syntax::dockerfile;

/// One thing that was said of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// The other tool's id.
    pub(super) id: String,
    /// The line it was said of.
    pub(super) line: usize,
    /// The first line of the instruction that holds it.
    pub(super) first: usize,
    /// Our rule and message.
    pub(super) said: String,
}

/// Whether two ids are one, in any spelling (`DS029` is `DS-0029`).
pub(super) fn same_id(a: &str, b: &str) -> bool {
    let trivy = |id: &str| {
        let id = id.strip_prefix("AVD-").unwrap_or(id);
        let digits = id.strip_prefix("DS")?;
        digits.trim_start_matches('-').parse::<u32>().ok()
    };
    a.eq_ignore_ascii_case(b) || matches!((trivy(a), trivy(b)), (Some(a), Some(b)) if a == b)
}

/// Every id of another tool that some rule carries and `wanted` takes.
pub(super) fn carried(wanted: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    plimsoll_rules::all()
        .iter()
        .flat_map(|rule| rule.meta().aliases)
        .copied()
        .filter(|id| wanted(id))
        .collect()
}

/// Options that select ids of another tool.
pub(super) fn selecting<'a>(ids: impl IntoIterator<Item = &'a str>) -> CheckOptions {
    CheckOptions {
        select: ids.into_iter().map(str::to_owned).collect(),
        ..CheckOptions::default()
    }
}

/// What a base image is taken to be where an oracle knew none: one that sets PATH and nothing else.
pub(super) fn plain_base() -> plimsoll_rules::BaseLookup {
    Arc::new(|_| {
        Some(ImageConfig {
            env: vec![
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            ],
            ..ImageConfig::default()
        })
    })
}

/// Checks one file: what goes by one of the selected ids.
pub(super) fn hits(project: &Project, options: &CheckOptions) -> Vec<Hit> {
    let outcome = plimsoll_rules::check_project(project, options);
    let first = first_lines(&project.file);
    let mut hits = Vec::new();
    for finding in &outcome.findings {
        let place = finding
            .origin
            .source
            .as_ref()
            .filter(|place| place.file == project.file.path());
        let line = place.map_or(0, |place| place.start.line);
        for id in finding.aliases {
            if options.select.iter().any(|wanted| same_id(wanted, id)) {
                hits.push(Hit {
                    id: (*id).to_owned(),
                    line,
                    first: first.get(&line).copied().unwrap_or(line),
                    said: format!("{}: {}", finding.rule, finding.message),
                });
            }
        }
    }
    hits
}

/// For each line of an instruction, the line its keyword stands on.
fn first_lines(file: &SourceFile) -> BTreeMap<usize, usize> {
    let (tree, _) = dockerfile::parse(file.clone());
    let mut first = BTreeMap::new();
    for instruction in tree.instructions() {
        let start = file.position(instruction.span.start).line;
        let end = file.position(instruction.lines.end.saturating_sub(1)).line;
        for line in start..=end.max(start) {
            first.insert(line, start);
        }
    }
    first
}
