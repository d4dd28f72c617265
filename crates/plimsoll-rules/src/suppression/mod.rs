//! Comments that set findings aside: ours, and those of the tools people come from.
//!
//! Ours is `# plimsoll: allow(rule[, rule]) reason [until YYYY-MM-DD]`. Above an instruction, or
//! between its continuation lines, it speaks of that instruction; above the first instruction of
//! the file it speaks of the whole file. `allow-stage(…)` speaks of the stage that its instruction
//! opens or stands in, `allow-file(…)` of the file wherever it stands. The last day counts. One
//! without a reason still works and is a finding itself; an expired one no longer works.
//!
//! Foreign comments keep the meaning their tool gives them. They may name what Plimsoll does not
//! check, so they are never reported as unknown or unused; without a reason they are reported only
//! where reasons are required.
//!
//! A name that is another tool's id means what that tool would say: of a rule that sees more, only
//! the findings that carry the id.

mod comment;

use plimsoll_model::{Applicability, Edit, Finding, Fix, Origin, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{Dockerfile, Instruction, InstructionKind, Item};

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

/// For each comment and each of its names whether it set something aside.
pub(crate) type Usage = Vec<Vec<bool>>;

/// The suppressing comments of one file.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    source: Option<SourceFile>,
    placed: Vec<Placed>,
    /// Where the first instruction starts; the end of a file that has none.
    first_instruction: usize,
    /// Whether what BuildKit's checks find is to be an error.
    errors: bool,
    /// Experimental checks of BuildKit that the file asks for.
    experiments: Vec<String>,
}

#[derive(Debug)]
struct Placed {
    pragma: Pragma,
    /// The comment's line.
    line: Span,
    /// What it speaks of: bytes of the file, or `None` for all of it.
    reach: Option<Span>,
    /// The rules that it may mean.
    rules: Vec<&'static str>,
}

impl Placed {
    fn new(pragma: Pragma, line: Span, reach: Option<Span>) -> Self {
        let rules = registry::all()
            .iter()
            .map(|rule| rule.meta())
            .filter(|meta| pragma.covers(meta.name, meta.aliases).is_some())
            .map(|meta| meta.name)
            .collect();
        Self {
            pragma,
            line,
            reach,
            rules,
        }
    }

    /// Whether it may mean the rule.
    fn names(&self, rule: &str) -> bool {
        self.rules.contains(&rule)
    }
}

/// Every comment is held against every finding, so their number has a limit that no file people
/// write comes near. What stands behind it suppresses nothing.
const MAX_NAMES: usize = 4_000;

#[derive(Default)]
struct Collector {
    placed: Vec<Placed>,
    names: usize,
    /// Where each FROM stands, its whole lines.
    froms: Vec<Span>,
}

impl Collector {
    fn add(&mut self, pragma: Pragma, line: Span, reach: Option<Span>) {
        self.names += pragma.names.len().max(1);
        if self.names <= MAX_NAMES {
            self.placed.push(Placed::new(pragma, line, reach));
        }
    }

    /// Takes a comment above an instruction or between its lines.
    fn attach(
        &mut self,
        source: &SourceFile,
        pragma: Pragma,
        comment: Span,
        instruction: &Instruction,
    ) {
        let lines = instruction.lines;
        let opens = matches!(instruction.kind, InstructionKind::From(_));
        let reach = match pragma.scope {
            Scope::File => None,
            // Trivy has no place for what is missing, so that nobody could ignore it there: what
            // stands above a FROM is meant for it.
            Scope::Instruction
                if pragma.family == Family::Trivy
                    && opens
                    && pragma.names.iter().all(|name| is_missing(name)) =>
            {
                None
            }
            Scope::Instruction => Some(lines),
            Scope::Line => {
                let start = comment.end.clamp(lines.start, lines.end);
                Some(first_line(source, Span::new(start, lines.end)))
            }
            // The end of the stage is not known yet. hadolint leaves out the line below.
            Scope::Stage if pragma.family == Family::Hadolint => {
                Some(Span::new(lines.end, usize::MAX))
            }
            Scope::Stage => {
                let from = self.froms.last().map_or(0, |from| from.start);
                Some(Span::new(from, usize::MAX))
            }
        };
        self.add(pragma, comment, reach);
    }

