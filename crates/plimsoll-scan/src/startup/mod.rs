//! What an image starts, and what provably keeps it from starting.
//!
//! A program that is said to be missing is missing: where anything but the image itself decides (a
//! volume, a variable, a line of shell that does more than it shows), nothing is told.

pub(crate) mod accounts;
mod command;
mod folder;
mod follow;
pub(crate) mod format;
mod libraries;
mod mounts;
pub(crate) mod needs;
pub(crate) mod script;
mod search;

use plimsoll_model::{
    Accounts, Blockage, ImageConfig, Skipped, StartupFile, StartupProblem, StartupRole,
};

use crate::catalogue::binary::{Binary, Elf, Kind};
use crate::catalogue::{Document, base_name, folder};
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::tree::{Node, Tree};

use accounts::{Access, Identity};
use command::{MAX_PATH, Reader, Step, joined};
use format::{Processor, Start};
use mounts::Mounts;

/// Folders of a search path (`PATH`) that are looked into.
pub(crate) const MAX_SEARCH_PATH: usize = 1_000;

/// Interpreters that are scripts themselves, each run by the next; the kernel's own bound.
const MAX_INTERPRETERS: usize = 5;

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
}

/// Who starts a program, and where.
#[derive(Clone, Copy)]
struct Caller<'a> {
    /// The user, where it is known.
    identity: Option<&'a Identity>,
    folder: &'a str,
    role: StartupRole,
}

