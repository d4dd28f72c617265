//! A look into an image: what it holds, each thing traced to the line that put it there, and what is
//! wrong with it. Whoever looks into images looks through here.

use std::sync::Arc;

use plimsoll_build::ForeignStep;
use plimsoll_image::{Access, Image};
use plimsoll_model::{
    BaseImage, Called, ImageName, ImageSummary, Inventory, Report, SecretSighting, Skipped,
    SourceFile, SourceOrigin, Topic, filled_steps,
};
use plimsoll_rules::{CheckOptions, Configuration, ImageFacts};
use plimsoll_scan::{Cache, ImageFiles, ScanOptions};
use plimsoll_syntax::dockerfile::{self, InstructionKind};

use crate::args::{LookArgs, OpenArgs};
use crate::config::Config;
use crate::failure::Failure;

/// An image about to be looked into, and what is known about it from outside.
pub(crate) struct Look<'a> {
    /// The image.
    pub(crate) image: &'a Image,
    /// The name it was asked for by.
    pub(crate) name: String,
    /// What it is called.
    pub(crate) called: Called,
    /// Tags it is to be shipped under.
    pub(crate) tags: Vec<ImageName>,
    /// The Dockerfile it was built from.
    pub(crate) dockerfile: Option<&'a SourceFile>,
    /// For each layer the line that made it.
    pub(crate) layer_sources: Vec<Option<SourceOrigin>>,
    /// Whether its project has an ignore file.
    pub(crate) has_ignore_file: Option<bool>,
    /// What earlier runs saw of layers.
    pub(crate) cache: Option<Cache>,
}

/// What was seen of an image, before anything judges it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The image.
    pub(crate) image: ImageSummary,
    /// What it holds.
    pub(crate) inventory: Inventory,
    /// What was not looked at, sorted.
    pub(crate) skipped: Vec<Skipped>,
}

/// How images are reached, as a command asks for it.
pub(crate) fn access(arguments: &OpenArgs) -> Result<Access, Failure> {
    let platform = arguments
        .platform
        .as_deref()
        .map(crate::plan::parse_platform)
        .transpose()?;
    Ok(crate::plan::access(&arguments.access, platform))
}

/// The same for images that are looked into: an engine need not pack what earlier runs saw.
pub(crate) fn access_to_look(arguments: &LookArgs, config: &Config) -> Result<Access, Failure> {
    let documents = cache(config, arguments.no_cache).map(|cache| Arc::new(cache) as _);
    Ok(Access {
        documents,
        ..access(&arguments.open)?
    })
}

/// What earlier runs saw of layers; nothing where that is not wanted or cannot be had.
pub(crate) fn cache(config: &Config, unwanted: bool) -> Option<Cache> {
    if unwanted {
        return None;
    }
    let cache = crate::storage::scan_cache(config).ok()?;
    (cache.bound() > 0).then_some(cache)
}

impl<'a> Look<'a> {
    /// A look into an image that was made elsewhere: its history tells which line of `dockerfile`
    /// made which layer.
    pub(crate) fn new(
        image: &'a Image,
        name: &str,
        dockerfile: Option<&'a SourceFile>,
        config: &Config,
        arguments: &LookArgs,
    ) -> Self {
        let layers = image.manifest.layers.len();
        let names = image.called.names.iter();
        let tagged = names.filter(|name| name.tag.is_some());
        Self {
            image,
            name: name.to_owned(),
            called: image.called.clone(),
            tags: tagged.cloned().collect(),
            dockerfile,
            layer_sources: dockerfile.map_or_else(Vec::new, |file| {
                plimsoll_build::layer_sources(file, &image.config, layers)
            }),
            has_ignore_file: None,
            cache: cache(config, arguments.no_cache),
        }
    }

    /// What the image holds.
    pub(crate) fn inside(&self) -> Result<Seen, Failure> {
        let options = ScanOptions::default();
        let scanned = plimsoll_scan::inspect(self.image, &options, self.cache.as_ref())?;
        Ok(self.traced(scanned))
    }

