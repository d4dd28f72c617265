//! Registries that misbehave.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_testkit::image::{Image, ImageBuilder};
use plimsoll_testkit::registry::{Access, Credentials, Fault, FaultKind, Registry};

use super::images::unseen;
use super::{bounded, harmless, no_report};
use crate::stage::{Run, Stage, engine_tests};

struct Port {
    stage: Stage,
    registry: Registry,
    image: Image,
}

impl Port {
    fn new() -> Self {
        let registry = Registry::start().unwrap();
        let image = ImageBuilder::seeded(11, 2, 40).build();
        image.into_registry(&registry, "fleet/app", "1");
        Self {
            stage: Stage::new(),
            registry,
            image,
        }
    }

    fn with(fault: Fault) -> Self {
        let port = Self::new();
        port.registry.inject(fault);
        port
    }

    fn name(&self) -> String {
        format!("registry:{}", self.registry.reference("fleet/app", "1"))
    }

    fn target(&self) -> PathBuf {
        self.stage.root().join("out")
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = bounded(&mut self.stage.command(arguments));
        harmless(&run.stderr);
        run
    }

    fn inspect(&self) -> Run {
        self.run(&["inspect", &self.name(), "--format", "json"])
    }

    fn pull(&self) -> Run {
        let to = format!("oci:{}:1", self.target().display());
        self.run(&["push", &self.name(), &to])
    }

    fn push(&self) -> Run {
        let from = self.stage.root().join("from");
        self.image.write_layout(&from, "1").unwrap();
        let to = format!("registry:{}", self.registry.reference("fleet/new", "1"));
        self.run(&["push", &format!("oci:{}:1", from.display()), &to])
    }

    /// Fails with 3, names the registry and leaves nothing anywhere.
    #[track_caller]
    fn is_given_up(&self, words: &[&str]) {
        for run in [self.inspect(), self.pull()] {
            assert_eq!(run.code, 3, "{}", run.stderr);
            no_report(&run.stdout);
            for word in words.iter().chain([&self.registry.host()]) {
                assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
            }
        }
        unseen(&self.target());
        no_partial_blobs(&self.target());
    }
}

/// Every blob at the target is whole: its name is its digest.
#[track_caller]
fn no_partial_blobs(layout: &Path) {
    let Ok(blobs) = std::fs::read_dir(layout.join("blobs/sha256")) else {
        return;
    };
    for blob in blobs {
        let path = blob.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(plimsoll_image::sha256(&bytes).hex(), name);
    }
}

#[test]
fn half_a_blob_is_resumed() {
    let port = Port::with(
        Fault::new(FaultKind::HangUpHalfway)
            .path("/blobs/")
            .times(2),
    );
    let run = port.pull();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let resumed = port
        .registry
        .requests()
        .iter()
        .filter(|request| request.range.is_some())
        .count();
    assert_eq!(resumed, 2);
    no_partial_blobs(&port.target());
    let again = format!("oci:{}:1", port.target().display());
    assert_eq!(
        port.run(&["inspect", &again, "--format", "json"]).json()["image"]["digest"],
        port.image.digest().to_string()
    );
}

#[test]
fn a_busy_registry_is_asked_again_after_as_long_as_it_wants() {
    let busy = FaultKind::TooManyRequests {
        retry_after: Some(2),
    };
    let port = Port::with(Fault::new(busy).path("/blobs/").times(1));
    let began = Instant::now();
    let run = port.inspect();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(began.elapsed() >= Duration::from_secs(2));
}

#[test]
fn a_registry_that_stumbles_once_is_forgiven() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::Status(503),
        FaultKind::Close,
        FaultKind::HangUpHalfway,
        FaultKind::TooManyRequests { retry_after: None },
    ] {
        for place in ["/manifests/", "/blobs/"] {
            let port = Port::with(Fault::new(kind.clone()).path(place).times(1));
            let run = port.pull();
            assert_eq!(run.code, 0, "{kind:?} {place}: {}", run.stderr);
            let run = port.push();
            assert_eq!(run.code, 0, "{kind:?} {place}: {}", run.stderr);
        }
    }
}

#[test]
fn content_of_another_digest_is_refused() {
    for kind in [
        FaultKind::FlipByte(100),
        FaultKind::ReplaceBody(b"something else".to_vec()),
        FaultKind::ReplaceBody(Vec::new()),
    ] {
        Port::with(Fault::new(kind).method("GET").path("/blobs/")).is_given_up(&["blob sha256:"]);
    }
    let other = format!("sha256:{}", "0".repeat(64));
    Port::with(Fault::new(FaultKind::DigestHeader(other)).path("/manifests/")).is_given_up(&[]);
    for body in ["{}", "[]", "null", "", "not json", &"[".repeat(100_000)] {
        let port = Port::with(
            Fault::new(FaultKind::ReplaceBody(body.as_bytes().to_vec())).path("/manifests/"),
        );
        port.is_given_up(&[]);
    }
}

