//! `plimsoll layers`: what each layer adds, and what of it serves nobody.

use std::path::Path;

use plimsoll_model::Topic;
use plimsoll_report::Verdict;
use plimsoll_report::layers::LayersInput;

use crate::args::{LayersArgs, ListFormat};
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::look::{self, Look};
use crate::policy::waste::WasteLimits;
use crate::terminal::{Spinner, Terminal, print};
use crate::tui::{self, Explored};
use crate::{output, policy, project};

/// Opens the image and shows its layers.
pub(crate) fn run(arguments: &LayersArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let mut limits = arguments.waste_limits();
    // A pipeline's file speaks where a pipeline does: nobody who explores is held back.
    let explores = limits.is_empty()
        && arguments.ci_config.is_none()
        && !arguments.plain
        && arguments.format == ListFormat::Human
        && tui::is_possible(terminal);
    let config = Config::load(arguments.look.config.as_deref(), Path::new("."))?;
    if !explores {
        let of_policy = config.policy.waste_limits();
        let dives = Path::new(".dive-ci");
        limits = match &arguments.ci_config {
            Some(path) => limits.or(WasteLimits::read(path)?),
            None if of_policy.is_empty() && dives.is_file() => limits.or(WasteLimits::read(dives)?),
            None => limits.or(of_policy),
        };
    }
    let dockerfile = arguments
        .file
        .as_deref()
        .map(project::read_dockerfile)
        .transpose()?;
    let access = look::access_to_look(&arguments.look, &config)?;
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
    let (mut seen, files) = look.inside_with_files()?;
    seen.skipped.extend(look.foreign_dockerfile());
    policy::accept_gaps(&mut seen.skipped, &config, crate::clock::today());
    seen.skipped.sort();
    drop(spinner);
    if explores {
        tui::run(&Explored { seen, files }, terminal)?;
        return Ok(Outcome::Holds);
    }
    // Nobody is held back without a threshold, and what was not looked at was not judged either.
    let verdict = (!limits.is_empty()).then(|| {
        // Bytes are counted without knowing whose they are.
        let skipped = seen.skipped.iter();
        let of_files = skipped.filter(|gap| gap.about == Topic::Files);
        let reasons = limits.broken_by(&seen.inventory);
        Verdict::new(reasons, policy::unseen(of_files))
    });
    let input = LayersInput {
        image: &seen.image,
        inventory: &seen.inventory,
        skipped: &seen.skipped,
        verdict: verdict.as_ref(),
        color: terminal.color,
        width: terminal.columns(),
    };
    print(&match arguments.format {
        ListFormat::Human => plimsoll_report::layers::human(&input),
        ListFormat::Json => plimsoll_report::layers::json(&input),
    })?;
    let Some(verdict) = verdict else {
        return Ok(Outcome::Holds);
    };
    if arguments.format != ListFormat::Human {
        output::say_why(&verdict.reasons, &verdict.unseen);
    }
    Ok(Outcome::of(&verdict))
}
