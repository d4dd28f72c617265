//! `examples/pipeline` on a real Debian, with both engines, as root and as an ordinary user.
//!
//! Needs, beside `PLIMSOLL_ENGINE_TESTS=1`: `PLIMSOLL_TEST_DEBIAN` (an OCI layout of Debian 12),
//! a Docker engine, skopeo, umoci, a package mirror that `apt-get` and `pip` reach from a build,
//! and `PLIMSOLL_TEST_USER` (an ordinary user with subordinate ids). `PLIMSOLL_TEST_CA` names
//! certificates where a proxy inspects TLS.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::stage::{Run, Stage, engine_tests, tool};

/// The example in a stage of its own, with git history to take tags and the clock from.
pub(crate) fn example() -> Stage {
    let stage = Stage::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pipeline");
    let project = stage.project();
    tool(
        "cp",
        &[
            "-rT",
            &source.display().to_string(),
            &project.display().to_string(),
        ],
    );
    stage
}

pub(crate) fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: see .ci/run"))
}

/// What every build of the example needs on its command line.
fn build_arguments() -> Vec<String> {
    let mut arguments = vec![
        "--build-context".to_owned(),
        format!(
            "debian:bookworm-slim=oci-layout://{}",
            required("PLIMSOLL_TEST_DEBIAN")
        ),
        "--build-context".to_owned(),
        format!(
            "debian:latest=oci-layout://{}",
            required("PLIMSOLL_TEST_DEBIAN")
        ),
    ];
    if let Ok(certificates) = std::env::var("PLIMSOLL_TEST_CA") {
        arguments.extend(["--secret".to_owned(), format!("id=ca,src={certificates}")]);
    }
    arguments
}

fn ship(stage: &Stage, engine: &str, to: &str, more: &[&str]) -> Run {
    let build = build_arguments();
    let mut arguments = vec![
        "ship",
        ".",
        "--engine",
        engine,
        "--to",
        to,
        "--tag",
        "1.0.0",
        "--progress",
        "plain",
    ];
    arguments.extend(build.iter().map(String::as_str));
    arguments.extend(more);
    stage.run(&arguments)
}

/// Everything about a file that an image promises.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    mode: u32,
    owner: (u32, u32),
    content: Vec<u8>,
}

/// Unpacks an image with umoci and lists its tree, by path.
fn tree(layout: &Path, bundle: &Path) -> BTreeMap<PathBuf, Node> {
    tool(
        "umoci",
        &[
            "unpack",
            "--image",
            &format!("{}:1.0.0", layout.display()),
            &bundle.display().to_string(),
        ],
    );
    let root = bundle.join("rootfs");
    let mut nodes = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let kind = metadata.file_type();
            let content = if kind.is_symlink() {
                std::fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if kind.is_file() {
                std::fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if kind.is_dir() {
                folders.push(path.clone());
            }
            let node = Node {
                mode: metadata.permissions().mode(),
                owner: (metadata.uid(), metadata.gid()),
                content,
            };
            nodes.insert(path.strip_prefix(&root).unwrap().to_path_buf(), node);
        }
    }
    nodes
}

fn config(layout: &Path) -> serde_json::Value {
    let text = tool(
        "skopeo",
        &[
            "inspect",
            "--config",
            "--raw",
            &format!("oci:{}:1.0.0", layout.display()),
        ],
    );
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Times and layer digests may differ: BuildKit of that age cannot set the clock back.
    let object = config.as_object_mut().unwrap();
    object.remove("created");
    object.remove("rootfs");
    object.remove("moby.buildkit.cache.v0");
    for entry in object["history"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().remove("created");
    }
    config
}

fn run_with_docker(layout: &Path, name: &str) {
    let archive = layout.with_extension("tar");
    tool(
        "skopeo",
        &[
            "copy",
            "-q",
            &format!("oci:{}:1.0.0", layout.display()),
            &format!("docker-archive:{}:{name}", archive.display()),
        ],
    );
    tool(
        "docker",
        &["load", "-q", "-i", &archive.display().to_string()],
    );
    let said = tool(
        "docker",
        &[
            "run",
            "--rm",
            "--network",
            "none",
            "--entrypoint",
            "python",
            name,
            "-c",
            "import pandas, psycopg2, boto3, pipeline.transform, os; print('ready', pandas.__version__, os.getuid())",
        ],
    );
    assert_eq!(said.trim(), "ready 2.2.2 10001");
    tool("docker", &["rmi", "-f", name]);
}

