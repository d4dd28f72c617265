use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::{Base, InstructionKind};
use plimsoll_syntax::shell::wrapper;

use crate::base::family::{self, BaseUser};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships runs its process as root: the last `USER` of its stage, or
    /// of the stages and base it stands on, is root, or there is none.
    ///
    /// Build stages that only files are copied from may run as anyone. Other tools judge them too:
    /// selected by their ids, the rule tells of those stages as well.
    ///
    /// ## Why it hurts in production
    /// Whoever gets hold of the process owns everything in the container, may write to every
    /// volume, and is one kernel or runtime flaw away from the host. Clusters that enforce
    /// `runAsNonRoot` refuse to start the image at all.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY app.py /app.py
    /// CMD ["python", "/app.py"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY app.py /app.py
    /// USER 10001
    /// CMD ["python", "/app.py"]
    /// ```
    ///
    /// ## Fix
    /// None: which files the new user must be able to write is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
    RootUser = "root-user",
    summary: "The image runs as root",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DL3002", "DS-0002", "DS002", "CKV_DOCKER_3", "CKV_DOCKER_8", "CIS-DI-0001", "S6471"],
    audience: Default,
    edition: 2026,
}

const HELP: &str = "Create a user that owns only what it must write, and switch to it with a \
                    numeric `USER`, such as `USER 10001`, behind the last step that needs root.";

/// What other tools call a last `USER` that is root.
const EXPLICIT: &[&str] = &[
    "DL3002",
    "DS-0002",
    "DS002",
    "CKV_DOCKER_8",
    "CIS-DI-0001",
    "S6471",
];
/// A stage's last `USER` that is root, with another `USER` further down the file.
const EXPLICIT_ABOVE: &[&str] = &["DL3002"];
/// No `USER` in the whole file.
const NOWHERE: &[&str] = &["DS-0002", "DS002", "CKV_DOCKER_3", "CIS-DI-0001", "S6471"];
/// A `USER` elsewhere in the file, none where it counts: what tools that judge the image say.
const ELSEWHERE: &[&str] = &["CIS-DI-0001", "S6471"];

impl Rule for RootUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let in_file: Vec<usize> = (0..file.instruction_count())
            .filter(|index| matches!(file.instruction(*index).kind, InstructionKind::User(_)))
            .collect();
        let drops = drops_privileges(file);
        let mut told = None;
        match (target.end.user.as_deref(), target.end.user_set_by) {
            (Some(user), Some(index)) if is_root(user) => {
                let instruction = file.instruction(index);
                let message = if instruction_says(&instruction.kind, user) {
                    format!("The last `USER` of the image that ships is `{user}`.")
                } else {
                    format!("The last `USER` of the image that ships comes to `{user}`.")
                };
                told = Some(index);
                sink.report(file.place(instruction.span), message)
                    .help(HELP)
                    .aliases(EXPLICIT)
                    .confidence(if drops {
                        Confidence::Low
                    } else {
                        Confidence::High
                    });
            }
            // Nothing set one: from scratch, or over a base whose configuration is at hand.
            (Some(user), None) => {
                let user = if user.is_empty() || is_root(user) {
                    BaseUser::Root
                } else {
                    BaseUser::Other
                };
                missing(file, Some(user), in_file.is_empty(), drops, sink);
            }
            (_, Some(_)) => {}
            (None, None) => missing(file, None, in_file.is_empty(), drops, sink),
        }
        if !in_file.is_empty() {
            elsewhere(file, told, in_file.last().copied(), sink);
        }
    }
}

/// Stages that end as root and are not what ships: nothing to mend, but what others tell.
fn elsewhere(
    file: &ProjectFile<'_>,
    told: Option<usize>,
    last_in_file: Option<usize>,
    sink: &mut Sink<'_>,
) {
    for stage in &file.resolution.stages {
        let last = file
            .steps(stage)
            .rfind(|view| matches!(view.instruction.kind, InstructionKind::User(_)));
        let Some((view, InstructionKind::User(word))) = last.map(|v| (v, &v.instruction.kind))
        else {
            continue;
        };
        let root = file
            .expand(&word.value, &view.step.before)
            .is_some_and(|user| is_root(&user));
        if !root || told == Some(view.step.instruction) {
            continue;
        }
        sink.report(
            file.place(view.instruction.span),
            "The stage ends as root, which is not what the image that ships runs as.",
        )
        .help(HELP)
        .severity(Severity::Low)
        .confidence(Confidence::Low)
        .aliases(if last_in_file == Some(view.step.instruction) {
            EXPLICIT
        } else {
            EXPLICIT_ABOVE
        });
    }
}

