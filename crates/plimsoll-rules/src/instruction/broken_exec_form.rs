use plimsoll_model::{Applicability, Span};
use plimsoll_syntax::dockerfile::{
    Command, CommandForm, Healthcheck, Instruction, InstructionKind, Word,
};

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that arguments in square brackets are not valid JSON, so that they are not read as
    /// exec form. `RUN [ -f x ]`, which is a test, is left alone.
    ///
    /// ## Why it hurts in production
    /// The builder says nothing and hands the brackets, quotes and commas to a shell, which looks
    /// for a program called `[app,`. The image builds and its container dies at the start; a `COPY`
    /// looks for files of such names.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22.12
    /// CMD ['node', 'server.js']
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22.12
    /// CMD ["node", "server.js"]
    /// ```
    ///
    /// ## Fix
    /// Unsafe: every word is put into double quotes with commas between them. The program is run
    /// without a shell from then on.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#shell-and-exec-form>
    BrokenExecForm = "broken-exec-form",
    summary: "Arguments in brackets are not valid JSON and go to a shell",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["S7030", "tally/invalid-json-form"],
    audience: Default,
    edition: 2026,
}

impl Rule for BrokenExecForm {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for instruction in file.dockerfile.instructions() {
            judge(file, instruction, sink);
        }
    }
}

fn judge(file: &ProjectFile<'_>, instruction: &Instruction, sink: &mut Sink<'_>) {
    let (text, span, may_test) = match &instruction.kind {
        InstructionKind::Run(command)
        | InstructionKind::Healthcheck(Healthcheck::Cmd(command)) => match text_of(command) {
            Some((text, span)) => (text, span, true),
            None => return,
        },
        InstructionKind::Cmd(command)
        | InstructionKind::Entrypoint(command)
        | InstructionKind::Shell(command) => match text_of(command) {
            Some((text, span)) => (text, span, false),
            None => return,
        },
        InstructionKind::Copy(words)
        | InstructionKind::Add(words)
        | InstructionKind::Volume(words) => match words.as_slice() {
            [first, .., last] if opens(first) => {
                let span = first.span.cover(last.span);
                let text = String::from_utf8_lossy(mend::written(file, span));
                return report(file, instruction, &text, span, sink);
            }
            [only] if opens(only) => (only.value.as_str(), only.span, false),
            _ => return,
        },
        InstructionKind::Onbuild(inner) => return judge(file, inner, sink),
        _ => return,
    };
    if may_test && !is_list(text) {
        return;
    }
    report(file, instruction, text, span, sink);
}

fn text_of(command: &Command) -> Option<(&str, Span)> {
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    let value = text.value.trim();
    value.starts_with('[').then_some((value, command.span))
}

/// Whether the first of some words opens a list. Exec form that was read has no such word, unless
/// a file name starts with a bracket (`[[]x`, the way to write that).
fn opens(word: &Word) -> bool {
    word.value.starts_with("[\"")
        || word.value.starts_with("['")
        || word.value == "["
        || (word.value.starts_with('[') && word.value.ends_with(','))
        || (word.value.starts_with("[/") && !word.value.contains('*'))
}

/// Whether a text in brackets behind RUN or a health check is a list of words: `[ -f x ]` is a
/// test.
fn is_list(text: &str) -> bool {
    let text = text.trim_end();
    let Some(inner) = text.strip_prefix('[') else {
        return false;
    };
    !inner.starts_with('[')
        && inner.trim_start().starts_with(['"', '\''])
        && inner.contains(',')
        && ![" = ", " == ", " != ", " -eq ", " -ne ", " -gt ", " -lt ", "&&", "||"]
            .iter()
            .any(|operator| inner.contains(operator))
        && inner.ends_with([']', ';', ','])
}

