//! Comments that set findings aside: ours, and those of the tools people come from.
//!
//! Ours is `# plimsoll: allow(rule[, rule]) reason [until YYYY-MM-DD]`. Above an instruction, or
//! between its continuation lines, it speaks of that instruction; above the first instruction of
//! the file it speaks of the whole file. The last day counts. One without a reason still works and
//! is a finding itself; an expired one no longer works.
//!
//! Foreign comments keep the meaning their tool gives them. They may name what Plimsoll does not
//! check, so they are never reported as unknown or unused.

mod comment;

use plimsoll_model::{Applicability, Edit, Finding, Fix, Origin, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{Dockerfile, Item};

use crate::declare::rules;
use crate::options;
use crate::registry;
use crate::rule::Meta;
use expired_suppression::ExpiredSuppression;
use unexplained_suppression::UnexplainedSuppression;
use unknown_suppression::UnknownSuppression;
use unused_suppression::UnusedSuppression;

use comment::{Family, Pragma, Scope};

rules! {
    expired_suppression::ExpiredSuppression,
    unexplained_suppression::UnexplainedSuppression,
    unknown_suppression::UnknownSuppression,
    unused_suppression::UnusedSuppression,
}

/// A calendar day.
pub(crate) type Day = (i16, u8, u8);

/// What the comments of a file say of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Stands,
    /// It is set aside, for this reason.
    Allowed(String),
}

/// For each comment and each of its names whether it set something aside.
pub(crate) type Usage = Vec<Vec<bool>>;

/// The suppressing comments of one file.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    source: Option<SourceFile>,
    placed: Vec<Placed>,
    /// Where the first instruction starts; the end of a file that has none.
    first_instruction: usize,
}

#[derive(Debug)]
struct Placed {
    pragma: Pragma,
    /// The comment's line.
    line: Span,
    /// What it speaks of: bytes of the file, or `None` for all of it.
    reach: Option<Span>,
    /// The rules it means, each with the index of the name that means it.
    rules: Vec<(&'static str, usize)>,
}

impl Placed {
    fn new(pragma: Pragma, line: Span, reach: Option<Span>) -> Self {
        let rules = registry::all()
            .iter()
            .filter_map(|rule| {
                let meta = rule.meta();
                Some((meta.name, pragma.covers(meta)?))
            })
            .collect();
        Self {
            pragma,
            line,
            reach,
            rules,
        }
    }

    /// The index of the name that means the rule.
    fn names(&self, rule: &str) -> Option<usize> {
        let found = self.rules.iter().find(|(name, _)| *name == rule)?;
        Some(found.1)
    }
}

/// Every comment is held against every finding, so their number has a limit that no file people
/// write comes near. What stands behind it suppresses nothing.
const MAX_NAMES: usize = 4_000;

#[derive(Default)]
struct Collector {
    placed: Vec<Placed>,
    names: usize,
}

impl Collector {
    fn add(&mut self, pragma: Pragma, line: Span, reach: Option<Span>) {
        self.names += pragma.names.len().max(1);
        if self.names <= MAX_NAMES {
            self.placed.push(Placed::new(pragma, line, reach));
        }
    }
}

impl Suppressions {
    /// Collects them from a tree.
    pub(crate) fn read(tree: &Dockerfile) -> Self {
        let mut found = Collector::default();
        let mut pending: Vec<(Pragma, Span)> = Vec::new();
        let mut first_instruction = None;
        for item in &tree.items {
            match item {
                Item::Directive(directive) if directive.name == "check" => {
                    for pragma in comment::read_check(&directive.value.value) {
                        found.add(pragma, directive.span, None);
                    }
                }
                Item::Comment(comment) => {
                    for pragma in comment::read(&comment.text) {
                        let whole_file = pragma.scope == Scope::File
                            || (pragma.family == Family::Own && first_instruction.is_none());
                        if whole_file {
                            found.add(pragma, comment.span, None);
                        } else {
                            pending.push((pragma, comment.span));
                        }
                    }
                }
                Item::Instruction(instruction) => {
                    first_instruction.get_or_insert(instruction.lines.start);
                    let reach = Some(instruction.lines);
                    for (pragma, line) in pending.drain(..) {
                        found.add(pragma, line, reach);
                    }
                    for comment in &instruction.comments {
                        for pragma in comment::read(&comment.text) {
                            let reach = reach.filter(|_| pragma.scope != Scope::File);
                            found.add(pragma, comment.span, reach);
                        }
                    }
                }
                _ => {}
            }
        }
        // What stands below the last instruction speaks of nothing.
        let end = tree.source.bytes().len();
        for (pragma, line) in pending {
            found.add(pragma, line, Some(Span::new(end, end)));
        }
        Self {
            source: Some(tree.source.clone()),
            placed: found.placed,
            first_instruction: first_instruction.unwrap_or(end),
        }
    }

    /// Whether one of our own comments names the rule.
    pub(crate) fn name_rule(&self, meta: &Meta) -> bool {
        self.placed
            .iter()
            .filter(|one| one.pragma.family == Family::Own)
            .any(|one| one.names(meta.name).is_some())
    }

