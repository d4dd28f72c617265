use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::user::mode;

declare_rule! {
    /// ## What it does
    /// Tells that a step gives a file the set-user-id bit: `chmod u+s`, `chmod 4755`,
    /// `install -m 4755`, `COPY --chmod=4755`.
    ///
    /// ## Why it hurts in production
    /// Whoever starts such a program runs it as its owner, most often root: one flaw in it gives the
    /// container's `USER` back what was taken from it. With `no-new-privileges`, as clusters demand
    /// it, the bit does nothing and the program fails.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY helper /usr/bin/
    /// RUN chmod u+s /usr/bin/helper
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY helper /usr/bin/
    /// RUN setcap cap_net_bind_service=+ep /usr/bin/helper
    /// ```
    ///
    /// ## Fix
    /// None: what the program needs the right for is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man7/capabilities.7.html>
    SetidBitAdded = "setid-bit-added",
    summary: "A program is given the rights of its owner",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["CIS-DI-0008", "S2612"],
    audience: Default,
    edition: 2026,
}

impl Rule for SetidBitAdded {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let confidence = if file.ships(stage) {
                Confidence::High
            } else {
                Confidence::Low
            };
            for view in file.steps(stage) {
                let instruction = unwrapped(view.instruction);
                match &instruction.kind {
                    InstructionKind::Run(_) => {
                        for (script, command) in file.commands(view) {
                            // On a folder the bit means nothing.
                            if command.program() == Some("mkdir")
                                || command.arguments().iter().any(|word| {
                                    matches!(word.raw.as_str(), "-d" | "--directory")
                                })
                            {
                                continue;
                            }
                            let Some((word, grants, paths)) = mode::given(command) else {
                                continue;
                            };
                            if grants.set_user_id {
                                let path = paths.last().map_or("it", |path| path.raw.as_str());
                                sink.report(
                                    file.place(script.word_span(word)),
                                    format!("Whoever starts `{}` runs it as its owner.", path.escape_debug()),
                                )
                                .help(HELP)
                                .confidence(confidence);
                            }
                        }
                    }
                    InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                        let Some(word) = instruction.flag("chmod") else { continue };
                        let grants = file
                            .expand(&word.value, &view.step.before)
                            .and_then(|value| mode::read(&value));
                        if grants.is_some_and(|grants| grants.set_user_id) {
                            sink.report(
                                file.place(word.span),
                                "Whoever starts what is copied here runs it as its owner.",
                            )
                            .help(HELP)
                            .confidence(confidence);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

const HELP: &str = "Give it the one capability it needs with `setcap`, or do the work in a step of the build.";

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "setid-bit-added",
            &[
                ("by letter", "FROM a:1\nRUN x && \\\n  chmod u+s /bin/x\n", &[3]),
                ("by number", "FROM a:1\nRUN chmod 4755 /bin/x\n", &[2]),
                ("both bits", "FROM a:1\nRUN chmod 6755 /bin/x && install -m 4711 a /bin/b\n", &[2, 2]),
                ("copied", "FROM a:1\nCOPY --chmod=4755 x /x\n", &[2]),
            ],
        );
        silent(
            "setid-bit-added",
            &[
                ("a folder's group", "FROM a:1\nRUN chmod 2775 /srv && chmod g+s /srv && mkdir -m 2775 /x\n"),
                ("taken off", "FROM a:1\nRUN chmod u-s /bin/su && chmod 755 /bin/x\n"),
                ("a folder", "FROM a:1\nRUN install -d -m 4755 /x && install --directory --mode 3777 /y\n"),
                ("not what ships", "FROM a:1\nRUN chmod u+s /x\nFROM b:1\n"),
            ],
        );
    }
}
