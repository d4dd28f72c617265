use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{InstructionKind, Stage};

use crate::base::family;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::root_user::is_root;

declare_rule! {
    /// ## What it does
    /// Tells that `COPY` or `ADD` stands behind a `USER` that is not root and has no `--chown`: what
    /// it brings belongs to root all the same. A later `chown` of the same path in the stage is taken
    /// into account.
    ///
    /// ## Why it hurts in production
    /// Files that the program has to write, a cache, a database, its own folder, are not writable for
    /// it, and that shows when the container runs. For files that are only read, root is the better
    /// owner: then this rule has nothing for you, which is why it is strict.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// USER node
    /// COPY app /home/node/app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// USER node
    /// COPY --chown=node app /home/node/app
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `--chown` is added; what should be owned by root then is not.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---chown---chmod>
    CopyNotOwnedByUser = "copy-not-owned-by-user",
    summary: "What is copied does not belong to the user",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/copy-after-user-without-chown"],
    audience: Strict,
    edition: 2026,
}

impl Rule for CopyNotOwnedByUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for (at, view) in file.steps(stage).enumerate() {
                let instruction = view.instruction;
                let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &instruction.kind
                else {
                    continue;
                };
                let user = match (view.step.before.user.as_deref(), view.step.before.user_set_by) {
                    (Some(user), Some(_)) if !user.is_empty() && !is_root(user) => user,
                    _ => continue,
                };
                if instruction.flag("chown").is_some() || view.step.triggered {
                    continue;
                }
                let target = words
                    .last()
                    .and_then(|word| file.expand(&word.value, &view.step.before))
                    .unwrap_or_default();
                if is_chowned(file, stage, at, &target) {
                    continue;
                }
                let windows = family::is_windows(&file.bottom(stage).base);
                let reported = sink
                    .report(
                        file.place(instruction.span),
                        format!("What is copied here belongs to root, not to `{}`.", user.escape_debug()),
                    )
                    .help(format!("Write `--chown={user}` where the program has to write to it."))
                    .confidence(if stage.reaches_target && !windows {
                        Confidence::Medium
                    } else {
                        Confidence::Low
                    });
                if !windows {
                    let end = instruction.keyword.span.end;
                    reported.fix(Fix {
                        title: format!("Add `--chown={user}`"),
                        applicability: Applicability::Unsafe,
                        edits: vec![Edit {
                            file: file.dockerfile.source.path().to_owned(),
                            span: Span::new(end, end),
                            text: format!(" --chown={user}"),
                        }],
                    });
                }
            }
        }
    }
}

/// Whether a later step of the stage gives the path to somebody.
fn is_chowned<'a>(file: &ProjectFile<'a>, stage: &'a Stage, at: usize, target: &str) -> bool {
    let target = target.trim_end_matches('/');
    file.steps(stage).skip(at + 1).any(|view| {
        matches!(view.instruction.kind, InstructionKind::Run(_))
            && file.commands(view).any(|(_, command)| {
                command.program() == Some("chown")
                    && command.arguments().iter().any(|word| {
                        let path = word.raw.trim_matches('"').trim_end_matches('/');
                        path == "."
                            || path.starts_with('$')
                            || (path.starts_with('/')
                                && (target.starts_with(path) || path.starts_with(target)))
                    })
            })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "copy-not-owned-by-user",
            &[
                ("behind USER", "FROM a:1\nUSER app\nCOPY x /x\n", &[3]),
                ("from a stage below", "FROM a:1 AS b\nUSER app\nFROM b\nADD x /x\n", &[4]),
            ],
        );
        silent(
            "copy-not-owned-by-user",
            &[
                ("given", "FROM a:1\nUSER app\nCOPY --chown=app x /x\n"),
                ("root copies", "FROM a:1\nCOPY x /x\nUSER app\n"),
                ("root again", "FROM a:1\nUSER app\nUSER root\nCOPY x /x\n"),
                ("given later", "FROM a:1\nUSER app\nCOPY x /srv/x\nRUN sudo chown -R app /srv\n"),
            ],
        );
    }
}
