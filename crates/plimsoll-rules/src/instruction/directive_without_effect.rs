use plimsoll_model::{Applicability, Span};
use plimsoll_syntax::nearest;
use plimsoll_syntax::dockerfile::{Comment, Item};

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a comment is meant as a parser directive (`# syntax=`, `# escape=`, `# check=`)
    /// and is none: its name is mistyped, or it stands below a comment, an empty line or an
    /// instruction.
    ///
    /// ## Why it hurts in production
    /// A directive that is only a comment does nothing and says nothing. The build runs with the
    /// syntax of whatever builder happens to be there, until one of them is older.
    ///
    /// ## Example
    /// ```dockerfile
    /// # sytnax=docker/dockerfile:1
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// # syntax=docker/dockerfile:1
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// Safe: a mistyped `syntax` or `check` in its right place is written right. `escape` changes
    /// how the whole file is read, so that fix is an unsafe one. A misplaced directive is left.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#parser-directives>
    DirectiveWithoutEffect = "directive-without-effect",
    summary: "A parser directive is mistyped or misplaced and does nothing",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/syntax-directive-typo"],
    audience: Default,
    edition: 2026,
}

impl Rule for DirectiveWithoutEffect {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // Whether a directive could still stand here.
        let mut at_top = true;
        let mut behind_instructions = false;
        for item in &file.dockerfile.items {
            match item {
                Item::Directive(_) => {}
                Item::Comment(comment) => {
                    judge(file, comment, at_top, behind_instructions, sink);
                    at_top = false;
                }
                Item::Blank(_) => at_top = false,
                Item::Instruction(_) => {
                    at_top = false;
                    behind_instructions = true;
                }
            }
        }
    }
}

fn judge(
    file: &ProjectFile<'_>,
    comment: &Comment,
    at_top: bool,
    behind_instructions: bool,
    sink: &mut Sink<'_>,
) {
    let Some((name, value)) = comment.text.split_once('=') else {
        return;
    };
    let (name, value) = (name.trim_end(), value.trim());
    if name.is_empty() || name.len() > 10 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return;
    }
    let Some(meant) = meant(&name.to_ascii_lowercase(), value) else {
        return;
    };
    let is_typo = !name.eq_ignore_ascii_case(meant);
    // `# check=` above an instruction speaks of that instruction, and far below the top the others
    // are most likely an example in somebody's notes.
    if behind_instructions || (!is_typo && meant == "check") {
        return;
    }
    // The escape character's value is the message's own quoting.
    let message = if is_typo {
        format!("`# {}=` is no parser directive: this is only a comment.", name.escape_debug())
    } else {
        format!("`# {meant}=` stands below the first lines: here it is only a comment.")
    };
    let help = if is_typo {
        format!("Write `# {meant}=`.")
    } else {
        "Move it to the top of the file, in front of all comments and empty lines.".to_owned()
    };
    let reported = sink.report(file.place(comment.span), message).help(help);
    if is_typo
        && at_top
        && let Some(at) = memchr::memmem::find(mend::written(file, comment.span), name.as_bytes())
    {
        let start = comment.span.start + at;
        reported.fix(mend::fix(
            file,
            format!("Write `{meant}`"),
            if meant == "escape" {
                Applicability::Unsafe
            } else {
                Applicability::Safe
            },
            [(Span::new(start, start + name.len()), meant.to_owned())],
        ));
    }
}

/// The directive that a name stands for, or a slip of the hand away from, where the value is one
/// that it could have.
fn meant(name: &str, value: &str) -> Option<&'static str> {
    let directive = nearest(name, ["syntax", "escape", "check"])?;
    let fits = match directive {
        "syntax" => value.contains('/') && !value.contains(char::is_whitespace),
        "escape" => matches!(value, "\\" | "`"),
        _ => ["skip=", "error=", "experimental="]
            .iter()
            .any(|option| value.starts_with(option)),
    };
    fits.then_some(directive)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "directive-without-effect";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("mistyped", "#synax = docker/dockerfile:1\nFROM a:1\n", &[1]),
                ("below a directive", "# syntax=docker/dockerfile:1\n# escpae=`\nFROM a:1\n", &[2]),
                ("below a comment", "# my file\n# syntax=docker/dockerfile:1\nFROM a:1\n", &[2]),
                ("below an empty line", "\n# escape=`\nFROM a:1\n", &[2]),
                ("checks", "# chekc=skip=all\nFROM a:1\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("right", "# syntax=docker/dockerfile:1\n# check=error=true\nFROM a:1\n"),
                ("something else", "# version=1.2/3\n# syntax = see the manual\nFROM a:1\n"),
                ("of one instruction", "FROM a:1\n# check=skip=all\nENV a b\n"),
                ("notes", "FROM a:1\n# syntax=docker/dockerfile:1\nRUN x\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "# snytax=docker/dockerfile:1\nFROM a:1\n", &[]),
            "# syntax=docker/dockerfile:1\nFROM a:1\n"
        );
    }
}
