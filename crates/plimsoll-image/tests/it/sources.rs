//! Images as the tools that people use leave them.

mod engine;
mod layouts;

use std::fs;
use std::io::{BufRead, Read as _};
use std::path::Path;

use plimsoll_image::{
    Access, Entry, Image, ImageError, LayerLimits, LayerReader, find, media_type, sha256, walk,
};

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
