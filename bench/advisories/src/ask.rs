//! Packages to ask for, and asking for them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use plimsoll_scan::advisory::{AffectedBy, Ecosystem, EventKind, Index, Order, Range, RangeKind};
use serde_json::Value;

use crate::multiply::records;

/// Writes a line for each of `count` packages, spread over all that the records name: ecosystem,
/// name, version.
pub(crate) fn list(inputs: &[PathBuf], count: usize, out: &Path) -> Result<usize> {
    let mut versions: BTreeMap<(String, String), String> = BTreeMap::new();
    records(inputs, |record| {
        for affected in record["affected"].as_array().into_iter().flatten() {
            let text = |path: &str| affected.pointer(path).and_then(Value::as_str);
            let events = affected
                .pointer("/ranges/0/events")
                .and_then(Value::as_array);
            let version = events
                .into_iter()
                .flatten()
                .filter_map(|event| event.as_object()?.values().next()?.as_str())
                .find(|version| *version != "0");
            if let (Some(ecosystem), Some(name), Some(version)) =
                (text("/package/ecosystem"), text("/package/name"), version)
            {
                let key = (ecosystem.to_owned(), name.to_owned());
                versions.insert(key, version.to_owned());
            }
        }
        Ok(())
    })?;
    let count = count.min(versions.len());
    let mut out = BufWriter::new(File::create(out)?);
    for (number, ((ecosystem, name), version)) in versions.iter().enumerate() {
        // Evenly, whatever the remainder.
        if number * count / versions.len() != (number + 1) * count / versions.len() {
            writeln!(out, "{ecosystem}\t{name}\t{version}")?;
        }
    }
    out.flush()?;
    Ok(count)
}

/// Asks for every package of a list, and for the records that hit.
pub(crate) fn step(index: &Path, packages: &Path) -> Result<()> {
    let start = Instant::now();
    let index = Index::open(index)?;
    let list = std::fs::read_to_string(packages)?;
    let (mut asked, mut advisories, mut hits, mut aliases) = (0, 0, 0, 0);
    for line in list.lines() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().context("a field is missing");
        let ecosystem = Ecosystem::parse(field()?).context("no ecosystem")?;
        let (name, version) = (field()?, field()?);
        let affected = index.affected(&ecosystem, name)?;
        let mut judge = Judge::new(&ecosystem, version, &affected);
        let slot = affected.slot(version);
        asked += 1;
        for affected in affected {
            let affected = affected?;
            advisories += 1;
            let listed = slot.is_some_and(|slot| affected.lists(slot));
            if listed || affected.ranges().any(|range| judge.covers(&range)) {
                hits += 1;
                aliases += index.record(affected.record)?.aliases.len();
            }
        }
    }
    println!(
        "{asked} packages, {advisories} advisories, {hits} hits, {aliases} aliases in {:.2} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

/// How one version stands to those that advisories name.
struct Judge<'a> {
    version: &'a str,
    order: Option<Order>,
    /// By kind of range and slot.
    known: [Vec<Option<Ordering>>; 2],
}

impl<'a> Judge<'a> {
    fn new(ecosystem: &Ecosystem, version: &'a str, affected: &AffectedBy<'_>) -> Self {
        let slots = affected.slots() as usize;
        Self {
            version,
            order: ecosystem.order(),
            known: [vec![None; slots], vec![None; slots]],
        }
    }

    /// OSV's way, for events that are sorted:
    /// <https://ossf.github.io/osv-schema/#evaluation>
    fn covers(&mut self, range: &Range<'_>) -> bool {
        let (kind, order) = match range.kind {
            RangeKind::Semver => (0, Some(Order::Semver)),
            RangeKind::Ecosystem => (1, self.order),
        };
        let Some(order) = order else { return false };
        let mut covered = false;
        for event in range.events() {
            let known = &mut self.known[kind][event.version.slot as usize];
            let stands = *known.get_or_insert_with(|| match event.version.text {
                "0" => Ordering::Greater,
                text => order.compare(self.version, text).unwrap_or(Ordering::Less),
            });
            match event.kind {
                EventKind::Introduced if stands.is_ge() => covered = true,
                EventKind::Fixed | EventKind::Limit if stands.is_ge() => covered = false,
                EventKind::LastAffected if stands.is_gt() => covered = false,
                _ => {}
            }
        }
        covered
    }
}
