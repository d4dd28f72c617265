//! Language runtimes and toolchains that were unpacked by hand and say in a small text file what
//! they are; and programs that are scripts or archives of scripts.

use plimsoll_model::Evidence;

use super::binary::{generic, versions};
use super::{Candidate, Document, Proven, base_name, folder};

/// The file of a Java runtime that says what it is (JEP 223 and JEP 319 name its fields).
pub(super) fn claims_java(candidate: &Candidate<'_>) -> bool {
    candidate.name == "release"
        && candidate.size < 64 << 10
        && [
            "IMPLEMENTOR",
            "JAVA_",
            "JVM_",
            "GRAALVM_",
            "BUILD_",
            "SOURCE",
            "OS_",
        ]
        .iter()
        .any(|key| candidate.head.starts_with(key.as_bytes()))
}

pub(super) fn read_java(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let field = |key: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix(key)?.strip_prefix('=')?;
            Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
        })
    };
    let version = field("JAVA_RUNTIME_VERSION").or_else(|| field("JAVA_VERSION"));
    // Files named so are common: one that tells no version of Java is another's.
    let Some(version) = version else {
        return Ok(Document::Packages(Vec::new()));
    };
    let version = super::word("JAVA_VERSION", Some(&version))?;
    let vendor = field("IMPLEMENTOR").unwrap_or_default().to_lowercase();
    let name = if field("GRAALVM_VERSION").is_some() {
        "graalvm"
    } else if vendor.contains("oracle") && text.contains("BUILD_TYPE=\"commercial\"") {
        "oracle-java"
    } else {
        "openjdk"
    };
    Ok(Document::Packages(vec![generic(
        name,
        version,
        Evidence::Metadata,
    )]))
}

/// `VERSION` of a Go toolchain, `OTP_VERSION` of Erlang.
pub(super) fn claims_toolchain(candidate: &Candidate<'_>) -> bool {
    match candidate.name {
        "VERSION" => candidate.size < 4 << 10 && candidate.head.starts_with(b"go1."),
        "OTP_VERSION" => candidate.size < 256,
        _ => false,
    }
}

pub(super) fn read_toolchain(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default().trim();
    let (name, version) = match line.strip_prefix("go") {
        Some(version) => ("go", version),
        None => ("erlang", line.trim_end_matches('*').trim()),
    };
    // A Go toolchain's own packages lie beside the file.
    if folder(path).is_empty() {
        return Ok(Document::Packages(Vec::new()));
    }
    let version = super::word("version", Some(version))?;
    Ok(Document::Packages(vec![generic(
        name,
        version,
        Evidence::Metadata,
    )]))
}

/// PHP archives and scripts that are programs.
pub(super) fn claims_script(candidate: &Candidate<'_>) -> bool {
    (candidate.head.starts_with(b"#!") || candidate.head.starts_with(b"<?php"))
        && candidate.size > 64 << 10
        && (candidate.name.ends_with(".phar") || candidate.mode & 0o111 != 0)
        && versions(candidate.name, b"").is_some()
}

pub(super) fn read_script(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let found: Vec<Proven> = versions(base_name(path), bytes).unwrap_or_default();
    Ok(Document::Packages(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(document: Result<Document, String>) -> Vec<String> {
        match document {
            Ok(Document::Packages(packages)) => packages
                .into_iter()
                .map(|own| format!("{}@{}", own.name, own.version))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn runtimes_by_their_release_files() {
        let java = b"IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"17.0.9+9\"\nJAVA_VERSION=\"17.0.9\"\n";
        let path = "opt/java/openjdk/release";
        assert!(claims_java(&Candidate::new(path, 100, 0o644, java)));
        assert_eq!(names(read_java(path, java)), ["openjdk@17.0.9+9"]);
        assert!(names(read_java(path, b"BUILD_ID=1\n")).is_empty());
        assert_eq!(
            names(read_toolchain(
                "usr/local/go/VERSION",
                b"go1.22.3\ntime 2024\n"
            )),
            ["go@1.22.3"]
        );
        assert_eq!(
            names(read_toolchain(
                "usr/lib/erlang/releases/26/OTP_VERSION",
                b"26.1.2\n"
            )),
            ["erlang@26.1.2"]
        );
    }

    #[test]
    fn archives_of_scripts() {
        let head = b"#!/usr/bin/env php\n<?php";
        assert!(claims_script(&Candidate::new(
            "usr/bin/composer",
            3 << 20,
            0o755,
            head
        )));
        assert!(!claims_script(&Candidate::new(
            "usr/bin/other",
            3 << 20,
            0o755,
            head
        )));
        assert_eq!(
            names(read_script(
                "usr/bin/composer",
                b"public const VERSION = '2.6.5';"
            )),
            ["composer@2.6.5"]
        );
    }
}
