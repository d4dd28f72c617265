//! Files that are none of what is read, by how their names end.

use std::collections::BTreeMap;

/// Endings that are told apart.
const ENDINGS: usize = 32;
/// A longer ending is none.
const LONGEST: usize = 12;

/// How many files of each ending were passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unused(BTreeMap<String, u64>);

impl Unused {
    /// Notes a file.
    pub(crate) fn add(&mut self, name: &[u8]) {
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        let dot = name.iter().rposition(|byte| *byte == b'.');
        let ending = dot
            .and_then(|dot| str::from_utf8(name.get(dot..)?).ok())
            .filter(|ending| {
                let mut letters = ending.chars().skip(1);
                ending.len() <= LONGEST && letters.all(|c| c.is_ascii_alphanumeric())
            });
        self.count(ending.unwrap_or_default(), 1);
    }

    /// Adds what somebody else noted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (ending, number) in &other.0 {
            self.count(ending, *number);
        }
    }

    /// The endings with how many files have them; empty for files without one, and those beyond what is
    /// told apart.
    pub(crate) fn told(self) -> Vec<(String, u64)> {
        let mut told: Vec<(String, u64)> = self.0.into_iter().collect();
        told.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        told
    }

    fn count(&mut self, ending: &str, number: u64) {
        let is_known = self.0.len() < ENDINGS || self.0.contains_key(ending);
        let ending = if is_known { ending } else { "" };
        *self.0.entry(ending.to_owned()).or_default() += number;
    }
}
