//! What stands between an image's configuration and its program: users, environments, variables,
//! supervisors.

use plimsoll_model::{ImageConfig, StartupProblem, Topic};

use super::{base, problems, program, words};
use crate::image::{Layer, look_with};

/// What is mounted for a container to read lies in folders that are not in its image, or are called for it.
#[test]
fn files_that_a_shell_reads_may_be_mounted() {
    let reads = |file: &str| {
        let layer = Layer::new()
            .mode(
                "start.sh",
                format!("#!/bin/sh\n. {file}\nexec true\n"),
                0o755,
            )
            .mode("usr/bin/true", program(62, "/lib64/ld.so"), 0o755)
            .file("opt/other", "")
            .file("config/other", "");
        let config = ImageConfig {
            entrypoint: Some(words("/start.sh")),
            env: vec!["PATH=/usr/bin".to_owned()],
            ..ImageConfig::default()
        };
        problems(layer, config)
    };
    for file in ["/opt/env.sh", "/env.sh"] {
        assert_eq!(reads(file), [StartupProblem::Missing], "{file}");
    }
    for file in [
        "/opt/other",
        "/opt/app/env.sh",
        "/vault/secrets/config",
        "/config/env.sh",
    ] {
        assert_eq!(reads(file), [], "{file}");
    }
}

/// An entry script that may bring what a supervisor's configuration names makes nothing of the supervisor.
#[test]
fn what_a_supervisor_behind_a_script_cannot_start_is_named_itself() {
    let conf = "[supervisord]\n[program:a]\ncommand=/app/run\n[program:b]\ncommand=/app/gone\n";
    let layer = Layer::new()
        .mode("usr/bin/supervisord", program(62, "/lib64/ld.so"), 0o755)
        .mode("usr/bin/airflow", program(62, "/lib64/ld.so"), 0o755)
        .mode("app/run", program(62, "/lib64/ld.so"), 0o755)
        .mode(
            "entry.sh",
            "#!/bin/sh\nairflow db migrate\nexec \"$@\"\n",
            0o755,
        )
        .file("etc/supervisord.conf", conf);
    let config = ImageConfig {
        entrypoint: Some(words("/entry.sh")),
        cmd: Some(words("supervisord -n")),
        env: vec!["PATH=/usr/bin:/bin".to_owned()],
        ..ImageConfig::default()
    };
    let outcome = look_with(vec![base(), layer], config);
    let gaps = outcome.skipped.iter();
    let gaps: Vec<(&str, &str)> = gaps
        .filter(|gap| gap.about == Topic::Startup)
        .map(|gap| (gap.what.as_str(), gap.why.as_str()))
        .collect();
    let [(what, why)] = gaps.as_slice() else {
        panic!("{gaps:?}");
    };
    assert_eq!(*what, "/app/gone");
    assert!(
        why.starts_with("`/etc/supervisord.conf` starts it"),
        "{why}"
    );
    assert!(why.contains("`/entry.sh` may bring it"), "{why}");
}

