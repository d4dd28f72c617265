//! Images in an engine: Docker's (Engine API: `/images/…/json`, `/images/…/get`, `/images/load`) and
//! Podman's (`/libpod/images/…/exists`, `/libpod/images/…/get`).

mod endpoint;
mod packed;

pub use self::endpoint::context_endpoint;

use std::collections::HashMap;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::{ImageConfig, ImageName};
use reqwest::StatusCode;
use reqwest::blocking::{Body, Client, Response};

use crate::archive::write_archive;
use crate::{Access, Descriptor, Image, ImageError, spool};

/// Packing a large image takes the engine a while before its first byte.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether it has an image, an engine knows at once.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read.
const ANSWER_LIMIT: u64 = 64 << 20;

/// Which program answers: they name and hand out images differently.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dialect {
    Docker,
    /// Podman, whose own interface knows its short names (`app` is `localhost/app`), with the
    /// version to speak.
    Podman(String),
}

/// An engine that was reached.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    client: Client,
    base: String,
    place: String,
    dialect: Dialect,
}

impl Daemon {
    /// Finds Docker's socket; does not speak to it yet.
    pub(crate) fn connect(access: &Access) -> Result<Self, ImageError> {
        let named = match &access.docker_host {
            Some(host) => Some(host.clone()),
            None => context_endpoint(access)?,
        };
        let place = match named {
            Some(host) => host,
            None => {
                let sockets = endpoint::docker_sockets();
                let found = sockets.iter().find(|path| path.exists());
                let path = found.ok_or_else(|| {
                    ImageError::Unavailable(format!(
                        "no Docker engine: there is no socket at {}; name one with DOCKER_HOST",
                        listed(&sockets)
                    ))
                })?;
                format!("unix://{}", path.display())
            }
        };
        Self::at(place, Dialect::Docker)
    }

