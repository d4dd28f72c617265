//! Documents that travel with an image: its bill of materials and how it was made.
//!
//! Standard formats only, so that other people's verifiers accept them. Everything here is a pure
//! function of its input: no clock, no environment, the same bytes every time.

pub mod cyclonedx;
pub mod envelope;
pub mod openvex;
pub mod provenance;
pub mod read;
pub mod spdx;
pub mod spdx3;

mod address;
mod attachment;
mod oci_purl;
mod sbom;
mod time;

pub use attachment::Attachment;
pub use sbom::SbomInput;
