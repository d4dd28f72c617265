//! Follows scripts of shells to what they run in the end: the arguments that they are given, or a
//! program of their own choice.

use plimsoll_model::{Skipped, StartupFile, StartupProblem, StartupRole, Topic};

use super::accounts::Identity;
use super::command::{MAX_PATH, Reader, Step, joined};
use super::place::Found;
use super::script::Script;
use super::{Startup, Surroundings};
use crate::catalogue::base_name;

/// Scripts that each run the next.
const MAX_SCRIPTS: usize = 5;

impl<'a> Surroundings<'a> {
    /// Looks at the steps of a command line, and at what the scripts among them run.
    pub(super) fn take_steps(
        &self,
        steps: Vec<Step>,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        for step in steps {
            let file = self.look(&step, identity);
            if !file.problems.is_empty() {
                // It matters where nothing else does its work, and stops what it would have started.
                if let Some(others) = self.none_instead(&step, identity) {
                    match self.doubted(&step) {
                        Some(doubt) => startup.unclear.push(doubt),
                        None => {
                            startup.add(file);
                            others.into_iter().for_each(|other| startup.add(other));
                        }
                    }
                }
                return;
            }
            let follows = depth < MAX_SCRIPTS && step.search_path.is_none();
            let script = self.script(&file).filter(|_| follows);
            let is_unread = follows && self.is_unread_script(&file);
            let path = file.path.clone();
            startup.add(file);
            let Some(path) = path else { continue };
            let started = path.clone();
            let mut found = Startup::default();
            if let Some(script) = script {
                self.follow(script, &path, &step, identity, depth, &mut found);
            } else if is_unread {
                found.unclear.push(Skipped::new(
                    Topic::Startup,
                    path,
                    "it is one of more, or longer, shell scripts than are read of a layer: what \
                     runs was not looked at",
                ));
            }
            if follows {
                self.supervise(&step, &started, identity, depth, &mut found);
            }
            if !found.fails() {
                startup.extend(found);
            } else if let Some(others) = self.none_instead(&step, identity) {
                startup.extend(found);
                others.into_iter().for_each(|other| startup.add(other));
            } else {
                // What was not looked at was not, whatever stands in for it.
                startup.unclear.extend(found.unclear);
            }
        }
    }

    /// What a shell tries where a step does not work, if none of it can be run; nothing is none.
    fn none_instead(&self, step: &Step, identity: Option<&Identity>) -> Option<Vec<StartupFile>> {
        let others = step.instead.iter().map(|word| {
            // The shell starts it, not what starts the step.
            let other = Step {
                word: word.clone(),
                given_to: None,
                in_shell: true,
                falls_back: true,
                by_sudo: false,
                search_path: None,
                user: None,
                ..step.clone()
            };
            let file = self.look(&other, identity);
            (!file.problems.is_empty()).then_some(file)
        });
        others.collect()
    }

    pub(super) fn is_unread_script(&self, file: &StartupFile) -> bool {
        let node = file.path.as_deref().and_then(|path| self.tree.get(path));
        node.is_some_and(|node| {
            let (layer, fact) = self.content(node);
            let record = self.records.get(layer);
            record.is_some_and(|record| record.unread_scripts.contains(&fact.path))
        })
    }

