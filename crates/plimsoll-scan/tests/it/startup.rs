mod through;

use plimsoll_model::{
    HealthCheck, ImageConfig, NoFormat, NotableKind, StartupProblem, StartupRole,
};

use crate::image::{Layer, look_with};

/// A program for x86-64 that asks for a loader, without anything else in it.
fn program(machine: u16, loader: &str) -> Vec<u8> {
    let mut bytes = vec![0; 120];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16] = 2;
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes[32] = 64;
    bytes[52] = 64;
    bytes[54] = 56;
    bytes[56] = 1;
    // PT_INTERP behind the headers.
    bytes[64] = 3;
    bytes[72] = 120;
    bytes[96] = u8::try_from(loader.len() + 1).unwrap();
    bytes.extend_from_slice(loader.as_bytes());
    bytes.push(0);
    bytes
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn base() -> Layer {
    Layer::new()
        .file("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:10:10::/:\n")
        .file("etc/group", "root:x:0:\napp:x:10:\n")
        .symlink("bin", "usr/bin")
        .mode("usr/bin/sh", program(62, "/lib64/ld.so"), 0o755)
        .mode("usr/bin/env", program(62, "/lib64/ld.so"), 0o755)
        .mode("usr/bin/tini", program(62, "/lib64/ld.so"), 0o755)
        .symlink("lib64", "usr/lib64")
        .mode("usr/lib64/ld.so", "loader", 0o755)
}

/// What is wrong with what an image starts.
fn problems(layer: Layer, config: ImageConfig) -> Vec<StartupProblem> {
    let outcome = look_with(vec![base(), layer], config);
    let startup = outcome.inventory.startup;
    startup.into_iter().flat_map(|file| file.problems).collect()
}

fn starts(layer: Layer, entrypoint: &str) -> Vec<StartupProblem> {
    problems(
        layer,
        ImageConfig {
            entrypoint: Some(words(entrypoint)),
            working_dir: "/srv".to_owned(),
            user: "app".to_owned(),
            volumes: vec!["/data".to_owned()],
            platform: plimsoll_model::Platform::parse("linux/amd64"),
            ..ImageConfig::default()
        },
    )
}

#[test]
fn what_starts_is_told_nothing_of() {
    let run = || Layer::new().mode("srv/run", "#!/bin/sh\necho\n", 0o755);
    for entrypoint in [
        "/srv/run",
        "./run",
        "run/../run",
        "sh /srv/run",
        // Only the container knows.
        "/data/run",
        "/proc/self/exe",
    ] {
        assert_eq!(starts(run(), entrypoint), [], "{entrypoint}");
    }
    assert_eq!(problems(run(), ImageConfig::default()), []);
    let relative = || {
        Layer::new()
            .mode("srv/run", "#!bin/sh\n", 0o755)
            .mode("opt/bin/sh", program(62, "/lib64/ld.so"), 0o755)
            .mode("opt/rel", "#!/bin/sh\n", 0o755)
    };
    assert_eq!(starts(relative(), "env -C /opt ./rel"), []);
    assert_eq!(starts(relative(), "env -C /opt /srv/run"), []);
    // A shell runs what has no first line of its own, and so does `execvp`.
    for entrypoint in [
        "tini -- /srv/run",
        "/bin/sh -c /srv/run",
        "sh -c exec\t/srv/run",
    ] {
        let run = Layer::new().mode("srv/run", "echo\n", 0o755);
        assert_eq!(starts(run, entrypoint), [], "{entrypoint}");
    }
    for first in [
        "#!/bin/env -S sh -e\n",
        "#!/bin/env -iS node\n",
        "#!/bin/env -S PATH=/x node\n",
        "#!/bin/env A=b node\n",
    ] {
        let run = Layer::new().mode("srv/run", first, 0o755);
        assert_eq!(starts(run, "/srv/run"), [], "{first}");
    }
}

