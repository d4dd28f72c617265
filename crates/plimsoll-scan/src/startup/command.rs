//! Which programs a command line runs, as far as that is certain.
//!
//! Of wrappers and shells only forms are read whose meaning cannot be another. Where a line goes on
//! in a way that depends on anything but itself, what comes behind is not told.

mod builtin;
mod given;
mod shell;
mod text;
mod variable;

use std::collections::HashSet;

use plimsoll_model::StartupRole;
use plimsoll_syntax::shell::ShellCommand;
use plimsoll_syntax::shell::wrapper::{self, Purpose};

use self::builtin::only_looks;
pub(super) use self::builtin::{exits_on_failure, is_builtin};
use self::given::given_file;
use self::shell::Call;
use self::text::{Text, alternatives, is_needed, known, leaves_search};
use self::variable::Variables;
use crate::catalogue::base_name;

/// A program that is started, or a file that an interpreter is given to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) role: StartupRole,
    pub(super) word: String,
    /// The interpreter, for a file it is given.
    pub(super) given_to: Option<String>,
    /// Whether a shell looks for it, which may know a command of that name itself.
    pub(super) in_shell: bool,
    /// Whether it is started by what gives a file that the kernel does not know to a shell: a shell
    /// itself, and what starts programs by `execvp(3)`.
    pub(super) falls_back: bool,
    /// The shells that run before it, which may read something first.
    pub(super) shells: Vec<String>,
    /// Whether sudo or su starts it: as a user of whom nothing is known, and from folders of its own.
    pub(super) by_sudo: bool,
    /// Where it is looked for, if it is started with another environment than the image's. Nothing else is
    /// known of that.
    pub(super) search_path: Option<String>,
    /// The folder it is started in.
    pub(super) folder: String,
    /// The user, and behind a colon the group, that it is told to start something as.
    pub(super) user: Option<String>,
    /// What a program or a script of a shell is given.
    pub(super) arguments: Vec<String>,
    /// Programs that a shell tries where this one does not work.
    pub(super) instead: Vec<String>,
}

impl Step {
    /// What tells it from others of one command line.
    pub(super) fn name(&self) -> (String, Option<String>) {
        (self.word.clone(), self.given_to.clone())
    }
}

/// Wrappers and shells inside each other that are followed.
const MAX_DEPTH: usize = 6;

/// Commands of a text that are passed over for the one behind them.
const MAX_COMMANDS: usize = 1_000;

/// Where programs are looked for with no `PATH` at all: what C libraries have for that, and what shells and
/// setpriv set.
const NO_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The longest path that Linux takes (`PATH_MAX`).
pub(super) const MAX_PATH: usize = 4_096;

/// Reads the steps of one command line.
pub(super) struct Reader<'e> {
    role: StartupRole,
    folder: String,
    in_shell: bool,
    falls_back: bool,
    shells: Vec<String>,
    /// Whether sudo or su starts it.
    pub(super) by_sudo: bool,
    search_path: Option<String>,
    variables: Variables<'e>,
    instead: Vec<String>,
    pub(super) steps: Vec<Step>,
}

