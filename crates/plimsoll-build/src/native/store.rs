//! The state folder: layer blobs, snapshots, and what is known about steps.
//!
//! Everything is written beside its place and renamed into it, so that a kill leaves whole things
//! or none. A record is written last, after the blob and the snapshot it names; whatever a record
//! names may be gone again, which makes it a miss.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_model::{Digest, hex};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::idmap::IdMap;
use super::wire::Failure;

/// Locks on keys spread over this many files.
const LOCKS: u32 = 4096;

/// One layer as it ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredLayer {
    diff_id: String,
    digest: String,
    pub(crate) size: u64,
    /// RFC 3339.
    pub(crate) created: String,
}

impl StoredLayer {
    pub(crate) fn new(diff_id: &Digest, digest: &Digest, size: u64, created: String) -> Self {
        Self {
            diff_id: diff_id.to_string(),
            digest: digest.to_string(),
            size,
            created,
        }
    }

    /// Digest of the tar; `None` where the record was tampered with.
    pub(crate) fn diff_id(&self) -> Option<Digest> {
        Digest::parse(&self.diff_id).ok()
    }

    /// Digest of the blob.
    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::parse(&self.digest).ok()
    }
}

/// What no build has used for this long is forgotten.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often is looked for it.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(3600);
/// Use is noted once a day.
const WORN: Duration = Duration::from_secs(24 * 3600);

/// What is known about a step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The snapshot it left, where it left one.
    pub(crate) snapshot: Option<String>,
    /// Its layer, by the time its entries were clamped to.
    pub(crate) layers: BTreeMap<String, StoredLayer>,
}

/// The state folder of this engine.
pub(crate) struct Store {
    root: PathBuf,
    files: PathBuf,
    map: IdMap,
    /// Held shared as long as a build uses the folder; exclusive only to clean up.
    in_use: File,
}

impl Store {
    /// Opens or makes the folder.
    pub(crate) fn open(state: &Path, map: IdMap) -> Result<Self, Failure> {
        let root = state.join("native");
        let (uid, gid) = map.root();
        let files = root.join(format!("files-{uid}"));
        for folder in [
            root.clone(),
            root.join("blobs"),
            root.join("steps"),
            root.join("locks"),
            root.join("hashes"),
        ] {
            fs::create_dir_all(&folder).map_err(|e| Failure::system(folder.display(), e))?;
        }
        fs::create_dir_all(&files).map_err(|e| Failure::system(files.display(), e))?;
        let fail = |e: io::Error| Failure::system(files.display(), e);
        if fs::metadata(&files).map_err(fail)?.uid() != uid {
            std::os::unix::fs::chown(&files, Some(uid), Some(gid)).map_err(fail)?;
        }
        fs::set_permissions(&files, fs::Permissions::from_mode(0o700)).map_err(fail)?;
        let in_use = lock_file(&root.join("locks/in-use"))?;
        flock(&in_use, FlockOperation::LockShared)
            .map_err(|e| Failure::system("locking the state folder", e))?;
        let store = Self {
            root,
            files,
            map,
            in_use,
        };
        store.alone(|| {
            store.forget_half_written();
            store.forget_unused();
        });
        Ok(store)
    }