#[test]
fn what_does_not_start_is_told_why() {
    let interpreter = |interpreter: &str, carriage_return| StartupProblem::MissingInterpreter {
        interpreter: interpreter.to_owned(),
        is_relative: interpreter == "sh" || interpreter.contains("run/"),
        carriage_return,
    };
    let denied = |path: &str| StartupProblem::Denied {
        user: "app".to_owned(),
        path: path.to_owned(),
    };
    let run = |content: &[u8], mode| Layer::new().mode("srv/run", content, mode);
    let cases = [
        (run(b"", 0o755), "/srv/gone", StartupProblem::Missing),
        (run(b"", 0o755), "gone", StartupProblem::Missing),
        (run(b"", 0o644), "/srv/run", StartupProblem::NotExecutable),
        (
            run(b"#!/bin/bash\n", 0o755),
            "/srv/run",
            interpreter("/bin/bash", false),
        ),
        (run(b"#!sh\n", 0o755), "/srv/run", interpreter("sh", false)),
        (
            run(b"#!./run/x\n", 0o755),
            "/srv/run",
            interpreter("./run/x", false),
        ),
        (
            run(b"#!/bin/sh\nset -e\ngone --port 80\n", 0o755),
            "/srv/run",
            StartupProblem::Missing,
        ),
        (
            run(b"", 0o755).mode("opt/run", "#!/bin/sh\n", 0o755),
            "env --chdir=/opt ./gone",
            StartupProblem::Missing,
        ),
        (
            run(b"#!/bin/sh\r\n", 0o755),
            "/srv/run",
            interpreter("/bin/sh", true),
        ),
        (
            run(&program(62, "/lib/ld-musl-x86_64.so.1"), 0o755),
            "/srv/run",
            interpreter("/lib/ld-musl-x86_64.so.1", false),
        ),
        (
            run(&program(183, "/lib64/ld.so"), 0o755),
            "/srv/run",
            StartupProblem::WrongArchitecture {
                machine: "arm64".to_owned(),
                platform: "linux/amd64".to_owned(),
            },
        ),
        (
            run(b"\xcf\xfa\xed\xfe\x0c\0\0\x01", 0o755),
            "tini /srv/run",
            StartupProblem::WrongArchitecture {
                machine: "macOS on arm64".to_owned(),
                platform: "linux/amd64".to_owned(),
            },
        ),
        (
            run(b"set -e\n", 0o755),
            "/srv/run",
            StartupProblem::NoFormat {
                because: NoFormat::NoShebang,
            },
        ),
        (
            run(b"", 0o755),
            "/srv/run",
            StartupProblem::NoFormat {
                because: NoFormat::Empty,
            },
        ),
        (
            run(b"#!/bin/env -S A=b node --x\n", 0o755),
            "/srv/run",
            interpreter("node", false),
        ),
        (
            run(b"#!/bin/env node --x\n", 0o755),
            "/srv/run",
            interpreter("node --x", false),
        ),
        (
            run(b"#!/bin/sh\n", 0o700),
            "/srv/run",
            StartupProblem::Denied {
                user: "app".to_owned(),
                path: "srv/run".to_owned(),
            },
        ),
        (run(b"#!/bin/sh\n", 0o711), "/srv/run", denied("srv/run")),
        (run(b"", 0o600), "sh /srv/run", denied("srv/run")),
        (run(b"", 0o644), "sh /srv/gone.sh", StartupProblem::Missing),
    ];
    for (layer, entrypoint, problem) in cases {
        assert_eq!(starts(layer, entrypoint), [problem], "{entrypoint}");
    }
}

/// The interpreter of a virtual environment in the home of another user is a link to one that all may
/// run.
#[test]
fn a_link_in_a_folder_that_the_user_may_not_enter_leads_nowhere() {
    let denied = StartupProblem::Denied {
        user: "app".to_owned(),
        path: "root".to_owned(),
    };
    let layer = || {
        Layer::new()
            .folder("root", 0o700)
            .symlink("root/venv/bin/python", "/usr/bin/python3")
            .mode("usr/bin/python3", program(62, "/lib64/ld.so"), 0o755)
            .mode("srv/run", "#!/root/venv/bin/python\n", 0o755)
            .symlink("opt/out", "/root/../usr/bin/python3")
            .symlink("opt/app", "/usr/bin/python3")
    };
    let wrong = std::slice::from_ref(&denied);
    for (entrypoint, expected) in [
        ("/root/venv/bin/python -V", wrong),
        ("/root/../usr/bin/python3 -V", wrong),
        ("/opt/out -V", wrong),
        ("/srv/run", wrong),
        ("sh /root/venv/bin/python", wrong),
        ("/opt/app -V", &[]),
    ] {
        assert_eq!(starts(layer(), entrypoint), expected, "{entrypoint}");
    }
    // Who looks for it goes on where he may not look.
    let searched = |also: Layer, path: &str, user: &str| {
        problems(
            also,
            ImageConfig {
                entrypoint: Some(words("python -V")),
                env: vec![format!("PATH={path}")],
                user: user.to_owned(),
                ..ImageConfig::default()
            },
        )
    };
    let path = "/root/venv/bin:/usr/bin";
    assert_eq!(searched(layer(), path, "app"), wrong);
    assert_eq!(searched(layer(), path, ""), []);
    let other = || layer().symlink("usr/bin/python", "python3");
    assert_eq!(searched(other(), path, "app"), []);
}

