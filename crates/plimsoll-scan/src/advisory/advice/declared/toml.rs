//! TOML as people and tools write manifests and lock files: a key a line.

use super::{Asked, Line, Wanted, quoted};

/// The name of a table: `[a.b]`, `[[a]]`.
pub(super) fn table(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    inner.split(']').next().map(str::trim)
}

/// A key with what stands behind the equals sign.
pub(super) fn key(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let key = key.trim().trim_matches(['"', '\'']);
    let is_bare = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_bare.then(|| (key, value.trim()))
}

/// The version in a value: the text itself, or what an inline table has as `version`.
pub(super) fn version(value: &str) -> Option<&str> {
    if value.starts_with(['"', '\'']) {
        return quoted(value).map(|(words, _)| words);
    }
    let inner = value.strip_prefix('{')?;
    let mut entries = inner.match_indices("version");
    entries.find_map(|(at, word)| {
        let (before, rest) = inner.split_at_checked(at)?;
        let is_key = before
            .trim_end()
            .trim_end_matches(['"', '\''])
            .ends_with([',', ' '])
            || before.trim().trim_matches(['"', '\'']).is_empty();
        let value = rest
            .strip_prefix(word)?
            .trim_start_matches(['"', '\''])
            .trim_start()
            .strip_prefix('=')?
            .trim_start();
        let is_text = value.starts_with(['"', '\'']);
        is_key
            .then(|| quoted(value).filter(|_| is_text))
            .flatten()
            .map(|(words, _)| words)
    })
}

/// `[[package]]` tables of lock files, each with a name and a version.
pub(super) fn packages<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found: Vec<Asked<'t>> = Vec::new();
    let mut is_package = false;
    let mut is_named = false;
    for line in lines {
        if let Some(table) = table(line.text) {
            is_package = table == "package";
            is_named = false;
            continue;
        }
        let Some((key, value)) = key(line.text).filter(|_| is_package) else {
            continue;
        };
        let value = quoted(value).map(|(text, _)| text);
        match (key, value) {
            ("name", Some(name)) if !is_named => {
                is_named = true;
                found.push(Asked::new(name, Wanted::Elsewhere, *line));
            }
            ("version", Some(version)) if is_named => {
                if let Some(last) = found.last_mut() {
                    last.wanted.get_or_insert(version);
                }
            }
            _ => {}
        }
    }
    found
}

/// Every key of every table, as Pipfile has them.
pub(super) fn keys<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut wanted = false;
    let mut found = Vec::new();
    for line in lines {
        if let Some(table) = table(line.text) {
            wanted = table.ends_with("packages");
        } else if let Some((name, value)) = key(line.text).filter(|_| wanted) {
            found.push(Asked::new(name, Wanted::written(version(value)), *line));
        }
    }
    found
}
