//! Packages of the distribution: what the databases of its package manager list.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use plimsoll_model::{Distribution, Evidence, Package, PackageKind, Skipped, Topic};

use super::{purl, seen};
use crate::catalogue::system::{Database, Record};
use crate::catalogue::{Document, apk, dpkg};
use crate::hidden::Hidden;
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What is installed, and what was and is no more.
#[derive(Debug, Default)]
pub(super) struct System {
    pub(super) installed: Vec<Package>,
    pub(super) removed: Vec<Package>,
    /// Whether any database is seen and was read.
    pub(super) has_database: bool,
}

/// Name, version and architecture.
type Identity<'l> = (&'l str, &'l str, &'l str);

/// What the databases that are seen list.
pub(super) fn system(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    distribution: Option<&Distribution>,
    hidden: &Hidden<'_>,
    skipped: &mut Vec<Skipped>,
) -> System {
    let mut system = System::default();
    let mut taken: HashSet<(PackageKind, Identity<'_>)> = HashSet::new();
    let reasons = Reasons::new(layers, tree);
    let paths = databases(layers);
    let moved = moved(layers, tree, &paths);
    let mut before: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, to) in &moved {
        before.entry(to).or_default().push(from);
    }
    for path in paths {
        if moved.contains_key(path) {
            continue;
        }
        let before = before.get(path).map_or(&[][..], Vec::as_slice);
        let mut sweep = Sweep::default();
        for (layer, record) in layers.iter().enumerate() {
            let mut places = std::iter::once(path).chain(before.iter().copied());
            if let Some(database) = places.find_map(|place| match record.documents.get(place) {
                Some(Document::System(database)) => Some(database),
                _ => None,
            }) {
                sweep.version(layer, database);
            }
        }
        let now = match seen(layers, tree, path) {
            Some((Document::System(database), _)) => Some(database),
            _ => None,
        };
        // A file of one package that is empty tells of none.
        let is_one = is_one_of_many(path);
        system.has_database |= now.is_some_and(|now| !(is_one && now.records.is_empty()));
        if let Some(damage) = now.and_then(|database| database.damage.as_ref()) {
            skipped.push(Skipped::blocking(
                Topic::Packages,
                path.to_owned(),
                format!("an entry of the package database cannot be read: {damage}"),
            ));
        }
        let of = |record: &Record, kind, layer| Package {
            architecture: Some(record.architecture.clone()).filter(|text| !text.is_empty()),
            source: record.source.clone(),
            license: record
                .license
                .clone()
                .or_else(|| copyright(layers, tree, kind, &record.name)),
            size: record.size,
            is_foreign: record.is_foreign,
            direct: record.direct.or_else(|| reasons.direct(kind, record)),
            ..Package::new(
                kind,
                &record.name,
                &record.version,
                system_purl(kind, record, distribution),
                path,
                Evidence::Database,
                layer,
            )
        };
        match now {
            Some(database) if database.records.is_empty() && !sweep.gone.is_empty() && !is_one => {
                skipped.push(lost(path, "empties", database.kind));
            }
            Some(database) => {
                for record in &database.records {
                    if taken.insert((database.kind, record.identity())) {
                        let layer = sweep.brought(record);
                        system.installed.push(of(record, database.kind, layer));
                    }
                }
            }
            None if tree.get(path).is_some() => {}
            // Where each package has a file of its own, deleting that is removing it.
            None if is_one => {
                if let Some((last, _)) = sweep.last {
                    sweep.end(hidden.hidden_in(path, last));
                }
            }
            None => {
                let kind = sweep.last.map_or(PackageKind::Deb, |(_, kind)| kind);
                skipped.push(lost(path, "deletes", kind));
            }
        }
        if is_one || now.is_some_and(|database| !database.records.is_empty()) {
            system.removed.extend(sweep.gone.iter().map(|gone| Package {
                removed_in: Some(gone.removed_in),
                ..of(gone.record, gone.kind, gone.layer)
            }));
        }
    }
    // What is installed again, or by another database, was not removed.
    let installed: HashSet<_> = system.installed.iter().map(package_identity).collect();
    let mut removed = std::mem::take(&mut system.removed);
    removed.retain(|package| !installed.contains(&package_identity(package)));
    system.removed = removed;
    system
}

