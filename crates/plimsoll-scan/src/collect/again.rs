//! Reads a layer once more, for files that links give names by which somebody wants them. Stores of
//! package managers and of operating systems hold files under the sums of their content; only
//! their links tell what they are.

use std::collections::{BTreeMap, btree_map};
use std::io::{BufRead, Read as _};
use std::iter::Peekable;
use std::sync::PoisonError;

use plimsoll_image::{Entry, EntryKind, Image, ImageError, LayerReader};
use plimsoll_model::{Skipped, Topic};

use super::links::{Name, TOO_MANY, Targets, has_room, targets};
use super::{Collector, HEAD, Kept, LARGE_FILE, MAX_UNREAD};
use crate::ScanOptions;
use crate::catalogue::Document;
use crate::record::{EntryFact, FactKind, LayerRecord, Unread};
use crate::secret::Detector;

/// Follows the links among `records` that nobody followed yet; the first of them is the image's
/// layer `first`. Nothing is read where there are none. Says which layers could not be read again.
pub(crate) fn follow_links(
    image: &Image,
    options: &ScanOptions,
    detector: &Detector,
    kept: &Kept,
    records: &mut [LayerRecord],
    first: usize,
) -> Vec<Skipped> {
    if records.iter().all(|record| record.unfollowed.is_empty()) {
        return Vec::new();
    }
    let Targets { files, others } = targets(records);
    let mut skipped = Vec::new();
    let mut read: Vec<(Name<'_>, Read)> = Vec::new();
    for (layer, wanted) in &files {
        let layer = first + layer;
        let walked = plimsoll_image::walk(image, options.limits, &[layer], |layer| Again {
            collector: Collector::new(layer, options, detector, kept),
            entries: &records[layer - first].entries,
            wanted: wanted.iter().peekable(),
            number: 0,
            read: Vec::new(),
        });
        let outcome = walked.and_then(|mut walked| match walked.pop() {
            Some(one) => one.outcome.map(|_| one.reader),
            None => Err(ImageError::Unavailable("it is not there".to_owned())),
        });
        match outcome {
            Ok(reader) => read.extend(reader.finish()),
            Err(error) => skipped.push(Skipped::blocking(
                Topic::Files,
                format!("layer {layer}"),
                format!(
                    "files that hard links give the names of package metadata could not be read \
                     again: {error}"
                ),
            )),
        }
    }
    // What is no file under its first name is none under the others.
    for name in others {
        read.push((name, Read::Unread("which is no file".to_owned(), false)));
    }
    let done: Vec<(usize, String)> = files
        .values()
        .flat_map(BTreeMap::values)
        .flatten()
        .map(|(layer, path)| (*layer, (*path).to_owned()))
        .collect();
    let read: Vec<(usize, String, Read)> = read
        .into_iter()
        .map(|((layer, path), read)| (layer, path.to_owned(), read))
        .collect();
    for (layer, path) in done {
        records[layer].unfollowed.remove(&path);
    }
    for (layer, path, read) in read {
        let record = &mut records[layer];
        record.unfollowed.remove(&path);
        match read {
            Read::Document(document) => {
                record.documents.insert(path, document);
            }
            Read::Unread(why, blocking) => unread(record, path, why, blocking),
        }
    }
    skipped
}

/// Says which links lead nowhere in the whole image.
pub(crate) fn lost_links(records: &mut [LayerRecord]) {
    for record in records {
        let lost = std::mem::take(&mut record.unfollowed);
        if lost.is_empty() {
            continue;
        }
        let links: Vec<(String, String)> = record
            .entries
            .iter()
            .filter_map(|fact| match &fact.kind {
                FactKind::Hardlink(target) if lost.contains(&*fact.path) => {
                    Some((fact.path.to_string(), target.escape_debug().to_string()))
                }
                _ => None,
            })
            .collect();
        for (path, target) in links {
            let why = format!("it is a hard link to {target}, which the image does not hold");
            unread(record, path, why, true);
        }
    }
}

fn unread(record: &mut LayerRecord, path: String, why: String, blocking: bool) {
    let why = match record.unread.len() {
        ..MAX_UNREAD => why,
        MAX_UNREAD => format!(
            "it and others of its layer could not be read; more than {MAX_UNREAD} are not listed"
        ),
        _ => return,
    };
    record.unread.push(Unread {
        path,
        why,
        blocking,
    });
}

/// What became of a file under one of its names.
enum Read {
    Document(Document),
    /// Why it was not read, and whether packages may be missing because of it.
    Unread(String, bool),
}

/// Takes those files of a layer that are wanted by other names.
struct Again<'a> {
    collector: Collector<'a>,
    /// What the layer held when it was read.
    entries: &'a [EntryFact],
    wanted: Peekable<btree_map::Iter<'a, usize, Vec<Name<'a>>>>,
    /// How many entries came by.
    number: usize,
    read: Vec<(Name<'a>, Read)>,
}

impl<'a> Again<'a> {
    fn finish(mut self) -> Vec<(Name<'a>, Read)> {
        while let Some((_, names)) = self.wanted.next() {
            self.changed(names);
        }
        self.read
    }

    /// Only a folder that somebody writes to is not what it was.
    fn changed(&mut self, names: &[Name<'a>]) {
        self.read.extend(names.iter().map(|name| {
            let why = "it changed while it was looked at".to_owned();
            (*name, Read::Unread(why, true))
        }));
    }

    /// Reads one file, under each of its names.
    fn file(
        &mut self,
        entry: &Entry,
        names: &[Name<'a>],
        content: &mut dyn BufRead,
    ) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        content.take(HEAD as u64).read_to_end(&mut bytes)?;
        let mut alone = None;
        let mut kept = 0;
        for (layer, path) in names {
            let named = Entry {
                path: (*path).to_owned(),
                ..entry.clone()
            };
            let claimant = self.collector.claimant(&named, &bytes);
            // Programs are known by their content, whatever they are called: they were read.
            if let Some(cataloguer) = claimant.filter(|cataloguer| cataloguer.watch.is_none()) {
                if (bytes.len() as u64) < entry.size {
                    alone = (entry.size > cataloguer.alone)
                        .then(|| LARGE_FILE.lock().unwrap_or_else(PoisonError::into_inner));
                    content.read_to_end(&mut bytes)?;
                }
                let result = (cataloguer.read)(path, &bytes);
                self.collector.told(&named, cataloguer, result);
            }
            let name = (*layer, *path);
            if let Some(document) = self.collector.record.documents.remove(*path) {
                if has_room(&mut self.collector.linked_bytes, kept > 1, &document, path) {
                    kept += 1;
                    self.read.push((name, Read::Document(document)));
                } else {
                    let why = format!(
                        "it is a hard link to {}, {TOO_MANY}",
                        entry.path.escape_debug()
                    );
                    self.read.push((name, Read::Unread(why, false)));
                }
            }
            let unread = self.collector.record.unread.drain(..);
            self.read
                .extend(unread.map(|one| (name, Read::Unread(one.why, one.blocking))));
        }
        drop(alone);
        Ok(())
    }
}

impl LayerReader for Again<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError> {
        let number = self.number;
        self.number += 1;
        let Some((_, names)) = self.wanted.next_if(|(wanted, _)| **wanted == number) else {
            return Ok(());
        };
        let shown = self.collector.without_credentials(entry);
        let entry = shown.as_ref().unwrap_or(entry);
        let same = self
            .entries
            .get(number)
            .is_some_and(|fact| *fact.path == *entry.path);
        if entry.kind != EntryKind::File || !same {
            self.changed(names);
            return Ok(());
        }
        self.file(entry, names, content)
            .map_err(|source| self.collector.broken(entry, source))?;
        let weight = std::mem::take(&mut self.collector.weight);
        self.collector
            .kept
            .take_weight(weight)
            .map_err(|problem| ImageError::Invalid {
                place: format!("layer {}", self.collector.layer),
                problem,
            })
    }
}
