//! What commands do to users and groups.

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

/// What a command does to a user or a group.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// Creates a user.
    User(User<'a>),
    /// Creates a group.
    Group {
        /// Its name.
        name: &'a str,
        /// Its number, where one is given.
        id: Option<&'a ShellWord>,
    },
    /// Puts a user into further groups.
    Member {
        /// The user.
        user: &'a str,
        /// The groups, separated by commas.
        groups: &'a str,
    },
}

/// A user that is created.
#[derive(Debug)]
pub(crate) struct User<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Where its name stands.
    pub(crate) word: &'a ShellWord,
    /// Its number, where one is given.
    pub(crate) id: Option<&'a ShellWord>,
    /// Further groups, separated by commas.
    pub(crate) groups: Option<&'a str>,
    /// A password, where one is given.
    pub(crate) password: Option<&'a ShellWord>,
}

/// Options of a call by their letter: long names are given the letter that means the same.
struct Options<'a> {
    values: Vec<(char, &'a ShellWord, &'a str)>,
    words: Vec<&'a ShellWord>,
}

impl<'a> Options<'a> {
    /// `takes` are the letters with a value, `long` the long names with the letter of each.
    fn read(arguments: &'a [ShellWord], takes: &str, long: &[(&str, char)]) -> Self {
        let mut options = Self {
            values: Vec::new(),
            words: Vec::new(),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let text = word.literal.as_deref().unwrap_or(&word.raw);
            if let Some(name) = text.strip_prefix("--") {
                let (name, value) = match name.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (name, None),
                };
                let Some((_, letter)) = long.iter().find(|(known, _)| *known == name) else {
                    continue;
                };
                if takes.contains(*letter) {
                    match value {
                        Some(value) => options.values.push((*letter, word, value)),
                        None => options.value(*letter, words.next()),
                    }
                }
            } else if let Some(cluster) = text.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                for (at, letter) in cluster.char_indices() {
                    if takes.contains(letter) {
                        let rest = &cluster[at + letter.len_utf8()..];
                        if rest.is_empty() {
                            options.value(letter, words.next());
                        } else {
                            options.values.push((letter, word, rest));
                        }
                        break;
                    }
                }
            } else {
                options.words.push(word);
            }
        }
        options
    }

    fn value(&mut self, letter: char, word: Option<&'a ShellWord>) {
        if let Some(word) = word {
            let text = word.literal.as_deref().unwrap_or(&word.raw);
            self.values.push((letter, word, text));
        }
    }

    fn get(&self, letter: char) -> Option<(&'a ShellWord, &'a str)> {
        self.values
            .iter()
            .rev()
            .find(|(known, ..)| *known == letter)
            .map(|(_, word, text)| (*word, *text))
    }

    fn word(&self, at: usize) -> Option<(&'a ShellWord, &'a str)> {
        let word = *self.words.get(at)?;
        Some((word, word.literal.as_deref()?))
    }
}

/// Reads a command as one that changes users or groups.
pub(crate) fn change(command: &ShellCommand) -> Option<Change<'_>> {
    let arguments = command.arguments();
    match command.program()? {
        "useradd" => {
            let options = Options::read(
                arguments,
                "ugGdscpbkKefRZ",
                &[
                    ("uid", 'u'),
                    ("gid", 'g'),
                    ("groups", 'G'),
                    ("home", 'd'),
                    ("home-dir", 'd'),
                    ("shell", 's'),
                    ("comment", 'c'),
                    ("password", 'p'),
                    ("base-dir", 'b'),
                    ("skel", 'k'),
                    ("key", 'K'),
                    ("expiredate", 'e'),
                    ("inactive", 'f'),
                    ("root", 'R'),
                    ("selinux-user", 'Z'),
                ],
            );
            user(&options, options.get('G').map(|(_, text)| text))
        }
        "adduser" => {
            // Debian's has long options, busybox's letters: `-g` is a comment there.
            let options = Options::read(
                arguments,
                "hgsGukc",
                &[
                    ("home", 'h'),
                    ("gecos", 'g'),
                    ("comment", 'c'),
                    ("shell", 's'),
                    ("ingroup", 'G'),
                    ("uid", 'u'),
                    ("gid", 'k'),
                ],
            );
            match (options.word(0), options.word(1)) {
                (Some((_, user)), Some((_, group))) => Some(Change::Member {
                    user,
                    groups: group,
                }),
                _ => user(&options, None),
            }
        }
        "groupadd" => {
            let long = [("gid", 'g'), ("key", 'K'), ("password", 'p')];
            group(&Options::read(arguments, "gKpR", &long))
        }
        "addgroup" => {
            let options = Options::read(arguments, "g", &[("gid", 'g')]);
            match (options.word(0), options.word(1)) {
                (Some((_, user)), Some((_, group))) => Some(Change::Member {
                    user,
                    groups: group,
                }),
                _ => group(&options),
            }
        }
        "usermod" => {
            let long = [("groups", 'G'), ("uid", 'u'), ("gid", 'g')];
            let options = Options::read(arguments, "Gugdslcpef", &long);
            Some(Change::Member {
                user: options.word(0)?.1,
                groups: options.get('G')?.1,
            })
        }
        "gpasswd" => {
            let options = Options::read(arguments, "ad", &[("add", 'a'), ("delete", 'd')]);
            Some(Change::Member {
                user: options.get('a')?.1,
                groups: options.word(0)?.1,
            })
        }
        _ => None,
    }
}

