//! Package managers, by the programs that are called.

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// `apt-get`, `apt`, `aptitude`.
    Apt,
    /// `apk`.
    Apk,
    /// `dnf`, `dnf5`, `yum`, `microdnf`, `tdnf`.
    Dnf,
    /// `zypper`.
    Zypper,
    /// `pacman`.
    Pacman,
    /// `pip`, `python -m pip`, `uv pip`, `pipx`.
    Pip,
    /// `npm`.
    Npm,
    /// `yarn`.
    Yarn,
    /// `pnpm`.
    Pnpm,
    /// `gem`.
    Gem,
    /// `go`.
    Go,
}

impl Manager {
    /// Whether it installs the system's packages, not those of a language.
    pub(crate) fn is_system(self) -> bool {
        matches!(
            self,
            Self::Apt | Self::Apk | Self::Dnf | Self::Zypper | Self::Pacman
        )
    }
}

/// What a call of a package manager does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Reads the lists of what there is.
    Update,
    /// Installs.
    Install,
    /// Brings what is installed up to date.
    Upgrade,
    /// Removes.
    Remove,
    /// Empties its caches.
    Clean,
    /// Anything else.
    Other,
}

/// The manager that a program is.
pub(super) fn manager(program: &str) -> Option<Manager> {
    Some(match program {
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "apk" => Manager::Apk,
        "dnf" | "dnf5" | "yum" | "microdnf" | "tdnf" => Manager::Dnf,
        "zypper" => Manager::Zypper,
        "pacman" => Manager::Pacman,
        "npm" => Manager::Npm,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        "gem" => Manager::Gem,
        "go" => Manager::Go,
        "pipx" => Manager::Pip,
        _ if is_pip(program) => Manager::Pip,
        _ => return None,
    })
}

/// Whether a program is `pip`, with or without the version of its Python.
pub(crate) fn is_pip(program: &str) -> bool {
    program.strip_prefix("pip").is_some_and(|rest| {
        rest.bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    })
}