#[test]
fn what_an_entry_point_runs_in_the_end_is_followed() {
    let run = |body: &str, cmd: &str| {
        let layer = Layer::new()
            .mode("srv/entry", format!("#!/bin/sh\nset -u\n{body}"), 0o755)
            .mode("srv/app", "#!/bin/bash\n", 0o755)
            .mode("srv/secret", "#!/bin/sh\n", 0o700)
            .file("srv/a.js", "");
        let config = ImageConfig {
            entrypoint: Some(words("/srv/entry")),
            cmd: Some(words(cmd)),
            user: "app".to_owned(),
            ..ImageConfig::default()
        };
        let outcome = look_with(vec![base(), layer], config);
        let files = outcome.inventory.startup.into_iter();
        let problems: Vec<_> = files
            .flat_map(|file| file.problems.into_iter().map(move |one| (file.role, one)))
            .collect();
        let skipped = outcome.skipped.into_iter();
        let unclear: Vec<_> = skipped
            .filter(|one| one.why.contains("what runs was not looked at"))
            .map(|one| (one.what, one.why))
            .collect();
        (problems, unclear)
    };
    let missing = vec![(StartupRole::Cmd, StartupProblem::Missing)];
    assert_eq!(run("exec \"$@\"\n", "/srv/gone -x"), (missing, vec![]));
    let (problems, _) = run("exec \"$@\"\n", "/srv/app");
    assert!(matches!(
        problems.as_slice(),
        [(StartupRole::Cmd, StartupProblem::MissingInterpreter { .. })]
    ));
    let (problems, _) = run("exec \"$@\"\n", "/srv/secret");
    assert!(matches!(
        problems.as_slice(),
        [(_, StartupProblem::Denied { .. })]
    ));
    // What only the container knows is said not to be known.
    for body in ["npm install\nexec \"$@\"\n", "shift\nexec \"$@\"\n"] {
        let (problems, unclear) = run(body, "gone");
        assert_eq!(problems, [], "{body}");
        assert_eq!(unclear.len(), 1, "{body}");
        assert_eq!(unclear[0].0, "gone");
        assert!(unclear[0].1.contains("line 3"), "{}", unclear[0].1);
    }
    for (body, cmd) in [
        ("npm install\nexec \"$@\"\n", "sh"),
        (
            "[ -x \"$1\" ] || set -- sh \"$@\"\nexec \"$@\"\n",
            "/srv/a.js",
        ),
        ("exec sh /srv/a.js \"$@\"\n", "gone"),
        ("cd /srv && exec sh a.js\n", ""),
        ("cd /srv\nexec sh ./a.js\n", ""),
        ("exec sudo -u root /srv/secret\n", ""),
        ("exec \"$SERVER\"\n", ""),
    ] {
        let (problems, unclear) = run(body, cmd);
        let of_sudo = [(StartupRole::Entrypoint, StartupProblem::Missing)];
        let expected = if body.contains("sudo") {
            &of_sudo[..]
        } else {
            &[]
        };
        assert_eq!((problems.as_slice(), unclear), (expected, vec![]), "{body}");
    }
    // What stands in the script is the script's, and what it is given is the `CMD`'s.
    for (body, cmd, role) in [
        ("exec gosu app \"$@\"\n", "/bin/sh", StartupRole::Entrypoint),
        ("exec tini -- \"$@\"\n", "/srv/gone", StartupRole::Cmd),
        (
            "exec sh /srv/gone.js \"$@\"\n",
            "x",
            StartupRole::Entrypoint,
        ),
        (
            "exec tini -- \"$@\"\n",
            "tini -- /srv/gone",
            StartupRole::Cmd,
        ),
    ] {
        let missing = vec![(role, StartupProblem::Missing)];
        assert_eq!(run(body, cmd), (missing, vec![]), "{body}");
    }
    let (problems, unclear) = run("npm install\nexec gosu app \"$@\"\n", "/bin/sh");
    assert_eq!(problems, []);
    assert_eq!(unclear[0].0, "gosu");
    assert!(
        unclear[0].1.starts_with("`/srv/entry` starts it"),
        "{}",
        unclear[0].1
    );
    // What it ends in is no less than what it is given.
    let missing = vec![(StartupRole::Entrypoint, StartupProblem::Missing)];
    for body in [
        "exec node server.js\n",
        "exec sh /srv/gone.js\n",
        "cd /tmp\nexec ./a.js\n",
    ] {
        assert_eq!(run(body, ""), (missing.clone(), vec![]), "{body}");
        assert_eq!(run(body, "--port 80"), (missing.clone(), vec![]), "{body}");
    }
    let (problems, _) = run("exec /srv/a.js\n", "");
    assert_eq!(
        problems,
        [(StartupRole::Entrypoint, StartupProblem::NotExecutable)]
    );
    let (problems, unclear) = run("apk add nodejs\nexec node a.js\n", "");
    assert_eq!(problems, []);
    assert_eq!(unclear[0].0, "node");
    assert!(unclear[0].1.contains("ends in it"), "{}", unclear[0].1);
}

