//! Real files, and what another tool said of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use plimsoll_model::SourceFile;
use plimsoll_rules::{CheckOptions, Project};
use rayon::prelude::*;
use serde_json::Value;

use super::cases::{is_buildkit, percent};
use super::judge::{self, Hit};
use super::{Request, open, read_lines, text};
use crate::disagreements::Disagreements;

/// What another tool said of one file.
#[derive(Default)]
pub(super) struct Said {
    /// Id and line.
    pub(super) hits: BTreeSet<(String, usize)>,
    /// It gave up before the end: what it did not say means nothing.
    pub(super) gave_up: bool,
}

/// hadolint's rules that say nothing unless a configuration turns them on, and those that it has
/// withdrawn.
const OFF: [&str; 17] = [
    "DL1000", "DL1001", "DL3005", "DL3017", "DL3026", "DL3031", "DL3039", "DL3049", "DL3050",
    "DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3057", "DL3058",
];

/// Against hadolint's findings: `{file: [[id, line, level]]}`.
pub(super) fn hadolint(request: &Request, folder: &Path, oracle: &Path) -> anyhow::Result<()> {
    let files = crate::corpus::read_folder(folder)?;
    let oracle: Value = serde_json::from_reader(open(oracle)?)?;
    let mut unread = 0;
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for name in files.keys() {
        let mut one = Said::default();
        for finding in oracle[name].as_array().into_iter().flatten() {
            let id = finding[0].as_str().context("a finding without its id")?;
            let line = usize::try_from(finding[1].as_u64().unwrap_or_default())?;
            if id == "DL1000" {
                one.gave_up = true;
                unread += 1;
            }
            one.hits.insert((id.to_owned(), line));
        }
        said.insert(name.clone(), one);
    }
    println!(
        "{} files; {unread} that hadolint cannot read count for what it did say",
        files.len()
    );
    // Of shell codes ShellCheck itself is the judge: hadolint loses SHELL behind ENV, and more.
    let shell = request.rule.is_some();
    let wanted = |id: &str| {
        let of_kind = id.starts_with("DL") || (shell && id.starts_with("SC"));
        of_kind && !OFF.contains(&id) && request.wants(id)
    };
    let options = judge::selecting(judge::carried(wanted));
    compare(request, &files, &options, &said, wanted)
}

/// Against the warnings of BuildKit's linter, one line of JSON a file.
pub(super) fn buildkit(request: &Request, folder: &Path, oracle: &Path) -> anyhow::Result<()> {
    let files = crate::corpus::read_folder(folder)?;
    let mut gave_up = 0;
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for line in read_lines(oracle)? {
        let name = text(&line, "file").context("warnings without their file")?;
        let mut one = Said {
            // An error of the file ends the run, and with it the list of warnings.
            gave_up: !line["err"].is_null() || !line["instr_err"].is_null(),
            ..Said::default()
        };
        gave_up += usize::from(one.gave_up);
        for warning in line["warnings"].as_array().into_iter().flatten() {
            let at = usize::try_from(warning["line"].as_u64().unwrap_or_default())?;
            let id = text(warning, "rule").context("a warning without its rule")?;
            one.hits.insert((id, at));
        }
        said.insert(name, one);
    }
    println!(
        "{} files; {gave_up} where BuildKit stops at an error count for what it did say",
        files.len()
    );
    // The linter ran without a context, and without the rule that is off by default.
    let wanted = |id: &str| {
        is_buildkit(id)
            && !matches!(id, "InvalidDefinitionDescription" | "CopyIgnoredFile")
            && request.wants(id)
    };
    let mut options = judge::selecting(judge::carried(wanted));
    options.base_config = Some(judge::plain_base());
    compare(request, &files, &options, &said, wanted)
}

#[derive(Default)]
struct Row {
    both: usize,
    missing: usize,
    extra: usize,
    listed: usize,
}

