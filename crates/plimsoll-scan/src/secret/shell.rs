//! How the shell parts a text: words, with what stands in quotes in them, and what ends commands.

use super::escape::{Unquoted, letter};
use super::name::promises;

/// A piece of a text.
pub(super) enum Piece {
    Word(Spelled),
    /// A byte that ends a command.
    End(u8),
}

/// A word as it is written: where it begins and ends, and what of it stands in quotes.
pub(super) struct Spelled {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) parts: Vec<Part>,
}

/// A part of a word in quotes, or what a command puts there.
pub(super) struct Part {
    /// Where the mark that opens it begins.
    pub(super) opened: usize,
    /// Where its text begins and ends.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Behind the mark that closes it.
    pub(super) end: usize,
    /// Whether a quote in it has a backslash before it.
    pub(super) escaped: bool,
}

impl Spelled {
    /// Whether it is put together of several parts in quotes, as is a quote in quotes: `'a '\''b'\'''`.
    pub(super) fn is_composed(&self, text: &str) -> bool {
        let is_quoted = |part: &Part| !text[part.opened..].starts_with(['$', '`']);
        self.parts.len() > 1 && self.parts.iter().any(is_quoted)
    }

    /// The word as who is called gets it; `text` is the one that it stands in.
    pub(super) fn unquoted(&self, text: &str) -> Unquoted {
        let mut word = Unquoted::default();
        let mut parts = self.parts.iter().peekable();
        let mut at = self.from;
        while let Some(first) = text[at..self.to].chars().next() {
            if let Some(part) = parts.next_if(|part| part.opened == at) {
                part.unquote(text, &mut word);
                at = part.end;
                continue;
            }
            let rest = &text[at + first.len_utf8()..self.to];
            let opens = parts.peek().is_some_and(|part| part.opened == at + 1);
            match (first, rest.chars().next()) {
                ('\\', Some(letter)) if !opens => {
                    word.push(letter, at, at + 1 + letter.len_utf8());
                    at += letter.len_utf8();
                }
                // Behind it the shell reads escapes.
                ('$', Some('\'')) if opens => {}
                _ => word.push(first, at, at + first.len_utf8()),
            }
            at += first.len_utf8();
        }
        word
    }
}

impl Part {
    /// Appends what it is to a word. What a command puts there stays as it is written.
    fn unquote(&self, text: &str, word: &mut Unquoted) {
        let mark = &text[self.opened..self.from];
        let (single, double) = (mark.ends_with('\''), mark.ends_with('"'));
        let escapes = single && text[..self.opened].ends_with('$');
        let (mut at, to) = match single || double {
            true => (self.from, self.to),
            false => (self.opened, self.end),
        };
        while let Some(c) = text[at..to].chars().next() {
            let rest = &text[at..to];
            let (c, length) = match c {
                '\\' if escapes => letter(rest),
                '\\' if double && rest[1..].starts_with(['"', '\\', '$', '`']) => {
                    (char::from(rest.as_bytes()[1]), 2)
                }
                _ => (c, c.len_utf8()),
            };
            word.push(c, at, at + length);
            at += length;
        }
    }
}

/// A quote that is open.
#[derive(Clone, Copy)]
struct Quote {
    mark: u8,
    /// Whether a backslash takes the meaning of the next one: not in single quotes, but behind `$`.
    escapes: bool,
}

/// The name in `--name`, whose value is the next word. With one dash, as Go's, Java's and PowerShell's
/// programs have it, a name is one that promises a credential; openssl(1) has its own `-pass`.
pub(super) fn flag_name(word: &str) -> Option<&str> {
    let name = match word.strip_prefix("--") {
        Some(name) => name,
        None => word
            .strip_prefix('-')
            .filter(|name| name.len() > 2 && *name != "pass" && promises(name))?,
    };
    (!name.is_empty() && !name.contains(['=', ' '])).then_some(name)
}

/// Whether a script follows a word: `-c`, `-lc`, and what says so in a health check.
pub(super) fn is_for_shell(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    let is_flag = letters.ends_with('c')
        && letters.len() <= 4
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_flag || word == "CMD-SHELL"
}

/// Which bytes are letters and nothing else, wherever they stand: most of all.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let others = b"\"'\\$`#|;&() \t\n\r\x0c";
    let mut at = 0;
    while at < others.len() {
        plain[others[at] as usize] = false;
        at += 1;
    }
    plain
};

/// How many letters stand at a place that are nothing else.
fn letters(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    rest.iter()
        .take_while(|byte| PLAIN[usize::from(**byte)])
        .count()
}

/// A path of Windows has no more bytes.
const LONGEST_PATH: usize = 260;

