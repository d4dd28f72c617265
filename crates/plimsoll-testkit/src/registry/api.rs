//! The endpoints of the OCI distribution specification 1.1 ("API").

use std::sync::Arc;

use plimsoll_model::Digest;
use serde_json::{Value, json};

use super::http::{Head, Response};
use super::state::{Repository, State, StoredManifest, Upload};
use crate::sha256;

/// What real registries take at most.
const MANIFEST_LIMIT: usize = 4 << 20;

/// A path under `/v2/`, taken apart.
#[derive(Debug, PartialEq, Eq)]
enum Endpoint<'a> {
    Version,
    Blob(&'a str, &'a str),
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
    Referrers(&'a str, &'a str),
    Unknown,
}

impl<'a> Endpoint<'a> {
    fn of(path: &'a str) -> Self {
        let Some(rest) = path.strip_prefix("/v2") else {
            return Self::Unknown;
        };
        let rest = rest.trim_start_matches('/');
        if rest.is_empty() {
            return Self::Version;
        }
        // A repository name may hold slashes, so the endpoint is found from the right.
        if let Some(name) = rest
            .strip_suffix("/blobs/uploads/")
            .or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            return Self::Uploads(name);
        }
        if let Some((name, id)) = rest.rsplit_once("/blobs/uploads/") {
            return Self::Upload(name, id);
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Self::Tags(name);
        }
        let parts = [
            ("/blobs/", Self::Blob as fn(&'a str, &'a str) -> Self),
            ("/manifests/", Self::Manifest),
            ("/referrers/", Self::Referrers),
        ];
        parts
            .into_iter()
            .filter_map(|(separator, endpoint)| Some((rest.rsplit_once(separator)?, endpoint)))
            .max_by_key(|((name, _), _)| name.len())
            .map_or(Self::Unknown, |((name, reference), endpoint)| {
                endpoint(name, reference)
            })
    }

    fn repository(&self) -> Option<&'a str> {
        match self {
            Self::Blob(name, _)
            | Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Manifest(name, _)
            | Self::Tags(name)
            | Self::Referrers(name, _) => Some(name),
            Self::Version | Self::Unknown => None,
        }
    }
}

/// Answers one request in good faith.
pub(super) fn answer(state: &mut State, host: &str, head: &Head, body: Vec<u8>) -> Response {
    if head.path == "/token" {
        return state.tokens.answer(&state.access, head, &body);
    }
    let endpoint = Endpoint::of(&head.path);
    let mut needs = Vec::new();
    if let Some(name) = endpoint.repository() {
        needs.push((name, "pull"));
        if !matches!(head.method.as_str(), "GET" | "HEAD")
            || matches!(endpoint, Endpoint::Upload(..))
        {
            needs.push((name, "push"));
        }
    }
    if let (Endpoint::Uploads(_), Some(from)) = (&endpoint, head.parameter("from")) {
        needs.push((from, "pull"));
    }
    if let Some(refusal) = state.tokens.refusal(&state.access, host, head, &needs) {
        return refusal;
    }
    if endpoint
        .repository()
        .is_some_and(|name| !is_repository_name(name))
    {
        return Response::error(400, "NAME_INVALID", "invalid repository name");
    }
    let prefix = if state.absolute_locations {
        format!("http://{host}")
    } else {
        String::new()
    };
    let reading = matches!(head.method.as_str(), "GET" | "HEAD");
    match endpoint {
        Endpoint::Version if reading => Response::new(200)
            .with("Docker-Distribution-Api-Version", "registry/2.0")
            .json("application/json", &json!({})),
        Endpoint::Blob(name, digest) if reading => get_blob(state, name, digest, head),
        Endpoint::Manifest(name, reference) if reading => {
            get_manifest(state.repositories.get(name), reference)
        }
        Endpoint::Manifest(name, reference) if head.method == "PUT" => {
            put_manifest(state, name, reference, head, body)
        }
        Endpoint::Uploads(name) if head.method == "POST" => {
            begin_upload(state, &prefix, name, head, body)
        }
        Endpoint::Upload(name, id) => continue_upload(state, &prefix, name, id, head, body),
        Endpoint::Tags(name) if reading => list_tags(state, name, head),
        Endpoint::Referrers(name, subject) if reading && !state.without_referrers => {
            let wanted = head.parameter("artifactType");
            let index = match state.repositories.get(name) {
                Some(repository) => repository.referrers(subject, wanted),
                None => Repository::default().referrers(subject, wanted),
            };
            let response = Response::new(200).json(super::INDEX, &index);
            match wanted {
                Some(_) => response.with("OCI-Filters-Applied", "artifactType"),
                None => response,
            }
        }
        Endpoint::Unknown | Endpoint::Referrers(..) if reading => {
            Response::error(404, "UNSUPPORTED", "no such endpoint")
        }
        _ => Response::error(405, "UNSUPPORTED", "method not supported here"),
    }
}

