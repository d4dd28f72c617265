//! Dockerfiles that are none.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::{as_nobody, bounded};
use crate::stage::{Run, Stage, tool};

/// What a strange file must come to.
enum Comes {
    /// Exit 1, with these rules among the findings.
    Findings(&'static [&'static str]),
    /// Exit 2, with these words on standard error.
    Refused(&'static str),
}

/// Contents that can be written into any file.
fn contents() -> Vec<(&'static str, Vec<u8>, Comes)> {
    use Comes::{Findings, Refused};
    let mut noise = 1_u32;
    let binary: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    })
    .take(100_000)
    .collect();
    let mut nested = b"FROM debian:latest\n".to_vec();
    for (start, again) in [
        ("RUN ", "$("),
        ("RUN ", "("),
        ("RUN ", "{ if "),
        ("ENV a=", "${b:-"),
        ("CMD ", "["),
        ("CMD [", "{\"a\":"),
        ("", "ONBUILD "),
    ] {
        nested.extend_from_slice(start.as_bytes());
        nested.extend_from_slice(again.repeat(100_000).as_bytes());
        nested.push(b'\n');
    }
    vec![
        (
            "truncated",
            b"FROM debian:latest\nRUN apt-get update && \\\n".to_vec(),
            Findings(&["mutable-tag"]),
        ),
        (
            "cut-in-json",
            b"FROM debian:latest\nCMD [\"a".to_vec(),
            Findings(&["mutable-tag", "broken-exec-form"]),
        ),
        ("empty", Vec::new(), Findings(&["syntax-error"])),
        (
            "comments",
            b"# one\n\n# two\n".to_vec(),
            Findings(&["syntax-error"]),
        ),
        ("binary", binary, Findings(&["syntax-error"])),
        (
            "not-utf8",
            b"FROM debian:latest\nLABEL a=\xff\xfe\nENV \xff=1\n".to_vec(),
            Findings(&["mutable-tag"]),
        ),
        (
            "nul",
            b"FROM debian:latest\nRUN a\0b\n\0\n".to_vec(),
            Findings(&["mutable-tag"]),
        ),
        (
            "utf16",
            b"\xff\xfeF\0R\0O\0M\0 \0a\0\n\0".to_vec(),
            Findings(&["syntax-error"]),
        ),
        ("nested", nested, Findings(&["mutable-tag"])),
        (
            "heredoc-without-end",
            b"FROM debian:latest\nRUN <<END\necho\n".to_vec(),
            Findings(&["mutable-tag", "syntax-error"]),
        ),
        (
            "oversized",
            b"FROM debian:latest\n".repeat(230_000),
            Refused("longer than 4096 KiB"),
        ),
    ]
}

/// A stage with a folder for each of them, and for each thing that is no file.
fn stage() -> (Stage, Vec<(String, Comes)>) {
    let stage = Stage::new();
    let mut strange = Vec::new();
    for (name, content, comes) in contents() {
        stage.write(&format!("{name}/Dockerfile"), &content);
        strange.push((name.to_owned(), comes));
    }
    let mut add = |name: &str, comes: Comes, make: &dyn Fn(&std::path::Path)| {
        let folder = stage.project().join(name);
        std::fs::create_dir(&folder).unwrap();
        make(&folder.join("Dockerfile"));
        strange.push((name.to_owned(), comes));
    };
    add("pipe", Comes::Refused("is a named pipe"), &|path| {
        tool("mkfifo", &[path.to_str().unwrap()]);
    });
    add("socket", Comes::Refused("is a socket"), &|path| {
        drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    });
    add(
        "link-loop",
        Comes::Refused("Too many levels of symbolic links"),
        &|path| symlink("Dockerfile", path).unwrap(),
    );
    add("dangling", Comes::Refused("No such file"), &|path| {
        symlink("nowhere", path).unwrap();
    });
    add("endless", Comes::Refused("longer than 4096 KiB"), &|path| {
        symlink("/dev/zero", path).unwrap();
    });
    add("closed", Comes::Refused("Permission denied"), &|path| {
        std::fs::write(path, "FROM debian:latest\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
    });
    (stage, strange)
}

fn run(stage: &Stage, arguments: &[&str]) -> Run {
    bounded(as_nobody(&mut stage.command(arguments)))
}

fn rules<'a>(report: &'a serde_json::Value, file: &str) -> Vec<&'a str> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["file"] == file)
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

#[test]
fn each_gives_findings_or_a_clear_error() {
    let (stage, strange) = stage();
    for (name, comes) in &strange {
        let file = format!("{name}/Dockerfile");
        let run = run(&stage, &["check", &file, "--format", "json"]);
        let report = run.json();
        match comes {
            Comes::Findings(expected) => {
                assert_eq!(run.code, 1, "{name}: {}", run.stderr);
                let found = rules(&report, &file);
                for rule in *expected {
                    assert!(found.contains(rule), "{name}: {rule} not in {found:?}");
                }
                assert_eq!(run.stderr, "", "{name}");
            }
            Comes::Refused(words) => {
                assert_eq!(run.code, 2, "{name}: {}", run.stderr);
                assert!(
                    run.stderr.contains(&format!("plimsoll: {file}: "))
                        && run.stderr.contains(words),
                    "{name}: {}",
                    run.stderr
                );
            }
        }
    }
}

