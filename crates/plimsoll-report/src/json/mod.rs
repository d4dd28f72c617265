//! The contract that scripts build on: one object, version 1, described in `docs/json.md` and by
//! `docs/schemas/report.schema.json`. Fields may be added, never renamed, removed or retyped.

mod advice;
mod parts;
mod startup;
mod vulnerability;
mod waste;

use std::io::{self, BufWriter, Write};

use plimsoll_model::{
    BillSummary, Digest, Distribution, Finding, Fix, HealthCheck, ImageConfig, ImageSummary,
    Inventory, LayerFacts, NotableKind, Origin, Package, Related, SecretSighting,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use self::advice::WireAdvice;
pub(crate) use self::parts::{WireBase, WireLine, WireSkipped, WireVerdict};
use self::startup::{WireAccounts, WireStartup};
pub(crate) use self::vulnerability::{WireAdvisories, WireVulnerability};
use self::vulnerability::{WirePendingUpdate, WireSuppressedVulnerabilities, WireVulnerabilities};
pub(crate) use self::waste::WireWaste;
use crate::RenderInput;
use crate::lookup::Sources;

/// How much is written at once, in bytes.
const BUFFER: usize = 64 << 10;

/// Renders the report as one line of JSON.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut text = Vec::new();
    write(input, &mut text).expect("memory takes what is written");
    String::from_utf8(text).expect("what writes JSON writes UTF-8")
}

/// Writes the report as one line of JSON as it is made, for those who need not hold it: the lists of
/// a large image run to many megabytes.
///
/// # Errors
///
/// What `out` says.
pub fn write(input: &RenderInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = input.report;
    let sources = Sources::new(input.sources);
    let looked = report.image.is_some() || report.bill.is_some() || report.advisories.is_some();
    let wire = WireReport {
        version: 1,
        findings: report
            .findings
            .iter()
            .map(|finding| WireFinding::new(finding, &sources))
            .collect(),
        suppressed: report
            .suppressed
            .iter()
            .map(|one| WireSuppressed {
                finding: WireFinding::new(&one.finding, &sources),
                reason: &one.reason,
                by: one.by.as_str(),
            })
            .collect(),
        skipped: WireSkipped::list(&report.skipped, &report.inventory.uncovered),
        remarks: report
            .remarks
            .iter()
            .map(|remark| WireRemark {
                rule: remark.rule,
                message: &remark.text,
                file: &remark.place.file,
                line: remark.place.start.line,
                column: remark.place.start.column,
                end_line: remark.place.end.line,
                end_column: remark.place.end.column,
            })
            .collect(),
        checked: &report.checked,
        verdict: input.verdict.map(WireVerdict::new),
        image: report
            .image
            .as_ref()
            .map(|image| WireImageReport::new(image, &report.inventory)),
        bill: report
            .bill
            .as_ref()
            .map(|bill| WireBillReport::new(bill, &report.inventory)),
        vulnerabilities: looked.then_some(WireVulnerabilities(&report.vulnerabilities)),
        suppressed_vulnerabilities: looked.then_some(WireSuppressedVulnerabilities(
            &report.suppressed_vulnerabilities,
        )),
        undecided_vulnerabilities: looked
            .then_some(WireVulnerabilities(&report.undecided_vulnerabilities)),
        pending_security_updates: looked.then(|| {
            let pending = report.pending_updates.iter();
            pending.map(WirePendingUpdate::new).collect()
        }),
        advice: looked.then(|| WireAdvice::new(report)),
        advisories: looked.then(|| report.advisories.as_ref().map(WireAdvisories::new)),
    };
    let mut out = BufWriter::with_capacity(BUFFER, out);
    serde_json::to_writer(&mut out, &wire)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct WireReport<'a> {
    version: u32,
    findings: Vec<WireFinding<'a>>,
    suppressed: Vec<WireSuppressed<'a>>,
    skipped: Vec<WireSkipped<'a>>,
    remarks: Vec<WireRemark<'a>>,
    checked: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<WireVerdict<'a>>,
    #[serde(flatten)]
    image: Option<WireImageReport<'a>>,
    #[serde(flatten)]
    bill: Option<WireBillReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<WireVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_vulnerabilities: Option<WireSuppressedVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided_vulnerabilities: Option<WireVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_security_updates: Option<Vec<WirePendingUpdate<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<WireAdvice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisories: Option<Option<WireAdvisories<'a>>>,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    rule: &'a str,
    aliases: &'a [&'a str],
    severity: &'a str,
    confidence: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    #[serde(flatten)]
    place: WirePlace<'a>,
    instruction_line: Option<usize>,
    related: Vec<WireRelated<'a>>,
    fix: Option<WireFix<'a>>,
}

