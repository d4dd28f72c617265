//! One object, as `docs/json.md` tells.

use std::collections::BTreeMap;

use plimsoll_model::{
    AccessChange, ComparedImage, Difference, Digest, FileAccess, FileChange, FileSide, FileTally,
    Finding, LayerChange, LayerFacts, Package, PackageChange, Pair, SecretSighting,
    VulnerabilityCause, VulnerabilityChange,
};
use serde::Serialize;

use super::vulnerabilities::live;
use super::{DiffInput, source_of, unpacked};
use crate::json::{
    WireAdvisories, WireBase, WireLine, WireSkipped, WireVerdict, WireVulnerability,
};

#[derive(Serialize)]
struct WireDifference<'a> {
    version: u32,
    old: WireImage<'a>,
    new: WireImage<'a>,
    layers: Vec<WireLayerChange<'a>>,
    packages: Vec<WirePackageChange<'a>>,
    files: WireFiles<'a>,
    config: Vec<WireConfigChange<'a>>,
    secrets: WireGains<WireSecret<'a>>,
    findings: WireGains<WireFinding<'a>>,
    vulnerabilities: Option<WireGains<WireVulnerabilityChange<'a>>>,
    verdict: Option<WireVerdict<'a>>,
}

#[derive(Serialize)]
struct WireImage<'a> {
    name: &'a str,
    digest: Option<&'a str>,
    sbom: Option<WireBill<'a>>,
    platform: Option<String>,
    distribution: Option<&'a str>,
    base: Option<WireBase<'a>>,
    compressed_size: u64,
    unpacked_size: u64,
    layers: usize,
    packages: usize,
    files: WireTally,
    wasted: u64,
    efficiency: f64,
    vulnerabilities: Option<BTreeMap<&'static str, usize>>,
    suppressed_vulnerabilities: usize,
    advisories: Option<WireAdvisories<'a>>,
    skipped: Vec<WireSkipped<'a>>,
}

#[derive(Serialize)]
struct WireBill<'a> {
    format: &'a str,
    subject: &'a str,
    digest: Option<&'a str>,
}

#[derive(Serialize)]
struct WireTally {
    files: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct WireLayerChange<'a> {
    change: &'static str,
    old: Option<WireLayer<'a>>,
    new: Option<WireLayer<'a>>,
}

#[derive(Serialize)]
struct WireLayer<'a> {
    index: usize,
    diff_id: &'a str,
    compressed_size: u64,
    size: u64,
    instruction: Option<&'a str>,
    #[serde(flatten)]
    line: WireLine<'a>,
}

#[derive(Serialize)]
struct WirePackageChange<'a> {
    change: &'static str,
    kind: &'static str,
    name: &'a str,
    old: Option<WirePackage<'a>>,
    new: Option<WirePackage<'a>>,
}

#[derive(Serialize)]
struct WirePackage<'a> {
    version: &'a str,
    purl: &'a str,
    path: &'a str,
    size: Option<u64>,
    owned_by: Option<&'a str>,
    layer: usize,
    #[serde(flatten)]
    line: WireLine<'a>,
}

#[derive(Serialize)]
struct WireFiles<'a> {
    added: WireTally,
    removed: WireTally,
    changed: WireChangedFiles,
    permissions: u64,
    regranted: Vec<WireAccessChange<'a>>,
    largest: Vec<WireFileChange<'a>>,
}

#[derive(Serialize)]
struct WireAccessChange<'a> {
    path: &'a str,
    old: WireAccess,
    new: WireAccess,
}

#[derive(Serialize)]
struct WireAccess {
    mode: String,
    uid: u64,
    gid: u64,
}

#[derive(Serialize)]
struct WireChangedFiles {
    files: u64,
    old_bytes: u64,
    new_bytes: u64,
}

#[derive(Serialize)]
struct WireFileChange<'a> {
    change: &'static str,
    path: &'a str,
    owner: Option<&'a str>,
    old: Option<WireFile<'a>>,
    new: Option<WireFile<'a>>,
}

#[derive(Serialize)]
struct WireFile<'a> {
    size: u64,
    layer: usize,
    #[serde(flatten)]
    line: WireLine<'a>,
}

#[derive(Serialize)]
struct WireConfigChange<'a> {
    change: &'static str,
    field: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

#[derive(Serialize)]
struct WireGains<T> {
    gained: Vec<T>,
    lost: Vec<T>,
    kept: usize,
    /// Of vulnerabilities alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided_before: Option<usize>,
}

