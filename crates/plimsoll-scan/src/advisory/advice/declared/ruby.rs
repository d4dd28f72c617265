//! Bundler.

use std::borrow::Cow;

use super::{Asked, Line, Wanted, comment, quoted};

/// `gem "name", "1.0"`.
pub(super) fn gemfile<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    comment::outside(lines, comment::RUBY)
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
            let wanted = match (said(behind), bounds.as_slice()) {
                (Said::Unknown, _) | (Said::Source, []) => Wanted::Elsewhere,
                (_, []) => Wanted::Any,
                (_, [one]) => Wanted::these(one),
                (_, several) => Wanted::These(Cow::Owned(several.join(","))),
            };
            Some(Asked::new(name, wanted, *line))
        })
        .collect()
}

/// What stands behind the words that say which versions.
enum Said {
    /// Nothing on versions.
    Nothing,
    /// Where the package is: a branch, an address, a folder.
    Source,
    /// What only Ruby can tell: a constant, a variable, a list, what the next line says.
    Unknown,
}

fn said(rest: &str) -> Said {
    let Some(rest) = rest.trim_start().strip_prefix(',') else {
        return Said::Nothing;
    };
    let rest = rest.trim_start();
    let name = rest.strip_prefix(':').unwrap_or(rest);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let after = end.and_then(|end| name.get(end..)).unwrap_or_default();
    // `require: false`, `:require => false`
    let is_option = match rest.starts_with(':') {
        true => after.trim_start().starts_with("=>"),
        false => after.starts_with(':') && !after.starts_with("::"),
    };
    match is_option {
        true if has_source(rest) => Said::Source,
        true => Said::Nothing,
        false => Said::Unknown,
    }
}

/// Whether an option says where the package is.
fn has_source(rest: &str) -> bool {
    let words = ["git", "path", "github", "branch", "ref", "tag", "gist"];
    words.iter().any(|word| {
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
