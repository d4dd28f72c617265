use std::collections::HashSet;

use plimsoll_model::{Confidence, Span, TextCredential};
use plimsoll_syntax::dockerfile::Instruction;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::secret::names::Suspicion;
use crate::secret::secret_in_image_config::{pairs_of, suspicion};
use crate::secret::values;
use crate::user::accounts::password;

declare_rule! {
    /// ## What it does
    /// Tells that a credential stands in the file: a key or token whose form gives it away (cloud
    /// access keys, tokens of forges and registries, private keys), a password in an address, or one
    /// that a command is handed: `curl -u me:…`, `--password=…`, `export DB_PASSWORD=…`. The value
    /// itself is never shown. What an account, an `ENV` or an `ARG` is given, other rules tell.
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
        let accounts = of_accounts(file);
        let patterns = patterns(file);
        let source = file.dockerfile.source.bytes();
        for instruction in file.dockerfile.instructions() {
            let lines = instruction.lines;
            let Some(text) = source
                .get(lines.start..lines.end)
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
            else {
                continue;
            };
            let at = |start: usize, end: usize| Span::new(lines.start + start, lines.start + end);
            let known = values::find(text);
            for sighting in &known {
                let span = at(sighting.start, sighting.end);
                sink.report(file.place(span), format!("This looks like {}.", sighting.kind))
                    .help(HELP)
                    .confidence(if sighting.kind.ends_with("address") {
                        Confidence::Medium
                    } else {
                        Confidence::High
                    });
            }
            let is_account = accounts.contains(&lines.start);
            for found in file.credentials.map_or_else(Vec::new, |known| (known.in_text)(text)) {
                let span = at(found.span.start, found.span.end);
                let is_known = known
                    .iter()
                    .any(|one| one.start < found.span.end && found.span.start < one.end);
                let is_told = is_known
                    || is_in_told_variable(instruction, span)
                    || (is_account && matches!(found.kind, PASSWORD | HASH))
                    || (found.kind == NAMED && patterns.iter().any(|one| one.contains(span)));
                if !is_told {
                    sink.report(file.place(span), what(&found))
                        .help(HELP)
                        .severity(found.severity)
                        .confidence(Confidence::Medium)
                        .aliases(&[]);
                }
            }
        }
    }
}

const HELP: &str = "Revoke it, and hand the new one over with `RUN --mount=type=secret` or when the container starts.";

/// What is found on command lines.
const PASSWORD: &str = "command-password";
/// The hash of a password.
const HASH: &str = "password-hash";

/// What is told by the name it is given to.
const NAMED: &str = "secret-value";

fn what(found: &TextCredential) -> String {
    match found.kind {
        PASSWORD => "This looks like a password on a command line.".to_owned(),
        HASH => "This looks like the hash of a password.".to_owned(),
        "url-password" => "This looks like a password in an address.".to_owned(),
        NAMED => "By its name this is a credential.".to_owned(),
        kind => format!("This looks like a credential ({kind})."),
    }
}

/// Whether a variable is told by its name, by `secret-in-image-config`.
fn is_in_told_variable(instruction: &Instruction, span: Span) -> bool {
    pairs_of(instruction).is_some_and(|(pairs, is_env)| {
        pairs.iter().any(|pair| {
            let name = pair.name.value.trim_matches(['"', '\'']);
            pair.span.contains(span) && suspicion(name, pair, is_env) != Suspicion::None
        })
    })
}

/// Where the instructions begin that give accounts their passwords, as `account-password-in-image`
/// tells.
fn of_accounts(file: &ProjectFile<'_>) -> HashSet<usize> {
    let views = file.resolution.stages.iter().flat_map(|stage| file.steps(stage));
    views
        .filter(|view| {
            file.commands(*view)
                .any(|(_, command)| password(command).is_some())
        })
        .map(|view| view.instruction.lines.start)
        .collect()
}

/// The commands whose words are patterns: a name and what stands behind it there is what is looked
/// for, or the half of what is put in its place.
fn patterns(file: &ProjectFile<'_>) -> Vec<Span> {
    let views = file.resolution.stages.iter().flat_map(|stage| file.steps(stage));
    let commands = views.flat_map(|view| file.commands(view));
    commands
        .filter(|(_, command)| matches!(command.program(), Some("sed" | "grep" | "awk" | "perl")))
        .map(|(script, command)| script.command_span(command))
        .collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Severity, Span, TextCredential};

    use crate::check::check_project;
    use crate::options::{CheckOptions, CredentialLookup};
    use crate::testing::{fires, options, project, run, silent};

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

    #[test]
    fn what_the_caller_knows_is_told_once() {
        fn look(text: &str) -> Vec<TextCredential> {
            let found = text.match_indices("Zx9kQw7plm");
            found
                .map(|(at, value)| TextCredential {
                    kind: if text.contains("sed") { super::NAMED } else { super::PASSWORD },
                    severity: Severity::High,
                    span: Span::new(at, at + value.len()),
                })
                .collect()
        }
        let lines = |text: &str| -> Vec<usize> {
            let options = CheckOptions {
                credentials: Some(CredentialLookup {
                    in_text: look,
                    in_file: |_, _| Vec::new(),
                }),
                ..options("literal-credential")
            };
            let found = check_project(&project(text, &[]), &options).findings;
            assert!(!format!("{found:?}").contains("Zx9kQw7plm"));
            let places = found.iter().filter_map(|one| one.origin.source.as_ref());
            places.map(|place| place.start.line).collect()
        };
        assert_eq!(
            lines(
                "FROM a:1\nHEALTHCHECK CMD curl -u a:Zx9kQw7plm http://b\nRUN export DB_PASSWORD=Zx9kQw7plm\nCMD [\"app\",\"--password=Zx9kQw7plm\"]\n"
            ),
            [2, 3, 4]
        );
        for told in [
            "ENV DB_PASSWORD=Zx9kQw7plm",
            "ONBUILD ARG TOKEN=Zx9kQw7plm",
            "RUN echo root:Zx9kQw7plm | chpasswd",
            "RUN useradd -p Zx9kQw7plm app",
            "RUN x && sed -i s/password=Zx9kQw7plm/password=/ /a",
        ] {
            assert_eq!(lines(&format!("FROM a:1\n{told}\n")), [0; 0], "{told}");
        }
        assert_eq!(lines("FROM a:1\nENV X=https://me:Zx9kQw7plm@b/\n"), [2]);
    }
}
