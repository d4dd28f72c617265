//! OCI image layout on disk (OCI image-spec, image-layout.md): source and sink.

mod writer;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::{Digest, ImageName, Platform};

pub use self::writer::{BlobWriter, LayoutWriter};
use crate::blob::{BlobContent, read_blob};
use crate::input::open_file;
use crate::manifest::{Document, parse_document};
use crate::platform::choose;
use crate::{BlobSource, Descriptor, Image, ImageError, media_type};

/// The annotation an index entry's name stands in.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation that containerd writes the full name in.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";

/// An OCI layout folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Opens an existing layout folder.
    ///
    /// # Errors
    /// No `oci-layout` file or a broken index.
    pub fn open(root: &Path) -> Result<Self, ImageError> {
        let marker = root.join("oci-layout");
        let raw = match open_file(&marker) {
            Ok(file) => read_small(file, &marker)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ImageError::NotFound(format!(
                    "{}: is not an OCI layout, it has no file `oci-layout`",
                    root.display()
                )));
            }
            Err(error) => return Err(ImageError::io(&marker, error)),
        };
        check_marker(&raw, &marker.display().to_string())?;
        let layout = Self {
            root: root.to_owned(),
        };
        layout.entries()?;
        Ok(layout)
    }

    /// Opens or creates a layout for writing.
    ///
    /// # Errors
    /// The folder holds something else, or cannot be written.
    pub fn writer(root: &Path) -> Result<LayoutWriter, ImageError> {
        LayoutWriter::open(root)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Entries of `index.json` in order; none where nothing was ever committed.
    ///
    /// # Errors
    /// A broken index.
    pub fn entries(&self) -> Result<Vec<Descriptor>, ImageError> {
        let path = self.root.join("index.json");
        match self.index_bytes()? {
            Some(raw) => parse_index(raw, &path.display().to_string()),
            None => Ok(Vec::new()),
        }
    }

    /// Opens the image called `reference` (a name or a digest); the only one where `None`.
    ///
    /// # Errors
    /// No such image, more than one to choose from, or a damaged one.
    pub fn image(
        &self,
        reference: Option<&str>,
        platform: Option<&Platform>,
    ) -> Result<Image, ImageError> {
        let place = format!("oci:{}", self.root.display());
        let entries = self.entries()?;
        open_entry(
            &place,
            &entries,
            reference,
            platform,
            Arc::new(self.clone()),
        )
    }

    /// Manifests in the index whose `subject` is `digest`: signatures, SBOMs and other papers.
    ///
    /// # Errors
    /// A broken index or manifest.
    pub fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>, ImageError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for entry in self.entries()? {
            if media_type::is_index(&entry.media_type) || !seen.insert(entry.digest.clone()) {
                continue;
            }
            let raw = read_blob(self, &entry, media_type::MANIFEST_LIMIT)?;
            if let Document::Manifest(manifest) =
                parse_document(raw, &entry.media_type, &self.describe())?
                && manifest
                    .subject
                    .is_some_and(|subject| subject.digest == *digest)
            {
                found.push(entry);
            }
        }
        Ok(found)
    }

    /// Where a blob lies.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join("sha256").join(digest.hex())
    }

    fn index_bytes(&self) -> Result<Option<Vec<u8>>, ImageError> {
        let path = self.root.join("index.json");
        match open_file(&path) {
            Ok(file) => read_small(file, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ImageError::io(&path, error)),
        }
    }
}

impl BlobSource for Layout {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let path = self.blob_path(&descriptor.digest);
        let file = match open_file(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(missing_blob(&self.describe(), descriptor));
            }
            Err(error) => return Err(ImageError::io(&path, error)),
        };
        Ok(BlobContent::verified(file, descriptor, &self.describe()))
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("oci:{}", self.root.display())
    }

    fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        Self::referrers(self, subject).map(Some)
    }
}

