//! Cargo's manifest (<https://doc.rust-lang.org/cargo/reference/manifest.html>).

use super::{Asked, Line, Reach, Wanted, quoted, toml};

/// Keys of tables of dependencies and of what is to take their place (`[patch.crates-io]`), and those that
/// are tables themselves.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut is_list = false;
    let mut is_one = false;
    let mut reach = Reach::Project;
    for line in lines {
        if let Some(table) = toml::table(line.text) {
            let (parent, name) = table.rsplit_once('.').unwrap_or(("", table));
            let is_patch = table.starts_with("patch.");
            reach = if is_patch { Reach::All } else { Reach::Project };
            // A registry may be named by its address, which has points, too.
            is_list =
                is_dependencies(name) || parent == "patch" || is_patch && table.ends_with('"');
            is_one = !is_list
                && (is_patch || is_dependencies(parent.rsplit('.').next().unwrap_or_default()));
            if is_one {
                found.push(Asked {
                    reach,
                    ..Asked::new(name.trim_matches('"'), Wanted::Elsewhere, *line)
                });
            }
            continue;
        }
        if is_one
            && let Some(("version", value)) = toml::key(line.text)
            && let (Some(last), Some(words)) = (found.last_mut(), toml::version(value))
        {
            last.wanted.get_or_insert(words);
            last.line = *line;
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
        let wanted = Wanted::written(toml::version(value));
        found.push(Asked {
            reach,
            ..Asked::new(name, wanted, *line)
        });
    }
    found
}

fn is_dependencies(table: &str) -> bool {
    matches!(
        table,
        "dependencies" | "dev-dependencies" | "build-dependencies"
    )
}
