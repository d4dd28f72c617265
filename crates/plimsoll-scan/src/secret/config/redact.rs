//! The configuration in the form in which it may be shown.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::LazyLock;

use plimsoll_model::credential::are_drawn;
use plimsoll_model::{ImageConfig, Severity};
use regex::Regex;

use super::super::assignment::{doubtful_in_urls, in_image_name, in_urls};
use super::super::command::{doubtful_in_arguments, doubtful_in_commands};
use super::super::connection::names_place;
use super::super::hits::{Hits, Parts};
use super::super::name::{may_promise, promises};
use super::super::pair::{Joined, doubtful_beside_ids};
use super::super::placeholder::{is_variable, may_be_shown};
use super::super::users::users;
use super::super::{Detector, Hit, KnownValues};
use super::composed::{Composed, composed};
use super::line::given_by_words;
use super::listed::listed;
use super::values::Values;
use super::{
    DEEPEST, Given, REACH, all_given, in_environment, in_label, in_start, in_text, in_words,
    is_line, take_more, variable_of,
};

/// A configuration in the form in which it may be shown, stored or attached to something.
pub struct Redacted {
    /// With every credential in it replaced by its kind and fingerprint.
    pub config: ImageConfig,
    /// What was replaced.
    values: Values,
}

impl Redacted {
    /// A name as it may be shown: it too can hold a credential, by somebody's slip.
    pub(crate) fn name(&self, name: &str, detector: &Detector) -> String {
        let mut shown = name.to_owned();
        Text::of(&mut shown, detector).conceal(&self.values);
        shown
    }
}

/// Takes the credentials out of a configuration.
pub fn redacted(config: &ImageConfig) -> Redacted {
    redacted_beside(config, &KnownValues::default(), Detector::shared())
}

/// The same with those that are `known` of the image's files.
pub(crate) fn redacted_beside(
    config: &ImageConfig,
    known: &KnownValues,
    detector: &Detector,
) -> Redacted {
    // What is told to be a credential in one place is one wherever it is repeated.
    let mut values = Values::default();
    let mut config = config.clone();
    let mut texts: Vec<Text<'_>> = Vec::new();
    let hits = in_environment(&config.env, detector);
    let mut doubtful: Vec<Places> = config
        .env
        .iter()
        .map(|variable| doubtful_in_text(variable, variable_of(variable)))
        .collect();
    add_doubtful(&config.env, &hits, &mut doubtful);
    for ((variable, hits), doubtful) in config.env.iter_mut().zip(hits).zip(doubtful) {
        texts.push(Text::new(variable, hits, doubtful));
    }
    for (name, value) in &mut config.labels {
        let hits = in_label(name, value, detector);
        let doubtful = doubtful_in_text(value, Some((name, value, 0)));
        texts.push(Text::new(value, hits, doubtful));
        texts.push(Text::of(name, detector));
    }
    texts.extend(Text::of_start(
        config.entrypoint.as_deref_mut().unwrap_or_default(),
        config.cmd.as_deref_mut().unwrap_or_default(),
        detector,
    ));
    let commands = [
        config.healthcheck.as_mut().map(|check| &mut check.test),
        config.shell.as_mut(),
        Some(&mut config.on_build),
    ];
    for words in commands.into_iter().flatten() {
        texts.extend(Text::of_words(words, detector));
    }
    // Those that `plain_fields` names.
    let fields = [&mut config.user, &mut config.working_dir].into_iter();
    let fields = fields
        .chain(&mut config.author)
        .chain(&mut config.volumes)
        .chain(&mut config.exposed_ports)
        .chain(&mut config.stop_signal);
    let history = config.history.iter_mut();
    let history = history.flat_map(|entry| [&mut entry.created_by, &mut entry.comment]);
    for text in fields.chain(history.flatten()) {
        texts.push(Text::of(text, detector));
    }
    for text in &texts {
        for (start, end, hit) in &text.places {
            if let Some(value) = text.text.get(*start..*end) {
                values.add(value, *hit);
            }
        }
        for (start, end) in known.places(text.text) {
            let value = &text.text[start..end];
            let hit = Hit::of("secret-value", Severity::High, start, value.as_bytes());
            values.add(value, Some(hit));
        }
    }
    for text in texts {
        text.conceal(&values);
    }
    Redacted { config, values }
}

