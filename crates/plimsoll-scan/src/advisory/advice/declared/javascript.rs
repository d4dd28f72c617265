//! npm, Yarn and pnpm.

use std::borrow::Cow;

use super::{Asked, Line, Reach, Wanted, json, quoted};

/// What an object of `package.json` holds.
#[derive(Clone, Copy)]
enum Section<'t> {
    Other,
    Dependencies,
    /// What takes the place of dependencies, for those of the package that this key names.
    Overrides(&'t str),
}

/// `package.json`: what the objects ask for that hold dependencies, or overrule them.
pub(super) fn manifest<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let members = json::members(lines, Section::Other, |outer, key| match (outer, key) {
        (Section::Overrides(_), key) => Section::Overrides(key),
        (_, "dependencies" | "devDependencies" | "optionalDependencies" | "peerDependencies") => {
            Section::Dependencies
        }
        (_, "overrides" | "resolutions") => Section::Overrides(""),
        _ => Section::Other,
    });
    members
        .into_iter()
        .filter_map(|member| {
            let (key, words, line) = (member.key, member.value, member.line);
            match member.inside {
                Section::Other => None,
                Section::Dependencies => Some(asked(key, words, line)),
                Section::Overrides(holder) => {
                    let is_itself = key == ".";
                    let own = if is_itself { holder } else { key };
                    let overriding = overriding(own, words, line)?;
                    Some(match is_itself || holder.is_empty() {
                        true => overriding,
                        false => Asked {
                            reach: Reach::OneOther,
                            ..overriding
                        },
                    })
                }
            }
        })
        .collect()
}

/// What a line of overrides asks for in place of other lines; of a key such as `foo>lodash`, `foo/lodash` for
/// what `foo` brings alone. Nothing where the words stand for what another line asks for: `$lodash`.
fn overriding<'t>(key: &'t str, words: &'t str, line: Line<'t>) -> Option<Asked<'t>> {
    if words.starts_with('$') {
        return None;
    }
    let name = overridden(key);
    let at = name.as_ptr().addr() - key.as_ptr().addr();
    let holder = key.get(..at).unwrap_or_default();
    Some(Asked {
        reach: match holder {
            "" | "**/" => Reach::All,
            _ => Reach::OneOther,
        },
        ..asked(name, words, line)
    })
}

/// The package that a key of overrides means: npm's `lodash@^4`, Yarn's `**/lodash` and `foo/**/@a/b`, pnpm's
/// `foo@1>lodash@^4`.
fn overridden(key: &str) -> &str {
    // A sign of a range stands behind a blank, a bar or the sign before a version.
    let arrow = key.match_indices('>').rev().find(|(at, _)| {
        let before = key.get(..*at).unwrap_or_default();
        !before.is_empty() && !before.ends_with([' ', '|', '@'])
    });
    let key = arrow.map_or(key, |(at, _)| key.get(at + 1..).unwrap_or_default());
    let name = match key.rsplit_once('/') {
        None => key,
        Some((before, last)) => {
            let scope = before.rsplit('/').next().unwrap_or_default();
            match scope.starts_with('@') {
                true => key.get(before.len() - scope.len()..).unwrap_or_default(),
                false => last,
            }
        }
    };
    before_version(name).unwrap_or(name)
}

/// What a dependency means: `"lodash": "^4"`, or another package than it is called after,
/// `"old-lodash": "npm:lodash@^3"`.
pub(super) fn asked<'t>(key: &'t str, words: &'t str, line: Line<'t>) -> Asked<'t> {
    let Some(meant) = words.strip_prefix("npm:") else {
        return called(key, Wanted::these(words), line);
    };
    let (name, wanted) = match before_version(meant) {
        Some(name) => {
            let words = meant.get(name.len() + 1..).unwrap_or_default();
            (name, Wanted::these(words))
        }
        // Yarn writes the same before ranges.
        None if meant.starts_with(|c: char| c == '@' || c.is_ascii_alphabetic()) => {
            (meant, Wanted::Any)
        }
        None => (key, Wanted::these(meant)),
    };
    Asked {
        name: Cow::Borrowed(name),
        ..called(key, wanted, line)
    }
}