    /// Finds Podman's sockets, the user's own before root's, and asks each for its version.
    pub(crate) fn podmen(access: &Access) -> Result<Vec<Self>, ImageError> {
        let places: Vec<String> = match &access.podman_host {
            Some(host) => vec![host.clone()],
            None => {
                let sockets = endpoint::podman_sockets(access);
                let there = sockets.iter().filter(|path| path.exists());
                let found: Vec<_> = there
                    .map(|path| format!("unix://{}", path.display()))
                    .collect();
                if found.is_empty() {
                    return Err(ImageError::Unavailable(format!(
                        "no Podman: there is no socket at {}; `systemctl --user start \
                         podman.socket` makes it listen, CONTAINER_HOST names another socket",
                        listed(&sockets)
                    )));
                }
                found
            }
        };
        let mut reached = Vec::new();
        let mut failure = None;
        for place in places {
            match Self::podman_at(place) {
                Ok(daemon) => reached.push(daemon),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if reached.is_empty() => Err(error),
            _ => Ok(reached),
        }
    }

    /// The first Podman that answers.
    pub(crate) fn podman(access: &Access) -> Result<Self, ImageError> {
        let mut podmen = Self::podmen(access)?.into_iter();
        podmen
            .next()
            .ok_or_else(|| ImageError::Unavailable("no Podman answers".to_owned()))
    }

    fn podman_at(place: String) -> Result<Self, ImageError> {
        let mut daemon = Self::at(place, Dialect::Podman("4.0.0".to_owned()))?;
        let response = daemon
            .client
            .get(format!("{}/_ping", daemon.base))
            .timeout(ANSWER_PATIENCE)
            .send()
            .map_err(|error| daemon.lost(error))?;
        let version = response
            .headers()
            .get("libpod-api-version")
            .and_then(|version| version.to_str().ok())
            .filter(|version| {
                version
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
            });
        let version = version.ok_or_else(|| {
            let problem = format!("{} is not a Podman that answers", daemon.place);
            ImageError::Unavailable(problem)
        })?;
        daemon.dialect = Dialect::Podman(version.to_owned());
        Ok(daemon)
    }

    fn at(place: String, dialect: Dialect) -> Result<Self, ImageError> {
        let program = match dialect {
            Dialect::Docker => "Docker engine",
            Dialect::Podman(_) => "Podman",
        };
        let builder = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            // An engine is spoken to in clear: reading the machine's certificates takes longer than
            // asking it.
            .tls_certs_only([])
            .no_proxy();
        let (builder, base) = if let Some(socket) = place.strip_prefix("unix://") {
            if !Path::new(socket).exists() {
                return Err(ImageError::Unavailable(format!(
                    "no {program}: there is no socket {socket}"
                )));
            }
            (
                builder.unix_socket(PathBuf::from(socket)),
                "http://localhost".to_owned(),
            )
        } else if let Some(address) = place
            .strip_prefix("tcp://")
            .filter(|address| is_loopback(address))
        {
            (builder, format!("http://{address}"))
        } else {
            return Err(ImageError::Usage(format!(
                "the {program} at {} cannot be reached: unix sockets and tcp:// to this machine can",
                crate::http::told_address(&place).escape_debug()
            )));
        };
        let client = builder.build().map_err(|error| {
            ImageError::Unavailable(format!("{place}: {}", crate::http::why(error)))
        })?;
        Ok(Self {
            client,
            base,
            place,
            dialect,
        })
    }

    /// The program and where it listens, for people.
    pub(crate) fn describe(&self) -> String {
        let program = match self.dialect {
            Dialect::Docker => "the Docker engine",
            Dialect::Podman(_) => "Podman",
        };
        format!("{program} at {}", self.place)
    }

    /// Whether the engine has an image of this name.
    pub(crate) fn has(&self, name: &str) -> Result<bool, ImageError> {
        let name = path_of(name)?;
        let path = match &self.dialect {
            Dialect::Docker => format!("/images/{name}/json"),
            Dialect::Podman(version) => format!("/v{version}/libpod/images/{name}/exists"),
        };
        let response = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(ANSWER_PATIENCE)
            .send()
            .map_err(|error| self.lost(error))?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused(response, name)),
        }
    }

    /// Every name the engine has for its images, tags and digests, with the image's id.
    pub(crate) fn names(&self, patience: Duration) -> Result<Vec<(String, String)>, ImageError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct One {
            id: String,
            #[serde(default)]
            repo_tags: Option<Vec<String>>,
            #[serde(default)]
            repo_digests: Option<Vec<String>>,
        }
        let listed: Vec<One> = self.ask("/images/json", patience)?;
        Ok(listed
            .into_iter()
            .flat_map(|one| {
                let names = [one.repo_tags, one.repo_digests];
                let names: Vec<String> = names.into_iter().flatten().flatten().collect();
                names.into_iter().map(move |name| (name, one.id.clone()))
            })
            .collect())
    }

    /// The configuration of an image, without the image.
    pub(crate) fn config(&self, id: &str, patience: Duration) -> Result<ImageConfig, ImageError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Told {
            #[serde(default)]
            created: Option<String>,
            #[serde(default)]
            os: String,
            #[serde(default)]
            architecture: String,
            #[serde(default)]
            variant: Option<String>,
            #[serde(default)]
            config: serde_json::Value,
        }
        let told: Told = self.ask(&format!("/images/{}/json", path_of(id)?), patience)?;
        let raw = serde_json::json!({
            "created": told.created,
            "os": told.os,
            "architecture": told.architecture,
            "variant": told.variant,
            "config": told.config,
        });
        crate::parse_config(raw.to_string().as_bytes(), &self.place).map(|(config, _)| config)
    }

    fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<T, ImageError> {
        let response = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(patience)
            .send()
            .map_err(|error| self.lost(error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(ImageError::NotFound(format!(
                    "the engine at {} does not know {path}",
                    self.place
                )));
            }
            _ => return Err(self.refused(response, path)),
        }
        let mut bytes = Vec::new();
        response
            .take(ANSWER_LIMIT)
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::from_read(&self.place, error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| ImageError::invalid(&self.place, format!("odd answer: {error}")))
    }

    /// Gives the image to the engine under `names`.
    pub(crate) fn load(
        &self,
        image: &Image,
        names: &[String],
        access: &Access,
        on_blob: impl FnMut(&Descriptor),
    ) -> Result<u64, ImageError> {
        let mut file = spool::nameless(access)?;
        let blobs = {
            let mut buffered = std::io::BufWriter::with_capacity(128 << 10, &mut file);
            write_archive(image, names, &mut buffered, on_blob)?
        };
        let size = file
            .stream_position()
            .and_then(|size| file.rewind().map(|()| size))
            .map_err(|error| ImageError::io(&std::env::temp_dir(), error))?;
        let mut response = self
            .client
            .post(format!("{}/images/load?quiet=1", self.base))
            .header("Content-Type", "application/x-tar")
            .body(Body::sized(file, size))
            .send()
            .map_err(|error| self.lost(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response, &image.name));
        }
        // The engine answers 200 first and tells of failures in the stream of messages behind.
        let mut text = String::new();
        response
            .by_ref()
            .take(1 << 20)
            .read_to_string(&mut text)
            .map_err(|error| ImageError::from_read(&self.place, error))?;
        match text.lines().find_map(engine_error) {
            Some(error) => Err(ImageError::Denied(format!(
                "{}: loading {} failed: {}",
                self.place,
                image.name,
                error.escape_debug()
            ))),
            None => Ok(blobs),
        }
    }

    fn get(&self, path: &str) -> Result<Response, ImageError> {
        self.client
            .get(format!("{}{path}", self.base))
            .send()
            .map_err(|error| self.lost(error))
    }

    fn lost(&self, error: reqwest::Error) -> ImageError {
        ImageError::Unavailable(format!("{}: {}", self.describe(), crate::http::why(error)))
    }

    fn refused(&self, response: Response, name: &str) -> ImageError {
        let status = response.status();
        let mut text = String::new();
        let _ = response.take(4096).read_to_string(&mut text);
        let message = serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|value| value.get("message")?.as_str().map(str::to_owned))
            .unwrap_or_default();
        ImageError::Denied(format!(
            "{name}: {} answers {status} {}",
            self.describe(),
            message.escape_debug()
        ))
    }
}

