//! How an image was made: an in-toto Statement v1 with the SLSA provenance v1 predicate.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::{BuildInput, Digest, ImageName, Platform};
use serde::Serialize;

use crate::oci_purl::oci_purl;
use crate::{address, time};

/// Media type of an unsigned statement.
pub const MEDIA_TYPE: &str = "application/vnd.in-toto+json";

/// Type of the predicate (SLSA, "Provenance", v1).
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// Media type of the listing that the digest of a context is taken over.
const CONTEXT_LISTING: &str = "application/vnd.plimsoll.context-listing.v1";

/// Type of the statement (in-toto attestation framework, "Statement", v1).
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Type of a build by this program; docs/provenance.md says what its parameters mean.
pub const BUILD_TYPE: &str = "https://plimsoll.dev/build/v1";

/// What a statement is made from. `Debug` shows no value of a build argument.
#[derive(Clone)]
pub struct ProvenanceInput {
    /// Names of the image, without digest; one subject each. Without a name the subject is the
    /// digest alone.
    pub names: Vec<String>,
    /// Digest of the image's manifest.
    pub digest: Digest,
    /// Name of the Dockerfile as the project has it.
    pub dockerfile: String,
    /// Stage that was asked for.
    pub target: Option<String>,
    /// Platform of the image.
    pub platform: Platform,
    /// Build arguments; of one that may be a credential the name alone, which is told as redacted.
    pub build_args: BTreeMap<String, Option<String>>,
    /// Ids of the secrets that steps could mount. Never values.
    pub secret_ids: Vec<String>,
    /// `SOURCE_DATE_EPOCH` of the build.
    pub source_date_epoch: Option<i64>,
    /// The engine that ran, with its version.
    pub engine: String,
    /// Everything that went in.
    pub inputs: Vec<BuildInput>,
    /// The commit the sources are from.
    pub source: Option<GitSource>,
    /// Who built, as a URI: the workflow in CI, `https://plimsoll.dev/builder/local` elsewhere.
    pub builder_id: String,
    /// Version of this program.
    pub tool_version: String,
    /// Identity of the run, such as the address of the CI run.
    pub invocation_id: Option<String>,
    /// Seconds since 1970.
    pub started_on: Option<i64>,
    /// Seconds since 1970.
    pub finished_on: Option<i64>,
    /// Other documents of the run by digest, such as the bill of materials.
    pub byproducts: Vec<Byproduct>,
}

impl fmt::Debug for ProvenanceInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvenanceInput")
            .field("names", &self.names)
            .field("digest", &self.digest)
            .field("dockerfile", &self.dockerfile)
            .field("target", &self.target)
            .field("build_args", &self.build_args.keys())
            .field("builder_id", &self.builder_id)
            .finish_non_exhaustive()
    }
}

/// The commit the sources are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// Address of the repository; credentials in it are not written.
    pub url: Option<String>,
    /// Full hexadecimal name of the commit.
    pub commit: String,
    /// Whether files differ from the commit.
    pub dirty: bool,
}

/// A document made along with the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Byproduct {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
}

/// Writes the statement. Equal input gives equal bytes.
pub fn statement(input: &ProvenanceInput) -> Vec<u8> {
    let statement = Statement {
        kind: STATEMENT_TYPE,
        subject: subjects(input),
        predicate_type: PREDICATE_TYPE,
        predicate: Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE,
                external_parameters: external_parameters(input),
                internal_parameters: InternalParameters {
                    engine: &input.engine,
                },
                resolved_dependencies: dependencies(input),
            },
            run_details: RunDetails {
                builder: Builder {
                    id: &input.builder_id,
                    version: BTreeMap::from([("plimsoll", input.tool_version.as_str())]),
                },
                metadata: RunMetadata {
                    invocation_id: input.invocation_id.as_deref(),
                    started_on: input.started_on.and_then(time::from_seconds),
                    finished_on: input.finished_on.and_then(time::from_seconds),
                },
                byproducts: byproducts(input),
            },
        },
    };
    let mut bytes = serde_json::to_vec_pretty(&statement)
        .expect("plain structs with text keys always serialise to memory");
    bytes.push(b'\n');
    bytes
}

fn subjects(input: &ProvenanceInput) -> Vec<Resource> {
    let mut names: Vec<&str> = input.names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        // The name of a subject is required; `_` says that none is meant (in-toto, "Statement").
        names.push("_");
    }
    names
        .into_iter()
        .map(|name| Resource {
            name: Some(name.to_owned()),
            digest: sha256(&input.digest),
            ..Resource::default()
        })
        .collect()
}

