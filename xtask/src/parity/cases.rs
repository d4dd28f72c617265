//! Other tools' own test cases: does the same rule speak?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use plimsoll_model::SourceFile;
use plimsoll_rules::{CheckOptions, LabelFormat, Project, SharedContext};
use plimsoll_syntax::context::{Context, ContextEntry, EntryKind};
use serde_json::Value;

use super::judge::{self, same_id};
use super::{Request, read_lines, text};
use crate::disagreements::Disagreements;

/// Cases of one id.
#[derive(Default)]
struct Row {
    cases: usize,
    agree: usize,
    listed: usize,
}

struct Table {
    rows: BTreeMap<String, Row>,
    list: Disagreements,
    verbose: bool,
}

impl Table {
    fn new(request: &Request) -> anyhow::Result<Self> {
        Ok(Self {
            rows: BTreeMap::new(),
            list: if request.list {
                Disagreements::read()?
            } else {
                Disagreements::none()
            },
            verbose: request.verbose,
        })
    }

    fn count(&mut self, id: &str, name: &str, agrees: bool, difference: impl FnOnce() -> String) {
        let listed = !agrees && self.list.has_case(id, name);
        let row = self.rows.entry(id.to_owned()).or_default();
        row.cases += 1;
        row.agree += usize::from(agrees);
        row.listed += usize::from(listed);
        if !agrees && !listed && self.verbose {
            println!("--- {id}: {name}\n{}", difference());
        }
    }

