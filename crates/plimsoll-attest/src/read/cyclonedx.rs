//! CycloneDX (ECMA-424), JSON form, 1.2 and later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use plimsoll_model::{
    Digest, Distribution, Evidence, LayerFacts, Package, PackageKind, is_foreign_rpm,
};

use super::distribution::{self, Naming};
use super::subject::Subject;
use super::tree::Tree;
use super::{BillOfMaterials, MAX_PACKAGES, list, ownership, package, source, text};
use crate::sbom::{INCOMPLETE, INCOMPLETE_PROPERTY};

/// Packages that room is made for at once.
const USUAL_PACKAGES: usize = 10_000;

/// What was read so far.
struct Reading<'t> {
    bill: BillOfMaterials,
    systems: Vec<Distribution>,
    /// The layers by diff id.
    layers: HashMap<String, usize>,
    /// Whether syft wrote it, which tells in SPDX whose a package is, and here not.
    is_of_syft: bool,
    /// Who publishes the system, as far as the components say.
    of_the_system: HashSet<&'t str>,
    /// The kinds of packages that some tool wrote which tells sources.
    tellers: BTreeSet<PackageKind>,
}

pub(super) fn read(document: &Tree<'_>) -> BillOfMaterials {
    let subject = document
        .get("metadata")
        .and_then(|metadata| metadata.get("component"));
    let mut bill = BillOfMaterials {
        format: format!("CycloneDX {}", text(document, "specVersion")),
        ..BillOfMaterials::default()
    };
    let serial = text(document, "serialNumber").strip_prefix("urn:uuid:");
    bill.serial = serial
        .filter(|serial| !serial.is_empty())
        .map(str::to_ascii_lowercase);
    bill.incomplete = incomplete(document, subject);
    if let Some(subject) = subject {
        bill.subject = text(subject, "name").to_owned();
        named(subject).tell(&mut bill);
        let layers = list(subject, "properties").iter().filter(|property| {
            matches!(
                text(property, "name"),
                "plimsoll:layer-diff-id" | "aquasecurity:trivy:DiffID"
            )
        });
        let ids = layers.filter_map(|property| Digest::parse(text(property, "value")).ok());
        bill.inventory.layers = ids.map(layer).collect();
    }
    let mut reading = Reading {
        bill,
        systems: Vec::new(),
        layers: HashMap::new(),
        is_of_syft: false,
        of_the_system: package::of_the_system(
            below(document)
                .chain(subject.into_iter().flat_map(below))
                .map(|one| (text(one, "name"), text(one, "purl"), publisher(one))),
        ),
        tellers: BTreeSet::new(),
    };
    for (at, layer) in reading.bill.inventory.layers.iter().enumerate() {
        let id = layer.diff_id.as_str().to_owned();
        reading.layers.entry(id).or_insert(at);
    }
    if let Some(subject) = subject {
        // An image is known by its packages; an application may be one itself.
        if let Some(package) = package::of_purl(text(subject, "purl")) {
            reading.add(subject, package);
        }
        components(subject, &mut reading);
    }
    components(document, &mut reading);
    disown(&mut reading.bill.inventory.packages);
    if reading.is_of_syft {
        ownership::guess(&mut reading.bill.inventory.packages);
    }
    let Reading {
        mut bill,
        systems,
        tellers,
        ..
    } = reading;
    bill.inventory.sourceless = source::untold(&bill.inventory.packages, &tellers);
    distribution::settle(&mut bill.inventory, systems, Naming::Identifier);
    bill
}

/// What the bill says of itself where a composition calls all that it is about incomplete.
fn incomplete(document: &Tree<'_>, subject: Option<&Tree<'_>>) -> Option<String> {
    let subject = subject?;
    let own = text(subject, "bom-ref");
    let is_of_all = |composition: &Tree<'_>| {
        let mut named = list(composition, "assemblies").iter();
        named.any(|one| one.as_str() == Some(own))
    };
    let mut compositions = list(document, "compositions").iter();
    let said = compositions.find(|composition| {
        text(composition, "aggregate").starts_with("incomplete") && is_of_all(composition)
    })?;
    let mut properties = list(subject, "properties").iter();
    let why = properties.find(|property| text(property, "name") == INCOMPLETE_PROPERTY);
    let said = why.map_or(text(said, "aggregate"), |why| text(why, "value"));
    Some(said.strip_prefix(INCOMPLETE).unwrap_or(said).to_owned())
}

