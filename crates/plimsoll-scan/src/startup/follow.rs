//! Follows scripts of shells to what they run in the end: the arguments that they are given.

use plimsoll_model::{Skipped, StartupFile, StartupProblem, StartupRole};

use super::accounts::Identity;
use super::command::{Reader, Step};
use super::script::{Doubt, Script};
use super::{Startup, Surroundings};

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
            if !file.problems.is_empty() && !step.instead.is_empty() {
                // It matters where nothing else does its work.
                let others: Vec<StartupFile> = step
                    .instead
                    .iter()
                    .map(|word| {
                        let other = Step {
                            word: word.clone(),
                            ..step.clone()
                        };
                        self.look(&other, identity)
                    })
                    .collect();
                if others.iter().all(|other| !other.problems.is_empty()) {
                    startup.add(file);
                    others.into_iter().for_each(|other| startup.add(other));
                }
                return;
            }
            let script = self.script(&file).filter(|_| depth < MAX_SCRIPTS);
            let path = file.path.clone();
            // A file that stops the start stops what it would have started.
            let stops = !file.problems.is_empty();
            startup.add(file);
            if stops {
                return;
            }
            if let (Some(script), Some(path)) = (script, path)
                && !step.arguments.is_empty()
            {
                self.follow(script, &path, &step, identity, depth, startup);
            }
        }
    }

    fn script(&self, file: &StartupFile) -> Option<&'a Script> {
        let node = self.tree.get(file.path.as_deref()?)?;
        let (layer, fact) = self.content(node);
        self.records.get(layer)?.scripts.get(&fact.path)
    }

    /// Looks at what a script runs: its arguments, where nothing in it is against that.
    fn follow(
        &self,
        script: &Script,
        path: &str,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let Some(first) = step.arguments.first() else {
            return;
        };
        let cmd = self.config.cmd.as_ref().map_or(0, Vec::len);
        let role = match step.role {
            StartupRole::Entrypoint if step.arguments.len() <= cmd => StartupRole::Cmd,
            role => role,
        };
        let with = |before: &[String]| {
            let words = script.wrapper.iter().chain(before).chain(&step.arguments);
            let words: Vec<String> = words.cloned().collect();
            let mut reader = Reader::in_script(role, &step.folder, script.replaces);
            reader.arguments(&words, 0);
            let mut found = Startup::default();
            self.take_steps(reader.steps, identity, depth + 1, &mut found);
            found
        };
        let plain = with(&[]);
        let mut found = plain.is_sound().then_some(&plain);
        let others: Vec<Startup> = match found {
            None if depth == 0 => script.before.iter().map(|words| with(words)).collect(),
            _ => Vec::new(),
        };
        found = found.or_else(|| others.iter().find(|other| other.is_sound()));
        let Some(problem) = plain.files.iter().find_map(|file| file.problems.first()) else {
            return startup.extend(plain);
        };
        if let Some(found) = found {
            return startup.extend(found.clone());
        }
        let says =
            |doubt: &Doubt| format!("line {}, `{}`", doubt.line, doubt.command.escape_debug());
        let may = if let Some(doubt) = &script.replaced {
            format!("may run something else in its place ({})", says(doubt))
        } else if let Some(word) = script.before.iter().find_map(|words| words.first()) {
            format!("may have `{}` run it", word.escape_debug())
        } else if let Some(doubt) = &script.brings {
            format!("may bring it, or set where it lies ({})", says(doubt))
        } else if script.changes_modes && *problem == StartupProblem::NotExecutable {
            "changes permissions first".to_owned()
        } else {
            return startup.extend(plain);
        };
        startup.unclear.push(Skipped {
            what: first.clone(),
            why: format!(
                "{} names it, and as it lies in the image it cannot be run; `/{}` {may}: what runs \
                 was not looked at",
                role.instruction(),
                path.escape_debug()
            ),
            blocking: false,
        });
    }
}

impl Startup {
    fn add(&mut self, file: StartupFile) {
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }

    fn extend(&mut self, other: Self) {
        for file in other.files {
            self.add(file);
        }
        self.unclear.extend(other.unclear);
    }

    /// Whether nothing is known that keeps it from running.
    fn is_sound(&self) -> bool {
        self.unclear.is_empty() && self.files.iter().all(|file| file.problems.is_empty())
    }
}
