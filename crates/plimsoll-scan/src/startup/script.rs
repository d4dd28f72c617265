//! What a shell script runs in the end: an entry point often ends in `exec "$@"`, which runs the
//! `CMD`, or in `exec node server.js`.
//!
//! What it does before that may change what runs: the first command of that kind is kept as a doubt.

mod command;
mod needed;
mod read;
mod supervisor;

use std::collections::HashSet;

use plimsoll_syntax::shell::Joint;
use serde::{Deserialize, Serialize};

use self::command::{Command, Word, is_harmless};
use self::needed::Needed;
pub(crate) use self::read::{Allowance, Reading};
pub(in crate::startup) use self::supervisor::Service;
use super::command::{MAX_PATH, changes_search, joined};

/// Characters of a command that are shown, and those that are kept until the credentials of its file are
/// out of it: of one that is cut nobody would know what it is.
const SHOWN: usize = 40;
const KEPT: usize = 1_000;

/// What makes and changes users and groups.
const ACCOUNT_TOOLS: &[&str] = &[
    "addgroup", "adduser", "groupadd", "groupmod", "useradd", "usermod",
];

/// Words that it is kept to put before its arguments: ways of them.
const MAX_BEFORE: usize = 3;

/// A script that runs something in its own place, or a configuration that names what is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// How it runs the arguments it is given, if it does.
    pub(super) arguments: Option<Run>,
    /// What it ends in whatever it is given: `exec node server.js`.
    pub(super) program: Option<Run>,
    /// Programs without which it does not come so far.
    pub(super) needed: Vec<Needed>,
    /// What a supervisor starts by it.
    pub(super) services: Vec<Service>,
    /// Patterns of files that a supervisor reads besides.
    pub(super) includes: Vec<String>,
    /// Whether it tells a supervisor to look for all programs elsewhere than the image does.
    pub(super) searches: bool,
}

/// What a script runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// The words, as far as they are known; where it runs its arguments a program that runs another,
    /// and its own arguments.
    pub(super) words: Vec<String>,
    /// Whether the arguments of the script stand behind the words.
    pub(super) hands_on: bool,
    /// Whether the shell is replaced, so that no command of its own can be named.
    pub(super) replaces: bool,
    /// Words that it may put before its arguments.
    pub(super) before: Vec<Vec<String>>,
    /// What may make it run something else in their place.
    pub(super) replaced: Option<Doubt>,
    /// What may bring a program, or change where programs are looked for.
    pub(super) brings: Option<Doubt>,
    /// What may lead into a folder that is not known.
    pub(super) moves: Option<Doubt>,
    /// The folder it goes to, where one is written there.
    pub(super) folder: Option<String>,
    /// Whether it changes permissions.
    pub(super) changes_modes: bool,
    /// Whether it makes or changes users or groups.
    pub(super) changes_accounts: bool,
}

/// A command of a script that decides what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubt {
    pub(super) line: usize,
    pub(super) command: String,
}

impl Doubt {
    /// A command of `line` of which these words are known.
    fn new(line: usize, words: &[&str]) -> Self {
        Self {
            line,
            command: words.join(" ").chars().take(KEPT).collect(),
        }
    }

    /// What the first line runs, and the first of what stands behind it.
    fn of_first_line(line: &str) -> Self {
        // Values are not shown: they may be credentials, with blanks in them.
        let names = line.split('=').next().unwrap_or_default();
        let words: Vec<&str> = names.split_ascii_whitespace().take(2).collect();
        let mut doubt = Self::new(1, &words);
        doubt.command.insert_str(0, "#!");
        doubt
    }

    /// Where it stands, and how it begins.
    pub(super) fn shown(&self) -> String {
        let command: String = self.command.chars().take(SHOWN).collect();
        format!("line {}, `{}`", self.line, command.escape_debug())
    }
}

impl Script {
    /// Rewrites every text that it keeps of its file, and every command, word by word.
    pub(crate) fn rewrite(
        &mut self,
        mut with: impl FnMut(&mut String),
        mut words_with: impl FnMut(&mut [String]),
    ) {
        for run in self.arguments.iter_mut().chain(&mut self.program) {
            words_with(&mut run.words);
            run.before.iter_mut().for_each(|words| words_with(words));
            run.folder.iter_mut().for_each(&mut with);
            let doubts = [&mut run.replaced, &mut run.brings, &mut run.moves];
            let doubts = doubts.into_iter().flatten();
            doubts.for_each(|doubt| with(&mut doubt.command));
        }
        let needed = self.needed.iter_mut();
        needed.for_each(|needed| with(&mut needed.name));
        for service in &mut self.services {
            words_with(&mut service.words);
            let others = service.user.iter_mut().chain(&mut service.folder);
            let others = others.chain(std::iter::once(&mut service.section));
            others.for_each(&mut with);
        }
        self.includes.iter_mut().for_each(with);
    }