fn external_parameters(input: &ProvenanceInput) -> ExternalParameters<'_> {
    let mut secrets: Vec<&str> = input.secret_ids.iter().map(String::as_str).collect();
    secrets.sort_unstable();
    secrets.dedup();
    ExternalParameters {
        dockerfile: &input.dockerfile,
        target: input.target.as_deref(),
        platform: input.platform.to_string(),
        build_args: input
            .build_args
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
            .collect(),
        redacted_build_args: input
            .build_args
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.as_str())
            .collect(),
        secrets,
        source_date_epoch: input.source_date_epoch,
    }
}

fn dependencies(input: &ProvenanceInput) -> Vec<Resource> {
    let mut resources: Vec<Resource> = input.inputs.iter().map(resource).collect();
    if let Some(source) = &input.source {
        let address = source.url.as_deref().map(address::without_login);
        resources.push(Resource {
            name: Some("source".to_owned()),
            uri: address.map(|address| match address.contains("://") {
                true => format!("git+{address}@{}", source.commit),
                // `git@host:path`, as ssh takes it.
                false => match address.split_once(':') {
                    Some((host, path)) => format!("git+ssh://{host}/{path}@{}", source.commit),
                    None => format!("git+file://{address}@{}", source.commit),
                },
            }),
            digest: BTreeMap::from([("gitCommit", source.commit.clone())]),
            annotations: if source.dirty {
                BTreeMap::from([("dirty", serde_json::Value::Bool(true))])
            } else {
                BTreeMap::new()
            },
            ..Resource::default()
        });
    }
    resources.sort_by(|a, b| (&a.name, &a.uri, &a.digest).cmp(&(&b.name, &b.uri, &b.digest)));
    resources.dedup();
    resources
}

fn resource(input: &BuildInput) -> Resource {
    match input {
        BuildInput::Base { reference, digest } => Resource {
            name: Some(reference.clone()),
            uri: Some(match ImageName::parse(reference) {
                Ok(name) => oci_purl(&name.to_string(), digest, None),
                Err(_) => oci_purl(reference, digest, None),
            }),
            digest: sha256(digest),
            ..Resource::default()
        },
        BuildInput::Context {
            name,
            digest,
            files,
        } => Resource {
            name: Some(name.clone()),
            digest: sha256(digest),
            media_type: Some(CONTEXT_LISTING.to_owned()),
            annotations: BTreeMap::from([("files", serde_json::Value::from(*files))]),
            ..Resource::default()
        },
        BuildInput::Dockerfile { name, digest } => Resource {
            name: Some(name.clone()),
            digest: sha256(digest),
            ..Resource::default()
        },
        BuildInput::Http { url, digest } => {
            let url = address::without_login(url);
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            Resource {
                name: Some(url.clone()),
                uri: Some(url),
                digest: sha256(digest),
                ..Resource::default()
            }
        }
    }
}

fn byproducts(input: &ProvenanceInput) -> Vec<Resource> {
    let mut resources: Vec<Resource> = input
        .byproducts
        .iter()
        .map(|byproduct| Resource {
            name: Some(byproduct.name.clone()),
            digest: sha256(&byproduct.digest),
            media_type: Some(byproduct.media_type.clone()),
            ..Resource::default()
        })
        .collect();
    resources.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
    resources
}

fn sha256(digest: &Digest) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("sha256", digest.hex().to_owned())])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource>,
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    build_definition: BuildDefinition<'a>,
    run_details: RunDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: &'static str,
    external_parameters: ExternalParameters<'a>,
    internal_parameters: InternalParameters<'a>,
    resolved_dependencies: Vec<Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalParameters<'a> {
    dockerfile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    platform: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    build_args: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacted_build_args: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_date_epoch: Option<i64>,
}

#[derive(Serialize)]
struct InternalParameters<'a> {
    engine: &'a str,
}

/// A resource descriptor (in-toto attestation framework, "ResourceDescriptor", v1).
#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    digest: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, serde_json::Value>,
}

#[derive(Serialize)]
struct RunDetails<'a> {
    builder: Builder<'a>,
    metadata: RunMetadata<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    byproducts: Vec<Resource>,
}

#[derive(Serialize)]
struct Builder<'a> {
    id: &'a str,
    version: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunMetadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_on: Option<String>,
}
