//! Finds the version a program tells of itself: a literal that only this program has, and a number
//! right before or behind it.

use memchr::memmem;
use plimsoll_model::{Evidence, PackageKind};

use super::program::{PROGRAMS, Program, Sign};
use crate::catalogue::Proven;

/// How far behind a version the text may stand that makes it one.
const NEAR: usize = 24;
/// The longest version.
const MAX_VERSION: usize = 40;

/// The search of one file.
pub(super) struct Versions {
    /// The programs its name fits, and the version found of each.
    wanted: Vec<(&'static Program, Option<String>)>,
    /// What its name says of its version.
    series: Option<String>,
}

impl Versions {
    /// What a file of this name may be.
    pub(super) fn of(name: &str) -> Self {
        let wanted: Vec<_> = PROGRAMS
            .iter()
            .filter(|program| program.fits(name))
            .map(|program| (program, None))
            .collect();
        let series = (!wanted.is_empty()).then(|| series(name)).flatten();
        Self { wanted, series }
    }

    /// Whether any program has such a name.
    pub(super) fn any(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Searches bytes.
    pub(super) fn look(&mut self, bytes: &[u8]) {
        for (program, found) in &mut self.wanted {
            if found.is_none() {
                *found = program
                    .signs
                    .iter()
                    .find_map(|sign| by_sign(sign, bytes, self.series.as_deref()));
            }
        }
    }

    /// What was found.
    pub(super) fn packages(self) -> Vec<Proven> {
        let mut packages: Vec<Proven> = Vec::new();
        for (program, version) in self.wanted {
            if let Some(version) = version {
                packages.push(generic(program.name, version, Evidence::VersionString));
            }
        }
        packages
    }
}

/// A program that belongs to no ecosystem.
pub(crate) fn generic(name: &str, version: String, evidence: Evidence) -> Proven {
    Proven {
        kind: PackageKind::Generic,
        namespace: None,
        name: name.to_owned(),
        version,
        qualifiers: Vec::new(),
        license: None,
        evidence,
        direct: None,
        requires: Vec::new(),
        inner: None,
    }
}

/// `3.11` of `python3.11`, `libpython3.11.so.1.0`.
fn series(name: &str) -> Option<String> {
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let rest = name.get(start..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let series = rest.get(..end)?.trim_end_matches('.');
    series.contains('.').then(|| series.to_owned())
}

fn by_sign(sign: &Sign, bytes: &[u8], series: Option<&str>) -> Option<String> {
    match sign {
        Sign::Behind { text, near } => memmem::find_iter(bytes, text).find_map(|at| {
            let start = at + text.len();
            let length = version_length(bytes.get(start..)?);
            let end = start.checked_add(length)?;
            if !near.is_empty() {
                let later = bytes.get(end..)?;
                let later = later.get(..NEAR).unwrap_or(later);
                memmem::find(later, near)?;
            }
            version(bytes.get(start..end)?)
        }),
        Sign::Before(text) => memmem::find_iter(bytes, text).find_map(|at| {
            let start = before(bytes, at);
            version(bytes.get(start..at)?)
        }),
        Sign::Series => match series {
            // The number stands alone between two NULs; or ends the folder that it was built for,
            // of which linkers make one text.
            Some(series) => ["\0", "/versions/"].iter().find_map(|before| {
                let text = format!("{before}{series}.");
                memmem::find_iter(bytes, text.as_bytes())
                    .find_map(|at| ended(bytes.get(at + before.len()..)?))
            }),
            None => [&b"\x003."[..], b"\x002.7."].iter().find_map(|text| {
                memmem::find_iter(bytes, text).find_map(|at| {
                    ended(bytes.get(at + 1..)?).filter(|version| is_of_python(version))
                })
            }),
        },
        Sign::BuildId => memmem::find_iter(bytes, b"000000000\0").find_map(|at| {
            // VERSION, the builder's name of twelve letters or `buildkitsandbox`, `-`, nanoseconds.
            let digits = bytes
                .get(..at)?
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let dash = at.checked_sub(digits + 1)?;
            if bytes.get(dash) == Some(&b'.') {
                // Built for a given time: the seconds stand right behind the version.
                let end = at.checked_sub(SECONDS)?;
                return (digits > SECONDS).then(|| version(bytes.get(before(bytes, end)..end)?))?;
            }
            if digits < 9 || bytes.get(dash) != Some(&b'-') {
                return None;
            }
            let host = bytes.get(..dash)?;
            let end = if host.ends_with(b"buildkitsandbox") {
                dash.checked_sub(15)?
            } else {
                let end = dash.checked_sub(12)?;
                host.get(end..)?
                    .iter()
                    .all(u8::is_ascii_alphanumeric)
                    .then_some(end)?
            };
            version(bytes.get(before(bytes, end)..end)?)
        }),
        Sign::BuildIdAndAlone => build_id(bytes),
    }
}

/// Digits of the seconds since 1970, in this century.
const SECONDS: usize = 10;

/// A version that ends in a NUL.
fn ended(bytes: &[u8]) -> Option<String> {
    let length = version_length(bytes);
    (bytes.get(length) == Some(&0)).then(|| version(bytes.get(..length)?))?
}

/// Whether a version may be one of Python, and none of SQLite, which may be linked in.
fn is_of_python(version: &str) -> bool {
    let mut numbers = version.split('.').skip(1);
    let minor: Option<u32> = numbers.next().and_then(|minor| minor.parse().ok());
    minor.is_some_and(|minor| minor < 30) && numbers.count() == 1
}

/// How far before its time a build id begins: a version and the name of a machine.
const MAX_MACHINE: usize = 300;

/// Finds `VERSION MACHINE - SECONDS CHANGES COMMIT` without anything between but the dash: where the
/// machine's name begins with a number, only the version that stands alone elsewhere tells where
/// the version ends.
fn build_id(bytes: &[u8]) -> Option<String> {
    memmem::find_iter(bytes, b"-1").find_map(|dash| {
        // Ten digits of seconds, a number of changed lines, eight digits of a commit.
        let stamp = bytes.get(dash + 1..)?;
        let stamp = stamp.get(..MAX_VERSION).unwrap_or(stamp);
        let stamp = stamp.get(..memchr::memchr(0, stamp)?)?;
        let (numbers, commit) = stamp.split_at_checked(stamp.len().checked_sub(8)?)?;
        let is_stamp = numbers.len() >= 11
            && numbers.iter().all(u8::is_ascii_digit)
            && commit.iter().all(u8::is_ascii_hexdigit);
        if !is_stamp {
            return None;
        }
        let text = bytes.get(dash.saturating_sub(MAX_MACHINE)..dash)?;
        let text = text.get(memchr::memrchr(0, text)? + 1..)?;
        let longest = text
            .iter()
            .take(MAX_VERSION)
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        (5..=longest).rev().find_map(|length| {
            let text = text.get(..length).filter(|text| !text.ends_with(b"."))?;
            let alone = [b"\0", text, b"\0"].concat();
            memmem::find(bytes, &alone)?;
            version(text)
        })
    })
}

/// Where a version that ends at `end` begins.
fn before(bytes: &[u8], end: usize) -> usize {
    let length = bytes
        .get(..end)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(MAX_VERSION)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    end - length
}

/// How long a version at the beginning of `bytes` is: numbers, and what may be stuck to them.
fn version_length(bytes: &[u8]) -> usize {
    let numbers = bytes
        .iter()
        .take(MAX_VERSION)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    let rest = bytes.get(numbers..).unwrap_or_default();
    // Releases of OpenSSL end in a letter; previews say so.
    let known: &[&[u8]] = &[
        b"-rc", b"-alpha", b"-beta", b"rc", b"alpha", b"beta", b"preview", b"p", b"a", b"b",
        b"-dev", b"RC",
    ];
    for suffix in known {
        if let Some(number) = rest.strip_prefix(*suffix) {
            let digits = number
                .iter()
                .take(6)
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
                .count();
            let digits = digits - usize::from(digits > 0 && number.get(digits - 1) == Some(&b'.'));
            if digits > 0 {
                return numbers + suffix.len() + digits;
            }
        }
    }
    match rest {
        [letter, next, ..] if letter.is_ascii_lowercase() && !next.is_ascii_alphanumeric() => {
            numbers + 1
        }
        [a, b, next, ..]
            if *a == b'z' && b.is_ascii_lowercase() && !next.is_ascii_alphanumeric() =>
        {
            numbers + 2
        }
        _ => numbers,
    }
}

/// A version of at least two numbers.
fn version(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches('.');
    let good = text.len() <= MAX_VERSION
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && !text.contains("..");
    good.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(name: &str, bytes: &[u8]) -> Vec<String> {
        let mut versions = Versions::of(name);
        versions.look(bytes);
        versions
            .packages()
            .into_iter()
            .map(|own| format!("{}@{}", own.name, own.version))
            .collect()
    }

    #[test]
    fn programs_tell_their_versions() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("python3.11", b"x\x003.11.4\0", "python@3.11.4"),
            (
                "libpython3.13.so.1.0",
                b"\x003.13.0rc2\0",
                "python@3.13.0rc2",
            ),
            (
                "libpython3.11.so",
                b"\0/root/.pyenv/versions/3.11.7\0",
                "python@3.11.7",
            ),
            ("python", b"\x003.45.1\x003.11.2\0", "python@3.11.2"),
            ("python3", b"\x003.12.1\0", "python@3.12.1"),
            ("busybox.static", b"BusyBox v1.35.0 (", "busybox@1.35.0"),
            ("busybox-x86_64", b"BusyBox v1.35.0 (", "busybox@1.35.0"),
            (
                "redis-server",
                b"\xdfA7.0.151790282056000000000\0%llx",
                "redis@7.0.15",
            ),
            ("node", b"https://node.js/v22.9.0\0", "node@22.9.0"),
            ("ruby", b"ruby 2.7.7p221 (2022-11-24", "ruby@2.7.7p221"),
            ("nginx", b"nginx version: nginx/1.25.1\0", "nginx@1.25.1"),
            (
                "libcrypto.so.1.1",
                b"\0OpenSSL 1.1.1w  11 Sep 2023\0",
                "openssl@1.1.1w",
            ),
            (
                "libcrypto-0d2f8a.so.3",
                b"\0OpenSSL 3.0.2 15 Mar 2022\0",
                "openssl@3.0.2",
            ),
            ("busybox", b"BusyBox v1.36.1 (2024", "busybox@1.36.1"),
            (
                "redis-server",
                b"\x007.0.14buildkitsandbox-1702957741000000000\0",
                "redis@7.0.14",
            ),
            (
                "redis-server",
                b"\x004.0.11841ce7054bd9-1542359302000000000\0",
                "redis@4.0.11",
            ),
            (
                "redis-server",
                b"\x006.2.14\0ver.\x006.2.14912196-d8565-1701469167040305114\0",
                "redis@6.2.14",
            ),
            (
                "valkey-server",
                b"\x008.1.1buildd-1750000000012ab34cd\0x\x008.1.1\0",
                "valkey@8.1.1",
            ),
            ("[", b"BusyBox v1.36.1 (2023-11-07", "busybox@1.36.1"),
            ("mariadbd", b"11.4.2-MariaDB\0", "mariadb@11.4.2"),
            (
                "haproxy",
                b"version 2.8.3-86e043a, released 2023",
                "haproxy@2.8.3",
            ),
            ("php-fpm8.2", b"X-Powered-By: PHP/8.2.7\0", "php@8.2.7"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(found(name, bytes), [*expected], "{name}");
        }
        assert!(found("python3.11", b"\x003.12.1\0").is_empty());
        // Nothing parts the version from the machine's name.
        assert!(
            found(
                "redis-server",
                b"\x006.2.14912196-d85-1701469167040305114\0"
            )
            .is_empty()
        );
        assert!(found("[", b"[ (GNU coreutils) 9.1").is_empty());
        assert!(found("cat", b"nginx version: nginx/1.25.1\0").is_empty());
        assert!(found("curl", b"curl/").is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_searched(
            name in prop_oneof![Just("redis-server"), Just("python3.11"), Just("libssl.so.3"), Just("mysqld")],
            parts in proptest::collection::vec(
                prop_oneof![
                    Just(b"000000000\0".to_vec()),
                    Just(b"\x003.11.".to_vec()),
                    Just(b"OpenSSL ".to_vec()),
                    Just(b"-MariaDB".to_vec()),
                    Just(b"1.".to_vec()),
                    Just(b"-1".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..9),
                ], 0..12),
        ) {
            for package in found(name, &parts.concat()) {
                prop_assert!(package.len() < 80);
            }
        }
    }
}
