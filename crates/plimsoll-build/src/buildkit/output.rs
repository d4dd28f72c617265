//! From what the engine handed out to an image in the output layout.
//!
//! A Docker engine's image store gives uncompressed layers. They are compressed here, once: the
//! result is kept beside the engine's state under the layer's diff id, so that a rebuild neither
//! fetches nor compresses what it has.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_image::{
    Descriptor, Image, ImageError, Layout, LayoutWriter, manifest_json, media_type, parse_config,
};
use plimsoll_model::{Digest, ImageConfig};
use sha2::{Digest as _, Sha256};

use super::filesync::lock;
use crate::{BuildError, BuildPlan};

/// Files of the cache that no build has asked for in this long go away.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 3600);

/// How often is looked for what may go away.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(3600);

/// An image in the layout.
pub(crate) struct Written {
    pub(crate) digest: Digest,
    pub(crate) config: ImageConfig,
    pub(crate) layers: usize,
}

/// Configurations and compressed layers of images that came out of a Docker engine.
pub(crate) struct LayerCache {
    folder: PathBuf,
}

impl LayerCache {
    pub(crate) fn open(state: &Path) -> Result<Self, BuildError> {
        let folder = state.join("buildkit");
        fs::create_dir_all(folder.join("layers"))
            .and_then(|()| fs::create_dir_all(folder.join("images")))
            .map_err(|error| disk(&folder, &error))?;
        Ok(Self { folder })
    }

    /// A new file to write an image to that goes away with its handle.
    pub(crate) fn scratch(&self) -> Result<tempfile::NamedTempFile, BuildError> {
        self.new_file().map_err(|error| disk(&self.folder, &error))
    }

    fn new_file(&self) -> io::Result<tempfile::NamedTempFile> {
        tempfile::Builder::new()
            // A layout takes the file itself in: it must be as readable as its other blobs.
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(&self.folder)
    }

    /// The configuration of an image whose layers are all here.
    pub(crate) fn recall(&self, id: &Digest) -> Option<Vec<u8>> {
        let config = fs::read(self.config_path(id)).ok()?;
        if Digest::from_sha256(Sha256::digest(&config).into()) != *id {
            return None;
        }
        let (_, diff_ids) = parse_config(&config, "the engine's cache").ok()?;
        diff_ids
            .iter()
            .all(|diff_id| self.layer(diff_id).is_some())
            .then_some(config)
    }

    fn config_path(&self, id: &Digest) -> PathBuf {
        self.folder.join("images").join(id.hex())
    }

    /// The compressed form of a layer: its file and digest.
    fn layer(&self, diff_id: &Digest) -> Option<(PathBuf, Digest)> {
        let folder = self.folder.join("layers").join(diff_id.hex());
        let entry = fs::read_dir(&folder).ok()?.find_map(Result::ok)?;
        let digest = Digest::parse(&format!("sha256:{}", entry.file_name().to_str()?)).ok()?;
        Some((entry.path(), digest))
    }

    /// Compresses a layer into the cache. The same bytes in give the same bytes out.
    fn compress(
        &self,
        diff_id: &Digest,
        content: &mut dyn Read,
    ) -> Result<(PathBuf, Digest), ImageError> {
        let folder = self.folder.join("layers").join(diff_id.hex());
        let io_error = |source| ImageError::Io {
            path: folder.display().to_string(),
            source,
        };
        let file = self.new_file().map_err(io_error)?;
        let mut encoder = GzEncoder::new(
            Hashing {
                inner: BufWriter::with_capacity(128 << 10, file),
                hash: Sha256::new(),
            },
            Compression::default(),
        );
        let mut plain = Sha256::new();
        let mut buffer = vec![0; 128 << 10];
        loop {
            let length = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ImageError::from_read(diff_id, error)),
            };
            plain.update(&buffer[..length]);
            encoder.write_all(&buffer[..length]).map_err(io_error)?;
        }
        let found = Digest::from_sha256(plain.finalize().into());
        if found != *diff_id {
            return Err(ImageError::Invalid {
                place: format!("layer {diff_id}"),
                problem: format!("the engine sent {found} for it; build again"),
            });
        }
        let done = encoder.finish().map_err(io_error)?;
        let digest = Digest::from_sha256(done.hash.finalize().into());
        let file = done
            .inner
            .into_inner()
            .map_err(|error| io_error(error.into_error()))?;
        fs::create_dir_all(&folder).map_err(io_error)?;
        let path = folder.join(digest.hex());
        file.persist(&path).map_err(|error| io_error(error.error))?;
        Ok((path, digest))
    }

    /// Takes away what has not been used for long; `false` where that was done a short while ago.
    pub(crate) fn sweep(&self) -> bool {
        let marker = self.folder.join("swept");
        let recent = fs::metadata(&marker)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|swept| {
                SystemTime::now()
                    .duration_since(swept)
                    .is_ok_and(|age| age < BETWEEN_SWEEPS)
            });
        if recent {
            return false;
        }
        // A marker that cannot be written means that every build looks.
        let _ = File::create(&marker);
        let old = |path: &Path| {
            let used = fs::metadata(path).and_then(|metadata| metadata.modified());
            used.is_ok_and(|used| {
                SystemTime::now()
                    .duration_since(used)
                    .is_ok_and(|age| age > UNUSED)
            })
        };
        let list = |folder: &str| {
            fs::read_dir(self.folder.join(folder))
                .into_iter()
                .flatten()
                .filter_map(|entry| Some(entry.ok()?.path()))
        };
        for path in list("images").filter(|path| old(path)) {
            let _ = fs::remove_file(path);
        }
        for path in list("layers").filter(|path| old(path)) {
            let _ = fs::remove_dir_all(path);
        }
        true
    }

    fn touch(path: &Path) {
        // An unreadable clock or a read-only disk makes the cache forget early, nothing worse.
        let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    }
}

