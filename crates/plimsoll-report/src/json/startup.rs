//! What an image starts and who there is in it, on the wire.

use plimsoll_model::{Accounts, NoFormat, StartupFile, StartupProblem, StartupRole};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct WireStartup<'a> {
    role: &'static str,
    word: &'a str,
    given_to: Option<&'a str>,
    script: Option<&'a str>,
    path: Option<&'a str>,
    layer: Option<usize>,
    problems: Vec<WireProblem<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum WireProblem<'a> {
    Missing {
        #[serde(skip_serializing_if = "Option::is_none")]
        link: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<&'a str>,
    },
    Folder,
    NotExecutable,
    NoFormat {
        because: &'static str,
    },
    WrongArchitecture {
        machine: &'a str,
        platform: &'a str,
    },
    MissingInterpreter {
        interpreter: &'a str,
        carriage_return: bool,
    },
    MissingLibraries {
        libraries: &'a [String],
        needed_by: &'a str,
        elsewhere: &'a [String],
        #[serde(skip_serializing_if = "Vec::is_empty")]
        foreign: Vec<WireLibrary<'a>>,
    },
    Denied {
        user: &'a str,
        path: &'a str,
    },
    UnknownUser {
        name: &'a str,
    },
    UnknownGroup {
        name: &'a str,
    },
}

#[derive(Serialize)]
struct WireLibrary<'a> {
    path: &'a str,
    machine: &'a str,
}

#[derive(Serialize)]
pub(super) struct WireAccounts<'a> {
    complete: bool,
    users: Vec<WireUser<'a>>,
    groups: Vec<WireGroup<'a>>,
}

#[derive(Serialize)]
struct WireUser<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    empty_password: bool,
}

#[derive(Serialize)]
struct WireGroup<'a> {
    name: &'a str,
    gid: u32,
    members: &'a [String],
}

impl<'a> WireStartup<'a> {
    pub(super) fn new(file: &'a StartupFile) -> Self {
        Self {
            role: match file.role {
                StartupRole::Entrypoint => "entrypoint",
                StartupRole::Cmd => "cmd",
                StartupRole::HealthCheck => "healthcheck",
            },
            word: &file.word,
            given_to: file.given_to.as_deref(),
            script: file.script.as_deref(),
            path: file.path.as_deref(),
            layer: file.layer,
            problems: file.problems.iter().map(WireProblem::new).collect(),
        }
    }
}

impl<'a> WireProblem<'a> {
    fn new(problem: &'a StartupProblem) -> Self {
        match problem {
            StartupProblem::Missing => Self::Missing {
                link: None,
                target: None,
            },
            StartupProblem::Dangling { link, target } => Self::Missing {
                link: Some(link),
                target: Some(target),
            },
            StartupProblem::Folder => Self::Folder,
            StartupProblem::NotExecutable => Self::NotExecutable,
            StartupProblem::NoFormat { because } => Self::NoFormat {
                because: match because {
                    NoFormat::Empty => "empty",
                    NoFormat::ByteOrderMark => "byte-order-mark",
                    NoFormat::BlankBefore => "blank-before",
                    NoFormat::NoShebang => "no-shebang",
                    NoFormat::LargeFilePointer => "large-file-pointer",
                    NoFormat::Data => "data",
                },
            },
            StartupProblem::WrongArchitecture { machine, platform } => {
                Self::WrongArchitecture { machine, platform }
            }
            StartupProblem::MissingInterpreter {
                interpreter,
                carriage_return,
                ..
            } => Self::MissingInterpreter {
                interpreter,
                carriage_return: *carriage_return,
            },
            StartupProblem::MissingLibraries {
                libraries,
                needed_by,
                elsewhere,
                foreign,
            } => Self::MissingLibraries {
                libraries,
                needed_by,
                elsewhere,
                foreign: foreign
                    .iter()
                    .map(|one| WireLibrary {
                        path: &one.path,
                        machine: &one.machine,
                    })
                    .collect(),
            },
            StartupProblem::Denied { user, path } => Self::Denied { user, path },
            StartupProblem::UnknownAccount { name, is_group } => match is_group {
                true => Self::UnknownGroup { name },
                false => Self::UnknownUser { name },
            },
        }
    }
}

impl<'a> WireAccounts<'a> {
    pub(super) fn new(accounts: &'a Accounts) -> Self {
        Self {
            complete: accounts.complete,
            users: accounts
                .users
                .iter()
                .map(|user| WireUser {
                    name: &user.name,
                    uid: user.uid,
                    gid: user.gid,
                    empty_password: user.empty_password,
                })
                .collect(),
            groups: accounts
                .groups
                .iter()
                .map(|group| WireGroup {
                    name: &group.name,
                    gid: group.gid,
                    members: &group.members,
                })
                .collect(),
        }
    }
}
