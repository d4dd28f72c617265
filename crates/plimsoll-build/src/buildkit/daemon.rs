//! The Engine API of a Docker engine, as far as a build needs it: its image store is where bases
//! that it cannot fetch go in, and where the image comes out.

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plimsoll_image::{Access, Image, push};
use plimsoll_model::{Digest, ImageName, ImageRef, hex};
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use serde::Deserialize;

use super::connect::ANSWER;
use super::endpoint::Endpoint;
use super::output::image_error;
use crate::BuildError;

/// How long the engine may be silent while an image goes in or out.
const TRANSFER: Duration = Duration::from_secs(3600);

/// Names under this are ours. `.invalid` is nobody's (RFC 2606), so an engine can never look it up
/// elsewhere.
const PRIVATE: &str = "plimsoll.invalid";

/// A name made for one build that is this old belongs to a build that was killed.
const ABANDONED: u64 = 24 * 3600;

/// Bases that were put into the engine stay for the next build, until none has asked for them in
/// this long.
const UNUSED: u64 = 14 * 24 * 3600;

/// A base's name is renewed when it is this old, so that a sweep sees that it is in use.
const WORN: u64 = 24 * 3600;

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
    #[serde(rename = "RootFS", default)]
    root: Root,
    #[serde(rename = "Metadata", default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Root {
    #[serde(rename = "Layers", default)]
    layers: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "LastTagTime", default)]
    tagged: Option<String>,
}

impl StoredImage {
    /// The manifest digest it was pulled by under that name, else under another.
    pub(crate) fn digest(&self, name: &ImageName) -> Option<Digest> {
        self.known()
            .find(|known| known.registry == name.registry && known.repository == name.repository)
            .or_else(|| self.known().next())
            .and_then(|known| known.digest)
    }

    /// Whether this is `image`. An engine that keeps images as containerd does has another id for
    /// it; there the layers tell.
    fn is(&self, image: &Image) -> bool {
        let layers = self.root.layers.iter().flatten().map(String::as_str);
        self.id == image.manifest.config.digest.as_str()
            || layers.eq(image.diff_ids.iter().map(Digest::as_str))
    }

    /// Whether the last name it got is at least `age` seconds old; none where the engine does not
    /// tell, as of an image that was loaded and named by nobody since.
    fn tagged_before(&self, age: u64) -> Option<bool> {
        let until = i64::try_from(now().saturating_sub(age)).unwrap_or(i64::MAX);
        let until = crate::time::rfc3339(Some(until));
        // Engines write their own time zone; a few hours do not matter here.
        let tagged = self.metadata.tagged.as_deref()?.get(..19)?;
        (!tagged.starts_with("0001-")).then(|| until.get(..19).is_some_and(|until| tagged <= until))
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

    /// Makes `image` known to the engine under a name made from its content, which stays for the
    /// next build, and says which. It is sent only where the engine lacks it.
    pub(crate) fn keep(&self, image: &Image, access: &Access) -> Result<String, BuildError> {
        let id = &image.manifest.config.digest;
        let (repository, tag) = (format!("{PRIVATE}/{KEPT}"), id.hex());
        let name = format!("{repository}:{tag}");
        match self.image(&name)? {
            Some(stored) if stored.is(image) => {
                if stored.tagged_before(WORN) != Some(false) {
                    self.tag(&stored.id, &repository, tag)?;
                }
            }
            _ if self.image(id.as_str())?.is_some() => self.tag(id.as_str(), &repository, tag)?,
            _ => {
                let place = ImageRef::Daemon(name.clone());
                push(image, &[], &place, &[], access, &|_| {}).map_err(image_error)?;
                // Loading tells no time, and what has none would look unused for ever.
                self.tag(&name, &repository, tag)?;
            }
        }
        Ok(name)
    }

    fn tag(&self, image: &str, repository: &str, tag: &str) -> Result<(), BuildError> {
        let response = self.send(
            self.client
                .post(format!(
                    "{}/images/{}/tag{}",
                    self.base,
                    escape(image),
                    query(&[("repo", repository), ("tag", tag)])
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

    /// Takes away what killed builds left, and bases that nobody builds on any more.
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
        for name in listed
            .unwrap_or_default()
            .into_iter()
            .filter_map(|image| image.repo_tags)
            .flatten()
        {
            let ended = match Private::of(&name) {
                Some(Private::OneBuild(made)) => made.saturating_add(ABANDONED) < now(),
                Some(Private::Kept) => self.image(&name).is_ok_and(|image| {
                    image.is_some_and(|image| image.tagged_before(UNUSED) == Some(true))
                }),
                None => false,
            };
            if ended {
                self.untag(&name);
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

/// Repository of the names that stay.
const KEPT: &str = "base";

/// A name of ours.
#[derive(Debug, PartialEq, Eq)]
enum Private {
    /// For one build, made at that second.
    OneBuild(u64),
    /// For every build on that image.
    Kept,
}

impl Private {
    fn of(name: &str) -> Option<Self> {
        let (repository, tag) = name
            .strip_prefix(PRIVATE)?
            .strip_prefix('/')?
            .split_once(':')?;
        if repository == KEPT && tag.len() == 64 {
            return Some(Self::Kept);
        }
        let (made, _) = tag.split_once('-')?;
        u64::from_str_radix(made, 16).ok().map(Self::OneBuild)
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
    hex(&bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_names_are_told_from_others() {
        let hex = "a".repeat(64);
        for (name, wanted) in [
            (format!("plimsoll.invalid/base:{hex}"), Some(Private::Kept)),
            (
                "plimsoll.invalid/build:65000000-00ff".to_owned(),
                Some(Private::OneBuild(0x6500_0000)),
            ),
            (
                "plimsoll.invalid/base:65000000-00ff".to_owned(),
                Some(Private::OneBuild(0x6500_0000)),
            ),
            ("plimsoll.invalid/build:latest".to_owned(), None),
            (format!("debian:{hex}"), None),
        ] {
            assert_eq!(Private::of(&name), wanted, "{name}");
        }
    }

    #[test]
    fn a_base_grows_old() {
        let tagged = |ago: u64| StoredImage {
            metadata: Metadata {
                tagged: Some(
                    crate::time::rfc3339(Some(i64::try_from(now() - ago).unwrap()))
                        .replace('Z', ".123456789Z"),
                ),
            },
            ..serde_json::from_str(r#"{"Id":"sha256:1"}"#).unwrap()
        };
        assert_eq!(tagged(60).tagged_before(UNUSED), Some(false));
        assert_eq!(tagged(UNUSED + 60).tagged_before(UNUSED), Some(true));
        let untold: StoredImage = serde_json::from_str(r#"{"Id":"sha256:1"}"#).unwrap();
        assert_eq!(untold.tagged_before(UNUSED), None);
        // So Docker says that it was never named.
        let mut loaded = tagged(60);
        loaded.metadata.tagged = Some("0001-01-01T00:00:00Z".to_owned());
        assert_eq!(loaded.tagged_before(UNUSED), None);
    }
}