/// Writes an image whose layers are in the cache.
pub(crate) fn write_cached(
    plan: &BuildPlan,
    cache: &LayerCache,
    config: &[u8],
) -> Result<Written, BuildError> {
    let (parsed, diff_ids) = parse_config(config, "the built image").map_err(image_error)?;
    let mut writer = Layout::writer(&plan.output).map_err(image_error)?;
    let mut layers = Vec::new();
    for diff_id in &diff_ids {
        let Some((path, digest)) = cache.layer(diff_id) else {
            return Err(BuildError::Environment(format!(
                "layer {diff_id} vanished from {}; build again",
                cache.folder.display()
            )));
        };
        if let Some(folder) = path.parent() {
            LayerCache::touch(folder);
        }
        layers.push(
            writer
                .adopt(media_type::OCI_LAYER_GZIP, &path, &digest)
                .map_err(image_error)?,
        );
    }
    let stored = writer
        .blob(media_type::OCI_CONFIG, &mut &config[..])
        .map_err(image_error)?;
    let manifest = manifest_json(&stored, &layers, None, None, &[]);
    let manifest = writer
        .blob(media_type::OCI_MANIFEST, &mut &manifest[..])
        .map_err(image_error)?;
    commit(plan, writer, manifest, parsed, diff_ids.len())
}

/// Takes an image as `docker save` gave it: layers uncompressed, configuration as it is.
pub(crate) fn write_saved(
    plan: &BuildPlan,
    cache: &LayerCache,
    image: &Image,
) -> Result<Written, BuildError> {
    let missing: BTreeMap<&Digest, &Descriptor> = image
        .diff_ids
        .iter()
        .zip(&image.manifest.layers)
        .filter(|(diff_id, _)| cache.layer(diff_id).is_none())
        .collect();
    let missing: Vec<_> = missing.into_iter().collect();
    let next = AtomicUsize::new(0);
    let problem = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(missing.len()) {
            scope.spawn(|| {
                while let Some((diff_id, layer)) = missing.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let result = image
                        .blobs
                        .blob(layer)
                        .and_then(|mut content| cache.compress(diff_id, &mut content));
                    if let Err(error) = result {
                        lock(&problem).get_or_insert(error);
                        break;
                    }
                }
            });
        }
    });
    if let Some(error) = problem.into_inner().unwrap_or_default() {
        return Err(image_error(error));
    }
    let path = cache.config_path(&image.manifest.config.digest);
    if !path.exists() {
        let mut file = cache.scratch()?;
        file.write_all(&image.config_raw)
            .map_err(|error| disk(&path, &error))?;
        file.persist(&path)
            .map_err(|error| disk(&path, &error.error))?;
    }
    LayerCache::touch(&path);
    write_cached(plan, cache, &image.config_raw)
}

/// Takes an image as the `oci` exporter gave it: every byte stays.
pub(crate) fn write_exported(plan: &BuildPlan, image: &Image) -> Result<Written, BuildError> {
    let mut writer = Layout::writer(&plan.output).map_err(image_error)?;
    for blob in image.manifest.layers.iter().chain([&image.manifest.config]) {
        if !writer.has(&blob.digest) {
            let mut content = image.blobs.blob(blob).map_err(image_error)?;
            writer
                .blob(&blob.media_type, &mut content)
                .map_err(image_error)?;
        }
    }
    let manifest = writer
        .blob(
            &image.manifest.descriptor.media_type,
            &mut &image.manifest.raw[..],
        )
        .map_err(image_error)?;
    let config = image.config.clone();
    commit(plan, writer, manifest, config, image.manifest.layers.len())
}

fn commit(
    plan: &BuildPlan,
    writer: LayoutWriter,
    mut manifest: Descriptor,
    config: ImageConfig,
    layers: usize,
) -> Result<Written, BuildError> {
    manifest.platform.clone_from(&config.platform);
    let digest = manifest.digest.clone();
    let entries = if plan.tags.is_empty() {
        vec![(manifest, None)]
    } else {
        plan.tags
            .iter()
            .map(|tag| (manifest.clone(), Some(tag.clone())))
            .collect()
    };
    writer.commit(entries).map_err(image_error)?;
    Ok(Written {
        digest,
        config,
        layers,
    })
}

pub(crate) fn image_error(error: ImageError) -> BuildError {
    match error {
        ImageError::Usage(message) | ImageError::NotFound(message) => BuildError::Input {
            place: None,
            message,
        },
        other => BuildError::Environment(other.to_string()),
    }
}

fn disk(path: &Path, error: &io::Error) -> BuildError {
    BuildError::Environment(format!("{}: {error}", path.display()))
}

/// Hashes what passes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.hash.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
