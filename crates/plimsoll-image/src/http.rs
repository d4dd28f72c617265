//! One request to a registry: authorisation, redirects, and what is worth another try.

mod address;
mod answer;
mod auth;
mod failure;
mod pace;
mod patience;

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::blocking::{Body, Client, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Method, StatusCode, Url};

use self::address::host_of;
pub use self::address::told_address;
pub(crate) use self::address::{is_loopback, same_origin, shown};
use self::answer::refusal;
pub(crate) use self::answer::{
    content_type, is_page, page_instead, range_size, range_start, retry_after, unexpected,
};
pub(crate) use self::auth::Action;
use self::auth::Auth;
pub(crate) use self::failure::{Failure, is_silence, why};
pub(crate) use self::pace::{Paced, TooSlow};
pub(crate) use self::patience::Patience;
use crate::{Access, ImageError};

/// What is sent along.
pub(crate) enum Content<'a> {
    None,
    Bytes {
        media_type: &'a str,
        bytes: &'a [u8],
    },
    /// A blob, streamed; its reader's error is kept, since the client would lose it.
    Stream {
        reader: Box<dyn Read + Send>,
        size: u64,
    },
}

/// A client for one registry.
pub(crate) struct Http {
    client: Client,
    /// In clear text where that may be, until it turns out to be secure.
    origin: Url,
    /// Whether who may be spoken to in clear text speaks TLS alone; unknown before something failed.
    is_secure: Mutex<Option<bool>>,
    /// Hosts that may be spoken to in clear text beside this machine.
    insecure: Vec<String>,
    auth: Auth,
    pub(crate) patience: Patience,
}

const REDIRECTS: usize = 5;
/// An upload may take this long a byte on top of the allowed silence: 128 KiB/s.
const SLOWEST: u64 = 128 << 10;

impl Http {
    /// Whether a host, with its port, may be spoken to in clear text.
    pub(crate) fn may_be_plain(host: &str, access: &Access) -> bool {
        let mut insecure = access.insecure_registries.iter();
        is_loopback(host_of(host)) || insecure.any(|insecure| insecure == host)
    }

    /// `host` is where the registry listens, `key` what the docker configuration calls it. In clear text
    /// where that may be.
    pub(crate) fn new(
        host: &str,
        key: &str,
        access: &Access,
        patience: Patience,
    ) -> Result<Self, ImageError> {
        Self::over(
            Self::may_be_plain(host, access),
            host,
            key,
            access,
            patience,
        )
    }

