//! What an image starts, and what keeps it from starting.

use serde::{Deserialize, Serialize};

/// Which setting of the configuration names a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StartupRole {
    /// `ENTRYPOINT`.
    Entrypoint,
    /// `CMD`, where it names the program.
    Cmd,
    /// `HEALTHCHECK`.
    HealthCheck,
}

impl StartupRole {
    /// The instruction that sets it.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
            Self::HealthCheck => "HEALTHCHECK",
        }
    }
}

/// A program that is run, or a file that it is told to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupFile {
    /// What names it.
    pub role: StartupRole,
    /// The word that names it, as it is written.
    pub word: String,
    /// The interpreter that is given it as a script, or the supervisor as its configuration; `None` for a
    /// program of its own.
    pub given_to: Option<String>,
    /// The script of a shell that runs it in the end and has the word in it, or the configuration of a
    /// supervisor, without a leading slash; `None` where the image's own configuration has it.
    pub script: Option<String>,
    /// Where it lies once every link is followed, without a leading slash; `None` where it is not
    /// there.
    pub path: Option<String>,
    /// The layer it lies in.
    pub layer: Option<usize>,
    /// What else is at fault, where something else is: the folder that is closed, the link that leads nowhere.
    pub fault: Option<StartupFault>,
    /// What keeps it from running. Only what is proven.
    pub problems: Vec<StartupProblem>,
}

/// What keeps a file from running that is not this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupFault {
    /// Where it lies, without a leading slash.
    pub path: String,
    /// The layer that made it what it is.
    pub layer: usize,
}

/// Why the kernel takes a file for no program (`execve(2)`, `ENOEXEC`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoFormat {
    /// It is empty.
    Empty,
    /// It begins with a byte order mark, before whatever its first line says.
    ByteOrderMark,
    /// Its `#!` does not stand at the very beginning: blanks or empty lines are before it.
    BlankBefore,
    /// It is text whose first line names no interpreter.
    NoShebang,
    /// It stands for a file that Git LFS keeps elsewhere.
    LargeFilePointer,
    /// It is something else than text, and no program.
    Data,
}

/// A library that is made for another processor than what needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignLibrary {
    /// Where it lies, without a leading slash.
    pub path: String,
    /// The processor it is made for.
    pub machine: String,
}

/// Why something does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartupProblem {
    /// It is not in the image.
    Missing,
    /// In its place, or in that of a folder above it, is a link that leads nowhere.
    Dangling {
        /// The link, without a leading slash.
        link: String,
        /// Where it leads, as it is written there.
        target: String,
    },
    /// It is a folder.
    Folder,
    /// Nobody may execute it.
    NotExecutable,
    /// It is nothing that Linux runs, whatever its permissions.
    NoFormat {
        /// What it is instead.
        because: NoFormat,
    },
    /// It is made for another processor than the image says, or for another operating system.
    WrongArchitecture {
        /// The processor it is made for, or the operating system.
        machine: String,
        /// The platform of the image.
        platform: String,
    },
    /// What is to load or read it is not in the image.
    MissingInterpreter {
        /// The interpreter it asks for, as it is written there.
        interpreter: String,
        /// Whether that is looked for from the folder in which the program is started.
        is_relative: bool,
        /// Whether the script's first line ends as lines do on Windows, which makes a carriage
        /// return a part of the name.
        carriage_return: bool,
    },
    /// Libraries it needs are nowhere that its loader looks.
    MissingLibraries {
        /// Their names.
        libraries: Vec<String>,
        /// The file that needs them, without a leading slash.
        needed_by: String,
        /// Files of such names that lie elsewhere in the image, where the loader does not look.
        elsewhere: Vec<String>,
        /// Files of such names that no loader takes, as they are made for another processor.
        foreign: Vec<ForeignLibrary>,
    },
    /// The user that the image runs as may not get at it.
    Denied {
        /// The user, as the configuration names it.
        user: String,
        /// The file or folder that keeps it out, without a leading slash.
        path: String,
    },
    /// It is told to start something as somebody whom the image does not know.
    UnknownAccount {
        /// The name of the user or group.
        name: String,
        /// Whether it is a group.
        is_group: bool,
    },
}
