//! What calls of package managers do: the one place that knows their command lines.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::grammar;
use super::manager::manager;
pub(crate) use super::manager::{Action, Manager, is_pip};

/// An option of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallOption<'a> {
    /// As written in front of `=`: `--target-release`, `-t`, `-yqq`.
    pub(crate) name: &'a str,
    /// Its value: behind `=`, glued to a short one, or the next word.
    pub(crate) value: Option<&'a str>,
    /// The word it stands in.
    pub(crate) word: &'a ShellWord,
}

impl CallOption<'_> {
    /// Whether this is `short`, alone or among other short ones, or one of `long`.
    fn is(&self, short: char, long: &[&str]) -> bool {
        match self.name.strip_prefix("--") {
            Some(_) => long.contains(&self.name),
            None => self.name.chars().skip(1).any(|letter| letter == short),
        }
    }
}

/// A call of a package manager.
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
    /// The program's base name: `apt-get`, `microdnf`, `pip3`, `python3`.
    pub(crate) program: &'a str,
    /// The word that says what to do.
    pub(crate) verb: &'a str,
    /// Its place: nothing where the call has none.
    pub(crate) verb_word: Option<&'a ShellWord>,
    /// Its options in the order they stand.
    pub(crate) options: Vec<CallOption<'a>>,
}

impl<'a> Call<'a> {
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

    /// The option called `short` (alone or among other short ones) or one of `long`.
    pub(crate) fn option(&self, short: char, long: &[&str]) -> Option<CallOption<'a>> {
        self.options
            .iter()
            .find(|option| option.is(short, long))
            .copied()
    }

    /// Whether it has the option called `short` or one of `long`.
    pub(crate) fn has(&self, short: char, long: &[&str]) -> bool {
        self.option(short, long).is_some()
    }

    /// Whether it has one of these long options.
    pub(crate) fn has_long(&self, long: &[&str]) -> bool {
        self.has('\0', long)
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

fn is_python(program: &str) -> bool {
    ["python", "pypy"].iter().any(|name| {
        program
            .strip_prefix(name)
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    })
}

/// The words behind `python … -m pip` and `uv pip`.
fn behind_pip<'a>(program: &str, arguments: &'a [ShellWord]) -> Option<&'a [ShellWord]> {
    let at = if program == "uv" {
        arguments
            .iter()
            .position(|word| !word.raw.starts_with('-'))?
    } else if is_python(program) {
        let module = arguments
            .iter()
            .take_while(|word| word.raw.starts_with('-'))
            .position(|word| word.raw == "-m")?;
        module + 1
    } else {
        return None;
    };
    let is_pip = arguments.get(at)?.literal.as_deref() == Some("pip");
    is_pip.then(|| &arguments[at + 1..])
}

/// Reads a command as a call of a system's package manager.
pub(crate) fn call(command: &ShellCommand) -> Option<Call<'_>> {
    let program = command.program()?;
    let manager = manager(program).filter(|manager| manager.is_system())?;
    Some(read(manager, program, command.arguments()))
}

/// Reads a command as a call of any package manager, a system's or a language's.
pub(crate) fn any_call(command: &ShellCommand) -> Option<Call<'_>> {
    let program = command.program()?;
    let (manager, arguments) = match manager(program) {
        Some(manager) => (manager, command.arguments()),
        None => (Manager::Pip, behind_pip(program, command.arguments())?),
    };
    Some(read(manager, program, arguments))
}

/// Whether a command calls any package manager.
pub(crate) fn is_call(command: &ShellCommand) -> bool {
    command.program().is_some_and(|program| {
        manager(program).is_some() || behind_pip(program, command.arguments()).is_some()
    })
}

fn text(word: &ShellWord) -> &str {
    word.literal.as_deref().unwrap_or(&word.raw)
}

