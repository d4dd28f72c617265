//! Images wherever they lie: sources and sinks, blobs, layer walk, referrers.
//!
//! An [`Image`] is an immutable view: raw bytes stand beside every parsed form, so that digests
//! stay true. Every blob is verified against its digest while it is read.

mod archive;
mod artifact;
mod attached;
mod auth;
mod blob;
mod compression;
mod config;
mod daemon;
mod download;
mod error;
mod folder;
mod http;
mod image;
mod layer;
mod layout;
mod manifest;
pub mod media_type;
mod platform;
mod registry;
mod rootfs;
#[cfg(test)]
#[path = "../tests/it/seed.rs"]
mod seed;
mod sink;
mod source;
mod spool;
pub mod tar;
mod target;

pub use artifact::{ArtifactKind, pull_artifact, push_artifact};
pub use attached::{AttachedDocument, Attachments, attached};
pub use blob::{BlobContent, sha256};
pub use config::{config_json, parse_config};
pub use daemon::{DaemonImages, DocumentStore, Documents, context_endpoint};
pub use download::{Downloaded, download};
pub use error::ImageError;
pub use http::told_address;
pub use image::{Descriptor, Image, Manifest};
pub use layer::{
    Entry, EntryKind, GzipReader, LayerLimits, LayerReader, LayerStats, LayerStream, Walked, walk,
};
pub use layout::{BlobWriter, Layout, LayoutWriter};
pub use manifest::{index_json, manifest_json};
pub use sink::{Progress, PushOutcome, Referrer, push};
pub use source::{Access, BlobSource, destination, find, open, resolve};
pub use target::Target;

// The images of integration tests serve unit tests too; there the crate goes by its name.
#[cfg(test)]
extern crate self as plimsoll_image;
