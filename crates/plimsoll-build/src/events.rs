//! What happens during a build, in BuildKit's vertex/log/status model.

/// Identifies a vertex within one build.
pub type VertexId = String;

/// One node of the build graph: a step people see a line of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// Identity.
    pub id: VertexId,
    /// Such as `[build 2/5] RUN make`.
    pub name: String,
    /// Whether it has begun.
    pub started: bool,
    /// Whether it has ended.
    pub completed: bool,
    /// Whether its result came from the cache.
    pub cached: bool,
    /// Why it failed.
    pub error: Option<String>,
}

/// Which stream a log line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A vertex changed.
    Vertex(Vertex),
    /// A vertex wrote something.
    Log {
        /// Which.
        vertex: VertexId,
        /// Where to.
        stream: LogStream,
        /// Bytes as written; hostile text.
        data: Vec<u8>,
    },
    /// A vertex got on: `current` of `total` bytes (0 where unknown).
    Status {
        /// Which.
        vertex: VertexId,
        /// Of what, such as `extracting sha256:…`.
        name: String,
        /// Bytes so far.
        current: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The engine has something to say about the file.
    Warning {
        /// What.
        message: String,
    },
}

/// Takes events; may be called from several threads.
pub trait EventSink: Sync {
    /// Takes one.
    fn event(&self, event: Event);
}

impl<F: Fn(Event) + Sync> EventSink for F {
    fn event(&self, event: Event) {
        self(event);
    }
}