    /// The same in clear text, or not.
    pub(crate) fn over(
        plain: bool,
        host: &str,
        key: &str,
        access: &Access,
        patience: Patience,
    ) -> Result<Self, ImageError> {
        let local = is_loopback(host_of(host));
        if access.offline && !local {
            return Err(ImageError::Unavailable(format!(
                "{host}: the registry is not asked while offline"
            )));
        }
        let scheme = if plain { "http" } else { "https" };
        let origin = Url::parse(&format!("{scheme}://{host}/"))
            .map_err(|error| ImageError::Usage(format!("{host}: {error}")))?;
        let mut builder = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10).min(patience.silence))
            .timeout(patience.silence);
        #[cfg(target_os = "linux")]
        {
            builder = builder.tcp_user_timeout(patience.silence);
        }
        if local {
            builder = builder.no_proxy();
        }
        for path in &access.extra_ca {
            let pem = std::fs::read(path).map_err(|error| ImageError::io(path, error))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| {
                ImageError::invalid(
                    path.display(),
                    format!("no PEM certificates: {}", why(error)),
                )
            })?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder
            .build()
            .map_err(|error| ImageError::Unavailable(format!("{host}: {}", why(error))))?;
        Ok(Self {
            auth: Auth::new(key, access.docker_config.clone(), plain),
            client,
            origin,
            is_secure: Mutex::new(None),
            insecure: access.insecure_registries.clone(),
            patience,
        })
    }

    /// A place below the registry's root.
    pub(crate) fn url(&self, path: &str) -> Result<Url, ImageError> {
        self.origin()
            .join(path)
            .map_err(|error| ImageError::Usage(format!("{path}: {error}")))
    }

    /// The registry's root, as it is spoken to.
    fn origin(&self) -> Url {
        let mut origin = self.origin.clone();
        if *self.is_secure() == Some(true) {
            let _ = origin.set_scheme("https");
        }
        origin
    }

    fn is_secure(&self) -> MutexGuard<'_, Option<bool>> {
        self.is_secure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a registry that was spoken to in clear text, and did not understand, turns out to speak TLS. It is
    /// asked once, by whoever comes first: the others, whose requests were on their way, wait for the answer.
    ///
    /// # Errors
    /// It does, and its certificate is not trusted.
    fn turns_out_secure(&self) -> Result<bool, ImageError> {
        let mut known = self.is_secure();
        if let Some(known) = *known {
            return Ok(known);
        }
        let mut secure = self.origin.clone();
        let patience = self.patience.silence.min(Duration::from_secs(3));
        let _ = secure.set_scheme("https");
        let answer = self.client.get(secure).timeout(patience).send();
        let answers = answer.is_ok();
        let why = answer.err().map(why).unwrap_or_default();
        // The library has no other way to say so.
        if why.contains("certificate") {
            return Err(ImageError::Unavailable(format!(
                "{}: it speaks TLS, by a certificate that is not trusted: {why}; SSL_CERT_FILE names the file of \
                 who signed it",
                server_of(&self.origin)
            )));
        }
        *known = Some(answers);
        Ok(answers)
    }

    /// Another place as the registry gave it, relative or whole.
    pub(crate) fn follow(&self, base: &Url, location: Option<&str>) -> Result<Url, ImageError> {
        let bad = |problem: &str| {
            ImageError::invalid(self.origin.host_str().unwrap_or_default(), problem)
        };
        let url = location
            .and_then(|location| base.join(location).ok())
            .ok_or_else(|| bad("answers with a location that is no address"))?;
        // Who may be spoken to in clear text is said of each host.
        let secure = url.scheme() == "https"
            || url.scheme() == "http" && self.origin.scheme() == "http" && self.is_plain(&url);
        match url.scheme() {
            _ if secure => Ok(url),
            "http" => Err(bad(&format!(
                "sends us on to {} in clear text: refused",
                server_of(&url)
            ))),
            scheme => {
                let scheme: String = scheme.chars().take(20).collect();
                Err(bad(&format!(
                    "sends us on to an address of `{scheme}:`, which is no web server's: refused"
                )))
            }
        }
    }

    /// Whether a host may be spoken to in clear text.
    fn is_plain(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let named = |name: &String| name == host || Some(name) == with_port.as_ref();
        same_origin(url, &self.origin()) || is_loopback(host) || self.insecure.iter().any(named)
    }

    /// Tries until it works, fails for good, or patience ends.
    pub(crate) fn retry<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, ImageError> {
        let mut tried = 0;
        let mut unheard = 0;
        loop {
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Retry { why, wait, silent }) => {
                    tried += 1;
                    unheard += u32::from(silent);
                    if let Some(asked) = wait.filter(|wait| *wait > self.patience.longest_wait) {
                        return Err(ImageError::Unavailable(format!(
                            "{what}: {why}; it asks us to wait {} s, we wait {} s at most: try \
                             again later",
                            asked.as_secs(),
                            self.patience.longest_wait.as_secs()
                        )));
                    }
                    if self.patience.is_over(tried, unheard) {
                        return Err(ImageError::Unavailable(format!(
                            "{what}: {why}; given up after {tried} tries"
                        )));
                    }
                    self.pause(tried, wait);
                }
            }
        }
    }

    pub(crate) fn pause(&self, tried: u32, wait: Option<Duration>) {
        let doubled = self
            .patience
            .first_wait
            .saturating_mul(1 << tried.saturating_sub(1).min(10));
        std::thread::sleep(wait.unwrap_or(doubled).min(self.patience.longest_wait));
    }

    /// One request. Authorisation is asked for where the registry wants it, and goes nowhere else:
    /// not with a redirect to another host.
    pub(crate) fn once(
        &self,
        method: &Method,
        url: &Url,
        action: &Action,
        headers: &HeaderMap,
        content: Content<'_>,
    ) -> Result<Response, Failure> {
        // Where a server sent us on to, of which the rest may be a credential.
        let mut sent_on = String::new();
        let place = |sent_on: &str| format!("{} {}{sent_on}", method, shown(url));
        let mut target = url.clone();
        let origin = self.origin();
        if same_origin(url, &self.origin) {
            let _ = target.set_scheme(origin.scheme());
        }
        let mut content = content;
        let mut challenged = 0;
        let mut hops = 0;
        loop {
            let home = same_origin(&target, &origin);
            let mut request = self
                .client
                .request(method.clone(), target.clone())
                .headers(headers.clone());
            if home && let Some(header) = self.auth.header(action) {
                request = request.header(AUTHORIZATION, header);
            }
            let lost = Arc::new(Mutex::new(None));
            let mut streamed = false;
            request = match std::mem::replace(&mut content, Content::None) {
                Content::None => request,
                Content::Bytes { media_type, bytes } => {
                    content = Content::Bytes { media_type, bytes };
                    request
                        .header(CONTENT_TYPE, media_type)
                        .body(bytes.to_vec())
                }
                Content::Stream { reader, size } => {
                    streamed = true;
                    let watched = Watched {
                        inner: reader,
                        lost: Arc::clone(&lost),
                    };
                    request
                        .header(CONTENT_TYPE, "application/octet-stream")
                        .timeout(self.patience.silence + Duration::from_secs(size / SLOWEST))
                        .body(Body::sized(watched, size))
                }
            };
            let sent = request.send();
            if let Some(error) = lost.lock().ok().and_then(|mut lost| lost.take()) {
                return Err(Failure::Final(error));
            }
            let response = sent.map_err(|error| Failure::lost(&place(&sent_on), error));
            // Servers that want TLS hang up, or say that this is a bad request.
            let is_lost = match &response {
                Ok(response) => response.status() == StatusCode::BAD_REQUEST,
                Err(Failure::Retry { silent, .. }) => !silent,
                Err(Failure::Final(_)) => false,
            };
            let in_clear_text = home && target.scheme() == "http";
            if in_clear_text && is_lost && self.turns_out_secure()? {
                return Err(Failure::Retry {
                    why: "the registry speaks TLS alone".to_owned(),
                    wait: Some(Duration::ZERO),
                    silent: false,
                });
            }
            let response = response?;
            let status = response.status();
            match status {
                StatusCode::UNAUTHORIZED if home && challenged < 2 && !streamed => {
                    challenged += 1;
                    self.auth.answer(&self.client, response.headers(), action)?;
                }
                StatusCode::UNAUTHORIZED if home && challenged == 0 => {
                    // The token ran out while the blob was on its way.
                    self.auth.answer(&self.client, response.headers(), action)?;
                    return Err(Failure::Retry {
                        why: refusal(&place(&sent_on), response),
                        wait: None,
                        silent: false,
                    });
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    let hint = if self.auth.has_credentials() {
                        "the stored credentials do not allow it"
                    } else {
                        "no credentials are stored for it; `docker login` stores them"
                    };
                    let message = format!("{}: {hint}", refusal(&place(&sent_on), response));
                    return Err(ImageError::Denied(message).into());
                }
                StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => {
                    let wait = retry_after(&response);
                    return Err(Failure::Retry {
                        why: refusal(&place(&sent_on), response),
                        wait,
                        silent: false,
                    });
                }
                status
                    if status.is_redirection()
                        && status != StatusCode::NOT_MODIFIED
                        && matches!(*method, Method::GET | Method::HEAD) =>
                {
                    hops += 1;
                    if hops > REDIRECTS {
                        let problem = "sends us on and on";
                        return Err(ImageError::invalid(place(&sent_on), problem).into());
                    }
                    let location = response
                        .headers()
                        .get(LOCATION)
                        .and_then(|value| value.to_str().ok());
                    target = self.follow(&target, location)?;
                    sent_on = match same_origin(&target, url) {
                        true => String::new(),
                        false => format!(", sent on to {}", server_of(&target)),
                    };
                }
                _ => return Ok(response),
            }
        }
    }
}

