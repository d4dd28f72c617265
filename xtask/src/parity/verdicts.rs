//! `docs/inspect-disagreements.toml`: where another tool, or the truth as it is taken, says something
//! else of an image than Plimsoll does, and who is right; and which sightings of credentials in
//! public images are meant.

use std::cell::Cell;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::inspect::Key;
use crate::disagreements::Right;

/// Who lists what the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Side {
    Ours,
    Theirs,
}

/// A sort of package on which Plimsoll and somebody else differ. `*` in a pattern is any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Disagreement {
    /// `trivy`, `syft` or `truth`.
    pub(super) with: String,
    /// Pattern of the images' short names.
    #[serde(default = "anything")]
    image: String,
    /// Type of the package URL.
    kind: String,
    /// Pattern of `NAME@VERSION`.
    package: String,
    /// Pattern of the path of the one who lists it.
    #[serde(default = "anything")]
    path: String,
    /// Who lists it.
    lists: Side,
    /// Who is right.
    pub(super) right: Right,
    /// How one can tell.
    pub(super) why: String,
    #[serde(skip)]
    used: Cell<usize>,
}

/// A credential seen in a public image: true, or not to be told from a true one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sighting {
    image: String,
    kind: String,
    /// Pattern of the place.
    place: String,
    /// What it is.
    pub(super) why: String,
    #[serde(skip)]
    used: Cell<usize>,
}

fn anything() -> String {
    "*".to_owned()
}

/// The published list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdicts {
    #[serde(default)]
    disagreement: Vec<Disagreement>,
    #[serde(default)]
    sighting: Vec<Sighting>,
}

impl Verdicts {
    /// Reads it.
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = crate::project_root().join("docs/inspect-disagreements.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let list: Self = toml::from_str(text)?;
        for entry in &list.disagreement {
            if entry.why.trim().is_empty() {
                bail!("{}: an entry needs a reason", entry.package);
            }
            if !["trivy", "syft", "truth"].contains(&entry.with.as_str()) {
                bail!("{}: with whom?", entry.with);
            }
        }
        if let Some(entry) = list
            .sighting
            .iter()
            .find(|entry| entry.why.trim().is_empty())
        {
            bail!("{}: an entry needs a reason", entry.place);
        }
        Ok(list)
    }

    /// The verdict on one package, if it is listed.
    pub(super) fn find(
        &self,
        with: &str,
        image: &str,
        lists: Side,
        key: &Key,
        path: &str,
    ) -> Option<&Disagreement> {
        let package = key.to_string();
        let entry = self.disagreement.iter().find(|entry| {
            entry.with == with
                && entry.lists == lists
                && entry.kind == key.kind
                && matches(&entry.image, image)
                && matches(&entry.package, &package)
                && matches(&entry.path, path)
        })?;
        entry.used.set(entry.used.get() + 1);
        Some(entry)
    }

    /// The word about one sighting, if it is listed.
    pub(super) fn sighting(&self, image: &str, kind: &str, place: &str) -> Option<&Sighting> {
        let entry = self.sighting.iter().find(|entry| {
            entry.kind == kind && matches(&entry.image, image) && matches(&entry.place, place)
        })?;
        entry.used.set(entry.used.get() + 1);
        Some(entry)
    }

    /// Entries about these images and others that nothing needed, in words.
    pub(super) fn unused_packages(&self, with: &[&str], images: &[String]) -> Vec<String> {
        self.disagreement
            .iter()
            .filter(|entry| entry.used.get() == 0 && with.contains(&entry.with.as_str()))
            .filter(|entry| images.iter().any(|image| matches(&entry.image, image)))
            .map(|entry| {
                format!(
                    "{} {} {} {}",
                    entry.with, entry.image, entry.kind, entry.package
                )
            })
            .collect()
    }

    /// The same of sightings.
    pub(super) fn unused_sightings(&self, images: &[String]) -> Vec<String> {
        self.sighting
            .iter()
            .filter(|entry| entry.used.get() == 0)
            .filter(|entry| images.iter().any(|image| matches(&entry.image, image)))
            .map(|entry| format!("{} {} {}", entry.image, entry.kind, entry.place))
            .collect()
    }
}

/// Whether a text has the form of a pattern, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_list_can_be_read() {
        Verdicts::read().unwrap();
    }

    #[test]
    fn a_star_is_any_text() {
        assert!(matches("*", ""));
        assert!(matches("node-*", "node-app"));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b", "a-b-c"));
        assert!(matches("same", "same"));
        assert!(!matches("same", "sameish"));
        assert!(!matches("ab*ba", "aba"));
    }

    #[test]
    fn an_entry_without_a_reason_or_a_known_tool_is_refused() {
        let entry = |with: &str, why: &str| {
            format!(
                "[[disagreement]]\nwith = '{with}'\nkind = 'npm'\npackage = '*'\n\
                 lists = 'theirs'\nright = 'ours'\nwhy = '{why}'\n"
            )
        };
        assert!(Verdicts::parse(&entry("syft", "fixture")).is_ok());
        assert!(Verdicts::parse(&entry("syft", " ")).is_err());
        assert!(Verdicts::parse(&entry("sift", "fixture")).is_err());
    }
}
