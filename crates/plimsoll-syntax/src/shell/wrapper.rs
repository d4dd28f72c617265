//! Programs that start another, which stands behind their own options: an init, `env`, `sudo`.
//!
//! What a reader may take from a line differs: a rule looks past an option it does not know, whoever
//! says what an image starts does not ([`Call::is_certain`]). What the options are does not differ.

/// What a program that starts another is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It minds the processes of a container.
    Init,
    /// It runs it as somebody else.
    User,
    /// The shell's own, and nowhere but in a shell.
    Shell,
    /// Another environment, priority, output or time.
    Surroundings,
    /// It gives it arguments besides those that its words name.
    Input,
}

/// What stands between its options and what it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Nothing,
    User,
    /// A user, unless an option names one; behind such a user stands no command, but more options and
    /// what a shell is given.
    ShellUser,
    /// What a shell is given.
    Shell,
    /// How long, unless an old BusyBox is told by `-t`.
    Time,
}

/// A program that starts another.
#[derive(Debug)]
pub struct Wrapper {
    names: &'static [&'static str],
    purpose: Purpose,
    /// Options without a value that leave what is started.
    bare: &'static [&'static str],
    /// Options with a value that leave what is started.
    valued: &'static [&'static str],
    /// Options with a value by which something else is found, or elsewhere.
    elsewhere: &'static [&'static str],
    /// Options with which it starts nothing that its words name.
    ends: &'static [&'static str],
    /// Options without a value by which it starts something with another environment than its own.
    fresh: &'static [&'static str],
    /// Those of `valued` that name a user.
    user: &'static [&'static str],
    /// Those of `valued` that are the text of a shell.
    text: &'static [&'static str],
    /// Those of `valued` that name the folder to start it in.
    folder: &'static [&'static str],
    operand: Operand,
    /// Whether it takes `NAME=value` in front of what it starts.
    assigns: bool,
}

const PLAIN: Wrapper = Wrapper {
    names: &[],
    purpose: Purpose::Surroundings,
    bare: &[],
    valued: &[],
    elsewhere: &[],
    ends: &[],
    fresh: &[],
    user: &[],
    text: &[],
    folder: &[],
    operand: Operand::Nothing,
    assigns: false,
};

