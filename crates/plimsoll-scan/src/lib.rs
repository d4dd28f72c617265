//! What is inside an image: distribution, packages, programs, secrets, waste.
//!
//! [`inspect`] reads every layer once, streamed and in parallel; once more where only hard links tell
//! what files of it are. Cataloguers and detectors say
//! which paths they want and get bytes; none opens files itself. Each layer gives facts; whiteouts
//! are applied afterwards, when the facts are laid over each other from the bottom up. So what a
//! later layer deleted is still seen where it lies: in the layer that ships.

pub mod advisory;
mod archive;
mod base;
mod cache;
mod catalogue;
mod collect;
mod files;
mod hidden;
#[cfg(test)]
mod hostile;
mod inventory;
mod license;
mod linked;
mod notable;
mod package_cache;
mod packages;
mod record;
mod savings;
mod secret;
mod sqlite;
mod startup;
mod tree;
mod waste;

use plimsoll_image::{Image, ImageError, LayerLimits};
use plimsoll_model::{ImageConfig, Inventory, Skipped, Topic};

use record::LayerRecord;
use tree::Tree;

use cache::KnownLayer;
pub use cache::{Cache, CacheUsage};
pub use files::{Change, FileEntry, FileKind, ImageFiles, NodeId};
pub use secret::{
    KnownValues, Redacted, concealed_in, credentials_in, credentials_in_file, is_telling,
    may_be_credential, redacted,
};

#[doc(hidden)]
pub use catalogue::binary::fuzz_functions;
#[doc(hidden)]
pub use catalogue::fuzz;
#[doc(hidden)]
pub use secret::fuzz_secrets;

/// Layers that are read: many times what engines can mount.
const MAX_LAYERS: usize = 1_000;

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// Bounds against hostile layers.
    pub limits: LayerLimits,
    /// Largest file a cataloguer is given; each has a bound of its own besides. A larger one is
    /// reported as not looked at.
    pub max_metadata: u64,
    /// How many bytes of a file are searched for secrets; where a text file is longer, that is
    /// said. Memory does not depend on it: files are searched as they stream by.
    pub max_secret_scan: u64,
    /// Whether files are searched for secrets at all. Configuration and history always are.
    pub secrets_in_files: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            limits: LayerLimits::default(),
            max_metadata: u64::MAX,
            max_secret_scan: 256 << 20,
            secrets_in_files: true,
        }
    }
}

/// What was found, and what was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// What the image holds.
    pub inventory: Inventory,
    /// Its configuration in the form in which it may be shown. Whoever reads this from the cache has the
    /// configuration at hand.
    #[serde(skip)]
    pub config: ImageConfig,
    /// What was not looked at, sorted.
    pub skipped: Vec<Skipped>,
}

/// Looks into `image`: one pass over its layers. A layer that breaks the rules is told among what
/// was not looked at, as blocking; the others are looked at all the same. What `cache` knows is not
/// read again.
///
/// # Errors
/// A layer cannot be had: registry, engine or disk; see [`ImageError`].
pub fn inspect(
    image: &Image,
    options: &ScanOptions,
    cache: Option<&Cache>,
) -> Result<Outcome, ImageError> {
    let cache = usable(image, cache);
    if let Some(mut outcome) = cache.and_then(|cache| cache.image(image, options)) {
        let secrets = outcome.inventory.secrets.iter();
        let known = KnownValues::of_shown(secrets.map(|one| one.fingerprint.as_str()));
        let detector = secret::Detector::shared();
        outcome.config = secret::redacted_beside(&image.config, &known, detector).config;
        return Ok(outcome);
    }
    let (mut records, mut skipped) = records(image, options, cache)?;
    let mut tree = Tree::build(&records);
    if tree.writes_through_links() {
        skipped.extend(tree::settle(&mut records));
        tree = Tree::build(&records);
    }
    let whole = skipped.is_empty();
    let outcome = inventory::assemble(image, &records, &tree, None, skipped);
    if let Some(cache) = cache.filter(|_| whole) {
        cache.keep_image(image, options, &outcome);
    }
    Ok(outcome)
}

