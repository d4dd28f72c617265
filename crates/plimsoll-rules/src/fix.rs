//! Applies fixes: edits are checked for overlap, applied, and what comes out is read and checked
//! again. A fix that leaves its finding standing, or brings a new one, is withheld: the others are
//! applied without it.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::{Applicability, Edit, Finding, SourceFile};

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
    /// Those of `left` whose fix was tried and would not hold.
    pub withheld: Vec<Withheld>,
}

/// A fix that was not applied though it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The finding that stays, in the file as it should be.
    pub finding: Finding,
    /// Why its fix was left out.
    pub because: Unfit,
}

/// What keeps a fix from being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A finding would be there behind it that was not there before. Two rules may well want
    /// opposite things of one file.
    Brings(&'static str),
    /// The finding is still there behind it: a bug of the rule.
    Ineffective,
    /// An edit reaches outside the file, or its edits overlap one another: a bug of the rule.
    Misplaced,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brings(rule) => write!(f, "it would bring a finding of {rule}"),
            Self::Ineffective => {
                f.write_str("it does not make its finding go away; please report this file")
            }
            Self::Misplaced => {
                f.write_str("it edits bytes that are not there; please report this file")
            }
        }
    }
}

/// One rule may bring another's fixes within reach, and overlapping fixes take turns; a file that
/// still changes after so many rounds is being fixed in circles.
const MAX_ROUNDS: usize = 10;

/// How often a file may be checked to find out which of its fixes hold. Finding one that does not
/// among a thousand takes twenty.
const MAX_TRIALS: usize = 400;

/// Applies the safe fixes of a Dockerfile's findings, the unsafe ones too if `include_unsafe`.
///
/// `check` says what there is to find in a project; `findings` are what it says of `project`. Two
/// fixes that touch the same bytes take turns; fixes whose finding is gone by then are not needed.
/// Fixes that do not hold together are tried in ever smaller groups, and only those left out that
/// do not hold on top of the rest.
pub fn apply(
    project: &Project,
    findings: &[Finding],
    include_unsafe: bool,
    check: &mut dyn FnMut(&Project) -> Vec<Finding>,
) -> FixOutcome {
    let mut text = Text {
        project: project.clone(),
        findings: findings.to_vec(),
    };
    let mut applied = Vec::new();
    // Findings of the present text whose fix is out of question, by their index.
    let mut unfit: BTreeMap<usize, Unfit> = BTreeMap::new();
    let mut trials = 0;
    let mut rounds = 0;
    while rounds < MAX_ROUNDS {
        let chosen = choose(&text, include_unsafe, &mut unfit);
        if chosen.is_empty() {
            break;
        }
        let mut round = Round {
            text: &text,
            check: &mut *check,
            trials: &mut trials,
            kept: Vec::new(),
            next: None,
            unfit: BTreeMap::new(),
        };
        round.settle(&chosen);
        let Round {
            kept,
            next,
            unfit: refused,
            ..
        } = round;
        match next {
            Some(next) => {
                applied.extend(kept.iter().map(|at| text.findings[*at].clone()));
                text = next;
                // On another text they may hold.
                unfit.clear();
                rounds += 1;
            }
            // The text is the same: those that had to wait for them have their turn.
            None => unfit.extend(refused),
        }
    }
    let withheld = unfit.iter().map(|(at, because)| Withheld {
        finding: text.findings[*at].clone(),
        because: *because,
    });
    FixOutcome {
        bytes: text.project.file.bytes().to_vec(),
        applied,
        withheld: withheld.collect(),
        left: text.findings,
    }
}

/// A Dockerfile and what was found in it.
struct Text {
    project: Project,
    findings: Vec<Finding>,
}

/// Finds out which fixes of one text hold together.
struct Round<'a> {
    text: &'a Text,
    check: &'a mut dyn FnMut(&Project) -> Vec<Finding>,
    trials: &'a mut usize,
    /// Those that do, by the index of their finding.
    kept: Vec<usize>,
    /// The text with those that do.
    next: Option<Text>,
    /// Those that do not on top of the others.
    unfit: BTreeMap<usize, Unfit>,
}

impl Round<'_> {
    /// Keeps of a group what holds on top of what was kept before.
    fn settle(&mut self, group: &[usize]) {
        if group.is_empty() {
            return;
        }
        match self.attempt(group) {
            Ok(next) => {
                self.kept.extend(group);
                self.next = Some(next);
            }
            Err(because) if group.len() == 1 || *self.trials >= MAX_TRIALS => {
                self.unfit.extend(group.iter().map(|at| (*at, because)));
            }
            Err(_) => {
                let (one, other) = group.split_at(group.len() / 2);
                self.settle(one);
                self.settle(other);
            }
        }
    }

    fn attempt(&mut self, group: &[usize]) -> Result<Text, Unfit> {
        let finding = |at: &usize| &self.text.findings[*at];
        let fixes: Vec<&Finding> = self.kept.iter().chain(group).map(finding).collect();
        let file = &self.text.project.file;
        let project = Project {
            file: SourceFile::new(file.path(), rewrite(file.bytes(), &fixes)),
            context: self.text.project.context.clone(),
        };
        let findings = (self.check)(&project);
        *self.trials += 1;
        let before = self.next.as_ref().unwrap_or(self.text);
        let group: Vec<&Finding> = group.iter().map(finding).collect();
        verify(&before.findings, &group, &findings)?;
        Ok(Text { project, findings })
    }
}

