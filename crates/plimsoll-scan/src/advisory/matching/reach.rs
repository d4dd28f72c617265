//! Whether the code that has a flaw was linked into the program at all: the symbols that advisories
//! name (<https://go.dev/doc/security/vuln/database#schema>), held against those of the program.

use std::collections::BTreeMap;

use plimsoll_model::{Inventory, LinkedFunctions, Reachability, Vulnerability};

use super::super::GoImport;
use crate::linked::KnownNames;

/// Symbols that are kept of a finding.
const MAX_SYMBOLS: usize = 100;

/// Questions that are asked of programs, each program's together: its names are unpacked once.
#[derive(Debug, Default)]
pub(super) struct Questions<'a> {
    /// By the path of the program: which finding, and what its advisories name.
    of: BTreeMap<&'a str, Vec<(usize, Vec<&'a GoImport>)>>,
}

impl<'a> Questions<'a> {
    /// Asks whether anything of `imports` is in the program at `path`, for a finding.
    pub(super) fn ask(&mut self, path: &'a str, finding: usize, imports: Vec<&'a GoImport>) {
        if !imports.is_empty() {
            self.of.entry(path).or_default().push((finding, imports));
        }
    }

    /// Asks nothing of the findings from this one on.
    pub(super) fn forget_from(&mut self, finding: usize) {
        for questions in self.of.values_mut() {
            let kept = questions.partition_point(|(asked, _)| *asked < finding);
            questions.truncate(kept);
        }
    }

    /// Asks for findings that come behind others what was asked for them alone.
    pub(super) fn append(&mut self, more: Self, others: usize) {
        for (path, questions) in more.of {
            let questions = questions.into_iter();
            let behind = questions.map(|(finding, imports)| (finding + others, imports));
            self.of.entry(path).or_default().extend(behind);
        }
    }

    /// Puts the answers into the findings.
    pub(super) fn answer(self, inventory: &Inventory, found: &mut [Vulnerability]) {
        for (path, questions) in self.of {
            let program = inventory.linked.get(path);
            let names = program.map(|program| KnownNames::unpack(&program.names));
            let known = program.zip(names.as_ref());
            for (finding, imports) in questions {
                if let Some(vulnerability) = found.get_mut(finding) {
                    vulnerability.reachable = Some(match known {
                        Some((program, names)) => reachability(program, names, &imports),
                        None => Reachability::Unknown(
                            "nothing tells which functions its program has".to_owned(),
                        ),
                    });
                }
            }
        }
    }
}

fn reachability(
    program: &LinkedFunctions,
    names: &KnownNames,
    imports: &[&GoImport],
) -> Reachability {
    let mut asked = 0;
    let mut linked = Vec::new();
    for import in imports {
        let package = name_in(program, &import.path);
        if import.symbols.is_empty() {
            asked += 1;
            if names.has_package(&package) {
                linked.push(import.path.clone());
            }
        }
        for symbol in &import.symbols {
            asked += 1;
            if names.has_function(&package, &numbered(symbol)) {
                linked.push(format!("{}.{symbol}", import.path));
            }
        }
    }
    if !linked.is_empty() {
        linked.sort_unstable();
        linked.dedup();
        linked.truncate(MAX_SYMBOLS);
        return Reachability::Linked(linked);
    }
    match &program.gap {
        Some(why) => Reachability::Unknown(why.clone()),
        None => Reachability::NotLinked(asked),
    }
}

/// What a program calls a package.
fn name_in(program: &LinkedFunctions, path: &str) -> String {
    if program.main.as_deref() == Some(path) {
        return "main".to_owned();
    }
    let own = program.replaced.iter().find_map(|(by, own)| {
        let rest = path.strip_prefix(by.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{own}{rest}"))
    });
    own.unwrap_or_else(|| path.to_owned())
}

/// Analysers count initialisers from 1 (`init#1`), the compiler from 0 (`init.0`).
fn numbered(symbol: &str) -> String {
    let number = symbol
        .strip_prefix("init#")
        .and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
    match number {
        Some(number) => format!("init.{number}"),
        None => symbol.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linked::Names;

    fn program(names: &[(&str, &str)]) -> LinkedFunctions {
        let mut packed = Names::default();
        for (package, symbol) in names {
            packed.add(package, symbol);
        }
        LinkedFunctions {
            main: Some("example.test/a/cmd/a".to_owned()),
            replaced: vec![(
                "example.test/fork".to_owned(),
                "example.test/own".to_owned(),
            )],
            names: packed.pack().unwrap(),
            gap: None,
        }
    }

    fn import(path: &str, symbols: &[&str]) -> GoImport {
        GoImport {
            path: path.to_owned(),
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
            ..GoImport::default()
        }
    }

    fn told(program: &LinkedFunctions, imports: &[GoImport]) -> String {
        let names = KnownNames::unpack(&program.names);
        let imports: Vec<&GoImport> = imports.iter().collect();
        let reachability = reachability(program, &names, &imports);
        format!("{}: {}", reachability.as_str(), reachability.explanation())
    }

    #[test]
    fn symbols_that_are_linked_in() {
        let mut program = program(&[
            ("net/http", "Client.Do"),
            ("net/http", "Get"),
            ("main", "main"),
            ("main", "init.0"),
            ("example.test/own/sub", "F"),
        ]);
        for (imports, word) in [
            (
                vec![import("net/http", &["Get", "Post"])],
                "yes: net/http.Get is linked in",
            ),
            (
                vec![import("net/http", &["Get", "Client.Do"])],
                "yes: net/http.Client.Do and 1 more are linked in",
            ),
            (
                vec![
                    import("net/http", &["Post"]),
                    import("net/url", &["A", "B"]),
                ],
                "no: none of the 3 symbols that have it is linked in",
            ),
            (
                vec![import("os/exec", &[])],
                "no: the symbol that has it is not linked in",
            ),
            (vec![import("net/http", &[])], "yes: net/http is linked in"),
            (
                vec![import("example.test/a/cmd/a", &["init#1"])],
                "yes: example.test/a/cmd/a.init#1 is linked in",
            ),
            (
                vec![import("example.test/fork/sub", &["F"])],
                "yes: example.test/fork/sub.F is linked in",
            ),
            (
                vec![import("example.test/forked", &["F"])],
                "no: the symbol that has it is not linked in",
            ),
        ] {
            assert_eq!(told(&program, &imports), word);
        }
        program.gap = Some("it is old".to_owned());
        assert_eq!(told(&program, &[import("a", &["B"])]), "unknown: it is old");
        assert!(told(&program, &[import("net/http", &["Get"])]).starts_with("yes"));
    }
}
