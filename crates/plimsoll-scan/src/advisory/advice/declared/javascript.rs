//! npm, Yarn and pnpm.

use std::borrow::Cow;

use super::{Asked, Line, Wanted, quoted};

/// `package.json`: a dependency a line, in one of the objects that hold dependencies.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    members(lines, |key| {
        matches!(
            key,
            "dependencies"
                | "devDependencies"
                | "optionalDependencies"
                | "peerDependencies"
                | "overrides"
                | "resolutions"
        )
    })
}

/// The members of the objects whose key is wanted: JSON as every tool indents it.
pub(super) fn members<'t>(lines: &[Line<'t>], wanted: fn(&str) -> bool) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in lines {
        let text = line.text.trim();
        if text.starts_with('}') {
            is_inside = false;
        } else if let Some((key, value)) = member(text) {
            if value.starts_with('{') {
                is_inside = wanted(key) && !value.contains('}');
            } else if is_inside {
                found.push(Asked {
                    name: Cow::Borrowed(key),
                    wanted: Wanted::written(quoted(value).map(|(words, _)| words)),
                    line: *line,
                });
            }
        }
    }
    found
}

/// `"key": value`.
pub(super) fn member(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.strip_prefix('"')?.split_once('"')?;
    Some((key, rest.trim_start().strip_prefix(':')?.trim()))
}

/// `package-lock.json`: `"node_modules/a/node_modules/b": {` and the version in it.
pub(super) fn lock<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found: Vec<Asked<'t>> = Vec::new();
    let mut is_open = false;
    for line in lines {
        let Some((key, value)) = member(line.text.trim()) else {
            continue;
        };
        if value.starts_with('{') {
            let name = key.rsplit_once("node_modules/").map(|(_, name)| name);
            // Objects inside of a package do not end it: its version stands in front of them.
            is_open = name.is_some();
            found.extend(name.map(|name| Asked {
                name: Cow::Borrowed(name),
                wanted: Wanted::Elsewhere,
                line: *line,
            }));
        } else if is_open
            && key == "version"
            && let (Some(last), Some((version, _))) = (found.last_mut(), quoted(value))
        {
            last.wanted.get_or_insert(version);
        }
    }
    found
}

/// `yarn.lock`, of version 1 and later: `"name@npm:^1", name@^2:`, then an indented version.
pub(super) fn yarn<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found: Vec<Asked<'t>> = Vec::new();
    for line in lines {
        let text = line.text;
        if text.starts_with([' ', '\t']) {
            let version = text
                .trim()
                .strip_prefix("version")
                .map(|rest| rest.trim_matches([' ', ':', '"']));
            if let (Some(last), Some(version)) = (found.last_mut(), version) {
                last.wanted.get_or_insert(version);
            }
        } else if let Some(name) = text
            .strip_suffix(':')
            .and_then(|text| before_version(text.trim_start_matches('"')))
        {
            found.push(Asked {
                name: Cow::Borrowed(name),
                wanted: Wanted::Elsewhere,
                line: *line,
            });
        }
    }
    found
}

/// `pnpm-lock.yaml`: `  /name@1.0.0:`, `  '@scope/name@1.0.0(peer@2)':`.
pub(super) fn pnpm<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in lines {
        let text = line.text;
        if !text.starts_with(' ') && !text.is_empty() {
            is_inside = text == "packages:";
        } else if let Some(key) = text
            .strip_prefix("  ")
            .filter(|text| is_inside && !text.starts_with(' '))
            .and_then(|text| text.strip_suffix(':'))
        {
            let key = key.trim_matches(['\'', '"']);
            let key = key.strip_prefix('/').unwrap_or(key);
            if let Some(name) = before_version(key) {
                let version = key.get(name.len() + 1..).unwrap_or_default();
                found.push(Asked {
                    name: Cow::Borrowed(name),
                    wanted: Wanted::written(version.split('(').next()),
                    line: *line,
                });
            }
        }
    }
    found
}

/// The name in `name@version`; the sign in front of a scope is the name's.
pub(super) fn before_version(text: &str) -> Option<&str> {
    let scope = usize::from(text.starts_with('@'));
    let at = text.get(scope..)?.find('@')? + scope;
    text.get(..at).filter(|name| !name.is_empty())
}
