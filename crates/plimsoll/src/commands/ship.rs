//! `plimsoll ship`: check, build, inspect, judge, attest, push, report. One digest all the way.

use std::path::{Path, PathBuf};

use plimsoll_attest::Attachment;
use plimsoll_attest::provenance::{self, Byproduct, GitSource, ProvenanceInput};
use plimsoll_image::Referrer;
use plimsoll_model::{
    Digest, ImageName, ImageRef, Platform, Report, Severity, SourceFile, SourceOrigin,
};
use plimsoll_rules::{Project, SharedContext};

use super::build::Built;
use crate::advice::{self, Origins};
use crate::advisories::Advisories;
use crate::args::{AdvisoryArgs, Format, OutputArgs, ShipArgs, Subject};
use crate::bases::Bases;
use crate::config::VulnerabilityFailOn;
use crate::credentials;
use crate::earlier::Earlier;
use crate::exceptions::Exceptions;
use crate::failure::{Failure, Outcome};
use crate::foreign::{self, Judged};
use crate::look::{self, Look};
use crate::output::{self, Rendering, VERSION, sent_line};
use crate::plan::Voyage;
use crate::policy::{self, Judgement};
use crate::project::{self, Listing};
use crate::storage;
use crate::terminal::{Spinner, Terminal, say};
use crate::vulnerabilities::{Attached, Gate, Least};
use crate::write::{self, PendingFolder};

/// What every evidence folder holds, and in which form where it is one.
const EVIDENCE: [(&str, Option<Format>); 6] = [
    ("sbom.cdx.json", Some(Format::Cyclonedx)),
    ("provenance.json", None),
    ("report.json", Some(Format::Json)),
    ("report.sarif", Some(Format::Sarif)),
    ("report.md", Some(Format::Markdown)),
    ("build.log", None),
];

