//! The synthetic image once more, with known vulnerabilities.

use plimsoll_model::{
    Advice, AdvisedAction, AdvisedEdit, AdvisoryCoverage, BroughtFlaw, CvssScore,
    EcosystemPackages, FixState, KnownExploited, LayerOrigin, Likelihood, Origin, PackageKind,
    PendingUpdate, PocketPackages, SeverityBasis, SourceOrigin, Span, StepTarget,
    SuppressedVulnerability, ThreatList, UnjudgedPackage, VersionStep, Vulnerability,
    VulnerabilitySeverity, VulnerabilityStatus,
};
use plimsoll_testkit::vulnerability::{mended, plain};

use super::{Case, inspected};

/// The synthetic image, with packages of its base and of its own that have known vulnerabilities.
pub(crate) fn vulnerable() -> Case {
    let mut case = inspected();
    let report = &mut case.report;
    let layers = report.inventory.layers.clone();
    let of = |id: &str, kind: &str, name: &str, installed: &str, layer: usize| {
        let facts = &layers[layer];
        Vulnerability {
            advisories: vec![format!("TEST-{id}")],
            severity: VulnerabilitySeverity::Medium,
            origin: Origin {
                source: facts.source.clone(),
                instruction_line: facts.source.as_ref().map(|source| source.start.line),
                layer: Some(LayerOrigin {
                    index: layer,
                    diff_id: facts.diff_id.clone(),
                    instruction: facts.instruction.clone(),
                }),
                package: Some(format!("pkg:{kind}/{name}@{installed}")),
                path: Some("var/lib/dpkg/status".to_owned()),
            },
            in_base: Some(layer == 0),
            ..plain(id, kind, name, installed)
        }
    };
    report.vulnerabilities = vec![
        Vulnerability {
            aliases: vec!["GHSA-aaaa-bbbb-cccc".to_owned(), "PYSEC-2026-1".to_owned()],
            severity: VulnerabilitySeverity::Critical,
            severity_source: Some("ghsa".to_owned()),
            severity_basis: Some(SeverityBasis::Cvss),
            cvss: Some(CvssScore {
                version: "3.1",
                vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
                tenths: 98,
                source: "ghsa".to_owned(),
            }),
            title: Some("A frame runs what is in it.".to_owned()),
            references: [
                "https://example.com/fix".to_owned(),
                "javascript:alert(1)".to_owned(),
            ]
            .into(),
            ..mended("2.2.4", of("CVE-2026-1", "pypi", "pandas", "2.2.3", 2))
        },
        Vulnerability {
            severity: VulnerabilitySeverity::High,
            severity_source: Some("debian".to_owned()),
            title: Some("A buffer is too small".to_owned()),
            ..mended(
                "3.0.15-1~deb12u1",
                of("CVE-2026-2", "deb", "libssl3", "3.0.11-1~deb12u2", 0),
            )
        },
        mended(
            "12.2.0-14+deb12u1",
            of("CVE-2026-3", "deb", "gcc-12", "12.2.0-14", 1),
        ),
        Vulnerability {
            fix_state: FixState::WillNotFix,
            severity: VulnerabilitySeverity::Negligible,
            ..of("CVE-2026-4", "deb", "libssl3", "3.0.11-1~deb12u2", 0)
        },
        Vulnerability {
            severity: VulnerabilitySeverity::Unknown,
            removed_in: Some(2),
            ..of("OSV-2026-5", "deb", "wget", "1.21", 1)
        },
        mended("1.20.2", of("CVE-2026-6", "golang", "stdlib", "1.20.1", 2)),
    ];
    let step = |at: usize, kind, removes| {
        let found = &report.vulnerabilities[at];
        VersionStep {
            kind,
            name: found.name.clone(),
            purl: found.purl.clone(),
            installed: found.installed.clone(),
            to: StepTarget::At(found.fixed.clone().unwrap()),
            removes,
            brings: match at {
                0 => vec![BroughtFlaw {
                    id: "CVE-2026-7".to_owned(),
                    severity: VulnerabilitySeverity::Low,
                }],
                _ => Vec::new(),
            },
            is_brought: false,
            held_by: Vec::new(),
        }
    };
    let edit = |action, place: Option<SourceOrigin>, step, removes: &[usize], stays: &[usize]| {
        AdvisedEdit {
            action,
            place,
            also: Vec::new(),
            lock: None,
            layer: None,
            program: None,
            steps: vec![step],
            removes: removes.to_vec(),
            stays: stays.to_vec(),

            updates: Vec::new(),
        }
    };
    let file = &case.sources[0];
    let line = |name: &str, line: usize| {
        let start = file.bytes().split(|byte| *byte == b'\n').take(line - 1);
        let start = start.map(|line| line.len() + 1).sum();
        SourceOrigin {
            file: name.to_owned(),
            ..SourceOrigin::new(file, Span::new(start, start + 4))
        }
    };
    report.advice = Advice {
        edits: vec![
            edit(
                AdvisedAction::RaiseVersions,
                Some(line("app/requirements.txt", 4)),
                step(0, PackageKind::Python, 1),
                &[0],
                &[],
            ),
            edit(
                AdvisedAction::RenewBase,
                Some(line("app/Dockerfile", 1)),
                step(1, PackageKind::Deb, 1),
                &[1],
                &[3],
            ),
            AdvisedEdit {
                layer: Some(1),
                ..edit(
                    AdvisedAction::RenewPackages,
                    None,
                    step(2, PackageKind::Deb, 1),
                    &[2],
                    &[4],
                )
            },
            AdvisedEdit {
                layer: Some(2),
                program: Some("usr/bin/app".to_owned()),
                ..edit(
                    AdvisedAction::RebuildProgram,
                    Some(line("app/Dockerfile", 5)),
                    step(5, PackageKind::Go, 1),
                    &[5],
                    &[],
                )
            },
        ],
        plan: vec![0, 1],
        remaining: vec![3],
        untried: 0,
    };
    report.suppressed_vulnerabilities = vec![SuppressedVulnerability {
        vulnerability: Vulnerability {
            id: "CVE-2026-7".to_owned(),
            ..report.vulnerabilities[2].clone()
        },
        status: VulnerabilityStatus::NotAffected,
        reason: "no compiler runs in production".to_owned(),
        justification: None,
        written_in: "plimsoll.toml:4".to_owned(),
    }];
    report.advisories = Some(AdvisoryCoverage {
        snapshot: "5".repeat(64),
        date: Some("2026-11-20T00:00:00Z".to_owned()),
        checked: Some("2026-11-21T04:00:00Z".to_owned()),
        advisories: 65_000,
        covered: vec![EcosystemPackages {
            ecosystem: "Debian:12".to_owned(),
            packages: 88,
            unjudged: 0,
            published: true,
            kind: PackageKind::Deb,
            date: None,
            checked: None,
        }],
        missing: vec![EcosystemPackages {
            ecosystem: "opam".to_owned(),
            packages: 3,
            unjudged: 0,
            published: true,
            kind: PackageKind::Opam,
            date: None,
            checked: None,
        }],
        broken: 3,
        by_distribution: 2,
        left_out: 0,
        unjudged: vec![UnjudgedPackage {
            purl: "pkg:pypi/odd@dev".to_owned(),
            version: "dev".to_owned(),
            why: "\"dev\" is no PEP 440 version: it begins with a letter".to_owned(),
        }],
        pockets: vec![PocketPackages {
            suite: "bookworm-security".to_owned(),
            release: "Debian:12".to_owned(),
            date: Some("2026-11-19T00:12:41Z".to_owned()),
            packages: 88,
        }],
        missing_pocket: None,
        epss: Some(ThreatList {
            date: Some("2026-11-20T00:00:00Z".to_owned()),
            listed: 300_000,
        }),
        known_exploited: None,
    });
    let base = report.vulnerabilities[0].origin.clone();
    let update = |name: &str, told: &[&str]| PendingUpdate {
        package: 0,
        name: name.to_owned(),
        purl: format!("pkg:deb/debian/{name}@1.0-1"),
        installed: "1.0-1".to_owned(),
        available: "1.0-1+deb12u2".to_owned(),
        source: "lib<b>".to_owned(),
        source_version: "1.0-1+deb12u2".to_owned(),
        pocket: "bookworm-security".to_owned(),
        vulnerabilities: told.iter().map(|id| (*id).to_owned()).collect(),
        origin: base.clone(),
        in_base: Some(true),
    };
    report.pending_updates = vec![update("liba", &["CVE-2026-1"]), update("libb|c", &[])];
    report.advice.edits[0].updates = vec![0, 1];
    report.vulnerabilities[0].epss = Some(Likelihood {
        probability: 934_210_000,
        percentile: 998_000_000,
        date: Some("2026-11-20T00:00:00Z".to_owned()),
    });
    report.vulnerabilities[0].known_exploited = Some(KnownExploited {
        added: Some("2026-03-01".to_owned()),
        due: None,
        ransomware: true,
    });
    case
}
