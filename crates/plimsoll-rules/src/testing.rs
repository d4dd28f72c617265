//! How rules are tested: tables of Dockerfiles, and the small notation for image examples.

use std::collections::BTreeMap;

use plimsoll_model::{
    Account, Blockage, Digest, Finding, ForeignLibrary, HealthCheck, ImageConfig, ImageName,
    Inventory, LayerFacts, NoFormat, NotableFile, NotableKind, SecretSighting, Severity,
    SourceFile, SourceOrigin, Span, StartupFault, StartupFile, StartupProblem, StartupRole,
};
use plimsoll_syntax::context::{Context, ContextEntry, EntryKind};

use crate::check::{CheckOutcome, check_image, check_project};
use crate::context::SharedContext;
use crate::options::{CheckOptions, LabelFormat, RuleSettings};
use crate::project::Project;
use crate::rule::{Configuration, ImageFacts};

/// The day on which tests run.
pub(crate) const TODAY: (i16, u8, u8) = (2026, 6, 1);

pub(crate) fn options(rule: &str) -> CheckOptions {
    CheckOptions {
        select: vec![rule.to_owned()],
        today: Some(TODAY),
        settings: settings(rule),
        ..CheckOptions::default()
    }
}

/// What rules are told that say nothing unasked: one label that must be there, one registry that is
/// trusted.
fn settings(rule: &str) -> RuleSettings {
    let mut settings = RuleSettings::default();
    if rule.contains("label") {
        let revision = "org.opencontainers.image.revision".to_owned();
        settings.labels.insert(revision, LabelFormat::GitHash);
        settings.strict_labels = true;
    }
    if rule.contains("registry") {
        settings.trusted_registries.push("docker.io".to_owned());
    }
    settings
}

/// A project of a Dockerfile and the files around it; without any, no context is known.
pub(crate) fn project(dockerfile: &str, files: &[(&str, &str)]) -> Project {
    sized_project(dockerfile, files, &[])
}

fn context(files: &[(&str, &str)]) -> Context {
    let mut entries: BTreeMap<String, (EntryKind, u64)> = BTreeMap::new();
    let mut contents = BTreeMap::new();
    let mut ignore_file = None;
    for (path, text) in files {
        for (at, _) in path.match_indices('/') {
            entries.insert(path[..at].to_owned(), (EntryKind::Directory, 0));
        }
        entries.insert((*path).to_owned(), (EntryKind::File, text.len() as u64));
        let file = SourceFile::new(*path, *text);
        if crate::wanted(path).is_some() {
            contents.insert((*path).to_owned(), file.clone());
        }
        if *path == ".dockerignore" {
            ignore_file = Some(file);
        }
    }
    Context {
        entries: entries
            .into_iter()
            .map(|(path, (kind, size))| ContextEntry { path, kind, size })
            .collect(),
        ignore_file,
        contents,
        gaps: Vec::new(),
    }
}

/// Runs one rule, by name.
pub(crate) fn run(rule: &str, dockerfile: &str, files: &[(&str, &str)]) -> CheckOutcome {
    check_project(&project(dockerfile, files), &options(rule))
}

/// Runs one rule over a context of files that are only known by their sizes.
pub(crate) fn run_sized(rule: &str, dockerfile: &str, sizes: &[(&str, u64)]) -> CheckOutcome {
    check_project(&sized_project(dockerfile, &[], sizes), &options(rule))
}

/// A project with further files around it that are only known by their sizes.
pub(crate) fn sized_project(
    dockerfile: &str,
    files: &[(&str, &str)],
    sizes: &[(&str, u64)],
) -> Project {
    let mut all = files.to_vec();
    all.extend(sizes.iter().map(|(path, _)| (*path, "")));
    let context = (!all.is_empty()).then(|| {
        let mut context = context(&all);
        for entry in &mut context.entries {
            if let Some((_, size)) = sizes.iter().find(|(path, _)| *path == entry.path) {
                entry.size = *size;
            }
        }
        SharedContext::new(context).into()
    });
    Project {
        file: SourceFile::new("Dockerfile", dockerfile),
        context,
    }
}

/// What the default set would show of a rule: `(line, message)` of what it is sure of.
fn shown(findings: &[Finding]) -> Vec<usize> {
    findings
        .iter()
        .filter(|finding| finding.confidence > plimsoll_model::Confidence::Low)
        .map(|finding| {
            finding
                .origin
                .source
                .as_ref()
                .map_or(0, |place| place.start.line)
        })
        .collect()
}