#[derive(Serialize)]
struct WireSecret<'a> {
    kind: &'a str,
    severity: &'static str,
    place: &'a str,
    place_line: Option<usize>,
    fingerprint: &'a str,
    layer: Option<usize>,
    #[serde(flatten)]
    line: WireLine<'a>,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    path: Option<&'a str>,
    package: Option<&'a str>,
    layer: Option<usize>,
    #[serde(flatten)]
    line: WireLine<'a>,
}

#[derive(Serialize)]
struct WireVulnerabilityChange<'a> {
    #[serde(flatten)]
    vulnerability: WireVulnerability<'a>,
    cause: &'static str,
    other_versions: &'a [String],
    other_status: Option<&'static str>,
}

/// Renders the difference as one line of JSON.
pub fn render(input: &DiffInput<'_>) -> String {
    let difference = input.difference;
    let images = &difference.images;
    let wire = WireDifference {
        version: 1,
        old: image(&images.old),
        new: image(&images.new),
        layers: difference
            .layers
            .iter()
            .map(|change| layer_change(difference, change))
            .collect(),
        packages: difference
            .packages
            .iter()
            .filter_map(|change| package_change(difference, change))
            .collect(),
        files: files(difference),
        config: difference
            .config
            .iter()
            .map(|change| WireConfigChange {
                change: change.kind().as_str(),
                field: &change.field,
                old: change.value.old.as_deref(),
                new: change.value.new.as_deref(),
            })
            .collect(),
        secrets: gains(images, &difference.secrets, secret),
        findings: gains(images, &difference.findings, |_, found| finding(found)),
        vulnerabilities: difference
            .vulnerabilities
            .as_ref()
            .map(|changes| WireGains {
                undecided_before: Some(difference.undecided_before),
                ..gains(images, changes, |_, change| vulnerability(change))
            }),
        verdict: input.verdict.map(WireVerdict::new),
    };
    let mut text = serde_json::to_string(&wire).expect("strings and numbers always serialise");
    text.push('\n');
    text
}

fn image(image: &ComparedImage) -> WireImage<'_> {
    let inventory = &image.inventory;
    WireImage {
        name: image.subject.name(),
        digest: image.subject.digest().map(Digest::as_str),
        sbom: image.subject.bill().map(|bill| WireBill {
            format: &bill.format,
            subject: &bill.subject,
            digest: bill.digest.as_ref().map(Digest::as_str),
        }),
        platform: image
            .subject
            .image()
            .and_then(|image| image.config.platform.as_ref())
            .map(ToString::to_string),
        distribution: inventory
            .distribution
            .as_ref()
            .map(|distribution| distribution.name.as_str()),
        base: inventory.base.as_ref().map(WireBase::new),
        compressed_size: image.subject.compressed_size(),
        unpacked_size: unpacked(image),
        layers: inventory.layers.len(),
        packages: super::installed(image),
        files: tally(image.files),
        wasted: inventory.waste.wasted,
        efficiency: f64::from(inventory.waste.efficiency) / 1e6,
        vulnerabilities: image.advisories.as_ref().map(|_| severities(image)),
        suppressed_vulnerabilities: image.suppressed_vulnerabilities.len(),
        advisories: image.advisories.as_ref().map(WireAdvisories::new),
        skipped: WireSkipped::list(&image.skipped),
    }
}

/// How many there are of each severity; what a later layer removed is no part of it.
fn severities(image: &ComparedImage) -> BTreeMap<&'static str, usize> {
    let mut severities: BTreeMap<&'static str, usize> = BTreeMap::new();
    for one in live(image) {
        *severities.entry(one.severity.as_str()).or_default() += 1;
    }
    severities
}

fn tally(tally: FileTally) -> WireTally {
    WireTally {
        files: tally.files,
        bytes: tally.bytes,
    }
}

fn layer_change<'a>(difference: &'a Difference, change: &LayerChange) -> WireLayerChange<'a> {
    let layer = |image: &'a ComparedImage, index: Option<usize>| {
        let index = index?;
        let layer: &LayerFacts = image.inventory.layers.get(index)?;
        Some(WireLayer {
            index,
            diff_id: layer.diff_id.as_str(),
            compressed_size: layer.compressed_size,
            size: layer.size,
            instruction: layer.instruction.as_deref(),
            line: WireLine::new(layer.source.as_ref()),
        })
    };
    WireLayerChange {
        change: match (change.same, change.layers.old, change.layers.new) {
            (true, ..) => "same",
            (_, Some(_), Some(_)) => "changed",
            (_, Some(_), None) => "removed",
            (_, None, _) => "added",
        },
        old: layer(&difference.images.old, change.layers.old),
        new: layer(&difference.images.new, change.layers.new),
    }
}

