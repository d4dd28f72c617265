//! Credentials in an image's configuration and history.

mod composed;
mod line;
mod listed;
pub(super) mod redact;
mod values;

use std::collections::HashMap;

use plimsoll_model::{ImageConfig, SecretSighting};

use self::composed::{Composed, composed};
pub(super) use self::line::all_given;
use self::line::{Given, given_by_words};
use self::listed::listed;
use self::redact::Redacted;
pub use self::values::is_telling;
use super::assignment::{hashes, in_image_name, in_list, in_urls};
use super::command::{in_arguments, in_commands};
use super::context::in_context;
use super::detector::{Piece, Told};
use super::encoded::in_base64;
use super::escape::Unquoted;
use super::form::{Written, judged};
use super::hits::{Hits, distinct};
use super::pair::{Joined, beside_ids};
use super::{Detector, Fingerprint, Hit};

/// How far from its id a secret key stands: whoever hands both to a command names them there, in one
/// word or in several.
const REACH: usize = 1024;

/// What a search of a configuration gave.
#[derive(Debug, Default)]
pub(crate) struct InConfig {
    pub(crate) sightings: Vec<SecretSighting>,
    /// Places with more credentials than are told.
    pub(crate) partly: Vec<String>,
}

/// Every credential in the configuration, each value once: where it is set comes before where
/// history repeats it, which is told beside.
///
/// `shown` is that configuration as it may be shown.
pub(crate) fn in_config(config: &ImageConfig, shown: &Redacted, detector: &Detector) -> InConfig {
    let mut gathered = Gathered::default();
    let whole = gather(config, shown, detector, &mut gathered).is_some();
    if !whole {
        gathered.found.partly.push("configuration".to_owned());
    }
    gathered.found
}

/// Credentials told of one configuration, and places where they are repeated; one with more is made
/// of nothing else.
const MAX_TOLD: usize = 1000;

/// What was found so far.
#[derive(Default)]
struct Gathered {
    seen: HashMap<Fingerprint, usize>,
    told: usize,
    found: InConfig,
}

impl Gathered {
    /// Takes in what was found in one place; none where it is more than is told.
    fn add(&mut self, place: String, hits: Hits) -> Option<()> {
        let InConfig { sightings, partly } = &mut self.found;
        if hits.overflows() {
            partly.push(place.clone());
        }
        for hit in distinct(hits) {
            let known = self.seen.get(&hit.fingerprint);
            if let Some(known) = known.and_then(|known| sightings.get_mut(*known))
                && (known.place == place || known.also_at.last() == Some(&place))
            {
                continue;
            }
            self.told += 1;
            if self.told > MAX_TOLD {
                return None;
            }
            if let Some(known) = known.and_then(|known| sightings.get_mut(*known)) {
                known.also_at.push(place.clone());
                continue;
            }
            self.seen.insert(hit.fingerprint, sightings.len());
            sightings.push(SecretSighting {
                kind: hit.kind.into(),
                severity: hit.severity,
                place: place.clone(),
                layer: None,
                line: None,
                fingerprint: hit.fingerprint.to_string(),
                deleted_in: None,
                also_at: Vec::new(),
                source: None,
            });
        }
        Some(())
    }
}

