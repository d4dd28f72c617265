//! Fetches a file by its address into a folder, going on where an earlier try was cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};
use reqwest::blocking::Response;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::{Method, StatusCode, Url};

use crate::http::{
    Action, Content, Failure, Http, Paced, Patience, TooSlow, is_silence, range_size, range_start,
    shown, told_address, unexpected,
};
use crate::{Access, ImageError};

/// What a download gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downloaded {
    /// The server says that the file has not changed.
    Unchanged,
    /// The file is there, whole.
    Fetched {
        /// Its bytes.
        size: u64,
        /// What tells this version of it from others (`ETag`, RFC 9110 section 8.8.3), to be given
        /// next time; none where the server has no such thing.
        version: Option<String>,
    },
}

/// A download that is larger than this is nothing we asked for.
const LARGEST: u64 = 4 << 30;

/// Fetches `url` into the file `into`, unless it is still the `known` version. Until it is whole it
/// lies beside it as `NAME.part`; where an earlier fetch left one of the same version, only the
/// rest is fetched. `into` is replaced at the end, at once. `on_bytes` is told how many bytes are
/// there.
///
/// The checksum that object stores send along (`x-goog-hash: md5=…`) is verified.
///
/// # Errors
/// The address is none or is in clear text; the server refuses, lies about the size or the
/// checksum, or is silent; the disk is full.
pub fn download(
    url: &str,
    into: &Path,
    known: Option<&str>,
    access: &Access,
    on_bytes: &dyn Fn(u64),
) -> Result<Downloaded, ImageError> {
    let told = || told_address(url);
    let parsed =
        Url::parse(url).map_err(|error| ImageError::Usage(format!("{}: {error}", told())))?;
    let host = match (parsed.host_str(), parsed.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(ImageError::Usage(format!("{}: names no host", told()))),
    };
    let plain = match parsed.scheme() {
        "https" => false,
        "http" if Http::may_be_plain(&host, access) => true,
        "http" => {
            return Err(ImageError::Usage(format!(
                "{}: is in clear text; use https, or `--insecure-registry {host}`",
                told()
            )));
        }
        _ => {
            return Err(ImageError::Usage(format!(
                "{}: only addresses of https are fetched from",
                told()
            )));
        }
    };
    let http = Http::over(plain, &host, &host, access, Patience::of(access))?;
    let query = parsed.query().map(|query| format!("?{query}"));
    let target = http.url(&format!("{}{}", parsed.path(), query.unwrap_or_default()))?;
    let place = shown(&target);
    let mut part = Part::open(into)?;
    let version = http.retry(&place, || {
        part.go_on(&http, &target, &place, known, on_bytes)
    })?;
    let Some(version) = version else {
        return Ok(Downloaded::Unchanged);
    };
    let size = part.finish(into)?;
    Ok(Downloaded::Fetched { size, version })
}

/// A file on its way.
struct Part {
    path: PathBuf,
    /// Holds the version that the bytes are of.
    version_path: PathBuf,
    file: File,
}

impl Part {
    fn open(into: &Path) -> Result<Self, ImageError> {
        let beside = |suffix: &str| {
            let mut name = into.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let path = beside(".part");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| ImageError::io(&path, error))?;
        Ok(Self {
            version_path: beside(".part.version"),
            path,
            file,
        })
    }

    /// One request for what is missing; gives the version, or none where nothing has changed.
    fn go_on(
        &mut self,
        http: &Http,
        target: &Url,
        place: &str,
        known: Option<&str>,
        on_bytes: &dyn Fn(u64),
    ) -> Result<Option<Option<String>>, Failure> {
        let there = self.length()?;
        let version = self.strong_version().filter(|_| there > 0);
        let mut headers = HeaderMap::new();
        match version.as_deref().map(HeaderValue::from_str) {
            Some(Ok(version)) => {
                headers.insert(IF_RANGE, version);
                if let Ok(range) = HeaderValue::from_str(&format!("bytes={there}-")) {
                    headers.insert(RANGE, range);
                }
            }
            _ => {
                if let Some(Ok(known)) = known.map(HeaderValue::from_str) {
                    headers.insert(IF_NONE_MATCH, known);
                }
            }
        }
        let action = Action(Vec::new());
        let response = http.once(&Method::GET, target, &action, &headers, Content::None)?;
        let told = header(response.headers(), ETAG.as_str());
        let whole = range_size(response.headers());
        // Only bytes of the same version go together, and only their whole length tells the end.
        let goes_on = there > 0
            && range_start(response.headers()) == Some(there)
            && told.is_some()
            && told == version
            && whole.is_some();
        let begins = match response.status() {
            StatusCode::OK => 0,
            StatusCode::NOT_MODIFIED if headers.contains_key(IF_NONE_MATCH) => {
                let _ = fs::remove_file(&self.path);
                return Ok(None);
            }
            StatusCode::PARTIAL_CONTENT if goes_on => there,
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT if there > 0 => {
                // What lies there is no beginning of what the server has.
                self.begin(None)?;
                return Err(Failure::Retry {
                    why: format!("{place}: the server has another file now"),
                    wait: None,
                    silent: false,
                });
            }
            _ => return Err(unexpected(place, response).into()),
        };
        let sum = header(response.headers(), "x-goog-hash");
        if begins == 0 {
            self.begin(told.as_deref())?;
        }
        let expected = match begins {
            0 => response.content_length(),
            _ => whole,
        };
        let patience = http.patience;
        self.receive(response, begins, expected, (place, patience), on_bytes)?;
        if let Some(sum) = sum {
            self.verify(&sum, place)?;
        }
        Ok(Some(told))
    }

