//! Tools for tests: an OCI registry in memory that can misbehave on request, images made from a
//! few lines of code (honest and hostile ones), and a runner that gives every command the same
//! environment.
//!
//! Nothing here uses the code it helps to test: bytes are made and served independently of
//! `plimsoll-image`, so a mistake there cannot hide behind the same mistake here.
//!
//! ```text
//! registry::Registry      start() host() reference(repo, tag) put_blob put_manifest
//!                         repositories() tags(repo) blob(repo, digest) manifest(repo, reference)
//!                         requests() token_requests() set_access(Access) set_referrers_api(bool)
//!                         inject(Fault) clear_faults()
//! registry::Fault         new(FaultKind).method("GET").path("/blobs/").after(1).times(2)
//! registry::FaultKind     ReplaceBody FlipByte HangUpHalfway TooManyRequests Status Hang Close
//!                         Redirect EndlessBody
//! registry::Access        Open Basic(Credentials) Bearer { credentials, anonymous_pull }
//! image::ImageBuilder     new() layer(Layer) user env label … lie(Lie) build() -> Image
//! image::Image            digest() write_layout(dir, tag) write_docker_archive(path, reference)
//!                         into_registry(&registry, repo, tag)
//! image::Layer            new() file dir symlink hardlink whiteout opaque entry(Entry) raw(bytes)
//! image::hostile          layers() -> every hostile layer with its name
//! command::Scrubbed       new(binary) args env write(path, text) run() -> Outcome
//! ```

pub mod command;
pub mod image;
mod random;
pub mod registry;

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}
