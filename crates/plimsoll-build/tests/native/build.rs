//! Builds and what comes out of them.

use std::io::Read as _;

use plimsoll_build::{BuildError, SecretSource, SecretValue};
use plimsoll_image::LayerLimits;
use plimsoll_model::BuildInput;

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[
    ("build_runs_and_repeats", build_runs_and_repeats),
    ("build_is_reproducible", build_is_reproducible),
    (
        "build_clamps_again_without_running_again",
        build_clamps_again,
    ),
    ("build_shuts_a_step_in", build_shuts_a_step_in),
    ("build_keeps_secrets", build_keeps_secrets),
    ("build_tells_the_failing_step", build_tells_the_failing_step),
    ("build_refuses_what_it_cannot_do", build_refuses),
    (
        "build_refuses_an_ill_formed_pattern",
        build_refuses_an_ill_formed_pattern,
    ),
    ("build_reads_heredocs", build_reads_heredocs),
    ("build_keeps_cache_mounts", build_keeps_cache_mounts),
    (
        "build_follows_the_ignore_file",
        build_follows_the_ignore_file,
    ),
    (
        "build_survives_a_deleted_cache",
        build_survives_a_deleted_cache,
    ),
    ("build_forgets_what_is_not_used", build_forgets),
    ("build_bounds_hostile_links", build_bounds_hostile_links),
    ("build_on_a_base", build_on_a_base),
];

const BASE: &str = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n";

fn with_base(rest: &str) -> Project {
    Project::with_busybox(&format!("{BASE}{rest}"), &[("f", "content\n")])
}

fn build_runs_and_repeats() {
    let project = with_base("ENV A=1\nRUN echo hello $A > /f\nCMD echo\n");
    let first = project.built();
    assert_eq!(first.cache.misses, 3);
    let second = project.built();
    assert_eq!((second.cache.hits, second.cache.misses), (3, 0));
    assert_eq!(first.digest, second.digest);
    assert_eq!(first.steps.len(), 3);
    assert!(first.steps.iter().all(|step| step.span.is_some()));
    let kinds: Vec<_> = first.inputs.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 2, "{:?}", first.inputs);
}

fn build_forgets() {
    let mut project = with_base("RUN echo old > /f\n");
    let first = project.built();
    let state = project.plan.state.join("native");
    let age = |days: u64| {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
        for folder in ["steps", "blobs"] {
            for entry in std::fs::read_dir(state.join(folder)).unwrap() {
                let file = std::fs::File::open(entry.unwrap().path()).unwrap();
                file.set_modified(time).unwrap();
            }
        }
        let _ = std::fs::remove_file(state.join("swept"));
    };
    let count = |folder: &str| std::fs::read_dir(state.join(folder)).unwrap().count();
    let (steps, blobs) = (count("steps"), count("blobs"));
    assert!(steps >= 3 && blobs >= 3, "{steps} {blobs}");

    // Used lately: it stays, and is as good as new.
    age(10);
    assert_eq!(project.built().cache.misses, 0);
    std::fs::remove_file(state.join("swept")).unwrap();
    assert_eq!(project.built().cache.misses, 0);

    // Not used for long: it goes with the next build, whatever that builds.
    age(20);
    let old = project.plan.dockerfile.clone();
    project.plan.dockerfile =
        plimsoll_model::SourceFile::new("Dockerfile", "FROM scratch\nCOPY f /g\n");
    project.built();
    assert_eq!(count("blobs"), 1);
    assert!(count("steps") < steps);
    project.plan.dockerfile = old;
    let again = project.built();
    assert_eq!((again.cache.misses, again.digest), (3, first.digest));
}

fn build_is_reproducible() {
    let dockerfile = "RUN mkdir /d && echo x > /d/f && ln /d/f /d/g && chmod 4711 /d/f && touch /z\nCOPY f /copied\n";
    let one = with_base(dockerfile);
    let digest = one.built().digest;
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(with_base(dockerfile).built().digest, digest);
}

fn build_clamps_again() {
    let mut project = with_base("RUN cat /proc/sys/kernel/random/uuid > /id\n");
    let first = project.built();
    project.plan.source_date_epoch = Some(1_600_000_000);
    let second = project.built();
    assert_eq!((second.cache.hits, second.cache.misses), (3, 0));
    assert_ne!(first.digest, second.digest);
    project.plan.source_date_epoch = Some(1_700_000_000);
    assert_eq!(project.built().digest, first.digest);
}