/// A program that keeps others running starts those of its configuration.
#[test]
fn what_supervisors_start_is_looked_at() {
    let conf = |programs: &str| format!("[supervisord]\nnodaemon=true\n{programs}");
    let include = "[include]\nfiles = conf.d/*.conf\n";
    let layer = |main: &str, other: &str| {
        Layer::new()
            .mode("usr/bin/supervisord", program(62, "/lib64/ld.so"), 0o755)
            .mode("usr/bin/s6-svscan", program(62, "/lib64/ld.so"), 0o755)
            .mode("app/run", program(62, "/lib64/ld.so"), 0o755)
            .file("etc/supervisor/supervisord.conf", conf(main))
            .file("etc/supervisor/conf.d/a.conf", other)
    };
    let told = |layer: Layer, cmd: &str| {
        let config = ImageConfig {
            cmd: Some(words(cmd)),
            env: vec!["PATH=/usr/bin".to_owned()],
            ..ImageConfig::default()
        };
        let outcome = look_with(vec![base(), layer], config);
        let startup = outcome.inventory.startup.into_iter();
        let problems: Vec<_> = startup
            .flat_map(|file| {
                let (word, script) = (file.word, file.script);
                file.problems
                    .into_iter()
                    .map(move |it| (word.clone(), script.clone(), it))
            })
            .collect();
        problems
    };
    let missing = |word: &str, script: Option<&str>| {
        let script = script.map(str::to_owned);
        vec![(word.to_owned(), script, StartupProblem::Missing)]
    };
    let (main, other) = (
        "etc/supervisor/supervisord.conf",
        "etc/supervisor/conf.d/a.conf",
    );
    assert_eq!(
        told(layer("", ""), "supervisord -n -c /etc/gone.conf"),
        missing("/etc/gone.conf", None)
    );
    for cmd in [
        "supervisord",
        "supervisord -n",
        "supervisord -nc /etc/supervisor/supervisord.conf",
        "tini -- supervisord --configuration=/etc/supervisor/supervisord.conf",
    ] {
        let gone = "[program:a]\ncommand=/app/gone -x\n";
        assert_eq!(
            told(layer(gone, ""), cmd),
            missing("/app/gone", Some(main)),
            "{cmd}"
        );
        assert_eq!(
            told(layer(include, gone), cmd),
            missing("/app/gone", Some(other)),
            "{cmd}"
        );
        assert_eq!(told(layer("", gone), cmd), [], "{cmd}");
    }
    let unknown = StartupProblem::UnknownAccount {
        name: "web".to_owned(),
        is_group: false,
    };
    assert_eq!(
        told(
            layer(include, "[program:a]\ncommand=/app/run\nuser=web\n"),
            "supervisord"
        ),
        [(format!("/{other}"), None, unknown)]
    );
    for fine in [
        "[program:a]\ncommand=/app/run\nuser=app\n",
        "[program:a]\ncommand=/app/gone\nautostart=false\n",
        "[program:a]\ncommand=%(ENV_APP)s\n",
        "[program:a]\ncommand=gone\nenvironment=PATH=\"/opt\"\n",
        "[program:a]\ncommand=bash -c \"gone\"\nautostart=no\n",
    ] {
        assert_eq!(told(layer(fine, ""), "supervisord"), [], "{fine}");
    }
    // To supervisord all of its files are one.
    let gone = "[program:a]\ncommand=/app/gone\n";
    let merged = format!("{include}{gone}");
    assert_eq!(
        told(
            layer(&merged, "[program:b]\ncommand=/app/run\n"),
            "supervisord"
        ),
        missing("/app/gone", Some(main))
    );
    for other in [
        "[program:a]\ncommand=/app/run\n",
        "[program:a]\nautostart=false\n",
        "[supervisord]\nenvironment=PATH=\"/opt\"\n",
    ] {
        assert_eq!(told(layer(&merged, other), "supervisord"), [], "{other}");
    }
    let elsewhere = format!("environment=PATH=\"/opt\"\n{include}");
    let bare = "[program:a]\ncommand=gone\n";
    assert_eq!(told(layer(&elsewhere, bare), "supervisord"), []);
    let here = "[include]\nfiles = %(here)s/conf.d/*.conf\n";
    assert_eq!(
        told(layer(here, gone), "supervisord"),
        missing("/app/gone", Some(other))
    );
    // It looks beside its own folder first.
    let beside = layer(gone, "").file("usr/etc/supervisord.conf", conf(""));
    assert_eq!(told(beside, "supervisord"), []);
    let services = layer("", "")
        .mode("srv/a/run", "#!/bin/sh\nexec /app/gone\n", 0o755)
        .mode("srv/b/run", "#!/bin/sh\nexec /app/run\n", 0o755)
        .file("srv/c/run", "#!/bin/sh\n")
        .mode("srv/d/run", "#!/bin/sh\nexec /app/gone\n", 0o755)
        .file("srv/d/down", "")
        .file("srv/.s6-svscan/run", "");
    let found = told(services, "s6-svscan /srv");
    assert_eq!(
        found,
        [
            (
                "/app/gone".to_owned(),
                Some("srv/a/run".to_owned()),
                StartupProblem::Missing
            ),
            ("/srv/c/run".to_owned(), None, StartupProblem::NotExecutable),
        ]
    );
    assert_eq!(told(Layer::new(), "s6-svscan /run/service").len(), 1);
}

