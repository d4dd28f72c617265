//! What is started by a program that is there to keep others running: supervisord(1), s6-svscan(8),
//! runsvdir(8).

use std::collections::BTreeSet;

use plimsoll_model::{Skipped, Topic};

use super::accounts::Identity;
use super::command::{MAX_PATH, Reader, Step, joined};
use super::place::Found;
use super::{Startup, Surroundings};
use crate::catalogue::{base_name, folder};
use crate::record::FactKind;

/// Services of an image that are looked at, and files that name them: a service may be a supervisor itself.
pub(super) const MAX_SERVICES: usize = 200;

/// Entries below a folder that are looked through for the names in it.
const MAX_ENTRIES: usize = 10_000;

/// Where supervisord looks for its configuration, from the folder it is started in.
const CONFIGURATIONS: &[&str] = &[
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
];

/// What services of s6-overlay lie in.
const OVERLAY: &[&str] = &[
    "etc/s6-overlay",
    "etc/services.d",
    "package/admin/s6-overlay",
];

impl Surroundings<'_> {
    /// Looks at what a step starts, where it is such a program.
    pub(super) fn supervise(
        &self,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        if step.given_to.is_some() {
            return;
        }
        match base_name(&step.word) {
            "supervisord" => self.supervisord(step, identity, depth, startup),
            "s6-svscan" | "runsvdir" => self.services(step, identity, depth, startup),
            "init"
                if OVERLAY
                    .iter()
                    .any(|place| self.tree.resolve(place).is_some()) =>
            {
                startup.unclear.push(Skipped::new(
                    Topic::Startup,
                    step.word.clone(),
                    "it starts services of s6-overlay, which are not read here: what runs was not looked at",
                ));
            }
            _ => {}
        }
    }

    fn supervisord(
        &self,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let path = match configuration(&step.arguments) {
            Some(path) => Some(joined(&step.folder, path)),
            None => CONFIGURATIONS
                .iter()
                .map(|path| joined(&step.folder, path))
                .find(|path| self.tree.resolve(path).is_some()),
        };
        let Some(path) = path.filter(|path| path.len() <= MAX_PATH) else {
            return;
        };
        for include in self.configured(&path, step, identity, depth, startup) {
            let pattern = joined(
                &format!("/{}", folder(path.trim_start_matches('/'))),
                &include,
            );
            for path in self.matching(&pattern) {
                self.configured(&path, step, identity, depth, startup);
            }
        }
    }

    /// Looks at a configuration of supervisord and at its programs; gives what it includes.
    fn configured(
        &self,
        path: &str,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) -> Vec<String> {
        if !self.may_look_at(path, startup) {
            return Vec::new();
        }
        let read = Step {
            word: path.to_owned(),
            given_to: Some(step.word.clone()),
            arguments: Vec::new(),
            user: None,
            ..step.clone()
        };
        let mut file = self.look(&read, identity);
        let script = self.script(&file).filter(|_| file.problems.is_empty());
        let services = script.map_or(&[][..], |script| script.services.as_slice());
        let mut users = services.iter().filter_map(|one| one.user.as_deref());
        let unknown = users.find_map(|user| self.unknown_account(user));
        file.problems.extend(unknown);
        if self.is_unread_script(&file) {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                path.to_owned(),
                "more such files, or longer ones, are there than are read of a layer: what it starts was \
                 not looked at",
            ));
        }
        let place = file.path.clone();
        startup.add(file);
        for service in services {
            let Some(first) = service.words.first() else {
                continue;
            };
            // It is looked for where supervisord runs and started elsewhere.
            if first.contains('/') && !first.starts_with('/') {
                continue;
            }
            if !self.may_look_at(first, startup) {
                break;
            }
            let to = service.folder.as_deref().unwrap_or_default();
            let within = step.folder.len() + to.len() <= MAX_PATH;
            let folder = if within {
                joined(&step.folder, to)
            } else {
                to.to_owned()
            };
            let mut reader = Reader::new(step.role, &folder, &[]);
            reader.by_sudo = step.by_sudo || service.user.is_some();
            reader.arguments(&service.words, 0);
            let mut found = Startup::default();
            self.take_steps(reader.steps, identity, depth + 1, &mut found);
            for file in &mut found.files {
                file.script = file.script.take().or_else(|| place.clone());
            }
            startup.extend(found);
        }
        script.map_or_else(Vec::new, |script| script.includes.clone())
    }

    /// Whether one more service may be looked at; that it may not is told.
    fn may_look_at(&self, what: &str, startup: &mut Startup) -> bool {
        let left = self.services_left.get().checked_sub(1);
        self.services_left.set(left.unwrap_or_default());
        if left.is_none() {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                what.to_owned(),
                "it is one of more services than are looked at of an image",
            ));
        }
        left.is_some()
    }

    /// The files that a pattern means which has stars in its last part alone.
    fn matching(&self, pattern: &str) -> Vec<String> {
        let (in_folder, name) = (folder(pattern), base_name(pattern));
        let is_other = |text: &str| text.contains(['?', '[']);
        if pattern.len() > MAX_PATH || in_folder.contains('*') || is_other(pattern) {
            return Vec::new();
        }
        let Some((start, end)) = name.split_once('*').filter(|(_, end)| !end.contains('*')) else {
            // It need not be there.
            let is_there = self.tree.resolve(pattern).is_some();
            return is_there.then(|| pattern.to_owned()).into_iter().collect();
        };
        let fits = |name: &&str| {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        };
        let names = self.names_in(in_folder);
        let names = names.iter().map(String::as_str).filter(fits);
        names.map(|name| joined(in_folder, name)).collect()
    }

    /// What lies in a folder, unless something may be mounted there.
    fn names_in(&self, folder: &str) -> BTreeSet<String> {
        let Found::There(way, _) = self.at(folder) else {
            return BTreeSet::new();
        };
        let below = self.tree.below(&way.path);
        let names = below.filter_map(|(path, _)| {
            let rest = path.get(way.path.len()..)?.trim_start_matches('/');
            rest.split('/').next().filter(|name| !name.starts_with('.'))
        });
        names.take(MAX_ENTRIES).map(str::to_owned).collect()
    }

    /// Each folder of a folder is a service, and its `run` what is started.
    fn services(
        &self,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let mut words = step.arguments.iter();
        let Some(folder) = words.find(|word| word.starts_with('/')) else {
            return;
        };
        for name in self.names_in(folder).into_iter() {
            let word = format!("{}/{name}/run", folder.trim_end_matches('/'));
            let Found::There(_, Some(node)) = self.at(&word) else {
                continue;
            };
            if node.fact.kind == FactKind::Directory {
                continue;
            }
            if !self.may_look_at(&word, startup) {
                break;
            }
            if self
                .shebang(&node)
                .is_some_and(|line| line.contains("execline"))
            {
                startup.unclear.push(Skipped::new(
                    Topic::Startup,
                    word.clone(),
                    "it is a script of execline, which is not read here: what it starts was not looked at",
                ));
            }
            let run = Step {
                word,
                given_to: None,
                in_shell: false,
                falls_back: false,
                arguments: Vec::new(),
                user: None,
                instead: Vec::new(),
                ..step.clone()
            };
            self.take_steps(vec![run], identity, depth + 1, startup);
        }
    }
}

/// The configuration that supervisord is given.
fn configuration(arguments: &[String]) -> Option<&str> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--") {
            match name.split_once('=') {
                Some(("configuration", path)) => return Some(path),
                None if name == "configuration" => return words.next().map(String::as_str),
                _ => continue,
            }
        }
        // `-n` and `-s` have no value: behind them stands another option.
        let letters = word
            .strip_prefix('-')
            .map(|it| it.trim_start_matches(['n', 's', 'k', 't']));
        match letters.and_then(|letters| letters.strip_prefix('c')) {
            Some("") => return words.next().map(String::as_str),
            Some(path) => return Some(path),
            None => {}
        }
    }
    None
}
