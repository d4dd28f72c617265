//! OCI layouts: which of several images is meant, by platform and by name.

use plimsoll_model::Platform;

use super::*;

/// A layout whose index has these entries: manifests for a platform, by the architecture.
fn flat_layout(root: &Path, name: Option<&str>, nested: bool) {
    let mut entries = Vec::new();
    let put = |bytes: &[u8]| {
        let digest = sha256(bytes);
        let path = root.join("blobs/sha256");
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(digest.hex()), bytes).unwrap();
        format!(r#""digest":"{digest}","size":{}"#, bytes.len())
    };
    for architecture in ["amd64", "arm64", "unknown"] {
        let layer = tar(&[(architecture, b"")]);
        let config = put(config(architecture, &[&layer]).as_bytes());
        let layer = put(&layer);
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}",{config}}},"layers":[{{"mediaType":"{}",{layer}}}]}}"#,
            media_type::OCI_MANIFEST,
            media_type::OCI_CONFIG,
            media_type::OCI_LAYER
        );
        let manifest = put(manifest.as_bytes());
        let os = if architecture == "unknown" {
            architecture
        } else {
            "linux"
        };
        let name = name.map_or(String::new(), |name| {
            format!(r#","annotations":{{"org.opencontainers.image.ref.name":"{name}"}}"#)
        });
        entries.push(format!(
            r#"{{"mediaType":"{}",{manifest},"platform":{{"os":"{os}","architecture":"{architecture}"}}{name}}}"#,
            media_type::OCI_MANIFEST
        ));
    }
    let mut index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        entries.join(",")
    );
    if nested {
        let inner = put(index.as_bytes());
        index = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}",{inner}}}]}}"#,
            media_type::OCI_INDEX
        );
    }
    fs::write(root.join("index.json"), index).unwrap();
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

#[test]
fn platforms_are_chosen_and_attestations_passed_over_wherever_they_stand() {
    for (name, nested) in [(None, false), (None, true), (Some("v1"), false)] {
        let folder = tempfile::tempdir().unwrap();
        flat_layout(folder.path(), name, nested);
        let mut texts = vec![folder.path().display().to_string()];
        texts.extend(name.map(|name| format!("{}:{name}", folder.path().display())));
        for text in &texts {
            for architecture in ["amd64", "arm64"] {
                let access = Access {
                    platform: Platform::parse(&format!("linux/{architecture}")),
                    ..nowhere()
                };
                let image = find(text, &access).unwrap();
                assert_eq!(names(&image), [architecture], "{text}");
                image
                    .require_platform(access.platform.as_ref().unwrap())
                    .unwrap();
                let other = Platform::parse("linux/s390x").unwrap();
                let error = image.require_platform(&other).unwrap_err().to_string();
                assert!(
                    error.ends_with(&format!("it has linux/{architecture}")),
                    "{error}"
                );
            }
            let access = Access {
                platform: Platform::parse("linux/s390x"),
                ..nowhere()
            };
            let error = find(text, &access).unwrap_err().to_string();
            assert!(
                error.contains("it has linux/amd64, linux/arm64:"),
                "{error}"
            );
        }
    }
}

/// A layout with these entries in its index: what lies behind them is an image for amd64, or an
/// artifact where a type is given.
fn entries_layout(root: &Path, entries: &[(&str, &str, Option<&str>)]) -> Vec<String> {
    let mut digests = Vec::new();
    let mut listed = Vec::new();
    let put = |bytes: &[u8]| {
        let digest = sha256(bytes);
        let path = root.join("blobs/sha256");
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(digest.hex()), bytes).unwrap();
        (digest.to_string(), bytes.len())
    };
    for (name, annotations, artifact) in entries {
        let layer = tar(&[(name, b"")]);
        let (config, kind) = match artifact {
            Some(kind) => (put(b"{}"), *kind),
            None => (
                put(config("amd64", &[&layer]).as_bytes()),
                media_type::OCI_CONFIG,
            ),
        };
        let layer = put(&layer);
        let (digest, size) = put(format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{kind}","digest":"{}","size":{}}},"layers":[{{"mediaType":"{}","digest":"{}","size":{}}}]}}"#,
            media_type::OCI_MANIFEST, config.0, config.1, media_type::OCI_LAYER, layer.0, layer.1
        ).as_bytes());
        listed.push(format!(
            r#"{{"mediaType":"{}","digest":"{digest}","size":{size},"annotations":{{{annotations}}}}}"#,
            media_type::OCI_MANIFEST
        ));
        digests.push(digest);
    }
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        listed.join(",")
    );
    fs::write(root.join("index.json"), index).unwrap();
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digests
}

