//! `plimsoll inspect`: what is inside an image, and whether it is fit to ship.

use plimsoll_image::Image;
use plimsoll_model::{
    BaseImage, ImageName, ImageSummary, Inventory, Report, Skipped, SourceFile, SourceOrigin,
};
use plimsoll_rules::{CheckOptions, ImageFacts};
use plimsoll_scan::{Cache, ImageFiles, ScanOptions};

use crate::args::InspectArgs;
use crate::config::{Config, parse_size};
use crate::failure::{Failure, Outcome};
use crate::output::Rendering;
use crate::project;
use crate::terminal::{Spinner, Terminal};

/// Opens the image, looks inside and reports.
pub(crate) fn run(arguments: &InspectArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let config = Config::load(arguments.config.as_deref(), std::path::Path::new("."))?;
    let options = super::check::rule_options(&arguments.rules, &config)?;
    let platform = arguments
        .platform
        .as_deref()
        .map(crate::plan::parse_platform)
        .transpose()?;
    let dockerfile = arguments
        .file
        .as_deref()
        .map(project::read_dockerfile)
        .transpose()?;
    let access = crate::plan::access(&arguments.access, platform);
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
    let image = plimsoll_image::find(&arguments.image, &access)?;
    if let Some(platform) = &access.platform {
        image.require_platform(platform)?;
    }
    spinner.message(format!("looking into {}", image.name));
    let layer_sources = match &dockerfile {
        Some(file) => {
            plimsoll_build::layer_sources(file, &image.config, image.manifest.layers.len())
        }
        None => Vec::new(),
    };
    let look = Look {
        name: arguments.image.clone(),
        tags: tags_of(&arguments.image),
        layer_sources,
        dockerfile: dockerfile.as_ref(),
        has_ignore_file: None,
        max_size: config.policy.max_size.as_deref().and_then(parse_size),
        cache: look_cache(&config, arguments.no_cache),
    };
    let mut report = Report::default();
    look.inside(&image, &options, &mut report)?;
    drop(spinner);
    let outcome = match arguments.fail_on {
        Some(least)
            if report
                .findings
                .iter()
                .any(|finding| finding.severity >= least) =>
        {
            Outcome::HeldBack
        }
        Some(_) if report.skipped.iter().any(|skipped| skipped.blocking) => Outcome::NotLooked,
        _ if report.skipped.iter().any(is_layer) => Outcome::NotLooked,
        _ => Outcome::Holds,
    };
    let sources: Vec<SourceFile> = dockerfile.into_iter().collect();
    Rendering {
        report: &report,
        sources: &sources,
        details: arguments.details,
        verdict: None,
        terminal,
        epoch: None,
    }
    .emit(&arguments.output)?;
    Ok(outcome)
}

/// Whether it is a whole layer that could not be looked at.
fn is_layer(skipped: &Skipped) -> bool {
    let number = skipped.what.strip_prefix("layer ");
    skipped.blocking && number.is_some_and(|number| number.parse::<usize>().is_ok())
}

/// The name a person gave, where it is one that carries a tag.
pub(super) fn tags_of(name: &str) -> Vec<ImageName> {
    let name = name
        .strip_prefix("registry:")
        .or_else(|| name.strip_prefix("docker://"))
        .or_else(|| name.strip_prefix("docker:"))
        .unwrap_or(name);
    ImageName::parse(name)
        .ok()
        .filter(|name| name.tag.is_some())
        .into_iter()
        .collect()
}

/// Rules that judge nothing but an image's configuration.
const OF_CONFIGURATION: [&str; 3] = [
    "image-runs-as-root",
    "image-without-healthcheck",
    "missing-image-labels",
];

/// What is known about an image from outside it.
pub(crate) struct Look<'a> {
    /// The name it was asked for by.
    pub(crate) name: String,
    /// Tags it is to be shipped under.
    pub(crate) tags: Vec<ImageName>,
    /// For each layer the line that made it.
    pub(crate) layer_sources: Vec<Option<SourceOrigin>>,
    /// The Dockerfile it was built from.
    pub(crate) dockerfile: Option<&'a SourceFile>,
    /// Whether its project has an ignore file.
    pub(crate) has_ignore_file: Option<bool>,
    /// Largest size the policy allows.
    pub(crate) max_size: Option<u64>,
    /// What earlier runs saw of layers.
    pub(crate) cache: Option<Cache>,
}

