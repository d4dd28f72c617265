//! What a FROM may use: the ARGs in front of the first one, and what every builder gives.

use std::collections::BTreeMap;

use plimsoll_syntax::dockerfile::expand::{Lexer, Variables};
use plimsoll_syntax::dockerfile::{InstructionKind, Variable};

use crate::project::ProjectFile;

/// The arguments that need no declaration, with the word that stands for their value here.
pub(super) const GIVEN: &[(&str, &str)] = &[
    ("BUILDARCH", "amd64"),
    ("BUILDOS", "linux"),
    ("BUILDOSVERSION", ""),
    ("BUILDPLATFORM", "linux/amd64"),
    ("BUILDVARIANT", ""),
    ("TARGETARCH", "amd64"),
    ("TARGETOS", "linux"),
    ("TARGETOSVERSION", ""),
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETSTAGE", "default"),
    ("TARGETVARIANT", ""),
];

fn given(name: &str) -> Option<&'static str> {
    let at = GIVEN
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    Some(GIVEN[at].1)
}

/// The arguments as a build has them.
pub(super) struct Effective<'a>(pub(super) &'a BTreeMap<String, Variable>);

impl Variables for Effective<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(declared) if declared.value.is_some() => declared.value.as_deref(),
            _ => given(name),
        }
    }
}

impl Effective<'_> {
    /// Whether a name may be used without a word.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.0.contains_key(name) || given(name).is_some()
    }
}

/// The arguments as a build without `--build-arg` has them.
pub(super) struct Defaults(BTreeMap<String, Option<String>>);

impl Variables for Defaults {
    fn value(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Some(value)) => Some(value),
            _ => given(name),
        }
    }
}

/// Reads the ARGs in front of the first FROM; `None` where one of them cannot be expanded, which
/// is told as an error of its own.
pub(super) fn defaults(file: &ProjectFile<'_>) -> Option<Defaults> {
    let mut defaults = Defaults(BTreeMap::new());
    for instruction in file.dockerfile.instructions() {
        let pairs = match &instruction.kind {
            InstructionKind::From(_) => break,
            InstructionKind::Arg(pairs) => pairs,
            _ => continue,
        };
        for pair in pairs {
            let lexer = Lexer {
                limit: 128 * 1024,
                ..Lexer::new(file.dockerfile.escape)
            };
            let value = match &pair.value {
                Some(word) => Some(lexer.expand(&word.value, &defaults).ok()?.value),
                // Declaring once more without a value leaves the value there is.
                None => defaults.value(&pair.name.value).map(str::to_owned),
            };
            defaults.0.insert(pair.name.value.clone(), value);
        }
    }
    Some(defaults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_found() {
        assert!(GIVEN.is_sorted());
        assert_eq!(given("TARGETARCH"), Some("amd64"));
        assert_eq!(given("TARGET"), None);
    }
}
