//! Evaluates the stages of a Dockerfile: every instruction changes the tree, the configuration, or
//! both, and leaves the history entry BuildKit would leave.

mod metadata;

use std::collections::BTreeMap;

use plimsoll_model::{HistoryEntry, ImageConfig, Platform, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{
    Base, Command, CommandForm, Dockerfile, Instruction, InstructionKind, Resolution, ResolveInput,
    Stage, State, Step, SyntaxError, Word, resolve,
};

pub(crate) use self::metadata::set_label;
use self::metadata::{metadata, set_env};
use super::build::{BaseImage, Build, Key, StepFailure, Tree};
use super::wire::{Failure, FailureKind, Request};
use super::worker::work_of;
use crate::time::rfc3339;
use crate::{BuildError, Vertex};

/// Comment of every history entry BuildKit writes.
const COMMENT: &str = "buildkit.dockerfile.v0";
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A finished stage.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) tree: Tree,
    pub(crate) config: ImageConfig,
}

/// Everything an instruction is evaluated with.
pub(crate) struct At<'s> {
    pub(crate) instruction: &'s Instruction,
    pub(crate) before: &'s State,
    pub(crate) after: &'s State,
    pub(crate) from: &'s [Base],
    pub(crate) escape: u8,
    /// Place in the Dockerfile; `None` for a trigger of a base image.
    pub(crate) span: Option<Span>,
}

impl At<'_> {
    pub(crate) fn expand(&self, word: &Word) -> Result<String, Failure> {
        self.before
            .expand(word, self.escape)
            .map_err(|e| Failure::input(e.to_string()))
    }
}

/// The Dockerfile and what was built of it so far.
pub(crate) struct Evaluation<'a> {
    pub(crate) build: &'a Build<'a>,
    pub(crate) file: &'a Dockerfile,
    pub(crate) stages: BTreeMap<usize, Built>,
}

/// One stage under way.
pub(crate) struct StageRun {
    pub(crate) tree: Tree,
    config: ImageConfig,
    /// `ARG`s of this stage, in order.
    pub(crate) arguments: Vec<(String, Option<String>)>,
    cmd_set: bool,
    /// `build 2/5`
    label: String,
    number: usize,
    total: usize,
}

/// Triggers of a base image as instructions of their own.
struct Triggers {
    file: Dockerfile,
    resolution: Resolution,
}

/// Builds the target and everything it needs.
pub(crate) fn evaluate<'a>(
    build: &'a Build<'a>,
    file: &'a Dockerfile,
) -> Result<Built, BuildError> {
    let plan = build.plan;
    let input = || ResolveInput {
        build_args: build_args(build),
        target_platform: Some(plan.platform.clone().unwrap_or_else(Platform::host)),
        target: plan.target.clone(),
        base_config: None,
        build_contexts: plan.named_contexts.keys().cloned().collect(),
    };
    let source = &plan.dockerfile;
    let first = resolve(file, &input());
    refuse(source, &first.errors)?;
    let instructions: Vec<&Instruction> = file.instructions().collect();
    // Bases are opened once it is known which stages are needed.
    let mut configs: BTreeMap<String, ImageConfig> = BTreeMap::new();
    let mut triggers: BTreeMap<String, Triggers> = BTreeMap::new();
    for stage in first.stages.iter().filter(|stage| stage.reaches_target) {
        let (Base::Image(name) | Base::Context(name)) = &stage.base else {
            continue;
        };
        if configs.contains_key(name) {
            continue;
        }
        let span = instructions.get(stage.from).map(|from| from.span);
        let place = |failure| place_failure(source, span, failure);
        let mut vertex = build.vertex(&format!("[internal] load metadata for {name}"));
        build.tell(&vertex);
        let base = build.image(name).map_err(place)?;
        check_platform(build, &base).map_err(place)?;
        vertex.completed = true;
        build.tell(&vertex);
        let mut config = base.image.config.clone();
        if !config.on_build.is_empty() {
            let trigger = read_triggers(&config, &input()).map_err(place)?;
            apply_state(&mut config, &trigger.resolution);
            triggers.insert(name.clone(), trigger);
        }
        configs.insert(name.clone(), config);
    }
    let look_up = |name: &str| configs.get(name).cloned();
    let resolution = resolve(
        file,
        &ResolveInput {
            base_config: Some(&look_up),
            ..input()
        },
    );
    refuse(source, &resolution.errors)?;
    let target = resolution.target.ok_or_else(|| BuildError::Input {
        place: None,
        message: "the Dockerfile has no stage to build: it needs a FROM".to_owned(),
    })?;
    let mut evaluation = Evaluation {
        build,
        file,
        stages: BTreeMap::new(),
    };
    let single = resolution.stages.len() == 1;
    for stage in resolution
        .stages
        .iter()
        .filter(|stage| stage.reaches_target)
    {
        let name = match (&stage.name, single) {
            (Some(name), _) => format!("{name} "),
            (None, true) => String::new(),
            (None, false) => format!("stage-{} ", stage.index),
        };
        let built = evaluation.stage(stage, &name, &instructions, &triggers)?;
        evaluation.stages.insert(stage.index, built);
    }
    evaluation
        .stages
        .remove(&target)
        .ok_or_else(|| BuildError::Environment("the target stage was not built".to_owned()))
}

