//! The entries of every layer of an image, lowest layer first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::inspect::read_json;

/// What an entry makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    File,
    Folder,
    /// A hard link to the target.
    Link,
    Other,
}

/// An entry of a layer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Without a leading `./` or slash; empty for the root.
    pub(super) path: String,
    pub(super) form: Form,
    /// Bytes of a file; 0 of all else.
    pub(super) size: u64,
    pub(super) target: String,
}

/// Calls for every entry, layer by layer.
pub(super) fn walk(image: &Path, mut each: impl FnMut(usize, &Entry)) -> anyhow::Result<()> {
    read(image, |layer, reader| {
        for entry in tar::Archive::new(reader).entries()? {
            let entry = entry?;
            let kind = entry.header().entry_type();
            let form = if kind.is_dir() {
                Form::Folder
            } else if kind.is_hard_link() {
                Form::Link
            } else if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
                Form::File
            } else {
                Form::Other
            };
            let target = entry.link_name_bytes().unwrap_or_default();
            let entry = Entry {
                path: clean(&entry.path_bytes()),
                form,
                size: if form == Form::File { entry.size() } else { 0 },
                target: if form == Form::Link {
                    clean(&target)
                } else {
                    String::new()
                },
            };
            each(layer, &entry);
        }
        Ok(())
    })
    .map(|_| ())
}

fn clean(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Calls for the plain tar of every layer, and gives the configuration.
pub(super) fn read(
    image: &Path,
    each: impl FnMut(usize, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    if image.is_dir() {
        layout(image, each)
    } else {
        archive(image, each)
    }
}

fn archive(
    image: &Path,
    mut each: impl FnMut(usize, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    let file = File::open(image).with_context(|| format!("cannot open {}", image.display()))?;
    let mut places: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    // A layer that is there twice is a link the second time.
    let mut links: BTreeMap<String, String> = BTreeMap::new();
    for entry in tar::Archive::new(&file).entries_with_seek()? {
        let entry = entry?;
        let name = clean(&entry.path_bytes());
        if let Some(target) = entry.link_name_bytes() {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target = format!("{folder}/{}", String::from_utf8_lossy(&target));
            links.insert(name, clean(target.as_bytes()));
        } else {
            places.insert(name, (entry.raw_file_position(), entry.size()));
        }
    }
    let part = |name: &str| -> anyhow::Result<std::io::Take<&File>> {
        let (at, size) = places
            .get(links.get(name).map_or(name, String::as_str))
            .with_context(|| format!("{name} is not there"))?;
        let mut file = &file;
        file.seek(SeekFrom::Start(*at))?;
        Ok(file.take(*size))
    };
    let manifest: Value = serde_json::from_reader(part("manifest.json")?)?;
    let manifest = &manifest[0];
    let config = manifest["Config"].as_str().context("no Config")?;
    let config = serde_json::from_reader(part(config)?)?;
    let layers = manifest["Layers"].as_array().context("no Layers")?;
    for (index, name) in layers.iter().enumerate() {
        let name = name.as_str().context("a layer is a path")?;
        each(index, &mut std::io::BufReader::new(part(name)?))?;
    }
    Ok(config)
}

fn layout(
    image: &Path,
    mut each: impl FnMut(usize, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    let blob = |descriptor: &Value| -> anyhow::Result<std::path::PathBuf> {
        let digest = descriptor["digest"].as_str().context("no digest")?;
        Ok(image.join("blobs").join(digest.replacen(':', "/", 1)))
    };
    let index = read_json(&image.join("index.json"))?;
    let manifest = read_json(&blob(&index["manifests"][0])?)?;
    let config = read_json(&blob(&manifest["config"])?)?;
    let layers = manifest["layers"].as_array().context("no layers")?;
    for (index, descriptor) in layers.iter().enumerate() {
        let file = std::io::BufReader::new(File::open(blob(descriptor)?)?);
        match descriptor["mediaType"].as_str().unwrap_or_default() {
            kind if kind.ends_with("gzip") => each(index, &mut MultiGzDecoder::new(file))?,
            kind if kind.ends_with("tar") => each(index, &mut { file })?,
            kind => bail!("a layer of type {kind} cannot be read here"),
        }
    }
    Ok(config)
}
