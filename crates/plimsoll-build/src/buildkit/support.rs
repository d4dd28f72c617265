//! What the BuildKit at hand understands. An old one reads some newer syntax as something else
//! without a word; that must be found before it is asked.

use plimsoll_model::{SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{Dockerfile, Instruction, InstructionKind};

use super::outgoing::foreign_frontend;
use crate::{BuildError, BuildPlan, Capability, NamedContext};

/// Release of a BuildKit, `0.MINOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(pub(crate) u32);

/// First release with heredocs and `COPY --link` in its own Dockerfile frontend (1.4).
const HEREDOC: Release = Release(10);
/// First with `--build-context` (frontend 1.4).
const NAMED_CONTEXT: Release = Release(10);
/// First that understands `SOURCE_DATE_EPOCH` (frontend 1.5).
const EPOCH: Release = Release(11);
/// First with `ADD` of git repositories, `--checksum`, `--start-interval` (frontend 1.6).
const ADD_GIT: Release = Release(12);
/// First whose `oci` exporter has `rewrite-timestamp`.
const REWRITE_TIMESTAMP: Release = Release(13);

impl Release {
    /// Reads `v0.12.5`, `0.8.3+…`.
    pub(crate) fn parse(version: &str) -> Option<Self> {
        let mut parts = version.trim_start_matches('v').split('.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: u32 = parts.next()?.parse().ok()?;
        Some(Self(if major == 0 { minor } else { 1_000 }))
    }

    /// The BuildKit inside a Docker engine too old to say.
    pub(crate) fn of_docker(version: &str) -> Self {
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        Self(match major {
            Some(..20) => 6,
            Some(20) | None => 8,
            Some(21..24) => 10,
            Some(24) => 11,
            Some(25..) => 12,
        })
    }

    pub(crate) fn named_contexts(self) -> bool {
        self >= NAMED_CONTEXT
    }

    pub(crate) fn epoch(self) -> bool {
        self >= EPOCH
    }

    pub(crate) fn rewrite_timestamp(self) -> bool {
        self >= REWRITE_TIMESTAMP
    }

    /// What can be promised of it.
    pub(crate) fn capabilities(self, rewrites: bool, foreign_platform: bool) -> Vec<Capability> {
        let mut list = vec![Capability::CustomFrontend];
        if foreign_platform {
            list.push(Capability::ForeignPlatform);
        }
        if self >= ADD_GIT {
            list.push(Capability::AddGit);
        }
        if rewrites && self.rewrite_timestamp() {
            list.push(Capability::Reproducible);
        }
        list
    }
}

const NATIVE: &str = "the native engine can; choose it with `--engine native`";

/// Says what of the plan this engine cannot do.
pub(crate) fn check(
    plan: &BuildPlan,
    file: &Dockerfile,
    release: Release,
    engine: &str,
) -> Result<(), BuildError> {
    let refuse = |span: Option<Span>, what: String, instead: &str| {
        Err(BuildError::Unsupported {
            engine: "buildkit",
            what,
            instead: instead.to_owned(),
            place: span.map(|span| SourceOrigin::new(&plan.dockerfile, span)),
        })
    };
    let directory = plan
        .named_contexts
        .iter()
        .find(|(_, context)| matches!(context, NamedContext::Directory(_)));
    if let Some((name, _)) = directory
        && !release.named_contexts()
    {
        let what = format!("the folder `{name}` as a named context with {engine}");
        return refuse(None, what, NATIVE);
    }
    // A foreign frontend reads the file its own way.
    if foreign_frontend(file).is_some() {
        return Ok(());
    }
    for instruction in file.instructions() {
        if let Some((span, what, instead)) = unsupported(instruction, release) {
            return refuse(Some(span), format!("{what} with {engine}"), instead);
        }
    }
    Ok(())
}

fn unsupported(
    instruction: &Instruction,
    release: Release,
) -> Option<(Span, String, &'static str)> {
    let keyword = instruction.keyword.value.to_ascii_uppercase();
    if !instruction.heredocs.is_empty() && release < HEREDOC {
        return Some((instruction.span, format!("a heredoc in {keyword}"), NATIVE));
    }
    for flag in &instruction.flags {
        let since = match (keyword.as_str(), flag.name.as_str()) {
            ("COPY" | "ADD", "link") => HEREDOC,
            ("ADD", "checksum" | "keep-git-dir") | ("HEALTHCHECK", "start-interval") => ADD_GIT,
            _ => Release(0),
        };
        let instead = match (keyword.as_str(), flag.name.as_str()) {
            ("RUN", "mount") if mount_type(flag.value.as_ref()) == Some("ssh") => {
                "no engine has an agent to forward yet; mount the key with `--mount=type=secret`"
            }
            ("RUN", "security") => {
                "build with an engine that you have given this entitlement to, by its own client"
            }
            ("RUN", "device") => "build with an engine that has the device, by its own client",
            _ if release < since => NATIVE,
            _ => continue,
        };
        return Some((flag.span, format!("{keyword} --{}", flag.name), instead));
    }
    if let InstructionKind::Add(arguments) = &instruction.kind
        && let Some((_, sources)) = arguments.split_last()
        && let Some(source) = sources.iter().find(|source| is_git(&source.value))
        && release < ADD_GIT
    {
        return Some((
            source.span,
            "ADD of a git repository".to_owned(),
            "take a BuildKit of 0.12 or newer (Docker 25), or clone the repository in a RUN",
        ));
    }
    if let InstructionKind::Onbuild(inner) = &instruction.kind {
        return unsupported(inner, release);
    }
    None
}

fn mount_type(value: Option<&plimsoll_syntax::dockerfile::Word>) -> Option<&str> {
    value?
        .value
        .split(',')
        .find_map(|part| part.strip_prefix("type="))
}

/// What BuildKit 0.12 takes for a repository (its `gitutil.ParseGitRef`).
fn is_git(source: &str) -> bool {
    let path = source.split(['#', '?']).next().unwrap_or(source);
    source.starts_with("git@")
        || source.starts_with("git://")
        || source.starts_with("ssh://")
        || (path.starts_with("http://") || path.starts_with("https://")) && path.ends_with(".git")
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourceFile;
    use plimsoll_syntax::dockerfile::parse;

    use super::*;

    #[test]
    fn releases_are_read_from_either_version() {
        assert_eq!(Release::parse("v0.11.6"), Some(Release(11)));
        assert_eq!(Release::parse("0.8.3+unknown"), Some(Release(8)));
        assert_eq!(Release::parse("v1.0.0"), Some(Release(1_000)));
        assert_eq!(Release::parse("dev"), None);
        assert_eq!(Release::of_docker("20.10.24+dfsg1"), Release(8));
        assert_eq!(Release::of_docker("23.0.1"), Release(10));
        assert_eq!(Release::of_docker("dev"), Release(8));
    }

    #[test]
    fn what_an_old_engine_would_misread_is_found_first() {
        let refused = |text: &str, release| {
            let (file, _) = parse(SourceFile::new("Dockerfile", text));
            file.instructions()
                .find_map(|instruction| unsupported(instruction, release))
                .map(|(span, what, _)| {
                    (
                        String::from_utf8_lossy(span.of(text.as_bytes())).into_owned(),
                        what,
                    )
                })
        };
        let old = Release(8);
        for (text, what) in [
            ("RUN <<EOF\nls\nEOF\n", "a heredoc in RUN"),
            ("COPY --link a b\n", "COPY --link"),
            ("ADD https://x.test/y.git /y\n", "ADD of a git repository"),
            ("RUN --mount=type=ssh,id=x ls\n", "RUN --mount"),
            ("RUN --security=insecure ls\n", "RUN --security"),
            (
                "HEALTHCHECK --start-interval=1s CMD true\n",
                "HEALTHCHECK --start-interval",
            ),
        ] {
            let found = refused(&format!("FROM scratch\n{text}"), old);
            assert_eq!(found.map(|(_, what)| what).as_deref(), Some(what));
        }
        for text in [
            "RUN --mount=type=secret,id=x ls\n",
            "ADD https://x.test/y.tar.gz /y\n",
            "COPY --chown=1 --chmod=644 a b\n",
        ] {
            assert_eq!(refused(&format!("FROM scratch\n{text}"), old), None);
        }
        assert_eq!(
            refused("FROM scratch\nRUN <<EOF\nls\nEOF\n", Release(10)),
            None
        );
    }
}
