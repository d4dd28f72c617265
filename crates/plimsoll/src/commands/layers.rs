//! `plimsoll layers`: what each layer adds, and what of it serves nobody.

use std::path::Path;

use plimsoll_model::{ImageSummary, Inventory};
use plimsoll_report::Verdict;
use plimsoll_report::layers::LayersInput;
use plimsoll_scan::ScanOptions;

use crate::args::{LayersArgs, ListFormat};
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::project;
use crate::terminal::{Spinner, Terminal, print};
use crate::thresholds::Thresholds;
use crate::tui::{self, Explored};

/// Opens the image and shows its layers.
pub(crate) fn run(arguments: &LayersArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let mut thresholds = arguments.thresholds();
    // A pipeline's file speaks where a pipeline does: nobody who explores is held back.
    let explores = thresholds.is_empty()
        && arguments.ci_config.is_none()
        && !arguments.plain
        && arguments.format == ListFormat::Human
        && tui::is_possible(terminal);
    if !explores {
        thresholds = match &arguments.ci_config {
            Some(path) => thresholds.or(Thresholds::read(path)?),
            None if Path::new(".dive-ci").is_file() => {
                thresholds.or(Thresholds::read(Path::new(".dive-ci"))?)
            }
            None => thresholds,
        };
    }
    let config = Config::load(arguments.config.as_deref(), Path::new("."))?;
    let cache = super::inspect::look_cache(&config, arguments.no_cache);
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
    let (scanned, files) =
        plimsoll_scan::inspect_with_files(&image, &ScanOptions::default(), cache.as_ref())?;
    let mut inventory = scanned.inventory;
    if let Some(file) = &dockerfile {
        let sources =
            plimsoll_build::layer_sources(file, &image.config, image.manifest.layers.len());
        for (layer, source) in inventory.layers.iter_mut().zip(sources) {
            layer.source = source;
        }
    }
    drop(spinner);
    let blobs = image.manifest.layers.iter().chain([&image.manifest.config]);
    let summary = ImageSummary {
        name: arguments.image.clone(),
        digest: image.manifest.descriptor.digest.clone(),
        config: plimsoll_scan::redacted(&image.config),
        compressed_size: blobs.map(|blob| blob.size).sum(),
    };
    if explores {
        let explored = Explored {
            image: summary,
            inventory,
            skipped: scanned.skipped,
            files,
        };
        tui::run(&explored, terminal)?;
        return Ok(Outcome::Holds);
    }
    let verdict = (!thresholds.is_empty()).then(|| judge(&thresholds, &inventory));
    let input = LayersInput {
        image: &summary,
        inventory: &inventory,
        skipped: &scanned.skipped,
        verdict: verdict.as_ref(),
        color: terminal.color,
        width: terminal.width,
    };
    print(&match arguments.format {
        ListFormat::Human => plimsoll_report::layers::human(&input),
        ListFormat::Json => plimsoll_report::layers::json(&input),
    })?;
    Ok(match verdict {
        Some(verdict) if !verdict.holds => Outcome::HeldBack,
        // What was not looked at was not judged either.
        Some(_) if scanned.skipped.iter().any(|skipped| skipped.blocking) => Outcome::NotLooked,
        _ => Outcome::Holds,
    })
}

fn judge(thresholds: &Thresholds, inventory: &Inventory) -> Verdict {
    let reasons = thresholds.broken_by(inventory);
    Verdict {
        holds: reasons.is_empty(),
        reasons,
        next: None,
    }
}
