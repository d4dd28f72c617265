//! Rules on secrets in Dockerfiles, one file each.

pub(crate) mod anchors;
pub(crate) mod flow;
pub(crate) mod names;

use crate::declare::rules;

rules! {
    secret_in_image_config::SecretInImageConfig,
    secret_left_in_layer::SecretLeftInLayer,
}
