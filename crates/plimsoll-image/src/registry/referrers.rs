//! Papers that belong to an image (distribution-spec, "Listing Referrers" and "Pushing Manifests
//! with Subject"), with the tag that stands in where a registry has no list of them.

use plimsoll_model::Digest;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use super::Repository;
use crate::auth::Action;
use crate::blob::sha256;
use crate::http::{Content, unexpected};
use crate::manifest::{Document, index_json, parse_document};
use crate::{BlobSource as _, Descriptor, ImageError, media_type};

/// Others may write the same tag at the same time; the last of them must still hold everything.
const ROUNDS: usize = 4;

impl Repository {
    /// Makes a referrer findable that was pushed. `paper` carries type and annotations.
    pub(crate) fn list_referrer(
        &self,
        subject: &Digest,
        paper: &Descriptor,
    ) -> Result<(), ImageError> {
        if self.has_referrers_api(subject)? {
            return Ok(());
        }
        let tag = format!("sha256-{}", subject.hex());
        for _ in 0..ROUNDS {
            let mut papers = self.fallback(&tag)?;
            if papers.contains(paper) {
                return Ok(());
            }
            papers.retain(|other| other.digest != paper.digest);
            papers.push(paper.clone());
            let raw = index_json(&papers);
            let index = Descriptor::new(media_type::OCI_INDEX, sha256(&raw), raw.len() as u64);
            self.send_manifest(&index, &raw, &tag)?;
        }
        if self.fallback(&tag)?.contains(paper) {
            return Ok(());
        }
        Err(ImageError::Unavailable(format!(
            "{}: tag {tag} is being overwritten by others; try again",
            self.describe()
        )))
    }

    /// Asks, whatever the registry's headers said when the manifest was put: some announce the
    /// list and do not have it.
    fn has_referrers_api(&self, subject: &Digest) -> Result<bool, ImageError> {
        let place = format!("{}: referrers of {subject}", self.describe());
        let url = self.url(&format!("referrers/{subject}"))?;
        let action = Action::push(&self.name.repository);
        self.http.retry(&place, || {
            let answer = self.http.once(
                &Method::GET,
                &url,
                &action,
                &HeaderMap::new(),
                Content::None,
            )?;
            let index = answer
                .headers()
                .get("content-type")
                .and_then(|value| value.to_str().ok())
                .is_some_and(|kind| kind.starts_with(media_type::OCI_INDEX));
            match answer.status() {
                StatusCode::OK => Ok(index),
                status if status.is_client_error() => Ok(false),
                _ => Err(unexpected(&place, answer).into()),
            }
        })
    }

    fn fallback(&self, tag: &str) -> Result<Vec<Descriptor>, ImageError> {
        let place = format!("{}: tag {tag}", self.describe());
        let Some(found) = self.manifest(tag)? else {
            return Ok(Vec::new());
        };
        let raw = self.known(&found.digest).unwrap_or_default();
        match parse_document(raw, &found.media_type, &place)? {
            Document::Index(papers) => Ok(papers),
            Document::Manifest(_) => Err(ImageError::invalid(
                place,
                "is an image, where the list of referrers belongs",
            )),
        }
    }
}
