use plimsoll_model::{Severity, Span};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::placement::{absolute, base_name, is_within, joined, placed};
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` changes mode or owner of what a `COPY` or `ADD` of the same image brought.
    ///
    /// ## Why it hurts in production
    /// A layer holds whole files: each file whose mode or owner changes is there twice, and pulled
    /// twice. `chown -R` over an application doubles it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY . /srv/app
    /// RUN chown -R 10001 /srv/app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY --chown=10001 . /srv/app
    /// ```
    ///
    /// ## Fix
    /// None: other steps may rely on who owned it before.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---chown---chmod>
    PermissionsAfterCopy = "permissions-after-copy",
    summary: "Mode or owner of copied files is changed in a later layer",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/prefer-copy-chmod"],
    audience: Default,
    edition: 2026,
}

impl Rule for PermissionsAfterCopy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // What was copied where, and the word that says so.
        let mut copied: Vec<(String, Span)> = Vec::new();
        for view in file.shipped_steps() {
            match &view.instruction.kind {
                InstructionKind::Copy(words) | InstructionKind::Add(words) => {
                    let Some(word) = words.last() else { continue };
                    for placed in placed(file, view) {
                        let name = base_name(&placed.source);
                        let is_file_name = name.contains('.') && !matches!(name, "." | "..");
                        let path = if placed.into_folder && is_file_name && !name.contains('*') {
                            joined(&placed.destination, name)
                        } else {
                            placed.destination
                        };
                        // More than anybody copies: what is behind them is not followed.
                        if copied.len() < 256 {
                            copied.push((path, word.span));
                        }
                    }
                }
                InstructionKind::Run(_) if !copied.is_empty() => judge(file, view, &copied, sink),
                _ => {}
            }
        }
    }
}

fn judge(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    copied: &[(String, Span)],
    sink: &mut Sink<'_>,
) {
    let mut moved = false;
    for (script, command) in file.commands(view) {
        let program = command.program();
        moved |= matches!(program, Some("cd" | "pushd"));
        let Some(program @ ("chmod" | "chown")) = program else {
            continue;
        };
        let Some((recursive, paths)) = targets(command) else {
            continue;
        };
        for path in paths {
            if moved && !path.starts_with('/') {
                continue;
            }
            let Some(path) = absolute(path, &view.step.before) else {
                continue;
            };
            // The file itself, or the folder with all that is in it.
            let hit = copied.iter().find(|(copy, _)| {
                if recursive {
                    is_within(copy, &path) || is_within(&path, copy)
                } else {
                    *copy == path
                }
            });
            let Some((_, place)) = hit.filter(|_| path != "/") else {
                continue;
            };
            let flag = if program == "chmod" { "--chmod" } else { "--chown" };
            sink.report(
                file.place(script.command_span(command)),
                format!("`{program}` puts a second copy of what was copied into the image."),
            )
            .help(format!("Say it where it is copied, with `{flag}`."))
            .severity(if recursive {
                Severity::Low
            } else {
                Severity::Info
            })
            .related(file.place(*place), "copied here");
            break;
        }
    }
}

/// Whether it goes into folders, and the paths it changes; nothing where a word is not known.
fn targets(command: &ShellCommand) -> Option<(bool, Vec<&str>)> {
    let mut recursive = false;
    let mut paths = Vec::new();
    for word in command.arguments() {
        let text = word.literal.as_deref()?;
        if let Some(letters) = text.strip_prefix('-') {
            // `chmod -x` takes away.
            if letters.chars().all(|c| "rwxst".contains(c)) {
                paths.push(text);
            }
            recursive |= text == "--recursive" || (!letters.starts_with('-') && letters.contains('R'));
        } else {
            paths.push(text);
        }
    }
    if paths.is_empty() {
        return None;
    }
    // The first is the mode or the owner.
    paths.remove(0);
    paths.retain(|path| !path.contains(['*', '?', '[', '{']));
    (!paths.is_empty()).then_some((recursive, paths))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "permissions-after-copy";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "a script",
                    "FROM a:1\nCOPY run.sh /run.sh\nRUN a && \\\n chmod +x /run.sh\n",
                    &[4],
                ),
                (
                    "into a folder",
                    "FROM a:1\nCOPY x/run.sh /usr/bin/\nRUN chmod 755 /usr/bin/run.sh\n",
                    &[3],
                ),
                (
                    "below the folder of the work",
                    "FROM a:1\nWORKDIR /app\nCOPY . .\nRUN chown -R app:app .\n",
                    &[4],
                ),
                (
                    "of a stage below",
                    "FROM a:1 AS b\nCOPY . /app\nFROM b\nRUN chown -R app /app\n",
                    &[4],
                ),
                (
                    "a part of it",
                    "FROM a:1\nCOPY . /app\nRUN chown -R app /app/storage\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "said where it is copied",
                    "FROM a:1\nCOPY --chmod=755 run.sh /run.sh\n",
                ),
                (
                    "something else",
                    "FROM a:1\nCOPY . /app\nRUN chown -R app /var/cache/app\n",
                ),
                (
                    "the folder alone",
                    "FROM a:1\nCOPY a.txt /app/\nRUN chown app /app\n",
                ),
                (
                    "made in the same step",
                    "FROM a:1\nRUN mkdir /x && chown -R app /x\n",
                ),
                (
                    "a stage that does not ship",
                    "FROM a:1 AS b\nCOPY . /app\nRUN chown -R app /app\nFROM scratch\nCOPY --from=b /app /app\n",
                ),
                (
                    "another folder of the shell",
                    "FROM a:1\nWORKDIR /app\nCOPY run.sh .\nRUN cd /tmp && chmod +x run.sh\n",
                ),
            ],
        );
    }
}
