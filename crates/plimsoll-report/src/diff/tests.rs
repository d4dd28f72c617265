mod vulnerabilities;

use plimsoll_model::{
    Called, ComparedSubject, Confidence, ConfigChange, Digest, Distribution, Evidence, FileChange,
    FileChanges, FileSide, FileTally, GainsAndLosses, ImageConfig, ImageSummary, Inventory,
    LayerChange, Origin, Pair, Position, SecretSighting, Severity, Span, Waste,
};

use super::*;

fn image(name: &str, digest: u8, layers: Vec<LayerFacts>) -> ComparedImage {
    ComparedImage {
        subject: ComparedSubject::Image(ImageSummary {
            name: name.to_owned(),
            called: Called::default(),
            digest: Digest::from_sha256([digest; 32]),
            config: ImageConfig::default(),
            compressed_size: 40_000_000,
        }),
        inventory: Inventory {
            layers,
            waste: Waste {
                total: 100,
                efficiency: 1_000_000,
                ..Waste::default()
            },
            ..Inventory::default()
        },
        skipped: Vec::new(),
        files: FileTally {
            files: 10,
            bytes: 100_000_000,
        },
        unlisted_vulnerabilities: 0,
        vulnerabilities: Vec::new(),
        suppressed_vulnerabilities: Vec::new(),
        advisories: None,
    }
}

fn layer(byte: u8, size: u64, instruction: &str, line: Option<usize>) -> LayerFacts {
    let digest = Digest::from_sha256([byte; 32]);
    let position = |line| Position { line, column: 1 };
    LayerFacts {
        digest: digest.clone(),
        diff_id: digest,
        compressed_size: size / 2,
        size,
        entries: 1,
        instruction: Some(instruction.to_owned()),
        source: line.map(|line| SourceOrigin {
            file: "Dockerfile".to_owned(),
            span: Span::new(0, 1),
            start: position(line),
            end: position(line),
        }),
        file_bytes: size,
        wasted: 0,
        hidden: 0,
    }
}

fn package(name: &str, version: &str, size: u64) -> Package {
    let mut package = Package::new(
        PackageKind::Python,
        name,
        version,
        format!("pkg:pypi/{name}@{version}"),
        "x",
        Evidence::Metadata,
        1,
    );
    package.size = Some(size);
    package
}

fn finding(rule: &'static str, severity: Severity, message: &str) -> Finding {
    Finding {
        rule,
        aliases: &[],
        severity,
        confidence: Confidence::High,
        message: message.to_owned(),
        help: None,
        origin: Origin::default(),
        related: Vec::new(),
        fix: None,
        subjects: Vec::new(),
    }
}

/// Names that want to speak to a terminal and to a web page.
const HOSTILE: &str = "<img>|\u{1b}[31m@me\u{202e}";

fn granting(path: &str, old: (u32, u64, u64), new: (u32, u64, u64)) -> AccessChange {
    let access = |(mode, uid, gid)| FileAccess { mode, uid, gid };
    AccessChange {
        path: path.to_owned(),
        is_folder: false,
        access: Pair {
            old: access(old),
            new: access(new),
        },
    }
}

fn example() -> Difference {
    let change = |old, new| PackageChange {
        package: Pair { old, new },
    };
    let layers = |old, new, same| LayerChange {
        layers: Pair { old, new },
        same,
    };
    let mut owned = package("yaml", "6", 1);
    owned.owned_by = Some("python3-yaml".to_owned());
    Difference {
        images: Pair {
            old: image(
                "app:1",
                1,
                vec![
                    layer(1, 80_000_000, "ADD base in /", None),
                    layer(2, 20_000_000, "RUN pip install a", Some(3)),
                ],
            ),
            new: image(
                "app:2",
                2,
                vec![
                    layer(1, 80_000_000, "ADD base in /", None),
                    layer(3, 25_000_000, "RUN pip install a", Some(4)),
                    layer(4, 1_000, &format!("COPY {HOSTILE} /"), Some(5)),
                ],
            ),
        },
        layers: vec![
            layers(Some(0), Some(0), true),
            layers(Some(1), Some(1), false),
            layers(None, Some(2), false),
        ],
        packages: vec![
            change(
                Some(package("a", "1.0", 10)),
                Some(package("a", "2.0", 3_000)),
            ),
            change(Some(package("gone", "1.0", 10)), None),
            change(None, Some(package(HOSTILE, HOSTILE, 5_000_000))),
            change(None, Some(owned)),
        ],
        files: FileChanges {
            added: FileTally {
                files: 2,
                bytes: 5_000_000,
            },
            permissions: 2,
            regranted: vec![
                granting(HOSTILE, (0o644, 0, 0), (0o4755, 0, 0)),
                granting("srv/x", (0o755, 0, 0), (0o755, 33, 33)),
            ],
            largest: vec![FileChange {
                path: format!("app/{HOSTILE}"),
                file: Pair {
                    old: None,
                    new: Some(FileSide {
                        size: 4_000_000,
                        layer: 2,
                    }),
                },
                owner: None,
            }],
            ..FileChanges::default()
        },
        config: vec![
            ConfigChange {
                field: "user".to_owned(),
                value: Pair {
                    old: Some("app".to_owned()),
                    new: None,
                },
            },
            ConfigChange {
                field: format!("env {HOSTILE}"),
                value: Pair {
                    old: Some("1".to_owned()),
                    new: Some(HOSTILE.to_owned()),
                },
            },
        ],
        secrets: GainsAndLosses {
            gained: vec![SecretSighting {
                kind: "private-key".into(),
                severity: Severity::Critical,
                place: format!("app/{HOSTILE}"),
                layer: Some(2),
                line: Some(1),
                fingerprint: "0123456789ab".to_owned(),
                deleted_in: None,
                also_at: Vec::new(),
                source: None,
            }],
            lost: Vec::new(),
            kept: 1,
        },
        findings: GainsAndLosses {
            gained: vec![
                finding(
                    "image-without-healthcheck",
                    Severity::Low,
                    "No health check.",
                ),
                finding("image-runs-as-root", Severity::High, "It runs as root."),
            ],
            lost: vec![finding("missing-image-labels", Severity::Info, HOSTILE)],
            kept: 2,
        },
        vulnerabilities: None,
        undecided_before: 0,
    }
}