    /// The bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let runs = self.arguments.iter().chain(&self.program);
        let runs = runs.map(|run| {
            let words = run.words.iter().chain(run.before.iter().flatten());
            let doubts = [&run.replaced, &run.brings, &run.moves]
                .into_iter()
                .flatten();
            let doubts = doubts.map(|doubt| doubt.command.len());
            let words = words.map(|word| word.len() + 24).chain(doubts);
            words.sum::<usize>() + 256
        });
        let needed = self.needed.iter().map(|needed| needed.name.len() + 32);
        let services = self.services.iter().map(|service| {
            let words = service.words.iter().chain(&service.user);
            words
                .chain(&service.folder)
                .chain(std::iter::once(&service.section))
                .map(|word| word.len() + 24)
                .sum::<usize>()
                + 64
        });
        let includes = self.includes.iter().map(|file| file.len() + 24);
        runs.chain(needed).chain(services).chain(includes).sum()
    }
}

/// What the commands of a script amount to.
fn judged(all: &[Command], first_line: &str) -> Option<Script> {
    // `main "$@"` at the end: what counts is the body of that function.
    let functions: HashSet<&str> = all
        .iter()
        .filter_map(|command| command.function.as_deref())
        .collect();
    let last = all.iter().rfind(|command| command.function.is_none())?;
    let (main, is_handed) = match last.words.as_slice() {
        [Word::Literal(name), rest @ ..] if functions.contains(name.as_str()) => match rest {
            [] => (Some(name.as_str()), false),
            [Word::Arguments] => (Some(name.as_str()), true),
            _ => (None, true),
        },
        _ => (None, true),
    };
    let seen = Seen {
        all,
        functions: &functions,
        main: main.filter(|_| is_handed),
    };
    let arguments = seen.arguments();
    let seen = Seen { main, ..seen };
    let program = seen.program().map(|run| Run {
        hands_on: run.hands_on && is_handed,
        ..run
    });
    let mut script = Script {
        arguments,
        program,
        needed: needed::needed(all, &functions, first_line),
        ..Script::default()
    };
    // What a login shell reads, and what runs a shell, may set anything.
    if needed::may_set_anything(first_line) {
        script.needed.clear();
        for run in script.arguments.iter_mut().chain(&mut script.program) {
            run.brings
                .get_or_insert_with(|| Doubt::of_first_line(first_line));
        }
    }
    (script.arguments.is_some() || script.program.is_some()).then_some(script)
}

/// The commands of a script.
struct Seen<'a> {
    all: &'a [Command],
    functions: &'a HashSet<&'a str>,
    /// The function that is all there is to it.
    main: Option<&'a str>,
}

impl Seen<'_> {
    fn is_main(&self, command: &Command) -> bool {
        command.function.as_deref() == self.main
    }

    /// Whether a command is inside no condition and no loop.
    fn is_outermost(&self, command: &Command) -> bool {
        let depth = if self.main.is_some() { 2 } else { 0 };
        self.is_main(command) && command.depth == depth
    }

    /// How the arguments are run.
    fn arguments(&self) -> Option<Run> {
        let (at, (words, replaces)) = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, command)| self.is_main(command))
            .filter_map(|(at, command)| Some((at, command.runs()?)))
            .next_back()?;
        let mut run = Run {
            words,
            hands_on: true,
            replaces,
            ..Run::default()
        };
        for (index, command) in self.all.iter().enumerate() {
            if self.is_main(command) {
                run.replaced_by(command, index == at);
            }
        }
        self.surroundings(&mut run, at);
        let has_functions = self.all.iter().any(|command| command.function.is_some());
        if !replaces && has_functions && run.brings.is_none() {
            // It may be a function of the script that is named.
            run.brings = self.all.get(at).map(Command::doubt);
        }
        Some(run)
    }

    /// What it ends in: the last command, where that is run at all events.
    fn program(&self) -> Option<Run> {
        let at = self.all.iter().rposition(|command| self.is_main(command))?;
        let command = self.all.get(at)?;
        let (words, mut hands_on, replaces) = match command.executes() {
            Some((words, hands_on)) => (words, hands_on, true),
            // The last of all commands is what the script ends with, whatever came before.
            None => {
                let (words, hands_on) = command.calls()?;
                let is_function = words
                    .first()
                    .is_some_and(|name| self.functions.contains(name.as_str()));
                if is_function || self.main.is_some() {
                    return None;
                }
                (words, hands_on, false)
            }
        };
        if !self.is_outermost(command) || !self.is_reached(at) {
            return None;
        }
        let mut replaced = None;
        for (index, command) in self.all.iter().enumerate() {
            let words = command.words.as_slice();
            let is_else = match words.first().and_then(Word::literal) {
                // Of arguments that are run another part speaks.
                Some("exec") => words.len() > 1 && command.runs().is_none() && !command.repeats(),
                Some("exit") => {
                    let status = words.get(1).map(|word| word.literal().unwrap_or_default());
                    self.is_main(command)
                        && status.is_none_or(|status| status.is_empty() || status == "0")
                }
                Some("set" | "shift") => {
                    hands_on &= words
                        .get(1)
                        .and_then(Word::literal)
                        .is_some_and(|option| option.starts_with(['-', '+']) && option != "--");
                    false
                }
                _ => false,
            };
            if is_else && index != at && replaced.is_none() {
                replaced = Some(command.doubt());
            }
        }
        let mut run = Run {
            words,
            hands_on,
            replaces,
            replaced,
            ..Run::default()
        };
        self.surroundings(&mut run, at);
        Some(run)
    }

    /// Whether nothing that is joined to a command keeps it from being reached, but a failure that
    /// ends the script anyway.
    fn is_reached(&self, at: usize) -> bool {
        for command in self.all.get(..=at).unwrap_or_default().iter().rev() {
            match command.joint {
                Joint::First | Joint::Then => return true,
                Joint::And => {}
                Joint::Or | Joint::Pipe => return false,
            }
        }
        true
    }

    /// Notes what around the command at `at` may change what it runs.
    fn surroundings(&self, run: &mut Run, at: usize) {
        for (index, command) in self.all.iter().enumerate() {
            if index != at || command.searches {
                run.brought_by(command, self.functions);
            }
            if index < at {
                run.moved_by(command, self.is_outermost(command));
            }
        }
    }
}

