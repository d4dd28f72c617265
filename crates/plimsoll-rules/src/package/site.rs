//! The RUNs of a file as rules on packages see them: who keeps what they leave, and what they call.

use plimsoll_model::{Confidence, cut};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use crate::mounts;
use crate::package::call::{self, Call};
use crate::project::{ProjectFile, StepView, unwrapped};
use crate::script::RunScript;

/// A RUN, an ONBUILD one too.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// Its step.
    pub(crate) view: StepView<'a>,
    /// The RUN itself.
    pub(crate) run: &'a Instruction,
    /// Whether its layer is part of the shipped image.
    pub(crate) ships: bool,
}

impl Site<'_> {
    /// How sure a finding is that counts wherever the step is built.
    pub(crate) fn where_built(&self, confidence: Confidence) -> Confidence {
        if self.view.stage.reaches_target {
            confidence
        } else {
            Confidence::Low
        }
    }

    /// How sure a finding is that counts only in the layers of the shipped image.
    pub(crate) fn where_shipped(&self, confidence: Confidence) -> Confidence {
        if self.ships {
            confidence
        } else {
            Confidence::Low
        }
    }
}

/// The RUNs of all stages in file order.
pub(crate) fn sites<'a>(file: &ProjectFile<'a>) -> impl Iterator<Item = Site<'a>> {
    let resolution = file.resolution;
    resolution.stages.iter().flat_map(move |stage| {
        let ships = file.ships(stage);
        file.steps(stage).filter_map(move |view| {
            let run = unwrapped(view.instruction);
            matches!(run.kind, InstructionKind::Run(_)).then_some(Site { view, run, ships })
        })
    })
}

/// One call of a package manager.
pub(crate) struct Called<'s, 'a> {
    pub(crate) script: &'s RunScript<'a>,
    pub(crate) command: &'s ShellCommand,
    pub(crate) call: Call<'s>,
}

/// The calls of package managers in a RUN, systems' and languages'.
pub(crate) fn calls<'s, 'a>(
    file: &'s ProjectFile<'a>,
    site: Site<'a>,
) -> impl Iterator<Item = Called<'s, 'a>> {
    let commands = file.package_commands(site.view);
    commands.filter_map(|(script, command)| {
        Some(Called {
            script,
            command,
            call: call::any_call(command)?,
        })
    })
}

/// The calls of package managers of all stages.
pub(crate) fn all_calls<'s, 'a>(
    file: &'s ProjectFile<'a>,
) -> impl Iterator<Item = (Site<'a>, Called<'s, 'a>)> {
    sites(file).flat_map(move |site| calls(file, site).map(move |called| (site, called)))
}

/// What a word becomes once its variables have the values that the file gives them; `None` where
/// only the shell, or who builds, knows.
pub(crate) fn expanded(
    file: &ProjectFile<'_>,
    site: &Site<'_>,
    word: &ShellWord,
) -> Option<Vec<String>> {
    if let Some(literal) = &word.literal {
        return Some(vec![literal.clone()]);
    }
    let raw = word.raw.as_str();
    if raw.contains("$(") || raw.contains('`') || !raw.contains('$') {
        return None;
    }
    let value = file.expand(raw, &site.view.step.before)?;
    Some(if raw.starts_with('"') {
        vec![value]
    } else {
        value.split_whitespace().map(str::to_owned).collect()
    })
}

/// A word for a message: short, without what stands in front of an `@` in an address.
pub(crate) fn shown(word: &ShellWord) -> String {
    let text = match &word.literal {
        Some(literal) => literal.as_str(),
        None => word.raw.trim_matches(['"', '\'']),
    };
    let text = match text.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            match rest[..end].rfind('@') {
                Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
                None => text.to_owned(),
            }
        }
        None => text.to_owned(),
    };
    format!("`{}`", cut(&text, 60).escape_debug())
}

