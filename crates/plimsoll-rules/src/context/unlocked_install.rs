use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::dockerfile::{InstructionKind, State};
use plimsoll_syntax::shell::ShellCommand;

use super::dependencies::{Brought, beside};
use super::manifests::{self, Installer};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;

declare_rule! {
    /// ## What it does
    /// Tells that a step installs dependencies without holding to the lock file: the lock lies in
    /// the build context but is not copied, the command may quietly write a new one, or there is
    /// none. It looks at the files that really reach the step.
    ///
    /// ## Why it hurts in production
    /// The same commit gives other packages tomorrow. What was tested is not what ships, and a
    /// release that was taken over by someone else is installed by the next build.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// WORKDIR /srv
    /// COPY package.json package-lock.json ./
    /// RUN npm install
    /// ```
    /// ```text:package.json
    /// {"dependencies": {"express": "^5"}}
    /// ```
    /// ```text:package-lock.json
    /// {"lockfileVersion": 3}
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// WORKDIR /srv
    /// COPY package.json package-lock.json ./
    /// RUN npm ci
    /// ```
    /// ```text:package.json
    /// {"dependencies": {"express": "^5"}}
    /// ```
    /// ```text:package-lock.json
    /// {"lockfileVersion": 3}
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the command is made to hold to the lock. It fails where the lock is not up to date,
    /// as it should.
    ///
    /// ## References
    /// - <https://docs.npmjs.com/cli/commands/npm-ci>
    UnlockedInstall = "unlocked-install",
    summary: "Dependencies are installed without holding to the lock file",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Context,
    aliases: ["tally/ruby/missing-bundle-deployment"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnlockedInstall {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut brought: Option<Option<Brought<'_>>> = None;
        for view in file.built_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for (script, command) in file.commands(view) {
                let Some(installer) = installer(command) else {
                    continue;
                };
                if installer.locks.is_empty() {
                    continue;
                }
                // What a step sees takes a walk over the context: not before it is needed.
                let brought = brought.get_or_insert_with(|| Brought::new(file));
                let Some(brought) = brought else { return };
                judge(file, view, (script, command), installer, brought, sink);
            }
        }
    }
}

fn installer(command: &ShellCommand) -> Option<&'static Installer> {
    if let Some(found) = manifests::installation(command) {
        return Some(found.installer);
    }
    // Those that build and, on the way, install.
    let verb = command.arguments().first()?.literal.as_deref()?;
    let builds = matches!(verb, "build" | "b" | "test" | "run" | "rustc")
        || (verb == "install" && flagged(command, &["--path"]));
    (command.program() == Some("cargo") && builds).then_some(manifests::CARGO)
}

fn flagged(command: &ShellCommand, flags: &[&str]) -> bool {
    command.arguments().iter().any(|word| {
        let name = word.raw.split('=').next().unwrap_or_default();
        flags.contains(&name)
    })
}

fn judge<'a>(
    file: &ProjectFile<'a>,
    view: StepView<'a>,
    (script, command): (&RunScript<'_>, &ShellCommand),
    installer: &Installer,
    brought: &Brought<'_>,
    sink: &mut Sink<'_>,
) {
    let Some(manifest) = brought.nearest(file, view, installer.manifest()) else {
        return;
    };
    let place = file.place(script.command_span(command));
    let context = brought.context();
    let locks: Vec<String> = installer
        .locks
        .iter()
        .map(|lock| beside(&manifest.path, lock))
        .filter(|lock| context.file(lock).is_some())
        .collect();
    let Some(lock) = locks.first() else {
        if installer == manifests::CARGO || installer == manifests::GO {
            // A library has none, or needs none.
            return;
        }
        sink.report(
            place,
            format!(
                "`{}` has no lock file beside it: each build installs what is newest that day.",
                manifest.path.escape_debug()
            ),
        )
        .help(format!(
            "Run `{}` where you work, commit the `{}` it writes, and copy it with the manifest.",
            installer.name, installer.locks[0]
        ))
        .confidence(Confidence::Medium);
        return;
    };
    let kept_out = !installer
        .locks
        .iter()
        .flat_map(|lock| context.named(lock))
        .any(|entry| locks.contains(&entry.path));
    if kept_out || !locks.iter().any(|lock| brought.sees(file, view, lock)) {
        let (why, help) = if kept_out {
            (
                "the ignore file keeps it out",
                format!("Take `{}` out of the ignore file and copy it with the manifest.", lock.escape_debug()),
            )
        } else {
            (
                "no step copies it",
                format!("Copy `{}` together with `{}`.", lock.escape_debug(), manifest.path.escape_debug()),
            )
        };
        sink.report(
            place,
            format!("`{}` fixes the versions, but {why}: they are chosen anew.", lock.escape_debug()),
        )
        .help(help);
        return;
    }
    let berry = context.file(&beside(&manifest.path, ".yarnrc.yml")).is_some();
    let Some(way) = lax(installer, command, &view.step.before, berry) else {
        return;
    };
    if set_before(file, view, installer) {
        return;
    }
    let reported = sink
        .report(
            place,
            format!(
                "`{}` may change what `{}` says instead of failing.",
                way.command,
                lock.escape_debug()
            ),
        )
        .help(format!("Write `{}`.", way.better));
    if let Some(edit) = way.edit(file, script, command) {
        reported.fix(Fix {
            title: format!("Write `{}`", way.better),
            applicability: Applicability::Unsafe,
            edits: vec![edit],
        });
    }
}