#[test]
fn the_others_are_checked_all_the_same() {
    let (stage, strange) = stage();
    stage.write("zz-good/Dockerfile", b"FROM debian:latest\n");
    let mut named: Vec<String> = strange
        .iter()
        .map(|(name, _)| format!("{name}/Dockerfile"))
        .collect();
    named.push("zz-good/Dockerfile".to_owned());
    let mut by_name = vec!["check", "--format", "json", "no/such/file"];
    by_name.extend(named.iter().map(String::as_str));
    for arguments in [by_name, vec!["check", ".", "--format", "json"]] {
        let run = run(&stage, &arguments);
        assert_eq!(run.code, 2);
        let report = run.json();
        assert!(rules(&report, "zz-good/Dockerfile").contains(&"mutable-tag"));
        for (name, comes) in &strange {
            let file = format!("{name}/Dockerfile");
            match comes {
                Comes::Findings(expected) => {
                    assert!(rules(&report, &file).contains(&expected[0]), "{name}");
                }
                Comes::Refused(words) => assert!(
                    run.stderr
                        .lines()
                        .any(|line| line.contains(&file) && line.contains(words)),
                    "{name}: {}",
                    run.stderr
                ),
            }
        }
    }
}

#[test]
fn every_format_survives_them() {
    let (stage, _) = stage();
    for format in ["human", "plain", "markdown", "sarif"] {
        let run = run(&stage, &["check", ".", "--format", format]);
        assert_eq!(run.code, 2, "{format}");
        if format == "sarif" {
            assert_eq!(run.json()["version"], "2.1.0");
        } else {
            super::harmless(&run.stdout);
        }
        super::harmless(&run.stderr);
    }
}

#[test]
fn the_syntax_tree_of_each_is_one_line_or_an_error() {
    let (stage, strange) = stage();
    for (name, comes) in &strange {
        let file = format!("{name}/Dockerfile");
        let run = run(&stage, &["debug", "dockerfile-ast", &file]);
        match comes {
            Comes::Findings(_) => {
                assert_eq!(run.code, 0, "{name}: {}", run.stderr);
                let line = run.json();
                assert_eq!(line["file"], file.as_str());
                assert!(
                    line["ast"].is_string() != line["error"].is_string(),
                    "{name}"
                );
            }
            Comes::Refused(words) => {
                assert_eq!(run.code, 2, "{name}: {}", run.stderr);
                assert!(run.stderr.contains(words), "{name}: {}", run.stderr);
            }
        }
    }
    let mut all = vec!["debug".to_owned(), "dockerfile-ast".to_owned()];
    all.extend(strange.iter().map(|(name, _)| format!("{name}/Dockerfile")));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let run = run(&stage, &all);
    assert_eq!(run.code, 2);
    let readable = strange
        .iter()
        .filter(|(_, comes)| matches!(comes, Comes::Findings(_)))
        .count();
    assert_eq!(run.stdout.lines().count(), readable);
    for (name, comes) in &strange {
        if let Comes::Refused(words) = comes {
            assert!(
                run.stderr
                    .lines()
                    .any(|line| line.contains(name.as_str()) && line.contains(words)),
                "{name}: {}",
                run.stderr
            );
        }
    }
}

#[test]
fn standard_input_may_be_anything_too() {
    let stage = Stage::new();
    for (name, content, comes) in contents() {
        stage.write("input", &content);
        let input = std::fs::File::open(stage.project().join("input")).unwrap();
        let run = bounded(
            stage
                .command(&["check", "-", "--format", "json"])
                .stdin(input),
        );
        run.json();
        match comes {
            Comes::Findings(_) => assert_eq!(run.code, 1, "{name}"),
            Comes::Refused(words) => {
                assert_eq!(run.code, 2, "{name}");
                assert!(run.stderr.contains(words), "{name}: {}", run.stderr);
            }
        }
    }
}

#[test]
fn what_is_no_file_is_said_to_be_none() {
    let stage = Stage::with(&[("empty/readme", "")]);
    std::fs::create_dir_all(stage.project().join("folder/Dockerfile")).unwrap();
    for (path, words) in [
        ("/dev/zero", "/dev/zero: longer than 4096 KiB"),
        (
            "folder/Dockerfile",
            "folder/Dockerfile: no Dockerfile there",
        ),
        ("empty", "empty: no Dockerfile there"),
        ("", "No such file"),
        ("gone", "gone: No such file"),
        ("gone\u{1b}]0;owned\u{7}", "No such file"),
    ] {
        let run = run(&stage, &["check", path, "--format", "json"]);
        assert_eq!(run.code, 2, "{path}: {}", run.stderr);
        // Nothing was checked: there is no report, and so nothing that could pass for a clean one.
        let said = run.json();
        assert!(said.get("findings").is_none(), "{path}: {said}");
        let message = said["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{path}: {said}");
        assert!(run.stderr.contains(words), "{path}: {}", run.stderr);
        super::harmless(&run.stderr);
    }
}

#[test]
fn a_pipe_that_a_shell_hands_over_is_read() {
    let stage = Stage::new();
    let (read, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, b"FROM debian:latest\n").unwrap();
    drop(write);
    let run = bounded(
        stage
            .command(&["check", "/dev/stdin", "--format", "json"])
            .stdin(read),
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(rules(&run.json(), "/dev/stdin").contains(&"mutable-tag"));
}

#[test]
fn a_credential_on_a_broken_line_is_not_repeated() {
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzKEYzz0123x";
    let stage = Stage::with(&[(
        "Dockerfile",
        &format!("FROM debian:12\nAWS_SECRET_ACCESS_KEY={secret}\nDB_PASSWORD=hunter2hunter2\n"),
    )]);
    for format in ["human", "plain", "markdown", "json", "sarif"] {
        let run = run(&stage, &["check", "--format", format]);
        for value in [secret, "hunter2hunter2"] {
            assert!(
                !run.stdout.contains(value) && !run.stderr.contains(value),
                "{format}: {}",
                run.stdout
            );
        }
    }
}
