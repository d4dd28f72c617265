//! What keeps a program that is there from running: its mode, its interpreter, its processor, its
//! libraries.

use plimsoll_model::{StartupProblem, StartupRole};

use super::Surroundings;
use super::accounts::{Access, Identity};
use super::command::{changes_search, is_assignment, joined};
use super::format::{Processor, Start};
use super::place::{Found, Way};
use crate::catalogue::base_name;
use crate::catalogue::binary::{Elf, Kind};
use crate::record::FactKind;
use crate::tree::Node;

/// Interpreters that are scripts themselves, each run by the next; the kernel's own bound.
const MAX_INTERPRETERS: usize = 5;

/// Who starts a program, and where.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    /// The user, where it is known.
    pub(super) identity: Option<&'a Identity>,
    pub(super) folder: &'a str,
    pub(super) role: StartupRole,
}

impl<'a> Surroundings<'a> {
    /// Collects what keeps the program at the end of `way` from running.
    pub(super) fn check_program(
        &self,
        way: &Way,
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
        self.check_access(way, node, Access::Execute, identity, problems);
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
            self.check_elf(&way.path, caller.role, elf, problems);
        } else if let Some(line) = self.shebang(node) {
            self.check_access(way, node, Access::Read, identity, problems);
            self.check_shebang(line, caller, depth, problems);
        }
    }

    /// Whether the user gets through every folder of a way and to what lies at its end.
    pub(super) fn check_access(
        &self,
        way: &Way,
        node: &Node<'a>,
        access: Access,
        identity: Option<&Identity>,
        problems: &mut Vec<StartupProblem>,
    ) {
        if let (Some(identity), Some(path)) = (identity, self.closed(way, node, access, identity)) {
            problems.push(StartupProblem::Denied {
                user: identity.name.clone(),
                path: path.to_owned(),
            });
        }
    }

    /// The first folder of a way that a user does not get through, or what lies at its end.
    pub(super) fn closed<'w>(
        &self,
        way: &'w Way,
        node: &Node<'a>,
        access: Access,
        identity: Option<&Identity>,
    ) -> Option<&'w str> {
        let identity = identity.filter(|identity| !identity.is_root())?;
        let mut folders = way.folders.iter();
        let closed = folders.find(|folder| {
            self.tree
                .get(folder)
                .is_some_and(|node| !identity.may(Access::Execute, node.fact))
        });
        let (_, fact) = self.content(node);
        closed
            .or_else(|| (!identity.may(access, fact)).then_some(&way.path))
            .map(String::as_str)
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
            Found::There(way, Some(node)) if node.fact.kind != FactKind::Directory => {
                self.check_program(&way, &node, caller, depth + 1, problems);
            }
            _ => return,
        }
        if base_name(interpreter) == "env"
            && problems.is_empty()
            && let Some(name) = run_by_env(argument)
        {
            match self.program(name, "/", caller.identity) {
                Found::Missing => problems.push(missing(name)),
                Found::There(way, Some(node)) if node.fact.kind != FactKind::Directory => {
                    self.check_program(&way, &node, caller, depth + 1, problems);
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
            words.find(|word| !is_assignment(word) || changes_search(word))?
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
pub(super) fn machine_name(machine: u16) -> String {
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
