//! Which crate may use which: the table of ARCHITECTURE.md against what cargo knows.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every crate with what it may use of the others in its program. The rows are those of
/// `ARCHITECTURE.md`; arrows point down only, and siblings never see each other.
const WALLS: &[(&str, &[&str])] = &[
    ("plimsoll-model", &[]),
    ("plimsoll-syntax", &["plimsoll-model"]),
    ("plimsoll-image", &["plimsoll-model"]),
    ("plimsoll-rules", &["plimsoll-model", "plimsoll-syntax"]),
    (
        "plimsoll-scan",
        &["plimsoll-model", "plimsoll-syntax", "plimsoll-image"],
    ),
    (
        "plimsoll-build",
        &["plimsoll-model", "plimsoll-syntax", "plimsoll-image"],
    ),
    ("plimsoll-attest", &["plimsoll-model", "plimsoll-image"]),
    ("plimsoll-report", &["plimsoll-model"]),
    (
        "plimsoll",
        &[
            "plimsoll-attest",
            "plimsoll-build",
            "plimsoll-image",
            "plimsoll-model",
            "plimsoll-report",
            "plimsoll-rules",
            "plimsoll-scan",
            "plimsoll-syntax",
        ],
    ),
];

/// What only tests and chores use.
const HELPERS: &[&str] = &["plimsoll-testkit", "xtask"];

type Arrows = BTreeMap<String, Vec<(String, DependencyKind)>>;

fn arrows() -> Arrows {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    metadata
        .packages
        .iter()
        .map(|package| {
            let ours = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .map(|dependency| (dependency.name.clone(), dependency.kind))
                .collect();
            (package.name.to_string(), ours)
        })
        .collect()
}

#[test]
fn every_arrow_is_in_the_diagram() {
    let walls: BTreeMap<&str, &[&str]> = WALLS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (from, uses) in arrows() {
        if HELPERS.contains(&from.as_str()) {
            continue;
        }
        let Some(allowed) = walls.get(from.as_str()) else {
            wrong.push(format!("{from} is not in the diagram"));
            continue;
        };
        for (to, kind) in uses {
            let test_only = kind == DependencyKind::Development;
            // A test may use the kit, and what stands below the crate by way of what it uses.
            let fine = allowed.contains(&to.as_str()) || (test_only && to == "plimsoll-testkit");
            if !fine {
                wrong.push(format!("{from} -> {to} ({kind})"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that are not in the diagram: {wrong:#?}"
    );
}

#[test]
fn every_crate_of_the_diagram_is_there() {
    let arrows = arrows();
    for (name, _) in WALLS {
        assert!(arrows.contains_key(*name), "{name} is in the diagram only");
    }
}

#[test]
fn the_document_draws_the_same_walls() {
    let text = std::fs::read_to_string(crate::root().join("ARCHITECTURE.md")).unwrap();
    for (name, uses) in WALLS {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for {name}"));
        let cell = row
            .trim_end_matches([' ', '|'])
            .rsplit('|')
            .next()
            .unwrap()
            .trim();
        let written: BTreeSet<&str> = match cell {
            "nothing" => BTreeSet::new(),
            "all" => continue,
            cell => cell.split(", ").collect(),
        };
        let held: BTreeSet<&str> = uses
            .iter()
            .map(|name| name.trim_start_matches("plimsoll-"))
            .collect();
        assert_eq!(written, held, "{name}");
    }
}