    pub(super) fn script(&self, file: &StartupFile) -> Option<&'a Script> {
        let node = self.tree.get(file.path.as_deref()?)?;
        let (layer, fact) = self.content(node);
        self.records.get(layer)?.scripts.get(&fact.path)
    }

    /// The variable of the image that makes one of these shells read something before all else, which may
    /// set where programs and libraries lie, or what names mean. Bash alone does so: what `BASH_ENV` names
    /// where it is called so, functions whatever it is called. Of `ENV` an interactive shell hears alone.
    fn read_first(&self, shells: &[String]) -> Option<&str> {
        let is_named = |shell: &String| base_name(shell) == "bash";
        let is_bash = |shell: &String| match self.program(shell, "/", None) {
            Found::There(way, _) => base_name(&way.path) == "bash",
            Found::Missing => false,
            Found::Unknown => true,
        };
        let mut set = self.config.env.iter().filter_map(|one| one.split_once('='));
        set.find(|(name, value)| match *name {
            "BASH_ENV" => !value.is_empty() && shells.iter().any(is_named),
            name if name.starts_with("BASH_FUNC_") => {
                shells.iter().any(|shell| is_named(shell) || is_bash(shell))
            }
            _ => false,
        })
        .map(|(name, _)| name)
    }

    /// The shell that reads a script: the one that is given it, that of its first line, or else the
    /// system's.
    fn shell_of(&self, path: &str, step: &Step) -> String {
        if let Some(shell) = &step.given_to {
            return shell.clone();
        }
        let node = self.tree.get(path);
        let line = node.and_then(|node| self.shebang(node)).unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let shell = words.find(|word| matches!(base_name(word), "sh" | "bash" | "ash" | "dash"));
        shell.unwrap_or("/bin/sh").to_owned()
    }

    /// Why what is wrong with a step may not keep it from running.
    fn doubted(&self, step: &Step) -> Option<Skipped> {
        let name = self.read_first(&step.shells)?;
        Some(Skipped::new(
            Topic::Startup,
            step.word.clone(),
            format!(
                "as it lies in the image it cannot be run; what a shell takes from `{}` first may bring \
                 it, or set where it lies: what runs was not looked at",
                name.escape_debug()
            ),
        ))
    }

    /// The first program of a script without which it ends before it runs anything in its own place.
    fn missing_before(
        &self,
        script: &Script,
        path: &str,
        step: &Step,
        shells: &[String],
    ) -> Option<StartupFile> {
        let is_read_by_kernel = step.given_to.is_none();
        let shell = step.given_to.as_deref().map_or("sh", base_name);
        let is_known = matches!(shell, "sh" | "bash" | "dash");
        if step.by_sudo || !is_known || self.read_first(shells).is_some() {
            return None;
        }
        let mut needed = script.needed.iter();
        let missing = needed.find(|needed| {
            let may_be_there = match needed.is_read {
                true => self.may_be_mounted(&needed.name),
                false => self.shell_may_know(&needed.name),
            };
            (is_read_by_kernel || !needed.by_first_line)
                && !may_be_there
                && matches!(
                    self.program(&needed.name, &step.folder, None),
                    Found::Missing
                )
        })?;
        Some(StartupFile {
            role: step.role,
            word: missing.name.clone(),
            given_to: missing.is_read.then(|| shell.to_owned()),
            script: Some(path.to_owned()),
            path: None,
            layer: None,
            fault: None,
            problems: vec![StartupProblem::Missing],
        })
    }

    /// Looks at what a script runs, where nothing in it is against that: its arguments, or what it
    /// ends in.
    fn follow(
        &self,
        script: &Script,
        path: &str,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let mut shells = step.shells.clone();
        shells.push(self.shell_of(path, step));
        if let Some(missing) = self.missing_before(script, path, step, &shells) {
            return startup.add(missing);
        }
        let given = script.arguments.as_ref().zip(step.arguments.first());
        let (run, first) = match (given, &script.program) {
            (Some(given), _) => given,
            (None, Some(run)) => match run.words.first() {
                Some(first) => (run, first),
                None => return,
            },
            (None, None) => return,
        };
        let cmd = self.config.cmd.as_ref().map_or(0, Vec::len);
        let role = match step.role {
            StartupRole::Entrypoint if given.is_some() && step.arguments.len() <= cmd => {
                StartupRole::Cmd
            }
            role => role,
        };
        let folder = match &run.folder {
            Some(folder) if step.folder.len() + folder.len() <= MAX_PATH => {
                joined(&step.folder, folder)
            }
            _ => step.folder.clone(),
        };
        let with = |before: &[String]| {
            let handed = step.arguments.iter().filter(|_| run.hands_on);
            let words = run.words.iter().chain(before).chain(handed);
            let words: Vec<String> = words.cloned().collect();
            let mut reader = Reader::in_script(role, &folder, run.replaces, shells.clone());
            reader.by_sudo = step.by_sudo;
            reader.arguments(&words, 0);
            let own = match given {
                Some(_) => own_steps(&reader.steps, &words, run.words.len() + before.len()),
                None => reader.steps.len(),
            };
            let named = reader.steps.get_mut(..own).unwrap_or_default();
            named.iter_mut().for_each(|named| named.role = step.role);
            let named: Vec<_> = named.iter().map(Step::name).collect();
            let mut found = Startup::default();
            self.take_steps(reader.steps, identity, depth + 1, &mut found);
            for file in &mut found.files {
                let name = (file.word.clone(), file.given_to.clone());
                if given.is_none() || named.contains(&name) {
                    file.script.get_or_insert_with(|| path.to_owned());
                }
            }
            found
        };
        let plain = with(&[]);
        let mut found = plain.is_sound().then_some(&plain);
        let others: Vec<Startup> = match found {
            None if depth == 0 => run.before.iter().map(|words| with(words)).collect(),
            _ => Vec::new(),
        };
        found = found.or_else(|| others.iter().find(|other| other.is_sound()));
        let Some((file, problem)) = plain
            .files
            .iter()
            .find_map(|file| Some((file, file.problems.first()?)))
        else {
            return startup.extend(plain);
        };
        if let Some(found) = found {
            return startup.extend(found.clone());
        }
        // A name without a slash is looked for elsewhere, whatever the folder.
        let is_relative =
            !file.word.starts_with('/') && (file.given_to.is_some() || file.word.contains('/'));
        let may = if let Some(doubt) = &run.replaced {
            format!("may run something else in its place ({})", doubt.shown())
        } else if let Some(word) = run.before.iter().find_map(|words| words.first()) {
            format!("may have `{}` run it", word.escape_debug())
        } else if let Some(doubt) = &run.brings {
            format!("may bring it, or set where it lies ({})", doubt.shown())
        } else if let Some(doubt) = run.moves.as_ref().filter(|_| is_relative) {
            format!("may look for it in another folder ({})", doubt.shown())
        } else if run.changes_modes && *problem == StartupProblem::NotExecutable {
            "changes permissions first".to_owned()
        } else if run.changes_accounts && matches!(problem, StartupProblem::UnknownAccount { .. }) {
            "changes accounts first".to_owned()
        } else {
            return startup.extend(plain);
        };
        // What is started by what the script starts, a supervisor's program, has a starter of its own.
        let starter = file.script.as_deref();
        let is_deeper = starter.is_some_and(|starter| starter != path);
        let what = match given {
            None if !is_deeper => first,
            Some(_) if starter.is_none() => first,
            _ => &file.word,
        };
        let path = path.escape_debug();
        let cannot = "as it lies in the image it cannot be run";
        let why = match (given, starter) {
            (_, Some(starter)) if is_deeper => {
                let starter = starter.escape_debug();
                format!("`/{starter}` starts it, and {cannot}; `/{path}` {may}")
            }
            (Some(_), Some(_)) => format!("`/{path}` starts it, and {cannot}; the script {may}"),
            (Some(_), None) => format!(
                "{} names it, and {cannot}; `/{path}` {may}",
                role.instruction(),
            ),
            (None, _) => format!("`/{path}` ends in it, and {cannot}; the script {may}"),
        };
        startup.unclear.push(Skipped::new(
            Topic::Startup,
            what.clone(),
            format!("{why}: what runs was not looked at"),
        ));
    }
}

/// How many of the first steps that come of `words` are named by the first `own` of them: those of a
/// script itself, before those of what it is given.
fn own_steps(steps: &[Step], words: &[String], own: usize) -> usize {
    let handed = words.get(own..).unwrap_or_default();
    let is_own = |step: &&Step| {
        if step.given_to.is_some() {
            return !handed.contains(&step.word);
        }
        // Behind a program stand the words that it is given.
        let at = words.len().checked_sub(step.arguments.len() + 1);
        at.is_some_and(|at| at < own && words.get(at) == Some(&step.word))
    };
    steps.iter().take_while(is_own).count()
}

impl Startup {
    pub(super) fn add(&mut self, file: StartupFile) {
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        for file in other.files {
            self.add(file);
        }
        self.unclear.extend(other.unclear);
    }

    /// Whether something is known that keeps it from running.
    fn fails(&self) -> bool {
        self.files.iter().any(|file| !file.problems.is_empty())
    }

    fn is_sound(&self) -> bool {
        self.unclear.is_empty() && !self.fails()
    }
}
