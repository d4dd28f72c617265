use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::label::pairs::{key_of, labels};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a label has a key Docker advises against: other characters than lower-case letters,
    /// digits, `.`, `-`, `_` and `/`, no letter in front, two separators in a row, or one of the
    /// prefixes that Docker keeps for itself.
    ///
    /// ## Why it hurts in production
    /// Tools compare keys byte by byte: `Version` and `version` are two labels, and a filter finds
    /// one of them. A key under `com.docker.` may be given a meaning by Docker at any time.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL Vendor="Example"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.vendor="Example"
    /// ```
    ///
    /// ## Fix
    /// None: who reads the label by its old key is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/engine/manage-resources/labels/>
    MalformedLabelKey = "malformed-label-key",
    summary: "A label has a key of the wrong form",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3048", "tally/labels/valid-key"],
    audience: Strict,
    edition: 2026,
}

/// Both tools.
const BOTH: &[&str] = &["DL3048", "tally/labels/valid-key"];
/// What only hadolint minds: keys of Docker's own that are there to be set.
const HADOLINT: &[&str] = &["DL3048"];

impl Rule for MalformedLabelKey {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        labels(file, |stage, pair| {
            let key = key_of(pair);
            let Some(what) = fault(key) else { return };
            let set_by_design = key == "com.docker.image.source.entrypoint"
                || key.starts_with("com.docker.extension.")
                || key.starts_with("com.docker.desktop.extension.");
            sink.report(
                file.place(pair.name.span),
                format!("The label key `{}` {what}.", key.escape_debug()),
            )
            .help("Write it in lower case with a domain you own in front, such as `com.example.team`.")
            .aliases(if set_by_design { HADOLINT } else { BOTH })
            .confidence(if set_by_design || !stage.reaches_target {
                Confidence::Low
            } else {
                Confidence::High
            });
        });
    }
}

/// What is wrong with a key.
fn fault(key: &str) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if key.contains('$') {
        return Some("holds a variable, so that nobody can search for it");
    }
    if !key
        .bytes()
        .all(|b| plain(b) || matches!(b, b'.' | b'-' | b'_' | b'/'))
    {
        return Some("has other characters than lower-case letters, digits and `.-_/`");
    }
    if !key.as_bytes().first().is_some_and(u8::is_ascii_lowercase) {
        return Some("does not start with a letter");
    }
    if !key.as_bytes().last().copied().is_some_and(plain) {
        return Some("does not end with a letter or a digit");
    }
    if key.contains("..") || key.contains("--") {
        return Some("has two separators in a row");
    }
    ["com.docker.", "io.docker.", "org.dockerproject."]
        .iter()
        .any(|prefix| key.starts_with(prefix))
        .then_some("has a prefix that Docker keeps for itself")
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "malformed-label-key",
            &[
                ("capitals", "FROM a:1\nLABEL Name=x\n", &[2]),
                ("the old form", "FROM a:1\nLABEL MAINTAINER me\n", &[2]),
                ("each of a list", "FROM a:1\nLABEL a=1 \\\n  B=2 \\\n  c..d=3\n", &[3, 4]),
                ("a separator in front", "FROM a:1\nLABEL .a=1\n", &[2]),
                ("a separator behind", "FROM a:1\nLABEL a-=1\n", &[2]),
                ("a digit in front", "FROM a:1\nLABEL 1a=1\n", &[2]),
                ("Docker's own", "FROM a:1\nLABEL io.docker.x=1\n", &[2]),
                ("a variable", "FROM a:1\nARG P=x\nLABEL $P.name=1\n", &[3]),
                ("for those who build on it", "FROM a:1\nONBUILD LABEL A=1\n", &[2]),
                ("in quotes", "FROM a:1\nLABEL \"a b\"=1\n", &[2]),
            ],
        );
        silent(
            "malformed-label-key",
            &[
                ("a good one", "FROM a:1\nLABEL org.example.my-label_3=x\n"),
                ("in quotes", "FROM a:1\nLABEL \"com.example\"=x\n"),
                ("with a slash", "FROM a:1\nLABEL example.com/team=x\n"),
            ],
        );
        unsure(
            "malformed-label-key",
            &[
                ("made to be set", "FROM a:1\nLABEL com.docker.extension.publisher-url=x\n"),
                ("a stage nobody builds", "FROM a:1\nLABEL A=1\nFROM b:1\n"),
            ],
        );
    }
}
