use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};
use plimsoll_syntax::shell::ShellCommand;

use super::dependencies::Brought;
use super::manifests;
use crate::declare::declare_rule;
use crate::placement::base_name;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships gets the packages a project only needs while it is developed:
    /// the manifest in the build context lists some, the install step does not leave them out, and
    /// its result ships, in its own stage or copied from it.
    ///
    /// ## Why it hurts in production
    /// Test runners, bundlers and linters are often the larger half of what is installed, and most
    /// of the advisories a scanner finds are theirs.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// WORKDIR /srv
    /// COPY . .
    /// RUN npm ci
    /// CMD ["node", "app.js"]
    /// ```
    /// ```text:package.json
    /// {"dependencies": {"express": "5.0.1"}, "devDependencies": {"jest": "29.7.0"}}
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// WORKDIR /srv
    /// COPY . .
    /// RUN npm ci --omit=dev
    /// CMD ["node", "app.js"]
    /// ```
    /// ```text:package.json
    /// {"dependencies": {"express": "5.0.1"}, "devDependencies": {"jest": "29.7.0"}}
    /// ```
    ///
    /// ## Fix
    /// None: a step behind it may need them to build; then they belong into a stage of their own.
    ///
    /// ## References
    /// - <https://docs.npmjs.com/cli/commands/npm-ci#omit>
    DevDependenciesInRuntime = "dev-dependencies-in-runtime",
    summary: "The image that ships holds packages that only development needs",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Context,
    aliases: [
        "tally/php/composer-no-dev-in-production",
        "tally/ruby/missing-bundle-without-development",
    ],
    audience: Default,
    edition: 2026,
}

impl Rule for DevDependenciesInRuntime {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let starts_something = file.shipped_steps().any(|view| {
            matches!(
                view.instruction.kind,
                InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_)
            )
        });
        if !starts_something {
            return;
        }
        let mut brought: Option<Option<Brought<'_>>> = None;
        for view in file.built_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for (script, command) in file.commands(view) {
                let Some(found) = manifests::installation(command) else {
                    continue;
                };
                let Some(way) = way(found.installer.name, command, &found.named, view) else {
                    continue;
                };
                let copied = copied_out(file, view.stage, way.folder);
                if !file.ships(view.stage) && copied.is_none() {
                    continue;
                }
                let brought = brought.get_or_insert_with(|| Brought::new(file));
                let Some(brought) = brought else { return };
                let name = found.named.first().map_or(found.installer.manifest(), |file| base_name(file));
                let Some(entry) = brought.nearest(file, view, name) else {
                    continue;
                };
                let Some(first) = brought
                    .context()
                    .text(&entry.path)
                    .and_then(|text| (way.lists)(name, text))
                else {
                    continue;
                };
                if pruned(file, view) {
                    continue;
                }
                let reported = sink
                    .report(
                        file.place(script.command_span(command)),
                        format!(
                            "This also installs what `{}` lists for development, such as `{}`, and it ships.",
                            entry.path.escape_debug(),
                            first.escape_debug()
                        ),
                    )
                    .help(way.help);
                if let Some(place) = copied {
                    reported.related(file.place(place), "Here it is copied into the image that ships.");
                }
            }
        }
    }
}

/// How an installer is kept from installing them.
struct Way {
    help: &'static str,
    /// The first package for development that a manifest lists, by its name and text.
    lists: fn(&str, &str) -> Option<String>,
    /// The folder the packages are installed into; `None` is one of the system.
    folder: Option<&'static str>,
}

