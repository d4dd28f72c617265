//! Configurations, ignore files and folders that want to do harm.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::{as_nobody, bounded, harmless};
use crate::stage::{Run, Stage, tool};

const DOCKERFILE: &str = "FROM debian:latest\nCOPY . /app\n";

fn check(stage: &Stage) -> Run {
    bounded(as_nobody(
        &mut stage.command(&["check", ".", "--format", "json"]),
    ))
}

fn has(run: &Run, rule: &str) -> bool {
    run.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| finding["rule"] == rule)
}

#[test]
fn a_broken_configuration_is_named() {
    let deep =
        |open: &str, close: &str| format!("a = {}{}\n", open.repeat(50_000), close.repeat(50_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("binary", (0..=255).cycle().take(4096).collect(), "not UTF-8"),
        ("nul", b"[check]\n\0\n".to_vec(), "plimsoll.toml:2: "),
        ("large", b"# padding\n".repeat(210_000), "longer than 1024 KiB"),
        ("arrays", deep("[", "]").into_bytes(), "plimsoll.toml:"),
        ("tables", deep("{a=", "}").into_bytes(), "plimsoll.toml:"),
        (
            "dotted",
            format!("{}x = 1\n", "a.".repeat(50_000)).into_bytes(),
            "plimsoll.toml:",
        ),
        (
            "headers",
            format!("[{}x]\n", "check.".repeat(50_000)).into_bytes(),
            "plimsoll.toml:",
        ),
        ("number", b"[check]\nselect = 3\n".to_vec(), "plimsoll.toml:2: "),
        ("table", b"check = \"all\"\n".to_vec(), "plimsoll.toml:1: "),
        ("twice", b"[check]\n[check]\n".to_vec(), "plimsoll.toml:"),
        (
            "severity",
            b"[check]\nfail-on = \"deadly\"\n".to_vec(),
            "plimsoll.toml:2: ",
        ),
        (
            "waiver",
            b"[[policy.waiver]]\nrule = \"root-user\"\nreason = \"x\"\nowner = \"x\"\nuntil = \"9999999-99-99\"\n".to_vec(),
            "is not a date",
        ),
        (
            "escapes",
            "[check]\nselect = [\"\\u001b]0;owned\\u0007\"]\n".into(),
            "plimsoll.toml",
        ),
        (
            "raw-escapes",
            "\u{1b}]0;owned\u{7} = 1\n\u{202e} = 2\n".into(),
            "plimsoll.toml:1: ",
        ),
    ];
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    for (name, content, words) in cases {
        stage.write("plimsoll.toml", &content);
        for arguments in [
            vec!["check", ".", "--format", "json"],
            vec!["check", ".", "--config", "plimsoll.toml"],
            vec!["inspect", "oci:none"],
            vec!["ship", "."],
        ] {
            let run = bounded(&mut stage.command(&arguments));
            assert_eq!(run.code, 2, "{name} {arguments:?}: {}", run.stderr);
            assert!(run.stderr.contains(words), "{name}: {}", run.stderr);
            assert!(run.stderr.len() < 20_000, "{name}: {}", run.stderr.len());
            harmless(&run.stderr);
            if arguments.contains(&"--format") {
                run.json();
            }
        }
    }
}

#[test]
fn a_configuration_that_is_no_file_does_not_wait() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    tool("mkfifo", &[stage.project().join("pipe").to_str().unwrap()]);
    for (file, words) in [
        ("pipe", "is a named pipe"),
        ("/dev/zero", "longer than 1024 KiB"),
        (".", "is a folder"),
        ("gone", "No such file"),
    ] {
        let run = bounded(&mut stage.command(&["check", "Dockerfile", "--config", file]));
        assert_eq!(run.code, 2, "{file}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{file}: {}", run.stderr);
    }
}

#[test]
fn an_ignore_file_may_be_anything() {
    let mut binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    binary.extend_from_slice(b"\n[\n[a-\n[^]\n\\\n!\n!!\n**/**/**\n");
    let many: String = (0..60_000)
        .map(|index| format!("dir{index}/**/*.x\n"))
        .collect();
    let starred = format!("{}b\n", "**/a*".repeat(2_000)).repeat(100);
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    for folder in 0..20 {
        for file in 0..50 {
            stage.write(&format!("src/{folder}/aaaaaaaaaaaaaaaaaaaaaaaa{file}"), b"");
        }
    }
    for (name, content) in [
        ("many", many.into_bytes()),
        ("starred", starred.into_bytes()),
        ("binary", binary),
        ("long-line", vec![b'*'; 1 << 20]),
        ("classes", "[a-z]*[!b]?".repeat(90_000).into_bytes()),
    ] {
        stage.write(".dockerignore", &content);
        let run = check(&stage);
        assert!(matches!(run.code, 1 | 2), "{name}: {}", run.stderr);
        assert!(has(&run, "mutable-tag"), "{name}");
    }
    std::fs::remove_file(stage.project().join(".dockerignore")).unwrap();
    tool(
        "mkfifo",
        &[stage.project().join(".dockerignore").to_str().unwrap()],
    );
    assert!(has(&check(&stage), "mutable-tag"));
}