    /// The version that the bytes are of, where they can be gone on with by it.
    fn strong_version(&self) -> Option<String> {
        let version = fs::read_to_string(&self.version_path).ok();
        version.filter(|version| is_strong(version))
    }

    fn length(&self) -> Result<u64, ImageError> {
        let facts = self.file.metadata();
        Ok(facts
            .map_err(|error| ImageError::io(&self.path, error))?
            .len())
    }

    /// Empties it: what comes is of this version.
    fn begin(&mut self, version: Option<&str>) -> Result<(), ImageError> {
        let truncated = self.file.set_len(0);
        truncated.map_err(|error| ImageError::io(&self.path, error))?;
        match version {
            Some(version) => fs::write(&self.version_path, version)
                .map_err(|error| ImageError::io(&self.version_path, error)),
            None => {
                let _ = fs::remove_file(&self.version_path);
                Ok(())
            }
        }
    }

    fn receive(
        &mut self,
        response: Response,
        begins: u64,
        expected: Option<u64>,
        (place, patience): (&str, Patience),
        on_bytes: &dyn Fn(u64),
    ) -> Result<(), Failure> {
        let too_large = || {
            let problem = format!("is larger than the {LARGEST} bytes that are accepted");
            Failure::Final(ImageError::invalid(place, problem))
        };
        if expected.is_some_and(|expected| expected > LARGEST) {
            return Err(too_large());
        }
        let failed = |error| Failure::Final(ImageError::io(&self.path, error));
        self.file.seek(SeekFrom::Start(begins)).map_err(failed)?;
        let mut buffer = vec![0; 64 << 10];
        let mut there = begins;
        let mut response = Paced::new(response, patience);
        loop {
            match response.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if let Err(error) = self.file.write_all(&buffer[..count]) {
                        return Err(Failure::Final(self.unwritten(error)));
                    }
                    there += count as u64;
                    if there > LARGEST {
                        return Err(too_large());
                    }
                    on_bytes(there);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if let Some(slow) = TooSlow::of(&error) {
                        let next = match self.strong_version() {
                            Some(_) => "; what has come is gone on with the next time",
                            None => "",
                        };
                        let problem = format!("{slow}{next}");
                        return Err(Failure::Final(ImageError::invalid(place, problem)));
                    }
                    return Err(Failure::Retry {
                        why: format!("{place}: the connection broke after {there} bytes"),
                        wait: None,
                        silent: is_silence(&error),
                    });
                }
            }
        }
        if expected.is_some_and(|expected| expected != there) {
            return Err(Failure::Retry {
                why: format!("{place}: the connection was closed after {there} bytes"),
                wait: None,
                silent: false,
            });
        }
        Ok(())
    }

    /// What cannot be written. Where there is no room for it, what came of it must not keep others from theirs.
    fn unwritten(&self, error: io::Error) -> ImageError {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        if matches!(error.kind(), StorageFull | QuotaExceeded) {
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(&self.version_path);
        }
        ImageError::io(&self.path, error)
    }

    /// Compares with `md5=…` of `x-goog-hash`, where it is there.
    fn verify(&mut self, sums: &str, place: &str) -> Result<(), Failure> {
        let wanted = sums
            .split(',')
            .find_map(|sum| sum.trim().strip_prefix("md5="))
            .and_then(|sum| BASE64_STANDARD.decode(sum).ok());
        let Some(wanted) = wanted else { return Ok(()) };
        let failed = |error| Failure::Final(ImageError::io(&self.path, error));
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut hasher = Md5::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.file.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        if hasher.finalize()[..] == wanted[..] {
            return Ok(());
        }
        self.begin(None)?;
        let problem = "what came is not what the server's own checksum says";
        Err(ImageError::invalid(place, problem).into())
    }

    /// Puts it in its place.
    fn finish(self, into: &Path) -> Result<u64, ImageError> {
        let size = self.length()?;
        let synced = self.file.sync_all();
        synced.map_err(|error| ImageError::io(&self.path, error))?;
        fs::rename(&self.path, into).map_err(|error| ImageError::io(into, error))?;
        let _ = fs::remove_file(&self.version_path);
        Ok(size)
    }
}

/// Whether a version tells every byte: a weak one may stand for several contents, and what was
/// begun must not be gone on with by it (RFC 9110 section 13.1.5).
fn is_strong(version: &str) -> bool {
    version.starts_with('"')
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

#[cfg(test)]
#[path = "download/tests.rs"]
mod tests;
