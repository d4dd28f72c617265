//! Archives, ours and those of old engines.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use plimsoll_image::{Access, Image, ImageError, LayerLimits, open, push, resolve, sha256};
use plimsoll_model::ImageRef;

use crate::seed::{gzip, image, noise, tar};

fn sample(folder: &Path) -> Image {
    image(
        &folder.join("layout"),
        "v1",
        &[tar(&[("a", b"1")]), tar(&[("b", &noise(50_000, 1))])],
    )
}

fn read_all(image: &Image) {
    for index in 0..image.manifest.layers.len() {
        let mut bytes = Vec::new();
        image
            .layer(index, LayerLimits::default())
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
    }
}

fn place(text: &str) -> ImageRef {
    resolve(text, &Access::default()).unwrap()
}

#[test]
fn the_digest_survives_every_place() {
    let folder = tempfile::tempdir().unwrap();
    let original = sample(folder.path());
    let access = Access::default();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let archive = format!("docker-archive:{}", at("app.tar"));
    let layout = format!("oci:{}:v2", at("copy"));
    for text in [&archive, &layout] {
        let to = plimsoll_image::destination(text).unwrap();
        push(&original, &[], &to, &["extra".to_owned()], &access, &|_| {}).unwrap();
    }
    // An archive is an OCI layout too, a compressed archive is an archive, and names are optional.
    fs::write(at("app.tar.gz"), gzip(&fs::read(at("app.tar")).unwrap())).unwrap();
    for text in [
        archive.clone(),
        format!("{archive}:app:extra"),
        layout.clone(),
        format!("oci:{}:extra", at("copy")),
        format!("oci:{}:extra", at("app.tar")),
        format!("oci:{}@{}", at("copy"), original.digest()),
        at("app.tar"),
        at("app.tar.gz"),
    ] {
        let image = open(&place(&text), &access).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(image.digest(), original.digest(), "{text}");
        read_all(&image);
    }
    let again = folder.path().join("again.tar");
    let to = plimsoll_image::destination(&format!("docker-archive:{}", again.display())).unwrap();
    push(&original, &[], &to, &[], &access, &|_| {}).unwrap();
    let first = fs::read(&again).unwrap();
    push(&original, &[], &to, &[], &access, &|_| {}).unwrap();
    assert_eq!(first, fs::read(&again).unwrap());
}

/// What an engine before version 25 saves, the second layer a link to the first.
fn old_archive(path: &Path, layer: &[u8], diff_id: &str) {
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{"Env":null}},"rootfs":{{"type":"layers","diff_ids":["{diff_id}","{diff_id}"]}}}}"#
    );
    let manifest = r#"[{"Config":"c.json","RepoTags":["app:latest","app:1"],"Layers":["one/layer.tar","two/layer.tar"]}]"#;
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [
        ("one/layer.tar", layer),
        ("c.json", config.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    }
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder
        .append_link(&mut header, "two/layer.tar", "../one/layer.tar")
        .unwrap();
    fs::write(path, builder.into_inner().unwrap()).unwrap();
}

#[test]
fn old_archives_get_a_manifest_that_does_not_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.tar");
    let layer = tar(&[("a", b"1")]);
    let diff_id = sha256(&layer);
    let mut digests = Vec::new();
    for bytes in [layer.clone(), gzip(&layer)] {
        old_archive(&path, &bytes, diff_id.as_str());
        for reference in [
            None,
            Some("app"),
            Some("app:1"),
            Some("docker.io/library/app:latest"),
        ] {
            let image = open(
                &ImageRef::Archive {
                    path: path.display().to_string(),
                    reference: reference.map(str::to_owned),
                },
                &Access::default(),
            )
            .unwrap();
            read_all(&image);
            digests.push(image.digest().clone());
        }
        let missing = format!("docker-archive:{}:other:1", path.display());
        let error = open(&place(&missing), &Access::default()).unwrap_err();
        assert!(error.to_string().contains("app:latest"), "{error}");
    }
    assert!(digests[..4].iter().all(|digest| *digest == digests[0]));
    assert_ne!(digests[0], digests[4], "other bytes, another image");
}

#[test]
fn hostile_archives_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    let layer = tar(&[("a", b"1")]);
    old_archive(&path, &layer, sha256(b"other").as_str());
    let image = open(&place(&path.display().to_string()), &Access::default()).unwrap();
    let error = image
        .layer(0, LayerLimits::default())
        .and_then(|mut stream| {
            std::io::copy(&mut stream, &mut std::io::sink())
                .map_err(|error| ImageError::from_read("x", error))
        });
    assert!(matches!(error, Err(ImageError::Invalid { .. })));
    for manifest in [
        "{}",
        r#"[{"Config":"../../../etc/passwd","Layers":[]}]"#,
        r#"[{"Config":"/etc/passwd","Layers":[]}]"#,
        r#"[{"Config":"manifest.json","Layers":["a"]}]"#,
        "[]",
    ] {
        fs::write(&path, tar(&[("manifest.json", manifest.as_bytes())])).unwrap();
        let error = open(&place(&path.display().to_string()), &Access::default()).unwrap_err();
        assert!(error.to_string().contains("x.tar"), "{error}");
    }
    fs::write(&path, "no tar at all").unwrap();
    assert!(matches!(
        resolve(&path.display().to_string(), &Access::default()),
        Err(ImageError::Usage(_))
    ));
}

/// Each document of a packed layout is looked at once, however often an index lists it, or itself.
#[test]
fn an_index_that_lists_itself_ends() {
    let folder = tempfile::tempdir().unwrap();
    let layer = tar(&[("a", b"1")]);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        sha256(&layer)
    );
    let itself = "a".repeat(64);
    let entry = format!(r#"{{"digest":"sha256:{itself}","size":9}}"#);
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        vec![entry; 20_000].join(",")
    );
    let name = format!("{}.json", sha256(config.as_bytes()).hex());
    let listed = format!(r#"[{{"Config":"{name}","RepoTags":null,"Layers":["l/layer.tar"]}}]"#);
    let bytes = tar(&[
        (&name, config.as_bytes()),
        ("l/layer.tar", &layer),
        ("index.json", index.as_bytes()),
        (&format!("blobs/sha256/{itself}"), index.as_bytes()),
        ("manifest.json", listed.as_bytes()),
    ]);
    let path = folder.path().join("loop.tar");
    fs::write(&path, bytes).unwrap();
    // Twenty million entries would take gigabytes, and minutes.
    let image = open(&place(&path.display().to_string()), &Access::default()).unwrap();
    assert_eq!(image.manifest.layers.len(), 1);
}