/// Options of su(1) and runuser(1) that leave what is started.
const SHELL_USER_BARE: &[&str] = &[
    "-f",
    "--fast",
    "-m",
    "-p",
    "--preserve-environment",
    "-P",
    "--pty",
];

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        names: &["tini", "tini-static", "docker-init", "catatonit"],
        purpose: Purpose::Init,
        bare: &["-s", "-v", "-g", "-w"],
        valued: &["-p", "-e"],
        ..PLAIN
    },
    Wrapper {
        names: &["dumb-init"],
        purpose: Purpose::Init,
        bare: &["-c", "--single-child", "-v", "--verbose"],
        valued: &["-r", "--rewrite"],
        ..PLAIN
    },
    Wrapper {
        names: &["gosu", "su-exec", "s6-setuidgid", "setuidgid"],
        purpose: Purpose::User,
        operand: Operand::User,
        ..PLAIN
    },
    Wrapper {
        names: &["setpriv"],
        purpose: Purpose::User,
        bare: &[
            "-d",
            "--dump",
            "--nnp",
            "--no-new-privs",
            "--clear-groups",
            "--keep-groups",
            "--init-groups",
        ],
        valued: &[
            "--groups",
            "--inh-caps",
            "--ambient-caps",
            "--bounding-set",
            "--ruid",
            "--euid",
            "--reuid",
            "--rgid",
            "--egid",
            "--regid",
            "--securebits",
            "--pdeathsig",
            "--selinux-label",
            "--apparmor-profile",
        ],
        fresh: &["--reset-env"],
        user: &["--ruid", "--euid", "--reuid"],
        ..PLAIN
    },
    Wrapper {
        names: &["su"],
        purpose: Purpose::User,
        bare: SHELL_USER_BARE,
        valued: &[
            "-c",
            "--command",
            "-g",
            "--group",
            "-G",
            "--supp-group",
            "-s",
            "--shell",
            "-w",
            "--whitelist-environment",
        ],
        fresh: &["-", "-l", "--login"],
        text: &["-c", "--command"],
        operand: Operand::ShellUser,
        ..PLAIN
    },
    Wrapper {
        names: &["runuser"],
        purpose: Purpose::User,
        bare: SHELL_USER_BARE,
        valued: &[
            "-c",
            "--command",
            "-g",
            "--group",
            "-G",
            "--supp-group",
            "-s",
            "--shell",
            "-u",
            "--user",
            "-w",
            "--whitelist-environment",
        ],
        fresh: &["-", "-l", "--login"],
        user: &["-u", "--user"],
        text: &["-c", "--command"],
        operand: Operand::ShellUser,
        ..PLAIN
    },
    Wrapper {
        names: &["chpst"],
        purpose: Purpose::User,
        bare: &["-v", "-P", "-0", "-1", "-2"],
        valued: &[
            "-u", "-U", "-b", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t",
            "-s", "-a",
        ],
        elsewhere: &["-e", "-/"],
        user: &["-u"],
        ..PLAIN
    },
    // `-i` and `-s` start a shell.
    Wrapper {
        names: &["sudo"],
        purpose: Purpose::User,
        bare: &[
            "-A",
            "-b",
            "-B",
            "-E",
            "-H",
            "-k",
            "-n",
            "-N",
            "-P",
            "-S",
            "--preserve-env",
            "--set-home",
            "--non-interactive",
            "--stdin",
            "--background",
        ],
        valued: &[
            "-u",
            "--user",
            "-g",
            "--group",
            "-h",
            "--host",
            "-p",
            "--prompt",
            "-C",
            "--close-from",
            "-T",
            "--command-timeout",
            "-r",
            "--role",
            "-t",
            "--type",
        ],
        elsewhere: &["-D", "--chdir", "-R", "--chroot", "-U", "--other-user"],
        ends: &["-e", "--edit", "-l", "--list", "-v", "--validate"],
        user: &["-u", "--user"],
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &["doas"],
        purpose: Purpose::User,
        bare: &["-n"],
        valued: &["-u"],
        ends: &["-C", "-L"],
        user: &["-u"],
        ..PLAIN
    },
    Wrapper {
        names: &["env"],
        bare: &["-v", "--debug"],
        valued: &["-C", "--chdir"],
        elsewhere: &["-u", "--unset"],
        ends: &["-S", "--split-string"],
        fresh: &["-", "-i", "--ignore-environment"],
        folder: &["-C", "--chdir"],
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &["timeout"],
        bare: &[
            "-v",
            "--verbose",
            "-f",
            "--foreground",
            "-p",
            "--preserve-status",
        ],
        valued: &["-k", "--kill-after", "-s", "--signal", "-t"],
        operand: Operand::Time,
        ..PLAIN
    },
    Wrapper {
        names: &["nice"],
        valued: &["-n", "--adjustment"],
        ..PLAIN
    },
    Wrapper {
        names: &["nohup"],
        ..PLAIN
    },
    Wrapper {
        names: &["stdbuf"],
        valued: &["-i", "--input", "-o", "--output", "-e", "--error"],
        ..PLAIN
    },
    Wrapper {
        names: &["time"],
        bare: &[
            "-p",
            "--portability",
            "-v",
            "--verbose",
            "-a",
            "--append",
            "-q",
            "--quiet",
        ],
        valued: &["-f", "--format", "-o", "--output"],
        ..PLAIN
    },
    // With `-r` it may start nothing, and with `-I` its words are not what it starts.
    Wrapper {
        names: &["xargs"],
        purpose: Purpose::Input,
        bare: &[
            "-0",
            "--null",
            "-o",
            "--open-tty",
            "-t",
            "--verbose",
            "-x",
            "--exit",
        ],
        valued: &[
            "-a",
            "--arg-file",
            "-d",
            "--delimiter",
            "-E",
            "-L",
            "--max-lines",
            "-n",
            "--max-args",
            "-P",
            "--max-procs",
            "-s",
            "--max-chars",
        ],
        elsewhere: &["-I"],
        ..PLAIN
    },
    Wrapper {
        names: &["exec"],
        purpose: Purpose::Shell,
        bare: &["-c", "-l"],
        valued: &["-a"],
        ..PLAIN
    },
    Wrapper {
        names: &["command"],
        purpose: Purpose::Shell,
        bare: &["-p"],
        ends: &["-v", "-V"],
        ..PLAIN
    },
];