/// `None` where the command leaves them out.
fn way(installer: &str, command: &ShellCommand, named: &[&str], view: StepView<'_>) -> Option<Way> {
    let state = &view.step.before;
    let has = |flags: &[&str]| {
        command
            .arguments()
            .iter()
            .any(|word| flags.contains(&word.raw.as_str()))
    };
    let follows = |flag: &str, value: &str| {
        command
            .arguments()
            .windows(2)
            .any(|pair| pair[0].raw == flag && pair[1].raw.contains(value))
    };
    let set = |name: &str| -> Option<&str> {
        command
            .assignments
            .iter()
            .find(|(assigned, _)| assigned == name)
            .and_then(|(_, word)| word.literal.as_deref())
            .map(|text| text.split_once('=').map_or(text, |(_, value)| value))
            .or_else(|| state.variables.get(name)?.value.as_deref())
    };
    let production = set("NODE_ENV") == Some("production");
    let on = |name: &str| set(name).is_some_and(|value| !matches!(value, "" | "0" | "false"));
    match installer {
        "npm" => {
            let left_out = production
                || has(&["--production", "--omit=dev", "--only=production", "--only=prod", "--production=true"])
                || follows("--omit", "dev")
                || follows("--only", "prod")
                || set("NPM_CONFIG_OMIT") == Some("dev")
                || on("NPM_CONFIG_PRODUCTION");
            (!left_out).then_some(Way {
                help: "Write `npm ci --omit=dev`, or build in a stage of its own and copy what it made.",
                lists: npm,
                folder: Some("node_modules"),
            })
        }
        "yarn" => (!production && !has(&["--production", "--prod", "--production=true"])).then_some(Way {
            help: "Write `yarn install --production`, or build in a stage of its own and copy what it made.",
            lists: npm,
            folder: Some("node_modules"),
        }),
        "pnpm" => (!production && !has(&["--prod", "-P", "--production"])).then_some(Way {
            help: "Write `pnpm install --prod`, or build in a stage of its own and copy what it made.",
            lists: npm,
            folder: Some("node_modules"),
        }),
        "composer" => (!has(&["--no-dev"]) && !on("COMPOSER_NO_DEV")).then_some(Way {
            help: "Write `composer install --no-dev`.",
            lists: composer,
            folder: Some("vendor"),
        }),
        "poetry" => {
            let left_out = has(&["--no-dev", "--only-root"])
                || command.arguments().iter().any(|word| {
                    word.raw.starts_with("--only") || word.raw.starts_with("--without")
                });
            (!left_out).then_some(Way {
                help: "Write `poetry install --only main`.",
                lists: pyproject,
                folder: Some(".venv"),
            })
        }
        "uv" => (!has(&["--no-dev", "--no-default-groups", "--only-group"]) && !on("UV_NO_DEV")).then_some(Way {
            help: "Write `uv sync --no-dev`.",
            lists: pyproject,
            folder: Some(".venv"),
        }),
        "pip" => named
            .first()
            .is_some_and(|file| {
                base_name(file)
                    .split(['-', '_', '.'])
                    .any(|part| matches!(part, "dev" | "test" | "tests" | "development"))
            })
            .then_some(Way {
                help: "Install only the requirements of the program, and these in a stage that tests it.",
                lists: requirements,
                folder: None,
            }),
        _ => None,
    }
}

fn npm(_: &str, text: &str) -> Option<String> {
    json_key(text, "devDependencies")
}

fn composer(_: &str, text: &str) -> Option<String> {
    json_key(text, "require-dev")
}

/// The first key of an object in a JSON object.
fn json_key(text: &str, key: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).ok()?;
    manifest.get(key)?.as_object()?.keys().next().cloned()
}

fn pyproject(_: &str, text: &str) -> Option<String> {
    let manifest: toml::Table = text.parse().ok()?;
    let at = |path: &[&str]| -> Option<&toml::Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(manifest.get(*first)?, |value, part| value.get(part))
    };
    let first_of = |value: &toml::Value| -> Option<String> {
        match value {
            toml::Value::Array(items) => items.iter().find_map(|item| {
                let text = item.as_str()?;
                let end = text
                    .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
                    .unwrap_or(text.len());
                Some(text[..end].to_owned())
            }),
            toml::Value::Table(table) => table.keys().next().cloned(),
            _ => None,
        }
    };
    [
        &["dependency-groups", "dev"][..],
        &["tool", "poetry", "group", "dev", "dependencies"],
        &["tool", "poetry", "dev-dependencies"],
        &["tool", "uv", "dev-dependencies"],
    ]
    .iter()
    .find_map(|path| first_of(at(path)?))
}

