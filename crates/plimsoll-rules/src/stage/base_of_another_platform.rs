use plimsoll_model::Platform;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a base image is for another system or processor than the stage that stands on
    /// it. Looks only at base images whose configuration is at hand; without, it looks for names
    /// that say the processor (`arm64v8/debian`) beside a `--platform` that says another.
    ///
    /// ## Why it hurts in production
    /// The image builds, under emulation or without running a step, and fails at its start with
    /// `exec format error`.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM --platform=linux/amd64 arm64v8/debian:12.11
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// None: whether the image or the platform is meant is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-platform/>
    BaseOfAnotherPlatform = "base-of-another-platform",
    summary: "A base image is for another platform than its stage",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["InvalidBaseImagePlatform", "tally/platform-mismatch"],
    audience: Default,
    edition: 2026,
}

impl Rule for BaseOfAnotherPlatform {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let Base::Image(image) = &stage.base else {
                continue;
            };
            let written = stage.platform.as_deref().and_then(Platform::parse);
            let actual = match file.base_config(stage).and_then(|config| config.platform) {
                Some(platform) => platform,
                None => match named(image) {
                    Some(platform) if written.is_some() => platform,
                    _ => continue,
                },
            };
            // What the build is for is not known unless somebody says so.
            let Some(wanted) = written.or_else(|| file.platform.cloned()) else {
                continue;
            };
            let machine = |platform: &Platform| match platform.architecture.as_str() {
                "x86_64" | "x86-64" => "amd64".to_owned(),
                "aarch64" => "arm64".to_owned(),
                other => other.to_ascii_lowercase(),
            };
            if wanted.os.eq_ignore_ascii_case(&actual.os) && machine(&wanted) == machine(&actual) {
                continue;
            }
            let from = file.from(stage);
            let place = match &from.kind {
                InstructionKind::From(from) => from.image.span,
                _ => from.span,
            };
            sink.report(
                file.place(place),
                format!(
                    "`{}` is for {}, and this stage for {}.",
                    image.escape_debug(),
                    actual.to_string().escape_debug(),
                    wanted.to_string().escape_debug()
                ),
            )
            .help("Name an image that is there for several platforms, or the one for this platform.")
            .confidence(mend::in_stage(stage));
        }
    }
}

/// The platform that the name of an image says: the official images of one processor each.
fn named(image: &str) -> Option<Platform> {
    let rest = image.strip_prefix("docker.io/").unwrap_or(image);
    let architecture = match rest.split('/').next()? {
        "amd64" => "amd64",
        "arm32v5" | "arm32v6" | "arm32v7" => "arm",
        "arm64v8" => "arm64",
        "i386" => "386",
        "ppc64le" => "ppc64le",
        "riscv64" => "riscv64",
        "s390x" => "s390x",
        _ => return None,
    };
    Some(Platform {
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plimsoll_model::{ImageConfig, Platform};

    use crate::check::check_project;
    use crate::testing::{fires, options, project, silent};

    const RULE: &str = "base-of-another-platform";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("by its name", "FROM --platform=linux/arm64 amd64/debian:12\n", &[1]),
                ("the system", "FROM --platform=windows/amd64 amd64/debian:12\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("the same", "FROM --platform=linux/x86_64 amd64/debian:12\n"),
                ("no platform", "FROM arm64v8/debian:12\n"),
                ("no name that says it", "FROM --platform=linux/arm64 debian:12\n"),
            ],
        );
    }

    #[test]
    fn what_the_image_says_counts() {
        let mut options = options(RULE);
        options.base_config = Some(Arc::new(|_| {
            Some(ImageConfig {
                platform: Platform::parse("linux/arm64/v8"),
                ..ImageConfig::default()
            })
        }));
        let mut count = |platform: &str, text: &str| {
            options.platform = Platform::parse(platform);
            check_project(&project(text, &[]), &options).findings.len()
        };
        assert_eq!(count("linux/amd64", "FROM a:1\n"), 1);
        assert_eq!(count("linux/arm64", "FROM a:1\n"), 0);
        assert_eq!(count("linux/amd64", "FROM --platform=linux/arm64 a:1\n"), 0);
    }
}
