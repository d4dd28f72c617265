use plimsoll_model::{Applicability, Fix};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind, KeyValue};

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an `ENV` or `LABEL` is written without `=`: `ENV name value`.
    ///
    /// ## Why it hurts in production
    /// Everything behind the name is the value, to the end of the line. Whoever adds a second
    /// variable to that line makes it part of the first one's value, and nothing tells. The form
    /// is deprecated.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// ENV LANG C.UTF-8
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ENV LANG=C.UTF-8
    /// ```
    ///
    /// ## Fix
    /// Safe: the `=` is put in, and quotes around a value with spaces. A value that starts with
    /// `=` itself (`ENV A = b`) loses it, which is an unsafe fix. A value whose quotes would come
    /// to mean something else is left as it is.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/legacy-key-value-format/>
    LegacyKeyValue = "legacy-key-value",
    summary: "ENV or LABEL has no = between name and value",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["LegacyKeyValueFormat", "S6574"],
    audience: Default,
    edition: 2026,
}

impl Rule for LegacyKeyValue {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for instruction in file.dockerfile.instructions() {
            judge(file, instruction, true, sink);
        }
    }
}

fn judge(file: &ProjectFile<'_>, instruction: &Instruction, runs_here: bool, sink: &mut Sink<'_>) {
    let pairs = match &instruction.kind {
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => pairs,
        InstructionKind::Onbuild(inner) => return judge(file, inner, false, sink),
        _ => return,
    };
    let [pair] = pairs.as_slice() else { return };
    let (false, Some(value)) = (pair.has_equals, &pair.value) else {
        return;
    };
    let keyword = instruction.keyword.value.to_ascii_uppercase();
    let name = pair.name.value.escape_debug();
    let spaced = value.value.starts_with('=');
    let aliases: &[&str] = match (runs_here, spaced) {
        (true, false) => &["LegacyKeyValueFormat"],
        (true, true) => &["LegacyKeyValueFormat", "S6574"],
        // BuildKit looks at a trigger only where it runs.
        (false, _) => &[],
    };
    let reported = if spaced {
        sink.report(
            file.place(instruction.span),
            format!("The spaces around `=` make it a part of the value of `{name}`."),
        )
        .help(format!(
            "Write `{keyword} {name}=…` without spaces around `=`."
        ))
    } else {
        sink.report(
            file.place(instruction.span),
            format!("`{keyword} {name} …` has no `=`: the rest of the line is the value."),
        )
        .help(format!("Write `{keyword} {name}=…`."))
    }
    .aliases(aliases);
    if let Some(fix) = mended(file, pair) {
        reported.fix(fix);
    }
}

fn mended(file: &ProjectFile<'_>, pair: &KeyValue) -> Option<Fix> {
    let value = pair.value.as_ref()?;
    let text = value.value.as_str();
    if pair.name.value.contains(['"', '\'', '\\', '=']) {
        return None;
    }
    let between = plimsoll_model::Span::new(pair.name.span.end, value.span.start);
    // A continuation or a comment between them stays where it is only by hand.
    if !mend::written(file, between)
        .iter()
        .all(|byte| matches!(byte, b' ' | b'\t'))
    {
        return None;
    }
    if let Some(rest) = text.strip_prefix('=') {
        let word = rest.trim_start();
        if word.is_empty() || !is_one_word(word) || value.span.len() != text.len() {
            return None;
        }
        let cut = value.span.start + (text.len() - word.len());
        return Some(mend::fix(
            file,
            "Take the spaces around `=` away",
            Applicability::Unsafe,
            [(
                plimsoll_model::Span::new(pair.name.span.end, cut),
                "=".to_owned(),
            )],
        ));
    }
    let quotes = if is_one_word(text) {
        ""
    } else if text.contains(['"', '\'', '\\', '`']) {
        return None;
    } else {
        "\""
    };
    let mut edits = vec![(between, format!("={quotes}"))];
    if !quotes.is_empty() {
        let end = plimsoll_model::Span::new(value.span.end, value.span.end);
        edits.push((end, quotes.to_owned()));
    }
    Some(mend::fix(
        file,
        "Put `=` between name and value",
        Applicability::Safe,
        edits,
    ))
}

/// Whether a value stays one word behind `=`: no white space outside of quotes.
fn is_one_word(text: &str) -> bool {
    let mut quote = None;
    for byte in text.bytes() {
        match (byte, quote) {
            // What an escape does depends on the directive and on the quotes around it.
            (b'\\' | b'`', _) => return false,
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (byte, None) if byte.is_ascii_whitespace() => return false,
            _ => {}
        }
    }
    quote.is_none() && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "legacy-key-value";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("ENV", "FROM a:1\nENV k v\n", &[2]),
                ("LABEL", "FROM a:1\nLABEL k v w\n", &[2]),
                ("in every stage", "FROM a:1 AS x\nENV k v\nFROM b:1\n", &[2]),
                ("spaces around =", "FROM a:1\nENV k = v\n", &[2]),
                ("over lines", "FROM a:1\nENV k \\\n  v\n", &[2]),
                ("for those who build on it", "FROM a:1\nONBUILD ENV k v\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("the form there is", "FROM a:1\nENV k=v l=\"m n\"\n"),
                ("an argument without a value", "FROM a:1\nARG k\n"),
                ("the value holds spaces", "FROM a:1\nLABEL k=\"a = b\"\n"),
            ],
        );
    }

    #[test]
    fn the_value_stays_the_same() {
        for (before, after) in [
            ("ENV k v", "ENV k=v"),
            ("env k   v  w", "env k=\"v  w\""),
            ("LABEL k \"v w\"", "LABEL k=\"v w\""),
            ("ENV k $A/b", "ENV k=$A/b"),
            ("ENV k v \\\n  w", "ENV k=\"v \\\n  w\""),
            ("ENV k = v", "ENV k=v"),
            ("ENV k =v", "ENV k=v"),
            ("ENV k say \"it\" now", "ENV k say \"it\" now"),
            ("ENV k a\\ b", "ENV k a\\ b"),
            ("ENV k \\\n  v", "ENV k \\\n  v"),
            ("ENV k it's", "ENV k it's"),
        ] {
            let (before, after) = (
                format!("FROM a:1\n{before}\n"),
                format!("FROM a:1\n{after}\n"),
            );
            assert_eq!(fixed(RULE, &before, &[]), after);
        }
    }
}
