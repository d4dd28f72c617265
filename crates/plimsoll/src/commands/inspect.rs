//! `plimsoll inspect`: what is inside an image, and whether it is fit to ship.

use std::path::Path;

use plimsoll_model::{Report, Skipped, SourceFile};

use crate::args::InspectArgs;
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::look::{self, Look};
use crate::output::Rendering;
use crate::project;
use crate::terminal::{Spinner, Terminal};

/// Opens the image, looks inside and reports.
pub(crate) fn run(arguments: &InspectArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let config = Config::load(arguments.look.config.as_deref(), Path::new("."))?;
    let options = super::check::rule_options(&arguments.rules, &config)?;
    let dockerfile = arguments
        .file
        .as_deref()
        .map(project::read_dockerfile)
        .transpose()?;
    let access = look::access(&arguments.look.open)?;
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
    let image = plimsoll_image::find(&arguments.image, &access)?;
    spinner.message(format!("looking into {}", image.name));
    let look = Look::new(
        &image,
        &arguments.image,
        dockerfile.as_ref(),
        &config,
        &arguments.look,
    );
    let seen = look.inside()?;
    let mut report = Report::default();
    look.judge(seen, &options, config.policy.largest_image(), &mut report);
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
