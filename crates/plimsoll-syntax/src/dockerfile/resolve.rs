//! Reads what a Dockerfile means: stages, their inheritance, and the state every instruction runs in.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_model::{ImageConfig, ImageName, Platform, Span};

use super::expand::{ExpandError, Expansion, Lexer, Variables};
use super::mount::mounts;
use super::scan::shorten;
use super::{
    Base, CommandForm, Dockerfile, From, Instruction, InstructionKind, KeyValue, Resolution,
    ResolveInput, Stage, State, Step, SyntaxError, Variable, Word,
};

/// Bytes that all states of a file together may take: each instruction that changes something
/// copies the variables, and a hostile file has a hundred thousand of them.
const MEMORY_LIMIT: usize = 64 << 20;

/// Steps that are looked through for ONBUILDs, all stages on stages together: they multiply.
const TRIGGER_LIMIT: usize = 100_000;

/// Whether `name` is a build argument that every RUN sees without declaring it, and that leaves no
/// trace in the image (`HTTP_PROXY` and its kin, in capitals or not).
pub fn is_proxy_argument(name: &str) -> bool {
    [
        "http_proxy",
        "https_proxy",
        "ftp_proxy",
        "no_proxy",
        "all_proxy",
    ]
    .iter()
    .any(|proxy| name.eq_ignore_ascii_case(proxy))
}

/// Reads the meaning of `file`. Never fails: what cannot be known is said so in the result.
pub fn resolve(file: &Dockerfile, input: &ResolveInput<'_>) -> Resolution {
    let instructions: Vec<&Instruction> = file.instructions().collect();
    let mut resolver = Resolver {
        escape: file.escape,
        input,
        names: stage_names(&instructions),
        above: BTreeMap::new(),
        builtin: builtin_args(input),
        global_args: BTreeMap::new(),
        stages: Vec::new(),
        errors: Vec::new(),
        memory: 0,
        looked_through: 0,
    };
    for (index, instruction) in instructions.iter().enumerate() {
        match &instruction.kind {
            InstructionKind::From(from) => {
                resolver.open_stage(index, instruction, from, &instructions);
            }
            InstructionKind::Arg(pairs) if resolver.stages.is_empty() => {
                resolver.global_args(pairs);
            }
            _ if resolver.stages.is_empty() => {}
            _ => resolver.step(index, instruction, false),
        }
    }
    let target = resolver.target(&instructions);
    let Resolver {
        mut stages,
        global_args,
        mut errors,
        ..
    } = resolver;
    mark_reaching(&mut stages, target);
    errors.sort_by_key(|error| error.span);
    Resolution {
        stages,
        target,
        global_args,
        errors,
    }
}

/// The last stage of each name: what `--from` means.
fn stage_names(instructions: &[&Instruction]) -> BTreeMap<String, usize> {
    instructions
        .iter()
        .filter_map(|instruction| match &instruction.kind {
            InstructionKind::From(from) => Some(from),
            _ => None,
        })
        .enumerate()
        .filter_map(|(index, from)| Some((stage_name(from)?, index)))
        .collect()
}

fn stage_name(from: &From) -> Option<String> {
    let (_, name) = from.alias.as_ref()?;
    Some(name.value.to_lowercase())
}

/// The arguments every file may declare without giving them.
fn builtin_args(input: &ResolveInput<'_>) -> BTreeMap<String, String> {
    let build = Platform::host();
    let target = input.target_platform.as_ref().unwrap_or(&build);
    let variant = |platform: &Platform| platform.variant.clone().unwrap_or_default();
    let stage = input.target.clone().unwrap_or_else(|| "default".to_owned());
    [
        ("BUILDPLATFORM", build.to_string()),
        ("BUILDOS", build.os.clone()),
        ("BUILDOSVERSION", String::new()),
        ("BUILDARCH", build.architecture.clone()),
        ("BUILDVARIANT", variant(&build)),
        ("TARGETPLATFORM", target.to_string()),
        ("TARGETOS", target.os.clone()),
        ("TARGETOSVERSION", String::new()),
        ("TARGETARCH", target.architecture.clone()),
        ("TARGETVARIANT", variant(target)),
        ("TARGETSTAGE", stage),
    ]
    .into_iter()
    .map(|(name, value)| {
        let value = input.build_args.get(name).cloned().unwrap_or(value);
        (name.to_owned(), value)
    })
    .collect()
}

