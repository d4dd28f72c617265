//! Passwords that a command is handed on its input.

use super::words::{Word, behind, glued, program};

/// Programs that read a password which `echo` hands them, with a word that says so.
const READERS: &[(&str, &str)] = &[
    ("chpasswd", ""),
    ("passwd", ""),
    ("smbpasswd", ""),
    ("sudo", "-S"),
    ("docker", "--password-stdin"),
    ("podman", "--password-stdin"),
    ("buildah", "--password-stdin"),
    ("skopeo", "--password-stdin"),
    ("helm", "--password-stdin"),
    ("gh", "--with-token"),
];

/// Whether a command reads a password.
fn reads(to: &[Word<'_>]) -> bool {
    READERS.iter().any(|(name, flag)| {
        program(to, name).is_some_and(|at| {
            // `tee -a /etc/passwd` and `grep passwd` only name what is called so.
            let is_it = || at == 0 || (at == 1 && to[0].text == "sudo");
            match *flag {
                "" => is_it() || *name == "chpasswd",
                flag => to[at..].iter().any(|word| word.text == flag),
            }
        })
    })
}

/// The passwords that `echo` hands to what reads them.
pub(super) fn handed<'t>(from: &[Word<'t>], to: &[Word<'t>]) -> Vec<Word<'t>> {
    let echo = program(from, "echo").or_else(|| program(from, "printf"));
    let Some(echo) = echo.filter(|_| reads(to)) else {
        return Vec::new();
    };
    let arguments = &from[echo + 1..];
    let arguments = match arguments {
        [end, rest @ ..] if end.text == "--" => rest,
        _ => arguments,
    };
    let inserted = match program(from, "printf") {
        Some(_) => inserted(arguments),
        None => Vec::new(),
    };
    if !inserted.is_empty() {
        // Others may stand in the format itself.
        let written = passwords(arguments[0], to).into_iter();
        let written = written.filter(|word| !word.text.contains('%'));
        return written.chain(inserted).collect();
    }
    let value = arguments
        .iter()
        .rev()
        .find(|word| !word.text.starts_with(['-', '%']) && !word.text.is_empty());
    value.map_or_else(Vec::new, |value| passwords(*value, to))
}

/// What `printf` puts behind the colon of a name: `'%s:%s' USER PASSWORD`, `'root:%s' PASSWORD`.
fn inserted<'t>(arguments: &[Word<'t>]) -> Vec<Word<'t>> {
    let Some((format, values)) = arguments.split_first() else {
        return Vec::new();
    };
    let mut places = Vec::new();
    let mut rest = format.text;
    while let Some((before, behind)) = rest.split_once('%') {
        rest = behind.strip_prefix('%').unwrap_or(behind);
        if rest.len() == behind.len() {
            places.push(before.ends_with(':'));
        }
    }
    // Where output is led elsewhere the values end.
    let is_led = |word: &&Word<'_>| {
        let behind = word.text.trim_start_matches(|c: char| c.is_ascii_digit());
        behind.starts_with(['<', '>'])
    };
    // The format begins again until all values are put.
    let values = values.iter().take_while(|word| !is_led(word));
    let put = values.zip(places.iter().cycle());
    put.filter(|(_, is_password)| **is_password)
        .map(|(word, _)| *word)
        .collect()
}

/// The passwords of `program <<< TEXT`.
pub(super) fn handed_here<'t>(words: &[Word<'t>]) -> Vec<Word<'t>> {
    let Some(at) = words.iter().position(|word| word.text.starts_with("<<<")) else {
        return Vec::new();
    };
    let text = glued(words[at], "<<<").or_else(|| words.get(at + 1).copied());
    match text.filter(|_| reads(words)) {
        Some(text) => passwords(text, words),
        None => Vec::new(),
    }
}

/// The word that ends the lines which `chpasswd <<WORD` reads.
pub(super) fn here_document<'t>(words: &[Word<'t>]) -> Option<&'t str> {
    program(words, "chpasswd")?;
    if words.first()?.text.starts_with('#') {
        return None;
    }
    let at = words
        .iter()
        .position(|word| word.text.starts_with("<<") && !word.text.starts_with("<<<"))?;
    let end = match words[at].text.trim_start_matches(['<', '-']) {
        "" => words.get(at + 1)?.text,
        end => end,
    };
    Some(end.trim_matches(['"', '\'', '\\'])).filter(|end| !end.is_empty())
}

/// The password of a line that chpasswd reads.
pub(super) fn of_user(line: Word<'_>) -> Option<Word<'_>> {
    behind(line, ':')
}

/// The passwords in what a command is handed, line by line.
fn passwords<'t>(text: Word<'t>, to: &[Word<'t>]) -> Vec<Word<'t>> {
    let is_list = program(to, "chpasswd").is_some();
    let mut start = text.start;
    let mut found = Vec::new();
    for line in text.text.split("\\n") {
        let word = Word { text: line, start };
        start += line.len() + 2;
        found.extend(match is_list {
            true => of_user(word),
            false => Some(word),
        });
    }
    found
}
