//! Fetching a blob, going on where a connection broke.

use std::io::{self, Read};

use reqwest::blocking::Response;
use reqwest::header::{HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, StatusCode};

use super::Repository;
use crate::http::{
    Action, Content, Failure, Paced, TooSlow, content_type, is_silence, page_instead, range_start,
    unexpected,
};
use crate::layout::absence;
use crate::{Descriptor, ImageError};

/// After this much more the connection has earned its patience anew.
const PROGRESS: u64 = 16 << 20;

pub(super) struct BlobReader {
    repository: Repository,
    descriptor: Descriptor,
    response: Option<Paced<Response>>,
    position: u64,
    breaks: u32,
    /// Of these, how many because nothing came, without a byte in between.
    unheard: u32,
    broke_at: u64,
}

impl BlobReader {
    pub(super) fn open(repository: Repository, descriptor: Descriptor) -> Result<Self, ImageError> {
        let mut reader = Self {
            repository,
            descriptor,
            response: None,
            position: 0,
            breaks: 0,
            unheard: 0,
            broke_at: 0,
        };
        reader.connect()?;
        Ok(reader)
    }

    fn place(&self) -> String {
        format!(
            "registry:{}/{}: blob {}",
            self.repository.name.registry, self.repository.name.repository, self.descriptor.digest
        )
    }

    /// Asks for the blob from `position` on.
    fn connect(&mut self) -> Result<(), ImageError> {
        let repository = &self.repository;
        let place = self.place();
        let url = repository.url(&format!("blobs/{}", self.descriptor.digest))?;
        let action = Action::pull(&repository.name.repository);
        let mut headers = HeaderMap::new();
        if self.position > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.position))
        {
            headers.insert(RANGE, range);
        }
        let position = self.position;
        let size = self.descriptor.size;
        let response = repository.http.retry(&place, || {
            let response =
                repository
                    .http
                    .once(&Method::GET, &url, &action, &headers, Content::None)?;
            let lie = |problem: String| Err(Failure::Final(ImageError::invalid(&place, problem)));
            let begins = match response.status() {
                StatusCode::OK => 0,
                StatusCode::PARTIAL_CONTENT => match range_start(response.headers()) {
                    Some(start) if start == position => position,
                    _ => return lie("the registry gave another part than was asked for".to_owned()),
                },
                StatusCode::NOT_FOUND => {
                    let why = absence(&self.descriptor);
                    let problem = format!("the registry does not have it: {why}");
                    return Err(ImageError::invalid(&place, problem).into());
                }
                _ => return Err(unexpected(&place, response).into()),
            };
            if let Some(length) = response.content_length()
                && begins + length != size
            {
                let kind = content_type(&response);
                if kind == "text/html" {
                    return Err(page_instead(&place, response.status(), &kind).into());
                }
                return lie(format!(
                    "has {} bytes, its descriptor says {size}",
                    begins + length
                ));
            }
            let mut response = Paced::new(response, repository.http.patience);
            // A registry that does not know ranges begins anew.
            let passed = io::copy(
                &mut response.by_ref().take(position - begins),
                &mut io::sink(),
            );
            match passed {
                Ok(passed) if passed == position - begins => Ok(response),
                _ => Err(Failure::Retry {
                    why: "the connection broke off".to_owned(),
                    wait: None,
                    silent: passed.is_err_and(|error| is_silence(&error)),
                }),
            }
        })?;
        self.response = Some(response);
        Ok(())
    }

    /// Counts a broken connection and opens the next, unless there were too many.
    fn resume(&mut self, why: &str, silent: bool) -> Result<(), ImageError> {
        if self.position - self.broke_at >= PROGRESS {
            self.breaks = 0;
        }
        if self.position > self.broke_at {
            self.unheard = 0;
        }
        self.unheard += u32::from(silent);
        self.broke_at = self.position;
        self.breaks += 1;
        self.response = None;
        let patience = self.repository.http.patience;
        if patience.is_over(self.breaks, self.unheard) {
            return Err(ImageError::Unavailable(format!(
                "{}: broke off after {} of {} bytes ({why}); given up after {} tries",
                self.place(),
                self.position,
                self.descriptor.size,
                self.breaks
            )));
        }
        self.repository.http.pause(self.breaks, None);
        self.connect()
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.position == self.descriptor.size {
            return Ok(0);
        }
        loop {
            let Some(response) = &mut self.response else {
                self.connect()?;
                continue;
            };
            match response.read(buffer) {
                Ok(0) => self.resume("the connection was closed", false)?,
                Ok(read) => {
                    self.position += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if let Some(slow) = TooSlow::of(&error) {
                        let problem = format!("{}: the registry {slow}", self.place());
                        return Err(ImageError::Unavailable(problem).into());
                    }
                    let cause = error
                        .get_ref()
                        .and_then(|inner| inner.source())
                        .map(ToString::to_string);
                    let cause = cause.unwrap_or_else(|| "the connection broke".to_owned());
                    self.resume(&cause, is_silence(&error))?;
                }
            }
        }
    }
}
