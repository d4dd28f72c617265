//! Images wherever they lie: sources and sinks, blobs, layer walk, referrers.
//!
//! An [`Image`] is an immutable view: raw bytes stand beside every parsed form, so that digests
//! stay true. Every blob is verified against its digest while it is read.

mod access;
mod archive;
mod artifact;
mod attached;
mod blob;
mod compression;
mod config;
mod daemon;
mod descriptor;
mod download;
mod error;
mod folder;
mod http;
mod image;
mod input;
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

pub use access::{Access, DocumentStore, Documents};
pub use artifact::{ArtifactKind, pull_artifact, push_artifact};
pub use attached::{AttachedDocument, Attachments, attached};
pub use blob::{BlobContent, BlobSource, sha256};
pub use config::{config_json, parse_config};
pub use daemon::{DaemonImages, context_endpoint};
pub use descriptor::Descriptor;
pub use download::{Downloaded, download};
pub use error::ImageError;
pub use http::told_address;
pub use image::Image;
pub use layer::{
    Entry, EntryKind, GzipReader, LayerLimits, LayerReader, LayerStats, LayerStream, Walked, walk,
};
pub use layout::{BlobWriter, Layout, LayoutWriter};
pub use manifest::{Manifest, index_json, manifest_json};
pub use sink::{Progress, PushOutcome, Referrer, called_at, push};
pub use source::{
    begins_with_port, behind_registry_prefix, destination, find, open, path_of, resolve,
};
pub use target::Target;

// The images of integration tests serve unit tests too; there the crate goes by its name.
#[cfg(test)]
extern crate self as plimsoll_image;
