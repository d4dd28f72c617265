//! The BuildKit engine against a real Docker engine.
//!
//! Runs where `PLIMSOLL_ENGINE_TESTS=1` is set; then a missing engine is a failure.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use plimsoll_build::buildkit::BuildKitEngine;
use plimsoll_build::{
    BuildContext, BuildError, BuildPlan, BuildResult, Engine, Event, NamedContext, SecretSource,
    SecretValue,
};
use plimsoll_image::{Access, Descriptor, Layout, manifest_json, media_type};
use plimsoll_model::{BuildInput, Digest, ImageRef, SourceFile};
use sha2::{Digest as _, Sha256};

const SECRET: &str = "correct-horse-battery";

/// The engine, or `None` (and a line that says so) where these tests are not asked for.
fn engine() -> Option<BuildKitEngine> {
    if std::env::var_os("PLIMSOLL_ENGINE_TESTS").is_none_or(|value| value != "1") {
        eprintln!("skipped: PLIMSOLL_ENGINE_TESTS=1 runs the tests against a Docker engine");
        return None;
    }
    let engine = BuildKitEngine::new(std::env::var("DOCKER_HOST").ok(), Access::default());
    let probe = engine.probe();
    assert!(probe.usable, "no engine: {}", probe.detail);
    Some(engine)
}

/// A project folder, a state folder that lasts, and a base with a shell in it.
struct Yard {
    folder: tempfile::TempDir,
}

impl Yard {
    fn new() -> Self {
        let yard = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(yard.path("context")).unwrap();
        yard.make_base();
        yard
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path("context").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Busybox alone, as an OCI layout.
    fn make_base(&self) {
        let busybox = ["/bin/busybox", "/usr/bin/busybox"]
            .iter()
            .find_map(|path| fs::read(path).ok())
            .expect("these tests need a static busybox (Debian: busybox-static)");
        let mut layer = tar::Builder::new(Vec::new());
        let mut entry = |kind, path: &str, mode, content: &[u8], target: Option<&str>| {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_size(content.len() as u64);
            header.set_mtime(1);
            if let Some(target) = target {
                header.set_link_name(target).unwrap();
            }
            layer.append_data(&mut header, path, content).unwrap();
        };
        entry(tar::EntryType::Directory, "bin/", 0o755, b"", None);
        entry(
            tar::EntryType::Regular,
            "bin/busybox",
            0o755,
            &busybox,
            None,
        );
        for tool in ["sh", "cat", "ls", "id", "echo", "touch", "sleep", "wc"] {
            entry(
                tar::EntryType::Symlink,
                &format!("bin/{tool}"),
                0o777,
                b"",
                Some("busybox"),
            );
        }
        entry(tar::EntryType::Directory, "tmp/", 0o1777, b"", None);
        let layer = layer.into_inner().unwrap();
        let diff_id = Digest::from_sha256(Sha256::digest(&layer).into());
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Env":["PATH=/bin"]}},"rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}},"history":[{{"created_by":"busybox"}}]}}"#
        );
        let mut writer = Layout::writer(&self.path("base")).unwrap();
        let layer = writer.blob(media_type::OCI_LAYER, &mut &layer[..]).unwrap();
        let config = writer
            .blob(media_type::OCI_CONFIG, &mut config.as_bytes())
            .unwrap();
        let manifest = manifest_json(&config, &[layer], None, None, &[]);
        let manifest: Descriptor = writer
            .blob(media_type::OCI_MANIFEST, &mut &manifest[..])
            .unwrap();
        writer
            .commit(vec![(manifest, Some("latest".to_owned()))])
            .unwrap();
    }

    fn plan(&self, dockerfile: &str) -> BuildPlan {
        BuildPlan {
            dockerfile: SourceFile::new("docker/Dockerfile", dockerfile),
            context: BuildContext {
                root: self.path("context"),
                ignore: None,
            },
            named_contexts: BTreeMap::from([(
                "base".to_owned(),
                NamedContext::Image(ImageRef::Layout {
                    path: self.path("base").display().to_string(),
                    reference: Some("latest".to_owned()),
                }),
            )]),
            target: None,
            platform: None,
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            tags: vec!["made".to_owned()],
            secrets: BTreeMap::new(),
            source_date_epoch: None,
            no_cache: false,
            pull: false,
            output: self.path("out"),
            state: self.path("state"),
        }
    }

    /// Files of the built image by path: the last content of each.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let image = plimsoll_image::open(
            &ImageRef::Layout {
                path: self.path("out").display().to_string(),
                reference: Some("made".to_owned()),
            },
            &Access::default(),
        )
        .unwrap();
        let mut files = BTreeMap::new();
        for layer in &image.manifest.layers {
            let blob = image.blobs.blob(layer).unwrap();
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(blob));
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
                files.insert(path, content);
            }
        }
        files
    }
}

