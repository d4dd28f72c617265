//! Bills of materials in SPDX 2.3 (ISO/IEC 5962 and its successor), JSON form.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Package, PackageKind};
use serde::Serialize;

use crate::oci_purl::oci_purl;
use crate::sbom::{FOREIGN, SbomInput, unique, uuid};
use crate::time;

/// Media type of the document (IANA).
pub const MEDIA_TYPE: &str = "application/spdx+json";

/// What the format says where nothing is known.
const NOASSERTION: &str = "NOASSERTION";

/// Writes the document. Equal input gives equal bytes; its namespace is drawn from the content.
///
/// The format insists on a time: where neither a timestamp was given nor the image states one, it is
/// the beginning of 1970.
pub fn document(input: &SbomInput<'_>) -> Vec<u8> {
    let created = match input.timestamp {
        Some(seconds) => time::from_seconds(seconds),
        None => input.config.created.as_deref().and_then(time::from_text),
    };
    let mut licenses = Licenses::default();
    let mut ids = BTreeSet::from(["SPDXRef-DOCUMENT".to_owned()]);
    let image = image(input, &mut ids);
    let mut relationships = vec![Relationship::new(
        "SPDXRef-DOCUMENT",
        "DESCRIBES",
        &image.id,
    )];
    let mut packages = Vec::new();
    if let Some(distribution) = &input.inventory.distribution {
        let wanted = format!("OperatingSystem-{}", distribution.id);
        let mut system = SpdxPackage::new(&mut ids, &wanted, &distribution.name);
        system.version = Some(distribution.version.as_str()).filter(|text| !text.is_empty());
        system.purpose = Some("OPERATING_SYSTEM");
        relationships.push(Relationship::new(&image.id, "CONTAINS", &system.id));
        packages.push(system);
    }
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    let mut owned: Vec<(&str, String)> = Vec::new();
    for package in &input.inventory.packages {
        let made = spdx_package(input, package, &mut ids, &mut licenses);
        if package.kind.is_system() {
            owners
                .entry(&package.name)
                .or_insert_with(|| made.id.clone());
        }
        if let Some(owner) = &package.owned_by {
            owned.push((owner, made.id.clone()));
        }
        relationships.push(Relationship::new(&image.id, "CONTAINS", &made.id));
        packages.push(made);
    }
    for (owner, id) in owned {
        if let Some(owner) = owners.get(owner) {
            relationships.push(Relationship::new(owner, "CONTAINS", &id));
        }
    }
    packages.insert(0, image);
    let mut document = Document {
        version: "SPDX-2.3",
        license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: input.name,
        namespace: String::new(),
        creation: Creation {
            created: created.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
            creators: vec![format!("Tool: plimsoll-{}", input.tool_version)],
        },
        comment: input.incomplete(),
        packages,
        relationships,
        licenses: licenses.extracted,
    };
    let content = serde_json::to_vec(&document)
        .expect("plain structs with text keys always serialise to memory");
    document.namespace = format!("urn:uuid:{}", uuid(&content));
    let mut bytes = serde_json::to_vec_pretty(&document)
        .expect("plain structs with text keys always serialise to memory");
    bytes.push(b'\n');
    bytes
}

fn image<'a>(input: &SbomInput<'a>, ids: &mut BTreeSet<String>) -> SpdxPackage<'a> {
    let mut image = SpdxPackage::new(ids, "Image", input.name);
    image.version = Some(input.digest.as_str());
    image.purpose = Some("CONTAINER");
    image.checksums = vec![Checksum {
        algorithm: "SHA256",
        value: input.digest.hex(),
    }];
    let platform = input.config.platform.as_ref();
    image.references = vec![Reference::purl(oci_purl(
        input.called,
        input.digest,
        platform.map(|platform| platform.architecture.as_str()),
    ))];
    image
}

fn spdx_package<'a>(
    input: &SbomInput<'a>,
    package: &'a Package,
    ids: &mut BTreeSet<String>,
    licenses: &mut Licenses,
) -> SpdxPackage<'a> {
    let wanted = format!(
        "Package-{}-{}-{}",
        package.kind.as_str(),
        package.name,
        package.version
    );
    let mut made = SpdxPackage::new(ids, &wanted, &package.name);
    made.version = Some(package.version.as_str()).filter(|text| !text.is_empty());
    made.purpose = Some(match package.kind {
        PackageKind::Generic => "APPLICATION",
        _ => "LIBRARY",
    });
    made.declared = licenses.declared(package);
    if !package.purl.is_empty() {
        made.references.push(Reference::purl(package.purl.clone()));
    }
    let mut story = format!(
        "acquired from {}: {}; layer {}",
        package.evidence.as_str(),
        package.path,
        package.layer
    );
    if let Some(source) = input.layer_source(package.layer) {
        story.push_str(&format!(", {}:{}", source.file, source.start.line));
    }
    if let Some((name, version)) = &package.source {
        story.push_str(&format!("; built from {name} {version}"));
    }
    if package.is_foreign {
        story.push_str(FOREIGN);
    }
    made.source_info = Some(story);
    made
}