#[derive(Serialize)]
struct WirePlace<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    layer: Option<usize>,
    package: Option<&'a str>,
    path: Option<&'a str>,
}

#[derive(Serialize)]
struct WireRelated<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: WirePlace<'a>,
}

#[derive(Serialize)]
struct WireFix<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<WireEdit<'a>>,
}

#[derive(Serialize)]
struct WireEdit<'a> {
    file: &'a str,
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct WireSuppressed<'a> {
    #[serde(flatten)]
    finding: WireFinding<'a>,
    reason: &'a str,
    by: &'static str,
}

#[derive(Serialize)]
struct WireRemark<'a> {
    rule: &'a str,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct WireImageReport<'a> {
    image: WireImage<'a>,
    distribution: Option<WireDistribution<'a>>,
    base: Option<WireBase<'a>>,
    layers: Vec<WireLayer<'a>>,
    waste: WireWaste<'a>,
    packages: WirePackages<'a>,
    removed_packages: WirePackages<'a>,
    secrets: Vec<WireSecret<'a>>,
    notable: Vec<WireNotable<'a>>,
    startup: Vec<WireStartup<'a>>,
    accounts: WireAccounts<'a>,
}

/// What a bill of materials tells of an image.
#[derive(Serialize)]
struct WireBillReport<'a> {
    sbom: WireBill<'a>,
    distribution: Option<WireDistribution<'a>>,
    packages: WirePackages<'a>,
}

#[derive(Serialize)]
struct WireBill<'a> {
    name: &'a str,
    format: &'a str,
    subject: &'a str,
    digest: Option<&'a str>,
}

impl<'a> WireBillReport<'a> {
    fn new(bill: &'a BillSummary, inventory: &'a Inventory) -> Self {
        Self {
            sbom: WireBill {
                name: &bill.name,
                format: &bill.format,
                subject: &bill.subject,
                digest: bill.digest.as_ref().map(Digest::as_str),
            },
            distribution: inventory.distribution.as_ref().map(WireDistribution::new),
            packages: WirePackages(&inventory.packages, inventory),
        }
    }
}

#[derive(Serialize)]
struct WireImage<'a> {
    name: &'a str,
    digest: &'a str,
    compressed_size: u64,
    config: WireConfig<'a>,
}

#[derive(Serialize)]
struct WireConfig<'a> {
    platform: Option<WirePlatform<'a>>,
    created: Option<&'a str>,
    user: &'a str,
    env: &'a [String],
    entrypoint: Option<&'a [String]>,
    cmd: Option<&'a [String]>,
    working_dir: &'a str,
    exposed_ports: &'a [String],
    volumes: &'a [String],
    labels: Map<String, Value>,
    stop_signal: Option<&'a str>,
    healthcheck: Option<WireHealthCheck<'a>>,
    shell: Option<&'a [String]>,
    on_build: &'a [String],
    history: Vec<WireHistory<'a>>,
}

#[derive(Serialize)]
struct WirePlatform<'a> {
    os: &'a str,
    architecture: &'a str,
    variant: Option<&'a str>,
}

#[derive(Serialize)]
struct WireHealthCheck<'a> {
    test: &'a [String],
    interval: Option<i64>,
    timeout: Option<i64>,
    start_period: Option<i64>,
    start_interval: Option<i64>,
    retries: Option<i64>,
}

#[derive(Serialize)]
struct WireHistory<'a> {
    created: Option<&'a str>,
    created_by: Option<&'a str>,
    comment: Option<&'a str>,
    empty_layer: bool,
}

#[derive(Serialize)]
struct WireDistribution<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
    codename: Option<&'a str>,
    like: &'a [String],
}

impl<'a> WireDistribution<'a> {
    fn new(distribution: &'a Distribution) -> Self {
        Self {
            id: &distribution.id,
            version: &distribution.version,
            name: &distribution.name,
            codename: distribution.codename.as_deref(),
            like: &distribution.like,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WireLayer<'a> {
    index: usize,
    digest: &'a str,
    diff_id: &'a str,
    compressed_size: u64,
    size: u64,
    entries: u64,
    file_bytes: u64,
    wasted: u64,
    hidden: u64,
    instruction: Option<&'a str>,
    #[serde(flatten)]
    line: WireLine<'a>,
}

/// Packages of an inventory, each made when it is written: there can be many thousands.
struct WirePackages<'a>(&'a [Package], &'a Inventory);

impl Serialize for WirePackages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(packages, inventory) = self;
        serializer.collect_seq(
            packages
                .iter()
                .map(|package| WirePackage::new(package, inventory)),
        )
    }
}

