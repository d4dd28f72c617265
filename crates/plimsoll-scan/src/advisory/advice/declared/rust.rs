//! Cargo's manifest (<https://doc.rust-lang.org/cargo/reference/manifest.html>).

use std::borrow::Cow;

use super::{Asked, Line, quoted, toml};

/// Keys of tables of dependencies, and dependencies that are tables.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut is_list = false;
    for line in lines {
        if let Some(table) = toml::table(line.text) {
            let (parent, name) = table.rsplit_once('.').unwrap_or(("", table));
            is_list = is_dependencies(name);
            if !is_list && is_dependencies(parent.rsplit('.').next().unwrap_or_default()) {
                found.push(asked(name.trim_matches('"'), *line));
            }
            continue;
        }
        let Some((key, value)) = toml::key(line.text).filter(|_| is_list) else {
            continue;
        };
        // `renamed = { package = "real", … }`
        let real = value
            .split_once("package")
            .filter(|(before, _)| before.trim_end().ends_with(['{', ',']))
            .and_then(|(_, rest)| quoted(rest))
            .map(|(name, _)| name);
        // `name.workspace = true`
        let name = real.unwrap_or_else(|| key.split('.').next().unwrap_or(key));
        found.push(asked(name, *line));
    }
    found
}

/// A version in a manifest is the least one, never exact.
fn asked<'t>(name: &'t str, line: Line<'t>) -> Asked<'t> {
    Asked {
        name: Cow::Borrowed(name),
        version: None,
        line,
    }
}

fn is_dependencies(table: &str) -> bool {
    matches!(
        table,
        "dependencies" | "dev-dependencies" | "build-dependencies"
    )
}
