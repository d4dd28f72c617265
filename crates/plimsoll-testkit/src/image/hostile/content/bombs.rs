//! Much from little.

use std::sync::LazyLock;

use super::{HostileContent, file, quiet, told};
use crate::image::hostile::archive;
use crate::image::{Entry, Layer};

/// A gibibyte of zeros in a mebibyte.
static ZEROS: LazyLock<Vec<u8>> = LazyLock::new(|| archive::gzip_of_zeros(1 << 30));

pub(super) fn cases() -> Vec<HostileContent> {
    vec![
        quiet("zeros", |scale| {
            vec![Layer::zeros("srv/zeros", scale.of(1 << 30, 10 << 30))]
        }),
        // In its full size more than is read of one image.
        quiet("ten-million-entries", |scale| {
            vec![Layer::new().many(scale.of(300_000, 10_000_000), |index| {
                Entry::file(format!("srv/{}/{}/{index}", index % 97, index % 1009), "")
            })]
        }),
        told("gzip-bomb", "srv/a.gz", |_| file("srv/a.gz", ZEROS.clone())),
        told("gzip-bomb-as-tgz", "srv/a.tgz", |_| {
            file("srv/a.tgz", ZEROS.clone())
        }),
        quiet("gzip-bomb-twice", |_| {
            file("srv/a.gz.gz", archive::gzip(&ZEROS))
        }),
        // Its directory is not asked: there is one member, and behind it the end.
        quiet("zip-bomb", |_| {
            file(
                "srv/a.zip",
                archive::zip_of_overlaps(u16::MAX, 16 << 20, ".zip"),
            )
        }),
        quiet("jar-bomb", |_| {
            let suffix = "/META-INF/MANIFEST.MF";
            file(
                "srv/a.jar",
                archive::zip_of_overlaps(u16::MAX, 16 << 20, suffix),
            )
        }),
        quiet("jar-bomb-of-jars", |_| {
            file(
                "srv/a.war",
                archive::zip_of_overlaps(u16::MAX, 16 << 20, ".jar"),
            )
        }),
        told("zip-100-deep", "srv/a.zip", |_| {
            file("srv/a.zip", archive::zip_in_zip(100, ".zip"))
        }),
        told("tgz-100-deep", "srv/a.tgz", |_| {
            file("srv/a.tgz", archive::tgz_in_tgz(100))
        }),
        told("jar-100-deep", "srv/a.jar", |_| {
            file("srv/a.jar", archive::zip_in_zip(100, ".jar"))
        }),
        told("jar-with-absurd-directory", "srv/a.jar", |_| {
            file(
                "srv/a.jar",
                archive::zip_with_absurd_directory(u16::MAX, u32::MAX, u32::MAX - 1),
            )
        }),
        told("jar-with-endless-directory", "srv/a.jar", |_| {
            file(
                "srv/a.jar",
                archive::zip_with_absurd_directory(u16::MAX, 1 << 31, 0),
            )
        }),
    ]
}