    /// As [`Look::inside`], with every file of every layer besides.
    pub(crate) fn inside_with_files(&self) -> Result<(Seen, ImageFiles), Failure> {
        let options = ScanOptions::default();
        let (scanned, files) =
            plimsoll_scan::inspect_with_files(self.image, &options, self.cache.as_ref())?;
        Ok((self.traced(scanned), files))
    }

    fn traced(&self, scanned: plimsoll_scan::Outcome) -> Seen {
        let mut inventory = scanned.inventory;
        for (layer, source) in inventory.layers.iter_mut().zip(&self.layer_sources) {
            layer.source.clone_from(source);
        }
        if let Some(file) = self.dockerfile {
            let steps = plimsoll_build::step_sources(file, &self.image.config);
            for secret in &mut inventory.secrets {
                secret.source = in_configuration(secret, &steps);
            }
        }
        if let Some(base) = self.base_by_dockerfile(&inventory) {
            // What the base brings, its FROM brings.
            let from = self
                .dockerfile
                .and_then(|file| plimsoll_build::base_source(file, None));
            for layer in inventory.layers.iter_mut().take(base.layers) {
                layer.source.clone_from(&from);
            }
            inventory.base = Some(base);
        }
        for saving in &mut inventory.waste.savings {
            let layer = inventory.layers.get(saving.layer);
            saving.source = layer.and_then(|layer| layer.source.clone());
        }
        let manifest = &self.image.manifest;
        let blobs = manifest.layers.iter().chain([&manifest.config]);
        Seen {
            image: ImageSummary {
                name: self.name.clone(),
                called: self.called.clone(),
                digest: manifest.descriptor.digest.clone(),
                config: scanned.config,
                compressed_size: blobs.map(|blob| blob.size).sum(),
            },
            inventory,
            skipped: scanned.skipped,
        }
    }

    /// The base, as the Dockerfile tells: every layer below the first that one of its lines made. Where
    /// a line above that one is of another state of the file, or one was moved, nobody knows what made those
    /// below; then what the image itself tells counts, and is no more than that.
    fn base_by_dockerfile(&self, inventory: &Inventory) -> Option<BaseImage> {
        let layers = self.layer_sources.iter().position(Option::is_some)?;
        let known = inventory.base.as_ref();
        let first = self.layer_sources[layers].as_ref()?.start.line;
        let is_doubtful = |step: &ForeignStep| step.place.start.line < first || step.may_be_moved;
        if self.foreign_steps().iter().any(is_doubtful)
            && known.is_none_or(|base| base.layers < layers)
        {
            return known.cloned();
        }
        Some(BaseImage {
            layers,
            name: known.and_then(|base| base.name.clone()),
            digest: known.and_then(|base| base.digest.clone()),
            evidence: "the layers below the first line of the Dockerfile".to_owned(),
        })
    }

    /// What the Dockerfile has and the image's history does not tell of; nothing where it was just built
    /// from it.
    fn foreign_steps(&self) -> Vec<ForeignStep> {
        let file = self.dockerfile.filter(|_| !self.is_built_here());
        file.map_or_else(Vec::new, |file| {
            plimsoll_build::foreign_steps(file, &self.image.config)
        })
    }

    /// Whether it was just built from a project, whose Dockerfile was judged on the way.
    fn is_built_here(&self) -> bool {
        self.has_ignore_file.is_some()
    }

    /// That the image was not built from the Dockerfile, where its history tells so.
    pub(crate) fn foreign_dockerfile(&self) -> Option<Skipped> {
        // Of an image that was built here the lines are known.
        let file = self.dockerfile.filter(|_| !self.is_built_here())?;
        Some(Skipped::new(
            Topic::Rules,
            file.path().to_owned(),
            self.strangeness(file)?,
        ))
    }