/// The findings whose fixes can be tried together, by index; those that never can go to `unfit`.
fn choose(text: &Text, include_unsafe: bool, unfit: &mut BTreeMap<usize, Unfit>) -> Vec<usize> {
    let least = if include_unsafe {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    let file = &text.project.file;
    let length = file.bytes().len();
    let mut chosen = Vec::new();
    // Start and end of what is edited already; no two of them collide.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, finding) in text.findings.iter().enumerate() {
        let Some(fix) = &finding.fix else { continue };
        if fix.applicability < least || fix.edits.is_empty() || unfit.contains_key(&at) {
            continue;
        }
        let misplaced = fix.edits.iter().any(|edit| edit.span.end > length)
            || fix.edits.windows(2).any(|pair| collide(&pair[0], &pair[1]))
            || !fix.edits.is_sorted_by_key(|edit| edit.span);
        // Other files are only shown: this one is what the caller writes.
        if fix.edits.iter().any(|edit| edit.file != file.path()) {
            continue;
        }
        if misplaced {
            unfit.insert(at, Unfit::Misplaced);
            continue;
        }
        let blocked = fix.edits.iter().any(|edit| {
            let (start, end) = (edit.span.start, edit.span.end);
            let before = taken.range(..=start).next_back();
            let behind = taken.range(start + 1..).next();
            before.is_some_and(|(other, until)| *other == start || start < *until)
                || behind.is_some_and(|(other, _)| *other < end)
        });
        if !blocked {
            taken.extend(
                fix.edits
                    .iter()
                    .map(|edit| (edit.span.start, edit.span.end)),
            );
            chosen.push(at);
        }
    }
    chosen
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
fn verify(before: &[Finding], fixed: &[&Finding], after: &[Finding]) -> Result<(), Unfit> {
    let mut allowed: BTreeMap<&'static str, usize> = BTreeMap::new();
    for finding in before {
        *allowed.entry(finding.rule).or_default() += 1;
    }
    for finding in fixed {
        if let Some(count) = allowed.get_mut(finding.rule) {
            *count = count.saturating_sub(1);
        }
    }
    for finding in after {
        match allowed.get_mut(finding.rule) {
            Some(count) if *count > 0 => *count -= 1,
            _ if fixed.iter().any(|one| one.rule == finding.rule) => {
                return Err(Unfit::Ineffective);
            }
            _ => return Err(Unfit::Brings(finding.rule)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Confidence, Fix, Origin, Severity, Span};

    use super::*;
    use crate::check::check_project;
    use crate::options::CheckOptions;

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
            subjects: Vec::new(),
        }
    }

    fn project(text: &str) -> Project {
        Project {
            file: SourceFile::new("Dockerfile", text),
            context: None,
        }
    }

    /// A text with these findings.
    fn text(findings: &[Finding]) -> Text {
        Text {
            project: project("FROM scratch\n"),
            findings: findings.to_vec(),
        }
    }

    #[test]
    fn colliding_fixes_take_turns_and_the_unsafe_wait_to_be_asked() {
        let text = text(&[
            finding(&[(0, 4, "from")], Applicability::Safe),
            finding(&[(2, 6, "x")], Applicability::Safe),
            finding(&[(4, 4, "x")], Applicability::Unsafe),
            finding(&[(6, 6, "x")], Applicability::DisplayOnly),
        ]);
        let none = &mut BTreeMap::new();
        assert_eq!(choose(&text, false, none), [0]);
        assert_eq!(choose(&text, true, none), [0, 2]);
        none.insert(0, Unfit::Ineffective);
        assert_eq!(choose(&text, false, none), [1]);
    }

    #[test]
    fn edits_outside_the_file_or_on_top_of_each_other_are_refused() {
        for bad in [
            vec![(10, 99, "")],
            vec![(0, 4, ""), (2, 6, "")],
            vec![(6, 7, ""), (0, 4, "")],
        ] {
            let text = text(&[finding(&bad, Applicability::Safe)]);
            let mut unfit = BTreeMap::new();
            assert!(choose(&text, false, &mut unfit).is_empty());
            assert_eq!(unfit, BTreeMap::from([(0, Unfit::Misplaced)]));
        }
    }

    #[test]
    fn a_fix_must_mend_its_finding_and_bring_no_other() {
        let one = finding(&[(0, 0, "x")], Applicability::Safe);
        let other = Finding {
            rule: "other",
            ..one.clone()
        };
        let before = std::slice::from_ref(&one);
        assert_eq!(verify(before, &[&one], before), Err(Unfit::Ineffective));
        assert_eq!(
            verify(before, &[&one], &[other]),
            Err(Unfit::Brings("other"))
        );
        assert_eq!(verify(before, &[&one], &[]), Ok(()));
    }

    /// One finding a word of `mends`, at its first letter, whose fix makes the letter a capital;
    /// `Z` is a finding without a fix.
    fn words(project: &Project, mends: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        for (at, byte) in project.file.bytes().iter().enumerate() {
            let letter = char::from(*byte);
            if mends.contains(letter) {
                let capital = letter.to_ascii_uppercase().to_string();
                found.push(finding(&[(at, at + 1, &capital)], Applicability::Safe));
            } else if letter == 'Z' {
                found.push(Finding {
                    rule: "zed",
                    fix: None,
                    ..finding(&[], Applicability::Safe)
                });
            }
        }
        found
    }

    fn mended(text: &str, include_unsafe: bool) -> (String, Vec<Unfit>, usize) {
        let project = project(text);
        let mut checks = 0;
        let mut check = |project: &Project| {
            checks += 1;
            words(project, "abcdez")
        };
        let findings = words(&project, "abcdez");
        let outcome = apply(&project, &findings, include_unsafe, &mut check);
        let because = outcome.withheld.iter().map(|one| one.because).collect();
        (String::from_utf8(outcome.bytes).unwrap(), because, checks)
    }

    #[test]
    fn one_fix_that_brings_another_finding_is_left_out_alone() {
        let none = Vec::new();
        assert_eq!(mended("abc", false), ("ABC".to_owned(), none, 1));
        let brings = Unfit::Brings("zed");
        let (text, because, _) = mended("abzcd", false);
        assert_eq!((text.as_str(), because), ("ABzCD", vec![brings]));
        let (text, because, _) = mended("zazz", false);
        assert_eq!((text.as_str(), because), ("zAzz", vec![brings; 3]));
    }

    #[test]
    fn what_to_leave_out_is_found_in_bounded_work() {
        let long = format!("{}z{}", "a".repeat(500), "b".repeat(500));
        let (text, because, checks) = mended(&long, false);
        assert_eq!(text, long.to_uppercase().replace('Z', "z"));
        assert_eq!((because.len(), checks < 30), (1, true), "{checks}");
        let (text, because, checks) = mended(&"zzzzzzzzza".repeat(300), false);
        assert!(text.contains('z') && because.iter().all(|one| *one == Unfit::Brings("zed")));
        assert!(checks <= MAX_TRIALS + 20, "{checks}");
    }

    #[test]
    fn a_fix_that_mends_nothing_is_left_out_and_its_neighbour_has_its_turn() {
        let project = project("ab");
        let first = finding(&[(0, 1, "a")], Applicability::Safe);
        let second = Finding {
            rule: "second",
            ..finding(&[(0, 2, "AB")], Applicability::Safe)
        };
        let mut check = |project: &Project| match project.file.bytes() {
            b"ab" => vec![first.clone(), second.clone()],
            _ => vec![first.clone()],
        };
        let findings = check(&project);
        let outcome = apply(&project, &findings, false, &mut check);
        assert_eq!(outcome.bytes, b"AB");
        assert_eq!(outcome.applied, [second]);
        let because: Vec<_> = outcome.withheld.iter().map(|one| one.because).collect();
        assert_eq!(because, [Unfit::Ineffective]);
    }

    #[test]
    fn two_runs_that_a_removed_instruction_would_join_hold_nothing_else_up() {
        let options = CheckOptions {
            select: vec!["ALL".to_owned()],
            today: Some((2026, 6, 1)),
            ..CheckOptions::default()
        };
        let project = project(
            "FROM debian\nRUN <<EOF\napt-get update\nEOF\nENTRYPOINT exec a\nRUN npm ci\nENTRYPOINT exec a\nADD x /\n",
        );
        let mut check = |project: &Project| check_project(project, &options).findings;
        let findings = check(&project);
        let outcome = apply(&project, &findings, true, &mut check);
        let withheld: Vec<_> = (outcome.withheld.iter())
            .map(|one| (one.finding.rule, one.because))
            .collect();
        assert_eq!(
            withheld,
            [("overridden-instruction", Unfit::Brings("consecutive-run"))]
        );
        let text = String::from_utf8(outcome.bytes).unwrap();
        assert!(
            text.contains("COPY x /") && text.matches("ENTRYPOINT").count() == 2,
            "{text}"
        );
        assert!(outcome.left.contains(&outcome.withheld[0].finding));
    }
}
