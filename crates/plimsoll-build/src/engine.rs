//! The one door to every engine.

use plimsoll_model::SourceOrigin;

use crate::{BuildPlan, BuildResult, EventSink};

/// What an engine may or may not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// An external frontend named by `# syntax=` other than docker/dockerfile.
    CustomFrontend,
    /// `RUN --security=insecure`.
    InsecureRun,
    /// `RUN --mount=type=ssh`.
    SshMount,
    /// `RUN --device`.
    Device,
    /// A platform other than the host's.
    ForeignPlatform,
    /// `ADD` of a git repository.
    AddGit,
    /// Byte-for-byte the same image from the same inputs.
    Reproducible,
}

/// What a probe found out by really trying.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Whether the engine can build here.
    pub usable: bool,
    /// One line: what was found, or why not and what to do.
    pub detail: String,
    /// What it can do.
    pub capabilities: Vec<Capability>,
}

/// Why a build did not give an image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The Dockerfile or the plan is wrong.
    #[error("{message}")]
    Input {
        /// The place, where it is one in the Dockerfile.
        place: Option<SourceOrigin>,
        /// What is wrong and what to do.
        message: String,
    },
    /// A step ran and failed.
    #[error("{message}")]
    Step {
        /// The instruction.
        place: Option<SourceOrigin>,
        /// What failed, with the exit code.
        message: String,
        /// The last lines it wrote, secrets taken out.
        tail: Vec<String>,
    },
    /// The engine cannot do what the Dockerfile asks for.
    #[error("the {engine} engine cannot do {what}: {instead}")]
    Unsupported {
        /// This engine.
        engine: &'static str,
        /// What was asked for.
        what: String,
        /// The engine that can, and how to choose it.
        instead: String,
        /// The place.
        place: Option<SourceOrigin>,
    },
    /// Something outside failed: network, engine, disk.
    #[error("{0}")]
    Environment(String),
}

/// Builds images.
pub trait Engine {
    /// `native` or `buildkit`.
    fn name(&self) -> &'static str;

    /// Finds out by trying whether it can build on this machine, now.
    fn probe(&self) -> Probe;

    /// Builds `plan` into its output layout.
    ///
    /// # Errors
    /// See [`BuildError`]; the output layout is untouched then.
    fn build(&self, plan: &BuildPlan, events: &dyn EventSink) -> Result<BuildResult, BuildError>;
}
