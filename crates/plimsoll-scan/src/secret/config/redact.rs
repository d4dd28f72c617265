//! The configuration in the form in which it may be shown.

use std::borrow::Cow;

use plimsoll_model::ImageConfig;

use super::super::assignment::names_secret;
use super::super::hits::Hits;
use super::super::placeholder::is_variable;
use super::super::{Detector, Hit};
use super::line::{arguments, assignments, flag_name};
use super::{found_in, in_command, in_named, in_variable, in_words};

/// The configuration with every credential in it replaced by its kind and fingerprint: the form in
/// which it may be shown, stored or attached to something.
pub fn redacted(config: &ImageConfig) -> ImageConfig {
    redacted_with(config, Detector::shared())
}

pub(crate) fn redacted_with(config: &ImageConfig, detector: &Detector) -> ImageConfig {
    let mut config = config.clone();
    for variable in &mut config.env {
        let hits = in_variable(variable, detector);
        let mut doubtful = assigned_places(variable);
        // A variable takes all that follows, blanks and quotes too.
        doubtful.extend(variable.split_once('=').and_then(|(name, value)| {
            let place = (name.len() + 1, variable.len());
            hides(name, value).then_some(place)
        }));
        conceal(variable, hits, doubtful);
    }
    for (name, value) in &mut config.labels {
        let hits = in_named(name, value, detector);
        let whole = hides(name, value).then_some((0, value.len()));
        conceal(value, hits, whole.into_iter().collect());
        *name = shown_name(name, detector);
    }
    let commands = [
        config.entrypoint.as_mut(),
        config.cmd.as_mut(),
        config.healthcheck.as_mut().map(|check| &mut check.test),
        config.shell.as_mut(),
        Some(&mut config.on_build),
    ];
    for words in commands.into_iter().flatten() {
        let hits = in_words(words, detector);
        let mut flag = None;
        for (word, hits) in words.iter_mut().zip(hits) {
            let mut doubtful = assigned_places(word);
            let named = flag.take().is_some_and(|name: String| hides(&name, word));
            if named && !word.starts_with('-') {
                doubtful.push((0, word.len()));
            }
            flag = flag_name(word).map(str::to_owned);
            conceal(word, hits, doubtful);
        }
    }
    let fields = [&mut config.user, &mut config.working_dir];
    let fields = fields.into_iter().chain(&mut config.author);
    for text in fields.chain(&mut config.volumes) {
        let hits = found_in(text, detector);
        conceal(text, hits, Vec::new());
    }
    for entry in &mut config.history {
        for text in [&mut entry.created_by, &mut entry.comment]
            .into_iter()
            .flatten()
        {
            let hits = in_command(text, detector);
            let doubtful = assigned_places(text);
            conceal(text, hits, doubtful);
        }
    }
    config
}

/// What stands for a value that may be a placeholder: not a finding, and nobody's business either.
const HIDDEN: &str = "[hidden]";

/// Whether a value is kept back because of its name alone. A variable's name is no value.
fn hides(name: &str, value: &str) -> bool {
    names_secret(name) && !value.is_empty() && !is_variable(value)
}

/// Where something is assigned to a name that promises a credential.
fn assigned_places(text: &str) -> Vec<(usize, usize)> {
    assignments(text)
        .into_iter()
        .chain(arguments(text))
        .filter(|(name, value, _)| hides(name, value))
        .map(|(_, value, start)| (start, start + value.len()))
        .collect()
}

/// A name as it may be shown: it too can hold a credential, by somebody's slip.
pub(crate) fn shown_name(name: &str, detector: &Detector) -> String {
    let hits = detector.find_in(name);
    let mut shown = name.to_owned();
    conceal(&mut shown, hits, Vec::new());
    shown
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

/// Writes marks in place of credentials, and of what may be one. Where places overlap, all that
/// either covers goes.
fn conceal(text: &mut String, hits: Hits, doubtful: Vec<(usize, usize)>) {
    if hits.is_full() {
        // No more are looked for than so many, and whatever is left would be shown.
        HIDDEN.clone_into(text);
        return;
    }
    let hits = hits.into_iter().map(|hit| (hit.start, hit.end, Some(hit)));
    let doubtful = doubtful.into_iter().map(|(start, end)| (start, end, None));
    let mut places: Vec<(usize, usize, Option<Hit>)> = hits.chain(doubtful).collect();
    places.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
    let mut covered: Vec<(usize, usize, Option<Hit>)> = Vec::new();
    for (start, end, hit) in places {
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
    rewrite(text, marks);
}