/// Holds a rule to the lines it must find something at.
pub(crate) fn fires(rule: &str, cases: &[(&str, &str, &[usize])]) {
    for (what, dockerfile, lines) in cases {
        let found = run(rule, dockerfile, &[]).findings;
        assert_eq!(
            shown(&found),
            *lines,
            "{rule}: {what}\n{dockerfile}\n{found:#?}"
        );
    }
}

/// Holds a rule to silence, each case with the reason why it must be silent.
pub(crate) fn silent(rule: &str, cases: &[(&str, &str)]) {
    for (why, dockerfile) in cases {
        let found = run(rule, dockerfile, &[]).findings;
        assert_eq!(
            shown(&found),
            [0; 0],
            "{rule}: {why}\n{dockerfile}\n{found:#?}"
        );
    }
}

/// Holds a rule to saying something only where it was asked for by name.
pub(crate) fn unsure(rule: &str, cases: &[(&str, &str)]) {
    for (why, dockerfile) in cases {
        let found = run(rule, dockerfile, &[]).findings;
        assert!(!found.is_empty(), "{rule}: {why}\n{dockerfile}");
        assert_eq!(
            shown(&found),
            [0; 0],
            "{rule}: {why}\n{dockerfile}\n{found:#?}"
        );
    }
}

/// Applies every fix of a rule and gives the text back.
pub(crate) fn fixed(rule: &str, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let project = project(dockerfile, files);
    let options = options(rule);
    let findings = check_project(&project, &options).findings;
    let mut check = |project: &Project| check_project(project, &options).findings;
    let outcome = crate::fix::apply(&project, &findings, true, &mut check);
    assert_eq!(outcome.withheld, [], "{rule}");
    String::from_utf8(outcome.bytes).unwrap()
}

/// An image, as an example of an image rule writes it down: one `key: value` a line.
///
/// `user`, `env`, `label`, `volume`, `healthcheck` and `cmd` fill the configuration; `layer` adds one
/// with the instruction that made it, `base` tells how many are the base's; `file: KIND PATH SIZE LAYER` and `secret: KIND PLACE [LAYER]` add
/// to the inventory, as do `startup`, `account`, `without-certificates` and `missing-time-zone`;
/// `tag`, `size`, `limit` (bytes) and `ignore-file: yes|no` the rest. What `hidden` says must not be shown
/// of user, volumes and ports. A `root-file-system` has no configuration.
#[derive(Default)]
pub(crate) struct ImageExample {
    config: ImageConfig,
    inventory: Inventory,
    tags: Vec<ImageName>,
    size: u64,
    limit: Option<u64>,
    has_ignore_file: Option<bool>,
    dockerfile: Option<SourceFile>,
    is_dockerfile_judged: bool,
    hidden: Option<String>,
    is_root_file_system: bool,
}

