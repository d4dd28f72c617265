//! The crate from outside: places an image goes to and comes from, sudden death, other people's
//! tools.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod archive;
mod death;
mod engines;
mod hostile;
mod seed;
mod sources;

/// Walks every layer of an image; the first error counts.
fn walk_all<R: plimsoll_image::LayerReader>(
    image: &plimsoll_image::Image,
    limits: plimsoll_image::LayerLimits,
    reader: impl Fn() -> R + Sync,
) -> Result<(), plimsoll_image::ImageError> {
    let layers: Vec<usize> = (0..image.manifest.layers.len()).collect();
    for one in plimsoll_image::walk(image, limits, &layers, |_| reader())? {
        one.outcome?;
    }
    Ok(())
}
