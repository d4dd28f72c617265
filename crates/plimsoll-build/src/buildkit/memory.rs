//! What was sent of a context last time.
//!
//! The engine takes a file for unchanged where size and time are what they were. An edit that keeps
//! both (a tool that sets times, a quick restore) would be built from the old content. We remember
//! the change time and the content of every file sent; where they contradict, the context gets a
//! new key, and the engine starts from nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::filesync::{Folder, Ledger, lock};
use super::record::hash;

/// One file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    size: u64,
    modified: i128,
    changed: i128,
    content: [u8; 32],
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Wire {
    generation: u64,
    /// By folder name and path.
    folders: BTreeMap<String, BTreeMap<String, Sent>>,
}

/// The memory of one context.
#[derive(Debug)]
pub(crate) struct ContextMemory {
    file: PathBuf,
    identity: Digest,
    wire: Wire,
}

impl ContextMemory {
    /// Recalls the context at `root`; folders are checked against what was sent.
    pub(crate) fn recall(state: &Path, root: &Path, folders: &BTreeMap<String, Folder>) -> Self {
        let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        // Another state folder knows nothing of what this one's builds sent.
        let identity = Sha256::new()
            .chain_update(b"plimsoll context\0")
            .chain_update(absolute(state).as_os_str().as_encoded_bytes())
            .chain_update(b"\0")
            .chain_update(absolute(root).as_os_str().as_encoded_bytes())
            .finalize();
        let identity = Digest::from_sha256(identity.into());
        let file = state.join("buildkit/contexts").join(identity.hex());
        let wire = fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Wire>(&bytes).ok());
        let mut memory = Self {
            file,
            identity,
            // Without a memory nothing is known of what the engine holds under an older key.
            wire: wire.unwrap_or_else(|| Wire {
                generation: fresh(),
                folders: BTreeMap::new(),
            }),
        };
        if memory.contradicts(folders) {
            memory.wire = Wire {
                generation: fresh(),
                folders: BTreeMap::new(),
            };
        }
        memory
    }

    /// The key that the engine keeps the context's files under.
    pub(crate) fn key(&self) -> String {
        format!("{}-{:x}", self.identity.hex(), self.wire.generation)
    }

    /// Whether some file changed without a change of size or time.
    fn contradicts(&self, folders: &BTreeMap<String, Folder>) -> bool {
        self.wire.folders.iter().any(|(name, files)| {
            let Some(Folder::Disk(root)) = folders.get(name) else {
                return false;
            };
            files.iter().any(|(path, sent)| {
                let full = root.join(path);
                let Ok(now) = stamp(&full) else {
                    return false;
                };
                (now.0, now.1) == (sent.size, sent.modified)
                    && now.2 != sent.changed
                    && hash(&full).is_ok_and(|content| content != sent.content)
            })
        })
    }

    /// Remembers what went over. A memory that cannot be written costs a transfer, no build.
    pub(crate) fn remember(mut self, ledger: &Ledger) {
        for (folder, files) in lock(&ledger.offered).iter() {
            let known = self.wire.folders.entry(folder.clone()).or_default();
            for (path, file) in files {
                // What was not asked for is what was sent before.
                if let (Some(content), Ok((size, modified, changed))) =
                    (file.content, stamp(&file.full))
                {
                    let sent = Sent {
                        size,
                        modified,
                        changed,
                        content,
                    };
                    known.insert(path.clone(), sent);
                }
            }
        }
        let Some(folder) = self.file.parent() else {
            return;
        };
        let written = fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut file| {
                file.write_all(&serde_json::to_vec(&self.wire)?)?;
                file.persist(&self.file).map_err(|error| error.error)
            });
        if written.is_err() {
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// A number no earlier context had.
fn fresh() -> u64 {
    u64::from_str_radix(&super::daemon::random_id()[..16], 16).unwrap_or(0)
}

/// Size, time of modification and of change.
fn stamp(path: &Path) -> std::io::Result<(u64, i128, i128)> {
    let metadata = fs::symlink_metadata(path)?;
    let time = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Ok((
        metadata.len(),
        time(metadata.mtime(), metadata.mtime_nsec()),
        time(metadata.ctime(), metadata.ctime_nsec()),
    ))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::super::filesync::Offered;
    use super::*;

    #[test]
    fn a_hidden_edit_gives_a_new_key_and_nothing_else_does() {
        let root = tempfile::tempdir().unwrap();
        let (state, context) = (root.path().join("state"), root.path().join("context"));
        fs::create_dir(&context).unwrap();
        let full = context.join("file");
        let write = |content: &str, time: u64| {
            fs::write(&full, content).unwrap();
            let file = fs::File::options().write(true).open(&full).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time))
                .unwrap();
        };
        let folders = BTreeMap::from([("context".to_owned(), Folder::Disk(context.clone()))]);
        let recall = || ContextMemory::recall(&state, &context, &folders);
        let ledger = Ledger::default();
        let sent = |content: &str| {
            let offered = Offered {
                full: full.clone(),
                stat: bollard_buildkit_proto::fsutil::types::Stat::default(),
                mode: 0o644,
                content: Some(Sha256::digest(content).into()),
            };
            let files = BTreeMap::from([("file".to_owned(), offered)]);
            lock(&ledger.offered).insert("context".to_owned(), files);
        };

        write("one", 1);
        let memory = recall();
        let first = memory.key();
        sent("one");
        memory.remember(&ledger);
        assert_eq!(recall().key(), first);
        // An honest edit.
        write("two", 2);
        assert_eq!(recall().key(), first);
        // A touch.
        write("one", 1);
        assert_eq!(recall().key(), first);
        // A hidden edit.
        write("two", 1);
        let second = recall();
        assert_ne!(second.key(), first);
        // A lost memory.
        fs::remove_dir_all(&state).unwrap();
        assert_ne!(recall().key(), first);
    }
}
