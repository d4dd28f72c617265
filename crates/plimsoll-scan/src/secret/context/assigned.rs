//! What is assigned to a name, and where that begins.

use super::super::Hit;
use super::super::assignment::{is_meant, names_none, password_of};
use super::super::detector::LOOKBEHIND;
use super::super::form::{LONGEST, Written, judged, stands_by_itself};
use super::super::name::{is_pwd, may_promise, names_several, promises};
use super::behind::{REACH, value_behind};
use super::carried::in_header;

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// What is assigned to the name around the word at `at`, which ends at `word_end`.
pub(super) fn assigned(bytes: &[u8], at: usize, word_end: usize, settings: bool) -> Option<Hit> {
    let before = bytes[at.saturating_sub(64)..at]
        .iter()
        .rev()
        .take_while(|byte| name_byte(**byte))
        .count();
    // Behind `fs.azure.account.key.` stands the name of an account with its host.
    let after = bytes[word_end..bytes.len().min(word_end + 64)]
        .iter()
        .take_while(|byte| name_byte(**byte))
        .count();
    let name_end = word_end + after;
    let name = std::str::from_utf8(&bytes[at - before..name_end]).ok()?;
    // Before a name that Java is told stands the letter of the flag.
    let name = match name.starts_with("-D") {
        true => name,
        false => name.trim_start_matches(['-', '.']),
    };
    let promised = promises(name);
    // Who logs in at an address is no name: `https://__token__:…`.
    if !(promised || may_promise(name) || is_pwd(name)) || bytes[..at - before].ends_with(b"://") {
        return None;
    }
    let pair = value_of_pair(bytes, at - before, name_end, settings)
        .or_else(|| value_before_name(bytes, at - before));
    let is_pair = pair.is_some();
    let found = pair
        .or_else(|| value_of_entry(bytes, at - before, name_end))
        .or_else(|| value_of_term(bytes, at - before, name_end))
        .or_else(|| value_behind(bytes, name_end, settings))
        .or_else(|| value_of_next_item(bytes, at - before, name_end, settings))
        .or_else(|| value_of_word(bytes, at - before, name_end, settings))
        .or_else(|| value_of_setter(bytes, at - before, name_end))
        .or_else(|| value_of_object(bytes, name_end))
        .or_else(|| default_of_variable(bytes, at - before, name_end));
    let Some((start, value, quoted)) = found else {
        return match name.eq_ignore_ascii_case("password") {
            true => in_statement(bytes, name_end),
            false if promised => in_header(bytes, name, name_end),
            false => None,
        };
    };
    let (from, value) = password_of(name, value);
    let start = start + from;
    if !is_meant(name, value)
        || names_none(name, value)
        || (is_sum(value) && names_file(bytes, at - before, name_end))
    {
        return None;
    }
    // Nobody keeps a list of them there.
    let is_explained = !quoted || names_several(name);
    if is_explained && is_comment(&bytes[at.saturating_sub(120)..at]) {
        return None;
    }
    if quoted
        && !is_pair
        && is_listed(bytes, at - before, name_end, start, start + value.len())
        && !stands_by_itself(value)
    {
        return None;
    }
    let written = match (quoted, settings) {
        (false, _) => Written::Bare,
        (true, true) => Written::QuotedSetting,
        (true, false) => Written::Quoted,
    };
    let (kind, severity) = judged(name, value, written)?;
    Some(Hit::of(kind, severity, start, value.as_bytes()))
}

