//! Passwords in command lines, which programs take in ways of their own: `curl -u me:…`,
//! `mysql -p…`, `sshpass -p …`, `echo … | docker login --password-stdin`; and as all take them:
//! `--password …`, `config set …_token …`.

use plimsoll_model::Severity;

use super::Hit;
use super::assignment::names_secret;
use super::form::{Written, judged};
use super::hits::{Hits, distinct};
use super::placeholder::is_placeholder;

/// How a program takes its password.
#[derive(Clone, Copy)]
enum Way {
    /// The word behind the flag.
    Word(&'static str),
    /// Written to the flag, without a blank.
    Glued(&'static str),
    /// Behind the flag, after the name of a user and this letter.
    Behind(&'static str, char),
    /// The same of a flag of one letter, which may close a row of those that take nothing.
    Bundled(char, char),
}

/// Flags of curl that take no value, which may stand before one that does (curl(1)).
const CURL_SWITCHES: &str = "#01234669aBfgGIijJklLMnNOpqRsSvVZ";

/// Programs, and the verb that must stand before the password, if there is one.
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
    ("mysqladmin", "", &[Way::Glued("-p")]),
    ("mysqlimport", "", &[Way::Glued("-p")]),
    ("mariadb", "", &[Way::Glued("-p")]),
    ("mariadb-dump", "", &[Way::Glued("-p")]),
    ("mariadb-admin", "", &[Way::Glued("-p")]),
    ("sshpass", "", &[Way::Word("-p"), Way::Glued("-p")]),
    ("docker", "login", &[Way::Word("-p")]),
    ("podman", "login", &[Way::Word("-p")]),
    ("buildah", "login", &[Way::Word("-p")]),
    ("nerdctl", "login", &[Way::Word("-p")]),
    ("skopeo", "login", &[Way::Word("-p")]),
    ("crane", "login", &[Way::Word("-p")]),
    ("helm", "login", &[Way::Word("-p")]),
    ("oc", "login", &[Way::Word("-p")]),
    ("az", "login", &[Way::Word("-p")]),
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
];

/// Programs that read a password which `echo` hands them, with a word that says so.
const READERS: &[(&str, &str)] = &[
    ("chpasswd", ""),
    ("passwd", "--stdin"),
    ("sudo", "-S"),
    ("docker", "--password-stdin"),
    ("podman", "--password-stdin"),
    ("buildah", "--password-stdin"),
    ("skopeo", "--password-stdin"),
    ("helm", "--password-stdin"),
    ("gh", "--with-token"),
];

/// What a word of a command line must hold for it to be looked at: any of these.
const HINTS: &[&str] = &[
    "curl",
    "http",
    "mysql",
    "mariadb",
    "sshpass",
    "login",
    "redis-cli",
    "mongo",
    "sqlcmd",
    "zip",
    "7z",
    "ldap",
    "smbclient",
    "lftp",
    "user",
    "passwd",
    "sudo",
    "stdin",
    "pass:",
    "passphrase",
    "--with-token",
    "kinit",
];

/// What the name of a flag or of a setting must hold for what follows it to be looked at.
const NAME_HINTS: &[&str] = &["pass", "token", "secret", "key", "Token", "Pass", "Key"];

/// Whether a line may hold a credential.
fn may_hold(line: &str) -> bool {
    let named = line.contains("--") || line.contains(" set ");
    HINTS.iter().any(|hint| line.contains(hint))
        || (named && NAME_HINTS.iter().any(|hint| line.contains(hint)))
}

/// The longest command line that is looked at, in bytes.
const LONGEST: usize = 16 << 10;

/// A word of a command line without its quotes, and where it begins.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    start: usize,
}

/// Passwords in the command lines of a text; `start` is where it begins in what hits are counted
/// in.
pub(super) fn in_commands(text: &str, start: usize, hits: &mut Hits) {
    let mut at = start;
    let mut joined = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let whole = &text[at - start - joined..at - start + line.len()];
        at += line.len();
        // A backslash at the end carries a command on.
        if line.trim_end().ends_with('\\') && lines.peek().is_some() && whole.len() < LONGEST {
            joined += line.len();
            continue;
        }
        joined = 0;
        if whole.len() <= LONGEST && may_hold(whole) {
            in_line(whole, at - whole.len(), hits);
        }
    }
}

