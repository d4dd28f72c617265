//! Slips in how single commands are called.

use std::borrow::Cow;

use shuck_ast::{Assignment, SimpleCommand, Span, Stmt, Word, WordPart};

use super::word::Use;
use super::{Lint, Place, range};

/// A command with its words read.
pub(super) struct Call<'c, 't> {
    /// Its name as written, through `command`, `exec` and the like.
    pub(super) name: &'t str,
    /// The word that is the name.
    pub(super) name_span: Span,
    /// The words behind.
    pub(super) arguments: &'c [&'t Word],
    /// From the first word to the last.
    pub(super) span: (usize, usize),
}

impl<'t> Lint<'t, '_> {
    pub(super) fn simple(&mut self, statement: &'t Stmt, simple: &'t SimpleCommand, place: Place) {
        let first = self.slice(simple.name.span);
        if first.is_empty() {
            self.assignments(&simple.assignments, place, true);
            return;
        }
        self.assignments(&simple.assignments, place, false);
        let mut words: Vec<&'t Word> = Vec::with_capacity(simple.args.len() + 1);
        words.push(&simple.name);
        words.extend(&simple.args);
        let mut at = 0;
        // What only starts another command is looked through.
        while matches!(
            self.plain(words[at]),
            Some("busybox" | "builtin" | "command" | "exec")
        ) && words
            .get(at + 1)
            .is_some_and(|next| !self.slice(next.span).starts_with('-'))
        {
            at += 1;
        }
        let name = self.plain(words[at]).unwrap_or_default();
        let base = name.rsplit('/').next().unwrap_or(name);
        let is_test = first == "[";
        let command = if is_test { "" } else { base };
        let reads_code = !is_test && self.reads_code(command, &words[at..]);
        for (index, word) in words.iter().enumerate() {
            let used = Use {
                unsplit: false,
                is_command: !is_test && (index == 0 || index == at),
                reads_code,
                command: (index > 0).then_some(command),
            };
            self.word(word, used, place);
        }
        let start = simple
            .assignments
            .first()
            .map_or(simple.name.span.start.offset(), |first| {
                first.span.start.offset()
            });
        let end = words.last().map_or(start, |last| last.span.end.offset());
        let call = Call {
            name,
            name_span: words[at].span,
            arguments: &words[at + 1..],
            span: (start, end),
        };
        if is_test || first == "test" {
            self.test(statement, first == "[", &words[1..]);
            if is_test {
                return;
            }
        }
        self.name_slips(simple, &call);
        self.pattern_as_option(base, &simple.args);
        if name.is_empty() {
            return;
        }
        self.builtin_bashisms_of_simple(&call);
        self.known_command(statement, &call, base, place);
        self.call(name);
    }

    /// A word of one plain literal, as written.
    pub(super) fn plain(&self, word: &Word) -> Option<&'t str> {
        match self.literal(word)? {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    /// Whether a command reads its quoted arguments as code of its own.
    fn reads_code(&self, command: &str, words: &[&'t Word]) -> bool {
        let name = match command {
            "find" => {
                let mut rest = words
                    .iter()
                    .skip_while(|word| {
                        !matches!(
                            self.slice(word.span),
                            "-exec" | "-execdir" | "-ok" | "-okdir"
                        )
                    })
                    .skip(1);
                rest.next().map_or("find", |word| self.slice(word.span))
            }
            "git"
                if words
                    .get(1)
                    .is_some_and(|word| self.slice(word.span) == "filter-branch") =>
            {
                return true;
            }
            name => name,
        };
        matches!(
            name,
            "trap"
                | "sh"
                | "bash"
                | "ksh"
                | "zsh"
                | "ssh"
                | "eval"
                | "xprop"
                | "alias"
                | "sudo"
                | "doas"
                | "run0"
                | "docker"
                | "podman"
                | "oc"
                | "dpkg-query"
                | "jq"
                | "rename"
                | "rg"
                | "unset"
        ) || name.ends_with("awk")
            || name.starts_with("perl")
    }

    /// `=` beside spaces, options where a command should be.
    fn name_slips(&mut self, simple: &'t SimpleCommand, call: &Call<'_, 't>) {
        let first = self.slice(simple.name.span);
        let quoted = first.starts_with(['"', '\'']);
        if !quoted && first.starts_with('-') && simple.assignments.is_empty() {
            self.hint_at(2215, simple.name.span);
        }
        if let Some(argument) = simple.args.first() {
            let text = self.slice(argument.span);
            if text.starts_with("====") {
            } else if text.starts_with("+=") {
                let (start, end) = call.span;
                self.hint(2285, start, end, range(argument.span));
            } else if text.starts_with("==") {
                let (start, end) = call.span;
                self.hint(2284, start, end, range(argument.span));
            } else if text.starts_with('=') {
                self.hint_at(2283, argument.span);
            }
        }
        if let Some(literal) = self.literal(&simple.name) {
            let code = match literal.as_ref() {
                "." | ":" | " " | "//" | "[" | "{" | "}" => 0,
                "" => 2286,
                text if text.ends_with('/') => 2287,
                text if text.ends_with([
                    '\\', '.', ',', '(', '[', '{', '<', '>', '}', ']', ')', '#', '"', '\'', '%',
                    ' ',
                ]) =>
                {
                    2288
                }
                text if text.contains(['\t', '\n']) => 2289,
                _ => 0,
            };
            if code != 0 {
                self.hint_at(code, simple.name.span);
            }
        }
    }

    /// `rm *`: a file called `-rf` is an option then.
    fn pattern_as_option(&mut self, base: &str, arguments: &'t [Word]) {
        if matches!(base, "echo" | "printf") {
            return;
        }
        for word in arguments {
            let text = self.slice(word.span);
            if matches!(text, "--" | ":::" | "::::") {
                break;
            }
            let is_pattern = text.starts_with(['*', '?'])
                && !text[1..].starts_with('(')
                && matches!(
                    word.parts.first().map(|part| &part.kind),
                    Some(WordPart::Literal(_))
                );
            if is_pattern {
                let start = word.span.start.offset();
                self.hint(2035, start, start + 1, range(word.span));
            }
        }
    }

    /// The letters and names of the options among `arguments`, up to `--`.
    pub(super) fn options<'c>(
        &self,
        arguments: &'c [&'t Word],
    ) -> impl Iterator<Item = (&'t str, &'c &'t Word)> {
        let text = self.text;
        arguments
            .iter()
            .map(move |word| {
                let (start, end) = range(word.span);
                (text.get(start..end).unwrap_or_default(), word)
            })
            .take_while(|(written, _)| *written != "--")
            .filter(|(written, _)| written.len() > 1 && written.starts_with('-'))
    }

    pub(super) fn has_option(&self, arguments: &[&'t Word], letter: char, long: &str) -> bool {
        self.options(arguments)
            .any(|(written, _)| match written.strip_prefix("--") {
                Some(name) => !long.is_empty() && name.split('=').next() == Some(long),
                None => written[1..].contains(letter),
            })
    }

    /// `NAME= value`
    pub(super) fn empty_assignment(&mut self, assignment: &Assignment, value: &Word) {
        if !self.slice(value.span).is_empty() || assignment.append {
            return;
        }
        let (start, end) = range(assignment.span);
        let name = self.slice(assignment.target.name_span);
        let written = self.slice(assignment.span);
        let behind = self.text.get(end..).unwrap_or_default();
        let next = behind.trim_start_matches([' ', '\t']);
        let spaces = behind.len() - next.len();
        let is_end = next.is_empty() || next.starts_with(['\r', '\n', ';', '&', '|', ')']);
        if name != "IFS" && written.ends_with('=') && spaces > 0 && !is_end {
            let subject = (start, start + name.len());
            self.hint(1007, end, end + spaces, subject);
        }
    }
}
