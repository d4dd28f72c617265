use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use super::root_user::is_root;
use crate::declare::declare_rule;
use crate::placement::{self, is_within};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that files are put below `/root` in an image whose containers run as someone else. It
    /// is sure where `PATH` or the command leads there, and silent where a step opens the folder.
    ///
    /// ## Why it hurts in production
    /// Only root may enter `/root`: the program is not found, or fails to read its configuration,
    /// the first time it runs as the user it ships with.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12 AS build
    /// RUN pip install --user flask
    /// FROM python:3.12-slim
    /// COPY --from=build /root/.local /root/.local
    /// ENV PATH=/root/.local/bin:$PATH
    /// USER 10001
    /// CMD ["flask", "run", "--host", "0.0.0.0"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12 AS build
    /// RUN pip install --prefix=/install flask
    /// FROM python:3.12-slim
    /// COPY --from=build /install /usr/local
    /// USER 10001
    /// CMD ["flask", "run", "--host", "0.0.0.0"]
    /// ```
    ///
    /// ## Fix
    /// None: where else the files belong is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#user>
    UnreadableHome = "unreadable-home",
    summary: "Files are put where the final user may not read them",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for UnreadableHome {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let end = &target.end;
        let Some(user) = end.user.as_deref().filter(|user| !user.is_empty()) else {
            return;
        };
        if is_root(user) || opened(file) {
            return;
        }
        // As written: what the base has in its PATH need not be known.
        let in_path = file.shipped_steps().any(|view| match &view.instruction.kind {
            InstructionKind::Env(pairs) => pairs.iter().any(|pair| {
                pair.name.value == "PATH"
                    && pair
                        .value
                        .as_ref()
                        .is_some_and(|path| path.value.trim_matches('"').split(':').any(|part| is_within(part, "/root")))
            }),
            _ => false,
        });
        let in_command = file.shipped_steps().any(|view| match &view.instruction.kind {
            InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_) => file
                .commands(view)
                .any(|(_, command)| command.words.iter().any(|word| word.raw.starts_with("/root/"))),
            _ => false,
        });
        let set_by = end
            .user_set_by
            .map(|index| file.place(file.instruction(index).span));
        let workdir = end.workdir.as_deref().is_some_and(|path| is_within(path, "/root"));
        for view in file.shipped_steps() {
            let placed = placement::placed(file, view);
            let Some(one) = placed
                .iter()
                .find(|one| is_within(&one.destination, "/root"))
            else {
                continue;
            };
            let reported = sink
                .report(
                    file.place(view.instruction.span),
                    format!(
                        "`{}` is closed to `{}`, whom the container runs as: only root may enter `/root`.",
                        one.destination.escape_debug(),
                        user.escape_debug()
                    ),
                )
                .help("Put it below `/opt`, `/srv` or the home of that user.")
                .confidence(if in_path || in_command || workdir {
                    Confidence::High
                } else {
                    // Something only the build needed, for all that can be told.
                    Confidence::Low
                });
            if let Some(place) = &set_by {
                reported.related(place.clone(), "From here on it runs as someone else.");
            }
        }
    }
}

/// Whether some step lets others into the folder.
fn opened(file: &ProjectFile<'_>) -> bool {
    file.shipped_steps().any(|view| {
        file.commands(view).any(|(_, command)| {
            matches!(command.program(), Some("chmod" | "chown" | "setfacl" | "mv" | "cp" | "usermod" | "useradd" | "adduser"))
                && command
                    .words
                    .iter()
                    .any(|word| word.raw.trim_matches('"').starts_with("/root"))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "unreadable-home";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("through PATH", "FROM a:1\nCOPY bin /root/bin\nENV PATH=/root/bin:/usr/bin\nUSER app\n", &[2]),
                ("by its name", "FROM a:1\nCOPY app /root/\nUSER 1000\nCMD [\"/root/app\"]\n", &[2]),
                ("where it works", "FROM a:1\nWORKDIR /root/app\nCOPY . .\nUSER app\nCMD [\"./x\"]\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("root may", "FROM a:1\nCOPY app /root/\nCMD [\"/root/app\"]\n"),
                ("root by number", "FROM a:1\nCOPY app /root/\nUSER 0:0\nCMD [\"/root/app\"]\n"),
                ("it was opened", "FROM a:1\nCOPY app /root/\nRUN chmod 755 /root\nUSER app\nCMD [\"/root/app\"]\n"),
                ("another name", "FROM a:1\nCOPY app /rootfs/\nUSER app\nCMD [\"/rootfs/app\"]\n"),
                ("a stage that does not ship", "FROM a:1 AS b\nCOPY app /root/\nFROM a:1\nUSER app\nCMD [\"x\"]\n"),
            ],
        );
        unsure(
            RULE,
            &[("for the build alone", "FROM a:1\nCOPY npmrc /root/.npmrc\nUSER app\nCMD [\"x\"]\n")],
        );
    }
}