fn requirements(_: &str, text: &str) -> Option<String> {
    text.lines()
        .map(str::trim)
        .find(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .map(|line| {
            let end = line
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
                .unwrap_or(line.len());
            line[..end].to_owned()
        })
}

/// Where a shipped step copies the folder that a stage installs into, by its name.
fn copied_out(file: &ProjectFile<'_>, stage: &Stage, folder: Option<&str>) -> Option<Span> {
    let folder = folder?;
    file.shipped_steps().find_map(|view| {
        let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &view.instruction.kind
        else {
            return None;
        };
        let from = view.step.from.contains(&Base::Stage(stage.index));
        let (_, sources) = words.split_last()?;
        let whole = stage.end.workdir.as_deref();
        let takes = sources.iter().any(|source| {
            base_name(&source.value) == folder
                || whole.is_some_and(|whole| {
                    source.value.trim_end_matches('/') == whole.trim_end_matches('/')
                        && whole != "/"
                })
        });
        (from && takes).then_some(view.instruction.span)
    })
}

/// Whether the same step takes them out again, or in a stage that is only copied from, any later
/// one does.
fn pruned(file: &ProjectFile<'_>, view: StepView<'_>) -> bool {
    let only_copied = !file.ships(view.stage);
    view.stage
        .steps
        .iter()
        .filter(|step| {
            step.instruction == view.step.instruction
                || (only_copied && step.instruction > view.step.instruction)
        })
        .any(|step| {
            let step = StepView {
                stage: view.stage,
                step,
                instruction: file.instruction(step.instruction),
            };
            file.commands(step).any(|(_, command)| {
                let words: Vec<&str> = command.words.iter().map(|word| word.raw.as_str()).collect();
                match command.program() {
                    Some("npm") => words.contains(&"prune") || words.contains(&"--omit=dev"),
                    Some("pnpm") => words.contains(&"prune") || words.contains(&"deploy"),
                    Some("yarn") => words.contains(&"--production") || words.contains(&"focus"),
                    Some("rm") => words.iter().any(|word| base_name(word) == "node_modules"),
                    _ => false,
                }
            })
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const RULE: &str = "dev-dependencies-in-runtime";
    const NODE: (&str, &str) = ("package.json", "{\"devDependencies\": {\"jest\": \"29\"}}");
    const PYTHON: (&str, &str) = (
        "pyproject.toml",
        "[dependency-groups]\ndev = [\"pytest>=8\"]\n",
    );

    fn count(dockerfile: &str) -> usize {
        let files = [
            NODE,
            PYTHON,
            ("composer.json", "{\"require-dev\": {\"phpunit/phpunit\": \"11\"}}"),
            ("requirements-dev.txt", "pytest\n"),
        ];
        run(RULE, dockerfile, &files).findings.len()
    }

    #[test]
    fn what_is_left_out_is_not_told() {
        for (command, expected) in [
            ("npm ci", 1),
            ("npm ci --omit=dev", 0),
            ("npm ci --omit dev", 0),
            ("NODE_ENV=production npm ci", 0),
            ("npm ci && npm run build && npm prune --omit=dev", 0),
            ("yarn install", 1),
            ("yarn install --production", 0),
            ("pnpm i --prod", 0),
            ("composer install", 1),
            ("composer install --no-dev", 0),
            ("poetry install", 1),
            ("poetry install --only main", 0),
            ("uv sync", 1),
            ("uv sync --no-dev", 0),
            ("pip install -r requirements-dev.txt", 1),
        ] {
            let text = format!("FROM a:1\nWORKDIR /w\nCOPY . .\nRUN {command}\nCMD [\"x\"]\n");
            assert_eq!(count(&text), expected, "{command}");
        }
    }

    #[test]
    fn what_does_not_ship_is_not_told() {
        let build = "FROM a:1 AS b\nWORKDIR /w\nCOPY . .\nRUN npm ci\n";
        for (rest, expected) in [
            ("FROM a:1\nCOPY --from=b /w/dist /w\nCMD [\"x\"]\n", 0),
            ("FROM a:1\nCOPY --from=b /w/node_modules /w/node_modules\nCMD [\"x\"]\n", 1),
            ("FROM a:1\nCOPY --from=b /w /w\nCMD [\"x\"]\n", 1),
            ("RUN npm prune --omit=dev\nFROM a:1\nCOPY --from=b /w /w\nCMD [\"x\"]\n", 0),
            ("FROM a:1\nCOPY --from=b /w /w\n", 0),
        ] {
            assert_eq!(count(&format!("{build}{rest}")), expected, "{rest}");
        }
        assert_eq!(
            count("FROM a:1\nENV NODE_ENV=production\nCOPY . .\nRUN npm ci\nCMD [\"x\"]\n"),
            0
        );
    }

    #[test]
    fn a_manifest_without_them_is_not_told() {
        let text = "FROM a:1\nCOPY . .\nRUN npm ci\nCMD [\"x\"]\n";
        for (manifest, expected) in [(NODE.1, 1), ("{}", 0), ("{\"devDependencies\": {}}", 0), ("no JSON", 0)] {
            let found = run(RULE, text, &[("package.json", manifest)]).findings;
            assert_eq!(found.len(), expected, "{manifest}");
        }
    }
}
