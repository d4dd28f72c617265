//! One report that has everything once.

mod vulnerable;

use plimsoll_model::{
    Account, Accounts, AdvisoryCoverage, Applicability, Called, Confidence, CvssScore, Digest,
    Distribution, EcosystemPackages, Edit, Evidence, Finding, Fix, FixState, Group, HealthCheck,
    HistoryEntry, ImageConfig, ImageSummary, Inventory, LayerFacts, LayerOrigin, NotableFile,
    NotableKind, Origin, Package, PackageKind, Platform, Reachability, Related, Remark, Report,
    SecretSighting, Severity, SeverityBasis, Skipped, SourceFile, SourceOrigin, Span, StartupFile,
    StartupProblem, StartupRole, Suppressed, SuppressedBy, SuppressedVulnerability, Topic,
    UnjudgedPackage, Vulnerability, VulnerabilitySeverity, VulnerabilityStatus,
};
use plimsoll_report::{Hidden, RenderInput, RuleInfo, Verdict};
use plimsoll_testkit::vulnerability::plain;

pub(crate) use self::vulnerable::vulnerable;

/// The Dockerfile of the report.
pub(crate) const DOCKERFILE: &str = "\
FROM python:latest
ENV API_TOKEN=t0ps3cret
RUN apt-get update \\
    && apt-get install -y gcc
COPY . /app
CMD python main.py
";

/// A script that the Dockerfile starts.
const SCRIPT: &str = "#!/bin/sh\nset -e\nexec python $1\n";

/// A report with the files and rules around it.
pub(crate) struct Case {
    pub(crate) report: Report,
    pub(crate) sources: Vec<SourceFile>,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) rules: Vec<RuleInfo<'static>>,
    pub(crate) verdict: Verdict,
}

impl Case {
    pub(crate) fn input(&self) -> RenderInput<'_> {
        RenderInput {
            sources: &self.sources,
            hidden: &self.hidden,
            rules: &self.rules,
            verdict: Some(&self.verdict),
            ..RenderInput::new(&self.report, "0.1.0")
        }
    }
}

/// What a check of the Dockerfile might say.
pub(crate) fn checked() -> Case {
    let file = SourceFile::new("app/Dockerfile", DOCKERFILE);
    let mut tag = finding("mutable-tag", Severity::Medium, at(&file, "python:latest"));
    tag.origin.instruction_line = Some(1);
    tag.aliases = &["DL3007"];
    tag.message = "`python:latest` is another image tomorrow.".to_owned();
    tag.help = Some("Name a version.".to_owned());
    tag.fix = Some(Fix {
        title: "Name the version".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit {
            file: file.path().to_owned(),
            span: span(&file, "latest"),
            text: "3.13-slim".to_owned(),
        }],
    });
    let mut secret = finding(
        "secret-in-image-config",
        Severity::Critical,
        at(&file, "API_TOKEN=t0ps3cret"),
    );
    secret.message = "`API_TOKEN` puts a credential into the image.".to_owned();
    let mut lists = finding(
        "apt-lists-left-behind",
        Severity::Low,
        at(&file, "apt-get install -y gcc"),
    );
    lists.aliases = &["DL3009", "DS-0017"];
    lists.message = "The package lists stay in the layer.".to_owned();
    lists.related = vec![Related {
        origin: at(&file, "apt-get update"),
        message: "they are fetched here".to_owned(),
    }];
    let mut shell = finding(
        "shell-form-entrypoint",
        Severity::Medium,
        at(&file, "CMD python main.py"),
    );
    shell.message = "The shell takes the signals that are meant for the program.".to_owned();

    let lint = finding("missing-healthcheck", Severity::Info, at(&file, "CMD"));
    // A script that the image starts: a finding in another file than the Dockerfile.
    let script = SourceFile::new("app/start.sh", SCRIPT);
    let mut quotes = finding("unquoted-variable", Severity::Low, at(&script, "$1"));
    quotes.aliases = &["SC2086"];
    quotes.message = "`$1` is split at blanks.".to_owned();
    quotes.help = Some("Write `\"$1\"`.".to_owned());
    quotes.related = vec![Related {
        origin: at(&file, "CMD python main.py"),
        message: "it is started here".to_owned(),
    }];

    let report = Report {
        findings: vec![tag, secret, lists, quotes],
        suppressed: vec![
            Suppressed {
                finding: shell,
                reason: "a one-off job, nobody stops it".to_owned(),
                by: SuppressedBy::Comment,
            },
            Suppressed {
                finding: lint,
                reason: "the scanner of the registry does it".to_owned(),
                by: SuppressedBy::Configuration,
            },
        ],
        remarks: vec![Remark {
            rule: "root-user",
            place: SourceOrigin::new(&file, span(&file, "python:latest")),
            text: "Nobody knows the user of the base image.".to_owned(),
        }],
        skipped: vec![Skipped::new(
            Topic::Rules,
            "app/.dockerignore",
            "cannot be read: permission denied; make it readable",
        )],
        checked: vec![file.path().to_owned()],
        ..Report::default()
    };
    Case {
        report,
        hidden: vec![Hidden {
            file: file.path().to_owned(),
            spans: vec![span(&file, "t0ps3cret")],
        }],
        sources: vec![file, script],
        rules: rules(),
        verdict: Verdict {
            reasons: vec![
                "app/Dockerfile:2: `API_TOKEN` puts a credential into the image.".to_owned(),
            ],
            unseen: Vec::new(),
            next: Some("plimsoll explain secret-in-image-config".to_owned()),
        },
    }
}

