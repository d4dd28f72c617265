//! Places images are written to, bytes unchanged.

mod names;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plimsoll_model::{Digest, ImageName, ImageRef};

pub use self::names::called_at;
use crate::archive::write_archive;
use crate::blob::{BlobContent, sha256};
use crate::daemon::Daemon;
use crate::registry::{Repository, Transfer};
use crate::{
    Access, BlobSource, Descriptor, Image, ImageError, Layout, LayoutWriter, Target, manifest_json,
    media_type,
};

/// Blobs that are sent at a time.
const PARALLEL: usize = 4;

/// A paper that is attached to an image: an SBOM, a provenance, a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// What it is, as its manifest says (`artifactType`).
    pub artifact_type: String,
    /// Media type of its content.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Annotations of its manifest.
    pub annotations: Vec<(String, String)>,
}

/// What a push did. Counts are blobs of image and referrers, manifests not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOutcome {
    /// Digest of the image there: the same as here.
    pub digest: Digest,
    /// Blobs that were written.
    pub sent: usize,
    /// Blobs that were there already.
    pub skipped: usize,
}

/// What a push is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A blob is looked for, and sent where it is not there.
    Begun(Descriptor),
    /// So many more bytes of it were copied, where the place is a local layout.
    Bytes(Digest, u64),
    /// It was there.
    Skipped(Digest),
    /// It has arrived.
    Sent(Digest),
}

/// Copies `image` to a place, under the name the place carries and every one of `tags`, with its
/// referrers: blobs first, what makes them visible last. The digest stays what it is.
///
/// A docker archive or an engine holds no referrers: giving some is no error, they are not sent.
///
/// # Errors
/// See [`ImageError`]. Nothing is visible at the place then that was not before.
pub fn push(
    image: &Image,
    referrers: &[Referrer],
    to: &ImageRef,
    tags: &[String],
    access: &Access,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<PushOutcome, ImageError> {
    if !image.blobs.has_configuration() {
        return Err(ImageError::Usage(format!(
            "{}: is a root file system and no image: there is nothing that could be sent",
            image.name
        )));
    }
    let papers: Vec<Paper> = referrers
        .iter()
        .map(|referrer| Paper::new(image, referrer))
        .collect();
    match to {
        ImageRef::Layout { path, reference } => {
            let names = names::of_layout(reference.as_deref(), tags)?;
            to_layout(image, &papers, Path::new(path), names, progress)
        }
        ImageRef::Archive { path, reference } => {
            let names = names::of_archive(path, reference.as_deref(), tags)?;
            to_archive(image, Path::new(path), &names, progress)
        }
        ImageRef::Daemon(name) | ImageRef::Podman(name) => {
            refuse_foreign(image)?;
            let names = names::of_engine(name, tags)?;
            let daemon = if matches!(to, ImageRef::Daemon(_)) {
                Daemon::connect(access)?
            } else {
                Daemon::podman(access)?
            };
            let sent = daemon.load(image, &names, access, |blob| {
                progress(Progress::Begun(blob.clone()))
            })?;
            Ok(outcome(
                image,
                usize::try_from(sent).unwrap_or(usize::MAX),
                0,
            ))
        }
        ImageRef::Registry(name) => {
            let repository = Repository::connect(name, access)?;
            to_registry(image, &papers, &repository, name, tags, progress)
        }
        ImageRef::Folder(_) | ImageRef::RootFs(_) | ImageRef::Stdin { .. } => {
            Err(names::unwritable(to))
        }
    }
}

fn outcome(image: &Image, sent: usize, skipped: usize) -> PushOutcome {
    PushOutcome {
        digest: image.digest().clone(),
        sent,
        skipped,
    }
}

/// A referrer with its manifest.
struct Paper {
    descriptor: Descriptor,
    raw: Vec<u8>,
    content: MemoryBlobs,
}

/// Blobs at hand.
struct MemoryBlobs(Vec<(Descriptor, Vec<u8>)>);

impl Paper {
    fn new(image: &Image, referrer: &Referrer) -> Self {
        let blob = |media_type: &str, bytes: &[u8]| {
            Descriptor::new(media_type, sha256(bytes), bytes.len() as u64)
        };
        let empty = blob(media_type::OCI_EMPTY, b"{}");
        let content = blob(&referrer.media_type, &referrer.bytes);
        let image_manifest = &image.manifest.descriptor;
        let subject = Descriptor::new(
            image_manifest.media_type.clone(),
            image_manifest.digest.clone(),
            image_manifest.size,
        );
        let raw = manifest_json(
            &empty,
            std::slice::from_ref(&content),
            Some(&subject),
            Some(&referrer.artifact_type),
            &referrer.annotations,
        );
        let mut annotations = referrer.annotations.clone();
        annotations.sort();
        Self {
            descriptor: Descriptor {
                artifact_type: Some(referrer.artifact_type.clone()),
                annotations,
                ..blob(media_type::OCI_MANIFEST, &raw)
            },
            raw,
            content: MemoryBlobs(vec![
                (empty, b"{}".to_vec()),
                (content, referrer.bytes.clone()),
            ]),
        }
    }
}

impl BlobSource for MemoryBlobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let found = self
            .0
            .iter()
            .find(|(blob, _)| blob.digest == descriptor.digest);
        let (_, bytes) =
            found.ok_or_else(|| crate::layout::missing_blob("the referrer", descriptor))?;
        let bytes = std::io::Cursor::new(bytes.clone());
        Ok(BlobContent::verified(bytes, descriptor, "the referrer"))
    }

    fn describe(&self) -> String {
        "the referrer".to_owned()
    }
}