/// Gathers all credentials of a configuration; none where there are more than are told.
fn gather(
    config: &ImageConfig,
    shown: &Redacted,
    detector: &Detector,
    into: &mut Gathered,
) -> Option<()> {
    for (variable, hits) in config.env.iter().zip(in_environment(&config.env, detector)) {
        let (name, _) = variable.split_once('=').unwrap_or((variable, ""));
        let place = format!("env {}", shown.name(name, detector));
        into.add(place, hits)?;
    }
    for (name, value) in &config.labels {
        let place = format!("label {}", shown.name(name, detector));
        into.add(place, in_label(name, value, detector))?;
    }
    let [entrypoint, cmd] = in_start(
        config.entrypoint.as_deref().unwrap_or_default(),
        config.cmd.as_deref().unwrap_or_default(),
        |words| in_words(words, detector),
        take_more,
    );
    let check = config.healthcheck.as_ref();
    let words = |words: &[String]| in_words(words, detector);
    let commands = [
        ("entrypoint", entrypoint),
        ("cmd", cmd),
        (
            "healthcheck",
            check.map_or_else(Vec::new, |check| words(&check.test)),
        ),
        ("shell", words(config.shell.as_deref().unwrap_or_default())),
        ("onbuild", words(&config.on_build)),
    ];
    for (place, found) in commands {
        for hits in found {
            into.add(place.to_owned(), hits)?;
        }
    }
    for (place, text) in plain_fields(config) {
        into.add(place.to_owned(), in_text(text, None, detector))?;
    }
    for (step, entry) in config.history.iter().enumerate() {
        for text in [&entry.created_by, &entry.comment].into_iter().flatten() {
            into.add(
                format!("history step {}", step + 1),
                in_text(text, None, detector),
            )?;
        }
    }
    Some(())
}

/// What else of the configuration is text that somebody wrote, and what it is called.
fn plain_fields(config: &ImageConfig) -> impl Iterator<Item = (&'static str, &String)> {
    let fields = [("user", &config.user), ("workdir", &config.working_dir)].into_iter();
    fields
        .chain(config.author.iter().map(|text| ("author", text)))
        .chain(config.volumes.iter().map(|text| ("volume", text)))
        .chain(config.exposed_ports.iter().map(|text| ("port", text)))
        .chain(config.stop_signal.iter().map(|text| ("stop signal", text)))
}

/// Credentials that need no more than the text.
pub(super) fn found_in(text: &str, detector: &Detector) -> Hits {
    let mut hits = detector.find_in(text);
    let piece = Piece::text(text);
    in_context(piece, true, &mut Told::default(), &mut hits);
    in_base64(detector, piece, &mut 0, &mut hits);
    hits.extend(hashes(text));
    hits
}

/// Credentials in `NAME=value`.
pub(super) fn in_variable(variable: &str, detector: &Detector) -> Hits {
    in_text(variable, variable_of(variable), detector)
}

/// What `NAME=value` gives to its name: all that follows, blanks and quotes too.
fn variable_of(variable: &str) -> Option<Given<'_>> {
    let (name, value) = variable.split_once('=')?;
    Some((name, value, name.len() + 1))
}

/// Credentials in each of some variables, the secret that belongs to another's id with them.
fn in_environment(variables: &[String], detector: &Detector) -> Vec<Hits> {
    let found = variables.iter();
    let mut found: Vec<Hits> = found
        .map(|variable| in_variable(variable, detector))
        .collect();
    add_joined(variables, &mut found);
    found
}

/// Adds the secrets that stand in other texts than their ids.
fn add_joined(texts: &[String], found: &mut [Hits]) {
    if let Some((joined, told)) = Joined::of(texts, found) {
        for (number, hit) in joined.secrets(REACH, &told) {
            found[number].push(hit);
        }
    }
}

/// Credentials in the value of a label.
fn in_label(name: &str, value: &str, detector: &Detector) -> Hits {
    let mut hits = in_text(value, Some((name, value, 0)), detector);
    if name.ends_with(".base.name") {
        hits.extend(in_image_name(value));
    }
    hits
}

/// Credentials in any text of a configuration or its history: whatever it is there for, it may be a
/// command, an instruction or an address. `given` is what it gives to a name by where it stands.
pub(super) fn in_text(text: &str, given: Option<Given<'_>>, detector: &Detector) -> Hits {
    in_nested(text, given, detector, 0)
}

/// How deep words lie in the texts of others that are read, as lists or put together of parts.
const DEEPEST: usize = 4;

