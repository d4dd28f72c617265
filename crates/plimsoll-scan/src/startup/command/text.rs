//! The text of `sh -c`: which command of it surely runs first, and what a health check that is
//! wrapped in a condition asks.

use plimsoll_syntax::shell::{self, Dialect, Item, Joint, Node, Script, ShellCommand, ShellWord};

use super::builtin::is_builtin;
use super::{changes_search, is_assignment};

/// A text that a shell is handed.
pub(super) struct Text {
    script: Script,
}

/// A part of a list, as far as it is known.
pub(super) struct Part<'s> {
    pub(super) command: Option<&'s ShellCommand>,
    /// What it is where it is no simple command.
    other: Option<Node<'s>>,
    /// How it goes on behind it; nothing at the end.
    then: Option<Joint>,
    /// Whether `!` stands before it.
    negated: bool,
    /// Whether nobody waits for it.
    background: bool,
}

impl Text {
    /// Reads a text; `None` where it is too long, or no shell would.
    pub(super) fn read(text: &str) -> Option<Self> {
        let script = shell::parse(text, Dialect::Bash);
        script.errors.is_empty().then_some(Self { script })
    }

    /// The list that a text is. Of a health check it is what that stands and falls with.
    pub(super) fn parts(&self, text: &str, is_check: bool) -> Vec<Part<'_>> {
        let mut items = self.script.outline(text);
        // A text that is one group is what stands in it.
        while let [one] = items.as_mut_slice()
            && !(one.negated || one.background)
            && let Node::Group(inner) = &mut one.node
        {
            items = std::mem::take(inner);
        }
        if is_check {
            return self.asked(parts(items));
        }
        // Nothing but what is waited for runs behind the shell's back.
        if let [one, behind] = items.as_mut_slice()
            && one.background
            && let Node::Command(command) = &behind.node
            && raw(command).next() == Some("wait")
        {
            one.background = false;
            items.truncate(1);
        }
        parts(items)
    }

    /// The list that a health check stands and falls with, where it asks for more than that: `! C`,
    /// `if ! C; then exit 1; fi`, `test "$(C)" = ok`.
    fn asked<'s>(&'s self, mut items: Vec<Part<'s>>) -> Vec<Part<'s>> {
        let Some(first) = items.first_mut() else {
            return items;
        };
        if std::mem::take(&mut first.negated) {
            return items;
        }
        let substituted = match (&mut first.other, first.command) {
            (
                Some(Node::If {
                    condition,
                    then,
                    otherwise,
                }),
                _,
            ) => {
                let negated = condition
                    .first_mut()
                    .is_some_and(|first| std::mem::take(&mut first.negated));
                let fails = match negated {
                    true => Some(std::mem::take(then)),
                    false => otherwise.take(),
                };
                if !fails.is_some_and(|fails| gives_up(&parts(fails))) {
                    return items;
                }
                return parts(std::mem::take(condition));
            }
            (
                Some(Node::Comparison {
                    left,
                    operator,
                    right,
                }),
                _,
            ) => self.compared(left, operator, right),
            (None, Some(command)) => {
                let words = command.words.as_slice();
                let program = words.first().map(|word| word.raw.as_str());
                match (program, words) {
                    (Some("test"), [_, left, operator, right])
                    | (Some("["), [_, left, operator, right, _]) => {
                        self.compared(left, &operator.raw, right)
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        substituted.unwrap_or(items)
    }

    /// The one command of `NAME="$(C)"`, which works where that does.
    pub(super) fn assigned(&self, command: &ShellCommand) -> Option<&ShellCommand> {
        let [(_, value)] = command.assignments.as_slice() else {
            return None;
        };
        let written = value.raw.trim_matches('"');
        let inner = written.strip_prefix("$(")?.strip_suffix(')')?.trim();
        let is_plain = !inner.starts_with(['!', '(', '{']) && !inner.ends_with('&');
        let mut commands = self.script.substituted_in(value);
        let one = commands.next().filter(|one| one.assignments.is_empty())?;
        let is_all = is_plain && command.words.is_empty() && commands.next().is_none();
        is_all.then_some(one)
    }

    /// The commands of `"$(C)" = something`.
    fn compared<'s>(
        &'s self,
        left: &ShellWord,
        operator: &str,
        right: &ShellWord,
    ) -> Option<Vec<Part<'s>>> {
        let written = left.raw.trim_matches('"');
        // Nothing is not the same as something.
        let something = right
            .raw
            .trim_matches(['"', '\''])
            .starts_with(char::is_alphanumeric);
        let is_one = written.starts_with("$(")
            && written.ends_with(')')
            && written.matches("$(").count() == 1;
        if !matches!(operator, "=" | "==" | "-eq") || !something || !is_one {
            return None;
        }
        let commands = self.script.substituted_in(left);
        let items = commands.map(|command| Item {
            joint: command.joint,
            negated: false,
            background: false,
            node: Node::Command(command),
        });
        Some(parts(items.collect()))
    }
}

fn parts(items: Vec<Item<'_>>) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(items.len());
    for item in items {
        if let Some(before) = parts.last_mut() {
            before.then.get_or_insert(item.joint);
        }
        let (command, other) = match item.node {
            Node::Command(command) => (Some(command), None),
            other => (None, Some(other)),
        };
        parts.push(Part {
            command,
            other,
            then: item.background.then_some(Joint::Then),
            negated: item.negated,
            background: item.background,
        });
    }
    parts
}

impl<'s> Part<'s> {
    /// The command, where it is one that is known to run as it stands.
    pub(super) fn plain(&self) -> Option<&'s ShellCommand> {
        self.command.filter(|_| !self.negated)
    }

    /// Whether it is a command of its own, joined to none before it.
    fn is_alone(&self) -> bool {
        let joint = self.command.map(|command| command.joint);
        !self.background && matches!(joint, Some(Joint::First | Joint::Then))
    }

    /// Whether what stands behind it runs where it works.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.then, Some(Joint::And | Joint::Then))
    }

    /// Whether its output goes to what stands behind it.
    pub(super) fn is_piped(&self) -> bool {
        self.then == Some(Joint::Pipe)
    }

    /// Whether what stands behind it runs whether or not it works.
    pub(super) fn is_followed_at_all_events(&self) -> bool {
        self.then == Some(Joint::Then)
    }

    /// Whether what stands behind it runs where it does not work, and only there.
    pub(super) fn has_others(&self) -> bool {
        self.then == Some(Joint::Or)
    }
}