/// Whether a value is as long as a sum of SHA-1 or SHA-2 in hexadecimal.
fn is_sum(value: &str) -> bool {
    matches!(value.len(), 40 | 56 | 64 | 96 | 128)
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a name is that of a file, in a list of sums: `SHA256 (private.key) = …`,
/// `{"private.key": "…"}`. In quotes a setting may be called so whose value is a key.
fn names_file(bytes: &[u8], name_at: usize, name_end: usize) -> bool {
    const OF_SETTINGS: &[&[u8]] = &[b"access", b"api", b"encryption", b"secret"];
    let name = &bytes[name_at..name_end];
    let Some(stem) = name.strip_suffix(b".key") else {
        return false;
    };
    match (bytes[..name_at].last(), bytes.get(name_end)) {
        (Some(b'('), Some(b')')) => true,
        (Some(opens @ (b'"' | b'\'')), Some(closes)) if opens == closes => {
            !stem.contains(&b'.') && !OF_SETTINGS.contains(&stem.to_ascii_lowercase().as_slice())
        }
        _ => false,
    }
}

/// Whether a value stands behind a name as one word of a list stands behind another, so that
/// neither need be the other's: a comma parts them, and more words stand beside them or the list is
/// of this one pair, or lies in a comment or a sentence. A pair in a list of pairs is none.
fn is_listed(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
    value_at: usize,
    value_end: usize,
) -> bool {
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'\\');
    let between = &bytes[name_end..value_at];
    let marks = between.iter().filter(|byte| !quote(byte));
    let by_comma = marks.copied().find(|byte| *byte != b' ') == Some(b',');
    // What a program is given: `["mysql", "--password", "…"]`.
    if !by_comma || bytes[name_at] == b'-' {
        return false;
    }
    let before = &bytes[name_at.saturating_sub(120)..name_at];
    // Another name is none's value.
    if is_comment(before) || str::from_utf8(&bytes[value_at..value_end]).is_ok_and(promises) {
        return true;
    }
    if is_key_of_map(&bytes[name_at.saturating_sub(REACH)..name_at]) {
        return false;
    }
    let quotes = before.iter().rev().take_while(|byte| quote(byte)).count();
    let opened = before[..before.len() - quotes].trim_ascii_end();
    let beside = match opened {
        [outer @ .., b','] => outer.trim_ascii_end().last().is_some_and(quote),
        [outer @ .., b'['] => !matches!(outer.trim_ascii_end().last(), Some(b'[' | b',' | b'(')),
        _ => false,
    };
    // Between backticks behind a word, and not among arguments, they are names in a sentence.
    if bytes.get(name_end) == Some(&b'`')
        && !matches!(opened.last(), Some(b'(' | b'[' | b'{' | b','))
    {
        return true;
    }
    let behind = &bytes[value_end..bytes.len().min(value_end + 80)];
    let closed = behind.iter().take_while(|byte| quote(byte)).count();
    let follows = match behind[closed..].trim_ascii_start() {
        [b',', more @ ..] if closed > 0 => more.trim_ascii_start().first().is_some_and(quote),
        _ => false,
    };
    beside || follows
}

/// Whether what follows is a key among the keys and values of a map, one behind the other:
/// `Map.of("user", "bob", "password", "…")`.
fn is_key_of_map(before: &[u8]) -> bool {
    const OPENS: &[u8] = b"Map.of(";
    let Some(at) = memchr::memmem::rfind(before, OPENS) else {
        return false;
    };
    let mut quote = None;
    let mut commas = 0;
    let mut words = before[at + OPENS.len()..].iter();
    while let Some(byte) = words.next() {
        match (quote, byte) {
            (Some(_), b'\\') => {
                words.next();
            }
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'"') => quote = Some(*byte),
            (None, b',') => commas += 1,
            (None, b'(' | b')' | b';') => return false,
            _ => {}
        }
    }
    quote.is_some() && commas % 2 == 0
}

/// The password of an SQL statement: `PASSWORD 'x'`, `PASSWORD('x')`, `SET PASSWORD FOR 'bob'@'%' = 'x'`.
fn in_statement(bytes: &[u8], behind: usize) -> Option<Hit> {
    let rest = &bytes[behind..bytes.len().min(behind + 128)];
    let sets = rest
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case(b" for "));
    let from = match sets {
        Some(_) => memchr::memchr2(b'=', b'\n', rest).filter(|at| rest[*at] == b'=')? + 1,
        None => 0,
    };
    let blank = rest[from..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'('))
        .count();
    password_in_quotes(bytes, behind + from + blank, &[(b'\'', Written::Bare)])
}

