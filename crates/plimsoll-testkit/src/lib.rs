//! Tools for tests: an OCI registry in memory that can misbehave on request, images made from a
//! few lines of code (honest and hostile ones), and a runner that gives every command the same
//! environment.
//!
//! Nothing here uses the code it helps to test: bytes are made and served independently of
//! `plimsoll-image`, so a mistake there cannot hide behind the same mistake here.
//!
//! - [`registry::Registry`] serves, records what was asked, and misbehaves as a
//!   [`registry::Fault`] says.
//! - [`image::ImageBuilder`] makes an [`image::Image`] for an OCI layout, a docker archive or a
//!   registry, true or with an [`image::Lie`].
//! - [`image::hostile::layers`] is the collection of layers that no reader should trust.
//! - [`distribution::Distribution`] is the registry others run.
//! - [`advisory::Advisory`] makes a record in OSV's form.
//! - [`vulnerability::plain`] is a known vulnerability, to be changed.
//! - [`command::Scrubbed`] runs a binary.

pub mod advisory;
pub mod command;
pub mod distribution;
pub mod image;
mod random;
pub mod registry;
pub mod vulnerability;

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}
