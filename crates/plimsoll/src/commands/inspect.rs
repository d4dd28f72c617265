//! `plimsoll inspect`: what is inside an image, and whether it is fit to ship.

use std::path::Path;

use plimsoll_image::Image;
use plimsoll_model::{Report, SourceFile};
use plimsoll_report::Verdict;
use plimsoll_rules::CheckOptions;

use crate::advice::{self, Origins};
use crate::advisories::{self, Demand};
use crate::args::InspectArgs;
use crate::bill;
use crate::config::Config;
use crate::earlier::Earlier;
use crate::failure::{Failure, Outcome};
use crate::look::{self, Look};
use crate::output::Rendering;
use crate::project;
use crate::terminal::{Spinner, Terminal, say};
use crate::vulnerabilities::{Attached, Gate};

/// Opens the image, looks inside and reports.
pub(crate) fn run(arguments: &InspectArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let config = Config::load(arguments.look.config.as_deref(), Path::new("."))?;
    let dockerfile = arguments
        .file
        .as_deref()
        .map(project::read_dockerfile)
        .transpose()?;
    let options = super::check::rule_options(&arguments.rules, &config)?;
    if arguments.image == "-" && arguments.gate.baseline.as_deref() == Some("-") {
        return Err(Failure::usage(
            "standard input holds one image, not both: name a place for the baseline",
        ));
    }
    let access = look::access(&arguments.look.open)?;
    let earlier = Earlier {
        access: &access,
        cache: look::cache(&config, arguments.look.no_cache),
        db: arguments.advisories.db.as_deref(),
        terminal,
    };
    let mut gate = Gate::load(
        &config,
        Path::new("."),
        &arguments.gate.vex,
        arguments.threshold.least(),
    )?
    .since(earlier.find(&config, arguments.gate.baseline.as_deref())?);
    let mut report = match bill::find(&arguments.image)? {
        Some(bill) => {
            let platform = bill.platform.clone();
            let mut report = bill::report(&arguments.image, bill, arguments.fail_on.is_some());
            let asked = &arguments.advisories;
            advisories::judge(&mut report, platform.as_ref(), asked, gate.demand())?;
            gate = gate.hearing(|| Attached::without("there is no image at hand"));
            report
        }
        None => {
            let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
            let image = plimsoll_image::find(&arguments.image, &access)?;
            gate = gate.hearing(|| Attached::to(&image));
            spinner.message(format!("looking into {}", image.name));
            let demand = gate.demand();
            let dockerfile = dockerfile.as_ref();
            look_into(arguments, &config, &options, dockerfile, &image, demand)?
        }
    };
    let whole = arguments.advisories.show_all();
    let known = gate.judge(&mut report, &options, whole, crate::clock::today());
    for note in &known.notes {
        say(&format!("policy: {note}"));
    }
    advice::add(
        &mut report,
        Origins {
            dockerfile: dockerfile.as_ref(),
            target: None,
            folder: arguments.file.as_deref().and_then(Path::parent),
        },
        &known,
    );
    let held_back = arguments.fail_on.is_some_and(|least| {
        let mut findings = report.findings.iter();
        findings.any(|finding| finding.severity >= least)
    });
    let held_back = held_back || !known.reasons.is_empty();
    // Only vulnerabilities have a policy here; findings are listed, and counted by --fail-on.
    let verdict = (!known.reasons.is_empty()).then_some(Verdict {
        holds: false,
        reasons: known.reasons,
        next: None,
    });
    let outcome = Outcome::of(held_back, &report.skipped);
    let sources: Vec<SourceFile> = dockerfile.into_iter().collect();
    Rendering {
        report: &report,
        sources: &sources,
        details: arguments.details,
        verdict: verdict.as_ref(),
        terminal,
        epoch: None,
    }
    .emit(&arguments.output)?;
    // The program ends here: giving thousands of packages back one by one takes time for nothing.
    std::mem::forget(report);
    Ok(outcome)
}

/// Looks inside the image; `demand` is what must be judged of its vulnerabilities.
fn look_into(
    arguments: &InspectArgs,
    config: &Config,
    options: &CheckOptions,
    dockerfile: Option<&SourceFile>,
    image: &Image,
    demand: Demand,
) -> Result<Report, Failure> {
    let look = Look::new(image, &arguments.image, dockerfile, config, &arguments.look);
    let seen = look.inside()?;
    let mut report = Report::default();
    look.judge(seen, options, config.policy.largest_image(), &mut report);
    let platform = image.config.platform.as_ref();
    advisories::judge(&mut report, platform, &arguments.advisories, demand)?;
    Ok(report)
}
