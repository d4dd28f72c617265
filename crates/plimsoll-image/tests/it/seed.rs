//! Small images, written with the crate's own writer. Shared by unit and integration tests.

use std::io::Write as _;
use std::path::Path;

use plimsoll_image::{Image, Layout, config_json, manifest_json, media_type, sha256};
use plimsoll_model::{ImageConfig, Platform};

/// A tar of files; names are written as they are, however bad.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that do not compress.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// Writes an image of gzip layers into a layout.
pub(crate) fn image(root: &Path, name: &str, tars: &[Vec<u8>]) -> Image {
    let layers: Vec<_> = tars
        .iter()
        .map(|tar| (media_type::OCI_LAYER_GZIP, gzip(tar), sha256(tar)))
        .collect();
    image_of(root, name, layers)
}

/// The same of layers as they are, each with the diff id that is claimed for it.
pub(crate) fn image_of(
    root: &Path,
    name: &str,
    layers: Vec<(&str, Vec<u8>, plimsoll_model::Digest)>,
) -> Image {
    let mut writer = Layout::writer(root).unwrap();
    let diff_ids: Vec<_> = layers
        .iter()
        .map(|(_, _, diff_id)| diff_id.clone())
        .collect();
    let config = ImageConfig {
        platform: Some(Platform::host()),
        cmd: Some(vec!["/hello".to_owned()]),
        ..ImageConfig::default()
    };
    let layers: Vec<_> = layers
        .iter()
        .map(|(kind, bytes, _)| writer.blob(kind, &mut bytes.as_slice()).unwrap())
        .collect();
    let config = writer
        .blob(
            media_type::OCI_CONFIG,
            &mut config_json(&config, &diff_ids).as_slice(),
        )
        .unwrap();
    let raw = manifest_json(&config, &layers, None, None, &[]);
    let manifest = writer
        .blob(media_type::OCI_MANIFEST, &mut raw.as_slice())
        .unwrap();
    writer
        .commit(vec![(manifest, Some(name.to_owned()))])
        .unwrap()
        .image(Some(name), None)
        .unwrap()
}
