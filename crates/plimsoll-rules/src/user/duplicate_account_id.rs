use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts::{self, Change};

declare_rule! {
    /// ## What it does
    /// Tells that two users, or two groups, of one stage are given the same number, or the same name
    /// twice.
    ///
    /// ## Why it hurts in production
    /// To the kernel they are one: each may read, write and kill what is the other's, while every
    /// listing shows just one of the names. A name given twice fails the build on most systems.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --uid 1000 web
    /// RUN useradd --uid 1000 --non-unique worker
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --uid 1000 web
    /// RUN useradd --uid 1001 worker
    /// ```
    ///
    /// ## Fix
    /// None: who owns what is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man8/useradd.8.html>
    DuplicateAccountId = "duplicate-account-id",
    summary: "Two accounts have one number",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DKL-LI-0002"],
    audience: Default,
    edition: 2026,
}

impl Rule for DuplicateAccountId {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut users: Vec<(String, String, Span)> = Vec::new();
            let mut groups: Vec<(String, String, Span)> = Vec::new();
            for view in file.steps(stage) {
                if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                    continue;
                }
                for (script, command) in file.commands(view) {
                    let (known, what, name, id) = match accounts::change(command) {
                        Some(Change::User(user)) => (&mut users, "user", user.name, user.id),
                        Some(Change::Group { name, id }) => (&mut groups, "group", name, id),
                        _ => continue,
                    };
                    // In branches of a condition only one of them is created.
                    if command.depth > 0 {
                        continue;
                    }
                    let Some((number, word)) = id.and_then(|id| Some((accounts::id_of(id)?, id)))
                    else {
                        continue;
                    };
                    let span = script.word_span(word);
                    match known.iter().find(|(_, other, _)| other == number) {
                        Some((first, _, place)) if first != name => {
                            sink.report(
                                file.place(span),
                                format!("The {what} `{name}` has the number {number}, which is `{first}`'s."),
                            )
                            .help("Give each its own number.")
                            .related(file.place(*place), "It was given first here.")
                            .confidence(if stage.reaches_target {
                                Confidence::High
                            } else {
                                Confidence::Low
                            });
                        }
                        _ => known.push((name.to_owned(), number.to_owned(), span)),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "duplicate-account-id",
            &[
                ("users", "FROM a:1\nRUN useradd -u 1 a && useradd -ou 1 b\n", &[2]),
                ("groups", "FROM a:1\nRUN groupadd -g 1 a\nRUN groupadd -g 1 b\n", &[3]),
            ],
        );
        silent(
            "duplicate-account-id",
            &[
                ("a user and a group", "FROM a:1\nRUN groupadd -g 1 a && useradd -u 1 -g 1 a\n"),
                ("one of two", "FROM a:1\nRUN if x; then useradd -u 1 a; else useradd -u 1 b; fi\n"),
                ("two tries", "FROM a:1\nRUN useradd -u 1 a || adduser -u 1 a\n"),
                ("two stages", "FROM a:1\nRUN useradd -u 1 a\nFROM a:1\nRUN useradd -u 1 b\n"),
            ],
        );
    }
}
