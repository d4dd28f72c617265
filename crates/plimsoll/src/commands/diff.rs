//! `plimsoll diff`: how one image differs from another.

use std::path::Path;

use plimsoll_image::Image;
use plimsoll_model::Report;
use plimsoll_report::diff::DiffInput;
use plimsoll_rules::CheckOptions;

use crate::args::{DiffArgs, DiffFormat};
use crate::bounds;
use crate::config::Config;
use crate::difference::{self, Side};
use crate::failure::{Failure, Outcome};
use crate::look::{self, Look};
use crate::project;
use crate::terminal::{Spinner, Terminal, print};

/// Looks into both images and tells what differs.
pub(crate) fn run(arguments: &DiffArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    if arguments.old == "-" && arguments.new == "-" {
        return Err(Failure::usage(
            "standard input holds one image, not both: name a place for the other",
        ));
    }
    let config = Config::load(arguments.look.config.as_deref(), Path::new("."))?;
    let options = super::check::rule_options(&arguments.rules, &config)?;
    let access = look::access(&arguments.look.open)?;
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.old));
    // Both are opened before one is read: a name that is wrong is told at once.
    let old = plimsoll_image::find(&arguments.old, &access)?;
    spinner.message(format!("opening {}", arguments.new));
    let new = plimsoll_image::find(&arguments.new, &access)?;
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
    // What was not looked at was not compared either.
    let images = [&difference.images.old, &difference.images.new];
    let skipped = images.iter().flat_map(|image| &image.skipped);
    let held_back = verdict.is_some_and(|verdict| !verdict.holds);
    Ok(Outcome::of(held_back, skipped))
}

fn see(
    image: &Image,
    name: &str,
    file: Option<&Path>,
    arguments: &DiffArgs,
    config: &Config,
    options: &CheckOptions,
) -> Result<Side, Failure> {
    let dockerfile = file.map(project::read_dockerfile).transpose()?;
    let look = Look::new(image, name, dockerfile.as_ref(), config, &arguments.look);
    let (seen, files) = look.inside_with_files()?;
    let image = seen.image.clone();
    let mut report = Report::default();
    look.judge(seen, options, config.policy.largest_image(), &mut report);
    Ok(Side {
        image,
        report,
        files,
    })
}