/// The script of an entry point that needs `migrate` before it runs the `CMD`.
#[test]
fn a_script_that_ends_on_failure_needs_what_it_runs_first() {
    let missing = |first: &str, entrypoint: &str, layer: Layer, env: &str| {
        let script = format!("{first}\nid\nmigrate\nexec \"$@\"\n");
        let layer = layer.mode("srv/start", script.as_str(), 0o755).mode(
            "usr/bin/id",
            program(62, "/lib64/ld.so"),
            0o755,
        );
        let config = ImageConfig {
            entrypoint: Some(words(entrypoint)),
            cmd: Some(words("tini")),
            env: vec!["PATH=/usr/bin:/data".to_owned(), env.to_owned()],
            ..ImageConfig::default()
        };
        let outcome = look_with(vec![base(), layer], config);
        let files = outcome.inventory.startup.into_iter();
        let missing = files.filter(|file| file.problems == [StartupProblem::Missing]);
        let missing: Vec<_> = missing.map(|file| (file.word, file.script)).collect();
        missing
    };
    let told = vec![("migrate".to_owned(), Some("srv/start".to_owned()))];
    let [explicit, implied, plain] = ["#!/bin/sh\nset -e", "#!/bin/sh -e", "#!/bin/sh"];
    let by_bash = "#!/bin/bash\nset -e";
    let bash = || Layer::new().mode("usr/bin/bash", program(62, "/lib64/ld.so"), 0o755);
    let there = || Layer::new().mode("usr/bin/migrate", program(62, "/lib64/ld.so"), 0o755);
    for (first, entrypoint, layer, env, expected) in [
        (explicit, "/srv/start", Layer::new(), "", &told),
        (implied, "/srv/start", Layer::new(), "", &told),
        (explicit, "sh /srv/start", Layer::new(), "", &told),
        // The kernel does not read the first line then.
        (implied, "sh /srv/start", Layer::new(), "", &vec![]),
        (plain, "/srv/start", Layer::new(), "", &vec![]),
        (explicit, "/srv/start", there(), "", &vec![]),
        // That shell reads nothing first.
        (explicit, "/srv/start", Layer::new(), "BASH_ENV=/x", &told),
        (by_bash, "/srv/start", bash(), "", &told),
        (by_bash, "/srv/start", bash(), "BASH_ENV=/x", &vec![]),
        // BusyBox may know it.
        (
            explicit,
            "/srv/start",
            Layer::new().symlink("usr/bin/sh", "busybox").mode(
                "usr/bin/busybox",
                program(62, "/lib64/ld.so"),
                0o755,
            ),
            "",
            &vec![],
        ),
    ] {
        let found = missing(first, entrypoint, layer, env);
        assert_eq!(found, *expected, "{first} {entrypoint} {env}");
    }
}

