use plimsoll_model::{Severity, Span};
use plimsoll_syntax::context::{ContextEntry, EntryKind};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::context::files::{self, Credential};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells which files with credentials a `COPY` or `ADD` really takes from the build context,
    /// after the ignore file: private keys, `.env` files with passwords, tokens of package
    /// registries, cloud and cluster credentials. Values are never shown.
    ///
    /// ## Why it hurts in production
    /// Everyone who can pull the image has the key. Deleting the file in a later step does not
    /// help: the layer that brought it still ships.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY . /srv
    /// CMD ["node", "/srv/app.js"]
    /// ```
    /// ```text:.env
    /// DB_HOST=db.internal
    /// DB_PASSWORD=correct-horse
    /// ```
    /// ```text:app.js
    /// serve()
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY . /srv
    /// CMD ["node", "/srv/app.js"]
    /// ```
    /// ```text:.dockerignore
    /// .env
    /// ```
    /// ```text:.env
    /// DB_HOST=db.internal
    /// DB_PASSWORD=correct-horse
    /// ```
    /// ```text:app.js
    /// serve()
    /// ```
    ///
    /// ## Fix
    /// None: the line belongs into the ignore file, which other builds share.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    ContextHoldsSecrets = "context-holds-secrets",
    summary: "A file with credentials enters the image from the build context",
    severity: Critical,
    confidence: High,
    category: Security,
    depth: Context,
    aliases: [],
    audience: Default,
    edition: 2026,
}

/// More than these are told as a number: who copies a whole key store sees it from the first few.
const MAX_FILES: usize = 20;

impl Rule for ContextHoldsSecrets {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(context) = file.context else { return };
        if context.truncated {
            sink.skip(
                format!("{}: context-holds-secrets", file.dockerfile.source.path()),
                "the build context has too many files to look at all of them; name what is not needed in the ignore file",
            );
        }
        let suspicious = |entry: &ContextEntry| {
            entry.kind == EntryKind::File && files::may_hold_credential(&entry.path)
        };
        // Applying the ignore file looks at every path: not worth it for nothing.
        if !context.entries.iter().any(suspicious) {
            return;
        }
        let copies = copies(file);
        let mut found = 0;
        let mut further = None;
        for entry in context.effective().filter(|entry| suspicious(entry)) {
            let Some(copy) = copies.iter().find(|copy| copy.takes(&entry.path)) else {
                continue;
            };
            let content = context.contents.get(&entry.path);
            let Some(credential) =
                files::credential(&entry.path, content.map(|content| content.bytes()))
            else {
                continue;
            };
            found += 1;
            if found > MAX_FILES {
                further = Some(copy);
                continue;
            }
            report(file, copy, &entry.path, &credential, sink);
        }
        if let Some(copy) = further {
            sink.report(
                file.place(copy.place),
                format!(
                    "{} more files with credentials enter the build.",
                    found - MAX_FILES
                ),
            )
            .help("Name the folders they are in in the ignore file.");
        }
    }
}

/// A COPY or ADD that takes files from the context.
struct Copy<'a> {
    sources: Vec<String>,
    excludes: Vec<String>,
    place: Span,
    view: StepView<'a>,
    ships: bool,
}

impl Copy<'_> {
    fn takes(&self, path: &str) -> bool {
        self.sources
            .iter()
            .any(|source| files::takes(source, path))
            && !self
                .excludes
                .iter()
                .any(|pattern| files::takes(pattern.trim_start_matches("**/"), path))
    }
}

/// Those of the stages that ship first: of a file that both take, they are the worse.
fn copies<'a>(file: &ProjectFile<'a>) -> Vec<Copy<'a>> {
    let mut copies: Vec<Copy<'a>> = file
        .built_steps()
        .filter_map(|view| {
            let (InstructionKind::Copy(words) | InstructionKind::Add(words)) =
                &view.instruction.kind
            else {
                return None;
            };
            if view.instruction.flag("from").is_some() {
                return None;
            }
            let (_, sources) = words.split_last()?;
            Some(Copy {
                // A source that is not known takes nothing for sure.
                sources: sources
                    .iter()
                    .filter(|source| !source.value.starts_with("<<"))
                    .filter_map(|source| file.expand(&source.value, &view.step.before))
                    .collect(),
                excludes: view
                    .instruction
                    .flags
                    .iter()
                    .filter(|flag| flag.name == "exclude")
                    .filter_map(|flag| flag.value.as_ref())
                    .map(|value| value.value.clone())
                    .collect(),
                place: view.instruction.span,
                ships: file.ships(view.stage),
                view,
            })
        })
        .collect();
    copies.sort_by_key(|copy| !copy.ships);
    copies
}

