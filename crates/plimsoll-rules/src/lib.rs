//! Every check and fix on sources and on images. No I/O, no clock.
//!
//! A rule is one file: doc comment (what it says, why, a bad and a good example, its fix),
//! declaration, check, cases. See `CONTRIBUTING.md`.

mod check;
mod registry;
mod rule;
pub mod suppression;

pub mod dockerfile;
pub mod image;

pub use check::{CheckOptions, CheckOutcome, check_image, check_project};
pub use registry::{all, find};
pub use rule::{Category, Depth, ImageFacts, Meta, Project, ProjectFile, Rule, Sink};
