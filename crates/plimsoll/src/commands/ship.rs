//! `plimsoll ship`: check, build, inspect, judge, attest, push, report. One digest all the way.

mod evidence;

use std::path::PathBuf;

use plimsoll_image::{Access, PushOutcome, Referrer};
use plimsoll_model::{Called, Digest, ImageRef, Report, Severity, SourceFile, SourceOrigin};
use plimsoll_report::Verdict;
use plimsoll_rules::{CheckOptions, Project, SharedContext};

use self::evidence::Places;
use super::build::Built;
use crate::advice::{self, Origins};
use crate::advisories::Advisories;
use crate::args::{AdvisoryArgs, OutputArgs, ShipArgs};
use crate::bases::Bases;
use crate::config::FailOn;
use crate::credentials;
use crate::earlier::Earlier;
use crate::failure::{Failure, Outcome};
use crate::foreign::{self, Scope};
use crate::look::{self, Look};
use crate::output::{Rendering, sent_line};
use crate::plan::Voyage;
use crate::policy;
use crate::policy::exceptions::Exceptions;
use crate::policy::vulnerabilities::{Attached, Gate, Least};
use crate::project::Listing;
use crate::storage;
use crate::terminal::{Spinner, Terminal, say};

/// The whole line.
pub(crate) fn run(arguments: &ShipArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let voyage = Voyage::read(&arguments.plan, |named, folder| {
        foreign::in_force(named, folder, Scope::Images)
    })?;
    // Everything that was typed wrong is said before the long work begins.
    let port = Port::of(arguments, &voyage)?;
    let mut options = options(arguments, &voyage)?;
    let fail_on = arguments
        .fail_on
        .or(voyage.config.policy.fail_on)
        .unwrap_or(FailOn::From(Severity::High));
    let access = crate::plan::access(&arguments.plan.access, options.platform.clone());
    let asked = AdvisoryArgs {
        index: arguments.index.clone(),
        ..AdvisoryArgs::default()
    };
    let advisories = Advisories::open(&asked)?;
    let places = Places::read(arguments, &voyage, advisories.are_there())?;
    let mut inputs = voyage.inputs();
    inputs.add("the index of advisories", advisories.path());
    inputs.add_gate(&arguments.gate);
    inputs.spare(&places.output)?;
    inputs.spare_from(&port.target)?;
    let earlier = Earlier {
        access: &access,
        cache: look::cache(&voyage.config, false),
        advisories: &advisories,
        terminal,
    };
    let gate = Gate::load(
        &voyage.config,
        &voyage.folder,
        &arguments.gate.vex,
        Least::Unless(fail_on.into()),
    )?
    .since(earlier.find(&voyage.config, arguments.gate.baseline.as_deref())?)
    .hearing(|| Attached::without("the image is only about to be built"));

    let mut report = check(arguments, &voyage, &mut options, &access, terminal)?;
    let mut built = match Built::make(&voyage, &arguments.plan, terminal) {
        Ok(built) => built,
        Err(failure) => {
            tell_unbuilt(&mut report, &voyage, &arguments.output, terminal);
            return Err(failure);
        }
    };

    let spinner = Spinner::start(
        terminal,
        format!("looking into {}", built.image.manifest.descriptor.digest),
    );
    look_inside(&voyage, &built, &port.called, &options, &mut report)?;
    let platform = built.image.config.platform.as_ref();
    advisories.judge(&mut report, platform, gate.demand())?;
    drop(spinner);

    let today = crate::clock::today();
    let known = gate.judge(&mut report, &options, true, today);
    for note in &known.notes {
        say(&format!("policy: {note}"));
    }
    advice::add(
        &mut report,
        Origins {
            dockerfile: Some(&voyage.dockerfile),
            target: built.plan.target.as_deref(),
            folder: Some(&voyage.context),
        },
        &known,
        &gate,
        today,
        &advisories,
        platform,
    );
    policy::waive(&mut report, &voyage.config, &options, true, today);
    let sources = sources(&voyage);
    let hidden = credentials::conceal(&mut report, &sources);
    let thresholds = voyage.config.policy.waste_limits();
    let wasted = thresholds.broken_by(&report.inventory);
    let else_broken = known.reasons.into_iter().chain(wasted);
    let mut verdict = policy::judge(&report, fail_on.least(), else_broken);
    if let Some(image) = &mut report.image {
        built.credentials.hide_in_config(&mut image.config);
    }
    let subject = port.called.untagged();
    let papers = evidence::attest(&voyage, &built, &report, subject, terminal)?;
    verdict.next = match verdict.holds() {
        true => Some(next_command(&port, built.image.digest())),
        false => Some("plimsoll check --fix".to_owned())
            .filter(|_| report.findings.iter().any(|finding| finding.fix.is_some())),
    };
    let rendering = Rendering {
        report: &report,
        sources: &sources,
        hidden: &hidden,
        details: true,
        verdict: Some(&verdict),
        terminal,
        epoch: Some(voyage.epoch),
        said: &[],
    };
    let referrers: Vec<Referrer> = papers.iter().filter_map(|paper| paper.referrer()).collect();
    // All that is to be told is written before anything is sent: after it nothing can be refused.
    let log = std::mem::take(&mut built.log);
    let folder = places.prepare(papers, &rendering, log)?;
    let told = rendering.prepare(&places.output)?;
    let sent = send(&verdict, &built, &referrers, &port, terminal)?;
    let handed_over = folder.finish().and_then(|()| rendering.hand_over(told));
    if let Some(pushed) = &sent {
        say(&sent_line(&port.target, pushed));
        if matches!(port.target, ImageRef::Archive { .. } | ImageRef::Daemon(_)) {
            say("that place holds no papers: SBOM and provenance lie with the evidence only");
        }
    }
    handed_over.map_err(|failure| match sent {
        Some(_) => failure.after_sending(),
        None => failure,
    })?;
    say(&format!("evidence: {}", places.folder.display()));
    Ok(Outcome::of(&verdict))
}

