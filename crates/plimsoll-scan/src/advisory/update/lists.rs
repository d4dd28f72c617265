//! Keeps lists beside advisories fresh: security pockets of distributions, EPSS scores, the
//! catalogue of exploited flaws.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use plimsoll_model::hex;
use sha2::{Digest as _, Sha256};

use super::super::compile::{ListKind, check_list};
use super::super::pocket::PocketName;
use super::kept::{Kept, KeptLists};
use super::{Fetched, Sought, Update, UpdateError, Wanted};

/// Where FIRST publishes the EPSS scores of the day.
pub const EPSS_SCORES: &str = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz";

/// Where CISA publishes its catalogue of exploited flaws.
pub const EXPLOITED_CATALOGUE: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";

/// Which lists are to be fetched from where.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListSources<'a> {
    /// Security pockets.
    pub pockets: &'a [PocketName],
    /// For these architectures, in the distribution's words.
    pub architectures: &'a [String],
    /// Addresses below which `dists/SUITE/InRelease` lies, asked in this order; where there are
    /// none, those of the distributions.
    pub pocket_mirrors: &'a [String],
    /// The address of EPSS scores.
    pub epss: Option<&'a str>,
    /// The address of a catalogue of exploited flaws.
    pub known_exploited: Option<&'a str>,
}

/// What lies here to be compiled, and what was fetched for it.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) paths: Vec<PathBuf>,
    pub(super) pockets: Vec<(PocketName, PathBuf)>,
    pub(super) fetched: Vec<Fetched>,
    /// What nobody asked for now and stays as it was.
    pub(super) kept: Vec<Kept>,
}

impl Lists {
    /// What the lists are: one line each, whatever was asked for first.
    pub(super) fn made_of(&self, folder: &Path) -> io::Result<String> {
        let mut lines = Vec::new();
        let pockets = self.pockets.iter().map(|(_, path)| path);
        for path in pockets.chain(&self.paths) {
            let below = path.strip_prefix(folder).unwrap_or(path);
            lines.push(format!("{} {}\n", below.display(), digest(path)?));
        }
        lines.sort();
        Ok(lines.concat())
    }
}

impl Update<'_> {
    /// Fetches the lists that were asked for. What the index has besides by an earlier update stays.
    pub(super) fn lists(&self, on_step: &(dyn Fn(&str) + Sync)) -> Result<Lists, UpdateError> {
        let mut lists = Lists::default();
        let earlier = KeptLists::read(self.folder);
        for pocket in self.lists.pockets {
            on_step(&pocket.suite);
            // An index of earlier architectures beside a newer release would be as old as it looks new.
            let mut architectures = self.lists.architectures.to_vec();
            let known = earlier.pockets.get(&pocket.suite).into_iter().flatten();
            let known = known.filter(|one| !self.lists.architectures.contains(one));
            architectures.extend(known.cloned());
            let fetched = self.pocket(pocket, &architectures, &mut lists.pockets)?;
            lists.fetched.push(fetched);
        }
        for (suite, architectures) in &earlier.pockets {
            let is_asked = |pocket: &PocketName| pocket.suite == *suite;
            if !self.lists.pockets.iter().any(is_asked) {
                self.keep_pocket(suite, architectures, &mut lists)?;
            }
        }
        for (name, address, sought, kind) in [
            ("EPSS", self.lists.epss, Sought::Scores, ListKind::Scores),
            (
                "known-exploited",
                self.lists.known_exploited,
                Sought::Exploited,
                ListKind::Exploited,
            ),
        ] {
            if let Some(address) = address {
                on_step(name);
                let path = self.folder.join(name);
                let check = |path: &Path| check_list(path, kind);
                let addresses = [(address.to_owned(), address.to_owned())];
                let file = Wanted {
                    name,
                    sought,
                    path: &path,
                    addresses: &addresses,
                    check: &check,
                };
                let fetched = self.fetch_file(file, on_step)?;
                lists.fetched.push(fetched);
                lists.paths.push(path);
            } else if let Some(kept) = earlier.file(self.folder, name)? {
                lists.paths.push(kept.archive.clone());
                lists.kept.push(kept);
            }
        }
        Ok(lists)
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => hasher.update(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hex(&hasher.finalize()))
}
