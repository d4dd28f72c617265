//! OpenVEX 0.2.0: what a project says of the known vulnerabilities of its image
//! (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).

use std::borrow::Cow;
use std::collections::BTreeSet;

use plimsoll_model::{
    Digest, Platform, SuppressedVulnerability, Vulnerability, VulnerabilityStatus,
};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::oci_purl::oci_purl;
use crate::time::from_seconds;

/// The media type of a document.
pub const MEDIA_TYPE: &str = "application/openvex+json";

/// What a document is made from.
#[derive(Debug)]
pub struct OpenVexInput<'a> {
    /// What the image is called, without the place it lies in.
    pub called: &'a str,
    /// Digest of its manifest.
    pub digest: &'a Digest,
    /// Its platform.
    pub platform: Option<&'a Platform>,
    /// Known vulnerabilities that stand.
    pub vulnerabilities: &'a [Vulnerability],
    /// Those that are set aside.
    pub suppressed: &'a [SuppressedVulnerability],
    /// When this is said, in seconds since 1970: the format demands a time.
    pub timestamp: i64,
    /// Who says so: a person or an organisation.
    pub author: &'a str,
    /// This program's version.
    pub tool_version: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'a str,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Statement<'a> {
    vulnerability: Flaw<'a>,
    products: [Product<'a>; 1],
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

#[derive(Serialize)]
struct Flaw<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    aliases: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    identifiers: Identifiers<'a>,
    hashes: Hashes<'a>,
    subcomponents: [Component<'a>; 1],
}

struct Component<'a> {
    purl: Cow<'a, str>,
}

impl Serialize for Component<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut component = serializer.serialize_struct("Component", 2)?;
        component.serialize_field("@id", &self.purl)?;
        let purl = &self.purl;
        component.serialize_field("identifiers", &Identifiers { purl })?;
        component.end()
    }
}

#[derive(Serialize)]
struct Identifiers<'a> {
    purl: &'a str,
}

#[derive(Serialize)]
struct Hashes<'a> {
    #[serde(rename = "sha-256")]
    sha256: &'a str,
}

/// The labels that the format knows.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

/// The document: a statement for each vulnerability of each package. What does no harm here is
/// `not_affected`; an accepted risk is `affected`, with why it is accepted; what nobody has judged
/// is `under_investigation`. `None` where there is nothing to state: the format knows no empty
/// document.
///
/// The same input gives the same bytes.
pub fn document(input: &OpenVexInput<'_>) -> Option<Vec<u8>> {
    let architecture = input
        .platform
        .map(|platform| platform.architecture.as_str());
    let image = oci_purl(input.called, input.digest, architecture);
    let sha256 = input
        .digest
        .as_str()
        .strip_prefix("sha256:")
        .unwrap_or_default();
    let about = |vulnerability: &'_ Vulnerability| vulnerability.removed_in.is_none();
    // A package may lie in many places, and each has its own finding; the format wants each
    // statement once.
    let mut said = BTreeSet::new();
    let mut statements = Vec::new();
    let standing = input
        .vulnerabilities
        .iter()
        .map(|one| (one, State::unjudged()));
    let mut aside: Vec<_> = input.suppressed.iter().collect();
    aside.sort_by_key(|one| {
        use VulnerabilityStatus::{Fixed, NotAffected};
        matches!(one.status, NotAffected | Fixed)
    });
    let aside = aside
        .into_iter()
        .map(|one| (&one.vulnerability, State::of(one)));
    // What is said of one place must not clear another: the worst that holds anywhere is said.
    for (vulnerability, state) in standing.chain(aside) {
        let purl = bare(&vulnerability.purl);
        if !about(vulnerability) || !said.insert((&vulnerability.id, purl.clone())) {
            continue;
        }
        statements.push(Statement {
            vulnerability: Flaw {
                name: &vulnerability.id,
                aliases: vulnerability.aliases.iter().map(String::as_str).collect(),
            },
            products: [Product {
                id: &image,
                identifiers: Identifiers { purl: &image },
                hashes: Hashes { sha256 },
                subcomponents: [Component { purl }],
            }],
            status: state.status,
            status_notes: state.notes.map(str::to_owned),
            justification: state.justification,
            impact_statement: state.impact,
            action_statement: state.action,
        });
    }
    if statements.is_empty() {
        return None;
    }
    let mut document = Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: String::new(),
        author: input.author,
        timestamp: from_seconds(input.timestamp)
            .or_else(|| from_seconds(0))
            .unwrap_or_default(),
        version: 1,
        tooling: format!("plimsoll {}", input.tool_version),
        statements,
    };
    let content = serde_json::to_vec(&document)
        .expect("plain structs with text keys always serialise to memory");
    let digest = Digest::from_sha256(Sha256::digest(&content).into());
    let hexadecimal = digest.as_str().trim_start_matches("sha256:");
    document.id = format!("https://plimsoll.dev/vex/{hexadecimal}");
    let mut bytes = serde_json::to_vec_pretty(&document)
        .expect("plain structs with text keys always serialise to memory");
    bytes.push(b'\n');
    Some(bytes)
}

/// A package URL as other tools have it of the same package: whoever reads the document compares each of
/// its qualifiers, and each tool names distributions and sources in its own way. The epoch of an RPM package
/// is a part of its version.
fn bare(purl: &str) -> Cow<'_, str> {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let (bare, qualifiers) = purl.split_at(end);
    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    let mut qualifiers = qualifiers.trim_start_matches('?').split('&');
    match qualifiers.find(|one| one.starts_with("epoch=")) {
        Some(epoch) => format!("{bare}?{epoch}").into(),
        None => bare.into(),
    }
}

/// What is said of a vulnerability.
struct State<'a> {
    status: &'static str,
    notes: Option<&'a str>,
    justification: Option<&'a str>,
    impact: Option<&'a str>,
    action: Option<String>,
}

impl<'a> State<'a> {
    fn unjudged() -> Self {
        Self {
            status: "under_investigation",
            notes: None,
            justification: None,
            impact: None,
            action: None,
        }
    }

    fn of(one: &'a SuppressedVulnerability) -> Self {
        match one.status {
            VulnerabilityStatus::NotAffected => Self {
                status: "not_affected",
                // Other formats have other labels.
                justification: one
                    .justification
                    .as_deref()
                    .filter(|label| JUSTIFICATIONS.contains(label)),
                impact: Some(&one.reason),
                ..Self::unjudged()
            },
            VulnerabilityStatus::Fixed => Self {
                status: "fixed",
                notes: Some(&one.reason),
                ..Self::unjudged()
            },
            VulnerabilityStatus::Waived => Self {
                status: "affected",
                notes: Some(&one.reason),
                action: Some(match &one.vulnerability.fixed {
                    Some(version) => format!("Update {} to {version}.", one.vulnerability.name),
                    None => "None: the risk is accepted.".to_owned(),
                }),
                ..Self::unjudged()
            },
            VulnerabilityStatus::KnownBefore => Self::unjudged(),
        }
    }
}