/// Builds and gives the events beside the result.
fn build(
    engine: &BuildKitEngine,
    plan: &BuildPlan,
) -> (Result<BuildResult, BuildError>, Vec<Event>) {
    let events = Mutex::new(Vec::new());
    let sink = |event| events.lock().unwrap().push(event);
    let result = engine.build(plan, &sink);
    (result, events.into_inner().unwrap())
}

/// Bytes that went over for the context, as the engine counts them.
fn transferred(events: &[Event]) -> u64 {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Status { name, current, .. } if name.contains("transferring context") => {
                Some(*current)
            }
            _ => None,
        })
        .max()
        .unwrap_or(0)
}

/// The names of single builds that are in the engine. One that was killed earlier, by whoever
/// else uses this engine, leaves its name there for a day: only what a test adds is its own.
fn private_names() -> BTreeSet<String> {
    let names = images("plimsoll.invalid/build", "{{.Tag}}");
    names.lines().map(str::to_owned).collect()
}

fn images(name: &str, format: &str) -> String {
    let output = Command::new("docker")
        .args(["images", "--no-trunc", "--format", format, name])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// An engine's answers are the same whoever asks: one build at a time keeps counts meaningful.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn a_probe_names_the_engine() {
    let Some(engine) = engine() else { return };
    let probe = engine.probe();
    assert!(
        probe.detail.starts_with("buildkit (docker "),
        "{}",
        probe.detail
    );
    let nobody = BuildKitEngine::new(
        Some("unix:///nonexistent/engine.sock".to_owned()),
        Access::default(),
    );
    let probe = nobody.probe();
    assert!(!probe.usable);
    assert!(
        probe.detail.contains("/nonexistent/engine.sock"),
        "{}",
        probe.detail
    );
}

