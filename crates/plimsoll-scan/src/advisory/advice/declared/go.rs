//! Go's module file (<https://go.dev/ref/mod#go-mod-file>).

use super::{Asked, Line, Wanted};

/// What advisories call Go's own library.
pub(super) const STDLIB: &str = "stdlib";

/// Required modules, in a block or alone, and the version of Go itself. `replace` and `exclude` ask for
/// nothing.
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
        let go = text
            .strip_prefix("toolchain go")
            .or_else(|| text.strip_prefix("go "))
            .filter(|_| block.is_empty());
        if let Some(version) = go {
            found.push(Asked::new(STDLIB, Wanted::these(version.trim()), *line));
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
            found.push(Asked::new(
                name.trim_matches('"'),
                Wanted::these(version),
                *line,
            ));
        }
    }
    found
}