/// The same project, built.
pub(crate) fn inspected() -> Case {
    let mut case = checked();
    let file = case.sources[0].clone();
    let layers = vec![
        layer(
            0,
            74_800_000,
            Some("/bin/sh -c #(nop) ADD file:1 in / "),
            None,
        ),
        layer(
            1,
            210_300_000,
            Some("RUN apt-get update && apt-get install -y gcc"),
            Some(&file),
        ),
        layer(2, 40_960, Some("COPY . /app"), None),
    ];
    let mut compiler = finding("compiler-in-image", Severity::High, Origin::default());
    compiler.message = "A compiler ships with the program.".to_owned();
    compiler.help = Some("Build in a stage of its own.".to_owned());
    compiler.origin = Origin {
        source: None,
        instruction_line: None,
        layer: Some(LayerOrigin {
            index: 1,
            diff_id: layers[1].diff_id.clone(),
            instruction: layers[1].instruction.clone(),
        }),
        package: Some("pkg:deb/debian/gcc@4:12.2.0-3?arch=amd64&distro=debian-12".to_owned()),
        path: Some("usr/bin/gcc".to_owned()),
    };
    case.report.findings.push(compiler);
    case.report.inventory = Inventory {
        distribution: Some(Distribution {
            id: "debian".to_owned(),
            version: "12".to_owned(),
            name: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            ..Distribution::default()
        }),
        packages: vec![
            package(PackageKind::Deb, "gcc", "4:12.2.0-3", 1),
            package(PackageKind::Python, "pandas", "2.2.3", 2),
        ],
        layers,
        notable: vec![NotableFile {
            kind: NotableKind::Compiler,
            path: "usr/bin/gcc".to_owned(),
            size: 1_200_000,
            layer: 1,
        }],
        secrets: vec![SecretSighting {
            kind: "private-key".into(),
            severity: Severity::Critical,
            place: "app/id_rsa".to_owned(),
            layer: Some(2),
            line: Some(1),
            fingerprint: "0123456789ab".to_owned(),
            deleted_in: Some(2),
            also_at: Vec::new(),
            source: None,
        }],
        accounts: Accounts {
            complete: true,
            users: vec![Account {
                name: "app".to_owned(),
                uid: 1000,
                gid: 1000,
                empty_password: false,
            }],
            groups: vec![Group {
                name: "app".to_owned(),
                gid: 1000,
                members: vec!["www".to_owned()],
            }],
            ..Accounts::default()
        },
        startup: vec![StartupFile {
            role: StartupRole::Entrypoint,
            word: "/app/start.sh".to_owned(),
            given_to: None,
            script: None,
            path: Some("app/start.sh".to_owned()),
            layer: Some(2),
            fault: None,
            problems: vec![
                StartupProblem::NotExecutable,
                StartupProblem::MissingInterpreter {
                    interpreter: "/bin/bash".to_owned(),
                    is_relative: false,
                    carriage_return: true,
                },
            ],
        }],
        ..Inventory::default()
    };
    case.report.vulnerabilities = vulnerabilities(&case.report.inventory);
    case.report.suppressed_vulnerabilities = vec![SuppressedVulnerability {
        vulnerability: Vulnerability {
            id: "CVE-2026-100".to_owned(),
            ..case.report.vulnerabilities[0].clone()
        },
        status: VulnerabilityStatus::NotAffected,
        reason: "waived until 2027-01-31 by ops: never called".to_owned(),
        justification: Some("vulnerable_code_not_in_execute_path".to_owned()),
        written_in: "plimsoll.toml:7".to_owned(),
    }];
    case.report.advisories = Some(AdvisoryCoverage {
        snapshot: "5".repeat(64),
        date: Some("2026-11-20T00:00:00Z".to_owned()),
        checked: None,
        advisories: 65_000,
        covered: ecosystem("PyPI", 1),
        missing: ecosystem("Debian:12", 1),
        broken: 0,
        by_distribution: 0,
        left_out: 0,
        unjudged: vec![UnjudgedPackage {
            purl: "pkg:pypi/odd@dev".to_owned(),
            version: "dev".to_owned(),
            why: "\"dev\" is no PEP 440 version".to_owned(),
        }],
        pockets: Vec::new(),
        missing_pocket: None,
        epss: None,
        known_exploited: None,
    });
    case.report.image = Some(ImageSummary {
        name: "oci:.plimsoll/image".to_owned(),
        called: Called::default(),
        digest: digest(0xd1),
        compressed_size: 98_765_432,
        config: ImageConfig {
            platform: Platform::parse("linux/arm64/v8"),
            created: Some("2026-11-21T00:00:00Z".to_owned()),
            env: vec!["PATH=/usr/bin".to_owned()],
            cmd: Some(vec![
                "/bin/sh".to_owned(),
                "-c".to_owned(),
                "python main.py".to_owned(),
            ]),
            working_dir: "/app".to_owned(),
            exposed_ports: vec!["8080/tcp".to_owned()],
            labels: vec![(
                "org.opencontainers.image.title".to_owned(),
                "app".to_owned(),
            )],
            healthcheck: Some(HealthCheck {
                test: vec!["CMD".to_owned(), "true".to_owned()],
                interval: Some(30_000_000_000),
                ..HealthCheck::default()
            }),
            history: vec![HistoryEntry {
                created_by: Some("COPY . /app".to_owned()),
                ..HistoryEntry::default()
            }],
            ..ImageConfig::default()
        },
    });
    case
}