/// Where a script fails a shell goes on behind `||`.
#[test]
fn a_script_that_another_program_stands_in_for_needs_nothing() {
    let problems = |text: &str, body: &str| {
        let layer = Layer::new()
            .mode("srv/start", format!("#!/bin/sh\nset -e\n{body}"), 0o755)
            .mode("usr/bin/app", program(62, "/lib64/ld.so"), 0o755);
        let entrypoint = ["sh", "-c", text].map(str::to_owned);
        problems(
            layer,
            ImageConfig {
                entrypoint: Some(entrypoint.to_vec()),
                ..ImageConfig::default()
            },
        )
        .len()
    };
    for (text, body, expected) in [
        ("/srv/start || exec app", "migrate\nexec app\n", 0),
        ("/srv/start || exec app", "exec gone\n", 0),
        ("sh /srv/start || app", "exec gone\n", 0),
        ("sh /srv/gone || app", "", 0),
        ("/srv/start || exec app", "exec app\n", 0),
        ("/srv/start || exec other", "migrate\nexec app\n", 2),
        ("/srv/start || exec other", "exec app\n", 0),
        ("sh /srv/gone || other", "", 2),
        ("/srv/start || exit 1", "migrate\nexec app\n", 1),
        ("/srv/start", "exec gone\n", 1),
    ] {
        assert_eq!(problems(text, body), expected, "{text} {body}");
    }
}

/// The programs of which it is not known whether they are what runs, and how many are missing.
fn unclear(layer: Layer, config: ImageConfig) -> (Vec<String>, usize) {
    let outcome = look_with(vec![base(), layer], config);
    let unclear = outcome.skipped.into_iter();
    let unclear = unclear.filter(|gap| gap.why.contains("what runs was not looked at"));
    let files = outcome.inventory.startup.iter();
    let wrong = files.filter(|file| !file.problems.is_empty());
    let wrong = wrong.count();
    (unclear.map(|gap| gap.what).collect(), wrong)
}

#[test]
fn what_was_not_looked_at_is_told_where_another_program_stands_in() {
    let told = |text: &str, body: &str| {
        let long = format!("#!/bin/sh\n#{}\n/srv/gone\n", "#".repeat(70 << 10));
        let layer = Layer::new()
            .mode("srv/start", format!("#!/bin/sh\n{body}"), 0o755)
            .mode("srv/long.sh", long, 0o755)
            .mode("usr/bin/app", program(62, "/lib64/ld.so"), 0o755);
        let entrypoint = ["sh", "-c", text].map(str::to_owned);
        unclear(
            layer,
            ImageConfig {
                entrypoint: Some(entrypoint.to_vec()),
                ..ImageConfig::default()
            },
        )
    };
    let long = (vec!["srv/long.sh".to_owned()], 0);
    let gone = (vec!["gone".to_owned()], 0);
    for text in ["/srv/start || exec app", "/srv/start || exec other"] {
        assert_eq!(told(text, "exec /srv/long.sh\n"), long, "{text}");
        assert_eq!(told(text, "apk add gone\nexec gone\n"), gone, "{text}");
    }
    assert_eq!(told("/srv/long.sh || exec app", ""), long);
    assert_eq!(told("/srv/start || exec app", "exec gone\n"), (vec![], 0));
    assert_eq!(told("/srv/start || exec app", "exec app\n"), (vec![], 0));
}

