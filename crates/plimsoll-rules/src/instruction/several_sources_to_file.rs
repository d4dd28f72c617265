use plimsoll_model::{Applicability, Confidence, Span};
use plimsoll_syntax::dockerfile::InstructionKind;

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that several files are copied to a path that does not end with `/`.
    ///
    /// ## Why it hurts in production
    /// Docker's older builder refuses the line. BuildKit guesses a folder; take one source away and
    /// the other becomes a file of that name.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22.12
    /// COPY package.json package-lock.json /app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22.12
    /// COPY package.json package-lock.json /app/
    /// ```
    ///
    /// ## Fix
    /// Safe: the `/` is put behind the path.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#destination>
    SeveralSourcesToFile = "several-sources-to-file",
    summary: "Several files are copied to a path that does not end with a slash",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3021", "DS-0011", "DS011"],
    audience: Default,
    edition: 2026,
}

impl Rule for SeveralSourcesToFile {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let (words, aliases): (_, &[&str]) = match &view.instruction.kind {
                    InstructionKind::Copy(words) => (words, Self::META.aliases),
                    InstructionKind::Add(words) => (words, &[]),
                    _ => continue,
                };
                let [sources @ .., target] = words.as_slice() else {
                    continue;
                };
                let path = target.value.trim_matches(['"', '\'']);
                if sources.len() < 2 || path.ends_with(['/', '\\']) {
                    continue;
                }
                // `.` is a folder for every builder, and a variable may end with the slash.
                let open = matches!(path, "." | "..")
                    || path.ends_with("/.")
                    || path.contains('$')
                    // `--chown user` lacks its `=`: what follows is no source.
                    || view.instruction.flags.iter().any(|flag| {
                        flag.value.is_none() && !matches!(flag.name.as_str(), "link" | "parents")
                    });
                let reported = sink
                    .report(
                        file.place(target.span),
                        format!(
                            "{} sources go to `{}`, which does not end with `/`.",
                            sources.len(),
                            path.escape_debug()
                        ),
                    )
                    .help(format!("Write `{}/`.", path.escape_debug()))
                    .aliases(aliases)
                    .confidence(if open {
                        Confidence::Low
                    } else {
                        mend::in_stage(stage)
                    });
                let ends_with_quote = mend::written(file, target.span).ends_with(b"\"")
                    || mend::written(file, target.span).ends_with(b"'");
                let end = target.span.end - usize::from(ends_with_quote);
                reported.fix(mend::fix(
                    file,
                    "Put `/` behind the path",
                    Applicability::Safe,
                    [(Span::new(end, end), "/".to_owned())],
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "several-sources-to-file";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("two", "FROM a:1\nCOPY a b /c\n", &[2]),
                ("with quotes", "FROM a:1\nCOPY a b \"c\"\n", &[2]),
                ("as JSON", "FROM a:1\nADD [\"a\", \"b\", \"/c\"]\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("one", "FROM a:1\nCOPY a /c\n"),
                ("a folder", "FROM a:1\nCOPY a b /c/\n"),
                ("a folder with quotes", "FROM a:1\nCOPY a b \"c/\"\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("the folder there is", "FROM a:1\nWORKDIR /x\nCOPY a b .\n"),
                ("a variable may end with it", "FROM a:1\nCOPY a b $X\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nCOPY a b c\nADD [\"a\", \"b\", \"/c\"]\n", &[]),
            "FROM a:1\nCOPY a b c/\nADD [\"a\", \"b\", \"/c/\"]\n"
        );
    }
}
