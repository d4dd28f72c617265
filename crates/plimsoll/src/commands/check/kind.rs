//! Tells other files from Dockerfiles: judged as one, all that a Compose file or an archive has to show is
//! that none of its lines is an instruction.

use std::io::Read as _;
use std::path::Path;

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerfile::{self, InstructionKind};

use crate::dockerfiles::{is_dockerfile_name, is_loose_name};
use crate::failure::Failure;
use crate::project::{self, shown};

/// What its own keys tell, whatever it is called.
const NAMED_BY_KEYS: [&str; 2] = ["a Compose file", "a Kubernetes manifest"];
/// Bytes that tell what a file is.
const HEAD: u64 = 512;

/// Reads a Dockerfile. One that goes by another name must look like one.
pub(super) fn read(path: &Path) -> Result<SourceFile, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_dockerfile_name(&name) && !is_loose_name(&name) {
        return project::read_dockerfile(path);
    }
    let mut head = Vec::new();
    // What is too long for a Dockerfile is most often an image.
    let file = project::open_ready(path)?;
    let is_known = file.metadata().is_ok_and(|file| file.is_file())
        && file.take(HEAD).read_to_end(&mut head).is_ok();
    if is_known && let Some(archive) = archive(&head) {
        return Err(
            Failure::usage(format!("{}: is {archive}, no Dockerfile", shown(path))).hint(format!(
                "`plimsoll inspect {}` looks into an image",
                shown(path)
            )),
        );
    }
    let file = project::read_dockerfile(path)?;
    refuse_other(path, &file)?;
    Ok(file)
}

/// Refuses a file of that name that looks like something else. Whoever writes a Dockerfile in an editor may
/// have no whole instruction yet: what has no name is refused where it is known what it is.
pub(super) fn refuse_other(path: &Path, file: &SourceFile) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_dockerfile_name(&name) && !is_loose_name(&name) {
        return Ok(());
    }
    match other(&name, file) {
        Some(other) if name != "-" || NAMED_BY_KEYS.contains(&other) => {
            Err(Failure::usage(format!(
                "{}: is {other}, no Dockerfile: none of its lines is an instruction",
                shown(path)
            ))
            .hint("`check` judges Dockerfiles, and what lies around them in the build context"))
        }
        _ => Ok(()),
    }
}

/// What a file is that was found by a name such as `Dockerfile-notes`, where it is no Dockerfile. What
/// cannot be read is nothing else.
pub(super) fn by_chance(path: &Path) -> Option<&'static str> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !is_loose_name(&name) {
        return None;
    }
    let file = project::read_dockerfile(path).ok()?;
    other(&name, &file)
}

/// What an archive is, by how it begins.
fn archive(head: &[u8]) -> Option<&'static str> {
    const PACKED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    if head.get(257..262) == Some(b"ustar") {
        return Some("an archive");
    }
    let is_packed = PACKED.iter().any(|magic| head.starts_with(magic));
    is_packed.then_some("a compressed file")
}

/// What a file is that holds no instruction, and something else.
fn other(name: &str, file: &SourceFile) -> Option<&'static str> {
    let (tree, _) = dockerfile::parse(file.clone());
    let is_known = |kind: &InstructionKind| !matches!(kind, InstructionKind::Unknown(_));
    let mut instructions = tree.instructions().peekable();
    instructions.peek()?;
    if instructions.any(|instruction| is_known(&instruction.kind)) {
        return None;
    }
    let text = String::from_utf8_lossy(file.bytes());
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let has_key = |key: &str| {
        let mut lines = text.lines();
        lines.any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    let first = lines.next().unwrap_or_default();
    let is_yaml = first.starts_with("---")
        || first.split_once(':').is_some_and(|(key, rest)| {
            (rest.is_empty() || rest.starts_with(' '))
                && key
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        });
    Some(match name {
        "go.mod" => "a Go module",
        _ if name.ends_with("ignore") => "an ignore file",
        _ if file.bytes().contains(&0) => "no text",
        _ if is_yaml && has_key("services") => "a Compose file",
        _ if is_yaml && has_key("apiVersion") && has_key("kind") => "a Kubernetes manifest",
        _ if is_yaml => "YAML",
        _ if first.starts_with(['{', '[']) => "JSON or TOML",
        _ => "another file",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_dockerfile_is_named() {
        let is = |name: &str, text: &str| other(name, &SourceFile::new(name, text));
        for (name, text, what) in [
            (
                "compose.yaml",
                "# all\nservices:\n  a:\n    image: b\n",
                "a Compose file",
            ),
            (
                "x.yml",
                "version: \"3\"\nservices:\n  a: {}\n",
                "a Compose file",
            ),
            (
                "pod.yaml",
                "---\napiVersion: v1\nkind: Pod\n",
                "a Kubernetes manifest",
            ),
            ("ci.yml", "on: push\njobs:\n", "YAML"),
            ("go.mod", "module a\n\ngo 1.22\n", "a Go module"),
            (".dockerignore", "*\n!src\n", "an ignore file"),
            ("package.json", "{\"name\": \"a\"}\n", "JSON or TOML"),
            ("a.out", "\u{7f}ELF\0\0", "no text"),
            ("README", "Read me\n", "another file"),
        ] {
            assert_eq!(is(name, text), Some(what), "{name}");
        }
        for text in [
            "",
            "# nothing\n",
            "FROM debian\n",
            "ARG A=b\nFRM $A\n",
            "services:\nFROM debian\n",
            "from a\0\n",
        ] {
            assert_eq!(is("build.txt", text), None, "{text:?}");
        }
        let is_refused =
            |name: &str, text: &str| refuse_other(Path::new(name), &SourceFile::new(name, text));
        assert!(is_refused("-", "services:\n  a: {}\n").is_err());
        assert!(is_refused("a/compose.yaml", "services:\n  a: {}\n").is_err());
        assert!(is_refused("Dockerfile-notes", "Read me\n").is_err());
        for name in ["-", "Dockerfile", "Dockerfile.dev"] {
            assert!(is_refused(name, "FRO\n").is_ok(), "{name}");
        }
        let mut tar = vec![0; 300];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(archive(&tar), Some("an archive"));
        assert_eq!(archive(b"\x1f\x8b\x08"), Some("a compressed file"));
        assert_eq!(archive(b"FROM debian\n"), None);
    }
}
