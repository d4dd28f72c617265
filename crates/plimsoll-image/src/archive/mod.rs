//! Images in one tar: what `docker save` writes in its old and its new form, and OCI layouts that
//! were packed.

mod index;
mod write;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::{Digest, ImageName, Platform};
use serde::Deserialize;

pub(crate) use self::index::{Contents, Slice, TarIndex, digest_of};
pub(crate) use self::write::write_archive;
use crate::blob::{BlobContent, sha256};
use crate::compression::Compression;
use crate::config::parse_config;
use crate::layout::{check_marker, missing_blob, open_entry, parse_index};
use crate::manifest::{Document, manifest_json, parse_document};
use crate::{Access, BlobSource, Descriptor, Image, ImageError, media_type};

/// Opens one image of an archive, Docker's or a packed layout, called `reference` where there are
/// several.
pub(crate) fn open(
    path: &Path,
    reference: Option<&str>,
    access: &Access,
) -> Result<Image, ImageError> {
    let place = path.display().to_string();
    open_either(&place, TarIndex::open(path, access)?, reference, access)
}

/// The same for a table of contents at hand; `place` is its name without a prefix.
pub(crate) fn open_either(
    place: &str,
    tar: TarIndex,
    reference: Option<&str>,
    access: &Access,
) -> Result<Image, ImageError> {
    let platform = access.platform.as_ref();
    match tar.contents() {
        Contents::Docker => {
            open_index(&format!("docker-archive:{place}"), tar, reference, platform)
        }
        Contents::Layout => open_packed(&format!("oci:{place}"), tar, reference, platform),
        Contents::Other => Err(ImageError::Usage(format!(
            "{place}: is neither a docker archive nor an OCI layout: {}",
            tar.what_else(place)
        ))),
    }
}

/// Opens one image of a packed OCI layout.
pub(crate) fn open_layout(
    path: &Path,
    reference: Option<&str>,
    access: &Access,
) -> Result<Image, ImageError> {
    let place = format!("oci:{}", path.display());
    let tar = TarIndex::open(path, access)?;
    open_packed(&place, tar, reference, access.platform.as_ref())
}

fn open_packed(
    place: &str,
    tar: TarIndex,
    reference: Option<&str>,
    platform: Option<&Platform>,
) -> Result<Image, ImageError> {
    let marker = tar
        .read("oci-layout", media_type::MANIFEST_LIMIT)?
        .ok_or_else(|| {
            ImageError::NotFound(format!(
                "{place}: is not an OCI layout, it holds no `oci-layout`"
            ))
        })?;
    check_marker(&marker, place)?;
    let entries = match tar.read("index.json", media_type::MANIFEST_LIMIT)? {
        Some(raw) => parse_index(raw, place)?,
        None => Vec::new(),
    };
    let blobs = Arc::new(ArchiveSource {
        place: place.to_owned(),
        tar,
        files: HashMap::new(),
        memory: HashMap::new(),
    });
    open_entry(place, &entries, reference, platform, blobs)
}

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// Opens a docker archive; `place` names it for people.
pub(crate) fn open_index(
    place: &str,
    tar: TarIndex,
    reference: Option<&str>,
    platform: Option<&Platform>,
) -> Result<Image, ImageError> {
    let raw = tar
        .read("manifest.json", media_type::MANIFEST_LIMIT)?
        .ok_or_else(|| {
            ImageError::NotFound(format!(
                "{place}: is not a docker archive, it holds no `manifest.json`"
            ))
        })?;
    let images: Vec<Listed> = serde_json::from_slice(&raw)
        .map_err(|error| ImageError::invalid(place, format!("broken manifest.json: {error}")))?;
    let listed = choose(place, &images, reference)?;
    let config_raw = tar
        .read(&listed.config, media_type::CONFIG_LIMIT)?
        .ok_or_else(|| {
            ImageError::invalid(
                place,
                format!("has no configuration `{}`", listed.config.escape_debug()),
            )
        })?;
    let config = Descriptor::new(
        media_type::OCI_CONFIG,
        sha256(&config_raw),
        config_raw.len() as u64,
    );
    let name = match reference {
        Some(reference) => format!("{place}:{reference}"),
        None => place.to_owned(),
    };
    let mut blobs = ArchiveSource {
        place: place.to_owned(),
        tar,
        files: HashMap::new(),
        memory: HashMap::new(),
    };
    if platform.is_some()
        && let Some(root) = blobs.index_of(&config.digest)?
    {
        return Image::from_descriptor(&name, &root, platform, Arc::new(blobs));
    }
    // Newer engines pack a layout around it: the manifest is there then, under its own digest.
    if let Some(root) = blobs.manifest_of(&config.digest)? {
        return Image::from_descriptor(&name, &root, platform, Arc::new(blobs));
    }
    let manifest = blobs.synthesise(config, config_raw, listed, &name)?;
    Image::from_descriptor(&name, &manifest, platform, Arc::new(blobs))
}

