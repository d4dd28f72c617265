//! What is inside an image: distribution, packages, programs, secrets, waste.
//!
//! [`inspect`] reads every layer once, streamed and in parallel. Cataloguers and detectors say
//! which paths they want and get bytes; none opens files itself. Each layer gives facts; whiteouts
//! are applied afterwards, when the facts are laid over each other from the bottom up. So what a
//! later layer deleted is still seen where it lies: in the layer that ships.

mod catalogue;
mod collect;
#[cfg(test)]
mod hostile;
mod inventory;
mod notable;
mod packages;
mod record;
mod secret;
mod tree;

use plimsoll_image::{Image, ImageError, LayerLimits};
use plimsoll_model::{Inventory, Skipped};

pub use secret::redacted;

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// Bounds against hostile layers.
    pub limits: LayerLimits,
    /// Largest package database or metadata file that is read; a larger one is reported as skipped.
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
            max_metadata: 64 << 20,
            max_secret_scan: 256 << 20,
            secrets_in_files: true,
        }
    }
}

/// What was found, and what was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the image holds.
    pub inventory: Inventory,
    /// What was not looked at, sorted.
    pub skipped: Vec<Skipped>,
}

/// Looks into `image`: one pass over its layers.
///
/// # Errors
/// A layer cannot be had or breaks the rules; see [`ImageError`].
pub fn inspect(image: &Image, options: &ScanOptions) -> Result<Outcome, ImageError> {
    let detector = secret::Detector::shared();
    let walked = plimsoll_image::walk(image, options.limits, |layer| {
        collect::Collector::new(layer, options, detector)
    })?;
    let (records, stats): (Vec<_>, Vec<_>) = walked
        .into_iter()
        .map(|(collector, stats)| (collector.finish(), stats))
        .unzip();
    Ok(inventory::assemble(image, &records, &stats, detector))
}