/// The whole line.
pub(crate) fn run(arguments: &ShipArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let voyage = Voyage::read(&arguments.plan, |named, folder| {
        foreign::in_force(named, folder, Judged::Images)
    })?;
    // Everything that was typed wrong is said before the long work begins.
    let target = voyage.destination(arguments.to.as_deref())?;
    let tags = voyage.tags(&arguments.plan, arguments.latest)?;
    if matches!(&target, ImageRef::Registry(name) if name.tag.is_none()) && tags.is_empty() {
        return Err(
            Failure::usage(format!("{target}: nothing to tag the image by"))
                .hint("give --tag, or ship from a git repository"),
        );
    }
    let mut options = super::check::rule_options(&arguments.rules, &voyage.config)?;
    options.build_args = voyage.build_args(&arguments.plan)?;
    options.platform = voyage.platform(&arguments.plan)?;
    if let Some(stage) = &arguments.plan.target {
        options.target = Some(stage.clone());
    }
    let fail_on = arguments
        .fail_on
        .or_else(|| voyage.config.policy.fail_on.map(Severity::from))
        .unwrap_or(Severity::High);
    let access = crate::plan::access(&arguments.plan.access, options.platform.clone());
    let asked = AdvisoryArgs {
        db: arguments.db.clone(),
        ..AdvisoryArgs::default()
    };
    let advisories = Advisories::open(&asked)?;
    let evidence = match &arguments.evidence {
        Some(folder) => folder.clone(),
        None => storage::own_folder(&voyage.folder)?.join("evidence"),
    };
    write::is_folder_writable(&evidence)?;
    let (inside, output) = parted(&arguments.output, &evidence)?;
    output::are_possible(&output, Subject::Image, advisories.are_there())?;
    for (_, format) in &inside {
        output::fits(*format, Subject::Image, advisories.are_there())?;
    }
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
        Least::Unless(VulnerabilityFailOn::from(fail_on)),
    )?
    .since(earlier.find(&voyage.config, arguments.gate.baseline.as_deref())?)
    .hearing(|| Attached::without("the image is only about to be built"));
    let bases = Bases::new(
        crate::plan::named_contexts(&arguments.plan.build_context)?,
        access.clone(),
        false,
    );
    bases.offer(&mut options);

    let spinner = Spinner::start(terminal, format!("checking {}", voyage.dockerfile.path()));
    let mut report = check(&voyage, &options)?;
    report.skipped.extend(bases.problems());
    let not_honoured = &voyage.config.not_honoured;
    report.skipped.extend(not_honoured.iter().cloned());
    drop(spinner);

    let built = match Built::make(&voyage, &arguments.plan, terminal) {
        Ok(built) => built,
        Err(failure) => {
            // What was found before the build is not lost with it.
            let sources = sources(&voyage);
            let hidden = credentials::conceal(&mut report, &sources);
            let rendering = Rendering {
                report: &report,
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
                && let Err(untold) = rendering.emit(&arguments.output)
            {
                say(&format!("plimsoll: {untold}"));
            }
            return Err(failure);
        }
    };

    let spinner = Spinner::start(
        terminal,
        format!("looking into {}", built.image.manifest.descriptor.digest),
    );
    let names = image_names(&voyage, &target, &tags);
    let look = Look {
        image: &built.image,
        name: names
            .first()
            .map_or_else(|| voyage.title(), ToString::to_string),
        tags: names.clone(),
        dockerfile: Some(&voyage.dockerfile),
        layer_sources: layer_sources(&voyage.dockerfile, &built),
        has_ignore_file: Some(voyage.ignore.is_some()),
        cache: look::cache(&voyage.config, false),
    };
    let seen = look.inside()?;
    let max_size = voyage.config.policy.largest_image();
    look.judge(seen, &options, max_size, &mut report);
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
        &advisories,
        platform,
    );
    let Judgement {
        mut verdict,
        outcome,
    } = policy::judge(&mut report, &voyage.config, &options, fail_on, known, today);

    let sources = sources(&voyage);
    let hidden = credentials::conceal(&mut report, &sources);
    if let Some(image) = &mut report.image {
        built.credentials.hide_in_config(&mut image.config);
    }
    let mut files = attest(&voyage, &built, &report, &names, terminal)?;
    let referrers: Vec<Referrer> = files
        .iter()
        .filter_map(|file| file.attachment.clone())
        .map(|attachment| Referrer {
            artifact_type: attachment.artifact_type.to_owned(),
            media_type: attachment.media_type.to_owned(),
            bytes: attachment.bytes,
            annotations: attachment.annotations,
        })
        .collect();
    verdict.next = match verdict.holds {
        true => Some(next_command(&target, &tags, built.image.digest())),
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
    let plain = rendering.for_file();
    for (name, format) in [
        ("report.json", Format::Json),
        ("report.sarif", Format::Sarif),
        ("report.md", Format::Markdown),
    ] {
        files.push(EvidenceFile {
            name,
            bytes: plain.render(format)?.unwrap_or_default().into_bytes(),
            attachment: None,
        });
    }
    files.push(EvidenceFile {
        name: "build.log",
        bytes: built.log,
        attachment: None,
    });
    let mut contents: Vec<(&str, Vec<u8>)> = files
        .into_iter()
        .map(|file| (file.name, file.bytes))
        .collect();
    for (name, format) in &inside {
        match plain.render(*format)? {
            Some(text) => contents.push((name, text.into_bytes())),
            None => output::say_empty(*format, Path::new(name)),
        }
    }
    // All that is to be told is written before anything is sent: after it nothing can be refused.
    let folder = PendingFolder::new(&evidence, &contents)?;
    let told = rendering.prepare(&output)?;
    let sent = match verdict.holds {
        true => {
            let _spinner = Spinner::start(terminal, format!("shipping to {target}"));
            let (image, access) = (&built.image, &built.access);
            let pushed = plimsoll_image::push(image, &referrers, &target, &tags, access, &|_| {})?;
            Some(pushed)
        }
        false => None,
    };
    let handed_over = folder.finish().and_then(|()| rendering.hand_over(told));
    if let Some(pushed) = &sent {
        say(&sent_line(&target, pushed));
        if matches!(target, ImageRef::Archive { .. } | ImageRef::Daemon(_)) {
            say("that place holds no papers: SBOM and provenance lie with the evidence only");
        }
    }
    handed_over.map_err(|failure| match sent {
        Some(_) => failure.after_sending(),
        None => failure,
    })?;
    say(&format!("evidence: {}", evidence.display()));
    Ok(outcome)
}

/// Parts what `--output` asks for into the files of the evidence folder, which is replaced whole and is
/// to hold them then, and the rest.
fn parted(
    output: &OutputArgs,
    evidence: &Path,
) -> Result<(Vec<(String, Format)>, OutputArgs), Failure> {
    let folder = write::leads_to(evidence)?;
    let mut inside: Vec<(String, Format)> = Vec::new();
    let mut rest = output.clone();
    rest.outputs.clear();
    for one in &output.outputs {
        let (format, path) = one;
        let whole = write::leads_to(path)?;
        let Ok(below) = whole.strip_prefix(&folder) else {
            rest.outputs.push((*format, path.clone()));
            continue;
        };
        let name = below.to_str().filter(|name| !name.is_empty());
        match name.filter(|_| below.components().count() == 1) {
            Some(name) => {
                let earlier = inside.iter().find(|(known, _)| known == name);
                if let Some((_, other)) = earlier {
                    let other = output::typed(&(*other, path.clone()));
                    return Err(output::one_file(&other, &output::typed(one)));
                }
                match EVIDENCE.iter().find(|(known, _)| *known == name) {
                    None => inside.push((name.to_owned(), *format)),
                    // It is there anyway.
                    Some((_, form)) if *form == Some(*format) => {}
                    Some(_) => {
                        let own = format!("the evidence's own {name}");
                        return Err(output::one_file(&own, &output::typed(one)));
                    }
                }
            }
            None => {
                return Err(Failure::usage(format!(
                    "{}: is no file of the evidence folder, which is replaced whole",
                    path.display()
                )));
            }
        }
    }
    Ok((inside, rest))
}