/// Passwords in the words of a command that needs no shell, with the number of the word.
pub(super) fn in_arguments(words: &[String]) -> Vec<(usize, Hit)> {
    let command: Vec<Word<'_>> = words.iter().map(|text| Word { text, start: 0 }).collect();
    taken(&command)
        .into_iter()
        .filter_map(|(number, value)| Some((number, hit(value)?)))
        .collect()
}

fn in_line(line: &str, start: usize, hits: &mut Hits) {
    let mut before: Option<Vec<Word<'_>>> = None;
    for (words, piped) in commands(line) {
        let found = taken(&words).into_iter().map(|(_, value)| value);
        let told = before.take().and_then(|before| handed(&before, &words));
        let hits_here = found.chain(told).filter_map(hit).chain(named(&words));
        hits.extend(distinct(hits_here).into_iter().map(|hit| Hit {
            start: hit.start + start,
            end: hit.end + start,
            ..hit
        }));
        before = piped.then_some(words);
    }
}

/// The simple commands of a line, each with whether a pipe follows.
fn commands(line: &str) -> Vec<(Vec<Word<'_>>, bool)> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut from = None;
    let mut quote = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                continue;
            }
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                from.get_or_insert(at);
                continue;
            }
            None => {}
        }
        let ends = c.is_whitespace() || matches!(c, '|' | ';' | '&' | '(' | ')' | '`');
        if !ends {
            from.get_or_insert(at);
            continue;
        }
        if let Some(from) = from.take() {
            words.push(unquoted(line, from, at));
        }
        if !c.is_whitespace() {
            let piped = c == '|' && chars.peek().is_none_or(|(_, next)| *next != '|');
            if !words.is_empty() {
                commands.push((std::mem::take(&mut words), piped));
            }
        }
    }
    if let Some(from) = from {
        words.push(unquoted(line, from, line.len()));
    }
    if !words.is_empty() {
        commands.push((words, false));
    }
    commands
}

fn unquoted(line: &str, from: usize, to: usize) -> Word<'_> {
    let text = &line[from..to];
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    match inner {
        Some(text) => Word {
            text,
            start: from + 1,
        },
        None => Word { text, start: from },
    }
}

/// Where the program of this name stands in a command.
fn program(words: &[Word<'_>], name: &str) -> Option<usize> {
    // `-db mysql` names a kind of database. A flag of one letter may be that of what runs others.
    let is_flag = |word: &Word<'_>| word.text.starts_with('-') && word.text.len() > 2;
    (0..words.len()).find(|at| {
        words[*at].text.rsplit('/').next() == Some(name) && (*at == 0 || !is_flag(&words[*at - 1]))
    })
}

/// The passwords that programs take as arguments, with the number of the word.
fn taken<'t>(words: &[Word<'t>]) -> Vec<(usize, Word<'t>)> {
    let mut found = Vec::new();
    for (name, beside, ways) in PROGRAMS {
        let Some(at) = program(words, name) else {
            continue;
        };
        let verb = words[at..].iter().position(|word| word.text == *beside);
        let at = match verb {
            Some(verb) => at + verb,
            None if beside.is_empty() => at,
            None => continue,
        };
        let arguments = &words[at + 1..];
        for (number, word) in arguments.iter().enumerate() {
            let next = arguments.get(number + 1).copied();
            for way in *ways {
                let value = match way {
                    Way::Word(flag) if word.text == *flag => next.map(|next| (number + 1, next)),
                    Way::Word(flag) if flag.starts_with("--") => {
                        behind_equals(*word, flag).map(|value| (number, value))
                    }
                    Way::Glued(flag) => glued(*word, flag).map(|value| (number, value)),
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
                    Way::Word(_) => None,
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

/// What is assigned to a name that promises a credential, as programs of all sorts take it: `--name
/// value`, `set name value`.
fn named<'t>(words: &[Word<'t>]) -> impl Iterator<Item = Hit> {
    let comment = words.first().is_some_and(|word| word.text.starts_with('#'));
    words.windows(2).enumerate().filter_map(move |(at, pair)| {
        let [name, value] = pair else {
            return None;
        };
        let (name, value) = match name.text.strip_prefix("--") {
            // `--mount=type=secret,id=x` has its value in it.
            Some(name) if !name.contains('=') => (name, *value),
            Some(_) => return None,
            None if at > 0 && words[at - 1].text == "set" => {
                // `//registry/:_authToken` of npm.
                (name.text.rsplit(':').next()?, *value)
            }
            None if name.text == "set" => {
                let (name, _) = value.text.split_once('=')?;
                let from = name.len() + 1;
                let rest = Word {
                    text: value.text.get(from..)?,
                    start: value.start + from,
                };
                (name.rsplit(':').next()?, rest)
            }
            None => return None,
        };
        // `--secret id=…,src=…` of a build names a file.
        let names_file = value.text.starts_with("id=") || value.text.starts_with("type=");
        if comment || names_file || value.text.starts_with('-') || !names_secret(name) {
            return None;
        }
        let (kind, severity) = judged(name, value.text, Written::Bare)?;
        Some(Hit::of(kind, severity, value.start, value.text.as_bytes()))
    })
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

fn behind_equals<'t>(word: Word<'t>, flag: &str) -> Option<Word<'t>> {
    let rest = word.text.strip_prefix(flag)?.strip_prefix('=')?;
    let trimmed = rest.trim_matches(['"', '\'']);
    let start = word.start + (trimmed.as_ptr().addr() - word.text.as_ptr().addr());
    Some(Word {
        text: trimmed,
        start,
    })
}

fn glued<'t>(word: Word<'t>, flag: &str) -> Option<Word<'t>> {
    let rest = word.text.strip_prefix(flag)?.trim_matches(['"', '\'']);
    let start = word.start + (rest.as_ptr().addr() - word.text.as_ptr().addr());
    (!rest.is_empty()).then_some(Word { text: rest, start })
}

