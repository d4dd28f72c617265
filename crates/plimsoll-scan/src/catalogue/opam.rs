//! Installed OCaml packages: the state of an opam switch, `.opam-switch/switch-state`.

use std::collections::BTreeSet;

use plimsoll_model::{Evidence, PackageKind};

use super::json::MAX_PARTS;
use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name == "switch-state" && candidate.path.ends_with("/.opam-switch/switch-state")
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let roots: BTreeSet<&str> = list(&text, "roots").collect();
    let packages = list(&text, "installed")
        .enumerate()
        .map(|(index, entry)| {
            if index >= MAX_PARTS {
                return Err(format!("it lists more than {MAX_PARTS} packages"));
            }
            let (name, version) = entry
                .split_once('.')
                .ok_or_else(|| format!("{} has no version", entry.escape_debug()))?;
            let mut package = Proven::new(
                PackageKind::Opam,
                Some(name),
                Some(version),
                Evidence::Database,
            )?;
            package.direct = Some(roots.contains(entry));
            Ok(package)
        })
        .collect::<Result<_, String>>()?;
    Ok(Document::Packages(packages))
}

/// The texts of a list such as `roots: ["dune.3.11.1" "ocaml.5.1.0"]`, over any number of lines.
fn list<'a>(text: &'a str, field: &str) -> impl Iterator<Item = &'a str> {
    let start = text.match_indices(field).find_map(|(at, _)| {
        let begins = at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
        let rest = text.get(at + field.len()..)?.strip_prefix(':')?;
        begins.then(|| rest.trim_start().strip_prefix('['))?
    });
    let inner = start
        .and_then(|rest| rest.split_once(']'))
        .map_or("", |(inner, _)| inner);
    inner.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_with_roots() {
        let text = b"opam-version: \"2.0\"\ncompiler: [\"ocaml.5.1.0\"]\nroots: [\"dune.3.11.1\"]\ninstalled: [\n  \"base-unix.base\"\n  \"dune.3.11.1\"\n]\n";
        let Ok(Document::Packages(packages)) = read("", text) else {
            panic!("no packages")
        };
        let found: Vec<(&str, &str, Option<bool>)> = packages
            .iter()
            .map(|own| (own.name.as_str(), own.version.as_str(), own.direct))
            .collect();
        assert_eq!(
            found,
            [
                ("base-unix", "base", Some(false)),
                ("dune", "3.11.1", Some(true))
            ]
        );
        assert!(read("", b"installed: [\"x\"]").is_err());
    }
}