#[test]
fn a_manifest_asked_for_by_digest_is_that_one() {
    let port = Port::new();
    let other = ImageBuilder::seeded(12, 1, 1).build();
    port.registry
        .inject(Fault::new(FaultKind::ReplaceBody(other.manifest().to_vec())).path("/manifests/"));
    let name = format!(
        "registry:{}/fleet/app@{}",
        port.registry.host(),
        port.image.digest()
    );
    let run = port.run(&["inspect", &name]);
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn an_endless_body_ends() {
    Port::with(Fault::new(FaultKind::EndlessBody(1 << 30)).path("/manifests/")).is_given_up(&[]);
    Port::with(
        Fault::new(FaultKind::EndlessBody(1 << 30))
            .method("GET")
            .path("/blobs/"),
    )
    .is_given_up(&["blob sha256:"]);
}

#[test]
fn a_registry_that_never_recovers_is_given_up() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::Close,
        FaultKind::TooManyRequests {
            retry_after: Some(0),
        },
    ] {
        for place in ["/manifests/", "/blobs/"] {
            let fault = Fault::new(kind.clone()).path(place);
            Port::with(fault).is_given_up(&["given up after 5 tries"]);
        }
    }
    Port::with(Fault::new(FaultKind::HangUpHalfway).path("/blobs/")).is_given_up(&["given up"]);
}

#[test]
fn a_silent_registry_is_given_up() {
    // Five tries of half a minute each.
    if !engine_tests("a_silent_registry_is_given_up") {
        return;
    }
    let port = Port::with(Fault::new(FaultKind::Hang));
    let run = port.inspect();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains(port.registry.host()), "{}", run.stderr);
}

#[test]
fn a_redirect_to_nowhere_is_said() {
    let port = Port::new();
    let to = port.registry.url();
    let redirect = FaultKind::Redirect(to);
    port.registry.inject(Fault::new(redirect).path("/blobs/"));
    port.is_given_up(&["sends us on and on"]);
}

#[test]
fn a_failed_push_leaves_no_tag() {
    for (kind, method, place) in [
        (FaultKind::Status(500), "POST", "/blobs/uploads"),
        (FaultKind::Status(400), "PUT", "/blobs/uploads"),
        (FaultKind::Status(500), "PUT", "/manifests/"),
        (FaultKind::Status(400), "PUT", "/manifests/"),
    ] {
        let port = Port::with(Fault::new(kind.clone()).method(method).path(place));
        let run = port.push();
        let struck = port
            .registry
            .requests()
            .iter()
            .any(|request| request.method == method && request.path.contains(place));
        assert!(struck, "{kind:?} {method}: nothing was asked there");
        assert_eq!(run.code, 3, "{kind:?} {method}: {}", run.stderr);
        assert!(run.stderr.contains(port.registry.host()), "{}", run.stderr);
        assert!(
            port.registry.tags("fleet/new").is_empty(),
            "{kind:?} {method}"
        );
    }
}

#[test]
fn who_may_not_is_told_what_to_do() {
    let port = Port::new();
    port.registry
        .set_access(Access::Basic(Credentials::new("me", "the-right-password")));
    for run in [port.inspect(), port.pull(), port.push()] {
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("docker login"), "{}", run.stderr);
    }
    let docker = port.stage.root().join(".docker");
    std::fs::create_dir(&docker).unwrap();
    let configure = |password: &str| {
        let auth = Credentials::new("me", password).encoded();
        let config = serde_json::json!({"auths": {port.registry.host(): {"auth": auth}}});
        std::fs::write(docker.join("config.json"), config.to_string()).unwrap();
    };
    configure("the-wrong-password");
    for run in [port.inspect(), port.pull(), port.push()] {
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(
            run.stderr
                .contains("the stored credentials do not allow it"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("the-wrong-password"));
    }
    unseen(&port.target());
    configure("the-right-password");
    assert_eq!(port.inspect().code, 0);
    for broken in ["{", "[]", "\0\0", &"[".repeat(100_000)] {
        std::fs::write(docker.join("config.json"), broken).unwrap();
        let run = port.inspect();
        assert!(matches!(run.code, 2 | 3), "{}", run.stderr);
        assert!(run.stderr.contains("config.json"), "{}", run.stderr);
    }
}

#[test]
fn what_is_not_there_is_a_usage_error() {
    let port = Port::new();
    for name in ["fleet/app:2", "fleet/none:1"] {
        let name = format!("registry:{}/{name}", port.registry.host());
        let run = port.run(&["inspect", &name]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        let to = format!("oci:{}", port.target().display());
        let run = port.run(&["push", &name, &to]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        unseen(&port.target());
    }
    let closed = Registry::start().unwrap().host().to_owned();
    let run = port.run(&["inspect", &format!("registry:{closed}/a:1")]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains(&closed), "{}", run.stderr);
}

#[test]
fn a_registrys_words_do_not_reach_the_terminal() {
    let body =
        "{\"errors\":[{\"code\":\"X\\u001b]0;owned\\u0007\",\"message\":\"\\u001b[2J\\u202e\"}]}";
    let port = Port::with(
        Fault::new(FaultKind::ReplaceBody(body.as_bytes().to_vec())).path("/manifests/"),
    );
    let run = port.inspect();
    assert_eq!(run.code, 3, "{}", run.stderr);
}