fn build_shuts_a_step_in() {
    let project = with_base(
        "RUN cat /proc/self/status /proc/self/uid_map && ls /proc && hostname && mount\n\
         RUN --network=none cat /proc/net/dev\n\
         RUN ! mount -t tmpfs none /mnt && ! unshare -U true && ! mknod /n b 8 0 && ! test -s /proc/kcore && ! test -s /proc/keys\n",
    );
    project.built();
    let output = project.output();
    for line in [
        "CapEff:\t00000000a80425fb",
        "CapBnd:\t00000000a80425fb",
        "CapInh:\t0000000000000000",
        "Seccomp:\t2",
        "NoNewPrivs:\t0",
        "buildkitsandbox",
    ] {
        assert!(output.contains(line), "{line} in {output}");
    }
    assert!(!output.contains("         0          0 "), "{output}");
    assert!(!output.contains("eth0:"), "{output}");
}

fn everything(project: &Project) -> Vec<u8> {
    let image = project.image();
    let mut bytes = image.config_raw.to_vec();
    for layer in 0..image.diff_ids.len() {
        image
            .layer(layer, LayerLimits::default())
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
    }
    bytes
}

fn build_keeps_secrets() {
    let mut project = with_base(
        "RUN --mount=type=secret,id=a,required --mount=type=secret,id=b,env=TOKEN --mount=type=secret,id=none \\\n\
         cat /run/secrets/a; echo $TOKEN; stat -c '%a %u' /run/secrets/a; test ! -e /run/secrets/none\n",
    );
    let missing = project.build().unwrap_err().to_string();
    assert!(missing.contains("--secret id=a"), "{missing}");
    let file = project.folder().join("secret");
    std::fs::write(&file, "first-secret\n").unwrap();
    project
        .plan
        .secrets
        .insert("a".to_owned(), SecretSource::File(file));
    project.plan.secrets.insert(
        "b".to_owned(),
        SecretSource::Value(SecretValue(b"second-secret".to_vec())),
    );
    project.built();
    let output = project.output();
    assert!(output.contains("***"), "{output}");
    assert!(output.contains("400 0"), "{output}");
    for secret in ["first-secret", "second-secret"] {
        assert!(!output.contains(secret));
        let image = everything(&project);
        assert!(
            !image
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
        let found = std::process::Command::new("grep")
            .args(["-rqa", secret])
            .arg(&project.plan.state)
            .status()
            .unwrap();
        assert!(!found.success(), "the state holds a secret");
    }
}

fn build_tells_the_failing_step() {
    let project = with_base("RUN echo one && echo two >&2 && exit 7\n");
    match project.build() {
        Err(BuildError::Step {
            place,
            message,
            tail,
        }) => {
            assert_eq!(place.unwrap().start.line, 4);
            assert!(message.contains("exit code 7"), "{message}");
            assert!(tail.contains(&"one".to_owned()) && tail.contains(&"two".to_owned()));
        }
        other => panic!("{other:?}"),
    }
    assert!(!project.plan.output.join("index.json").exists());
    let missing = with_base("RUN [\"/nowhere\"]\n").build().unwrap_err();
    assert!(matches!(missing, BuildError::Step { .. }), "{missing}");
    let missing = with_base("COPY nowhere /\n")
        .build()
        .unwrap_err()
        .to_string();
    assert!(missing.contains("nowhere"), "{missing}");
}

fn build_refuses() {
    for rest in [
        "RUN --security=insecure true\n",
        "RUN --mount=type=ssh true\n",
        "ADD https://example.invalid/x.git /x\n",
        "COPY --parents f /x\n",
    ] {
        let error = with_base(rest).build().unwrap_err();
        assert!(
            matches!(error, BuildError::Unsupported { .. }),
            "{rest}: {error}"
        );
        assert!(error.to_string().contains("buildkit"), "{error}");
    }
    let mut project = with_base("");
    project.plan.platform = plimsoll_model::Platform::parse("linux/s390x");
    assert!(matches!(
        project.build(),
        Err(BuildError::Unsupported { .. })
    ));
    let error = Project::new("# syntax=example.com/other\nFROM scratch\n", &[]).build();
    assert!(matches!(error, Err(BuildError::Unsupported { .. })));
    Project::new("# syntax=docker/dockerfile:1\nFROM scratch\n", &[]).built();
}

/// BuildKit compares with Go's `path.Match` while it computes the key of a step, and an error of that
/// fails the step: nothing is copied without a word.
fn build_refuses_an_ill_formed_pattern() {
    for source in ["d/[a", "d/a[]b]", "d/*[z-"] {
        for rest in [
            format!("COPY {source} /o/\n"),
            format!("COPY --from=base {source} /o/\n"),
        ] {
            let text = format!("FROM scratch AS base\nCOPY d /d\nFROM scratch\n{rest}");
            let error = Project::new(&text, &[("d/a", "a")]).build().unwrap_err();
            assert!(error.to_string().contains("ill-formed pattern"), "{error}");
        }
    }
}

fn build_reads_heredocs() {
    let project = with_base(
        "ARG WHO=you\nCOPY <<one <<-'two' /in/\nhello $WHO\none\n\tkept $WHO\ntwo\n\
         RUN <<EOF\ncat /in/one\ncat /in/two\nEOF\n\
         RUN <<script\n#!/bin/busybox sh\necho from $0\nscript\n\
         RUN cat <<A - && echo end\ninner\nA\n",
    );
    project.built();
    let output = project.output();
    for line in [
        "hello you",
        "kept $WHO",
        "from /dev/pipes/script",
        "inner\nend",
    ] {
        assert!(output.contains(line), "{line} in {output}");
    }
}

fn build_keeps_cache_mounts() {
    let project = with_base(
        "RUN --mount=type=cache,id=c,target=/c,uid=5,mode=0750 echo x >> /c/f && stat -c '%a %u' /c\n\
         RUN --mount=type=cache,id=c,target=/other,sharing=locked echo x >> /other/f && wc -l < /other/f\n",
    );
    project.built();
    let output = project.output();
    assert!(output.contains("750 5"), "{output}");
    assert!(output.contains('2'), "{output}");
}

fn build_follows_the_ignore_file() {
    let mut project = Project::new(
        "FROM scratch\nCOPY . /\n",
        &[
            ("keep", "1"),
            ("drop", "2"),
            ("d/drop", "3"),
            ("d/keep", "4"),
        ],
    );
    project.plan.context.ignore = Some(b"drop\nd\n!d/keep\n".to_vec());
    let result = project.built();
    let listed = result.inputs.iter().find_map(|input| match input {
        BuildInput::Context { files, .. } => Some(*files),
        _ => None,
    });
    assert_eq!(listed, Some(2));
    let bytes = everything(&project);
    let has = |name: &str| {
        bytes
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    assert!(has("d/keep") && !has("drop"));
}

fn build_survives_a_deleted_cache() {
    let project = with_base("RUN echo x > /x\n");
    let first = project.built();
    for name in ["steps", "blobs"] {
        std::fs::remove_dir_all(project.plan.state.join("native").join(name)).unwrap();
        assert_eq!(project.built().digest, first.digest, "without {name}");
    }
    let files = std::fs::read_dir(project.plan.state.join("native"))
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("files-"))
        })
        .unwrap();
    std::fs::rename(files.join("s"), project.folder().join("old")).unwrap();
    assert_eq!(project.built().digest, first.digest, "without snapshots");
}