/// What the words behind the name of such a program say. A word that is not known is `None` here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Call<'w> {
    /// Index of the word that names what it starts; `None` where it starts nothing.
    pub command: Option<usize>,
    /// The user that it starts it as, where it names one.
    pub user: Option<Option<&'w str>>,
    /// The text of a shell that it starts, where it has one.
    pub text: Option<Option<&'w str>>,
    /// The folder that it starts it in, where it names one.
    pub folder: Option<Option<&'w str>>,
    /// `NAME=value` in front of what it starts.
    pub assignments: Vec<&'w str>,
    /// Whether what it starts gets another environment than its own.
    pub is_fresh: bool,
    /// Whether it starts just that: no option is strange, and by none something else is found.
    pub is_certain: bool,
}

/// What a program starts others with, by its name or path.
pub fn of(program: &str) -> Option<&'static Wrapper> {
    let name = base_name(program)?;
    WRAPPERS
        .iter()
        .find(|wrapper| wrapper.names.contains(&name))
}

/// Index of the first word that is not there to start another; of one that is where it starts nothing, or
/// not with its words alone.
pub fn program_index<W>(words: &[W], known: impl Fn(&W) -> Option<&str>) -> usize {
    let mut at = 0;
    while let Some(command) = words.get(at).and_then(&known).and_then(|name| {
        let behind = words.get(at + 1..)?;
        let wrapper = of(name).filter(|it| it.purpose != Purpose::Input)?;
        wrapper.read(behind.iter().map(&known)).command
    }) {
        at += 1 + command;
    }
    at
}

pub(super) fn base_name(program: &str) -> Option<&str> {
    program.rsplit('/').next().filter(|name| !name.is_empty())
}

impl Wrapper {
    /// What it is there for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether what stands at `at` behind its name, behind the word `before`, is given to an option or
    /// stands before what it starts.
    pub fn is_given(&self, at: usize, before: &str) -> bool {
        self.valued.contains(&before) || (self.operand == Operand::User && at == 0)
    }

