//! `pip-audit`, which asks a server: one on loopback, that answers from the versions that OSV's
//! records list one by one. No range and no order of ours or of anybody is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use plimsoll_scan::advisory::Order;
use serde_json::{Value, json};

use super::ours::Answer;
use super::questions::Question;
use super::records::{Records, normal};
use super::tools::Said;
use crate::parity::text;

const ECOSYSTEM: &str = "PyPI";

/// Packages and versions that people knew for their advisories.
const WELL_KNOWN: [(&str, &str); 24] = [
    ("aiohttp", "3.7.4"),
    ("Babel", "2.9.0"),
    ("certifi", "2022.9.24"),
    ("cryptography", "3.2"),
    ("Django", "2.2.10"),
    ("Flask", "0.12"),
    ("httpx", "0.22.0"),
    ("idna", "3.6"),
    ("Jinja2", "2.10"),
    ("lxml", "4.6.2"),
    ("Mako", "1.2.1"),
    ("numpy", "1.21.0"),
    ("paramiko", "2.4.1"),
    ("Pillow", "8.1.0"),
    ("pip", "19.1"),
    ("Pygments", "2.7.3"),
    ("PyYAML", "5.3"),
    ("requests", "2.19.0"),
    ("setuptools", "65.5.0"),
    ("SQLAlchemy", "1.2.17"),
    ("tornado", "6.2"),
    ("urllib3", "1.24.1"),
    ("Werkzeug", "0.15.2"),
    ("zipp", "3.19.0"),
];

/// The answers of `pip-audit`. It takes one version of a package at a time: one list of
/// requirements for each.
pub(super) fn ask(records: &Records, questions: &[Question]) -> anyhow::Result<Said> {
    let program = std::env::var("PIP_AUDIT").unwrap_or_else(|_| "pip-audit".to_owned());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/v1/query", listener.local_addr()?);
    let known: Arc<BTreeMap<(String, String), Vec<Value>>> = Arc::new(listed(records)?);
    // It ends with the program.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let known = Arc::clone(&known);
            std::thread::spawn(move || serve(&stream, &known));
        }
    });
    let folder = tempfile::tempdir()?;
    let mut rounds: Vec<Vec<&Question>> = Vec::new();
    for same in questions.chunk_by(|a, b| a.name == b.name) {
        for (round, question) in same.iter().enumerate() {
            if rounds.len() <= round {
                rounds.push(Vec::new());
            }
            rounds[round].push(question);
        }
    }
    let mut said: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for round in rounds {
        let lines: String = round
            .iter()
            .map(|question| format!("{}=={}\n", question.name, question.version))
            .collect();
        let path = folder.path().join("requirements.txt");
        fs::write(&path, lines)?;
        let output = Command::new(&program)
            .args(["--no-deps", "--disable-pip", "--progress-spinner", "off"])
            .args(["--format", "json", "-s", "osv", "--osv-url", &address])
            .arg("--cache-dir")
            .arg(folder.path())
            .arg("--requirement")
            .arg(&path)
            .stdin(Stdio::null())
            .output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Said::Absent(
                    "wants pip-audit; PIP_AUDIT may name the program".to_owned(),
                ));
            }
            output => output.with_context(|| format!("cannot run {program}"))?,
        };
        let report: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))?;
        for package in report["dependencies"].as_array().context("no packages")? {
            let word = |key: &str| text(package, key).context("a package without name");
            let Some(found) = package["vulns"].as_array() else {
                bail!(
                    "{program} left out {}: {}",
                    word("name")?,
                    package["skip_reason"]
                );
            };
            let ids = found.iter().filter_map(|one| text(one, "id"));
            let key = (word("name")?, word("version")?);
            said.entry(key).or_default().extend(ids);
        }
    }
    let version = Command::new(&program).arg("--version").output()?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let answers = questions.iter().map(|question| {
        let key = (normal(ECOSYSTEM, &question.name), question.version.clone());
        let Some(hits) = said.get(&key).cloned() else {
            // It asks for the normal form of a version, and lists have the one that was published.
            return Answer {
                hits: BTreeSet::new(),
                unknown: BTreeSet::from(["*".to_owned()]),
            };
        };
        // Records that list no version of the package are not among what the server knows.
        let others = records.of(ECOSYSTEM, &question.name);
        let others = others.filter(|(_, affected)| affected.versions().is_empty());
        Answer {
            hits,
            unknown: others.map(|(record, _)| record.id.clone()).collect(),
        }
    });
    Ok(Said::Answers(
        format!("{version}, from the versions that records list"),
        answers.collect(),
    ))
}

/// The records that list a version of a package, by both.
fn listed(records: &Records) -> anyhow::Result<BTreeMap<(String, String), Vec<Value>>> {
    let mut known: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    let names = records.packages().filter(|(of, _)| *of == ECOSYSTEM);
    for (_, name) in names {
        for (record, affected) in records.of(ECOSYSTEM, name) {
            let value: Value = serde_json::from_str(&record.text)?;
            for version in affected.versions() {
                let key = (name.to_owned(), version.clone());
                known.entry(key).or_default().push(value.clone());
            }
        }
    }
    Ok(known)
}

/// Answers one query as OSV's server does.
fn serve(mut stream: &TcpStream, known: &BTreeMap<(String, String), Vec<Value>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let is_it = key.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok())?
    })?;
    let mut body = vec![0; length.min(1 << 20)];
    reader.read_exact(&mut body).ok()?;
    let query: Value = serde_json::from_slice(&body).ok()?;
    let key = (text(&query["package"], "name")?, text(&query, "version")?);
    let answer = match known.get(&key) {
        Some(found) => json!({ "vulns": found }),
        None => json!({}),
    };
    let answer = answer.to_string();
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(answer.as_bytes()).ok()
}

/// A version for each of these packages, and of those that records list the first, the last and
/// one in between.
pub(super) fn questions(records: &Records) -> Vec<Question> {
    let mut wanted: BTreeSet<(String, String)> = WELL_KNOWN
        .iter()
        .map(|(name, version)| (normal(ECOSYSTEM, name), (*version).to_owned()))
        .collect();
    let names = records.packages().filter(|(of, _)| *of == ECOSYSTEM);
    for (_, name) in names {
        let listed: Vec<&String> = records
            .of(ECOSYSTEM, name)
            .flat_map(|(_, affected)| affected.versions())
            .collect();
        let places = [
            0,
            listed.len() / 3,
            listed.len() / 2,
            listed.len().saturating_sub(1),
        ];
        let listed = places.iter().filter_map(|at| listed.get(*at));
        // What is no version cannot be asked for in a list of requirements.
        for version in listed.filter(|version| Order::Pep440.check(version).is_ok()) {
            wanted.insert((name.to_owned(), (*version).clone()));
        }
    }
    let questions = wanted.into_iter().map(|(name, version)| Question {
        ecosystem: ECOSYSTEM.to_owned(),
        name,
        version,
    });
    questions.collect()
}