/// By what the subject is named as an image.
fn named<'t>(subject: &'t Tree<'_>) -> Subject<'t> {
    let properties = list(subject, "properties").iter();
    let in_registries = properties
        .filter(|property| text(property, "name") == "aquasecurity:trivy:RepoDigest")
        .map(|property| text(property, "value"));
    Subject {
        is_container: text(subject, "type") == "container",
        version: text(subject, "version"),
        purls: vec![text(subject, "purl")],
        in_registries: in_registries.collect(),
    }
}

/// A layer of which nothing is known but its diff id.
fn layer(diff_id: Digest) -> LayerFacts {
    LayerFacts {
        digest: diff_id.clone(),
        diff_id,
        compressed_size: 0,
        size: 0,
        entries: 0,
        instruction: None,
        source: None,
        file_bytes: 0,
        wasted: 0,
        hidden: 0,
    }
}

impl<'t> Reading<'t> {
    /// Whether a package is another's than the distribution's, by who published it.
    fn is_foreign(&self, component: &Tree<'_>, package: &Package) -> bool {
        let publisher = publisher(component);
        if self.of_the_system.contains(publisher) {
            return false;
        }
        // There syft writes RPM's own field, by which images are judged: nobody passed that on.
        let is_vendor = package.kind == PackageKind::Rpm
            && has_properties_of(component, "syft:")
            && publisher == package::somebody(text(component, "publisher"));
        match is_vendor {
            true => is_foreign_rpm(Some(publisher), &package.version),
            false => package::is_foreign(package, publisher),
        }
    }

    fn add(&mut self, component: &Tree<'_>, mut package: Package) {
        detail(component, &mut package, &self.layers);
        package.is_foreign = package.kind.is_system()
            && (package.is_foreign || self.is_foreign(component, &package));
        self.is_of_syft |= has_properties_of(component, "syft:");
        // What it has converted from another tool's bill has marks of it, too, and no sources any more.
        if has_properties_of(component, "syft:package:foundBy")
            || has_properties_of(component, "plimsoll:")
            || source::is_called_by_source(&package)
        {
            self.tellers.insert(package.kind);
        }
        let reference = text(component, "bom-ref");
        if !reference.is_empty() {
            let at = self.bill.inventory.packages.len();
            self.bill.references.push((reference.to_owned(), at));
        }
        self.bill.inventory.packages.push(package);
    }
}

/// The components below one, however deep.
fn below<'t>(holder: &'t Tree<'t>) -> impl Iterator<Item = &'t Tree<'t>> {
    let mut lists = vec![list(holder, "components").iter()];
    std::iter::from_fn(move || {
        while let Some(list_of) = lists.last_mut() {
            match list_of.next() {
                Some(component) => {
                    lists.push(list(component, "components").iter());
                    return Some(component);
                }
                None => drop(lists.pop()),
            }
        }
        None
    })
}

/// Reads the components below one.
fn components<'t>(holder: &'t Tree<'t>, reading: &mut Reading<'_>) {
    // A part that takes two bytes in the document may be none.
    let likely = list(holder, "components").len().min(USUAL_PACKAGES);
    reading.bill.inventory.packages.reserve(likely);
    for component in below(holder) {
        if reading.bill.inventory.packages.len() > MAX_PACKAGES {
            return;
        }
        let kind = text(component, "type");
        match package::of_purl(text(component, "purl")) {
            _ if kind == "operating-system" => reading.systems.push(system(component)),
            Some(package) => reading.add(component, package),
            // A file is no package; what holds it is listed by itself.
            None if kind == "file" => {}
            None => {
                let name = text(component, "name").to_owned();
                reading.bill.unidentified.push(name);
            }
        }
    }
}

/// A package of a language is judged by its owner's advisories only where the bill has the owner.
fn disown(packages: &mut [Package]) {
    let system = packages
        .iter()
        .filter(|package| package.kind.is_system() && !package.is_foreign);
    let owners: HashSet<String> = system.map(|package| package.name.clone()).collect();
    for package in packages {
        package.owned_by = package
            .owned_by
            .take()
            .filter(|owner| owners.contains(owner));
    }
}

/// Who published a package, empty where nobody says. syft writes the one, Trivy the other.
fn publisher<'t>(component: &'t Tree<'_>) -> &'t str {
    match package::somebody(text(component, "publisher")) {
        "" => component
            .get("supplier")
            .map_or("", |supplier| package::somebody(text(supplier, "name"))),
        publisher => publisher,
    }
}

