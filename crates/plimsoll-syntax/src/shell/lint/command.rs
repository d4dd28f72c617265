//! Slips in how single commands are called.

use std::borrow::Cow;

use shuck_ast::{
    Assignment, BinaryOp, Command, RedirectKind, RedirectTarget, SimpleCommand, Span, Stmt, Word,
    WordPart,
};

use super::vars::Value;
use super::word::{Expansion, Use, has_glob};
use super::{Flavour, Lint, Place, Read, is_name, range};

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
    fn options<'c>(
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

    fn known_command(
        &mut self,
        statement: &'t Stmt,
        call: &Call<'_, 't>,
        base: &'t str,
        place: Place,
    ) {
        let arguments = call.arguments;
        match base {
            "cd" | "pushd" | "popd" if call.name == base => self.change_of_folder(call, place),
            "rm" => self.removal(arguments),
            "echo" => self.echo(call, arguments),
            "printf" if call.name == base => self.printf(arguments),
            "read" if call.name == base => self.read_command(call),
            "egrep" => self.hint_at(2196, call.name_span),
            "fgrep" => self.hint_at(2197, call.name_span),
            "tr" => self.tr(arguments),
            "mkdir" => self.mkdir(arguments),
            "expr" => {
                if let Some(first) = arguments.first() {
                    let needs = match self.slice(first.span) {
                        "match" | "index" => 3,
                        "substr" => 4,
                        "length" => 2,
                        _ => 0,
                    };
                    if needs != 0 && arguments.len() == needs {
                        self.hint_at(2308, first.span);
                    }
                }
            }
            "mv" => self.destination(call, 2224),
            "cp" => self.destination(call, 2225),
            "ln" => self.destination(call, 2226),
            "find" => {
                let first = statement
                    .redirects
                    .iter()
                    .map(|redirect| redirect.span)
                    .min_by_key(|span| span.start.offset());
                if let (Some(redirect), Some(last), true) =
                    (first, arguments.last(), arguments.len() > 1)
                    && redirect.start.offset() < last.span.start.offset()
                {
                    self.hint_at(2227, redirect);
                }
            }
            "getopts" => {
                if let Some(name) = arguments.get(1) {
                    self.write_word(name, Value::Any);
                }
            }
            "mapfile" | "readarray" => {
                if let Some(name) = arguments.last() {
                    self.write_word(name, Value::Any);
                }
            }
            "exec" | "exit" if base == "exec" && !arguments.is_empty() => self.vars.ended = true,
            "eval" | "trap" | "let" => {
                for word in arguments {
                    self.names_in(word.span);
                }
            }
            _ => {}
        }
    }

    /// Counts every name in a text as read: code of its own may read it.
    fn names_in(&mut self, span: Span) {
        let text = self.slice(span);
        let (start, _) = range(span);
        let mut at = 0;
        for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if is_name(name) {
                self.read.push(Read {
                    name,
                    start: start + at,
                    end: start + at + name.len(),
                    guarded: true,
                });
            }
            at += name.len() + 1;
            if !text.is_char_boundary(at) {
                break;
            }
        }
    }

    fn write_word(&mut self, word: &Word, value: Value) {
        let name = self.slice(word.span);
        if is_name(name) {
            let (start, end) = range(word.span);
            self.assign(name, value, start, end);
        }
    }

    fn change_of_folder(&mut self, call: &Call<'_, 't>, place: Place) {
        if self.errexit || place.condition {
            return;
        }
        if let [folder] = call.arguments {
            let path = self.slice(folder.span).trim_matches('"');
            let is_safe = path.split('/').all(|part| matches!(part, "" | "." | ".."));
            if is_safe && !path.is_empty() {
                return;
            }
        }
        if call.name != "cd" && self.has_option(call.arguments, 'n', "") {
            return;
        }
        let (start, end) = call.span;
        self.hint(2164, start, end, range(call.name_span));
    }

    fn removal(&mut self, arguments: &[&'t Word]) {
        let recursive = self.has_option(arguments, 'r', "recursive")
            || self.has_option(arguments, 'R', "recursive");
        if !recursive {
            return;
        }
        for word in arguments {
            if word.has_active_brace_expansion() {
                continue;
            }
            match self.literal(word) {
                Some(path) => {
                    if is_important(&normal(&path)) {
                        self.hint_at(2114, word.span);
                    }
                }
                None => {
                    if let Some(path) = self.least_path(&word.parts)
                        && is_important(&normal(&path))
                    {
                        self.hint_at(2115, word.span);
                    }
                }
            }
        }
    }

    /// The path that is left where every expansion gives nothing; `None` where one cannot.
    fn least_path(&self, parts: &[shuck_ast::WordPartNode]) -> Option<String> {
        let mut path = String::new();
        for part in parts {
            let written = self.slice(part.span);
            match &part.kind {
                WordPart::Literal(_) => path.push_str(written),
                WordPart::SingleQuoted { .. } => {
                    path.push_str(written.get(1..written.len().saturating_sub(1))?);
                }
                WordPart::DoubleQuoted { parts, .. } => path.push_str(&self.least_path(parts)?),
                _ => {
                    if let Some(expansion) = Expansion::read(written)
                        && (expansion.modifier.starts_with(":?")
                            || expansion.modifier.starts_with(":-")
                            || expansion.modifier.starts_with(":="))
                    {
                        return None;
                    }
                }
            }
        }
        Some(path)
    }

    fn echo(&mut self, call: &Call<'_, 't>, arguments: &[&'t Word]) {
        if let [only] = arguments
            && call.name == "echo"
            && let [part] = only.parts.as_slice()
        {
            let inner = match &part.kind {
                WordPart::DoubleQuoted { parts, .. } if parts.len() == 1 => &parts[0].kind,
                kind => kind,
            };
            if let WordPart::CommandSubstitution { body, .. } = inner
                && let [one] = body.stmts.as_slice()
                && !matches!(&one.command, Command::Simple(simple) if self.slice(simple.name.span).is_empty())
            {
                self.hint_at(2005, only.span);
            }
        }
        let expands_itself = matches!(self.around.flavour, Flavour::Dash | Flavour::BusyBox);
        let leading_e = arguments
            .iter()
            .take_while(|word| self.slice(word.span).starts_with('-'))
            .any(|word| self.slice(word.span).contains('e'));
        if expands_itself || leading_e {
            return;
        }
        for word in arguments {
            if !self.slice(word.span).contains('\\') {
                continue;
            }
            if has_escape(&self.only_literal(word)) {
                self.hint_at(2028, word.span);
            }
        }
    }

    fn printf(&mut self, arguments: &[&'t Word]) {
        let mut rest = arguments;
        loop {
            match rest {
                [first, behind @ ..] if self.slice(first.span) == "--" => rest = behind,
                [first, name, behind @ ..] if self.slice(first.span) == "-v" => {
                    self.write_word(name, Value::Any);
                    rest = behind;
                }
                [first, behind @ ..] if self.slice(first.span).starts_with("-v") => rest = behind,
                _ => break,
            }
        }
        let Some(format) = rest.first() else { return };
        let has_directive = self.slice(format.span).contains('%');
        if !has_directive && self.literal(format).is_none() {
            self.hint_at(2059, format.span);
        }
        if self.only_literal(format).contains("%q") {
            self.bashism(3050, format.span);
        }
    }

    fn read_command(&mut self, call: &Call<'_, 't>) {
        let mut has_r = false;
        let mut names = call.arguments.iter();
        while let Some(word) = names.next() {
            let text = self.slice(word.span);
            let Some(letters) = text.strip_prefix('-') else {
                self.write_word(word, Value::Any);
                continue;
            };
            has_r |= letters.contains('r');
            if letters.ends_with(['u', 'n', 'N', 'i', 'p', 'a', 't', 'd']) {
                names.next();
            }
        }
        if !has_r {
            self.hint_at(2162, call.name_span);
        }
        if call
            .arguments
            .iter()
            .all(|word| self.slice(word.span).starts_with('-'))
        {
            self.bashism(3061, call.name_span);
        }
    }

    fn tr(&mut self, arguments: &[&'t Word]) {
        for word in arguments {
            let unquoted_pattern = word.parts.iter().any(|part| {
                matches!(part.kind, WordPart::Literal(_)) && has_glob(self.slice(part.span))
            });
            if unquoted_pattern {
                self.hint_at(2060, word.span);
                continue;
            }
            let Some(set) = self.literal(word) else {
                continue;
            };
            match set.as_ref() {
                "a-z" => self.hint_at(2018, word.span),
                "A-Z" => self.hint_at(2019, word.span),
                set => {
                    let letters = || set.bytes().filter(u8::is_ascii_alphabetic);
                    let mut seen = [false; 128];
                    let doubled = letters().any(|letter| {
                        std::mem::replace(&mut seen[usize::from(letter & 127)], true)
                    });
                    if doubled && !set.starts_with('-') && !set.contains("[:") {
                        self.hint_at(2020, word.span);
                    }
                    let is_class = set.starts_with("[:") || set.starts_with("[=");
                    if !is_class
                        && set.starts_with('[')
                        && set.ends_with(']')
                        && set.len() > 2
                        && !set.contains('*')
                    {
                        self.hint_at(2021, word.span);
                    }
                }
            }
        }
    }

    fn mkdir(&mut self, arguments: &[&'t Word]) {
        let mode = self
            .options(arguments)
            .find(|(written, _)| match written.strip_prefix("--") {
                Some(long) => long.starts_with("mode"),
                None => written.contains('m'),
            })
            .map(|(_, word)| word.span);
        let Some(mode) = mode else { return };
        let may_nest = |word: &&Word| match self.literal(word) {
            Some(path) => {
                let below = path.trim_start_matches("../").trim_start_matches("./");
                path.contains('/') && below.trim_end_matches('/').contains('/')
                    || path.starts_with('/')
            }
            None => true,
        };
        if self.has_option(arguments, 'p', "parents") && arguments.iter().skip(1).any(may_nest) {
            self.hint_at(2174, mode);
        }
    }

    fn destination(&mut self, call: &Call<'_, 't>, code: u16) {
        let mut operands = call
            .arguments
            .iter()
            .filter(|word| !self.slice(word.span).starts_with('-'));
        let (Some(only), None) = (operands.next(), operands.next()) else {
            return;
        };
        let has_target =
            self.options(call.arguments)
                .any(|(written, _)| match written.strip_prefix("--") {
                    Some(long) => long.starts_with("t"),
                    None => written.contains('t'),
                });
        if !has_target && !self.splits(only) {
            let (start, end) = call.span;
            self.hint(code, start, end, range(call.name_span));
        }
    }

    /// `[ … ]` and `test …`.
    fn test(&mut self, statement: &'t Stmt, bracket: bool, words: &[&'t Word]) {
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

/// Whether a text that `echo` is given holds an escape that some `echo` expands.
fn has_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(2).enumerate().any(|(at, pair)| {
        pair[0] == b'\\'
            && match pair[1] {
                b'r' | b'n' | b't' | b'a' | b'b' | b'e' | b'f' | b'v' | b'\\' | b'\'' => true,
                b'0'..=b'7' => true,
                b'x' => bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit),
                _ => false,
            }
    })
}

/// A path with `//` and `**` as one, without a slash at its end.
fn normal(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        if !(matches!(character, '/' | '*') && out.ends_with(character)) {
            out.push(character);
        }
    }
    while out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    out
}

/// Folders that no system does without.
fn is_important(path: &str) -> bool {
    let folder = path
        .strip_suffix("/*/*")
        .or_else(|| path.strip_suffix("/*"))
        .or_else(|| path.strip_suffix('/'))
        .unwrap_or(path);
    matches!(
        folder,
        "/bin"
            | "/etc"
            | "/home"
            | "/mnt"
            | "/usr"
            | "/usr/share"
            | "/usr/local"
            | "/var"
            | "/lib"
            | "/dev"
            | "/media"
            | "/boot"
            | "/lib64"
            | "/usr/bin"
    ) || (folder.is_empty() && !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_matter_are_known() {
        for path in ["/", "/*", "/*/*", "/usr", "/usr/", "/var/*", "//etc//"] {
            assert!(is_important(&normal(path)), "{path}");
        }
        for path in ["", "/tmp/*", "/var/lib/apt/lists/*", "usr", "/opt"] {
            assert!(!is_important(&normal(path)), "{path}");
        }
    }
}
