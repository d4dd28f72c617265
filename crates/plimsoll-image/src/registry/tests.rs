use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_model::ImageRef;
use plimsoll_testkit::registry::{Access as Door, Credentials, Fault, FaultKind, Registry};

use crate::seed::{image, noise, tar};
use crate::{
    Access, Image, ImageError, PushOutcome, Referrer, destination, media_type, open, push, sha256,
};

fn access(folder: &Path) -> Access {
    Access {
        docker_config: Some(folder.join("docker")),
        ..Access::default()
    }
}

/// An image of two layers, the second large enough to break in the middle.
fn sample(folder: &Path) -> Image {
    image(
        &folder.join("layout"),
        "v1",
        &[tar(&[("a", b"1")]), tar(&[("big", &noise(1 << 20, 7))])],
    )
}

fn send(image: &Image, to: &str, access: &Access) -> Result<PushOutcome, ImageError> {
    push(image, &[], &destination(to).unwrap(), &[], access, &|_| {})
}

fn fetch(from: &str, access: &Access) -> Result<Image, ImageError> {
    open(&destination(from).unwrap(), access)
}

/// Reads every blob to its end.
fn read_all(image: &Image) -> Result<u64, ImageError> {
    let mut sum = 0;
    for layer in &image.manifest.layers {
        let mut bytes = Vec::new();
        image
            .blobs
            .blob(layer)?
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::from_read("layer", error))?;
        sum += bytes.len() as u64;
    }
    Ok(sum)
}

struct Stage {
    folder: tempfile::TempDir,
    registry: Registry,
    image: Image,
    access: Access,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            image: sample(folder.path()),
            access: access(folder.path()),
            registry: Registry::start().unwrap(),
            folder,
        }
    }

    fn name(&self) -> String {
        self.registry.reference("team/app", "v1")
    }

    fn send(&self) -> Result<PushOutcome, ImageError> {
        send(&self.image, &self.name(), &self.access)
    }

    fn login(&self, auths: &str) {
        let folder = self.folder.path().join("docker");
        std::fs::create_dir_all(&folder).unwrap();
        let host = self.registry.host();
        std::fs::write(folder.join("config.json"), auths.replace("HOST", host)).unwrap();
    }
}

#[test]
fn there_and_back_with_the_same_digest() {
    let stage = Stage::new();
    let first = stage.send().unwrap();
    assert_eq!((first.sent, first.skipped), (3, 0));
    let second = stage.send().unwrap();
    assert_eq!((second.sent, second.skipped), (0, 3));
    assert_eq!(stage.registry.count("PUT", "/blobs/"), 3);
    let back = fetch(&stage.name(), &stage.access).unwrap();
    assert_eq!(back.digest(), stage.image.digest());
    assert_eq!(back.manifest.raw, stage.image.manifest.raw);
    read_all(&back).unwrap();
    // By digest too.
    let host = stage.registry.host();
    fetch(
        &format!("{host}/team/app@{}", stage.image.digest()),
        &stage.access,
    )
    .unwrap();
}

#[test]
fn a_blob_of_a_neighbour_is_mounted() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    stage.registry.clear_requests();
    let copied = send(
        &back,
        &stage.registry.reference("other/app", "v1"),
        &stage.access,
    )
    .unwrap();
    assert_eq!((copied.sent, copied.skipped), (0, 3));
    assert_eq!(stage.registry.count("PUT", "/blobs/"), 0);
}

#[test]
fn a_registry_that_does_not_mount_is_sent_the_blob() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage.registry.set_mount(false);
    let back = fetch(&stage.name(), &stage.access).unwrap();
    let copied = send(
        &back,
        &stage.registry.reference("other/app", "v1"),
        &stage.access,
    )
    .unwrap();
    assert_eq!((copied.sent, copied.skipped), (3, 0));
}

