//! `docs/dependencies.md` has a line for every crate there is, with the release there is.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::MetadataCommand;

/// What the members of the workspace depend on, without each other.
fn wanted() -> BTreeSet<String> {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let packages = metadata.packages.iter();
    packages
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.path.is_none())
        .map(|dependency| dependency.name.clone())
        .collect()
}

/// Each crate of `Cargo.lock` with its versions.
fn locked() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(crate::root().join("Cargo.lock")).unwrap();
    let mut locked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            value.trim_matches('"').clone_into(&mut name);
        } else if let Some(value) = line.strip_prefix("version = ") {
            let version = value.trim_matches('"').split('+').next().unwrap();
            locked
                .entry(name.clone())
                .or_default()
                .push(version.to_owned());
        }
    }
    locked
}

#[test]
fn every_crate_has_its_line_and_its_release() {
    let page = std::fs::read_to_string(crate::root().join("docs/dependencies.md")).unwrap();
    let (wanted, locked) = (wanted(), locked());
    let mut named = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let crates: Vec<&str> = cells[1].split('`').skip(1).step_by(2).collect();
        let releases: Vec<&str> = cells[3].split("; ").collect();
        if crates.len() != releases.len() {
            wrong.push(format!("{}: as many releases as crates", cells[1]));
        }
        for (name, release) in crates.into_iter().zip(releases) {
            let (version, day) = release.split_once(", ").unwrap_or((release, ""));
            let there = locked
                .get(name)
                .is_some_and(|all| all.iter().any(|one| one == version));
            if !there || day.len() != "2026-01-31".len() {
                wrong.push(format!(
                    "{name} {release}: Cargo.lock has {:?}",
                    locked.get(name)
                ));
            }
            if !wanted.contains(name) {
                wrong.push(format!("{name}: nothing depends on it"));
            }
            named.insert(name.to_owned());
        }
    }
    wrong.extend(
        wanted
            .difference(&named)
            .map(|name| format!("{name}: has no line")),
    );
    assert!(
        wrong.is_empty(),
        "docs/dependencies.md:\n{}",
        wrong.join("\n")
    );
}
