//! What went into a build, by digest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::PoisonError;

use plimsoll_image::Access;
use plimsoll_model::{BuildInput, Digest, ImageName, ImageRef};
use plimsoll_syntax::dockerfile::{Base, Dockerfile, InstructionKind, Resolution};
use sha2::{Digest as _, Sha256};

use super::daemon::{Daemon, StoredImage};
use super::filesync::{Ledger, Offered};
use super::mode::{DIRECTORY, SYMLINK, TYPES};
use crate::inputs::{ListedFile, listing_digest};
use crate::{BuildError, BuildPlan, Event, EventSink};

/// The images a build stands on: what the Dockerfile calls them, what the engine is told, and
/// their digests as far as they are known.
#[derive(Default)]
pub(crate) struct Bases {
    /// Name of a context, or reference of a base, to the name that is sent.
    pub(crate) names: BTreeMap<String, String>,
    /// Sent names that must not be looked up elsewhere.
    pub(crate) private: BTreeSet<String>,
    /// Sent name to the one for people.
    pub(crate) aliases: BTreeMap<String, String>,
    known: BTreeMap<String, Digest>,
}

impl Bases {
    /// The named context `name` is sent as `sent`. The record keeps calling it `name`, as the
    /// Dockerfile does: where it lay on this machine is nobody's business who reads the record.
    pub(crate) fn by_name(&mut self, name: &str, sent: &str) {
        self.names.insert(name.to_owned(), sent.to_owned());
        self.aliases.insert(sent.to_owned(), name.to_owned());
    }

    pub(crate) fn know(&mut self, name: &str, digest: Option<Digest>) {
        if let Some(digest) = digest {
            self.known.insert(name.to_owned(), digest);
        }
    }

    /// Finds the digests of everything in `names` and of every reference the engine resolved.
    pub(crate) fn resolved<'a>(
        &'a self,
        daemon: Option<&'a Daemon>,
        access: &'a Access,
        vertices: impl Iterator<Item = &'a str>,
    ) -> Result<Resolved<'a>, BuildError> {
        let mut told = BTreeMap::new();
        for name in vertices {
            // `[1/4] FROM docker.io/library/debian:12@sha256:…`
            let pinned = name
                .split_once("] FROM ")
                .and_then(|(_, image)| ImageName::parse(image.trim()).ok());
            if let Some(mut image) = pinned
                && let Some(digest) = image.digest.take()
            {
                image.tag.get_or_insert_with(|| "latest".to_owned());
                told.insert(image, digest);
            }
        }
        Ok(Resolved {
            bases: self,
            daemon,
            access,
            told,
        })
    }
}

/// Where digests of bases are looked up once the engine has resolved them.
pub(crate) struct Resolved<'a> {
    bases: &'a Bases,
    daemon: Option<&'a Daemon>,
    access: &'a Access,
    told: BTreeMap<ImageName, Digest>,
}

impl Resolved<'_> {
    /// Reference for the record and digest of a base, by the name the Dockerfile gives it.
    fn base(&self, name: &str) -> Result<(String, Option<Digest>), BuildError> {
        let shown = name.to_owned();
        if let Some(digest) = self.bases.known.get(name) {
            return Ok((shown, Some(digest.clone())));
        }
        let sent = self.bases.names.get(name).map_or(name, String::as_str);
        let Ok(image) = ImageName::parse(sent) else {
            return Ok((shown, None));
        };
        if let Some(digest) = &image.digest {
            return Ok((shown, Some(digest.clone())));
        }
        let mut tagged = image.clone();
        tagged.tag.get_or_insert_with(|| "latest".to_owned());
        if let Some(digest) = self.told.get(&tagged) {
            return Ok((shown, Some(digest.clone())));
        }
        if let Some(daemon) = self.daemon
            && let Some(stored) = daemon.image(sent)?
        {
            let digest = stored.digest(&image).or_else(|| stored.id());
            return Ok((shown, digest));
        }
        // An old engine resolves a base without a word and without keeping it under its name.
        let found = plimsoll_image::open(&ImageRef::Registry(image), self.access);
        Ok((shown, found.ok().map(|image| image.digest().clone())))
    }
}

impl StoredImage {
    /// The id is a digest too: of the configuration, which names every layer.
    pub(crate) fn id(&self) -> Option<Digest> {
        Digest::parse(&self.id).ok()
    }

    pub(crate) fn digest_or_id(&self) -> Option<Digest> {
        self.any_digest().or_else(|| self.id())
    }
}

