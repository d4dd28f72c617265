//! `plimsoll inspect`: what is inside an image, and whether it is fit to ship.

use std::path::{Component, Path, PathBuf};

use plimsoll_image::Image;
use plimsoll_model::{Report, Severity, SourceFile};
use plimsoll_rules::CheckOptions;

use crate::advice::{self, Origins};
use crate::advisories::Advisories;
use crate::args::{InspectArgs, Reported};
use crate::bill;
use crate::config::{Config, FailOn, from_here};
use crate::earlier::Earlier;
use crate::failure::{Failure, Outcome};
use crate::foreign::{self, Scope};
use crate::inputs::Inputs;
use crate::look::{self, Look};
use crate::output::{self, Rendering};
use crate::policy::vulnerabilities::{Attached, Gate, Least};
use crate::terminal::{Spinner, Terminal, say};
use crate::{policy, project};

/// Opens the image, looks inside and reports.
pub(crate) fn run(arguments: &InspectArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let named = arguments.look.config.as_deref();
    let config = foreign::in_force(named, Path::new("."), Scope::Images)?;
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
    let access = look::access_to_look(&arguments.look, &config)?;
    let advisories = Advisories::open(&arguments.advisories)?;
    let are_possible =
        |subject| output::are_possible(&arguments.output, subject, advisories.are_there());
    are_possible(Reported::Image)?;
    inputs(arguments, &config, &advisories).spare(&arguments.output)?;
    let earlier = Earlier {
        access: &access,
        cache: look::cache(&config, arguments.look.no_cache),
        advisories: &advisories,
        terminal,
    };
    let mut gate = Gate::load(
        &config,
        Path::new("."),
        &arguments.gate.vex,
        least(arguments),
    )?
    .since(earlier.find(&config, arguments.gate.baseline.as_deref())?);
    let (mut report, platform) = match bill::find(&arguments.image)? {
        Some(bill) => {
            are_possible(Reported::Bill)?;
            let platform = bill.platform.clone();
            gate = gate.told_by(&bill);
            let mut report = bill::report(&arguments.image, bill, fail_on(arguments).is_some());
            advisories.judge(&mut report, platform.as_ref(), gate.demand())?;
            gate = gate.hearing(|| Attached::without("there is no image at hand"));
            (report, platform)
        }
        None => {
            let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
            let image = plimsoll_image::find(&arguments.image, &access)?;
            gate = gate.hearing(|| Attached::to(&image)).known_as(&image);
            spinner.message(format!("looking into {}", image.name));
            let demand = gate.demand();
            let dockerfile = dockerfile.as_ref();
            let platform = image.config.platform.clone();
            let mut report = look_into(arguments, &config, &options, dockerfile, &image)?;
            advisories.judge(&mut report, platform.as_ref(), demand)?;
            (report, platform)
        }
    };
    report.skipped.extend(config.not_honoured.iter().cloned());
    let whole = arguments.advisories.show_all();
    let today = crate::clock::today();
    let known = gate.judge(&mut report, &options, whole, today);
    for note in &known.notes {
        say(&format!("policy: {note}"));
    }
    let built = arguments.file.as_deref().zip(dockerfile.as_ref());
    let context = built.map(|(path, file)| context(&config, path, file));
    advice::add(
        &mut report,
        Origins {
            dockerfile: dockerfile.as_ref(),
            target: None,
            folder: context.as_deref(),
        },
        &known,
        &gate,
        today,
        &advisories,
        platform.as_ref(),
    );
    // What was written about the project beside the image covers nothing here.
    policy::waive(&mut report, &config, &options, false, today);
    let sources: Vec<SourceFile> = dockerfile.into_iter().collect();
    let hidden = crate::credentials::conceal(&mut report, &sources);
    let verdict = policy::judge(&report, fail_on(arguments), known.reasons);
    let is_asked = arguments.fail_on.is_some() || gate.is_asked_for();
    Rendering {
        report: &report,
        sources: &sources,
        hidden: &hidden,
        details: arguments.details,
        verdict: is_asked.then_some(&verdict),
        terminal,
        epoch: None,
        said: &[],
    }
    .emit(&arguments.output)?;
    // The program ends here: giving thousands of packages back one by one takes time for nothing.
    std::mem::forget(report);
    Ok(Outcome::of(&verdict).coded(arguments.threshold.exit_code))
}

/// The folder that a Dockerfile was built from: what the configuration says of it, else the likely one.
fn context(config: &Config, path: &Path, file: &SourceFile) -> PathBuf {
    if let Some(context) = config.context().filter(|_| config.is_about(path)) {
        return from_here(&context);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut above = project::folders_up_to_repository(folder);
    let is_below = |part| matches!(part, Component::CurDir | Component::Normal(_));
    if above.is_empty() && folder.components().all(is_below) {
        // Whoever names a file below the current folder works in that.
        above.extend(folder.ancestors().skip(1).map(Path::to_path_buf));
    }
    project::likely_context(file, folder, &above)
}

/// All that is read.
fn inputs(arguments: &InspectArgs, config: &Config, advisories: &Advisories<'_>) -> Inputs {
    let mut inputs = Inputs::of(config);
    inputs.add_image(&arguments.image);
    inputs.add("the Dockerfile", arguments.file.as_deref());
    inputs.add("the index of advisories", advisories.path());
    inputs.add_gate(&arguments.gate);
    inputs
}

/// The least severity of a finding that holds an image back.
fn fail_on(arguments: &InspectArgs) -> Option<Severity> {
    arguments.fail_on.and_then(FailOn::least)
}

/// What holds an image back for its vulnerabilities: what counts of findings counts of them, too,
/// unless something else was said of them.
fn least(arguments: &InspectArgs) -> Least {
    match (arguments.threshold.least(), arguments.fail_on) {
        (Least::Unless(FailOn::Never), Some(least)) => Least::Unless(least.into()),
        (least, _) => least,
    }
}

/// Looks inside the image.
fn look_into(
    arguments: &InspectArgs,
    config: &Config,
    options: &CheckOptions,
    dockerfile: Option<&SourceFile>,
    image: &Image,
) -> Result<Report, Failure> {
    let look = Look::new(image, &arguments.image, dockerfile, config, &arguments.look);
    let seen = look.inside()?;
    let mut report = Report::default();
    look.judge(seen, options, config.policy.max_size, &mut report);
    Ok(report)
}