/// The password of whom a database knows, behind `IDENTIFIED`: `BY 'x'`, with what checks it before that
/// in MySQL, `WITH caching_sha2_password BY 'x'`.
pub(super) fn identified(bytes: &[u8], behind: usize) -> Option<Hit> {
    let rest = &bytes[behind..bytes.len().min(behind + 128)];
    let mut words = rest.split_inclusive(u8::is_ascii_whitespace);
    let mut at = behind;
    let mut next = || {
        let word = words.find(|word| {
            at += word.len();
            !word.trim_ascii().is_empty()
        })?;
        Some((word.trim_ascii(), at))
    };
    let (mut word, mut end) = next()?;
    if word.eq_ignore_ascii_case(b"with") {
        next()?;
        (word, end) = next()?;
    }
    if !word.eq_ignore_ascii_case(b"by") {
        return None;
    }
    let blank = bytes[end..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || **byte == b'(');
    // Oracle has passwords in such quotes, and sentences have names there: `identified by "software_id"`.
    let in_double = match makes_user(&bytes[..behind]) {
        true => Written::Bare,
        false => Written::Quoted,
    };
    let quotes = [(b'\'', Written::Bare), (b'"', in_double)];
    password_in_quotes(bytes, end + blank.count(), &quotes)
}

/// How far before its `IDENTIFIED` a statement may begin; less than what is kept before a piece.
const STATEMENT: usize = 160;

/// Whether this ends in what a statement names a user by whose password follows: `ALTER USER bob`,
/// `CONNECT TO bob`, `GRANT … TO bob`. Sentences may say as much in small letters, and none has a name in
/// quotes there, nor all of a database.
fn makes_user(before: &[u8]) -> bool {
    let near = String::from_utf8_lossy(&before[before.len().saturating_sub(STATEMENT)..]);
    let statement = near.rsplit(';').next().unwrap_or_default().trim_end();
    let (before, identified) = without_name(statement);
    let (before, name) = without_name(before);
    let words: Vec<&str> = before.split_ascii_whitespace().collect();
    let [others @ .., verb, object] = words.as_slice() else {
        return false;
    };
    let is = |word: &str, any: &[&str]| any.iter().any(|one| word.eq_ignore_ascii_case(one));
    let in_capitals = identified == "IDENTIFIED";
    let is_marked =
        name.contains(['"', '\'', '`']) || words.iter().any(|word| word.ends_with(".*"));
    match *object {
        "TO" if in_capitals => true,
        object if is(object, &["to"]) => {
            is(verb, &["connect"]) || (is_marked && others.iter().any(|word| is(word, &["grant"])))
        }
        object if is(object, &["user", "role"]) => is(verb, &["create", "alter", "replace"]),
        object if is(object, &["exists"]) => others.iter().any(|word| is(word, &["user", "role"])),
        // `ALTER USER bob ACCOUNT UNLOCK IDENTIFIED`
        _ => {
            in_capitals
                && words
                    .windows(2)
                    .any(|two| matches!(two, ["CREATE" | "ALTER", "USER"]))
        }
    }
}

/// A text without the last word, or name in quotes, and that: `'bob'@'%'`.
fn without_name(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    let mut before = text;
    loop {
        let opens = before
            .chars()
            .next_back()
            .filter(|last| "\"'`".contains(*last));
        let quoted = opens.and_then(|quote| before[..before.len() - 1].rfind(quote));
        let blank = |c: char| c.is_ascii_whitespace();
        let begins = quoted.or_else(|| Some(before.rfind(blank)? + 1));
        before = &before[..begins.unwrap_or(0)];
        match before.strip_suffix('@') {
            Some(user) => before = user,
            None => return (before, &text[before.len()..]),
        }
    }
}

/// The password in one of these quotes, which opens at `at`; each tells how what stands in it is judged.
fn password_in_quotes(bytes: &[u8], at: usize, quotes: &[(u8, Written)]) -> Option<Hit> {
    let rest = &bytes[at..bytes.len().min(at + 128)];
    let (quote, value) = rest.split_first()?;
    let (_, written) = quotes.iter().find(|(one, _)| one == quote)?;
    let value = std::str::from_utf8(&value[..memchr::memchr(*quote, value)?]).ok()?;
    let (kind, severity) = judged("password", value, *written)?;
    Some(Hit::of(kind, severity, at + 1, value.as_bytes()))
}