/// The same of a text that lies so deep in others.
fn in_nested(text: &str, given: Option<Given<'_>>, detector: &Detector, depth: usize) -> Hits {
    let mut hits = found_in(text, detector);
    beside_ids(text.as_bytes(), REACH, &mut hits);
    for (name, value, start) in all_given(text, given) {
        if !may_be_usage(name, value, &text[..start]) {
            hits.extend(in_list(name, value, start));
        }
        if is_line(value) {
            in_commands(value, start, &mut hits);
        }
    }
    in_commands(text, 0, &mut hits);
    hits.extend(in_urls(text, 0));
    let (lists, words) = (listed(text), composed(text));
    if depth == DEEPEST && !(lists.is_empty() && words.is_empty()) {
        hits.leave_out();
        return hits;
    }
    in_lists(lists, detector, depth, &mut hits);
    for Composed { word, is_script } in words {
        let text = std::slice::from_ref(&word.text);
        let inner = match is_script {
            true => in_nested(&word.text, None, detector, depth + 1),
            false => in_nested_words(text, detector, depth + 1).swap_remove(0),
        };
        add_unquoted(&word, inner, &mut hits);
    }
    hits
}

/// Adds what was found in a word without its quotes.
fn add_unquoted(word: &Unquoted, found: Hits, hits: &mut Hits) {
    if found.overflows() {
        hits.leave_out();
    }
    hits.extend(found.into_iter().map(|hit| {
        let (start, end) = word.place(hit.start, hit.end);
        Hit { start, end, ..hit }
    }));
}

/// Whether what stands behind a flag may be no more than what a manual says goes there: behind one dash
/// that is as often a file or a word, `-password file`.
fn may_be_usage(name: &str, value: &str, before: &str) -> bool {
    let is_next_word = !before
        .trim_end_matches(['"', '\'', '\\', '$'])
        .ends_with('=');
    let mut words = value.split_whitespace();
    name.starts_with('-')
        && !name.starts_with("--")
        && is_next_word
        && !words.any(|word| judged(name, word, Written::QuotedSetting).is_some())
}

/// Whether a value may be a command line by itself.
fn is_line(value: &str) -> bool {
    value.contains([' ', '\t'])
}

/// Words of lists in one text that are read. No command has more.
const MAX_LISTED: usize = 4096;

/// Credentials in the words that stand in quotes in a list.
fn in_lists(lists: Vec<Vec<Unquoted>>, detector: &Detector, depth: usize, hits: &mut Hits) {
    let mut read = 0;
    for list in lists {
        read += list.len();
        if read > MAX_LISTED {
            hits.leave_out();
            return;
        }
        let words: Vec<String> = list.iter().map(|word| word.text.clone()).collect();
        for (word, inner) in list
            .iter()
            .zip(in_nested_words(&words, detector, depth + 1))
        {
            add_unquoted(word, inner, hits);
        }
    }
}

/// What `find` finds in each word of ENTRYPOINT, and in each of CMD. What is started is the one with the
/// other behind it, and an entry point that is a script mostly runs CMD as a command of its own.
fn in_start<T>(
    entrypoint: &[String],
    cmd: &[String],
    find: impl Fn(&[String]) -> Vec<T>,
    take_more: impl Fn(&mut T, T),
) -> [Vec<T>; 2] {
    let mut of_entrypoint = find(&[entrypoint, cmd].concat());
    let mut of_cmd = of_entrypoint.split_off(entrypoint.len());
    if !entrypoint.is_empty() {
        for (found, alone) in of_cmd.iter_mut().zip(find(cmd)) {
            take_more(found, alone);
        }
    }
    [of_entrypoint, of_cmd]
}

/// Takes in what else was found in the same text.
fn take_more(hits: &mut Hits, more: Hits) {
    if more.overflows() {
        hits.leave_out();
    }
    hits.extend(more);
}

/// Credentials in each word of a command that needs no shell.
fn in_words(words: &[String], detector: &Detector) -> Vec<Hits> {
    in_nested_words(words, detector, 0)
}

/// The same of words that lie so deep in others.
fn in_nested_words(words: &[String], detector: &Detector, depth: usize) -> Vec<Hits> {
    let given = given_by_words(words).zip(words).zip(in_arguments(words));
    let mut found: Vec<Hits> = given
        .map(|((given, word), taken)| {
            let mut hits = in_nested(word, given, detector, depth);
            hits.extend(taken);
            hits
        })
        .collect();
    add_joined(words, &mut found);
    found
}

#[cfg(test)]
mod tests;
