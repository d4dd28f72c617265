//! One Dockerfile with all that is known around it, as rules see it.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use plimsoll_model::{ImageConfig, Platform, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{
    Base, Command, Dockerfile, Instruction, InstructionKind, Resolution, Stage, State, Step,
    SyntaxError, expand,
};
use plimsoll_syntax::shell::ShellCommand;

use crate::base::{family, sh};
use crate::context::SharedContext;
use crate::options::{BaseLookup, CredentialLookup, RuleSettings};
use crate::package::call;
pub(crate) use crate::script::is_posix_shell;
use crate::script::{self, RunScript};
use crate::shell::hints::Hints;
use crate::shell::kind::{Shell, ShellKind};
use crate::shell::named::NamedShells;
use crate::start_script::{self, ContextScript};

/// What the caller hands in for one Dockerfile.
#[derive(Clone, Debug)]
pub struct Project {
    /// The Dockerfile.
    pub file: SourceFile,
    /// Its build context, where one is known (not for standard input).
    /// Shared: many Dockerfiles of one folder have one context.
    pub context: Option<Arc<SharedContext>>,
}

/// One Dockerfile of a project with all that is known around it.
pub struct ProjectFile<'a> {
    /// The tree.
    pub dockerfile: &'a Dockerfile,
    /// Its syntax errors.
    pub errors: &'a [SyntaxError],
    /// What it means.
    pub resolution: &'a Resolution,
    /// The build context, where one is known.
    pub context: Option<&'a SharedContext>,
    /// What single rules were told.
    pub settings: &'a RuleSettings,
    /// Year, month and day of the check, where one was given.
    pub(crate) today: Option<(i16, u8, u8)>,
    /// Looks up base images that are at hand.
    pub(crate) base_config: Option<&'a BaseLookup>,
    /// Looks for credentials in instructions and files of the context.
    pub(crate) credentials: Option<CredentialLookup>,
    /// The platform the image is for, where one was asked for.
    pub(crate) platform: Option<&'a Platform>,
    instructions: Vec<&'a Instruction>,
    named_shells: NamedShells,
    /// For each stage the one at the bottom of it.
    bottoms: Vec<usize>,
    /// For each stage whether the shipped image is made of it.
    ships: Vec<bool>,
    /// Shell is parsed when the first rule asks, once for all of them.
    scripts: Vec<OnceCell<Vec<RunScript<'a>>>>,
    /// For each instruction which of its commands call a package manager, by script and command.
    package_calls: Vec<OnceCell<Vec<(usize, usize)>>>,
    entry: OnceCell<Option<ContextScript<'a>>>,
    /// For each setting that a rule asked about where it is first spoken of, for each stage.
    pub(crate) spoken: RefCell<HashMap<&'static str, Vec<Option<usize>>>>,
    /// The names that stand in FROM, without tags.
    pub(crate) started_from: OnceCell<HashSet<&'a str>>,
    pub(crate) hints: Hints,
}

/// A step of a stage with its instruction at hand.
#[derive(Clone, Copy)]
pub struct StepView<'a> {
    /// The stage it stands in.
    pub stage: &'a Stage,
    /// The step.
    pub step: &'a Step,
    /// Its instruction.
    pub instruction: &'a Instruction,
}

/// An instruction that says what a container starts with, and what it says.
pub(crate) type Starting<'a> = (StepView<'a>, &'a Command);

impl<'a> ProjectFile<'a> {
    pub(crate) fn new(
        dockerfile: &'a Dockerfile,
        errors: &'a [SyntaxError],
        resolution: &'a Resolution,
        context: Option<&'a SharedContext>,
        settings: &'a RuleSettings,
    ) -> Self {
        let instructions: Vec<_> = dockerfile.instructions().collect();
        let scripts = instructions.iter().map(|_| OnceCell::new()).collect();
        let package_calls = instructions.iter().map(|_| OnceCell::new()).collect();
        let mut bottoms: Vec<usize> = Vec::with_capacity(resolution.stages.len());
        for (index, stage) in resolution.stages.iter().enumerate() {
            // A stage stands on an earlier one; all else is an error of the file.
            let below = below(stage).and_then(|below| bottoms.get(below));
            bottoms.push(below.copied().unwrap_or(index));
        }
        let mut file = Self {
            dockerfile,
            errors,
            resolution,
            context,
            settings,
            today: None,
            base_config: None,
            credentials: None,
            platform: None,
            instructions,
            named_shells: NamedShells::read(dockerfile),
            bottoms,
            ships: vec![false; resolution.stages.len()],
            scripts,
            package_calls,
            entry: OnceCell::new(),
            spoken: RefCell::default(),
            started_from: OnceCell::new(),
            hints: Hints::default(),
        };
        for stage in file.shipped_chain() {
            file.ships[stage.index] = true;
        }
        file
    }

