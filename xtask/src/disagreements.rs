//! `docs/disagreements.toml`: where another tool and Plimsoll differ, and who is right.

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Who is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Right {
    Ours,
    Theirs,
    BothWrong,
}

impl Right {
    /// The word in a table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "Plimsoll",
            Self::Theirs => "the other tool",
            Self::BothWrong => "neither",
        }
    }
}

/// One kind of input on which the tools differ.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The other tool's id.
    pub(crate) id: String,
    /// The shape of the input, or the shortest one that shows it.
    pub(crate) input: String,
    /// Who is right.
    pub(crate) right: Right,
    /// Why.
    pub(crate) why: String,
    /// Names of the other tool's test cases that show it.
    #[serde(default)]
    pub(crate) cases: Vec<String>,
    /// `file:line` in the corpus, the line being the instruction's first.
    #[serde(default)]
    pub(crate) places: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    disagreement: Vec<Entry>,
}

/// The published list.
pub(crate) struct Disagreements {
    entries: Vec<Entry>,
}

impl Disagreements {
    /// Reads it.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = crate::project_root().join("docs/disagreements.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// A list without entries.
    pub(crate) fn none() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        for entry in &file.disagreement {
            if entry.why.trim().is_empty() || entry.input.trim().is_empty() {
                bail!("{}: an entry needs an input and a reason", entry.id);
            }
        }
        Ok(Self {
            entries: file.disagreement,
        })
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a difference in a test case is listed.
    pub(crate) fn has_case(&self, id: &str, name: &str) -> bool {
        self.has(id, |entry| entry.cases.iter().any(|case| case == name))
    }

    /// Whether a difference at a place of the corpus is listed.
    pub(crate) fn has_place(&self, id: &str, file: &str, line: usize) -> bool {
        let place = format!("{file}:{line}");
        self.has(id, |entry| entry.places.contains(&place))
    }

    fn has(&self, id: &str, holds: impl Fn(&Entry) -> bool) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.id.eq_ignore_ascii_case(id) && holds(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_list_can_be_read() {
        Disagreements::read().unwrap();
    }

    #[test]
    fn an_entry_speaks_of_its_own_cases_and_places_only() {
        let list = Disagreements::parse(
            "[[disagreement]]\nid = 'DL3000'\ninput = 'x'\nright = 'ours'\nwhy = 'y'\n\
             cases = ['a case']\nplaces = ['a.Dockerfile:3']\n",
        )
        .unwrap();
        assert!(list.has_case("DL3000", "a case"));
        assert!(!list.has_case("DL3001", "a case"));
        assert!(list.has_place("DL3000", "a.Dockerfile", 3));
        assert!(!list.has_place("DL3000", "a.Dockerfile", 4));
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let text = "[[disagreement]]\nid = 'DL3000'\ninput = 'x'\nright = 'ours'\nwhy = ' '\n";
        assert!(Disagreements::parse(text).is_err());
    }
}
