//! Passwords in command lines, which programs take in ways of their own: `curl -u me:…`,
//! `mysql -p…`, `sshpass -p …`, `echo … | docker login --password-stdin`; and as all take them:
//! `--password …`, `config set …_token …`.

mod handed;
mod netrc;
mod pgpass;
mod program;
mod words;

use std::sync::LazyLock;

use plimsoll_model::Severity;
use regex::Regex;

use self::handed::{HereDocument, handed, handed_here, here_document};
use self::program::taken;
use self::words::{Word, commands};
use super::Hit;
use super::assignment::names_none;
use super::form::{Written, is_no_sentence, judged};
use super::hits::{Hits, distinct};
use super::name::promises;
use super::placeholder::{is_placeholder, may_be_shown};
use super::shell::flag_name;

/// What a line must hold for it to be looked at: any of these.
static HINTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "curl|http|mysql|mariadb|sshpass|login|redis-cli|mongo|sqlcmd|zip|7z|ldap|smbclient|lftp|user|\
         passwd|sudo|stdin|pass:|passphrase|--with-token|kinit|keytool|jarsigner|ssh-keygen|openssl|\
         mc alias|cypher-shell|influx|rclone|crudini|openstack-config|consul|etcdctl|snyk|authtoken|codecov|pgpass|rabbitmqctl|sqlplus|sqlldr|expdp|impdp|composer config|poetry config|\
         bundler? config|nuget|beeline|bcp|cqlsh|credential create|neo4j-admin|pdm config|elasticsearch-keystore|twine|skopeo|mosquitto_|ipmitool|plink|pscp|psftp|doctl|snmp|creds",
    )
    .expect("a constant expression")
});

/// What the name of a flag or of a setting must hold for what follows it to be looked at.
const NAME_HINTS: &[&str] = &["pass", "token", "secret", "key", "Token", "Pass", "Key"];

/// Whether a line may hold a credential.
fn may_hold(line: &str) -> bool {
    let named = line.contains(" -") || line.contains("--") || line.contains(" set ");
    HINTS.is_match(line) || (named && NAME_HINTS.iter().any(|hint| line.contains(hint)))
}

/// Whether a text may hold a command that takes a credential in a way of its own.
pub(super) fn may_hold_command(text: &str) -> bool {
    HINTS.is_match(text)
}

/// Lines that a command is handed: more are another text, whose end was not seen.
const MAX_HERE: usize = 50;

/// The longest command line that is looked at in files, in bytes: one that is longer is data.
const LONGEST: usize = 16 << 10;

/// Passwords in the command lines of a file.
pub(super) fn in_file(text: &str, hits: &mut Hits) {
    read(text, 0, LONGEST, TOLD, hits);
}

/// The same in what is a command, or may be; `start` is where it begins in what hits are counted
/// in.
pub(super) fn in_commands(text: &str, start: usize, hits: &mut Hits) {
    read(text, start, usize::MAX, TOLD, hits);
}

/// The same with those that are kept back though they are told to nobody, however many there are.
pub(super) fn doubtful_in_commands(text: &str, start: usize) -> Vec<Hit> {
    let mut hits = Vec::new();
    read(text, start, usize::MAX, DOUBTFUL, &mut hits);
    hits
}

