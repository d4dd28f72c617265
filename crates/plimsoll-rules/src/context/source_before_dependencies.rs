use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{Argument, Instruction, InstructionKind};

use crate::declare::declare_rule;
use crate::context::SharedContext;
use crate::context::manifests::{self, Installation, Installer};
use crate::mounts;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the whole build context is copied in front of the step that installs
    /// dependencies. Where the context is known, it must hold the manifest that step reads.
    ///
    /// ## Why it hurts in production
    /// Every change of any file throws the installed dependencies out of the cache: each build
    /// downloads and installs all of them again, and each release ships a new large layer though
    /// only a line of code changed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /srv
    /// COPY . .
    /// RUN pip install --no-cache-dir -r requirements.txt
    /// ```
    /// ```text:requirements.txt
    /// pandas==2.2.3
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /srv
    /// COPY requirements.txt ./
    /// RUN pip install --no-cache-dir -r requirements.txt
    /// COPY . .
    /// ```
    /// ```text:requirements.txt
    /// pandas==2.2.3
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the manifests are copied first and the install step moves in front of the broad
    /// `COPY`. A step that runs scripts of the project while it installs may miss them.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/cache/optimize/#order-your-layers>
    SourceBeforeDependencies = "source-before-dependencies",
    summary: "The source is copied before its dependencies are installed",
    severity: Low,
    confidence: Medium,
    category: Efficiency,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for SourceBeforeDependencies {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in file
            .resolution
            .stages
            .iter()
            .filter(|stage| stage.reaches_target)
        {
            let mut broad: Option<StepView<'_>> = None;
            let mut done: Vec<&'static Installer> = Vec::new();
            let mut before: Option<StepView<'_>> = None;
            for view in file.steps(stage) {
                match &view.instruction.kind {
                    InstructionKind::Copy(words) | InstructionKind::Add(words)
                        if broad.is_none() && is_broad(view.instruction, words) =>
                    {
                        broad = Some(view);
                    }
                    InstructionKind::Run(_) => {
                        for (script, command) in file.commands(view) {
                            let Some(found) = manifests::installation(command) else {
                                continue;
                            };
                            if done.contains(&found.installer) {
                                continue;
                            }
                            done.push(found.installer);
                            let Some(broad) = broad else { continue };
                            let Some(present) = present(&found, file.context) else {
                                continue;
                            };
                            let adjacent = before.is_some_and(|step| {
                                step.step.instruction == broad.step.instruction
                            });
                            let alone = script.script.commands.len() == 1;
                            let place = script.command_span(command);
                            report(
                                file,
                                (broad, view),
                                place,
                                &present,
                                found.installer,
                                adjacent && alone,
                                sink,
                            );
                        }
                    }
                    _ => {}
                }
                before = Some(view);
            }
        }
    }
}

/// Whether all of the build context is copied.
fn is_broad(instruction: &Instruction, words: &[Argument]) -> bool {
    instruction.flag("from").is_none()
        && words.split_last().is_some_and(|(_, sources)| {
            sources
                .iter()
                .any(|source| matches!(source.value.as_str(), "." | "./" | "/" | "*" | "./*"))
        })
}

/// The manifests that the step reads, as far as they can be told; `None` where the context has none
/// of them at its top, so that copying them alone is no choice.
fn present(found: &Installation<'_>, context: Option<&SharedContext>) -> Option<Vec<String>> {
    let wanted: Vec<&str> = if found.named.is_empty() {
        found.installer.files.to_vec()
    } else {
        found.named.clone()
    };
    let Some(context) = context.filter(|context| context.is_listed_whole()) else {
        return Some(found.named.iter().map(|file| (*file).to_owned()).collect());
    };
    let there: Vec<String> = wanted
        .iter()
        .map(|file| file.trim_start_matches("./"))
        .filter(|file| context.file(file).is_some())
        .map(str::to_owned)
        .collect();
    // The first is the one without which nothing is installed.
    let first = wanted.first()?.trim_start_matches("./");
    there.iter().any(|file| file == first).then_some(there)
}

