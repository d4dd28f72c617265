//! The documents against the published schemas and against what readers of them expect.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cyclonedx;
mod openvex;
mod provenance;
mod read;
mod spdx;
mod spdx3;