fn package_change<'a>(
    difference: &'a Difference,
    change: &'a PackageChange,
) -> Option<WirePackageChange<'a>> {
    let any = change.any()?;
    let side = |image: &'a ComparedImage, package: &'a Option<Package>| {
        package.as_ref().map(|package| WirePackage {
            version: &package.version,
            purl: &package.purl,
            path: &package.path,
            size: package.size,
            owned_by: package.owned_by.as_deref(),
            layer: package.layer,
            line: WireLine::new(source_of(image, package.layer)),
        })
    };
    Some(WirePackageChange {
        change: change.kind().as_str(),
        kind: any.kind.as_str(),
        name: &any.name,
        old: side(&difference.images.old, &change.package.old),
        new: side(&difference.images.new, &change.package.new),
    })
}

fn files(difference: &Difference) -> WireFiles<'_> {
    let files = &difference.files;
    WireFiles {
        added: tally(files.added),
        removed: tally(files.removed),
        changed: WireChangedFiles {
            files: files.changed.new.files,
            old_bytes: files.changed.old.bytes,
            new_bytes: files.changed.new.bytes,
        },
        permissions: files.permissions,
        regranted: files.regranted.iter().map(access_change).collect(),
        largest: files
            .largest
            .iter()
            .map(|change| file_change(difference, change))
            .collect(),
    }
}

fn access_change(change: &AccessChange) -> WireAccessChange<'_> {
    let side = |access: FileAccess| WireAccess {
        mode: super::mode(access),
        uid: access.uid,
        gid: access.gid,
    };
    WireAccessChange {
        path: &change.path,
        old: side(change.access.old),
        new: side(change.access.new),
    }
}

fn file_change<'a>(difference: &'a Difference, change: &'a FileChange) -> WireFileChange<'a> {
    let side = |image: &'a ComparedImage, file: Option<FileSide>| {
        file.map(|file| WireFile {
            size: file.size,
            layer: file.layer,
            line: WireLine::new(source_of(image, file.layer)),
        })
    };
    WireFileChange {
        change: change.kind().as_str(),
        path: &change.path,
        owner: change.owner.as_deref(),
        old: side(&difference.images.old, change.file.old),
        new: side(&difference.images.new, change.file.new),
    }
}

fn gains<'a, T, W>(
    images: &'a Pair<ComparedImage>,
    gains: &'a plimsoll_model::GainsAndLosses<T>,
    wire: impl Fn(&'a ComparedImage, &'a T) -> W,
) -> WireGains<W> {
    WireGains {
        gained: gains
            .gained
            .iter()
            .map(|one| wire(&images.new, one))
            .collect(),
        lost: gains
            .lost
            .iter()
            .map(|one| wire(&images.old, one))
            .collect(),
        kept: gains.kept,
        undecided_before: None,
    }
}

fn secret<'a>(image: &'a ComparedImage, secret: &'a SecretSighting) -> WireSecret<'a> {
    WireSecret {
        kind: &secret.kind,
        severity: secret.severity.as_str(),
        place: &secret.place,
        place_line: secret.line,
        fingerprint: &secret.fingerprint,
        layer: secret.layer,
        line: WireLine::new(secret.layer.and_then(|layer| source_of(image, layer))),
    }
}

fn finding(finding: &Finding) -> WireFinding<'_> {
    let origin = &finding.origin;
    WireFinding {
        rule: finding.rule,
        severity: finding.severity.as_str(),
        message: &finding.message,
        path: origin.path.as_deref(),
        package: origin.package.as_deref(),
        layer: origin.layer.as_ref().map(|layer| layer.index),
        line: WireLine::new(origin.source.as_ref()),
    }
}

fn vulnerability(change: &VulnerabilityChange) -> WireVulnerabilityChange<'_> {
    let (other_versions, other_status) = match &change.cause {
        VulnerabilityCause::Version(others) => (others.as_slice(), None),
        VulnerabilityCause::SetAside(status) => (&[][..], Some(status.as_str())),
        VulnerabilityCause::Package
        | VulnerabilityCause::Judgement
        | VulnerabilityCause::NotJudged => (&[][..], None),
    };
    WireVulnerabilityChange {
        vulnerability: WireVulnerability::new(&change.vulnerability),
        cause: change.cause.as_str(),
        other_versions,
        other_status,
    }
}
