//! Rules on base images, one file each.

mod end_of_life;
pub(crate) mod family;
mod name;
pub(crate) mod sh;

use crate::declare::rules;

rules! {
    end_of_life_base::EndOfLifeBase,
    mutable_tag::MutableTag,
    tag_beside_digest::TagBesideDigest,
    unpinned_base_image::UnpinnedBaseImage,
    untrusted_registry::UntrustedRegistry,
}