fn choose<'a>(
    place: &str,
    images: &'a [Listed],
    reference: Option<&str>,
) -> Result<&'a Listed, ImageError> {
    let tags = |image: &'a Listed| image.repo_tags.as_deref().unwrap_or_default();
    let all = || {
        let names: Vec<&str> = images.iter().flat_map(tags).map(String::as_str).collect();
        if names.is_empty() {
            "it names none".to_owned()
        } else {
            format!("it has {}", names.join(", ").escape_debug())
        }
    };
    match (reference, images) {
        (None, [only]) => Ok(only),
        (None, []) => Err(ImageError::NotFound(format!("{place}: holds no image"))),
        (None, _) => Err(ImageError::Usage(format!(
            "{place}: holds {} images, say which with `{place}:NAME` (`{place}:@0` is the first): {}",
            images.len(),
            all()
        ))),
        (Some(wanted), _) => {
            let full = |name: &str| {
                ImageName::parse(name).ok().map(|mut name| {
                    name.tag.get_or_insert_with(|| "latest".to_owned());
                    name
                })
            };
            let wanted_name = full(wanted);
            let number: Option<usize> = wanted.strip_prefix('@').and_then(|at| at.parse().ok());
            let called = |image: &&'a Listed| {
                tags(image)
                    .iter()
                    .any(|tag| tag == wanted || wanted_name.is_some() && full(tag) == wanted_name)
            };
            // An image without a name goes by its place or its id, whole or its beginning.
            images
                .iter()
                .find(called)
                .or_else(|| images.get(number?))
                .or_else(|| {
                    let mut found = images.iter().filter(|image| image.has_id(wanted));
                    found.next().filter(|_| found.next().is_none())
                })
                .ok_or_else(|| {
                    ImageError::NotFound(format!(
                        "{place}: holds no image called `{}`, {}",
                        wanted.escape_debug(),
                        all()
                    ))
                })
        }
    }
}

impl Listed {
    /// Whether its configuration's file is named by a digest that begins so.
    fn has_id(&self, wanted: &str) -> bool {
        let wanted = wanted.strip_prefix("sha256:").unwrap_or(wanted);
        let name = self.config.rsplit(['/', ':']).next().unwrap_or_default();
        let hex = wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
        wanted.len() >= 12 && hex && name.starts_with(wanted)
    }
}

/// Blobs inside a tar: by name in a packed layout, by digest in an old archive.
struct ArchiveSource {
    place: String,
    tar: TarIndex,
    /// Where a digest is not a name.
    files: HashMap<Digest, String>,
    memory: HashMap<Digest, Arc<[u8]>>,
}

/// Documents of a packed layout that are looked at for one image.
const MAX_DOCUMENTS: usize = 1_000;

/// The documents of a packed layout, each looked at once: an index may list itself, or the same
/// manifest a million times.
struct Documents<'a> {
    source: &'a ArchiveSource,
    seen: HashSet<Digest>,
}

impl<'a> Documents<'a> {
    fn new(source: &'a ArchiveSource) -> Self {
        Self {
            source,
            seen: HashSet::new(),
        }
    }

    /// What an entry leads to; `None` where it was looked at before, is not here or no document.
    fn next(&mut self, entry: &Descriptor) -> Result<Option<Document>, ImageError> {
        let is_new = self.seen.len() < MAX_DOCUMENTS
            && entry.size <= media_type::MANIFEST_LIMIT
            && self.seen.insert(entry.digest.clone());
        if !is_new {
            return Ok(None);
        }
        let name = blob_name(&entry.digest);
        let raw = self.source.tar.read(&name, media_type::MANIFEST_LIMIT)?;
        let place = &self.source.place;
        Ok(raw.and_then(|raw| parse_document(raw.into(), &entry.media_type, place).ok()))
    }
}

