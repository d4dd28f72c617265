//! `.trivyignore` and `.trivyignore.yaml`.

use plimsoll_syntax::yaml::{self, Value};

use super::Reading;
use crate::config::Allow;
use crate::failure::Failure;

/// Whether an id is of the checks that Trivy has for Dockerfiles.
fn is_dockerfile_check(id: &str) -> bool {
    let id = id.to_ascii_uppercase();
    let id = id.strip_prefix("AVD-").unwrap_or(&id);
    let number = id
        .strip_prefix("DS")
        .map(|rest| rest.trim_start_matches('-'));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Reads the list: an id a line, `exp:DATE` behind it, comments.
pub(super) fn read_list(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let text = std::mem::take(&mut reading.text);
    let mut reason: Option<String> = None;
    let mut others = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            reason = None;
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            reason = Some(comment.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        let (entry, behind) = line.split_once('#').unwrap_or((line, ""));
        let mut words = entry.split_whitespace();
        let id = words.next().unwrap_or_default();
        if !is_dockerfile_check(id) {
            others.push(at + 1);
            continue;
        }
        let until = words.find_map(|word| word.strip_prefix("exp:"));
        if let Some(date) = until
            && date.parse::<jiff::civil::Date>().is_err()
        {
            return Err(reading.fail(at + 1, "what stands behind `exp:` is not a date"));
        }
        let behind = Some(behind.trim().to_owned()).filter(|text| !text.is_empty());
        reading.allow(Allow {
            rules: vec![id.to_owned()],
            paths: Vec::new(),
            reason: behind.or_else(|| reason.clone()),
            until: until.map(str::to_owned),
        });
    }
    tell_others(reading, &others);
    Ok(())
}

fn tell_others(reading: &mut Reading<'_>, lines: &[usize]) {
    if let Some(first) = lines.first() {
        let number = match lines.len() {
            1 => "an id".to_owned(),
            number => format!("{number} ids"),
        };
        reading.drop(
            *first,
            format!("{number} that no Dockerfile check has: vulnerabilities, secrets, other files"),
        );
    }
}

/// Reads the structured form.
pub(super) fn read_yaml(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let text = std::mem::take(&mut reading.text);
    let document = yaml::parse(&text).map_err(|error| reading.fail(error.line, &error.message))?;
    let Some(root) = document.root().filter(|root| !root.is_null()) else {
        return Ok(());
    };
    let Some(sections) = root.map() else {
        return Err(reading.fail(root.line(), "keys and values are expected"));
    };
    for (key, value) in sections {
        match key.text().unwrap_or_default() {
            _ if value.is_null() => {}
            "misconfigurations" => read_entries(reading, value)?,
            section => {
                let why = format!("`{}`: not for Dockerfiles", section.escape_debug());
                reading.drop(key.line(), why);
            }
        }
    }
    Ok(())
}

fn read_entries(reading: &mut Reading<'_>, value: Value<'_>) -> Result<(), Failure> {
    let Some(entries) = value.list() else {
        return Err(reading.fail(value.line(), "misconfigurations: a list is expected"));
    };
    let mut others = Vec::new();
    for entry in entries {
        let Some(fields) = entry.map() else {
            return Err(reading.fail(entry.line(), "an entry with an `id` is expected"));
        };
        let mut allow = Allow::default();
        for (key, value) in fields {
            let text = || value.text().map(str::to_owned);
            match key.text().unwrap_or_default() {
                "id" => allow.rules.extend(text()),
                "statement" => allow.reason = text(),
                // A point in time or a day: the day is what counts here.
                "expired_at" => {
                    let day = text().map(|time| time.chars().take(10).collect::<String>());
                    let valid = day
                        .as_ref()
                        .is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok());
                    if !valid {
                        return Err(reading.fail(value.line(), "expired_at: not a date"));
                    }
                    allow.until = day;
                }
                "paths" => {
                    let items = value.list().into_iter().flatten();
                    allow
                        .paths
                        .extend(items.filter_map(|item| item.text().map(str::to_owned)));
                }
                other => {
                    let why = format!("`{}`: not known", other.escape_debug());
                    reading.drop(key.line(), why);
                }
            }
        }
        match allow.rules.first() {
            None => return Err(reading.fail(entry.line(), "an entry without an `id`")),
            Some(id) if is_dockerfile_check(id) => reading.allow(allow),
            Some(_) => others.push(entry.line()),
        }
    }
    tell_others(reading, &others);
    Ok(())
}