impl ImageExample {
    pub(crate) fn parse(text: &str) -> Self {
        let mut image = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            image.set(key, value);
        }
        image
    }

    fn set(&mut self, key: &str, value: &str) {
        let words: Vec<&str> = value.split_whitespace().collect();
        match key {
            "user" => value.clone_into(&mut self.config.user),
            "env" => self.config.env.push(value.to_owned()),
            "cmd" => self.config.cmd = Some(words.iter().map(|&w| w.to_owned()).collect()),
            "volume" => self.config.volumes.push(value.to_owned()),
            "base" => {
                self.inventory.base = Some(plimsoll_model::BaseImage {
                    layers: value.parse().unwrap(),
                    name: None,
                    digest: None,
                    evidence: String::new(),
                });
            }
            "port" => self.config.exposed_ports.push(value.to_owned()),
            "label" => {
                let (name, value) = value.split_once('=').unwrap();
                self.config.labels.push((name.to_owned(), value.to_owned()));
            }
            "healthcheck" => {
                self.config.healthcheck = Some(HealthCheck {
                    test: words.iter().map(|&w| w.to_owned()).collect(),
                    ..HealthCheck::default()
                });
            }
            "layer" => {
                let number = u8::try_from(self.inventory.layers.len()).unwrap();
                self.inventory.layers.push(LayerFacts {
                    digest: Digest::from_sha256([number; 32]),
                    diff_id: Digest::from_sha256([number; 32]),
                    compressed_size: 0,
                    size: 0,
                    entries: 0,
                    instruction: Some(value.to_owned()),
                    file_bytes: 0,
                    wasted: 0,
                    hidden: 0,
                    source: None,
                });
            }
            "file" => self.inventory.notable.push(NotableFile {
                kind: match words[0] {
                    "package-cache" => NotableKind::PackageCache,
                    "compiler" => NotableKind::Compiler,
                    "package-manager" => NotableKind::PackageManager,
                    "shell" => NotableKind::Shell,
                    "downloader" => NotableKind::Downloader,
                    "set-id" => NotableKind::SetId,
                    "version-control" => NotableKind::VersionControl,
                    "world-writable" => NotableKind::WorldWritable,
                    "login-server" => NotableKind::LoginServer,
                    "host-key" => NotableKind::HostKey,
                    "readable-key" => NotableKind::ReadableKey,
                    other => panic!("no kind of file is called {other}"),
                },
                path: words[1].to_owned(),
                size: words[2].parse().unwrap(),
                layer: words[3].parse().unwrap(),
            }),
            "secret" => {
                let (kind, place) = value.split_once(' ').unwrap();
                let (place, layer) = match place.rsplit_once(" layer ") {
                    Some((place, layer)) => (place, Some(layer.parse().unwrap())),
                    None => (place, None),
                };
                self.inventory.secrets.push(SecretSighting {
                    kind: kind.to_owned().into(),
                    severity: Severity::Critical,
                    place: place.to_owned(),
                    layer,
                    line: None,
                    fingerprint: "000000000000".to_owned(),
                    deleted_in: None,
                    also_at: Vec::new(),
                    source: None,
                });
            }
            "startup" => self.inventory.startup.push(startup(&words)),
            "accounts" => self.inventory.accounts.complete = value == "complete",
            "account" => {
                let (name, uid) = (words[0].to_owned(), words[1].parse().unwrap());
                self.inventory.users.push((name.clone(), uid));
                self.inventory.accounts.users.push(Account {
                    name,
                    uid,
                    gid: words[2].parse().unwrap(),
                    empty_password: words.get(3) == Some(&"empty"),
                });
            }
            "without-certificates" => self.inventory.without_certificates.push(NotableFile {
                kind: NotableKind::Downloader,
                path: words[0].to_owned(),
                size: 0,
                layer: words[1].parse().unwrap(),
            }),
            "missing-time-zone" => self.inventory.missing_time_zone = Some(value.to_owned()),
            // `FOLDER [FILE]`: what is in its place, of layer 0.
            "workdir" => {
                let (folder, file) = value.split_once(' ').unwrap_or((value, ""));
                self.config.working_dir = folder.to_owned();
                self.inventory.workdir_blockage = (!file.is_empty()).then(|| Blockage {
                    path: file.to_owned(),
                    layer: 0,
                });
            }
            "dockerfile" => {
                let text = value.replace(" | ", "\n") + "\n";
                self.dockerfile = Some(SourceFile::new("Dockerfile", text));
            }
            // That made the last layer.
            "line" => {
                let source = self.source(value);
                self.inventory.layers.last_mut().unwrap().source = Some(source);
            }
            // That the last secret stands in.
            "secret-line" => {
                let source = self.source(value);
                self.inventory.secrets.last_mut().unwrap().source = Some(source);
            }
            "judged" => self.is_dockerfile_judged = value == "yes",
            "tag" => self.tags.push(ImageName::parse(value).unwrap()),
            "size" => self.size = value.parse().unwrap(),
            "limit" => self.limit = Some(value.parse().unwrap()),
            "ignore-file" => self.has_ignore_file = Some(value == "yes"),
            "root-file-system" => self.is_root_file_system = value == "yes",
            "hidden" => self.hidden = Some(value.to_owned()),
            other => panic!("an image example knows no {other}"),
        }
    }

    /// A line of the Dockerfile, by its number.
    fn source(&self, line: &str) -> SourceOrigin {
        let file = self.dockerfile.as_ref().unwrap();
        let lines = file.bytes().split_inclusive(|byte| *byte == b'\n');
        let before = lines.take(line.parse::<usize>().unwrap() - 1);
        let start = before.map(<[u8]>::len).sum();
        SourceOrigin::new(file, Span::new(start, start))
    }

    pub(crate) fn check(&self, rule: &str) -> CheckOutcome {
        let mut shown = self.config.clone();
        if let Some(hidden) = &self.hidden {
            let texts = shown.volumes.iter_mut().chain(&mut shown.exposed_ports);
            for text in texts.chain([&mut shown.user]) {
                *text = text.replace(hidden, "[hidden]");
            }
        }
        check_image(
            &ImageFacts {
                config: (!self.is_root_file_system).then_some(Configuration {
                    judged: &self.config,
                    shown: &shown,
                }),
                inventory: &self.inventory,
                tags: &self.tags,
                compressed_size: self.size,
                max_size: self.limit,
                has_ignore_file: self.has_ignore_file,
                layer_sources: &[],
                dockerfile: self.dockerfile.as_ref(),
                is_dockerfile_judged: self.is_dockerfile_judged,
            },
            &options(rule),
        )
    }
}