/// Adds what may be a secret in another text than its id.
fn add_doubtful(texts: &[String], hits: &[Hits], doubtful: &mut [Places]) {
    if let Some((joined, told)) = Joined::of(texts, hits) {
        for (number, place) in joined.doubtful(REACH, &told) {
            doubtful[number].push(place);
        }
    }
}

/// A text that was copied out of an image, a licence or a version, in the form in which it may be
/// shown; none where it may be shown as it is.
pub(crate) fn redacted_text(text: &str, detector: &Detector) -> Option<String> {
    let mut hits = detector.find_in(text);
    hits.extend(in_urls(text, 0));
    without(text, hits)
}

/// A command that was copied out of a file, in the form in which it may be shown or stored: without
/// whatever is told of in the file, and what stands where a password does; none where it may be shown as it
/// is.
pub(crate) fn redacted_command(text: &str, detector: &Detector) -> Option<String> {
    let mut shown = text.to_owned();
    Text::of(&mut shown, detector).conceal(&Values::default());
    (shown != text).then_some(shown)
}

/// Conceals the same in the words of such a command.
pub(crate) fn redact_words(words: &mut [String], detector: &Detector) {
    for word in Text::of_words(words, detector) {
        word.conceal(&Values::default());
    }
}

/// The same of the name of an image.
pub(crate) fn redacted_image_name(name: &str, detector: &Detector) -> Option<String> {
    let mut hits = detector.find_in(name);
    hits.extend(in_urls(name, 0));
    hits.extend(in_image_name(name));
    without(name, hits)
}

/// A text without what was found in it; none where nothing was.
pub(in crate::secret) fn without(text: &str, hits: Hits) -> Option<String> {
    if hits.is_empty() && !hits.overflows() {
        return None;
    }
    let mut shown = text.to_owned();
    Text::new(&mut shown, hits, Vec::new()).conceal(&Values::default());
    Some(shown)
}

/// What stands for a value that may be a placeholder: not a finding, and nobody's business either.
const HIDDEN: &str = "[hidden]";

/// Whether a value is kept back because of its name: what promises a credential hides it whatever it is,
/// what may do so hides what may be one. A variable's name is no value.
fn hides(name: &str, value: &str) -> bool {
    (promises(name) && !value.is_empty() && !is_variable(value))
        || (may_promise(name) && !is_harmless(value))
}

/// So many letters are drawn, or words.
const DRAWN_LETTERS: usize = 14;

/// Whether a value is words, a place, a version, or the number by which a public key is known.
fn is_harmless(value: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let is_of_words = !has(u8::is_ascii_digit)
        && !value.contains([':', '=', '@'])
        && (value.len() < DRAWN_LETTERS || !are_drawn(value));
    let is_version = !has(u8::is_ascii_alphabetic);
    let is_key_number = |word: &str| {
        let word = word.strip_prefix("0x").unwrap_or(word);
        matches!(word.len(), 8 | 16 | 32 | 40)
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
    };
    may_be_shown(value)
        || is_of_words
        || is_version
        || value.starts_with(['/', '.', '~'])
        || value.contains("://")
        || value.split_whitespace().all(is_key_number)
}

/// Where parts of a text begin and end.
type Places = Vec<(usize, usize)>;

/// What any text of a configuration or its history must not show, though nobody is told of it: what is
/// given to a name that promises a credential, and what stands where a command takes a password or an
/// address has one. `given` is what the text gives to a name by where it stands.
pub(in crate::secret) fn doubtful_in_text(text: &str, given: Option<Given<'_>>) -> Places {
    doubtful_in_nested(text, given, 0)
}

