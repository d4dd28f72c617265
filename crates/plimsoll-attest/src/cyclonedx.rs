//! Bills of materials in CycloneDX 1.6 (ECMA-424), JSON form.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Package, PackageKind};
use serde::Serialize;

use crate::oci_purl::oci_purl;
use crate::sbom::{INCOMPLETE_PROPERTY, SbomInput, package_name, unique, uuid};
use crate::time;

/// Media type of the document (IANA).
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// Writes the document. Equal input gives equal bytes; the serial number is drawn from the content,
/// so that two documents have one number only where they are the same.
pub fn document(input: &SbomInput<'_>) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&bom(input))
        .expect("plain structs with text keys always serialise to memory");
    bytes.push(b'\n');
    bytes
}

/// What the document is called by others (BOM-Link): its serial number, a UUID, and the `bom-ref` of each
/// package of the inventory, in that order.
pub fn references(input: &SbomInput<'_>) -> (String, Vec<String>) {
    let bom = bom(input);
    let serial = bom.serial_number.trim_start_matches("urn:uuid:").to_owned();
    let packages = bom
        .components
        .into_iter()
        .filter(|component| component.kind != "operating-system");
    let references = packages.map(|component| component.bom_ref.unwrap_or_default());
    (serial, references.collect())
}

fn bom<'a>(input: &SbomInput<'a>) -> Bom<'a> {
    let mut bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: match input.timestamp {
                Some(seconds) => time::from_seconds(seconds),
                None => input.config.created.as_deref().and_then(time::from_text),
            },
            tools: Tools {
                components: vec![Component::new(
                    "application",
                    "plimsoll",
                    input.tool_version,
                )],
            },
            component: image(input),
        },
        components: Vec::new(),
        dependencies: Vec::new(),
        compositions: Vec::new(),
    };
    if let Some(why) = input.incomplete() {
        let assemblies = bom.metadata.component.bom_ref.iter().cloned();
        bom.compositions.push(Composition {
            aggregate: "incomplete",
            assemblies: assemblies.collect(),
        });
        bom.metadata.component.property(INCOMPLETE_PROPERTY, why);
    }
    let mut refs: BTreeSet<String> = bom.metadata.component.bom_ref.iter().cloned().collect();
    if let Some(distribution) = &input.inventory.distribution {
        let mut system =
            Component::new("operating-system", &distribution.id, &distribution.version);
        system.bom_ref = Some(unique(
            &mut refs,
            format!("os:{}-{}", distribution.id, distribution.version),
            '#',
        ));
        system.description = Some(distribution.name.clone());
        bom.components.push(system);
    }
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    let mut owned: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut on_top = Vec::new();
    for package in &input.inventory.packages {
        let mut component = component(input, package);
        let name = package_name(package);
        let name = if refs.contains(&name) {
            format!("{name}#{}", package.path)
        } else {
            name
        };
        let name = unique(&mut refs, name, '#');
        component.bom_ref = Some(name.clone());
        if package.kind.is_system() {
            owners.entry(&package.name).or_insert_with(|| name.clone());
        }
        match package.owned_by.as_deref() {
            Some(owner) => owned.entry(owner).or_default().push(name),
            None => on_top.push(name),
        }
        bom.components.push(component);
    }
    bom.dependencies = dependencies(&bom, on_top, &owners, owned);
    bom.serial_number = serial_number(&bom);
    bom
}

/// The image holds everything; what a package of the distribution brought along hangs on that.
fn dependencies(
    bom: &Bom<'_>,
    mut on_top: Vec<String>,
    owners: &BTreeMap<&str, String>,
    owned: BTreeMap<&str, Vec<String>>,
) -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    for (owner, refs) in owned {
        match owners.get(owner) {
            Some(owner) => dependencies.push(Dependency {
                reference: owner.clone(),
                depends_on: refs,
            }),
            None => on_top.extend(refs),
        }
    }
    on_top.extend(
        bom.components
            .iter()
            .filter(|component| component.kind == "operating-system")
            .filter_map(|component| component.bom_ref.clone()),
    );
    if let Some(reference) = bom.metadata.component.bom_ref.clone() {
        dependencies.push(Dependency {
            reference,
            depends_on: on_top,
        });
    }
    for dependency in &mut dependencies {
        dependency.depends_on.sort();
        dependency.depends_on.dedup();
    }
    dependencies.sort_by(|a, b| a.reference.cmp(&b.reference));
    dependencies
}

