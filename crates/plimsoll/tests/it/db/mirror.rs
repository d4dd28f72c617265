//! A mirror of advisories on a loopback port: serves files as object stores do, notes what it was
//! asked for, and misbehaves on request.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// How one answer with content goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection ends after so many bytes of the content, all of which were announced.
    CutAfter(usize),
    /// After so many bytes nothing more comes, until whoever asks is gone.
    HoldAfter(usize),
    /// The connection ends without an answer.
    HangUp,
    /// The checksum that is sent along is that of something else.
    WrongChecksum,
}

#[derive(Default)]
struct State {
    /// Version and content, by path.
    files: BTreeMap<String, (String, Vec<u8>)>,
    /// One for each answer to come; the last one stays where `lasting` says so.
    faults: VecDeque<Fault>,
    lasting: bool,
    asked: Vec<String>,
    held: usize,
}

/// The mirror. Its thread ends with the test.
#[derive(Clone)]
pub(super) struct Mirror {
    state: Arc<(Mutex<State>, Condvar)>,
    address: String,
}

impl Mirror {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mirror = Self {
            address: format!("http://{}/osv", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let served = mirror.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (served, stream) = (served.clone(), stream.unwrap());
                // Somebody who hangs up is no fault of the mirror's.
                std::thread::spawn(move || served.answer(&stream));
            }
        });
        mirror
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Publishes the archive of an ecosystem.
    pub(super) fn put(&self, ecosystem: &str, version: u32, archive: &[u8]) {
        let path = format!("/osv/{ecosystem}/all.zip");
        let file = (format!("\"v{version}\""), archive.to_vec());
        self.state.0.lock().unwrap().files.insert(path, file);
    }

    /// The next answers with content go wrong like this.
    pub(super) fn once(&self, faults: &[Fault]) {
        let mut state = self.state.0.lock().unwrap();
        state.faults = faults.iter().copied().collect();
        state.lasting = false;
    }

    /// Every answer with content goes wrong like this.
    pub(super) fn always(&self, fault: Fault) {
        let mut state = self.state.0.lock().unwrap();
        state.faults = VecDeque::from([fault]);
        state.lasting = true;
    }

    /// What was asked for since the last time: path, range and status.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.0.lock().unwrap().asked)
    }

    /// Waits until it holds back so many answers in all.
    pub(super) fn wait_until_held(&self, count: usize) {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap();
        drop(
            changed
                .wait_while(state, |state| state.held < count)
                .unwrap(),
        );
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        while reader.read_line(&mut request).ok()? > 2 {}
        let header = |name: &str| {
            let mut lines = request.lines();
            lines.find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let path = request.split(' ').nth(1)?.to_owned();
        let file = self.state.0.lock().unwrap().files.get(&path).cloned();
        let Some((version, content)) = file else {
            self.note(&path, "", 404);
            return send(stream, "404 Not Found", "", b"", 0);
        };
        if header("if-none-match").is_some_and(|known| known == version) {
            self.note(&path, "", 304);
            return send(stream, "304 Not Modified", "", b"", 0);
        }
        let range = header("range").filter(|_| header("if-range").as_ref() == Some(&version));
        let begins = range.as_deref().and_then(|range| {
            let begins = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            begins.parse::<usize>().ok()
        });
        let mut headers = format!("ETag: {version}\r\n");
        let (status, rest) = match begins.and_then(|begins| content.get(begins..)) {
            Some(rest) => {
                let (begins, all) = (content.len() - rest.len(), content.len());
                headers.push_str(&format!(
                    "Content-Range: bytes {begins}-{}/{all}\r\n",
                    all - 1
                ));
                ("206 Partial Content", rest)
            }
            None => ("200 OK", &content[..]),
        };
        let code = status[..3].parse().ok()?;
        self.note(&path, range.as_deref().unwrap_or_default(), code);
        match self.fault() {
            Some(Fault::HangUp) => None,
            Some(Fault::CutAfter(count)) => {
                let count = count.min(rest.len());
                send(stream, status, &headers, &rest[..count], rest.len())
            }
            Some(Fault::HoldAfter(count)) => {
                let count = count.min(rest.len());
                send(stream, status, &headers, &rest[..count], rest.len())?;
                let (state, changed) = &*self.state;
                state.lock().unwrap().held += 1;
                changed.notify_all();
                let _ = reader.read(&mut [0]);
                None
            }
            Some(Fault::WrongChecksum) => {
                headers.push_str("x-goog-hash: md5=AAAAAAAAAAAAAAAAAAAAAA==\r\n");
                send(stream, status, &headers, rest, rest.len())
            }
            None => send(stream, status, &headers, rest, rest.len()),
        }
    }

    fn note(&self, path: &str, range: &str, status: u16) {
        let path = path
            .trim_start_matches("/osv/")
            .trim_end_matches("/all.zip");
        let words = [path, range, &status.to_string()];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        self.state.0.lock().unwrap().asked.push(words.join(" "));
    }

    fn fault(&self) -> Option<Fault> {
        let mut state = self.state.0.lock().unwrap();
        match state.lasting {
            true => state.faults.front().copied(),
            false => state.faults.pop_front(),
        }
    }
}

/// Announces so many bytes and sends these.
fn send(
    mut stream: &TcpStream,
    status: &str,
    headers: &str,
    content: &[u8],
    announced: usize,
) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {announced}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(content).ok()
}
