//! Bundler.

use std::borrow::Cow;

use super::{Asked, Line, exact, quoted};

/// `gem "name", "1.0"`.
pub(super) fn gemfile<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter_map(|line| {
            let rest = line.text.trim().strip_prefix("gem")?;
            let (name, behind) = quoted(rest).filter(|_| rest.starts_with([' ', '(', '\t']))?;
            let version = behind
                .trim_start()
                .strip_prefix(',')
                .map(str::trim_start)
                .filter(|rest| rest.starts_with(['"', '\'']))
                .and_then(quoted);
            Some(Asked {
                name: Cow::Borrowed(name),
                version: version.and_then(|(version, _)| exact(version)),
                line: *line,
            })
        })
        .collect()
}

/// `    name (1.0.0)` below `specs:`; what stands deeper only says what needs it.
pub(super) fn lock<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter_map(|line| {
            let text = line.text.strip_prefix("    ")?;
            let (name, rest) = text.split_once(" (").filter(|_| !text.starts_with(' '))?;
            Some(Asked {
                name: Cow::Borrowed(name),
                version: exact(rest.split(')').next().unwrap_or_default()),
                line: *line,
            })
        })
        .collect()
}