#[test]
fn stages_arguments_labels_and_ignore_rules() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let names_before = private_names();
    let yard = Yard::new();
    yard.file("src/kept.txt", "kept");
    yard.file("src/ignored.log", "ignored");
    yard.file(".dockerignore", "this one is not in force\n");
    yard.file("unused/big", &"x".repeat(100_000));
    symlink("kept.txt", yard.path("context/src/link")).unwrap();
    let script = yard.path("context/src/run.sh");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let dockerfile = "# syntax=docker/dockerfile:1\n\
        ARG BASE=base\n\
        FROM ${BASE} AS build\n\
        ARG GREETING=none\n\
        WORKDIR /work\n\
        COPY src/ ./\n\
        RUN echo \"$GREETING\" > greeting && ls /work > list\n\
        FROM scratch AS ship\n\
        ENV A=1\n\
        COPY --from=build /work /app\n\
        COPY --from=base --chown=1000:1000 /bin/busybox /bin/busybox\n\
        USER 1000\n\
        ENTRYPOINT [\"/bin/busybox\"]\n\
        FROM scratch AS never\n\
        COPY missing /\n";
    let mut plan = yard.plan(dockerfile);
    plan.target = Some("ship".to_owned());
    plan.context.ignore = Some(b"**/*.log\n".to_vec());
    plan.build_args = BTreeMap::from([("GREETING".to_owned(), "ahoy".to_owned())]);
    plan.labels = BTreeMap::from([("org.example".to_owned(), "label".to_owned())]);
    let (result, events) = build(&engine, &plan);
    let result = result.unwrap();
    assert!(transferred(&events) < 10_000, "{}", transferred(&events));

    let files = yard.files();
    assert_eq!(files["app/greeting"], b"ahoy\n");
    assert_eq!(files["app/kept.txt"], b"kept");
    assert_eq!(
        String::from_utf8_lossy(&files["app/list"]),
        "greeting\nkept.txt\nlink\nlist\nrun.sh\n"
    );
    assert!(!files.contains_key("app/ignored.log"));

    // What is recorded.
    let inputs = format!("{:#?}", result.inputs);
    let [
        BuildInput::Base { reference, digest },
        BuildInput::Context { name, files, .. },
        BuildInput::Dockerfile {
            name: dockerfile_name,
            ..
        },
    ] = &result.inputs[..]
    else {
        panic!("{inputs}");
    };
    assert_eq!(reference, "base");
    let layout = Layout::open(&yard.path("base")).unwrap();
    assert_eq!(*digest, layout.entries().unwrap()[0].digest);
    assert_eq!((name.as_str(), *files), ("context", 3));
    assert_eq!(dockerfile_name, "docker/Dockerfile");
    let steps: Vec<_> = result
        .steps
        .iter()
        .map(|step| {
            let span = step.span.expect("every layer is an instruction's");
            (step.layer, &dockerfile[span.start..span.end])
        })
        .collect();
    assert_eq!(
        steps,
        [
            (0, "COPY --from=build /work /app"),
            (
                1,
                "COPY --from=base --chown=1000:1000 /bin/busybox /bin/busybox"
            ),
        ]
    );

    // No private name is left or shown.
    assert!(private_names().is_subset(&names_before));
    assert!(!format!("{events:?}").contains("plimsoll.invalid"));

    // Others accept the layout.
    let output = yard.path("out");
    let inspected = Command::new("skopeo")
        .args([
            "inspect",
            "--config",
            &format!("oci:{}:made", output.display()),
        ])
        .output()
        .expect("these tests need skopeo");
    let config = String::from_utf8(inspected.stdout).unwrap();
    assert!(
        inspected.status.success(),
        "{}",
        String::from_utf8_lossy(&inspected.stderr)
    );
    for part in ["org.example", "\"1000\"", "/bin/busybox", "A=1"] {
        assert!(config.contains(part), "{config}");
    }
}

#[test]
fn a_second_build_sends_little_and_runs_nothing() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let yard = Yard::new();
    yard.file("data", &"0123456789".repeat(200_000));
    yard.file("small", "one");
    // The folder differs in every run, so the first build is a cold one.
    let unique = yard.folder.path().display().to_string();
    let text = format!("FROM base\nRUN echo {unique} >/tmp/unique\nCOPY . /data/\n");
    let plan = yard.plan(&text);
    let (first, events) = build(&engine, &plan);
    let first = first.unwrap();
    assert_eq!((first.cache.hits, first.cache.misses), (0, 2));
    assert!(transferred(&events) > 2_000_000);

    let (second, events) = build(&engine, &plan);
    let second = second.unwrap();
    assert_eq!((second.cache.hits, second.cache.misses), (2, 0));
    assert_eq!(second.digest, first.digest);
    assert_eq!(second.inputs, first.inputs);
    assert!(transferred(&events) < 2_000, "{}", transferred(&events));

    yard.file("small", "two!");
    let (third, events) = build(&engine, &plan);
    let third = third.unwrap();
    assert_eq!((third.cache.hits, third.cache.misses), (1, 1));
    assert_ne!(third.inputs, first.inputs);
    assert!(transferred(&events) < 2_000, "{}", transferred(&events));
    assert_eq!(yard.files()["data/small"], b"two!");
}

