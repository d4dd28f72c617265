//! Sending blobs and manifests.

use plimsoll_model::Digest;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};

use super::{MANIFEST_TYPES, Repository};
use crate::http::{Action, Content, Failure, unexpected};
use crate::{BlobSource, Descriptor, ImageError};

/// Whether a blob had to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    Sent,
    There,
}

impl Repository {
    /// Sends a blob unless the registry has it, or can take it from another of its repositories.
    pub(crate) fn send_blob(
        &self,
        descriptor: &Descriptor,
        source: &dyn BlobSource,
    ) -> Result<Transfer, ImageError> {
        if self.has_blob(&descriptor.digest)? {
            return Ok(Transfer::There);
        }
        let place = format!("{}: blob {}", self.describe(), descriptor.digest);
        let neighbour = source
            .origin()
            .filter(|origin| {
                origin.registry == self.name.registry && origin.repository != self.name.repository
            })
            .map(|origin| origin.repository.as_str());
        let own = Action::push(&self.name.repository);
        // A registry that does not let us read the other repository refuses the whole token; the
        // blob is then simply sent.
        if let Some(from) = neighbour {
            let url = self.url(&format!(
                "blobs/uploads/?mount={}&from={from}",
                descriptor.digest
            ))?;
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            let action = own.clone().and_pull(from);
            let answer = self
                .http
                .once(&Method::POST, &url, &action, &headers, Content::None);
            if answer.is_ok_and(|answer| answer.status() == StatusCode::CREATED) {
                return Ok(Transfer::There);
            }
        }
        self.http.retry(&place, || {
            let url = self.url("blobs/uploads/")?;
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            let begun = self
                .http
                .once(&Method::POST, &url, &own, &headers, Content::None)?;
            if begun.status() != StatusCode::ACCEPTED {
                return Err(unexpected(&place, begun).into());
            }
            let location = begun
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            let mut upload = self.http.follow(&url, location)?;
            upload
                .query_pairs_mut()
                .append_pair("digest", descriptor.digest.as_str());
            let content = Content::Stream {
                reader: Box::new(source.blob(descriptor)?),
                size: descriptor.size,
            };
            let done = self
                .http
                .once(&Method::PUT, &upload, &own, &HeaderMap::new(), content)?;
            match done.status() {
                StatusCode::CREATED | StatusCode::OK | StatusCode::NO_CONTENT => Ok(Transfer::Sent),
                // The upload session may have been lost with the process behind it.
                StatusCode::NOT_FOUND => Err(Failure::Retry {
                    silent: false,
                    why: "the registry lost the upload".to_owned(),
                    wait: None,
                }),
                _ => Err(unexpected(&place, done).into()),
            }
        })
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, ImageError> {
        let place = format!("{}: blob {digest}", self.describe());
        let url = self.url(&format!("blobs/{digest}"))?;
        let action = Action::push(&self.name.repository);
        self.http.retry(&place, || {
            let answer = self.http.once(
                &Method::HEAD,
                &url,
                &action,
                &HeaderMap::new(),
                Content::None,
            )?;
            match answer.status() {
                StatusCode::OK => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(unexpected(&place, answer).into()),
            }
        })
    }

    /// What a tag or digest points to, without fetching it.
    fn points_to(&self, reference: &str) -> Result<Option<String>, ImageError> {
        let place = format!("{}: manifest {reference}", self.describe());
        let url = self.url(&format!("manifests/{reference}"))?;
        let action = Action::push(&self.name.repository);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST_TYPES));
        self.http.retry(&place, || {
            let answer = self
                .http
                .once(&Method::HEAD, &url, &action, &headers, Content::None)?;
            match answer.status() {
                StatusCode::OK => Ok(answer
                    .headers()
                    .get("docker-content-digest")
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)),
                StatusCode::NOT_FOUND => Ok(None),
                _ => Err(unexpected(&place, answer).into()),
            }
        })
    }

    /// Puts a manifest under a tag or its digest. One that is there already is not put again: a
    /// registry with immutable tags would refuse even the same bytes.
    pub(crate) fn send_manifest(
        &self,
        descriptor: &Descriptor,
        raw: &[u8],
        reference: &str,
    ) -> Result<Transfer, ImageError> {
        if self.points_to(reference)?.as_deref() == Some(descriptor.digest.as_str()) {
            return Ok(Transfer::There);
        }
        let place = format!("{}: manifest {reference}", self.describe());
        let url = self.url(&format!("manifests/{reference}"))?;
        let action = Action::push(&self.name.repository);
        self.http.retry(&place, || {
            let content = Content::Bytes {
                media_type: &descriptor.media_type,
                bytes: raw,
            };
            let answer = self
                .http
                .once(&Method::PUT, &url, &action, &HeaderMap::new(), content)?;
            if !matches!(
                answer.status(),
                StatusCode::CREATED | StatusCode::OK | StatusCode::ACCEPTED
            ) {
                return Err(unexpected(&place, answer).into());
            }
            let said = answer
                .headers()
                .get("docker-content-digest")
                .and_then(|value| value.to_str().ok());
            match said {
                Some(said) if said != descriptor.digest.as_str() => {
                    let problem = format!("the registry stored it as {}", said.escape_debug());
                    Err(ImageError::invalid(&place, problem).into())
                }
                _ => Ok(Transfer::Sent),
            }
        })
    }
}
