//! What an image is on the wire: its configuration, its layers, and what is worth a word in it.

use plimsoll_model::{
    Distribution, HealthCheck, ImageConfig, ImageSummary, Inventory, LayerFacts, NotableKind,
    SecretSighting,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::package::WirePackages;
use super::parts::{WireBase, WireLine};
use super::startup::{WireAccounts, WireStartup};
use super::waste::WireWaste;

#[derive(Serialize)]
pub(super) struct WireImageReport<'a> {
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
pub(super) struct WireDistribution<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
    codename: Option<&'a str>,
    like: &'a [String],
}

impl<'a> WireDistribution<'a> {
    pub(super) fn new(distribution: &'a Distribution) -> Self {
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

impl<'a> WireImageReport<'a> {
    pub(super) fn new(image: &'a ImageSummary, inventory: &'a Inventory) -> Self {
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
