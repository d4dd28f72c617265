//! What one run found.

use crate::{Digest, Finding, ImageConfig, Inventory};

/// Something that was not looked at, and why: never silently clean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// What: a file, a rule, a layer.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
    /// Whether a gate must fail because of it: evidence that a policy needs is missing.
    pub blocking: bool,
}

/// The image a report speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSummary {
    /// The name it was asked for by.
    pub name: String,
    /// Digest of its manifest.
    pub digest: Digest,
    /// Its configuration.
    pub config: ImageConfig,
    /// Bytes of all blobs.
    pub compressed_size: u64,
}

/// Findings, inventory and evidence of one run; every output format is a rendering of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Findings in report order.
    pub findings: Vec<Finding>,
    /// Findings that an inline comment or a waiver set aside, with the reason given.
    pub suppressed: Vec<(Finding, String)>,
    /// What was not looked at.
    pub skipped: Vec<Skipped>,
    /// Files that were checked, by name, sorted.
    pub checked: Vec<String>,
    /// The image, where one was looked at.
    pub image: Option<ImageSummary>,
    /// What it holds.
    pub inventory: Inventory,
}