fn build_bounds_hostile_links() {
    // A passwd that leads to the host's, and links that lead out, used by everything that looks.
    let host = std::fs::read("/etc/passwd").unwrap();
    let project = with_base(
        "RUN mkdir /etc2 && ln -s /../../../../etc/passwd /etc/passwd; ln -s ../../../../.. /up; ln -s b /a; ln -s a /b; true\n\
         COPY f /up/escaped\nRUN test -f /escaped\n",
    );
    project.built();
    let error =
        with_base("RUN ln -s ../../../../etc/passwd /etc/passwd; true\nUSER daemon\nRUN true\n")
            .build()
            .unwrap_err()
            .to_string();
    assert!(error.contains("/etc/passwd"), "{error}");
    let error = with_base("RUN ln -s b /a; ln -s a /b\nCOPY f /a/x\n").build();
    assert!(error.is_err());
    assert_eq!(std::fs::read("/etc/passwd").unwrap(), host);
    assert!(!std::path::Path::new("/escaped").exists());
}

/// A real distribution, where one lies at hand.
fn build_on_a_base() {
    let Ok(layout) = std::env::var("PLIMSOLL_TEST_DEBIAN") else {
        eprintln!("skipped: PLIMSOLL_TEST_DEBIAN names no OCI layout of a Debian");
        return;
    };
    let mut project = Project::new(
        "FROM debian AS d\nRUN . /etc/os-release && echo $ID && ls -la / && dpkg -l | tail -1\nUSER nobody\nRUN id\n",
        &[],
    );
    project.layout("debian", &layout, Some("latest"));
    project.built();
    let output = project.output();
    assert!(
        output.contains("debian") && output.contains("nobody"),
        "{output}"
    );
}