fn is_repository_name(name: &str) -> bool {
    name.len() <= 255
        && name.split('/').all(|part| {
            let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            ends(part.chars().next())
                && ends(part.chars().last())
                && part
                    .chars()
                    .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-'))
        })
}

fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

fn get_blob(state: &State, name: &str, digest: &str, head: &Head) -> Response {
    let Ok(key) = Digest::parse(digest) else {
        return Response::error(400, "DIGEST_INVALID", "invalid digest");
    };
    let found = state
        .repositories
        .get(name)
        .and_then(|repository| repository.blobs.get(&key));
    let Some(blob) = found else {
        return Response::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    let response = Response::new(200)
        .with("Docker-Content-Digest", digest)
        .with("Accept-Ranges", "bytes");
    let Some(range) = head.header("range").filter(|_| head.method == "GET") else {
        return response.bytes("application/octet-stream", blob.clone());
    };
    match byte_range(range, blob.len()) {
        Some((first, last)) => {
            let part: Arc<[u8]> = blob[first..=last].into();
            let content_range = format!("bytes {first}-{last}/{}", blob.len());
            let mut response = response.with("Content-Range", content_range);
            response.status = 206;
            response.bytes("application/octet-stream", part)
        }
        None => Response::error(416, "RANGE_INVALID", "range not satisfiable")
            .with("Content-Range", format!("bytes */{}", blob.len())),
    }
}

/// First and last byte of a single range (RFC 9110, 14.1.2).
fn byte_range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = length.checked_sub(1)?;
    if first.is_empty() {
        let count: usize = last.parse().ok()?;
        return (count > 0).then(|| (length.saturating_sub(count), end));
    }
    let first: usize = first.parse().ok()?;
    let last = if last.is_empty() {
        end
    } else {
        last.parse::<usize>().ok()?.min(end)
    };
    (first <= last).then_some((first, last))
}

fn get_manifest(repository: Option<&Repository>, reference: &str) -> Response {
    match repository.and_then(|repository| repository.manifest(reference)) {
        Some(manifest) => Response::new(200)
            .with("Docker-Content-Digest", manifest.digest.as_str())
            .bytes(&manifest.media_type, manifest.bytes.as_slice().into()),
        None => Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
    }
}