/// What is said of a blob that a source should have and has not.
pub(crate) fn missing_blob(place: &str, descriptor: &Descriptor) -> ImageError {
    let why = absence(descriptor);
    let problem = format!(
        "has no blob {} ({}): {why}",
        descriptor.digest,
        descriptor.media_type.escape_debug()
    );
    ImageError::invalid(place, problem)
}

/// Why a blob may be missing. Where its owner says it lies is told and never asked: an image must
/// not make its readers fetch from anywhere.
pub(crate) fn absence(descriptor: &Descriptor) -> String {
    if !media_type::is_foreign(&descriptor.media_type) && descriptor.urls.is_empty() {
        return "the image is incomplete".to_owned();
    }
    let mut why = "it is a foreign layer, which its owner does not let others carry: not looked at"
        .to_owned();
    if let Some(url) = descriptor.urls.first() {
        let url: String = url.chars().take(200).collect();
        why = format!("{why}, nor fetched from {}", url.escape_debug());
    }
    why
}

pub(crate) fn check_marker(raw: &[u8], place: &str) -> Result<(), ImageError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marker {
        image_layout_version: String,
    }
    match serde_json::from_slice::<Marker>(raw) {
        Ok(marker) if marker.image_layout_version.starts_with("1.") => Ok(()),
        Ok(marker) => Err(ImageError::invalid(
            place,
            format!(
                "layout version {} is not known, 1.0.0 is",
                marker.image_layout_version.escape_debug()
            ),
        )),
        Err(error) => Err(ImageError::invalid(place, error)),
    }
}

pub(crate) fn parse_index(raw: Vec<u8>, place: &str) -> Result<Vec<Descriptor>, ImageError> {
    match parse_document(raw.into(), media_type::OCI_INDEX, place)? {
        Document::Index(entries) => Ok(entries),
        Document::Manifest(_) => Err(ImageError::invalid(place, "is a manifest, not an index")),
    }
}

/// Opens one image among the entries of a layout's index, folder or tar.
pub(crate) fn open_entry(
    place: &str,
    entries: &[Descriptor],
    reference: Option<&str>,
    platform: Option<&Platform>,
    blobs: Arc<dyn BlobSource>,
) -> Result<Image, ImageError> {
    let names = || {
        let names: Vec<&str> = entries
            .iter()
            .filter_map(|entry| {
                let full = entry.annotation(IMAGE_NAME);
                full.or_else(|| entry.annotation(REF_NAME))
            })
            .collect();
        if names.is_empty() {
            "it names none".to_owned()
        } else {
            format!("it has {}", names.join(", ").escape_debug())
        }
    };
    let Some(reference) = reference else {
        let mut images: Vec<&Descriptor> = Vec::new();
        let mut artifacts = BTreeSet::new();
        let mut seen = HashSet::new();
        for entry in entries {
            if !seen.insert(&entry.digest) || entry.is_attestation() {
                continue;
            }
            match artifact_type(entry, &*blobs, place)? {
                Some(kind) => {
                    artifacts.insert(kind);
                }
                None => images.push(entry),
            }
        }
        if let Some(fitting) = one_image(&images, place, platform, &*blobs)? {
            let image = Image::from_descriptor(place, &fitting, platform, blobs)?;
            let all: Vec<Descriptor> = images.into_iter().cloned().collect();
            return Ok(image.chosen_among(&all, &fitting.digest));
        }
        return match images.as_slice() {
            [only] => Image::from_descriptor(place, only, platform, blobs),
            [] => Err(ImageError::NotFound(format!(
                "{place}: holds no image{}",
                only_artifacts(&artifacts)
            ))),
            [..] => Err(ImageError::Usage(format!(
                "{place}: holds {} images, say which with `{place}:NAME` or `{place}@DIGEST`: {}",
                images.len(),
                names()
            ))),
        };
    };
    let mut chosen_from: Vec<Descriptor> = Vec::new();
    let root = match Digest::parse(reference) {
        Ok(digest) => match entries.iter().find(|entry| entry.digest == digest) {
            Some(entry) => entry.clone(),
            // A digest may also name one image of an index.
            None => below(entries, &digest, place, &*blobs)?
                .ok_or_else(|| ImageError::NotFound(format!("{place}: holds no image {digest}")))?,
        },
        Err(_) => {
            let called = called(entries, reference);
            match (
                one_image(&called, place, platform, &*blobs)?,
                called.as_slice(),
            ) {
                (Some(fitting), _) => {
                    chosen_from = called.into_iter().cloned().collect();
                    fitting
                }
                (None, []) => {
                    return Err(ImageError::NotFound(format!(
                        "{place}: holds no image called `{}`, {}",
                        reference.escape_debug(),
                        names()
                    )));
                }
                (None, [first, others @ ..]) => {
                    if others.iter().any(|other| other.digest != first.digest) {
                        return Err(ambiguous(place, reference, &called));
                    }
                    (*first).clone()
                }
            }
        }
    };
    let separator = if reference.starts_with("sha256:") {
        '@'
    } else {
        ':'
    };
    let name = format!("{place}{separator}{reference}");
    let image = Image::from_descriptor(&name, &root, platform, blobs)?;
    Ok(image.chosen_among(&chosen_from, &root.digest))
}