    /// What is to be said of a Dockerfile that the image was not built from.
    fn strangeness(&self, file: &SourceFile) -> Option<String> {
        // Of layers that several of its lines made together the scan speaks.
        let joined = filled_steps(&self.image.config.history);
        let is_joined = joined.iter().any(|(_, is_alone)| !is_alone);
        if !is_joined && self.layer_sources.iter().all(Option::is_none) {
            let layers = self.image.manifest.layers.len();
            return (makes_layers(file) || layers > 0 && is_empty(file)).then(|| {
                "the image's history tells of none of its instructions: nothing was traced to a line"
                    .to_owned()
            });
        }
        let foreign = self.foreign_steps();
        let first = foreign.first()?.place.start.line;
        Some(match foreign.len() {
            1 => format!(
                "the image was built from another state or stage of it: its history does not tell of line \
                 {first}"
            ),
            many => format!(
                "the image was built from another state or stage of it: its history does not tell of {many} of \
                 its instructions, the first in line {first}"
            ),
        })
    }

    /// Adds to `report` what was seen and what the rules say of it.
    pub(crate) fn judge(
        &self,
        seen: Seen,
        options: &CheckOptions,
        max_size: Option<u64>,
        report: &mut Report,
    ) {
        let has_configuration = self.image.blobs.has_configuration();
        if !has_configuration {
            report.skipped.push(Skipped::new(
                Topic::Configuration,
                "configuration",
                "a root file system has none: user, health check and labels were not judged",
            ));
        }
        report.skipped.extend(self.foreign_dockerfile());
        let outcome = plimsoll_rules::check_image(
            &ImageFacts {
                config: has_configuration.then_some(Configuration {
                    judged: &self.image.config,
                    shown: &seen.image.config,
                }),
                inventory: &seen.inventory,
                tags: &self.tags,
                compressed_size: seen.image.compressed_size,
                max_size,
                has_ignore_file: self.has_ignore_file,
                layer_sources: &self.layer_sources,
                dockerfile: self.dockerfile,
                is_dockerfile_judged: self.is_built_here(),
            },
            options,
        );
        report.findings.extend(outcome.findings);
        report
            .findings
            .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        report.suppressed.extend(outcome.suppressed);
        report.skipped.extend(seen.skipped);
        report.skipped.extend(outcome.skipped);
        report.skipped.sort();
        report.skipped.dedup();
        report.inventory = seen.inventory;
        report.image = Some(seen.image);
    }
}

/// The line that put a credential into the configuration, by the steps of the history that show it;
/// none of one in a file.
fn in_configuration(
    secret: &SecretSighting,
    steps: &[Option<SourceOrigin>],
) -> Option<SourceOrigin> {
    if secret.layer.is_some() {
        return None;
    }
    let places = std::iter::once(&secret.place).chain(&secret.also_at);
    places
        .filter_map(|place| place.strip_prefix("history step ")?.parse::<usize>().ok())
        .find_map(|step| steps.get(step.checked_sub(1)?)?.clone())
}

/// Whether an image of this Dockerfile has a layer of its own.
fn makes_layers(file: &SourceFile) -> bool {
    let (tree, _) = dockerfile::parse(file.clone());
    tree.instructions().any(|instruction| {
        let kind = &instruction.kind;
        matches!(
            kind,
            // What is no Dockerfile at all has nothing else.
            InstructionKind::Run(_)
                | InstructionKind::Copy(_)
                | InstructionKind::Add(_)
                | InstructionKind::Unknown(_)
        )
    })
}

/// Whether an image of this Dockerfile, which makes no layers, has none at all.
fn is_empty(file: &SourceFile) -> bool {
    let (tree, _) = dockerfile::parse(file.clone());
    let bases = tree.instructions().filter_map(|one| match &one.kind {
        InstructionKind::From(from) => Some(from.image.value.as_str()),
        _ => None,
    });
    bases.last() == Some("scratch")
}
