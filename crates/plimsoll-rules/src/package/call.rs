//! What package manager calls install and remove.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

/// A system's package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// `apt-get`, `apt`, `aptitude`.
    Apt,
    /// `apk`.
    Apk,
    /// `dnf`, `yum`, `microdnf`, `tdnf`.
    Dnf,
    /// `zypper`.
    Zypper,
}

/// What a call of a package manager does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Reads the lists of what there is.
    Update,
    /// Installs.
    Install,
    /// Removes.
    Remove,
}

/// A call of a system's package manager.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Which.
    pub(crate) manager: Manager,
    /// What it does.
    pub(crate) action: Action,
    /// The words that name packages.
    pub(crate) packages: Vec<&'a ShellWord>,
    /// `apk add --virtual NAME`.
    pub(crate) group: Option<&'a str>,
}

impl Call<'_> {
    /// Whether some package is named by a variable: what is not listed may be there all the same.
    pub(crate) fn is_open(&self) -> bool {
        self.packages.iter().any(|word| word.literal.is_none())
    }

    /// The names of packages, versions and repositories taken off.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages
            .iter()
            .filter_map(|word| word.literal.as_deref())
            .map(bare_name)
    }
}

/// `curl=8.*`, `curl/bookworm`, `curl~=8`, `curl>8`, `curl:amd64` are all `curl`.
fn bare_name(text: &str) -> &str {
    let end = text
        .find(['=', '<', '>', '~', '/', ':'])
        .filter(|at| *at > 0)
        .unwrap_or(text.len());
    text[..end]
        .split('@')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(text)
}

/// Reads a command as a call of a system's package manager.
pub(crate) fn call(command: &ShellCommand) -> Option<Call<'_>> {
    let program = command.program()?;
    let manager = match program {
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "apk" => Manager::Apk,
        "dnf" | "yum" | "microdnf" | "tdnf" => Manager::Dnf,
        "zypper" => Manager::Zypper,
        _ => return None,
    };
    let takes_value: &[&str] = match manager {
        Manager::Apt => &[
            "-o",
            "--option",
            "-t",
            "--target-release",
            "--default-release",
            "-c",
            "--config-file",
            "-a",
        ],
        Manager::Apk => &[
            "-t",
            "--virtual",
            "-X",
            "--repository",
            "-p",
            "--root",
            "--repositories-file",
            "--arch",
            "--keys-dir",
            "--cache-dir",
        ],
        Manager::Dnf => &["-c", "--config", "-x", "--installroot"],
        Manager::Zypper => &["-R", "--root", "-C", "--cache-dir", "--config"],
    };
    let mut words = Vec::new();
    let mut group = None;
    let mut arguments = command.arguments().iter();
    while let Some(word) = arguments.next() {
        let text = word.literal.as_deref().unwrap_or(&word.raw);
        if takes_value.contains(&text) {
            let value = arguments.next();
            if matches!(text, "-t" | "--virtual") && manager == Manager::Apk {
                group = value.and_then(|word| word.literal.as_deref());
            }
        } else if let Some(name) = text.strip_prefix("--virtual=") {
            group = Some(name);
        } else if !text.starts_with('-') {
            words.push(word);
        }
    }
    let verb = words.first()?.literal.as_deref()?;
    let action = match (manager, verb) {
        (Manager::Apt | Manager::Apk, "update") => Action::Update,
        (Manager::Apt | Manager::Dnf | Manager::Zypper, "install")
        | (Manager::Apt, "build-dep")
        | (Manager::Dnf, "localinstall" | "groupinstall" | "reinstall")
        | (Manager::Apk, "add")
        | (Manager::Zypper, "in") => Action::Install,
        (Manager::Apt, "remove" | "purge" | "autoremove")
        | (Manager::Apk, "del")
        | (Manager::Dnf, "remove" | "erase" | "autoremove")
        | (Manager::Zypper, "remove" | "rm") => Action::Remove,
        _ => return None,
    };
    words.remove(0);
    Some(Call {
        manager,
        action,
        packages: words,
        group,
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Dialect};

    use super::*;

    #[test]
    fn calls_are_read_through_their_options() {
        for (text, manager, action, names, group) in [
            (
                "apt-get install -y --no-install-recommends curl=8.* git/sid",
                Manager::Apt,
                Action::Install,
                "curl git",
                None,
            ),
            (
                "apt-get -o Dpkg::Use-Pty=0 -qq update",
                Manager::Apt,
                Action::Update,
                "",
                None,
            ),
            (
                "sudo apt install curl",
                Manager::Apt,
                Action::Install,
                "curl",
                None,
            ),
            (
                "apk add --no-cache --virtual .deps gcc 'musl-dev>1'",
                Manager::Apk,
                Action::Install,
                "gcc musl-dev",
                Some(".deps"),
            ),
            (
                "apk --no-cache add -t .deps gcc",
                Manager::Apk,
                Action::Install,
                "gcc",
                Some(".deps"),
            ),
            ("apk del .deps", Manager::Apk, Action::Remove, ".deps", None),
            (
                "/usr/bin/dnf -y install gcc-c++",
                Manager::Dnf,
                Action::Install,
                "gcc-c++",
                None,
            ),
            (
                "zypper -n in gcc",
                Manager::Zypper,
                Action::Install,
                "gcc",
                None,
            ),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let call = call(&script.commands[0]).unwrap();
            assert_eq!(
                (call.manager, call.action, call.group),
                (manager, action, group),
                "{text}"
            );
            assert_eq!(call.names().collect::<Vec<_>>().join(" "), names, "{text}");
            assert!(!call.is_open(), "{text}");
        }
        let script = shell::parse("apt-get install $DEPS", Dialect::Bash);
        assert!(call(&script.commands[0]).unwrap().is_open());
        for text in [
            "apt-get clean",
            "apt-cache search x",
            "echo apt-get install",
            "apk",
        ] {
            assert!(
                call(&shell::parse(text, Dialect::Bash).commands[0]).is_none(),
                "{text}"
            );
        }
    }
}
