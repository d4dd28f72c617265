//! Command lines and instructions as the configuration and history hold them: what is given to which
//! name.

use std::collections::HashSet;

use super::super::assignment::may_hold_name;
use super::super::command::may_hold_command;
use super::super::name::promises;
use super::super::shell::{Part, Piece, Pieces, Spelled, flag_name, is_for_shell};

/// A name, that of a flag with its dashes, what is given to it, and where that begins in the text that it
/// stands in.
pub(in crate::secret) type Given<'t> = (&'t str, &'t str, usize);

/// What each word of a command that needs no shell gives to a name, or is given to the one before it,
/// blanks and quotes too.
pub(super) fn given_by_words<S: AsRef<str>>(
    words: &[S],
) -> impl Iterator<Item = Option<Given<'_>>> {
    let mut before = "";
    let mut settings = Settings::default();
    words.iter().map(move |word| {
        let word = word.as_ref();
        let flag = Some(before).filter(|before| flag_name(before).is_some());
        let name = flag.or(settings.name).filter(|_| !word.starts_with('-'));
        settings.take(before, word);
        let is_script = is_for_shell(std::mem::replace(&mut before, word));
        match name {
            Some(name) => Some((name, word, 0)),
            None => given_by_word(word).filter(|_| !is_script),
        }
    })
}

/// What a command sets, word by word: `config set name value`, and flags with their values between.
#[derive(Default)]
struct Settings<'t> {
    /// Whether the name is yet to come, behind flags.
    is_open: bool,
    /// The name that the next word is given to.
    name: Option<&'t str>,
    /// The last word but one.
    earlier: &'t str,
    last: &'t str,
}

impl<'t> Settings<'t> {
    fn take(&mut self, before: &str, word: &'t str) {
        let begins = matches!(before, "set" | "setx" | "ENV" | "env");
        let is_flag = word.starts_with('-');
        // The shell's own `set` stands first, and `env -u NAME` takes a name away.
        let is_first = self.earlier.starts_with('-') || matches!(self.earlier, "" | "RUN");
        self.is_open |= before == "set" && !is_first;
        // Behind a flag stands its value, or the name.
        let may_be_value = before.starts_with('-') && !promises(word);
        let is_name = !is_flag && (begins || self.is_open && !may_be_value);
        self.is_open &= !is_name && word != "--";
        self.name = (is_name && !word.contains('=')).then_some(word);
        self.earlier = std::mem::replace(&mut self.last, word);
    }
}

/// The same of a word: `--name=value`, `NAME=value`.
fn given_by_word(word: &str) -> Option<Given<'_>> {
    let (name, value) = word.split_once('=')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let named = !name.is_empty() && name.bytes().all(is_name);
    named.then_some((name, value, name.len() + 1))
}

/// All that a text gives to names, as far as that may tell anything: `--name value`, `NAME=value`,
/// `set name value`, and what an instruction declares. Of what begins at one place the whole counts, which
/// is `first` where it is known.
pub(in crate::secret) fn all_given<'t>(text: &'t str, first: Option<Given<'t>>) -> Vec<Given<'t>> {
    // A value in quotes may be a command by itself.
    let may_tell = may_hold_name(text) || (text.contains(['"', '\'']) && may_hold_command(text));
    gathered(text, first, may_tell)
}

/// What is known or declared, and what commands give as well.
fn gathered<'t>(text: &'t str, first: Option<Given<'t>>, with_commands: bool) -> Vec<Given<'t>> {
    let mut all = AllGiven {
        whole: text,
        found: Vec::new(),
        starts: HashSet::new(),
        cut_to: 0,
    };
    for given in first.into_iter().chain(declared(text)) {
        all.add(given);
    }
    if with_commands {
        all.read(text, false, 0);
    }
    all.found.sort_by_key(|(_, _, start)| *start);
    all.found
}

/// How many `=` in one word are read, as in `OPTS=-Dname=value`.
const MAX_NESTED: usize = 16;
/// Among how many the next name is looked for that promises a credential, as in `--set a=1,b=2,…`.
const MAX_ASSIGNED: usize = 256;

/// How deep texts in quotes lie in others that are read.
const DEEPEST: usize = 4;

/// What was found to be given so far.
struct AllGiven<'t> {
    whole: &'t str,
    found: Vec<Given<'t>>,
    /// Where it begins.
    starts: HashSet<usize>,
    /// Where the line ends that the last value was cut off of.
    cut_to: usize,
}

impl<'t> AllGiven<'t> {
    fn add(&mut self, given: Given<'t>) {
        if self.starts.insert(given.2) {
            self.found.push(given);
        }
    }

    /// Adds a value, which is a piece of the text, without its quotes.
    fn add_value(&mut self, name: &'t str, value: &'t str) {
        let value = unquoted(value);
        self.add((name, value, self.place(value)));
    }

