//! SPDX 2.2 and 2.3 in JSON, and the packages of SPDX 3 (JSON-LD).

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::{Distribution, Evidence, Package, PackageKind};

use super::distribution::{self, Naming};
use super::subject::Subject;
use super::tree::Tree;
use super::{BillOfMaterials, list, package, said, source, text};
use crate::sbom::{FOREIGN, INCOMPLETE};

/// What a document says of what it has not: there is no field for it, so that only our own words are known.
fn incomplete(document: &Tree<'_>) -> Option<String> {
    let said = text(document, "comment").strip_prefix(INCOMPLETE);
    said.map(str::to_owned)
}

pub(super) fn read(document: &Tree<'_>) -> BillOfMaterials {
    let version = text(document, "spdxVersion");
    let mut bill = BillOfMaterials {
        format: version.replacen('-', " ", 1),
        subject: text(document, "name").to_owned(),
        incomplete: incomplete(document),
        ..BillOfMaterials::default()
    };
    let mut systems = Vec::new();
    let suppliers = list(document, "packages").iter().flat_map(|described| {
        purls(described).map(|purl| (text(described, "name"), purl, text(described, "supplier")))
    });
    let of_the_system = package::of_the_system(suppliers);
    let mut elements = HashMap::new();
    let mut tellers = BTreeSet::new();
    for described in list(document, "packages") {
        let named = named(purls(described));
        match text(described, "primaryPackagePurpose") {
            "OPERATING_SYSTEM" | "OPERATING-SYSTEM" => {
                systems.push(system(described, text(described, "versionInfo")));
                continue;
            }
            // Somebody's package may be called so, too.
            "CONTAINER" if named.is_none() => {
                bill.subject = text(described, "name").to_owned();
                container(described).tell(&mut bill);
                continue;
            }
            _ => {}
        }
        let Some(mut package) = identified(named, described, &mut bill) else {
            continue;
        };
        if package.version.is_empty() {
            package.version =
                said(package::within_reason(text(described, "versionInfo"))).to_owned();
        }
        tell(&mut package, text(described, "sourceInfo"), &mut tellers);
        let license = text(described, "licenseDeclared");
        if !said(license).is_empty() {
            package.license = Some(license.to_owned());
        }
        // What somebody else published is no part of the distribution, nor is what it holds.
        let supplier = text(described, "supplier");
        package.is_foreign |= !of_the_system.contains(supplier) && is_foreign(&package, supplier);
        if !package.is_foreign {
            elements.insert(text(described, "SPDXID"), bill.inventory.packages.len());
        }
        bill.inventory.packages.push(package);
    }
    for relationship in list(document, "relationships") {
        let contains = match text(relationship, "relationshipType") {
            "CONTAINS" => true,
            // So syft tells that files of the one are those of the other.
            "OTHER" => text(relationship, "comment").starts_with("ownership-by-file-overlap"),
            _ => false,
        };
        if contains {
            let [owner, owned] = ["spdxElementId", "relatedSpdxElement"]
                .map(|end| elements.get(text(relationship, end)).copied());
            own(&mut bill.inventory.packages, owner, owned);
        }
    }
    bill.inventory.sourceless = source::untold(&bill.inventory.packages, &tellers);
    distribution::settle(&mut bill.inventory, systems, Naming::Words);
    bill
}

/// The graph of SPDX 3: an element is a package where its type says so.
pub(super) fn read_graph(document: &Tree<'_>) -> BillOfMaterials {
    let mut bill = BillOfMaterials {
        format: "SPDX 3".to_owned(),
        ..BillOfMaterials::default()
    };
    let mut systems = Vec::new();
    let mut elements = HashMap::new();
    let mut tellers = BTreeSet::new();
    for element in list(document, "@graph") {
        match text(element, "type") {
            "SpdxDocument" => {
                bill.subject = text(element, "name").to_owned();
                bill.incomplete = incomplete(element);
            }
            "software_Package" => {
                let version = text(element, "software_packageVersion");
                match text(element, "software_primaryPurpose") {
                    "operatingSystem" => {
                        systems.push(system(element, version));
                        continue;
                    }
                    "container" => {
                        element_of_container(element).tell(&mut bill);
                        continue;
                    }
                    _ => {}
                }
                let identifiers = list(element, "externalIdentifier")
                    .iter()
                    .filter(|id| text(id, "externalIdentifierType") == "packageUrl")
                    .map(|id| text(id, "identifier"));
                let own = text(element, "software_packageUrl");
                let named = named(std::iter::once(own).chain(identifiers));
                let package = identified(named, element, &mut bill);
                if let Some(mut package) = package {
                    if package.version.is_empty() {
                        package.version = said(package::within_reason(version)).to_owned();
                    }
                    let words = text(element, "software_sourceInfo");
                    tell(&mut package, words, &mut tellers);
                    if !package.is_foreign {
                        elements.insert(text(element, "spdxId"), bill.inventory.packages.len());
                    }
                    bill.inventory.packages.push(package);
                }
            }
            _ => {}
        }
    }
    for element in list(document, "@graph") {
        if text(element, "type") != "Relationship"
            || text(element, "relationshipType") != "contains"
        {
            continue;
        }
        let owner = elements.get(text(element, "from")).copied();
        for owned in list(element, "to").iter().filter_map(Tree::as_str) {
            let owned = elements.get(owned).copied();
            own(&mut bill.inventory.packages, owner, owned);
        }
    }
    bill.inventory.sourceless = source::untold(&bill.inventory.packages, &tellers);
    distribution::settle(&mut bill.inventory, systems, Naming::Words);
    bill
}

