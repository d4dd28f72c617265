//! From the parser's tree to the flat list of simple commands that rules read.

use std::sync::Arc;

use shuck_ast::{
    ArrayElem, Assignment, AssignmentValue, BinaryOp, BourneParameterExpansion, BuiltinCommand,
    Command, CompoundCommand, ConditionalExpr, DeclOperand, File, HeredocBodyPart,
    ParameterExpansion, ParameterExpansionSyntax, Redirect, RedirectKind, RedirectTarget, Span,
    Stmt, StmtSeq, Word, WordPart, WordPartNode,
};

use super::{Joint, Script, ShellCommand, ShellWord};

/// The parser nests no deeper than this itself.
const DEPTH_LIMIT: usize = 256;

/// What the tree holds, all in the order it stands; neither its errors nor the tree itself.
pub(super) fn script(file: &File, text: &str) -> Script {
    let mut walk = Walk {
        text,
        commands: Vec::new(),
        pipes: Vec::new(),
        writes: Vec::new(),
        functions: Vec::new(),
        nesting: 0,
    };
    walk.sequence(&file.body, Place::default());
    walk.commands.sort_by_key(|command| command.start);
    walk.pipes.sort_unstable();
    walk.writes.sort_by_key(|word| word.start);
    Script {
        commands: walk.commands,
        pipes: walk.pipes,
        writes: walk.writes,
        ..Script::default()
    }
}

/// Where a command stands.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    substituted: bool,
    /// Index of the function around it.
    function: Option<usize>,
}

impl Place {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    fn inside(self) -> Self {
        Self {
            substituted: true,
            ..self
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    commands: Vec<ShellCommand>,
    /// Where `|` stands.
    pipes: Vec<usize>,
    /// What groups and their like write to.
    writes: Vec<ShellWord>,
    /// Names of the functions whose bodies were entered.
    functions: Vec<Arc<str>>,
    nesting: usize,
}

impl Walk<'_> {
    fn sequence(&mut self, sequence: &StmtSeq, place: Place) {
        if self.nesting >= DEPTH_LIMIT {
            return;
        }
        self.nesting += 1;
        for (at, statement) in sequence.iter().enumerate() {
            let joint = if at == 0 { Joint::First } else { Joint::Then };
            self.statement(statement, joint, place);
        }
        self.nesting -= 1;
    }

    fn statement(&mut self, statement: &Stmt, joint: Joint, place: Place) {
        // Chains lean to the left and are as long as the author likes: follow them without
        // recursion.
        let mut chain = vec![];
        let mut leftmost = statement;
        while let Command::Binary(binary) = &leftmost.command {
            self.redirects(&leftmost.redirects, place);
            let joint = match binary.op {
                BinaryOp::And => Joint::And,
                BinaryOp::Or => Joint::Or,
                BinaryOp::Pipe | BinaryOp::PipeAll => {
                    self.pipes.push(binary.op_span.start.offset());
                    Joint::Pipe
                }
            };
            chain.push((&*binary.right, joint));
            leftmost = &binary.left;
        }
        self.single(leftmost, joint, place);
        for (right, joint) in chain.into_iter().rev() {
            if matches!(right.command, Command::Binary(_)) {
                self.nested(|walk| walk.statement(right, joint, place));
            } else {
                self.single(right, joint, place);
            }
        }
    }

    fn nested(&mut self, visit: impl FnOnce(&mut Self)) {
        if self.nesting < DEPTH_LIMIT {
            self.nesting += 1;
            visit(self);
            self.nesting -= 1;
        }
    }

