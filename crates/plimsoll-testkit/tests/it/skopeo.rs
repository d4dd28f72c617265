//! What skopeo takes for a registry is one.

use std::path::Path;
use std::time::Duration;

use plimsoll_testkit::command::{Outcome, Scrubbed};
use plimsoll_testkit::image::{Flavour, Image, ImageBuilder, Layer, Lie};
use plimsoll_testkit::registry::{Access, Credentials, Fault, FaultKind, Registry};

const SKOPEO: &str = "/usr/bin/skopeo";

/// Whether the tests with real clients are asked for; a client that is missing then is a failure.
fn asked_for() -> bool {
    let asked = std::env::var_os("PLIMSOLL_ENGINE_TESTS").is_some_and(|value| value == "1");
    if asked {
        assert!(
            Path::new(SKOPEO).exists(),
            "{SKOPEO} is missing: install skopeo"
        );
    } else {
        eprintln!("skipped: real clients are used with PLIMSOLL_ENGINE_TESTS=1 only");
    }
    asked
}

fn skopeo(words: &[&str]) -> Outcome {
    let mut scrubbed = Scrubbed::new(SKOPEO).unwrap();
    scrubbed.time_limit(Duration::from_secs(60));
    scrubbed
        .args(["--insecure-policy"].iter().chain(words))
        .run()
        .unwrap()
}

#[track_caller]
fn succeed(words: &[&str]) -> Outcome {
    let outcome = skopeo(words);
    assert_eq!(outcome.code(), Some(0), "{words:?}: {}", outcome.stderr);
    outcome
}

fn sample() -> Image {
    ImageBuilder::seeded(11, 3, 20)
        .layer(Layer::new().whiteout("f0").symlink("a", "b"))
        .user("1000")
        .build()
}

#[test]
fn an_image_goes_in_and_comes_out_unchanged() {
    if !asked_for() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let image = sample();
    let source = dir.path().join("source");
    let digest = image.write_layout(&source, "v1").unwrap();
    let source = format!("oci:{}:v1", source.display());
    let registry = Registry::start().unwrap();
    let there = format!("docker://{}", registry.reference("team/app", "v1"));
    let push = ["copy", "--dest-tls-verify=false", &source, &there];
    succeed(&push);
    assert_eq!(registry.tags("team/app")["v1"], digest);
    for (digest, bytes) in image.blobs() {
        assert_eq!(registry.blob("team/app", digest).as_deref(), Some(bytes));
    }
    assert_eq!(registry.unfinished_uploads(), 0);

    registry.clear_requests();
    succeed(&push);
    let sent = registry
        .requests()
        .iter()
        .filter(|request| request.path.contains("/uploads/"))
        .count();
    assert_eq!(sent, 0, "blobs that were there were sent again");

    let back = dir.path().join("back");
    let back = format!("oci:{}:v1", back.display());
    succeed(&["copy", "--src-tls-verify=false", &there, &back]);
    let inspected = succeed(&["inspect", &back]);
    assert!(
        inspected.stdout.contains(digest.as_str()),
        "{}",
        inspected.stdout
    );
    let tags = succeed(&[
        "list-tags",
        "--tls-verify=false",
        there.trim_end_matches(":v1"),
    ]);
    assert!(tags.stdout.contains("\"v1\""), "{}", tags.stdout);
}

#[test]
fn docker_archives_and_docker_media_types_are_taken() {
    if !asked_for() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("image.tar");
    sample()
        .write_docker_archive(&archive, "sample:v1")
        .unwrap();
    let registry = Registry::start().unwrap();
    let there = format!("docker://{}", registry.reference("app", "v1"));
    let archive = format!("docker-archive:{}", archive.display());
    succeed(&["copy", "--dest-tls-verify=false", &archive, &there]);

    let image = ImageBuilder::seeded(5, 1, 3)
        .flavour(Flavour::Docker)
        .build();
    image.into_registry(&registry, "seeded", "v1");
    let there = format!("docker://{}", registry.reference("seeded", "v1"));
    let back = format!("dir:{}", dir.path().join("back").display());
    succeed(&["copy", "--src-tls-verify=false", &there, &back]);
}

#[test]
fn credentials_are_exchanged() {
    if !asked_for() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    sample().write_layout(dir.path(), "v1").unwrap();
    let source = format!("oci:{}:v1", dir.path().display());
    let ada = Credentials::new("ada", "hunter2");
    let bearer = Access::Bearer {
        credentials: ada.clone(),
        anonymous_pull: false,
    };
    for access in [Access::Basic(ada), bearer] {
        let registry = Registry::start().unwrap();
        registry.set_access(access.clone());
        let there = format!("docker://{}", registry.reference("app", "v1"));
        let push = |credentials: &str| {
            let option = format!("--dest-creds={credentials}");
            skopeo(&["copy", "--dest-tls-verify=false", &option, &source, &there])
        };
        assert_ne!(push("ada:wrong").code(), Some(0));
        let pushed = push("ada:hunter2");
        assert_eq!(pushed.code(), Some(0), "{}", pushed.stderr);
        let asked = registry.token_requests();
        assert_eq!(asked.is_empty(), matches!(access, Access::Basic(_)));
    }
}

#[test]
fn a_spoilt_image_is_refused_by_a_careful_client() {
    if !asked_for() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pull = |registry: &Registry, name: &str| {
        let there = format!("docker://{}", registry.reference("app", "v1"));
        let back = format!("oci:{}:v1", dir.path().join(name).display());
        skopeo(&["copy", "--src-tls-verify=false", &there, &back])
    };
    let registry = Registry::start().unwrap();
    let lying = ImageBuilder::seeded(1, 1, 3)
        .lie(Lie::LayerDigest(0))
        .build();
    lying.into_registry(&registry, "app", "v1");
    assert_ne!(pull(&registry, "lie").code(), Some(0));

    sample().into_registry(&registry, "app", "v1");
    registry.inject(
        Fault::new(FaultKind::FlipByte(40))
            .method("GET")
            .path("/blobs/"),
    );
    assert_ne!(pull(&registry, "flip").code(), Some(0));
    registry.clear_faults();
    let fine = pull(&registry, "fine");
    assert_eq!(fine.code(), Some(0), "{}", fine.stderr);
}
