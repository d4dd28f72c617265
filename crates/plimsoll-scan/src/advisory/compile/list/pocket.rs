//! Of which pocket an index of packages is: by the archive's `Release` or `InRelease` near it, else
//! by its path.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::super::super::pocket::PocketName;
use super::super::timestamp;
use super::NoList;

/// How far above an index its `Release` lies: `SUITE/main/binary-amd64/Packages`, and Debian's
/// components of old have two parts.
const LEVELS: usize = 5;

/// Most of a `Release` that is read: what is looked for stands at its beginning.
const MAX_RELEASE: u64 = 64 << 10;

/// Of which pocket an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: PocketName,
    /// When it was published.
    pub(super) date: Option<i64>,
    /// Of which component, where its path tells.
    pub(super) component: Option<String>,
    /// For which architecture, where its path tells.
    pub(super) architecture: Option<String>,
}

/// Finds out of which pocket the index at `path` is, unless that is `named`.
pub(super) fn of(path: &Path, named: Option<&PocketName>) -> Result<Found, NoList> {
    let text = path.to_string_lossy();
    let words: Vec<&str> = text.split(['/', '_']).collect();
    let architecture = words
        .iter()
        .rev()
        .find_map(|word| word.strip_prefix("binary-"))
        .filter(|architecture| !architecture.is_empty())
        .map(str::to_owned);
    let component = words
        .iter()
        .rposition(|word| word.starts_with("binary-"))
        .and_then(|at| words.get(at.checked_sub(1)?))
        .map(|word| (*word).to_owned());
    let release = release_near(path, &text);
    let suite = named
        .cloned()
        .or_else(|| match &release {
            Some(release) => release.pocket(),
            None => words
                .iter()
                .rev()
                .find_map(|word| PocketName::of_suite(word)),
        })
        .ok_or_else(|| {
            let dists = words.iter().rposition(|word| *word == "dists");
            let suite = dists.and_then(|dists| words.get(dists + 1).copied());
            match (&release, suite) {
                (Some(release), _) => NoList::Unused(format!(
                    "it is of {}, which is no security pocket of Debian or Ubuntu",
                    release.told()
                )),
                (None, Some(suite)) => NoList::Unused(format!(
                    "it is of {suite}, which is no security pocket of Debian or Ubuntu"
                )),
                (None, None) => NoList::Unused(
                    "nothing tells of which release's security pocket it is; name it with \
                     `--pocket debian:12=FILE`"
                        .to_owned(),
                ),
            }
        })?;
    Ok(Found {
        name: suite,
        date: release.and_then(|release| release.date),
        component,
        architecture,
    })
}

/// What an archive's `Release` says.
#[derive(Debug, Default)]
struct Release {
    label: String,
    suite: String,
    codename: String,
    date: Option<i64>,
    /// As it is written.
    valid_until: Option<String>,
}

/// Whether the `Release` at `path` is one of the pocket that was asked for, and still counts `now`,
/// in seconds since 1970 (UTC).
///
/// # Errors
/// Why not: it is of another suite, tells no day, or its `Valid-Until` is over
/// (<https://wiki.debian.org/DebianRepository/Format#Date.2C_Valid-Until>).
pub(crate) fn check_release(path: &Path, asked: &PocketName, now: i64) -> Result<(), String> {
    let release = read(path).ok_or("it is no Release file: it names no suite")?;
    let is_named = [&release.codename, &release.suite].contains(&&asked.suite);
    let is_same = || {
        let found = release.pocket();
        found.is_some_and(|found| found.release == asked.release)
    };
    if !is_named && !is_same() {
        return Err(format!(
            "it is of {}, not of {}",
            release.told(),
            asked.suite
        ));
    }
    if release.date.is_none() {
        return Err("it does not tell when it was published (Date)".to_owned());
    }
    let Some(until) = &release.valid_until else {
        return Ok(());
    };
    match timestamp::of_mail(until) {
        Some(end) if end >= now => Ok(()),
        _ => Err(format!(
            "it is valid until {}: what this mirror has is out of date",
            until.escape_debug()
        )),
    }
}

/// When the `Release` at `path` was published, in seconds since 1970 (UTC), where it tells.
pub(crate) fn release_date(path: &Path) -> Option<i64> {
    read(path)?.date
}

impl Release {
    fn pocket(&self) -> Option<PocketName> {
        PocketName::of_suite(&self.codename)
            .or_else(|| PocketName::of_suite(&self.suite))
            .or_else(|| {
                let is_security = self.label == "Debian-Security";
                let name = format!("{}-security", self.codename);
                is_security.then(|| PocketName::of_suite(&name))?
            })
    }

    fn told(&self) -> String {
        let name = [&self.codename, &self.suite]
            .into_iter()
            .find(|name| !name.is_empty());
        name.map_or_else(
            || "no suite".to_owned(),
            |name| name.escape_debug().to_string(),
        )
    }
}

