//! How the commands of a script follow each other, for those who ask what runs first or last: the
//! lists, groups and conditions around the simple commands.

use shuck_ast::{
    BinaryOp, BuiltinCommand, Command, CompoundCommand, ConditionalExpr, Span, Stmt, StmtSeq,
};

use super::{Joint, Script, ShellCommand, ShellWord};

/// Groups inside each other that are told.
const DEPTH_LIMIT: usize = 64;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'s> {
    /// How it is joined to the part before it.
    pub joint: Joint,
    /// Whether `!` stands before it.
    pub negated: bool,
    /// Whether `&` stands behind it: it is not waited for.
    pub background: bool,
    /// What it is.
    pub node: Node<'s>,
}

/// What a part of a list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<'s> {
    /// A simple command.
    Command(&'s ShellCommand),
    /// `{ …; }` or `( … )`.
    Group(Vec<Item<'s>>),
    /// `if` with one condition.
    If {
        /// What is asked.
        condition: Vec<Item<'s>>,
        /// What runs where it holds.
        then: Vec<Item<'s>>,
        /// What runs where it does not, if anything.
        otherwise: Option<Vec<Item<'s>>>,
    },
    /// `[[ LEFT OPERATOR RIGHT ]]`, with the operands as they are written.
    Comparison {
        /// What stands before the operator.
        left: ShellWord,
        /// The operator.
        operator: &'static str,
        /// What stands behind it.
        right: ShellWord,
    },
    /// Loops, functions and all else.
    Other,
}

impl Script {
    /// The list that the script is. `text` is what it was read from.
    pub fn outline(&self, text: &str) -> Vec<Item<'_>> {
        let Some(file) = self.tree.0.as_deref() else {
            return Vec::new();
        };
        let outline = Outline { script: self, text };
        outline.list(&file.body, 0)
    }

    /// The commands of substitutions in a word, in the order they stand.
    pub fn substituted_in(&self, word: &ShellWord) -> impl Iterator<Item = &ShellCommand> {
        let from = self
            .commands
            .partition_point(|command| command.start < word.start);
        let commands = self.commands.get(from..).unwrap_or_default().iter();
        let end = word.end;
        commands
            .take_while(move |command| command.start < end)
            .filter(|command| command.substituted)
    }
}

struct Outline<'s, 't> {
    script: &'s Script,
    text: &'t str,
}

impl<'s> Outline<'s, '_> {
    fn list(&self, list: &StmtSeq, depth: usize) -> Vec<Item<'s>> {
        let mut items = Vec::new();
        for (at, statement) in list.iter().enumerate() {
            let joint = if at == 0 { Joint::First } else { Joint::Then };
            self.chain(statement, joint, depth, &mut items);
        }
        items
    }

    /// A statement; what is chained in it by `&&`, `||` and `|` are parts of the same list.
    fn chain(&self, statement: &Stmt, joint: Joint, depth: usize, items: &mut Vec<Item<'s>>) {
        // Chains lean to the left and are as long as the author likes.
        let mut right = Vec::new();
        let mut leftmost = statement;
        // The `!` of a pipeline stands before its first command.
        let mut negated = false;
        while let Command::Binary(binary) = &leftmost.command {
            let joint = match binary.op {
                BinaryOp::And => Joint::And,
                BinaryOp::Or => Joint::Or,
                BinaryOp::Pipe | BinaryOp::PipeAll => Joint::Pipe,
            };
            right.push((&*binary.right, joint));
            negated |= leftmost.negated;
            leftmost = &binary.left;
        }
        let mut first = self.item(leftmost, joint, depth);
        first.negated |= negated;
        items.push(first);
        for (part, joint) in right.into_iter().rev() {
            // `a && b | c`: a pipe binds closer.
            if matches!(part.command, Command::Binary(_)) && depth < DEPTH_LIMIT {
                self.chain(part, joint, depth + 1, items);
            } else {
                items.push(self.item(part, joint, depth));
            }
        }
        if let Some(last) = items.last_mut() {
            last.background |= is_background(statement);
        }
    }

    fn item(&self, statement: &Stmt, joint: Joint, depth: usize) -> Item<'s> {
        Item {
            joint,
            negated: statement.negated,
            background: is_background(statement),
            node: self.node(statement, depth),
        }
    }

    fn node(&self, statement: &Stmt, depth: usize) -> Node<'s> {
        if depth >= DEPTH_LIMIT {
            return Node::Other;
        }
        let span = match &statement.command {
            Command::Simple(simple) => simple.span,
            Command::Decl(declaration) => declaration.span,
            Command::Builtin(builtin) => match builtin {
                BuiltinCommand::Break(it) => it.span,
                BuiltinCommand::Continue(it) => it.span,
                BuiltinCommand::Return(it) => it.span,
                BuiltinCommand::Exit(it) => it.span,
            },
            Command::Compound(compound) => return self.compound(compound, depth + 1),
            _ => return Node::Other,
        };
        self.command(span).map_or(Node::Other, Node::Command)
    }

    fn compound(&self, compound: &CompoundCommand, depth: usize) -> Node<'s> {
        match compound {
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => {
                Node::Group(self.list(body, depth))
            }
            CompoundCommand::If(it) if it.elif_branches.is_empty() => Node::If {
                condition: self.list(&it.condition, depth),
                then: self.list(&it.then_branch, depth),
                otherwise: it.else_branch.as_ref().map(|it| self.list(it, depth)),
            },
            CompoundCommand::Conditional(it) => match &it.expression {
                ConditionalExpr::Binary(it) => Node::Comparison {
                    left: self.written(it.left.span()),
                    operator: it.op.as_str(),
                    right: self.written(it.right.span()),
                },
                _ => Node::Other,
            },
            _ => Node::Other,
        }
    }

    fn command(&self, span: Span) -> Option<&'s ShellCommand> {
        let start = span.start.offset();
        let commands = &self.script.commands;
        let from = commands.partition_point(|command| command.start < start);
        commands
            .get(from..)?
            .iter()
            .take_while(|command| command.start == start)
            .find(|command| !command.substituted)
    }

    fn written(&self, span: Span) -> ShellWord {
        let end = span.end.offset().min(self.text.len());
        let start = span.start.offset().min(end);
        ShellWord {
            literal: None,
            raw: self.text.get(start..end).unwrap_or_default().to_owned(),
            start,
            end,
        }
    }
}

