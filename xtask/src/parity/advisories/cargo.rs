//! `cargo audit`, over the RustSec database itself; we over the same state of it in OSV's form.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::ours::Answer;
use super::questions::Question;
use super::tools::Said;
use crate::parity::{open, text};

const ECOSYSTEM: &str = "crates.io";

/// Where crates come from that advisories speak of.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates and versions that people knew for their advisories, for a lock file as one would meet it.
const WELL_KNOWN: [(&str, &str); 32] = [
    ("actix-web", "0.7.14"),
    ("ammonia", "2.1.1"),
    ("atty", "0.2.14"),
    ("chrono", "0.4.10"),
    ("crossbeam-deque", "0.7.3"),
    ("failure", "0.1.8"),
    ("flatbuffers", "0.6.0"),
    ("futures-util", "0.3.1"),
    ("generic-array", "0.12.3"),
    ("h2", "0.3.15"),
    ("http", "0.1.17"),
    ("hyper", "0.12.33"),
    ("libc", "0.2.60"),
    ("lru", "0.6.5"),
    ("memoffset", "0.2.0"),
    ("mio", "0.8.10"),
    ("net2", "0.2.33"),
    ("openssl", "0.10.38"),
    ("regex", "1.5.4"),
    ("remove_dir_all", "0.5.3"),
    ("rustls", "0.20.8"),
    ("serde", "1.0.100"),
    ("serde_yaml", "0.8.3"),
    ("slice-deque", "0.2.4"),
    ("smallvec", "0.6.10"),
    ("spin", "0.5.0"),
    ("stdweb", "0.4.20"),
    ("time", "0.1.43"),
    ("tokio", "1.8.0"),
    ("tungstenite", "0.20.0"),
    ("yaml-rust", "0.3.5"),
    ("zip", "0.5.13"),
];

/// A checkout of the database, and its state in OSV's form.
pub(super) struct RustSec {
    folder: tempfile::TempDir,
}

impl RustSec {
    /// Checks both out of a repository: its branches `main` and `osv`.
    pub(super) fn check_out(repository: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for branch in ["main", "osv"] {
            let output = Command::new("git")
                .args(["clone", "--quiet", "--branch", branch])
                .arg(repository)
                .arg(folder.path().join(branch))
                .output()
                .context("cannot run git")?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("{}: {said}", repository.display());
            }
        }
        let rustsec = Self { folder };
        rustsec.drop_what_was_left_behind()?;
        Ok(rustsec)
    }

    /// Takes out records that the database itself no longer has: the export does not remove them.
    fn drop_what_was_left_behind(&self) -> anyhow::Result<()> {
        let mut there = BTreeSet::new();
        let of_crates = fs::read_dir(self.folder.path().join("main/crates"))?;
        for of_crate in of_crates {
            for advisory in fs::read_dir(of_crate?.path())? {
                there.extend(advisory?.path().file_stem().map(ToOwned::to_owned));
            }
        }
        for record in fs::read_dir(self.exported())? {
            let path = record?.path();
            if path.file_stem().is_some_and(|id| !there.contains(id)) {
                println!(
                    "{} is not in the database any more: left out",
                    path.file_name().unwrap_or_default().display()
                );
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The records in OSV's form.
    pub(super) fn exported(&self) -> PathBuf {
        self.folder.path().join("osv/crates")
    }

    /// Answers of `cargo audit`, which reads a lock file with all of it.
    pub(super) fn ask(&self, questions: &[Question]) -> anyhow::Result<Said> {
        let program = std::env::var("CARGO_AUDIT").unwrap_or_else(|_| "cargo-audit".to_owned());
        let lock = self.folder.path().join("Cargo.lock");
        fs::write(&lock, lock_file(questions)?)?;
        let output = Command::new(&program)
            .args(["audit", "--no-fetch", "--json", "--db"])
            .arg(self.folder.path().join("main"))
            .arg("--file")
            .arg(&lock)
            .stdin(Stdio::null())
            .current_dir(self.folder.path())
            .output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Said::Absent(
                    "wants cargo-audit; CARGO_AUDIT may name the program".to_owned(),
                ));
            }
            output => output.with_context(|| format!("cannot run {program}"))?,
        };
        let report: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))?;
        let mut said: BTreeSet<(String, String, String)> = BTreeSet::new();
        let vulnerabilities = report["vulnerabilities"]["list"].as_array();
        let vulnerabilities = vulnerabilities.context("no list of vulnerabilities")?;
        let warnings = report["warnings"].as_object().context("no warnings")?;
        let warnings = warnings.values().filter_map(Value::as_array).flatten();
        for one in vulnerabilities.iter().chain(warnings) {
            // What was yanked is no advisory.
            let Some(id) = text(&one["advisory"], "id") else {
                continue;
            };
            let word = |key: &str| text(&one["package"], key).context("a package without name");
            said.insert((word("name")?, word("version")?, id));
        }
        let count = report["lockfile"]["dependency-count"].as_u64();
        ensure!(
            count == u64::try_from(questions.len()).ok(),
            "{program} read {count:?} of {} packages",
            questions.len()
        );
        let answers = questions.iter().map(|question| {
            let of_it = said
                .iter()
                .filter(|(name, version, _)| *name == question.name && *version == question.version)
                .map(|(_, _, id)| id.clone());
            Answer {
                hits: of_it.collect(),
                unknown: BTreeSet::new(),
            }
        });
        let version = Command::new(&program).arg("--version").output()?;
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        Ok(Said::Answers(version, answers.collect()))
    }
}

/// A lock file of these packages, which need nothing.
fn lock_file(questions: &[Question]) -> anyhow::Result<String> {
    let mut text = "version = 3\n".to_owned();
    for question in questions {
        let (name, version) = (&question.name, &question.version);
        ensure!(
            !name.contains(['"', '\\', '\n']) && !version.contains(['"', '\\', '\n']),
            "{name} {version} cannot stand in a lock file"
        );
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{REGISTRY}\"\n"
        ));
    }
    Ok(text)
}

/// The packages of a lock file that come from the registry.
pub(super) fn read_lock(path: &Path) -> anyhow::Result<Vec<Question>> {
    let mut content = String::new();
    std::io::Read::read_to_string(&mut open(path)?, &mut content)?;
    let lock: toml::Table = content.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let of_registry = packages
        .context("no packages")?
        .iter()
        .filter(|package| package.get("source").is_some());
    of_registry
        .map(|package| {
            let word = |key: &str| package.get(key).and_then(toml::Value::as_str);
            Ok(question(
                word("name").context("a package without name")?,
                word("version").context("a package without version")?,
            ))
        })
        .collect()
}

/// The lock file of well-known crates.
pub(super) fn well_known() -> Vec<Question> {
    let known = WELL_KNOWN.iter();
    known
        .map(|(name, version)| question(name, version))
        .collect()
}

fn question(name: &str, version: &str) -> Question {
    Question {
        ecosystem: ECOSYSTEM.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
    }
}
