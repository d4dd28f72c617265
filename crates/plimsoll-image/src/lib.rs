//! Images wherever they lie: sources and sinks, blobs, layer walk, referrers.
//!
//! An [`Image`] is an immutable view: raw bytes stand beside every parsed form, so that digests
//! stay true. Every blob is verified against its digest while it is read.

mod error;
mod image;
mod layer;
mod layout;
mod source;

pub use error::ImageError;
pub use image::{Descriptor, Image, Manifest};
pub use layer::{Entry, EntryKind, LayerLimits, LayerReader, LayerStats, walk};
pub use layout::{Layout, LayoutWriter};
pub use source::{Access, BlobSource, open, resolve};
