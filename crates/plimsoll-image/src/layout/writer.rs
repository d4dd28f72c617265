//! Writing a layout so that a power cut at any moment leaves the last committed state.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::Digest;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use serde_json::{Value, json};

use super::{Layout, REF_NAME, parse_index};
use crate::blob::Hashing;
use crate::manifest::descriptor_value;
use crate::{Descriptor, ImageError, media_type};

const SCRATCH_PREFIX: &str = ".plimsoll-";

/// Adds to a layout. Blobs are written to a temporary name, synced and renamed; an image is
/// visible only once `commit` has replaced `index.json` by rename. Dropped without commit, the
/// layout's index is as before.
#[derive(Debug)]
pub struct LayoutWriter {
    layout: Layout,
    scratch: Arc<Scratch>,
}

/// Takes a blob piece by piece; nothing is visible before [`BlobWriter::finish`].
#[derive(Debug)]
pub struct BlobWriter {
    layout: Layout,
    // Also keeps the scratch folder until the last blob writer is gone.
    file: Option<Hashing<BufWriter<tempfile::NamedTempFile>>>,
    media_type: String,
    scratch: Arc<Scratch>,
}

/// A folder for half-written files, locked as long as its owner lives: whoever finds it unlocked
/// knows that the owner died, and sweeps it away.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    _lock: OwnedFd,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next writer.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl LayoutWriter {
    pub(super) fn open(root: &Path) -> Result<Self, ImageError> {
        let layout = Layout {
            root: root.to_owned(),
        };
        let blobs = root.join("blobs").join("sha256");
        if root.exists() {
            refuse_foreign(root)?;
        }
        fs::create_dir_all(&blobs).map_err(|error| ImageError::io(&blobs, error))?;
        let guard = lock_folder(root)?;
        sweep(root)?;
        let scratch = Scratch::new(root)?;
        let marker = root.join("oci-layout");
        if !marker.exists() {
            replace(&scratch.path, &marker, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        }
        drop(guard);
        Ok(Self {
            layout,
            scratch: Arc::new(scratch),
        })
    }

    /// The layout being written to, to read from; it shows what was committed before.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Stores a blob read from `content`; one that is there already is not written again.
    ///
    /// # Errors
    /// The disk.
    pub fn blob(
        &mut self,
        media_type: &str,
        content: &mut dyn Read,
    ) -> Result<Descriptor, ImageError> {
        let mut writer = self.blob_writer(media_type)?;
        let mut buffer = vec![0; 128 << 10];
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => return writer.finish(),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ImageError::from_read(media_type, error)),
            };
            writer
                .write_all(&buffer[..read])
                .map_err(|error| ImageError::io(&self.scratch.path, error))?;
        }
    }

    /// Starts a blob that is written piece by piece. Several may be under way at once.
    ///
    /// # Errors
    /// The disk.
    pub fn blob_writer(&self, media_type: &str) -> Result<BlobWriter, ImageError> {
        let file = tempfile::NamedTempFile::new_in(&self.scratch.path)
            .map_err(|error| ImageError::io(&self.scratch.path, error))?;
        Ok(BlobWriter {
            layout: self.layout.clone(),
            file: Some(Hashing::new(BufWriter::with_capacity(128 << 10, file))),
            media_type: media_type.to_owned(),
            scratch: Arc::clone(&self.scratch),
        })
    }

    /// Takes in a file that is known to hold the blob `digest`, as cheaply as the file system
    /// allows: shared blocks, else a hard link, else a copy. The file must not be written to
    /// afterwards. Its digest is not computed here (whoever reads the blob does), its length is
    /// what the file says.
    ///
    /// # Errors
    /// The file cannot be read, or the disk.
    pub fn adopt(
        &mut self,
        media_type: &str,
        file: &Path,
        digest: &Digest,
    ) -> Result<Descriptor, ImageError> {
        let source = File::open(file).map_err(|error| ImageError::io(file, error))?;
        let size = source
            .metadata()
            .map_err(|error| ImageError::io(file, error))?
            .len();
        let descriptor = Descriptor::new(media_type, digest.clone(), size);
        let target = self.layout.blob_path(digest);
        if holds(&target, size) {
            return Ok(descriptor);
        }
        let staged = tempfile::NamedTempFile::new_in(&self.scratch.path)
            .map_err(|error| ImageError::io(&self.scratch.path, error))?;
        if rustix::fs::ioctl_ficlone(staged.as_file(), &source).is_ok() {
            return persist(staged, &target).map(|()| descriptor);
        }
        let link = self.scratch.path.join(format!("link-{}", digest.hex()));
        let _ = fs::remove_file(&link);
        if fs::hard_link(file, &link).is_ok() {
            source
                .sync_all()
                .map_err(|error| ImageError::io(file, error))?;
            fs::rename(&link, &target).map_err(|error| ImageError::io(&target, error))?;
            // Renaming a link onto another link of the same file leaves both names.
            let _ = fs::remove_file(&link);
            return Ok(descriptor);
        }
        io::copy(&mut &source, &mut staged.as_file())
            .map_err(|error| ImageError::io(file, error))?;
        persist(staged, &target).map(|()| descriptor)
    }

    /// Whether the layout holds the blob.
    pub fn has(&self, digest: &Digest) -> bool {
        self.layout.blob_path(digest).is_file()
    }

    /// Whether the layout holds the blob, whole as far as its length tells.
    pub(crate) fn has_whole(&self, descriptor: &Descriptor) -> bool {
        holds(&self.layout.blob_path(&descriptor.digest), descriptor.size)
    }

    /// Makes `manifest` (stored as a blob before) visible, under `name`
    /// (`org.opencontainers.image.ref.name`) where given, replacing an older one of that name.
    ///
    /// # Errors
    /// The disk.
    pub fn commit(
        self,
        manifests: Vec<(Descriptor, Option<String>)>,
    ) -> Result<Layout, ImageError> {
        let root = &self.layout.root;
        // Renamed blobs must be on disk before the index that points to them.
        sync_folder(&root.join("blobs").join("sha256"))?;
        sync_folder(&root.join("blobs"))?;
        let guard = lock_folder(root)?;
        let path = root.join("index.json");
        let mut index = match self.layout.index_bytes()? {
            Some(raw) => {
                let place = path.display().to_string();
                parse_index(raw.clone(), &place)?;
                serde_json::from_slice(&raw).map_err(|error| ImageError::invalid(place, error))?
            }
            None => {
                json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []})
            }
        };
        let Some(entries) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
            return Err(ImageError::invalid(
                path.display(),
                "has no list of manifests",
            ));
        };
        for (manifest, name) in manifests {
            add_entry(entries, manifest, name);
        }
        let bytes = serde_json::to_vec(&index)
            .map_err(|error| ImageError::invalid(path.display(), error))?;
        replace(&self.scratch.path, &path, &bytes)?;
        drop(guard);
        Ok(self.layout)
    }
}

