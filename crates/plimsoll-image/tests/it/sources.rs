//! Images as the tools that people use leave them.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use plimsoll_image::{
    Access, DocumentStore, Documents, Entry, Image, ImageError, LayerLimits, LayerReader, find,
    media_type, resolve, sha256, walk,
};
use plimsoll_model::Platform;

use crate::seed::{gzip, image_of, tar};

/// Nobody's engine answers, nobody's registry is asked.
fn nowhere() -> Access {
    Access {
        docker_host: Some("unix:///nonexistent/docker.sock".to_owned()),
        podman_host: Some("unix:///nonexistent/podman.sock".to_owned()),
        offline: true,
        ..Access::default()
    }
}

struct Names(Vec<String>);

impl LayerReader for Names {
    fn entry(&mut self, entry: &Entry, _: &mut dyn BufRead) -> Result<(), ImageError> {
        self.0.push(entry.path.clone());
        Ok(())
    }
}

/// For each layer its names, or what is wrong with it.
fn layers(image: &Image) -> Vec<Result<Vec<String>, String>> {
    let all: Vec<usize> = (0..image.manifest.layers.len()).collect();
    let walked = walk(image, LayerLimits::default(), &all, |_| Names(Vec::new())).unwrap();
    walked
        .into_iter()
        .map(|one| match one.outcome {
            Ok(_) => Ok(one.reader.0),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

fn names(image: &Image) -> Vec<String> {
    layers(image).into_iter().flat_map(Result::unwrap).collect()
}

fn config(architecture: &str, diff_ids: &[&[u8]]) -> String {
    let ids: Vec<String> = diff_ids
        .iter()
        .map(|layer| format!("\"{}\"", sha256(layer)))
        .collect();
    format!(
        r#"{{"architecture":"{architecture}","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
        ids.join(",")
    )
}

/// A tar of files and, behind ` -> `, links.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        if let Some((name, target)) = name.split_once(" -> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, name, target).unwrap();
        } else {
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn found(folder: &Path, name: &str, bytes: &[u8]) -> Image {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    find(&path.display().to_string(), &nowhere()).unwrap()
}

#[test]
fn archives_of_every_tool_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (tar(&[("one", b"1")]), tar(&[("two", b"2")]));
    let config = config("amd64", &[&one, &two]);
    let manifest = |config: &str, layers: [&str; 2]| {
        format!(
            r#"[{{"Config":"{config}","RepoTags":["app:1"],"Layers":["{}","{}"]}}]"#,
            layers[0], layers[1]
        )
    };
    // go-containerregistry (kaniko, bazel, ko): compressed layers, digests as names, no folder.
    let kaniko = manifest("sha256:abc", ["aa.tar.gz", "bb.tar.gz"]);
    let (gz_one, gz_two) = (gzip(&one), gzip(&two));
    let kaniko = archive(&[
        ("sha256:abc", config.as_bytes()),
        ("aa.tar.gz", &gz_one),
        ("bb.tar.gz", &gz_two),
        ("manifest.json", kaniko.as_bytes()),
    ]);
    // Podman and Skopeo: layers by diff id, the old names are links to them.
    let podman = manifest("c.json", ["aa.tar", "bb.tar"]);
    let podman = archive(&[
        ("aa.tar", &one),
        ("bb.tar", &two),
        ("old1/layer.tar -> ../aa.tar", b""),
        ("old2/layer.tar -> ../bb.tar", b""),
        ("c.json", config.as_bytes()),
        ("repositories", b"{}"),
        ("manifest.json", podman.as_bytes()),
    ]);
    // Docker before 25: a folder a layer, the names in it links to one another.
    let docker = manifest("c.json", ["old1/layer.tar", "old3/layer.tar"]);
    let docker = archive(&[
        ("old1/VERSION", b"1.0"),
        ("old1/json", b"{}"),
        ("old1/layer.tar", &one),
        ("old2/layer.tar", &two),
        ("old3/layer.tar -> ../old2/layer.tar", b""),
        ("./c.json", config.as_bytes()),
        ("manifest.json", docker.as_bytes()),
    ]);
    for (tool, bytes) in [("kaniko", kaniko), ("podman", podman), ("docker", docker)] {
        let zstd = zstd::encode_all(&bytes[..], 1).unwrap();
        for (ending, bytes) in [
            ("tar", bytes.clone()),
            ("tar.gz", gzip(&bytes)),
            ("bin", zstd),
        ] {
            let image = found(folder.path(), &format!("{tool}.{ending}"), &bytes);
            assert_eq!(names(&image), ["one", "two"], "{tool}.{ending}");
        }
    }
}

#[test]
fn one_of_several_images_is_called_by_name_number_or_id() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (tar(&[("one", b"1")]), tar(&[("two", b"2")]));
    let id = "c0ffee".repeat(10);
    let manifest = format!(
        r#"[{{"Config":"a.json","RepoTags":["app:1"],"Layers":["a"]}},{{"Config":"{id}.json","RepoTags":null,"Layers":["b"]}}]"#
    );
    let path = folder.path().join("both.tar");
    let bytes = archive(&[
        ("a", &one),
        ("b", &two),
        ("a.json", config("amd64", &[&one]).as_bytes()),
        (&format!("{id}.json"), config("amd64", &[&two]).as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ]);
    fs::write(&path, bytes).unwrap();
    let open = |reference: &str| {
        let name = format!("{}{reference}", path.display());
        find(&name, &nowhere())
            .map(|image| names(&image))
            .map_err(|error| error.to_string())
    };
    for (reference, expected) in [
        (":app:1", "one"),
        (":docker.io/library/app:1", "one"),
        (":@0", "one"),
        (":@1", "two"),
        (&format!(":{}", &id[..12]), "two"),
        (&format!(":sha256:{id}"), "two"),
    ] {
        assert_eq!(open(reference).unwrap(), [expected], "{reference}");
    }
    for (reference, words) in [
        ("", "holds 2 images"),
        (":@2", "it has app:1"),
        (":c0ffee", "no image"),
    ] {
        let error = open(reference).unwrap_err();
        assert!(error.contains(words), "{reference}: {error}");
    }
}

#[test]
fn what_is_no_image_says_what_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, words) in [
        (
            "export.tar",
            tar(&[("etc/passwd", b""), ("usr/x", b"")]),
            "say `rootfs:",
        ),
        (
            "ancient.tar",
            tar(&[("repositories", b"{}")]),
            "Docker 1.10",
        ),
        (
            "packed.tar",
            tar(&[("image/oci-layout", b"{}")]),
            "its folder `image`",
        ),
        ("other.tar", tar(&[("x", b"")]), "no `manifest.json`"),
        ("empty.tar", Vec::new(), "it is empty"),
        ("a.tar.xz", b"\xfd7zXZ\0\0\0".to_vec(), "compressed with xz"),
        ("x.txt", vec![b'x'; 700], "is neither"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = find(&path.display().to_string(), &nowhere()).unwrap_err();
        assert!(matches!(error, ImageError::Usage(_)), "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
    let zeros = zstd::encode_all(std::io::repeat(0).take(80 << 20), 1).unwrap();
    let path = folder.path().join("bomb.tar.zst");
    fs::write(&path, zeros).unwrap();
    let error = find(&path.display().to_string(), &nowhere()).unwrap_err();
    assert!(error.to_string().contains("is a bomb"), "{error}");
}

#[test]
fn layers_of_every_kind_are_walked() {
    let folder = tempfile::tempdir().unwrap();
    let plain = tar(&[("plain", b"1")]);
    let chunked = tar(&[("chunked", &[7; 5000])]);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"toc"].concat();
    let frame = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let (head, tail) = chunked.split_at(700);
    let frames = [skippable.clone(), frame(head), frame(tail), skippable].concat();
    let empty = vec![0; 1024];
    let image = image_of(
        folder.path(),
        "v1",
        vec![
            (media_type::OCI_LAYER, plain.clone(), sha256(&plain)),
            (media_type::OCI_LAYER_ZSTD, frames, sha256(&chunked)),
            (media_type::OCI_LAYER_GZIP, gzip(&empty), sha256(&empty)),
            (media_type::OCI_LAYER, Vec::new(), sha256(b"")),
            (media_type::OCI_LAYER_GZIP, gzip(b""), sha256(b"")),
        ],
    );
    assert_eq!(names(&image), ["plain", "chunked"]);
}

#[test]
fn a_foreign_layer_is_never_fetched_and_said_not_to_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (tar(&[("ours", b"1")]), tar(&[("theirs", b"2")]));
    let root = folder.path().join("layout");
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let image = image_of(
        &root,
        "v1",
        vec![
            (foreign, gzip(&theirs), sha256(&theirs)),
            (media_type::OCI_LAYER, ours.clone(), sha256(&ours)),
        ],
    );
    // With urls, and without the blob, as everybody ships it.
    let blob = |hex: &str| root.join("blobs/sha256").join(hex);
    let raw = String::from_utf8(image.manifest.raw.to_vec()).unwrap();
    let layer = image.manifest.layers[0].digest.clone();
    fs::remove_file(blob(layer.hex())).unwrap();
    let told = format!(r#""digest":"{layer}""#);
    let raw = raw.replace(
        &told,
        &format!(r#"{told},"urls":["http://127.0.0.1:1/secret"]"#),
    );
    fs::write(blob(sha256(raw.as_bytes()).hex()), &raw).unwrap();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{}}}]}}"#,
        media_type::OCI_MANIFEST,
        sha256(raw.as_bytes()),
        raw.len()
    );
    fs::write(root.join("index.json"), index).unwrap();
    let image = find(&root.display().to_string(), &nowhere()).unwrap();
    let walked = layers(&image);
    let why = walked[0].as_ref().unwrap_err();
    assert!(
        why.contains("not looked at, nor fetched from http://127.0.0.1:1"),
        "{why}"
    );
    assert_eq!(walked[1].as_ref().unwrap(), &["ours"]);
}

