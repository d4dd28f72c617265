//! What was seen of a layer or of a whole image, kept from run to run; and the documents of images
//! that engines would have to pack to give.
//!
//! One file an entry, named by what it is about, by the options and by the state of this code;
//! written beside and renamed into place. So it may be shared by processes and machines, and
//! deleted or killed at any moment: an entry is whole or it is not there. It holds no secret's
//! value, because nothing that leaves a collector does. Whoever may write into the folder is trusted
//! all the same: an entry is taken for what it says it is.
//!
//! A layer is known by its diff id, whatever it is wrapped in. The bytes behind a known layer are
//! not read again, and so not verified again: an image whose blob is not what its configuration
//! says is one that no engine unpacks.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use plimsoll_image::{DocumentStore, Documents, Image};
use plimsoll_model::Digest;
use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use crate::record::LayerRecord;
use crate::{Outcome, ScanOptions};

/// Which code made an entry.
const REVISION: &str = env!("PLIMSOLL_SCAN_REVISION");

/// Largest entry that is written or read, unpacked.
const MAX_ENTRY: usize = 512 << 20;

/// Largest entry as it lies on disk.
const MAX_PACKED: u64 = 256 << 20;

/// How many times its size on disk an entry may be, unpacked, beside a first megabyte. Those of layers
/// are up to fifty times.
const MAX_RATIO: usize = 200;

/// Left of entries once the cache is too full, in hundredths of its bound: making room for one
/// entry at a time would list the folder at every write.
const LEFT: u64 = 80;

/// How old a file under way must be before it is taken for one that a killed run left.
const ABANDONED: u64 = 3600;

/// A folder of entries.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    bound: u64,
}