/// Entries of others are kept as they are, field by field.
fn add_entry(entries: &mut Vec<Value>, mut manifest: Descriptor, name: Option<String>) {
    fn name_of(entry: &Value) -> Option<&str> {
        entry.get("annotations")?.get(REF_NAME)?.as_str()
    }
    let digest = manifest.digest.as_str();
    entries.retain(|entry| {
        let same = entry.get("digest").and_then(Value::as_str) == Some(digest);
        match name_of(entry) {
            Some(other) => Some(other) != name.as_deref(),
            None => !same,
        }
    });
    if let Some(name) = name {
        manifest.annotations.retain(|(key, _)| key != REF_NAME);
        manifest.annotations.push((REF_NAME.to_owned(), name));
        manifest.annotations.sort();
    }
    entries.push(descriptor_value(&manifest));
}

impl BlobWriter {
    /// Ends the blob: from now on the layout holds it.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Result<Descriptor, ImageError> {
        let place = &self.scratch.path;
        let hashing = self
            .file
            .take()
            .ok_or_else(|| ImageError::invalid(place.display(), "the blob was ended twice"))?;
        let (buffered, digest, size) = hashing.finish();
        let file = buffered
            .into_inner()
            .map_err(|error| ImageError::io(place, error.into_error()))?;
        let target = self.layout.blob_path(&digest);
        if !holds(&target, size) {
            persist(file, &target)?;
        }
        Ok(Descriptor::new(
            std::mem::take(&mut self.media_type),
            digest,
            size,
        ))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Scratch {
    /// Called under the folder's lock, so that nobody sweeps the folder before it is locked itself.
    fn new(root: &Path) -> Result<Self, ImageError> {
        let path = tempfile::Builder::new()
            .prefix(SCRATCH_PREFIX)
            .tempdir_in(root)
            .map_err(|error| ImageError::io(root, error))?
            .keep();
        let lock = lock_folder(&path)?;
        Ok(Self { path, _lock: lock })
    }
}

/// Removes what writers left that were killed.
fn sweep(root: &Path) -> Result<(), ImageError> {
    for entry in fs::read_dir(root).map_err(|error| ImageError::io(root, error))? {
        let entry = entry.map_err(|error| ImageError::io(root, error))?;
        if !entry
            .file_name()
            .to_string_lossy()
            .starts_with(SCRATCH_PREFIX)
        {
            continue;
        }
        let path = entry.path();
        let Ok(folder) = open_folder(&path) else {
            continue;
        };
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

/// A folder that is no layout and not empty is somebody's: never write into it.
fn refuse_foreign(root: &Path) -> Result<(), ImageError> {
    let is_layout = || root.join("oci-layout").exists();
    if is_layout() {
        return Layout::open(root).map(|_| ());
    }
    let ours = |name: &str| name.starts_with(SCRATCH_PREFIX) || name == "blobs";
    let entries = fs::read_dir(root).map_err(|error| ImageError::io(root, error))?;
    for entry in entries {
        let name = entry
            .map_err(|error| ImageError::io(root, error))?
            .file_name();
        if !ours(&name.to_string_lossy()) {
            // Another writer may have made it one in between: that comes before all else of it.
            if is_layout() {
                return Layout::open(root).map(|_| ());
            }
            return Err(ImageError::Usage(format!(
                "{}: is neither empty nor an OCI layout (it holds `{}`): choose another folder",
                root.display(),
                name.to_string_lossy().escape_debug()
            )));
        }
    }
    Ok(())
}

fn holds(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == size)
}

/// Syncs a finished file and gives it its name; a blob is readable by all and writable by none.
fn persist(file: tempfile::NamedTempFile, target: &Path) -> Result<(), ImageError> {
    rustix::fs::fchmod(file.as_file(), Mode::from_raw_mode(0o644))
        .map_err(|error| ImageError::io(target, error.into()))?;
    file.as_file()
        .sync_all()
        .map_err(|error| ImageError::io(target, error))?;
    file.persist(target)
        .map(drop)
        .map_err(|error| ImageError::io(target, error.error))
}

/// Replaces `target` in one step, durably.
fn replace(scratch: &Path, target: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let mut file =
        tempfile::NamedTempFile::new_in(scratch).map_err(|error| ImageError::io(scratch, error))?;
    file.write_all(bytes)
        .map_err(|error| ImageError::io(target, error))?;
    persist(file, target)?;
    target.parent().map_or(Ok(()), sync_folder)
}

fn open_folder(path: &Path) -> Result<OwnedFd, ImageError> {
    rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|error| ImageError::io(path, error.into()))
}

/// Waits for the lock on a folder; it ends with the descriptor, whatever happens to the process.
fn lock_folder(path: &Path) -> Result<OwnedFd, ImageError> {
    let folder = open_folder(path)?;
    loop {
        match flock(&folder, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(folder),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(ImageError::io(path, error.into())),
        }
    }
}

fn sync_folder(path: &Path) -> Result<(), ImageError> {
    OpenOptions::new()
        .read(true)
        .open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| ImageError::io(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(writer: &mut LayoutWriter, word: &str) -> Descriptor {
        writer
            .blob(media_type::OCI_MANIFEST, &mut word.as_bytes())
            .unwrap()
    }

    fn names(layout: &Layout) -> Vec<(Option<String>, u64)> {
        layout
            .entries()
            .unwrap()
            .iter()
            .map(|entry| (entry.annotation(REF_NAME).map(str::to_owned), entry.size))
            .collect()
    }

    #[test]
    fn a_name_points_to_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/layout");
        let mut writer = Layout::writer(&root).unwrap();
        let first = manifest(&mut writer, "1");
        let other = manifest(&mut writer, "22");
        writer
            .commit(vec![
                (first, Some("a".into())),
                (other.clone(), Some("b".into())),
            ])
            .unwrap();
        let mut writer = Layout::writer(&root).unwrap();
        let newest = manifest(&mut writer, "333");
        let layout = writer
            .commit(vec![(newest, Some("a".into())), (other, None)])
            .unwrap();
        assert_eq!(
            names(&layout),
            [(Some("b".into()), 2), (Some("a".into()), 3), (None, 2)]
        );
    }

    #[test]
    fn fields_we_do_not_know_survive() {
        let folder = tempfile::tempdir().unwrap();
        drop(Layout::writer(folder.path()).unwrap());
        let digest = crate::blob::sha256(b"x");
        let theirs = format!(
            r#"{{"schemaVersion":2,"x":1,"manifests":[{{"mediaType":"m","digest":"{digest}","size":1,"urls":["u"],"data":"eA=="}}]}}"#
        );
        fs::write(folder.path().join("index.json"), theirs).unwrap();
        let mut writer = Layout::writer(folder.path()).unwrap();
        let ours = manifest(&mut writer, "1");
        writer.commit(vec![(ours, None)]).unwrap();
        let index = fs::read_to_string(folder.path().join("index.json")).unwrap();
        assert!(index.contains(r#""urls":["u"],"data":"eA==""#), "{index}");
        assert!(index.contains(r#""x":1"#), "{index}");
    }

    #[test]
    fn dropped_without_commit_nothing_shows_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Layout::writer(folder.path()).unwrap();
        manifest(&mut writer, "1");
        let half = writer.blob_writer("t").unwrap();
        drop(writer);
        drop(half);
        assert!(
            Layout::open(folder.path())
                .unwrap()
                .entries()
                .unwrap()
                .is_empty()
        );
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn the_dead_are_swept_and_the_living_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let living = Layout::writer(folder.path()).unwrap();
        let dead = folder.path().join(".plimsoll-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("half"), "x").unwrap();
        let _second = Layout::writer(folder.path()).unwrap();
        assert!(!dead.exists());
        assert!(living.scratch.path.exists());
    }

    #[test]
    fn a_folder_with_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        let error = Layout::writer(folder.path()).unwrap_err().to_string();
        assert!(error.contains("thesis.tex"), "{error}");
        assert!(!folder.path().join("blobs").exists());
    }

    #[test]
    fn a_file_is_adopted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cached");
        fs::write(&file, "content").unwrap();
        let digest = crate::blob::sha256(b"content");
        let mut writer = Layout::writer(&folder.path().join("layout")).unwrap();
        for _ in 0..2 {
            let descriptor = writer.adopt("t", &file, &digest).unwrap();
            assert_eq!(descriptor, Descriptor::new("t", digest.clone(), 7));
        }
        assert_eq!(
            fs::read(writer.layout().blob_path(&digest)).unwrap(),
            b"content"
        );
    }

    #[test]
    fn two_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for at in 0..8 {
                let root = folder.path();
                scope.spawn(move || {
                    let mut writer = Layout::writer(root).unwrap();
                    let blob = manifest(&mut writer, &at.to_string());
                    writer.commit(vec![(blob, Some(format!("t{at}")))]).unwrap();
                });
            }
        });
        let mut found = names(&Layout::open(folder.path()).unwrap());
        found.sort();
        assert_eq!(found.len(), 8);
    }
}