/// Where a word leads.
enum Found<'a> {
    /// A path, links followed, and what lies there; nothing for a folder without an entry.
    There(String, Option<Node<'a>>),
    Missing,
    /// It depends on what is not in the image.
    Unknown,
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
            let mut reader = Reader::new(role, &self.config.working_dir);
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
        let mut file = StartupFile {
            role: step.role,
            word: step.word.clone(),
            given_to: step.given_to.clone(),
            script: None,
            path: None,
            layer: None,
            problems: Vec::new(),
        };
        // Whom sudo makes of the user is not looked at.
        let identity = identity.filter(|_| !step.by_sudo);
        let found = if step.given_to.is_some() {
            self.given(step)
        } else {
            match self.program(&step.word, &step.folder) {
                Found::Missing if step.by_sudo && !step.word.contains('/') => {
                    self.program_in(SUDO_PATH, &step.word)
                }
                found => found,
            }
        };
        let (path, node) = match found {
            Found::There(path, node) => (path, node),
            Found::Unknown => return file,
            Found::Missing => {
                // BusyBox as a shell runs its own programs without a file of theirs.
                if !(step.in_shell && self.shell_may_know(&step.word)) {
                    file.problems.push(StartupProblem::Missing);
                }
                return file;
            }
        };
        file.layer = node.as_ref().map(|node| node.layer);
        match node {
            Some(node) if node.fact.kind == FactKind::Special => {}
            Some(node) if node.fact.kind != FactKind::Directory => {
                if step.given_to.is_some() {
                    self.check_access(&path, &node, Access::Read, identity, &mut file.problems);
                } else {
                    self.check_program(
                        &path,
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
        file.path = Some(path);
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

    fn at(&self, path: &str) -> Found<'a> {
        if self.mounts.hold(path) {
            return Found::Unknown;
        }
        match self.tree.resolve(path) {
            Some(real) if self.mounts.hold(&real) => Found::Unknown,
            Some(real) => {
                let node = self.tree.get(&real).copied();
                Found::There(real, node)
            }
            // A link that leads outside may be filled when it runs.
            None if self.leads_to_mount(path) => Found::Unknown,
            None => Found::Missing,
        }
    }

    /// Whether a path that leads nowhere goes by a link into what is mounted.
    fn leads_to_mount(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at);
        ends.chain([path.len()]).any(|end| {
            let part = path.get(..end).unwrap_or_default();
            match self.tree.get(part).map(|node| &node.fact.kind) {
                Some(FactKind::Symlink(target)) => self
                    .mounts
                    .hold(&joined(&format!("/{}", folder(part)), target)),
                _ => false,
            }
        })
    }

    /// A program, as a container runtime or a shell looks for it.
    fn program(&self, word: &str, in_folder: &str) -> Found<'a> {
        if word.contains('/') {
            return self.at(&joined(in_folder, word));
        }
        self.program_in(self.search_path, word)
    }

    /// A program, in the folders of a search path.
    fn program_in(&self, search_path: &str, word: &str) -> Found<'a> {
        // No file system has such names.
        if word.len() > MAX_PATH {
            return Found::Unknown;
        }
        let mut lame = None;
        for (index, place) in search_path.split(':').enumerate() {
            // Relative to wherever it is run; or more places than are looked at.
            if !place.starts_with('/') || index >= MAX_SEARCH_PATH {
                return Found::Unknown;
            }
            match self.at(&joined(place, word)) {
                Found::There(path, Some(node)) if node.fact.kind != FactKind::Directory => {
                    if node.fact.mode & 0o111 != 0 {
                        return Found::There(path, Some(node));
                    }
                    lame.get_or_insert((path, node));
                }
                Found::Unknown => return Found::Unknown,
                Found::There(..) | Found::Missing => {}
            }
        }
        match lame {
            Some((path, node)) => Found::There(path, Some(node)),
            None => Found::Missing,
        }
    }

    /// A file that an interpreter is given.
    fn given(&self, step: &Step) -> Found<'a> {
        let path = joined(&step.folder, &step.word);
        let interpreter = step.given_to.as_deref().map_or("", base_name);
        let endings: &[&str] = if interpreter.starts_with("node") {
            &["", ".js", ".json", ".node", ".cjs", ".mjs"]
        } else {
            &[""]
        };
        for ending in endings {
            match self.at(&format!("{path}{ending}")) {
                Found::Missing => {}
                found => return found,
            }
        }
        Found::Missing
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

    /// Collects what keeps the program at `path` from running.
    fn check_program(
        &self,
        path: &str,
        node: &Node<'a>,
        caller: Caller<'_>,
        depth: usize,
        problems: &mut Vec<StartupProblem>,
    ) {
        let identity = caller.identity;
        let (_, fact) = self.content(node);
        if fact.mode & 0o111 == 0 {
            problems.push(StartupProblem::NotExecutable);
            return;
        }
        self.check_access(path, node, Access::Execute, identity, problems);
        if !problems.is_empty() {
            return;
        }
        let foreign = match fact.start {
            Start::MacOs(None) => "macOS",
            Start::MacOs(Some(Processor::Amd64)) => "macOS on amd64",
            Start::MacOs(Some(Processor::Arm64)) => "macOS on arm64",
            Start::Windows => "Windows",
            Start::Unknown | Start::NoFormat(_) => "",
        };
        if !foreign.is_empty() {
            let platform = self.config.platform.as_ref();
            problems.push(StartupProblem::WrongArchitecture {
                machine: foreign.to_owned(),
                platform: platform.map_or_else(|| "linux".to_owned(), ToString::to_string),
            });
        } else if let Some(elf) = self.binary(node).and_then(|binary| binary.elf.as_ref()) {
            self.check_elf(path, caller.role, elf, problems);
        } else if let Some(line) = self.shebang(node) {
            self.check_access(path, node, Access::Read, identity, problems);
            self.check_shebang(line, caller, depth, problems);
        }
    }

    /// Whether the user gets through every folder of a path and to what lies there.
    fn check_access(
        &self,
        path: &str,
        node: &Node<'a>,
        access: Access,
        identity: Option<&Identity>,
        problems: &mut Vec<StartupProblem>,
    ) {
        let Some(identity) = identity.filter(|identity| !identity.is_root()) else {
            return;
        };
        let closed = path
            .match_indices('/')
            .filter_map(|(at, _)| path.get(..at))
            .find(|folder| {
                self.tree
                    .get(folder)
                    .is_some_and(|node| !identity.may(Access::Execute, node.fact))
            });
        let (_, fact) = self.content(node);
        let closed = closed.or_else(|| (!identity.may(access, fact)).then_some(path));
        if let Some(closed) = closed {
            problems.push(StartupProblem::Denied {
                user: identity.name.clone(),
                path: closed.to_owned(),
            });
        }
    }

    fn check_shebang(
        &self,
        line: &str,
        caller: Caller<'_>,
        depth: usize,
        problems: &mut Vec<StartupProblem>,
    ) {
        let line = line.trim_start_matches([' ', '\t']);
        let (interpreter, argument) = match line.split_once([' ', '\t']) {
            Some((interpreter, argument)) => (interpreter, argument.trim_matches([' ', '\t'])),
            None => (line, ""),
        };
        if interpreter.is_empty() || depth >= MAX_INTERPRETERS {
            return;
        }
        if !interpreter.starts_with('/') {
            // The kernel takes it from where the program is started, and knows no search path.
            if let Found::Missing = self.at(&joined(caller.folder, interpreter)) {
                problems.push(StartupProblem::MissingInterpreter {
                    interpreter: interpreter.trim_end_matches('\r').to_owned(),
                    is_relative: true,
                    carriage_return: interpreter.ends_with('\r'),
                });
            }
            return;
        }
        let missing = |name: &str| StartupProblem::MissingInterpreter {
            interpreter: name.trim_end_matches('\r').to_owned(),
            is_relative: false,
            carriage_return: name.ends_with('\r'),
        };
        match self.at(interpreter) {
            Found::Missing => return problems.push(missing(interpreter)),
            Found::There(path, Some(node)) if node.fact.kind != FactKind::Directory => {
                self.check_program(&path, &node, caller, depth + 1, problems);
            }
            _ => return,
        }
        if base_name(interpreter) == "env"
            && problems.is_empty()
            && let Some(name) = run_by_env(argument)
        {
            match self.program(name, "/") {
                Found::Missing => problems.push(missing(name)),
                Found::There(path, Some(node)) if node.fact.kind != FactKind::Directory => {
                    self.check_program(&path, &node, caller, depth + 1, problems);
                }
                _ => {}
            }
        }
    }

    fn check_elf(
        &self,
        path: &str,
        role: StartupRole,
        elf: &Elf,
        problems: &mut Vec<StartupProblem>,
    ) {
        if elf.kind == Kind::Other {
            return;
        }
        if let Some(platform) = &self.config.platform
            && let Some(machines) = machines(&platform.architecture)
            && !machines.contains(&elf.machine)
        {
            problems.push(StartupProblem::WrongArchitecture {
                machine: machine_name(elf.machine),
                platform: platform.to_string(),
            });
            return;
        }
        if let Some(interpreter) = elf
            .interpreter
            .as_deref()
            .filter(|one| one.starts_with('/'))
        {
            match self.at(interpreter) {
                Found::Missing => {
                    problems.push(StartupProblem::MissingInterpreter {
                        interpreter: interpreter.to_owned(),
                        is_relative: false,
                        carriage_return: false,
                    });
                    return;
                }
                Found::Unknown => return,
                Found::There(..) => {}
            }
        } else {
            // Linked statically, or loaded by something else.
            return;
        }
        problems.extend(self.missing_libraries(path, role, elf));
    }
}

