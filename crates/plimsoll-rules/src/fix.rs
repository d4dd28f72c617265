//! Applies fixes: edits are checked for overlap, applied, and what comes out is read and checked
//! again. A fix that leaves its finding standing, or brings a new one, stops the write.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::{Applicability, Edit, Finding, SourceFile};

use crate::check::check_project;
use crate::options::CheckOptions;
use crate::project::Project;

/// What came out of fixing one Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixOutcome {
    /// The file as it should be.
    pub bytes: Vec<u8>,
    /// Findings that were mended, in the order they were.
    pub applied: Vec<Finding>,
    /// Findings of the file as it should be.
    pub left: Vec<Finding>,
}

/// A fix that must not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixError {
    /// An edit reaches outside the file, or its edits overlap one another.
    Misplaced {
        /// The rule whose fix it is.
        rule: &'static str,
    },
    /// The finding is still there behind it.
    Ineffective {
        /// The rule whose fix it is.
        rule: &'static str,
    },
    /// A finding is there behind it that was not there before.
    Harmful {
        /// The rules whose fixes were applied.
        rules: Vec<&'static str>,
        /// The rule that now finds something.
        brings: &'static str,
    },
}

impl fmt::Display for FixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misplaced { rule } => {
                write!(f, "the fix of `{rule}` edits bytes that are not there")
            }
            Self::Ineffective { rule } => {
                write!(f, "the fix of `{rule}` does not make its finding go away")
            }
            Self::Harmful { rules, brings } => {
                let rules = rules.join("`, `");
                write!(f, "the fix of `{rules}` brings a finding of `{brings}`")
            }
        }?;
        f.write_str("; nothing was written, please report this file")
    }
}

impl std::error::Error for FixError {}

/// One rule may bring another's fixes within reach, and overlapping fixes take turns; a file that
/// still changes after so many rounds is being fixed in circles.
const MAX_ROUNDS: usize = 10;

/// Applies the safe fixes of a Dockerfile's findings, the unsafe ones too if `include_unsafe`.
///
/// `findings` are what `check_project` said of `project` under `options`. Two fixes that touch the
/// same bytes take turns; fixes whose finding is gone by then are not needed.
///
/// # Errors
/// A fix that does not hold what it promises: see [`FixError`].
pub fn apply(
    project: &Project,
    findings: &[Finding],
    options: &CheckOptions,
    include_unsafe: bool,
) -> Result<FixOutcome, FixError> {
    let mut project = project.clone();
    let mut left = findings.to_vec();
    let mut applied = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let chosen = choose(&project, &left, include_unsafe)?;
        if chosen.is_empty() {
            break;
        }
        let bytes = rewrite(project.file.bytes(), &chosen);
        let next = Project {
            file: SourceFile::new(project.file.path(), bytes),
            context: project.context.clone(),
        };
        let now = check_project(&next, options).findings;
        verify(&left, &chosen, &now)?;
        applied.extend(chosen.into_iter().cloned());
        project = next;
        left = now;
    }
    Ok(FixOutcome {
        bytes: project.file.bytes().to_vec(),
        applied,
        left,
    })
}

/// The findings whose fixes can be applied together.
fn choose<'a>(
    project: &Project,
    findings: &'a [Finding],
    include_unsafe: bool,
) -> Result<Vec<&'a Finding>, FixError> {
    let least = if include_unsafe {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    let length = project.file.bytes().len();
    let mut chosen: Vec<&Finding> = Vec::new();
    // Start and end of what is edited already; no two of them collide.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        if fix.applicability < least || fix.edits.is_empty() {
            continue;
        }
        let misplaced = fix.edits.iter().any(|edit| edit.span.end > length)
            || fix.edits.windows(2).any(|pair| collide(&pair[0], &pair[1]))
            || !fix.edits.is_sorted_by_key(|edit| edit.span);
        if misplaced {
            return Err(FixError::Misplaced { rule: finding.rule });
        }
        // Other files are only shown: this one is what the caller writes.
        let elsewhere = fix
            .edits
            .iter()
            .any(|edit| edit.file != project.file.path());
        let blocked = fix.edits.iter().any(|edit| {
            let (start, end) = (edit.span.start, edit.span.end);
            let before = taken.range(..=start).next_back();
            let behind = taken.range(start + 1..).next();
            before.is_some_and(|(other, until)| *other == start || start < *until)
                || behind.is_some_and(|(other, _)| *other < end)
        });
        if !elsewhere && !blocked {
            taken.extend(
                fix.edits
                    .iter()
                    .map(|edit| (edit.span.start, edit.span.end)),
            );
            chosen.push(finding);
        }
    }
    Ok(chosen)
}

