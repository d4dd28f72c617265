//! Every check and fix on sources and on images. No I/O, no clock.
//!
//! A rule is one file: doc comment (what it says, why, a bad and a good example, its fix),
//! declaration, check, cases. See `CONTRIBUTING.md`.
//!
//! Invariant: a rule sees data and says findings. It opens no file, asks no network and knows no
//! other rule; what it may know is in [`ProjectFile`] and [`ImageFacts`].

mod bases;
mod check;
mod context_files;
mod declare;
mod manifests;
mod mounts;
mod options;
mod packages;
mod project;
mod registry;
mod rule;
mod secret_names;
mod suppression;

pub mod dockerfile;
pub mod fix;
pub mod image;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod testing;

pub use check::{CheckOutcome, check_image, check_project};
pub use context_files::wants_content;
pub use options::{BaseLookup, CheckOptions, UnknownRule, validate_names};
pub use project::{Project, ProjectFile, RunScript, StepView};
pub use registry::{all, find};
pub use rule::{Category, Depth, ImageFacts, Meta, Reported, Rule, Sink};