#[derive(Serialize)]
struct WirePackage<'a> {
    purl: &'a str,
    name: &'a str,
    version: &'a str,
    kind: &'a str,
    architecture: Option<&'a str>,
    layer: usize,
    instruction: Option<&'a str>,
    #[serde(flatten)]
    line: WireLine<'a>,
    in_base: Option<bool>,
    path: &'a str,
    evidence: &'static str,
    source: Option<WireSourcePackage<'a>>,
    license: Option<&'a str>,
    license_expression: Option<&'a str>,
    size: Option<u64>,
    files: Option<u32>,
    direct: Option<bool>,
    owned_by: Option<&'a str>,
    removed_in: Option<usize>,
}

#[derive(Serialize)]
struct WireSourcePackage<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct WireSecret<'a> {
    kind: &'a str,
    severity: &'a str,
    place: &'a str,
    place_line: Option<usize>,
    layer: Option<usize>,
    #[serde(flatten)]
    line: WireLine<'a>,
    fingerprint: &'a str,
    instruction: Option<&'a str>,
    deleted_later: bool,
    deleted_in: Option<usize>,
    also_at: &'a [String],
}

#[derive(Serialize)]
struct WireNotable<'a> {
    kind: &'static str,
    path: &'a str,
    size: u64,
    layer: usize,
}

impl<'a> WireFinding<'a> {
    fn new(finding: &'a Finding, sources: &Sources<'a>) -> Self {
        Self {
            rule: finding.rule,
            aliases: finding.aliases,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            message: &finding.message,
            help: finding.help.as_deref(),
            place: WirePlace::new(&finding.origin),
            instruction_line: finding.origin.instruction_line,
            related: finding.related.iter().map(WireRelated::new).collect(),
            fix: finding
                .fix
                .as_ref()
                .and_then(|fix| WireFix::new(fix, sources)),
        }
    }
}

impl<'a> WirePlace<'a> {
    fn new(origin: &'a Origin) -> Self {
        let source = origin.source.as_ref();
        Self {
            file: source.map(|source| source.file.as_str()),
            line: source.map(|source| source.start.line),
            column: source.map(|source| source.start.column),
            end_line: source.map(|source| source.end.line),
            end_column: source.map(|source| source.end.column),
            layer: origin.layer.as_ref().map(|layer| layer.index),
            package: origin.package.as_deref(),
            path: origin.path.as_deref(),
        }
    }
}

impl<'a> WireRelated<'a> {
    fn new(related: &'a Related) -> Self {
        Self {
            message: &related.message,
            place: WirePlace::new(&related.origin),
        }
    }
}

impl<'a> WireFix<'a> {
    /// `None` where a file it edits is not at hand: a fix with half its edits would be another fix.
    fn new(fix: &'a Fix, sources: &Sources<'a>) -> Option<Self> {
        let edits: Option<Vec<_>> = fix
            .edits
            .iter()
            .map(|edit| {
                let (start, end) = sources.range(edit)?;
                Some(WireEdit {
                    file: &edit.file,
                    start_line: start.line,
                    start_column: start.column,
                    end_line: end.line,
                    end_column: end.column,
                    text: &edit.text,
                })
            })
            .collect();
        Some(Self {
            title: &fix.title,
            applicability: fix.applicability.as_str(),
            edits: edits?,
        })
    }
}

impl<'a> WireImageReport<'a> {
    fn new(image: &'a ImageSummary, inventory: &'a Inventory) -> Self {
        let layers = &inventory.layers;
        Self {
            image: WireImage {
                name: &image.name,
                digest: image.digest.as_str(),
                compressed_size: image.compressed_size,
                config: WireConfig::new(&image.config),
            },
            distribution: inventory.distribution.as_ref().map(WireDistribution::new),
            base: inventory.base.as_ref().map(WireBase::new),
            layers: layers
                .iter()
                .enumerate()
                .map(|(index, layer)| WireLayer::new(index, layer))
                .collect(),
            waste: WireWaste::new(&inventory.waste, layers),
            packages: WirePackages(&inventory.packages, inventory),
            removed_packages: WirePackages(&inventory.removed_packages, inventory),
            secrets: inventory
                .secrets
                .iter()
                .map(|secret| WireSecret::new(secret, layers))
                .collect(),
            notable: inventory
                .notable
                .iter()
                .map(|file| WireNotable {
                    kind: notable_kind(file.kind),
                    path: &file.path,
                    size: file.size,
                    layer: file.layer,
                })
                .collect(),
            startup: inventory.startup.iter().map(WireStartup::new).collect(),
            accounts: WireAccounts::new(&inventory.accounts),
        }
    }
}

