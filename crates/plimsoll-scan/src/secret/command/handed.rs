//! Passwords that a command is handed on its input.

use super::words::{Word, behind, glued, is_led, program};

/// Programs that read a password which `echo` hands them, with a word that says so.
const READERS: &[(&str, &str)] = &[
    ("chpasswd", ""),
    ("passwd", ""),
    ("smbpasswd", ""),
    ("sudo", "-S"),
    ("gh", "--with-token"),
    ("kinit", ""),
    ("elasticsearch-keystore", "-x"),
    ("elasticsearch-keystore", "--stdin"),
];

/// Whether any program is told so: `--password-stdin`, `--passphrase-fd 0`.
fn is_told_to_read(words: &[Word<'_>]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let next = || words.get(at + 1).is_some_and(|next| next.text == "0");
        match word.text {
            "--password-stdin" | "--passphrase-fd=0" => true,
            "--passphrase-fd" => next(),
            _ => false,
        }
    })
}

/// Whether a command reads a password.
fn reads(to: &[Word<'_>]) -> bool {
    is_told_to_read(to)
        || READERS.iter().any(|(name, flag)| {
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

/// The passwords that `echo`, `yes` or `printf` hands to what reads them.
pub(super) fn handed<'t>(from: &[Word<'t>], to: &[Word<'t>]) -> Vec<Word<'t>> {
    let printf = program(from, "printf");
    let says = ["echo", "yes"].iter().find_map(|name| program(from, name));
    let Some(at) = says.or(printf).filter(|_| reads(to)) else {
        return Vec::new();
    };
    let arguments = &from[at + 1..];
    let arguments = match arguments {
        [end, rest @ ..] if end.text == "--" => rest,
        _ => arguments,
    };
    // Where output is led elsewhere they end.
    let led = arguments.iter().position(is_led);
    let arguments = &arguments[..led.unwrap_or(arguments.len())];
    if printf == Some(at) {
        return printed(arguments, to);
    }
    let value = arguments
        .iter()
        .rev()
        .find(|word| !word.text.starts_with(['-', '%']) && !word.text.is_empty());
    value.map_or_else(Vec::new, |value| passwords(*value, is_list(to)))
}

/// The passwords that `printf` writes: those in its format, what it puts behind the colon of a name,
/// `'%s:%s' USER PASSWORD`, and what it puts anywhere else, `'%s\n' USER:PASSWORD`.
fn printed<'t>(arguments: &[Word<'t>], to: &[Word<'t>]) -> Vec<Word<'t>> {
    let Some((format, values)) = arguments.split_first() else {
        return Vec::new();
    };
    let mut behind_colon = Vec::new();
    let mut rest = format.text;
    while let Some((before, behind)) = rest.split_once('%') {
        rest = behind.strip_prefix('%').unwrap_or(behind);
        if rest.len() == behind.len() {
            behind_colon.push(before.ends_with(':'));
        }
    }
    let is_list = is_list(to);
    let mut found = passwords(*format, is_list);
    if !behind_colon.is_empty() {
        found.retain(|word| !word.text.contains('%'));
    }
    // The format begins again until all values are put.
    for (value, is_password) in values.iter().zip(behind_colon.iter().cycle()) {
        match is_password {
            true => found.push(*value),
            false => found.extend(passwords(*value, is_list)),
        }
    }
    found
}

/// The passwords of `program <<< TEXT`, and of what hands them on: `cat <<< TEXT | program`.
pub(super) fn handed_here<'t>(words: &[Word<'t>], reader: Option<&[Word<'t>]>) -> Vec<Word<'t>> {
    let Some(at) = words.iter().position(|word| word.text.starts_with("<<<")) else {
        return Vec::new();
    };
    let text = glued(words[at], "<<<").or_else(|| words.get(at + 1).copied());
    let to = [Some(words), reader]
        .into_iter()
        .flatten()
        .find(|to| reads(to));
    match text.zip(to) {
        Some((text, to)) => passwords(text, is_list(to)),
        None => Vec::new(),
    }
}

/// Lines that a command reads.
#[derive(Clone, Copy)]
pub(super) struct HereDocument<'t> {
    /// The word that ends them.
    pub(super) end: &'t str,
    /// Whether each names a user before its password.
    is_list: bool,
}

impl HereDocument<'_> {
    /// The password in one of the lines.
    pub(super) fn password<'l>(&self, line: Word<'l>) -> Option<Word<'l>> {
        match self.is_list {
            true => of_user(line),
            false => Some(line),
        }
    }
}

/// The lines that `chpasswd <<WORD` reads, or what a command hands them on to: `cat <<WORD | chpasswd`.
pub(super) fn here_document<'t>(
    words: &[Word<'t>],
    reader: Option<&[Word<'t>]>,
) -> Option<HereDocument<'t>> {
    if words.first()?.text.starts_with('#') {
        return None;
    }
    let at = words
        .iter()
        .position(|word| word.text.starts_with("<<") && !word.text.starts_with("<<<"))?;
    // Of what `sudo -S` runs the lines may be, too.
    let is_for_sudo = |to: &[Word<'_>]| to.iter().any(|word| word.text == "-S");
    let reads = |to: &&[Word<'_>]| reads(to) && (is_list(to) || !is_for_sudo(to));
    let to = [Some(words), reader].into_iter().flatten().find(reads)?;
    let end = match words[at].text.trim_start_matches(['<', '-']) {
        "" => words.get(at + 1)?.text,
        end => end,
    };
    let end = end.trim_matches(['"', '\'', '\\']);
    let is_list = is_list(to);
    (!end.is_empty()).then_some(HereDocument { end, is_list })
}

/// Whether a command reads users with their passwords.
fn is_list(to: &[Word<'_>]) -> bool {
    program(to, "chpasswd").is_some()
}

/// The password of a line that chpasswd reads.
fn of_user(line: Word<'_>) -> Option<Word<'_>> {
    behind(line, ':')
}

/// The passwords in what a command is handed, line by line; each is one where it is no list of users.
fn passwords(text: Word<'_>, is_list: bool) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let (length, mark) = line(&text.text[from..]);
        let line = Word {
            text: &text.text[from..from + length],
            start: text.start + from,
        };
        found.extend(match is_list {
            true => of_user(line),
            false => Some(line),
        });
        if mark == 0 {
            return found;
        }
        from += length + mark;
    }
}

/// How long the first line of a text is, and what ends it: a line end, or `\n` as it is written. None
/// does in the last one.
fn line(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'\n', b'\\', bytes) {
        match bytes[at..] {
            [b'\n', ..] => return (at, 1),
            [_, b'n', ..] => return (at, 2),
            _ => {}
        }
    }
    (text.len(), 0)
}
