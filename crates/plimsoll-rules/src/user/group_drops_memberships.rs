use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage, Word};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts::{self, Change};

declare_rule! {
    /// ## What it does
    /// Tells that `USER name:group` names a group, where a step of the file puts that user into
    /// further groups.
    ///
    /// ## Why it hurts in production
    /// With a group in `USER` the process is in that group alone: all other memberships are gone, and
    /// what they were for (a socket, a shared folder) fails when the container runs, not when it is
    /// built.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --groups docker,www-data app
    /// USER app:app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --groups docker,www-data app
    /// USER app
    /// ```
    ///
    /// ## Fix
    /// None: which of the two was meant is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#user>
    GroupDropsMemberships = "group-drops-memberships",
    summary: "A group in USER drops the user's other groups",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/user-explicit-group-drops-supplementary-groups"],
    audience: Default,
    edition: 2026,
}

impl Rule for GroupDropsMemberships {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            if !has_group(file, stage) {
                continue;
            }
            let mut members: Vec<(String, String, Span)> = Vec::new();
            let mut next = Some(stage);
            let mut below = Vec::new();
            while let Some(stage) = next {
                below.push(stage);
                next = match stage.base {
                    Base::Stage(index) => file.resolution.stages.get(index),
                    _ => None,
                };
            }
            for view in below.iter().rev().flat_map(|stage| file.steps(stage)) {
                match &view.instruction.kind {
                    InstructionKind::Run(_) => {
                        for (script, command) in file.commands(view) {
                            let (user, groups) = match accounts::change(command) {
                                Some(Change::User(user)) => (user.name, user.groups),
                                Some(Change::Member { user, groups }) => (user, Some(groups)),
                                _ => continue,
                            };
                            if let Some(groups) = groups {
                                let span = script.command_span(command);
                                members.push((user.to_owned(), groups.to_owned(), span));
                            }
                        }
                    }
                    InstructionKind::User(word) if view.stage.index == stage.index => {
                        judge(file, stage.reaches_target, view, word, &members, sink);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn has_group(file: &ProjectFile<'_>, stage: &Stage) -> bool {
    stage.steps.iter().any(|step| {
        matches!(&file.instruction(step.instruction).kind, InstructionKind::User(word) if word.value.contains(':'))
    })
}

fn judge(
    file: &ProjectFile<'_>,
    built: bool,
    view: StepView<'_>,
    word: &Word,
    members: &[(String, String, Span)],
    sink: &mut Sink<'_>,
) {
    let Some(user) = file.expand(&word.value, &view.step.before) else {
        return;
    };
    let Some((name, group)) = user.split_once(':') else {
        return;
    };
    let dropped: Vec<_> = members
        .iter()
        .filter(|(user, ..)| user == name)
        .flat_map(|(_, groups, span)| groups.split(',').map(move |group| (group, *span)))
        .filter(|(other, _)| *other != group && !other.is_empty())
        .collect();
    let Some((first, span)) = dropped.first() else {
        return;
    };
    sink.report(
        file.place(word.span),
        format!("`USER {name}:{group}` leaves `{name}` without the group `{first}` it was put into."),
    )
    .help(format!("Write `USER {name}`, or take the other groups out."))
    .related(file.place(*span), "It is put into the group here.")
    .confidence(if built { Confidence::High } else { Confidence::Low });
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "group-drops-memberships",
            &[
                ("at creation", "FROM a:1\nRUN useradd -G docker app\nUSER app:app\n", &[3]),
                ("later", "FROM a:1\nRUN useradd app && usermod -aG docker app\nUSER app:app\n", &[3]),
                ("in a stage below", "FROM a:1 AS b\nRUN adduser app docker\nFROM b\nUSER app:app\n", &[4]),
            ],
        );
        silent(
            "group-drops-memberships",
            &[
                ("no group", "FROM a:1\nRUN useradd -G docker app\nUSER app\n"),
                ("that very group", "FROM a:1\nRUN useradd -G docker app\nUSER app:docker\n"),
                ("no further groups", "FROM a:1\nRUN useradd -g app app\nUSER app:app\n"),
                ("somebody else", "FROM a:1\nRUN useradd -G docker x\nUSER app:app\n"),
            ],
        );
    }

    /// What lies below a stage is looked at where that has a group.
    #[test]
    fn many_stages() {
        let mut stages = String::from("FROM a:1 AS s0\nRUN useradd -G docker app\n");
        for stage in 1..40_000 {
            stages += &format!("FROM s{} AS s{stage}\n", stage - 1);
        }
        stages += "USER app:app\n";
        let last = stages.lines().count();
        fires("group-drops-memberships", &[("far above", &stages, &[last])]);
    }
}
