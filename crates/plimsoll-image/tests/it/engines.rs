//! Other people's tools take what we write, and we what they write.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use plimsoll_image::{Access, Image, Referrer, destination, open, push};
use plimsoll_testkit::distribution::Distribution;

use crate::seed::{image, noise, tar};

/// Whether these tests are to run; one that is not says so past the harness's capture.
fn wanted(test: &str) -> bool {
    let wanted = std::env::var_os("PLIMSOLL_ENGINE_TESTS").is_some_and(|value| value == "1");
    if !wanted {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {test} needs docker, docker-registry and skopeo; PLIMSOLL_ENGINE_TESTS=1 runs it"
        );
    }
    wanted
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn docker(arguments: &[&str]) -> String {
    // Debian's own, which speaks the API of the engine beside it.
    run("/usr/bin/docker", arguments)
}

fn sample(folder: &Path) -> Image {
    image(
        &folder.join("layout"),
        "v1",
        &[
            tar(&[("hello", b"1")]),
            tar(&[("etc/b", &noise(2 << 20, 1))]),
        ],
    )
}

#[test]
fn a_real_registry_takes_and_gives_the_same_digest() {
    if !wanted("a_real_registry_takes_and_gives_the_same_digest") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let registry = Distribution::start(folder.path()).unwrap();
    let original = sample(folder.path());
    let name = format!("{}/team/app:v1", registry.host());
    let to = destination(&name).unwrap();
    let access = Access {
        docker_config: Some(folder.path().join("docker")),
        ..Access::default()
    };
    let paper = Referrer {
        artifact_type: "application/vnd.cyclonedx+json".to_owned(),
        media_type: "application/vnd.cyclonedx+json".to_owned(),
        bytes: b"{}\n".to_vec(),
        annotations: Vec::new(),
    };
    let send = || {
        push(
            &original,
            std::slice::from_ref(&paper),
            &to,
            &[],
            &access,
            &|_| {},
        )
        .unwrap()
    };
    let first = send();
    assert_eq!((first.sent, first.skipped), (5, 0));
    let second = send();
    assert_eq!((second.sent, second.skipped), (0, 5));
    assert_eq!(open(&to, &access).unwrap().digest(), original.digest());
    let seen = run(
        "skopeo",
        &[
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            &format!("docker://{name}"),
        ],
    );
    assert_eq!(seen.trim(), original.digest().as_str());
    let fallback = run(
        "skopeo",
        &[
            "inspect",
            "--tls-verify=false",
            "--raw",
            &format!(
                "docker://{}/team/app:sha256-{}",
                registry.host(),
                original.digest().hex()
            ),
        ],
    );
    assert!(
        fallback.contains("application/vnd.cyclonedx+json"),
        "{fallback}"
    );
    // And what another tool pushed there.
    let copied = format!("docker://{}/other:v1", registry.host());
    let layout = format!("oci:{}:v1", folder.path().join("layout").display());
    run(
        "skopeo",
        &[
            "copy",
            "--dest-tls-verify=false",
            "--preserve-digests",
            &layout,
            &copied,
        ],
    );
    let back = open(&destination(&copied).unwrap(), &access).unwrap();
    assert_eq!(back.digest(), original.digest());
}