impl Run {
    /// Notes what runs something else than the arguments.
    fn replaced_by(&mut self, command: &Command, is_it: bool) {
        let replaces = match command.words.as_slice() {
            [
                Word::Literal(set),
                Word::Literal(dashes),
                words @ ..,
                Word::Arguments,
            ] if set == "set"
                && dashes == "--"
                && words.iter().all(|word| word.literal().is_some())
                && self.before.len() < MAX_BEFORE =>
            {
                let words = words.iter().filter_map(Word::literal);
                self.before.push(words.map(str::to_owned).collect());
                false
            }
            [Word::Literal(set), Word::Literal(first), ..] if set == "set" => {
                first == "--" || !first.starts_with(['-', '+'])
            }
            [Word::Literal(set), _, ..] if set == "set" => true,
            [Word::Literal(word), ..] if word == "shift" => true,
            // Without a program `exec` only leads output elsewhere.
            [Word::Literal(word), _, ..] if word == "exec" => {
                !is_it && command.runs().is_none() && !command.repeats()
            }
            _ => false,
        };
        if replaces && self.replaced.is_none() {
            self.replaced = Some(command.doubt());
        }
    }

    /// Notes what may bring a program, or change where one is looked for.
    fn brought_by(&mut self, command: &Command, functions: &HashSet<&str>) {
        let mut words = command.words.iter().map(Word::literal);
        let brings = match words.next() {
            None => false,
            Some(None) => command.runs().is_none(),
            Some(Some("export" | "readonly" | "local" | "declare" | "typeset")) => {
                // What is not known may be any variable.
                words.any(|word| word.is_none_or(changes_search))
            }
            Some(Some("chmod")) => {
                self.changes_modes = true;
                false
            }
            Some(Some(name)) if ACCOUNT_TOOLS.contains(&name) => {
                self.changes_accounts = true;
                false
            }
            Some(Some("exec" | "cd" | "pushd" | "popd")) => false,
            Some(Some(name)) => {
                (!is_harmless(name) || command.runs_others())
                    && !functions.contains(name)
                    && command.runs().is_none()
            }
        };
        if (brings || command.searches || command.writes) && self.brings.is_none() {
            self.brings = Some(command.doubt());
        }
    }

    /// Notes where it goes.
    fn moved_by(&mut self, command: &Command, is_outermost: bool) {
        let mut words = command.words.iter().map(Word::literal);
        let folder = match words.next() {
            Some(Some("cd")) => words.next().flatten(),
            Some(Some("pushd" | "popd")) => None,
            _ => return,
        };
        let is_sure = is_outermost && matches!(command.joint, Joint::First | Joint::Then);
        let is_known =
            |folder: &str| !folder.starts_with(['-', '~']) && !folder.contains(['*', '?', '[']);
        match folder.filter(|folder| is_sure && is_known(folder)) {
            Some(folder) if folder.len() <= MAX_PATH => {
                let from = self.folder.take().unwrap_or_default();
                if folder.starts_with('/') {
                    self.moves = None;
                }
                self.folder = Some(match from.len() + folder.len() {
                    0..MAX_PATH if !from.is_empty() => joined(&from, folder),
                    _ => folder.to_owned(),
                });
            }
            _ => {
                self.moves.get_or_insert_with(|| command.doubt());
            }
        }
    }
}

#[cfg(test)]
mod tests;