/// What `env` runs, given what stands behind it in the first line of a script: everything is one
/// argument, blanks and all, which only `-S` takes apart (`env(1)`, "-S/--split-string usage in
/// scripts"). `None` where it is something else, or not known.
fn run_by_env(argument: &str) -> Option<&str> {
    let split = argument
        .strip_prefix("-S")
        .or_else(|| argument.strip_prefix("--split-string="));
    let name = match split {
        None => argument,
        Some(words) => {
            let mut words = words.split_ascii_whitespace();
            words.find(|word| !command::is_assignment(word) || command::changes_search(word))?
        }
    };
    let is_plain = !name.is_empty()
        && !name.starts_with('-')
        && !name.contains(['=', '/', '"', '\'', '\\', '$', '#']);
    is_plain.then_some(name)
}

/// What a processor of an image's platform runs; `None` where that is not known. Those that run
/// older programs too are named with them.
fn machines(architecture: &str) -> Option<&'static [u16]> {
    Some(match architecture {
        "amd64" => &[62, 3],
        "386" => &[3, 62],
        "arm64" => &[183, 40],
        "arm" => &[40],
        "ppc64le" | "ppc64" => &[21],
        "s390x" => &[22],
        "riscv64" => &[243],
        "loong64" => &[258],
        "mips64le" | "mips64" | "mipsle" | "mips" => &[8],
        _ => return None,
    })
}

/// The name of an ELF machine, as platforms have it.
fn machine_name(machine: u16) -> String {
    match machine {
        3 => "386",
        8 => "mips",
        20 => "ppc",
        21 => "ppc64le",
        22 => "s390x",
        40 => "arm",
        62 => "amd64",
        183 => "arm64",
        243 => "riscv64",
        258 => "loong64",
        other => return format!("ELF machine {other}"),
    }
    .to_owned()
}