/// What the project calls so, which is the package of that name as far as nothing else is said.
fn called<'t>(key: &'t str, wanted: Wanted<'t>, line: Line<'t>) -> Asked<'t> {
    Asked {
        alias: Some(key),
        ..Asked::new(key, wanted, line)
    }
}

/// `"key": value`.
pub(super) fn member(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.strip_prefix('"')?.split_once('"')?;
    Some((key, rest.trim_start().strip_prefix(':')?.trim()))
}

/// `package-lock.json`: `"node_modules/a/node_modules/b": {` and the version in it, and before that the
/// name where the folder has another one.
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
            found.extend(name.map(|name| called(name, Wanted::Elsewhere, *line)));
        } else if is_open && let (Some(last), Some((words, _))) = (found.last_mut(), quoted(value))
        {
            match key {
                "name" if last.wanted == Wanted::Elsewhere => last.name = Cow::Borrowed(words),
                "version" => last.wanted.get_or_insert(words),
                _ => {}
            }
        }
    }
    found
}

/// `yarn.lock`, of version 1 and later: `"name@npm:^1", name@^2:`, then an indented version; later ones
/// have the name that was meant as `resolution: "name@npm:1.0"`.
pub(super) fn yarn<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found: Vec<Asked<'t>> = Vec::new();
    for line in lines {
        let text = line.text;
        if text.starts_with([' ', '\t']) {
            let field = |name| {
                let rest = text.trim().strip_prefix(name)?;
                Some(rest.trim_matches([' ', ':', '"']))
            };
            let Some(last) = found.last_mut() else {
                continue;
            };
            if let Some(version) = field("version") {
                last.wanted.get_or_insert(version);
            } else if let Some(name) = field("resolution").and_then(before_version) {
                last.name = Cow::Borrowed(name);
            }
        } else if let Some(text) = text.strip_suffix(':').map(|text| text.trim_matches('"'))
            && let Some(key) = before_version(text)
        {
            let words = text.get(key.len() + 1..).unwrap_or_default();
            let words = words.split(['"', ',']).next().unwrap_or_default();
            found.push(Asked {
                wanted: Wanted::Elsewhere,
                ..asked(key, words, *line)
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
                found.push(Asked::new(
                    name,
                    Wanted::written(version.split('(').next()),
                    *line,
                ));
            }
        }
    }
    found
}

/// `bun.lock`: `"name": ["name@1.0.0", …`, and `"holder/name"` for a copy that one package has for itself.
pub(super) fn bun<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let packages = lines.iter().flat_map(|line| {
        let lists = line.text.match_indices("[\"").map(|(at, _)| at + 1);
        lists.filter_map(|at| {
            let (meant, _) = quoted(line.text.get(at..)?)?;
            let name = before_version(meant)?;
            let version = meant.get(name.len() + 1..)?;
            Some(Asked::new(name, Wanted::these(version), *line))
        })
    });
    packages.collect()
}

/// `pnpm-workspace.yaml`: its catalogs, which `package.json` names as `catalog:`, and its overrides.
pub(super) fn workspace<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut section = "";
    for line in lines {
        let text = line.text.trim_end();
        let entry = text.trim_start();
        if entry.is_empty() || entry.starts_with('#') {
            continue;
        }
        let bare = |text: &'t str| text.trim().trim_matches(['"', '\'']);
        if entry.len() == text.len() {
            let text = text.split(" #").next().unwrap_or_default().trim_end();
            section = text.strip_suffix(':').map_or("", bare);
            continue;
        }
        let Some((key, value)) = entry.split_once(": ") else {
            continue;
        };
        let value = value.split(" #").next().unwrap_or_default();
        match section {
            "catalog" | "catalogs" => found.push(asked(bare(key), bare(value), *line)),
            "overrides" => found.extend(overriding(bare(key), bare(value), *line)),
            _ => {}
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
