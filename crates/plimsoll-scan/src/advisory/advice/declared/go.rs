//! Go's module file (<https://go.dev/ref/mod#go-mod-file>), and that of a workspace, which replaces modules
//! in all of its own (<https://go.dev/ref/mod#go-work-file>).

use super::{Asked, Line, Reach, Wanted};

/// What advisories call Go's own library.
const STDLIB: &str = "stdlib";

/// Required modules and what replaces modules, in a block or alone, and the version of Go itself, which
/// is taken as it is written. `exclude` asks for nothing.
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
            found.push(Asked::new(STDLIB, Wanted::Exactly(version.trim()), *line));
            continue;
        }
        let (directive, rest) = match block {
            "" => text.split_once(' ').unwrap_or((text, "")),
            block => (block, text),
        };
        // A folder that replaces a module has no version.
        let (module, reach) = match directive {
            "require" => (rest, Reach::Project),
            "replace" => (rest.split_once("=>").map_or("", |(_, by)| by), Reach::All),
            _ => continue,
        };
        let mut words = module.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            let wanted = match reach.overrules() {
                true => Wanted::Exactly(version),
                false => Wanted::these(version),
            };
            found.push(Asked {
                reach,
                ..Asked::new(name.trim_matches('"'), wanted, *line)
            });
        }
    }
    found
}
