//! Where the version of a package is written that a command line takes from a variable.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::Install;
use crate::project::{ProjectFile, StepView};

/// What stands in front of a version, the surest first: a minus sign is in many names, too.
const SIGNS: [&[char]; 2] = [&['=', '@', ':', '<', '>', '~'], &['-']];

/// Variables that get their value of one another, one behind the other.
const MOST_STEPS: usize = 8;

/// The `NAME=value` of an ARG or ENV that a person would edit, so that the word of a step names another
/// version; not where the script gives the variable a value of its `own`.
pub(super) fn written(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    word: &ShellWord,
    own: &HashSet<&str>,
) -> Option<SourceOrigin> {
    if word.literal.is_some() {
        return None;
    }
    let known = &view.step.before.variables;
    let has_number = |value: &str| value.contains(|c: char| c.is_ascii_digit());
    let mut names = versions(&word.raw).into_iter();
    let name = names.find(|name| {
        let value = known
            .get(*name)
            .and_then(|variable| variable.value.as_deref());
        own.contains(name) || value.is_some_and(has_number)
    })?;
    if own.contains(name) {
        return None;
    }
    let variable = known.get(name)?;
    let span = first(file, name, variable.value.as_deref()?, variable.span?)?;
    Some(file.place(span))
}

/// The variables that a command gives a value to, for the commands behind it.
pub(super) fn set_by(command: &ShellCommand) -> impl Iterator<Item = &str> {
    let bare = command
        .assignments
        .iter()
        .filter(|_| command.words.is_empty());
    let told = match command.program() {
        Some("export" | "declare" | "typeset" | "local" | "readonly" | "read") => {
            command.arguments()
        }
        _ => &[],
    };
    let told = told.iter().map(|word| {
        let text = word.literal.as_deref().unwrap_or(&word.raw);
        text.split_once('=').map_or(text, |(name, _)| name)
    });
    bare.map(|(name, _)| name.as_str()).chain(told)
}

/// Finds the variables that several words take their versions from.
pub(super) fn find_shared(installs: &mut [Install]) {
    // What each word is that takes it from a variable, by where the word stands.
    let mut words: HashMap<usize, HashMap<usize, Vec<String>>> = HashMap::new();
    for word in installs.iter().flat_map(|install| &install.words) {
        if let Some(version) = &word.version {
            let of_variable = words.entry(version.span.start).or_default();
            let of_word = of_variable.entry(word.place.span.start).or_default();
            of_word.push(word.text.clone());
        }
    }
    let is_shared = |variable: &SourceOrigin| {
        let mut words = words.get(&variable.span.start).into_iter().flatten();
        let first = words.next();
        words.any(|word| first.is_some_and(|first| first.1 != word.1))
    };
    for word in installs.iter_mut().flat_map(|install| &mut install.words) {
        word.is_shared = word.version.as_ref().is_some_and(is_shared);
    }
}

/// The variables that may be the version in a word, the likeliest first: one behind a sign, or one that is
/// all of the word.
fn versions(raw: &str) -> Vec<&str> {
    let bare = raw.trim_matches('"');
    let all: Vec<(usize, &str)> = variables(bare).collect();
    let mut names: Vec<&str> = Vec::new();
    for signs in SIGNS {
        let behind = all.iter().filter(|(at, _)| {
            let before = bare.get(..*at).unwrap_or_default();
            before.trim_end_matches('"').ends_with(signs)
        });
        names.extend(behind.map(|(_, name)| *name));
    }
    if let [(_, name)] = all.as_slice()
        && is_reference(bare)
    {
        names.push(name);
    }
    names
}

/// The names of variables in a text, each with the place of its dollar sign.
fn variables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = rest.get(..end.unwrap_or(rest.len()))?;
        (!name.is_empty()).then_some((at, name))
    })
}

/// Whether a text is a variable and nothing else.
fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or_default();
    let name = match name.strip_prefix('{') {
        Some(name) => name.strip_suffix('}').unwrap_or_default(),
        None => name,
    };
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_of_names)
}

/// Where a value is written that the pair at `span` gives to a variable: there, or where the variable gets
/// it from that it stands for (`ARG V` of a global one, `ENV V=$V`).
fn first(file: &ProjectFile<'_>, name: &str, value: &str, span: Span) -> Option<Span> {
    let pairs: Vec<&KeyValue> = (0..file.instruction_count())
        .flat_map(|at| match &file.instruction(at).kind {
            InstructionKind::Arg(pairs) | InstructionKind::Env(pairs) => pairs.as_slice(),
            _ => &[],
        })
        .collect();
    let text = |pair: &'_ KeyValue| -> Option<String> {
        let word = pair.value.as_ref()?;
        Some(word.value.trim_matches(['"', '\'']).to_owned())
    };
    let mut name = name.to_owned();
    let mut pair = *pairs.iter().find(|pair| pair.span == span)?;
    for _ in 0..MOST_STEPS {
        match text(pair) {
            Some(text) if !is_reference(&text) => return Some(pair.span),
            Some(text) => variables(&text).next()?.1.clone_into(&mut name),
            None => {}
        }
        let mut before = pairs.iter().rev();
        pair = before.find(|other| {
            let gives = || text(other).is_none_or(|text| is_reference(&text) || text == value);
            other.span.start < pair.span.start && other.name.value == name && gives()
        })?;
    }
    None
}