/// The same of a text that lies so deep in others; all of it where that is too deep.
fn doubtful_in_nested(text: &str, given: Option<Given<'_>>, depth: usize) -> Places {
    let mut found = doubtful_in_commands(text, 0);
    let mut doubtful: Places = doubtful_in_urls(text).chain(said(text)).collect();
    doubtful.extend(in_connection_strings(text));
    doubtful.extend(in_statements(text));
    let users = users(text).filter(|(password, _)| !may_be_shown(password));
    doubtful.extend(users.map(|(password, start)| (start, start + password.len())));
    for (name, value, start) in all_given(text, given) {
        if hides(name, value) {
            doubtful.push((start, start + value.len()));
        } else if is_line(value) {
            found.extend(doubtful_in_commands(value, start));
        }
    }
    doubtful.extend(found.into_iter().map(|hit| (hit.start, hit.end)));
    let (lists, composed) = (listed(text), composed(text));
    if depth == DEEPEST && !(lists.is_empty() && composed.is_empty()) {
        return vec![(0, text.len())];
    }
    for words in lists {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        for (word, places) in words
            .iter()
            .zip(doubtful_in_nested_words(&texts, depth + 1))
        {
            let places = places.into_iter();
            doubtful.extend(places.map(|(start, end)| word.place(start, end)));
        }
    }
    for Composed { word, is_script } in composed {
        let places = match is_script {
            true => doubtful_in_nested(&word.text, None, depth + 1),
            false => doubtful_in_nested_words(&[&word.text], depth + 1).concat(),
        };
        let places = places.into_iter();
        doubtful.extend(places.map(|(start, end)| word.place(start, end)));
    }
    doubtful
}

/// `password: `, `"password": "`, `Authorization: `, `password = `, `'password' => '`, `password := `,
/// `d["password"] = `.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"([A-Za-z][A-Za-z0-9_.-]*)\\?["']?(?:\]\s*=|\]?(?:\s*(?::=?|=>)|\s+=))((?:\\?\s)*)(\\?["'])?"#,
    )
    .expect("a constant expression")
});

/// What a text says of a credential without assigning it: what stands behind such a name up to the end
/// of its quotes, or of the line.
fn said(text: &str) -> Places {
    let mut found = Places::new();
    let mut at = 0;
    while let Some(said) = SAID.captures_at(text, at) {
        let (Some(whole), Some(name), Some(blank)) = (said.get(0), said.get(1), said.get(2)) else {
            break;
        };
        at = whole.end();
        let lower = name.as_str().to_ascii_lowercase();
        let is_cookie = lower == "cookie" && whole.as_str().contains(':');
        let is_header = lower.ends_with("authorization")
            || is_cookie
            || (lower.starts_with("x-") && promises(&lower));
        let quote = said.get(3).map(|quote| quote.as_str());
        let apart = quote.is_some() || !blank.is_empty();
        if !(is_header || apart && promises(name.as_str())) {
            continue;
        }
        let rest = &text[at..];
        let length = match quote {
            Some(quote) => rest.find(quote),
            // In code it is what another part of it gives.
            None if whole.as_str().trim_end().ends_with([']', '>']) => continue,
            None if whole.as_str().contains(":=") => continue,
            None if !apart => Some(header_value(rest)),
            None => rest.find(['"', '\'', '\n']),
        };
        let value = rest[..length.unwrap_or(rest.len())].trim_end_matches('\\');
        at += value.len();
        // `Bearer …`: how it is meant is no secret.
        let value = match value.split_once(' ').filter(|_| is_header && !is_cookie) {
            Some((_, value)) => value,
            None => value,
        };
        if !may_be_shown(value) {
            found.push((at - value.len(), at));
        }
    }
    found
}

