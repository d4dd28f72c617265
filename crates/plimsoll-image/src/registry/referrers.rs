//! Papers that belong to an image (distribution-spec, "Listing Referrers" and "Pushing Manifests
//! with Subject"), with the tag that stands in where a registry has no list of them.

use std::io::Read as _;

use plimsoll_model::Digest;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};

use super::Repository;
use crate::blob::sha256;
use crate::http::{Action, Content, Failure, Paced, is_silence, unexpected};
use crate::manifest::{Document, index_json, parse_document};
use crate::{BlobSource as _, Descriptor, ImageError, media_type};

/// Pages of a list that are asked for.
const PAGES: usize = 32;

/// Others may write the same tag at the same time; the last of them must still hold everything.
const ROUNDS: usize = 4;

/// A page of a list.
struct Page {
    raw: Vec<u8>,
    /// Where the next one is.
    next: Option<String>,
}

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

    /// What is attached to `subject`, by the registry's list, else by the tag that stands in for
    /// it, and by cosign's tag for attestations.
    pub(super) fn papers_of(&self, subject: &Digest) -> Result<Vec<Descriptor>, ImageError> {
        let tag = format!("sha256-{}", subject.hex());
        let mut papers = match self.listed(subject)? {
            Some(papers) => papers,
            None => self.fallback(&tag)?,
        };
        papers.extend(self.manifest(&format!("{tag}.att"))?);
        Ok(papers)
    }

    /// The registry's list, page by page; `None` where it keeps none.
    fn listed(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let place = format!("{}: referrers of {subject}", self.describe());
        let mut url = self.url(&format!("referrers/{subject}"))?;
        let mut papers = Vec::new();
        let mut is_begun = false;
        for _ in 0..PAGES {
            let Some(Page { raw, next }) = self.page(&place, &url)? else {
                // Who begins a list keeps one: what was on its first pages is not all.
                return match is_begun {
                    true => Err(ImageError::invalid(
                        place,
                        "a later page of the list is not there",
                    )),
                    false => Ok(None),
                };
            };
            is_begun = true;
            let Document::Index(page) = parse_document(raw.into(), media_type::OCI_INDEX, &place)?
            else {
                return Err(ImageError::invalid(place, "is no list of referrers"));
            };
            papers.extend(page);
            // The rest is only ever asked of the same registry.
            match next.and_then(|next| url.join(&next).ok()) {
                Some(next) if next.origin() == url.origin() => url = next,
                Some(_) => return Err(ImageError::invalid(place, "goes on at another registry")),
                None => return Ok(Some(papers)),
            }
        }
        Err(ImageError::invalid(place, "has too many pages"))
    }

    /// One page, and where the next one is.
    fn page(&self, place: &str, url: &Url) -> Result<Option<Page>, ImageError> {
        let action = Action::pull(&self.name.repository);
        self.http.retry(place, || {
            let headers = HeaderMap::new();
            let answer = self
                .http
                .once(&Method::GET, url, &action, &headers, Content::None)?;
            let header = |name| {
                let value = answer.headers().get(name);
                value
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned)
            };
            let is_index =
                header("content-type").is_some_and(|kind| kind.starts_with(media_type::OCI_INDEX));
            let next = header("link").and_then(|link| next_page(&link));
            match answer.status() {
                StatusCode::OK if is_index => {}
                StatusCode::OK => return Ok(None),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    return Err(unexpected(place, answer).into());
                }
                status if status.is_client_error() => return Ok(None),
                _ => return Err(unexpected(place, answer).into()),
            }
            let mut raw = Vec::new();
            Paced::new(answer, self.http.patience)
                .take(media_type::MANIFEST_LIMIT + 1)
                .read_to_end(&mut raw)
                .map_err(|error| Failure::Retry {
                    why: format!("the list broke off: {error}"),
                    wait: None,
                    silent: is_silence(&error),
                })?;
            if raw.len() as u64 > media_type::MANIFEST_LIMIT {
                return Err(ImageError::invalid(place, "is larger than 4 MiB").into());
            }
            Ok(Some(Page { raw, next }))
        })
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

/// The address of the next page (RFC 8288, as the distribution-spec uses it): `<…>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    let relation = relation.replace(['"', ' '], "");
    let is_next = relation.split(';').any(|part| part == "rel=next");
    is_next.then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_named_by_its_relation() {
        for (link, next) in [
            (
                "</v2/a/referrers/x?n=1>; rel=\"next\"",
                Some("/v2/a/referrers/x?n=1"),
            ),
            ("</x>;rel=next", Some("/x")),
            ("</x>; rel=\"prev\"", None),
            ("/x; rel=next", None),
            ("<", None),
            ("", None),
        ] {
            assert_eq!(next_page(link).as_deref(), next, "{link}");
        }
    }
}