fn ecosystem(name: &str, packages: usize) -> Vec<EcosystemPackages> {
    vec![EcosystemPackages {
        ecosystem: name.to_owned(),
        packages,
        unjudged: 0,
        published: true,
        kind: PackageKind::Deb,
        date: None,
        checked: None,
    }]
}

/// One with everything, and one of which nothing is known but that it is there.
fn vulnerabilities(inventory: &Inventory) -> Vec<Vulnerability> {
    let of = |package: usize| {
        let found = &inventory.packages[package];
        let layer = &inventory.layers[found.layer];
        let id = format!("CVE-2026-{package}");
        Vulnerability {
            advisories: vec![format!("TEST-{package}")],
            package,
            purl: found.purl.clone(),
            origin: Origin {
                source: layer.source.clone(),
                instruction_line: layer.source.as_ref().map(|source| source.start.line),
                layer: Some(LayerOrigin {
                    index: found.layer,
                    diff_id: layer.diff_id.clone(),
                    instruction: layer.instruction.clone(),
                }),
                package: Some(found.purl.clone()),
                path: Some(found.path.clone()),
            },
            in_base: Some(false),
            ..plain(&id, found.kind.as_str(), &found.name, &found.version)
        }
    };
    let full = Vulnerability {
        aliases: vec!["GHSA-aaaa-bbbb-cccc".to_owned(), "PYSEC-2026-1".to_owned()],
        fixed: Some("2.2.4".to_owned()),
        fixed_versions: vec!["2.2.4".to_owned(), "3.0.0".to_owned()],
        fix_state: FixState::Fixed,
        severity: VulnerabilitySeverity::Critical,
        severity_source: Some("ghsa".to_owned()),
        severity_basis: Some(SeverityBasis::Label),
        cvss: Some(CvssScore {
            version: "3.1",
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            tenths: 98,
            source: "ghsa".to_owned(),
        }),
        title: Some("A frame runs what is in it".to_owned()),
        published: Some("2026-10-01T00:00:00Z".to_owned()),
        modified: Some("2026-10-02T00:00:00Z".to_owned()),
        references: ["https://example.com/advisory".to_owned()].into(),
        symbols: vec!["pandas.eval".to_owned()],
        reachable: Some(Reachability::Linked(vec!["pandas.eval".to_owned()])),
        epss: None,
        known_exploited: None,
        ..of(1)
    };
    vec![
        full,
        Vulnerability {
            removed_in: Some(2),
            ..of(0)
        },
    ]
}