fn system(component: &Tree<'_>) -> Distribution {
    let properties = properties(component);
    let property = |name: &str| properties.get(name).copied().unwrap_or_default();
    let first = |words: [&str; 2]| {
        let word = words.into_iter().find(|word| !word.is_empty());
        word.unwrap_or_default().to_owned()
    };
    let id = first([property("syft:distro:id"), text(component, "name")]);
    Distribution {
        id: distribution::identifier(&id).to_owned(),
        version: first([
            property("syft:distro:versionID"),
            text(component, "version"),
        ]),
        name: first([
            property("syft:distro:prettyName"),
            text(component, "description"),
        ]),
        codename: Some(property("syft:distro:versionCodename").to_owned())
            .filter(|name| !name.is_empty()),
        like: (0..8)
            .map_while(|at| properties.get(format!("syft:distro:idLike:{at}").as_str()))
            .map(|like| (*like).to_owned())
            .collect(),
    }
}

fn properties<'t>(component: &'t Tree<'_>) -> BTreeMap<&'t str, &'t str> {
    let properties = list(component, "properties").iter();
    properties
        .map(|property| (text(property, "name"), text(property, "value")))
        .collect()
}

fn has_properties_of(component: &Tree<'_>, tool: &str) -> bool {
    let mut properties = list(component, "properties").iter();
    properties.any(|property| text(property, "name").starts_with(tool))
}

/// What the tools say of a package beside its package URL.
fn detail(component: &Tree<'_>, package: &mut Package, layers: &HashMap<String, usize>) {
    let properties = properties(component);
    let property = |names: &[&str]| {
        let value = names.iter().find_map(|name| properties.get(*name));
        value.copied().filter(|value| !value.is_empty())
    };
    if package.version.is_empty() {
        package.version = text(component, "version").to_owned();
    }
    let name = text(component, "name");
    match (package.kind, text(component, "group")) {
        (PackageKind::Npm, scope) if !scope.is_empty() => {
            package::name_as(package, &format!("{scope}/{name}"));
        }
        _ => package::name_as(package, name),
    }
    let diff_id = property(&[
        "plimsoll:layer-diff-id",
        "aquasecurity:trivy:LayerDiffID",
        "syft:location:0:layerID",
    ]);
    if let Some(layer) = diff_id.and_then(|id| layers.get(id)) {
        package.layer = *layer;
    }
    if let Some(path) = property(&[
        "plimsoll:path",
        "aquasecurity:trivy:FilePath",
        "syft:location:0:path",
    ]) {
        package.path = path.trim_start_matches('/').to_owned();
    }
    if let Some(evidence) = property(&["plimsoll:evidence"]).and_then(Evidence::from_word) {
        package.evidence = evidence;
    }
    package.is_foreign = property(&["plimsoll:foreign"]) == Some("true");
    package.owned_by = property(&["plimsoll:owned-by"]).map(str::to_owned);
    package.direct = property(&["plimsoll:direct"]).map(|word| word == "true");
    if let Some((name, version)) =
        property(&["plimsoll:source-package"]).and_then(|source| source.rsplit_once('@'))
    {
        package.source = Some((name.to_owned(), version.to_owned()));
    } else if let Some(name) = property(&["aquasecurity:trivy:SrcName"]) {
        package.source = Some((name.to_owned(), source_version(&property, package)));
    }
    let licenses = list(component, "licenses").iter();
    let licenses: Vec<&str> = licenses
        .map(|choice| match choice.get("license") {
            Some(license) => match text(license, "id") {
                "" => text(license, "name"),
                id => id,
            },
            None => text(choice, "expression"),
        })
        .filter(|words| !words.is_empty())
        .collect();
    if !licenses.is_empty() {
        package.license = Some(licenses.join(" AND "));
    }
}

/// Trivy writes a source package's version in parts. For RPM it takes the package's epoch; nothing
/// tells that of the source.
fn source_version<'p>(property: &impl Fn(&[&str]) -> Option<&'p str>, package: &Package) -> String {
    let Some(version) = property(&["aquasecurity:trivy:SrcVersion"]) else {
        return package.version.clone();
    };
    let epoch = property(&["aquasecurity:trivy:SrcEpoch"])
        .filter(|epoch| *epoch != "0" && package.kind != PackageKind::Rpm);
    let release = property(&["aquasecurity:trivy:SrcRelease"]);
    format!(
        "{}{version}{}",
        epoch.map_or(String::new(), |epoch| format!("{epoch}:")),
        release.map_or(String::new(), |release| format!("-{release}"))
    )
}
