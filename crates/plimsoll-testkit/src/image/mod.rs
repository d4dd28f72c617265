//! Images from a few lines of code: the same bytes for the same lines, true or lying.

pub mod hostile;
mod layer;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use plimsoll_model::Digest;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub use layer::{Entry, Layer};

use crate::random::Random;
use crate::registry::Registry;
use crate::sha256;

/// How layers are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, without a time or a name in the header.
    #[default]
    Gzip,
    /// The bare tar archive.
    None,
}

/// Whose media types the image has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// `application/vnd.oci.image…`
    #[default]
    Oci,
    /// `application/vnd.docker.distribution…`, version 2, schema 2.
    Docker,
}

/// A statement of the image about itself that is not true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The config's `diff_ids` entry for this layer is another digest.
    DiffId(usize),
    /// The manifest names another digest for this layer; the bytes are stored under it.
    LayerDigest(usize),
    /// The manifest gives this layer a size that is one byte too large.
    LayerSize(usize),
    /// The manifest names another digest for the config; the bytes are stored under it.
    ConfigDigest,
    /// The config has one `diff_ids` entry too few.
    MissingDiffId,
    /// The layer is named by the manifest and stored nowhere.
    MissingLayer(usize),
}

/// An image in the making. Without a call on it: `linux/amd64`, no layer, no user.
#[derive(Clone, Debug, Default)]
pub struct ImageBuilder {
    layers: Vec<Layer>,
    history: Vec<(String, bool)>,
    config: Map<String, Value>,
    platform: Option<(String, String)>,
    annotations: Map<String, Value>,
    compression: Compression,
    flavour: Flavour,
    lies: Vec<Lie>,
}

impl ImageBuilder {
    /// An image of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An image whose layers, environment and labels are decided by the seed.
    pub fn seeded(seed: u64, layers: usize, files: usize) -> Self {
        let mut random = Random::new(seed);
        let builder = Self::new()
            .env("PLIMSOLL_SEED", &seed.to_string())
            .label("seed", &random.next().to_string());
        (0..layers).fold(builder, |builder, _| {
            builder.layer(Layer::seeded(random.next(), files))
        })
    }

    /// Adds a layer on top.
    #[must_use]
    pub fn layer(self, layer: Layer) -> Self {
        self.layer_by(layer, "COPY . / # testkit")
    }

    /// Adds a layer on top, with what the history says made it.
    #[must_use]
    pub fn layer_by(mut self, layer: Layer, created_by: &str) -> Self {
        self.layers.push(layer);
        self.history.push((created_by.to_owned(), false));
        self
    }

    /// Adds a step without a layer to the history.
    #[must_use]
    pub fn history(mut self, created_by: &str) -> Self {
        self.history.push((created_by.to_owned(), true));
        self
    }

