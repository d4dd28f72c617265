//! The words of command lines.

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

/// A part of a word in quotes: where the mark that opens it begins, and where its text does.
#[derive(Clone, Copy)]
struct Quote {
    mark: u8,
    opened: usize,
    from: usize,
}

impl<'t> Script<'t> {
    /// Appends its commands, then those of the scripts in it.
    fn read(self, depth: usize, commands: &mut Vec<Command<'t>>) {
        let first = commands.len();
        let mut inner = Vec::new();
        let mut words: Vec<Word<'t>> = Vec::new();
        // Where the word begins, the quotes it stands in, and those that it was in before.
        let mut from = None;
        let (mut quote, mut closed) = (None::<Quote>, None::<(Quote, usize)>);
        let mut groups = Groups::default();
        let mut at = 0;
        while let Some(byte) = self.text.as_bytes().get(at).copied() {
            let here = at;
            at += 1;
            let next = self.text.as_bytes().get(at);
            let mark = match (byte, next) {
                (b'"' | b'\'', _) => Some(byte),
                (b'\\', Some(b'"')) if self.escaped => {
                    at += 1;
                    Some(b'"')
                }
                (b'\\', Some(b'"' | b'\\')) if quote.is_none_or(|open| open.mark == b'"') => {
                    at += 1;
                    None
                }
                (b'\\', Some(b'\'')) if quote.is_none() && !self.escaped => {
                    at += 1;
                    None
                }
                _ => None,
            };
            match quote {
                Some(open) => {
                    if mark == Some(open.mark) {
                        closed = Some((open, here)).filter(|_| from == Some(open.opened));
                        quote = None;
                    }
                    continue;
                }
                None if mark.is_some() => {
                    quote = mark.map(|mark| Quote {
                        mark,
                        opened: here,
                        from: at,
                    });
                    from.get_or_insert(here);
                    continue;
                }
                None => {}
            }
            // A backslash that carries a command on is no word.
            let carries_on = byte == b'\\' && matches!(next, Some(b'\n' | b'\r'));
            let is_blank = byte.is_ascii_whitespace() || carries_on;
            // `2>&1` and `&>file` lead output elsewhere.
            let leads = byte == b'&'
                && (next == Some(&b'>')
                    || (from.is_some() && self.text[..here].ends_with(['<', '>'])));
            if leads || !is_blank && !b"|;&()`".contains(&byte) {
                from.get_or_insert(here);
                continue;
            }
            self.end_word(from.take(), here, closed.take(), &mut words, &mut inner);
            if is_blank {
                continue;
            }
            let piped = byte == b'|' && self.text.as_bytes().get(at) != Some(&b'|');
            groups.end_command(byte, piped, std::mem::take(&mut words), commands);
        }
        if let Some(open) = quote {
            // Behind a quote that the line does not close no other of its sort stands.
            closed = Some((open, self.text.len())).filter(|_| from == Some(open.opened));
        }
        let length = self.text.len();
        self.end_word(from, length, closed, &mut words, &mut inner);
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

    /// Takes in the word that ends at `to`, and the script that it is where all of it stands in
    /// quotes, up to where they close.
    fn end_word(
        self,
        from: Option<usize>,
        to: usize,
        closed: Option<(Quote, usize)>,
        words: &mut Vec<Word<'t>>,
        inner: &mut Vec<Script<'t>>,
    ) {
        let Some(from) = from else {
            return;
        };
        let is_script = words.last().is_some_and(is_for_shell);
        if let Some((open, end)) = closed.filter(|_| is_script)
            && end + (open.from - open.opened) >= to
        {
            inner.push(Script {
                text: &self.text[open.from..end],
                start: self.start + open.from,
                escaped: open.mark == b'"',
            });
        }
        let word = self.unquoted(from, to);
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

/// Whether a script follows a word: `-c`, `-lc`.
fn is_for_shell(word: &Word<'_>) -> bool {
    let letters = word.text.strip_prefix('-').unwrap_or_default();
    letters.ends_with('c')
        && letters.len() <= 4
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
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
