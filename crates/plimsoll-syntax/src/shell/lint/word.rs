//! Slips in words: expansions, quotes, patterns.

use std::borrow::Cow;

use shuck_ast::{
    BourneParameterExpansion, BraceExpansionKind, BraceQuoteContext, BraceSyntaxKind, Command,
    CommandSubstitutionSyntax, ParameterExpansionSyntax, Pattern, PatternPart, Span, StmtSeq, Word,
    WordPart, WordPartNode,
};

use super::vars::Value;
use super::{DEPTH_LIMIT, Lint, Place, Read, is_name, range};

/// How a word is used.
#[derive(Clone, Copy)]
pub(super) struct Use<'t> {
    /// Nothing is split here: an assignment, `case`, `[[`.
    pub(super) unsplit: bool,
    /// It names the command.
    pub(super) is_command: bool,
    /// Its command reads quoted text as a program of its own.
    pub(super) reads_code: bool,
    /// Its command's name.
    pub(super) command: Option<&'t str>,
}

impl Use<'_> {
    pub(super) const SPLIT: Self = Use {
        unsplit: false,
        is_command: false,
        reads_code: false,
        command: None,
    };
    pub(super) const UNSPLIT: Self = Use {
        unsplit: true,
        ..Self::SPLIT
    };
}

/// An expansion of a parameter, by its text.
pub(super) struct Expansion<'t> {
    pub(super) name: &'t str,
    /// What stands behind the name.
    pub(super) modifier: &'t str,
    pub(super) counts: bool,
    pub(super) indirect: bool,
}

impl<'t> Expansion<'t> {
    /// Reads `$x`, `${x…}`, `${#x}`, `${!x}`.
    pub(super) fn read(written: &'t str) -> Option<Self> {
        let body = written.strip_prefix('$')?;
        let Some(body) = body.strip_prefix('{') else {
            return Some(Self {
                name: body,
                modifier: "",
                counts: false,
                indirect: false,
            });
        };
        let body = body.strip_suffix('}').unwrap_or(body);
        let counts = body.len() > 1 && body.starts_with('#');
        let indirect = body.len() > 1 && body.starts_with('!');
        let body = if counts || indirect { &body[1..] } else { body };
        let length = body
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        // `${@}`, `${?}` and their kin are one character.
        let length = if length == 0 {
            body.chars().next().map_or(0, char::len_utf8)
        } else {
            length
        };
        let (name, modifier) = body.split_at(length);
        Some(Self {
            name,
            modifier,
            counts,
            indirect,
        })
    }

    fn is_array(&self) -> bool {
        (self.name == "@" && !self.counts && !self.indirect)
            || (!self.counts && self.modifier.starts_with("[@]"))
    }

    /// `${x:+…}`: what it gives is written there.
    fn is_alternative(&self) -> bool {
        let rest = match self.modifier.strip_prefix('[') {
            Some(index) => index.split_once(']').map_or("", |(_, rest)| rest),
            None => self.modifier,
        };
        rest.starts_with('+') || rest.starts_with(":+")
    }

    fn is_guarded(&self) -> bool {
        let rest = match self.modifier.strip_prefix('[') {
            Some(index) => index.rsplit_once(']').map_or("", |(_, rest)| rest),
            None => self.modifier,
        };
        rest.strip_prefix(':')
            .unwrap_or(rest)
            .starts_with(['-', '?'])
    }
}

