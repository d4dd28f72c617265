use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;

/// Answers one request after another with what is written here, and gives back what was asked.
struct Server {
    address: String,
    asked: JoinHandle<Vec<String>>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/a/all.zip", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while reader.read_line(&mut request).unwrap() > 2 {}
                asked.push(request.to_ascii_lowercase());
                stream.write_all(&answer).unwrap();
            }
            asked
        });
        Self { address, asked }
    }
}

fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}

struct Fetch {
    folder: tempfile::TempDir,
    seen: Cell<u64>,
}

impl Fetch {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            seen: Cell::new(0),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("all.zip")
    }

    fn run(&self, server: &Server, known: Option<&str>) -> Result<Downloaded, ImageError> {
        let access = Access {
            docker_config: Some(self.folder.path().join("docker")),
            ..Access::default()
        };
        download(&server.address, &self.path(), known, &access, &|bytes| {
            self.seen.set(bytes);
        })
    }

    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_whole_file_comes_with_its_version() {
    let server = Server::start(vec![answer(
        "200 OK",
        &[
            "Content-Length: 5",
            "ETag: \"v1\"",
            "x-goog-hash: crc32c=AAAA",
            "x-goog-hash: md5=XUFAKrxLKna5cZ2REBfFkg==",
        ],
        "hello",
    )]);
    let fetch = Fetch::new();
    let fetched = fetch.run(&server, None).unwrap();
    let version = Some("\"v1\"".to_owned());
    assert_eq!(fetched, Downloaded::Fetched { size: 5, version });
    assert_eq!(fs::read(fetch.path()).unwrap(), b"hello");
    assert_eq!(
        (fetch.files(), fetch.seen.get()),
        (vec!["all.zip".to_owned()], 5)
    );
}

#[test]
fn what_has_not_changed_is_not_fetched() {
    let server = Server::start(vec![answer("304 Not Modified", &[], "")]);
    let fetch = Fetch::new();
    fs::write(fetch.path(), "old").unwrap();
    assert_eq!(
        fetch.run(&server, Some("\"v1\"")).unwrap(),
        Downloaded::Unchanged
    );
    assert_eq!(fs::read(fetch.path()).unwrap(), b"old");
    assert_eq!(fetch.files(), ["all.zip"]);
    assert!(server.asked.join().unwrap()[0].contains("if-none-match: \"v1\""));
}

#[test]
fn a_download_that_was_cut_off_goes_on() {
    let server = Server::start(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: \"v1\""], "hello"),
        answer(
            "206 Partial Content",
            &[
                "Content-Length: 5",
                "Content-Range: bytes 5-9/10",
                "ETag: \"v1\"",
            ],
            "world",
        ),
    ]);
    let fetch = Fetch::new();
    fetch.run(&server, None).unwrap();
    assert_eq!(fs::read(fetch.path()).unwrap(), b"helloworld");
    let asked = server.asked.join().unwrap();
    assert!(asked[1].contains("range: bytes=5-") && asked[1].contains("if-range: \"v1\""));
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let server = Server::start(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: \"v1\""], "hello"),
        answer("200 OK", &["Content-Length: 3", "ETag: \"v2\""], "new"),
    ]);
    let fetch = Fetch::new();
    fetch.run(&server, None).unwrap();
    assert_eq!(fs::read(fetch.path()).unwrap(), b"new");
}

#[test]
fn another_part_than_was_asked_for_is_not_put_together() {
    let server = Server::start(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: \"v1\""], "hello"),
        answer(
            "206 Partial Content",
            &["Content-Length: 7", "Content-Range: bytes 3-9/10"],
            "loworld",
        ),
        answer(
            "200 OK",
            &["Content-Length: 10", "ETag: \"v1\""],
            "helloworld",
        ),
    ]);
    let fetch = Fetch::new();
    fetch.run(&server, None).unwrap();
    assert_eq!(fs::read(fetch.path()).unwrap(), b"helloworld");
}

#[test]
fn a_part_of_another_version_is_not_put_together_with_what_is_here() {
    for part in [
        &["Content-Range: bytes 5-9/10", "ETag: \"v2\""][..],
        &["Content-Range: bytes 5-9/10"],
        &["Content-Range: bytes 5-9/*", "ETag: \"v1\""],
    ] {
        let server = Server::start(vec![
            answer("200 OK", &["Content-Length: 10", "ETag: \"v1\""], "hello"),
            answer("206 Partial Content", part, "WORLD"),
            answer("200 OK", &["Content-Length: 3", "ETag: \"v2\""], "new"),
        ]);
        let fetch = Fetch::new();
        fetch.run(&server, None).unwrap();
        assert_eq!(fs::read(fetch.path()).unwrap(), b"new", "{part:?}");
        let asked = server.asked.join().unwrap();
        assert!(!asked[2].contains("range"), "{part:?}");
    }
}

