//! A repository of a registry (OCI distribution-spec 1.1): source and sink.

mod blob;
mod push;
mod referrers;

pub(crate) use self::push::Transfer;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex};

use plimsoll_model::{Digest, ImageName, Platform};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use self::blob::BlobReader;
use crate::blob::{BlobContent, sha256};
use crate::http::{
    Action, Content, Failure, Http, Paced, Patience, content_type, is_page, is_silence,
    page_instead, unexpected,
};
use crate::{Access, BlobSource, Descriptor, Image, ImageError, media_type};

const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A repository that can be spoken to. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Repository {
    http: Arc<Http>,
    name: ImageName,
    /// Manifests that were read: an image asks for its own again.
    manifests: Arc<Mutex<HashMap<Digest, Arc<[u8]>>>>,
}

impl Repository {
    /// Prepares to speak to the registry of `name`; nothing is sent yet.
    pub(crate) fn connect(name: &ImageName, access: &Access) -> Result<Self, ImageError> {
        Self::connect_with(name, access, Patience::of(access))
    }

    pub(crate) fn connect_with(
        name: &ImageName,
        access: &Access,
        patience: Patience,
    ) -> Result<Self, ImageError> {
        let (host, key) = match name.registry.as_str() {
            "docker.io" => ("registry-1.docker.io", "https://index.docker.io/v1/"),
            registry => (registry, registry),
        };
        Ok(Self {
            http: Arc::new(Http::new(host, key, access, patience)?),
            name: name.clone(),
            manifests: Arc::default(),
        })
    }

    /// Opens the image that the name refers to.
    pub(crate) fn open(self, platform: Option<&Platform>) -> Result<Image, ImageError> {
        let place = format!("registry:{}", self.name);
        let root = self.manifest(self.name.reference())?.ok_or_else(|| {
            ImageError::NotFound(format!("{place}: the registry has no such image"))
        })?;
        Image::from_descriptor(&place, &root, platform, Arc::new(self))
    }

    /// Fetches a manifest by tag or digest and remembers its bytes; `None` where there is none.
    pub(crate) fn manifest(&self, reference: &str) -> Result<Option<Descriptor>, ImageError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let place = format!("registry:{}: manifest {reference}", self.name);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST_TYPES));
        let action = Action::pull(&self.name.repository);
        self.http.retry(&place, || {
            let response = self
                .http
                .once(&Method::GET, &url, &action, &headers, Content::None)?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(None),
                _ => return Err(unexpected(&place, response).into()),
            }
            let header = |name| {
                response
                    .headers()
                    .get(name)
                    .and_then(|value: &HeaderValue| value.to_str().ok())
                    .map(str::to_owned)
            };
            let media_type = header(CONTENT_TYPE.as_str())
                .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned())
                .unwrap_or_default();
            let said = header("docker-content-digest");
            let (status, kind) = (response.status(), content_type(&response));
            let expected_length = response.content_length();
            let mut bytes = Vec::new();
            let retry = |why: String, silent: bool| Failure::Retry {
                why,
                wait: None,
                silent,
            };
            Paced::new(response, self.http.patience)
                .take(media_type::MANIFEST_LIMIT + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| {
                    let silent = is_silence(&error);
                    retry(format!("the manifest broke off: {error}"), silent)
                })?;
            if bytes.len() as u64 > media_type::MANIFEST_LIMIT {
                return Err(ImageError::invalid(&place, "is larger than 4 MiB").into());
            }
            if expected_length.is_some_and(|length| length > bytes.len() as u64) {
                return Err(retry("the manifest broke off".to_owned(), false));
            }
            if is_page(&bytes) {
                return Err(page_instead(&place, status, &kind).into());
            }
            let digest = sha256(&bytes);
            for wanted in [Some(reference), said.as_deref()].into_iter().flatten() {
                if wanted.starts_with("sha256:") && wanted != digest.as_str() {
                    let problem = format!(
                        "the registry gave other bytes than {}, their digest is {digest}",
                        wanted.escape_debug()
                    );
                    return Err(ImageError::invalid(&place, problem).into());
                }
            }
            let descriptor = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
            if let Ok(mut manifests) = self.manifests.lock() {
                manifests.insert(digest, bytes.into());
            }
            Ok(Some(descriptor))
        })
    }

    fn known(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.manifests.lock().ok()?.get(digest).cloned()
    }

    fn url(&self, path: &str) -> Result<Url, ImageError> {
        self.http
            .url(&format!("v2/{}/{path}", self.name.repository))
    }
}

impl BlobSource for Repository {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        let place = self.describe();
        let kind = &descriptor.media_type;
        if media_type::is_manifest(kind)
            || media_type::is_index(kind)
            || self.known(&descriptor.digest).is_some()
        {
            if self.known(&descriptor.digest).is_none() {
                self.manifest(descriptor.digest.as_str())?;
            }
            let bytes = self.known(&descriptor.digest).ok_or_else(|| {
                ImageError::NotFound(format!(
                    "{place}: the registry has no manifest {}",
                    descriptor.digest
                ))
            })?;
            return Ok(BlobContent::verified(
                std::io::Cursor::new(bytes),
                descriptor,
                &place,
            ));
        }
        let reader = BlobReader::open(self.clone(), descriptor.clone())?;
        Ok(BlobContent::verified(reader, descriptor, &place))
    }

    fn describe(&self) -> String {
        format!("registry:{}/{}", self.name.registry, self.name.repository)
    }

    fn origin(&self) -> Option<&ImageName> {
        Some(&self.name)
    }

    fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        self.papers_of(subject).map(Some)
    }
}