fn engine_error(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("error")?.as_str().map(str::to_owned)
}

/// What a Docker engine holds, asked for once: which names there are, and their configurations.
#[derive(Debug)]
pub struct DaemonImages {
    daemon: Daemon,
    names: HashMap<ImageName, String>,
    patience: Duration,
}

impl DaemonImages {
    /// Asks the engine for its names; it has `patience` for each answer.
    ///
    /// # Errors
    /// There is no engine, or it does not answer.
    pub fn ask(access: &Access, patience: Duration) -> Result<Self, ImageError> {
        let daemon = Daemon::connect(access)?;
        let mut names = HashMap::new();
        for (name, id) in daemon.names(patience)? {
            // `<none>:<none>` is no name.
            if let Ok(name) = ImageName::parse(&name) {
                names.insert(canonical(name), id);
            }
        }
        Ok(Self {
            daemon,
            names,
            patience,
        })
    }

    /// The configuration of the image of that name; `None` where the engine has none.
    ///
    /// # Errors
    /// The engine does not answer.
    pub fn config(&self, name: &ImageName) -> Result<Option<ImageConfig>, ImageError> {
        match self.names.get(&canonical(name.clone())) {
            Some(id) => self.daemon.config(id, self.patience).map(Some),
            None => Ok(None),
        }
    }
}

/// A digest says it all; without one no tag means `latest`.
fn canonical(mut name: ImageName) -> ImageName {
    if name.digest.is_some() {
        name.tag = None;
    } else {
        name.tag.get_or_insert_with(|| "latest".to_owned());
    }
    name
}

/// The name as part of a request's path: nothing in it may change which request it is.
fn path_of(name: &str) -> Result<&str, ImageError> {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':' | b'@');
    if !name.is_empty()
        && name.bytes().all(plain)
        && !name.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        return Ok(name);
    }
    Err(ImageError::Usage(format!(
        "`{}` is not an image name",
        name.escape_debug()
    )))
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    crate::http::is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_request() {
        for good in ["app", "a/b:1", "sha256:12", "localhost:5000/a@sha256:1"] {
            path_of(good).unwrap();
        }
        for bad in [
            "",
            "../containers/json",
            "a?b",
            "a/../b",
            "a b",
            "/a",
            "a%2e",
        ] {
            assert!(path_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_engine_elsewhere_is_not_spoken_to_in_clear_text() {
        let access = Access {
            docker_host: Some("tcp://10.0.0.1:2375".to_owned()),
            ..Access::default()
        };
        assert!(matches!(
            Daemon::connect(&access),
            Err(ImageError::Usage(_))
        ));
    }
}