    /// The place of a span of the Dockerfile.
    pub fn place(&self, span: Span) -> SourceOrigin {
        SourceOrigin::new(&self.dockerfile.source, span)
    }

    /// The instruction at an index of the resolution.
    pub fn instruction(&self, index: usize) -> &'a Instruction {
        self.instructions[index]
    }

    /// The index of the instruction whose lines hold a byte of the file.
    pub fn instruction_at(&self, byte: usize) -> Option<usize> {
        let next = self
            .instructions
            .partition_point(|instruction| instruction.lines.start <= byte);
        let at = next.checked_sub(1)?;
        (byte < self.instructions[at].lines.end).then_some(at)
    }

    /// How many instructions the file has.
    pub fn instruction_count(&self) -> usize {
        self.instructions.len()
    }

    /// The FROM of a stage.
    pub fn from(&self, stage: &Stage) -> &'a Instruction {
        self.instructions[stage.from]
    }

    /// The stage that ships.
    pub fn target(&self) -> Option<&'a Stage> {
        let resolution = self.resolution;
        resolution.stages.get(resolution.target?)
    }

    /// The stages that the shipped image is made of: the target and the stages it stands on, the
    /// lowest first. Stages that only files are copied from are not among them.
    pub fn shipped_chain(&self) -> Vec<&'a Stage> {
        let stages = &self.resolution.stages;
        let mut chain: Vec<&'a Stage> = Vec::new();
        let mut next = self.target();
        while let Some(stage) = next {
            chain.push(stage);
            next = below(stage)
                .filter(|below| *below < stage.index)
                .and_then(|below| stages.get(below));
        }
        chain.reverse();
        chain
    }

    /// The stage of this file that a stage stands on.
    pub(crate) fn below(&self, stage: &Stage) -> Option<&'a Stage> {
        let index = below(stage).filter(|below| *below < stage.index)?;
        self.resolution.stages.get(index)
    }

    /// Whether the shipped image is made of a stage.
    pub fn ships(&self, stage: &Stage) -> bool {
        self.ships.get(stage.index).copied().unwrap_or(false)
    }

    /// The steps of a stage.
    pub fn steps(&self, stage: &'a Stage) -> impl DoubleEndedIterator<Item = StepView<'a>> {
        stage.steps.iter().map(move |step| StepView {
            stage,
            step,
            instruction: self.instructions[step.instruction],
        })
    }

    /// The steps that the shipped image is made of, in the order they run.
    pub fn shipped_steps(&self) -> impl Iterator<Item = StepView<'a>> {
        self.shipped_chain()
            .into_iter()
            .flat_map(|stage| self.steps(stage))
    }

    /// The ENTRYPOINT and the CMD that a container of the target starts with.
    pub(crate) fn starting_commands(&self) -> (Option<Starting<'a>>, Option<Starting<'a>>) {
        let (mut entrypoint, mut cmd) = (None, None);
        for view in self.shipped_steps() {
            match &view.instruction.kind {
                InstructionKind::Entrypoint(command) => {
                    // Setting an entry point takes the CMD of a stage below back.
                    cmd = cmd
                        .filter(|(below, _): &Starting<'a>| below.stage.index == view.stage.index);
                    entrypoint = Some((view, command));
                }
                InstructionKind::Cmd(command) => cmd = Some((view, command)),
                _ => {}
            }
        }
        (entrypoint, cmd)
    }

    /// The steps that a build of the target runs at all, in file order.
    pub fn built_steps(&self) -> impl Iterator<Item = StepView<'a>> {
        let stages = &self.resolution.stages;
        stages
            .iter()
            .filter(|stage| stage.reaches_target)
            .flat_map(|stage| self.steps(stage))
    }

    /// Images of somewhere else that stages stand on or copy from: where each is named, and whether
    /// a build of the target fetches it.
    pub fn outside_images(&self) -> Vec<(&'a Base, Span, bool)> {
        let mut images = Vec::new();
        for stage in &self.resolution.stages {
            let mut add = |base: &'a Base, place| {
                if matches!(base, Base::Image(_) | Base::Unresolved(_)) {
                    images.push((base, place, stage.reaches_target));
                }
            };
            let from = self.from(stage);
            let place = match &from.kind {
                InstructionKind::From(from) => from.image.span,
                _ => from.span,
            };
            add(&stage.base, place);
            for view in self.steps(stage) {
                let place = view
                    .instruction
                    .flag("from")
                    .map_or(view.instruction.span, |word| word.span);
                for base in &view.step.from {
                    add(base, place);
                }
            }
        }
        images
    }

    /// A word with its variables replaced; `None` where a value is not known.
    pub fn expand(&self, word: &str, state: &State) -> Option<String> {
        struct Known<'s>(&'s State);
        impl expand::Variables for Known<'_> {
            fn value(&self, name: &str) -> Option<&str> {
                self.0.variables.get(name)?.value.as_deref()
            }
        }
        let expansion = expand::Lexer::new(self.dockerfile.escape)
            .expand(word, &Known(state))
            .ok()?;
        expansion.unset.is_empty().then_some(expansion.value)
    }

    /// The configuration of the image at the bottom of a stage, where it is at hand.
    pub fn base_config(&self, stage: &Stage) -> Option<ImageConfig> {
        match &self.bottom(stage).base {
            Base::Image(reference) | Base::Context(reference) => self.base_config?(reference),
            _ => None,
        }
    }

    /// The stage at the bottom of a stage, through the stages it stands on.
    pub fn bottom(&self, stage: &Stage) -> &'a Stage {
        &self.resolution.stages[self.bottoms[stage.index]]
    }

    /// The commands that a step hands to a shell or runs. Empty for what is not RUN, CMD,
    /// ENTRYPOINT or HEALTHCHECK (ONBUILD is looked through), and for what a Windows shell reads.
    pub fn scripts(&self, view: StepView<'_>) -> &[RunScript<'a>] {
        let index = view.step.instruction;
        self.scripts[index].get_or_init(|| {
            let instruction = self.instructions[index];
            script::parse(instruction, self.shell(view), self.sh(view.stage))
        })
    }

    /// The shell that reads the shell form of a step: what SHELL says, else `/bin/sh` as far as the
    /// base image tells which that is. A text may be read by another one, as where a heredoc
    /// starts with `#!`: see [`RunScript::shell`].
    pub fn shell(&self, view: StepView<'_>) -> Shell {
        if let Some(name) = self.named_shells.at(view.instruction.lines.start) {
            return Shell::of_words([name], self.sh(view.stage));
        }
        match view.step.before.shell.as_deref() {
            Some(words @ [_, ..]) => {
                Shell::of_words(words.iter().map(String::as_str), self.sh(view.stage))
            }
            _ => Shell::default_of(self.sh(view.stage)),
        }
    }

    /// What `/bin/sh` is in a stage, where that is known.
    pub(crate) fn sh(&self, stage: &Stage) -> Option<ShellKind> {
        let base = &self.bottom(stage).base;
        let known = sh::sh(base);
        // Nobody changes the escape character but for the paths of Windows.
        let for_windows = self.dockerfile.escape == b'`' && known.is_none();
        if for_windows || family::is_windows(base) {
            return Some(ShellKind::Cmd);
        }
        known
    }

    /// The shell script that a container of the target starts with, where ENTRYPOINT or CMD name
    /// one that a COPY brings from the build context (or writes down in a heredoc).
    pub fn entry_script(&self) -> Option<&ContextScript<'a>> {
        self.entry.get_or_init(|| start_script::find(self)).as_ref()
    }

    /// The commands of a step with the script each stands in.
    pub fn commands(
        &self,
        view: StepView<'_>,
    ) -> impl Iterator<Item = (&RunScript<'a>, &ShellCommand)> {
        self.scripts(view).iter().flat_map(|script| {
            script
                .script
                .commands
                .iter()
                .map(move |command| (script, command))
        })
    }

    /// Those commands of a step that call a package manager: few of many, and asked for often.
    pub(crate) fn package_commands(
        &self,
        view: StepView<'_>,
    ) -> impl Iterator<Item = (&RunScript<'a>, &ShellCommand)> {
        let scripts = self.scripts(view);
        let found = self.package_calls[view.step.instruction].get_or_init(|| {
            let commands = |script: usize| {
                let commands = scripts[script].script.commands.iter().enumerate();
                commands
                    .filter(|(_, command)| call::is_call(command))
                    .map(move |(at, _)| (script, at))
            };
            (0..scripts.len()).flat_map(commands).collect()
        });
        found
            .iter()
            .map(|(script, at)| (&scripts[*script], &scripts[*script].script.commands[*at]))
    }
}

/// The stage that a stage stands on.
fn below(stage: &Stage) -> Option<usize> {
    match stage.base {
        Base::Stage(below) => Some(below),
        _ => None,
    }
}

/// What an ONBUILD holds, else the instruction itself.
pub(crate) fn unwrapped(instruction: &Instruction) -> &Instruction {
    match &instruction.kind {
        InstructionKind::Onbuild(inner) => inner,
        _ => instruction,
    }
}
