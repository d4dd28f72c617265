use std::io::Read;

use super::*;

fn sample() -> ImageBuilder {
    ImageBuilder::new()
        .layer(
            Layer::new()
                .dir("etc")
                .file("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
        )
        .history("ENV A=b")
        .layer_by(Layer::new().whiteout("etc/passwd"), "RUN rm /etc/passwd")
        .user("1000")
        .env("A", "b")
        .label("org.opencontainers.image.title", "sample")
        .entrypoint(&["/bin/sh"])
        .annotation("key", "value")
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn an_image_is_true_to_itself() {
    for compression in [Compression::Gzip, Compression::None] {
        let image = sample().compression(compression).build();
        assert_eq!(
            image.digest(),
            sample().compression(compression).build().digest()
        );
        let manifest = json_of(image.manifest());
        let config = json_of(image.config());
        assert_eq!(
            manifest["config"]["digest"],
            sha256(image.config()).as_str()
        );
        for (index, (digest, bytes)) in image.layers.iter().enumerate() {
            assert_eq!(*digest, sha256(bytes));
            assert_eq!(manifest["layers"][index]["digest"], digest.as_str());
            assert_eq!(manifest["layers"][index]["size"], bytes.len());
            let mut tar = Vec::new();
            match compression {
                Compression::Gzip => {
                    let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
                    decoder.read_to_end(&mut tar).unwrap();
                }
                Compression::None => tar.clone_from(bytes),
            }
            assert_eq!(config["rootfs"]["diff_ids"][index], sha256(&tar).as_str());
        }
        assert_eq!(config["config"]["Env"], json!(["A=b"]));
        assert_eq!(config["history"][1]["empty_layer"], true);
    }
}

#[test]
fn lies_are_told() {
    let base = sample().build();
    let truth = json_of(base.manifest());
    let told = |lie: Lie| {
        let image = sample().lie(lie).build();
        (json_of(image.manifest()), json_of(image.config()), image)
    };
    let (_, config, _) = told(Lie::DiffId(1));
    let true_ids = json_of(base.config())["rootfs"]["diff_ids"].clone();
    assert_eq!(config["rootfs"]["diff_ids"][0], true_ids[0]);
    assert_ne!(config["rootfs"]["diff_ids"][1], true_ids[1]);
    let (manifest, _, image) = told(Lie::LayerDigest(0));
    assert_eq!(manifest["layers"][0]["digest"], image.layers[0].0.as_str());
    assert_ne!(sha256(&image.layers[0].1), image.layers[0].0);
    let (manifest, ..) = told(Lie::LayerSize(0));
    let size = truth["layers"][0]["size"].as_u64().unwrap();
    assert_eq!(manifest["layers"][0]["size"], size + 1);
    let (manifest, ..) = told(Lie::ConfigDigest);
    assert_ne!(manifest["config"]["digest"], truth["config"]["digest"]);
    let (_, config, _) = told(Lie::MissingDiffId);
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 1);
    assert_eq!(told(Lie::MissingLayer(0)).2.blobs().count(), 2);
}

#[test]
fn a_layout_holds_every_blob() {
    let dir = tempfile::tempdir().unwrap();
    let image = ImageBuilder::seeded(3, 2, 5).build();
    let digest = image.write_layout(dir.path(), "latest").unwrap();
    let index = json_of(&fs::read(dir.path().join("index.json")).unwrap());
    assert_eq!(index["manifests"][0]["digest"], digest.as_str());
    for (digest, bytes) in image.blobs() {
        let path = dir.path().join("blobs/sha256").join(digest.hex());
        assert_eq!(sha256(&fs::read(path).unwrap()), sha256(bytes));
    }
}

#[test]
fn a_docker_archive_is_a_tar_of_tars() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.tar");
    let image = sample().layer(Layer::raw("odd length")).build();
    image.write_docker_archive(&path, "sample:v1").unwrap();
    let mut archive = tar::Archive::new(File::open(&path).unwrap());
    let mut seen = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        seen.push((
            String::from_utf8(entry.path_bytes().into_owned()).unwrap(),
            bytes,
        ));
    }
    let list = json_of(&seen[1].1);
    assert_eq!(list[0]["RepoTags"], json!(["sample:v1"]));
    assert_eq!(list[0]["Config"], seen[0].0.as_str());
    let config = json_of(&seen[0].1);
    for (index, (name, bytes)) in seen[2..].iter().enumerate() {
        assert_eq!(list[0]["Layers"][index], name.as_str());
        assert_eq!(config["rootfs"]["diff_ids"][index], sha256(bytes).as_str());
    }
    assert_eq!(seen.len(), 5);
}

#[test]
fn a_bomb_is_small() {
    let image = ImageBuilder::new()
        .layer(Layer::zeros("zeros", 64 << 20))
        .build();
    let (_, bytes) = image.blobs().next().unwrap();
    assert!(bytes.len() < 128 << 10, "{}", bytes.len());
}

#[test]
fn an_image_goes_into_a_registry_with_its_lies() {
    let registry = Registry::start().unwrap();
    let image = sample()
        .lie(Lie::LayerDigest(0))
        .flavour(Flavour::Docker)
        .build();
    let digest = image.into_registry(&registry, "a/b", "v1");
    let stored = registry.manifest("a/b", "v1").unwrap();
    assert_eq!(stored.digest, digest);
    assert_eq!(
        stored.media_type,
        "application/vnd.docker.distribution.manifest.v2+json"
    );
    assert_eq!(registry.blobs("a/b").len(), 3);
}
