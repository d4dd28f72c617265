//! What of a Dockerfile no report may show, by what the rules know.

use plimsoll_model::{SourceFile, Span};
use plimsoll_syntax::dockerfile::{
    self, Dockerfile, Instruction, InstructionKind, ResolveInput, SyntaxError,
};

use crate::options::RuleSettings;
use crate::project::{ProjectFile, unwrapped};
use crate::secret::names::{self, Suspicion};
use crate::secret::{anchors, values};
use crate::user::accounts::{PASSWORD_PROGRAMS, password};

/// Where in a Dockerfile stands what must not be shown: values of variables and labels with a name
/// that any tool takes for a credential's, texts that are credentials by their form, the passwords of
/// accounts. Whether a rule that tells of it was asked for, or is set aside, does not count.
pub fn hidden_in(file: &SourceFile) -> Vec<Span> {
    let (tree, errors) = dockerfile::parse(file.clone());
    let mut spans = Vec::new();
    for instruction in tree.instructions() {
        variables(instruction, &mut spans);
        let lines = instruction.lines;
        if let Ok(text) = std::str::from_utf8(lines.of(file.bytes())) {
            let found = values::find(text).into_iter();
            spans
                .extend(found.map(|one| Span::new(lines.start + one.start, lines.start + one.end)));
        }
    }
    // Reading every script anew costs more than all the rest, and few files name such a program.
    let names = |program: &str| memchr::memmem::find(file.bytes(), program.as_bytes()).is_some();
    if PASSWORD_PROGRAMS.iter().any(|program| names(program)) {
        accounts(&tree, &errors, &mut spans);
    }
    // No rule about credentials looks at what the grammar does not allow where it stands. What has
    // no FROM is no Dockerfile, and all of it is wrong.
    if tree
        .instructions()
        .any(|one| matches!(one.kind, InstructionKind::From(_)))
    {
        spans.extend(
            errors
                .iter()
                .filter_map(|error| assigned(file.bytes(), error.span)),
        );
    }
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// Whether a value must stay out of what is published because of its name, and what it is.
pub fn may_be_credential(name: &str, value: &str) -> bool {
    names::of_pair(name, value) != Suspicion::None
        || !values::find(value).is_empty()
        || (is_listed(name) && !is_harmless(value))
}

/// Whether any tool takes a name for that of a credential.
fn is_listed(name: &str) -> bool {
    anchors::hadolint(name) || anchors::buildkit(name) || anchors::trivy(name)
}

/// Whether a value is a number, a version, a switch, a path, or an address without a login.
fn is_harmless(value: &str) -> bool {
    let is_version = value.len() <= 20
        && value
            .trim_start_matches(['v', 'V'])
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        && value.contains('.');
    let is_address = value.contains("://") && !value.contains(['@', '?', '#']);
    value.is_empty()
        || is_version
        || is_address
        || value.starts_with(['/', '.', '~'])
        || (value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit()))
        || matches!(value, "true" | "false" | "yes" | "no" | "on" | "off")
}

fn variables(instruction: &Instruction, spans: &mut Vec<Span>) {
    let (InstructionKind::Env(pairs) | InstructionKind::Arg(pairs) | InstructionKind::Label(pairs)) =
        &unwrapped(instruction).kind
    else {
        return;
    };
    for pair in pairs {
        let name = pair.name.value.trim_matches(['"', '\'']);
        if let Some(value) = &pair.value
            && (names::of_name(name) != Suspicion::None || is_listed(name))
        {
            spans.push(value.span);
        }
    }
}

/// The passwords that commands give to accounts, and those that come to them through a pipe or a
/// heredoc.
fn accounts(tree: &Dockerfile, errors: &[SyntaxError], spans: &mut Vec<Span>) {
    let resolution = dockerfile::resolve(tree, &ResolveInput::default());
    let settings = RuleSettings::default();
    let file = ProjectFile::new(tree, errors, &resolution, None, &settings);
    for view in resolution.stages.iter().flat_map(|stage| file.steps(stage)) {
        let mut before = None;
        let mut sets = false;
        for (script, command) in file.commands(view) {
            if password(command).is_some() {
                sets = true;
                for (script, command) in before.into_iter().chain([(script, command)]) {
                    for word in command.arguments() {
                        let text = word.raw.trim_matches(['"', '\'']);
                        let behind = match text.split_once([':', '=']) {
                            Some((_, value)) => value,
                            None if text.starts_with('-') => continue,
                            None => text,
                        };
                        let Some(at) = word.raw.rfind(behind) else {
                            continue;
                        };
                        let start = word.start + at;
                        spans.push(script.span(start, start + behind.len()));
                    }
                }
            }
            before = Some((script, command));
        }
        if sets {
            heredoc_lines(&file, view.instruction, spans);
        }
    }
}

/// What stands behind `name:` in the lines of an instruction that hold nothing else.
fn heredoc_lines(file: &ProjectFile<'_>, instruction: &Instruction, spans: &mut Vec<Span>) {
    let mut at = instruction.lines.start;
    let lines = instruction.lines.of(file.dockerfile.source.bytes());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let start = at + (line.len() - line.trim_ascii_start().len());
        if let Some(colon) = text.iter().position(|byte| *byte == b':')
            && colon > 0
            && !text.iter().any(u8::is_ascii_whitespace)
        {
            spans.push(Span::new(start + colon + 1, start + text.len()));
        }
        at += line.len();
    }
}

/// The value of a text that is `NAME=value`.
fn assigned(bytes: &[u8], span: Span) -> Option<Span> {
    let text = span.of(bytes);
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    (name > 0 && text.get(name) == Some(&b'=')).then(|| Span::new(span.start + name + 1, span.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<String> {
        let file = SourceFile::new("Dockerfile", text);
        let spans = hidden_in(&file).into_iter();
        spans
            .map(|span| String::from_utf8_lossy(span.of(file.bytes())).into_owned())
            .collect()
    }

    #[test]
    fn what_must_not_be_shown() {
        for (text, expected) in [
            ("ENV TOKEN=abc", &["abc"][..]),
            ("ENV TOKEN abc d", &["abc d"]),
            ("arg USERNAME=abc", &["abc"]),
            ("ONBUILD ENV A=1 password='b c'", &["'b c'"]),
            ("LABEL db.password=x9", &["x9"]),
            ("ENV TOKEN=", &[]),
            ("ARG TOKEN", &[]),
            ("COPY id_rsa /root/", &[]),
            ("RUN echo root:toor | chpasswd", &["toor"]),
            ("RUN useradd -m -p 'q$y' app", &["q$y", "app"]),
            ("RUN chpasswd <<EOF\nroot:toor\nEOF", &["toor"]),
            ("TOKEN=abc", &["abc"]),
        ] {
            assert_eq!(hidden(&format!("FROM a:1\n{text}\n")), expected, "{text}");
        }
        assert_eq!(hidden("#!/bin/sh\nA=1\n"), [""; 0]);
    }

    #[test]
    fn what_must_not_be_published() {
        for (name, value) in [
            ("NPM_TOKEN", "x"),
            ("DB_PASSWORD", "12345"),
            ("USERNAME", "ada"),
            ("AUTH", "ada"),
            ("X", "https://me:s3cr3tpw9@e.com/a"),
        ] {
            assert!(may_be_credential(name, value), "{name}");
        }
        for (name, value) in [
            ("PASSWORD_FILE", "/run/secrets/p"),
            ("TOKEN_URL", "https://e.com/token"),
            ("SECRET_VERSION", "1.2.3"),
            ("AUTHOR", "ada"),
        ] {
            assert!(!may_be_credential(name, value), "{name}");
        }
    }
}