fn read<'a>(manager: Manager, program: &'a str, arguments: &'a [ShellWord]) -> Call<'a> {
    let mut call = Call {
        manager,
        action: Action::Other,
        packages: Vec::new(),
        group: None,
        program,
        verb: "",
        verb_word: None,
        options: Vec::new(),
    };
    let mut arguments = arguments.iter();
    let mut options_end = false;
    while let Some(word) = arguments.next() {
        let text = text(word);
        if !options_end && text == "--" {
            options_end = true;
            // What follows is for the compiler of extensions, not a gem.
            if manager == Manager::Gem {
                break;
            }
        } else if !options_end && text.len() > 1 && text.starts_with('-') {
            let behind_verb = call.verb_word.is_some();
            let mut option = option(manager, text, word, behind_verb);
            if option.value.is_none() && wants_value(manager, option.name, behind_verb) {
                option.value = arguments.next().map(self::text);
            }
            if manager == Manager::Apk && option.is('t', &["--virtual"]) {
                call.group = option.value;
            }
            call.options.push(option);
        } else if call.verb_word.is_none() && manager != Manager::Pacman {
            call.verb_word = Some(word);
            call.verb = word.literal.as_deref().unwrap_or_default();
        } else {
            call.packages.push(word);
        }
    }
    call.action = grammar::action(manager, call.verb);
    read_on(&mut call);
    call
}

/// Verbs of two words, and verbs that are options.
fn read_on(call: &mut Call<'_>) {
    let second = call.packages.first().map(|word| text(word));
    match (call.manager, call.verb, second) {
        (Manager::Dnf, "group" | "module" | "groups", Some("install" | "enable"))
        | (Manager::Yarn, "global", Some("add"))
        | (Manager::Go, "tool", Some("install")) => {
            call.packages.remove(0);
            call.action = Action::Install;
        }
        (Manager::Dnf, "group" | "module" | "groups", Some("remove")) => {
            call.packages.remove(0);
            call.action = Action::Remove;
        }
        (Manager::Yarn, "", _) => call.action = Action::Install,
        (Manager::Pip | Manager::Npm | Manager::Yarn | Manager::Apk, "cache", second) => {
            let cleans = matches!(second, Some("purge" | "clean" | "rm" | "remove"));
            if !cleans {
                call.action = Action::Other;
            }
        }
        (Manager::Pnpm, "store", second) if second != Some("prune") => call.action = Action::Other,
        (Manager::Pacman, ..) => {
            let of = |call: &Call<'_>, letter: char, long: &str| call.has(letter, &[long]);
            call.action = if of(call, 'S', "--sync") {
                if of(call, 'c', "--clean") {
                    Action::Clean
                } else if !call.packages.is_empty() {
                    Action::Install
                } else if of(call, 'u', "--sysupgrade") {
                    Action::Upgrade
                } else if of(call, 'y', "--refresh") {
                    Action::Update
                } else {
                    Action::Other
                }
            } else if of(call, 'U', "--upgrade") {
                Action::Install
            } else if of(call, 'R', "--remove") {
                Action::Remove
            } else {
                Action::Other
            };
        }
        _ => {}
    }
}

/// An option by its name and the value that is written in the same word.
fn option<'a>(
    manager: Manager,
    text: &'a str,
    word: &'a ShellWord,
    behind_verb: bool,
) -> CallOption<'a> {
    let glued = |text: &'a str| {
        // Go's options have one dash and any number of letters.
        let end = text.char_indices().nth(2).map(|(at, _)| at)?;
        let (name, value) = text.split_at(end);
        let short = manager != Manager::Go && !name.starts_with("--");
        (short && grammar::takes_value(manager, name, behind_verb))
            .then(|| (name, value.strip_prefix('=').unwrap_or(value)))
    };
    let (name, value) = match glued(text) {
        Some((name, value)) => (name, Some(value)),
        None => match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        },
    };
    CallOption { name, value, word }
}

