//! ADD of an address, from a server on this machine that does as its paths say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use plimsoll_build::BuildError;
use plimsoll_image::LayerLimits;
use plimsoll_model::{BuildInput, Digest};
use sha2::{Digest as _, Sha256};

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[
    ("download_arrives_with_mode_and_time", arrives),
    ("download_is_held_against_its_checksum", checksum),
    ("download_that_breaks_leaves_nothing", breaks),
    ("download_stalls_only_so_long", stalls),
    ("download_is_not_tried_offline", offline),
];

const CONTENT: &[u8] = b"from the network\n";

/// Serves until the process ends.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let head = |status: &str, length: usize, more: &str| {
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n")
    };
    match path.split('?').next().unwrap_or_default() {
        "/there/file.txt" => {
            let time = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
            stream.write_all(head("200 OK", CONTENT.len(), time).as_bytes())?;
            stream.write_all(CONTENT)
        }
        "/moved" => {
            stream.write_all(head("302 Found", 0, "Location: /there/file.txt\r\n").as_bytes())
        }
        "/half" => {
            stream.write_all(head("200 OK", 2 * CONTENT.len(), "").as_bytes())?;
            stream.write_all(CONTENT)
        }
        "/stalls" => {
            stream.write_all(head("200 OK", 2 * CONTENT.len(), "").as_bytes())?;
            stream.write_all(CONTENT)?;
            std::thread::sleep(Duration::from_secs(90));
            Ok(())
        }
        _ => stream.write_all(head("404 Not Found", 0, "").as_bytes()),
    }
}

fn project(dockerfile: &str) -> Project {
    let mut project = Project::new(&dockerfile.replace("URL", &server()), &[]);
    project.access.offline = false;
    project
}

fn digest() -> Digest {
    Digest::from_sha256(Sha256::digest(CONTENT).into())
}

/// Path, mode, time and content of every file of the image.
fn files(project: &Project) -> Vec<(String, u32, u64, Vec<u8>)> {
    let image = project.image();
    let mut files = Vec::new();
    for layer in 0..image.diff_ids.len() {
        let content = image.layer(layer, LayerLimits::default()).unwrap();
        for entry in tar::Archive::new(content).entries().unwrap() {
            let mut entry = entry.unwrap();
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let (mode, time) = (
                entry.header().mode().unwrap(),
                entry.header().mtime().unwrap(),
            );
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.push((path, mode, time, bytes));
        }
    }
    files
}

fn arrives() {
    let project = project(
        "FROM scratch\n\
         ADD URL/there/file.txt?token=hidden /folder/\n\
         ADD --chmod=0755 URL/moved /named\n",
    );
    let result = project.built();
    let expected = CONTENT.to_vec();
    assert_eq!(
        files(&project),
        [
            (
                "folder/file.txt".to_owned(),
                0o600,
                784_111_777,
                expected.clone()
            ),
            ("named".to_owned(), 0o755, 784_111_777, expected),
        ]
    );
    let found: Vec<_> = result
        .inputs
        .iter()
        .filter_map(|input| match input {
            BuildInput::Http { url, digest } => Some((url.as_str(), digest.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 2, "{:?}", result.inputs);
    for (url, found) in found {
        assert!(!url.contains("hidden"), "{url}");
        assert_eq!(found, digest());
    }
    // What the server holds is looked at each time; the step is not run again.
    let again = project.built();
    assert_eq!(again.digest, result.digest);
}

fn checksum() {
    let text = format!(
        "FROM scratch\nADD --checksum={} URL/there/file.txt /f\n",
        digest()
    );
    project(&text).built();

    let wrong = "0".repeat(64);
    let text = format!("FROM scratch\nADD --checksum=sha256:{wrong} URL/there/file.txt /f\n");
    let project = project(&text);
    let Err(BuildError::Input { place, message }) = project.build() else {
        panic!("the wrong content got in");
    };
    assert_eq!(place.unwrap().start.line, 2);
    assert!(message.contains(&wrong), "{message}");
    assert!(message.contains(digest().hex()), "{message}");
    assert!(!project.plan.output.join("index.json").exists());
}

fn breaks() {
    for (path, words) in [("half", "/half"), ("not-there", "404")] {
        let project = project(&format!("FROM scratch\nADD URL/{path} /f\n"));
        let Err(error) = project.build() else {
            panic!("half a file got in");
        };
        assert!(matches!(error, BuildError::Environment(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!project.plan.output.join("index.json").exists());
        let left = leftovers(&project.plan.state);
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Files of downloads that were begun, anywhere below.
fn leftovers(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(leftovers(&entry.path()));
        } else if entry.file_name().to_string_lossy().starts_with(".download") {
            found.push(entry.path());
        }
    }
    found
}

fn stalls() {
    let mut project = project("FROM scratch\nADD URL/stalls /f\n");
    project.access.silence = Some(Duration::from_millis(300));
    let Err(error) = project.build() else {
        panic!("half a file got in");
    };
    assert!(matches!(error, BuildError::Environment(_)), "{error}");
}

fn offline() {
    let mut project = project("FROM scratch\nADD URL/there/file.txt /f\n");
    project.access.offline = true;
    let Err(error) = project.build() else {
        panic!("it was fetched");
    };
    assert!(error.to_string().contains("network"), "{error}");
}
