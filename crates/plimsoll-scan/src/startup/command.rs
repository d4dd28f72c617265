//! Which programs a command line runs, as far as that is certain.
//!
//! Of wrappers and shells only forms are read whose meaning cannot be another. Where a line goes on
//! in a way that depends on anything but itself, what comes behind is not told.

mod text;

use plimsoll_model::StartupRole;

use self::text::{Then, alternatives, asked, first_command};

/// A program that is started, or a file that an interpreter is given to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) role: StartupRole,
    pub(super) word: String,
    /// The interpreter, for a file it is given.
    pub(super) given_to: Option<String>,
    /// Whether a shell looks for it, which may know a command of that name itself.
    pub(super) in_shell: bool,
    /// Whether it is started by what gives a file that the kernel does not know to a shell: a shell
    /// itself, and what starts programs by `execvp(3)`.
    pub(super) falls_back: bool,
    /// The folder it is started in.
    pub(super) folder: String,
    /// What a program or a script of a shell is given.
    pub(super) arguments: Vec<String>,
    /// Programs that a shell tries where this one does not work.
    pub(super) instead: Vec<String>,
}

/// Wrappers and shells inside each other that are followed.
const MAX_DEPTH: usize = 6;

/// Commands of a text that are passed over for the one behind them.
const MAX_COMMANDS: usize = 1_000;

/// Options of setpriv(1) that leave how programs are looked for.
const SETPRIV_BARE: &[&str] = &[
    "-d",
    "--dump",
    "--nnp",
    "--no-new-privs",
    "--clear-groups",
    "--keep-groups",
    "--init-groups",
];

/// Options of setpriv(1) that take a value.
pub(super) const SETPRIV_VALUED: &[&str] = &[
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
];

/// Options of runuser(1) that take a value.
pub(super) const RUNUSER_VALUED: &[&str] = &["-u", "--user", "-g", "--group", "-G", "--supp-group"];

/// Options of chpst(8) that take a value; `-e` and `-/` change what is found.
pub(super) const CHPST_VALUED: &[&str] = &[
    "-u", "-U", "-b", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-s", "-a",
];

/// Whether an option has its value in the same word: `--user=NAME`, `-uNAME`.
fn holds_value(word: &str, option: &str) -> bool {
    word.strip_prefix(option)
        .is_some_and(|value| value.starts_with('=') || !option.starts_with("--"))
}

/// The longest path that Linux takes (`PATH_MAX`).
pub(super) const MAX_PATH: usize = 4_096;

/// Reads the steps of one command line.
pub(super) struct Reader {
    role: StartupRole,
    folder: String,
    in_shell: bool,
    falls_back: bool,
    instead: Vec<String>,
    pub(super) steps: Vec<Step>,
}

