//! Rules on base images, one file each.

pub(crate) mod family;
pub(crate) mod sh;

use crate::declare::rules;

rules! {
    mutable_tag::MutableTag,
    unpinned_base_image::UnpinnedBaseImage,
}
