//! The grammars of suppressing comments.

use crate::registry;
use crate::rule::Meta;

use super::Day;

/// Whose comment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Own,
    Hadolint,
    BuildKit,
    Trivy,
    Checkov,
}

/// How far a comment reaches by its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The instruction below it or around it.
    Instruction,
    /// The whole file.
    File,
}

/// One suppressing comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pragma {
    pub(super) family: Family,
    pub(super) scope: Scope,
    /// Rules by name or alias; `*` is every rule its tool has.
    pub(super) names: Vec<String>,
    /// The reason as written; empty where none is.
    pub(super) why: String,
    /// The last day it works.
    pub(super) until: Option<Day>,
    /// Why it means nothing at all.
    pub(super) malformed: Option<&'static str>,
}

impl Pragma {
    fn new(family: Family, scope: Scope) -> Self {
        Self {
            family,
            scope,
            names: Vec::new(),
            why: String::new(),
            until: None,
            malformed: None,
        }
    }

    /// The index of the name that means the rule.
    pub(super) fn covers(&self, meta: &Meta) -> Option<usize> {
        self.names.iter().position(|name| {
            if name == "*" {
                meta.aliases.iter().any(|alias| match self.family {
                    // BuildKit's are the names of letters only.
                    Family::BuildKit => alias.bytes().all(|b| b.is_ascii_alphabetic()),
                    Family::Trivy => alias.starts_with("DS"),
                    _ => false,
                })
            } else {
                registry::names(meta, name)
            }
        })
    }

    /// Whether it works no longer, or never did.
    pub(super) fn is_void(&self, today: Option<Day>) -> bool {
        self.malformed.is_some()
            || matches!((self.until, today), (Some(until), Some(today)) if today > until)
    }

    /// The reason for a report.
    pub(super) fn reason(&self) -> String {
        if !self.why.is_empty() {
            return self.why.clone();
        }
        let family = match self.family {
            Family::Own => "plimsoll",
            Family::Hadolint => "hadolint",
            Family::BuildKit => "check=skip",
            Family::Trivy => "trivy",
            Family::Checkov => "checkov",
        };
        format!("no reason given ({family} comment)")
    }

    pub(super) fn names_for_people(&self) -> String {
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("`{}`", name.escape_debug()))
            .collect();
        names.join(", ")
    }
}

/// Reads the text of a comment, `#` taken off. Most say nothing to us.
pub(super) fn read(text: &str) -> Vec<Pragma> {
    let text = text.trim_start_matches('#').trim();
    if let Some(rest) = text.strip_prefix("plimsoll:") {
        return vec![read_own(rest.trim())];
    }
    if let Some(rest) = text.strip_prefix("hadolint") {
        return read_hadolint(rest).into_iter().collect();
    }
    if let Some(rest) = text.strip_prefix("checkov:skip=") {
        let mut pragma = Pragma::new(Family::Checkov, Scope::File);
        let rest = read_names(rest, &mut pragma.names);
        pragma.why = reason_text(rest.strip_prefix(':').unwrap_or(rest));
        return vec![pragma];
    }
    if let Some((head, rest)) = text.split_once('=')
        && head.trim_end() == "check"
    {
        let mut pragmas = read_check(rest.trim_start());
        for pragma in &mut pragmas {
            pragma.scope = Scope::Instruction;
        }
        return pragmas;
    }
    if text.contains("trivy:ignore:") {
        return text
            .split("trivy:ignore:")
            .skip(1)
            .map(read_trivy)
            .collect();
    }
    Vec::new()
}

/// Reads the value of a `check` directive: `skip=A,B;error=true // why`.
pub(super) fn read_check(value: &str) -> Vec<Pragma> {
    let (settings, why) = value.split_once("//").unwrap_or((value, ""));
    settings
        .split(';')
        .filter_map(|setting| setting.trim().strip_prefix("skip="))
        .map(|list| {
            let mut pragma = Pragma::new(Family::BuildKit, Scope::File);
            read_names(list, &mut pragma.names);
            for name in &mut pragma.names {
                if name.eq_ignore_ascii_case("all") {
                    "*".clone_into(name);
                }
            }
            pragma.why = reason_text(why);
            pragma
        })
        .collect()
}

fn read_own(text: &str) -> Pragma {
    let mut pragma = Pragma::new(Family::Own, Scope::Instruction);
    let Some(rest) = text
        .strip_prefix("allow")
        .map(str::trim_start)
        .and_then(|rest| rest.strip_prefix('('))
    else {
        pragma.malformed = Some("`allow(` and the name of a rule must follow `plimsoll:`");
        return pragma;
    };
    let Some((list, rest)) = rest.split_once(')') else {
        pragma.malformed = Some("the bracket behind `allow` is not closed");
        return pragma;
    };
    pragma.names = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if pragma.names.is_empty() {
        pragma.malformed = Some("it names no rule");
        return pragma;
    }
    pragma.why = reason_text(rest);
    if let Some((why, date)) = split_until(rest) {
        pragma.why = reason_text(why);
        match parse_day(date) {
            Some(day) => pragma.until = Some(day),
            None => pragma.malformed = Some("what stands behind `until` is not a date"),
        }
    }
    pragma
}

