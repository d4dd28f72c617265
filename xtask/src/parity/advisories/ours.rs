//! What Plimsoll says, asked as people ask it: with a bill of materials.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::questions::Question;
use crate::parity::text;

/// What somebody says of one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The records that mean this version.
    pub(super) hits: BTreeSet<String>,
    /// The records that could not be held against it; `*` for all.
    pub(super) unknown: BTreeSet<String>,
}

impl Answer {
    pub(super) fn knows(&self, record: &str) -> bool {
        !self.unknown.contains("*") && !self.unknown.contains(record)
    }
}

/// Packages of one bill of materials.
const MOST_PACKAGES: usize = 5_000;

/// Compiles an index of the records that lie at some paths.
pub(super) fn compile(plimsoll: &Path, paths: &[&Path], index: &Path) -> anyhow::Result<()> {
    let output = Command::new(plimsoll)
        .args(["db", "build", "--out"])
        .arg(index)
        .args(paths)
        .output()
        .with_context(|| format!("cannot run {}", plimsoll.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} db build: {said}", plimsoll.display());
    }
    Ok(())
}

/// Answers to questions, in their order.
pub(super) fn ask(
    plimsoll: &Path,
    index: &Path,
    questions: &[Question],
) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(questions.len());
    // One release of a distribution a document.
    let of_one = questions.chunk_by(|a, b| a.ecosystem == b.ecosystem);
    for part in of_one.flat_map(|some| some.chunks(MOST_PACKAGES)) {
        answers.extend(ask_at_once(plimsoll, index, part)?);
    }
    Ok(answers)
}

fn ask_at_once(
    plimsoll: &Path,
    index: &Path,
    questions: &[Question],
) -> anyhow::Result<Vec<Answer>> {
    let purls: Vec<String> = questions.iter().map(purl).collect::<anyhow::Result<_>>()?;
    let components: Vec<Value> = questions
        .iter()
        .zip(&purls)
        .map(|(question, purl)| {
            json!({
                "type": "library",
                "name": question.name,
                "version": question.version,
                "purl": purl,
            })
        })
        .collect();
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": components,
    });
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bill.cdx.json");
    std::fs::write(&path, bill.to_string())?;
    let report = inspect(plimsoll, index, &path)?;
    let known = list(&report, "packages")?;
    ensure!(
        known.len() == questions.len(),
        "of {} packages {} were read",
        questions.len(),
        known.len()
    );
    let mut said = of_report(&report)?;
    Ok(purls
        .iter()
        .map(|purl| said.remove(purl).unwrap_or_default())
        .collect())
}

/// The report on an image or a bill of materials.
pub(super) fn inspect(plimsoll: &Path, index: &Path, what: &Path) -> anyhow::Result<Value> {
    let output = Command::new(plimsoll)
        .args(["inspect", "--format", "json", "--db"])
        .args([index, what])
        // No project's policy is wanted here.
        .current_dir(index.parent().unwrap_or_else(|| Path::new(".")))
        .output()
        .with_context(|| format!("cannot run {}", plimsoll.display()))?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} inspect {}: {said}", plimsoll.display(), what.display());
    }
    serde_json::from_slice(&output.stdout).context("its output is not JSON")
}

/// What a report says, by package URL.
pub(super) fn of_report(report: &Value) -> anyhow::Result<BTreeMap<String, Answer>> {
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    for one in list(report, "vulnerabilities")? {
        let purl = text(one, "package").context("no package")?;
        let advisories = list(one, "advisories")?.iter();
        let ids = advisories.filter_map(|id| id.as_str().map(str::to_owned));
        answers.entry(purl).or_default().hits.extend(ids);
    }
    let unjudged = report["advisories"]["unjudged"].as_array();
    for one in unjudged.context("not held against advisories")? {
        let purl = text(one, "package").context("no package")?;
        let why = text(one, "why").unwrap_or_default();
        // `ID: what is wrong with its version`; of its own version there is no id.
        let record = why.split_once(": ").map_or("*", |(id, _)| id).to_owned();
        let record = match record.contains(' ') {
            true => "*".to_owned(),
            false => record,
        };
        answers.entry(purl).or_default().unknown.insert(record);
    }
    Ok(answers)
}

fn list<'v>(value: &'v Value, key: &str) -> anyhow::Result<&'v Vec<Value>> {
    value[key].as_array().with_context(|| format!("no {key}"))
}

/// The package URL of what is asked.
fn purl(question: &Question) -> anyhow::Result<String> {
    let (ecosystem, release) = match question.ecosystem.split_once(':') {
        Some((ecosystem, release)) => (ecosystem, release),
        None => (question.ecosystem.as_str(), ""),
    };
    let (name, version) = (&question.name, escaped(&question.version));
    let release = release.trim_start_matches('v');
    Ok(match ecosystem {
        "Debian" => {
            let name = escaped(name);
            format!("pkg:deb/debian/{name}@{version}?distro=debian-{release}")
        }
        "Alpine" => {
            let name = escaped(name);
            format!("pkg:apk/alpine/{name}@{version}?distro=alpine-{release}.0")
        }
        "Wolfi" => {
            let name = escaped(name);
            format!("pkg:apk/wolfi/{name}@{version}?distro=wolfi-20230201")
        }
        "AlmaLinux" => {
            let name = escaped(name);
            format!("pkg:rpm/almalinux/{name}@{version}?distro=almalinux-{release}.0")
        }
        "Go" => {
            let parts: Vec<String> = name.split('/').map(escaped).collect();
            let v = if name == "stdlib" { "" } else { "v" };
            format!("pkg:golang/{}@{v}{version}", parts.join("/"))
        }
        "npm" => {
            let parts: Vec<String> = name.split('/').map(escaped).collect();
            format!("pkg:npm/{}@{version}", parts.join("/"))
        }
        "PyPI" => format!("pkg:pypi/{}@{version}", escaped(name)),
        "RubyGems" => format!("pkg:gem/{}@{version}", escaped(name)),
        "crates.io" => format!("pkg:cargo/{}@{version}", escaped(name)),
        "Bitnami" => format!("pkg:bitnami/{}@{version}", escaped(name)),
        other => bail!("no package URL is made for {other}"),
    })
}

/// Percent-encoded, as a part of a package URL.
fn escaped(text: impl AsRef<str>) -> String {
    let mut out = String::new();
    for byte in text.as_ref().bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls() {
        let of = |ecosystem: &str, name: &str, version: &str| {
            purl(&Question {
                ecosystem: ecosystem.to_owned(),
                name: name.to_owned(),
                version: version.to_owned(),
            })
            .unwrap()
        };
        assert_eq!(
            of("Debian:11", "g++", "1:2.0+b1"),
            "pkg:deb/debian/g%2B%2B@1%3A2.0%2Bb1?distro=debian-11"
        );
        assert_eq!(
            of("Alpine:v3.9", "musl", "1.1-r0"),
            "pkg:apk/alpine/musl@1.1-r0?distro=alpine-3.9.0"
        );
        assert_eq!(of("npm", "@a/b", "1.0.0"), "pkg:npm/%40a/b@1.0.0");
        assert_eq!(of("Go", "x.test/y", "1.0.0"), "pkg:golang/x.test/y@v1.0.0");
        assert_eq!(of("Go", "stdlib", "1.22.0"), "pkg:golang/stdlib@1.22.0");
    }
}
