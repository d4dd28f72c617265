//! Images that nobody should trust.

use std::os::unix::fs::symlink;
use std::path::Path;

use plimsoll_testkit::image::{Image, ImageBuilder, Layer, Lie, hostile};
use plimsoll_testkit::registry::Registry;

use super::{bounded, harmless, no_report};
use crate::stage::{Run, Stage, tool};

const FORMATS: [&str; 6] = ["human", "plain", "json", "sarif", "markdown", "cyclonedx"];

/// The same image at the three places that need no daemon, each with the name it is asked for by.
fn everywhere(stage: &Stage, registry: &Registry, name: &str, image: &Image) -> [String; 3] {
    let folder = stage.root().join("images");
    std::fs::create_dir_all(&folder).unwrap();
    let layout = folder.join(format!("{name}.oci"));
    image.write_layout(&layout, "x").unwrap();
    let archive = folder.join(format!("{name}.tar"));
    image.write_docker_archive(&archive, "app:x").unwrap();
    image.into_registry(registry, name, "x");
    [
        format!("oci:{}:x", layout.display()),
        format!("docker-archive:{}", archive.display()),
        format!("registry:{}", registry.reference(name, "x")),
    ]
}

fn inspect(stage: &Stage, place: &str, format: &str) -> Run {
    bounded(&mut stage.command(&["inspect", place, "--format", format]))
}

/// What the report says was not looked at; where there is no report, why there is none.
#[track_caller]
fn not_looked_at(run: &Run) -> String {
    if run.stdout.is_empty() || run.json().get("error").is_some() {
        no_report(&run.stdout);
        return run.stderr.clone();
    }
    let report = run.json();
    let skipped = report["skipped"].as_array().unwrap();
    assert!(
        skipped.iter().any(|one| one["blocking"] == true),
        "{report}"
    );
    report["skipped"].to_string()
}

#[test]
fn hostile_layers_are_refused_by_name_or_harmless() {
    let stage = Stage::new();
    let registry = Registry::start().unwrap();
    let outside = stage.root().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("target"), "as it was").unwrap();
    for hostile in hostile::layers(outside.to_str().unwrap()) {
        let name = hostile.name;
        let image = ImageBuilder::new().layer(hostile.layer).build();
        for place in everywhere(&stage, &registry, name, &image) {
            let run = inspect(&stage, &place, "json");
            assert!(matches!(run.code, 0 | 3), "{place}: {}", run.stderr);
            harmless(&run.stderr);
            if run.code == 0 {
                assert!(!hostile.malformed, "{place} passed");
                let report = run.json();
                assert_eq!(report["version"], 1, "{place}");
                assert!(report["layers"].is_array(), "{place}");
            } else {
                let told = not_looked_at(&run);
                assert!(
                    told.contains("layer 0 (") && told.contains(name),
                    "{place}: {told}"
                );
            }
        }
        let left: Vec<_> = std::fs::read_dir(&outside)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["target"], "{name}");
        assert_eq!(
            std::fs::read_to_string(outside.join("target")).unwrap(),
            "as it was",
            "{name}"
        );
    }
    assert_eq!(
        std::fs::read_dir(stage.project()).unwrap().count(),
        0,
        "looking at an image writes nothing"
    );
}

#[test]
fn an_entry_that_cannot_be_read_is_named() {
    let stage = Stage::new();
    let registry = Registry::start().unwrap();
    let image = ImageBuilder::new()
        .layer(Layer::new().file("fine", "fine"))
        .layer(
            Layer::new()
                .file("srv/broken", vec![b'x'; 2000])
                .truncated(700),
        )
        .build();
    for place in everywhere(&stage, &registry, "cut", &image) {
        let told = not_looked_at(&inspect(&stage, &place, "json").expect(3));
        assert!(
            told.contains("layer 1 (") && told.contains("srv/broken"),
            "{place}: {told}"
        );
        let run = inspect(&stage, &place, "human").expect(3);
        assert!(run.stdout.contains("srv/broken"), "{place}: {}", run.stdout);
    }
}

