//! `.trivyignore` and `.trivyignore.yaml`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use plimsoll_syntax::yaml::{self, Value};

use super::{Purpose, Reading, TOO_MANY_PATTERNS};
use crate::clock;
use crate::config::Allow;
use crate::failure::Failure;
use crate::policy::vulnerabilities::{AcceptedRisk, Lister, NoPattern, PackagePattern, Purl};

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
        let until = words.find_map(|word| word.strip_prefix("exp:"));
        let until =
            match until {
                None => None,
                Some(date) => Some(last_day(date).ok_or_else(|| {
                    reading.fail(at + 1, "what stands behind `exp:` is not a date")
                })?),
            };
        let behind = Some(behind.trim().to_owned()).filter(|text| !text.is_empty());
        let reason = behind.or_else(|| reason.clone());
        if is_dockerfile_check(id) {
            reading.allow(Allow {
                rules: vec![id.to_owned()],
                paths: Vec::new(),
                reason,
                until,
            });
        } else {
            others.push(at + 1);
            let waiver = AcceptedRisk {
                id: Some(id.to_owned()),
                subject: format!("`{}`", id.escape_debug()),
                reason,
                until,
                ..AcceptedRisk::default()
            };
            reading.waive(at + 1, waiver)?;
        }
    }
    tell_others(reading, &others);
    Ok(())
}

fn tell_others(reading: &mut Reading<'_>, lines: &[usize]) {
    if let (Some(first), Purpose::Rules) = (lines.first(), reading.purpose) {
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
            "vulnerabilities" if reading.purpose == Purpose::Vulnerabilities => {
                read_vulnerabilities(reading, value)?;
            }
            _ if reading.purpose != Purpose::Rules => {}
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
                "expired_at" => allow.until = Some(expiry(reading, value)?),
                "paths" if value.is_null() => {}
                "paths" => {
                    let paths = words(reading, value, "paths")?.into_iter();
                    allow.paths.extend(paths.map(|(_, path)| path.to_owned()));
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

fn expiry(reading: &Reading<'_>, value: Value<'_>) -> Result<Date, Failure> {
    let day = value.text().and_then(last_day);
    day.ok_or_else(|| reading.fail(value.line(), "expired_at: not a date"))
}

/// The last day (UTC) on which an exception holds that ends at a moment, or as a day begins. Without a
/// zone it is one of UTC.
fn last_day(text: &str) -> Option<Date> {
    let end = match text.parse::<Timestamp>() {
        Ok(moment) => moment.to_zoned(TimeZone::UTC).datetime(),
        Err(_) => text.parse::<DateTime>().ok()?,
    };
    let day = end.date();
    let is_over = || {
        end.to_zoned(TimeZone::UTC)
            .is_ok_and(|end| clock::is_over(end.timestamp()))
    };
    // Days are what exceptions end by; on its own day one is over from that moment on.
    match end.time() == Time::midnight() || day == clock::today() && is_over() {
        true => day.yesterday().ok(),
        false => Some(day),
    }
}

fn read_vulnerabilities(reading: &mut Reading<'_>, value: Value<'_>) -> Result<(), Failure> {
    let Some(entries) = value.list() else {
        return Err(reading.fail(value.line(), "vulnerabilities: a list is expected"));
    };
    for entry in entries {
        let Some(fields) = entry.map() else {
            return Err(reading.fail(entry.line(), "an entry with an `id` is expected"));
        };
        let mut waiver = AcceptedRisk::default();
        // An entry that asks for more than is understood must not cover more.
        let mut left_out = None;
        for (key, value) in fields {
            let name = key.text().unwrap_or_default();
            match name {
                _ if value.is_null() => {}
                "id" => waiver.id = value.text().map(str::to_owned),
                "statement" => waiver.reason = value.text().map(str::to_owned),
                "expired_at" => waiver.until = Some(expiry(reading, value)?),
                "paths" => {
                    for (line, text) in words(reading, value, name)? {
                        match reading.foreign.patterns.glob(text, Lister::Trivy) {
                            Ok(pattern) => waiver.paths.push(pattern),
                            Err(NoPattern::IllFormed) => {
                                return Err(reading.fail(line, "paths: not a pattern"));
                            }
                            Err(NoPattern::TooMany) => {
                                let why = format!("this entry is left out: {TOO_MANY_PATTERNS}");
                                left_out = Some((line, why));
                                break;
                            }
                        }
                    }
                }
                "purls" => {
                    for (line, text) in words(reading, value, name)? {
                        let purl = Purl::parse(text)
                            .ok_or_else(|| reading.fail(line, "purls: not a package URL"))?;
                        waiver.packages.push(PackagePattern::Purl(purl));
                    }
                }
                other => {
                    let why = format!(
                        "this entry is left out: `{}`: not known",
                        other.escape_debug()
                    );
                    left_out = Some((key.line(), why));
                }
            }
        }
        match &waiver.id {
            Some(id) if !id.trim().is_empty() => {
                waiver.subject = format!("`{}`", id.escape_debug());
            }
            _ => return Err(reading.fail(entry.line(), "an entry without an `id`")),
        }
        match left_out {
            Some((line, why)) => reading.drop(line, why),
            None => reading.waive(entry.line(), waiver)?,
        }
    }
    Ok(())
}

/// More entries than any list has; aliases of YAML can make very many of few.
const MAX_WORDS: usize = 10_000;

/// The texts of a list, each with its line.
fn words<'v>(
    reading: &Reading<'_>,
    value: Value<'v>,
    name: &str,
) -> Result<Vec<(usize, &'v str)>, Failure> {
    let refuse = |line: usize| reading.fail(line, &format!("{name}: a list of words is expected"));
    let items = value.list().ok_or_else(|| refuse(value.line()))?;
    let words: Vec<_> = items
        .take(MAX_WORDS + 1)
        .map(|item| {
            let text = item.text().ok_or_else(|| refuse(item.line()))?;
            Ok((item.line(), text))
        })
        .collect::<Result<_, Failure>>()?;
    if words.len() > MAX_WORDS {
        return Err(reading.fail(value.line(), &format!("{name}: too many for one entry")));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_ends_at_a_moment() {
        for (text, last) in [
            ("2027-01-02", Some("2027-01-01")),
            ("2027-01-02T00:00:00Z", Some("2027-01-01")),
            ("2027-01-02T18:00:00Z", Some("2027-01-02")),
            ("2027-01-02 18:00:00", Some("2027-01-02")),
            ("2027-01-02T01:00:00+14:00", Some("2027-01-01")),
            ("2027-01-02T00:00:00-12:00", Some("2027-01-02")),
            ("2027-01-02T14:00:00+14:00", Some("2027-01-01")),
            ("soon", None),
        ] {
            let day = last.map(|day| day.parse::<Date>().unwrap());
            assert_eq!(last_day(text), day, "{text}");
        }
        let end = |seconds: i64| {
            let moment = Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            last_day(&moment.to_string()).unwrap()
        };
        assert!(end(-1) < clock::today());
        assert!(end(60) >= clock::today());
    }
}
