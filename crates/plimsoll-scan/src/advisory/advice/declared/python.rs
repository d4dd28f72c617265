//! pip's requirements files (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>)
//! and `pyproject.toml`.

use std::borrow::Cow;

use super::{Asked, Line, Wanted, quoted, toml};

/// A requirement a line.
pub(super) fn requirements<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter_map(|line| requirement(line.text, *line))
        .collect()
}

/// A requirement by PEP 508: `pandas[excel] == 1.5 ; python_version > "3"`.
fn requirement<'t>(text: &'t str, line: Line<'t>) -> Option<Asked<'t>> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    // An option, a comment, a path or an address.
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || rest.starts_with(['/', ':', '\\'])
    {
        return None;
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let wanted = rest
        .split([';', '#', '\\'])
        .next()
        .unwrap_or_default()
        .trim();
    let wanted = wanted.split(" --").next().unwrap_or_default().trim();
    Some(Asked {
        name: Cow::Borrowed(name),
        wanted: match wanted {
            "" => Wanted::Any,
            address if address.starts_with('@') => Wanted::Elsewhere,
            words => Wanted::these(words),
        },
        line,
    })
}

/// The lists of `[project]` and the tables of Poetry.
pub(super) fn project<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut table = "";
    let mut is_list = false;
    for line in lines {
        if is_list || (table.starts_with("project") && is_dependency_list(line.text, table)) {
            let mut rest = match is_list {
                true => line.text,
                false => line.text.split_once('=').map_or("", |(_, list)| list),
            };
            while let Some((text, behind)) = quoted(rest) {
                found.extend(requirement(text, *line));
                rest = behind;
            }
            is_list = !rest.contains(']');
        } else if let Some(name) = toml::table(line.text) {
            table = name;
        } else if table.starts_with("tool.poetry")
            && table.ends_with("dependencies")
            && let Some((name, value)) = toml::key(line.text).filter(|(name, _)| *name != "python")
        {
            found.push(Asked {
                name: Cow::Borrowed(name),
                wanted: Wanted::written(toml::version(value)),
                line: *line,
            });
        }
    }
    found
}

fn is_dependency_list(line: &str, table: &str) -> bool {
    toml::key(line).is_some_and(|(name, value)| {
        value.starts_with('[')
            && (name == "dependencies" || table == "project.optional-dependencies")
    })
}
