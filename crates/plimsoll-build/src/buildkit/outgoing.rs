//! The Dockerfile as it is sent: the author's, save for names that only this build knows.
//!
//! Line numbers stay what they are, so that whatever the engine says of a line holds for the
//! author's file.

use std::collections::BTreeMap;

use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::{Base, Dockerfile, InstructionKind, Item, Resolution};

/// Frontends that every BuildKit carries as `dockerfile.v0`.
const BUILT_IN: [&str; 2] = ["docker/dockerfile", "docker/dockerfile-upstream"];

/// The frontend image that a `# syntax=` line names, unless BuildKit carries it.
pub(crate) fn foreign_frontend(file: &Dockerfile) -> Option<(&str, Span)> {
    let directive = file.items.iter().find_map(|item| match item {
        Item::Directive(directive) if directive.name == "syntax" => Some(directive),
        _ => None,
    })?;
    let reference = directive.value.value.split_whitespace().next()?;
    let name = reference.split('@').next().unwrap_or(reference);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let name = name
        .strip_prefix("docker.io/")
        .or_else(|| name.strip_prefix("index.docker.io/"))
        .unwrap_or(name);
    (!BUILT_IN.contains(&name)).then_some((reference, directive.span))
}

/// The bytes to send. `names` gives the image to use for a named context or a base reference.
pub(crate) fn rewrite(
    file: &Dockerfile,
    resolution: &Resolution,
    names: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut edits = base_edits(file, resolution, names);
    if foreign_frontend(file).is_none() {
        edits.extend(syntax_edits(file));
    }
    apply(file.source.bytes(), edits)
}

/// Would send BuildKit to a registry for the frontend it has. An unknown word of the same length is
/// a directive still, so that `escape` behind it is one too.
fn syntax_edits(file: &Dockerfile) -> Vec<(Span, String)> {
    let bytes = file.source.bytes();
    file.items
        .iter()
        .filter_map(|item| match item {
            Item::Directive(directive) if directive.name == "syntax" => {
                let line = directive.span.of(bytes);
                let at = line.iter().position(u8::is_ascii_alphabetic)?;
                let start = directive.span.start + at;
                Some((
                    Span::new(start, start + "syntax".len()),
                    "xyntax".to_owned(),
                ))
            }
            _ => None,
        })
        .collect()
}