/// A file that bash reads before all else may set where programs and libraries lie.
#[test]
fn what_a_shell_reads_first_may_bring_a_program() {
    const FUNCTION: &str = "BASH_FUNC_node%%=() { x; }";
    let told = |shell: &str, set: &str, entrypoint: &[&str], cmd: &str| {
        let layer = Layer::new()
            .mode("srv/start", "#!/bin/sh\nexec node x\n", 0o755)
            .mode("srv/start-bash", "#!/bin/bash\nexec node x\n", 0o755)
            .mode("srv/by-sh", "#!/bin/bash\nexec /srv/start\n", 0o755)
            .mode("srv/given", "#!/usr/bin/env bash\nexec \"$@\"\n", 0o755)
            .mode("srv/by-env", "#!/usr/bin/env node\n", 0o755)
            .mode("usr/bin/bash", program(62, "/lib64/ld.so"), 0o755);
        let layer = match shell {
            "" => layer,
            shell => layer.symlink("usr/bin/sh", shell),
        };
        let entrypoint = entrypoint.iter().map(|word| (*word).to_owned());
        unclear(
            layer,
            ImageConfig {
                entrypoint: Some(entrypoint.collect()),
                cmd: (!cmd.is_empty()).then(|| words(cmd)),
                env: vec!["PATH=/usr/bin".to_owned(), set.to_owned()],
                ..ImageConfig::default()
            },
        )
    };
    for (entrypoint, cmd, what) in [
        (&["/srv/start-bash"][..], "", "node"),
        (&["/srv/given"], "node x", "node"),
        (&["bash", "-c", "node x"], "", "node"),
        (&["/bin/bash", "-c", "exec tini node x"], "", "node"),
        (&["tini", "--", "bash", "-c", "node x"], "", "node"),
        (&["bash", "-c", "node x || exec nodejs x"], "", "node"),
        (&["bash", "-c", "/srv/by-env"], "", "/srv/by-env"),
        (&["bash", "-c", "sh -c 'node x'"], "", "node"),
        (&["bash", "/srv/start"], "", "node"),
        // What it sets reaches the shells behind it.
        (&["/srv/by-sh"], "", "node"),
    ] {
        for set in ["BASH_ENV=/etc/profile", FUNCTION] {
            let (unclear, wrong) = told("", set, entrypoint, cmd);
            assert_eq!(
                (unclear, wrong),
                (vec![what.to_owned()], 0),
                "{entrypoint:?} {set}"
            );
        }
        for set in ["BASH_ENV=", "ENV=production", "BASH_SILENCE=1"] {
            let (unclear, wrong) = told("", set, entrypoint, cmd);
            assert!(unclear.is_empty() && wrong > 0, "{entrypoint:?} {set}");
        }
    }
    // As `sh` it takes functions alone, and another shell takes nothing.
    for entrypoint in [&["sh", "-c", "node x"][..], &["/srv/start"]] {
        for (shell, set, doubted) in [
            ("", "BASH_ENV=/x", false),
            ("", FUNCTION, false),
            ("bash", "BASH_ENV=/x", false),
            ("bash", FUNCTION, true),
        ] {
            let (unclear, wrong) = told(shell, set, entrypoint, "");
            assert_eq!(
                (unclear.len(), wrong),
                (doubted.into(), (!doubted).into()),
                "{entrypoint:?} {shell} {set}"
            );
        }
    }
    // No shell has a part in it.
    for entrypoint in [&["node", "x"][..], &["tini", "node"], &["/srv/by-env"]] {
        let (unclear, wrong) = told("", "BASH_ENV=/x", entrypoint, "");
        assert_eq!((unclear, wrong), (vec![], 1), "{entrypoint:?}");
    }
    let sound = told("", "BASH_ENV=/x", &["bash", "-c", "env"], "");
    assert_eq!(sound, (vec![], 0));
}

#[test]
fn a_working_directory_is_no_file() {
    let blocked = |working_dir: &str, volume: &str| {
        let layer = Layer::new()
            .mode("srv/app", "x", 0o755)
            .file("srv/folder/a", "x")
            .symlink("srv/link", "app")
            .symlink("srv/to", "folder")
            .symlink("srv/gone", "/nowhere")
            .symlink("srv/mounted", "/run/x");
        let config = ImageConfig {
            working_dir: working_dir.to_owned(),
            volumes: vec![volume.to_owned()],
            ..ImageConfig::default()
        };
        let inventory = look_with(vec![base(), layer], config).inventory;
        let file = inventory.workdir_blockage;
        file.map(|file| (file.path, file.layer))
    };
    let app = Some(("srv/app".to_owned(), 1));
    for folder in [
        "/srv/app",
        "/srv/app/",
        "/srv/app/x/y",
        "/srv/link",
        "/srv/link/x",
    ] {
        assert_eq!(blocked(folder, "/data"), app, "{folder}");
    }
    let passwd = Some(("etc/passwd".to_owned(), 0));
    assert_eq!(blocked("/etc/passwd", "/data"), passwd);
    for folder in [
        "",
        "/",
        "srv/app",
        "/srv",
        "/srv/folder",
        "/srv/to",
        "/srv/to/new",
        "/srv/new/app",
        "/srv/gone",
        "/srv/gone/x",
        "/srv/mounted/x",
        "/srv/app/../folder",
        "/run/x",
    ] {
        assert_eq!(blocked(folder, "/data"), None, "{folder}");
    }
    assert_eq!(blocked("/srv/app", "/srv/app"), None);
}

