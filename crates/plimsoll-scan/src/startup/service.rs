//! What is started by a program that is there to keep others running: supervisord(1), s6-svscan(8),
//! runsvdir(8).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Skipped, StartupFile, Topic};

use super::accounts::Identity;
use super::command::{MAX_PATH, Reader, Step, joined};
use super::place::Found;
use super::script::{Script, Service};
use super::{Startup, Surroundings};
use crate::catalogue::{base_name, folder};
use crate::record::FactKind;

/// Services of an image that are looked at, and files that name them: a service may be a supervisor itself.
pub(super) const MAX_SERVICES: usize = 200;

/// Entries of an image that are looked through for the names in folders.
pub(super) const MAX_ENTRIES: usize = 50_000;

/// Where supervisord looks for its configuration, from the folder it is started in, if there is none beside
/// its own folder.
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

/// A configuration of supervisord, and what was read of it.
struct Configuration<'a> {
    file: StartupFile,
    script: Option<&'a Script>,
}

impl<'a> Surroundings<'a> {
    /// Looks at what a step starts, where it is such a program; `started` is where that lies.
    pub(super) fn supervise(
        &self,
        step: &Step,
        started: &str,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        if step.given_to.is_some() {
            return;
        }
        match base_name(&step.word) {
            "supervisord" => self.supervisord(step, started, identity, depth, startup),
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
        started: &str,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let path = match configuration(&step.arguments) {
            Some(path) => Some(joined(&step.folder, path)),
            None => {
                // It looks beside itself first, by the name that it is called by.
                let called = match step.word.contains('/') {
                    true => joined(&step.folder, &step.word),
                    false => format!("/{started}"),
                };
                let beside = folder(folder(&called));
                let beside =
                    ["etc/supervisord.conf", "supervisord.conf"].map(|name| joined(beside, name));
                let others = CONFIGURATIONS.iter().map(|path| joined(&step.folder, path));
                let mut all = beside.into_iter().chain(others);
                all.find(|path| self.tree.resolve(path).is_some())
            }
        };
        let Some(path) = path.filter(|path| path.len() <= MAX_PATH) else {
            return;
        };
        let mut all = Vec::new();
        let Some(main) = self.configured(&path, step, identity, startup) else {
            return;
        };
        let includes = main.script.map_or(&[][..], |script| &script.includes);
        all.push(main);
        let mut read = BTreeSet::from([path.clone()]);
        let in_folder = format!("/{}", folder(path.trim_start_matches('/')));
        for include in includes {
            if self.services_left.get() == 0 {
                break;
            }
            let matching = self.matching(&joined(&in_folder, include), startup);
            // What several patterns mean is read once.
            let files = matching.iter().filter(|path| read.insert((*path).clone()));
            all.extend(files.map_while(|path| self.configured(path, step, identity, startup)));
        }
        self.programs(all, step, identity, depth, startup);
    }

    /// Looks at a configuration of supervisord, unless too much was looked at already.
    fn configured(
        &self,
        path: &str,
        step: &Step,
        identity: Option<&Identity>,
        startup: &mut Startup,
    ) -> Option<Configuration<'a>> {
        if !self.may_look_at(path, startup) {
            return None;
        }
        let read = Step {
            word: path.to_owned(),
            given_to: Some(step.word.clone()),
            arguments: Vec::new(),
            user: None,
            ..step.clone()
        };
        let file = self.look(&read, identity);
        if self.is_unread_script(&file) {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                path.to_owned(),
                "more such files, or longer ones, are there than are read of a layer: what it starts was \
                 not looked at",
            ));
        }
        let script = self.script(&file).filter(|_| file.problems.is_empty());
        Some(Configuration { file, script })
    }

    /// Looks at the programs of all configurations of one supervisord, which to it are one.
    fn programs(
        &self,
        all: Vec<Configuration<'a>>,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        startup: &mut Startup,
    ) {
        let scripts = || all.iter().filter_map(|one| one.script);
        let searches = scripts().any(|script| script.searches);
        let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
        for service in scripts().flat_map(|script| &script.services) {
            *sections.entry(&service.section).or_default() += 1;
        }
        if searches && !sections.is_empty() {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                step.word.clone(),
                "its configuration says where programs are looked for: what they are was not looked at",
            ));
        }
        for Configuration { mut file, script } in all {
            let place = file.path.clone();
            let mut found = Startup::default();
            for service in script.iter().flat_map(|script| &script.services) {
                if !self.may_look_at(&service.section, startup) {
                    break;
                }
                // Of what stands in several places the last word counts, each of its settings by itself.
                match sections.get_mut(&*service.section) {
                    Some(0) => continue,
                    Some(times) if *times > 1 => {
                        *times = 0;
                        startup.unclear.push(Skipped::new(
                            Topic::Startup,
                            service.section.clone(),
                            "supervisord puts it together of several places: what it starts was not looked at",
                        ));
                        continue;
                    }
                    _ => {}
                }
                let user = service.user.as_deref();
                if let Some(unknown) = user.and_then(|user| self.unknown_account(user))
                    && file.problems.is_empty()
                {
                    file.problems.push(unknown);
                }
                if !searches {
                    self.program_of(service, step, identity, depth, &mut found);
                }
            }
            startup.add(file);
            for file in &mut found.files {
                file.script = file.script.take().or_else(|| place.clone());
            }
            startup.extend(found);
        }
    }

    fn program_of(
        &self,
        service: &Service,
        step: &Step,
        identity: Option<&Identity>,
        depth: usize,
        found: &mut Startup,
    ) {
        // It is looked for where supervisord runs and started elsewhere.
        let is_elsewhere = |first: &String| first.contains('/') && !first.starts_with('/');
        if service.words.first().is_none_or(is_elsewhere) {
            return;
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
        self.take_steps(reader.steps, identity, depth + 1, found);
    }

    /// Whether one more service may be looked at; that it may not is told once.
    fn may_look_at(&self, what: &str, startup: &mut Startup) -> bool {
        take(&self.services_left, || {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                what.to_owned(),
                "it is one of more services than are looked at of an image",
            ));
        })
    }

    /// The files that a pattern means which has stars in its last part alone.
    fn matching(&self, pattern: &str, startup: &mut Startup) -> Vec<String> {
        let (in_folder, name) = (folder(pattern), base_name(pattern));
        let is_other = |text: &str| text.contains(['?', '[', '%']);
        let parts = name.split_once('*');
        let has_more = parts.is_some_and(|(_, end)| end.contains('*'));
        if pattern.len() > MAX_PATH || in_folder.contains('*') || is_other(pattern) || has_more {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                pattern.chars().take(MAX_PATH).collect::<String>(),
                "supervisord reads the files of this pattern, which are not looked for here: what they start was not looked at",
            ));
            return Vec::new();
        }
        let Some((start, end)) = parts else {
            // It need not be there.
            let is_there = self.tree.resolve(pattern).is_some();
            return is_there.then(|| pattern.to_owned()).into_iter().collect();
        };
        let fits = |name: &&str| {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        };
        let names = self.names_in(in_folder, startup);
        let names = names.iter().map(String::as_str).filter(fits);
        names.map(|name| joined(in_folder, name)).collect()
    }

    /// What lies in a folder, unless something may be mounted there.
    fn names_in(&self, folder: &str, startup: &mut Startup) -> BTreeSet<String> {
        let Found::There(way, _) = self.at(folder) else {
            return BTreeSet::new();
        };
        let mut cut = || {
            startup.unclear.push(Skipped::new(
                Topic::Startup,
                folder.to_owned(),
                "more lies in such folders than is looked through: what is started of it was not looked at",
            ));
        };
        let below = self.tree.below(&way.path);
        let below = below.take_while(|_| take(&self.entries_left, &mut cut));
        let names = below.filter_map(|(path, _)| {
            let rest = path.get(way.path.len()..)?.trim_start_matches('/');
            rest.split('/').next().filter(|name| !name.starts_with('.'))
        });
        names.map(str::to_owned).collect()
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
        for name in self.names_in(folder, startup) {
            let service = format!("{}/{name}", folder.trim_end_matches('/'));
            // Such a file keeps it from being started by itself.
            if !matches!(self.at(&format!("{service}/down")), Found::Missing) {
                continue;
            }
            let word = format!("{service}/run");
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

/// Takes one of what is left; the first time that nothing is, `tell` is called.
fn take(left: &Cell<usize>, tell: impl FnOnce()) -> bool {
    let now = left.get().saturating_sub(1);
    if left.replace(now) == 1 {
        tell();
    }
    now > 0
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
