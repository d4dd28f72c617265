//! Made-up advisories against made-up inventories.

mod bounds;
mod distributions;
mod lists;
mod orders;
mod reports;
mod several;
mod versions;

use plimsoll_model::{
    BaseImage, Digest, Distribution, Evidence, FixState, Inventory, LayerFacts, Package,
    PackageKind, Platform, VulnerabilitySeverity,
};
use plimsoll_testkit::advisory::{self, Advisory};
use serde_json::{Value, json};

use super::*;
use crate::advisory::{Inputs, compile};

/// An index of records.
fn index(records: &[Value]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let inputs = advisory::write(records, folder.path()).unwrap();
    let out = folder.path().join("index");
    let report = compile(Inputs::of(&inputs), &out, &|_| {}).unwrap();
    assert_eq!(report.broken, 0, "{report:?}");
    Index::from_bytes("test", std::fs::read(out).unwrap()).unwrap()
}

/// An index of records and lists.
fn index_with(records: &[Value], lists: &[(&str, &str)]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("in");
    advisory::write(records, &inputs).unwrap();
    for (name, text) in lists {
        let path = inputs.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let out = folder.path().join("index");
    compile(Inputs::of(&[inputs]), &out, &|_| {}).unwrap();
    Index::from_bytes("test", std::fs::read(out).unwrap()).unwrap()
}

/// A record on versions from the beginning to below `fixed`; to the end of time where that is
/// empty.
fn record(id: &str, ecosystem: &str, name: &str, fixed: &str) -> Value {
    let record = match fixed {
        "" => Advisory::of(id, ecosystem, name),
        fixed => Advisory::below(id, ecosystem, name, fixed),
    };
    record.record()
}

/// A record on the versions of one range's events.
fn ranged(id: &str, ecosystem: &str, name: &str, events: Value) -> Value {
    let record = Advisory::new(id).affecting(ecosystem, name, events);
    record.record()
}

/// `record` with more fields.
fn with(mut record: Value, fields: Value) -> Value {
    if let (Value::Object(record), Value::Object(fields)) = (&mut record, fields) {
        record.extend(fields);
    }
    record
}

fn package(kind: PackageKind, name: &str, version: &str) -> Package {
    let purl = format!("pkg:{}/{name}@{version}", kind.as_str());
    Package::new(kind, name, version, purl, "proof", Evidence::Database, 0)
}

fn on(id: &str, version: &str, packages: Vec<Package>) -> Inventory {
    Inventory {
        distribution: Some(Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            ..Distribution::default()
        }),
        packages,
        ..Inventory::default()
    }
}

fn judged(records: &[Value], inventory: &Inventory) -> Judged {
    let index = index(records);
    let judged = judge_inventory(&index, inventory, None).unwrap();
    if judged.coverage.left_out == 0 {
        let named = name_flaws(&index, inventory, None).unwrap().unwrap();
        assert_eq!(names(&judged), sorted(named));
    }
    judged
}

/// What is found of the packages that are installed, by names alone.
fn names(judged: &Judged) -> Vec<NamedFlaw> {
    let found = judged.vulnerabilities.iter();
    let installed = found.filter(|one| one.removed_in.is_none());
    let named = installed.map(|one| NamedFlaw {
        package: one.package,
        names: one.names().map(str::to_owned).collect(),
    });
    sorted(named.collect())
}

fn sorted(mut named: Vec<NamedFlaw>) -> Vec<NamedFlaw> {
    for one in &mut named {
        one.names.sort();
    }
    named.sort_by_key(|one| (one.package, one.names.clone()));
    named
}

/// `id name installed -> fixed [advisories]`, a line a finding.
fn told(judged: &Judged) -> Vec<String> {
    judged
        .vulnerabilities
        .iter()
        .map(|one| {
            format!(
                "{} {} {} -> {} [{}]",
                one.id,
                one.name,
                one.installed,
                one.fixed.as_deref().unwrap_or("none"),
                one.advisories.join(" ")
            )
        })
        .collect()
}

fn ecosystems(list: &[EcosystemPackages]) -> Vec<String> {
    list.iter()
        .map(|one| format!("{} {}", one.ecosystem, one.packages))
        .collect()
}