/// Where the image goes, under which tags, and what it is called by that.
struct Port {
    target: ImageRef,
    tags: Vec<String>,
    called: Called,
}

impl Port {
    fn of(arguments: &ShipArgs, voyage: &Voyage) -> Result<Self, Failure> {
        let target = voyage.destination(arguments.to.as_deref())?;
        let tags = voyage.tags(&arguments.plan, arguments.latest)?;
        if matches!(&target, ImageRef::Registry(name) if name.tag.is_none()) && tags.is_empty() {
            return Err(
                Failure::usage(format!("{target}: nothing to tag the image by"))
                    .hint("give --tag, or ship from a git repository"),
            );
        }
        let called = plimsoll_image::called_at(&target, &tags, &voyage.title())?;
        Ok(Self {
            target,
            tags,
            called,
        })
    }
}

/// Which rules are asked, about which build.
fn options(arguments: &ShipArgs, voyage: &Voyage) -> Result<CheckOptions, Failure> {
    let mut options = super::check::rule_options(&arguments.rules, &voyage.config)?;
    options.build_args = voyage.build_args(&arguments.plan)?;
    options.platform = voyage.platform(&arguments.plan)?;
    options.target = voyage.target(&arguments.plan);
    Ok(options)
}

/// Checks what the image is built from; `options` learns of the base images.
fn check(
    arguments: &ShipArgs,
    voyage: &Voyage,
    options: &mut CheckOptions,
    access: &Access,
    terminal: Terminal,
) -> Result<Report, Failure> {
    let bases = Bases::new(
        crate::plan::named_contexts(&arguments.plan.build_context)?,
        access.clone(),
        false,
    );
    bases.offer(options);
    let _spinner = Spinner::start(terminal, format!("checking {}", voyage.dockerfile.path()));
    let mut report = check_sources(voyage, options)?;
    report.skipped.extend(bases.problems());
    let not_honoured = &voyage.config.not_honoured;
    report.skipped.extend(not_honoured.iter().cloned());
    Ok(report)
}

/// What was found before a build that failed is not lost with it.
fn tell_unbuilt(report: &mut Report, voyage: &Voyage, output: &OutputArgs, terminal: Terminal) {
    let sources = sources(voyage);
    let hidden = credentials::conceal(report, &sources);
    let rendering = Rendering {
        report,
        sources: &sources,
        hidden: &hidden,
        details: true,
        verdict: None,
        terminal,
        epoch: Some(voyage.epoch),
        said: &[],
    };
    // A form that needs the image must not hide why there is none.
    if !report.findings.is_empty()
        && let Err(untold) = rendering.emit(output)
    {
        say(&format!("plimsoll: {untold}"));
    }
}