#[test]
fn a_layer_that_cannot_be_read_says_why_and_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let plain = tar(&[("plain", b"1")]);
    let encrypted = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
    let signature = "application/vnd.dev.cosign.simplesigning.v1+json";
    let nydus = "application/vnd.oci.image.layer.nydus.blob.v1";
    let xz = b"\xfd7zXZ\0\0\0";
    let image = image_of(
        folder.path(),
        "v1",
        vec![
            (encrypted, gzip(&plain), sha256(&plain)),
            (media_type::OCI_LAYER, xz.to_vec(), sha256(&plain)),
            (media_type::OCI_LAYER, plain.clone(), sha256(&plain)),
            (signature, b"{}".to_vec(), sha256(b"{}")),
            (nydus, gzip(&plain), sha256(&plain)),
            ("application/octet-stream", plain.clone(), sha256(&plain)),
        ],
    );
    let walked = layers(&image);
    assert!(walked[0].as_ref().unwrap_err().contains("is encrypted"));
    for (at, kind) in [(3, signature), (4, nydus)] {
        let why = walked[at].as_ref().unwrap_err();
        assert!(why.contains(&format!("is of type {kind}, which")), "{why}");
    }
    assert_eq!(walked[5].as_ref().unwrap(), &["plain"]);
    assert!(
        walked[1]
            .as_ref()
            .unwrap_err()
            .contains("compressed with xz")
    );
    assert_eq!(walked[2].as_ref().unwrap(), &["plain"]);
}

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
fn a_tar_of_a_root_file_system_is_told_how_to_be_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, files) in [
        (
            "small.tar",
            &[("etc/os-release", &b""[..]), ("var/lib/dpkg/status", b"")][..],
        ),
        ("busybox.tar", &[("bin/sh", b""), ("etc/passwd", b"")]),
        ("odd.tar", &[("app", b"")]),
    ] {
        let path = folder.path().join(name);
        for bytes in [archive(files), gzip(&archive(files))] {
            fs::write(&path, bytes).unwrap();
            let error = find(&path.display().to_string(), &nowhere())
                .unwrap_err()
                .to_string();
            let hint = format!("rootfs:{}`", path.display());
            assert!(error.contains(&hint), "{error}");
        }
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

#[test]
fn a_folder_as_skopeo_writes_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let layer = tar(&[("a", b"1")]);
    let image = image_of(
        &layout,
        "v1",
        vec![(media_type::OCI_LAYER, layer.clone(), sha256(&layer))],
    );
    let flat = folder.path().join("flat");
    fs::create_dir(&flat).unwrap();
    for blob in image.manifest.layers.iter().chain([&image.manifest.config]) {
        let from = layout.join("blobs/sha256").join(blob.digest.hex());
        fs::copy(from, flat.join(blob.digest.hex())).unwrap();
    }
    fs::write(flat.join("manifest.json"), &image.manifest.raw).unwrap();
    fs::write(flat.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    for text in [
        flat.display().to_string(),
        format!("dir:{}", flat.display()),
    ] {
        let again = find(&text, &nowhere()).unwrap();
        assert_eq!(again.digest(), image.digest());
        assert_eq!(names(&again), ["a"]);
    }
    fs::write(flat.join(image.manifest.layers[0].digest.hex()), "other").unwrap();
    let again = find(&flat.display().to_string(), &nowhere()).unwrap();
    assert!(layers(&again)[0].is_err());
}

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

proptest::proptest! {
    /// Whatever lies in an archive, it is an image or an error.
    #[test]
    fn any_archive_is_an_image_or_an_error(
        at in 0_usize..6000,
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..40),
        cut in 0_usize..8000,
        pack in 0_u8..3,
    ) {
        let layer = tar(&[("a", b"1")]);
        let manifest = r#"[{"Config":"c.json","RepoTags":["app:1"],"Layers":["l"]}]"#;
        let mut archive = archive(&[
            ("manifest.json", manifest.as_bytes()),
            ("c.json", config("amd64", &[&layer]).as_bytes()),
            ("l", &layer),
        ]);
        let end = (at + bytes.len()).min(archive.len());
        if at < end {
            archive[at..end].copy_from_slice(&bytes[..end - at]);
        }
        archive.truncate(cut);
        let archive = match pack {
            0 => archive,
            1 => gzip(&archive),
            _ => zstd::encode_all(&archive[..], 1).unwrap(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        fs::write(&path, archive).unwrap();
        for prefix in ["", "oci-archive:", "docker-archive:", "rootfs:"] {
            if let Ok(image) = find(&format!("{prefix}{}", path.display()), &nowhere()) {
                let _ = layers(&image);
            }
        }
    }
}