/// The package URLs of a package. What a reference is stands there by its name or, as RDF has it, by its
/// address, which the specification writes with `http`.
fn purls<'t>(described: &'t Tree<'_>) -> impl Iterator<Item = &'t str> {
    let is_purl = |kind: &str| {
        let address = kind
            .strip_prefix("http://")
            .or_else(|| kind.strip_prefix("https://"));
        matches!(
            address.unwrap_or(kind),
            "purl" | "spdx.org/rdf/references/purl"
        )
    };
    let references = list(described, "externalRefs").iter();
    references
        .filter(move |reference| is_purl(text(reference, "referenceType")))
        .map(|reference| text(reference, "referenceLocator"))
}

/// By what a package that is an image is named.
fn container<'t>(described: &'t Tree<'_>) -> Subject<'t> {
    Subject {
        is_container: true,
        version: text(described, "versionInfo"),
        purls: purls(described).collect(),
        in_registries: Vec::new(),
    }
}

/// The same of an element of SPDX 3.
fn element_of_container<'t>(element: &'t Tree<'_>) -> Subject<'t> {
    let identifiers = list(element, "externalIdentifier").iter();
    let identifiers = identifiers
        .filter(|id| text(id, "externalIdentifierType") == "packageUrl")
        .map(|id| text(id, "identifier"));
    let own = text(element, "software_packageUrl");
    Subject {
        is_container: true,
        version: text(element, "software_packageVersion"),
        purls: std::iter::once(own).chain(identifiers).collect(),
        in_registries: Vec::new(),
    }
}

/// Whether the supplier (`Person: Name (address)`, `Organization: Name`) is another than the
/// distribution.
fn is_foreign(package: &Package, supplier: &str) -> bool {
    let supplier = supplier
        .split_once(": ")
        .map_or("", |(_, supplier)| package::somebody(supplier));
    match package.kind {
        PackageKind::Deb => {
            let maintainer = supplier.replace(" (", " <").replace(')', ">");
            package::is_foreign(package, &maintainer)
        }
        _ => package::is_foreign(package, supplier),
    }
}

/// A package of a language that lies in one of the distribution is the distribution's: it mends
/// flaws without a new version number.
fn own(packages: &mut [Package], owner: Option<usize>, owned: Option<usize>) {
    let (Some(owner), Some(owned)) = (owner, owned) else {
        return;
    };
    let name = match packages.get(owner) {
        Some(owner) if owner.kind.is_system() => owner.name.clone(),
        _ => return,
    };
    if let Some(owned) = packages.get_mut(owned)
        && !owned.kind.is_system()
    {
        owned.owned_by = Some(name);
    }
}

fn system(described: &Tree<'_>, version: &str) -> Distribution {
    Distribution {
        id: distribution::identifier(text(described, "name")).to_owned(),
        version: version.to_owned(),
        ..Distribution::default()
    }
}

/// The package that some of these package URLs name: the first of an ecosystem that has packages of
/// its own, before one that only says what something is called.
fn named<'t>(purls: impl Iterator<Item = &'t str>) -> Option<Package> {
    let mut packages = purls.filter_map(package::of_purl);
    let first = packages.next()?;
    match first.kind {
        PackageKind::Generic => packages
            .find(|package| package.kind != PackageKind::Generic)
            .or(Some(first)),
        _ => Some(first),
    }
}

/// The package of an element; one that nothing names is counted.
fn identified(
    named: Option<Package>,
    described: &Tree<'_>,
    bill: &mut BillOfMaterials,
) -> Option<Package> {
    let Some(mut package) = named else {
        bill.unidentified.push(text(described, "name").to_owned());
        return None;
    };
    package::name_as(&mut package, text(described, "name"));
    Some(package)
}

/// What is said of a package in words, because there are no fields for it; `tellers` are the kinds of
/// packages whose sources would be told there.
fn tell(package: &mut Package, words: &str, tellers: &mut BTreeSet<PackageKind>) {
    if package.source.is_none() {
        package.source = built_from(words);
    }
    package.is_foreign = package.kind.is_system() && words.ends_with(FOREIGN);
    let (evidence, path) = acquired(words);
    if evidence.is_some() || path.is_some() || source::is_called_by_source(package) {
        tellers.insert(package.kind);
    }
    if let Some(path) = path {
        package.path = path.trim_start_matches('/').to_owned();
    }
    if let Some(evidence) = evidence {
        package.evidence = evidence;
    }
}

/// What proves a package and where it lies, as we and syft say it: without the place, a package that
/// is in two programs would be one.
fn acquired(words: &str) -> (Option<Evidence>, Option<&str>) {
    let is_told = |path: &&str| !path.is_empty();
    // Ours: `acquired from metadata: PATH; layer 3, Dockerfile:7; built from NAME VERSION`, in SPDX 3
    // without the first two words.
    let ours = words.strip_prefix("acquired from ").unwrap_or(words);
    if let Some((evidence, rest)) = ours.split_once(": ")
        && let Some(evidence) = Evidence::from_word(evidence)
        && let Some((path, _)) = rest.rsplit_once("; layer ")
    {
        return (Some(evidence), Some(path).filter(is_told));
    }
    // syft's: `acquired package info from go module information: PATH, PATH`.
    let path = words
        .strip_prefix("acquired package info from ")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(_, paths)| paths.split(", ").next());
    (None, path.filter(is_told))
}

/// The source package as Trivy and we say it in words: there is no field for it.
fn built_from(words: &str) -> Option<(String, String)> {
    let told = words
        .split("; ")
        .find_map(|part| part.strip_prefix("built from "))
        .or_else(|| words.strip_prefix("built package from: "))?;
    let (name, version) = told.split_once(' ')?;
    let is_plain = |word: &str| !word.is_empty() && !word.contains(' ');
    (is_plain(name) && is_plain(version)).then(|| (name.to_owned(), version.to_owned()))
}