#[test]
fn a_health_check_is_looked_at_like_what_it_checks() {
    let check = |test: &str| {
        problems(
            Layer::new(),
            ImageConfig {
                healthcheck: Some(HealthCheck {
                    test: test.splitn(2, ' ').map(str::to_owned).collect(),
                    ..HealthCheck::default()
                }),
                ..ImageConfig::default()
            },
        )
    };
    assert_eq!(
        check("CMD-SHELL curl -f http://localhost/ || exit 1"),
        [StartupProblem::Missing]
    );
    assert_eq!(check("CMD-SHELL curl -f x || true"), []);
    assert_eq!(check("CMD-SHELL curl x || sh -c x"), []);
    assert_eq!(
        check("CMD-SHELL curl x || python3 x || exit 1"),
        [StartupProblem::Missing, StartupProblem::Missing]
    );
    assert_eq!(check("CMD curl"), [StartupProblem::Missing]);
    assert_eq!(check("NONE"), []);
}

#[test]
fn open_places_and_login_servers_are_notable() {
    let outcome = look_with(
        vec![
            Layer::new()
                .mode("srv/open", "x", 0o666)
                .mode("tmp/open", "x", 0o666)
                .mode("usr/sbin/sshd", "x", 0o755)
                .mode("etc/ssh/ssh_host_rsa_key", "x", 0o600)
                .mode("etc/ssh/ssh_host_rsa_key.pub", "x", 0o644),
        ],
        ImageConfig::default(),
    );
    let notable: Vec<(NotableKind, String)> = outcome
        .inventory
        .notable
        .into_iter()
        .map(|file| (file.kind, file.path))
        .collect();
    assert_eq!(
        notable,
        [
            (NotableKind::HostKey, "etc/ssh/ssh_host_rsa_key".to_owned()),
            (NotableKind::WorldWritable, "srv/open".to_owned()),
            (NotableKind::LoginServer, "usr/sbin/sshd".to_owned()),
        ]
    );
}

#[test]
fn a_credential_that_slipped_into_a_command_is_not_told() {
    let token = format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
    let config = ImageConfig {
        entrypoint: Some(vec![token.clone(), "serve".to_owned()]),
        ..ImageConfig::default()
    };
    let inventory = look_with(vec![base()], config).inventory;
    assert_eq!(inventory.startup.len(), 1);
    assert!(!format!("{:?}", inventory.startup).contains(&token[4..]));
    assert!(!inventory.secrets.is_empty());
}