    /// The user that it starts something as, where any word in front of that may name one: behind options that
    /// are not known, or in a word that is not.
    pub fn user_anywhere<'w>(
        &self,
        words: impl Iterator<Item = Option<&'w str>> + Clone,
    ) -> Option<Option<&'w str>> {
        let call = self.read(words.clone());
        if call.user.is_some() || self.purpose != Purpose::User {
            return call.user;
        }
        let command = call.command.and_then(|at| words.clone().nth(at));
        if command == Some(None) {
            return Some(None);
        }
        if call.is_certain {
            return None;
        }
        let mut words = words;
        while let Some(word) = words.next() {
            let word = word?;
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            if self.user.contains(&name) {
                return Some(value.or_else(|| words.next().flatten()));
            }
        }
        None
    }

    /// Reads the words behind its name.
    pub fn read<'w>(&self, words: impl IntoIterator<Item = Option<&'w str>>) -> Call<'w> {
        let mut call = Call {
            is_certain: true,
            ..Call::default()
        };
        let mut operand = self.operand;
        let mut options_end = false;
        let mut valued: Option<&str> = None;
        for (at, word) in words.into_iter().enumerate() {
            if let Some(option) = valued.take() {
                self.give(&mut call, option, word);
                continue;
            }
            let text = word.unwrap_or_default();
            if !options_end && text == "--" {
                options_end = true;
            } else if !options_end && text.starts_with('-') {
                call.is_certain &= call.assignments.is_empty();
                match self.option(text) {
                    Given::Nothing => {}
                    Given::Fresh => call.is_fresh = true,
                    Given::Strange => call.is_certain = false,
                    Given::Ends => return call,
                    Given::Next(option) => valued = Some(option),
                    Given::Value(option, value) => self.give(&mut call, option, Some(value)),
                }
                let told = valued.or(text.get(..2)) == Some("-t");
                if told && operand == Operand::Time {
                    operand = Operand::Nothing;
                }
            } else if operand == Operand::Time {
                if word.is_some() && !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                    return call;
                }
                (operand, options_end) = (Operand::Nothing, true);
            } else if operand == Operand::User {
                call.user = Some(word);
                (operand, options_end) = (Operand::Nothing, true);
            } else if operand == Operand::ShellUser && call.user.is_none() {
                call.user = Some(word);
                operand = Operand::Shell;
            } else if operand == Operand::Shell {
                // What its shell is given starts nothing by itself.
            } else if self.assigns && text.contains('=') {
                call.assignments.push(text);
            } else {
                call.command = Some(at);
                return call;
            }
        }
        call
    }

    fn give<'w>(&self, call: &mut Call<'w>, option: &str, value: Option<&'w str>) {
        if self.user.contains(&option) {
            call.user = Some(value);
        }
        if self.text.contains(&option) {
            call.text = Some(value);
        }
        if self.folder.contains(&option) {
            call.folder = Some(value);
        }
        call.is_certain &= !self.elsewhere.contains(&option);
    }

    /// What a word says that begins with a dash: `--long`, `--long=value`, `-abc`, `-uvalue`.
    fn option<'w>(&self, word: &'w str) -> Given<'w> {
        let takes_value =
            |option: &str| self.valued.contains(&option) || self.elsewhere.contains(&option);
        if word.starts_with("--") {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            return match value {
                _ if self.ends.contains(&name) => Given::Ends,
                None if takes_value(name) => Given::Next(name),
                Some(value) if takes_value(name) => Given::Value(name, value),
                _ if self.fresh.contains(&name) => Given::Fresh,
                _ if self.bare.contains(&name) => Given::Nothing,
                _ => Given::Strange,
            };
        }
        let is_in = |list: &[&'static str], letter: char| {
            list.iter()
                .find(|option| {
                    option
                        .strip_prefix('-')
                        .is_some_and(|it| it.chars().eq([letter]))
                })
                .copied()
        };
        if self.fresh.contains(&word) {
            return Given::Fresh;
        }
        let letters = word.trim_start_matches('-');
        for (at, letter) in letters.char_indices() {
            let value = &letters[at + letter.len_utf8()..];
            if is_in(self.ends, letter).is_some() {
                return Given::Ends;
            }
            let option = is_in(self.valued, letter).or_else(|| is_in(self.elsewhere, letter));
            if let Some(option) = option {
                return match value {
                    "" => Given::Next(option),
                    value => Given::Value(option, value),
                };
            }
            if is_in(self.bare, letter).is_none() {
                return Given::Strange;
            }
        }
        match letters {
            "" => Given::Strange,
            _ => Given::Nothing,
        }
    }
}

/// What an option says.
enum Given<'w> {
    /// That it is known, and has no value.
    Nothing,
    /// That what is started gets another environment.
    Fresh,
    /// Nothing that is known.
    Strange,
    /// That nothing is started.
    Ends,
    /// That the next word is its value.
    Next(&'w str),
    /// Its value.
    Value(&'w str, &'w str),
}

#[cfg(test)]
mod tests;