/// Whether a text begins with a path of Windows, or with what gives one to a name: `--dir=C:\`. A
/// backslash parts folders there.
fn is_windows_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let word = bytes
        .iter()
        .take(LONGEST_PATH)
        .take_while(|byte| !ends(byte));
    let word = &bytes[..word.count()];
    let path = word.rsplit(|byte| *byte == b'=').next().unwrap_or(word);
    is_drive(path)
}

/// Whether some bytes begin with a drive of Windows: `C:\`.
fn is_drive(bytes: &[u8]) -> bool {
    matches!(bytes, [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic())
}

/// The pieces of a text, from the first on.
pub(super) struct Pieces<'t> {
    text: &'t str,
    at: usize,
    /// Whether the text stands in double quotes, so that its own have a backslash before them.
    escaped: bool,
    /// Whether the text may be no script: a mark that nothing closes is a letter, and what a command
    /// puts into a word is a part of it.
    any: bool,
    /// Up to where nothing closes each of the marks: looking for one again would take as long.
    unclosed_to: [usize; 4],
    /// Where the comment ends that was read last: a quote in it goes no further.
    comment_to: usize,
}

impl<'t> Pieces<'t> {
    /// Those of a script, where a quote that nothing closes goes on to the end.
    pub(super) fn of_script(text: &'t str, escaped: bool) -> Self {
        Self {
            text,
            at: 0,
            escaped,
            any: false,
            unclosed_to: [0; 4],
            comment_to: 0,
        }
    }

    /// Those of a text that may hold commands, whatever else stands in it.
    pub(super) fn of_text(text: &'t str, escaped: bool) -> Self {
        Self {
            any: true,
            ..Self::of_script(text, escaped)
        }
    }

    /// Whether a byte comes next.
    pub(super) fn goes_on_with(&self, byte: u8) -> bool {
        self.byte(self.at) == Some(byte)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// How long what stands at a place is, and which quote it is, if it is one.
    fn step(&self, at: usize, quote: Option<Quote>) -> (usize, Option<u8>) {
        let rest = &self.text.as_bytes()[at..];
        let escapes = quote.is_none_or(|quote| quote.escapes);
        match rest {
            [mark @ (b'"' | b'\''), ..] => (1, Some(*mark)),
            // A quote in quotes within quotes.
            [b'\\', b'\\', b'\\', b'"', ..] if self.escaped => (4, None),
            [b'\\', b'"', ..] if self.escaped => (2, Some(b'"')),
            [b'\\', b'"' | b'\\', ..] if escapes => (2, None),
            [b'\\', b'\'', ..] if escapes && !(self.escaped && quote.is_none()) => (2, None),
            [b'\\', b' ', ..] if self.any && quote.is_none() && self.ends_windows_path(at) => {
                (1, None)
            }
            [b'\\', next, ..] if quote.is_none() && b" \t|;&()`".contains(next) => (2, None),
            _ => (1, None),
        }
    }

    /// Whether a path of Windows ends at a place, as in `--dir C:\app\ --force`.
    fn ends_windows_path(&self, at: usize) -> bool {
        let before = &self.text.as_bytes()[at.saturating_sub(LONGEST_PATH)..at];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
        before.rsplit(ends).next().is_some_and(is_drive)
    }

    /// The part that a quote opens.
    fn quoted(&mut self, opened: usize, length: usize, mark: u8) -> Option<Part> {
        let from = opened + length;
        let quote = Quote {
            mark,
            escapes: mark == b'"' || self.text[..opened].ends_with('$'),
        };
        let part = |to: usize, end: usize| Part {
            opened,
            from,
            to,
            end,
            escaped: mark == b'"',
        };
        let to = self.furthest(opened);
        // `"C:\my app\"`: the first quote behind a backslash tells whether they are folders' ends.
        let mut may_be_path = mark == b'"' && is_windows_path(&self.text[from..]);
        let mut at = from;
        while at < to {
            at += letters(&self.text[..to], at);
            if at >= to {
                break;
            }
            let (mut length, mut found) = self.step(at, Some(quote));
            if may_be_path && length == 2 && self.byte(at + 1) == Some(b'"') {
                may_be_path = false;
                let is_apart =
                    |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace());
                if !is_apart(self.byte(at - 1)) && is_apart(self.byte(at + 2)) {
                    (length, found) = (2, Some(quote.mark));
                }
            }
            if found == Some(quote.mark) {
                return Some(part(at, at + length));
            }
            // Within `"$(…)"` quotes begin anew.
            let inner = match self.any && mark == b'"' && self.byte(at) == Some(b'$') {
                true => self.substituted(at),
                false => None,
            };
            at = inner.map_or(at + length, |inner| inner.end);
        }
        (!self.any).then(|| part(self.text.len(), self.text.len()))
    }