    /// Where a piece of the text begins in it.
    fn place(&self, piece: &str) -> usize {
        piece.as_ptr().addr() - self.whole.as_ptr().addr()
    }

    /// Reads a piece of the text, then what stands in quotes in it: that may be a script, or anything
    /// between two apostrophes.
    fn read(&mut self, text: &'t str, escaped: bool, depth: usize) {
        let mut inner = Vec::new();
        let mut before = "";
        let mut name = None;
        let mut settings = Settings::default();
        for piece in Pieces::of_text(text, escaped) {
            let Piece::Word(spelled) = piece else {
                (before, name, settings) = ("", None, Settings::default());
                continue;
            };
            // Words of the JSON form are parted by blanks as well.
            let parts = ['[', ']', ',', ';'];
            let word = unquoted(text[spelled.from..spelled.to].trim_matches(parts));
            if let Some(name) = name
                && !word.starts_with('-')
            {
                // What ends a command in a script may be a letter of a value elsewhere.
                let behind = &text[spelled.to..];
                let more =
                    match behind.starts_with(['|', ';', '&', '(']) && spelled.parts.is_empty() {
                        true => behind.find(char::is_whitespace).unwrap_or(behind.len()),
                        false => 0,
                    };
                let value = text[spelled.from..spelled.to + more].trim_matches(parts);
                self.add_value(name, value);
            }
            self.assigned(text, &spelled, before);
            settings.take(before, word);
            // `OPTS=--name value`
            let last = word.rsplit('=').next();
            // `requirepass PW` of Redis.
            let names = |last: &&str| {
                flag_name(last).is_some() || matches!(*last, "requirepass" | "masterauth")
            };
            name = last.filter(names).or(settings.name);
            before = word;
            inner.extend(spelled.parts);
        }
        if depth < DEEPEST {
            for part in inner {
                self.read(&text[part.from..part.to], part.escaped, depth + 1);
            }
        }
    }

    /// Adds what a word assigns, which ends with it.
    fn assigned(&mut self, text: &'t str, spelled: &Spelled, before: &str) {
        let word = &text[spelled.from..spelled.to];
        // `"--name=value"` and `"NAME=value"`, which may as well be the beginning of a script or a file.
        if let [part] = spelled.parts.as_slice()
            && (part.opened, part.end) == (spelled.from, spelled.to)
            && !is_for_shell(before)
            && let Some((name, value, _)) = given_by_word(&text[part.from..part.to])
            && (name.starts_with('-')
                || promises(name)
                || !value.contains([';', '&', '|', '\n', '\\']))
        {
            self.add_value(name, value);
        }
        let is_inside = |part: &Part, at: usize| (part.opened..part.end).contains(&at);
        let mut parts = spelled.parts.iter().peekable();
        let outside = word.match_indices('=').map(|(at, _)| at).filter(|at| {
            let at = spelled.from + at;
            while parts.next_if(|part| part.end <= at).is_some() {}
            !parts.peek().is_some_and(|part| is_inside(part, at))
        });
        let mut is_more_told = false;
        for (number, at) in outside.take(MAX_ASSIGNED).enumerate() {
            // `NAME+=value` appends.
            let behind = word[..at].trim_end_matches('+');
            let name = behind
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .map_or(behind, |before| {
                    let first = behind[before..].chars().next();
                    &behind[before + first.map_or(1, char::len_utf8)..]
                });
            // One value of those holds all that follow.
            if number >= MAX_NESTED && (is_more_told || !promises(name)) {
                continue;
            }
            is_more_told = number >= MAX_NESTED;
            let value = &word[at + 1..];
            // What nothing closes was cut off; the rest of the line is its value, and all names in it.
            let is_cut = spelled.parts.is_empty()
                && value.starts_with(['"', '\''])
                && self.place(value) >= self.cut_to;
            let line = || text[spelled.from + at + 2..].lines().next();
            let value = is_cut.then(line).flatten().unwrap_or(value);
            if is_cut {
                self.cut_to = self.place(value) + value.len();
            }
            if !name.is_empty() {
                self.add_value(name, value);
            }
        }
    }
}

/// A word without the quotes around all of it. With `$` before them the shell reads escapes.
fn unquoted(word: &str) -> &str {
    [("\\\"", "\\\""), ("\"", "\""), ("'", "'"), ("$'", "'")]
        .into_iter()
        .find_map(|(open, close)| word.strip_prefix(open)?.strip_suffix(close))
        .unwrap_or(word)
}

