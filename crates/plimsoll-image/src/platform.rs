//! Which entry of an index is for a platform.

use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};

use plimsoll_model::{Digest, Platform};

use crate::blob::read_blob;
use crate::config::parse_config;
use crate::manifest::{Document, parse_document};
use crate::{BlobSource, Descriptor, ImageError, media_type};

/// Documents below an index that are read to learn what they are for.
const MAX_READ: usize = 16;
/// Entries below an index that are looked at where it does not say what they are for.
const MAX_ENTRIES: usize = 1_000;
/// Entries that a message names.
const MAX_TOLD: usize = 20;

/// How well an image fits, the better the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Nobody asked for a variant, and this one is beyond what a plain machine of the architecture
    /// runs: the lower the better.
    Beyond(Reverse<Level>),
    /// The variant runs there: the higher the better.
    Runs(Level),
    Exact,
}

/// The numbers of a variant: 8 and 2 of `v8.2`.
type Level = (u32, u32);

fn level(platform: &Platform) -> Option<Level> {
    let Some(variant) = &platform.variant else {
        return Some(match platform.architecture.as_str() {
            "arm64" => (8, 0),
            "amd64" => (1, 0),
            _ => (0, 0),
        });
    };
    let digits = variant.strip_prefix('v').unwrap_or(variant);
    let (major, minor) = digits.split_once('.').unwrap_or((digits, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// How well what is for `found` serves who asks for `wanted`: a machine runs what was made for a
/// lower variant of its architecture, best the nearest.
fn fit(found: &Platform, wanted: &Platform) -> Option<Fit> {
    let any_variant = wanted.variant.is_none();
    let found = found.clone().normalised();
    let wanted = wanted.clone().normalised();
    if found.os != wanted.os || found.architecture != wanted.architecture {
        return None;
    }
    if found.variant == wanted.variant {
        return Some(Fit::Exact);
    }
    match (level(&found), level(&wanted)) {
        (Some(level), Some(most)) if level <= most => Some(Fit::Runs(level)),
        (level, _) if any_variant => Some(Fit::Beyond(Reverse(level.unwrap_or((u32::MAX, 0))))),
        _ => None,
    }
}

/// Whether an image whose configuration says `found` will do where `wanted` is asked for. A part
/// that it leaves open fits.
pub(crate) fn serves(found: &Platform, wanted: &Platform) -> bool {
    let or =
        |found: &String, wanted: &String| if found.is_empty() { wanted } else { found }.clone();
    let found = Platform {
        os: or(&found.os, &wanted.os),
        architecture: or(&found.architecture, &wanted.architecture),
        variant: found.variant.clone(),
    };
    let asked = Platform {
        // Most configurations name no variant.
        variant: wanted.variant.clone().filter(|_| found.variant.is_some()),
        ..wanted.clone()
    };
    fit(&found, &asked).is_some()
}

/// What an entry is said to be for.
fn stated(entry: &Descriptor) -> Option<&Platform> {
    let platform = entry.platform.as_ref()?;
    (!platform.architecture.is_empty()).then_some(platform)
}

fn may_be_image(entry: &Descriptor) -> bool {
    !entry.is_attestation()
        && (entry.media_type.is_empty()
            || media_type::is_manifest(&entry.media_type)
            || media_type::is_index(&entry.media_type))
}

/// What of an index may be images, each once, and as many as may be looked at.
pub(crate) fn images_of(entries: &[Descriptor]) -> Vec<Descriptor> {
    let mut seen = HashSet::new();
    entries
        .iter()
        .filter(|entry| may_be_image(entry) && entry.artifact_type.is_none())
        .filter(|entry| seen.insert(&entry.digest))
        .take(MAX_ENTRIES)
        .cloned()
        .collect()
}

/// Images for people: by the platforms that are stated. Where none is, a few are asked whether they are
/// images at all.
pub(crate) fn images_told(
    name: &str,
    images: &[Descriptor],
    blobs: &dyn BlobSource,
) -> Result<Vec<String>, ImageError> {
    let mut told = Vec::new();
    let mut read = 0;
    for entry in images {
        if let Some(platform) = stated(entry) {
            told.push(platform.to_string().escape_debug().to_string());
            continue;
        }
        // One alone is what was opened.
        if read < MAX_READ && images.len() > 1 {
            read += 1;
            match look(name, entry, blobs) {
                Ok(Look::Other) => continue,
                Ok(Look::Image(_) | Look::Index(_))
                | Err(
                    ImageError::Invalid { .. } | ImageError::NotFound(_) | ImageError::Usage(_),
                ) => {}
                Err(other) => return Err(other),
            }
        }
        told.push(entry.digest.to_string());
    }
    Ok(told)
}

/// Something below an index, and what it is for where that could be learnt.
struct Candidate {
    entry: Descriptor,
    platform: Option<Platform>,
    /// Whether the index itself says what it is for.
    is_stated: bool,
}

impl Candidate {
    /// For people: by its platform, or by what else it can be chosen by.
    fn told(&self) -> String {
        let digest = &self.entry.digest;
        match &self.platform {
            Some(platform) if self.is_stated => platform.to_string().escape_debug().to_string(),
            Some(platform) => format!("{} ({digest})", platform.to_string().escape_debug()),
            None => digest.to_string(),
        }
    }
}

/// The entry of an index that fits `platform` best, the host's where `None`. Attestations that
/// BuildKit puts beside images are passed over. Where the index does not say what its entries are
/// for, they are asked themselves: a few of them, and one of them must be the only one that fits.
pub(crate) fn choose(
    name: &str,
    entries: &[Descriptor],
    platform: Option<&Platform>,
    blobs: &dyn BlobSource,
) -> Result<Descriptor, ImageError> {
    let images: Vec<&Descriptor> = entries.iter().filter(|entry| may_be_image(entry)).collect();
    let host = Platform::host();
    let wanted = platform.unwrap_or(&host);
    let mut best: Option<(Fit, &Descriptor)> = None;
    for entry in &images {
        // The first of equals.
        if let Some(fit) = stated(entry).and_then(|found| fit(found, wanted))
            && best.is_none_or(|(other, _)| fit > other)
        {
            best = Some((fit, entry));
        }
    }
    if let Some((_, entry)) = best {
        return Ok(entry.clone());
    }
    match images.as_slice() {
        [] => {
            return Err(ImageError::NotFound(format!(
                "{name}: its index holds no image{}",
                if entries.is_empty() {
                    ""
                } else {
                    ", only what is said of one"
                }
            )));
        }
        [only] if stated(only).is_none() => return Ok((*only).clone()),
        _ => {}
    }
    choose_below(name, &candidates(name, &images, blobs)?, wanted)
}

fn choose_below(
    name: &str,
    candidates: &[Candidate],
    wanted: &Platform,
) -> Result<Descriptor, ImageError> {
    let fit = |one: &Candidate| one.platform.as_ref().and_then(|found| fit(found, wanted));
    let best = candidates.iter().filter_map(fit).max();
    let fitting: Vec<&Candidate> = candidates
        .iter()
        .filter(|one| best.is_some() && fit(one) == best)
        .collect();
    let listed = |all: &mut dyn ExactSizeIterator<Item = String>| {
        let more = all.len().saturating_sub(MAX_TOLD);
        let mut told: Vec<String> = all.take(MAX_TOLD).collect();
        if more > 0 {
            told.push(format!("{more} more"));
        }
        told.join(", ")
    };
    match fitting.as_slice() {
        [only] => Ok(only.entry.clone()),
        [] => {
            let by_digest = candidates.iter().any(|one| !one.is_stated);
            Err(ImageError::NotFound(format!(
                "{name}: holds no image for {wanted}; it has {}: choose one of them with \
                 `--platform`{}",
                listed(&mut candidates.iter().map(Candidate::told)),
                if by_digest {
                    ", or by its digest with `@DIGEST` behind the name"
                } else {
                    ""
                }
            )))
        }
        several => Err(ImageError::Usage(format!(
            "{name}: holds {} images for {wanted}: choose one by its digest, with `@DIGEST` \
             behind the name: {}",
            several.len(),
            listed(&mut several.iter().map(|one| one.entry.digest.to_string()))
        ))),
    }
}

/// What is below `entries`, indexes among them opened. Each is looked at once.
fn candidates(
    name: &str,
    entries: &[&Descriptor],
    blobs: &dyn BlobSource,
) -> Result<Vec<Candidate>, ImageError> {
    let mut queue: VecDeque<Descriptor> = entries.iter().copied().cloned().collect();
    let mut seen: HashSet<Digest> = HashSet::new();
    let mut found = Vec::new();
    let mut read = 0;
    while let Some(entry) = queue.pop_front() {
        if !may_be_image(&entry) || !seen.insert(entry.digest.clone()) {
            continue;
        }
        let mut candidate = |entry: Descriptor, platform: Option<Platform>| {
            let is_stated = stated(&entry).is_some();
            found.push(Candidate {
                entry,
                platform,
                is_stated,
            });
        };
        if let Some(platform) = stated(&entry).cloned() {
            candidate(entry, Some(platform));
            continue;
        }
        if read == MAX_READ {
            candidate(entry, None);
            continue;
        }
        read += 1;
        match look(name, &entry, blobs) {
            Ok(Look::Image(platform)) => candidate(entry, platform),
            Ok(Look::Index(below)) => {
                let room = MAX_ENTRIES.saturating_sub(queue.len());
                queue.extend(below.into_iter().take(room));
            }
            Ok(Look::Other) => {}
            // Copies often hold a part of their index only.
            Err(ImageError::Invalid { .. } | ImageError::NotFound(_) | ImageError::Usage(_)) => {
                candidate(entry, None);
            }
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

/// What an entry turned out to be.
enum Look {
    Image(Option<Platform>),
    Index(Vec<Descriptor>),
    Other,
}

fn look(name: &str, entry: &Descriptor, blobs: &dyn BlobSource) -> Result<Look, ImageError> {
    let raw = read_blob(blobs, entry, media_type::MANIFEST_LIMIT)?;
    let manifest = match parse_document(raw, &entry.media_type, name)? {
        Document::Index(below) => return Ok(Look::Index(below)),
        Document::Manifest(manifest) => manifest,
    };
    if manifest.subject.is_some() || !media_type::is_config(&manifest.config.media_type) {
        return Ok(Look::Other);
    }
    let raw = read_blob(blobs, &manifest.config, media_type::CONFIG_LIMIT)?;
    let (config, _) = parse_config(&raw, name)?;
    Ok(Look::Image(config.platform))
}

#[cfg(test)]
mod tests;