#[test]
fn a_base_is_loaded_once() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let yard = Yard::new();
    // The folder differs in every run: of what the engine has built before it needs no base.
    let unique = yard.folder.path().display();
    let plan = yard.plan(&format!("FROM base\nRUN echo {unique} >/tmp/once\n"));
    build(&engine, &plan).0.unwrap();
    let base = plimsoll_image::open(
        &ImageRef::Layout {
            path: yard.path("base").display().to_string(),
            reference: None,
        },
        &Access::default(),
    )
    .unwrap();
    let id = base.manifest.config.digest.clone();
    let name = format!("plimsoll.invalid/base:{}", id.hex());
    assert_eq!(images(&name, "{{.ID}}").trim(), id.as_str());
    let tagged = || {
        let output = Command::new("docker")
            .args(["inspect", "--format", "{{.Metadata.LastTagTime}}", &name])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let before = tagged();
    build(&engine, &plan).0.unwrap();
    assert_eq!(tagged(), before);

    // A name that somebody gave to another image is taken back.
    let other = yard.plan("FROM scratch\nCOPY file /\n");
    yard.file("file", "other");
    build(&engine, &other).0.unwrap();
    let built = plimsoll_image::open(
        &ImageRef::Layout {
            path: yard.path("out").display().to_string(),
            reference: Some("made".to_owned()),
        },
        &Access::default(),
    )
    .unwrap();
    let place = ImageRef::Daemon(name.clone());
    plimsoll_image::push(&built, &[], &place, &[], &Access::default(), &|_| {}).unwrap();
    assert_ne!(images(&name, "{{.ID}}").trim(), id.as_str());
    build(&engine, &plan).0.unwrap();
    assert_eq!(images(&name, "{{.ID}}").trim(), id.as_str());
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let yard = Yard::new();
    let plan = yard.plan("FROM scratch\nCOPY file /\n");
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for content in ["one", "two"] {
        yard.file("file", content);
        let file = fs::File::options()
            .write(true)
            .open(yard.path("context/file"))
            .unwrap();
        file.set_modified(time).unwrap();
        build(&engine, &plan).0.unwrap();
        assert_eq!(yard.files()["file"], content.as_bytes());
    }
}

#[test]
fn secrets_reach_the_step_and_nothing_else() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let yard = Yard::new();
    let mut plan = yard.plan(
        "FROM base\n\
         RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /tmp/length && cat /run/secrets/token\n\
         RUN --mount=type=secret,id=file,target=/s cat /s | wc -c > /tmp/other\n",
    );
    plan.no_cache = true;
    fs::write(yard.path("secret"), "from-a-file-it-came").unwrap();
    plan.secrets = BTreeMap::from([
        (
            "token".to_owned(),
            SecretSource::Value(SecretValue(SECRET.as_bytes().to_vec())),
        ),
        ("file".to_owned(), SecretSource::File(yard.path("secret"))),
    ]);
    let (result, events) = build(&engine, &plan);
    let result = result.unwrap();
    let files = yard.files();
    assert_eq!(
        files["tmp/length"].trim_ascii(),
        SECRET.len().to_string().as_bytes()
    );
    assert_eq!(files["tmp/other"].trim_ascii(), b"19");
    let log: Vec<u8> = events
        .iter()
        .filter_map(|event| match event {
            Event::Log { data, .. } => Some(data.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    assert!(log.windows(3).any(|window| window == b"***"));
    assert!(
        !log.windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes())
    );
    assert!(!format!("{result:?}{events:?}").contains(SECRET));
    for content in files.values() {
        assert!(
            !content
                .windows(SECRET.len())
                .any(|window| window == SECRET.as_bytes())
        );
    }
}

#[test]
fn a_failing_step_is_told_with_its_line_and_last_words() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let names_before = private_names();
    let yard = Yard::new();
    let plan = yard.plan(
        "FROM base AS one\nRUN echo fine\nFROM one\nRUN echo last words && \\\n    exit 7\nCOPY x y\n",
    );
    yard.file("x", "");
    let (result, _) = build(&engine, &plan);
    let Err(BuildError::Step {
        place,
        message,
        tail,
    }) = result
    else {
        panic!("{result:?}");
    };
    let place = place.unwrap();
    assert_eq!(
        (place.file.as_str(), place.start.line, place.end.line),
        ("docker/Dockerfile", 4, 5)
    );
    assert!(message.contains("exit code 7"), "{message}");
    assert_eq!(tail, ["last words"]);
    assert!(!yard.path("out").join("index.json").exists());
    assert!(private_names().is_subset(&names_before));
}

