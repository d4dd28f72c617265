//! What a search of a file gives.

use std::borrow::Cow;

use plimsoll_model::Severity;
use serde::{Deserialize, Serialize};

use super::super::sums::FileSums;
use super::super::{Fingerprint, Hit};

/// A credential in a file of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSighting {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) severity: Severity,
    /// The file of the layer.
    pub(crate) path: String,
    /// Where in that file, if it is an archive; else empty.
    pub(crate) inside: String,
    /// 1-based; none in a program.
    pub(crate) line: Option<usize>,
    pub(crate) fingerprint: Fingerprint,
    /// What proves that a package published this very file; of those above a mebibyte only of
    /// libraries.
    pub(crate) sums: Option<FileSums>,
    /// Whether it is one only where no package of the distribution owns the file.
    pub(crate) unless_owned: bool,
}

impl FileSighting {
    /// The bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let sums = if self.sums.is_some() { 256 } else { 0 };
        size_of::<Self>() + self.path.len() + self.inside.len() + sums
    }
}

impl FileSighting {
    /// A credential in a name, which `path` is shown without.
    pub(crate) fn in_name(hit: &Hit, path: &str) -> Self {
        Self {
            kind: hit.kind.into(),
            severity: hit.severity,
            path: path.to_owned(),
            inside: String::new(),
            line: None,
            fingerprint: hit.fingerprint,
            sums: None,
            unless_owned: false,
        }
    }

    /// The path, and in an archive where in it.
    pub(crate) fn place(&self) -> String {
        match self.inside.as_str() {
            "" => self.path.clone(),
            inside => format!("{}!{inside}", self.path),
        }
    }
}

/// What a search of one file gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sightings: Vec<FileSighting>,
    /// Whether the rest of the file was left.
    pub(crate) partly: bool,
    /// Whether something was left that is looked for only where no package owns the file.
    pub(crate) partly_unless_owned: bool,
}
