//! `.tally.toml`.

use toml::Value;

use super::{Reading, severity, threshold};
use crate::config::{Allow, Word};
use crate::failure::Failure;

/// Reads it.
pub(super) fn read(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let text = std::mem::take(&mut reading.text);
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or(0, |span| span.start.min(text.len()));
        reading.fail(text[..before].matches('\n').count() + 1, error.message())
    })?;
    for (key, value) in &table {
        match (key.as_str(), value) {
            ("rules", Value::Table(rules)) => read_rules(reading, &text, rules),
            ("output", Value::Table(output)) => {
                for (key, value) in output {
                    match (key.as_str(), value.as_str()) {
                        ("fail-level", Some(word)) => {
                            reading.foreign.check.fail_on = threshold(word);
                        }
                        _ => {
                            let why = format!("`output.{key}`: say it on the command line");
                            reading.drop_at(|| line_of(&text, key), why);
                        }
                    }
                }
            }
            ("inline-directives", Value::Table(comments)) => {
                for (key, value) in comments {
                    match (key.as_str(), value.as_bool()) {
                        ("enabled", Some(on)) => reading.foreign.ignore_comments = !on,
                        ("require-reason", Some(on)) => reading.foreign.check.require_reason = on,
                        // Ours are looked at always, others' never: they may be meant for rules
                        // that only those tools have.
                        ("warn-unused" | "validate-rules", Some(false)) => {}
                        _ => {
                            let why = format!("`inline-directives.{key}`: only for our comments");
                            reading.drop_at(|| line_of(&text, key), why);
                        }
                    }
                }
            }
            _ => {
                let why = format!("`{key}`: nothing here does that");
                reading.drop_at(|| line_of(&text, key), why);
            }
        }
    }
    Ok(())
}

fn read_rules(reading: &mut Reading<'_>, text: &str, rules: &toml::Table) {
    for (key, value) in rules {
        match (key.as_str(), value) {
            ("include" | "exclude", Value::Array(patterns)) => {
                for pattern in patterns.iter().filter_map(Value::as_str) {
                    let check = &mut reading.foreign.check;
                    match (bare(pattern), key.as_str()) {
                        (Some(name), "include") => check.extend_select.push(name),
                        (Some(name), _) => check.ignore.push(name),
                        (None, "exclude") => match family(pattern) {
                            Some(names) => check.ignore.extend(names),
                            None => {
                                let why = format!("`{pattern}`: no rules of Plimsoll");
                                reading.drop_at(|| line_of(text, pattern), why);
                            }
                        },
                        // All of a family: what it has by default is what we have by default.
                        (None, _) => {}
                    }
                }
            }
            (_, Value::Table(family)) => {
                for (name, options) in family {
                    if let Value::Table(options) = options {
                        read_rule(reading, text, name, options);
                    }
                }
            }
            _ => reading.drop_at(|| line_of(text, key), format!("`rules.{key}`: not known")),
        }
    }
}

fn read_rule(reading: &mut Reading<'_>, text: &str, name: &str, options: &toml::Table) {
    for (key, value) in options {
        match (key.as_str(), value) {
            ("severity", Value::String(word)) if word.eq_ignore_ascii_case("off") => {
                reading.foreign.check.ignore.push(name.to_owned());
            }
            ("severity", Value::String(word)) => {
                if let Some(severity) = severity(word) {
                    let check = &mut reading.foreign.check;
                    check.severity.insert(name.to_owned(), Word(severity));
                    check.extend_select.push(name.to_owned());
                }
            }
            ("trusted-registries", Value::Array(registries)) => {
                let registries = registries.iter().filter_map(Value::as_str);
                let check = &mut reading.foreign.check;
                check
                    .trusted_registries
                    .extend(registries.map(str::to_owned));
            }
            ("exclude", Value::Table(exclude)) => {
                let paths = exclude.get("paths").and_then(Value::as_array);
                let paths = paths.into_iter().flatten().filter_map(Value::as_str);
                reading.allow(Allow {
                    rules: vec![name.to_owned()],
                    paths: paths.map(str::to_owned).collect(),
                    reason: None,
                    until: None,
                });
            }
            _ => {
                let why = format!("`{name}.{key}`: nothing here does that");
                reading.drop_at(|| line_of(text, name), why);
            }
        }
    }
}

/// The id of one rule; `None` for a pattern.
fn bare(pattern: &str) -> Option<String> {
    if pattern.contains('*') {
        return None;
    }
    Some(pattern.rsplit('/').next().unwrap_or(pattern).to_owned())
}

/// The ids of all of hadolint's, BuildKit's or ShellCheck's.
fn family(pattern: &str) -> Option<Vec<String>> {
    let starts: fn(&str) -> bool = match pattern {
        "hadolint/*" => |alias| alias.starts_with("DL"),
        "shellcheck/*" => |alias| alias.starts_with("SC"),
        "buildkit/*" => |alias| alias.bytes().all(|byte| byte.is_ascii_alphabetic()),
        _ => return None,
    };
    let aliases = plimsoll_rules::all()
        .iter()
        .flat_map(|rule| rule.meta().aliases.iter().copied());
    Some(
        aliases
            .filter(|alias| starts(alias))
            .map(str::to_owned)
            .collect(),
    )
}

/// The first line that a word stands in.
fn line_of(text: &str, word: &str) -> usize {
    text.lines()
        .position(|line| line.contains(word))
        .map_or(1, |at| at + 1)
}