/// A server's name, with its port where it has one of its own.
fn server_of(url: &Url) -> String {
    let host: String = url
        .host_str()
        .unwrap_or_default()
        .chars()
        .take(255)
        .collect();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// A reader whose error survives the HTTP client.
struct Watched {
    inner: Box<dyn Read + Send>,
    lost: Arc<Mutex<Option<ImageError>>>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let own = ImageError::from_read("reading the blob to send", error);
            let echo = std::io::Error::other(own.to_string());
            if let Ok(mut lost) = self.lost.lock() {
                *lost = Some(own);
            }
            echo
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Whoever hangs up is asked for TLS once, and by the way that he is spoken to from then on.
    #[test]
    fn a_registry_that_hangs_up_is_asked_once_whether_it_speaks_tls() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut first = [0];
                let _ = (&stream).read(&mut first);
                server.lock().unwrap().push(first[0]);
            }
        });
        let http = Http::new(&host, &host, &Access::default(), Patience::default()).unwrap();
        let url = http.url("v2/").unwrap();
        let get = || {
            let (none, action) = (HeaderMap::new(), Action(Vec::new()));
            http.once(&Method::GET, &url, &action, &none, Content::None)
        };
        assert!(http.retry("GET", get).is_err());
        let heard = heard.lock().unwrap();
        // The first byte of a TLS record of a handshake (RFC 8446, 5.1).
        let number = |wanted: u8| heard.iter().filter(|byte| **byte == wanted).count();
        assert_eq!((number(22), number(b'G')), (1, 5), "{heard:?}");
    }

    /// Blobs go out side by side: while one finds out, others are on their way in clear text.
    #[test]
    fn what_was_on_its_way_in_clear_text_is_sent_again() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let http = Http::new(&host, &host, &Access::default(), Patience::default()).unwrap();
        let url = http.url("v2/").unwrap();
        let heard = std::thread::scope(|scope| {
            let server = scope.spawn(|| {
                let mut first = [0; 4096];
                let (mut plain, _) = listener.accept().unwrap();
                assert_ne!(plain.read(&mut first).unwrap(), 0);
                *http.is_secure() = Some(true);
                plain
                    .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    .unwrap();
                let mut again = [0];
                listener.accept().unwrap().0.read_exact(&mut again).unwrap();
                [first[0], again[0]]
            });
            let (none, action) = (HeaderMap::new(), Action(Vec::new()));
            let get = || http.once(&Method::GET, &url, &action, &none, Content::None);
            assert!(matches!(get(), Err(Failure::Retry { silent: false, .. })));
            assert!(get().is_err());
            server.join().unwrap()
        });
        assert_eq!(heard, [b'G', 22]);
    }

    #[test]
    fn nothing_leads_from_tls_to_clear_text() {
        let http = Http::new(
            "r.example",
            "r.example",
            &Access::default(),
            Patience::default(),
        )
        .unwrap();
        let base = Url::parse("https://r.example/v2/").unwrap();
        assert!(http.follow(&base, Some("http://cdn.example/x")).is_err());
        for (location, scheme) in [("file:///etc/passwd", "`file:`"), ("ftp://a/b", "`ftp:`")] {
            let error = http.follow(&base, Some(location)).unwrap_err().to_string();
            assert!(
                error.contains(scheme) && !error.contains("clear text"),
                "{error}"
            );
        }
        assert!(http.follow(&base, Some("https://cdn.example/x")).is_ok());
        assert!(http.follow(&base, None).is_err());
    }
}
