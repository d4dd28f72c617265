//! What the engine says while it works, in our event model.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bollard_buildkit_proto::moby::buildkit::v1::{self as control, StatusResponse};

use super::places::StepName;
use super::redact::{Redactor, StreamRedactor};
use crate::{CacheStats, Event, EventSink, LogStream, Vertex};

/// Lines kept of every vertex for an error message.
const TAIL: usize = 20;

/// Longest line kept for an error message.
const TAIL_LINE: usize = 2_000;

/// Follows the vertices of one build.
pub(crate) struct Progress<'a> {
    sink: &'a dyn EventSink,
    redactor: &'a Redactor,
    logs: StreamRedactor<'a>,
    /// Names that only this build uses, and what to call them in front of people.
    aliases: &'a BTreeMap<String, String>,
    /// Vertices in the order they were first named.
    order: Vec<String>,
    vertices: HashMap<String, Vertex>,
    tails: HashMap<String, VecDeque<String>>,
}

/// A vertex that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) name: String,
    pub(crate) error: String,
    pub(crate) tail: Vec<String>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(
        sink: &'a dyn EventSink,
        redactor: &'a Redactor,
        aliases: &'a BTreeMap<String, String>,
    ) -> Self {
        Self {
            sink,
            redactor,
            logs: StreamRedactor::new(redactor),
            aliases,
            order: Vec::new(),
            vertices: HashMap::new(),
            tails: HashMap::new(),
        }
    }

    /// A text of the engine for people: private names undone, secrets out.
    pub(crate) fn readable(&self, text: &str) -> String {
        let mut text = self.redactor.clean_text(text);
        for (private, shown) in self.aliases {
            text = text.replace(private, shown);
        }
        text
    }

    /// Takes one message of the status stream.
    pub(crate) fn take(&mut self, status: StatusResponse) {
        for log in &status.logs {
            self.log(log);
        }
        for vertex in status.vertexes {
            self.vertex(vertex);
        }
        for status in status.statuses {
            self.sink.event(Event::Status {
                // The id is the text for people; the name is only its verb.
                name: self.readable(&status.id),
                vertex: status.vertex,
                current: u64::try_from(status.current).unwrap_or(0),
                total: u64::try_from(status.total).unwrap_or(0),
            });
        }
        for warning in status.warnings {
            self.sink.event(Event::Warning {
                message: self.readable(&String::from_utf8_lossy(&warning.short)),
            });
        }
    }

    fn vertex(&mut self, vertex: control::Vertex) {
        let ended = vertex.completed.is_some();
        let seen = Vertex {
            name: self.readable(&vertex.name),
            started: vertex.started.is_some(),
            completed: ended,
            cached: vertex.cached,
            error: (!vertex.error.is_empty()).then(|| self.readable(&vertex.error)),
            id: vertex.digest.clone(),
        };
        if ended {
            for (stream, data) in self.logs.finish(&vertex.digest) {
                self.show(&vertex.digest, stream, data);
            }
        }
        let before = self.vertices.insert(vertex.digest.clone(), seen.clone());
        if before.is_none() {
            self.order.push(vertex.digest);
        }
        if before.as_ref() != Some(&seen) {
            self.sink.event(Event::Vertex(seen));
        }
    }

    fn log(&mut self, log: &control::VertexLog) {
        let data = self.logs.push(&log.vertex, log.stream, &log.msg);
        self.show(&log.vertex, log.stream, data);
    }

    fn show(&mut self, vertex: &str, stream: i64, data: Vec<u8>) {
        if data.is_empty() {
            return;
        }
        let tail = self.tails.entry(vertex.to_owned()).or_default();
        for line in String::from_utf8_lossy(&data).lines() {
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.chars().take(TAIL_LINE).collect());
        }
        self.sink.event(Event::Log {
            vertex: vertex.to_owned(),
            stream: if stream == 2 {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            },
            data,
        });
    }

    /// The vertex that failed first of its own accord: others are cancelled because of it.
    pub(crate) fn failed(&self) -> Option<Failed> {
        let failures = || {
            self.order.iter().filter_map(|id| {
                let vertex = self.vertices.get(id)?;
                Some((vertex, vertex.error.as_deref()?))
            })
        };
        let (vertex, error) = failures()
            .find(|(_, error)| !error.ends_with("context canceled"))
            .or_else(|| failures().next())?;
        Some(Failed {
            name: vertex.name.clone(),
            error: error.to_owned(),
            tail: self
                .tails
                .get(&vertex.id)
                .map(|tail| tail.iter().cloned().collect())
                .unwrap_or_default(),
        })
    }

    /// What the cache did, counted over steps that do something.
    pub(crate) fn cache(&self) -> CacheStats {
        let mut stats = CacheStats::default();
        for vertex in self.vertices.values() {
            let works =
                StepName::parse(&vertex.name).is_some_and(|step| !step.text.starts_with("FROM "));
            match (works && vertex.completed, vertex.cached) {
                (true, true) => stats.hits += 1,
                (true, false) => stats.misses += 1,
                (false, _) => {}
            }
        }
        stats
    }

    /// Names of all vertices, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.order
            .iter()
            .filter_map(|id| Some(self.vertices.get(id)?.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bollard_buildkit_proto::google::protobuf::Timestamp;

    use super::*;

    #[test]
    fn the_stream_becomes_events_without_secrets_or_private_names() {
        let seen = Mutex::new(Vec::new());
        let sink = |event| seen.lock().unwrap().push(event);
        let redactor = Redactor::default();
        redactor.learn(b"hunter2");
        let aliases = BTreeMap::from([("p.invalid/b:1".to_owned(), "base".to_owned())]);
        let mut progress = Progress::new(&sink, &redactor, &aliases);
        let now = Some(Timestamp::default());
        let vertex = |digest: &str, name: &str, error: &str, cached| control::Vertex {
            digest: digest.to_owned(),
            name: name.to_owned(),
            error: error.to_owned(),
            cached,
            started: now,
            completed: now,
            ..control::Vertex::default()
        };
        progress.take(StatusResponse {
            vertexes: vec![
                vertex("a", "[1/3] FROM p.invalid/b:1", "", true),
                vertex("b", "[2/3] RUN echo hunter2", "", true),
                vertex("d", "[3/3] COPY x y", "context canceled", false),
            ],
            logs: vec![control::VertexLog {
                vertex: "c".to_owned(),
                stream: 2,
                msg: b"one\nit is hunter2".to_vec(),
                ..control::VertexLog::default()
            }],
            ..StatusResponse::default()
        });
        progress.take(StatusResponse {
            vertexes: vec![vertex("c", "[3/3] RUN false", "exit code: 1", false)],
            ..StatusResponse::default()
        });
        let failed = progress.failed().unwrap();
        assert_eq!(failed.name, "[3/3] RUN false");
        assert_eq!(failed.tail, ["one", "it is ***"]);
        assert_eq!(progress.cache(), CacheStats { hits: 1, misses: 2 });
        assert_eq!(progress.names().next(), Some("[1/3] FROM base"));
        let text = format!("{:?}", seen.lock().unwrap());
        assert!(
            !text.contains("hunter2") && !text.contains("invalid"),
            "{text}"
        );
    }
}