    /// An empty tally.
    pub(crate) fn usage(&self) -> Usage {
        self.placed
            .iter()
            .map(|one| vec![false; one.pragma.names.len()])
            .collect()
    }

    /// What the comments say of a finding; the ones that speak of it are ticked off in `used`.
    pub(crate) fn judge(&self, finding: &Finding, today: Option<Day>, used: &mut Usage) -> Verdict {
        let mut verdict = Verdict::Stands;
        for (at, one) in self.placed.iter().enumerate() {
            let Some(name) = one.names(finding.rule) else {
                continue;
            };
            if one.pragma.is_void(today) || !self.reaches(one, finding) {
                continue;
            }
            used[at][name] = true;
            if verdict == Verdict::Stands {
                verdict = Verdict::Allowed(one.pragma.reason());
            }
        }
        verdict
    }

    fn reaches(&self, one: &Placed, finding: &Finding) -> bool {
        let Some(reach) = one.reach else {
            return true;
        };
        let (Some(place), Some(source)) = (&finding.origin.source, &self.source) else {
            return false;
        };
        place.file == source.path()
            && reach.start <= place.span.start
            && place.span.start < reach.end
    }

    /// What our own comments are guilty of. `judged` are the rules that looked: of the others
    /// nobody knows whether they would have found something.
    pub(crate) fn faults(
        &self,
        today: Option<Day>,
        used: &Usage,
        judged: &[&'static str],
    ) -> Vec<Finding> {
        let Some(source) = &self.source else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        for (one, used) in self.placed.iter().zip(used) {
            let pragma = &one.pragma;
            if pragma.family != Family::Own {
                continue;
            }
            let mut fault = |meta: &'static Meta, message: String, help: String, fix| {
                faults.push(self_made(meta, source, one.line, message, help, fix));
            };
            if let Some(why) = pragma.malformed {
                fault(
                    &UnexplainedSuppression::META,
                    format!("This comment suppresses nothing: {why}."),
                    "Write `# plimsoll: allow(rule) reason until YYYY-MM-DD`.".to_owned(),
                    None,
                );
                continue;
            }
            for name in pragma.names.iter().filter(|name| !registry::is_known(name)) {
                let help = match options::suggest(name) {
                    Some(known) => format!("Did you mean `{known}`?"),
                    None => "Name a rule that Plimsoll has, or remove the comment.".to_owned(),
                };
                fault(
                    &UnknownSuppression::META,
                    format!("No rule is called `{}`.", name.escape_debug()),
                    help,
                    None,
                );
            }
            if pragma.why.is_empty() {
                fault(
                    &UnexplainedSuppression::META,
                    format!(
                        "Nothing says why {} is allowed here.",
                        pragma.names_for_people()
                    ),
                    "Write the reason behind the closing bracket.".to_owned(),
                    None,
                );
            }
            if let (Some((year, month, day)), true) = (pragma.until, pragma.is_void(today)) {
                fault(
                    &ExpiredSuppression::META,
                    format!(
                        "Allowing {} ended on {year:04}-{month:02}-{day:02}.",
                        pragma.names_for_people()
                    ),
                    "Mend what it allowed, or give a new end date with a reason that still holds."
                        .to_owned(),
                    None,
                );
                continue;
            }
            let unused: Vec<&String> = pragma
                .names
                .iter()
                .zip(used)
                .filter(|(name, used)| {
                    let rules = registry::find(name);
                    !**used
                        && !rules.is_empty()
                        && rules.iter().all(|rule| judged.contains(&rule.meta().name))
                })
                .map(|(name, _)| name)
                .collect();
            // Among the first lines, what stands below a comment may become a parser directive
            // once the comment is gone.
            let whole =
                unused.len() == pragma.names.len() && one.line.start > self.first_instruction;
            for name in &unused {
                let fix = whole.then(|| Fix {
                    title: "Remove the comment".to_owned(),
                    // A comment goes: that is for its author to decide.
                    applicability: Applicability::Unsafe,
                    edits: vec![Edit {
                        file: source.path().to_owned(),
                        span: one.line,
                        text: String::new(),
                    }],
                });
                fault(
                    &UnusedSuppression::META,
                    format!(
                        "`{}` finds nothing here that this comment could allow.",
                        name.escape_debug()
                    ),
                    "Remove it, so that it does not hide the next one.".to_owned(),
                    fix,
                );
            }
        }
        faults
    }
}

fn self_made(
    meta: &'static Meta,
    source: &SourceFile,
    line: Span,
    message: String,
    help: String,
    fix: Option<Fix>,
) -> Finding {
    let bytes = line.of(source.bytes());
    let trimmed = bytes.trim_ascii();
    let start = line.start + (bytes.len() - bytes.trim_ascii_start().len());
    Finding {
        rule: meta.name,
        aliases: meta.aliases,
        severity: meta.severity,
        confidence: meta.confidence,
        message,
        help: Some(help),
        origin: Origin {
            source: Some(SourceOrigin::new(
                source,
                Span::new(start, start + trimmed.len()),
            )),
            ..Origin::default()
        },
        related: Vec::new(),
        fix,
    }
}

#[cfg(test)]
mod tests;