/// The value of a pair, as Kubernetes and others write variables: `name: DB_PASSWORD` and behind it
/// `value: …`.
fn value_of_pair(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
    settings: bool,
) -> Option<(usize, &str, bool)> {
    let before = bytes[name_at.saturating_sub(12)..name_at].to_ascii_lowercase();
    let before = before.trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .unwrap_or(before)
        .trim_ascii_end();
    let before = before.strip_suffix(b"'").unwrap_or(before).trim_ascii_end();
    let before = before
        .strip_suffix(b":")
        .or(before.strip_suffix(b"="))?
        .trim_ascii_end();
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    if !before.ends_with(b"name") && !before.ends_with(b"key") {
        return None;
    }
    let rest = &bytes[name_end..bytes.len().min(name_end + 96)];
    let blank = rest
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b','))
        .count();
    let word = rest.get(blank..blank + 5)?;
    word.eq_ignore_ascii_case(b"value")
        .then(|| value_behind(bytes, name_end + blank + 5, settings))
        .flatten()
}

/// The value of a pair that stands before its name: `{"value": "…", "name": "DB_PASSWORD"}`, and in YAML on
/// the line above.
fn value_before_name(bytes: &[u8], name_at: usize) -> Option<(usize, &str, bool)> {
    let from = name_at.saturating_sub(REACH);
    let before = &bytes[from..name_at];
    let is_mark = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b':');
    let without = |text: &'_ [u8], of: fn(&u8) -> bool| {
        text.len() - text.iter().rev().take_while(|byte| of(byte)).count()
    };
    let named = &before[..without(before, is_mark)];
    let pair = [&b"name"[..], b"Name"]
        .iter()
        .find_map(|name| named.strip_suffix(*name))?;
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',');
    let value_end = without(pair, is_between);
    // A quote and a comma stand between, or a line's end.
    let parts = &pair[value_end..];
    let quoted = matches!(parts.first(), Some(b'"' | b'\''));
    let apart = match quoted {
        true => parts.contains(&b','),
        false => parts.contains(&b'\n') && !parts.contains(&b','),
    };
    let is_of_value = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'');
    let start = without(&pair[..value_end], is_of_value);
    let says = &pair[..without(&pair[..start], is_mark)];
    let is_value = says.ends_with(b"value") || says.ends_with(b"Value");
    let is_behind = pair[says.len()..start].contains(&b':');
    let value = std::str::from_utf8(&pair[start..value_end]).ok()?;
    (apart && is_value && is_behind && !value.is_empty()).then_some((from + start, value, quoted))
}

/// The item below that of a flag in a list of YAML: `- --password` and `- …`.
fn value_of_next_item(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
    settings: bool,
) -> Option<(usize, &str, bool)> {
    settings.then_some(())?;
    let before = &bytes[name_at.saturating_sub(64)..name_end];
    let line = before.rsplit(|byte| *byte == b'\n').next()?;
    let indent = line.iter().take_while(|byte| **byte == b' ').count();
    let item = line[indent..].strip_prefix(b"- ")?.trim_ascii_start();
    let item = item
        .strip_prefix(b"\"")
        .or(item.strip_prefix(b"'"))
        .unwrap_or(item);
    item.starts_with(b"-").then_some(())?;
    let rest = &bytes[name_end..bytes.len().min(name_end + REACH)];
    let end = memchr::memchr(b'\n', rest)?;
    matches!(rest[..end].trim_ascii(), b"" | b"\"" | b"'").then_some(())?;
    let below = &rest[end + 1..];
    let below = &below[..memchr::memchr(b'\n', below).unwrap_or(below.len())];
    let value = below.get(indent..)?.strip_prefix(b"- ")?.trim_ascii();
    let is_below = below[..indent].iter().all(|byte| *byte == b' ');
    let (quoted, inner) = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => (1, inner),
        _ => (0, value),
    };
    // What begins so without quotes stands for another, or is one that others stand for.
    let is_mark = quoted == 0 && matches!(inner.first(), Some(b'*' | b'&' | b'!'));
    let is_value = is_below && !is_mark && !inner.starts_with(b"-") && inner.len() <= LONGEST;
    let start = name_end + (value.as_ptr().addr() - rest.as_ptr().addr()) + quoted;
    let text = std::str::from_utf8(inner).ok()?;
    (is_value && !text.contains(char::is_whitespace)).then_some((start, text, false))
}

