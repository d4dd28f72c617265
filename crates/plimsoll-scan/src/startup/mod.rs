//! What an image starts, and what provably keeps it from starting.
//!
//! A program that is said to be missing is missing: where anything but the image itself decides (a
//! volume, a variable that it does not set, a line of shell that does more than it shows), nothing is told.

pub(crate) mod accounts;
mod check;
mod command;
mod folder;
mod follow;
pub(crate) mod format;
mod libraries;
mod mounts;
pub(crate) mod needs;
mod place;
pub(crate) mod script;
mod search;
mod service;

use std::cell::{Cell, OnceCell};

use plimsoll_model::{
    Accounts, Blockage, ImageConfig, Skipped, StartupFile, StartupProblem, StartupRole,
};

use crate::catalogue::Document;
use crate::catalogue::binary::Binary;
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::tree::{Node, Tree};

use accounts::{Access, Identity};
use check::Caller;
use command::{Reader, Step};
use format::Start;
use mounts::Mounts;
use place::Found;

/// Folders of a search path (`PATH`) that are looked into.
pub(crate) const MAX_SEARCH_PATH: usize = 1_000;

/// Where sudo looks for programs, as distributions set it (`secure_path` of sudoers(5)).
const SUDO_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

/// What is known of an image.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a ImageConfig,
    pub(crate) records: &'a [LayerRecord],
    pub(crate) tree: &'a Tree<'a>,
    pub(crate) accounts: &'a Accounts,
    /// `PATH`.
    pub(crate) search_path: &'a str,
}

impl Facts<'_> {
    /// Every program and file that is named by what the image starts, and what of it is not known.
    pub(crate) fn startup(&self) -> Startup {
        Surroundings::new(self).startup()
    }

    /// What is in the place of the working directory, where no container can be put into it.
    pub(crate) fn workdir_blockage(&self) -> Option<Blockage> {
        Surroundings::new(self).workdir_blockage()
    }
}

/// What an image starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Startup {
    pub(crate) files: Vec<StartupFile>,
    /// Programs of which it is not known whether they are what runs: the word that names each, and
    /// why.
    pub(crate) unclear: Vec<Skipped>,
}

/// What decides how an image starts.
struct Surroundings<'a> {
    config: &'a ImageConfig,
    records: &'a [LayerRecord],
    tree: &'a Tree<'a>,
    accounts: &'a Accounts,
    search_path: &'a str,
    mounts: Mounts<'a>,
    /// How many services, and configurations of supervisors, may still be looked at, and one more: that it
    /// is not looked at is told.
    services_left: Cell<usize>,
    /// The same of entries that are looked through for names.
    entries_left: Cell<usize>,
    /// Whether users may come from elsewhere than the account files, once that was asked.
    has_other_accounts: OnceCell<bool>,
}

impl<'a> Surroundings<'a> {
    fn new(facts: &Facts<'a>) -> Self {
        Self {
            config: facts.config,
            records: facts.records,
            tree: facts.tree,
            accounts: facts.accounts,
            search_path: facts.search_path,
            mounts: Mounts::new(&facts.config.volumes),
            services_left: Cell::new(service::MAX_SERVICES + 1),
            entries_left: Cell::new(service::MAX_ENTRIES + 1),
            has_other_accounts: OnceCell::new(),
        }
    }

    fn is_linux(&self) -> bool {
        let platform = self.config.platform.as_ref();
        platform.is_none_or(|platform| platform.os == "linux" || platform.os.is_empty())
    }

    fn startup(&self) -> Startup {
        if !self.is_linux() {
            return Startup::default();
        }
        let identity = self
            .accounts
            .complete
            .then(|| Identity::of(&self.config.user, self.accounts))
            .flatten();
        let mut startup = Startup::default();
        for (role, words) in self.command_lines() {
            let mut reader = Reader::new(role, &self.config.working_dir, &self.config.env);
            reader.arguments(&words, 0);
            self.take_steps(reader.steps, identity.as_ref(), 0, &mut startup);
        }
        startup
    }

    fn command_lines(&self) -> Vec<(StartupRole, Vec<String>)> {
        let config = self.config;
        let mut lines = Vec::new();
        let entrypoint = config.entrypoint.as_deref().unwrap_or_default();
        let cmd = config.cmd.as_deref().unwrap_or_default();
        if entrypoint.is_empty() {
            lines.push((StartupRole::Cmd, cmd.to_vec()));
        } else {
            let words = entrypoint.iter().chain(cmd).cloned().collect();
            lines.push((StartupRole::Entrypoint, words));
        }
        if let Some(check) = &config.healthcheck {
            match check.test.split_first() {
                Some((form, words)) if form == "CMD" => {
                    lines.push((StartupRole::HealthCheck, words.to_vec()));
                }
                Some((form, words)) if form == "CMD-SHELL" => {
                    let shell = match &config.shell {
                        Some(shell) if !shell.is_empty() => shell.clone(),
                        _ => vec!["/bin/sh".to_owned(), "-c".to_owned()],
                    };
                    let words = shell.into_iter().chain(words.iter().cloned()).collect();
                    lines.push((StartupRole::HealthCheck, words));
                }
                _ => {}
            }
        }
        lines
    }