#[test]
fn images_that_lie_are_found_out() {
    let stage = Stage::new();
    let registry = Registry::start().unwrap();
    for (index, lie) in [
        Lie::DiffId(1),
        Lie::LayerDigest(1),
        Lie::LayerSize(1),
        Lie::ConfigDigest,
        Lie::MissingDiffId,
        Lie::MissingLayer(1),
    ]
    .into_iter()
    .enumerate()
    {
        let label = format!("lie-{index}");
        let image = ImageBuilder::seeded(7, 3, 5).lie(lie).build();
        let layout = stage.root().join(&label);
        image.write_layout(&layout, "x").unwrap();
        image.into_registry(&registry, &label, "x");
        for place in [
            format!("oci:{}:x", layout.display()),
            format!("registry:{}", registry.reference(&label, "x")),
        ] {
            let run = inspect(&stage, &place, "json");
            assert_eq!(run.code, 3, "{lie:?} {place}: {}", run.stderr);
            let told = not_looked_at(&run);
            assert!(told.contains(&label), "{lie:?}: {told}");
        }
    }
}

/// What no output may hold. None of them is a credential of anything.
const KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzQ9R2TvH0aB";
const KEY_ID: &str = "AKIAQ3EGRT5HUYW7MPL2";
const TOKEN: &str = "ghp_x7Kq2LmN9vBt4RzWc8YpJ3sHd6FgA10mPe5U";
const PASSWORD: &str = "c0rrect-h0rse-Battery";

