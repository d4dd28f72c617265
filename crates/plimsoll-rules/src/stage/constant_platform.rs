use plimsoll_model::{Applicability, Confidence, Span};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `FROM --platform` names a platform outright. Silent where the name of the stage
    /// says that it is meant for that platform.
    ///
    /// ## Why it hurts in production
    /// Whatever platform the build is asked for, this stage is built for the one that is written:
    /// on an ARM machine the image starts under emulation, slowly, or not at all.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM --platform=linux/amd64 debian:12.11
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the flag is removed, and the image is built for the platform that is asked for.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/>
    ConstantPlatform = "constant-platform",
    summary: "FROM --platform names a platform outright",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3029", "FromPlatformFlagConstDisallowed"],
    audience: Default,
    edition: 2026,
}

impl Rule for ConstantPlatform {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let instruction = file.from(stage);
            let InstructionKind::From(from) = &instruction.kind else {
                continue;
            };
            let Some(flag) = instruction
                .flags
                .iter()
                .rev()
                .find(|flag| flag.name == "platform")
            else {
                continue;
            };
            let Some(word) = &flag.value else { continue };
            let platform = word.value.trim_matches(['"', '\'']);
            let is_constant = !platform.contains('$');
            // hadolint lets only the platforms of the build through, BuildKit any variable.
            let for_hadolint =
                !platform.contains("BUILDPLATFORM") && !platform.contains("TARGETPLATFORM");
            let named = stage.name.as_deref().is_some_and(|name| says(name, platform));
            let for_buildkit = is_constant && !named && !platform.is_empty();
            let aliases: &[&str] = match (for_hadolint, for_buildkit) {
                (true, true) => Self::META.aliases,
                (true, false) => &["DL3029"],
                (false, true) => &["FromPlatformFlagConstDisallowed"],
                (false, false) => continue,
            };
            let message = if is_constant {
                format!(
                    "This stage is built for `{}`, whatever platform is asked for.",
                    platform.escape_debug()
                )
            } else {
                format!(
                    "`{}` decides about the platform of this stage.",
                    platform.escape_debug()
                )
            };
            let reported = sink
                .report(file.place(flag.span), message)
                .help("Leave `--platform` out, or write `--platform=$BUILDPLATFORM` for a stage of tools.")
                .aliases(aliases)
                .confidence(if for_buildkit {
                    mend::in_stage(stage)
                } else {
                    Confidence::Low
                });
            let gap = Span::new(flag.span.start, from.image.span.start.max(flag.span.end));
            let plain = mend::written(file, gap)
                .iter()
                .skip(flag.span.len())
                .all(|byte| matches!(byte, b' ' | b'\t'));
            if is_constant && plain {
                reported.fix(mend::fix(
                    file,
                    "Remove `--platform`",
                    Applicability::Unsafe,
                    [(gap, String::new())],
                ));
            }
        }
    }
}

/// Whether the name of a stage says that it is for a platform: it holds the system or the
/// architecture, under the name that builders give it.
fn says(name: &str, platform: &str) -> bool {
    let mut parts = platform.split('/').map(str::to_ascii_lowercase);
    let first = parts.next().unwrap_or_default();
    let second = parts.next();
    let architecture = |text: &str| {
        match text {
            "x86_64" | "x86-64" => "amd64",
            "i386" => "386",
            "aarch64" => "arm64",
            "armhf" | "armel" => "arm",
            other => other,
        }
        .to_owned()
    };
    let (system, machine) = match second {
        Some(second) => (first, architecture(&second)),
        // Alone it is one or the other; the missing half is that of the builder.
        None if matches!(first.as_str(), "linux" | "windows" | "darwin" | "freebsd") => {
            (first, String::new())
        }
        None => ("linux".to_owned(), architecture(&first)),
    };
    name.contains(&system) || !machine.is_empty() && name.contains(&machine)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "constant-platform";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a platform", "FROM --platform=linux/amd64 a:1\n", &[1]),
                ("a system", "FROM --platform=linux a:1 AS b\n", &[1]),
                ("with quotes", "FROM --platform=\"linux/arm64\" a:1\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("none", "FROM a:1\n"),
                ("that of the builder", "FROM --platform=$BUILDPLATFORM a:1\n"),
                ("that of the image", "FROM --platform=${TARGETPLATFORM:-} a:1\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("the name says so", "FROM --platform=linux/x86_64 a:1 AS my-amd64\n"),
                ("a variable", "ARG P=linux/amd64\nFROM --platform=$P a:1\n"),
                ("a stage that nothing needs", "FROM --platform=linux/arm64 a:1 AS x\nFROM b:1\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM  --platform=linux/arm64  a:1 AS x\n", &[]),
            "FROM  a:1 AS x\n"
        );
    }
}
