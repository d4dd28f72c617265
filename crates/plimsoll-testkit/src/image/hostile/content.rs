//! Layers whose archive is sound and whose files want to do harm: made when they are asked for, one
//! by one.

mod bombs;
mod databases;
mod links;
mod metadata;
mod names;
mod programs;
mod sparse;

use crate::image::Layer;

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// What a test suite can wait for, in an unoptimised build.
    Suite,
    /// What the case is called after: ten gigabytes of zeros, ten million entries.
    Full,
}

impl Scale {
    fn of(self, suite: u64, full: u64) -> u64 {
        match self {
            Self::Suite => suite,
            Self::Full => full,
        }
    }
}

/// Layers of files that no reader should trust.
#[derive(Clone, Copy, Debug)]
pub struct HostileContent {
    /// A name for messages, kebab-case.
    pub name: &'static str,
    /// A path, or words, that a report has to own up to, among what was not looked at.
    pub told: Option<&'static str>,
    /// Whether it stands in the place of the package database of the layers below: what that one
    /// listed cannot be seen any more.
    pub replaces_database: bool,
    make: fn(Scale) -> Vec<Layer>,
}

impl HostileContent {
    /// Makes the layers, lowest first. None takes more than some 100 MB of memory.
    pub fn layers(&self, scale: Scale) -> Vec<Layer> {
        (self.make)(scale)
    }
}

const MEBI: usize = 1 << 20;

/// Of which nothing needs to be told.
fn quiet(name: &'static str, make: fn(Scale) -> Vec<Layer>) -> HostileContent {
    HostileContent {
        name,
        told: None,
        replaces_database: false,
        make,
    }
}

/// Of which `path` has to be told.
fn told(name: &'static str, path: &'static str, make: fn(Scale) -> Vec<Layer>) -> HostileContent {
    HostileContent {
        told: Some(path),
        ..quiet(name, make)
    }
}

/// One layer of one file.
fn file(path: &str, content: impl Into<Vec<u8>>) -> Vec<Layer> {
    vec![Layer::new().file(path, content)]
}

/// Bytes that look like nothing, always the same.
fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length / 8)
        .flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .collect()
}

/// All of them.
pub fn contents() -> Vec<HostileContent> {
    [
        bombs::cases(),
        databases::cases(),
        links::cases(),
        metadata::cases(),
        names::cases(),
        programs::cases(),
        sparse::cases(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let contents = contents();
        let names: BTreeSet<&str> = contents.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), contents.len());
    }
}