fn package_identity(package: &Package) -> (PackageKind, &str, &str, Option<&str>) {
    (
        package.kind,
        &package.name,
        &package.version,
        package.architecture.as_deref(),
    )
}

/// The paths of all databases, sorted.
fn databases(layers: &[LayerRecord]) -> BTreeSet<&str> {
    layers
        .iter()
        .flat_map(|layer| &layer.documents)
        .filter(|(_, document)| matches!(document, Document::System(_)))
        .map(|(path, _)| path.as_str())
        .collect()
}

/// Databases that are no more where they were, and where links lead from there: systems move them
/// and leave a link behind.
fn moved<'l>(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    paths: &BTreeSet<&'l str>,
) -> BTreeMap<&'l str, &'l str> {
    paths
        .iter()
        .filter_map(|path| {
            if matches!(seen(layers, tree, path), Some((Document::System(_), _))) {
                return None;
            }
            let (real, _) = tree.follow(path)?;
            let (Document::System(_), _) = seen(layers, tree, &real)? else {
                return None;
            };
            Some((*path, *paths.get(real.as_str())?))
        })
        .collect()
}

/// Whether the file tells of one package only.
fn is_one_of_many(path: &str) -> bool {
    path.starts_with("var/lib/dpkg/status.d/") || path.starts_with("var/lib/pacman/local/")
}

/// Says that a layer did away with what tells of the packages, and not with them.
fn lost(path: &str, does: &str, kind: PackageKind) -> Skipped {
    let what = match kind {
        PackageKind::Deb => "Debian",
        PackageKind::Apk => "Alpine",
        PackageKind::Rpm => "RPM",
        _ => "Arch",
    };
    Skipped::blocking(
        Topic::Packages,
        Distribution::PACKAGES,
        format!(
            "a layer {does} the package database {path}: the {what} packages of the layers below \
             are there, but cannot be told; leave the database in the image, or a \
             `[[policy.waiver]]` with `gap = \"{}\"` in plimsoll.toml takes that",
            Distribution::PACKAGES,
        ),
    )
}

/// A package that a version of a database listed and a later one does not.
struct Gone<'l> {
    record: &'l Record,
    kind: PackageKind,
    layer: usize,
    removed_in: usize,
}

/// Goes through the versions of one database, lowest layer first.
#[derive(Default)]
struct Sweep<'l> {
    present: HashMap<Identity<'l>, (&'l Record, usize)>,
    gone: Vec<Gone<'l>>,
    last: Option<(usize, PackageKind)>,
}

impl<'l> Sweep<'l> {
    fn version(&mut self, layer: usize, database: &'l Database) {
        let listed: HashMap<Identity<'l>, &'l Record> = database
            .records
            .iter()
            .map(|record| (record.identity(), record))
            .collect();
        // Of a database that is damaged nobody knows what it does not list.
        if database.damage.is_none() {
            self.drop_unless(database.kind, layer, |identity| {
                listed.contains_key(identity)
            });
        }
        for (identity, record) in listed {
            self.present
                .entry(identity)
                .and_modify(|(known, _)| *known = record)
                .or_insert((record, layer));
        }
        self.last = Some((layer, database.kind));
    }

    /// Everything is removed.
    fn end(&mut self, layer: usize) {
        if let Some((_, kind)) = self.last {
            self.drop_unless(kind, layer, |_| false);
        }
    }