/// What is behind the first `letter` of a word, where something is before it, too.
fn behind(word: Word<'_>, letter: char) -> Option<Word<'_>> {
    let (before, text) = word.text.split_once(letter)?;
    let start = word.start + before.len() + letter.len_utf8();
    (!before.is_empty() && before != text).then_some(Word { text, start })
}

/// The password that `echo` hands to what reads one.
fn handed<'t>(from: &[Word<'t>], to: &[Word<'t>]) -> Option<Word<'t>> {
    let echo = program(from, "echo").or_else(|| program(from, "printf"))?;
    let reads = READERS.iter().any(|(name, flag)| {
        program(to, name)
            .is_some_and(|at| flag.is_empty() || to[at..].iter().any(|word| word.text == *flag))
    });
    if !reads {
        return None;
    }
    let value = from[echo + 1..]
        .iter()
        .rev()
        .find(|word| !word.text.starts_with(['-', '%']) && !word.text.is_empty())?;
    match program(to, "chpasswd") {
        Some(_) => behind(*value, ':'),
        None => Some(*value),
    }
}

fn hit(value: Word<'_>) -> Option<Hit> {
    let text = value.text.trim_end_matches("\\n");
    let believed = text.len() >= 5
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.starts_with('-')
        && (!is_placeholder(text) || is_hash(text));
    let kind = if is_hash(text) {
        "password-hash"
    } else {
        "command-password"
    };
    believed.then(|| Hit::of(kind, Severity::High, value.start, text.as_bytes()))
}

/// Whether a text is the hash of a password in the form that crypt(5) knows.
pub(super) fn is_hash(text: &str) -> bool {
    let forms = [
        "$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$2a$", "$2b$", "$2y$", "$apr1$", "$argon2",
    ];
    text.len() >= 26 && forms.iter().any(|form| text.starts_with(form))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut hits = Hits::default();
        in_commands(text, 0, &mut hits);
        hits.iter()
            .map(|hit| text[hit.start..hit.end].to_owned())
            .collect()
    }

    #[test]
    fn passwords_that_programs_take() {
        for line in [
            "curl -fsS -u \"svc:Tr0ub4dor3x\" https://x/",
            "RUN /bin/sh -c curl -u bob:Tr0ub4dor3x https://x/a -o /a # buildkit",
            "curl --user=ci:Tr0ub4dor3x https://x",
            "mysqldump -uroot -pTr0ub4dor3x db > x",
            "mysql -u root -p'Tr0ub4dor3x' shop",
            "cd /x && sshpass -p 'Tr0ub4dor3x' ssh h",
            "docker login -u bob -p Tr0ub4dor3x r.corp",
            "helm registry login -u x -p Tr0ub4dor3x r",
            "redis-cli -a Tr0ub4dor3x ping",
            "smbclient //h/s -U bob%Tr0ub4dor3x",
            "lftp -u bob,Tr0ub4dor3x h",
            "echo 'root:Tr0ub4dor3x' | chpasswd",
            "printf 'root:%s' root:Tr0ub4dor3x | chpasswd",
            "echo Tr0ub4dor3x | docker login -u b --password-stdin r",
            "echo 'Tr0ub4dor3x' | sudo -S ls",
            "openssl enc -aes-256-cbc -pass pass:Tr0ub4dor3x -in x",
            "gpg --batch --passphrase Tr0ub4dor3x -d x",
            "curl \\\n  -u bob:Tr0ub4dor3x \\\n  https://x",
            "curl -fsSLu bob:Tr0ub4dor3x https://x",
            "curl -su 'bob:Tr0ub4dor3x' https://x",
            "curl -sfubob:Tr0ub4dor3x https://x",
            "HEALTHCHECK CMD curl -fsu bob:Tr0ub4dor3x http://localhost/ || exit 1",
            "docker login --username x --password Tr0ub4dor3x r.corp",
            "helm repo add --username x --password Tr0ub4dor3x n https://x",
            "wget --user x --password \"Tr0ub4dor3x\" https://x",
            "foo --token Tr0ub4dor3x",
            "foo --api-key 'Tr0ub4dor3x' bar",
            "npm config set //r.corp/:_authToken Tr0ub4dor3x",
            "npm config set //r.corp/:_authToken=Tr0ub4dor3x",
            "aws configure set aws_secret_access_key Tr0ub4dor3x",
        ] {
            assert_eq!(found(line), ["Tr0ub4dor3x"], "{line}");
        }
        let hash = format!("$6$q7RtY2mW${}", "aB3dE5gH".repeat(10));
        let line = format!("useradd -p '{hash}' x");
        assert_eq!(found(&line), [hash]);
    }

    #[test]
    fn what_is_no_password() {
        for line in [
            "curl -u $USER:$PASS https://x",
            "curl -u bob:${PASS} https://x",
            "docker run -u 1000:1000 -p 8080:80 x",
            "docker run -p 127.0.0.1:8080:80 x login",
            "mysql -p db",
            "mkdir -p some/folder/here",
            "echo \"root:$PW\" | chpasswd",
            "echo something | grep login",
            "curl -o user:file https://x",
            "sshpass -e ssh h",
            "ssh -p 2222 host",
            "curl -o u:Tr0ub4dor3x https://x",
            "curl -fsS --url u:Tr0ub4dor3x https://x",
            "curl -Hu:Tr0ub4dor3x https://x",
            "docker login --username x --password-stdin r1.corp",
            "docker login --username x --password $PASSWORD r.corp",
            "foo --token \"${TOKEN}\" --password --user b0b",
            "foo --password-file /run/secrets/pw1",
            "foo --token-ttl 24h00m",
            "foo --password <password> --token TOKEN",
            "# foo --password Tr0ub4dor3x",
            "RUN --mount=type=secret,id=ca NODE_EXTRA_CA_CERTS=/run/secrets/ca1 npm install",
            "aws configure set region eu-west-1",
            "set -- --secret id=npm1,src=.npmrc",
            "docker build --secret id=npmrc1,src=/root/.npmrc .",
            "kubectl create secret generic a --from-file=key1",
            "./app -db mysql -dsn x -prefork2",
        ] {
            assert_eq!(found(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn words_of_the_exec_form() {
        let words: Vec<String> = ["/usr/bin/curl", "-u", "bob:Tr0ub4dor3x", "https://x"]
            .map(str::to_owned)
            .to_vec();
        let found = in_arguments(&words);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, found[0].1.start), (2, 4));
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(curl|mysql|echo|\\| chpasswd|-u|-p|[ \"'|;&\\\\\n:é$]|[a-z0-9]{1,9}){0,40}") {
            for value in found(&text) {
                prop_assert!(!value.is_empty());
            }
        }
    }
}