/// Clear text is tried first on this machine; a registry may want TLS there, too.
#[test]
fn a_registry_that_speaks_tls_alone_is_spoken_to_so() {
    if !wanted("a_registry_that_speaks_tls_alone_is_spoken_to_so") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    fs::write(
        file("names"),
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    let openssl = |words: &str, files: &[(&str, &str)]| {
        let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        words.extend(
            files
                .iter()
                .flat_map(|(flag, name)| [(*flag).to_owned(), file(name)]),
        );
        run(
            "openssl",
            &words.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    };
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca",
        &[("-keyout", "ca.key"), ("-out", "ca.pem")],
    );
    openssl(
        "req -newkey rsa:2048 -nodes -subj /CN=server",
        &[("-keyout", "key.pem"), ("-out", "request")],
    );
    openssl(
        "x509 -req -set_serial 1 -days 2",
        &[
            ("-in", "request"),
            ("-CA", "ca.pem"),
            ("-CAkey", "ca.key"),
            ("-extfile", "names"),
            ("-out", "cert.pem"),
        ],
    );
    let [certificate, key] = ["cert.pem", "key.pem"].map(file);
    let registry =
        Distribution::start_secure(folder.path(), Path::new(&certificate), Path::new(&key))
            .unwrap();
    let original = sample(folder.path());
    let to = destination(&format!("{}/team/app:v1", registry.host())).unwrap();
    let strange = Access {
        docker_config: Some(folder.path().join("docker")),
        ..Access::default()
    };
    let access = Access {
        extra_ca: vec![file("ca.pem").into()],
        ..strange.clone()
    };
    push(&original, &[], &to, &[], &access, &|_| {}).unwrap();
    assert_eq!(open(&to, &access).unwrap().digest(), original.digest());
    let error = open(&to, &strange).unwrap_err().to_string();
    assert!(error.contains("SSL_CERT_FILE"), "{error}");
}

#[test]
fn skopeo_and_umoci_take_our_layout_and_archive() {
    if !wanted("skopeo_and_umoci_take_our_layout_and_archive") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let original = sample(folder.path());
    let layout = folder.path().join("layout").display().to_string();
    let seen = run(
        "skopeo",
        &[
            "inspect",
            "--format",
            "{{.Digest}}",
            &format!("oci:{layout}:v1"),
        ],
    );
    assert_eq!(seen.trim(), original.digest().as_str());
    let bundle = folder.path().join("bundle").display().to_string();
    run(
        "umoci",
        &[
            "unpack",
            "--rootless",
            "--image",
            &format!("{layout}:v1"),
            &bundle,
        ],
    );
    assert_eq!(
        fs::read(Path::new(&bundle).join("rootfs/hello")).unwrap(),
        b"1"
    );
    let archive = folder.path().join("app.tar").display().to_string();
    let to = destination(&format!("docker-archive:{archive}:app:v1")).unwrap();
    push(&original, &[], &to, &[], &Access::default(), &|_| {}).unwrap();
    let copy = folder.path().join("copy").display().to_string();
    run(
        "skopeo",
        &[
            "copy",
            &format!("docker-archive:{archive}:app:v1"),
            &format!("oci:{copy}:v1"),
        ],
    );
    run("skopeo", &["inspect", &format!("oci-archive:{archive}:v1")]);
}

#[test]
fn docker_takes_our_archive_and_gives_it_back() {
    if !wanted("docker_takes_our_archive_and_gives_it_back") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let original = sample(folder.path());
    let archive = folder.path().join("app.tar").display().to_string();
    let name = "plimsoll-test-archive:v1";
    let to = destination(&format!("docker-archive:{archive}:{name}")).unwrap();
    let access = Access::default();
    push(&original, &[], &to, &[], &access, &|_| {}).unwrap();
    docker(&["load", "--input", &archive]);
    let id = docker(&["image", "inspect", "--format", "{{.Id}}", name]);
    assert_eq!(id.trim(), original.manifest.config.digest.as_str());
    docker(&["image", "rm", name]);
    // The same through the engine's own door, and back out of it.
    let daemon = destination("docker:plimsoll-test-daemon:v1").unwrap();
    let loaded = push(
        &original,
        &[],
        &daemon,
        &["v2".to_owned()],
        &access,
        &|_| {},
    )
    .unwrap();
    assert_eq!(loaded.sent, 3);
    for name in [
        "docker:plimsoll-test-daemon:v1",
        "docker:plimsoll-test-daemon:v2",
    ] {
        let back = open(&destination(name).unwrap(), &access).unwrap();
        assert_eq!(back.config, original.config);
        assert_eq!(back.diff_ids, original.diff_ids);
    }
    docker(&[
        "image",
        "rm",
        "plimsoll-test-daemon:v1",
        "plimsoll-test-daemon:v2",
    ]);
}

#[test]
fn what_docker_imports_and_saves_is_read() {
    if !wanted("what_docker_imports_and_saves_is_read") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rootfs = folder.path().join("rootfs.tar");
    fs::write(&rootfs, tar(&[("etc/os-release", b"ID=test\n")])).unwrap();
    let name = "plimsoll-test-import:v1";
    docker(&[
        "import",
        "--change",
        "USER 7",
        &rootfs.display().to_string(),
        name,
    ]);
    let saved = folder.path().join("saved.tar").display().to_string();
    docker(&["save", "--output", &saved, name]);
    let access = Access::default();
    let from_archive = open(
        &destination(&format!("docker-archive:{saved}")).unwrap(),
        &access,
    )
    .unwrap();
    let from_engine = open(&plimsoll_image::resolve(name, &access).unwrap(), &access).unwrap();
    docker(&["image", "rm", name]);
    assert_eq!(from_archive.digest(), from_engine.digest());
    assert_eq!(from_archive.config.user, "7");
    let missing = open(
        &destination("docker:plimsoll-test-none:v1").unwrap(),
        &access,
    );
    assert!(missing.is_err());
}
