//! Intervals of Maven (<https://maven.apache.org/enforcer/enforcer-rules/versionRanges.html>) and
//! NuGet (<https://learn.microsoft.com/en-us/nuget/concepts/package-versioning#version-ranges>):
//! `[1.0,2.0)`. A version alone is what is taken unless another package asks for a later one, and
//! `1.+` or `1.*` any that begins so.

use super::bound::{Bound, Partial, Test};

pub(super) fn intervals(words: &str) -> Option<Vec<Vec<Bound>>> {
    if !words.starts_with(['[', '(']) {
        return alone(words).map(|bounds| vec![bounds]);
    }
    let mut any_of = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let (interval, behind) = rest.split_at_checked(rest.find([']', ')'])? + 1)?;
        any_of.push(one(interval)?);
        rest = behind.trim_start().trim_start_matches(',').trim_start();
    }
    Some(any_of)
}

fn one(interval: &str) -> Option<Vec<Bound>> {
    let has_first = interval.starts_with('[');
    let has_last = interval.ends_with(']');
    let inner = interval
        .strip_prefix(['[', '('])?
        .strip_suffix([']', ')'])?;
    let Some((from, to)) = inner.split_once(',') else {
        let version = inner.trim();
        let is_exact = has_first && has_last && !version.is_empty();
        return is_exact.then(|| vec![Bound::new(Test::Equal, version)]);
    };
    let mut bounds = Vec::new();
    if !from.trim().is_empty() {
        let test = if has_first { Test::AtLeast } else { Test::More };
        bounds.push(Bound::new(test, from.trim()));
    }
    if !to.trim().is_empty() {
        let test = if has_last { Test::AtMost } else { Test::Less };
        bounds.push(Bound::new(test, to.trim()));
    }
    Some(bounds)
}

fn alone(words: &str) -> Option<Vec<Bound>> {
    if let Some(prefix) = words.strip_suffix(['+', '*']) {
        let prefix = prefix.trim_end_matches('.');
        if prefix.is_empty() {
            return Some(Vec::new());
        }
        let partial = Partial::parse(prefix).filter(|partial| partial.rest.is_empty())?;
        let last = partial.numbers.len().checked_sub(1)?;
        return Some(vec![
            Bound::new(Test::AtLeast, partial.floor()),
            Bound::new(Test::Less, partial.above(last)?),
        ]);
    }
    let is_version = words.starts_with(|c: char| c.is_ascii_digit());
    is_version.then(|| vec![Bound::new(Test::Equal, words)])
}