impl<'t> Lint<'t, '_> {
    /// Judges a word and what is expanded in it.
    pub(super) fn word(&mut self, word: &'t Word, used: Use<'t>, place: Place) {
        for brace in &word.brace_syntax {
            let is_expansion = matches!(
                brace.kind,
                BraceSyntaxKind::Expansion(
                    BraceExpansionKind::CommaList | BraceExpansionKind::Sequence
                )
            );
            if is_expansion && brace.quote_context == BraceQuoteContext::Unquoted {
                self.bashism(3009, brace.span);
            }
        }
        let alone = word.parts.len() == 1;
        let used = Use {
            is_command: used.is_command && alone,
            ..used
        };
        self.parts(&word.parts, used, false, place);
    }

    fn parts(&mut self, parts: &'t [WordPartNode], used: Use<'t>, quoted: bool, place: Place) {
        if self.depth >= DEPTH_LIMIT {
            return;
        }
        self.depth += 1;
        for (at, part) in parts.iter().enumerate() {
            match &part.kind {
                WordPart::Literal(_) => {
                    if !quoted {
                        // `\\cp` calls the command and not its alias.
                        let aliased = used.is_command && at == 0;
                        self.needless_backslashes(part.span, aliased);
                        self.doubled_class(part.span, used);
                    }
                }
                WordPart::SingleQuoted { dollar: false, .. } => {
                    self.quoted_expansion(part.span, used);
                }
                WordPart::DoubleQuoted {
                    parts: inner,
                    dollar,
                } => {
                    if *dollar {
                        self.bashism(3004, part.span);
                    }
                    let used = Use {
                        unsplit: true,
                        is_command: used.is_command && inner.len() == 1,
                        ..used
                    };
                    self.parts(inner, used, true, place);
                }
                WordPart::CommandSubstitution { body, syntax } => {
                    self.substitution(part.span, body, *syntax, used, place);
                }
                WordPart::ProcessSubstitution { body, .. } => {
                    self.bashism(3001, part.span);
                    self.captured(body, place);
                }
                WordPart::ArithmeticExpansion {
                    expression_word_ast,
                    ..
                } => {
                    self.arithmetic(part.span);
                    // A quote in there is no quote, and names need no `$`.
                    self.parts(&expression_word_ast.parts, Use::UNSPLIT, true, place);
                }
                WordPart::SingleQuoted { .. } | WordPart::ZshQualifiedGlob(_) => {}
                _ => {
                    let next = parts.get(at + 1);
                    self.expansion(part, next, used, quoted, place);
                }
            }
        }
        self.depth -= 1;
    }

    fn substitution(
        &mut self,
        span: Span,
        body: &'t StmtSeq,
        syntax: CommandSubstitutionSyntax,
        used: Use<'t>,
        place: Place,
    ) {
        if !body.stmts.is_empty() {
            if syntax == CommandSubstitutionSyntax::Backtick {
                self.hint_at(2006, span);
            }
            let made_to_split = match body.stmts.as_slice() {
                [one] => matches!(self.command_name(&one.command), Some("seq" | "pgrep")),
                _ => false,
            };
            if !used.unsplit && !used.is_command && !made_to_split {
                self.hint_at(2046, span);
            }
            if let [one] = body.stmts.as_slice()
                && only_redirects(one, self.text)
            {
                let code = match syntax {
                    CommandSubstitutionSyntax::DollarParen => 3034,
                    CommandSubstitutionSyntax::Backtick => 3035,
                };
                self.bashism(code, span);
            }
        }
        self.captured(body, place);
    }

    /// Commands whose output something takes: a shell of their own.
    pub(super) fn captured(&mut self, body: &'t StmtSeq, place: Place) {
        let before = self.vars.clone();
        let place = Place {
            captured: true,
            ..place
        };
        self.sequence(body, place, None);
        self.vars = before;
    }

    fn expansion(
        &mut self,
        part: &'t WordPartNode,
        next: Option<&WordPartNode>,
        used: Use<'t>,
        quoted: bool,
        place: Place,
    ) {
        let written = self.slice(part.span);
        let Some(expansion) = Expansion::read(written) else {
            return;
        };
        let (start, end) = range(part.span);
        self.bash_expansion(&expansion, part.span);
        if is_name(expansion.name) {
            self.read.push(Read {
                name: expansion.name,
                start,
                end,
                guarded: expansion.is_guarded() || expansion.is_alternative(),
            });
        }
        // `$x=y` is somebody's slip of another kind.
        let assigns = used.command.is_none()
            && next.is_some_and(|next| self.slice(next.span).starts_with('='));
        let special = matches!(expansion.name, "-" | "$" | "?" | "!" | "#");
        let splits = !used.unsplit
            && !quoted
            && !used.is_command
            && !assigns
            && !special
            && !expansion.counts
            && !expansion.is_array()
            && !expansion.is_alternative();
        if splits && (expansion.indirect || self.value(expansion.name) != Value::Plain) {
            let subject = self.place_of(expansion.name);
            let is_default = used.command == Some(":")
                && (expansion.modifier.starts_with('=') || expansion.modifier.starts_with(":="));
            self.hint(if is_default { 2223 } else { 2086 }, start, end, subject);
        }
        if expansion.modifier.starts_with('=') || expansion.modifier.starts_with(":=") {
            let value = match self.value(expansion.name) {
                Value::Plain => Value::Plain,
                _ => Value::Any,
            };
            self.assign(expansion.name, value, start, end);
        }
        // Words inside.
        let inside = Use {
            unsplit: true,
            is_command: false,
            ..used
        };
        match &part.kind {
            WordPart::ParameterExpansion {
                operand_word_ast: Some(operand),
                ..
            }
            | WordPart::IndirectExpansion {
                operand_word_ast: Some(operand),
                ..
            } => self.parts(&operand.parts, inside, true, place),
            WordPart::Parameter(parameter) => {
                if let ParameterExpansionSyntax::Bourne(
                    BourneParameterExpansion::Operation {
                        operand_word_ast: Some(operand),
                        ..
                    }
                    | BourneParameterExpansion::Indirect {
                        operand_word_ast: Some(operand),
                        ..
                    },
                ) = &parameter.syntax
                {
                    self.parts(&operand.parts, inside, true, place);
                }
            }
            _ => {}
        }
    }

    /// `\=`: a backslash that takes nothing's meaning away.
    fn needless_backslashes(&mut self, span: Span, aliased: bool) {
        let written = self.slice(span);
        if !written.contains('\\') {
            return;
        }
        let start = span.start.offset();
        let mut rest = written.char_indices();
        while let Some((at, character)) = rest.next() {
            if character != '\\' {
                continue;
            }
            let Some((_, next)) = rest.next() else { break };
            if aliased && at == 0 {
                continue;
            }
            let code = match next {
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '\\' | '"' | '\'' | ' '
                | '\t' | '\n' | '\r' | '\u{a0}' | '?' | '*' | '@' | '!' | '+' | '[' | ']' | '{'
                | '}' | '.' | ',' | '~' | '#' => continue,
                'n' | 't' | 'r' => 1012,
                _ => 1001,
            };
            let end = start + at + 1 + next.len_utf8();
            self.hint(code, start + at, end, (end - next.len_utf8(), end));
        }
    }

    /// `name[extra]`: brackets that match one character, not the word in them.
    fn doubled_class(&mut self, span: Span, used: Use<'t>) {
        let written = self.slice(span);
        if !written.contains('[') || matches!(used.command, Some("tr" | "read")) {
            return;
        }
        let mut from = 0;
        while let Some(open) = written[from..].find('[').map(|at| from + at) {
            let Some(close) = written[open..].find(']').map(|at| open + at) else {
                return;
            };
            from = close + 1;
            let escaped = open > 0 && written.as_bytes()[open - 1] == b'\\';
            let inside = written[open + 1..close].trim_start_matches(['!', '^']);
            let mut seen = [false; 128];
            let doubled = inside.bytes().any(|byte| {
                byte.is_ascii()
                    && byte != b'-'
                    && std::mem::replace(&mut seen[usize::from(byte)], true)
            });
            if doubled && !escaped && !inside.contains(['[', '\\']) && !inside.starts_with(':') {
                let start = span.start.offset() + open;
                let end = span.start.offset() + close + 1;
                self.hint(2102, start, end, (start + 1, end - 1));
            }
        }
    }

    /// `'$x'`: an expansion that single quotes keep.
    fn quoted_expansion(&mut self, span: Span, used: Use<'t>) {
        if used.reads_code {
            return;
        }
        let written = self.slice(span);
        let bytes = written.as_bytes();
        let opens = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'{' | b'(' | b'_');
        let expands = bytes
            .windows(2)
            .any(|pair| pair[0] == b'$' && opens(&pair[1]));
        let expands = expands
            || written
                .split('`')
                .nth(1)
                .is_some_and(|inside| !inside.is_empty())
                && written.matches('`').count() > 1;
        if !expands {
            return;
        }
        if used.command == Some("sed") {
            // The `$` of a line address or of a pattern's end.
            let inside = bytes
                .get(1..bytes.len().saturating_sub(1))
                .unwrap_or_default();
            let is_address = inside.iter().enumerate().any(|(at, byte)| {
                *byte == b'$'
                    && matches!(
                        inside.get(at + 1),
                        Some(b'{' | b'd' | b'p' | b's' | b'a' | b'i' | b'c')
                    )
                    && inside
                        .get(at + 2)
                        .is_none_or(|byte| !byte.is_ascii_alphabetic())
            });
            if is_address {
                return;
            }
        }
        self.hint_at(2016, span);
    }

    pub(super) fn pattern(&mut self, pattern: &'t Pattern, place: Place) {
        for part in &pattern.parts {
            match &part.kind {
                PatternPart::Word(word) => self.word(word, Use::UNSPLIT, place),
                PatternPart::Group { patterns, .. } => {
                    for pattern in patterns {
                        self.pattern(pattern, place);
                    }
                }
                PatternPart::Literal(_) => self.needless_backslashes(part.span, false),
                _ => {}
            }
        }
    }

    /// The value a word has, as far as that is known.
    pub(super) fn value_of(&self, word: &Word) -> Value {
        if word.has_active_brace_expansion() {
            return Value::Any;
        }
        self.value_of_parts(&word.parts)
    }

    fn value_of_parts(&self, parts: &[WordPartNode]) -> Value {
        parts.iter().fold(Value::Empty, |value, part| {
            value.then(match &part.kind {
                WordPart::Literal(_) => {
                    let written = self.slice(part.span);
                    match written {
                        "" => Value::Empty,
                        // A backslash before a line end is nothing.
                        _ => Value::of_literal(written),
                    }
                }
                WordPart::SingleQuoted { dollar, .. } => {
                    let written = self.slice(part.span);
                    let open = if *dollar { 2 } else { 1 };
                    let inside = written.get(open..written.len().saturating_sub(1));
                    Value::of_literal(inside.unwrap_or_default())
                }
                WordPart::DoubleQuoted { parts, .. } => self.value_of_parts(parts),
                WordPart::ArithmeticExpansion { .. } => Value::Plain,
                WordPart::CommandSubstitution { .. } | WordPart::ProcessSubstitution { .. } => {
                    Value::Any
                }
                _ => match Expansion::read(self.slice(part.span)) {
                    Some(it) if it.modifier.is_empty() && !it.counts && !it.indirect => {
                        match it.name {
                            "$" | "?" | "!" | "#" | "-" => Value::Plain,
                            name => self.value(name),
                        }
                    }
                    _ => Value::Any,
                },
            })
        })
    }

    /// The text of a word that holds no expansion and no pattern.
    pub(super) fn literal(&self, word: &Word) -> Option<Cow<'t, str>> {
        if let [part] = word.parts.as_slice() {
            let written = self.slice(part.span);
            match &part.kind {
                WordPart::Literal(_) if is_plain(written) && word.brace_syntax.is_empty() => {
                    return Some(Cow::Borrowed(written));
                }
                WordPart::SingleQuoted { dollar: false, .. } => {
                    return Some(Cow::Borrowed(
                        written.get(1..written.len().saturating_sub(1))?,
                    ));
                }
                _ => {}
            }
        }
        if word.has_active_brace_expansion() {
            return None;
        }
        let mut text = String::new();
        self.push_literal(&word.parts, false, &mut text)?;
        Some(Cow::Owned(text))
    }

    fn push_literal(&self, parts: &[WordPartNode], quoted: bool, text: &mut String) -> Option<()> {
        for part in parts {
            let written = self.slice(part.span);
            match &part.kind {
                WordPart::Literal(_) => {
                    let mut rest = written.chars();
                    while let Some(character) = rest.next() {
                        match character {
                            '\\' => match rest.next() {
                                Some('\n') | None => {}
                                Some(next) => {
                                    if quoted && !matches!(next, '$' | '`' | '"' | '\\') {
                                        text.push('\\');
                                    }
                                    text.push(next);
                                }
                            },
                            '*' | '?' if !quoted => return None,
                            '[' if !quoted && written.contains(']') => return None,
                            _ => text.push(character),
                        }
                    }
                }
                WordPart::SingleQuoted { dollar: false, .. } => {
                    text.push_str(written.get(1..written.len().saturating_sub(1))?);
                }
                WordPart::DoubleQuoted { parts, .. } => self.push_literal(parts, true, text)?,
                _ => return None,
            }
        }
        Some(())
    }

    /// The literal parts of a word, expansions left out.
    pub(super) fn only_literal(&self, word: &Word) -> Cow<'t, str> {
        fn collect(lint: &Lint<'_, '_>, parts: &[WordPartNode], text: &mut String) {
            for part in parts {
                match &part.kind {
                    WordPart::Literal(_) => text.push_str(lint.slice(part.span)),
                    WordPart::SingleQuoted { .. } => {
                        let written = lint.slice(part.span);
                        text.push_str(
                            written
                                .get(1..written.len().saturating_sub(1))
                                .unwrap_or_default(),
                        );
                    }
                    WordPart::DoubleQuoted { parts, .. } => collect(lint, parts, text),
                    _ => {}
                }
            }
        }
        if let [part] = word.parts.as_slice()
            && matches!(part.kind, WordPart::Literal(_))
        {
            return Cow::Borrowed(self.slice(part.span));
        }
        let mut text = String::new();
        collect(self, &word.parts, &mut text);
        Cow::Owned(text)
    }

    /// The literal name of a simple command, as written.
    pub(super) fn command_name(&self, command: &'t Command) -> Option<&'t str> {
        match command {
            Command::Simple(simple) => match self.literal(&simple.name)? {
                Cow::Borrowed(name) if !name.is_empty() => Some(name),
                _ => None,
            },
            Command::Decl(declaration) => Some(self.slice(declaration.variant_span)),
            _ => None,
        }
    }

    /// Whether a word certainly or possibly becomes several: it has an unquoted expansion or
    /// pattern.
    pub(super) fn splits(&self, word: &Word) -> bool {
        word.has_active_brace_expansion()
            || word.parts.iter().any(|part| match &part.kind {
                WordPart::Literal(_) => has_glob(self.slice(part.span)),
                WordPart::SingleQuoted { .. } => false,
                WordPart::DoubleQuoted { parts, .. } => parts.iter().any(|part| {
                    Expansion::read(self.slice(part.span))
                        .is_some_and(|it| it.is_array() || it.indirect)
                        && !matches!(part.kind, WordPart::Literal(_))
                }),
                WordPart::ArithmeticExpansion { .. } => false,
                _ => true,
            })
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(['\\', '*', '?', '[', '{'])
}

/// Whether unquoted text is a file name pattern.
pub(super) fn has_glob(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut open = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' => return true,
            b'[' => open = true,
            b']' if open => return true,
            _ => {}
        }
    }
    false
}

fn only_redirects(statement: &shuck_ast::Stmt, text: &str) -> bool {
    let Command::Simple(simple) = &statement.command else {
        return false;
    };
    let (start, end) = range(simple.name.span);
    !statement.redirects.is_empty()
        && simple.assignments.is_empty()
        && text.get(start..end).is_some_and(str::is_empty)
}