/// Adds to the report what the image holds, and what the rules say of it.
fn look_inside(
    voyage: &Voyage,
    built: &Built,
    called: &Called,
    options: &CheckOptions,
    report: &mut Report,
) -> Result<(), Failure> {
    let look = Look {
        image: &built.image,
        name: called.text.clone(),
        called: called.clone(),
        tags: called.names.clone(),
        dockerfile: Some(&voyage.dockerfile),
        layer_sources: layer_sources(&voyage.dockerfile, built),
        has_ignore_file: Some(voyage.ignore.is_some()),
        cache: look::cache(&voyage.config, false),
    };
    let seen = look.inside()?;
    let max_size = voyage.config.policy.max_size;
    look.judge(seen, options, max_size, report);
    Ok(())
}

/// Sends the image with its papers, where it holds.
fn send(
    verdict: &Verdict,
    built: &Built,
    referrers: &[Referrer],
    port: &Port,
    terminal: Terminal,
) -> Result<Option<PushOutcome>, Failure> {
    if !verdict.holds() {
        return Ok(None);
    }
    let Port { target, tags, .. } = port;
    let _spinner = Spinner::start(terminal, format!("shipping to {target}"));
    let (image, access) = (&built.image, &built.access);
    let pushed = plimsoll_image::push(image, referrers, target, tags, access, &|_| {})?;
    Ok(Some(pushed))
}

fn check_sources(voyage: &Voyage, options: &CheckOptions) -> Result<Report, Failure> {
    let context =
        SharedContext::new(Listing::read(&voyage.context)?.context(voyage.ignore.clone()));
    let mut outcome = plimsoll_rules::check_project(
        &Project {
            file: voyage.dockerfile.clone(),
            context: Some(context.into()),
        },
        options,
    );
    Exceptions::of(&voyage.config)?.apply(&mut outcome, Some(crate::clock::today()));
    Ok(Report {
        findings: outcome.findings,
        suppressed: outcome.suppressed,
        skipped: outcome.skipped,
        checked: vec![voyage.dockerfile.path().to_owned()],
        ..Report::default()
    })
}

fn sources(voyage: &Voyage) -> Vec<SourceFile> {
    [Some(voyage.dockerfile.clone()), voyage.ignore.clone()]
        .into_iter()
        .flatten()
        .collect()
}

/// For each layer the line that made it, as the engine recorded it.
fn layer_sources(dockerfile: &SourceFile, built: &Built) -> Vec<Option<SourceOrigin>> {
    let mut sources = vec![None; built.image.manifest.layers.len()];
    for step in &built.result.steps {
        if let (Some(place), Some(span)) = (sources.get_mut(step.layer), step.span) {
            *place = Some(SourceOrigin::new(dockerfile, span));
        }
    }
    sources
}

/// What a person would type next, to take the very bytes that were judged.
fn next_command(port: &Port, digest: &Digest) -> String {
    let Port { target, tags, .. } = port;
    match target {
        ImageRef::Registry(name) => {
            format!(
                "docker run --rm {}/{}@{digest}",
                name.registry, name.repository
            )
        }
        ImageRef::Layout { path, reference } => match reference.as_ref().or(tags.first()) {
            Some(tag) => format!("skopeo copy oci:{path}:{tag} docker-daemon:NAME:{tag}"),
            None => format!("plimsoll push oci:{path} docker:NAME"),
        },
        ImageRef::Archive { path, .. } => format!("docker load -i {path}"),
        ImageRef::Daemon(name) => format!("docker run --rm {name}"),
        ImageRef::Podman(name) => format!("podman run --rm {name}"),
        // Nothing is sent to one of these.
        ImageRef::Folder(_) | ImageRef::RootFs(_) | ImageRef::Stdin { .. } => {
            format!("plimsoll inspect {target}")
        }
    }
}

impl Voyage {
    /// Where the image goes: typed, else configured, else a layout in the project's own folder.
    pub(crate) fn destination(&self, typed: Option<&str>) -> Result<ImageRef, Failure> {
        let default;
        let text = match (typed, &self.config.ship.to) {
            (Some(text), _) => text,
            (None, Some(text)) => text,
            (None, None) => {
                let folder: PathBuf = storage::own_folder(&self.folder)?.join("image");
                default = format!("oci:{}", folder.display());
                &default
            }
        };
        crate::plan::destination(text)
    }
}
