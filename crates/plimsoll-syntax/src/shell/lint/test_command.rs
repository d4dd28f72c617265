//! Slips in `[ … ]` and `test …`.

use shuck_ast::{BinaryOp, Command, RedirectKind, RedirectTarget, Stmt, Word, WordPart};

use super::{Flavour, Lint, range};

impl<'t> Lint<'t, '_> {
    /// `[ … ]` and `test …`.
    pub(super) fn test(&mut self, statement: &'t Stmt, bracket: bool, words: &[&'t Word]) {
        let operands = match words.split_last() {
            Some((last, rest)) if bracket && self.slice(last.span) == "]" => rest,
            _ => words,
        };
        for (at, word) in operands.iter().enumerate() {
            let text = self.slice(word.span);
            let is_binary = at > 0 && at + 1 < operands.len();
            match text {
                "==" if is_binary => self.bashism(3014, word.span),
                "=~" if is_binary => self.bashism(3015, word.span),
                "\\<" | "\\>" | "<=" | ">=" if is_binary => self.bashism(3012, word.span),
                "-v" | "-R" | "-N" | "-k" | "-G" | "-O" if at + 2 == operands.len() => {
                    self.unary_test(text, word.span);
                }
                "-a" | "-o" if at == 0 && operands.len() == 2 => self.unary_test(text, word.span),
                _ => {}
            }
        }
        if bracket {
            for redirect in &statement.redirects {
                let is_compare =
                    matches!(redirect.kind, RedirectKind::Output | RedirectKind::Input)
                        && redirect.fd.is_none()
                        && words.last().is_some_and(|last| {
                            redirect.span.start.offset() < last.span.start.offset()
                        });
                if !is_compare {
                    continue;
                }
                let (start, _) = range(redirect.span);
                let is_number =
                    |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let RedirectTarget::Word(target) = &redirect.target else {
                    continue;
                };
                let numeric = is_number(self.slice(target.span))
                    || operands.iter().any(|word| is_number(self.slice(word.span)));
                let operator = (start, start + 1);
                if numeric {
                    self.hint(2071, start, start + 1, operator);
                } else if self.around.flavour != Flavour::Posix {
                    self.hint(2073, start, start + 1, operator);
                }
                if self.around.flavour == Flavour::Posix {
                    self.hint(3012, start, start + 1, operator);
                }
            }
        }
        if let [flag, subject] = operands
            && matches!(self.slice(flag.span), "-z" | "-n")
            && self.ends_in_grep(subject)
        {
            let start = flag.span.start.offset();
            let end = subject.span.end.offset();
            self.hint(2143, start, end, range(flag.span));
        } else if let [subject] = operands
            && self.ends_in_grep(subject)
        {
            self.hint_at(2143, subject.span);
        }
    }

    fn ends_in_grep(&self, word: &'t Word) -> bool {
        let [part] = word.parts.as_slice() else {
            return false;
        };
        let inner = match &part.kind {
            WordPart::DoubleQuoted { parts, .. } if parts.len() == 1 => &parts[0].kind,
            kind => kind,
        };
        let WordPart::CommandSubstitution { body, .. } = inner else {
            return false;
        };
        let [one] = body.stmts.as_slice() else {
            return false;
        };
        let last = match &one.command {
            Command::Binary(binary) if matches!(binary.op, BinaryOp::Pipe) => &binary.right.command,
            command => command,
        };
        let name = self.command_name(last).unwrap_or_default();
        matches!(
            name.rsplit('/').next(),
            Some("grep" | "egrep" | "fgrep" | "zgrep")
        )
    }
}