/// A finding with nothing but a place.
pub(crate) fn finding(rule: &'static str, severity: Severity, origin: Origin) -> Finding {
    Finding {
        rule,
        aliases: &[],
        severity,
        confidence: Confidence::High,
        message: "Something is wrong.".to_owned(),
        help: None,
        origin,
        related: Vec::new(),
        fix: None,
        subjects: Vec::new(),
    }
}

/// The place of `text` in `file`.
pub(crate) fn at(file: &SourceFile, text: &str) -> Origin {
    place(file, span(file, text))
}

/// A place in `file`.
pub(crate) fn place(file: &SourceFile, span: Span) -> Origin {
    Origin {
        source: Some(SourceOrigin::new(file, span)),
        ..Origin::default()
    }
}

fn span(file: &SourceFile, text: &str) -> Span {
    let whole = str::from_utf8(file.bytes()).unwrap();
    let start = whole.find(text).unwrap();
    Span::new(start, start + text.len())
}

/// A digest of equal bytes.
pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

/// A layer of so many bytes.
pub(crate) fn layer(
    index: u8,
    size: u64,
    instruction: Option<&str>,
    dockerfile: Option<&SourceFile>,
) -> LayerFacts {
    LayerFacts {
        digest: digest(index),
        diff_id: digest(index + 0x80),
        compressed_size: size / 3,
        size,
        entries: 7,
        instruction: instruction.map(str::to_owned),
        source: dockerfile.map(|file| SourceOrigin::new(file, span(file, "RUN apt-get"))),
        file_bytes: 0,
        wasted: 0,
        hidden: 0,
    }
}

fn package(kind: PackageKind, name: &str, version: &str, layer: usize) -> Package {
    Package {
        source: (kind == PackageKind::Deb).then(|| ("gcc-defaults".to_owned(), "1.203".to_owned())),
        size: Some(36_864),
        ..Package::new(
            kind,
            name,
            version,
            format!("pkg:{}/{name}@{version}", kind.as_str()),
            "var/lib/dpkg/status",
            Evidence::Database,
            layer,
        )
    }
}

fn rules() -> Vec<RuleInfo<'static>> {
    vec![
        RuleInfo {
            name: "secret-in-image-config",
            summary: "A credential stands in ENV or ARG.",
            docs: "# What it says\nWhoever can pull the image\ncan read it.\n\nMore.",
            severity: Severity::High,
            category: "security",
            aliases: &[],
            help_uri: None,
        },
        RuleInfo {
            name: "mutable-tag",
            summary: "A tag that moves.",
            docs: "Tomorrow it is another image.",
            severity: Severity::Medium,
            category: "reproducibility",
            aliases: &["DL3007"],
            help_uri: Some("https://example.com/mutable-tag"),
        },
    ]
}
