//! Misbehaviour on request.

use std::sync::Arc;

use super::http::{Body, Head, Response};

/// One way to misbehave, and when.
///
/// A request meets the first fault that matches it and is not used up.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: FaultKind,
    method: Option<String>,
    path: String,
    skip: usize,
    left: Option<usize>,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers as usual, but with these bytes as the body: content of another digest. The
    /// `Docker-Content-Digest` header still names the digest that was asked for.
    ReplaceBody(Vec<u8>),
    /// Answers with one bit of the byte at this place (from the end, if it is past the end)
    /// turned around: same length, other digest.
    FlipByte(usize),
    /// Announces the whole body, sends half of it and ends the connection.
    HangUpHalfway,
    /// Announces the whole body, sends half of it and then nothing more: until the registry is
    /// dropped, at most a minute.
    StallHalfway,
    /// Announces the whole body, sends half of it and of the rest a byte now and then.
    TrickleHalfway,
    /// 429 with `Retry-After` in seconds, or without.
    TooManyRequests {
        /// The value of `Retry-After`.
        retry_after: Option<u64>,
    },
    /// This status with an error body, without doing what was asked.
    Status(u16),
    /// Reads the request and never answers: until the registry is dropped, at most a minute.
    Hang,
    /// Ends the connection at once, without reading the body.
    Close,
    /// 307 to the same path under this base, such as `http://127.0.0.1:5000`.
    Redirect(String),
    /// A body without a length that goes on for this many bytes.
    EndlessBody(u64),
    /// Answers as usual, but `Docker-Content-Digest` names this digest.
    DigestHeader(String),
}

impl Fault {
    /// This fault for every request, until it is cleared.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            method: None,
            path: String::new(),
            skip: 0,
            left: None,
        }
    }

    /// Only for requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only for requests whose path (with its query) contains this text.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        part.clone_into(&mut self.path);
        self
    }

    /// Leaves the first `count` matching requests alone.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Strikes `count` times, then no more.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.left = Some(count);
        self
    }

    fn matches(&self, head: &Head) -> bool {
        self.left != Some(0)
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == head.method)
            && head.target.contains(&self.path)
    }
}

/// The fault that strikes this request, counted.
pub(super) fn strike(faults: &mut [Fault], head: &Head) -> Option<FaultKind> {
    for fault in faults.iter_mut().filter(|fault| fault.matches(head)) {
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        if let Some(left) = &mut fault.left {
            *left -= 1;
        }
        return Some(fault.kind.clone());
    }
    None
}

impl FaultKind {
    /// The answer of a fault that replaces the whole exchange.
    pub(super) fn instead(&self, head: &Head) -> Option<Response> {
        match self {
            Self::TooManyRequests { retry_after } => {
                let response = Response::error(429, "TOOMANYREQUESTS", "slow down");
                Some(match retry_after {
                    Some(seconds) => response.with("Retry-After", seconds.to_string()),
                    None => response,
                })
            }
            Self::Status(status) => Some(Response::error(*status, "UNKNOWN", "injected fault")),
            Self::Redirect(base) => {
                let location = format!("{}{}", base.trim_end_matches('/'), head.target);
                Some(Response::new(307).with("Location", location))
            }
            _ => None,
        }
    }

    /// Spoils an answer that was made in good faith.
    pub(super) fn spoil(&self, response: &mut Response) {
        let Body::Bytes(bytes) = &response.body else {
            return;
        };
        match self {
            Self::ReplaceBody(other) => response.body = Body::Bytes(Arc::from(other.as_slice())),
            Self::FlipByte(place) => {
                let mut flipped = bytes.to_vec();
                let last = flipped.len().saturating_sub(1);
                if let Some(byte) = flipped.get_mut(last.min(*place)) {
                    *byte ^= 1;
                }
                response.body = Body::Bytes(flipped.into());
            }
            Self::HangUpHalfway | Self::StallHalfway | Self::TrickleHalfway => {
                response.body = Body::Half(bytes.clone());
            }
            Self::EndlessBody(limit) => response.body = Body::Endless(*limit),
            Self::DigestHeader(digest) => {
                response
                    .headers
                    .retain(|(name, _)| name != "Docker-Content-Digest");
                response
                    .headers
                    .push(("Docker-Content-Digest".to_owned(), digest.clone()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(line: &str) -> Head {
        let text = format!("{line} HTTP/1.1\r\n\r\n");
        Head::read(&mut text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_fault_strikes_what_it_names_as_often_as_told() {
        let mut faults = [Fault::new(FaultKind::Close)
            .method("GET")
            .path("/blobs/")
            .after(1)
            .times(2)];
        let blob = head("GET /v2/a/blobs/x");
        assert_eq!(strike(&mut faults, &head("HEAD /v2/a/blobs/x")), None);
        assert_eq!(strike(&mut faults, &head("GET /v2/a/manifests/x")), None);
        let seen: Vec<bool> = (0..4)
            .map(|_| strike(&mut faults, &blob).is_some())
            .collect();
        assert_eq!(seen, [false, true, true, false]);
    }

    #[test]
    fn the_first_fault_that_is_not_used_up_wins() {
        let mut faults = [
            Fault::new(FaultKind::Status(500)).times(1),
            Fault::new(FaultKind::Status(503)),
        ];
        let request = head("GET /");
        assert_eq!(strike(&mut faults, &request), Some(FaultKind::Status(500)));
        assert_eq!(strike(&mut faults, &request), Some(FaultKind::Status(503)));
    }
}