fn validate_papers(evidence: &Path, digest: &str) {
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(evidence.join(name)).unwrap()).unwrap()
    };
    let sbom = read("sbom.cdx.json");
    let purls: Vec<_> = sbom["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|component| component["purl"].as_str())
        .collect();
    for wanted in ["pkg:pypi/pandas@2.2.2", "pkg:pypi/boto3@1.34.0"] {
        assert!(purls.contains(&wanted), "{wanted}");
    }
    assert!(
        purls
            .iter()
            .any(|purl| purl.starts_with("pkg:deb/debian/libc6@")),
        "{purls:?}"
    );
    let provenance = read("provenance.json");
    assert_eq!(
        format!(
            "sha256:{}",
            provenance["subject"][0]["digest"]["sha256"]
                .as_str()
                .unwrap()
        ),
        digest
    );
    let dependencies = provenance["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap();
    let listed = serde_json::to_string(dependencies).unwrap();
    assert!(
        listed.contains("bookworm-slim"),
        "the base is not named: {listed}"
    );
    assert!(
        dependencies
            .iter()
            .all(|dependency| dependency["digest"].is_object()),
        "{listed}"
    );
    assert!(
        dependencies.len() >= 3,
        "base, context and Dockerfile: {listed}"
    );
}

#[test]
fn both_engines_build_the_same_image_and_it_runs() {
    if !engine_tests("both_engines_build_the_same_image_and_it_runs") {
        return;
    }
    let stage = example();
    let project = stage.project();
    let mut trees = Vec::new();
    let mut configs = Vec::new();
    for engine in ["native", "buildkit"] {
        let layout = project.join(".plimsoll").join(engine);
        let evidence = format!(".plimsoll/evidence-{engine}");
        let run = ship(
            &stage,
            engine,
            &format!("oci:.plimsoll/{engine}"),
            &["--evidence", &evidence, "--format", "json"],
        )
        .expect(0);
        let digest = run.json()["image"]["digest"].as_str().unwrap().to_owned();
        let seen = tool(
            "skopeo",
            &[
                "inspect",
                "--format",
                "{{.Digest}}",
                &format!("oci:{}:1.0.0", layout.display()),
            ],
        );
        assert_eq!(seen.trim(), digest);
        validate_papers(&project.join(&evidence), &digest);
        run_with_docker(&layout, &format!("plimsoll-test/{engine}:1.0.0"));
        trees.push(tree(&layout, &stage.root().join(engine)));
        configs.push(config(&layout));
    }
    assert_eq!(
        configs[0], configs[1],
        "native (left) and BuildKit (right) disagree on the configuration"
    );
    let (native, buildkit) = (&trees[0], &trees[1]);
    let paths: std::collections::BTreeSet<_> = native.keys().chain(buildkit.keys()).collect();
    let different: Vec<String> = paths
        .into_iter()
        .filter(|path| native.get(*path) != buildkit.get(*path))
        .map(|path| {
            let show = |node: Option<&Node>| {
                node.map(|node| (format!("{:o}", node.mode), node.owner, node.content.len()))
            };
            format!(
                "{}: native {:?}, buildkit {:?}",
                path.display(),
                show(native.get(path)),
                show(buildkit.get(path))
            )
        })
        .collect();
    assert!(
        different.is_empty(),
        "{} differences:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn an_ordinary_user_ships_it_with_the_native_engine() {
    if !engine_tests("an_ordinary_user_ships_it_with_the_native_engine") {
        return;
    }
    let user = required("PLIMSOLL_TEST_USER");
    let stage = example();
    let program = stage.root().join("plimsoll");
    std::fs::copy(env!("CARGO_BIN_EXE_plimsoll"), &program).unwrap();
    tool("chown", &["-R", &user, &stage.root().display().to_string()]);
    let mut command = std::process::Command::new("runuser");
    command
        .args(["-u", &user, "--"])
        .arg(&program)
        .args([
            "ship",
            ".",
            "--engine",
            "native",
            "--to",
            "oci:.plimsoll/image",
            "--tag",
            "1.0.0",
            "--progress",
            "plain",
        ])
        .args(build_arguments())
        .current_dir(stage.project())
        .env("HOME", stage.root())
        .env("PLIMSOLL_CACHE", stage.root().join("cache"))
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .stdin(std::process::Stdio::null());
    let run = Run::from(command.output().unwrap()).expect(0);
    assert!(run.stderr.contains("engine: native"), "{}", run.stderr);
    run_with_docker(
        &stage.project().join(".plimsoll/image"),
        "plimsoll-test/user:1.0.0",
    );
    // Files of subordinate owners are the user's own to clean up, through the engine; here root does.
    tool(
        "rm",
        &["-rf", &stage.root().join("cache").display().to_string()],
    );
}

#[test]
fn the_demo_is_held_back_with_its_lines() {
    if !engine_tests("the_demo_is_held_back_with_its_lines") {
        return;
    }
    let stage = example();
    if std::env::var_os("PLIMSOLL_TEST_CA").is_some() {
        // Behind a proxy that inspects TLS even a demo needs its certificates.
        let path = stage.project().join("Dockerfile.demo");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace(
            "RUN pip3",
            "RUN --mount=type=secret,id=ca PIP_CERT=/run/secrets/ca pip3",
        );
        std::fs::write(&path, text).unwrap();
    }
    let run = ship(
        &stage,
        "native",
        "oci:.plimsoll/demo",
        &["-f", "Dockerfile.demo", "--format", "json"],
    )
    .expect(1);
    assert!(
        !stage.project().join(".plimsoll/demo").exists(),
        "nothing may be shipped"
    );
    let report = run.json();
    let found: Vec<(&str, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["rule"].as_str().unwrap(),
                finding["line"].as_u64().unwrap_or(0),
            )
        })
        .collect();
    for wanted in [
        ("root-user", 2),
        ("secret-in-image-config", 3),
        ("source-before-dependencies", 8),
        ("shell-form-entrypoint", 10),
    ] {
        assert!(found.contains(&wanted), "{wanted:?} not in {found:?}");
    }
    assert!(!run.stdout.contains("changeme-in-production"));
}