    fn single(&mut self, statement: &Stmt, joint: Joint, place: Place) {
        let writes = self.redirects(&statement.redirects, place);
        match &statement.command {
            Command::Simple(simple) => {
                // A bare assignment has an empty name.
                let name = Some(&simple.name).filter(|name| !name.span.slice(self.text).is_empty());
                let words = name.into_iter().chain(&simple.args);
                let words = words.map(|word| self.word(word, place)).collect();
                self.command(
                    &simple.assignments,
                    words,
                    writes,
                    simple.span,
                    joint,
                    place,
                );
            }
            Command::Builtin(builtin) => {
                let (name, value, extra, assignments, span) = match builtin {
                    BuiltinCommand::Break(it) => {
                        ("break", &it.depth, &it.extra_args, &it.assignments, it.span)
                    }
                    BuiltinCommand::Continue(it) => (
                        "continue",
                        &it.depth,
                        &it.extra_args,
                        &it.assignments,
                        it.span,
                    ),
                    BuiltinCommand::Return(it) => {
                        ("return", &it.code, &it.extra_args, &it.assignments, it.span)
                    }
                    BuiltinCommand::Exit(it) => {
                        ("exit", &it.code, &it.extra_args, &it.assignments, it.span)
                    }
                };
                let mut words = vec![self.keyword(name, span)];
                let arguments = value.iter().chain(extra);
                words.extend(arguments.map(|word| self.word(word, place)));
                self.command(assignments, words, writes, span, joint, place);
            }
            Command::Decl(declaration) => {
                let mut words =
                    vec![self.keyword(declaration.variant.as_str(), declaration.variant_span)];
                for operand in &declaration.operands {
                    words.push(match operand {
                        DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => {
                            self.word(word, place)
                        }
                        DeclOperand::Name(name) => {
                            let raw = name.span.slice(self.text);
                            self.shell_word(name.span, Some(raw.to_owned()))
                        }
                        DeclOperand::Assignment(assignment) => {
                            let (name, value) = self.assignment(assignment, place);
                            let literal = value.literal.map(|value| format!("{name}={value}"));
                            self.shell_word(assignment.span, literal)
                        }
                    });
                }
                let span = declaration.span;
                self.command(&declaration.assignments, words, writes, span, joint, place);
            }
            Command::Binary(_) => self.nested(|walk| walk.statement(statement, joint, place)),
            Command::Compound(compound) => {
                self.writes.extend(writes);
                self.compound(compound, joint, place);
            }
            Command::Function(function) => {
                self.writes.extend(writes);
                let name = function
                    .static_names()
                    .next()
                    .map_or("", |name| name.as_str());
                self.functions.push(Arc::from(name));
                let body = Place {
                    function: Some(self.functions.len() - 1),
                    ..place.deeper()
                };
                self.nested(|walk| walk.statement(&function.body, Joint::First, body));
            }
            Command::AnonymousFunction(function) => {
                self.nested(|walk| walk.statement(&function.body, Joint::First, place.deeper()));
            }
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, joint: Joint, place: Place) {
        let inner = place.deeper();
        match compound {
            CompoundCommand::If(it) => {
                self.sequence(&it.condition, inner);
                self.sequence(&it.then_branch, inner);
                for (condition, branch) in &it.elif_branches {
                    self.sequence(condition, inner);
                    self.sequence(branch, inner);
                }
                if let Some(branch) = &it.else_branch {
                    self.sequence(branch, inner);
                }
            }
            CompoundCommand::For(it) => {
                self.substitutions(it.words.iter().flatten(), place);
                self.sequence(&it.body, inner);
            }
            CompoundCommand::Select(it) => {
                self.substitutions(&it.words, place);
                self.sequence(&it.body, inner);
            }
            CompoundCommand::Foreach(it) => {
                self.substitutions(&it.words, place);
                self.sequence(&it.body, inner);
            }
            CompoundCommand::Repeat(it) => self.sequence(&it.body, inner),
            CompoundCommand::ArithmeticFor(it) => self.sequence(&it.body, inner),
            CompoundCommand::While(it) => {
                self.sequence(&it.condition, inner);
                self.sequence(&it.body, inner);
            }
            CompoundCommand::Until(it) => {
                self.sequence(&it.condition, inner);
                self.sequence(&it.body, inner);
            }
            CompoundCommand::Case(it) => {
                self.substitutions([&it.word], place);
                for case in &it.cases {
                    self.sequence(&case.body, inner);
                }
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => {
                self.sequence(body, inner);
            }
            // `time` wraps: what it times is joined as it is.
            CompoundCommand::Time(it) => {
                if let Some(command) = &it.command {
                    self.nested(|walk| walk.statement(command, joint, place));
                }
            }
            CompoundCommand::Coproc(it) => {
                self.nested(|walk| walk.statement(&it.body, joint, inner));
            }
            CompoundCommand::Always(it) => {
                self.sequence(&it.body, inner);
                self.sequence(&it.always_body, inner);
            }
            CompoundCommand::Conditional(it) => self.condition(&it.expression, place),
            CompoundCommand::Arithmetic(_) => {}
        }
    }

    fn condition(&mut self, expression: &ConditionalExpr, place: Place) {
        match expression {
            ConditionalExpr::Binary(it) => self.nested(|walk| {
                walk.condition(&it.left, place);
                walk.condition(&it.right, place);
            }),
            ConditionalExpr::Unary(it) => self.nested(|walk| walk.condition(&it.expr, place)),
            ConditionalExpr::Parenthesized(it) => {
                self.nested(|walk| walk.condition(&it.expr, place));
            }
            ConditionalExpr::Word(word) | ConditionalExpr::Regex(word) => {
                self.substitutions([word], place);
            }
            ConditionalExpr::Pattern(_) | ConditionalExpr::VarRef(_) => {}
        }
    }

    fn command(
        &mut self,
        assignments: &[Assignment],
        words: Vec<ShellWord>,
        writes: Vec<ShellWord>,
        span: Span,
        joint: Joint,
        place: Place,
    ) {
        let assignments = assignments
            .iter()
            .map(|assignment| self.assignment(assignment, place))
            .collect();
        self.commands.push(ShellCommand {
            joint,
            depth: place.depth,
            substituted: place.substituted,
            function: place
                .function
                .and_then(|at| self.functions.get(at).cloned()),
            start: span.start.offset(),
            ..ShellCommand::new(assignments, words, writes)
        });
    }

    fn assignment(&mut self, assignment: &Assignment, place: Place) -> (String, ShellWord) {
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => self.word(word, place),
            AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    let (ArrayElem::Sequential(value)
                    | ArrayElem::Keyed { value, .. }
                    | ArrayElem::KeyedAppend { value, .. }) = element;
                    self.substitutions([&value.word], place);
                }
                self.shell_word(array.span, None)
            }
        };
        (assignment.target.name.as_str().to_owned(), value)
    }

