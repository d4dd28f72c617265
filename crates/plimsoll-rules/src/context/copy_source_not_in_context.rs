use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, Word};
use plimsoll_syntax::dockerignore::IgnoreFile;
use plimsoll_syntax::glob;

use super::shared::SharedContext;
use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a source of `COPY` or `ADD` takes nothing from the build context: the ignore file
    /// keeps it out, also where exceptions (`!`) let others in, or there is no such file. What a
    /// build tool would put there first (`target/`, `dist/`) is only told where it is asked for.
    ///
    /// ## Why it hurts in production
    /// A name that is not there stops the build, on somebody else's machine first: where the file
    /// was made, it lies. A pattern that matches nothing copies nothing, and nobody is told.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt settings.toml /app/
    /// ```
    /// ```text:requirements.txt
    /// flask==3.1.0
    /// ```
    /// ```text:settings.toml
    /// debug = false
    /// ```
    /// ```text:.dockerignore
    /// *
    /// !requirements.txt
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt settings.toml /app/
    /// ```
    /// ```text:requirements.txt
    /// flask==3.1.0
    /// ```
    /// ```text:settings.toml
    /// debug = false
    /// ```
    /// ```text:.dockerignore
    /// *
    /// !requirements.txt
    /// !settings.toml
    /// ```
    ///
    /// ## Fix
    /// None: whether the file, the source or the ignore file is wrong is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/copy-ignored-file/>
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    CopySourceNotInContext = "copy-source-not-in-context",
    summary: "A source of COPY or ADD takes nothing from the build context",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Context,
    aliases: ["CopyIgnoredFile"],
    audience: Default,
    edition: 2026,
}

impl Rule for CopySourceNotInContext {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(context) = file.context else { return };
        let ignored = context
            .ignore_file
            .as_ref()
            .map(|source| IgnoreFile::parse(source).0);
        let mut missing = Vec::new();
        let mut found = 0usize;
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for (word, source) in sources(file, view) {
                    let (fate, by_buildkit) = look(context, ignored.as_ref(), &source);
                    // The root of the context is there in any folder.
                    if fate == Fate::Taken && !is_root(&source) {
                        found += 1;
                    }
                    if fate != Fate::Taken || by_buildkit {
                        missing.push((view, word.span, source, fate, by_buildkit));
                    }
                }
            }
        }
        for (view, place, source, fate, by_buildkit) in missing {
            let shown = source.escape_debug();
            let (message, help) = match fate {
                Fate::KeptOut => (
                    format!("The ignore file keeps `{shown}` out of the build."),
                    "Let it in with a `!` line in the ignore file, or copy something else.",
                ),
                // BuildKit looks at patterns only; what is let in otherwise counts for us.
                Fate::Taken => (
                    format!("A line of the ignore file matches `{shown}`."),
                    "Check that the files that are meant enter the build.",
                ),
                Fate::Absent => (
                    format!("`{shown}` matches nothing in the build context."),
                    "Put the file there, or mend the path: it starts at the folder given to the build.",
                ),
            };
            let confidence = match fate {
                _ if !view.stage.reaches_target => Confidence::Low,
                Fate::KeptOut => Confidence::High,
                Fate::Taken => Confidence::Low,
                // Where nothing at all is found, another folder is most likely the context.
                Fate::Absent if found == 0 || !context.is_listed_whole() => Confidence::Low,
                Fate::Absent if glob::has_wildcards(&source) || is_made_by_build(&source) => {
                    Confidence::Low
                }
                Fate::Absent => Confidence::Medium,
            };
            if fate == Fate::Absent && confidence == Confidence::Low {
                sink.note(
                    file.place(place),
                    format!("`{shown}` is not in this folder; a build tool or another context may bring it"),
                );
            }
            let reported = sink
                .report(file.place(place), message)
                .help(help)
                .aliases(if by_buildkit {
                    CopySourceNotInContext::META.aliases
                } else {
                    &[]
                })
                .confidence(confidence)
                .path(source.clone());
            if fate != Fate::Absent
                && let (Some(rules), Some(text)) = (&ignored, &context.ignore_file)
                && let Some(pattern) = rules.verdict(&glob::clean(source.trim_start_matches('/')))
            {
                reported.related(
                    plimsoll_model::SourceOrigin::new(text, pattern.span),
                    "this line",
                );
            }
        }
    }
}

/// What becomes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Something in the context is copied.
    Taken,
    /// There is something, and the ignore file keeps all of it out.
    KeptOut,
    /// There is nothing.
    Absent,
}

/// The sources of an instruction that come from the context and are known.
fn sources<'a>(file: &ProjectFile<'a>, view: StepView<'a>) -> Vec<(&'a Word, String)> {
    let (words, is_add) = match &view.instruction.kind {
        InstructionKind::Copy(words) => (words, false),
        InstructionKind::Add(words) => (words, true),
        _ => return Vec::new(),
    };
    if view.instruction.flag("from").is_some() {
        return Vec::new();
    }
    let Some((_, sources)) = words.split_last() else {
        return Vec::new();
    };
    sources
        .iter()
        .filter(|word| !word.value.starts_with("<<"))
        .filter_map(|word| Some((word, file.expand(&word.value, &view.step.before)?)))
        .filter(|(_, source)| !(source.is_empty() || is_add && is_remote(source)))
        .collect()
}

fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@") || source.ends_with(".git")
}

/// What becomes of a source, and whether BuildKit's `CopyIgnoredFile` speaks of it: it asks the
/// patterns about the words as they stand, and nothing where there is any exception.
fn look(context: &SharedContext, ignored: Option<&IgnoreFile>, source: &str) -> (Fate, bool) {
    let clean = glob::clean(source);
    let is_root = is_root(source);
    let by_buildkit = ignored.is_some_and(|rules| {
        !rules.patterns.iter().any(|pattern| pattern.negated)
            && if is_root {
                rules
                    .patterns
                    .iter()
                    .any(|pattern| matches!(pattern.text.as_str(), "*" | "**" | "**/*"))
            } else {
                !clean.starts_with('/') && rules.matches(&clean)
            }
    });
    // A source that climbs out of the context stays at its top.
    let wanted = glob::clean(&format!("/{source}"));
    if is_root || context.taken_by(&wanted).next().is_some() {
        return (Fate::Taken, by_buildkit);
    }
    let path = wanted.trim_start_matches('/');
    let is_kept_out = context.holds(&wanted)
        || by_buildkit
        || !glob::has_wildcards(path) && ignored.is_some_and(|rules| rules.matches(path));
    if is_kept_out {
        (Fate::KeptOut, by_buildkit)
    } else {
        (Fate::Absent, by_buildkit)
    }
}

/// Whether a source is the context itself, or anything in it.
fn is_root(source: &str) -> bool {
    matches!(glob::clean(source).as_str(), "." | "/" | "" | "*" | "/*")
}

/// Whether a path is one that build tools make.
fn is_made_by_build(source: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "target", "build", "dist", "out", "bin", "obj", "publish", "release", "_build", "node_modules",
        "vendor", "venv", ".venv", "artifacts", "output", "_output", "coverage",
    ];
    const FILES: &[&str] = &[
        ".jar", ".war", ".ear", ".whl", ".deb", ".rpm", ".apk", ".tgz", ".gz", ".zip", ".xz", ".exe",
    ];
    source.split('/').any(|part| FOLDERS.contains(&part))
        || FILES.iter().any(|end| source.ends_with(end))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Confidence;

    use crate::testing::run;

    const RULE: &str = "copy-source-not-in-context";

    fn found(sources: &str, files: &[(&str, &str)]) -> Vec<(bool, Confidence)> {
        run(RULE, &format!("FROM a:1\nCOPY {sources} /x/\n"), files)
            .findings
            .iter()
            .map(|finding| (!finding.aliases.is_empty(), finding.confidence))
            .collect()
    }

    #[test]
    fn what_is_kept_out_is_told() {
        use Confidence::{High, Low};
        let ignored = |text| [("a.txt", ""), ("b/c.txt", ""), (".dockerignore", text)];
        assert_eq!(found("a.txt", &ignored("a.txt\n")), [(true, High)]);
        assert_eq!(found("b", &ignored("b\n")), [(true, High)]);
        assert_eq!(found("a.txt b", &ignored("*\n!b\n")), [(false, High)]);
        assert_eq!(found("a.txt b", &ignored("*\n!a.txt\n!b\n")), []);
        assert_eq!(found("*.txt", &ignored("*.txt\n")), [(true, High)]);
        assert_eq!(found(".", &ignored("*\n")), [(true, Low)], "as BuildKit does");
        assert_eq!(found(".", &ignored(".*\n")), []);
        assert_eq!(found("/b/c.txt", &ignored("b/c.txt\n")), [(false, High)]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        use Confidence::{Low, Medium};
        let files = [("a.txt", ""), ("b/c.txt", "")];
        assert_eq!(found("a.txt c.txt", &files), [(false, Medium)]);
        assert_eq!(found("a.txt ../b/d.txt", &files), [(false, Medium)]);
        assert_eq!(found("a.txt yarn.lock*", &files), [(false, Low)]);
        assert_eq!(found("a.txt target/app.jar", &files), [(false, Low)]);
        assert_eq!(found("x y", &files), [(false, Low); 2], "another context");
        for there in ["a.txt", "./a.txt", "b", "/b/", "b/*.txt", "*", ".", "../a.txt", "$X"] {
            assert_eq!(found(there, &files), [], "{there}");
        }
    }

    #[test]
    fn what_comes_from_elsewhere_is_not_looked_for() {
        for line in [
            "COPY --from=b:1 /x /y",
            "COPY <<EOF /y\nx\nEOF",
            "ADD https://example.com/x /y",
            "ADD git@example.com:a/b.git /y",
        ] {
            let found = run(RULE, &format!("FROM a:1\n{line}\n"), &[("a", "")]).findings;
            assert_eq!(found, [], "{line}");
        }
        assert_eq!(run(RULE, "FROM a:1\nCOPY x /y\n", &[]).skipped.len(), 1);
    }
}
