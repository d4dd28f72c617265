//! `cargo xtask corpus DIR [--check]`: how often every rule speaks over a folder of real
//! Dockerfiles, written to `docs/noise.md`, so that a change in noise shows in review.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use plimsoll_model::{Confidence, SourceFile};
use plimsoll_rules::{Audience, CheckOptions, Depth, Project};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

/// Where the counts stand.
const PAGE: &str = "docs/noise.md";

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (folder, check) = match arguments {
        [folder] => (folder, false),
        [folder, flag] if flag == "--check" => (folder, true),
        _ => bail!("usage: cargo xtask corpus DIR [--check]"),
    };
    let files = read_folder(Path::new(folder))?;
    let page = page(&files);
    let path = crate::project_root().join(PAGE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if old == page {
        return Ok(());
    }
    if check {
        let line = |text: &str| {
            text.lines()
                .find(|line| line.contains("Corpus:"))
                .map(str::to_owned)
        };
        if line(&old) != line(&page) {
            bail!("{PAGE} was counted over another corpus than {folder}");
        }
        bail!("{PAGE} is stale, run `cargo xtask corpus {folder}`");
    }
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{PAGE}");
    Ok(())
}

/// The Dockerfiles of a folder by name, sorted.
pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<BTreeMap<String, SourceFile>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        let entries = std::fs::read_dir(&inner)
            .with_context(|| format!("cannot list {}", inner.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            // A corpus comes with lists and notes.
            if !name.to_ascii_lowercase().contains("dockerfile") {
                continue;
            }
            let bytes =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name.clone(), SourceFile::new(name, bytes));
        }
    }
    Ok(files)
}

/// How often a rule speaks.
#[derive(Clone, Copy, Default)]
struct Hits {
    files: usize,
    findings: usize,
}

type Counts = BTreeMap<&'static str, Hits>;

fn count(files: &BTreeMap<String, SourceFile>, options: &CheckOptions) -> Counts {
    let found: Vec<Vec<&'static str>> = files
        .par_iter()
        .map(|(_, file)| {
            let project = Project {
                file: file.clone(),
                context: None,
            };
            let outcome = plimsoll_rules::check_project(&project, options);
            outcome
                .findings
                .iter()
                .map(|finding| finding.rule)
                .collect()
        })
        .collect();
    let mut counts = Counts::new();
    for rules in found {
        for rule in &rules {
            counts.entry(rule).or_default().findings += 1;
        }
        for rule in rules.iter().collect::<BTreeSet<_>>() {
            counts.entry(rule).or_default().files += 1;
        }
    }
    counts
}

/// Names a corpus by what is in it, wherever it lies.
fn fingerprint(files: &BTreeMap<String, SourceFile>) -> String {
    let mut hash = Sha256::new();
    for (name, file) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(Sha256::digest(file.bytes()));
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn page(files: &BTreeMap<String, SourceFile>) -> String {
    let credentials = Some(plimsoll_rules::CredentialLookup {
        in_text: plimsoll_scan::credentials_in,
        in_file: plimsoll_scan::credentials_in_file,
    });
    let by_default = count(
        files,
        &CheckOptions {
            credentials,
            ..CheckOptions::default()
        },
    );
    let all = count(
        files,
        &CheckOptions {
            select: vec!["ALL".to_owned()],
            credentials,
            ..CheckOptions::default()
        },
    );
    let mut rules: Vec<_> = plimsoll_rules::all()
        .iter()
        .map(|rule| rule.meta())
        .filter(|meta| meta.depth != Depth::Image)
        .collect();
    rules.sort_by_key(|meta| meta.name);
    let sum = |counts: &Counts| counts.values().map(|hits| hits.findings).sum::<usize>();
    let mut page = format!(
        "<!-- Written by `cargo xtask corpus DIR`. -->\n\n\
         # How often each rule speaks\n\n\
         Counted over real Dockerfiles without their build contexts, each file alone: what needs a \
         context is silent here. \"By default\" is the default set; \"all\" is `--select ALL`, with \
         what is said in low confidence.\n\n\
         Corpus: {} files, {}. By default {} findings, all {}.\n\n\
         | rule | audience | confidence | by default: files | findings | all: files | findings |\n\
         |---|---|---|---:|---:|---:|---:|\n",
        files.len(),
        fingerprint(files),
        sum(&by_default),
        sum(&all),
    );
    for meta in rules {
        let of = |counts: &Counts| counts.get(meta.name).copied().unwrap_or_default();
        let (default, every) = (of(&by_default), of(&all));
        // A rule outside the default set has no number there, rather than none.
        let silent = meta.audience == Audience::Strict || meta.confidence == Confidence::Low;
        let cell = |number: usize| match number {
            0 if silent => String::new(),
            number => number.to_string(),
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            meta.name,
            meta.audience.as_str(),
            meta.confidence.as_str(),
            cell(default.files),
            cell(default.findings),
            every.files,
            every.findings,
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(files: &[(&str, &str)]) -> BTreeMap<String, SourceFile> {
        files
            .iter()
            .map(|(name, text)| {
                let file = SourceFile::new(*name, text.as_bytes());
                ((*name).to_owned(), file)
            })
            .collect()
    }

    #[test]
    fn a_rule_is_counted_by_file_and_by_finding() {
        let files = corpus(&[
            ("a.Dockerfile", "FROM debian:12\nADD a /b\nADD c /d\n"),
            ("b.Dockerfile", "FROM debian:12\nCOPY a /b\n"),
        ]);
        let counts = count(&files, &CheckOptions::default());
        let hits = counts["add-instead-of-copy"];
        assert_eq!((hits.files, hits.findings), (1, 2));
        let page = page(&files);
        assert!(page.contains("Corpus: 2 files"), "{page}");
        for rule in plimsoll_rules::all() {
            let meta = rule.meta();
            let row = page.contains(&format!("| `{}` |", meta.name));
            assert_eq!(row, meta.depth != Depth::Image, "{}", meta.name);
        }
    }

    #[test]
    fn another_corpus_has_another_name() {
        let one = corpus(&[("a.Dockerfile", "FROM a\n")]);
        let other = corpus(&[("a.Dockerfile", "FROM b\n")]);
        assert_ne!(fingerprint(&one), fingerprint(&other));
        assert_eq!(fingerprint(&one), fingerprint(&one.clone()));
    }
}
