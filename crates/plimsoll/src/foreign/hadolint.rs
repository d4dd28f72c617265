//! `.hadolint.yaml`.

use plimsoll_rules::LabelFormat;
use plimsoll_syntax::yaml::{self, Value};

use super::{Reading, severity, threshold};
use crate::config::{FailOn, Word};
use crate::failure::Failure;

/// Reads it.
pub(super) fn read(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let text = std::mem::take(&mut reading.text);
    let document = yaml::parse(&text).map_err(|error| reading.fail(error.line, &error.message))?;
    let Some(root) = document.root().filter(|root| !root.is_null()) else {
        return Ok(());
    };
    let Some(entries) = root.map() else {
        return Err(reading.fail(root.line(), "keys and values are expected"));
    };
    let mut no_fail = false;
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        let line = key.line();
        match name {
            _ if value.is_null() => {}
            "ignored" => {
                let names = strings(reading, value, name)?;
                reading.foreign.check.ignore.extend(names);
            }
            "override" => read_override(reading, value)?,
            "trustedRegistries" => {
                let names = strings(reading, value, name)?;
                reading.foreign.check.trusted_registries.extend(names);
            }
            "label-schema" => read_labels(reading, value)?,
            "strict-labels" => reading.foreign.check.strict_labels = truth(reading, value, name)?,
            "no-fail" => no_fail = truth(reading, value, name)?,
            "failure-threshold" => match value.text().and_then(threshold) {
                Some(least) => reading.foreign.check.fail_on = Some(least),
                None => {
                    return Err(reading.fail(
                        value.line(),
                        "failure-threshold: expected error, warning, info, style, ignore or none",
                    ));
                }
            },
            "disable-ignore-pragma" => {
                reading.foreign.ignore_comments = truth(reading, value, name)?;
            }
            "format" | "formats" | "no-color" | "verbose" => {
                reading.drop(line, format!("`{name}`: say it on the command line"));
            }
            _ => reading.drop(line, format!("`{}`: not known", name.escape_debug())),
        }
    }
    if no_fail {
        reading.foreign.check.fail_on = Some(FailOn::Never);
    }
    Ok(())
}

fn strings(reading: &Reading<'_>, value: Value<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let refuse = |line: usize| reading.fail(line, &format!("{name}: a list of words is expected"));
    let items = value.list().ok_or_else(|| refuse(value.line()))?;
    items
        .map(|item| {
            let text = item.text().ok_or_else(|| refuse(item.line()))?;
            Ok(text.to_owned())
        })
        .collect()
}

fn truth(reading: &Reading<'_>, value: Value<'_>, name: &str) -> Result<bool, Failure> {
    value
        .truth()
        .ok_or_else(|| reading.fail(value.line(), &format!("{name}: expected true or false")))
}

/// A severity of its own brings in also what the default set leaves out.
fn read_override(reading: &mut Reading<'_>, value: Value<'_>) -> Result<(), Failure> {
    let Some(entries) = value.map() else {
        return Err(reading.fail(value.line(), "override: keys and values are expected"));
    };
    for (key, value) in entries {
        let word = key.text().unwrap_or_default();
        let Some(severity) = severity(word) else {
            reading.drop(
                key.line(),
                format!("`override.{}`: not known", word.escape_debug()),
            );
            continue;
        };
        if value.is_null() {
            continue;
        }
        for name in strings(reading, value, word)? {
            let check = &mut reading.foreign.check;
            check.extend_select.push(name.clone());
            check.severity.insert(name, Word(severity));
        }
    }
    Ok(())
}

fn read_labels(reading: &mut Reading<'_>, value: Value<'_>) -> Result<(), Failure> {
    let Some(entries) = value.map() else {
        return Err(reading.fail(value.line(), "label-schema: keys and values are expected"));
    };
    for (key, value) in entries {
        let form = value.text().and_then(LabelFormat::parse);
        let (Some(label), Some(form)) = (key.text(), form) else {
            let why = "label-schema: expected text, url, semver, hash, rfc3339, spdx or email";
            return Err(reading.fail(value.line(), why));
        };
        let labels = &mut reading.foreign.check.labels;
        labels.insert(label.to_owned(), Word(form));
    }
    Ok(())
}