/// Names of contexts that stages on the way to the target use.
pub(crate) fn used_contexts(resolution: &Resolution) -> BTreeSet<&str> {
    used(resolution)
        .filter_map(|base| match base {
            Base::Context(name) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

/// References of images that stages on the way to the target use.
pub(crate) fn used_images(resolution: &Resolution) -> BTreeSet<String> {
    used(resolution)
        .filter_map(|base| match base {
            Base::Image(reference) => Some(reference.clone()),
            _ => None,
        })
        .collect()
}

fn used(resolution: &Resolution) -> impl Iterator<Item = &Base> {
    resolution
        .stages
        .iter()
        .filter(|stage| stage.reaches_target)
        .flat_map(|stage| {
            std::iter::once(&stage.base).chain(stage.steps.iter().flat_map(|step| &step.from))
        })
}

/// Every input, sorted.
pub(crate) fn inputs(
    plan: &BuildPlan,
    file: &Dockerfile,
    resolution: &Resolution,
    ledger: &Ledger,
    bases: &Resolved<'_>,
    events: &dyn EventSink,
) -> Result<Vec<BuildInput>, BuildError> {
    let mut inputs = vec![BuildInput::Dockerfile {
        name: plan.dockerfile.path().to_owned(),
        digest: Digest::from_sha256(Sha256::digest(plan.dockerfile.bytes()).into()),
    }];
    let warn = |message: String| events.event(Event::Warning { message });
    let images = used_images(resolution);
    let contexts = used_contexts(resolution);
    for name in images.iter().map(String::as_str).chain(contexts) {
        if !images.contains(name) && !bases.bases.names.contains_key(name) {
            // A folder; it is in the ledger.
            continue;
        }
        match bases.base(name)? {
            (reference, Some(digest)) => inputs.push(BuildInput::Base { reference, digest }),
            (reference, None) => warn(format!(
                "the engine does not tell the digest of the base `{reference}`: the record of \
                 inputs lacks it"
            )),
        }
    }
    let offered = ledger
        .offered
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    for (name, files) in offered.iter().filter(|(_, files)| !files.is_empty()) {
        inputs.push(BuildInput::Context {
            name: name.clone(),
            digest: listing(files)?,
            files: files.values().filter(|file| !is_folder(file)).count(),
        });
    }
    for url in downloads(file, resolution) {
        warn(format!(
            "the engine does not tell the digest of what it downloaded from `{url}`: the record \
             of inputs lacks it"
        ));
    }
    inputs.sort();
    Ok(inputs)
}

/// Addresses that ADD fetches on the way to the target, without credentials and query.
fn downloads(file: &Dockerfile, resolution: &Resolution) -> BTreeSet<String> {
    let instructions: Vec<_> = file.instructions().collect();
    resolution
        .stages
        .iter()
        .filter(|stage| stage.reaches_target)
        .flat_map(|stage| &stage.steps)
        .filter_map(|step| match &instructions.get(step.instruction)?.kind {
            InstructionKind::Add(arguments) => arguments.split_last(),
            _ => None,
        })
        .flat_map(|(_, sources)| sources)
        .filter_map(|source| {
            let (scheme, rest) = source.value.split_once("://")?;
            let rest = rest.split(['?', '#']).next().unwrap_or(rest);
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or(host);
            matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}/{path}"))
        })
        .collect()
}

/// The digest of a folder's offered files. What the engine had from before is read here.
fn listing(files: &BTreeMap<String, Offered>) -> Result<Digest, BuildError> {
    let mut listed = Vec::new();
    for (path, file) in files.iter().filter(|(_, file)| !is_folder(file)) {
        let is_link = file.stat.mode & SYMLINK != 0;
        let content = if is_link {
            Sha256::digest(file.stat.linkname.as_bytes()).into()
        } else if file.stat.mode & TYPES != 0 {
            [0; 32]
        } else if let Some(content) = file.content {
            content
        } else {
            hash(&file.full).map_err(|error| {
                BuildError::Environment(format!(
                    "{}: {error}: it changed during the build; build again",
                    file.full.display()
                ))
            })?
        };
        listed.push(ListedFile {
            path: path.as_bytes().to_vec(),
            mode: file.mode,
            content,
            is_link,
        });
    }
    Ok(listing_digest(listed))
}

/// The digest of a regular file's content.
pub(crate) fn hash(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(length) => hash.update(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_folder(file: &Offered) -> bool {
    file.stat.mode & DIRECTORY != 0
}