/// Whether an option without a value takes the next word: a short one also as the last of several.
fn wants_value(manager: Manager, name: &str, behind_verb: bool) -> bool {
    if grammar::takes_value(manager, name, behind_verb) {
        return true;
    }
    if name.starts_with("--") || name.len() <= 2 || manager == Manager::Go {
        return false;
    }
    let Some(last) = name.chars().next_back().filter(char::is_ascii_alphabetic) else {
        return false;
    };
    let mut buffer = [b'-', 0];
    last.encode_utf8(&mut buffer[1..]);
    std::str::from_utf8(&buffer)
        .is_ok_and(|short| grammar::takes_value(manager, short, behind_verb))
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
            "apt-cache search x",
            "echo apt-get install",
            "pip install x",
        ] {
            assert!(
                call(&shell::parse(text, Dialect::Bash).commands[0]).is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn every_manager_has_its_own_command_line() {
        use Action::{Clean, Install, Other, Remove, Update, Upgrade};
        for (text, action, packages) in [
            ("apt-get -o=A=b -qqy -t sid install x", Install, "x"),
            ("apt-get clean", Clean, ""),
            (
                "apt-get -yqq --no-install-recommends dist-upgrade",
                Upgrade,
                "",
            ),
            ("apt list", Other, ""),
            ("apk", Other, ""),
            ("apk add -X https://a/b --virtual=.d x", Install, "x"),
            ("apk cache clean", Clean, "clean"),
            ("yum -y --enablerepo epel install x", Install, "x"),
            ("dnf module install nodejs:20", Install, "nodejs:20"),
            ("dnf config-manager --add-repo x", Other, "x"),
            ("microdnf update", Upgrade, ""),
            ("zypper -C /c in -C 'x > 1'", Install, "x > 1"),
            ("pacman -Syu --noconfirm", Upgrade, ""),
            ("pacman -S x", Install, "x"),
            ("pacman -Scc", Clean, ""),
            (
                "pip3.12 install -qr a.txt -U 'x[y]>=1; python_version<\"4\"'",
                Install,
                "x[y]>=1; python_version<\"4\"",
            ),
            (
                "python3 -u -m pip --no-cache-dir install -ra x",
                Install,
                "x",
            ),
            ("python3 -m venv /v", Other, "-"),
            ("uv pip install --system --index-strategy y x", Install, "x"),
            ("pip cache purge", Clean, "purge"),
            ("pip uninstall -y x", Remove, "x"),
            ("npm --prefix /a ci", Install, ""),
            ("npm i -g x@1 --registry https://a", Install, "x@1"),
            ("npm cache clean --force", Clean, "clean"),
            ("npm run build", Other, "build"),
            ("yarn", Install, ""),
            ("yarn global add x", Install, "x"),
            ("pnpm add -g x", Install, "x"),
            ("gem install --no-document -v 2 x -- --with-y", Install, "x"),
            (
                "go install -ldflags '-s -w' -tags x a/b@v1",
                Install,
                "a/b@v1",
            ),
            ("go get -u a/b", Install, "a/b"),
            ("apt-get update --fix-missing", Update, ""),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let Some(call) = any_call(&script.commands[0]) else {
                assert_eq!(packages, "-", "{text}");
                continue;
            };
            let named: Vec<&str> = call.packages.iter().map(|word| super::text(word)).collect();
            assert_eq!(
                (call.action, named.join(" ")),
                (action, packages.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn options_are_found_alone_and_among_others() {
        let has = |line: &str, short, long: &[&str]| {
            let script = shell::parse(line, Dialect::Bash);
            any_call(&script.commands[0]).unwrap().has(short, long)
        };
        assert!(has("apt-get -fmy install x", 'y', &["--yes"]));
        assert!(has(
            "apt-get install x --assume-yes",
            'y',
            &["--assume-yes"]
        ));
        assert!(!has("apt-get install -o Dir=/y x", 'y', &["--yes"]));
        assert!(!has("apt-get install --yesterday x", 'y', &["--yes"]));
        assert!(!has(
            "yum --installroot=/y install x",
            'y',
            &["--assumeyes"]
        ));
    }
}
