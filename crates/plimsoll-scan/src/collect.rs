//! Takes the entries of one layer as they stream by.

use std::io::Read;

use plimsoll_image::{Entry, EntryKind, ImageError, LayerReader};

use crate::ScanOptions;
use crate::catalogue::claimant;
use crate::record::{EntryFact, LayerRecord, Unread};
use crate::secret::{Detector, Found, Searcher};

/// Bytes of paths and link targets that one layer may make us keep.
const MAX_PATH_BYTES: usize = 512 << 20;

/// Bytes of metadata that one layer may make us read; past it files are left and that is said.
const MAX_METADATA_BYTES: u64 = 512 << 20;

/// Credentials listed of one layer.
const MAX_SIGHTINGS: usize = 5_000;

/// The reader of one layer.
pub(crate) struct Collector<'a> {
    options: &'a ScanOptions,
    layer: usize,
    searcher: Searcher<'a>,
    record: LayerRecord,
    path_bytes: usize,
    metadata_bytes: u64,
    buffer: Vec<u8>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(layer: usize, options: &'a ScanOptions, detector: &'a Detector) -> Self {
        Self {
            options,
            layer,
            searcher: Searcher::new(detector, options.max_secret_scan),
            record: LayerRecord::default(),
            path_bytes: 0,
            metadata_bytes: 0,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> LayerRecord {
        self.record
    }

    /// Reads a file some cataloguer wants.
    fn read_metadata(
        &mut self,
        entry: &Entry,
        content: &mut dyn Read,
        cataloguer: &crate::catalogue::Cataloguer,
    ) -> Result<(), ImageError> {
        let mut unread = |why: String| {
            self.record.unread.push(Unread {
                path: entry.path.clone(),
                why,
                blocking: cataloguer.essential,
            });
        };
        if entry.size > self.options.max_metadata {
            unread(format!(
                "it is {} bytes long, more than the {} that are read of such a file",
                entry.size, self.options.max_metadata
            ));
            return Ok(());
        }
        self.metadata_bytes += entry.size;
        if self.metadata_bytes > MAX_METADATA_BYTES {
            unread("this layer holds more package metadata than is read of one layer".to_owned());
            return Ok(());
        }
        self.buffer.clear();
        content
            .take(self.options.max_metadata)
            .read_to_end(&mut self.buffer)
            .map_err(|source| self.broken(entry, source))?;
        match (cataloguer.read)(&entry.path, &self.buffer) {
            Ok(document) => {
                self.record.documents.insert(entry.path.clone(), document);
            }
            Err(why) => {
                self.record.documents.remove(&entry.path);
                self.record.unread.push(Unread {
                    path: entry.path.clone(),
                    why,
                    blocking: cataloguer.essential,
                });
            }
        }
        if self.options.secrets_in_files {
            let mut bytes = self.buffer.as_slice();
            let found = self
                .searcher
                .search(&entry.path, &mut bytes)
                .map_err(|source| self.broken(entry, source))?;
            self.keep(&entry.path, found);
        }
        Ok(())
    }

    fn keep(&mut self, path: &str, found: Found) {
        let room = MAX_SIGHTINGS.saturating_sub(self.record.secrets.len());
        if found.partly || found.sightings.len() > room {
            self.record.partly_searched.push(path.to_owned());
        }
        self.record
            .secrets
            .extend(found.sightings.into_iter().take(room));
    }

    fn broken(&self, entry: &Entry, source: std::io::Error) -> ImageError {
        let place = format!("layer {}: {}", self.layer + 1, entry.path.escape_debug());
        ImageError::from_read(place, source)
    }
}

impl LayerReader for Collector<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), ImageError> {
        let target = match &entry.kind {
            EntryKind::Symlink(target) | EntryKind::Hardlink(target) => target.len(),
            _ => 0,
        };
        self.path_bytes += entry.path.len() + target;
        if self.path_bytes > MAX_PATH_BYTES {
            return Err(ImageError::Invalid {
                place: format!("layer {}", self.layer + 1),
                problem: format!("its paths alone are longer than {MAX_PATH_BYTES} bytes"),
            });
        }
        self.record.entries.push(EntryFact::new(entry));
        match &entry.kind {
            EntryKind::File => {
                if let Some(cataloguer) = claimant(&entry.path) {
                    return self.read_metadata(entry, content, cataloguer);
                }
                if self.options.secrets_in_files {
                    let found = self
                        .searcher
                        .search(&entry.path, content)
                        .map_err(|source| self.broken(entry, source))?;
                    self.keep(&entry.path, found);
                }
            }
            EntryKind::Hardlink(target) => {
                if let Some(cataloguer) = claimant(&entry.path) {
                    // The bytes were read under the name they came by, if that was claimed too.
                    match self.record.documents.get(target.trim_start_matches('/')) {
                        Some(document) => {
                            let document = document.clone();
                            self.record.documents.insert(entry.path.clone(), document);
                        }
                        None => self.record.unread.push(Unread {
                            path: entry.path.clone(),
                            why: format!(
                                "it is a hard link to {}, which is not read",
                                target.escape_debug()
                            ),
                            blocking: cataloguer.essential,
                        }),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