fn put_manifest(
    state: &mut State,
    name: &str,
    reference: &str,
    head: &Head,
    body: Vec<u8>,
) -> Response {
    if body.len() > MANIFEST_LIMIT {
        return Response::error(413, "SIZE_INVALID", "manifest too large");
    }
    let digest = sha256(&body);
    let tag = if let Ok(named) = Digest::parse(reference) {
        if named != digest {
            return Response::error(400, "DIGEST_INVALID", "the digest is not the manifest's");
        }
        None
    } else if is_tag(reference) {
        Some(reference)
    } else {
        return Response::error(400, "TAG_INVALID", "invalid tag");
    };
    let Ok(manifest @ Value::Object(_)) = serde_json::from_slice::<Value>(&body) else {
        return Response::error(400, "MANIFEST_INVALID", "the manifest is not a JSON object");
    };
    let media_type = head.header("content-type").unwrap_or_default();
    let own_type = manifest.get("mediaType").and_then(Value::as_str);
    if media_type.is_empty() || own_type.is_some_and(|own| own != media_type) {
        return Response::error(
            400,
            "MANIFEST_INVALID",
            "Content-Type is missing or is not the manifest's mediaType",
        );
    }
    let repository = state.repositories.entry(name.to_owned()).or_default();
    if let Some(missing) = repository.missing(&manifest) {
        return Response::error(400, "MANIFEST_BLOB_UNKNOWN", &missing);
    }
    let mut response = Response::new(201)
        .with("Location", format!("/v2/{name}/manifests/{digest}"))
        .with("Docker-Content-Digest", digest.as_str());
    let subject = manifest.pointer("/subject/digest").and_then(Value::as_str);
    if let Some(subject) = subject.filter(|_| !state.without_referrers) {
        response = response.with("OCI-Subject", subject);
    }
    repository.store_manifest(
        tag,
        StoredManifest {
            digest,
            media_type: media_type.to_owned(),
            bytes: body,
        },
    );
    response
}

fn begin_upload(
    state: &mut State,
    prefix: &str,
    name: &str,
    head: &Head,
    body: Vec<u8>,
) -> Response {
    if let (Some(mount), Some(from), false) = (
        head.parameter("mount"),
        head.parameter("from"),
        state.without_mount,
    ) {
        let found = Digest::parse(mount).ok().and_then(|digest| {
            let blob = state.repositories.get(from)?.blobs.get(&digest)?.clone();
            Some((digest, blob))
        });
        if let Some((digest, blob)) = found {
            return store_blob(state, prefix, name, digest, blob);
        }
    }
    if let Some(digest) = head.parameter("digest") {
        return finish(state, prefix, name, digest, body);
    }
    let id = state.next_upload;
    state.next_upload += 1;
    state.uploads.insert(
        id,
        Upload {
            repository: name.to_owned(),
            bytes: body,
        },
    );
    progress(state, prefix, name, id, 202)
}

/// The answer in the middle of an upload. The location carries a query on purpose: a client must
/// add `digest` to it, not put it in its place.
fn progress(state: &State, prefix: &str, name: &str, id: u64, status: u16) -> Response {
    let length = state
        .uploads
        .get(&id)
        .map_or(0, |upload| upload.bytes.len());
    Response::new(status)
        .with(
            "Location",
            format!(
                "{prefix}/v2/{name}/blobs/uploads/{id}?_state={}",
                state_mark(id, length)
            ),
        )
        .with("Range", format!("0-{}", length.saturating_sub(1)))
        .with("Docker-Upload-UUID", id.to_string())
}

/// Changes with every part that arrives: who does not follow the newest `Location` is found out.
fn state_mark(id: u64, length: usize) -> String {
    format!("{id}+{length}=")
        .replace('+', "%2B")
        .replace('=', "%3D")
}

fn continue_upload(
    state: &mut State,
    prefix: &str,
    name: &str,
    id: &str,
    head: &Head,
    body: Vec<u8>,
) -> Response {
    let unknown = || Response::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown to registry");
    let Some((id, upload)) = id.parse().ok().and_then(|id: u64| {
        let upload = state.uploads.get_mut(&id)?;
        (upload.repository == name).then_some((id, upload))
    }) else {
        return unknown();
    };
    if head.method == "GET" {
        return progress(state, prefix, name, id, 204);
    }
    if head.parameter("_state") != Some(format!("{id}+{}=", upload.bytes.len()).as_str()) {
        return unknown();
    }
    match head.method.as_str() {
        "PATCH" => {
            let start = head
                .header("content-range")
                .and_then(|range| range.trim_start_matches("bytes ").split('-').next())
                .map(str::parse::<usize>);
            if start.is_some_and(|start| start != Ok(upload.bytes.len())) {
                return progress(state, prefix, name, id, 416);
            }
            upload.bytes.extend_from_slice(&body);
            progress(state, prefix, name, id, 202)
        }
        "PUT" => {
            let Some(digest) = head.parameter("digest") else {
                return Response::error(400, "DIGEST_INVALID", "the digest is missing");
            };
            let mut bytes = std::mem::take(&mut upload.bytes);
            state.uploads.remove(&id);
            bytes.extend_from_slice(&body);
            finish(state, prefix, name, digest, bytes)
        }
        "DELETE" => {
            state.uploads.remove(&id);
            Response::new(204)
        }
        _ => Response::error(405, "UNSUPPORTED", "method not supported here"),
    }
}

