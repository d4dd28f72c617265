//! No bytes of a layer make the walk over it, or anybody who is shown its files, panic; what came
//! by in whole is told beside what broke.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plimsoll_image::Layout;
use plimsoll_testkit::image::{ImageBuilder, Layer};

static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
    let place = folder.path().join("image");
    let _ = std::fs::remove_dir_all(&place);
    look(&place, bytes);
});

fn look(place: &Path, bytes: &[u8]) {
    let good = Layer::new().file(
        "app/node_modules/good/package.json",
        "{\"name\":\"good\",\"version\":\"1.0.0\"}",
    );
    let image = ImageBuilder::new()
        .layer(good)
        .layer(Layer::raw(archive(bytes)))
        .build();
    image.write_layout(place, "x").expect("a layout");
    let image = Layout::open(place)
        .and_then(|layout| layout.image(Some("x"), None))
        .expect("an image");
    let mut options = plimsoll_scan::ScanOptions::default();
    // Holes of a sparse file are read as quickly as memory is, and say nothing more.
    options.limits.bytes = 64 << 20;
    let (outcome, _) = plimsoll_scan::inspect_with_files(&image, &options, None)
        .expect("all blobs are there");
    let _ = outcome.inventory.layers.len();
}

/// Archives whose headers are right say more than those that are not: each header's sum is made
/// to fit.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut tar = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + 512) {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[124..135])
            .ok()
            .and_then(|size| usize::from_str_radix(size.trim_matches([' ', '\0']), 8).ok())
            .unwrap_or(0);
        at = at.saturating_add(512).saturating_add(size.next_multiple_of(512));
    }
    tar
}
