//! Keeps lists beside advisories fresh: security pockets of distributions, EPSS scores, the
//! catalogue of exploited flaws.
//!
//! Of a pocket its `InRelease` is asked for changes, and tells by SHA-256 which package indexes are
//! new. That file is signed; the signature is not verified here, so whoever can change what comes
//! over the wire can change what waits.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use plimsoll_image::{Downloaded, ImageError, download, told_address};
use sha2::{Digest as _, Sha256};

use super::super::compile::{Holding, ListKind, check_list, check_release};
use super::super::index::hexadecimal;
use super::super::pocket::PocketName;
use super::kept::{Kept, KeptLists};
use super::{Fetched, Sought, Update, UpdateError, Wanted, is_name};

/// Where FIRST publishes the EPSS scores of the day.
pub const EPSS_SCORES: &str = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz";

/// Where CISA publishes its catalogue of exploited flaws.
pub const EXPLOITED_CATALOGUE: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";

/// Where Debian publishes its security updates.
const DEBIAN: &str = "https://deb.debian.org/debian-security";

/// Where Ubuntu does: in clear text, so that it must be allowed, or another mirror named.
const UBUNTU: &str = "http://security.ubuntu.com/ubuntu";

/// Largest `InRelease` that is read, in bytes.
const MAX_RELEASE: u64 = 16 << 20;

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
            let known = earlier.architectures(&pocket.suite).into_iter();
            architectures.extend(known.filter(|one| !self.lists.architectures.contains(one)));
            let fetched = self.pocket(pocket, &architectures, &mut lists.pockets)?;
            lists.fetched.push(fetched);
        }
        for (suite, paths) in earlier.pockets() {
            let is_asked = |pocket: &PocketName| pocket.suite == suite;
            if !self.lists.pockets.iter().any(is_asked) {
                self.keep_pocket(suite, paths, &mut lists)?;
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
                let check = |path: &Path| check_list(path, kind).map(|()| Holding::default());
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

    /// Takes a pocket as it lies here. What an update left that did not come to its end is none of
    /// the day that its release tells.
    fn keep_pocket(
        &self,
        suite: &str,
        paths: &[PathBuf],
        lists: &mut Lists,
    ) -> Result<(), UpdateError> {
        let folder = self.folder.join("pockets").join("dists").join(suite);
        let release = Release::read(&folder.join("InRelease")).unwrap_or_default();
        for path in paths {
            let path = self.folder.join(path);
            let mut indexes = release.indexes.iter();
            let is_whole = indexes.any(|index| {
                folder.join(&index.path) == path
                    && digest(&path).is_ok_and(|known| known == index.sha256)
            });
            if !is_whole {
                return Err(UpdateError::Fetch {
                    ecosystem: suite.to_owned(),
                    sought: Sought::Pocket,
                    reasons: vec![format!(
                        "an update of it did not come to its end: ask for it again, or remove {}",
                        folder.display()
                    )],
                });
            }
            match PocketName::of_suite(suite) {
                Some(name) => lists.pockets.push((name, path)),
                // Its release tells whose it is.
                None => lists.paths.push(path),
            }
        }
        lists.kept.push(Kept {
            ecosystem: suite.to_owned(),
            checked: None,
            archive: folder,
        });
        Ok(())
    }

    /// Fetches what has changed of a pocket; what it consists of is added to `found`.
    fn pocket(
        &self,
        pocket: &PocketName,
        architectures: &[String],
        found: &mut Vec<(PocketName, PathBuf)>,
    ) -> Result<Fetched, UpdateError> {
        let usual = [match pocket.is_of_debian() {
            true => DEBIAN.to_owned(),
            false => UBUNTU.to_owned(),
        }];
        let mirrors = match self.lists.pocket_mirrors {
            [] => &usual[..],
            given => given,
        };
        let mut passed_over = Vec::new();
        for mirror in mirrors {
            match self.pocket_of(pocket, architectures, mirror) {
                Ok(part) => {
                    let paths = part.paths.into_iter();
                    found.extend(paths.map(|path| (pocket.clone(), path)));
                    return Ok(Fetched {
                        ecosystem: pocket.suite.clone(),
                        mirror: told_address(mirror),
                        bytes: part.bytes,
                        passed_over,
                        lacking: part.lacking,
                    });
                }
                Err(Trouble::Here(path, source)) => return Err(UpdateError::Io { path, source }),
                Err(Trouble::There(why) | Trouble::Absent(why)) => passed_over.push(why),
            }
        }
        Err(UpdateError::Fetch {
            ecosystem: pocket.suite.clone(),
            sought: Sought::Pocket,
            reasons: passed_over,
        })
    }

    /// Fetches what one mirror has of a pocket.
    fn pocket_of(
        &self,
        pocket: &PocketName,
        architectures: &[String],
        mirror: &str,
    ) -> Result<Part, Trouble> {
        let suite = &pocket.suite;
        let address = format!("{}/dists/{suite}", mirror.trim_end_matches('/'));
        let folder = self.folder.join("pockets").join("dists").join(suite);
        let here = |path: &Path, source| Trouble::Here(path.to_owned(), source);
        fs::create_dir_all(&folder).map_err(|error| here(&folder, error))?;
        let mut part = Part::default();
        // Small, and what it says is compared with what lies here.
        let release_path = folder.join("InRelease");
        let incoming = folder.join("InRelease.incoming");
        let place = format!("{address}/InRelease");
        self.get(&place, &incoming, &mut part)?;
        check_release(&incoming, pocket, self.now).map_err(|why| {
            let _ = fs::remove_file(&incoming);
            Trouble::There(format!("{}: {why}", told_address(&place)))
        })?;
        let mut changed = match (digest(&release_path), digest(&incoming)) {
            (Ok(before), Ok(now)) => before != now,
            _ => true,
        };
        fs::rename(&incoming, &release_path).map_err(|error| here(&release_path, error))?;
        let release = Release::read(&release_path).map_err(|error| here(&release_path, error))?;
        let mut is_given = false;
        for architecture in architectures {
            let indexes = release.indexes(architecture);
            let was_here = indexes
                .iter()
                .any(|index| folder.join(&index.path).exists());
            let mut paths = Vec::new();
            let mut why = None;
            for index in &indexes {
                let path = folder.join(&index.path);
                if !digest(&path).is_ok_and(|known| known == index.sha256) {
                    match self.index(&address, &release, index, &path, &mut part) {
                        // What it had before is no longer lacking for good.
                        Err(Trouble::Absent(absent)) if !was_here => {
                            why = Some(absent);
                            break;
                        }
                        fetched => fetched?,
                    }
                    changed = true;
                }
                paths.push(path);
            }
            match why {
                None if paths.is_empty() => part.lacking.push(format!(
                    "{}: names no package index for {architecture}",
                    told_address(&place)
                )),
                None => {
                    part.paths.append(&mut paths);
                    is_given |= self.lists.architectures.contains(architecture);
                }
                Some(why) => part.lacking.push(format!("{architecture}: {why}")),
            }
        }
        if !is_given {
            return Err(Trouble::Absent(part.lacking.join("; ")));
        }
        part.bytes = part.bytes.filter(|_| changed);
        Ok(part)
    }

    /// Fetches one package index. It takes the place of the one here when it is what the release
    /// says.
    fn index(
        &self,
        address: &str,
        release: &Release,
        index: &Index,
        path: &Path,
        part: &mut Part,
    ) -> Result<(), Trouble> {
        let here = |path: &Path, source| Trouble::Here(path.to_owned(), source);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| here(parent, error))?;
        }
        let incoming = path.with_extension("incoming");
        let plain = format!("{address}/{}", index.path);
        let by_hash = index
            .path
            .rsplit_once('/')
            .filter(|_| release.by_hash)
            .map(|(parent, _)| format!("{address}/{parent}/by-hash/SHA256/{}", index.sha256));
        match by_hash.map(|place| self.get(&place, &incoming, part)) {
            // Mirrors of the files alone do not have those folders.
            None | Some(Err(Trouble::Absent(_))) => self.get(&plain, &incoming, part)?,
            Some(got) => got?,
        }
        let came = digest(&incoming).map_err(|error| here(&incoming, error))?;
        if came != index.sha256 {
            let _ = fs::remove_file(&incoming);
            return Err(Trouble::There(format!(
                "{}: it is not what InRelease says it is (SHA-256 {came})",
                told_address(&plain)
            )));
        }
        fs::rename(&incoming, path).map_err(|error| here(path, error))
    }

    fn get(&self, address: &str, path: &Path, part: &mut Part) -> Result<(), Trouble> {
        match download(address, path, None, self.access, &|_| {}) {
            Ok(Downloaded::Fetched { size, .. }) => *part.bytes.get_or_insert(0) += size,
            Ok(Downloaded::Unchanged) => {}
            Err(ImageError::Io { path, source }) => {
                return Err(Trouble::Here(path.into(), source));
            }
            Err(error @ ImageError::NotFound(_)) => return Err(Trouble::Absent(error.to_string())),
            Err(error) => return Err(Trouble::There(error.to_string())),
        }
        Ok(())
    }
}