fn mark_reaching(stages: &mut [Stage], target: Option<usize>) {
    let mut open: Vec<usize> = target.into_iter().collect();
    while let Some(index) = open.pop() {
        let stage = &mut stages[index];
        if !stage.reaches_target {
            stage.reaches_target = true;
            open.extend(&stage.needs);
        }
    }
}

struct Resolver<'a> {
    escape: u8,
    input: &'a ResolveInput<'a>,
    /// The last stage of each name in the file: what `--from` means.
    names: BTreeMap<String, usize>,
    /// The same among the stages so far: what FROM means.
    above: BTreeMap<String, usize>,
    builtin: BTreeMap<String, String>,
    global_args: BTreeMap<String, Variable>,
    stages: Vec<Stage>,
    errors: Vec<SyntaxError>,
    memory: usize,
    looked_through: usize,
}

/// What FROM sees: the ARGs above it, and what the builder gives.
impl Variables for Resolver<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        match self.global_args.get(name) {
            Some(Variable {
                value: Some(value), ..
            }) => Some(value),
            _ => self.builtin.get(name).map(String::as_str),
        }
    }
}

impl Resolver<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(SyntaxError {
            span,
            message: message.into(),
            refused_by_parser: false,
        });
    }

    fn bad_expansion(&mut self, word: &Word, error: &ExpandError) {
        let message = match &error.required {
            Some(name) => format!(
                "{error}: give it a value with `--build-arg {name}=…` or in an ARG or ENV above"
            ),
            None => format!("`{}` cannot be expanded: {error}", shorten(&word.value)),
        };
        self.error(word.span, message);
    }

    fn global_args(&mut self, pairs: &[KeyValue]) {
        for pair in pairs {
            let name = &pair.name.value;
            let value = match (self.input.build_args.get(name), &pair.value) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(word)) => match self.expand_global(word) {
                    Ok(expansion) => Some(expansion.value),
                    Err(error) => {
                        self.bad_expansion(word, &error);
                        None
                    }
                },
                // Declaring once more without a value leaves the value there is.
                (None, None) => self.value(name).map(str::to_owned),
            };
            self.global_args.insert(
                name.clone(),
                Variable {
                    value,
                    span: Some(pair.span),
                    is_arg: true,
                },
            );
        }
    }

    fn expand_global(&self, word: &Word) -> Result<Expansion, ExpandError> {
        let lexer = Lexer {
            limit: 128 * 1024,
            ..Lexer::new(self.escape)
        };
        lexer.expand(&word.value, self)
    }

    fn open_stage(
        &mut self,
        index: usize,
        instruction: &Instruction,
        from: &From,
        instructions: &[&Instruction],
    ) {
        let name = stage_name(from);
        let replaced = name.as_ref().and_then(|name| self.context(name));
        let base = match replaced {
            Some(context) => Base::Context(context),
            None => self.base(from),
        };
        let start = match &base {
            Base::Stage(stage) => Arc::clone(&self.stages[*stage].end),
            Base::Scratch => Arc::new(State::of_image(&ImageConfig::default())),
            Base::Image(reference) | Base::Context(reference) => {
                let config = self
                    .input
                    .base_config
                    .and_then(|look_up| look_up(reference));
                Arc::new(config.map_or_else(State::default, |config| State::of_image(&config)))
            }
            Base::Unresolved(_) => Arc::new(State::default()),
        };
        let platform = instruction
            .flag("platform")
            .and_then(|platform| self.platform(platform));
        let needs = match base {
            Base::Stage(stage) => vec![stage],
            _ => Vec::new(),
        };
        if let Some(name) = &name {
            self.above.insert(name.clone(), self.stages.len());
        }
        self.stages.push(Stage {
            index: self.stages.len(),
            name,
            from: index,
            base,
            platform,
            steps: Vec::new(),
            end: Arc::clone(&start),
            start,
            needs: needs.clone(),
            reaches_target: false,
        });
        if let [parent] = needs.as_slice() {
            self.trigger(*parent, instruction.span, instructions);
        }
    }

    /// Runs the ONBUILDs of the stage below in the one just opened.
    fn trigger(&mut self, parent: usize, span: Span, instructions: &[&Instruction]) {
        let limit_was_kept = self.looked_through <= TRIGGER_LIMIT;
        self.looked_through += self.stages[parent].steps.len();
        if self.looked_through > TRIGGER_LIMIT {
            if limit_was_kept {
                self.error(
                    span,
                    "stages stand on stages more often in this file than can be followed",
                );
            }
            return;
        }
        let steps = self.stages[parent].steps.iter();
        let own: Vec<usize> = steps
            .filter(|step| !step.triggered)
            .map(|step| step.instruction)
            .collect();
        for index in own {
            if let InstructionKind::Onbuild(inner) = &instructions[index].kind {
                self.step(index, inner, true);
            }
        }
    }

    /// What a FROM starts from.
    fn base(&mut self, from: &From) -> Base {
        let word = &from.image;
        let unresolved = || Base::Unresolved(word.value.clone());
        if word.value.is_empty() {
            return unresolved();
        }
        let expansion = match self.expand_global(word) {
            Ok(expansion) => expansion,
            Err(error) => {
                self.bad_expansion(word, &error);
                return unresolved();
            }
        };
        let image = expansion.value;
        let is_reference = image == "scratch" || ImageName::parse(&image).is_ok();
        if let (false, Some(name)) = (is_reference, expansion.missing.first()) {
            let advice = if self.global_args.contains_key(name) {
                format!("give ARG {name} a default, or pass `--build-arg {name}=…`")
            } else {
                format!("put `ARG {name}=…` in front of the first FROM")
            };
            self.error(
                word.span,
                format!(
                    "`{}` names no image, for {name} has no value: {advice}",
                    shorten(&word.value)
                ),
            );
            return unresolved();
        }
        // The name as expanded: BuildKit does not lower it here, while stage names are.
        if let Some(stage) = self.above.get(&image) {
            return Base::Stage(*stage);
        }
        if image == "scratch" {
            return Base::Scratch;
        }
        if let Some(context) = self.context(&image) {
            return Base::Context(context);
        }
        if image.is_empty() {
            self.error(word.span, "the image name is empty: write `FROM image`");
            return unresolved();
        }
        if let Err(error) = ImageName::parse(&image) {
            self.error(word.span, error.to_string());
        }
        Base::Image(image)
    }

    fn platform(&mut self, word: &Word) -> Option<String> {
        match self.expand_global(word) {
            Ok(expansion) if expansion.value.is_empty() => {
                self.error(
                    word.span,
                    format!(
                        "`{}` gives no platform: write `linux/amd64` or the like",
                        shorten(&word.value)
                    ),
                );
                None
            }
            Ok(expansion) => Some(expansion.value),
            Err(error) => {
                self.bad_expansion(word, &error);
                None
            }
        }
    }

    /// The `--build-context` that `name` means.
    fn context(&self, name: &str) -> Option<String> {
        let familiar = |text: &str| {
            let mut image = ImageName::parse(text).ok()?;
            image.tag = image.tag.filter(|tag| tag != "latest");
            Some(image)
        };
        let image = familiar(name);
        self.input
            .build_contexts
            .iter()
            .find(|context| {
                context.eq_ignore_ascii_case(name) || image.is_some() && familiar(context) == image
            })
            .cloned()
    }

    fn step(&mut self, index: usize, instruction: &Instruction, triggered: bool) {
        let Some(current) = self.stages.len().checked_sub(1) else {
            return;
        };
        if matches!(&self.stages[current], Stage { name: Some(name), base: Base::Context(_), .. } if self.context(name).is_some())
        {
            return;
        }
        let from = self.sources(current, instruction);
        let before = Arc::clone(&self.stages[current].end);
        let after = self.apply(index, instruction, &before);
        let stage = &mut self.stages[current];
        for source in &from {
            if let Base::Stage(needed) = source
                && !stage.needs.contains(needed)
            {
                stage.needs.push(*needed);
            }
        }
        stage.steps.push(Step {
            instruction: index,
            triggered,
            before,
            from,
        });
        if let Some(after) = after {
            stage.end = Arc::new(after);
        }
    }

    /// What an instruction takes files from, apart from the context.
    fn sources(&mut self, current: usize, instruction: &Instruction) -> Vec<Base> {
        match &instruction.kind {
            InstructionKind::Copy(_) => instruction
                .flag("from")
                .map(|from| self.source(current, &from.value, from.span, true))
                .into_iter()
                .collect(),
            InstructionKind::Run(_) => {
                let mut sources = Vec::new();
                for mount in mounts(instruction) {
                    for problem in mount.problems {
                        self.error(mount.span, problem);
                    }
                    if let Some(from) = mount.from.filter(|from| !from.is_empty()) {
                        sources.push(self.source(current, &from, mount.span, false));
                    }
                }
                sources
            }
            _ => Vec::new(),
        }
    }

    /// `--from` of a stage, by number (COPY only) or name, of a context, or of an image.
    fn source(&mut self, current: usize, name: &str, span: Span, may_count: bool) -> Base {
        if name.contains('$') {
            self.error(
                span,
                "`from` takes no variables: give the image a stage of its own with `FROM … AS name`",
            );
            return Base::Unresolved(name.to_owned());
        }
        let number = name.parse::<usize>().ok().filter(|_| may_count);
        let Some(stage) = number.or_else(|| self.names.get(&name.to_lowercase()).copied()) else {
            if let Some(context) = self.context(name) {
                return Base::Context(context);
            }
            if name == "scratch" {
                return Base::Scratch;
            }
            if let Err(error) = ImageName::parse(name) {
                self.error(span, format!("{error}, nor the name of a stage"));
            }
            return Base::Image(name.to_owned());
        };
        if stage < current {
            return Base::Stage(stage);
        }
        let message = if stage == current {
            "a stage cannot take files from itself: name another".to_owned()
        } else {
            format!(
                "there is no stage `{}` above this one: a stage can only take files from those above it",
                shorten(name)
            )
        };
        self.error(span, message);
        Base::Unresolved(name.to_owned())
    }

    /// The state behind an instruction, where it changes something.
    fn apply(&mut self, index: usize, instruction: &Instruction, before: &State) -> Option<State> {
        match &instruction.kind {
            InstructionKind::Env(pairs) => {
                let values: Vec<_> = pairs
                    .iter()
                    .map(|pair| {
                        let name = self.expanded(before, &pair.name);
                        let value = pair.value.as_ref().map(|word| self.expanded(before, word));
                        (name.flatten(), value.flatten().flatten(), pair.span)
                    })
                    .collect();
                let mut after = self.copy(before, instruction)?;
                for (name, value, span) in values {
                    if let Some(name) = name {
                        let variable = Variable {
                            value,
                            span: Some(span),
                            is_arg: false,
                        };
                        after.variables.insert(name, variable);
                    }
                }
                Some(after)
            }
            InstructionKind::Arg(pairs) => {
                let mut after = self.copy(before, instruction)?;
                for pair in pairs {
                    self.declare(&mut after, pair);
                }
                Some(after)
            }
            InstructionKind::User(word) => {
                let user = self.expanded(before, word)?;
                let mut after = self.copy(before, instruction)?;
                after.user = user;
                after.user_set_by = Some(index);
                Some(after)
            }
            InstructionKind::Workdir(word) => {
                let path = self.expanded(before, word)?;
                let mut after = self.copy(before, instruction)?;
                after.workdir = path.and_then(|path| joined(before.workdir.as_deref(), path));
                Some(after)
            }
            InstructionKind::Shell(command) => match &command.form {
                CommandForm::Exec(words) if !words.is_empty() => {
                    let mut after = self.copy(before, instruction)?;
                    after.shell = Some(words.iter().map(|word| word.value.clone()).collect());
                    Some(after)
                }
                _ => None,
            },
            InstructionKind::Label(pairs) => {
                for word in pairs
                    .iter()
                    .flat_map(|pair| [Some(&pair.name), pair.value.as_ref()])
                {
                    word.and_then(|word| self.expanded(before, word));
                }
                None
            }
            InstructionKind::Copy(words)
            | InstructionKind::Add(words)
            | InstructionKind::Expose(words)
            | InstructionKind::Volume(words) => {
                let flags = ["chown", "chmod", "checksum"];
                let flags = flags.iter().filter_map(|name| instruction.flag(name));
                for word in words.iter().chain(flags) {
                    self.expanded(before, word);
                }
                None
            }
            InstructionKind::Stopsignal(word) => {
                self.expanded(before, word);
                None
            }
            _ => None,
        }
    }

    /// A copy to change, unless the file has used up what it may.
    fn copy(&mut self, state: &State, instruction: &Instruction) -> Option<State> {
        let within = self.memory <= MEMORY_LIMIT;
        self.memory += state.weight();
        if within && self.memory > MEMORY_LIMIT {
            self.error(
                instruction.span,
                "the file sets more variables than can be followed: what stands below is read without them",
            );
        }
        (self.memory <= MEMORY_LIMIT).then(|| state.clone())
    }

    /// The value of a word: `None` where it cannot be expanded (which is told), `Some(None)` where
    /// only the base image knows.
    fn expanded(&mut self, state: &State, word: &Word) -> Option<Option<String>> {
        match state.expansion(&word.value, self.escape) {
            Ok(expansion) => {
                let certain = state.is_certain(&expansion);
                Some(certain.then_some(expansion.value))
            }
            Err(ExpandError {
                required: Some(name),
                ..
            }) if !state.knows(&name) => Some(None),
            Err(error) => {
                self.bad_expansion(word, &error);
                None
            }
        }
    }

    /// ARG inside a stage. Each sees those before it on the same line.
    fn declare(&mut self, state: &mut State, pair: &KeyValue) {
        let name = &pair.name.value;
        // ENV wins over ARG wherever it stands, the base image's ENV too.
        if state.variables.get(name).is_some_and(|known| !known.is_arg) {
            return;
        }
        let value = match (self.input.build_args.get(name), &pair.value) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(word)) => self.expanded(state, word).flatten(),
            (None, None) => match state.variables.get(name) {
                Some(declared) if declared.value.is_some() => declared.value.clone(),
                _ => self.value(name).map(str::to_owned),
            },
        };
        let variable = Variable {
            value,
            span: Some(pair.span),
            is_arg: true,
        };
        state.variables.insert(name.clone(), variable);
    }

    fn target(&mut self, instructions: &[&Instruction]) -> Option<usize> {
        let last = self.stages.len().checked_sub(1)?;
        let Some(wanted) = &self.input.target else {
            return Some(last);
        };
        let by_name = self.names.get(&wanted.to_lowercase()).copied();
        let found = by_name.or_else(|| wanted.parse().ok().filter(|index| *index <= last));
        if found.is_none() {
            let names: Vec<String> = self
                .stages
                .iter()
                .filter_map(|stage| Some(format!("`{}`", shorten(stage.name.as_deref()?))))
                .take(20)
                .collect();
            let have = match names.as_slice() {
                [] => "no stage has a name".to_owned(),
                names => format!("the file has {}", names.join(", ")),
            };
            let span = instructions[self.stages[last].from].span;
            self.error(
                span,
                format!("there is no stage `{}`: {have}", shorten(wanted)),
            );
        }
        found
    }
}

/// WORKDIR on top of the one before: absolute paths stay as written, relative ones are joined and
/// cleaned.
fn joined(before: Option<&str>, path: String) -> Option<String> {
    if path.starts_with('/') {
        return Some(path);
    }
    let before = before?;
    if path.is_empty() {
        return Some(before.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in before.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}
