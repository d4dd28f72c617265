use plimsoll_model::{Confidence, Span};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::secret::values;

declare_rule! {
    /// ## What it does
    /// Tells that a credential stands in the file: a key or token whose form gives it away (cloud
    /// access keys, tokens of forges and registries, private keys), or a password in an address. The
    /// value itself is never shown.
    ///
    /// ## Why it hurts in production
    /// Whoever can read the repository, the image or its history has it, and so has everyone who
    /// could in the past. It has to be revoked; taking it out is not enough.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsS https://ci:q7Rz2vT9wLx4@packages.example.com/app.tgz -o /app.tgz
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN --mount=type=secret,id=netrc,target=/root/.netrc curl -fsSn https://packages.example.com/app.tgz -o /app.tgz
    /// ```
    ///
    /// ## Fix
    /// None: the credential has to be revoked first.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    /// - <https://cwe.mitre.org/data/definitions/798.html>
    LiteralCredential = "literal-credential",
    summary: "A credential stands in the file",
    severity: Critical,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/secrets-in-code"],
    audience: Default,
    edition: 2026,
}

impl Rule for LiteralCredential {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let source = file.dockerfile.source.bytes();
        for instruction in file.dockerfile.instructions() {
            let lines = instruction.lines;
            let Some(text) = source
                .get(lines.start..lines.end)
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
            else {
                continue;
            };
            for sighting in values::find(text) {
                let span = Span::new(lines.start + sighting.start, lines.start + sighting.end);
                sink.report(file.place(span), format!("This looks like {}.", sighting.kind))
                    .help("Revoke it, and hand the new one over with `RUN --mount=type=secret` or when the container starts.")
                    .confidence(if sighting.kind.ends_with("address") {
                        Confidence::Medium
                    } else {
                        Confidence::High
                    });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent};

    #[test]
    fn cases() {
        let token = format!("gh{}_{}", 'p', "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5");
        fires(
            "literal-credential",
            &[
                ("in a variable", &format!("FROM a:1\nENV A=1 \\\n  B={token}\n"), &[3]),
                ("in a text", &format!("FROM a:1\nCOPY <<EOF /x\nt={token}\nEOF\n"), &[3]),
                ("in a label", &format!("FROM a:1\nLABEL x=\"{token}\"\n"), &[2]),
            ],
        );
        silent(
            "literal-credential",
            &[
                ("a variable", "FROM a:1\nRUN git clone https://u:$TOKEN@e.com/a\n"),
                ("an example", "FROM a:1\nENV K=AKIAIOSFODNN7EXAMPLE\n"),
                ("a comment is in no image", &format!("# {token}\nFROM a:1\n")),
            ],
        );
        let found = run("literal-credential", &format!("FROM a:1\nENV B={token}\n"), &[]);
        assert!(!format!("{:?}", found.findings).contains(&token));
    }
}