#[test]
fn what_is_at_fault_lies_in_its_own_layer() {
    let python = || program(62, "/lib64/ld.so");
    let fault = |layers: Vec<Layer>, entrypoint: &str| {
        let config = ImageConfig {
            entrypoint: Some(words(entrypoint)),
            user: "app".to_owned(),
            ..ImageConfig::default()
        };
        let layers = std::iter::once(base()).chain(layers).collect();
        let mut startup = look_with(layers, config).inventory.startup.into_iter();
        let fault = startup.find_map(|file| file.fault);
        fault.map(|fault| (fault.path, fault.layer))
    };
    let app = || {
        Layer::new()
            .folder("app", 0o755)
            .mode("app/run", python(), 0o755)
    };
    let closed = || Layer::new().folder("app", 0o700);
    let more = || Layer::new().folder("app", 0o700).file("app/more", "");
    let expected = Some(("app".to_owned(), 2));
    assert_eq!(fault(vec![app(), closed()], "/app/run"), expected);
    assert_eq!(fault(vec![app(), closed(), more()], "/app/run"), expected);
    let expected = Some(("app".to_owned(), 4));
    let open = || Layer::new().folder("app", 0o755);
    assert_eq!(
        fault(vec![app(), closed(), open(), closed()], "/app/run"),
        expected
    );
    // A link that leads nowhere, in the place of a program or of an interpreter.
    let venv = || {
        Layer::new()
            .mode("usr/bin/python3", python(), 0o755)
            .symlink("venv/python", "/usr/bin/python3")
            .mode("app/main.py", "#!/venv/python\n", 0o755)
    };
    let broken = || Layer::new().symlink("venv/python", "/usr/bin/python3.99");
    let expected = Some(("venv/python".to_owned(), 2));
    for entrypoint in ["/app/main.py", "/venv/python -V"] {
        assert_eq!(
            fault(vec![venv(), broken()], entrypoint),
            expected,
            "{entrypoint}"
        );
    }
    assert_eq!(fault(vec![venv()], "/gone"), None);
    assert_eq!(fault(vec![app()], "/app/run"), None);
}