/// `--build-arg`, and the clamp as the argument BuildKit gives it as.
fn build_args(build: &Build<'_>) -> BTreeMap<String, String> {
    let mut args = build.plan.build_args.clone();
    if let Some(epoch) = build.plan.source_date_epoch {
        args.entry("SOURCE_DATE_EPOCH".to_owned())
            .or_insert_with(|| epoch.to_string());
    }
    args
}

fn refuse(source: &SourceFile, errors: &[SyntaxError]) -> Result<(), BuildError> {
    match errors.first() {
        None => Ok(()),
        Some(error) => Err(BuildError::Input {
            place: Some(SourceOrigin::new(source, error.span)),
            message: error.message.clone(),
        }),
    }
}

/// An error of this build, with its place.
pub(crate) fn place_failure(
    source: &SourceFile,
    span: Option<Span>,
    failure: Failure,
) -> BuildError {
    let place = span.map(|span| SourceOrigin::new(source, span));
    match failure.kind {
        FailureKind::Input | FailureKind::Hostile => BuildError::Input {
            place,
            message: failure.message,
        },
        FailureKind::Environment => BuildError::Environment(match &place {
            Some(place) => format!("{}:{}: {}", place.file, place.start.line, failure.message),
            None => failure.message,
        }),
        FailureKind::Unsupported => BuildError::Unsupported {
            engine: "native",
            what: failure.message,
            instead: "the buildkit engine can, choose it with `--engine buildkit`".to_owned(),
            place,
        },
    }
}

pub(crate) fn unsupported(what: impl Into<String>) -> Failure {
    Failure {
        kind: FailureKind::Unsupported,
        message: what.into(),
    }
}

fn check_platform(build: &Build<'_>, base: &BaseImage) -> Result<(), Failure> {
    let wanted = build.plan.platform.clone().unwrap_or_else(Platform::host);
    match &base.image.config.platform {
        Some(platform)
            if platform.os != wanted.os || platform.architecture != wanted.architecture =>
        {
            Err(unsupported(format!(
                "a base for {platform} (`{}`) on {wanted}",
                base.reference
            )))
        }
        _ => Ok(()),
    }
}

fn read_triggers(config: &ImageConfig, input: &ResolveInput<'_>) -> Result<Triggers, Failure> {
    let text = format!("FROM base\n{}\n", config.on_build.join("\n"));
    let (file, errors) = plimsoll_syntax::dockerfile::parse(SourceFile::new("ONBUILD", text));
    let mut bare = config.clone();
    bare.on_build = Vec::new();
    let look_up = |_: &str| Some(bare.clone());
    let resolution = resolve(
        &file,
        &ResolveInput {
            base_config: Some(&look_up),
            target: None,
            ..input.clone()
        },
    );
    match errors.iter().chain(&resolution.errors).next() {
        Some(error) => Err(Failure::input(format!(
            "a trigger (ONBUILD) of the base image: {}",
            error.message
        ))),
        None => Ok(Triggers { file, resolution }),
    }
}

/// What triggers leave behind for the instructions after them.
fn apply_state(config: &mut ImageConfig, resolution: &Resolution) {
    let Some(end) = resolution.stages.first().map(|stage| &stage.end) else {
        return;
    };
    for (name, variable) in &end.variables {
        if let (false, Some(value)) = (variable.is_arg, &variable.value) {
            set_env(&mut config.env, name, value);
        }
    }
    if let Some(user) = &end.user {
        config.user.clone_from(user);
    }
    if let Some(workdir) = &end.workdir {
        config.working_dir.clone_from(workdir);
    }
    config.shell.clone_from(&end.shell);
}

/// Whether an instruction is one of the numbered steps people see.
fn is_counted(kind: &InstructionKind) -> bool {
    matches!(
        kind,
        InstructionKind::Run(_)
            | InstructionKind::Copy(_)
            | InstructionKind::Add(_)
            | InstructionKind::Workdir(_)
    )
}