    /// How far a quote goes at most that opens at a place: in a comment, to its end.
    fn furthest(&self, opened: usize) -> usize {
        match opened < self.comment_to {
            true => self.comment_to,
            false => self.text.len(),
        }
    }

    /// What a command puts at a place: `$(…)`, or a command in backquotes.
    fn substituted(&mut self, at: usize) -> Option<Part> {
        let rest = &self.text.as_bytes()[at..];
        let (length, sort) = match rest {
            [b'$', b'(', ..] => (2, 2),
            [b'`', ..] => (1, 3),
            _ => return None,
        };
        if at < self.unclosed_to[sort] {
            return None;
        }
        let from = at + length;
        let to = match length {
            1 => self.text[from..].find('`').map(|to| from + to),
            _ => self.closing_parenthesis(from),
        };
        if to.is_none() {
            self.unclosed_to[sort] = self.text.len();
        }
        to.map(|to| Part {
            opened: at,
            from,
            to,
            end: to + 1,
            escaped: false,
        })
    }

    /// Where the parenthesis is closed that was opened before a place. Those in quotes are letters.
    fn closing_parenthesis(&self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut depth = 0;
        // Nothing closes these from here on.
        let mut is_unclosed = [false; 2];
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            let sort = usize::from(*byte == b'"');
            match byte {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth == 0 => return Some(at),
                b')' => depth -= 1,
                b'"' | b'\'' if !is_unclosed[sort] => {
                    let mut quoted = bytes[at + 1..].iter().enumerate();
                    let is_end = |(inside, found): &(usize, &u8)| {
                        *found == byte && (sort == 0 || bytes[at + inside] != b'\\')
                    };
                    match quoted.find(is_end) {
                        Some((inside, _)) => at += 1 + inside,
                        None => is_unclosed[sort] = true,
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The part of a word that begins at a place, if one does. Places are asked for in order.
    pub(super) fn part(&mut self, at: usize) -> Option<Part> {
        let (length, mark) = self.step(at, None);
        let Some(mark) = mark else {
            return match self.any {
                true => self.substituted(at),
                false => None,
            };
        };
        let sort = usize::from(mark == b'"');
        if at < self.unclosed_to[sort] {
            return None;
        }
        let part = self.quoted(at, length, mark);
        if part.is_none() {
            self.unclosed_to[sort] = self.furthest(at);
        }
        part
    }

    /// Whether a byte ends a word and is none, or ends a command.
    fn ends(&self, at: usize, is_in_word: bool) -> Option<bool> {
        let byte = self.byte(at)?;
        let next = self.byte(at + 1);
        // A backslash that carries a command on is no word.
        let carries_on = byte == b'\\' && matches!(next, Some(b'\n' | b'\r'));
        if byte.is_ascii_whitespace() || carries_on {
            return Some(false);
        }
        // `2>&1` and `&>file` lead output elsewhere.
        let leads = byte == b'&'
            && (next == Some(b'>') || (is_in_word && self.text[..at].ends_with(['<', '>'])));
        let is_letter = leads || (byte == b'(' && is_in_word && self.any);
        (!is_letter && b"|;&()`".contains(&byte)).then_some(true)
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut word: Option<Spelled> = None;
        while self.at < self.text.len() {
            let here = self.at;
            let spelled = |word: Option<Spelled>| {
                word.unwrap_or(Spelled {
                    from: here,
                    to: here,
                    parts: Vec::new(),
                })
            };
            if self.any
                && word.is_none()
                && here >= self.comment_to
                && self.byte(here) == Some(b'#')
            {
                let line = self.text[here..].find('\n');
                self.comment_to = line.map_or(self.text.len(), |length| here + length);
            }
            let plain = letters(self.text, here);
            if plain > 0 {
                word = Some(spelled(word));
                self.at += plain;
                continue;
            }
            if let Some(part) = self.part(here) {
                self.at = part.end;
                let mut spelled = spelled(word);
                spelled.parts.push(part);
                word = Some(spelled);
                continue;
            }
            let (length, _) = self.step(here, None);
            let ends = self.ends(here, word.is_some()).filter(|_| length == 1);
            match (ends, word.take()) {
                (Some(_), Some(word)) => return Some(Piece::Word(Spelled { to: here, ..word })),
                (Some(true), None) => {
                    self.at += 1;
                    return Some(Piece::End(self.text.as_bytes()[here]));
                }
                (Some(false), None) => self.at += 1,
                (None, before) => {
                    word = Some(spelled(before));
                    self.at += length;
                }
            }
        }
        let to = self.text.len();
        word.map(|word| Piece::Word(Spelled { to, ..word }))
    }
}
