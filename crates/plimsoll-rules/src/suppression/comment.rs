//! The grammars of suppressing comments.

use crate::registry;

use super::Day;

/// Whose comment it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Own,
    Hadolint,
    BuildKit,
    Trivy,
    Checkov,
    Sonar,
    Tally,
}

/// How far a comment reaches by its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The instruction below it or around it.
    Instruction,
    /// The line below it.
    Line,
    /// The stage of the instruction below it or around it.
    Stage,
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

    /// The index of the name that means the rule where it goes by these aliases.
    pub(super) fn covers(&self, rule: &str, aliases: &[&str]) -> Option<usize> {
        self.names.iter().position(|name| {
            if name == "*" {
                return match self.family {
                    Family::Tally => true,
                    Family::BuildKit => aliases.iter().any(|alias| is_buildkit(alias)),
                    Family::Trivy => aliases.iter().any(|alias| alias.starts_with("DS")),
                    Family::Sonar => aliases.iter().any(|alias| is_sonar(alias)),
                    _ => false,
                };
            }
            name.eq_ignore_ascii_case(rule) || registry::carries(aliases, name)
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
            Family::Sonar => "NOSONAR",
            Family::Tally => "tally",
        };
        format!("no reason given ({family} comment)")
    }

    pub(super) fn names_for_people(&self) -> String {
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| match name.as_str() {
                "*" => "everything".to_owned(),
                name => format!("`{}`", name.escape_debug()),
            })
            .collect();
        names.join(", ")
    }
}

/// BuildKit's names are the ones of letters only.
fn is_buildkit(alias: &str) -> bool {
    alias.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Sonar's ids are `S` and a number.
fn is_sonar(alias: &str) -> bool {
    alias
        .strip_prefix('S')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a file may hold comments of ours or of others at all, or a comment of theirs behind a
/// command.
pub(super) fn may_trail(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"trivy:ignore:").is_some()
        || memchr::memmem::find(line, b"NOSONAR").is_some()
}

/// Reads what other tools see behind a command: to the shell, or to nobody, it is a comment.
pub(super) fn read_trailing(line: &str) -> Vec<Pragma> {
    let Some((_, comment)) = line.split_once('#') else {
        return Vec::new();
    };
    let mut pragmas = read_all_trivy(comment);
    if let Some(mut pragma) = read_sonar(comment) {
        pragma.scope = Scope::Line;
        pragmas.push(pragma);
    }
    pragmas
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
    if let Some(rest) = word_in_front(text, "tally") {
        return read_tally(rest).into_iter().collect();
    }
    // Checkov and those who carry it on look for this anywhere in a comment.
    for mark in ["checkov:skip=", "bridgecrew:skip=", "cortex:skip="] {
        if let Some((_, rest)) = text.split_once(mark) {
            let mut pragma = Pragma::new(Family::Checkov, Scope::File);
            let rest = read_names(rest, &mut pragma.names);
            pragma.why = reason_text(rest.strip_prefix(':').unwrap_or(rest));
            return vec![pragma];
        }
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
    let pragmas = read_all_trivy(text);
    if pragmas.is_empty() {
        return read_sonar(text).into_iter().collect();
    }
    pragmas
}

fn read_all_trivy(text: &str) -> Vec<Pragma> {
    text.split("trivy:ignore:")
        .skip(1)
        .map(read_trivy)
        .collect()
}

/// What follows `word` and white space, whatever the case.
fn word_in_front<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let rest = head.eq_ignore_ascii_case(word).then_some(rest)?;
    Some(rest.strip_prefix([' ', '\t'])?.trim_start())
}

/// Reads `NOSONAR` and what stands behind it. Sonar hides what it finds on that very line; a
/// comment line of its own can only be meant for the line below.
fn read_sonar(text: &str) -> Option<Pragma> {
    let (_, rest) = text.split_once("NOSONAR")?;
    let mut pragma = Pragma::new(Family::Sonar, Scope::Line);
    // `NOSONAR(S6471)`: the newer form names rules.
    let named = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let rest = match named {
        Some((list, rest)) => {
            for name in list.split(',') {
                // `docker:S6471` is how Sonar writes it in full.
                let name = name.trim().rsplit(':').next().unwrap_or_default();
                pragma.names.push(name.to_owned());
            }
            rest
        }
        None => {
            pragma.names.push("*".to_owned());
            rest
        }
    };
    pragma.why = reason_text(rest);
    Some(pragma)
}

/// Reads `[global] ignore=A,B[;reason=why]`.
fn read_tally(rest: &str) -> Option<Pragma> {
    let (scope, rest) = match word_in_front(rest, "global") {
        Some(rest) => (Scope::File, rest),
        None => (Scope::Instruction, rest),
    };
    let (word, rest) = rest.split_once('=')?;
    if !word.trim().eq_ignore_ascii_case("ignore") {
        return None;
    }
    let mut pragma = Pragma::new(Family::Tally, scope);
    let (list, rest) = rest.split_once(';').unwrap_or((rest, ""));
    for name in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        pragma.names.push(tally_name(name));
    }
    if let Some((word, why)) = rest.split_once('=')
        && word.trim().eq_ignore_ascii_case("reason")
    {
        pragma.why = reason_text(why);
    }
    Some(pragma)
}

