use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{self, InstructionKind, Mount, MountKind};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `RUN --mount=type=secret` or `type=ssh` gives a mode with which every user may read
    /// the secret.
    ///
    /// ## Why it hurts in production
    /// Whatever runs in the step, a package's install script under another user too, reads the
    /// credential. The default, 0400, is there for that.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN --mount=type=secret,id=key,mode=0444 ./fetch
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN --mount=type=secret,id=key,mode=0440 ./fetch
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the rights of all others are taken out of the mode; a step that runs as another user
    /// needs `uid=` then.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#run---mounttypesecret>
    SecretMountReadableByAll = "secret-mount-readable-by-all",
    summary: "A mounted secret can be read by every user",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["S6469"],
    audience: Default,
    edition: 2026,
}

impl Rule for SecretMountReadableByAll {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let run = unwrapped(view.instruction);
                if run.flags.is_empty() || !matches!(run.kind, InstructionKind::Run(_)) {
                    continue;
                }
                for mount in dockerfile::mounts(run) {
                    let what = match mount.kind {
                        MountKind::Secret => "secret",
                        MountKind::Ssh => "agent",
                        _ => continue,
                    };
                    let Some(mode) = mount.mode.filter(|mode| mode & 0o7 != 0) else {
                        continue;
                    };
                    let reported = sink
                        .report(
                            file.place(mount.span),
                            format!("The mode {mode:04o} lets every user of the step at the {what}."),
                        )
                        .help("Leave the mode out, and name the user with `uid=` where it is not root.")
                        .confidence(if stage.reaches_target {
                            Confidence::High
                        } else {
                            Confidence::Low
                        });
                    if let Some((span, text)) = mended(file, &mount, mode) {
                        reported.fix(Fix {
                            title: "Take the rights of all others out".to_owned(),
                            applicability: Applicability::Unsafe,
                            edits: vec![Edit {
                                file: file.dockerfile.source.path().to_owned(),
                                span,
                                text,
                            }],
                        });
                    }
                }
            }
        }
    }
}

/// The digits behind `mode=`, and what to write instead.
fn mended(file: &ProjectFile<'_>, mount: &Mount, mode: u32) -> Option<(Span, String)> {
    let bytes = file
        .dockerfile
        .source
        .bytes()
        .get(mount.span.start..mount.span.end)?;
    let text = std::str::from_utf8(bytes).ok()?;
    let at = text.find("mode=")? + "mode=".len();
    let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let start = mount.span.start + at;
    Some((Span::new(start, start + digits), format!("{:04o}", mode & !0o7)))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    #[test]
    fn cases() {
        fires(
            "secret-mount-readable-by-all",
            &[
                ("a secret", "FROM a:1\nRUN --mount=type=secret,id=k,mode=0444 x\n", &[2]),
                ("an agent", "FROM a:1\nRUN x=1\nRUN --mount=type=cache,target=/c \\\n --mount=type=ssh,mode=666 y\n", &[4]),
            ],
        );
        silent(
            "secret-mount-readable-by-all",
            &[
                ("the default", "FROM a:1\nRUN --mount=type=secret,id=k x\n"),
                ("the group", "FROM a:1\nRUN --mount=type=secret,id=k,mode=0440 x\n"),
                ("not a secret", "FROM a:1\nRUN --mount=type=cache,target=/c,mode=0777 x\n"),
            ],
        );
        assert_eq!(
            fixed("secret-mount-readable-by-all", "FROM a:1\nRUN --mount=type=ssh,mode=666,id=x y\n", &[]),
            "FROM a:1\nRUN --mount=type=ssh,mode=0660,id=x y\n"
        );
    }
}