/// Splits `reason until DATE`. The word alone may well be part of a reason: it counts where a digit
/// follows and nothing comes after.
fn split_until(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (head, date) = text.rsplit_once(char::is_whitespace)?;
    let head = head.trim_end();
    let why = head.strip_suffix("until")?;
    let alone = why.is_empty() || why.ends_with(|c: char| !c.is_alphanumeric());
    (alone && date.starts_with(|c: char| c.is_ascii_digit())).then_some((why, date))
}

fn read_hadolint(rest: &str) -> Option<Pragma> {
    // `# hadolint ignore=…` and `# hadolint global ignore=…`, with any white space around.
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let (scope, rest) = match rest.strip_prefix("global") {
        Some(rest) => (Scope::File, rest.trim_start()),
        None => (Scope::Instruction, rest),
    };
    let rest = rest.strip_prefix("ignore")?.trim_start();
    let rest = rest.strip_prefix('=')?;
    let mut pragma = Pragma::new(Family::Hadolint, scope);
    let rest = read_names(rest, &mut pragma.names);
    pragma.why = reason_text(rest);
    Some(pragma)
}

/// Reads `ID[:exp:DATE][…] reason`.
fn read_trivy(text: &str) -> Pragma {
    let mut pragma = Pragma::new(Family::Trivy, Scope::Instruction);
    let (token, why) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut parts = token.split(':');
    let id = parts.next().unwrap_or_default();
    pragma
        .names
        .push(id.split('[').next().unwrap_or_default().to_owned());
    if parts.next() == Some("exp") {
        pragma.until = parts.next().and_then(parse_day);
    }
    pragma.why = reason_text(why.trim_end().trim_end_matches('#'));
    pragma
}

/// Takes names separated by commas off the front and gives what follows them.
fn read_names<'a>(text: &'a str, names: &mut Vec<String>) -> &'a str {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(rest.len());
        if end == 0 {
            return rest;
        }
        names.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest,
        }
    }
}

/// The reason without what people put in front of one.
fn reason_text(text: &str) -> String {
    text.trim()
        .trim_start_matches(['#', ':', '-', '–', '—', '/', ','])
        .trim()
        .to_owned()
}

/// Reads `YYYY-MM-DD`; `None` for what no calendar has.
fn parse_day(text: &str) -> Option<Day> {
    let mut parts = text.trim_end_matches('.').split('-');
    let mut number = |digits: usize| {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    (1..=last)
        .contains(&day)
        .then_some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Pragma {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn ours_has_names_a_reason_and_an_end() {
        let pragma = one("plimsoll: allow(root-user, DL3007) needs raw sockets until 2027-01-31");
        assert_eq!(pragma.names, ["root-user", "DL3007"]);
        assert_eq!(pragma.why, "needs raw sockets");
        assert_eq!(pragma.until, Some((2027, 1, 31)));
        assert!(!pragma.is_void(Some((2027, 1, 31))), "the last day counts");
        assert!(pragma.is_void(Some((2027, 2, 1))));
        assert!(!pragma.is_void(None));

        let pragma = one("plimsoll: allow(a) waits until the migration is done");
        assert_eq!((pragma.until, pragma.malformed), (None, None));
        assert_eq!(pragma.why, "waits until the migration is done");

        for malformed in [
            "plimsoll: ignore(a)",
            "plimsoll: allow(a",
            "plimsoll: allow()",
            "plimsoll: allow(a) x until 2026-02-30",
        ] {
            assert!(one(malformed).malformed.is_some(), "{malformed}");
        }
    }

    #[test]
    fn foreign_comments_are_read_as_their_tools_do() {
        let pragma = one("hadolint ignore=DL3008,SC2086 # mirrors move");
        assert_eq!(pragma.names, ["DL3008", "SC2086"]);
        assert_eq!(
            (pragma.why.as_str(), pragma.scope),
            ("mirrors move", Scope::Instruction)
        );
        assert_eq!(one("hadolint global ignore=DL3008").scope, Scope::File);
        assert_eq!(
            one("hadolint  ignore = DL3008 , DL3009").names,
            ["DL3008", "DL3009"]
        );

        let pragma = one("checkov:skip=CKV_DOCKER_3:runs as root on purpose");
        assert_eq!(
            (pragma.names[0].as_str(), pragma.why.as_str()),
            ("CKV_DOCKER_3", "runs as root on purpose")
        );
        assert_eq!(pragma.scope, Scope::File);

        let pragma = one("trivy:ignore:AVD-DS-0002:exp:2026-05-01 legacy");
        assert_eq!(pragma.names, ["AVD-DS-0002"]);
        assert_eq!(pragma.until, Some((2026, 5, 1)));
        assert_eq!(read("trivy:ignore:DS-0001 trivy:ignore:DS-0002").len(), 2);

        assert_eq!(
            one("check=skip=JSONArgsRecommended // shell wanted").names,
            ["JSONArgsRecommended"]
        );
        assert_eq!(read_check("error=true;skip=all")[0].names, ["*"]);
        assert_eq!(read_check("error=true"), []);
    }

    #[test]
    fn other_comments_say_nothing() {
        for text in [
            "",
            "plimsollx: allow(a)",
            "hadolint",
            "hadolint shell=bash",
            "check this",
            "checkov is nice",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