impl Reader {
    pub(super) fn new(role: StartupRole, folder: &str) -> Self {
        Self {
            role,
            folder: if folder.is_empty() { "/" } else { folder }.to_owned(),
            in_shell: false,
            falls_back: false,
            instead: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// As [`Self::new`], for what a shell runs; `replaces` says that it is replaced by that.
    pub(super) fn in_script(role: StartupRole, folder: &str, replaces: bool) -> Self {
        Self {
            in_shell: !replaces,
            falls_back: true,
            ..Self::new(role, folder)
        }
    }

    /// Reads a list of arguments. Gives whether nothing ran that may change the image before what
    /// comes behind it.
    pub(super) fn arguments(&mut self, words: &[String], depth: usize) {
        let Some((program, rest)) = words.split_first() else {
            return;
        };
        if program.is_empty() || depth > MAX_DEPTH {
            return;
        }
        self.push(program, None, rest);
        let name = program.rsplit('/').next().unwrap_or_default();
        match name {
            "tini" | "tini-static" | "docker-init" | "catatonit" => {
                self.wrapped(
                    rest,
                    &["-s", "-v", "-vv", "-vvv", "-g", "-w"],
                    &["-p", "-e"],
                    depth,
                );
            }
            "dumb-init" => self.wrapped(
                rest,
                &["-c", "--single-child", "-v", "--verbose"],
                &["-r", "--rewrite"],
                depth,
            ),
            "env" => {
                let plain = rest
                    .iter()
                    .position(|word| !word.contains('='))
                    .unwrap_or(rest.len());
                let (set, rest) = rest.split_at(plain);
                if !set.iter().any(|word| changes_search(word)) {
                    self.wrapped(rest, &[], &[], depth);
                }
            }
            "timeout" => {
                // Behind its options stands how long.
                let options = [
                    "-v",
                    "--verbose",
                    "-f",
                    "--foreground",
                    "-p",
                    "--preserve-status",
                ];
                let mut rest = rest;
                while let Some((word, behind)) = rest.split_first() {
                    rest = match word.as_str() {
                        "-k" | "-s" | "-t" | "--kill-after" | "--signal" => {
                            behind.get(1..).unwrap_or_default()
                        }
                        word if options.contains(&word)
                            || word.starts_with("--kill-after=")
                            || word.starts_with("--signal=") =>
                        {
                            behind
                        }
                        word if word.starts_with(|c: char| c.is_ascii_digit()) => {
                            return self.command(behind, depth);
                        }
                        // An old BusyBox is told how long by `-t`.
                        _ if rest.len() < words.len() - 1 => {
                            return self.wrapped(rest, &[], &[], depth);
                        }
                        _ => return,
                    };
                }
            }
            "nice" => self.wrapped(rest, &[], &["-n", "--adjustment"], depth),
            // With `--reset-env` programs are looked for elsewhere.
            "setpriv" => self.wrapped(rest, SETPRIV_BARE, SETPRIV_VALUED, depth),
            // Without `-u` it starts a shell.
            "runuser"
                if rest
                    .iter()
                    .any(|word| word == "-u" || word.starts_with("--user")) =>
            {
                self.wrapped(rest, &[], RUNUSER_VALUED, depth);
            }
            "chpst" => self.wrapped(rest, &["-v", "-P", "-0", "-1", "-2"], CHPST_VALUED, depth),
            "gosu" | "su-exec" | "s6-setuidgid" | "setuidgid" => {
                self.wrapped(rest.get(1..).unwrap_or_default(), &[], &[], depth)
            }
            "sh" | "ash" | "dash" | "bash" => self.shell(program, rest, depth),
            _ => {
                if let Some(file) = given_file(name, rest) {
                    self.push(file, Some(program), &[]);
                }
            }
        }
    }

    fn push(&mut self, word: &str, given_to: Option<&str>, arguments: &[String]) {
        self.steps.push(Step {
            role: self.role,
            word: word.to_owned(),
            given_to: given_to.map(str::to_owned),
            in_shell: self.in_shell && given_to.is_none(),
            falls_back: self.falls_back,
            folder: self.folder.clone(),
            arguments: arguments.to_vec(),
            instead: self.instead.clone(),
        });
    }

    /// What stands behind a wrapper's own options; nothing where there are others than these.
    fn wrapped(&mut self, words: &[String], bare: &[&str], valued: &[&str], depth: usize) {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let word = word.as_str();
            rest = if word == "--" {
                return self.command(behind, depth);
            } else if bare.contains(&word) {
                behind
            } else if valued.contains(&word) {
                behind.get(1..).unwrap_or_default()
            } else if valued.iter().any(|option| holds_value(word, option)) {
                behind
            } else if word.starts_with('-') {
                return;
            } else {
                return self.command(rest, depth);
            };
        }
    }

    /// A command that a program runs, which is no shell.
    fn command(&mut self, words: &[String], depth: usize) {
        let before = (self.in_shell, self.falls_back);
        (self.in_shell, self.falls_back) = (false, true);
        self.arguments(words, depth + 1);
        (self.in_shell, self.falls_back) = before;
    }

    /// `sh -c TEXT` or `sh FILE`.
    fn shell(&mut self, program: &str, words: &[String], depth: usize) {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match word.strip_prefix('-') {
                None if word.starts_with('+') => return,
                None => {
                    // Without a slash it is looked for in more than one place.
                    if word.contains('/') {
                        self.push(word, Some(program), rest.as_slice());
                    }
                    return;
                }
                // A login shell reads files that may set anything.
                Some(flags)
                    if flags.is_empty() || !flags.bytes().all(|flag| b"ceux".contains(&flag)) =>
                {
                    return;
                }
                Some(flags) if flags.contains('c') => {
                    if let Some(text) = rest.next() {
                        self.in_shell = true;
                        self.text(text, depth);
                    }
                    return;
                }
                Some(_) => {}
            }
        }
    }

