//! What every bill of materials is made from, and what the formats have in common.

use std::collections::BTreeSet;

use plimsoll_model::{Digest, ImageConfig, Inventory, Package, Skipped, SourceOrigin};
use sha2::{Digest as _, Sha256};

/// What a bill of materials is made from.
#[derive(Clone, Copy, Debug)]
pub struct SbomInput<'a> {
    /// The image's name: `registry/repository[:tag]`, or whatever it was opened by.
    pub name: &'a str,
    /// What it is called without the place it lies in: `app:1.2`, with the registry where it is of one.
    pub called: &'a str,
    /// Digest of its manifest.
    pub digest: &'a Digest,
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// What it holds.
    pub inventory: &'a Inventory,
    /// For each layer the place in the Dockerfile that made it, where known; may be shorter. The
    /// inventory's own knowledge of a layer's source counts where this has none.
    pub layer_sources: &'a [Option<SourceOrigin>],
    /// What was not looked at.
    pub skipped: &'a [Skipped],
    /// Seconds since 1970 (`SOURCE_DATE_EPOCH`); the image's own `created` where `None`, and no
    /// time at all where that is not a time either.
    pub timestamp: Option<i64>,
    /// Version of this program.
    pub tool_version: &'a str,
}

/// Gaps that are named: the report has all of them.
const MOST_GAPS: usize = 20;

impl<'a> SbomInput<'a> {
    /// What was not looked at that may hold packages. Without the reasons: that one of them was accepted
    /// makes another bill of nothing.
    pub(crate) fn gaps(&self) -> Vec<&'a str> {
        let gaps = self.skipped.iter().filter(|gap| gap.hides_packages());
        let mut gaps: Vec<&str> = gaps.map(|gap| gap.what.as_str()).collect();
        gaps.sort_unstable();
        gaps.dedup();
        gaps
    }

    /// The same in a sentence, where there are some.
    pub(crate) fn incomplete(&self) -> Option<String> {
        let gaps = self.gaps();
        let named = gaps.iter().take(MOST_GAPS).copied().collect::<Vec<_>>();
        let more = match gaps.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!gaps.is_empty()).then(|| {
            format!(
                "{INCOMPLETE}these were not looked at in full, and may hold packages: {}{more}",
                named.join("; ")
            )
        })
    }

    /// The place in the Dockerfile that made a layer.
    pub(crate) fn layer_source(&self, layer: usize) -> Option<&'a SourceOrigin> {
        let given = self.layer_sources.get(layer).and_then(Option::as_ref);
        given.or_else(|| self.inventory.layers.get(layer)?.source.as_ref())
    }
}

/// What the words of a bill begin with that say that it is incomplete.
pub(crate) const INCOMPLETE: &str = "Incomplete: ";

/// The property of the image that has them in CycloneDX.
pub(crate) const INCOMPLETE_PROPERTY: &str = "plimsoll:incomplete";

/// What SPDX says behind all else of a package that somebody else than the distribution published:
/// there is no field for it.
pub(crate) const FOREIGN: &str = "; published by another than the distribution";

/// What a package is called where it needs a name of its own.
pub(crate) fn package_name(package: &Package) -> String {
    if package.purl.is_empty() {
        let kind = package.kind.as_str();
        format!("{kind}:{}@{}", package.name, package.version)
    } else {
        package.purl.clone()
    }
}

/// Takes `wanted`, or the first free variation of it with a number behind `mark`.
pub(crate) fn unique(taken: &mut BTreeSet<String>, wanted: String, mark: char) -> String {
    let mut name = wanted.clone();
    let mut count = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{mark}{count}");
        count += 1;
    }
    name
}

/// A version 8 UUID (RFC 9562) of some content.
pub(crate) fn uuid(content: &[u8]) -> String {
    let sum = Sha256::digest(content);
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&sum[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
