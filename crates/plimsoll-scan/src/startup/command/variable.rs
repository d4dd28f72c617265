//! What a shell makes of variables that the image sets.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::MAX_PATH;
use super::text::known;

/// Variables that a shell or a container runtime sets, whatever the image says.
const SET_ELSEWHERE: &[&str] = &[
    "EUID", "HOSTNAME", "IFS", "LINENO", "OLDPWD", "PPID", "PWD", "RANDOM", "SECONDS", "SHLVL",
    "UID", "_",
];

/// Bytes that the variables of one command may become.
const MAX_EXPANDED: usize = 64 << 10;

/// The variables of a shell, as far as they are known.
#[derive(Clone, Default)]
pub(super) struct Variables<'e> {
    /// As the image has them.
    set: Rc<HashMap<&'e str, &'e str>>,
    /// Those that have another value by now.
    changed: HashSet<String>,
}

impl<'e> Variables<'e> {
    /// Those of `NAME=value`.
    pub(super) fn new(env: &'e [String]) -> Self {
        let set = env.iter().filter_map(|one| one.split_once('='));
        Self {
            set: Rc::new(set.collect()),
            changed: HashSet::new(),
        }
    }

    /// Takes in that one is set.
    pub(super) fn change(&mut self, name: &str) {
        self.changed.insert(name.to_owned());
    }

    /// The words of a command up to the first that is not known.
    pub(super) fn words(&self, command: &ShellCommand) -> Vec<String> {
        let mut words = Vec::new();
        let mut left = MAX_EXPANDED;
        for word in &command.words {
            match known(word) {
                Some(word) => words.push(word.to_owned()),
                None => {
                    let Some(more) = self.expanded(word) else {
                        break;
                    };
                    let length = more.iter().map(String::len).sum();
                    let Some(rest) = left.checked_sub(length) else {
                        break;
                    };
                    left = rest;
                    words.extend(more);
                }
            }
        }
        words
    }

    /// What becomes of a word of plain characters and variables: several, or none, where it stands in no
    /// quotes.
    fn expanded(&self, word: &ShellWord) -> Option<Vec<String>> {
        let quoted = word
            .raw
            .strip_prefix('"')
            .and_then(|raw| raw.strip_suffix('"'));
        let mut rest = quoted.unwrap_or(&word.raw);
        let mut text = String::new();
        while let Some((plain, behind)) = rest.split_once('$') {
            text.push_str(plain);
            let (name, behind) = match behind.strip_prefix('{') {
                Some(braced) => braced.split_once('}')?,
                None => {
                    let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    behind.split_at(end.unwrap_or(behind.len()))
                }
            };
            text.push_str(self.value(name)?);
            rest = behind;
            if text.len() > MAX_PATH {
                return None;
            }
        }
        text.push_str(rest);
        let is_literal = |raw: &str| {
            raw.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"${}_./:=,@%+-".contains(&byte))
        };
        if !is_literal(quoted.unwrap_or(&word.raw)) {
            return None;
        }
        match quoted {
            Some(_) => Some(vec![text]),
            None if text.contains(['*', '?', '[']) => None,
            None => Some(text.split_ascii_whitespace().map(str::to_owned).collect()),
        }
    }

    fn value(&self, name: &str) -> Option<&'e str> {
        if SET_ELSEWHERE.contains(&name) || self.changed.contains(name) {
            return None;
        }
        self.set.get(name).copied()
    }
}