#[test]
fn a_part_of_the_rest_is_not_taken_for_all_of_it() {
    let part = |range: &str, bytes: &str| {
        let range = format!("Content-Range: bytes {range}/10");
        let length = format!("Content-Length: {}", bytes.len());
        answer(
            "206 Partial Content",
            &[&length, &range, "ETag: \"v1\""],
            bytes,
        )
    };
    let server = Server::start(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: \"v1\""], "hello"),
        part("5-6", "wo"),
        part("7-9", "rld"),
    ]);
    let fetch = Fetch::new();
    fetch.run(&server, None).unwrap();
    assert_eq!(fs::read(fetch.path()).unwrap(), b"helloworld");
    assert!(server.asked.join().unwrap()[2].contains("range: bytes=7-"));
}

#[test]
fn what_has_a_weak_version_is_fetched_anew() {
    let server = Server::start(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: W/\"1\""], "hello"),
        answer("200 OK", &["Content-Length: 3", "ETag: W/\"1\""], "new"),
    ]);
    let fetch = Fetch::new();
    fetch.run(&server, None).unwrap();
    assert_eq!(fs::read(fetch.path()).unwrap(), b"new");
    assert!(!server.asked.join().unwrap()[1].contains("range"));
}

#[test]
fn a_lie_about_the_content_leaves_the_old_file() {
    let server = Server::start(vec![answer(
        "200 OK",
        &[
            "Content-Length: 5",
            "x-goog-hash: md5=AAAAAAAAAAAAAAAAAAAAAA==",
        ],
        "hello",
    )]);
    let fetch = Fetch::new();
    fs::write(fetch.path(), "old").unwrap();
    let error = fetch.run(&server, None).unwrap_err().to_string();
    assert!(error.contains("checksum"), "{error}");
    assert_eq!(fs::read(fetch.path()).unwrap(), b"old");
}

/// Who may be spoken to in clear text need not be.
#[test]
fn an_address_of_https_on_this_machine_is_asked_by_https() {
    let fetch = Fetch::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeted = std::thread::spawn(move || {
        let (mut one, _) = listener.accept().unwrap();
        let mut first = [0];
        Read::read_exact(&mut one, &mut first).unwrap();
        first[0]
    });
    let url = format!("https://127.0.0.1:{port}/all.zip");
    let access = Access {
        silence: Some(Duration::from_millis(200)),
        ..Access::default()
    };
    download(&url, &fetch.path(), None, &access, &|_| {}).unwrap_err();
    // Who was not asked waits no longer.
    let _ = TcpStream::connect(("127.0.0.1", port));
    // A handshake (RFC 8446, section 5.1).
    assert_eq!(greeted.join().unwrap(), 22);
}

#[test]
fn addresses_in_clear_text_are_refused() {
    let fetch = Fetch::new();
    let access = Access::default();
    let url = "http://advisories.example/all.zip";
    let error = download(url, &fetch.path(), None, &access, &|_| {}).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("clear text"), "{error}");
    assert!(
        error.contains("--insecure-registry advisories.example"),
        "{error}"
    );
    let url = "ftp://advisories.example/all.zip";
    let error = download(url, &fetch.path(), None, &access, &|_| {}).unwrap_err();
    assert!(
        error.to_string().contains("only addresses of https"),
        "{error}"
    );
    assert!(fetch.files().is_empty());
}

/// A byte now and then is no silence, and no download.
#[test]
fn a_server_that_sends_too_slowly_is_given_up() {
    for (version, goes_on) in [("ETag: \"1\"", true), ("ETag: W/\"1\"", false)] {
        let fetch = Fetch::new();
        let error = fetch
            .run(&trickling(version), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("too slowly"), "{error}");
        assert!(error.contains("`--timeout`"), "{error}");
        // What came is there for the next time, where it can be told what it is of.
        assert!(fetch.files().contains(&"all.zip.part".to_owned()));
        assert_eq!(error.contains("the next time"), goes_on, "{error}");
    }
}

/// Sends a byte now and then.
fn trickling(version: &'static str) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a/all.zip", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reader.read_line(&mut request).unwrap() > 2 {}
        stream
            .write_all(&answer("200 OK", &[version, "Content-Length: 9000"], ""))
            .unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Vec::new()
    });
    Server { address, asked }
}

#[test]
fn a_refusal_that_trickles_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a/all.zip", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reader.read_line(&mut request).unwrap() > 2 {}
        let head = answer("404 Not Found", &["Content-Length: 8000"], "");
        stream.write_all(&head).unwrap();
        // Until nobody listens any more.
        (0..8000)
            .take_while(|_| {
                std::thread::sleep(Duration::from_millis(50));
                stream.write_all(b" ").is_ok()
            })
            .count()
    });
    let fetch = Fetch::new();
    let error = download(&address, &fetch.path(), None, &Access::default(), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    assert!(server.join().unwrap() < 1_000);
}

#[test]
fn what_there_is_no_room_for_does_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("x");
    for (kind, stays) in [
        (io::ErrorKind::PermissionDenied, true),
        (io::ErrorKind::StorageFull, false),
    ] {
        let mut part = Part::open(&into).unwrap();
        part.begin(Some("\"1\"")).unwrap();
        let _ = part.unwritten(kind.into());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count() == 2, stays);
    }
}
