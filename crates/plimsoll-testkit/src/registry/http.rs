//! As much of HTTP/1.1 (RFC 9112) as registry clients use, over any stream.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;

/// The longest request head that is read; registry clients send well under a kilobyte, tokens
/// included.
const HEAD_LIMIT: u64 = 64 * 1024;

/// The largest request body that is kept in memory.
pub(super) const BODY_LIMIT: usize = 1 << 30;

/// The first line and the header fields of a request.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// The path alone, percent-decoded.
    pub(super) path: String,
    /// The decoded query in the order sent.
    pub(super) query: Vec<(String, String)>,
    /// Path and query as sent.
    pub(super) target: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The next request of a connection, `None` when the client is done.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut limited = stream.take(HEAD_LIMIT);
        let mut line = String::new();
        // An empty line before a request line is to be ignored (RFC 9112, 2.2).
        while line.trim_end().is_empty() {
            line.clear();
            if limited.read_line(&mut line)? == 0 {
                return Ok(None);
            }
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(method), Some(target), Some(version)) =
            (words.next(), words.next(), words.next())
        else {
            return Err(malformed("request line"));
        };
        if !version.starts_with("HTTP/1.") {
            return Err(malformed("protocol version"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Self {
            method: method.to_owned(),
            path: percent_decoded(path, false),
            query: form_pairs(query),
            target: target.to_owned(),
            headers: Vec::new(),
        };
        loop {
            line.clear();
            if limited.read_line(&mut line)? == 0 {
                return Err(malformed("request head"));
            }
            let field = line.trim_end_matches(['\r', '\n']);
            if field.is_empty() {
                return Ok(Some(head));
            }
            let (name, value) = field
                .split_once(':')
                .ok_or_else(|| malformed("header field"))?;
            head.headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The first value of a header field; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) fn expects_continue(&self) -> bool {
        self.header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    }

    /// Whether the client ends the connection after this exchange.
    pub(super) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads the body that belongs to this head.
    pub(super) fn read_body(&self, stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        if !chunked {
            let length = match self.header("content-length") {
                Some(text) => text.parse().map_err(|_| malformed("Content-Length"))?,
                None => 0,
            };
            read_exactly(stream, length, &mut body)?;
            return Ok(body);
        }
        loop {
            let line = short_line(stream)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| malformed("chunk size"))?;
            if size == 0 {
                // Trailer fields, then an empty line.
                while !short_line(stream)?.is_empty() {}
                return Ok(body);
            }
            read_exactly(stream, size, &mut body)?;
            if !short_line(stream)?.is_empty() {
                return Err(malformed("end of a chunk"));
            }
        }
    }
}

fn read_exactly(stream: &mut impl Read, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    if length > BODY_LIMIT - body.len() {
        return Err(malformed("body: it is larger than this registry keeps"));
    }
    let read = stream.take(length as u64).read_to_end(body)?;
    if read < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn short_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.take(1024).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
}

/// The pairs of `a=b&c=d`, decoded: a query, or a form body.
pub(super) fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name, true), percent_decoded(value, true))
        })
        .collect()
}

fn percent_decoded(text: &str, plus_is_space: bool) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (ahead.next(), ahead.next());
        match (byte, digits) {
            (b'%', (Some(high), Some(low))) => {
                let pair = [high, low];
                let value = str::from_utf8(&pair)
                    .ok()
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                if let Some(value) = value {
                    decoded.push(value);
                    bytes = ahead;
                } else {
                    decoded.push(byte);
                }
            }
            (b'+', _) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What a response carries after its head.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Bytes(Arc<[u8]>),
    /// Spaces, chunked and without an end in sight; it does stop after this many bytes, so that
    /// a client that reads everything fails its test instead of filling the memory.
    Endless(u64),
    /// Announced in full, sent to the half, then the connection ends.
    Half(Arc<[u8]>),
}

/// A response to be sent.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

impl Response {
    /// A response without a body.
    pub(super) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(Arc::from([])),
        }
    }

    /// The error object of the distribution specification ("Error Codes").
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let object = serde_json::json!({"errors": [{"code": code, "message": message}]});
        Self::new(status).json("application/json", &object)
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn json(self, media_type: &str, object: &serde_json::Value) -> Self {
        self.bytes(media_type, object.to_string().into_bytes().into())
    }

    pub(super) fn bytes(mut self, media_type: &str, bytes: Arc<[u8]>) -> Self {
        self.body = Body::Bytes(bytes);
        self.with("Content-Type", media_type)
    }

    /// Tells a client that waits that it may send the body.
    pub(super) fn write_continue(stream: &mut impl Write) -> io::Result<()> {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.flush()
    }

    /// Writes the response; `false` when the connection cannot be used any more.
    pub(super) fn write(&self, stream: &mut impl Write, head_only: bool) -> io::Result<bool> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match &self.body {
            // 1xx and 204 have no body and no length (RFC 9110, 8.6).
            Body::Bytes(_) if self.status == 204 => {}
            Body::Bytes(bytes) | Body::Half(bytes) => {
                head.push_str(&format!("Content-Length: {}\r\n", bytes.len()));
            }
            Body::Endless(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        if head_only {
            stream.flush()?;
            return Ok(true);
        }
        let reusable = match &self.body {
            Body::Bytes(bytes) => {
                stream.write_all(bytes)?;
                true
            }
            Body::Half(bytes) => {
                stream.write_all(&bytes[..bytes.len() / 2])?;
                false
            }
            Body::Endless(limit) => {
                let chunk = [b' '; 8192];
                let mut sent = 0;
                while sent < *limit {
                    stream.write_all(b"2000\r\n")?;
                    stream.write_all(&chunk)?;
                    stream.write_all(b"\r\n")?;
                    sent += chunk.len() as u64;
                }
                stream.write_all(b"0\r\n\r\n")?;
                true
            }
        };
        stream.flush()?;
        Ok(reusable)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unnamed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> (Head, Vec<u8>) {
        let mut stream = text.as_bytes();
        let head = Head::read(&mut stream).unwrap().unwrap();
        let body = head.read_body(&mut stream).unwrap();
        (head, body)
    }

    #[test]
    fn a_request_is_split_into_its_parts() {
        let (head, body) = request(
            "PUT /v2/a/blobs/uploads/1?digest=sha256%3Aab&x=1+2 HTTP/1.1\r\n\
             Content-Length: 3\r\nConnection: close\r\n\r\nabcdef",
        );
        assert_eq!(head.method, "PUT");
        assert_eq!(head.path, "/v2/a/blobs/uploads/1");
        assert_eq!(head.parameter("digest"), Some("sha256:ab"));
        assert_eq!(head.parameter("x"), Some("1 2"));
        assert_eq!(body, b"abc");
        assert!(head.closes());
    }

    #[test]
    fn chunks_are_joined() {
        let (_, body) = request(
            "PATCH /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
             3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
        );
        assert_eq!(body, b"abc0123456789");
    }

    #[test]
    fn broken_requests_are_errors() {
        for text in [
            "GET\r\n\r\n",
            "GET / SPDY/3\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a",
        ] {
            assert!(Head::read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
        for text in [
            "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
            "PUT / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\nabc",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let mut stream = text.as_bytes();
            let head = Head::read(&mut stream).unwrap().unwrap();
            assert!(head.read_body(&mut stream).is_err(), "{text:?}");
        }
        assert!(Head::read(&mut b"".as_slice()).unwrap().is_none());
    }

    #[test]
    fn odd_percent_signs_are_kept() {
        assert_eq!(percent_decoded("100%", false), "100%");
        assert_eq!(percent_decoded("%zz%41", false), "%zzA");
    }
}