fn missing(
    file: &ProjectFile<'_>,
    known: Option<BaseUser>,
    nowhere: bool,
    drops: bool,
    sink: &mut Sink<'_>,
) {
    let Some(target) = file.target() else { return };
    let bottom = file.bottom(target);
    let starts_something = file.shipped_steps().any(|view| {
        matches!(
            view.instruction.kind,
            InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_)
        )
    });
    let is_known = known.is_some();
    let user = known.unwrap_or_else(|| family::user(&bottom.base));
    let (message, confidence) = match (user, &bottom.base) {
        _ if drops => (
            "No `USER` is set: the container starts as root and changes to another user."
                .to_owned(),
            Confidence::Low,
        ),
        (BaseUser::Other, _) => (
            "No `USER` is set: the image runs as whoever its base names.".to_owned(),
            Confidence::Low,
        ),
        // Without a command it cannot be started: a way to carry files.
        (BaseUser::Root, Base::Scratch) if !starts_something => (
            "No `USER` is set, so whatever is started from this image runs as root.".to_owned(),
            Confidence::Low,
        ),
        (BaseUser::Root, Base::Scratch) => (
            "No `USER` is set: from scratch, that is root.".to_owned(),
            Confidence::High,
        ),
        (BaseUser::Root, Base::Image(name)) => (
            format!("No `USER` is set, and `{name}` runs as root."),
            Confidence::High,
        ),
        (BaseUser::Root, Base::Context(name)) if is_known => (
            format!("No `USER` is set, and `{name}` runs as root."),
            Confidence::High,
        ),
        (_, base) if family::is_windows(base) => (
            "No `USER` is set; on Windows the base image decides, and nobody is root."
                .to_owned(),
            Confidence::Low,
        ),
        (_, Base::Image(name)) => (
            format!("No `USER` is set, and `{name}` is not known to set one."),
            Confidence::Medium,
        ),
        (_, Base::Context(_) | Base::Unresolved(_) | Base::Stage(_) | Base::Scratch) => (
            "No `USER` is set, and what the base image runs as is not known.".to_owned(),
            Confidence::Low,
        ),
    };
    sink.report(file.place(file.from(target).span), message)
        .help(HELP)
        .aliases(match (nowhere, user) {
            (true, _) => NOWHERE,
            (false, BaseUser::Other) => &[],
            (false, _) => ELSEWHERE,
        })
        .confidence(confidence)
        .severity(if confidence == Confidence::Low {
            Severity::Medium
        } else {
            Severity::High
        });
}

/// Whether `user[:group]` is root. A group does not make a root user less of one.
pub(crate) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name == "root" || (!name.is_empty() && name.bytes().all(|b| b == b'0'))
}

fn instruction_says(kind: &InstructionKind, user: &str) -> bool {
    matches!(kind, InstructionKind::User(word) if word.value == user)
}

/// Words behind a program that changes the user in which one is looked for.
const MOST_WORDS: usize = 64;