/// Programs that start another as somebody look the name up before they start anything.
#[test]
fn whoever_something_is_started_as_is_known_to_the_image() {
    let program = || program(62, "/lib64/ld.so");
    let tools = || {
        ["gosu", "su-exec", "su", "runuser", "setpriv", "chpst"]
            .into_iter()
            .fold(Layer::new(), |layer, name| {
                layer.mode(&format!("usr/bin/{name}"), program(), 0o755)
            })
            .mode("usr/bin/id", program(), 0o755)
    };
    let unknown = |name: &str, is_group| StartupProblem::UnknownAccount {
        name: name.to_owned(),
        is_group,
    };
    let as_root = |layer: Layer, entrypoint: &str| {
        problems(
            layer,
            ImageConfig {
                entrypoint: Some(entrypoint.split('|').map(str::to_owned).collect()),
                env: vec!["PATH=/usr/bin".to_owned()],
                ..ImageConfig::default()
            },
        )
    };
    for entrypoint in [
        "gosu|web|id",
        "su-exec|web:app|id",
        "tini|--|su-exec|web|id",
        "su|web|-s|/bin/sh|-c|id",
        "su|-|web",
        "runuser|-u|web|--|id",
        "setpriv|--reuid=web|--clear-groups|id",
        "chpst|-u|web|id",
        "sh|-c|exec gosu web id",
    ] {
        assert_eq!(
            as_root(tools(), entrypoint),
            [unknown("web", false)],
            "{entrypoint}"
        );
    }
    assert_eq!(as_root(tools(), "gosu|app:web|id"), [unknown("web", true)]);
    for entrypoint in [
        "gosu|app|id",
        "gosu|1000:1000|id",
        "su-exec|app:app|id",
        "chpst|-u|:10:10|id",
        "su|-|app",
        "sh|-c|useradd web; exec gosu web id",
    ] {
        assert_eq!(as_root(tools(), entrypoint), [], "{entrypoint}");
    }
    // A directory service may know it.
    let service = tools().file("usr/lib/x86_64-linux-gnu/libnss_sss.so.2", "");
    assert_eq!(as_root(service, "gosu|web|id"), []);
    let own = tools().file("usr/lib/x86_64-linux-gnu/libnss_files.so.2", "");
    assert_eq!(as_root(own, "gosu|web|id"), [unknown("web", false)]);
    // A script may make it first.
    let script = |body: &str| tools().mode("e.sh", format!("#!/bin/sh\n{body}\n"), 0o755);
    assert_eq!(
        as_root(script("exec gosu web id"), "/e.sh"),
        [unknown("web", false)]
    );
    for body in [
        "useradd web\nexec gosu web id",
        "echo web:x:9:9::/:/bin/sh >> /etc/passwd\nexec gosu web id",
        "exec gosu \"$WEB\" id",
    ] {
        assert_eq!(as_root(script(body), "/e.sh"), [], "{body}");
    }
}

#[test]
fn what_is_started_with_another_environment_is_looked_for_in_it() {
    let layer = || {
        ["stdbuf", "su", "xargs", "runuser"]
            .into_iter()
            .fold(Layer::new(), |layer, name| {
                layer.mode(
                    &format!("usr/bin/{name}"),
                    program(62, "/lib64/ld.so"),
                    0o755,
                )
            })
            .mode("opt/bin/only", "#!/gone\n", 0o755)
            .mode("usr/bin/app", "#!/bin/sh\nset -e\ngone\nexec true\n", 0o755)
    };
    let starts = |entrypoint: &str| {
        problems(
            layer(),
            ImageConfig {
                entrypoint: Some(entrypoint.split('+').map(str::to_owned).collect()),
                env: vec!["PATH=/usr/bin:/opt/bin".to_owned()],
                ..ImageConfig::default()
            },
        )
    };
    for entrypoint in [
        "env+-i+gone",
        "env+-i+only",
        "env+-i+PATH=/bin+only",
        "env+PATH=/bin+only",
        "env+-+/gone",
        "stdbuf+-oL+gone",
        "su+app+-c+gone",
        "su+-c+exec gone+app",
        "runuser+app+-c+/gone",
        "sh+-c+echo a | xargs gone",
        "sh+-c+true && echo a | xargs -n 1 gone",
        "xargs+-a+/x+gone",
    ] {
        assert_eq!(
            starts(entrypoint),
            [StartupProblem::Missing],
            "{entrypoint}"
        );
    }
    for entrypoint in [
        "env+-i+app",
        "env+-i+/opt/bin/only",
        "env+PATH=/opt/bin+only",
        "env+PATH=bin+gone",
        "env+-i+LD_LIBRARY_PATH=/x+gone",
        "su+-+app+-c+gone",
        "su+app+-c+app",
        "sh+-c+echo a | xargs -r gone",
        "sh+-c+echo a | xargs -I gone gone",
        "sh+-c+cd /x | gone",
    ] {
        assert_eq!(starts(entrypoint), [], "{entrypoint}");
    }
}