    fn print(&self) {
        println!("{:<32} {:>6} {:>6}  ", "id", "agree", "cases");
        for (id, row) in &self.rows {
            let mark = if row.agree + row.listed < row.cases {
                "*"
            } else {
                ""
            };
            let none = if judge::carried(|alias| same_id(alias, id)).is_empty() {
                " no rule"
            } else {
                ""
            };
            println!("{id:<32} {:>6} {:>6} {mark}{none}", row.agree, row.cases);
        }
        let sum = |part: fn(&Row) -> usize| self.rows.values().map(part).sum::<usize>();
        let (cases, agree, listed) = (sum(|r| r.cases), sum(|r| r.agree), sum(|r| r.listed));
        println!(
            "{agree} of {cases} agree ({:.2} %); {listed} of the differences are published, {} open",
            percent(agree, cases),
            cases - agree - listed
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
pub(super) fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        100.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

fn project(file: &str) -> Project {
    Project {
        file: SourceFile::new("Dockerfile", file.as_bytes()),
        context: None,
    }
}

/// hadolint's cases: one rule each.
pub(super) fn hadolint(request: &Request, path: &Path) -> anyhow::Result<()> {
    let mut table = Table::new(request)?;
    let shell: BTreeSet<&str> = judge::carried(|id| id.starts_with("SC"));
    let mut passed_over = 0;
    for case in read_lines(path)? {
        let id = text(&case, "rule").context("a case without its rule")?;
        if id == "*" {
            passed_over += 1;
            continue;
        }
        if !request.wants(&id) {
            continue;
        }
        let name = text(&case, "name").unwrap_or_default();
        let (file, reported) = match text(&case, "dockerfile_with_from") {
            Some(file) => (file, "reported_with_from"),
            None => (
                text(&case, "dockerfile").context("a case without its file")?,
                "reported",
            ),
        };
        // What the program itself said of the very text that is checked here.
        let said: BTreeSet<&str> = case[reported]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|finding| finding[0].as_str())
            .collect();
        let mut options = judge::selecting([id.as_str()]);
        let expected = if id == "SC*" {
            options = judge::selecting(shell.iter().copied());
            said.iter().any(|code| code.starts_with("SC"))
        } else {
            said.contains(id.as_str())
        };
        set_flags(&mut options, &case)?;
        let hits = judge::hits(&project(&file), &options);
        table.count(&id, &name, expected != hits.is_empty(), || {
            format!(
                "hadolint {}, {}\n{file}",
                if expected { "fires" } else { "is silent" },
                match hits.first() {
                    Some(hit) => format!("line {}: {}", hit.line, hit.said),
                    None => "we are not".to_owned(),
                }
            )
        });
    }
    table.print();
    if passed_over > 0 {
        println!("{passed_over} cases name no rule");
    }
    Ok(())
}

fn set_flags(options: &mut CheckOptions, case: &Value) -> anyhow::Result<()> {
    let flags: Vec<&str> = case["flags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut flags = flags.into_iter();
    let settings = &mut options.settings;
    while let Some(flag) = flags.next() {
        let mut value = || flags.next().context("a flag without its value");
        match flag {
            "--strict-labels" => settings.strict_labels = true,
            "--trusted-registry" => settings.trusted_registries.push(value()?.to_owned()),
            "--require-label" => {
                let (name, format) = value()?.split_once(':').context("a label without form")?;
                let format = match format {
                    "text" => LabelFormat::Text,
                    "url" => LabelFormat::Url,
                    "rfc3339" => LabelFormat::Rfc3339,
                    "spdx" => LabelFormat::Spdx,
                    "hash" => LabelFormat::GitHash,
                    "semver" => LabelFormat::SemVer,
                    "email" => LabelFormat::Email,
                    other => bail!("{other}: no form of a label"),
                };
                settings.labels.insert(name.to_owned(), format);
            }
            // Turns on a rule that is off by default: here each rule is selected anyway.
            "--info" => drop(value()?),
            other => bail!("{other}: not known here"),
        }
    }
    Ok(())
}

/// The rule of BuildKit that only runs where a file asks for it.
const EXPERIMENTAL: &str = "InvalidDefinitionDescription";

/// Whether an id is BuildKit's: they are the only ones in camel case.
pub(super) fn is_buildkit(id: &str) -> bool {
    id.starts_with(char::is_uppercase)
        && id.contains(char::is_lowercase)
        && id.chars().all(char::is_alphabetic)
}

/// BuildKit's cases: every rule at once, with lines.
pub(super) fn buildkit(request: &Request, path: &Path) -> anyhow::Result<()> {
    let mut table = Table::new(request)?;
    let all = judge::carried(|id| is_buildkit(id) && request.wants(id));
    for case in read_lines(path)? {
        let name = format!(
            "{} {}",
            text(&case, "test").context("a case without its name")?,
            text(&case, "src").unwrap_or_default()
        );
        let file = text(&case, "dockerfile").context("a case without its file")?;
        let asks = |text: &str| {
            text.contains("experimental=all")
                || text.contains(&format!("experimental={EXPERIMENTAL}"))
        };
        let asked = file.lines().next().is_some_and(asks);
        let ids = all
            .iter()
            .copied()
            .filter(|id| asked || *id != EXPERIMENTAL);
        let mut options = judge::selecting(ids);
        for (name, value) in case["build_args"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            options.build_args.insert(name.clone(), value);
        }
        if let Some(value) = text(&case, "check_override") {
            options
                .build_args
                .insert("BUILDKIT_DOCKERFILE_CHECK".to_owned(), value);
        }
        options.base_config = Some(judge::plain_base());
        let mut project = project(&file);
        project.context = Some(Arc::new(SharedContext::new(context(&case, &file))));
        let expected: BTreeSet<(String, usize)> = case["expect"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| Some((text(one, "rule")?, line(one)?)))
            .filter(|(id, _)| request.wants(id))
            .collect();
        let found: BTreeSet<(String, usize)> = judge::hits(&project, &options)
            .into_iter()
            .map(|hit| {
                let exact = (hit.id.clone(), hit.line);
                // Ours points into the instruction where BuildKit names its first line.
                if expected.contains(&exact) {
                    exact
                } else {
                    (hit.id, hit.first)
                }
            })
            .collect();
        let test = text(&case, "test").unwrap_or_default();
        table.count(&test, &name, expected == found, || {
            let missing: Vec<_> = expected.difference(&found).collect();
            let extra: Vec<_> = found.difference(&expected).collect();
            format!("missing {missing:?}, extra {extra:?}\n{file}")
        });
    }
    table.print();
    Ok(())
}

fn line(value: &Value) -> Option<usize> {
    usize::try_from(value["line"].as_u64()?).ok()
}

/// The folder BuildKit's tests build from: the Dockerfile, and the ignore file where there is one.
fn context(case: &Value, file: &str) -> Context {
    let entry = |path: &str, text: &str| ContextEntry {
        path: path.to_owned(),
        kind: EntryKind::File,
        size: text.len() as u64,
    };
    let ignored = text(case, "dockerignore");
    let mut entries: Vec<ContextEntry> = ignored
        .iter()
        .map(|text| entry(".dockerignore", text))
        .collect();
    entries.push(entry("Dockerfile", file));
    Context {
        entries,
        ignore_file: ignored.map(|text| SourceFile::new(".dockerignore", text)),
        ..Context::default()
    }
}

/// Trivy's cases: one check each.
pub(super) fn trivy(request: &Request, path: &Path) -> anyhow::Result<()> {
    let mut table = Table::new(request)?;
    for case in read_lines(path)? {
        let id = text(&case, "rule").context("a case without its rule")?;
        if !request.wants(&id) {
            continue;
        }
        let name = format!(
            "{} {}",
            text(&case, "name").unwrap_or_default(),
            text(&case, "src").unwrap_or_default()
        );
        let file = text(&case, "dockerfile").context("a case without its file")?;
        let expected = case["fires"].as_bool().context("a case without verdict")?;
        let hits = judge::hits(&project(&file), &judge::selecting([id.as_str()]));
        table.count(&id, &name, expected != hits.is_empty(), || {
            format!(
                "Trivy {}, {}\n{file}",
                if expected { "fires" } else { "is silent" },
                match hits.first() {
                    Some(hit) => format!("line {}: {}", hit.line, hit.said),
                    None => "we are not".to_owned(),
                }
            )
        });
    }
    table.print();
    Ok(())
}