/// Checks every file and sets what we say beside what they said.
pub(super) fn compare(
    request: &Request,
    files: &BTreeMap<String, SourceFile>,
    options: &CheckOptions,
    said: &BTreeMap<String, Said>,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let checked: Vec<(&String, Vec<Hit>)> = files
        .par_iter()
        .filter(|(name, _)| said.contains_key(*name))
        .map(|(name, file)| {
            let project = Project {
                file: file.clone(),
                context: None,
            };
            (name, judge::hits(&project, options))
        })
        .collect();
    report(request, files, &checked, said, wanted)
}

/// Prints the table of every id, and the differences where asked to.
pub(super) fn report(
    request: &Request,
    files: &BTreeMap<String, SourceFile>,
    checked: &[(&String, Vec<Hit>)],
    said: &BTreeMap<String, Said>,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let list = if request.list {
        Disagreements::read()?
    } else {
        Disagreements::none()
    };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (name, hits) in checked {
        let theirs = &said[*name];
        let mut ours: BTreeMap<(String, usize), &Hit> = BTreeMap::new();
        for hit in hits {
            let exact = (hit.id.clone(), hit.line);
            // Ours points into the instruction where theirs names its first line.
            let key = if theirs.hits.contains(&exact) {
                exact
            } else {
                (hit.id.clone(), hit.first)
            };
            ours.entry(key).or_insert(hit);
        }
        for key in &theirs.hits {
            let (id, line) = key;
            if !wanted(id) {
                continue;
            }
            let row = rows.entry(id.clone()).or_default();
            if ours.contains_key(key) {
                row.both += 1;
            } else if list.has_place(id, name, *line) {
                row.listed += 1;
            } else {
                row.missing += 1;
                if request.verbose {
                    println!(
                        "- {name}:{line} {id}  {}",
                        source_line(&files[*name], *line)
                    );
                }
            }
        }
        for ((id, line), hit) in &ours {
            if theirs.gave_up || theirs.hits.contains(&(id.clone(), *line)) {
                continue;
            }
            let row = rows.entry(id.clone()).or_default();
            if list.has_place(id, name, *line) {
                row.listed += 1;
            } else {
                row.extra += 1;
                if request.verbose {
                    println!("+ {name}:{line} {id}  line {}: {}", hit.line, hit.said);
                }
            }
        }
    }
    print(&rows);
    Ok(())
}

fn source_line(file: &SourceFile, line: usize) -> String {
    let span = file.lines().line_span(line, file.bytes());
    String::from_utf8_lossy(span.of(file.bytes())).into_owned()
}

fn print(rows: &BTreeMap<String, Row>) {
    println!(
        "{:<32} {:>6} {:>7} {:>6} {:>6} {:>7} {:>10}",
        "id", "theirs", "missing", "extra", "listed", "recall", "precision"
    );
    for (id, row) in rows {
        let none = if judge::carried(|alias| alias == id).is_empty() {
            " no rule"
        } else {
            ""
        };
        println!(
            "{id:<32} {:>6} {:>7} {:>6} {:>6} {:>7.2} {:>10.2}{none}",
            row.both + row.missing,
            row.missing,
            row.extra,
            row.listed,
            percent(row.both, row.both + row.missing),
            percent(row.both, row.both + row.extra),
        );
    }
    for (kind, shell) in [("all", false), ("shell codes", true)] {
        let sum = |part: fn(&Row) -> usize| {
            rows.iter()
                .filter(|(id, _)| id.starts_with("SC") == shell)
                .map(|(_, row)| part(row))
                .sum::<usize>()
        };
        let (both, missing, extra) = (sum(|r| r.both), sum(|r| r.missing), sum(|r| r.extra));
        if both + missing + extra > 0 {
            println!(
                "{kind}: recall {:.2} %, precision {:.2} %, agreement {:.2} % of {}; {} differences are published",
                percent(both, both + missing),
                percent(both, both + extra),
                percent(both, both + missing + extra),
                both + missing + extra,
                sum(|r| r.listed),
            );
        }
    }
}
