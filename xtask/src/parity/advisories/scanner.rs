//! osv-scanner's own matching, over the same records: its code, compiled here with the little that
//! it needs around it. Building the whole program would take half of the Go world.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::json;

use super::ours::Answer;
use super::questions::Question;
use super::records::Records;
use super::tools::Said;

/// What is ours of the module: what stands for the packages that are not compiled.
const AROUND: [(&str, &str); 7] = [
    (
        "enricher/vulnmatch/osvlocal/judge/main.go",
        include_str!("scanner/main.go"),
    ),
    (
        "enricher/vulnmatch/internal/osvutil/osvutil.go",
        include_str!("scanner/osvutil.go"),
    ),
    (
        "extractor/extractor.go",
        include_str!("scanner/extractor.go"),
    ),
    (
        "inventory/osvecosystem/osvecosystem.go",
        include_str!("scanner/osvecosystem.go"),
    ),
    (
        "schema/osvschema/osvschema.go",
        include_str!("scanner/osvschema.go"),
    ),
    (
        "schema/go.mod",
        "module github.com/ossf/osv-schema/bindings/go\n\ngo 1.24\n",
    ),
    (
        "go.mod",
        "module github.com/google/osv-scalibr\n\ngo 1.24\n\n\
         require github.com/ossf/osv-schema/bindings/go v0.0.0\n\n\
         replace github.com/ossf/osv-schema/bindings/go => ./schema\n",
    ),
];

/// What is theirs: how versions compare, and what an advisory means.
const THEIRS: [&str; 2] = ["semantic", "enricher/vulnmatch/osvlocal/internal/vulns"];

#[derive(Deserialize)]
struct Line {
    hits: Vec<String>,
    unknown: Vec<String>,
}

/// A program that answers.
pub(super) struct Scanner {
    folder: tempfile::TempDir,
    /// What it was made of.
    version: String,
}

impl Scanner {
    /// Compiles it from a checkout of osv-scalibr; or says why not.
    pub(super) fn compile(checkout: Option<&Path>) -> anyhow::Result<Result<Self, String>> {
        let Some(checkout) = checkout else {
            return Ok(Err(
                "--osv-scalibr names a checkout of its matching code".to_owned()
            ));
        };
        let folder = tempfile::tempdir()?;
        let put = |path: &str, text: &str| -> anyhow::Result<()> {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().context("no folder")?)?;
            Ok(fs::write(path, text)?)
        };
        for (path, text) in AROUND {
            put(path, text)?;
        }
        for package in THEIRS {
            for file in go_files(&checkout.join(package))? {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                put(&format!("{package}/{name}"), &fs::read_to_string(&file)?)?;
            }
        }
        let go = std::env::var("GO").unwrap_or_else(|_| "go".to_owned());
        let output = Command::new(&go)
            .args([
                "build",
                "-o",
                "judge",
                "./enricher/vulnmatch/osvlocal/judge",
            ])
            .current_dir(folder.path())
            .env("GOPROXY", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=mod")
            .output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Err("wants Go 1.24 or later; GO may name it".to_owned()));
            }
            output => output.with_context(|| format!("cannot run {go}"))?,
        };
        if !output.status.success() {
            bail!(
                "osv-scanner's matching cannot be compiled: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let commit = Command::new("git")
            .args(["rev-parse", "--short", "HEAD"])
            .current_dir(checkout)
            .output()?;
        let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
        Ok(Ok(Self {
            folder,
            version: format!("osv-scanner's matching (osv-scalibr {commit})"),
        }))
    }

    /// Its answers.
    pub(super) fn ask(&self, records: &Records, questions: &[Question]) -> anyhow::Result<Said> {
        let path = |name: &str| self.folder.path().join(name);
        let written = path("records");
        if !written.exists() {
            let lines: anyhow::Result<Vec<String>> = records
                .all
                .iter()
                .map(|record| {
                    let value: serde_json::Value = serde_json::from_str(&record.text)?;
                    Ok(format!("{value}\n"))
                })
                .collect();
            fs::write(&written, lines?.concat())?;
        }
        let asked: String = questions
            .iter()
            .map(|question| {
                let line = json!({
                    "ecosystem": question.ecosystem,
                    "name": question.name,
                    "version": question.version,
                });
                format!("{line}\n")
            })
            .collect();
        fs::write(path("questions"), asked)?;
        let output = Command::new(path("judge"))
            .args([written, path("questions")])
            .output()
            .context("cannot run osv-scanner's matching")?;
        ensure!(
            output.status.success(),
            "{}: {}",
            self.version,
            String::from_utf8_lossy(&output.stderr)
        );
        let answers = String::from_utf8(output.stdout)?
            .lines()
            .map(|line| {
                let line: Line = serde_json::from_str(line)?;
                Ok(Answer {
                    hits: line.hits.into_iter().collect(),
                    unknown: line.unknown.into_iter().collect(),
                })
            })
            .collect::<anyhow::Result<Vec<Answer>>>()?;
        ensure!(
            answers.len() == questions.len(),
            "{}: {} answers",
            self.version,
            answers.len()
        );
        Ok(Said::Answers(self.version.clone(), answers))
    }
}

/// The files of a package, without its tests.
fn go_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".go") && !name.ends_with("_test.go") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