/// How it is judged what stands where a password does.
#[derive(Clone, Copy)]
struct Judge {
    /// What a word is there.
    word: fn(Word<'_>) -> Option<Hit>,
    /// Whether what is given to a name that promises one is looked at.
    named: fn(&str, &str) -> bool,
}

/// What is told.
const TOLD: Judge = Judge {
    word: hit,
    // Any word may be a name's, but not any a credential.
    named: |name, value| !names_none(name, value) && judged(name, value, Written::Bare).is_some(),
};

/// What is kept back, too.
const DOUBTFUL: Judge = Judge {
    word: doubtful,
    named: |_, _| true,
};

fn read(text: &str, start: usize, longest: usize, judge: Judge, hits: &mut impl Extend<Hit>) {
    let mut at = start;
    let mut joined = 0;
    // The lines that a command reads, and how many of them there may still be.
    let mut here: Option<(HereDocument<'_>, usize)> = None;
    // Where a text in quotes ends that goes on in the next lines.
    let mut quoted_to = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let whole = &text[at - start - joined..at - start + line.len()];
        at += line.len();
        if let Some((document, left)) = here {
            if closes(line, document.end) {
                here = None;
                continue;
            }
            let text = line.trim();
            let word = Word {
                text,
                start: at - line.len() + line.find(text).unwrap_or_default(),
            };
            hits.extend(document.password(word).and_then(judge.word));
            here = Some((document, left.saturating_sub(1))).filter(|_| left > 0);
            continue;
        }
        if at - line.len() >= quoted_to
            && let Some(more) = goes_on(line, &text[at - start..])
        {
            quoted_to = at + more;
        }
        if at < quoted_to {
            joined += line.len();
            continue;
        }
        if carries_on(line) && lines.peek().is_some() && whole.len() < longest {
            joined += line.len();
            continue;
        }
        joined = 0;
        if whole.len() <= longest && may_hold(whole) {
            let behind = &text[at - start..];
            // One that ends nowhere is none: what follows are commands again.
            let ends = |document: &HereDocument<'_>| {
                let mut lines = behind.lines().take(MAX_HERE);
                lines.any(|line| closes(line, document.end))
            };
            let document = in_line(whole, at - whole.len(), judge, hits).filter(ends);
            here = document.map(|document| (document, MAX_HERE));
        }
    }
    let of_netrc = netrc::entries(text).into_iter();
    let of_netrc = of_netrc.map(|word| ("netrc-password", word));
    let of_pgpass = pgpass::entries(text).into_iter();
    let of_pgpass = of_pgpass.map(|word| ("pgpass-password", word));
    hits.extend(of_netrc.chain(of_pgpass).filter_map(|(kind, word)| {
        let hit = (judge.word)(Word {
            start: word.start + start,
            ..word
        })?;
        Some(Hit { kind, ..hit })
    }));
}

/// Whether a command goes on in the next line: behind a backslash, and behind a bar where `echo` hands
/// something on.
fn carries_on(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with('\\') || (line.ends_with('|') && says(line).is_some())
}

/// Where a line has what says something.
fn says(line: &str) -> Option<usize> {
    let mut programs = ["echo ", "printf "].iter();
    programs.find_map(|program| line.find(program))
}

/// How far the lines behind one go on with the text in quotes that `echo` hands to a program which reads
/// passwords, with what ends the command.
fn goes_on(line: &str, behind: &str) -> Option<usize> {
    let at = says(line)?;
    if line.starts_with('#') || line[..at].contains(" #") {
        return None;
    }
    let quote = char::from(open_quote(&line[at..])?);
    let mut lines = behind.split_inclusive('\n').take(MAX_HERE);
    let mut length = 0;
    let rest = lines.by_ref().find_map(|line| {
        length += line.len();
        Some(line.split_once(quote)?.1.trim())
    })?;
    // The bar and the reader may stand in the next line.
    let is_piped = rest.starts_with('|') || rest == "\\";
    let is_read = rest.contains("passwd") || rest.ends_with('\\');
    if rest == "|" {
        let next = lines.next()?;
        return next.contains("passwd").then_some(length + next.len());
    }
    (is_piped && is_read).then_some(length)
}

/// The quote that a line opens and does not close.
fn open_quote(line: &str) -> Option<u8> {
    let mut quote = None;
    let mut before = b' ';
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            // It takes the next one's meaning, but for text in single quotes.
            (None | Some(b'"'), b'\\') => {
                bytes.next();
            }
            // A comment.
            (None, b'#') if before.is_ascii_whitespace() => return None,
            _ => {}
        }
        before = byte;
    }
    quote
}

/// Whether a line ends the lines that a command reads: behind the word may stand the quote that
/// closes a whole script, or a builder's note.
fn closes(line: &str, end: &str) -> bool {
    line.trim().strip_prefix(end).is_some_and(|rest| {
        let is_note =
            || rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#');
        rest.is_empty() || rest.starts_with(['"', '\'']) || is_note()
    })
}

