use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `USER` or `--chown` names a user in a stage from `scratch` into which no
    /// `/etc/passwd` was copied: there is nothing that says which number the name has.
    ///
    /// ## Why it hurts in production
    /// With `--chown` the build fails; with `USER` it goes through and the container does not start:
    /// "unable to find user".
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM scratch
    /// COPY app /app
    /// USER app
    /// ENTRYPOINT ["/app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM scratch
    /// COPY app /app
    /// USER 10001
    /// ENTRYPOINT ["/app"]
    /// ```
    ///
    /// ## Fix
    /// None: the number is not known.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#user>
    UnresolvableUser = "unresolvable-user",
    summary: "A user is named where nothing knows names",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/named-identity-in-passwdless-stage"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnresolvableUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            if file.bottom(stage).base != Base::Scratch || brings_names(file, stage) {
                continue;
            }
            for view in file.steps(stage) {
                if view.step.triggered {
                    continue;
                }
                let word = match &view.instruction.kind {
                    InstructionKind::User(word) => word,
                    InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                        match view.instruction.flag("chown") {
                            Some(word) => word,
                            None => continue,
                        }
                    }
                    _ => continue,
                };
                let Some(value) = file.expand(&word.value, &view.step.before) else {
                    continue;
                };
                let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
                let Some(name) = value.split(':').find(|part| !is_number(part)) else {
                    continue;
                };
                sink.report(
                    file.place(word.span),
                    format!("Nothing in a stage from scratch says who `{}` is.", name.escape_debug()),
                )
                .help("Write the number, or copy `/etc/passwd` and `/etc/group` from a stage that has them.")
                .confidence(if stage.reaches_target {
                    Confidence::High
                } else {
                    Confidence::Low
                });
            }
        }
    }
}

/// Whether a file system, or the list of users, may have come in.
fn brings_names(file: &ProjectFile<'_>, stage: &Stage) -> bool {
    let mut next = Some(stage);
    while let Some(stage) = next {
        let brings = stage.steps.iter().any(|step| {
            let instruction = file.instruction(step.instruction);
            match &instruction.kind {
                InstructionKind::Copy(words) | InstructionKind::Add(words) => {
                    let Some((target, sources)) = words.split_last() else {
                        return false;
                    };
                    let target = target.value.trim_matches('"');
                    // Archives are unpacked, and folders hold what is not known.
                    sources.iter().any(|source| {
                        let source = source.value.trim_matches('"');
                        source.contains("passwd")
                            || source.contains("/etc")
                            || source.starts_with('$')
                            || source.contains(".tar")
                            || (matches!(target, "/" | "./" | "." | "/etc" | "/etc/")
                                && (source.ends_with('/') || !source.contains('.') || source == "."))
                    }) || target.contains("passwd")
                }
                InstructionKind::Run(_) | InstructionKind::Shell(_) => true,
                _ => false,
            }
        });
        if brings {
            return true;
        }
        next = match stage.base {
            Base::Stage(below) => file.resolution.stages.get(below),
            _ => None,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "unresolvable-user",
            &[
                ("USER", "FROM scratch\nCOPY x.bin /x\nUSER nobody\n", &[3]),
                ("--chown", "FROM scratch\nCOPY --chown=app:app x.bin /x\n", &[2]),
                ("a group", "FROM scratch\nUSER 1:app\n", &[2]),
            ],
        );
        silent(
            "unresolvable-user",
            &[
                ("numbers", "FROM scratch\nCOPY --chown=1:1 x /x\nUSER 1:1\n"),
                ("names came in", "FROM a:1 AS b\nFROM scratch\nCOPY --from=b /etc/passwd /etc/\nUSER app\n"),
                ("a whole system came in", "FROM scratch\nADD rootfs.tar.gz /\nUSER app\n"),
                ("so did this one", "FROM a:1 AS b\nFROM scratch\nCOPY --from=b / /\nUSER app\n"),
                ("a base has names", "FROM debian:12\nUSER nobody\n"),
            ],
        );
    }
}
