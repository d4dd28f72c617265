use plimsoll_model::Severity;
use plimsoll_syntax::context::Gap;

use crate::context::copies::{self, ContextCopy};
use crate::context::files::{self, Credential};
use crate::context::shared::SharedContext;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells which files with credentials a `COPY` or `ADD` really takes from the build context,
    /// after the ignore file: private keys, `.env` files with passwords, tokens of package
    /// registries, cloud and cluster credentials, and what else looks like a credential in files of
    /// settings (`config.yml`, `settings.py`, …). Values are never shown. A file that was too long to
    /// be read, or could not be, is named among what was not looked at.
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
        let mut entries = context.credentials().peekable();
        if entries.peek().is_none() && context.gaps.is_empty() {
            return;
        }
        let copies = copies::of(file);
        tell_gaps(context, &copies, sink);
        let mut found = 0;
        let mut further = None;
        for entry in entries {
            let Some(copy) = copies.iter().find(|copy| copy.takes(&entry.path)) else {
                continue;
            };
            let content = context.contents.get(&entry.path);
            let Some(credential) =
                files::credential(&entry.path, content.map(|content| content.bytes()), file.credentials)
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

/// Says what of the context nobody looked at, as far as a COPY takes it.
fn tell_gaps(context: &SharedContext, copies: &[ContextCopy<'_>], sink: &mut Sink<'_>) {
    let is_taken = |path: &str| copies.iter().any(|copy| copy.takes(path));
    // Of a folder that nobody listed a part may enter where it does not.
    let is_reached = |path: &str| {
        context.may_hold_entering(path) && copies.iter().any(|copy| copy.reaches_into(path))
    };
    let mut unread: Vec<(&str, &str)> = Vec::new();
    for gap in &context.gaps {
        match gap {
            Gap::Paths(limit) => sink.skip(
                "files of the build context",
                format!("there are more than {limit}; name what is not needed in the ignore file"),
            ),
            // What the ignore file keeps out may be as closed as it likes.
            Gap::Folder { path, why } if is_reached(path) => sink.skip(
                format!("{} of the build context", path.escape_debug()),
                format!("the folder could not be read: {why}"),
            ),
            Gap::Folder { .. } => {}
            Gap::File { path, why } => {
                if files::may_hold_value(path) && context.enters(path) && is_taken(path) {
                    unread.push((path, why));
                }
            }
        }
    }
    for (path, why) in unread.iter().take(MAX_FILES) {
        sink.skip(
            format!("{} of the build context", path.escape_debug()),
            format!("not searched for credentials: {why}"),
        );
    }
    if let Some(more) = unread.len().checked_sub(MAX_FILES).filter(|more| *more > 0) {
        sink.skip(
            format!("{more} more files of the build context"),
            "not searched for credentials: there are too many, or they are too long",
        );
    }
}

fn report(
    file: &ProjectFile<'_>,
    copy: &ContextCopy<'_>,
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
    use std::sync::Arc;

    use plimsoll_model::{Confidence, Severity};
    use plimsoll_syntax::context::{ContextEntry, EntryKind, Gap};

    use crate::check::check_project;
    use crate::context::shared::SharedContext;
    use crate::testing::{options, run, sized_project};

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
    fn what_nobody_looked_at_is_told_as_far_as_it_enters() {
        let gap = |path: &str| Gap::File {
            path: path.to_owned(),
            why: "longer than 1024 KiB".to_owned(),
        };
        let told = |dockerfile: &str, gaps: Vec<Gap>| {
            let sizes = [("app/.env", 2 << 20), ("app/run.sh", 1), ("web/.env", 2 << 20)];
            let mut project = sized_project(dockerfile, &[(".dockerignore", "web\n")], &sizes);
            let mut context = (**project.context.as_ref().unwrap()).clone();
            for path in ["app/keys", "web/data"] {
                context.entries.push(ContextEntry {
                    path: path.to_owned(),
                    kind: EntryKind::Directory,
                    size: 0,
                });
            }
            context.entries.sort_by(|a, b| a.path.cmp(&b.path));
            context.gaps = gaps;
            project.context = Some(Arc::new(SharedContext::new(context)));
            let skipped = check_project(&project, &options(RULE)).skipped;
            skipped.into_iter().map(|one| one.what).collect::<Vec<_>>()
        };
        let files = || vec![gap("app/.env"), gap("app/run.sh"), gap("web/.env")];
        assert_eq!(
            told("FROM a:1\nCOPY . /\n", files()),
            ["app/.env of the build context"]
        );
        assert_eq!(told("FROM a:1\nCOPY app/run.sh /\n", files()), [""; 0]);
        let folder = |path: &str| Gap::Folder {
            path: path.to_owned(),
            why: "permission denied".to_owned(),
        };
        let folders = || vec![Gap::Paths(7), folder("app/keys"), folder("web/data")];
        assert_eq!(
            told("FROM a:1\nCOPY . /\n", folders()),
            ["app/keys of the build context", "files of the build context"]
        );
        assert_eq!(
            told("FROM a:1\nCOPY app/run.sh /\n", folders()),
            ["files of the build context"]
        );
        let closed = || vec![folder("app/keys"), folder("web/data")];
        for (source, expected) in [
            ("app/keys/id_rsa", &["app/keys of the build context"][..]),
            ("app/*/id_rsa", &["app/keys of the build context"]),
            ("app/key", &[]),
            ("--exclude=app/keys . ", &[]),
            ("--exclude=app/keys/*.pem . ", &["app/keys of the build context"]),
            ("web/data/id_rsa", &[]),
        ] {
            let dockerfile = format!("FROM a:1\nCOPY {source} /\n");
            assert_eq!(told(&dockerfile, closed()), expected, "{source}");
        }
    }

    #[test]
    fn an_exception_reaches_into_a_closed_folder() {
        for (ignore, count) in [
            ("keys\n!keys/id_rsa\n", 1),
            ("*\n!keys/id_*\n", 1),
            ("keys\n!key\n", 0),
            ("*\n!keys\n", 1),
            ("keys\n", 0),
        ] {
            let mut project =
                sized_project("FROM a:1\nCOPY . /\n", &[(".dockerignore", ignore)], &[]);
            let mut context = (**project.context.as_ref().unwrap()).clone();
            context.entries.push(ContextEntry {
                path: "keys".to_owned(),
                kind: EntryKind::Directory,
                size: 0,
            });
            context.entries.sort_by(|a, b| a.path.cmp(&b.path));
            context.gaps = vec![Gap::Folder {
                path: "keys".to_owned(),
                why: "permission denied".to_owned(),
            }];
            project.context = Some(Arc::new(SharedContext::new(context)));
            let skipped = check_project(&project, &options(RULE)).skipped;
            assert_eq!(skipped.len(), count, "{ignore}");
        }
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