    fn drop_unless(
        &mut self,
        kind: PackageKind,
        removed_in: usize,
        stays: impl Fn(&Identity<'l>) -> bool,
    ) {
        let gone = &mut self.gone;
        self.present.retain(|identity, (record, layer)| {
            let stays = stays(identity);
            if !stays {
                gone.push(Gone {
                    record,
                    kind,
                    layer: *layer,
                    removed_in,
                });
            }
            stays
        });
    }

    /// The layer that brought a package that is still there.
    fn brought(&self, record: &Record) -> usize {
        self.present
            .get(&record.identity())
            .map_or(0, |(_, layer)| *layer)
    }
}

/// Why packages are there.
struct Reasons<'l> {
    /// What apt installed by itself, where apt keeps that.
    automatic: Option<HashSet<(&'l str, &'l str)>>,
    /// The same, of whichever architecture.
    automatic_names: HashSet<&'l str>,
    /// What apk was asked for.
    world: Option<HashSet<&'l str>>,
}

impl<'l> Reasons<'l> {
    fn new(layers: &'l [LayerRecord], tree: &Tree<'_>) -> Self {
        let document = |path| {
            let node = tree.get(path)?;
            layers.get(node.layer)?.documents.get(path)
        };
        let automatic: Option<HashSet<(&str, &str)>> = match document(dpkg::EXTENDED_STATES) {
            Some(Document::AptAutomatic(names)) => Some(
                names
                    .iter()
                    .map(|(name, architecture)| (name.as_str(), architecture.as_str()))
                    .collect(),
            ),
            _ => None,
        };
        Self {
            automatic_names: automatic.iter().flatten().map(|(name, _)| *name).collect(),
            automatic,
            world: match document(apk::WORLD) {
                Some(Document::Requested(names)) => {
                    Some(names.iter().map(String::as_str).collect())
                }
                _ => None,
            },
        }
    }

    fn direct(&self, kind: PackageKind, record: &Record) -> Option<bool> {
        match kind {
            PackageKind::Deb => {
                let automatic = self.automatic.as_ref()?;
                let name = record.name.as_str();
                let is_automatic = if record.architecture == "all" {
                    // apt notes the machine's architecture for these.
                    self.automatic_names.contains(name)
                } else {
                    automatic.contains(&(name, &record.architecture))
                };
                Some(!is_automatic)
            }
            PackageKind::Apk => Some(self.world.as_ref()?.contains(record.name.as_str())),
            _ => None,
        }
    }
}

fn copyright(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    kind: PackageKind,
    package: &str,
) -> Option<String> {
    if kind != PackageKind::Deb {
        return None;
    }
    let (real, _) = tree.follow(&format!("usr/share/doc/{package}/copyright"))?;
    match seen(layers, tree, &real)?.0 {
        Document::DpkgCopyright(names) if !names.is_empty() => Some(names.join(", ")),
        _ => None,
    }
}

/// The package URL of a package of a distribution: its namespace is the distribution's.
fn system_purl(kind: PackageKind, record: &Record, distribution: Option<&Distribution>) -> String {
    let mut qualifiers = record.qualifiers.clone();
    if !record.architecture.is_empty() {
        qualifiers.push(("arch".to_owned(), record.architecture.clone()));
    }
    if let Some(distribution) = distribution {
        qualifiers.push((
            "distro".to_owned(),
            match distribution.version.as_str() {
                "" => distribution.id.clone(),
                version => format!("{}-{version}", distribution.id),
            },
        ));
    }
    let namespace = match (
        distribution.map(|distribution| distribution.id.as_str()),
        kind,
    ) {
        // As the package URLs of these have always been written.
        (Some("rhel"), _) => Some("redhat"),
        (Some(id), PackageKind::Rpm) if id.starts_with("opensuse") => Some("opensuse"),
        (Some(id), _) => Some(id),
        (None, PackageKind::Deb) => Some("debian"),
        (None, PackageKind::Apk) => Some("alpine"),
        (None, PackageKind::Alpm) => Some("arch"),
        (None, _) => None,
    }
    .map(str::to_ascii_lowercase);
    let version = match kind {
        // The epoch is a qualifier.
        PackageKind::Rpm => record
            .version
            .split_once(':')
            .map_or(record.version.as_str(), |(_, version)| version),
        _ => &record.version,
    };
    purl(
        kind.as_str(),
        namespace.as_deref(),
        &record.name,
        version,
        &qualifiers,
    )
}