/// What is declared without quotes, so that blanks belong to values: `ENV A=x y B=z`, as builders write
/// what they read, `ENV A x y`, and `|2 A=x y B=z /bin/sh -c …`, build arguments in front of a command.
/// Each ends where the next begins.
fn declared(text: &str) -> Vec<Given<'_>> {
    let Some((from, to)) = declaring(text) else {
        return Vec::new();
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let region = &text[..to];
    // Where names begin and end.
    let mut names: Vec<(usize, usize)> = Vec::new();
    let mut at = from;
    let mut pieces = Pieces::of_text(region, false);
    while let Some(equals) = region[at..].find('=').map(|found| at + found) {
        let before = &region[at..equals];
        let start = before.rfind(' ').map(|blank| at + blank + 1);
        let start = start.or((at == from).then_some(from));
        at = equals + 1;
        let Some(start) = start.filter(|start| is_name(&region[*start..equals])) else {
            continue;
        };
        names.push((start, equals));
        // A name in quotes is none.
        if region[at..].starts_with(['"', '\''])
            && let Some(part) = pieces.part(at)
        {
            at = part.end;
        }
    }
    let rest = region[from..].trim_start();
    let first = rest.split_ascii_whitespace().next().unwrap_or_default();
    if is_name(first) && !first.is_empty() {
        let value = unquoted(rest[first.len()..].trim());
        let start = value.as_ptr().addr() - text.as_ptr().addr();
        return vec![(first, value, start)];
    }
    let ends = names.iter().skip(1).map(|(start, _)| *start).chain([to]);
    let given = names.iter().zip(ends).map(|((start, equals), end)| {
        let value = unquoted(text[equals + 1..end].trim_end());
        let begins = value.as_ptr().addr() - text.as_ptr().addr();
        (&text[*start..*equals], value, begins)
    });
    given.collect()
}

/// Shells that builders run commands with.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox", "pwsh"];

/// From where to where a text declares.
fn declaring(text: &str) -> Option<(usize, usize)> {
    let plain = text.strip_prefix("RUN ").unwrap_or(text);
    if plain.starts_with('|') {
        let from = text.len() - plain.len();
        let shells = text.match_indices(" /").filter(|(at, _)| {
            let mut words = text[*at..].split_ascii_whitespace();
            let name = words.next().and_then(|path| path.rsplit('/').next());
            name.is_some_and(|name| SHELLS.contains(&name))
                && words.next().is_some_and(|flag| flag.starts_with('-'))
        });
        let shell = shells.map(|(at, _)| at).next();
        let to = shell.or_else(|| text.find(" /")).unwrap_or(text.len());
        let count = plain.find(' ').unwrap_or(plain.len());
        return Some((from + count, to.max(from + count)));
    }
    let text = text.strip_suffix(" # buildkit").unwrap_or(text);
    let instruction = text
        .strip_prefix("/bin/sh -c #(nop)")
        .unwrap_or(text)
        .trim_start();
    let instruction = match instruction.strip_prefix("ONBUILD") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => instruction,
    };
    let declared = ["ENV", "ARG", "LABEL"].iter().find_map(|word| {
        let rest = instruction.strip_prefix(word)?;
        rest.strip_prefix([' ', '\t'])
    })?;
    Some((text.len() - declared.len(), text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arguments_in_commands() {
        let text = "RUN x --token abc --quiet --user me && aws configure set a_key 'k' # ENV A b";
        let found: Vec<(&str, &str)> = gathered(text, None, true)
            .into_iter()
            .map(|(name, value, start)| {
                assert_eq!(&text[start..start + value.len()], value);
                (name, value)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("--token", "abc"),
                ("--user", "me"),
                ("a_key", "k"),
                ("A", "b")
            ]
        );
    }

    #[test]
    fn assignments_in_commands() {
        fn of(text: &str) -> Vec<(&str, &str)> {
            let found = gathered(text, None, true).into_iter();
            found
                .map(|(name, value, start)| {
                    assert_eq!(&text[start..start + value.len()], value);
                    (name, value)
                })
                .collect()
        }
        assert_eq!(
            of("ENV A=open \"sesame\" now B='c d' E=f==  G=-Dx=y # buildkit"),
            [
                ("A", "open \"sesame\" now"),
                ("B", "c d"),
                ("E", "f=="),
                ("f", "="),
                ("G", "-Dx=y"),
                ("-Dx", "y"),
            ]
        );
        assert_eq!(of("RUN |1 A=b c /bin/sh -c d")[0], ("A", "b c"));
        let many = "a=".repeat(100_000);
        assert!(of(&many).len() <= MAX_NESTED);
        assert_eq!(
            of("|2 A=b c D=e /bin/sh -c X='y z' run --p=q;W=v"),
            [
                ("A", "b c"),
                ("D", "e"),
                ("X", "y z"),
                ("--p", "q"),
                ("W", "v")
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(ENV |RUN |\\|1 |sh -c |--password|-token|A=|set |[ \"'\\\\$()`#;&|=\n\\[\\],:é]|[a-z0-9]{1,9}){0,40}") {
            for (_, value, start) in gathered(&text, None, true) {
                prop_assert_eq!(text.get(start..start + value.len()), Some(value));
            }
        }
    }
}
