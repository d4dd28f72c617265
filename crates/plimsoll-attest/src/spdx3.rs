//! Bills of materials in SPDX 3.0.1, as JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>): the
//! profiles core, software and simple licensing.

use std::collections::BTreeMap;

use plimsoll_model::{Package, PackageKind};
use serde::Serialize;

use crate::oci_purl::oci_purl;
use crate::sbom::{FOREIGN, SbomInput, uuid};
use crate::time;

/// Media type of the document (SPDX 3.0.1, serialization as JSON-LD).
pub const MEDIA_TYPE: &str = "application/spdx+json";

/// The one blank node: who wrote everything, and when.
const CREATION: &str = "_:creation";

/// Writes the document. Equal input gives equal bytes; its elements are named by its content.
///
/// The format insists on a time: where neither a timestamp was given nor the image states one, it is
/// the beginning of 1970.
pub fn document(input: &SbomInput<'_>) -> Vec<u8> {
    let nameless = to_json(&Graph::new(input, String::new()).document());
    let namespace = format!("urn:uuid:{}#", uuid(&nameless));
    let mut bytes = to_json(&Graph::new(input, namespace).document());
    bytes.push(b'\n');
    bytes
}

fn to_json(document: &Document<'_>) -> Vec<u8> {
    serde_json::to_vec_pretty(document)
        .expect("plain structs with text keys always serialise to memory")
}

/// The elements on their way into the document.
struct Graph<'a> {
    namespace: String,
    elements: Vec<Element<'a>>,
    /// Names of the elements that licences have, by expression and by words.
    expressions: BTreeMap<&'a str, String>,
    words: BTreeMap<&'a str, String>,
}