    /// Operating system and architecture, as Go names them.
    #[must_use]
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.platform = Some((os.to_owned(), architecture.to_owned()));
        self
    }

    /// Sets any field of the `config` object (OCI image-spec, config.md), such as `StopSignal`.
    #[must_use]
    pub fn config(mut self, field: &str, value: Value) -> Self {
        self.config.insert(field.to_owned(), value);
        self
    }

    /// Sets `User`.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        self.config("User", json!(user))
    }

    /// Sets `WorkingDir`.
    #[must_use]
    pub fn workdir(self, dir: &str) -> Self {
        self.config("WorkingDir", json!(dir))
    }

    /// Sets `Entrypoint`.
    #[must_use]
    pub fn entrypoint(self, words: &[&str]) -> Self {
        self.config("Entrypoint", json!(words))
    }

    /// Sets `Cmd`.
    #[must_use]
    pub fn command(self, words: &[&str]) -> Self {
        self.config("Cmd", json!(words))
    }

    /// Adds to `Env`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let list = self.config.entry("Env").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(json!(format!("{name}={value}")));
        }
        self
    }

    /// Adds to `Labels`.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        let labels = self.config.entry("Labels").or_insert_with(|| json!({}));
        labels[key] = json!(value);
        self
    }

    /// Adds an annotation to the manifest.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), json!(value));
        self
    }

    /// Packs the layers in this way.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Uses these media types.
    #[must_use]
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.flavour = flavour;
        self
    }

    /// Says something untrue.
    #[must_use]
    pub fn lie(mut self, lie: Lie) -> Self {
        self.lies.push(lie);
        self
    }

    /// Packs the layers and writes config and manifest.
    pub fn build(&self) -> Image {
        let lies = |lie: Lie| self.lies.contains(&lie);
        let mut diff_ids = Vec::new();
        let mut layers = Vec::new();
        let mut descriptors = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let (diff_id, bytes) = pack(layer, self.compression);
            diff_ids.push(match lies(Lie::DiffId(index)) {
                true => wrong(&diff_id),
                false => diff_id,
            });
            let digest = match lies(Lie::LayerDigest(index)) {
                true => wrong(&sha256(&bytes)),
                false => sha256(&bytes),
            };
            let size = bytes.len() + usize::from(lies(Lie::LayerSize(index)));
            descriptors.push(descriptor(self.layer_type(), &digest, size));
            if !lies(Lie::MissingLayer(index)) {
                layers.push((digest, bytes));
            }
        }
        if lies(Lie::MissingDiffId) {
            diff_ids.pop();
        }
        let config = self.config_bytes(&diff_ids);
        let config_digest = match lies(Lie::ConfigDigest) {
            true => wrong(&sha256(&config)),
            false => sha256(&config),
        };
        let (media_type, config_type) = match self.flavour {
            Flavour::Oci => (
                "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.oci.image.config.v1+json",
            ),
            Flavour::Docker => (
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.container.image.v1+json",
            ),
        };
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": descriptor(config_type, &config_digest, config.len()),
            "layers": descriptors,
        });
        if !self.annotations.is_empty() {
            manifest["annotations"] = Value::Object(self.annotations.clone());
        }
        Image {
            media_type,
            manifest: manifest.to_string().into_bytes(),
            config: (config_digest, config),
            layers,
            tars: self.layers.clone(),
        }
    }

    fn config_bytes(&self, diff_ids: &[Digest]) -> Vec<u8> {
        let (os, architecture) = match &self.platform {
            Some((os, architecture)) => (os.as_str(), architecture.as_str()),
            None => ("linux", "amd64"),
        };
        let created = "1970-01-01T00:00:00Z";
        let history: Vec<Value> = self
            .history
            .iter()
            .map(|(created_by, empty)| {
                let mut entry = json!({"created": created, "created_by": created_by});
                if *empty {
                    entry["empty_layer"] = json!(true);
                }
                entry
            })
            .collect();
        let diff_ids: Vec<&str> = diff_ids.iter().map(Digest::as_str).collect();
        let config = json!({
            "created": created,
            "architecture": architecture,
            "os": os,
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        });
        config.to_string().into_bytes()
    }

    fn layer_type(&self) -> &'static str {
        match (self.flavour, self.compression) {
            (Flavour::Oci, Compression::Gzip) => "application/vnd.oci.image.layer.v1.tar+gzip",
            (Flavour::Oci, Compression::None) => "application/vnd.oci.image.layer.v1.tar",
            (Flavour::Docker, Compression::Gzip) => {
                "application/vnd.docker.image.rootfs.diff.tar.gzip"
            }
            (Flavour::Docker, Compression::None) => "application/vnd.docker.image.rootfs.diff.tar",
        }
    }
}

fn descriptor(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({"mediaType": media_type, "digest": digest.as_str(), "size": size})
}

/// A digest that is well-formed and not this one.
fn wrong(digest: &Digest) -> Digest {
    sha256(digest.as_str().as_bytes())
}