#[test]
fn containerds_names_in_a_layout_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let called = |name: &str, tag: &str| {
        format!(
            r#""io.containerd.image.name":"{name}:{tag}","org.opencontainers.image.ref.name":"{tag}""#
        )
    };
    let (foo, bar) = (
        called("docker.io/library/foo", "1.2"),
        called("ghcr.io/a/bar", "1.2"),
    );
    let other = called("localhost:5000/other", "3");
    let digests = entries_layout(
        folder.path(),
        &[
            ("foo", &foo, None),
            ("bar", &bar, None),
            ("other", &other, None),
        ],
    );
    let root = folder.path().display();
    for (text, expected) in [
        ("docker.io/library/foo:1.2", "foo"),
        ("foo:1.2", "foo"),
        ("ghcr.io/a/bar:1.2", "bar"),
        ("localhost:5000/other:3", "other"),
        ("3", "other"),
    ] {
        for prefix in ["oci:", ""] {
            let image = find(&format!("{prefix}{root}:{text}"), &nowhere()).unwrap();
            assert_eq!(names(&image), [expected], "{prefix} {text}");
        }
    }
    let image = find(&format!("oci:{root}:foo:1.2@{}", digests[1]), &nowhere()).unwrap();
    assert_eq!(names(&image), ["bar"]);
    for text in ["1.2", "nope:1"] {
        let error = find(&format!("oci:{root}:{text}"), &nowhere())
            .unwrap_err()
            .to_string();
        assert!(error.contains("docker.io/library/foo:1.2"), "{error}");
    }
}

#[test]
fn a_name_that_several_images_go_by_is_no_name() {
    let called = |name: &str| format!(r#""org.opencontainers.image.ref.name":"{name}""#);
    let (y, z) = (called("docker.io/x/y:tag"), called("docker.io/x/z:tag"));
    let latest = called("latest");
    let layout = |entries: &[(&str, &str, Option<&str>)]| {
        let folder = tempfile::tempdir().unwrap();
        let digests = entries_layout(folder.path(), entries);
        (folder, digests)
    };
    let open = |folder: &Path, text: &str| {
        find(&format!("oci:{}{text}", folder.display()), &nowhere())
            .map(|image| names(&image))
            .map_err(|error| error.to_string())
    };
    let (folder, digests) = layout(&[("y", &y, None), ("z", &z, None)]);
    let error = open(folder.path(), ":tag").unwrap_err();
    assert!(error.contains("holds 2 images called `tag`"), "{error}");
    for told in ["docker.io/x/z:tag", digests[1].as_str()] {
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(open(folder.path(), ":docker.io/x/z:tag").unwrap(), ["z"]);
    assert_eq!(open(folder.path(), ":x/y:tag").unwrap(), ["y"]);
    let (folder, digests) = layout(&[("a", &latest, None), ("b", &latest, None)]);
    let error = open(folder.path(), ":latest").unwrap_err();
    assert!(error.contains("holds 2 images called `latest`"), "{error}");
    assert_eq!(
        open(folder.path(), &format!("@{}", digests[1])).unwrap(),
        ["b"]
    );
    // What is called just so goes before what ends so, and one image twice is one.
    let (folder, _) = layout(&[
        ("y", &called("docker.io/x/y:latest"), None),
        ("a", &latest, None),
    ]);
    assert_eq!(open(folder.path(), ":latest").unwrap(), ["a"]);
    let (folder, _) = layout(&[("y", &y, None), ("y", &z, None)]);
    assert_eq!(open(folder.path(), ":tag").unwrap(), ["y"]);
}

#[test]
fn a_layout_of_artifacts_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (helm, wasm) = (
        "application/vnd.cncf.helm.config.v1+json",
        "application/x-wasm",
    );
    for (entries, told) in [
        (
            &[("a", "", Some(helm))][..],
            format!("holds no image but an artifact of type {helm}"),
        ),
        (
            &[("a", "", Some(helm)), ("b", "", Some(wasm))],
            format!("the types {helm}, {wasm}"),
        ),
    ] {
        entries_layout(folder.path(), entries);
        let error = find(&format!("oci:{}", folder.path().display()), &nowhere());
        let error = error.unwrap_err().to_string();
        assert!(error.ends_with(&told), "{error}");
    }
}

#[test]
fn an_archive_around_a_layout_of_several_platforms_gives_each() {
    let folder = tempfile::tempdir().unwrap();
    flat_layout(folder.path(), None, true);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", folder.path()).unwrap();
    let config = sha256(config("amd64", &[&tar(&[("amd64", b"")])]).as_bytes());
    let layer = sha256(&tar(&[("amd64", b"")]));
    let manifest = format!(
        r#"[{{"Config":"blobs/sha256/{}","RepoTags":["app:1"],"Layers":["blobs/sha256/{}"]}}]"#,
        config.hex(),
        layer.hex()
    );
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    builder
        .append_data(&mut header, "manifest.json", manifest.as_bytes())
        .unwrap();
    let path = folder.path().join("save.tar");
    fs::write(&path, builder.into_inner().unwrap()).unwrap();
    for (wanted, expected) in [(None, "amd64"), (Some("linux/arm64"), "arm64")] {
        let access = Access {
            platform: wanted.and_then(Platform::parse),
            ..nowhere()
        };
        let image = find(&path.display().to_string(), &access).unwrap();
        assert_eq!(names(&image), [expected]);
    }
}
