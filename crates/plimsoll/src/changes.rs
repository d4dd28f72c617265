//! Which lines of which files were changed since a branch left another.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use plimsoll_model::Finding;

use crate::failure::Failure;
use crate::git::ask;

/// The changed lines of the files of a run, repository by repository.
pub(crate) struct Changes {
    base: Option<String>,
    roots: HashMap<PathBuf, Repository>,
    /// Each folder's repository.
    folders: HashMap<PathBuf, PathBuf>,
}

/// Line ranges by file, each from a first line up to a last one; `None` is all of a file.
type Repository = HashMap<PathBuf, Option<Vec<(usize, usize)>>>;

impl Changes {
    /// Changes since `base`, or since origin's default branch where none is named.
    pub(crate) fn since(base: Option<&str>) -> Self {
        Self {
            base: base.filter(|base| !base.is_empty()).map(str::to_owned),
            roots: HashMap::new(),
            folders: HashMap::new(),
        }
    }

    /// The findings that stand on changed lines.
    pub(crate) fn keep(&mut self, findings: Vec<Finding>) -> Result<Vec<Finding>, Failure> {
        let mut kept = Vec::with_capacity(findings.len());
        for finding in findings {
            if self.touch(&finding)? {
                kept.push(finding);
            }
        }
        Ok(kept)
    }

    /// Whether a finding stands on a changed line. One that stands in no file is not of a change.
    fn touch(&mut self, finding: &Finding) -> Result<bool, Failure> {
        let Some(place) = &finding.origin.source else {
            return Ok(false);
        };
        // An end at the beginning of a line is the end of the line before.
        let last = match (place.end.column, place.end.line > place.start.line) {
            (1, true) => place.end.line - 1,
            _ => place.end.line,
        };
        Ok(match self.lines(Path::new(&place.file))? {
            None => false,
            Some(None) => true,
            Some(Some(ranges)) => ranges
                .iter()
                .any(|(from, to)| *from <= last && place.start.line <= *to),
        })
    }

    /// The changed lines of a file; `None` where nothing in it changed.
    #[expect(
        clippy::type_complexity,
        reason = "all of a file, some of its lines, or nothing"
    )]
    fn lines(&mut self, file: &Path) -> Result<Option<Option<&Vec<(usize, usize)>>>, Failure> {
        // What is no file, standard input above all, is new as a whole.
        let Ok(file) = file.canonicalize() else {
            return Ok(Some(None));
        };
        let folder = file.parent().unwrap_or(&file).to_path_buf();
        let root = match self.folders.get(&folder) {
            Some(root) => root.clone(),
            None => {
                let root = ask(&folder, &["rev-parse", "--show-toplevel"]).ok_or_else(|| {
                    Failure::usage(format!(
                        "--changed: {} is in no git repository",
                        folder.display()
                    ))
                })?;
                let root = PathBuf::from(root.trim_end_matches('\n'));
                self.folders.insert(folder, root.clone());
                root
            }
        };
        if !self.roots.contains_key(&root) {
            let repository = self.read(&root)?;
            self.roots.insert(root.clone(), repository);
        }
        Ok(self.roots[&root].get(&file).map(Option::as_ref))
    }

    fn read(&self, root: &Path) -> Result<Repository, Failure> {
        let base = self.base(root)?;
        let diff = ask(
            root,
            &[
                "-c",
                "core.quotepath=off",
                "diff",
                "--unified=0",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--no-renames",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                &base,
                "--",
            ],
        )
        .ok_or_else(|| Failure::usage(format!("--changed: git cannot compare with {base}")))?;
        let mut changed = Repository::new();
        for (file, ranges) in parse(&diff) {
            changed.insert(root.join(file), Some(ranges));
        }
        let untracked = ask(root, &["ls-files", "--others", "--exclude-standard", "-z"]);
        for file in untracked.unwrap_or_default().split('\0') {
            if !file.is_empty() {
                changed.insert(root.join(file), None);
            }
        }
        Ok(changed)
    }

    /// The commit where the branch left its base.
    fn base(&self, root: &Path) -> Result<String, Failure> {
        let left = |other: &str| {
            ask(root, &["merge-base", "--end-of-options", other, "HEAD"])
                .map(|commit| commit.trim().to_owned())
        };
        if let Some(base) = &self.base {
            return left(base).ok_or_else(|| {
                Failure::usage(format!(
                    "--changed: `{}` is nothing that this branch has in common with",
                    base.escape_debug()
                ))
                .hint("a shallow clone may not have it: fetch more of its history")
            });
        }
        let default = ask(
            root,
            &[
                "symbolic-ref",
                "--quiet",
                "--short",
                "refs/remotes/origin/HEAD",
            ],
        );
        let default = default.map(|name| name.trim().to_owned());
        let candidates = default
            .into_iter()
            .chain(["origin/main", "origin/master", "@{upstream}"].map(str::to_owned));
        // Without any of them what counts is what is not committed yet.
        Ok(candidates
            .into_iter()
            .find_map(|other| left(&other))
            .unwrap_or_else(|| "HEAD".to_owned()))
    }
}

/// The ranges of new lines for each file of a diff without context.
fn parse(diff: &str) -> Vec<(String, Vec<(usize, usize)>)> {
    let mut files: Vec<(String, Vec<(usize, usize)>)> = Vec::new();
    // Lines of a hunk that are still to come: what starts like a header there is text.
    let mut body = 0;
    for line in diff.lines() {
        if body > 0 && line.starts_with(['+', '-']) {
            body -= 1;
        } else if let Some(name) = line.strip_prefix("+++ ") {
            files.push((file_name(name), Vec::new()));
        } else if let Some(rest) = line.strip_prefix("@@ -") {
            let mut parts = rest.split(' ');
            let old = numbers(parts.next().unwrap_or_default());
            let new = numbers(parts.next().unwrap_or_default().trim_start_matches('+'));
            if let (Some((_, old)), Some((start, count))) = (old, new) {
                body = old + count;
                if let (Some((_, ranges)), true) = (files.last_mut(), count > 0) {
                    ranges.push((start, start + count - 1));
                }
            }
        }
    }
    files
}

fn numbers(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

/// A name without `b/`, and without the quotes and escapes of unusual ones.
fn file_name(name: &str) -> String {
    let name = name.trim_end_matches('\t');
    let plain = match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        None => name.to_owned(),
        Some(quoted) => {
            let mut out = String::new();
            let mut rest = quoted.chars();
            while let Some(c) = rest.next() {
                match c {
                    '\\' => match rest.next() {
                        Some('t') => out.push('\t'),
                        Some('n') => out.push('\n'),
                        Some(other) => out.push(other),
                        None => {}
                    },
                    c => out.push(c),
                }
            }
            out
        }
    };
    plain.strip_prefix("b/").unwrap_or(&plain).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_gives_its_new_lines() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+++ b/trap\n+c\n\
                    @@ -9,2 +10,0 @@\n-x\n--- y\n@@ -20,0 +19 @@\n+z\n\
                    diff --git a/y b/y\n--- /dev/null\n+++ \"b/a\\\"b\"\n@@ -0,0 +1 @@\n+x\n";
        assert_eq!(
            parse(diff),
            [
                ("x".to_owned(), vec![(1, 2), (19, 19)]),
                ("a\"b".to_owned(), vec![(1, 1)])
            ]
        );
    }
}