impl ArchiveSource {
    /// The index of the packed layout that holds an image of this configuration among others: an
    /// engine that keeps images for several platforms saves them all.
    fn index_of(&self, config: &Digest) -> Result<Option<Descriptor>, ImageError> {
        let Some(raw) = self.tar.read("index.json", media_type::MANIFEST_LIMIT)? else {
            return Ok(None);
        };
        let mut documents = Documents::new(self);
        for entry in parse_index(raw, &self.place)? {
            let Some(Document::Index(below)) = documents.next(&entry)? else {
                continue;
            };
            for one in &below {
                if let Some(Document::Manifest(manifest)) = documents.next(one)?
                    && manifest.config.digest == *config
                {
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// The manifest of the packed layout, if there is one and its blobs are all here, that has this
    /// configuration.
    fn manifest_of(&self, config: &Digest) -> Result<Option<Descriptor>, ImageError> {
        let Some(raw) = self.tar.read("index.json", media_type::MANIFEST_LIMIT)? else {
            return Ok(None);
        };
        let mut queue = parse_index(raw, &self.place)?;
        let mut documents = Documents::new(self);
        while let Some(entry) = queue.pop() {
            match documents.next(&entry)? {
                Some(Document::Manifest(manifest))
                    if manifest.config.digest == *config
                        && media_type::is_config(&manifest.config.media_type)
                        && manifest
                            .layers
                            .iter()
                            .all(|layer| self.tar.has(&blob_name(&layer.digest))) =>
                {
                    return Ok(Some(entry));
                }
                Some(Document::Index(entries)) => queue.extend(entries),
                Some(Document::Manifest(_)) | None => {}
            }
        }
        Ok(None)
    }

    /// An old archive has no OCI manifest. The one made here depends on nothing but its contents:
    /// layers as they lie in it, plain ones under their diff id, compressed ones hashed now.
    fn synthesise(
        &mut self,
        config: Descriptor,
        config_raw: Vec<u8>,
        listed: &Listed,
        name: &str,
    ) -> Result<Descriptor, ImageError> {
        let files = listed.layers.as_deref().unwrap_or_default();
        let (_, diff_ids) = parse_config(&config_raw, name)?;
        if diff_ids.len() != files.len() {
            let problem = format!(
                "manifest.json lists {} layers, the configuration {}",
                files.len(),
                diff_ids.len()
            );
            return Err(ImageError::invalid(name, problem));
        }
        let mut layers = Vec::new();
        for (file, diff_id) in files.iter().zip(&diff_ids) {
            let missing =
                || ImageError::invalid(name, format!("has no layer `{}`", file.escape_debug()));
            let size = self.tar.size(file).ok_or_else(missing)?;
            let mut start = Vec::new();
            let content = self.tar.reader(file).ok_or_else(missing)?;
            content
                .take(4)
                .read_to_end(&mut start)
                .map_err(|error| ImageError::from_read(name, error))?;
            let media_type = match Compression::of(&start) {
                Compression::Gzip => media_type::OCI_LAYER_GZIP,
                Compression::Zstd => media_type::OCI_LAYER_ZSTD,
                Compression::None => media_type::OCI_LAYER,
            };
            let digest = if media_type == media_type::OCI_LAYER {
                diff_id.clone()
            } else {
                let content = self.tar.reader(file).ok_or_else(missing)?;
                digest_of(content).map_err(|error| ImageError::from_read(name, error))?
            };
            layers.push(Descriptor::new(media_type, digest.clone(), size));
            self.files.insert(digest, file.clone());
        }
        let raw = manifest_json(&config, &layers, None, None, &[]);
        let manifest = Descriptor::new(media_type::OCI_MANIFEST, sha256(&raw), raw.len() as u64);
        self.memory.insert(config.digest, config_raw.into());
        self.memory.insert(manifest.digest.clone(), raw.into());
        Ok(manifest)
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

impl BlobSource for ArchiveSource {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        if let Some(bytes) = self.memory.get(&descriptor.digest) {
            let bytes = std::io::Cursor::new(Arc::clone(bytes));
            return Ok(BlobContent::verified(bytes, descriptor, &self.place));
        }
        let packed = blob_name(&descriptor.digest);
        let name = self.files.get(&descriptor.digest).unwrap_or(&packed);
        match self.tar.reader(name) {
            Some(reader) => Ok(BlobContent::verified(reader, descriptor, &self.place)),
            None => Err(missing_blob(&self.place, descriptor)),
        }
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn has_manifest(&self) -> bool {
        // One that was made here is kept in memory.
        self.memory.is_empty()
    }

    fn describe(&self) -> String {
        self.place.clone()
    }
}
