//! Bundler.

use std::borrow::Cow;

use super::{Asked, Line, Wanted, quoted};

/// `gem "name", "1.0"`.
pub(super) fn gemfile<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter_map(|line| {
            let rest = line.text.trim().strip_prefix("gem")?;
            let (name, behind) = quoted(rest).filter(|_| rest.starts_with([' ', '(', '\t']))?;
            // `"~> 2.0", ">= 2.0.1", require: false`
            let mut bounds = Vec::new();
            let mut behind = behind;
            while let Some(next) = behind.trim_start().strip_prefix(',')
                && let next = next.trim_start()
                && next.starts_with(['"', '\''])
                && let Some((bound, rest)) = quoted(next)
            {
                bounds.push(bound);
                behind = rest;
            }
            Some(Asked::new(
                name,
                match bounds.as_slice() {
                    [] if behind.trim_start().starts_with(['[', ',']) && has_version(behind) => {
                        Wanted::Elsewhere
                    }
                    [] => Wanted::Any,
                    [one] => Wanted::these(one),
                    several => Wanted::These(Cow::Owned(several.join(","))),
                },
                *line,
            ))
        })
        .collect()
}

/// Whether something else than words says which version: a list, a branch, an address, a folder.
fn has_version(rest: &str) -> bool {
    let rest = rest.trim_start().trim_start_matches(',').trim_start();
    let words = ["git", "path", "github", "branch", "ref", "tag", "gist"];
    rest.starts_with('[')
        || words.iter().any(|word| {
            rest.match_indices(word).any(|(at, _)| {
                let after = rest.get(at + word.len()..).unwrap_or_default();
                after.starts_with(':') || after.trim_start().starts_with("=>")
            })
        })
}

/// `    name (1.0.0)` below `specs:`; what stands deeper only says what needs it.
pub(super) fn lock<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    lines
        .iter()
        .filter_map(|line| {
            let text = line.text.strip_prefix("    ")?;
            let (name, rest) = text.split_once(" (").filter(|_| !text.starts_with(' '))?;
            Some(Asked::new(
                name,
                Wanted::written(rest.split(')').next()),
                *line,
            ))
        })
        .collect()
}