fn user<'a>(options: &Options<'a>, groups: Option<&'a str>) -> Option<Change<'a>> {
    let (word, name) = options.word(0)?;
    Some(Change::User(User {
        name,
        word,
        id: options.get('u').map(|(word, _)| word),
        groups,
        password: options.get('p').map(|(word, _)| word),
    }))
}

fn group<'a>(options: &Options<'a>) -> Option<Change<'a>> {
    Some(Change::Group {
        name: options.word(0)?.1,
        id: options.get('g').map(|(word, _)| word),
    })
}

/// A password that a command sets.
const SET: &[&str] = &["CKV2_DOCKER_17"];
/// An account without one.
const EMPTY: &[&str] = &["DKL-LI-0001"];

/// What a text holds that calls a program which [`password`] knows.
pub(crate) const PASSWORD_PROGRAMS: [&str; 2] = ["passwd", "useradd"];

/// What a command does to the password of an account, and what other tools say of that.
pub(crate) fn password(command: &ShellCommand) -> Option<(&'static str, &'static [&'static str])> {
    let program = command.program()?;
    let has = |flags: &[&str]| {
        command
            .arguments()
            .iter()
            .filter_map(|word| word.literal.as_deref())
            .any(|text| flags.contains(&text))
    };
    match program {
        "chpasswd" => Some((
            "`chpasswd` sets a password that every container of the image has.",
            SET,
        )),
        "passwd" if has(&["-d", "--delete"]) => {
            Some(("`passwd` leaves an account with an empty password.", EMPTY))
        }
        "passwd" if has(&["--stdin"]) => Some((
            "`passwd` sets a password that every container of the image has.",
            SET,
        )),
        "useradd" => {
            let Some(Change::User(user)) = change(command) else {
                return None;
            };
            let password = user.password?;
            match password.literal.as_deref() {
                Some("" | "--password=") => Some((
                    "`useradd` creates an account with an empty password.",
                    EMPTY,
                )),
                // No password has this hash: the account is locked.
                Some(hash) if hash.starts_with(['!', '*', 'x']) => None,
                _ => Some((
                    "`useradd` sets a password that every container of the image has.",
                    SET,
                )),
            }
        }
        _ => None,
    }
}

/// The number a word gives: `1000`, `-u1000`, `--uid=1000`.
pub(crate) fn id_of(word: &ShellWord) -> Option<&str> {
    let text = word.literal.as_deref()?;
    let at = text
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let digits = text.get(at..)?;
    let in_front = &text[..at];
    (!digits.is_empty()
        && (in_front.is_empty() || in_front.ends_with('=') || in_front.starts_with('-')))
    .then_some(digits)
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Dialect};

    use super::*;

    #[test]
    fn users_are_read_through_their_options() {
        for (text, name, id, groups) in [
            (
                "useradd -rm -d /home/x -s /bin/bash -g root -G sudo,wheel -u 1001 app",
                "app",
                Some("1001"),
                Some("sudo,wheel"),
            ),
            ("useradd --uid=1000 app", "app", Some("1000"), None),
            ("useradd -u1000 app", "app", Some("1000"), None),
            ("useradd -ms /bin/sh app", "app", None, None),
            (
                "adduser --disabled-password --gecos '' --uid 10 app",
                "app",
                Some("10"),
                None,
            ),
            (
                "adduser -S -D -H -h /x -s /sbin/nologin -G app -g app -u 101 app",
                "app",
                Some("101"),
                None,
            ),
            ("sudo adduser app", "app", None, None),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let Some(Change::User(user)) = change(&script.commands[0]) else {
                panic!("{text}");
            };
            assert_eq!(
                (user.name, user.id.and_then(id_of), user.groups),
                (name, id, groups),
                "{text}"
            );
        }
    }

    #[test]
    fn members_and_groups() {
        for (text, expected) in [
            ("usermod -aG docker app", "app docker"),
            ("usermod --append --groups a,b app", "app a,b"),
            ("gpasswd -a app docker", "app docker"),
            ("adduser app docker", "app docker"),
            ("addgroup app docker", "app docker"),
            ("groupadd -g 10 app", "group app"),
            ("addgroup -S app", "group app"),
            ("addgroup --gid 5 --system app", "group app"),
        ] {
            let script = shell::parse(text, Dialect::Bash);
            let seen = match change(&script.commands[0]) {
                Some(Change::Member { user, groups }) => format!("{user} {groups}"),
                Some(Change::Group { name, .. }) => format!("group {name}"),
                other => panic!("{text}: {other:?}"),
            };
            assert_eq!(seen, expected, "{text}");
        }
        for text in [
            "useradd",
            "useradd $NAME",
            "usermod -s /bin/sh app",
            "gpasswd -d a b",
        ] {
            let script = shell::parse(text, Dialect::Bash);
            assert!(change(&script.commands[0]).is_none(), "{text}");
        }
    }
}