/// What earlier runs saw of layers; nothing where that is not wanted or cannot be had.
pub(crate) fn look_cache(config: &Config, unwanted: bool) -> Option<Cache> {
    if unwanted {
        return None;
    }
    let cache = crate::storage::scan_cache(config).ok()?;
    (cache.bound() > 0).then_some(cache)
}

impl Look<'_> {
    /// The base, as the Dockerfile tells: every layer below the first that one of its lines made.
    fn base_by_dockerfile(&self, inventory: &Inventory) -> Option<BaseImage> {
        let layers = self.layer_sources.iter().position(Option::is_some)?;
        let known = inventory.base.as_ref();
        Some(BaseImage {
            layers,
            name: known.and_then(|base| base.name.clone()),
            digest: known.and_then(|base| base.digest.clone()),
            evidence: "the layers below the first line of the Dockerfile".to_owned(),
        })
    }

    /// Adds to `report` what the image holds and what is wrong with it.
    pub(crate) fn inside(
        &self,
        image: &Image,
        options: &CheckOptions,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let scanned = plimsoll_scan::inspect(image, &ScanOptions::default(), self.cache.as_ref())?;
        self.judge(image, scanned, options, report);
        Ok(())
    }

    /// As [`Look::inside`], with every file of every layer besides.
    pub(crate) fn inside_with_files(
        &self,
        image: &Image,
        options: &CheckOptions,
        report: &mut Report,
    ) -> Result<ImageFiles, Failure> {
        let (scanned, files) =
            plimsoll_scan::inspect_with_files(image, &ScanOptions::default(), self.cache.as_ref())?;
        self.judge(image, scanned, options, report);
        Ok(files)
    }

    fn judge(
        &self,
        image: &Image,
        scanned: plimsoll_scan::Outcome,
        options: &CheckOptions,
        report: &mut Report,
    ) {
        let mut inventory = scanned.inventory;
        for (layer, source) in inventory.layers.iter_mut().zip(&self.layer_sources) {
            layer.source.clone_from(source);
        }
        for saving in &mut inventory.waste.savings {
            saving.source = self.layer_sources.get(saving.layer).cloned().flatten();
        }
        let mut options = options.clone();
        if !image.blobs.has_configuration() {
            options.ignore.extend(OF_CONFIGURATION.map(str::to_owned));
            report.skipped.push(Skipped {
                what: "configuration".to_owned(),
                why: "a root file system has none: user, health check and labels were not judged"
                    .to_owned(),
                blocking: false,
            });
        }
        if let Some(base) = self.base_by_dockerfile(&inventory) {
            inventory.base = Some(base);
        }
        let blobs = image.manifest.layers.iter().chain([&image.manifest.config]);
        let compressed_size = blobs.map(|blob| blob.size).sum();
        let outcome = plimsoll_rules::check_image(
            &ImageFacts {
                config: &image.config,
                inventory: &inventory,
                tags: &self.tags,
                compressed_size,
                max_size: self.max_size,
                has_ignore_file: self.has_ignore_file,
                layer_sources: &self.layer_sources,
                dockerfile: self.dockerfile,
            },
            &options,
        );
        report.findings.extend(outcome.findings);
        report
            .findings
            .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        report.suppressed.extend(outcome.suppressed);
        report.skipped.extend(scanned.skipped);
        report.skipped.extend(outcome.skipped);
        report.skipped.sort();
        report.skipped.dedup();
        report.inventory = inventory;
        report.image = Some(ImageSummary {
            name: self.name.clone(),
            digest: image.manifest.descriptor.digest.clone(),
            // What the image says about itself may hold credentials; a report never does.
            config: plimsoll_scan::redacted(&image.config),
            compressed_size,
        });
    }
}
