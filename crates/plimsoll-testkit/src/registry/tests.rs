//! The registry as a client sees it, over a bare socket.

use std::io::{Read, Write};

use super::*;

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One request on a connection of its own. What arrives before the connection ends is the body.
fn ask_with(registry: &Registry, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(registry.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        registry.host(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    Answer {
        status: head
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0),
        head,
        body: bytes.get(end + 4..).unwrap_or_default().to_vec(),
    }
}

fn ask(registry: &Registry, method: &str, path: &str) -> Answer {
    ask_with(registry, method, path, "", b"")
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[test]
fn blobs_are_served_whole_and_in_part() {
    let registry = Registry::start().unwrap();
    let digest = registry.put_blob("a/b", b"0123456789");
    let path = format!("/v2/a/b/blobs/{digest}");
    assert_eq!(ask(&registry, "GET", &path).body, b"0123456789");
    let head = ask(&registry, "HEAD", &path);
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("10"))
    );
    assert!(head.body.is_empty());
    let part = ask_with(&registry, "GET", &path, "Range: bytes=4-\r\n", b"");
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, b"456789".as_slice())
    );
    assert_eq!(part.header("content-range"), Some("bytes 4-9/10"));
    let beyond = ask_with(&registry, "GET", &path, "Range: bytes=10-\r\n", b"");
    assert_eq!(beyond.status, 416);
    assert_eq!(ask(&registry, "GET", "/v2/a/blobs/sha256:1").status, 400);
    assert_eq!(
        ask(&registry, "GET", &path.replace("a/b", "a/c")).status,
        404
    );
    assert_eq!(registry.requests()[2].range.as_deref(), Some("bytes=4-"));
}

#[test]
fn one_connection_serves_many_requests() {
    let registry = Registry::start().unwrap();
    let mut stream = TcpStream::connect(registry.address()).unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /v2/ HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n{}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            rest.push(byte[0]);
        }
    }
    assert_eq!(registry.count("GET", "/v2/"), 3);
}

#[test]
fn every_way_to_upload_works() {
    let registry = Registry::start().unwrap();
    let digest = sha256(b"content");
    let post = "/v2/a/blobs/uploads/";
    let monolithic = format!("{post}?digest={digest}");
    let answer = ask_with(&registry, "POST", &monolithic, "", b"content");
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.header("location"),
        Some(format!("/v2/a/blobs/{digest}").as_str())
    );

    let begin = ask(&registry, "POST", "/v2/b/blobs/uploads/");
    assert_eq!(begin.status, 202);
    let location = begin.header("location").unwrap();
    let put = format!("{location}&digest={digest}");
    assert_eq!(ask_with(&registry, "PUT", &put, "", b"content").status, 201);

    let begin = ask(&registry, "POST", "/v2/c/blobs/uploads/");
    let first = begin.header("location").unwrap();
    let range = "Content-Range: 0-3\r\n";
    let patched = ask_with(&registry, "PATCH", first, range, b"cont");
    assert_eq!(
        (patched.status, patched.header("range")),
        (202, Some("0-3"))
    );
    let next = patched.header("location").unwrap();
    let range = "Content-Range: 9-11\r\n";
    assert_eq!(
        ask_with(&registry, "PATCH", next, range, b"ent").status,
        416
    );
    let range = "Content-Range: 4-6\r\n";
    // The old location is no longer taken.
    assert_eq!(
        ask_with(&registry, "PATCH", first, range, b"ent").status,
        404
    );
    let patched = ask_with(&registry, "PATCH", next, range, b"ent");
    let put = format!("{}&digest={digest}", patched.header("location").unwrap());
    assert_eq!(ask(&registry, "PUT", &put).status, 201);

    for repository in ["a", "b", "c"] {
        assert_eq!(registry.blob(repository, &digest).unwrap(), b"content");
    }
    assert_eq!(registry.unfinished_uploads(), 0);
    let wrong = format!("{post}?digest={}", sha256(b"other"));
    assert_eq!(
        ask_with(&registry, "POST", &wrong, "", b"content").status,
        400
    );
    assert_eq!(registry.blobs("a"), [digest]);
}

#[test]
fn blobs_are_mounted_or_uploaded() {
    let registry = Registry::start().unwrap();
    let digest = registry.put_blob("a", b"content");
    let mount = |to: &str| format!("/v2/{to}/blobs/uploads/?mount={digest}&from=a");
    assert_eq!(ask(&registry, "POST", &mount("b")).status, 201);
    assert_eq!(registry.blob("b", &digest).unwrap(), b"content");
    registry.set_mount(false);
    assert_eq!(ask(&registry, "POST", &mount("c")).status, 202);
    assert_eq!(registry.repositories(), ["a", "b"]);
    assert_eq!(registry.unfinished_uploads(), 1);
}

fn manifest(registry: &Registry, repository: &str, more: serde_json::Value) -> Vec<u8> {
    let config = registry.put_blob(repository, b"{}");
    let mut manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.example+json", "digest": config.as_str(), "size": 2},
        "layers": [],
    });
    for (name, value) in more.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    serde_json::to_vec(&manifest).unwrap()
}