/// Whether two edits of one fix touch the same bytes. Two insertions at one place do: their order would matter.
fn collide(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.span, b.span);
    a.start == b.start || (a.start < b.end && b.start < a.end)
}

fn rewrite(bytes: &[u8], findings: &[&Finding]) -> Vec<u8> {
    let mut edits: Vec<&Edit> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .flat_map(|fix| &fix.edits)
        .collect();
    edits.sort_by_key(|edit| edit.span);
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for edit in edits {
        out.extend_from_slice(&bytes[done..edit.span.start]);
        out.extend_from_slice(edit.text.as_bytes());
        done = edit.span.end;
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

/// Compares the findings before and after by number: places move when text does.
fn verify(before: &[Finding], chosen: &[&Finding], after: &[Finding]) -> Result<(), FixError> {
    let mut allowed: BTreeMap<&'static str, usize> = BTreeMap::new();
    for finding in before {
        *allowed.entry(finding.rule).or_default() += 1;
    }
    for finding in chosen {
        if let Some(count) = allowed.get_mut(finding.rule) {
            *count -= 1;
        }
    }
    for finding in after {
        match allowed.get_mut(finding.rule) {
            Some(count) if *count > 0 => *count -= 1,
            _ if chosen.iter().any(|one| one.rule == finding.rule) => {
                return Err(FixError::Ineffective { rule: finding.rule });
            }
            _ => {
                let mut rules: Vec<_> = chosen.iter().map(|one| one.rule).collect();
                rules.sort_unstable();
                rules.dedup();
                return Err(FixError::Harmful {
                    rules,
                    brings: finding.rule,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Confidence, Fix, Origin, Severity, Span};

    use super::*;

    fn finding(edits: &[(usize, usize, &str)], applicability: Applicability) -> Finding {
        Finding {
            rule: "test",
            aliases: &[],
            severity: Severity::Low,
            confidence: Confidence::High,
            message: String::new(),
            help: None,
            origin: Origin::default(),
            related: Vec::new(),
            fix: Some(Fix {
                title: String::new(),
                applicability,
                edits: edits
                    .iter()
                    .map(|(start, end, text)| Edit {
                        file: "Dockerfile".to_owned(),
                        span: Span::new(*start, *end),
                        text: (*text).to_owned(),
                    })
                    .collect(),
            }),
        }
    }

    fn project(text: &str) -> Project {
        Project {
            file: SourceFile::new("Dockerfile", text),
            context: None,
        }
    }

    #[test]
    fn colliding_fixes_take_turns_and_the_unsafe_wait_to_be_asked() {
        let project = project("FROM scratch\n");
        let findings = [
            finding(&[(0, 4, "from")], Applicability::Safe),
            finding(&[(2, 6, "x")], Applicability::Safe),
            finding(&[(4, 4, "x")], Applicability::Unsafe),
            finding(&[(6, 6, "x")], Applicability::DisplayOnly),
        ];
        assert_eq!(choose(&project, &findings, false).unwrap().len(), 1);
        assert_eq!(choose(&project, &findings, true).unwrap().len(), 2);
    }

    #[test]
    fn edits_outside_the_file_or_on_top_of_each_other_are_refused() {
        let project = project("FROM scratch\n");
        for bad in [
            vec![(10, 99, "")],
            vec![(0, 4, ""), (2, 6, "")],
            vec![(6, 7, ""), (0, 4, "")],
        ] {
            let findings = [finding(&bad, Applicability::Safe)];
            assert_eq!(
                choose(&project, &findings, false),
                Err(FixError::Misplaced { rule: "test" })
            );
        }
    }

    #[test]
    fn a_fix_that_mends_nothing_stops_the_write() {
        let one = finding(&[(0, 0, "x")], Applicability::Safe);
        let other = Finding {
            rule: "other",
            ..one.clone()
        };
        let before = std::slice::from_ref(&one);
        assert_eq!(
            verify(before, &[&one], before),
            Err(FixError::Ineffective { rule: "test" })
        );
        assert_eq!(
            verify(before, &[&one], &[other]),
            Err(FixError::Harmful {
                rules: vec!["test"],
                brings: "other"
            })
        );
        assert_eq!(verify(before, &[&one], &[]), Ok(()));
    }
}