    fn look(&self, step: &Step, identity: Option<&Identity>) -> StartupFile {
        let mut file = self.judged(step, identity);
        file.fault = file.problems.first().and_then(|it| self.fault(it));
        file
    }

    /// A file with what is wrong with it.
    fn judged(&self, step: &Step, identity: Option<&Identity>) -> StartupFile {
        let mut file = StartupFile {
            role: step.role,
            word: step.word.clone(),
            given_to: step.given_to.clone(),
            script: None,
            path: None,
            layer: None,
            fault: None,
            problems: Vec::new(),
        };
        // Whom sudo makes of the user is not looked at.
        let identity = identity.filter(|_| !step.by_sudo);
        let found = if step.given_to.is_some() {
            self.given(step)
        } else {
            match self.started(step, identity) {
                Found::Missing if step.by_sudo && !step.word.contains('/') => {
                    self.program_in(SUDO_PATH, &step.word, identity)
                }
                found => found,
            }
        };
        let (way, node) = match found {
            Found::There(way, node) => (way, node),
            Found::Unknown => return file,
            Found::Missing => {
                // BusyBox as a shell runs its own programs without a file of theirs.
                if !(step.in_shell && self.shell_may_know(&step.word)) {
                    file.problems.push(self.missing(step));
                }
                return file;
            }
        };
        file.layer = node.as_ref().map(|node| node.layer);
        match node {
            // Where its interpreter and libraries are looked for is not known.
            Some(_) if step.search_path.is_some() => {}
            Some(node) if node.fact.kind == FactKind::Special => {}
            Some(node) if node.fact.kind != FactKind::Directory => {
                if step.given_to.is_some() {
                    self.check_access(&way, &node, Access::Read, identity, &mut file.problems);
                } else {
                    self.check_program(
                        &way,
                        &node,
                        Caller {
                            identity,
                            folder: &step.folder,
                            role: step.role,
                        },
                        0,
                        &mut file.problems,
                    );
                    // Others than the kernel give what it does not know to a shell.
                    if let Start::NoFormat(because) = self.content(&node).1.start
                        && file.problems.is_empty()
                        && !step.falls_back
                    {
                        file.problems.push(StartupProblem::NoFormat { because });
                    }
                }
            }
            // A folder is a program to Python and Node.
            _ if step.given_to.is_some() => {}
            _ => file.problems.push(StartupProblem::Folder),
        }
        file.path = Some(way.path);
        if let Some(user) = &step.user
            && file.problems.is_empty()
        {
            file.problems.extend(self.unknown_account(user));
        }
        file
    }

    /// Whether a shell of this image may know a command itself.
    fn shell_may_know(&self, word: &str) -> bool {
        const NEVER: &[&str] = &[
            "bash",
            "curl",
            "python",
            "python3",
            "node",
            "npm",
            "npx",
            "yarn",
            "java",
            "ruby",
            "perl",
            "php",
            "nginx",
            "gunicorn",
            "uvicorn",
            "pg_isready",
            "redis-cli",
            "mysqladmin",
            "mongosh",
            "grpc_health_probe",
            "jq",
            "ss",
            "dotnet",
            "go",
            "gosu",
            "su-exec",
            "tini",
        ];
        if word.contains('/') || NEVER.contains(&word) {
            return false;
        }
        self.tree
            .resolve("bin/sh")
            .is_none_or(|shell| shell.contains("busybox") || shell.contains("toybox"))
    }

    /// Where what a step starts lies, if anywhere.
    fn started(&self, step: &Step, identity: Option<&Identity>) -> Found<'a> {
        match &step.search_path {
            Some(path) if !step.word.contains('/') => self.program_in(path, &step.word, identity),
            _ => self.program(&step.word, &step.folder, identity),
        }
    }

    /// The entry whose bytes a node shows.
    fn content(&self, node: &Node<'a>) -> (usize, &'a EntryFact) {
        self.tree.content(node).unwrap_or((node.layer, node.fact))
    }

    fn binary(&self, node: &Node<'a>) -> Option<&'a Binary> {
        let (layer, fact) = self.content(node);
        match self.records.get(layer)?.documents.get(&*fact.path)? {
            Document::Binary(binary) => Some(binary),
            _ => None,
        }
    }

    fn shebang(&self, node: &Node<'a>) -> Option<&'a str> {
        let (layer, fact) = self.content(node);
        let record = self.records.get(layer)?;
        record.shebangs.get(&fact.path).map(|line| &**line)
    }
}
