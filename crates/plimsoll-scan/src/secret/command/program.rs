//! Programs that take a password as an argument, and how each does.

use crate::catalogue::base_name;

use super::super::assignment::has_drawn_piece;
use super::super::drawn::looks_random;
use super::super::name::promises;
use super::words::{Word, behind, behind_equals, glued, program};

/// How a program takes its password.
#[derive(Clone, Copy)]
enum Way {
    /// The word behind the flag.
    Word(&'static str),
    /// Written to the flag, without a blank.
    Glued(&'static str),
    /// Behind the flag, after the name of a user and this letter.
    Behind(&'static str, char),
    /// The argument of this number that is no flag.
    Argument(usize),
    /// The last argument behind this many others, given this flag of one letter, which others may be
    /// written to; another of these says that there is one less.
    Batch(usize, char, char),
    /// The last argument that is no flag, where no flag stands among them that this one is.
    Last(&'static str),
    /// The argument of this number behind the one that begins so: the name of a setting.
    Setting(&'static str, usize),
    /// The last argument, after the name of a user and this letter, behind one that is a host's name.
    OfHost(char),
    /// In `userid=…` or the first argument that is no flag, between these letters:
    /// `user/password@place`.
    Login(char, char),
    /// Names and what is given to each, behind this many other arguments: `crudini --set f s password …`.
    /// A name may be a path's last.
    Named(usize),
    /// Any argument that reads like drawn.
    Drawn,
    /// As `Behind`, with a flag of one letter, which may close a row of those that take nothing.
    Bundled(char, char),
}

/// Flags of curl that take no value, which may stand before one that does (curl(1)).
const CURL_SWITCHES: &str = "#01234669aBfgGIijJklLMnNOpqRsSvVZ";

/// Programs, and the verb of one or more words that must stand before the password, if there is one.
const PROGRAMS: &[(&str, &str, &[Way])] = &[
    (
        "curl",
        "",
        &[
            Way::Bundled('u', ':'),
            Way::Behind("--user", ':'),
            Way::Bundled('U', ':'),
            Way::Behind("--proxy-user", ':'),
        ],
    ),
    (
        "http",
        "",
        &[Way::Behind("-a", ':'), Way::Behind("--auth", ':')],
    ),
    ("mysql", "", &[Way::Glued("-p")]),
    ("mysqldump", "", &[Way::Glued("-p")]),
    ("mysqladmin", "", &[Way::Glued("-p"), Way::Word("password")]),
    ("mysqlimport", "", &[Way::Glued("-p")]),
    ("mariadb", "", &[Way::Glued("-p")]),
    ("mariadb-dump", "", &[Way::Glued("-p")]),
    (
        "mariadb-admin",
        "",
        &[Way::Glued("-p"), Way::Word("password")],
    ),
    ("sshpass", "", &[Way::Word("-p"), Way::Glued("-p")]),
    ("docker", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("podman", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("buildah", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("nerdctl", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("skopeo", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("regctl", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    (
        "skopeo",
        "",
        &[
            Way::Behind("--creds", ':'),
            Way::Behind("--src-creds", ':'),
            Way::Behind("--dest-creds", ':'),
        ],
    ),
    ("podman", "", CREDS),
    ("buildah", "", CREDS),
    ("crane", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("helm", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("oc", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("az", "login", &[Way::Word("-p"), Way::Glued("-p")]),
    ("redis-cli", "", &[Way::Word("-a")]),
    ("mongo", "", &[Way::Word("-p")]),
    ("mongosh", "", &[Way::Word("-p")]),
    ("mongodump", "", &[Way::Word("-p")]),
    ("mongorestore", "", &[Way::Word("-p")]),
    ("sqlcmd", "", &[Way::Word("-P"), Way::Glued("-P")]),
    ("zip", "", &[Way::Word("-P")]),
    ("unzip", "", &[Way::Word("-P")]),
    ("7z", "", &[Way::Glued("-p")]),
    ("ldapsearch", "", &[Way::Word("-w")]),
    ("ldapadd", "", &[Way::Word("-w")]),
    ("ldapmodify", "", &[Way::Word("-w")]),
    ("smbclient", "", &[Way::Behind("-U", '%')]),
    ("lftp", "", &[Way::Behind("-u", ',')]),
    ("useradd", "", &[Way::Word("-p")]),
    ("usermod", "", &[Way::Word("-p")]),
    ("gpg", "", &[Way::Word("--passphrase")]),
    ("gpg2", "", &[Way::Word("--passphrase")]),
    ("kinit", "", &[Way::Word("--password")]),
    ("htpasswd", "", &[Way::Batch(2, 'b', 'n')]),
    ("mosquitto_passwd", "", &[Way::Batch(2, 'b', '-')]),
    ("keytool", "", KEY_STORE),
    ("jarsigner", "", KEY_STORE),
    ("ssh-keygen", "", &[Way::Word("-N"), Way::Word("-P")]),
    ("openssl", "enc", &[Way::Word("-k")]),
    ("openssl", "passwd", &[Way::Last("-in")]),
    ("composer", "config", COMPOSER),
    (
        "poetry",
        "config",
        &[
            Way::Setting("http-basic.", 2),
            Way::Setting("pypi-token.", 1),
        ],
    ),
    ("rclone", "create", &[Way::Named(2)]),
    ("rclone", "update", &[Way::Named(1)]),
    ("rclone", "password", &[Way::Named(1)]),
    ("crudini", "--set", &[Way::Named(2)]),
    ("openstack-config", "--set", &[Way::Named(2)]),
    ("consul", "put", &[Way::Named(0)]),
    ("etcdctl", "put", &[Way::Named(0)]),
    ("vault", "login", &[Way::Drawn]),
    ("cargo", "login", &[Way::Drawn]),
    ("snyk", "auth", &[Way::Drawn]),
    ("ngrok", "authtoken", &[Way::Drawn]),
    ("ngrok", "add-authtoken", &[Way::Drawn]),
    ("codecov", "", &[Way::Word("-t")]),
    ("bundle", "config", &[Way::OfHost(':')]),
    ("bundler", "config", &[Way::OfHost(':')]),
    ("dotnet", "nuget", &[Way::Word("-p"), Way::Word("-k")]),
    (
        "nuget",
        "sources",
        &[Way::Word("-Password"), Way::Word("-password")],
    ),
    ("twine", "upload", &[Way::Word("-p")]),
    ("rabbitmqctl", "add_user", &[Way::Argument(2)]),
    ("rabbitmqctl", "change_password", &[Way::Argument(2)]),
    ("mc", "alias", &[Way::Argument(5)]),
    ("cypher-shell", "", &[Way::Word("-p")]),
    ("mosquitto_pub", "", &[Way::Word("-P")]),
    ("mosquitto_sub", "", &[Way::Word("-P")]),
    ("mosquitto_rr", "", &[Way::Word("-P")]),
    ("ipmitool", "", &[Way::Word("-P"), Way::Glued("-P")]),
    ("plink", "", &[Way::Word("-pw")]),
    ("pscp", "", &[Way::Word("-pw")]),
    ("psftp", "", &[Way::Word("-pw")]),
    ("doctl", "", &[Way::Word("-t"), Way::Glued("-t")]),
    ("snmpget", "", SNMP),
    ("snmpgetnext", "", SNMP),
    ("snmpbulkget", "", SNMP),
    ("snmpset", "", SNMP),
    ("snmpwalk", "", SNMP),
    ("snmpbulkwalk", "", SNMP),
    ("snmptable", "", SNMP),
    ("snmpstatus", "", SNMP),
    ("snmpdelta", "", SNMP),
    ("snmpdf", "", SNMP),
    ("snmpusm", "", SNMP),
    ("snmptrap", "", SNMP),
    ("snmpinform", "", SNMP),
    ("influx", "", &[Way::Word("-password")]),
    ("beeline", "", &[Way::Word("-p")]),
    ("bcp", "in", BCP),
    ("bcp", "out", BCP),
    ("bcp", "queryout", BCP),
    ("bcp", "format", BCP),
    ("cqlsh", "", &[Way::Word("-p")]),
    ("airflow", "users create", &[Way::Word("-p")]),
    ("airflow", "users reset-password", &[Way::Word("-p")]),
    ("hadoop", "credential create", &[Way::Word("-value")]),
    (
        "nifi.sh",
        "set-single-user-credentials",
        &[Way::Argument(2)],
    ),
    ("neo4j-admin", "set-initial-password", &[Way::Argument(1)]),
    ("pdm", "config", &[Way::Named(0)]),
    ("wandb", "login", &[Way::Drawn]),
    ("sqlplus", "", ORACLE),
    ("sqlldr", "", ORACLE),
    ("expdp", "", ORACLE),
    ("impdp", "", ORACLE),
];

/// What Composer keeps of who logs in where (getcomposer.org, "Authentication for privately hosted
/// packages and repositories").
const COMPOSER: &[Way] = &[
    Way::Setting("http-basic.", 2),
    Way::Setting("bearer.", 1),
    Way::Setting("github-oauth.", 1),
    Way::Setting("gitlab-oauth.", 1),
    Way::Setting("gitlab-token.", 1),
    Way::Setting("bitbucket-oauth.", 2),
    Way::Setting("forgejo-token.", 2),
];

/// How those who fetch and send images are told who logs in (podman-pull(1), buildah-push(1)).
const CREDS: &[Way] = &[Way::Behind("--creds", ':')];

/// How SQL Server's program that copies tables is told who logs in (its manual, "bcp utility").
const BCP: &[Way] = &[Way::Word("-P"), Way::Glued("-P")];

/// What signs and what hides a message of SNMP (snmpcmd(1)).
const SNMP: &[Way] = &[Way::Word("-A"), Way::Word("-X")];

/// How Oracle's programs are told who logs in (SQL*Plus User's Guide, "Logon").
const ORACLE: &[Way] = &[Way::Login('/', '@')];

/// Flags of what handles Java's key stores (keytool(1)).
const KEY_STORE: &[Way] = &[
    Way::Word("-storepass"),
    Way::Word("-keypass"),
    Way::Word("-new"),
    Way::Word("-srcstorepass"),
    Way::Word("-srckeypass"),
    Way::Word("-deststorepass"),
    Way::Word("-destkeypass"),
];

/// The passwords that programs take as arguments, with the number of the word. Where the name of any setting may
/// stand, `is_one` says whether what is given to it is one.
pub(super) fn taken<'t>(
    words: &[Word<'t>],
    is_one: fn(&str, &str) -> bool,
) -> Vec<(usize, Word<'t>)> {
    let mut found = Vec::new();
    for (name, beside, ways) in PROGRAMS {
        let Some(at) = program(words, name) else {
            continue;
        };
        let Some(at) = behind_verb(words, at, beside) else {
            continue;
        };
        let arguments = &words[at + 1..];
        for way in *ways {
            let value = match way {
                Way::Argument(number) => plain(arguments).nth(number - 1),
                Way::Login(before, end) => login(words, at, *before, *end),
                Way::Batch(others, needed, less) => batch(arguments, *others, *needed, *less),
                Way::Last(unless) => plain(arguments)
                    .last()
                    .filter(|_| arguments.iter().all(|word| word.text != *unless)),
                Way::Setting(name, number) => plain(arguments)
                    .skip_while(|(_, word)| !word.text.starts_with(name))
                    .nth(*number),
                Way::OfHost(letter) => of_host(arguments, *letter),
                Way::Named(others) => {
                    let values = named(arguments, *others, is_one).into_iter();
                    found.extend(values.map(|(number, value)| (at + 1 + number, value)));
                    None
                }
                Way::Drawn => plain(arguments).find(|(_, word)| {
                    // What is given to a name is found by that.
                    let is_given = word.text.trim_end_matches('=').contains('=');
                    !is_given && (has_drawn_piece(word.text) || is_long_hex(word.text))
                }),
                _ => None,
            };
            found.extend(value.map(|(number, value)| (at + 1 + number, value)));
        }
        for (number, word) in arguments.iter().enumerate() {
            let next = arguments.get(number + 1).copied();
            for way in *ways {
                let value = match way {
                    Way::Word(flag) if word.text == *flag => next.map(|next| (number + 1, next)),
                    Way::Word(flag) if flag.starts_with("--") => {
                        behind_equals(*word, flag).map(|value| (number, value))
                    }
                    // Go's programs take `-p=…` as well.
                    Way::Glued(flag) => behind_equals(*word, flag)
                        .or_else(|| glued(*word, flag))
                        .map(|value| (number, value)),
                    Way::Behind(flag, letter) => {
                        let here = match next {
                            Some(next) if word.text == *flag => Some((number + 1, next)),
                            _ if flag.starts_with("--") => {
                                behind_equals(*word, flag).map(|value| (number, value))
                            }
                            _ => glued(*word, flag).map(|value| (number, value)),
                        };
                        here.and_then(|(number, word)| Some((number, behind(word, *letter)?)))
                    }
                    Way::Bundled(flag, letter) => bundled(*word, *flag)
                        .and_then(|glued| match glued {
                            Some(value) => Some((number, value)),
                            None => next.map(|next| (number + 1, next)),
                        })
                        .and_then(|(number, word)| Some((number, behind(word, *letter)?))),
                    Way::Word(_)
                    | Way::Argument(_)
                    | Way::Batch(..)
                    | Way::Last(_)
                    | Way::Setting(..)
                    | Way::OfHost(_)
                    | Way::Named(_)
                    | Way::Drawn
                    | Way::Login(..) => None,
                };
                found.extend(value.map(|(number, value)| (at + 1 + number, value)));
            }
        }
    }
    // `openssl … -pass pass:…`
    if program(words, "openssl").is_some() {
        for (number, word) in words.iter().enumerate() {
            found.extend(glued(*word, "pass:").map(|value| (number, value)));
        }
    }
    found
}

/// Where the last word of a verb stands behind the program at `at`; the program itself without one.
fn behind_verb(words: &[Word<'_>], at: usize, verb: &str) -> Option<usize> {
    let mut parts = verb.split_ascii_whitespace();
    let Some(first) = parts.next() else {
        return Some(at);
    };
    let begins = at
        + words[at..]
            .iter()
            .position(|word| word.text.eq_ignore_ascii_case(first))?;
    parts.try_fold(begins, |at, part| {
        let next = words.get(at + 1)?;
        (next.text == part).then_some(at + 1)
    })
}

/// Whether a word is a token of hexadecimal digits.
fn is_long_hex(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 64)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && looks_random(text)
}

/// What is given to names that promise a credential.
fn named<'t>(
    arguments: &[Word<'t>],
    others: usize,
    is_one: fn(&str, &str) -> bool,
) -> Vec<(usize, Word<'t>)> {
    let mut found = Vec::new();
    let mut words = plain(arguments).skip(others);
    while let Some((_, name)) = words.next() {
        let name = name.text.rsplit('/').next().unwrap_or_default();
        if promises(name)
            && let Some((number, value)) = words.next()
            && is_one(name, value.text)
        {
            found.push((number, value));
        }
    }
    found
}

/// The password in `gems.corp.example ci:password`, or the token that is drawn: what belongs to other names than hosts' are
/// addresses and folders.
fn of_host<'t>(arguments: &[Word<'t>], letter: char) -> Option<(usize, Word<'t>)> {
    let words: Vec<(usize, Word<'t>)> = plain(arguments).collect();
    let [.., (_, host), (number, login)] = words.as_slice() else {
        return None;
    };
    // How a part is built, and where else it is to be had.
    let is_setting = ["build.", "mirror."]
        .iter()
        .any(|setting| host.text.starts_with(setting));
    let is_host = host.text.contains('.')
        && !is_setting
        && host
            .text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:/".contains(&byte));
    let is_address = login.text.contains("://");
    let password = || match behind(*login, letter) {
        None => has_drawn_piece(login.text).then_some(*login),
        behind => behind,
    };
    (is_host && !is_address)
        .then(password)
        .flatten()
        .map(|password| (*number, password))
}

/// The password of who logs in, behind the program at `at`. Words that only name the program stand
/// beside paths, too: `cp sqlplus share/instantclient19`.
fn login<'t>(words: &[Word<'t>], at: usize, before: char, end: char) -> Option<(usize, Word<'t>)> {
    let arguments = &words[at + 1..];
    let userid = |(number, word): (usize, Word<'t>)| {
        let (name, _) = word.text.split_once('=')?;
        let is_user = name.eq_ignore_ascii_case("userid");
        let flag = word.text.get(..=name.len()).filter(|_| is_user)?;
        Some((number, glued(word, flag)?))
    };
    let named = plain(arguments).find_map(userid);
    let (number, word) = named.or_else(|| {
        let first = plain(arguments).next();
        first.filter(|(_, word)| runs(words, at) || word.text.contains(end))
    })?;
    Some((number, between(word, before, end)?))
}

/// Whether a command runs the program at `at`, and not one that handles its file or fetches it.
fn runs(words: &[Word<'_>], at: usize) -> bool {
    const HANDLES: &[&str] = &[
        "cp", "mv", "ln", "rm", "ls", "install", "chmod", "chown", "chgrp", "tar", "unzip", "test",
        "[", "which", "apt", "apt-get", "apk", "yum", "dnf", "microdnf", "zypper", "rpm", "dpkg",
        "pip", "npm", "COPY", "ADD", "curl", "wget",
    ];
    let before = words[..at].iter().map(|word| base_name(word.text));
    !before.into_iter().any(|word| HANDLES.contains(&word))
}

/// What stands behind the first `letter` of a word, up to `end`.
fn between(word: Word<'_>, letter: char, end: char) -> Option<Word<'_>> {
    let (name, _) = word.text.split_once(letter)?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_$#".contains(&byte);
    let behind = behind(word, letter).filter(|_| name.bytes().all(is_name))?;
    let text = behind.text.split(end).next()?;
    Some(Word { text, ..behind })
}

/// Arguments that are no flags, with their numbers, up to where output is led elsewhere or a comment begins,
/// as builders write one behind a command.
fn plain<'w, 't>(arguments: &'w [Word<'t>]) -> impl Iterator<Item = (usize, Word<'t>)> + 'w {
    let words = arguments.iter().copied().enumerate();
    words
        .take_while(|(_, word)| !word.text.contains(['<', '>']) && word.text != "#")
        .filter(|(_, word)| !word.text.starts_with('-'))
}

fn batch<'t>(
    arguments: &[Word<'t>],
    others: usize,
    needed: char,
    less: char,
) -> Option<(usize, Word<'t>)> {
    let has = |letter: char| {
        let mut flags = arguments
            .iter()
            .filter_map(|word| word.text.strip_prefix('-'));
        flags.any(|flags| !flags.starts_with('-') && flags.contains(letter))
    };
    if !has(needed) {
        return None;
    }
    // `-C 10`: how much work a hash is.
    let cost = arguments.iter().position(|word| word.text == "-C");
    let mut words = plain(arguments).filter(|(number, _)| cost != number.checked_sub(1));
    words.nth(others - usize::from(has(less)))
}

/// What is written to a flag that closes a row, if anything is; none where the word is no such row.
#[expect(
    clippy::option_option,
    reason = "a flag without a value is not the same as no flag"
)]
fn bundled(word: Word<'_>, flag: char) -> Option<Option<Word<'_>>> {
    let row = word.text.strip_prefix('-')?;
    let (switches, rest) = row.split_once(flag)?;
    if !switches
        .chars()
        .all(|switch| CURL_SWITCHES.contains(switch))
    {
        return None;
    }
    Some(glued(word, &word.text[..word.text.len() - rest.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_program_is_looked_at() {
        for (name, verb, ways) in PROGRAMS {
            let flags = ways.iter().map(|way| match way {
                Way::Word(flag) | Way::Glued(flag) | Way::Behind(flag, _) => (*flag).to_owned(),
                Way::Setting(name, _) => (*name).to_owned(),
                Way::Bundled(letter, _) => format!("-{letter}"),
                Way::Argument(_)
                | Way::Batch(..)
                | Way::Last(_)
                | Way::OfHost(_)
                | Way::Named(_)
                | Way::Drawn
                | Way::Login(..) => String::new(),
            });
            for flag in flags {
                let line = format!("{name} {verb} {flag} x");
                assert!(super::super::may_hold(&line), "{line}");
            }
        }
    }
}
