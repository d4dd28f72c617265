//! Measures the Dockerfile parser against syntax trees that BuildKit's parser printed.
//!
//! `cargo xtask parity dockerfile-ast CASES.jsonl` takes cases that hold the file and its tree (or
//! the error); `cargo xtask parity dockerfile-ast CORPUS.tar.gz ORACLE.jsonl[.gz]` takes files and
//! trees apart, joined by file name.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile;
use serde_json::Value;

use super::{open, read_lines, text};

/// The share of files that must agree, in parts of a thousand.
const REACH: usize = 999;

/// One file and what BuildKit says of it.
struct Case {
    name: String,
    file: Vec<u8>,
    expected: Result<String, String>,
}

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let cases = match arguments {
        [cases] => read_cases(Path::new(cases))?,
        [corpus, oracle] => read_corpus(Path::new(corpus), Path::new(oracle))?,
        _ => bail!(
            "usage: cargo xtask parity dockerfile-ast CASES.jsonl\n       \
             cargo xtask parity dockerfile-ast CORPUS.tar.gz ORACLE.jsonl.gz"
        ),
    };
    measure(&cases)
}

fn measure(cases: &[Case]) -> anyhow::Result<()> {
    let mut equal = 0;
    let mut trees = 0;
    let mut whole = 0;
    let mut took = Duration::ZERO;
    for case in cases {
        let source = SourceFile::new(case.name.as_str(), case.file.as_slice());
        let start = Instant::now();
        let (file, _) = dockerfile::parse(source);
        let resolution = dockerfile::resolve(&file, &dockerfile::ResolveInput::default());
        took += start.elapsed();
        drop(resolution);

        let printed: Vec<u8> = file
            .items
            .iter()
            .flat_map(|item| item.span().of(&case.file).to_vec())
            .collect();
        if printed == case.file {
            whole += 1;
        } else {
            println!("{}: does not print back as it was read", case.name);
        }
        let found = dockerfile::ast_dump(&file);
        trees += usize::from(case.expected.is_ok());
        if agrees(&found, &case.expected) {
            equal += 1;
        } else {
            report(case, &found);
        }
    }
    let count = cases.len();
    println!(
        "{equal} of {count} as BuildKit has them ({trees} trees, {} errors); {whole} of {count} print back byte for byte; parsed and resolved in {:.3} s",
        count - trees,
        took.as_secs_f64()
    );
    if count == 0 || equal * 1000 < count * REACH || whole < count {
        bail!("the reach is {REACH} of 1000 trees and every file printing back");
    }
    Ok(())
}

fn agrees(found: &Result<String, String>, expected: &Result<String, String>) -> bool {
    match (found, expected) {
        (Ok(found), Ok(expected)) => found.trim_end() == expected.trim_end(),
        (Err(found), Err(expected)) => expected.contains(found.as_str()),
        _ => false,
    }
}

fn report(case: &Case, found: &Result<String, String>) {
    println!("{}:", case.name);
    match (found, &case.expected) {
        (Ok(found), Ok(expected)) => {
            let mut found = found.trim_end().lines();
            let mut expected = expected.trim_end().lines();
            loop {
                match (expected.next(), found.next()) {
                    (None, None) => break,
                    (expected, found) if expected == found => {}
                    (expected, found) => {
                        println!("  BuildKit: {}", expected.unwrap_or("(nothing)"));
                        println!("  Plimsoll: {}", found.unwrap_or("(nothing)"));
                    }
                }
            }
        }
        (found, expected) => {
            println!("  BuildKit: {expected:?}");
            println!("  Plimsoll: {found:?}");
        }
    }
}

fn expectation(value: &Value) -> anyhow::Result<Result<String, String>> {
    match (
        text(value, "ast"),
        text(value, "error").or_else(|| text(value, "parse_err")),
    ) {
        (Some(tree), _) => Ok(Ok(tree)),
        (None, Some(error)) => Ok(Err(error)),
        (None, None) => bail!("a line with neither a tree nor an error"),
    }
}

fn read_cases(path: &Path) -> anyhow::Result<Vec<Case>> {
    read_lines(path)?
        .iter()
        .map(|value| {
            Ok(Case {
                name: text(value, "name").context("a case without a name")?,
                file: text(value, "dockerfile")
                    .context("a case without its file")?
                    .into_bytes(),
                expected: expectation(value)?,
            })
        })
        .collect()
}

fn read_corpus(corpus: &Path, oracle: &Path) -> anyhow::Result<Vec<Case>> {
    let mut expectations: BTreeMap<String, _> = read_lines(oracle)?
        .iter()
        .map(|value| {
            let name = text(value, "file").context("a tree without its file's name")?;
            Ok((name, expectation(value)?))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut cases = Vec::new();
    for entry in tar::Archive::new(open(corpus)?).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().and_then(OsStr::to_str).map(str::to_owned) else {
            continue;
        };
        if let Some(expected) = expectations.remove(&name) {
            let mut file = Vec::new();
            entry.read_to_end(&mut file)?;
            cases.push(Case {
                name,
                file,
                expected,
            });
        }
    }
    for name in expectations.keys() {
        println!("{name}: not in {}", corpus.display());
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}
