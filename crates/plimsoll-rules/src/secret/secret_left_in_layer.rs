use plimsoll_model::{Confidence, Severity, Span};
use plimsoll_syntax::dockerfile::{self, Instruction, InstructionKind, MountKind};
use plimsoll_syntax::shell::{Joint, ShellCommand, ShellWord};

use crate::declare::declare_rule;
use crate::mounts;
use crate::project::{ProjectFile, StepView, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::secret::flow;
use crate::secret::names::{self, Suspicion};

declare_rule! {
    /// ## What it does
    /// Follows credentials from where they come in (an `ARG` or `ENV` named like one, a
    /// `--mount=type=secret`) through the commands of a step to the files they are written to: `>
    /// .npmrc`, `git clone https://$TOKEN@…`, `npm config set`, `cp /run/secrets/…`. It tells where
    /// such a file stays in a layer of the image that ships, or is copied into it from another stage.
    ///
    /// A file that the same step deletes again, or that lies in a cache or tmpfs mount, is in no
    /// layer.
    ///
    /// ## Why it hurts in production
    /// A layer keeps what was written into it, for everyone who can pull the image. Deleting the file
    /// in a later step hides it from `ls` and from nothing else.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// ARG NPM_TOKEN
    /// RUN echo "//registry.npmjs.org/:_authToken=$NPM_TOKEN" > .npmrc
    /// RUN npm ci && rm .npmrc
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    /// ```
    ///
    /// ## Fix
    /// None: how the value gets to the step that needs it changes with the mount.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    /// - <https://docs.docker.com/reference/dockerfile/#run---mounttypesecret>
    SecretLeftInLayer = "secret-left-in-layer",
    summary: "A credential is written to a file of the image",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

const HELP: &str = "Mount the whole file with `RUN --mount=type=secret,target=…` in the step that reads it; \
                    then nothing has to be written.";

/// Where a credential comes from.
struct Source {
    name: String,
    /// A variable; else a path that a mount brings.
    is_variable: bool,
    place: Option<Span>,
    what: &'static str,
}

impl Rule for SecretLeftInLayer {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let names = secret_names(file);
        for view in file.built_steps() {
            let instruction = unwrapped(view.instruction);
            match &instruction.kind {
                InstructionKind::Run(_) => run(file, view, &names, sink),
                InstructionKind::Copy(words) | InstructionKind::Add(words)
                    if !instruction.heredocs.is_empty() && !names.is_empty() =>
                {
                    let target = words.last().map(|word| word.value.as_str());
                    for heredoc in instruction.heredocs.iter().filter(|heredoc| heredoc.expand) {
                        let said = names
                            .iter()
                            .find(|name| flow::speaks_of(&heredoc.body.value, name));
                        let (Some(name), Some(target)) = (said, target) else {
                            continue;
                        };
                        let source = variable(&view, name);
                        tell(file, view, instruction.span, &source, target, sink);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The names of all ARGs and ENVs that look like a credential's.
fn secret_names<'a>(file: &ProjectFile<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for index in 0..file.instruction_count() {
        if let InstructionKind::Arg(pairs) | InstructionKind::Env(pairs) =
            &unwrapped(file.instruction(index)).kind
        {
            names.extend(
                pairs
                    .iter()
                    .map(|pair| pair.name.value.as_str())
                    .filter(|name| names::of_name(name) == Suspicion::Strong),
            );
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn variable(view: &StepView<'_>, name: &str) -> Source {
    Source {
        name: name.to_owned(),
        is_variable: true,
        place: view
            .step
            .before
            .variables
            .get(name)
            .and_then(|variable| variable.span),
        what: "The credential comes in here.",
    }
}

fn run(file: &ProjectFile<'_>, view: StepView<'_>, names: &[&str], sink: &mut Sink<'_>) {
    let instruction = unwrapped(view.instruction);
    let has_mounts = instruction.flags.iter().any(|flag| flag.name == "mount");
    if names.is_empty() && !has_mounts {
        return;
    }
    let mut sources: Vec<Source> = names
        .iter()
        .filter(|name| view.step.before.variables.contains_key(**name))
        .map(|name| variable(&view, name))
        .collect();
    if has_mounts {
        sources.extend(mounted(instruction));
    }
    if sources.is_empty() {
        return;
    }
    let commands: Vec<_> = file.commands(view).collect();
    let fed = fed_by_heredoc(instruction, &sources);
    let mut piped: Option<usize> = None;
    for (at, (script, command)) in commands.iter().enumerate() {
        // `T=$(cat /run/secrets/t)` and `export T=$TOKEN`: another name for the same thing.
        rename(command, &mut sources);
        let comes_in = (command.joint == Joint::Pipe)
            .then_some(piped)
            .flatten()
            .or(fed.filter(|_| matches!(command.program(), Some("cat" | "tee"))));
        let held = command
            .words
            .iter()
            .find_map(|word| sources.iter().position(|source| holds(word, source)));
        piped = match command.program() {
            Some("echo" | "printf" | "cat" | "envsubst") => held.or(comes_in),
            Some("base64" | "sed" | "tr" | "jq" | "cut" | "tee" | "awk" | "head" | "tail") => comes_in,
            _ => None,
        };
        let Some(source) = held.or(comes_in).and_then(|at| sources.get(at)) else {
            continue;
        };
        let tainted = |word: &ShellWord| sources.iter().any(|source| holds(word, source));
        for path in flow::kept_in(command, &tainted, comes_in.is_some()) {
            let gone = commands[at + 1..]
                .iter()
                .any(|(_, later)| flow::removes(later, &path));
            let mounted = flow::absolute(&path, &view)
                .is_some_and(|path| is_mounted(instruction, &path));
            if !gone && !mounted && !path.is_empty() {
                tell(file, view, script.command_span(command), source, &path, sink);
            }
        }
    }
}

/// The source that a heredoc speaks of which a command of the step reads: `cat <<EOF > file`.
fn fed_by_heredoc(run: &Instruction, sources: &[Source]) -> Option<usize> {
    // A heredoc that is the script itself was read as one.
    if run.heredocs.is_empty() || run.text.value.trim_start().starts_with("<<") {
        return None;
    }
    sources.iter().position(|source| {
        source.is_variable
            && run.heredocs.iter().any(|heredoc| {
                heredoc.expand && flow::speaks_of(&heredoc.body.value, &source.name)
            })
    })
}

/// Whether a path lies where a mount hides what is written from the layer.
fn is_mounted(run: &Instruction, path: &str) -> bool {
    mounts::covers(run, path)
        || path.starts_with("/run/secrets/")
        || path.starts_with("/dev/")
        || mounts::of(run).any(|mount| {
            mount
                .target
                .is_some_and(|target| flow::lies_in(path, target.trim_end_matches('/')))
        })
}

/// What secret mounts bring: files, and variables.
fn mounted(run: &Instruction) -> Vec<Source> {
    let mut sources = Vec::new();
    for mount in dockerfile::mounts(run) {
        if mount.kind != MountKind::Secret {
            continue;
        }
        let source = |name: String, is_variable| Source {
            name,
            is_variable,
            place: Some(mount.span),
            what: "The credential comes in here.",
        };
        if let Some(name) = &mount.env {
            sources.push(source(name.clone(), true));
        }
        match (&mount.target, &mount.id) {
            (Some(target), _) => sources.push(source(target.clone(), false)),
            (None, Some(id)) if mount.env.is_none() => {
                sources.push(source(format!("/run/secrets/{id}"), false));
            }
            _ => {}
        }
    }
    sources
}

fn holds(word: &ShellWord, source: &Source) -> bool {
    if source.is_variable {
        word.literal.is_none() && flow::speaks_of(&word.raw, &source.name)
    } else {
        word.raw.contains(&source.name)
    }
}

fn rename(command: &ShellCommand, sources: &mut Vec<Source>) {
    let mut renamed = Vec::new();
    let mut see = |name: &str, word: &ShellWord| {
        if let Some(source) = sources.iter().find(|source| holds(word, source)) {
            renamed.push(Source {
                name: name.to_owned(),
                is_variable: true,
                place: source.place,
                what: source.what,
            });
        }
    };
    if command.words.is_empty() {
        for (name, word) in &command.assignments {
            see(name, word);
        }
    } else if matches!(command.words[0].literal.as_deref(), Some("export" | "local" | "readonly")) {
        for word in &command.words[1..] {
            if let Some((name, _)) = word.raw.split_once('=') {
                see(name, word);
            }
        }
    }
    sources.extend(renamed);
}

fn tell(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    span: Span,
    source: &Source,
    path: &str,
    sink: &mut Sink<'_>,
) {
    let ships = file.ships(view.stage);
    let name = source.name.escape_debug();
    let shown = path.escape_debug();
    let absolute = flow::absolute(path, &view);
    let carrier = (!ships)
        .then(|| flow::carried(file, view.stage.index, absolute.clone()?))
        .flatten();
    let (message, severity, confidence) = match (ships, &carrier) {
        (true, _) => (
            format!("`{name}` is written to `{shown}`, which stays in a layer of the image."),
            Severity::High,
            Confidence::High,
        ),
        (false, Some(_)) => (
            format!("`{name}` is written to `{shown}`, which is copied into the image that ships."),
            Severity::High,
            Confidence::High,
        ),
        (false, None) => (
            format!("`{name}` is written to `{shown}`, which stays in the build cache."),
            Severity::Low,
            Confidence::Low,
        ),
    };
    let deleted = ships.then(|| deleted_later(file, view, path)).flatten();
    let mut reported = sink
        .report(file.place(span), message)
        .help(HELP)
        .severity(severity)
        .confidence(confidence)
        .path(absolute.unwrap_or_else(|| path.to_owned()));
    if let Some(place) = source.place {
        reported = reported.related(file.place(place), source.what);
    }
    if let Some(carrier) = carrier {
        reported = reported.related(
            file.place(carrier.instruction.span),
            "This takes it into the image that ships.",
        );
    }
    if let Some(place) = deleted {
        reported.related(
            file.place(place),
            "It is deleted here, in a later layer: the one that holds it is still shipped.",
        );
    }
}

/// A later step of the image that deletes the file.
fn deleted_later(file: &ProjectFile<'_>, view: StepView<'_>, path: &str) -> Option<Span> {
    let written = view.step.instruction;
    file.shipped_steps()
        .filter(|later| {
            later.step.instruction > written
                && matches!(later.instruction.kind, InstructionKind::Run(_))
        })
        .find_map(|later| {
            file.commands(later)
                .find(|(_, command)| flow::removes(command, path))
                .map(|(script, command)| script.command_span(command))
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "secret-left-in-layer",
            &[
                ("a redirection", "FROM a:1\nARG NPM_TOKEN\nRUN x && \\\n  echo \"t=${NPM_TOKEN}\" >> ~/.npmrc && npm ci\n", &[4]),
                ("through a pipe", "FROM a:1\nARG TOKEN\nRUN echo $TOKEN | base64 | tee /etc/x\n", &[3]),
                ("a clone", "FROM a:1\nARG GIT_TOKEN\nRUN git clone https://x:$GIT_TOKEN@example.com/a/b.git\n", &[3]),
                ("a setting", "FROM a:1\nARG GIT_TOKEN\nRUN git config --global url.\"https://$GIT_TOKEN@example.com/\".insteadOf https://example.com/\n", &[3]),
                ("a login", "FROM a:1\nARG DOCKER_PASSWORD\nRUN echo $DOCKER_PASSWORD | docker login -u x --password-stdin\n", &[3]),
                ("deleted too late", "FROM a:1\nARG TOKEN\nRUN echo $TOKEN > /x\nRUN rm /x\n", &[3]),
                ("a mount that is written down", "FROM a:1\nRUN --mount=type=secret,id=t cp /run/secrets/t /root/.netrc\n", &[2]),
                ("by another name", "FROM a:1\nRUN --mount=type=secret,id=t export T=$(cat /run/secrets/t) && echo \"x $T\" > /etc/x\n", &[2]),
                ("copied on", "FROM a:1 AS b\nARG TOKEN\nWORKDIR /app\nRUN echo $TOKEN > .npmrc\nFROM c:1\nCOPY --from=b /app /app\n", &[4]),
                ("copied on twice", "FROM a:1 AS b\nARG TOKEN\nRUN echo $TOKEN > /k\nFROM a:1 AS c\nCOPY --from=b /k /l\nFROM d:1\nCOPY --from=c /l /m\n", &[3]),
                ("a stage below", "FROM a:1 AS b\nARG TOKEN\nRUN echo $TOKEN > /k\nFROM b\n", &[3]),
                ("a text that is copied", "FROM a:1\nARG TOKEN\nCOPY <<EOF /root/.npmrc\nx=$TOKEN\nEOF\n", &[3]),
            ],
        );
        silent(
            "secret-left-in-layer",
            &[
                ("deleted in time", "FROM a:1\nARG TOKEN\nRUN echo $TOKEN > .npmrc && npm ci && rm -f .npmrc\n"),
                ("only used", "FROM a:1\nARG TOKEN\nRUN curl -H \"Authorization: $TOKEN\" https://x/y > /y\n"),
                ("mounted where it is read", "FROM a:1\nRUN --mount=type=secret,id=n,target=/root/.npmrc npm ci\n"),
                ("in memory", "FROM a:1\nARG TOKEN\nRUN --mount=type=tmpfs,target=/k echo $TOKEN > /k/x\n"),
                (
                    "a text without variables",
                    "FROM a:1\nARG TOKEN\nRUN cat <<'EOF' > /x\nx=$TOKEN\nEOF\n",
                ),
                ("shown, not kept", "FROM a:1\nARG TOKEN\nRUN echo $TOKEN > /dev/null\n"),
                ("the clone goes", "FROM a:1\nARG TOKEN\nRUN git clone https://$TOKEN@e.com/a/b && make -C b && rm -rf b\n"),
                ("not a credential", "FROM a:1\nARG VERSION\nRUN echo $VERSION > /version\n"),
                ("a name in single quotes", "FROM a:1\nARG TOKEN\nRUN echo 'use $TOKEN' > /x\n"),
            ],
        );
        unsure(
            "secret-left-in-layer",
            &[("nothing takes it on", "FROM a:1 AS b\nARG TOKEN\nRUN echo $TOKEN > /k\nFROM c:1\nCOPY --from=b /x /x\n")],
        );
    }

    #[test]
    fn it_names_source_path_and_sink() {
        let found = run(
            "secret-left-in-layer",
            "FROM a:1 AS b\nARG TOKEN\nRUN echo $TOKEN > /k\nFROM c:1\nCOPY --from=b /k /k\n",
            &[],
        )
        .findings;
        assert_eq!(found[0].origin.path.as_deref(), Some("/k"));
        let lines: Vec<usize> = found[0]
            .related
            .iter()
            .filter_map(|related| Some(related.origin.source.as_ref()?.start.line))
            .collect();
        assert_eq!(lines, [2, 5]);
    }
}