#[test]
fn a_folder_of_fifty_thousand_files_is_no_matter() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    for folder in 0..100 {
        let folder = stage.project().join(format!("data/{folder}"));
        std::fs::create_dir_all(&folder).unwrap();
        for file in 0..500 {
            std::fs::write(folder.join(file.to_string()), "").unwrap();
        }
    }
    let run = check(&stage);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn links_out_of_the_project_are_not_followed() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE), ("src/main.py", "")]);
    let outside = stage.root().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("Dockerfile"), "FROM debian:latest\n").unwrap();
    symlink("/", stage.project().join("root")).unwrap();
    symlink("..", stage.project().join("up")).unwrap();
    symlink(".", stage.project().join("again")).unwrap();
    symlink(&outside, stage.project().join("Dockerfile.d")).unwrap();
    let run = check(&stage);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.json()["checked"], serde_json::json!(["Dockerfile"]));
}

#[test]
fn a_closed_folder_is_told_and_the_rest_is_checked() {
    let stage = Stage::with(&[
        ("Dockerfile", DOCKERFILE),
        ("closed/Dockerfile", DOCKERFILE),
        ("open/Dockerfile", DOCKERFILE),
    ]);
    let closed = stage.project().join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let run = check(&stage);
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("closed: Permission denied"),
        "{}",
        run.stderr
    );
    assert_eq!(
        run.json()["checked"],
        serde_json::json!(["Dockerfile", "open/Dockerfile"])
    );
}

#[test]
fn a_very_deep_folder_is_walked() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    // Deeper than any path can name: 6 KiB of it.
    let name = "d".repeat(20);
    let mut folder = std::fs::File::open(stage.project()).unwrap();
    for _ in 0..300 {
        rustix::fs::mkdirat(&folder, name.as_str(), rustix::fs::Mode::from(0o755)).unwrap();
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
        let below =
            rustix::fs::openat(&folder, name.as_str(), flags, rustix::fs::Mode::empty()).unwrap();
        folder = below.into();
    }
    let run = check(&stage);
    assert!(has(&run, "mutable-tag"), "{}", run.stderr);
    // What the walk could not reach for the length of its path is said, not passed over.
    assert!(matches!(run.code, 1..=3), "{}", run.stderr);
}

#[test]
fn names_of_files_do_not_reach_the_terminal() {
    let evil = "x\u{1b}]0;owned\u{7}\u{202e}\r\u{8}";
    let stage = Stage::with(&[
        ("Dockerfile", DOCKERFILE),
        (&format!("{evil}.dockerfile"), DOCKERFILE),
        (
            &format!("{evil}/Dockerfile"),
            "FROM debian:latest\nADD main.py /\nRUUN\n",
        ),
        (&format!("{evil}/main.py"), ""),
        (&format!("{evil}/.env"), "PASSWORD=x"),
        (&format!("{evil}/id_rsa"), "x"),
    ]);
    symlink(
        "nowhere",
        stage.project().join(format!("{evil}2.dockerfile")),
    )
    .unwrap();
    std::fs::create_dir_all(stage.project().join(evil).join("deep")).unwrap();
    for format in ["human", "plain", "markdown"] {
        let run =
            bounded(&mut stage.command(&["check", ".", "--format", format, "--color", "never"]));
        assert_eq!(run.code, 2, "{}", run.stderr);
        harmless(&run.stdout);
        harmless(&run.stderr);
    }
    for arguments in [
        vec!["check", ".", "--diff", "--unsafe-fixes"],
        vec!["ship", evil],
    ] {
        let run = bounded(&mut stage.command(&arguments));
        if arguments[0] == "check" {
            assert!(run.stdout.contains("+COPY main.py /"), "{}", run.stdout);
        }
        harmless(&run.stdout);
        harmless(&run.stderr);
    }
}
