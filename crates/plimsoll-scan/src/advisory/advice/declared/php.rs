//! Composer.

use super::javascript::member;
use super::{Asked, Line, Wanted, json, quoted};

/// `composer.json`.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let members = json::members(lines, false, |_, key| {
        matches!(key, "require" | "require-dev")
    });
    members
        .into_iter()
        .filter(|member| member.inside)
        .map(|member| Asked::new(member.key, Wanted::these(member.value), member.line))
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