    /// The first program of a shell's text, and what goes before it without effect on programs.
    fn text(&mut self, text: &str, depth: usize) {
        let mut rest = match self.role {
            StartupRole::HealthCheck => asked(text).unwrap_or(text),
            _ => text,
        };
        for _ in 0..MAX_COMMANDS {
            let Some(command) = first_command(rest) else {
                return;
            };
            let mut words: &[String] = &command.words;
            while let Some((word, behind)) = words.split_first() {
                if !is_assignment(word) {
                    break;
                }
                if changes_search(word) {
                    return;
                }
                words = behind;
            }
            let goes_on = matches!(command.then, Then::And | Then::Next);
            let Some(program) = words.first() else {
                if !goes_on {
                    return;
                }
                rest = command.rest;
                continue;
            };
            match program.as_str() {
                "exec" => {
                    let words = words.get(1..).unwrap_or_default();
                    if words.first().is_some_and(|word| word.starts_with('-')) {
                        return;
                    }
                    return self.in_shell_command(words, depth, true);
                }
                "cd" => match words {
                    [_, folder] if !folder.starts_with(['-', '~']) && goes_on => {
                        if self.folder.len() + folder.len() > MAX_PATH {
                            return;
                        }
                        self.folder = joined(&self.folder, folder);
                    }
                    _ => return,
                },
                "export" if !words.iter().any(|word| changes_search(word)) && goes_on => {}
                "set" | "umask" | "ulimit" | ":" | "true" | "echo" | "printf" | "sleep"
                    if goes_on => {}
                _ if is_builtin(program) => return,
                _ => {
                    let instead = match command.then {
                        Then::Or if !command.is_needed() => alternatives(command.rest),
                        _ => Some(Vec::new()).filter(|_| command.is_needed()),
                    };
                    if let Some(instead) = instead {
                        self.instead = instead;
                        self.in_shell_command(words, depth, false);
                    }
                    return;
                }
            }
            rest = command.rest;
        }
    }

    fn in_shell_command(&mut self, words: &[String], depth: usize, replaces: bool) {
        // What `exec` names must be a file.
        self.in_shell = !replaces;
        self.falls_back = true;
        self.arguments(words, depth + 1);
    }
}

/// Whether a word sets where programs or their libraries are looked for.
pub(super) fn changes_search(word: &str) -> bool {
    ["PATH=", "LD_", "PYTHON", "NODE_", "CDPATH="]
        .iter()
        .any(|name| word.starts_with(name))
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// A path in a folder; one that is absolute already is left.
pub(super) fn joined(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

/// Words that a shell knows itself, or that begin what is no simple command (POSIX, "Reserved
/// Words" and "Special Built-In Utilities", and those of bash and BusyBox).
fn is_builtin(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "do",
        "done",
        "case",
        "esac",
        "while",
        "until",
        "for",
        "in",
        "select",
        "function",
        "time",
        "coproc",
        ".",
        "source",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "sleep",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
        ":",
        "[",
        "[[",
        "]]",
        "{",
        "}",
        "!",
        "((",
    ];
    WORDS.contains(&word)
}

/// The file that an interpreter is given first; `None` where options may mean something else.
fn given_file<'w>(interpreter: &str, words: &'w [String]) -> Option<&'w str> {
    let bare: &[&str] = match interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
    {
        "python" | "pypy" => &["-u", "-B", "-E", "-s", "-S", "-I", "-O", "-OO", "-q", "-b"],
        "node" | "nodejs" => &["--enable-source-maps", "--no-deprecation", "--no-warnings"],
        "ruby" => &["-w"],
        "perl" => &["-w", "-T"],
        "java" => return java_archive(words),
        _ => return None,
    };
    let is_node = interpreter.starts_with("node");
    for word in words {
        let option_with_value = is_node && word.starts_with("--") && word.contains('=');
        if bare.contains(&word.as_str()) || option_with_value {
            continue;
        }
        let is_path = !word.starts_with('-') && !word.is_empty();
        // `node inspect`, `node run`: what has neither folder nor extension may be a command.
        let is_file = !is_node || word.contains(['/', '.']);
        return (is_path && is_file).then_some(word.as_str());
    }
    None
}

