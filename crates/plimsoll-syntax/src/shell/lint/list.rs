//! Slips between commands: redirections, pipes, loops.

use shuck_ast::{
    BinaryOp, Command, Redirect, RedirectKind, RedirectTarget, Span, Stmt, Word, WordPart,
};

use super::word::has_glob;
use super::{Lint, Place, range};

impl<'t> Lint<'t, '_> {
    pub(super) fn redirect_slips(&mut self, statement: &'t Stmt, place: Place) {
        let redirects: &[Redirect] = &statement.redirects;
        if let [first, second] = redirects
            && first.kind == RedirectKind::DupOutput
            && self.slice(first.span).starts_with("2>&1")
            && matches!(second.kind, RedirectKind::Output | RedirectKind::Append)
            && second.fd.is_none_or(|descriptor| descriptor == 1)
            && first.span.start.offset() < second.span.start.offset()
            && !place.captured
        {
            self.hint_at(2069, first.span);
        }
        for redirect in redirects {
            let RedirectTarget::Word(target) = &redirect.target else {
                continue;
            };
            let is_file = matches!(
                redirect.kind,
                RedirectKind::Output
                    | RedirectKind::Clobber
                    | RedirectKind::Append
                    | RedirectKind::Input
                    | RedirectKind::ReadWrite
                    | RedirectKind::OutputBoth
            );
            if is_file && COMMANDS.binary_search(&self.slice(target.span)).is_ok() {
                self.hint_at(2238, target.span);
            }
        }
    }

    pub(super) fn pipe_slips(&mut self, parts: &[&'t Stmt]) {
        let names: Vec<&str> = parts
            .iter()
            .map(|part| self.command_name(&part.command).unwrap_or_default())
            .collect();
        let has_flag = |at: usize, letter: char, long: &[&str]| {
            let Command::Simple(simple) = &parts[at].command else {
                return false;
            };
            simple.args.iter().any(|word| {
                let text = self.slice(word.span);
                let name = text.trim_start_matches('-');
                (text.starts_with('-') && text.contains(letter))
                    || long.iter().any(|long| name.starts_with(long))
            })
        };
        let mut found = Vec::new();
        let mut ls_told = false;
        for (at, pair) in names.windows(2).enumerate() {
            match (pair[0], pair[1]) {
                ("find", "xargs") => {
                    let long = &["null", "print0", "printf"];
                    if !has_flag(at, '0', long) && !has_flag(at + 1, '0', long) {
                        found.push((2038, at));
                    }
                }
                ("ps", "grep") if !has_flag(at, 'p', &[]) && !has_flag(at, 'q', &[]) => {
                    found.push((2009, at));
                }
                ("grep", "wc") => {
                    let lists = ['l', 'L', 'o', 'r', 'R', 'A', 'B']
                        .iter()
                        .any(|letter| has_flag(at, *letter, &[]));
                    let counts_other = ['m', 'w', 'c', 'L']
                        .iter()
                        .any(|letter| has_flag(at + 1, *letter, &[]));
                    if !lists && !counts_other && has_flag(at + 1, 'l', &[]) {
                        found.push((2126, at));
                    }
                }
                ("ls", "grep") => {
                    ls_told = true;
                    found.push((2010, at));
                }
                ("ls", "xargs") => {
                    ls_told = true;
                    found.push((2011, at));
                }
                _ => {}
            }
        }
        if !ls_told {
            for (at, name) in names.iter().enumerate().take(names.len().saturating_sub(1)) {
                if *name == "ls" && !has_flag(at, 'N', &[]) {
                    found.push((2012, at));
                }
            }
        }
        for (code, at) in found {
            let Command::Simple(simple) = &parts[at].command else {
                continue;
            };
            let (start, _) = range(simple.span);
            let end = simple
                .args
                .last()
                .map_or(simple.name.span.end.offset(), |last| last.span.end.offset());
            self.hint(code, start, end, range(simple.name.span));
        }
    }

    /// What a loop's words give away.
    pub(super) fn loop_slips(&mut self, words: &'t [Word]) {
        let [only] = words else { return };
        if let [part] = only.parts.as_slice() {
            match &part.kind {
                WordPart::CommandSubstitution { body, .. } => {
                    if let [one] = body.stmts.as_slice() {
                        self.loop_over_output(part.span, one);
                    }
                    return;
                }
                WordPart::DoubleQuoted { parts, .. } => {
                    let expands = parts
                        .iter()
                        .any(|part| !matches!(part.kind, WordPart::Literal(_)));
                    if self.splits(only) {
                        return;
                    }
                    if expands || has_glob(self.slice(part.span)) {
                        self.hint_at(2066, only.span);
                    } else {
                        self.hint_at(2043, only.span);
                    }
                    return;
                }
                WordPart::SingleQuoted { dollar: false, .. } => {
                    self.hint_at(2041, only.span);
                    return;
                }
                _ => {}
            }
        }
        let unquoted_literal = only
            .parts
            .iter()
            .all(|part| matches!(part.kind, WordPart::Literal(_)));
        if unquoted_literal
            && !only.has_active_brace_expansion()
            && self.slice(only.span).contains(',')
        {
            self.hint_at(2042, only.span);
        } else if !self.splits(only) {
            self.hint_at(2043, only.span);
        }
    }

    fn loop_over_output(&mut self, span: Span, statement: &'t Stmt) {
        match self.command_name(&statement.command) {
            Some("ls") => self.hint_at(2045, span),
            Some("find") => self.hint_at(2044, span),
            _ => {}
        }
        let mut rest = &statement.command;
        let by_line = |lint: &Self, command: &'t Command| {
            let name = lint.command_name(command).unwrap_or_default();
            matches!(
                name.rsplit('/').next(),
                Some("grep" | "fgrep" | "egrep" | "sed" | "cat" | "awk" | "cut" | "sort")
            )
        };
        while let Command::Binary(binary) = rest {
            if !matches!(binary.op, BinaryOp::Pipe | BinaryOp::PipeAll)
                || !by_line(self, &binary.right.command)
            {
                return;
            }
            rest = &binary.left.command;
        }
        if by_line(self, rest) {
            self.hint_at(2013, span);
        }
    }

    /// Three commands in a row that each open the same file to append.
    pub(super) fn repeated_appends(
        &mut self,
        statement: &'t Stmt,
        run: &mut Option<(&'t str, usize, usize, usize)>,
    ) {
        let last = match &statement.command {
            Command::Binary(binary) if matches!(binary.op, BinaryOp::Pipe) => &*binary.right,
            Command::Binary(_) => {
                *run = None;
                return;
            }
            _ => statement,
        };
        let target =
            last.redirects
                .iter()
                .find_map(|redirect| match (&redirect.target, redirect.kind) {
                    (RedirectTarget::Word(word), RedirectKind::Append) => {
                        Some(self.slice(word.span))
                    }
                    _ => None,
                });
        *run = match (target, *run) {
            (Some(file), Some((same, start, end, count))) if file == same => {
                if count == 2 {
                    self.hint(2129, start, end, (start, end));
                }
                Some((same, start, end, count + 1))
            }
            (Some(file), _) => {
                let (start, end) = range(last.span);
                Some((file, start, end, 1))
            }
            (None, _) => None,
        };
    }
}