#[test]
fn a_credential_in_what_a_script_does_is_not_told_in_part() {
    let token = format!("gh{}_{}", "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
    for line in [
        format!("#!/bin/sh\n. /opt/app/{token}/env\n"),
        format!("#!/bin/sh\n/opt/app/{token}/install\n"),
        format!("#!/opt/app/{token}/with bash\n"),
        format!("#!/usr/bin/env -S TOKEN={token} PATH=/x bash\n"),
    ] {
        let layer = Layer::new().mode("srv/start", format!("{line}exec gone\n"), 0o755);
        let config = ImageConfig {
            entrypoint: Some(words("/srv/start")),
            ..ImageConfig::default()
        };
        let outcome = look_with(vec![base(), layer], config);
        let gaps = outcome.skipped.iter();
        let told = gaps.filter(|gap| gap.why.contains("what runs was not looked at"));
        let told: Vec<&str> = told.map(|gap| gap.why.as_str()).collect();
        let is_proven = line.contains("/with bash");
        assert_eq!(told.len(), usize::from(!is_proven), "{line}");
        let all = format!("{:?} {:?}", outcome.inventory.startup, outcome.skipped);
        assert!(!all.contains(&token[..12]), "{all}");
    }
}

#[test]
fn a_start_script_that_is_left_unread_is_told() {
    let told = |entrypoint: &str, remarks: usize| {
        let body = format!("#!/bin/sh\n#{}\n/srv/gone\n", "#".repeat(remarks));
        let layer = Layer::new().mode("srv/start.sh", body, 0o644);
        let config = ImageConfig {
            entrypoint: Some(words(entrypoint)),
            ..ImageConfig::default()
        };
        let outcome = look_with(vec![base(), layer], config);
        let problems = outcome.inventory.startup.iter();
        let missing = problems.filter(|file| file.problems.contains(&StartupProblem::Missing));
        let unclear = outcome.skipped.iter();
        let unclear = unclear.filter(|gap| gap.why.contains("what runs was not looked at"));
        let unclear: Vec<&str> = unclear.map(|gap| gap.what.as_str()).collect();
        (missing.count(), unclear.join(" "))
    };
    // Nobody may execute it, and a shell reads it all the same.
    assert_eq!(told("sh /srv/start.sh", 10), (1, String::new()));
    assert_eq!(
        told("sh /srv/start.sh", 30 << 10),
        (0, "srv/start.sh".to_owned())
    );
    assert_eq!(told("sh -c true", 30 << 10), (0, String::new()));
}

#[test]
fn a_credential_is_shown_of_nothing_that_the_configuration_names() {
    let password = format!("Xk9vQ2mZ{}rT4wLp", 7);
    let config = ImageConfig {
        env: vec![
            format!("DB_PASSWORD={password}"),
            format!("TZ=Area/{password}"),
        ],
        user: password.clone(),
        entrypoint: Some(words(&format!("/opt/{password}/node /srv/gone.js"))),
        cmd: Some(vec!["x".to_owned()]),
        ..ImageConfig::default()
    };
    let layer = Layer::new()
        .file("etc/passwd", format!("{password}:x:10:10::/:\n").as_str())
        .mode(
            &format!("opt/{password}/node"),
            program(62, "/lib64/ld.so"),
            0o700,
        );
    let outcome = look_with(vec![base(), layer], config);
    let inventory = outcome.inventory;
    let zone = inventory.missing_time_zone.unwrap();
    assert!(zone.starts_with("Area/[secret-value "), "{zone}");
    assert!(outcome.config.user.starts_with("[secret-value "));
    let mut denied = 0;
    for file in inventory.startup {
        assert!(!file.word.contains(&password), "{file:?}");
        let interpreter = file.given_to.unwrap_or_default();
        assert!(!interpreter.contains(&password), "{interpreter}");
        for problem in file.problems {
            if let StartupProblem::Denied { user, .. } = problem {
                assert!(user.starts_with("[secret-value "), "{user}");
                denied += 1;
            }
        }
    }
    assert_eq!(denied, 1);
}

/// A link that was copied without what it leads to is there, whatever else is not.
#[test]
fn a_link_that_leads_nowhere_is_told_as_that() {
    for (entrypoint, link) in [
        ("npm start", "usr/bin/npm"),
        ("/bin/npm", "usr/bin/npm"),
        ("sh /opt/current/run.sh", "opt/current"),
        ("/opt/circle", "opt/circle"),
    ] {
        let layer = Layer::new()
            .symlink("usr/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js")
            .symlink("opt/current", "v1")
            .symlink("opt/circle", "circle");
        let problems = starts(layer, entrypoint);
        match problems.as_slice() {
            [StartupProblem::Dangling { link: found, .. }] => assert_eq!(found, link),
            other => panic!("{entrypoint}: {other:?}"),
        }
    }
    // What may be filled when it runs, and what no link is in the place of.
    let layer = || {
        Layer::new()
            .symlink("srv/a", "/data/a")
            .symlink("b", "/srv/gone")
    };
    assert_eq!(starts(layer(), "/srv/a"), []);
    assert_eq!(starts(layer(), "/srv/gone"), [StartupProblem::Missing]);
}