/// What `CMD` makes of variables that stand in the same configuration.
#[test]
fn variables_of_the_image_are_read() {
    let starts = |text: &str| {
        problems(
            Layer::new()
                .mode("srv/app", "#!/bin/sh\n", 0o755)
                .mode("usr/bin/python3", program(62, "/lib64/ld.so"), 0o755)
                .file("srv/a.py", ""),
            ImageConfig {
                cmd: Some(["/bin/sh", "-c", text].map(str::to_owned).to_vec()),
                env: [
                    "PATH=/usr/bin",
                    "APP=/srv/app",
                    "GONE=/srv/gone",
                    "HOME_OF=/srv",
                    "OPTIONS=",
                    "LINE=python3 -u /srv/gone.py",
                    "GLOB=/srv/*",
                ]
                .map(str::to_owned)
                .to_vec(),
                ..ImageConfig::default()
            },
        )
    };
    for text in [
        "exec $GONE",
        "exec \"${GONE}\" --port 80",
        "$HOME_OF/gone",
        "exec \"$HOME_OF/gone\"",
        "$LINE",
        "exec python3 $OPTIONS $HOME_OF/gone.py",
        "cd /tmp && exec $GONE",
        "exec \"$LINE\"",
    ] {
        assert_eq!(starts(text), [StartupProblem::Missing], "{text}");
    }
    for text in [
        "exec $APP",
        "exec ${HOME_OF}/app",
        "exec python3 $HOME_OF/a.py",
        "exec $UNKNOWN",
        "exec $GLOB",
        "exec ${GONE:-/srv/app}",
        "exec ${GONE%gone}app",
        "GONE=/srv/app; exec $GONE",
        "export GONE=/srv/app && exec $GONE",
        "GONE=/srv/app sh -c 'exec $GONE'",
        "env GONE=/srv/app sh -c 'exec $GONE'",
        ": ${OPTIONS:=/srv/a.py}; exec python3 $OPTIONS /srv/gone.py",
    ] {
        assert_eq!(starts(text), [], "{text}");
    }
}

/// What supervises itself, over and over, ends.
#[test]
fn supervisors_within_each_other_end() {
    let program_of =
        |number: usize| format!("[program:p{number}]\ncommand=supervisord -c /etc/s.conf\n");
    let conf: String = (0..150).map(program_of).collect();
    let layer = Layer::new()
        .mode("usr/bin/supervisord", program(62, "/lib64/ld.so"), 0o755)
        .file("etc/s.conf", conf);
    let config = ImageConfig {
        cmd: Some(words("supervisord -c /etc/s.conf")),
        env: vec!["PATH=/usr/bin".to_owned()],
        ..ImageConfig::default()
    };
    let outcome = look_with(vec![base(), layer], config);
    let told = |text: &str| {
        let skipped = outcome.skipped.iter();
        skipped.filter(|one| one.why.contains(text)).count()
    };
    assert_eq!(told("more services than are looked at"), 1);
    assert_eq!(told("more lies in such folders"), 0);
}

/// Folders that are full, asked for over and over, and patterns that are not read.
#[test]
fn what_supervisors_include_is_bounded() {
    let conf = format!(
        "[include]\nfiles={} /etc/c?.conf\n[program:a]\ncommand=supervisord -c /etc/s.conf\n",
        "/etc/c/*.conf ".repeat(9)
    );
    let layer = Layer::new()
        .mode("usr/bin/supervisord", program(62, "/lib64/ld.so"), 0o755)
        .file("etc/s.conf", conf);
    let layer = (0..8_000).fold(layer, |layer, number| {
        layer.file(&format!("etc/c/{number}.txt"), "")
    });
    let config = ImageConfig {
        cmd: Some(words("supervisord -c /etc/s.conf")),
        env: vec!["PATH=/usr/bin".to_owned()],
        ..ImageConfig::default()
    };
    let outcome = look_with(vec![base(), layer], config);
    let told = |text: &str| {
        let skipped = outcome.skipped.iter();
        skipped.filter(|one| one.why.contains(text)).count()
    };
    assert_eq!(told("more lies in such folders"), 1);
    assert!(told("of this pattern") > 0);
}