/// What a mirror has of a pocket.
#[derive(Default)]
struct Part {
    /// The package indexes.
    paths: Vec<PathBuf>,
    /// Bytes that are new, where any are.
    bytes: Option<u64>,
    /// What it does not have.
    lacking: Vec<String>,
}

/// Why a mirror gave nothing.
enum Trouble {
    /// This machine can not.
    Here(PathBuf, io::Error),
    /// The mirror can not.
    There(String),
    /// The mirror says that it has no such thing.
    Absent(String),
}

/// What an `InRelease` says of package indexes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Release {
    by_hash: bool,
    /// Every index that may be read, by path.
    indexes: Vec<Index>,
}

/// A package index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Index {
    /// Below the suite: `main/binary-amd64/Packages.xz`.
    path: String,
    sha256: String,
}

impl Release {
    fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_RELEASE)
            .read_to_end(&mut bytes)?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    fn parse(text: &str) -> Self {
        let mut release = Self::default();
        let mut is_sums = false;
        for line in text.lines() {
            if let Some(sum) = line.strip_prefix(' ') {
                if is_sums {
                    release.indexes.extend(index(sum));
                }
                continue;
            }
            is_sums = line.trim_end() == "SHA256:";
            if let Some(value) = line.strip_prefix("Acquire-By-Hash:") {
                release.by_hash = value.trim() == "yes";
            }
        }
        release
    }

    /// The indexes for an architecture, one a component: `.xz` where there is one, else `.gz`, else
    /// the one that is not packed.
    fn indexes(&self, architecture: &str) -> Vec<&Index> {
        let folder = format!("binary-{architecture}");
        let mut found: Vec<&Index> = Vec::new();
        for ending in ["Packages.xz", "Packages.gz", "Packages"] {
            for index in &self.indexes {
                let Some((component, rest)) = index.path.split_once('/') else {
                    continue;
                };
                let is_new = !found
                    .iter()
                    .any(|known| known.path.split('/').next() == Some(component));
                if is_new && rest.split_once('/') == Some((folder.as_str(), ending)) {
                    found.push(index);
                }
            }
        }
        found
    }
}

