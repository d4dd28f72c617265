//! From statement to statement: what runs when, and what variables hold there.

use shuck_ast::{
    ArrayElem, Assignment, AssignmentValue, BinaryOp, BuiltinCommand, Command, CompoundCommand,
    ConditionalBinaryOp, ConditionalExpr, DeclOperand, File, ForCommand, HeredocBodyPart, Redirect,
    RedirectKind, RedirectTarget, Stmt, StmtSeq, Word,
};

use super::vars::Value;
use super::word::Use;
use super::{DEPTH_LIMIT, Function, Lint, NAME_LIMIT, Place, REPEAT_LIMIT, Read, is_name, range};

/// Which statements of a list say nothing about how the list ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unheard {
    All,
    AllButLast,
}

impl<'t> Lint<'t, '_> {
    pub(super) fn script(&mut self, file: &'t File) {
        self.sequence(&file.body, Place::default(), Some(Unheard::AllButLast));
        // What nothing calls here may be called by who reads this script.
        while let Some(at) = self.functions.iter().position(|function| !function.seen) {
            self.functions[at].seen = true;
            self.vars.ended = false;
            let body = self.functions[at].body;
            self.function_body(body);
        }
    }

    pub(super) fn sequence(&mut self, list: &'t StmtSeq, place: Place, unheard: Option<Unheard>) {
        if self.depth >= DEPTH_LIMIT {
            return;
        }
        self.depth += 1;
        let last = list.stmts.len().saturating_sub(1);
        let mut appends = None;
        for (at, statement) in list.stmts.iter().enumerate() {
            // The condition a list stands in is that of its last command only; of the others it
            // is one all the same to those who read ShellCheck's list.
            let ignored = match unheard {
                Some(Unheard::All) => true,
                Some(Unheard::AllButLast) => at < last,
                None => false,
            };
            if ignored && statement.negated && self.errexit && !place.condition {
                let start = statement.span.start.offset();
                self.hint(2251, start, start + 1, (start, start + 1));
            }
            self.repeated_appends(statement, &mut appends);
            self.statement(statement, place);
        }
        self.depth -= 1;
    }

    fn statement(&mut self, statement: &'t Stmt, place: Place) {
        if self.depth >= DEPTH_LIMIT {
            return;
        }
        self.depth += 1;
        match &statement.command {
            Command::Binary(_) => {
                self.redirects(&statement.redirects, place);
                self.chain(statement, place);
            }
            command => self.command(statement, command, place),
        }
        self.depth -= 1;
    }

    /// `a && b || c | d`: leans to the left and is as long as its author likes.
    fn chain(&mut self, statement: &'t Stmt, place: Place) {
        let mut links = Vec::new();
        let mut leftmost = statement;
        while let Command::Binary(binary) = &leftmost.command {
            links.push((binary.op, binary.op_span, &*binary.right));
            leftmost = &binary.left;
        }
        links.reverse();
        if matches!(
            links.first(),
            Some((BinaryOp::Pipe | BinaryOp::PipeAll, ..))
        ) {
            // A pipe binds tighter: it is a tree of its own.
            let pipes = links
                .iter()
                .take_while(|(op, ..)| matches!(op, BinaryOp::Pipe | BinaryOp::PipeAll))
                .count();
            let rest = links.split_off(pipes);
            let place_of_pipe = Place {
                condition: place.condition || !rest.is_empty(),
                ..place
            };
            let mut parts = vec![leftmost];
            for (op, span, right) in links {
                if op == BinaryOp::PipeAll {
                    self.bashism(3029, span);
                }
                parts.push(right);
            }
            self.pipeline(&parts, place_of_pipe);
            self.links(&rest, place);
        } else {
            let inner = Place {
                condition: true,
                ..place
            };
            self.statement(leftmost, inner);
            self.links(&links, place);
        }
    }

    fn links(&mut self, links: &[(BinaryOp, shuck_ast::Span, &'t Stmt)], place: Place) {
        for (at, (_, _, right)) in links.iter().enumerate() {
            let place = Place {
                condition: place.condition || at + 1 < links.len(),
                ..place
            };
            let before = self.vars.clone();
            self.statement(right, place);
            self.meet(&before);
        }
    }

    fn pipeline(&mut self, parts: &[&'t Stmt], place: Place) {
        self.pipe_slips(parts);
        for (at, part) in parts.iter().enumerate() {
            let place = Place {
                captured: place.captured || at + 1 < parts.len(),
                ..place
            };
            let before = self.vars.clone();
            self.statement(part, place);
            self.vars = before;
        }
    }

    fn command(&mut self, statement: &'t Stmt, command: &'t Command, place: Place) {
        if !statement.redirects.is_empty() {
            self.redirects(&statement.redirects, place);
            self.redirect_slips(statement, place);
        }
        match command {
            Command::Simple(simple) => self.simple(statement, simple, place),
            Command::Decl(declaration) => self.declaration(declaration, place),
            Command::Builtin(builtin) => {
                let (value, extra, assignments) = match builtin {
                    BuiltinCommand::Break(it) => (&it.depth, &it.extra_args, &it.assignments),
                    BuiltinCommand::Continue(it) => (&it.depth, &it.extra_args, &it.assignments),
                    BuiltinCommand::Return(it) => (&it.code, &it.extra_args, &it.assignments),
                    BuiltinCommand::Exit(it) => (&it.code, &it.extra_args, &it.assignments),
                };
                self.assignments(assignments, place, false);
                for word in value.iter().chain(extra) {
                    self.word(word, Use::SPLIT, place);
                }
                if matches!(builtin, BuiltinCommand::Exit(_) | BuiltinCommand::Return(_)) {
                    self.vars.ended = true;
                }
            }
            Command::Compound(compound) => self.compound(compound, place),
            Command::Function(function) => {
                if let Some(span) = function.header.function_keyword_span {
                    let code = if function.has_name_parens() {
                        2112
                    } else {
                        2113
                    };
                    if self.around.flavour.lacks_bash() {
                        let (start, _) = range(function.span);
                        let (_, end) = range(function.span);
                        let subject = range(span);
                        self.hint(code, start, end, subject);
                    }
                }
                for (_, span) in function.static_name_entries() {
                    if self.functions.len() >= NAME_LIMIT {
                        break;
                    }
                    let name = self.slice(span);
                    self.functions.push(Function {
                        name,
                        body: &function.body,
                        seen: false,
                    });
                }
            }
            Command::AnonymousFunction(function) => self.statement(&function.body, place),
            Command::Binary(_) => self.chain(statement, place),
        }
    }

    /// Judges a function where it is first called, with what is known there.
    pub(super) fn call(&mut self, name: &str) {
        let Some(function) = self
            .functions
            .iter_mut()
            .rev()
            .find(|function| function.name == name)
        else {
            return;
        };
        let (body, seen) = (function.body, function.seen);
        function.seen = true;
        if seen {
            return;
        }
        self.function_body(body);
    }

    fn function_body(&mut self, body: &'t Stmt) {
        let place = Place {
            function: true,
            ..Place::default()
        };
        if let Command::Compound(CompoundCommand::BraceGroup(list)) = &body.command {
            self.redirects(&body.redirects, place);
            // The last command's fate is the function's.
            let last = list.stmts.len().saturating_sub(1);
            for (at, statement) in list.stmts.iter().enumerate() {
                if at < last && statement.negated && self.errexit {
                    let start = statement.span.start.offset();
                    self.hint(2251, start, start + 1, (start, start + 1));
                }
                let ends = at == last && is_change_of_folder(self, statement);
                let place = Place {
                    condition: ends,
                    ..place
                };
                self.statement(statement, place);
            }
        } else {
            self.statement(body, place);
        }
        // `return` ends the function, not the script.
        self.vars.ended = false;
    }

    fn compound(&mut self, compound: &'t CompoundCommand, place: Place) {
        match compound {
            CompoundCommand::If(it) => {
                self.condition_list(&it.condition, place);
                let mut otherwise = self.vars.clone();
                self.sequence(&it.then_branch, place, Some(Unheard::All));
                let mut behind = self.vars.clone();
                for (condition, branch) in &it.elif_branches {
                    self.vars = otherwise;
                    self.condition_list(condition, place);
                    otherwise = self.vars.clone();
                    self.sequence(branch, place, Some(Unheard::All));
                    self.meet(&behind);
                    behind = self.vars.clone();
                }
                self.vars = otherwise;
                if let Some(branch) = &it.else_branch {
                    self.sequence(branch, place, Some(Unheard::All));
                }
                self.meet(&behind);
            }
            CompoundCommand::For(it) => self.for_loop(it, place),
            CompoundCommand::Select(it) => {
                let (start, end) = range(it.span);
                self.bashism(3008, it.span);
                for word in &it.words {
                    self.word(word, Use::UNSPLIT, place);
                }
                self.assign(self.slice(it.variable_span), Value::Any, start, end);
                self.repeated(|lint| lint.sequence(&it.body, place, None));
            }
            CompoundCommand::While(it) => self.repeated(|lint| {
                lint.condition_list(&it.condition, place);
                lint.sequence(&it.body, place, Some(Unheard::All));
            }),
            CompoundCommand::Until(it) => self.repeated(|lint| {
                lint.condition_list(&it.condition, place);
                lint.sequence(&it.body, place, Some(Unheard::All));
            }),
            CompoundCommand::ArithmeticFor(it) => {
                self.bashism(3005, it.span);
                for span in [it.init_span, it.condition_span, it.step_span]
                    .into_iter()
                    .flatten()
                {
                    self.arithmetic(span);
                }
                self.repeated(|lint| lint.sequence(&it.body, place, Some(Unheard::All)));
            }
            CompoundCommand::Case(it) => {
                self.word(&it.word, Use::UNSPLIT, place);
                let before = self.vars.clone();
                let is_total = it
                    .cases
                    .iter()
                    .flat_map(|case| &case.patterns)
                    .any(|pattern| self.slice(pattern.span) == "*");
                // The way past all cases is one only where there is such a way.
                let mut behind = before.clone();
                behind.ended |= is_total;
                for case in &it.cases {
                    self.vars.clone_from(&before);
                    for pattern in &case.patterns {
                        self.pattern(pattern, place);
                    }
                    self.sequence(&case.body, place, None);
                    let mut after = std::mem::take(&mut self.vars);
                    after.meet(&behind, |name| self.outside(name));
                    behind = after;
                }
                self.vars = behind;
            }
            CompoundCommand::Subshell(body) => {
                let before = self.vars.clone();
                self.sequence(body, place, Some(Unheard::AllButLast));
                self.vars = before;
            }
            CompoundCommand::BraceGroup(body) => {
                self.sequence(body, place, Some(Unheard::All));
            }
            CompoundCommand::Time(it) => {
                if let Some(command) = &it.command {
                    self.statement(command, place);
                }
            }
            CompoundCommand::Coproc(it) => {
                self.bashism(3032, it.span);
                self.statement(&it.body, place);
            }
            CompoundCommand::Conditional(it) => {
                self.bashism(3010, it.span);
                self.conditional(&it.expression, place);
            }
            CompoundCommand::Arithmetic(it) => {
                self.bashism(3006, it.span);
                self.arithmetic(it.span);
            }
            CompoundCommand::Repeat(it) => self.sequence(&it.body, place, None),
            CompoundCommand::Foreach(it) => self.sequence(&it.body, place, None),
            CompoundCommand::Always(it) => {
                self.sequence(&it.body, place, None);
                self.sequence(&it.always_body, place, None);
            }
        }
    }

    fn condition_list(&mut self, list: &'t StmtSeq, place: Place) {
        let last = list.stmts.len().saturating_sub(1);
        for (at, statement) in list.stmts.iter().enumerate() {
            let place = Place {
                condition: place.condition || at == last,
                ..place
            };
            self.statement(statement, place);
        }
    }

    /// A body that may run any number of times: what it leaves is what it may find.
    fn repeated(&mut self, mut body: impl FnMut(&mut Self)) {
        if self.repeats >= REPEAT_LIMIT {
            body(self);
            return;
        }
        self.repeats += 1;
        let before = self.vars.clone();
        self.quiet += 1;
        body(self);
        self.quiet -= 1;
        self.meet(&before);
        let entry = self.vars.clone();
        body(self);
        self.vars.ended = false;
        self.meet(&entry);
        self.repeats -= 1;
    }

    fn for_loop(&mut self, it: &'t ForCommand, place: Place) {
        let used = Use::UNSPLIT;
        let (start, end) = range(it.span);
        let words = it.words.as_deref().unwrap_or_default();
        for word in words {
            self.word(word, used, place);
        }
        self.loop_slips(words);
        let value = if words.is_empty() || words.iter().any(|word| self.splits(word)) {
            Value::Any
        } else {
            words
                .iter()
                .map(|word| self.value_of(word))
                .reduce(Value::then)
                .unwrap_or(Value::Any)
        };
        for target in &it.targets {
            let name = self.slice(target.word.span);
            if is_name(name) {
                self.assign(name, value, start, end);
            }
        }
        self.repeated(|lint| lint.sequence(&it.body, place, Some(Unheard::All)));
    }

    fn conditional(&mut self, expression: &'t ConditionalExpr, place: Place) {
        if self.depth >= DEPTH_LIMIT {
            return;
        }
        self.depth += 1;
        match expression {
            ConditionalExpr::Binary(it) => {
                let code = match it.op {
                    ConditionalBinaryOp::PatternEq => 3014,
                    ConditionalBinaryOp::RegexMatch => 3015,
                    ConditionalBinaryOp::LexicalBefore | ConditionalBinaryOp::LexicalAfter => 3012,
                    _ => 0,
                };
                if code != 0 {
                    self.bashism(code, it.op_span);
                }
                self.conditional(&it.left, place);
                self.conditional(&it.right, place);
            }
            ConditionalExpr::Unary(it) => {
                self.unary_test(self.slice(it.op_span), it.op_span);
                self.conditional(&it.expr, place);
            }
            ConditionalExpr::Parenthesized(it) => self.conditional(&it.expr, place),
            ConditionalExpr::Word(word) => self.word(word, Use::UNSPLIT, place),
            // Backslashes there are the expression's own.
            ConditionalExpr::Regex(word) => {
                self.quiet += 1;
                self.word(word, Use::UNSPLIT, place);
                self.quiet -= 1;
            }
            ConditionalExpr::Pattern(pattern) => self.pattern(pattern, place),
            ConditionalExpr::VarRef(_) => {}
        }
        self.depth -= 1;
    }

    /// Judges assignments and, where they last, keeps what they set.
    pub(super) fn assignments(&mut self, list: &'t [Assignment], place: Place, last: bool) {
        for assignment in list {
            let value = self.assigned(assignment, Use::UNSPLIT, place);
            let (start, end) = range(assignment.span);
            let name = self.slice(assignment.target.name_span);
            if last {
                self.assign(name, value, start, end);
            }
        }
    }

    fn assigned(&mut self, assignment: &'t Assignment, used: Use<'t>, place: Place) -> Value {
        if assignment.append {
            self.bashism(3024, assignment.span);
        }
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                self.word(word, used, place);
                self.empty_assignment(assignment, word);
                let value = self.value_of(word);
                let name = self.slice(assignment.target.name_span);
                if assignment.target.subscript.is_some() {
                    Value::Any
                } else if assignment.append {
                    self.value(name).then(value)
                } else {
                    value
                }
            }
            AssignmentValue::Compound(array) => {
                self.bashism(3030, array.span);
                for element in &array.elements {
                    let (ArrayElem::Sequential(value)
                    | ArrayElem::Keyed { value, .. }
                    | ArrayElem::KeyedAppend { value, .. }) = element;
                    self.word(&value.word, Use::UNSPLIT, place);
                }
                Value::Any
            }
        }
    }

    fn declaration(&mut self, declaration: &'t shuck_ast::DeclClause, place: Place) {
        let name = self.slice(declaration.variant_span);
        self.assignments(&declaration.assignments, place, false);
        self.builtin_bashisms(name, declaration.span, declaration.variant_span);
        // POSIX splits what stands behind `=` here as anywhere in a command's words.
        let used = Use {
            unsplit: self.around.flavour != super::Flavour::Posix,
            command: Some(name),
            ..Use::SPLIT
        };
        let mut reads_only = name == "readonly";
        let mut global = false;
        for operand in &declaration.operands {
            match operand {
                DeclOperand::Flag(word) => {
                    let flag = self.slice(word.span);
                    reads_only |= flag.starts_with('-') && flag.contains('r');
                    global |= flag.starts_with('-') && flag.contains('g');
                    self.flag_bashism(name, word);
                }
                DeclOperand::Dynamic(word) => {
                    let used = Use {
                        command: Some(name),
                        ..Use::SPLIT
                    };
                    self.word(word, used, place);
                }
                DeclOperand::Name(reference) => {
                    let (start, end) = range(reference.span);
                    let known = self.slice(reference.name_span);
                    match name {
                        // It is handed on.
                        "export" => self.read.push(Read {
                            name: known,
                            start,
                            end,
                            guarded: true,
                        }),
                        "local" | "declare" | "typeset" => {
                            self.assign(known, Value::Empty, start, end);
                        }
                        _ => {}
                    }
                }
                DeclOperand::Assignment(assignment) => {
                    let value = self.assigned(assignment, used, place);
                    let (start, end) = range(assignment.span);
                    let is_local = matches!(name, "local" | "declare" | "typeset")
                        && place.function
                        && !global;
                    if let AssignmentValue::Scalar(word) = &assignment.value
                        && !(is_local && reads_only)
                        && has_command_output(word)
                    {
                        let subject = range(assignment.target.name_span);
                        self.hint(2155, start, end, subject);
                    }
                    let known = self.slice(assignment.target.name_span);
                    self.assign(known, value, start, end);
                    if name == "export" {
                        self.read.push(Read {
                            name: known,
                            start,
                            end,
                            guarded: true,
                        });
                    }
                }
            }
        }
    }

    fn redirects(&mut self, redirects: &'t [Redirect], place: Place) {
        for redirect in redirects {
            // `exec {fd}<file` sets `fd`, and `exec {fd}<&-` reads it.
            if let Some(span) = redirect.fd_var_span {
                let name = self.slice(span).trim_matches(['{', '}']);
                let (start, end) = range(span);
                self.written.push((name, start, end));
                self.read.push(Read {
                    name,
                    start,
                    end,
                    guarded: true,
                });
            }
            match &redirect.target {
                RedirectTarget::Word(word) => {
                    let used = match redirect.kind {
                        RedirectKind::HereString => {
                            self.bashism(3011, redirect.span);
                            Use::UNSPLIT
                        }
                        // A number, or nothing the shell would take.
                        RedirectKind::DupInput | RedirectKind::DupOutput => Use::UNSPLIT,
                        _ => Use::SPLIT,
                    };
                    self.word(word, used, place);
                    self.redirect_bashisms(redirect, word);
                }
                RedirectTarget::Heredoc(heredoc) => {
                    for part in &heredoc.body.parts {
                        match &part.kind {
                            HeredocBodyPart::CommandSubstitution { body, syntax } => {
                                if *syntax == shuck_ast::CommandSubstitutionSyntax::Backtick
                                    && !body.stmts.is_empty()
                                {
                                    self.hint_at(2006, part.span);
                                }
                                self.captured(body, place);
                            }
                            HeredocBodyPart::Variable(_) | HeredocBodyPart::Parameter(_) => {
                                self.heredoc_expansion(part.span);
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

/// Whether a statement is `cd`, `pushd` or `popd`.
fn is_change_of_folder(lint: &Lint<'_, '_>, statement: &Stmt) -> bool {
    match &statement.command {
        Command::Simple(simple) => matches!(lint.slice(simple.name.span), "cd" | "pushd" | "popd"),
        _ => false,
    }
}

/// Whether a word takes the output of a command outside of other expansions.
fn has_command_output(word: &Word) -> bool {
    use shuck_ast::WordPart;
    word.parts.iter().any(|part| match &part.kind {
        WordPart::CommandSubstitution { .. } => true,
        WordPart::DoubleQuoted { parts, .. } => parts
            .iter()
            .any(|part| matches!(part.kind, WordPart::CommandSubstitution { .. })),
        _ => false,
    })
}
