//! The documents against the published schemas and against what readers of them expect.

mod cyclonedx;
mod provenance;