#[test]
fn what_passes_is_waited_for() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::Status(503),
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::TooManyRequests {
            retry_after: Some(0),
        },
        FaultKind::Close,
    ] {
        for (method, path) in [
            ("HEAD", "/blobs/"),
            ("POST", "/uploads/"),
            ("PUT", "/blobs/"),
            ("PUT", "/manifests/"),
            ("GET", "/manifests/"),
            ("GET", "/blobs/"),
        ] {
            let stage = Stage::new();
            let fault = Fault::new(kind.clone()).method(method).path(path).times(2);
            stage.registry.inject(fault);
            stage.send().unwrap();
            let back = fetch(&stage.name(), &stage.access).unwrap();
            read_all(&back).unwrap();
        }
    }
}

#[test]
fn retry_after_is_honoured() {
    let stage = Stage::new();
    stage.send().unwrap();
    let kind = FaultKind::TooManyRequests {
        retry_after: Some(1),
    };
    stage
        .registry
        .inject(Fault::new(kind).method("GET").path("/manifests/").times(1));
    let begun = Instant::now();
    fetch(&stage.name(), &stage.access).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_wait_beyond_patience_is_told_and_not_waited_for() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage.registry.clear_requests();
    let kind = FaultKind::TooManyRequests {
        retry_after: Some(86_400),
    };
    let fault = Fault::new(kind).method("GET").path("/manifests/");
    stage.registry.inject(fault);
    let error = fetch(&stage.name(), &stage.access).unwrap_err().to_string();
    assert!(
        error.contains("429") && error.contains("wait 86400 s"),
        "{error}"
    );
    assert_eq!(stage.registry.count("GET", "/manifests/"), 1);
}

#[test]
fn a_page_for_people_is_called_one() {
    let stage = Stage::new();
    stage.send().unwrap();
    let page = b"\n<!DOCTYPE html><html>Sign in</html>".to_vec();
    stage
        .registry
        .put_manifest("team/app", Some("page"), "text/html; charset=utf-8", page);
    let name = stage.registry.reference("team/app", "page");
    let error = fetch(&name, &stage.access).unwrap_err();
    assert!(matches!(error, ImageError::Unavailable(_)), "{error}");
    let error = error.to_string();
    assert!(
        error.contains("200 OK") && error.contains("text/html:"),
        "{error}"
    );
}

#[test]
fn what_does_not_pass_is_told_of() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage
        .registry
        .inject(Fault::new(FaultKind::Status(503)).path("/manifests/"));
    let error = fetch(&stage.name(), &stage.access).unwrap_err();
    assert!(matches!(error, ImageError::Unavailable(_)));
    assert!(error.to_string().contains("503"), "{error}");
    assert!(
        error.to_string().contains("given up after 5 tries"),
        "{error}"
    );
    stage.registry.clear_faults();
    stage
        .registry
        .inject(Fault::new(FaultKind::Status(403)).path("/manifests/"));
    assert!(matches!(
        fetch(&stage.name(), &stage.access),
        Err(ImageError::Denied(_))
    ));
    stage.registry.clear_faults();
    let nowhere = stage.registry.reference("no/such", "v1");
    assert!(matches!(
        fetch(&nowhere, &stage.access),
        Err(ImageError::NotFound(_))
    ));
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    let big = &back.manifest.layers[1];
    stage.registry.clear_requests();
    let fault = Fault::new(FaultKind::HangUpHalfway)
        .method("GET")
        .path(big.digest.hex());
    stage.registry.inject(fault.times(2));
    let mut bytes = Vec::new();
    back.blobs
        .blob(big)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(sha256(&bytes), big.digest);
    let ranges: Vec<_> = stage
        .registry
        .requests()
        .into_iter()
        .map(|request| request.range)
        .collect();
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[0], None);
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
}

#[test]
fn a_connection_that_always_breaks_is_given_up() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    stage.registry.inject(
        Fault::new(FaultKind::HangUpHalfway)
            .method("GET")
            .path("/blobs/"),
    );
    let error = read_all(&back).unwrap_err().to_string();
    assert!(error.contains("broke off after"), "{error}");
}