fn image<'a>(input: &SbomInput<'a>) -> Component<'a> {
    let platform = input.config.platform.as_ref();
    let purl = oci_purl(
        input.called,
        input.digest,
        platform.map(|platform| platform.architecture.as_str()),
    );
    let mut image = Component::new("container", input.name, input.digest.as_str());
    image.bom_ref = Some(purl.clone());
    image.purl = Some(purl);
    image.hashes = vec![Hash {
        alg: "SHA-256",
        content: input.digest.hex(),
    }];
    if let Some(platform) = platform {
        image.property("plimsoll:platform", platform.to_string());
    }
    for layer in &input.inventory.layers {
        image.property("plimsoll:layer-diff-id", layer.diff_id.to_string());
    }
    image
}

fn component<'a>(input: &SbomInput<'a>, package: &'a Package) -> Component<'a> {
    let mut component = Component::new("library", &package.name, &package.version);
    // Ecosystems that nest names write them with a slash; the format has a field for it.
    if package.kind == PackageKind::Npm
        && let Some((scope, name)) = package.name.split_once('/')
    {
        component.group = Some(scope);
        component.name = name;
    }
    component.purl = (!package.purl.is_empty()).then(|| package.purl.clone());
    component.licenses = license(package).into_iter().collect();
    component.property("plimsoll:layer", package.layer.to_string());
    if let Some(layer) = input.inventory.layers.get(package.layer) {
        component.property("plimsoll:layer-diff-id", layer.diff_id.to_string());
    }
    if let Some(source) = input.layer_source(package.layer) {
        component.property(
            "plimsoll:dockerfile-line",
            format!("{}:{}", source.file, source.start.line),
        );
    }
    component.property("plimsoll:path", package.path.clone());
    component.property("plimsoll:evidence", package.evidence.as_str().to_owned());
    if let Some(direct) = package.direct {
        component.property("plimsoll:direct", direct.to_string());
    }
    if let Some((name, version)) = &package.source {
        component.property("plimsoll:source-package", format!("{name}@{version}"));
    }
    if package.is_foreign {
        component.property("plimsoll:foreign", true.to_string());
    }
    if let Some(size) = package.size {
        component.property("plimsoll:installed-size", size.to_string());
    }
    if let Some(owner) = &package.owned_by {
        component.property("plimsoll:owned-by", owner.clone());
    }
    component
}

/// The licence as an identifier or an expression where it can be read as one; in the package's own
/// words otherwise.
fn license(package: &Package) -> Option<LicenseChoice> {
    Some(match &package.license_expression {
        Some(expression) => match spdx::license_id(expression) {
            Some(id) if id.name == expression => LicenseChoice::License {
                id: Some(expression.clone()),
                name: None,
            },
            _ => LicenseChoice::Expression(expression.clone()),
        },
        None => LicenseChoice::License {
            id: None,
            name: Some(
                package
                    .license
                    .clone()
                    .filter(|words| !words.trim().is_empty())?,
            ),
        },
    })
}

/// A number drawn from the content.
fn serial_number(bom: &Bom<'_>) -> String {
    let content =
        serde_json::to_vec(bom).expect("plain structs with text keys always serialise to memory");
    format!("urn:uuid:{}", uuid(&content))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compositions: Vec<Composition>,
}

/// How much of what is in something is told.
#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    assemblies: Vec<String>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools<'a>,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenseChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

impl<'a> Component<'a> {
    fn new(kind: &'static str, name: &'a str, version: &'a str) -> Self {
        Self {
            kind,
            bom_ref: None,
            group: None,
            name,
            version,
            description: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
            properties: Vec::new(),
        }
    }

    fn property(&mut self, name: &'static str, value: String) {
        self.properties.push(Property { name, value });
    }
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum LicenseChoice {
    License {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Expression(String),
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn", skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}
