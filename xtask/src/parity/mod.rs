//! `cargo xtask parity KIND …`: measures Plimsoll against what other tools say of the same input.

mod advisories;
mod ast;
mod cases;
mod corpus;
mod inspect;
mod judge;
mod layers;
mod packages;
mod peers;
mod plants;
mod secrets;
mod shellcheck;
mod truth;
mod verdicts;
mod versions;
mod waste;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

const USAGE: &str = "\
usage: cargo xtask parity KIND …

  dockerfile-ast CASES.jsonl | CORPUS.tar.gz ORACLE.jsonl.gz
                             syntax trees, against those of BuildKit's parser
  hadolint-cases CASES.jsonl     whether each case's rule fires
  buildkit-cases CASES.jsonl     which rules fire on which lines
  trivy-cases CASES.jsonl        whether each case's rule fires
  hadolint-corpus DIR ORACLE     (file, rule, first line of the instruction)
  buildkit-corpus DIR ORACLE     (file, rule, line)
  shellcheck DIR [KEPT.json]     (file, instruction, code), against the shellcheck on the PATH
                                 (or in SHELLCHECK), fed as hadolint feeds it; KEPT.json holds
                                 what it said for the next time

  packages IMAGE…                packages, against what the ecosystems' own tools say of the unpacked
                                 image (wants skopeo, umoci, dpkg, rpm, python3), and against trivy
                                 and syft
  secrets IMAGE [PLANTED.json]…  whether every planted value is found where it lies, and what else
                                 is; PLANTED.json is {NAME: value}, or a list of {name, value or
                                 fingerprint, kind, place, layer, line}
  waste IMAGE…                   wasted bytes and efficiency, against dive's and against the true ones
  versions [ORDER…]              which of two versions is the newer one, for random and nasty pairs,
                                 against the ecosystems' own tools: dpkg, apk, rpm, pep440, semver,
                                 go, maven, gem, composer, nuget, hex, cran, opam, conan
                                 (--seed N, --pairs N: 1 and 15000 unless said otherwise)
  advisories --osv DIR [--rustsec REPOSITORY] [--osv-scalibr CHECKOUT] [IMAGE…]
                             which advisories mean a version, for packages made of the advisories
                             themselves, lock files and images: against the schema's evaluation with
                             the ecosystems' own tools, osv-scanner's matching, cargo-audit over the
                             RustSec database (branches main and osv), and pip-audit; DIR holds OSV's
                             archives (--seed N, --questions N an ecosystem: 1 and 3000 unless said
                             otherwise; CARGO_AUDIT and PIP_AUDIT may name those programs)

  of images, docker archives and OCI layouts:
  --plimsoll FILE  the program to measure (built beside this one, unless said otherwise)
  --peers DIR      folder with the programs trivy, syft and dive
  --kept DIR       what the truth and they said, kept for the next time: NAME.truth.json,
                   NAME.trivy.cdx.json, NAME.syft.cdx.json

  of Dockerfiles:
  --rule ID      only this id of the other tool

  of both:
  -v             every difference
  --no-list      do not take off what docs/disagreements.toml (of images:
                 docs/inspect-disagreements.toml) lists";

/// What was asked for.
struct Request {
    paths: Vec<PathBuf>,
    rule: Option<String>,
    verbose: bool,
    list: bool,
}

impl Request {
    fn wants(&self, id: &str) -> bool {
        self.rule
            .as_ref()
            .is_none_or(|rule| judge::same_id(rule, id))
    }
}

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let Some((kind, rest)) = arguments.split_first() else {
        bail!(USAGE);
    };
    if kind == "dockerfile-ast" {
        return ast::run(rest);
    }
    if kind == "packages" {
        return packages::run(&inspect::Request::read(rest)?);
    }
    if kind == "versions" {
        return versions::run(rest);
    }
    if kind == "advisories" {
        return advisories::run(rest);
    }
    if kind == "waste" {
        return waste::run(&inspect::Request::read(rest)?);
    }
    if kind == "secrets" {
        return secrets::run(&inspect::Request::read(rest)?);
    }
    let request = read_request(rest)?;
    match (kind.as_str(), request.paths.as_slice()) {
        ("hadolint-cases", [path]) => cases::hadolint(&request, path),
        ("buildkit-cases", [path]) => cases::buildkit(&request, path),
        ("trivy-cases", [path]) => cases::trivy(&request, path),
        ("hadolint-corpus", [folder, oracle]) => corpus::hadolint(&request, folder, oracle),
        ("buildkit-corpus", [folder, oracle]) => corpus::buildkit(&request, folder, oracle),
        ("shellcheck", [folder]) => shellcheck::run(&request, folder, None),
        ("shellcheck", [folder, kept]) => shellcheck::run(&request, folder, Some(kept)),
        _ => bail!(USAGE),
    }
}

fn read_request(arguments: &[String]) -> anyhow::Result<Request> {
    let mut request = Request {
        paths: Vec::new(),
        rule: None,
        verbose: false,
        list: true,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rule" => request.rule = Some(rest.next().context(USAGE)?.clone()),
            "-v" | "--verbose" => request.verbose = true,
            "--no-list" => request.list = false,
            flag if flag.starts_with('-') => bail!(USAGE),
            path => request.paths.push(PathBuf::from(path)),
        }
    }
    Ok(request)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(if path.extension() == Some(OsStr::new("gz")) {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

fn read_lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    BufReader::new(open(path)?)
        .lines()
        .map(|line| {
            let line = line?;
            serde_json::from_str(&line).with_context(|| format!("{}: not JSON", path.display()))
        })
        .collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}