/// A command that need not hold to the lock, and how it would.
struct Lax {
    command: &'static str,
    better: &'static str,
    change: Change,
}

enum Change {
    /// The word becomes another.
    Verb(&'static str),
    /// This is added behind the last word.
    Flag(&'static str),
}

impl Lax {
    fn edit(
        &self,
        file: &ProjectFile<'_>,
        script: &RunScript<'_>,
        command: &ShellCommand,
    ) -> Option<Edit> {
        let source = &file.dockerfile.source;
        let (word, text) = match self.change {
            Change::Verb(verb) => (command.arguments().first()?, verb.to_owned()),
            Change::Flag(flag) => {
                let first = command
                    .arguments()
                    .first()
                    .filter(|word| !word.raw.starts_with('-'))
                    .or(command.words.first())?;
                (first, format!("{} {flag}", first.raw))
            }
        };
        let span = script.word_span(word);
        // A script in a JSON string has only one place: nothing in it can be edited.
        (span.of(source.bytes()) == word.raw.as_bytes()).then(|| Edit {
            file: source.path().to_owned(),
            span,
            text,
        })
    }
}

fn lax(installer: &Installer, command: &ShellCommand, state: &State, berry: bool) -> Option<Lax> {
    let set = |name: &str| {
        state
            .variables
            .get(name)
            .is_some_and(|variable| !matches!(variable.value.as_deref(), Some("" | "0" | "false")))
            || command.assignments.iter().any(|(assigned, _)| assigned == name)
    };
    let verb = command
        .arguments()
        .first()
        .and_then(|word| word.literal.as_deref());
    let lax = |command, better, change| {
        Some(Lax {
            command,
            better,
            change,
        })
    };
    match installer.name {
        "npm" if matches!(verb, Some("install" | "i")) => {
            lax("npm install", "npm ci", Change::Verb("ci"))
        }
        "yarn"
            if !flagged(command, &["--frozen-lockfile", "--immutable", "--pure-lockfile"])
                && !set("CI")
                && !set("YARN_ENABLE_IMMUTABLE_INSTALLS") =>
        {
            if berry {
                lax("yarn install", "yarn install --immutable", Change::Flag("--immutable"))
            } else {
                lax(
                    "yarn install",
                    "yarn install --frozen-lockfile",
                    Change::Flag("--frozen-lockfile"),
                )
            }
        }
        "pnpm" if verb != Some("fetch") && !flagged(command, &["--frozen-lockfile"]) && !set("CI") => lax(
            "pnpm install",
            "pnpm install --frozen-lockfile",
            Change::Flag("--frozen-lockfile"),
        ),
        "bundle"
            if !flagged(command, &["--frozen", "--deployment"])
                && !set("BUNDLE_FROZEN")
                && !set("BUNDLE_DEPLOYMENT") =>
        {
            lax(
                "bundle install",
                "BUNDLE_FROZEN=true bundle install",
                Change::Verb("install --frozen"),
            )
        }
        "pipenv" if verb == Some("install") && !flagged(command, &["--deploy", "--ignore-pipfile"]) => lax(
            "pipenv install",
            "pipenv install --deploy",
            Change::Flag("--deploy"),
        ),
        "uv" if !flagged(command, &["--locked", "--frozen"]) && !set("UV_FROZEN") && !set("UV_LOCKED") => {
            lax("uv sync", "uv sync --locked", Change::Flag("--locked"))
        }
        "cargo" if !flagged(command, &["--locked", "--frozen"]) => {
            lax("cargo", "cargo … --locked", Change::Flag("--locked"))
        }
        _ => None,
    }
}

/// Whether an earlier command of the stage told the installer to hold to its lock.
fn set_before<'a>(file: &ProjectFile<'a>, view: StepView<'a>, installer: &Installer) -> bool {
    if installer.name != "bundle" {
        return false;
    }
    file.steps(view.stage)
        .filter(|step| step.step.instruction <= view.step.instruction)
        .any(|step| {
            file.commands(step).any(|(_, command)| {
                command.program() == Some("bundle")
                    && command
                        .words
                        .iter()
                        .any(|word| matches!(word.raw.as_str(), "frozen" | "deployment"))
            })
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, run};

    const RULE: &str = "unlocked-install";

    fn found(dockerfile: &str, files: &[&str]) -> Vec<String> {
        let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, "x")).collect();
        run(RULE, dockerfile, &files)
            .findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_lock_that_is_not_held_to() {
        for (run, files, expected) in [
            ("npm install", "package.json package-lock.json", true),
            ("npm i --omit=dev", "package.json npm-shrinkwrap.json", true),
            ("npm ci", "package.json package-lock.json", false),
            ("npm install -g pnpm", "package.json package-lock.json", false),
            ("yarn", "package.json yarn.lock", true),
            ("yarn install --frozen-lockfile", "package.json yarn.lock", false),
            ("yarn install --immutable", "package.json yarn.lock .yarnrc.yml", false),
            ("pnpm i", "package.json pnpm-lock.yaml", true),
            ("CI=1 pnpm i", "package.json pnpm-lock.yaml", false),
            ("bundle install", "Gemfile Gemfile.lock", true),
            ("bundle config set --local frozen true && bundle install", "Gemfile Gemfile.lock", false),
            ("composer install", "composer.json composer.lock", false),
            ("poetry install", "pyproject.toml poetry.lock", false),
            ("pipenv install --system", "Pipfile Pipfile.lock", true),
            ("pipenv sync", "Pipfile Pipfile.lock", false),
            ("uv sync", "pyproject.toml uv.lock", true),
            ("uv sync --frozen", "pyproject.toml uv.lock", false),
            ("cargo build --release", "Cargo.toml Cargo.lock", true),
            ("cargo build --release --locked", "Cargo.toml Cargo.lock", false),
            ("cargo fmt", "Cargo.toml Cargo.lock", false),
        ] {
            let files: Vec<&str> = files.split(' ').collect();
            let text = format!("FROM a:1\nWORKDIR /w\nCOPY . .\nRUN {run}\n");
            let found = found(&text, &files);
            assert_eq!(found.len(), usize::from(expected), "{run}: {found:?}");
        }
    }

    #[test]
    fn a_lock_that_does_not_reach_the_step() {
        let files = ["package.json", "package-lock.json"];
        let text = "FROM a:1\nCOPY package.json ./\nRUN npm install\n";
        assert!(found(text, &files)[0].contains("no step copies it"));
        let text = "FROM a:1\nCOPY package*.json ./\nRUN npm install\n";
        assert!(found(text, &files)[0].contains("may change"));
        let text = "FROM a:1\nRUN --mount=type=bind,source=package.json,target=package.json --mount=type=bind,source=package-lock.json,target=package-lock.json npm ci\n";
        assert!(found(text, &files).is_empty());
        let ignored = [("package.json", "x"), ("package-lock.json", "x"), (".dockerignore", "*lock*\n")];
        let outcome = run(RULE, "FROM a:1\nCOPY . ./\nRUN npm install\n", &ignored);
        assert!(outcome.findings[0].message.contains("ignore file keeps it out"));
    }

    #[test]
    fn a_lock_that_is_not_there() {
        let text = "FROM a:1\nCOPY . .\nRUN npm install\n";
        assert!(found(text, &["package.json"])[0].contains("has no lock file"));
        assert!(found(text, &["other"]).is_empty(), "nothing is known of its manifest");
        assert!(found("FROM a:1\nCOPY . .\nRUN cargo build\n", &["Cargo.toml"]).is_empty());
    }

    #[test]
    fn a_folder_of_its_own() {
        let files = ["web/package.json", "web/yarn.lock", "package.json"];
        let text = "FROM a:1\nCOPY web /w\nWORKDIR /w\nRUN yarn\n";
        assert!(found(text, &files)[0].contains("`web/yarn.lock`"));
    }

    #[test]
    fn the_command_is_mended_where_it_stands() {
        let files = [("package.json", "x"), ("package-lock.json", "x")];
        let text = "FROM a:1\nCOPY . .\nRUN a && \\\n  npm install --omit=dev # x\n";
        assert_eq!(
            fixed(RULE, text, &files),
            "FROM a:1\nCOPY . .\nRUN a && \\\n  npm ci --omit=dev # x\n"
        );
        let files = [("package.json", "x"), ("yarn.lock", "x")];
        assert_eq!(
            fixed(RULE, "FROM a:1\nCOPY . .\nRUN yarn && x\n", &files),
            "FROM a:1\nCOPY . .\nRUN yarn --frozen-lockfile && x\n"
        );
    }
}