#[test]
fn silence_is_not_waited_out() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage
        .registry
        .inject(Fault::new(FaultKind::Hang).path("/manifests/"));
    let begun = Instant::now();
    let error = fetch(&stage.name(), &stage.access).unwrap_err();
    assert!(matches!(error, ImageError::Unavailable(_)));
    assert!(
        error.to_string().contains("given up after 2 tries"),
        "{error}"
    );
    let built_in = begun.elapsed();
    // A user's own patience.
    stage.registry.clear_requests();
    let mut access = stage.access.clone();
    access.silence = Some(Duration::from_millis(100));
    let begun = Instant::now();
    fetch(&stage.name(), &access).unwrap_err();
    assert!(begun.elapsed() < built_in, "{:?}", begun.elapsed());
    assert_eq!(stage.registry.count("GET", "/manifests/"), 2);
}

#[test]
fn a_registry_that_trickles_is_given_up() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    let trickle = Fault::new(FaultKind::TrickleHalfway);
    stage.registry.inject(trickle.method("GET").path("/blobs/"));
    let error = read_all(&back).unwrap_err();
    assert!(matches!(error, ImageError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("too slowly"), "{error}");
}

#[test]
fn a_blob_that_stalls_is_asked_for_once_more() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    let stall = || {
        Fault::new(FaultKind::StallHalfway)
            .method("GET")
            .path("/blobs/")
    };
    stage.registry.inject(stall().times(1));
    read_all(&back).unwrap();
    stage.registry.clear_faults();
    stage.registry.clear_requests();
    stage
        .registry
        .inject(Fault::new(FaultKind::Hang).method("GET").path("/blobs/"));
    assert!(matches!(read_all(&back), Err(ImageError::Unavailable(_))));
    assert_eq!(stage.registry.count("GET", "/blobs/"), 2);
}

#[test]
fn wrong_bytes_are_refused_and_not_asked_for_again() {
    let stage = Stage::new();
    stage.send().unwrap();
    let back = fetch(&stage.name(), &stage.access).unwrap();
    stage.registry.clear_requests();
    stage.registry.inject(
        Fault::new(FaultKind::FlipByte(3))
            .method("GET")
            .path("/blobs/"),
    );
    let error = read_all(&back).unwrap_err();
    assert!(matches!(error, ImageError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("holds other bytes"), "{error}");
    assert_eq!(stage.registry.count("GET", "/blobs/"), 1);
    stage.registry.clear_faults();
    let by_digest = format!(
        "{}/team/app@{}",
        stage.registry.host(),
        stage.image.digest()
    );
    stage.registry.inject(
        Fault::new(FaultKind::FlipByte(3))
            .method("GET")
            .path("/manifests/"),
    );
    for name in [by_digest, stage.name()] {
        let error = fetch(&name, &stage.access).unwrap_err();
        assert!(matches!(error, ImageError::Invalid { .. }), "{error}");
    }
}

#[test]
fn an_endless_answer_is_cut() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage.registry.inject(
        Fault::new(FaultKind::EndlessBody(64 << 20))
            .method("GET")
            .path("/manifests/"),
    );
    let error = fetch(&stage.name(), &stage.access).unwrap_err().to_string();
    assert!(error.contains("larger than 4 MiB"), "{error}");
}

#[test]
fn a_failed_push_leaves_no_tag() {
    let stage = Stage::new();
    stage.registry.inject(
        Fault::new(FaultKind::Status(500))
            .method("PUT")
            .path("/blobs/"),
    );
    assert!(stage.send().is_err());
    assert!(stage.registry.tags("team/app").is_empty());
}

