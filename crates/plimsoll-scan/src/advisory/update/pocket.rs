//! Keeps security pockets of distributions fresh.
//!
//! Of a pocket its `InRelease` is asked for changes, and tells by SHA-256 which package indexes are
//! new. That file is signed; the signature is not verified here, so whoever can change what comes
//! over the wire can change what waits.
//!
//! What comes lies beside what is here, as `NAME.incoming`, until all of it is there and was read.
//! Then the release takes its place, and what it vouches for follows: also when that was cut short,
//! as soon as somebody looks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use plimsoll_image::{Downloaded, ImageError, download, told_address};

use super::super::compile::{Holding, check_pocket, check_release, release_date};
use super::super::pocket::PocketName;
use super::kept::Kept;
use super::known::follows;
use super::lists::{Lists, digest};
use super::{DAY, Fetched, Sought, Update, UpdateError, is_name};

/// Where Debian publishes its security updates.
const DEBIAN: &str = "https://deb.debian.org/debian-security";

/// Where Ubuntu does: in clear text, so that it must be allowed, or another mirror named.
const UBUNTU: &str = "http://security.ubuntu.com/ubuntu";

/// Largest `InRelease` that is read, in bytes.
const MAX_RELEASE: u64 = 16 << 20;

impl Update<'_> {
    /// Takes a pocket as it lies here.
    pub(super) fn keep_pocket(
        &self,
        suite: &str,
        architectures: &BTreeSet<String>,
        lists: &mut Lists,
    ) -> Result<(), UpdateError> {
        let folder = self.pocket_folder(suite);
        let release = Release::in_place(&folder).map_err(|source| UpdateError::Io {
            path: folder.clone(),
            source,
        })?;
        let architectures = architectures.iter();
        let indexes: Vec<&Index> = architectures
            .flat_map(|architecture| release.indexes(architecture))
            .collect();
        if indexes.is_empty() || !indexes.iter().all(|index| index.is_in(&folder)) {
            return Err(UpdateError::Fetch {
                ecosystem: suite.to_owned(),
                sought: Sought::Pocket,
                reasons: vec![format!(
                    "what was fetched of it is no longer whole: ask for it again, or remove {}",
                    folder.display()
                )],
            });
        }
        let paths = indexes.iter().map(|index| folder.join(&index.path));
        match PocketName::of_suite(suite) {
            Some(name) => {
                let pockets = paths.map(|path| (name.clone(), path));
                lists.pockets.extend(pockets);
            }
            // Its release tells whose it is.
            None => lists.paths.extend(paths),
        }
        lists.kept.push(Kept {
            ecosystem: suite.to_owned(),
            checked: None,
            archive: folder,
        });
        Ok(())
    }

    fn pocket_folder(&self, suite: &str) -> PathBuf {
        self.folder.join("pockets").join("dists").join(suite)
    }

    /// Fetches what has changed of a pocket; what it consists of is added to `found`.
    pub(super) fn pocket(
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
        let folder = self.pocket_folder(suite);
        let here = |source| Trouble::Here(folder.clone(), source);
        fs::create_dir_all(&folder).map_err(here)?;
        let known = Release::in_place(&folder).map_err(here)?;
        let mut part = Part::default();
        // Small, and what it says is compared with what lies here.
        let incoming = folder.join("InRelease.incoming");
        let place = format!("{address}/InRelease");
        self.get(&place, &incoming, &mut part)?;
        let refused = |why: String| {
            let _ = fs::remove_file(&incoming);
            Trouble::There(format!("{}: {why}", told_address(&place)))
        };
        let all_the_same = |why| {
            refused(format!(
                "{why}; remove {} to take it all the same",
                folder.display()
            ))
        };
        check_release(&incoming, pocket, self.now).map_err(refused)?;
        let came = Release::read(&incoming).map_err(here)?;
        // One that is wrong about its day must not keep all later ones out.
        let until = self.now.saturating_add(DAY);
        let newest = known.date.filter(|date| *date <= until);
        follows(came.holding(0), Holding { records: 0, newest }).map_err(all_the_same)?;
        // Of the servers behind one address some are hours behind: what is here stays.
        let is_newer = came.date >= newest;
        let release = if is_newer { &came } else { &known };
        let mut changed = is_newer && came != known;
        let (mut taken, mut replaced) = (Vec::new(), Vec::new());
        let mut is_given = false;
        for architecture in architectures {
            let indexes = release.indexes(architecture);
            let mut before = known.indexes(architecture);
            before.retain(|index| index.is_in(&folder));
            let mut why = None;
            for index in &indexes {
                if index.is_in(&folder) {
                    continue;
                }
                changed = true;
                match self.index(&address, release, index, &folder, &mut part) {
                    // What it had before is no longer lacking for good.
                    Err(Trouble::Absent(absent)) if before.is_empty() => {
                        why = Some(absent);
                        break;
                    }
                    fetched => fetched?,
                }
            }
            match why {
                None if indexes.is_empty() => part.lacking.push(format!(
                    "{}: names no package index for {architecture}",
                    told_address(&place)
                )),
                None => {
                    is_given |= self.lists.architectures.contains(architecture);
                    taken.extend(indexes);
                    replaced.extend(before);
                }
                Some(why) => {
                    remove_incoming(&indexes, &folder);
                    part.lacking.push(format!("{architecture}: {why}"));
                }
            }
        }
        if !is_given {
            return Err(Trouble::Absent(part.lacking.join("; ")));
        }
        if changed {
            let records = |indexes: &[&Index]| {
                let lie = indexes.iter();
                let lie = lie.map(|index| (&*index.path, index.lies_in(&folder)));
                check_pocket(pocket, lie)
            };
            let before = Holding {
                // What was here and cannot be read is nothing to lose.
                records: records(&replaced).unwrap_or_default(),
                newest,
            };
            let unread = |why| Trouble::There(format!("{}/{why}", told_address(&address)));
            let checked = records(&taken).map_err(unread).and_then(|records| {
                follows(release.holding(records), before).map_err(all_the_same)
            });
            checked.inspect_err(|_| remove_incoming(&taken, &folder))?;
        }
        match is_newer {
            true => fs::rename(&incoming, folder.join("InRelease")),
            false => fs::remove_file(&incoming),
        }
        .map_err(here)?;
        Release::in_place(&folder).map_err(here)?;
        for index in &taken {
            part.paths.push(folder.join(&index.path));
        }
        part.bytes = part.bytes.filter(|_| changed);
        Ok(part)
    }

    /// Fetches one package index, unless it came before and nothing else did. It lies beside its
    /// place when it is what the release says.
    fn index(
        &self,
        address: &str,
        release: &Release,
        index: &Index,
        folder: &Path,
        part: &mut Part,
    ) -> Result<(), Trouble> {
        let incoming = index.incoming_in(folder);
        let here = |source| Trouble::Here(incoming.clone(), source);
        if digest(&incoming).is_ok_and(|found| found == index.sha256) {
            return Ok(());
        }
        if let Some(parent) = incoming.parent() {
            fs::create_dir_all(parent).map_err(here)?;
        }
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
        let came = digest(&incoming).map_err(here)?;
        if came != index.sha256 {
            let _ = fs::remove_file(&incoming);
            return Err(Trouble::There(format!(
                "{}: it is not what InRelease says it is (SHA-256 {came})",
                told_address(&plain)
            )));
        }
        Ok(())
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

fn remove_incoming(indexes: &[&Index], folder: &Path) {
    for index in indexes {
        let _ = fs::remove_file(index.incoming_in(folder));
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
    /// When it was published, in seconds since 1970 (UTC).
    date: Option<i64>,
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

impl Index {
    /// Whether it lies in its place, whole.
    fn is_in(&self, folder: &Path) -> bool {
        digest(&folder.join(&self.path)).is_ok_and(|found| found == self.sha256)
    }

    fn incoming_in(&self, folder: &Path) -> PathBuf {
        folder.join(&self.path).with_extension("incoming")
    }

    /// Where it lies: in its place, or beside it.
    fn lies_in(&self, folder: &Path) -> PathBuf {
        match self.is_in(folder) {
            true => folder.join(&self.path),
            false => self.incoming_in(folder),
        }
    }
}

impl Release {
    /// The one in a pocket's folder, with what it vouches for in place; one that says nothing where there is none.
    fn in_place(folder: &Path) -> io::Result<Self> {
        let release = match Self::read(&folder.join("InRelease")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read?,
        };
        for index in &release.indexes {
            let incoming = index.incoming_in(folder);
            if incoming.exists() && digest(&incoming)? == index.sha256 {
                fs::rename(&incoming, folder.join(&index.path))?;
            }
        }
        Ok(release)
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_RELEASE)
            .read_to_end(&mut bytes)?;
        let release = Self::parse(&String::from_utf8_lossy(&bytes));
        Ok(Self {
            date: release_date(path),
            ..release
        })
    }

    /// What it holds with so many packages.
    fn holding(&self, records: u64) -> Holding {
        Holding {
            records,
            newest: self.date,
        }
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