/// Licences in words that are no expression, each under a name of the document's own.
#[derive(Default)]
struct Licenses {
    names: BTreeMap<String, String>,
    extracted: Vec<Extracted>,
}

impl Licenses {
    fn declared(&mut self, package: &Package) -> String {
        if let Some(expression) = &package.license_expression {
            self.references(expression);
            return expression.clone();
        }
        let words = package.license.as_deref().map(str::trim);
        let Some(words) = words.filter(|words| !words.is_empty()) else {
            return NOASSERTION.to_owned();
        };
        if let Some(name) = self.names.get(words) {
            return name.clone();
        }
        let name = format!("LicenseRef-stated-{}", self.names.len() + 1);
        self.names.insert(words.to_owned(), name.clone());
        self.extracted.push(Extracted {
            id: name.clone(),
            text: words.to_owned(),
        });
        name
    }

    /// Names of its own that an expression uses must be told what they stand for.
    fn references(&mut self, expression: &str) {
        let words = expression.split([' ', '(', ')', '+']);
        for name in words.filter(|word| word.starts_with("LicenseRef-")) {
            if self.names.contains_key(name) {
                continue;
            }
            self.names.insert(name.to_owned(), name.to_owned());
            self.extracted.push(Extracted {
                id: name.to_owned(),
                text: name.trim_start_matches("LicenseRef-").to_owned(),
            });
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "spdxVersion")]
    version: &'static str,
    #[serde(rename = "dataLicense")]
    license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    #[serde(rename = "documentNamespace")]
    namespace: String,
    #[serde(rename = "creationInfo")]
    creation: Creation,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    packages: Vec<SpdxPackage<'a>>,
    relationships: Vec<Relationship>,
    #[serde(
        rename = "hasExtractedLicensingInfos",
        skip_serializing_if = "Vec::is_empty"
    )]
    licenses: Vec<Extracted>,
}

#[derive(Serialize)]
struct Creation {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
struct SpdxPackage<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    #[serde(rename = "versionInfo", skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(rename = "downloadLocation")]
    location: &'static str,
    #[serde(rename = "filesAnalyzed")]
    files_analyzed: bool,
    #[serde(rename = "licenseConcluded")]
    concluded: &'static str,
    #[serde(rename = "licenseDeclared")]
    declared: String,
    #[serde(rename = "copyrightText")]
    copyright: &'static str,
    #[serde(
        rename = "primaryPackagePurpose",
        skip_serializing_if = "Option::is_none"
    )]
    purpose: Option<&'static str>,
    #[serde(rename = "sourceInfo", skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(rename = "externalRefs", skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
}

impl<'a> SpdxPackage<'a> {
    fn new(ids: &mut BTreeSet<String>, wanted: &str, name: &'a str) -> Self {
        // Letters, digits, `.` and `-` only.
        let plain: String = wanted
            .chars()
            .take(200)
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() || c == '.' => c,
                _ => '-',
            })
            .collect();
        Self {
            id: unique(ids, format!("SPDXRef-{plain}"), '-'),
            name,
            version: None,
            location: NOASSERTION,
            files_analyzed: false,
            concluded: NOASSERTION,
            declared: NOASSERTION.to_owned(),
            copyright: NOASSERTION,
            purpose: None,
            source_info: None,
            checksums: Vec::new(),
            references: Vec::new(),
        }
    }
}

#[derive(Serialize)]
struct Checksum<'a> {
    algorithm: &'static str,
    #[serde(rename = "checksumValue")]
    value: &'a str,
}

#[derive(Serialize)]
struct Reference {
    #[serde(rename = "referenceCategory")]
    category: &'static str,
    #[serde(rename = "referenceType")]
    kind: &'static str,
    #[serde(rename = "referenceLocator")]
    locator: String,
}

impl Reference {
    fn purl(locator: String) -> Self {
        Self {
            category: "PACKAGE-MANAGER",
            kind: "purl",
            locator,
        }
    }
}

#[derive(Serialize)]
struct Relationship {
    #[serde(rename = "spdxElementId")]
    element: String,
    #[serde(rename = "relationshipType")]
    kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    related: String,
}

impl Relationship {
    fn new(element: &str, kind: &'static str, related: &str) -> Self {
        Self {
            element: element.to_owned(),
            kind,
            related: related.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Extracted {
    #[serde(rename = "licenseId")]
    id: String,
    #[serde(rename = "extractedText")]
    text: String,
}