impl<'a> WireConfig<'a> {
    fn new(config: &'a ImageConfig) -> Self {
        Self {
            platform: config.platform.as_ref().map(|platform| WirePlatform {
                os: &platform.os,
                architecture: &platform.architecture,
                variant: platform.variant.as_deref(),
            }),
            created: config.created.as_deref(),
            user: &config.user,
            env: &config.env,
            entrypoint: config.entrypoint.as_deref(),
            cmd: config.cmd.as_deref(),
            working_dir: &config.working_dir,
            exposed_ports: &config.exposed_ports,
            volumes: &config.volumes,
            labels: config
                .labels
                .iter()
                .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                .collect(),
            stop_signal: config.stop_signal.as_deref(),
            healthcheck: config.healthcheck.as_ref().map(WireHealthCheck::new),
            shell: config.shell.as_deref(),
            on_build: &config.on_build,
            history: config
                .history
                .iter()
                .map(|entry| WireHistory {
                    created: entry.created.as_deref(),
                    created_by: entry.created_by.as_deref(),
                    comment: entry.comment.as_deref(),
                    empty_layer: entry.empty_layer,
                })
                .collect(),
        }
    }
}

impl<'a> WireHealthCheck<'a> {
    fn new(check: &'a HealthCheck) -> Self {
        Self {
            test: &check.test,
            interval: check.interval,
            timeout: check.timeout,
            start_period: check.start_period,
            start_interval: check.start_interval,
            retries: check.retries,
        }
    }
}

impl<'a> WireLayer<'a> {
    pub(crate) fn new(index: usize, layer: &'a LayerFacts) -> Self {
        Self {
            index,
            digest: layer.digest.as_str(),
            diff_id: layer.diff_id.as_str(),
            compressed_size: layer.compressed_size,
            size: layer.size,
            entries: layer.entries,
            file_bytes: layer.file_bytes,
            wasted: layer.wasted,
            hidden: layer.hidden,
            instruction: layer.instruction.as_deref(),
            line: WireLine::of_layer(Some(layer)),
        }
    }
}

impl<'a> WirePackage<'a> {
    fn new(package: &'a Package, inventory: &'a Inventory) -> Self {
        let layer = inventory.layers.get(package.layer);
        Self {
            purl: &package.purl,
            name: &package.name,
            version: &package.version,
            kind: package.kind.as_str(),
            architecture: package.architecture.as_deref(),
            layer: package.layer,
            instruction: layer.and_then(|layer| layer.instruction.as_deref()),
            line: WireLine::of_layer(layer),
            in_base: in_base(inventory, package.layer),
            path: &package.path,
            evidence: package.evidence.as_str(),
            source: package
                .source
                .as_ref()
                .map(|(name, version)| WireSourcePackage { name, version }),
            license: package.license.as_deref(),
            license_expression: package.license_expression.as_deref(),
            size: package.size,
            files: package.files,
            direct: package.direct,
            owned_by: package.owned_by.as_deref(),
            removed_in: package.removed_in,
        }
    }
}

impl<'a> WireSecret<'a> {
    fn new(secret: &'a SecretSighting, layers: &'a [LayerFacts]) -> Self {
        let layer = secret.layer.and_then(|layer| layers.get(layer));
        Self {
            kind: &secret.kind,
            severity: secret.severity.as_str(),
            place: &secret.place,
            place_line: secret.line,
            layer: secret.layer,
            line: WireLine::new(
                secret
                    .source
                    .as_ref()
                    .or(layer.and_then(|layer| layer.source.as_ref())),
            ),
            fingerprint: &secret.fingerprint,
            instruction: layer.and_then(|layer| layer.instruction.as_deref()),
            deleted_later: secret.deleted_in.is_some(),
            deleted_in: secret.deleted_in,
            also_at: &secret.also_at,
        }
    }
}

/// Whether a layer belongs to the base, where it is known where that ends.
fn in_base(inventory: &Inventory, layer: usize) -> Option<bool> {
    inventory.base.as_ref().map(|base| layer < base.layers)
}

fn notable_kind(kind: NotableKind) -> &'static str {
    match kind {
        NotableKind::PackageCache => "package-cache",
        NotableKind::Compiler => "compiler",
        NotableKind::PackageManager => "package-manager",
        NotableKind::Shell => "shell",
        NotableKind::Downloader => "downloader",
        NotableKind::SetId => "set-id",
        NotableKind::VersionControl => "version-control",
        NotableKind::WorldWritable => "world-writable",
        NotableKind::LoginServer => "login-server",
        NotableKind::HostKey => "host-key",
        NotableKind::ReadableKey => "readable-key",
    }
}
