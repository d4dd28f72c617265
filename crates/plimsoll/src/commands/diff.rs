//! `plimsoll diff`: how one image differs from another.

use std::path::Path;

use plimsoll_image::{Access, Image};
use plimsoll_model::Report;
use plimsoll_report::diff::DiffInput;
use plimsoll_rules::CheckOptions;

use super::inspect::{Look, look_cache, tags_of};
use crate::args::{DiffArgs, DiffFormat};
use crate::bounds;
use crate::config::{Config, parse_size};
use crate::difference::{self, Seen};
use crate::failure::{Failure, Outcome};
use crate::project;
use crate::terminal::{Spinner, Terminal, print};

/// Looks into both images and tells what differs.
pub(crate) fn run(arguments: &DiffArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    if arguments.old == "-" && arguments.new == "-" {
        return Err(Failure::usage(
            "standard input holds one image, not both: name a place for the other",
        ));
    }
    let config = Config::load(arguments.config.as_deref(), Path::new("."))?;
    let options = super::check::rule_options(&arguments.rules, &config)?;
    let platform = arguments
        .platform
        .as_deref()
        .map(crate::plan::parse_platform)
        .transpose()?;
    let access = crate::plan::access(&arguments.access, platform);
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.old));
    // Both are opened before one is read: a name that is wrong is told at once.
    let old = open(&arguments.old, &access)?;
    spinner.message(format!("opening {}", arguments.new));
    let new = open(&arguments.new, &access)?;
    let see = |image: &Image, name: &str, file: Option<&Path>| {
        spinner.message(format!("looking into {}", image.name));
        see(image, name, file, arguments, &config, &options)
    };
    let old = see(&old, &arguments.old, arguments.old_file.as_deref())?;
    let new = see(&new, &arguments.new, arguments.file.as_deref())?;
    spinner.message("comparing".to_owned());
    let difference = difference::between(old, new);
    drop(spinner);
    let verdict = bounds::judge(&arguments.fail_on, &difference);
    let input = DiffInput {
        difference: &difference,
        verdict: verdict.as_ref(),
        details: arguments.details,
        color: terminal.color,
        width: terminal.width,
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    print(&match arguments.format {
        DiffFormat::Human => plimsoll_report::diff::human(&input),
        DiffFormat::Markdown => plimsoll_report::diff::markdown(&input),
        DiffFormat::Json => plimsoll_report::diff::json(&input),
    })?;
    let images = [&difference.images.old, &difference.images.new];
    let unseen = images
        .iter()
        .any(|image| image.skipped.iter().any(|skipped| skipped.blocking));
    Ok(match verdict {
        Some(verdict) if !verdict.holds => Outcome::HeldBack,
        // What was not looked at was not compared either.
        _ if unseen => Outcome::NotLooked,
        _ => Outcome::Holds,
    })
}

fn open(name: &str, access: &Access) -> Result<Image, Failure> {
    let image = plimsoll_image::find(name, access)?;
    if let Some(platform) = &access.platform {
        image.require_platform(platform)?;
    }
    Ok(image)
}

fn see(
    image: &Image,
    name: &str,
    file: Option<&Path>,
    arguments: &DiffArgs,
    config: &Config,
    options: &CheckOptions,
) -> Result<Seen, Failure> {
    let dockerfile = file.map(project::read_dockerfile).transpose()?;
    let layer_sources = dockerfile.as_ref().map_or_else(Vec::new, |file| {
        plimsoll_build::layer_sources(file, &image.config, image.manifest.layers.len())
    });
    let look = Look {
        name: name.to_owned(),
        tags: tags_of(name),
        layer_sources,
        dockerfile: dockerfile.as_ref(),
        has_ignore_file: None,
        max_size: config.policy.max_size.as_deref().and_then(parse_size),
        cache: look_cache(config, arguments.no_cache),
    };
    let mut report = Report::default();
    let files = look.inside_with_files(image, options, &mut report)?;
    let Some(image) = report.image.take() else {
        return Err(Failure::environment(format!("{name}: was not looked at")));
    };
    Ok(Seen {
        image,
        report,
        files,
    })
}