/// The digest of the archive and the bytes of the blob, in one pass and without the archive in
/// memory.
fn pack(layer: &Layer, compression: Compression) -> (Digest, Vec<u8>) {
    struct Tee<W> {
        hash: Sha256,
        inner: W,
    }
    impl<W: Write> Write for Tee<W> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.inner.write_all(bytes)?;
            self.hash.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.inner.flush()
        }
    }
    const IN_MEMORY: &str = "writing to a Vec cannot fail";
    match compression {
        Compression::None => {
            let bytes = layer.tar();
            (sha256(&bytes), bytes)
        }
        Compression::Gzip => {
            let mut tee = Tee {
                hash: Sha256::new(),
                inner: GzEncoder::new(Vec::new(), Level::default()),
            };
            layer.write_to(&mut tee).expect(IN_MEMORY);
            let bytes = tee.inner.finish().expect(IN_MEMORY);
            (Digest::from_sha256(tee.hash.finalize().into()), bytes)
        }
    }
}

/// A finished image.
#[derive(Clone, Debug)]
pub struct Image {
    media_type: &'static str,
    manifest: Vec<u8>,
    config: (Digest, Vec<u8>),
    layers: Vec<(Digest, Vec<u8>)>,
    tars: Vec<Layer>,
}

impl Image {
    /// The digest of the manifest.
    pub fn digest(&self) -> Digest {
        sha256(&self.manifest)
    }

    /// The media type of the manifest.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The manifest.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The config.
    pub fn config(&self) -> &[u8] {
        &self.config.1
    }

    /// The blobs, lowest layer first and the config last, each with the digest it is stored
    /// under.
    pub fn blobs(&self) -> impl Iterator<Item = (&Digest, &[u8])> {
        let all = self.layers.iter().chain([&self.config]);
        all.map(|(digest, bytes)| (digest, bytes.as_slice()))
    }

    /// Writes an OCI layout (image-spec, image-layout.md) with this one image in it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_layout(&self, dir: &Path, tag: &str) -> io::Result<Digest> {
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        let digest = self.digest();
        let manifest = (&digest, self.manifest.as_slice());
        for (digest, bytes) in self.blobs().chain([manifest]) {
            fs::write(blobs.join(digest.hex()), bytes)?;
        }
        let mut entry = descriptor(self.media_type, &digest, self.manifest.len());
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry],
        });
        fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        fs::write(dir.join("index.json"), index.to_string())?;
        Ok(digest)
    }

    /// Writes what `docker save` writes and `docker load` reads; `reference` is `name:tag`.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_docker_archive(&self, path: &Path, reference: &str) -> io::Result<()> {
        let mut out = io::BufWriter::new(File::create(path)?);
        let config = format!("{}.json", self.config.0.hex());
        let names: Vec<String> = (0..self.tars.len())
            .map(|index| format!("layer-{index}/layer.tar"))
            .collect();
        let list = json!([{"Config": config, "RepoTags": [reference], "Layers": names}]);
        let documents = Layer::new()
            .file(&config, self.config())
            .file("manifest.json", list.to_string());
        documents.write_entries(&mut out)?;
        for (layer, name) in self.tars.iter().zip(&names) {
            let length = layer.length();
            out.write_all(&Entry::file(name, "").header(length))?;
            layer.write_to(&mut out)?;
            let padding = length.next_multiple_of(512) - length;
            io::copy(&mut io::repeat(0).take(padding), &mut out)?;
        }
        out.write_all(&[0; 1024])?;
        out.flush()
    }

    /// Stores the image in a registry, unchecked, so that lies get in.
    pub fn into_registry(&self, registry: &Registry, repository: &str, tag: &str) -> Digest {
        for (digest, bytes) in self.blobs() {
            registry.put_blob_as(repository, digest, bytes);
        }
        let manifest = self.manifest.as_slice();
        registry.put_manifest(repository, Some(tag), self.media_type, manifest)
    }
}

#[cfg(test)]
mod tests;