fn finish(state: &mut State, prefix: &str, name: &str, digest: &str, bytes: Vec<u8>) -> Response {
    match Digest::parse(digest) {
        Ok(digest) if digest == sha256(&bytes) => {
            store_blob(state, prefix, name, digest, bytes.into())
        }
        _ => Response::error(400, "DIGEST_INVALID", "the digest is not the content's"),
    }
}

fn store_blob(
    state: &mut State,
    prefix: &str,
    name: &str,
    digest: Digest,
    blob: Arc<[u8]>,
) -> Response {
    let response = Response::new(201)
        .with("Location", format!("{prefix}/v2/{name}/blobs/{digest}"))
        .with("Docker-Content-Digest", digest.as_str());
    let repository = state.repositories.entry(name.to_owned()).or_default();
    repository.blobs.insert(digest, blob);
    response
}

fn list_tags(state: &State, name: &str, head: &Head) -> Response {
    let Some(repository) = state.repositories.get(name) else {
        return Response::error(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let last = head.parameter("last").unwrap_or_default();
    let mut tags: Vec<&str> = repository
        .tags
        .keys()
        .map(String::as_str)
        .filter(|tag| *tag > last)
        .collect();
    let mut response = Response::new(200);
    if let Some(count) = head.parameter("n").and_then(|n| n.parse::<usize>().ok())
        && count < tags.len()
    {
        tags.truncate(count);
        if let Some(last) = tags.last() {
            let link = format!("</v2/{name}/tags/list?n={count}&last={last}>; rel=\"next\"");
            response = response.with("Link", link);
        }
    }
    response.json("application/json", &json!({"name": name, "tags": tags}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_behind_names_with_slashes() {
        for (path, endpoint) in [
            ("/v2/", Endpoint::Version),
            ("/v2", Endpoint::Version),
            ("/v2/a/b/blobs/sha256:1", Endpoint::Blob("a/b", "sha256:1")),
            ("/v2/a/blobs/uploads/", Endpoint::Uploads("a")),
            ("/v2/a/blobs/uploads/7", Endpoint::Upload("a", "7")),
            (
                "/v2/a/manifests/b/manifests/v1",
                Endpoint::Manifest("a/manifests/b", "v1"),
            ),
            (
                "/v2/a/blobs/b/manifests/v1",
                Endpoint::Manifest("a/blobs/b", "v1"),
            ),
            ("/v2/a/b/c/tags/list", Endpoint::Tags("a/b/c")),
            ("/v2/a/referrers/x", Endpoint::Referrers("a", "x")),
            ("/v1/", Endpoint::Unknown),
            ("/v2/_catalog", Endpoint::Unknown),
        ] {
            assert_eq!(Endpoint::of(path), endpoint, "{path}");
        }
    }

    #[test]
    fn ranges() {
        for (text, range) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=4-", Some((4, 9))),
            ("bytes=4-99", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-99", Some((0, 9))),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(byte_range(text, 10), range, "{text}");
        }
        assert_eq!(byte_range("bytes=0-", 0), None);
    }

    #[test]
    fn names_and_tags() {
        assert!(is_repository_name("library/debian-slim_1.0"));
        for name in ["", "A", "a//b", "../a", "a/", "-a"] {
            assert!(!is_repository_name(name), "{name}");
        }
        assert!(is_tag("v1.2-rc_1") && is_tag("_x"));
        for tag in ["", "-a", ".a", "a/b", "a:b"] {
            assert!(!is_tag(tag), "{tag}");
        }
    }
}