/// How long the value of a header is that stands behind its name without a blank: a word, and the one before
/// it that says how it is meant.
fn header_value(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    let word = |from: usize| text[from..].find(ends).map_or(text.len(), |end| from + end);
    let first = word(0);
    let schemes = ["basic", "bearer", "token", "digest", "apikey", "negotiate"];
    let is_scheme = |scheme: &&str| {
        text[..first]
            .trim_end_matches('\\')
            .eq_ignore_ascii_case(scheme)
    };
    let behind = text[first..].starts_with(' ') && schemes.iter().any(is_scheme);
    if behind { word(first + 1) } else { first }
}

/// `IDENTIFIED BY '`, `SET PASSWORD FOR bob = '`, `WITH PASSWORD '`, `ROLE bob SUPERUSER LOGIN PASSWORD '`
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:identified\s+(?:with\s+\S+\s+)?by|set\s+password\s+for\s+\S+\s*=(?:\s*password)?|(?:(?:with|encrypted)|(?:role|user)\s+\S+(?:\s+[a-z]+){0,8})\s+password|=\s*password)\s*\(?\s*(\\?["'])"#,
    )
    .expect("a constant expression")
});

/// The passwords that statements of SQL set.
fn in_statements(text: &str) -> Places {
    let begun = STATEMENT.captures_iter(text);
    let found = begun.filter_map(|begun| {
        let quote = begun.get(1)?;
        let length = text[quote.end()..].find(quote.as_str())?;
        Some((quote.end(), quote.end() + length))
    });
    found
        .filter(|(start, end)| !may_be_shown(&text[*start..*end]))
        .collect()
}

/// What a connection string gives to such a name: `Server=db;Password=two words;UID=me`. It goes up to
/// the next name, since a password may hold a `;`, too.
fn in_connection_strings(text: &str) -> Places {
    let mut found = Places::new();
    for string in text.split(['"', '\'', '`', '\n']) {
        let from = string.as_ptr().addr() - text.as_ptr().addr();
        let mut open = None;
        // Elsewhere than there `PWD` is where one works.
        let names_place = LazyCell::new(|| names_place(string));
        let is_password = |name: &str| match name.trim().eq_ignore_ascii_case("pwd") {
            true => *names_place,
            false => promises(&name.replace(' ', "")),
        };
        let mut at = from;
        for (number, piece) in string.split(';').enumerate() {
            let end = at + piece.len();
            let given = piece.split_once('=').filter(|(name, _)| is_key(name));
            // In a script blanks part commands.
            if given.is_some() || piece.starts_with(' ') {
                found.extend(open.take().map(|start| (start, at - 1)));
            }
            if let Some((name, value)) = given
                && (number > 0 || string.len() > piece.len())
                && !piece.starts_with(' ')
                && is_password(name)
                && !may_be_shown(value)
            {
                open = Some(end - value.len());
            }
            at = end + 1;
        }
        let rest = string.trim_end().trim_end_matches(';');
        found.extend(open.map(|start| (start, (from + rest.len()).max(start))));
    }
    found
}

/// Whether a text may be a name in a connection string.
fn is_key(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == ' ') && name.bytes().all(letters)
}

/// The same in each word of a command that needs no shell.
fn doubtful_in_words<S: AsRef<str>>(words: &[S]) -> Vec<Places> {
    doubtful_in_nested_words(words, 0)
}

fn doubtful_in_nested_words<S: AsRef<str>>(words: &[S], depth: usize) -> Vec<Places> {
    let given = given_by_words(words)
        .zip(words)
        .zip(doubtful_in_arguments(words));
    let places = given.map(|((given, word), taken)| {
        let mut doubtful = doubtful_in_nested(word.as_ref(), given, depth);
        doubtful.extend(taken.into_iter().map(|hit| (hit.start, hit.end)));
        doubtful
    });
    places.collect()
}

/// What each word of a command must not show: the credentials that are told of it, and what else.
fn hidden_in_words(words: &[String], detector: &Detector) -> Vec<(Hits, Places)> {
    let hits = in_words(words, detector);
    let mut doubtful = doubtful_in_words(words);
    add_doubtful(words, &hits, &mut doubtful);
    hits.into_iter().zip(doubtful).collect()
}