/// The text of an element that an attribute or the element before it names: `<entry
/// key="password">…</entry>` (Java's properties), `<name>…</name> <value>…</value>` (Hadoop),
/// `<param-name>…</param-name> <param-value>…</param-value>` (servlets),
/// `<Password><Value>…</Value>` (Windows, where it installs itself).
fn value_of_entry(bytes: &[u8], name_at: usize, name_end: usize) -> Option<(usize, &str, bool)> {
    let before = &bytes[name_at.saturating_sub(16)..name_at];
    let rest = &bytes[name_end..bytes.len().min(name_end + REACH)];
    let named = [&b" key=\""[..], b" key='", b" name=\"", b" name='"]
        .iter()
        .any(|end| before.ends_with(end));
    let from = match rest {
        [b'"' | b'\'', b'>', ..] if named => 2,
        [b'>', behind @ ..] if before.ends_with(b"<") => {
            let blank = behind.iter().take_while(|byte| byte.is_ascii_whitespace());
            let from = 1 + blank.count();
            rest[from..].starts_with(b"<Value>").then_some(from + 7)?
        }
        [b'<', b'/', behind @ ..] => {
            let element = behind.iter().position(|byte| *byte == b'>')?;
            let (element, behind) = (&behind[..element], &behind[element + 1..]);
            let value = match element {
                b"name" => &b"<value>"[..],
                b"param-name" => b"<param-value>",
                _ => return None,
            };
            let is_named = before.ends_with(&[element, b">"].concat());
            let behind = behind.trim_ascii_start().strip_prefix(value)?;
            is_named.then_some(rest.len() - behind.len())?
        }
        _ => return None,
    };
    let text = &rest[from..];
    let text = &text[..memchr::memchr2(b'<', b'\n', text)?];
    (text.len() <= LONGEST).then_some(())?;
    Some((name_end + from, std::str::from_utf8(text).ok()?, true))
}

/// The value of a term of Erlang that is a name and a text: `{password, "…"}`, `{password, <<"…">>}`.
fn value_of_term(bytes: &[u8], name_at: usize, name_end: usize) -> Option<(usize, &str, bool)> {
    let before = &bytes[name_at.saturating_sub(2)..name_at];
    let rest = &bytes[name_end..bytes.len().min(name_end + REACH)];
    let behind = match before.strip_suffix(b"'") {
        Some(before) => rest.strip_prefix(b"'").filter(|_| before.ends_with(b"{")),
        None => before.ends_with(b"{").then_some(rest),
    };
    let text = behind?.trim_ascii_start().strip_prefix(b",")?;
    let text = text.trim_ascii_start();
    let inner = text.strip_prefix(b"<<");
    let is_binary = inner.is_some();
    let inner = inner.unwrap_or(text).trim_ascii_start();
    let inner = inner.strip_prefix(b"\"")?;
    let end = inner
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
    let (value, behind) = inner.split_at(end);
    let behind = behind.strip_prefix(b"\"")?;
    let behind = match is_binary {
        true => {
            let behind = behind.strip_prefix(b"/utf8").unwrap_or(behind);
            behind.trim_ascii_start().strip_prefix(b">>")?
        }
        false => behind,
    };
    let start = name_end + (rest.len() - inner.len());
    let is_whole = behind.trim_ascii_start().starts_with(b"}") && value.len() <= LONGEST;
    is_whole.then_some((start, std::str::from_utf8(value).ok()?, true))
}