    /// Visits what redirections hold; the targets of those that write.
    fn redirects(&mut self, redirects: &[Redirect], place: Place) -> Vec<ShellWord> {
        let mut writes = Vec::new();
        for redirect in redirects {
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    let word = self.word(word, place);
                    let is_write = matches!(
                        redirect.kind,
                        RedirectKind::Output
                            | RedirectKind::Clobber
                            | RedirectKind::Append
                            | RedirectKind::OutputBoth
                    );
                    if is_write {
                        writes.push(word);
                    }
                }
                RedirectTarget::Heredoc(heredoc) => {
                    for part in &heredoc.body.parts {
                        match &part.kind {
                            HeredocBodyPart::CommandSubstitution { body, .. } => {
                                self.sequence(body, place.inside());
                            }
                            HeredocBodyPart::Parameter(parameter) => {
                                self.parameter(parameter, place);
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        writes
    }

    fn word(&mut self, word: &Word, place: Place) -> ShellWord {
        self.substitutions([word], place);
        let is_literal = !word.has_active_brace_expansion() && is_static(&word.parts);
        let literal = is_literal.then(|| match word.parts.as_slice() {
            // `$'…'` has escapes of its own, which the parser has read.
            [
                WordPartNode {
                    kind: WordPart::SingleQuoted { value, .. },
                    ..
                },
            ] => value.slice(self.text).to_owned(),
            _ => unquote(word.span.slice(self.text)),
        });
        self.shell_word(word.span, literal)
    }

    /// A word of the grammar; `span` starts at it.
    fn keyword(&self, name: &str, span: Span) -> ShellWord {
        let start = span.start.offset().min(self.text.len());
        let end = (start + name.len()).min(self.text.len());
        ShellWord {
            literal: Some(name.to_owned()),
            raw: name.to_owned(),
            start,
            end,
        }
    }

    fn shell_word(&self, span: Span, literal: Option<String>) -> ShellWord {
        let end = span.end.offset().min(self.text.len());
        let start = span.start.offset().min(end);
        ShellWord {
            literal,
            raw: self.text.get(start..end).unwrap_or_default().to_owned(),
            start,
            end,
        }
    }

    fn substitutions<'w>(&mut self, words: impl IntoIterator<Item = &'w Word>, place: Place) {
        for word in words {
            self.parts(&word.parts, place);
        }
    }

    fn parts(&mut self, parts: &[WordPartNode], place: Place) {
        if self.nesting >= DEPTH_LIMIT {
            return;
        }
        self.nesting += 1;
        for part in parts {
            match &part.kind {
                WordPart::CommandSubstitution { body, .. }
                | WordPart::ProcessSubstitution { body, .. } => {
                    self.sequence(body, place.inside());
                }
                WordPart::DoubleQuoted { parts, .. } => self.parts(parts, place),
                WordPart::ArithmeticExpansion {
                    expression_word_ast,
                    ..
                } => self.parts(&expression_word_ast.parts, place),
                WordPart::Parameter(parameter) => self.parameter(parameter, place),
                WordPart::ParameterExpansion {
                    operand_word_ast: Some(operand),
                    ..
                }
                | WordPart::IndirectExpansion {
                    operand_word_ast: Some(operand),
                    ..
                } => self.parts(&operand.parts, place),
                _ => {}
            }
        }
        self.nesting -= 1;
    }

    fn parameter(&mut self, parameter: &ParameterExpansion, place: Place) {
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
            self.parts(&operand.parts, place);
        }
    }
}

/// Whether nothing in a word is expanded.
fn is_static(parts: &[WordPartNode]) -> bool {
    parts.iter().all(|part| match &part.kind {
        WordPart::Literal(_) => true,
        // Among other parts, the escapes of `$'…'` are left alone.
        WordPart::SingleQuoted { dollar, .. } => !dollar || parts.len() == 1,
        WordPart::DoubleQuoted { parts, dollar } => {
            !dollar
                && parts
                    .iter()
                    .all(|part| matches!(part.kind, WordPart::Literal(_)))
        }
        _ => false,
    })
}

/// A word without its quotes (POSIX XCU 2.2).
fn unquote(word: &str) -> String {
    let mut value = String::with_capacity(word.len());
    let mut quote = None;
    let mut rest = word.chars();
    while let Some(character) = rest.next() {
        match (character, quote) {
            (mark, Some(open)) if mark == open => quote = None,
            ('\'' | '"', None) => quote = Some(character),
            ('\\', None | Some('"')) => match rest.next() {
                Some('\n') => {}
                Some(escaped) => {
                    if quote.is_some() && !matches!(escaped, '$' | '`' | '"' | '\\') {
                        value.push('\\');
                    }
                    value.push(escaped);
                }
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    value
}