fn push(registry: &Registry, path: &str, bytes: &[u8]) -> Answer {
    let media_type = format!("Content-Type: {MANIFEST}\r\n");
    ask_with(registry, "PUT", path, &media_type, bytes)
}

#[test]
fn manifests_are_checked_and_found_by_tag_and_digest() {
    let registry = Registry::start().unwrap();
    let bytes = manifest(&registry, "a", serde_json::json!({}));
    let digest = sha256(&bytes);
    let answer = push(&registry, "/v2/a/manifests/v1", &bytes);
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.header("docker-content-digest"),
        Some(digest.as_str())
    );
    for reference in ["v1", digest.as_str()] {
        let found = ask(&registry, "GET", &format!("/v2/a/manifests/{reference}"));
        assert_eq!((found.status, &found.body), (200, &bytes));
        assert_eq!(found.header("content-type"), Some(MANIFEST));
    }
    assert_eq!(registry.tags("a")["v1"], digest);
    assert_eq!(push(&registry, "/v2/b/manifests/v1", &bytes).status, 400);
    let other = format!("/v2/a/manifests/{}", sha256(b"other"));
    assert_eq!(push(&registry, &other, &bytes).status, 400);
    assert_eq!(push(&registry, "/v2/a/manifests/v1", b"[]").status, 400);
    assert_eq!(push(&registry, "/v2/A/manifests/v1", &bytes).status, 400);
    assert_eq!(push(&registry, "/v2/a/manifests/.v1", &bytes).status, 400);
    let untyped = ask_with(&registry, "PUT", "/v2/a/manifests/v2", "", &bytes);
    assert_eq!(untyped.status, 400);
}