#[test]
fn a_damaged_source_is_the_sources_fault() {
    let stage = Stage::new();
    let layer = &stage.image.manifest.layers[1];
    let path = stage
        .folder
        .path()
        .join("layout/blobs/sha256")
        .join(layer.digest.hex());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[500_000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let error = stage.send().unwrap_err().to_string();
    assert!(
        error.contains("oci:") && error.contains("holds other bytes"),
        "{error}"
    );
    assert!(stage.registry.tags("team/app").is_empty());
}

#[test]
fn a_redirect_elsewhere_carries_no_credentials() {
    let stage = Stage::new();
    stage
        .registry
        .set_access(Door::Basic(Credentials::new("me", "secret")));
    stage.login(r#"{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}"#);
    stage.send().unwrap();
    let store = Registry::start().unwrap();
    for layer in &stage.image.manifest.layers {
        let path = stage
            .folder
            .path()
            .join("layout/blobs/sha256")
            .join(layer.digest.hex());
        store.put_blob("team/app", std::fs::read(path).unwrap());
    }
    let back = fetch(&stage.name(), &stage.access).unwrap();
    stage.registry.inject(
        Fault::new(FaultKind::Redirect(store.url()))
            .method("GET")
            .path("/blobs/"),
    );
    read_all(&back).unwrap();
    let seen = store.requests();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|request| !request.has_authorization));
}

#[test]
fn redirects_end() {
    let stage = Stage::new();
    stage.send().unwrap();
    stage.registry.inject(
        Fault::new(FaultKind::Redirect(stage.registry.url()))
            .method("GET")
            .path("/manifests/"),
    );
    let error = fetch(&stage.name(), &stage.access).unwrap_err().to_string();
    assert!(error.contains("on and on"), "{error}");
}