#[test]
fn what_is_written_wrong_is_told_with_its_line() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    let yard = Yard::new();
    for (text, line, word) in [
        ("FROM base\nCOPY missing /\n", 2, "missing"),
        ("FROM base\nRUN true\nNONSENSE x\n", 3, "NONSENSE"),
        ("FROM base\nCOPY --from=base --nope=1 a b\n", 2, "nope"),
    ] {
        let (result, _) = build(&engine, &yard.plan(text));
        let (place, message) = match result {
            Err(BuildError::Input { place, message }) => (place, message),
            Err(BuildError::Unsupported { place, what, .. }) => (place, what),
            other => panic!("{other:?}"),
        };
        assert_eq!(place.map(|place| place.start.line), Some(line), "{message}");
        assert!(message.contains(word), "{message}");
    }
    let mut plan = yard.plan("FROM base AS a\nRUN true\n");
    plan.target = Some("b".to_owned());
    let (result, _) = build(&engine, &plan);
    assert!(
        matches!(result, Err(BuildError::Input { .. })),
        "{result:?}"
    );
}

#[test]
fn what_an_old_engine_cannot_do_names_the_one_that_can() {
    let Some(engine) = engine() else { return };
    let _alone = alone();
    if !engine.probe().detail.contains("docker 20.") {
        eprintln!("skipped: the engine is newer than 20.10");
        return;
    }
    let yard = Yard::new();
    let mut folder = yard.plan("FROM scratch\nCOPY --from=other x /\n");
    folder.named_contexts.insert(
        "other".to_owned(),
        NamedContext::Directory(yard.path("context")),
    );
    for plan in [
        yard.plan("FROM base\nRUN <<EOF\ntrue\nEOF\n"),
        yard.plan("FROM base\nARG A=1\nENV B=${A/1/2}\n"),
        yard.plan("FROM scratch\nCMD [\"x\"]\n"),
        folder,
    ] {
        let (result, _) = build(&engine, &plan);
        let error = result.unwrap_err();
        assert!(matches!(error, BuildError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains("native"), "{error}");
    }
}

#[test]
fn an_engine_that_dies_ends_the_build() {
    let Some(_) = engine() else { return };
    let yard = Yard::new();
    let socket = yard.path("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    // Says yes to the upgrade and hangs up.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            let _ = stream
                .write_all(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        }
    });
    let engine = BuildKitEngine::new(
        Some(format!("unix://{}", socket.display())),
        Access::default(),
    );
    let (result, _) = build(&engine, &yard.plan("FROM scratch\nCOPY x /\n"));
    assert!(
        matches!(result, Err(BuildError::Environment(_))),
        "{result:?}"
    );
    assert!(!Path::exists(&yard.path("out")));
}

/// Stands between a client and the engine, and can be cut.
struct Cable {
    ends: std::sync::Arc<Mutex<Vec<UnixStream>>>,
    socket: PathBuf,
}

impl Cable {
    fn lay(socket: PathBuf, engine: PathBuf) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let ends = std::sync::Arc::new(Mutex::new(Vec::new()));
        let kept = std::sync::Arc::clone(&ends);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                let far = UnixStream::connect(&engine).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Write);
                    });
                }
                kept.lock().unwrap().extend([near, far]);
            }
        });
        Self { ends, socket }
    }

    fn cut(&self) {
        let _ = fs::remove_file(&self.socket);
        for end in self.ends.lock().unwrap().drain(..) {
            let _ = end.shutdown(std::net::Shutdown::Both);
        }
    }
}

#[test]
fn an_engine_that_dies_in_the_middle_ends_the_build() {
    let Some(_) = engine() else { return };
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let engine_socket = host
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock");
    let _alone = alone();
    let yard = Yard::new();
    let cable = Cable::lay(yard.path("cable.sock"), PathBuf::from(engine_socket));
    let busybox = if Path::new("/bin/busybox").exists() {
        "/bin/busybox"
    } else {
        "/usr/bin/busybox"
    };
    fs::copy(busybox, yard.path("context/busybox")).unwrap();
    let mut plan =
        yard.plan("FROM scratch\nCOPY busybox /\nRUN [\"/busybox\", \"sleep\", \"60\"]\n");
    plan.no_cache = true;
    let engine = BuildKitEngine::new(
        Some(format!("unix://{}", yard.path("cable.sock").display())),
        Access::default(),
    );
    let sink = |event| {
        if let Event::Vertex(vertex) = event
            && vertex.name.contains("sleep")
            && vertex.started
        {
            cable.cut();
        }
    };
    let result = engine.build(&plan, &sink);
    assert!(
        matches!(result, Err(BuildError::Environment(_))),
        "{result:?}"
    );
    assert!(!yard.path("out").exists());
}
