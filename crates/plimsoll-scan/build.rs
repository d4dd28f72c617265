//! Names the state of the code whose findings a cache keeps: an entry that other code made is
//! never read.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn main() {
    let mut hasher = DefaultHasher::new();
    // The lock, for what libraries make of a file.
    for place in [
        "src",
        "../plimsoll-model/src",
        "../plimsoll-image/src",
        "../plimsoll-syntax/src",
        "../../Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={place}");
        let mut files = Vec::new();
        list(Path::new(place), &mut files);
        files.sort();
        for file in files {
            file.hash(&mut hasher);
            std::fs::read(&file).unwrap_or_default().hash(&mut hasher);
        }
    }
    println!(
        "cargo::rustc-env=PLIMSOLL_SCAN_REVISION={:016x}",
        hasher.finish()
    );
}

/// The files of a folder, at any depth; of a file, that one.
fn list(place: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(place) else {
        files.push(place.to_owned());
        return;
    };
    for entry in entries.flatten() {
        list(&entry.path(), files);
    }
}