fn input(difference: &Difference) -> DiffInput<'_> {
    DiffInput {
        difference,
        verdict: None,
        details: false,
        color: false,
        width: 80,
        made: None,
        tool_version: "0.0.0",
    }
}

#[test]
fn a_screen_of_differences() {
    let difference = example();
    let verdict = Verdict::new(vec!["it gains a secret".to_owned()], Vec::new());
    let text = human(&DiffInput {
        verdict: Some(&verdict),
        ..input(&difference)
    });
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_distribution_without_a_name_is_told_by_its_number() {
    let mut difference = example();
    difference.images.new.inventory.distribution = Some(Distribution {
        id: "debian".to_owned(),
        version: "12".to_owned(),
        ..Distribution::default()
    });
    let text = human(&input(&difference));
    assert!(text.contains("> debian 12\n"), "{text}");
}

#[test]
fn a_comment_of_differences() {
    let difference = example();
    let text = markdown(&input(&difference));
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(!text.contains("<img>"));
    insta::assert_snapshot!(text);
}

#[test]
fn what_could_not_be_judged_does_not_read_as_if_it_held() {
    let difference = example();
    let gap = "new layer 1: leads out of the image";
    let verdict = Verdict::new(Vec::new(), vec![gap.to_owned()]);
    let input = DiffInput {
        verdict: Some(&verdict),
        ..input(&difference)
    };
    for text in [human(&input), markdown(&input)] {
        let judged = text.to_lowercase();
        assert!(judged.contains("not judged"), "{text}");
        assert!(
            judged.contains(&format!("- not looked at: {gap}")),
            "{text}"
        );
        assert!(!judged.contains("holds"), "{text}");
    }
    let value: serde_json::Value = serde_json::from_str(&json(&input)).unwrap();
    let told = serde_json::json!({
        "holds": false,
        "standing": "not-judged",
        "reasons": [format!("not looked at: {gap}")],
    });
    assert_eq!(value["verdict"], told);
}

#[test]
fn a_comment_has_an_end() {
    let mut difference = example();
    difference.packages = vec![difference.packages[2].clone(); 5000];
    difference.findings.gained = vec![difference.findings.lost[0].clone(); 5000];
    assert!(markdown(&input(&difference)).len() < 65_536);
}

/// Whatever is cut says so, and with details nothing is that is at hand.
#[test]
fn what_is_left_out_of_a_comment_is_counted() {
    let mut difference = example();
    let files = &mut difference.files;
    files.largest = vec![files.largest[0].clone(); 100];
    files.regranted = vec![files.regranted[1].clone(); 100];
    (files.added.files, files.permissions) = (700, 300);
    difference.packages = vec![difference.packages[2].clone(); 300];
    let left_out = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("… and "));
        lines.map(str::to_owned).collect()
    };
    let cut = markdown(&input(&difference));
    let told = ["… and 240 more.", "… and 670 more.", "… and 270 more."];
    assert_eq!(left_out(&cut), told);
    let details = markdown(&DiffInput {
        details: true,
        ..input(&difference)
    });
    assert_eq!(left_out(&details), ["… and 600 more.", "… and 200 more."]);
    assert!(details.lines().count() > cut.lines().count() + 300);
}

#[test]
fn an_object_of_differences() {
    let difference = example();
    let value: serde_json::Value = serde_json::from_str(&json(&input(&difference))).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["new"]["unpacked_size"], 105_001_000);
    assert_eq!(value["packages"][0]["change"], "changed");
    assert_eq!(value["packages"][0]["new"]["version"], "2.0");
    assert_eq!(value["packages"][0]["new"]["line"], 4);
    assert_eq!(value["packages"][3]["new"]["owned_by"], "python3-yaml");
    assert_eq!(value["layers"][0]["change"], "same");
    assert_eq!(value["files"]["largest"][0]["change"], "added");
    assert_eq!(value["config"][0]["new"], serde_json::Value::Null);
    assert_eq!(value["secrets"]["gained"][0]["kind"], "private-key");
    assert_eq!(value["findings"]["kept"], 2);
    assert_eq!(value["verdict"], serde_json::Value::Null);
}

#[test]
fn growth_has_a_sign() {
    assert_eq!(growth(100, 150), "+50 B (+50.0 %)");
    assert_eq!(growth(100, 50), "-50 B (-50.0 %)");
    assert_eq!(growth(9000, 9001), "+1 B (< 0.1 %)");
    assert_eq!(growth(0, 50), "+50 B");
    assert_eq!(growth(5, 5), "the same");
    assert_eq!(growth(u64::MAX, 0), "-18.45 EB (-100.0 %)");
}

#[test]
fn values_show_where_they_end() {
    let shown = |text: &str| shown(Some(&text.to_owned())).into_owned();
    assert_eq!(
        [shown("1"), shown("1 "), shown("")],
        ["1", "\"1 \"", "\"\""]
    );
}