fn base_edits(
    file: &Dockerfile,
    resolution: &Resolution,
    names: &BTreeMap<String, String>,
) -> Vec<(Span, String)> {
    let instructions: Vec<_> = file.instructions().collect();
    let replacement = |base: &Base| match base {
        Base::Context(name) | Base::Image(name) => names.get(name),
        Base::Scratch | Base::Stage(_) | Base::Unresolved(_) => None,
    };
    let mut edits = Vec::new();
    for stage in &resolution.stages {
        if let Some(name) = replacement(&stage.base)
            && let Some(InstructionKind::From(from)) =
                instructions.get(stage.from).map(|from| &from.kind)
        {
            edits.push((from.image.span, name.clone()));
        }
        for step in &stage.steps {
            let Some(instruction) = instructions.get(step.instruction) else {
                continue;
            };
            for flag in &instruction.flags {
                let Some(value) = &flag.value else { continue };
                for base in &step.from {
                    let Some(name) = replacement(base) else {
                        continue;
                    };
                    let (Base::Context(written) | Base::Image(written)) = base else {
                        continue;
                    };
                    match flag.name.as_str() {
                        "from" => edits.push((value.span, name.clone())),
                        "mount" => {
                            if let Some(span) = mount_source(
                                value.span,
                                value.span.of(file.source.bytes()),
                                written,
                            ) {
                                edits.push((span, name.clone()));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    edits
}

/// Where `from=NAME` of a mount has its name.
fn mount_source(span: Span, text: &[u8], name: &str) -> Option<Span> {
    let mut at = 0;
    for part in text.split(|byte| *byte == b',') {
        let part_text = std::str::from_utf8(part)
            .ok()?
            .trim_end_matches(['"', '\'']);
        let lead = part_text.len() - part_text.trim_start_matches(['"', '\'']).len();
        if let Some(value) = part_text[lead..].strip_prefix("from=")
            && value.eq_ignore_ascii_case(name)
        {
            let start = span.start + at + lead + "from=".len();
            return Some(Span::new(start, start + value.len()));
        }
        at += part.len() + 1;
    }
    None
}

fn apply(bytes: &[u8], mut edits: Vec<(Span, String)>) -> Vec<u8> {
    edits.sort();
    edits.dedup();
    let mut sent = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for (span, text) in edits {
        if span.start < at || span.end > bytes.len() {
            continue;
        }
        sent.extend_from_slice(&bytes[at..span.start]);
        sent.extend_from_slice(text.as_bytes());
        at = span.end;
    }
    sent.extend_from_slice(&bytes[at..]);
    sent
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourceFile;
    use plimsoll_syntax::dockerfile::{ResolveInput, parse, resolve};

    use super::*;

    fn sent(text: &str, names: &[(&str, &str)]) -> String {
        let (file, errors) = parse(SourceFile::new("Dockerfile", text));
        assert!(errors.is_empty(), "{errors:?}");
        let input = ResolveInput {
            build_contexts: vec!["base".to_owned(), "tools".to_owned()],
            ..ResolveInput::default()
        };
        let resolution = resolve(&file, &input);
        let names = names
            .iter()
            .map(|(name, image)| ((*name).to_owned(), (*image).to_owned()))
            .collect();
        String::from_utf8(rewrite(&file, &resolution, &names)).unwrap()
    }

    #[test]
    fn named_contexts_become_the_images_they_stand_for() {
        let text = "ARG B=base\nFROM --platform=linux/amd64 ${B} AS one # not a comment\n\
                    COPY --chown=1:1 --from=tools /a /b\n\
                    RUN --mount=type=bind,from=tools,target=/t ls \\\n  /t\n\
                    FROM one\nFROM scratch\nCOPY --from=one /base base\n";
        let text = text.replace(" # not a comment", "");
        assert_eq!(
            sent(
                &text,
                &[("base", "x.invalid/b:1"), ("tools", "x.invalid/t:2")]
            ),
            text.replace("${B}", "x.invalid/b:1")
                .replace("--from=tools", "--from=x.invalid/t:2")
                .replace("from=tools,", "from=x.invalid/t:2,")
        );
        assert_eq!(sent(&text, &[]), text);
    }

    #[test]
    fn the_syntax_line_of_the_built_in_frontend_is_put_to_sleep() {
        assert_eq!(
            sent(
                "#  syntax = docker/dockerfile:1.4\n# escape=`\nFROM scratch\n",
                &[]
            ),
            "#  xyntax = docker/dockerfile:1.4\n# escape=`\nFROM scratch\n"
        );
        let foreign = "# syntax=example.com/mine:1\nFROM scratch\n";
        assert_eq!(sent(foreign, &[]), foreign);
    }

    #[test]
    fn the_built_in_frontend_has_several_names() {
        let frontend = |name: &str| {
            let text = format!("# syntax={name}\nFROM scratch\n");
            let (file, _) = parse(SourceFile::new("Dockerfile", text));
            foreign_frontend(&file).map(|(reference, _)| reference.to_owned())
        };
        for ours in [
            "docker/dockerfile",
            "docker.io/docker/dockerfile:1",
            "docker/dockerfile-upstream:master-labs",
            "docker/dockerfile:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert_eq!(frontend(ours), None, "{ours}");
        }
        for foreign in ["tonistiigi/dockerfile", "localhost:5000/docker/dockerfile"] {
            assert_eq!(frontend(foreign).as_deref(), Some(foreign));
        }
    }
}
