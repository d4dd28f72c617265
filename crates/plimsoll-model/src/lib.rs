//! The vocabulary that crosses the walls of Plimsoll: plain data, no I/O, no formats.
//!
//! Every other crate may use this one; this one uses none. Types here are deliberately not
//! serialisable: each output format owns its wire structs, so a change here never changes a format
//! by accident.

mod config;
mod digest;
mod finding;
mod image_ref;
mod input;
mod inventory;
mod report;
mod source;

pub use config::{HealthCheck, HistoryEntry, ImageConfig, Platform};
pub use digest::{Digest, DigestParseError};
pub use finding::{
    Applicability, Confidence, Edit, Finding, Fix, LayerOrigin, Origin, Related, Severity,
    SourceOrigin,
};
pub use image_ref::{ImageName, ImageNameError, ImageRef};
pub use input::BuildInput;
pub use inventory::{
    Distribution, Inventory, LayerFacts, NotableFile, NotableKind, Package, PackageKind,
    SecretSighting,
};
pub use report::{ImageSummary, Remark, Report, Skipped, Suppressed, SuppressedBy};
pub use source::{LineIndex, Position, SourceFile, Span};
