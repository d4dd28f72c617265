use plimsoll_model::{Applicability, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind, Item, KeyValue};

use crate::declare::declare_rule;
use crate::label::pairs::key_of;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `LABEL` follows another one directly, with nothing and no comment between them:
    /// they could be one.
    ///
    /// ## Why it hurts in production
    /// Nothing breaks. What belongs together is easier to read and to change in one place.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL com.example.a="1"
    /// LABEL com.example.b="2"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL com.example.a="1" \
    ///       com.example.b="2"
    /// ```
    ///
    /// ## Fix
    /// Safe: the labels are put into one instruction, each on its own line, in the same order.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#label>
    ScatteredLabels = "scattered-labels",
    summary: "Labels that follow one another are not one instruction",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/labels/prefer-grouped"],
    audience: Strict,
    edition: 2026,
}

impl Rule for ScatteredLabels {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut run: Vec<&Instruction> = Vec::new();
        for item in &file.dockerfile.items {
            match item {
                Item::Instruction(instruction)
                    if matches!(instruction.kind, InstructionKind::Label(_)) =>
                {
                    run.push(instruction);
                }
                Item::Blank(_) => {}
                _ => tell(file, &mut run, sink),
            }
        }
        tell(file, &mut run, sink);
    }
}

fn pairs_of(instruction: &Instruction) -> &[KeyValue] {
    match &instruction.kind {
        InstructionKind::Label(pairs) => pairs,
        _ => &[],
    }
}

fn tell(file: &ProjectFile<'_>, run: &mut Vec<&Instruction>, sink: &mut Sink<'_>) {
    let run = std::mem::take(run);
    let [first, second, .., last] = run.as_slice() else {
        if let [first, second] = run.as_slice() {
            report(file, &run, first, second, second, sink);
        }
        return;
    };
    report(file, &run, first, second, last, sink);
}

fn report(
    file: &ProjectFile<'_>,
    run: &[&Instruction],
    first: &Instruction,
    second: &Instruction,
    last: &Instruction,
    sink: &mut Sink<'_>,
) {
    let pairs: Vec<&KeyValue> = run.iter().flat_map(|label| pairs_of(label)).collect();
    let reported = sink
        .report(
            file.place(second.span),
            format!("{} `LABEL`s that follow one another could be one.", run.len()),
        )
        .help("Write them as one `LABEL`, a line for each pair.")
        .related(file.place(first.span), "This is the first of them.");
    let mut keys: Vec<&str> = pairs.iter().map(|pair| key_of(pair)).collect();
    keys.sort_unstable();
    let doubled = keys.windows(2).any(|two| two[0] == two[1]);
    // What variables stand for in it may be set by a pair in front; a comment inside would be lost.
    let plain = pairs.iter().all(|pair| pair.has_equals && !pair.name.value.contains('$'))
        && run.iter().all(|label| label.comments.is_empty());
    if doubled || !plain {
        return;
    }
    let source = file.dockerfile.source.bytes();
    let texts: Option<Vec<&str>> = pairs
        .iter()
        .map(|pair| {
            let bytes = source.get(pair.span.start..pair.span.end)?;
            std::str::from_utf8(bytes).ok()
        })
        .collect();
    let Some(texts) = texts else { return };
    let joint = format!(" {}\n      ", char::from(file.dockerfile.escape));
    let text = format!("{} {}", first.keyword.value, texts.join(&joint));
    reported.fix(Fix {
        title: "Put them into one instruction".to_owned(),
        applicability: Applicability::Safe,
        edits: vec![Edit {
            file: file.dockerfile.source.path().to_owned(),
            span: Span::new(first.span.start, last.span.end),
            text,
        }],
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    #[test]
    fn cases() {
        fires(
            "scattered-labels",
            &[
                ("two", "FROM a:1\nLABEL a=1\n\nLABEL b=1\n", &[4]),
                ("the old form", "FROM a:1\nLABEL a 1\nLABEL b 1\n", &[3]),
            ],
        );
        silent(
            "scattered-labels",
            &[
                ("one", "FROM a:1\nLABEL a=1 b=1\n"),
                ("a comment parts them", "FROM a:1\nLABEL a=1\n# b\nLABEL b=1\n"),
                ("a variable is set in between", "FROM a:1\nLABEL a=1\nARG V\nLABEL b=$V\n"),
            ],
        );
        assert_eq!(
            fixed("scattered-labels", "FROM a:1\nLABEL a=\"1 2\"\nLABEL b=2 c=3\nLABEL d=$X\nCMD x\n", &[]),
            "FROM a:1\nLABEL a=\"1 2\" \\\n      b=2 \\\n      c=3 \\\n      d=$X\nCMD x\n"
        );
    }
}