/// Passwords in each word of a command that needs no shell.
pub(super) fn in_arguments(words: &[String]) -> Vec<Vec<Hit>> {
    among(words, TOLD)
}

/// The same with those that are kept back though they are told to nobody.
pub(super) fn doubtful_in_arguments<S: AsRef<str>>(words: &[S]) -> Vec<Vec<Hit>> {
    among(words, DOUBTFUL)
}

fn among<S: AsRef<str>>(words: &[S], judge: Judge) -> Vec<Vec<Hit>> {
    let mut found = vec![Vec::new(); words.len()];
    let words = words.iter().map(AsRef::as_ref);
    let command: Vec<Word<'_>> = words.map(|text| Word { text, start: 0 }).collect();
    for (number, value) in taken(&command, judge.named) {
        found[number].extend((judge.word)(value));
    }
    found
}

/// Looks at a line. Gives the lines behind it that one of its commands reads passwords from.
fn in_line<'t>(
    line: &'t str,
    start: usize,
    judge: Judge,
    hits: &mut impl Extend<Hit>,
) -> Option<HereDocument<'t>> {
    let commands = commands(line);
    let mut here = None;
    for command in &commands {
        let words = &command.words;
        let reader = command.reader.and_then(|reader| commands.get(reader));
        let reader = reader.map(|reader| reader.words.as_slice());
        let found = taken(words, judge.named)
            .into_iter()
            .map(|(_, value)| value);
        let told = reader.map_or_else(Vec::new, |reader| handed(words, reader));
        let told = told.into_iter().chain(handed_here(words, reader));
        let hits_here = found.chain(told).filter_map(judge.word).chain(named(words));
        hits.extend(distinct(hits_here).into_iter().map(|hit| Hit {
            start: hit.start + start,
            end: hit.end + start,
            ..hit
        }));
        here = here.or_else(|| here_document(words, reader));
    }
    here
}

/// What is assigned to a name that promises a credential, as programs of all sorts take it: `--name
/// value`, `set name value`.
fn named<'t>(words: &[Word<'t>]) -> impl Iterator<Item = Hit> {
    let comment = words.first().is_some_and(|word| word.text.starts_with('#'));
    words.windows(2).enumerate().filter_map(move |(at, pair)| {
        let [name, value] = pair else {
            return None;
        };
        let (name, value) = match flag_name(name.text) {
            Some(name) => (name, *value),
            // `--mount=type=secret,id=x` has its value in it.
            None if name.text.starts_with("--") => return None,
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
        if comment
            || value.text.starts_with(['-', '#'])
            || !promises(name)
            || names_none(name, value.text)
        {
            return None;
        }
        // Behind one dash stand many other things, as in `-password file` of a manual.
        let written = match pair[0].text.starts_with('-') && !pair[0].text.starts_with("--") {
            true => Written::QuotedSetting,
            false => Written::Bare,
        };
        let (kind, severity) = judged(name, value.text, written)?;
        Some(Hit::of(kind, severity, value.start, value.text.as_bytes()))
    })
}

fn hit(value: Word<'_>) -> Option<Hit> {
    let believed = |text: &str| {
        text.len() >= 5 && is_no_sentence(text) && (!is_placeholder(text) || is_hash(text))
    };
    password(value, believed)
}

fn doubtful(value: Word<'_>) -> Option<Hit> {
    password(value, |text| !may_be_shown(text) || is_hash(text))
}

fn password(value: Word<'_>, believed: fn(&str) -> bool) -> Option<Hit> {
    let text = value.text.trim_end_matches("\\n");
    let kind = if is_hash(text) {
        "password-hash"
    } else {
        "command-password"
    };
    (!text.starts_with('-') && believed(text))
        .then(|| Hit::of(kind, Severity::High, value.start, text.as_bytes()))
}

/// Whether a text is the hash of a password in the form that crypt(5) knows.
pub(super) fn is_hash(text: &str) -> bool {
    let forms = [
        "$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$2a$", "$2b$", "$2y$", "$apr1$", "$argon2",
    ];
    text.len() >= 26 && forms.iter().any(|form| text.starts_with(form))
}

#[cfg(test)]
mod tests;
