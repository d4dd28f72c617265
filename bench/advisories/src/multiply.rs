//! A set of records that is many times as large as another.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Calls `each` with every record of the archives.
pub(crate) fn records(inputs: &[PathBuf], mut each: impl FnMut(Value) -> Result<()>) -> Result<()> {
    for input in inputs {
        let mut archive = ZipArchive::new(BufReader::new(File::open(input)?))?;
        for number in 0..archive.len() {
            let mut content = Vec::new();
            archive.by_index(number)?.read_to_end(&mut content)?;
            each(serde_json::from_slice(&content)?)?;
        }
    }
    Ok(())
}

/// Writes every record `times` times: once as it is, then with other names.
pub(crate) fn write(inputs: &[PathBuf], times: usize, out: &Path) -> Result<()> {
    let mut out = ZipWriter::new(BufWriter::new(File::create(out)?));
    let options = SimpleFileOptions::default().compression_level(Some(1));
    records(inputs, |record| {
        for time in 0..times {
            let mut copy = record.clone();
            if time > 0 {
                rename(&mut copy, time);
            }
            let id = copy["id"].as_str().unwrap_or_default();
            out.start_file(format!("{id}.json"), options)?;
            out.write_all(&serde_json::to_vec(&copy)?)?;
        }
        Ok(())
    })?;
    out.finish()?;
    Ok(())
}

fn rename(record: &mut Value, time: usize) {
    let mark = |name: &mut Value| {
        if let Value::String(text) = name {
            text.push_str(&format!("-copy{time}"));
        }
    };
    if let Some(id) = record.get_mut("id") {
        mark(id);
    }
    for list in ["aliases", "upstream", "related"] {
        if let Some(Value::Array(names)) = record.get_mut(list) {
            names.iter_mut().for_each(mark);
        }
    }
    if let Some(Value::Array(affected)) = record.get_mut("affected") {
        for one in affected {
            if let Some(name) = one.pointer_mut("/package/name") {
                mark(name);
            }
        }
    }
}