#[test]
fn tokens_are_got_for_what_is_done() {
    let stage = Stage::new();
    stage.registry.set_access(Door::Bearer {
        credentials: Credentials::new("me", "secret"),
        anonymous_pull: false,
    });
    let error = stage.send().unwrap_err();
    assert!(matches!(error, ImageError::Denied(_)), "{error}");
    assert!(error.to_string().contains("docker login"), "{error}");
    stage.login(r#"{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}"#);
    stage.send().unwrap();
    let tokens = stage.registry.token_requests();
    assert!(tokens.last().unwrap().authenticated);
    assert_eq!(
        tokens.last().unwrap().scopes,
        ["repository:team/app:pull,push"]
    );
    let back = fetch(&stage.name(), &stage.access).unwrap();
    read_all(&back).unwrap();
    // A token that ran out is renewed.
    stage.registry.revoke_tokens();
    read_all(&back).unwrap();
    // Wrong ones are told of, without their value.
    stage.login(r#"{"auths":{"HOST":{"auth":"bWU6b3RoZXI="}}}"#);
    let error = stage.send().unwrap_err().to_string();
    assert!(error.contains("not accepted"), "{error}");
    assert!(!error.contains("other"), "{error}");
}

#[test]
fn an_identity_token_is_handed_in_for_one_that_pulls() {
    let stage = Stage::new();
    stage
        .registry
        .set_access(Door::Identity("refresh-me".to_owned()));
    stage.login(r#"{"auths":{"HOST":{"auth":"","identitytoken":"refresh-me"}}}"#);
    stage.send().unwrap();
    read_all(&fetch(&stage.name(), &stage.access).unwrap()).unwrap();
    let tokens = stage.registry.token_requests();
    assert!(tokens.iter().all(|token| token.authenticated), "{tokens:?}");
    assert_eq!(tokens[0].scopes, ["repository:team/app:pull,push"]);
    assert_eq!(tokens[0].service.as_deref(), Some("plimsoll-testkit"));

    stage.login(r#"{"auths":{"HOST":{"auth":"","identitytoken":"worn-out"}}}"#);
    let error = stage.send().unwrap_err().to_string();
    assert!(error.contains("not accepted"), "{error}");
    assert!(!error.contains("worn-out"), "{error}");
}

#[test]
fn a_token_service_in_clear_text_elsewhere_gets_nothing() {
    let stage = Stage::new();
    stage.registry.set_access(Door::Bearer {
        credentials: Credentials::new("me", "secret"),
        anonymous_pull: false,
    });
    stage.login(r#"{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}"#);
    stage
        .registry
        .set_token_realm("http://tokens.example/token");
    let error = stage.send().unwrap_err().to_string();
    assert!(error.contains("clear text"), "{error}");
}

#[test]
fn papers_are_found_by_the_list_and_by_the_tag() {
    let paper = |text: &str| Referrer {
        artifact_type: "application/vnd.cyclonedx+json".to_owned(),
        media_type: "application/vnd.cyclonedx+json".to_owned(),
        bytes: text.as_bytes().to_vec(),
        annotations: vec![
            ("org.example.b".to_owned(), "2".to_owned()),
            ("org.example.a".to_owned(), "1".to_owned()),
        ],
    };
    for listed in [true, false] {
        let stage = Stage::new();
        stage.registry.set_referrers_api(listed);
        let to = destination(&stage.name()).unwrap();
        let papers = [paper("one"), paper("two")];
        let first = push(
            &stage.image,
            &papers,
            &to,
            &["latest".to_owned()],
            &stage.access,
            &|_| {},
        )
        .unwrap();
        assert_eq!((first.sent, first.skipped), (6, 0));
        let again = push(&stage.image, &papers, &to, &[], &stage.access, &|_| {}).unwrap();
        assert_eq!((again.sent, again.skipped), (0, 6));
        let tag = format!("sha256-{}", stage.image.digest().hex());
        let fallback = stage.registry.manifest("team/app", &tag);
        assert_eq!(fallback.is_none(), listed);
        if let Some(index) = fallback {
            let text = String::from_utf8(index.bytes).unwrap();
            assert_eq!(
                text.matches("\"artifactType\":\"application/vnd.cyclonedx+json\"")
                    .count(),
                2,
                "{text}"
            );
            assert_eq!(text.matches("\"org.example.a\":\"1\"").count(), 2, "{text}");
        }
        let mut tags: Vec<_> = stage.registry.tags("team/app").into_keys().collect();
        tags.retain(|name| *name != tag);
        assert_eq!(tags, ["latest", "v1"]);
        let with_subject = stage
            .registry
            .manifests("team/app")
            .iter()
            .filter(|manifest| String::from_utf8_lossy(&manifest.bytes).contains("\"subject\""))
            .count();
        assert_eq!(with_subject, 2);
    }
}

#[test]
fn an_index_gives_the_wanted_platform() {
    let stage = Stage::new();
    stage.send().unwrap();
    let manifest = &stage.image.manifest.descriptor;
    let entry = |platform: &str| crate::Descriptor {
        platform: plimsoll_model::Platform::parse(platform),
        ..manifest.clone()
    };
    let index = crate::index_json(&[entry("linux/s390x"), entry("unknown/unknown")]);
    stage
        .registry
        .put_manifest("team/app", Some("multi"), media_type::OCI_INDEX, index);
    let name = stage.registry.reference("team/app", "multi");
    let error = fetch(&name, &stage.access).unwrap_err();
    assert!(
        matches!(error, ImageError::NotFound(_)) && error.to_string().contains("linux/s390x"),
        "{error}"
    );
    let access = Access {
        platform: plimsoll_model::Platform::parse("linux/s390x"),
        ..stage.access
    };
    assert_eq!(fetch(&name, &access).unwrap().digest(), &manifest.digest);
}

#[test]
fn another_digest_is_not_a_name_to_push_to() {
    let stage = Stage::new();
    let ImageRef::Registry(mut name) = destination(&stage.name()).unwrap() else {
        panic!("a registry")
    };
    name.digest = Some(sha256(b"another"));
    let error = push(
        &stage.image,
        &[],
        &ImageRef::Registry(name),
        &[],
        &stage.access,
        &|_| {},
    );
    assert!(matches!(error, Err(ImageError::Usage(_))));
}