/// How full a cache is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// Entries about layers.
    pub layers: u64,
    /// Entries about images.
    pub images: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Cache {
    /// The cache in `folder`, which is made when the first entry is, of at most about `bound`
    /// bytes.
    pub fn new(folder: impl Into<PathBuf>, bound: u64) -> Self {
        Self {
            folder: folder.into(),
            bound,
        }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// At most how many bytes it keeps.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    pub(crate) fn layer(
        &self,
        layer: KnownLayer<'_>,
        options: &ScanOptions,
    ) -> Option<LayerRecord> {
        self.get(&layer_name(layer, options))
    }

    pub(crate) fn keep_layer(
        &self,
        layer: KnownLayer<'_>,
        options: &ScanOptions,
        record: &LayerRecord,
    ) {
        self.put(&layer_name(layer, options), record);
    }

    pub(crate) fn image(&self, image: &Image, options: &ScanOptions) -> Option<Outcome> {
        let found: Outcome = self.get(&image_name(image, options))?;
        // All of its layers are there, or it is of something else.
        let layers = found.inventory.layers.len();
        (layers == image.manifest.layers.len()).then_some(found)
    }

    pub(crate) fn keep_image(&self, image: &Image, options: &ScanOptions, outcome: &Outcome) {
        self.put(&image_name(image, options), outcome);
    }

    /// How full it is.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn usage(&self) -> io::Result<CacheUsage> {
        let mut usage = CacheUsage::default();
        for entry in self.entries()? {
            usage.bytes += entry.bytes;
            match entry.name.as_bytes().first() {
                Some(b'l') => usage.layers += 1,
                Some(b'i') => usage.images += 1,
                _ => {}
            }
        }
        Ok(usage)
    }

    /// Removes what was used least lately until at most `bytes` are left; gives how many bytes
    /// went.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not be removed.
    pub fn shrink(&self, bytes: u64) -> io::Result<u64> {
        let mut entries = self.entries()?;
        entries.sort_by(|a, b| (b.used, &b.name).cmp(&(a.used, &a.name)));
        let (mut left, mut gone) = (0_u64, 0);
        for entry in entries {
            let under_way = entry.name.starts_with('.');
            let abandoned = under_way
                && entry
                    .used
                    .elapsed()
                    .is_ok_and(|age| age.as_secs() > ABANDONED);
            left = left.saturating_add(entry.bytes);
            if abandoned || (!under_way && left > bytes) {
                left -= entry.bytes;
                match std::fs::remove_file(self.folder.join(&entry.name)) {
                    Ok(()) => gone += entry.bytes,
                    // Somebody else was quicker.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(gone)
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let listing = match std::fs::read_dir(&self.folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for entry in listing {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                entries.push(Entry {
                    name,
                    bytes: metadata.len(),
                    used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
        }
        Ok(entries)
    }

    /// Reads an entry; one that is damaged counts for none.
    fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let file = open(&self.folder.join(name))?;
        let mut bytes = Vec::new();
        (&file).take(MAX_PACKED).read_to_end(&mut bytes).ok()?;
        let (sum, packed) = bytes.split_at_checked(8)?;
        if xxh3_64(packed).to_le_bytes() != sum {
            return None;
        }
        let mut unpacked = Vec::new();
        let decoder = zstd::Decoder::with_buffer(packed).ok()?;
        let most = most_unpacked(packed.len());
        // One byte more tells an entry that is longer.
        let read = decoder.take(most as u64 + 1).read_to_end(&mut unpacked);
        if read.ok()? > most {
            return None;
        }
        let (value, rest) = postcard::take_from_bytes(&unpacked).ok()?;
        if !rest.is_empty() {
            return None;
        }
        // Used now: what was not used for longest goes first. A cache that cannot be written to is
        // one all the same.
        let _ = file.set_modified(SystemTime::now());
        Some(value)
    }

    /// Writes an entry. A full disk or a folder that cannot be written to costs the next run its
    /// shortcut, and nothing else.
    fn put(&self, name: &str, value: &impl Serialize) {
        let Ok(unpacked) = postcard::to_stdvec(value) else {
            return;
        };
        if unpacked.len() > MAX_ENTRY {
            return;
        }
        let Ok(packed) = zstd::bulk::compress(&unpacked, 1) else {
            return;
        };
        // It would not be read.
        if unpacked.len() > most_unpacked(packed.len()) || packed.len() as u64 >= MAX_PACKED {
            return;
        }
        drop(unpacked);
        if self.write(name, &packed).is_ok()
            && let Ok(usage) = self.usage()
            && usage.bytes > self.bound
        {
            let _ = self.shrink(self.bound / 100 * LEFT);
        }
    }

    fn write(&self, name: &str, packed: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.folder)?;
        file.write_all(&xxh3_64(packed).to_le_bytes())?;
        file.write_all(packed)?;
        file.persist(self.folder.join(name))
            .map_err(|error| error.error)?;
        Ok(())
    }
}

/// Opens an entry: a file, not a link to something or a pipe that nobody writes to, and not too long.
fn open(path: &Path) -> Option<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.is_file() && metadata.len() <= MAX_PACKED).then_some(file)
}

/// How long an entry of so many packed bytes may be.
fn most_unpacked(packed: usize) -> usize {
    let most = packed.saturating_mul(MAX_RATIO).saturating_add(1 << 20);
    most.min(MAX_ENTRY)
}

impl DocumentStore for Cache {
    fn documents(&self, key: &str) -> Option<Documents> {
        self.get(&name("documents", &[key]))
    }

    fn keep_documents(&self, key: &str, documents: &Documents) {
        self.put(&name("documents", &[key]), documents);
    }
}

/// What a layer is known by. Of a configuration the diff id is a claim: what was seen of it holds for the blob
/// that was seen to unpack to it, and for no other one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownLayer<'i> {
    pub(crate) diff_id: &'i Digest,
    /// The digest that the manifest gives; in an archive or engine without one, the diff id again.
    pub(crate) blob: &'i Digest,
}

impl<'i> KnownLayer<'i> {
    /// A layer of an image, by its position; none where the configuration has no diff id for it.
    pub(crate) fn of(image: &'i Image, layer: usize) -> Option<Self> {
        Some(Self {
            diff_id: image.diff_ids.get(layer)?,
            blob: &image.manifest.layers.get(layer)?.digest,
        })
    }
}

struct Entry {
    name: String,
    bytes: u64,
    used: SystemTime,
}

fn layer_name(layer: KnownLayer<'_>, options: &ScanOptions) -> String {
    let KnownLayer { diff_id, blob } = layer;
    name("layer", &[diff_id.as_str(), blob.as_str(), &told(options)])
}

/// The manifest stands for the blobs and their sizes, the configuration for itself.
fn image_name(image: &Image, options: &ScanOptions) -> String {
    let config = plimsoll_model::hex(&Sha256::digest(&image.config_raw));
    name("image", &[image.digest().as_str(), &config, &told(options)])
}

/// Every option that changes what is found.
fn told(options: &ScanOptions) -> String {
    format!("{options:?}")
}