fn report(
    file: &ProjectFile<'_>,
    instruction: &Instruction,
    text: &str,
    span: Span,
    sink: &mut Sink<'_>,
) {
    let keyword = instruction.keyword.value.to_ascii_uppercase();
    let reported = sink
        .report(
            file.place(span),
            format!(
                "`{}` looks like exec form and is not valid JSON, so it is read as plain text.",
                keyword.escape_debug()
            ),
        )
        .help("Put every word in double quotes, commas between them, and nothing behind the bracket.");
    if let Some(words) = words(text)
        && instruction.comments.is_empty()
    {
        let list: Vec<String> = words
            .iter()
            .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        reported.fix(mend::fix(
            file,
            "Write it as JSON",
            Applicability::Unsafe,
            [(span, format!("[{}]", list.join(", ")))],
        ));
    }
}

/// The words that a broken list most likely means: strings in either quotes and bare words,
/// commas between them. Words in need of thought (escapes, variables, white space) give none.
fn words(text: &str) -> Option<Vec<String>> {
    let text = text.trim().trim_end_matches(';').trim_end();
    let inner = text.strip_prefix('[')?;
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    if inner.contains(['\\', '`', '\n', '[', ']']) || inner.chars().any(char::is_control) {
        return None;
    }
    let mut words = Vec::new();
    let mut rest = inner.trim_start();
    while !rest.is_empty() {
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (word, behind) = rest[1..].split_once(quote)?;
            words.push(word.to_owned());
            rest = behind;
        } else {
            let end = rest.find([',', '"', '\'']).unwrap_or(rest.len());
            let word = rest[..end].trim();
            if word.is_empty() || word.contains(char::is_whitespace) {
                return None;
            }
            words.push(word.to_owned());
            rest = &rest[end..];
        }
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            // Two strings with only a space between them lack their comma.
            None if rest.is_empty() || rest.starts_with(['"', '\'']) => {}
            None => return None,
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "broken-exec-form";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("single quotes", "FROM a:1\nCMD ['b', 'c']\n", &[2]),
                ("no quotes", "FROM a:1\nENTRYPOINT [b]\n", &[2]),
                ("a comma too many", "FROM a:1\nCMD [\"b\",]\n", &[2]),
                ("not closed", "FROM a:1\nCMD [\"b\", \"c\"\n", &[2]),
                ("something behind it", "FROM a:1\nCMD [\"b\"] c\n", &[2]),
                ("RUN", "FROM a:1\nRUN ['b', 'c']\n", &[2]),
                ("COPY", "FROM a:1\nCOPY ['b c', '/d']\n", &[2]),
                ("VOLUME", "FROM a:1\nVOLUME ['/data']\n", &[2]),
                ("a health check", "FROM a:1\nHEALTHCHECK CMD ['b', 'c']\n", &[2]),
                ("for others", "FROM a:1\nONBUILD CMD ['b']\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("valid", "FROM a:1\nCMD [\"b\", \"c\"]\nVOLUME [\"/d\"]\n"),
                ("a test", "FROM a:1\nRUN [ -f x ] && y\nRUN [[ -f x ]]\n"),
                ("a test of strings", "FROM a:1\nRUN [ \"$x\" = \"a,b\" ] || exit 1\n"),
                ("a health check's test", "FROM a:1\nHEALTHCHECK CMD [ \"$(x -u /a,b)\" = \"true\" ]\n"),
                ("a pattern", "FROM a:1\nCOPY [ab]*.txt /c/\n"),
            ],
        );
    }

    #[test]
    fn what_is_plain_becomes_json() {
        for (before, after) in [
            ("CMD ['b', 'c d']", "CMD [\"b\", \"c d\"]"),
            ("CMD [b, -c, \"d\"]", "CMD [\"b\", \"-c\", \"d\"]"),
            ("CMD [\"b\",]", "CMD [\"b\"]"),
            ("CMD [\"b\" \"c\"]", "CMD [\"b\", \"c\"]"),
            ("VOLUME ['/data']", "VOLUME [\"/data\"]"),
            ("CMD [\"b\"] c", "CMD [\"b\"] c"),
            ("CMD [b c]", "CMD [b c]"),
        ] {
            let (before, after) = (
                format!("FROM a:1\n{before}\n"),
                format!("FROM a:1\n{after}\n"),
            );
            assert_eq!(fixed(RULE, &before, &[]), after);
        }
    }
}
