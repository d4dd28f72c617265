//! Rules on what is fetched, and on whether it is what was meant, one file each.

use crate::declare::rules;

rules! {
    two_downloaders::TwoDownloaders,
    wget_progress_noise::WgetProgressNoise,
}