    /// Takes what other tools read behind a command on its line.
    fn read_trailing(&mut self, source: &SourceFile, instruction: &Instruction) {
        let mut rest = instruction.lines;
        while !rest.is_empty() {
            let line = first_line(source, rest);
            rest.start = line.end;
            let inside = instruction
                .comments
                .iter()
                .any(|one| one.span.contains(line));
            let bytes = line.of(source.bytes());
            if inside || !comment::may_trail(bytes) {
                continue;
            }
            for pragma in comment::read_trailing(&String::from_utf8_lossy(bytes)) {
                let reach = match pragma.scope {
                    Scope::Line => line,
                    _ => instruction.lines,
                };
                self.add(pragma, line, Some(reach));
            }
        }
    }

    /// Gives those that reach to the end of their stage its end.
    fn close_stages(&mut self, end: usize) {
        for one in &mut self.placed {
            if let Some(reach) = &mut one.reach
                && reach.end == usize::MAX
            {
                // Ours starts at its FROM, hadolint's may start where the next one does.
                let own = one.pragma.family == Family::Own;
                let next = self
                    .froms
                    .iter()
                    .find(|from| from.start > reach.start || (!own && from.start == reach.start));
                reach.end = next.map_or(end, |from| from.start).max(reach.start);
            }
        }
    }
}

/// Whether Trivy's id tells of something that is not there.
fn is_missing(id: &str) -> bool {
    registry::carries(&["DS-0002", "DS-0026"], id)
}

/// Only the first line of a reach, for comments that speak of one line.
fn first_line(source: &SourceFile, span: Span) -> Span {
    let bytes = span.of(source.bytes());
    let end = memchr::memchr(b'\n', bytes).map_or(span.end, |at| span.start + at + 1);
    Span::new(span.start, end)
}

impl Suppressions {
    /// Collects them from a tree. `instead` is what BuildKit is told instead of the file's `check`
    /// directive.
    pub(crate) fn read(tree: &Dockerfile, instead: Option<&str>) -> Self {
        let source = &tree.source;
        let trailing = comment::may_trail(source.bytes());
        let mut found = Collector::default();
        let mut pending: Vec<(Pragma, Span)> = Vec::new();
        let mut first_instruction = None;
        let mut experiments = Vec::new();
        let mut errors = false;
        if let Some(value) = instead {
            experiments = comment::read_experiments(value);
            errors = comment::read_error(value);
            for pragma in comment::read_check(value) {
                found.add(pragma, Span::new(0, 0), None);
            }
        }
        for item in &tree.items {
            match item {
                Item::Directive(directive) if directive.name == "check" && instead.is_none() => {
                    let value = &directive.value.value;
                    experiments = comment::read_experiments(value);
                    errors = comment::read_error(value);
                    for pragma in comment::read_check(value) {
                        found.add(pragma, directive.span, None);
                    }
                }
                Item::Comment(comment) => {
                    for pragma in comment::read(&comment.text) {
                        let whole_file = pragma.scope == Scope::File
                            || (pragma.family == Family::Own
                                && pragma.scope == Scope::Instruction
                                && first_instruction.is_none());
                        if whole_file {
                            found.add(pragma, comment.span, None);
                        } else {
                            pending.push((pragma, comment.span));
                        }
                    }
                }
                Item::Instruction(instruction) => {
                    first_instruction.get_or_insert(instruction.lines.start);
                    if matches!(instruction.kind, InstructionKind::From(_)) {
                        found.froms.push(instruction.lines);
                    }
                    for (pragma, line) in pending.drain(..) {
                        found.attach(source, pragma, line, instruction);
                    }
                    for comment in &instruction.comments {
                        for pragma in comment::read(&comment.text) {
                            found.attach(source, pragma, comment.span, instruction);
                        }
                    }
                    if trailing {
                        found.read_trailing(source, instruction);
                    }
                }
                // hadolint's speak of the next line, and of nothing behind an empty one.
                Item::Blank(_) => pending.retain(|(one, _)| one.family != Family::Hadolint),
                Item::Directive(_) => {}
            }
        }
        // What stands below the last instruction speaks of nothing.
        let end = tree.source.bytes().len();
        for (pragma, line) in pending {
            found.add(pragma, line, Some(Span::new(end, end)));
        }
        found.close_stages(end);
        Self {
            source: Some(tree.source.clone()),
            placed: found.placed,
            first_instruction: first_instruction.unwrap_or(end),
            experiments,
            errors,
        }
    }