impl Evaluation<'_> {
    fn stage(
        &mut self,
        stage: &Stage,
        name: &str,
        instructions: &[&Instruction],
        triggers: &BTreeMap<String, Triggers>,
    ) -> Result<Built, BuildError> {
        let source = self.build.plan.dockerfile.clone();
        let from = instructions.get(stage.from).map(|from| from.span);
        let place = |failure| place_failure(&source, from, failure);
        let host = Platform::host();
        let wanted = self
            .build
            .plan
            .platform
            .clone()
            .unwrap_or_else(|| host.clone());
        for platform in [
            Some(wanted.clone()),
            stage.platform.as_deref().and_then(Platform::parse),
        ]
        .into_iter()
        .flatten()
        {
            if platform.os != host.os || platform.architecture != host.architecture {
                return Err(place(unsupported(format!(
                    "an image for {platform} on {host}"
                ))));
            }
        }
        let counted = stage
            .steps
            .iter()
            .filter_map(|step| self.inner(instructions, step))
            .filter(|instruction| is_counted(&instruction.kind))
            .count();
        let (tree, config) = self.base(stage, &wanted).map_err(place)?;
        let mut run = StageRun {
            tree,
            config,
            arguments: Vec::new(),
            cmd_set: false,
            label: name.to_owned(),
            number: 1,
            total: counted + 1,
        };
        if let Base::Image(name) | Base::Context(name) = &stage.base {
            let mut vertex = self.build.vertex(&run.title(&format!("FROM {name}")));
            vertex.completed = true;
            vertex.cached = true;
            self.build.tell(&vertex);
            if let Some(triggers) = triggers.get(name)
                && let Some(stage) = triggers.resolution.stages.first()
            {
                let own: Vec<&Instruction> = triggers.file.instructions().collect();
                for (at, step) in stage.steps.iter().enumerate() {
                    let Some(instruction) = own.get(step.instruction) else {
                        continue;
                    };
                    let at = At {
                        instruction,
                        before: &step.before,
                        after: stage
                            .steps
                            .get(at + 1)
                            .map_or(&stage.end, |next| &next.before),
                        from: &step.from,
                        escape: triggers.file.escape,
                        span: None,
                    };
                    self.instruction(&at, &mut run)
                        .map_err(|failure| self.failed(from, failure))?;
                }
            }
        }
        for (index, step) in stage.steps.iter().enumerate() {
            let Some(instruction) = self.inner(instructions, step) else {
                continue;
            };
            let span = instructions.get(step.instruction).map(|i| i.span);
            let at = At {
                instruction,
                before: &step.before,
                after: stage
                    .steps
                    .get(index + 1)
                    .map_or(&stage.end, |next| &next.before),
                from: &step.from,
                escape: self.file.escape,
                span,
            };
            self.instruction(&at, &mut run)
                .map_err(|failure| self.failed(span, failure))?;
        }
        Ok(Built {
            tree: run.tree,
            config: run.config,
        })
    }

    /// The instruction of a step: for a trigger the one inside ONBUILD.
    fn inner<'i>(&self, instructions: &[&'i Instruction], step: &Step) -> Option<&'i Instruction> {
        let instruction = *instructions.get(step.instruction)?;
        match &instruction.kind {
            InstructionKind::Onbuild(inner) if step.triggered => Some(inner),
            _ => Some(instruction),
        }
    }

    fn failed(&self, span: Option<Span>, failure: StepFailure) -> BuildError {
        let source = &self.build.plan.dockerfile;
        match failure {
            StepFailure::Failure(failure) => place_failure(source, span, failure),
            StepFailure::Command { message, tail } => BuildError::Step {
                place: span.map(|span| SourceOrigin::new(source, span)),
                message,
                tail,
            },
        }
    }

    fn base(&self, stage: &Stage, platform: &Platform) -> Result<(Tree, ImageConfig), Failure> {
        let (tree, mut config) = match &stage.base {
            Base::Scratch => {
                let config = ImageConfig {
                    platform: Some(platform.clone()),
                    working_dir: "/".to_owned(),
                    ..ImageConfig::default()
                };
                (Tree::scratch(), config)
            }
            Base::Stage(index) => {
                let built = self.stages.get(index).ok_or_else(|| {
                    Failure::environment("a stage was needed before it was built")
                })?;
                let mut config = built.config.clone();
                // Its triggers have run by now, or run next.
                config.on_build = Vec::new();
                (built.tree.clone(), config)
            }
            Base::Image(name) | Base::Context(name) => {
                let base = self.build.image(name)?;
                let mut config = base.image.config.clone();
                config.on_build = Vec::new();
                (Tree::of_image(&base), config)
            }
            Base::Unresolved(name) => {
                return Err(Failure::input(format!("`{name}` names no image")));
            }
        };
        let has_path = config.env.iter().any(|pair| pair.starts_with("PATH="));
        if !has_path {
            config.env.push(format!("PATH={DEFAULT_PATH}"));
        }
        Ok((tree, config))
    }

    /// The tree that COPY or a mount takes files from.
    pub(crate) fn source_tree(&self, base: &Base) -> Result<Tree, Failure> {
        match base {
            Base::Scratch => Ok(Tree::scratch()),
            Base::Stage(index) => self
                .stages
                .get(index)
                .map(|built| built.tree.clone())
                .ok_or_else(|| Failure::environment("a stage was needed before it was built")),
            Base::Image(name) | Base::Context(name) => Ok(Tree::of_image(&self.build.image(name)?)),
            Base::Unresolved(name) => Err(Failure::input(format!("`{name}` names no stage"))),
        }
    }

    fn instruction(&self, at: &At<'_>, run: &mut StageRun) -> Result<(), StepFailure> {
        match &at.instruction.kind {
            InstructionKind::From(_) => Ok(()),
            InstructionKind::Run(command) => self.run(at, command, run),
            InstructionKind::Copy(words) => self.copy(at, words, false, run),
            InstructionKind::Add(words) => self.copy(at, words, true, run),
            InstructionKind::Workdir(_) => self.workdir(at, run),
            _ => Ok(metadata(at, run, self.build.plan.source_date_epoch)?),
        }
    }

    fn workdir(&self, at: &At<'_>, run: &mut StageRun) -> Result<(), StepFailure> {
        let path = at
            .after
            .workdir
            .clone()
            .ok_or_else(|| Failure::input("the working directory cannot be known"))?;
        run.config.working_dir.clone_from(&path);
        let created_by = format!("WORKDIR {path}");
        let mut vertex = self
            .build
            .vertex(&run.step_title(&at.instruction.text.value, "WORKDIR"));
        if path == "/" {
            run.history(created_by, None, self.build.plan.source_date_epoch);
            return Ok(());
        }
        let mut key = Key::new("workdir");
        key.add(&run.tree.identity).add(&path);
        let before = run.tree.clone();
        self.layer(at, run, &key.finish(), &created_by, &mut vertex, || {
            let request = Request::MakeDirectory {
                parents: self.build.chain(&before)?,
                path,
            };
            Ok(work_of(self.build.worker()?.call(&request, &[])?)?)
        })
    }

    /// Makes or finds a layer, telling people, and notes it in the history.
    pub(crate) fn layer(
        &self,
        at: &At<'_>,
        run: &mut StageRun,
        key: &str,
        created_by: &str,
        vertex: &mut Vertex,
        make: impl FnOnce() -> Result<super::wire::WorkId, StepFailure>,
    ) -> Result<(), StepFailure> {
        self.build.tell(vertex);
        let made = self
            .build
            .layer(&mut run.tree, key, created_by, at.span, vertex, make);
        vertex.completed = true;
        match made {
            Ok(created) => {
                self.build.tell(vertex);
                run.history(
                    created_by.to_owned(),
                    Some(created),
                    self.build.plan.source_date_epoch,
                );
                Ok(())
            }
            Err(failure) => {
                vertex.error = Some(match &failure {
                    StepFailure::Failure(failure) => failure.message.clone(),
                    StepFailure::Command { message, .. } => message.clone(),
                });
                self.build.tell(vertex);
                Err(failure)
            }
        }
    }
}

