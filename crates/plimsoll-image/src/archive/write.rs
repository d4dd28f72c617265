//! Writes the archive that `docker load` takes. It is an OCI layout at the same time, and every
//! blob lies in it as it is, so that the image keeps its digest.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use serde_json::json;

use super::blob_name;
use crate::layout::{IMAGE_NAME, REF_NAME};
use crate::{Descriptor, Image, ImageError, index_json};

/// Writes `image` under `names` (`repository:tag`). Equal input gives equal bytes.
pub(crate) fn write_archive(
    image: &Image,
    names: &[String],
    output: &mut dyn Write,
    mut on_blob: impl FnMut(&Descriptor),
) -> Result<u64, ImageError> {
    let failed =
        |error| ImageError::from_read(format!("{}: writing the archive", image.name), error);
    let mut tar = tar::Builder::new(output);
    let mut add = |name: &str, size: u64, content: &mut dyn Read| -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.append(&header, content)
    };
    let manifest = &image.manifest;
    let mut written = HashSet::new();
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        if written.insert(&blob.digest) {
            on_blob(blob);
            let mut content = image.blobs.blob(blob)?;
            add(&blob_name(&blob.digest), blob.size, &mut content).map_err(failed)?;
        }
    }
    let root = &manifest.descriptor;
    let entries: Vec<Descriptor> = if names.is_empty() {
        vec![root.clone()]
    } else {
        names
            .iter()
            .map(|name| {
                let mut entry = root.clone();
                entry.annotations = vec![
                    (IMAGE_NAME.to_owned(), name.clone()),
                    (
                        REF_NAME.to_owned(),
                        name.rsplit(':').next().unwrap_or(name).to_owned(),
                    ),
                ];
                entry
            })
            .collect()
    };
    let listed = json!([{
        "Config": blob_name(&manifest.config.digest),
        "RepoTags": if names.is_empty() { json!(null) } else { json!(names) },
        "Layers": manifest.layers.iter().map(|layer| blob_name(&layer.digest)).collect::<Vec<_>>(),
    }]);
    for (name, bytes) in [
        (blob_name(&root.digest).as_str(), manifest.raw.to_vec()),
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json", index_json(&entries)),
        ("manifest.json", listed.to_string().into_bytes()),
    ] {
        add(name, bytes.len() as u64, &mut bytes.as_slice()).map_err(failed)?;
    }
    tar.into_inner()
        .and_then(|output| output.flush())
        .map_err(failed)?;
    Ok(written.len() as u64)
}