fn check(voyage: &Voyage, options: &plimsoll_rules::CheckOptions) -> Result<Report, Failure> {
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

/// The full names the image is shipped under.
fn image_names(voyage: &Voyage, target: &ImageRef, tags: &[String]) -> Vec<ImageName> {
    let base = match target {
        ImageRef::Registry(name) => name.clone(),
        _ => {
            let title: String = voyage
                .title()
                .to_ascii_lowercase()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                .collect();
            match ImageName::parse(title.trim_matches('-')) {
                Ok(name) => name,
                Err(_) => return Vec::new(),
            }
        }
    };
    let mut names: Vec<ImageName> = tags
        .iter()
        .map(|tag| ImageName {
            tag: Some(tag.clone()),
            digest: None,
            ..base.clone()
        })
        .collect();
    if base.tag.is_some() && !names.contains(&base) {
        names.insert(0, base.clone());
    }
    if names.is_empty() {
        names.push(base);
    }
    names
}

/// One file of the evidence folder, and how it is hung on the image.
struct EvidenceFile {
    name: &'static str,
    bytes: Vec<u8>,
    attachment: Option<Attachment>,
}

/// Bill of materials and provenance.
fn attest(
    voyage: &Voyage,
    built: &Built,
    report: &Report,
    names: &[ImageName],
    terminal: Terminal,
) -> Result<Vec<EvidenceFile>, Failure> {
    let sbom = Rendering {
        report,
        sources: &[],
        hidden: &[],
        details: true,
        verdict: None,
        terminal,
        epoch: Some(voyage.epoch),
        said: &[],
    }
    .sbom(plimsoll_attest::cyclonedx::document)?
    .into_bytes();
    let plan = &built.plan;
    let statement = provenance::statement(&ProvenanceInput {
        names: names
            .iter()
            .map(|name| format!("{}/{}", name.registry, name.repository))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect(),
        digest: built.result.digest.clone(),
        dockerfile: below(&voyage.context, &voyage.dockerfile_path),
        target: plan.target.clone(),
        platform: built
            .image
            .config
            .platform
            .clone()
            .or_else(|| plan.platform.clone())
            .unwrap_or_else(Platform::host),
        build_args: credentials::publishable(&plan.build_args),
        secret_ids: plan.secrets.keys().cloned().collect(),
        source_date_epoch: plan.source_date_epoch,
        engine: built.result.engine.clone(),
        inputs: built.result.inputs.clone(),
        source: voyage.git.as_ref().map(|git| GitSource {
            url: git.remote.clone(),
            commit: git.commit.clone(),
            dirty: git.dirty,
        }),
        builder_id: builder_id(),
        tool_version: VERSION.to_owned(),
        invocation_id: invocation_id(),
        // The same inputs give the same statement: the run's own clock stays out of it.
        started_on: None,
        finished_on: None,
        byproducts: vec![Byproduct {
            name: "sbom.cdx.json".to_owned(),
            media_type: plimsoll_attest::cyclonedx::MEDIA_TYPE.to_owned(),
            digest: plimsoll_image::sha256(&sbom),
        }],
    });
    Ok(vec![
        EvidenceFile {
            name: "sbom.cdx.json",
            bytes: sbom.clone(),
            attachment: Some(Attachment::sbom(sbom)),
        },
        EvidenceFile {
            name: "provenance.json",
            bytes: statement.clone(),
            attachment: Some(Attachment::provenance(statement)),
        },
    ])
}

/// A path as the project sees it; only the file's name where it lies elsewhere.
fn below(root: &Path, path: &Path) -> String {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => match path.strip_prefix(&root) {
            Ok(inside) => inside.display().to_string(),
            Err(_) => path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
        },
        _ => project::shown(path),
    }
}

/// Who builds: the workflow in GitHub Actions, nobody in particular elsewhere.
fn builder_id() -> String {
    match (
        std::env::var("GITHUB_SERVER_URL"),
        std::env::var("GITHUB_WORKFLOW_REF"),
    ) {
        (Ok(server), Ok(workflow)) => format!("{server}/{workflow}"),
        _ => "https://plimsoll.dev/builder/local".to_owned(),
    }
}

fn invocation_id() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok();
    Some(format!(
        "{}/{}/actions/runs/{}/attempts/{}",
        variable("GITHUB_SERVER_URL")?,
        variable("GITHUB_REPOSITORY")?,
        variable("GITHUB_RUN_ID")?,
        variable("GITHUB_RUN_ATTEMPT")?
    ))
}

/// What a person would type next, to take the very bytes that were judged.
fn next_command(target: &ImageRef, tags: &[String], digest: &Digest) -> String {
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
