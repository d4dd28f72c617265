//! `plimsoll cache`: what is kept from run to run, and away with it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use plimsoll_model::human_size;
use serde::Serialize;

use crate::args::{CacheAction, CacheArgs, ListFormat};
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::storage;
use crate::terminal::{print, printable};

/// What one part of the cache folder holds.
const PARTS: &[(&str, &str)] = &[
    (storage::SCAN_FOLDER, "what was seen of layers and images"),
    ("native", "steps of the native engine"),
    ("buildkit", "contexts and bases of the BuildKit engine"),
    ("staging", "work of runs under way"),
];

#[derive(Serialize)]
struct Status {
    folder: String,
    bound: u64,
    layers: u64,
    images: u64,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    name: &'static str,
    holds: &'static str,
    bytes: u64,
}

/// Shows or empties the cache.
pub(crate) fn run(arguments: &CacheArgs) -> Result<Outcome, Failure> {
    let config = Config::load(None, Path::new("."))?;
    let folder = storage::cache_folder()?;
    let scan = storage::scan_cache(&config)?;
    let fail = |error: io::Error| Failure::file(&folder, &error);
    match arguments.action.unwrap_or(CacheAction::Status) {
        CacheAction::Status => {
            let usage = scan.usage().map_err(fail)?;
            let status = Status {
                folder: folder.display().to_string(),
                bound: scan.bound(),
                layers: usage.layers,
                images: usage.images,
                parts: PARTS
                    .iter()
                    .map(|(name, holds)| Part {
                        name,
                        holds,
                        bytes: bytes_below(&folder.join(name)),
                    })
                    .collect(),
            };
            print(&match arguments.format {
                ListFormat::Json => {
                    let text = serde_json::to_string(&status);
                    format!("{}\n", text.expect("strings and numbers are JSON"))
                }
                ListFormat::Human => human(&status),
            })?;
        }
        CacheAction::Prune => {
            let gone = scan.shrink(scan.bound()).map_err(fail)?;
            print(&format!("{} removed\n", human_size(gone)))?;
        }
        CacheAction::Clear => {
            let mut gone = 0;
            let parts = PARTS.iter().filter(|(name, _)| {
                *name == storage::SCAN_FOLDER || (arguments.all && *name != "staging")
            });
            for (name, _) in parts {
                let part = folder.join(name);
                gone += bytes_below(&part);
                match std::fs::remove_dir_all(&part) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(Failure::file(&part, &error));
                    }
                    _ => {}
                }
            }
            print(&format!("{} removed\n", human_size(gone)))?;
        }
    }
    Ok(Outcome::Holds)
}

fn human(status: &Status) -> String {
    let mut text = format!("{}\n", printable(&status.folder));
    for part in &status.parts {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {:<10}{:>10}  {}",
            part.name,
            human_size(part.bytes),
            part.holds
        );
    }
    let _ = writeln!(
        text,
        "{} layers and {} images are known; at most {} are kept of them",
        status.layers,
        status.images,
        human_size(status.bound)
    );
    text
}

/// Bytes of all files below a folder; what cannot be read counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let mut pending: Vec<PathBuf> = vec![folder.to_owned()];
    let mut bytes = 0_u64;
    while let Some(folder) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => pending.push(entry.path()),
                Ok(metadata) => bytes = bytes.saturating_add(metadata.len()),
                Err(_) => {}
            }
        }
    }
    bytes
}