/// Several entries that are one image, each for a platform of its own: the one that fits. `None`
/// where they are several images, or one.
fn one_image(
    entries: &[&Descriptor],
    place: &str,
    platform: Option<&Platform>,
    blobs: &dyn BlobSource,
) -> Result<Option<Descriptor>, ImageError> {
    let name = |entry: &Descriptor| entry.annotation(REF_NAME).map(str::to_owned);
    let mut seen = Vec::new();
    let differ = entries.iter().all(|entry| {
        let new = entry.platform.is_some() && !seen.contains(&&entry.platform);
        seen.push(&entry.platform);
        new
    });
    let [first, _, ..] = entries else {
        return Ok(None);
    };
    if !differ || entries.iter().any(|entry| name(entry) != name(first)) {
        return Ok(None);
    }
    let entries: Vec<Descriptor> = entries.iter().copied().cloned().collect();
    choose(place, &entries, platform, blobs).map(Some)
}

/// The entries that go by a name: those that are called just so, or else those whose name is that one once
/// both are written out (`app:1` is `docker.io/library/app:1`), or else those with such a tag.
fn called<'e>(entries: &'e [Descriptor], reference: &str) -> Vec<&'e Descriptor> {
    let full = |name: &str| {
        ImageName::parse(name).ok().map(|mut name| {
            name.tag.get_or_insert_with(|| "latest".to_owned());
            name
        })
    };
    let wanted = full(reference);
    let is_just_so = |entry: &Descriptor| entry.annotation(REF_NAME) == Some(reference);
    let goes_by = |entry: &Descriptor, is_name: &dyn Fn(&str) -> bool| {
        let names = [entry.annotation(IMAGE_NAME), entry.annotation(REF_NAME)];
        names.into_iter().flatten().any(is_name)
    };
    let is_in_full =
        |entry: &Descriptor| wanted.is_some() && goes_by(entry, &|name: &str| full(name) == wanted);
    let is_tagged = |entry: &Descriptor| {
        goes_by(entry, &|name: &str| {
            let tag = name.rsplit_once(':').map(|(_, tag)| tag);
            tag == Some(reference)
        })
    };
    let ways: [&dyn Fn(&Descriptor) -> bool; 3] = [&is_just_so, &is_in_full, &is_tagged];
    let found = ways.into_iter().map(|goes_by| {
        let entries = entries.iter().filter(|entry| !entry.is_attestation());
        entries.filter(|entry| goes_by(entry)).collect()
    });
    found
        .into_iter()
        .find(|found: &Vec<_>| !found.is_empty())
        .unwrap_or_default()
}