impl StageRun {
    fn title(&self, text: &str) -> String {
        format!("[{}{}/{}] {text}", self.label, self.number, self.total)
    }

    /// The title of the next numbered step.
    pub(crate) fn step_title(&mut self, text: &str, keyword: &str) -> String {
        self.number += 1;
        self.title(&format!("{keyword} {text}"))
    }

    /// Adds a history entry; `created` is when the layer was made, where one was.
    fn history(&mut self, created_by: String, created: Option<String>, epoch: Option<i64>) {
        let empty_layer = created.is_none();
        let last = || {
            let entry = self.config.history.last()?;
            (entry.comment.as_deref() == Some(COMMENT)).then(|| entry.created.clone())?
        };
        // Without a layer of its own an entry is as old as the one before it.
        let created = created
            .or_else(|| epoch.map(|epoch| rfc3339(Some(epoch))))
            .or_else(last)
            .unwrap_or_else(|| rfc3339(None));
        self.config.created = Some(created.clone());
        self.config.history.push(HistoryEntry {
            created: Some(created),
            created_by: Some(created_by),
            comment: Some(COMMENT.to_owned()),
            empty_layer,
        });
    }
}

/// The command of a shell or exec form.
pub(crate) fn arguments(command: &Command, state: &State) -> Vec<String> {
    match &command.form {
        CommandForm::Exec(words) => words.iter().map(|word| word.value.clone()).collect(),
        CommandForm::Shell(text) => in_shell(state, text.value.clone()),
    }
}

/// A text handed to the shell in force.
pub(crate) fn in_shell(state: &State, text: String) -> Vec<String> {
    let mut args = match &state.shell {
        Some(shell) if !shell.is_empty() => shell.clone(),
        _ => vec!["/bin/sh".to_owned(), "-c".to_owned()],
    };
    args.push(text);
    args
}
