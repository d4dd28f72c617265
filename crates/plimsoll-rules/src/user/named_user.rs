use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{InstructionKind, Stage, Word};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::user::accounts::{self, Change};
use crate::user::root_user::is_root;

declare_rule! {
    /// ## What it does
    /// Tells that `USER` names a user instead of giving its number. It is sure where that is whom the
    /// image that ships runs as; all other places are told only where the rule is asked for by name.
    ///
    /// ## Why it hurts in production
    /// A cluster that enforces `runAsNonRoot` cannot know that a name is not root, and does not start
    /// the container. Volumes and policies count numbers too: what `app` is in one image is someone
    /// else in the next.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --uid 10001 app
    /// USER app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd --uid 10001 app
    /// USER 10001
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the name is replaced by the number, where a step of the file gives it one. What reads
    /// the configuration of the image sees another value.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
    /// - <https://docs.docker.com/reference/dockerfile/#user>
    NamedUser = "named-user",
    summary: "USER names a user instead of giving its number",
    severity: Low,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3066"],
    audience: Strict,
    edition: 2026,
}

/// What hadolint sees: it reads no variables, and takes a declared ARG's word for it.
const SEEN: &[&str] = &["DL3066"];

impl Rule for NamedUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let shipped = file.target().and_then(|target| target.end.user_set_by);
        let mut arguments: Vec<&str> = Vec::new();
        let mut stages = file.resolution.stages.iter().peekable();
        let mut stage = None;
        for index in 0..file.instruction_count() {
            if let Some(next) = stages.next_if(|next| next.from == index) {
                stage = Some(next);
            }
            match &file.instruction(index).kind {
                InstructionKind::Arg(pairs) => {
                    arguments.extend(pairs.iter().map(|pair| pair.name.value.as_str()));
                }
                InstructionKind::User(word) => {
                    if let Some(stage) = stage {
                        judge(file, stage, index, word, &arguments, shipped, sink);
                    }
                }
                _ => {}
            }
        }
    }
}

fn judge(
    file: &ProjectFile<'_>,
    stage: &Stage,
    index: usize,
    word: &Word,
    arguments: &[&str],
    shipped: Option<usize>,
    sink: &mut Sink<'_>,
) {
    let number = |text: &str| user_of(text).bytes().all(|b| b.is_ascii_digit());
    let written = word.value.trim_matches(['"', '\'']);
    if number(written) {
        return;
    }
    let declared = written.contains('$')
        && arguments.iter().any(|name| {
            written
                .split('$')
                .skip(1)
                .any(|rest| rest.starts_with(name) || is_braced(rest, name))
        });
    let before = stage
        .steps
        .iter()
        .find(|step| step.instruction == index)
        .map(|step| &step.before);
    let known = before.and_then(|before| file.expand(&word.value, before));
    let aliases = if declared { &[] } else { SEEN };
    let ships = shipped == Some(index);
    match known.as_deref() {
        // A variable that holds a number is one.
        Some(user) if number(user) => {
            if !declared {
                sink.report(file.place(word.span), "Who `USER` means takes a variable to tell.")
                    .help("Write the number.")
                    .aliases(aliases)
                    .confidence(Confidence::Low);
            }
        }
        Some(user) => {
            let name = user_of(user);
            let given = number_of(file, name);
            let help = match &given {
                Some((id, _)) => format!("Write `USER {id}`, the number it is given."),
                None => "Give it a number where it is created, and write that.".to_owned(),
            };
            let reported = sink
                .report(
                    file.place(word.span),
                    format!("`USER` names `{}` instead of a number.", name.escape_debug()),
                )
                .help(help)
                .aliases(aliases)
                .confidence(if ships && !is_root(user) {
                    Confidence::High
                } else {
                    Confidence::Low
                });
            if let Some((id, place)) = given.filter(|_| word.value == name) {
                reported
                    .related(file.place(place), "This is the number it is given.")
                    .fix(Fix {
                        title: format!("Replace `{name}` by `{id}`"),
                        applicability: Applicability::Unsafe,
                        edits: vec![Edit {
                            file: file.dockerfile.source.path().to_owned(),
                            span: word.span,
                            text: id,
                        }],
                    });
            }
        }
        None => {
            if !declared {
                sink.report(file.place(word.span), "Who `USER` means is not known from the file.")
                    .help("Write the number.")
                    .aliases(aliases)
                    .confidence(Confidence::Low);
            }
        }
    }
}

fn is_braced(rest: &str, name: &str) -> bool {
    rest.strip_prefix('{')
        .and_then(|rest| rest.strip_prefix(name))
        .is_some_and(|rest| rest.starts_with('}'))
}

fn user_of(text: &str) -> &str {
    text.split(':').next().unwrap_or_default()
}

/// The number that a step of the file gives a user, and where.
fn number_of(file: &ProjectFile<'_>, name: &str) -> Option<(String, Span)> {
    let mut found = None;
    for view in file.shipped_steps() {
        for (script, command) in file.commands(view) {
            if let Some(Change::User(user)) = accounts::change(command)
                && user.name == name
            {
                let id = user.id?;
                found = Some((accounts::id_of(id)?.to_owned(), script.word_span(id)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "named-user",
            &[
                ("a name", "FROM a:1\nUSER app\n", &[2]),
                ("with a group", "FROM a:1\nUSER app:10\n", &[2]),
                ("through a variable", "FROM a:1\nENV WHO=app\nUSER $WHO\n", &[3]),
                ("the last one", "FROM a:1\nUSER a\nUSER b\n", &[3]),
            ],
        );
        silent(
            "named-user",
            &[
                ("a number", "FROM a:1\nUSER 10001:app\n"),
                ("a number in quotes", "FROM a:1\nUSER \"10001\"\n"),
                ("through an argument", "FROM a:1\nARG ID=1\nUSER ${ID}\n"),
                ("one to be given", "FROM a:1\nARG ID\nUSER $ID\n"),
            ],
        );
        unsure(
            "named-user",
            &[
                ("root is root by any name", "FROM a:1\nUSER root\n"),
                ("not the last one", "FROM a:1\nUSER app\nUSER 1\n"),
                ("not what ships", "FROM a:1 AS b\nUSER app\nFROM a:1\nUSER 1\n"),
                ("a variable that nothing declares", "FROM a:1\nUSER $WHO\n"),
            ],
        );
    }

    #[test]
    fn the_number_is_the_one_it_is_given() {
        let after = fixed("named-user", "FROM a:1\nRUN adduser -D -u 1234 app\nUSER app # why\n", &[]);
        assert_eq!(after, "FROM a:1\nRUN adduser -D -u 1234 app\nUSER app # why\n");
        let after = fixed("named-user", "FROM a:1\nRUN adduser -D -u 1234 app\nUSER app\n", &[]);
        assert_eq!(after, "FROM a:1\nRUN adduser -D -u 1234 app\nUSER 1234\n");
    }
}
