//! The words of command lines.

/// A word of a command line without its quotes, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
}

/// The simple commands of a line, each with whether a pipe follows. A script that goes on in the next
/// lines begins with those of its first: `sh -c "…`.
pub(super) fn commands(line: &str) -> Vec<(Vec<Word<'_>>, bool)> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut from = None;
    let mut quote = None;
    let mut opened = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                continue;
            }
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                opened = at;
                from.get_or_insert(at);
                continue;
            }
            None => {}
        }
        let ends = c.is_whitespace() || matches!(c, '|' | ';' | '&' | '(' | ')' | '`');
        if !ends {
            from.get_or_insert(at);
            continue;
        }
        if let Some(from) = from.take() {
            words.push(unquoted(line, from, at));
        }
        if !c.is_whitespace() {
            let piped = c == '|' && chars.peek().is_none_or(|(_, next)| *next != '|');
            if !words.is_empty() {
                commands.push((std::mem::take(&mut words), piped));
            }
        }
    }
    let is_script =
        quote.is_some() && from == Some(opened) && words.last().is_some_and(is_for_shell);
    if let Some(from) = from {
        words.push(unquoted(line, from, line.len()));
    }
    if !words.is_empty() {
        commands.push((words, false));
    }
    if is_script {
        // Behind a quote that the line does not close no other of its sort stands.
        let behind = opened + 1;
        let inner = self::commands(&line[behind..]).into_iter();
        commands.extend(inner.map(|(mut words, piped)| {
            for word in &mut words {
                word.start += behind;
            }
            (words, piped)
        }));
    }
    commands
}

/// Whether a script follows a word: `-c`, `-lc`.
fn is_for_shell(word: &Word<'_>) -> bool {
    let letters = word.text.strip_prefix('-').unwrap_or_default();
    letters.ends_with('c')
        && letters.len() <= 4
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn unquoted(line: &str, from: usize, to: usize) -> Word<'_> {
    let text = &line[from..to];
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    match inner {
        Some(text) => Word {
            text,
            start: from + 1,
        },
        None => Word { text, start: from },
    }
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