fn report(
    file: &ProjectFile<'_>,
    copy: &Copy<'_>,
    path: &str,
    credential: &Credential,
    sink: &mut Sink<'_>,
) {
    let shown = path.escape_debug();
    // The line is told by its number: a place in that file would have a renderer show it.
    let what = match credential.line {
        Some(line) => format!("{} in line {line}", credential.what),
        None => credential.what.clone(),
    };
    let (message, severity) = if copy.ships {
        (
            format!("`{shown}` enters the image, and holds {what}."),
            credential.severity,
        )
    } else {
        let stage = match &copy.view.stage.name {
            Some(name) => format!("the build stage `{name}`"),
            None => "a build stage".to_owned(),
        };
        (
            format!("`{shown}` enters {stage} and stays in the build cache, and holds {what}."),
            Severity::Medium,
        )
    };
    sink.report(file.place(copy.place), message)
        .help(format!(
            "Put `{shown}` into the ignore file; a step that needs it takes it with `RUN --mount=type=secret`."
        ))
        .severity(severity)
        .confidence(credential.confidence)
        .path(path);
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Confidence, Severity};

    use crate::testing::run;

    const RULE: &str = "context-holds-secrets";
    const KEY: (&str, &str) = (
        "keys/id_rsa",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n",
    );

    #[test]
    fn only_what_a_copy_takes_counts() {
        for (dockerfile, count) in [
            ("FROM a:1\nCOPY . /\n", 1),
            ("FROM a:1\nCOPY keys /k\n", 1),
            ("FROM a:1\nADD keys/id_* /k/\n", 1),
            ("FROM a:1\nARG D=keys\nCOPY $D /k\n", 1),
            ("FROM a:1\nCOPY src /src\n", 0),
            ("FROM a:1\nCOPY --from=b . /\n", 0),
            ("FROM a:1\nARG D\nCOPY $D /k\n", 0),
            ("FROM a:1\nCOPY --exclude=keys . /\n", 0),
            (
                "FROM a:1\nRUN --mount=type=bind,target=/src make -C /src\n",
                0,
            ),
            ("FROM a:1 AS unused\nCOPY . /\nFROM a:1\n", 0),
        ] {
            let found = run(RULE, dockerfile, &[KEY]).findings;
            assert_eq!(found.len(), count, "{dockerfile}");
        }
    }

    #[test]
    fn a_build_stage_is_less_bad_than_what_ships() {
        let found = run(
            RULE,
            "FROM a:1 AS b\nCOPY . /\nFROM a:1\nCOPY --from=b /x /\n",
            &[KEY],
        )
        .findings;
        assert_eq!(found[0].severity, Severity::Medium);
        let found = run(
            RULE,
            "FROM a:1 AS b\nCOPY . /\nFROM a:1\nCOPY --from=b /x /\nCOPY keys /\n",
            &[KEY],
        )
        .findings;
        assert_eq!((found.len(), found[0].severity), (1, Severity::Critical));
    }

    #[test]
    fn the_ignore_file_counts() {
        for (ignore, count) in [
            ("keys\n", 0),
            ("**/id_rsa\n", 0),
            ("keys\n!keys/id_rsa\n", 1),
            ("other\n", 1),
        ] {
            let found = run(
                RULE,
                "FROM a:1\nCOPY . /\n",
                &[KEY, (".dockerignore", ignore)],
            )
            .findings;
            assert_eq!(found.len(), count, "{ignore}");
        }
    }

    #[test]
    fn values_are_never_shown_and_test_keys_are_doubted() {
        let found = run(
            RULE,
            "FROM a:1\nCOPY . /\n",
            &[KEY, ("tests/server.key", KEY.1)],
        )
        .findings;
        assert!(!format!("{found:?}").contains("c2VjcmV0"));
        assert_eq!(found[1].confidence, Confidence::Low);
        assert!(found[0].message.contains("in line 1"));
    }

    #[test]
    fn without_a_context_it_says_that_it_did_not_look() {
        let outcome = run(RULE, "FROM a:1\nCOPY . /\n", &[]);
        assert_eq!((outcome.findings.len(), outcome.skipped.len()), (0, 1));
    }

    #[test]
    fn a_flood_is_told_as_a_number() {
        let names: Vec<String> = (0..30).map(|n| format!("k/{n:02}.key")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), KEY.1)).collect();
        let found = run(RULE, "FROM a:1\nCOPY . /\n", &files).findings;
        assert_eq!(found.len(), 21);
        assert!(
            found
                .iter()
                .any(|one| one.message.starts_with("10 more files"))
        );
    }
}