/// As [`inspect`], with every file of every layer besides. Still one pass.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_with_files(
    image: &Image,
    options: &ScanOptions,
    cache: Option<&Cache>,
) -> Result<(Outcome, ImageFiles), ImageError> {
    let (mut records, mut skipped) = records(image, options, usable(image, cache))?;
    let mut tree = Tree::build(&records);
    if tree.writes_through_links() {
        skipped.extend(tree::settle(&mut records));
        tree = Tree::build(&records);
    }
    let mut files = ImageFiles::new(&records, &tree);
    let mut outcome = inventory::assemble(image, &records, &tree, Some(&mut files), skipped);
    if files.left_out() > 0 {
        outcome.skipped.push(Skipped::new(
            Topic::Files,
            "files",
            format!(
                "{} entries of its layers are more than are listed",
                files.left_out()
            ),
        ));
        outcome.skipped.sort();
    }
    Ok((outcome, files))
}

/// The cache, for an image whose digests name bytes. Those of a plain folder name what its listing
/// tells, and a file may change without telling.
fn usable<'c>(image: &Image, cache: Option<&'c Cache>) -> Option<&'c Cache> {
    cache.filter(|_| !image.blobs.is_made_up())
}

/// What each layer says, lowest first, and the layers that break the rules.
fn records(
    image: &Image,
    options: &ScanOptions,
    cache: Option<&Cache>,
) -> Result<(Vec<LayerRecord>, Vec<Skipped>), ImageError> {
    if image.manifest.layers.len() > MAX_LAYERS {
        return Err(ImageError::Invalid {
            place: image.name.to_string(),
            problem: format!(
                "it has {} layers, more than the {MAX_LAYERS} that are read",
                image.manifest.layers.len()
            ),
        });
    }
    let detector = secret::Detector::shared();
    let kept = collect::Kept::default();
    let known = |layer| {
        let record = cache?.layer(KnownLayer::of(image, layer)?, options)?;
        kept.take_record(&record).then_some(record)
    };
    let layers = 0..image.manifest.layers.len();
    let mut records: Vec<Option<LayerRecord>> = layers.map(known).collect();
    let unknown: Vec<usize> = (0..records.len())
        .filter(|layer| records[*layer].is_none())
        .collect();
    let walked = plimsoll_image::walk(image, options.limits, &unknown, |layer| {
        collect::Collector::new(layer, options, detector, &kept)
    })?;
    let mut skipped = Vec::new();
    let mut whole = Vec::new();
    for one in walked {
        let mut record = one.reader.finish();
        match one.outcome {
            Ok(stats) => {
                record.stats = stats;
                whole.push(one.layer);
            }
            // What came by until it broke is kept: it lies in the image, whatever else does.
            Err(error) => {
                let what = format!("layer {}", one.layer);
                let why = error.to_string();
                let why = why.strip_prefix(&format!("{what}: ")).unwrap_or(&why);
                skipped.push(Skipped::blocking(Topic::Files, what, why.to_owned()));
            }
        }
        records[one.layer] = Some(record);
    }
    let mut records: Vec<LayerRecord> =
        records.into_iter().map(Option::unwrap_or_default).collect();
    let follow = |records: &mut [LayerRecord], first| {
        collect::follow_links(image, options, detector, &kept, records, first)
    };
    for layer in whole {
        let told = follow(&mut records[layer..=layer], layer);
        if told.is_empty()
            && let (Some(cache), Some(known)) = (cache, KnownLayer::of(image, layer))
        {
            cache.keep_layer(known, options, &records[layer]);
        }
        skipped.extend(told);
    }
    // What leads out of its own layer is no other image's concern.
    skipped.extend(follow(&mut records, 0));
    collect::lost_links(&mut records);
    skipped.extend(image.blobs.passed_over());
    for one in &mut skipped {
        for text in [&mut one.what, &mut one.why] {
            if let Some(shown) = secret::redacted_text(text, detector) {
                *text = shown;
            }
        }
    }
    Ok((records, skipped))
}