/// Whether nothing works where the first part of a list does not. `exits` tells whether the shell ends
/// with the first command that fails.
pub(super) fn is_needed(list: &[Part<'_>], exits: bool) -> bool {
    for (at, part) in list.iter().enumerate() {
        let behind = list.get(at + 1..).unwrap_or_default();
        return match part.then {
            None | Some(Joint::First) => true,
            // What is joined to it by these runs where it works, or is told nothing.
            Some(Joint::And | Joint::Pipe) => continue,
            Some(Joint::Or) => gives_up(behind),
            Some(Joint::Then) => {
                // Only the last of a list ends the shell.
                let ends = exits && at == 0 && part.is_alone();
                let next = behind.first().and_then(|next| next.plain());
                ends || next.is_some_and(|next| raw(next).eq(["exit", "$?"]))
            }
        };
    }
    false
}

fn raw(command: &ShellCommand) -> impl Iterator<Item = &str> {
    command.words.iter().map(|word| word.raw.as_str())
}

/// Whether a list ends the shell with a failure, or is one, after it said something at most.
fn gives_up(list: &[Part<'_>]) -> bool {
    for part in list {
        if let Some(Node::Group(items)) = &part.other {
            return gives_up(&parts(items.clone()));
        }
        let Some(command) = part.plain() else {
            return false;
        };
        let mut words = raw(command);
        match words.next() {
            Some("echo" | "printf") if part.goes_on() => {}
            Some("exit") => return words.next().is_none_or(|status| !status.starts_with('0')),
            Some("kill" | "false") => return true,
            _ => return false,
        }
    }
    false
}

/// Alternatives that are told.
const MAX_ALTERNATIVES: usize = 10;

/// The programs that a shell tries one after the other, behind a first `||`; `None` where one of
/// them always works, or is not known.
pub(super) fn alternatives(list: &[Part<'_>]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (at, part) in list.iter().enumerate().take(MAX_ALTERNATIVES) {
        let command = part.plain().filter(|it| it.assignments.is_empty())?;
        let mut words = command.words.iter();
        let mut program = known(words.next()?)?;
        // It ends the shell with whatever it runs.
        if program == "exec" {
            program = known(words.next()?)?;
        }
        if program.starts_with('-') || is_builtin(program) || is_assignment(program) {
            return None;
        }
        found.push(program.to_owned());
        if is_needed(list.get(at..)?, false) {
            return Some(found);
        }
        if !part.has_others() {
            return None;
        }
    }
    None
}

/// What a word is, where nothing but the text decides it.
pub(super) fn known(word: &ShellWord) -> Option<&str> {
    let literal = word.literal.as_deref()?;
    let is_pattern = literal.contains(['*', '?', '[']) || literal.starts_with('~');
    let is_quoted = |mark: char| {
        let inner = word
            .raw
            .strip_prefix(mark)
            .and_then(|raw| raw.strip_suffix(mark));
        inner.is_some_and(|inner| !inner.contains(mark))
    };
    (!is_pattern || literal == "[" || is_quoted('"') || is_quoted('\'')).then_some(literal)
}

/// Whether what `export` is given is known to leave where programs are looked for: of `NAME=$VALUE`
/// the name is enough, and of `"$NAME=VALUE"` nobody knows it.
pub(super) fn leaves_search(word: &ShellWord) -> bool {
    let known = word.literal.as_deref();
    known
        .or_else(|| Some(word.raw.as_str()).filter(|raw| is_assignment(raw)))
        .is_some_and(|word| !changes_search(word))
}
