//! Cargo's manifest (<https://doc.rust-lang.org/cargo/reference/manifest.html>).

use super::{Asked, Line, Wanted, quoted, toml};

/// Keys of tables of dependencies, and dependencies that are tables.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut is_list = false;
    let mut is_one = false;
    for line in lines {
        if let Some(table) = toml::table(line.text) {
            let (parent, name) = table.rsplit_once('.').unwrap_or(("", table));
            is_list = is_dependencies(name);
            is_one = !is_list && is_dependencies(parent.rsplit('.').next().unwrap_or_default());
            if is_one {
                let name = name.trim_matches('"');
                found.push(Asked::new(name, Wanted::Elsewhere, *line));
            }
            continue;
        }
        if is_one
            && let Some(("version", value)) = toml::key(line.text)
            && let (Some(last), Some(words)) = (found.last_mut(), toml::version(value))
        {
            last.wanted.get_or_insert(words);
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
        found.push(Asked::new(
            name,
            Wanted::written(toml::version(value)),
            *line,
        ));
    }
    found
}

fn is_dependencies(table: &str) -> bool {
    matches!(
        table,
        "dependencies" | "dev-dependencies" | "build-dependencies"
    )
}
