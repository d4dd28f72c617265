//! Rules on base images, one file each.

pub(crate) mod family;
pub(crate) mod sh;

use crate::declare::rules;

rules! {
    mutable_tag::MutableTag,
    tag_beside_digest::TagBesideDigest,
    unpinned_base_image::UnpinnedBaseImage,
    untrusted_registry::UntrustedRegistry,
}
