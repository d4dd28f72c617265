use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `COPY --chown` or `ADD --chown` gives scripts or programs, or what goes into a
    /// folder of the system, to a user that is not root.
    ///
    /// ## Why it hurts in production
    /// What the process owns it can rewrite: a flaw that lets somebody write one file becomes one
    /// that runs their code at the next start. A program that belongs to root stays as it was
    /// shipped.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY --chown=10001 entrypoint.sh /usr/local/bin/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY --chmod=755 entrypoint.sh /usr/local/bin/
    /// ```
    ///
    /// ## Fix
    /// None: what else the user has to own is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/732.html>
    ExecutableOwnedByUser = "executable-owned-by-user",
    summary: "The user may change the program it runs",
    severity: Low,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["S6504"],
    audience: Strict,
    edition: 2026,
}

impl Rule for ExecutableOwnedByUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let instruction = unwrapped(view.instruction);
                let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &instruction.kind
                else {
                    continue;
                };
                let (Some(owner), Some((target, sources))) =
                    (instruction.flag("chown"), words.split_last())
                else {
                    continue;
                };
                let expand = |word: &str| file.expand(word, &view.step.before);
                let others = expand(&owner.value).is_some_and(|owner| {
                    owner.split(':').take(2).any(|part| !matches!(part, "" | "0" | "root"))
                });
                let in_system = || expand(&target.value).is_some_and(|target| is_system(&target));
                let program = || {
                    sources
                        .iter()
                        .find(|source| expand(&source.value).is_some_and(|source| is_program(&source)))
                };
                if !others {
                    continue;
                }
                let place = match program() {
                    Some(word) => word.span,
                    None if in_system() => target.span,
                    None => continue,
                };
                sink.report(
                    file.place(place),
                    format!("`--chown={}` lets that user change the program.", owner.value.escape_debug()),
                )
                .help("Leave programs to root, and make them executable with `--chmod=755`.")
                .related(file.place(owner.span), "This gives it away.")
                .confidence(if file.ships(stage) { Confidence::Medium } else { Confidence::Low });
            }
        }
    }
}

fn is_system(path: &str) -> bool {
    [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "root", "usr", "sbin",
    ]
    .contains(&path.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default())
}

fn is_program(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| {
        [
            "sh", "bash", "zsh", "fish", "py", "rb", "pl", "php", "bin", "elf", "so", "service",
            "timer", "socket",
        ]
        .contains(&end)
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "executable-owned-by-user",
            &[
                ("a script", "FROM a:1\nCOPY --chown=app run.sh /srv/\n", &[2]),
                ("by a group", "FROM a:1\nCOPY --chown=root:app run.sh /srv/\n", &[2]),
                ("into the system", "FROM a:1\nADD --chown=1 x /usr/bin/x\n", &[2]),
            ],
        );
        silent(
            "executable-owned-by-user",
            &[
                ("root", "FROM a:1\nCOPY --chown=0:0 run.sh /usr/bin/\n"),
                ("nobody named", "FROM a:1\nCOPY run.sh /usr/bin/\n"),
                ("data", "FROM a:1\nCOPY --chown=app data /srv/data\n"),
            ],
        );
    }
}