/// The value of `name value`, alone on their line but for what sets a variable; in quotes, where
/// everything else is.
fn value_of_word(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
    settings: bool,
) -> Option<(usize, &str, bool)> {
    let before = &bytes[name_at.saturating_sub(32)..name_at];
    let line = before.rsplit(|byte| *byte == b'\n').next()?.trim_ascii();
    let sets = matches!(
        line.rsplit(|byte| *byte == b':')
            .next()
            .map(<[u8]>::trim_ascii),
        Some(b"set -x" | b"set -gx" | b"set -Ux" | b"set -xg")
    );
    // Lisps define so, in parentheses.
    let defines = matches!(line, b"(def" | b"(defonce" | b"(def ^:private" | b"(setq");
    let is_macro = line == b"#define";
    let is_of_server = matches!(
        line,
        b"SetEnv" | b"fastcgi_param" | b"proxy_set_header" | b"header_up"
    );
    // In other shells than execline's all words behind it are names.
    let is_export = || line == b"export" && is_of_execline(bytes);
    // The last is of csh.
    let is_alone = matches!(line, b"" | b"ENV" | b"set" | b"setx" | b"setenv")
        || is_export()
        || is_macro
        || is_of_server;
    if !is_alone && !sets && !defines {
        return None;
    }
    let rest = &bytes[name_end..bytes.len().min(name_end + 256)];
    let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let blank = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let value = rest[blank..].trim_ascii();
    let value = match (defines, is_of_server) {
        (true, _) => value.strip_suffix(b")").unwrap_or(value),
        (_, true) => value.strip_suffix(b";").unwrap_or(value),
        _ => value,
    };
    let (quote, value) = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => (1, inner),
        _ => (0, value),
    };
    let written = settings || quote == 1;
    if blank == 0 || !written || value.is_empty() || value.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    Some((name_end + blank + quote, value, !settings))
}

/// Whether a file is a script of execline's.
fn is_of_execline(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(LOOKBEHIND)];
    let first = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
    first.starts_with(b"#!") && memchr::memmem::find(first, b"execlineb").is_some()
}

/// The value of an object that says no more of its name, as Terraform's state has its outputs:
/// `"db_password": {"value": "…", …}`.
fn value_of_object(bytes: &[u8], name_end: usize) -> Option<(usize, &str, bool)> {
    const VALUE: &[u8] = b"\"value\"";
    let rest = &bytes[name_end..bytes.len().min(name_end + 64)];
    let inner = rest.strip_prefix(b"\"")?.trim_ascii_start();
    let inner = inner.strip_prefix(b":")?.trim_ascii_start();
    let inner = inner.strip_prefix(b"{")?.trim_ascii_start();
    inner.starts_with(VALUE).then_some(())?;
    // The quote behind the word is what a value stands behind.
    value_behind(
        bytes,
        name_end + (rest.len() - inner.len()) + VALUE.len() - 1,
        false,
    )
}

/// What a variable of Terraform is where nobody sets it: `variable "db_password" { default = "…" }`.
fn default_of_variable(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
) -> Option<(usize, &str, bool)> {
    const DECLARES: &[u8] = b"variable \"";
    const DEFAULT: &[u8] = b"default";
    bytes[..name_at].ends_with(DECLARES).then_some(())?;
    let rest = &bytes[name_end..bytes.len().min(name_end + 2048)];
    let inner = rest.strip_prefix(b"\"")?.trim_ascii_start();
    let inner = inner.strip_prefix(b"{")?;
    let mut at = name_end + (rest.len() - inner.len());
    // What lies deeper says how it is to be checked.
    let mut depth = 1_usize;
    for line in inner.split_inclusive(|byte| *byte == b'\n') {
        let begins = line.trim_ascii_start();
        if depth == 1 && begins.starts_with(DEFAULT) {
            let behind = at + (line.len() - begins.len()) + DEFAULT.len();
            return value_behind(bytes, behind, false);
        }
        at += line.len();
        for byte in line {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
                _ => {}
            }
        }
    }
    None
}

/// The text that is handed to what sets a name, alone: `ds.setPassword("…")`, `builder.password("…")`.
fn value_of_setter(bytes: &[u8], name_at: usize, name_end: usize) -> Option<(usize, &str, bool)> {
    let name = &bytes[name_at..name_end];
    // A point in a name is that of a call.
    let (before, name) = match name.iter().rposition(|byte| *byte == b'.') {
        Some(point) => (&name[..=point], &name[point + 1..]),
        None => (&bytes[..name_at], name),
    };
    let begins = |verb: &[u8]| {
        let rest = name.strip_prefix(verb);
        rest.and_then(<[u8]>::first)
            .is_some_and(|next| next.is_ascii_uppercase() || *next == b'_')
    };
    let lower = name.to_ascii_lowercase();
    let says_it = [
        &b"password"[..],
        b"passwd",
        b"passphrase",
        b"pass",
        b"pwd",
        b"secret",
        b"token",
        b"key",
    ];
    // `setPasswordHint` sets another thing.
    if !says_it.iter().any(|end| lower.ends_with(end)) {
        return None;
    }
    let is_method = before.ends_with(b".") || before.ends_with(b"->") || before.ends_with(b"::");
    let sets =
        begins(b"set") || begins(b"Set") || begins(b"with") || (is_method && name == b"password");
    sets.then_some(())?;
    let rest = &bytes[name_end..bytes.len().min(name_end + REACH)];
    let inner = rest.strip_prefix(b"(")?;
    let from = inner.len() - inner.trim_ascii_start().len();
    let (quote, text) = inner[from..].split_first()?;
    matches!(quote, b'"' | b'\'').then_some(())?;
    let end = memchr::memchr2(*quote, b'\n', text)?;
    let behind = text[end..].strip_prefix(&[*quote])?.trim_ascii_start();
    (end <= LONGEST && behind.starts_with(b")")).then_some(())?;
    let text = std::str::from_utf8(&text[..end]).ok()?;
    Some((name_end + 1 + from + 1, text, true))
}