/// Every blob that has to be there, once, and where it comes from.
fn blobs<'a>(image: &'a Image, papers: &'a [Paper]) -> Vec<(&'a Descriptor, &'a dyn BlobSource)> {
    let mut seen = HashSet::new();
    let own = image
        .manifest
        .layers
        .iter()
        .filter(|layer| !media_type::is_foreign(&layer.media_type))
        .chain([&image.manifest.config])
        .map(|blob| (blob, &*image.blobs));
    let theirs = papers.iter().flat_map(|paper| {
        paper
            .content
            .0
            .iter()
            .map(|(blob, _)| (blob, &paper.content as &dyn BlobSource))
    });
    own.chain(theirs)
        .filter(|(blob, _)| seen.insert(&blob.digest))
        .collect()
}

fn to_layout(
    image: &Image,
    papers: &[Paper],
    root: &Path,
    names: Vec<String>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<PushOutcome, ImageError> {
    let mut writer = Layout::writer(root)?;
    let (mut sent, mut skipped) = (0, 0);
    for (blob, source) in blobs(image, papers) {
        progress(Progress::Begun(blob.clone()));
        if writer.has_whole(blob) {
            skipped += 1;
            progress(Progress::Skipped(blob.digest.clone()));
            continue;
        }
        let mut content = Counting {
            inner: source.blob(blob)?,
            digest: blob.digest.clone(),
            progress,
        };
        writer.blob(&blob.media_type, &mut content)?;
        sent += 1;
        progress(Progress::Sent(blob.digest.clone()));
    }
    let store = |descriptor: &Descriptor, raw: &[u8], writer: &mut LayoutWriter| {
        writer
            .blob(&descriptor.media_type, &mut &*raw)
            .map(|_| descriptor.clone())
    };
    let mut root = store(&image.manifest.descriptor, &image.manifest.raw, &mut writer)?;
    root.platform.clone_from(&image.config.platform);
    let mut entries: Vec<(Descriptor, Option<String>)> = if names.is_empty() {
        vec![(root, None)]
    } else {
        names
            .into_iter()
            .map(|name| (root.clone(), Some(name)))
            .collect()
    };
    for paper in papers {
        entries.push((store(&paper.descriptor, &paper.raw, &mut writer)?, None));
    }
    writer.commit(entries)?;
    Ok(outcome(image, sent, skipped))
}

/// The archive appears whole or not at all.
fn to_archive(
    image: &Image,
    path: &Path,
    names: &[String],
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<PushOutcome, ImageError> {
    refuse_foreign(image)?;
    let write = |file: &File| {
        let mut buffered = BufWriter::with_capacity(128 << 10, file);
        let sent = write_archive(image, names, &mut buffered, |blob| {
            progress(Progress::Begun(blob.clone()))
        })?;
        match buffered.flush() {
            Ok(()) => Ok(outcome(
                image,
                usize::try_from(sent).unwrap_or(usize::MAX),
                0,
            )),
            Err(error) => Err(ImageError::io(path, error)),
        }
    };
    let path = match Target::of(path).map_err(|error| ImageError::io(path, error))? {
        Target::File(path) => path,
        Target::Stream(stream) => return write(&stream),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".plimsoll-")
        .tempfile_in(folder)
        .map_err(|error| ImageError::io(folder, error))?;
    let outcome = write(file.as_file())?;
    let synced = file.as_file().sync_all();
    synced.map_err(|error| ImageError::io(&path, error))?;
    open_to_all(file.as_file(), &path)?;
    file.persist(&path)
        .map_err(|error| ImageError::io(&path, error.error))?;
    Ok(outcome)
}

/// Temporary files are private; the finished archive is for whoever may read the folder.
fn open_to_all(file: &File, path: &Path) -> Result<(), ImageError> {
    rustix::fs::fchmod(file, rustix::fs::Mode::from_raw_mode(0o644))
        .map_err(|error| ImageError::io(path, error.into()))
}

fn refuse_foreign(image: &Image) -> Result<(), ImageError> {
    match image
        .manifest
        .layers
        .iter()
        .find(|layer| media_type::is_foreign(&layer.media_type))
    {
        Some(layer) => Err(ImageError::Usage(format!(
            "{}: layer {} is foreign and cannot be put into an archive",
            image.name, layer.digest
        ))),
        None => Ok(()),
    }
}

fn to_registry(
    image: &Image,
    papers: &[Paper],
    repository: &Repository,
    name: &ImageName,
    tags: &[String],
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<PushOutcome, ImageError> {
    let tags = names::of_registry(name, tags)?;
    if let Some(digest) = &name.digest
        && digest != image.digest()
    {
        return Err(ImageError::Usage(format!(
            "{name}: the image to push is {}, it cannot be stored under another digest",
            image.digest()
        )));
    }
    let (sent, skipped) = send_blobs(&blobs(image, papers), repository, progress)?;
    let root = &image.manifest.descriptor;
    // With papers to attach, the tag comes last: whoever sees it finds them.
    if tags.is_empty() || !papers.is_empty() {
        repository.send_manifest(root, &image.manifest.raw, root.digest.as_str())?;
    }
    for paper in papers {
        repository.send_manifest(
            &paper.descriptor,
            &paper.raw,
            paper.descriptor.digest.as_str(),
        )?;
        repository.list_referrer(&root.digest, &paper.descriptor)?;
    }
    for tag in &tags {
        repository.send_manifest(root, &image.manifest.raw, tag)?;
    }
    Ok(outcome(image, sent, skipped))
}

/// Sends blobs, a few at a time; the first failure stops what has not begun.
fn send_blobs(
    blobs: &[(&Descriptor, &dyn BlobSource)],
    repository: &Repository,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(usize, usize), ImageError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let failure = Mutex::new(None);
    let (sent, skipped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let Some((blob, source)) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            progress(Progress::Begun((*blob).clone()));
            match repository.send_blob(blob, *source) {
                Ok(Transfer::Sent) => {
                    sent.fetch_add(1, Ordering::Relaxed);
                    progress(Progress::Sent(blob.digest.clone()));
                }
                Ok(Transfer::There) => {
                    skipped.fetch_add(1, Ordering::Relaxed);
                    progress(Progress::Skipped(blob.digest.clone()));
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    if let Ok(mut failure) = failure.lock() {
                        failure.get_or_insert(error);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..PARALLEL.min(blobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    match failure
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
    {
        Some(error) => Err(error),
        None => Ok((sent.into_inner(), skipped.into_inner())),
    }
}

/// Tells of bytes as they pass.
struct Counting<'a> {
    inner: BlobContent,
    digest: Digest,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 {
            (self.progress)(Progress::Bytes(self.digest.clone(), read as u64));
        }
        Ok(read)
    }
}