    /// Does `work` if nobody else is using the folder now.
    fn alone<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let lock = lock_file(&self.root.join("locks/cleaning")).ok()?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
        let done = flock(&self.in_use, FlockOperation::NonBlockingLockExclusive)
            .ok()
            .map(|()| work());
        // A lock that could not be widened is lost.
        let _ = flock(&self.in_use, FlockOperation::LockShared);
        done
    }

    /// Removes files that a killed build was writing. Only before this build writes its own.
    fn forget_half_written(&self) {
        for name in folder_names(&self.blobs()) {
            if name.starts_with('.') {
                let _ = fs::remove_file(self.blobs().join(name));
            }
        }
    }

    /// Forgets steps and blobs that no build has used for long; their snapshots go with the next
    /// helper's start. At most once an hour.
    fn forget_unused(&self) {
        let marker = self.root.join("swept");
        if younger(&marker, BETWEEN_SWEEPS) {
            return;
        }
        // A marker that cannot be written means that every build looks.
        let _ = File::create(&marker);
        let mut named = HashSet::new();
        for key in folder_names(&self.root.join("steps")) {
            let path = self.root.join("steps").join(&key);
            if !younger(&path, UNUSED) {
                let _ = fs::remove_file(path);
            } else if let Some(record) = self.read(&key) {
                let blobs = record.layers.values().filter_map(StoredLayer::digest);
                named.extend(blobs.map(|digest| digest.hex().to_owned()));
            }
        }
        for name in folder_names(&self.blobs()) {
            let path = self.blobs().join(&name);
            if !named.contains(&name) && !younger(&path, UNUSED) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The ids of the helper's namespace.
    pub(crate) fn map(&self) -> &IdMap {
        &self.map
    }

    /// The folder the helper works in.
    pub(crate) fn files(&self) -> &Path {
        &self.files
    }

    /// Folder for half-written blobs and small files of ours.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Where a blob is, or would be.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.hex())
    }

    /// Whether a whole blob is there.
    pub(crate) fn has_blob(&self, digest: &Digest, size: u64) -> bool {
        let path = self.blob(digest);
        let whole = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == size);
        if whole {
            mark_used(&path);
        }
        whole
    }

    /// Whether a snapshot is there.
    pub(crate) fn has_snapshot(&self, snapshot: &str) -> bool {
        self.files.join("s").join(snapshot).join("f").is_dir()
    }

    /// Where hashes of a context's files are kept.
    pub(crate) fn hashes(&self, name: &str) -> PathBuf {
        self.root.join("hashes").join(name)
    }

    /// What is known about a step; nothing where the record cannot be read.
    pub(crate) fn record(&self, key: &str) -> Option<Record> {
        let record = self.read(key)?;
        mark_used(&self.root.join("steps").join(key));
        Some(record)
    }

    /// The same, without using it.
    fn read(&self, key: &str) -> Option<Record> {
        let bytes = fs::read(self.root.join("steps").join(key)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers a step.
    pub(crate) fn remember(&self, key: &str, record: &Record) -> Result<(), Failure> {
        let folder = self.root.join("steps");
        write_atomically(
            &folder.join(key),
            &serde_json::to_vec(record).unwrap_or_default(),
        )
        .map_err(|e| Failure::system("remembering a step", e))
    }

    /// Waits until nobody else works on the same key.
    pub(crate) fn lock(&self, key: &str) -> Result<KeyLock, Failure> {
        let bucket = u32::from_str_radix(key.get(..8).unwrap_or("0"), 16).unwrap_or(0) % LOCKS;
        let file = lock_file(&self.root.join("locks").join(format!("{bucket:03x}")))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|e| Failure::system("locking a step", e))?;
        Ok(KeyLock { _file: file })
    }

    /// Locks a cache mount as its `sharing` wants; `None` where it is taken and must not be
    /// waited for.
    pub(crate) fn lock_cache(
        &self,
        folder: &str,
        exclusive: bool,
        wait: bool,
    ) -> Result<Option<KeyLock>, Failure> {
        let file = lock_file(&self.root.join("locks").join(format!("cache-{folder}")))?;
        let operation = match (exclusive, wait) {
            (true, true) => FlockOperation::LockExclusive,
            (true, false) => FlockOperation::NonBlockingLockExclusive,
            (false, true) => FlockOperation::LockShared,
            (false, false) => FlockOperation::NonBlockingLockShared,
        };
        match flock(&file, operation) {
            Ok(()) => Ok(Some(KeyLock { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Failure::system("locking a cache mount", error)),
        }
    }

    /// Marks a session as alive.
    pub(crate) fn lock_session(&self, session: &str) -> Result<KeyLock, Failure> {
        let file = lock_file(&self.session_lock(session))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|e| Failure::system("locking a session", e))?;
        Ok(KeyLock { _file: file })
    }

    /// Forgets a session's lock.
    pub(crate) fn end_session(&self, session: &str) {
        let _ = fs::remove_file(self.session_lock(session));
    }

    fn session_lock(&self, session: &str) -> PathBuf {
        self.root.join("locks").join(format!("session-{session}"))
    }

    /// Scratch folders of sessions that are dead, as the helper names them.
    pub(crate) fn dead_sessions(&self) -> Vec<String> {
        let mut dead = Vec::new();
        for name in folder_names(&self.files.join("tmp")) {
            let alive = lock_file(&self.session_lock(&name))
                .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_err());
            if !alive {
                self.end_session(&name);
                dead.push(format!("tmp/{name}"));
            }
        }
        dead
    }

    /// Snapshots that no record names, if nobody else is at work: what killed builds left behind.
    pub(crate) fn orphans(&self) -> Vec<String> {
        let found = self.alone(|| {
            let mut snapshots: Vec<String> = folder_names(&self.files.join("s"));
            if !snapshots.is_empty() {
                let named: HashSet<String> = folder_names(&self.root.join("steps"))
                    .iter()
                    .filter_map(|key| self.read(key)?.snapshot)
                    .collect();
                snapshots.retain(|snapshot| !named.contains(snapshot));
            }
            snapshots
        });
        found
            .unwrap_or_default()
            .into_iter()
            .map(|name| format!("s/{name}"))
            .collect()
    }
}

/// Whether a file was written less than `age` ago.
fn younger(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|meta| meta.modified());
    // A time in the future is a clock that was set: young.
    written.is_ok_and(|written| written.elapsed().map_or(true, |passed| passed < age))
}

/// Keeps a file from being forgotten. One that cannot be marked is forgotten early, nothing worse.
fn mark_used(path: &Path) {
    if !younger(path, WORN) {
        let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    }
}

/// A lock, held while it lives.
pub(crate) struct KeyLock {
    _file: File,
}

fn lock_file(path: &Path) -> Result<File, Failure> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| Failure::system(path.display(), e))
}

fn folder_names(path: &Path) -> Vec<String> {
    fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// Writes a small file so that it is there whole or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".new")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// A name nobody else uses.
pub(crate) fn fresh_name() -> Result<String, Failure> {
    let mut bytes = [0_u8; 6];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|e| Failure::system("random bytes", e))?;
    Ok(hex(&bytes))
}

/// A file in memory, to hand bytes to the helper without their touching a disk.
pub(crate) fn in_memory(bytes: &[u8]) -> Result<OwnedFd, Failure> {
    use std::io::Seek as _;
    let fd = rustix::fs::memfd_create("plimsoll", rustix::fs::MemfdFlags::CLOEXEC)
        .map_err(|e| Failure::system("memory for a secret", e))?;
    let mut file = File::from(fd);
    file.write_all(bytes)
        .and_then(|()| file.rewind())
        .map_err(|e| Failure::system("memory for a secret", e))?;
    Ok(file.into())
}