impl<'a> Graph<'a> {
    fn new(input: &SbomInput<'a>, namespace: String) -> Self {
        let mut graph = Self {
            namespace,
            elements: Vec::new(),
            expressions: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        let created = match input.timestamp {
            Some(seconds) => time::from_seconds(seconds),
            None => input.config.created.as_deref().and_then(time::from_text),
        };
        graph.elements.push(Element::CreationInfo {
            id: CREATION,
            version: "3.0.1",
            created: created.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
            by: vec![graph.id("agent")],
            using: vec![graph.id("tool")],
        });
        graph.push("agent", |common| Element::SoftwareAgent {
            common,
            name: "plimsoll",
        });
        let tool = format!("plimsoll-{}", input.tool_version);
        graph.push("tool", |common| Element::Tool { common, name: tool });
        let roots = [graph.id("sbom"), graph.id("image")];
        let [sbom, image] = roots;
        graph.push("document", |common| Element::SpdxDocument {
            common,
            name: input.name,
            comment: input.incomplete(),
            roots: vec![sbom],
            profiles: ["core", "software", "simpleLicensing"],
        });
        graph.push("sbom", |common| Element::Sbom {
            common,
            kinds: ["analyzed"],
            roots: vec![image],
        });
        graph.image(input);
        graph
    }

    fn document(self) -> Document<'a> {
        Document {
            context: "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
            graph: self.elements,
        }
    }

    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.namespace)
    }

    fn push(&mut self, name: &str, make: impl FnOnce(Common) -> Element<'a>) {
        let common = Common {
            id: self.id(name),
            creation: CREATION,
        };
        self.elements.push(make(common));
    }

    /// The image and all that it holds.
    fn image(&mut self, input: &SbomInput<'a>) {
        let platform = input.config.platform.as_ref();
        let purl = oci_purl(
            input.called,
            input.digest,
            platform.map(|platform| platform.architecture.as_str()),
        );
        self.push("image", |common| Element::Package {
            common,
            name: input.name,
            version: Some(input.digest.as_str()),
            purl: Some(purl),
            purpose: "container",
            hashes: vec![Hash {
                kind: "Hash",
                algorithm: "sha256",
                value: input.digest.hex(),
            }],
            source_info: None,
        });
        let mut contained = Vec::new();
        if let Some(distribution) = &input.inventory.distribution {
            self.push("system", |common| Element::Package {
                common,
                name: &distribution.id,
                version: Some(distribution.version.as_str()).filter(|text| !text.is_empty()),
                purl: None,
                purpose: "operatingSystem",
                hashes: Vec::new(),
                source_info: None,
            });
            contained.push(self.id("system"));
        }
        let mut owners: BTreeMap<&str, String> = BTreeMap::new();
        let mut owned: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (index, package) in input.inventory.packages.iter().enumerate() {
            let name = format!("package-{}", index + 1);
            self.package(input, package, &name);
            let id = self.id(&name);
            if package.kind.is_system() {
                owners.entry(&package.name).or_insert_with(|| id.clone());
            }
            if let Some(owner) = &package.owned_by {
                owned.entry(owner).or_default().push(id.clone());
            }
            contained.push(id);
        }
        if !contained.is_empty() {
            let image = self.id("image");
            self.relate("contents", image, "contains", contained);
        }
        for (owner, packages) in owned {
            if let Some(owner) = owners.get(owner) {
                let name = format!(
                    "contents-of-{}",
                    owner.rsplit('#').next().unwrap_or_default()
                );
                self.relate(&name, owner.clone(), "contains", packages);
            }
        }
    }

    fn package(&mut self, input: &SbomInput<'a>, package: &'a Package, name: &str) {
        let mut story = format!(
            "{}: {}; layer {}",
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
        self.push(name, |common| Element::Package {
            common,
            name: &package.name,
            version: Some(package.version.as_str()).filter(|text| !text.is_empty()),
            purl: (!package.purl.is_empty()).then(|| package.purl.clone()),
            purpose: match package.kind {
                PackageKind::Generic => "application",
                _ => "library",
            },
            hashes: Vec::new(),
            source_info: Some(story),
        });
        if let Some(license) = self.license(package) {
            let from = self.id(name);
            self.relate(
                &format!("license-of-{name}"),
                from,
                "hasDeclaredLicense",
                vec![license],
            );
        }
    }

    /// The element of a package's licence, made when first wanted.
    fn license(&mut self, package: &'a Package) -> Option<String> {
        if let Some(expression) = &package.license_expression {
            if let Some(known) = self.expressions.get(expression.as_str()) {
                return Some(known.clone());
            }
            // Names of its own must be told what they stand for.
            let names = expression.split([' ', '(', ')', '+']);
            let mut own: Vec<&str> = names
                .filter(|word| word.starts_with("LicenseRef-"))
                .collect();
            own.sort_unstable();
            own.dedup();
            let own = own
                .into_iter()
                .map(|name| Entry {
                    kind: "DictionaryEntry",
                    key: name,
                    value: self.words(name.trim_start_matches("LicenseRef-")),
                })
                .collect();
            let name = format!("expression-{}", self.expressions.len() + 1);
            self.push(&name, |common| Element::LicenseExpression {
                common,
                expression,
                own,
            });
            let id = self.id(&name);
            self.expressions.insert(expression, id.clone());
            return Some(id);
        }
        let words = package.license.as_deref().map(str::trim)?;
        (!words.is_empty()).then(|| self.words(words))
    }

    fn words(&mut self, words: &'a str) -> String {
        if let Some(known) = self.words.get(words) {
            return known.clone();
        }
        let name = format!("license-text-{}", self.words.len() + 1);
        self.push(&name, |common| Element::LicenseText {
            common,
            text: words,
        });
        let id = self.id(&name);
        self.words.insert(words, id.clone());
        id
    }

    fn relate(&mut self, name: &str, from: String, kind: &'static str, to: Vec<String>) {
        self.push(name, |common| Element::Relationship {
            common,
            from,
            kind,
            to,
        });
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: Vec<Element<'a>>,
}

/// What every element but the creation has.
#[derive(Serialize)]
struct Common {
    #[serde(rename = "spdxId")]
    id: String,
    #[serde(rename = "creationInfo")]
    creation: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Element<'a> {
    CreationInfo {
        #[serde(rename = "@id")]
        id: &'static str,
        #[serde(rename = "specVersion")]
        version: &'static str,
        created: String,
        #[serde(rename = "createdBy")]
        by: Vec<String>,
        #[serde(rename = "createdUsing")]
        using: Vec<String>,
    },
    SoftwareAgent {
        #[serde(flatten)]
        common: Common,
        name: &'static str,
    },
    Tool {
        #[serde(flatten)]
        common: Common,
        name: String,
    },
    SpdxDocument {
        #[serde(flatten)]
        common: Common,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        #[serde(rename = "rootElement")]
        roots: Vec<String>,
        #[serde(rename = "profileConformance")]
        profiles: [&'static str; 3],
    },
    #[serde(rename = "software_Sbom")]
    Sbom {
        #[serde(flatten)]
        common: Common,
        #[serde(rename = "software_sbomType")]
        kinds: [&'static str; 1],
        #[serde(rename = "rootElement")]
        roots: Vec<String>,
    },
    #[serde(rename = "software_Package")]
    Package {
        #[serde(flatten)]
        common: Common,
        name: &'a str,
        #[serde(
            rename = "software_packageVersion",
            skip_serializing_if = "Option::is_none"
        )]
        version: Option<&'a str>,
        #[serde(
            rename = "software_packageUrl",
            skip_serializing_if = "Option::is_none"
        )]
        purl: Option<String>,
        #[serde(rename = "software_primaryPurpose")]
        purpose: &'static str,
        #[serde(rename = "verifiedUsing", skip_serializing_if = "Vec::is_empty")]
        hashes: Vec<Hash<'a>>,
        #[serde(
            rename = "software_sourceInfo",
            skip_serializing_if = "Option::is_none"
        )]
        source_info: Option<String>,
    },
    #[serde(rename = "simplelicensing_LicenseExpression")]
    LicenseExpression {
        #[serde(flatten)]
        common: Common,
        #[serde(rename = "simplelicensing_licenseExpression")]
        expression: &'a str,
        #[serde(
            rename = "simplelicensing_customIdToUri",
            skip_serializing_if = "Vec::is_empty"
        )]
        own: Vec<Entry<'a>>,
    },
    #[serde(rename = "simplelicensing_SimpleLicensingText")]
    LicenseText {
        #[serde(flatten)]
        common: Common,
        #[serde(rename = "simplelicensing_licenseText")]
        text: &'a str,
    },
    Relationship {
        #[serde(flatten)]
        common: Common,
        from: String,
        #[serde(rename = "relationshipType")]
        kind: &'static str,
        to: Vec<String>,
    },
}

#[derive(Serialize)]
struct Hash<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    algorithm: &'static str,
    #[serde(rename = "hashValue")]
    value: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    key: &'a str,
    value: String,
}