#[test]
fn tags_come_in_pages() {
    let registry = Registry::start().unwrap();
    for tag in ["c", "a", "b"] {
        registry.put_manifest("a", Some(tag), MANIFEST, b"{}");
    }
    let page = ask(&registry, "GET", "/v2/a/tags/list?n=2");
    assert_eq!(page.body, br#"{"name":"a","tags":["a","b"]}"#);
    assert_eq!(
        page.header("link"),
        Some("</v2/a/tags/list?n=2&last=b>; rel=\"next\"")
    );
    let page = ask(&registry, "GET", "/v2/a/tags/list?n=2&last=b");
    assert_eq!(page.body, br#"{"name":"a","tags":["c"]}"#);
    assert_eq!(page.header("link"), None);
    assert_eq!(ask(&registry, "GET", "/v2/none/tags/list").status, 404);
}

#[test]
fn referrers_are_listed_while_the_api_is_on() {
    let registry = Registry::start().unwrap();
    let subject = sha256(b"subject");
    let more = serde_json::json!({
        "artifactType": "application/vnd.cyclonedx+json",
        "annotations": {"key": "value"},
        "subject": {"mediaType": MANIFEST, "digest": subject.as_str(), "size": 7},
    });
    let bytes = manifest(&registry, "a", more);
    let path = format!("/v2/a/manifests/{}", sha256(&bytes));
    let pushed = push(&registry, &path, &bytes);
    assert_eq!(pushed.header("oci-subject"), Some(subject.as_str()));
    let path_of = |query: &str| format!("/v2/a/referrers/{subject}{query}");
    let count = |query: &str| {
        let answer = ask(&registry, "GET", &path_of(query));
        let index: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        index["manifests"].as_array().unwrap().len()
    };
    assert_eq!(count(""), 1);
    assert_eq!(count("?artifactType=application%2Fvnd.cyclonedx%2Bjson"), 1);
    assert_eq!(count("?artifactType=other"), 0);
    registry.set_referrers_api(false);
    assert_eq!(ask(&registry, "GET", &path_of("")).status, 404);
    assert_eq!(push(&registry, &path, &bytes).header("oci-subject"), None);
}

#[test]
fn basic_credentials_are_asked_for() {
    let registry = Registry::start().unwrap();
    let ada = Credentials::new("ada", "hunter2");
    registry.set_access(Access::Basic(ada.clone()));
    let refused = ask(&registry, "GET", "/v2/");
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic ")
    );
    let header = format!("Authorization: Basic {}\r\n", ada.encoded());
    assert_eq!(ask_with(&registry, "GET", "/v2/", &header, b"").status, 200);
    let seen: Vec<bool> = registry
        .requests()
        .iter()
        .map(|r| r.has_authorization)
        .collect();
    assert_eq!(seen, [false, true]);
}

#[test]
fn tokens_open_what_their_scope_names() {
    let registry = Registry::start().unwrap();
    let ada = Credentials::new("ada", "hunter2");
    registry.set_access(Access::Bearer {
        credentials: ada.clone(),
        anonymous_pull: true,
    });
    let digest = registry.put_blob("a", b"content");
    let blob = format!("/v2/a/blobs/{digest}");
    let refused = ask(&registry, "GET", &blob);
    let challenge = format!(
        "Bearer realm=\"{}/token\",service=\"plimsoll-testkit\",scope=\"repository:a:pull\"",
        registry.url()
    );
    assert_eq!(refused.header("www-authenticate"), Some(challenge.as_str()));
    let mount = "/v2/b/blobs/uploads/?mount=x&from=a";
    let refused = ask(&registry, "POST", mount);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.ends_with("scope=\"repository:b:pull,push repository:a:pull\""),
        "{challenge}"
    );

    let token = |headers: &str| {
        let path = "/token?service=plimsoll-testkit&scope=repository:a:pull,push";
        let answer = ask_with(&registry, "GET", path, headers, b"");
        let object: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let token = object["token"].as_str()?;
        Some(format!("Authorization: Bearer {token}\r\n"))
    };
    let anonymous = token("").unwrap();
    assert_eq!(
        ask_with(&registry, "GET", &blob, &anonymous, b"").status,
        200
    );
    let upload = "/v2/a/blobs/uploads/";
    assert_eq!(
        ask_with(&registry, "POST", upload, &anonymous, b"").status,
        401
    );
    assert_eq!(token("Authorization: Basic d3Jvbmc=\r\n"), None);
    let full = token(&format!("Authorization: Basic {}\r\n", ada.encoded())).unwrap();
    assert_eq!(ask_with(&registry, "POST", upload, &full, b"").status, 202);
    assert_eq!(
        ask_with(&registry, "POST", "/v2/b/blobs/uploads/", &full, b"").status,
        401
    );
    registry.revoke_tokens();
    assert_eq!(ask_with(&registry, "GET", &blob, &full, b"").status, 401);

    let form = "grant_type=password&username=ada&password=hunter2&scope=repository:a:pull";
    assert_eq!(
        ask_with(&registry, "POST", "/token", "", form.as_bytes()).status,
        200
    );
    let seen: Vec<bool> = registry
        .token_requests()
        .iter()
        .map(|r| r.authenticated)
        .collect();
    assert_eq!(seen, [false, false, true, true]);
    assert_eq!(
        registry.token_requests()[0].scopes,
        ["repository:a:pull,push"]
    );
    let shown = format!("{:?}", registry);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn faults_strike() {
    let registry = Registry::start().unwrap();
    let digest = registry.put_blob("a", b"0123456789");
    let path = format!("/v2/a/blobs/{digest}");
    let with = |kind: FaultKind| {
        registry.clear_faults();
        registry.inject(Fault::new(kind).method("GET").path("/blobs/").times(1));
        let answer = ask(&registry, "GET", &path);
        assert_eq!(ask(&registry, "GET", &path).body, b"0123456789");
        answer
    };
    let other = with(FaultKind::ReplaceBody(b"other".to_vec()));
    assert_eq!(other.body, b"other");
    assert_eq!(other.header("docker-content-digest"), Some(digest.as_str()));
    assert_eq!(with(FaultKind::FlipByte(1)).body, b"0023456789");
    assert_eq!(with(FaultKind::FlipByte(99)).body, b"0123456788");
    let half = with(FaultKind::HangUpHalfway);
    assert_eq!(
        (half.header("content-length"), half.body.len()),
        (Some("10"), 5)
    );
    let slow = with(FaultKind::TooManyRequests {
        retry_after: Some(7),
    });
    assert_eq!((slow.status, slow.header("retry-after")), (429, Some("7")));
    assert_eq!(with(FaultKind::Status(500)).status, 500);
    assert_eq!(with(FaultKind::Close).status, 0);
    let elsewhere = with(FaultKind::Redirect("http://127.0.0.1:1/".to_owned()));
    let location = format!("http://127.0.0.1:1{path}");
    assert_eq!(elsewhere.status, 307);
    assert_eq!(elsewhere.header("location"), Some(location.as_str()));
    assert!(with(FaultKind::EndlessBody(1 << 20)).body.len() > 1 << 20);
    let named = with(FaultKind::DigestHeader("sha256:0".to_owned()));
    assert_eq!(named.header("docker-content-digest"), Some("sha256:0"));
}

#[test]
fn a_download_can_go_on_where_it_broke_off() {
    let registry = Registry::start().unwrap();
    let digest = registry.put_blob("a", b"0123456789");
    let path = format!("/v2/a/blobs/{digest}");
    registry.inject(Fault::new(FaultKind::HangUpHalfway).times(1));
    let mut bytes = ask(&registry, "GET", &path).body;
    let range = format!("Range: bytes={}-\r\n", bytes.len());
    bytes.extend(ask_with(&registry, "GET", &path, &range, b"").body);
    assert_eq!(bytes, b"0123456789");
}

#[test]
fn dropping_the_registry_ends_hanging_and_idle_connections() {
    let registry = Registry::start().unwrap();
    registry.inject(Fault::new(FaultKind::Hang).path("/v2/hang"));
    let idle = TcpStream::connect(registry.address()).unwrap();
    let mut hanging = TcpStream::connect(registry.address()).unwrap();
    hanging.write_all(b"GET /v2/hang HTTP/1.1\r\n\r\n").unwrap();
    while registry.count("GET", "/v2/hang") == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    let address = registry.address();
    drop(registry);
    for mut stream in [idle, hanging] {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        assert!(bytes.is_empty());
    }
    assert!(TcpStream::connect(address).is_err());
}
