//! A root file system without an image around it: a folder, or a tar as `docker export` writes it.
//! It becomes an image of one layer whose configuration says nothing.

mod header;
mod stream;
mod tree;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex};

use plimsoll_model::{Digest, ImageConfig, Skipped};
use sha2::{Digest as _, Sha256};

use self::stream::Stream;
use self::tree::{Limits, Missed, Tree};
use crate::archive::{Slice, digest_of};
use crate::blob::{BlobContent, sha256};
use crate::compression::{Compression, unpacked};
use crate::input::{Stdin, open_file};
use crate::layout::missing_blob;
use crate::{
    Access, BlobSource, Descriptor, Image, ImageError, LayerLimits, config_json, manifest_json,
    media_type, spool,
};

/// Opens a folder or a tar.
pub(crate) fn open(path: &Path) -> Result<Image, ImageError> {
    if path.is_dir() {
        return open_folder(path, Limits::default());
    }
    let file = open_file(path).map_err(|error| ImageError::io(path, error))?;
    open_tar(file, format!("rootfs:{}", path.display()))
}

/// Opens a tar that stands in a file already, or comes through a pipe: `docker export` writes one.
pub(crate) fn open_stdin(mut stdin: Stdin, access: &Access) -> Result<Image, ImageError> {
    let place = "rootfs:-";
    let file = match stdin.is_whole {
        true => stdin.file,
        false => spool::collect(&mut stdin.file, place, access)?,
    };
    open_tar(file, place.to_owned())
}

/// Whether a folder says of itself that it is a distribution's root file system.
pub(crate) fn is_one(folder: &Path) -> bool {
    let there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    there("etc/os-release") || there("usr/lib/os-release")
}

/// Whether a folder looks like a root file system, for people who do not say.
pub(crate) fn looks_like_one(folder: &Path) -> bool {
    let there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    is_one(folder)
        || ["bin", "etc", "usr", "lib", "var", "sbin"]
            .iter()
            .filter(|name| there(name))
            .count()
            >= 3
}

/// What is wrong with nothing at all.
const EMPTY: &str = "is empty: what was to write it may have failed";

fn open_folder(root: &Path, limits: Limits) -> Result<Image, ImageError> {
    let place = format!("rootfs:{}", root.display());
    // What a file holds is read once, while it is looked at. Names, sizes and times say before that
    // which state of the folder it is.
    let mut hasher = Sha256::new();
    let mut size = 0_u64;
    let unheard = Missed::default();
    let mut tree = Tree::open(root, limits, &unheard)?;
    let mut is_empty = true;
    while let Some(node) = tree.next_node() {
        is_empty = false;
        size = size.saturating_add(node.size());
        node.identify(&mut hasher);
    }
    if is_empty {
        return Err(ImageError::invalid(&place, EMPTY));
    }
    let digest = Digest::from_sha256(hasher.finalize().into());
    let layer = Descriptor::new(media_type::OCI_LAYER, digest.clone(), size);
    let (manifest, memory) = around(&layer, &digest);
    let blobs = FolderBlobs {
        root: root.to_owned(),
        place: place.clone(),
        layer: digest,
        limits,
        memory,
        missed: Mutex::default(),
    };
    Image::from_descriptor(&place, &manifest, None, Arc::new(blobs))
}