/// Whether the last line of what stands before is a comment.
fn is_comment(before: &[u8]) -> bool {
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or(before);
    match line.trim_ascii_start() {
        [b'#' | b';', ..] => true,
        [b'/', b'/', rest @ ..] => !names_share(rest),
        _ => false,
    }
}

/// Whether what follows two slashes is a host and a path on it, which no comment begins with:
/// `//server/share` of fstab, `//registry/:_authToken` of npm.
fn names_share(rest: &[u8]) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/');
    let host = rest.iter().position(ends).unwrap_or(rest.len());
    host > 0 && rest.get(host) == Some(&b'/')
}

#[cfg(test)]
mod tests {
    use super::super::super::detector::{Piece, Told};
    use super::super::super::hits::Hits;
    use super::super::in_context;

    fn values(text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        in_context(Piece::text(text), true, &mut Told::default(), &mut hits);
        let values = hits.iter().map(|hit| text[hit.start..hit.end].to_owned());
        values.collect()
    }

    #[test]
    fn sums_of_files() {
        let sum = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0";
        for text in [
            "SHA256 (private.key) = SUM",
            "SHA256 (jwt.signing.key) = SUM",
            "{\"files\": {\"private.key\": \"SUM\", \"a.key\": \"x\"}}",
            "{\"repo_signing.key\":\"SUM\"}",
        ] {
            assert_eq!(values(&text.replace("SUM", sum)), [""; 0], "{text}");
        }
        for text in [
            "jwt.signing.key=SUM",
            "private.key = \"SUM\"",
            "{\"encryption.key\": \"SUM\"}",
            "{\"jwt.signing.key\": \"SUM\"}",
            "{\"private_key\": \"SUM\"}",
        ] {
            assert_eq!(values(&text.replace("SUM", sum)), [sum], "{text}");
        }
        let drawn = "{\"private.key\": \"q7RtY2mWx9KpLz4VbN8c\"}";
        assert_eq!(values(drawn), ["q7RtY2mWx9KpLz4VbN8c"]);
    }

    /// What Terraform takes where nobody sets a variable.
    #[test]
    fn defaults_of_variables() {
        for text in [
            "variable \"db_password\" {\n  type = string\n  default = \"Tr0ub4dor-3x\"\n}\n",
            "variable \"db_password\" { default = \"Tr0ub4dor-3x\" }\n",
            "variable \"db_password\" {\n  validation {\n    condition = x\n  }\n  default   = \"Tr0ub4dor-3x\"\n}\n",
        ] {
            assert_eq!(values(text), ["Tr0ub4dor-3x"], "{text}");
        }
        for none in [
            "variable \"db_password\" {\n  default = \"\"\n}\nvariable \"x\" {\n  default = \"Tr0ub4dor-3x\"\n}\n",
            "variable \"db_password\" {\n}\nlocals {\n  default = \"Tr0ub4dor-3x\"\n}\n",
            "variable \"db_password\" {\n  default = var.x\n}\n",
            "variable \"db_password\" {\n  x {\n default = \"Tr0ub4dor-3x\"\n}\n}\n",
            "variable \"db_name\" {\n  default = \"Tr0ub4dor-3x\"\n}\n",
        ] {
            assert_eq!(values(none), Vec::<String>::new(), "{none}");
        }
    }
}