fn name(kind: &str, about: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in about.iter().chain(&[REVISION]) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let sum = plimsoll_model::hex(&hasher.finalize());
    format!("{kind}-{}", &sum[..40])
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_sha256([byte; 32])
    }

    fn layers() -> [KnownLayer<'static>; 3] {
        static DIGESTS: LazyLock<[Digest; 2]> = LazyLock::new(|| [digest(1), digest(2)]);
        let [one, two] = &*DIGESTS;
        [(one, one), (two, two), (one, two)].map(|(diff_id, blob)| KnownLayer { diff_id, blob })
    }

    fn record(name: &str) -> LayerRecord {
        LayerRecord {
            partly_searched: vec![name.to_owned()],
            ..LayerRecord::default()
        }
    }

    #[test]
    fn an_entry_comes_back_for_the_same_question_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("scan"), 1 << 20);
        let options = ScanOptions::default();
        assert!(cache.layer(layers()[0], &options).is_none());
        cache.keep_layer(layers()[0], &options, &record("a"));
        assert_eq!(
            cache.layer(layers()[0], &options).unwrap().partly_searched,
            ["a"]
        );
        assert!(cache.layer(layers()[1], &options).is_none());
        // Another blob that is said to unpack to the same.
        assert!(cache.layer(layers()[2], &options).is_none());
        let others = ScanOptions {
            secrets_in_files: false,
            ..options
        };
        assert!(cache.layer(layers()[0], &others).is_none());
        assert_eq!(cache.usage().unwrap().layers, 1);
    }

    #[test]
    fn a_damaged_entry_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1 << 20);
        let options = ScanOptions::default();
        cache.keep_layer(layers()[0], &options, &record("a"));
        let path = folder.path().join(layer_name(layers()[0], &options));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(cache.layer(layers()[0], &options).is_none(), "byte {at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(cache.layer(layers()[0], &options).is_none(), "{at} bytes");
        }
    }

    /// What is written there by somebody else.
    #[test]
    fn an_entry_is_a_file_that_holds_one_thing_and_is_not_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1 << 20);
        let options = ScanOptions::default();
        let path = folder.path().join(layer_name(layers()[0], &options));
        let is_there = || cache.layer(layers()[0], &options).is_some();
        let sealed = |unpacked: &[u8]| {
            let packed = zstd::bulk::compress(unpacked, 1).unwrap();
            [&xxh3_64(&packed).to_le_bytes()[..], &packed].concat()
        };
        let plain = postcard::to_stdvec(&LayerRecord::default()).unwrap();
        std::fs::write(&path, sealed(&plain)).unwrap();
        assert!(is_there());
        // Something behind it.
        std::fs::write(&path, sealed(&[&plain[..], &[0; 4096]].concat())).unwrap();
        assert!(!is_there());
        // More than any entry is packed into so little.
        let long = record(&"a".repeat(4 << 20));
        std::fs::write(&path, sealed(&postcard::to_stdvec(&long).unwrap())).unwrap();
        assert!(!is_there());
        std::fs::remove_file(&path).unwrap();
        cache.keep_layer(layers()[0], &options, &long);
        assert!(!path.exists());
        // A link, though to an entry.
        std::fs::write(folder.path().join("other"), sealed(&plain)).unwrap();
        std::os::unix::fs::symlink("other", &path).unwrap();
        assert!(!is_there());
        // A file of nothing but its length.
        std::fs::remove_file(&path).unwrap();
        File::create(&path)
            .unwrap()
            .set_len(MAX_PACKED + 1)
            .unwrap();
        assert!(open(&path).is_none());
        // A pipe.
        std::fs::remove_file(&path).unwrap();
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, 0o600.into(), 0).unwrap();
        assert!(!is_there());
    }

    #[test]
    fn the_least_lately_used_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1 << 20);
        let options = ScanOptions::default();
        let long_ago = SystemTime::UNIX_EPOCH;
        let digests: Vec<Digest> = (0..5).map(digest).collect();
        let layer = |at: usize| KnownLayer {
            diff_id: &digests[at],
            blob: &digests[at],
        };
        for at in 0..5 {
            cache.keep_layer(layer(at), &options, &record("x"));
            let path = folder.path().join(layer_name(layer(at), &options));
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        // Used again.
        cache.layer(layer(3), &options).unwrap();
        let each = cache.usage().unwrap().bytes / 5;
        cache.shrink(each).unwrap();
        assert!(cache.layer(layer(3), &options).is_some());
        assert_eq!(cache.usage().unwrap().layers, 1);
        // What a killed run left is swept, what another run is writing is not.
        std::fs::write(folder.path().join(".new-live"), "x").unwrap();
        let dead = File::create(folder.path().join(".new-dead")).unwrap();
        dead.set_modified(long_ago).unwrap();
        cache.shrink(0).unwrap();
        assert!(folder.path().join(".new-live").exists());
        assert!(!folder.path().join(".new-dead").exists());
    }
}
