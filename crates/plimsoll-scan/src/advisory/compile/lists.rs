//! All lists that were read, put together and written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::super::index::by_cve;
use super::super::index::format::{MAX_BLOCK, Section, sum};
use super::super::index::pocket::{Written, write_block, write_index};
use super::super::index::threat::write_exploited;
use super::super::index::{PocketPackage, Snapshot, SnapshotList, SnapshotPocket};
use super::super::pocket::PocketName;
use super::list::{self, ExploitedList, List, NoList, PocketList, ScoreList};
use super::output::Output;
use super::{Broken, CompileError, TOLD};

/// How hard pockets are packed.
const LEVEL: i32 = 9;

/// How many times as much as one pocket may hold all of them together may.
const POCKETS: usize = 4;

/// Lists. Of scores and catalogues the newest is kept, of pockets all.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pockets: BTreeMap<PocketName, PocketList>,
    scores: Option<ScoreList>,
    exploited: Option<ExploitedList>,
    unused: BTreeSet<Broken>,
}

impl Lists {
    /// Takes a list that lies at `place`, or why there is none.
    ///
    /// # Errors
    /// With those that were taken before it is too much: what of it were left out would be missing
    /// in silence.
    pub(super) fn take(
        &mut self,
        list: Result<List, NoList>,
        place: impl Fn() -> String,
    ) -> Result<(), CompileError> {
        match list {
            Ok(List::Pocket(pocket)) => return self.add(pocket, place),
            Ok(List::Scores(scores)) => self.scores = self.scores.take().max(Some(scores)),
            Ok(List::Exploited(exploited)) => {
                self.exploited = self.exploited.take().max(Some(exploited));
            }
            // Something else that happens to bear such a name, unless nothing else bears it.
            Err(NoList::Foreign) => {
                let place = place();
                if list::is_meant(&place) {
                    self.pass_over(place, "it is no list, though its name says so".to_owned());
                }
            }
            Err(NoList::Unused(why)) => self.pass_over(place(), why),
        }
        Ok(())
    }

    /// Notes what is not used, and why not.
    pub(super) fn pass_over(&mut self, place: String, why: String) {
        self.unused.insert(Broken { place, why });
        // The first ones stay, whichever worker meets them.
        if self.unused.len() > TOLD {
            self.unused.pop_last();
        }
    }

    fn add(&mut self, pocket: PocketList, place: impl Fn() -> String) -> Result<(), CompileError> {
        let fail = |why| CompileError::List {
            path: place().into(),
            why,
        };
        match self.pockets.get_mut(&pocket.name) {
            Some(known) => known.merge(pocket).map_err(fail)?,
            None => {
                self.pockets.insert(pocket.name.clone(), pocket);
            }
        }
        let all = || self.pockets.values();
        let packages: usize = all().map(|pocket| pocket.packages.len()).sum();
        let bytes: usize = all().map(|pocket| pocket.bytes).sum();
        match packages > POCKETS * list::MAX_PACKAGES || bytes > POCKETS * list::MAX_BYTES {
            true => Err(fail(
                "all pockets together have too many packages".to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Takes what another worker took.
    ///
    /// # Errors
    /// As [`Lists::take`].
    pub(super) fn merge(&mut self, other: Self) -> Result<(), CompileError> {
        for pocket in other.pockets.into_values() {
            let suite = pocket.name.suite.clone();
            self.add(pocket, || suite.clone())?;
        }
        self.scores = self.scores.take().max(other.scores);
        self.exploited = self.exploited.take().max(other.exploited);
        self.unused.extend(other.unused);
        Ok(())
    }

    /// What was not used, and why not.
    pub(super) fn unused(&mut self) -> Vec<Broken> {
        std::mem::take(&mut self.unused)
            .into_iter()
            .take(TOLD)
            .collect()
    }

    /// Whether there is anything that packages can be held against.
    pub(super) fn has_pockets(&self) -> bool {
        !self.pockets.is_empty()
    }

    /// Says in `snapshot` what there is. `known` are the CVE numbers that records name, sorted:
    /// what lists say of others is not kept.
    pub(super) fn tell(&mut self, known: &[u64], snapshot: &mut Snapshot) {
        let is_known = |cve: u64| known.binary_search(&cve).is_ok();
        snapshot.pockets = self
            .pockets
            .values()
            .map(|pocket| SnapshotPocket {
                release: pocket.name.release.clone(),
                suite: pocket.name.suite.clone(),
                architectures: pocket.architectures.clone(),
                packages: pocket.packages.len() as u64,
                date: pocket.date(),
            })
            .collect();
        snapshot.epss = self.scores.as_mut().map(|list| {
            let listed = list.scores.len() as u64;
            list.scores.retain(|score| is_known(score.cve));
            SnapshotList {
                date: list.date,
                version: Some(list.model.clone()).filter(|model| !model.is_empty()),
                listed,
                kept: list.scores.len() as u64,
            }
        });
        snapshot.known_exploited = self.exploited.as_mut().map(|list| {
            let listed = list.entries.len() as u64;
            list.entries.retain(|cve, _| is_known(*cve));
            SnapshotList {
                date: list.date,
                version: None,
                listed,
                kept: list.entries.len() as u64,
            }
        });
    }

    /// Writes their sections.
    pub(super) fn write(&self, out: &mut Output) -> io::Result<()> {
        out.begin(Section::Pockets);
        let mut written = Vec::new();
        for pocket in self.pockets.values() {
            let packages: Vec<PocketPackage<'_>> = pocket
                .packages
                .iter()
                .map(|((name, architecture), version)| PocketPackage {
                    name,
                    architecture,
                    version: &version.version,
                    source: &version.source,
                    source_version: &version.source_version,
                })
                .collect();
            let block = write_block(&packages);
            if block.len() > MAX_BLOCK {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("{} is larger than any security pocket", pocket.name.suite),
                ));
            }
            let packed = zstd::bulk::compress(&block, LEVEL)?;
            written.push(Written {
                name: &pocket.name,
                architectures: &pocket.architectures,
                date: pocket.date(),
                packages: packages.len() as u64,
                end: out.write(&packed)?,
                length: block.len() as u32,
                sum: sum(&packed),
            });
        }
        out.begin(Section::PocketIndex);
        out.write(&write_index(&written))?;
        out.begin(Section::Scores);
        if let Some(list) = &self.scores {
            let scores = list.scores.iter();
            out.write(&by_cve::write(
                scores.map(|score| (score.cve, score.probability, score.percentile)),
            ))?;
        }
        out.begin(Section::Exploited);
        if let Some(list) = &self.exploited {
            out.write(&write_exploited(&list.entries))?;
        }
        Ok(())
    }
}