impl<'e> Reader<'e> {
    /// Reads what is started in `folder` with the variables `env`.
    pub(super) fn new(role: StartupRole, folder: &str, env: &'e [String]) -> Self {
        Self {
            role,
            folder: if folder.is_empty() { "/" } else { folder }.to_owned(),
            in_shell: false,
            falls_back: false,
            shells: Vec::new(),
            by_sudo: false,
            search_path: None,
            variables: Variables::new(env),
            instead: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// As [`Self::new`], for what the last of these shells runs, which may have set any variable; `replaces`
    /// says that it is replaced by that.
    pub(super) fn in_script(
        role: StartupRole,
        folder: &str,
        replaces: bool,
        shells: Vec<String>,
    ) -> Self {
        Self {
            in_shell: !replaces,
            falls_back: true,
            shells,
            ..Self::new(role, folder, &[])
        }
    }

    /// Reads a list of arguments. Gives whether nothing ran that may change the image before what
    /// comes behind it.
    pub(super) fn arguments(&mut self, words: &[String], depth: usize) {
        let Some((program, rest)) = words.split_first() else {
            return;
        };
        if program.is_empty() || depth > MAX_DEPTH {
            return;
        }
        self.push(program, None, rest);
        // What it starts has an environment that is not known.
        if self.search_path.is_some() {
            return;
        }
        let name = program.rsplit('/').next().unwrap_or_default();
        match name {
            "sh" | "ash" | "dash" | "bash" => self.shell(program, rest, depth),
            _ if self.wrapped(name, rest, depth) => {}
            _ => {
                if let Some(file) = given_file(name, rest) {
                    self.push(file, Some(program), &[]);
                }
            }
        }
    }

    fn push(&mut self, word: &str, given_to: Option<&str>, arguments: &[String]) {
        self.steps.push(Step {
            role: self.role,
            word: word.to_owned(),
            given_to: given_to.map(str::to_owned),
            in_shell: self.in_shell && given_to.is_none(),
            falls_back: self.falls_back,
            shells: self.shells.clone(),
            by_sudo: self.by_sudo,
            search_path: self.search_path.clone(),
            folder: self.folder.clone(),
            user: None,
            arguments: arguments.to_vec(),
            instead: self.instead.clone(),
        });
    }

    /// `sh -c TEXT` or `sh FILE`.
    fn shell(&mut self, program: &str, words: &[String], depth: usize) {
        let Some(call) = Call::read(words) else {
            return;
        };
        let Some((first, arguments)) = call.operands.split_first() else {
            return;
        };
        if call.reads_text {
            self.in_shell = true;
            self.shells.push(program.to_owned());
            self.text(first, call.exits, depth);
        } else if first.contains('/') {
            // Without a slash it is looked for in more than one place.
            self.push(first, Some(program), arguments);
        }
    }

    /// The first program of a shell's text that decides, and what goes before it without effect on
    /// programs. `exits` tells whether the shell ends with the first command that fails.
    fn text(&mut self, text: &str, exits: bool, depth: usize) {
        let Some(read) = Text::read(text) else {
            return;
        };
        // An expansion may set what it expands.
        let variables = match text.contains(":=") {
            true => Variables::default(),
            false => self.variables.clone(),
        };
        let variables = std::mem::replace(&mut self.variables, variables);
        self.parts(&read, text, exits, depth);
        self.variables = variables;
    }

    fn parts(&mut self, read: &Text, text: &str, mut exits: bool, depth: usize) {
        let parts = read.parts(text, self.role == StartupRole::HealthCheck);
        // What the text writes may be what it runs.
        let mut written: HashSet<&str> = HashSet::new();
        // Whether what comes next is run at all events: behind `&&` it may not be.
        let mut next_is_sure = true;
        for at in 0..parts.len().min(MAX_COMMANDS) {
            let rest = parts.get(at..).unwrap_or_default();
            let Some((part, behind)) = rest.split_first() else {
                return;
            };
            let Some(command) = part.plain() else {
                return;
            };
            let is_sure = next_is_sure;
            next_is_sure = is_sure || part.is_followed_at_all_events();
            // All parts of a pipe are started, whatever becomes of the others.
            let goes_on = part.goes_on() || part.is_piped();
            let mut set = command.assignments.iter();
            if set.any(|(name, _)| changes_search(&format!("{name}="))) {
                return;
            }
            let words = self.variables.words(command);
            let is_written = |word: &String| written.contains(base_name(word));
            if !written.is_empty() && words.iter().any(is_written) {
                return;
            }
            self.take_variables(command);
            let Some(program) = words.first() else {
                let assigned = read.assigned(command);
                if let Some(assigned) = assigned.map(|command| self.variables.words(command))
                    && assigned.first().is_some_and(|program| !is_builtin(program))
                    && is_sure
                    && is_needed(rest, exits)
                {
                    self.in_shell_command(&assigned, depth, false);
                }
                if !command.words.is_empty() || !part.goes_on() {
                    return;
                }
                continue;
            };
            match program.as_str() {
                // What comes behind it depends on it.
                "exec" | "cd" if !is_sure => return,
                "exec" => {
                    let words = words.get(1..).unwrap_or_default();
                    if words.first().is_some_and(|word| word.starts_with('-')) {
                        return;
                    }
                    return self.in_shell_command(words, depth, true);
                }
                "cd" => match command.words.as_slice() {
                    [_, folder] if part.goes_on() => {
                        let Some(folder) = known(folder).filter(|it| !it.starts_with('-')) else {
                            return;
                        };
                        if self.folder.len() + folder.len() > MAX_PATH {
                            return;
                        }
                        self.folder = joined(&self.folder, folder);
                        next_is_sure = part.is_followed_at_all_events() || is_needed(rest, exits);
                    }
                    _ => return,
                },
                "export" if part.goes_on() && command.words.iter().all(leaves_search) => {}
                "set" if part.goes_on() => {
                    let is_known = words.len() == command.words.len();
                    exits = is_known && exits_on_failure(&words, exits) && (exits || is_sure);
                }
                "umask" | "ulimit" | ":" | "true" | "echo" | "printf" | "sleep" if goes_on => {}
                _ if is_builtin(program) => return,
                _ => {
                    let needed = is_needed(rest, exits);
                    let instead = match part.has_others() && !needed {
                        true => alternatives(behind),
                        false => needed.then(Vec::new),
                    };
                    // Of `A && B || C` something fails where both B and C do, whatever A does.
                    if let Some(instead) = instead.filter(|it| is_sure || !it.is_empty()) {
                        self.instead = instead;
                        self.in_shell_command(&words, depth, false);
                        self.instead.clear();
                    }
                    if !(goes_on && only_looks(program)) {
                        return;
                    }
                    next_is_sure = part.is_followed_at_all_events() || is_sure && needed;
                }
            }
            for target in &command.writes {
                let Some(path) = known(target) else {
                    return;
                };
                written.insert(base_name(path));
            }
        }
    }

    /// Takes in what a command sets, for itself or for what comes behind it.
    fn take_variables(&mut self, command: &ShellCommand) {
        for (name, _) in &command.assignments {
            self.variables.change(name);
        }
        let mut words = command.words.iter().map(|word| word.raw.as_str());
        match words.next() {
            Some("export") => {
                for (name, _) in words.filter_map(|word| word.split_once('=')) {
                    self.variables.change(name);
                }
            }
            Some("printf") => words.take(2).for_each(|word| self.variables.change(word)),
            _ => {}
        }
    }

    /// Reads what a program starts that is there to start others; whether it is one.
    fn wrapped(&mut self, name: &str, words: &[String], depth: usize) -> bool {
        let Some(wrapper) = wrapper::of(name).filter(|it| it.purpose() != Purpose::Shell) else {
            return false;
        };
        let call = wrapper.read(words.iter().map(|word| Some(word.as_str())));
        if let Some(step) = self.steps.last_mut() {
            step.user = call
                .user
                .flatten()
                .filter(|_| call.is_certain)
                .map(str::to_owned);
        }
        let before = (self.by_sudo, self.in_shell, self.falls_back);
        if let Some(Some(text)) = call.text
            && call.is_certain
            && !call.is_fresh
        {
            // Whose shell it is, and what it takes from the variables, is not known.
            self.by_sudo = true;
            self.in_shell = true;
            let variables = std::mem::take(&mut self.variables);
            self.text(text, false, depth);
            self.variables = variables;
            (self.by_sudo, self.in_shell, self.falls_back) = before;
            return true;
        }
        let folder = call.folder.flatten();
        let is_long = |to: &str| self.folder.len() + to.len() > MAX_PATH;
        let command = call.command.and_then(|at| words.get(at..));
        let Some(command) = command.filter(|_| {
            let mut set = call
                .assignments
                .iter()
                .filter(|word| !word.starts_with("PATH="));
            call.is_certain
                && !set.any(|word| changes_search(word))
                && !folder.is_some_and(|to| to.is_empty() || is_long(to))
        }) else {
            return true;
        };
        let folder = folder.map_or_else(|| self.folder.clone(), |to| joined(&self.folder, to));
        let folder = std::mem::replace(&mut self.folder, folder);
        let mut set = call.assignments.iter().rev();
        let variables = self.variables.clone();
        for (name, _) in call
            .assignments
            .iter()
            .filter_map(|word| word.split_once('='))
        {
            self.variables.change(name);
        }
        let by_sudo = self.by_sudo || matches!(name, "sudo" | "doas");
        if by_sudo {
            self.variables = Variables::default();
        }
        self.search_path = set
            .find_map(|word| word.strip_prefix("PATH="))
            .or_else(|| call.is_fresh.then_some(NO_PATH))
            .map(str::to_owned);
        (self.by_sudo, self.in_shell, self.falls_back) = (by_sudo, false, true);
        self.arguments(command, depth + 1);
        (self.by_sudo, self.in_shell, self.falls_back) = before;
        self.search_path = None;
        self.variables = variables;
        self.folder = folder;
        true
    }

    fn in_shell_command(&mut self, words: &[String], depth: usize, replaces: bool) {
        // What `exec` names must be a file.
        self.in_shell = !replaces;
        self.falls_back = true;
        self.arguments(words, depth + 1);
    }
}

/// Whether a word sets where programs or their libraries are looked for, or what bash reads first.
pub(super) fn changes_search(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "PATH=",
        "PATH+=",
        "LD_",
        "PYTHON",
        "NODE_",
        "CDPATH=",
        "CDPATH+=",
        "BASH_ENV=",
        "BASH_FUNC_",
    ];
    NAMES.iter().any(|name| word.starts_with(name))
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// A path in a folder; one that is absolute already is left.
pub(super) fn joined(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests;
