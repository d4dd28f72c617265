//! The words of command lines.

use super::super::shell::{Piece, Pieces, Spelled, is_for_shell};

/// A word of a command line without its quotes, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
}

/// A simple command.
pub(super) struct Command<'t> {
    pub(super) words: Vec<Word<'t>>,
    /// The number of the command that reads what it writes.
    pub(super) reader: Option<usize>,
}

/// The simple commands of a line, and behind them those of the scripts that its shells are given:
/// `sh -c "…"`. A script that goes on in the next lines begins with those of its first.
pub(super) fn commands(line: &str) -> Vec<Command<'_>> {
    let mut commands = Vec::new();
    let script = Script {
        text: line,
        start: 0,
        escaped: false,
    };
    script.read(0, &mut commands);
    commands
}

/// How deep scripts lie in scripts: the quotes of the shell are two.
const DEEPEST: usize = 4;

/// A script in a line.
#[derive(Clone, Copy)]
struct Script<'t> {
    text: &'t str,
    /// Where it begins in the line.
    start: usize,
    /// Whether it stands in double quotes, so that its own have a backslash before them.
    escaped: bool,
}

impl<'t> Script<'t> {
    /// Appends its commands, then those of the scripts in it.
    fn read(self, depth: usize, commands: &mut Vec<Command<'t>>) {
        let first = commands.len();
        let mut inner = Vec::new();
        let mut words: Vec<Word<'t>> = Vec::new();
        let mut groups = Groups::default();
        let mut pieces = Pieces::of_script(self.text, self.escaped);
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Word(word) => self.take_word(&word, &mut words, &mut inner),
                Piece::End(byte) => {
                    let piped = byte == b'|' && !pieces.goes_on_with(b'|');
                    groups.end_command(byte, piped, std::mem::take(&mut words), commands);
                }
            }
        }
        groups.end_command(b'\n', false, words, commands);
        for command in &mut commands[first..] {
            for word in &mut command.words {
                word.start += self.start;
            }
        }
        if depth < DEEPEST {
            for script in inner {
                script.read(depth + 1, commands);
            }
        }
    }

    /// Takes in a word, and the script that it is where all of it stands in quotes.
    fn take_word(self, spelled: &Spelled, words: &mut Vec<Word<'t>>, inner: &mut Vec<Script<'t>>) {
        let is_script = words.last().is_some_and(|word| is_for_shell(word.text));
        if is_script
            && let [part] = spelled.parts.as_slice()
            && (part.opened, part.end) == (spelled.from, spelled.to)
        {
            inner.push(Script {
                text: &self.text[part.from..part.to],
                start: self.start + part.from,
                escaped: part.escaped,
            });
        }
        let word = self.unquoted(spelled.from, spelled.to);
        // `"$(…)"`: within it quotes begin anew.
        let substituted = word.text.strip_prefix("$(");
        if let Some(text) = substituted.and_then(|rest| rest.strip_suffix(')')) {
            inner.push(Script {
                text,
                start: self.start + word.start + "$(".len(),
                escaped: false,
            });
        }
        words.push(word);
    }

    fn unquoted(self, from: usize, to: usize) -> Word<'t> {
        let text = &self.text[from..to];
        let marks: &[(&str, &str)] = match self.escaped {
            true => &[("\\\"", "\\\""), ("'", "'"), ("\"", "\"")],
            // With `$` before it the shell reads escapes.
            false => &[("\"", "\""), ("'", "'"), ("$'", "'")],
        };
        let inner = marks.iter().find_map(|(open, close)| {
            let inner = text.strip_prefix(open)?.strip_suffix(close)?;
            Some(Word {
                text: inner,
                start: from + open.len(),
            })
        });
        inner.unwrap_or(Word { text, start: from })
    }
}

/// Commands whose output goes one way together; nobody writes more.
const MAX_GROUP: usize = 64;

/// Commands in parentheses and braces, whose output goes the same way.
#[derive(Default)]
struct Groups {
    /// Where those that are open begin.
    open: Vec<usize>,
    /// Where the one begins that was closed last, with nothing behind it yet.
    closed: Option<usize>,
    /// Where those begin that the next command reads.
    read: Option<usize>,
}

impl Groups {
    /// Takes in a command that ends with a byte.
    fn end_command<'t>(
        &mut self,
        byte: u8,
        piped: bool,
        words: Vec<Word<'t>>,
        commands: &mut Vec<Command<'t>>,
    ) {
        let number = commands.len();
        let mut begins = self.closed.filter(|_| all_lead(&words));
        if let Some(first) = words.first() {
            if let Some(read) = self.read.take() {
                let unread = commands[read..].iter_mut().rev().take(MAX_GROUP);
                for command in unread.filter(|command| command.reader.is_none()) {
                    command.reader = Some(number);
                }
            }
            begins = begins.or(Some(number));
            if first.text == "{" {
                self.open.push(number);
            } else if first.text == "}" && all_lead(&words[1..]) {
                begins = self.open.pop();
            }
            commands.push(Command {
                words,
                reader: None,
            });
        }
        self.closed = None;
        match byte {
            b'(' => self.open.push(commands.len()),
            b')' => self.closed = self.open.pop(),
            _ if piped => self.read = begins,
            _ => {}
        }
    }
}

/// Whether a word leads input or output elsewhere: `2>/dev/null`, `&>file`.
pub(super) fn is_led(word: &Word<'_>) -> bool {
    let behind = word
        .text
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    behind.starts_with(['<', '>'])
}

/// Whether words do nothing but lead input and output elsewhere.
fn all_lead(words: &[Word<'_>]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !is_led(word) {
            return false;
        }
        // Where to may be the next word.
        if word.text.ends_with(['<', '>', '&', '|']) {
            words.next();
        }
    }
    true
}

/// Where the program of this name stands in a command.
pub(super) fn program(words: &[Word<'_>], name: &str) -> Option<usize> {
    // `-db mysql` names a kind of database. A flag of one letter may be that of what runs others.
    let is_flag = |word: &Word<'_>| word.text.starts_with('-') && word.text.len() > 2;
    // Asked of every word for every program that takes a password.
    let is_named = |word: &Word<'_>| {
        let before = word.text.strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    (0..words.len()).find(|at| is_named(&words[*at]) && (*at == 0 || !is_flag(&words[*at - 1])))
}

pub(super) fn behind_equals<'t>(word: Word<'t>, flag: &str) -> Option<Word<'t>> {
    let rest = word.text.strip_prefix(flag)?.strip_prefix('=')?;
    let trimmed = rest.trim_matches(['"', '\'']);
    let start = word.start + (trimmed.as_ptr().addr() - word.text.as_ptr().addr());
    Some(Word {
        text: trimmed,
        start,
    })
}

pub(super) fn glued<'t>(word: Word<'t>, flag: &str) -> Option<Word<'t>> {
    let rest = word.text.strip_prefix(flag)?.trim_matches(['"', '\'']);
    let start = word.start + (rest.as_ptr().addr() - word.text.as_ptr().addr());
    (!rest.is_empty()).then_some(Word { text: rest, start })
}

/// What is behind the first `letter` of a word, where something is before it, too.
pub(super) fn behind(word: Word<'_>, letter: char) -> Option<Word<'_>> {
    let (before, text) = word.text.split_once(letter)?;
    let start = word.start + before.len() + letter.len_utf8();
    (!before.is_empty() && before != text).then_some(Word { text, start })
}