/// The `Release` that speaks of an index, in the layout of an archive or of apt's lists.
fn release_near(path: &Path, text: &str) -> Option<Release> {
    let folders = path.ancestors().skip(1).take(LEVELS);
    let in_archive =
        folders.flat_map(|folder| ["InRelease", "Release"].map(|name| folder.join(name)));
    // `HOST_PATH_dists_SUITE_COMPONENT_binary-ARCH_Packages` beside `HOST_PATH_dists_SUITE_InRelease`.
    let in_lists = text
        .rsplit_once("_dists_")
        .into_iter()
        .flat_map(|(host, rest)| {
            let suite = rest.split('_').next().unwrap_or_default();
            ["InRelease", "Release"]
                .map(|name| PathBuf::from(format!("{host}_dists_{suite}_{name}")))
        });
    in_lists.chain(in_archive).find_map(|path| read(&path))
}

/// Reads a `Release`; nothing where there is none, or it names no suite, as those of single
/// architectures do.
fn read(path: &Path) -> Option<Release> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let from = BufReader::new(File::open(path).ok()?.take(MAX_RELEASE));
    let mut release = Release::default();
    for line in from.split(b'\n') {
        let line = line.ok()?;
        let line = String::from_utf8_lossy(&line);
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match field {
            "Label" => release.label = value.to_owned(),
            "Suite" => release.suite = value.to_owned(),
            "Codename" => release.codename = value.to_owned(),
            "Valid-Until" => release.valid_until = Some(value.to_owned()),
            "Date" => release.date = timestamp::of_mail(value),
            "MD5Sum" | "SHA1" | "SHA256" | "SHA512" => break,
            _ => {}
        }
    }
    let names = !release.suite.is_empty() || !release.codename.is_empty();
    names.then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_pocket() {
        for (path, release, architecture) in [
            (
                "dists/bookworm-security/main/binary-amd64/Packages.xz",
                "Debian:12",
                Some("amd64"),
            ),
            (
                "deb.example_debian-security_dists_trixie-security_main_binary-arm64_Packages",
                "Debian:13",
                Some("arm64"),
            ),
            ("jammy-security/Packages.gz", "Ubuntu:22.04:LTS", None),
            (
                "noble-security-Packages/noble-security_Packages",
                "Ubuntu:24.04:LTS",
                None,
            ),
        ] {
            let found = of(Path::new(path), None).unwrap();
            assert_eq!(found.name.release, release, "{path}");
            assert_eq!(found.architecture.as_deref(), architecture, "{path}");
        }
        for (path, why) in [
            (
                "dists/bookworm/main/binary-amd64/Packages",
                "of bookworm, which",
            ),
            ("Packages", "--pocket"),
        ] {
            let Err(NoList::Unused(told)) = of(Path::new(path), None) else {
                panic!("{path}")
            };
            assert!(told.contains(why), "{told}");
        }
        let named = PocketName::of_release("debian:12").unwrap();
        assert_eq!(of(Path::new("Packages"), Some(&named)).unwrap().name, named);
    }

    #[test]
    fn the_release_beside_it_tells_more() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("dists/x/main/binary-amd64/Packages");
        std::fs::create_dir_all(index.parent().unwrap()).unwrap();
        let write = |path: &str, text: &str| {
            std::fs::write(folder.path().join(path), text).unwrap();
        };
        write(
            "dists/x/main/binary-amd64/Release",
            "Archive: stable\nArchitecture: amd64\n",
        );
        let release = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\n\
            Label: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\n\
            Date: Fri, 20 Nov 2026 00:12:41 UTC\nSHA256:\n Codename: none\n";
        write("dists/x/InRelease", release);
        let found = of(&index, None).unwrap();
        assert_eq!(found.name.suite, "bookworm-security");
        assert_eq!(found.date, timestamp::parse("2026-11-20T00:12:41Z"));
        write(
            "dists/x/InRelease",
            &release.replace("bookworm-security", "buster"),
        );
        assert_eq!(of(&index, None).unwrap().name.release, "Debian:10");
        write(
            "dists/x/InRelease",
            "Origin: Debian\nSuite: stable\nCodename: bookworm\n",
        );
        assert!(of(&index, None).is_err());
        // As apt keeps them.
        let lists = tempfile::tempdir().unwrap();
        let index = lists
            .path()
            .join("h_dists_jammy-security_main_binary-amd64_Packages");
        let beside = lists.path().join("h_dists_jammy-security_InRelease");
        std::fs::write(beside, "Suite: jammy-security\nCodename: jammy\n").unwrap();
        assert_eq!(of(&index, None).unwrap().name.release, "Ubuntu:22.04:LTS");
    }
}