fn report(
    file: &ProjectFile<'_>,
    (broad, run): (StepView<'_>, StepView<'_>),
    place: Span,
    manifests: &[String],
    installer: &Installer,
    movable: bool,
    sink: &mut Sink<'_>,
) {
    // A cache makes the step fast again; it still runs, and its layer still changes.
    let cached = mounts::of(run.instruction).any(|mount| mount.kind == "cache");
    let files = if manifests.is_empty() {
        installer.files[0].to_owned()
    } else {
        manifests.join(" ")
    };
    let reported = sink
        .report(
            file.place(place),
            format!(
                "Every change of any file makes `{}` install all dependencies again: the whole context is copied before it.",
                installer.name
            ),
        )
        .related(file.place(broad.instruction.span), "Here everything is copied.")
        .help(format!(
            "Copy `{files}` first, install, and copy the rest behind that."
        ))
        .confidence(if cached {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    // Where nobody said what a path is relative to, a second one is no repair.
    let workdir = broad.step.before.workdir.as_deref();
    let settled = workdir.is_some_and(|workdir| workdir != "/")
        || has_absolute_destination(broad.instruction);
    if movable && settled && let Some(edits) = reorder(file, broad.instruction, run.instruction, manifests) {
        reported.fix(Fix {
            title: format!("Copy `{files}` and install in front of the broad COPY"),
            applicability: Applicability::Unsafe,
            edits,
        });
    }
}

/// Whether the destination is absolute.
fn has_absolute_destination(broad: &Instruction) -> bool {
    match &broad.kind {
        InstructionKind::Copy(words) | InstructionKind::Add(words) => words
            .last()
            .is_some_and(|destination| destination.value.starts_with('/')),
        _ => false,
    }
}

/// Edits that put `COPY manifests` and the install step in front of the broad COPY.
fn reorder(
    file: &ProjectFile<'_>,
    broad: &Instruction,
    run: &Instruction,
    manifests: &[String],
) -> Option<Vec<Edit>> {
    let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &broad.kind else {
        return None;
    };
    let destination = &words.last()?.value;
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'))
    };
    let simple = !manifests.is_empty()
        && manifests
            .iter()
            .all(|name| plain(name) && !name.contains('/'))
        && (plain(destination) || destination == ".")
        && !manifests
            .iter()
            .any(|name| leans_on_others(file.context, name));
    if !simple {
        return None;
    }
    let path = file.dockerfile.source.path();
    let bytes = file.dockerfile.source.bytes();
    let moved = String::from_utf8(run.lines.of(bytes).to_vec()).ok()?;
    let line_end = if broad.lines.of(bytes).ends_with(b"\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let flags: String = broad
        .flags
        .iter()
        .filter_map(|flag| std::str::from_utf8(flag.span.of(bytes)).ok())
        .map(|flag| format!("{flag} "))
        .collect();
    let slash = if destination.ends_with('/') { "" } else { "/" };
    let open_end = if moved.ends_with('\n') { "" } else { line_end };
    Some(vec![
        Edit {
            file: path.to_owned(),
            span: Span::new(broad.lines.start, broad.lines.start),
            text: format!(
                "COPY {flags}{} {destination}{slash}{line_end}{moved}{open_end}",
                manifests.join(" ")
            ),
        },
        Edit {
            file: path.to_owned(),
            span: run.lines,
            text: String::new(),
        },
    ])
}

/// Whether a manifest, as far as it was read, names other files of the project.
fn leans_on_others(context: Option<&SharedContext>, name: &str) -> bool {
    let Some(file) = context.and_then(|context| context.contents.get(name)) else {
        return false;
    };
    let text = String::from_utf8_lossy(file.bytes());
    match name {
        "package.json" => [
            "\"workspaces\"",
            "\"file:",
            "\"link:",
            "\"prepare\"",
            "\"postinstall\"",
            "\"preinstall\"",
        ]
        .iter()
        .any(|word| text.contains(word)),
        _ => text.lines().map(str::trim_start).any(|line| {
            [
                "-r",
                "-c",
                "-e",
                "--requirement",
                "--constraint",
                "--editable",
                ".",
                "file:",
            ]
            .iter()
            .any(|start| line.starts_with(start))
                || line.contains("@ file:")
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, run, silent, unsure};

    const RULE: &str = "source-before-dependencies";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("npm", "FROM node:22\nCOPY . .\nRUN npm ci\n", &[3]),
                (
                    "inside a longer line",
                    "FROM node:22\nADD ./ /app/\nRUN cd /app && \\\n  yarn install\n",
                    &[4],
                ),
                (
                    "a build stage pays too",
                    "FROM golang:1 AS b\nCOPY . .\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /\n",
                    &[3],
                ),
                (
                    "in JSON form",
                    "FROM ruby:3\nCOPY [\".\", \".\"]\nRUN bundle install\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "in the right order",
                    "FROM node:22\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\n",
                ),
                (
                    "again behind it, for its own code",
                    "FROM node:22\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm ci --omit=dev\n",
                ),
                (
                    "from another stage",
                    "FROM node:22 AS a\nFROM node:22\nCOPY --from=a . .\nRUN npm ci\n",
                ),
                (
                    "packages named in the line need no source",
                    "FROM node:22\nCOPY . .\nRUN npm install -g serve\n",
                ),
                (
                    "only a folder is copied",
                    "FROM node:22\nCOPY web .\nRUN npm ci\n",
                ),
                (
                    "a stage that is not built",
                    "FROM node:22 AS test\nCOPY . .\nRUN npm ci\nFROM scratch\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a cache makes it cheap",
                "FROM node:22\nCOPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci\n",
            )],
        );
    }

    #[test]
    fn the_manifest_must_be_in_the_context() {
        let dockerfile = "FROM node:22\nCOPY . .\nRUN npm ci\n";
        assert_eq!(
            run(RULE, dockerfile, &[("web/package.json", "{}")])
                .findings
                .len(),
            0
        );
        let found = run(
            RULE,
            dockerfile,
            &[("package.json", "{}"), ("package-lock.json", "{}")],
        )
        .findings;
        assert!(
            found[0]
                .help
                .as_ref()
                .unwrap()
                .contains("`package.json package-lock.json`")
        );
    }

    #[test]
    fn the_install_moves_only_where_it_can() {
        let lock = &[("package.json", "{}"), ("package-lock.json", "{}")][..];
        assert_eq!(
            fixed(
                RULE,
                "FROM node:22\nCOPY --chown=1 . /app\nRUN npm ci",
                lock
            ),
            "FROM node:22\nCOPY --chown=1 package.json package-lock.json /app/\nRUN npm ci\nCOPY --chown=1 . /app\n"
        );
        for (kept, files) in [
            (
                "FROM node:22\nCOPY . .\nRUN npm ci && npm run build\n",
                lock,
            ),
            ("FROM node:22\nCOPY . .\nENV A=1\nRUN npm ci\n", lock),
            ("FROM node:22\nCOPY . .\nRUN npm ci\n", &[]),
            (
                "FROM node:22\nCOPY . .\nRUN npm ci\n",
                &[("package.json", "{\"workspaces\": []}")],
            ),
            (
                "FROM python:3\nCOPY . .\nRUN pip install -r requirements.txt\n",
                &[("requirements.txt", "-e .\n")],
            ),
        ] {
            assert_eq!(fixed(RULE, kept, files), kept);
        }
    }
}