    /// Whether the file makes a finding an error: one of BuildKit's checks under `error=true`.
    pub(crate) fn make_error(&self, finding: &Finding) -> bool {
        let mut aliases = finding.aliases.iter();
        self.errors && aliases.any(|alias| alias.bytes().all(|b| b.is_ascii_alphabetic()))
    }

    /// Whether the file asks BuildKit for a check that is experimental and off by itself.
    pub(crate) fn ask_for(&self, meta: &Meta) -> bool {
        self.experiments.iter().any(|name| {
            meta.aliases.iter().any(|alias| {
                alias.eq_ignore_ascii_case(name)
                    || name.eq_ignore_ascii_case("all") && *alias == "InvalidDefinitionDescription"
            })
        })
    }

    /// Whether one of our own comments names the rule.
    pub(crate) fn name_rule(&self, meta: &Meta) -> bool {
        self.placed
            .iter()
            .filter(|one| one.pragma.family == Family::Own)
            .any(|one| one.names(meta.name))
    }

    /// An empty tally.
    pub(crate) fn usage(&self) -> Usage {
        self.placed
            .iter()
            .map(|one| vec![false; one.pragma.names.len()])
            .collect()
    }

    /// The reason why the comments set a finding aside, where they do; the ones that speak of it
    /// are ticked off in `used`.
    pub(crate) fn judge(
        &self,
        finding: &Finding,
        today: Option<Day>,
        used: &mut Usage,
    ) -> Option<String> {
        let mut reason = None;
        for (at, one) in self.placed.iter().enumerate() {
            if !one.names(finding.rule) || one.pragma.is_void(today) || !self.reaches(one, finding)
            {
                continue;
            }
            let Some(name) = one.pragma.covers(finding.rule, finding.aliases) else {
                continue;
            };
            used[at][name] = true;
            if reason.is_none() {
                reason = Some(one.pragma.reason());
            }
        }
        reason
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

    /// What our own comments are guilty of, and all of them where reasons are required. `judged` are the rules that looked: of the others
    /// nobody knows whether they would have found something.
    pub(crate) fn faults(
        &self,
        today: Option<Day>,
        used: &Usage,
        judged: &[&'static str],
        require_reason: bool,
    ) -> Vec<Finding> {
        let Some(source) = &self.source else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        for (one, used) in self.placed.iter().zip(used) {
            let pragma = &one.pragma;
            let own = pragma.family == Family::Own;
            let asked = require_reason && pragma.why.is_empty();
            if !own && !asked {
                continue;
            }
            let mut fault = |meta: &'static Meta, message: String, help: String, fix| {
                faults.push(self_made(meta, source, one.line, message, help, fix));
            };
            if let Some(why) = pragma.malformed {
                fault(
                    &UnexplainedSuppression::META,
                    format!("This comment suppresses nothing: {why}."),
                    "Write `# plimsoll: allow(rule) reason until YYYY-MM-DD`, or `allow-stage(…)`, or \
                     `allow-file(…)`.".to_owned(),
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
                    if own {
                        "Write the reason behind the closing bracket.".to_owned()
                    } else {
                        "Write the reason behind it, or `# plimsoll: allow(rule) reason` in its \
                         stead."
                            .to_owned()
                    },
                    None,
                );
            }
            if !own {
                continue;
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
        subjects: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
