//! The evidence of a voyage: bill of materials, provenance, reports and log, in one folder.

use std::path::{Path, PathBuf};

use plimsoll_attest::Attachment;
use plimsoll_attest::provenance::{self, Byproduct, GitSource, ProvenanceInput};
use plimsoll_image::Referrer;
use plimsoll_model::{Platform, Report};

use crate::args::{Format, OutputArgs, Reported, ShipArgs};
use crate::commands::build::Built;
use crate::credentials;
use crate::failure::Failure;
use crate::output::{self, Rendering, VERSION};
use crate::plan::Voyage;
use crate::terminal::{Terminal, printable, say};
use crate::write::{self, PendingFolder};
use crate::{project, storage};

/// Other things in an evidence folder that are named.
const NAMED: usize = 5;

/// What every evidence folder holds, and in which form where it is one.
const EVIDENCE: [(&str, Option<Format>); 6] = [
    ("sbom.cdx.json", Some(Format::Cyclonedx)),
    ("provenance.json", None),
    ("report.json", Some(Format::Json)),
    ("report.sarif", Some(Format::Sarif)),
    ("report.md", Some(Format::Markdown)),
    ("build.log", None),
];

/// One file of the evidence folder, and how it is hung on the image.
pub(super) struct EvidenceFile {
    name: &'static str,
    bytes: Vec<u8>,
    attachment: Option<Attachment>,
}

impl EvidenceFile {
    /// How it is hung on the image, where it is.
    pub(super) fn referrer(&self) -> Option<Referrer> {
        let attachment = self.attachment.clone()?;
        Some(Referrer {
            artifact_type: attachment.artifact_type.to_owned(),
            media_type: attachment.media_type.to_owned(),
            bytes: attachment.bytes,
            annotations: attachment.annotations,
        })
    }
}

/// Where the evidence goes, and what else is written.
pub(super) struct Places {
    /// The evidence folder.
    pub(super) folder: PathBuf,
    /// Forms that were asked for in it, by the names of their files.
    inside: Vec<(String, Format)>,
    /// The other forms.
    pub(super) output: OutputArgs,
}

impl Places {
    /// Those that were asked for; whatever cannot be written there is said now.
    pub(super) fn read(
        arguments: &ShipArgs,
        voyage: &Voyage,
        has_advisories: bool,
    ) -> Result<Self, Failure> {
        let folder = match &arguments.evidence {
            Some(folder) => folder.clone(),
            None => storage::own_folder(&voyage.folder)?.join("evidence"),
        };
        write::is_folder_writable(&folder)?;
        let (inside, output) = parted(&arguments.output, &folder)?;
        let others = others(&folder, &inside)?;
        // The usual one is ours, whatever was put into it.
        if arguments.evidence.is_some() {
            refuse_foreign(&folder, &others)?;
        }
        if !others.is_empty() {
            say(&format!(
                "{}: what is no evidence stays there as it is: {}",
                printable(&folder.display().to_string()),
                printable(&named(&others))
            ));
        }
        output::are_possible(&output, Reported::Image, has_advisories)?;
        for (_, format) in &inside {
            output::fits(*format, Reported::Image, has_advisories)?;
        }
        Ok(Self {
            folder,
            inside,
            output,
        })
    }

    /// Writes all that the folder is to hold beside it: the papers, the report in its forms, the log.
    pub(super) fn prepare(
        &self,
        papers: Vec<EvidenceFile>,
        rendering: &Rendering<'_>,
        log: Vec<u8>,
    ) -> Result<PendingFolder, Failure> {
        let plain = rendering.for_file();
        let papers = papers.into_iter().map(|file| (file.name, file.bytes));
        let mut contents: Vec<(&str, Vec<u8>)> = papers.collect();
        let mut empty: Vec<&str> = Vec::new();
        for (name, format) in [
            ("report.json", Format::Json),
            ("report.sarif", Format::Sarif),
            ("report.md", Format::Markdown),
        ] {
            let text = plain.render(format)?.unwrap_or_default();
            contents.push((name, text.into_bytes()));
        }
        let known = credentials::known(rendering.report);
        contents.push(("build.log", credentials::without_known(log, &known)));
        for (name, format) in &self.inside {
            match plain.render(*format)? {
                Some(text) => contents.push((name, text.into_bytes())),
                None => {
                    output::say_empty(*format, Path::new(name));
                    empty.push(name);
                }
            }
        }
        PendingFolder::new(&self.folder, &contents, &empty)
    }
}

/// What lies in the evidence folder and is none, sorted.
fn others(folder: &Path, inside: &[(String, Format)]) -> Result<Vec<String>, Failure> {
    let failed = |error: std::io::Error| Failure::file(folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut others = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let is_ours = EVIDENCE.iter().any(|(own, _)| name == *own)
            || inside.iter().any(|(asked_for, _)| name == **asked_for);
        if !is_ours {
            others.push(name.to_string_lossy().into_owned());
        }
    }
    others.sort();
    Ok(others)
}

/// Refuses a folder that is no evidence of an earlier ship and holds anything, were it only called like
/// evidence: it was not meant. `others` are what is not.
fn refuse_foreign(folder: &Path, others: &[String]) -> Result<(), Failure> {
    let named_so = EVIDENCE.iter().map(|(name, _)| *name);
    let mut there: Vec<String> = named_so
        .filter(|name| folder.join(name).symlink_metadata().is_ok())
        .map(str::to_owned)
        .collect();
    if there.len() == EVIDENCE.len() {
        return Ok(());
    }
    there.extend_from_slice(others);
    there.sort();
    if there.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{}: holds what is no evidence of an earlier ship: {}",
        folder.display(),
        printable(&named(&there))
    ))
    .hint("name a folder that is new or empty"))
}

/// Some of them by name.
fn named(others: &[String]) -> String {
    let first = &others[..others.len().min(NAMED)];
    match others.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Parts what `--output` asks for into the files of the evidence folder, which appear with it in one step,
/// and the rest.
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
                    "{}: is no file right in the evidence folder: below it nothing is written",
                    path.display()
                )));
            }
        }
    }
    Ok((inside, rest))
}

/// Bill of materials and provenance.
pub(super) fn attest(
    voyage: &Voyage,
    built: &Built,
    report: &Report,
    subject: &str,
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
        names: vec![subject.to_owned()],
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
        build_args: credentials::publishable(&plan.build_args, &credentials::known(report)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_things_are_no_evidence() {
        let root = tempfile::tempdir().unwrap();
        let inside = [("x.html".to_owned(), Format::Plain)];
        let look = |folder: &Path| {
            let others = others(folder, &inside).unwrap();
            let is_refused = refuse_foreign(folder, &others).is_err();
            (others, is_refused)
        };
        assert_eq!(look(&root.path().join("new")), (Vec::new(), false));
        assert_eq!(look(root.path()), (Vec::new(), false));
        // What is asked for now is.
        std::fs::write(root.path().join("x.html"), "").unwrap();
        assert_eq!(look(root.path()), (Vec::new(), false));
        // Anybody may have a file of such a name.
        std::fs::write(root.path().join("report.json"), "").unwrap();
        assert_eq!(look(root.path()), (Vec::new(), true));
        std::fs::create_dir(root.path().join("sub")).unwrap();
        std::fs::write(root.path().join("notes"), "").unwrap();
        let others = vec!["notes".to_owned(), "sub".to_owned()];
        assert_eq!(look(root.path()), (others.clone(), true));
        // Somebody put it there later.
        for (name, _) in EVIDENCE {
            std::fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(look(root.path()), (others, false));
    }
}