/// `hadolint/DL3008` is hadolint's DL3008; `tally/NAME` stays as it is.
pub(crate) fn tally_name(name: &str) -> String {
    match name.split_once('/') {
        Some(("hadolint" | "buildkit" | "shellcheck", id)) => id.to_owned(),
        _ if name.eq_ignore_ascii_case("all") => "*".to_owned(),
        _ => name.to_owned(),
    }
}

/// Reads the value of a `check` directive: `skip=A,B;error=true // why`.
pub(super) fn read_check(value: &str) -> Vec<Pragma> {
    let (settings, why) = value.split_once("//").unwrap_or((value, ""));
    settings
        .split(';')
        .filter_map(|setting| {
            let (name, list) = setting.split_once('=')?;
            (name.trim() == "skip").then_some(list)
        })
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

/// The experimental checks that the value of a `check` directive asks for.
pub(super) fn read_experiments(value: &str) -> Vec<String> {
    let settings = value.split("//").next().unwrap_or_default();
    let lists = settings.split(';').filter_map(|setting| {
        let (name, list) = setting.split_once('=')?;
        (name.trim() == "experimental").then_some(list)
    });
    lists
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether the value of a `check` directive makes every finding of BuildKit's checks an error.
pub(super) fn read_error(value: &str) -> bool {
    let settings = value.split("//").next().unwrap_or_default();
    settings.split(';').any(|setting| {
        setting.split_once('=').is_some_and(|(name, value)| {
            name.trim() == "error"
                && matches!(value.trim(), "1" | "t" | "T" | "TRUE" | "true" | "True")
        })
    })
}

fn read_own(text: &str) -> Pragma {
    let (word, rest) = text.split_once('(').unwrap_or((text, ""));
    let scope = match word.trim_end() {
        "allow-stage" => Some(Scope::Stage),
        "allow-file" => Some(Scope::File),
        "allow" => Some(Scope::Instruction),
        _ => None,
    };
    let mut pragma = Pragma::new(Family::Own, scope.unwrap_or(Scope::Instruction));
    if scope.is_none() || word.len() == text.len() {
        pragma.malformed = Some(
            "`allow(`, `allow-stage(` or `allow-file(` and the name of a rule must follow `plimsoll:`",
        );
        return pragma;
    }
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
    // `# hadolint ignore=…`, `# hadolint global ignore=…`, `# hadolint stage ignore=…`, with any
    // blanks around.
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let word = |word: &str| {
        Some(
            rest.strip_prefix(word)?
                .strip_prefix([' ', '\t'])?
                .trim_start(),
        )
    };
    let (scope, rest) = if let Some(rest) = word("global") {
        (Scope::File, rest)
    } else if let Some(rest) = word("stage") {
        (Scope::Stage, rest)
    } else {
        (Scope::Instruction, rest)
    };
    let rest = rest.strip_prefix("ignore")?.trim_start();
    let mut rest = rest.strip_prefix('=')?.trim_start();
    let mut pragma = Pragma::new(Family::Hadolint, scope);
    // A word that is no id of hadolint's makes it overlook the whole comment. A reason without a
    // `#` in front does so too, which nobody who writes one means: that is let pass.
    loop {
        let end = rest
            .find(|c: char| !matches!(c, 'D' | 'L' | 'S' | 'C' | '0'..='9'))
            .unwrap_or(rest.len());
        let behind = rest[end..].chars().next();
        let whole = behind.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '#' | ';'));
        if end == 0 || !whole {
            return None;
        }
        pragma.names.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => break,
        }
    }
    // What tally added to the form.
    let why = rest.strip_prefix(';').map_or(rest, |rest| {
        rest.trim_start().strip_prefix("reason").unwrap_or(rest)
    });
    pragma.why = reason_text(why.trim_start().trim_start_matches('='));
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

        assert_eq!(one("plimsoll: allow-stage(a) x").scope, Scope::Stage);
        assert_eq!(one("plimsoll: allow-file(a) x").scope, Scope::File);

        let pragma = one("plimsoll: allow(a) waits until the migration is done");
        assert_eq!((pragma.until, pragma.malformed), (None, None));
        assert_eq!(pragma.why, "waits until the migration is done");

        for malformed in [
            "plimsoll: ignore(a)",
            "plimsoll: allow(a",
            "plimsoll: allow()",
            "plimsoll: allow",
            "plimsoll: allow-line(a)",
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
        assert_eq!(one("hadolint stage ignore=DL3008").scope, Scope::Stage);
        assert_eq!(
            one("hadolint ignore=DL3008 mirrors move").why,
            "mirrors move"
        );
        assert_eq!(one("hadolint ignore=DL3008;reason=moves").why, "moves");
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
        let pragma = one("later: bridgecrew:skip=CKV_DOCKER_3,CKV_DOCKER_8:known");
        assert_eq!(pragma.names, ["CKV_DOCKER_3", "CKV_DOCKER_8"]);

        let pragma = one("tally ignore=hadolint/DL3008, StageNameCasing;reason=old names");
        assert_eq!(pragma.names, ["DL3008", "StageNameCasing"]);
        assert_eq!(pragma.why, "old names");
        assert_eq!(one("Tally global ignore=all").names, ["*"]);
        assert_eq!(one("tally global ignore=all").scope, Scope::File);

        assert_eq!(one("NOSONAR on purpose").names, ["*"]);
        assert_eq!(
            one("NOSONAR(docker:S6471, S7019)").names,
            ["S6471", "S7019"]
        );
        assert_eq!(read_trailing("RUN x # NOSONAR")[0].scope, Scope::Line);
        assert_eq!(read_trailing("RUN x #trivy:ignore:DS-0001").len(), 1);

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
        assert!(read_error("skip=A; error = true") && !read_error("error=false"));
        assert_eq!(
            read_experiments("skip=all; experimental = A, B // why"),
            ["A", "B"]
        );
    }

    #[test]
    fn an_id_means_what_its_tool_would_say() {
        let pragma = one("hadolint ignore=DL3001,DL3006");
        assert_eq!(pragma.covers("mutable-tag", &["DL3006"]), Some(1));
        assert_eq!(pragma.covers("mutable-tag", &["DL3007"]), None);
        let pragma = one("plimsoll: allow(mutable-tag) x");
        assert_eq!(pragma.covers("mutable-tag", &[]), Some(0));
        let pragma = one("NOSONAR");
        assert_eq!(pragma.covers("root-user", &["S6471"]), Some(0));
        assert_eq!(pragma.covers("root-user", &["DL3002", "SC2086"]), None);
    }

    #[test]
    fn other_comments_say_nothing() {
        for text in [
            "",
            "plimsollx: allow(a)",
            "hadolint",
            "hadolint shell=bash",
            "hadolint ignore=DL3008,",
            "hadolint ignore=crazy,DL3002",
            "hadolint ignore=DL3002,root-user",
            "hadolint globalignore=DL3002",
            "tally shell=bash",
            "tallyignore=DL3008",
            "check this",
            "checkov is nice",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