/// Words for a message: the first three, and how many more there are.
pub(crate) fn list(words: &[&ShellWord]) -> String {
    let named: Vec<String> = words.iter().take(3).map(|word| shown(word)).collect();
    match (named.as_slice(), words.len().saturating_sub(3)) {
        ([one], 0) => one.clone(),
        ([head @ .., last], 0) => format!("{} and {last}", head.join(", ")),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

/// Whether an earlier step, of this stage or of one it stands on, or a command of this one, speaks
/// of a setting: `text` in lower case. Asked only where a finding is at stake.
pub(crate) fn written_before(file: &ProjectFile<'_>, site: &Site<'_>, text: &'static str) -> bool {
    let mut spoken = file.spoken.borrow_mut();
    let spoken = spoken.entry(text).or_insert_with(|| spoken_of(file, text));
    let first = spoken.get(site.view.stage.index).copied().flatten();
    first.is_some_and(|first| first <= site.view.step.instruction)
}

/// For each stage the first instruction that speaks of a setting; the start of the file where a stage
/// below does.
fn spoken_of(file: &ProjectFile<'_>, text: &str) -> Vec<Option<usize>> {
    let speaks = |instruction: &Instruction| {
        let bytes = instruction.lines.of(file.dockerfile.source.bytes());
        contains_ignoring_case(bytes, text.as_bytes())
    };
    let mut spoken: Vec<Option<usize>> = Vec::new();
    for stage in &file.resolution.stages {
        let below = file.below(stage);
        let below = below.and_then(|below| spoken.get(below.index).copied().flatten());
        let own = || {
            file.steps(stage)
                .filter(|view| {
                    let kind = &unwrapped(view.instruction).kind;
                    // A file that is copied in may say it too, but that is not seen here.
                    matches!(
                        kind,
                        InstructionKind::Run(_)
                            | InstructionKind::Copy(_)
                            | InstructionKind::Add(_)
                    )
                })
                .find(|view| speaks(view.instruction))
                .map(|view| view.step.instruction)
        };
        spoken.push(below.map(|_| 0).or_else(own));
    }
    spoken
}

fn contains_ignoring_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle))
}

/// Whether hadolint knows what a command calls: it looks through no `sudo`, and takes a path for
/// another program.
pub(crate) fn seen_by_hadolint(command: &ShellCommand) -> bool {
    command
        .words
        .first()
        .is_some_and(|word| word.literal.as_deref() == command.program())
}

/// Whether hadolint takes a command for the removal of a cache: `rm` with `-rf`, whatever it is that
/// is removed, or with that very path.
pub(crate) fn removes_to_hadolint(command: &ShellCommand, path: &str) -> bool {
    command.words.first().is_some_and(|word| word.raw == "rm")
        && command
            .arguments()
            .iter()
            .any(|word| word.raw == "-rf" || word.raw.trim_matches(['"', '\'']) == path)
}

/// Whether hadolint takes a RUN's writes to `part` for written into a cache.
pub(crate) fn mounted_to_hadolint(run: &Instruction, part: &str) -> bool {
    mounts::of(run).any(|mount| {
        matches!(mount.kind, "cache" | "tmpfs")
            && mount.target.is_some_and(|target| target.contains(part))
    })
}

/// Whether hadolint counts what a RUN leaves in its stage: of the last stage, of stages others stand
/// on, and what ONBUILD holds.
pub(crate) fn stays_to_hadolint(file: &ProjectFile<'_>, site: &Site<'_>) -> bool {
    let stage = site.view.stage;
    let stages = &file.resolution.stages;
    if stage.index + 1 == stages.len()
        || matches!(site.view.instruction.kind, InstructionKind::Onbuild(_))
    {
        return true;
    }
    // It knows stages by the name in FROM, tag or not.
    let named = file.started_from.get_or_init(|| {
        let from = stages
            .iter()
            .filter_map(|stage| match &file.from(stage).kind {
                InstructionKind::From(from) => Some(from.image.value.as_str()),
                _ => None,
            });
        from.map(|image| &image[..image.find(['@', ':']).unwrap_or(image.len())])
            .collect()
    });
    if let InstructionKind::From(from) = &file.from(stage).kind
        && let Some((_, alias)) = &from.alias
        && named.contains(alias.value.as_str())
    {
        return true;
    }
    // Two stages without a name on one image are the same to it.
    stages.last().is_some_and(|last| {
        let written = |stage| match &file.from(stage).kind {
            InstructionKind::From(from) => Some((
                from.image.value.as_str(),
                from.alias.as_ref().map(|(_, name)| name.value.as_str()),
            )),
            _ => None,
        };
        written(last) == written(stage) && last.platform == stage.platform
    })
}
