//! Builds an image from a plan. Two engines behind one trait; **the contract is an OCI layout on
//! disk**: nothing downstream knows which engine ran.

#![allow(
    clippy::result_large_err,
    reason = "an error ends a build: it is made once, and says where"
)]

mod engine;
mod events;
mod history;
mod inputs;
mod plan;
mod result;
mod time;

pub mod buildkit;
pub mod native;

pub use engine::{BuildError, Capability, Engine, Probe};
pub use events::{Event, EventSink, LogStream, Vertex, VertexId};
pub use history::{ForeignStep, base_source, foreign_steps, layer_sources, step_sources};
pub use plan::{BuildContext, BuildPlan, NamedContext, SecretSource, SecretValue};
pub use result::{BuildResult, CacheStats, StepRecord};
