//! `plimsoll diff`: how one image differs from another.

use std::path::Path;

use plimsoll_attest::read::BillOfMaterials;
use plimsoll_image::{Access, Image};
use plimsoll_model::{ComparedSubject, Report};
use plimsoll_report::Verdict;
use plimsoll_report::diff::DiffInput;
use plimsoll_rules::CheckOptions;

use crate::advisories::{Advisories, Demand};
use crate::args::{DiffArgs, DiffFormat};
use crate::config::{Config, FailOn};
use crate::difference::{self, Side};
use crate::failure::{Failure, Outcome};
use crate::foreign::{self, Scope};
use crate::look::{self, Look};
use crate::policy::bounds;
use crate::policy::vulnerabilities::{Attached, Gate, Least};
use crate::terminal::{Spinner, Terminal, print, say};
use crate::{bill, output, policy, project};

/// Looks into both images and tells what differs.
pub(crate) fn run(arguments: &DiffArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    if arguments.old == "-" && arguments.new == "-" {
        return Err(Failure::usage(
            "standard input holds one image, not both: name a place for the other",
        ));
    }
    let named = arguments.look.config.as_deref();
    let config = foreign::in_force(named, Path::new("."), Scope::Images)?;
    // It is about neither of both images.
    for one in &config.not_honoured {
        say(&format!("not honoured: {one}"));
    }
    let options = super::check::rule_options(&arguments.rules, &config)?;
    // What holds back is what is new, by --fail-on: of the policy only exceptions count.
    let nothing = Least::Unless(FailOn::Never);
    let gate = Gate::load(&config, Path::new("."), &arguments.vex, nothing)?;
    let access = look::access_to_look(&arguments.look, &config)?;
    let advisories = Advisories::open(&arguments.advisories)?;
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.old));
    // Both are opened before one is read: a name that is wrong is told at once.
    let old = Opened::open(&arguments.old, &access)?;
    spinner.message(format!("opening {}", arguments.new));
    let new = Opened::open(&arguments.new, &access)?;
    let comparison = Comparison {
        arguments,
        config: &config,
        options: &options,
        gate: &gate,
        advisories: &advisories,
        spinner: &spinner,
    };
    let old = comparison.see(old, &arguments.old, arguments.old_file.as_deref())?;
    let mut new = comparison.see(new, &arguments.new, arguments.file.as_deref())?;
    if let Some(least) = bounds::least_vulnerability(&arguments.fail_on) {
        let open = difference::undecided(&old.report, &new.report);
        let open = open.into_iter().filter(|one| one.severity >= least);
        let gaps = gate.open(open, &new.report);
        new.report.skipped.extend(gaps);
        new.report.skipped.sort();
    }
    spinner.message("comparing".to_owned());
    let difference = difference::between(old, new);
    drop(spinner);
    let reasons = bounds::broken(&arguments.fail_on, &difference);
    // What was not looked at was not compared either.
    let images = &difference.images;
    let mut unseen = Vec::new();
    for (side, image) in [("old", &images.old), ("new", &images.new)] {
        let told = policy::unseen(&image.skipped).into_iter();
        unseen.extend(told.map(|gap| format!("{side} {gap}")));
    }
    let verdict = Verdict::new(reasons, unseen);
    let is_asked = !arguments.fail_on.is_empty();
    let made = crate::clock::made(None);
    let input = DiffInput {
        difference: &difference,
        verdict: is_asked.then_some(&verdict),
        details: arguments.details,
        color: terminal.color,
        width: terminal.columns(),
        made: Some(&made),
        tool_version: output::VERSION,
    };
    print(&match arguments.format {
        DiffFormat::Human => plimsoll_report::diff::human(&input),
        DiffFormat::Markdown => plimsoll_report::diff::markdown(&input),
        DiffFormat::Json => plimsoll_report::diff::json(&input),
    })?;
    if arguments.format != DiffFormat::Human {
        output::say_why(&verdict.reasons, &verdict.unseen);
    }
    Ok(Outcome::of(&verdict))
}

/// What was named.
enum Opened {
    Image(Box<Image>),
    Bill(Box<BillOfMaterials>),
}

impl Opened {
    fn open(name: &str, access: &Access) -> Result<Self, Failure> {
        Ok(match bill::find(name)? {
            Some(bill) => Self::Bill(Box::new(bill)),
            None => Self::Image(Box::new(plimsoll_image::find(name, access)?)),
        })
    }
}

/// How both sides are looked at.
struct Comparison<'a> {
    arguments: &'a DiffArgs,
    config: &'a Config,
    options: &'a CheckOptions,
    gate: &'a Gate,
    advisories: &'a Advisories<'a>,
    spinner: &'a Spinner,
}

impl Comparison<'_> {
    fn see(&self, subject: Opened, name: &str, file: Option<&Path>) -> Result<Side, Failure> {
        let bounds = &self.arguments.fail_on;
        let is_needed = bounds.iter().any(|bound| bound.is_of_packages());
        let demand = match is_needed {
            true => self.gate.demand_where_asked(),
            false => Demand::Nothing,
        };
        let gate = self.gate.clone().hearing(|| match &subject {
            Opened::Image(image) => Attached::to(image),
            Opened::Bill(_) => Attached::without("there is no image at hand"),
        });
        let gate = match &subject {
            Opened::Image(image) => gate.known_as(image),
            Opened::Bill(bill) => gate.told_by(bill),
        };
        let mut side = match subject {
            Opened::Image(image) => {
                self.spinner.message(format!("looking into {}", image.name));
                let mut side = self.look_into(&image, name, file)?;
                let platform = image.config.platform.as_ref();
                self.advisories.judge(&mut side.report, platform, demand)?;
                side
            }
            Opened::Bill(bill) => {
                let needs_image = bounds.iter().any(|bound| !bound.is_of_packages());
                let platform = bill.platform.clone();
                let mut side = Side {
                    subject: ComparedSubject::Bill(bill::summary(name, &bill)),
                    report: bill::report(name, *bill, needs_image),
                    files: None,
                };
                let platform = platform.as_ref();
                self.advisories.judge(&mut side.report, platform, demand)?;
                side
            }
        };
        let today = crate::clock::today();
        gate.set_aside(&mut side.report, is_needed, today);
        policy::accept_gaps(&mut side.report.skipped, self.config, today);
        Ok(side)
    }

    fn look_into(&self, image: &Image, name: &str, file: Option<&Path>) -> Result<Side, Failure> {
        let dockerfile = file.map(project::read_dockerfile).transpose()?;
        let arguments = &self.arguments.look;
        let look = Look::new(image, name, dockerfile.as_ref(), self.config, arguments);
        let (seen, files) = look.inside_with_files()?;
        let subject = ComparedSubject::Image(seen.image.clone());
        let mut report = Report::default();
        let max_size = self.config.policy.max_size;
        look.judge(seen, self.options, max_size, &mut report);
        Ok(Side {
            subject,
            report,
            files: Some(files),
        })
    }
}
