//! Composer.

use super::javascript::{member, members};
use super::{Asked, Line, Wanted, quoted};

/// `composer.json`.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let found = members(lines, |key| matches!(key, "require" | "require-dev"));
    let words = |value| Wanted::written(quoted(value).map(|(words, _)| words));
    found
        .into_iter()
        .map(|(key, value, line)| Asked::new(key, words(value), line))
        .collect()
}

/// `composer.lock`: `"name": "vendor/package",` and the version behind it.
pub(super) fn lock<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found: Vec<Asked<'t>> = Vec::new();
    for line in lines {
        match member(line.text.trim()) {
            Some(("name", value)) => found.extend(
                quoted(value)
                    .filter(|(name, _)| name.contains('/'))
                    .map(|(name, _)| Asked::new(name, Wanted::Elsewhere, *line)),
            ),
            Some(("version", value)) => {
                if let (Some(last), Some((version, _))) = (found.last_mut(), quoted(value)) {
                    last.wanted.get_or_insert(version);
                }
            }
            _ => {}
        }
    }
    found
}
