//! The Engine API of a Docker engine, as far as a build needs it: its image store is where bases
//! that it cannot fetch go in, and where the image comes out.

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plimsoll_image::{Access, Image, push};
use plimsoll_model::{Digest, ImageName, ImageRef};
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use serde::Deserialize;

use super::connect::ANSWER;
use super::endpoint::Endpoint;
use super::output::image_error;
use crate::BuildError;

/// How long the engine may be silent while an image goes in or out.
const TRANSFER: Duration = Duration::from_secs(3600);

/// Names under this are ours for the length of one build. `.invalid` is nobody's (RFC 2606), so an
/// engine can never look it up elsewhere.
const PRIVATE: &str = "plimsoll.invalid";

/// A private name this old belongs to a build that was killed.
const ABANDONED: u64 = 24 * 3600;

/// A Docker engine's API.
#[derive(Clone)]
pub(crate) struct Daemon {
    client: Client,
    base: String,
    endpoint: Endpoint,
}

/// What the store knows of an image.
#[derive(Deserialize)]
pub(crate) struct StoredImage {
    #[serde(rename = "Id")]
    pub(crate) id: String,
    #[serde(rename = "RepoDigests", default)]
    repo_digests: Option<Vec<String>>,
    #[serde(rename = "RepoTags", default)]
    repo_tags: Option<Vec<String>>,
}

impl StoredImage {
    /// The manifest digest it was pulled by under that name, else under another.
    pub(crate) fn digest(&self, name: &ImageName) -> Option<Digest> {
        self.known()
            .find(|known| known.registry == name.registry && known.repository == name.repository)
            .or_else(|| self.known().next())
            .and_then(|known| known.digest)
    }

    /// The manifest digest it was pulled by, under whatever name.
    pub(crate) fn any_digest(&self) -> Option<Digest> {
        self.known().next().and_then(|known| known.digest)
    }

    fn known(&self) -> impl Iterator<Item = ImageName> {
        self.repo_digests
            .iter()
            .flatten()
            .filter_map(|text| ImageName::parse(text).ok())
    }
}

impl Daemon {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, BuildError> {
        let builder = Client::builder()
            .no_proxy()
            .connect_timeout(ANSWER)
            .timeout(TRANSFER);
        let (builder, base) = match endpoint {
            Endpoint::Unix(path) => (
                builder.unix_socket(path.as_path()),
                "http://docker".to_owned(),
            ),
            Endpoint::Tcp(address) => (builder, format!("http://{address}")),
        };
        let client = builder.build().map_err(|error| {
            BuildError::Environment(format!("the HTTP client cannot start: {error}"))
        })?;
        Ok(Self {
            client,
            base,
            endpoint: endpoint.clone(),
        })
    }

    /// The engine's version.
    pub(crate) fn version(&self) -> Result<String, BuildError> {
        #[derive(Deserialize)]
        struct Version {
            #[serde(rename = "Version")]
            version: String,
        }
        let response = self.get("/version", ANSWER)?;
        Ok(self.json::<Version>(response)?.version)
    }

    /// Looks an image up by name or id.
    pub(crate) fn image(&self, name: &str) -> Result<Option<StoredImage>, BuildError> {
        let response = self.send(
            self.client
                .get(format!("{}/images/{}/json", self.base, escape(name)))
                .timeout(ANSWER),
        )?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.accepted(response)?;
        self.json(response).map(Some)
    }

    /// Writes `docker save NAME` to `out`.
    pub(crate) fn save(&self, name: &str, out: &mut impl Write) -> Result<(), BuildError> {
        let path = format!("/images/{}/get", escape(name));
        let mut response = self.get(&path, TRANSFER).map_err(|error| match error {
            BuildError::Environment(message) if message.contains("empty export") => {
                BuildError::Unsupported {
                    engine: "buildkit",
                    what: "an image without a layer with this Docker engine".to_owned(),
                    instead: "the native engine can (`--engine native`)".to_owned(),
                    place: None,
                }
            }
            other => other,
        })?;
        io::copy(&mut response, out).map_err(|error| self.lost("saving the image", &error))?;
        Ok(())
    }

    /// Makes `image` known to the engine as `name`, sending it only where it is not there yet.
    pub(crate) fn load(
        &self,
        image: &Image,
        name: &PrivateName,
        access: &Access,
    ) -> Result<(), BuildError> {
        let id = &image.manifest.config.digest;
        if self.image(id.as_str())?.is_some() {
            return self.tag(id.as_str(), name);
        }
        let place = ImageRef::Daemon(name.to_string());
        push(image, &[], &place, &[], access, &|_| {})
            .map(drop)
            .map_err(image_error)
    }