/// A line of checksums: `HASH SIZE PATH`.
fn index(line: &str) -> Option<Index> {
    let mut words = line.split_ascii_whitespace();
    let (sha256, _, path) = (words.next()?, words.next()?, words.next()?);
    let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_index = ["/Packages.xz", "/Packages.gz", "/Packages"]
        .iter()
        .any(|ending| path.ends_with(ending));
    // Folders of `debian-installer` are deeper.
    let is_plain = path.split('/').count() == 3 && path.split('/').all(is_name);
    (is_hash && is_index && is_plain).then(|| Index {
        path: path.to_owned(),
        sha256: sha256.to_ascii_lowercase(),
    })
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
    Ok(hexadecimal(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_release_names_one_index_a_component() {
        let hash = "a".repeat(64);
        let text = format!(
            "Suite: x\nAcquire-By-Hash: yes\nMD5Sum:\n {hash} 1 main/binary-amd64/Packages.xz\n\
             SHA256:\n {hash} 9 main/binary-amd64/Packages\n {hash} 5 main/binary-amd64/Packages.gz\n \
             {hash} 4 main/binary-amd64/Packages.xz\n {hash} 4 universe/binary-amd64/Packages.gz\n \
             {hash} 4 main/debian-installer/binary-amd64/Packages.xz\n \
             {hash} 4 ../binary-amd64/Packages.xz\n {hash} 4 main/binary-arm64/Packages.xz\n \
             {hash} 4 restricted/binary-amd64/Packages\n"
        );
        let release = Release::parse(&text);
        assert!(release.by_hash);
        let paths: Vec<&str> = release
            .indexes("amd64")
            .iter()
            .map(|index| index.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "main/binary-amd64/Packages.xz",
                "universe/binary-amd64/Packages.gz",
                "restricted/binary-amd64/Packages"
            ]
        );
        assert!(release.indexes("s390x").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            let _ = Release::parse(&text).indexes("amd64");
            let _ = Release::parse(&format!("SHA256:\n {text}"));
        }
    }
}
