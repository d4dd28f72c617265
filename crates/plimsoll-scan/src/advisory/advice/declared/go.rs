//! Go's module file (<https://go.dev/ref/mod#go-mod-file>).

use std::borrow::Cow;

use super::{Asked, Line, Wanted};

/// Required modules, in a block or alone. `replace` and `exclude` ask for nothing.
pub(super) fn module<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    let mut found = Vec::new();
    let mut block = "";
    for line in lines {
        let text = line.text.split("//").next().unwrap_or_default().trim();
        if text == ")" {
            block = "";
            continue;
        }
        if let Some(directive) = text.strip_suffix('(') {
            block = directive.trim();
            continue;
        }
        let required = match block {
            "require" => text,
            "" => match text.strip_prefix("require ") {
                Some(text) => text,
                None => continue,
            },
            _ => continue,
        };
        let mut words = required.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            found.push(Asked {
                name: Cow::Borrowed(name.trim_matches('"')),
                wanted: Wanted::these(version),
                line: *line,
            });
        }
    }
    found
}