#[test]
fn no_output_repeats_a_credential() {
    let stage = Stage::new();
    let registry = Registry::start().unwrap();
    let url = format!("postgresql://app:{PASSWORD}@db.internal:5432/app");
    let layer = Layer::new()
        .file(
            "root/.aws/credentials",
            format!("[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {KEY}\n"),
        )
        .file("app/.env", format!("DB_PASSWORD={PASSWORD}\nDATABASE_URL={url}\n"))
        .file("app/.git-credentials", format!("https://me:{TOKEN}@github.com\n"))
        .file("app/config.py", format!("TOKEN = \"{TOKEN}\"\n"))
        .file(
            "app/package.json",
            format!("{{\"name\":\"a\",\"version\":\"1.0.0\",\"repository\":\"https://{TOKEN}@github.com/a/b\"}}"),
        );
    let image = ImageBuilder::new()
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .env("GITHUB_TOKEN", TOKEN)
        .env("DB_PASSWORD", PASSWORD)
        .env("DATABASE_URL", &url)
        .env("PLAIN", &format!("see {TOKEN}"))
        .label("ci.token", TOKEN)
        .label("db", &url)
        .label("aws", &format!("{KEY_ID}:{KEY}"))
        .label(TOKEN, "a label's name")
        .annotation("org.example.token", TOKEN)
        .entrypoint(&["/app", &format!("--password={PASSWORD}"), "--token", TOKEN, "--db-password", PASSWORD])
        .history(&format!("ENV DB_PASSWORD={PASSWORD} AWS_SECRET_ACCESS_KEY={KEY}"))
        .history(&format!("ARG GITHUB_TOKEN={TOKEN}"))
        .history(&format!("ENV DB_PASSWORD {PASSWORD}"))
        .history(&format!("CMD [\"app\" \"--password\" \"{PASSWORD}\"]"))
        .history(&format!("RUN mysql --password {PASSWORD} && aws s3 ls --profile {KEY_ID} {KEY}"))
        .layer_by(
            layer,
            &format!(
                "RUN |2 GITHUB_TOKEN={TOKEN} DB_PASSWORD={PASSWORD} /bin/sh -c git clone https://x:{TOKEN}@github.com/a/b && psql {url} && aws configure set aws_secret_access_key {KEY}"
            ),
        )
        .build();
    let dockerfile = format!(
        "FROM scratch\nENV AWS_SECRET_ACCESS_KEY={KEY} DB_PASSWORD={PASSWORD}\nENV GITHUB_TOKEN {TOKEN}\nLABEL ci.token={TOKEN}\nCOPY a /a\n"
    );
    stage.write("Dockerfile", dockerfile.as_bytes());
    let mut leaks = Vec::new();
    for place in everywhere(&stage, &registry, "leaky", &image) {
        for format in FORMATS {
            for traced in [false, true] {
                let mut arguments = vec!["inspect", place.as_str(), "--format", format];
                if traced {
                    arguments.extend(["--file", "Dockerfile"]);
                }
                let run = bounded(&mut stage.command(&arguments)).expect(0);
                assert!(!run.stdout.is_empty());
                for value in [KEY, KEY_ID, TOKEN, PASSWORD] {
                    for text in [&run.stdout, &run.stderr] {
                        for (at, _) in text.match_indices(value) {
                            let from = text[..at].char_indices().rev().nth(160);
                            leaks.push(format!(
                                "{format} ({place}, --file {traced}): {}",
                                &text[from.map_or(0, |(at, _)| at)..at + value.len()]
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    let report = inspect(
        &stage,
        &format!("oci:{}/images/leaky.oci", stage.root().display()),
        "json",
    )
    .json();
    let seen = report["secrets"].as_array().unwrap().len();
    assert!(seen >= 8, "only {seen} of the planted ones were seen");
}

#[test]
fn what_an_image_says_of_itself_is_shown_and_not_obeyed() {
    let evil = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m\r\u{8}y";
    let status = format!(
        "Package: bash{evil}\nStatus: install ok installed\nVersion: 5.2{evil}\nArchitecture: amd64\n\nPackage: sed\nStatus: install ok installed\nVersion: 4.9\nArchitecture: amd64\n\n"
    );
    let layer = Layer::new()
        .file("etc/os-release", format!("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"{evil}\"\n"))
        .file("var/lib/dpkg/status", status)
        .file(
            format!("app/node_modules/{evil}/package.json"),
            format!("{{\"name\":{},\"version\":{}}}", serde_json::json!(evil), serde_json::json!(evil)),
        )
        .file(
            "usr/lib/python3/dist-packages/x-1.dist-info/METADATA",
            format!("Metadata-Version: 2.1\nName: x{evil}\nVersion: 1{evil}\nLicense: {evil}\n\n"),
        )
        .file(format!("app/{evil}/id_rsa"), "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA04up8hoqzS1XkPz2mSpxDwmtWRWDLvr7qGBiXmBw0HJ0W8Kp\n-----END RSA PRIVATE KEY-----\n")
        .program(format!("usr/bin/gcc{evil}"), "x");
    let stage = Stage::new();
    let registry = Registry::start().unwrap();
    let image = ImageBuilder::new()
        .user(evil)
        .workdir(evil)
        .entrypoint(&["/bin/sh", "-c", evil])
        .env("A_TOKEN", evil)
        .env(evil, evil)
        .label(evil, evil)
        .label("org.opencontainers.image.title", evil)
        .platform(evil, evil)
        .history(evil)
        .layer_by(layer, evil)
        .build();
    for place in everywhere(&stage, &registry, "painted", &image) {
        for format in ["human", "plain", "markdown"] {
            for color in ["never", "auto"] {
                let run = bounded(
                    &mut stage.command(&["inspect", &place, "--format", format, "--color", color]),
                );
                harmless(&run.stdout);
                harmless(&run.stderr);
                // A package of such a name is none that could be told of.
                run.expect(3);
            }
        }
        for format in ["json", "sarif", "cyclonedx"] {
            let run = inspect(&stage, &place, format).expect(3);
            run.json();
            let spoken = run.stdout.bytes().any(|byte| byte < b' ' && byte != b'\n');
            assert!(!spoken, "{format}");
        }
    }
}

#[test]
fn a_layout_of_links_and_pipes_is_refused() {
    type Spoil = fn(&Path, &Path);
    let pipe = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        tool("mkfifo", &[path.to_str().unwrap()]);
    };
    let spoils: [(&str, Spoil); 7] = [
        ("marker-pipe", |layout, _| {
            std::fs::remove_file(layout.join("oci-layout")).unwrap();
            tool("mkfifo", &[layout.join("oci-layout").to_str().unwrap()]);
        }),
        ("index-endless", |layout, _| {
            std::fs::remove_file(layout.join("index.json")).unwrap();
            symlink("/dev/zero", layout.join("index.json")).unwrap();
        }),
        ("index-nested", |layout, _| {
            std::fs::write(layout.join("index.json"), "[".repeat(1 << 20)).unwrap();
        }),
        ("index-long", |layout, _| {
            std::fs::write(layout.join("index.json"), vec![b' '; 64 << 20]).unwrap();
        }),
        ("index-empty", |layout, _| {
            std::fs::write(layout.join("index.json"), "").unwrap();
        }),
        ("blob-loop", |_, blob| {
            std::fs::remove_file(blob).unwrap();
            symlink(blob, blob).unwrap();
        }),
        ("blob-folder", |_, blob| {
            std::fs::remove_file(blob).unwrap();
            std::fs::create_dir(blob).unwrap();
        }),
    ];
    let image = ImageBuilder::seeded(3, 2, 3).build();
    let layer = image.blobs().next().unwrap().0.hex().to_owned();
    let refused = |name: &str, spoil: &dyn Fn(&Path, &Path)| {
        let stage = Stage::new();
        let layout = stage.root().join(name);
        image.write_layout(&layout, "x").unwrap();
        spoil(&layout, &layout.join("blobs/sha256").join(&layer));
        let from = format!("oci:{}:x", layout.display());
        let to = format!("oci:{}", stage.root().join("copy").display());
        for arguments in [
            vec!["inspect", &from, "--format", "json"],
            vec!["push", &from, &to],
        ] {
            let run = bounded(&mut stage.command(&arguments));
            assert!(matches!(run.code, 2 | 3), "{name}: {}", run.stderr);
            assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
        }
        unseen(&stage.root().join("copy"));
    };
    for (name, spoil) in spoils {
        refused(name, &spoil);
    }
    refused("blob-pipe", &|_, blob| pipe(blob));
}

#[test]
fn a_file_that_is_no_archive_is_refused() {
    let stage = Stage::with(&[
        ("empty.tar", ""),
        ("text.tar", "this is no archive\n"),
        ("list.tar", &"[".repeat(100_000)),
    ]);
    tool(
        "mkfifo",
        &[stage.project().join("pipe.tar").to_str().unwrap()],
    );
    let whole = stage.root().join("whole.tar");
    ImageBuilder::seeded(5, 2, 3)
        .build()
        .write_docker_archive(&whole, "a:b")
        .unwrap();
    let mut bytes = std::fs::read(&whole).unwrap();
    bytes.truncate(bytes.len() / 2);
    stage.write("half.tar", &bytes);
    for file in [
        "empty.tar",
        "text.tar",
        "list.tar",
        "pipe.tar",
        "half.tar",
        "gone.tar",
    ] {
        for place in [
            file.to_owned(),
            format!("docker-archive:{file}"),
            format!("oci:{file}"),
        ] {
            let run = inspect(&stage, &place, "json");
            assert!(matches!(run.code, 2 | 3), "{place}: {}", run.stderr);
            assert!(run.stderr.contains(file), "{place}: {}", run.stderr);
        }
    }
}

/// No image is to be seen at a place where a push failed.
#[track_caller]
pub(super) fn unseen(layout: &Path) {
    if let Ok(index) = std::fs::read(layout.join("index.json")) {
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        assert_eq!(index["manifests"], serde_json::json!([]), "{index:#}");
    }
}