/// Whether the image starts with a program that is there to change to another user.
pub(crate) fn drops_privileges(file: &ProjectFile<'_>) -> bool {
    let entrypoint = file
        .shipped_steps()
        .filter(|view| matches!(view.instruction.kind, InstructionKind::Entrypoint(_)))
        .last();
    let Some(view) = entrypoint else { return false };
    file.commands(view).any(|(_, command)| {
        let words: Vec<Option<&str>> = command
            .words
            .iter()
            .map(|word| word.literal.as_deref())
            .collect();
        (0..words.len()).any(|at| {
            let behind = || words[at + 1..].iter().copied().take(MOST_WORDS);
            let wrapper = words[at].and_then(wrapper::of);
            let user = wrapper.and_then(|wrapper| wrapper.user_anywhere(behind()));
            user.is_some_and(|user| user.is_none_or(|name| !is_root(name)))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "root-user",
            &[
                ("no USER at all", "FROM debian:12\nCMD [\"x\"]\n", &[1]),
                (
                    "the last one counts",
                    "FROM debian:12\nUSER app\nUSER root\n",
                    &[3],
                ),
                ("by number", "FROM debian:12\nUSER 0\n", &[2]),
                (
                    "a group makes it no better",
                    "FROM debian:12\nUSER 0:1000\n",
                    &[2],
                ),
                (
                    "through a variable",
                    "FROM debian:12\nARG WHO=root\nUSER $WHO\n",
                    &[3],
                ),
                (
                    "from the stage below",
                    "FROM debian:12 AS base\nUSER root\nFROM base\nRUN x\n",
                    &[2],
                ),
                (
                    "a build stage's user does not ship",
                    "FROM debian:12 AS b\nUSER app\nFROM debian:12\nCMD [\"x\"]\n",
                    &[3],
                ),
                (
                    "from scratch",
                    "FROM scratch\nCOPY app /\nENTRYPOINT [\"/app\"]\n",
                    &[1],
                ),
                (
                    "an image nobody knows",
                    "FROM registry.example/app:1\nCMD [\"x\"]\n",
                    &[1],
                ),
                (
                    "a program that may change the user has no word of it",
                    "FROM debian:12\nENTRYPOINT exec setpriv --nnp serve --reuid $X\n",
                    &[1],
                ),
                (
                    "a program that may change the user leaves it",
                    "FROM debian:12\nENTRYPOINT [\"setpriv\", \"--no-new-privs\", \"/serve\"]\n",
                    &[1],
                ),
                (
                    "over a base that has a user",
                    "FROM solr:9\nUSER root\n",
                    &[2],
                ),
            ],
        );
        let many = format!(
            "FROM debian:12\nUSER app\nENTRYPOINT exec {} root serve\n",
            "sudo -u ".repeat(20_000)
        );
        silent(
            "root-user",
            &[
                ("a row of users", many.as_str()),
                (
                    "a user from a variable",
                    "FROM debian:12\nENTRYPOINT exec setpriv --reuid=$PUID --clear-groups serve\n",
                ),
                (
                    "a user behind options that nobody knows",
                    "FROM debian:12\nENTRYPOINT [\"chpst\", \"-C\", \"/x\", \"-u\", \"app\", \"/serve\"]\n",
                ),
                ("a user is set", "FROM debian:12\nUSER 10001:10001\n"),
                (
                    "root only on the way",
                    "FROM debian:12\nUSER root\nRUN x\nUSER app\n",
                ),
                (
                    "root in a stage that does not ship",
                    "FROM debian:12 AS b\nUSER root\nFROM debian:12\nUSER app\n",
                ),
                (
                    "root in a stage that the image stands on",
                    "FROM debian:12 AS b\nUSER root\nFROM b\nUSER app\n",
                ),
                (
                    "inherited from a stage",
                    "FROM debian:12 AS base\nUSER app\nFROM base\nCMD [\"x\"]\n",
                ),
                (
                    "the base brings one",
                    "FROM gcr.io/distroless/static-debian12:nonroot\nCMD [\"/x\"]\n",
                ),
                (
                    "nobody can say what an unset variable is",
                    "FROM debian:12\nARG WHO\nUSER $WHO\n",
                ),
                (
                    "the entry point changes user",
                    "FROM debian:12\nENTRYPOINT [\"gosu\", \"app\", \"/serve\"]\n",
                ),
                (
                    "by an option, behind an init",
                    "FROM debian:12\nENTRYPOINT [\"tini\", \"--\", \"setpriv\", \"--reuid=1000\", \"/serve\"]\n",
                ),
                (
                    "to one that a variable names",
                    "FROM debian:12\nENTRYPOINT exec su-exec \"$WHO\" /serve\n",
                ),
                ("a broken file is another rule's", "RUN x\n"),
            ],
        );
        unsure(
            "root-user",
            &[
                (
                    "the base is not known",
                    "ARG BASE\nFROM ${BASE}\nCMD [\"x\"]\n",
                ),
                ("files only", "FROM scratch\nCOPY out /\n"),
            ],
        );
    }
}