fn open_tar(file: File, place: String) -> Result<Image, ImageError> {
    let failed = |error| ImageError::from_read(&place, error);
    let size = file.metadata().map_err(failed)?.len();
    if size == 0 {
        return Err(ImageError::invalid(&place, EMPTY));
    }
    let whole = Slice::new(file.into(), 0, size);
    let mut start = Vec::new();
    whole
        .clone()
        .take(4)
        .read_to_end(&mut start)
        .map_err(failed)?;
    let digest = digest_of(whole.clone()).map_err(failed)?;
    let compression = Compression::of(&start);
    let (media_type, diff_id) = match compression {
        Compression::None => (media_type::OCI_LAYER, digest.clone()),
        _ => {
            let most = LayerLimits::default().bytes;
            let content = unpacked(whole.clone(), &place, most)?;
            let diff_id =
                digest_of(content).map_err(|error| match ImageError::from_read(&place, error) {
                    ImageError::Io { source, .. } => {
                        ImageError::invalid(&place, format!("cannot be decompressed: {source}"))
                    }
                    told => told,
                })?;
            let media_type = if compression == Compression::Gzip {
                media_type::OCI_LAYER_GZIP
            } else {
                media_type::OCI_LAYER_ZSTD
            };
            (media_type, diff_id)
        }
    };
    let layer = Descriptor::new(media_type, digest.clone(), size);
    let (manifest, memory) = around(&layer, &diff_id);
    let blobs = TarBlobs {
        place: place.clone(),
        layer: digest,
        whole,
        memory,
    };
    Image::from_descriptor(&place, &manifest, None, Arc::new(blobs))
}

type Memory = HashMap<Digest, Arc<[u8]>>;

/// Manifest and configuration around the one layer.
fn around(layer: &Descriptor, diff_id: &Digest) -> (Descriptor, Memory) {
    let config_raw = config_json(&ImageConfig::default(), std::slice::from_ref(diff_id));
    let config = Descriptor::new(
        media_type::OCI_CONFIG,
        sha256(&config_raw),
        config_raw.len() as u64,
    );
    let raw = manifest_json(&config, std::slice::from_ref(layer), None, None, &[]);
    let manifest = Descriptor::new(media_type::OCI_MANIFEST, sha256(&raw), raw.len() as u64);
    let memory = HashMap::from([
        (config.digest, config_raw.into()),
        (manifest.digest.clone(), raw.into()),
    ]);
    (manifest, memory)
}

fn remembered(memory: &Memory, descriptor: &Descriptor, place: &str) -> Option<BlobContent> {
    let bytes = std::io::Cursor::new(Arc::clone(memory.get(&descriptor.digest)?));
    Some(BlobContent::verified(bytes, descriptor, place))
}

struct FolderBlobs {
    root: std::path::PathBuf,
    place: String,
    layer: Digest,
    limits: Limits,
    memory: Memory,
    /// Of every stream that was opened.
    missed: Mutex<Vec<Missed>>,
}

impl BlobSource for FolderBlobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        if let Some(known) = remembered(&self.memory, descriptor, &self.place) {
            return Ok(known);
        }
        if descriptor.digest != self.layer {
            return Err(missing_blob(&self.place, descriptor));
        }
        let missed = Missed::default();
        let tree = Tree::open(&self.root, self.limits, &missed)?;
        if let Ok(mut all) = self.missed.lock() {
            all.push(missed);
        }
        Ok(BlobContent::made_up(Stream::new(tree)))
    }

    fn describe(&self) -> String {
        self.place.clone()
    }

    fn is_made_up(&self) -> bool {
        true
    }

    fn has_configuration(&self) -> bool {
        false
    }

    fn has_manifest(&self) -> bool {
        false
    }

    fn passed_over(&self) -> Vec<Skipped> {
        let all = self.missed.lock();
        let mut list: Vec<Skipped> = all
            .iter()
            .flat_map(|all| all.iter())
            .flat_map(Missed::list)
            .collect();
        list.sort();
        list.dedup();
        list
    }
}

struct TarBlobs {
    place: String,
    layer: Digest,
    whole: Slice,
    memory: Memory,
}

impl BlobSource for TarBlobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        if let Some(known) = remembered(&self.memory, descriptor, &self.place) {
            return Ok(known);
        }
        if descriptor.digest != self.layer {
            return Err(missing_blob(&self.place, descriptor));
        }
        let whole = self.whole.clone();
        Ok(BlobContent::verified(whole, descriptor, &self.place))
    }

    fn describe(&self) -> String {
        self.place.clone()
    }

    fn has_configuration(&self) -> bool {
        false
    }

    fn has_manifest(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
