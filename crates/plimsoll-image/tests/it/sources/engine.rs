//! Images in an engine that is asked by its socket.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use plimsoll_image::{DocumentStore, Documents, resolve};
use plimsoll_model::Platform;

use super::*;

/// An engine with one image, `app:1`: Docker, or Podman where a version is given. Says `told` of it
/// without packing it; counts how often it packs it.
fn engine(
    socket: &Path,
    podman: Option<&'static str>,
    told: &str,
    archive: Vec<u8>,
) -> Arc<AtomicU64> {
    let listener = UnixListener::bind(socket).unwrap();
    let packed = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&packed);
    let told = told.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            let mut header = String::new();
            while reader.read_line(&mut header).unwrap() > 2 {
                header.clear();
            }
            let path = line.split(' ').nth(1).unwrap().to_owned();
            let prefix = podman.map_or("/images/".to_owned(), |version| {
                format!("/v{version}/libpod/images/")
            });
            let mut extra = String::new();
            let (status, body): (&str, &[u8]) = match path.strip_prefix(&prefix) {
                _ if path == "/_ping" => {
                    if let Some(version) = podman {
                        extra = format!("Libpod-API-Version: {version}\r\n");
                    }
                    ("200 OK", b"OK")
                }
                Some("app:1/json") => ("200 OK", told.as_bytes()),
                Some("app:1/exists") => ("204 No Content", b""),
                Some(path)
                    if path.starts_with("sha256:") && path.ends_with("/get")
                        || ["app:1/get", "app:1/get?format=docker-archive"].contains(&path) =>
                {
                    count.fetch_add(1, Ordering::Relaxed);
                    ("200 OK", &archive)
                }
                _ => ("404 Not Found", b"{\"message\":\"no such image\"}"),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{extra}\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body);
        }
    });
    packed
}