/// The file of `java -jar FILE`.
fn java_archive(words: &[String]) -> Option<&str> {
    let mut words = words.iter();
    loop {
        let word = words.next()?.as_str();
        if word == "-jar" {
            return words.next().map(String::as_str);
        }
        let alone = word.starts_with("-X")
            || word.starts_with("-D")
            || word.starts_with("-javaagent:")
            || matches!(word, "-server" | "-ea" | "-da" | "-esa")
            || (word.starts_with("--") && word.contains('='));
        if !alone {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(words: &[&str]) -> Vec<String> {
        let mut reader = Reader::new(StartupRole::Cmd, "/srv");
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        reader.arguments(&words, 0);
        reader
            .steps
            .into_iter()
            .map(|step| match step.given_to {
                Some(_) => format!("<{}@{}", step.word, step.folder),
                None => step.word,
            })
            .collect()
    }

    #[test]
    fn wrappers_and_shells_are_seen_through() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["/app", "x"], &["/app"]),
            (&["tini", "-g", "--", "/run.sh", "a"], &["tini", "/run.sh"]),
            (
                &["dumb-init", "node", "a.js"],
                &["dumb-init", "node", "<a.js@/srv"],
            ),
            (&["env", "A=b", "x"], &["env", "x"]),
            (&["env", "PATH=/x", "x"], &["env"]),
            (
                &["/bin/sh", "-c", "python3 -u app.py --x"],
                &["/bin/sh", "python3", "<app.py@/srv"],
            ),
            (&["/bin/sh", "-c", "cd /a && exec ./b"], &["/bin/sh", "./b"]),
            (
                &["/bin/sh", "-c", "curl -f x || exit 1"],
                &["/bin/sh", "curl"],
            ),
            (&["/bin/sh", "-c", "curl -f x || true"], &["/bin/sh"]),
            (&["/bin/sh", "-c", "prepare; serve"], &["/bin/sh"]),
            (&["/bin/sh", "-c", "$SERVER run"], &["/bin/sh"]),
            (&["/bin/sh", "-c", "if a; then b; fi"], &["/bin/sh"]),
            (&["/bin/sh", "-c", "node \"$FILE\""], &["/bin/sh", "node"]),
            (&["/bin/sh", "-c", "test -f /x && y"], &["/bin/sh"]),
            (&["sh", "-lc", "x"], &["sh"]),
            (&["sh", "/start.sh"], &["sh", "</start.sh@/srv"]),
            (&["python3", "-m", "http.server"], &["python3"]),
            (&["node", "inspect"], &["node"]),
            (
                &["java", "-Xmx1g", "-jar", "/a.jar"],
                &["java", "</a.jar@/srv"],
            ),
            (&["java", "-cp", "x", "-jar", "/a.jar"], &["java"]),
            (&["gosu", "app", "serve"], &["gosu", "serve"]),
            (
                &[
                    "setpriv",
                    "--reuid=1",
                    "--regid",
                    "1",
                    "--clear-groups",
                    "serve",
                ],
                &["setpriv", "serve"],
            ),
            (&["setpriv", "--reset-env", "serve"], &["setpriv"]),
            (
                &["runuser", "-u", "app", "--", "serve"],
                &["runuser", "serve"],
            ),
            (&["runuser", "app", "-c", "serve"], &["runuser"]),
            (&["chpst", "-uapp", "serve"], &["chpst", "serve"]),
            (
                &["s6-setuidgid", "app", "serve"],
                &["s6-setuidgid", "serve"],
            ),
            (&["nice", "-n", "5", "serve"], &["nice", "serve"]),
            (
                &["timeout", "-k", "5", "3s", "curl", "x"],
                &["timeout", "curl"],
            ),
            (&["timeout", "-t", "3", "curl"], &["timeout", "curl"]),
            (&["timeout", "--help"], &["timeout"]),
        ];
        for (words, expected) in cases {
            assert_eq!(told(words), *expected, "{words:?}");
        }
    }

    #[test]
    fn what_a_health_check_stands_and_falls_with() {
        for (text, expected) in [
            ("curl -f x; exit $?", "curl"),
            ("curl -f x ; exit $?;", "curl"),
            ("curl -f x; exit 0", ""),
            ("curl -f x || { echo bad; exit 1; }", "curl"),
            ("curl -f x || exit 0", ""),
            ("if ! curl -f x; then exit 1; fi", "curl"),
            ("if curl -f x; then exit 0; else exit 1; fi", "curl"),
            ("if curl -f x; then echo a; fi", ""),
            ("if which curl; then curl x; else wget x; fi", ""),
            ("! curl x", "curl"),
            ("test \"$(curl -s x)\" = ok", "curl"),
            (
                "[ \"$(curl -s -w '%{http_code}' x)\" = \"200\" ] || exit 1",
                "curl",
            ),
            ("test -z \"$(curl -s x)\"", ""),
            ("test \"$(curl -s x)\" != ok", ""),
            ("timeout 3 curl x", "timeout curl"),
            ("curl x || wget x || exit 1", "curl or wget"),
            ("curl x || wget x", "curl or wget"),
            ("curl x || true", ""),
            ("curl x || wget x; true", ""),
        ] {
            let mut reader = Reader::new(StartupRole::HealthCheck, "/");
            reader.arguments(&["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()], 0);
            let told: Vec<String> = reader.steps[1..]
                .iter()
                .map(|step| {
                    let words = std::iter::once(&step.word).chain(&step.instead);
                    words.cloned().collect::<Vec<_>>().join(" or ")
                })
                .collect();
            assert_eq!(told.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_goes_before_a_program_is_bounded() {
        for (before, times, is_told) in [
            ("cd a&&", 500, true),
            ("cd a&&", 1_000_000, false),
            ("cd abcdefghi&&", 500, false),
            ("cd /a;", 1_000_000, false),
            ("A=b;", 1_000_000, false),
        ] {
            let text = format!("{}serve", before.repeat(times));
            let found = told(&["sh", "-c", &text]).contains(&"serve".to_owned());
            assert_eq!(found, is_told, "{times} times {before}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "([a-z$'\"\\\\|&;(){}<>=/é \n-]|cd |exec |sh -c ){0,40}") {
            told(&["/bin/sh", "-c", &text]);
            let _ = asked(&text);
            let _ = asked(&format!("test \"$({text}"));
        }
    }
}
