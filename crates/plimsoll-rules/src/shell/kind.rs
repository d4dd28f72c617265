//! Which shell reads a text.

/// A shell, by what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShellKind {
    /// `/bin/sh`, and nobody knows what that is: what POSIX promises is all there is.
    Sh,
    /// Debian's and Ubuntu's `/bin/sh`.
    Dash,
    /// BusyBox ash: Alpine's `/bin/sh`. Has `pipefail`, `local`, `echo -e`.
    BusyBox,
    /// Bash under its own name.
    Bash,
    /// Bash called as `sh`, as Fedora and its kin do: its extensions work nearly all.
    BashAsSh,
    /// The Korn shell.
    Ksh,
    /// Zsh.
    Zsh,
    /// Windows' `cmd`.
    Cmd,
    /// PowerShell, on whatever system.
    PowerShell,
    /// Something else: SHELL or a first line names a program that is no shell known here.
    Other,
    /// The image has no shell: `scratch`, distroless.
    Absent,
}

impl ShellKind {
    /// The shell that a program is; plain `sh` is `Sh`, as its name does not tell more.
    pub fn of_program(program: &str) -> Self {
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let name = match name
            .len()
            .checked_sub(4)
            .and_then(|at| name.split_at_checked(at))
        {
            Some((stem, end)) if end.eq_ignore_ascii_case(".exe") => stem,
            _ => name,
        };
        match name {
            "sh" => Self::Sh,
            "bash" => Self::Bash,
            "dash" => Self::Dash,
            "ash" | "busybox" => Self::BusyBox,
            "ksh" | "ksh93" | "mksh" | "oksh" => Self::Ksh,
            "zsh" => Self::Zsh,
            _ if name.eq_ignore_ascii_case("cmd") => Self::Cmd,
            _ if name.eq_ignore_ascii_case("pwsh")
                || name.eq_ignore_ascii_case("powershell")
                || name.eq_ignore_ascii_case("pwsh-preview") =>
            {
                Self::PowerShell
            }
            _ => Self::Other,
        }
    }

    /// Whether it reads the language of the Bourne shell.
    pub fn is_bourne(self) -> bool {
        !matches!(
            self,
            Self::Cmd | Self::PowerShell | Self::Other | Self::Absent
        )
    }

    /// Whether `set -o pipefail` works; `None` where that cannot be known.
    pub fn has_pipefail(self) -> Option<bool> {
        match self {
            Self::Sh | Self::Other => None,
            Self::BusyBox | Self::Bash | Self::BashAsSh | Self::Ksh | Self::Zsh => Some(true),
            Self::Dash | Self::Cmd | Self::PowerShell | Self::Absent => Some(false),
        }
    }
}

/// The shell that reads a text, and what it was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Which it is.
    pub kind: ShellKind,
    /// Whether that is certain: SHELL, a first line, the command itself or the base image tells.
    /// Where it does not, `kind` is `Sh`.
    pub known: bool,
    /// What the file itself says, the base image left aside: `Sh` unless SHELL, a first line or the
    /// command names another. This is what tools see that know nothing of base images.
    pub written: ShellKind,
    /// Whether a failing command ends the script from its first line on (`-e`).
    pub errexit: bool,
    /// Whether a pipe fails with any of its commands from the first line on (`-o pipefail`).
    pub pipefail: bool,
}

impl Shell {
    /// The shell that `words` start (`/bin/bash`, `-o`, `pipefail`, `-c`), where `sh` is what
    /// `/bin/sh` is in the image.
    pub fn of_words<'w>(words: impl IntoIterator<Item = &'w str>, sh: Option<ShellKind>) -> Self {
        let mut words = words.into_iter();
        let Some(mut program) = words.next() else {
            return Self::default_of(sh);
        };
        let mut words = words.peekable();
        // `/usr/bin/env -S bash -e`, `busybox sh`: the program is the word behind.
        let base = program.rsplit('/').next().unwrap_or(program);
        let mut kind = ShellKind::of_program(program);
        if base == "env" {
            for word in words.by_ref() {
                if !word.starts_with('-') && !word.contains('=') {
                    program = word;
                    break;
                }
            }
            kind = ShellKind::of_program(program);
        } else if base == "busybox" {
            words.next_if(|word| matches!(*word, "sh" | "ash"));
        }
        let written = kind;
        let mut shell = Self {
            kind,
            known: true,
            written,
            errexit: false,
            pipefail: false,
        };
        if kind == ShellKind::Sh {
            shell = Self::default_of(sh);
        }
        shell.read_options(words);
        shell
    }

    /// Docker's default: `/bin/sh -c`.
    pub(crate) fn default_of(sh: Option<ShellKind>) -> Self {
        Self {
            kind: sh.unwrap_or(ShellKind::Sh),
            known: sh.is_some(),
            written: ShellKind::Sh,
            errexit: false,
            pipefail: false,
        }
    }

    fn read_options<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        let mut words = words;
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-') else {
                break;
            };
            if letters.starts_with('-') {
                continue;
            }
            self.errexit |= letters.contains('e');
            if letters.ends_with('o') {
                match words.next() {
                    Some("pipefail") => self.pipefail = true,
                    Some("errexit") => self.errexit = true,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Shell {
        Shell::of_words(text.split_whitespace(), Some(ShellKind::Dash))
    }

    #[test]
    fn programs_are_known_by_their_names() {
        for (text, kind, written) in [
            ("/bin/sh -c", ShellKind::Dash, ShellKind::Sh),
            ("/bin/bash -o pipefail -c", ShellKind::Bash, ShellKind::Bash),
            ("/usr/bin/env -S bash -eu", ShellKind::Bash, ShellKind::Bash),
            ("busybox sh -c", ShellKind::BusyBox, ShellKind::BusyBox),
            (
                "powershell.exe -Command",
                ShellKind::PowerShell,
                ShellKind::PowerShell,
            ),
            (
                r"C:\Windows\System32\CMD.EXE /S /C",
                ShellKind::Cmd,
                ShellKind::Cmd,
            ),
            ("python3", ShellKind::Other, ShellKind::Other),
            ("", ShellKind::Dash, ShellKind::Sh),
        ] {
            let shell = shell(text);
            assert_eq!((shell.kind, shell.written), (kind, written), "{text}");
            assert!(shell.known, "{text}");
        }
        assert!(!Shell::of_words(["sh", "-c"], None).known);
    }

    #[test]
    fn options_of_the_start_are_read() {
        let on = |text| (shell(text).errexit, shell(text).pipefail);
        assert_eq!(on("/bin/bash -o pipefail -c"), (false, true));
        assert_eq!(on("bash -euo pipefail -c"), (true, true));
        assert_eq!(on("sh -exc"), (true, false));
        assert_eq!(on("sh -c -e"), (true, false));
        assert_eq!(on("bash script -e"), (false, false));
        assert_eq!(on("bash -o errexit --norc -o nounset -c"), (true, false));
    }
}