/// Commands whose names are rarely meant as files; sorted.
const COMMANDS: &[&str] = &[
    "admin",
    "alias",
    "ar",
    "asa",
    "at",
    "awk",
    "basename",
    "batch",
    "bc",
    "bg",
    "break",
    "c99",
    "cal",
    "cat",
    "cd",
    "cflow",
    "chgrp",
    "chmod",
    "chown",
    "cksum",
    "cmp",
    "colon",
    "comm",
    "command",
    "compress",
    "continue",
    "cp",
    "crontab",
    "csplit",
    "ctags",
    "cut",
    "cxref",
    "date",
    "dd",
    "delta",
    "df",
    "diff",
    "dirname",
    "dot",
    "du",
    "echo",
    "ed",
    "env",
    "eval",
    "ex",
    "exec",
    "exit",
    "expand",
    "export",
    "expr",
    "fc",
    "fg",
    "find",
    "fold",
    "fuser",
    "gencat",
    "get",
    "getconf",
    "getopts",
    "gettext",
    "grep",
    "hash",
    "head",
    "iconv",
    "ipcrm",
    "ipcs",
    "jobs",
    "join",
    "kill",
    "lex",
    "link",
    "ln",
    "locale",
    "localedef",
    "logger",
    "logname",
    "lp",
    "ls",
    "m4",
    "mailx",
    "make",
    "man",
    "mesg",
    "mkdir",
    "mkfifo",
    "more",
    "msgfmt",
    "mv",
    "newgrp",
    "nice",
    "nl",
    "nm",
    "nohup",
    "od",
    "paste",
    "patch",
    "pathchk",
    "pax",
    "pr",
    "printf",
    "prs",
    "ps",
    "pwd",
    "read",
    "readlink",
    "readonly",
    "realpath",
    "renice",
    "return",
    "rm",
    "rmdel",
    "rmdir",
    "sact",
    "sccs",
    "sed",
    "set",
    "sh",
    "shift",
    "sleep",
    "sort",
    "split",
    "strings",
    "strip",
    "stty",
    "tabs",
    "tail",
    "talk",
    "tee",
    "test",
    "time",
    "timeout",
    "times",
    "touch",
    "tput",
    "tr",
    "trap",
    "tsort",
    "tty",
    "type",
    "ulimit",
    "umask",
    "unalias",
    "uname",
    "uncompress",
    "unexpand",
    "unget",
    "uniq",
    "unlink",
    "unset",
    "uucp",
    "uudecode",
    "uuencode",
    "uustat",
    "uux",
    "val",
    "vi",
    "wait",
    "wc",
    "what",
    "who",
    "write",
    "xargs",
    "xgettext",
    "yacc",
    "zcat",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(COMMANDS.is_sorted());
    }
}