/// What is said of a name that several images go by.
fn ambiguous(place: &str, reference: &str, called: &[&Descriptor]) -> ImageError {
    let told = called.iter().take(MAX_TOLD).map(|entry| {
        let name = entry
            .annotation(IMAGE_NAME)
            .or_else(|| entry.annotation(REF_NAME));
        let name = name.unwrap_or_default().escape_debug();
        format!("{name} is {}", entry.digest)
    });
    let told: Vec<String> = told.collect();
    ImageError::Usage(format!(
        "{place}: holds {} images called `{}`, say which with its whole name or `{place}@DIGEST`: {}",
        called.len(),
        reference.escape_debug(),
        told.join(", ")
    ))
}

/// Images of one name that are told.
const MAX_TOLD: usize = 10;

/// Documents that are looked at to find one by its digest.
const MAX_DOCUMENTS: usize = 1_000;

/// The descriptor of `digest` in the indexes below `entries`.
fn below(
    entries: &[Descriptor],
    digest: &Digest,
    place: &str,
    blobs: &dyn BlobSource,
) -> Result<Option<Descriptor>, ImageError> {
    let is_index = |entry: &Descriptor| media_type::is_index(&entry.media_type);
    let mut queue: VecDeque<Descriptor> = entries
        .iter()
        .filter(|one| is_index(one))
        .cloned()
        .collect();
    let mut seen = HashSet::new();
    while let Some(entry) = queue.pop_front() {
        if seen.len() == MAX_DOCUMENTS || !seen.insert(entry.digest.clone()) {
            continue;
        }
        let raw = read_blob(blobs, &entry, media_type::MANIFEST_LIMIT)?;
        if let Document::Index(inner) = parse_document(raw, &entry.media_type, place)? {
            if let Some(found) = inner.iter().find(|entry| entry.digest == *digest) {
                return Ok(Some(found.clone()));
            }
            let room = MAX_DOCUMENTS.saturating_sub(queue.len());
            queue.extend(inner.into_iter().filter(is_index).take(room));
        }
    }
    Ok(None)
}

/// The type of an entry that is an artifact, or something about an image (SBOM, signature), and no
/// image itself.
fn artifact_type(
    entry: &Descriptor,
    blobs: &dyn BlobSource,
    place: &str,
) -> Result<Option<String>, ImageError> {
    if entry.artifact_type.is_some() {
        return Ok(entry.artifact_type.clone());
    }
    if media_type::is_index(&entry.media_type) {
        return Ok(None);
    }
    let raw = read_blob(blobs, entry, media_type::MANIFEST_LIMIT)?;
    let Document::Manifest(manifest) = parse_document(raw, &entry.media_type, place)? else {
        return Ok(None);
    };
    let is_image = manifest.subject.is_none() && media_type::is_config(&manifest.config.media_type);
    let kind = manifest.descriptor.artifact_type;
    Ok((!is_image).then(|| kind.unwrap_or(manifest.config.media_type)))
}

/// What a layout without an image holds, for people.
fn only_artifacts(types: &BTreeSet<String>) -> String {
    let told: Vec<String> = types
        .iter()
        .take(5)
        .map(|kind| kind.chars().take(100).collect::<String>())
        .map(|kind| kind.escape_debug().to_string())
        .collect();
    match told.as_slice() {
        [] => String::new(),
        [only] => format!(" but an artifact of type {only}"),
        several => format!(" but artifacts of the types {}", several.join(", ")),
    }
}

pub(crate) fn read_small(file: File, path: &Path) -> Result<Vec<u8>, ImageError> {
    let mut raw = Vec::new();
    file.take(media_type::MANIFEST_LIMIT + 1)
        .read_to_end(&mut raw)
        .map_err(|error| ImageError::io(path, error))?;
    if raw.len() as u64 > media_type::MANIFEST_LIMIT {
        return Err(ImageError::invalid(path.display(), "is larger than 4 MiB"));
    }
    Ok(raw)
}