fn is_background(statement: &Stmt) -> bool {
    matches!(
        statement.terminator,
        Some(shuck_ast::StmtTerminator::Background(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Dialect, parse};

    fn shown(items: &[Item<'_>]) -> String {
        let parts = items.iter().map(|item| {
            let joint = match item.joint {
                Joint::First => "",
                Joint::And => "&& ",
                Joint::Or => "|| ",
                Joint::Then => "; ",
                Joint::Pipe => "| ",
            };
            let negated = if item.negated { "! " } else { "" };
            let node = match &item.node {
                Node::Command(command) => command
                    .words
                    .iter()
                    .map(|word| word.raw.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
                Node::Group(items) => format!("({})", shown(items)),
                Node::If {
                    condition,
                    then,
                    otherwise,
                } => format!(
                    "if ({}) ({}) ({})",
                    shown(condition),
                    shown(then),
                    otherwise.as_deref().map(shown).unwrap_or_default()
                ),
                Node::Comparison {
                    left,
                    operator,
                    right,
                } => format!("[{} {operator} {}]", left.raw, right.raw),
                Node::Other => "...".to_owned(),
            };
            let behind = if item.background { " &" } else { "" };
            format!("{joint}{negated}{node}{behind}")
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_keep_their_order_and_their_joints() {
        for (text, expected) in [
            ("a b; c && d || e", "a b ; c && d || e"),
            ("! a | b", "! a | b"),
            ("a && b | c || d", "a && b | c || d"),
            ("a & b", "a & ; b"),
            ("a || { echo b; exit 1; }", "a || (echo b ; exit 1)"),
            ("if ! a; then b; else (c); fi; d", "if (! a) (b) ((c)) ; d"),
            ("if a; then b; elif c; then d; fi", "..."),
            ("[[ \"$(a b)\" == c ]] && d", "[\"$(a b)\" == c] && d"),
            ("while a; do b; done; export A=b", "... ; export A=b"),
            ("A=$(b c) d > \"$(e)\" || exit", "d || exit"),
        ] {
            let script = parse(text, Dialect::Bash);
            assert_eq!(script.errors, [], "{text}");
            assert_eq!(shown(&script.outline(text)), expected, "{text}");
        }
        let text = "test \"$(curl -s | grep x)\" = \"$(other)\"";
        let script = parse(text, Dialect::Bash);
        let word = &script.commands[0].words[1];
        let inside: Vec<_> = script
            .substituted_in(word)
            .map(|command| command.words[0].raw.as_str())
            .collect();
        assert_eq!(inside, ["curl", "grep"]);
    }
}