    fn tag(&self, image: &str, name: &PrivateName) -> Result<(), BuildError> {
        let response = self.send(
            self.client
                .post(format!(
                    "{}/images/{}/tag{}",
                    self.base,
                    escape(image),
                    query(&[("repo", &name.repository), ("tag", &name.tag)])
                ))
                .timeout(ANSWER),
        )?;
        self.accepted(response).map(drop)
    }

    /// Takes a name away; the image goes with its last name.
    fn untag(&self, name: &str) {
        let request = self
            .client
            .delete(format!("{}/images/{}", self.base, escape(name)))
            .timeout(Duration::from_secs(60));
        // A name that stays costs disk, never a build; the next build sweeps it.
        let _ = request.send();
    }

    /// Takes away what killed builds left.
    pub(crate) fn sweep(&self) {
        let filter = format!("{{\"reference\":{{\"{PRIVATE}/*\":true}}}}");
        let listed = self
            .client
            .get(format!(
                "{}/images/json{}",
                self.base,
                query(&[("filters", &filter)])
            ))
            .timeout(ANSWER)
            .send()
            .ok()
            .filter(|response| response.status().is_success())
            .and_then(|response| response.bytes().ok())
            .and_then(|bytes| serde_json::from_slice::<Vec<StoredImage>>(&bytes).ok());
        let now = now();
        for image in listed.unwrap_or_default() {
            for name in image.repo_tags.unwrap_or_default() {
                let made = name
                    .strip_prefix(PRIVATE)
                    .and_then(|rest| rest.rsplit_once(':'))
                    .and_then(|(_, tag)| tag.split_once('-'))
                    .and_then(|(time, _)| u64::from_str_radix(time, 16).ok());
                if made.is_some_and(|made| made.saturating_add(ABANDONED) < now) {
                    self.untag(&name);
                }
            }
        }
    }

    fn get(&self, path: &str, patience: Duration) -> Result<Response, BuildError> {
        let response = self.send(
            self.client
                .get(format!("{}{path}", self.base))
                .timeout(patience),
        )?;
        self.accepted(response)
    }

    fn send(&self, request: reqwest::blocking::RequestBuilder) -> Result<Response, BuildError> {
        request
            .send()
            .map_err(|error| self.lost("asking", &error.without_url()))
    }

    fn accepted(&self, response: Response) -> Result<Response, BuildError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut text = String::new();
        let _ = response.take(4 << 10).read_to_string(&mut text);
        let told = serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|value| value.get("message")?.as_str().map(str::to_owned))
            .unwrap_or(text);
        Err(BuildError::Environment(format!(
            "the engine at {} answered {status}: {}",
            self.endpoint,
            told.trim().escape_debug()
        )))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, response: Response) -> Result<T, BuildError> {
        let mut text = Vec::new();
        response
            .take(16 << 20)
            .read_to_end(&mut text)
            .map_err(|error| self.lost("reading an answer", &error))?;
        serde_json::from_slice(&text).map_err(|error| {
            BuildError::Environment(format!(
                "the engine at {} answered something else than its API promises: {error}",
                self.endpoint
            ))
        })
    }

    fn lost(&self, doing: &str, error: &dyn std::error::Error) -> BuildError {
        let mut message = format!("the engine at {} was lost while {doing}", self.endpoint);
        let mut next = Some(error);
        while let Some(error) = next {
            message.push_str(&format!(": {error}"));
            next = error.source();
        }
        BuildError::Environment(message)
    }
}

/// A name that an image has in the engine for the length of one build.
pub(crate) struct PrivateName {
    daemon: Daemon,
    repository: String,
    tag: String,
}

impl PrivateName {
    /// Makes up a name for `purpose`; nothing has it yet.
    pub(crate) fn new(daemon: &Daemon, purpose: &str) -> Self {
        Self {
            daemon: daemon.clone(),
            repository: format!("{PRIVATE}/{purpose}"),
            tag: format!("{:x}-{}", now(), random_id()),
        }
    }
}

impl std::fmt::Display for PrivateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl Drop for PrivateName {
    fn drop(&mut self) {
        self.daemon.untag(&self.to_string());
    }
}

/// 32 hexadecimal digits that nobody else has.
pub(crate) fn random_id() -> String {
    let mut bytes = [0; 16];
    if rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty()).is_err() {
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        bytes = (time ^ u128::from(std::process::id()) << 96).to_be_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

/// Escapes a name for a path; slashes stay.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':' | b'/' | b'@' => {
                escaped.push(char::from(byte));
            }
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A query; everything that could end a value early is escaped.
fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                    text.push(char::from(byte));
                }
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}