/// `ROLE WORD PATH|- [PROBLEM [DETAIL]] [given-to INTERPRETER] [fault PATH]`, of layer 0, and of layer 1 what
/// is at fault.
fn startup(words: &[&str]) -> StartupFile {
    let path = Some(words[2].to_owned()).filter(|path| path != "-");
    let detail = || words[4].to_owned();
    let interpreter = |carriage_return| StartupProblem::MissingInterpreter {
        interpreter: detail(),
        is_relative: words[3] == "relative-interpreter",
        carriage_return,
    };
    let problem = words.get(3).map(|problem| match *problem {
        "missing" => StartupProblem::Missing,
        "dangling" => StartupProblem::Dangling {
            link: detail(),
            target: words[5].to_owned(),
        },
        "folder" => StartupProblem::Folder,
        "not-executable" => StartupProblem::NotExecutable,
        "no-format" => StartupProblem::NoFormat {
            because: match words[4] {
                "byte-order-mark" => NoFormat::ByteOrderMark,
                other => panic!("no file is {other}"),
            },
        },
        "machine" => StartupProblem::WrongArchitecture {
            machine: detail(),
            platform: "linux/amd64".to_owned(),
        },
        "interpreter" | "relative-interpreter" => interpreter(false),
        "carriage-return" => interpreter(true),
        "library" => StartupProblem::MissingLibraries {
            libraries: vec![detail()],
            needed_by: words[2].to_owned(),
            elsewhere: words[5..].iter().map(|&path| path.to_owned()).collect(),
            foreign: Vec::new(),
        },
        "foreign-library" => StartupProblem::MissingLibraries {
            libraries: vec![detail()],
            needed_by: words[2].to_owned(),
            elsewhere: Vec::new(),
            foreign: vec![ForeignLibrary {
                path: words[5].to_owned(),
                machine: words[6].to_owned(),
            }],
        },
        "denied" => StartupProblem::Denied {
            user: "app".to_owned(),
            path: detail(),
        },
        "unknown-user" => StartupProblem::UnknownAccount {
            name: detail(),
            is_group: false,
        },
        other => panic!("no problem is called {other}"),
    });
    StartupFile {
        role: match words[0] {
            "entrypoint" => StartupRole::Entrypoint,
            "cmd" => StartupRole::Cmd,
            "healthcheck" => StartupRole::HealthCheck,
            other => panic!("nothing is started by {other}"),
        },
        word: words[1].to_owned(),
        given_to: words
            .iter()
            .position(|word| *word == "given-to")
            .map(|at| words[at + 1].to_owned()),
        script: words
            .iter()
            .position(|word| *word == "in-script")
            .map(|at| words[at + 1].to_owned()),
        layer: path.as_ref().map(|_| 0),
        path,
        fault: words
            .iter()
            .position(|word| *word == "fault")
            .map(|at| StartupFault {
                path: words[at + 1].to_owned(),
                layer: 1,
            }),
        problems: problem.into_iter().collect(),
    }
}

/// Holds an image rule to how often it must speak of an image.
pub(crate) fn judges(rule: &str, cases: &[(&str, &str, usize)]) {
    for (what, image, count) in cases {
        let found = ImageExample::parse(image).check(rule).findings;
        assert_eq!(found.len(), *count, "{rule}: {what}\n{image}\n{found:#?}");
    }
}
