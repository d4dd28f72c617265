//! Slips in the arguments of commands that everybody knows.

use shuck_ast::{Command, Span, Stmt, Word, WordPart};

use super::command::Call;
use super::vars::Value;
use super::word::{Expansion, has_glob};
use super::{Flavour, Lint, Place, Read, is_name, range};

impl<'t> Lint<'t, '_> {
    /// What is known of single commands by their names.
    pub(super) fn known_command(
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