/// Writes something else in place of parts of a text, which are in order and apart.
fn rewrite(text: &mut String, parts: impl Iterator<Item = (usize, usize, Cow<'static, str>)>) {
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, mark) in parts {
        if let Some(before) = text.get(at..start).filter(|_| text.is_char_boundary(end)) {
            written.push_str(before);
            written.push_str(&mark);
            at = end;
        }
    }
    written.push_str(text.get(at..).unwrap_or_default());
    *text = written;
}

/// A text of the configuration, and what of it must not be shown.
struct Text<'c> {
    text: &'c mut String,
    /// Where that begins and ends, and what it was found to be.
    places: Vec<(usize, usize, Option<Hit>)>,
    /// Whether it holds more than was looked for.
    overflows: bool,
}

impl<'c> Text<'c> {
    /// Any text of a configuration that stands alone.
    fn of(text: &'c mut String, detector: &Detector) -> Self {
        let (hits, doubtful) = (in_text(text, None, detector), doubtful_in_text(text, None));
        Self::new(text, hits, doubtful)
    }

    /// The words of a command.
    fn of_words(
        words: &'c mut [String],
        detector: &Detector,
    ) -> impl Iterator<Item = Self> + use<'c> {
        let found = hidden_in_words(words, detector);
        let words = words.iter_mut().zip(found);
        words.map(|(word, (hits, doubtful))| Self::new(word, hits, doubtful))
    }

    /// The words of ENTRYPOINT and of CMD.
    fn of_start(
        entrypoint: &'c mut [String],
        cmd: &'c mut [String],
        detector: &Detector,
    ) -> impl Iterator<Item = Self> + use<'c> {
        let find = |words: &[String]| hidden_in_words(words, detector);
        let found = in_start(entrypoint, cmd, find, |found, more| {
            take_more(&mut found.0, more.0);
            found.1.extend(more.1);
        });
        let words = entrypoint.iter_mut().chain(cmd);
        let words = words.zip(found.into_iter().flatten());
        words.map(|(word, (hits, doubtful))| Self::new(word, hits, doubtful))
    }

    fn new(text: &'c mut String, hits: Hits, mut doubtful: Places) -> Self {
        let overflows = hits.overflows();
        doubtful.extend(doubtful_beside_ids(text.as_bytes(), REACH, &hits));
        // Of those that overlap one is told, whose mark it gets.
        let mut told = Parts::default();
        let hits = hits.into_iter().map(|hit| {
            let is_told = told.take(hit.start as u64, hit.end as u64);
            (hit.start, hit.end, is_told.then_some(hit))
        });
        let doubtful = doubtful.into_iter().map(|(start, end)| (start, end, None));
        Self {
            text,
            places: hits.chain(doubtful).collect(),
            overflows,
        }
    }

    /// Writes marks in place of credentials, and of what may be one. Where places overlap, all that
    /// either covers goes.
    fn conceal(mut self, values: &Values) {
        let Some(repeated) = values.find(self.text).filter(|_| !self.overflows) else {
            // No more are looked for than so many, and whatever is left would be shown.
            HIDDEN.clone_into(self.text);
            return;
        };
        self.places.extend(repeated);
        self.places
            .sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut covered: Vec<(usize, usize, Option<Hit>)> = Vec::new();
        for (start, end, hit) in self.places {
            match covered.last_mut() {
                Some(last) if start < last.1 => {
                    last.1 = last.1.max(end);
                    last.2 = last.2.or(hit);
                }
                _ => covered.push((start, end, hit)),
            }
        }
        let marks = covered.into_iter().map(|(start, end, hit)| {
            let mark = hit.map_or(Cow::Borrowed(HIDDEN), |hit| {
                format!("[{} {}]", hit.kind, hit.fingerprint).into()
            });
            (start, end, mark)
        });
        rewrite(self.text, marks);
    }
}