#[test]
fn engines_are_asked_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let layer = tar(&[("a", b"1")]);
    let manifest = r#"[{"Config":"c.json","RepoTags":["app:1"],"Layers":["l"]}]"#;
    let archive = archive(&[
        ("l", &layer),
        ("c.json", config("amd64", &[&layer]).as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let docker = folder.path().join("docker.sock");
    let podman = folder.path().join("podman.sock");
    engine(&docker, None, "{}", archive.clone());
    engine(&podman, Some("4.3.1"), "{}", archive);
    let at = |path: &Path| Some(format!("unix://{}", path.display()));
    let shown = |text: &str, access: &Access| {
        resolve(text, access)
            .map(|place| place.to_string())
            .map_err(|error| error.to_string())
    };
    let docker_only = Access {
        docker_host: at(&docker),
        ..nowhere()
    };
    let podman_only = Access {
        podman_host: at(&podman),
        ..nowhere()
    };
    let both = Access {
        podman_host: at(&podman),
        ..docker_only.clone()
    };
    assert_eq!(shown("app:1", &both).unwrap(), "docker:app:1");
    assert_eq!(shown("app:1", &podman_only).unwrap(), "podman:app:1");
    for (text, access) in [
        ("app:1", &both),
        ("docker:app:1", &both),
        ("podman:app:1", &both),
        ("app:1", &podman_only),
    ] {
        assert_eq!(names(&find(text, access).unwrap()), ["a"], "{text}");
    }
    let error = shown("app:2", &both).unwrap_err();
    let expected = format!(
        "(2) the Docker engine at {} does not have it; (3) Podman at {} does not have it",
        at(&docker).unwrap(),
        at(&podman).unwrap()
    );
    assert!(error.contains(&expected), "{error}");
    let error = find("podman:app:2", &both).unwrap_err().to_string();
    assert!(error.contains("has no such image"), "{error}");
    // What listens there is no Podman.
    let mixed = Access {
        podman_host: at(&docker),
        ..nowhere()
    };
    let error = find("podman:app:1", &mixed).unwrap_err().to_string();
    assert!(error.contains("is not a Podman"), "{error}");
}

#[test]
fn an_engine_that_has_another_platform_does_not_end_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let packed = |architecture: &str| {
        let layer = tar(&[(architecture, b"1")]);
        let manifest = r#"[{"Config":"c.json","RepoTags":["app:1"],"Layers":["l"]}]"#;
        archive(&[
            ("l", &layer),
            ("c.json", config(architecture, &[&layer]).as_bytes()),
            ("manifest.json", manifest.as_bytes()),
        ])
    };
    let docker = folder.path().join("docker.sock");
    let podman = folder.path().join("podman.sock");
    engine(&docker, None, "{}", packed("amd64"));
    engine(&podman, Some("4.3.1"), "{}", packed("arm64"));
    let access = |platform: &str| Access {
        docker_host: Some(format!("unix://{}", docker.display())),
        podman_host: Some(format!("unix://{}", podman.display())),
        platform: Platform::parse(platform),
        ..nowhere()
    };
    let image = find("app:1", &access("linux/amd64")).unwrap();
    assert_eq!(
        (image.name.as_str(), names(&image)),
        ("docker:app:1", vec!["amd64".to_owned()])
    );
    let image = find("app:1", &access("linux/arm64")).unwrap();
    assert_eq!(
        (image.name.as_str(), names(&image)),
        ("podman:app:1", vec!["arm64".to_owned()])
    );
    let error = find("app:1", &access("linux/s390x")).unwrap_err();
    assert!(matches!(error, ImageError::NotFound(_)), "{error}");
    for words in [
        "(2) docker:app:1: holds no image for linux/s390x; it has linux/amd64",
        "(3) podman:app:1: holds no image for linux/s390x; it has linux/arm64",
        "(4) registries are not asked while offline",
    ] {
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    // Who names the engine means it.
    let error = find("docker:app:1", &access("linux/arm64"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("docker:app:1: holds no image"), "{error}");
}

/// Keeps everything.
#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<String, Documents>>);

impl DocumentStore for Memory {
    fn documents(&self, key: &str) -> Option<Documents> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn keep_documents(&self, key: &str, documents: &Documents) {
        let mut all = self.0.lock().unwrap();
        all.insert(key.to_owned(), documents.clone());
    }
}

#[test]
fn an_engine_packs_what_is_known_only_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let layer = tar(&[("a", b"1")]);
    let config = config("amd64", &[&layer]);
    let manifest = r#"[{"Config":"c.json","RepoTags":null,"Layers":["l"]}]"#;
    let archive = archive(&[
        ("l", &layer),
        ("c.json", config.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let told = |id: &str, layer: &[u8]| {
        format!(
            r#"{{"Id":"{id}","RootFS":{{"Type":"layers","Layers":["{}"]}}}}"#,
            sha256(layer)
        )
    };
    let ours = sha256(config.as_bytes());
    let memory = Arc::new(Memory::default());
    let access = |socket: &Path| Access {
        docker_host: Some(format!("unix://{}", socket.display())),
        documents: Some(Arc::clone(&memory) as _),
        ..nowhere()
    };
    let at = |name: &str| folder.path().join(name);
    let packed = engine(
        &at("1"),
        None,
        &told(ours.as_str(), &layer),
        archive.clone(),
    );
    let first = find("docker:app:1", &access(&at("1"))).unwrap();
    assert_eq!(packed.load(Ordering::Relaxed), 1);
    let again = find("docker:app:1", &access(&at("1"))).unwrap();
    assert_eq!(packed.load(Ordering::Relaxed), 1, "it is known");
    assert_eq!(again.digest(), first.digest());
    assert_eq!(again.config_raw, first.config_raw);
    assert_eq!(again.name, first.name);
    assert_eq!(names(&again), ["a"]);
    assert_eq!(names(&again), ["a"]);
    assert_eq!(packed.load(Ordering::Relaxed), 2, "packed once to be read");
    let everywhere = Access {
        platform: Platform::parse("linux/amd64"),
        ..access(&at("1"))
    };
    find("docker:app:1", &everywhere).unwrap();
    assert_eq!(
        packed.load(Ordering::Relaxed),
        3,
        "nobody asked for this platform"
    );
    // An engine that says other things than what is known, or nothing at all.
    for (socket, told) in [("2", told(ours.as_str(), b"other")), ("3", "{}".to_owned())] {
        let packed = engine(&at(socket), None, &told, archive.clone());
        let image = find("docker:app:1", &access(&at(socket))).unwrap();
        assert_eq!(names(&image), ["a"]);
        assert_eq!(packed.load(Ordering::Relaxed), 1, "{told}");
    }
    // What was kept is damaged.
    for documents in memory.0.lock().unwrap().values_mut() {
        documents.config.pop();
    }
    find("docker:app:1", &access(&at("1"))).unwrap();
    assert_eq!(packed.load(Ordering::Relaxed), 4);
}
